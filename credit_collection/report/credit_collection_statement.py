import datetime
from collections import defaultdict
from dataclasses import dataclass

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.ageing import age_by_days, age_by_months, days_late

_PAYMENT, _WRITE_OFF, _CHARGES = "payment", "write_off", "charges"


@dataclass(frozen=True)
class StatementOptions:
    """What a statement of account is to say."""

    date: datetime.date
    kind: str = "open"  # or "movements"
    date_from: datetime.date | None = None
    only_overdue: bool = False
    ageing: str = "days"  # or "months"


class CreditCollectionStatement(models.AbstractModel):
    """The account of customers as of a day, read from the ledger: the only place that does.

    Every movement with the balance after it, or what was open on that day. What is dated later is
    not there yet, whenever it was booked or matched. What was only moved from one receivable
    account to another is no movement, and neither is a difference of exchange rates: it changes
    nothing in the currency of the debt.
    """

    _name = "credit.collection.statement"
    _description = "Statement of Account"

    # -------------------------------------------------------------------------
    # Movements
    # -------------------------------------------------------------------------

    @api.model
    def _get_movements(self, cases, day=None, date_from=None):
        """Return `{case: {currency: [movement, ...]}}`; the first may be what came before."""
        movements = {case: defaultdict(list) for case in cases}
        lines = self._get_lines(cases, day)
        matches = self._get_matches([line["id"] for line in lines], day)
        labels = self._get_kind_labels()
        balances = defaultdict(float)
        for line in lines:
            case, currency = line["case"], line["currency"]
            key = case, currency
            balances[key] = currency.round(balances[key] + line["amount"]) or 0.0
            if date_from and line["date"] < date_from:
                movements[case][currency] = [self._prepare_brought_forward(balances[key])]
            else:
                movements[case][currency].append(
                    self._prepare_movement(line, labels, matches, balances[key])
                )
        return {case: dict(own) for case, own in movements.items()}

    @api.model
    def _prepare_brought_forward(self, balance):
        """Return the row of all that came before the statement."""
        return {
            "date": False,
            "name": self.env._("Balance brought forward"),
            "reference": "",
            "kind": "",
            "date_due": False,
            "matches": [],
            "debit": 0,
            "credit": 0,
            "balance": balance,
        }

    @api.model
    def _prepare_movement(self, line, labels, matches, balance):
        return {
            "date": line["date"],
            "name": line["name"],
            "reference": line["reference"],
            "kind": labels[self._get_kind(line)],
            "date_due": line["date_maturity"] if line["amount"] > 0 else False,
            "matches": matches[line["id"]],
            "debit": max(line["amount"], 0),
            "credit": max(-line["amount"], 0),
            "balance": balance,
        }

    @api.model
    def _get_lines(self, cases, day=None):
        """Return what was booked on the receivable accounts of these customers, in order."""
        self.env.flush_all()
        rows = self.env.execute_query_dict(self._get_lines_sql(cases, day))
        by_id = {case.id: case for case in cases}
        Currency = self.env["res.currency"]
        for row in rows:
            row["case"] = by_id[row["case_id"]]
            row["currency"] = Currency.browse(row["currency_id"])
        moved = self._get_moved(rows)
        return [
            row
            for row in rows
            if row["id"] not in moved and not row["currency"].is_zero(row["amount"])
        ]

    @api.model
    def _get_line_ids(self, cases, options):
        """Return `{case id: the items that its statement lists}`, before anything is rounded."""
        get_sql = self._get_lines_sql if options.kind == "movements" else self._get_open_sql
        ids = defaultdict(list)
        for row in self.env.execute_query_dict(get_sql(cases, options.date)):
            ids[row["case_id"]].append(row["id"])
        return ids

    def _get_lines_sql(self, cases, day):
        return SQL(
            """
            SELECT cases.id AS case_id, line.id, line.move_id, line.currency_id, line.date,
                   line.date_maturity, line.amount_currency AS amount, line.move_name AS name,
                   COALESCE(NULLIF(move.ref, ''), move.payment_reference, '') AS reference,
                   move.move_type,
                   move.origin_payment_id IS NOT NULL
                       OR move.statement_line_id IS NOT NULL AS is_payment,
                   EXISTS (SELECT FROM credit_collection_write_off write_off
                            WHERE write_off.move_id = line.move_id) AS is_write_off,
                   line.move_id IN (
                       SELECT unnest(ARRAY[charge.charge_move_id, reversal.id,
                                           reversal.reversed_entry_id])
                         FROM credit_collection_dunning dunning
                         JOIN credit_collection_charge charge ON charge.dunning_id = dunning.id
                    LEFT JOIN account_move reversal ON reversal.id = charge.reversal_move_id
                        WHERE dunning.case_id = ANY(%(cases)s)) IS TRUE AS is_charge
              FROM credit_collection_case cases
              JOIN res_partner partner ON partner.commercial_partner_id = cases.partner_id
              JOIN account_move_line line ON line.partner_id = partner.id
                                         AND line.company_id = cases.company_id
              JOIN account_move move ON move.id = line.move_id
             WHERE cases.id = ANY(%(cases)s)
               AND line.account_id = ANY(ARRAY(%(accounts)s))
               AND line.parent_state = 'posted'
               AND %(until)s
          ORDER BY line.date, line.id
            """,
            cases=list(cases.ids),
            accounts=self._get_accounts_sql(cases.company_id),
            until=SQL("line.date <= %s", day) if day else SQL("TRUE"),
        )

    def _get_accounts_sql(self, companies):
        """The receivable accounts, but for those that the companies leave out of statements."""
        return SQL(
            """
            SELECT id FROM account_account
             WHERE account_type = 'asset_receivable' AND id != ALL(%s)
            """,
            list(companies.sudo().collection_statement_account_ids.ids),
        )

    @api.model
    def _get_moved(self, rows):
        """Return the lines of entries that leave the customer owing what he owed."""
        entries = defaultdict(list)
        for row in rows:
            entries[row["case_id"], row["move_id"], row["currency"]].append(row)
        return {
            row["id"]
            for (_case, _move, currency), own in entries.items()
            if len(own) > 1 and currency.is_zero(sum(row["amount"] for row in own))
            for row in own
        }

    @api.model
    def _get_matches(self, line_ids, day=None):
        """Return `{line: [(name of the other entry, amount), ...]}`."""
        matches = defaultdict(list)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partial.debit_move_id, debit.move_name, partial.debit_amount_currency,
                       partial.credit_move_id, credit.move_name, partial.credit_amount_currency
                  FROM account_partial_reconcile partial
                  JOIN account_move_line debit ON debit.id = partial.debit_move_id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                 WHERE (debit.id = ANY(%(lines)s) OR credit.id = ANY(%(lines)s)) AND %(until)s
              ORDER BY partial.id
                """,
                lines=line_ids,
                until=SQL("partial.max_date <= %s", day) if day else SQL("TRUE"),
                to_flush=self.env["account.partial.reconcile"]._fields["max_date"],
            )
        )
        for debit, debit_name, debited, credit, credit_name, credited in rows:
            matches[debit].append((credit_name, debited))
            matches[credit].append((debit_name, credited))
        return matches

    @api.model
    def _get_kind(self, line):
        if line["is_payment"]:
            return _PAYMENT
        if line["is_write_off"]:
            return _WRITE_OFF
        if line["is_charge"]:
            return _CHARGES
        kind = line["move_type"]
        return kind if kind in ("out_invoice", "out_refund", "out_receipt") else "entry"

    @api.model
    def _get_kind_labels(self):
        return {
            "out_invoice": self.env._("Invoice"),
            "out_refund": self.env._("Credit note"),
            "out_receipt": self.env._("Receipt"),
            _PAYMENT: self.env._("Payment"),
            _WRITE_OFF: self.env._("Write-off"),
            _CHARGES: self.env._("Charges"),
            "entry": self.env._("Entry"),
        }

    # -------------------------------------------------------------------------
    # Open items
    # -------------------------------------------------------------------------

    @api.model
    def _get_open_items(self, cases, options):
        """Return `{case: {currency: [item, ...]}}`: what was open, the oldest due date first."""
        self.env.flush_all()
        rows = self.env.execute_query_dict(self._get_open_sql(cases, options.date))
        disputed = self._get_disputed(cases, options.date)
        by_id = {case.id: case for case in cases}
        Bucket = self.env["credit.collection.bucket"]
        starts = {company: Bucket._get_starts(company) for company in cases.company_id}
        items = {case: defaultdict(list) for case in cases}
        for row in reversed(rows):  # what is not disputed falls due first
            currency = self.env["res.currency"].browse(row["currency_id"])
            if currency.is_zero(row["open"]):
                continue
            case = by_id[row["case_id"]]
            self._fill_item(row, currency, disputed, options)
            row["bucket"] = self._get_bucket(row, options, starts[case.company_id])
            if row["days_late"] or not options.only_overdue:
                items[case][currency].append(row)
        return {
            case: {currency: own[::-1] for currency, own in by_currency.items()}
            for case, by_currency in items.items()
        }

    @api.model
    def _fill_item(self, row, currency, disputed, options):
        """Add what follows from the amounts and dates of an open item."""
        row["amount"] = currency.round(row["amount"])
        row["open"] = currency.round(row["open"])
        is_debt = row["open"] > 0
        row["days_late"] = days_late(row["date_due"], options.date) if is_debt else 0
        row["paid"] = currency.round(row["amount"] - row["open"]) or 0.0
        row["disputed"] = min(disputed[row["source_move_id"]], row["open"]) if is_debt else 0
        disputed[row["source_move_id"]] -= row["disputed"]

    def _get_open_sql(self, cases, day):
        """What was open of each item of these customers, as for the figures.

        What was moved to the account of doubtful debts is still called by its invoice.
        """
        companies = cases.company_id
        return SQL(
            """
            SELECT cases.id AS case_id, item.id, item.currency_id, item.move_id AS source_move_id,
                   source.move_name AS name, COALESCE(move.invoice_date, move.date) AS date,
                   item.date_due,
                   COALESCE(NULLIF(move.ref, ''), move.payment_reference, '') AS reference,
                   source.amount_currency AS amount, item.amount_residual_currency AS open
              FROM credit_collection_case cases
              JOIN (%(items)s) item ON item.partner_id = cases.partner_id
                                   AND item.company_id = cases.company_id
              JOIN account_move_line source ON source.id = item.source_id
              JOIN account_move move ON move.id = item.move_id
             WHERE cases.id = ANY(%(cases)s)
               AND item.account_id = ANY(ARRAY(%(accounts)s))
               AND item.amount_residual_currency != 0
          ORDER BY item.date_due, item.id
            """,
            items=self.env["account.move.line"]._collection_get_open_sql(day, companies),
            cases=list(cases.ids),
            accounts=self._get_accounts_sql(companies),
        )

    @api.model
    def _get_bucket(self, row, options, starts):
        """Return the number of the column of the ageing."""
        if row["open"] < 0:
            return -1  # the last one: nothing that he owes
        if options.ageing == "months":
            return age_by_months(row["date_due"], options.date)
        return age_by_days(row["date_due"], options.date, starts)

    @api.model
    def _get_bucket_labels(self, company, options, format_month):
        """Return the columns of the ageing, from what is not due to the open credits."""
        labels = self.env["credit.collection.bucket"]._get_labels(company)
        if options.ageing == "months":
            months = [fields.Date.subtract(options.date, months=back) for back in range(3)]
            return [labels[0], *map(format_month, months), self.env._("Earlier"), labels[-1]]
        return labels

    @api.model
    def _get_ageing(self, rows, currency, columns):
        """Return the total of each column of the ageing."""
        totals = [0.0] * columns
        for row in rows:
            totals[row["bucket"]] += row["open"]
        return [currency.round(total) or 0.0 for total in totals]

    # -------------------------------------------------------------------------
    # What stands beside the ledger
    # -------------------------------------------------------------------------

    @api.model
    def _get_as_of_domain(self, cases, day):
        """Return the condition that something had begun by a day and was not closed yet."""
        not_closed = Domain("date_closed", "=", False) | Domain("date_closed", ">", day)
        return Domain("case_id", "in", cases.ids) & Domain("date", "<=", day) & not_closed

    @api.model
    def _get_disputed(self, cases, day):
        """Return `{invoice: what was disputed of it}`."""
        disputes = self.env["credit.collection.dispute"].search(self._get_as_of_domain(cases, day))
        amounts = defaultdict(float)
        for dispute in disputes:
            amounts[dispute.move_id.id] += dispute.amount
        return amounts

    @api.model
    def _get_promises(self, cases, day):
        """Return the promises that were awaited on a day."""
        awaited = Domain("date", "<=", day) & Domain("date_deadline", ">=", day)
        stood = Domain("state", "!=", "cancel") | Domain("date_canceled", ">", day)
        return self.env["credit.collection.promise"].search(
            Domain("case_id", "in", cases.ids) & awaited & stood, order="date_promised, id"
        )

    @api.model
    def _get_plans(self, cases, day):
        """Return the payment plans that were in force on a day."""
        running = Domain("state", "=", "active")
        running |= Domain("state", "=", "done") & Domain("date_last", ">=", day)
        running |= Domain("state", "=", "broken") & Domain("date_broken", ">", day)
        running |= Domain("state", "=", "cancel") & Domain("date_canceled", ">", day)
        begun = Domain("case_id", "in", cases.ids) & Domain("date_active", "<=", day)
        return self.env["credit.collection.payment.plan"].search(begun & running, order="id")

    @api.model
    def _get_charges(self, cases, day):
        """Return what was claimed by notices up to a day and was not in the books on it."""
        claimed = self.env["credit.collection.charge"].search(
            [
                ("case_id", "in", cases.ids),
                ("date_sent", "<=", day),
                ("state", "in", ("claimed", "posted")),
            ],
            order="id",
        )
        return claimed.filtered(
            lambda charge: charge.state == "claimed" or charge.sudo().charge_move_id.date > day
        )

from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import SPOKEN_CONTACTS, WRITTEN_CONTACTS
from ..long_date import format_long_date
from ..tools.ageing import age_by_days, days_late
from .credit_collection_dunning_document import DocumentWriter

_CASES = 10
_NEEDS = 8


class CreditCollectionClientReport(models.Model):
    """What a client report says: position, movements, actions, cases, what is needed.

    Everything is in the currency of the books of the client.
    """

    _inherit = "credit.collection.client.report"

    def _get_document_vals(self):
        """Return `{report: the values of its document}`."""
        self.env.flush_all()
        vals = {}
        for report in self:
            spoken = report.with_context(
                lang=report.lang, allowed_company_ids=report.company_id.ids
            ).with_company(report.company_id)
            vals[report] = spoken._prepare_document_vals(DocumentWriter(spoken.env, {}))
        return vals

    def _prepare_document_vals(self, writer):
        self.ensure_one()
        items = self._get_open_items()
        company = self.company_id
        today = format_long_date(self.env, fields.Date.context_today(self))
        return {
            "report": self,
            "company": company,
            "sender": self.sender_id,
            "firm": company._collection_get_firm() or self.sender_id,
            "address": self.partner_id._get_collection_address(company.partner_id, company),
            "title": self.env._("What your customers owe: %(month)s", month=self.month),
            "today": today,
            "position": self._prepare_position(items, writer),
            "movements": self._prepare_movements(writer),
            "actions": self._prepare_actions(writer),
            "cases": self._prepare_cases(items, writer),
            "needs": self._prepare_needs(writer),
            "needs_title": self.env._("What we need from you, as of %(date)s", date=today),
        }

    def _get_continuation(self, _number):
        """Return the line at the top of the pages after the first one."""
        return self.env._("Client report: %(name)s", name=self.name)

    def _amount(self, writer, value):
        currency = self.company_id.currency_id
        return writer.amount(currency.round(float(value or 0)) or 0.0, currency)

    # -------------------------------------------------------------------------
    # Position
    # -------------------------------------------------------------------------

    def _get_open_items(self):
        """Return `[(customer id, due date, open), ...]` on the last day of the report."""
        query = self.env["account.move.line"]._collection_get_open_sql(
            self.date_to, self.company_id
        )
        return self.env.execute_query(
            SQL(
                """
                SELECT partner_id, date_due, amount_residual FROM (%s) item
                 WHERE amount_residual != 0
                """,
                query,
            )
        )

    def _get_position(self, items):
        """Return the ageing: not due, the classes of days late, and open credits."""
        starts = self.env["credit.collection.bucket"]._get_starts(self.company_id)
        totals = [0.0] * (len(starts) + 2)
        for _partner, date_due, amount in items:
            column = age_by_days(date_due, self.date_to, starts) if amount > 0 else -1
            totals[column] += float(amount)
        return [self.company_id.currency_id.round(total) or 0.0 for total in totals]

    def _prepare_position(self, items, writer):
        totals = self._get_position(items)
        labels = self.env["credit.collection.bucket"]._get_labels(self.company_id)
        owing = {partner for partner, _due, amount in items if amount > 0}
        late = {
            partner for partner, due, amount in items if amount > 0 and days_late(due, self.date_to)
        }
        overdue = sum(totals[1:-1])
        debts = sum(totals[:-1])
        return {
            "ageing": [
                (label, self._amount(writer, total))
                for label, total in zip(labels, totals, strict=True)
            ],
            "balance": self._amount(writer, sum(totals)),
            "text": self.env._(
                "On %(date)s, your customers owed you %(balance)s, credits deducted (number of "
                "customers: %(owing)s). Of this, %(overdue)s (%(share)s) was overdue (number of "
                "customers: %(late)s).",
                date=format_long_date(self.env, self.date_to),
                owing=len(owing),
                balance=self._amount(writer, sum(totals)),
                overdue=self._amount(writer, overdue),
                share=f"{round(100 * overdue / debts) if debts else 0}\N{NO-BREAK SPACE}%",
                late=len(late),
            ),
        }

    # -------------------------------------------------------------------------
    # Movements of the month
    # -------------------------------------------------------------------------

    def _get_movements(self):
        """Return the balance before the month and what was booked in it, by kind."""
        row = self.env.execute_query_dict(
            SQL(
                """
                SELECT COALESCE(sum(balance) FILTER (WHERE date < %(first)s), 0) AS opening,
                       %(sums)s
                  FROM (
                           SELECT line.date, line.balance, %(kind)s AS kind
                             FROM account_move_line line
                             JOIN account_move move ON move.id = line.move_id
                            WHERE line.account_id = ANY(ARRAY(
                                      SELECT id FROM account_account
                                       WHERE account_type = 'asset_receivable'))
                              AND line.parent_state = 'posted'
                              AND line.company_id = %(company)s AND line.date <= %(last)s
                       ) movement
                """,
                first=self.date_from,
                last=self.date_to,
                company=self.company_id.id,
                kind=self._get_kind_sql(),
                sums=SQL(", ").join(
                    SQL(
                        "COALESCE(sum(balance) FILTER (WHERE date >= %s AND kind = %s), 0) AS %s",
                        self.date_from,
                        kind,
                        SQL.identifier(kind),
                    )
                    for kind in self._get_kinds()
                ),
            )
        )[0]
        return {name: float(value) for name, value in row.items()}

    @api.model
    def _get_kinds(self):
        return ("invoiced", "credited", "received", "written_off", "other")

    def _get_kind_sql(self):
        return SQL(
            """
            CASE WHEN move.move_type IN ('out_invoice', 'out_receipt') THEN 'invoiced'
                 WHEN move.move_type = 'out_refund' THEN 'credited'
                 WHEN move.origin_payment_id IS NOT NULL OR move.statement_line_id IS NOT NULL
                 THEN 'received'
                 WHEN EXISTS (SELECT FROM credit_collection_write_off write_off
                               WHERE write_off.move_id = move.id) THEN 'written_off'
                 ELSE 'other' END
            """
        )

    def _prepare_movements(self, writer):
        movements = self._get_movements()
        currency = self.company_id.currency_id
        labels = {
            "opening": self.env._("Open at the beginning"),
            "invoiced": self.env._("Invoiced"),
            "credited": self.env._("Credit notes"),
            "received": self.env._("Received"),
            "written_off": self.env._("Written off"),
            "other": self.env._("Other entries"),
        }
        rows = [
            (label, self._amount(writer, movements[name]))
            for name, label in labels.items()
            if name == "opening" or not currency.is_zero(movements[name])
        ]
        return {"rows": rows, "closing": self._amount(writer, sum(movements.values()))}

    # -------------------------------------------------------------------------
    # What was done
    # -------------------------------------------------------------------------

    def _get_month_domain(self, field):
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain(field, ">=", self.date_from)
            & Domain(field, "<=", self.date_to)
        )

    def _count(self, model, field, *conditions):
        domain = self._get_month_domain(field)
        for condition in conditions:
            domain &= Domain(*condition)
        return self.env[model].search_count(domain)

    def _get_notices(self):
        """Return `{level: [number, claimed]}` of the notices sent in the month.

        Levels of several policies that are called the same are one for the client.
        """
        groups = self.env["credit.collection.dunning"]._read_group(
            self._get_month_domain("date_sent") & Domain("state", "=", "sent"),
            ["level_id"],
            ["__count", "amount_due:sum"],
            order="level_id",
        )
        notices = defaultdict(lambda: [0, 0.0])
        for level, count, amount in groups:
            notices[level.name][0] += count
            notices[level.name][1] += amount
        return dict(notices)

    def _get_contact_counts(self):
        """Return `[(how, how often), ...]`; what notices have sent is told by the notices."""
        until = fields.Date.add(self.date_to, days=1)
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("date", ">=", self.date_from)
            & Domain("date", "<", until)
            & (Domain("delivery_id", "=", False) | Domain("channel", "=", "call"))
        )
        counts = {
            (channel, direction): count
            for channel, direction, count in self.env["credit.collection.contact"]._read_group(
                domain, ["channel", "direction"], ["__count"]
            )
        }

        def count(channels, directions=("out", "in")):
            return sum(counts.get((by, way), 0) for by in channels for way in directions)

        return [
            (self.env._("Calls and visits"), count(SPOKEN_CONTACTS)),
            (
                self.env._("E-mails and letters beside the reminders"),
                count(WRITTEN_CONTACTS, ("out",)),
            ),
            (self.env._("Answers of your customers"), count(WRITTEN_CONTACTS, ("in",))),
        ]

    def _get_agreement_counts(self):
        """Return `[(what was done, how often), ...]`."""
        promise, plan = "credit.collection.promise", "credit.collection.payment.plan"
        dispute, litigation = "credit.collection.dispute", "credit.collection.litigation"
        return [
            (self.env._("Promises to pay taken"), self._count(promise, "date")),
            (
                self.env._("Promises kept"),
                self._count(promise, "date_deadline", ("state", "=", "kept")),
            ),
            (
                self.env._("Promises broken or kept in part"),
                self._count(promise, "date_deadline", ("state", "in", ("broken", "partial"))),
            ),
            (self.env._("Payment plans agreed"), self._count(plan, "date_active")),
            (self.env._("Payment plans broken"), self._count(plan, "date_broken")),
            (self.env._("Disputes opened"), self._count(dispute, "date")),
            (self.env._("Disputes closed"), self._count(dispute, "date_closed")),
            (self.env._("Litigations opened"), self._count(litigation, "date_open")),
            (self.env._("Litigations closed"), self._count(litigation, "date_closed")),
        ]

    def _prepare_actions(self, writer):
        return {
            "notices": [
                (name, count, self._amount(writer, amount))
                for name, (count, amount) in self._get_notices().items()
            ],
            "others": [
                (label, count)
                for label, count in self._get_contact_counts() + self._get_agreement_counts()
                if count
            ],
        }

    # -------------------------------------------------------------------------
    # The biggest cases
    # -------------------------------------------------------------------------

    def _get_biggest(self, items):
        """Return `[(customer id, overdue, oldest due date), ...]`, the most overdue first."""
        overdue, oldest = defaultdict(float), {}
        for partner, due, amount in items:
            if amount > 0 and days_late(due, self.date_to):
                overdue[partner] += float(amount)
                oldest[partner] = min(due, oldest.get(partner, due))
        ordered = sorted(overdue, key=lambda partner: (-overdue[partner], partner or 0))
        return [(partner, overdue[partner], oldest[partner]) for partner in ordered[:_CASES]]

    def _prepare_cases(self, items, writer):
        biggest = self._get_biggest(items)
        cases = self.env["credit.collection.case"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "in", [partner for partner, _amount, _due in biggest]),
            ]
        )
        by_partner = {case.partner_id.id: case for case in cases}
        rows = []
        for partner, amount, due in biggest:
            case = by_partner.get(partner, cases.browse())
            rows.append(
                {
                    "name": self.env["res.partner"].browse(partner).name or "",
                    "overdue": self._amount(writer, amount),
                    "days_late": days_late(due, self.date_to),
                    "level": case.level_id.name or "",
                    "next": case.explanation if case.state == "open" else self.env._("Paid since."),
                }
            )
        return rows

    # -------------------------------------------------------------------------
    # What we need from the client
    # -------------------------------------------------------------------------

    def _prepare_needs(self, writer):
        """Return `[(what is asked, [detail, ...]), ...]`, as of the day of the report."""
        needs = [
            (self.env._("Please answer these disputes:"), self._tell_disputes(writer)),
            (
                self.env._("Please decide what to do next: the last reminder was sent to"),
                self._tell_last_level(writer),
            ),
            (
                self.env._("Please give us an e-mail address or a postal address of"),
                self._tell_unreachable(),
            ),
            (self.env._("Please tell us what these payments are for:"), self._tell_credits(writer)),
        ]
        return [(title, self._shorten(details)) for title, details in needs if details]

    def _shorten(self, details):
        """Return the first details, and how many there are beside them."""
        more = len(details) - _NEEDS
        if more <= 1:  # the last one takes the place of the line that would count it
            return details
        return [*details[:_NEEDS], self.env._("and %(count)s more", count=more)]

    def _get_own_domain(self, *conditions):
        domain = Domain("company_id", "=", self.company_id.id)
        for condition in conditions:
            domain &= Domain(*condition)
        return domain

    def _tell_disputes(self, writer):
        disputes = self.env["credit.collection.dispute"].search(
            self._get_own_domain(("state", "=", "open")), order="amount desc, id"
        )
        return [
            self.env._(
                "%(customer)s, %(invoice)s: %(amount)s, %(reason)s, since %(date)s",
                customer=dispute.partner_id.name,
                invoice=dispute.move_id.name,
                amount=writer.amount(dispute.amount, dispute.currency_id),
                reason=dispute.reason_id.name,
                date=writer.date(dispute.date),
            )
            for dispute in disputes
        ]

    def _tell_last_level(self, writer):
        cases = self.env["credit.collection.case"].search(
            self._get_own_domain(("state", "=", "open"), ("item_ids.decision", "=", "last_level"))
        )
        return [self._tell_amount(writer, case, case.amount_overdue) for case in cases]

    def _tell_unreachable(self):
        """Name the late customers who can be reached neither by e-mail nor by post."""
        cases = self.env["credit.collection.case"].search(
            self._get_own_domain(("state", "=", "open"), ("partner_id.email", "in", (False, "")))
        )
        return [
            partner.name
            for partner in cases.partner_id
            if not (partner.street and partner.city) and not any(partner.child_ids.mapped("email"))
        ]

    def _tell_credits(self, writer):
        """Name the customers whose payments are matched with nothing."""
        cases = self.env["credit.collection.case"].search(
            self._get_own_domain(("amount_credit", ">", 0)), order="amount_credit desc, id"
        )
        return [self._tell_amount(writer, case, case.amount_credit) for case in cases]

    def _tell_amount(self, writer, case, amount):
        return self.env._(
            "%(customer)s: %(amount)s",
            customer=case.partner_id.name,
            amount=self._amount(writer, amount),
        )

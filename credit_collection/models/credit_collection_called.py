from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

from ..const import SPOKEN_CONTACTS


class CreditCollectionCalled(models.AbstractModel):
    """The part of a case that is for somebody on the phone: whom to call, what to know first."""

    _name = "credit.collection.called"
    _description = "Customer on the Phone"

    call_partner_ids = fields.Many2many(
        "res.partner",
        string="People to call",
        compute="_compute_call_partner_ids",
        context={"active_test": False},  # an archived customer still owes
    )
    event_ids = fields.One2many("credit.collection.event", "case_id", "Time line", readonly=True)
    contact_warning = fields.Text(compute="_compute_contact_warning")
    bank_text = fields.Text("Bank", compute="_compute_bank_text")
    last_payment_text = fields.Char("Last payment", compute="_compute_last_payment_text")

    def _compute_call_partner_ids(self):
        """The contacts of invoices first; of all of them those who can be reached."""
        for case in self:
            customer = case.partner_id
            people = customer.child_ids.filtered(
                lambda one: one.type in ("invoice", "contact") and (one.phone or one.email)
            )
            people = people.sorted(lambda one: (one.type != "invoice", not one.phone, one.id))
            own = customer if customer.phone or customer.email or not people else people.browse()
            case.call_partner_ids = people[:4] | own

    @api.depends_context("lang", "uid")
    def _compute_contact_warning(self):
        for case in self:
            case.contact_warning = "\n".join(case._get_contact_warnings())

    def _get_contact_warnings(self):
        """Return what somebody should know before he calls or writes, a sentence each.

        A module that knows more adds to the list.
        """
        self.ensure_one()
        warnings = []
        if self.partner_id._collection_get_debtor_kind()[self.partner_id] == "consumer":
            warnings.append(self.env._("A consumer: the law protects him."))
        warnings += self._get_law_warnings()
        warnings += self._get_litigation_warnings()
        warnings += [hold._describe() for hold in self._get_holds_on_all()]
        today = fields.Date.context_today(self)
        spoken = self.contact_ids.filtered(
            lambda one: (
                one.channel in SPOKEN_CONTACTS
                and fields.Datetime.context_timestamp(one, one.date).date() == today
            )
        )[:1]
        if spoken:
            warnings.append(
                self.env._(
                    "Called already today by %(collector)s: %(outcome)s.",
                    collector=spoken.user_id.name,
                    outcome=spoken.outcome_id.name or "",
                )
            )
        return warnings

    def _get_law_warnings(self):
        """Return why the law says not to call now; a moratorium is told with its litigation."""
        found = self.env["credit.collection.guard"]._get_contact_refusals(self, "call")
        return [one.reason for one in found.get(self, ()) if one.rule != "moratorium"]

    def _get_holds_on_all(self):
        """Return the holds in force on everything this customer owes."""
        return self.hold_ids.filtered(
            lambda hold: hold.state == "active" and not hold.move_id and not hold._get_origin()
        )

    def _get_litigation_warnings(self):
        today = fields.Date.context_today(self)
        warnings = []
        for litigation in self.litigation_ids.filtered(lambda one: one.state == "open"):
            until = litigation.date_moratorium_to
            if litigation.date_moratorium_from and (not until or until >= today):
                warnings.append(
                    self.env._(
                        "Moratorium (%(litigation)s) until %(date)s: nothing may be claimed.",
                        litigation=litigation.display_name,
                        date=format_date(self.env, until) if until else "…",
                    )
                )
            else:
                warnings.append(
                    self.env._("In litigation: %(litigation)s.", litigation=litigation.display_name)
                )
        return warnings

    def _compute_bank_text(self):
        """Say how fresh the bank is, and what looks like money of these customers."""
        receipts = self._get_unmatched_receipts()
        for company, cases in self.grouped("company_id").items():
            freshness = company._collection_describe_bank()
            for case in cases:
                found = receipts.get(case.id)
                case.bank_text = "\n".join(
                    filter(None, [freshness, found and case._describe_receipts(*found)])
                )

    def _describe_receipts(self, count, amount):
        return self.env._(
            "%(count)s receipts that look like theirs are not matched: %(amount)s.",
            count=count,
            amount=format_amount(self.env, amount, self.currency_id),
        )

    def _get_unmatched_receipts(self):
        """Return `{case id: (count, amount)}` of receipts on statements that nobody has matched.

        They name the customer, or a text that comes with them does.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT cases.id, count(*), sum(entry.amount_total_signed)
                  FROM credit_collection_case cases
                  JOIN res_partner customer ON customer.id = cases.partner_id
                  JOIN account_bank_statement_line receipt
                    ON receipt.company_id = cases.company_id
                   AND NOT receipt.is_reconciled AND receipt.amount > 0
                  JOIN account_move entry
                    ON entry.id = receipt.move_id AND entry.state = 'posted'
             LEFT JOIN res_partner payer ON payer.id = receipt.partner_id
                 WHERE cases.id = ANY(%(ids)s)
                   AND (payer.commercial_partner_id = cases.partner_id
                        OR payer.id IS NULL AND length(customer.name) > 3
                           AND position(lower(customer.name) IN lower(concat_ws(
                               ' ', receipt.partner_name, receipt.payment_ref))) > 0)
              GROUP BY cases.id
                """,
                ids=list(self.ids),
                to_flush=self.env["account.bank.statement.line"]._fields["is_reconciled"],
            )
        )
        return {case_id: (count, amount) for case_id, count, amount in rows}

    def _compute_last_payment_text(self):
        Event = self.env["credit.collection.event"].sudo()  # the sum, not the entry
        for case in self:
            last = Event.search([("case_id", "=", case.id), ("kind", "=", "payment")], limit=1)
            case.last_payment_text = bool(last) and self.env._(
                "%(amount)s on %(date)s",
                amount=format_amount(self.env, last.amount, last.currency_id),
                date=format_date(self.env, last.date),
            )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_send_now(self):
        """Send what is due to this customer, without waiting for the next run."""
        self.ensure_one()
        Run = self.env["credit.collection.run"].with_company(self.company_id)
        Run.check_access("create")
        run = Run.create({"company_id": self.company_id.id, "case_id": self.id})
        run._propose()
        if not run.dunning_ids:
            raise UserError(
                self.env._(
                    "Nothing is due to be sent to %(customer)s now: %(explanation)s",
                    customer=self.display_name,
                    explanation=self.explanation,
                )
            )
        notices = ", ".join(dunning.level_id.name for dunning in run.dunning_ids)
        run._approve()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%(notices)s: about to be sent.", notices=notices),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # -------------------------------------------------------------------------
    # The progress of the day
    # -------------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_day_progress(self):
        """Return what the user has done today, against what was to be done.

        Of the cases that are his, or of all when none is; money in each currency, never mixed.
        """
        self.check_access("read")
        mine = Domain("acting_user_id", "=", self.env.uid)
        is_mine = bool(self.search_count(mine, limit=1))
        scope = mine if is_mine else Domain.TRUE
        called, to_call = self._get_called_today(scope)
        return {
            "is_mine": is_mine,
            "called": called,
            "to_call": to_call,
            "promised": self._get_promised_today(scope),
            "recovered": self._get_recovered_today(scope),
            "to_collect": self._get_to_collect(scope),
            "answers": self.search_count(
                scope & Domain("contact_ids", "any", [("is_to_read", "=", True)])
            ),
        }

    @api.model
    def _get_to_call_domain(self):
        """Who is to be called today: the day has come, or a task says so."""
        today = fields.Date.context_today(self)
        return Domain("state", "=", "open") & (
            Domain("date_next_action", "<=", today)
            | Domain(
                "activity_ids",
                "any",
                [
                    ("activity_type_id.category", "=", "phonecall"),
                    ("date_deadline", "<=", today),
                ],
            )
        )

    @api.model
    def _get_called_today(self, scope):
        """Return how many customers were called today, and how many there were to call."""
        spoken = [
            ("channel", "in", SPOKEN_CONTACTS),
            ("date", ">=", self._get_start_of_day()),
        ]
        called = self.search_count(scope & Domain("contact_ids", "any", spoken))
        waiting = self.search_count(
            scope & self._get_to_call_domain() & ~Domain("contact_ids", "any", spoken)
        )
        return called, called + waiting

    @api.model
    def _get_start_of_day(self):
        """Return midnight where the user is, as it is stored."""
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        offset = now.utcoffset()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return midnight - offset

    @api.model
    def _format_by_currency(self, groups):
        """Return amounts of several currencies as words."""
        totals = [
            format_amount(self.env, amount or 0, currency, trailing_zeroes=False)
            for currency, amount in groups
        ]
        return " + ".join(totals) or format_amount(
            self.env, 0, self.env.company.currency_id, trailing_zeroes=False
        )

    @api.model
    def _get_promised_today(self, scope):
        Promise = self.env["credit.collection.promise"]
        today = fields.Date.context_today(self)
        domain = (
            Domain("date", "=", today)
            & Domain("state", "!=", "cancel")
            & Domain("case_id", "any", scope)
        )
        return self._format_by_currency(
            Promise._read_group(domain, ["currency_id"], ["amount:sum"])
        )

    @api.model
    def _get_to_collect(self, scope):
        """What is overdue and not on hold."""
        groups = self.env["credit.collection.item"]._read_group(
            Domain("case_id", "any", scope)
            & Domain("date_due", "<", fields.Date.context_today(self))
            & Domain("decision", "not in", ("credit", "excluded")),
            ["case_id.company_id"],
            ["amount_claim:sum"],
        )
        totals = {}
        for company, amount in groups:
            totals[company.currency_id] = totals.get(company.currency_id, 0) + amount
        return self._format_by_currency(totals.items())

    @api.model
    def _get_recovered_today(self, scope):
        """What was entered today as received from these customers in the last days."""
        start = self._get_start_of_day()
        cases = self._search(scope)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.company_currency_id, -sum(line.balance)
                  FROM account_move_line line
                  JOIN account_account account
                    ON account.id = line.account_id AND account.account_type = 'asset_receivable'
                  JOIN account_journal journal
                    ON journal.id = line.journal_id AND journal.type IN ('bank', 'cash', 'credit')
                  JOIN res_partner debtor ON debtor.id = line.partner_id
                  JOIN credit_collection_case cases
                    ON cases.partner_id = debtor.commercial_partner_id
                   AND cases.company_id = line.company_id
                 WHERE line.date >= %(start)s::date - 7 AND line.create_date >= %(start)s
                   AND line.parent_state = 'posted' AND line.balance < 0
                   AND cases.id IN %(cases)s
              GROUP BY line.company_currency_id
                """,
                start=start,
                cases=cases.subselect(),
            )
        )
        Currency = self.env["res.currency"]
        return self._format_by_currency(
            [(Currency.browse(currency_id), amount) for currency_id, amount in rows]
        )

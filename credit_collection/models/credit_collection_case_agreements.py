from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL


class CreditCollectionCase(models.Model):
    """What was agreed with the customer of a case, or stands between him and us."""

    _inherit = "credit.collection.case"

    promise_ids = fields.One2many("credit.collection.promise", "case_id", readonly=True)
    promise_count = fields.Integer(compute="_compute_agreement_counts")
    promise_summary = fields.Char("Promises", compute="_compute_promise_summary")
    plan_ids = fields.One2many("credit.collection.payment.plan", "case_id", readonly=True)
    plan_count = fields.Integer(compute="_compute_agreement_counts")
    dispute_ids = fields.One2many("credit.collection.dispute", "case_id", readonly=True)
    dispute_count = fields.Integer(compute="_compute_agreement_counts")
    litigation_ids = fields.One2many("credit.collection.litigation", "case_id", readonly=True)
    litigation_count = fields.Integer(compute="_compute_agreement_counts")

    charge_count = fields.Integer(compute="_compute_charge_count")
    charges_text = fields.Char(
        "Interest and compensation",
        compute="_compute_charge_count",
        help="Claimed on notices, and neither booked nor waived.",
    )

    @api.depends("dunning_ids.charge_ids.state")
    @api.depends_context("lang")
    def _compute_charge_count(self):
        Charge = self.env["credit.collection.charge"]
        found = Charge.search([("case_id", "in", self.ids), ("state", "!=", "draft")])
        by_case = found.grouped("case_id")
        for case in self:
            own = by_case.get(case, Charge)
            case.charge_count = len(own)
            claimed = own.filtered(lambda charge: charge.state == "claimed")
            case.charges_text = self.env["credit.collection.dunning"]._format_totals(
                claimed._get_totals()
            )

    def action_open_charges(self):
        """List the interest and the fees that were claimed from this customer."""
        self.ensure_one()
        return self._open("credit_collection_charge_action", [("case_id", "=", self.id)])

    @api.depends("promise_ids", "plan_ids", "dispute_ids.state", "litigation_ids")
    def _compute_agreement_counts(self):
        """Count what tells of the past, too; of the disputes, those to be settled."""
        own = ("case_id", "in", self.ids)
        for name, model, domain in (
            ("promise_count", "credit.collection.promise", [own]),
            ("plan_count", "credit.collection.payment.plan", [own]),
            ("dispute_count", "credit.collection.dispute", [own, ("state", "=", "open")]),
            ("litigation_count", "credit.collection.litigation", [own]),
        ):
            groups = self.env[model]._read_group(domain, ["case_id"], ["__count"])
            counts = {case.id: count for case, count in groups}
            for case in self:
                case[name] = counts.get(case.id, 0)

    @api.depends("promise_ids.state")
    @api.depends_context("lang")
    def _compute_promise_summary(self):
        """Say what this customer's word is worth."""
        for case in self:
            judged = case.promise_ids.filtered(
                lambda promise: promise.state in ("kept", "partial", "broken")
            )
            kept = judged.filtered(lambda promise: promise.state == "kept")
            case.promise_summary = bool(judged) and self.env._(
                "%(kept)s of %(count)s kept, %(days)s days late on average",
                kept=len(kept),
                count=len(judged),
                days=round(sum(judged.mapped("days_late")) / len(judged)),
            )

    @api.model
    def _get_agreement_models(self):
        """Return the models of what is agreed with customers, see `credit.collection.agreement`."""
        return [
            "credit.collection.promise",
            "credit.collection.payment.plan",
            "credit.collection.dispute",
            "credit.collection.litigation",
        ]

    def _follow_agreements(self):
        """Let what was agreed with these customers follow the ledger, which has changed."""
        for name in self._get_agreement_models():
            Agreement = self.env[name]
            domain = [("case_id", "in", self.ids), ("state", "in", Agreement._running_states)]
            Agreement.search(domain)._follow_ledger()

    def _has_history(self):
        """Tell whether something was said to these customers, or agreed with them."""
        return bool(
            self.hold_ids
            or self.dunning_ids
            or self.contact_ids
            or self.plan_ids
            or self.litigation_ids
            or self.handover_ids
        )

    def _get_debts(self):
        """Return the items that these customers have to pay."""
        return self.item_ids.filtered(lambda item: item.decision not in ("credit", "excluded"))

    def _get_open_credit(self, currency, until=None):
        """Return the credits that are matched with nothing, in a currency; dated up to a day."""
        credits = self.item_ids.filtered(
            lambda item: (
                item.decision == "credit"
                and item.currency_id == currency
                and (not until or item.move_line_id.date <= until)
            )
        )
        return -sum(credits.mapped("amount_residual_currency"))

    # -------------------------------------------------------------------------
    # Promises
    # -------------------------------------------------------------------------

    def action_promise(self):
        """Open a new promise; one that is open already is replaced by it."""
        self.ensure_one()
        self.env["credit.collection.promise"].check_access("create")
        earlier = self.promise_ids.filtered(lambda promise: promise.state == "open")[:1]
        return self._get_promise_action(default_replaces_id=earlier.id, **self._propose_promise())

    def action_open_promises(self):
        self.ensure_one()
        action = self._open("credit_collection_promise_action", [("case_id", "=", self.id)])
        return action | {"context": {"default_case_id": self.id}}

    def _propose_promise(self):
        """Return what a customer who says "I pay" most likely means: all that is overdue."""
        ticked = self._get_ticked_items()
        items = self.item_ids.filtered(lambda item: item.amount_residual_currency > 0)
        items = ticked or items.filtered("days_late") or items
        groups = items.grouped("currency_id")
        if not groups:
            return {}
        currency, own = max(
            groups.items(), key=lambda group: sum(group[1].mapped("amount_residual"))
        )
        return {
            "default_currency_id": currency.id,
            "default_amount": currency.round(sum(own.mapped("amount_residual_currency"))),
            **({"default_move_line_ids": own.move_line_id.ids} if ticked else {}),
        }

    def _get_ticked_items(self):
        """Return the debts that somebody on the phone has ticked."""
        return self.item_ids.filtered(
            lambda item: item.is_ticked and item.amount_residual_currency > 0
        )

    def _get_promise_action(self, **defaults):
        return self._open_new(self.env._("Promise to pay"), "credit.collection.promise", **defaults)

    def _get_open_promises(self, lines):
        """Return the open promises that speak of any of these items."""
        sources = lines._collection_get_sources()
        return self.promise_ids.filtered(
            lambda one: (
                one.state == "open" and one.move_line_ids._collection_get_sources() & sources
            )
        )

    def _cancel_promises(self, promises, successor):
        """What was promised is not waited for any more: something else begins.

        :param promises: those of this case
        :param str successor: what begins, as it is told on the case
        """
        for promise in promises._cancel():
            self._message_log(
                body=self.env._(
                    "%(promise)s was cancelled: %(successor)s begins.",
                    promise=promise.display_name,
                    successor=successor,
                )
            )

    def _close_broken_promise_tasks(self):
        self.activity_feedback(
            ["credit_collection.mail_activity_type_promise_broken"],
            feedback=self.env._("Closed by itself: the promise was kept after all."),
        )

    # -------------------------------------------------------------------------
    # Payment plans
    # -------------------------------------------------------------------------

    def action_open_plans(self):
        self.ensure_one()
        action = self._open("credit_collection_payment_plan_action", [("case_id", "=", self.id)])
        return action | {"context": {"default_case_id": self.id}}

    def action_payment_plan(self):
        """Open a new payment plan over what is overdue, in the currency of most of it."""
        self.ensure_one()
        items = self._get_ticked_items() or self.item_ids.filtered(lambda item: item.days_late)
        by_currency = items.grouped("currency_id")
        most = max(by_currency.values(), key=len, default=items)
        return self._open_payment_plan(most.move_line_id)

    def _open_payment_plan(self, lines):
        """Open a new payment plan over these items, but for those in a plan that is active."""
        Plan = self.env["credit.collection.payment.plan"]
        Plan.check_access("create")
        planned = self.plan_ids.filtered(lambda plan: plan.state == "active").line_ids.move_line_id
        free = lines.filtered(lambda line: line.amount_residual_currency > 0) - planned
        return Plan._open_form(
            default_case_id=self.id,
            default_line_ids=[
                Command.create({"move_line_id": line.id, "amount": line.amount_residual_currency})
                for line in free.sorted("date_maturity")
            ],
        )

    # -------------------------------------------------------------------------
    # Disputes
    # -------------------------------------------------------------------------

    def action_open_disputes(self):
        self.ensure_one()
        action = self._open("credit_collection_dispute_action", [("case_id", "=", self.id)])
        return action | {"context": {"default_case_id": self.id}}

    def action_dispute(self):
        """Open a new dispute of this customer; about his only open invoice, if there is one."""
        self.ensure_one()
        self.env["credit.collection.dispute"].check_access("create")
        items = self._get_ticked_items() or self.item_ids
        open_lines = items.filtered(lambda item: item.decision != "credit").move_line_id
        invoices = open_lines.sudo().move_id.filtered(lambda move: move.is_sale_document(True))
        defaults = {"default_move_id": invoices.id} if len(invoices) == 1 else {}
        return self._open_new(self.env._("Dispute"), "credit.collection.dispute", **defaults)

    # -------------------------------------------------------------------------
    # Litigations
    # -------------------------------------------------------------------------

    @api.model
    def _get_litigation_status_sql(self, alias):
        return self._get_case_litigation_status_sql(
            SQL("cases.id = %s", SQL.identifier(alias, "id"))
        )

    def action_open_litigations(self):
        self.ensure_one()
        action = self._open("credit_collection_litigation_action", [("case_id", "=", self.id)])
        return action | {"context": {"default_case_id": self.id}}

    def action_litigation(self):
        """Open a new litigation over what is overdue."""
        self.ensure_one()
        return self._open_litigation(self._get_debts().filtered("days_late").move_line_id)

    def _open_litigation(self, lines):
        """Open a new litigation over these items, but for those that are in another one."""
        Litigation = self.env["credit.collection.litigation"]
        Litigation.check_access("create")
        pursued = self.litigation_ids.filtered(lambda one: one.state == "open").line_ids
        free = lines.filtered(lambda line: line.amount_residual_currency > 0)
        free -= pursued.move_line_id
        return Litigation._open_form(
            default_case_id=self.id,
            default_line_ids=[
                Command.create({"move_line_id": line.id}) for line in free.sorted("date_maturity")
            ],
        )

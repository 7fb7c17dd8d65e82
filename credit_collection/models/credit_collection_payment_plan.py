import logging
from collections import defaultdict
from decimal import Decimal

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL, float_repr
from odoo.tools.misc import format_amount, format_date

from ..tools import payment_schedule

EDITABLE_STATES = ("draft", "proposed")

_logger = logging.getLogger(__name__)


class CreditCollectionPaymentPlan(models.Model):
    """What a customer owes, agreed to be paid in installments.

    A plan lies over the invoices: their due dates, their taxes and their ageing stay as they are.
    While it is honored nothing of it is dunned. Whether it is honored is read from the
    reconciliations of its items since it began: they fill the installments in order. A plan that is
    over (done, broken, cancelled) keeps the amounts it ended with.
    """

    _name = "credit.collection.payment.plan"
    _description = "Payment Plan"
    _inherit = ["credit.collection.agreement"]
    _order = "date_next, id desc"
    _check_company_auto = True

    _hold_field = "plan_id"
    _running_states = ("active",)
    _letter_template = "credit_collection.payment_plan_agreement"

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("active", "Active"),
            ("done", "Done"),
            ("broken", "Broken"),
            ("cancel", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    line_ids = fields.One2many(
        "credit.collection.payment.plan.line", "plan_id", "Covered items", copy=False
    )
    installment_ids = fields.One2many(
        "credit.collection.installment", "plan_id", "Installments", copy=False
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id", store=True)
    amount = fields.Monetary("Covered", compute="_compute_amount", store=True)
    amount_paid = fields.Monetary("Paid", compute="_compute_amount_paid", store=True)
    amount_open = fields.Monetary("Still to pay", compute="_compute_amount_paid", store=True)
    amount_scheduled = fields.Monetary("In installments", compute="_compute_schedule", store=True)
    date_last = fields.Date("Last installment", compute="_compute_schedule", store=True)
    date_next = fields.Date("Next installment", compute="_compute_date_next", store=True)
    amount_late = fields.Monetary("Late", compute="_compute_amount_late")
    needs_approval = fields.Boolean(compute="_compute_needs_approval")

    # how the installments are proposed
    method = fields.Selection(
        [("number", "Number of installments"), ("amount", "Amount of an installment")],
        "Divide by",
        required=True,
        default="number",
    )
    installment_count = fields.Integer("Installments wanted", default=3)
    amount_installment = fields.Monetary("Amount of each")
    amount_first = fields.Monetary("First payment", help="As the others when zero.")
    date_first = fields.Date(
        "First payment on",
        required=True,
        default=lambda self: fields.Date.add(fields.Date.context_today(self), days=14),
    )
    period = fields.Selection(
        [
            ("week", "Weekly"),
            ("fortnight", "Every two weeks"),
            ("month", "Monthly"),
            ("quarter", "Quarterly"),
        ],
        required=True,
        default="month",
    )
    day_of_month = fields.Integer(
        "Day of the month",
        help="Of the installments after the first; 31 is the last day of any month. The day of the "
        "first payment when zero.",
    )

    is_interest_waived = fields.Boolean(
        "No interest while it is kept",
        help="Invoices that the plan covers in full bear no interest from the day of the agreement "
        "on. When the plan is broken or given up, these days count again.",
    )
    decline_reason = fields.Char("Declined because", readonly=True, copy=False)
    date_active = fields.Date("Agreed on", readonly=True, copy=False)
    date_broken = fields.Date("Broken on", readonly=True, copy=False)
    date_canceled = fields.Date("Cancelled on", readonly=True, copy=False)
    date_checked = fields.Date(
        "Checked on",
        readonly=True,
        copy=False,
        help="The last day on which the daily job looked at the plan.",
    )
    replaces_id = fields.Many2one(
        "credit.collection.payment.plan", readonly=True, copy=False, index="btree_not_null"
    )
    replaced_by_id = fields.Many2one("credit.collection.payment.plan", readonly=True, copy=False)
    agreement_id = fields.Many2one(
        "ir.attachment", readonly=True, copy=False, ondelete="restrict", index="btree_not_null"
    )
    agreement_pdf = fields.Binary("Agreement (PDF)", related="agreement_id.datas")
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
    )

    _name_unique = models.UniqueIndex(
        "(company_id, name) WHERE name IS NOT NULL", "The number of a payment plan is unique."
    )
    _active_idx = models.Index("(date_checked) WHERE state = 'active'")

    @api.depends("name", "case_id")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = plan.name or self.env._("Draft payment plan")

    @api.depends("line_ids.currency_id", "company_id")
    def _compute_currency_id(self):
        for plan in self:
            plan.currency_id = plan.line_ids.currency_id[:1] or plan.company_id.currency_id

    @api.depends("line_ids.amount")
    def _compute_amount(self):
        for plan in self:
            plan.amount = plan._round(sum(plan.line_ids.mapped("amount")))

    @api.depends("amount", "installment_ids.amount_paid")
    def _compute_amount_paid(self):
        for plan in self:
            plan.amount_paid = plan._round(sum(plan.installment_ids.mapped("amount_paid")))
            plan.amount_open = plan._round(plan.amount - plan.amount_paid)

    @api.depends("installment_ids.amount", "installment_ids.date_due")
    def _compute_schedule(self):
        for plan in self:
            plan.amount_scheduled = plan._round(sum(plan.installment_ids.mapped("amount")))
            dates = plan.installment_ids.filtered("date_due").mapped("date_due")
            plan.date_last = max(dates, default=False)

    @api.depends("state", "installment_ids.date_due", "installment_ids.state")
    def _compute_date_next(self):
        for plan in self:
            is_running = plan.state in (*EDITABLE_STATES, "active")
            awaited = plan.installment_ids.filtered(lambda one: one.state != "paid")
            dates = awaited.filtered("date_due").mapped("date_due")
            plan.date_next = is_running and min(dates, default=False)

    @api.depends("installment_ids.amount_paid", "installment_ids.date_due", "state")
    def _compute_amount_late(self):
        today = fields.Date.context_today(self)
        for plan in self:
            late = plan._get_late(today) if plan.state == "active" else plan.installment_ids[:0]
            plan.amount_late = sum(one.amount - one.amount_paid for one in late)

    @api.depends(
        "amount",
        "date_last",
        "company_id.collection_plan_amount_max",
        "company_id.collection_plan_months_max",
    )
    def _compute_needs_approval(self):
        today = fields.Date.context_today(self)
        for plan in self:
            company_sudo = plan.company_id.sudo()  # limits are settings of the company
            amount_max = company_sudo.collection_plan_amount_max
            months_max = company_sudo.collection_plan_months_max
            start = plan.date_active or today
            value = amount_max and plan.currency_id._convert(
                plan.amount, company_sudo.currency_id, company_sudo, start
            )
            plan.needs_approval = bool(
                (amount_max and company_sudo.currency_id.compare_amounts(value, amount_max) > 0)
                or (
                    months_max
                    and plan.date_last
                    and plan.date_last > fields.Date.add(start, months=months_max)
                )
            )

    @api.depends("partner_id.lang", "company_id.partner_id.lang")
    def _compute_lang(self):
        for plan in self:
            plan.lang = plan._get_contact()._get_collection_lang(
                plan.partner_id, plan.company_id.partner_id
            )

    # -------------------------------------------------------------------------
    # What a person may write
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(self._get_judged_fields() & vals.keys() for vals in vals_list):
            raise UserError(self.env._("A payment plan begins as a draft."))
        return super().create(vals_list)

    @api.model
    def _get_judged_fields(self):
        return self._get_protected_fields() - {"case_id"}

    def write(self, vals):
        terms = self._get_term_fields() & vals.keys()
        if terms and not self.env.su:
            self._check_editable()
        res = super().write(vals)
        if terms:
            self._forget_agreement()
        return res

    @api.model
    def _get_term_fields(self):
        """Return the fields that people write until the plan is agreed."""
        return {
            "line_ids",
            "installment_ids",
            "method",
            "installment_count",
            "amount_installment",
            "amount_first",
            "date_first",
            "period",
            "day_of_month",
            "is_interest_waived",
        }

    @api.model
    def _get_protected_fields(self):
        own = {
            name
            for name, field in self._fields.items()
            if field.store and field.type != "one2many" and name not in models.MAGIC_COLUMNS
        }
        free = {"user_id", "note", "message_main_attachment_id"}
        return super()._get_protected_fields() | own - self._get_term_fields() - free

    def _check_editable(self):
        for plan in self:
            if plan.state not in EDITABLE_STATES:
                raise UserError(
                    self.env._(
                        "%(plan)s is agreed and stays as it is: renegotiate it instead.",
                        plan=plan.display_name,
                    )
                )

    def _forget_agreement(self):
        """The document that was proposed is not what is proposed now: the next one is."""
        stale = self.filtered(lambda plan: plan.agreement_id and plan.state in EDITABLE_STATES)
        stale.sudo().agreement_id = False

    # -------------------------------------------------------------------------
    # What makes a plan
    # -------------------------------------------------------------------------

    def _check_terms(self):
        """Refuse to propose, or to begin, what cannot be kept."""
        for plan in self:
            plan._check_items()
            plan._check_installments()

    def _check_items(self):
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Choose the invoices that the plan covers."))
        if len(self.line_ids.currency_id) > 1:
            raise UserError(
                self.env._("A payment plan is in one currency: make one for each of them.")
            )
        self.line_ids._check_item()
        self.line_ids._check_overlap()

    def _check_installments(self):
        self.ensure_one()
        dates = self.installment_ids.sorted("id").mapped("date_due")
        if not dates:
            raise UserError(self.env._("Propose the installments first."))
        if len(set(dates)) != len(dates):
            raise UserError(self.env._("Two installments are due on the same day."))
        if min(dates) < fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "The first installment is due on %(date)s, which is in the past.",
                    date=format_date(self.env, min(dates)),
                )
            )
        if self.currency_id.compare_amounts(self.amount_scheduled, self.amount):
            raise UserError(
                self.env._(
                    "The installments add up to %(scheduled)s, the plan covers %(covered)s.",
                    scheduled=self._format(self.amount_scheduled),
                    covered=self._format(self.amount),
                )
            )

    def _check_approval(self):
        if self.env.su or self.env.user.has_group(
            "credit_collection.credit_collection_group_manager"
        ):
            return
        if self.needs_approval:
            raise UserError(
                self.env._(
                    "%(plan)s is larger or longer than a collector may agree to: "
                    "ask a manager to activate it.",
                    plan=self.display_name,
                )
            )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_make_installments(self):
        """Propose the installments, in place of those that are there."""
        for plan in self:
            plan._check_items()
            plan.installment_ids = [
                Command.clear(),
                *(
                    Command.create({"date_due": date, "amount": float(amount)})
                    for date, amount in plan._get_schedule()
                ),
            ]

    def action_propose(self):
        """The terms are ready: number the plan and write its agreement, to be signed."""
        drafts = self.filtered(lambda plan: plan.state == "draft")
        drafts._check_terms()
        Sequence = self.env["ir.sequence"].sudo()  # collectors may not read sequences
        for plan in drafts:
            number = plan.name or Sequence.with_company(plan.company_id).next_by_code(self._name)
            plan._set_state("proposed", allowed=("draft",), name=number)
        drafts._make_agreements()

    def action_decline_wizard(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decline"),
            "res_model": "credit.collection.payment.plan.decline",
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": self.id},
        }

    def action_activate(self):
        """The customer has agreed, and who may approve it does: from now on nothing is dunned."""
        for plan in self.filtered(lambda plan: plan.state == "proposed"):
            plan._begin()

    def action_cancel(self):
        """Give the plan up: dunning goes on where it stood."""
        moved = self._set_state(
            "cancel",
            allowed=(*EDITABLE_STATES, "active"),
            date_canceled=fields.Date.context_today(self),
        )
        for plan in moved.filtered("date_active"):
            plan._log(self.env._("%(plan)s was cancelled.", plan=plan.name))

    def action_renegotiate(self):
        """Open a new draft over what is still open; it replaces this plan when it is agreed."""
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("active", "broken"):
            raise UserError(self.env._("Only a plan that was agreed can be renegotiated."))
        draft = self.search([("replaces_id", "=", self.id), ("state", "in", EDITABLE_STATES)])
        if not draft and self.replaced_by_id:
            draft = self.replaced_by_id
        if not draft:
            draft = self.sudo().create(self._prepare_successor_vals())  # `replaces_id` is protected
        return draft[:1]._open_form()

    def action_print_agreement(self):
        self.ensure_one()
        self.check_access("read")
        if not self.agreement_id:
            if self.state != "proposed":
                raise UserError(self.env._("The agreement is written when the plan is proposed."))
            self.check_access("write")
            self._check_terms()
            self._make_agreements()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.agreement_id.id}",
            "target": "new",
        }

    def action_export_calendar(self):
        """Download what is still expected, for the calendar of who plans the cash."""
        self.check_access("read")
        attachment = self.env["credit.collection.letter"]._make_download(
            self.env._("Installments") + ".ics",
            self.installment_ids._get_calendar(),
            "text/calendar",
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "new",
        }

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_records_action(context={})

    def _open_form(self, **context):
        """Open this plan, or a new one."""
        return self._get_records_action(name=self.env._("Payment Plan"), context=context)

    # -------------------------------------------------------------------------
    # Begin, replace, end
    # -------------------------------------------------------------------------

    def _get_schedule(self):
        """Return the installments to propose: `[(date, amount)]`."""
        self.ensure_one()
        total, first = self._to_decimal(self.amount), self._to_decimal(self.amount_first)
        if first > total:
            raise UserError(self.env._("The first payment is more than the plan covers."))
        if self.method == "number" and self.installment_count < 1:
            raise UserError(self.env._("Say in how many installments it is paid."))
        if self.method == "amount" and self.amount_installment <= 0:
            raise UserError(self.env._("Say how much an installment is."))
        try:
            amounts = self._split(total, first or None)
            dates = payment_schedule.due_dates(
                self.date_first, len(amounts), self.period, self.day_of_month
            )
        except ValueError as error:
            raise UserError(
                self.env._(
                    "These terms make no plan: choose fewer or larger installments (%(most)s at "
                    "most), another first payment, and a day of the month up to 31.",
                    most=payment_schedule.MAX_INSTALLMENTS,
                )
            ) from error
        return list(zip(dates, amounts, strict=True))

    def _split(self, total, first):
        if self.method == "amount":
            amount = self._to_decimal(self.amount_installment)
            return payment_schedule.split_by_amount(total, amount, first)
        rounding = Decimal(str(self.currency_id.rounding))
        return payment_schedule.split_by_number(total, self.installment_count, rounding, first)

    def _begin(self):
        """Let the plan take effect; the one that it replaces ends in the same transaction."""
        self.ensure_one()
        self.check_access("write")
        self._check_terms()
        self._check_approval()
        self._make_agreements()
        lines_sudo = self.line_ids.sudo()  # who activates need not own the terms
        lines_sudo._take_snapshot()
        self._place_hold(
            "agreement",
            False,
            lines=[(line.move_line_id, line._get_amount_outside()) for line in lines_sudo],
        )
        self._replace()
        self._take_over_promises()
        self._set_state(
            "active", allowed=("proposed",), date_active=fields.Date.context_today(self)
        )
        self._log(
            self.env._(
                "%(plan)s is agreed: %(amount)s in %(count)s installments, the last one on "
                "%(date)s.",
                plan=self.name,
                amount=self._format(self.amount),
                count=len(self.installment_ids),
                date=format_date(self.env, self.date_last),
            )
        )

    def _take_over_promises(self):
        """What was promised of nothing but planned items is paid as it is planned."""
        case = self.sudo().case_id
        whole = self.line_ids.filtered(lambda line: not line._get_amount_outside())
        planned = whole.move_line_id._collection_get_sources()
        today = fields.Date.context_today(self)
        promises = case._get_open_promises(planned).filtered(
            lambda one: (
                one.date_deadline >= today  # else it is judged
                and one.move_line_ids._collection_get_sources() <= planned
            )
        )
        case._cancel_promises(promises, self.name)

    def _replace(self):
        """End the plan that this one replaces; the hold of this one is in force already."""
        old = self.replaces_id
        if not old:
            return
        old.sudo().replaced_by_id = self  # the chain is ours to keep
        today = fields.Date.context_today(self)
        for plan in old._set_state("cancel", allowed=("active",), date_canceled=today):
            plan._log(
                self.env._("%(plan)s was replaced by %(new)s.", plan=plan.name, new=self.name)
            )
        self.env.flush_all()  # an item is in one active plan at a time

    def _prepare_successor_vals(self):
        """Return a plan over what is still open of this one."""
        lines = self.line_ids.filtered(lambda line: line._get_amount_left() > 0)
        if not lines:
            raise UserError(self.env._("Nothing of %(plan)s is open.", plan=self.name))
        return {
            "case_id": self.case_id.id,
            "user_id": self.env.user.id,
            "replaces_id": self.id,
            "period": self.period,
            "day_of_month": self.day_of_month,
            "is_interest_waived": self.is_interest_waived,
            "line_ids": [
                Command.create(
                    {"move_line_id": line.move_line_id.id, "amount": line._get_amount_left()}
                )
                for line in lines
            ],
        }

    def _decline(self, reason):
        """The plan is not approved, or the customer does not want it: the reason is kept."""
        for plan in self._set_state("draft", allowed=("proposed",), decline_reason=reason):
            plan._message_log(
                body=self.env._("%(plan)s was declined: %(reason)s", plan=plan.name, reason=reason)
            )

    def _break(self, late):
        """The customer has not paid in time: all is due at once, dunning goes on where it stood."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        if not self._set_state("broken", allowed=("active",), date_broken=today):
            return
        body = self.env._(
            "%(plan)s is broken: the installment of %(amount)s due on %(date)s was not paid in "
            "time. All that is open of it, %(open)s, is due at once.",
            plan=self.name,
            amount=self._format(late[:1].amount),
            date=format_date(self.env, late[:1].date_due),
            open=self._format(self.amount_open),
        )
        self._log(body)
        self.case_id._schedule_task("credit_collection.mail_activity_type_plan_broken", note=body)

    def _log(self, body):
        """Note it where people look: on the plan, on the case and on the invoices."""
        self.ensure_one()
        self._message_log(body=body)
        self.case_id._log(body, self.line_ids.move_line_id.move_id)

    # -------------------------------------------------------------------------
    # Follow the ledger
    # -------------------------------------------------------------------------

    def _follow_ledger(self):
        """Fill the installments with what the reconciliations say, and finish what is paid."""
        paid = self._read_paid()
        for plan in self:
            plan._fill_installments(paid.get(plan.id, {}))
        settled = self.filtered(lambda plan: plan.currency_id.is_zero(plan.amount_open))
        for plan in settled._set_state("done", allowed=("active",)):
            plan._log(self.env._("%(plan)s is settled in full.", plan=plan.name))
        self.env.flush_all()

    def _read_paid(self):
        """Return `{plan id: {line id: paid}}`, in one statement for all these plans.

        What of an item was reconciled since the plan began, as far as the plan covers it. An
        invoice that was cancelled owes nothing more; one that is being corrected waits.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.plan_id, line.id,
                       CASE WHEN item.id IS NULL OR item.parent_state = 'cancel' THEN line.amount
                            WHEN item.parent_state = 'draft' THEN COALESCE(line.amount_paid, 0)
                            ELSE LEAST(line.amount, GREATEST(
                                line.amount_residual - item.amount_residual_currency, 0))
                        END
                  FROM credit_collection_payment_plan_line line
             LEFT JOIN account_move_line item ON item.id = line.move_line_id
                 WHERE line.plan_id = ANY(%s)
                """,
                list(self.ids),
            )
        )
        paid = defaultdict(dict)
        for plan_id, line_id, amount in rows:
            paid[plan_id][line_id] = float(amount)
        return paid

    def _fill_installments(self, paid):
        """Write what is paid of each item and of each installment, where it has changed."""
        self.ensure_one()
        plan_sudo = self.sudo()  # whoever books the payment
        for line in plan_sudo.line_ids:
            if self.currency_id.compare_amounts(line.amount_paid, paid[line.id]):
                line.amount_paid = paid[line.id]
        installments = plan_sudo.installment_ids.sorted(lambda one: (one.date_due, one.id))
        filled = payment_schedule.fill(
            [self._to_decimal(one.amount) for one in installments],
            self._to_decimal(sum(paid.values())),
        )
        for one, amount in zip(installments, map(float, filled), strict=True):
            if self.currency_id.compare_amounts(one.amount_paid, amount):
                one.amount_paid = amount

    def _get_late(self, due_before):
        """Return the installments that were due before a day and are not paid, the oldest first."""
        return self.installment_ids.filtered(
            lambda one: one.state != "paid" and one.date_due < due_before
        ).sorted("date_due")

    # -------------------------------------------------------------------------
    # Once a day
    # -------------------------------------------------------------------------

    @api.model
    def _get_follow_domain(self):
        """Return the running plans that the daily job has not looked at today."""
        today = fields.Date.context_today(self)
        return [
            ("state", "=", "active"),
            "|",
            ("date_checked", "=", False),
            ("date_checked", "<", today),
        ]

    @api.model
    def _cron_follow(self, batch_size=100):
        """Remind the late installments, and break the plans that are not kept."""
        domain = self._get_follow_domain()
        plans = self.search(domain, limit=batch_size).try_lock_for_update()
        for plan in plans:
            plan._follow_day()
        self.env["ir.cron"]._commit_progress(len(plans), remaining=self.search_count(domain))

    def _follow_day(self):
        """Do what this day asks for; a failure is a task for the collector and stops nothing."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        try:
            with self.env.cr.savepoint():
                self._follow_ledger()
                if self.state == "active":
                    self._chase(today)
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries again
        except Exception as error:
            _logger.info("Payment plan %s could not be followed", self.name, exc_info=True)
            self._leave_task(str(error))
        self.date_checked = today

    def _chase(self, today):
        """Remind or break, unless money has come in that is not matched yet."""
        company = self.company_id
        credit = self.case_id._get_open_credit(self.currency_id)
        if self.currency_id.compare_amounts(credit, self.amount_late) >= 0:
            return
        tolerance = company.collection_plan_tolerance_days
        late = self._get_late(fields.Date.subtract(today, days=tolerance))
        if late:
            self._break(late)
            return
        patience = max(company.collection_plan_reminder_days - 1, 0)
        late = self._get_late(fields.Date.subtract(today, days=patience))
        for installment in late.filtered(lambda one: not one.date_reminded):
            installment._remind()

    def _leave_task(self, reason):
        """Tell the collector that a late installment was not reminded."""
        self.case_id._schedule_task(
            "credit_collection.mail_activity_type_installment_unreminded",
            note=f"{self.name}: {reason}",
        )

    # -------------------------------------------------------------------------
    # Helpers
    # -------------------------------------------------------------------------

    def _get_contact(self):
        """Return the contact for invoices of the customer."""
        self.ensure_one()
        return self.partner_id.browse(
            self.partner_id and self.partner_id.address_get(["invoice"])["invoice"]
        )

    def _round(self, amount):
        return self.currency_id.round(amount) if self.currency_id else amount

    def _format(self, amount):
        return format_amount(self.env, amount, self.currency_id)

    def _to_decimal(self, amount):
        return Decimal(float_repr(self._round(amount), self.currency_id.decimal_places))


class CreditCollectionPaymentPlanLine(models.Model):
    """An open item that a plan covers, or a part of it."""

    _name = "credit.collection.payment.plan.line"
    _description = "Item in a Payment Plan"
    _order = "id"

    plan_id = fields.Many2one(
        "credit.collection.payment.plan", required=True, index=True, ondelete="cascade"
    )
    # whoever corrects an invoice may let its items go
    move_line_id = fields.Many2one(
        "account.move.line", "Item", index="btree_not_null", ondelete="set null"
    )
    name = fields.Char("Document", compute="_compute_item", store=True, precompute=True)
    date_due = fields.Date("Due date", compute="_compute_item", store=True, precompute=True)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_item", store=True, precompute=True
    )
    amount_residual = fields.Monetary(
        "Open",
        compute="_compute_item",
        store=True,
        precompute=True,
        help="When the plan began.",
    )
    amount = fields.Monetary(
        "Covered", compute="_compute_amount", store=True, readonly=False, precompute=True
    )
    amount_paid = fields.Monetary("Paid", readonly=True, help="Since the plan began.")
    state = fields.Selection(related="plan_id.state", store=True)

    _item_unique = models.UniqueIndex(
        "(plan_id, move_line_id)", "An item is in a payment plan only once."
    )
    _active_unique = models.UniqueIndex(
        "(move_line_id) WHERE state = 'active'", "An item is in one active payment plan only."
    )

    @api.depends("move_line_id")
    def _compute_item(self):
        """Note the item as it is now: what happens to it later does not change the agreement."""
        for line in self:
            item = line.move_line_id
            line.name = item.move_name
            line.date_due = item.date_maturity or item.date
            line.currency_id = item.currency_id
            line.amount_residual = item.amount_residual_currency

    @api.depends("move_line_id")
    def _compute_amount(self):
        for line in self:
            line.amount = line.move_line_id.amount_residual_currency

    @api.constrains("move_line_id", "amount")
    def _check_item(self):
        for line in self:
            item, plan = line.move_line_id, line.plan_id
            if not item._collection_is_claim_on(plan.case_id) or item.parent_state != "posted":
                raise ValidationError(
                    self.env._(
                        "%(document)s is not a posted claim on %(customer)s.",
                        document=line.name or self.env._("A line without an invoice"),
                        customer=plan.case_id.display_name,
                    )
                )
            line._check_amount(item.amount_residual_currency)

    def _check_amount(self, residual):
        currency = self.currency_id
        if currency.compare_amounts(residual, 0) <= 0:
            raise ValidationError(
                self.env._(
                    "Nothing of %(document)s is to be paid: take it out of the plan.",
                    document=self.name,
                )
            )
        if currency.compare_amounts(self.amount, 0) <= 0:
            raise ValidationError(
                self.env._("Say how much of %(document)s the plan covers.", document=self.name)
            )
        if currency.compare_amounts(self.amount, residual) > 0:
            raise ValidationError(
                self.env._(
                    "The plan covers %(amount)s of %(document)s, of which only %(open)s is open.",
                    amount=format_amount(self.env, self.amount, currency),
                    document=self.name,
                    open=format_amount(self.env, residual, currency),
                )
            )

    def _check_overlap(self):
        """Refuse an item of another plan that is active."""
        plans = self.plan_id
        other = self.search(
            [
                ("move_line_id", "in", self.move_line_id.ids),
                ("state", "=", "active"),
                ("plan_id", "not in", (plans | plans.replaces_id).ids),
            ],
            limit=1,
        )
        if other:
            raise UserError(
                self.env._(
                    "%(document)s is already in %(plan)s.",
                    document=other.name,
                    plan=other.plan_id.display_name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not self.env.su:
            if any(self._get_protected_fields() - {"plan_id"} & vals.keys() for vals in vals_list):
                raise UserError(self.env._("These figures come from the ledger."))
            lines.plan_id._check_editable()
        lines.plan_id._forget_agreement()
        return lines

    def write(self, vals):
        if not self.env.su:
            if self._get_protected_fields() & vals.keys():
                raise UserError(self.env._("These figures come from the ledger."))
            self.plan_id._check_editable()
        res = super().write(vals)
        if {"move_line_id", "amount"} & vals.keys():
            self.plan_id._forget_agreement()
        return res

    @api.model
    def _get_protected_fields(self):
        return {
            "plan_id",
            "name",
            "date_due",
            "currency_id",
            "amount_residual",
            "amount_paid",
            "state",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self.plan_id._check_editable()
        self.plan_id._forget_agreement()

    def _take_snapshot(self):
        """Note what is open at the moment at which the plan begins."""
        for line in self:
            line.amount_residual = line.move_line_id.amount_residual_currency

    @api.model
    def _get_waived_periods(self, origins):
        """Return `{id of an item: [(first, last or None)]}`: days without interest, by agreement.

        Of invoices that a plan covers in full, as long as it is kept; a plan that another one
        replaced was kept until then.
        """
        lines = self.sudo().search(  # who claims interest need not read plans
            [
                ("plan_id.is_interest_waived", "=", True),
                "|",
                ("move_line_id", "in", origins.ids),
                ("move_line_id.collection_origin_line_id", "in", origins.ids),
                "|",
                ("state", "in", ("active", "done")),
                ("plan_id.replaced_by_id", "!=", False),
            ]
        )
        periods = defaultdict(list)
        for line in lines:
            plan, following = line.plan_id, line.plan_id.replaced_by_id.date_active
            if plan.state == "broken" or line._get_amount_outside():
                continue
            last = fields.Date.subtract(following, days=1) if following else None
            if not last or last >= plan.date_active:
                origin = line.move_line_id._collection_get_sources()
                periods[origin.id].append((plan.date_active, last))
        return periods

    def _get_amount_outside(self):
        """Return the part of the item that goes on being collected."""
        return self.currency_id.round(self.amount_residual - self.amount)

    def _get_amount_left(self):
        """Return what is still open of the part that the plan covers."""
        item = self.move_line_id
        if item.parent_state != "posted":
            return 0
        left = min(self.amount - self.amount_paid, item.amount_residual_currency)
        return self.currency_id.round(left)

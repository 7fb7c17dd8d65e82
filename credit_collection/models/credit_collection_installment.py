from urllib.parse import quote

import vobject

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_amount, format_date

from ..tools.ageing import days_late


class CreditCollectionInstallment(models.Model):
    """An amount of a payment plan, and the day on which it is to be paid."""

    _name = "credit.collection.installment"
    _description = "Installment of a Payment Plan"
    _order = "date_due, id"

    plan_id = fields.Many2one(
        "credit.collection.payment.plan", required=True, index=True, ondelete="cascade"
    )
    number = fields.Integer("No.", compute="_compute_reference")
    reference = fields.Char("Payment reference", compute="_compute_reference")
    date_due = fields.Date("Due on", required=True)
    currency_id = fields.Many2one(related="plan_id.currency_id", store=True)
    amount = fields.Monetary(required=True)
    amount_paid = fields.Monetary("Paid", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("partial", "Partly paid"), ("paid", "Paid")],
        compute="_compute_state",
        store=True,
    )
    days_late = fields.Integer("Days late", compute="_compute_days_late")
    date_reminded = fields.Date("Reminded on", readonly=True)

    case_id = fields.Many2one(related="plan_id.case_id", store=True)
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    user_id = fields.Many2one(related="plan_id.user_id")
    plan_state = fields.Selection(related="plan_id.state", string="Status of the plan", store=True)

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "An installment is more than nothing."
    )
    _date_idx = models.Index("(company_id, date_due) WHERE plan_state = 'active'")

    @api.depends("plan_id.name", "plan_id.installment_ids.date_due")
    def _compute_reference(self):
        numbers = {
            one: number
            for plan in self.plan_id
            for number, one in enumerate(
                plan.installment_ids.filtered("date_due").sorted("date_due"), start=1
            )
        }
        for one in self:
            one.number = numbers.get(one, 0)
            one.reference = f"{one.plan_id.name}/{one.number}" if one.plan_id.name else False

    @api.depends("case_id", "reference")
    def _compute_display_name(self):
        for one in self:
            one.display_name = f"{one.case_id.display_name} {one.reference or ''}".strip()

    @api.depends("amount", "amount_paid")
    def _compute_state(self):
        for one in self:
            currency = one.currency_id or one.plan_id.currency_id
            if not one.amount_paid or currency.is_zero(one.amount_paid):
                one.state = "open"
            elif currency.compare_amounts(one.amount_paid, one.amount) < 0:
                one.state = "partial"
            else:
                one.state = "paid"

    @api.depends("date_due", "state", "plan_state")
    def _compute_days_late(self):
        today = fields.Date.context_today(self)
        for one in self:
            is_awaited = one.plan_state == "active" and one.state != "paid" and one.date_due
            one.days_late = days_late(one.date_due, today) if is_awaited else 0

    @api.model_create_multi
    def create(self, vals_list):
        protected = {"amount_paid", "date_reminded"}
        if not self.env.su and any(protected & vals.keys() for vals in vals_list):
            raise UserError(self.env._("What is paid of an installment comes from the ledger."))
        installments = super().create(vals_list)
        if not self.env.su:
            installments.plan_id._check_editable()
        installments.plan_id._forget_agreement()
        return installments

    def write(self, vals):
        if not self.env.su:
            if vals.keys() - {"date_due", "amount"}:
                raise UserError(self.env._("What is paid of an installment comes from the ledger."))
            self.plan_id._check_editable()
        res = super().write(vals)
        if {"date_due", "amount"} & vals.keys():
            self.plan_id._forget_agreement()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self.plan_id._check_editable()
        self.plan_id._forget_agreement()

    def action_open_plan(self):
        self.ensure_one()
        return self.plan_id._open_form()

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _get_amount_left(self):
        self.ensure_one()
        return self.currency_id.round(self.amount - self.amount_paid)

    def _remind(self):
        """Send the reminder of a late installment; what cannot be sent is a task."""
        self.ensure_one()
        plan = self.plan_id
        self.date_reminded = fields.Date.context_today(self)
        email = plan._get_email()
        problem = plan.case_id._get_email_problem(email)
        if problem:
            plan._leave_task(problem)
            return
        self.env["mail.mail"].sudo().create(self._prepare_mail_vals(email))
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _get_calendar(self):
        """Return these installments as far as they are not paid, as an iCalendar file."""
        calendar = vobject.iCalendar()
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        for one in self.filtered(lambda one: one.plan_state == "active" and one.state != "paid"):
            event = calendar.add("vevent")
            event.add("uid").value = f"credit_collection-installment-{one.id}@{quote(database)}"
            start = event.add("dtstart")
            start.value, start.value_param, start.isNative = f"{one.date_due:%Y%m%d}", "DATE", False
            event.add("transp").value = "TRANSPARENT"
            event.add("summary").value = self.env._(
                "%(customer)s: %(amount)s (%(reference)s)",
                customer=one.case_id.display_name,
                amount=format_amount(self.env, one._get_amount_left(), one.currency_id),
                reference=one.reference,
            )
            event.add("description").value = one._describe()
        return calendar.serialize().encode()

    def _describe(self):
        """Say which installment this is, and of what."""
        self.ensure_one()
        plan = self.plan_id
        return self.env._(
            "Installment %(number)s of %(count)s, due on %(date)s, for %(documents)s.",
            number=self.number,
            count=len(plan.installment_ids),
            date=format_date(self.env, self.date_due),
            documents=", ".join(filter(None, plan.line_ids.mapped("name"))),
        )

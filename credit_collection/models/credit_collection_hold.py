from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_amount, format_date

from .credit_collection_agreement import without_defaults


class CreditCollectionHold(models.Model):
    """Why something is not dunned. The only thing that stops dunning, whoever decides it.

    A hold covers every open item of its customer; with an invoice, the items of that invoice, or an
    amount of it; with lines, these items. From its first day to the day before its end. What was
    agreed with the customer, a promise for instance, places its hold and ends it.
    """

    _name = "credit.collection.hold"
    _description = "Hold on Dunning"
    _inherit = ["mail.thread"]
    _order = "date_start desc, id desc"
    _check_company_auto = True

    case_id = fields.Many2one(
        "credit.collection.case", "Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        domain="[('company_id', '=', company_id), ('state', '=', 'posted'),"
        " ('move_type', 'in', ('out_invoice', 'out_receipt', 'entry')),"
        " ('line_ids.account_type', '=', 'asset_receivable')]",
        help="Leave empty to hold everything this customer owes.",
    )
    reason = fields.Selection(
        [
            ("payment_announced", "Payment announced"),
            ("agreement", "Agreed with the customer"),
            ("query", "Question being answered"),
            ("dispute", "Disputed by the customer"),
            ("own_error", "Our own mistake"),
            ("hardship", "Hardship"),
            ("litigation", "In litigation"),
            ("other", "Other"),
        ],
        required=True,
        tracking=True,
    )
    amount = fields.Monetary(
        readonly=True, help="Only this part of the invoice is held. All of it when zero."
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    line_ids = fields.One2many("credit.collection.hold.line", "hold_id", "Items", readonly=True)
    promise_id = fields.Many2one(
        "credit.collection.promise", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "credit.collection.payment.plan", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    dispute_id = fields.Many2one(
        "credit.collection.dispute", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    litigation_id = fields.Many2one(
        "credit.collection.litigation", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    origin = fields.Char(compute="_compute_origin")
    scope = fields.Char("On hold", compute="_compute_scope")
    note = fields.Text()
    user_id = fields.Many2one(
        "res.users", "Owner", required=True, default=lambda self: self.env.user, tracking=True
    )
    date_start = fields.Date(
        "From", required=True, default=fields.Date.context_today, tracking=True
    )
    date_end = fields.Date(
        "Until",
        default=lambda self: fields.Date.add(fields.Date.context_today(self), days=14),
        tracking=True,
        help="Dunning resumes on this day. Only a manager may leave it empty.",
    )
    state = fields.Selection(
        [("active", "Active"), ("expired", "Ended"), ("released", "Released early")],
        required=True,
        default="active",
        readonly=True,
        tracking=True,
        copy=False,
    )
    released_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    date_released = fields.Date(readonly=True, copy=False)
    days_held = fields.Integer("Days", compute="_compute_days_held")
    to_review = fields.Boolean(
        compute="_compute_to_review",
        search="_search_to_review",
        help="Active for longer than the number of days set in the settings.",
    )

    _dates_order = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)",
        "A hold ends after the day on which it starts.",
    )
    _active_idx = models.Index("(case_id, date_end) WHERE state = 'active'")

    @api.depends("case_id.partner_id.name", "move_id.name")
    def _compute_display_name(self):
        for hold in self:
            hold.display_name = hold.move_id.name or hold.case_id.display_name

    @api.depends("move_id", "amount", "line_ids")
    @api.depends_context("lang")
    def _compute_scope(self):
        """Say what is on hold."""
        for hold in self:
            if hold.litigation_id.sudo().covers_customer:
                hold.scope = self.env._("Everything")
            elif hold.line_ids:
                names = hold.line_ids.move_line_id.sudo().mapped("move_name")
                hold.scope = ", ".join(dict.fromkeys(names))
            elif hold.amount:
                amount = format_amount(self.env, hold.amount, hold.currency_id)
                hold.scope = f"{amount} ({hold.move_id.name})"
            else:
                hold.scope = hold.move_id.name or self.env._("Everything")

    def _compute_origin(self):
        for hold in self:
            hold.origin = hold._get_origin().display_name

    @api.depends("date_start", "date_end", "date_released")
    def _compute_days_held(self):
        today = fields.Date.context_today(self)
        for hold in self:
            end = hold.date_released or min(hold.date_end or today, today)
            hold.days_held = max((end - hold.date_start).days, 0) if hold.date_start else 0

    @api.depends("state", "date_start")
    def _compute_to_review(self):
        old = self.filtered_domain(self._get_review_domain())
        for hold in self:
            hold.to_review = hold in old

    def _search_to_review(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._get_review_domain()

    @api.model
    def _get_review_domain(self):
        today = fields.Date.context_today(self)
        return Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "active")
            & Domain(
                "date_start",
                "<=",
                fields.Date.subtract(today, days=company.sudo().collection_hold_review_days),
            )
            for company in self.env.companies
        )

    @api.constrains("date_end", "date_start")
    def _check_date_end(self):
        today = fields.Date.context_today(self)
        for hold in self:
            if hold.state == "active" and hold.date_end and hold.date_end <= today:
                raise ValidationError(
                    self.env._(
                        "The hold would end on %(date)s, which is not in the future: "
                        "choose a later day, or release the hold.",
                        date=format_date(self.env, hold.date_end),
                    )
                )

    def _check_unlimited(self):
        """Let only a manager hold without an end. Not a constraint: those run as superuser."""
        if self.env.su or self.env.user.has_group(
            "credit_collection.credit_collection_group_manager"
        ):
            return
        if any(not hold.date_end for hold in self):
            raise ValidationError(
                self.env._("Say when the hold ends: only a manager may place one without an end.")
            )

    @api.constrains("case_id", "move_id")
    def _check_invoice_of_customer(self):
        for hold in self:
            move = hold.move_id
            if move and move.commercial_partner_id != hold.case_id.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s is not an invoice of %(customer)s.",
                        invoice=move.name,
                        customer=hold.case_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self._check_created(vals_list)
        free = without_defaults(self, ("state",))
        holds = super(CreditCollectionHold, free).create(vals_list)
        holds._check_unlimited()
        for hold in holds:
            hold._log(hold._describe())
        holds.case_id._finish_next_step()
        holds.case_id._refresh()
        return holds

    @api.model
    def _check_created(self, vals_list):
        """What a person places holds a customer or an invoice; the rest is left to agreements."""
        if any("state" in vals for vals in vals_list):
            raise UserError(self.env._("A hold begins as an active one."))
        reserved = {"amount", "line_ids", *self._get_origin_fields()}
        if any(reserved & vals.keys() for vals in vals_list):
            raise UserError(
                self.env._("A part of an invoice is held by a dispute or a plan: record that.")
            )

    def _check_own(self):
        """Refuse to change by hand what an agreement has placed."""
        for hold in self:
            origin = hold._get_origin()
            if origin:
                raise UserError(
                    self.env._(
                        "This hold belongs to %(origin)s and ends with it: close that instead.",
                        origin=origin.display_name,
                    )
                )

    def write(self, vals):
        fixed = {"case_id", "move_id", "amount", "line_ids", *self._get_origin_fields()}
        if fixed & vals.keys() and not self.env.su:
            raise UserError(
                self.env._("A hold stays on what it was placed on: release it and place another.")
            )
        if not self.env.su:
            self._check_own()
        if {"state", "released_by_id", "date_released"} & vals.keys() and not self.env.su:
            raise UserError(self.env._("A hold is released with its button."))
        facts = {"reason", "note", "user_id", "date_start", "date_end"}
        if facts & vals.keys() and any(hold.state != "active" for hold in self):
            raise UserError(self.env._("This hold is over: place another one."))
        res = super().write(vals)
        if "date_end" in vals:
            self._check_unlimited()
        if {"date_start", "date_end", "state"} & vals.keys():
            self.case_id._refresh()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A hold is part of the file of the customer: release it instead.")
        )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_release(self):
        """End the hold before its time; the next run decides what is sent."""
        self._check_own()
        released = self._set_state(
            "released",
            released_by_id=self.env.user.id,
            date_released=fields.Date.context_today(self),
        )
        for hold in released:
            hold._log(
                self.env._(
                    "Hold released by %(user)s: %(reason)s.",
                    user=self.env.user.name,
                    reason=hold._get_reason_label(),
                )
            )

    def action_open_origin(self):
        """Open the promise, plan, dispute or litigation that has placed the hold."""
        self.ensure_one()
        return self._get_origin()._get_records_action(context={})

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    @api.model
    def _get_origin_fields(self):
        """Return the fields that name what places holds; a module with another one adds it."""
        return ["promise_id", "plan_id", "dispute_id", "litigation_id"]

    def _get_origin(self):
        """Return what has placed this hold; nothing when a person did."""
        self.ensure_one()
        for name in self._get_origin_fields():
            if self[name]:
                return self[name]
        return self.browse()

    @api.model
    def _get_has_origin_sql(self, alias):
        """Return the condition that an agreement has placed a hold."""
        columns = [SQL.identifier(alias, name) for name in self._get_origin_fields()]
        return SQL("COALESCE(%s) IS NOT NULL", SQL(", ").join(columns))

    @api.model
    def _get_is_by_item_sql(self, alias):
        """Return the condition that a hold covers its lines alone.

        That of a promise, a plan or a litigation does so when the last of its lines was deleted,
        too: it never becomes a hold on the customer. What a litigation covers beyond its first
        items is added to its lines.
        """
        return SQL(
            "COALESCE(%s) IS NOT NULL",
            SQL(", ").join(
                SQL.identifier(alias, name) for name in ("promise_id", "plan_id", "litigation_id")
            ),
        )

    def _set_state(self, state, **vals):
        """Move the active holds to their end; return those that moved."""
        holds = self.filtered(lambda hold: hold.state == "active")
        holds.check_access("write")
        holds.sudo().write({"state": state, **vals})  # the guard in `write` lets only this pass
        return holds

    def _get_reason_label(self):
        return dict(self._fields["reason"]._description_selection(self.env))[self.reason]

    def _get_cause(self):
        """Return the reason of the hold, and what was agreed."""
        return ", ".join(filter(None, [self._get_reason_label(), self.origin]))

    def _describe(self):
        self.ensure_one()
        reason = self._get_reason_label()
        if self.note:
            reason = f"{reason} ({self.note})"
        if not self.date_end:
            return self.env._("On hold without an end: %(reason)s.", reason=reason)
        return self.env._(
            "On hold until %(date)s: %(reason)s.",
            date=format_date(self.env, self.date_end),
            reason=reason,
        )

    def _log(self, body):
        """Note what happened where people look: on the case, and on the invoice.

        What places holds has a story of its own to tell.
        """
        self.ensure_one()
        if self._get_origin():
            return
        self.case_id._log(body, self.move_id)

    @api.model
    def _cron_expire(self, batch_size=200):
        """Mark the holds whose end has come; they stopped counting on that very day."""
        domain = [("state", "=", "active"), ("date_end", "<=", fields.Date.context_today(self))]
        holds = self.search(domain, limit=batch_size).try_lock_for_update()
        for hold in holds._set_state("expired"):
            hold = hold.company_id._collection_speak(hold)
            hold._log(
                hold.env._("The hold has ended: %(reason)s.", reason=hold._get_reason_label())
            )
        self.env["ir.cron"]._commit_progress(len(holds), remaining=self.search_count(domain))


class CreditCollectionHoldLine(models.Model):
    """An open item that a hold covers, where that is not all of an invoice or of a customer."""

    _name = "credit.collection.hold.line"
    _description = "Item on Hold"
    _log_access = False

    hold_id = fields.Many2one(
        "credit.collection.hold", required=True, index=True, ondelete="cascade"
    )
    move_line_id = fields.Many2one(
        "account.move.line", "Item", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_outside = fields.Monetary(
        help="The part of the item that the agreement leaves out, which goes on being collected."
    )

    _item_unique = models.UniqueIndex("(hold_id, move_line_id)")

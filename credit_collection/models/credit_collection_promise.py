from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, split_every
from odoo.tools.misc import format_amount, format_date

from ..tools.ageing import days_late
from ..tools.working_days import add_working_days

# How long a verdict is corrected when a payment with an earlier value date is entered late.
_CORRECTED_DAYS = 60


class CreditCollectionPromise(models.Model):
    """A customer has promised an amount by a day, for some items or for all he owes.

    It is judged by what was reconciled with these items since, with a value date up to the
    deadline: the day promised and the tolerance of the company. What counts is when the money came,
    not when somebody entered it.
    """

    _name = "credit.collection.promise"
    _description = "Promise to Pay"
    _inherit = ["credit.collection.agreement"]
    _order = "date_promised desc, id desc"
    _check_company_auto = True

    _hold_field = "promise_id"

    user_id = fields.Many2one(string="Taken by")
    contact_id = fields.Many2one(
        "res.partner",
        "Promised by",
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="The person who gave the promise.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self._default_currency_id(),
        ondelete="restrict",
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_promise_line_rel",
        "promise_id",
        "move_line_id",
        "For",
        domain="[('partner_id.commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('currency_id', '=', currency_id),"
        " ('account_id.account_type', '=', 'asset_receivable'),"
        " ('parent_state', '=', 'posted'), ('amount_residual_currency', '>', 0)]",
        check_company=True,
        help="Leave empty for all that is overdue.",
    )
    amount = fields.Monetary(required=True, tracking=True)
    amount_open = fields.Monetary(
        "Open when promised", readonly=True, help="What the items owed on the day of the promise."
    )
    amount_kept = fields.Monetary(
        "Paid in time", readonly=True, help="Payments and credit notes dated up to the deadline."
    )
    amount_missing = fields.Monetary(compute="_compute_amount_missing")
    date = fields.Date("Promised on", default=fields.Date.context_today, readonly=True)
    date_promised = fields.Date(
        "To be paid by",
        required=True,
        default=lambda self: self._default_date_promised(),
        tracking=True,
    )
    date_deadline = fields.Date(
        "Awaited until",
        compute="_compute_date_deadline",
        store=True,
        help="The day promised, and the working days that the company allows on top.",
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("kept", "Kept"),
            ("partial", "Kept in part"),
            ("broken", "Broken"),
            ("cancel", "Cancelled"),
        ],
        required=True,
        default="open",
        readonly=True,
        copy=False,
        tracking=True,
    )
    date_canceled = fields.Date(
        "Cancelled on",
        readonly=True,
        copy=False,
        help="As of an earlier day, statements and figures show the promise.",
    )
    days_late = fields.Integer(
        compute="_compute_days_late",
        help="Days between the day promised and the day on which the amount was there; up to today "
        "as long as it is not.",
    )
    is_confirmed = fields.Boolean(
        "Confirm by e-mail", help="The customer gets an e-mail with what he promised."
    )
    replaces_id = fields.Many2one(
        "credit.collection.promise",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('case_id', '=', case_id), ('state', '=', 'open')]",
    )

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A promise is about an amount: enter what the customer will pay."
    )
    _open_idx = models.Index("(company_id, date_deadline) WHERE state = 'open'")

    @api.model
    def _default_currency_id(self):
        return self._default_company().currency_id

    @api.model
    def _default_date_promised(self):
        """In a week, when banks are open."""
        week = fields.Date.add(fields.Date.context_today(self), days=7)
        return add_working_days(week, 0, self._default_company().country_id.code)

    @api.model
    def _default_company(self):
        case = self.env["credit.collection.case"].browse(self.env.context.get("default_case_id"))
        return case.company_id or self.env.company

    @api.depends("amount", "currency_id", "date_promised")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = self.env._(
                "Promise of %(amount)s by %(date)s",
                amount=format_amount(self.env, promise.amount, promise.currency_id),
                date=format_date(self.env, promise.date_promised),
            )

    @api.depends("amount", "amount_kept", "state")
    def _compute_amount_missing(self):
        for promise in self:
            is_owed = promise.state in ("open", "partial", "broken")
            missing = promise.amount - promise.amount_kept
            promise.amount_missing = max(missing, 0) if is_owed else 0

    @api.depends("date_promised", "company_id")
    def _compute_date_deadline(self):
        for promise in self:
            company = promise.company_id or self.env.company
            promise.date_deadline = promise.date_promised and add_working_days(
                promise.date_promised,
                company.sudo().collection_promise_tolerance_days,
                company.country_id.code,
            )

    @api.depends("state", "amount_kept", "date_promised")
    def _compute_days_late(self):
        today = fields.Date.context_today(self)
        fulfilled = self._get_fulfilled_dates()
        for promise in self:
            day = fulfilled.get(promise.id, today)
            is_judged = promise.state in ("kept", "partial", "broken")
            promise.days_late = days_late(promise.date_promised, day) if is_judged else 0

    @api.onchange("move_line_ids")
    def _onchange_move_line_ids(self):
        if self.move_line_ids:
            self.amount = sum(self.move_line_ids.mapped("amount_residual_currency"))

    @api.constrains("date_promised")
    def _check_date_promised(self):
        for promise in self:
            if promise.date_promised < promise.date:
                raise ValidationError(
                    self.env._(
                        "%(date)s is in the past: a promise is about a day to come.",
                        date=format_date(self.env, promise.date_promised),
                    )
                )

    def _check_items(self):
        """Check what is promised against what is owed, once, when the promise is given."""
        self.ensure_one()
        lines = self.move_line_ids
        if not lines:
            raise UserError(
                self.env._(
                    "%(customer)s owes nothing in %(currency)s: there is nothing to promise.",
                    customer=self.case_id.display_name,
                    currency=self.currency_id.name,
                )
            )
        for line in lines:
            self._check_item(line)
        self._check_overlap()
        if self.currency_id.compare_amounts(self.amount, self.amount_open) > 0:
            raise UserError(
                self.env._(
                    "%(customer)s owes %(open)s, less than the %(amount)s that are promised.",
                    customer=self.case_id.display_name,
                    open=format_amount(self.env, self.amount_open, self.currency_id),
                    amount=format_amount(self.env, self.amount, self.currency_id),
                )
            )

    def _check_item(self, line):
        name = line.move_id.name
        if not line._collection_is_claim_on(self.case_id):
            raise UserError(
                self.env._(
                    "%(invoice)s is not an invoice of %(customer)s.",
                    invoice=name,
                    customer=self.case_id.display_name,
                )
            )
        if line.parent_state != "posted" or line.amount_residual_currency <= 0:
            raise UserError(self.env._("Nothing is open on %(invoice)s.", invoice=name))
        if line.currency_id != self.currency_id:
            raise UserError(
                self.env._(
                    "%(invoice)s is in %(currency)s: enter a promise for each currency.",
                    invoice=name,
                    currency=line.currency_id.name,
                )
            )

    def _check_overlap(self):
        """Refuse an item that another open promise covers."""
        other = self.search(
            [
                ("move_line_ids", "in", self.move_line_ids.ids),
                ("state", "=", "open"),
                ("id", "not in", (self | self.replaces_id).ids),
            ],
            limit=1,
        )
        if other:
            both = self.move_line_ids & other.move_line_ids
            raise UserError(
                self.env._(
                    "%(invoice)s is promised already (%(promise)s): replace that promise.",
                    invoice=both[:1].move_id.name,
                    promise=other.display_name,
                )
            )

    @api.model
    def _get_protected_fields(self):
        return super()._get_protected_fields() | {
            "amount",
            "currency_id",
            "date_promised",
            "is_confirmed",
            "move_line_ids",
            "replaces_id",
            *self._get_judged_fields(),
        }

    @api.model
    def _get_judged_fields(self):
        own = {"amount_open", "amount_kept", "date", "date_canceled", "date_deadline"}
        return super()._get_judged_fields() | own

    # -------------------------------------------------------------------------
    # Overrides
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(self._get_judged_fields() & vals.keys() for vals in vals_list):
            raise UserError(self.env._("A promise begins today, as an open one."))
        promises = super().create(vals_list)
        for promise in promises:
            promise._start()
        return promises

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_cancel(self):
        """The promise was a mistake, or is taken back: the next run decides what is sent."""
        for promise in self._cancel():
            promise.case_id._message_log(
                body=self.env._("%(promise)s was cancelled.", promise=promise.display_name)
            )

    def action_replace(self):
        """Enter what the customer promises instead."""
        self.ensure_one()
        if self.state != "open":
            raise UserError(self.env._("This promise is over: enter a new one."))
        return self.case_id._get_promise_action(
            default_replaces_id=self.id,
            default_move_line_ids=self.move_line_ids.ids,
            default_amount=self.amount_missing,
            default_currency_id=self.currency_id.id,
        )

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _start(self):
        """Take over from an earlier promise, check, put the items on hold, and tell."""
        self.ensure_one()
        promise = self.sudo()  # what follows is not the user's to write
        if promise.replaces_id and promise.replaces_id.case_id != promise.case_id:
            raise UserError(self.env._("Only a promise of the same customer can be replaced."))
        promise.replaces_id._cancel()
        if not promise.move_line_ids:
            promise.move_line_ids = self._get_promised_lines()
        promise.amount_open = sum(promise.move_line_ids.mapped("amount_residual_currency"))
        promise._check_items()
        promise._place_hold(
            "payment_announced",
            fields.Date.add(promise.date_deadline, days=1),
            lines=[(line, 0) for line in promise.move_line_ids],
        )
        promise.case_id._message_log(body=promise._describe())
        if promise.is_confirmed:
            promise._send_confirmation()

    def _cancel(self):
        """Take these promises back; return those that were open."""
        return self._set_state(
            "cancel", allowed=("open",), date_canceled=fields.Date.context_today(self)
        )

    def _get_promised_lines(self):
        """Return what he speaks of: all that is overdue, and what comes next if he pays more."""
        items = self.case_id.sudo().item_ids.filtered(
            lambda item: (
                item.decision != "excluded"
                and item.amount_residual_currency > 0
                and item.currency_id == self.currency_id
            )
        )
        promised = items.filtered("days_late")
        for item in (items - promised).sorted("date_due"):
            total = sum(promised.mapped("amount_residual_currency"))
            if self.currency_id.compare_amounts(total, self.amount) >= 0:
                break
            promised += item
        return promised.move_line_id

    def _describe(self):
        self.ensure_one()
        amount = format_amount(self.env, self.amount, self.currency_id)
        date = format_date(self.env, self.date_promised)
        invoices = ", ".join(self.move_line_ids.move_id.mapped("name"))
        if self.contact_id:
            return self.env._(
                "%(contact)s has promised %(amount)s by %(date)s (%(invoices)s).",
                contact=self.contact_id.name,
                amount=amount,
                date=date,
                invoices=invoices,
            )
        return self.env._(
            "%(amount)s promised by %(date)s (%(invoices)s).",
            amount=amount,
            date=date,
            invoices=invoices,
        )

    def _tell_first_letters(self):
        """Return the sentence on the letters that came first, where the law wants it recalled."""
        return self.case_id._tell_first_letters(self.move_line_ids)

    def _send_confirmation(self):
        """Write to the customer what he has promised, in his language."""
        self.ensure_one()
        contact = self.contact_id if self.contact_id.email else self.partner_id
        if not contact.email:
            raise UserError(
                self.env._(
                    "%(customer)s has no e-mail address: enter one, or do not ask for a "
                    "confirmation.",
                    customer=contact.display_name,
                )
            )
        template = self.env.ref("credit_collection.mail_template_promise")
        self.message_post_with_source(
            template, partner_ids=contact.ids, subtype_xmlid="mail.mt_note"
        )

    # -------------------------------------------------------------------------
    # The verdict
    # -------------------------------------------------------------------------

    def _follow_ledger(self):
        """Note what was paid; close what is kept, and judge what is over."""
        today = fields.Date.context_today(self)
        paid = self._get_paid_amounts()
        for promise in self:
            kept = paid.get(promise.id, 0.0)
            if promise.currency_id.compare_amounts(kept, promise.amount_kept):
                promise.sudo().amount_kept = kept
            if promise.currency_id.compare_amounts(kept, promise.amount) >= 0:
                promise._close("kept")
            elif promise.date_deadline < today and not promise._is_money_unmatched():
                promise._close("broken" if promise.currency_id.is_zero(kept) else "partial")

    def _close(self, state):
        """Give the verdict; one that comes from a payment entered late corrects an earlier one."""
        self.ensure_one()
        allowed = ("open", "broken", "partial") if state != "broken" else ("open",)
        if self.state == state or not self._set_state(state, allowed=allowed):
            return
        case = self.case_id
        case._message_log(body=self._get_verdict())
        if state == "kept":
            case._close_broken_promise_tasks()
        else:
            case._schedule_task(
                "credit_collection.mail_activity_type_promise_broken",
                note=self._get_verdict(),
            )

    def _get_verdict(self):
        values = {
            "promise": self.display_name,
            "missing": format_amount(self.env, self.amount_missing, self.currency_id),
        }
        if self.state == "kept":
            return self.env._("%(promise)s: kept.", **values)
        if self.state == "partial":
            return self.env._("%(promise)s: kept in part, %(missing)s are missing.", **values)
        return self.env._("%(promise)s: broken, nothing was paid.", **values)

    def _is_money_unmatched(self):
        """Return whether open credits of the customer, matched with nothing, cover the rest.

        Nobody is said to have broken his word while his money waits to be matched.
        """
        credit = self.case_id._get_open_credit(self.currency_id, until=self.date_deadline)
        return self.currency_id.compare_amounts(credit, self.amount_missing) >= 0

    def _get_paid_amounts(self):
        """Return what was reconciled with the items of each promise, dated up to its deadline.

        What had been reconciled before the promise was given does not count, but may be matched
        anew: so the difference to what was open then is taken.
        """
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT promise.id,
                           GREATEST(promise.amount_open - sum(line.amount_currency - COALESCE(
                               (SELECT sum(partial.debit_amount_currency)
                                  FROM account_partial_reconcile partial
                                  JOIN account_move_line credit
                                    ON credit.id = partial.credit_move_id
                                 WHERE partial.debit_move_id IN (
                                           SELECT line.id
                                        UNION ALL
                                           SELECT moved.id
                                             FROM account_move_line moved
                                            WHERE moved.collection_origin_line_id = line.id)
                                   AND NOT %(is_given_up)s
                                   AND credit.date <= promise.date_deadline), 0)), 0)
                      FROM credit_collection_promise promise
                      JOIN credit_collection_promise_line_rel rel ON rel.promise_id = promise.id
                      JOIN account_move_line line ON line.id = rel.move_line_id
                     WHERE promise.id = ANY(%(ids)s)
                  GROUP BY promise.id
                    """,
                    ids=list(self.ids),
                    is_given_up=self.env["account.move.line"]._collection_get_is_given_up_sql(),
                )
            )
        )

    def _get_fulfilled_dates(self):
        """Return the value date of the payment with which each promised amount was there."""
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT id, min(date)
                      FROM (
                               SELECT promise.id, credit.date,
                                      promise.amount + items.amount - promise.amount_open AS wanted,
                                      sum(partial.debit_amount_currency) OVER (
                                          PARTITION BY promise.id ORDER BY credit.date) AS paid
                                 FROM credit_collection_promise promise
                                 JOIN LATERAL (
                                          SELECT array_agg(line.id) AS ids,
                                                 sum(line.amount_currency) AS amount
                                            FROM credit_collection_promise_line_rel rel
                                            JOIN account_move_line line
                                              ON line.id = rel.move_line_id
                                           WHERE rel.promise_id = promise.id
                                      ) items ON TRUE
                                 JOIN account_partial_reconcile partial
                                   ON partial.debit_move_id IN (
                                          SELECT unnest(items.ids)
                                       UNION ALL
                                          SELECT moved.id
                                            FROM account_move_line moved
                                           WHERE moved.collection_origin_line_id = ANY(items.ids))
                                 JOIN account_move_line credit
                                   ON credit.id = partial.credit_move_id
                                WHERE promise.id = ANY(%(ids)s) AND NOT %(is_given_up)s
                           ) payment
                     WHERE paid >= wanted
                  GROUP BY id
                    """,
                    ids=list(self.ids),
                    is_given_up=self.env["account.move.line"]._collection_get_is_given_up_sql(),
                )
            )
        )

    @api.model
    def _cron_judge(self, batch_size=100):
        """Judge the promises whose deadline is over, and those that money entered late corrects."""
        found = self._find_to_judge()
        self.env["ir.cron"]._commit_progress(remaining=len(found))
        for ids in split_every(batch_size, found.ids):
            for company, promises in (
                self.browse(ids).try_lock_for_update().grouped("company_id").items()
            ):
                company._collection_speak(promises)._follow_ledger()
            self.env["ir.cron"]._commit_progress(len(ids))

    @api.model
    def _find_to_judge(self):
        today = fields.Date.context_today(self)
        over = self.search([("state", "=", "open"), ("date_deadline", "<", today)])
        judged = self.search(
            [
                ("state", "in", ("partial", "broken")),
                ("date_deadline", ">=", fields.Date.subtract(today, days=_CORRECTED_DAYS)),
            ]
        )
        paid = judged._get_paid_amounts()
        return over | judged.filtered(
            lambda promise: (
                promise.currency_id.compare_amounts(paid.get(promise.id, 0), promise.amount_kept)
                > 0
            )
        )

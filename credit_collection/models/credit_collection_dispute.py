import textwrap

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_amount, format_date

from ..long_date import format_long_date

_COLLECTORS = "credit_collection.credit_collection_group_user"
_TASK = "credit_collection.mail_activity_type_dispute"
_LATE_TASK = "credit_collection.mail_activity_type_dispute_late"
_ANSWER_LENGTH = 150  # of the answer on a letter: two lines of the table


class CreditCollectionDispute(models.Model):
    """An amount of an invoice that the customer disputes: it is held, the rest is collected.

    Somebody has to settle it by a day. It is accepted when its credit note is posted; rejected with
    an answer, which the next notice repeats; or withdrawn. It closes by itself with its invoice.
    """

    _name = "credit.collection.dispute"
    _description = "Dispute"
    _inherit = ["credit.collection.agreement"]
    _order = "date_deadline, id"
    _check_company_auto = True
    _hold_field = "dispute_id"

    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        domain="[('company_id', '=', company_id), ('commercial_partner_id', '=', partner_id),"
        " ('state', '=', 'posted'), ('move_type', 'in', ('out_invoice', 'out_receipt')),"
        " ('amount_residual', '>', 0)]",
    )
    currency_id = fields.Many2one(related="move_id.currency_id", store=True)
    amount = fields.Monetary(
        "Disputed",
        required=True,
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Only this part of the invoice is held; the rest goes on being collected.",
    )
    reason_id = fields.Many2one(
        "credit.collection.dispute.reason",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    department = fields.Char(related="reason_id.department")
    user_id = fields.Many2one(
        string="Settled by",
        default=None,
        compute="_compute_settler",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
    )
    date = fields.Date(
        "Opened on",
        required=True,
        readonly=True,
        default=fields.Date.context_today,
        copy=False,
    )
    date_deadline = fields.Date(
        "To be settled by",
        required=True,
        compute="_compute_settler",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    is_escalated = fields.Boolean(
        "Late", readonly=True, copy=False, help="The collector has a task to look into it."
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("cancel", "Withdrawn"),
        ],
        required=True,
        default="open",
        readonly=True,
        index=True,
        tracking=True,
        copy=False,
    )
    resolution = fields.Text(
        "Answer", copy=False, help="What the customer was told. The next notice says it again."
    )
    credit_note_id = fields.Many2one(
        "account.move",
        "Credit note",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        tracking=True,
        copy=False,
        domain="[('company_id', '=', company_id), ('commercial_partner_id', '=', partner_id),"
        " ('state', '!=', 'cancel'), ('move_type', '=', 'out_refund')]",
        help="The dispute is accepted when this credit note is posted.",
    )
    credit_note_state = fields.Selection(related="credit_note_id.state")
    amount_credited = fields.Monetary("Credited", readonly=True, copy=False)
    date_closed = fields.Date("Closed on", readonly=True, copy=False)
    date_resume = fields.Date("Reminded again from", readonly=True, copy=False)
    days_open = fields.Integer(
        "Days to settle", compute="_compute_days_open", store=True, aggregator="avg"
    )

    @api.depends("move_id", "reason_id.name")
    def _compute_display_name(self):
        for dispute in self:
            # whoever settles it may have no right to see invoices
            invoice, reason = dispute.move_id.sudo().name, dispute.reason_id.name
            dispute.display_name = f"{invoice}: {reason}" if invoice and reason else invoice or ""

    @api.depends("move_id")
    def _compute_amount(self):
        for dispute in self:
            others = dispute._get_others_open()
            dispute.amount = max(dispute.move_id.amount_residual - sum(others.mapped("amount")), 0)

    @api.depends("case_id", "reason_id")
    def _compute_settler(self):
        """Who settles it, by when: what is usual for this reason."""
        for dispute in self:
            case = dispute.case_id
            usual = dispute.reason_id.with_company(case.company_id).user_id
            if usual.active:
                dispute.user_id = usual
            else:
                dispute.user_id = case._get_collector() if case else self.env.user
            dispute.date_deadline = fields.Date.add(
                dispute.date or fields.Date.context_today(dispute), days=dispute.reason_id.days
            )

    @api.depends("date_closed")
    def _compute_days_open(self):
        for dispute in self:
            closed = dispute.date_closed
            dispute.days_open = (closed - dispute.date).days if closed else 0

    @api.constrains("amount", "case_id", "move_id")
    def _check_amount(self):
        for dispute in self:
            move, currency = dispute.move_id, dispute.currency_id
            if move.state != "posted" or move.move_type not in ("out_invoice", "out_receipt"):
                raise ValidationError(self.env._("Only a posted customer invoice can be disputed."))
            if move.commercial_partner_id != dispute.case_id.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s is not an invoice of %(customer)s.",
                        invoice=move.name,
                        customer=dispute.case_id.display_name,
                    )
                )
            if currency.compare_amounts(move.amount_residual, 0) <= 0:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s is paid: there is nothing left to dispute.", invoice=move.name
                    )
                )
            if currency.compare_amounts(dispute.amount, 0) <= 0:
                raise ValidationError(self.env._("Say which amount is disputed: more than zero."))
            others = sum(dispute._get_others_open().mapped("amount"))
            if currency.compare_amounts(dispute.amount + others, move.amount_residual) <= 0:
                continue
            if others:
                raise ValidationError(
                    self.env._(
                        "%(others)s of the %(open)s that are open on %(invoice)s are disputed "
                        "already: dispute at most the rest.",
                        others=format_amount(self.env, others, currency),
                        open=format_amount(self.env, move.amount_residual, currency),
                        invoice=move.name,
                    )
                )
            raise ValidationError(
                self.env._(
                    "Only %(open)s are open on %(invoice)s: dispute that, or less.",
                    open=format_amount(self.env, move.amount_residual, currency),
                    invoice=move.name,
                )
            )

    @api.constrains("user_id")
    def _check_user_id(self):
        for dispute in self:
            if not dispute._is_workable_by(dispute.user_id):
                raise ValidationError(
                    self.env._(
                        "%(user)s may not work on disputes: choose somebody else, or ask for the "
                        "right to settle disputes.",
                        user=dispute.user_id.name,
                    )
                )

    @api.constrains("credit_note_id")
    def _check_credit_note_id(self):
        for dispute in self:
            note = dispute.credit_note_id
            if note and (
                note.move_type != "out_refund"
                or note.state == "cancel"
                or note.commercial_partner_id != dispute.case_id.partner_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(document)s is not a credit note for %(customer)s.",
                        document=note.display_name,
                        customer=dispute.case_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        Dispute = self.with_context(mail_auto_subscribe_no_notify=True)  # a task tells it
        disputes = super(CreditCollectionDispute, Dispute).create(
            [self._complete_vals(vals) for vals in vals_list]
        )
        for dispute in disputes.sudo().with_context(mail_auto_subscribe_no_notify=False):
            dispute._open()
        return disputes.with_env(self.env)

    @api.model
    def _complete_vals(self, vals):
        """Return the values of a new dispute, with the case of its invoice."""
        if not self.env.su and any(vals.get(name) for name in self._get_judged_fields()):
            raise UserError(self.env._("A dispute begins as an open one, today."))
        if vals.get("case_id") or not vals.get("move_id"):
            return vals
        move = self.env["account.move"].browse(vals["move_id"])
        case = self.env["credit.collection.case"]._get_for_partner(move.partner_id, move.company_id)
        return {**vals, "case_id": case.id}

    def write(self, vals):
        if not self.env.su:
            self._check_written(vals)
        Dispute = self.with_context(mail_auto_subscribe_no_notify=True)
        res = super(CreditCollectionDispute, Dispute).write(vals)
        if {"user_id", "date_deadline", "reason_id"} & vals.keys():
            self.sudo()._hand_over()  # holds and tasks are the dispute's own
        if vals.get("credit_note_id"):
            self.sudo()._accept_credited()
        return res

    def _check_written(self, vals):
        """A closed dispute stays as it is; whoever only settles disputes writes the answer."""
        if self._get_open_fields() & vals.keys() and any(one.state != "open" for one in self):
            raise UserError(self.env._("This dispute is closed: open another one."))
        if not self.env.user.has_group(_COLLECTORS) and vals.keys() - {"resolution"}:
            raise AccessError(self.env._("Write the answer; the collector does the rest."))

    @api.model
    def _get_open_fields(self):
        """Return the fields that may be changed as long as the dispute is open."""
        return {"credit_note_id", "date_deadline", "note", "reason_id", "resolution", "user_id"}

    @api.model
    def _get_judged_fields(self):
        return super()._get_judged_fields() | {
            "amount_credited",
            "credit_note_id",
            "date",
            "date_closed",
            "date_resume",
            "days_open",
            "is_escalated",
        }

    @api.model
    def _get_protected_fields(self):
        later = self._get_judged_fields() - {"credit_note_id"}
        return super()._get_protected_fields() | later | {"amount", "currency_id", "move_id"}

    def _read_group_select(self, aggregate_spec, query):
        """An open dispute has no days to settle yet: averages leave it out."""
        sql = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec == "days_open:avg":
            state = self._field_to_sql(self._table, "state", query)
            return SQL("%s FILTER (WHERE %s != 'open')", sql, state)
        return sql

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_accept(self):
        """Write the credit note, unless there is one; the dispute is accepted with its posting."""
        self.ensure_one()
        self._check_collector()
        if self.state != "open":
            return None
        if self.credit_note_id.state not in ("draft", "posted"):
            self.credit_note_id = self._create_credit_note()
        return self.action_open_credit_note()

    def action_reject(self):
        """Close with an answer: dunning resumes after the days that the company leaves."""
        self._check_collector()
        running = self.filtered(lambda one: one.state == "open")
        for dispute in running:
            if not (dispute.resolution or "").strip():
                raise UserError(
                    self.env._(
                        "Write what you answered the customer about %(invoice)s: "
                        "the next reminder says it again.",
                        invoice=dispute.move_id.name,
                    )
                )
        today = fields.Date.context_today(self)
        for company, disputes in running.grouped("company_id").items():
            days = company.sudo().collection_dispute_resume_days
            disputes._close("rejected", date_resume=fields.Date.add(today, days=days))

    def action_cancel(self):
        """The customer has withdrawn it: the whole invoice is collected again."""
        self._check_collector()
        self._close("cancel")

    def action_open_credit_note(self):
        self.ensure_one()
        return self.credit_note_id._get_records_action(context={"default_move_type": "out_refund"})

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _check_collector(self):
        """Who settles a dispute writes the answer; its outcome is for who works the case."""
        self.case_id.check_access("write")

    def _is_workable_by(self, user):
        """Return whether a user may settle the dispute, whatever companies are at work now."""
        company = self.company_id
        return company in user.company_ids and self.with_user(user).with_context(
            allowed_company_ids=company.ids
        ).has_access("write")

    def _get_others_open(self):
        """Return the other open disputes on the same invoice."""
        self.ensure_one()
        return self.search(
            [
                ("move_id", "=", self.move_id.id),
                ("state", "=", "open"),
                ("id", "!=", self._origin.id),
            ]
        )

    def _open(self):
        """Hold the disputed amount, tell everybody, and give who settles it a task."""
        self._place_hold("dispute", False, move_id=self.move_id.id, amount=self.amount)
        self._log(
            self.env._(
                "%(amount)s of %(invoice)s is disputed: %(reason)s. "
                "%(user)s settles it by %(date)s.",
                reason=self.reason_id.name,
                user=self.user_id.name,
                date=format_date(self.env, self.date_deadline),
                **self._get_words(),
            )
        )
        self.activity_schedule(
            _TASK, self.date_deadline, summary=self.display_name, user_id=self.user_id.id
        )

    def _hand_over(self):
        """The hold and the task follow who settles the dispute, and by when."""
        for dispute in self.filtered(lambda one: one.state == "open"):
            dispute._get_holds().user_id = dispute.user_id
            for task in dispute.activity_ids.filtered("automated"):
                if task.user_id != dispute.user_id:
                    task.user_id = dispute.user_id
                task.date_deadline = dispute.date_deadline

    def _close(self, state, **vals):
        """Close the open ones among these; return them."""
        today = fields.Date.context_today(self)
        closed = self._set_state(state, allowed=("open",), date_closed=today, **vals)
        for dispute in closed.sudo():
            dispute.activity_ids.filtered("automated").action_feedback()
            dispute._log(dispute._describe_outcome())
        closed.sudo()._close_late_tasks()
        if state != "accepted":
            closed.sudo()._cancel_draft_note()  # it was written for this dispute alone
        return closed

    def _cancel_draft_note(self):
        """Cancel the credit notes that were prepared for nothing."""
        notes = self.credit_note_id.filtered(lambda note: note.state == "draft")
        wanted = self.search([("credit_note_id", "in", notes.ids), ("state", "=", "open")])
        (notes - wanted.credit_note_id).button_cancel()

    @api.model
    def _reopen_without(self, notes):
        """Open again what these credit notes had settled: they were cancelled."""
        settled = self.search([("credit_note_id", "in", notes.ids), ("state", "=", "accepted")])
        settled.write({"state": "open", "amount_credited": 0, "date_closed": False})
        for dispute in settled:
            dispute._open()

    def _close_late_tasks(self):
        """Close the tasks of the collectors that no other late dispute of the customer needs."""
        late_type = self.env.ref(_LATE_TASK)
        still = self.search(
            [
                ("case_id", "in", self.case_id.ids),
                ("state", "=", "open"),
                ("is_escalated", "=", True),
            ]
        )
        tasks = (self.case_id - still.case_id).activity_ids.filtered(
            lambda task: task.automated and task.activity_type_id == late_type
        )
        if tasks:
            tasks.action_feedback(feedback=self.env._("Closed by itself: the dispute is settled."))

    def _end_holds(self):
        """A rejected dispute holds for some days more: the answer has to arrive first."""
        today = fields.Date.context_today(self)
        later = self.filtered(lambda one: one.date_resume and one.date_resume > today)
        for date_resume, disputes in later.grouped("date_resume").items():
            disputes._get_holds().date_end = date_resume
        return super(CreditCollectionDispute, self - later)._end_holds()

    def _follow_ledger(self):
        """Close what its invoice has settled; tell the collector what is late."""
        self._accept_credited()
        for dispute in self.filtered(lambda one: one.state == "open"):
            move = dispute.move_id
            if move.state == "cancel":
                dispute._close_by_itself(self.env._("Closed by itself: the invoice was cancelled."))
            elif move.state == "posted" and move.currency_id.is_zero(move.amount_residual):
                dispute._close_paid()
        self._escalate()

    def _close_paid(self):
        """Accept what credit notes have paid since the dispute began; the rest was withdrawn."""
        notes = self._get_credit_notes()
        credited = self._get_credited(notes)
        if self.currency_id.is_zero(credited):
            self._close_by_itself(self.env._("Closed by itself: paid."))
        else:
            self._close("accepted", amount_credited=credited, credit_note_id=notes[:1].id)

    def _close_by_itself(self, why):
        self._close("cancel", resolution=self.resolution or why)

    def _escalate(self):
        """Give the collector a task about disputes that are late, once."""
        today = fields.Date.context_today(self)
        late = self.filtered(
            lambda one: one.state == "open" and not one.is_escalated and one.date_deadline < today
        )
        late.is_escalated = True
        for case, disputes in late.grouped("case_id").items():
            note = ", ".join(disputes.mapped("display_name"))
            case._schedule_task(_LATE_TASK, note=note)

    @api.model
    def _get_follow_domain(self):
        today = fields.Date.context_today(self)
        return Domain("state", "=", "open") & (
            Domain("date_deadline", "<", today) & Domain("is_escalated", "=", False)
            | Domain("credit_note_id.state", "=", "posted")
            | Domain("move_id.state", "=", "cancel")
            | Domain("move_id.state", "=", "posted") & Domain("move_id.amount_residual", "=", 0)
        )

    @api.model
    def _cron_follow(self, batch_size=100):
        """Tell the collectors what is late, and close what is settled."""
        domain = self._get_follow_domain()
        disputes = self.search(domain, limit=batch_size).try_lock_for_update()
        disputes.filtered_domain(domain)._follow_ledger()
        self.env["ir.cron"]._commit_progress(
            len(disputes), remaining=self.search_count(domain) if disputes else 0
        )

    # -------------------------------------------------------------------------
    # Credit notes
    # -------------------------------------------------------------------------

    def _create_credit_note(self):
        """Return a draft of the credit note: the reversal of the invoice, or of a part of it."""
        self.ensure_one()
        move = self.move_id
        reason = self.reason_id.with_context(lang=move.partner_id.lang).name
        wizard = (
            self.env["account.move.reversal"]
            .with_company(move.company_id)
            .with_context(active_model=move._name, active_ids=move.ids)
            .create({"reason": reason, "journal_id": move.journal_id.id})
        )
        wizard.refund_moves()
        note = wizard.new_move_ids.with_env(self.env)
        if self.currency_id.compare_amounts(self.amount, move.amount_total) != 0:
            note.invoice_line_ids = [
                Command.clear(),
                *map(Command.create, self._prepare_credit_lines_vals(reason)),
            ]
            self._adjust_credit_note(note)
        return note

    def _prepare_credit_lines_vals(self, reason):
        """Return a line for each account and set of taxes of the invoice, in proportion."""
        move = self.move_id
        share = self.amount / move.amount_total
        products = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        groups = products.grouped(
            lambda line: (line.account_id, line.tax_ids, str(line.analytic_distribution))
        )
        return [
            {
                "name": f"{move.name}: {reason}",
                "quantity": 1,
                "price_unit": self.currency_id.round(
                    share
                    * sum(one.price_unit * one.quantity * (1 - one.discount / 100) for one in lines)
                ),
                "account_id": account.id,
                "tax_ids": [Command.set(taxes.ids)],
                "analytic_distribution": lines[0].analytic_distribution,
            }
            for (account, taxes, _analytic), lines in groups.items()
        ]

    def _adjust_credit_note(self, note):
        """Make the total of a draft what is disputed, to the cent: rounding may have moved it."""
        missing = self._get_missing(note)
        line = note.invoice_line_ids.sorted("price_total")[-1:]
        if missing and line.price_total:
            line.price_unit += self.currency_id.round(
                missing * line.price_subtotal / line.price_total
            )
        missing = self._get_missing(note)
        tax_line = note.line_ids.filtered("tax_line_id").sorted(lambda one: abs(one.balance))[-1:]
        if missing and tax_line:
            amount = tax_line.amount_currency + note.direction_sign * missing
            note.line_ids = [Command.update(tax_line.id, {"amount_currency": amount})]

    def _get_missing(self, note):
        return self.currency_id.round(self.amount - note.amount_total)

    def _accept_credited(self):
        """Accept the disputes whose credit note is posted, and match it with the invoice."""
        for dispute in self:
            note = dispute.credit_note_id
            if dispute.state == "open" and note.state == "posted":
                dispute._match(note)
                dispute._close("accepted", amount_credited=dispute._get_credited(note))

    def _match(self, note):
        """Match a credit note with the invoice, as far as Odoo has not done so."""
        lines = (self.move_id | note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        for same in lines.grouped("account_id").values():
            if len(same.move_id) > 1:
                same.reconcile()

    def _get_credit_notes(self):
        """Return the credit notes that have lowered the invoice since the dispute began."""
        partials = self.move_id.line_ids.matched_credit_ids.filtered(
            lambda part: part.max_date >= self.date
        )
        notes = partials.credit_move_id.move_id.filtered(lambda one: one.move_type == "out_refund")
        return self.credit_note_id & notes or notes

    def _get_credited(self, notes):
        """Return what these credit notes have settled of the disputed amount.

        What they have settled of other disputes does not count twice.
        """
        partials = self.move_id.line_ids.matched_credit_ids.filtered(
            lambda part: part.credit_move_id.move_id in notes
        )
        others = (self.move_id.collection_dispute_ids - self).filtered(
            lambda one: one.credit_note_id in notes
        )
        credited = sum(partials.mapped("debit_amount_currency"))
        left = self.currency_id.round(credited - sum(others.mapped("amount_credited")))
        return max(min(left, self.amount), 0)

    # -------------------------------------------------------------------------
    # Words
    # -------------------------------------------------------------------------

    def _get_words(self):
        return {
            "amount": format_amount(self.env, self.amount, self.currency_id),
            "invoice": self.move_id.name,
        }

    def _describe_outcome(self):
        self.ensure_one()
        words = self._get_words()
        if self.state == "accepted":
            return self.env._(
                "The dispute about %(amount)s of %(invoice)s is accepted: %(credited)s credited.",
                credited=format_amount(self.env, self.amount_credited, self.currency_id),
                **words,
            )
        if self.state == "rejected":
            return self.env._(
                "The dispute about %(amount)s of %(invoice)s is rejected; it is reminded again "
                "from %(date)s. Answer: %(answer)s",
                date=format_date(self.env, self.date_resume),
                answer=self.resolution,
                **words,
            )
        return self.env._(
            "The dispute about %(amount)s of %(invoice)s is withdrawn. %(why)s",
            why=self.resolution or "",
            **words,
        ).strip()

    def _log(self, body):
        """Note what happened where people look: on the case, the invoice, and the dispute."""
        self.ensure_one()
        dispute = self.sudo()  # whoever settles it may have no right to see the case
        dispute._message_log(body=body)
        dispute.case_id._log(body, dispute.move_id)

    def _is_answer_due(self, date_last_notice, today):
        """Return whether a notice of the day says how the dispute was answered.

        Each does, from the rejection until one was sent that claims the amount again.
        """
        return (
            self.state == "rejected"
            and self.date_closed <= today
            and (not date_last_notice or date_last_notice < self.date_resume)
        )

    def _get_answer(self, writer):
        """Return how the dispute was answered, in one line, for a letter."""
        return writer.env._(
            "Your complaint about %(amount)s was answered on %(date)s: %(answer)s",
            amount=writer.amount(self.amount, self.currency_id),
            date=format_long_date(writer.env, self.date_closed),
            answer=textwrap.shorten(self.resolution, _ANSWER_LENGTH, placeholder=" …"),
        )

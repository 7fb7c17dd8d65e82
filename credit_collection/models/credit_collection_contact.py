from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..const import CONTACT_CHANNELS, SPOKEN_CONTACTS
from ..tools.working_days import add_working_days
from .credit_collection_contact_outcome import NEXT_STEPS


class CreditCollectionContact(models.Model):
    """A call, a visit, a letter or an e-mail between a customer and us, and what came of it.

    Calls and visits are written down by whoever made them. What notices send and what customers
    write is noted by itself.
    """

    _name = "credit.collection.contact"
    _description = "Contact with a Customer"
    _order = "date desc, id desc"
    _check_company_auto = True

    case_id = fields.Many2one(
        "credit.collection.case", "Customer", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    contact_id = fields.Many2one(
        "res.partner",
        "Person",
        ondelete="set null",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="Who was spoken to, or has written.",
    )
    date = fields.Datetime("When", required=True, default=fields.Datetime.now)
    direction = fields.Selection(
        [("out", "We to them"), ("in", "They to us")], required=True, default="out"
    )
    channel = fields.Selection(CONTACT_CHANNELS, "By", required=True, default="call")
    outcome_id = fields.Many2one(
        "credit.collection.contact.outcome", index="btree_not_null", ondelete="restrict"
    )
    note = fields.Text("What was said")
    user_id = fields.Many2one(
        "res.users", "Collector", default=lambda self: self.env.user, readonly=True, index=True
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_contact_line_rel",
        "contact_id",
        "move_line_id",
        "About",
        domain="[('partner_id.commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('account_id.account_type', '=', 'asset_receivable'),"
        " ('parent_state', '=', 'posted'), ('amount_residual_currency', '>', 0)]",
        check_company=True,
        help="Leave empty when it was about everything.",
    )
    date_next = fields.Date(
        "Next action on",
        compute="_compute_date_next",
        store=True,
        readonly=False,
        precompute=True,
        help="The customer is on the list again from this day on.",
    )
    delivery_id = fields.Many2one(
        "credit.collection.delivery", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    dunning_id = fields.Many2one(related="delivery_id.dunning_id", string="Notice")
    mail_message_id = fields.Many2one(
        "mail.message", "E-mail", readonly=True, index="btree_not_null", ondelete="set null"
    )
    is_to_read = fields.Boolean("To read", readonly=True, help="An answer that nobody has read.")

    _case_date_idx = models.Index("(case_id, date DESC)")
    _to_read_idx = models.Index("(case_id) WHERE is_to_read")

    @api.depends("outcome_id", "channel", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for contact in self:
            parts = (channels.get(contact.channel), contact.outcome_id.name)
            contact.display_name = ", ".join(filter(None, parts))

    @api.depends("outcome_id")
    def _compute_date_next(self):
        today = fields.Date.context_today(self)
        for contact in self:
            contact.date_next = contact._get_proposed_day(today)

    def _get_proposed_day(self, day):
        """Return when the outcome of a contact on this day puts the customer on the list again.

        What asks for a promise, a plan or a dispute brings him back the next working day, unless
        that was entered.
        """
        outcome = self.outcome_id
        days = outcome.days or int(bool(outcome.next_step))
        return days and add_working_days(day, days, self.company_id.country_id.code)

    @api.constrains("date")
    def _check_date(self):
        now = fields.Datetime.now()
        if any(contact.date > now for contact in self):
            raise ValidationError(
                self.env._("A contact is written down when it took place: enter a time up to now.")
            )

    @api.constrains("outcome_id", "channel", "direction")
    def _check_outcome_id(self):
        for contact in self:
            if contact.channel in SPOKEN_CONTACTS and not (
                contact.outcome_id or contact.delivery_id
            ):
                raise ValidationError(self.env._("Choose what came of it."))

    @api.constrains("contact_id")
    def _check_contact_id(self):
        for contact in self.filtered("contact_id"):
            if contact.contact_id.commercial_partner_id != contact.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is not a contact of %(customer)s.",
                        contact=contact.contact_id.display_name,
                        customer=contact.case_id.display_name,
                    )
                )

    @api.constrains("move_line_ids")
    def _check_move_line_ids(self):
        for contact in self:
            for line in contact.move_line_ids:
                if not line._collection_is_claim_on(contact.case_id):
                    raise ValidationError(
                        self.env._(
                            "%(invoice)s is not an invoice of %(customer)s.",
                            invoice=line.move_id.name,
                            customer=contact.case_id.display_name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        own = self._get_automatic_fields()
        if not self.env.su and any(own & vals.keys() for vals in vals_list):
            raise UserError(self.env._("This is noted by itself."))
        contacts = super().create(vals_list)
        contacts._follow_up()
        return contacts

    def write(self, vals):
        if not self.env.su and (self._get_automatic_fields() | {"case_id", "date"}) & vals.keys():
            raise UserError(self.env._("What took place is not changed afterwards: add a note."))
        if not self.env.su and any(one._is_kept_as_it_was() for one in self):
            raise UserError(self.env._("What was sent or received is kept as it was."))
        res = super().write(vals)
        if "date_next" in vals or "outcome_id" in vals:
            self._get_latest()._set_next_action()
            self.case_id._update_priorities()
        return res

    def _is_kept_as_it_was(self):
        """Return whether it was sent or received; what a person wrote down, he may correct."""
        self.ensure_one()
        return bool(self.mail_message_id or (self.delivery_id and not self.outcome_id))

    @api.model
    def _get_automatic_fields(self):
        """Return what nobody writes: what is noted by itself, and who noted it."""
        return {"company_id", "delivery_id", "is_to_read", "mail_message_id", "user_id"}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if not self.env.su:
            raise UserError(
                self.env._("It is part of the file of the customer: correct the note instead.")
            )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_next_step(self):
        """Open what the outcome asks to be entered; close the dialog when it asks for nothing.

        What was said is taken along.
        """
        self.ensure_one()
        button = NEXT_STEPS.get(self.outcome_id.next_step)
        if not button:
            return {"type": "ir.actions.act_window_close"}
        action = getattr(self.case_id, button)()
        return action | {"context": action["context"] | {"default_note": self.note}}

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _follow_up(self):
        """Let the cases know: when the customer was contacted, and when it is his turn again."""
        self._set_next_action()
        self._finish_calls()
        self.case_id._note_contacts()
        self.case_id._update_priorities()

    def _set_next_action(self):
        """The last word said about a customer sets his next day."""
        for contact in self.filtered(lambda one: one.outcome_id or one.date_next):
            contact.case_id.sudo().date_next_action = contact.date_next

    def _is_step_awaited(self):
        """Return whether the next day is there only until what the outcome asks for is entered."""
        self.ensure_one()
        if not self.outcome_id.next_step or self.outcome_id.days:
            return False
        said_on = fields.Datetime.context_timestamp(self, self.date).date()
        return self.date_next == self._get_proposed_day(said_on)

    def _get_latest(self):
        """Return those of these contacts that no later one follows."""
        latest = self._read_group([("case_id", "in", self.case_id.ids)], ["case_id"], ["id:max"])
        return self.filtered(lambda one: (one.case_id, one.id) in latest)

    def _finish_calls(self):
        """A call that somebody was reached by is the one that a level, or a task, asked for.

        When nobody was, they ask for it again on the day that the outcome says.
        """
        today = fields.Date.context_today(self)
        for contact in self.filtered(lambda one: one.channel == "call" and one.outcome_id):
            waiting = contact.case_id.activity_ids._get_dunning_calls()
            others = contact._get_tasks_to_call(today) - waiting.activity_id
            if contact.outcome_id.is_reached:
                contact.sudo().delivery_id = waiting[:1]
                tasks = waiting.activity_id.with_context(credit_collection_contact_logged=True)
                tasks.action_feedback(feedback=contact.note or contact.outcome_id.name)
                others.action_feedback(feedback=contact.display_name)
            elif contact.date_next and contact.date_next > today:
                others.date_deadline = contact.date_next

    def _get_tasks_to_call(self, day):
        """Return the tasks that asked for a call on this day: the module's, and the user's own."""
        self.ensure_one()
        tasks = self.case_id.activity_ids.browse()
        if fields.Datetime.context_timestamp(self, self.date).date() == day:
            tasks = self.case_id.activity_ids.filtered(
                lambda task: (
                    task.activity_type_id.category == "phonecall"
                    and task.date_deadline <= day
                    and (task.automated or task.user_id == self.env.user)
                )
            )
        return tasks.sudo()  # a colleague who is absent has the module's tasks, too

    @api.model
    def _log_deliveries(self, deliveries):
        """Note what notices have sent: one statement for all of them."""
        if self.env.context.get("credit_collection_contact_logged"):
            return  # whoever made the call has written it down already
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO credit_collection_contact (
                           case_id, company_id, contact_id, date, direction, channel, note, user_id,
                           delivery_id, mail_message_id, create_uid, create_date, write_uid,
                           write_date)
                    SELECT dunning.case_id, dunning.company_id, dunning.partner_id,
                           delivery.date_sent, 'out',
                           CASE WHEN delivery.channel = ANY(%(channels)s)
                                THEN delivery.channel ELSE 'other' END,
                           NULL, NULLIF(delivery.sent_by_id, %(robot)s), delivery.id,
                           delivery.mail_message_id,
                           %(uid)s, %(now)s, %(uid)s, %(now)s
                      FROM credit_collection_delivery delivery
                      JOIN credit_collection_dunning dunning ON dunning.id = delivery.dunning_id
                     WHERE delivery.id = ANY(%(ids)s)
                """,
                ids=list(deliveries.ids),
                channels=[channel for channel, _label in CONTACT_CHANNELS],
                robot=SUPERUSER_ID,
                uid=self.env.uid,
                now=self.env.cr.now(),
            )
        )
        self.invalidate_model()
        deliveries.dunning_id.case_id._note_contacts()

    @api.model
    def _forget_deliveries(self, deliveries):
        """What came back has reached nobody: it was no contact."""
        contacts = self.sudo().search([("delivery_id", "in", deliveries.ids)])
        cases = contacts.case_id
        contacts.unlink()
        cases._note_contacts()

    @api.model
    def _log_answer(self, case, message):
        """Note that a customer has written: the case is raised until somebody has read it."""
        author = message.author_id
        is_his = author.commercial_partner_id == case.partner_id
        return self.sudo().create(
            {
                "case_id": case.id,
                "contact_id": author.id if is_his else False,
                "direction": "in",
                "channel": "email",
                "note": message.subject or message.preview,
                "user_id": False,
                "mail_message_id": message.id,
                "is_to_read": True,
            }
        )

from odoo import api, fields, models
from odoo.tools import SQL


class CreditCollectionContacted(models.AbstractModel):
    """The part of a case that is about speaking with its customer: when, and when again."""

    _name = "credit.collection.contacted"
    _description = "Customer to Speak with"

    contact_ids = fields.One2many("credit.collection.contact", "case_id", "Contacts", readonly=True)
    contact_count = fields.Integer(compute="_compute_contact_count")
    answer_count = fields.Integer("Answers to read", compute="_compute_answer_count")
    date_last_contact = fields.Date(
        "Last contact", readonly=True, help="The last time that either side has called or written."
    )
    date_next_action = fields.Date(
        "Next action on",
        index="btree_not_null",
        help="Set by the outcome of the last call, or by hand: from this day on the customer is "
        "among those to call.",
    )

    @api.depends("contact_ids")
    def _compute_contact_count(self):
        groups = self.env["credit.collection.contact"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        counts = {case.id: count for case, count in groups}
        for case in self:
            case.contact_count = counts.get(case.id, 0)

    @api.depends("contact_ids.is_to_read")
    def _compute_answer_count(self):
        groups = self.env["credit.collection.contact"]._read_group(
            [("case_id", "in", self.ids), ("is_to_read", "=", True)], ["case_id"], ["__count"]
        )
        counts = {case.id: count for case, count in groups}
        for case in self:
            case.answer_count = counts.get(case.id, 0)

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_contact(self):
        """Write down a call, and what came of it."""
        self.ensure_one()
        self.env["credit.collection.contact"].check_access("create")
        return self._open_new(
            self.env._("Log a call"),
            "credit.collection.contact",
            default_contact_id=self.call_partner_ids.filtered(lambda one: not one.is_company)[
                :1
            ].id,
            default_move_line_ids=self._get_ticked_items().move_line_id.ids,
        )

    def action_open_contacts(self):
        self.ensure_one()
        action = self._open("credit_collection_contact_action", [("case_id", "=", self.id)])
        return action | {"context": {"default_case_id": self.id}}

    def action_read_answers(self):
        """The answers of these customers were read."""
        self.check_access("write")
        answers = self.env["credit.collection.contact"].search(
            [("case_id", "in", self.ids), ("is_to_read", "=", True)]
        )
        answers.sudo().is_to_read = False  # what was received is nobody's to change but for this
        self._update_priorities()

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _note_contacts(self):
        """Note when these customers were contacted last: one statement for all of them."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE credit_collection_case cases
                   SET date_last_contact = (
                           SELECT max(contact.date)::date FROM credit_collection_contact contact
                            WHERE contact.case_id = cases.id)
                 WHERE cases.id = ANY(%s)
                """,
                list(self.ids),
            )
        )
        self.invalidate_model(["date_last_contact"])

    def _finish_next_step(self):
        """What the last call asked for was entered: nobody has to come back to it."""
        for case in self.sudo():  # who enters a dispute need not be a collector
            contact = case.contact_ids.filtered("outcome_id")[:1]
            if (
                contact
                and contact._is_step_awaited()
                and case.date_next_action == contact.date_next
            ):
                case.date_next_action = False

    def _message_post_after_hook(self, message, msg_vals):
        """What a customer writes about his case is an answer that somebody has to read."""
        res = super()._message_post_after_hook(message, msg_vals)
        author = message.author_id.sudo()
        if message.message_type == "email" and (not author or author.partner_share):
            self.env["credit.collection.contact"]._log_answer(self, message)
        return res

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CreditCollectionMoveFirstReminder(models.TransientModel):
    """A manager vouches for a free first reminder that was sent by other means."""

    _name = "credit.collection.move.first.reminder"
    _description = "First Reminder Sent Elsewhere"

    move_ids = fields.Many2many("account.move", string="Invoices", required=True)
    date = fields.Date("Sent on", required=True)
    channel = fields.Selection(
        [("letter", "By letter"), ("email", "By e-mail")], "Sent", required=True, default="letter"
    )
    reason = fields.Char(
        "Proof", required=True, help="How it can be shown that it was sent, and what it said."
    )

    @api.constrains("date")
    def _check_date(self):
        today = fields.Date.context_today(self)
        if any(one.date > today for one in self):
            raise ValidationError(self.env._("Enter the day on which the reminder was sent."))

    def action_record(self):
        self.ensure_one()
        self.move_ids._collection_record_first_reminder(
            self.date, self.channel == "letter", self.reason
        )

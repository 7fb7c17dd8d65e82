from odoo import fields, models

# what a person does next about a customer, and the button of the case that does it
NEXT_STEPS = {
    "promise": "action_promise",
    "plan": "action_payment_plan",
    "dispute": "action_dispute",
    "hold": "action_hold",
    "handover": "action_handover_wizard",
}


class CreditCollectionContactOutcome(models.Model):
    """What came of a call or a visit, when to try again, and what to enter at once."""

    _name = "credit.collection.contact.outcome"
    _description = "Outcome of a Contact"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_reached = fields.Boolean(
        "Reached",
        help="Somebody was spoken to: a call that a level asks for is made then.",
    )
    days = fields.Integer(
        "Next action after",
        help="Working days until the customer is on the list again. With zero he is on it the next "
        "working day, unless what is to be entered then was entered; if nothing is to be entered, "
        "he is not on it.",
    )
    next_step = fields.Selection(
        [
            ("promise", "Enter a promise"),
            ("plan", "Draw up a payment plan"),
            ("dispute", "Enter a dispute"),
            ("hold", "Put on hold"),
            ("handover", "Make a hand-over file"),
        ],
        "Then",
        help="What opens when this outcome is saved.",
    )

    _days_positive = models.Constraint("CHECK (days >= 0)", "A number of days cannot be negative.")

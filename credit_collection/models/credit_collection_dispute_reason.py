from odoo import fields, models


class CreditCollectionDisputeReason(models.Model):
    """What customers dispute, and who usually settles it, within how many days."""

    _name = "credit.collection.dispute.reason"
    _description = "Reason of a Dispute"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    department = fields.Char(translate=True, help="For the statistics.")
    user_id = fields.Many2one(
        "res.users",
        "Settled by",
        company_dependent=True,
        domain="[('share', '=', False)]",
        help="The collector of the customer when empty.",
    )
    days = fields.Integer("Days to settle it", default=7)

    _days_positive = models.Constraint("CHECK (days >= 0)", "A number of days cannot be negative.")

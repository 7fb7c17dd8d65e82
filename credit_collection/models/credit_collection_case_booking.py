from odoo import fields, models


class CreditCollectionCaseBooking(models.AbstractModel):
    """What a manager decided about a customer's debt, and the entry that books it.

    A write-off, or a provision. It is made by its wizard, with the entry, and undone by a reversal.
    """

    _name = "credit.collection.case.booking"
    _description = "Entry about the Debt of a Customer"
    _order = "date desc, id desc"
    _rec_name = "move_id"
    _check_company_auto = True

    case_id = fields.Many2one(
        "credit.collection.case",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date("Accounting date", required=True, readonly=True)
    reason = fields.Text(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users",
        "Decided by",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
    )
    move_id = fields.Many2one(
        "account.move",
        "Entry",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )

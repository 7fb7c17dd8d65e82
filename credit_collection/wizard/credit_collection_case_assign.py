from odoo import fields, models


class CreditCollectionCaseAssign(models.TransientModel):
    _name = "credit.collection.case.assign"
    _description = "Assign Collection Cases"

    case_ids = fields.Many2many("credit.collection.case", required=True)
    user_id = fields.Many2one(
        "res.users", "Collector", required=True, domain=[("share", "=", False)]
    )

    def action_assign(self):
        self.case_ids.user_id = self.user_id

from odoo import fields, models


class CreditCollectionPaymentPlanDecline(models.TransientModel):
    _name = "credit.collection.payment.plan.decline"
    _description = "Decline a Payment Plan"

    plan_id = fields.Many2one("credit.collection.payment.plan", required=True, ondelete="cascade")
    reason = fields.Char(required=True)

    def action_decline(self):
        self.plan_id._decline(self.reason)

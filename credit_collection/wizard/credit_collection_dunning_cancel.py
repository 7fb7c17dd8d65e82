from odoo import fields, models


class CreditCollectionDunningCancel(models.TransientModel):
    _name = "credit.collection.dunning.cancel"
    _description = "Cancel Dunning Notices"

    dunning_ids = fields.Many2many("credit.collection.dunning", required=True)
    reason = fields.Char(required=True)

    def action_cancel(self):
        self.dunning_ids._cancel(self.reason)

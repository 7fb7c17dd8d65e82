from odoo import fields, models


class CreditCollectionDunningOverride(models.TransientModel):
    """A manager has a notice sent that the law refuses, and answers for it."""

    _name = "credit.collection.dunning.override"
    _description = "Override What the Law Refuses"

    dunning_id = fields.Many2one(
        "credit.collection.dunning", "Notice", required=True, readonly=True, ondelete="cascade"
    )
    refused = fields.Char(compute="_compute_refused")
    reason = fields.Char(required=True)

    def _compute_refused(self):
        for wizard in self:
            dunning = wizard.dunning_id
            wizard.refused = dunning._get_refused(dunning._get_posting_refusals())

    def action_override(self):
        self.ensure_one()
        self.dunning_id._override(self.reason)

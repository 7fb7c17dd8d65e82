from odoo import fields, models


class CreditCollectionChargeDecide(models.TransientModel):
    """Waive, reinstate or reverse charges, with a reason."""

    _name = "credit.collection.charge.decide"
    _description = "Decide on Charges"

    charge_ids = fields.Many2many("credit.collection.charge", string="Charges", required=True)
    decision = fields.Selection(
        [("waive", "Waive"), ("reinstate", "Reinstate"), ("reverse", "Reverse")],
        required=True,
        readonly=True,
    )
    reason = fields.Char(required=True)

    def action_decide(self):
        self.ensure_one()
        self.charge_ids.check_access("write")
        getattr(self.charge_ids, f"_{self.decision}")(self.reason)

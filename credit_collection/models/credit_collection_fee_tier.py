from decimal import Decimal

from odoo import api, fields, models
from odoo.tools.misc import format_amount

from ..tools.fees import Tier


class CreditCollectionFeeTier(models.Model):
    _name = "credit.collection.fee.tier"
    _description = "Tier of a Fee"
    _inherit = ["credit.collection.shipped"]
    _order = "fee_id, amount_from"

    fee_id = fields.Many2one("credit.collection.fee", required=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="fee_id.currency_id")
    amount_from = fields.Monetary("Claims from", help="The smallest principal of this tier.")
    amount = fields.Monetary("Fixed amount")
    percent = fields.Float("Percentage", digits=(6, 2))
    amount_above = fields.Monetary(
        "Of what is above", help="The percentage is of this slice of the principal alone."
    )

    _amount_from_unique = models.Constraint(
        "UNIQUE (fee_id, amount_from)", "Two tiers of a fee cannot begin at the same amount."
    )
    _amounts_positive = models.Constraint(
        "CHECK (amount_from >= 0 AND amount >= 0 AND percent >= 0 AND amount_above >= 0)",
        "The amounts of a tier are not negative.",
    )

    @api.depends("amount_from", "amount", "percent", "currency_id")
    def _compute_display_name(self):
        for tier in self:
            parts = []
            if tier.amount or not tier.percent:
                parts.append(format_amount(self.env, tier.amount, tier.currency_id))
            if tier.percent:
                parts.append(f"{tier.percent:g} %")
            tier.display_name = " + ".join(parts)

    def _as_tier(self):
        self.ensure_one()
        return Tier(
            Decimal(str(self.amount_from)),
            Decimal(str(self.amount)),
            Decimal(str(self.percent)),
            Decimal(str(self.amount_above)),
        )

from odoo import fields, models


class CreditCollectionItemLimitation(models.TransientModel):
    """How the day on which an item lapses comes about: the rule, its source, what interrupted."""

    _name = "credit.collection.item.limitation"
    _description = "Derivation of a Limitation"

    item_id = fields.Many2one("credit.collection.item", required=True, readonly=True)
    rule_id = fields.Many2one("credit.collection.limitation.rule", readonly=True)
    months = fields.Integer(related="rule_id.months")
    source = fields.Char(related="rule_id.source")
    date_lapse = fields.Date("Lapses on", readonly=True)
    line_ids = fields.One2many(
        "credit.collection.item.limitation.line", "limitation_id", readonly=True
    )


class CreditCollectionItemLimitationLine(models.TransientModel):
    """A step of the derivation."""

    _name = "credit.collection.item.limitation.line"
    _description = "Step of a Limitation"
    _order = "id"

    limitation_id = fields.Many2one(
        "credit.collection.item.limitation", required=True, ondelete="cascade"
    )
    date = fields.Date(readonly=True)
    name = fields.Char("What happened", readonly=True)
    is_counted = fields.Boolean("Counts", readonly=True)
    date_lapse = fields.Date("Lapses then on", readonly=True)

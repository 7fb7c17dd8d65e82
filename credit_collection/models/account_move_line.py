from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    dunning_line_ids = fields.One2many(
        "credit.collection.dunning.line",
        "move_line_id",
        "Notices",
        groups="credit_collection.credit_collection_group_readonly",
    )

    collection_item_ids = fields.One2many(
        "credit.collection.item",
        "move_line_id",
        groups="credit_collection.credit_collection_group_readonly",
    )

    def write(self, vals):
        res = super().write(vals)
        if {"date_maturity", "no_followup", "partner_id"} & vals.keys():
            posted = self.filtered(lambda line: line.parent_state == "posted")
            self.env["account.move"]._collection_touch(moves=posted.move_id)
        return res

from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def write(self, vals):
        res = super().write(vals)
        if {"date_maturity", "no_followup", "partner_id"} & vals.keys():
            posted = self.filtered(lambda line: line.parent_state == "posted")
            self.env["account.move"]._collection_touch(moves=posted.move_id)
        return res

from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    _collection_date_idx = models.Index("(max_date)")  # what was matched since a day

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._touch_collection_cases()
        return partials

    def unlink(self):
        self._touch_collection_cases()
        return super().unlink()

    def _touch_collection_cases(self):
        self.env["account.move"]._collection_touch(
            moves=(self.debit_move_id | self.credit_move_id).move_id
        )

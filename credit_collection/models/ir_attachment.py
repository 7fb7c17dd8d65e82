from odoo import api, models
from odoo.exceptions import UserError


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        if not self.env.su and {"raw", "datas", "name", "res_model", "res_id"} & vals.keys():
            self._unlink_except_dunning_document()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_dunning_document(self):
        """Keep the documents of a notice, which are evidence."""
        if self.env.su:
            return
        models_sudo = self.sudo().mapped("res_model")
        if "credit.collection.dunning" in models_sudo:
            raise UserError(self.env._("The documents of a notice are kept with it."))
        if "credit.collection.payment.plan" in models_sudo:
            Plan = self.env["credit.collection.payment.plan"].sudo()  # whoever touches the file
            if Plan.search_count([("agreement_id", "in", self.ids)], limit=1):
                raise UserError(self.env._("The agreement is kept with its payment plan."))

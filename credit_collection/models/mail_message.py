from odoo import api, models
from odoo.exceptions import UserError


class MailMessage(models.Model):
    _inherit = "mail.message"

    def write(self, vals):
        if not self.env.su and self._get_dunning_evidence_fields() & vals.keys():
            self._unlink_except_dunning()
        return super().write(vals)

    @api.model
    def _get_dunning_evidence_fields(self):
        """Return the fields of an e-mail to a debtor that nobody changes afterwards."""
        return {
            "attachment_ids",
            "author_id",
            "body",
            "date",
            "email_from",
            "model",
            "res_id",
            "subject",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_dunning(self):
        """Keep the e-mails that notices were sent with, which are evidence."""
        if self.env.su:
            return
        Delivery = self.env["credit.collection.delivery"].sudo()  # whoever touches the message
        if Delivery.search_count([("mail_message_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("The e-mail of a notice is kept as it was sent."))

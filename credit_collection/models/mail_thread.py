from odoo import models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _routing_handle_bounce(self, email_message, message_dict):
        """Tell the delivery whose e-mail came back: the case does not say which notice it was."""
        res = super()._routing_handle_bounce(email_message, message_dict)
        message, email = message_dict["bounced_message"], message_dict["bounced_email"]
        if email and message.model == "credit.collection.case":
            self.env["credit.collection.delivery"].sudo()._receive_bounce(message, email)
        return res

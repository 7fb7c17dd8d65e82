import re

from odoo import api, models

# (550, b'5.1.1 no such mailbox')
_ANSWER = re.compile(r"\((\d{3}), b['\"](.*?)['\"]\)")


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """What the mail server said about a notice decides whether it was sent."""
        on_cases = self.filtered(lambda mail: mail.model == "credit.collection.case")
        if on_cases:
            on_cases._settle_dunning_deliveries(failure_reason, failure_type)
        on_plans = self.filtered(
            lambda mail: (
                mail.model == "credit.collection.payment.plan"
                and (failure_type or mail.state == "exception")
            )
        )
        for mail in on_plans.sudo():  # the mail queue runs for whoever wrote the mail
            plan = self.env[mail.model].sudo().browse(mail.res_id).exists()
            plan._leave_task(failure_reason or mail.failure_reason or failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )

    def _settle_dunning_deliveries(self, failure_reason, failure_type):
        deliveries = (
            self.env["credit.collection.delivery"]
            .sudo()  # the mail queue runs for whoever wrote the mail
            .search(
                [
                    ("mail_message_id", "in", self.mail_message_id.ids),
                    ("state", "=", "under_way"),
                ]
            )
        )
        if not deliveries:
            return
        failed_mails = self.filtered(lambda mail: mail.state == "exception")
        failed = deliveries.filtered(
            lambda one: failure_type or one.mail_message_id in failed_mails.mail_message_id
        )
        for company, sent in (deliveries - failed).grouped("company_id").items():
            company._collection_speak(sent)._set_sent()
        reason = failure_reason or failed_mails[:1].failure_reason or failure_type
        for company, unsent in failed.grouped("company_id").items():
            company._collection_speak(unsent)._set_failed(self._shorten_failure_reason(reason))

    @api.model
    def _shorten_failure_reason(self, reason):
        """Return what the mail server said, without the names of Python around it."""
        answers = [f"{code} {text}" for code, text in _ANSWER.findall(reason or "")]
        return ", ".join(dict.fromkeys(answers)) or reason

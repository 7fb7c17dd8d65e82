from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """A call that a dunning level asks for is a notice: it is sent when the call was made."""
        on_cases = self.filtered(lambda task: task.res_model == "credit.collection.case")
        if on_cases:
            calls = (
                self.env["credit.collection.delivery"]
                .sudo()  # the task is the user's own; what it moves is decided here
                .search([("activity_id", "in", on_cases.ids), ("state", "=", "under_way")])
            )
            if calls:
                calls._finish_call(feedback)
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)

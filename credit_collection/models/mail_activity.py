from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    collection_absent_user_id = fields.Many2one(
        "res.users",
        "Task of",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The collector who is away: the task is his again when he is back.",
    )

    def write(self, vals):
        """A task that somebody gives to another is not given back."""
        if "user_id" in vals:
            vals = {"collection_absent_user_id": False, **vals}
        return super().write(vals)

    def _action_done(self, feedback=False, attachment_ids=None):
        """A call that a dunning level asks for is a notice: it is sent when the call was made."""
        calls = self._get_dunning_calls()
        if calls:
            calls._finish_call(feedback)
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)

    def unlink(self):
        """A call that is struck off the list was not made: the next channel is tried."""
        calls = self._get_dunning_calls()
        res = super().unlink()
        if calls:
            calls._set_failed(self.env._("The call was called off."))
        return res

    def _get_dunning_calls(self):
        Delivery = self.env["credit.collection.delivery"].sudo()  # the task is the user's own
        on_cases = self.filtered(lambda task: task.res_model == "credit.collection.case")
        if not on_cases:
            return Delivery
        return Delivery.search([("activity_id", "in", on_cases.ids), ("state", "=", "under_way")])

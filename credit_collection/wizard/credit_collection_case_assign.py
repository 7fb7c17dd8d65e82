from odoo import fields, models
from odoo.exceptions import UserError


class CreditCollectionCaseAssign(models.TransientModel):
    _name = "credit.collection.case.assign"
    _description = "Assign Collection Cases"

    case_ids = fields.Many2many("credit.collection.case", required=True)
    method = fields.Selection(
        [("user", "To a collector"), ("rule", "By the assignment rules")],
        "How",
        required=True,
        default="user",
    )
    user_id = fields.Many2one("res.users", "Collector", domain=[("share", "=", False)])

    def action_assign(self):
        if self.method == "user":
            if not self.user_id:
                raise UserError(self.env._("Choose who works these cases."))
            self.case_ids.user_id = self.user_id
            return False
        rest = self.case_ids._assign_by_rule()
        if not rest:
            return False
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "No rule fits %(count)s of these cases: they stay with whom they were.",
                    count=len(rest),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

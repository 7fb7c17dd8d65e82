from odoo import fields, models


class CreditCollectionMovePolicy(models.TransientModel):
    """A manager puts invoices under another policy, at a level of his choice."""

    _name = "credit.collection.move.policy"
    _description = "Change the Dunning Policy of Invoices"
    _check_company_auto = True

    move_ids = fields.Many2many("account.move", required=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    policy_id = fields.Many2one(
        "credit.collection.policy",
        check_company=True,
        help="Leave empty to follow the policy of the customer again.",
    )
    level_id = fields.Many2one(
        "credit.collection.level",
        "Treated as reminded up to",
        domain="[('policy_id', '=', policy_id)]",
        help="The next run continues with the level after this one. Empty: it starts again.",
    )

    def action_apply(self):
        self.move_ids._collection_set_policy(self.policy_id, self.level_id)

from odoo import api, fields, models


class CreditCollectionPolicyRule(models.Model):
    """Which policy applies to a segment of customers: the first rule that matches decides.

    The rules are evaluated in SQL, with the rest of the assessment: see
    `credit.collection.item._get_customer_sql`.
    """

    _name = "credit.collection.policy.rule"
    _description = "Dunning Policy Rule"
    _inherit = ["credit.collection.customer.rule"]
    _order = "sequence, id"
    _check_company_auto = True

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        help="Leave empty to apply the rule in all companies.",
    )
    policy_id = fields.Many2one(
        "credit.collection.policy",
        required=True,
        check_company=True,
        ondelete="cascade",
    )
    debtor_kind = fields.Selection(
        [("any", "Companies and persons"), ("company", "Companies"), ("person", "Persons")],
        string="Applies to",
        required=True,
        default="any",
    )
    country_ids = fields.Many2many(
        "res.country", "credit_collection_policy_rule_country_rel", "rule_id", "country_id"
    )
    category_ids = fields.Many2many(
        "res.partner.category",
        "credit_collection_policy_rule_category_rel",
        "rule_id",
        "category_id",
        string="Tags",
        help="Customers that have at least one of these tags.",
    )

    def _compute_display_name(self):
        for rule in self:
            rule.display_name = rule.policy_id.name

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        self.env["credit.collection.policy"]._assess_soon()
        return rules

    def write(self, vals):
        res = super().write(vals)
        self.env["credit.collection.policy"]._assess_soon()
        return res

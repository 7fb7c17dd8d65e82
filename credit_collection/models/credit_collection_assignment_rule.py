from odoo import api, fields, models
from odoo.tools import SQL


class CreditCollectionAssignmentRule(models.Model):
    """Whose case it is: the first rule that fits a customer decides, when his case opens.

    Later it is applied to the cases that somebody chooses, and to those without a collector.
    """

    _name = "credit.collection.assignment.rule"
    _description = "Assignment Rule"
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
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    user_id = fields.Many2one(
        "res.users",
        "Collector",
        required=True,
        ondelete="cascade",
        domain="[('share', '=', False)]",
    )
    country_ids = fields.Many2many(
        "res.country", "credit_collection_assignment_rule_country_rel", "rule_id", "country_id"
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(), string="Language"
    )
    category_ids = fields.Many2many(
        "res.partner.category",
        "credit_collection_assignment_rule_category_rel",
        "rule_id",
        "category_id",
        string="Tags",
        help="Customers that have at least one of these tags.",
    )
    amount_min = fields.Monetary("Overdue from")
    amount_max = fields.Monetary("Overdue below", help="No limit when zero.")

    _amounts_ordered = models.Constraint(
        "CHECK (amount_min >= 0 AND amount_max >= 0"
        " AND (amount_max = 0 OR amount_max > amount_min))",
        "The amounts are not negative, and the limit is above the amount from which on it counts.",
    )

    @api.depends("user_id")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = rule.user_id.name

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = (rule.company_id or self.env.company).currency_id

    @api.model
    def _get_user_sql(self, company, amount):
        """Return the collector of a customer as a scalar; NULL when no rule fits him.

        :param SQL company: the id of the company
        :param SQL amount: what is overdue; the customer is the row `partner`
        """
        return SQL(
            """
            (SELECT rule.user_id
               FROM credit_collection_assignment_rule rule
               JOIN res_users worker ON worker.id = rule.user_id AND worker.active
               JOIN res_company_users_rel works_for
                 ON works_for.user_id = worker.id AND works_for.cid = %(company)s
              WHERE %(fits)s
                AND COALESCE(rule.lang, partner.lang, '') = COALESCE(partner.lang, '')
                AND %(amount)s >= COALESCE(rule.amount_min, 0)
                AND (COALESCE(rule.amount_max, 0) = 0 OR %(amount)s < rule.amount_max)
           ORDER BY rule.sequence, rule.id
              LIMIT 1)
            """,
            fits=self._get_fits_sql(company),
            company=company,
            amount=amount,
        )

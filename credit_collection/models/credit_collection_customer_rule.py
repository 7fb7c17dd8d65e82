from odoo import api, models
from odoo.tools import SQL


class CreditCollectionCustomerRule(models.AbstractModel):
    """A rule about some customers: those of its company, countries and tags.

    Whoever inherits it has `active`, `company_id`, `country_ids` and `category_ids`.
    """

    _name = "credit.collection.customer.rule"
    _description = "Rule about Customers"

    @api.model
    def _get_fits_sql(self, company):
        """Return the condition that a customer, the row `partner`, is one of those of a `rule`.

        :param SQL company: the id of the company
        """
        countries, categories = self._fields["country_ids"], self._fields["category_ids"]
        return SQL(
            """
            rule.active
            AND COALESCE(rule.company_id, %(company)s) = %(company)s
            AND (partner.country_id IN (
                     SELECT country_id FROM %(countries)s WHERE rule_id = rule.id)
                 OR NOT EXISTS (SELECT FROM %(countries)s WHERE rule_id = rule.id))
            AND (EXISTS (
                     SELECT FROM %(categories)s wanted
                       JOIN res_partner_res_partner_category_rel tag
                         ON tag.category_id = wanted.category_id
                      WHERE wanted.rule_id = rule.id AND tag.partner_id = partner.id)
                 OR NOT EXISTS (SELECT FROM %(categories)s WHERE rule_id = rule.id))
            """,
            company=company,
            countries=SQL.identifier(countries.relation),
            categories=SQL.identifier(categories.relation),
        )

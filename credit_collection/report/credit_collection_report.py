from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import FIGURES_DATE_KEY


class CreditCollectionReport(models.AbstractModel):
    """Figures as of a day, of the companies that are switched on, computed from the ledger.

    The day comes in the context. What was booked, matched, sent or agreed after it does not count,
    so that the figures of a past day stay what they were.
    """

    _name = "credit.collection.report"
    _description = "Figures as of a Day"

    # measures that are the quotient of the sums of two others, in whatever group
    _ratios = {}
    # measures as of their `date`: of several days the average says something, and no sum
    _balances = ()
    # where most of the work is in the columns, a page is first found and then read
    _finds_pages_first = False

    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", "Company currency", readonly=True)

    @property
    def _table_query(self):
        return self._get_query(self._get_date(), self.env.companies)

    @api.model
    def _get_query(self, date, companies):
        """Return the rows as of a day."""
        raise NotImplementedError

    @api.model
    def _get_date(self):
        """Return the day as of which the figures are read."""
        return self._parse_date(self.env.context.get(FIGURES_DATE_KEY))

    @api.model
    def _parse_date(self, value):
        try:
            return fields.Date.to_date(value) or fields.Date.context_today(self)
        except (TypeError, ValueError) as error:
            raise UserError(
                self.env._("“%(value)s” is not a date: write it like 2026-01-31.", value=value)
            ) from error

    @api.model
    @api.readonly
    def web_search_read(
        self, domain, specification, offset=0, limit=None, order=None, count_limit=None
    ):
        """Read a page and count the rows at once: each query computes the figures anew.

        So would a rule on companies: their company is read with the rows.
        """
        if not limit or not count_limit or offset + limit > count_limit:
            return super().web_search_read(domain, specification, offset, limit, order, count_limit)
        wanted = [*specification, "company_id"]
        first = () if self._finds_pages_first else wanted
        found = self.search_fetch(domain, first, limit=count_limit, order=order)
        page = self.browse(found.ids[offset : offset + limit])
        if self._finds_pages_first:
            self.search_fetch([("id", "in", page.ids)], wanted)
        return {"length": len(found), "records": page.web_read(specification)}

    def _read_group_select(self, aggregate_spec, query):
        name, _colon, function = aggregate_spec.partition(":")
        if name in self._balances and function.startswith("sum"):
            total = super()._read_group_select(aggregate_spec, query)
            date = self._field_to_sql(self._table, "date", query)
            return SQL("COALESCE(%s / NULLIF(COUNT(DISTINCT %s), 0), 0)", total, date)
        if name not in self._ratios:
            return super()._read_group_select(aggregate_spec, query)
        above, below = (self._field_to_sql(self._table, one, query) for one in self._ratios[name])
        return SQL("COALESCE(SUM(%s)::float8 / NULLIF(SUM(%s), 0), 0)", above, below)


class CreditCollectionReportCustomer(models.AbstractModel):
    """Figures that belong to a customer, with what one groups customers by."""

    _name = "credit.collection.report.customer"
    _description = "Figures of Customers"
    _inherit = ["credit.collection.report"]

    # the field of what a click on a row opens; the case opens where a row has none
    _document = "move_id"

    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    case_id = fields.Many2one("credit.collection.case", readonly=True)
    user_id = fields.Many2one("res.users", "Collector", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)

    def action_open_document(self):
        """Open what a row counts: the invoice, the notice, the promise, or else the case."""
        self.ensure_one()
        document = self[self._document] or self.case_id
        if document._name == "account.move":
            return document.action_open_business_doc()
        return document._get_records_action(context={}) if document else False

    @api.model
    def _get_query(self, date, companies):
        """The rows, and what is known of the customer of each."""
        return SQL(
            """
            SELECT figure.*, company.currency_id AS company_currency_id, cases.id AS case_id,
                   cases.user_id, customer.country_id
              FROM (%(figures)s) figure
         LEFT JOIN res_company company ON company.id = figure.company_id
         LEFT JOIN res_partner customer ON customer.id = figure.partner_id
         LEFT JOIN credit_collection_case cases ON cases.partner_id = figure.partner_id
                                               AND cases.company_id = figure.company_id
            """,
            figures=self._get_figure_sql(date, companies),
        )

    @api.model
    def _get_figure_sql(self, date, companies):
        """Return the rows, each with `id`, `company_id` and `partner_id`."""
        raise NotImplementedError

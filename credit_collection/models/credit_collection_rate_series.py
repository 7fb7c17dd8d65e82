from odoo import api, fields, models

from ..tools.rates import find, prefer


class CreditCollectionRateSeries(models.Model):
    """A rate that is published again and again: of a law, or of a central bank."""

    _name = "credit.collection.rate.series"
    _description = "Series of Interest Rates"
    _inherit = ["credit.collection.shipped"]
    _order = "name, id"
    _rec_names_search = ["name", "code"]

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, copy=False, help="What an imported file calls it.")
    country_id = fields.Many2one("res.country")
    rate_ids = fields.One2many("credit.collection.interest.rate", "series_id", "Rates")
    percent = fields.Float("Rate today", compute="_compute_percent", digits=(6, 2))
    date_to = fields.Date("Published until", compute="_compute_percent")

    _code_unique = models.Constraint("UNIQUE (code)", "Another series has this code already.")

    @api.depends("rate_ids.percent", "rate_ids.date_from", "rate_ids.date_to")
    def _compute_percent(self):
        today = fields.Date.context_today(self)
        rates = self._get_rates()
        for series in self:
            own = rates[series]
            current = find(own, today)
            series.percent = float(current.percent) if current else 0.0
            series.date_to = own[-1].last if own else False

    def _get_rates(self):
        """Return `{series: rates}`: those that users added go before those that are shipped."""
        Rates = self.env["credit.collection.interest.rate"]
        found = Rates.search([("series_id", "in", self.ids)]).grouped("series_id")
        by_series = {}
        for series in self:
            rows = found.get(series._origin, Rates)
            own = rows.filtered(lambda row: not row.is_shipped)
            by_series[series] = prefer(own._as_rates(), (rows - own)._as_rates())
        return by_series

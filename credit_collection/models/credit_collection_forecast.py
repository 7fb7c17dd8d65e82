from datetime import timedelta

from odoo import api, fields, models

from ..const import FIGURES_DATE_KEY, FORECAST_SOURCES


class CreditCollectionForecast(models.Model):
    """What was expected for a week, as it was forecast on a day: kept, to be compared."""

    _name = "credit.collection.forecast"
    _description = "Cash Forecast, as Kept"
    _order = "date desc, week, source"
    _rec_name = "week"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date("Forecast on", required=True, readonly=True)
    week = fields.Date(required=True, readonly=True, help="The Monday of the week.")
    source = fields.Selection(FORECAST_SOURCES, "Because of", required=True, readonly=True)
    amount = fields.Monetary("Expected", required=True, readonly=True)

    _once = models.UniqueIndex("(company_id, date, week, source)", "This forecast is kept already.")

    @api.model
    def _cron_keep(self):
        """Keep the forecast of each company, once a week; a second time it changes nothing."""
        today = fields.Date.context_today(self)
        monday = fields.Date.start_of(today, "week")
        companies = self.env["res.company"].search([("collection_policy_id", "!=", False)])
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            if not self.search_count(
                [
                    ("company_id", "=", company.id),
                    ("date", ">=", monday),
                    ("date", "<=", monday + timedelta(days=6)),
                ],
                limit=1,
            ):
                self._keep(company, today)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _keep(self, company, date):
        """Keep what is expected of each week, as of a day."""
        report = (
            self.env["credit.collection.report.forecast"]
            .with_context(**{FIGURES_DATE_KEY: fields.Date.to_string(date)})
            .with_context(allowed_company_ids=company.ids)
        )
        groups = report._read_group(
            [("company_id", "=", company.id), ("date_expected", "!=", False)],
            ["week:day", "source"],
            ["amount:sum"],
        )
        return self.create(
            [
                {
                    "company_id": company.id,
                    "date": date,
                    "week": week,
                    "source": source,
                    "amount": amount,
                }
                for week, source, amount in groups
            ]
        )

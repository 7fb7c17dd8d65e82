from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionReportAccuracy(models.Model):
    """What was forecast for a week, and what came in."""

    _name = "credit.collection.report.accuracy"
    _description = "Forecast and Receipts"
    _inherit = ["credit.collection.report"]
    _auto = False
    _order = "week desc, date desc"
    _rec_name = "week"
    _ratios = {"rate": ("amount_received", "amount_expected")}

    date = fields.Date("Forecast on", readonly=True)
    week = fields.Date(readonly=True, help="The Monday of the week.")
    weeks_ahead = fields.Integer(
        "Weeks ahead", readonly=True, aggregator="avg", help="0: the week of the forecast itself."
    )
    is_over = fields.Boolean("Week is over", readonly=True)
    amount_expected = fields.Monetary(
        "Expected", currency_field="company_currency_id", readonly=True
    )
    amount_received = fields.Monetary(
        "Received",
        currency_field="company_currency_id",
        readonly=True,
        help="Payments of the week, after the day of the forecast, of what was booked by then.",
    )
    rate = fields.Float(
        "Received, of expected",
        readonly=True,
        aggregator="avg",
        help="Received, divided by what was expected.",
    )

    def _get_query(self, date, companies):
        self.env["credit.collection.forecast"].flush_model()
        return SQL(
            """
            WITH received AS MATERIALIZED (
                SELECT company_id, date_trunc('week', date)::date AS week, date, date_booked,
                       sum(amount) AS amount
                  FROM (%(payments)s) payment
                 WHERE date > (SELECT min(date) FROM credit_collection_forecast)
              GROUP BY company_id, date, date_booked
            )
            SELECT forecast.id, forecast.company_id, company.currency_id AS company_currency_id,
                   forecast.date, forecast.week,
                   (forecast.week - date_trunc('week', forecast.date)::date) / 7 AS weeks_ahead,
                   forecast.week + 6 <= %(date)s AS is_over, forecast.amount AS amount_expected,
                   came.amount AS amount_received, came.amount / NULLIF(forecast.amount, 0) AS rate
              FROM (
                       SELECT min(id) AS id, company_id, date, week, sum(amount) AS amount
                         FROM credit_collection_forecast
                        WHERE date <= %(date)s AND %(companies)s
                     GROUP BY company_id, date, week
                   ) forecast
              JOIN res_company company ON company.id = forecast.company_id
              JOIN LATERAL (
                       SELECT COALESCE(sum(amount), 0) AS amount
                         FROM received
                        WHERE received.company_id = forecast.company_id
                          AND received.week = forecast.week
                          AND received.date > forecast.date
                          AND received.date_booked <= forecast.date
                   ) came ON TRUE
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(companies, "company_id"),
            payments=self.env["account.partial.reconcile"]._collection_get_payment_sql(
                date, companies
            ),
        )

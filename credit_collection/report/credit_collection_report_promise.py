from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionReportPromise(models.Model):
    """What was promised, and how much of it was kept in time."""

    _name = "credit.collection.report.promise"
    _description = "Promises Kept"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date_deadline desc, id desc"
    _rec_name = "promise_id"
    _document = "promise_id"
    _ratios = {
        "rate": ("kept_count", "judged_count"),
        "rate_amount": ("amount_kept", "amount_judged"),
    }

    promise_id = fields.Many2one("credit.collection.promise", readonly=True)
    taker_id = fields.Many2one("res.users", "Taken by", readonly=True)
    date = fields.Date("Promised on", readonly=True)
    date_promised = fields.Date("To be paid by", readonly=True)
    date_deadline = fields.Date("Awaited until", readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("kept", "Kept"),
            ("partial", "Kept in part"),
            ("broken", "Broken"),
        ],
        readonly=True,
        help="A promise is judged when the day until which it is awaited is over.",
    )
    amount = fields.Monetary("Promised", currency_field="company_currency_id", readonly=True)
    amount_judged = fields.Monetary(
        "Promised and judged", currency_field="company_currency_id", readonly=True
    )
    amount_kept = fields.Monetary(
        "Paid in time",
        currency_field="company_currency_id",
        readonly=True,
        help="Of the promises that are judged, at most what was promised.",
    )
    judged_count = fields.Integer("Judged", readonly=True)
    kept_count = fields.Integer("Kept", readonly=True)
    rate = fields.Float(
        "Kept, by number",
        readonly=True,
        aggregator="avg",
        help="Promises kept in full, divided by the promises judged.",
    )
    rate_amount = fields.Float(
        "Kept, by amount",
        readonly=True,
        aggregator="avg",
        help="What was paid in time, divided by what was promised, of the promises judged.",
    )

    def _get_figure_sql(self, date, companies):
        """The amounts at the rate at which the promised items were booked."""
        return SQL(
            """
            SELECT promise.*, promise.kept_count::float / NULLIF(judged_count, 0) AS rate,
                   amount_kept / NULLIF(amount_judged, 0) AS rate_amount
              FROM (
                       SELECT promise.id, promise.id AS promise_id, promise.company_id,
                              cases.partner_id, promise.user_id AS taker_id, promise.date,
                              promise.date_promised, promise.date_deadline,
                              CASE WHEN is_judged THEN promise.state ELSE 'open' END AS state,
                              round(promise.amount * item.rate, 2) AS amount,
                              CASE WHEN is_judged THEN round(promise.amount * item.rate, 2)
                                   ELSE 0 END AS amount_judged,
                              CASE WHEN is_judged
                                   THEN round(LEAST(COALESCE(promise.amount_kept, 0),
                                                    promise.amount) * item.rate, 2)
                                   ELSE 0 END AS amount_kept,
                              is_judged::int AS judged_count,
                              (is_judged AND promise.state = 'kept')::int AS kept_count
                         FROM credit_collection_promise promise
                         JOIN credit_collection_case cases ON cases.id = promise.case_id
                         JOIN LATERAL (
                                  SELECT promise.date_deadline < %(date)s
                                             AND promise.state NOT IN ('open', 'cancel')
                                             AS is_judged
                              ) verdict ON TRUE
                         JOIN LATERAL (
                                  SELECT COALESCE(sum(line.balance)
                                             / NULLIF(sum(line.amount_currency), 0), 1) AS rate
                                    FROM credit_collection_promise_line_rel rel
                                    JOIN account_move_line line ON line.id = rel.move_line_id
                                   WHERE rel.promise_id = promise.id
                              ) item ON TRUE
                        WHERE (promise.state != 'cancel' OR promise.date_canceled > %(date)s)
                          AND promise.date <= %(date)s
                          AND %(companies)s
                   ) promise
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "promise.company_id"
            ),
        )

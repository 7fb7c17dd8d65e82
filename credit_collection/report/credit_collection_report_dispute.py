from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionReportDispute(models.Model):
    """What customers disputed, why, and how long it takes to settle it."""

    _name = "credit.collection.report.dispute"
    _description = "Disputes by Reason"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "dispute_id"
    _document = "dispute_id"

    dispute_id = fields.Many2one("credit.collection.dispute", readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    reason_id = fields.Many2one("credit.collection.dispute.reason", readonly=True)
    department = fields.Char(related="reason_id.department")
    settler_id = fields.Many2one("res.users", "Settled by", readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("cancel", "Withdrawn"),
        ],
        readonly=True,
    )
    date = fields.Date("Opened on", readonly=True)
    date_closed = fields.Date("Closed on", readonly=True)
    days_open = fields.Integer(
        "Days open",
        readonly=True,
        aggregator="avg",
        help="Until the dispute was closed, or up to the day of the figures.",
    )
    amount = fields.Monetary(
        "Disputed",
        currency_field="company_currency_id",
        readonly=True,
        help="At the rate at which the invoice was booked.",
    )
    amount_open = fields.Monetary(
        "Still disputed", currency_field="company_currency_id", readonly=True
    )
    amount_credited = fields.Monetary(
        "Credited", currency_field="company_currency_id", readonly=True
    )

    def _get_figure_sql(self, date, companies):
        return SQL(
            """
            SELECT dispute.id, dispute.id AS dispute_id, dispute.company_id, cases.partner_id,
                   dispute.move_id, dispute.reason_id, dispute.user_id AS settler_id, dispute.date,
                   CASE WHEN closed.is_closed THEN dispute.state ELSE 'open' END AS state,
                   CASE WHEN closed.is_closed THEN dispute.date_closed END AS date_closed,
                   CASE WHEN closed.is_closed THEN dispute.date_closed ELSE %(date)s END
                       - dispute.date AS days_open,
                   round(dispute.amount * closed.rate, 2) AS amount,
                   CASE WHEN closed.is_closed THEN 0
                        ELSE round(dispute.amount * closed.rate, 2) END AS amount_open,
                   CASE WHEN closed.is_closed
                        THEN round(COALESCE(dispute.amount_credited, 0) * closed.rate, 2)
                        ELSE 0 END AS amount_credited
              FROM credit_collection_dispute dispute
              JOIN credit_collection_case cases ON cases.id = dispute.case_id
              JOIN account_move move ON move.id = dispute.move_id
              JOIN LATERAL (
                       SELECT COALESCE(dispute.date_closed <= %(date)s, FALSE) AS is_closed,
                              COALESCE(abs(move.amount_total_signed)
                                       / NULLIF(abs(move.amount_total), 0), 1) AS rate
                   ) closed ON TRUE
             WHERE dispute.date <= %(date)s AND %(companies)s
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "dispute.company_id"
            ),
        )

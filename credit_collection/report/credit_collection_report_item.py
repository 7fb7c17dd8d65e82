from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionReportItem(models.Model):
    """The aged balance: every receivable line with what was open of it on a day."""

    _name = "credit.collection.report.item"
    _description = "Aged Balance"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date_due, id"
    _rec_name = "move_id"
    _ratios = {"days_late_weighted": ("amount_days", "amount_overdue")}
    _finds_pages_first = True

    move_id = fields.Many2one("account.move", "Document", readonly=True)
    invoice_user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    bucket_id = fields.Many2one(
        "credit.collection.bucket",
        "Age",
        readonly=True,
        help="By the days since the due date; due on the day itself is not late. Payments and "
        "credit notes that nobody has matched yet are open credits.",
    )
    date = fields.Date("Booked on", readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    days_late = fields.Integer("Days late", readonly=True, aggregator="avg")
    days_late_weighted = fields.Float(
        "Days late, by amount",
        readonly=True,
        aggregator="avg",
        help="Sum of overdue amount × days late, divided by the overdue amount.",
    )
    amount_residual = fields.Monetary(
        "Open",
        currency_field="company_currency_id",
        readonly=True,
        help="What was booked up to the day, less what was matched with it up to the day.",
    )
    amount_residual_currency = fields.Monetary("Open in currency", readonly=True)
    amount_overdue = fields.Monetary(
        "Overdue",
        currency_field="company_currency_id",
        readonly=True,
        help="Open debts that were due before the day.",
    )
    amount_days = fields.Float("Overdue amount × days", readonly=True)

    def _get_figure_sql(self, date, companies):
        Bucket = self.env["credit.collection.bucket"]
        return SQL(
            """
            SELECT line.id, line.move_id, line.company_id, line.partner_id, line.currency_id,
                   move.invoice_user_id, line.date,
                   line.date_due, line.amount_residual, line.amount_residual_currency,
                   late.days AS days_late, late.days AS days_late_weighted,
                   CASE WHEN late.days > 0 THEN line.amount_residual ELSE 0 END AS amount_overdue,
                   late.days * line.amount_residual AS amount_days, %(bucket)s AS bucket_id
              -- kept apart, with nothing but left joins: the planner takes it for a few rows else
              FROM (%(lines)s OFFSET 0) line
         LEFT JOIN account_move move ON move.id = line.move_id
         LEFT JOIN %(buckets)s ON bucket.company_id = line.company_id
         LEFT JOIN LATERAL (
                       SELECT CASE WHEN line.amount_residual < 0 THEN 0
                                   ELSE GREATEST(%(date)s - line.date_due, 0) END AS days
                   ) late ON TRUE
            """,
            lines=self.env["account.move.line"]._collection_get_open_sql(date, companies),
            buckets=Bucket._get_table_sql(companies),
            bucket=Bucket._get_sql(date, SQL("line.date_due"), SQL("line.amount_residual")),
            date=date,
        )

from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionReportPayment(models.Model):
    """What was paid of each receivable, and how long after its due date."""

    _name = "credit.collection.report.payment"
    _description = "Payments Received"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "move_id"
    _ratios = {"days_late_weighted": ("amount_days", "amount")}

    move_id = fields.Many2one("account.move", "Document", readonly=True)
    entry_id = fields.Many2one("account.move", "Paid by", readonly=True)
    invoice_user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    date = fields.Date("Paid on", readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    days_from_due = fields.Integer(
        "Days from the due date",
        readonly=True,
        aggregator="avg",
        help="Below zero: paid before it was due.",
    )
    days_late = fields.Integer(
        "Days late",
        readonly=True,
        aggregator="avg",
        help="Days from the due date to the payment, none when it came in time. The average counts "
        "each payment once.",
    )
    days_late_weighted = fields.Float(
        "Days late, by amount",
        readonly=True,
        aggregator="avg",
        help="Sum of amount paid × days late, divided by the amount paid.",
    )
    amount = fields.Monetary(
        "Received",
        currency_field="company_currency_id",
        readonly=True,
        help="What payments have settled of invoices, with a discount that was booked in the same "
        "entry; no credit notes, write-offs or exchange differences.",
    )
    amount_late = fields.Monetary(
        "Received late",
        currency_field="company_currency_id",
        readonly=True,
        help="Of what was overdue when it was paid.",
    )
    amount_days = fields.Float("Amount × days late", readonly=True)

    def _get_figure_sql(self, date, companies):
        return SQL(
            """
            SELECT payment.id, payment.company_id, payment.partner_id, payment.move_id,
                   payment.entry_id, move.invoice_user_id, payment.date, payment.date_due,
                   payment.date - payment.date_due AS days_from_due,
                   late.days AS days_late, late.days AS days_late_weighted, payment.amount,
                   CASE WHEN late.days > 0 THEN payment.amount ELSE 0 END AS amount_late,
                   late.days * payment.amount AS amount_days
              FROM (%(payments)s) payment
              JOIN account_move move ON move.id = payment.move_id
              JOIN LATERAL (
                       SELECT GREATEST(payment.date - payment.date_due, 0) AS days
                   ) late ON TRUE
            """,
            payments=self.env["account.partial.reconcile"]._collection_get_payment_sql(
                date, companies
            ),
        )

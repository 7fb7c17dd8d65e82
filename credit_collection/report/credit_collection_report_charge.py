from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionReportCharge(models.Model):
    """What was claimed beside the invoices, and what became of it."""

    _name = "credit.collection.report.charge"
    _description = "Charges by Outcome"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date_sent desc, id desc"
    _rec_name = "charge_id"
    _document = "charge_id"
    _ratios = {"rate": ("amount_collected", "amount")}

    charge_id = fields.Many2one("credit.collection.charge", readonly=True)
    dunning_id = fields.Many2one("credit.collection.dunning", "Notice", readonly=True)
    level_id = fields.Many2one("credit.collection.level", readonly=True)
    kind = fields.Selection(
        [
            ("interest", "Interest"),
            ("fee", "Compensation"),
            ("penalty", "Penalty clause"),
            ("reminder", "Reminder cost"),
        ],
        readonly=True,
    )
    date_sent = fields.Date("Claimed on", readonly=True)
    amount = fields.Monetary(
        "Claimed",
        currency_field="company_currency_id",
        readonly=True,
        help="In notices sent up to the day, also what was posted or waived since.",
    )
    amount_posted = fields.Monetary(
        "Posted",
        currency_field="company_currency_id",
        readonly=True,
        help="Booked by a document dated up to the day.",
    )
    amount_waived = fields.Monetary(
        "Waived", currency_field="company_currency_id", readonly=True, help="Given up by the day."
    )
    amount_collected = fields.Monetary(
        "Collected",
        currency_field="company_currency_id",
        readonly=True,
        help="Of what was posted: the part of the document that was settled by the day.",
    )
    rate = fields.Float(
        "Collected, of claimed",
        readonly=True,
        aggregator="avg",
        help="Collected, divided by what was claimed.",
    )

    def _get_figure_sql(self, date, companies):
        return SQL(
            """
            WITH document AS (
                SELECT line.move_id,
                       1 - sum(COALESCE(open.amount_residual, 0)) / NULLIF(sum(line.balance), 0)
                           AS part
                  FROM account_move_line line
             LEFT JOIN (%(open)s) open ON open.id = line.id
                 WHERE line.move_id IN (SELECT charge_move_id FROM credit_collection_charge)
                   AND line.account_id = ANY (ARRAY(
                           SELECT id FROM account_account WHERE account_type = 'asset_receivable'
                       ))
              GROUP BY line.move_id
            )
            SELECT charge.*, amount_collected / NULLIF(amount, 0) AS rate
              FROM (
                       SELECT charge.id, charge.id AS charge_id, dunning.id AS dunning_id,
                              dunning.company_id, cases.partner_id, dunning.level_id,
                              charge.kind, dunning.date_sent, charge.amount_company AS amount,
                              CASE WHEN booked.is_posted THEN charge.amount_company
                                   ELSE 0 END AS amount_posted,
                              CASE WHEN charge.state = 'waived'
                                        AND COALESCE(charge.date_waived <= %(date)s, TRUE)
                                   THEN charge.amount_company ELSE 0 END AS amount_waived,
                              CASE WHEN booked.is_posted
                                   THEN round(charge.amount_company
                                              * COALESCE(document.part, 0), 2)
                                   ELSE 0 END AS amount_collected
                         FROM credit_collection_charge charge
                         JOIN credit_collection_dunning dunning ON dunning.id = charge.dunning_id
                         JOIN credit_collection_case cases ON cases.id = dunning.case_id
                    LEFT JOIN account_move move ON move.id = charge.charge_move_id
                    LEFT JOIN document ON document.move_id = move.id
                         JOIN LATERAL (
                                  SELECT charge.state = 'posted' AND move.state = 'posted'
                                             AND move.date <= %(date)s AS is_posted
                              ) booked ON TRUE
                        WHERE charge.state IN ('claimed', 'posted', 'waived')
                          AND dunning.state = 'sent' AND dunning.date_sent <= %(date)s
                          AND %(companies)s
                   ) charge
            """,
            date=date,
            open=self.env["account.move.line"]._collection_get_open_sql(date, companies),
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "dunning.company_id"
            ),
        )

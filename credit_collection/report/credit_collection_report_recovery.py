from itertools import combinations

from odoo import api, fields, models
from odoo.tools import SQL


class CreditCollectionReportRecovery(models.Model):
    """What was paid within some days of a notice, by its level and its channels."""

    _name = "credit.collection.report.recovery"
    _description = "Recovery after Notices"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date_sent desc, id desc"
    _rec_name = "dunning_id"
    _document = "dunning_id"
    _ratios = {"rate": ("amount_paid", "amount")}

    dunning_id = fields.Many2one("credit.collection.dunning", "Notice", readonly=True)
    move_id = fields.Many2one("account.move", "Document", readonly=True)
    level_id = fields.Many2one("credit.collection.level", readonly=True)
    channels = fields.Selection(
        selection="_selection_channels",
        readonly=True,
        help="The channels by which the notice left, together.",
    )
    date_sent = fields.Date("Sent on", readonly=True)
    is_over = fields.Boolean(
        "Days are over", readonly=True, help="The days after the notice are all in the past."
    )
    amount = fields.Monetary("Claimed", currency_field="company_currency_id", readonly=True)
    amount_paid = fields.Monetary(
        "Paid after the notice",
        currency_field="company_currency_id",
        readonly=True,
        help="Payments from the day after the notice until the days that the company waits for are "
        "over, or until the next notice about the same item; at most what was claimed.",
    )
    rate = fields.Float(
        "Recovered",
        readonly=True,
        aggregator="avg",
        help="Paid after the notice, divided by what it claimed.",
    )

    @api.model
    def _selection_channels(self):
        """Return every set of channels by which a notice can leave."""
        channels = sorted(
            self.env["credit.collection.delivery"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        return [
            ("+".join(key for key, _label in some), ", ".join(label for _key, label in some))
            for count in range(1, len(channels) + 1)
            for some in combinations(channels, count)
        ]

    def _get_figure_sql(self, date, companies):
        return SQL(
            """
            WITH notice AS MATERIALIZED (
                SELECT line.id, dunning.id AS dunning_id, dunning.company_id,
                       cases.partner_id, source.id AS source_id, source.move_id, line.level_id,
                       dunning.date_sent, line.amount_company AS amount,
                       dunning.date_sent + company.collection_recovery_days AS date_over,
                       lead(dunning.date_sent) OVER (
                           PARTITION BY source.id ORDER BY dunning.date_sent, dunning.id)
                           AS date_following
                  FROM credit_collection_dunning_line line
                  JOIN credit_collection_dunning dunning ON dunning.id = line.dunning_id
                  JOIN credit_collection_case cases ON cases.id = dunning.case_id
                  JOIN res_company company ON company.id = dunning.company_id
                  JOIN account_move_line claimed ON claimed.id = line.move_line_id
                  JOIN account_move_line source
                    ON source.id = COALESCE(claimed.collection_origin_line_id, claimed.id)
                 WHERE dunning.state = 'sent' AND dunning.date_sent <= %(date)s
                   AND line.level_id IS NOT NULL AND %(companies)s
            ),
            paid AS (
                SELECT notice.id, sum(payment.amount) AS amount
                  FROM notice
                  JOIN (%(payments)s) payment
                    ON payment.source_id = notice.source_id
                   AND payment.date > notice.date_sent
                   AND payment.date <= LEAST(notice.date_over, notice.date_following)
              GROUP BY notice.id
            ),
            sent AS (
                SELECT delivery.dunning_id,
                       string_agg(DISTINCT delivery.channel, '+' ORDER BY delivery.channel)
                           AS channels
                  FROM credit_collection_delivery delivery
                 WHERE delivery.state = 'sent'
              GROUP BY delivery.dunning_id
            )
            SELECT notice.id, notice.dunning_id, notice.company_id, notice.partner_id,
                   notice.move_id, notice.level_id, sent.channels, notice.date_sent,
                   notice.date_over <= %(date)s AS is_over, notice.amount,
                   LEAST(COALESCE(paid.amount, 0), notice.amount) AS amount_paid,
                   LEAST(COALESCE(paid.amount, 0), notice.amount) / NULLIF(notice.amount, 0)
                       AS rate
              FROM notice
         LEFT JOIN paid ON paid.id = notice.id
         LEFT JOIN sent ON sent.dunning_id = notice.dunning_id
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "dunning.company_id"
            ),
            payments=self.env["account.partial.reconcile"]._collection_get_payment_sql(
                date, companies
            ),
        )

from odoo import api, fields, models
from odoo.tools import SQL


class CreditCollectionReportRoll(models.Model):
    """What became until a day of what was open at the end of the month before."""

    _name = "credit.collection.report.roll"
    _description = "Roll Rates"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "bucket_from_id, bucket_to_id, id"
    _rec_name = "move_id"

    move_id = fields.Many2one("account.move", "Document", readonly=True)
    date_from = fields.Date("Open on", readonly=True)
    bucket_from_id = fields.Many2one("credit.collection.bucket", "Age before", readonly=True)
    bucket_to_id = fields.Many2one(
        "credit.collection.bucket",
        "Age after",
        readonly=True,
        help="The roll rate from one class to another is the amount that went there, divided by "
        "all that was in the first class at the end of the month before.",
    )
    amount = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="Of what was open at the end of the month before.",
    )

    @api.model
    def _get_date_from(self, date):
        """Return the end of the month before."""
        return fields.Date.subtract(fields.Date.start_of(date, "month"), days=1)

    def _get_figure_sql(self, date, companies):
        Line = self.env["account.move.line"]
        Bucket = self.env["credit.collection.bucket"]
        date_from = self._get_date_from(date)
        return SQL(
            """
            WITH before AS MATERIALIZED (%(before)s),
                 after AS MATERIALIZED (
                SELECT source_id, sum(amount_residual) AS amount_residual
                  FROM (%(after)s) line
                 WHERE amount_residual > 0
              GROUP BY source_id
            ),
            rolled AS (
                SELECT line.source_id, line.move_id, line.company_id, line.partner_id,
                       %(bucket_from)s AS bucket_from_id, %(bucket_to)s AS bucket_to_id,
                       line.amount_residual AS amount_before,
                       LEAST(line.amount_residual, COALESCE(after.amount_residual, 0))
                           AS amount_after
                  FROM (SELECT source_id, move_id, company_id, partner_id,
                               min(date_due) AS date_due, sum(amount_residual) AS amount_residual
                          FROM before
                         WHERE amount_residual > 0
                      GROUP BY source_id, move_id, company_id, partner_id) line
             LEFT JOIN %(buckets)s ON bucket.company_id = line.company_id
             LEFT JOIN after ON after.source_id = line.source_id
            )
            SELECT 2 * source_id::bigint AS id, move_id, company_id, partner_id,
                   %(date_from)s AS date_from, bucket_from_id, bucket_to_id, amount_after AS amount
              FROM rolled
             WHERE amount_after > 0
         UNION ALL
            SELECT 2 * source_id::bigint + 1, move_id, company_id, partner_id,
                   %(date_from)s, bucket_from_id, %(paid)s, amount_before - amount_after
              FROM rolled
             WHERE amount_before > amount_after
            """,
            before=Line._collection_get_open_sql(date_from, companies),
            after=Line._collection_get_open_sql(date, companies),
            bucket_from=Bucket._get_sql(
                date_from, SQL("line.date_due"), SQL("line.amount_residual")
            ),
            bucket_to=Bucket._get_sql(date, SQL("line.date_due"), SQL("line.amount_residual")),
            buckets=Bucket._get_table_sql(companies),
            paid=self.env.ref("credit_collection.bucket_paid").id,
            date_from=date_from,
        )

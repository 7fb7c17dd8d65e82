from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..const import FORECAST_SOURCES

BEHAVIOUR_DAYS = 365  # the payments that say how late a customer usually is
NEXT_DAYS = 7  # the soonest that something comes whose day has passed already
LOST_DAYS = 90  # after that many days nobody knows when it comes


class CreditCollectionReportForecast(models.Model):
    """What is expected to come in, and when, from what was known on a day.

    A promise is expected on its day, an instalment of a plan on its own, and the rest when it is
    due, plus the days that the customer is usually late. What is disputed or at the court is not
    expected; open credits lower what is expected of the customer, the oldest first.
    """

    _name = "credit.collection.report.forecast"
    _description = "Cash Forecast"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date_expected, id"
    _rec_name = "partner_id"

    source = fields.Selection(FORECAST_SOURCES, "Because of", readonly=True)
    move_id = fields.Many2one("account.move", "Document", readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    days_usual = fields.Integer(
        "Usual delay",
        readonly=True,
        aggregator="avg",
        help="Days from the due date to the payment, by amount, of what the customer paid in the "
        "last 365 days; of all customers when he paid nothing.",
    )
    date_expected = fields.Date(
        "Expected on",
        readonly=True,
        help="A promise or an instalment: its day. Else the due date plus the usual delay. When "
        "that day has passed: as many days from now, a week at least; after 90 days none.",
    )
    week = fields.Date(readonly=True, help="The Monday of the week.")
    amount = fields.Monetary("Expected", currency_field="company_currency_id", readonly=True)

    def _get_figure_sql(self, date, companies):
        return SQL(
            """
            WITH line AS MATERIALIZED (%(line)s),
                 usual AS MATERIALIZED (%(usual)s),
                 claim AS MATERIALIZED (%(claim)s),
                 plan AS MATERIALIZED (%(plan)s),
                 covered AS MATERIALIZED (
                     SELECT line_id, sum(amount_left) AS amount FROM plan GROUP BY line_id),
                 promised AS MATERIALIZED (%(promised)s),
                 planned AS MATERIALIZED (%(planned)s),
                 expected AS (%(expected)s)
            SELECT 3 * source_record + kind AS id, company_id, partner_id, source, move_id,
                   date_due, days_usual, date_expected,
                   date_trunc('week', date_expected)::date AS week, amount
              FROM expected
             WHERE amount > 0
            """,
            line=self.env["account.move.line"]._collection_get_open_sql(date, companies),
            usual=self._get_usual_sql(date, companies),
            claim=self._get_claim_sql(date, companies),
            promised=self._get_promised_sql(date, companies),
            plan=self._get_plan_sql(date, companies),
            planned=self._get_planned_sql(),
            expected=self._get_expected_sql(date),
        )

    def _get_usual_sql(self, date, companies):
        """How late a customer usually is; the row without a customer is that of the company."""
        return SQL(
            """
            SELECT company_id, partner_id, GROUPING(partner_id) = 1 AS is_all,
                   round(sum(amount * (date - date_due)) / NULLIF(sum(amount), 0))::int AS days
              FROM (%(payments)s) payment
             WHERE date > %(since)s
          GROUP BY GROUPING SETS ((company_id, partner_id), (company_id))
            """,
            payments=self.env["account.partial.reconcile"]._collection_get_payment_sql(
                date, companies
            ),
            since=date - timedelta(days=BEHAVIOUR_DAYS),
        )

    def _get_claim_sql(self, date, companies):
        """What is open of each debt, less open credits, disputes and what is at the court.

        `amount` is in the currency of the debt, `rate` makes it that of the company. Only what has
        a credit or a dispute beside it is put in order.
        """
        return SQL(
            """
            WITH owed AS MATERIALIZED (
                SELECT line.id, line.source_id, line.move_id, line.company_id, line.partner_id,
                       line.currency_id, line.date_due,
                       COALESCE(line.amount_residual / NULLIF(line.amount_residual_currency, 0), 1)
                           AS rate,
                       line.amount_residual_currency AS amount,
                       credit.amount AS credited_amount, dispute.amount AS disputed_amount
                  FROM line
             LEFT JOIN (
                           SELECT company_id, partner_id, currency_id,
                                  -sum(amount_residual_currency) AS amount
                             FROM line
                            WHERE amount_residual < 0
                         GROUP BY company_id, partner_id, currency_id
                       ) credit
                    ON credit.company_id = line.company_id
                   AND credit.partner_id = line.partner_id
                   AND credit.currency_id = line.currency_id
             LEFT JOIN (
                           SELECT move_id, sum(amount) AS amount
                             FROM credit_collection_dispute dispute
                            WHERE date <= %(date)s
                              AND COALESCE(date_closed > %(date)s, TRUE)
                              AND %(companies)s
                         GROUP BY move_id
                       ) dispute ON dispute.move_id = line.move_id
                 WHERE line.amount_residual > 0
            )
            SELECT id, source_id, move_id, company_id, partner_id, currency_id, date_due, rate,
                   CASE WHEN owed.source_id IN (
                            SELECT COALESCE(item.collection_origin_line_id, item.id)
                              FROM credit_collection_litigation_line part
                              JOIN credit_collection_litigation litigation
                                ON litigation.id = part.litigation_id
                              JOIN account_move_line item ON item.id = part.move_line_id
                             WHERE litigation.category IN ('court', 'insolvency')
                               AND litigation.date_open <= %(date)s
                               AND COALESCE(litigation.date_closed > %(date)s, TRUE))
                        THEN 0
                        ELSE GREATEST(amount - used - LEAST(amount, GREATEST(
                            disputed - later, 0)), 0)
                   END AS amount
              FROM (
                       SELECT *, 0 AS used, 0 AS disputed, 0 AS later
                         FROM owed
                        WHERE credited_amount IS NULL AND disputed_amount IS NULL
                    UNION ALL
                       SELECT *,
                              LEAST(amount, GREATEST(COALESCE(credited_amount, 0)
                                                     - sum(amount) OVER earlier + amount, 0)),
                              COALESCE(disputed_amount, 0),
                              sum(amount) OVER after - amount
                         FROM owed
                        WHERE credited_amount IS NOT NULL OR disputed_amount IS NOT NULL
                       WINDOW earlier AS (PARTITION BY company_id, partner_id, currency_id
                                          ORDER BY date_due, id),
                              after AS (PARTITION BY move_id ORDER BY date_due DESC, id DESC)
                   ) owed
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "dispute.company_id"
            ),
        )

    def _get_promised_sql(self, date, companies):
        """What is still to come of each promise, spread over its items, the oldest first.

        What a payment plan covers is expected as it is planned, whatever is promised beside it.
        """
        return SQL(
            """
            SELECT promise.id AS promise_id, promise.date_promised, claim.id AS line_id,
                   LEAST(claim.amount, GREATEST(promise.amount - sum(claim.amount) OVER earlier
                                                + claim.amount, 0)) AS amount
              FROM (
                       SELECT promise.id, promise.date_promised,
                              GREATEST(promise.amount - GREATEST(
                                  promise.amount_open - COALESCE(sum(
                                      line.amount_residual_currency), 0), 0), 0) AS amount
                         FROM credit_collection_promise promise
                    LEFT JOIN credit_collection_promise_line_rel rel
                           ON rel.promise_id = promise.id
                    LEFT JOIN line ON line.source_id = rel.move_line_id
                        WHERE (promise.state != 'cancel' OR promise.date_canceled > %(date)s)
                          AND promise.date <= %(date)s
                          AND promise.date_deadline >= %(date)s AND %(companies)s
                     GROUP BY promise.id
                   ) promise
              JOIN credit_collection_promise_line_rel rel ON rel.promise_id = promise.id
              JOIN (
                       SELECT claim.id, claim.source_id, claim.date_due,
                              claim.amount - COALESCE(covered.amount, 0) AS amount
                         FROM claim
                    LEFT JOIN covered ON covered.line_id = claim.id
                   ) claim ON claim.source_id = rel.move_line_id AND claim.amount > 0
            WINDOW earlier AS (PARTITION BY promise.id ORDER BY claim.date_due, claim.id)
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "promise.company_id"
            ),
        )

    def _get_plan_sql(self, date, companies):
        """The items of the plans that run on the day, with what is still to pay of each."""
        return SQL(
            """
            SELECT plan.id AS plan_id, part.id AS part_id, claim.id AS line_id, part.amount,
                   LEAST(COALESCE(claim.amount, 0), GREATEST(part.amount - GREATEST(
                       part.amount_residual - COALESCE(line.amount, 0), 0), 0)) AS amount_left
              FROM credit_collection_payment_plan plan
              JOIN credit_collection_payment_plan_line part ON part.plan_id = plan.id
         LEFT JOIN (SELECT source_id, sum(amount_residual_currency) AS amount
                      FROM line
                     WHERE amount_residual > 0
                  GROUP BY source_id) line ON line.source_id = part.move_line_id
         LEFT JOIN claim ON claim.source_id = part.move_line_id
             WHERE plan.date_active <= %(date)s
               AND (plan.state IN ('active', 'done')
                    OR (plan.state = 'broken' AND plan.date_broken > %(date)s)
                    OR (plan.state = 'cancel' AND plan.date_canceled > %(date)s))
               AND %(companies)s
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "plan.company_id"
            ),
        )

    def _get_planned_sql(self):
        """What is still to pay of each instalment: the last ones make up what is left."""
        return SQL(
            """
            SELECT one.id AS installment_id, one.plan_id, one.date_due,
                   LEAST(one.amount, GREATEST(left_over.amount - sum(one.amount) OVER after
                                              + one.amount, 0)) AS amount
              FROM credit_collection_installment one
              JOIN (SELECT plan_id, sum(amount_left) AS amount
                      FROM plan
                  GROUP BY plan_id) left_over ON left_over.plan_id = one.plan_id
            WINDOW after AS (PARTITION BY one.plan_id ORDER BY one.date_due DESC, one.id DESC)
            """
        )

    def _get_expected_sql(self, date):
        """Promises and instalments on their day, the rest when the customer usually pays."""
        return SQL(
            """
            SELECT 0 AS kind, row_number() OVER (ORDER BY promised.promise_id, promised.line_id)
                       AS source_record, claim.company_id,
                   claim.partner_id, 'promise' AS source, claim.move_id, claim.date_due,
                   NULL::int AS days_usual,
                   GREATEST(promised.date_promised, %(date)s) AS date_expected,
                   round(promised.amount * claim.rate, 2) AS amount
              FROM promised
              JOIN claim ON claim.id = promised.line_id
         UNION ALL
            SELECT 1, planned.installment_id, plan.company_id, cases.partner_id, 'plan',
                   NULL, planned.date_due, NULL,
                   CASE WHEN planned.date_due > %(date)s THEN planned.date_due
                        ELSE %(date)s + GREATEST(%(date)s - planned.date_due, %(next)s) END,
                   round(planned.amount * rated.rate, 2)
              FROM planned
              JOIN credit_collection_payment_plan plan ON plan.id = planned.plan_id
              JOIN credit_collection_case cases ON cases.id = plan.case_id
              JOIN (SELECT plan.plan_id,
                           COALESCE(sum(plan.amount_left * claim.rate)
                                    / NULLIF(sum(plan.amount_left), 0), 1) AS rate
                      FROM plan
                      JOIN claim ON claim.id = plan.line_id
                  GROUP BY plan.plan_id) rated ON rated.plan_id = plan.id
         UNION ALL
            SELECT 2, rest.id, rest.company_id, rest.partner_id, 'due', rest.move_id,
                   rest.date_due, rest.days,
                   CASE WHEN rest.date_due + rest.days > %(date)s THEN rest.date_due + rest.days
                        WHEN rest.date_due + rest.days > %(lost)s
                        THEN %(date)s + GREATEST(%(date)s - rest.date_due - rest.days, %(next)s)
                    END,
                   round(rest.amount * rest.rate, 2)
              FROM (
                       SELECT claim.id, claim.company_id, claim.partner_id, claim.move_id,
                              claim.date_due, claim.rate,
                              COALESCE(own.days, usual.days, 0) AS days,
                              claim.amount - COALESCE(promised.amount, 0)
                                  - COALESCE(covered.amount, 0) AS amount
                         FROM claim
                    LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM promised
                             GROUP BY line_id) promised ON promised.line_id = claim.id
                    LEFT JOIN covered ON covered.line_id = claim.id
                    LEFT JOIN usual own ON own.company_id = claim.company_id
                                       AND own.partner_id = claim.partner_id
                                       AND NOT own.is_all
                    LEFT JOIN usual ON usual.company_id = claim.company_id
                                   AND usual.is_all
                   ) rest
            """,
            date=date,
            next=NEXT_DAYS,
            lost=date - timedelta(days=LOST_DAYS),
        )

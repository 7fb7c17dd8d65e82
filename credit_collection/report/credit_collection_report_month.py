from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

MONTHS = 13  # a year, and the same month of the year before
COUNT_BACK_MONTHS = 24


class CreditCollectionReportMonth(models.Model):
    """The receivables of a company at the end of each month, and how fast they turn into cash."""

    _name = "credit.collection.report.month"
    _description = "Month by Month"
    _inherit = ["credit.collection.report"]
    _auto = False
    _order = "date desc, company_id"
    _rec_name = "date"
    _ratios = {
        "dso": ("amount_days", "amount_sales_period"),
        "dso_countback": ("amount_days_countback", "amount_receivable"),
        "dso_best": ("amount_days_current", "amount_sales_period"),
        "cei": ("amount_collected", "amount_collectable"),
    }
    _balances = (
        "amount_receivable",
        "amount_debt",
        "amount_current",
        "amount_overdue",
        "amount_sales_period",
    )

    date = fields.Date("Up to", readonly=True, help="The last day of the month, or the day chosen.")
    amount_receivable = fields.Monetary(
        "Receivable",
        currency_field="company_currency_id",
        readonly=True,
        help="The balance of the receivable accounts: debts less open credits. Of several months, "
        "this and the other balances are averages.",
    )
    amount_debt = fields.Monetary("Open debts", currency_field="company_currency_id", readonly=True)
    amount_current = fields.Monetary("Not due", currency_field="company_currency_id", readonly=True)
    amount_overdue = fields.Monetary("Overdue", currency_field="company_currency_id", readonly=True)
    amount_sales = fields.Monetary(
        "Invoiced",
        currency_field="company_currency_id",
        readonly=True,
        help="Invoices less credit notes of the month, with taxes.",
    )
    amount_sales_period = fields.Monetary(
        "Invoiced in the period of the DSO",
        currency_field="company_currency_id",
        readonly=True,
        help="Invoices less credit notes, with taxes, of as many days as the company counts.",
    )
    amount_days = fields.Float("Receivable × days", readonly=True)
    amount_days_current = fields.Float("Not due × days", readonly=True)
    amount_days_countback = fields.Float("Receivable × days counted back", readonly=True)
    amount_collected = fields.Monetary(
        "Collected of what could be",
        currency_field="company_currency_id",
        readonly=True,
        help="Debts at the beginning of the month, plus invoiced, less debts at its end.",
    )
    amount_collectable = fields.Monetary(
        "Could be collected",
        currency_field="company_currency_id",
        readonly=True,
        help="Debts at the beginning of the month, plus invoiced, less what is not due at its end.",
    )
    dso = fields.Float(
        "DSO",
        readonly=True,
        aggregator="avg",
        help="Days sales outstanding: receivable ÷ invoiced in the period × days of the period.",
    )
    dso_countback = fields.Float(
        "DSO, count-back",
        readonly=True,
        aggregator="avg",
        help="The days of the latest months whose invoices make up what is receivable; of the "
        "first of them the part that is needed.",
    )
    dso_best = fields.Float(
        "DSO, best possible",
        readonly=True,
        aggregator="avg",
        help="As if all paid on the due date: not due ÷ invoiced in the period × days of the "
        "period.",
    )
    cei = fields.Float(
        "Collection effectiveness",
        readonly=True,
        aggregator="avg",
        help="(Debts at the beginning + invoiced − debts at the end) ÷ (debts at the beginning + "
        "invoiced − not due at the end). 100 % when nothing is overdue.",
    )

    @api.model
    def _get_ends(self, date):
        """Return the day, and the ends of the months before; the first only opens the second."""
        first = date + relativedelta(day=1)
        return [
            *(first - relativedelta(months=back, days=1) for back in range(MONTHS - 1, -1, -1)),
            date,
        ]

    def _get_query(self, date, companies):
        return SQL(
            """
            WITH step AS MATERIALIZED (%(step)s),
                 period AS MATERIALIZED (%(period)s),
                 back AS (%(back)s)
            SELECT period.id, period.company_id, period.date, company.currency_id
                       AS company_currency_id,
                   period.receivable AS amount_receivable, period.debt AS amount_debt,
                   period.debt - period.overdue AS amount_current,
                   period.overdue AS amount_overdue, period.sales AS amount_sales,
                   period.sales_period AS amount_sales_period,
                   period.receivable * company.collection_dso_days AS amount_days,
                   (period.debt - period.overdue) * company.collection_dso_days
                       AS amount_days_current,
                   period.debt_before + period.sales - period.debt AS amount_collected,
                   period.debt_before + period.sales - (period.debt - period.overdue)
                       AS amount_collectable,
                   period.receivable * company.collection_dso_days
                       / NULLIF(period.sales_period, 0) AS dso,
                   back.days AS dso_countback,
                   back.days * period.receivable AS amount_days_countback,
                   (period.debt - period.overdue) * company.collection_dso_days
                       / NULLIF(period.sales_period, 0) AS dso_best,
                   (period.debt_before + period.sales - period.debt)
                       / NULLIF(period.debt_before + period.sales
                                - (period.debt - period.overdue), 0) AS cei
              FROM period
              JOIN res_company company ON company.id = period.company_id
         LEFT JOIN back ON back.id = period.id
             WHERE period.date_before IS NOT NULL AND period.has_begun
            """,
            step=self._get_step_sql(date, companies),
            period=self._get_period_sql(date, companies),
            back=self._get_back_sql(),
        )

    def _get_step_sql(self, date, companies):
        """By how much each day moves the receivable, the debts, the overdue and the sales.

        The same as the open lines of `_collection_get_open_sql`, added up for many days at once: a
        debt enters on the day it is booked and leaves with what is matched; it is overdue from the
        day after its due date.
        """
        return SQL(
            """
            SELECT company_id, date, sum(receivable) AS receivable, sum(debt) AS debt,
                   sum(overdue) AS overdue, sum(sales) AS sales
              FROM (%(booked)s UNION ALL %(matched)s) moved
          GROUP BY company_id, date
            """,
            booked=self._get_booked_sql(date, companies),
            matched=self._get_matched_sql(date, companies),
        )

    def _get_booked_sql(self, date, companies):
        """What was booked, as one row for each day of booking and due date, then day by day."""
        return SQL(
            """
            SELECT booked.company_id, happened.date,
                   CASE WHEN happened.is_booking THEN booked.balance ELSE 0 END AS receivable,
                   CASE WHEN happened.is_booking THEN booked.debt ELSE 0 END AS debt,
                   CASE WHEN happened.is_booking THEN 0 ELSE booked.debt END AS overdue,
                   CASE WHEN happened.is_booking THEN booked.sales ELSE 0 END AS sales
              FROM (
                       SELECT line.company_id, line.date,
                              COALESCE(line.date_maturity, line.date) AS date_due,
                              sum(line.balance) AS balance,
                              sum(line.balance) FILTER (WHERE line.balance > 0) AS debt,
                              sum(line.balance) FILTER (WHERE move.move_type IN (
                                  'out_invoice', 'out_refund', 'out_receipt')) AS sales
                         FROM account_move_line line
                         JOIN account_move move ON move.id = line.move_id
                        WHERE line.account_id = ANY (ARRAY(
                                  SELECT id FROM account_account
                                   WHERE account_type = 'asset_receivable'
                              ))
                          AND line.parent_state = 'posted' AND line.date <= %(date)s
                          AND %(companies)s
                     GROUP BY line.company_id, line.date, COALESCE(line.date_maturity, line.date)
                   ) booked
              JOIN LATERAL (VALUES (booked.date, TRUE),
                                   (GREATEST(booked.date, booked.date_due + 1), FALSE))
                  AS happened (date, is_booking) ON happened.date <= %(date)s
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "line.company_id"
            ),
        )

    def _get_matched_sql(self, date, companies):
        return SQL(
            """
            SELECT matched.company_id, happened.date, 0,
                   CASE WHEN happened.is_matching THEN -matched.amount ELSE 0 END,
                   CASE WHEN happened.is_matching THEN 0 ELSE -matched.amount END, 0
              FROM (
                       SELECT line.company_id, partial.max_date AS date,
                              COALESCE(line.date_maturity, line.date) AS date_due,
                              sum(partial.amount) AS amount
                         FROM account_partial_reconcile partial
                         JOIN account_move_line line ON line.id = partial.debit_move_id
                        WHERE line.account_id = ANY (ARRAY(
                                  SELECT id FROM account_account
                                   WHERE account_type = 'asset_receivable'
                              ))
                          AND line.parent_state = 'posted' AND partial.max_date <= %(date)s
                          AND %(companies)s
                     GROUP BY line.company_id, partial.max_date,
                              COALESCE(line.date_maturity, line.date)
                   ) matched
              JOIN LATERAL (VALUES (matched.date, TRUE),
                                   (GREATEST(matched.date, matched.date_due + 1), FALSE))
                  AS happened (date, is_matching) ON happened.date <= %(date)s
            """,
            date=date,
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "line.company_id"
            ),
        )

    def _get_period_sql(self, date, companies):
        """Each company at the end of each month: what the days up to then add up to.

        Before its first entry a company had no receivables to judge.
        """
        return SQL(
            """
            SELECT day.company_id * 100 + day.rank AS id, day.company_id, day.date,
                   lag(day.date) OVER company AS date_before,
                   lag(total.debt) OVER company AS debt_before, total.*
              FROM (
                       SELECT company.id AS company_id, company.collection_dso_days AS dso_days,
                              one.date, one.rank
                         FROM res_company company
                   CROSS JOIN unnest(%(ends)s::date[]) WITH ORDINALITY AS one (date, rank)
                        WHERE company.id = ANY(%(companies)s)
                   ) day
              JOIN LATERAL (
                       SELECT count(*) > 0 AS has_begun,
                              COALESCE(sum(receivable), 0) AS receivable,
                              COALESCE(sum(debt), 0) AS debt,
                              COALESCE(sum(overdue), 0) AS overdue,
                              COALESCE(sum(sales) FILTER (
                                  WHERE step.date >= date_trunc('month', day.date)), 0) AS sales,
                              COALESCE(sum(sales) FILTER (
                                  WHERE step.date > day.date - day.dso_days), 0) AS sales_period
                         FROM step
                        WHERE step.company_id = day.company_id AND step.date <= day.date
                   ) total ON TRUE
            WINDOW company AS (PARTITION BY day.company_id ORDER BY day.date)
            """,
            ends=self._get_ends(date),
            companies=list(companies.ids),
        )

    def _get_back_sql(self):
        """Take off the sales of the latest months, one after the other, until nothing is left."""
        return SQL(
            """
            SELECT id,
                   sum(CASE WHEN receivable <= taken - sales THEN 0
                            WHEN sales = 0 OR receivable >= taken THEN days
                            ELSE days * (receivable - (taken - sales)) / sales END) AS days
              FROM (
                       SELECT period.id, period.receivable, month.days, month.sales,
                              sum(month.sales) OVER (PARTITION BY period.id ORDER BY month.back)
                                  AS taken
                         FROM period
                         JOIN LATERAL (
                                  SELECT span.back, span.until - span.start + 1 AS days,
                                         GREATEST(COALESCE(sum(step.sales), 0), 0) AS sales
                                    FROM (
                                             SELECT back,
                                                    (date_trunc('month', period.date)
                                                     - make_interval(months => back))::date
                                                        AS start,
                                                    LEAST(period.date,
                                                          (date_trunc('month', period.date)
                                                           - make_interval(months => back - 1))
                                                              ::date - 1) AS until
                                               FROM generate_series(0, %(months)s - 1) back
                                         ) span
                               LEFT JOIN step ON step.company_id = period.company_id
                                             AND step.date BETWEEN span.start AND span.until
                                GROUP BY span.back, span.until, span.start
                              ) month ON TRUE
                   ) counted
          GROUP BY id
            """,
            months=COUNT_BACK_MONTHS,
        )

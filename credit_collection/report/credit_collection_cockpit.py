from odoo import fields, models
from odoo.tools import SQL


class CreditCollectionCockpit(models.Model):
    """All companies of the user at a glance, and where something is to be done.

    One row for each company that he may see, whichever he works in at the moment. Figures are those
    of the last assessment, read in one statement.
    """

    _name = "credit.collection.cockpit"
    _description = "Cockpit of Companies"
    _auto = False
    _order = "amount_overdue desc, id"
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    case_count = fields.Integer("Open cases", readonly=True)
    unassigned_count = fields.Integer("Without collector", readonly=True)
    amount_residual = fields.Monetary("Open", readonly=True)
    amount_overdue = fields.Monetary(
        "Overdue",
        readonly=True,
        help="All debts that were due before today, as on the dashboard: also what is excluded "
        "from dunning, and what was booked without a customer.",
    )
    amount_excluded = fields.Monetary(
        "Excluded", readonly=True, help="Overdue, and excluded from dunning by a mark on the entry."
    )
    amount_nameless = fields.Monetary(
        "Without customer",
        readonly=True,
        help="Overdue, and booked without a customer: nobody can be reminded before the entry says "
        "whose debt it is.",
    )
    amount_covered = fields.Monetary(
        "Covered",
        readonly=True,
        help="Overdue and reminded, or on hold: disputes, promises, payment plans, litigations.",
    )
    coverage = fields.Float(
        readonly=True,
        aggregator=None,
        help="Share of what is overdue, and not excluded from dunning, that was reminded or is on "
        "hold. The rest is left alone.",
    )
    amount_due = fields.Monetary("To be reminded", readonly=True)
    days_due = fields.Integer(
        "Run missing for",
        readonly=True,
        aggregator="max",
        help="Days for which notices have been due, and no run was approved since.",
    )
    date_last_run = fields.Date("Last run", readonly=True)
    draft_count = fields.Integer(
        "Drafts", readonly=True, help="Proposed notices that nobody has approved yet."
    )
    letter_count = fields.Integer("Letters to print", readonly=True)
    exception_count = fields.Integer(
        "Exceptions",
        readonly=True,
        help="Customers with a notice that was not delivered, or with the last level behind them: "
        "somebody has to decide.",
    )
    hold_count = fields.Integer(
        "Holds to review",
        readonly=True,
        help="Active for longer than the settings of the company say.",
    )
    dispute_count = fields.Integer(
        "Late disputes", readonly=True, help="To be settled by a day that is over."
    )
    date_bank = fields.Date("Bank up to", readonly=True, help="The last imported transaction.")
    days_bank = fields.Integer("Days since the last transaction", readonly=True, aggregator="max")

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        companies = self.env.user.company_ids
        return SQL(
            """
            SELECT company.id, company.id AS company_id, company.currency_id,
                   COALESCE(cases.case_count, 0) AS case_count,
                   COALESCE(cases.unassigned_count, 0) AS unassigned_count,
                   COALESCE(item.amount_residual, 0) AS amount_residual,
                   COALESCE(item.amount_overdue, 0) AS amount_overdue,
                   COALESCE(item.amount_excluded, 0) AS amount_excluded,
                   COALESCE(item.amount_nameless, 0) AS amount_nameless,
                   COALESCE(item.amount_covered, 0) AS amount_covered,
                   COALESCE(item.amount_covered
                            / NULLIF(item.amount_overdue - item.amount_excluded, 0), 1) AS coverage,
                   COALESCE(item.amount_due, 0) AS amount_due,
                   CASE WHEN item.date_due_since IS NULL THEN 0
                        ELSE %(today)s - GREATEST(item.date_due_since, run.date_last_run)
                    END AS days_due,
                   run.date_last_run,
                   COALESCE(dunning.draft_count, 0) AS draft_count,
                   COALESCE(letter.letter_count, 0) AS letter_count,
                   COALESCE(item.exception_count, 0) AS exception_count,
                   COALESCE(hold.hold_count, 0) AS hold_count,
                   COALESCE(dispute.dispute_count, 0) AS dispute_count,
                   bank.date_bank, %(today)s - bank.date_bank AS days_bank
              FROM res_company company
         LEFT JOIN (%(cases)s) cases ON cases.company_id = company.id
         LEFT JOIN (%(item)s) item ON item.company_id = company.id
         LEFT JOIN (%(run)s) run ON run.company_id = company.id
         LEFT JOIN (%(dunning)s) dunning ON dunning.company_id = company.id
         LEFT JOIN (%(letter)s) letter ON letter.company_id = company.id
         LEFT JOIN (%(hold)s) hold ON hold.company_id = company.id
         LEFT JOIN (%(dispute)s) dispute ON dispute.company_id = company.id
         LEFT JOIN (%(bank)s) bank ON bank.company_id = company.id
             WHERE company.id = ANY(%(companies)s)
            """,
            today=today,
            companies=list(companies.ids),
            cases=self._get_case_sql(companies),
            item=self._get_item_sql(companies, today),
            run=self._get_run_sql(companies),
            dunning=self._get_dunning_sql(companies),
            letter=self._get_letter_sql(companies),
            hold=self._get_hold_sql(companies, today),
            dispute=self._get_dispute_sql(companies, today),
            bank=self._get_bank_sql(companies),
        )

    # -------------------------------------------------------------------------
    # The parts
    # -------------------------------------------------------------------------

    def _get_case_sql(self, companies):
        return SQL(
            """
            SELECT company_id, count(*) AS case_count,
                   count(*) FILTER (WHERE user_id IS NULL) AS unassigned_count
              FROM credit_collection_case
             WHERE state = 'open' AND company_id = ANY(%s)
          GROUP BY company_id
            """,
            list(companies.ids),
        )

    def _get_item_sql(self, companies, today):
        """The open items: overdue as on the dashboard, covered is what somebody looks after.

        The cases leave out what is excluded from dunning, and no assessment sees a debt that was
        booked without a customer.
        """
        return SQL(
            """
            SELECT company_id, sum(amount_residual) AS amount_residual,
                   COALESCE(sum(amount_residual) FILTER (WHERE date_due < %(today)s), 0)
                       AS amount_overdue,
                   COALESCE(sum(amount_residual)
                            FILTER (WHERE date_due < %(today)s AND decision = 'excluded'), 0)
                       AS amount_excluded,
                   COALESCE(sum(amount_residual)
                            FILTER (WHERE date_due < %(today)s AND case_id IS NULL), 0)
                       AS amount_nameless,
                   COALESCE(sum(CASE WHEN level_id IS NOT NULL OR decision IN ('hold', 'queued')
                                     THEN amount_residual
                                     ELSE amount_residual - amount_claim END)
                            FILTER (WHERE date_due < %(today)s AND decision != 'excluded'), 0)
                       AS amount_covered,
                   sum(amount_claim) FILTER (WHERE decision = 'due') AS amount_due,
                   min(date_next) FILTER (WHERE decision = 'due') AS date_due_since,
                   count(DISTINCT case_id) FILTER (WHERE decision IN ('failed', 'last_level'))
                       AS exception_count
              FROM (
                       SELECT cases.company_id, item.case_id, item.level_id, item.decision,
                              item.date_due, item.date_next, item.amount_residual, item.amount_claim
                         FROM credit_collection_item item
                         JOIN credit_collection_case cases ON cases.id = item.case_id
                        WHERE cases.company_id = ANY(%(companies)s)
                          AND item.decision != 'credit'
                    UNION ALL
                       SELECT line.company_id, NULL, NULL,
                              CASE WHEN line.no_followup THEN 'excluded' END,
                              COALESCE(line.date_maturity, line.date), NULL, line.amount_residual, 0
                         FROM account_move_line line
                        WHERE line.account_id = ANY (ARRAY(
                                  SELECT id FROM account_account
                                   WHERE account_type = 'asset_receivable'
                              ))
                          AND line.partner_id IS NULL
                          AND line.reconciled IS NOT TRUE
                          AND line.parent_state = 'posted'
                          AND line.amount_residual > 0
                          AND line.company_id = ANY(%(companies)s)
                   ) debt
          GROUP BY company_id
            """,
            today=today,
            companies=list(companies.ids),
        )

    def _get_run_sql(self, companies):
        return SQL(
            """
            SELECT company_id, max(date) AS date_last_run
              FROM credit_collection_run
             WHERE state = 'approved' AND case_id IS NULL AND company_id = ANY(%s)
          GROUP BY company_id
            """,
            list(companies.ids),
        )

    def _get_dunning_sql(self, companies):
        return SQL(
            """
            SELECT company_id, count(*) AS draft_count
              FROM credit_collection_dunning
             WHERE state = 'draft' AND company_id = ANY(%s)
          GROUP BY company_id
            """,
            list(companies.ids),
        )

    def _get_letter_sql(self, companies):
        return SQL(
            """
            SELECT dunning.company_id, count(*) AS letter_count
              FROM credit_collection_delivery delivery
              JOIN credit_collection_dunning dunning ON dunning.id = delivery.dunning_id
             WHERE delivery.channel = 'letter' AND delivery.state IN ('todo', 'under_way')
               AND dunning.state IN ('queued', 'sent') AND dunning.company_id = ANY(%s)
          GROUP BY dunning.company_id
            """,
            list(companies.ids),
        )

    def _get_hold_sql(self, companies, today):
        """The holds that are to be reviewed, as in their list."""
        return SQL(
            """
            SELECT hold.company_id, count(*) AS hold_count
              FROM credit_collection_hold hold
              JOIN res_company company ON company.id = hold.company_id
             WHERE hold.state = 'active' AND hold.company_id = ANY(%(companies)s)
               AND hold.date_start <= %(today)s - company.collection_hold_review_days
          GROUP BY hold.company_id
            """,
            companies=list(companies.ids),
            today=today,
        )

    def _get_dispute_sql(self, companies, today):
        return SQL(
            """
            SELECT company_id, count(*) AS dispute_count
              FROM credit_collection_dispute
             WHERE state = 'open' AND date_deadline < %(today)s AND company_id = ANY(%(companies)s)
          GROUP BY company_id
            """,
            companies=list(companies.ids),
            today=today,
        )

    def _get_bank_sql(self, companies):
        """The last transaction of each company: what its journals have last, by their index."""
        return SQL(
            """
            SELECT journal.company_id, max(to_date(left(last.internal_index, 8), 'YYYYMMDD'))
                       AS date_bank
              FROM account_journal journal
              JOIN LATERAL (
                       SELECT internal_index
                         FROM account_bank_statement_line
                        WHERE journal_id = journal.id AND company_id = journal.company_id
                     ORDER BY internal_index DESC
                        LIMIT 1
                   ) last ON TRUE
             WHERE journal.type IN ('bank', 'credit') AND journal.company_id = ANY(%s)
          GROUP BY journal.company_id
            """,
            list(companies.ids),
        )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_open_cases(self):
        return self._open("/odoo/collection-cases")

    def action_open_run(self):
        """Open the proposal of this company."""
        return self._open("/odoo/collection-proposal")

    def _open(self, url):
        """Go on in this company: nothing of another one is on the screen any more."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "credit_collection_switch_company",
            "params": {"company_id": self.company_id.id, "url": url},
        }

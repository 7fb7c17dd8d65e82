from odoo import api, fields, models
from odoo.tools import SQL

# What is measured, in the order in which the reasons of a priority are told.
MEASURES = [
    ("amount", "Amount to collect"),
    ("late", "Days late"),
    ("level", "Level reached"),
    ("broken", "Broken promises"),
    ("behaviour", "Usual delay of payment, days"),
    ("silence", "Days since the last contact"),
    ("limitation", "Days until a claim lapses"),
    ("declaration", "Days until a claim must be filed"),
    ("litigation", "Litigation or insolvency"),
    ("size", "Sales of twelve months"),
    ("answer", "Answers to read"),
    ("action", "Days since the next action was due"),
]

# the nearer the day, the more points
_AT_MOST = ("limitation", "declaration")


class CreditCollectionPriorityRule(models.Model):
    """So many points for a customer whose figure reaches a threshold.

    Of the rules about one measure, that with the highest threshold reached counts, or the lowest
    where a deadline comes nearer. The priority of a case is the sum of its points. A company that
    has rules of its own about a measure does not follow the shared ones.

    A module that adds a measure extends the selection and writes `_get_<measure>_sql()`.
    """

    _name = "credit.collection.priority.rule"
    _description = "Priority Rule"
    _order = "measure, threshold, id"
    _check_company_auto = True

    measure = fields.Selection(MEASURES, required=True)
    threshold = fields.Float(
        "From",
        digits=(16, 2),
        help="The points are given from this figure on; up to this figure for days that are left.",
    )
    points = fields.Integer(required=True, default=50)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to apply the rule in all companies."
    )

    @api.depends("measure", "threshold", "points")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["measure"]._description_selection(self.env))
        for rule in self:
            rule.display_name = self.env._(
                "%(measure)s from %(threshold)g: %(points)s points",
                measure=labels.get(rule.measure, ""),
                threshold=rule.threshold,
                points=rule.points,
            )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        self._apply_soon()
        return rules

    def write(self, vals):
        res = super().write(vals)
        self._apply_soon()
        return res

    def unlink(self):
        res = super().unlink()
        self._apply_soon()
        return res

    @api.model
    def _apply_soon(self):
        """Order the worklists anew, when the rules have been changed: not while they are."""
        self.env.ref("credit_collection.ir_cron_assess").sudo()._trigger()

    # -------------------------------------------------------------------------
    # The points
    # -------------------------------------------------------------------------

    @api.model
    def _update_priorities(self, scope, date):
        """Write the priority of the open cases in a scope: one statement for all of them.

        :param SQL scope: a condition on `cases`, with its customer as `partner`
        """
        self.env.cr.execute(
            SQL(
                """
                WITH %(points)s
                UPDATE credit_collection_case cases
                   SET priority = fresh.priority, priority_parts = fresh.parts
                  FROM (
                           SELECT cases.id, COALESCE(scored.priority, 0) AS priority, scored.parts
                             FROM credit_collection_case cases
                             JOIN res_partner partner ON partner.id = cases.partner_id
                        LEFT JOIN scored ON scored.case_id = cases.id
                            WHERE %(scope)s
                       ) fresh
                 WHERE fresh.id = cases.id
                   AND (cases.priority, cases.priority_parts)
                       IS DISTINCT FROM (fresh.priority, fresh.parts)
                """,
                points=self._get_points_sql(scope, date, self._get_rules_sql()),
                scope=scope,
            )
        )

    @api.model
    def _get_points_sql(self, scope, date, rules):
        """The open cases in a scope with their points, and what they are for, as CTEs.

        :param SQL rules: what gives the points: measure, threshold, points, company_id
        """
        return SQL(
            """
            given AS MATERIALIZED (%(rules)s),
            rule AS MATERIALIZED (
                SELECT company.id AS company_id, given.measure, given.threshold, given.points
                  FROM res_company company
                  JOIN given ON given.company_id = company.id
                             OR given.company_id IS NULL AND NOT EXISTS (
                                 SELECT FROM given own
                                  WHERE own.measure = given.measure AND own.company_id = company.id)
            ),
            target AS MATERIALIZED (
                SELECT cases.id, cases.company_id, cases.amount_overdue,
                       cases.date_oldest_due, cases.level_id, cases.date_last_notice,
                       cases.date_last_contact, cases.date_next_action, cases.days_late_average,
                       cases.amount_sales
                  FROM credit_collection_case cases
                  JOIN res_partner partner ON partner.id = cases.partner_id
                 WHERE cases.state = 'open' AND %(scope)s
            ),
            figure AS (%(figures)s),
            part AS (
                SELECT DISTINCT ON (figure.case_id, figure.measure)
                       figure.case_id, figure.measure, rule.points
                  FROM figure
                  JOIN target ON target.id = figure.case_id
                  JOIN rule ON rule.measure = figure.measure
                           AND rule.company_id = target.company_id
                           AND CASE WHEN rule.measure = ANY(%(at_most)s)
                                    THEN figure.value <= rule.threshold
                                    ELSE figure.value >= rule.threshold END
              ORDER BY figure.case_id, figure.measure,
                       CASE WHEN rule.measure = ANY(%(at_most)s)
                            THEN rule.threshold ELSE -rule.threshold END,
                       rule.points DESC
            ),
            scored AS (
                SELECT case_id, sum(points)::int AS priority,
                       jsonb_object_agg(measure, points) AS parts
                  FROM part
                 WHERE points != 0
              GROUP BY case_id
            )
            """,
            rules=rules,
            scope=scope,
            figures=SQL(" UNION ALL ").join(
                SQL(
                    "SELECT id AS case_id, %s AS measure, value::float FROM (%s) found"
                    " WHERE value IS NOT NULL",
                    measure,
                    getattr(self, f"_get_{measure}_sql")(date),
                )
                for measure, _label in self._fields["measure"].selection
            ),
            at_most=list(_AT_MOST),
        )

    @api.model
    def _get_rules_sql(self):
        return SQL(
            """
            SELECT measure, threshold, points, company_id
              FROM credit_collection_priority_rule
             WHERE active
            """
        )

    @api.model
    def _describe(self, parts):
        """Return the reasons of a priority: "420 = 200 amount + 120 late"."""
        words = self._get_words()
        reasons = [
            f"{parts[measure]} {words.get(measure, measure)}"
            for measure, _label in self._fields["measure"].selection
            if measure in parts
        ]
        total = sum(parts.values())
        return f"{total} = {' + '.join(reasons)}" if reasons else "0"

    @api.model
    def _get_words(self):
        """Return what each measure is called in the reasons of a priority."""
        return {
            "amount": self.env._("amount"),
            "late": self.env._("late"),
            "level": self.env._("level"),
            "broken": self.env._("broken promise"),
            "behaviour": self.env._("slow payer"),
            "silence": self.env._("no contact"),
            "limitation": self.env._("claim lapses"),
            "declaration": self.env._("claim to file"),
            "litigation": self.env._("litigation"),
            "size": self.env._("large customer"),
            "answer": self.env._("answer to read"),
            "action": self.env._("to call"),
        }

    # -------------------------------------------------------------------------
    # The figures: one row for a case of `target`, with its value
    # -------------------------------------------------------------------------

    @api.model
    def _get_amount_sql(self, date):
        """What is overdue and not on hold: who has promised to pay need not be called first."""
        return SQL(
            """
            SELECT item.case_id AS id, sum(item.amount_claim) AS value
              FROM credit_collection_item item
              JOIN target ON target.id = item.case_id
             WHERE item.date_due < %s AND item.decision NOT IN ('credit', 'excluded')
          GROUP BY item.case_id
            """,
            date,
        )

    @api.model
    def _get_late_sql(self, date):
        return SQL("SELECT id, %s - date_oldest_due AS value FROM target", date)

    @api.model
    def _get_level_sql(self, _date):
        """The position of the level in the ladder of its policy, from one."""
        return SQL(
            """
            SELECT target.id, ladder.position AS value
              FROM target
              JOIN (SELECT id, row_number() OVER (PARTITION BY policy_id ORDER BY delay_days)
                               AS position
                      FROM credit_collection_level WHERE active) ladder
                ON ladder.id = target.level_id
            """
        )

    @api.model
    def _get_broken_sql(self, date):
        """Promises of the last year that were not kept."""
        return SQL(
            """
            SELECT promise.case_id AS id, count(*) AS value
              FROM credit_collection_promise promise
              JOIN target ON target.id = promise.case_id
             WHERE promise.state IN ('broken', 'partial') AND promise.date_promised > %s - 365
          GROUP BY promise.case_id
            """,
            date,
        )

    @api.model
    def _get_behaviour_sql(self, _date):
        return SQL("SELECT id, days_late_average AS value FROM target")

    @api.model
    def _get_silence_sql(self, date):
        """Who was never contacted is silent since he is late."""
        return SQL(
            """
            SELECT id, %s - COALESCE(GREATEST(date_last_contact, date_last_notice), date_oldest_due)
                       AS value
              FROM target
            """,
            date,
        )

    @api.model
    def _get_limitation_sql(self, date):
        return SQL(
            """
            SELECT item.case_id AS id, min(item.date_lapse) - %(date)s AS value
              FROM credit_collection_item item
              JOIN target ON target.id = item.case_id
             WHERE item.date_lapse >= %(date)s
          GROUP BY item.case_id
            """,
            date=date,
        )

    @api.model
    def _get_declaration_sql(self, date):
        """The deadline by which a claim is declared in an insolvency, as long as it is not."""
        return SQL(
            """
            SELECT litigation.case_id AS id,
                   min(litigation.date_filing_deadline) - %(date)s AS value
              FROM credit_collection_litigation litigation
              JOIN target ON target.id = litigation.case_id
             WHERE litigation.state = 'open' AND litigation.date_filed IS NULL
               AND litigation.date_filing_deadline >= %(date)s
          GROUP BY litigation.case_id
            """,
            date=date,
        )

    @api.model
    def _get_litigation_sql(self, _date):
        """Amicable recovery counts one, court two, an insolvency three."""
        return SQL(
            """
            SELECT litigation.case_id AS id,
                   max(array_position(ARRAY['amicable', 'court', 'insolvency'],
                                      litigation.category)) AS value
              FROM credit_collection_litigation litigation
              JOIN target ON target.id = litigation.case_id
             WHERE litigation.state = 'open'
          GROUP BY litigation.case_id
            """
        )

    @api.model
    def _get_size_sql(self, _date):
        return SQL("SELECT id, amount_sales AS value FROM target")

    @api.model
    def _get_answer_sql(self, _date):
        return SQL(
            """
            SELECT contact.case_id AS id, count(*) AS value
              FROM credit_collection_contact contact
              JOIN target ON target.id = contact.case_id
             WHERE contact.is_to_read
          GROUP BY contact.case_id
            """
        )

    @api.model
    def _get_action_sql(self, date):
        """Zero on the day itself; nothing before."""
        return SQL(
            "SELECT id, %(date)s - date_next_action AS value FROM target"
            " WHERE date_next_action <= %(date)s",
            date=date,
        )

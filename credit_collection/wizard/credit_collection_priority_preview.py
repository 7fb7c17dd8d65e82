from odoo import Command, api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

_TOP = 20


class CreditCollectionPriorityPreview(models.TransientModel):
    """Other rules of priority, tried out before the worklist follows them."""

    _name = "credit.collection.priority.preview"
    _description = "Priority Rules to Try Out"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    rule_ids = fields.One2many(
        "credit.collection.priority.preview.rule",
        "preview_id",
        "Rules",
        default=lambda self: self._default_rule_ids(),
    )
    place_ids = fields.One2many(
        "credit.collection.priority.preview.place", "preview_id", "First cases", readonly=True
    )
    case_count = fields.Integer("Cases", readonly=True)
    moved_count = fields.Integer("Cases that move", readonly=True)
    is_tried = fields.Boolean(readonly=True)

    @api.model
    def _default_rule_ids(self):
        rules = self.env["credit.collection.priority.rule"].with_context(active_test=False)
        own = rules.search([("company_id", "in", (self.env.company.id, False))])
        return [
            Command.create(
                {
                    "rule_id": rule.id,
                    "measure": rule.measure,
                    "threshold": rule.threshold,
                    "points": rule.points,
                    "is_on": rule.active,
                    "company_id": rule.company_id.id,
                }
            )
            for rule in own
        ]

    def action_try(self):
        """Show how the worklist would look with these rules."""
        self.ensure_one()
        self.place_ids.unlink()
        rows = self._get_places()
        self.write(
            {
                "is_tried": True,
                "case_count": rows[0][-2] if rows else 0,
                "moved_count": rows[0][-1] if rows else 0,
                "place_ids": [
                    Command.create(
                        {
                            "case_id": case_id,
                            "rank": rank,
                            "rank_before": rank_before,
                            "priority": priority,
                            "priority_before": priority_before,
                            "parts": parts,
                        }
                    )
                    for case_id, rank, rank_before, priority, priority_before, parts, *_ in rows
                ],
            }
        )
        return self._get_records_action(target="new", name=self.env._("Try out priority rules"))

    def action_apply(self):
        """Let the worklist follow these rules from now on."""
        self.ensure_one()
        Rule = self.env["credit.collection.priority.rule"]
        known = Rule.with_context(active_test=False).search(
            [("company_id", "in", (self.company_id.id, False))]
        )
        (known - self.rule_ids.rule_id).active = False
        for line in self.rule_ids:
            vals = line._prepare_rule_vals()
            if not line.rule_id:
                Rule.create(vals)
            elif line._prepare_rule_vals() != line._read_rule_vals():
                line.rule_id.write(vals)
        cases = self.env["credit.collection.case"].search([("state", "=", "open")])
        cases._update_priorities()

    def _get_places(self):
        """Return the first cases with these rules, and how many there are and move."""
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("Choose a company that you work in."))
        self.env.flush_all()
        Rule = self.env["credit.collection.priority.rule"]
        scope = SQL("cases.company_id = %s", self.company_id.id)
        return self.env.execute_query(
            SQL(
                """
                WITH %(points)s,
                placed AS (
                    SELECT cases.id, cases.amount_overdue,
                           row_number() OVER (ORDER BY COALESCE(scored.priority, 0) DESC,
                                                       cases.amount_overdue DESC, cases.id) AS rank,
                           row_number() OVER (ORDER BY cases.priority DESC,
                                                       cases.amount_overdue DESC, cases.id)
                               AS rank_before,
                           COALESCE(scored.priority, 0) AS priority,
                           cases.priority AS priority_before, scored.parts
                      FROM credit_collection_case cases
                 LEFT JOIN scored ON scored.case_id = cases.id
                     WHERE cases.state = 'open' AND %(scope)s
                )
                SELECT id, rank, rank_before, priority, priority_before, parts,
                       count(*) OVER (), count(*) FILTER (WHERE rank != rank_before) OVER ()
                  FROM placed
              ORDER BY rank
                 LIMIT %(top)s
                """,
                points=Rule._get_points_sql(
                    scope, fields.Date.context_today(self), self._get_rules_sql()
                ),
                scope=scope,
                top=_TOP,
            )
        )

    def _get_rules_sql(self):
        return SQL(
            """
            SELECT measure, threshold, points, company_id
              FROM credit_collection_priority_preview_rule
             WHERE preview_id = %s AND is_on
            """,
            self.id,
        )


class CreditCollectionPriorityPreviewRule(models.TransientModel):
    _name = "credit.collection.priority.preview.rule"
    _description = "Priority Rule to Try Out"
    _order = "measure, threshold, id"

    preview_id = fields.Many2one(
        "credit.collection.priority.preview", required=True, ondelete="cascade"
    )
    rule_id = fields.Many2one("credit.collection.priority.rule", ondelete="cascade")
    measure = fields.Selection(lambda self: self._selection_measure(), required=True)
    threshold = fields.Float("From", digits=(16, 2))
    points = fields.Integer(required=True, default=50)
    is_on = fields.Boolean("On", default=True)
    company_id = fields.Many2one("res.company")

    @api.model
    def _selection_measure(self):
        measure = self.env["credit.collection.priority.rule"]._fields["measure"]
        return measure._description_selection(self.env)

    def _read_rule_vals(self):
        """Return what the rule says now, in the words of `_prepare_rule_vals`."""
        rule = self.rule_id
        return {
            "measure": rule.measure,
            "threshold": rule.threshold,
            "points": rule.points,
            "active": rule.active,
            "company_id": rule.company_id.id,
        }

    def _prepare_rule_vals(self):
        self.ensure_one()
        return {
            "measure": self.measure,
            "threshold": self.threshold,
            "points": self.points,
            "active": self.is_on,
            "company_id": self.company_id.id,
        }


class CreditCollectionPriorityPreviewPlace(models.TransientModel):
    _name = "credit.collection.priority.preview.place"
    _description = "Place in the Worklist to Come"
    _order = "rank"

    preview_id = fields.Many2one(
        "credit.collection.priority.preview", required=True, ondelete="cascade"
    )
    case_id = fields.Many2one("credit.collection.case", "Customer", ondelete="cascade")
    rank = fields.Integer()
    rank_before = fields.Integer("Now")
    priority = fields.Integer()
    priority_before = fields.Integer("Priority now")
    parts = fields.Json()
    reasons = fields.Char("Why", compute="_compute_reasons")

    @api.depends("parts")
    @api.depends_context("lang")
    def _compute_reasons(self):
        Rule = self.env["credit.collection.priority.rule"]
        for place in self:
            place.reasons = Rule._describe(place.parts or {})

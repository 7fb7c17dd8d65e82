from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL


class CreditCollectionBucket(models.Model):
    """A class of the aged balance: the debts that are late since so many days.

    A class ends where the next one of the same company begins. A company without classes of its own
    uses those that belong to no company. What is not due, open credits and what was paid have one
    class each, for all companies.
    """

    _name = "credit.collection.bucket"
    _description = "Ageing Class"
    _order = "rank, id"

    kind = fields.Selection(
        [
            ("not_due", "Not due"),
            ("late", "Late"),
            ("credit", "Open credits"),
            ("paid", "Paid or credited"),
        ],
        required=True,
        readonly=True,
        default="late",
    )
    days_from = fields.Integer(
        "From day",
        default=1,
        help="The first day of delay of this class. The day after the due date is day 1.",
    )
    rank = fields.Integer(compute="_compute_rank", store=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        ondelete="cascade",
        help="Leave empty for all companies that have no classes of their own.",
    )

    _days_from_positive = models.Constraint(
        "CHECK (kind != 'late' OR days_from >= 1)", "The first day of delay is day 1."
    )
    _days_from_unique = models.UniqueIndex(
        "(COALESCE(company_id, 0), kind, days_from)", "Two classes cannot begin on the same day."
    )

    @api.depends("kind", "days_from")
    def _compute_rank(self):
        """Not due, late, open credits, paid; the late ones by their days."""
        ends = {"not_due": 0, "credit": 100000, "paid": 100001}
        for bucket in self:
            bucket.rank = ends.get(bucket.kind, bucket.days_from)

    @api.depends("kind", "days_from", "company_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        starts = {
            company: sorted(buckets.mapped("days_from"))
            for company, buckets in self.sudo()
            .search([("kind", "=", "late")])
            .grouped("company_id")
            .items()
        }
        for bucket in self:
            if bucket.kind != "late":
                bucket.display_name = labels[bucket.kind]
                continue
            later = [day for day in starts.get(bucket.company_id, []) if day > bucket.days_from]
            bucket.display_name = (
                self.env._("%(first)s–%(last)s days", first=bucket.days_from, last=later[0] - 1)
                if later
                else self.env._("Over %(days)s days", days=bucket.days_from - 1)
            )

    @api.constrains("company_id")
    def _check_shared(self):
        shared = [("kind", "=", "late"), ("company_id", "=", False)]
        if self.company_id and not self.sudo().search_count(shared, limit=1):
            raise ValidationError(
                self.env._("Keep one class for all companies: add new ones for your company.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_needed(self):
        if any(bucket.kind != "late" for bucket in self):
            raise UserError(self.env._("Only classes of days late can be deleted."))
        rest = self.search([("kind", "=", "late"), ("company_id", "=", False)]) - self
        if not rest:
            raise UserError(
                self.env._("Keep one class for all companies: change the days it begins on.")
            )

    @api.model
    def _get_of_company(self, company):
        """Return the late classes of a company: its own, or those for all."""
        late = self.sudo().search(
            [("kind", "=", "late"), ("company_id", "in", (company.id, False))], order="days_from"
        )
        return late.filtered("company_id") or late

    @api.model
    def _get_starts(self, company):
        """Return the first day of delay of each late class of a company."""
        return self._get_of_company(company).mapped("days_from")

    @api.model
    def _get_labels(self, company):
        """Return the heads of the columns of an ageing: not due, the late classes, credits."""
        starts = self._get_starts(company)
        late = [f"{first}–{following - 1}" for first, following in pairwise(starts)]
        last = self.env._("Over %(days)s", days=starts[-1] - 1)
        return [self.env._("Not due"), *late, last, self.env._("Open credits")]

    @api.model
    def _get_table_sql(self, companies):
        """Return the classes of each company as arrays, to be found with `_get_sql`."""
        rows = []
        for company in companies:
            late = self._get_of_company(company)
            rows.append(
                SQL(
                    "(%s, %s::int[], %s::int[])",
                    company.id,
                    late.mapped("days_from"),
                    list(late.ids),
                )
            )
        return SQL("(VALUES %s) AS bucket (company_id, starts, ids)", SQL(", ").join(rows))

    @api.model
    def _get_sql(self, date, date_due, amount):
        """Return the class of an amount, in a query that joins `_get_table_sql`."""
        return SQL(
            """
            CASE WHEN %(amount)s < 0 THEN %(credit)s
                 WHEN %(date_due)s >= %(date)s THEN %(not_due)s
                 ELSE bucket.ids[GREATEST(
                     width_bucket(%(date)s::date - %(date_due)s::date, bucket.starts), 1)]
             END
            """,
            amount=amount,
            date=date,
            date_due=date_due,
            credit=self.env.ref("credit_collection.bucket_credit").id,
            not_due=self.env.ref("credit_collection.bucket_not_due").id,
        )

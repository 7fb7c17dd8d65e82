from odoo import api, fields, models

from ..const import LITIGATION_CATEGORIES, TIME_UNITS
from ..tools.deadlines import deadline


class CreditCollectionLitigationKind(models.Model):
    """A procedure against a customer, and what the law of its country asks of the creditor."""

    _name = "credit.collection.litigation.kind"
    _description = "Kind of Litigation"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    category = fields.Selection(LITIGATION_CATEGORIES, required=True, default="court")
    country_ids = fields.Many2many(
        "res.country",
        "credit_collection_litigation_kind_country_rel",
        "kind_id",
        "country_id",
        "Countries",
        help="Proposed for customers of these countries; for all when empty.",
    )
    stage_ids = fields.Many2many(
        "credit.collection.litigation.stage",
        "credit_collection_litigation_kind_stage_rel",
        "kind_id",
        "stage_id",
        "Stages",
    )
    is_whole_customer = fields.Boolean(
        "Everything owed", help="Covers all that the customer owes, also what comes later."
    )
    stops_interest = fields.Boolean(help="No interest is claimed from the opening judgment on.")
    forbids_contact = fields.Boolean(
        "No contact", help="The debtor must not be written to: newer invoices are on hold as well."
    )
    filing_count = fields.Integer("Claim to be filed within", help="No deadline when zero.")
    filing_unit = fields.Selection(TIME_UNITS, "Unit of the filing deadline", default="days")
    filing_from = fields.Selection(
        [
            ("judgment", "the opening judgment"),
            ("publication", "its publication"),
            ("notice", "the notice to us"),
        ],
        "Counted from",
        default="judgment",
    )
    moratorium_months = fields.Integer(
        "Moratorium (months)", help="Proposed length, counted from the opening judgment."
    )
    note = fields.Text("What to know", translate=True)
    source = fields.Text(help="The law, and how sure it is.")

    _lengths_positive = models.Constraint(
        "CHECK (filing_count >= 0 AND moratorium_months >= 0)", "A length of time is not negative."
    )

    @api.depends("name", "country_ids.code")
    def _compute_display_name(self):
        for kind in self:
            codes = ", ".join(kind.country_ids.sorted("code").mapped("code"))
            kind.display_name = f"{kind.name} ({codes})" if codes else kind.name

    def _get_filing_deadline(self, dates):
        """Return the last day to file a claim; `dates` are the days that may count."""
        start = self.filing_count and dates[self.filing_from]
        return bool(start) and deadline(start, self.filing_count, self.filing_unit)

    def _get_moratorium_end(self, start):
        months = self.moratorium_months
        return bool(months and start) and deadline(start, months, "months")

    def _get_next_stage(self, stage):
        """Return the stage that follows another one; the first one when there is none."""
        stages = self.stage_ids.sorted()
        if not stage:
            return stages[:1]
        later = stages.filtered(lambda one: (one.sequence, one.id) > (stage.sequence, stage.id))
        return later[:1]

from odoo import fields, models

from ..const import INTERRUPTIONS, TIME_UNITS
from ..tools.deadlines import deadline


class CreditCollectionLitigationStage(models.Model):
    """How far a litigation has come, and by when it should have come there."""

    _name = "credit.collection.litigation.stage"
    _description = "Stage of a Litigation"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    kind_ids = fields.Many2many(
        "credit.collection.litigation.kind",
        "credit_collection_litigation_kind_stage_rel",
        "stage_id",
        "kind_id",
        "Kinds",
    )
    deadline_count = fields.Integer(
        "Deadline", help="Counted from the stage before. No deadline when zero."
    )
    deadline_unit = fields.Selection(TIME_UNITS, "Unit of the deadline", default="days")
    interruption = fields.Selection(
        INTERRUPTIONS,
        "Interrupts limitation",
        help="What the law sees in it, from the day on which the stage is reached. Leave it empty "
        "when in doubt: then the warning comes too early, not too late.",
    )
    is_final = fields.Boolean("Last stage", help="Who reaches it is asked to close the litigation.")

    _deadline_positive = models.Constraint(
        "CHECK (deadline_count >= 0)", "A deadline is not negative."
    )

    def _get_deadline(self, start):
        """Return by when this stage is to be reached, after the one before was on a day."""
        count = self.deadline_count
        return bool(count) and deadline(start, count, self.deadline_unit)

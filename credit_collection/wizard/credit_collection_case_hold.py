from odoo import api, fields, models


class CreditCollectionCaseHold(models.TransientModel):
    """Put several customers on hold at once, for one reason."""

    _name = "credit.collection.case.hold"
    _description = "Put Customers on Hold"

    case_ids = fields.Many2many("credit.collection.case", required=True)
    reason = fields.Selection(lambda self: self._selection_reason(), required=True)
    note = fields.Text()
    date_end = fields.Date("Until", help="Dunning resumes on this day.")

    @api.model
    def _selection_reason(self):
        reason = self.env["credit.collection.hold"]._fields["reason"]
        return reason._description_selection(self.env)

    def action_hold(self):
        self.env["credit.collection.hold"].create(
            [self._prepare_hold_vals(case) for case in self.case_ids]
        )

    def _prepare_hold_vals(self, case):
        return {
            "case_id": case.id,
            "reason": self.reason,
            "note": self.note,
            "date_end": self.date_end,
        }

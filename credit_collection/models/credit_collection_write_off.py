from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_amount


class CreditCollectionWriteOff(models.Model):
    """What was given up of a customer's debt: why, by whom, and the entry that says so.

    The entry is posted by `credit.collection.case.write.off`. Undone by a reversal, the invoices
    are open again, and dunning continues where it was.
    """

    _name = "credit.collection.write.off"
    _description = "Write-off"
    _inherit = ["credit.collection.case.booking"]

    amount = fields.Monetary("Written off", readonly=True)
    amount_tax = fields.Monetary("Tax recovered", readonly=True)
    state = fields.Selection(
        [("posted", "Posted"), ("reversed", "Reversed")],
        compute="_compute_state",
        store=True,
    )

    @api.depends("move_id.state", "move_id.reversal_move_ids.state")
    def _compute_state(self):
        """The entry says it, whoever reversed it."""
        for write_off in self:
            entry = write_off.move_id
            is_reversed = "posted" in entry.reversal_move_ids.mapped("state")
            is_posted = entry.state == "posted" and not is_reversed
            write_off.state = "posted" if is_posted else "reversed"

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A write-off stays what it is: reverse it instead."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A write-off is part of the file of the customer: reverse it instead.")
        )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_reverse(self):
        """Reverse the entries on the first open day: the invoices are open again."""
        self.check_access("create")  # who may write off, may take it back
        for write_off in self.filtered(lambda one: one.state == "posted"):
            write_off._reverse()

    def action_open_entry(self):
        self.ensure_one()
        return (self.move_id | self.move_id.reversal_move_ids)._collection_get_action()

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _reverse(self):
        self.ensure_one()
        entry = self.move_id
        invoices = self._get_invoices()
        entry._collection_reverse(self.env._("Reversal of: %(reason)s", reason=self.reason))
        self.case_id._log(
            self.env._(
                "The write-off of %(amount)s (%(entry)s) was reversed by %(user)s.",
                amount=format_amount(self.env, self.amount, self.currency_id),
                entry=entry.name,
                user=self.env.user.name,
            ),
            invoices,
        )

    def _get_invoices(self):
        """Return the invoices that the entry settles."""
        settled = self.move_id.line_ids.matched_debit_ids.debit_move_id
        return settled._collection_get_sources().move_id

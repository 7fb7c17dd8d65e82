from odoo import api, fields, models


class CreditCollectionLitigationClose(models.TransientModel):
    """Say how a litigation ends; what was not recovered is then proposed for a write-off."""

    _name = "credit.collection.litigation.close"
    _description = "Close a Litigation"

    litigation_id = fields.Many2one(
        "credit.collection.litigation", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="litigation_id.currency_id")
    amount_recovered = fields.Monetary(related="litigation_id.amount_recovered")
    amount_open = fields.Monetary(related="litigation_id.amount_open")
    outcome = fields.Selection(
        selection="_selection_outcome",
        required=True,
        compute="_compute_outcome",
        store=True,
        readonly=False,
        precompute=True,
    )
    note = fields.Text("Reason")

    @api.model
    def _selection_outcome(self):
        """Return the outcomes as the litigation calls them."""
        Litigation = self.env["credit.collection.litigation"]
        states = Litigation._fields["state"]._description_selection(self.env)
        return [(state, label) for state, label in states if state in Litigation._get_outcomes()]

    @api.depends("litigation_id")
    def _compute_outcome(self):
        """Propose what the ledger says."""
        for wizard in self:
            currency = wizard.currency_id
            if not currency or currency.is_zero(wizard.amount_open):
                wizard.outcome = "recovered"
            elif currency.is_zero(wizard.amount_recovered):
                wizard.outcome = "irrecoverable"
            else:
                wizard.outcome = "partial"

    def action_close(self):
        self.ensure_one()
        return self.litigation_id._close(self.outcome, self.note)

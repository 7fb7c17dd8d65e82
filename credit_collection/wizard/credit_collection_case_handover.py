from odoo import api, fields, models


class CreditCollectionCaseHandover(models.TransientModel):
    """What a hand-over file is about, where all that is open is not what is wanted."""

    _name = "credit.collection.case.handover"
    _description = "Make a Hand-over File"

    case_id = fields.Many2one("credit.collection.case", "Customer", required=True, readonly=True)
    company_id = fields.Many2one(related="case_id.company_id")
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        compute="_compute_proposal",
        store=True,
        readonly=False,
        domain="[('partner_id.commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('account_id.account_type', '=', 'asset_receivable'),"
        " ('parent_state', '=', 'posted'), ('amount_residual_currency', '>', 0)]",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_proposal",
        store=True,
        readonly=False,
    )
    has_notes = fields.Boolean(
        "With internal notes", help="Leave it off for a file that the other side may see."
    )

    @api.depends("case_id")
    def _compute_proposal(self):
        for wizard in self:
            wizard.move_line_ids = wizard.case_id._get_claimed_lines()
            wizard.lang = wizard.company_id.sudo().partner_id._get_collection_lang()

    def action_make(self):
        self.ensure_one()
        handover = self.env["credit.collection.handover"]._make(
            self.case_id, self.move_line_ids, self.lang, self.has_notes
        )
        return handover._get_records_action(context={})

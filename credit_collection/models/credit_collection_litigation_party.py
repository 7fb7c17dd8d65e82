from odoo import api, fields, models


class CreditCollectionLitigationParty(models.Model):
    """Who takes part in a litigation, and under which reference."""

    _name = "credit.collection.litigation.party"
    _description = "Party to a Litigation"
    _order = "id"

    litigation_id = fields.Many2one(
        "credit.collection.litigation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="litigation_id.company_id")
    role = fields.Selection(
        [
            ("lawyer", "Our lawyer"),
            ("bailiff", "Bailiff"),
            ("agency", "Collection agency"),
            ("court", "Court"),
            ("curator", "Curator"),
            ("mediator", "Mediator"),
            ("opponent", "Opponent's lawyer"),
            ("other", "Other"),
        ],
        required=True,
        default="lawyer",
    )
    partner_id = fields.Many2one(
        "res.partner", "Contact", required=True, index=True, ondelete="restrict"
    )
    phone = fields.Char(related="partner_id.phone")
    email = fields.Char(related="partner_id.email")
    reference = fields.Char(help="The number of the file there: give it in every letter and call.")

    @api.depends("role", "partner_id")
    def _compute_display_name(self):
        labels = dict(self._fields["role"]._description_selection(self.env))
        for party in self:
            party.display_name = f"{labels.get(party.role)}: {party.partner_id.name}"

    @api.model_create_multi
    def create(self, vals_list):
        parties = super().create(vals_list)
        parties.litigation_id._check_not_closed()
        return parties

    def write(self, vals):
        self.litigation_id._check_not_closed()
        res = super().write(vals)
        self.litigation_id._check_not_closed()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        self.litigation_id._check_not_closed()

from odoo import api, fields, models

from ..models.credit_collection_dunning_document import DocumentWriter


class CreditCollectionCaseInterest(models.TransientModel):
    """Show what late interest a customer owes, and how it follows from the law and the ledger."""

    _name = "credit.collection.case.interest"
    _description = "Late Interest"

    case_id = fields.Many2one("credit.collection.case", "Customer", required=True, readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    date_until = fields.Date(
        "Until", required=True, default=fields.Date.context_today, help="The last day counted."
    )
    with_paid = fields.Boolean(
        "Also what was paid late",
        help="Invoices that are paid by now bear interest for their delay.",
    )
    derivation = fields.Html(compute="_compute_derivation", sanitize=False)

    @api.depends("date_until", "with_paid")
    @api.depends_context("lang")
    def _compute_derivation(self):
        Interest = self.env["credit.collection.interest"]
        for wizard in self:
            lines = wizard._get_lines()
            derivations = Interest._derive(lines, wizard.date_until or None).values()
            shown = [one for one in derivations if one.due < one.until]
            vals = Interest._prepare_vals(shown, DocumentWriter(self.env, {}), wizard.date_until)
            wizard.derivation = self.env["ir.qweb"]._render(
                "credit_collection.interest_derivation", vals | {"with_sources": True}
            )

    def _get_lines(self):
        """Return the items to look at, the oldest first: of the invoice, or of the customer."""
        self.ensure_one()
        case = self.case_id
        case.check_access("read")
        Line = self.env["account.move.line"].sudo()  # who sees the customer sees what he owes
        domain = [
            ("company_id", "=", case.company_id.id),
            ("partner_id.commercial_partner_id", "=", case.partner_id.id),
            ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("amount_currency", ">", 0),
            ("collection_origin_line_id", "=", False),
        ]
        if self.move_id:
            domain.append(("move_id", "=", self.move_id.id))
        elif not self.with_paid:
            open_lines = case.item_ids.move_line_id.sudo()._collection_get_sources()
            domain.append(("id", "in", open_lines.ids))
        return Line.search(domain, order="date_maturity, id")

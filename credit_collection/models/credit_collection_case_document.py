from odoo import fields, models


class CreditCollectionCaseDocument(models.Model):
    """A document that proves the claim: what people add to the file of a customer."""

    _name = "credit.collection.case.document"
    _description = "Document for the File"
    _order = "kind, id"
    _check_company_auto = True

    case_id = fields.Many2one(
        "credit.collection.case", "Customer", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    kind = fields.Selection(
        [
            ("contract", "Contract"),
            ("order", "Order"),
            ("delivery", "Proof of delivery"),
            ("terms", "Terms and conditions"),
            ("registered", "Receipt of a registered letter"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    file = fields.Binary(required=True, attachment=True)
    filename = fields.Char("File name", required=True)
    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        domain="[('company_id', '=', company_id), ('commercial_partner_id', '=', partner_id),"
        " ('state', '=', 'posted'), ('move_type', 'in', ('out_invoice', 'out_receipt'))]",
        help="Leave empty when it is about everything the customer owes.",
    )
    note = fields.Char()

    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for document in self:
            document.display_name = f"{kinds.get(document.kind, '')}: {document.filename or ''}"

    def _get_attachments(self):
        """Return `{document: the attachment with its content}`."""
        attachments = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", "file"),
                ("res_id", "in", self.ids),
            ]
        )
        by_id = attachments.grouped("res_id")
        return {document: by_id[document.id] for document in self if document.id in by_id}

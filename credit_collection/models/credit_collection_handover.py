from odoo import api, fields, models
from odoo.exceptions import UserError


class CreditCollectionHandover(models.Model):
    """What our lawyer, bailiff or court gets about a claim: one PDF and one ZIP of a day.

    It is written once, from the books and the documents as they are then, and never changes. A new
    one is made instead; the earlier ones stay.
    """

    _name = "credit.collection.handover"
    _description = "Hand-over File"
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char("Number", required=True, readonly=True, index="trigram")
    case_id = fields.Many2one(
        "credit.collection.case",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    date = fields.Datetime(
        "Made on", required=True, readonly=True, default=lambda self: fields.Datetime.now()
    )
    user_id = fields.Many2one(
        "res.users",
        "Made by",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
        ondelete="restrict",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        readonly=True,
    )
    has_notes = fields.Boolean(
        "With internal notes", readonly=True, help="What colleagues noted for each other is in it."
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_handover_line_rel",
        "handover_id",
        "move_line_id",
        "Claimed items",
        readonly=True,
        check_company=True,
    )
    amount_text = fields.Char("Claimed", readonly=True)
    page_count = fields.Integer("Pages", readonly=True)
    pdf_id = fields.Many2one("ir.attachment", "PDF", readonly=True, ondelete="restrict")
    zip_id = fields.Many2one("ir.attachment", "ZIP", readonly=True, ondelete="restrict")
    pdf_file = fields.Binary("Preview", related="pdf_id.datas")
    annex_ids = fields.One2many(
        "credit.collection.handover.annex", "handover_id", "Documents", readonly=True
    )
    gap_ids = fields.One2many(
        "credit.collection.handover.gap", "handover_id", "Missing evidence", readonly=True
    )
    annex_count = fields.Integer("Number of documents", compute="_compute_counts")
    gap_count = fields.Integer("Missing", compute="_compute_counts")

    _name_unique = models.UniqueIndex("(company_id, name)", "The number of a file is unique.")

    @api.depends("annex_ids", "gap_ids")
    def _compute_counts(self):
        for name, model in (
            ("annex_count", "credit.collection.handover.annex"),
            ("gap_count", "credit.collection.handover.gap"),
        ):
            groups = self.env[model]._read_group(
                [("handover_id", "in", self.ids)], ["handover_id"], ["__count"]
            )
            counts = {handover.id: count for handover, count in groups}
            for handover in self:
                handover[name] = counts.get(handover.id, 0)

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A hand-over file stays what it is: make a new one."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A hand-over file is kept as it was given away."))

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_download_pdf(self):
        return self._download(self.pdf_id)

    def action_download_zip(self):
        return self._download(self.zip_id)

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_records_action(context={})

    def action_make_another(self):
        """Make a new file, with other items or in another language."""
        self.ensure_one()
        return self.case_id.action_handover_wizard()

    def _download(self, attachment):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    @api.model
    def _make(self, case, lines, lang=None, has_notes=False):
        """Return a new file about these items of a customer, written and told on the case."""
        case.ensure_one()
        case.check_access("write")
        self._check_lines(case, lines)
        Sequence = self.env["ir.sequence"].sudo()  # collectors may not read sequences
        handover = (
            self.sudo()  # nobody writes a file but this
            .create(
                {
                    "name": Sequence.with_company(case.company_id).next_by_code(self._name),
                    "case_id": case.id,
                    "lang": lang or case.company_id.sudo().partner_id._get_collection_lang(),
                    "has_notes": has_notes,
                    "move_line_ids": lines.ids,
                }
            )
            .sudo(self.env.su)
        )
        case._update_limitation()
        handover._write_file()
        case._message_log(
            body=self.env._(
                "%(user)s made the hand-over file %(file)s: %(count)s documents, %(gaps)s points "
                "of missing evidence.",
                user=self.env.user.name,
                file=handover.name,
                count=handover.annex_count,
                gaps=handover.gap_count,
            )
        )
        return handover

    @api.model
    def _check_lines(self, case, lines):
        """Refuse what is no open debt of the customer."""
        if not lines:
            raise UserError(
                self.env._(
                    "%(customer)s owes nothing now: there is no claim to hand over.",
                    customer=case.display_name,
                )
            )
        lines._collection_check_claims(case)

    def _get_moves(self):
        """Return the invoices of the items, also of those moved to another account."""
        return self.move_line_ids._collection_get_sources().move_id


class CreditCollectionHandoverAnnex(models.Model):
    """A document in a hand-over file: where it is, and its check sum."""

    _name = "credit.collection.handover.annex"
    _description = "Document in a Hand-over File"
    _order = "id"

    handover_id = fields.Many2one(
        "credit.collection.handover", required=True, index=True, ondelete="cascade"
    )
    number = fields.Char("No.", readonly=True)
    name = fields.Char("Document", readonly=True)
    filename = fields.Char("In the ZIP", readonly=True)
    date = fields.Date(readonly=True)
    page = fields.Integer("Page in the PDF", readonly=True)
    size = fields.Integer("Size (bytes)", readonly=True)
    checksum = fields.Char("SHA-256", readonly=True)
    remark = fields.Char(readonly=True)


class CreditCollectionHandoverGap(models.Model):
    """What a hand-over file lacks, and what to do about it."""

    _name = "credit.collection.handover.gap"
    _description = "Evidence Missing in a Hand-over File"
    _order = "id"

    handover_id = fields.Many2one(
        "credit.collection.handover", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char("What is missing", readonly=True)
    advice = fields.Char("What to do", readonly=True)

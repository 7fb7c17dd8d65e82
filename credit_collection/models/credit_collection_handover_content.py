import logging
from dataclasses import dataclass
from datetime import date

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_datetime, html2plaintext

from odoo.addons.base.models.ir_actions_report import _wkhtml

_CLAIMS = ("out_invoice", "out_receipt")
_BATCH = 20  # invoices printed at a time

# the kinds of documents that prove a claim: one of each is wanted
_PROOFS = ({"contract", "order"}, {"delivery"}, {"terms"})

_logger = logging.getLogger(__name__)


def _by_date(move):
    return move.invoice_date or move.date, move.id


@dataclass
class Annex:
    """A document of a file: an attachment, or what was written for the file."""

    chapter: str
    name: str
    filename: str
    attachment: models.BaseModel = None
    content: bytes = None
    date: date = None
    remark: str = ""

    def get_size(self):
        return self.attachment.file_size if self.attachment else len(self.content)

    def load(self):
        """Return the content, without keeping it in memory."""
        if not self.attachment:
            return self.content
        content = self.attachment.raw or b""
        self.attachment.invalidate_recordset(["raw", "datas"])
        return content


class CreditCollectionHandover(models.Model):
    """What is in a hand-over file, read with the rights of who makes it.

    A chapter has `_get_<chapter>_annexes()`, its documents; what it says about them is in
    `credit.collection.handover.file`. Another module adds a chapter to `_get_chapter_titles()`.
    """

    _inherit = "credit.collection.handover"

    def _write_file(self):
        """Write both files, and note what is in them."""
        self.ensure_one()
        one = self.with_company(self.company_id).with_context(lang=self.lang)
        vals = self.env["credit.collection.handover.file"]._make(one)
        self.sudo().write(vals)

    @api.model
    def _get_chapter_titles(self):
        """Return `{chapter: its title}`, in the order of the file."""
        return {
            "statement": self.env._("Statement of account"),
            "invoices": self.env._("Invoices"),
            "credit_notes": self.env._("Credit notes"),
            "notices": self.env._("Notices and proof of sending"),
            "promises": self.env._("Promises to pay"),
            "plans": self.env._("Payment plans"),
            "disputes": self.env._("Disputes"),
            "litigations": self.env._("Litigations"),
            "correspondence": self.env._("Correspondence"),
            "contacts": self.env._("Calls and tasks"),
            "holds": self.env._("Holds"),
            "documents": self.env._("Documents"),
            "charges": self.env._("Interest and compensation"),
        }

    # -------------------------------------------------------------------------
    # What the file is about
    # -------------------------------------------------------------------------

    def _get_credit_notes(self):
        """Return the credit notes that were matched with the invoices, and those that wait."""
        sources = self.move_line_ids | self.move_line_ids._collection_get_sources()
        matched = sources.matched_credit_ids.credit_move_id.move_id
        credits = self.case_id.item_ids.filtered(lambda item: item.decision == "credit")
        notes = matched | credits.move_line_id.move_id
        return notes.filtered(lambda move: move.move_type == "out_refund").sorted(_by_date)

    def _get_invoices(self):
        return self._get_moves().filtered(lambda move: move.move_type in _CLAIMS).sorted(_by_date)

    def _get_notices(self):
        """Return what was sent about the invoices, or was to be sent, the first one first."""
        moves = self._get_moves()
        return self.case_id.dunning_ids.filtered(
            lambda dunning: (
                dunning.state in ("sent", "failed", "cancel")
                and (dunning.letter_id or dunning.delivery_ids)
                and dunning.line_ids._get_move() & moves
            )
        ).sorted("id")

    def _get_charges(self):
        """Return what was claimed beside the invoices, booked or waived, the first one first."""
        moves = self._get_moves()
        return self.case_id.dunning_ids.charge_ids.filtered(
            lambda charge: (
                charge.state in ("claimed", "posted", "waived")
                and charge.dunning_id.state == "sent"
                and (charge.move_line_id | charge.item_ids.move_line_id).move_id & moves
            )
        ).sorted(lambda charge: (charge.date_sent, charge.id))

    def _get_promises(self):
        moves = self._get_moves()
        return self.case_id.promise_ids.filtered(
            lambda one: one.move_line_ids._collection_get_sources().move_id & moves
        ).sorted("id")

    def _get_plans(self):
        moves = self._get_moves()
        return self.case_id.plan_ids.filtered(
            lambda plan: (
                plan.date_active
                and plan.line_ids.move_line_id._collection_get_sources().move_id & moves
            )
        ).sorted("id")

    def _get_disputes(self):
        moves = self._get_moves()
        return self.case_id.dispute_ids.filtered(lambda one: one.move_id in moves).sorted("id")

    def _get_litigations(self):
        moves = self._get_moves()
        return self.case_id.litigation_ids.filtered(
            lambda one: one.date_open and one.line_ids.move_id & moves
        ).sorted("id")

    def _get_holds(self):
        moves = self._get_moves()
        return self.case_id.hold_ids.filtered(
            lambda hold: (
                (not hold.move_id or hold.move_id in moves)
                and (
                    not hold.line_ids
                    or hold.line_ids.move_line_id._collection_get_sources().move_id & moves
                )
            )
        ).sorted("id")

    def _get_documents(self):
        """Return what people added to the file of the customer."""
        moves = self._get_moves()
        return self.case_id.document_ids.filtered(
            lambda document: not document.move_id or document.move_id in moves
        )

    # -------------------------------------------------------------------------
    # The conversation
    # -------------------------------------------------------------------------

    def _get_messages(self, records):
        """Return what was said to and by the outside about these records; notes by choice."""
        if not records:
            return self.env["mail.message"]
        domain = Domain("model", "=", records._name) & Domain("res_id", "in", records.ids)
        types = Domain("message_type", "in", ("email", "email_outgoing", "comment", "auto_comment"))
        if not self.has_notes:
            types &= Domain("is_internal", "=", False)
            types &= Domain("subtype_id", "=", False) | Domain("subtype_id.internal", "=", False)
        messages = self.env["mail.message"].search(domain & types, order="date, id")
        if self.has_notes:
            return messages
        return messages.filtered(self._is_outside)

    @api.model
    def _is_outside(self, message):
        """Return whether somebody outside wrote or got a message: colleagues talk there too."""
        if message.message_type in ("email", "email_outgoing"):
            return True
        people = message.author_id | message.partner_ids | message.notified_partner_ids
        return any(people.sudo().mapped("partner_share"))

    def _get_correspondence(self):
        """Return the conversation, but for the notices and the disputes, which are elsewhere."""
        found = self.env["mail.message"]
        for records in (
            self.case_id,
            self._get_moves() | self._get_credit_notes(),
            self._get_plans(),
            self._get_promises(),
        ):
            found |= self._get_messages(records)
        found -= self.case_id.dunning_ids.delivery_ids.mail_message_id
        return found.sorted(lambda message: (message.date, message.id))

    def _get_contacts(self):
        """Return the calls and tasks that people have done."""
        robot = self.env.ref("base.partner_root")
        return self.env["mail.message"].search(
            [
                ("model", "=", self.case_id._name),
                ("res_id", "=", self.case_id.id),
                ("mail_activity_type_id", "!=", False),
                ("author_id", "!=", robot.id),
            ],
            order="date, id",
        )

    def _get_attachments(self, records):
        """Return `{record: its files}`; those of internal notes only with the notes."""
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)], order="id"
        )
        if not self.has_notes:
            attachments -= self._get_kept_inside(attachments)
        by_id = attachments.grouped("res_id")
        return {record: by_id.get(record.id, attachments.browse()) for record in records}

    def _get_kept_inside(self, attachments):
        """Return those of the files that came with a note or a message between colleagues."""
        if not attachments:
            return attachments
        messages_sudo = self.env["mail.message"].sudo()  # to leave out what the user cannot see
        inside = messages_sudo.search([("attachment_ids", "in", attachments.ids)]).filtered(
            lambda message: (
                message.is_internal or message.subtype_id.internal or not self._is_outside(message)
            )
        )
        return attachments.browse(inside.attachment_ids.ids)

    # -------------------------------------------------------------------------
    # The documents
    # -------------------------------------------------------------------------

    def _get_annexes(self):
        """Return the documents of the file, each once, in the order of the chapters."""
        seen, annexes = set(), []
        for chapter in self._get_chapter_titles():
            gather = getattr(self, f"_get_{chapter}_annexes", None)
            for annex in gather() if gather else ():
                if annex.attachment and annex.attachment.id in seen:
                    continue
                seen.add(annex.attachment and annex.attachment.id)
                annexes.append(annex)
        return annexes

    def _make_annexes(self, chapter, attachments, about="", remark=""):
        """Return attachments as documents of a chapter."""
        return [
            Annex(
                chapter,
                f"{about}: {one.name}" if about else one.name,
                one.name or "",
                attachment=one,
                date=one.create_date.date(),
                remark=remark,
            )
            for one in attachments.sorted("id")
        ]

    def _get_invoices_annexes(self):
        return self._get_moves_annexes("invoices", self._get_invoices())

    def _get_credit_notes_annexes(self):
        return self._get_moves_annexes("credit_notes", self._get_credit_notes())

    def _get_moves_annexes(self, chapter, moves):
        """Return the PDF of each invoice: the one that was sent, else one printed now."""
        printed = self._print_invoices(moves.filtered(lambda move: not move.invoice_pdf_report_id))
        annexes = []
        for move in moves:
            kept = move.invoice_pdf_report_id
            if kept or move in printed:
                annexes.append(
                    Annex(
                        chapter,
                        move.name,
                        kept.name or f"{move.name}.pdf",
                        attachment=kept or None,
                        content=printed.get(move),
                        date=move.invoice_date,
                        remark="" if kept else self.env._("Printed for this file"),
                    )
                )
        return annexes

    def _print_invoices(self, moves):
        """Return `{invoice: PDF}`; one that cannot be printed is missing."""
        printed = {}
        size = _BATCH if _wkhtml().is_patched_qt else 1  # the other one prints one at a time
        for start in range(0, len(moves), size):
            printed |= self._print_batch(moves[start : start + size])
        return printed

    def _print_batch(self, moves):
        Report = self.env["ir.actions.report"].sudo()  # invoices print what their reader may see
        try:
            with self.env.cr.savepoint():
                streams = Report._render_qweb_pdf_prepare_streams(
                    "account.account_invoices", {}, res_ids=moves.ids
                )
        except Exception:  # the layout of an invoice may be anybody's
            _logger.info("Invoices %s could not be printed", moves.ids, exc_info=True)
            if len(moves) == 1:
                return {}
            return {move: pdf for one in moves for move, pdf in self._print_batch(one).items()}
        return {move: streams[move.id]["stream"].getvalue() for move in moves}

    def _get_notices_annexes(self):
        annexes = []
        for dunning, files in self._get_attachments(self._get_notices()).items():
            letter = dunning.letter_id & files
            for one in letter:
                annexes.append(
                    Annex(
                        "notices",
                        dunning.name,
                        one.name,
                        attachment=one,
                        date=dunning.date_sent or dunning.date,
                    )
                )
            annexes += self._make_annexes("notices", files - letter, dunning.name)
        return annexes

    def _get_plans_annexes(self):
        annexes = []
        for plan, files in self._get_attachments(self._get_plans()).items():
            annexes += self._make_annexes(
                "plans", plan.agreement_id & files, self.env._("Agreement as proposed")
            )
            annexes += self._make_annexes("plans", files - plan.agreement_id, plan.name)
        return annexes

    def _get_disputes_annexes(self):
        return [
            annex
            for dispute, files in self._get_attachments(self._get_disputes()).items()
            for annex in self._make_annexes("disputes", files, dispute.move_id.name)
        ]

    def _get_litigations_annexes(self):
        return [
            annex
            for litigation, files in self._get_attachments(self._get_litigations()).items()
            for annex in self._make_annexes("litigations", files, litigation.name)
        ]

    def _get_correspondence_annexes(self):
        messages = self._get_correspondence()
        if not messages:
            return []
        text = "\n\n\n".join(
            "\n".join([block["title"], *block["details"], "", block["text"]])
            for block in map(self._prepare_message, messages)
        )
        name = self.env._("Correspondence")
        own = Annex("correspondence", name, f"{name}.txt", content=text.encode())
        return [own, *self._make_annexes("correspondence", messages.attachment_ids)]

    def _get_documents_annexes(self):
        """Return what was added to the file, then what was attached to the case and invoices."""
        annexes = []
        kinds = dict(
            self.env["credit.collection.case.document"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        for document, attachment in self._get_documents()._get_attachments().items():
            annexes.append(
                Annex(
                    "documents",
                    f"{kinds[document.kind]}: {document.filename}",
                    document.filename,
                    attachment=attachment,
                    date=document.create_date.date(),
                    remark=document.note or "",
                )
            )
        for records in (self.case_id, self._get_moves() | self._get_credit_notes()):
            for record, files in self._get_attachments(records).items():
                annexes += self._make_annexes("documents", files, record.display_name)
        return annexes

    def _prepare_message(self, message):
        """Return a message as plain text: who, when, about what, and what was said."""
        author = message.email_from or message.author_id.display_name or ""
        date_text = format_datetime(self.env, message.date, dt_format="medium")
        details = [self.env._("From: %(author)s", author=author)]
        if message.record_name and message.model != self.case_id._name:
            details.append(self.env._("About: %(record)s", record=message.record_name))
        if message.attachment_ids:
            names = ", ".join(message.attachment_ids.mapped("name"))
            details.append(self.env._("With: %(documents)s", documents=names))
        return {
            "title": f"{date_text} – {message.subject or message.record_name or author}",
            "details": details,
            "text": html2plaintext(message.body or "", include_references=False).strip(),
        }

    # -------------------------------------------------------------------------
    # What is missing
    # -------------------------------------------------------------------------

    def _get_gaps(self):
        """Return what the file lacks: `[(what, what to do)]`."""
        return [
            *self._get_party_gaps(),
            *self._get_claim_gaps(),
            *self._get_notice_gaps(),
            *self._get_agreement_gaps(),
            *self._get_document_gaps(),
        ]

    def _get_party_gaps(self):
        """Return what a court must know of both sides."""
        debtor, creditor = self.partner_id, self.company_id.partner_id
        gaps = []
        for partner in (creditor, debtor):
            if partner.is_company and not (partner.company_registry or partner.vat):
                gaps.append(
                    (
                        self.env._("No company number of %(partner)s.", partner=partner.name),
                        self.env._("Enter it on the contact, as in the trade register."),
                    )
                )
            if not (partner.street and partner.city):
                gaps.append(
                    (
                        self.env._("No full address of %(partner)s.", partner=partner.name),
                        self.env._("Enter the street and the city of the registered office."),
                    )
                )
        if not debtor.email:
            gaps.append(
                (
                    self.env._("No e-mail address of %(partner)s.", partner=debtor.name),
                    self.env._("Enter the address that the customer uses."),
                )
            )
        return gaps

    def _get_claim_gaps(self):
        """Return what the invoices and the statement leave open."""
        gaps = []
        for move in self._get_invoices().filtered(lambda move: not move.invoice_pdf_report_id):
            gaps.append(
                (
                    self.env._("The PDF of %(invoice)s as it was sent.", invoice=move.name),
                    self.env._("Attach the document that the customer got."),
                )
            )
        for move in self._get_moves().filtered(lambda move: move.move_type not in _CLAIMS):
            gaps.append(
                (
                    self.env._("No invoice behind the entry %(entry)s.", entry=move.name),
                    self.env._("Add the document that it was booked from."),
                )
            )
        if self.case_id.item_ids.filtered(lambda item: item.decision == "credit"):
            gaps.append(
                (
                    self.env._("Payments or credit notes are matched with nothing."),
                    self.env._("Match them first: the claim is lower by them."),
                )
            )
        return gaps

    def _get_notice_gaps(self):
        """Return the notices that nothing proves, and the invoices without any."""
        gaps = []
        notices = self._get_notices()
        sent = notices.filtered(lambda dunning: dunning.state == "sent")
        for dunning in sent:
            proofs = dunning.delivery_ids.filtered(lambda one: one.state == "sent")
            if not proofs or not (dunning.letter_id or proofs.mail_message_id):
                gaps.append(
                    (
                        self.env._("No proof that %(notice)s was sent.", notice=dunning.name),
                        self.env._("Add the e-mail, or the receipt of the post."),
                    )
                )
        reminded = sent.line_ids._get_move()
        for move in (self._get_moves() - reminded).sorted(_by_date):
            gaps.append(
                (
                    self.env._("No notice about %(invoice)s.", invoice=move.name),
                    self.env._("Send a notice before going to court."),
                )
            )
        if "registered" not in self._get_documents().mapped("kind"):
            gaps.append(
                (
                    self.env._("No receipt of a registered letter."),
                    self.env._("Send the last notice by registered post and add the receipt."),
                )
            )
        return gaps

    def _get_agreement_gaps(self):
        """Return the agreements that nobody signed, and the disputes that nobody settled."""
        gaps = []
        for plan, files in self._get_attachments(self._get_plans()).items():
            if not files - plan.agreement_id:
                gaps.append(
                    (
                        self.env._("No signed agreement of %(plan)s.", plan=plan.name),
                        self.env._("Attach the signed copy to the payment plan."),
                    )
                )
        for dispute in self._get_disputes().filtered(lambda one: one.state == "open"):
            gaps.append(
                (
                    self.env._(
                        "No answer to the dispute of %(invoice)s.", invoice=dispute.move_id.name
                    ),
                    self.env._("Settle the dispute, or answer it."),
                )
            )
        return gaps

    def _get_document_gaps(self):
        """Return the documents that prove the contract, where nobody added them."""
        kinds = self._get_documents().mapped("kind")
        texts = (
            (
                self.env._("No contract and no order."),
                self.env._("Add the signed contract, or the order and its confirmation."),
            ),
            (
                self.env._("No proof of delivery."),
                self.env._("Add the signed delivery notes or time sheets."),
            ),
            (
                self.env._("No terms and conditions."),
                self.env._("Add the version that applied, and how the customer accepted it."),
            ),
        )
        return [gap for proofs, gap in zip(_PROOFS, texts, strict=True) if not proofs & set(kinds)]

import hashlib
import io
import subprocess
import tempfile
import zipfile
from base64 import b64encode
from pathlib import Path
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from .common import CollectionCommon

HANDOVER = "credit.collection.handover"
PRINTER = "odoo.addons.base.models.ir_actions_report"


def blank_pdf(pages=1, password=None):
    """Return a PDF with empty pages."""
    writer = PdfFileWriter()
    for _number in range(pages):
        writer.addBlankPage(width=595, height=842)
    if password:
        writer.encrypt(password)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@tagged("post_install", "-at_install")
class TestHandover(CollectionCommon):
    """What goes to the lawyer: everything about the claim, and nothing about anybody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")
        cls.reader = cls._user(cls, "reader", "credit_collection_group_readonly")

    def _invoice(self, *args, content=None, **kwargs):
        """Return an invoice of which the PDF that was sent is kept."""
        invoice = self._overdue_invoice(*args, **kwargs)
        self.env["ir.attachment"].create(
            {
                "name": f"{invoice.name.replace('/', '_')}.pdf",
                "raw": content or blank_pdf(),
                "res_model": invoice._name,
                "res_id": invoice.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        invoice.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        return invoice

    def _attach(self, record, name="note.txt", content=b"text"):
        return self.env["ir.attachment"].create(
            {"name": name, "raw": content, "res_model": record._name, "res_id": record.id}
        )

    def _document(self, name="contract.pdf", content=None, kind="contract", **vals):
        """Return a document that somebody added to the file of the customer."""
        return self.env["credit.collection.case.document"].create(
            {
                "case_id": self._case().id,
                "kind": kind,
                "filename": name,
                "file": b64encode(content or blank_pdf()),
                **vals,
            }
        )

    def _hand_over(self, user=None, **kwargs):
        """Press the button; return the file."""
        self._commit()
        case = self._case().with_user(user or self.collector)
        if kwargs:
            lines = kwargs.pop("lines", None)
            lines = case._get_claimed_lines() if lines is None else lines
            return self.env[HANDOVER].with_user(case.env.user)._make(case, lines, **kwargs)
        return self.env[HANDOVER].browse(case.action_handover()["res_id"])

    def _read_zip(self, handover):
        """Return `{name: content}`."""
        with zipfile.ZipFile(io.BytesIO(handover.zip_id.raw)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def _read_pages(self, handover):
        """Return the text of each page."""
        pages = PdfFileReader(io.BytesIO(handover.pdf_id.raw)).pages
        return [" ".join(page.extractText().split()) for page in pages]

    def assertInFile(self, handover, *names):
        """These are the documents of the ZIP, besides the file itself and its sums."""
        stem = handover.name.replace("/", "-")
        found = set(self._read_zip(handover)) - {f"{stem}.pdf", "SHA256SUMS"}
        self.assertEqual(found, {"01_statement/Statement_of_account.xlsx", *names})

    def assertGap(self, handover, pattern):
        self.assertRegex("\n".join(handover.gap_ids.mapped("name")), pattern)

    def assertNoGap(self, handover, pattern):
        self.assertNotRegex("\n".join(handover.gap_ids.mapped("name")), pattern)

    # -------------------------------------------------------------------------
    # One click
    # -------------------------------------------------------------------------

    def test_one_click_makes_a_pdf_and_a_zip_about_all_that_is_open(self):
        invoice = self._invoice(100.0)
        self._invoice(50.0, "2026-02-10")
        self._dun()
        handover = self._hand_over()
        self.assertEqual(handover.amount_text, "150.00\N{NO-BREAK SPACE}€")
        self.assertEqual(handover.user_id, self.collector)
        self.assertIn(invoice, handover.move_line_ids.move_id)
        pages = self._read_pages(handover)
        self.assertEqual(len(pages), handover.page_count)
        self.assertIn("Hand-over file", pages[0])
        self.assertIn("Late Payer Ltd", pages[0])
        notice = self._case().dunning_ids
        self.assertInFile(
            handover,
            *(f"02_invoices/{name}.pdf" for name in self._names(handover)),
            f"04_notices/{notice.name.replace('/', '-')}.pdf",
        )

    def _names(self, handover):
        return [line.move_id.name.replace("/", "_") for line in handover.move_line_ids.sorted("id")]

    def test_every_page_is_numbered_and_the_contents_lead_to_it(self):
        self._invoice(content=blank_pdf(3))
        self._dun()
        handover = self._hand_over()
        reader = PdfFileReader(io.BytesIO(handover.pdf_id.raw))
        total = len(reader.pages)
        for number, page in enumerate(reader.pages, 1):
            text = " ".join(page.extractText().split())
            self.assertIn(f"page {number} of {total}", text)
        contents = reader.pages[1]
        links = [note.get_object() for note in contents["/Annots"]]
        targets = {
            reader.get_object(link["/Dest"][0]) == page.get_object() and number
            for link in links
            for number, page in enumerate(reader.pages, 1)
        } - {False}
        annex = handover.annex_ids.filtered(lambda one: one.filename.startswith("02"))
        self.assertIn(annex.page, targets)
        self.assertEqual(len(reader.pages[annex.page - 1].extractText().split("page")), 2)
        self.assertTrue(reader.outline)

    def test_the_sums_are_those_that_sha256sum_checks(self):
        self._invoice()
        self._dun()
        handover = self._hand_over()
        with tempfile.TemporaryDirectory() as folder:
            for name, content in self._read_zip(handover).items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            subprocess.run(
                ["sha256sum", "--strict", "-c", "SHA256SUMS"],
                cwd=folder,
                check=True,
                capture_output=True,
            )
        for annex in handover.annex_ids:
            content = self._read_zip(handover)[annex.filename]
            self.assertEqual(annex.checksum, hashlib.sha256(content).hexdigest())

    def test_the_same_data_gives_the_same_bytes(self):
        self._invoice()
        self._dun()
        handover = self._hand_over()
        first = self._get_sums(handover)
        handover.sudo().annex_ids.unlink()
        handover.sudo().gap_ids.unlink()
        handover._write_file()
        self.assertEqual(first, self._get_sums(handover))

    def _get_sums(self, handover):
        files = handover.pdf_id | handover.zip_id
        return [hashlib.sha256(one.raw).hexdigest() for one in files]

    def test_the_invoices_and_notices_are_those_that_were_sent(self):
        self._invoice(content=blank_pdf(2))
        notice = self._dun().dunning_ids
        contents = self._read_zip(self._hand_over()).values()
        self.assertIn(blank_pdf(2), contents)
        self.assertIn(notice.letter_id.raw, contents)

    def test_each_delivery_is_proved(self):
        self._invoice()
        notice = self._dun().dunning_ids
        text = " ".join(self._read_pages(self._hand_over()))
        self.assertIn("late.payer.ltd@customer.example", text)
        self.assertIn(notice.delivery_ids.mail_message_id.message_id[:12], text)

    # -------------------------------------------------------------------------
    # What is in it
    # -------------------------------------------------------------------------

    def test_the_statement_ends_with_what_is_owed(self):
        invoice = self._invoice(100.0)
        self._invoice(50.0, "2026-02-10")
        self._pay(invoice, 30.0, on="2026-02-25")
        self._credit_note(5.0)
        self._commit()
        case = self._case()
        movements = self.env["credit.collection.statement"]._get_movements(case)[case]
        rows = movements[self.env.company.currency_id]
        self.assertEqual(
            [(row["kind"], row["debit"], row["credit"]) for row in rows],
            [
                ("Invoice", 50.0, 0),
                ("Invoice", 100.0, 0),
                ("Credit note", 0, 5.0),
                ("Payment", 0, 30.0),
            ],
        )
        self.assertEqual(rows[-1]["balance"], 115.0)
        self.assertEqual(rows[-1]["matches"], [(invoice.name, 30.0)])

    def test_currencies_are_never_mixed(self):
        self._invoice(100.0)
        self._invoice(80.0, currency_id=self._currency("GBP", 0.8).id)
        handover = self._hand_over()
        self.assertRegex(handover.amount_text, "100.00.*80.00|80.00.*100.00")

    def test_what_people_added_is_in_it(self):
        self._invoice()
        self._commit()
        self._document("Contrat signé.pdf")
        self._attach(self._case(), "Aveu.txt")
        handover = self._hand_over()
        names = set(self._read_zip(handover))
        self.assertIn("12_documents/Contrat_signe.pdf", names)
        self.assertIn("12_documents/Aveu.txt", names)
        self.assertNoGap(handover, "No contract")
        self.assertGap(handover, "No proof of delivery")

    def test_internal_notes_and_their_files_are_in_it_by_choice_only(self):
        self._invoice()
        self._commit()
        case = self._case()
        case.message_post(
            body="We should have delivered earlier.",
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            attachments=[("inside.txt", b"secret")],
        )
        case.message_post(
            body="Bad loser.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("talk.txt", b"x")],
        )
        case.message_post(
            body="Please pay.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.customer.ids,
        )
        task = case._schedule_task("credit_collection.mail_activity_type_large_overdue")
        task.action_feedback(feedback="We would settle at 70 %.")
        text = " ".join(self._read_pages(self._hand_over()))
        self.assertIn("Please pay", text)
        self.assertNotRegex(text, "delivered earlier|Bad loser|inside.txt|talk.txt|settle at")
        told = self._hand_over(has_notes=True)
        self.assertRegex(" ".join(self._read_pages(told)), "delivered earlier")
        self.assertTrue(any("inside" in name for name in self._read_zip(told)))

    def test_a_file_can_be_about_chosen_items_in_another_language(self):
        invoice, other = self._invoice(100.0), self._invoice(50.0)
        self.env["res.lang"]._activate_lang("fr_FR")
        self._commit()
        lines = self._items(invoice).move_line_id
        handover = self._hand_over(lines=lines, lang="fr_FR")
        self.assertEqual(handover.move_line_ids.move_id, invoice)
        self.assertNotIn(other.name, handover.annex_ids.mapped("name"))

    # -------------------------------------------------------------------------
    # What is missing
    # -------------------------------------------------------------------------

    def test_what_is_missing_is_said_with_what_to_do(self):
        self._invoice()
        self.customer.write({"email": False, "street": False})
        self._unmatched_payment(10.0)
        handover = self._hand_over()
        for pattern in (
            "company number of Late Payer",
            "full address of Late Payer",
            "e-mail address of Late Payer",
            "matched with nothing",
            "No notice about",
            "registered letter",
            "No contract",
            "No terms",
        ):
            self.assertGap(handover, pattern)
        self.assertTrue(all(handover.gap_ids.mapped("advice")))

    def test_an_invoice_without_its_pdf_is_printed_and_named(self):
        invoice = self._overdue_invoice()
        with self.allow_pdf_render(), mute_logger(PRINTER):  # the style sheets need a web server
            handover = self._hand_over()
        self.assertGap(handover, f"The PDF of {invoice.name} as it was sent")
        annex = handover.annex_ids.filtered(lambda one: one.name == invoice.name)
        self.assertEqual(annex.remark, "Printed for this file")
        self.assertTrue(annex.page)

    # -------------------------------------------------------------------------
    # Bad documents
    # -------------------------------------------------------------------------

    def test_broken_and_locked_documents_are_in_the_zip_alone(self):
        self._invoice()
        self._commit()
        broken = b"%PDF-1.4 this is none"
        self._document("broken.pdf", broken)
        self._document("locked.pdf", blank_pdf(password="secret"))
        handover = self._hand_over()
        contents = self._read_zip(handover)
        self.assertEqual(contents["12_documents/broken.pdf"], broken)
        self.assertIn("12_documents/locked.pdf", contents)
        self.assertGap(handover, "broken.pdf.*damaged or locked")
        self.assertGap(handover, "locked.pdf.*damaged or locked")

    def test_a_document_that_is_too_large_is_left_out_and_named(self):
        self._invoice()
        self._commit()
        self._document("film.bin", b"x" * 3000)
        File = type(self.env["credit.collection.handover.file"])
        with patch.object(File, "_max_document", 2000):
            handover = self._hand_over()
        self.assertFalse(any("film" in name for name in self._read_zip(handover)))
        self.assertGap(handover, "film.bin.*too large")

    def test_no_name_leaves_the_folder(self):
        self._invoice()
        self._commit()
        for name in ("../../etc/passwd", "C:\\boot.ini", "a\nb.txt", "con.txt", "-rf", "."):
            self._document(name, b"x")
        self._document("CON.txt", b"y")
        for name in self._read_zip(self._hand_over()):
            self.assertRegex(name, r"^([0-9]{2}_[a-z_]+/)?[A-Za-z0-9_][A-Za-z0-9_.-]*$")
            self.assertNotIn("..", name)

    # -------------------------------------------------------------------------
    # Who may, and about whom
    # -------------------------------------------------------------------------

    def test_a_file_stays_what_it_is(self):
        self._invoice()
        handover = self._hand_over()
        with self.assertRaises(UserError):
            handover.with_user(self.collector).write({"name": "Other"})
        manager = self._user("manager", "credit_collection_group_manager")
        with self.assertRaises(UserError):
            handover.with_user(manager).unlink()
        with self.assertRaises(AccessError):
            handover.pdf_id.with_user(manager).write({"name": "x.pdf"})
        with self.assertRaises(AccessError):
            handover.zip_id.with_user(manager).unlink()
        again = self._hand_over()
        self.assertNotEqual(again, handover)
        self.assertEqual(self._case().handover_count, 2)

    def test_a_reader_reads_files_and_makes_none(self):
        self._invoice()
        handover = self._hand_over()
        self.assertTrue(handover.with_user(self.reader).pdf_id.raw)
        with self.assertRaises(AccessError):
            self._case().with_user(self.reader).action_handover()
        with self.assertRaises(AccessError):
            self._case().with_user(self.reader).action_handover_wizard()

    def test_the_file_is_told_on_the_case(self):
        self._invoice()
        handover = self._hand_over()
        self.assertIn(handover.name, str(self._case().message_ids[:1].body))

    def test_without_a_claim_there_is_no_file(self):
        invoice = self._invoice()
        self._commit()
        self._pay(invoice)
        self._commit()
        with self.assertRefused("owes nothing now"):
            self._case().action_handover()

    def test_items_of_others_are_refused(self):
        self._invoice()
        strange = self._invoice(partner=self._customer("Other Ltd"))
        self._commit()
        with self.assertRefused("no open debt of Late Payer"):
            self._hand_over(lines=strange.line_ids.filtered("date_maturity"))

    def test_nothing_of_another_customer_or_company_is_in_it(self):
        """The same customer owes another company too; its collector sees neither file."""
        self._invoice()
        other = self.setup_other_company()["company"]
        self._attach(self.customer, "of the customer.txt")
        strange = self._overdue_invoice(partner=self._customer("Other Ltd"))
        self._attach(strange, "strange.txt")
        twin = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "company_id": other.id,
                    "invoice_date": "2026-01-20",
                    "invoice_date_due": "2026-02-20",
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 7, "tax_ids": []})
                    ],
                }
            )
        )
        twin.action_post()
        self._attach(twin, "twin.txt")
        self._commit()
        both = self._user(
            "both",
            "credit_collection_group_user",
            company_ids=[Command.set([self.env.company.id, other.id])],
        )
        handover = self._hand_over(both)
        names = " ".join([*self._read_zip(handover), *self._read_pages(handover)])
        self.assertNotRegex(names, "strange|twin|of_the_customer")
        self.assertNotIn("7.00", handover.amount_text)
        outsider = self._user(
            "outsider",
            "credit_collection_group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for record in (handover, handover.annex_ids, handover.gap_ids):
            with self.assertRaises(AccessError):
                record.with_user(outsider).read()
        with self.assertRaises(AccessError):
            handover.pdf_id.with_user(outsider).read(["raw"])

    def test_documents_of_the_file_are_their_companys(self):
        self._invoice()
        self._commit()
        document = self._document()
        other = self.setup_other_company()["company"]
        outsider = self._user(
            "outsider",
            "credit_collection_group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        with self.assertRaises(AccessError):
            document.with_user(outsider).read(["filename"])
        with self.assertRaises(AccessError):
            document.with_user(self.reader).unlink()

    def test_the_choices_begin_with_all_that_is_open(self):
        first, second = self._invoice(100.0), self._invoice(50.0)
        self._commit()
        action = self._case().action_handover_wizard()
        form = Form(self.env["credit.collection.case.handover"].with_context(**action["context"]))
        wizard = form.save()
        self.assertEqual(wizard.move_line_ids.move_id, first | second)
        handover = self.env[HANDOVER].browse(wizard.action_make()["res_id"])
        self.assertEqual(handover.lang, "en_US")

    def test_a_litigation_hands_over_what_it_covers_and_tells_of_itself(self):
        covered, other = self._invoice(100.0), self._invoice(50.0)
        self._commit()
        line = covered.line_ids.filtered("date_maturity")
        litigation = self.env["credit.collection.litigation"].create(
            {
                "case_id": self._case().id,
                "kind_id": self.env.ref("credit_collection.litigation_kind_full").id,
                "line_ids": [Command.create({"move_line_id": line.id})],
                "party_ids": [
                    Command.create(
                        {
                            "role": "lawyer",
                            "partner_id": self._customer("Ms Court").id,
                            "reference": "D/2026/17",
                        }
                    )
                ],
            }
        )
        litigation.action_open()
        self._attach(litigation, "summons.pdf", blank_pdf())
        handover = self.env[HANDOVER].browse(litigation.action_handover()["res_id"])
        self.assertEqual(handover.move_line_ids, line)
        text = " ".join(self._read_pages(handover))
        self.assertIn(f"{litigation.name}: Full proceedings", text)
        self.assertIn("Our lawyer, Ms Court, D/2026/17", text)
        self.assertIn("File handed over", text)
        self.assertIn(f"{litigation.name}: summons.pdf", handover.annex_ids.mapped("name"))
        self.assertNotIn(other.name, handover.annex_ids.mapped("name"))

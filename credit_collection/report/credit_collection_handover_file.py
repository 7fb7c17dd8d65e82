import hashlib
import tempfile
import zipfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import format_datetime, format_list, human_size, split_every

from ..models.credit_collection_dunning_document import DocumentWriter
from ..models.credit_collection_handover_content import Annex
from ..tools import letter_pdf
from ..tools.ageing import days_late
from ..tools.evidence_pdf import Binder, Link, UnreadablePdfError, read_pdf
from ..tools.file_names import checksum_list, safe_name, unique_name

_MEGABYTE = 1024 * 1024
_TABLE_ROWS = 12  # see `credit_collection_payment_plan_document`
_STATEMENT_LINES = 46  # on a page
_TOC_ROWS = 38
_TOC_TOP_MM = 14.0
_TOC_ROW_MM = 5.8


@dataclass
class Chapter:
    """A part of the file: what it says, and the documents that follow."""

    key: str
    number: int
    title: str
    annexes: list = field(default_factory=list)
    pages: bytes = b""
    page_count: int = 0
    page: int = 0

    @property
    def label(self):
        return f"{self.number}. {self.title}"


@dataclass
class Entry:
    """A document as it stands in the file."""

    annex: Annex
    number: str
    filename: str
    size: int
    checksum: str = ""
    page_count: int = 0  # none: it is not in the PDF
    page: int = 0
    remark: str = ""
    path: Path = None


class CreditCollectionHandoverFile(models.AbstractModel):
    """Write a hand-over file: a PDF with everything that can be printed, a ZIP with everything.

    The documents are read one after the other and kept on disk, so that a file of hundreds of them
    takes the memory of one; only the finished files are held whole. The same data gives the same
    bytes.
    """

    _name = "credit.collection.handover.file"
    _description = "Writer of Hand-over Files"

    _max_document = 25 * _MEGABYTE  # a larger one is not in the file at all
    _max_zip = 150 * _MEGABYTE
    _max_pdf = 60 * _MEGABYTE

    @api.model
    def _make(self, handover):
        """Return the values of the record: both files, their documents, what is missing."""
        model = self.with_env(handover.env)
        with tempfile.TemporaryDirectory(prefix="credit_collection.") as folder:
            return model._write_in(handover, Path(folder))

    @api.model
    def _write_in(self, handover, folder):
        case = handover.case_id
        movements = self.env["credit.collection.statement"]._get_movements(case)[case]
        chapters = self._collect(handover, movements)
        stem = safe_name(handover.name.replace("/", "-"))
        zip_path = folder / "file.zip"
        with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_DEFLATED) as archive:
            entries = self._keep_annexes(handover, chapters, archive, folder)
            gaps = [*handover._get_gaps(), *self._get_file_gaps(entries)]
            content, page_count = self._write_pdf(handover, chapters, entries, gaps, movements)
            self._put(archive, handover, f"{stem}.pdf", content)
            sums = {f"{stem}.pdf": hashlib.sha256(content).hexdigest()}
            sums |= {one.filename: one.checksum for one in entries if one.checksum}
            self._put(archive, handover, "SHA256SUMS", checksum_list(sums).encode())
        return {
            "amount_text": format_list(
                self.env, [total["amount"] for total in self._prepare_totals(handover)]
            ),
            "page_count": page_count,
            "pdf_id": self._attach(handover, f"{stem}.pdf", content, "application/pdf").id,
            "zip_id": self._attach(
                handover, f"{stem}.zip", zip_path.read_bytes(), "application/zip"
            ).id,
            "annex_ids": [Command.create(self._prepare_annex_vals(one)) for one in entries],
            "gap_ids": [Command.create({"name": what, "advice": advice}) for what, advice in gaps],
        }

    @api.model
    def _attach(self, handover, name, content, mimetype):
        attachments_sudo = self.env["ir.attachment"].sudo()  # the file is evidence
        return attachments_sudo.create(
            {
                "name": name,
                "raw": content,
                "mimetype": mimetype,
                "res_model": handover._name,
                "res_id": handover.id,
            }
        )

    @api.model
    def _prepare_annex_vals(self, entry):
        return {
            "number": entry.number,
            "name": entry.annex.name,
            "filename": entry.filename,
            "date": entry.annex.date,
            "page": entry.page,
            "size": entry.size,
            "checksum": entry.checksum,
            "remark": entry.remark,
        }

    # -------------------------------------------------------------------------
    # The documents
    # -------------------------------------------------------------------------

    @api.model
    def _collect(self, handover, movements):
        """Return the chapters with their documents."""
        annexes = defaultdict(list)
        for annex in [self._make_workbook(handover, movements), *handover._get_annexes()]:
            annexes[annex.chapter].append(annex)
        return [
            Chapter(key, number, title, annexes[key])
            for number, (key, title) in enumerate(handover._get_chapter_titles().items(), start=1)
        ]

    @api.model
    def _make_workbook(self, handover, movements):
        Workbook = self.env["credit.collection.statement.workbook"]
        content = Workbook._make_movements({handover.case_id: movements}, handover.date)
        name = handover._get_chapter_titles()["statement"]
        return Annex("statement", name, f"{name}.xlsx", content=content, date=handover.date.date())

    @api.model
    def _keep_annexes(self, handover, chapters, archive, folder):
        """Put the documents into the ZIP, and those that can be bound on disk."""
        entries, taken, left = [], set(), self._max_zip
        room = self._max_pdf
        for chapter in chapters:
            for position, annex in enumerate(chapter.annexes, start=1):
                name = f"{chapter.number:02}_{chapter.key}/{safe_name(annex.filename)}"
                name = unique_name(name, taken)
                taken.add(name.lower())
                entry = Entry(annex, f"{chapter.number}.{position}", name, annex.get_size())
                entry.remark = annex.remark
                entries.append(entry)
                if entry.size > min(self._max_document, left):
                    entry.filename = ""
                    entry.remark = self.env._(
                        "Not in the file: too large (%(size)s)", size=human_size(entry.size)
                    )
                    continue
                left -= entry.size
                room -= self._keep(handover, entry, archive, folder, room)
        return entries

    @api.model
    def _keep(self, handover, entry, archive, folder, room):
        """Put a document into the ZIP; return how much of it is to be bound."""
        content = entry.annex.load()
        entry.checksum = hashlib.sha256(content).hexdigest()
        self._put(archive, handover, entry.filename, content)
        if not content.startswith(b"%PDF"):
            if entry.filename.endswith(".pdf"):
                entry.remark = self.env._("Only in the ZIP: it cannot be read as a PDF")
            return 0
        try:
            bound, entry.page_count = read_pdf(content)
        except UnreadablePdfError:
            entry.remark = self.env._("Only in the ZIP: it is damaged or locked")
            return 0
        if len(bound) > room:
            entry.page_count = 0
            entry.remark = self.env._("Only in the ZIP: the PDF would be too large")
            return 0
        entry.path = folder / f"{entry.number}.pdf"
        entry.path.write_bytes(bound)
        return len(bound)

    @api.model
    def _put(self, archive, handover, name, content):
        """Put a file into the ZIP, with the time of the hand-over file."""
        info = zipfile.ZipInfo(name, handover.date.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        archive.writestr(info, content)

    @api.model
    def _get_file_gaps(self, entries):
        """Return the documents that could not be put where they belong."""
        return [
            (
                f"{entry.annex.name}: {entry.remark}.",
                self.env._("Hand it over separately, or replace it and make the file again."),
            )
            for entry in entries
            if entry.remark
            and (not entry.filename or (not entry.path and entry.filename.endswith(".pdf")))
        ]

    # -------------------------------------------------------------------------
    # The PDF
    # -------------------------------------------------------------------------

    @api.model
    def _write_pdf(self, handover, chapters, entries, gaps, movements):
        """Return the PDF and how many pages it has.

        The chapters are printed first: only then is known on which page each document begins.
        """
        by_chapter = defaultdict(list)
        for entry in entries:
            by_chapter[entry.number.split(".")[0]].append(entry)
        writer = DocumentWriter(self.env, {})
        ends = self._make_ends(len(chapters))
        said = [
            *(
                self._prepare_chapter(
                    handover, chapter, by_chapter[str(chapter.number)], writer, movements
                )
                for chapter in chapters
            ),
            self._prepare_checksums(ends[0], entries),
            self._prepare_gaps(ends[1], gaps),
        ]
        parts = [*chapters, *ends]
        told = [(part, one) for part, one in zip(parts, said, strict=True) if one["blocks"]]
        printed = self._print(
            handover, [("credit_collection.handover_chapter", one) for _part, one in told]
        )
        for (part, _said), (pages, count) in zip(told, printed, strict=True):
            part.pages, part.page_count = pages, count
        rows = self._prepare_contents(parts, by_chapter)
        front_count = 1 + len(list(split_every(_TOC_ROWS, rows)))
        self._number_pages(parts, by_chapter, front_count)
        front = self._print_front(handover, parts, by_chapter, gaps, writer)
        if front[1] != front_count:  # a cover that runs over
            self._number_pages(parts, by_chapter, front[1])
            front = self._print_front(handover, parts, by_chapter, gaps, writer)
        return self._bind(handover, front, parts, by_chapter)

    @api.model
    def _make_ends(self, number):
        """Return the chapters at the end, which have no documents of their own."""
        return [
            Chapter("checksums", number + 1, self.env._("Check sums")),
            Chapter("gaps", number + 2, self.env._("Missing evidence")),
        ]

    @api.model
    def _number_pages(self, parts, by_chapter, before):
        """Give each part and each document its page."""
        page = before + 1
        for part in parts:
            part.page = page if part.page_count else 0
            page += part.page_count
            for entry in by_chapter[str(part.number)]:
                entry.page = page if entry.page_count else 0
                page += entry.page_count

    @api.model
    def _prepare_contents(self, parts, by_chapter):
        """Return the rows of the table of contents."""
        rows = []
        for part in parts:
            rows.append(
                {
                    "number": part.number,
                    "title": part.title,
                    "page": part.page or self.env._("none"),
                    "target": part.page,
                    "main": True,
                }
            )
            rows += [
                {
                    "number": entry.number,
                    "title": entry.annex.name,
                    "page": entry.page or (self.env._("ZIP") if entry.filename else "—"),
                    "target": entry.page,
                }
                for entry in by_chapter[str(part.number)]
            ]
        return rows

    @api.model
    def _print_front(self, handover, parts, by_chapter, gaps, writer):
        """Return the cover with the table of contents, and how many pages they have."""
        sheets = list(split_every(_TOC_ROWS, self._prepare_contents(parts, by_chapter)))
        vals = {
            **self._prepare_cover(handover, writer, len(gaps)),
            "sheets": [
                [row | {"top": _TOC_TOP_MM + place * _TOC_ROW_MM} for place, row in enumerate(rows)]
                for rows in sheets
            ],
        }
        return self._print(handover, [("credit_collection.handover_front", vals)])[0]

    @api.model
    def _print(self, handover, parts):
        """Print templates in one go; return `[(PDF, number of pages), ...]`."""
        Letter = self.env["credit.collection.letter"]
        qweb = self.env["ir.qweb"]
        with ThreadPoolExecutor(max_workers=2) as printer:
            _index, letterheads = Letter._print_letterheads(printer, handover)
            texts = [
                qweb._render(name, vals | {"mark": letter_pdf.mark_colour(number)})
                for number, (name, vals) in enumerate(parts)
            ]
            html = Letter._render_page(texts)
            job = Letter._print(printer, html, letter_pdf.TOP_MM, letter_pdf.FOOT_MM)
            sheets = letter_pdf.LetterPrinter(Letter._finish(job), Letter._finish(letterheads))
        ranges = sheets.find_letters(len(parts))
        labels = letter_pdf.Labels("", self._get_continuation(handover))
        return [
            (sheets.cut(pages, 0, labels, has_head=name.endswith("_front")), len(pages))
            for pages, (name, _vals) in zip(ranges, parts, strict=True)
        ]

    @api.model
    def _get_continuation(self, handover):
        name = f"{handover.name} – {handover.partner_id.name}".replace("%", "%%")
        return name if letter_pdf.can_write(name) else handover.name.replace("%", "%%")

    @api.model
    def _bind(self, handover, front, parts, by_chapter):
        """Put everything together, number the pages, and lead from the contents to them."""
        binder = Binder()
        binder.add(front[0], self.env._("Contents"))
        for part in parts:
            if part.page_count:
                binder.add(part.pages, part.label)
            for entry in by_chapter[str(part.number)]:
                if entry.path:
                    binder.add(entry.path, f"{entry.number} {entry.annex.name}", part.label)
        rows = self._prepare_contents(parts, by_chapter)
        sheets = list(split_every(_TOC_ROWS, rows))
        links = [
            Link(
                page=front[1] - len(sheets) + sheet,
                target=row["target"] - 1,
                top=letter_pdf.TOP_MM + _TOC_TOP_MM + place * _TOC_ROW_MM,
                height=_TOC_ROW_MM,
            )
            for sheet, own in enumerate(sheets)
            for place, row in enumerate(own)
            if row["target"]
        ]
        foot = self.env._(
            "%(file)s – page %(page)s of %(pages)s",
            file=handover.name.replace("%", "%%"),
            page="%(page)s",
            pages="%(pages)s",
        )
        return binder.finish(foot, links), binder.page_count

    # -------------------------------------------------------------------------
    # What the pages say
    # -------------------------------------------------------------------------

    @api.model
    def _prepare_cover(self, handover, writer, gap_count):
        company, debtor = handover.company_id, handover.partner_id
        return {
            "handover": handover,
            "company": company,
            "debtor": debtor,
            "creditor_address": company.partner_id._get_collection_address(
                company.partner_id, company
            )[1:],
            "debtor_address": debtor._get_collection_address(debtor, company)[1:],
            "date": format_datetime(self.env, handover.date, dt_format="medium"),
            "totals": self._prepare_totals(handover),
            "gap_count": gap_count,
        }

    @api.model
    def _prepare_totals(self, handover):
        """Return what is claimed in each currency, never mixed."""
        writer = DocumentWriter(self.env, {})
        today = handover.date.date()
        totals = []
        for currency, lines in handover.move_line_ids.grouped("currency_id").items():
            oldest = min(line.date_maturity or line.date for line in lines)
            totals.append(
                {
                    "currency": currency.name,
                    "count": len(lines),
                    "oldest": writer.date(oldest),
                    "days_late": days_late(oldest, today),
                    "amount": writer.amount(
                        currency.round(sum(lines.mapped("amount_residual_currency"))), currency
                    ),
                }
            )
        return totals

    @api.model
    def _prepare_chapter(self, handover, chapter, entries, writer, movements):
        prepare = getattr(self, f"_prepare_{chapter.key}_blocks", None)
        own = prepare(handover, writer, movements) if prepare else []
        return {
            "title": chapter.label,
            "blocks": [*own, *self._prepare_entries(entries, writer)],
        }

    @api.model
    def _make_tables(self, heads, rows, title="", total=None):
        """Return a table as blocks of rows that stay on one page; heads are (label, %, class)."""
        chunks = list(split_every(_TABLE_ROWS, rows, list))
        return [
            {
                "title": title if chunk is chunks[0] else "",
                "heads": heads,
                "rows": chunk,
                "total": total if chunk is chunks[-1] else None,
            }
            for chunk in chunks
        ]

    @api.model
    def _prepare_entries(self, entries, writer):
        """Return the list of the documents of a chapter."""
        return self._make_tables(
            [
                (self.env._("No."), 8, ""),
                (self.env._("Document"), 37, ""),
                (self.env._("Date"), 12, "date"),
                (self.env._("In the ZIP"), 43, ""),
            ],
            [
                [
                    entry.number,
                    entry.annex.name,
                    writer.date(entry.annex.date) if entry.annex.date else "",
                    " – ".join(filter(None, [entry.filename, entry.remark])),
                ]
                for entry in entries
            ],
            self.env._("Documents of this chapter"),
        )

    @api.model
    def _prepare_statement_blocks(self, handover, writer, movements):
        return [
            *self._prepare_claim(handover, writer),
            *(
                block
                for currency, rows in movements.items()
                for block in self._prepare_movements(currency, rows, writer)
            ),
        ]

    @api.model
    def _prepare_claim(self, handover, writer):
        """Return the table of the items that are claimed."""
        today = handover.date.date()
        lapses = {item.move_line_id: item.date_lapse for item in handover.case_id.item_ids}
        blocks = []
        for currency, lines in handover.move_line_ids.grouped("currency_id").items():
            rows = [
                [
                    line._collection_get_sources().move_name,
                    writer.date(line.move_id.invoice_date or line.date),
                    writer.date(line.date_maturity or line.date),
                    days_late(line.date_maturity or line.date, today) or "",
                    writer.amount(line.amount_currency, currency),
                    writer.date(lapses[line]) if lapses.get(line) else "—",
                    writer.amount(line.amount_residual_currency, currency),
                ]
                for line in lines.sorted(lambda line: (line.date_maturity or line.date, line.id))
            ]
            total = currency.round(sum(lines.mapped("amount_residual_currency")))
            blocks += self._make_tables(
                [
                    (self.env._("Document"), 22, ""),
                    (self.env._("Date"), 13, "date"),
                    (self.env._("Due date"), 13, "date"),
                    (self.env._("Days late"), 9, "number"),
                    (self.env._("Amount"), 15, "number"),
                    (self.env._("Lapses on"), 13, "number"),
                    (self.env._("Open"), 15, "number"),
                ],
                rows,
                self.env._("Claimed in %(currency)s", currency=currency.name),
                writer.amount(total, currency),
            )
        return blocks

    @api.model
    def _prepare_movements(self, currency, movements, writer):
        """Return the movements in one currency: a table for each page, with the balance carried."""
        Document = self.env["credit.collection.statement.document"]
        rows = Document._prepare_movement_rows(currency, movements, writer)
        sheets = Document._split(rows, currency, writer, True, _STATEMENT_LINES)
        title = self.env._("Every movement in %(currency)s", currency=currency.name)
        return [{"title": title, "movements": sheet} for sheet in sheets]

    @api.model
    def _prepare_notices_blocks(self, handover, writer, _movements):
        """Return for each notice what it claimed, and how each of its deliveries is proved."""
        blocks = []
        for dunning in handover._get_notices():
            blocks.append(
                {
                    "title": f"{dunning.name} – {dunning.level_id.name}",
                    "details": self._get_notice_details(dunning, writer),
                }
            )
            blocks += self._make_tables(
                [
                    (self.env._("Channel"), 11, ""),
                    (self.env._("Status"), 11, ""),
                    (self.env._("Sent to"), 24, ""),
                    (self.env._("When"), 15, "date"),
                    (self.env._("By"), 15, ""),
                    (self.env._("Proof"), 24, ""),
                ],
                [self._prepare_delivery(one) for one in dunning.delivery_ids],
            )
            for message in dunning.delivery_ids.mail_message_id:
                said = handover._prepare_message(message)
                blocks.append({"details": [self.env._("The e-mail:"), *said["details"]], **said})
        return blocks

    @api.model
    def _get_notice_details(self, dunning, writer):
        states = dict(dunning._fields["state"]._description_selection(self.env))
        details = [
            self.env._(
                "%(state)s – claimed: %(amount)s – addressed to %(contact)s",
                state=states[dunning.state],
                amount=dunning.amount_text,
                contact=dunning.partner_id.display_name,
            ),
            ", ".join(dict.fromkeys(filter(None, dunning.line_ids.mapped("name")))),
        ]
        if dunning.date_sent:
            details.insert(0, self.env._("Sent on %(date)s", date=writer.date(dunning.date_sent)))
        return [*details, dunning.note] if dunning.note else details

    @api.model
    def _prepare_delivery(self, delivery):
        """Return a row: who delivered what, when, to which address, and what came back."""
        labels = {
            name: dict(delivery._fields[name]._description_selection(self.env))
            for name in ("channel", "state")
        }
        dunning = delivery.dunning_id
        contact = dunning.partner_id
        recipient = delivery.recipient
        if not recipient and delivery.channel == "letter":
            recipient = ", ".join(dunning._get_document_address())
        elif not recipient:
            recipient = contact.phone
        proof = [delivery.failure_reason, delivery.mail_message_id.message_id]
        if delivery.channel == "letter" and dunning.letter_id:
            proof.append(
                self.env._(
                    "Printed by %(user)s on %(date)s",
                    user=dunning.letter_id.create_uid.name,
                    date=format_datetime(
                        self.env, dunning.letter_id.create_date, dt_format="medium"
                    ),
                )
            )
        return [
            labels["channel"][delivery.channel],
            labels["state"][delivery.state],
            recipient or contact.display_name,
            format_datetime(self.env, delivery.date_sent, dt_format="medium"),
            delivery.sent_by_id.name or "",
            " – ".join(filter(None, proof)),
        ]

    @api.model
    def _prepare_charges_blocks(self, handover, writer, _movements):
        """Return what was claimed of interest and compensation, and how the interest follows."""
        charges = handover._get_charges()
        blocks = []
        for currency, own in charges.grouped("currency_id").items():
            standing = own.filtered(lambda one: one.state != "waived")
            total = currency.round(sum(standing.mapped("amount")))
            blocks += self._make_tables(
                [
                    (self.env._("Claimed on"), 12, "date"),
                    (self.env._("Notice"), 14, ""),
                    (self.env._("What"), 25, ""),
                    (self.env._("Days"), 21, "date"),
                    (self.env._("Status"), 16, ""),
                    (self.env._("Amount"), 12, "number"),
                ],
                [self._prepare_charge(one, writer) for one in own],
                self.env._(
                    "Charges in %(currency)s, without what was waived", currency=currency.name
                ),
                writer.amount(total, currency),
            )
        interest = charges.filtered(lambda one: one.derivation)
        for own in interest.grouped("move_line_id").values():
            blocks += self._prepare_charge_derivation(own[-1], writer)
        return blocks

    @api.model
    def _prepare_charge(self, charge, writer):
        """Return a row: what was claimed, of which invoice, for which days, and what became of it.

        Where it was booked or why it was waived is said with its status.
        """
        states = dict(charge._fields["state"]._description_selection(self.env))
        days = [writer.date(day) for day in (charge.date_from, charge.date_to) if day]
        remark = charge.charge_move_id.name if charge.state == "posted" else charge.reason
        return [
            writer.date(charge.date_sent),
            charge.dunning_id.name,
            charge.display_name,
            " – ".join(days),
            " – ".join(filter(None, (states[charge.state], remark))),
            writer.amount(charge.amount, charge.currency_id),
        ]

    @api.model
    def _prepare_charge_derivation(self, charge, writer):
        """Return how the interest of an item followed when it was claimed last."""
        kept, currency = charge.derivation, charge.currency_id
        format_percent = self.env["credit.collection.interest"]._format_percent
        claimed_before = float(kept["claimed_before"])
        details = [kept["legal_basis"], *kept["corrections"]]
        details += [
            self.env._(
                "Paid or credited on %(date)s: %(amount)s",
                date=writer.date(fields.Date.to_date(one["day"])),
                amount=writer.amount(float(one["amount"]), currency),
            )
            for one in kept["movements"]
            if one["kind"] != "cost"
        ]
        if not currency.is_zero(claimed_before):
            details.append(
                self.env._(
                    "Of this, %(amount)s was claimed by earlier notices.",
                    amount=writer.amount(claimed_before, currency),
                )
            )
        rows = [
            [
                writer.date(fields.Date.to_date(one["from"])),
                writer.date(fields.Date.to_date(one["to"])),
                one["days"],
                writer.amount(float(one["base"]), currency),
                f"{format_percent(Decimal(one['rate']))} %",
                writer.amount(float(one["amount"]), currency),
            ]
            for one in kept["segments"]
        ]
        return [
            {"title": charge.display_name, "details": details},
            *self._make_tables(
                [
                    (self.env._("From"), 18, "date"),
                    (self.env._("To"), 18, "date"),
                    (self.env._("Days"), 10, "number"),
                    (self.env._("On"), 20, "number"),
                    (self.env._("Rate"), 14, "number"),
                    (self.env._("Interest"), 20, "number"),
                ],
                rows,
                total=writer.amount(float(kept["total"]), currency),
            ),
        ]

    @api.model
    def _prepare_promises_blocks(self, handover, writer, _movements):
        states = dict(
            self.env["credit.collection.promise"]._fields["state"]._description_selection(self.env)
        )
        return self._make_tables(
            [
                (self.env._("Promised on"), 14, "date"),
                (self.env._("By"), 22, ""),
                (self.env._("To be paid by"), 14, "date"),
                (self.env._("Amount"), 14, "number"),
                (self.env._("Paid in time"), 14, "number"),
                (self.env._("Status"), 22, "level"),
            ],
            [
                [
                    writer.date(one.date),
                    one.contact_id.name or one.partner_id.name,
                    writer.date(one.date_promised),
                    writer.amount(one.amount, one.currency_id),
                    writer.amount(one.amount_kept, one.currency_id),
                    states[one.state],
                ]
                for one in handover._get_promises()
            ],
        )

    @api.model
    def _prepare_plans_blocks(self, handover, writer, _movements):
        blocks = []
        for plan in handover._get_plans():
            states = dict(plan._fields["state"]._description_selection(self.env))
            rows = [
                [
                    one.number,
                    writer.date(one.date_due),
                    one.reference,
                    writer.amount(one.amount, plan.currency_id),
                    writer.amount(one.amount_paid, plan.currency_id),
                ]
                for one in plan.installment_ids
            ]
            details = self.env._(
                "%(state)s – agreed on %(date)s – covers %(amount)s of %(invoices)s",
                state=states[plan.state],
                date=writer.date(plan.date_active),
                amount=writer.amount(plan.amount, plan.currency_id),
                invoices=", ".join(dict.fromkeys(filter(None, plan.line_ids.mapped("name")))),
            )
            blocks.append({"title": plan.name, "details": [details]})
            blocks += self._make_tables(
                [
                    (self.env._("No."), 8, ""),
                    (self.env._("Due date"), 20, "date"),
                    (self.env._("Payment reference"), 32, ""),
                    (self.env._("Amount"), 20, "number"),
                    (self.env._("Paid"), 20, "number"),
                ],
                rows,
            )
        return blocks

    @api.model
    def _prepare_disputes_blocks(self, handover, writer, _movements):
        """Return each dispute with what was said about it."""
        blocks = []
        for dispute in handover._get_disputes():
            states = dict(dispute._fields["state"]._description_selection(self.env))
            details = [
                self.env._(
                    "%(state)s – %(amount)s disputed on %(date)s",
                    state=states[dispute.state],
                    amount=writer.amount(dispute.amount, dispute.currency_id),
                    date=writer.date(dispute.date),
                )
            ]
            if dispute.date_closed:
                details.append(
                    self.env._("Closed on %(date)s", date=writer.date(dispute.date_closed))
                )
            if dispute.credit_note_id:
                details.append(
                    self.env._("Credit note: %(name)s", name=dispute.credit_note_id.name)
                )
            blocks.append(
                {
                    "title": f"{dispute.move_id.name} – {dispute.reason_id.name}",
                    "details": details,
                    "text": dispute.resolution or "",
                }
            )
            blocks += map(handover._prepare_message, handover._get_messages(dispute))
        return blocks

    @api.model
    def _prepare_litigations_blocks(self, handover, writer, _movements):
        """Return each litigation with who takes part in it, and what has happened."""
        blocks = []
        for litigation in handover._get_litigations():
            states = dict(litigation._fields["state"]._description_selection(self.env))
            roles = dict(litigation.party_ids._fields["role"]._description_selection(self.env))
            details = [
                self.env._(
                    "%(state)s – %(amount)s claimed on %(date)s",
                    state=states[litigation.state],
                    amount=writer.amount(litigation.amount_claimed, litigation.currency_id),
                    date=writer.date(litigation.date_open),
                ),
                *(
                    ", ".join(filter(None, (roles[one.role], one.partner_id.name, one.reference)))
                    for one in litigation.party_ids
                ),
            ]
            blocks.append({"title": litigation.display_name, "details": details})
            blocks += self._make_tables(
                [
                    (self.env._("What"), 46, ""),
                    (self.env._("On or by"), 20, "date"),
                    (self.env._("Done on"), 20, "date"),
                ],
                [
                    [
                        ", ".join(filter(None, (step.name, step.place))),
                        writer.date(step.date_due) if step.date_due else "",
                        writer.date(step.date_done) if step.date_done else "",
                    ]
                    for step in litigation.step_ids
                ],
            )
        return blocks

    @api.model
    def _prepare_correspondence_blocks(self, handover, _writer, _movements):
        return [handover._prepare_message(one) for one in handover._get_correspondence()]

    @api.model
    def _prepare_contacts_blocks(self, handover, _writer, _movements):
        """Return the calls with what was said; of other tasks, what it was unless notes are in."""
        call, blocks = self.env.ref("mail.mail_activity_data_call"), []
        for message in handover._get_contacts():
            said = handover._prepare_message(message)
            kind = message.mail_activity_type_id
            is_told = handover.has_notes or kind == call
            when = format_datetime(self.env, message.date, dt_format="medium")
            blocks.append(
                {
                    "title": f"{when} – {kind.name} – {message.author_id.name}",
                    "text": said["text"] if is_told else "",
                }
            )
        return blocks

    @api.model
    def _prepare_holds_blocks(self, handover, writer, _movements):
        return self._make_tables(
            [
                (self.env._("On hold"), 30, ""),
                (self.env._("Reason"), 26, ""),
                (self.env._("From"), 14, "date"),
                (self.env._("Until"), 14, "date"),
                (self.env._("By"), 16, ""),
            ],
            [
                [
                    hold.scope,
                    hold._get_reason_label(),
                    writer.date(hold.date_start),
                    writer.date(hold.date_released or hold.date_end)
                    if hold.date_released or hold.date_end
                    else "",
                    hold.user_id.name,
                ]
                for hold in handover._get_holds()
            ],
        )

    @api.model
    def _prepare_checksums(self, chapter, entries):
        """Return the chapter with the SHA-256 of each document."""
        rows = [[one.number, one.filename, one.checksum] for one in entries if one.checksum]
        hint = self.env._(
            "SHA-256 of each document in the ZIP. To check them all: sha256sum -c SHA256SUMS"
        )
        heads = [
            (self.env._("No."), 7, ""),
            (self.env._("In the ZIP"), 40, ""),
            ("SHA-256", 53, "sum"),
        ]
        return {"title": chapter.label, "blocks": [{"text": hint}, *self._make_tables(heads, rows)]}

    @api.model
    def _prepare_gaps(self, chapter, gaps):
        """Return the chapter about what is missing."""
        heads = [(self.env._("What is missing"), 50, ""), (self.env._("What to do"), 50, "")]
        return {
            "title": chapter.label,
            "blocks": self._make_tables(heads, [list(gap) for gap in gaps]),
        }

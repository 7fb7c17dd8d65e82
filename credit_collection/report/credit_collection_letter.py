import os
import subprocess
import tempfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.image import image_data_uri
from odoo.tools.pdf import merge_pdf

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..tools import letter_pdf
from ..tools.qr_code import can_draw, qr_png

# A wkhtmltopdf without patches draws 0.7684 mm for a CSS millimetre, whatever it is told.
_UNPATCHED_ZOOM = 1 / 0.768372
_TIMEOUT = 300


def _print_html(command, html):
    """Return the HTML document as a PDF. Runs in a thread of its own, so it knows no records."""
    with tempfile.TemporaryDirectory(prefix="credit_collection.") as folder:
        source, target = Path(folder, "letters.html"), Path(folder, "letters.pdf")
        source.write_text(html, encoding="utf-8")
        subprocess.run(  # noqa: S603  the command is ours
            [*command, str(source), str(target)],
            capture_output=True,
            check=True,
            timeout=_TIMEOUT,
            env=os.environ | {"QT_HASH_SEED": "0"},  # the same letter gives the same bytes
        )
        return target.read_bytes()


class CreditCollectionLetter(models.AbstractModel):
    """The letters on paper: many at a time, because starting wkhtmltopdf is what costs.

    Notices, and whatever else has a company, a language, `_letter_template`,
    `_get_document_vals()` and `_get_continuation()`: agreements of payment plans, statements of
    account, reports to clients. One that has many lines has `line_ids`; one on the letterhead of
    another company says in `_letterhead_field` where that is, and one that is not for a debtor that
    it is not `_is_to_debtor`.

    All letters of a batch are one lean HTML document without scripts, web fonts or requests to the
    server. It is printed in one go and cut into letters, which are then put on their letterhead and
    numbered (see `tools/letter_pdf.py`).
    """

    _name = "credit.collection.letter"
    _description = "Dunning Letters"

    _batch_letters = 40  # larger ones take longer per letter; no more than 256 can be marked apart
    _batch_lines = 1500  # bounds the memory of wkhtmltopdf

    @api.model
    def _render(self, dunnings, sources=None):
        """Return `{dunning: PDF}`.

        wkhtmltopdf prints two batches while the next one is written and the one before is cut.

        :param sources: filled with `{dunning: the HTML of its letter}`
        """
        sources = {} if sources is None else sources
        documents, printing = {}, []
        with ThreadPoolExecutor(max_workers=2) as printer:
            index, letterheads = self._print_letterheads(printer, dunnings)
            for batch in self._split_batches(dunnings):
                printing.append((batch, self._print_letters(printer, batch, sources)))
                if len(printing) > 2:
                    documents |= self._cut(*printing.pop(0), index, letterheads)
            for batch, job in printing:
                documents |= self._cut(batch, job, index, letterheads)
            missing = [dunning for dunning in dunnings if dunning not in documents]
            for dunning in missing:  # something in its batch confused the marks: alone it has none
                job = self._print_letters(printer, dunning, sources)
                documents |= self._cut(dunning, job, index, letterheads)
        return documents

    @api.model
    def _split_batches(self, dunnings):
        """Yield the notices in portions that wkhtmltopdf digests."""
        batch, lines = dunnings.browse(), 0
        for dunning in dunnings:
            count = len(dunning.line_ids) if "line_ids" in dunning._fields else 1
            if batch and (len(batch) == self._batch_letters or lines + count > self._batch_lines):
                yield batch.with_prefetch(dunnings._prefetch_ids)
                batch, lines = dunnings.browse(), 0
            batch += dunning
            lines += count
        if batch:
            yield batch.with_prefetch(dunnings._prefetch_ids)

    @api.model
    def _print_letters(self, printer, dunnings, sources):
        html = self._render_html(dunnings, sources)
        return self._print(printer, html, letter_pdf.TOP_MM, letter_pdf.FOOT_MM)

    @api.model
    def _cut(self, dunnings, job, index, letterheads):
        """Return `{dunning: PDF}` from a printed batch; empty when they cannot be told apart."""
        sheets = letter_pdf.LetterPrinter(self._finish(job), self._finish(letterheads))
        pages = sheets.find_letters(len(dunnings))
        return {
            dunning: sheets.cut(
                letter, index[self._get_letterhead_key(dunning)], self._get_labels(dunning)
            )
            for dunning, letter in zip(dunnings, pages or (), strict=bool(pages))
        }

    @api.model
    def _render_html(self, dunnings, sources=None):
        """Return the letters as one HTML document, and keep each of them in `sources`."""
        sources = {} if sources is None else sources
        letters = []
        for number, (dunning, vals) in enumerate(dunnings._get_document_vals().items()):
            qweb = self.env["ir.qweb"].with_context(lang=dunning.lang)
            vals = vals | {"mark": letter_pdf.mark_colour(number), "qr_code": self._get_qr_code}
            sources[dunning] = qweb._render(dunnings._letter_template, vals)
            letters.append(sources[dunning])
        return self._render_page(letters)

    @api.model
    def _render_page(self, parts):
        return self.env["ir.qweb"]._render(
            "credit_collection.letter_document",
            {
                "parts": parts,
                "zoom": 1 if _wkhtml().is_patched_qt else _UNPATCHED_ZOOM,
            },
        )

    @api.model
    def _get_labels(self, dunning):
        """Return what is written on the pages of a letter when it is cut out."""
        env = dunning.with_context(lang=dunning.lang).env
        name = (dunning.with_env(env).name or "").replace("%", "%%")
        page = env._("Page %(page)s of %(pages)s", page="%(page)s", pages="%(pages)s")
        page = " · ".join(filter(None, (name, page)))
        continuation = dunning.with_env(env)._get_continuation(name)
        if not letter_pdf.can_write(page + continuation):
            page, continuation = "%(page)s / %(pages)s", name
        return letter_pdf.Labels(page, continuation)

    # -------------------------------------------------------------------------
    # Letterhead
    # -------------------------------------------------------------------------

    @api.model
    def _get_letterhead_key(self, dunning):
        return dunning[getattr(dunning, "_letterhead_field", "company_id")], dunning.lang

    @api.model
    def _print_letterheads(self, printer, dunnings):
        """Print the letterheads of these notices, each once: (`{key: number}`, print job)."""
        groups = dunnings.grouped(self._get_letterhead_key)
        parts = []
        for company, lang in groups:
            qweb = self.env["ir.qweb"].with_context(lang=lang)
            for logo, is_first in ((self._get_logo(company), True), (False, False)):
                vals = {"company": company.with_context(lang=lang), "logo": logo}
                vals["is_first"] = is_first
                vals["is_to_debtor"] = getattr(dunnings, "_is_to_debtor", True)
                parts.append(qweb._render("credit_collection.letterhead", vals))
        job = self._print(printer, self._render_page(parts), 0, 0)
        return {key: number for number, key in enumerate(groups)}, job

    @api.model
    def _get_letterhead_text(self, company, lang):
        """Return what the letterhead of the first page says."""
        qweb = self.env["ir.qweb"].with_context(lang=lang)
        vals = {"company": company.with_context(lang=lang), "logo": False, "is_first": True}
        return qweb._render("credit_collection.letterhead", vals)

    @api.model
    def _get_logo(self, company):
        """Return the logo as an image that is sharp on paper and small in the file."""
        company_sudo = company.sudo()  # the logo is on every document of the company
        if company_sudo.uses_default_logo or not company_sudo.logo:
            return False
        return image_data_uri(company_sudo.partner_id.image_512)

    @api.model
    def _get_qr_code(self, params):
        """Draw the QR code of a payment as an image inside the document."""
        if params["barcode_type"] == "QR" and not params.get("mask") and can_draw(params["value"]):
            picture = qr_png(params["value"])
        else:
            picture = self.env["ir.actions.report"].barcode(**params)
        return "data:image/png;base64," + b64encode(picture).decode()

    # -------------------------------------------------------------------------
    # wkhtmltopdf
    # -------------------------------------------------------------------------

    @api.model
    def _print(self, printer, html, margin_top, margin_bottom):
        """Have the HTML document printed in the background; `_finish` waits for it.

        Not through `ir.actions.report`: it waits for scripts, asks the server for style sheets and
        depends on a paper format, where a letter must fit the window of its envelope.
        """
        engine = _wkhtml()
        if engine.state not in ("ok", "workers"):
            raise UserError(
                self.env._(
                    "Letters are made with wkhtmltopdf, which is not installed on this server (or "
                    "too old). Install the package wkhtmltopdf, version 0.12.6, and restart Odoo."
                )
            )
        command = [engine.bin, *self._get_print_options(margin_top, margin_bottom)]
        return printer.submit(_print_html, command, str(html))

    @api.model
    def _finish(self, job):
        """Return the PDF of a print job."""
        try:
            return job.result()
        except subprocess.TimeoutExpired as error:
            raise UserError(
                self.env._("wkhtmltopdf did not finish the letters in time. Try again later.")
            ) from error
        except (subprocess.CalledProcessError, OSError) as error:
            reason = getattr(error, "stderr", b"").decode(errors="replace") or str(error)
            raise UserError(
                self.env._(
                    "wkhtmltopdf could not print the letters: %(error)s", error=reason[-500:]
                )
            ) from error

    @api.model
    def _get_print_options(self, margin_top, margin_bottom):
        options = ["--quiet", "--encoding", "utf-8", "--page-size", "A4"]
        options += ["--margin-top", f"{margin_top}mm", "--margin-bottom", f"{margin_bottom}mm"]
        options += ["--margin-left", "0", "--margin-right", "0"]
        options += ["--disable-javascript", "--javascript-delay", "0"]
        if _wkhtml().is_patched_qt:
            options += ["--dpi", "96", "--disable-smart-shrinking", "--disable-local-file-access"]
        return options

    # -------------------------------------------------------------------------
    # One document for the envelopes
    # -------------------------------------------------------------------------

    @api.model
    def _merge(self, dunnings):
        """Return an attachment with all letters, in the order of language and postcode.

        It belongs to the user who prints, and is gone a day later: each letter is kept with its
        notice.
        """
        letters = dunnings.filtered("letter_id").sorted(self._get_merge_key)
        name = self.env._("Letters %s", fields.Date.context_today(self)) + ".pdf"
        content = merge_pdf([letter.raw for letter in letters.letter_id])
        return self._make_download(name, content, "application/pdf")

    @api.model
    def _make_download(self, name, content, mimetype):
        """Return an attachment that is the user's own, and is gone a day later."""
        return self.env["ir.attachment"].create(
            {"name": name, "description": self._name, "raw": content, "mimetype": mimetype}
        )

    @api.model
    def _get_merge_key(self, dunning):
        partner = dunning.partner_id
        return dunning.lang, partner.zip or "", partner.display_name or "", dunning.id

    @api.autovacuum
    def _gc_merged_letters(self):
        """Delete the documents made for the printer more than a day ago."""
        yesterday = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        domain = [("description", "=", self._name), ("create_date", "<", yesterday)]
        self.env["ir.attachment"].search([*domain, ("res_model", "=", False)]).unlink()

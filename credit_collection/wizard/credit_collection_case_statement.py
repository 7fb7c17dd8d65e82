from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list
from odoo.tools.pdf import merge_pdf

from ..report.credit_collection_statement import StatementOptions

_PREVIEW_ROWS = 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CreditCollectionCaseStatement(models.TransientModel):
    """What the statements of account of some customers are to say, and what becomes of them."""

    _name = "credit.collection.case.statement"
    _description = "Statement of Account to Customers"

    case_ids = fields.Many2many("credit.collection.case", string="Customers", required=True)
    kind = fields.Selection(
        [("open", "Open items with ageing"), ("movements", "Movements with balance")],
        "Shows",
        required=True,
        default="open",
    )
    date = fields.Date(
        "As of",
        required=True,
        default=fields.Date.context_today,
        help="What is dated later, payments above all, is not in it.",
    )
    date_from = fields.Date(
        "Movements from", help="What came before is brought forward. All movements when empty."
    )
    only_overdue = fields.Boolean(
        "Only what is overdue", help="Customers who owe nothing that is overdue get none."
    )
    ageing = fields.Selection(
        [("days", "30, 60, 90 days"), ("months", "Months")],
        required=True,
        default="days",
        help="By months it is as of the end of the last one.",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        help="That of each customer when empty.",
    )
    note = fields.Text("Message", help="Printed above the figures and in the e-mail.")
    has_workbook = fields.Boolean("Attach the Excel file")
    letter_ids = fields.One2many("credit.collection.case.statement.letter", "wizard_id")
    case_count = fields.Integer("Number of customers", compute="_compute_case_count")
    unreachable = fields.Char("Cannot be written to", compute="_compute_unreachable")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("case_ids")
    def _compute_case_count(self):
        for wizard in self:
            wizard.case_count = len(wizard.case_ids)

    @api.depends("case_ids")
    @api.depends_context("lang")
    def _compute_unreachable(self):
        """Name the customers to whom no e-mail can be sent."""
        Letter = self.env["credit.collection.case.statement.letter"]
        for wizard in self:
            letters = Letter.union(*(Letter.new({"case_id": case}) for case in wizard.case_ids))
            problems = letters._get_problems()
            wizard.unreachable = format_list(
                self.env, [f"{letter.case_id.display_name}" for letter in problems]
            )

    @api.depends("case_ids", "kind", "date", "date_from", "only_overdue", "ageing", "lang", "note")
    def _compute_preview(self):
        """Show the statement as it will be, where it is for one customer."""
        for wizard in self:
            case = wizard.case_ids._origin
            if len(case) != 1 or not wizard.date:
                wizard.preview = False
                continue
            letter = self.env["credit.collection.case.statement.letter"].new({"case_id": case.id})
            letter.wizard_id = wizard
            one = letter.with_context(lang=letter.lang)
            vals = one._prepare_document_vals(one._prepare_sections()[letter])
            for section in vals["sections"]:
                for name in ("items", "movements"):
                    section[name] = self._shorten(section.get(name, []))
            wizard.preview = one.env["ir.qweb"]._render("credit_collection.statement_preview", vals)

    @api.model
    def _shorten(self, sheets):
        """Return the tables as one, without what nobody reads to the end on a screen."""
        rows = [row for sheet in sheets for row in sheet["rows"]]
        if not rows:
            return []
        return [
            {
                "rows": rows[:_PREVIEW_ROWS],
                "before": "",
                "is_last": len(rows) <= _PREVIEW_ROWS,
                "is_new_page": False,
                "more": len(rows) > _PREVIEW_ROWS
                and self.env._(
                    "The document has %(count)s rows more.", count=len(rows) - _PREVIEW_ROWS
                ),
            }
        ]

    @api.onchange("ageing")
    def _onchange_ageing(self):
        """By months the statement is as of the last day of the month before."""
        if self.ageing == "months":
            today = fields.Date.context_today(self)
            self.date = fields.Date.subtract(today, days=today.day)

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_print(self):
        """Make one PDF, in the order of language and postcode, for the user alone."""
        letters = self._make_letters()
        documents = self.env["credit.collection.letter"]._render(letters)
        ordered = letters.sorted(lambda one: (one.lang, one.contact_id.zip or "", one.id))
        content = merge_pdf([documents[letter] for letter in ordered])
        return self._download(f"{self._get_name()}.pdf", content, "application/pdf")

    def action_export(self):
        """Make one work book, with a sheet for each currency."""
        letters = self._make_letters()
        lang = letters.lang if len(letters) == 1 else self.lang or self.env.lang
        content = letters.with_context(lang=lang)._make_workbook()
        return self._download(f"{self._get_name()}.xlsx", content, _XLSX)

    def action_send(self):
        """Send each customer his statement, and keep it in his case."""
        letters = self._make_letters()
        letters.case_id.check_access("write")
        problems = letters._get_problems()
        reachable = letters.filtered(lambda letter: letter not in problems)
        if not reachable:
            raise UserError(
                self.env._(
                    "No e-mail can be sent: %(reasons)s Mend what is wrong, or print the "
                    "statements.",
                    reasons=" ".join(dict.fromkeys(problems.values())),
                )
            )
        reachable._send()
        return self._tell(len(reachable), problems)

    def _tell(self, count, problems):
        """Say what was sent, and who got nothing."""
        message = self.env._("Statements handed to the mail server: %(count)s.", count=count)
        if problems:
            names = [
                f"{letter.case_id.display_name} ({reason})" for letter, reason in problems.items()
            ]
            message += " " + self.env._("Not sent: %(names)s.", names=format_list(self.env, names))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if problems else "success",
                "sticky": bool(problems),
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _download(self, name, content, mimetype):
        attachment = self.env["credit.collection.letter"]._make_download(name, content, mimetype)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
            "close": True,
        }

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _get_name(self):
        """Return the name of the file that the user gets."""
        names = [self.env._("Statement of account"), str(self.date)]
        if self.case_count == 1:
            names.insert(1, self.case_ids.display_name)
        return " ".join(names).replace("/", "-")

    def _get_options(self):
        self.ensure_one()
        is_open = self.kind == "open"
        return StatementOptions(
            self.date,
            self.kind,
            (not is_open and self.date_from) or None,
            is_open and self.only_overdue,
            self.ageing,
        )

    def _make_letters(self):
        """Return a statement for each customer who has something to read in it."""
        self.ensure_one()
        self.case_ids.check_access("read")
        if self.kind == "movements" and self.date_from and self.date_from > self.date:
            raise UserError(self.env._("The first day of the movements is after the last one."))
        cases = self.case_ids
        if self.only_overdue and self.kind == "open":
            found = self.env["credit.collection.statement"]._get_open_items(
                cases, self._get_options()
            )
            cases = cases.filtered(lambda case: found[case])
        if not cases:
            raise UserError(self.env._("Nothing was overdue on this day."))
        self.letter_ids.unlink()
        return self.env["credit.collection.case.statement.letter"].create(
            [{"wizard_id": self.id, "case_id": case.id} for case in cases]
        )

from odoo import api, fields, models

from ..long_date import format_long_date

_TEMPLATE = "credit_collection.mail_template_statement"


class CreditCollectionCaseStatementLetter(models.TransientModel):
    """The statement of account of one customer: what `credit.collection.letter` prints."""

    _name = "credit.collection.case.statement.letter"
    _description = "Statement of Account to a Customer"

    _letter_template = "credit_collection.statement_letter"

    wizard_id = fields.Many2one(
        "credit.collection.case.statement", required=True, index=True, ondelete="cascade"
    )
    case_id = fields.Many2one(
        "credit.collection.case", "Customer", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="case_id.company_id")
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    contact_id = fields.Many2one("res.partner", compute="_compute_contact")
    email = fields.Char(compute="_compute_contact")
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
    )
    name = fields.Char(compute="_compute_name")
    line_ids = fields.Many2many("account.move.line", compute="_compute_line_ids", compute_sudo=True)

    @api.depends("case_id")
    def _compute_contact(self):
        """The contact for invoices of the customer."""
        for letter in self:
            partner = letter.partner_id
            letter.contact_id = partner and partner.address_get(["invoice"])["invoice"]
            letter.email = letter.contact_id.email or partner.email

    @api.depends("wizard_id.lang", "contact_id.lang", "partner_id.lang")
    def _compute_lang(self):
        for letter in self:
            letter.lang = letter.wizard_id.lang or letter.contact_id._get_collection_lang(
                letter.partner_id, letter.company_id.sudo().partner_id
            )

    @api.depends("case_id", "lang")
    def _compute_name(self):
        """The line that each page has at its foot."""
        for letter in self:
            letter.name = letter.partner_id.sudo().name

    @api.depends("case_id")
    def _compute_line_ids(self):
        """How much there is to print: the statement itself is read when it is written."""
        Statement = self.env["credit.collection.statement"]
        for wizard, letters in self.grouped("wizard_id").items():
            ids = Statement._get_line_ids(letters.case_id, wizard._get_options())
            for letter in letters:
                letter.line_ids = ids[letter.case_id.id]

    # -------------------------------------------------------------------------
    # What it says
    # -------------------------------------------------------------------------

    def _prepare_sections(self):
        """Return `{statement: its sections}`, read at once for all in a language."""
        self.case_id._origin.check_access("read")
        sections = {}
        for (wizard, lang), letters in self.grouped(lambda one: (one.wizard_id, one.lang)).items():
            Document = self.env["credit.collection.statement.document"].with_context(lang=lang)
            # who may see the customer may see what he owes, and what was agreed with him
            found = Document.sudo()._prepare(letters.case_id._origin, wizard._get_options())
            sections |= {letter: found[letter.case_id._origin] for letter in letters}
        return sections

    def _get_document_vals(self):
        """Return `{statement: the values of its document}`."""
        return {
            letter: letter.with_context(lang=letter.lang)._prepare_document_vals(sections)
            for letter, sections in self._prepare_sections().items()
        }

    def _prepare_document_vals(self, sections):
        self.ensure_one()
        wizard, company = self.wizard_id, self.company_id
        options = wizard._get_options()
        bank = company._get_collection_bank_account(self.env["account.move"])
        return {
            "letter": self,
            "lang": self.lang,
            "company": company,
            "contact": self.case_id.sudo().user_id or company.sudo().collection_user_id,
            "debtor": self.partner_id.sudo(),
            "address": self.contact_id.sudo()._get_collection_address(self.partner_id, company),
            "today": format_long_date(self.env, fields.Date.context_today(self)),
            "title": self._get_continuation(self.name),
            "intro": self._get_intro(options),
            "note": wizard.note,
            "sections": sections,
            "payment": any(section["is_owed"] for section in sections) and self._tell_bank(bank),
            "first_letters": self.case_id._origin._tell_first_letters(self.line_ids._origin),
        }

    def _get_intro(self, options):
        """Return the sentences above the tables: what they are, and what is not in them."""
        if options.kind == "movements" and options.date_from:
            what = self.env._(
                "This is your account with us since %(date)s.",
                date=format_long_date(self.env, options.date_from),
            )
        elif options.kind == "movements":
            what = self.env._("This is your account with us.")
        elif options.only_overdue:
            what = self.env._("In our books, the items below are overdue.")
        else:
            what = self.env._("In our books, the items below are open.")
        limit = self.env._(
            "What we received after %(date)s is not in it yet.",
            date=format_long_date(self.env, options.date),
        )
        return f"{what} {limit}"

    def _tell_bank(self, bank):
        """Return the sentence on where to pay."""
        vals = bank._prepare_collection_bank_vals()
        if not vals["account_number"]:
            return False
        return self.env._(
            "Please pay what is due to %(holder)s, account %(account)s, with the numbers of the "
            "documents as reference.",
            holder=vals["account_holder"],
            account=" / ".join(filter(None, [vals["account_number"], vals["bic"]])),
        )

    def _get_continuation(self, _number):
        """Return the line at the top of the pages after the first one."""
        return self.env._(
            "Statement of account as of %(date)s",
            date=format_long_date(self.env, self.wizard_id.date),
        )

    def _make_workbook(self):
        """Return the statements as one work book, in the language of the environment."""
        cases, options = self.case_id, self.wizard_id._get_options()
        cases.check_access("read")
        Statement = self.env["credit.collection.statement"].sudo()  # as on paper
        Workbook = self.env["credit.collection.statement.workbook"]
        now, is_list = fields.Datetime.now(), len(self) > 1
        if options.kind == "movements":
            found = Statement._get_movements(cases, options.date, options.date_from)
            return Workbook._make_movements(found, now, is_list)
        return Workbook._make_items(Statement._get_open_items(cases, options), now, is_list)

    # -------------------------------------------------------------------------
    # E-mail
    # -------------------------------------------------------------------------

    def _get_problems(self):
        """Return `{statement: why it cannot be sent}`, of those that cannot."""
        Case = self.env["credit.collection.case"]
        blocked = Case._get_email_blocked(self.mapped("email"))
        refusals = self.env["credit.collection.guard"]._get_contact_refusals(
            self.case_id._origin, "email"
        )
        problems = {}
        for letter in self:
            # a statement may be what the customer has just asked for: no limit of contacts counts
            reasons = [
                one.reason
                for one in refusals.get(letter.case_id._origin, ())
                if one.rule in ("moratorium", "hours")
            ]
            problems[letter] = Case._get_email_problem(letter.email, blocked) or " ".join(reasons)
        return {letter: problem for letter, problem in problems.items() if problem}

    def _send(self):
        """Hand the e-mails to Odoo's mail queue; the documents stay in the cases."""
        documents = self.env["credit.collection.letter"]._render(self)
        vals = self._get_document_vals()
        cases = self.case_id
        reply_to = cases._notify_get_reply_to_batch(
            author_ids={case.id: case.company_id.partner_id.id for case in cases}
        )
        mails = [
            letter.with_context(lang=letter.lang)._prepare_mail_vals(
                vals[letter], documents[letter], reply_to[letter.case_id.id]
            )
            for letter in self
        ]
        self.env["mail.mail"].sudo().create(mails)
        self.env["credit.collection.contact"].create(
            [
                {
                    "case_id": letter.case_id.id,
                    "contact_id": letter.contact_id.id,
                    "channel": "email",
                    "note": letter._get_continuation(letter.name),
                }
                for letter in self
            ]
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _prepare_mail_vals(self, vals, document, reply_to):
        self.ensure_one()
        company, case = self.company_id, self.case_id
        template = self.env.ref(_TEMPLATE).sudo()  # written for everybody
        subject = template._render_field("subject", self.ids, set_lang=self.lang)[self.id]
        body = template._render_field("body_html", self.ids, set_lang=self.lang)[self.id]
        return {
            "subject": subject,
            "body_html": self._wrap_body(body, vals),
            "body": body,
            "email_from": company._collection_get_email_from(),
            "email_to": self.email,
            "reply_to": reply_to,
            "author_id": company.partner_id.id,
            "model": case._name,
            "res_id": case.id,
            "message_type": "email_outgoing",
            "subtype_id": False,
            # the message stays on the case when the mail leaves the queue
            "is_notification": True,
            "auto_delete": True,
            "attachment_ids": [
                fields.Command.link(attachment.id) for attachment in self._attach(document)
            ],
        }

    def _wrap_body(self, body, vals):
        """Return the e-mail around a text: the balance in each currency."""
        company = self.company_id
        is_public = company.get_base_url().startswith("https:")
        Delivery = self.env["credit.collection.delivery"]
        return self.env["ir.qweb"]._render(
            "credit_collection.statement_email_layout",
            # mail programs show pictures of a server that they can reach, and no others
            vals | {"body": body, "logo_url": is_public and Delivery._get_logo_url(company)},
        )

    def _attach(self, document):
        """Keep the documents in the case."""
        name = self.env._(
            "Statement of account %(date)s", date=fields.Date.to_string(self.wizard_id.date)
        )
        contents = {f"{name}.pdf": document}
        if self.wizard_id.has_workbook:
            contents[f"{name}.xlsx"] = self._make_workbook()
        return self.env["ir.attachment"].create(
            [
                {
                    "name": name,
                    "raw": content,
                    "res_model": self.case_id._name,
                    "res_id": self.case_id.id,
                }
                for name, content in contents.items()
            ]
        )

    def _get_text_vals(self):
        """Return what the e-mail names, as text in its language."""
        self.ensure_one()
        return {
            "date": format_long_date(self.env, self.wizard_id.date),
            "note": self.wizard_id.note,
        }

import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date

_TEMPLATE = "credit_collection.mail_template_client_report"

_logger = logging.getLogger(__name__)


class CreditCollectionClientReport(models.Model):
    """What an accounting firm tells a client about a month: one page or two, in his language.

    It is written from the books as of the last day of the month, and kept. Made again it takes the
    place of the one before, as long as that was not sent; what was sent while the month was running
    is made again when it is over, and stays in the chatter.
    """

    _name = "credit.collection.client.report"
    _description = "Client Report"
    _inherit = ["mail.thread"]
    _order = "date_from desc, company_id"

    _letter_template = "credit_collection.client_report"
    _letterhead_field = "sender_id"
    _is_to_debtor = False

    company_id = fields.Many2one(
        "res.company", "Client", required=True, readonly=True, index=True, ondelete="cascade"
    )
    date_from = fields.Date("First day", required=True, readonly=True)
    month = fields.Char(compute="_compute_name")
    date_to = fields.Date("As of", compute="_compute_date_to")
    state = fields.Selection(
        [("failed", "Failed"), ("made", "Made"), ("sent", "Sent")],
        required=True,
        default="made",
        readonly=True,
        tracking=True,
    )
    failure_reason = fields.Char(readonly=True)
    pdf_id = fields.Many2one("ir.attachment", "PDF", readonly=True, ondelete="restrict")
    pdf_file = fields.Binary("Preview", related="pdf_id.datas")
    recipient = fields.Char("Sent to", readonly=True)
    date_sent = fields.Datetime("Sent on", readonly=True)
    partner_id = fields.Many2one(
        "res.partner", "Recipient", compute="_compute_partner_id", compute_sudo=True
    )
    sender_id = fields.Many2one(
        "res.company", "Letterhead", compute="_compute_partner_id", compute_sudo=True
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_partner_id",
        compute_sudo=True,
    )
    name = fields.Char(compute="_compute_name")
    is_provisional = fields.Boolean(
        "Provisional",
        compute="_compute_is_provisional",
        help="It was sent while the month was running.",
    )

    _month_unique = models.UniqueIndex(
        "(company_id, date_from)", "There is one report for a client and a month."
    )
    _month_begins = models.Constraint(
        "CHECK (EXTRACT(DAY FROM date_from) = 1)", "A report is about a month from its first day."
    )

    @api.depends("date_from", "date_sent")
    def _compute_date_to(self):
        """The last day of the month; today, or when it was sent, as long as it is not over."""
        today = fields.Date.context_today(self)
        for report in self:
            end = report.date_from and fields.Date.end_of(report.date_from, "month")
            report.date_to = end and min(end, report._get_day_sent() or today)

    @api.depends("date_from", "date_sent")
    def _compute_is_provisional(self):
        for report in self:
            sent = report._get_day_sent()
            report.is_provisional = bool(sent) and sent <= fields.Date.end_of(
                report.date_from, "month"
            )

    def _get_day_sent(self):
        self.ensure_one()
        sent = self.date_sent
        return sent and fields.Datetime.context_timestamp(self, sent).date()

    @api.depends("company_id")
    def _compute_partner_id(self):
        """Who gets it, in which language, and on whose paper: the firm's, where there is one."""
        for report in self:
            company = report.company_id
            report.partner_id = company.collection_report_partner_id or company.partner_id
            report.sender_id = company.collection_firm_id.ref_company_ids[:1] or company
            report.lang = report.partner_id._get_collection_lang(company.partner_id)

    @api.depends("company_id.name", "date_from")
    @api.depends_context("lang")
    def _compute_name(self):
        for report in self:
            report.month = report._format_month()
            report.name = f"{report.company_id.name} – {report.month}"

    @api.depends("name")
    def _compute_display_name(self):
        for report in self:
            report.display_name = report.name

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A client report stays as it was made: make it again."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(report.state == "sent" for report in self):
            raise UserError(self.env._("The client has this report: it is kept."))

    def _format_month(self):
        self.ensure_one()
        return self.date_from and format_date(self.env, self.date_from, date_format="MMMM y")

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_download(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.pdf_id.id}?download=true",
            "target": "download",
        }

    def action_send(self):
        """Send these reports to the clients, if they did not get them yet."""
        self._check_manager()
        self._send()

    def _check_manager(self):
        """Refuse who may not make reports, and the companies that are not his."""
        self.env["credit.collection.client.report.make"].check_access("create")
        self.check_access("read")

    # -------------------------------------------------------------------------
    # Making
    # -------------------------------------------------------------------------

    @api.model
    def _make(self, companies, month, is_sent=False):
        """Return the reports of a month, written, and sent if wanted; one failure stops no other.

        What was sent already is left as it is, unless the month was not over then, and is now.
        """
        self.env["credit.collection.client.report.make"].check_access("create")
        if not self.env.su and companies - self.env.user.company_ids:
            raise AccessError(self.env._("You may not see all of these companies."))
        first = fields.Date.start_of(month, "month")
        if first > fields.Date.context_today(self):
            raise UserError(self.env._("This month has not begun yet: choose an earlier one."))
        reports_sudo = self.sudo()  # nobody writes a report but this
        known = reports_sudo.search(
            [("company_id", "in", companies.ids), ("date_from", "=", first)]
        )
        missing = companies - known.company_id
        known |= reports_sudo.create(
            [{"company_id": company.id, "date_from": first} for company in missing]
        )
        if fields.Date.end_of(first, "month") < fields.Date.context_today(self):
            known.filtered("is_provisional")._reopen()
        known.filtered(lambda report: report.state != "sent")._write_each_or_fail()
        if is_sent:
            known._send()
        return known.sudo(self.env.su)

    def _reopen(self):
        """Let these reports be made and sent once more; what the client has stays on record."""
        for report in self:
            report._message_log(
                body=self.env._(
                    "This report was sent on %(date)s, before the end of the month.",
                    date=format_date(self.env, report._get_day_sent()),
                ),
                attachment_ids=report.pdf_id.ids,
            )
        self.write({"state": "made", "pdf_id": False, "recipient": False, "date_sent": False})

    def _write_each_or_fail(self):
        """Write a batch; when it fails, one by one, so that one client stops no other."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._write_documents()
        except OperationalError:
            raise  # another transaction was faster
        except Exception as error:
            if len(self) > 1:
                for report in self:
                    report._write_each_or_fail()
                return
            _logger.info("The client report %s could not be made", self.id, exc_info=True)
            self.write({"state": "failed", "failure_reason": str(error)})

    def _write_documents(self):
        documents = self.env["credit.collection.letter"]._render(self)
        Attachment = self.env["ir.attachment"]
        for report in self:
            earlier = report.pdf_id
            name = f"{report.with_context(lang=report.lang).name}.pdf".replace("/", "-")
            report.pdf_id = Attachment.create(
                {
                    "name": name,
                    "raw": documents[report],
                    "mimetype": "application/pdf",
                    "res_model": report._name,
                    "res_id": report.id,
                }
            )
            earlier.unlink()
        self.write({"state": "made", "failure_reason": False})

    # -------------------------------------------------------------------------
    # Sending
    # -------------------------------------------------------------------------

    def _send(self):
        """Hand the reports to Odoo's mail queue; who cannot be written to is noted."""
        Case = self.env["credit.collection.case"]
        for report in self.sudo().filtered(lambda one: one.pdf_id and one.state != "sent"):
            email = report.partner_id.email
            problem = Case._get_email_problem(email)
            if problem:
                report.failure_reason = problem
                continue
            spoken = report.with_context(lang=report.lang)
            report.env["mail.mail"].create(spoken._prepare_mail_vals(email))
            report.write(
                {
                    "state": "sent",
                    "recipient": email,
                    "date_sent": fields.Datetime.now(),
                    "failure_reason": False,
                }
            )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _prepare_mail_vals(self, email):
        self.ensure_one()
        template = self.env.ref(_TEMPLATE)
        sender = self.sender_id
        return {
            "subject": template._render_field("subject", self.ids, set_lang=self.lang)[self.id],
            "body_html": template._render_field("body_html", self.ids, set_lang=self.lang)[self.id],
            "email_from": sender.collection_email_from
            or sender.email_formatted
            or self.env.user.email_formatted,
            "email_to": email,
            "author_id": sender.partner_id.id,
            "model": self._name,
            "res_id": self.id,
            "message_type": "email_outgoing",
            "subtype_id": False,
            "is_notification": True,
            "auto_delete": True,
            "attachment_ids": [fields.Command.link(self.pdf_id.id)],
        }

    @api.model
    def _cron_make(self):
        """Make and send the report of last month for every client who wants one."""
        month = fields.Date.subtract(fields.Date.context_today(self), months=1)
        first = fields.Date.start_of(month, "month")
        sent = self.search([("date_from", "=", first), ("state", "=", "sent")])
        done = sent.filtered(lambda report: not report.is_provisional).company_id
        wanted = Domain("collection_report_partner_id", "!=", False)
        companies = self.env["res.company"].search(wanted & Domain("id", "not in", done.ids))
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            self._make(company, first, is_sent=True)
            self.env["ir.cron"]._commit_progress(1)

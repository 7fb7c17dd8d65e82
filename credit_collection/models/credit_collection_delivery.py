import logging
from functools import partial
from urllib.parse import urlencode
from uuid import uuid4

from lxml import html
from markupsafe import Markup
from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import CHANNELS

_EMAIL_ROWS = 15  # the attached letter has them all

_logger = logging.getLogger(__name__)


class CreditCollectionDelivery(models.Model):
    """One way by which a notice goes to the customer, and the proof that it went.

    A module that adds a channel extends the selection and `_get_automatic_channels()`, and writes
    `_send_<channel>()`.
    """

    _name = "credit.collection.delivery"
    _description = "Delivery of a Notice"
    _order = "id"

    dunning_id = fields.Many2one(
        "credit.collection.dunning", "Notice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="dunning_id.company_id")
    channel = fields.Selection(CHANNELS, required=True)
    state = fields.Selection(
        [
            ("todo", "To do"),
            ("under_way", "Under way"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("cancel", "Cancelled"),
        ],
        required=True,
        default="todo",
        help="Under way: an e-mail handed to the mail server's queue, a letter printed but not yet "
        "posted, a call on somebody's list.",
    )
    is_superseded = fields.Boolean(help="A failed try that was repeated later.")
    recipient = fields.Char(help="The e-mail address, as it was used.")
    date_sent = fields.Datetime("Sent at")
    sent_by_id = fields.Many2one("res.users", help="Who posted the letter or made the call.")
    date_not_before = fields.Datetime(
        "Waits until", help="When the law of the customer lets it leave."
    )
    failure_reason = fields.Char()
    mail_message_id = fields.Many2one("mail.message", index="btree_not_null", ondelete="set null")
    activity_id = fields.Many2one("mail.activity", index="btree_not_null", ondelete="set null")

    _todo_idx = models.Index("(id) WHERE state = 'todo'")

    @api.model
    def _get_automatic_channels(self):
        """The channels that need nobody: the others wait until a person prints, or calls."""
        return ["email", "call"]

    def _send(self):
        """Deliver these notices: what is no longer owed drops out first."""
        self.dunning_id._call_off(self.env._("It was paid before it was sent."))
        waiting = self.filtered(lambda one: one.state == "todo")
        passing = self.env["credit.collection.guard"]._let_pass(waiting)
        claimed = passing.dunning_id._check_amounts()
        ready = passing.filtered(lambda one: one.dunning_id in claimed)
        for channel, deliveries in ready.grouped("channel").items():
            getattr(deliveries, f"_send_{channel}")()

    def _send_each_or_fail(self):
        """Send a batch; when it fails, one by one, so that one customer stops no other."""
        try:
            with self.env.cr.savepoint():
                self._send()
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries the whole batch again
        except Exception as error:
            if len(self) > 1:
                for delivery in self:
                    delivery._send_each_or_fail()
                return
            _logger.info("Notice %s could not be sent", self.dunning_id.name, exc_info=True)
            self._set_failed(str(error))

    # -------------------------------------------------------------------------
    # What became of it
    # -------------------------------------------------------------------------

    def _set_sent(self):
        """Note as sent; the first delivery that is sent moves the levels."""
        deliveries = self.filtered(lambda one: one.state in ("todo", "under_way"))
        deliveries.sudo().write(
            {"state": "sent", "date_sent": fields.Datetime.now(), "sent_by_id": self.env.user.id}
        )
        self.env["credit.collection.contact"]._log_deliveries(deliveries)
        deliveries.dunning_id._update_from_deliveries()

    def _get_day(self):
        """Return the day on which this was sent, or would be: today."""
        self.ensure_one()
        if self.state == "sent" and self.date_sent:
            return fields.Datetime.context_timestamp(self, self.date_sent).date()
        return fields.Date.context_today(self)

    def _set_failed(self, reason):
        deliveries = self.filtered(lambda one: one.state in ("todo", "under_way", "sent"))
        came_back = deliveries.filtered(lambda one: one.state == "sent")
        deliveries.sudo().write({"state": "failed", "failure_reason": reason})
        self.env["credit.collection.contact"]._forget_deliveries(came_back)
        deliveries.dunning_id._update_from_deliveries()

    @api.model
    def _receive_bounce(self, message, email):
        """Take note that the e-mail of a notice came back: it was not delivered after all."""
        deliveries = self.search(
            [
                ("mail_message_id", "=", message.id),
                ("state", "in", ("under_way", "sent")),
                ("is_superseded", "=", False),
                ("dunning_id.state", "in", ("queued", "sent")),
            ]
        )
        reason = self.env._("The e-mail to %(email)s came back.", email=email)
        for delivery in deliveries:
            if delivery.dunning_id._is_followed():
                # a later notice was sent: nobody wants the earlier one by another channel now
                delivery.write({"state": "failed", "failure_reason": reason})
                self.env["credit.collection.contact"]._forget_deliveries(delivery)
                delivery.dunning_id._cancel(reason)
            else:
                delivery._set_failed(reason)

    def _cancel(self):
        self.sudo().write({"state": "cancel"})
        self._get_unsent_mails().sudo().write({"state": "cancel"})
        self.activity_id.sudo().unlink()

    def _get_unsent_mails(self):
        messages = self.mail_message_id
        if not messages:
            return self.env["mail.mail"]
        return self.env["mail.mail"].search(
            [("mail_message_id", "in", messages.ids), ("state", "=", "outgoing")]
        )

    # -------------------------------------------------------------------------
    # E-mail
    # -------------------------------------------------------------------------

    def _send_email(self):
        """Hand the e-mails to Odoo's mail queue; they count as sent when the server took them."""
        for delivery, reason in self._get_undeliverable():
            delivery.sudo().recipient = delivery.dunning_id._get_email()
            delivery._set_failed(reason)
        ready = self.filtered(lambda one: one.state == "todo")
        if not ready:
            return
        ready.dunning_id._make_letters()
        ready = ready.filtered(lambda one: one.state == "todo")  # the others were refused
        if not ready:
            return
        mails = self.env["mail.mail"].sudo().create(ready._prepare_mails_vals())
        for delivery, mail in zip(ready.sudo(), mails, strict=True):
            delivery.write(
                {
                    "state": "under_way",
                    "mail_message_id": mail.mail_message_id.id,
                    "recipient": mail.email_to,
                }
            )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _get_undeliverable(self):
        """Return the deliveries that cannot go by e-mail, with the reason of each."""
        emails = {delivery: delivery.dunning_id._get_email() for delivery in self}
        blocked = self.env["credit.collection.case"]._get_email_blocked(emails.values())
        problems = {
            delivery: delivery.dunning_id.case_id._get_email_problem(email, blocked)
            for delivery, email in emails.items()
        }
        return [(delivery, problem) for delivery, problem in problems.items() if problem]

    def _prepare_mails_vals(self):
        """Return the values of the e-mails, each template rendered once per language."""
        texts = self._render_texts()
        cases = self.dunning_id.case_id
        reply_to = cases._notify_get_reply_to_batch(
            author_ids={case.id: case.company_id.partner_id.id for case in cases}
        )
        # each message checks its attachments: read them here, all at once
        self.dunning_id.letter_id.fetch(["res_model", "res_id"])
        vals_list = []
        for delivery in self:
            dunning = delivery.dunning_id
            case = dunning.case_id
            attachments = dunning.letter_id | dunning._get_invoice_attachments()
            subject, text, body = texts[delivery]
            vals_list.append(
                {
                    "subject": subject,
                    "body_html": body,
                    "body": text,  # in the chatter: the table is in the letter beside it
                    "email_from": dunning.company_id._collection_get_email_from(),
                    "email_to": dunning._get_email(),
                    "reply_to": reply_to[case.id],
                    "author_id": dunning.company_id.partner_id.id,
                    "model": case._name,
                    "res_id": case.id,
                    "message_type": "email_outgoing",
                    "subtype_id": False,
                    # the message stays on the case when the mail leaves the queue
                    "is_notification": True,
                    "auto_delete": True,
                    "attachment_ids": [(4, attachment.id) for attachment in attachments],
                }
            )
        return vals_list

    def _render_texts(self):
        """Return `{delivery: (subject, text, e-mail)}`; a batch is rendered in one go."""
        texts = {}
        vals = self.dunning_id._get_document_vals()
        for (level, lang), deliveries in self.grouped(
            lambda one: (one.dunning_id.level_id, one.dunning_id.lang)
        ).items():
            template = level.mail_template_id.sudo().with_context(lang=lang)
            dunnings = deliveries.dunning_id.with_context(lang=lang)
            subjects = template._render_field("subject", dunnings.ids, set_lang=lang)
            bodies = self._render_bodies(template, dunnings, vals)
            for delivery in deliveries:
                dunning = delivery.dunning_id
                texts[delivery] = (subjects[dunning.id], *bodies[dunning.id])
        return texts

    @api.model
    def _render_bodies(self, template, dunnings, vals):
        """Return `{notice id: (text, e-mail)}` with a single compilation of the template.

        Odoo compiles a template again for every record; a loop around its body compiles once.
        """
        mark = f"notice-{uuid4()}"
        content = html.fragment_fromstring(template.body_html, create_parent="t")
        loop = html.fragment_fromstring(
            f'<t t-foreach="dunnings" t-as="object"><i id="{mark}"></i></t>'
        )
        loop.append(content)
        rendered = self.env["ir.qweb"]._render(
            loop, template._render_eval_context() | {"dunnings": dunnings}, lang=dunnings.env.lang
        )
        bodies = str(rendered).split(f'<i id="{mark}"></i>')[1:]
        return {
            dunning.id: (body, self._wrap_body(body, vals[dunning]))
            for dunning, body in zip(dunnings, map(Markup, bodies), strict=True)
        }

    @api.model
    def _wrap_body(self, body, vals):
        """Return the e-mail around a text: what is owed, and how to pay."""
        company, rows = (
            vals["company"],
            vals["rows"] or [row for sheet in vals["annex"] for row in sheet["rows"]],
        )
        is_public = company.get_base_url().startswith("https:")
        return (
            self.env["ir.qweb"]
            .with_context(lang=vals["dunning"].lang)
            ._render(
                "credit_collection.dunning_email_layout",
                vals
                | {
                    "body": body,
                    "email_rows": rows[:_EMAIL_ROWS],
                    # mail programs show pictures of a server that they can reach, and no others
                    "logo_url": is_public and self._get_logo_url(company),
                    "qr_url": is_public and partial(self._get_qr_url, company),
                },
            )
        )

    @api.model
    def _get_logo_url(self, company):
        if company.uses_default_logo:
            return False
        return f"{company.get_base_url()}/logo.png?company={company.id}"

    @api.model
    def _get_qr_url(self, company, params):
        return f"{company.get_base_url()}/report/barcode/?{urlencode(params)}"

    # -------------------------------------------------------------------------
    # Call
    # -------------------------------------------------------------------------

    def _send_call(self):
        """Put the call on the collector's list; it counts as sent when it was made."""
        for delivery in self:
            dunning = delivery.dunning_id
            activity = dunning.case_id.activity_schedule(
                "mail.mail_activity_data_call",
                summary=self.env._(
                    "%(level)s: call about %(amount)s",
                    level=dunning.level_id.name,
                    amount=dunning.amount_text,
                ),
                user_id=dunning.case_id._get_collector().id,
                automated=True,
            )
            delivery.sudo().write({"state": "under_way", "activity_id": activity.id})

    def _finish_call(self, feedback):
        if not feedback:
            raise UserError(
                self.env._("Write down what was said: the call is part of the reminder procedure.")
            )
        self._set_sent()
        contacts = self.env["credit.collection.contact"].sudo()  # of whoever made the call
        contacts.search([("delivery_id", "in", self.ids)]).note = feedback

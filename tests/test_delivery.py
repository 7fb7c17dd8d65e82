from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CollectionCommon

BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@mx.customer.example (Mail Delivery System)
To: bounce@seller.example
Subject: Undelivered Mail Returned to Sender
Date: Mon, 02 Mar 2026 09:05:00 +0000
Message-Id: <20260302.bounce@mx.customer.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.customer.example.

<{email}>: user unknown

--=_b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example

Final-Recipient: rfc822; {email}
Original-Recipient: rfc822;{email}
Action: failed
Status: 5.1.1

--=_b
Content-Type: message/rfc822

Return-Path: <bounce@seller.example>
From: accounts@seller.example
To: {email}
Subject: Payment reminder
Message-Id: {message_id}

Please pay.

--=_b--
"""

REPLY = """\
Return-Path: <{email}>
From: Late Payer <{email}>
To: {to}
Subject: Re: Payment reminder
Date: Mon, 02 Mar 2026 10:00:00 +0000
Message-Id: <20260302.reply@mx.customer.example>
In-Reply-To: {message_id}
References: {message_id}
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

We pay on Friday.
"""


@tagged("post_install", "-at_install")
class TestDelivery(CollectionCommon):
    """How a notice reaches the customer, and what happens when it does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": "seller.example", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        cls.failed_type = cls.env.ref("credit_collection.mail_activity_type_notice_failed")

    def _one_level(self, **level):
        self.customer.collection_policy_id = self._policy([(10, 0, level)], name="One level")

    def _tasks(self):
        return self._case().activity_ids.activity_type_id

    def _refuse(self):
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=[self.customer.email])

    def _receive(self, template, dunning, **values):
        message = dunning.delivery_ids[:1].mail_message_id
        mail = template.format(email=self.customer.email, message_id=message.message_id, **values)
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.env["mail.thread"].sudo().message_process(False, mail)

    def test_an_email_counts_when_the_server_took_it(self):
        """C8."""
        invoice = self._overdue_invoice()
        run = self._run()
        self._run_cron("credit_collection.ir_cron_send_notices")
        self.assertState(run.dunning_ids, "queued")
        self.assertEqual(run.dunning_ids.delivery_ids.state, "under_way")
        self.assertLevel(invoice, 0)
        self._send_mails()
        self.assertState(run.dunning_ids, "sent")
        self.assertEqual(run.dunning_ids.delivery_ids.recipient, self.customer.email)
        self.assertLevel(invoice, 1)
        self.assertEqual(self.emails[0]["smtp_to_list"], [self.customer.email])

    def test_the_letter_is_attached_to_the_email_and_kept(self):
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertIn("application/pdf", self.emails[0]["message"])
        self.assertTrue(dunning.letter_id.raw.startswith(b"%PDF"))
        self.assertEqual(dunning.delivery_ids.mail_message_id.attachment_ids, dunning.letter_id)

    def test_a_server_that_refuses_fails_the_notice_and_the_level_stays(self):
        """C9."""
        invoice = self._overdue_invoice()
        run = self._run()
        self._run_cron("credit_collection.ir_cron_send_notices")
        self._refuse()
        dunning = run.dunning_ids
        self.assertState(dunning, "failed")
        self.assertEqual(dunning.note, "550 no such mailbox")
        self.assertDecision(invoice, "failed", level=1)
        self.assertLevel(invoice, 0)
        self.assertIn(self.failed_type, self._tasks())

    def test_what_failed_is_tried_again_when_the_address_is_mended(self):
        """C9."""
        self.customer.email = "wrong"
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertState(dunning, "failed")
        self.assertIn("wrong is not an e-mail address", dunning.note)
        self.customer.email = "right@customer.example"
        self._day("2026-03-05")
        dunning.action_retry()
        self._send()
        self.assertState(dunning, "sent")
        self.assertEqual(str(dunning.date_sent), "2026-03-05")
        self.assertLevel(invoice, 1)
        self.assertNotIn(self.failed_type, self._tasks(), "the task is over")
        with self.assertRefused("Only a notice that failed"):
            dunning.action_retry()

    def test_an_address_that_asked_not_to_be_written_to_is_left_alone(self):
        """C9."""
        self.env["mail.blacklist"].sudo().create({"email": self.customer.email})
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertState(dunning, "failed")
        self.assertIn("asked not to be written to", dunning.note)

    def test_the_email_goes_to_the_contact_of_the_invoice(self):
        """C4."""
        self.customer.email = False
        contact = self._contact(self.customer, email="ap@customer.example")
        self._overdue_invoice(partner=contact)
        self.assertState(self._dun().dunning_ids, "sent")
        self.assertEqual(self.emails[0]["smtp_to_list"], ["ap@customer.example"])

    def test_without_an_address_the_letter_is_next(self):
        """C5."""
        self._one_level(send_letter=True)
        self.customer.email = False
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertState(dunning, "queued")
        self.assertEqual(
            [(one.channel, one.state) for one in dunning.delivery_ids],
            [("email", "failed"), ("letter", "todo")],
        )

    def test_without_an_address_or_a_letter_a_person_gets_a_task(self):
        """C5."""
        self.customer.email = False
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertState(dunning, "failed")
        self.assertEqual(dunning.note, "There is no e-mail address.")
        self.assertIn(self.failed_type, self._tasks())
        self.assertDecision(invoice, "failed")

    def test_a_bounce_takes_the_level_back_and_the_letter_is_next(self):
        self._one_level(send_letter=True)
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertLevel(invoice, 1)
        self._receive(BOUNCE, dunning)
        self.assertState(dunning, "queued")
        self.assertIn("came back", dunning.note)
        self.assertLevel(invoice, 0)
        self.assertDecision(invoice, "queued")
        self.assertFalse(dunning.date_sent)

    def test_a_bounce_without_another_channel_fails_the_notice(self):
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self._receive(BOUNCE, dunning)
        self.assertState(dunning, "failed")
        self.assertLevel(invoice, 0)
        self.assertDecision(invoice, "failed")
        self.assertIn(self.failed_type, self._tasks())

    def test_a_bounce_of_an_old_notice_does_not_touch_the_newer_one(self):
        invoice = self._overdue_invoice()
        first = self._dun().dunning_ids
        second = self._dun("2026-03-12").dunning_ids
        self._receive(BOUNCE, first)
        self.assertState(second, "sent")
        self.assertState(first, "cancel")
        self.assertLevel(invoice, 2)
        self.assertDecision(invoice, "waiting", level=3)

    def test_an_answer_lands_on_the_case(self):
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        reply_to = dunning.delivery_ids.mail_message_id.reply_to
        self.assertIn("catchall@seller.example", reply_to)
        self._receive(REPLY, dunning, to=reply_to)
        message = self._case().message_ids[0]
        self.assertIn("We pay on Friday.", message.body)
        self.assertEqual(message.author_id, self.customer)
        self.assertState(dunning, "sent")

    def test_a_letter_counts_when_it_is_in_the_post(self):
        """C10, C20."""
        self._one_level(send_email=False, send_letter=True)
        invoice = self._overdue_invoice()
        run = self._dun()
        dunning = run.dunning_ids
        self.assertState(dunning, "queued")
        with self.assertRefused("Print the letters first"):
            run.action_mark_posted()
        with self.allow_pdf_render():
            action = run.action_print_letters()
        self.assertIn("/web/content/", action["url"])
        self.assertState(dunning, "queued")
        self.assertLevel(invoice, 0)
        self.assertEqual(run.letter_count, 1)
        self._day("2026-03-04")
        run.action_mark_posted()
        self.assertState(dunning, "sent")
        self.assertEqual(str(dunning.date_sent), "2026-03-04")
        self.assertEqual(dunning.delivery_ids.sent_by_id, self.env.user)
        self.assertLevel(invoice, 1)
        self.assertEqual(run.letter_count, 0)
        with self.assertRefused("waits to be posted"):
            run.action_mark_posted()

    def test_printing_twice_gives_the_same_letter(self):
        """C11."""
        self._one_level(send_email=False, send_letter=True)
        invoice = self._overdue_invoice(100.0)
        run = self._run()
        with self.allow_pdf_render():
            run.action_print_letters()
            letter = run.dunning_ids.letter_id
            content = letter.raw
            self._pay(invoice, 60.0)
            run.action_print_letters()
        self.assertEqual(run.dunning_ids.letter_id, letter)
        self.assertEqual(letter.raw, content)
        self.assertEqual(run.dunning_ids.line_ids.amount_residual, 100.0)

    def test_letters_that_are_not_owed_any_more_are_not_printed(self):
        self._one_level(send_email=False, send_letter=True)
        invoice = self._overdue_invoice()
        run = self._run()
        self._pay(invoice)
        with self.allow_pdf_render():
            action = run.action_print_letters()
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("was paid", action["params"]["message"])
        self.assertState(run.dunning_ids, "cancel")
        with self.allow_pdf_render(), self.assertRefused("no letter to print"):
            run.action_print_letters()

    def test_a_letter_that_is_paid_before_it_is_posted_is_not_posted(self):
        self._one_level(send_email=False, send_letter=True)
        other = self._customer("Other")
        other.collection_policy_id = self.customer.collection_policy_id
        invoice, open_invoice = self._overdue_invoice(), self._overdue_invoice(partner=other)
        run = self._run()
        with self.allow_pdf_render():
            run.action_print_letters()
        self._pay(invoice)
        run.action_mark_posted()
        states = {dunning.customer_id: dunning.state for dunning in run.dunning_ids}
        self.assertEqual(states, {self.customer: "cancel", other: "sent"})
        self.assertLevel(open_invoice, 1)

    def test_all_channels_at_once(self):
        self._one_level(send_letter=True, channel_mode="all")
        invoice = self._overdue_invoice()
        run = self._dun()
        dunning = run.dunning_ids
        self.assertState(dunning, "sent")
        self.assertEqual(
            [(one.channel, one.state) for one in dunning.delivery_ids],
            [("email", "sent"), ("letter", "todo")],
        )
        self.assertLevel(invoice, 1)
        sent_on = dunning.date_sent
        self._day("2026-03-04")
        with self.allow_pdf_render():
            run.action_print_letters()
        run.action_mark_posted()
        self.assertEqual(dunning.date_sent, sent_on, "the first channel counts")
        self.assertEqual(dunning.delivery_ids.mapped("state"), ["sent", "sent"])

    def test_a_letter_that_is_posted_before_the_email_leaves_does_not_keep_it_back(self):
        self._one_level(send_letter=True, channel_mode="all")
        self._overdue_invoice()
        run = self._run()
        with self.allow_pdf_render():
            run.action_print_letters()
        run.action_mark_posted()
        self.assertState(run.dunning_ids, "sent")
        self._send()
        self.assertEqual(run.dunning_ids.delivery_ids.mapped("state"), ["sent", "sent"])

    def test_what_happens_by_itself_is_noted_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        invoice = self._overdue_invoice()
        self._dun()
        self.assertRegex(invoice.message_ids[0].body, "Envoi.*Level 1, DN/")

    def test_a_call_counts_when_it_was_made_and_what_was_said_is_noted(self):
        """C19."""
        self._one_level(send_email=False, send_call=True)
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertState(dunning, "queued")
        call = dunning.delivery_ids.activity_id
        self.assertEqual(call.res_model, "credit.collection.case")
        with self.assertRefused("what was said"):
            call.action_done()
        self.assertLevel(invoice, 0)
        self._day("2026-03-03")
        call.action_feedback(feedback="They pay on Friday.")
        self.assertState(dunning, "sent")
        self.assertEqual(str(dunning.date_sent), "2026-03-03")
        self.assertLevel(invoice, 1)
        self.assertIn("They pay on Friday.", self._case().message_ids[0].body)

    def test_a_call_about_a_debt_that_is_paid_is_called_off(self):
        self._one_level(send_email=False, send_call=True)
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self._pay(invoice)
        self._commit()
        self.assertFalse(self._case().activity_ids)
        self.assertState(dunning, "cancel")

    def test_a_call_that_is_struck_off_the_list_was_not_made_and_the_letter_is_next(self):
        self._one_level(send_email=False, send_letter=True, send_call=True)
        self._level(1, self.customer.collection_policy_id).channel_mode = "all"
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        call = dunning.delivery_ids.filtered(lambda one: one.channel == "call")
        call.activity_id.unlink()
        self.assertEqual((call.state, call.failure_reason), ("failed", "The call was called off."))
        self.assertLevel(invoice, 0)
        with self.allow_pdf_render():
            dunning.action_print_letters()
        dunning.action_mark_posted()
        self.assertState(dunning, "sent")
        self.assertLevel(invoice, 1)

    def test_a_call_that_is_struck_off_without_another_channel_fails_the_notice(self):
        self._one_level(send_email=False, send_call=True)
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        dunning.delivery_ids.activity_id.unlink()
        self.assertState(dunning, "failed")
        self.assertDecision(invoice, "failed", level=1)

    def test_one_of_two_addresses_that_asked_not_to_be_written_to_stops_the_email(self):
        self.customer.email = "first@customer.example, second@customer.example"
        self.env["mail.blacklist"].sudo().create({"email": "second@customer.example"})
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertState(dunning, "failed")
        self.assertIn("asked not to be written to", dunning.note)
        recipients = {to for mail in self.emails for to in mail["smtp_to_list"]}
        self.assertEqual(recipients, {self.env.user.email}, "only the task is announced")

    def test_what_failed_is_sent_to_another_contact(self):
        self.customer.email = False
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        dunning.partner_id = self._contact(self.customer, "Boss", email="boss@customer.example")
        dunning.action_retry()
        self._send()
        self.assertState(dunning, "sent")
        self.assertEqual(self.emails[0]["smtp_to_list"], ["boss@customer.example"])
        self.assertLevel(invoice, 1)

    def test_a_customer_without_a_phone_does_not_stop_the_email(self):
        """C21: with all channels at once."""
        self._one_level(send_call=True, channel_mode="all")
        self.customer.phone = False
        self._overdue_invoice()
        self.assertState(self._dun().dunning_ids, "sent")

    def test_one_failure_stops_no_other(self):
        """C15."""
        names = ("A", "B", "C")
        for name in names:
            self._overdue_invoice(partner=self._customer(name))
        run = self._run()
        self._run_cron("credit_collection.ir_cron_send_notices")
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=["b@customer.example"])
        states = {dunning.customer_id.name: dunning.state for dunning in run.dunning_ids}
        self.assertEqual(states, {"A": "sent", "B": "failed", "C": "sent"})

    def test_a_template_that_breaks_for_one_customer_stops_no_other(self):
        """C15."""
        template = self._level(1).mail_template_id.copy(
            {
                "subject": "{{ 1 / (object.customer_id.ref != 'breaks') and object.name }}",
            }
        )
        self._level(1).mail_template_id = template
        for name, ref in (("A", "fine"), ("B", "breaks"), ("C", "fine")):
            self._overdue_invoice(partner=self._customer(name, ref=ref))
        run = self._run()
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            self._send()
        states = {dunning.customer_id.name: dunning.state for dunning in run.dunning_ids}
        self.assertEqual(states, {"A": "sent", "B": "failed", "C": "sent"})

    def test_the_invoices_are_attached_where_the_level_asks_for_it(self):
        """C24."""
        self._one_level(attach_invoices=True)
        for _number in range(3):
            self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertEqual(len(dunning.delivery_ids.mail_message_id.attachment_ids), 4)

    def test_a_glue_module_may_add_a_channel(self):
        """C21: the channels are the data of small methods."""
        self.assertEqual(self._level(1)._get_channels(), ["email"])
        self.assertEqual(
            self.env["credit.collection.delivery"]._get_automatic_channels(), ["email", "call"]
        )

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestNotice(CollectionCommon):
    """What a notice claims, and that it stays what it was."""

    def _cancel(self, dunnings, reason="Sent by mistake"):
        action = dunnings.action_cancel_wizard()
        wizard = Form(self.env[action["res_model"]].with_context(**action["context"]))
        wizard.reason = reason
        wizard.save().action_cancel()

    def test_an_invoice_paid_before_the_notice_leaves_drops_out(self):
        """S20."""
        paid, open_invoice = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        run = self._run()
        self._pay(paid)
        self._send()
        self.assertNotices(run, [(self.customer, 1, {open_invoice: 1})])
        self.assertEqual(run.dunning_ids.amount_due, 50.0)
        self.assertState(run.dunning_ids, "sent")
        self.assertLevel(open_invoice, 1)

    def test_a_notice_that_claims_nothing_any_more_is_cancelled_with_the_reason(self):
        """S20."""
        invoice = self._overdue_invoice()
        run = self._run()
        self._pay(invoice)
        self._send()
        self.assertState(run.dunning_ids, "cancel")
        self.assertTrue(run.dunning_ids.note)
        self.assertEqual(self.emails, [])

    def test_what_is_put_on_hold_before_the_notice_leaves_drops_out(self):
        held, other = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        run = self._run()
        self._hold(held)
        self._send()
        self.assertNotices(run, [(self.customer, 1, {other: 1})])
        self.assertLevel(held, 0)

    def test_a_credit_that_covers_the_debt_before_the_notice_leaves_stops_it(self):
        self._overdue_invoice(100.0)
        run = self._run()
        self._credit_note(100.0)
        self._send()
        self.assertState(run.dunning_ids, "cancel")
        self.assertEqual(self.emails, [])

    def test_a_credit_that_comes_in_before_the_notice_leaves_is_deducted(self):
        self._overdue_invoice(100.0)
        run = self._run()
        self._credit_note(30.0)
        self._send()
        dunning = run.dunning_ids
        self.assertEqual(sorted(dunning.line_ids.mapped("amount_residual")), [-30.0, 100.0])
        self.assertEqual(dunning.amount_due, 70.0)
        self.assertIn("70.00\xa0€", self._read_email())

    def test_a_part_payment_before_the_notice_leaves_lowers_the_claim(self):
        """S21."""
        invoice = self._overdue_invoice(100.0)
        run = self._run()
        self._pay(invoice, 60.0)
        self._send()
        line = run.dunning_ids.line_ids
        self.assertEqual((line.amount_residual, line.amount_company), (40.0, 40.0))
        self.assertEqual(run.dunning_ids.amount_due, 40.0)
        self.assertIn("40.00\xa0€", self._read_email())

    def test_a_notice_keeps_its_amounts_when_the_ledger_moves_on(self):
        """C11."""
        invoice = self._overdue_invoice(100.0)
        dunning = self._dun().dunning_ids
        self._pay(invoice)
        self._commit()
        self._day("2026-05-01")
        self.assertEqual(dunning.amount_due, 100.0)
        self.assertEqual(dunning.line_ids.amount_residual, 100.0)
        self.assertEqual(dunning.line_ids.days_late, 10)

    def test_notices_are_numbered_when_they_are_approved(self):
        for name in ("A", "B", "C"):
            self._overdue_invoice(partner=self._customer(name))
        run = self._propose()
        self.assertEqual(run.dunning_ids.mapped("name"), [False] * 3)
        run.action_approve()
        numbers = sorted(int(name.rsplit("/", 1)[1]) for name in run.dunning_ids.mapped("name"))
        self.assertEqual(numbers[2] - numbers[0], 2)

    def test_numbers_follow_a_sequence_of_the_company_with_date_ranges(self):
        self.env["ir.sequence"].create(
            {
                "name": "Notices",
                "code": "credit.collection.dunning",
                "company_id": self.env.company.id,
                "prefix": "N-%(range_year)s-",
                "use_date_range": True,
                "implementation": "no_gap",
            }
        )
        self._overdue_invoice()
        self.assertRegex(self._run().dunning_ids.name, r"^N-2026-0*1$")

    def test_the_notice_goes_to_the_contact_that_the_person_chooses(self):
        contact = self._contact(self.customer, "Boss", email="boss@customer.example")
        self._overdue_invoice()
        run = self._propose()
        run.dunning_ids.partner_id = contact
        run.action_approve()
        self._send()
        self.assertEqual(self.emails[0]["smtp_to_list"], ["boss@customer.example"])

    def test_each_line_says_when_it_was_reminded_before(self):
        invoice = self._overdue_invoice()
        self._dun()
        line = self._dun("2026-03-12").dunning_ids.line_ids
        self.assertEqual(str(line.date_last_notice), "2026-03-02")
        self.assertEqual(line.move_line_id.move_id, invoice)

    def test_cancelling_a_sent_notice_puts_the_levels_back(self):
        invoice = self._overdue_invoice()
        self._dun()
        second = self._dun("2026-03-12").dunning_ids
        self.assertLevel(invoice, 2)
        self._cancel(second)
        self.assertLevel(invoice, 1)
        self.assertDecision(invoice, "due", level=2)
        self.assertIn("Sent by mistake", second.case_id.message_ids[0].body)
        self.assertIn("Sent by mistake", invoice.message_ids[0].body)
        self._cancel(second, "Again")
        self.assertEqual(second.note, "Sent by mistake", "calling it twice changes nothing")

    def test_a_cancelled_notice_no_longer_keeps_the_customer_quiet(self):
        self.policy.quiet_days = 30
        invoice = self._overdue_invoice()
        self._cancel(self._dun().dunning_ids)
        self.assertDecision(invoice, "due", level=1)
        self.assertFalse(self._case().date_last_notice)

    def test_a_reason_is_needed_to_cancel(self):
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        wizard = Form(
            self.env["credit.collection.dunning.cancel"].with_context(
                default_dunning_ids=dunning.ids
            )
        )
        with self.assertRaisesRegex(AssertionError, "reason"):
            wizard.save()

    def test_an_approved_notice_that_is_cancelled_does_not_leave(self):
        self._overdue_invoice()
        dunning = self._run().dunning_ids
        self._run_cron("credit_collection.ir_cron_send_notices")
        self._cancel(dunning)
        self.assertEqual(self._send_mails(), [])
        self.assertState(dunning, "cancel")

    def test_nobody_changes_a_sent_notice(self):
        """I4, C11: not even a manager."""
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        values = {
            "amount_due": 1.0,
            "state": "draft",
            "name": "X",
            "date_sent": "2026-01-01",
            "level_id": self._level(2).id,
            "case_id": self._case().id,
            "note": "X",
        }
        for name, value in values.items():
            with self.assertRaises(UserError):
                dunning.write({name: value})
        with self.assertRefused("keeps its addressee"):
            dunning.partner_id = self._contact(self.customer)
        with self.assertRaises(UserError):
            dunning.unlink()
        with self.assertRaises(UserError):
            dunning.sudo().unlink()
        with self.assertRaises(AccessError):
            dunning.line_ids.write({"amount_residual": 1.0})
        with self.assertRaises(AccessError):
            dunning.delivery_ids.write({"state": "failed"})

    def test_nobody_changes_or_deletes_the_evidence(self):
        """The letter and the e-mail of a sent notice, by each group."""
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        users = [
            self._user("reader", "credit_collection_group_readonly"),
            self._user("collector", "credit_collection_group_user"),
            self._user("manager", "credit_collection_group_manager"),
            self._user("admin2", "credit_collection_group_manager", "base.group_system"),
        ]
        for user in users:
            letter = dunning.letter_id.with_user(user)
            with self.assertRaises(UserError):
                letter.write({"raw": b"other"})
            with self.assertRaises(UserError):
                letter.unlink()
            with self.assertRaises(UserError):
                dunning.delivery_ids.mail_message_id.with_user(user).unlink()
            with self.assertRaises(UserError):
                dunning.delivery_ids.mail_message_id.with_user(user).write({"body": "other"})

    def test_a_customer_with_notices_is_not_deleted(self):
        self._overdue_invoice()
        self._dun()
        with self.assertRaises(UserError):
            self._case().sudo().unlink()

    def test_text_of_the_debtor_is_never_code(self):
        """C7."""
        evil = '<img src=x onerror="alert(1)">'
        customer = self._customer(evil, email="evil@customer.example")
        invoice = self._overdue_invoice(partner=customer, ref=evil)
        invoice.payment_reference = evil
        dunning = self._dun().dunning_ids
        body = str(dunning.delivery_ids.mail_message_id.body)
        self.assertNotIn("<img src=x", body.replace("src='x'", "src=x").replace('src="x"', "src=x"))

    def test_the_notice_speaks_the_language_of_the_debtor(self):
        """C14: the dates and the amounts too."""
        self.customer.lang = "fr_FR"
        self._overdue_invoice(1234.5)
        dunning = self._dun().dunning_ids
        self.assertEqual(dunning.lang, "fr_FR")
        body = self._read_email()
        self.assertRegex(body, r"1\s234,50\s€")
        self.assertIn("20/02/2026", body)

    def test_a_language_that_is_not_installed_falls_back_on_the_customer_and_the_company(self):
        contact = self._contact(self.customer, lang=False)
        self.customer.lang = "de_DE"
        self._overdue_invoice(partner=contact)
        self.assertEqual(self._propose().dunning_ids.lang, "de_DE")

    def test_followers_who_asked_for_it_hear_of_a_notice(self):
        """C16."""
        self._overdue_invoice()
        self._commit()
        subtype = self.env.ref("credit_collection.mt_notice_sent")
        wants = self._user(
            "wants", "credit_collection_group_readonly", email="wants@seller.example"
        )
        default = self._user(
            "default", "credit_collection_group_readonly", email="d@seller.example"
        )
        case = self._case()
        case.message_subscribe(wants.partner_id.ids, subtype.ids)
        case.message_subscribe(default.partner_id.ids)
        self._dun()
        message = case.message_ids.filtered(lambda message: message.subtype_id == subtype)
        self.assertEqual(message.notified_partner_ids, wants.partner_id)

    def test_sent_notices_are_seen_from_invoice_customer_and_case(self):
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertEqual(invoice.dunning_line_ids.dunning_id, dunning)
        self.assertEqual(invoice.dunning_count, 1)
        self.assertEqual(invoice.dunning_level_id, self._level(1))
        self.assertEqual(self.customer.dunning_level_id, self._level(1))
        self.assertEqual(self._case().dunning_count, 1)
        self.assertEqual(
            self.env["account.move"].search([("dunning_level_id", "=", self._level(1).id)]), invoice
        )

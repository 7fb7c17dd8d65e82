from datetime import date

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .test_charge import CHARGED, ChargeCommon


class GuardCommon(ChargeCommon):
    """A Belgian company whose terms give interest and a penalty of 10 %, and its consumers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sudo().write(
            {"collection_interest_clause": "law", "collection_penalty_percent": 10}
        )
        cls._protect(cls.policy)
        cls.ann = cls._consumer("Ann Peeters")

    @classmethod
    def _policy_for(cls, person, levels, **vals):
        """Put a person under a policy of his own that says what the law demands."""
        person.collection_policy_id = cls._policy(levels, name="Own", **vals)
        cls._protect(person.collection_policy_id)
        return person.collection_policy_id

    def _owed(self, amount=1000.0, due="2026-02-10", partner=None, **vals):
        return self._overdue_invoice(amount, due, partner or self.ann, **vals)

    def _notice(self, person=None, state=None):
        """Return the last notice to a person."""
        domain = [("customer_id", "=", (person or self.ann).id)]
        domain += [("state", "=", state)] if state else []
        return self.env["credit.collection.dunning"].search(domain, order="id desc", limit=1)

    def _at(self, moment):
        """Let it be this moment, in UTC."""
        self.clock.move_to(moment)

    def _moratorium(self, invoice, day):
        """Return an insolvency, not opened yet, whose moratorium runs from a day until 20 April."""
        return self.env["credit.collection.litigation"].create(
            {
                "case_id": self._case(invoice.partner_id).id,
                "kind_id": self.env.ref("credit_collection.litigation_kind_other_insolvency").id,
                "line_ids": [
                    Command.create({"move_line_id": self._items(invoice).move_line_id.id})
                ],
                "date_judgment": day,
                "date_moratorium_from": day,
                "date_moratorium_to": "2026-04-20",
            }
        )

    def _override(self, notice, reason="Agreed with his lawyer"):
        action = notice.action_override_wizard()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"reason": reason}).action_override()


@tagged("post_install", "-at_install")
class TestFirstReminder(GuardCommon):
    def test_an_email_gives_fourteen_days_from_the_day_after_it(self):
        invoice = self._owed()
        self._dun("2026-03-02")
        notice = self._notice()
        self.assertTrue(notice.is_first_reminder)
        self.assertEqual(notice.date_waiting_end, date(2026, 3, 16))
        self.assertDecision(invoice, "period", 2, next_on="2026-03-17")
        self.assertExplained(
            invoice,
            "The period of the free first reminder runs until March 16, 2026: "
            "nothing is sent before.",
        )

    def test_a_letter_gives_fourteen_days_from_the_third_working_day(self):
        self._level(1).write({"send_email": False, "send_letter": True})
        self._owed()
        self._run("2026-04-01")
        notice = self._notice()
        with self.allow_pdf_render():
            notice.action_print_letters()
        self.assertFalse(notice.date_waiting_end)
        notice.action_mark_posted()
        # Easter Monday is no working day: the third one is Tuesday, 7 April
        self.assertEqual(notice.date_waiting_end, date(2026, 4, 20))

    def test_a_dutch_letter_counts_from_the_day_after_it_is_received(self):
        jan = self._consumer("Jan Jansen", "nl")
        self._owed(partner=jan)
        self._dun("2026-03-02")
        self.assertEqual(self._notice(jan).date_waiting_end, date(2026, 3, 16))

    def test_no_second_reminder_inside_the_period_whatever_the_policy_says(self):
        self._policy_for(self.ann, ((10, 0), (12, 2)))
        invoice = self._owed()
        self._dun("2026-03-02")
        for day in ("2026-03-05", "2026-03-16"):
            self.assertFalse(self._propose(day).dunning_ids)
        self.assertExcluded(self._propose("2026-03-16"), {"period": 1})
        self.assertNotices(self._propose("2026-03-17"), [(self.ann, 2, {invoice: 2})])

    def test_a_debt_in_its_period_is_not_listed_on_another_notice(self):
        self._owed()
        self._dun("2026-03-02")
        later = self._owed(200.0, "2026-03-01")
        self.assertNotices(self._propose("2026-03-11"), [(self.ann, 1, {later: 1})])

    def test_no_jump_over_the_first_reminder(self):
        self._policy_for(self.ann, ((10, 0), (20, 10), (30, 10)), catch_up="jump")
        invoice = self._owed(due="2025-10-01")
        self.assertNotices(self._propose("2026-03-02"), [(self.ann, 1, {invoice: 1})])
        self._dun("2026-03-02")
        self.assertNotices(self._propose("2026-03-17"), [(self.ann, 3, {invoice: 3})])

    def test_a_level_chosen_by_hand_does_not_replace_the_first_reminder(self):
        invoice = self._owed()
        invoice._collection_set_policy(self.policy, self._level(2))
        self._commit()
        self.assertDecision(invoice, "due", 1)
        self.assertIn("free first reminder", self._items(invoice).explanation)
        self._dun("2026-03-02")
        self.assertDecision(invoice, "period", 3)

    def test_a_courtesy_before_the_due_date_is_no_first_reminder(self):
        self._policy_for(self.ann, ((-10, 0), (0, 0), (20, 10)))
        invoice = self._owed(due="2026-03-12")
        self._dun("2026-03-02")
        self.assertState(self._notice(), "sent")
        self.assertFalse(self._notice().is_first_reminder)
        self._day("2026-03-12")
        self._assess()  # he is late from the day after
        self.assertDecision(invoice, "not_late", 2, next_on="2026-03-13")
        self._day("2026-03-13")
        self._assess()
        self.assertDecision(invoice, "due", 2)
        self.assertTrue(self._items(invoice).is_first_reminder)

    def test_a_call_is_no_first_reminder(self):
        call = {"send_email": False, "send_call": True}
        self._policy_for(self.ann, ((10, 0, call), (20, 5)))
        invoice = self._owed()
        self._assess()
        self.assertDecision(invoice, "due", 2)
        self._policy_for(self.ann, ((10, 0, call),))
        self._assess()
        self.assertDecision(invoice, "last_level", 0)
        self.assertIn("no level for it", self._items(invoice).explanation)

    def test_an_email_that_fails_is_not_followed_by_a_mere_call(self):
        self._policy_for(self.ann, ((10, 0, {"send_call": True}),))
        self._owed()
        self._run("2026-03-02")
        self._run_cron("credit_collection.ir_cron_send_notices")
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=[self.ann.email])
        notice = self._notice()
        self.assertState(notice, "failed")
        self.assertFalse(notice.date_waiting_end)
        self.assertEqual(notice.delivery_ids.mapped("channel"), ["email"])

    def test_a_first_reminder_that_comes_back_counts_for_nothing(self):
        invoice = self._owed()
        self._dun("2026-03-02")
        notice = self._notice()
        self._day("2026-03-04")
        notice.delivery_ids._set_failed("No such mailbox")
        self.assertFalse(notice.date_waiting_end)
        notice._cancel("Another address")
        self.assertDecision(invoice, "due", 1)
        self.assertTrue(self._items(invoice).is_first_reminder)

    def test_each_invoice_has_a_first_reminder_of_its_own(self):
        old = self._owed()
        self._dun("2026-03-02")
        new = self._owed(300.0, "2026-03-06")
        self._day("2026-03-17")  # both are due since yesterday: the older claim has waited as long
        self._assess()
        self.assertDecision(new, "due", 1)
        self.assertDecision(old, "separate", 2)
        self.assertNotices(self._propose(), [(self.ann, 1, {new: 1, old: 0})])
        self._dun("2026-03-17")
        self.assertNotices(self._propose("2026-03-24"), [(self.ann, 2, {old: 2})])

    def test_what_changes_policy_before_sending_waits_for_a_first_reminder_of_its_own(self):
        self._policy_for(self.ann, ((5, 0), (15, 10)))
        moved, other = self._owed(), self._owed(300.0, "2026-02-17")
        run = self._run("2026-03-02")
        self.assertNotices(run, [(self.ann, 1, {moved: 1, other: 1})])
        moved._collection_set_policy(self.policy, self._level(2))
        self._send()
        self.assertEqual(self._notice().state, "sent")
        self.assertNotices(run, [(self.ann, 1, {other: 1})])

    def test_what_has_waited_longest_has_its_turn(self):
        old = self._owed()
        self._dun("2026-03-02")
        new = self._owed(300.0, "2026-03-08")  # late enough on 18 March, a day after the other
        self._day("2026-03-18")
        self._assess()
        self.assertDecision(old, "due", 2)
        self.assertDecision(new, "separate", 1)

    def test_a_manager_vouches_for_a_first_reminder_sent_elsewhere(self):
        invoice = self._owed()
        action = invoice.action_collection_first_reminder()
        Wizard = self.env[action["res_model"]].with_context(**action["context"])
        collector = self._user("collector", "credit_collection_group_user")
        with self.assertRaises(AccessError):
            Wizard.with_user(collector).create({"date": "2026-02-12", "reason": "Old system"})
        with self.assertRaises(AccessError):
            invoice.with_user(collector)._collection_record_first_reminder(
                date(2026, 2, 12), False, "Old system"
            )
        with self.assertRefused("was not due yet"):
            Wizard.create({"date": "2026-02-10", "reason": "Old system"}).action_record()
        with self.assertRaises(ValidationError):
            Wizard.create({"date": "2026-03-12", "reason": "Not sent yet"})
        Wizard.create(
            {"date": "2026-02-12", "channel": "email", "reason": "Old system"}
        ).action_record()
        self.assertEqual(invoice.collection_waiting_end, date(2026, 2, 26))
        self.assertIn("Old system", invoice.message_ids[0].body)
        self.assertDecision(invoice, "due", 1)
        self.assertFalse(self._items(invoice).is_first_reminder)
        (line,) = invoice.line_ids.filtered("date_maturity")
        derivation = line._collection_get_interest(date(2026, 3, 2))[line]
        self.assertEqual(derivation.first, date(2026, 2, 27))

    def test_nobody_writes_the_period_by_hand(self):
        invoice = self._owed()
        with self.assertRaises(AccessError):
            invoice.collection_waiting_end = "2026-02-01"
        with self.assertRefused("asks for no free first reminder"):
            self._overdue_invoice(100.0)._collection_record_first_reminder(
                date(2026, 3, 1), True, "A business"
            )

    def test_a_business_is_reminded_as_before(self):
        invoice = self._overdue_invoice(1000.0, "2026-02-10")
        self._dun("2026-03-02")
        self.assertDecision(invoice, "waiting", 2, next_on="2026-03-12")
        self.assertFalse(self._notice(self.customer).is_first_reminder)

    def test_the_database_knows_the_law_of_each_customer_as_python_does(self):
        people = [
            self._consumer(f"{country} {kind}", country)
            for country in ("be", "nl", "fr", "de", "lu", "us")
            for kind in ("person", "own law", "number", "set")
        ]
        own = self.env.ref("credit_collection.legal_profile_nl_consumer")
        for person in people:
            if person.name.endswith("own law"):
                person.collection_legal_profile_id = own
            elif person.name.endswith("number"):
                person.vat = "/"
            elif person.name.endswith("set"):
                person.collection_debtor_kind = "business"
            self._owed(partner=person)
        own.copy({"country_id": self.env.ref("base.fr").id, "company_id": self.company.id})
        self._assess()
        contracts = self.env["res.partner"].union(*people)._collection_get_contracts(self.company)
        items = self.env["credit.collection.item"].search(
            [("partner_id", "in", [person.id for person in people])]
        )
        self.assertEqual(len(items), len(people))
        for item in items:
            profile = contracts[item.partner_id].profile
            is_protected = bool(profile) and profile._demands_first_reminder()
            self.assertEqual(item.is_first_reminder, is_protected, item.partner_id.name)


@tagged("post_install", "-at_install")
class TestConsumerCharges(GuardCommon):
    def test_the_first_reminder_is_free_even_where_its_level_claims_charges(self):
        self._policy_for(self.ann, ((10, 0, CHARGED), (20, 10, CHARGED)))
        invoice = self._owed()
        run = self._propose("2026-03-02")
        self.assertCharges(invoice, [])
        self.assertEqual(
            run.dunning_ids.charge_refusal, "The first reminder to a consumer is free of charge."
        )
        self.assertExcluded(run, {"free": 1})
        self.assertEqual(run.left_out_count, 0)
        domain = run.exclusion_ids.action_open_items()["domain"]
        found = self.env["credit.collection.item"].search(domain)
        self.assertEqual(found, self._items(invoice))
        self._dun("2026-03-02")
        self.assertCharges(invoice, [])
        self.assertNotIn("Interest and compensation", self._read_email(self.ann.email))

    def test_after_the_period_law_and_contract_are_claimed(self):
        invoice = self._owed()
        self._dun("2026-03-02")
        self._dun("2026-03-17")
        # 10 % of 1000 are more than 65 + 5 % of 500; interest from 17 March, of one day
        self.assertCharges(invoice, [("interest", 0.29, "claimed"), ("fee", 90.0, "claimed")])

    def test_a_small_creditor_counts_interest_from_the_day_after_the_reminder(self):
        self.company.sudo().collection_is_small = True
        invoice = self._owed()
        self._dun("2026-03-02")
        self._propose("2026-03-17")
        interest = self._charges(invoice, kind="interest")
        self.assertEqual(str(interest.date_from), "2026-03-03")

    def test_without_a_clause_nothing_is_claimed(self):
        self.company.sudo().write(
            {"collection_interest_clause": "none", "collection_penalty_percent": 0}
        )
        invoice = self._owed()
        self._dun("2026-03-02")
        self._dun("2026-03-17")
        self.assertState(self._notice(), "sent")
        self.assertCharges(invoice, [])

    def test_a_debt_that_had_no_reminder_of_its_own_bears_nothing(self):
        old = self._owed()
        self._dun("2026-03-02")
        new = self._owed(500.0, "2026-03-08")
        self._dun("2026-03-18")
        self.assertCharges(new, [])
        self.assertTrue(self._charges(old, state="claimed"))

    def test_the_dutch_costs_are_those_that_the_letter_has_announced(self):
        self.company.sudo().collection_penalty_percent = 0
        jan = self._consumer("Jan Jansen", "nl")
        self._owed(100.0, partner=jan)
        second = self._owed(120.0, partner=jan)
        self._dun("2026-03-02")
        notice = self._notice(jan)
        self.assertEqual(notice.announced_totals, {str(self.company.currency_id.id): 40.0})
        self._pay(second, 60.0, on="2026-03-05")
        self._hold(second, until="2026-03-20")
        self._dun("2026-03-17")
        self._dun("2026-03-27")
        self._dun("2026-04-06")
        fees = self._charges(state="claimed").filtered(lambda one: one.kind == "fee")
        self.assertEqual(sum(fees.mapped("amount")), 40.0)

    def test_what_was_reminded_elsewhere_lifts_no_ceiling(self):
        self.company.sudo().collection_penalty_percent = 0
        jan = self._consumer("Jan Jansen", "nl")
        self._policy_for(jan, ((10, 0, CHARGED), (20, 10, CHARGED)))
        self._owed(1000.0, partner=jan)
        credit = self._credit_note(800.0, partner=jan)
        self._dun("2026-03-02")
        announced = self._notice(jan).announced_totals
        self.assertEqual(announced, {str(self.company.currency_id.id): 40.0})
        credit.button_draft()  # an error: what is open is 1000 again
        other = self._owed(1000.0, partner=jan)
        other._collection_record_first_reminder(date(2026, 2, 12), False, "Old system")
        self._dun("2026-03-17")
        fees = self._charges(state="claimed").filtered(lambda one: one.kind == "fee")
        self.assertEqual(sum(fees.mapped("amount")), 40.0 + 150.0)

    def test_a_clause_that_is_raised_later_claims_no_more_than_was_announced(self):
        self.company.sudo().collection_penalty_percent = 2
        invoice = self._owed()
        self._dun("2026-03-02")
        self.company.sudo().collection_penalty_percent = 9
        self._dun("2026-03-17")
        self.assertCharges(invoice, [("interest", 0.29, "claimed"), ("fee", 20.0, "claimed")])

    def test_reminders_have_their_price_only_where_no_lump_sum_is_owed(self):
        law = self.env.ref("credit_collection.legal_profile_be_consumer")
        own = law.copy({"company_id": self.company.id})
        own.with_context(active_test=False).fee_ids.active = True
        fee = own.fee_ids.filtered(lambda one: one.kind == "reminder")
        fee.free_per_year = 1
        self._owed()
        self._dun("2026-03-02")
        self._dun("2026-03-17")
        self.assertFalse(self._charges(kind="reminder"))
        self.company.sudo().collection_penalty_percent = 0
        other = self._consumer("Bea")
        self._owed(partner=other)
        self._dun("2026-03-27")
        self._dun("2026-04-13")
        prices = self._charges(kind="reminder").grouped(lambda one: one.dunning_id.customer_id)
        self.assertEqual(prices[other].mapped("amount"), [7.5])
        self.assertTrue(all(one.amount == 7.5 for one in prices[self.ann]))

    def test_a_french_consumer_bears_no_costs_before_a_title(self):
        law = self.env.ref("credit_collection.legal_profile_fr_consumer")
        own = law.copy({"company_id": self.company.id, "interest_start": "due"})
        self.env["credit.collection.fee"].create(
            {
                "profile_id": own.id,
                "name": "Costs",
                "source": "Test",
                "currency_id": self.env.ref("base.EUR").id,
                "tier_ids": [Command.create({"amount": 12})],
            }
        )
        luc = self._consumer("Luc", "fr")
        invoice = self._owed(partner=luc)
        self._dun("2026-03-02")
        run = self._propose("2026-03-12")
        self.assertFalse(self._charges(invoice, kind="fee"))
        self.assertTrue(self._charges(invoice, kind="interest"))
        self.assertIn("enforceable title", run.dunning_ids.charge_refusal)
        self.env["credit.collection.interruption"].create(
            {
                "case_id": self._case(luc).id,
                "kind": "title",
                "date": "2026-03-12",
                "move_line_ids": self._items(invoice).move_line_id.ids,
            }
        )
        run.action_propose()
        self.assertEqual(self._charges(invoice, kind="fee").amount, 12.0)
        self.assertFalse(run.dunning_ids.charge_refusal)

    def test_charges_fall_with_a_first_reminder_that_comes_back_late(self):
        self._booked()
        invoice = self._owed()
        self._dun("2026-03-02")
        first = self._notice()
        self._dun("2026-03-17")
        self._day("2026-03-18")
        self.env["credit.collection.delivery"].sudo()._receive_bounce(
            first.delivery_ids.mail_message_id, self.ann.email
        )
        self.assertState(first, "cancel")
        charges = self._charges(invoice)
        self.assertEqual(set(charges.mapped("state")), {"waived"})
        self.assertIn("came back", charges[0].reason)
        with self.assertRefused("had no free first reminder"):
            charges._reinstate("He has moved")

    def test_what_lost_its_first_reminder_is_not_booked_by_hand(self):
        self._booked()
        invoice = self._owed()
        self._dun("2026-03-02")
        first = self._notice()
        self._dun("2026-03-17")
        first.sudo().date_waiting_end = False
        with self.assertRefused("must not be claimed"):
            self._charges(invoice).action_post()

    def test_booked_charges_become_a_task_when_the_first_reminder_comes_back(self):
        self._booked()
        invoice = self._owed()
        self._dun("2026-03-02")
        first = self._notice()
        self._dun("2026-03-17")
        self._charges(invoice).action_post()
        first.delivery_ids._set_failed("No such mailbox")
        self.assertEqual(set(self._charges(invoice).mapped("state")), {"posted"})
        tasks = self._case(self.ann).activity_ids
        self.assertIn("reverse what was booked", " ".join(tasks.mapped("note")))


@tagged("post_install", "-at_install")
class TestMentions(GuardCommon):
    def _refused(self, person=None):
        """Try to send the first reminder; return why it is refused."""
        self._dun("2026-03-02")
        notice = self._notice(person)
        self.assertState(notice, "failed")
        self.assertFalse(notice.letter_id)
        return notice.note

    def test_a_first_reminder_without_enterprise_number_is_refused_until_there_is_one(self):
        self.company.company_registry = False
        self.company.vat = False
        invoice = self._owed()
        self.assertIn("Enterprise number: enter the company ID", self._refused())
        self.assertLevel(invoice, 0)
        self.assertDecision(invoice, "failed")
        self.company.company_registry = "0477472701"
        notice = self._notice()
        notice.action_retry()
        self._send()
        self.assertState(notice, "sent")
        self.assertEqual(notice.date_waiting_end, date(2026, 3, 16))

    def test_a_text_without_the_period_is_refused(self):
        self._level(1).letter_closing = "<p>{company}, {announced_compensation}, {deadline}</p>"
        self._owed()
        self.assertEqual(
            self._refused(),
            "Code of Economic Law, art. XIX.2: "
            'The text must say "fourteen calendar days": put it into the text of the level.',
        )

    def test_a_text_without_the_exact_compensation_is_refused(self):
        self._level(1).letter_closing = "<p>fourteen calendar days, {deadline}, {company}</p>"
        self._owed()
        self.assertIn('"90.00 €" is not in the text', self._refused().replace("\xa0", " "))

    def test_a_text_without_the_list_of_invoices_is_refused(self):
        self._level(1).show_items = False
        self._owed()
        reason = self._refused()
        self.assertIn("What was delivered", reason)
        self.assertIn("Let the level list the invoices", reason)

    def test_an_entry_says_in_its_label_what_was_delivered(self):
        self._misc_entry(
            100.0, "2026-02-10", self.ann, no_followup=False, name="Heating oil, 200 litres"
        )
        self._dun("2026-03-02")
        self.assertState(self._notice(), "sent")

    def test_a_dutch_letter_without_its_words_is_refused(self):
        jan = self._consumer("Jan Jansen", "nl")
        self._level(1).letter_closing = "<p>14 dagen, {announced_compensation}, {deadline}</p>"
        self._owed(partner=jan)
        self.assertIn("veertien dagen vanaf de dag nadat deze brief", self._refused(jan))

    def test_the_deadline_leaves_the_time_of_the_law(self):
        self._level(1).deadline_days = 5
        self._owed()
        self._dun("2026-03-02")
        self.assertEqual(self._notice().date_deadline, date(2026, 3, 16))

    def test_a_letter_that_is_posted_too_late_is_printed_again(self):
        self._level(1).write({"send_email": False, "send_letter": True, "deadline_days": 5})
        self._owed()
        self._run("2026-03-02")
        notice = self._notice()
        with self.allow_pdf_render():
            notice.action_print_letters()
            self.assertEqual(notice.date_deadline, date(2026, 3, 18))
            self._day("2026-03-05")
            with self.assertRefused("print it again"):
                notice.action_mark_posted()
            notice.action_print_letters()
        notice.action_mark_posted()
        self.assertEqual(notice.date_deadline, notice.date_waiting_end)

    def test_a_second_reminder_needs_no_such_mentions(self):
        self._level(2).letter_closing = False
        self._owed()
        self._dun("2026-03-02")
        self._dun("2026-03-17")
        self.assertState(self._notice(), "sent")
        self.assertFalse(self._notice().is_first_reminder)

    def test_shipped_texts_pass_in_every_language(self):
        langs = ("en_US", "fr_FR", "nl_NL", "de_DE")
        self._speak(*langs)
        people = self.env["res.partner"]
        for country in ("be", "nl"):
            for lang in langs:
                person = self._consumer(f"{country} {lang}", country)
                person.write({"lang": lang, "collection_policy_id": False})
                people |= person
                self._owed(partner=person)
        self._dun("2026-03-02")
        for person in people:
            notice = self._notice(person)
            self.assertEqual((notice.state, notice.note), ("sent", False), person.name)

    def test_words_are_needed_where_words_are_demanded(self):
        own = self.env.ref("credit_collection.legal_profile_be_consumer").copy()
        with self.assertRaises(ValidationError):
            own.mention_ids = [Command.create({"kind": "wording", "wordings": " "})]

    def test_who_reads_collections_reads_mentions_and_managers_write_their_own(self):
        shipped = self.env.ref("credit_collection.mention_be_consumer_number")
        collector = self._user("collector", "credit_collection_group_user")
        self.assertEqual(shipped.with_user(collector).kind, "number")
        with self.assertRefused("comes with the module"):
            shipped.kind = "goods"
        own = shipped.profile_id.copy({"company_id": self.company.id}).mention_ids[0]
        own.wordings = "Nothing to do with it"
        with self.assertRaises(AccessError):
            own.with_user(collector).wordings = "Else"
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=self.env["res.company"].create({"name": "Other"}).id,
        )
        with self.assertRaises(AccessError):
            own.with_user(stranger).wordings  # noqa: B018


@tagged("post_install", "-at_install")
class TestContacts(GuardCommon):
    def test_an_email_waits_for_the_morning(self):
        self._owed()
        self._run("2026-03-02")
        self._at("2026-03-02 19:30")  # half past eight in the evening in Brussels
        self._run_cron("credit_collection.ir_cron_send_notices")
        notice = self._notice()
        self.assertState(notice, "queued")
        self.assertEqual(
            fields.Datetime.to_string(notice.delivery_ids.date_not_before), "2026-03-03 07:00:00"
        )
        self.assertIn("No e-mails and calls at night", notice.note)
        said = notice.run_id.action_send_now()["params"]
        self.assertEqual(said["type"], "warning")
        self.assertIn("1 wait, until 3/3/26", said["message"])
        self._at("2026-03-03 06:59")
        self._run_cron("credit_collection.ir_cron_send_notices")
        self.assertState(notice, "queued")
        self._at("2026-03-03 07:00")
        self._send()
        self.assertState(notice, "sent")
        self.assertFalse(notice.note)
        self.assertEqual(notice.date_waiting_end, date(2026, 3, 17))

    def test_sundays_and_holidays_are_days_of_rest(self):
        self._owed()
        self._run("2026-04-05")  # Easter Sunday
        self._send()
        (delivery,) = self._notice().delivery_ids
        self.assertEqual(fields.Datetime.to_string(delivery.date_not_before), "2026-04-07 06:00:00")

    def test_the_hour_is_that_of_the_debtor(self):
        case = self.env["credit.collection.case"]._get_for_partner(self.ann, self.company)
        refuse = self.env["credit.collection.guard"]._get_contact_refusals
        self._at("2026-03-02 07:30")
        self.assertFalse(refuse(case, "email"))
        self.ann.country_id = self.env.ref("base.lu")
        self.ann.tz = "America/New_York"  # where he was entered: not a time of his country
        self.assertFalse(refuse(case, "call"))
        self._at("2026-03-02 06:30")
        (refusal,) = refuse(case, "call")[case]
        self.assertEqual((refusal.rule, str(refusal.until)), ("hours", "2026-03-02 07:00:00"))
        self.assertFalse(refuse(case, "letter"))

    def test_a_week_has_its_limit_whatever_the_channel(self):
        own = self.env.ref("credit_collection.legal_profile_be_consumer").copy(
            {"company_id": self.company.id, "letter_interval_days": 0, "contacts_per_week": 1}
        )
        self._owed()
        self._dun("2026-03-02")
        case = self._case(self.ann)
        refuse = self.env["credit.collection.guard"]._get_contact_refusals
        self._day("2026-03-06")
        (refusal,) = refuse(case, "call")[case]
        self.assertEqual((refusal.rule, str(refusal.until)), ("week", "2026-03-09 07:00:00"))
        own.contacts_per_week = 2
        self.assertFalse(refuse(case, "call"))

    def test_calls_count_and_whoever_calls_is_told(self):
        own = self.env.ref("credit_collection.legal_profile_be_consumer").copy(
            {"company_id": self.company.id, "calls_per_day": 1, "contacts_per_week": 2}
        )
        self._owed()
        self._commit()
        case = self._case(self.ann)
        call = {
            "case_id": case.id,
            "outcome_id": self.env.ref("credit_collection.contact_outcome_voice_mail").id,
        }
        self.env["credit.collection.contact"].create(call)
        self.assertIn("Calls a day with this customer: at most 1.", case.contact_warning)
        self._day("2026-03-03")
        self.env.invalidate_all()
        self.assertNotIn("at most", case.contact_warning)
        self.env["credit.collection.contact"].create({**call, "direction": "in"})
        self.env.invalidate_all()
        self.assertNotIn("at most", case.contact_warning, "the customer called")
        own.calls_per_day = 0
        self.env["credit.collection.contact"].create(call)
        self.env.invalidate_all()
        self.assertIn("Contacts a week with this customer: at most 2.", case.contact_warning)
        self._run()
        self._send()
        self.assertState(self._notice(), "queued")
        self.assertIn("Contacts a week with this customer: at most 2", self._notice().note)

    def test_a_statement_keeps_to_the_hours_and_is_a_contact(self):
        self._owed()
        self._commit()
        case = self._case(self.ann)
        self._at("2026-03-01 10:00")  # a Sunday
        wizard = self.env["credit.collection.case.statement"].create({"case_ids": case.ids})
        with self.assertRefused("No e-mails and calls at night and on days of rest"):
            wizard.action_send()
        self._at("2026-03-02 10:00")
        wizard.action_send()
        self.assertEqual(case.contact_ids.mapped("channel"), ["email"])
        self._run()
        self._send()
        self.assertState(self._notice(), "queued")
        self.assertIn("Days between two letters to this customer: at least 7.", self._notice().note)

    def test_what_was_overridden_is_all_that_is_let_pass(self):
        self._owed()
        self._run("2026-03-02")
        self._at("2026-03-02 19:30")
        self._run_cron("credit_collection.ir_cron_send_notices")
        notice = self._notice()
        notice._override("He asked for it this evening")
        self.assertTrue(notice.overrides_contact)
        self.assertFalse(notice.overrides_charges or notice.overrides_mentions)

    def test_a_bounce_is_nothing_to_override(self):
        self._owed()
        self._dun("2026-03-02")
        notice = self._notice()
        notice.delivery_ids._set_failed("The e-mail came back.")
        self.assertState(notice, "failed")
        with self.assertRefused("Nothing of this notice is refused"):
            notice._override("Whatever it is")

    def test_who_is_no_consumer_any_more_does_not_stop_the_post(self):
        self._level(1).write({"send_email": False, "send_letter": True})
        self._owed()
        self._run("2026-03-02")
        notice = self._notice()
        with self.allow_pdf_render():
            notice.action_print_letters()
            self.ann.collection_debtor_kind = "business"
            notice.action_mark_posted()
        self.assertState(notice, "sent")

    def test_what_will_not_be_sent_keeps_no_first_reminder_back(self):
        self._policy_for(self.ann, ((10, 0), (20, 10, {"amount_min": 500.0})))
        old = self._owed(amount=20.0)
        self._dun("2026-03-02")
        self._day("2026-05-04")
        new = self._overdue_invoice(30.0, "2026-04-20", self.ann)
        self._assess()
        self.assertDecision(old, "minimum")
        self.assertDecision(new, "due")

    def test_two_notices_of_a_day_leave_a_week_apart(self):
        self._policy_for(self.ann, ((10, 0), (20, 0)), grouping="level")
        law = self.env.ref("credit_collection.legal_profile_fr_consumer")
        self.ann.collection_legal_profile_id = law
        old = self._owed()
        self._dun("2026-03-02")
        self._owed(200.0, "2026-03-05")
        self._run("2026-03-16")
        self._send()
        states = self.env["credit.collection.dunning"].search(
            [("customer_id", "=", self.ann.id), ("date", "=", "2026-03-16")]
        )
        self.assertEqual(sorted(states.mapped("state")), ["queued", "sent"])
        waiting = states.filtered(lambda one: one.state == "queued")
        self.assertIn("Days between two letters to this customer: at least 7.", waiting.note)
        self._send("2026-03-23")
        self.assertState(states, "sent")
        self.assertTrue(old)

    def test_days_between_letters_hold_whatever_the_policy_says(self):
        self._policy_for(self.ann, ((10, 0), (11, 1)))
        self.ann.collection_legal_profile_id = self.env.ref(
            "credit_collection.legal_profile_de_consumer"
        )
        invoice = self._owed()
        self._dun("2026-03-02")
        self.assertDecision(invoice, "quiet", 2, next_on="2026-03-09")
        self.assertIn("at least 7 days", self._items(invoice).explanation)

    def test_a_call_a_day_is_enough(self):
        call = {"send_email": False, "send_call": True}
        self._policy_for(self.ann, ((10, 0), (20, 0, call)))
        self.ann.collection_legal_profile_id = self.env.ref(
            "credit_collection.legal_profile_fr_consumer"
        )
        self._owed()
        self._dun("2026-03-02")
        self._dun("2026-03-12")
        self._case(self.ann).activity_ids.action_feedback(feedback="He pays on Friday")
        case = self._case(self.ann)
        (refusal,) = self.env["credit.collection.guard"]._get_contact_refusals(case, "call")[case]
        self.assertEqual((refusal.rule, str(refusal.until)), ("calls", "2026-03-13 07:00:00"))

    def test_a_mediation_forbids_every_contact(self):
        invoice = self._owed()
        self._commit()
        self._run("2026-03-02")
        case = self._case(self.ann)
        litigation = self.env["credit.collection.litigation"].create(
            {
                "case_id": case.id,
                "kind_id": self.env.ref("credit_collection.litigation_kind_debt_mediation_be").id,
                "date_judgment": "2026-02-28",
                "line_ids": [
                    Command.create({"move_line_id": self._items(invoice).move_line_id.id})
                ],
            }
        )
        litigation.action_open()
        self._send()
        self.assertState(self._notice(), "cancel")
        refusals = self.env["credit.collection.guard"]._get_contact_refusals(case, "call")
        self.assertEqual([one.rule for one in refusals[case]], ["moratorium"])
        newer = self._owed(200.0, "2026-02-15")
        self.assertDecision(newer, "hold")

    def test_a_moratorium_of_a_consumer_ends_on_its_day(self):
        invoice = self._owed()
        self._commit()
        case = self._case(self.ann)
        litigation = self._moratorium(invoice, "2026-02-20")
        litigation.action_open()
        newer = self._owed(200.0, "2026-02-25", invoice_date="2026-02-24")
        self.assertDecision(newer, "hold")
        refuse = self.env["credit.collection.guard"]._get_contact_refusals
        (refusal,) = refuse(case, "letter")[case]
        self.assertEqual(str(refusal.until), "2026-04-20 22:00:00")  # midnight in Brussels
        self._day("2026-04-21")
        self.assertFalse(refuse(case, "letter"))

    def test_a_disputed_invoice_is_not_reminded(self):
        invoice = self._owed()
        self._run("2026-03-02")
        self.env["credit.collection.dispute"].create(
            {
                "move_id": invoice.id,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
                "amount": invoice.amount_residual,
            }
        )
        self._send()
        self.assertState(self._notice(), "cancel")

    def test_hours_and_limits_of_a_law_make_sense(self):
        own = self.env.ref("credit_collection.legal_profile_be_consumer").copy()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            own.contact_hour_to = 7
            own.flush_recordset()


@tagged("post_install", "-at_install")
class TestOverride(GuardCommon):
    def _waiting(self):
        """Return a notice that waits for the morning."""
        self._owed()
        self._run("2026-03-02")
        self._at("2026-03-02 19:30")
        self._run_cron("credit_collection.ir_cron_send_notices")
        return self._notice()

    def test_a_manager_sends_all_the_same_and_answers_for_it(self):
        notice = self._waiting()
        self.assertTrue(notice.is_refused)
        self._override(notice)
        self._send()
        self.assertState(notice, "sent")
        self.assertEqual(notice.override_user_id, self.env.user)
        self.assertIn("No e-mails and calls at night", notice.override_rules)
        bodies = " ".join(self._case(self.ann).message_ids.mapped("body"))
        self.assertIn("Agreed with his lawyer", bodies)
        self.assertIn(self.env.user.name, bodies)
        self.assertTrue(notice.date_waiting_end)  # late in the evening, but complete

    def _printed(self):
        """Return a notice whose letter is printed when a moratorium begins."""
        self._level(1).write({"send_email": False, "send_letter": True})
        invoice = self._owed()
        self._run("2026-03-02")
        notice = self._notice()
        with self.allow_pdf_render():
            notice.action_print_letters()
        litigation = self._moratorium(invoice, "2026-03-02")
        litigation.action_open()
        return notice

    def test_a_manager_has_a_printed_letter_posted_all_the_same(self):
        notice = self._printed()
        self.assertTrue(notice.is_refused)
        with self.assertRefused("No contact in a moratorium.*have a manager override it"):
            notice.action_mark_posted()
        self._override(notice, "The mediator asked for it")
        self.assertFalse(notice.is_refused)
        self.assertIn("No contact in a moratorium", notice.override_rules)
        self.assertFalse(notice.overrides_charges or notice.overrides_mentions)
        bodies = " ".join(self._case(self.ann).message_ids.mapped("body"))
        self.assertIn("The mediator asked for it", bodies)
        self.assertIn("No contact in a moratorium", bodies)
        notice.action_mark_posted()
        self.assertState(notice, "sent")
        self.assertTrue(notice.date_waiting_end)

    def test_a_collector_posts_no_letter_that_is_refused(self):
        notice = self._printed().with_user(self._user("collector", "credit_collection_group_user"))
        with self.assertRaises(AccessError):
            notice._override("Please")
        with self.assertRefused("must not leave today"):
            notice.action_mark_posted()

    def test_a_letter_that_leaves_in_a_moratorium_still_gives_the_time_of_the_law(self):
        self._level(1).deadline_days = 5
        notice = self._printed()
        self._override(notice)
        self._day("2026-03-06")
        with self.assertRefused("print it again"):
            notice.action_mark_posted()

    def test_what_is_overridden_twice_keeps_both_reasons(self):
        notice = self._waiting()
        self._override(notice, "He asked for it")
        notice._refuse("Enterprise number: enter it.")
        self._override(notice, "It is on the invoice")
        self.assertEqual(notice.override_reason, "He asked for it | It is on the invoice")
        self.assertTrue(notice.overrides_contact and notice.overrides_mentions)

    def test_a_collector_overrides_nothing(self):
        notice = self._waiting()
        collector = self._user("collector", "credit_collection_group_user")
        with self.assertRaises(AccessError):
            notice.with_user(collector)._override("Please")
        with self.assertRaises(AccessError):
            self.env["credit.collection.dunning.override"].with_user(collector).create(
                {"dunning_id": notice.id, "reason": "Please"}
            )

    def test_nothing_to_override_is_said(self):
        self._owed()
        self._run("2026-03-02")
        with self.assertRefused("Nothing of this notice is refused"):
            self._notice()._override("Just so")

    def test_a_reason_is_needed(self):
        notice = self._waiting()
        action = notice.action_override_wizard()
        wizard = Form(self.env[action["res_model"]].with_context(**action["context"]))
        with self.assertRaisesRegex(AssertionError, "reason"):
            wizard.save()

    def test_an_incomplete_first_reminder_that_is_sent_anyway_is_none(self):
        self.company.company_registry = False
        self.company.vat = False
        invoice = self._owed()
        self._dun("2026-03-02")
        notice = self._notice()
        self._override(notice, "The number is on the invoice")
        self._send()
        self.assertState(notice, "sent")
        self.assertFalse(notice.is_first_reminder)
        self.assertFalse(notice.date_waiting_end)
        self._commit()
        self.assertTrue(self._items(invoice).is_first_reminder)

    def test_the_first_reminder_stays_free_whoever_decides(self):
        self._policy_for(self.ann, ((10, 0, CHARGED),))
        invoice = self._owed()
        run = self._propose("2026-03-02")
        with self.assertRefused("Nothing of this notice is refused"):
            run.dunning_ids._override("He has money enough")
        self.assertCharges(invoice, [])

    def test_a_manager_claims_costs_without_a_title(self):
        own = self.env.ref("credit_collection.legal_profile_fr_consumer").copy(
            {"company_id": self.company.id}
        )
        self.env["credit.collection.fee"].create(
            {
                "profile_id": own.id,
                "name": "Costs",
                "source": "Test",
                "currency_id": self.env.ref("base.EUR").id,
                "tier_ids": [Command.create({"amount": 12})],
            }
        )
        invoice = self._owed(partner=self._consumer("Luc", "fr"))
        self._dun("2026-03-02")
        run = self._propose("2026-03-12")
        self._override(run.dunning_ids, "The act is prescribed by law")
        self.assertEqual(self._charges(invoice, kind="fee").amount, 12.0)
        with self.assertRaises(UserError):
            run.dunning_ids.write({"override_reason": "Something else"})

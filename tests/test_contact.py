from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestContact(CollectionCommon):
    """What was said to customers, by them, and what comes of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")

    def _get_outcome(self, name):
        return self.env.ref(f"credit_collection.contact_outcome_{name}")

    def _contact_vals(self, outcome="reached", **vals):
        return {
            "case_id": self._case().id,
            "outcome_id": outcome and self._get_outcome(outcome).id,
            **vals,
        }

    def _log(self, outcome="reached", **vals):
        """Write down a call, as a collector does."""
        Contact = self.env["credit.collection.contact"].with_user(self.collector)
        return Contact.create(self._contact_vals(outcome, **vals))

    def _owe(self):
        invoice = self._overdue_invoice()
        self._commit()
        return invoice

    def test_the_outcome_says_when_the_customer_is_called_again(self):
        self._owe()
        self._log("voice_mail")
        case = self._case()
        self.assertEqual(str(case.date_next_action), "2026-03-03")
        self.assertEqual(str(case.date_last_contact), "2026-03-02")
        self._log("reached")  # five working days later, not five days
        self.assertEqual(str(case.date_next_action), "2026-03-09")

    def test_the_collector_chooses_another_day(self):
        self._owe()
        form = Form(
            self.env["credit.collection.contact"]
            .with_user(self.collector)
            .with_context(default_case_id=self._case().id)
        )
        form.outcome_id = self._get_outcome("voice_mail")
        self.assertEqual(form.date_next.isoformat(), "2026-03-03")
        form.date_next = "2026-03-05"
        form.save()
        self.assertEqual(str(self._case().date_next_action), "2026-03-05")

    def test_who_will_pay_is_called_again_until_his_promise_is_entered(self):
        self._owe()
        self._log("will_pay")
        case = self._case()
        self.assertEqual(str(case.date_next_action), "2026-03-03")
        self._day("2026-03-03")
        self.assertIn(case, case.search(case._get_to_call_domain()))
        promise = self.env["credit.collection.promise"].with_user(self.collector)
        promise.create({"case_id": case.id, "amount": 10.0, "date_promised": "2026-03-09"})
        self.assertFalse(case.date_next_action)

    def test_a_plan_or_a_dispute_that_was_asked_for_takes_him_off_the_list(self):
        invoice = self._owe()
        case = self._case()
        self._log("wants_plan")
        self.env["credit.collection.payment.plan"].create({"case_id": case.id})
        self.assertFalse(case.date_next_action)
        self._log("disputes")
        self.assertEqual(str(case.date_next_action), "2026-03-03")
        self.env["credit.collection.dispute"].create(
            {
                "move_id": invoice.id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
                "amount": 10.0,
            }
        )
        self.assertFalse(case.date_next_action)

    def test_a_day_that_the_collector_has_chosen_outlives_the_promise(self):
        self._owe()
        self._log("will_pay", date_next="2026-03-05")
        case = self._case()
        self.env["credit.collection.promise"].create(
            {"case_id": case.id, "amount": 10.0, "date_promised": "2026-03-09"}
        )
        self.assertEqual(str(case.date_next_action), "2026-03-05")

    def test_an_earlier_contact_that_is_corrected_leaves_the_next_day_alone(self):
        self._owe()
        first = self._log("voice_mail")
        self._log("reached")
        first.date_next = "2026-03-04"
        self.assertEqual(str(self._case().date_next_action), "2026-03-09")

    def test_the_outcome_opens_what_is_to_be_entered(self):
        self._owe()
        opened = {
            name: self._log(name).action_next_step().get("res_model")
            for name in ("will_pay", "wants_plan", "disputes", "voice_mail")
        }
        self.assertEqual(
            opened,
            {
                "will_pay": "credit.collection.promise",
                "wants_plan": "credit.collection.payment.plan",
                "disputes": "credit.collection.dispute",
                "voice_mail": None,
            },
        )

    def test_what_was_said_is_taken_along(self):
        self._owe()
        self._commit()
        case = self._case()
        context = self._log("will_pay", note="Pays by Friday").action_next_step()["context"]
        dialog = Form(self.env["credit.collection.promise"].with_context(**context))
        self.assertEqual(dialog.note, "Pays by Friday")
        promise = dialog.save()
        self.assertEqual(promise.case_id, case)
        self.assertFalse(promise._get_holds().note, "what was said is told once")

    def test_bad_input_is_refused_in_words(self):
        invoice = self._owe()
        stranger = self._customer("Somebody Else")
        with self.assertRefused("Choose what came of it"):
            self._log(None)
        with self.assertRefused("enter a time up to now"):
            self._log(date="2026-03-03 09:00:00")
        with self.assertRefused("is not a contact of Late Payer Ltd"):
            self._log(contact_id=stranger.id)
        other = self._overdue_invoice(partner=stranger)
        lines = (invoice | other).line_ids.filtered("date_maturity")
        with self.assertRefused("is not an invoice of Late Payer Ltd"):
            self._log(move_line_ids=lines.ids)

    def test_what_took_place_is_not_changed_or_deleted(self):
        self._owe()
        contact = self._log(note="He pays next week.")
        with self.assertRefused("not changed afterwards"):
            contact.date = "2026-03-01 09:00:00"
        with self.assertRefused("noted by itself"):
            self._log(user_id=self.env.user.id)
        with self.assertRaises(AccessError):
            contact.unlink()
        contact.note = "He pays next month."

    def test_what_notices_send_is_logged_by_itself(self):
        self._owe()
        self._dun()
        contact = self._case().contact_ids
        self.assertEqual((contact.channel, contact.direction), ("email", "out"))
        self.assertEqual(contact.dunning_id.state, "sent")
        self.assertTrue(contact.mail_message_id)
        self.assertEqual(str(self._case().date_last_contact), "2026-03-02")
        with self.assertRefused("kept as it was"):
            contact.with_user(self.collector).note = "No."

    def test_an_email_that_comes_back_was_no_contact(self):
        self._owe()
        dunning = self._dun().dunning_ids
        dunning.delivery_ids._set_failed("no such mailbox")
        self.assertFalse(self._case().contact_ids)
        self.assertFalse(self._case().date_last_contact)

    def test_logging_many_notices_takes_as_many_queries_as_one(self):
        for number in range(6):
            self._overdue_invoice(partner=self._customer(f"Customer {number}"))
        deliveries = self._run().dunning_ids.delivery_ids
        Contact = self.env["credit.collection.contact"]
        counts = []
        for part in (deliveries[:1], deliveries[1:2], deliveries[2:]):
            part.sudo().write({"date_sent": "2026-03-02 09:00:00"})
            self.assertTrue(part.dunning_id.case_id)  # read ahead
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            Contact._log_deliveries(part)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1], f"queries: {counts}")
        self.assertEqual(Contact.search_count([("delivery_id", "in", deliveries.ids)]), 6)

    def test_a_call_that_a_level_asks_for_is_logged_once(self):
        self._level(1).write({"send_email": False, "send_call": True})
        invoice = self._owe()
        self._dun()
        self._log("voice_mail")
        self.assertLevel(invoice, 0)
        reached = self._log("reached", note="She looks for the invoice.")
        self.assertLevel(invoice, 1)
        contacts = self._case().contact_ids
        self.assertEqual(len(contacts), 2)
        self.assertEqual(reached.dunning_id.state, "sent")

    def test_a_task_that_is_done_is_a_contact_with_what_was_said(self):
        self._level(1).write({"send_email": False, "send_call": True})
        self._owe()
        self._dun()
        self._case().activity_ids.action_feedback(feedback="He was on holiday.")
        contact = self._case().contact_ids
        self.assertEqual((contact.channel, contact.note), ("call", "He was on holiday."))

    def test_an_answer_raises_the_case_until_it_is_read(self):
        self._owe()
        self._dun()
        case = self._case()
        case.message_post(
            body="When did you deliver?",
            subject="Re: Payment reminder",
            message_type="email",
            author_id=self.customer.id,
        )
        answer = case.contact_ids.filtered("is_to_read")
        self.assertEqual((answer.direction, answer.contact_id), ("in", self.customer))
        Case = self.env["credit.collection.case"]
        to_read = [("contact_ids", "any", [("is_to_read", "=", True)])]
        self.assertEqual(Case.search(to_read), case)
        case.with_user(self.collector).action_read_answers()
        self.assertFalse(Case.search(to_read))

    def test_a_customer_who_was_spoken_with_is_not_deleted(self):
        self._owe()
        self._log()
        self._overdue_invoice(partner=self.customer)
        with self.assertRefused("archive it instead"):
            self.customer._unlink_except_dunned()

    def test_who_works_for_one_company_reads_no_contact_of_another(self):
        self._owe()
        contact = self._log()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=company.id,
            company_ids=company.ids,
        )
        theirs = contact.with_user(stranger).with_context(allowed_company_ids=company.ids)
        self.assertFalse(theirs.search([("id", "=", contact.id)]))
        with self.assertRaises(AccessError):
            theirs.note = "Mine."
        with self.assertRaises(AccessError):
            theirs.create(self._contact_vals())

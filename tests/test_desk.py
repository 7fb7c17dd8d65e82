from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestDesk(CollectionCommon):
    """A collector's day: the worklist, the customer on the phone, what was done."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")

    def _owe(self, amount=100.0, due="2026-02-20", **vals):
        invoice = self._overdue_invoice(amount, due, **vals)
        self._commit()
        return invoice

    def _log(self, outcome="reached", case=None, **vals):
        return (
            self.env["credit.collection.contact"]
            .with_user(vals.pop("user", self.collector))
            .create(
                {
                    "case_id": (case or self._case()).id,
                    "outcome_id": self.env.ref(f"credit_collection.contact_outcome_{outcome}").id,
                    **vals,
                }
            )
        )

    def _filter(self, name):
        """Return the cases that a filter of the worklist shows to the collector."""
        Case = self.env["credit.collection.case"].with_user(self.collector)
        form = self.env.ref("credit_collection.credit_collection_case_view_search")
        arch = Case.get_view(form.id, "search")["arch"]
        node = etree.fromstring(arch).find(f".//filter[@name='{name}']")
        return Case.search(safe_eval(node.get("domain"), {"uid": self.collector.id}))

    def _promise(self, case, **vals):
        return self.env["credit.collection.promise"].create(
            {"case_id": case.id, "amount": 100.0, "date_promised": "2026-03-04", **vals}
        )

    # -------------------------------------------------------------------------
    # Filters
    # -------------------------------------------------------------------------

    def test_who_is_to_be_called_today(self):
        self._owe()
        case = self._case()
        self.assertFalse(self._filter("to_call"))
        self._log("voice_mail")
        self.assertFalse(self._filter("to_call"))
        self._day("2026-03-03")
        self.assertEqual(self._filter("to_call"), case)
        self._log("reached")
        self.assertFalse(self._filter("to_call"))
        case.activity_schedule("mail.mail_activity_data_call", date_deadline="2026-03-03")
        self.assertEqual(self._filter("to_call"), case)

    def test_a_task_to_call_waits_for_the_next_day_until_somebody_is_reached(self):
        self._owe()
        case = self._case()
        for kind in ("promise_broken", "large_overdue", "installment_unreminded"):
            case._schedule_task(f"credit_collection.mail_activity_type_{kind}")
        self.assertEqual(self._filter("to_call"), case)
        self._log("voice_mail")
        self.assertFalse(self._filter("to_call"), "he is called again another day")
        self.assertEqual(set(case.activity_ids.mapped("date_deadline")), {case.date_next_action})
        self._day(str(case.date_next_action))
        self.assertEqual(self._filter("to_call"), case)
        self._log("reached")
        self.assertFalse(case.activity_ids, "it was said on the phone")
        self.assertFalse(self._filter("to_call"))

    def test_promises_that_are_due_and_disputes_and_holds_are_found(self):
        invoice = self._owe()
        case = self._case()
        self._promise(case)
        self.assertFalse(self._filter("promises_due"))
        self._day("2026-03-04")
        self.assertEqual(self._filter("promises_due"), case)
        case.promise_ids.action_cancel()
        self.assertFalse(self._filter("promises_due"))
        self.env["credit.collection.dispute"].create(
            {
                "case_id": case.id,
                "move_id": invoice.id,
                "amount": 10.0,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
            }
        )
        self.assertFalse(self._filter("disputes_overdue"))
        self._day("2026-03-20")
        self.assertEqual(self._filter("disputes_overdue"), case)
        self._hold(self.customer, until="2026-03-30")
        self.assertFalse(self._filter("holds_ending"))
        self._day("2026-03-25")
        self.assertEqual(self._filter("holds_ending"), case)

    def test_plans_that_are_late_are_found(self):
        invoice = self._owe()
        case = self._case()
        line = invoice.line_ids.filtered("date_maturity")
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": case.id,
                "line_ids": [(0, 0, {"move_line_id": line.id, "amount": 100.0})],
                "installment_ids": [
                    (0, 0, {"date_due": "2026-03-10", "amount": 50.0}),
                    (0, 0, {"date_due": "2026-04-10", "amount": 50.0}),
                ],
            }
        )
        plan._set_state("active", allowed=("draft",))
        self.assertFalse(self._filter("plans_late"))
        self._day("2026-03-11")
        self.assertEqual(self._filter("plans_late"), case)

    def test_who_was_not_contacted_for_thirty_days_is_found(self):
        self._owe()
        case = self._case()
        self.assertEqual(self._filter("silent"), case)
        self._log("voice_mail")
        self.assertFalse(self._filter("silent"))
        self._day("2026-04-02")
        self.assertEqual(self._filter("silent"), case)

    def test_my_cases_are_those_i_stand_in_for_too(self):
        self._owe()
        case = self._case()
        absent = self._user("absent", "credit_collection_group_user")
        case.user_id = absent
        self.assertFalse(self._filter("my_cases"))
        self.env["credit.collection.absence"].create(
            {
                "user_id": absent.id,
                "substitute_id": self.collector.id,
                "date_from": "2026-03-01",
                "date_to": "2026-03-10",
            }
        )
        self.assertEqual(self._filter("my_cases"), case)

    # -------------------------------------------------------------------------
    # The customer on the phone
    # -------------------------------------------------------------------------

    def test_the_accounts_department_is_called_before_the_switchboard(self):
        self.customer.phone = "+32 2 555 01 00"
        contact = self._contact(self.customer, "Mia Peeters", phone="+32 2 555 01 99")
        self._contact(self.customer, "Nobody knows her number", type="contact")
        self._owe()
        self.assertEqual(list(self._case().call_partner_ids), [contact, self.customer])

    def test_a_customer_who_is_archived_is_called_all_the_same(self):
        self._owe()
        self.customer.active = False
        self.assertEqual(self._case().call_partner_ids, self.customer)

    def test_who_has_paid_is_not_called_again(self):
        invoice = self._owe()
        self._log("voice_mail")
        self._pay(invoice)
        self._commit()
        self.assertFalse(self._case().date_next_action)

    def test_what_to_know_before_calling(self):
        self._owe()
        case = self._case().with_user(self.collector)
        self.assertEqual(case.contact_warning, "")
        self.customer.collection_debtor_kind = "consumer"
        self._hold(self.customer, until="2026-03-30", note="Fire in the office")
        self._log("reached")
        self.env.invalidate_all()
        self.assertEqual(
            case.contact_warning.splitlines(),
            [
                "A consumer: the law protects him.",
                "Calls a day with this customer: at most 1.",
                "On hold until 03/30/2026: Question being answered (Fire in the office).",
                f"Called already today by {self.collector.name}: Reached, nothing agreed.",
            ],
        )

    def test_a_moratorium_is_known_before_the_call(self):
        self._owe()
        kind = self.env["credit.collection.litigation.kind"].search(
            [("category", "=", "insolvency")], limit=1
        )
        litigation = self.env["credit.collection.litigation"].create(
            {
                "case_id": self._case().id,
                "kind_id": kind.id,
                "date_judgment": "2026-02-25",
                "date_moratorium_from": "2026-02-25",
                "date_moratorium_to": "2026-08-25",
            }
        )
        litigation.action_open()
        self.env.invalidate_all()
        self.assertIn("Moratorium", self._case().contact_warning)
        self.assertIn("until 08/25/2026", self._case().contact_warning)
        self._day("2026-08-26")
        self.env.invalidate_all()
        self.assertIn("In litigation", self._case().contact_warning)

    def test_the_time_line_tells_everything_once_in_the_order_of_time(self):
        invoice = self._owe()
        self._dun()
        self._day("2026-03-03")
        self._log("will_pay", note="On Friday.")
        self._promise(self._case())
        self._day("2026-03-05")
        self._pay(invoice, 40.0, on="2026-03-05")
        self._commit()
        events = self._case().event_ids.sorted("date")
        self.assertEqual(events.mapped("kind"), ["email", "call", "promise", "payment"])
        summaries = events.mapped("summary")
        self.assertIn("Level 1, ", summaries[0])
        self.assertEqual(summaries[1], "Will pay, On Friday.")
        self.assertIn("Open", summaries[2])
        self.assertEqual(events[3].amount, 40.0)
        self.assertEqual(
            [event.action_open()["res_model"] for event in events],
            [
                "credit.collection.dunning",
                "credit.collection.contact",
                "credit.collection.promise",
                "account.move",
            ],
        )

    def test_the_time_line_is_of_the_companies_of_the_user(self):
        self._owe()
        self._log()
        event = self._case().event_ids
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=company.id,
            company_ids=company.ids,
        )
        theirs = event.with_user(stranger).with_context(allowed_company_ids=company.ids)
        self.assertFalse(theirs.search([("id", "=", event.id)]))
        theirs.invalidate_recordset()
        with self.assertRaises(AccessError):
            theirs.read(["detail"])

    def test_agreements_are_about_what_is_ticked(self):
        first, second = self._owe(100.0), self._owe(50.0)
        case = self._case().with_user(self.collector)
        self._items(second).with_user(self.collector).action_tick()
        lines = second.line_ids.filtered("date_maturity")
        promise = case.action_promise()["context"]
        self.assertEqual(promise["default_move_line_ids"], lines.ids)
        self.assertEqual(promise["default_amount"], 50.0)
        self.assertEqual(case.action_dispute()["context"]["default_move_id"], second.id)
        self.assertEqual(case.action_contact()["context"]["default_move_line_ids"], lines.ids)
        plan = case.action_payment_plan()["context"]["default_line_ids"]
        self.assertEqual([vals["move_line_id"] for _command, _id, vals in plan], lines.ids)
        self._run_cron("credit_collection.ir_cron_assess", "2026-03-03")
        self.assertEqual(case.action_promise()["context"]["default_amount"], 150.0)
        self.assertTrue(first)

    def test_a_reader_ticks_nothing(self):
        invoice = self._owe()
        reader = self._user("reader", "credit_collection_group_readonly")
        with self.assertRaises(AccessError):
            self._items(invoice).with_user(reader).action_tick()

    def test_a_call_is_logged_from_the_screen(self):
        self._owe()
        context = self._case().with_user(self.collector).action_contact()["context"]
        form = Form(
            self.env["credit.collection.contact"].with_user(self.collector).with_context(**context)
        )
        form.outcome_id = self.env.ref("credit_collection.contact_outcome_will_pay")
        contact = form.save()
        self.assertEqual(contact.action_next_step()["res_model"], "credit.collection.promise")

    # -------------------------------------------------------------------------
    # Send now
    # -------------------------------------------------------------------------

    def test_what_is_due_to_one_customer_leaves_now(self):
        invoice = self._owe()
        other = self._owe(partner=self._customer("Other Ltd"))
        waiting = self._propose()  # a proposal that somebody reviews stays as it is
        case = self._case().with_user(self.collector)
        self.assertIn("Level 1", case.action_send_now()["params"]["message"])
        self._send()
        self.assertLevel(invoice, 1)
        self.assertDecision(other, "due")
        self.assertEqual(waiting.state, "draft")
        with self.assertRefused("Nothing is due to be sent to Late Payer Ltd now"):
            case.action_send_now()
        waiting.action_approve()
        self._send()
        self.assertEqual(len(self._case().dunning_ids.filtered(lambda one: one.state == "sent")), 1)
        self.assertLevel(other, 1)

    def test_a_reader_sends_nothing(self):
        self._owe()
        reader = self._user("reader", "credit_collection_group_readonly")
        with self.assertRaises(AccessError):
            self._case().with_user(reader).action_send_now()

    # -------------------------------------------------------------------------
    # The bank
    # -------------------------------------------------------------------------

    def _receive(self, amount=100.0, on="2026-02-27", **vals):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": on,
                "amount": amount,
                "payment_ref": "Transfer",
                **vals,
            }
        )

    def test_the_screen_says_how_fresh_the_bank_is(self):
        self._owe()
        case = self._case().with_user(self.collector)
        self.assertEqual(case.bank_text, "No bank statement was imported yet.")
        self._receive(partner_name="Somebody Else")
        self.env.invalidate_all()
        self.assertEqual(case.bank_text, "Bank up to 02/27/2026: 3 days ago.")

    def test_receipts_that_look_like_theirs_are_shown_before_anybody_calls(self):
        self._owe()
        self._receive(60.0, partner_id=self.customer.id)
        self._receive(30.0, payment_ref="LATE PAYER LTD invoice 12")
        self._receive(10.0, partner_name="late payer ltd")
        self._receive(-5.0, partner_name="Late Payer Ltd")
        case = self._case().with_user(self.collector)
        self.assertRegex(
            case.bank_text, r"3 receipts that look like theirs are not matched: .*100\.00"
        )
        dunning = self._propose().dunning_ids
        self.assertIn("not matched", dunning.warning)
        self.assertIn("Bank up to", dunning.run_id.bank_text)

    # -------------------------------------------------------------------------
    # The progress of the day
    # -------------------------------------------------------------------------

    def _progress(self, user=None):
        Case = self.env["credit.collection.case"].with_user(user or self.collector)
        day = Case.get_day_progress()
        return {
            name: value.replace("\N{NO-BREAK SPACE}", " ") if isinstance(value, str) else value
            for name, value in day.items()
        }

    def test_the_day_counts_what_was_done_against_what_was_to_be_done(self):
        invoice = self._owe(100.0)
        self._owe(200.0, partner=self._customer("Other Ltd"))
        cases = self._case() | self._case(
            self.env["res.partner"].search([("name", "=", "Other Ltd")])
        )
        cases.user_id = self.collector
        cases.date_next_action = "2026-03-02"
        day = self._progress()
        self.assertTrue(day["is_mine"])
        self.assertEqual((day["called"], day["to_call"]), (0, 2))
        self.assertIn("300", day["to_collect"])
        self._log("will_pay")
        self._promise(self._case())
        day = self._progress()
        self.assertEqual((day["called"], day["to_call"]), (1, 2))
        self.assertIn("100", day["promised"])
        self.assertIn("200", day["to_collect"])  # what is promised is on hold
        self._pay(invoice, 40.0)
        self._commit()
        self.assertIn("40", self._progress()["recovered"])

    def test_the_day_of_a_manager_is_that_of_the_company(self):
        self._owe()
        self._case().user_id = self.collector
        manager = self._user("manager", "credit_collection_group_manager")
        day = self._progress(manager)
        self.assertFalse(day["is_mine"])
        self.assertIn("100", day["to_collect"])

    def test_amounts_of_several_currencies_are_never_mixed(self):
        dollar = self._currency("USD", 1.1)
        self._owe(100.0)
        self._owe(100.0, currency_id=dollar.id)
        self._case().user_id = self.collector
        self._promise(self._case())
        self._promise(self._case(), currency_id=dollar.id)
        self.assertIn(" + ", self._progress()["promised"])

    def test_a_stranger_learns_nothing_of_the_day(self):
        self._owe()
        seller = self._user("seller", "base.group_partner_manager")
        with self.assertRaises(AccessError):
            self._progress(seller)

    def test_the_day_takes_as_many_queries_for_many_cases(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._progress()
            return self.env.cr.sql_log_count - before

        self._owe()
        self._case().user_id = self.collector
        count()
        few = count()
        for number in range(8):
            self._owe(partner=self._customer(f"Customer {number}"))
        self.env["credit.collection.case"].search([]).user_id = self.collector
        count()
        self.assertLessEqual(count(), few)

from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestLadder(CollectionCommon):
    """How an invoice climbs from level to level."""

    def test_the_second_level_follows_when_its_day_has_come(self):
        """L1."""
        invoice = self._overdue_invoice()
        self._dun()
        self.assertNotices(self._dun("2026-03-12"), [(self.customer, 2, {invoice: 2})])
        self.assertLevel(invoice, 2)

    def test_a_proposal_that_was_not_sent_moves_nothing(self):
        """L2: also when the person left the item out."""
        invoice, other = self._overdue_invoice(), self._overdue_invoice()
        run = self._propose()
        run.dunning_ids.line_ids.filtered(lambda line: line.name == other.name).action_leave_out()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        self.assertExcluded(run, {"left_out": 1})
        run.action_cancel()
        run = self._propose("2026-03-25")
        self.assertNotices(run, [(self.customer, 1, {invoice: 1, other: 1})])

    def test_what_was_left_out_stays_out_until_it_is_taken_back(self):
        self._overdue_invoice()
        run = self._propose()
        run.dunning_ids.action_leave_out()
        self.assertFalse(run.dunning_ids)
        run.action_propose()
        self.assertFalse(run.dunning_ids)
        run.action_take_back()
        self.assertEqual(len(run.dunning_ids), 1)

    def test_what_is_left_of_a_notice_stays_the_same_notice(self):
        """It keeps its addressee, and stands at the highest level that it still claims."""
        old, new = self._overdue_invoice(100.0), self._overdue_invoice(50.0, due="2026-03-01")
        self._dun()
        contact = self._contact(self.customer, "Boss")
        run = self._propose("2026-03-12")
        dunning = run.dunning_ids
        dunning.partner_id = contact
        self.assertEqual((self._rank(dunning.level_id), dunning.amount_due), (2, 150.0))
        dunning.line_ids.filtered(lambda line: line.name == old.name).action_leave_out()
        self.assertEqual(run.dunning_ids, dunning)
        self.assertNotices(run, [(self.customer, 1, {new: 1})])
        self.assertEqual((dunning.amount_due, dunning.partner_id), (50.0, contact))

    def test_a_notice_that_is_left_out_on_its_own_screen_gives_way_to_the_run(self):
        self._overdue_invoice()
        run = self._propose()
        notice = run.dunning_ids.with_context(credit_collection_on_notice=True)
        self.assertEqual(notice.action_leave_out()["res_id"], run.id)

    def test_a_notice_that_waits_or_failed_does_not_escalate(self):
        """L3."""
        invoice = self._overdue_invoice()
        run = self._run()
        self.assertDecision(invoice, "queued", level=1)
        self._day("2026-03-25")
        self._assess()
        self.assertDecision(invoice, "queued", level=1)
        self._run_cron("credit_collection.ir_cron_send_notices")
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=[self.customer.email])
        self.assertState(run.dunning_ids, "failed")
        self.assertLevel(invoice, 0)
        self._day("2026-04-25")
        self._assess()
        self.assertDecision(invoice, "failed", level=1)

    def test_the_wait_counts_from_the_day_of_sending(self):
        """L4: not from the day of the proposal."""
        invoice = self._overdue_invoice(due="2026-01-01")
        self._run("2026-03-02")
        self._send("2026-03-05")
        self.assertDecision(invoice, "waiting", level=2, next_on="2026-03-15")
        self.assertFalse(self._propose("2026-03-14").dunning_ids)
        self.assertNotices(self._propose("2026-03-15"), [(self.customer, 2, {invoice: 2})])

    def test_an_old_debt_begins_at_the_first_level(self):
        """L5: with the policy that takes one step at a time."""
        invoice = self._overdue_invoice(due="2025-05-06")
        for level, day in enumerate(("2026-03-02", "2026-03-12", "2026-03-22"), 1):
            self.assertNotices(self._dun(day), [(self.customer, level, {invoice: level})])

    def test_an_old_debt_jumps_where_the_policy_says_so(self):
        """L5: straight to the highest level whose day has come."""
        self.policy.catch_up = "jump"
        old = self._overdue_invoice(due="2025-05-06")
        medium = self._overdue_invoice(due="2026-02-05")
        self.assertDecision(old, "due", level=3)
        self.assertDecision(medium, "due", level=2)
        self.assertNotices(self._dun(), [(self.customer, 3, {old: 3, medium: 2})])
        self.assertDecision(old, "last_level")

    def test_days_without_a_run_are_caught_up_one_level_at_a_time(self):
        invoice = self._overdue_invoice()
        self._dun()
        self._dun("2026-06-01")
        self.assertLevel(invoice, 2)
        self.assertDecision(invoice, "waiting", level=3, next_on="2026-06-11")

    def test_one_notice_lists_every_invoice_with_its_own_level(self):
        """L8, C3."""
        old = self._overdue_invoice()
        self._dun()
        new, newer = (
            self._overdue_invoice(due="2026-03-01"),
            self._overdue_invoice(due="2026-03-02"),
        )
        run = self._dun("2026-03-12")
        self.assertNotices(run, [(self.customer, 2, {old: 2, new: 1, newer: 1})])
        self.assertLevel(old, 2)
        self.assertLevel(new | newer, 1)

    def test_one_notice_per_level_where_the_policy_says_so(self):
        """C3, the other choice."""
        self.policy.grouping = "level"
        old = self._overdue_invoice()
        self._dun()
        new = self._overdue_invoice(due="2026-03-01")
        run = self._dun("2026-03-12")
        self.assertNotices(run, [(self.customer, 2, {old: 2}), (self.customer, 1, {new: 1})])
        self.assertState(run.dunning_ids, "sent")
        self.assertLevel(old, 2)
        self.assertLevel(new, 1)

    def test_a_new_invoice_starts_at_the_first_level(self):
        """L9, L15: whatever was sent about invoices that are paid."""
        paid = self._overdue_invoice()
        self._dun()
        self._dun("2026-03-12")
        self._pay(paid)
        self._commit()
        self.assertFalse(self._case().level_id)
        new = self._overdue_invoice(due="2026-03-13")
        self.assertDecision(new, "not_late", level=1, next_on="2026-03-23")
        self.assertNotices(self._propose("2026-03-23"), [(self.customer, 1, {new: 1})])

    def test_the_delay_orders_the_levels(self):
        """L10: not the order in which somebody typed them."""
        policy = self._policy([(30, 10), (20, 10), (10, 0)])
        self.customer.collection_policy_id = policy
        invoice = self._overdue_invoice()
        self.assertDecision(invoice, "due", level=3)  # typed last, reached first
        self._dun()
        self.assertDecision(invoice, "waiting", level=2, next_on="2026-03-12")

    def test_another_policy_continues_where_the_days_stand(self):
        """L11: after ten days in one ladder comes the next longer delay of the other."""
        invoice = self._overdue_invoice()
        self._dun()
        self.customer.collection_policy_id = self._policy([(5, 0), (15, 6), (60, 6)], name="Other")
        self.assertDecision(invoice, "waiting", level=2, next_on="2026-03-08")
        self.assertNotices(self._propose("2026-03-08"), [(self.customer, 2, {invoice: 2})])

    def test_a_manager_puts_an_invoice_at_a_level_of_another_policy(self):
        """L12."""
        invoice = self._overdue_invoice()
        special = self._policy([(5, 0), (15, 6), (60, 6)], name="Special")
        wizard = Form(
            self.env["credit.collection.move.policy"].with_context(default_move_ids=invoice.ids)
        )
        wizard.policy_id = special
        wizard.level_id = self._level(1, special)
        wizard.save().action_apply()
        self.assertEqual(invoice.collection_policy_id, special)
        self.assertLevel(invoice, 1)
        self.assertDecision(invoice, "waiting", level=2, next_on="2026-03-08")
        self.assertIn("Special", invoice.message_ids[0].body)
        self.assertExplained(
            invoice,
            "Level 2 on March 8, 2026: treated as reminded up to Level 1 since March 2, 2026.",
        )
        self.assertNotices(self._propose("2026-03-08"), [(self.customer, 2, {invoice: 2})])

    def test_what_was_sent_before_counts_no_more_for_the_new_level(self):
        invoice = self._overdue_invoice()
        self._dun()
        self._dun("2026-03-12")
        invoice._collection_set_policy(self.policy)
        self.assertLevel(invoice, 0)
        self.assertDecision(invoice, "due", level=1)
        self._dun("2026-03-13")
        self.assertLevel(invoice, 1)

    def test_a_vendor_bill_has_no_dunning_policy(self):
        """L13."""
        for move_type in ("in_invoice", "out_refund"):
            move = self._overdue_invoice(move_type=move_type)
            with self.assertRefused("not a claim on a customer"):
                move.collection_policy_id = self.policy

    def test_nothing_follows_the_last_level(self):
        """L14."""
        invoice = self._overdue_invoice(due="2026-01-01")
        for day in ("2026-03-02", "2026-03-12", "2026-03-22"):
            self._dun(day)
        self._day("2026-06-01")
        self._assess()
        self.assertDecision(invoice, "last_level", level=0, next_on="")
        self.assertFalse(self._propose().dunning_ids)

    def test_a_last_level_is_not_repeated_when_a_longer_ladder_is_chosen(self):
        invoice = self._overdue_invoice(due="2026-01-01")
        self.customer.collection_policy_id = self._policy([(10, 0)], name="Short")
        self._dun()
        self.assertDecision(invoice, "last_level")
        self.customer.collection_policy_id = False
        self.assertDecision(invoice, "waiting", level=2, next_on="2026-03-12")

    def test_the_first_level_is_reached_on_its_day_and_the_last_asks_for_a_person(self):
        """L18."""
        self.customer.collection_policy_id = self._policy([(15, 0), (20, 5), (25, 5)])
        invoice = self._overdue_invoice(due="2026-02-27")
        self.assertFalse(self._propose("2026-03-02").dunning_ids)
        for day in ("2026-03-14", "2026-03-19", "2026-03-24"):
            self.assertEqual(len(self._dun(day).dunning_ids), 1)
        self.assertDecision(invoice, "last_level")
        last_level = self.env.ref("credit_collection.mail_activity_type_last_level")
        self.assertIn(last_level, self._case().activity_ids.activity_type_id)

    def test_the_days_are_reached_but_the_wait_is_not_over(self):
        """L19."""
        invoice = self._overdue_invoice(due="2026-01-01")
        self._dun()
        self._day("2026-03-11")
        self.assertFalse(self.env["credit.collection.run"]._run_automatically(self.env.company))
        self.assertDecision(invoice, "waiting", next_on="2026-03-12")

    def test_a_customer_on_hold_or_without_debt_is_not_touched(self):
        """L20."""
        self.policy.is_automatic = True
        held, paid = self._customer("Held"), self._customer("Paid")
        invoice = self._overdue_invoice(partner=held)
        self._hold(held)
        settled = self._overdue_invoice(partner=paid)
        self._commit()
        self._pay(settled)
        self._run_cron("credit_collection.ir_cron_run")
        self.assertDecision(invoice, "hold")
        self.assertFalse(self.env["credit.collection.dunning"].search([]))
        self.assertEqual(self._case(paid).state, "closed")


@tagged("post_install", "-at_install")
class TestRun(CollectionCommon):
    """A batch: proposed, reviewed, approved, sent."""

    def _snapshot(self, run):
        return [
            (
                dunning.case_id,
                dunning.level_id,
                dunning.partner_id,
                dunning.amount_due,
                [
                    (line.move_line_id, line.level_id, line.amount_residual)
                    for line in dunning.line_ids
                ],
            )
            for dunning in run.dunning_ids.sorted("case_id")
        ]

    def test_the_same_ledger_gives_the_same_proposal(self):
        """L17."""
        for name in ("A", "B", "C"):
            customer = self._customer(name)
            self._overdue_invoice(partner=customer)
            self._overdue_invoice(due="2026-02-28", partner=customer)
        run = self._propose()
        first = self._snapshot(run)
        self.assertEqual(len(first), 3)
        run.action_propose()
        self.assertEqual(self._snapshot(run), first)
        self.assertEqual(self._propose(), run, "one proposal at a time")

    def test_a_second_run_on_the_same_day_has_nothing_to_say(self):
        """L17."""
        self._overdue_invoice()
        self._dun()
        run = self._propose()
        self.assertFalse(run.dunning_ids)
        with self.assertRefused("nothing to send"):
            run.action_approve()

    def test_a_run_before_the_last_notice_is_refused(self):
        """L16."""
        self._overdue_invoice()
        self._dun("2026-03-05")
        self._day("2026-03-10")
        with self.assertRefused("cannot be dated before"):
            self.env["credit.collection.run"].create({"date": "2026-03-04"})
        run = self.env["credit.collection.run"].create({"date": "2026-03-05"})
        with self.assertRefused("cannot be dated before"):
            run.date = "2026-03-04"

    def test_a_run_of_yesterday_judges_as_of_yesterday(self):
        self._overdue_invoice(due="2026-02-20")
        run = self.env["credit.collection.run"].create({"date": "2026-03-01"})
        run.action_propose()
        self.assertFalse(run.dunning_ids)

    def test_a_run_in_the_future_is_refused(self):
        with self.assertRefused("in the future"):
            self.env["credit.collection.run"].create({"date": "2026-03-03"})
        run = self.env["credit.collection.run"].create({})
        with self.assertRefused("in the future"):
            run.date = "2026-03-03"

    def test_approving_twice_numbers_and_sends_once(self):
        self._overdue_invoice()
        run = self._run()
        name = run.dunning_ids.name
        self.assertTrue(name)
        run.action_approve()
        self.assertEqual(run.dunning_ids.name, name)
        self.assertEqual(len(run.dunning_ids.delivery_ids), 1)

    def test_sending_twice_sends_once(self):
        self._overdue_invoice()
        self._run()
        self._run_cron("credit_collection.ir_cron_send_notices")
        self._run_cron("credit_collection.ir_cron_send_notices")
        self.assertEqual(len(self._send_mails()), 1)
        self._send()
        self.assertEqual(self.emails, [])

    def test_what_another_run_sent_meanwhile_is_not_sent_again(self):
        invoice, other = self._overdue_invoice(), self._overdue_invoice(partner=self._customer("B"))
        stale = self._propose()
        self._hold(other)
        run = self.env["credit.collection.run"].create({})
        run.action_propose()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        run.action_approve()
        self._send()
        with self.assertRefused("Nothing of this proposal is due any more"):
            stale.action_approve()
        self.assertEqual(stale.state, "draft")
        self._send()
        self.assertEqual(self.emails, [])

    def test_what_is_put_on_hold_during_the_review_is_dropped_and_the_rest_goes(self):
        held, other = self._overdue_invoice(), self._overdue_invoice(partner=self._customer("B"))
        run = self._propose()
        self._hold(held)
        run.action_approve()
        self.assertNotices(run, [(other.partner_id, 1, {other: 1})])

    def test_an_approved_run_is_not_proposed_again_nor_dated_otherwise(self):
        self._overdue_invoice()
        run = self._run()
        with self.assertRefused("Only a proposal"):
            run.action_propose()
        with self.assertRefused("keeps its date"):
            run.date = "2026-03-01"
        with self.assertRefused("cancel the notice"):
            run.dunning_ids.action_leave_out()

    def test_a_run_is_cancelled_as_long_as_nothing_was_sent(self):
        invoice = self._overdue_invoice()
        run = self._run()
        run.action_cancel()
        run.action_cancel()
        self.assertEqual(run.state, "cancel")
        self.assertState(run.dunning_ids, "cancel")
        self.assertDecision(invoice, "due", level=1)
        self._send()
        self.assertEqual(self.emails, [])
        sent = self._dun()
        with self.assertRefused("one by one"):
            sent.action_cancel()

    def test_a_run_that_sent_something_is_part_of_the_history(self):
        """I4."""
        self._overdue_invoice()
        self._propose().unlink()
        run = self._dun()
        with self.assertRefused("part of the history"):
            run.unlink()

    def test_the_journal_counts_what_was_proposed_left_out_sent_and_failed(self):
        good, bad, held = self._customer("Good"), self._customer("Bad"), self._customer("Held")
        for customer in (good, bad, held):
            self._overdue_invoice(50.0, partner=customer)
        self._overdue_invoice(50.0, partner=good, due="2026-02-25")
        self._hold(held)
        run = self._run()
        self.assertEqual((run.proposed_count, run.queued_count, run.left_out_count), (2, 2, 2))
        self.assertExcluded(run, {"hold": 1, "not_late": 1})
        self.assertEqual(run.amount_due, 150.0)
        self._run_cron("credit_collection.ir_cron_send_notices")
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=["bad@customer.example"])
        self.assertEqual((run.sent_count, run.failed_count, run.queued_count), (1, 1, 0))

    def test_a_policy_without_review_sends_by_itself_once_a_day(self):
        """C23."""
        self.policy.is_automatic = True
        self.company.collection_email_from = '"Collections" <collect@seller.example>'
        reviewed = self._customer("Reviewed")
        reviewed.collection_policy_id = self._policy(name="Reviewed")
        invoice, other = self._overdue_invoice(), self._overdue_invoice(partner=reviewed)
        for _time in range(2):
            self._run_cron("credit_collection.ir_cron_run")
            self._send()
        run = self.env["credit.collection.run"].search([("is_automatic", "=", True)])
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        self.assertState(run.dunning_ids, "sent")
        self.assertDecision(other, "due")
        mail = run.dunning_ids.delivery_ids.mail_message_id
        self.assertEqual(mail.email_from, '"Collections" <collect@seller.example>')
        self.assertEqual(mail.author_id, self.company.partner_id)

    def test_the_number_of_queries_does_not_grow_with_the_proposal(self):
        run = self.env["credit.collection.run"].create({})

        def count_queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run._propose()
            return self.env.cr.sql_log_count - before

        self._overdue_invoice()
        count_queries()  # the first time fills caches
        one = count_queries()
        for number in range(9):
            self._overdue_invoice(partner=self._customer(f"Customer {number}"))
        self.assertEqual(count_queries(), one)
        self.assertEqual(len(run.dunning_ids), 10)

    def test_two_currencies_are_never_added_up(self):
        """C1, C2."""
        dollar = self._currency("USD", 1.25)
        self._overdue_invoice(100.0)
        self._overdue_invoice(50.0)
        self._overdue_invoice(125.0, currency_id=dollar.id)
        dunning = self._propose().dunning_ids
        self.assertEqual(
            dunning._get_totals(), {self.env.company.currency_id: 150.0, dollar: 125.0}
        )
        self.assertEqual(dunning.amount_due, 250.0, "the company's own view, in its currency")
        self.assertEqual(dunning.amount_text, "150.00\xa0€ and $\xa0125.00")

    def test_the_invoice_reminded_recently_waits_and_the_others_go(self):
        """C18: it is listed, but stays at its level."""
        recent = self._overdue_invoice()
        self._dun()
        late = self._overdue_invoice(due="2026-02-24")
        run = self._dun("2026-03-06")
        self.assertNotices(run, [(self.customer, 1, {recent: 0, late: 1})])
        self.assertDecision(recent, "waiting", level=2, next_on="2026-03-12")
        self.assertLevel(late, 1)

    def test_the_proposal_warns_of_money_that_nobody_matched(self):
        """C17."""
        self._overdue_invoice(100.0)
        self._unmatched_payment(30.0)
        dunning = self._propose().dunning_ids
        self.assertEqual(
            dunning.warning,
            "30.00\xa0€ of payments or credit notes of this customer are not matched yet.",
        )

    def test_the_proposal_warns_of_a_receipt_on_the_bank_statement(self):
        """C17."""
        self._overdue_invoice(100.0)
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "partner_id": self.customer.id,
                "payment_ref": "Transfer",
                "amount": 100.0,
                "date": "2026-03-01",
            }
        )
        dunning = self._propose().dunning_ids
        self.assertIn("bank statement", dunning.warning)

    def test_the_proposal_warns_of_a_missing_address(self):
        self.customer.email = False
        self._overdue_invoice()
        self.assertEqual(self._propose().dunning_ids.warning, "There is no e-mail address.")

    def test_an_empty_run_says_what_to_do(self):
        """C12."""
        run = self._propose()
        with self.assertRefused("nothing to send"):
            run.action_approve()
        with self.assertRefused("no letter to print"):
            run.action_print_letters()
        with self.assertRefused("waits to be posted"):
            run.action_mark_posted()

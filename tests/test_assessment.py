from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.credit_collection.models import credit_collection_item

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestSelection(CollectionCommon):
    """Which open items are reminded, and why the others are not."""

    def test_what_is_booked_for_many_at_once_is_assessed_like_what_is_booked_for_few(self):
        others = [self._customer(name) for name in ("Bees", "Wasps")]
        self._commit()
        with patch.object(credit_collection_item, "_FEW", 1):
            invoices = [self._overdue_invoice(partner=one) for one in (*others, self.customer)]
            self._commit()
            for invoice in invoices:
                self.assertDecision(invoice, "due", 1)
            self._pay(invoices[0])
            self._commit()
        self.assertFalse(self._items(invoices[0]))
        self.assertDecision(invoices[1], "due", 1)

    def test_an_invoice_forty_days_late_gets_one_line_at_the_first_level(self):
        """S1."""
        invoice = self._overdue_invoice(due="2026-01-21")
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        self.assertEqual(run.dunning_ids.level_id, self._level(1))
        self._dun()
        self.assertLevel(invoice, 1)

    def test_draft_and_cancelled_invoices_do_not_exist_for_dunning(self):
        """S2."""
        draft = self._overdue_invoice(post=False)
        cancelled = self._overdue_invoice()
        self.assertDecision(cancelled, "due")
        cancelled.button_draft()
        cancelled.button_cancel()
        self._commit()
        self.assertFalse(self._items(draft | cancelled))
        self.assertFalse(self._propose().dunning_ids)

    def test_the_day_of_the_level_counts(self):
        """S3: the delay is reached on its very day."""
        invoice = self._overdue_invoice(due="2026-02-20")
        self.assertDecision(invoice, "due", level=1, next_on="2026-03-02")
        self.assertNotices(self._propose(), [(self.customer, 1, {invoice: 1})])

    def test_an_invoice_that_is_not_due_is_left_alone(self):
        """S4."""
        invoice = self._overdue_invoice(due="2026-03-02")
        self.assertDecision(invoice, "not_late", level=1, next_on="2026-03-12")
        self.assertFalse(self._propose().dunning_ids)

    def test_a_courtesy_reminder_goes_before_the_due_date(self):
        """S5."""
        self.customer.collection_policy_id = self._policy([(-10, 0), (10, 0)])
        invoice = self._overdue_invoice(due="2026-03-10")
        self.assertDecision(invoice, "due", level=1, next_on="2026-02-28")
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        self.assertEqual(run.dunning_ids.line_ids.days_late, 0)

    def test_two_courtesy_levels_and_a_reminder_follow_each_other(self):
        """S6."""
        self.customer.collection_policy_id = self._policy([(-30, 0), (-10, 5), (30, 10)])
        invoice = self._overdue_invoice(due="2026-04-10", invoice_date="2026-02-01")
        self.assertFalse(self._propose("2026-03-06").dunning_ids)
        for day, level in (("2026-03-16", 1), ("2026-04-02", 2), ("2026-05-11", 3)):
            self.assertNotices(self._dun(day), [(self.customer, level, {invoice: level})])

    def test_a_courtesy_reminder_that_was_missed_is_not_sent_after_the_due_date(self):
        self.customer.collection_policy_id = self._policy([(-10, 0), (10, 0)])
        invoice = self._overdue_invoice(due="2026-03-02")
        self.assertDecision(invoice, "not_late", level=2, next_on="2026-03-12")

    def test_only_the_instalment_that_is_late_is_claimed(self):
        """S7."""
        term = self._term((40, 0), (60, 60))
        invoice = self._overdue_invoice(1000.0, due="2026-02-10", term=term)
        run = self._propose()
        self.assertEqual(run.dunning_ids.amount_due, 400.0)
        self.assertEqual(len(run.dunning_ids.line_ids), 1)
        first, second = self._items(invoice)
        self.assertEqual((first.decision, second.decision), ("due", "not_late"))
        self.assertEqual(first.date_due, fields.Date.to_date("2026-02-10"))
        self.assertEqual(second.date_next, fields.Date.to_date("2026-04-21"))

    def test_each_instalment_climbs_its_own_ladder(self):
        term = self._term((50, 0), (50, 15))
        invoice = self._overdue_invoice(1000.0, due="2026-02-16", term=term)
        self._dun("2026-03-02")
        self._dun("2026-03-15")
        first, second = self._items(invoice)
        self.assertEqual(first.level_id, self._level(2))
        self.assertEqual(second.level_id, self._level(1))

    def test_small_change_is_not_worth_a_reminder(self):
        """S8: what is open, not what was invoiced, is compared with the tolerance."""
        self.policy.tolerance = 5.0
        small, at_limit = self._overdue_invoice(4.99), self._overdue_invoice(5.0)
        paid_down = self._overdue_invoice(100.0)
        self._pay(paid_down, 96.0)
        self.assertDecision(small, "tolerance")
        self.assertDecision(paid_down, "tolerance")
        self.assertDecision(at_limit, "due")
        self.assertNotices(self._propose(), [(self.customer, 1, {at_limit: 1})])

    def test_the_tolerance_is_compared_in_the_currency_of_the_company(self):
        """S9."""
        self.policy.tolerance = 0.1
        yen, dinar = self._currency("JPY", 160.0), self._currency("KWD", 0.31)
        worthless = self._overdue_invoice(10, currency_id=yen.id)
        worth_it = self._overdue_invoice(0.2, currency_id=dinar.id)
        self.assertDecision(worthless, "tolerance")
        self.assertDecision(worth_it, "due")

    def test_an_invoice_marked_as_excluded_is_never_reminded(self):
        """S10: on the invoice or on one of its instalments, which Odoo keeps alike."""
        invoice = self._overdue_invoice()
        invoice.no_followup = True
        instalments = self._overdue_invoice(due="2026-02-10", term=self._term((50, 0), (50, 5)))
        self.assertDecision(instalments, "due")
        instalments.line_ids.filtered("date_maturity")[0].no_followup = True
        self.assertDecision(invoice | instalments, "excluded")
        self.assertFalse(self._propose().dunning_ids)
        invoice.no_followup = False
        self.assertDecision(invoice, "due")

    def test_a_miscellaneous_entry_is_followed_only_when_somebody_says_so(self):
        """S11."""
        entry = self._misc_entry()
        self.assertDecision(entry, "excluded")
        entry.line_ids.no_followup = False
        self.assertDecision(entry, "due")

    def test_an_invoice_of_a_contact_belongs_to_the_customer_and_goes_to_the_contact(self):
        """S12."""
        contact = self._contact(self.customer, "Accounts Payable", email="ap@customer.example")
        own = self._overdue_invoice(partner=contact)
        other = self._overdue_invoice(due="2026-02-18")
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {own: 1, other: 1})])
        self.assertEqual(self._case().partner_id, self.customer)
        other.button_draft()
        other.button_cancel()
        run._propose()
        self.assertEqual(run.dunning_ids.partner_id, contact)
        self.assertEqual(run.dunning_ids._get_email(), "ap@customer.example")

    def test_an_archived_customer_still_owes(self):
        """S13."""
        invoice = self._overdue_invoice()
        self.customer.active = False
        run = self._dun()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        self.assertState(run.dunning_ids, "sent")
        self.assertEqual(self._case().display_name, "Late Payer Ltd")

    def test_a_disputed_invoice_is_left_out_and_the_others_go_on(self):
        """S14: it resumes when the dispute is settled."""
        disputed, other = self._overdue_invoice(500.0), self._overdue_invoice(100.0)
        hold = self._hold(disputed, reason="dispute")
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {other: 1})])
        self.assertEqual(run.dunning_ids.amount_due, 100.0)
        self.assertExcluded(run, {"hold": 1})
        hold.action_release()
        run._propose()
        self.assertNotices(run, [(self.customer, 1, {other: 1, disputed: 1})])

    def test_a_hold_ends_on_its_day_and_the_day_of_the_run_decides(self):
        """S15."""
        invoice = self._overdue_invoice()
        self._hold(invoice, until="2026-03-10")
        self.assertDecision(invoice, "hold", next_on="2026-03-10")
        self._assess("2026-03-09")
        self.assertDecision(invoice, "hold")
        self._assess("2026-03-10")
        self.assertDecision(invoice, "due")

    def test_a_hold_that_has_not_begun_does_not_hold(self):
        invoice = self._overdue_invoice()
        self._hold(invoice, date_start="2026-03-05", until="2026-03-10")
        self.assertDecision(invoice, "due")
        self._assess("2026-03-05")
        self.assertDecision(invoice, "hold")

    def test_no_dunning_is_a_policy_like_any_other(self):
        """S18, I9: whatever receivable account the customer is on."""
        account = self.copy_account(self.company_data["default_account_receivable"])
        dunned = self._customer("Dunned", property_account_receivable_id=account.id)
        spared = self._customer("Spared", property_account_receivable_id=account.id)
        spared.collection_policy_id = self.env.ref("credit_collection.policy_no_dunning")
        due, never = self._overdue_invoice(partner=dunned), self._overdue_invoice(partner=spared)
        self.assertDecision(never, "no_dunning", level=0, next_on="")
        run = self._propose()
        self.assertNotices(run, [(dunned, 1, {due: 1})])
        self.assertExcluded(run, {"no_dunning": 1})

    def test_a_policy_without_levels_reminds_nobody(self):
        self.customer.collection_policy_id = self._policy([])
        self.assertDecision(self._overdue_invoice(), "no_dunning")

    def test_credits_that_cover_the_debt_stop_the_reminder(self):
        """S19."""
        invoice = self._overdue_invoice(100.0)
        self._credit_note(100.0)
        self.assertDecision(invoice, "credits")
        self.assertFalse(self._propose().dunning_ids)

    def test_credits_that_cover_a_part_lower_the_claim(self):
        invoice = self._overdue_invoice(100.0)
        credit = self._credit_note(30.0)
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1, credit: 0})])
        self.assertEqual(run.dunning_ids.amount_due, 70.0)

    def test_an_unmatched_payment_counts_as_a_credit(self):
        invoice = self._overdue_invoice(100.0)
        self._unmatched_payment(100.0)
        self.assertDecision(invoice, "credits")

    def test_a_credit_does_not_cover_what_is_not_due_yet(self):
        """The credit is weighed against what is overdue, not against tomorrow's invoices."""
        overdue = self._overdue_invoice(100.0)
        self._overdue_invoice(1000.0, due="2026-06-01")
        self._credit_note(150.0)
        self.assertDecision(overdue, "credits")

    def test_an_invoice_in_payment_waits_for_the_bank(self):
        """S22: unless the policy says otherwise. The state is what a bank integration writes."""
        invoice = self._overdue_invoice()
        invoice.payment_state = "in_payment"
        self.assertDecision(invoice, "in_payment")
        self.assertFalse(self._propose().dunning_ids)
        self.policy.include_in_payment = True
        self._assess()
        self.assertDecision(invoice, "due")

    def test_an_invoice_whose_payment_is_blocked_is_left_alone(self):
        invoice = self._overdue_invoice()
        invoice.action_toggle_block_payment()
        self.assertDecision(invoice, "blocked")
        invoice.action_toggle_block_payment()
        self.assertDecision(invoice, "due")

    def test_a_partly_paid_invoice_is_reminded_for_the_rest(self):
        """S23."""
        invoice = self._overdue_invoice(100.0)
        self._pay(invoice, 60.0)
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        line = run.dunning_ids.line_ids
        self.assertEqual(
            (line.amount_original, line.amount_paid, line.amount_residual), (100.0, 60.0, 40.0)
        )

    def test_the_customer_owes_too_little_for_the_level(self):
        """The minimum is about the whole customer, credits deducted."""
        self.customer.collection_policy_id = self._policy([(10, 0, {"amount_min": 100.0})])
        invoice = self._overdue_invoice(60.0)
        self.assertDecision(invoice, "minimum", level=1)
        second = self._overdue_invoice(40.0)
        self.assertDecision(invoice | second, "due")
        self._credit_note(1.0)
        self.assertDecision(invoice | second, "minimum")

    def test_days_of_grace_are_added_after_the_due_date_only(self):
        policy = self._policy([(-5, 0), (10, 0)], grace_days=3)
        self.customer.collection_policy_id = policy
        late = self._overdue_invoice(due="2026-02-20")
        coming = self._overdue_invoice(due="2026-03-20")
        self.assertDecision(late, "not_late", level=2, next_on="2026-03-05")
        self.assertDecision(coming, "not_late", level=1, next_on="2026-03-15")

    def test_a_customer_hears_nothing_during_the_quiet_days(self):
        self.policy.quiet_days = 7
        first = self._overdue_invoice()
        self._dun()
        second = self._overdue_invoice(due="2026-02-22")
        self._day("2026-03-04")
        self._assess()
        self.assertDecision(first, "waiting", level=2, next_on="2026-03-12")
        self.assertDecision(second, "quiet", level=1, next_on="2026-03-09")
        self.assertFalse(self._propose().dunning_ids)
        self.assertNotices(self._propose("2026-03-09"), [(self.customer, 1, {first: 0, second: 1})])

    def test_the_same_customer_is_judged_in_all_currencies_together(self):
        """A claim in dollars is covered by a credit in euros, at the value of the books."""
        dollar = self._currency("USD", 1.25)
        invoice = self._overdue_invoice(125.0, currency_id=dollar.id)
        self._credit_note(100.0)
        self.assertDecision(invoice, "credits")

    def test_nothing_is_written_when_nothing_changed(self):
        self._overdue_invoice()
        self._commit()
        self.env.cr.execute("SELECT xmin::text, id FROM credit_collection_item ORDER BY id")
        before = self.env.cr.fetchall()
        self._assess()
        self.env.cr.execute("SELECT xmin::text, id FROM credit_collection_item ORDER BY id")
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_the_number_of_queries_does_not_grow_with_the_ledger(self):
        self._overdue_invoice()
        self._assess()

        def count_queries():
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self._assess()
            return self.env.cr.sql_log_count - before

        one = count_queries()
        for number in range(9):
            self._overdue_invoice(partner=self._customer(f"Customer {number}"))
        self.assertEqual(count_queries(), one)


@tagged("post_install", "-at_install")
class TestSentence(CollectionCommon):
    """What people read beside an invoice: what happens next, when, and why."""

    def test_not_late_enough(self):
        self.assertExplained(
            self._overdue_invoice(due="2026-02-25"),
            "Level 1 on March 7, 2026: 10 days after the due date, February 25, 2026.",
        )

    def test_courtesy_reminder_to_come(self):
        self.customer.collection_policy_id = self._policy([(-10, 0)])
        self.assertExplained(
            self._overdue_invoice(due="2026-03-20"),
            "Level 1 on March 10, 2026: 10 days before the due date.",
        )

    def test_reminder_on_the_due_date_itself(self):
        self.customer.collection_policy_id = self._policy([(0, 0)])
        self.assertExplained(
            self._overdue_invoice(due="2026-03-20"),
            "Level 1 on March 20, 2026: the due date.",
        )

    def test_due(self):
        self.assertExplained(
            self._overdue_invoice(),
            "Level 1 is due since March 2, 2026: the next run proposes it.",
        )

    def test_waiting(self):
        invoice = self._overdue_invoice()
        self._dun()
        self.assertExplained(
            invoice, "Level 2 on March 12, 2026: 10 days after Level 1, sent March 2, 2026."
        )

    def test_later_than_its_wait(self):
        """The wait is over before the delay after the due date: the delay is the reason."""
        self.customer.collection_policy_id = self._policy([(10, 0), (40, 7)])
        invoice = self._overdue_invoice()
        self._dun()
        self.assertExplained(
            invoice, "Level 2 on April 1, 2026: 40 days after the due date, February 20, 2026."
        )

    def test_quiet(self):
        self.policy.quiet_days = 7
        self._overdue_invoice()
        self._dun()
        self.assertExplained(
            self._overdue_invoice(),
            "Level 1 on March 9, 2026: at least 7 days between two notices to this customer, the "
            "last one sent March 2, 2026.",
        )

    def test_hold(self):
        invoice = self._overdue_invoice()
        self._hold(invoice, until="2026-03-20", reason="dispute")
        self.assertExplained(
            invoice,
            "On hold until March 20, 2026: Disputed by the customer (Because I am accountman!).",
        )

    def test_hold_without_an_end(self):
        invoice = self._overdue_invoice()
        self._hold(invoice, until=False, reason="hardship")
        self.assertExplained(
            invoice, "On hold without an end: Hardship (Because I am accountman!)."
        )

    def test_queued(self):
        invoice = self._overdue_invoice()
        self._run()
        self.assertExplained(
            invoice, "A notice to this customer is approved and about to be sent (Level 1)."
        )

    def test_failed_for_want_of_an_address(self):
        self.customer.email = False
        invoice = self._overdue_invoice()
        self._dun()
        self.assertExplained(
            invoice,
            "Level 1 could not be delivered: There is no e-mail address. Enter an e-mail address "
            "and try again, or cancel the notice.",
        )

    def test_failed_at_a_wrong_address(self):
        self.customer.email = "late.payer"
        invoice = self._overdue_invoice()
        self._dun()
        self.assertExplained(
            invoice,
            "Level 1 could not be delivered: late.payer is not an e-mail address. Correct the "
            "address or choose another contact and try again, or cancel the notice.",
        )

    def test_failed_for_another_reason(self):
        invoice = self._overdue_invoice()
        self._run()
        self.env["credit.collection.dunning"].search([]).delivery_ids._set_failed("No more paper.")
        self.assertExplained(
            invoice,
            "Level 1 could not be delivered: No more paper. Try again later, or cancel the notice.",
        )

    def test_last_level(self):
        self.customer.collection_policy_id = self._policy([(10, 0)])
        invoice = self._overdue_invoice()
        self._dun()
        self.assertExplained(
            invoice,
            "Level 1, sent on March 2, 2026, was the last level: decide what to do next.",
        )

    def test_beyond_the_levels_of_a_policy_without_a_notice(self):
        """A ladder of courtesy reminders has nothing to say after the due date."""
        self.customer.collection_policy_id = self._policy([(-10, 0)])
        invoice = self._overdue_invoice()
        self.assertDecision(invoice, "last_level")
        self.assertExplained(
            invoice, "The policy has no level for it any more: decide what to do next."
        )

    def test_minimum(self):
        self.customer.collection_policy_id = self._policy([(10, 0, {"amount_min": 250.0})])
        self.assertExplained(
            self._overdue_invoice(),
            "Not reminded: the customer owes less than the 250.00\xa0€ that Level 1 asks for.",
        )

    def test_what_needs_no_date(self):
        sentences = {
            "tolerance": "Not reminded: the open amount is below the tolerance of the policy.",
            "excluded": 'Never reminded: the entry is marked "Exclude from dunning".',
            "in_payment": "Not reminded: a payment is registered and on its way to the bank.",
            "blocked": "Not reminded while the payment of the invoice is blocked.",
            "no_dunning": "Never reminded: the policy says no dunning.",
            "credits": "Not reminded: open credits of the customer cover it. Match them first.",
            "credit": "An open credit: it lowers what is claimed in the same currency.",
        }
        no_dunning = self.env.ref("credit_collection.policy_no_dunning")
        self.policy.tolerance = 5.0
        invoices = {
            "tolerance": self._overdue_invoice(4.0),
            "excluded": self._overdue_invoice(),
            "in_payment": self._overdue_invoice(),
            "blocked": self._overdue_invoice(),
            "no_dunning": self._overdue_invoice(collection_policy_id=no_dunning.id),
            "credits": self._overdue_invoice(),
            "credit": self._credit_note(500.0),
        }
        invoices["excluded"].no_followup = True
        invoices["in_payment"].payment_state = "in_payment"
        invoices["blocked"].payment_state = "blocked"
        for decision, invoice in invoices.items():
            self.assertDecision(invoice, decision)
            self.assertExplained(invoice, sentences[decision])

    def test_the_sentence_speaks_the_language_of_the_reader(self):
        invoice = self._overdue_invoice()
        self._commit()
        item = self._items(invoice).with_context(lang="fr_FR")
        self.assertIn("2 mars 2026", item.explanation)

    def test_the_invoice_and_the_case_show_what_comes_first(self):
        self._overdue_invoice(due="2026-02-25")
        due = self._overdue_invoice()
        self._commit()
        sentence = "Level 1 is due since March 2, 2026: the next run proposes it."
        self.assertEqual(due.collection_explanation, sentence)
        self.assertEqual(self._case().explanation, sentence)
        self.assertEqual(self.customer.collection_explanation, sentence)


@tagged("post_install", "-at_install")
class TestWhichPolicy(CollectionCommon):
    """Invoice, then customer, then the first matching rule, then the company's default."""

    def setUp(self):
        super().setUp()
        self.env["credit.collection.policy.rule"].search([]).active = False
        self.invoice = self._overdue_invoice()

    def _rule(self, name, **vals):
        """Return a policy of that name, which a rule gives to some customers."""
        policy = self._policy([(10, 0)], name=name)
        self.env["credit.collection.policy.rule"].create({"policy_id": policy.id, **vals})
        self._assess()
        return policy

    def assertPolicy(self, policy, invoice=None):
        self._commit()
        item = self._items(invoice or self.invoice)
        self.assertEqual(item.next_level_id.policy_id, policy)

    def test_the_company_has_a_default(self):
        self.assertPolicy(self.policy)
        self.assertEqual(self._case().policy_id, self.policy)

    def test_a_rule_by_country(self):
        policy = self._rule("Belgians", country_ids=self.env.ref("base.be"))
        self.assertPolicy(policy)
        self.customer.country_id = self.env.ref("base.fr")
        self.assertPolicy(self.policy)

    def test_a_rule_by_tag(self):
        tags = self.env["res.partner.category"].create([{"name": "A"}, {"name": "B"}])
        policy = self._rule("Tagged", category_ids=tags)
        self.assertPolicy(self.policy)
        self.customer.category_id = tags[1]
        self.assertPolicy(policy)

    def test_a_rule_by_kind_of_debtor(self):
        policy = self._rule("Persons", debtor_kind="person")
        self.assertPolicy(self.policy)
        self.customer.is_company = False
        self.assertPolicy(policy)

    def test_every_condition_of_a_rule_counts(self):
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        policy = self._rule(
            "Both", country_ids=self.env.ref("base.be"), category_ids=tag, debtor_kind="company"
        )
        self.assertPolicy(self.policy)
        self.customer.category_id = tag
        self.assertPolicy(policy)

    def test_the_first_rule_that_matches_decides(self):
        self._rule("Second", sequence=20)
        first = self._rule("First", sequence=10)
        self.assertPolicy(first)

    def test_a_rule_of_another_company_does_not_apply(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        self._rule("Theirs", company_id=other.id)
        self.assertPolicy(self.policy)
        shared = self._rule("Shared", company_id=False)
        self.assertPolicy(shared)

    def test_the_customer_comes_before_the_rules(self):
        self._rule("Rule")
        own = self._policy([(10, 0)], name="Own")
        self.customer.collection_policy_id = own
        self.assertPolicy(own)

    def test_the_contact_is_under_the_policy_of_the_customer(self):
        own = self._policy([(10, 0)], name="Own")
        contact = self._contact(self.customer)
        self.customer.collection_policy_id = own
        self.assertPolicy(own, self._overdue_invoice(partner=contact))

    def test_the_invoice_comes_before_the_customer(self):
        own, special = self._policy([(10, 0)], name="Own"), self._policy([(10, 0)], name="Special")
        self.customer.collection_policy_id = own
        self.invoice.collection_policy_id = special
        self.assertPolicy(special)
        self.assertPolicy(own, self._overdue_invoice())

    def test_an_archived_policy_is_skipped_everywhere(self):
        policy = self._policy([(10, 0)], name="Old")
        self.env["credit.collection.policy.rule"].create({"policy_id": policy.id})
        self.customer.collection_policy_id = policy
        self.invoice.collection_policy_id = policy
        self.assertPolicy(policy)
        policy.active = False
        self._run_cron("credit_collection.ir_cron_assess")
        self.assertPolicy(self.policy)

    def test_a_change_of_a_policy_level_or_rule_is_looked_at_soon(self):
        trigger = [("cron_id", "=", self.env.ref("credit_collection.ir_cron_assess").id)]
        Trigger = self.env["ir.cron.trigger"].sudo()
        changes = (
            lambda: self.policy.write({"grace_days": 3}),
            lambda: self._level(1).write({"delay_days": 5}),
            lambda: self._rule("Rule"),
            lambda: self.env["credit.collection.policy.rule"].search([]).write({"sequence": 3}),
        )
        for change in changes:
            Trigger.search(trigger).unlink()
            change()
            self.assertTrue(Trigger.search_count(trigger))

    def test_two_companies_may_treat_one_customer_differently(self):
        own = self._policy([(10, 0)], name="Own")
        self.customer.collection_policy_id = own
        other = self.setup_other_company()["company"]
        self.assertFalse(self.customer.with_company(other).collection_policy_id)


@tagged("post_install", "-at_install")
class TestNumbers(CollectionCommon):
    """Bad input to the assessment is refused or harmless."""

    def test_a_receivable_line_without_a_customer_is_no_case(self):
        entry = self._misc_entry(no_followup=False)
        entry.line_ids.partner_id = False
        self._assess()
        self.assertFalse(self._items(entry))

    def test_a_line_without_a_due_date_is_due_on_its_own_date(self):
        entry = self._misc_entry(no_followup=False, date_maturity=False)
        self.assertDecision(entry, "due")
        self.assertEqual(self._items(entry).date_due, fields.Date.to_date("2026-02-20"))

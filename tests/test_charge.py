import io
from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from odoo.addons.credit_collection.models.credit_collection_dunning_document import DocumentWriter
from odoo.addons.credit_collection.tools.interest import Rate, Terms, accrue
from odoo.addons.credit_collection.tools.interest_spans import share

from .common import CollectionCommon

PRINTER = "odoo.addons.base.models.ir_actions_report"
CHARGED = {"charge_interest": True, "charge_fees": True}
POST = "credit_collection.ir_cron_post_charges"


class ChargeCommon(CollectionCommon):
    """A Belgian company whose second and third notices claim interest and compensation.

    Interest is 10.5 % a year in 2026, compensation 40 euros an invoice.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls._policy(
            ((10, 0), (20, 10, CHARGED), (30, 10, CHARGED)), name="Policy with charges"
        )
        cls.interest_account = cls._income("Late interest", "756001")
        cls.fee_account = cls._income("Compensation", "743001")
        cls.company.sudo().write(
            {
                "collection_policy_id": cls.policy.id,
                "collection_interest_account_id": cls.interest_account.id,
                "collection_fee_account_id": cls.fee_account.id,
            }
        )

    @classmethod
    def _income(cls, name, code):
        return cls.env["account.account"].create(
            {"name": name, "code": code, "account_type": "income_other"}
        )

    @classmethod
    def _consumer(cls, name, country="be"):
        """Return a person who is reminded as businesses are."""
        return cls._customer(
            name,
            is_company=False,
            country_id=cls.env.ref(f"base.{country}").id,
            collection_policy_id=cls.policy.id,
        )

    @classmethod
    def _booked(cls, when="manual", document="invoice", **vals):
        """Let the company book its charges."""
        cls.company.sudo().write(
            {
                "collection_interest_posting": when,
                "collection_fee_posting": when,
                "collection_charge_document": document,
                **vals,
            }
        )

    def _charges(self, on=None, **vals):
        """Return the charges of notices, invoices or of the company."""
        domain = [("company_id", "=", self.env.company.id)]
        if on is not None and on._name == "credit.collection.dunning":
            domain = [("dunning_id", "in", on.ids)]
        elif on is not None:
            domain = [("move_line_id.move_id", "in", on.ids)]
        domain += [(name, "=", value) for name, value in vals.items()]
        return self.env["credit.collection.charge"].search(domain, order="id")

    def _reminded(self, amount=1000.0, due="2026-02-20", **vals):
        """Return an invoice that was reminded once, without charges, on 2 March."""
        invoice = self._overdue_invoice(amount, due, **vals)
        self._dun("2026-03-02")
        return invoice

    def _claimed(self, amount=1000.0, **vals):
        """Return an invoice on which 5.75 of interest and 40 euros were claimed on 12 March."""
        invoice = self._reminded(amount, **vals)
        self._dun("2026-03-12")
        return invoice

    def _decide(self, charges, decision, reason="Agreed on the phone"):
        action = getattr(charges, f"action_{decision}")()
        wizard = Form(self.env["credit.collection.charge.decide"].with_context(**action["context"]))
        wizard.reason = reason
        wizard.save().action_decide()

    def _trial_balance(self):
        """Return the balance of each account, as far as entries are posted."""
        groups = self.env["account.move.line"]._read_group(
            [("company_id", "=", self.env.company.id), ("parent_state", "=", "posted")],
            ["account_id"],
            ["balance:sum"],
        )
        return {account: round(balance, 2) for account, balance in groups if round(balance, 2)}

    def assertCharges(self, on, expected, **vals):
        """These charges and no others: `[(kind, amount, state), ...]`."""
        found = [(one.kind, one.amount, one.state) for one in self._charges(on, **vals)]
        self.assertCountEqual(found, expected)


@tagged("post_install", "-at_install")
class TestChargeProposal(ChargeCommon):
    def test_a_level_that_claims_nothing_proposes_no_charge(self):
        invoice = self._reminded()
        self.assertCharges(invoice, [])

    def test_a_notice_proposes_interest_and_compensation_up_to_its_day(self):
        invoice = self._reminded()
        run = self._propose("2026-03-12")
        # 20 days of 10.5 % on 1000
        self.assertCharges(invoice, [("interest", 5.75, "draft"), ("fee", 40.0, "draft")])
        interest = self._charges(invoice, kind="interest")
        self.assertEqual(str(interest.date_from), "2026-02-21")
        self.assertEqual(str(interest.date_to), "2026-03-12")
        self.assertEqual(interest.rate_text, "10.50 %")
        self.assertEqual(interest.base, 1000.0)
        self.assertIn("45.75", run.dunning_ids.charges_text)
        self.assertEqual(interest.dunning_id, run.dunning_ids)

    def test_a_proposal_that_is_made_again_does_not_double_its_charges(self):
        invoice = self._reminded()
        run = self._propose("2026-03-12")
        run.action_propose()
        self.assertCharges(invoice, [("interest", 5.75, "draft"), ("fee", 40.0, "draft")])

    def test_what_is_left_out_takes_its_charges_along(self):
        left, kept = self._overdue_invoice(1000.0), self._overdue_invoice(500.0)
        self._dun("2026-03-02")
        run = self._propose("2026-03-12")
        run.dunning_ids.line_ids.filtered(lambda line: line._get_move() == left).action_leave_out()
        self.assertCharges(left, [])
        self.assertCharges(kept, [("interest", 2.88, "draft"), ("fee", 40.0, "draft")])

    def test_charges_are_claimed_when_the_notice_is_sent_and_not_before(self):
        invoice = self._reminded()
        run = self._run("2026-03-12")
        self.assertCharges(invoice, [("interest", 5.75, "draft"), ("fee", 40.0, "draft")])
        self._send()
        self.assertState(run.dunning_ids, "sent")
        self.assertCharges(invoice, [("interest", 5.75, "claimed"), ("fee", 40.0, "claimed")])

    def test_a_notice_that_leaves_a_day_later_claims_a_day_more(self):
        invoice = self._reminded()
        self._run("2026-03-12")
        self._send("2026-03-13")
        interest = self._charges(invoice, kind="interest")
        self.assertEqual((interest.amount, str(interest.date_to)), (6.04, "2026-03-13"))

    def test_what_the_interest_follows_from_is_kept_with_it(self):
        interest = self._charges(self._claimed(), kind="interest")
        (segment,) = interest.derivation["segments"]
        self.assertEqual((segment["days"], segment["rate"]), (20, "10.5"))
        self.assertEqual(Decimal(interest.derivation["total"]), Decimal("5.75"))
        self.assertEqual(Decimal(interest.derivation["claimed_before"]), 0)

    def test_a_later_notice_claims_the_days_since_and_no_fee_again(self):
        invoice = self._claimed()
        self._dun("2026-03-22")
        self.assertCharges(
            invoice,
            [
                ("interest", 5.75, "claimed"),
                ("fee", 40.0, "claimed"),
                ("interest", 2.88, "claimed"),
            ],
        )
        first, second = self._charges(invoice, kind="interest")
        self.assertEqual(str(second.date_from), "2026-03-13")
        # 30 days of 10.5 % on 1000: 8.63
        self.assertAlmostEqual(first.amount + second.amount, 8.63)

    def test_a_partial_payment_lowers_the_interest_from_its_day_on(self):
        invoice = self._reminded()
        self._pay(invoice, 600.0, on="2026-03-02")
        self._propose("2026-03-12")
        (line,) = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        expected = line._collection_get_interest(date(2026, 3, 12))[line].total
        interest = self._charges(invoice, kind="interest")
        self.assertEqual(interest.amount, float(expected))
        self.assertEqual(interest.amount, 4.03)

    def test_an_item_of_which_a_part_is_disputed_bears_no_charges_yet(self):
        invoice = self._reminded()
        self.env["credit.collection.dispute"].create(
            {
                "case_id": self._case().id,
                "move_id": invoice.id,
                "amount": 300.0,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
            }
        )
        run = self._propose("2026-03-12")
        self.assertTrue(run.dunning_ids)
        self.assertCharges(invoice, [])

    def test_no_charge_where_no_law_is_known(self):
        stranger = self._customer("Stranger", country_id=self.env.ref("base.aq").id)
        self.company.country_id = self.env.ref("base.aq")
        invoice = self._reminded(partner=stranger)
        self._propose("2026-03-12")
        self.assertCharges(invoice, [])

    def test_a_consumer_without_a_clause_owes_nothing_beside_the_invoice(self):
        person = self._consumer("Jan Peeters")
        invoice = self._reminded(partner=person)
        self._propose("2026-03-12")
        self.assertCharges(invoice, [])

    def test_a_fee_for_the_whole_claim_is_claimed_once_for_its_items(self):
        dutch = self._customer("Jansen BV")
        self.company.collection_legal_profile_id = self.env.ref(
            "credit_collection.legal_profile_nl_business"
        )
        first = self._overdue_invoice(300.0, partner=dutch)
        second = self._overdue_invoice(200.0, partner=dutch)
        self._dun("2026-03-02")
        self._dun("2026-03-12")
        # 15 % of the first 2500 euros
        (fee,) = self._charges(state="claimed").filtered(lambda one: one.kind == "fee")
        self.assertEqual((fee.amount, fee.move_line_id), (75.0, self.env["account.move.line"]))
        self.assertEqual(fee.item_ids.move_line_id.move_id, first | second)
        self._dun("2026-03-22")
        self.assertEqual(self._charges(kind="fee"), fee)

    def test_charges_are_in_the_currency_of_the_invoice(self):
        pound = self._currency("GBP", 0.8)
        invoice = self._reminded(currency_id=pound.id)
        self._propose("2026-03-12")
        self.assertCharges(invoice, [("interest", 5.75, "draft"), ("fee", 32.0, "draft")])
        fee = self._charges(invoice, kind="fee")
        self.assertEqual((fee.currency_id, fee.amount_company), (pound, 40.0))

    def test_two_companies_claim_each_their_own(self):
        invoice = self._claimed()
        company = self.env["res.company"].create(
            {"name": "Elsewhere", "currency_id": self.env.ref("base.EUR").id}
        )
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        charges = self._charges(invoice)
        self.assertTrue(charges)
        self.assertFalse(self.env["credit.collection.charge"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            charges.with_user(stranger).read(["amount"])
        with self.assertRaises(AccessError):
            charges.with_user(stranger).action_waive()


@tagged("post_install", "-at_install")
class TestChargeTwice(ChargeCommon):
    """What the database refuses, whoever asks."""

    def test_the_same_days_are_not_claimed_twice(self):
        interest = self._charges(self._claimed(), kind="interest")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            interest.sudo().copy(
                {"state": "claimed", "date_from": "2026-03-12", "date_to": "2026-03-20"}
            )
            self.env.flush_all()

    def test_the_same_fee_is_not_claimed_twice(self):
        fee = self._charges(self._claimed(), kind="fee")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            fee.sudo().copy({"state": "claimed"})
            self.env.flush_all()

    def test_a_claim_that_was_waived_or_cancelled_leaves_its_days(self):
        interest = self._charges(self._claimed(), kind="interest")
        self._decide(interest, "waive")
        self.env.flush_all()
        twin = interest.sudo().copy({"state": "claimed"})
        self.assertEqual(twin.state, "claimed")

    def test_what_was_waived_is_not_claimed_by_the_next_notice(self):
        invoice = self._claimed()
        self._decide(self._charges(invoice), "waive")
        self._dun("2026-03-22")
        self.assertCharges(invoice, [("interest", 2.88, "claimed")], state="claimed")

    def test_what_is_waived_on_a_proposal_stays_so_when_it_is_made_again(self):
        invoice = self._reminded()
        run = self._propose("2026-03-12")
        self._decide(self._charges(invoice, kind="fee"), "waive")
        run.action_propose()
        self.assertCharges(invoice, [("interest", 5.75, "draft"), ("fee", 40.0, "waived")])
        run.action_approve()
        self._send()
        self.assertCharges(invoice, [("interest", 5.75, "claimed"), ("fee", 40.0, "waived")])

    def test_a_cancelled_notice_takes_its_claims_back(self):
        invoice = self._claimed()
        self._charges(invoice).dunning_id._cancel("The invoice was wrong")
        self.assertCharges(invoice, [("interest", 5.75, "cancel"), ("fee", 40.0, "cancel")])
        self._dun("2026-03-23")
        self.assertCharges(
            invoice, [("interest", 8.92, "claimed"), ("fee", 40.0, "claimed")], state="claimed"
        )

    def test_a_notice_that_comes_back_claims_nothing_until_it_is_sent_again(self):
        invoice = self._claimed()
        dunning = self._charges(invoice).dunning_id
        dunning.delivery_ids._set_failed("no such mailbox")
        self.assertState(dunning, "failed")
        self.assertCharges(invoice, [("interest", 5.75, "draft"), ("fee", 40.0, "draft")])
        dunning.action_retry()
        self._send("2026-03-14")
        self.assertCharges(invoice, [("interest", 6.33, "claimed"), ("fee", 40.0, "claimed")])

    def test_nobody_deletes_or_edits_what_was_claimed(self):
        charges = self._charges(self._claimed())
        with self.assertRefused("waive it instead"):
            charges.sudo().unlink()
        with self.assertRefused("only through its buttons"):
            charges[0].amount = 1.0


@tagged("post_install", "-at_install")
class TestChargeDecision(ChargeCommon):
    def test_a_waiver_is_told_on_the_case_with_its_reason(self):
        fee = self._charges(self._claimed(), kind="fee")
        self._decide(fee, "waive", "A good customer")
        self.assertEqual((fee.state, fee.reason), ("waived", "A good customer"))
        self.assertIn("A good customer", fee.case_id.message_ids[0].body)
        self._decide(fee, "reinstate", "He was late again")
        self.assertEqual(fee.state, "claimed")

    def test_above_the_limit_a_manager_waives(self):
        self.company.sudo().collection_waive_max = 30.0
        charges = self._charges(self._claimed())
        collector = self._user("collector", "credit_collection_group_user")
        with self.assertRaisesRegex(AccessError, "ask one"):
            charges.with_user(collector)._waive("Too much work")
        charges.filtered(lambda one: one.kind == "interest").with_user(collector)._waive("Small")
        charges._waive("Decided by the manager")
        self.assertEqual(charges.mapped("state"), ["waived", "waived"])

    def test_who_only_reads_decides_nothing(self):
        charges = self._charges(self._claimed())
        reader = self._user("reader", "credit_collection_group_readonly")
        self.assertEqual(charges.with_user(reader).mapped("amount"), [5.75, 40.0])
        for method in ("action_waive", "action_reinstate", "action_reverse", "action_post"):
            with self.assertRaises(AccessError):
                getattr(charges.with_user(reader), method)()
        with self.assertRaises(AccessError):
            self.env["credit.collection.charge"].with_user(reader).create({})

    def test_who_has_no_right_in_collections_sees_nothing(self):
        charges = self._charges(self._claimed())
        with self.assertRaises(AccessError):
            charges.with_user(self._user("clerk")).read(["amount"])

    def test_the_case_tells_what_is_claimed_apart_from_the_ledger(self):
        self._claimed()
        self._commit()
        case = self._case()
        self.assertEqual(case.charge_count, 2)
        self.assertIn("45.75", case.charges_text)
        self.assertEqual(case.amount_residual, 1000.0)

    def test_who_pays_the_invoice_alone_still_owes_the_charges(self):
        invoice = self._claimed()
        self._pay(invoice, on="2026-03-15")
        self._commit()
        self.assertCharges(invoice, [("interest", 5.75, "claimed"), ("fee", 40.0, "claimed")])
        self.assertIn("45.75", self._case().charges_text)
        self.assertFalse(self._items(invoice))


@tagged("post_install", "-at_install")
class TestChargeBooking(ChargeCommon):
    def test_a_person_posts_a_debit_note_without_tax(self):
        self._booked()
        invoice = self._claimed()
        before = invoice.amount_total
        charges = self._charges(invoice)
        charges.action_post()
        note = charges.charge_move_id
        self.assertEqual(
            (note.move_type, note.amount_total, note.amount_tax), ("out_invoice", 45.75, 0.0)
        )
        self.assertEqual(str(note.invoice_date), "2026-03-12")
        self.assertEqual(
            {line.account_id: line.price_subtotal for line in note.invoice_line_ids},
            {self.interest_account: 5.75, self.fee_account: 40.0},
        )
        self.assertEqual(note.collection_charge_ids, charges)
        self.assertEqual(charges.charge_line_id.move_id, note)
        self.assertEqual(invoice.amount_total, before)
        self.assertEqual(charges.mapped("state"), ["posted", "posted"])

    def test_an_entry_has_a_receivable_for_each_charge(self):
        self._booked(document="entry")
        charges = self._charges(self._claimed())
        charges.action_post()
        entry = charges.charge_move_id
        self.assertEqual(entry.move_type, "entry")
        self.assertEqual(
            sorted(entry._collection_get_receivables().mapped("balance")), [5.75, 40.0]
        )
        self.assertEqual([line.balance for line in charges.charge_line_id], [-5.75, -40.0])

    def test_debit_notes_posted_and_reversed_leave_the_trial_balance_as_it_was(self):
        self._check_trial_balance("invoice")

    def test_entries_posted_and_reversed_leave_the_trial_balance_as_it_was(self):
        self._check_trial_balance("entry")

    def _check_trial_balance(self, document):
        self._booked(document=document)
        charges = self._charges(self._claimed())
        before = self._trial_balance()
        charges.action_post()
        self.assertNotEqual(self._trial_balance(), before)
        note = charges.charge_move_id
        self._decide(charges, "reverse", "Booked too early")
        self.assertEqual(self._trial_balance(), before)
        self.assertEqual(charges.mapped("state"), ["claimed", "claimed"])
        self.assertTrue(all(note._collection_get_receivables().mapped("reconciled")))

    def test_one_line_of_a_debit_note_is_reversed_and_the_other_stays_booked(self):
        self._check_one_reversed("invoice")

    def test_one_charge_of_an_entry_is_reversed_and_the_other_stays_booked(self):
        self._check_one_reversed("entry")

    def _check_one_reversed(self, document):
        self._booked(document=document)
        charges = self._charges(self._claimed())
        charges.action_post()
        note = charges.charge_move_id
        fee = charges.filtered(lambda one: one.kind == "fee")
        self._decide(fee, "reverse", "Only the interest")
        self.assertEqual((fee.state, (charges - fee).state), ("claimed", "posted"))
        receivables = note._collection_get_receivables()
        self.assertEqual(sum(receivables.mapped("amount_residual")), 5.75)
        self._decide(fee, "waive")
        self.assertEqual(fee.state, "waived")

    def test_charges_are_booked_by_themselves_when_the_notice_is_sent(self):
        self._booked("sending")
        charges = self._charges(self._claimed())
        self.assertEqual(charges.mapped("state"), ["claimed", "claimed"])
        self._run_cron(POST)
        self.assertEqual(charges.mapped("state"), ["posted", "posted"])
        self._run_cron(POST)
        self.assertEqual(len(charges.charge_move_id), 1)

    def test_what_cannot_be_posted_becomes_a_task_and_stops_no_notice(self):
        self._booked("sending", collection_fee_account_id=False)
        charges = self._charges(self._claimed())
        self._run_cron(POST)
        self.assertEqual(charges.mapped("state"), ["claimed", "claimed"])
        self.assertState(charges.dunning_id, "sent")
        task = charges.case_id.activity_ids.filtered(
            lambda one: (
                one.activity_type_id
                == self.env.ref("credit_collection.mail_activity_type_charges_failed")
            )
        )
        self.assertIn("Name the accounts", task.note)
        self.company.sudo().collection_fee_account_id = self.fee_account
        charges.action_post()
        self.assertEqual(charges.mapped("state"), ["posted", "posted"])

    def test_a_locked_period_is_booked_on_the_first_open_day(self):
        self._booked()
        charges = self._charges(self._claimed())
        self.company.sudo().fiscalyear_lock_date = "2026-03-31"
        self._day("2026-04-05")
        charges.action_post()
        self.assertEqual(str(charges.charge_move_id.date), "2026-04-01")

    def test_what_is_never_booked_is_not_asked_for(self):
        dunning = self._charges(self._claimed()).dunning_id
        self.assertIn("1,000.00", dunning.amount_text)
        self.assertIn("45.75", dunning.charges_text)
        values = dunning._get_placeholder_values()
        self.assertIn("1,045.75", values["claim_total"])

    def test_what_can_be_booked_is_asked_for_with_the_invoices(self):
        self._booked()
        dunning = self._charges(self._claimed()).dunning_id
        self.assertIn("1,045.75", dunning.amount_text)
        (payment,) = dunning._get_document_vals()[dunning]["payments"]
        self.assertIn("1,045.75", payment["amount"])

    def test_a_notice_says_what_it_claimed_whatever_is_waived_later(self):
        self._booked()
        charges = self._charges(self._claimed())
        self._decide(charges, "waive")
        self.assertIn("1,045.75", charges.dunning_id.amount_text)

    def test_who_paid_all_has_his_charges_posted_and_matched(self):
        self._booked()
        invoice = self._claimed()
        charges = self._charges(invoice)
        with self.assertRefused("register the payment first"):
            charges.action_settle()
        payment = self._unmatched_payment(1045.75, on="2026-03-15")
        paid = payment.move_id._collection_get_receivables()
        (paid | invoice._collection_get_receivables()).reconcile()
        self._commit()
        charges.action_settle()
        self.assertEqual(charges.mapped("is_collected"), [True, True])
        self.assertTrue(paid.reconciled)
        self.assertEqual(
            self.env["credit.collection.charge"].search([("is_collected", "=", True)]), charges
        )

    def test_booked_charges_bear_no_charges_and_are_left_in_peace(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        self._commit()
        note = charges.charge_move_id
        self.assertDecision(note, "excluded")
        line = note._collection_get_receivables()
        self.assertIn("charge", line._collection_get_interest(date(2026, 12, 1))[line].reason)

    def test_booked_charges_are_reminded_where_the_company_says_so(self):
        self._booked(collection_dun_charges=True)
        charges = self._charges(self._claimed())
        charges.action_post()
        self._dun("2026-04-10")
        self._dun("2026-04-25")
        note = charges.charge_move_id
        self.assertTrue(note.dunning_count)
        self.assertFalse(self._charges(note))

    def test_the_document_of_charges_is_not_reset_to_draft(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        with self.assertRefused("reverse these charges instead"):
            charges.charge_move_id.button_draft()

    def test_the_document_of_charges_is_not_cancelled_either(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        with self.assertRefused("reverse these charges instead"):
            charges.charge_move_id.button_cancel()
        self.assertEqual(charges.mapped("state"), ["posted", "posted"])

    def _reverse_by_hand(self, move, keep=None):
        """Reverse a document with Odoo's own button; leave only a line of it in the reversal."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "reason": "By hand"})
        )
        wizard.reverse_moves()
        note = wizard.new_move_ids
        if keep:
            note.invoice_line_ids.filtered(lambda line: line.account_id != keep).unlink()
        if note.state == "draft":
            note.action_post()
        return note

    def test_a_credit_note_made_by_hand_takes_the_booking_of_charges_back(self):
        self._check_reversed_by_hand("invoice")

    def test_an_entry_reversed_by_hand_takes_the_booking_of_charges_back(self):
        self._check_reversed_by_hand("entry")

    def _check_reversed_by_hand(self, document):
        self._booked(document=document)
        invoice = self._claimed()
        charges = self._charges(invoice)
        before = self._trial_balance()
        charges.action_post()
        note = self._reverse_by_hand(charges.charge_move_id)
        self.assertEqual(charges.mapped("state"), ["claimed", "claimed"])
        self.assertEqual(charges.reversal_move_id, note)
        self.assertFalse(charges.charge_move_id)
        self.assertEqual(self._trial_balance(), before)
        self.assertIn(note.name, charges.case_id.message_ids[0].body)
        self._dun("2026-03-22")
        self.assertCharges(
            invoice,
            [
                ("interest", 5.75, "claimed"),
                ("fee", 40.0, "claimed"),
                ("interest", 2.88, "claimed"),
            ],
        )
        charges.action_post()  # and it may be booked again
        self.assertEqual(charges.mapped("state"), ["posted", "posted"])

    def test_a_credit_note_by_hand_for_one_line_takes_one_charge_back(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        self._reverse_by_hand(charges.charge_move_id, keep=self.fee_account)
        fee = charges.filtered(lambda one: one.kind == "fee")
        self.assertEqual((fee.state, (charges - fee).state), ("claimed", "posted"))

    def test_what_reversed_charges_is_not_reset_to_draft(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        note = self._reverse_by_hand(charges.charge_move_id)
        with self.assertRefused("post them again"):
            note.button_draft()

    def test_who_only_books_reverses_a_document_of_charges(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        clerk = self._user("clerk", only="account.group_account_invoice,base.group_user")
        self._reverse_by_hand(charges.charge_move_id.with_user(clerk))
        self.assertEqual(charges.mapped("state"), ["claimed", "claimed"])

    def test_a_notice_with_booked_charges_is_not_cancelled(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        with self.assertRefused("reverse them first"):
            charges.dunning_id._cancel("Too late")

    def test_the_usual_accounts_of_the_chart_are_proposed(self):
        company = self._create_company(name="Belgian", country_id=self.env.ref("base.be").id)
        self.env["account.chart.template"].try_loading("be_comp", company, install_demo=False)
        company = company.with_company(company)
        self.assertEqual(
            company._collection_get_account("collection_interest_account_id").code[:3], "756"
        )
        self.assertEqual(
            company._collection_get_account("collection_fee_account_id").code[:3], "743"
        )


@tagged("post_install", "-at_install")
class TestChargeLetter(ChargeCommon):
    def test_the_letter_lists_interest_compensation_and_the_total(self):
        self._booked()
        dunning = self._charges(self._claimed()).dunning_id
        vals = dunning._get_document_vals()[dunning]["charges"]
        (row,) = vals["rows"]
        self.assertEqual((row["interest"], row["fees"]), ("5.75\xa0€", "40.00\xa0€"))
        self.assertTrue(vals["is_payable"])
        html = self._render(dunning)
        for text in ("10.50 %", "Interest and compensation up to", "1,045.75", "Legal basis"):
            self.assertIn(text, html)

    def test_a_later_letter_says_the_interest_since_the_due_date(self):
        self._claimed()
        dunning = self._dun("2026-03-22").dunning_ids
        (row,) = dunning._get_document_vals()[dunning]["charges"]["rows"]
        self.assertEqual((row["interest"], row["fees"]), ("8.63\xa0€", "40.00\xa0€"))
        self.assertIn("48.63", dunning.charges_text)

    def test_a_letter_that_asks_for_the_invoices_alone_says_so(self):
        dunning = self._charges(self._claimed()).dunning_id
        html = self._render(dunning)
        self.assertIn("We reserve the right", html)
        self.assertIn("Total of our claim", html)

    def test_many_items_have_an_annex_of_their_own(self):
        for number in range(12):
            self._overdue_invoice(100.0 + number)
        self._dun("2026-03-02")
        dunning = self._dun("2026-03-12").dunning_ids
        vals = dunning._get_document_vals()[dunning]["charges"]
        self.assertFalse(vals["rows"])
        self.assertEqual(sum(map(len, vals["sheets"])), 12)

    def _formal(self, **vals):
        """Return the notice of a formal level that claims interest on three invoices."""
        self._level(2).is_formal_notice = True
        paid = self._overdue_invoice(1000.0)
        self._overdue_invoice(500.0, "2025-12-20")
        self._overdue_invoice(200.0, "2026-02-10")
        self._dun("2026-03-02")
        self._pay(paid, 400.0, on="2026-03-05")
        return self._dun("2026-03-12").dunning_ids

    def test_a_formal_notice_derives_its_interest_for_a_judge(self):
        dunning = self._formal()
        html = self._render(dunning)
        for text in (
            "how interest and compensation are calculated",
            "Payment of 400.00 €",
            "Law of 2 August 2002, art. 5 and 6",
            "Fixed compensation · Law of 2 August 2002, art. 6",
            "From 03/13/2026 on, each day adds 0.17 € of interest",  # 600 at 10.5 %
        ):
            self.assertIn(text, html)
        vals = dunning._get_document_vals()[dunning]["derivation"]
        claimed = sum(one.amount for one in dunning.charge_ids if one.kind == "interest")
        self.assertEqual(vals["totals"][0]["amount"], f"{claimed:.2f}\xa0€")
        self.assertFalse(vals["items"][0]["notes"])

    def test_the_derivation_of_a_letter_is_that_of_the_screen(self):
        dunning = self._formal()
        html = self._render(dunning)
        lines = dunning.line_ids.move_line_id
        wizard = self.env["credit.collection.case.interest"].create(
            {"case_id": dunning.case_id.id, "date_until": "2026-03-12"}
        )
        derivations = lines._collection_get_interest(date(2026, 3, 12))
        shown = str(wizard.derivation).replace("\xa0", " ")
        for derivation in derivations.values():
            for segment in derivation.interest.segments:
                row = f"{segment.amount:.2f} €"
                self.assertIn(row, html)
                self.assertIn(row, shown)

    def test_a_letter_says_what_of_the_interest_it_does_not_claim(self):
        dunning = self._formal()
        first = dunning.charge_ids.filtered(lambda one: one.kind == "interest").sorted("date_from")
        self._decide(first[0], "waive")
        self.assertIn("Of this, 0.00 € is claimed.", self._render(dunning))

    def test_a_reminder_that_is_no_formal_notice_derives_nothing(self):
        dunning = self._charges(self._claimed()).dunning_id
        self.assertFalse(dunning._get_document_vals()[dunning]["derivation"])

    def test_a_long_derivation_is_continued_on_the_next_page(self):
        dunning = self.env["credit.collection.dunning"]
        item = {"rows": list(range(100)), "notes": [], "fees": [], "name": "long"}
        short = item | {"rows": [1], "name": "short"}
        sheets = dunning._split_derivation([item, short])
        parts = [one for sheet in sheets for one in sheet if one["name"] == "long"]
        self.assertEqual([row for part in parts for row in part["rows"]], item["rows"])
        self.assertEqual([one.get("is_partial", False) for one in parts], [True, True, False])
        self.assertEqual(sheets[-1][-1]["name"], "short")

    def _render(self, dunning):
        return str(self.env["credit.collection.letter"]._render_html(dunning)).replace("\xa0", " ")


@tagged("post_install", "-at_install")
class TestChargeImputation(ChargeCommon):
    """Where the law lets a payment settle costs first, the fees that were claimed are costs."""

    def _segments(self, invoice, until=date(2026, 6, 30)):
        line = invoice._collection_get_receivables()
        derivation = line._collection_get_interest(until)[line]
        return derivation, [str(one.base) for one in derivation.interest.segments]

    def _paid(self):
        """Return an invoice with 5.75 of interest and 40 of costs, of which 600 were paid then."""
        invoice = self._claimed()
        self._pay(invoice, 600.0, on="2026-03-12")
        return invoice

    def test_a_payment_settles_the_costs_then_the_interest_then_the_principal(self):
        invoice = self._paid()
        self.company.collection_imputation = "law"
        derivation, bases = self._segments(invoice)
        (settled,) = derivation.interest.settlements
        self.assertEqual(
            (settled.costs, settled.interest, settled.principal),
            (Decimal("40.00"), Decimal("5.75"), Decimal("554.25")),
        )
        self.assertEqual(bases, ["1000.00", "445.75"])
        self.assertEqual(derivation.open, Decimal(400))  # in the ledger

    def test_a_company_that_waives_the_order_has_the_principal_paid_first(self):
        derivation, bases = self._segments(self._paid())
        self.assertEqual(bases, ["1000.00", "400.00"])
        self.assertEqual(derivation.interest.settlements[0].costs, 0)

    def test_costs_that_were_waived_are_not_settled(self):
        invoice = self._paid()
        self.company.collection_imputation = "law"
        self._decide(self._charges(invoice, kind="fee"), "waive")
        self.assertEqual(self._segments(invoice)[1], ["1000.00", "405.75"])

    def test_costs_claimed_after_a_payment_are_not_settled_by_it(self):
        invoice = self._reminded()
        self._pay(invoice, 600.0, on="2026-03-05")
        self._dun("2026-03-12")
        self.company.collection_imputation = "law"
        derivation, _bases = self._segments(invoice)
        self.assertEqual(derivation.interest.settlements[0].costs, 0)
        self.assertEqual(derivation.interest.costs, Decimal("40.00"))

    def test_the_costs_that_a_court_awarded_are_settled_from_their_day_on(self):
        invoice = self._overdue_invoice(1000.0)
        self._commit()
        litigation = self.env["credit.collection.litigation"].create(
            {
                "case_id": self._case().id,
                "kind_id": self.env.ref("credit_collection.litigation_kind_full").id,
                "line_ids": [
                    Command.create({"move_line_id": invoice._collection_get_receivables().id})
                ],
            }
        )
        litigation.action_open()
        litigation.write({"date_title": "2026-03-10", "amount_costs_awarded": 250.0})
        self._pay(invoice, 600.0, on="2026-03-12")
        self.company.collection_imputation = "law"
        derivation, bases = self._segments(invoice)
        self.assertEqual(derivation.interest.settlements[0].costs, Decimal("250.00"))
        self.assertEqual(bases, ["1000.00", "655.75"])
        notes = self.env["credit.collection.interest"]._prepare_rows(
            derivation, DocumentWriter(self.env, {})
        )
        texts = [row["text"].replace("\xa0", " ") for row in notes if row["kind"] != "segment"]
        self.assertEqual(
            texts,
            [
                "Costs of 250.00 €",
                "Payment of 600.00 €, of which 250.00 € for costs and 5.75 € for interest",
            ],
        )


@tagged("post_install", "-at_install")
class TestChargeHandover(ChargeCommon):
    """The lawyer reads what was claimed, what became of it, and how the interest follows."""

    def _blocks(self):
        self._commit()
        case = self._case()
        with mute_logger(PRINTER):  # the style sheets of the invoices need a web server
            handover = self.env["credit.collection.handover"]._make(case, case._get_claimed_lines())
        File = self.env["credit.collection.handover.file"]
        return handover, File._prepare_charges_blocks(handover, DocumentWriter(self.env, {}), {})

    def _cells(self, blocks):
        return [str(cell) for block in blocks for row in block.get("rows", ()) for cell in row]

    def test_what_was_claimed_booked_and_waived_is_in_the_file(self):
        self._booked()
        invoice = self._claimed()
        self._dun("2026-03-22")
        first, second = self._charges(invoice, kind="interest")
        fee = self._charges(invoice, kind="fee")
        first.action_post()
        self._decide(fee, "waive", "A good customer")
        _handover, blocks = self._blocks()
        self.assertEqual(blocks[0]["total"], "8.63\xa0€")
        cells = self._cells(blocks)
        for words in (
            f"Posted – {first.charge_move_id.name}",
            "Waived – A good customer",
            "Claimed",
            second.dunning_id.name,
        ):
            self.assertIn(words, cells)

    def test_the_file_derives_the_interest_as_it_was_claimed(self):
        self._claimed()
        self._dun("2026-03-22")
        _handover, blocks = self._blocks()
        derivation = next(block for block in blocks if block.get("details"))
        self.assertIn("Of this, 5.75\xa0€ was claimed by earlier notices.", derivation["details"])
        table = blocks[-1]
        self.assertEqual(table["total"], "8.63\xa0€")
        self.assertEqual(table["rows"][0][2], 30)

    def test_charges_of_other_invoices_are_left_out(self):
        invoice = self._claimed()
        self._pay(invoice, on="2026-03-15")
        self._overdue_invoice(300.0, "2026-03-01")
        handover, blocks = self._blocks()
        self.assertFalse(handover._get_charges())
        self.assertFalse(blocks)

    def test_the_statement_calls_booked_charges_by_their_name(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        self._commit()
        Statement = self.env["credit.collection.statement"]
        case = self._case()
        (movements,) = Statement._get_movements(case)[case].values()
        kinds = {row["name"]: row["kind"] for row in movements}
        self.assertEqual(kinds[charges.charge_move_id.name], "Charges")
        note = charges.charge_move_id
        self._decide(charges, "reverse", "Booked too early")
        (movements,) = Statement._get_movements(case)[case].values()
        kinds = {row["name"]: row["kind"] for row in movements}
        self.assertEqual({kinds[note.name], kinds[charges.reversal_move_id.name]}, {"Charges"})

    def test_the_chapter_is_printed(self):
        self._claimed()
        with self.allow_pdf_render():
            handover, _blocks = self._blocks()
        pages = PdfFileReader(io.BytesIO(handover.pdf_id.raw)).pages
        text = " ".join(" ".join(page.extractText().split()) for page in pages)
        self.assertIn("Interest and compensation", text)
        self.assertIn("5.75", text)


@tagged("post_install", "-at_install")
class TestChargeSpans(ChargeCommon):
    @given(
        principals=st.lists(st.decimals("0.01", "9999999.99", places=2), min_size=1, max_size=20),
        days=st.integers(0, 1500),
        day_count=st.sampled_from(("act/365", "act/act", "30e/360", "act/360")),
        rounding=st.sampled_from(("end", "segment", "daily")),
        percents=st.lists(st.decimals("0", "15", places=3), min_size=3, max_size=3),
        begin=st.dates(date(2022, 1, 1), date(2025, 12, 31)),
    )
    @settings(max_examples=500, deadline=None)
    def test_days_that_are_shared_give_what_each_debt_gives_by_itself(
        self, principals, days, day_count, rounding, percents, begin
    ):
        terms = Terms(day_count=day_count, rounding=rounding)
        cuts = (date(2000, 1, 1), date(2023, 7, 1), date(2024, 7, 1), date(2099, 1, 1))
        rates = [
            Rate(first, fields.Date.subtract(last, days=1), percent)
            for first, last, percent in zip(cuts, cuts[1:], percents, strict=False)
        ]
        until = fields.Date.add(begin, days=days)
        one = accrue(Decimal(1), begin, until, rates, terms=terms)
        spans = share(one.segments, terms)
        for principal in principals:
            alone = accrue(principal, begin, until, rates, terms=terms).total
            self.assertEqual(spans.apply(principal), alone)

    def test_a_run_proposes_what_each_item_gives_by_itself(self):
        invoices = self.env["account.move"]
        for number in range(30):
            invoices |= self._overdue_invoice(
                97.31 + number * 13.07, f"2025-{1 + number % 12:02}-{1 + number % 28:02}"
            )
        for invoice in invoices[::7]:
            self._pay(invoice, 20.0, on="2026-01-15")
        self._dun("2026-03-02")
        self._propose("2026-03-12")
        lines = invoices._collection_get_receivables()
        derivations = lines._collection_get_interest(date(2026, 3, 12))
        charges = {one.move_line_id: one.amount for one in self._charges(kind="interest")}
        self.assertEqual(
            charges, {line: float(one.total) for line, one in derivations.items() if one.total}
        )
        self.assertEqual(len(charges), 30)


@tagged("post_install", "-at_install")
class TestChargeHistories(ChargeCommon):
    """Whatever happens: nothing is claimed twice, and what was claimed is what was sent."""

    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(
                    (
                        "invoice",
                        "pay",
                        "dun",
                        "dun",
                        "dun",
                        "waive",
                        "reinstate",
                        "post",
                        "reverse",
                        "cancel",
                        "propose",
                    )
                ),
                st.integers(1, 15),
                st.integers(0, 5),
            ),
            min_size=4,
            max_size=14,
        )
    )
    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    def test_random_histories(self, steps):
        with self.env.cr.savepoint() as savepoint:
            self.day = date(2026, 3, 2)
            self._booked()
            self.invoices = self._overdue_invoice(1000.0, "2026-02-10")
            for name, days, choice in steps:
                self.day = fields.Date.add(self.day, days=days)
                self._day(self.day.isoformat())
                getattr(self, f"_do_{name}")(choice)
                self._commit()
                self._check_nothing_twice()
            savepoint.rollback()
        self.env.invalidate_all()
        self.env.cr.precommit.clear()

    def _do_invoice(self, choice):
        due = fields.Date.subtract(self.day, days=20 + choice)
        self.invoices |= self._overdue_invoice(100.0 * (choice + 1), due.isoformat())

    def _do_pay(self, choice):
        invoice = self.invoices[choice % len(self.invoices)]
        if invoice.amount_residual > 10:
            self._pay(invoice, round(invoice.amount_residual / 3, 2), on=self.day.isoformat())

    def _do_propose(self, choice):
        self._propose()

    def _do_dun(self, choice):
        run = self._propose()
        if run.dunning_ids:
            run.action_approve()
            self._send()

    def _do_waive(self, choice):
        self._pick(("draft", "claimed"), choice)._waive("Waived")

    def _do_reinstate(self, choice):
        self._pick(("waived",), choice)._reinstate("Reinstated")

    def _do_post(self, choice):
        claimed = self._pick(("claimed",), choice)
        if claimed:
            claimed.action_post()

    def _do_reverse(self, choice):
        self._pick(("posted",), choice)._reverse("Reversed")

    def _do_cancel(self, choice):
        sent = self._charges(state="claimed").dunning_id
        free = sent.filtered(lambda one: "posted" not in one.charge_ids.mapped("state"))
        free[choice % (len(free) or 1) :][:1]._cancel("Cancelled")

    def _pick(self, states, choice):
        found = self._charges().filtered(lambda one: one.state in states)
        return found[choice % (len(found) or 1) :][:1]

    def _check_nothing_twice(self):
        live = self._charges().filtered(lambda one: one.state in ("claimed", "posted"))
        for line, charges in live.grouped("move_line_id").items():
            interest = charges.filtered(lambda one: one.kind == "interest").sorted("date_from")
            for earlier, later in pairwise(interest):
                self.assertLess(earlier.date_to, later.date_from)
            self.assertLessEqual(len(charges - interest), 1)
            derivation = line._collection_get_interest(self.day)[line]
            claimed = round(sum(interest.mapped("amount")), 2)
            self.assertLessEqual(claimed, float(derivation.total))
        self.assertEqual(set(live.dunning_id.mapped("state")), {"sent"} if live else set())

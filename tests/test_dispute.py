from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import CollectionCommon

CRON = "credit_collection.ir_cron_follow_disputes"


class DisputeCommon(CollectionCommon):
    """A customer who disputes what he is asked for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.price = cls.env.ref("credit_collection.dispute_reason_price")
        cls.quality = cls.env.ref("credit_collection.dispute_reason_quality")
        cls.company.collection_user_id = cls.env.user

    @classmethod
    def _dispute(cls, move, amount=None, reason=None, **vals):
        """Return a dispute about an amount of an invoice, or about all that is open."""
        if amount is not None:
            vals["amount"] = amount
        reason = reason or cls.price
        Dispute = cls.env["credit.collection.dispute"]
        return Dispute.create({"move_id": move.id, "reason_id": reason.id, **vals})

    def _reject(self, dispute, answer="The price is the one of your order."):
        dispute.resolution = answer
        dispute.action_reject()

    def _accept(self, dispute):
        """Write the credit note, and post it."""
        dispute.action_accept()
        dispute.credit_note_id.action_post()
        return dispute.credit_note_id

    def assertDispute(self, dispute, state, **vals):
        """The dispute is in this state, and a closed one has no task left."""
        self._commit()
        self.assertEqual(dispute.state, state)
        if state == "open":
            self.assertFalse(dispute.date_closed)
        else:
            self.assertEqual(dispute.date_closed, fields.Date.today())
            self.assertFalse(dispute.activity_ids)
        for name, value in vals.items():
            self.assertEqual(dispute[name], value, name)

    def assertDivided(self, records, *expected):
        """Each item, the first instalment first, is divided so: (disputed, held, claimed)."""
        self._commit()
        found = [self._divide(item) for item in self._items(records)]
        self.assertEqual(found, list(expected))

    def _divide(self, item):
        currency = item.currency_id
        claimed, disputed = item.amount_claim_currency, item.amount_disputed
        held = currency.round(item.amount_residual_currency - claimed - disputed)
        return disputed, held, claimed


@tagged("post_install", "-at_install")
class TestDispute(DisputeCommon):
    """Only what is disputed is held; the rest goes on being collected."""

    # -------------------------------------------------------------------------
    # Opening
    # -------------------------------------------------------------------------

    def test_only_the_disputed_part_is_held(self):
        invoice = self._overdue_invoice(100.0)
        self._dispute(invoice, 40.0)
        self.assertDivided(invoice, (40.0, 0.0, 60.0))
        self.assertDecision(invoice, "due", level=1)
        line = self._dun().dunning_ids.line_ids
        self.assertEqual((line.amount_residual, line.amount_held), (60.0, 40.0))

    def test_an_invoice_that_is_disputed_as_a_whole_is_not_reminded(self):
        """P8: the other one is."""
        disputed, other = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        dispute = self._dispute(disputed)
        self.assertEqual(dispute.amount, 100.0)
        self.assertDecision(disputed, "hold")
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {other: 1})])
        self.assertExcluded(run, {"hold": 1})
        self.assertEqual(run.dunning_ids.amount_due, 50.0)

    def test_the_letter_says_what_is_not_claimed(self):
        """P8: the disputed part is left out of the total, and flagged."""
        self._dispute(self._overdue_invoice(100.0), 40.0)
        dunning = self._dun().dunning_ids
        document = dunning._get_document_vals()[dunning]
        self.assertEqual(
            document["rows"][0]["remarks"], ["40.00\N{NO-BREAK SPACE}€ of it is not claimed now"]
        )
        self.assertEqual(
            document["totals"], [{"currency": "EUR", "amount": "60.00\N{NO-BREAK SPACE}€"}]
        )

    def test_a_dispute_from_the_invoice_has_all_but_the_reason(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        action = invoice.action_collection_dispute()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 100.0)
        with self.assertRaisesRegex(AssertionError, "reason_id"):
            form.save()
        form.reason_id = self.price
        self.assertEqual(form.date_deadline, date(2026, 3, 9))
        dispute = form.save()
        self.assertEqual(dispute.case_id, self._case())
        self.assertEqual(invoice.collection_dispute_ids, dispute)
        self.assertEqual(dispute.display_name, f"{invoice.name}: Price")

    def test_a_dispute_from_the_case_is_about_the_only_invoice(self):
        first = self._overdue_invoice()
        self._commit()
        self.assertEqual(self._case().action_dispute()["context"]["default_move_id"], first.id)
        self._overdue_invoice()
        self._commit()
        self.assertNotIn("default_move_id", self._case().action_dispute()["context"])

    def test_the_reason_says_who_settles_it_and_by_when(self):
        seller = self._user("seller", "credit_collection_group_dispute")
        self.quality.user_id = seller
        dispute = self._dispute(self._overdue_invoice(), reason=self.quality)
        self.assertEqual(dispute.user_id, seller)
        self.assertEqual(dispute.date_deadline, date(2026, 3, 16))
        self.assertEqual(dispute.department, "Production")
        task = dispute.activity_ids
        self.assertEqual((task.user_id, task.date_deadline), (seller, date(2026, 3, 16)))
        self.assertEqual(dispute._get_holds().user_id, seller)

    def test_without_anybody_the_collector_settles_it(self):
        invoice = self._overdue_invoice()
        self._commit()
        collector = self._user("collector", "credit_collection_group_user")
        self._case().user_id = collector
        self.assertEqual(self._dispute(invoice).user_id, collector)

    def test_hold_and_task_follow_who_settles_it(self):
        dispute = self._dispute(self._overdue_invoice())
        other = self._user("other", "credit_collection_group_user")
        dispute.write({"user_id": other.id, "date_deadline": "2026-04-01"})
        self.assertEqual(dispute.activity_ids.user_id, other)
        self.assertEqual(dispute.activity_ids.date_deadline, date(2026, 4, 1))
        self.assertEqual(dispute._get_holds().user_id, other)

    def test_another_reason_brings_another_person(self):
        seller = self._user("seller", "credit_collection_group_dispute")
        self.quality.user_id = seller
        dispute = self._dispute(self._overdue_invoice())
        dispute.reason_id = self.quality
        self.assertEqual(dispute.activity_ids.user_id, seller)
        self.assertEqual(dispute.activity_ids.date_deadline, date(2026, 3, 16))

    def test_a_dispute_is_noted_on_the_case_and_on_the_invoice(self):
        invoice = self._overdue_invoice()
        dispute = self._dispute(invoice, 40.0)
        for record in (invoice, self._case(), dispute):
            self.assertIn("is disputed: Price", str(record.message_ids.mapped("body")))

    def test_bad_input_gets_a_clear_error(self):
        invoice = self._overdue_invoice(100.0)
        for amount, words in (
            (100.01, "Only 100.00\N{NO-BREAK SPACE}€ are open"),
            (0.0, "more than zero"),
            (-5.0, "more than zero"),
        ):
            with self.assertRefused(words):
                self._dispute(invoice, amount)
        draft = self._overdue_invoice(post=False)
        with self.assertRefused("Only a posted customer invoice"):
            self._dispute(draft, 1.0)
        with self.assertRefused("Only a posted customer invoice"):
            self._dispute(self._credit_note(), 1.0)
        self._pay(invoice)
        with self.assertRefused("is paid: there is nothing left"):
            self._dispute(invoice, 1.0)
        stranger = self._overdue_invoice(partner=self._customer("Other"))
        with self.assertRefused("is not an invoice of"):
            self._dispute(stranger, case_id=self._case().id)

    def test_two_disputes_on_one_invoice_share_what_is_open(self):
        invoice = self._overdue_invoice(100.0)
        first = self._dispute(invoice, 40.0)
        with self.assertRefused(
            "40.00\N{NO-BREAK SPACE}€ of the 100.00\N{NO-BREAK SPACE}€ that are open"
        ):
            self._dispute(invoice, 60.01)
        second = self._dispute(invoice, reason=self.quality)
        self.assertEqual(second.amount, 60.0)
        self.assertDecision(invoice, "hold")
        first.action_cancel()
        self.assertDivided(invoice, (60.0, 0.0, 40.0))

    def test_a_dispute_begins_open_and_stays_on_its_invoice(self):
        invoice, other = self._overdue_invoice(), self._overdue_invoice()
        for vals in ({"state": "accepted"}, {"date": "2026-01-01"}, {"is_escalated": True}):
            with self.assertRefused("begins as an open one"):
                self._dispute(invoice, **vals)
        dispute = self._dispute(invoice)
        for vals in ({"move_id": other.id}, {"amount": 1.0}, {"state": "cancel"}):
            with self.assertRefused("only through its buttons"):
                dispute.write(vals)

    def test_the_hold_of_a_dispute_is_released_by_the_dispute(self):
        dispute = self._dispute(self._overdue_invoice())
        hold = dispute._get_holds()
        self.assertEqual(hold.origin, dispute.display_name)
        with self.assertRefused("ends with it"):
            hold.action_release()

    # -------------------------------------------------------------------------
    # Payments, instalments, currencies
    # -------------------------------------------------------------------------

    def test_a_payment_of_the_rest_leaves_the_disputed_part_held(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        self._pay(invoice, 60.0)
        self.assertDivided(invoice, (40.0, 0.0, 0.0))
        self.assertDecision(invoice, "hold")
        self.assertDispute(dispute, "open")

    def test_a_payment_below_the_disputed_part_changes_nothing_else(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        self._pay(invoice, 75.0)
        self.assertDivided(invoice, (25.0, 0.0, 0.0))
        self.assertDispute(dispute, "open", amount=40.0)

    def test_what_was_paid_before_is_not_disputed(self):
        invoice = self._overdue_invoice(100.0)
        self._pay(invoice, 30.0)
        dispute = self._dispute(invoice)
        self.assertEqual(dispute.amount, 70.0)

    def test_what_is_not_disputed_falls_due_first(self):
        invoice = self._overdue_invoice(100.0, due="2026-01-01", term=self._term((50, 0), (50, 30)))
        self._dispute(invoice, 70.0)
        self.assertDivided(invoice, (20.0, 0.0, 30.0), (50.0, 0.0, 0.0))

    def test_a_dispute_is_in_the_currency_of_the_invoice(self):
        dollar = self._currency("USD", 2.0)
        invoice = self._overdue_invoice(200.0, currency_id=dollar.id)
        dispute = self._dispute(invoice, 80.0)
        self.assertEqual(dispute.currency_id, dollar)
        self.assertDivided(invoice, (80.0, 0.0, 120.0))
        self.assertEqual(self._items(invoice).amount_claim, 60.0)
        note = self._accept(dispute)
        self.assertEqual((note.currency_id, note.amount_total), (dollar, 80.0))
        self.assertDispute(dispute, "accepted", amount_credited=80.0)
        self.assertDivided(invoice, (0.0, 0.0, 120.0))

    def test_a_paid_invoice_closes_its_dispute(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        self._pay(invoice)
        self.assertDispute(dispute, "cancel", resolution="Closed by itself: paid.")
        self.assertFalse(dispute._get_holds())

    def test_a_cancelled_invoice_closes_its_dispute(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        invoice.button_draft()
        self.assertDispute(dispute, "open")
        invoice.button_cancel()
        self._run_cron(CRON)
        self.assertDispute(dispute, "cancel")
        self.assertIn("cancelled", dispute.resolution)

    def test_a_disputed_invoice_is_not_deleted(self):
        invoice = self._overdue_invoice(100.0)
        self._dispute(invoice, 40.0)
        invoice.button_draft()
        with self.assertRefused("was disputed"):
            invoice.with_context(force_delete=True).unlink()

    # -------------------------------------------------------------------------
    # Accepted
    # -------------------------------------------------------------------------

    def test_accepting_all_reverses_the_invoice(self):
        tax = self.tax_sale_a
        invoice = self._overdue_invoice(100.0, post=False)
        invoice.invoice_line_ids.tax_ids = tax
        invoice.action_post()
        dispute = self._dispute(invoice)
        action = dispute.action_accept()
        note = dispute.credit_note_id
        self.assertEqual(action["res_id"], note.id)
        self.assertEqual(note.reversed_entry_id, invoice)
        self.assertEqual(note.invoice_line_ids.name, "Goods")
        self.assertDispute(dispute, "open", credit_note_state="draft")
        note.action_post()
        self.assertDispute(dispute, "accepted", amount_credited=invoice.amount_total)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_accepting_a_part_credits_it_with_its_taxes(self):
        invoice = self._taxed_invoice()
        dispute = self._dispute(invoice, 58.25)
        dispute.action_accept()
        note = dispute.credit_note_id
        self.assertEqual(note.amount_total, 58.25)
        self.assertEqual(len(note.invoice_line_ids), 2, "a line for each set of taxes")
        self.assertEqual(note.invoice_line_ids.tax_ids, invoice.invoice_line_ids.tax_ids)
        share = 58.25 / invoice.amount_total
        self.assertAlmostEqual(note.amount_untaxed, invoice.amount_untaxed * share, delta=0.02)
        self.assertEqual(note.journal_id, invoice.journal_id)
        note.action_post()
        self.assertDispute(dispute, "accepted", amount_credited=58.25)
        self.assertEqual(invoice.amount_residual, invoice.amount_total - 58.25)

    def test_the_credit_note_is_right_to_the_cent(self):
        invoice = self._taxed_invoice()
        for amount in (0.03, 0.1, 1.0, 33.33, 99.99, 100.01, 240.07):
            dispute = self._dispute(invoice, amount)
            dispute.action_accept()
            self.assertEqual(dispute.credit_note_id.amount_total, amount)
            dispute.action_cancel()

    def test_a_total_that_no_price_gives_is_reached_by_the_tax(self):
        """At 15 %, 3 cents make 3 and 4 make 5; 9 make 10 and 10 make 12."""
        invoice = self._overdue_invoice(100.0, post=False)
        invoice.invoice_line_ids.tax_ids = self.tax_sale_a
        self.assertEqual(self.tax_sale_a.amount, 15.0)
        invoice.action_post()
        for amount in (0.04, 0.11):
            dispute = self._dispute(invoice, amount)
            dispute.action_accept()
            self.assertEqual(dispute.credit_note_id.amount_total, amount)
            dispute.credit_note_id.action_post()
            self.assertDispute(dispute, "accepted", amount_credited=amount)

    def _taxed_invoice(self):
        other = self.env["account.tax"].create(
            {"name": "6%", "amount": 6.0, "type_tax_use": "sale", "company_id": self.company.id}
        )
        invoice = self._overdue_invoice(100.0, post=False)
        invoice.invoice_line_ids.tax_ids = self.tax_sale_a
        invoice.invoice_line_ids = [
            Command.create({"name": "Books", "price_unit": price, "tax_ids": other.ids})
            for price in (71.93, 60.0)
        ]
        invoice.action_post()
        return invoice

    def test_the_dispute_ends_with_the_posting_in_the_same_transaction(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        accountant = self._user("accountant", "account.group_account_invoice")
        dispute.action_accept()
        self._commit()
        dispute.credit_note_id.with_user(accountant).action_post()
        self.assertEqual(dispute.state, "accepted", "at once, not only before the commit")
        self.assertDispute(dispute, "accepted", amount_credited=40.0)
        self.assertDivided(invoice, (0.0, 0.0, 60.0))
        self.assertFalse(dispute._get_holds())
        self.assertIn("is accepted", str(invoice.message_ids.mapped("body")))

    def test_accepting_twice_writes_one_credit_note(self):
        dispute = self._dispute(self._overdue_invoice(100.0), 40.0)
        first = dispute.action_accept()["res_id"]
        self.assertEqual(dispute.action_accept()["res_id"], first)
        dispute.credit_note_id.button_cancel()
        self.assertNotEqual(dispute.action_accept()["res_id"], first, "that one was cancelled")

    def test_a_credit_note_that_is_cancelled_opens_the_dispute_again(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        dispute.action_accept()
        note = dispute.credit_note_id
        note.action_post()
        self._commit()
        self.assertDivided(invoice, (0.0, 0.0, 60.0))
        note = note.with_user(self._user("clerk", "account.group_account_invoice"))
        note.button_draft()
        self._commit()
        self.assertDispute(dispute, "accepted")
        self.assertDivided(invoice, (0.0, 0.0, 60.0))
        note.button_cancel()
        self._commit()
        self.assertDispute(dispute, "open", amount_credited=0.0, date_closed=False)
        self.assertDivided(invoice, (40.0, 0.0, 60.0))
        self.assertEqual(len(dispute.activity_ids), 1, "somebody settles it again")
        self.assertNotEqual(dispute.action_accept()["res_id"], note.id, "another one is written")

    def test_the_credit_note_of_a_dispute_that_is_not_accepted_is_cancelled(self):
        for close in ("action_reject", "action_cancel"):
            dispute = self._dispute(self._overdue_invoice(100.0), 40.0)
            dispute.action_accept()
            dispute.resolution = "As ordered."
            getattr(dispute, close)()
            self.assertEqual(dispute.credit_note_id.state, "cancel")

    def test_a_credit_note_that_another_dispute_waits_for_stays(self):
        invoice = self._overdue_invoice(100.0)
        first, second = self._dispute(invoice, 40.0), self._dispute(invoice, 20.0)
        first.action_accept()
        second.credit_note_id = first.credit_note_id
        first.action_cancel()
        self.assertEqual(second.credit_note_id.state, "draft")

    def test_a_credit_note_that_is_deleted_leaves_the_dispute_open(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        dispute.action_accept()
        dispute.credit_note_id.unlink()
        self.assertDispute(dispute, "open")
        self.assertFalse(dispute.credit_note_id)
        self.assertDivided(invoice, (40.0, 0.0, 60.0))

    def test_a_credit_note_of_less_releases_the_rest(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        dispute.action_accept()
        dispute.credit_note_id.invoice_line_ids.price_unit = 25.0
        dispute.credit_note_id.action_post()
        self.assertDispute(dispute, "accepted", amount_credited=25.0)
        self.assertDivided(invoice, (0.0, 0.0, 75.0))

    def test_a_credit_note_that_exists_is_linked_and_matched(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        dispute.credit_note_id = self._credit_note(40.0, on=str(fields.Date.today()))
        self.assertDispute(dispute, "accepted", amount_credited=40.0)
        self.assertEqual(invoice.amount_residual, 60.0)
        self.assertDivided(invoice, (0.0, 0.0, 60.0))

    def test_a_draft_credit_note_is_linked_and_waited_for(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        note = self._credit_note(40.0, on=str(fields.Date.today()), post=False)
        dispute.credit_note_id = note
        self.assertDispute(dispute, "open")
        note.action_post()
        self.assertDispute(dispute, "accepted", amount_credited=40.0)
        self.assertEqual(invoice.amount_residual, 60.0)

    def test_only_a_credit_note_of_the_customer_is_linked(self):
        dispute = self._dispute(self._overdue_invoice(100.0), 40.0)
        for document in (
            self._overdue_invoice(),
            self._credit_note(partner=self._customer("Other")),
        ):
            with self.assertRefused("is not a credit note for Late Payer Ltd"):
                dispute.credit_note_id = document

    def test_a_credit_note_that_nobody_linked_closes_the_dispute_of_a_paid_invoice(self):
        invoice = self._overdue_invoice(100.0)
        first, second = self._dispute(invoice, 30.0), self._dispute(invoice, 20.0)
        third = self._dispute(invoice, 10.0)
        note = self._credit_note(50.0, on="2026-03-03")
        (invoice | note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertDispute(first, "open")
        self._pay(invoice, 50.0)
        self.assertDispute(first, "accepted", amount_credited=30.0, credit_note_id=note)
        self.assertDispute(second, "accepted", amount_credited=20.0)
        self.assertDispute(third, "cancel", amount_credited=0.0)

    def test_an_earlier_credit_note_does_not_settle_a_later_dispute(self):
        invoice = self._overdue_invoice(100.0)
        note = self._credit_note(10.0, on="2026-03-01")
        (invoice | note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        dispute = self._dispute(invoice, 40.0)
        self._pay(invoice)
        self.assertDispute(dispute, "cancel", amount_credited=0.0)

    # -------------------------------------------------------------------------
    # Rejected, withdrawn
    # -------------------------------------------------------------------------

    def test_a_rejected_dispute_holds_for_a_week_more(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        self._day("2026-03-05")
        self._reject(dispute)
        self.assertDispute(dispute, "rejected", date_resume=date(2026, 3, 12), days_open=3)
        self.assertDivided(invoice, (40.0, 0.0, 60.0))
        self._run_cron("credit_collection.ir_cron_expire_holds", on="2026-03-11")
        self.assertDivided(invoice, (40.0, 0.0, 60.0))
        self._run_cron("credit_collection.ir_cron_expire_holds", on="2026-03-12")
        self.assertDivided(invoice, (0.0, 0.0, 100.0))
        self.assertIn("Answer: The price", str(invoice.message_ids.mapped("body")))

    def test_the_company_sets_when_dunning_resumes(self):
        self.company.collection_dispute_resume_days = 0
        invoice = self._overdue_invoice(100.0)
        self._reject(self._dispute(invoice, 40.0))
        self.assertDivided(invoice, (0.0, 0.0, 100.0))

    def test_a_dispute_is_rejected_with_an_answer(self):
        dispute = self._dispute(self._overdue_invoice())
        for answer in (False, " \n"):
            dispute.resolution = answer
            with self.assertRefused("Write what you answered"):
                dispute.action_reject()
        self.assertDispute(dispute, "open")

    def test_the_next_notices_say_why_until_one_claims_it_again(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        self.assertEqual(self._notes(self._dun().dunning_ids), [])
        self._day("2026-03-10")
        self.company.collection_dispute_resume_days = 12
        self._reject(dispute)
        during = self._dun("2026-03-12").dunning_ids
        answer = (
            "Your complaint about 40.00\N{NO-BREAK SPACE}€ was answered on March 10, 2026: "
            "The price is the one of your order."
        )
        self.assertEqual(self._notes(during), [answer])
        after = self._dun("2026-03-22").dunning_ids
        self.assertEqual(after.line_ids.amount_residual, 100.0)
        self.assertEqual(self._notes(after), [answer])
        self.assertEqual(self._notes(self._hand_made_notice(invoice, "2026-04-20")), [])

    def _notes(self, dunning):
        return dunning._get_document_vals()[dunning]["rows"][0]["notes"]

    def _hand_made_notice(self, invoice, day):
        """Return a proposal of a day, with the invoice at the first level again."""
        self._day(day)
        self._run_cron("credit_collection.ir_cron_expire_holds")
        policy = self._policy([(10, 0), (45, 1)], name="Again")
        invoice._collection_set_policy(policy)
        return self._propose().dunning_ids

    def test_the_answer_is_said_once_for_all_instalments(self):
        invoice = self._overdue_invoice(100.0, due="2026-01-01", term=self._term((50, 0), (50, 30)))
        self.company.collection_dispute_resume_days = 0
        self._reject(self._dispute(invoice, 40.0))
        dunning = self._run().dunning_ids
        rows = dunning._get_document_vals()[dunning]["rows"]
        self.assertEqual([len(row["notes"]) for row in rows], [0, 1])

    def test_a_long_table_leaves_room_for_the_answers(self):
        """Each takes the place of a row of the annex."""
        self.company.collection_dispute_resume_days = 0
        invoices = [self._overdue_invoice(10.0 + rank) for rank in range(22)]
        for invoice in invoices[:3]:
            self._reject(self._dispute(invoice))
        dunning = self._run().dunning_ids
        document = dunning._get_document_vals()[dunning]
        pages = [len(page["rows"]) for page in document["annex"]]
        self.assertEqual(sum(pages), 22)
        self.assertEqual(len(pages), 2)
        self.assertEqual([page["is_last"] for page in document["annex"]], [False, True])

    def test_the_answer_is_in_the_language_of_the_debtor_and_in_one_line(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        self.company.collection_dispute_resume_days = 0
        self._reject(dispute, "C'est <b>non</b>.\n" + "Le prix est juste. " * 30)
        dunning = self._run().dunning_ids
        (note,) = self._notes(dunning)
        self.assertIn("2 mars 2026", note)
        self.assertNotIn("\n", note)
        self.assertLess(len(note), 260)
        self.assertTrue(note.endswith("…"))
        html = str(self.env["credit.collection.letter"]._render_html(dunning))
        self.assertIn("C&#39;est &lt;b&gt;non&lt;/b&gt;.", html)

    def test_a_withdrawn_dispute_ends_at_once(self):
        invoice = self._overdue_invoice(100.0)
        dispute = self._dispute(invoice, 40.0)
        dispute.action_cancel()
        self.assertDispute(dispute, "cancel")
        self.assertDivided(invoice, (0.0, 0.0, 100.0))
        self.assertIn("is withdrawn", str(invoice.message_ids.mapped("body")))

    def test_a_closed_dispute_stays_as_it_is(self):
        invoice = self._overdue_invoice()
        dispute = self._dispute(invoice)
        dispute.action_cancel()
        messages = len(invoice.message_ids)
        for close in (dispute.action_cancel, dispute.action_reject):
            close()
            self.assertEqual(dispute.state, "cancel", "the second time does nothing")
        self.assertEqual(len(invoice.message_ids), messages)
        for vals in ({"resolution": "No"}, {"note": "No"}, {"reason_id": self.quality.id}):
            with self.assertRefused("is closed"):
                dispute.write(vals)
        for records in (dispute, self._dispute(invoice)):
            with self.assertRaises(AccessError):
                records.unlink()
            with self.assertRefused("part of the file"):
                records.sudo().unlink()

    # -------------------------------------------------------------------------
    # Late, and the figures
    # -------------------------------------------------------------------------

    def test_a_late_dispute_is_escalated_once(self):
        first = self._dispute(self._overdue_invoice())
        second = self._dispute(self._overdue_invoice())
        self._run_cron(CRON, on="2026-03-09")
        self.assertFalse(first.is_escalated)
        self._run_cron(CRON, on="2026-03-10")
        self.assertTrue(first.is_escalated and second.is_escalated)
        late = self.env.ref("credit_collection.mail_activity_type_dispute_late")
        tasks = self._case().activity_ids.filtered(lambda task: task.activity_type_id == late)
        self.assertEqual(len(tasks), 1)
        self.assertEqual(tasks.user_id, self._case()._get_collector())
        self.assertIn(first.display_name, tasks.note)
        self._run_cron(CRON, on="2026-03-11")
        self.assertEqual(len(self._case().activity_ids), 1)
        first.action_cancel()
        self.assertTrue(tasks.exists().active, "the other one is late too")
        second.action_cancel()
        self.assertFalse(tasks.exists().active)

    def test_the_lists_show_what_is_late_and_what_is_disputed(self):
        disputed, other = self._overdue_invoice(), self._overdue_invoice()
        dispute = self._dispute(disputed, 40.0)
        self._commit()
        self.assertEqual(self._filter("credit.collection.item", "disputed"), self._items(disputed))
        self.assertNotIn(self._items(other), self._filter("credit.collection.item", "disputed"))
        self.assertEqual(self._filter("credit.collection.case", "disputed"), self._case())
        self.assertEqual(self._case().dispute_count, 1)
        self.assertEqual(self._case().action_open_disputes()["domain"][0][2], self._case().id)
        self.assertFalse(self._filter(dispute._name, "late"))
        dispute.action_accept()
        self.assertEqual(self._filter(dispute._name, "to_post"), dispute)
        self._day("2026-03-20")
        self.assertEqual(self._filter(dispute._name, "late"), dispute)

    def _filter(self, model, name):
        """Return what a filter of the search view finds."""
        view = self.env.ref(f"credit_collection.{model.replace('.', '_')}_view_search")
        arch = self.env[model].get_view(view.id, "search")["arch"]
        (node,) = etree.fromstring(arch).xpath(f"//filter[@name='{name}']")
        domain = safe_eval(node.get("domain"), {"uid": self.env.uid})
        return self.env[model].search([*domain, ("company_id", "=", self.company.id)])

    def test_statistics_by_reason_and_department(self):
        invoices = [self._overdue_invoice(100.0) for _i in range(3)]
        first, second = (self._dispute(one, 40.0) for one in invoices[:2])
        self._dispute(invoices[2], 10.0)
        self._day("2026-03-04")
        first.action_cancel()
        self._day("2026-03-08")
        second.action_cancel()
        self.env.flush_all()
        for model, days in (
            ("credit.collection.dispute", (2 + 6) / 2),  # those that are closed
            ("credit.collection.report.dispute", (2 + 6 + 6) / 3),  # and the open one so far
        ):
            groups = self.env[model].formatted_read_group(
                [("company_id", "=", self.company.id)],
                ["department"],
                ["__count", "amount:sum", "days_open:avg"],
            )
            (sales,) = (group for group in groups if group["department"] == "Sales")
            self.assertEqual((sales["__count"], sales["amount:sum"]), (3, 90.0))
            self.assertAlmostEqual(sales["days_open:avg"], days)


@tagged("post_install", "-at_install")
class TestDisputeRights(DisputeCommon):
    """Who may do what with disputes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._user(cls, "reader", "credit_collection_group_readonly")
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")
        cls.settler = cls._user(cls, "settler", "credit_collection_group_dispute")

    def test_a_collector_works_disputes(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        action = invoice.with_user(self.collector).action_collection_dispute()
        Dispute = self.env[action["res_model"]].with_user(self.collector)
        form = Form(Dispute.with_context(**action["context"]))
        form.reason_id = self.price
        form.amount = 40.0
        dispute = form.save()
        self._accept(dispute)
        self.assertDispute(dispute, "accepted", amount_credited=40.0)
        other = Dispute.create({"move_id": invoice.id, "reason_id": self.price.id})
        self._reject(other)
        self.assertDispute(other, "rejected")

    def test_a_reader_only_reads(self):
        invoice = self._overdue_invoice()
        dispute = self._dispute(invoice).with_user(self.reader)
        self.assertEqual(dispute.state, "open")
        for act in (
            dispute.action_accept,
            dispute.action_reject,
            dispute.action_cancel,
            invoice.with_user(self.reader).action_collection_dispute,
            dispute.case_id.action_dispute,
        ):
            with self.assertRaises(AccessError):
                act()
        with self.assertRaises(AccessError):
            dispute.note = "Mine"

    def test_whoever_settles_a_dispute_writes_the_answer_and_no_more(self):
        mine = self._dispute(self._overdue_invoice(), user_id=self.settler.id)
        other = self._dispute(self._overdue_invoice())
        mine.invalidate_recordset()
        own = mine.with_user(self.settler)
        self.assertEqual(own.search([]), own)
        self.assertTrue(own.display_name)
        with Form(own) as form:
            form.resolution = "The price is right."
        own.message_post(body="I asked the warehouse.")
        for act in (own.action_accept, own.action_reject, own.action_cancel):
            with self.assertRaises(AccessError):
                act()
        for vals in ({"note": "x"}, {"date_deadline": "2027-01-01"}, {"amount": 1.0}):
            with self.assertRaises(UserError):
                own.write(vals)
        with self.assertRaises(AccessError):
            own.create({"move_id": mine.move_id.id, "reason_id": self.price.id})
        with self.assertRaises(AccessError):
            other.with_user(self.settler).read(["amount"])
        self._reject(mine, mine.resolution)
        self.assertDispute(mine, "rejected")

    def test_a_person_without_the_right_settles_nothing(self):
        seller = self._user("seller", "base.group_partner_manager")
        with self.assertRefused("may not work on disputes"):
            self._dispute(self._overdue_invoice(), user_id=seller.id)

    def test_a_person_of_one_company_settles_for_who_works_in_two(self):
        other = self.setup_other_company(name="Other Company")["company"]
        self.env.user.company_ids |= other
        self.env = self.env(
            context={**self.env.context, "allowed_company_ids": [self.company.id, other.id]}
        )
        invoice = self._overdue_invoice()
        dispute = self.env["credit.collection.dispute"].create(
            {
                "move_id": invoice.id,
                "amount": 40.0,
                "reason_id": self.price.id,
                "user_id": self.settler.id,
            }
        )
        self.assertEqual(dispute.user_id, self.settler)
        self.settler.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        with self.assertRefused("may not work on disputes"):
            self._dispute(invoice, 40.0, user_id=self.settler.id)

    def test_a_person_who_has_left_settles_nothing(self):
        self.price.user_id = self.settler
        self.settler.active = False
        self.assertEqual(self._dispute(self._overdue_invoice()).user_id, self.env.user)

    def test_a_person_with_both_rights_sees_all(self):
        both = self._user(
            "both", "credit_collection_group_dispute", "credit_collection_group_readonly"
        )
        dispute = self._dispute(self._overdue_invoice())
        self.assertIn(dispute, self.env[dispute._name].with_user(both).search([]))

    def test_only_a_manager_changes_the_reasons(self):
        with self.assertRaises(AccessError):
            self.price.with_user(self.collector).days = 1
        self.price.with_user(self._user("boss", "credit_collection_group_manager")).days = 1

    def test_the_disputes_of_another_company_are_not_seen(self):
        other = self.setup_other_company(
            name="Other Company", currency_id=self.env.ref("base.EUR").id
        )
        other["company"].collection_policy_id = self.policy
        self.env.user.company_ids |= other["company"]
        theirs = self._overdue_invoice(
            70.0, company_id=other["company"].id, journal_id=other["default_journal_sale"].id
        )
        dispute = self._dispute(theirs)
        self.assertEqual(dispute.company_id, other["company"])
        ours = dispute.with_user(self.collector)
        self.assertNotIn(ours, ours.search([]))
        with self.assertRaises(AccessError):
            ours.read(["amount"])
        with self.assertRaises(AccessError):
            ours.action_cancel()

    def test_the_person_of_a_reason_is_one_of_the_company(self):
        other = self.setup_other_company(name="Other Company")["company"]
        self.price.with_company(other).user_id = self.settler
        self.assertEqual(self._dispute(self._overdue_invoice()).user_id, self.env.user)


EVENTS = st.one_of(
    st.tuples(st.just("dispute"), st.integers(1, 12000)),
    st.tuples(st.just("pay"), st.integers(1, 12000)),
    st.tuples(st.just("credit"), st.integers(1, 6000)),
    st.tuples(st.just("accept"), st.integers(0, 3)),
    st.tuples(st.just("reject"), st.integers(0, 3)),
    st.tuples(st.just("withdraw"), st.integers(0, 3)),
    st.tuples(st.just("hold"), st.integers(1, 9)),
    st.tuples(st.just("wait"), st.integers(1, 9)),
)


@tagged("post_install", "-at_install")
class TestDisputeProperty(DisputeCommon):
    """Whatever happens: disputed + held + claimed = open, and no hold without its dispute."""

    @settings(
        max_examples=12,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(st.booleans(), st.lists(EVENTS, min_size=2, max_size=10))
    def _check(self, in_two_parts, events):
        self._day("2026-03-02")
        with self.env.cr.savepoint() as savepoint:
            term = self.term if in_two_parts else None
            invoice = self._overdue_invoice(121.07, due="2026-01-10", term=term)
            for name, value in events:
                getattr(self, f"_do_{name}")(invoice, value)
                self._check_figures(invoice)
            savepoint.rollback()
            self.env.invalidate_all()

    def test_every_cent_is_disputed_held_or_claimed(self):
        self.term = self._term((40, 0), (60, 30))
        self._check()

    def _check_figures(self, invoice):
        self._run_cron("credit_collection.ir_cron_expire_holds")
        self._run_cron(CRON)
        today = fields.Date.today()
        disputes = invoice.collection_dispute_ids
        running = disputes.filtered(
            lambda one: one.state == "open" or (one.date_resume and one.date_resume > today)
        )
        items = self._items(invoice)
        self.assertEqual(
            round(sum(items.mapped("amount_residual_currency")), 2), invoice.amount_residual
        )
        for item in items:
            disputed, held, claimed = self._divide(item)
            self.assertGreaterEqual(min(disputed, held, claimed), 0)
            if item.hold_id and not item.hold_id.dispute_id:
                self.assertEqual(claimed, 0, "all of it is held")
            else:
                self.assertEqual(held, 0, "nothing else holds it")
        expected = min(sum(running.mapped("amount")), invoice.amount_residual)
        self.assertAlmostEqual(sum(items.mapped("amount_disputed")), expected, places=2)
        self.assertEqual(disputes._get_holds().dispute_id, running)
        if not invoice.amount_residual:
            self.assertNotIn("open", disputes.mapped("state"))

    def _do_dispute(self, invoice, cents):
        if invoice.amount_residual:
            others = sum(
                invoice.collection_dispute_ids.filtered(lambda one: one.state == "open").mapped(
                    "amount"
                )
            )
            amount = min(cents / 100, round(invoice.amount_residual - others, 2))
            if amount > 0:
                self._dispute(invoice, amount)

    def _do_pay(self, invoice, cents):
        if invoice.amount_residual:
            self._pay(invoice, min(cents / 100, invoice.amount_residual), on=fields.Date.today())

    def _do_credit(self, invoice, cents):
        """Somebody matches a credit note that no dispute names."""
        note = self._credit_note(cents / 100, on=str(fields.Date.today()))
        lines = (invoice | note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        if len(lines.move_id) > 1:
            lines.reconcile()

    def _get(self, invoice, rank):
        running = invoice.collection_dispute_ids.filtered(lambda one: one.state == "open")
        return running[rank : rank + 1]

    def _do_accept(self, invoice, rank):
        dispute = self._get(invoice, rank)
        if dispute:
            self._accept(dispute)
            self.assertNotEqual(dispute.state, "open")

    def _do_reject(self, invoice, rank):
        self._reject(self._get(invoice, rank))

    def _do_withdraw(self, invoice, rank):
        self._get(invoice, rank).action_cancel()

    def _do_hold(self, invoice, days):
        self._hold(invoice, until=fields.Date.add(fields.Date.today(), days=days))

    def _do_wait(self, _invoice, days):
        self._day(fields.Date.add(fields.Date.today(), days=days))

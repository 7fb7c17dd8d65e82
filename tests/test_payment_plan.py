import io
import re
from datetime import date, timedelta
from unittest.mock import patch

import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from odoo.addons.credit_collection.models.credit_collection_dunning_document import DocumentWriter

from .common import CollectionCommon

PLAN = "credit.collection.payment.plan"


class PaymentPlanCommon(CollectionCommon):
    """Plans of three months from 16 March on. Nothing is printed, but where that counts."""

    is_printed = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")
        if not cls.is_printed:
            Letter = type(cls.env["credit.collection.letter"])
            blank = patch.object(
                Letter,
                "_render",
                lambda _self, plans, _sources=None: dict.fromkeys(plans, b"%PDF-1.4"),
            )
            cls.startClassPatcher(blank)

    def _draft(self, *invoices, partner=None, parts=None, installments=True, **vals):
        """Return a draft over these invoices, or `parts` of them: `{invoice: amount}`."""
        self._commit()
        parts = parts or dict.fromkeys(invoices)
        case = self.env["credit.collection.case"]._get_for_partner(
            partner or self.customer, self.env.company
        )
        lines = [
            Command.create(
                {"move_line_id": line.id} | ({"amount": amount} if amount is not None else {})
            )
            for invoice, amount in parts.items()
            for line in invoice.line_ids.filtered("date_maturity")
        ]
        plan = self.env[PLAN].create(
            {"case_id": case.id, "date_first": "2026-03-16", "line_ids": lines, **vals}
        )
        if installments:
            plan.action_make_installments()
        return plan

    def _plan(self, *invoices, **vals):
        """Return a plan that is agreed."""
        plan = self._draft(*invoices, **vals)
        plan.action_propose()
        plan.action_activate()
        self._commit()
        return plan

    def _follow(self, on):
        self._run_cron("credit_collection.ir_cron_follow_plans", on=on)

    def assertSchedule(self, plan, *expected):
        """The installments are these: `("2026-03-16", 100.0), ...`."""
        found = [(str(one.date_due), one.amount) for one in plan.installment_ids]
        self.assertEqual(found, list(expected))

    def assertPaid(self, plan, *expected):
        """This much is paid of each installment."""
        self._commit()
        self.assertEqual(plan.installment_ids.mapped("amount_paid"), list(expected))
        self.assertEqual(plan.amount_paid, sum(expected))

    def assertPlan(self, plan, state):
        self._commit()
        self.assertEqual(plan.state, state)
        self.assertEqual(bool(plan._get_holds()), state == "active", "the hold follows the plan")


@tagged("post_install", "-at_install")
class TestPaymentPlanProposal(PaymentPlanCommon):
    """What is offered to the customer."""

    def test_three_installments_add_up_to_the_cent(self):
        """PP1."""
        invoice = self._overdue_invoice(209378.0)
        plan = self._plan(invoice)
        self.assertSchedule(
            plan,
            ("2026-03-16", 69792.66),
            ("2026-04-16", 69792.66),
            ("2026-05-16", 69792.68),
        )
        self.assertEqual(invoice.amount_residual, 209378.0)
        self.assertEqual(str(invoice.invoice_date_due), "2026-02-20")
        self.assertEqual(self._case().days_late, 10, "the ageing stays as it is")

    def test_by_the_amount_of_an_installment(self):
        plan = self._draft(
            self._overdue_invoice(100.0),
            method="amount",
            amount_installment=30.0,
            amount_first=20.0,
            period="fortnight",
        )
        self.assertSchedule(
            plan,
            ("2026-03-16", 20.0),
            ("2026-03-30", 30.0),
            ("2026-04-13", 30.0),
            ("2026-04-27", 20.0),
        )

    def test_on_a_fixed_day_of_the_month(self):
        plan = self._draft(self._overdue_invoice(90.0), day_of_month=31)
        self.assertSchedule(plan, ("2026-03-16", 30.0), ("2026-04-30", 30.0), ("2026-05-31", 30.0))
        plan.period = "quarter"
        plan.action_make_installments()
        self.assertSchedule(plan, ("2026-03-16", 30.0), ("2026-06-30", 30.0), ("2026-09-30", 30.0))

    def test_weekly(self):
        plan = self._draft(self._overdue_invoice(90.0), period="week", installment_count=2)
        self.assertSchedule(plan, ("2026-03-16", 45.0), ("2026-03-23", 45.0))

    def test_the_form_shows_the_installments_before_anything_is_agreed(self):
        self._overdue_invoice(100.0)
        paid = self._overdue_invoice(40.0)
        self._pay(paid)
        self._overdue_invoice(50.0, due="2026-04-01")
        self._commit()
        action = self._case().action_payment_plan()
        form = Form(self.env[PLAN].with_context(**action["context"]))
        self.assertEqual(form.amount, 100.0, "what is overdue is ticked")
        form.date_first = "2026-03-16"
        form.installment_count = 2
        plan = form.save()
        plan.action_make_installments()
        with Form(plan) as form:
            with form.installment_ids.edit(0) as one:
                one.amount = 60.0
            with form.installment_ids.edit(1) as one:
                one.amount = 40.0
        self.assertSchedule(plan, ("2026-03-16", 60.0), ("2026-04-16", 40.0))
        plan.action_propose()
        self.assertEqual(plan.state, "proposed")

    def test_the_button_on_the_invoice_opens_its_plan(self):
        invoice, other = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        self._commit()
        action = invoice.action_collection_payment_plan()
        self.assertNotIn("res_id", action)
        self.assertEqual(Form(self.env[PLAN].with_context(**action["context"])).amount, 100.0)
        plan = self._plan(invoice)
        self.assertEqual(invoice.action_collection_payment_plan()["res_id"], plan.id)
        self.assertNotIn("res_id", other.action_collection_payment_plan())
        form = Form(self.env[PLAN].with_context(**self._case().action_payment_plan()["context"]))
        self.assertEqual(form.amount, 50.0, "the other one is in a plan already")

    def test_installments_must_add_up(self):
        plan = self._draft(self._overdue_invoice(100.0))
        plan.installment_ids[0].amount += 0.01
        with self.assertRefused("add up to 100.01.*, the plan covers 100.00"):
            plan.action_propose()

    def test_installments_are_in_the_future_and_on_days_of_their_own(self):
        plan = self._draft(self._overdue_invoice(100.0))
        plan.installment_ids[0].date_due = "2026-03-01"
        with self.assertRefused("in the past"):
            plan.action_propose()
        plan.installment_ids[0].date_due = plan.installment_ids[2].date_due
        with self.assertRefused("same day"):
            plan.action_propose()
        plan.installment_ids.unlink()
        with self.assertRefused("Propose the installments first"):
            plan.action_propose()

    def test_a_proposal_that_was_signed_too_late_is_dated_again(self):
        plan = self._draft(self._overdue_invoice(100.0))
        plan.action_propose()
        self._day("2026-03-20")
        with self.assertRefused("in the past"):
            plan.action_activate()
        plan.date_first = "2026-03-23"
        plan.action_make_installments()
        plan.action_activate()
        self.assertPlan(plan, "active")

    def test_terms_that_make_no_plan_are_refused(self):
        invoice = self._overdue_invoice(100.0)
        for pattern, vals in (
            ("in how many installments", {"installment_count": 0}),
            ("how much an installment is", {"method": "amount", "amount_installment": 0.0}),
            ("how much an installment is", {"method": "amount", "amount_installment": -1.0}),
            ("first payment is more", {"amount_first": 100.01}),
            ("fewer or larger", {"installment_count": 241}),
            ("fewer or larger", {"method": "amount", "amount_installment": 0.1}),
            ("fewer or larger", {"amount_first": 100.0}),
            ("fewer or larger", {"amount_first": -1.0}),
            ("fewer or larger", {"day_of_month": 32}),
        ):
            with self.assertRefused(pattern):
                self._draft(invoice, **vals)

    def test_an_installment_of_nothing_is_refused(self):
        plan = self._draft(self._overdue_invoice(100.0))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            plan.installment_ids[0].amount = 0.0
            self.env.flush_all()

    def test_what_cannot_be_planned_is_refused(self):
        invoice = self._overdue_invoice(100.0)
        paid, credit = self._overdue_invoice(60.0), self._credit_note(10.0)
        self._pay(paid)
        draft = self._overdue_invoice(70.0, post=False)
        stranger = self._overdue_invoice(80.0, partner=self._customer("Stranger"))
        for pattern, parts in (
            ("Nothing of .* is to be paid", {paid: 10.0}),
            ("Nothing of .* is to be paid", {credit: None}),
            ("Say how much", {invoice: 0.0}),
            ("Say how much", {invoice: -5.0}),
            ("covers 100.01.*only 100.00.* is open", {invoice: 100.01}),
            ("not a posted claim", {draft: None}),
            ("not a posted claim", {stranger: None}),
        ):
            with self.assertRefused(pattern):
                self._draft(parts=parts)
        with self.assertRefused("Choose the invoices"):
            self._draft(installments=False).action_propose()
        with self.assertRefused("not a posted claim"):
            plan = self._draft(installments=False)
            sale = invoice.line_ids.filtered("credit")
            plan.line_ids = [Command.create({"move_line_id": sale.id, "amount": 1.0})]

    def test_an_item_is_in_one_active_plan_only(self):
        invoice = self._overdue_invoice(100.0)
        first, second = self._draft(invoice), self._draft(invoice)
        (first | second).action_propose()
        first.action_activate()
        with self.assertRefused(f"is already in {first.name}"):
            second.action_activate()
        with self.assertRefused(f"is already in {first.name}"):
            self._draft(invoice)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            second.line_ids.sudo().state = "active"
            self.env.flush_all()

    def test_an_item_is_in_a_plan_once(self):
        line = self._overdue_invoice(100.0).line_ids.filtered("date_maturity")
        plan = self._draft(line.move_id)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            plan.line_ids = [Command.create({"move_line_id": line.id, "amount": 1.0})]

    def test_a_plan_is_in_one_currency(self):
        dollar = self._currency("USD", 2.0)
        euros = self._overdue_invoice(100.0)
        dollars = self._overdue_invoice(100.0, currency_id=dollar.id)
        with self.assertRefused("in one currency"):
            self._draft(euros, dollars)
        plan = self._plan(dollars)
        self.assertEqual(plan.currency_id, dollar)
        self._pay(dollars, 50.0, currency_id=dollar.id)
        self.assertPaid(plan, 33.33, 16.67, 0.0)
        self.assertDecision(dollars, "hold")
        self.assertDecision(euros, "due")

    def test_a_payment_between_proposal_and_agreement_is_seen(self):
        invoice = self._overdue_invoice(100.0)
        plan = self._draft(invoice)
        plan.action_propose()
        self._pay(invoice, 30.0)
        with self.assertRefused("only 70.00.* is open"):
            plan.action_activate()
        plan.line_ids.amount = 70.0
        plan.action_make_installments()
        plan.action_activate()
        self.assertPaid(plan, 0.0, 0.0, 0.0)

    def test_a_declined_plan_is_a_draft_again_and_keeps_the_reason(self):
        """PP7."""
        plan = self._draft(self._overdue_invoice(100.0))
        plan.action_propose()
        number = plan.name
        action = plan.action_decline_wizard()
        wizard = Form(self.env[action["res_model"]].with_context(**action["context"]))
        wizard.reason = "He can pay more"
        wizard.save().action_decline()
        self.assertPlan(plan, "draft")
        self.assertEqual(plan.decline_reason, "He can pay more")
        self.assertIn("He can pay more", plan.message_ids[0].body)
        plan.action_propose()
        self.assertEqual(plan.name, number)

    def test_only_a_manager_agrees_to_a_large_plan(self):
        self.company.collection_plan_amount_max = 1000.0
        for amount, is_large in ((1000.0, False), (1000.01, True)):
            plan = self._draft(self._overdue_invoice(amount))
            self.assertEqual(plan.needs_approval, is_large)
            plan.with_user(self.collector).action_propose()
            if is_large:
                with self.assertRefused("ask a manager"):
                    plan.with_user(self.collector).action_activate()
                plan.action_activate()
            else:
                plan.with_user(self.collector).action_activate()
            self.assertPlan(plan, "active")

    def test_the_limit_is_in_the_currency_of_the_company(self):
        self.company.collection_plan_amount_max = 1000.0
        dollar = self._currency("USD", 2.0)
        small = self._draft(self._overdue_invoice(1900.0, currency_id=dollar.id))
        large = self._draft(self._overdue_invoice(2100.0, currency_id=dollar.id))
        self.assertEqual((small.needs_approval, large.needs_approval), (False, True))

    def test_only_a_manager_agrees_to_a_long_plan(self):
        self.company.collection_plan_months_max = 3
        short = self._draft(self._overdue_invoice(100.0))
        long = self._draft(self._overdue_invoice(100.0), installment_count=4)
        self.assertEqual((short.needs_approval, long.needs_approval), (False, True))
        long.action_propose()
        with self.assertRefused("ask a manager"):
            long.with_user(self.collector).action_activate()

    def test_limits_are_not_negative(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.company.collection_plan_tolerance_days = -1
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestPaymentPlan(PaymentPlanCommon):
    """What becomes of what was agreed."""

    def test_dunning_waits_while_the_plan_is_honored(self):
        """PP5."""
        invoice, other = self._overdue_invoice(90.0), self._overdue_invoice(50.0)
        plan = self._draft(invoice)
        plan.action_propose()
        self.assertDecision(invoice, "due")
        plan.action_activate()
        self.assertDecision(invoice, "hold", next_on="")
        self.assertDecision(other, "due")
        hold = self._case().hold_ids
        self.assertEqual((hold.plan_id, hold.origin), (plan, plan.name))
        self.assertEqual(hold.action_open_origin()["res_id"], plan.id)
        with self.assertRefused(f"belongs to {plan.name}"):
            hold.action_release()
        with self.assertRefused("stays on what it was placed on"):
            self._hold(other).plan_id = plan

    def test_what_is_not_due_yet_may_be_planned(self):
        invoice = self._overdue_invoice(90.0, due="2026-04-01")
        plan = self._plan(invoice)
        self._day("2026-05-01")
        self._pay(invoice, 90.0, on="2026-05-01")
        self.assertPlan(plan, "done")

    def test_each_term_of_an_invoice_is_an_item(self):
        term = self._term((50, 0), (50, 60))
        invoice = self._overdue_invoice(100.0, due="2026-02-01", term=term)
        first = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")[:1]
        self._commit()
        plan = self._draft(installments=False)
        plan.line_ids = [Command.create({"move_line_id": first.id})]
        plan.action_make_installments()
        plan.action_propose()
        plan.action_activate()
        self.assertDecision(first, "hold")
        self.assertEqual(plan.amount, 50.0)

    def test_a_part_of_an_invoice_may_be_planned(self):
        """What is left out goes on being collected, also when the plan is paid."""
        invoice = self._overdue_invoice(100.0)
        plan = self._plan(parts={invoice: 60.0})
        self.assertDecision(invoice, "due")
        item = self._items(invoice)
        self.assertEqual(item.amount_claim_currency, 40.0)
        self._pay(invoice, 20.0)
        self.assertPaid(plan, 20.0, 0.0, 0.0)
        self.assertEqual(item.amount_claim_currency, 40.0, "what is outside stays outside")
        self._pay(invoice, 50.0)
        self.assertPaid(plan, 20.0, 20.0, 20.0)
        self.assertPlan(plan, "done")
        self.assertEqual(item.amount_claim_currency, 30.0)

    def test_payments_fill_the_installments_in_order(self):
        """PP4."""
        first, second = self._overdue_invoice(60.0), self._overdue_invoice(30.0)
        plan = self._plan(first, second)
        self._pay(second, 30.0)
        self.assertPaid(plan, 30.0, 0.0, 0.0)
        self._pay(first, 40.0)
        self.assertPaid(plan, 30.0, 30.0, 10.0)
        self.assertEqual(plan.installment_ids.mapped("state"), ["paid", "paid", "partial"])
        self.assertEqual(str(plan.date_next), "2026-05-16")
        self.assertEqual(plan.line_ids.mapped("amount_paid"), [40.0, 30.0])
        self._pay(first, 20.0)
        self.assertPlan(plan, "done")
        self.assertIn("settled in full", first.message_ids[0].body)

    def test_what_was_paid_before_the_plan_does_not_count(self):
        invoice = self._overdue_invoice(100.0)
        self._pay(invoice, 10.0)
        plan = self._plan(invoice)
        self.assertPaid(plan, 0.0, 0.0, 0.0)
        self._pay(invoice, 30.0)
        self.assertPaid(plan, 30.0, 0.0, 0.0)

    def test_a_credit_note_counts_as_a_payment(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        credit = self._credit_note(40.0, on=fields.Date.to_date("2026-03-02"))
        (invoice | credit).line_ids.filtered("date_maturity").reconcile()
        self.assertPaid(plan, 30.0, 10.0, 0.0)

    def test_a_payment_that_comes_back_opens_what_it_filled(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        self._pay(invoice, 50.0)
        self.assertPaid(plan, 30.0, 20.0, 0.0)
        invoice.line_ids.remove_move_reconcile()
        self.assertPaid(plan, 0.0, 0.0, 0.0)

    def test_a_plan_that_is_done_stays_done(self):
        """A payment that comes back later is an open item again, at the level where it stood."""
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        payment = self._pay(invoice, 90.0)
        self.assertPlan(plan, "done")
        payment.action_draft()
        payment.action_cancel()
        self.assertPlan(plan, "done")
        self.assertPaid(plan, 30.0, 30.0, 30.0)
        self.assertDecision(invoice, "due")

    def test_an_invoice_that_is_corrected_waits_and_one_that_is_cancelled_owes_nothing(self):
        invoice, other = self._overdue_invoice(60.0), self._overdue_invoice(30.0)
        plan = self._plan(invoice, other)
        self._pay(other, 20.0)
        self.assertPaid(plan, 20.0, 0.0, 0.0)
        invoice.button_draft()
        self.assertPaid(plan, 20.0, 0.0, 0.0)
        invoice.action_post()
        self.assertPaid(plan, 20.0, 0.0, 0.0)
        self.assertDecision(invoice, "hold")
        invoice.button_draft()
        invoice.button_cancel()
        self.assertPaid(plan, 30.0, 30.0, 20.0)
        self._pay(other, 10.0)
        self.assertPlan(plan, "done")

    def test_an_item_that_is_deleted_leaves_the_plan_and_holds_nothing_else(self):
        invoice, other = self._overdue_invoice(60.0), self._overdue_invoice(30.0)
        plan = self._plan(invoice)
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self.assertDecision(other, "due")
        self._follow("2026-03-03")
        self.assertPlan(plan, "done")
        self.assertTrue(plan.line_ids.name, "the agreement still says what it was about")

    def test_a_late_installment_is_reminded_once_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        self._pay(invoice, 10.0)
        self._follow("2026-03-18")
        self.assertFalse(plan.installment_ids[0].date_reminded)
        self._follow("2026-03-19")
        self._follow("2026-03-20")
        [mail] = self._send_mails()
        self.assertEqual(mail["smtp_to_list"], ["late.payer.ltd@customer.example"])
        message = plan.message_ids.filtered(lambda one: one.message_type == "email_outgoing")
        self.assertEqual(len(message), 1)
        self.assertIn("20,00", message.body, "the amount as it is written in French")
        self.assertEqual(str(plan.installment_ids[0].date_reminded), "2026-03-19")
        self.assertPlan(plan, "active")

    def test_a_reminder_that_cannot_be_sent_is_a_task(self):
        self.customer.email = False
        plan = self._plan(self._overdue_invoice(90.0))
        self._follow("2026-03-19")
        task = self._case().activity_ids
        self.assertEqual(task.activity_type_id.name, "Installment not reminded")
        self.assertIn("no e-mail address", task.note)
        recipients = {address for mail in self._send_mails() for address in mail["smtp_to_list"]}
        self.assertFalse([one for one in recipients if "customer" in one])
        self._follow("2026-03-20")
        self.assertEqual(len(self._case().activity_ids), 1)
        self.assertPlan(plan, "active")

    def test_a_reminder_that_the_server_refuses_is_a_task(self):
        self._plan(self._overdue_invoice(90.0))
        self._follow("2026-03-19")
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=["late.payer.ltd@customer.example"])
        self.assertEqual(
            self._case().activity_ids.activity_type_id.name, "Installment not reminded"
        )

    def test_a_plan_that_is_not_kept_breaks_and_dunning_goes_on(self):
        """PP3, PP5: at the level where it stood; the collector gets a task."""
        invoice = self._overdue_invoice(90.0, due="2026-02-10")
        self._dun("2026-03-02")
        self.assertLevel(invoice, 1)
        plan = self._plan(invoice)
        self._pay(invoice, 29.99)
        self._follow("2026-03-24")
        self.assertPlan(plan, "active")
        self.assertDecision(invoice, "hold")
        self._follow("2026-03-25")
        self.assertPlan(plan, "broken")
        self.assertEqual(str(plan.date_broken), "2026-03-25")
        self.assertEqual(plan.amount_open, 60.01)
        self.assertLevel(invoice, 1)
        self.assertDecision(invoice, "due", level=2)
        task = self._case().activity_ids
        self.assertEqual(task.activity_type_id.name, "Payment plan broken")
        for record in (invoice, self._case(), plan):
            self.assertTrue(
                any("is due at once" in message.body for message in record.message_ids), record
            )
        self._follow("2026-03-26")
        self.assertEqual(len(self._case().activity_ids), 1)
        self._pay(invoice, 10.0)
        self.assertPaid(plan, 29.99, 0.0, 0.0)

    def test_the_company_says_when_a_plan_breaks(self):
        self.company.collection_plan_tolerance_days = 0
        plan = self._plan(self._overdue_invoice(90.0))
        self._follow("2026-03-16")
        self.assertPlan(plan, "active")
        self._follow("2026-03-17")
        self.assertPlan(plan, "broken")

    def test_money_that_is_not_matched_yet_protects_the_plan(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        payment = self._unmatched_payment(30.0, on="2026-03-16")
        self._follow("2026-03-30")
        self.assertPlan(plan, "active")
        self.assertFalse(plan.installment_ids[0].date_reminded)
        (payment.move_id | invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertPaid(plan, 30.0, 0.0, 0.0)
        self._follow("2026-04-19")
        self._follow("2026-04-25")
        self.assertPlan(plan, "broken")

    def test_a_plan_that_fails_stops_no_other(self):
        first = self._plan(self._overdue_invoice(90.0))
        other = self._customer("Second")
        second = self._plan(self._overdue_invoice(90.0, partner=other), partner=other)
        Installment = type(self.env["credit.collection.installment"])
        remind = Installment._remind

        def fail(self):
            if self.plan_id == first:
                raise ValueError("no luck")
            return remind(self)

        with patch.object(Installment, "_remind", fail):
            self._follow("2026-03-19")
        self.assertFalse(first.installment_ids[0].date_reminded)
        self.assertTrue(second.installment_ids[0].date_reminded)
        self.assertIn("no luck", self._case().activity_ids.note)
        self._follow("2026-03-20")
        self.assertTrue(first.installment_ids[0].date_reminded, "the next day it is tried again")

    def test_a_renegotiated_plan_replaces_the_old_one(self):
        """PP2, PP6."""
        invoice = self._overdue_invoice(90.0)
        old = self._plan(invoice)
        self._pay(invoice, 40.0)
        self._commit()
        new = self.env[PLAN].browse(old.action_renegotiate()["res_id"])
        self.assertEqual(old.action_renegotiate()["res_id"], new.id, "one at a time")
        self.assertEqual(new.amount, 50.0)
        new.date_first = "2026-03-20"
        new.installment_count = 12
        new.action_make_installments()
        new.action_propose()
        self.assertPlan(old, "active")
        new.action_activate()
        self.assertPlan(old, "cancel")
        self.assertPlan(new, "active")
        self.assertEqual((old.replaced_by_id, new.replaces_id), (new, old))
        self.assertIn(f"replaced by {new.name}", old.message_ids[0].body)
        self.assertDecision(invoice, "hold")
        self.assertPaid(old, 30.0, 10.0, 0.0)
        self._pay(invoice, 50.0)
        self.assertPlan(new, "done")
        with self.assertRefused("Only a plan that was agreed"):
            new.action_renegotiate()

    def test_a_broken_plan_may_be_renegotiated(self):
        invoice = self._overdue_invoice(90.0)
        old = self._plan(invoice)
        self._follow("2026-03-25")
        new = self.env[PLAN].browse(old.action_renegotiate()["res_id"])
        new.date_first = "2026-04-01"
        new.action_make_installments()
        new.action_propose()
        new.action_activate()
        self.assertPlan(old, "broken")
        self.assertPlan(new, "active")
        self.assertEqual(old.replaced_by_id, new)

    def test_nothing_is_left_to_renegotiate(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        self._follow("2026-03-25")
        self._pay(invoice)
        self._commit()
        with self.assertRefused("Nothing of .* is open"):
            plan.action_renegotiate()

    def test_a_plan_that_is_cancelled_ends_its_hold(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        plan.action_cancel()
        self.assertPlan(plan, "cancel")
        self.assertDecision(invoice, "due")
        messages = len(plan.message_ids)
        plan.action_cancel()
        self.assertEqual(len(plan.message_ids), messages, "the second time does nothing")

    def test_buttons_pressed_twice_do_nothing(self):
        plan = self._draft(self._overdue_invoice(90.0))
        for action in ("action_propose", "action_activate"):
            getattr(plan, action)()
            state = plan.state
            getattr(plan, action)()
            self.assertEqual(plan.state, state)
        self.assertEqual(len(self._case().hold_ids), 1)

    def test_a_disputed_part_is_not_counted_twice(self):
        invoice = self._overdue_invoice(100.0)
        self._plan(parts={invoice: 60.0})
        dispute = (
            self.env["credit.collection.hold"]
            .sudo()
            .create(
                {
                    "case_id": self._case().id,
                    "move_id": invoice.id,
                    "reason": "dispute",
                    "amount": 70.0,
                    "date_end": "2026-06-01",
                }
            )
        )
        self._commit()
        item = self._items(invoice)
        self.assertEqual((item.amount_disputed, item.amount_claim_currency), (70.0, 30.0))
        dispute._set_state("expired")
        self.assertEqual(item.amount_claim_currency, 40.0)

    def test_the_treasurer_gets_the_open_installments_in_his_calendar(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        self._pay(invoice, 40.0)
        self._commit()
        reader = self._user("reader", "credit_collection_group_readonly")
        action = plan.with_user(reader).action_export_calendar()
        attachment_id = int(action["url"].split("/")[-1].split("?")[0])
        attachment = self.env["ir.attachment"].sudo().browse(attachment_id)
        self.assertEqual(attachment.mimetype, "text/calendar")
        events = vobject.readOne(attachment.raw.decode()).vevent_list
        self.assertEqual(
            [(event.dtstart.value, event.summary.value) for event in events],
            [
                (date(2026, 4, 16), f"Late Payer Ltd: 20.00\N{NO-BREAK SPACE}€ ({plan.name}/2)"),
                (date(2026, 5, 16), f"Late Payer Ltd: 30.00\N{NO-BREAK SPACE}€ ({plan.name}/3)"),
            ],
        )
        self.assertIn(invoice.name, events[0].description.value)
        self.assertEqual(len({event.uid.value for event in events}), 2)

    def test_the_case_counts_its_plans(self):
        plan = self._plan(self._overdue_invoice(90.0))
        case = self._case()
        self.assertEqual(case.plan_count, 1)
        self.assertEqual(self.env[PLAN].search(case.action_open_plans()["domain"]), plan)
        self.assertEqual(plan.action_open_case()["res_id"], case.id)
        self.assertEqual(plan.installment_ids[0].action_open_plan()["res_id"], plan.id)

    def test_a_customer_with_a_plan_is_archived_and_not_deleted(self):
        customer = self._customer("Newcomer")
        invoice = self._overdue_invoice(partner=customer)
        self._draft(invoice, partner=customer)
        with self.assertRefused("archive it instead"):
            customer.unlink()

    def test_numbers_are_those_of_the_company(self):
        plan = self._draft(self._overdue_invoice(90.0))
        self.assertFalse(plan.name)
        plan.action_propose()
        self.assertRegex(plan.name, r"^PP/2026/\d{5}$")
        self.assertEqual(plan.installment_ids[1].reference, f"{plan.name}/2")

    def test_late_is_what_was_due_before_today(self):
        plan = self._plan(self._overdue_invoice(90.0))
        self._day("2026-03-16")
        self.assertEqual((plan.amount_late, plan.installment_ids[0].days_late), (0.0, 0))
        self._day("2026-03-17")
        self.env.invalidate_all()
        self.assertEqual((plan.amount_late, plan.installment_ids[0].days_late), (30.0, 1))

    def test_following_many_plans_takes_one_statement(self):
        plans = self.env[PLAN].union(
            *(self._plan(self._overdue_invoice(30.0)) for _number in range(8))
        )
        plans.invalidate_recordset()

        def queries(some):
            start = self.env.cr.sql_log_count
            some._follow_ledger()
            return self.env.cr.sql_log_count - start

        queries(plans)
        self.assertEqual(queries(plans[:1]), queries(plans))


@tagged("post_install", "-at_install")
class TestPaymentPlanAgreement(PaymentPlanCommon):
    """The document that is signed."""

    is_printed = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"street": "12 Mill Quay", "zip": "9000", "city": "Gent"})
        cls.env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": cls.company.partner_id.id}
        )

    def _read(self, plan):
        pages = PdfFileReader(io.BytesIO(plan.agreement_id.raw), strict=False).pages
        return [re.sub(r"\s+", " ", page.extract_text()) for page in pages]

    def test_it_names_the_parties_the_debt_the_installments_and_the_account(self):
        for lang, amount in (
            ("en_US", "4,115.25"),
            ("fr_FR", "4 115,25"),
            ("nl_NL", "4.115,25"),
            ("de_DE", "4.115,25"),
        ):
            self.env["res.lang"]._activate_lang(lang)
            customer = self._customer(f"Debtor {lang}", lang=lang)
            invoice = self._overdue_invoice(12345.75, partner=customer)
            plan = self._draft(invoice, partner=customer)
            plan.action_propose()
            text = " ".join(self._read(plan))
            self.assertEqual(plan.lang, lang)
            for said in (
                plan.name,
                f"Debtor {lang}",
                "1 Long Street",
                self.company.name,
                "12 Mill Quay",
                invoice.name,
                amount,
                f"{plan.name}/3",
                "BE71 0961 2345 6769",
            ):
                self.assertIn(said, text)

    def test_it_says_when_the_plan_ends(self):
        plan = self._draft(self._overdue_invoice(90.0))
        plan.action_propose()
        self.assertIn("within 8 days after its due date", " ".join(self._read(plan)))
        self.company.collection_plan_tolerance_days = 0
        plan._forget_agreement()
        plan.action_print_agreement()
        self.assertIn("not paid in full on its due date", " ".join(self._read(plan)))

    def test_long_tables_run_over_pages_with_their_head(self):
        plan = self._draft(self._overdue_invoice(900.0), installment_count=36)
        plan.action_propose()
        pages = self._read(plan)
        self.assertIn("Continuation of payment plan", pages[1])
        self.assertEqual(" ".join(pages).count("Payment reference"), 3)
        self.assertIn(f"{plan.name}/36", " ".join(pages))


@tagged("post_install", "-at_install")
class TestPaymentPlanRights(PaymentPlanCommon):
    """Who may do what, asked of the server."""

    def test_states_and_figures_are_not_written(self):
        plan = self._draft(self._overdue_invoice(90.0))
        plan.action_propose()
        for user in (self.collector, self.env.user):
            own = plan.with_user(user)
            for vals in (
                {"state": "active"},
                {"name": "PP/1"},
                {"amount": 1.0},
                {"amount_paid": 1.0},
                {"date_active": "2026-03-01"},
                {"replaces_id": plan.id},
                {"agreement_id": False},
                {"company_id": False},
                {"case_id": False},
                {"decline_reason": "x"},
            ):
                with self.assertRaises(UserError, msg=vals):
                    own.write(vals)
            for record, vals in (
                (own.installment_ids[0], {"amount_paid": 1.0}),
                (own.installment_ids[0], {"date_reminded": "2026-03-01"}),
                (own.installment_ids[0], {"plan_state": "active"}),
                (own.installment_ids[0], {"plan_id": plan.id}),
                (own.line_ids, {"amount_paid": 1.0}),
                (own.line_ids, {"amount_residual": 1.0}),
                (own.line_ids, {"plan_id": plan.id}),
            ):
                with self.assertRaises(UserError, msg=vals):
                    record.write(vals)

    def test_a_plan_begins_as_a_draft(self):
        invoice = self._overdue_invoice(90.0)
        self._commit()
        case = self._case()
        Plan = self.env[PLAN].with_user(self.collector)
        for vals in ({"state": "active"}, {"name": "PP/1"}, {"replaces_id": 1}):
            with self.assertRefused("begins as a draft"):
                Plan.create({"case_id": case.id, **vals})
        sly = Plan.with_context(default_state="active", default_name="PP/1").create(
            {"case_id": case.id}
        )
        self.assertEqual((sly.state, sly.name), ("draft", False))
        with self.assertRefused("comes from the ledger"):
            sly.installment_ids = [
                Command.create({"date_due": "2026-04-01", "amount": 1.0, "amount_paid": 1.0})
            ]
        with self.assertRefused("come from the ledger"):
            line = invoice.line_ids.filtered("date_maturity")
            sly.line_ids = [Command.create({"move_line_id": line.id, "amount_residual": 500.0})]

    def test_what_is_agreed_does_not_change(self):
        plan = self._plan(self._overdue_invoice(90.0)).with_user(self.collector)
        for change in (
            lambda: plan.write({"installment_count": 5}),
            lambda: plan.write({"installment_ids": [Command.clear()]}),
            lambda: plan.installment_ids.unlink(),
            lambda: plan.installment_ids[0].write({"amount": 1.0}),
            lambda: plan.installment_ids.create(
                {"plan_id": plan.id, "date_due": "2027-01-01", "amount": 1.0}
            ),
            lambda: plan.line_ids.write({"amount": 1.0}),
            lambda: plan.line_ids.unlink(),
            lambda: plan.action_make_installments(),
        ):
            with self.assertRefused("stays as it is"):
                change()
        with self.assertRefused("part of the file"):
            plan.unlink()
        plan.note = "He called"
        plan.user_id = self.env.user

    def test_a_draft_may_be_deleted(self):
        plan = self._draft(self._overdue_invoice(90.0)).with_user(self.collector)
        installments = plan.installment_ids
        plan.unlink()
        self.assertFalse(installments.exists())

    def test_a_reader_changes_nothing(self):
        reader = self._user("reader", "credit_collection_group_readonly")
        draft = self._draft(self._overdue_invoice(90.0))
        proposed = self._draft(self._overdue_invoice(90.0))
        proposed.action_propose()
        active = self._plan(self._overdue_invoice(90.0))
        for plan, action in (
            (draft, "action_make_installments"),
            (draft, "action_propose"),
            (draft, "action_cancel"),
            (proposed, "action_activate"),
            (proposed, "action_cancel"),
            (active, "action_cancel"),
            (active, "action_renegotiate"),
        ):
            with self.assertRaises(AccessError, msg=action):
                getattr(plan.with_user(reader), action)()
        with self.assertRaises(AccessError):
            proposed.with_user(reader)._decline("No")
        with self.assertRaises(AccessError):
            self._case().with_user(reader).action_payment_plan()
        with self.assertRaises(AccessError):
            self._overdue_invoice().with_user(reader).action_collection_payment_plan()
        for records in (active, active.line_ids, active.installment_ids):
            self.assertTrue(records.with_user(reader).read())

    def test_companies_do_not_see_each_other(self):
        other = self.setup_other_company(name="Other Company")["company"]
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        plan = self._plan(self._overdue_invoice(90.0))
        for records in (plan, plan.line_ids, plan.installment_ids):
            theirs = records.with_user(stranger)
            self.assertFalse(theirs.search([]))
            with self.assertRaises(AccessError):
                theirs.invalidate_recordset()
                theirs.read(["display_name"])
        with self.assertRaises(AccessError):
            plan.with_user(stranger).action_cancel()

    def test_the_agreement_is_kept(self):
        plan = self._draft(self._overdue_invoice(90.0))
        plan.action_propose()
        proposed = plan.agreement_id
        plan.installment_ids[0].date_due = "2026-03-17"
        self.assertFalse(plan.agreement_id, "another one is to be written")
        plan.action_print_agreement()
        changed = plan.agreement_id
        self.assertNotEqual(changed, proposed)
        plan.action_activate()
        self.assertEqual(plan.agreement_id, changed)
        self.assertIn(str(changed.id), plan.action_print_agreement()["url"])
        with self.assertRefused("kept with its payment plan"):
            changed.with_user(self.collector).unlink()
        with self.assertRefused("kept with its payment plan"):
            changed.with_user(self.collector).raw = b"%PDF-1.5"
        self.assertTrue(proposed.exists())
        draft = self._draft(self._overdue_invoice(90.0))
        with self.assertRefused("written when the plan is proposed"):
            draft.action_print_agreement()

    def test_who_books_the_payment_needs_no_right_in_collections(self):
        invoice = self._overdue_invoice(90.0)
        plan = self._plan(invoice)
        clerk = self._user("clerk", "account.group_account_invoice")
        self._pay(invoice.with_user(clerk), 90.0)
        self.assertPlan(plan, "done")


amounts = st.integers(1, 6000).map(lambda cents: cents / 100)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 1), amounts),
        st.tuples(st.just("credit"), st.integers(0, 1), amounts),
        st.tuples(st.just("undo"), st.integers(0, 1), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 20), st.none()),
    ),
    min_size=1,
    max_size=6,
)


@tagged("post_install", "-at_install")
class TestPaymentPlanStories(PaymentPlanCommon):
    """Whatever happens to the invoices of a plan, and on whichever day."""

    def _receivable(self, moves):
        return moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )

    def _step(self, kind, number, amount):
        invoice = self.invoices[number] if kind != "wait" else None
        if kind == "wait":
            self.today += timedelta(days=number)
            self._follow(str(self.today))
        elif kind == "undo":
            invoice.line_ids.remove_move_reconcile()
        elif invoice.amount_residual and kind == "pay":
            self._pay(invoice, amount, on=self.today)
        elif invoice.amount_residual:
            credit = self._credit_note(amount, on=self.today)
            self._receivable(invoice | credit).reconcile()
        self._commit()

    def _check(self, plan):
        lines = {line.move_line_id: line for line in plan.line_ids}
        paid = sum(
            max(min(line.amount_residual - item.amount_residual_currency, line.amount), 0)
            for item, line in lines.items()
        )
        if plan.state == "active":
            self.assertAlmostEqual(sum(plan.installment_ids.mapped("amount_paid")), paid)
        self.assertAlmostEqual(plan.amount_paid + plan.amount_open, plan.amount)
        self.assertGreaterEqual(plan.amount_open, 0)
        for item in self._case().item_ids:
            open_amount = item.amount_residual_currency
            if open_amount > 0:
                outside = lines[item.move_line_id]._get_amount_outside()
                claim = min(open_amount, outside) if plan.state == "active" else open_amount
                self.assertAlmostEqual(item.amount_claim_currency, claim)
        holds = self._case().hold_ids.filtered(lambda hold: hold.state == "active")
        self.assertEqual(len(holds), plan.state == "active")

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(1000, 6000), st.integers(1, 4), steps)
    def test_no_cent_is_lost(self, cents, count, story):
        with self.env.cr.savepoint() as savepoint:
            self.today = date(2026, 3, 2)
            self._day(str(self.today))
            self.invoices = [self._overdue_invoice(60.0), self._overdue_invoice(45.67)]
            parts = {self.invoices[0]: cents / 100, self.invoices[1]: 45.67}
            plan = self._plan(parts=parts, installment_count=count)
            self._check(plan)
            for step in story:
                self._step(*step)
                self._check(plan)
            savepoint.rollback()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestPaymentPlanInterest(PaymentPlanCommon):
    """A plan waives interest only if it says so, and only while it is kept."""

    def _agreed(self, covered=None, is_interest_waived=True):
        """Return a plan agreed on 2 March over an invoice of 1000 due on 10 February."""
        self.company.collection_legal_profile_id = self.env.ref(
            "credit_collection.legal_profile_be_business"
        )
        self.invoice = self._overdue_invoice(1000.0, "2026-02-10")
        return self._plan(parts={self.invoice: covered}, is_interest_waived=is_interest_waived)

    def assertInterest(self, expected, until="2026-06-30"):
        """The stretches of days that bear interest: `[(first, last), ...]`."""
        line = self.invoice._collection_get_receivables()
        derivation = line._collection_get_interest(date.fromisoformat(until))[line]
        found = [(str(one.first), str(one.last)) for one in derivation.interest.segments]
        self.assertEqual(found, expected)

    def test_a_plan_that_says_nothing_waives_nothing(self):
        self._agreed(is_interest_waived=False)
        self.assertInterest([("2026-02-11", "2026-06-30")])

    def test_no_interest_from_the_agreement_on(self):
        self._agreed()
        self.assertInterest([("2026-02-11", "2026-03-01")])

    def test_when_the_plan_is_broken_its_days_count_again(self):
        plan = self._agreed()
        self._follow("2026-04-20")
        self.assertEqual(plan.state, "broken")
        self.assertInterest([("2026-02-11", "2026-06-30")])

    def test_when_the_plan_is_given_up_its_days_count_again(self):
        self._agreed().action_cancel()
        self.assertInterest([("2026-02-11", "2026-06-30")])

    def test_an_invoice_that_is_covered_in_part_goes_on_bearing_interest(self):
        self._agreed(covered=200.0)
        self.assertInterest([("2026-02-11", "2026-06-30")])

    def test_a_plan_that_was_replaced_was_kept_until_then(self):
        plan = self._agreed()
        self._day("2026-03-12")
        successor = self.env[PLAN].browse(plan.action_renegotiate()["res_id"])
        self.assertTrue(successor.is_interest_waived)
        successor.is_interest_waived = False
        successor.date_first = "2026-03-30"
        successor.action_make_installments()
        successor.action_propose()
        successor.action_activate()
        self._commit()
        self.assertInterest([("2026-02-11", "2026-03-01"), ("2026-03-12", "2026-06-30")])

    def test_what_is_agreed_about_interest_does_not_change_later(self):
        plan = self._agreed()
        with self.assertRefused("stays as it is"):
            plan.with_user(self.collector).is_interest_waived = False

    def test_a_notice_claims_no_interest_for_the_days_of_a_plan(self):
        self._agreed()
        line = self.invoice._collection_get_receivables()
        Interest = self.env["credit.collection.interest"]
        derivation = line._collection_get_interest(date(2026, 6, 30))[line]
        notes = Interest._prepare_notes(derivation, DocumentWriter(self.env, {}))
        self.assertIn("No interest is counted from 03/02/2026 on.", notes)

    def test_the_agreement_says_so(self):
        plan = self._agreed()
        html = str(self.env["credit.collection.letter"]._render_html(plan))
        self.assertIn("bear no interest from the day of this agreement on", html)
        other = self._plan(self._overdue_invoice(100.0, "2026-02-10"))
        html = str(self.env["credit.collection.letter"]._render_html(other))
        self.assertNotIn("bear no interest", html)

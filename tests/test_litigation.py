from datetime import date
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import CollectionCommon

LITIGATION = "credit.collection.litigation"


class LitigationCommon(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")
        cls.manager = cls._user(cls, "manager", "credit_collection_group_manager")

    def _kind(self, name):
        return self.env.ref(f"credit_collection.litigation_kind_{name}")

    def _draft(self, *invoices, kind="full", partner=None, **vals):
        """Return a draft over these invoices; over all that is owed where the kind says so."""
        self._commit()
        case = self.env["credit.collection.case"]._get_for_partner(
            partner or (invoices[0].partner_id if invoices else self.customer),
            vals.pop("company", self.env.company),
        )
        lines = self.env["account.move"].union(*invoices).line_ids.filtered("date_maturity")
        return self.env[LITIGATION].create(
            {
                "case_id": case.id,
                "kind_id": self._kind(kind).id,
                "line_ids": [Command.create({"move_line_id": line.id}) for line in lines],
                **vals,
            }
        )

    def _litigation(self, *invoices, **vals):
        """Return a litigation that is open."""
        litigation = self._draft(*invoices, **vals)
        litigation.action_open()
        self._commit()
        return litigation

    def _insolvency(self, on="2026-03-01", kind="bankruptcy_be", **vals):
        return self._litigation(kind=kind, date_judgment=on, **vals)

    def _bill(self, amount, litigation, move_type="in_invoice", **vals):
        """Return a posted bill of the lawyer."""
        lawyer = self._customer("Lawyer")
        bill = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": lawyer.id,
                "invoice_date": "2026-03-02",
                "collection_litigation_id": litigation.id,
                "invoice_line_ids": [
                    Command.create({"name": "Fees", "price_unit": amount, "tax_ids": []})
                ],
                **vals,
            }
        )
        bill.action_post()
        return bill

    def _tasks(self, litigation):
        return litigation.activity_ids.filtered("automated")

    def _step(self, litigation, kind):
        return litigation.step_ids.filtered(lambda step: step.kind == kind)

    def _close(self, litigation, outcome, note=None):
        wizard = self.env["credit.collection.litigation.close"].create(
            {"litigation_id": litigation.id, "outcome": outcome, "note": note}
        )
        return wizard.action_close()


@tagged("post_install", "-at_install")
class TestLitigation(LitigationCommon):
    """A case goes to the lawyer, and comes back."""

    def test_what_it_covers_is_not_reminded_the_rest_is(self):
        """S14."""
        covered, other = self._overdue_invoice(), self._overdue_invoice(80.0)
        litigation = self._litigation(covered)
        self.assertRegex(litigation.name, r"^LT/2026/\d{5}$")
        self.assertDecision(covered, "hold")
        self.assertExplained(
            covered,
            f"On hold without an end: In litigation, {litigation.display_name} "
            f"({self.env.user.name}).",
        )
        self.assertDecision(other, "due")
        self.assertEqual(litigation.amount_principal, 100.0)

    def test_everything_that_is_owed_is_covered_also_what_comes_later(self):
        first = self._overdue_invoice()
        self._commit()
        case = self._case()
        case.date_next_action = "2026-03-01"
        case._schedule_task("credit_collection.mail_activity_type_promise_broken")
        litigation = self._litigation(covers_customer=True, partner=self.customer)
        self.assertFalse(case.date_next_action, "nobody calls him: it is in other hands")
        self.assertFalse(case.activity_ids)
        later = self._overdue_invoice(50.0, due="2026-02-25")
        self.assertDecision(first | later, "hold")
        self.assertEqual(litigation.line_ids.move_id, first | later)
        self.assertEqual(litigation.amount_principal, 100.0, "what was claimed stays")
        self.assertEqual(self._case().hold_ids.scope, "Everything")

    def test_withdrawn_it_lets_dunning_go_on(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        litigation.action_cancel()
        self.assertEqual((litigation.state, litigation.date_closed), ("cancel", date(2026, 3, 2)))
        self.assertDecision(invoice, "due")
        self.assertFalse(self._tasks(litigation))
        litigation.action_cancel()
        self.assertEqual(litigation.state, "cancel")

    def test_opening_it_twice_does_nothing_the_second_time(self):
        litigation = self._litigation(self._overdue_invoice())
        name = litigation.name
        litigation.action_open()
        self.assertEqual((litigation.name, len(self._case().hold_ids)), (name, 1))

    def test_a_promise_is_cancelled_with_the_reason(self):
        invoice = self._overdue_invoice()
        self._commit()
        promise = self.env["credit.collection.promise"].create(
            {"case_id": self._case().id, "amount": 100.0, "date_promised": "2026-03-09"}
        )
        self._litigation(invoice)
        self.assertEqual(promise.state, "cancel")
        self.assertIn("Full proceedings begins", self._case().message_ids[1].body)
        self.assertEqual(
            self._case().hold_ids.filtered(lambda h: h.state == "active").reason, "litigation"
        )

    def test_a_promise_for_something_else_goes_on(self):
        invoice, other = self._overdue_invoice(), self._overdue_invoice(80.0)
        self._commit()
        promise = self.env["credit.collection.promise"].create(
            {
                "case_id": self._case().id,
                "amount": 80.0,
                "date_promised": "2026-03-09",
                "move_line_ids": other.line_ids.filtered("date_maturity").ids,
            }
        )
        self._litigation(invoice)
        self.assertEqual(promise.state, "open")

    def test_what_is_in_a_payment_plan_is_refused(self):
        invoice = self._overdue_invoice()
        self._commit()
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": self._case().id,
                "date_first": "2026-03-16",
                "line_ids": [
                    Command.create({"move_line_id": invoice.line_ids.filtered("date_maturity").id})
                ],
            }
        )
        plan.action_make_installments()
        plan._set_state("active", allowed=("draft",))
        litigation = self._draft(invoice)
        with self.assertRefused("is in the payment plan .*: cancel the plan first"):
            litigation.action_open()
        self.assertEqual(litigation.state, "draft")

    def test_what_is_disputed_stays_disputed(self):
        invoice = self._overdue_invoice()
        self._commit()
        dispute = self.env["credit.collection.dispute"].create(
            {
                "move_id": invoice.id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
                "amount": 30.0,
            }
        )
        litigation = self._litigation(invoice)
        item = self._items(invoice)
        self.assertEqual((dispute.state, item.amount_disputed), ("open", 30.0))
        self.assertEqual((item.amount_claim_currency, item.decision), (0.0, "hold"))
        self._close(litigation, "cancel")
        self._commit()
        self.assertEqual(self._items(invoice).amount_claim_currency, 70.0)

    def test_an_item_is_in_one_litigation_of_a_sort(self):
        invoice = self._overdue_invoice()
        first = self._litigation(invoice)
        second = self._draft(invoice, kind="summary")
        with self.assertRefused(f"is already in {first.name}"):
            second.action_open()
        self._insolvency(partner=self.customer)
        self._commit()
        self.assertEqual(invoice.collection_litigation_status, "insolvency")

    def test_what_comes_later_is_in_one_of_two_over_everything(self):
        self._overdue_invoice()
        self._pay(self._overdue_invoice(50.0))
        partner = self._customer("Owes Nothing Yet")
        first = self._litigation(covers_customer=True, partner=partner)
        second = self._litigation(covers_customer=True, partner=partner)
        later = self._overdue_invoice(partner=partner)
        self.assertDecision(later, "hold")
        self.assertEqual((first | second).line_ids.move_id, later)
        self.assertEqual(len((first | second).line_ids), 1)

    def test_nothing_is_begun_over_nothing(self):
        self._overdue_invoice()
        with self.assertRefused("Choose the invoices"):
            self._draft(partner=self.customer).action_open()

    def test_what_is_paid_is_no_claim(self):
        invoice = self._overdue_invoice()
        litigation = self._draft(invoice)
        self._pay(invoice)
        self._commit()
        with self.assertRefused("is no open debt of Late Payer Ltd any more"):
            litigation.action_open()

    def test_what_it_covers_is_fixed_when_it_begins(self):
        invoice, other = self._overdue_invoice(), self._overdue_invoice(80.0)
        litigation = self._litigation(invoice)
        line = other.line_ids.filtered("date_maturity")
        for change in (
            {"line_ids": [Command.create({"move_line_id": line.id})]},
            {"covers_customer": True},
        ):
            with self.assertRefused("stays as it is"):
                litigation.with_user(self.collector).write(change)
        with self.assertRefused("stays as it is"):
            litigation.line_ids.with_user(self.collector).unlink()
        with self.assertRefused("come from the ledger"):
            litigation.line_ids.with_user(self.collector).amount_recovered = 100.0

    def test_what_is_closed_is_not_changed(self):
        litigation = self._litigation(self._overdue_invoice())
        self._close(litigation, "cancel")
        own = litigation.with_user(self.collector)
        own.note = "The file is in the archive."
        with self.assertRefused("is closed"):
            own.amount_interest = 5.0
        with self.assertRefused("is closed"):
            own.step_ids[0].note = "Later"
        with self.assertRefused("is closed"):
            own.party_ids = [Command.create({"partner_id": self.customer.id})]
        with self.assertRefused("cancel it instead"):
            own.unlink()

    def test_it_begins_as_a_draft_whatever_a_client_says(self):
        self._overdue_invoice()
        self._commit()
        vals = {"case_id": self._case().id, "kind_id": self._kind("full").id}
        Litigation = self.env[LITIGATION].with_user(self.collector)
        for forged in ({"state": "recovered"}, {"name": "LT/1"}, {"is_credit_blocked": True}):
            with self.assertRefused("begins as a draft"):
                Litigation.create(vals | forged)
        litigation = Litigation.with_context(default_state="open").create(vals)
        self.assertEqual(litigation.state, "draft")
        for forged in ({"state": "open"}, {"credit_limit_before": 5.0}, {"amount_recovered": 5.0}):
            with self.assertRefused("only through its buttons"):
                litigation.write(forged)

    # -------------------------------------------------------------------------
    # What was recovered, what it cost
    # -------------------------------------------------------------------------

    def test_what_is_paid_since_it_began_is_recovered(self):
        invoice = self._overdue_invoice()
        self._pay(invoice, 10.0)
        litigation = self._litigation(invoice)
        self.assertEqual((litigation.amount_principal, litigation.amount_recovered), (90.0, 0.0))
        self._pay(invoice, 60.0)
        self._commit()
        self.assertEqual((litigation.amount_recovered, litigation.amount_open), (60.0, 30.0))
        self.assertEqual(litigation.line_ids.amount_recovered, 60.0)

    def test_what_is_credited_is_not_recovered(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        note = self._credit_note(40.0)
        (invoice | note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self._commit()
        self.assertEqual((litigation.amount_recovered, litigation.amount_open), (0.0, 60.0))

    def test_a_payment_that_is_taken_back_is_not_recovered(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        self._pay(invoice, 60.0)
        self._commit()
        invoice.line_ids.remove_move_reconcile()
        self._commit()
        self.assertEqual(litigation.amount_recovered, 0.0)

    def test_a_doubtful_debt_stays_in_litigation_and_its_payment_counts(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        doubtful = self.company_data["default_account_receivable"].copy({"name": "Doubtful"})
        self.env["credit.collection.case.doubtful"].create(
            {
                "case_id": self._case().id,
                "move_line_ids": invoice.line_ids.filtered("date_maturity").ids,
                "doubtful_account_id": doubtful.id,
                "is_moved": True,
                "reason": "In litigation",
            }
        ).action_move()
        self._commit()
        moved = self._case().item_ids
        self.assertEqual((moved.decision, litigation.amount_open), ("hold", 100.0))
        self.assertEqual((litigation.amount_recovered, litigation.is_settled), (0.0, False))
        payment = self._unmatched_payment(30.0, destination_account_id=doubtful.id)
        (moved.move_line_id | payment.move_id.line_ids).filtered(
            lambda line: line.account_id == doubtful
        ).reconcile()
        self._commit()
        self.assertEqual((litigation.amount_recovered, litigation.amount_open), (30.0, 70.0))
        self.assertEqual(invoice.collection_litigation_status, "court")

    def test_paid_in_full_it_asks_to_be_closed_and_stays_open(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        self._pay(invoice)
        self._commit()
        tasks = self._tasks(litigation)
        self.assertEqual(
            tasks.mapped("summary"), ["Nothing is open any more: close the litigation."]
        )
        self.assertEqual((litigation.state, litigation.is_settled), ("open", True))
        invoice.line_ids.remove_move_reconcile()
        self._commit()
        self.assertFalse(litigation.is_settled)
        self.assertFalse(self._tasks(litigation))
        self.assertDecision(invoice, "hold")

    def test_costs_are_the_posted_bills_less_their_refunds(self):
        litigation = self._litigation(self._overdue_invoice())
        self._bill(300.0, litigation)
        self._bill(50.0, litigation, move_type="in_refund")
        self._bill(999.0, litigation).button_draft()
        dollars = self._currency("USD", 2.0)
        self._bill(100.0, litigation, currency_id=dollars.id)
        litigation.invalidate_recordset()
        self.assertEqual(litigation.amount_spent, 300.0)
        self.assertEqual(litigation.with_user(self.collector).amount_spent, 300.0)

    def test_an_invoice_to_a_customer_is_no_cost(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        with self.assertRefused("Only the bills of vendors"):
            invoice.collection_litigation_id = litigation

    def test_costs_are_added_up_at_once_for_many(self):
        litigations = self.env[LITIGATION]
        for number in range(6):
            litigations |= self._litigation(
                self._overdue_invoice(partner=self._customer(f"Customer {number}"))
            )
        self.env.invalidate_all()
        with self.assertQueryCount(2):
            litigations[:3].mapped("amount_spent")
        self.env.invalidate_all()
        with self.assertQueryCount(2):
            litigations.mapped("amount_spent")

    # -------------------------------------------------------------------------
    # The outcome
    # -------------------------------------------------------------------------

    def test_the_outcome_is_proposed_from_the_ledger(self):
        Wizard = self.env["credit.collection.litigation.close"]
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        for paid, outcome in ((None, "irrecoverable"), (40.0, "partial"), (60.0, "recovered")):
            if paid:
                self._pay(invoice, paid)
                self._commit()
            self.assertEqual(Wizard.create({"litigation_id": litigation.id}).outcome, outcome)

    def test_irrecoverable_it_proposes_to_write_off_what_is_open(self):
        paid, lost = self._overdue_invoice(), self._overdue_invoice(80.0)
        litigation = self._litigation(paid, lost)
        self._pay(paid)
        self._pay(lost, 30.0)
        self._commit()
        action = self._close(litigation, "irrecoverable", "No assets.")
        self.assertEqual(action["res_model"], "credit.collection.case.write.off")
        self.assertEqual(litigation.state, "irrecoverable")
        self.assertIn("No assets.", litigation.message_ids[0].body)
        wizard = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(wizard.amount, 50.0)
        wizard.reason = "No assets"
        wizard.account_id = self.company_data["default_account_expense"]
        wizard.save().action_write_off()
        self._commit()
        self.assertEqual(lost.payment_state, "paid")
        self.assertEqual(litigation.amount_recovered, 130.0)

    def test_a_collector_who_may_not_write_off_asks_a_manager(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        own = self.env["credit.collection.litigation.close"].with_user(self.collector)
        action = own.create(
            {"litigation_id": litigation.id, "outcome": "irrecoverable"}
        ).action_close()
        self.assertFalse(action)
        task = self._tasks(litigation)
        self.assertEqual(task.summary, "Write off what the litigation has not recovered")
        self.assertTrue(task.user_id.has_group("credit_collection.credit_collection_group_manager"))

    # -------------------------------------------------------------------------
    # Stages, deadlines, hearings
    # -------------------------------------------------------------------------

    def test_a_stage_is_noted_and_the_next_one_has_its_deadline(self):
        litigation = self._litigation(self._overdue_invoice(), kind="ios")
        self.assertEqual(litigation.stage_id.name, "File handed over")
        self._day("2026-03-10")
        litigation.action_next_stage()
        self._day("2026-03-31")
        self.assertEqual(
            litigation.step_ids.mapped(lambda one: (one.name, one.date_done, one.date_due)),
            [
                ("File handed over", date(2026, 3, 2), False),
                ("Summons to pay served", date(2026, 3, 10), False),
                ("Month to answer over", False, date(2026, 4, 10)),
            ],
        )
        litigation.action_next_stage()
        self.assertEqual(
            (litigation.date_next, litigation.next_step),
            (date(2026, 4, 8), "Record of no dispute"),
        )

    def test_a_stage_that_is_skipped_is_not_awaited(self):
        litigation = self._litigation(self._overdue_invoice(), kind="ios")
        litigation.action_next_stage()
        litigation.stage_id = self.env.ref("credit_collection.litigation_stage_enforceable")
        self.assertFalse(litigation.step_ids.filtered(lambda step: not step.date_done))
        self.assertFalse(litigation.date_next)

    def test_a_stage_of_another_procedure_is_refused(self):
        litigation = self._litigation(self._overdue_invoice(), kind="ios")
        with self.assertRefused("is no stage of Recovery of undisputed debts"):
            litigation.stage_id = self.env.ref("credit_collection.litigation_stage_pleadings")

    def test_the_last_stage_asks_to_close(self):
        litigation = self._litigation(self._overdue_invoice(), kind="enforcement")
        litigation.action_next_stage()
        self.assertEqual(
            self._tasks(litigation).mapped("summary"),
            ["The last stage is reached: close the litigation."],
        )
        with self.assertRefused("This is the last stage"):
            litigation.action_next_stage()

    def test_a_hearing_becomes_a_task_in_time_and_once(self):
        litigation = self._litigation(self._overdue_invoice())
        step = self.env["credit.collection.litigation.step"].create(
            {
                "litigation_id": litigation.id,
                "kind": "hearing",
                "date_due": "2026-03-20",
                "place": "Room 3, 9 o'clock",
            }
        )
        self.assertEqual(litigation.date_hearing, date(2026, 3, 20))
        self.assertFalse(self._tasks(litigation))
        for day in ("2026-03-12", "2026-03-13", "2026-03-14"):
            self._run_cron("credit_collection.ir_cron_follow_litigations", on=day)
        task = self._tasks(litigation)
        self.assertEqual(len(task), 1)
        self.assertEqual(
            (task.date_deadline, task.summary, task.user_id),
            (date(2026, 3, 20), "Hearing, Room 3, 9 o'clock", self.env.user),
        )
        step.date_due = "2026-03-25"
        self.assertEqual(task.date_deadline, date(2026, 3, 25))
        litigation.user_id = self.collector
        self.assertEqual(task.user_id, self.collector)
        step.action_done()
        self.assertFalse(self._tasks(litigation))
        self._run_cron("credit_collection.ir_cron_follow_litigations", on="2026-03-24")
        self.assertFalse(self._tasks(litigation))

    def test_a_task_that_was_done_comes_back_only_for_another_day(self):
        litigation = self._litigation(self._overdue_invoice())
        step = self.env["credit.collection.litigation.step"].create(
            {
                "litigation_id": litigation.id,
                "kind": "deadline",
                "name": "Reply",
                "date_due": "2026-03-05",
            }
        )
        self._tasks(litigation).action_feedback()
        self._run_cron("credit_collection.ir_cron_follow_litigations", on="2026-03-04")
        self.assertFalse(self._tasks(litigation))
        step.date_due = "2026-03-10"
        self.assertEqual(self._tasks(litigation).date_deadline, date(2026, 3, 10))

    def test_how_long_before_is_the_companys_choice(self):
        self.company.collection_litigation_task_days = 1
        litigation = self._litigation(self._overdue_invoice())
        self.env["credit.collection.litigation.step"].create(
            {"litigation_id": litigation.id, "kind": "hearing", "date_due": "2026-03-05"}
        )
        self.assertFalse(self._tasks(litigation))
        self._run_cron("credit_collection.ir_cron_follow_litigations", on="2026-03-04")
        self.assertEqual(len(self._tasks(litigation)), 1)

    def test_one_that_cannot_be_followed_stops_no_other(self):
        first = self._litigation(self._overdue_invoice())
        other = self._litigation(self._overdue_invoice(partner=self._customer("Other")))
        follow = type(first)._follow_ledger

        def fail(litigations):
            if first in litigations:
                raise ValueError("broken")
            follow(litigations)

        with (
            patch.object(type(first), "_follow_ledger", fail),
            self.assertLogs("odoo.addons.credit_collection.models.credit_collection_litigation"),
        ):
            self._run_cron("credit_collection.ir_cron_follow_litigations", on="2026-03-03")
        self.assertEqual(
            (first | other).mapped("date_checked"), [date(2026, 3, 3), date(2026, 3, 3)]
        )

    # -------------------------------------------------------------------------
    # Who is told, who gets no credit
    # -------------------------------------------------------------------------

    def test_what_to_do_after_the_last_reminder_is_decided_by_going_to_court(self):
        first, second = self._overdue_invoice(), self._overdue_invoice(80.0)
        for day in ("2026-03-02", "2026-03-12", "2026-03-22"):
            self._dun(day)
        self._day("2026-03-31")
        self._run_cron("credit_collection.ir_cron_assess")
        task = "credit_collection.mail_activity_type_last_level"
        case = self._case()
        case._schedule_task(task)
        self._litigation(first)
        self.assertTrue(
            case.activity_search([task]), "the other invoice still waits for a decision"
        )
        self._litigation(second)
        self.assertFalse(case.activity_search([task]))

    def test_each_salesperson_is_told_once(self):
        seller = self._user("seller", "base.group_partner_manager", lang="en_US")
        other = self._user("other", "base.group_partner_manager", lang="en_US")
        self.customer.user_id = seller
        invoices = (
            self._overdue_invoice(invoice_user_id=seller.id),
            self._overdue_invoice(80.0, invoice_user_id=other.id),
        )
        before = self.env["mail.message"].search([]).ids
        self._litigation(*invoices)
        told = self.env["mail.message"].search(
            [
                ("id", "not in", before),
                ("message_type", "=", "user_notification"),
                ("model", "=", "res.partner"),
            ]
        )
        self.assertEqual(told.notified_partner_ids, (seller | other).partner_id)
        self.assertEqual(len(told), 2)
        self.assertRegex(told[0].body, "Full proceedings begins: .*180")

    def test_a_customer_in_litigation_gets_no_new_credit(self):
        self.company.account_use_credit_limit = True
        self.company.collection_litigation_block_credit = True
        self.customer.credit_limit = 5000.0
        litigation = self._litigation(self._overdue_invoice())
        self.assertTrue(litigation.is_credit_blocked)
        draft = self._overdue_invoice(10.0, post=False)
        self.assertIn("has reached its credit limit", draft.partner_credit_warning)
        self._close(litigation, "cancel")
        self.assertEqual(self.customer.credit_limit, 5000.0)
        self.assertFalse(litigation.is_credit_blocked)

    def test_who_had_no_limit_has_none_again(self):
        self.company.collection_litigation_block_credit = True
        litigation = self._litigation(self._overdue_invoice())
        self.customer.invalidate_recordset()
        self.assertTrue(self.customer.use_partner_credit_limit)
        self._close(litigation, "cancel")
        self.customer.invalidate_recordset()
        self.assertFalse(self.customer.use_partner_credit_limit)

    def test_a_limit_that_somebody_changed_is_left(self):
        self.company.collection_litigation_block_credit = True
        litigation = self._litigation(self._overdue_invoice())
        self.customer.credit_limit = 250.0
        self._close(litigation, "cancel")
        self.assertEqual(self.customer.credit_limit, 250.0)

    def test_credit_comes_back_with_the_last_of_two(self):
        self.company.collection_litigation_block_credit = True
        self.customer.credit_limit = 700.0
        first = self._litigation(self._overdue_invoice())
        second = self._litigation(self._overdue_invoice(80.0))
        self._close(first, "cancel")
        self.assertEqual(self.customer.credit_limit, 0.01)
        self._close(second, "cancel")
        self.assertEqual(self.customer.credit_limit, 700.0)

    def test_credit_is_left_alone_where_the_company_does_not_ask(self):
        self.customer.credit_limit = 700.0
        litigation = self._litigation(self._overdue_invoice())
        self.assertEqual((self.customer.credit_limit, litigation.is_credit_blocked), (700.0, False))

    # -------------------------------------------------------------------------
    # The status
    # -------------------------------------------------------------------------

    def test_the_status_is_found_and_grouped_by(self):
        invoice, free = self._overdue_invoice(), self._overdue_invoice(80.0)
        other = self._overdue_invoice(partner=self._customer("Solvent"))
        litigation = self._litigation(invoice)
        for model, inside, outside in (
            ("account.move", invoice, free | other),
            ("credit.collection.case", self._case(), self._case(other.partner_id)),
            ("res.partner", self.customer, other.partner_id),
        ):
            Model = self.env[model].with_user(self.collector)
            own = [("id", "in", (inside | outside).ids)]
            field = "collection_litigation_status"
            self.assertEqual(inside[field], "court")
            self.assertFalse(any(one[field] for one in outside))
            self.assertEqual(Model.search([*own, (field, "=", "court")]), inside)
            self.assertEqual(Model.search([*own, (field, "!=", False)]), inside)
            self.assertEqual(Model.search([*own, (field, "=", False)]), outside)
            self.assertEqual(
                dict(Model._read_group(own, [field], ["__count"])),
                {"court": 1, False: len(outside)},
            )
            self.assertTrue(Model.fields_get([field])[field]["groupable"])
        self._close(litigation, "cancel")
        self.assertFalse(invoice.collection_litigation_status)
        self.assertFalse(self.customer.collection_litigation_status)

    def test_a_contact_is_in_litigation_with_its_company(self):
        contact = self._contact(self.customer)
        self._litigation(self._overdue_invoice())
        self.assertEqual(contact.collection_litigation_status, "court")

    def test_a_dunning_run_leaves_it_out(self):
        covered, other = self._overdue_invoice(), self._overdue_invoice(80.0)
        self._litigation(covered)
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {other: 1})])
        self.assertExcluded(run, {"hold": 1})


@tagged("post_install", "-at_install")
class TestInsolvency(LitigationCommon):
    """What is older than the judgment waits for the curator; the estate pays the rest."""

    def test_what_is_older_is_held_what_is_newer_is_collected(self):
        older = self._overdue_invoice()  # of 21 January
        newer = self._overdue_invoice(80.0, due="2026-02-15", invoice_date="2026-02-10")
        litigation = self._insolvency("2026-02-10", partner=self.customer)
        self.assertDecision(older, "hold")
        self.assertDecision(newer, "due")
        self.assertEqual((litigation.amount_principal, litigation.newer_count), (100.0, 1))

    def test_an_old_invoice_that_is_entered_late_is_covered(self):
        self._overdue_invoice()
        litigation = self._insolvency("2026-02-10", partner=self.customer)
        late = self._overdue_invoice(50.0)
        newer = self._overdue_invoice(80.0, due="2026-02-15", invoice_date="2026-02-11")
        self.assertDecision(late, "hold")
        self.assertDecision(newer, "due")
        self.assertIn(late, litigation.line_ids.move_id)

    def test_a_newer_item_cannot_be_chosen(self):
        newer = self._overdue_invoice(80.0, due="2026-02-15", invoice_date="2026-02-10")
        litigation = self._draft(
            newer, kind="bankruptcy_be", date_judgment="2026-02-10", covers_customer=False
        )
        with self.assertRefused("it is a debt of the estate"):
            litigation.action_open()

    def test_the_opening_judgment_has_to_be_known(self):
        self._overdue_invoice()
        litigation = self._draft(kind="bankruptcy_be", partner=self.customer)
        with self.assertRefused("Enter the day of the opening judgment"):
            litigation.action_open()

    def test_the_deadline_to_file_is_that_of_the_country(self):
        """The worked rules: BE 30 days after the judgment, FR 2 months after the BODACC."""
        self._overdue_invoice()
        dates = {
            "date_judgment": "2026-01-31",
            "date_publication": "2026-02-05",
            "date_notice": "2026-02-20",
        }
        for kind, deadline in (
            ("bankruptcy_be", "2026-03-02"),
            ("safeguard_fr", "2026-04-05"),
            ("receivership_fr", "2026-04-05"),
            ("liquidation_fr", "2026-04-05"),
            ("debt_settlement_be", "2026-03-20"),
            ("debt_settlement_fr", False),
            ("bankruptcy", False),
        ):
            litigation = self._draft(kind=kind, partner=self.customer, **dates)
            self.assertEqual(
                litigation.date_filing_deadline, fields.Date.to_date(deadline) or False, kind
            )

    def test_the_deadline_is_proposed_when_its_day_is_known_and_can_be_changed(self):
        self._overdue_invoice()
        litigation = self._insolvency("2026-02-10", kind="safeguard_fr", partner=self.customer)
        self.assertFalse(litigation.date_filing_deadline)
        litigation.date_publication = "2026-02-14"
        self.assertEqual(litigation.date_filing_deadline, date(2026, 4, 14))
        litigation.date_filing_deadline = "2026-06-14"
        step = self._step(litigation, "filing")
        self.assertEqual(step.date_due, date(2026, 6, 14))

    def test_filing_the_claim_closes_its_task(self):
        self._overdue_invoice()
        litigation = self._insolvency("2026-02-05", partner=self.customer)
        self.assertEqual(self._tasks(litigation).mapped("date_deadline"), [date(2026, 3, 7)])
        domain = [("date_filing_deadline", "!=", False), ("date_filed", "=", False)]
        self.assertIn(litigation, self.env[LITIGATION].search(domain))
        litigation.write({"date_filed": "2026-03-02", "amount_filed": 100.0})
        self.assertFalse(self._tasks(litigation))
        self.assertEqual(self._step(litigation, "filing").date_done, date(2026, 3, 2))

    def test_the_end_of_a_moratorium_becomes_a_task(self):
        self._overdue_invoice()
        litigation = self._insolvency("2026-02-10", kind="reorganisation_be", partner=self.customer)
        self.assertEqual(
            (litigation.date_moratorium_from, litigation.date_moratorium_to),
            (date(2026, 2, 10), date(2026, 6, 10)),
        )
        self._run_cron("credit_collection.ir_cron_follow_litigations", on="2026-06-03")
        self.assertEqual(self._tasks(litigation).mapped("summary"), ["End of the moratorium"])

    def test_nothing_is_sent_where_the_debtor_must_not_be_contacted(self):
        older = self._overdue_invoice()
        newer = self._overdue_invoice(80.0, due="2026-02-15", invoice_date="2026-02-10")
        litigation = self._insolvency(
            "2026-02-10", kind="debt_settlement_be", partner=self.customer
        )
        later = self._overdue_invoice(20.0, due="2026-02-20", invoice_date="2026-02-20")
        self.assertDecision(older | newer | later, "hold")
        self.assertEqual(litigation.line_ids.move_id, older)
        self.assertEqual(litigation.newer_count, 2)

    def test_interest_stops_where_the_law_says_so(self):
        invoice, newer = (
            self._overdue_invoice(),
            self._overdue_invoice(80.0, due="2026-02-15", invoice_date="2026-02-11"),
        )
        lines = (invoice | newer).line_ids.filtered("date_maturity")
        litigation = self._insolvency("2026-02-10", partner=self.customer)
        stop = date(2026, 2, 10)
        self.assertEqual(litigation._get_interest_stop_date(), stop)
        self.assertEqual(
            lines._collection_get_interest_stop_dates(),
            {invoice.line_ids.filtered("date_maturity"): stop},
        )
        self._close(litigation, "cancel")
        self.assertFalse(litigation._get_interest_stop_date())
        self.assertEqual(lines._collection_get_interest_stop_dates(), {})

    def test_interest_runs_on_in_a_reorganisation_and_at_court(self):
        invoice = self._overdue_invoice()
        court = self._litigation(invoice)
        self.assertFalse(court._get_interest_stop_date())
        other = self._insolvency("2026-02-10", kind="reorganisation_be", partner=self.customer)
        self.assertFalse(other._get_interest_stop_date())

    def test_a_reorganisation_turns_into_a_bankruptcy(self):
        self._overdue_invoice()
        litigation = self._insolvency("2026-02-10", kind="reorganisation_be", partner=self.customer)
        litigation.kind_id = self._kind("bankruptcy_be")
        self.assertEqual(litigation.date_filing_deadline, date(2026, 3, 12))
        self.assertEqual(litigation.stage_id.name, "Procedure opened")
        with self.assertRefused("cannot become Full proceedings"):
            litigation.kind_id = self._kind("full")

    def test_the_procedures_of_the_customers_country_are_proposed(self):
        french = self._customer("Français SA", country_id=self.env.ref("base.fr").id)
        self._overdue_invoice(partner=french)
        litigation = self._draft(kind="safeguard_fr", partner=french)
        domain = ["|", ("country_ids", "=", False), ("country_ids", "in", litigation.country_id.id)]
        kinds = self.env["credit.collection.litigation.kind"].search(domain)
        self.assertIn(self._kind("safeguard_fr"), kinds)
        self.assertIn(self._kind("full"), kinds)
        self.assertNotIn(self._kind("bankruptcy_be"), kinds)
        self.assertEqual(self._kind("safeguard_fr").display_name, "Safeguard (FR)")


@tagged("post_install", "-at_install")
class TestLitigationLimitation(LitigationCommon):
    """What a litigation does to the limitation of its claims."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.account_fiscal_country_id = cls.env.ref("base.be")

    def assertLapses(self, invoice, on):
        self.assertEqual(str(self._items(invoice).date_lapse or None), str(on))

    def _reach(self, litigation, stage):
        litigation.stage_id = self.env.ref(f"credit_collection.litigation_stage_{stage}")

    def test_a_summons_interrupts_the_limitation_until_the_litigation_is_closed(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        litigation = self._litigation(invoice)
        self._case()._update_limitation()
        self.assertLapses(invoice, "2036-02-20")
        self._reach(litigation, "summons")
        self.assertLapses(invoice, None)
        self._day("2026-09-01")
        self._close(litigation, "partial")
        self.assertLapses(invoice, "2036-09-01")

    def test_a_title_gives_its_own_period(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        invoice.collection_nature = "periodic"
        litigation = self._litigation(invoice)
        litigation.date_title = "2026-03-02"
        self.assertLapses(invoice, "2036-03-02")

    def test_a_litigation_that_was_withdrawn_interrupts_nothing(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        litigation = self._litigation(invoice)
        self._reach(litigation, "summons")
        litigation.action_cancel()
        self.assertLapses(invoice, "2036-02-20")

    def test_a_claim_that_was_filed_interrupts_the_limitation(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        litigation = self._insolvency()
        litigation.date_filed = "2026-03-02"
        self.assertLapses(invoice, None)


@tagged("post_install", "-at_install")
class TestLitigationCurrencies(LitigationCommon):
    """Claims in one currency are claimed in it, in several in that of the company."""

    def test_in_the_currency_of_the_invoices(self):
        dollars = self._currency("USD", 2.0)
        invoice = self._overdue_invoice(100.0, currency_id=dollars.id)
        litigation = self._litigation(invoice)
        self.assertEqual((litigation.currency_id, litigation.amount_principal), (dollars, 100.0))
        self._pay(invoice, 30.0, currency_id=dollars.id)
        self._commit()
        self.assertEqual((litigation.amount_recovered, litigation.amount_open), (30.0, 70.0))

    def test_several_currencies_are_claimed_in_that_of_the_company(self):
        dollars = self._currency("USD", 2.0)
        foreign = self._overdue_invoice(100.0, currency_id=dollars.id)
        own = self._overdue_invoice(40.0)
        litigation = self._litigation(covers_customer=True, partner=self.customer)
        self.assertEqual(
            (litigation.currency_id, litigation.amount_principal), (self.company.currency_id, 90.0)
        )
        self._pay(foreign, 30.0, currency_id=dollars.id)
        self._pay(own)
        self._commit()
        self.assertEqual((litigation.amount_recovered, litigation.amount_open), (55.0, 35.0))


@tagged("post_install", "-at_install")
class TestLitigationAccess(LitigationCommon):
    """Who may do what, in which company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_data = cls.setup_other_company(
            name="Other Company", currency_id=cls.env.ref("base.EUR").id
        )
        cls.other = cls.other_data["company"]
        cls.other.collection_policy_id = cls.policy
        cls.env.user.company_ids |= cls.other

    def _other_litigation(self):
        invoice = self._overdue_invoice(
            70.0,
            company_id=self.other.id,
            journal_id=self.other_data["default_journal_sale"].id,
        )
        return invoice, self._litigation(invoice, company=self.other)

    def test_a_collector_does_all_of_it(self):
        invoice = self._overdue_invoice()
        litigation = self._draft(invoice).with_user(self.collector)
        litigation.write(
            {
                "amount_interest": 4.0,
                "party_ids": [
                    Command.create(
                        {"role": "court", "partner_id": self.customer.id, "reference": "A/26/1"}
                    )
                ],
            }
        )
        litigation.action_open()
        litigation.action_next_stage()
        litigation.step_ids = [Command.create({"kind": "hearing", "date_due": "2026-03-06"})]
        self.assertEqual(len(self._tasks(litigation.sudo())), 1)
        wizard = self.env["credit.collection.litigation.close"].with_user(self.collector)
        wizard.create({"litigation_id": litigation.id, "outcome": "cancel"}).action_close()
        self.assertEqual(litigation.state, "cancel")

    def test_an_accountant_reads_and_links_his_bills(self):
        accountant = self._user("accountant", "account.group_account_invoice")
        litigation = self._litigation(self._overdue_invoice())
        own = litigation.with_user(accountant)
        self.assertEqual((own.amount_claimed, own.amount_open), (100.0, 100.0))
        bill = self._bill(300.0, self.env[LITIGATION])
        bill.with_user(accountant).collection_litigation_id = own
        self.assertEqual(own.amount_spent, 300.0)
        for change in (
            lambda: own.write({"note": "Mine"}),
            own.action_next_stage,
            own.action_cancel,
            lambda: own.step_ids.action_done() or own.step_ids.write({"note": "Mine"}),
        ):
            with self.assertRaises(AccessError):
                change()
                own.env.flush_all()

    def test_nobody_else_sees_anything(self):
        seller = self._user("seller", "base.group_partner_manager")
        litigation = self._litigation(self._overdue_invoice())
        for records in (litigation, litigation.line_ids, litigation.step_ids, litigation.kind_id):
            with self.assertRaises(AccessError):
                records.with_user(seller).read(["display_name"])
        self.assertNotIn(
            "collection_litigation_status", self.customer.with_user(seller).fields_get()
        )
        with self.assertRaises(AccessError):
            self.customer.with_user(seller).action_collection_litigation()

    def test_the_other_company_sees_nothing(self):
        _invoice, theirs = self._other_litigation()
        theirs.party_ids = [Command.create({"partner_id": self.customer.id})]
        ours = self.env(user=self.collector)
        for records in (theirs, theirs.line_ids, theirs.step_ids, theirs.party_ids):
            self.assertFalse(ours[records._name].search([("id", "in", records.ids)]))
            with self.assertRaises(AccessError):
                records.with_user(self.collector).read(["display_name"])
        self.assertFalse(self.customer.collection_litigation_status)
        self.assertEqual(
            self.customer.with_company(self.other).collection_litigation_status, "court"
        )
        found = self.env["res.partner"].search([("collection_litigation_status", "!=", False)])
        self.assertNotIn(self.customer, found)

    def test_a_bill_of_one_company_is_no_cost_of_the_other(self):
        _invoice, theirs = self._other_litigation()
        bill = self._bill(300.0, self.env[LITIGATION])
        with self.assertRaises(UserError):
            bill.collection_litigation_id = theirs

    def test_an_item_of_the_other_company_is_refused(self):
        self._overdue_invoice()
        invoice, theirs = self._other_litigation()
        theirs.action_cancel()
        litigation = self._draft(partner=self.customer)
        with self.assertRefused("is no open debt of"):
            litigation.line_ids = [
                Command.create({"move_line_id": invoice.line_ids.filtered("date_maturity").id})
            ]

    def test_credit_is_blocked_in_its_company_only(self):
        self.company.collection_litigation_block_credit = True
        self._litigation(self._overdue_invoice())
        self.assertEqual(self.customer.credit_limit, 0.01)
        self.assertFalse(self.customer.with_company(self.other).credit_limit)

    def test_an_invoice_in_litigation_is_corrected_without_an_error(self):
        invoice = self._overdue_invoice()
        litigation = self._litigation(invoice)
        accountant = self._user("accountant", "account.group_account_invoice")
        invoice.with_user(accountant).button_draft()
        invoice.with_user(accountant).action_post()
        self._commit()
        self.assertDecision(invoice, "hold")
        self.assertEqual(litigation.state, "open")

    def test_customers_who_are_merged_keep_their_litigations(self):
        twin = self._customer("Late Payer SA")
        litigation = self._litigation(self._overdue_invoice(partner=twin))
        self._overdue_invoice()
        self._commit()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.customer | twin).ids, self.customer
        )
        self.assertEqual(litigation.case_id.partner_id, self.customer)

    def test_a_customer_with_a_litigation_is_archived_not_deleted(self):
        partner = self._customer("Fresh")
        self._draft(partner=partner, covers_customer=True)
        with self.assertRefused("archive it instead"):
            partner.unlink()

    def test_the_screens_open_it_from_everywhere(self):
        invoice = self._overdue_invoice()
        self._commit()
        for action in (
            self._case().action_litigation(),
            invoice.action_collection_litigation(),
            self.customer.action_collection_litigation(),
        ):
            Litigation = self.env[LITIGATION].with_user(self.collector)
            with Form(Litigation.with_context(**action["context"])) as form:
                form.kind_id = self._kind("full")
                self.assertEqual(form.amount_principal, 100.0)
            litigation = form.record
            self.assertEqual(litigation.line_ids.move_id, invoice)
            self.assertEqual(
                invoice.with_user(self.collector).action_collection_litigation()["res_id"],
                litigation.id,
            )
            litigation.unlink()

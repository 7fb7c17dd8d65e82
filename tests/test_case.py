from unittest.mock import patch

from odoo.tests import Form, tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestCase(CollectionCommon):
    """One row for a customer in a company, which follows the ledger."""

    def test_a_case_opens_with_the_first_invoice_and_follows_the_ledger(self):
        invoice = self._overdue_invoice(100.0, due="2026-02-20")
        self._overdue_invoice(50.0, due="2026-04-01")
        self._credit_note(20.0)
        self._commit()
        case = self._case()
        self.assertEqual(
            (case.amount_residual, case.amount_overdue, case.amount_credit, case.amount_due),
            (150.0, 100.0, 20.0, 100.0),
        )
        self.assertEqual((case.state, case.days_late), ("open", 10))
        self.assertEqual(str(case.date_oldest_due), "2026-02-20")
        self._pay(invoice, 40.0)
        self._commit()
        self.assertEqual((case.amount_overdue, case.amount_due), (60.0, 60.0))

    def test_a_case_closes_and_reopens_by_itself(self):
        invoice = self._overdue_invoice()
        self._commit()
        case = self._case()
        self._pay(invoice)
        self._commit()
        self.assertEqual((case.state, case.amount_overdue), ("closed", 0.0))
        self.assertFalse(case.item_ids)
        self.assertEqual(case.explanation, "Nothing is open.")
        invoice.line_ids.remove_move_reconcile()
        self._commit()
        self.assertEqual((case.state, case.amount_overdue), ("open", 100.0))
        self.assertEqual(self._case(), case)

    def test_a_reversed_invoice_is_no_debt(self):
        invoice = self._overdue_invoice()
        self._commit()
        self._reverse_invoice(invoice, is_modify=False, post=True, date="2026-03-02")
        credit = self.env["account.move"].search([("reversed_entry_id", "=", invoice.id)])
        receivable = (invoice | credit).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        receivable.reconcile()
        self._commit()
        self.assertEqual(self._case().state, "closed")

    def test_a_change_of_the_due_date_is_followed(self):
        invoice = self._overdue_invoice()
        self.assertDecision(invoice, "due")
        line = invoice.line_ids.filtered("date_maturity")
        line.date_maturity = "2026-02-25"
        self.assertDecision(invoice, "not_late", next_on="2026-03-07")

    def test_a_contact_that_becomes_a_customer_of_its_own_owes_what_comes_after(self):
        """Odoo's ledger leaves the older invoices with the former customer."""
        contact = self._contact(self.customer, "Subsidiary")
        before = self._overdue_invoice(partner=contact)
        self._commit()
        contact.is_company = True
        contact.parent_id = False
        after = self._overdue_invoice(partner=contact)
        self._commit()
        self.assertEqual(self._items(before).case_id, self._case())
        self.assertEqual(self._items(after).case_id, self._case(contact))

    def test_the_collector_comes_from_the_settings_and_tasks_follow_him(self):
        ann = self._user("ann", "credit_collection_group_user")
        bob = self._user("bob", "credit_collection_group_user")
        self.company.collection_user_id = ann
        self._overdue_invoice()
        self._commit()
        case = self._case()
        self.assertEqual(case.user_id, ann)
        task = case._schedule_task("credit_collection.mail_activity_type_large_overdue")
        self.assertEqual(task.user_id, ann)
        wizard = Form(
            self.env["credit.collection.case.assign"].with_context(default_case_ids=case.ids)
        )
        wizard.user_id = bob
        wizard.save().action_assign()
        self.assertEqual((case.user_id, task.user_id), (bob, bob))

    def test_the_figures_of_a_case_come_from_the_ledger_only(self):
        self._overdue_invoice()
        self._commit()
        with self.assertRefused("come from the ledger"):
            self._case().amount_overdue = 0.0

    def test_fifty_invoices_posted_at_once_are_looked_at_once(self):
        invoices = self.env["account.move"].union(
            *(self._overdue_invoice(post=False) for _number in range(50))
        )
        self._commit()
        statements = self._record_assessments()
        invoices.action_post()
        self._commit()
        self.assertEqual(len(statements), 1)
        self.assertDecision(invoices, "due")

    def _record_assessments(self):
        """Return a list that grows by one with each statement of the assessment."""
        Item = self.registry["credit.collection.item"]
        statements, get_sql = [], Item._get_assess_sql

        def record(*args):
            statements.append(args)
            return get_sql(*args)

        self.startPatcher(patch.object(Item, "_get_assess_sql", record))
        return statements

    def _count(self, action):
        self.env.flush_all()
        self._commit()
        before = self.env.cr.sql_log_count
        action()
        self._commit()
        return self.env.cr.sql_log_count - before

    def _count_without_us(self, action):
        Move = self.registry["account.move"]
        with patch.object(Move, "_collection_touch", lambda *args, **kwargs: None):
            return self._count(action)

    def test_posting_an_invoice_costs_at_most_three_queries_more(self):
        invoices = [self._overdue_invoice(post=False) for _number in range(4)]
        for invoice in invoices[:2]:  # the first ones fill caches
            invoice.action_post()
        without = self._count_without_us(invoices[2].action_post)
        self.assertLessEqual(self._count(invoices[3].action_post) - without, 3)

    def test_paying_an_invoice_costs_at_most_three_queries_more(self):
        invoices = [self._overdue_invoice() for _number in range(6)]
        for invoice in invoices[:4]:
            self._pay(invoice)
        without = self._count_without_us(lambda: self._pay(invoices[4]))
        self.assertLessEqual(self._count(lambda: self._pay(invoices[5])) - without, 3)

    def test_the_lock_of_a_colleague_never_stops_a_payment(self):
        """Whoever books goes on; the scheduled action looks again."""
        self._check_collision("40001")  # serialization_failure

    def test_two_first_bookings_at_once_never_stop_each_other(self):
        """Both open the case of a new customer: the second finds it there already."""
        self._check_collision("23505")  # unique_violation

    def _check_collision(self, code):
        invoice = self._overdue_invoice()
        self._commit()
        Item = self.registry["credit.collection.item"]
        get_sql = Item._get_assess_sql

        def collide(item, *args):
            item.env.cr.execute(
                f"DO $$ BEGIN RAISE EXCEPTION 'collision' USING ERRCODE = '{code}'; END $$"
            )
            return get_sql(item, *args)

        trigger = [("cron_id", "=", self.env.ref("credit_collection.ir_cron_assess").id)]
        Trigger = self.env["ir.cron.trigger"].sudo()
        Trigger.search(trigger).unlink()
        with patch.object(Item, "_get_assess_sql", collide):
            self._pay(invoice)
            self._commit()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertTrue(Trigger.search_count(trigger))
        self._run_cron("credit_collection.ir_cron_assess")
        self.assertEqual(self._case().state, "closed")

    def test_the_daily_job_looks_at_every_company(self):
        self._overdue_invoice(due="2026-02-25")
        self._commit()
        self.assertEqual(self._case().amount_due, 0.0)
        self._run_cron("credit_collection.ir_cron_assess", on="2026-03-07")
        self.assertEqual(self._case().amount_due, 100.0)

    def test_what_a_person_must_decide_is_said_before_what_comes_by_itself(self):
        self.customer.collection_policy_id = self._policy([(10, 0)])
        old = self._overdue_invoice()
        self._dun()
        self._overdue_invoice(due="2026-03-01")
        self._commit()
        self.assertIn("was the last level: decide what to do", self._case().explanation)
        self.assertIn("was the last level", old.collection_explanation)

    def test_the_buttons_of_a_case_lead_where_they_say(self):
        self._overdue_invoice()
        self._dun()
        self._hold(self.customer)
        case = self._case()
        for name in ("action_open_items", "action_open_dunnings", "action_open_holds"):
            action = getattr(case, name)()
            self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), 1)
        action = case.action_open_invoices()
        self.assertEqual(self.env["account.move"].search_count(action["domain"]), 1)
        self.assertEqual((case.hold_count, case.dunning_count), (1, 1))
        invoice = self.env["account.move"].search(action["domain"])
        self.assertEqual(invoice.action_collection_open_case()["res_id"], case.id)
        self.assertEqual(self.customer.action_collection_open_case()["res_id"], case.id)


@tagged("post_install", "-at_install")
class TestMerge(CollectionCommon):
    """Customers who turn out to be one and the same."""

    def _merge(self, kept, *others):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((kept.union(*others)).ids, kept)
        self._commit()

    def test_their_cases_become_one_and_nothing_is_lost(self):
        kept, gone = self._customer("Kept"), self._customer("Gone")
        ours, theirs = self._overdue_invoice(partner=kept), self._overdue_invoice(partner=gone)
        self._dun()
        hold = self._hold(theirs)
        self._case(gone).message_post(body="He promised to pay.")
        dunnings = self._case(gone).dunning_ids | self._case(kept).dunning_ids
        self._merge(kept, gone)
        case = self._case(kept)
        self.assertFalse(gone.exists())
        self.assertEqual(case.item_ids.move_id, ours | theirs)
        self.assertEqual(case.dunning_ids, dunnings)
        self.assertState(dunnings, "sent")
        self.assertEqual(hold.case_id, case)
        self.assertIn("He promised to pay.", "".join(case.message_ids.mapped("body")))
        self.assertLevel(ours | theirs, 1)
        self.assertDecision(theirs, "hold")
        self.assertEqual(case.amount_overdue, 200.0)
        self.assertEqual(len(self.env["credit.collection.case"].search([("id", "=", case.id)])), 1)

    def test_a_case_moves_when_the_other_customer_has_none(self):
        kept, gone = self._customer("Kept"), self._customer("Gone")
        self._overdue_invoice(partner=gone)
        self._dun()
        case = self._case(gone)
        self._merge(kept, gone)
        self.assertEqual(case.partner_id, kept)
        self.assertEqual(case.dunning_ids.partner_id, kept)

    def test_three_become_one(self):
        kept, one, two = (self._customer(name) for name in ("Kept", "One", "Two"))
        for partner in (one, two):
            self._overdue_invoice(partner=partner)
        self._run()
        self._merge(kept, one, two)
        self.assertEqual(self._case(kept).amount_overdue, 200.0)
        self.assertEqual(len(self._case(kept).dunning_ids), 2)

    def test_a_proposal_is_made_again_after_the_merge(self):
        kept, gone = self._customer("Kept"), self._customer("Gone")
        ours, theirs = self._overdue_invoice(partner=kept), self._overdue_invoice(partner=gone)
        run = self._propose()
        self._merge(kept, gone)
        run.action_propose()
        self.assertNotices(run, [(kept, 1, {ours: 1, theirs: 1})])


@tagged("post_install", "-at_install")
class TestDeletion(CollectionCommon):
    """Nothing gets in the way of whoever deletes a customer, but for a history to keep."""

    def test_a_customer_without_history_goes_with_the_empty_case(self):
        newcomer = self._customer("Newcomer")
        invoice = self._overdue_invoice(partner=newcomer)
        self._commit()
        case = self._case(newcomer)
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        newcomer.unlink()
        self.assertFalse(case.exists())

    def test_a_customer_with_a_hold_is_archived_instead(self):
        newcomer = self._customer("Newcomer")
        self._hold(newcomer)
        with self.assertRefused("archive it instead"):
            newcomer.unlink()

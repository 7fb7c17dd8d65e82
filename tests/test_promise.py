from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestPromise(CollectionCommon):
    """What a customer promises to pay, and whether he does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.collection_promise_tolerance_days = 2
        cls.broken_type = cls.env.ref("credit_collection.mail_activity_type_promise_broken")

    def _promise(self, *invoices, amount=None, by="2026-03-06", partner=None, **vals):
        """Enter a promise for these invoices, or for all that the customer owes."""
        self._commit()
        moves = self.env["account.move"].union(*invoices)
        lines = moves.collection_item_ids.move_line_id
        return self.env["credit.collection.promise"].create(
            {
                "case_id": self._case(partner).id,
                "move_line_ids": lines.ids,
                "amount": amount or sum(lines.mapped("amount_residual_currency")),
                "date_promised": by,
                **vals,
            }
        )

    def _judge(self, on):
        self._run_cron("credit_collection.ir_cron_judge_promises", on=on)

    def _tasks(self):
        return self._case().activity_ids.filtered(
            lambda task: task.activity_type_id == self.broken_type
        )

    def assertPromise(self, promise, state, kept=None):
        self._commit()
        self.assertEqual(promise.state, state)
        if kept is not None:
            self.assertEqual(promise.amount_kept, kept)
        holds = self.env["credit.collection.hold"].search([("promise_id", "=", promise.id)])
        self.assertEqual(holds.state, "active" if state == "open" else "expired")

    # -------------------------------------------------------------------------
    # While it is open
    # -------------------------------------------------------------------------

    def test_a_promised_invoice_is_not_reminded_and_the_others_are(self):
        """P1."""
        promised, other = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        promise = self._promise(promised)
        self.assertPromise(promise, "open")
        # promised for Friday the 6th, awaited until Tuesday the 10th
        self.assertEqual(str(promise.date_deadline), "2026-03-10")
        self.assertDecision(promised, "hold", next_on="2026-03-11")
        self.assertDecision(other, "due")
        self.assertNotices(self._propose(), [(self.customer, 1, {other: 1})])
        case = self._case()
        self.assertEqual((case.amount_held, case.amount_due), (100.0, 50.0))

    def test_a_promise_covers_what_is_overdue_and_more_only_where_more_is_promised(self):
        first, second = self._overdue_invoice(100.0), self._overdue_invoice(50.0, due="2026-03-05")
        later = self._overdue_invoice(70.0, due="2026-04-05")
        promise = self._promise(amount=90.0)
        self.assertEqual(promise.move_line_ids.move_id, first)
        promise.action_cancel()
        promise = self._promise(amount=120.0)
        self.assertEqual(promise.move_line_ids.move_id, first | second)
        self.assertEqual(promise.amount_open, 150.0)
        self.assertDecision(first | second, "hold")
        self.assertDecision(later, "not_late")

    def test_it_is_entered_in_two_clicks_from_the_case(self):
        self._overdue_invoice(100.0)
        self._overdue_invoice(50.0)
        self._commit()
        action = self._case().action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 150.0)
        self.assertEqual(str(form.date_promised), "2026-03-09")
        promise = form.save()
        self.assertEqual(promise.user_id, self.env.user)
        self.assertEqual(len(promise.move_line_ids), 2)
        self.assertIn("150.00", self._case().message_ids[0].body)

    def test_it_is_entered_from_the_invoice(self):
        invoice, other = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        self._commit()
        action = invoice.action_collection_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 100.0)
        promise = form.save()
        self.assertEqual(promise.move_line_ids.move_id, invoice)
        self.assertDecision(other, "due")

    def test_one_instalment_is_promised_and_the_other_goes_on(self):
        invoice = self._overdue_invoice(100.0, due="2026-01-01", term=self._term((50, 0), (50, 30)))
        self._commit()
        first, second = self._items(invoice)
        self.env["credit.collection.promise"].create(
            {
                "case_id": self._case().id,
                "move_line_ids": first.move_line_id.ids,
                "amount": 50.0,
            }
        )
        self.assertDecision(first.move_line_id, "hold")
        self.assertDecision(second.move_line_id, "due")

    def test_the_newest_promise_replaces_the_earlier_one(self):
        """P5."""
        invoice = self._overdue_invoice(100.0)
        first = self._promise(invoice)
        with self.assertRefused("promised already"):
            self._promise(invoice, by="2026-03-20")
        self.assertPromise(first, "open")
        action = self._case().action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.date_promised = "2026-03-20"
        second = form.save()
        self.assertPromise(first, "cancel")
        self.assertPromise(second, "open")
        self.assertEqual(second.replaces_id, first)
        self.assertDecision(invoice, "hold", next_on="2026-03-25")

    def test_a_promise_that_is_cancelled_leaves_no_hold(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        promise.action_cancel()
        promise.action_cancel()
        self.assertPromise(promise, "cancel")
        self.assertDecision(invoice, "due")
        self.assertFalse(self._tasks())

    def test_the_hold_of_a_promise_is_released_with_the_promise(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        hold = self.env["credit.collection.hold"].search([("promise_id", "=", promise.id)])
        with self.assertRefused("belongs to Promise of"):
            hold.action_release()
        with self.assertRefused("belongs to Promise of"):
            hold.date_end = "2027-01-01"
        self.assertEqual(hold.origin, promise.display_name)
        self.assertIn(f"Payment announced, {hold.origin} (", self._items(invoice).explanation)
        self.assertEqual(hold.action_open_origin()["res_id"], promise.id)

    def test_the_day_that_is_proposed_is_one_on_which_banks_are_open(self):
        self._overdue_invoice(100.0)
        self._commit()
        self.company.country_id = self.env.ref("base.be")
        context = self._case().action_promise()["context"]
        proposed = {}
        for today in ("2026-03-02", "2026-03-07", "2026-03-30"):  # the last: Easter Monday follows
            self._day(today)
            dialog = Form(self.env["credit.collection.promise"].with_context(**context))
            proposed[today] = str(dialog.date_promised)
        self.assertEqual(
            proposed,
            {"2026-03-02": "2026-03-09", "2026-03-07": "2026-03-16", "2026-03-30": "2026-04-07"},
        )

    def test_a_confirmation_goes_out_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        invoice = self._overdue_invoice(100.0)
        self._promise(invoice, is_confirmed=True)
        self._send_mails()
        text = self._read_email(self.customer.email)
        self.assertIn("100,00", text)
        self.assertIn("6 mars 2026", text)

    # -------------------------------------------------------------------------
    # The verdict
    # -------------------------------------------------------------------------

    def test_what_is_paid_in_full_is_kept_at_once(self):
        """P3."""
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        self._pay(invoice, on="2026-03-03")
        self.assertPromise(promise, "kept", 100.0)
        self.assertFalse(self._tasks())

    def test_nothing_paid_is_broken_with_one_task_and_dunning_resumes_with_the_next_run(self):
        """P2, P6."""
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        self._judge("2026-03-10")
        self.assertPromise(promise, "open")
        self._judge("2026-03-11")
        self._judge("2026-03-11")
        self.assertPromise(promise, "broken", 0.0)
        self.assertEqual(len(self._tasks()), 1)
        self.assertFalse(self.env["credit.collection.dunning"].search([]), "nothing leaves at once")
        self.assertDecision(invoice, "due", level=1)

    def test_a_part_is_kept_in_part(self):
        """P4."""
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        self._pay(invoice, 60.0, on="2026-03-05")
        self.assertPromise(promise, "open", 60.0)
        self._judge("2026-03-11")
        self.assertPromise(promise, "partial", 60.0)
        self.assertEqual(promise.amount_missing, 40.0)
        self.assertEqual(len(self._tasks()), 1)
        self.assertDecision(invoice, "due")

    def test_one_cent_short_is_not_kept(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        self._pay(invoice, 99.99, on="2026-03-05")
        self._judge("2026-03-11")
        self.assertPromise(promise, "partial", 99.99)

    def test_a_credit_note_counts_like_money(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        note = self._credit_note(100.0, on="2026-03-04")
        lines = (invoice | note).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.reconcile()
        self.assertPromise(promise, "kept", 100.0)

    def test_money_that_came_in_time_and_was_entered_late_corrects_the_verdict(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        self._judge("2026-03-12")
        self.assertPromise(promise, "broken")
        self._pay(invoice, on="2026-03-09")
        self._judge("2026-03-13")
        self.assertPromise(promise, "kept", 100.0)
        self.assertFalse(self._tasks(), "the task is over")

    def test_money_that_came_too_late_does_not(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        self._judge("2026-03-12")
        self._pay(invoice, on="2026-03-12")
        self._judge("2026-03-13")
        self.assertPromise(promise, "broken", 0.0)
        self.assertEqual(promise.days_late, 6)

    def test_what_was_paid_before_the_promise_does_not_count(self):
        invoice = self._overdue_invoice(100.0)
        self._pay(invoice, 30.0)
        promise = self._promise(invoice, amount=70.0)
        self.assertEqual(promise.amount_open, 70.0)
        self._judge("2026-03-11")
        self.assertPromise(promise, "broken", 0.0)

    def test_what_was_paid_before_is_not_counted_when_it_is_matched_anew(self):
        invoice = self._overdue_invoice(100.0)
        payment = self._pay(invoice, 30.0)
        promise = self._promise(invoice, amount=70.0)
        lines = (invoice | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.remove_move_reconcile()
        lines.reconcile()
        self._judge("2026-03-11")
        self.assertPromise(promise, "broken", 0.0)

    def test_nobody_breaks_his_word_while_his_money_waits_to_be_matched(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        payment = self._unmatched_payment(100.0, on="2026-03-06")
        self._judge("2026-03-11")
        self.assertEqual(promise.state, "open")
        (invoice | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        self.assertPromise(promise, "kept", 100.0)

    def test_a_foreign_currency_is_judged_in_that_currency(self):
        dollar = self._currency("USD", 1.25)
        invoice = self._overdue_invoice(125.0, currency_id=dollar.id)
        promise = self._promise(invoice, amount=125.0, currency_id=dollar.id)
        self._pay(invoice, 125.0, on="2026-03-04", currency_id=dollar.id)
        self.assertPromise(promise, "kept", 125.0)

    def test_the_case_says_what_the_word_of_the_customer_is_worth(self):
        """P11."""
        first, second = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        self._promise(first)
        self._promise(second)
        case = self._case()
        self.assertIs(case.promise_summary, False)
        self._pay(first, on="2026-03-03")
        self._judge("2026-03-16")
        self.assertEqual(case.promise_count, 2)
        self.assertEqual(case.promise_summary, "1 of 2 kept, 5 days late on average")
        broken = self.env["credit.collection.case"].search(
            [("promise_ids.state", "in", ("partial", "broken"))]
        )
        self.assertEqual(broken, case)

    # -------------------------------------------------------------------------
    # Bad input, rights
    # -------------------------------------------------------------------------

    def test_what_cannot_be_promised_is_said_and_nothing_is_kept(self):
        invoice, paid = self._overdue_invoice(100.0), self._overdue_invoice(10.0)
        dollars = self._overdue_invoice(10.0, currency_id=self._currency("USD", 1.25).id)
        theirs = self._overdue_invoice(10.0, partner=self._customer("Other"))
        self._commit()
        paid_line = paid.collection_item_ids.move_line_id
        self._pay(paid)
        for pattern, vals in (
            ("in the past", {"by": "2026-03-01"}),
            ("less than the 100.01", {"amount": 100.01}),
            ("Nothing is open", {"move_line_ids": paid_line.ids}),
            ("promise for each currency", {"move_line_ids": self._items(dollars).move_line_id.ids}),
            (
                "not an invoice of Late Payer",
                {"move_line_ids": self._items(theirs).move_line_id.ids},
            ),
        ):
            with self.assertRefused(pattern), self.cr.savepoint():
                self._promise(invoice, **vals)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self._promise(invoice, amount=-5.0)
        with self.assertRefused("owes nothing in USD"), self.cr.savepoint():
            self._pay(dollars)
            self._commit()
            usd = dollars.currency_id
            self._promise(amount=5.0, currency_id=usd.id)
        self.assertFalse(self.env["credit.collection.promise"].search([]))
        self.assertFalse(self.env["credit.collection.hold"].search([]))

    def test_a_promise_is_history(self):
        promise = self._promise(self._overdue_invoice(100.0))
        with self.assertRaises(AccessError):
            promise.unlink()
        with self.assertRefused("cancel it instead"):
            promise.sudo().unlink()
        for vals in ({"amount": 1.0}, {"state": "kept"}, {"amount_kept": 100.0}):
            with self.assertRefused("through its buttons"):
                promise.write(vals)
        with self.assertRefused("begins today"):
            self._promise(self._overdue_invoice(100.0), amount_kept=100.0)
        Promise = self.env["credit.collection.promise"]
        self.assertEqual(
            Promise.with_context(default_state="kept", default_amount_kept=5.0).default_get(
                ["state", "amount_kept"]
            )["state"],
            "kept",
            "a context may ask for it",
        )
        promise.action_cancel()
        self.env = self.env(context={**self.env.context, "default_state": "kept"})
        promise = self._promise(self._overdue_invoice(100.0))
        self.assertEqual(promise.state, "open", "and does not get it")
        promise.note = "She said so on the phone."
        self.assertEqual(promise.state, "open")

    def test_collectors_enter_promises_and_accountants_read_them(self):
        """P14."""
        invoice = self._overdue_invoice(100.0)
        collector = self._user("collector", "credit_collection_group_user")
        reader = self._user("reader", "credit_collection_group_readonly")
        self._commit()
        vals = {"case_id": self._case().id, "amount": 100.0}
        Promise = self.env["credit.collection.promise"]
        with self.assertRaises(AccessError):
            Promise.with_user(reader).create(vals)
        promise = Promise.with_user(collector).create(vals)
        self.assertEqual(promise.with_user(reader).state, "open")
        with self.assertRaises(AccessError):
            promise.with_user(reader).action_cancel()
        self.assertDecision(invoice, "hold")
        promise.action_cancel()
        self.assertEqual(promise.state, "cancel")

    def test_whoever_books_the_payment_needs_no_right_in_collections(self):
        invoice = self._overdue_invoice(100.0)
        promise = self._promise(invoice)
        accountant = self._user("books", only="base.group_user,account.group_account_invoice")
        accountant.group_ids -= self.env.ref("credit_collection.credit_collection_group_readonly")
        self.env.flush_all()
        self._pay(invoice.with_user(accountant), on="2026-03-03")
        self.assertPromise(promise, "kept")

    def test_a_promise_to_one_company_is_no_promise_to_the_other(self):
        """P13."""
        other = self.setup_other_company()["company"]
        promise = self._promise(self._overdue_invoice(100.0))
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        with self.assertRaises(AccessError):
            promise.with_user(stranger).read(["amount"])
        self.assertFalse(self.env["credit.collection.promise"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            self.env["credit.collection.promise"].with_user(stranger).create(
                {"case_id": self._case().id, "amount": 10.0}
            )

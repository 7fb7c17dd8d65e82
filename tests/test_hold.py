from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestHold(CollectionCommon):
    """The only thing that stops dunning: with a reason, an owner, a start and an end."""

    def test_a_hold_ends_in_the_future_and_has_a_reason(self):
        """S16."""
        invoice = self._overdue_invoice()
        for until in ("2026-03-02", "2026-02-01"):
            with self.assertRefused("not in the future"):
                self._hold(invoice, until=until, date_start="2026-01-01")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self._hold(invoice, reason=False)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self._hold(invoice, until="2026-03-05", date_start="2026-03-06")

    def test_the_form_asks_for_a_reason(self):
        self._overdue_invoice()
        self._commit()
        action = self._case().action_hold()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(str(form.date_end), "2026-03-16", "a hold ends by itself")
        form.date_end = "2026-04-01"
        with self.assertRaisesRegex(AssertionError, "reason"):
            form.save()
        form.reason = "query"
        hold = form.save()
        self.assertEqual(hold.user_id, self.env.user)
        self.assertEqual(hold.date_start, fields.Date.to_date("2026-03-02"))

    def test_a_hold_from_the_invoice_holds_the_invoice(self):
        invoice, other = self._overdue_invoice(), self._overdue_invoice()
        action = invoice.action_collection_hold()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.reason = "dispute"
        form.date_end = "2026-04-01"
        form.save()
        self.assertDecision(invoice, "hold")
        self.assertDecision(other, "due")
        self.assertEqual(len(invoice.collection_item_ids.hold_id), 1)

    def test_a_hold_on_the_customer_holds_everything_he_owes(self):
        first, second = self._overdue_invoice(), self._overdue_invoice()
        child = self._overdue_invoice(partner=self._contact(self.customer))
        self._hold(self.customer)
        self.assertDecision(first | second | child, "hold")

    def test_the_longest_hold_counts(self):
        invoice = self._overdue_invoice()
        self._hold(invoice, until="2026-03-10")
        self._hold(self.customer, until="2026-03-20")
        self._hold(invoice, until="2026-03-15")
        self.assertDecision(invoice, "hold", next_on="2026-03-20")
        self._hold(invoice, until=False)
        self.assertDecision(invoice, "hold", next_on="")

    def test_a_hold_expires_by_itself_and_sends_nothing(self):
        """S15, S17."""
        invoice = self._overdue_invoice()
        hold = self._hold(invoice, until="2026-03-10")
        self._run_cron("credit_collection.ir_cron_expire_holds", on="2026-03-09")
        self.assertEqual(hold.state, "active")
        self._run_cron("credit_collection.ir_cron_expire_holds", on="2026-03-10")
        self.assertEqual(hold.state, "expired")
        self.assertDecision(invoice, "due")
        self.assertFalse(self.env["credit.collection.dunning"].search([]))
        self.assertIn("The hold has ended", invoice.message_ids[0].body)

    def test_a_hold_released_early_says_by_whom_and_when(self):
        """S17."""
        invoice = self._overdue_invoice()
        collector = self._user("collector", "credit_collection_group_user", name="Ann Collector")
        hold = self._hold(invoice)
        self._day("2026-03-05")
        hold.with_user(collector).action_release()
        self.assertEqual(hold.state, "released")
        self.assertEqual(hold.released_by_id, collector)
        self.assertEqual(hold.date_released, fields.Date.to_date("2026-03-05"))
        self.assertEqual(hold.days_held, 3)
        self.assertIn("Ann Collector", invoice.message_ids[0].body)
        self.assertDecision(invoice, "due")
        hold.action_release()
        self.assertEqual(hold.released_by_id, collector, "the second time does nothing")

    def test_a_hold_is_noted_on_the_case_and_on_the_invoice(self):
        invoice = self._overdue_invoice()
        self._hold(invoice, note="Wrong price")
        for record in (invoice, self._case()):
            self.assertIn("Wrong price", record.message_ids[0].body)

    def test_only_a_manager_places_a_hold_without_an_end(self):
        invoice = self._overdue_invoice()
        self._commit()
        collector = self._user("collector", "credit_collection_group_user")
        Hold = self.env["credit.collection.hold"].with_user(collector)
        vals = {"case_id": self._case().id, "move_id": invoice.id, "reason": "query"}
        with self.assertRefused("only a manager"):
            Hold.create({**vals, "date_end": False})
        hold = Hold.create({**vals, "date_end": "2026-04-01"})
        with self.assertRefused("only a manager"):
            hold.date_end = False
        hold.invalidate_recordset()
        hold.with_user(self.env.user).date_end = False
        self.assertDecision(invoice, "hold", next_on="")

    def test_a_hold_is_neither_moved_nor_deleted(self):
        invoice, other = self._overdue_invoice(), self._overdue_invoice()
        hold = self._hold(invoice)
        with self.assertRefused("stays on what it was placed on"):
            hold.move_id = other
        with self.assertRaises(UserError):
            hold.unlink()
        with self.assertRaises(UserError):
            hold.sudo().unlink()

    def test_a_hold_that_is_over_stays_as_it_was(self):
        hold = self._hold(self._overdue_invoice())
        hold.action_release()
        with self.assertRefused("is over"):
            hold.date_end = "2026-06-01"
        with self.assertRefused("with its button"):
            hold.state = "active"

    def test_a_hold_on_an_invoice_of_somebody_else_is_refused(self):
        invoice = self._overdue_invoice(partner=self._customer("Other"))
        self._overdue_invoice()
        self._commit()
        with self.assertRefused("is not an invoice of"):
            self._hold(self.customer, move_id=invoice.id)

    def test_a_hold_can_be_placed_before_anything_is_overdue(self):
        newcomer = self._customer("Newcomer")
        hold = self._hold(newcomer)
        invoice = self._overdue_invoice(partner=newcomer)
        self.assertDecision(invoice, "hold")
        self.assertEqual(hold.case_id.state, "open")

    def test_old_holds_are_listed_for_review(self):
        self.company.collection_hold_review_days = 30
        old = self._hold(self._overdue_invoice(), until="2026-06-01")
        self._day("2026-03-20")
        new = self._hold(self._overdue_invoice(), until="2026-06-01")
        self._day(TODAY_PLUS_30)
        (old | new).invalidate_recordset()
        self.assertTrue(old.to_review)
        self.assertFalse(new.to_review)
        Hold = self.env["credit.collection.hold"]
        self.assertEqual(Hold.search([("to_review", "=", True)]), old)
        self.assertEqual(Hold.search([("to_review", "=", False)]), new)

    def test_a_reader_places_no_hold(self):
        invoice = self._overdue_invoice()
        reader = self._user("reader", "credit_collection_group_readonly")
        with self.assertRaises(AccessError):
            invoice.with_user(reader).action_collection_hold()


TODAY_PLUS_30 = str(fields.Date.to_date("2026-03-02") + timedelta(days=30))

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import CollectionCommon

RULE = "credit.collection.limitation.rule"
TASK = "credit_collection.mail_activity_type_limitation"
URGENT = "credit_collection.mail_activity_type_limitation_urgent"


@tagged("post_install", "-at_install")
class TestLimitation(CollectionCommon):
    """The day on which claims lapse, why, and that somebody is told in time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")
        cls._law("base.be")

    @classmethod
    def _law(cls, country):
        cls.company.account_fiscal_country_id = cls.env.ref(country)

    def _consumer(self, name="Petra"):
        return self._customer(name, is_company=False, vat=False)

    def _follow(self, on=None):
        self._run_cron("credit_collection.ir_cron_limitation", on=on)

    def _record(self, invoice, kind, on="2026-03-01", **vals):
        self._commit()
        return self.env["credit.collection.interruption"].create(
            {
                "case_id": self._case(invoice.partner_id).id,
                "kind": kind,
                "date": on,
                "move_line_ids": self._items(invoice).move_line_id.ids,
                **vals,
            }
        )

    def assertLapses(self, invoice, on):
        """The invoice lapses on this day; on None, no day is known."""
        self._follow()
        lapse = self._items(invoice).date_lapse
        self.assertEqual(str(lapse or None), str(on))

    def assertTasks(self, xmlid, count):
        tasks = self._case().activity_ids.filtered(
            lambda task: task.activity_type_id == self.env.ref(xmlid)
        )
        self.assertEqual(len(tasks), count)
        return tasks

    # -------------------------------------------------------------------------
    # The law
    # -------------------------------------------------------------------------

    def test_belgium(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        self.assertLapses(invoice, "2036-02-20")
        bought = self._overdue_invoice(due="2026-02-20", partner=self._consumer())
        self.assertLapses(bought, "2036-02-20")
        bought.collection_nature = "goods"
        self.assertLapses(bought, "2027-02-20")

    def test_france(self):
        self._law("base.fr")
        self.assertLapses(self._overdue_invoice(due="2026-02-20"), "2031-02-20")
        bought = self._overdue_invoice(due="2026-02-20", partner=self._consumer())
        self.assertLapses(bought, "2028-02-20")

    def test_germany_counts_from_the_end_of_the_year(self):
        self._law("base.de")
        self.assertLapses(self._overdue_invoice(due="2026-02-20"), "2029-12-31")

    def test_netherlands_knows_a_written_notice(self):
        self._law("base.nl")
        invoice = self._overdue_invoice(due="2025-02-20")
        self.assertLapses(invoice, "2030-02-20")
        self._record(invoice, "written_notice", "2026-03-01")
        self.assertLapses(invoice, "2031-03-01")

    def test_united_kingdom(self):
        self._law("base.uk")
        self.assertLapses(self._overdue_invoice(due="2026-02-20"), "2032-02-20")

    def test_without_a_rule_no_day_is_shown(self):
        self._law("base.us")
        invoice = self._overdue_invoice()
        self.assertLapses(invoice, None)
        action = self._items(invoice).action_limitation()
        self.assertFalse(self.env[action["res_model"]].browse(action["res_id"]).rule_id)

    def test_a_company_adds_rows_of_its_own(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        self.env[RULE].create(
            {
                "country_id": self.env.ref("base.be").id,
                "company_id": self.env.company.id,
                "months": 6,
                "source": "Contract",
            }
        )
        self.assertLapses(invoice, "2026-08-20")

    def test_the_nature_is_that_of_the_invoice_then_the_customer_then_the_company(self):
        invoice = self._overdue_invoice(due="2026-02-20")
        self.env.company.collection_nature = "periodic"
        self.assertLapses(invoice, "2031-02-20")
        self.customer.collection_nature = "hotel"
        self.assertLapses(invoice, "2026-08-20")
        invoice.collection_nature = "insurance"
        self.assertLapses(invoice, "2029-02-20")

    # -------------------------------------------------------------------------
    # What interrupts
    # -------------------------------------------------------------------------

    def test_a_part_payment_does_and_a_credit_note_does_not(self):
        invoice = self._overdue_invoice(100.0, due="2025-02-20")
        note = self._credit_note(10.0, on="2026-01-20")
        (invoice | note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertLapses(invoice, "2035-02-20")
        self._pay(invoice, 20.0, on="2026-02-25")
        self.assertLapses(invoice, "2036-02-25")

    def test_what_is_recorded_counts_at_once_and_until_it_is_withdrawn(self):
        invoice = self._overdue_invoice(due="2025-02-20")
        event = self._record(invoice, "acknowledgement", "2026-03-01")
        self.assertEqual(self._items(invoice).date_lapse, date(2036, 3, 1))
        self.assertEqual(self._case().date_lapse, date(2036, 3, 1))
        self.assertEqual(invoice.collection_date_lapse, date(2036, 3, 1))
        event.with_user(self.collector).action_cancel()
        self.assertEqual(self._items(invoice).date_lapse, date(2035, 2, 20))

    def test_a_registered_letter_does_nothing_in_belgium(self):
        invoice = self._overdue_invoice(due="2025-02-20")
        self._record(invoice, "written_notice")
        self.assertLapses(invoice, "2035-02-20")

    def test_proceedings_stop_it_and_their_end_begins_it_anew(self):
        invoice = self._overdue_invoice(due="2025-02-20")
        event = self._record(invoice, "court", "2025-06-01")
        self.assertLapses(invoice, None)
        event.with_user(self.collector).date_end = "2026-03-01"
        self.assertEqual(self._items(invoice).date_lapse, date(2036, 3, 1))

    def test_the_derivation_says_every_step(self):
        invoice = self._overdue_invoice(100.0, due="2025-02-20")
        self._pay(invoice, 20.0, on="2026-02-25")
        self._record(invoice, "written_notice", "2026-03-01")
        action = self._items(invoice).with_user(self.collector).action_limitation()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(
            [(str(line.date), line.name, line.is_counted) for line in wizard.line_ids],
            [
                ("2025-02-20", "Start: Due date", True),
                ("2026-02-25", "Part payment", True),
                ("2026-03-01", "Written notice to the debtor", False),
            ],
        )
        self.assertEqual(wizard.date_lapse, date(2036, 2, 25))
        self.assertIn("2262bis", wizard.source)

    def test_what_was_recorded_stays(self):
        event = self._record(self._overdue_invoice(), "acknowledgement")
        mine = event.with_user(self.collector)
        mine.note = "In his e-mail"
        with self.assertRefused("withdraw it"):
            mine.date = "2026-01-01"
        with self.assertRefused("part of the file"):
            event.sudo().unlink()
        with self.assertRaises(AccessError):
            mine.unlink()

    def test_bad_input_is_refused(self):
        invoice = self._overdue_invoice()
        with self.assertRaisesRegex(ValidationError, "when it has happened"):
            self._record(invoice, "acknowledgement", "2026-04-01")
        other = self._overdue_invoice(partner=self._consumer())
        self._commit()
        with self.assertRaisesRegex(ValidationError, "no debt of Late Payer"):
            self._record(
                invoice,
                "acknowledgement",
                move_line_ids=[Command.set(self._items(other).move_line_id.ids)],
            )

    # -------------------------------------------------------------------------
    # Warnings
    # -------------------------------------------------------------------------

    def _short(self):
        """Return an invoice that lapses on 20 August 2026."""
        self.env.company.collection_nature = "hotel"
        return self._overdue_invoice(due="2026-02-20")

    def test_the_collector_is_warned_once_then_louder(self):
        invoice = self._short()
        self._follow("2026-05-21")
        self.assertTasks(TASK, 0)
        self._follow("2026-05-22")
        task = self.assertTasks(TASK, 1)
        self.assertIn(invoice.name, task.note)
        task.action_done()
        self._follow("2026-05-23")
        self.assertTasks(TASK, 0)
        self._follow("2026-07-21")
        self.assertTasks(URGENT, 1)

    def test_the_task_closes_when_the_limitation_is_interrupted(self):
        invoice = self._short()
        self._follow("2026-06-01")
        self.assertTasks(TASK, 1)
        self._record(invoice, "acknowledgement", "2026-06-01")
        self._follow("2026-06-02")
        self.assertTasks(TASK, 0)
        self._follow("2026-10-01")
        self.assertTasks(TASK, 1)

    def test_the_task_closes_with_the_payment(self):
        invoice = self._short()
        self._follow("2026-06-01")
        self._pay(invoice, on="2026-06-01")
        self._follow("2026-06-02")
        self.assertTasks(TASK, 0)

    def test_cases_are_found_by_the_day(self):
        self._short()
        self._follow()
        Case = self.env["credit.collection.case"]
        self.assertIn(self._case(), Case.search([("date_lapse", "<=", "2026-08-20")]))
        self.assertNotIn(self._case(), Case.search([("date_lapse", "<", "2026-08-20")]))

    # -------------------------------------------------------------------------
    # Who may
    # -------------------------------------------------------------------------

    def test_events_and_rules_are_their_companys(self):
        event = self._record(self._overdue_invoice(), "acknowledgement")
        rule = self.env[RULE].create(
            {
                "country_id": self.env.ref("base.be").id,
                "company_id": self.env.company.id,
                "source": "Contract",
            }
        )
        other = self.setup_other_company()["company"]
        outsider = self._user(
            "outsider",
            "credit_collection_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for record in (event, rule):
            with self.assertRaises(AccessError):
                record.with_user(outsider).read(["source" if record == rule else "kind"])
        with self.assertRaises(UserError):
            rule.with_user(outsider).months = 1
        with self.assertRaises(AccessError):
            rule.with_user(self.collector).months = 1

    def test_the_number_of_queries_does_not_grow_with_the_items(self):
        invoices = [self._overdue_invoice() for _number in range(2)]
        self._follow()
        counts = []
        for _round in range(2):
            items = self._items(invoices[0] | invoices[-1])
            items.search([]).invalidate_recordset()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["credit.collection.item"]._update_limitation([])
            counts.append(self.env.cr.sql_log_count - before)
            invoices += [self._overdue_invoice() for _number in range(8)]
            self._commit()
        self.assertLessEqual(counts[1], counts[0] + 2)

import base64
import csv
import io
import logging
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..wizard import credit_collection_ledger_import as ledger_import
from .common import CollectionCommon

_logger = logging.getLogger(__name__)
_DATA = Path(__file__).resolve().parent / "data"
# real invoices, where somebody has put them beside the repository: see docs/ledger_import.md
_REAL = _DATA.parents[2] / "shared" / "data" / "ledger_mfcr_2012_2013.csv"
_HEADING = "number,customer,issued,due,amount,currency,paid,amount_paid"


@tagged("post_install", "-at_install")
class TestLedgerImport(CollectionCommon):
    def _wizard(self, *lines, heading=_HEADING, content=None, **vals):
        content = content or "\n".join((heading, *lines)).encode()
        return self.env["credit.collection.ledger.import"].create(
            {"file": base64.b64encode(content), "file_name": "old.csv", **vals}
        )

    def _load(self, *lines, **options):
        """Load these rows to the end, and expect that all of them are good."""
        wizard = self._load_some(*lines, **options)
        self.assertFalse(wizard.error_count, wizard.problem_ids.mapped("message"))
        return wizard

    def _load_some(self, *lines, **options):
        wizard = self._wizard(*lines, **options)
        wizard.action_load()
        while wizard.state == "loading":
            self._run_cron("credit_collection.ir_cron_load_ledger")
        return wizard

    def _move(self, name):
        return self.env["account.move"].search(
            [("name", "=", name), ("company_id", "=", self.env.company.id)]
        )

    def _receivable(self, move):
        return move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def assertNotLoaded(self, wizard, line, words):
        problem = wizard.problem_ids.filtered(lambda one: one.line == line and not one.is_loaded)
        self.assertIn(words, problem.message)

    # -- what is loaded is as if it had been typed in

    def test_document_is_as_if_typed_in(self):
        customer = self._customer("Mill", ref="C1")
        typed = self._overdue_invoice(250.0, "2026-02-01", customer, invoice_date="2026-01-02")
        self._load("F1,C1,2026-01-02,2026-02-01,250")
        move = self._move("F1")
        for name in (
            "move_type",
            "state",
            "payment_state",
            "partner_id",
            "commercial_partner_id",
            "currency_id",
            "invoice_date",
            "date",
            "invoice_date_due",
            "amount_untaxed",
            "amount_tax",
            "amount_total",
            "amount_residual",
            "amount_total_signed",
            "amount_residual_signed",
            "amount_untaxed_in_currency_signed",
            "invoice_currency_rate",
            "invoice_partner_display_name",
            "partner_bank_id",
            "partner_shipping_id",
            "fiscal_position_id",
            "no_followup",
            "always_tax_exigible",
        ):
            self.assertEqual(move[name], typed[name], name)
        for name in (
            "account_id",
            "partner_id",
            "date",
            "date_maturity",
            "debit",
            "credit",
            "amount_currency",
            "amount_residual",
            "amount_residual_currency",
            "reconciled",
            "no_followup",
            "currency_id",
            "display_type",
        ):
            self.assertEqual(self._receivable(move)[name], self._receivable(typed)[name], name)
        self.assertEqual(move.invoice_line_ids.price_subtotal, 250.0)
        self.assertEqual(move.invoice_line_ids.account_id, move.journal_id.default_account_id)
        self.assertEqual(move.tax_totals["total_amount_currency"], 250.0)

    def test_paid_document_is_as_if_typed_in(self):
        customer = self._customer("Mill", ref="C1")
        typed = self._overdue_invoice(250.0, "2026-02-01", customer, invoice_date="2026-01-02")
        self._pay(typed, on="2026-02-03")
        self._load("F1,C1,2026-01-02,2026-02-01,250,,2026-02-03")
        move = self._move("F1")
        for name in ("payment_state", "amount_residual", "amount_residual_signed"):
            self.assertEqual(move[name], typed[name], name)
        partials = self._receivable(move).matched_credit_ids
        other = self._receivable(typed).matched_credit_ids
        for name in ("amount", "debit_amount_currency", "credit_amount_currency", "max_date"):
            self.assertEqual(partials[name], other[name], name)
        self.assertTrue(partials.full_reconcile_id)
        self.assertEqual(partials.credit_move_id.move_id.state, "posted")

    def test_part_payments_leave_the_rest_open(self):
        wizard = self._load(
            "F1,C1,2026-02-01,100,2026-02-20 30 | 2026-02-10 20.50",
            heading="number,customer,due,amount,payments",
        )
        move = self._move("F1")
        self.assertEqual((move.payment_state, move.amount_residual), ("partial", 49.5))
        self.assertEqual(wizard.payment_count, 2)

    def test_what_was_paid_too_much_is_a_credit_of_the_customer(self):
        wizard = self._load("F1,C1,2026-01-02,2026-02-01,100,,2026-02-03,120")
        self.assertEqual(self._move("F1").payment_state, "paid")
        partner = self._move("F1").partner_id
        self._assess()
        case = self._case(partner)
        self.assertEqual((case.amount_residual, case.amount_credit), (0.0, 20.0))
        self.assertTrue(wizard.problem_ids.is_loaded)

    def test_credit_note_with_either_sign_and_its_refund(self):
        self._load(
            "G1,C1,2026-01-02,2026-02-01,-40,credit_note,",
            "G2,C1,2026-01-02,2026-02-01,60,credit_note,2026-02-03",
            heading="number,customer,issued,due,amount,type,paid",
        )
        open_note, refunded = self._move("G1"), self._move("G2")
        self.assertEqual((open_note.move_type, open_note.amount_residual), ("out_refund", 40.0))
        self.assertEqual(self._receivable(open_note).balance, -40.0)
        self.assertEqual((refunded.payment_state, refunded.amount_residual), ("reversed", 0.0))

    def test_settled_document_has_nothing_open_whatever_was_transferred(self):
        self._load("F1,C1,2026-01-02,2026-02-01,100,,2026-02-03,40", is_settled_in_full=True)
        self.assertEqual(self._move("F1").payment_state, "paid")

    def test_takeover_account_holds_what_is_open(self):
        wizard = self._load(
            "F1,C1,2026-01-02,2026-02-01,100",
            "F2,C1,2026-01-02,2026-02-01,70,,2026-02-03",
            "F3,C2,2026-01-02,2026-02-01,50,,2026-02-03,20",
        )
        lines = self.env["account.move.line"].search([("account_id", "=", wizard.account_id.id)])
        self.assertAlmostEqual(sum(lines.mapped("balance")), -130.0)
        again = self._load("F4,C1,2026-01-02,2026-02-01,1")
        self.assertEqual(
            (again.account_id, again.journal_id), (wizard.account_id, wizard.journal_id)
        )

    def test_number_of_another_year_stays_as_it_is(self):
        self._load("2024/0007,C1,2026-01-02,2026-02-01,100", "V-13/25,C1,2026-01-02,2026-02-01,1")
        self.assertEqual(self._move("2024/0007").state, "posted")
        own = self._overdue_invoice()
        self.assertNotIn("0008", own.name, "the old numbers do not continue our own")

    def test_overdue_document_is_reminded_under_its_old_number(self):
        self._load("F1,C1,2026-01-02,2026-02-01,100,,,")
        move = self._move("F1")
        self.assertEqual(self._items(move).decision, "due")
        run = self._propose()
        line = run.dunning_ids.line_ids
        self.assertEqual((line.name, line.amount_residual), ("F1", 100.0))

    # -- customers

    def test_customer_is_found_by_reference_or_created(self):
        known = self._customer("Mill", ref="C1")
        known.action_archive()
        self._load(
            "F1,C1,Other name,2026-02-01,100",
            "F2,C2,Lake Farm,2026-02-01,100",
            "F3,C2,,2026-02-01,100",
            heading="number,customer,customer_name,due,amount",
        )
        self.assertEqual(self._move("F1").partner_id, known)
        created = self._move("F2").partner_id
        self.assertEqual((created.name, created.ref), ("Lake Farm", "C2"))
        self.assertEqual(created.company_id, self.env.company)
        self.assertEqual(created.lang, self.env.company.partner_id.lang)
        self.assertEqual(self._move("F3").partner_id, created)

    def test_customer_of_another_company_is_not_touched(self):
        other = self.env["res.company"].create({"name": "Other ledger"})
        foreign = self._customer("Mill", ref="C1", company_id=other.id)
        self._load("F1,C1,2026-01-02,2026-02-01,100")
        self.assertNotEqual(self._move("F1").partner_id, foreign)

    def test_reference_of_two_customers_is_refused(self):
        self._customer("Mill", ref="C1")
        self._customer("Mill again", ref="C1")
        wizard = self._load_some("F1,C1,2026-01-02,2026-02-01,100")
        self.assertNotLoaded(wizard, 2, "Several customers")

    def test_two_customers_may_have_the_same_number(self):
        lines = ("F1,C1,2026-01-02,2026-02-01,100", "F1,C2,2026-01-02,2026-02-01,70")
        self._load(*lines)
        self.assertEqual(self._move("F1").amount_total, 100.0)
        self.assertEqual(self._move("F1 (C2)").amount_total, 70.0)
        self.assertEqual(self._load(*lines).known_count, 2)

    # -- currencies

    def test_worth_of_a_foreign_document_follows_the_rate_of_its_issue(self):
        self._currency("CHF", 2.0)
        self._load("F1,C1,2026-01-02,2026-02-01,100,CHF,2026-02-03,40")
        line = self._receivable(self._move("F1"))
        self.assertEqual((line.amount_currency, line.balance), (100.0, 50.0))
        self.assertEqual((line.amount_residual_currency, line.amount_residual), (60.0, 30.0))

    def test_worth_in_the_file_counts_to_the_cent_without_exchange_difference(self):
        self._currency("CHF", 2.0)
        self._load(
            "F1,C1,2026-02-01,100,CHF,33.34,2026-02-10 33.33 | 2026-02-11 33.33 | 2026-02-12 33.34",
            heading="number,customer,due,amount,currency,amount_company,payments",
        )
        move = self._move("F1")
        line = self._receivable(move)
        self.assertEqual((line.balance, line.amount_residual, line.reconciled), (33.34, 0.0, True))
        self.assertEqual(move.payment_state, "paid")
        self.assertFalse(line.matched_credit_ids.exchange_move_id)

    def test_currency_without_rate_or_not_active(self):
        self._currency("CHF", 2.0)
        chf = self.env.ref("base.CHF")
        chf.rate_ids.unlink()
        self.env.ref("base.SEK").active = False
        wizard = self._load_some(
            "F1,C1,2026-01-02,2026-02-01,100,CHF",
            "F2,C1,2026-01-02,2026-02-01,100,SEK",
            "F3,C1,2026-01-02,2026-02-01,100,XYZ",
            "F4,C1,2026-01-02,2026-02-01,100.123,EUR",
            "F5,C1,2026-01-02,2026-02-01,100,EUR",
        )
        self.assertNotLoaded(wizard, 2, "no rate of CHF")
        self.assertNotLoaded(wizard, 3, "SEK is not active")
        self.assertNotLoaded(wizard, 4, "XYZ is not active")
        self.assertNotLoaded(wizard, 5, "two ways")
        self.assertEqual(wizard.loaded_count, 1)

    def test_amount_has_no_more_decimals_than_its_currency(self):
        self._currency("JPY", 130.0).rounding = 1.0
        wizard = self._load_some(
            "F1,C1,2026-01-02,2026-02-01,100.5,JPY", "F2,C1,2026-01-02,2026-02-01,100.00,JPY"
        )
        self.assertNotLoaded(wizard, 2, "more decimals than JPY")
        self.assertEqual(wizard.loaded_count, 1)

    # -- closed periods

    def test_locked_period_is_said_and_nothing_is_moved_silently(self):
        self.env.company.sudo().fiscalyear_lock_date = "2025-12-31"
        lines = (
            "F1,C1,2025-11-02,2025-12-01,100,,",
            "F2,C1,2025-11-02,2025-12-01,100,,2026-01-20",
            "F3,C1,2026-01-02,2026-02-01,100,,",
        )
        wizard = self._load_some(*lines)
        self.assertNotLoaded(wizard, 2, "locked up to 12/31/2025")
        self.assertNotLoaded(wizard, 3, "locked up to 12/31/2025")
        self.assertEqual(wizard.loaded_count, 1)
        again = self._load(*lines, date_booking="2026-01-01")
        self.assertEqual((again.loaded_count, again.known_count), (2, 1))
        move = self._move("F1")
        self.assertEqual(move.date, fields.Date.to_date("2026-01-01"))
        self.assertEqual(move.invoice_date, fields.Date.to_date("2025-11-02"))
        self.assertEqual(self._receivable(move).date_maturity, fields.Date.to_date("2025-12-01"))

    # -- good and bad rows, batches

    def test_bad_rows_are_listed_with_their_line_and_good_ones_load(self):
        wizard = self._load_some(
            "F1,C1,2026-01-02,2026-02-01,100",
            "F2,C1,2026-01-02,soon,100",
            "F3,C1,2026-01-02,2026-02-01,0",
            "F1,C1,2026-01-02,2026-02-01,100",
            "F4,C1,2026-01-02,2026-02-01,100",
        )
        self.assertEqual((wizard.loaded_count, wizard.error_count), (2, 3))
        self.assertNotLoaded(wizard, 3, '"soon" is not a date')
        self.assertNotLoaded(wizard, 4, "zero")
        self.assertNotLoaded(wizard, 5, "on line 2 already")

    def test_nothing_loads_twice(self):
        lines = ("F1,C1,2026-01-02,2026-02-01,100,,2026-02-03", "F2,C1,2026-01-02,2026-02-01,1")
        self._load(*lines)
        again = self._load(*lines, "F3,C1,2026-01-02,2026-02-01,1")
        self.assertEqual((again.loaded_count, again.known_count, again.payment_count), (1, 2, 0))
        again.action_load()
        self.assertEqual(again.loaded_count, 1, "the button does it once")

    def test_one_document_that_odoo_refuses_does_not_stop_the_others(self):
        refused = self._customer("Mill", ref="C1")
        account = self.company_data["default_account_receivable"].copy({"active": False})
        refused.property_account_receivable_id = account
        wizard = self._load_some(
            "F1,C1,2026-01-02,2026-02-01,100", "F2,C2,2026-01-02,2026-02-01,100,,2026-02-03"
        )
        self.assertNotLoaded(wizard, 2, "Odoo refuses the document")
        self.assertEqual(self._move("F2").payment_state, "paid")

    def test_rest_of_a_large_file_is_loaded_in_the_background(self):
        lines = [f"F{number},C1,2026-01-02,2026-02-01,100" for number in range(7)]
        with patch.object(ledger_import, "BATCH_SIZE", 3):
            wizard = self._wizard(*lines)
            wizard.action_load()
            self.assertEqual((wizard.state, wizard.position), ("loading", 3))
            self._run_cron("credit_collection.ir_cron_load_ledger")
            while wizard.state == "loading":
                self._run_cron("credit_collection.ir_cron_load_ledger")
        self.assertEqual((wizard.loaded_count, wizard.position), (7, 7))
        self.assertEqual(self._move("F6").create_uid, wizard.create_uid)

    def test_batch_that_ends_with_the_file_is_the_last(self):
        with patch.object(ledger_import, "BATCH_SIZE", 2):
            wizard = self._wizard(*(f"F{n},C1,2026-01-02,2026-02-01,1" for n in range(4)))
            wizard.action_load()
            other = self._wizard(*(f"G{n},C1,2026-01-02,2026-02-01,1" for n in range(4)))
            other.action_load()
            self._run_cron("credit_collection.ir_cron_load_ledger")
        self.assertEqual((wizard.state, wizard.loaded_count), ("done", 4))
        self.assertEqual((other.state, other.loaded_count), ("done", 4))

    def test_what_nobody_foresaw_stops_the_file_and_it_can_be_loaded_again(self):
        with patch.object(ledger_import, "BATCH_SIZE", 2):
            wizard = self._wizard(*(f"F{n},C1,2026-01-02,2026-02-01,1" for n in range(4)))
            wizard.action_load()
            break_down = patch.object(type(wizard), "_load_payments", side_effect=KeyError("oops"))
            with break_down, mute_logger(ledger_import.__name__):
                self._run_cron("credit_collection.ir_cron_load_ledger")
            self.assertEqual((wizard.state, wizard.position), ("stopped", 2))
            self.assertNotLoaded(wizard, 0, "stopped after 2 rows: 'oops'")
            self.assertFalse(self._move("F2"), "the batch that failed left nothing behind")
            wizard.action_load()
            self._run_cron("credit_collection.ir_cron_load_ledger")
        self.assertEqual((wizard.state, wizard.loaded_count), ("done", 4))

    def test_check_books_nothing(self):
        with Form(self.env["credit.collection.ledger.import"]) as form:
            form.file = base64.b64encode(
                f"{_HEADING}\nF1,C1,2026-01-02,2026-02-01,100\nF2,C1,x,x,1".encode()
            )
        wizard = form.record
        wizard.action_check()
        self.assertEqual((wizard.state, wizard.row_count, wizard.error_count), ("checked", 2, 1))
        self.assertNotLoaded(wizard, 3, "not a date")
        self.assertFalse(self._move("F1"))
        wizard.action_load()
        self.assertTrue(self._move("F1"))
        self.assertEqual(len(wizard.problem_ids), 1)

    def test_list_of_problems_runs_no_formula(self):
        wizard = self._wizard("F1,C1,2026-01-02,2026-02-01,100")
        wizard.problem_ids = [(0, 0, {"line": 2, "message": "=cmd()"})]
        rows = list(
            csv.reader(io.StringIO(base64.b64decode(wizard.problem_file).decode("utf-8-sig")))
        )
        self.assertEqual(rows[1], ["2", "no", "'=cmd()"])

    def test_file_that_is_no_ledger_is_said_at_once(self):
        with self.assertRaisesRegex(UserError, "amount are missing"):
            self._wizard("F1,C1,2026-02-01", heading="number,customer,due").action_check()

    def test_only_a_manager_takes_a_ledger_over(self):
        user = self._user("collector", "credit_collection_group_user")
        with self.assertRaises(AccessError):
            self.env["credit.collection.ledger.import"].with_user(user).create({"file": b"eA=="})

    # -- files

    def test_ledger_of_our_own(self):
        wizard = self._load(content=(_DATA / "ledger_small.csv").read_bytes())
        self.assertEqual((wizard.loaded_count, wizard.payment_count), (5, 3))
        self.assertEqual(self._move("2025/0101").amount_residual, 1210.0)
        self.assertEqual(self._move("2025/0103").amount_residual, 150.0)
        self.assertEqual(self._move("2025/0104").move_type, "out_refund")
        self.assertEqual(self._move("2025/0105").move_type, "out_invoice")

    def test_first_rows_of_a_real_ledger(self):
        if _REAL.exists():
            content = b"".join(_REAL.open("rb").readlines()[:301])
            expected = 300
        else:
            _logger.info("%s is not there: loading ledger_small.csv instead", _REAL.name)
            content = (_DATA / "ledger_small.csv").read_bytes()
            expected = 5
        for currency in ("CZK", "USD", "GBP", "CHF"):
            self._currency(currency, 2.0)
        wizard = self._load(content=content, is_settled_in_full=True)
        self.assertEqual(wizard.loaded_count, expected)
        moves = self.env["account.move"].search([("journal_id", "=", wizard.journal_id.id)])
        self.assertEqual(len(moves), expected)
        paid = moves.filtered(lambda move: move.payment_state == "paid")
        self.assertFalse(any(paid.mapped("amount_residual")))
        self.assertFalse(moves.line_ids.matched_credit_ids.exchange_move_id)

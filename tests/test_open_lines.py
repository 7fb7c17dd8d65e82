"""What was open on a day, in SQL, against the same thing added up in plain Python."""

from odoo import fields
from odoo.tests import tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestOpenLines(CollectionCommon):
    """The open receivables as of any day, that the figures and the statement are made of."""

    def _open(self, on):
        """Return `{line: (open, open in its currency)}`, as of a day."""
        Line = self.env["account.move.line"]
        self.env.flush_all()
        rows = self.env.execute_query_dict(
            Line._collection_get_open_sql(fields.Date.to_date(on), self.env.company)
        )
        return {
            Line.browse(row["id"]): (row["amount_residual"], row["amount_residual_currency"])
            for row in rows
        }

    def _add_up(self, on):
        """The same, forwards: what was booked, less what was matched with it up to the day."""
        on = fields.Date.to_date(on)
        lines = self.env["account.move.line"].search(
            [
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.env.company.id),
                ("date", "<=", on),
            ]
        )
        result = {}
        for line in lines:
            debits = line.matched_debit_ids.filtered(lambda one: one.debit_move_id.date <= on)
            credits = line.matched_credit_ids.filtered(lambda one: one.credit_move_id.date <= on)
            amount = line.balance - sum(credits.mapped("amount")) + sum(debits.mapped("amount"))
            foreign = (
                line.amount_currency
                - sum(credits.mapped("debit_amount_currency"))
                + sum(debits.mapped("credit_amount_currency"))
            )
            if round(amount, 6) or round(foreign, 6):
                result[line] = (round(amount, 6), round(foreign, 6))
        return result

    def assertOpen(self, on):
        self.assertEqual(
            {line: tuple(map(float, amounts)) for line, amounts in self._open(on).items()},
            self._add_up(on),
        )

    def _live_some_months(self):
        """Invoices in euros and francs, instalments, payments before and after, credit notes."""
        chf = self._currency("CHF", 2.0)
        first = self._overdue_invoice(1000.0, due="2026-01-10")
        foreign = self._overdue_invoice(500.0, due="2026-01-20", currency_id=chf.id)
        parts = self._overdue_invoice(300.0, due="2026-01-15", term=self._term((50, 0), (50, 30)))
        self._pay(first, 400.0, on="2026-01-20")
        self._pay(first, 600.0, on="2026-02-20")
        self._pay(foreign, 200.0, on="2026-02-01", currency_id=chf.id)
        self._pay(parts, 100.0, on="2026-01-31")
        note = self._credit_note(50.0, on="2026-02-10")
        self._unmatched_payment(70.0, on="2026-01-25")
        (note | parts).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        self._misc_entry(80.0, due="2026-01-05")

    def test_open_lines_of_any_day_are_what_was_booked_less_what_was_matched(self):
        self._live_some_months()
        for day in ("2025-12-01", "2026-01-20", "2026-01-31", "2026-02-10", "2026-03-02"):
            with self.subTest(day):
                self.assertOpen(day)

    def test_what_is_open_today_is_what_the_ledger_says(self):
        self._live_some_months()
        for line, (amount, foreign) in self._open("2026-12-31").items():
            self.assertEqual(float(amount), line.amount_residual)
            self.assertEqual(float(foreign), line.amount_residual_currency)

    def test_later_entries_do_not_change_the_past(self):
        self._live_some_months()
        before = self._open("2026-02-10")
        later = self._overdue_invoice(20.0, due="2026-03-31", invoice_date="2026-03-01")
        self._pay(later, on="2026-03-01")
        self._credit_note(5.0, on="2026-03-01")
        self._misc_entry(9.0, due="2026-03-01")
        unpaid = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("amount_residual", ">", 0)]
        )
        self._pay(unpaid[:1], on="2026-03-02")
        self.assertEqual(self._open("2026-02-10"), before)

    def test_debt_that_was_moved_is_still_that_of_its_invoice(self):
        invoice = self._overdue_invoice(100.0, due="2026-01-10")
        line = invoice.line_ids.filtered(lambda one: one.account_type == "asset_receivable")
        moved = self._misc_entry(100.0, due="2026-02-20").line_ids.filtered("debit")
        moved.collection_origin_line_id = line
        self.env.flush_all()
        rows = self.env.execute_query_dict(
            line._collection_get_open_sql(fields.Date.to_date("2026-02-28"), self.env.company)
        )
        found = {row["id"]: (row["move_id"], row["source_id"]) for row in rows}
        self.assertEqual(found[moved.id], (invoice.id, line.id))

    def test_other_companies_have_their_own_ledger(self):
        self._overdue_invoice(100.0)
        other = self.setup_other_company(name="Other ledger")["company"]
        self.env.flush_all()
        today = fields.Date.to_date("2026-03-02")
        query = self.env["account.move.line"]._collection_get_open_sql(today, other)
        self.assertFalse(self.env.execute_query(query))

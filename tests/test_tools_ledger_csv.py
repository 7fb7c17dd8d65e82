from datetime import date
from decimal import Decimal

from odoo.tests import BaseCase, tagged

from ..tools.ledger_csv import (
    Document,
    Ledger,
    LedgerError,
    Payment,
    Problem,
    parse_amount,
    parse_date,
    settle,
    split_amount,
)

TODAY = date(2026, 3, 2)
HEADING = "number,customer,issued,due,amount,currency,paid,amount_paid"


@tagged("post_install", "-at_install")
class TestLedgerCsv(BaseCase):
    def _read(self, *lines, heading=HEADING, encoding="utf-8"):
        text = "\n".join((heading, *lines))
        return list(Ledger(text.encode(encoding), TODAY).rows())

    def _read_one(self, line, **options):
        (row,) = self._read(line, **options)
        return row

    def assertProblem(self, line, code, **options):
        row = self._read_one(line, **options)
        self.assertIsInstance(row, Problem, f"{line} was read as {row}")
        self.assertEqual((row.line, row.code), (2, code))

    def assertNoLedger(self, content, code):
        with self.assertRaises(LedgerError) as caught:
            Ledger(content, TODAY)
        self.assertEqual(caught.exception.code, code)

    def test_row_is_a_document_with_its_payment(self):
        row = self._read_one("F1,C1,2026-01-02,2026-02-01,100.50,eur,2026-02-03,40")
        self.assertEqual(
            (row.number, row.customer, row.kind, row.issued, row.due, row.amount, row.currency),
            ("F1", "C1", "invoice", date(2026, 1, 2), date(2026, 2, 1), Decimal("100.50"), "EUR"),
        )
        self.assertEqual(row.payments, (Payment(date(2026, 2, 3), Decimal(40)),))

    def test_payment_without_amount_is_the_whole(self):
        row = self._read_one("F1,C1,2026-01-02,2026-02-01,100.50,EUR,2026-02-03,")
        self.assertEqual(row.payments[0].amount, Decimal("100.50"))

    def test_separator_is_found_in_the_heading(self):
        for mark in (";", "\t"):
            row = self._read_one(
                mark.join(("F1", "C1", "01.02.2026", "1.234,50")),
                heading=mark.join(("Number", "CUSTOMER", "Due", "Amount")),
            )
            self.assertEqual((row.due, row.amount), (date(2026, 2, 1), Decimal("1234.50")))

    def test_text_is_read_in_the_encodings_of_windows_and_excel(self):
        heading = "number,customer,due,amount,customer_name"
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            row = self._read_one(
                "F1,C1,2026-02-01,10,Crèmerie Zoë", heading=heading, encoding=encoding
            )
            self.assertEqual(row.customer_name, "Crèmerie Zoë")

    def test_a_quoted_cell_may_hold_the_separator_and_a_line_break(self):
        rows = self._read(
            '"F1","C1",2026-02-01,"10,00","Mill, ""Sons""\nand Co"',
            "F2,C1,soon,10",
            heading="number,customer,due,amount,customer_name",
        )
        self.assertEqual(rows[0].customer_name, 'Mill, "Sons"\nand Co')
        self.assertEqual((rows[1].line, rows[1].code), (4, "date"))

    def test_unknown_columns_and_empty_lines_do_not_matter(self):
        rows = self._read(
            "", "F1,C1,x,2026-02-01,10", " , , , ", heading="number,customer,colour,due,amount"
        )
        self.assertEqual([row.line for row in rows], [3])

    def test_file_that_is_no_ledger(self):
        self.assertNoLedger(b"", "empty")
        self.assertNoLedger(b"\n \n", "empty")
        self.assertNoLedger(b"PK\x03\x04\x00\x00", "not_text")
        self.assertNoLedger(b"number,customer,due\n", "columns")
        self.assertNoLedger(b"number,customer,due,amount,amount\n", "column_twice")

    def test_row_that_lacks_something(self):
        self.assertProblem("F1,,2026-01-02,2026-02-01,100", "missing")
        self.assertProblem("F1,C1", "missing")

    def test_amounts_that_are_none(self):
        for amount, code in (
            ("=1+1", "amount"),
            ("12x", "amount"),
            ("1,23,4.5", "amount"),
            ("1.2.3,4", "amount"),
            ("nan", "amount"),
            ("1e9", "amount"),
            ("1.234", "amount_ambiguous"),
            ("9999999999999", "amount_too_large"),
            ("0", "amount_zero"),
            ("-10", "amount_negative"),
        ):
            self.assertProblem(f'F1,C1,2026-01-02,2026-02-01,"{amount}"', code)

    def test_amounts_as_the_countries_write_them(self):
        for text, amount in (
            ("1 234,56", "1234.56"),
            ("1\u00a0234,56", "1234.56"),
            ("1'234.56", "1234.56"),
            ("1,234,567", "1234567"),
            ("1.234.567,8", "1234567.8"),
            ("-0.125", "-0.125"),
            ("+7", "7"),
        ):
            self.assertEqual(parse_amount(text), Decimal(amount))

    def test_dates_that_are_none(self):
        for text in ("2026-02-30", "31/31/2026", "soon", "0026-01-01", "20260101"):
            with self.assertRaises(LedgerError):
                parse_date(text)

    def test_formulas_are_no_text(self):
        self.assertProblem("=cmd(),C1,2026-01-02,2026-02-01,100", "formula")
        self.assertProblem("F1,@SUM(A1),2026-01-02,2026-02-01,100", "formula")

    def test_type_must_be_known(self):
        heading = "number,customer,due,amount,type"
        self.assertProblem("F1,C1,2026-02-01,100,receipt", "type", heading=heading)
        row = self._read_one("F1,C1,2026-02-01,-100,Credit_Note", heading=heading)
        self.assertEqual((row.kind, row.amount), ("credit_note", Decimal(100)))

    def test_same_number_of_the_same_customer_counts_once(self):
        rows = self._read(
            "F1,C1,2026-01-02,2026-02-01,100",
            "F1,C2,2026-01-02,2026-02-01,100",
            "F1,C1,2026-01-02,2026-02-01,100",
        )
        self.assertIsInstance(rows[1], Document)
        self.assertEqual((rows[2].line, rows[2].code, rows[2].values["earlier"]), (4, "twice", "2"))

    def test_same_number_is_seen_when_reading_goes_on_later(self):
        text = f"{HEADING}\nF1,C1,,2026-02-01,1\nF2,C1,,2026-02-01,1\nF1,C1,,2026-02-01,1"
        (row,) = Ledger(text.encode(), TODAY).rows(2)
        self.assertEqual((row.line, row.code), (4, "twice"))

    def test_document_of_tomorrow_is_refused(self):
        self.assertProblem("F1,C1,2026-03-03,2026-04-01,100", "issued_later")

    def test_payment_of_tomorrow_is_refused(self):
        self.assertProblem("F1,C1,2026-01-02,2026-02-01,100,EUR,2026-03-03,", "paid_later")

    def test_a_row_that_cannot_be_read_is_a_row(self):
        text = f'{HEADING}\nF1,"C"1,,2026-02-01,1\nF2,C1,,2026-02-01,1\nF3,"C1,,\nF4,C1'
        rows = list(Ledger(text.encode(), TODAY).rows())
        self.assertEqual(
            [(row.line, getattr(row, "code", "")) for row in rows],
            [(2, "unreadable"), (3, ""), (4, "unreadable")],
        )
        self.assertEqual(list(Ledger(text.encode(), TODAY).rows(1)), rows[1:])

    def test_lines_may_end_as_on_any_computer(self):
        for end in ("\r\n", "\r", "\n"):
            content = end.join(("number,customer,due,amount", "F1,C1,2026-02-01,1", "F2,C1,x,1"))
            rows = list(Ledger(content.encode(), TODAY).rows())
            self.assertEqual([row.line for row in rows], [2, 3])

    def test_payments_need_a_day(self):
        self.assertProblem("F1,C1,2026-01-02,2026-02-01,100,EUR,,40", "paid_without_date")

    def test_several_payments_in_one_cell(self):
        heading = "number,customer,due,amount,paid,payments"
        row = self._read_one(
            "F1,C1,2026-02-01,100,,2026-02-20 30 | 2026-02-10 20.50", heading=heading
        )
        self.assertEqual(
            row.payments,
            (
                Payment(date(2026, 2, 10), Decimal("20.50")),
                Payment(date(2026, 2, 20), Decimal(30)),
            ),
        )
        self.assertProblem("F1,C1,2026-02-01,100,,2026-02-20", "payments", heading=heading)
        self.assertProblem(
            "F1,C1,2026-02-01,100,2026-02-20,2026-02-20 1", "payments_twice", heading=heading
        )

    def test_odd_but_good_rows_get_a_remark(self):
        for line, code in (
            ("F1,C1,,2026-02-01,100", "no_issue_date"),
            ("F1,C1,2026-02-20,2026-02-01,100", "due_before_issued"),
            ("F1,C1,2026-01-02,2026-02-01,100,EUR,2026-02-03,120", "overpaid"),
        ):
            row = self._read_one(line)
            self.assertEqual([remark.code for remark in row.remarks], [code])

    def test_settling_leaves_nothing_open_and_nothing_to_remark(self):
        for paid in ("40", "120"):
            row = self._read_one(f"F1,C1,2026-01-02,2026-02-01,100,EUR,2026-02-03,{paid}")
            settled = settle(row)
            self.assertEqual([one.amount for one in settled.payments], [Decimal(100)])
            self.assertFalse(settled.remarks)

    def test_worth_of_the_parts_is_the_worth_of_the_whole(self):
        parts = [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
        worths = split_amount(Decimal("4.01"), parts, Decimal(100))
        self.assertEqual(sum(worths), Decimal("4.01"))

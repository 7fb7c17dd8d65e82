"""Every figure against a second computation, in plain Python over the raw ledger."""

import csv
import logging
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .figures_common import FiguresCommon
from .figures_oracle import Entry, Ledger, Match

_logger = logging.getLogger(__name__)
_REAL = Path(__file__).resolve().parents[2] / "shared/data/ledger_mfcr_2012_2013.csv"
_DAYS = [date(2025, 10, 31), date(2025, 12, 15), date(2026, 1, 31), date(2026, 3, 2)]


@tagged("post_install", "-at_install")
class TestFigures(FiguresCommon):
    """A company with half a year of movements drawn at random."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chf = cls._currency("CHF", 2.0)
        cls.company.currency_id = cls.env.ref("base.EUR")
        draw = random.Random(5)  # noqa: S311
        cls.collectors = [
            cls.env["res.users"].create(
                {
                    "name": f"Collector {number}",
                    "login": f"figures_{number}",
                    "group_ids": [
                        Command.link(
                            cls.env.ref("credit_collection.credit_collection_group_user").id
                        )
                    ],
                }
            )
            for number in range(2)
        ]
        cls.customers = [
            cls._customer(
                f"Customer {number}",
                country_id=cls.env.ref(f"base.{draw.choice(['be', 'fr', 'nl'])}").id,
            )
            for number in range(10)
        ]
        cls.split = cls._term((50, 0), (50, 30))
        cls._live(draw)

    @classmethod
    def _live(cls, draw):
        """Let 180 days go by: a few hundred invoices, payments, credit notes and matchings."""
        invoices = []
        start = date(2025, 9, 1)
        for number in range(180):
            day = start + timedelta(days=number)
            cls.clock.move_to(f"{day} 09:00")
            if number % 20 == 19:
                cls._analyze()
            partner = draw.choice(cls.customers)
            if draw.random() < 0.75:
                invoices.append(cls._invoice_some(draw, partner, day))
            if draw.random() < 0.6:
                cls._settle_some(draw, invoices, day)
            if draw.random() < 0.05:
                cls._credit_note(draw.randint(1000, 9000) / 100, day, partner)
            if draw.random() < 0.05:
                cls._unmatched_payment(draw.randint(1000, 9000) / 100, day, partner)
            if draw.random() < 0.03:
                cls._misc_entry(draw.randint(1000, 9000) / 100, day, partner)
        cls.clock.move_to("2026-03-02 09:00")
        cls.env.cr.flush()
        for case in cls.env["credit.collection.case"].search([]):
            case.user_id = draw.choice(cls.collectors)

    @classmethod
    def _invoice_some(cls, draw, partner, day):
        """An invoice of any amount and term, seldom in another currency or in two parts."""
        vals = {
            "partner": partner,
            "invoice_date": day,
            "invoice_user_id": draw.choice(cls.collectors).id,
        }
        if draw.random() < 0.15:
            vals["currency_id"] = cls.chf.id
        if draw.random() < 0.1:
            vals["term"] = cls.split
        due = day if "term" in vals else day + timedelta(days=draw.choice([0, 14, 30]))
        return cls._overdue_invoice(draw.randint(2000, 90000) / 100, due, **vals)

    @classmethod
    def _settle_some(cls, draw, invoices, day):
        """An invoice is paid, in full or in part; seldom it is matched with an open credit."""
        waiting = [one for one in invoices if one.amount_residual]
        if not waiting:
            return
        invoice = draw.choice(waiting)
        part = draw.choice([1, 1, 1, 0.5, 0.3])
        cls._pay(
            invoice,
            round(invoice.amount_residual * part, 2),
            on=day,
            currency_id=invoice.currency_id.id,
        )

    # -- the raw ledger

    def _read_ledger(self):
        """Return the entries and matchings of the company, as they were booked."""
        self.env.flush_all()
        Line = self.env["account.move.line"]
        lines = Line.search(
            [
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.env.company.id),
            ]
        )
        collectors = {
            case.partner_id: case.user_id.id
            for case in self.env["credit.collection.case"].search([])
        }
        partials = self.env["account.partial.reconcile"].search([])
        exchanges = partials.exchange_move_id
        money = self._to_decimal
        return Ledger(
            [
                Entry(
                    line.id,
                    line.partner_id.id,
                    line.currency_id.id,
                    line.date,
                    line.date_maturity or line.date,
                    money(line.balance),
                    money(line.amount_currency),
                    line.move_id.move_type,
                    line.move_id.id,
                    collectors.get(line.partner_id, 0),
                    line.partner_id.country_id.id,
                    line.move_id.invoice_user_id.id,
                )
                for line in lines
            ],
            [
                Match(
                    one.id,
                    one.debit_move_id.id,
                    one.credit_move_id.id,
                    money(one.amount),
                    money(one.debit_amount_currency),
                    money(one.credit_amount_currency),
                    one.credit_move_id.move_id.move_type == "entry"
                    and one.credit_move_id.move_id not in exchanges,
                )
                for one in partials
                if one.debit_move_id in lines
            ],
        )

    @staticmethod
    def _to_decimal(amount):
        return Decimal(str(round(amount, 2)))

    # -- the figures that follow from the ledger

    def test_a_page_of_a_report_says_how_many_rows_there_are(self):
        customer = self._customer("Three Rows")
        for amount in (10.0, 20.0, 30.0):
            self._overdue_invoice(amount, partner=customer)
        self.env.flush_all()
        report = self.env["credit.collection.report.item"]
        domain, fields = [("partner_id", "=", customer.id)], {"amount_residual": {}}

        def read(**page):
            found = report.web_search_read(domain, fields, order="amount_residual", **page)
            return found["length"], [row["amount_residual"] for row in found["records"]]

        self.assertEqual(read(limit=2, count_limit=101), (3, [10.0, 20.0]))
        self.assertEqual(read(limit=2, offset=2, count_limit=101), (3, [30.0]))
        self.assertEqual(read(limit=1, count_limit=2), (2, [10.0]), "two or more")
        self.assertEqual(read(limit=2, offset=4), (0, []))

    def test_a_page_of_a_report_computes_its_figures_once(self):
        collector = self._user("pages", "credit_collection_group_user")
        report = self._report("month", date(2026, 3, 31)).with_user(collector)

        def read():
            return report.web_search_read([], {"amount_receivable": {}}, limit=5, count_limit=101)

        read()  # who the user is, and what he may
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertTrue(read()["length"])
        self.assertEqual(self.env.cr.sql_log_count - before, 1)

    def test_figures_of_any_day_are_those_of_the_raw_ledger(self):
        ledger = self._read_ledger()
        self.assertGreater(len(ledger.entries), 200, "a few hundred movements")
        for day in _DAYS:
            with self.subTest(day):
                self.assertLedgerFigures(ledger, day)

    def test_forecast_follows_due_dates_and_the_habits_of_each_customer(self):
        ledger = self._read_ledger()
        for day in _DAYS:
            with self.subTest(day):
                groups = self._report("forecast", day)._read_group(
                    [], ["date_expected:day"], ["amount:sum"]
                )
                self.assertEqual(
                    {when or None: self._cents(amount) for when, amount in groups},
                    ledger.forecast(day),
                )

    def test_past_figures_stay_when_later_entries_are_posted(self):
        day = date(2026, 1, 31)
        before = self._read_all(day)
        self.clock.move_to("2026-03-02 09:00")
        unpaid = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("amount_residual", ">", 0)], limit=20
        )
        for invoice in unpaid:
            self._pay(invoice, on="2026-03-02", currency_id=invoice.currency_id.id)
        self._overdue_invoice(500.0, "2026-03-31", invoice_date="2026-03-01")
        self._credit_note(50.0, "2026-03-01", self.customers[0])
        self._commit()
        self.assertEqual(self._read_all(day), before)

    def _read_all(self, day):
        """Return what every report says of a day, as sums."""
        result = {}
        for name in ("item", "payment", "roll", "month", "forecast", "collector", "recovery"):
            report = self._report(name, day)
            sums = [
                f"{field.name}:sum"
                for field in report._fields.values()
                if field.type == "monetary" and field.aggregator == "sum"
            ]
            result[name] = report._read_group([], aggregates=["__count", *sums])
        return result

    def test_balances_of_several_months_are_averages(self):
        report = self._report("month", date(2026, 3, 31))
        months = report.search([("company_id", "=", self.env.company.id)])
        first = self.env["account.move.line"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ],
            order="date",
            limit=1,
        )
        self.assertGreaterEqual(min(months.mapped("date")), first.date, "it begins with its books")
        [(receivable, overdue, invoiced)] = report._read_group(
            [("id", "in", months.ids)],
            aggregates=[
                "amount_receivable:sum",
                "amount_overdue:sum_currency",
                "amount_sales:sum",
            ],
        )
        for found, name in ((receivable, "amount_receivable"), (overdue, "amount_overdue")):
            self.assertGreater(found, 0)
            self.assertAlmostEqual(found, sum(months.mapped(name)) / len(months), places=4)
        self.assertAlmostEqual(invoiced, sum(months.mapped("amount_sales")), places=4)

    # -- classes of the company

    def test_company_has_its_own_classes(self):
        self.env["credit.collection.bucket"].create(
            [{"company_id": self.env.company.id, "days_from": first} for first in (1, 16)]
        )
        report = self._report("item", _DAYS[-1])
        buckets = report._read_group([], ["bucket_id"], order="bucket_id")
        self.assertEqual(
            [bucket.display_name for (bucket,) in buckets],
            ["Not due", "1–15 days", "Over 15 days", "Open credits"],
        )

    def test_due_today_is_not_due(self):
        self._overdue_invoice(77.0, "2026-03-02", partner=self.customer)
        [item] = self._report("item", date(2026, 3, 2)).search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual((item.bucket_id.kind, item.days_late), ("not_due", 0))
        [item] = self._report("item", date(2026, 3, 3)).search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual((item.bucket_id.display_name, item.days_late), ("1–30 days", 1))

    def test_the_classes_for_all_are_not_given_to_one_company(self):
        shared = self.env["credit.collection.bucket"].search([("kind", "=", "late")])
        with self.assertRefused("Keep one class for all companies"):
            shared.company_id = self.env.company

    def test_class_that_is_needed_stays(self):
        Bucket = self.env["credit.collection.bucket"]
        with self.assertRefused("days late can be deleted"):
            self.env.ref("credit_collection.bucket_credit").unlink()
        with self.assertRefused("Keep one class"):
            Bucket.search([("kind", "=", "late")]).unlink()

    def test_day_that_is_none_is_said(self):
        with self.assertRaisesRegex(UserError, "is not a date"):
            self.env["credit.collection.dashboard"].get_sections("soon")

    # -- who sees what

    def test_user_of_another_company_sees_nothing(self):
        other = self.setup_other_company(name="Other ledger")["company"]
        user = self._user(
            "elsewhere",
            "credit_collection_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.env["credit.collection.forecast"].sudo()._keep(self.env.company, _DAYS[-1])
        for name in self._get_report_names():
            report = self._report(name, _DAYS[-1]).with_user(user)
            report = report.with_context(allowed_company_ids=other.ids)
            rows = report.search([])
            self.assertLessEqual(set(rows.company_id.ids), set(other.ids), name)
            groups = report._read_group([], ["company_id"])
            self.assertLessEqual({company for (company,) in groups}, {other}, name)
            mine = self._report(name, _DAYS[-1]).search([])
            foreign = mine.filtered(lambda row: row.company_id == self.env.company)
            self.assertFalse(report.browse(foreign.ids).with_user(user).exists() - rows, name)
        self.assertFalse(self.env["credit.collection.forecast"].with_user(user).search([]))
        with self.assertRaises(AccessError):
            self._report("item", _DAYS[-1]).with_user(user).with_context(
                allowed_company_ids=self.env.company.ids
            ).search([])

    def test_figures_are_for_collectors(self):
        outsider = self._user("outsider")
        reader = self._user("reader", "credit_collection_group_readonly")
        collector = self._user("collector_of_figures", "credit_collection_group_user")
        Dashboard = self.env["credit.collection.dashboard"]
        for user in (outsider, reader):
            with self.assertRaises(AccessError):
                Dashboard.with_user(user).get_section("balance", "2026-03-02")
            with self.assertRaises(AccessError):
                self._report("item", _DAYS[-1]).with_user(user).search([])
        self.assertTrue(Dashboard.with_user(collector).get_section("balance", "2026-03-02"))
        with self.assertRaises(AccessError):
            self.env["credit.collection.bucket"].with_user(collector).create({"days_from": 5})

    def _get_report_names(self):
        return [
            model.removeprefix("credit.collection.report.")
            for model in self.env
            if model.startswith("credit.collection.report.") and not self.env[model]._abstract
        ]


@tagged("post_install", "-at_install")
class TestRealLedgerFigures(FiguresCommon):
    """The payments of a ministry, with the roles swapped, as of four dates."""

    def test_figures_of_a_real_ledger_as_of_four_dates(self):
        if _REAL.exists():
            with _REAL.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if row["currency"] == "CZK"]
        else:
            _logger.info("%s is not there: a small ledger of our own instead", _REAL.name)
            rows = list(self._make_up_rows())
        ledger = self._load(rows)
        for day in (
            date(2012, 6, 30),
            date(2012, 12, 31),
            date(2013, 5, 15),
            date(2013, 9, 30),
        ):
            with self.subTest(day):
                self.assertTrue(ledger.open(day), "something is open on every one of these days")
                self.assertLedgerFigures(ledger, day)

    def _make_up_rows(self):
        draw = random.Random(7)  # noqa: S311
        for number in range(400):
            issued = date(2012, 1, 1) + timedelta(days=draw.randint(0, 700))
            due = issued + timedelta(days=30)
            yield {
                "number": str(number),
                "customer": f"C{number % 17}",
                "type": "credit_note" if number % 40 == 0 else "invoice",
                "amount": str((-1 if number % 40 == 0 else 1) * draw.randint(100, 99999) / 100),
                "issued": str(issued),
                "received": "",
                "due": str(due),
                "paid": str(due + timedelta(days=draw.randint(-20, 60))),
            }

    def _load(self, rows):
        """Write the documents and a payment of each straight into the tables, in a few statements.

        Nobody could post 17,000 documents in a test; figures read tables.
        """
        partners = {
            code: self.env["res.partner"].create({"name": code, "is_company": True}).id
            for code in sorted({row["customer"] for row in rows})
        }
        lines, matches = [], []
        move_ids = self._take_ids("account_move", 2 * len(rows))
        line_ids = self._take_ids("account_move_line", 2 * len(rows))
        match_ids = self._take_ids("account_partial_reconcile", len(rows))
        for row in rows:
            amount = Decimal(row["amount"])
            if not amount:
                continue
            booked = date.fromisoformat(row["issued"] or row["received"] or row["due"])
            due, paid = date.fromisoformat(row["due"]), date.fromisoformat(row["paid"])
            kind = "out_invoice" if amount > 0 else "out_refund"
            partner = partners[row["customer"]]
            claim, payment = (
                self._prepare(next(line_ids), next(move_ids), partner, *values)
                for values in ((booked, due, amount, kind), (paid, paid, -amount, "entry"))
            )
            debit, credit = (claim, payment) if amount > 0 else (payment, claim)
            lines += [claim, payment]
            matches.append(
                Match(
                    next(match_ids),
                    debit.id,
                    credit.id,
                    abs(amount),
                    abs(amount),
                    abs(amount),
                    amount > 0,
                )
            )
        self._write(lines, matches)
        return Ledger(lines, matches)

    def _take_ids(self, table, count):
        rows = self.env.execute_query(
            SQL("SELECT nextval(%s) FROM generate_series(1, %s)", f"{table}_id_seq", count)
        )
        return (row[0] for row in rows)

    def _prepare(self, line, move, partner, booked, due, amount, kind):
        return Entry(
            line, partner, self.env.company.currency_id.id, booked, due, amount, amount, kind, move
        )

    def _write(self, entries, matches):
        company = self.env.company.id
        currency = self.env.company.currency_id.id
        journal = self.company_data["default_journal_sale"].id
        account = self.company_data["default_account_receivable"].id
        cr = self.env.cr
        cr.execute_values(
            "INSERT INTO account_move (id, name, company_id, journal_id, currency_id, state,"
            " move_type, auto_post, date, partner_id, commercial_partner_id, sequence_prefix,"
            " sequence_number) VALUES %s",
            [
                (
                    one.move,
                    f"REAL/{one.move}",
                    company,
                    journal,
                    currency,
                    "posted",
                    one.kind,
                    "no",
                    one.date,
                    one.partner,
                    one.partner,
                    "REAL/",
                    one.move,
                )
                for one in entries
            ],
            page_size=1000,
        )
        cr.execute_values(
            "INSERT INTO account_move_line (id, move_id, parent_state, company_id, journal_id,"
            " account_id, partner_id, currency_id, company_currency_id, display_type, date,"
            " date_maturity, reconciled, balance, amount_currency, amount_residual,"
            " amount_residual_currency) VALUES %s",
            [
                (
                    one.id,
                    one.move,
                    "posted",
                    company,
                    journal,
                    account,
                    one.partner,
                    currency,
                    currency,
                    "payment_term",
                    one.date,
                    one.due,
                    True,
                    one.amount,
                    one.amount,
                    0,
                    0,
                )
                for one in entries
            ],
            page_size=1000,
        )
        dates = {one.id: one.date for one in entries}
        cr.execute_values(
            "INSERT INTO account_partial_reconcile (id, debit_move_id, credit_move_id, amount,"
            " debit_amount_currency, credit_amount_currency, debit_currency_id,"
            " credit_currency_id, company_id, max_date) VALUES %s",
            [
                (
                    one.id,
                    one.debit,
                    one.credit,
                    one.amount,
                    one.amount,
                    one.amount,
                    currency,
                    currency,
                    company,
                    max(dates[one.debit], dates[one.credit]),
                )
                for one in matches
            ],
            page_size=1000,
        )
        for table in ("account_move", "account_move_line", "account_partial_reconcile"):
            cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        self.env.invalidate_all()

"""Reading the figures of a day, and holding them against a second computation."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields

from .common import CollectionCommon
from .figures_oracle import month_ends

_KEY = "credit_collection_date"


class FiguresCommon(CollectionCommon):
    """What the tests of the figures share."""

    def _report(self, name, day, **context):
        self.env.flush_all()
        self.env.invalidate_all()
        report = self.env[f"credit.collection.report.{name}"]
        return report.with_context(**{_KEY: fields.Date.to_string(day), **context})

    def _class_of(self, bucket):
        return f"late {bucket.days_from}" if bucket.kind == "late" else bucket.kind

    @staticmethod
    def _cents(amount):
        return Decimal(str(round(amount or 0, 2))).quantize(Decimal("0.01"))

    def assertRatio(self, found, expected, message=None):
        if expected is None:
            self.assertFalse(found, message)
        else:
            self.assertAlmostEqual(
                found, float(expected), delta=1e-9 * max(1, abs(found)), msg=message
            )

    def assertLedgerFigures(self, ledger, day):
        """All that follows from entries and matchings alone is right, as of a day."""
        self._check_ageing(ledger, day)
        self._check_payments(ledger, day)
        self._check_month(ledger, day)
        self._check_rolls(ledger, day)

    def _check_ageing(self, ledger, day):
        report = self._report("item", day)
        self.assertEqual(
            {
                (self._class_of(bucket), None): self._cents(amount)
                for bucket, amount in report._read_group([], ["bucket_id"], ["amount_residual:sum"])
                if amount
            },
            ledger.ageing(day),
        )
        for group, key in (
            ("partner_id", "partner"),
            ("currency_id", "currency"),
            ("country_id", "country"),
            ("user_id", "user"),
            ("invoice_user_id", "salesperson"),
        ):
            self.assertEqual(
                {
                    (self._class_of(bucket), record.id or 0): self._cents(amount)
                    for bucket, record, amount in report._read_group(
                        [], ["bucket_id", group], ["amount_residual:sum"]
                    )
                    if amount
                },
                ledger.ageing(day, lambda entry, key=key: getattr(entry, key)),
                group,
            )

    def _check_payments(self, ledger, day):
        start = day.replace(day=1) - timedelta(days=1)
        [(count, amount, plain, weighted)] = self._report("payment", day)._read_group(
            [("date", ">", start)],
            aggregates=["__count", "amount:sum", "days_late:avg", "days_late_weighted:avg"],
        )
        paid = list(ledger.payments(start, day))
        self.assertEqual(count, len(paid))
        self.assertEqual(self._cents(amount), sum((row[2] for row in paid), Decimal("0.00")))
        expected = ledger.days_late(start, day)
        self.assertRatio(float(plain or 0), expected[0])
        self.assertRatio(weighted, expected[1])

    def _check_month(self, ledger, day):
        months = self._report("month", day).search([("company_id", "=", self.env.company.id)])
        self.assertEqual(months.mapped("date"), [day, *month_ends(day, 12)][: len(months)])
        for month in months[:4]:
            end = month.date
            debt, current = ledger.debts(end)
            self.assertEqual(self._cents(month.amount_receivable), self._cents(ledger.balance(end)))
            self.assertEqual(self._cents(month.amount_debt), self._cents(debt))
            self.assertEqual(self._cents(month.amount_current), self._cents(current))
            self.assertEqual(self._cents(month.amount_overdue), self._cents(debt - current))
            self.assertRatio(month.dso, ledger.dso(end), "DSO")
            self.assertRatio(month.dso_best, ledger.dso_best(end), "best possible")
            self.assertRatio(month.dso_countback, ledger.dso_countback(end), "count-back")
            self.assertRatio(month.cei, ledger.cei(end), "CEI")

    def _check_rolls(self, ledger, day):
        start = day.replace(day=1) - timedelta(days=1)
        self.assertEqual(
            {
                (self._class_of(before), self._class_of(after)): self._cents(amount)
                for before, after, amount in self._report("roll", day)._read_group(
                    [], ["bucket_from_id", "bucket_to_id"], ["amount:sum"]
                )
            },
            ledger.rolls(start, day),
        )

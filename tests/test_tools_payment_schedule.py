from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools import payment_schedule as schedule

CENT = Decimal("0.01")
ROUNDINGS = {"EUR": CENT, "JPY": Decimal(1), "TND": Decimal("0.001"), "cash": Decimal("0.05")}
amounts = st.integers(1, 10**9).map(lambda cents: cents * CENT)


@tagged("post_install", "-at_install")
class TestPaymentSchedule(BaseCase):
    def _split(self, total, count, first=None):
        parts = schedule.split_by_number(Decimal(total), count, CENT, first and Decimal(first))
        return [str(part) for part in parts]

    def test_the_remainder_is_on_the_last(self):
        """PP1."""
        self.assertEqual(self._split("209378.00", 3), ["69792.66", "69792.66", "69792.68"])
        self.assertEqual(self._split("100.00", 1), ["100.00"])

    def test_the_first_payment_may_be_another_one(self):
        self.assertEqual(self._split("100.00", 3, "40.00"), ["40.00", "30.00", "30.00"])
        self.assertEqual(self._split("100.00", 1, "100.00"), ["100.00"])

    def test_what_makes_no_sense_is_refused(self):
        for total, count, first in (
            ("0.00", 3, None),
            ("-1.00", 3, None),
            ("100.00", 0, None),
            ("100.00", 241, None),
            ("0.02", 3, None),  # less than a cent each
            ("0.59", 20, None),  # the last would be 21 times the others
            ("100.00", 1, "40.00"),
            ("100.00", 3, "100.00"),
            ("100.00", 3, "100.01"),
            ("100.00", 3, "-1.00"),
        ):
            with self.assertRaises(ValueError, msg=(total, count, first)):
                self._split(total, count, first)
        for total, amount in (("100", "0"), ("100", "-5"), ("100", "0.01")):
            with self.assertRaises(ValueError):
                schedule.split_by_amount(Decimal(total), Decimal(amount))

    def test_days_that_make_no_sense_are_refused(self):
        for period, day in (("month", 32), ("month", -1), ("day", 0)):
            with self.assertRaises(ValueError):
                schedule.due_dates(date(2026, 1, 1), 2, period, day)

    def test_the_31st_is_the_last_day_of_a_month(self):
        days = schedule.due_dates(date(2027, 12, 15), 4, "month", 31)
        self.assertEqual(
            [str(day) for day in days], ["2027-12-15", "2028-01-31", "2028-02-29", "2028-03-31"]
        )

    @settings(deadline=None)
    @given(amounts, st.integers(1, 240), st.sampled_from(sorted(ROUNDINGS)))
    def test_no_cent_is_lost_by_number(self, total, count, currency):
        try:
            parts = schedule.split_by_number(total, count, ROUNDINGS[currency])
        except ValueError:
            assume(False)
        self.assertEqual(sum(parts), total)
        self.assertEqual(len(parts), count)
        self.assertEqual(len(set(parts[:-1])), min(count - 1, 1), "equal but for the last")
        self.assertTrue(all(part > 0 for part in parts))
        self.assertLessEqual(parts[-1], 2 * parts[0])

    @settings(deadline=None)
    @given(amounts, amounts, st.none() | amounts)
    def test_no_cent_is_lost_by_amount(self, total, amount, first):
        try:
            parts = schedule.split_by_amount(total, amount, first)
        except ValueError:
            assume(False)
        self.assertEqual(sum(parts), total)
        self.assertTrue(all(0 < part <= amount for part in parts[first is not None :]))

    @settings(deadline=None)
    @given(st.lists(amounts, max_size=30), st.integers(-100, 10**10).map(lambda n: n * CENT))
    def test_no_cent_of_a_payment_is_lost(self, parts, paid):
        filled = schedule.fill(parts, paid)
        self.assertEqual(sum(filled), max(min(paid, sum(parts)), 0))
        for (amount, one), (_later, following) in pairwise(zip(parts, filled, strict=True)):
            self.assertTrue(one == amount or not following, "one after the other")

    @settings(deadline=None)
    @given(
        st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        st.integers(1, 60),
        st.sampled_from(["week", "fortnight", "month", "quarter"]),
        st.integers(0, 31),
    )
    def test_days_go_forward(self, first, count, period, day):
        days = schedule.due_dates(first, count, period, day)
        self.assertEqual(len(days), count)
        self.assertEqual(days[0], first)
        self.assertTrue(all(one < following for one, following in pairwise(days)))
        if period == "week":
            self.assertEqual({b - a for a, b in pairwise(days)} - {timedelta(days=7)}, set())

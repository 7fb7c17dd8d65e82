from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.credit_collection.tools.fees import (
    Tier,
    add_vat,
    by_clause,
    by_tier,
    per_reminder,
)

BELGIAN = [
    Tier(Decimal("0.01"), Decimal(20)),
    Tier(Decimal("150.01"), Decimal(30), Decimal(10), Decimal(150)),
    Tier(Decimal("500.01"), Decimal(65), Decimal(5), Decimal(500)),
]
amounts = st.integers(0, 10_000_000).map(lambda cents: Decimal(cents) / 100)


class TestFees(BaseCase):
    """What may be claimed beside interest."""

    def test_a_percentage_is_of_its_slice_alone(self):
        """Ten percent of 500 would be 50 more than the law allows."""
        self.assertEqual(by_tier(Decimal(500), BELGIAN), Decimal("65.00"))
        self.assertEqual(by_tier(Decimal("500.01"), BELGIAN), Decimal("65.00"))
        self.assertEqual(by_tier(Decimal("150.01"), BELGIAN), Decimal("30.00"))

    def test_nothing_is_owed_on_nothing(self):
        self.assertEqual(by_tier(Decimal(0), BELGIAN, Decimal(40)), 0)
        self.assertEqual(by_tier(Decimal(10), []), 0)
        self.assertEqual(by_clause(Decimal(0), Decimal(10), Decimal(75)), 0)

    def test_a_clause_has_a_minimum_and_a_cap(self):
        self.assertEqual(by_clause(Decimal(100), Decimal(10), Decimal(75)), Decimal("75.00"))
        self.assertEqual(
            by_clause(Decimal(90000), Decimal(10), Decimal(75), Decimal(2500)), Decimal("2500.00")
        )

    def test_the_first_reminders_of_a_year_are_free(self):
        prices = [per_reminder(Decimal("7.50"), count, 3) for count in range(6)]
        self.assertEqual(prices, [0, 0, 0, 0, Decimal("7.50"), Decimal("15.00")])

    def test_vat_is_rounded_to_the_unit_of_the_currency(self):
        self.assertEqual(add_vat(Decimal("40.03"), Decimal(21)), Decimal("48.44"))
        self.assertEqual(add_vat(Decimal(40), Decimal(21), Decimal("0.05")), Decimal("48.40"))

    @settings(max_examples=300, deadline=None)
    @given(amounts, amounts)
    def test_more_debt_never_costs_less_and_never_more_than_the_cap(self, one, other):
        low, high = sorted((one, other))
        cap = Decimal(2000)
        fees = [by_tier(amount, BELGIAN, maximum=cap) for amount in (low, high)]
        self.assertLessEqual(fees[0], fees[1])
        self.assertLessEqual(fees[1], cap)

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.credit_collection.tools.deadlines import (
    NoticeRule,
    add_months,
    end_of_month_terms,
    latest_due_date,
    notice_period,
)
from odoo.addons.credit_collection.tools.interest import Rate
from odoo.addons.credit_collection.tools.rates import find, limit, prefer, reset_half_yearly

START = date(2025, 1, 1)


def day(number):
    return START + timedelta(days=number)


@st.composite
def tables(draw, percent):
    """Return rates that do not overlap, all of one percentage."""
    rates, start = [], 0
    for _number in range(draw(st.integers(0, 4))):
        start += draw(st.integers(0, 30))
        length = draw(st.integers(0, 40))
        rates.append(Rate(day(start), day(start + length), Decimal(percent)))
        start += length + 1
    return rates


class TestRates(BaseCase):
    """Which rate holds when."""

    @settings(max_examples=300, deadline=None)
    @given(tables(1), tables(2))
    def test_on_each_day_the_own_rate_holds_else_the_shipped_one(self, own, shipped):
        merged = prefer(own, shipped)
        for number in range(320):
            there = [one for one in merged if one.first <= day(number) <= one.last]
            wanted = find(own, day(number)) or find(shipped, day(number))
            self.assertEqual([one.percent for one in there], [wanted.percent] if wanted else [])

    def test_an_own_rate_without_an_end_ends_the_shipped_ones(self):
        merged = prefer([Rate(day(10), None, Decimal(1))], [Rate(day(0), None, Decimal(2))])
        self.assertEqual(
            [(one.first, one.last) for one in merged], [(day(0), day(9)), (day(10), None)]
        )

    @settings(max_examples=200, deadline=None)
    @given(tables(3), tables(9), st.integers(0, 12))
    def test_a_contract_rate_stays_between_floor_and_cap_where_both_are_known(
        self, floors, caps, percent
    ):
        rates = limit(Decimal(percent), floors, caps, day(0), day(300))
        for number in range(301):
            there = find(rates, day(number))
            if find(floors, day(number)) and find(caps, day(number)):
                self.assertEqual(there.percent, min(max(percent, 3), 9))
            else:
                self.assertIsNone(there)

    def test_a_half_year_whose_reference_is_not_known_has_no_rate(self):
        ecb = [Rate(date(2026, 6, 17), date(2026, 12, 31), Decimal("2.40"))]
        halves = reset_half_yearly(
            ecb, date(2026, 3, 1), date(2027, 3, 1), Decimal(8), Decimal("0.5")
        )
        self.assertEqual(
            [(one.first, one.percent) for one in halves], [(date(2026, 7, 1), Decimal("10.5"))]
        )


class TestDeadlines(BaseCase):
    """When periods of the law begin and end."""

    def test_a_letter_counts_from_its_third_working_day(self):
        """Armistice Day lies in between."""
        rule = NoticeRule()
        self.assertEqual(
            notice_period(date(2026, 11, 9), True, rule, "BE"),
            (date(2026, 11, 13), date(2026, 11, 26)),
        )

    def test_a_period_that_would_end_on_a_sunday_ends_on_monday_where_it_is_extended(self):
        sent = date(2026, 11, 8)
        self.assertEqual(notice_period(sent, False, NoticeRule(), "BE")[1], date(2026, 11, 23))
        strict = NoticeRule(is_extended=False)
        self.assertEqual(notice_period(sent, False, strict, "BE")[1], date(2026, 11, 22))

    def test_saturdays_may_count(self):
        sent = date(2026, 11, 26)  # a Thursday
        self.assertEqual(notice_period(sent, True, NoticeRule(), "BE")[0], date(2026, 12, 1))
        saturday = NoticeRule(is_saturday_working=True)
        self.assertEqual(notice_period(sent, True, saturday, "BE")[0], date(2026, 11, 30))

    def test_the_longest_term_is_the_longest_that_the_law_admits(self):
        self.assertEqual(
            end_of_month_terms(date(2025, 2, 15), 45), (date(2025, 4, 30), date(2025, 4, 14))
        )
        self.assertEqual(latest_due_date(date(2025, 2, 15), 60, 45), date(2025, 4, 30))
        self.assertEqual(latest_due_date(date(2025, 2, 15), 30), date(2025, 3, 17))

    def test_a_month_that_is_too_short_has_its_last_day(self):
        self.assertEqual(add_months(date(2026, 1, 31), 1), date(2026, 2, 28))
        self.assertEqual(add_months(date(2026, 12, 31), 2), date(2027, 2, 28))

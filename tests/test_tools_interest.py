from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.credit_collection.tools.interest import (
    COMPOUNDINGS,
    DAY_COUNTS,
    IMPUTATIONS,
    ROUNDINGS,
    Movement,
    Rate,
    Terms,
    accrue,
    count_days,
)

CENT = Decimal("0.01")
FIRST = date(2023, 3, 1)
DAY = timedelta(days=1)


def holds(first, last, day):
    return first <= day and (last is None or day <= last)


class Oracle:
    """The interest and what stays open, one day after another, in exact fractions.

    Written without a look at the function: it knows no periods and no boundaries, it only notices
    on each morning whether something is different from yesterday.
    """

    def __init__(self, principal, first, rates, movements, terms, waived):
        self.first, self.rates, self.movements = first, rates, movements
        self.terms, self.waived = terms, waived
        self.debt, self.costs = Fraction(principal), Fraction(0)
        # what was claimed and is unpaid, and the part of it that does not bear interest yet
        self.owed = self.young = Fraction(0)
        self.claimed = self.exact = self.stretch = Fraction(0)
        self.yesterday = None

    def run(self, until):
        day = min([self.first, *(one.day for one in self.movements)])
        while day <= until:
            self.live(day)
            day += DAY
        self.claim_stretch()
        self.settle(until)
        return self.claimed, self.debt, self.owed, self.costs

    def live(self, day):
        rate = next(
            (one for one in self.rates if holds(one.first, one.last, self.rate_day(day))), None
        )
        if any(holds(first, last, day) for first, last in self.waived):
            rate = None
        facts = rate and rate.first, self.year_of(day), rate is None
        credits = [one for one in self.movements if one.day == day and one.kind == "credit"]
        paid = [one for one in self.movements if one.day == day - DAY and one.kind == "payment"]
        is_birthday = self.is_birthday(day)
        if facts != self.yesterday or is_birthday or any(one.amount for one in credits + paid):
            self.claim_stretch()
        self.yesterday = facts
        self.settle(day - DAY)
        if is_birthday:
            self.young = Fraction(0)
        for one in credits:
            self.debt = max(self.debt - Fraction(one.amount), Fraction(0))
        if rate and day >= self.first:
            self.earn(day, Fraction(rate.percent) / 100)

    def earn(self, day, yearly):
        of_a_day = (self.debt + self.owed - self.young) * yearly / self.year_of(day)
        length = self.length_of(day)
        if self.terms.rounding == "daily":
            self.claim(self.cents(of_a_day) * length)
        self.stretch += of_a_day * length
        self.exact += of_a_day * length

    def claim_stretch(self):
        if self.terms.rounding == "segment":
            self.claim(self.cents(self.stretch))
        if self.terms.rounding == "end":
            self.claim(self.cents(self.exact) - self.claimed)
        self.stretch = Fraction(0)

    def claim(self, amount):
        self.claimed, self.owed = self.claimed + amount, self.owed + amount
        self.young += amount

    def settle(self, day):
        for one in self.movements:
            self.costs += Fraction(one.amount) * (one.day == day and one.kind == "cost")
        for one in self.movements:
            if one.day == day and one.kind == "payment":
                self.pay(Fraction(one.amount))

    def pay(self, amount):
        order = {"costs": "cip", "interest": "ipc", "principal": "pic"}[self.terms.imputation]
        names = {"c": "costs", "i": "owed", "p": "debt"}
        for part in order:
            before = getattr(self, names[part])
            setattr(self, names[part], max(before - amount, Fraction(0)))
            amount = max(amount - before, Fraction(0))
        self.young = min(self.young, self.owed)  # the oldest interest is paid first

    def rate_day(self, day):
        return self.first if self.terms.is_frozen else day

    def is_birthday(self, day):
        if self.terms.compounding == "none" or day <= self.first:
            return False
        if (self.first.month, self.first.day) == (2, 29):
            return day.month == 2 and (day + DAY).month == 3
        return (day.month, day.day) == (self.first.month, self.first.day)

    def year_of(self, day):
        leap = day.year % 4 == 0 and (day.year % 100 or day.year % 400 == 0)
        counts = {"act/365": 365, "act/act": 366 if leap else 365}
        return counts.get(self.terms.day_count, 360)

    def length_of(self, day):
        if self.terms.day_count != "30e/360":
            return 1
        before = day - DAY
        months = (day.year - before.year) * 12 + day.month - before.month
        return months * 30 + min(day.day, 30) - min(before.day, 30)

    def cents(self, amount):
        units = amount / Fraction(self.terms.unit)
        whole, rest = divmod(units.numerator, units.denominator)
        return (whole + (2 * rest >= units.denominator)) * Fraction(self.terms.unit)


def fractions_of(found):
    return tuple(
        Fraction(one) for one in (found.total, found.principal, found.interest, found.costs)
    )


amounts = st.integers(0, 2_000_000).map(lambda cents: Decimal(cents) * CENT)
days = st.integers(-60, 1200).map(lambda number: FIRST + number * DAY)


@st.composite
def rate_tables(draw):
    """Return rates that do not overlap, with or without days for which there is none."""
    rates, start = [], FIRST - 200 * DAY
    for _number in range(draw(st.integers(1, 6))):
        start += draw(st.sampled_from([0, 0, 0, 5, 40])) * DAY
        last = start + draw(st.integers(20, 400)) * DAY
        rates.append(Rate(start, last, Decimal(draw(st.integers(0, 2000))) * CENT))
        start = last + DAY
    if draw(st.booleans()):
        rates[-1] = Rate(rates[-1].first, None, rates[-1].percent)
    return rates


terms = st.builds(
    Terms,
    day_count=st.sampled_from(DAY_COUNTS),
    rounding=st.sampled_from(ROUNDINGS),
    compounding=st.sampled_from(COMPOUNDINGS),
    imputation=st.sampled_from(IMPUTATIONS),
    is_frozen=st.booleans(),
)
movement_lists = st.lists(
    st.builds(Movement, days, amounts, st.sampled_from(["payment", "credit", "cost"])), max_size=5
)
waivers = st.lists(
    st.tuples(days, st.none() | st.integers(0, 200)).map(
        lambda one: (one[0], one[1] if one[1] is None else one[0] + one[1] * DAY)
    ),
    max_size=2,
)


class TestInterest(BaseCase):
    """Interest runs on what is owed, day by day, and each payment is followed on its own date."""

    @settings(max_examples=1000, deadline=None)
    @given(amounts, st.integers(-30, 1100), rate_tables(), movement_lists, terms, waivers)
    def test_it_agrees_with_an_exact_count_day_by_day(
        self, principal, length, rates, movements, terms, waived
    ):
        until = FIRST + length * DAY
        found = accrue(principal, FIRST, until, rates, movements, terms, waived)
        told = [one for one in movements if one.day <= until]
        oracle = Oracle(principal, FIRST, rates, told, terms, waived)
        self.assertEqual(fractions_of(found), oracle.run(until))

    @settings(max_examples=300, deadline=None)
    @given(amounts, st.integers(1, 1100), st.integers(0, 1100), rate_tables(), terms)
    def test_a_period_counted_in_two_parts_differs_by_its_rounding_only(
        self, principal, length, cut, rates, terms
    ):
        until, middle = FIRST + length * DAY, FIRST + min(cut, length) * DAY
        terms = Terms(terms.day_count, terms.rounding, "none", terms.imputation)
        whole = accrue(principal, FIRST, until, rates, (), terms)
        parts = (
            accrue(principal, FIRST, middle - DAY, rates, (), terms).total
            + accrue(principal, middle, until, rates, (), terms).total
        )
        # each part is rounded by itself, to half a cent; the daily amount is the same in both
        tolerance = {"end": CENT, "segment": CENT * Decimal("1.5"), "daily": 0}[terms.rounding]
        self.assertLessEqual(abs(whole.total - parts), tolerance)

    @settings(max_examples=300, deadline=None)
    @given(amounts, days, amounts, amounts, rate_tables(), terms)
    def test_two_payments_of_a_day_are_as_good_as_one(
        self, principal, day, one, other, rates, terms
    ):
        until = FIRST + 900 * DAY
        single = accrue(principal, FIRST, until, rates, [Movement(day, one + other)], terms)
        double = accrue(
            principal, FIRST, until, rates, [Movement(day, one), Movement(day, other)], terms
        )
        self.assertEqual(single.segments, double.segments)
        self.assertEqual(fractions_of(single), fractions_of(double))

    @settings(max_examples=200, deadline=None)
    @given(amounts, st.integers(1, 900), st.integers(1, 200), rate_tables(), terms)
    def test_later_days_do_not_change_what_was_said_of_earlier_ones(
        self, principal, length, more, rates, terms
    ):
        until = FIRST + length * DAY
        early = accrue(principal, FIRST, until, rates, (), terms)
        late = accrue(principal, FIRST, until + more * DAY, rates, (), terms)
        closed = [one for one in early.segments if one.last < until]
        self.assertEqual(closed, list(late.segments[: len(closed)]))

    def _rates(self, percent=10):
        return [Rate(date(2020, 1, 1), date(2026, 12, 31), Decimal(percent))]

    def test_a_payment_day_still_bears_interest_and_a_credit_day_does_not(self):
        for kind, interest in (("payment", "10.00"), ("credit", "9.00")):
            found = accrue(
                Decimal(3650),
                date(2026, 1, 1),
                date(2026, 3, 1),
                self._rates(),
                [Movement(date(2026, 1, 10), Decimal(3650), kind)],
            )
            self.assertEqual(found.total, Decimal(interest))

    def test_the_order_of_a_payment_decides_what_bears_interest_afterwards(self):
        expected = {
            "costs": ("40", "10", "350", "3300"),
            "interest": ("0", "10", "390", "3260"),
            "principal": ("0", "0", "400", "3250"),
        }
        for order, parts in expected.items():
            found = accrue(
                Decimal(3650),
                date(2026, 1, 1),
                date(2026, 1, 10),
                self._rates(),
                [
                    Movement(date(2026, 1, 10), Decimal(400)),
                    Movement(date(2026, 1, 10), Decimal(40), "cost"),
                ],
                Terms(imputation=order),
            )
            (one,) = found.settlements
            self.assertEqual(
                (one.costs, one.interest, one.principal, found.principal),
                tuple(map(Decimal, parts)),
            )

    def test_a_payment_settles_the_costs_of_its_day_and_before_and_none_of_later_ones(self):
        """365 of principal at 10 %: ten cents a day. Each payment is followed to the cent."""
        movements = [
            Movement(date(2026, 1, 5), Decimal("40.00"), "cost"),
            Movement(date(2026, 1, 10), Decimal("41.50")),
            Movement(date(2026, 1, 20), Decimal("26.25"), "cost"),
            Movement(date(2026, 1, 20), Decimal("127.25")),
            Movement(date(2026, 1, 25), Decimal("9.99"), "cost"),
        ]
        found = accrue(
            Decimal(365),
            date(2026, 1, 1),
            date(2026, 1, 30),
            self._rates(),
            movements,
            Terms(imputation="costs"),
        )
        parts = [(one.costs, one.interest, one.principal) for one in found.settlements]
        expected = [("40.00", "1.00", "0.50"), ("26.25", "1.00", "100.00")]
        self.assertEqual(parts, [tuple(map(Decimal, one)) for one in expected])
        self.assertEqual((found.principal, found.costs), (Decimal("264.50"), Decimal("9.99")))

    def test_costs_bear_no_interest(self):
        cost = [Movement(date(2026, 1, 5), Decimal(1000), "cost")]
        args = Decimal(365), date(2026, 1, 1), date(2026, 1, 30), self._rates()
        for imputation in IMPUTATIONS:
            terms = Terms(imputation=imputation)
            self.assertEqual(accrue(*args, cost, terms).total, accrue(*args, (), terms).total)

    def test_interest_of_a_year_bears_interest_from_its_anniversary_where_the_law_says_so(self):
        args = Decimal(1000), date(2024, 3, 1), date(2026, 2, 28), self._rates()
        self.assertEqual(accrue(*args).total, Decimal("200.00"))
        compound = accrue(*args, terms=Terms(compounding="yearly"))
        self.assertEqual([one.base for one in compound.segments], [Decimal(1000), Decimal(1100)])
        self.assertEqual(compound.total, Decimal("210.00"))

    def test_days_without_a_rate_are_named_and_bear_nothing(self):
        found = accrue(Decimal(1000), date(2026, 12, 22), date(2027, 1, 9), self._rates())
        self.assertEqual(found.missing, ((date(2027, 1, 1), date(2027, 1, 9)),))
        self.assertEqual(sum(one.days for one in found.segments), 10)

    def test_a_frozen_rate_needs_the_first_day_only(self):
        rates = [
            Rate(date(2025, 7, 1), date(2025, 12, 31), Decimal("12.25")),
            Rate(date(2026, 1, 1), date(2026, 6, 30), Decimal("11.75")),
        ]
        args = Decimal(1000), date(2025, 12, 1), date(2026, 8, 1), rates
        frozen = accrue(*args, terms=Terms(is_frozen=True))
        self.assertEqual({one.percent for one in frozen.segments}, {Decimal("12.25")})
        self.assertFalse(frozen.missing)
        self.assertTrue(accrue(*args).missing)

    def test_waived_days_bear_nothing(self):
        found = accrue(
            Decimal(3650),
            date(2026, 1, 1),
            date(2026, 1, 31),
            self._rates(),
            waived=[(date(2026, 1, 11), date(2026, 1, 20)), (date(2026, 1, 26), None)],
        )
        self.assertEqual(found.total, Decimal("15.00"))

    def test_what_makes_no_sense_is_refused(self):
        period = date(2026, 1, 1), date(2026, 2, 1)
        overlapping = [*self._rates(), Rate(date(2026, 1, 15), None, Decimal(9))]
        for call in (
            lambda: accrue(Decimal(-1), *period, self._rates()),
            lambda: accrue(Decimal(1), *period, overlapping),
            lambda: accrue(Decimal(1), *period, [], [Movement(period[0], Decimal(-1))]),
            lambda: accrue(Decimal(1), *period, [], [Movement(period[0], Decimal(1), "gift")]),
            lambda: Terms(day_count="lunar"),
            lambda: Terms(unit=Decimal(0)),
        ):
            with self.assertRaises(ValueError):
                call()

    def test_months_of_thirty_days_add_up_however_they_are_cut(self):
        for cut in range(400):
            middle = date(2024, 1, 31) + cut * DAY
            parts = count_days(date(2024, 1, 31), middle, "30e/360") + count_days(
                middle, date(2025, 3, 31), "30e/360"
            )
            self.assertEqual(parts, 420)

"""Interest for late payment: how it runs on a debt, day by day, and what each payment settles.

Days are counted as all laws do: the day on which a debt falls due bears no interest, the day on
which it is paid does. Amounts are exact until they are rounded as the terms say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from itertools import pairwise

from .deadlines import add_months

DAY_COUNTS = ("act/365", "act/act", "30e/360", "act/360")
ROUNDINGS = ("end", "segment", "daily")
COMPOUNDINGS = ("none", "yearly")
IMPUTATIONS = ("costs", "interest", "principal")
MOVEMENTS = ("payment", "credit", "cost")

_DAY = timedelta(days=1)
_ZERO = Decimal(0)
# what a payment settles first, next and last
_ORDERS = {
    "costs": ("costs", "interest", "principal"),
    "interest": ("interest", "principal", "costs"),
    "principal": ("principal", "interest", "costs"),
}
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Rate:
    """A yearly rate in percent, from a first day to a last one, both included."""

    first: date
    last: date | None
    percent: Decimal
    source: str = ""


@dataclass(frozen=True)
class Movement:
    """What changes a debt: a payment, a credit on the principal, or costs that are charged.

    A payment lowers the debt from the day after its own, a credit from its own day.
    """

    day: date
    amount: Decimal
    kind: str = "payment"


@dataclass(frozen=True)
class Terms:
    """How interest is counted: see `DAY_COUNTS`, `ROUNDINGS`, `COMPOUNDINGS`, `IMPUTATIONS`.

    :param is_frozen: whether the rate of the first day holds for good
    :param unit: the smallest amount of the currency
    """

    day_count: str = "act/365"
    rounding: str = "end"
    compounding: str = "none"
    imputation: str = "principal"
    is_frozen: bool = False
    unit: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        known = (
            (self.day_count, DAY_COUNTS),
            (self.rounding, ROUNDINGS),
            (self.compounding, COMPOUNDINGS),
            (self.imputation, IMPUTATIONS),
        )
        for value, values in known:
            if value not in values:
                raise ValueError(f"{value!r} is none of {', '.join(values)}.")
        if self.unit <= 0:
            raise ValueError("The unit of the currency is not positive.")


@dataclass(frozen=True)
class Segment:
    """The interest of some days on which neither the debt nor the rate changes."""

    first: date
    last: date
    days: int
    base: Decimal
    percent: Decimal
    amount: Decimal
    source: str = ""


@dataclass(frozen=True)
class Settlement:
    """What a payment went to; what is more than the whole debt is left out."""

    day: date
    costs: Decimal
    interest: Decimal
    principal: Decimal


@dataclass(frozen=True)
class Interest:
    """The interest on a debt, and what is still open of everything on the last day.

    `missing` are the days, first and last, for which no rate is known: nothing is counted there.
    `base` is what bears interest after the last day.
    """

    segments: tuple[Segment, ...]
    settlements: tuple[Settlement, ...]
    missing: tuple[tuple[date, date], ...]
    principal: Decimal
    interest: Decimal
    costs: Decimal
    base: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """All the interest that ran, paid or not: the sum of the segments."""
        return sum((segment.amount for segment in self.segments), _ZERO)


def count_days(before: date, last: date, day_count: str) -> int:
    """Return the days after one day up to another one, that one included.

    With 30E/360 each month has thirty days, and the 31st is the 30th (ISDA 2006, 4.16 (g)).

    >>> count_days(date(2026, 1, 31), date(2026, 3, 1), "act/365")
    29
    >>> count_days(date(2026, 1, 31), date(2026, 3, 1), "30e/360")
    31
    """
    if day_count != "30e/360":
        return (last - before).days
    return _thirty(last) - _thirty(before)


def accrue(
    principal: Decimal,
    first: date,
    until: date,
    rates: Sequence[Rate],
    movements: Sequence[Movement] = (),
    terms: Terms | None = None,
    waived: Sequence[tuple[date, date | None]] = (),
) -> Interest:
    """Return the interest on a debt.

    The segments add up to the total whatever the rounding. Rounded at the end, each segment has
    the difference between the rounded running totals before and after it: later days never change
    what was said of earlier ones.

    :param principal: what is owed on the first day, before the movements
    :param first: the first day that bears interest, usually the one after the due date
    :param until: the last day that does
    :param rates: the yearly rates; they do not overlap
    :param movements: payments, credits and costs; later ones than `until` do not count
    :param terms: how to count; see `Terms`
    :param waived: days without interest, first and last, or from a first day on
    :raises ValueError: when rates overlap, an amount is negative or a kind of movement is unknown

    >>> rates = [Rate(date(2026, 1, 1), date(2026, 12, 31), Decimal("10.50"))]
    >>> accrue(Decimal(10000), date(2026, 6, 16), date(2026, 7, 15), rates).total
    Decimal('86.30')
    >>> accrue(Decimal(100), date(2026, 12, 31), date(2027, 1, 2), rates).missing
    ((datetime.date(2027, 1, 1), datetime.date(2027, 1, 2)),)
    """
    _check(principal, movements, rates)
    terms = terms or Terms()
    if terms.is_frozen:
        rates = [Rate(first, None, rate.percent, rate.source) for rate in _at(first, rates)]
    with localcontext(_EXACT):
        debt = _Debt(principal, terms, _plan(movements, until))
        for start, end in _split(first, until, rates, debt, waived):
            debt.settle(start)
            if debt.is_anniversary(first, start):
                debt.capitalize()
            debt.credit(start)
            if not any(start >= a and (b is None or start <= b) for a, b in waived):
                debt.run(start, end, next(iter(_at(start, rates)), None))
        debt.settle(until + _DAY)
        debt.credit(until)
    return debt.close()


def run_on(interest: Interest, until: date, terms: Terms) -> Decimal:
    """Return what each day after the last one adds, while nothing is paid and the rate holds.

    Nothing where interest had stopped by then.

    >>> rates = [Rate(date(2026, 1, 1), date(2026, 12, 31), Decimal("10.50"))]
    >>> june = accrue(Decimal(10000), date(2026, 6, 16), date(2026, 6, 30), rates)
    >>> run_on(june, date(2026, 6, 30), Terms())
    Decimal('2.88')
    """
    if not interest.segments or interest.segments[-1].last != until:
        return _ZERO
    year = year_days(until + _DAY, terms.day_count)
    return round_to(interest.base * interest.segments[-1].percent / 100 / year, terms.unit)


@dataclass
class _Debt:
    """A debt on its way through the days."""

    principal: Decimal
    terms: Terms
    movements: list[Movement]
    interest: Decimal = _ZERO
    costs: Decimal = _ZERO
    capitalized: Decimal = _ZERO  # the part of the unpaid interest that itself bears interest
    exact: Decimal = _ZERO
    segments: list[Segment] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    missing: list[tuple[date, date]] = field(default_factory=list)

    def settle(self, start: date) -> None:
        """Book the payments made before a day, and the costs charged up to each of them."""
        for movement in self._take(lambda one: one.kind != "credit" and one.day < start):
            if movement.kind == "cost":
                self.costs += movement.amount
            else:
                self._pay(movement)

    def credit(self, day: date) -> None:
        """Book the credits up to a day."""
        for movement in self._take(lambda one: one.kind == "credit" and one.day <= day):
            self.principal = max(self.principal - movement.amount, _ZERO)

    def capitalize(self) -> None:
        """Let the interest of the year that is over bear interest as well."""
        self.capitalized = self.interest

    def run(self, start: date, end: date, rate: Rate | None) -> None:
        """Count the interest from a day to another one, both included."""
        base = self.principal + self.capitalized
        if base <= 0:
            return
        if rate is None:
            if self.missing and self.missing[-1][1] == start - _DAY:
                start = self.missing.pop()[0]
            self.missing.append((start, end))
            return
        days = count_days(start - _DAY, end, self.terms.day_count)
        if not days:
            return
        amount = self._round_interest(base * rate.percent / 100, days, start)
        self.interest += amount
        self.segments.append(Segment(start, end, days, base, rate.percent, amount, rate.source))

    def close(self) -> Interest:
        return Interest(
            tuple(self.segments),
            tuple(self.settlements),
            tuple(self.missing),
            self.principal,
            self.interest,
            self.costs,
            self.principal + self.capitalized,
        )

    def is_anniversary(self, first: date, day: date) -> bool:
        if self.terms.compounding != "yearly":
            return False
        return day > first and add_months(first, 12 * (day.year - first.year)) == day

    def _take(self, is_due: Callable[[Movement], bool]) -> list[Movement]:
        due = [one for one in self.movements if is_due(one)]
        self.movements = [one for one in self.movements if not is_due(one)]
        return due

    def _pay(self, movement: Movement) -> None:
        open_parts = {part: getattr(self, part) for part in _ORDERS["costs"]}
        left, paid = movement.amount, {}
        for part in _ORDERS[self.terms.imputation]:
            paid[part] = min(left, open_parts[part])
            left -= paid[part]
            setattr(self, part, open_parts[part] - paid[part])
        self.capitalized -= min(self.capitalized, paid["interest"])  # the oldest interest first
        self.settlements.append(
            Settlement(movement.day, paid["costs"], paid["interest"], paid["principal"])
        )

    def _round_interest(self, yearly: Decimal, days: int, start: date) -> Decimal:
        year = year_days(start, self.terms.day_count)
        if self.terms.rounding == "daily":
            return round_to(yearly / year, self.terms.unit) * days
        if self.terms.rounding == "segment":
            return round_to(yearly * days / year, self.terms.unit)
        before = round_to(self.exact, self.terms.unit)
        self.exact += yearly * days / year
        return round_to(self.exact, self.terms.unit) - before


def round_to(amount: Decimal, unit: Decimal) -> Decimal:
    """Return an amount in whole units, halves upwards.

    >>> round_to(Decimal("2.345"), Decimal("0.01")), round_to(Decimal("2.34"), Decimal("0.05"))
    (Decimal('2.35'), Decimal('2.35'))
    """
    return (amount / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


def _check(principal: Decimal, movements: Sequence[Movement], rates: Sequence[Rate]) -> None:
    if principal < 0 or any(movement.amount < 0 for movement in movements):
        raise ValueError("A debt and its movements are not negative.")
    for movement in movements:
        if movement.kind not in MOVEMENTS:
            raise ValueError(f"{movement.kind!r} is none of {', '.join(MOVEMENTS)}.")
    ordered = sorted(rates, key=lambda rate: rate.first)
    for earlier, later in pairwise(ordered):
        if earlier.last is None or earlier.last >= later.first:
            raise ValueError(f"Two rates hold on {later.first}.")


def _plan(movements: Sequence[Movement], until: date) -> list[Movement]:
    """Return the movements in the order of their days; costs come before payments of their day."""
    return sorted(
        (one for one in movements if one.day <= until and one.amount),
        key=lambda one: (one.day, one.kind != "cost"),
    )


def _at(day: date, rates: Sequence[Rate]) -> list[Rate]:
    return [rate for rate in rates if rate.first <= day and (not rate.last or day <= rate.last)]


def _split(
    first: date,
    until: date,
    rates: Sequence[Rate],
    debt: _Debt,
    waived: Sequence[tuple[date, date | None]],
) -> list[tuple[date, date]]:
    """Return the stretches of days, first and last, in which nothing changes."""
    starts = {first}
    starts.update(rate.first for rate in rates)
    starts.update(rate.last + _DAY for rate in rates if rate.last and rate.last < until)
    starts.update(one.day + _DAY for one in debt.movements if one.kind == "payment")
    starts.update(one.day for one in debt.movements if one.kind == "credit")
    for begin, end in waived:
        starts.add(begin)
        if end and end < until:
            starts.add(end + _DAY)
    years = range(first.year + 1, until.year + 1)
    if debt.terms.compounding == "yearly":
        starts.update(add_months(first, 12 * (year - first.year)) for year in years)
    if debt.terms.day_count == "act/act":
        leaps = (y for y in years if _year_length(y) != _year_length(y - 1))
        starts.update(date(year, 1, 1) for year in leaps)
    inside = sorted(day for day in starts if first <= day <= until)
    return [(start, following - _DAY) for start, following in pairwise([*inside, until + _DAY])]


def _thirty(day: date) -> int:
    return 360 * day.year + 30 * day.month + min(day.day, 30)


def _year_length(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def year_days(day: date, day_count: str) -> int:
    """Return how many days the year of a day has, in a way of counting."""
    if day_count == "act/act":
        return _year_length(day.year)
    return 360 if day_count.endswith("360") else 365

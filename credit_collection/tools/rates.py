"""Which rate holds when: what users add goes before what is shipped, references become rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import product

from .interest import Rate

_DAY = timedelta(days=1)
_JULY = 7


def prefer(own: Sequence[Rate], shipped: Sequence[Rate]) -> list[Rate]:
    """Return the rates of both, in order; where both have one, it is the own one that holds.

    >>> shipped = [Rate(date(2026, 1, 1), date(2026, 12, 31), Decimal(10))]
    >>> own = [Rate(date(2026, 3, 1), date(2026, 3, 31), Decimal(9))]
    >>> [(str(one.first), str(one.percent)) for one in prefer(own, shipped)]
    [('2026-01-01', '10'), ('2026-03-01', '9'), ('2026-04-01', '10')]
    """
    kept = list(shipped)
    for rate in own:
        kept = [part for one in kept for part in _cut(one, rate)]
    return sorted([*kept, *own], key=lambda rate: rate.first)


def reset_half_yearly(
    reference: Sequence[Rate], first: date, until: date, margin: Decimal, step: Decimal
) -> list[Rate]:
    """Return the rates of the half-years that touch a period, from a reference rate.

    That of a half-year is the reference on its first day, plus a margin, rounded up to the next
    multiple of the step (directive 2011/7/EU, article 2; Belgium rounds up to half a point). A
    half-year whose reference is not known has none.

    >>> ecb = [Rate(date(2025, 6, 11), date(2026, 6, 16), Decimal("2.15"))]
    >>> year = date(2026, 1, 9), date(2026, 9, 1)
    >>> halves = reset_half_yearly(ecb, *year, Decimal(8), Decimal("0.5"))
    >>> [(str(one.first), str(one.last), str(one.percent)) for one in halves]
    [('2026-01-01', '2026-06-30', '10.5')]
    """
    halves = []
    start = date(first.year, 1 if first.month < _JULY else _JULY, 1)
    while start <= until:
        following = (
            date(start.year, _JULY, 1) if start.month < _JULY else date(start.year + 1, 1, 1)
        )
        rate = find(reference, start)
        if rate:
            percent = add_margin(rate.percent, margin, step)
            halves.append(Rate(start, following - _DAY, percent, rate.source))
        start = following
    return halves


def add_margin(percent: Decimal, margin: Decimal, step: Decimal) -> Decimal:
    """Return a rate plus a margin, rounded up to a multiple of the step; 0 rounds nothing.

    A rate is never below zero.

    >>> add_margin(Decimal("2.40"), Decimal(8), Decimal("0.5"))
    Decimal('10.5')
    >>> add_margin(Decimal(-9), Decimal(8), Decimal(0))
    Decimal('0')
    """
    rate = max(percent + margin, Decimal(0))
    return (rate / step).to_integral_value(ROUND_CEILING) * step if step else rate


def limit(
    percent: Decimal,
    floors: Sequence[Rate] | None,
    caps: Sequence[Rate] | None,
    first: date,
    until: date,
) -> list[Rate]:
    """Return a contract rate as the law lets it stand: not below the floor, not above the cap.

    Days for which a floor or a cap should hold but is not known have no rate.

    :param floors: what the rate must reach; None where the law sets no floor
    :param caps: what it must not exceed; None where the law sets no cap

    >>> floor = [Rate(date(2025, 7, 1), date(2025, 12, 31), Decimal("8.28"))]
    >>> rates = limit(Decimal(5), floor, None, date(2025, 7, 1), date(2026, 3, 1))
    >>> [(str(one.last), str(one.percent)) for one in rates]
    [('2025-12-31', '8.28')]
    """
    rates = [Rate(first, until, percent)]
    if floors is not None:
        rates = _meet(until, rates, floors, is_floor=True)
    if caps is not None:
        rates = _meet(until, rates, caps, is_floor=False)
    return rates


def find(rates: Sequence[Rate], day: date) -> Rate | None:
    """Return the rate that holds on a day."""
    return next(
        (one for one in rates if one.first <= day and (not one.last or day <= one.last)), None
    )


def _meet(until: date, rates: Sequence[Rate], bounds: Sequence[Rate], is_floor: bool) -> list[Rate]:
    """Return the rates of the days for which there is a bound, raised or lowered to it."""
    met = []
    for rate, bound in product(rates, bounds):
        start = max(rate.first, bound.first)
        end = min(rate.last or until, bound.last or until)
        if start <= end:
            is_met = rate.percent >= bound.percent if is_floor else rate.percent <= bound.percent
            met.append(replace(rate if is_met else bound, first=start, last=end))
    return met


def _cut(rate: Rate, hole: Rate) -> list[Rate]:
    """Return what is left of a rate outside the days of another one."""
    if (hole.last and rate.first > hole.last) or (rate.last and rate.last < hole.first):
        return [rate]
    parts = []
    if rate.first < hole.first:
        parts.append(replace(rate, last=hole.first - _DAY))
    if hole.last and (not rate.last or rate.last > hole.last):
        parts.append(replace(rate, first=hole.last + _DAY))
    return parts

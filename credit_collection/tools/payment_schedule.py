"""The instalments of a payment plan: how much falls due when, and what has been paid of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal

from .deadlines import end_of_month

MAX_INSTALLMENTS = 240  # twenty years of months

_PERIOD_DAYS = {"week": 7, "fortnight": 14}
_PERIOD_MONTHS = {"month": 1, "quarter": 3}
_LAST_DAY = 31


def due_dates(first: date, count: int, period: str, day_of_month: int = 0) -> list[date]:
    """Return the days on which instalments fall due, the first one on the day given.

    :param first: the day of the first payment
    :param count: how many instalments
    :param period: `week`, `fortnight`, `month` or `quarter` between two of them
    :param day_of_month: the day of the month of those after the first, where the period is counted
        in months; the day of the first one when 0. A month that is too short has its last day, so
        31 is always the last day.
    :raises ValueError: when the period is unknown, or the day is not in 0 ... 31

    >>> [str(day) for day in due_dates(date(2026, 1, 31), 3, "month")]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    >>> [str(day) for day in due_dates(date(2026, 1, 10), 3, "quarter", 31)]
    ['2026-01-10', '2026-04-30', '2026-07-31']
    >>> [str(day) for day in due_dates(date(2026, 2, 27), 2, "fortnight")]
    ['2026-02-27', '2026-03-13']
    """
    if not 0 <= day_of_month <= _LAST_DAY:
        raise ValueError("The day of the month is not between 1 and 31.")
    if period in _PERIOD_DAYS:
        return [first + timedelta(days=_PERIOD_DAYS[period] * index) for index in range(count)]
    if period not in _PERIOD_MONTHS:
        raise ValueError(f"{period!r} is not a period.")
    day = day_of_month or first.day
    months = (_PERIOD_MONTHS[period] * index for index in range(1, count))
    return [first, *(_in_month(first, later, day) for later in months)][:count]


def split_by_number(
    total: Decimal, count: int, rounding: Decimal, first: Decimal | None = None
) -> list[Decimal]:
    """Return a total as a number of instalments, equal but for the last, which has the remainder.

    :param total: the debt, in the unit of its currency
    :param count: how many instalments, the first included
    :param rounding: the smallest amount of the currency
    :param first: the amount of the first instalment, where that is another one
    :raises ValueError: when an amount would be zero or negative, when there are more than
        `MAX_INSTALLMENTS`, or so many that the remainder is more than an instalment

    >>> [str(part) for part in split_by_number(Decimal("100.00"), 3, Decimal("0.01"))]
    ['33.33', '33.33', '33.34']
    >>> [str(part) for part in split_by_number(Decimal(100), 3, Decimal("0.01"), Decimal(50))]
    ['50', '25', '25']
    """
    _check_total(total, first)
    if not 1 <= count <= MAX_INSTALLMENTS:
        raise ValueError(f"The number of instalments is not between 1 and {MAX_INSTALLMENTS}.")
    if first is not None:
        if first == total and count == 1:
            return [total]
        if first == total or count == 1:
            raise ValueError("The first payment and the number of instalments do not agree.")
        return [first, *split_by_number(total - first, count - 1, rounding)]
    normal = (total / count / rounding).to_integral_value(ROUND_FLOOR) * rounding
    last = total - normal * (count - 1)
    if normal <= 0 or last > 2 * normal:
        raise ValueError("There are too many instalments for the amount.")
    return [normal] * (count - 1) + [last]


def split_by_amount(total: Decimal, amount: Decimal, first: Decimal | None = None) -> list[Decimal]:
    """Return a total as instalments of an amount; the last one is what remains.

    :param total: the debt, in the unit of its currency
    :param amount: the amount of an instalment
    :param first: the amount of the first instalment, where that is another one
    :raises ValueError: when an amount would be zero or negative, or when there are more than
        `MAX_INSTALLMENTS`

    >>> [str(part) for part in split_by_amount(Decimal(100), Decimal(40))]
    ['40', '40', '20']
    >>> [str(part) for part in split_by_amount(Decimal(100), Decimal(40), Decimal(10))]
    ['10', '40', '40', '10']
    """
    _check_total(total, first)
    if amount <= 0:
        raise ValueError("The amount of an instalment is not positive.")
    parts = [first] if first is not None else []
    full, rest = divmod(total - sum(parts), amount)
    if len(parts) + full + bool(rest) > MAX_INSTALLMENTS:
        raise ValueError(f"There are more than {MAX_INSTALLMENTS} instalments.")
    return parts + [amount] * int(full) + ([rest] if rest else [])


def fill(amounts: Sequence[Decimal], paid: Decimal) -> list[Decimal]:
    """Return what is paid of each instalment: they are filled in order, and what is left spills on.

    :param amounts: the instalments, the first one first
    :param paid: what was paid of all of them together; what is more than they are is left over

    >>> [str(part) for part in fill([Decimal(40), Decimal(40), Decimal(20)], Decimal(55))]
    ['40', '15', '0']
    """
    filled = []
    left = max(paid, Decimal(0))
    for amount in amounts:
        filled.append(min(amount, left))
        left -= filled[-1]
    return filled


def _check_total(total: Decimal, first: Decimal | None) -> None:
    if total <= 0:
        raise ValueError("There is nothing to pay.")
    if first is not None and not 0 < first <= total:
        raise ValueError("The first payment is not a part of the total.")


def _in_month(first: date, months: int, day: int) -> date:
    """Return a day of the month that lies a number of months after another date."""
    last = end_of_month(first, months)
    return last.replace(day=min(day, last.day))

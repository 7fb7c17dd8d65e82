"""How late a debt is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date


def days_late(due: date, today: date) -> int:
    """Return the days of delay; the due date itself is not late.

    The day after the due date is the first day of delay (Regulation 1182/71, article 3: the day of
    the event is not counted).

    >>> days_late(date(2026, 1, 31), date(2026, 2, 1))
    1
    >>> days_late(date(2026, 1, 31), date(2026, 1, 31))
    0
    """
    return max((today - due).days, 0)


def age_by_days(due: date, today: date, starts: Sequence[int]) -> int:
    """Return the column of the ageing: 0 for what is not due, then the classes of days late.

    :param starts: the first day of delay of each class, ascending; the first class takes in what
        is late by fewer days

    >>> [age_by_days(date(2026, 1, 1), date(2026, 1, day), (1, 31)) for day in (1, 2, 31)]
    [0, 1, 1]
    >>> age_by_days(date(2026, 1, 1), date(2026, 2, 1), (1, 31))
    2
    >>> age_by_days(date(2026, 1, 1), date(2026, 1, 3), (8, 31))
    1
    """
    late = days_late(due, today)
    return max(bisect_right(starts, late), 1) if late else 0


def age_by_months(due: date, today: date) -> int:
    """Return the column of the ageing: not due, due this month, one or two months ago, earlier.

    >>> age_by_months(date(2026, 1, 31), date(2026, 1, 31))
    0
    >>> [age_by_months(date(2026, 1, 30), date(2026, month, 20)) for month in (2, 3, 4, 5)]
    [2, 3, 4, 4]
    """
    if not days_late(due, today):
        return 0
    months = (today.year - due.year) * 12 + today.month - due.month
    return min(months + 1, 4)

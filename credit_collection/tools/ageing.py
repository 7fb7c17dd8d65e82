"""How late a debt is."""

from __future__ import annotations

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


def age_by_days(due: date, today: date) -> int:
    """Return the column of the ageing: not due, up to 30, 60, 90 days late, more.

    >>> [age_by_days(date(2026, 1, 1), date(2026, 1, day)) for day in (1, 2, 31)]
    [0, 1, 1]
    >>> age_by_days(date(2026, 1, 1), date(2026, 2, 1)), age_by_days(date(2025, 1, 1), date.max)
    (2, 4)
    """
    return min(-(-days_late(due, today) // 30), 4)


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

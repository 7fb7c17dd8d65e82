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

"""Deadlines that are counted in days or in months from a day."""

from __future__ import annotations

from datetime import date, timedelta

from .limitation import add_months


def deadline(start: date, count: int, unit: str) -> date:
    """Return the last day of a time limit that is counted from a day, which does not count itself.

    Months end on the same day of the month, on the last one of a shorter month (art. 641 CPC; the
    same in Regulation 1182/71). An end on a day of rest is not moved: that is the safe side for who
    has to keep the limit.

    :param start: the day of the judgment, the publication or the notice
    :param count: how many days or months
    :param unit: `days` or `months`
    :raises ValueError: when the unit is unknown

    >>> str(deadline(date(2026, 3, 2), 30, "days"))
    '2026-04-01'
    >>> str(deadline(date(2026, 12, 31), 2, "months"))
    '2027-02-28'
    """
    if unit == "days":
        return start + timedelta(days=count)
    if unit != "months":
        raise ValueError(f"unknown unit of time: {unit}")
    return add_months(start, count)

"""When periods of the law begin and end: months, notices to consumers, longest payment terms."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from .working_days import add_working_days

_DAY = timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """Return the same day a number of months later, or the last one of a month that is too short.

    Code de procédure civile, article 641.

    >>> add_months(date(2026, 9, 1), 3), add_months(date(2024, 2, 29), 12)
    (datetime.date(2026, 12, 1), datetime.date(2025, 2, 28))
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


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


def end_of_month(day: date, months: int = 0) -> date:
    """Return the last day of a month, that of the day or a number of months later.

    >>> end_of_month(date(2026, 11, 10), 3)
    datetime.date(2027, 2, 28)
    """
    later = add_months(day.replace(day=1), months)
    return later.replace(day=monthrange(later.year, later.month)[1])


def end_of_month_terms(invoiced: date, days: int) -> tuple[date, date]:
    """Return the two readings of "so many days, end of month", which French law both admits.

    The days first, then the end of that month; or the end of the month of the invoice, then the
    days (Code de commerce, article L441-10).

    >>> [str(day) for day in end_of_month_terms(date(2025, 2, 15), 45)]
    ['2025-04-30', '2025-04-14']
    """
    delay = timedelta(days=days)
    return end_of_month(invoiced + delay), end_of_month(invoiced) + delay


def latest_due_date(invoiced: date, days: int, days_end_of_month: int = 0) -> date:
    """Return the latest due date that a law allows for an invoice.

    :param invoiced: the date of the invoice
    :param days: the longest term in days
    :param days_end_of_month: the longest term to an end of month, 0 where there is none

    >>> str(latest_due_date(date(2026, 1, 15), 60))
    '2026-03-16'
    >>> str(latest_due_date(date(2026, 1, 15), 60, 45))
    '2026-03-31'
    """
    latest = [invoiced + timedelta(days=days)]
    if days_end_of_month:
        latest += end_of_month_terms(invoiced, days_end_of_month)
    return max(latest)


@dataclass(frozen=True)
class NoticeRule:
    """How long a reminder gives a consumer before he owes more than the principal.

    :param days: the calendar days of the period, its first day included
    :param post_days: the working day after posting on which the period begins
    :param email_days: the calendar day after an e-mail on which it begins
    :param is_saturday_working: whether Saturdays are working days
    :param is_extended: whether a period that would end on a day off ends on the next working day
    """

    days: int = 14
    post_days: int = 3
    email_days: int = 1
    is_saturday_working: bool = False
    is_extended: bool = True


def notice_period(
    sent: date, is_posted: bool, rule: NoticeRule, country: str | None
) -> tuple[date, date]:
    """Return the first and the last day of the period that a reminder gives.

    From the day after the last one, more than the principal may be claimed (Belgium: CDE, article
    XIX.2; the example is that of a law firm).

    >>> belgian = NoticeRule()
    >>> [str(day) for day in notice_period(date(2023, 9, 18), True, belgian, "BE")]
    ['2023-09-21', '2023-10-04']
    >>> [str(day) for day in notice_period(date(2026, 11, 2), False, belgian, "BE")]
    ['2026-11-03', '2026-11-16']
    """
    if is_posted:
        first = add_working_days(sent, rule.post_days, country, rule.is_saturday_working)
    else:
        first = sent + timedelta(days=rule.email_days)
    last = first + timedelta(days=rule.days) - _DAY
    if rule.is_extended:
        last = add_working_days(last, 0, country, rule.is_saturday_working)
    return first, last

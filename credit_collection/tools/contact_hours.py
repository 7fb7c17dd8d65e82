"""When people may be written to or called: decent hours, days of rest, so many times a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .working_days import is_day_of_rest

_DAY = timedelta(days=1)
_MINUTES = 60


@dataclass(frozen=True)
class ContactHours:
    """Between which hours of the day a debtor may be disturbed, in his own time.

    :param first: the hour from which he may, 8.5 for half past eight
    :param last: the hour from which he may not any more; no limit when both are 0
    :param is_rest_respected: whether he is left alone on Sundays and public holidays
    """

    first: float = 0.0
    last: float = 0.0
    is_rest_respected: bool = False


def next_contact(moment: datetime, hours: ContactHours, country: str | None) -> datetime:
    """Return the first moment, from one on, at which a debtor may be disturbed.

    Belgium: contacts at night are an aggressive practice (CDE, book VI; 22 to 8 in the law of 2002,
    20 to 8 as printed by the trade).

    :param moment: the time on the clock of the debtor
    :param country: ISO 3166 code of the country whose public holidays count

    >>> belgian = ContactHours(8, 20, True)
    >>> str(next_contact(datetime(2026, 3, 2, 9, 30), belgian, "BE"))
    '2026-03-02 09:30:00'
    >>> str(next_contact(datetime(2026, 4, 4, 20, 0), belgian, "BE"))  # the eve of Easter
    '2026-04-07 08:00:00'
    """
    first, last = _minute(hours.first), _minute(hours.last)
    while True:
        day = datetime.combine(moment.date(), datetime.min.time())
        if hours.is_rest_respected and is_day_of_rest(moment.date(), country):
            moment = day + _DAY
        elif first < last and moment < day + first:
            return day + first
        elif first < last and moment >= day + last:
            moment = day + _DAY
        else:
            return moment


def next_free_day(days: Sequence[date], limit: int, today: date) -> date:
    """Return the first day, from today on, on which one more contact is within so many a week.

    The contacts of a day and of the six days before it are counted.

    >>> march = [date(2026, 3, day) for day in (2, 4, 5)]
    >>> str(next_free_day(march, 3, date(2026, 3, 6))), str(next_free_day(march, 4, march[2]))
    ('2026-03-09', '2026-03-05')
    """
    recent = sorted(day for day in days if day > today - 7 * _DAY)
    return recent[-limit] + 7 * _DAY if len(recent) >= limit > 0 else today


def _minute(hour: float) -> timedelta:
    return timedelta(minutes=round(hour * _MINUTES))

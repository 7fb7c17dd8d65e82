"""Working days: from Monday to Friday, without the public holidays of a country."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import holidays

_SATURDAY = 5
_SUNDAY = 6


def is_working_day(day: date, country: str | None, is_saturday_working: bool = False) -> bool:
    """Tell whether banks and offices are open on a day.

    :param day: the day
    :param country: ISO 3166 code of the country; weekends alone count where its public holidays
        are not known. They come from the library `holidays`.
    :param is_saturday_working: whether a Saturday that is no holiday is one, as some laws have it

    >>> is_working_day(date(2026, 5, 1), "BE")  # Labour Day, a Friday
    False
    >>> is_working_day(date(2026, 5, 1), None), is_working_day(date(2026, 5, 2), None)
    (True, False)
    """
    is_weekday = day.weekday() < _SATURDAY + is_saturday_working
    return is_weekday and day not in _get_holidays(country, day.year)


def is_day_of_rest(day: date, country: str | None) -> bool:
    """Tell whether people are left alone on a day: a Sunday or a public holiday.

    >>> is_day_of_rest(date(2026, 5, 1), "BE"), is_day_of_rest(date(2026, 5, 2), "BE")
    (True, False)
    """
    return day.weekday() == _SUNDAY or day in _get_holidays(country, day.year)


def add_working_days(
    day: date, days: int, country: str | None, is_saturday_working: bool = False
) -> date:
    """Return the day that is a number of working days after another one.

    The first day does not count (Regulation 1182/71, article 3). With no days at all, a day that is
    not a working day moves to the next one that is, as for a payment that falls due on it.

    :param day: the day from which to count
    :param days: how many working days, not negative
    :param country: ISO 3166 code of the country whose public holidays count
    :param is_saturday_working: see `is_working_day`
    :raises ValueError: when `days` is negative

    >>> add_working_days(date(2026, 4, 2), 2, "BE")  # Thursday before Easter; Monday is a holiday
    datetime.date(2026, 4, 7)
    >>> add_working_days(date(2026, 3, 14), 0, "BE")  # a Saturday
    datetime.date(2026, 3, 16)
    """
    if days < 0:
        raise ValueError("The number of working days is negative.")
    while days or not is_working_day(day, country, is_saturday_working):
        day += timedelta(days=1)
        days -= bool(days) and is_working_day(day, country, is_saturday_working)
    return day


@cache
def _get_holidays(country: str | None, year: int) -> frozenset[date]:
    if not country or country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))

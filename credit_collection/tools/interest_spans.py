"""The interest on many debts whose days are the same: counted once, then multiplied.

A ledger has thousands of debts on which nothing was paid, and few due dates. What `accrue` counts
for one of them, day by day, holds for all that began on the same day under the same terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .interest import Segment, Terms, year_days

_Ratio = tuple[int, int]


@dataclass(frozen=True)
class Spans:
    """The days on which a debt bears interest, whatever its principal.

    Shares are exact, in units of the currency: what one of its principal bears.

    :param total: the share of all days together
    :param daily: of each stretch of days, how many there are and the share of one of them
    """

    rounding: str
    unit: Decimal
    total: _Ratio
    daily: tuple[tuple[int, _Ratio], ...]

    def apply(self, principal: Decimal) -> Decimal:
        """Return the interest on a principal, as `accrue` does."""
        base = principal.as_integer_ratio()
        if self.rounding == "daily":
            units = sum(days * _multiply(base, ratio) for days, ratio in self.daily)
        elif self.rounding == "segment":
            units = sum(_multiply(base, ratio, days) for days, ratio in self.daily)
        else:
            units = _multiply(base, self.total)
        return units * self.unit


def can_share(terms: Terms) -> bool:
    """Return whether debts under these terms can share their days: interest bears no interest."""
    return terms.compounding == "none"


def share(segments: Sequence[Segment], terms: Terms) -> Spans:
    """Return the days of a debt on which nothing was paid, for all debts of the same days.

    >>> from datetime import date
    >>> june = date(2026, 6, 16), date(2026, 7, 15), 30
    >>> one = Segment(*june, Decimal(1), Decimal("10.50"), Decimal("0.01"))
    >>> share([one], Terms()).apply(Decimal(10000))
    Decimal('86.30')
    """
    daily = [
        (one.days, Fraction(one.percent) / year_days(one.first, terms.day_count) / 100)
        for one in segments
    ]
    unit = Fraction(terms.unit)
    total = sum((days * one for days, one in daily), Fraction(0)) / unit
    return Spans(
        terms.rounding,
        terms.unit,
        total.as_integer_ratio(),
        tuple((days, (one / unit).as_integer_ratio()) for days, one in daily),
    )


def _multiply(base: _Ratio, ratio: _Ratio, times: int = 1) -> int:
    """Return a product as a whole number, halves upwards."""
    above = 2 * base[0] * ratio[0] * times
    below = base[1] * ratio[1]
    return (above + below) // (2 * below)

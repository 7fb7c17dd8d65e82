"""What may be claimed beside interest: fixed sums, tiers, reminders, contract clauses, VAT.

Amounts are in the currency of the rule: who calls converts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .interest import round_to

_CENT = Decimal("0.01")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Tier:
    """From an amount on: a fixed sum, and a percentage of what is above another amount."""

    start: Decimal
    fixed: Decimal = _ZERO
    percent: Decimal = _ZERO
    above: Decimal = _ZERO


def by_tier(
    principal: Decimal,
    tiers: Sequence[Tier],
    minimum: Decimal = _ZERO,
    maximum: Decimal | None = None,
    unit: Decimal = _CENT,
) -> Decimal:
    """Return a fee that depends on the principal: that of the last tier that begins below or at it.

    A percentage is of the slice of the tier alone (Belgium: CDE, article XIX.4; Netherlands:
    Besluit vergoeding voor buitengerechtelijke incassokosten, article 2). Bands without percentage
    are tiers too (United Kingdom: Late Payment of Commercial Debts (Interest) Act 1998, s. 5A), and
    a fixed sum is one tier.

    >>> belgian = [
    ...     Tier(Decimal("0.01"), Decimal(20)),
    ...     Tier(Decimal("150.01"), Decimal(30), Decimal(10), Decimal(150)),
    ...     Tier(Decimal("500.01"), Decimal(65), Decimal(5), Decimal(500)),
    ... ]
    >>> [str(by_tier(Decimal(x), belgian, maximum=Decimal(2000))) for x in (150, 300, 600, 50000)]
    ['20.00', '45.00', '70.00', '2000.00']
    """
    reached = [tier for tier in tiers if tier.start <= principal]
    if principal <= 0 or not reached:
        return _ZERO
    tier = max(reached, key=lambda one: one.start)
    slice_ = max(principal - tier.above, _ZERO)
    return _bound(tier.fixed + slice_ * tier.percent / 100, minimum, maximum, unit)


def by_clause(
    principal: Decimal,
    percent: Decimal,
    minimum: Decimal = _ZERO,
    maximum: Decimal | None = None,
    unit: Decimal = _CENT,
) -> Decimal:
    """Return a penalty agreed by contract: a percentage of the principal, with a minimum or a cap.

    >>> str(by_clause(Decimal(1000), Decimal(10), Decimal(75)))  # not 75: ten percent are more
    '100.00'
    """
    if principal <= 0:
        return _ZERO
    return _bound(principal * percent / 100, minimum, maximum, unit)


def per_reminder(amount: Decimal, count: int, free: int = 0) -> Decimal:
    """Return the price of reminders of which the first ones of the year are free.

    >>> str(per_reminder(Decimal("7.50"), 5, 3))
    '15.00'
    """
    return amount * max(count - free, 0)


def add_vat(amount: Decimal, percent: Decimal, unit: Decimal = _CENT) -> Decimal:
    """Return a fee with VAT on top, for a creditor who cannot deduct it.

    >>> str(add_vat(Decimal("795.00"), Decimal(21)))
    '961.95'
    """
    return round_to(amount * (100 + percent) / 100, unit)


def _bound(amount: Decimal, minimum: Decimal, maximum: Decimal | None, unit: Decimal) -> Decimal:
    bounded = max(amount, minimum)
    return round_to(bounded if maximum is None else min(bounded, maximum), unit)

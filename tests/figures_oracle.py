"""The figures told again in plain Python, over the entries of a ledger and their matchings.

Nothing here reads a view or a residual: what was open on a day is added up forwards, entry by
entry. Amounts are `Decimal`.
"""

from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

CLASSES = (1, 31, 61, 91)
ZERO = Decimal(0)


class Entry(NamedTuple):
    """A line on a receivable account."""

    id: int
    partner: int
    currency: int
    date: date
    due: date
    amount: Decimal
    foreign: Decimal
    kind: str  # out_invoice, out_refund, entry
    move: int
    user: int = 0  # collector
    country: int = 0
    salesperson: int = 0


class Match(NamedTuple):
    """A debit that was matched with a credit."""

    id: int
    debit: int
    credit: int
    amount: Decimal
    foreign_debit: Decimal
    foreign_credit: Decimal
    is_payment: bool


class Ledger:
    def __init__(self, entries, matches):
        self.entries = {entry.id: entry for entry in entries}
        self.matches = list(matches)

    def day_of(self, match):
        return max(self.entries[match.debit].date, self.entries[match.credit].date)

    # -- what was open

    def open(self, day):
        """Return `{entry: (amount, foreign)}` of what was open on the evening of a day."""
        amounts = {
            entry.id: [entry.amount, entry.foreign]
            for entry in self.entries.values()
            if entry.date <= day
        }
        for match in self.matches:
            if self.day_of(match) <= day:
                amounts[match.debit][0] -= match.amount
                amounts[match.debit][1] -= match.foreign_debit
                amounts[match.credit][0] += match.amount
                amounts[match.credit][1] += match.foreign_credit
        return {
            self.entries[key]: (amount, foreign)
            for key, (amount, foreign) in amounts.items()
            if amount or foreign
        }

    @staticmethod
    def classify(due, amount, day):
        if amount < 0:
            return "credit"
        days = (day - due).days
        return f"late {CLASSES[bisect_right(CLASSES, days) - 1]}" if days > 0 else "not_due"

    def ageing(self, day, key=lambda entry: None):
        """Return `{(class, key): amount}`."""
        totals = defaultdict(Decimal)
        for entry, (amount, _foreign) in self.open(day).items():
            totals[self.classify(entry.due, amount, day), key(entry)] += amount
        return {group: amount for group, amount in totals.items() if amount}

    def rolls(self, start, day):
        """Return `{(class before, class after): amount}`."""
        before, after = self.open(start), self.open(day)
        totals = defaultdict(Decimal)
        for entry, (amount, _foreign) in before.items():
            if amount <= 0:
                continue
            left = max(after.get(entry, (ZERO,))[0], ZERO)
            origin = self.classify(entry.due, amount, start)
            totals[origin, self.classify(entry.due, amount, day)] += left
            totals[origin, "paid"] += amount - left
        return {group: amount for group, amount in totals.items() if amount}

    # -- payments

    def payments(self, start, day):
        """Return (day, due, amount, entry) of what was paid after `start` up to a day."""
        for match in self.matches:
            paid, entry = self.day_of(match), self.entries[match.debit]
            if match.is_payment and start < paid <= day:
                yield paid, entry.due, match.amount, entry

    def days_late(self, start, day):
        """Return the average days late, plain and by amount."""
        rows = [
            (max((paid - due).days, 0), amount)
            for paid, due, amount, _entry in self.payments(start, day)
        ]
        if not rows:
            return None, None
        plain = Decimal(sum(days for days, _amount in rows)) / len(rows)
        return plain, sum(days * amount for days, amount in rows) / sum(a for _days, a in rows)

    # -- the speed of money

    def balance(self, day):
        return sum(entry.amount for entry in self.entries.values() if entry.date <= day)

    def debts(self, day):
        """Return the open debts, and those that are not due."""
        amounts = [
            (entry.due >= day, amount)
            for entry, (amount, _foreign) in self.open(day).items()
            if amount > 0
        ]
        return (
            sum((amount for _current, amount in amounts), ZERO),
            sum((amount for current, amount in amounts if current), ZERO),
        )

    def sales(self, start, day):
        """Return what was invoiced after `start` up to a day, less credit notes."""
        return sum(
            (
                entry.amount
                for entry in self.entries.values()
                if entry.kind in ("out_invoice", "out_refund") and start < entry.date <= day
            ),
            ZERO,
        )

    def dso(self, day, days=90):
        sales = self.sales(day - timedelta(days=days), day)
        return self.balance(day) * days / sales if sales else None

    def dso_best(self, day, days=90):
        sales = self.sales(day - timedelta(days=days), day)
        return self.debts(day)[1] * days / sales if sales else None

    def dso_countback(self, day, months=24):
        """Take months of sales off the receivable, the latest first, and count their days."""
        rest, result, last = self.balance(day), ZERO, day
        for _month in range(months):
            if rest <= 0:
                break
            before = last.replace(day=1) - timedelta(days=1)
            span, sales = (last - before).days, max(self.sales(before, last), ZERO)
            part = min(rest / sales, Decimal(1)) if sales else Decimal(1)
            result += span * part
            rest -= sales * part
            last = before
        return result

    def cei(self, day):
        start = day.replace(day=1) - timedelta(days=1)
        opening, (closing, current) = self.debts(start)[0], self.debts(day)
        top = opening + self.sales(start, day)
        return (top - closing) / (top - current) if top != current else None

    # -- what comes in

    def usual_delays(self, day):
        """Return `{partner: days}`, and under None those of all."""
        paid = defaultdict(lambda: [ZERO, ZERO])
        for when, due, amount, entry in self.payments(day - timedelta(days=365), day):
            for partner in (entry.partner, None):
                paid[partner][0] += amount * (when - due).days
                paid[partner][1] += amount
        return {
            partner: int((above / below).quantize(Decimal(1), rounding="ROUND_HALF_UP"))
            for partner, (above, below) in paid.items()
            if below
        }

    def forecast(self, day, without=frozenset()):
        """Return `{day or None: amount}` expected of debts without an agreement."""
        delays, totals = self.usual_delays(day), defaultdict(Decimal)
        opened = self.open(day)
        credits = defaultdict(Decimal)
        for entry, (amount, foreign) in opened.items():
            if amount < 0:
                credits[entry.partner, entry.currency] -= foreign
        for entry, (amount, foreign) in sorted(
            opened.items(), key=lambda item: (item[0].due, item[0].id)
        ):
            if amount <= 0:
                continue
            used = min(foreign, credits[entry.partner, entry.currency])
            credits[entry.partner, entry.currency] -= used
            if entry.id in without:
                continue
            when = entry.due + timedelta(days=delays.get(entry.partner, delays.get(None, 0)))
            if when <= day:
                passed = (day - when).days
                when = None if passed >= 90 else day + timedelta(days=max(passed, 7))
            totals[when] += round((foreign - used) * (amount / foreign), 2)
        return {when: amount for when, amount in totals.items() if amount}


def month_ends(day, count):
    """Return the ends of the months before a day, the latest first."""
    ends = []
    for _month in range(count):
        day = day.replace(day=1) - timedelta(days=1)
        ends.append(day)
    return ends


def month_end(day):
    return day.replace(day=monthrange(day.year, day.month)[1])

"""The law that protects consumers, told a second time: what a history must never contain.

Nothing here knows the module. It is given what left (the text as the debtor received it, the day,
the channel), what was owed and paid, and what was claimed beside it, and it says what was illegal.
It does not say what would have been legal: where the law leaves room, it lets pass what is safe.

Read from the sources that the README of the law names: Belgium, Code of Economic Law, book XIX;
France, Code civil 1231-6 and 1344, Code des procédures civiles d'exécution L111-8; Netherlands,
BW 6:96, 6:119 and the Besluit on collection costs; Germany, BGB 286 and 288; Luxembourg, law of
18 April 2004.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays

_DAY = timedelta(days=1)
_CENT = Fraction(1, 100)
CONTACTS_A_WEEK = 3


@dataclass(frozen=True)
class Clause:
    """What the contract says of late payment: a rate, and a penalty in percent of the debt."""

    rate: Fraction | None = None
    percent: Fraction = Fraction(0)
    least: Fraction = Fraction(0)


@dataclass
class Debt:
    number: str
    amount: Fraction
    due: date
    payments: list = field(default_factory=list)  # (day, amount)

    def get_open(self, day):
        """Return what is open at the end of a day."""
        return self.amount - sum(amount for paid, amount in self.payments if paid <= day)


@dataclass(frozen=True)
class Claimed:
    """A charge: interest on a debt for some days, or a fee on one debt or several."""

    kind: str
    debts: tuple
    amount: Fraction
    first: date | None = None
    last: date | None = None


@dataclass
class Letter:
    """What left, as it was received."""

    sent: datetime  # with its zone
    channel: str
    text: str
    claims: dict  # {debt number: amount claimed}
    is_formal: bool = False
    charges: list = field(default_factory=list)
    key: int = 0

    @property
    def day(self):
        return self.sent.date()


@dataclass
class Silence:
    """Days on which the debtor may not be dunned for these debts; for none where there are none."""

    first: date
    last: date
    debts: frozenset


@dataclass
class Creditor:
    name: str
    number: str
    is_small: bool


@dataclass
class History:
    """One consumer, from his first invoice to the last day."""

    country: str
    zone: str
    creditor: Creditor
    clause: Clause
    debts: dict
    letters: list
    silences: list = field(default_factory=list)


@dataclass(frozen=True)
class Law:
    """What holds in a country; the rates in percent a year, none where none is known."""

    rates: tuple = ()
    interest_from: str = "due"  # due, reminder or formal notice
    needs_clause: bool = False
    free_days: int = 0
    email_start: int = 1  # calendar days
    post_start: int = 0  # working days
    tiers: tuple = ()  # (above, fixed, percent of the slice)
    least: int = 0
    most: int | None = None


LAWS = {
    "BE": Law(
        rates=((date(2025, 7, 1), Fraction("10.5")),),
        interest_from="reminder",
        needs_clause=True,
        free_days=14,
        post_start=3,
        tiers=((0, 20, 0), (150, 30, 10), (500, 65, 5)),
        most=2000,
    ),
    "FR": Law(
        rates=(
            (date(2025, 7, 1), Fraction("2.76")),
            (date(2026, 1, 1), Fraction("2.62")),
            (date(2026, 7, 1), Fraction("2.75")),
        ),
        interest_from="formal notice",
    ),
    "NL": Law(
        rates=((date(2025, 1, 1), Fraction(6)), (date(2026, 1, 1), Fraction(4))),
        free_days=14,
        post_start=3,  # sixteen days from the day of posting, in practice
        tiers=(
            (0, 0, 15),
            (2500, 375, 10),
            (5000, 625, 5),
            (10000, 875, 1),
            (200000, 2775, Fraction(1, 2)),
        ),
        least=40,
        most=6775,
    ),
    "DE": Law(
        rates=(
            (date(2025, 7, 1), Fraction("6.27")),
            (date(2026, 7, 1), Fraction("6.52")),
        ),
        interest_from="due",
    ),
    "LU": Law(),
}


def find_breaches(history):
    """Return what was illegal in a history, a sentence each."""
    return [
        *_find_bad_days(history),
        *_find_haste(history),
        *_find_poor_reminders(history),
        *_find_early_charges(history),
        *_find_high_interest(history),
        *_find_high_fees(history),
    ]


# -- when


def _is_working(day, country):
    return day.weekday() < 5 and day not in holidays.country_holidays(country)


def _after_working_days(day, count, country):
    while count:
        day += _DAY
        count -= _is_working(day, country)
    return day


def get_free_until(letter, history):
    """Return the last day of the period that a first reminder gives, that day itself if none."""
    law = LAWS[history.country]
    if not law.free_days:
        return letter.day
    if letter.channel == "email":
        start = letter.day + law.email_start * _DAY
    else:
        start = _after_working_days(letter.day, law.post_start, history.country)
    last = start + (law.free_days - 1) * _DAY
    while not _is_working(last, history.country):
        last += _DAY
    return last


def _get_first(history, number):
    """Return the first letter that claims a debt."""
    letters = sorted(history.letters, key=lambda one: one.sent)
    return next((one for one in letters if number in one.claims), None)


def _find_bad_days(history):
    zone = ZoneInfo(history.zone)
    free = holidays.country_holidays(history.country)
    for letter in history.letters:
        local = letter.sent.astimezone(zone)
        if letter.channel == "email" and not 8 <= local.hour < 20:
            yield f"an e-mail at {local:%H:%M}"
        if letter.channel == "email" and (local.weekday() == 6 or local.date() in free):
            yield f"an e-mail on a Sunday or holiday, {local:%Y-%m-%d}"
        for silence in history.silences:
            touched = not silence.debts or silence.debts & set(letter.claims)
            if touched and silence.first <= letter.day <= silence.last:
                yield f"{letter.day}: a letter in a silence that began on {silence.first}"


def _find_haste(history):
    days = sorted(letter.day for letter in history.letters)
    for first, fourth in zip(days, days[CONTACTS_A_WEEK:], strict=False):
        if fourth - first < 7 * _DAY:
            yield f"more than {CONTACTS_A_WEEK} contacts in the week of {first}"
    for number in history.debts:
        first = _get_first(history, number)
        for letter in history.letters:
            if first and number in letter.claims and first.sent < letter.sent:
                if letter.day <= get_free_until(first, history):
                    yield f"{number}: reminded again on {letter.day} within its free period"


# -- what it says


def _find_poor_reminders(history):
    """The first reminder says what it must, and claims nothing beside the debt."""
    law = LAWS[history.country]
    if not law.free_days:
        return
    firsts = {number: _get_first(history, number) for number in history.debts}
    for number, letter in firsts.items():
        if not letter:
            continue
        if letter.charges:
            yield f"{number}: its first reminder claims charges"
        debt = history.debts[number]
        words = _squeeze(letter.text)
        wanted = {
            "the number": [number],
            "the open balance": _write_amount(debt.get_open(letter.day)),
            "the due date": _write_date(debt.due),
            "the creditor": [history.creditor.name],
            "the number of the creditor": [history.creditor.number],
            "the period": ["14", "fourteen", "quatorze", "veertien", "vierzehn"],
        }
        announced = _get_announced(history, letter)
        if announced:
            wanted["the compensation"] = _write_amount(announced)
        for name, forms in wanted.items():
            if not any(_squeeze(form) in words for form in forms):
                yield f"{number}: its reminder of {letter.day} does not say {name}: {forms[0]}"


def _get_announced(history, letter):
    """Return the compensation that follows if a first reminder is not heeded."""
    debts = [history.debts[number] for number in letter.claims]
    if any(_get_first(history, debt.number) is not letter for debt in debts):
        return 0  # it announces less than for all that it claims; the fees are judged by themselves
    opens = [debt.get_open(letter.day) for debt in debts]
    if history.country == "NL":
        return get_cap(history, sum(opens))
    return sum(get_cap(history, amount) for amount in opens)


def _squeeze(text):
    return re.sub(r"[\s\u00a0\u202f\u200b]+", "", text).casefold()


def _write_amount(amount):
    plain = f"{float(amount):,.2f}"
    swapped = plain.translate(str.maketrans(",.", ".,"))
    return [swapped, plain, plain.replace(",", "").replace(".", ","), plain.replace(",", "")]


def _write_date(day):
    return [day.strftime(form) for form in ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y")]


# -- what it costs


def _get_charges(history):
    for letter in sorted(history.letters, key=lambda one: one.sent):
        for charge in letter.charges:
            yield letter, charge


def _find_early_charges(history):
    law = LAWS[history.country]
    for letter, charge in _get_charges(history):
        for number in charge.debts:
            first = _get_first(history, number)
            if first is letter:
                yield f"{number}: {charge.kind} in its first letter, {letter.day}"
            elif law.free_days and (charge.kind == "fee" or law.needs_clause):
                if letter.day <= get_free_until(first, history):
                    yield f"{number}: {charge.kind} on {letter.day}, within its free period"


def _get_interest_start(history, number):
    """Return the first day that may bear interest, nothing where none may."""
    law, debt = LAWS[history.country], history.debts[number]
    if not law.rates or (law.needs_clause and history.clause.rate is None):
        return None
    if law.interest_from == "due":
        return debt.due + _DAY
    if law.interest_from == "formal notice":
        days = [one.day for one in history.letters if number in one.claims and one.is_formal]
        return min(days) + _DAY if days else None
    first = _get_first(history, number)
    if not first:
        return None
    return first.day + _DAY if history.creditor.is_small else get_free_until(first, history) + _DAY


def _get_rate(history, day):
    rate = next(rate for since, rate in reversed(LAWS[history.country].rates) if since <= day)
    if LAWS[history.country].needs_clause:
        return min(rate, history.clause.rate)
    return rate


def _get_most_interest(history, number, last):
    """Return the simple interest up to a day, counted day by day in exact fractions."""
    day, debt = _get_interest_start(history, number), history.debts[number]
    total = Fraction(0)
    while day and day <= last:
        total += debt.get_open(day - _DAY) * _get_rate(history, day) / 36500
        day += _DAY
    return total


def _find_high_interest(history):
    claimed = {}
    for _letter, charge in _get_charges(history):
        if charge.kind == "interest":
            for number in charge.debts:
                claimed.setdefault(number, []).append(charge)
    for number, charges in claimed.items():
        start = _get_interest_start(history, number)
        if start is None:
            yield f"{number}: interest that no law and no contract gives"
            continue
        days = sorted((charge.first, charge.last) for charge in charges)
        if days[0][0] < start:
            yield f"{number}: interest from {days[0][0]}, it may run from {start}"
        if any(one[1] >= following[0] for one, following in pairwise(days)):
            yield f"{number}: interest twice for the same days"
        most = _get_most_interest(history, number, days[-1][1])
        if sum(charge.amount for charge in charges) > most + len(charges) * _CENT:
            total = float(sum(charge.amount for charge in charges))
            yield f"{number}: interest of {total:.2f}, at most {float(most):.2f}"


def get_cap(history, amount):
    """Return the most that may be claimed for the costs of recovering an amount."""
    law = LAWS[history.country]
    tiers = [tier for tier in law.tiers if tier[0] < amount]
    if not tiers or (law.needs_clause and not history.clause.percent):
        return Fraction(0)
    above, fixed, percent = tiers[-1]
    cap = fixed + (amount - above) * Fraction(percent) / 100
    cap = min(max(cap, law.least), law.most)
    if law.needs_clause:
        clause = history.clause
        cap = min(cap, max(amount * clause.percent / 100, clause.least))
    return Fraction(round(cap * 100), 100)


def _find_high_fees(history):
    seen, totals = {}, {}
    for letter, charge in _get_charges(history):
        if charge.kind != "fee":
            continue
        before = [history.debts[number].get_open(letter.day - _DAY) for number in charge.debts]
        cap = get_cap(history, sum(before))
        for number in charge.debts:
            if number in seen:
                yield f"{number}: a second fee on {letter.day}"
            seen[number] = letter
        totals[charge.debts] = totals.get(charge.debts, 0) + charge.amount
        if totals[charge.debts] > cap + _CENT / 2:
            amount = float(totals[charge.debts])
            yield f"{', '.join(charge.debts)}: fees of {amount:.2f}, at most {float(cap):.2f}"

"""When a claim lapses: the period of the law, what begins it anew, what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from .deadlines import add_months

Effect = Literal["restart", "at_least", "title", "suspend", "none"]


@dataclass(frozen=True)
class Rule:
    """A period of limitation; `year_end` counts from the end of the year in which it starts.

    `notice_months` is what a notice by a lawyer or bailiff gives at least, once; `tail_months` is
    what remains at least when a court file that only stopped the period is closed.
    """

    months: int
    year_end: bool = False
    title_months: int = 120
    notice_months: int = 12
    tail_months: int = 0


@dataclass(frozen=True)
class Event:
    """What happened to the claim on a day; a suspension lasts until its end, or still does."""

    day: date
    effect: Effect
    label: str = ""
    end: date | None = None


@dataclass(frozen=True)
class Step:
    """One line of the derivation: from this event on, the claim lapses on this day."""

    day: date
    label: str
    lapse: date | None
    counts: bool = True


def derive(
    rule: Rule, start: date, events: tuple[Event, ...] = ()
) -> tuple[date | None, list[Step]]:
    """Return the day on which a claim lapses, and how it comes about.

    The day returned is the last one on which one can still act: a period of a year that starts with
    the due date, 10 March 2026, lapses with 10 March 2027. None: it cannot lapse now, a court file
    is open. What happened after the claim had lapsed counts no more.

    >>> derive(Rule(months=12), date(2026, 3, 10))[0]
    datetime.date(2027, 3, 10)
    >>> derive(Rule(months=36, year_end=True), date(2023, 5, 4))[0]
    datetime.date(2026, 12, 31)
    """
    first = date(start.year, 12, 31) if rule.year_end else start
    lapse: date | None = add_months(first, rule.months)
    steps = [Step(first, "", lapse)]
    has_notice = False
    for event in sorted(events, key=lambda one: (one.day, one.effect, one.label)):
        late = lapse is None or event.day > lapse or event.day < start
        counts = not late and not (event.effect == "at_least" and has_notice)
        if counts and event.effect != "none":
            has_notice = has_notice or event.effect == "at_least"
            lapse = _apply(rule, lapse, event)
        steps.append(Step(event.day, event.label, lapse, counts and event.effect != "none"))
    return lapse, steps


def _apply(rule: Rule, lapse: date | None, event: Event) -> date | None:
    """Return the day on which the claim lapses after an event that counts."""
    if lapse is None:
        return None
    if event.effect == "restart":
        # the end of what began the period anew, where it lasted: proceedings in court
        return max(lapse, add_months(event.end or event.day, rule.months))
    if event.effect == "at_least":
        return max(lapse, add_months(event.day, rule.notice_months))
    if event.effect == "title":
        return max(lapse, add_months(event.day, rule.title_months))
    if event.end is None:
        return None
    stopped = lapse + (event.end - event.day)
    return max(stopped, add_months(event.end, rule.tail_months))

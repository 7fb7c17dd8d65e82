"""Looking for what the law demands in the text of a letter."""

from __future__ import annotations

import re


def contains(text: str, value: str) -> bool:
    r"""Tell whether a text says something, whatever its capitals and however its lines break.

    A number is not found inside of another one; an apostrophe is one however it is typed.

    >>> contains("You have fourteen\n  calendar days.", "Fourteen calendar days")
    True
    >>> contains("You owe 1,234.50 €", "234.50 €"), contains("You owe 12.00 €", "2.00 €")
    (False, False)
    >>> contains("sauf s\N{RIGHT SINGLE QUOTATION MARK}ils concernent", "sauf s'ils concernent")
    True
    >>> contains("", "")
    False
    """
    wanted = _fold(value)
    if not wanted:
        return False
    return re.search(rf"(?<!\d)(?<!\d[.,]){re.escape(wanted)}(?!\d)", _fold(text)) is not None


def alternatives(lines: str | None) -> list[str]:
    r"""Return the lines of a text that say something.

    >>> alternatives("fourteen days\n\n14 days")
    ['fourteen days', '14 days']
    """
    return [line.strip() for line in (lines or "").splitlines() if line.strip()]


def _fold(text: str) -> str:
    return " ".join(text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())

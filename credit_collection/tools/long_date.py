"""Dates in letters, as they are written by hand."""

from __future__ import annotations

# In French the first of a month is an ordinal number, which the library Babel does not know.
_FIRST_DAY = {"fr": ("1 ", "1er ")}


def polish_date(text: str, lang: str) -> str:
    """Return a date in words with its first day as the language writes it.

    :param text: the date as Babel formats it, day first
    :param lang: the language, as a code such as fr_BE

    >>> polish_date("1 décembre 2026", "fr_BE"), polish_date("11 décembre 2026", "fr_FR")
    ('1er décembre 2026', '11 décembre 2026')
    >>> polish_date("1 december 2026", "nl_NL")
    '1 december 2026'
    """
    plain, ordinal = _FIRST_DAY.get(lang[:2], ("", ""))
    if plain and text.startswith(plain):
        return ordinal + text.removeprefix(plain)
    return text

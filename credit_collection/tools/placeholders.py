"""The placeholders of the texts (`{deadline}`, `{amount_due}`): filled in, never evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

_PLACEHOLDER = re.compile(r"\{([^{}\s]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*\{[^\[\]]*)\]")
_EMPTY_PARAGRAPH = re.compile(r"<p>\s*</p>\s*")


class LazyValues(Mapping[str, str]):
    """What placeholders stand for, found out when a text uses them, and once.

    >>> values = LazyValues({"deadline": lambda: "1 < 2"})
    >>> values["deadline"], values.get("amount_due", "?"), values.apply(str.upper)["deadline"]
    ('1 < 2', '?', '1 < 2')
    """

    def __init__(self, makers: Mapping[str, Callable[[], str]]) -> None:
        """Remember how each value is found out."""
        self._makers = dict(makers)
        self._values: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """Return a value."""
        if name not in self._values:
            self._values[name] = self._makers[name]()
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._makers)

    def add(self, name: str, maker: Callable[[], str]) -> None:
        """Say how one more value is found out."""
        self._makers[name] = maker

    def apply(self, function: Callable[[str], str]) -> LazyValues:
        """Return the same values, each passed through a function."""
        return LazyValues({name: partial(self._pass_through, function, name) for name in self})

    def _pass_through(self, function: Callable[[str], str], name: str) -> str:
        return function(self[name])


def unknown_placeholders(text: str, known: Collection[str]) -> set[str]:
    """Return the placeholders of a text that nothing will fill in.

    >>> sorted(unknown_placeholders("Pay {amount_due} by {dedline}.", {"amount_due", "deadline"}))
    ['dedline']
    """
    return {name for name in _PLACEHOLDER.findall(text) if name not in known}


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return the text with every known placeholder replaced by its value.

    What stands in square brackets is left out when a placeholder in it has no value. Brackets
    without placeholders are what they are. The values are inserted as they are: escape them first
    where the text is HTML. An unknown placeholder is left standing, so that nothing is lost.

    >>> fill_placeholders("Pay {amount_due} by {deadline}.", {"amount_due": "12.00 €"})
    'Pay 12.00 € by {deadline}.'
    >>> text = "Pay {amount_due}[, of which {interest} interest] [sic]."
    >>> fill_placeholders(text, {"amount_due": "12.00 €", "interest": ""})
    'Pay 12.00 € [sic].'
    >>> fill_placeholders(text, {"amount_due": "12.00 €", "interest": "2.00 €"})
    'Pay 12.00 €, of which 2.00 € interest [sic].'
    """

    def keep(match: re.Match[str]) -> str:
        names = _PLACEHOLDER.findall(match[1])
        return match[1] if all(values.get(name, name) for name in names) else ""

    text = _OPTIONAL.sub(keep, text)
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text).strip()


def drop_empty_paragraphs(html: str) -> str:
    """Return the text without the paragraphs of which nothing was left.

    >>> drop_empty_paragraphs("<p>Pay.</p><p> </p><p>Thank you.</p>")
    '<p>Pay.</p><p>Thank you.</p>'
    """
    return _EMPTY_PARAGRAPH.sub("", html)

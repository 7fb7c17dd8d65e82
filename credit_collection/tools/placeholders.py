"""The placeholders of the texts (`{deadline}`, `{amount_due}`): filled in, never evaluated."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_PLACEHOLDER = re.compile(r"\{([^{}\s]*)\}")


def unknown_placeholders(text: str, known: Collection[str]) -> set[str]:
    """Return the placeholders of a text that nothing will fill in.

    >>> sorted(unknown_placeholders("Pay {amount_due} by {dedline}.", {"amount_due", "deadline"}))
    ['dedline']
    """
    return {name for name in _PLACEHOLDER.findall(text) if name not in known}


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return the text with every known placeholder replaced by its value.

    The values are inserted as they are: escape them first where the text is HTML. An unknown
    placeholder is left standing, so that nothing is lost.

    >>> fill_placeholders("Pay {amount_due} by {deadline}.", {"amount_due": "12.00 €"})
    'Pay 12.00 € by {deadline}.'
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)

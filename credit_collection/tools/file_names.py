"""Names of files that every system takes, and the list of their check sums."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

_LENGTH = 80
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str, fallback: str = "document") -> str:
    """Return a name in plain ASCII, without folders, that no system takes for something else.

    >>> safe_name("Facture n° 12 – été.pdf")
    'Facture_n_12_ete.pdf'
    >>> safe_name("../../etc/passwd"), safe_name("-rf ..") , safe_name("con.pdf")
    ('etc_passwd', 'rf', '_con.pdf')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", plain)
    plain = re.sub(r"\.{2,}", "_", plain)
    plain = re.sub(r"_+", "_", plain).strip("._-")
    stem, dot, suffix = plain.rpartition(".")
    if dot and len(suffix) <= 5:
        plain = stem.rstrip("._-")[: _LENGTH - len(suffix)] + dot + suffix
    plain = plain[: _LENGTH + 1].strip("._-") or fallback
    return f"_{plain}" if _RESERVED.match(plain) else plain


def unique_name(name: str, taken: Container[str]) -> str:
    """Return the name, with a number when it is taken; capitals make no difference.

    >>> unique_name("a.pdf", {"a.pdf", "a_2.pdf"}), unique_name("A", {"a"})
    ('a_3.pdf', 'A_2')
    """
    stem, dot, suffix = name.rpartition(".")
    stem, dot, suffix = (stem, dot, suffix) if stem else (name, "", "")
    number, unique = 1, name
    while unique.lower() in taken:
        number += 1
        unique = f"{stem}_{number}{dot}{suffix}"
    return unique


def checksum_list(sums: dict[str, str]) -> str:
    """Return the list that `sha256sum -c` checks: `{name: sum}`.

    >>> print(checksum_list({"a.pdf": "0f"}).strip())
    0f  a.pdf
    """
    return "".join(f"{digest}  {name}\n" for name, digest in sums.items())

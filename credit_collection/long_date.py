"""Days in the sentences that people read: "3 December 2026", "1er décembre 2026"."""

from datetime import date

from odoo.api import Environment
from odoo.tools.misc import format_date

from .tools.long_date import polish_date


def format_long_date(env: Environment, day: date | None) -> str:
    """Return a day in words, in the language of the environment; nothing for no day."""
    text = format_date(env, day, date_format="long") if day else ""
    return polish_date(text, env.lang or "en_US")

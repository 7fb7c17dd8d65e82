"""Days in the sentences that people read: "3 December 2026", "1er décembre 2026"."""

from odoo.tools.misc import format_date

from .tools.long_date import polish_date


def format_long_date(env, date):
    """Return a day in words, in the language of the environment; nothing for no day."""
    text = format_date(env, date, date_format="long") if date else ""
    return polish_date(text, env.lang or "en_US")

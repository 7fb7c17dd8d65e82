"""Write the terms of the module into i18n/*.pot, and into the translations what is new.

``make translations`` runs it in a fresh database. Terms that nobody says any more go; the new ones
are listed, to be translated in each file.
"""

import io
from pathlib import Path

import polib

from odoo.tools.translate import trans_export

I18N = Path(__file__).resolve().parents[1] / "credit_collection" / "i18n"


def export(env):
    """Return the template: every term that the module says, and where."""
    buffer = io.BytesIO()
    trans_export(False, ["credit_collection"], buffer, "po", env)
    return polib.pofile(buffer.getvalue().decode())


def merge(terms, template):
    """Bring a file of translations up to date; return the terms that are not translated."""
    terms.merge(template)
    for term in terms.obsolete_entries():
        terms.remove(term)
    order = {term.msgid: position for position, term in enumerate(template)}
    terms.sort(key=lambda term: order[term.msgid])
    return [term.msgid for term in terms.untranslated_entries()]


def main(env, _argv):
    template = export(env)
    template.save(str(I18N / "credit_collection.pot"))
    for path in sorted(I18N.glob("*.po")):
        terms = polib.pofile(str(path))
        missing = merge(terms, template)
        terms.save()
        print(f"{path.name}: {len(terms)} terms, {len(missing)} to translate")
        for source in missing:
            print(f"    {source!r}")

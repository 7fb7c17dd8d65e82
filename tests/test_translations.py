import re
from pathlib import Path

import polib

from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import TranslationModuleReader

PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """Whoever adds or changes a term translates it: into French, Dutch and German."""

    def _terms(self, name):
        """Return the entries of a file of translations, by their source."""
        path = Path(get_module_path("credit_collection"), "i18n", name)
        return {entry.msgid: entry for entry in polib.pofile(str(path))}

    def test_template_is_what_the_module_says(self):
        rows = TranslationModuleReader(self.env.cr, modules=["credit_collection"])
        said = {source for _module, _type, _name, _res_id, source, _value, _comments in rows}
        written = set(self._terms("credit_collection.pot"))
        self.assertFalse(said - written, "export these again, and translate them")
        self.assertFalse(written - said, "nobody says this any more: export again")

    def test_every_term_is_translated(self):
        template = self._terms("credit_collection.pot")
        for lang in ("fr", "nl", "de"):
            with self.subTest(lang=lang):
                terms = self._terms(f"{lang}.po")
                self.assertEqual(set(terms), set(template))
                missing = [src for src, term in terms.items() if not term.translated()]
                self.assertFalse(missing)

    def test_placeholders_survive_translation(self):
        for lang in ("fr", "nl", "de"):
            for source, term in self._terms(f"{lang}.po").items():
                with self.subTest(lang=lang, source=source):
                    self.assertCountEqual(
                        PLACEHOLDERS.findall(term.msgstr), PLACEHOLDERS.findall(source)
                    )

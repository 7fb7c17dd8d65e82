from textwrap import shorten

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.mentions import alternatives, contains

_QUOTED_LENGTH = 100  # of the words of a law, in a message


class CreditCollectionMention(models.Model):
    """What a law demands of a letter: looked for in the text that leaves."""

    _name = "credit.collection.mention"
    _description = "Mandatory Mention"
    _inherit = ["credit.collection.shipped"]
    _order = "profile_id, sequence, id"

    profile_id = fields.Many2one(
        "credit.collection.legal.profile", "Law", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="profile_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    occasion = fields.Selection(
        [
            ("first_reminder", "A free first reminder"),
            ("mandate", "A letter of a firm with a mandate"),
        ],
        "Demanded of",
        required=True,
        default="first_reminder",
    )
    kind = fields.Selection(
        [
            ("collector", "Name and address of the firm"),
            ("creditor", "Name of the creditor"),
            ("creditor_address", "Address of the creditor"),
            ("number", "His enterprise number"),
            ("basis", "Number of each invoice"),
            ("balance", "Balance of each invoice"),
            ("parts", "Principal and interest apart"),
            ("payment", "What to pay, and how"),
            ("goods", "What was delivered"),
            ("due", "Due date of each invoice"),
            ("deadline", "Last day to pay without charges"),
            ("compensation", "Compensation that will be claimed"),
            ("first_letter", "Number and date of the first letter"),
            ("wording", "Words"),
        ],
        "Mention",
        required=True,
    )
    wordings = fields.Text(
        "One of these texts", help="One on each line: the text must contain one of them."
    )
    legal_basis = fields.Char(translate=True)

    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for mention in self:
            mention.display_name = kinds.get(mention.kind)

    @api.constrains("kind", "wordings")
    def _check_wordings(self):
        for mention in self:
            if mention.kind == "wording" and not alternatives(mention.wordings):
                raise ValidationError(self.env._("Enter the words that the letter must say."))

    def _find_missing(self, text, values):
        """Return what a text lacks: `{mention: sentences that say what to do}`.

        :param text: the text of a letter
        :param values: see `credit.collection.dunning._get_mention_values`
        """
        missing = {mention: mention._look_for(text, values) for mention in self}
        return {mention: sentences for mention, sentences in missing.items() if sentences}

    def _look_for(self, text, values):
        """Return what to do so that a text says this; nothing when it does."""
        self.ensure_one()
        if self.kind == "wording":
            is_said = any(contains(text, one) for one in alternatives(self.wordings))
            return [] if is_said else [self._explain_wording()]
        return [
            self._explain_absent(name, value) if value else advice
            for name, value, advice in values[self.kind]
            if not value or not contains(text, value)
        ]

    @api.model
    def _explain(self, missing):
        """Return in words what a text lacks, after the law that demands it."""
        by_law = {}
        for mention, sentences in missing.items():
            by_law.setdefault(mention.legal_basis, []).extend(sentences)
        return " ".join(
            f"{law}: {' '.join(sentences)}" if law else " ".join(sentences)
            for law, sentences in by_law.items()
        )

    def _explain_wording(self):
        words = shorten(alternatives(self.wordings)[0], _QUOTED_LENGTH, placeholder="…")
        if self.occasion == "mandate":
            return self.env._(
                'The text must say "%(words)s": put it into the legal profile %(profile)s, where '
                "a firm writes.",
                words=words,
                profile=self.profile_id.name,
            )
        return self.env._(
            'The text must say "%(words)s": put it into the text of the level.', words=words
        )

    def _explain_absent(self, name, value):
        if self.kind in ("basis", "balance", "goods", "due"):
            return self.env._(
                '%(mention)s (%(name)s): "%(value)s" is not in the text. Let the level list the '
                "invoices.",
                mention=self.display_name,
                name=name,
                value=value,
            )
        return self.env._(
            '%(mention)s (%(name)s): "%(value)s" is not in the text. Put it into the text of the '
            "level.",
            mention=self.display_name,
            name=name,
            value=value,
        )

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.mentions import alternatives, contains


class CreditCollectionMention(models.Model):
    """What a law demands of the first reminder: looked for in the text that leaves."""

    _name = "credit.collection.mention"
    _description = "Mandatory Mention"
    _inherit = ["credit.collection.shipped"]
    _order = "profile_id, sequence, id"

    profile_id = fields.Many2one(
        "credit.collection.legal.profile", "Law", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="profile_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("creditor", "Name of the creditor"),
            ("number", "His enterprise number"),
            ("balance", "Balance of each invoice"),
            ("goods", "What was delivered"),
            ("due", "Due date of each invoice"),
            ("deadline", "Last day to pay without charges"),
            ("compensation", "Compensation that will be claimed"),
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
                raise ValidationError(self.env._("Enter the words that a first reminder must say."))

    def _find_missing(self, text, values):
        """Return what a text lacks: sentences that say what to do.

        :param text: the text of a letter
        :param values: see `credit.collection.dunning._get_mention_values`
        """
        missing = []
        for mention in self:
            if mention.kind == "wording":
                if not any(contains(text, one) for one in alternatives(mention.wordings)):
                    missing.append(mention._explain_wording())
                continue
            for name, value, advice in values[mention.kind]:
                if not value or not contains(text, value):
                    missing.append(advice if not value else mention._explain_absent(name, value))
        return missing

    def _explain_wording(self):
        return self.env._(
            'The text must say "%(words)s": put it into the text of the level.',
            words=alternatives(self.wordings)[0],
        )

    def _explain_absent(self, name, value):
        if self.kind in ("balance", "goods", "due"):
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

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..const import CLAIM_NATURES, DEBTOR_KINDS
from ..tools.limitation import Event, Rule


class CreditCollectionLimitationRule(models.Model):
    """After how long a claim lapses by law, from when, and what begins the period anew.

    The law is that of the country of the creditor. A rule of a company goes before the shipped
    ones, that of a nature before the general one, that of a kind of debtor before that of any.
    """

    _name = "credit.collection.limitation.rule"
    _description = "Rule of Limitation"
    _order = "country_id, debtor_kind, nature, company_id, id"

    company_id = fields.Many2one("res.company", ondelete="cascade")
    country_id = fields.Many2one("res.country", required=True, ondelete="restrict")
    debtor_kind = fields.Selection(DEBTOR_KINDS, "Kind of debtor", help="Any when empty.")
    nature = fields.Selection(
        CLAIM_NATURES, "Nature of the claim", required=True, default="general"
    )
    months = fields.Integer("Period (months)", required=True, default=60)
    start = fields.Selection(
        [
            ("due", "Due date"),
            ("invoice", "Date of the invoice"),
            ("due_year", "End of the year of the due date"),
            ("invoice_year", "End of the year of the invoice"),
        ],
        "Counts from",
        required=True,
        default="due",
    )
    acknowledgement_restarts = fields.Boolean(
        "An acknowledgement begins it anew",
        default=True,
        help="Also a part payment, or a payment plan that was agreed.",
    )
    written_notice_restarts = fields.Boolean("A written notice begins it anew")
    notice_months = fields.Integer(
        "A notice by a lawyer or bailiff gives (months)",
        help="At least so long from its date, and once. None when zero.",
    )
    court_restarts = fields.Boolean(
        "Proceedings begin it anew",
        default=True,
        help="When they end. Otherwise they only stop the period while they last.",
    )
    tail_months = fields.Integer("After proceedings at least (months)")
    title_months = fields.Integer("With a title (months)", default=120)
    source = fields.Char(required=True)
    active = fields.Boolean(default=True)

    _months_positive = models.Constraint(
        "CHECK (months > 0 AND title_months > 0 AND notice_months >= 0 AND tail_months >= 0)",
        "A period lasts at least a month.",
    )

    @api.depends("country_id", "nature", "debtor_kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        natures = dict(self._fields["nature"]._description_selection(self.env))
        kinds = dict(self._fields["debtor_kind"]._description_selection(self.env))
        for rule in self:
            words = (rule.country_id.name, natures.get(rule.nature), kinds.get(rule.debtor_kind))
            rule.display_name = ", ".join(filter(None, words))

    @api.constrains("company_id")
    def _check_company_id(self):
        for rule in self:
            if rule.company_id and rule.company_id not in self.env.companies and not self.env.su:
                raise ValidationError(
                    self.env._("A rule of a company is made by somebody who works there.")
                )

    @api.model
    def _get_candidates(self, company):
        """Return the rules that may apply to the claims of a company."""
        country = company.account_fiscal_country_id or company.country_id
        domain = Domain("country_id", "=", country.id) & Domain(
            "company_id", "in", (False, company.id)
        )
        return self.sudo().search(domain)  # whoever sees an item sees when it lapses

    def _find(self, kind, nature):
        """Return which of these rules applies to a kind of debtor and a nature; none if none."""
        fitting = self.filtered(
            lambda rule: rule.debtor_kind in (False, kind) and rule.nature in ("general", nature)
        )
        return fitting.sorted(
            lambda rule: (
                not rule.company_id,
                rule.nature != nature,
                not rule.debtor_kind,
                rule.id,
            )
        )[:1]

    def _get_rule(self):
        """Return the rule as `tools/limitation.py` takes it."""
        self.ensure_one()
        return Rule(
            months=self.months,
            year_end=self.start.endswith("_year"),
            title_months=self.title_months,
            notice_months=self.notice_months,
            tail_months=self.tail_months,
        )

    def _get_event(self, kind, date, end, label):
        """Return what an event of this kind does to the period."""
        effects = {
            "payment": self.acknowledgement_restarts and "restart",
            "plan": self.acknowledgement_restarts and "restart",
            "acknowledgement": self.acknowledgement_restarts and "restart",
            "written_notice": self.written_notice_restarts and "restart",
            "lawyer_notice": self.notice_months and "at_least",
            "bailiff": "restart",
            "court": "restart" if self.court_restarts and end else "suspend",
            "title": "title",
        }
        return Event(day=date, effect=effects.get(kind) or "none", label=label, end=end or None)

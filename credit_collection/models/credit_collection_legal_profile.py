from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import DEBTOR_KINDS
from ..tools.contact_hours import ContactHours
from ..tools.deadlines import NoticeRule, notice_period
from ..tools.interest import Terms
from ..tools.placeholders import unknown_placeholders
from ..tools.rates import find, limit, reset_half_yearly

# From when interest runs, under a law.
_STARTS = [
    ("due", "The day after the due date"),
    ("reminder", "The day after the first reminder"),
    ("reminder_period", "After the period of the first reminder"),
    ("formal_notice", "The day after the formal notice"),
    ("months", "After the last day of a later month"),
]


class CreditCollectionLegalProfile(models.Model):
    """What the law of a country says of late payment by businesses, consumers or public bodies."""

    _name = "credit.collection.legal.profile"
    _description = "Legal Profile"
    _inherit = ["credit.collection.shipped"]
    _order = "country_id, debtor_kind, is_shipped, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    country_id = fields.Many2one("res.country", required=True, index=True)
    debtor_kind = fields.Selection(DEBTOR_KINDS, "Debtor", required=True, default="business")
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to share the profile between all companies."
    )

    # interest: which rate
    rate_series_id = fields.Many2one(
        "credit.collection.rate.series", "Rates", required=True, ondelete="restrict"
    )
    rate_reset = fields.Selection(
        [
            ("series", "As published"),
            ("half_year", "On 1 January and 1 July"),
        ],
        "The rate changes",
        required=True,
        default="series",
        help="As published: the series holds the rate of the law itself. Otherwise it is a "
        "reference rate, of which the first day of each half-year counts.",
    )
    rate_margin = fields.Float("Points added", digits=(6, 2))
    rate_step = fields.Float(
        "Rounded up to",
        digits=(6, 2),
        help="Percentage points: 0.5 for Belgium. Not rounded when zero.",
    )
    is_rate_frozen = fields.Boolean(
        "Rate of the first day",
        help="The rate that holds when interest begins to run holds for the debt until it is paid.",
    )

    percent = fields.Float("Rate of today", compute="_compute_percent", digits=(6, 2))

    # interest: from when
    is_interest_clause_required = fields.Boolean(
        "Only with a clause", help="Without a clause in the contract, no interest is owed."
    )
    interest_start = fields.Selection(
        _STARTS,
        string="Interest runs",
        required=True,
        default="due",
    )
    interest_start_small = fields.Selection(
        _STARTS,
        string="For a small creditor",
        help="Where the law favours small and medium-sized creditors.",
    )
    interest_start_months = fields.Integer("Months")

    # interest: how it is counted
    day_count = fields.Selection(
        [
            ("act/365", "Days / 365"),
            ("act/act", "Days / days of the year"),
            ("30e/360", "Months of 30 days / 360"),
            ("act/360", "Days / 360"),
        ],
        "Days",
        required=True,
        default="act/365",
    )
    rounding = fields.Selection(
        [
            ("end", "Once, at the end"),
            ("segment", "For each period of a rate"),
            ("daily", "The interest of a day"),
        ],
        required=True,
        default="end",
    )
    compounding = fields.Selection(
        [("none", "Never"), ("yearly", "After each year")],
        "Interest on interest",
        required=True,
        default="none",
    )
    imputation = fields.Selection(
        [
            ("costs", "Costs, then interest, then principal"),
            ("interest", "Interest, then principal"),
            ("principal", "Principal first"),
        ],
        "A payment settles",
        required=True,
        default="principal",
        help="The order of the law. It is followed where the settings of the company say so.",
    )

    # what a contract may say
    is_contract_rate_allowed = fields.Boolean(
        "A contract may set the rate", help="Otherwise the rate of the law holds whatever it says."
    )
    floor_series_id = fields.Many2one(
        "credit.collection.rate.series", "Not below", ondelete="restrict"
    )
    cap_series_id = fields.Many2one(
        "credit.collection.rate.series", "Not above", ondelete="restrict"
    )
    penalty_rule = fields.Selection(
        [
            ("none", "Is not claimed"),
            ("capped", "Is claimed up to the fee of the law"),
            ("greater", "Is claimed where it is more than the fee of the law"),
        ],
        "A penalty clause",
        required=True,
        default="none",
    )
    payment_days_max = fields.Integer(
        "Longest payment term", help="Days after the invoice. No limit when zero."
    )
    payment_days_end_of_month = fields.Integer(
        "Or to an end of month", help="Days after the invoice, to an end of month."
    )
    fee_ids = fields.One2many(
        "credit.collection.fee",
        "profile_id",
        "Fees",
        copy=True,
        context={"active_test": False},
    )

    # the period that the first reminder gives
    reminder_days = fields.Integer(
        "Days to pay", help="Calendar days in which nothing but the principal is owed."
    )
    reminder_email_days = fields.Integer("Begin after an e-mail", help="Calendar days.", default=1)
    reminder_post_days = fields.Integer("Begin after a letter", help="Working days.", default=3)
    is_saturday_working = fields.Boolean("Saturday is a working day")
    is_reminder_extended = fields.Boolean(
        "End on a working day", help="A period that would end on a day off ends on the next one."
    )

    # what must be in it, and what may be claimed before a court has spoken
    mention_ids = fields.One2many(
        "credit.collection.mention", "profile_id", "Mandatory mentions", copy=True
    )
    is_title_required = fields.Boolean(
        "No costs before a title",
        help="Without a judgment or another enforceable title, the creditor bears the costs of "
        "recovery: interest alone is claimed.",
    )

    # how a debtor may be contacted
    contact_hour_from = fields.Float("Contacts from", help="Hour, where the debtor lives.")
    contact_hour_to = fields.Float("Contacts until", help="No limit when both hours are zero.")
    is_rest_respected = fields.Boolean(
        "Not on days of rest", help="No e-mails and calls on Sundays and public holidays."
    )
    contacts_per_week = fields.Integer(help="Notices and calls together. No limit when zero.")
    calls_per_day = fields.Integer(help="No limit when zero.")
    letter_interval_days = fields.Integer(
        "Days between letters", help="Letters and e-mails, whatever the policy says."
    )
    is_moratorium_respected = fields.Boolean(
        "No contact in a moratorium",
        help="As long as a mediation, a reorganisation or a settlement of debts lasts, the debtor "
        "is neither written to nor called, newer invoices included.",
    )

    # what the letters say of it
    letter_first_reminder = fields.Text(
        "In a first reminder",
        translate=True,
        help="What the law demands of the first reminder: {legal_first_reminder}.",
    )
    letter_late_payment = fields.Text(
        "On late payment",
        translate=True,
        help="What late payment costs, and by which law: {legal_late_payment}.",
    )
    letter_formal_notice = fields.Text(
        "In a formal notice",
        translate=True,
        help="What the formal notice brings about: {legal_formal_notice}.",
    )
    letter_next_steps = fields.Text(
        "On what may follow",
        translate=True,
        help="What may lawfully be done if nothing is paid: {legal_next_steps}.",
    )

    letter_mandate = fields.Text(
        "Where a firm writes",
        help="What the law wants a firm to quote that collects in the name of the creditor; in the "
        "words and the language of the law.",
    )

    legal_basis = fields.Char(
        required=True, translate=True, help="The articles that letters refer to."
    )
    source = fields.Text("Sources")
    verified_on = fields.Date(help="When the profile was last compared with its sources.")
    note = fields.Text("Notes", translate=True)

    _name_unique = models.UniqueIndex(
        "(country_id, debtor_kind, COALESCE(company_id, 0), COALESCE(is_shipped, FALSE))"
        " WHERE active",
        "There is a profile for these debtors of this country already: change that one.",
    )
    _numbers_positive = models.Constraint(
        "CHECK (rate_step >= 0 AND interest_start_months >= 0 AND payment_days_max >= 0"
        " AND payment_days_end_of_month >= 0 AND reminder_days >= 0 AND reminder_email_days >= 0"
        " AND reminder_post_days >= 0 AND contacts_per_week >= 0 AND calls_per_day >= 0"
        " AND letter_interval_days >= 0)",
        "Days, months and roundings are not negative.",
    )
    _contact_hours = models.Constraint(
        "CHECK ((COALESCE(contact_hour_from, 0) = 0 AND COALESCE(contact_hour_to, 0) = 0)"
        " OR (contact_hour_from >= 0 AND contact_hour_from < contact_hour_to"
        " AND contact_hour_to <= 24))",
        "Contacts begin before they end, between 0 and 24 hours.",
    )

    @api.depends("rate_series_id", "rate_reset", "rate_margin", "rate_step")
    def _compute_percent(self):
        today = fields.Date.context_today(self)
        rates = self._get_series()._get_rates()
        for profile in self:
            known = profile.rate_series_id and profile._get_law_rates(rates, today, today)
            current = find(known or (), today)
            profile.percent = float(current.percent) if current else 0.0

    @api.constrains("interest_start", "interest_start_small", "interest_start_months")
    def _check_months(self):
        for profile in self:
            starts = (profile.interest_start, profile.interest_start_small)
            if "months" in starts and not profile.interest_start_months:
                raise ValidationError(
                    self.env._("Enter after how many months interest runs in %s.", profile.name)
                )

    @api.constrains("reminder_days", "interest_start", "interest_start_small")
    def _check_reminder_days(self):
        for profile in self:
            starts = (profile.interest_start, profile.interest_start_small)
            if "reminder_period" in starts and not profile.reminder_days:
                raise ValidationError(
                    self.env._("Enter the days to pay that a reminder gives in %s.", profile.name)
                )

    @api.constrains(lambda self: self._get_letter_fields().values())
    def _check_letter_texts(self):
        known = self.env["credit.collection.dunning"]._get_placeholder_names()
        known -= set(self._get_letter_fields())
        for profile in self:
            for name in self._get_letter_fields().values():
                unknown = unknown_placeholders(profile[name] or "", known)
                if unknown:
                    raise ValidationError(
                        self.env._(
                            "The letter texts of %(profile)s use %(unknown)s, which does not "
                            "exist. You can use: %(known)s.",
                            profile=profile.name,
                            unknown=", ".join(f"{{{one}}}" for one in sorted(unknown)),
                            known=", ".join(f"{{{one}}}" for one in sorted(known)),
                        )
                    )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for profile, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", profile.name)
        return vals_list

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    @api.model
    def _get_letter_fields(self):
        """Return `{placeholder: field}` of what the letters say of the law."""
        return {
            "legal_first_reminder": "letter_first_reminder",
            "legal_formal_notice": "letter_formal_notice",
            "legal_late_payment": "letter_late_payment",
            "legal_next_steps": "letter_next_steps",
        }

    @api.model
    def _find(self, company, wanted):
        """Return `{(country, kind): profile}` for a company, without a query for each.

        A profile of the company goes before one that is shared, and one of one's own before the
        shipped one. A public body whose country has no profile for it is treated as a business.
        """
        countries = {country.id for country, _kind in wanted}
        domain = [("country_id", "in", list(countries)), ("company_id", "in", (False, company.id))]
        found = self.search(domain).sorted(lambda one: (not one.company_id, one.is_shipped))
        by_key = {}
        for profile in found:
            by_key.setdefault((profile.country_id, profile.debtor_kind), profile)
        return {
            (country, kind): by_key.get((country, kind))
            or (kind == "public" and by_key.get((country, "business")))
            or self.browse()
            for country, kind in wanted
        }

    def _get_terms(self, company, currency):
        """Return how interest is counted under this profile, in a currency."""
        self.ensure_one()
        follows_law = company.sudo().collection_imputation == "law"
        return Terms(
            day_count=self.day_count,
            rounding=self.rounding,
            compounding=self.compounding,
            imputation=self.imputation if follows_law else "principal",
            is_frozen=self.is_rate_frozen,
            unit=Decimal(str(currency.rounding)),
        )

    def _get_notice_rule(self):
        """Return how long the first reminder gives."""
        self.ensure_one()
        return NoticeRule(
            days=self.reminder_days,
            post_days=self.reminder_post_days,
            email_days=self.reminder_email_days,
            is_saturday_working=self.is_saturday_working,
            is_extended=self.is_reminder_extended,
        )

    def _get_notice_period(self, day, is_posted):
        """Return the first and the last day of the period that a reminder of a day gives."""
        self.ensure_one()
        rule, country = self._get_notice_rule(), self.country_id.code
        return notice_period(day, is_posted, rule, country)

    def _demands_first_reminder(self):
        """Return whether the law gives a free first reminder and its period before all charges."""
        self.ensure_one()
        return self.debtor_kind == "consumer" and self.reminder_days > 0

    def _demands_first_letters(self, company):
        """Return whether a firm must recall by which letters debts were claimed first."""
        mentions = self.mention_ids.filtered(lambda one: one.occasion == "mandate")
        is_firm = bool(company._collection_get_firm())
        return is_firm and "first_letter" in mentions.mapped("kind")

    def _limits_contact(self):
        """Return whether this law says when, or how often, a debtor may be contacted."""
        return any(
            self[name]
            for name in (
                "contact_hour_to",
                "is_rest_respected",
                "contacts_per_week",
                "calls_per_day",
                "letter_interval_days",
                "is_moratorium_respected",
            )
        )

    def _get_contact_hours(self):
        """Return when a debtor may be written to by e-mail, or called."""
        self.ensure_one()
        return ContactHours(self.contact_hour_from, self.contact_hour_to, self.is_rest_respected)

    def _get_start(self, company):
        """Return from when interest runs for a company: see `_STARTS`."""
        self.ensure_one()
        is_small = company.sudo().collection_is_small
        return (is_small and self.interest_start_small) or self.interest_start

    def _get_law_rates(self, rates, first, until):
        """Return the rates of the law for some days.

        :param rates: `{series: rates}` of the series of this profile
        """
        self.ensure_one()
        own = rates[self.rate_series_id]
        if self.rate_reset == "series":
            return own
        margin, step = Decimal(str(self.rate_margin)), Decimal(str(self.rate_step))
        return reset_half_yearly(own, first, until, margin, step)

    def _get_contract_rates(self, percent, rates, first, until):
        """Return the rate of a contract for some days, as far as the law lets it stand."""
        self.ensure_one()
        return limit(
            percent,
            rates[self.floor_series_id] if self.floor_series_id else None,
            rates[self.cap_series_id] if self.cap_series_id else None,
            first,
            until,
        )

    def _get_series(self):
        """Return all series that these profiles read."""
        return self.rate_series_id | self.floor_series_id | self.cap_series_id

from decimal import Decimal

from odoo import fields, models

from ..tools.fees import add_vat, by_tier, per_reminder


class CreditCollectionFee(models.Model):
    """What a law lets a creditor claim beside interest."""

    _name = "credit.collection.fee"
    _description = "Fee for Late Payment"
    _inherit = ["credit.collection.shipped"]
    _order = "profile_id, sequence, id"

    profile_id = fields.Many2one(
        "credit.collection.legal.profile",
        "Law",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="profile_id.company_id", store=True)
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("item", "For each item that is late"),
            ("claim", "Once for all items claimed together"),
            ("reminder", "For each reminder"),
        ],
        string="Claimed",
        required=True,
        default="item",
    )
    base = fields.Selection(
        [("late", "What was late"), ("open", "What is still open")],
        "Depends on",
        required=True,
        default="late",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    tier_ids = fields.One2many("credit.collection.fee.tier", "fee_id", "Amounts", copy=True)
    amount_min = fields.Monetary("Minimum")
    amount_max = fields.Monetary("Maximum", help="No maximum when zero.")
    free_per_year = fields.Integer(
        "Free reminders", help="How many reminders of a calendar year cost nothing."
    )
    is_clause_required = fields.Boolean(
        "Only by contract",
        help="The law sets the most that a clause of the contract may claim; without a clause "
        "nothing is owed.",
    )
    is_reminder_required = fields.Boolean(
        "Only after a reminder", help="Owed when a reminder was sent, not before."
    )
    is_exclusive = fields.Boolean(
        "Instead of the others", help="As soon as this fee is owed, no other one is."
    )
    vat_percent = fields.Float(
        "VAT on top (%)",
        digits=(5, 2),
        help="Added where the company cannot deduct VAT.",
    )
    legal_basis = fields.Char(translate=True)
    source = fields.Char(required=True)
    verified_on = fields.Date()

    _amounts_ordered = models.Constraint(
        "CHECK (amount_min >= 0 AND (amount_max = 0 OR amount_max >= amount_min)"
        " AND free_per_year >= 0 AND vat_percent >= 0)",
        "The minimum, the maximum and the free reminders are not negative, and the maximum is not "
        "below the minimum.",
    )

    def _get_owed(self, is_reminded, has_clause):
        """Return which of these fees are owed, with or without a reminder and a clause."""
        owed = self.filtered(
            lambda fee: (
                (is_reminded or not fee.is_reminder_required)
                and (has_clause or not fee.is_clause_required)
            )
        )
        return owed.filtered("is_exclusive") or owed

    def _is_flat(self):
        """Return whether this fee is the same for whatever is owed."""
        self.ensure_one()
        tier = self.tier_ids
        return (
            len(tier) == 1
            and not tier.percent
            and self.currency_id.compare_amounts(tier.amount_from, self.currency_id.rounding) <= 0
        )

    def _get_amount(self, principal, currency, company, date, count=1):
        """Return this fee for a principal, in its currency, as a Decimal.

        :param principal: what is owed, a Decimal in `currency`
        :param date: the day of the claim, whose exchange rate holds
        :param count: of a fee for reminders, how many were sent this calendar year
        """
        self.ensure_one()
        own = self.currency_id
        unit = Decimal(str(own.rounding))
        base = currency._convert(float(principal), own, company, date)
        amount = by_tier(
            Decimal(str(base)),
            [tier._as_tier() for tier in self.tier_ids],
            Decimal(str(self.amount_min)),
            Decimal(str(self.amount_max)) if self.amount_max else None,
            unit,
        )
        if self.kind == "reminder":
            amount = per_reminder(amount, count, self.free_per_year)
        if self.vat_percent and not company.sudo().collection_is_vat_deductible:
            amount = add_vat(amount, Decimal(str(self.vat_percent)), unit)
        return Decimal(str(own._convert(float(amount), currency, company, date)))

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, format_date

from ..tools.interest import Rate


class CreditCollectionInterestRate(models.Model):
    _name = "credit.collection.interest.rate"
    _description = "Interest Rate"
    _inherit = ["credit.collection.shipped"]
    _order = "series_id, date_from desc, is_shipped"

    series_id = fields.Many2one(
        "credit.collection.rate.series", required=True, index=True, ondelete="cascade"
    )
    country_id = fields.Many2one(related="series_id.country_id", store=True)
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", help="Without an end, the rate holds until another one is added.")
    percent = fields.Float("Rate (% a year)", required=True, digits=(6, 2), aggregator=None)
    source = fields.Char(required=True, help="Where it was published.")
    confidence = fields.Selection(
        [
            ("high", "High"),
            ("medium_high", "Rather high"),
            ("medium", "Medium"),
            ("low", "Low"),
        ],
        help="How sure this rate is: high when it was read where it is published or quoted from "
        "there, lower when it was calculated or comes from elsewhere.",
    )
    verified_on = fields.Date(help="When the rate was last compared with its source.")

    _date_from_unique = models.UniqueIndex(
        "(series_id, date_from, COALESCE(is_shipped, FALSE))",
        "This series has a rate from that day already: change that one.",
    )
    _dates_ordered = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)", "A rate ends after it begins."
    )

    @api.depends("series_id", "date_from")
    def _compute_display_name(self):
        for rate in self:
            day = format_date(self.env, rate.date_from) if rate.date_from else ""
            rate.display_name = f"{rate.series_id.name or ''} {day}".strip()

    @api.constrains("series_id", "date_from", "date_to")
    def _check_overlap(self):
        """Two rates that users add do not hold on one day; what is shipped gives way to them."""
        self.flush_model()
        found = self.env.execute_query(
            SQL(
                """
                SELECT one.id, other.id
                  FROM credit_collection_interest_rate one
                  JOIN credit_collection_interest_rate other
                    ON other.series_id = one.series_id AND other.id <> one.id
                       AND other.is_shipped IS NOT TRUE
                       AND other.date_from <= COALESCE(one.date_to, 'infinity')
                       AND one.date_from <= COALESCE(other.date_to, 'infinity')
                 WHERE one.id = ANY(%s) AND one.is_shipped IS NOT TRUE
                 LIMIT 1
                """,
                self.ids,
            )
        )
        if found:
            one, other = (self.browse(rate_id) for rate_id in found[0])
            raise ValidationError(
                self.env._(
                    "%(rate)s overlaps with %(other)s, which you added before: change their dates.",
                    rate=one.display_name,
                    other=other.display_name,
                )
            )

    def _as_rates(self):
        """Return these rows for the functions that count."""
        return [
            Rate(row.date_from, row.date_to or None, Decimal(str(row.percent)), row.source)
            for row in self
        ]

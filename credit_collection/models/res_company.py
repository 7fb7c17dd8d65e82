import logging

from psycopg2 import OperationalError

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    _inherit = "res.company"

    # never required in the database: filled in by `create` and by the post-init hook
    collection_policy_id = fields.Many2one(
        "credit.collection.policy",
        "Default dunning policy",
        ondelete="restrict",
        domain="[('company_id', 'in', (False, id))]",
    )
    collection_user_id = fields.Many2one(
        "res.users", "Default collector", domain="[('share', '=', False)]"
    )
    collection_email_from = fields.Char(
        "Sender of reminders", help="The e-mail address of the company when empty."
    )
    collection_window = fields.Selection(
        [("left", "Left (Germany, Netherlands)"), ("right", "Right (Belgium, France, Luxembourg)")],
        string="Address window",
        default="right",
    )
    collection_hold_review_days = fields.Integer("Review holds after", default=30)
    collection_promise_tolerance_days = fields.Integer("Tolerance for promises", default=2)
    collection_dispute_resume_days = fields.Integer("Remind of rejected disputes after", default=7)
    collection_large_amount = fields.Monetary("Large invoices", default=10000)
    collection_protect_dunned = fields.Boolean("Keep dunned invoices")

    _collection_dispute_resume_days_positive = models.Constraint(
        "CHECK (collection_dispute_resume_days >= 0)", "A number of days cannot be negative."
    )
    collection_plan_tolerance_days = fields.Integer("Payment plans break after", default=8)
    collection_plan_reminder_days = fields.Integer(
        "Late installments are reminded after", default=3
    )
    collection_plan_amount_max = fields.Monetary("Largest payment plan of a collector")
    collection_plan_months_max = fields.Integer("Longest payment plan of a collector")

    _collection_plan_positive = models.Constraint(
        "CHECK (collection_plan_tolerance_days >= 0 AND collection_plan_reminder_days >= 0"
        " AND collection_plan_amount_max >= 0 AND collection_plan_months_max >= 0)",
        "The limits of payment plans are not negative.",
    )

    @api.constrains("collection_policy_id")
    def _check_collection_policy_id(self):
        self.collection_policy_id._check_default_policy()

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.filtered(lambda c: not c.collection_policy_id)._set_default_collection_policy()
        return companies

    def _collection_do(self, job):
        """Do a daily job for this company; its failure is logged and stops no other company."""
        try:
            with self.env.cr.savepoint():
                job(self)
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries again
        except Exception:
            _logger.exception("Collections: %s failed for %s", job.__name__, self.name)

    def _collection_speak(self, records):
        """Return records that note what happens by itself in the language of the company."""
        lang = self.sudo().partner_id.lang
        if lang not in dict(self.env["res.lang"].get_installed()):
            return records
        return records.with_context(lang=lang)

    def _get_collection_bank_account(self, moves):
        """Return the account that the invoices name, else the first one of the company.

        A credit note names the account of the customer: it never counts.
        """
        self.ensure_one()
        own = self.partner_id.bank_ids.sudo().filtered(  # anybody may know where to pay
            lambda bank: not bank.company_id or bank.company_id == self
        )
        named = moves.partner_bank_id.sudo()
        return (named & own)[:1] or own[:1]

    def _set_default_collection_policy(self):
        """Give these companies the shipped policy, so that a first run works at once."""
        policy = self.env.ref("credit_collection.policy_business", raise_if_not_found=False)
        if policy:
            self.sudo().collection_policy_id = policy
        for company in self.sudo():
            if company.country_id.code in company._get_left_window_countries():
                company.collection_window = "left"

    @api.model
    def _get_left_window_countries(self):
        """Where envelopes have their window on the left (DIN 5008, NEN 1026)."""
        return ("AT", "CH", "DE", "NL")

import logging
from datetime import timedelta
from decimal import Decimal

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formataddr
from odoo.tools.misc import format_date

from ..const import (
    ACCOUNT_PREFIXES,
    BALANCE_ACCOUNTS,
    CHARGE_POSTINGS,
    CLAIM_NATURES,
    INTEREST_CLAUSES,
)
from ..tools.ageing import days_late
from .credit_collection_interest import Contract

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
    collection_firm_id = fields.Many2one(
        "res.partner",
        "Collected by",
        domain="[('is_company', '=', True)]",
        help="The firm that writes to customers in the name of this company.",
    )
    collection_mandate = fields.Char("Mandate", help="Its number or date, named in the letters.")
    collection_report_partner_id = fields.Many2one(
        "res.partner",
        "Client report to",
        help="Gets the report of each month. Nobody gets one by itself when empty.",
    )
    collection_statement_account_ids = fields.Many2many(
        "account.account",
        "credit_collection_statement_account_rel",
        "company_id",
        "account_id",
        "Accounts left out of statements",
        domain="[('account_type', '=', 'asset_receivable'), ('company_ids', 'in', id)]",
    )
    collection_hold_review_days = fields.Integer("Review holds after", default=30)
    collection_promise_tolerance_days = fields.Integer("Tolerance for promises", default=2)
    collection_dispute_resume_days = fields.Integer("Remind of rejected disputes after", default=7)
    collection_large_amount = fields.Monetary("Large invoices", default=10000)
    collection_protect_dunned = fields.Boolean("Keep dunned invoices")
    collection_write_off_account_id = fields.Many2one(
        "account.account",
        "Losses on customers",
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    collection_doubtful_account_id = fields.Many2one(
        "account.account",
        "Doubtful receivables",
        check_company=True,
        domain=[("account_type", "=", "asset_receivable")],
        help="A receivable account: what is moved there goes on being collected.",
    )
    collection_provision_account_id = fields.Many2one(
        "account.account",
        "Provision for doubtful debts",
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    collection_provision_expense_account_id = fields.Many2one(
        "account.account",
        "Expense of the provision",
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )

    _collection_dispute_resume_days_positive = models.Constraint(
        "CHECK (collection_dispute_resume_days >= 0)", "A number of days cannot be negative."
    )
    collection_plan_tolerance_days = fields.Integer("Payment plans break after", default=8)
    collection_plan_reminder_days = fields.Integer(
        "Late installments are reminded after", default=3
    )
    collection_plan_amount_max = fields.Monetary("Largest payment plan of a collector")
    collection_plan_months_max = fields.Integer("Longest payment plan of a collector")

    collection_litigation_task_days = fields.Integer("Tasks of litigations, days before", default=7)
    collection_litigation_block_credit = fields.Boolean("No new credit in litigation")

    _collection_litigation_task_days_positive = models.Constraint(
        "CHECK (collection_litigation_task_days >= 0)", "A number of days cannot be negative."
    )
    _collection_plan_positive = models.Constraint(
        "CHECK (collection_plan_tolerance_days >= 0 AND collection_plan_reminder_days >= 0"
        " AND collection_plan_amount_max >= 0 AND collection_plan_months_max >= 0)",
        "The limits of payment plans are not negative.",
    )

    collection_recovery_days = fields.Integer("A notice counts for", default=14)
    collection_dso_days = fields.Integer("Days of the DSO", default=90)

    _collection_figures_positive = models.Constraint(
        "CHECK (collection_recovery_days > 0 AND collection_dso_days > 0)",
        "The figures need at least one day.",
    )

    collection_nature = fields.Selection(CLAIM_NATURES, "Nature of our claims", default="general")
    collection_limitation_days = fields.Integer("Warn of limitation before", default=90)
    collection_limitation_urgent = fields.Integer("Warn urgently before", default=30)

    _collection_limitation_order = models.Constraint(
        "CHECK (collection_limitation_urgent >= 0"
        " AND collection_limitation_days >= collection_limitation_urgent)",
        "The urgent warning comes after the first one.",
    )
    collection_legal_profile_id = fields.Many2one(
        "credit.collection.legal.profile",
        "Law for businesses",
        ondelete="restrict",
        domain="[('debtor_kind', '=', 'business'), ('company_id', 'in', (False, id))]",
        help="The law that the terms of sale choose; that of the country of the company when "
        "empty.",
    )
    collection_is_small = fields.Boolean(
        "Small or medium-sized enterprise",
        help="Some laws let small creditors count interest earlier.",
    )
    collection_is_vat_deductible = fields.Boolean("Deducts VAT", default=True)
    collection_imputation = fields.Selection(
        [("principal", "Principal first"), ("law", "In the order of the law")],
        "Payments settle",
        default="principal",
        help="Principal first: as the ledger says. The order of the law settles interest before "
        "principal, so that an invoice can be paid in the ledger and still bear interest.",
    )
    collection_interest_clause = fields.Selection(
        INTEREST_CLAUSES, "Terms of sale on late interest", default="none"
    )
    collection_interest_rate = fields.Float("Contract rate (% a year)", digits=(6, 2))
    collection_penalty_percent = fields.Float("Penalty clause (%)", digits=(6, 2))
    collection_penalty_min = fields.Monetary("Penalty at least")
    collection_penalty_max = fields.Monetary("Penalty at most", help="No limit when zero.")

    _collection_penalty_positive = models.Constraint(
        "CHECK (collection_interest_rate >= 0 AND collection_penalty_percent >= 0"
        " AND collection_penalty_min >= 0 AND collection_penalty_max >= 0)",
        "The rates and amounts of the contract are not negative.",
    )

    collection_interest_posting = fields.Selection(
        CHARGE_POSTINGS,
        "Interest is booked",
        default="never",
        help="What can be booked is asked for with the invoices, and in the QR code; what never is "
        "booked is shown apart.",
    )
    collection_fee_posting = fields.Selection(
        CHARGE_POSTINGS, "Compensation and fees are booked", default="never"
    )
    collection_charge_document = fields.Selection(
        [("invoice", "Customer debit note"), ("entry", "Journal entry")],
        "Charges are booked as",
        default="invoice",
    )
    collection_charge_journal_id = fields.Many2one(
        "account.journal",
        "Journal of charges",
        check_company=True,
        domain="[('type', 'in', ('sale', 'general'))]",
    )
    collection_interest_account_id = fields.Many2one(
        "account.account",
        "Account of late interest",
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    collection_fee_account_id = fields.Many2one(
        "account.account",
        "Account of compensation and fees",
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    collection_charge_tax_id = fields.Many2one(
        "account.tax",
        "Tax on charges",
        check_company=True,
        domain=[("type_tax_use", "=", "sale")],
        help="Usually none: damages for late payment are outside the scope of VAT.",
    )
    collection_dun_charges = fields.Boolean(
        "Remind of booked charges",
        help="What is booked as a charge is reminded like an invoice, down to the tolerance of the "
        "policy. Otherwise a customer who has paid his invoices is left in peace.",
    )
    collection_waive_max = fields.Monetary(
        "Waived by collectors up to",
        help="Above this amount a manager waives charges. No limit when zero.",
    )

    _collection_waive_max_positive = models.Constraint(
        "CHECK (collection_waive_max >= 0)", "The limit of what is waived is not negative."
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

    def _collection_get_email_from(self):
        """Return the sender of what is written to customers."""
        self.ensure_one()
        return (
            self.collection_email_from
            or self._collection_get_firm_email()
            or self.email_formatted
            or self.env.user.email_formatted
        )

    def _collection_get_firm(self):
        """Return who collects in the name of this company, if somebody does."""
        self.ensure_one()
        return self.sudo().collection_firm_id  # its name is on every letter

    def _collection_get_mandate_text(self):
        """Return the sentence that says who writes, and for whom; nothing without a mandate."""
        firm = self._collection_get_firm()
        if not firm:
            return False
        vals = {
            "firm": ", ".join([firm.name, *firm._get_collection_address(firm, self)[1:]]),
            "company": self.name,
        }
        mandate = self.sudo().collection_mandate
        if not mandate:
            return self.env._(
                "%(firm)s, collects this debt out of court in the name of %(company)s.", **vals
            )
        return self.env._(
            "%(firm)s, collects this debt out of court in the name of %(company)s "
            "(mandate %(mandate)s).",
            mandate=mandate,
            **vals,
        )

    def _collection_get_firm_email(self):
        """Return the sender where a firm writes: its address, and in whose name it writes."""
        firm = self._collection_get_firm()
        if not firm.email:
            return False
        name = self.env._("%(firm)s for %(company)s", firm=firm.name, company=self.name)
        return formataddr((name, firm.email_normalized or firm.email))

    def _collection_describe_bank(self):
        """Say up to which day the bank is known."""
        self.ensure_one()
        last = (
            self.env["account.bank.statement.line"]
            .sudo()  # whoever calls customers learns only the day
            ._read_group(
                [("company_id", "=", self.id), ("state", "=", "posted")], aggregates=["date:max"]
            )[0][0]
        )
        if not last:
            return self.env._("No bank statement was imported yet.")
        days = days_late(last, fields.Date.context_today(self))
        if days <= 1:
            return self.env._("Bank up to %(date)s.", date=format_date(self.env, last))
        return self.env._(
            "Bank up to %(date)s: %(days)s days ago.", date=format_date(self.env, last), days=days
        )

    def _collection_get_contract(self, profile):
        """Return what the terms of sale of this company say of late payment, under a law."""
        self.ensure_one()
        company = self.sudo()  # whoever asks what a customer owes need not see the settings
        return Contract(
            profile,
            company.collection_interest_clause or "none",
            *(
                Decimal(str(company[name] or 0))
                for name in (
                    "collection_interest_rate",
                    "collection_penalty_percent",
                    "collection_penalty_min",
                    "collection_penalty_max",
                )
            ),
        )

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

    # -------------------------------------------------------------------------
    # Accounting
    # -------------------------------------------------------------------------

    @api.model
    def _get_collection_account_fields(self):
        """Return the fields of the accounts that the chart may propose."""
        return (
            "collection_write_off_account_id",
            "collection_doubtful_account_id",
            "collection_provision_account_id",
            "collection_provision_expense_account_id",
            "collection_interest_account_id",
            "collection_fee_account_id",
        )

    def _collection_get_account(self, field_name):
        """Return the account of the settings, else the one that the chart proposes, else none."""
        self.ensure_one()
        domain = self._fields[field_name].domain
        return self[field_name] or self._collection_find_account(field_name, domain)

    def _collection_find_account(self, field_name, domain=()):
        """Return the first account with the code that is usual in this chart of accounts."""
        self.ensure_one()
        Account = self.env["account.account"].with_company(self)
        chart = self.root_id.sudo().chart_template
        for code in self.env["account.chart.template"]._get_parent_template(chart):
            prefix = ACCOUNT_PREFIXES.get(code, {}).get(field_name)
            if prefix:
                return Account.search(
                    [
                        *Account._check_company_domain(self),
                        ("code", "=like", f"{prefix}%"),
                        *domain,
                    ],
                    order="code",
                    limit=1,
                )
        return Account

    def _collection_propose_accounts(self):
        """Fill the settings that are empty with the accounts of the chart.

        Some charts (France) do not call their account of doubtful debts a receivable: as long as
        nothing was booked on it, it becomes one.
        """
        self.ensure_one()
        doubtful = self._collection_find_account("collection_doubtful_account_id")
        if doubtful and doubtful.account_type != "asset_receivable":
            lines = self.env["account.move.line"].sudo()
            if not lines.search_count([("account_id", "=", doubtful.id)], limit=1):
                doubtful.write({"account_type": "asset_receivable", "reconcile": True})
        for name in self._get_collection_account_fields():
            self[name] = self._collection_get_account(name)

    def _collection_get_journal(self):
        """Return where write-offs and provisions are booked by default."""
        self.ensure_one()
        return self.env["account.journal"].search(
            [("company_id", "=", self.id), ("type", "=", "general")], limit=1
        )

    def _collection_get_charge_journal(self):
        """Return where charges are booked: of the settings, else the first that fits."""
        self.ensure_one()
        company = self.sudo()  # whoever books charges need not see the settings
        is_invoice = company.collection_charge_document == "invoice"
        wanted = "sale" if is_invoice else "general"
        journal = company.collection_charge_journal_id
        if journal and journal.type != wanted:
            raise UserError(
                self.env._(
                    "%(journal)s is not for the documents by which charges are booked: choose "
                    "another journal in the settings.",
                    journal=journal.display_name,
                )
            )
        journal = journal or company.env["account.journal"].search(
            [("company_id", "=", self.id), ("type", "=", wanted)], limit=1
        )
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no journal to book charges in: add one.", company=self.name
                )
            )
        return journal.sudo(self.env.su)

    def _collection_get_first_open_date(self, date, journal, has_tax):
        """Return a day, or the first one after it that is not locked."""
        self.ensure_one()
        locks = self._get_violated_lock_dates(date, has_tax, journal)
        return locks[-1][0] + timedelta(days=1) if locks else date

    def _collection_check_open(self, date, journal, has_tax):
        """Refuse a date that is locked, naming the lock."""
        self.ensure_one()
        locks = self._get_violated_lock_dates(date, has_tax, journal)
        if locks:
            raise UserError(
                self.env._(
                    "This period is closed by %(locks)s: choose a later date.",
                    locks=self._format_lock_dates(locks),
                )
            )

    def _collection_get_open_date(self, journal, has_tax):
        """Return today, or the first day after it that is not locked."""
        today = fields.Date.context_today(self)
        return self._collection_get_first_open_date(today, journal, has_tax)

from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_policy_id = fields.Many2one(
        related="company_id.collection_policy_id", readonly=False
    )
    collection_user_id = fields.Many2one(related="company_id.collection_user_id", readonly=False)
    collection_email_from = fields.Char(related="company_id.collection_email_from", readonly=False)
    collection_window = fields.Selection(related="company_id.collection_window", readonly=False)
    collection_firm_id = fields.Many2one(related="company_id.collection_firm_id", readonly=False)
    collection_mandate = fields.Char(related="company_id.collection_mandate", readonly=False)
    collection_report_partner_id = fields.Many2one(
        related="company_id.collection_report_partner_id", readonly=False
    )
    collection_statement_account_ids = fields.Many2many(
        related="company_id.collection_statement_account_ids", readonly=False
    )
    collection_hold_review_days = fields.Integer(
        related="company_id.collection_hold_review_days", readonly=False
    )
    collection_promise_tolerance_days = fields.Integer(
        related="company_id.collection_promise_tolerance_days", readonly=False
    )
    collection_dispute_resume_days = fields.Integer(
        related="company_id.collection_dispute_resume_days", readonly=False
    )
    collection_large_amount = fields.Monetary(
        related="company_id.collection_large_amount",
        readonly=False,
        currency_field="collection_currency_id",
    )
    collection_protect_dunned = fields.Boolean(
        related="company_id.collection_protect_dunned", readonly=False
    )
    collection_plan_tolerance_days = fields.Integer(
        related="company_id.collection_plan_tolerance_days", readonly=False
    )
    collection_plan_reminder_days = fields.Integer(
        related="company_id.collection_plan_reminder_days", readonly=False
    )
    collection_plan_amount_max = fields.Monetary(
        related="company_id.collection_plan_amount_max",
        readonly=False,
        currency_field="collection_currency_id",
    )
    collection_plan_months_max = fields.Integer(
        related="company_id.collection_plan_months_max", readonly=False
    )
    collection_litigation_task_days = fields.Integer(
        related="company_id.collection_litigation_task_days", readonly=False
    )
    collection_litigation_block_credit = fields.Boolean(
        related="company_id.collection_litigation_block_credit", readonly=False
    )
    collection_nature = fields.Selection(related="company_id.collection_nature", readonly=False)
    collection_limitation_days = fields.Integer(
        related="company_id.collection_limitation_days", readonly=False
    )
    collection_limitation_urgent = fields.Integer(
        related="company_id.collection_limitation_urgent", readonly=False
    )
    collection_write_off_account_id = fields.Many2one(
        related="company_id.collection_write_off_account_id", readonly=False
    )
    collection_doubtful_account_id = fields.Many2one(
        related="company_id.collection_doubtful_account_id", readonly=False
    )
    collection_provision_account_id = fields.Many2one(
        related="company_id.collection_provision_account_id", readonly=False
    )
    collection_provision_expense_account_id = fields.Many2one(
        related="company_id.collection_provision_expense_account_id", readonly=False
    )
    collection_legal_profile_id = fields.Many2one(
        related="company_id.collection_legal_profile_id", readonly=False
    )
    collection_is_small = fields.Boolean(related="company_id.collection_is_small", readonly=False)
    collection_is_vat_deductible = fields.Boolean(
        related="company_id.collection_is_vat_deductible", readonly=False
    )
    collection_imputation = fields.Selection(
        related="company_id.collection_imputation", readonly=False
    )
    collection_interest_clause = fields.Selection(
        related="company_id.collection_interest_clause", readonly=False
    )
    collection_interest_rate = fields.Float(
        related="company_id.collection_interest_rate", readonly=False
    )
    collection_penalty_percent = fields.Float(
        related="company_id.collection_penalty_percent", readonly=False
    )
    collection_penalty_min = fields.Monetary(
        related="company_id.collection_penalty_min",
        readonly=False,
        currency_field="collection_currency_id",
    )
    collection_penalty_max = fields.Monetary(
        related="company_id.collection_penalty_max",
        readonly=False,
        currency_field="collection_currency_id",
    )
    collection_interest_posting = fields.Selection(
        related="company_id.collection_interest_posting", readonly=False
    )
    collection_fee_posting = fields.Selection(
        related="company_id.collection_fee_posting", readonly=False
    )
    collection_charge_document = fields.Selection(
        related="company_id.collection_charge_document", readonly=False
    )
    collection_charge_journal_id = fields.Many2one(
        related="company_id.collection_charge_journal_id", readonly=False
    )
    collection_interest_account_id = fields.Many2one(
        related="company_id.collection_interest_account_id", readonly=False
    )
    collection_fee_account_id = fields.Many2one(
        related="company_id.collection_fee_account_id", readonly=False
    )
    collection_charge_tax_id = fields.Many2one(
        related="company_id.collection_charge_tax_id", readonly=False
    )
    collection_dun_charges = fields.Boolean(
        related="company_id.collection_dun_charges", readonly=False
    )
    collection_waive_max = fields.Monetary(
        related="company_id.collection_waive_max",
        readonly=False,
        currency_field="collection_currency_id",
    )
    collection_recovery_days = fields.Integer(
        related="company_id.collection_recovery_days", readonly=False
    )
    collection_dso_days = fields.Integer(related="company_id.collection_dso_days", readonly=False)
    # the currency of the amounts above; `currency_id` of the settings belongs to other modules
    collection_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Currency of the large amount"
    )

    def action_collection_propose_accounts(self):
        """Take the accounts that are usual in the chart, where none is chosen yet."""
        self.ensure_one()
        self.execute()
        self.company_id._collection_propose_accounts()
        return self.env["ir.actions.act_window"]._for_xml_id("account.action_account_config")

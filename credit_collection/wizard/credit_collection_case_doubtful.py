from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_amount

from ..const import BALANCE_ACCOUNTS


class CreditCollectionCaseDoubtful(models.TransientModel):
    """Treat debts as doubtful: move them to an account of their own, and provide for the loss."""

    _name = "credit.collection.case.doubtful"
    _description = "Move to Doubtful"
    _check_company_auto = True

    case_id = fields.Many2one("credit.collection.case", "Customer", required=True, readonly=True)
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    move_line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_case_doubtful_line_rel",
        "wizard_id",
        "move_line_id",
        "Items",
        domain="[('partner_id.commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('account_id.account_type', '=', 'asset_receivable'),"
        " ('parent_state', '=', 'posted'), ('amount_residual_currency', '>', 0)]",
    )
    amount_open = fields.Monetary("Open", compute="_compute_amounts")
    date = fields.Date("Accounting date", required=True, default=fields.Date.context_today)
    journal_id = fields.Many2one(
        "account.journal",
        compute="_compute_accounts",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        check_company=True,
        domain="[('type', '=', 'general')]",
    )
    is_moved = fields.Boolean(
        "Move to the doubtful receivables",
        compute="_compute_accounts",
        precompute=True,
        store=True,
        readonly=False,
        help="The items go on being collected there, at the level at which they are.",
    )
    doubtful_account_id = fields.Many2one(
        "account.account",
        "Doubtful receivables",
        compute="_compute_accounts",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('account_type', '=', 'asset_receivable')]",
    )
    percentage = fields.Float("Loss expected (%)", digits=(5, 2))
    base_kind = fields.Selection(
        [("untaxed", "The amount without tax"), ("total", "The amount with tax")],
        "Base of the provision",
        required=True,
        default="untaxed",
        help="Without tax where the tax of a lost debt is recovered from the state.",
    )
    amount = fields.Monetary("Provision", compute="_compute_amounts")
    provision_account_id = fields.Many2one(
        "account.account",
        compute="_compute_accounts",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    expense_account_id = fields.Many2one(
        "account.account",
        compute="_compute_accounts",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    reason = fields.Text(required=True)

    @api.depends("company_id")
    def _compute_accounts(self):
        for wizard in self:
            company = wizard.company_id
            find = company._collection_get_account if company else lambda name: False
            wizard.doubtful_account_id = find("collection_doubtful_account_id")
            wizard.provision_account_id = find("collection_provision_account_id")
            wizard.expense_account_id = find("collection_provision_expense_account_id")
            wizard.is_moved = bool(wizard.doubtful_account_id)
            wizard.journal_id = company and company._collection_get_journal()

    @api.depends("move_line_ids", "percentage", "base_kind")
    def _compute_amounts(self):
        for wizard in self:
            wizard.amount_open = sum(wizard.move_line_ids.mapped("amount_residual"))
            wizard.amount = wizard.currency_id.round(wizard._get_base() * wizard.percentage / 100)

    def _get_base(self):
        """Return what the provision is a percentage of."""
        if self.base_kind == "total":
            return self.amount_open
        return self.currency_id.round(
            sum(
                line.amount_residual * line._collection_get_untaxed_share()
                for line in self.move_line_ids
            )
        )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_move(self):
        """Post the entry, and remember what is to be written back when money comes in."""
        self.ensure_one()
        company = self.company_id
        moving = self._get_moving()
        self._check_doubtful(moving)
        company._collection_check_open(self.date, self.journal_id, has_tax=False)
        entry = self.env["account.move"].with_company(company).create(self._prepare_move_vals())
        entry._post(soft=False)
        provision = self.env["credit.collection.provision"].create(
            self._prepare_provision_vals(entry, moving)
        )
        entry.collection_provision_id = provision
        self._reconcile(entry)
        provision._log(self._describe(provision))

    def _get_moving(self):
        """Return the items that are not on the account of doubtful debts yet."""
        if not self.is_moved:
            return self.move_line_ids.browse()
        return self.move_line_ids.filtered(
            lambda line: (
                line.account_id != self.doubtful_account_id and not line.collection_origin_line_id
            )
        )

    def _check_doubtful(self, moving):
        if not self.move_line_ids:
            raise UserError(self.env._("Choose what has become doubtful."))
        if self.is_moved and not self.doubtful_account_id:
            raise UserError(
                self.env._(
                    "Choose the account of doubtful debts, or leave the items where they are."
                )
            )
        if not 0 <= self.percentage <= 100:
            raise UserError(self.env._("The loss is between 0 and 100 percent."))
        if not moving and self.currency_id.is_zero(self.amount):
            raise UserError(
                self.env._("There is nothing to book: move the items, or expect a loss on them.")
            )
        if self.amount and not (self.provision_account_id and self.expense_account_id):
            raise UserError(self.env._("Choose the accounts of the provision and of its expense."))
        self.move_line_ids._collection_check_claims(self.case_id)
        moving._collection_check_not_planned()
        for move in moving.move_id:
            if move._collection_get_cash_basis_taxes():
                raise UserError(
                    self.env._(
                        "The tax of %(invoice)s is due when it is paid, and moving it would look "
                        "like a payment: leave it where it is, and book the provision only.",
                        invoice=move.name,
                    )
                )

    def _reconcile(self, entry):
        moved = entry.line_ids.filtered("collection_origin_line_id")
        self.env["account.move.line"]._reconcile_plan(
            [
                line.collection_origin_line_id | credit
                for line, credit in zip(
                    moved.sorted("id"), (entry.line_ids - moved).sorted("id"), strict=False
                )
            ]
        )

    def _describe(self, provision):
        values = {
            "entry": provision.move_id.name,
            "amount": format_amount(self.env, provision.amount, self.currency_id),
            "user": self.env.user.name,
            "reason": self.reason,
        }
        if not provision.amount:
            return self.env._(
                "Moved to the doubtful debts by %(user)s (%(entry)s): %(reason)s", **values
            )
        return self.env._(
            "Treated as doubtful by %(user)s, with a provision of %(amount)s (%(entry)s): "
            "%(reason)s",
            **values,
        )

    # -------------------------------------------------------------------------
    # The entry
    # -------------------------------------------------------------------------

    def _prepare_move_vals(self):
        moving = self._get_moving()
        vals_list = [self._prepare_settled_vals(line) for line in moving]
        vals_list += [self._prepare_moved_vals(line) for line in moving]
        if self.amount:
            vals_list += self.env["credit.collection.provision"]._prepare_provision_vals_list(
                self.case_id,
                self.env._("Provision: %(customer)s", customer=self.case_id.display_name),
                self.amount,
                self.provision_account_id,
                self.expense_account_id,
            )
        return {
            "move_type": "entry",
            "date": self.date,
            "journal_id": self.journal_id.id,
            "ref": self.env._("Doubtful: %(reason)s", reason=self.reason),
            "line_ids": [Command.create(vals) for vals in vals_list],
        }

    def _prepare_settled_vals(self, line):
        return {
            "name": line.move_name,
            "account_id": line.account_id.id,
            "partner_id": line.partner_id.id,
            "currency_id": line.currency_id.id,
            "amount_currency": -line.amount_residual_currency,
            "balance": -line.amount_residual,
        }

    def _prepare_moved_vals(self, line):
        """The same debt on the other account: its due date and its reminders go with it."""
        return {
            **self._prepare_settled_vals(line),
            "account_id": self.doubtful_account_id.id,
            "amount_currency": line.amount_residual_currency,
            "balance": line.amount_residual,
            "date_maturity": line.date_maturity or line.date,
            "no_followup": line.no_followup,
            "collection_origin_line_id": line.id,
        }

    def _prepare_provision_vals(self, entry, moving):
        moved = entry.line_ids.filtered("collection_origin_line_id")
        return {
            "case_id": self.case_id.id,
            "date": self.date,
            "reason": self.reason,
            "line_ids": [Command.set((moved | (self.move_line_ids - moving)).ids)],
            "amount_open": self.amount_open,
            "percentage": self.percentage,
            "base": self._get_base(),
            "amount": self.amount,
            "account_id": self.provision_account_id.id,
            "expense_account_id": self.expense_account_id.id,
            "move_id": entry.id,
        }

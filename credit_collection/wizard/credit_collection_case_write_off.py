from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_amount

from ..const import BALANCE_ACCOUNTS


class CreditCollectionCaseWriteOff(models.TransientModel):
    """Give up what a customer owes, or a part of it: one entry, reconciled with the items."""

    _name = "credit.collection.case.write.off"
    _description = "Write Off"
    _inherit = ["analytic.mixin"]
    _check_company_auto = True

    case_id = fields.Many2one("credit.collection.case", "Customer", required=True, readonly=True)
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    line_ids = fields.One2many("credit.collection.case.write.off.line", "wizard_id", "Items")
    amount = fields.Monetary("Written off", compute="_compute_amount")
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
    account_id = fields.Many2one(
        "account.account",
        "Loss account",
        compute="_compute_accounts",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain=[("account_type", "not in", BALANCE_ACCOUNTS)],
    )
    tax_handling = fields.Selection(
        [
            ("loss", "All of it is a loss"),
            ("recover", "Recover the tax"),
        ],
        "Tax",
        required=True,
        default="loss",
        help="The tax of the invoices is recovered in proportion to what is written off, and taken "
        "into the tax report like that of a credit note.",
    )
    reason = fields.Text(required=True)

    @api.depends("line_ids.amount")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = sum(line._get_balance() for line in wizard.line_ids)

    @api.depends("company_id")
    def _compute_accounts(self):
        for wizard in self:
            company = wizard.company_id
            wizard.account_id = company and company._collection_get_account(
                "collection_write_off_account_id"
            )
            wizard.journal_id = company and company._collection_get_journal()

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_write_off(self):
        """Post the entry, reconcile it with the items, and keep a record of it."""
        self.ensure_one()
        self._check_written_off()
        company = self.company_id
        Move = self.env["account.move"].with_company(company).with_context(skip_invoice_sync=True)
        entry = Move.create(self._prepare_move_vals())
        has_tax = bool(entry.line_ids.tax_repartition_line_id)
        company._collection_check_open(self.date, self.journal_id, has_tax)
        entry.with_context(skip_invoice_sync=False)._post(soft=False)
        self._reconcile(entry)
        write_off = self.env["credit.collection.write.off"].create(
            self._prepare_write_off_vals(entry)
        )
        self.case_id._log(
            self.env._(
                "%(amount)s was written off by %(user)s (%(entry)s): %(reason)s",
                amount=format_amount(self.env, write_off.amount, self.currency_id),
                user=self.env.user.name,
                entry=entry.name,
                reason=self.reason,
            ),
            self._get_invoices(),
        )

    def _check_written_off(self):
        if not self.line_ids:
            raise UserError(self.env._("Choose what is to be written off."))
        if not self.account_id:
            raise UserError(
                self.env._("Choose the account of the loss; the settings can name it for good.")
            )
        self.line_ids.move_line_id._collection_check_claims(self.case_id)
        self.line_ids.move_line_id._collection_check_not_planned()
        self.line_ids._check_amounts()
        if self.tax_handling == "recover":
            self._check_taxes()

    def _check_taxes(self):
        """Only the tax of an invoice, due since the invoice, can be recovered."""
        for move in self._get_invoices():
            if not move.is_invoice(include_receipts=True):
                raise UserError(
                    self.env._(
                        "%(entry)s is no invoice: its tax is not known. Write it off by itself, "
                        "without tax.",
                        entry=move.name,
                    )
                )
            if move._collection_get_cash_basis_taxes():
                raise UserError(
                    self.env._(
                        "The tax of %(invoice)s is due only when it is paid: there is nothing to "
                        "recover. Credit the invoice instead.",
                        invoice=move.name,
                    )
                )

    def _reconcile(self, entry):
        """Match each item with its own line, the first ones of the entry."""
        credits = entry.line_ids.sorted("id")[: len(self.line_ids)]
        self.env["account.move.line"]._reconcile_plan(
            [
                line.move_line_id | credit
                for line, credit in zip(self.line_ids, credits, strict=True)
            ]
        )

    # -------------------------------------------------------------------------
    # The entry
    # -------------------------------------------------------------------------

    def _get_invoices(self):
        return self.line_ids._get_invoice()

    def _prepare_write_off_vals(self, entry):
        settled = entry.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        recovered = entry.line_ids.filtered("tax_repartition_line_id")
        return {
            "case_id": self.case_id.id,
            "date": self.date,
            "amount": -sum(settled.mapped("balance")),
            "amount_tax": sum(recovered.mapped("balance")),
            "reason": self.reason,
            "move_id": entry.id,
        }

    def _prepare_move_vals(self):
        receivables, losses, taxes = [], [], []
        for line in self.line_ids:
            receivables.append(line._prepare_receivable_vals())
        for invoice, lines in self.line_ids.grouped(lambda line: line._get_invoice()).items():
            recovered = (
                lines._prepare_tax_vals_list(invoice) if self.tax_handling == "recover" else []
            )
            taxes += recovered
            losses.append(lines._prepare_loss_vals(invoice, recovered))
        return {
            "move_type": "entry",
            "date": self.date,
            "journal_id": self.journal_id.id,
            "ref": self.env._("Write-off: %(reason)s", reason=self.reason),
            "line_ids": [Command.create(vals) for vals in (*receivables, *losses, *taxes)],
        }


class CreditCollectionCaseWriteOffLine(models.TransientModel):
    """An item, and how much of it is given up."""

    _name = "credit.collection.case.write.off.line"
    _description = "Item to Write Off"

    wizard_id = fields.Many2one(
        "credit.collection.case.write.off", required=True, index=True, ondelete="cascade"
    )
    move_line_id = fields.Many2one("account.move.line", "Item", required=True, ondelete="cascade")
    name = fields.Char("Number", compute="_compute_name")
    date_maturity = fields.Date(related="move_line_id.date_maturity", string="Due date")
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_residual_currency = fields.Monetary(
        related="move_line_id.amount_residual_currency", string="Open"
    )
    amount = fields.Monetary("Write off", required=True)

    @api.depends("move_line_id")
    def _compute_name(self):
        for line in self:
            line.name = line._get_invoice().name

    def _check_amounts(self):
        """No more than what is open, and something of it."""
        for line in self:
            residual = line.amount_residual_currency
            if line.currency_id.compare_amounts(line.amount, 0) <= 0:
                raise UserError(
                    self.env._(
                        "Say how much of %(invoice)s is written off, or remove the line.",
                        invoice=line.name,
                    )
                )
            if line.currency_id.compare_amounts(line.amount, residual) > 0:
                raise UserError(
                    self.env._(
                        "No more than %(amount)s of %(invoice)s is open.",
                        amount=format_amount(self.env, residual, line.currency_id),
                        invoice=line.name,
                    )
                )

    def _get_invoice(self):
        return self.move_line_id._collection_get_sources().move_id

    def _get_balance(self):
        """Return what is given up in the currency of the company: its share of what is open."""
        residual = self.amount_residual_currency
        if self.currency_id.compare_amounts(self.amount, residual) == 0:
            return self.move_line_id.amount_residual
        company_currency = self.move_line_id.company_currency_id
        return company_currency.round(self.move_line_id.amount_residual * self.amount / residual)

    def _prepare_receivable_vals(self):
        self.ensure_one()
        item = self.move_line_id
        return {
            "name": self.env._("Write-off of %(invoice)s", invoice=self.name),
            "account_id": item.account_id.id,
            "partner_id": item.partner_id.id,
            "currency_id": item.currency_id.id,
            "amount_currency": -self.amount,
            "balance": -self._get_balance(),
        }

    def _prepare_tax_vals_list(self, invoice):
        """Return the tax of an invoice, line by line, as far as it is recovered."""
        share = sum(self.mapped("amount")) / invoice.amount_total if invoice.amount_total else 0
        vals_list = []
        for tax_line in invoice.line_ids.filtered("tax_repartition_line_id"):
            vals = self._prepare_tax_vals(tax_line, share)
            if vals["amount_currency"] or vals["balance"]:
                vals_list.append(vals)
        return vals_list

    def _prepare_tax_vals(self, tax_line, share):
        refund_line = tax_line._collection_get_refund_repartition_line()
        return {
            "name": tax_line.name,
            "account_id": (refund_line.account_id or tax_line.account_id).id,
            "partner_id": tax_line.partner_id.id,
            "currency_id": tax_line.currency_id.id,
            "amount_currency": -tax_line.currency_id.round(tax_line.amount_currency * share),
            "balance": -tax_line.company_currency_id.round(tax_line.balance * share),
            "tax_repartition_line_id": refund_line.id,
            "tax_tag_ids": [Command.set(refund_line.tag_ids.ids)],
        }

    def _prepare_loss_vals(self, invoice, taxes):
        """Return the loss on an invoice: what is given up and not recovered."""
        wizard = self.wizard_id
        item = self.move_line_id[:1]
        amount = sum(self.mapped("amount")) - sum(vals["amount_currency"] for vals in taxes)
        balance = sum(line._get_balance() for line in self) - sum(vals["balance"] for vals in taxes)
        return {
            "name": self.env._(
                "Write-off of %(invoice)s: %(reason)s", invoice=invoice.name, reason=wizard.reason
            ),
            "account_id": wizard.account_id.id,
            "partner_id": item.partner_id.id,
            "currency_id": item.currency_id.id,
            "amount_currency": item.currency_id.round(amount),
            "balance": item.company_currency_id.round(balance),
            "analytic_distribution": wizard.analytic_distribution,
            "tax_ids": [Command.clear()],
        }

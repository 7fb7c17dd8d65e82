import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every
from odoo.tools.misc import format_amount

_logger = logging.getLogger(__name__)


class CreditCollectionProvision(models.Model):
    """Debts that became doubtful, and the loss that is expected on them.

    One entry moves the debts to the account of doubtful debts, books the provision, or does both.
    The provision is written back in proportion as money comes in.
    """

    _name = "credit.collection.provision"
    _description = "Provision for Doubtful Debts"
    _inherit = ["credit.collection.case.booking"]

    line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_provision_line_rel",
        "provision_id",
        "move_line_id",
        "Doubtful items",
        readonly=True,
    )
    amount_open = fields.Monetary(
        "Doubtful", readonly=True, help="What the items owed when they became doubtful."
    )
    percentage = fields.Float("Loss expected (%)", readonly=True)
    base = fields.Monetary("Base of the provision", readonly=True)
    amount = fields.Monetary("Provision", readonly=True)
    amount_left = fields.Monetary(
        "Left of the provision", compute="_compute_amount_left", store=True
    )
    account_id = fields.Many2one("account.account", "Provision account", readonly=True)
    expense_account_id = fields.Many2one("account.account", "Expense account", readonly=True)
    move_ids = fields.One2many("account.move", "collection_provision_id", "Entries", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("done", "Settled"), ("cancel", "Undone")],
        required=True,
        default="open",
        readonly=True,
    )

    _percentage_valid = models.Constraint(
        "CHECK (percentage >= 0 AND percentage <= 100)", "A loss is between 0 and 100 percent."
    )
    _open_idx = models.Index("(id) WHERE state = 'open'")

    @api.depends("move_ids.state", "move_ids.line_ids.balance", "account_id")
    def _compute_amount_left(self):
        """What the entries say is still provided for."""
        for provision in self:
            lines = provision.move_ids.filtered(lambda move: move.state == "posted").line_ids
            own = lines.filtered(
                lambda line, account=provision.account_id: line.account_id == account
            )
            provision.amount_left = -sum(own.mapped("balance"))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any("state" in vals for vals in vals_list):
            raise UserError(self.env._("A provision begins as an open one."))
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A provision changes only through its buttons."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A provision is part of the file of the customer: undo it instead.")
        )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_undo(self):
        """Reverse the entries: the debts are back on their account, and nothing is provided for."""
        self.check_access("create")  # who may provide, may take it back
        for provision in self.filtered(lambda one: one.state == "open"):
            provision._undo()

    def action_open_entries(self):
        self.ensure_one()
        return self.move_ids._collection_get_action()

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _undo(self):
        self.ensure_one()
        moved = self.line_ids.filtered("collection_origin_line_id")
        if moved.matched_credit_ids or self.currency_id.compare_amounts(
            self.amount, self.amount_left
        ):
            raise UserError(
                self.env._(
                    "Money came in since: what is left of the provision is written back as the "
                    "rest is paid or written off."
                )
            )
        self.move_id._collection_reverse(
            self.env._("Reversal of: %(reason)s", reason=self.reason),
            collection_provision_id=self.id,
        )
        self.sudo().state = "cancel"  # nobody writes the state but us
        self._log(
            self.env._(
                "The debt is not doubtful any more: %(entry)s was reversed by %(user)s.",
                entry=self.move_id.name,
                user=self.env.user.name,
            )
        )

    def _log(self, body):
        """Note what happened on the case and on the invoices."""
        self.ensure_one()
        self.case_id._log(body, self.line_ids._collection_get_sources().move_id)

    @api.model
    def _cron_follow(self, batch_size=50):
        """Write back what money that came in has made superfluous."""
        found = self._find_to_follow()
        self.env["ir.cron"]._commit_progress(remaining=len(found))
        for ids in split_every(batch_size, found.ids):
            for provision in self.browse(ids).try_lock_for_update():
                provision._follow_or_log()
            self.env["ir.cron"]._commit_progress(len(ids))

    @api.model
    def _find_to_follow(self):
        """Return the open provisions that are larger than what is still open asks for."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT provision.id
                  FROM credit_collection_provision provision
             LEFT JOIN credit_collection_provision_line_rel rel ON rel.provision_id = provision.id
             LEFT JOIN account_move_line line
                    ON line.id = rel.move_line_id AND line.parent_state = 'posted'
                 WHERE provision.state = 'open'
              GROUP BY provision.id
                HAVING COALESCE(sum(line.amount_residual), 0) < provision.amount_open
                """
            )
        )
        found = self.browse([row[0] for row in rows])
        return found.filtered(lambda one: one._get_excess() or not one._get_amount_open())

    def _get_amount_open(self):
        """Return what is still open of the doubtful items."""
        lines = self.line_ids.filtered(lambda line: line.parent_state == "posted")
        return self.currency_id.round(sum(max(line.amount_residual, 0) for line in lines))

    def _get_excess(self):
        """Return how much of the provision what is still open does not ask for."""
        self.ensure_one()
        share = min(self._get_amount_open() / self.amount_open, 1) if self.amount_open else 0
        excess = self.currency_id.round(self.amount_left - self.amount * share)
        return max(excess, 0)

    def _follow_or_log(self):
        """Follow the ledger; what fails is logged, and stops no other provision."""
        try:
            with self.env.cr.savepoint():
                self._follow()
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries again
        except Exception:
            _logger.exception("Collections: %s was not written back", self.display_name)

    def _follow(self):
        """Write back the excess; nothing is left to follow when everything is paid."""
        self.ensure_one()
        excess = self._get_excess()
        if excess:
            entry = self._write_back(excess)
            self._log(
                self.env._(
                    "%(amount)s of the provision was written back (%(entry)s).",
                    amount=format_amount(self.env, excess, self.currency_id),
                    entry=entry.name,
                )
            )
        if not self._get_amount_open():
            self.sudo().state = "done"

    def _write_back(self, amount):
        company = self.company_id
        Move = self.env["account.move"].with_company(company)
        entry = Move.create(self._prepare_write_back_vals(amount))
        entry._post(soft=False)
        return entry

    def _prepare_write_back_vals(self, amount):
        """Return the entry that takes back a part of the provision, on the first open day."""
        journal = self.move_id.journal_id
        label = self.env._(
            "Provision written back: %(customer)s", customer=self.case_id.display_name
        )
        return {
            "move_type": "entry",
            "date": self.company_id._collection_get_open_date(journal, has_tax=False),
            "journal_id": journal.id,
            "ref": label,
            "collection_provision_id": self.id,
            "line_ids": [
                fields.Command.create(vals)
                for vals in self._prepare_provision_vals_list(
                    self.case_id, label, -amount, self.account_id, self.expense_account_id
                )
            ],
        }

    @api.model
    def _prepare_provision_vals_list(self, case, label, amount, account, expense_account):
        """Return the two lines that provide for an amount, or write a negative one back."""
        return [
            {
                "name": label,
                "account_id": one.id,
                "partner_id": case.partner_id.id,
                "balance": balance,
            }
            for one, balance in ((expense_account, amount), (account, -amount))
        ]

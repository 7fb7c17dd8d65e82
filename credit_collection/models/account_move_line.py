from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    collection_origin_line_id = fields.Many2one(
        "account.move.line",
        "Moved from",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The item of the invoice that became doubtful: its reminders count for this one.",
    )

    def write(self, vals):
        res = super().write(vals)
        if {"date_maturity", "no_followup", "partner_id"} & vals.keys():
            posted = self.filtered(lambda line: line.parent_state == "posted")
            self.env["account.move"]._collection_touch(moves=posted.move_id)
        return res

    def _collection_get_sources(self):
        """Return the items of the invoices themselves, where these were moved from them."""
        return self.browse().union(*(line.collection_origin_line_id or line for line in self))

    def _collection_get_product_name(self):
        """Return what was sold, in the fewest words."""
        self.ensure_one()
        return self.product_id.name or next(iter((self.name or "").splitlines()), "")

    def _collection_get_residual(self, currency):
        """Return what is open of an item, in its currency or else in that of the company."""
        return (
            self.amount_residual_currency if currency == self.currency_id else self.amount_residual
        )

    def _collection_get_interest_stop_dates(self):
        """Return `{line: day}` for those of these items on which interest has stopped.

        The day is the first one on which an insolvency stops it, on whatever account the item is.
        """
        covered = self.env["credit.collection.litigation.line"].search(
            [
                ("move_id", "in", self._collection_get_sources().move_id.ids),
                ("category", "=", "insolvency"),
            ]
        )
        stops = {}
        for line in covered:
            stop = line.litigation_id._get_interest_stop_date()
            source = line.move_line_id._collection_get_sources()
            if stop and source:
                stops[source] = min(stop, stops.get(source, stop))
        return {
            line: stops[source]
            for line in (self if stops else ())
            if (source := line._collection_get_sources()) in stops
        }

    def _collection_get_interest(self, until=None):
        """Return `{item: Derivation}`: the late interest up to a day, and what it follows from.

        Also of items that were paid late. See `credit.collection.interest`.
        """
        return self.env["credit.collection.interest"]._derive(self, until)

    @api.model
    def _collection_get_is_written_off_sql(self):
        """Return the condition that a `credit` is no payment: the debt was given up."""
        return SQL(
            """
            EXISTS (SELECT FROM credit_collection_write_off write_off
                     WHERE write_off.move_id = credit.move_id)
            """
        )

    @api.model
    def _collection_get_is_moved_sql(self):
        """Return the condition that a `credit` is no payment: the debt went to another account."""
        return SQL(
            """
            EXISTS (SELECT FROM account_move_line moved
                      JOIN account_move entry ON entry.id = credit.move_id
                     WHERE moved.move_id IN (entry.id, entry.reversed_entry_id)
                       AND moved.collection_origin_line_id IS NOT NULL)
            """
        )

    @api.model
    def _collection_get_is_given_up_sql(self):
        """Return the condition that a `credit` is no payment: it was written off, or moved."""
        return SQL(
            "(%s OR %s)",
            self._collection_get_is_written_off_sql(),
            self._collection_get_is_moved_sql(),
        )

    def _collection_get_untaxed_share(self):
        """Return which part of an item is not tax; all of it when no invoice says otherwise."""
        move = self._collection_get_sources().move_id
        if not move.is_invoice(include_receipts=True) or not move.amount_total:
            return 1.0
        return move.amount_untaxed / move.amount_total

    def _collection_is_claim_on(self, case):
        """Return whether this is an item of the customer of a case."""
        return (
            self.company_id == case.company_id
            and self.partner_id.commercial_partner_id == case.partner_id
            and self.account_type == "asset_receivable"
        )

    def _collection_check_claims(self, case):
        """Refuse what is not, or no more, an open debt of the customer of a case."""
        for line in self:
            is_claim = (
                line._collection_is_claim_on(case)
                and line.parent_state == "posted"
                and line.currency_id.compare_amounts(line.amount_residual_currency, 0) > 0
            )
            if not is_claim:
                raise UserError(
                    self.env._(
                        "%(item)s is no open debt of %(customer)s any more.",
                        item=line.move_name or line.display_name,
                        customer=case.display_name,
                    )
                )

    def _collection_check_not_planned(self):
        """Refuse what a payment plan reads its payments from: it would look paid."""
        planned = self.env["credit.collection.payment.plan.line"].search(
            [
                ("move_line_id", "in", (self | self._collection_get_sources()).ids),
                ("plan_id.state", "=", "active"),
            ],
            limit=1,
        )
        if planned:
            raise UserError(
                self.env._(
                    "%(item)s is in the payment plan %(plan)s: cancel the plan first.",
                    item=planned.move_line_id.move_name,
                    plan=planned.plan_id.display_name,
                )
            )

    def _collection_get_refund_repartition_line(self):
        """Return the line of the refunds of a tax that mirrors this one of its invoices."""
        self.ensure_one()
        own = self.tax_repartition_line_id
        tax = own.tax_id
        position = tax.invoice_repartition_line_ids.ids.index(own.id)
        return tax.refund_repartition_line_ids[position]

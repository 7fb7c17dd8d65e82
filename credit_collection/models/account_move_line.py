from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import WRITTEN_CHANNELS


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

    def _collection_get_first_letters(self):
        """Return the notices by which each of these items was first claimed in writing."""
        sources = self._collection_get_sources()
        claimed = self.env["credit.collection.dunning.line"].search(
            [
                ("move_line_id", "in", (self | sources).ids),
                ("level_id", "!=", False),
                ("dunning_id.state", "=", "sent"),
                (
                    "dunning_id.delivery_ids",
                    "any",
                    [("state", "=", "sent"), ("channel", "in", WRITTEN_CHANNELS)],
                ),
            ]
        )
        letters = claimed.dunning_id.sorted(lambda one: (one.date_sent, one.id))
        by_source = claimed.grouped(lambda line: line.move_line_id._collection_get_sources())
        first = {
            source: next(one for one in letters if one in lines.dunning_id)
            for source, lines in by_source.items()
        }
        return letters.filtered(lambda one: one in first.values())

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
    def _collection_get_open_sql(self, date, companies=None):
        """Return every receivable line with what was open of it on the evening of a day.

        That is what is open now and what was matched since: by entries dated after the day, not by
        when somebody entered them. Later entries never change it. A debt that was moved to another
        account belongs to its invoice, as in the assessment.

        :param date: the day, or SQL that gives it
        :param res.company companies: whose ledgers; those of every company by default
        """
        # what is open now is found by an index: what was settled long ago is not read
        parts = (
            (SQL("LEFT JOIN"), SQL("line.reconciled IS NOT TRUE")),
            (SQL("JOIN"), SQL("line.reconciled")),
        )
        lines = SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT line.id, line.collection_origin_line_id, line.move_id, line.company_id,
                       line.company_currency_id, line.currency_id, line.account_id,
                       line.partner_id, line.date,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       line.balance, line.amount_currency,
                       line.amount_residual + COALESCE(later.amount, 0) AS amount_residual,
                       line.amount_residual_currency + COALESCE(later.amount_currency, 0)
                           AS amount_residual_currency
                  FROM account_move_line line
               %(join)s later ON later.line_id = line.id
                 WHERE line.account_id = ANY (ARRAY(
                           SELECT id FROM account_account WHERE account_type = 'asset_receivable'
                       ))
                   AND line.parent_state = 'posted'
                   AND line.date <= %(date)s
                   AND %(is_reconciled)s
                   AND %(companies)s
                """,
                join=join,
                is_reconciled=is_reconciled,
                date=date,
                companies=self.env["credit.collection.item"]._get_company_sql(
                    companies, "line.company_id"
                ),
            )
            for join, is_reconciled in parts
        )
        return SQL(
            """
            WITH later AS MATERIALIZED (
                SELECT line_id, sum(amount) AS amount, sum(amount_currency) AS amount_currency
                  FROM (
                           SELECT debit_move_id AS line_id, amount,
                                  debit_amount_currency AS amount_currency
                             FROM account_partial_reconcile
                            WHERE max_date > %(date)s
                        UNION ALL
                           SELECT credit_move_id, -amount, -credit_amount_currency
                             FROM account_partial_reconcile
                            WHERE max_date > %(date)s
                       ) matched
              GROUP BY line_id
            )
            SELECT line.id, COALESCE(line.collection_origin_line_id, line.id) AS source_id,
                   %(source_move)s AS move_id,
                   line.company_id, line.company_currency_id, line.currency_id, line.account_id,
                   partner.commercial_partner_id AS partner_id, line.date, line.date_due,
                   line.balance, line.amount_currency, line.amount_residual,
                   line.amount_residual_currency
              FROM (%(lines)s) line
         LEFT JOIN res_partner partner ON partner.id = line.partner_id
             WHERE line.amount_residual != 0 OR line.amount_residual_currency != 0
            """,
            date=date,
            lines=lines,
            source_move=self._collection_get_source_move_sql(),
        )

    @api.model
    def _collection_get_source_move_sql(self):
        """Return the entry to which a `line` belongs: that of its invoice, if it was moved.

        Hardly a line was: a join would read the ledger twice.
        """
        return SQL(
            """
            CASE WHEN line.collection_origin_line_id IS NULL THEN line.move_id
                 ELSE (SELECT origin.move_id
                         FROM account_move_line origin
                        WHERE origin.id = line.collection_origin_line_id)
             END
            """
        )

    @api.model
    def _collection_get_is_written_off_sql(self):
        """Return the condition that a `credit` is no payment: the debt was given up."""
        return SQL(
            """
            credit.move_id IN (SELECT move_id FROM credit_collection_write_off
                                WHERE move_id IS NOT NULL)
            """
        )

    @api.model
    def _collection_get_is_moved_sql(self):
        """Return the condition that a `credit` is no payment: the debt went to another account."""
        return SQL(
            """
            credit.move_id IN (
                   SELECT moved.move_id
                     FROM account_move_line moved
                    WHERE moved.collection_origin_line_id IS NOT NULL
                UNION ALL
                   SELECT reversal.id
                     FROM account_move_line moved
                     JOIN account_move reversal ON reversal.reversed_entry_id = moved.move_id
                    WHERE moved.collection_origin_line_id IS NOT NULL)
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

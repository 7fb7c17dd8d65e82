from odoo import api, models
from odoo.tools import SQL


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    _collection_date_idx = models.Index("(max_date)")  # what was matched since a day

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._touch_collection_cases()
        return partials

    def unlink(self):
        self._touch_collection_cases()
        return super().unlink()

    def _touch_collection_cases(self):
        self.env["account.move"]._collection_touch(
            moves=(self.debit_move_id | self.credit_move_id).move_id
        )

    @api.model
    def _collection_get_payment_sql(self, date, companies=None):
        """Return what was paid of each receivable up to a day, a row for each matching.

        Not what was credited, written off or moved, no exchange difference, and nothing that takes
        a payment back. The day is that on which the later of the two was booked.
        """
        return SQL(
            """
            SELECT partial.id, partial.company_id, partial.max_date AS date, partial.amount,
                   partial.debit_amount_currency AS amount_currency, entry.id AS entry_id,
                   claim.id AS source_id, claim.move_id, claim.currency_id,
                   claim.date AS date_booked, COALESCE(claim.date_maturity, claim.date) AS date_due,
                   partner.commercial_partner_id AS partner_id
              FROM account_partial_reconcile partial
              JOIN account_move_line debit ON debit.id = partial.debit_move_id
              JOIN account_move_line claim
                ON claim.id = COALESCE(debit.collection_origin_line_id, debit.id)
              JOIN account_move_line credit ON credit.id = partial.credit_move_id
              JOIN account_move entry ON entry.id = credit.move_id
              JOIN account_move document ON document.id = claim.move_id
         LEFT JOIN res_partner partner ON partner.id = claim.partner_id
             WHERE partial.max_date <= %(date)s
               AND debit.account_id = ANY (ARRAY(
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable'
                   ))
               AND debit.parent_state = 'posted' AND credit.parent_state = 'posted'
               AND document.move_type IN ('out_invoice', 'out_receipt', 'entry')
               AND document.origin_payment_id IS NULL
               AND document.statement_line_id IS NULL
               AND document.reversed_entry_id IS DISTINCT FROM entry.id
               AND entry.reversed_entry_id IS DISTINCT FROM document.id
               AND entry.move_type != 'out_refund'
               AND entry.id NOT IN (
                       SELECT exchange_move_id FROM account_partial_reconcile
                        WHERE exchange_move_id IS NOT NULL)
               AND NOT %(is_given_up)s
               AND %(companies)s
            """,
            date=date,
            is_given_up=self.env["account.move.line"]._collection_get_is_given_up_sql(),
            companies=self.env["credit.collection.item"]._get_company_sql(
                companies, "partial.company_id"
            ),
        )

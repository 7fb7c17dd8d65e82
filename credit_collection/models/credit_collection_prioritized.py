from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# How far back the habits of a customer are read.
_HABIT_DAYS = 730
_SALES_DAYS = 365


class CreditCollectionPrioritized(models.AbstractModel):
    """The part of a case that is about its place in the worklist: how urgent, and whose."""

    _name = "credit.collection.prioritized"
    _description = "Row of the Worklist"

    priority = fields.Integer(
        default=0,
        readonly=True,
        aggregator=False,
        help="The sum of the points of the priority rules: the worklist is in this order.",
    )
    priority_parts = fields.Json(readonly=True)
    priority_text = fields.Char("Why first", compute="_compute_priority_text")
    days_late_average = fields.Integer(
        "Pays late by",
        readonly=True,
        aggregator="avg",
        help="Days between due date and payment, on average of the invoices of two years.",
    )
    acting_user_id = fields.Many2one(
        "res.users",
        "Worked by",
        compute="_compute_acting_user_id",
        search="_search_acting_user_id",
        help="The collector, or who stands in for him while he is away.",
    )

    @api.depends("priority_parts")
    @api.depends_context("lang")
    def _compute_priority_text(self):
        Rule = self.env["credit.collection.priority.rule"]
        for case in self:
            case.priority_text = Rule._describe(case.priority_parts or {})

    @api.depends("user_id", "company_id")
    def _compute_acting_user_id(self):
        Absence = self.env["credit.collection.absence"]
        for company, cases in self.grouped("company_id").items():
            substitutes = Absence._get_substitutes(company)
            for case in cases:
                case.acting_user_id = substitutes.get(case.user_id, case.user_id)

    def _search_acting_user_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        Absence = self.env["credit.collection.absence"]
        domain = Domain.FALSE
        for companies, substitutes in Absence._get_substitutes_by_company(self.env.companies):
            own = set(value) - {user.id for user in substitutes}
            own |= {user.id for user, by in substitutes.items() if by.id in value}
            domain |= Domain("company_id", "in", companies.ids) & Domain("user_id", "in", list(own))
        return domain

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _update_priorities(self):
        """Order these cases anew, where something other than the ledger has changed."""
        self.env.flush_all()
        self.env["credit.collection.priority.rule"]._update_priorities(
            SQL("cases.id = ANY(%s)", list(self.ids)), fields.Date.context_today(self)
        )
        self.invalidate_model(["priority", "priority_parts", "priority_text"])

    def _assign_by_rule(self):
        """Give these cases to the collectors that the assignment rules name; return the rest."""
        rest = self
        for user, cases in self._get_users_by_rule().items():
            cases.user_id = user
            rest -= cases
        return rest

    def _get_users_by_rule(self):
        """Return `{user: his cases}` as the rules have it, without the cases that none fits."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT cases.id, %(user)s
                  FROM credit_collection_case cases
                  JOIN res_partner partner ON partner.id = cases.partner_id
                 WHERE cases.id = ANY(%(ids)s)
                """,
                user=self.env["credit.collection.assignment.rule"]._get_user_sql(
                    SQL("cases.company_id"), SQL("cases.amount_overdue")
                ),
                ids=list(self.ids),
            )
        )
        found = {case_id: user_id for case_id, user_id in rows if user_id}
        users = self.env["res.users"]
        return {
            users.browse(user_id): self.filtered(
                lambda case, own=user_id: found.get(case.id) == own
            )
            for user_id in set(found.values())
        }

    @api.model
    def _update_habits(self, company, date):
        """Read from the ledger how late the customers of a company pay, and what they buy."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH paid AS (
                    SELECT debtor.commercial_partner_id AS partner_id,
                           round(avg(settled.date - line.date_maturity))::int AS days
                      FROM account_move_line line
                      JOIN account_account account ON account.id = line.account_id
                       AND account.account_type = 'asset_receivable'
                      JOIN res_partner debtor ON debtor.id = line.partner_id
                      JOIN LATERAL (
                               SELECT max(part.max_date) AS date
                                 FROM account_partial_reconcile part
                                 JOIN account_move_line credit ON credit.id = part.credit_move_id
                                 JOIN account_move entry ON entry.id = credit.move_id
                                WHERE part.debit_move_id = line.id
                                  AND entry.move_type != 'out_refund'
                                  AND entry.reversed_entry_id IS DISTINCT FROM line.move_id
                                  AND NOT %(is_given_up)s
                           ) settled ON settled.date IS NOT NULL
                     WHERE line.company_id = %(company)s AND line.parent_state = 'posted'
                       AND line.reconciled AND line.balance > 0
                       AND line.date_maturity > %(date)s - %(habit_days)s
                  GROUP BY debtor.commercial_partner_id
                ), sold AS (
                    SELECT commercial_partner_id AS partner_id,
                           sum(amount_untaxed_signed) AS amount
                      FROM account_move
                     WHERE company_id = %(company)s AND state = 'posted'
                       AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                       AND invoice_date > %(date)s - %(sales_days)s
                  GROUP BY commercial_partner_id
                )
                UPDATE credit_collection_case cases
                   SET days_late_average = fresh.days, amount_sales = fresh.amount
                  FROM (
                           SELECT cases.id, paid.days, COALESCE(sold.amount, 0) AS amount
                             FROM credit_collection_case cases
                        LEFT JOIN paid ON paid.partner_id = cases.partner_id
                        LEFT JOIN sold ON sold.partner_id = cases.partner_id
                            WHERE cases.company_id = %(company)s
                       ) fresh
                 WHERE fresh.id = cases.id
                   AND (cases.days_late_average, cases.amount_sales)
                       IS DISTINCT FROM (fresh.days, fresh.amount)
                """,
                company=company.id,
                date=date,
                is_given_up=self.env["account.move.line"]._collection_get_is_given_up_sql(),
                habit_days=_HABIT_DAYS,
                sales_days=_SALES_DAYS,
            )
        )
        self.invalidate_model(["days_late_average", "amount_sales"])

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_amount

from ..const import DECISIONS
from ..long_date import format_long_date
from ..tools.ageing import days_late

_FEW = 50  # customers or entries whose number the planner may guess


class CreditCollectionItem(models.Model):
    """The collector's view of one open receivable line, rewritten by the assessment.

    Nobody edits an item. It says at which level the line stands, which notice comes next, when, and
    why not now.
    """

    _name = "credit.collection.item"
    _description = "Open Item"
    _order = "date_due, id"
    _log_access = False  # written by the hundred thousand: two foreign keys less

    case_id = fields.Many2one(
        "credit.collection.case", required=True, index=True, ondelete="cascade"
    )
    move_line_id = fields.Many2one("account.move.line", required=True, ondelete="cascade")
    level_id = fields.Many2one("credit.collection.level", ondelete="set null")
    next_level_id = fields.Many2one("credit.collection.level", "Next level", ondelete="set null")
    hold_id = fields.Many2one("credit.collection.hold", ondelete="set null")
    decision = fields.Selection(DECISIONS, required=True)
    is_first_reminder = fields.Boolean(
        "Free first reminder",
        help="The next notice is the first reminder that the law of consumers gives before all "
        "charges.",
    )
    date_due = fields.Date("Due date", required=True)
    date_last_notice = fields.Date("Last notice")
    date_next = fields.Date("Changes on", help="The day on which the decision changes by itself.")
    amount_residual = fields.Monetary(
        "Open (company currency)", currency_field="company_currency_id"
    )
    amount_claim = fields.Monetary(
        "Collected (company currency)",
        currency_field="company_currency_id",
        help="What is neither disputed nor on hold.",
    )
    amount_claim_currency = fields.Monetary("Collected")
    amount_disputed = fields.Monetary("Disputed", help="In the currency of the invoice.")
    is_ticked = fields.Boolean(
        "Ticked", help="What the customer speaks of: promises, plans and disputes are about it."
    )

    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        compute="_compute_move_id",
        search="_search_move_id",
        compute_sudo=True,
    )
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    company_id = fields.Many2one(related="case_id.company_id")
    company_currency_id = fields.Many2one(
        related="case_id.company_id.currency_id", string="Company currency"
    )
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_residual_currency = fields.Monetary(related="move_line_id.amount_residual_currency")
    days_late = fields.Integer(compute="_compute_days_late")
    explanation = fields.Char("Why", compute="_compute_explanation")

    _line_unique = models.UniqueIndex("(move_line_id)")
    _due_idx = models.Index("(case_id) WHERE decision = 'due'")

    @api.depends("move_line_id")
    def _compute_display_name(self):
        for item in self:
            item.display_name = item.move_line_id.sudo()._collection_get_sources().move_name

    @api.depends("move_line_id.collection_origin_line_id")
    def _compute_move_id(self):
        """The invoice, also after its debt was moved to another account."""
        for item in self:
            item.move_id = item.move_line_id._collection_get_sources().move_id

    def _search_move_id(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        own = Domain("move_line_id.collection_origin_line_id", "=", False)
        return (own & Domain("move_line_id.move_id", operator, value)) | Domain(
            "move_line_id.collection_origin_line_id.move_id", operator, value
        )

    @api.depends("date_due")
    def _compute_days_late(self):
        today = fields.Date.context_today(self)
        for item in self:
            item.days_late = (item.date_due and days_late(item.date_due, today)) or 0

    @api.depends("decision", "date_next", "level_id", "next_level_id", "hold_id")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for item in self:
            item.explanation = item._explain()

    # -------------------------------------------------------------------------
    # The sentence
    # -------------------------------------------------------------------------

    def _explain(self):
        """Say in a sentence or two what happens to this item, when, and why."""
        explain = getattr(self, f"_explain_{self.decision}", None)
        if explain:
            sentence = explain()
        else:
            labels = dict(self._fields["decision"]._description_selection(self.env))
            sentence = f"{labels[self.decision]}."
        if self.amount_disputed and self.amount_claim_currency:
            disputed = self.env._(
                "%(amount)s of it is disputed and not reminded.",
                amount=format_amount(self.env, self.amount_disputed, self.currency_id),
            )
            return f"{sentence} {disputed}"
        return sentence

    def _format_date(self, date):
        return format_long_date(self.env, date)

    def _is_level_chosen(self):
        """Return whether a manager has put the invoice at its level, and nothing was sent since."""
        move = self.move_id.sudo()  # the fields are a manager's to write, the sentence is for all
        return (
            move.collection_level_id == self.level_id
            and move.collection_level_date == self.date_last_notice
        )

    def _explain_credit(self):
        return self.env._("An open credit: it lowers what is claimed in the same currency.")

    def _explain_excluded(self):
        return self.env._('Never reminded: the entry is marked "Exclude from dunning".')

    def _explain_blocked(self):
        return self.env._("Not reminded while the payment of the invoice is blocked.")

    def _explain_in_payment(self):
        return self.env._("Not reminded: a payment is registered and on its way to the bank.")

    def _explain_no_dunning(self):
        return self.env._("Never reminded: the policy says no dunning.")

    def _explain_hold(self):
        hold = self.hold_id.sudo()  # the reason is for everybody who sees the item
        if not self.date_next:
            return self.env._(
                "On hold without an end: %(reason)s (%(owner)s).",
                reason=hold._get_cause(),
                owner=hold.user_id.name,
            )
        return self.env._(
            "On hold until %(date)s: %(reason)s (%(owner)s).",
            date=self._format_date(self.date_next),
            reason=hold._get_cause(),
            owner=hold.user_id.name,
        )

    def _explain_tolerance(self):
        return self.env._("Not reminded: the open amount is below the tolerance of the policy.")

    def _explain_credits(self):
        return self.env._("Not reminded: open credits of the customer cover it. Match them first.")

    def _explain_failed(self):
        dunning = self._get_failed_notice()
        vals = {
            "level": self.next_level_id.name,
            "reason": (dunning.note or "").rstrip("."),
            "advice": dunning._advise_on_failure(),
        }
        if dunning.has_failed_by_law:
            return self.env._("%(level)s was refused. %(reason)s. %(advice)s", **vals)
        return self.env._("%(level)s could not be delivered: %(reason)s. %(advice)s", **vals)

    def _get_failed_notice(self):
        """Return the notice about this item that did not reach the customer."""
        lines = self.move_line_id | self.move_line_id.collection_origin_line_id
        return self.case_id.sudo().dunning_ids.filtered(  # why, is for everybody who sees the item
            lambda one: one.state == "failed" and one.line_ids.move_line_id & lines
        )[:1]

    def _explain_period(self):
        return self.env._(
            "The period of the free first reminder runs until %(date)s: nothing is sent before.",
            date=self._format_date(fields.Date.subtract(self.date_next, days=1)),
        )

    def _explain_separate(self):
        return self.env._(
            "%(level)s waits for another notice to this customer: the free first reminder is a "
            "letter of its own.",
            level=self.next_level_id.name,
        )

    def _explain_last_level(self):
        if self.is_first_reminder:
            return self.env._(
                "The law gives consumers a free first reminder in writing, and the policy has no "
                "level for it: add one that sends a letter or an e-mail."
            )
        if not self.level_id:
            return self.env._("The policy has no level for it any more: decide what to do next.")
        if self._is_level_chosen():
            return self.env._(
                "Treated as reminded up to %(level)s, the last level: decide what to do next.",
                level=self.level_id.name,
            )
        return self.env._(
            "%(level)s, sent on %(date)s, was the last level: decide what to do next.",
            level=self.level_id.name,
            date=self._format_date(self.date_last_notice),
        )

    def _explain_not_late(self):
        days = (self.date_next - self.date_due).days
        if not days:
            return self.env._(
                "%(level)s on %(date)s: the due date.",
                level=self.next_level_id.name,
                date=self._format_date(self.date_next),
            )
        if days < 0:
            return self.env._(
                "%(level)s on %(date)s: %(days)s days before the due date.",
                level=self.next_level_id.name,
                date=self._format_date(self.date_next),
                days=-days,
            )
        return self.env._(
            "%(level)s on %(date)s: %(days)s days after the due date, %(due)s.",
            level=self.next_level_id.name,
            date=self._format_date(self.date_next),
            days=days,
            due=self._format_date(self.date_due),
        )

    def _explain_waiting(self):
        if not self.level_id:
            return self.env._(
                "%(level)s on %(date)s.",
                level=self.next_level_id.name,
                date=self._format_date(self.date_next),
            )
        if self._is_level_chosen():
            return self.env._(
                "%(level)s on %(date)s: treated as reminded up to %(previous)s since %(day)s.",
                level=self.next_level_id.name,
                date=self._format_date(self.date_next),
                previous=self.level_id.name,
                day=self._format_date(self.date_last_notice),
            )
        return self.env._(
            "%(level)s on %(date)s: %(days)s days after %(previous)s, sent %(sent)s.",
            level=self.next_level_id.name,
            date=self._format_date(self.date_next),
            days=(self.date_next - self.date_last_notice).days,
            previous=self.level_id.name,
            sent=self._format_date(self.date_last_notice),
        )

    def _explain_quiet(self):
        sent = self.case_id.date_last_notice
        return self.env._(
            "%(level)s on %(date)s: at least %(days)s days between two notices to this customer, "
            "the last one sent %(sent)s.",
            level=self.next_level_id.name,
            date=self._format_date(self.date_next),
            days=(self.date_next - sent).days,
            sent=self._format_date(sent),
        )

    def _explain_queued(self):
        return self.env._(
            "A notice to this customer is approved and about to be sent (%(level)s).",
            level=self.next_level_id.name,
        )

    def _explain_minimum(self):
        return self.env._(
            "Not reminded: the customer owes less than the %(amount)s that %(level)s asks for.",
            amount=format_amount(
                self.env, self.next_level_id.amount_min, self.company_id.currency_id
            ),
            level=self.next_level_id.name,
        )

    def _explain_due(self):
        sentence = self.env._(
            "%(level)s is due since %(date)s: the next run proposes it.",
            level=self.next_level_id.name,
            date=self._format_date(self.date_next),
        )
        if not self.is_first_reminder:
            return sentence
        law = self.env._("It is the free first reminder that the law gives to consumers.")
        return f"{sentence} {law}"

    def action_tick(self):
        """Tick these items, or take the tick away: the next agreement is about what is ticked."""
        self.case_id.check_access("write")
        for item in self.sudo():  # nothing else of an item is written by people
            item.is_ticked = not item.is_ticked

    def action_open_document(self):
        self.ensure_one()
        return self.move_line_id._collection_get_sources().action_open_business_doc()

    def _get_agreement(self):
        """Return the promise, plan or other agreement that holds this item, if any."""
        return self.hold_id.sudo()._get_origin() if self.hold_id else self.hold_id

    def action_write_off(self):
        """Open the proposal to write off these items."""
        case = self._get_only_case()
        lines = [
            fields.Command.create(
                {
                    "move_line_id": item.move_line_id.id,
                    "amount": item.amount_residual_currency,
                }
            )
            for item in self
        ]
        return case._open_new(
            self.env._("Write off"), "credit.collection.case.write.off", default_line_ids=lines
        )

    def _get_only_case(self):
        """Return the case of these items, which are debts of one customer in one company."""
        if len(self.case_id) != 1:
            raise UserError(self.env._("Choose items of one customer at a time."))
        if "credit" in self.mapped("decision"):
            raise UserError(self.env._("Leave out the open credits: match them instead."))
        return self.case_id

    def action_doubtful(self):
        """Open the proposal to treat these items as doubtful."""
        return self._get_only_case()._open_new(
            self.env._("Move to doubtful"),
            "credit.collection.case.doubtful",
            default_move_line_ids=self.move_line_id.ids,
        )

    def _schedule_large_tasks(self):
        """Give the collector a task for each customer with a large invoice among these."""
        for item in self:
            if item.move_id.amount_residual_signed >= item.company_id.collection_large_amount:
                item.case_id._schedule_task(
                    "credit_collection.mail_activity_type_large_overdue",
                    note=item.move_id.display_name,
                )

    # -------------------------------------------------------------------------
    # The assessment
    # -------------------------------------------------------------------------

    @api.model
    def _assess(self, companies=None, date=None, partners=None, moves=None):
        """Decide about every open receivable line of the companies, in one statement.

        Writes the items and the totals of the cases; what has not changed is not touched. There is
        no other implementation of the rules: the daily run, the preview, the sentence on the
        invoice and the replay of a policy on past months all read what this writes.

        :param res.company companies: whose ledgers; those of every company by default
        :param datetime.date date: the day of the decision; today by default
        :param res.partner partners: only these customers (commercial partners) ...
        :param account.move moves: ... and the customers of these entries
        """
        self.env.flush_all()
        date = date or fields.Date.context_today(self)
        scope = self._get_scope_sql(partners, moves)
        changed = self.env.execute_query(self._get_assess_sql(companies, date, scope))
        if date == fields.Date.context_today(self):
            self.env["credit.collection.priority.rule"]._update_priorities(
                SQL("%s AND %s", self._get_company_sql(companies, "cases.company_id"), scope), date
            )
        self.env["credit.collection.item"].invalidate_model()
        self.env["credit.collection.case"].invalidate_model()
        Case = self.env["credit.collection.case"].sudo()  # whoever books the last payment
        closed_with_tasks = [case_id for case_id, has_closed, _agreed in changed if has_closed]
        if closed_with_tasks:
            Case.browse(closed_with_tasks)._close_tasks()
        agreed = [case_id for case_id, _has_closed, is_agreed in changed if is_agreed]
        if agreed:
            Case.browse(agreed)._follow_agreements()

    def _get_assess_sql(self, companies, date, scope):
        return SQL(
            """
            WITH policy AS MATERIALIZED (%(policy)s),
                 law AS MATERIALIZED (%(law)s),
                 open_line AS MATERIALIZED (%(open_line)s),
                 relative AS MATERIALIZED (%(relative)s),
                 customer AS MATERIALIZED (%(customer)s),
                 notice AS (%(notice)s),
                 hold AS MATERIALIZED (%(hold)s),
                 held AS MATERIALIZED (%(held)s),
                 disputed AS MATERIALIZED (%(disputed)s),
                 placed AS (%(placed)s),
                 claimed AS (%(claimed)s),
                 rated AS (%(rated)s),
                 decided AS MATERIALIZED (%(decided)s),
                 total AS MATERIALIZED (%(total)s),
                 opened AS (%(open_cases)s),
                 gone AS (%(delete_items)s),
                 changed AS (%(update_items)s),
                 added AS (%(insert_items)s)
            %(update_cases)s
            """,
            policy=self._get_policy_sql(),
            law=self._get_law_sql(),
            open_line=self._get_open_line_sql(companies, scope),
            relative=self._get_relative_sql(),
            customer=self._get_customer_sql(),
            notice=self._get_notice_sql(companies),
            hold=self._get_hold_sql(date),
            held=self._get_held_sql(),
            disputed=self._get_disputed_sql(),
            placed=self._get_placed_sql(date),
            claimed=self._get_claimed_sql(),
            rated=self._get_rated_sql(date),
            decided=self._get_decided_sql(date),
            total=self._get_total_sql(date),
            open_cases=self._get_open_cases_sql(),
            delete_items=self._get_delete_items_sql(companies, scope),
            update_items=self._get_update_items_sql(),
            insert_items=self._get_insert_items_sql(),
            update_cases=self._get_update_cases_sql(companies, scope),
        )

    def _get_policy_sql(self):
        """Each policy with its ladder as arrays: the position in the ladder is a `width_bucket`."""
        return SQL(
            """
            SELECT policy.id, policy.is_no_dunning IS TRUE AS is_no_dunning,
                   policy.include_in_payment IS TRUE AS include_in_payment,
                   COALESCE(policy.quiet_days, 0) AS quiet_days,
                   COALESCE(policy.tolerance, 0) AS tolerance, policy.catch_up = 'jump' AS jumps,
                   array_agg(level.id ORDER BY level.delay_days)
                       FILTER (WHERE level.id IS NOT NULL) AS level_ids,
                   array_agg(level.delay_days ORDER BY level.delay_days)
                       FILTER (WHERE level.id IS NOT NULL) AS delays,
                   array_agg(level.delay_days + CASE WHEN level.delay_days < 0 THEN 0
                                                     ELSE COALESCE(policy.grace_days, 0) END
                             ORDER BY level.delay_days)
                       FILTER (WHERE level.id IS NOT NULL) AS starts,
                   -- the first level in writing after the due date
                   min(level.delay_days) FILTER (WHERE level.delay_days >= 0
                       AND (level.send_email OR level.send_letter)) AS first_delay,
                   array_agg(COALESCE(level.wait_days, 0) ORDER BY level.delay_days) AS waits,
                   array_agg(COALESCE(level.amount_min, 0) ORDER BY level.delay_days) AS minimums
              FROM credit_collection_policy policy
         LEFT JOIN credit_collection_level level ON level.policy_id = policy.id AND level.active
             WHERE policy.active
          GROUP BY policy.id
            """
        )

    def _get_law_sql(self):
        """The law of each country for consumers, as each company has it.

        The same as `credit.collection.legal.profile._find`: a profile of the company first, and one
        of one's own before the shipped one.
        """
        return SQL(
            """
            SELECT DISTINCT ON (company.id, profile.country_id)
                   company.id AS company_id, profile.country_id, profile.reminder_days,
                   profile.letter_interval_days
              FROM res_company company
              JOIN credit_collection_legal_profile profile
                ON COALESCE(profile.company_id, company.id) = company.id
             WHERE profile.active AND profile.debtor_kind = 'consumer'
          ORDER BY company.id, profile.country_id, profile.company_id,
                   profile.is_shipped NULLS FIRST, profile.id
            """
        )

    def _get_scope_sql(self, partners, moves):
        """The customers to look at, as a condition on `partner`; everybody when none is named.

        The planner takes what a subquery finds for ten customers: it does for a few entries, and
        saves a query. When there are many, they are named.
        """
        if partners is None and moves is None:
            return SQL("TRUE")
        named, entries = list(partners.ids if partners else ()), list(moves.ids if moves else ())
        if len(named) + len(entries) > _FEW:
            found = self.env.execute_query(self._get_debtors_sql(entries)) if entries else ()
            named = list({*named, *(debtor_id for (debtor_id,) in found if debtor_id)})
            return SQL("partner.commercial_partner_id = ANY(%s)", named)
        return SQL(
            """
            partner.commercial_partner_id = ANY (ARRAY(
                SELECT unnest(%(partners)s::int[])
             UNION
                %(debtors)s
            ))
            """,
            partners=named,
            debtors=self._get_debtors_sql(entries),
        )

    def _get_debtors_sql(self, move_ids):
        return SQL(
            """
            SELECT debtor.commercial_partner_id
              FROM account_move_line line
              JOIN res_partner debtor ON debtor.id = line.partner_id
             WHERE line.move_id = ANY(%s)
            """,
            move_ids,
        )

    def _get_company_sql(self, companies, column):
        """The companies to look at, as a condition on a column."""
        if companies is None:
            return SQL("TRUE")
        return SQL("%s = ANY(%s)", SQL.identifier(*column.split(".")), list(companies.ids))

    def _get_open_line_sql(self, companies, scope):
        """Every open receivable line: debts, and the credits that lower them.

        What was moved to the account of doubtful debts still belongs to its invoice.
        """
        return SQL(
            """
            SELECT line.id, move.id AS move_id, line.collection_origin_line_id,
                   line.company_id, line.currency_id,
                   partner.commercial_partner_id AS partner_id,
                   company.collection_policy_id AS company_policy_id,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   line.amount_residual, line.amount_residual_currency, currency.decimal_places,
                   line.no_followup IS TRUE AS is_excluded, move.payment_state,
                   move.collection_policy_id, move.collection_level_id, move.collection_level_date,
                   move.collection_waiting_end
              FROM account_move_line line
              JOIN account_move move ON move.id = %(source_move)s
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN res_company company ON company.id = line.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
             WHERE line.account_id = ANY (ARRAY(
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable'
                   ))
               AND line.reconciled IS NOT TRUE
               AND line.parent_state = 'posted'
               AND line.amount_residual != 0
               AND %(companies)s
               AND %(scope)s
            """,
            source_move=self.env["account.move.line"]._collection_get_source_move_sql(),
            companies=self._get_company_sql(companies, "line.company_id"),
            scope=scope,
        )

    def _get_relative_sql(self):
        """The other lines that an open line was, or was moved to and back from.

        A debt is reminded once, whatever account it is on.
        """
        return SQL(
            """
            SELECT id AS line_id, collection_origin_line_id AS source_id, collection_level_date,
                   date_due
              FROM open_line
             WHERE collection_origin_line_id IS NOT NULL
         UNION ALL
            SELECT open_line.id, moved.id, open_line.collection_level_date, open_line.date_due
              FROM account_move_line moved
              JOIN open_line ON moved.collection_origin_line_id
                              = COALESCE(open_line.collection_origin_line_id, open_line.id)
             WHERE moved.collection_origin_line_id IS NOT NULL AND moved.id != open_line.id
            """
        )

    def _get_customer_sql(self):
        """Each customer with his case, old or new, and his policy: own, by segment, or standard."""
        return SQL(
            """
            SELECT debtor.company_id, debtor.partner_id, debtor.case_id IS NULL AS is_new,
                   COALESCE(debtor.case_id, nextval('credit_collection_case_id_seq')) AS case_id,
                   COALESCE(own.id, segment.policy_id, standard.id) AS policy_id,
                   debtor.date_sent, debtor.is_queued,
                   COALESCE(chosen.reminder_days, law.reminder_days, 0) > 0 AS is_protected,
                   COALESCE(chosen.letter_interval_days, law.letter_interval_days, 0)
                       AS letter_days
              FROM (
                       SELECT open_line.company_id, open_line.partner_id,
                              open_line.company_policy_id, cases.id AS case_id,
                              max(dunning.date_sent) FILTER (WHERE dunning.state = 'sent')
                                  AS date_sent,
                              COALESCE(bool_or(dunning.state = 'queued'), FALSE) AS is_queued
                         FROM (SELECT DISTINCT company_id, partner_id, company_policy_id
                                 FROM open_line) open_line
                    LEFT JOIN credit_collection_case cases
                           ON cases.partner_id = open_line.partner_id
                          AND cases.company_id = open_line.company_id
                    LEFT JOIN credit_collection_dunning dunning
                           ON dunning.case_id = cases.id AND dunning.state IN ('sent', 'queued')
                     GROUP BY open_line.company_id, open_line.partner_id,
                              open_line.company_policy_id, cases.id
                   ) debtor
              JOIN res_partner partner ON partner.id = debtor.partner_id
              JOIN res_company company ON company.id = debtor.company_id
              JOIN res_partner home ON home.id = company.partner_id
         LEFT JOIN policy own
                ON own.id = (partner.collection_policy_id ->> debtor.company_id::text)::int
         LEFT JOIN LATERAL (
                       SELECT rule.policy_id
                         FROM credit_collection_policy_rule rule
                         JOIN policy ON policy.id = rule.policy_id
                        WHERE %(fits)s
                          AND (rule.debtor_kind = 'any'
                               OR (rule.debtor_kind = 'company') = (partner.is_company IS TRUE))
                     ORDER BY rule.sequence, rule.id
                        LIMIT 1
                   ) segment ON own.id IS NULL
         LEFT JOIN policy standard ON standard.id = debtor.company_policy_id
         -- whose law protects him: see `res.partner._collection_get_contracts`
         LEFT JOIN credit_collection_legal_profile chosen
                ON chosen.id
                   = (partner.collection_legal_profile_id ->> debtor.company_id::text)::int
               AND chosen.debtor_kind = 'consumer' AND %(is_consumer)s
               AND COALESCE(chosen.company_id, debtor.company_id) = debtor.company_id
         LEFT JOIN law
                ON law.company_id = debtor.company_id
               AND law.country_id = COALESCE(partner.country_id, home.country_id)
               AND chosen.id IS NULL AND %(is_consumer)s
            """,
            fits=self.env["credit.collection.policy.rule"]._get_fits_sql(SQL("debtor.company_id")),
            is_consumer=SQL(
                """
                COALESCE(partner.collection_debtor_kind,
                         CASE WHEN partner.is_company OR btrim(partner.vat, ' /') != ''
                              THEN 'business' ELSE 'consumer' END) = 'consumer'
                """
            ),
        )

    def _get_notice_sql(self, companies):
        """What was sent on each line: the highest level, the last day; and what failed.

        A level that a manager chose for an invoice counts like a notice of that day, and what was
        sent before it counts no more.
        """
        return SQL(
            """
            SELECT line_id, max(step) AS step, max(date_sent) AS date_sent,
                   min(waiting_end) AS waiting_end,
                   bool_or(is_failed) AS is_failed, bool_or(is_queued) AS is_queued
              FROM (
                       %(own)s
                    UNION ALL
                       %(moved)s
                    UNION ALL
                       SELECT open_line.id, ARRAY[level.delay_days, level.id],
                              open_line.collection_level_date, NULL::date, FALSE, FALSE
                         FROM open_line
                         JOIN credit_collection_level level
                           ON level.id = open_line.collection_level_id
                   ) history
          GROUP BY line_id
            """,
            own=self._get_sent_sql(
                SQL(
                    "(SELECT id AS line_id, id AS source_id, collection_level_date, date_due"
                    "   FROM open_line)"
                ),
                companies,
            ),
            moved=self._get_sent_sql(SQL("relative"), companies),
        )

    def _get_sent_sql(self, source, companies):
        """What was sent, or is under way, on the lines of a source."""
        return SQL(
            """
            SELECT source.line_id,
                   CASE WHEN %(is_sent)s THEN ARRAY[level.delay_days, level.id] END AS step,
                   CASE WHEN %(is_sent)s THEN dunning.date_sent END AS date_sent,
                   CASE WHEN dunning.state = 'sent' AND dunning.is_first_reminder
                             AND dunning.date_sent > source.date_due
                        THEN dunning.date_waiting_end END AS waiting_end,
                   dunning.state = 'failed' AS is_failed,
                   dunning.state = 'queued' AS is_queued
              FROM %(source)s source
              JOIN credit_collection_dunning_line line ON line.move_line_id = source.source_id
              JOIN credit_collection_dunning dunning ON dunning.id = line.dunning_id
              JOIN credit_collection_level level ON level.id = line.level_id
             WHERE dunning.state IN ('sent', 'failed', 'queued')
               AND %(companies)s
               AND (dunning.state != 'sent' OR dunning.is_first_reminder OR %(is_sent)s)
            """,
            source=source,
            is_sent=SQL(
                """
                (dunning.state = 'sent'
                 AND (source.collection_level_date IS NULL
                      OR dunning.date_sent > source.collection_level_date))
                """
            ),
            companies=self._get_company_sql(companies, "dunning.company_id"),
        )

    def _get_hold_sql(self, date):
        """The holds of the day.

        What is asked of them is a column: of `amount = 0` the planner, who knows nothing of what
        was computed, expects hardly a row, and goes through the ledger once for each.
        """
        return SQL(
            """
            SELECT id, case_id, move_id, date_end, COALESCE(amount, 0) AS amount,
                   COALESCE(amount, 0) = 0 AND NOT %(is_by_item)s AS is_whole,
                   %(is_by_item)s AS is_by_item
              FROM credit_collection_hold hold
             WHERE state = 'active' AND date_start <= %(date)s
               AND (date_end IS NULL OR date_end > %(date)s)
               AND case_id IN (SELECT case_id FROM customer)
            """,
            date=date,
            is_by_item=self.env["credit.collection.hold"]._get_is_by_item_sql("hold"),
        )

    def _get_held_sql(self):
        """The hold of each line: of its customer, its invoice or itself; the longest counts.

        A payment plan may cover a part of an item: what is outside of it goes on being collected.
        """
        return SQL(
            """
            SELECT DISTINCT ON (line_id) line_id, hold_id, date_end, amount_outside
              FROM (
                       SELECT open_line.id AS line_id, hold.id AS hold_id, hold.date_end,
                              0.0 AS amount_outside
                         FROM hold
                         JOIN open_line ON open_line.move_id = hold.move_id
                        WHERE hold.is_whole
                    UNION ALL
                       SELECT open_line.id, hold.id, hold.date_end, 0.0
                         FROM hold
                         JOIN customer ON customer.case_id = hold.case_id
                         JOIN open_line ON open_line.company_id = customer.company_id
                                       AND open_line.partner_id = customer.partner_id
                        WHERE hold.is_whole AND hold.move_id IS NULL
                    UNION ALL
                       SELECT part.move_line_id, hold.id, hold.date_end,
                              COALESCE(part.amount_outside, 0)
                         FROM hold
                         JOIN credit_collection_hold_line part ON part.hold_id = hold.id
                        WHERE hold.is_by_item
                    UNION ALL
                       SELECT relative.line_id, hold.id, hold.date_end,
                              COALESCE(part.amount_outside, 0)
                         FROM hold
                         JOIN credit_collection_hold_line part ON part.hold_id = hold.id
                         JOIN relative ON relative.source_id = part.move_line_id
                        WHERE hold.is_by_item
                   ) cover
          ORDER BY line_id, amount_outside, date_end DESC NULLS FIRST, hold_id
            """
        )

    def _get_disputed_sql(self):
        """The disputed part of each line; what is not disputed falls due first."""
        return SQL(
            """
            SELECT open_line.id AS line_id, dispute.hold_id, dispute.date_end,
                   LEAST(open_line.amount_residual_currency,
                         GREATEST(dispute.amount - COALESCE(
                             sum(open_line.amount_residual_currency) OVER later, 0), 0)) AS amount
              FROM (SELECT move_id, min(id) AS hold_id, sum(amount) AS amount,
                           min(date_end) AS date_end
                      FROM hold
                     WHERE amount > 0
                  GROUP BY move_id) dispute
              JOIN open_line ON open_line.move_id = dispute.move_id
             WHERE open_line.amount_residual_currency > 0
            WINDOW later AS (PARTITION BY open_line.move_id
                             ORDER BY open_line.date_due DESC, open_line.id DESC
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            """
        )

    def _get_placed_sql(self, date):
        """Each open line with its policy, its history, its hold, and its next place in the ladder.

        Nothing but left joins: the planner, which knows little of what was computed so far, never
        takes the ledger for smaller than it is.
        """
        return SQL(
            """
            SELECT open_line.*, item.id AS item_id, customer.case_id, customer.is_new,
                   customer.policy_id AS customer_policy_id,
                   customer.date_sent AS date_customer_sent, customer.is_queued AS case_queued,
                   policy.is_no_dunning, policy.level_ids, policy.starts, policy.waits,
                   policy.minimums, GREATEST(policy.quiet_days, customer.letter_days) AS quiet_days,
                   policy.tolerance, policy.include_in_payment,
                   notice.step[2] AS level_id, notice.step[1] AS level_delay,
                   notice.date_sent, notice.is_failed, notice.is_queued,
                   CASE WHEN customer.is_protected
                        THEN LEAST(notice.waiting_end, open_line.collection_waiting_end) + 1
                    END AS date_free,
                   -- a courtesy before the due date is no reminder yet
                   customer.is_protected AND open_line.amount_residual > 0
                       AND LEAST(notice.waiting_end, open_line.collection_waiting_end) IS NULL
                       AS is_unreminded,
                   width_bucket(-1, policy.delays) AS courtesies,
                   width_bucket(policy.first_delay, policy.delays) AS first_rank,
                   held.hold_id, held.amount_outside, disputed.hold_id AS dispute_hold_id,
                   CASE WHEN held.hold_id IS NULL THEN disputed.date_end
                        ELSE held.date_end END AS date_hold_end,
                   COALESCE(disputed.amount, 0) AS amount_disputed,
                   GREATEST(
                       -- the step after the last one sent, also in another ladder
                       COALESCE(width_bucket(notice.step[1], policy.delays), 0) + 1,
                       -- a courtesy reminder makes no sense once the day has come
                       CASE WHEN open_line.date_due <= %(date)s
                            THEN width_bucket(-1, policy.delays) + 1 END,
                       CASE WHEN policy.jumps
                            THEN width_bucket(%(date)s - open_line.date_due, policy.starts) END
                   ) AS rank
              FROM open_line
         LEFT JOIN credit_collection_item item ON item.move_line_id = open_line.id
         LEFT JOIN customer ON customer.company_id = open_line.company_id
                           AND customer.partner_id = open_line.partner_id
         LEFT JOIN policy invoice_policy ON invoice_policy.id = open_line.collection_policy_id
         LEFT JOIN policy ON policy.id = COALESCE(invoice_policy.id, customer.policy_id)
         LEFT JOIN notice ON notice.line_id = open_line.id
         LEFT JOIN held ON held.line_id = open_line.id
         LEFT JOIN disputed ON disputed.line_id = open_line.id
            """,
            date=date,
        )

    def _get_claimed_sql(self):
        """Divide each line: disputed + held + claimed = open, in its currency, to the cent."""
        return SQL(
            """
            SELECT *,
                   CASE WHEN is_first THEN first_rank ELSE rank END AS next_rank,
                   CASE WHEN amount_claim_currency = amount_residual_currency THEN amount_residual
                        ELSE round(amount_residual * amount_claim_currency
                                   / amount_residual_currency, decimal_places)
                    END AS amount_claim
              FROM (
                       SELECT *,
                              is_unreminded AND rank > courtesies AS is_first,
                              CASE WHEN amount_residual_currency <= 0
                                   THEN amount_residual_currency
                                   WHEN hold_id IS NULL
                                   THEN amount_residual_currency - amount_disputed
                                   ELSE LEAST(amount_residual_currency - amount_disputed,
                                              amount_outside)
                               END AS amount_claim_currency
                         FROM placed
                   ) divided
            """
        )

    def _get_rated_sql(self, date):
        """Each line with what keeps it from being claimed, and the days that count."""
        return SQL(
            """
            SELECT id, item_id, company_id, partner_id, currency_id, case_id, is_new,
                   customer_policy_id, date_due, amount_residual, amount_residual_currency,
                   amount_claim, amount_claim_currency, amount_disputed, level_id, level_delay,
                   COALESCE(hold_id, dispute_hold_id) AS hold_id, date_hold_end, date_sent,
                   date_customer_sent, date_free, is_failed, is_queued, case_queued,
                   is_first IS TRUE AS is_first,
                   CASE WHEN amount_residual < 0 THEN 'credit'
                        WHEN is_excluded THEN 'excluded'
                        WHEN payment_state = 'blocked' THEN 'blocked'
                        WHEN payment_state = 'in_payment' AND NOT include_in_payment
                        THEN 'in_payment'
                        WHEN is_no_dunning IS NOT FALSE OR level_ids IS NULL THEN 'no_dunning'
                        WHEN amount_claim_currency = 0 AND amount_residual_currency > 0
                        THEN 'hold'
                        WHEN amount_claim < tolerance THEN 'tolerance'
                    END AS exclusion,
                   level_ids[next_rank] AS next_level_id,
                   minimums[next_rank] AS minimum,
                   date_due + CASE WHEN is_first THEN GREATEST(starts[next_rank], 1)
                                   ELSE starts[next_rank] END AS date_level,
                   date_sent + waits[next_rank] AS date_wait,
                   date_customer_sent + quiet_days AS date_quiet,
                   date_due < %(date)s OR date_due + starts[next_rank] <= %(date)s AS is_late
              FROM claimed
            """,
            date=date,
        )

    def _get_decided_sql(self, date):
        """The decision on each line, and the day on which it changes by itself.

        What a customer is asked for is weighed against his credits, in each currency and in all.
        """
        return SQL(
            """
            SELECT *,
                   CASE decision
                        WHEN 'hold' THEN date_hold_end
                        WHEN 'not_late' THEN date_start
                        WHEN 'waiting' THEN date_start
                        WHEN 'quiet' THEN date_start
                        WHEN 'due' THEN date_start
                        WHEN 'period' THEN date_free
                    END AS date_next
              FROM (
                       SELECT *,
                              CASE WHEN exclusion IS NOT NULL THEN exclusion
                                   WHEN is_late AND (credit >= claim
                                                     OR customer_credit >= customer_claim)
                                   THEN 'credits'
                                   WHEN is_failed THEN 'failed'
                                   WHEN is_queued THEN 'queued'
                                   WHEN date_free > %(date)s THEN 'period'
                                   WHEN next_level_id IS NULL THEN 'last_level'
                                   WHEN date_start <= %(date)s THEN
                                       CASE WHEN case_queued THEN 'queued'
                                            WHEN CASE WHEN is_first THEN first_turn > other_turn
                                                      ELSE first_turn <= other_turn END
                                            THEN 'separate'
                                            WHEN customer_claim - COALESCE(customer_credit, 0)
                                                 < minimum THEN 'minimum'
                                            ELSE 'due' END
                                   WHEN date_wait = date_start THEN 'waiting'
                                   WHEN date_quiet = date_start THEN 'quiet'
                                   ELSE 'not_late'
                               END AS decision
                         FROM (
                                  SELECT *,
                                         -- what has waited longest has its turn
                                         min(date_turn) FILTER (WHERE is_first) OVER customer
                                             AS first_turn,
                                         min(date_turn) FILTER (WHERE NOT is_first) OVER customer
                                             AS other_turn
                                    FROM (SELECT *, %(turn)s AS date_turn FROM (%(summed)s) summed)
                                         waited
                                  WINDOW customer AS (PARTITION BY company_id, partner_id)
                              ) weighed
                   ) decided
            """,
            date=date,
            turn=self._get_turn_sql(date),
            summed=self._get_summed_sql(),
        )

    def _get_summed_sql(self):
        """Each line with the day of its next notice, and what its customer owes and has paid."""
        return SQL(
            """
            SELECT *,
                   GREATEST(date_level, date_wait, date_quiet, date_free) AS date_start,
                   COALESCE(sum(amount_claim_currency) FILTER (
                       WHERE exclusion IS NULL AND is_late) OVER account, 0) AS claim,
                   sum(-amount_residual_currency) FILTER (
                       WHERE exclusion = 'credit') OVER account AS credit,
                   COALESCE(sum(amount_claim) FILTER (
                       WHERE exclusion IS NULL AND is_late) OVER customer, 0) AS customer_claim,
                   sum(-amount_residual) FILTER (
                       WHERE exclusion = 'credit') OVER customer AS customer_credit
              FROM rated
            WINDOW customer AS (PARTITION BY company_id, partner_id),
                   account AS (PARTITION BY company_id, partner_id, currency_id)
            """
        )

    def _get_turn_sql(self, date):
        """Return since when an item could have been reminded; what is not sent has no turn."""
        return SQL(
            """
            CASE WHEN exclusion IS NULL AND is_failed IS NOT TRUE AND is_queued IS NOT TRUE
                      AND date_start <= %s AND next_level_id IS NOT NULL
                      AND customer_claim - COALESCE(customer_credit, 0) >= minimum
                      AND (is_late AND (credit >= claim OR customer_credit >= customer_claim))
                          IS NOT TRUE
                 THEN GREATEST(date_level, date_wait, date_free) END
            """,
            date,
        )

    def _get_total_sql(self, date):
        """The totals of each customer; what is excluded from dunning is not his to pay now."""
        return SQL(
            """
            SELECT company_id, partner_id, case_id, is_new,
                   max(customer_policy_id) AS policy_id,
                   max(date_customer_sent) AS date_last_notice,
                   COALESCE(sum(amount_residual) FILTER (WHERE is_debt), 0) AS amount_residual,
                   COALESCE(sum(amount_residual) FILTER (WHERE is_debt AND date_due < %(date)s), 0)
                       AS amount_overdue,
                   COALESCE(sum(-amount_residual) FILTER (WHERE decision = 'credit'), 0)
                       AS amount_credit,
                   COALESCE(sum(amount_claim) FILTER (WHERE decision = 'due'), 0) AS amount_due,
                   COALESCE(sum(amount_residual - amount_claim) FILTER (WHERE is_debt), 0)
                       AS amount_held,
                   min(date_due) FILTER (WHERE is_debt AND date_due < %(date)s) AS date_oldest_due,
                   (max(ARRAY[level_delay, level_id]) FILTER (WHERE level_id IS NOT NULL))[2]
                       AS level_id,
                   min(date_next) AS date_next_notice
              FROM (SELECT *, decision NOT IN ('credit', 'excluded') AS is_debt FROM decided) line
          GROUP BY company_id, partner_id, case_id, is_new
            """,
            date=date,
        )

    def _get_open_cases_sql(self):
        return SQL(
            """
            INSERT INTO credit_collection_case (
                       id, company_id, partner_id, user_id, state, policy_id, amount_residual,
                       amount_overdue, amount_credit, amount_due, amount_held, date_oldest_due,
                       level_id, date_last_notice, date_next_notice, priority,
                       create_uid, create_date, write_uid, write_date)
                SELECT case_id, total.company_id, total.partner_id,
                       COALESCE((SELECT %(user)s FROM res_partner partner
                                  WHERE partner.id = total.partner_id),
                                company.collection_user_id),
                       CASE WHEN amount_overdue > 0 THEN 'open' ELSE 'closed' END, policy_id,
                       amount_residual, amount_overdue, amount_credit, amount_due, amount_held,
                       date_oldest_due, level_id, date_last_notice, date_next_notice, 0,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM total
                  JOIN res_company company ON company.id = total.company_id
                 WHERE is_new
            """,
            user=self.env["credit.collection.assignment.rule"]._get_user_sql(
                SQL("total.company_id"), SQL("total.amount_overdue")
            ),
            uid=self.env.uid,
            now=self.env.cr.now(),
        )

    def _get_delete_items_sql(self, companies, scope):
        return SQL(
            """
            DELETE FROM credit_collection_item item
                  USING credit_collection_case cases, res_partner partner
                  WHERE cases.id = item.case_id AND %(companies)s
                    AND partner.id = cases.partner_id AND %(scope)s
                    AND NOT EXISTS (SELECT FROM decided WHERE decided.id = item.move_line_id)
            """,
            companies=self._get_company_sql(companies, "cases.company_id"),
            scope=scope,
        )

    def _get_update_items_sql(self):
        return SQL(
            """
            UPDATE credit_collection_item item
               SET case_id = line.case_id, level_id = line.level_id,
                   next_level_id = line.next_level_id, hold_id = line.hold_id,
                   is_first_reminder = line.is_first, decision = line.decision,
                   date_due = line.date_due,
                   date_last_notice = line.date_sent, date_next = line.date_next,
                   amount_residual = line.amount_residual, amount_claim = line.amount_claim,
                   amount_claim_currency = line.amount_claim_currency,
                   amount_disputed = line.amount_disputed
              FROM decided line
             WHERE item.id = line.item_id
               AND (item.case_id, item.level_id, item.next_level_id, item.hold_id, item.decision,
                    item.date_due, item.date_last_notice, item.date_next, item.amount_residual,
                    item.amount_claim, item.amount_claim_currency, item.amount_disputed,
                    item.is_first_reminder)
                   IS DISTINCT FROM
                   (line.case_id, line.level_id, line.next_level_id, line.hold_id, line.decision,
                    line.date_due, line.date_sent, line.date_next, line.amount_residual,
                    line.amount_claim, line.amount_claim_currency, line.amount_disputed,
                    line.is_first)
            """
        )

    def _get_insert_items_sql(self):
        return SQL(
            """
            INSERT INTO credit_collection_item (
                       case_id, move_line_id, level_id, next_level_id, hold_id, decision, date_due,
                       date_last_notice, date_next, amount_residual, amount_claim,
                       amount_claim_currency, amount_disputed, is_first_reminder)
                SELECT case_id, id, level_id, next_level_id, hold_id, decision, date_due, date_sent,
                       date_next, amount_residual, amount_claim, amount_claim_currency,
                       amount_disputed, is_first
                  FROM decided
                 WHERE item_id IS NULL
            """
        )

    def _get_update_cases_sql(self, companies, scope):
        """Write the totals that changed.

        Return the cases, which of them closed with tasks open, and which have agreements.
        """
        return SQL(
            """
            UPDATE credit_collection_case cases
               SET state = fresh.state, policy_id = fresh.policy_id,
                   amount_residual = fresh.amount_residual, amount_overdue = fresh.amount_overdue,
                   amount_credit = fresh.amount_credit, amount_due = fresh.amount_due,
                   amount_held = fresh.amount_held, date_oldest_due = fresh.date_oldest_due,
                   level_id = fresh.level_id, date_last_notice = fresh.date_last_notice,
                   date_next_notice = fresh.date_next_notice, write_date = %(now)s,
                   date_next_action = CASE WHEN fresh.state = 'open'
                                           THEN cases.date_next_action END
              FROM (
                       SELECT one.id, one.state AS old_state,
                              CASE WHEN total.amount_overdue > 0
                                   THEN 'open' ELSE 'closed' END AS state,
                              COALESCE(total.policy_id, one.policy_id) AS policy_id,
                              COALESCE(total.amount_residual, 0) AS amount_residual,
                              COALESCE(total.amount_overdue, 0) AS amount_overdue,
                              COALESCE(total.amount_credit, 0) AS amount_credit,
                              COALESCE(total.amount_due, 0) AS amount_due,
                              COALESCE(total.amount_held, 0) AS amount_held,
                              total.date_oldest_due, total.level_id,
                              CASE WHEN total.case_id IS NULL THEN one.date_last_notice
                                   ELSE total.date_last_notice END AS date_last_notice,
                              total.date_next_notice
                         FROM credit_collection_case one
                         JOIN res_partner partner ON partner.id = one.partner_id
                    LEFT JOIN total ON total.case_id = one.id
                        WHERE %(companies)s AND %(scope)s
                   ) fresh
             WHERE cases.id = fresh.id
               AND (cases.state, cases.policy_id, cases.amount_residual, cases.amount_overdue,
                    cases.amount_credit, cases.amount_due, cases.amount_held,
                    cases.date_oldest_due, cases.level_id, cases.date_last_notice,
                    cases.date_next_notice)
                   IS DISTINCT FROM
                   (fresh.state, fresh.policy_id, fresh.amount_residual, fresh.amount_overdue,
                    fresh.amount_credit, fresh.amount_due, fresh.amount_held,
                    fresh.date_oldest_due, fresh.level_id, fresh.date_last_notice,
                    fresh.date_next_notice)
         RETURNING cases.id,
                   fresh.old_state = 'open' AND fresh.state = 'closed' AND (
                       EXISTS (SELECT FROM mail_activity task
                                WHERE task.res_model = 'credit.collection.case'
                                  AND task.res_id = cases.id AND task.automated)
                       OR EXISTS (SELECT FROM credit_collection_dunning dunning
                                    JOIN credit_collection_delivery delivery
                                      ON delivery.dunning_id = dunning.id
                                   WHERE dunning.case_id = cases.id
                                     AND delivery.state IN ('todo', 'under_way'))),
                   EXISTS (SELECT FROM credit_collection_hold hold
                            WHERE hold.case_id = cases.id AND hold.state = 'active'
                              AND %(has_origin)s)
            """,
            now=self.env.cr.now(),
            companies=self._get_company_sql(companies, "one.company_id"),
            scope=scope,
            has_origin=self.env["credit.collection.hold"]._get_has_origin_sql("hold"),
        )

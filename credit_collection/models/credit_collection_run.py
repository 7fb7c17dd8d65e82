from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date, format_datetime

from ..const import CLAIMED_DECISIONS, DECISIONS


class CreditCollectionRun(models.Model):
    """One dated batch of notices for one company: proposed, reviewed, approved, sent."""

    _name = "credit.collection.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True, default=fields.Date.context_today)
    is_automatic = fields.Boolean("Without review", readonly=True)
    case_id = fields.Many2one(
        "credit.collection.case",
        "Only for",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="The customer for whom somebody did not wait for the next run.",
    )
    bank_text = fields.Char("Bank", compute="_compute_bank_text")
    state = fields.Selection(
        [("draft", "Proposed"), ("approved", "Approved"), ("cancel", "Cancelled")],
        required=True,
        default="draft",
        readonly=True,
        tracking=True,
    )
    dunning_ids = fields.One2many("credit.collection.dunning", "run_id", "Notices", readonly=True)
    exclusion_ids = fields.One2many("credit.collection.run.exclusion", "run_id", readonly=True)
    left_out_line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_run_left_out_rel",
        "run_id",
        "move_line_id",
        string="Left out by hand",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    proposed_count = fields.Integer("Proposed", compute="_compute_counts")
    queued_count = fields.Integer("About to be sent", compute="_compute_counts")
    sent_count = fields.Integer("Sent", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    cancel_count = fields.Integer("Cancelled", compute="_compute_counts")
    letter_count = fields.Integer("Letters to print", compute="_compute_letter_count")
    amount_due = fields.Monetary("Claimed", compute="_compute_counts")
    left_out_count = fields.Integer("Left out", compute="_compute_left_out_count")

    _one_proposal = models.UniqueIndex(
        "(company_id) WHERE state = 'draft' AND NOT is_automatic AND case_id IS NULL",
        "There is already a proposal for this company: open it, or cancel it first.",
    )

    @api.depends("date", "company_id.name")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._("Run of %s", format_date(self.env, run.date))

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_bank_text(self):
        for company, runs in self.grouped("company_id").items():
            runs.bank_text = company._collection_describe_bank()

    @api.depends("dunning_ids.state")
    def _compute_counts(self):
        groups = self.env["credit.collection.dunning"]._read_group(
            [("run_id", "in", self.ids)],
            ["run_id", "state"],
            ["__count", "amount_due:sum"],
        )
        counts = {(run.id, state): (count, amount) for run, state, count, amount in groups}
        states = ("draft", "queued", "sent", "failed", "cancel")
        for run in self:
            count, amount = (
                {state: counts.get((run.id, state), (0, 0.0))[index] for state in states}
                for index in (0, 1)
            )
            run.proposed_count = sum(count.values())
            run.queued_count = count["queued"]
            run.sent_count = count["sent"]
            run.failed_count = count["failed"]
            run.cancel_count = count["cancel"]
            run.amount_due = sum(amount.values()) - amount["cancel"]

    @api.depends("dunning_ids.delivery_ids.state")
    def _compute_letter_count(self):
        to_post = Domain("channel", "=", "letter") & Domain("state", "in", ("todo", "under_way"))
        groups = self.env["credit.collection.dunning"]._read_group(
            [("run_id", "in", self.ids), ("delivery_ids", "any", to_post)],
            ["run_id"],
            ["__count"],
        )
        counts = {run.id: count for run, count in groups}
        for run in self:
            run.letter_count = counts.get(run.id, 0)

    @api.depends("exclusion_ids.item_count")
    def _compute_left_out_count(self):
        for run in self:
            left_out = run.exclusion_ids.filtered(lambda one: one.decision != "free")
            run.left_out_count = sum(left_out.mapped("item_count"))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any({"state", "is_automatic"} & vals.keys() for vals in vals_list):
            raise UserError(self.env._("A run begins as a proposal."))
        runs = super().create(vals_list)
        runs._check_date()
        return runs

    def write(self, vals):
        if not self.env.su and {"state", "is_automatic"} & vals.keys():
            raise UserError(self.env._("A run is approved or cancelled with its buttons."))
        if {"date", "company_id"} & vals.keys() and any(run.state != "draft" for run in self):
            raise UserError(self.env._("An approved run keeps its date."))
        res = super().write(vals)
        if "date" in vals:
            self._check_date()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(dunning.state != "draft" for dunning in self.dunning_ids):
            raise UserError(
                self.env._("This run has notices that were approved: it is part of the history.")
            )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_propose(self):
        """Make the proposal, or make it again from today's ledger."""
        self._propose()

    @api.model
    def action_open_proposal(self):
        """Open the proposal of the current company, making one if there is none."""
        self.check_access("create")
        run = self.search(
            [
                ("company_id", "=", self.env.company.id),
                ("state", "=", "draft"),
                ("is_automatic", "=", False),
                ("case_id", "=", False),
            ],
            limit=1,
        )
        if not run:
            run = self.create({"company_id": self.env.company.id})
        elif run.date < fields.Date.context_today(self):
            run.date = fields.Date.context_today(self)
        run._propose()
        return run._get_form_action()

    def action_approve(self):
        """Number the notices and hand them over to be sent."""
        self._approve()

    def action_cancel(self):
        for run in self:
            if run.state == "cancel":
                continue
            if any(dunning.state == "sent" for dunning in run.dunning_ids):
                raise UserError(
                    self.env._(
                        "Notices of this run were sent: cancel them one by one, with a reason."
                    )
                )
        runs = self.filtered(lambda run: run.state != "cancel")
        runs.dunning_ids.filtered(lambda dunning: dunning.state == "draft").sudo().unlink()
        runs.dunning_ids._cancel(self.env._("The run was cancelled."))
        runs._set_state("cancel", allowed=("draft", "approved"))

    def action_send_now(self):
        """Send what can be sent now, instead of waiting for the scheduled action."""
        self.check_access("write")
        self.env.ref("credit_collection.ir_cron_send_notices").sudo()._trigger()
        message = self.env._("The e-mails are handed to the mail server one after the other.")
        if any(self.mapped("letter_count")):
            letters = self.env._("Letters wait for you to print them.")
            message = f"{message} {letters}"
        waiting = self._describe_waiting()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if waiting else "success",
                "message": " ".join(filter(None, [message, waiting])),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _describe_waiting(self):
        """Return how many notices the law keeps from leaving now, and until when the last waits."""
        now = fields.Datetime.now()
        waiting = self.dunning_ids.delivery_ids.filtered(
            lambda one: one.state == "todo" and one.date_not_before and one.date_not_before > now
        )
        if not waiting:
            return ""
        return self.env._(
            "%(count)s wait, until %(moment)s at the latest: the law of their customers lets them "
            "leave then.",
            count=len(waiting.dunning_id),
            moment=format_datetime(
                self.env, max(waiting.mapped("date_not_before")), dt_format="short"
            ),
        )

    def action_print_letters(self):
        """Print the letters of this run as one PDF, in the order of language and postcode."""
        self.ensure_one()
        return self.dunning_ids.action_print_letters()

    def action_mark_posted(self):
        return self.dunning_ids.action_mark_posted()

    def action_open_dunnings(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "credit_collection.credit_collection_dunning_action"
        )
        filters = {
            name: value
            for name, value in self.env.context.items()
            if name.startswith("search_default_")
        }
        return action | {"domain": [("run_id", "=", self.id)], "context": filters}

    def action_open_left_out(self):
        """List the items of the company that are late and not proposed, with the reason of each."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "credit_collection.credit_collection_item_action"
        )
        return action | {
            "domain": [
                ("company_id", "=", self.company_id.id),
                ("date_due", "<", self.date),
                ("decision", "not in", ("due", "credit")),
            ],
            "context": {"search_default_group_decision": 1},
        }

    def action_take_back(self):
        """Forget what was left out by hand, and propose again."""
        self.left_out_line_ids = False
        self._propose()

    def _get_form_action(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "credit_collection.credit_collection_run_action"
        )
        return action | {"res_id": self.id, "view_mode": "form", "views": [(False, "form")]}

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _set_state(self, state, allowed):
        runs = self.filtered(lambda run: run.state in allowed)
        runs.check_access("write")
        runs.sudo().write({"state": state})  # the guard in `write` lets only this method pass
        return runs

    def _check_date(self):
        """Refuse a run before what was sent, whose notices quote it, or ahead of time."""
        today = fields.Date.context_today(self)
        for run in self:
            if run.date > today:
                raise UserError(
                    self.env._(
                        "%(date)s is in the future: run on that day, or choose a day up to today.",
                        date=format_date(self.env, run.date),
                    )
                )
            last = (
                self.env["credit.collection.dunning"]
                .sudo()
                ._read_group(
                    [("company_id", "=", run.company_id.id), ("state", "=", "sent")],
                    aggregates=["date_sent:max"],
                )[0][0]
            )
            if last and run.date < last:
                raise UserError(
                    self.env._(
                        "%(company)s sent notices on %(last)s: "
                        "a run cannot be dated before that day.",
                        company=run.company_id.name,
                        last=format_date(self.env, last),
                    )
                )

    def _propose(self):
        """Fill the run with draft notices; the same ledger gives the same proposal."""
        for run in self:
            if run.state != "draft":
                raise UserError(self.env._("Only a proposal can be made again."))
            run.check_access("write")
            run.lock_for_update()
            run._fill()

    def _fill(self):
        """Write the proposal."""
        waived = self._get_waived_charges()
        self._assess()
        self.env.flush_all()
        for statement in (
            self._get_clear_sql(),
            self._get_propose_sql(),
            self._get_left_out_sql(),
            self._get_exclusion_sql(),
        ):
            self.env.cr.execute(statement)
        self.env.invalidate_all(flush=False)
        self._propose_charges(waived)
        if self.date < fields.Date.context_today(self):
            # the run looked back: the screens show today
            self.env["credit.collection.item"]._assess(self.company_id)

    def _assess(self):
        """Look at the ledger of the company, or of the only customer, as of the day of the run."""
        self.env["credit.collection.item"]._assess(
            self.company_id, date=self.date, partners=self.case_id.partner_id or None
        )

    def _get_scope_sql(self):
        """Return whose items the run is about, as a condition on `cases`."""
        if self.case_id:
            return SQL("cases.id = %s", self.case_id.id)
        return SQL("cases.company_id = %s", self.company_id.id)

    def _get_waived_charges(self):
        """Return what a person has waived on this proposal: `{what it is: why}`."""
        charges = self.env["credit.collection.charge"].search(
            [("dunning_id.run_id", "=", self.id), ("state", "=", "waived")]
        )
        return {charge._get_rule_key(): charge.reason for charge in charges}

    def _propose_charges(self, waived):
        """Add the charges that the levels of the notices claim; what was waived stays so."""
        self.env["credit.collection.charge.proposal"]._propose(self.dunning_ids, self.date)
        if waived:
            charges = self.env["credit.collection.charge"].search(
                [("dunning_id.run_id", "=", self.id), ("state", "=", "draft")]
            )
            for charge in charges.sudo():
                if charge._get_rule_key() in waived:
                    charge.write({"state": "waived", "reason": waived[charge._get_rule_key()]})

        self._count_free()

    def _count_free(self):
        """Count the items that are reminded without the charges that their level claims."""
        exclusions = self.exclusion_ids.sudo()  # the journal is not for anybody to write
        exclusions.filtered(lambda one: one.decision == "free").unlink()
        lines = self._get_free_lines()
        if lines:
            exclusions.create(
                {
                    "run_id": self.id,
                    "decision": "free",
                    "item_count": len(lines),
                    "amount": sum(lines.mapped("amount_company")),
                }
            )

    def _get_free_lines(self):
        """Return the lines of which the law refuses the charges."""
        refused = self.env["credit.collection.dunning"].search(
            [("run_id", "=", self.id), ("charge_refusal", "!=", False)]
        )
        return refused.line_ids.filtered(
            lambda line: line.level_id.charge_interest or line.level_id.charge_fees
        )

    def _get_clear_sql(self):
        return SQL(
            """
            WITH cleared AS (
                DELETE FROM credit_collection_run_exclusion WHERE run_id = %(run)s
            )
            DELETE FROM credit_collection_dunning WHERE run_id = %(run)s AND state = 'draft'
            """,
            run=self.id,
        )

    def _get_propose_sql(self):
        """Write one draft notice per customer (or level), and its lines.

        Claimed at a new level: what is due. Listed with it: whatever else of this customer is
        overdue, and his open credits in the same currencies.

        The lines find their notice by window functions: a join of what was computed on the way
        would be planned blindly, and cost the square of the ledger when the guess is wrong.
        """
        return SQL(
            """
            WITH item AS (
                SELECT item.case_id, item.move_line_id, item.next_level_id, item.decision,
                       item.is_first_reminder, item.date_due, item.amount_claim,
                       item.amount_claim_currency,
                       aml.amount_residual_currency - item.amount_claim_currency AS amount_held,
                       aml.currency_id, level.delay_days,
                       COALESCE(origin.amount_currency, aml.amount_currency) AS amount_currency,
                       COALESCE(origin.move_name, aml.move_name) AS move_name,
                       COALESCE(move.invoice_date, origin.date, aml.date) AS date_invoice,
                       COALESCE(move.partner_id, aml.partner_id) AS contact_id,
                       item.decision = 'due'
                           AND (policy.is_automatic OR NOT %(automatic)s) AS is_due,
                       policy.grouping = 'level' AND cases.amount_credit = 0 AS is_by_level
                  FROM credit_collection_item item
                  JOIN credit_collection_case cases ON cases.id = item.case_id
                  JOIN account_move_line aml ON aml.id = item.move_line_id
             LEFT JOIN account_move_line origin ON origin.id = aml.collection_origin_line_id
                  JOIN account_move move ON move.id = COALESCE(origin.move_id, aml.move_id)
             LEFT JOIN credit_collection_level level ON level.id = item.next_level_id
             LEFT JOIN credit_collection_policy policy ON policy.id = level.policy_id
                 WHERE %(scope)s
                   AND cases.amount_due > 0
                   AND item.move_line_id NOT IN (
                           SELECT move_line_id FROM credit_collection_run_left_out_rel
                            WHERE run_id = %(run)s)
            ), grouped AS (
                SELECT *, CASE WHEN is_due AND is_by_level THEN next_level_id ELSE 0 END AS notice
                  FROM item
            ), weighed AS (
                SELECT *, bool_or(is_due) OVER (PARTITION BY case_id, notice) AS has_due,
                       bool_or(is_due) OVER (PARTITION BY case_id, currency_id) AS is_currency_due
                  FROM grouped
            ), listed AS (
                SELECT *, sum(amount_claim) OVER notice AS amount_due,
                       CASE WHEN row_number() OVER notice = 1
                            THEN nextval('credit_collection_dunning_id_seq') END AS new_id
                  FROM weighed
                 WHERE is_due
                    OR has_due AND (decision = ANY(%(claimed)s) AND date_due < %(date)s
                                        AND is_first_reminder IS NOT TRUE
                                    OR decision = 'credit' AND is_currency_due)
                WINDOW notice AS (PARTITION BY case_id, notice)
            ), line AS MATERIALIZED (
                SELECT *, max(new_id) OVER (PARTITION BY case_id, notice) AS dunning_id
                  FROM listed
                 WHERE amount_due > 0
            ), header AS (
                INSERT INTO credit_collection_dunning (
                           id, run_id, case_id, company_id, partner_id, level_id, date, state,
                           is_first_reminder, amount_due, create_uid, create_date, write_uid,
                           write_date)
                    SELECT dunning_id, %(run)s, case_id, %(company)s,
                           (array_agg(contact_id ORDER BY delay_days DESC, date_due, move_line_id)
                               FILTER (WHERE is_due))[1],
                           (max(ARRAY[delay_days, next_level_id]) FILTER (WHERE is_due))[2],
                           %(date)s, 'draft', bool_or(is_due AND is_first_reminder), amount_due,
                           %(uid)s, %(now)s, %(uid)s, %(now)s
                      FROM line
                  GROUP BY dunning_id, case_id, amount_due
                  ORDER BY dunning_id
            )
            INSERT INTO credit_collection_dunning_line (
                       dunning_id, move_line_id, level_id, currency_id, name, date_invoice,
                       date_due, amount_original, amount_residual, amount_company, amount_held)
                SELECT dunning_id, move_line_id, CASE WHEN is_due THEN next_level_id END,
                       currency_id, move_name, date_invoice, date_due, amount_currency,
                       amount_claim_currency, amount_claim, amount_held
                  FROM line
              ORDER BY dunning_id, date_due, move_line_id
            """,
            run=self.id,
            scope=self._get_scope_sql(),
            company=self.company_id.id,
            date=self.date,
            automatic=self.is_automatic,
            claimed=list(CLAIMED_DECISIONS),
            uid=self.env.uid,
            now=self.env.cr.now(),
        )

    def _get_exclusion_sql(self):
        """Count, by reason, the items that are late and not proposed."""
        return SQL(
            """
            INSERT INTO credit_collection_run_exclusion (run_id, decision, item_count, amount)
                SELECT %(run)s, item.decision, count(*), sum(item.amount_residual)
                  FROM credit_collection_item item
                  JOIN credit_collection_case cases ON cases.id = item.case_id
                 WHERE %(scope)s
                   AND item.date_due < %(date)s
                   AND item.decision NOT IN ('due', 'credit')
              GROUP BY item.decision
            """,
            run=self.id,
            scope=self._get_scope_sql(),
            date=self.date,
        )

    def _get_left_out_sql(self):
        """Count the items that were taken out by hand."""
        return SQL(
            """
            INSERT INTO credit_collection_run_exclusion (run_id, decision, item_count, amount)
                SELECT %(run)s, 'left_out', count(*), sum(line.amount_residual)
                  FROM credit_collection_run_left_out_rel rel
                  JOIN account_move_line line ON line.id = rel.move_line_id
                 WHERE rel.run_id = %(run)s
                HAVING count(*) > 0
            """,
            run=self.id,
        )

    def _leave_out(self, move_lines):
        """Take items out of the proposal; they stay out when it is made again."""
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("The run is approved: cancel the notice instead."))
        self.check_access("write")
        self.lock_for_update()
        self.left_out_line_ids |= move_lines
        touched = self.env["credit.collection.dunning"].search(
            [("run_id", "=", self.id), ("line_ids.move_line_id", "in", move_lines.ids)]
        )
        self.env.flush_all()
        for statement in (
            self._get_take_out_sql(move_lines),
            self.dunning_ids._get_amount_due_sql(),
            self._get_lower_sql(),
            self._get_drop_empty_sql(),
            self._get_forget_left_out_sql(),
            self._get_left_out_sql(),
        ):
            self.env.cr.execute(statement)
        self.env.invalidate_all(flush=False)
        self.env["credit.collection.charge.proposal"]._propose(touched.exists(), self.date)
        self._count_free()

    def _get_take_out_sql(self, move_lines):
        return SQL(
            """
            DELETE FROM credit_collection_dunning_line line
                  USING credit_collection_dunning dunning
                  WHERE dunning.id = line.dunning_id AND dunning.run_id = %s
                    AND dunning.state = 'draft' AND line.move_line_id = ANY(%s)
            """,
            self.id,
            list(move_lines.ids),
        )

    def _get_lower_sql(self):
        """Let each draft stand at the highest level that it still claims."""
        return SQL(
            """
            UPDATE credit_collection_dunning dunning
               SET level_id = fresh.step[2]
              FROM (SELECT line.dunning_id, max(ARRAY[level.delay_days, level.id]) AS step
                      FROM credit_collection_dunning_line line
                      JOIN credit_collection_dunning own ON own.id = line.dunning_id
                      JOIN credit_collection_level level ON level.id = line.level_id
                     WHERE own.run_id = %s AND own.state = 'draft'
                  GROUP BY line.dunning_id) fresh
             WHERE dunning.id = fresh.dunning_id AND dunning.level_id != fresh.step[2]
            """,
            self.id,
        )

    def _get_drop_empty_sql(self):
        """Drop the drafts that claim nothing at their level any more."""
        return SQL(
            """
            DELETE FROM credit_collection_dunning dunning
                  WHERE run_id = %s AND state = 'draft'
                    AND (amount_due <= 0
                         OR NOT EXISTS (SELECT FROM credit_collection_dunning_line line
                                         WHERE line.dunning_id = dunning.id
                                           AND line.level_id = dunning.level_id))
            """,
            self.id,
        )

    def _get_forget_left_out_sql(self):
        return SQL(
            """
            DELETE FROM credit_collection_run_exclusion
                  WHERE run_id = %s AND decision = 'left_out'
            """,
            self.id,
        )

    def _approve(self):
        for run in self:
            if run.state == "approved":
                continue
            if not run.dunning_ids:
                raise UserError(
                    self.env._("There is nothing to send. Propose again on a later day.")
                )
            run._check_date()
            run._drop_stale()
            run._set_state("approved", allowed=("draft",))
            run.dunning_ids._queue()
        self.env.ref("credit_collection.ir_cron_send_notices").sudo()._trigger()

    def _drop_stale(self):
        """Drop from the proposal what is not due any more: sent by another run, paid, on hold."""
        self._assess()
        self.dunning_ids._take_amounts(("due",))
        self.env.cr.execute(self._get_drop_empty_sql())
        self.env["credit.collection.charge"]._clear_orphans(self.dunning_ids)
        self.env.invalidate_all(flush=False)
        if not self.dunning_ids:
            raise UserError(
                self.env._(
                    "Nothing of this proposal is due any more: propose again on a later day."
                )
            )

    @api.model
    def _cron_run(self):
        """The daily run: propose, approve and send what the policies let go without review."""
        companies = self.env["res.company"].search(Domain.TRUE)
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            run = company._collection_speak(self.with_company(company))
            company._collection_do(run._run_automatically)
            self.env["ir.cron"]._commit_progress(1)

    def _run_automatically(self, company):
        """Return the run that was sent without review, empty when nothing was due."""
        Item = self.env["credit.collection.item"]
        Item._assess(company)
        domain = [
            ("company_id", "=", company.id),
            ("decision", "=", "due"),
            ("next_level_id.policy_id.is_automatic", "=", True),
        ]
        if not Item.search_count(domain, limit=1):
            return self.browse()
        run = self.create({"company_id": company.id, "is_automatic": True})
        run._propose()
        if not run.dunning_ids:
            run.unlink()
            return self.browse()
        run._approve()
        return run


class CreditCollectionRunExclusion(models.Model):
    """The journal of a run: how many items were left out, by reason."""

    _name = "credit.collection.run.exclusion"
    _description = "Left Out of a Run"
    _order = "item_count desc, id"
    _log_access = False

    run_id = fields.Many2one("credit.collection.run", required=True, index=True, ondelete="cascade")
    decision = fields.Selection(
        [*DECISIONS, ("left_out", "Left out by hand"), ("free", "Reminded without charges")],
        "Reason",
        required=True,
    )
    item_count = fields.Integer("Items")
    amount = fields.Monetary()
    currency_id = fields.Many2one(related="run_id.currency_id")

    def action_open_items(self):
        """List the items that were left out for this reason."""
        self.ensure_one()
        action = self.run_id.action_open_left_out()
        lines = {
            "left_out": self.run_id.left_out_line_ids,
            "free": self.run_id._get_free_lines().move_line_id,
        }
        reason = (
            [("move_line_id", "in", lines[self.decision].ids)]
            if self.decision in lines
            else [("date_due", "<", self.run_id.date), ("decision", "=", self.decision)]
        )
        return action | {
            "domain": [("company_id", "=", self.run_id.company_id.id), *reason],
            "context": {},
        }

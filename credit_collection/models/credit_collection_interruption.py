from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..const import INTERRUPTIONS


class CreditCollectionInterruption(models.Model):
    """What interrupts the limitation of some items, as somebody recorded it, with its proof.

    Payments, payment plans and litigations need not be recorded: `_get_interruptions` knows them.
    """

    _name = "credit.collection.interruption"
    _description = "Interruption of Limitation"
    _order = "date, id"
    _check_company_auto = True

    case_id = fields.Many2one(
        "credit.collection.case", "Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    kind = fields.Selection(INTERRUPTIONS, required=True)
    date = fields.Date(required=True, default=fields.Date.context_today)
    date_end = fields.Date("Closed on", help="Of proceedings. Empty as long as they last.")
    move_line_ids = fields.Many2many(
        "account.move.line",
        "credit_collection_interruption_line_rel",
        "interruption_id",
        "move_line_id",
        "Items",
        required=True,
        check_company=True,
        domain="[('partner_id.commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('account_id.account_type', '=', 'asset_receivable'),"
        " ('parent_state', '=', 'posted'), ('amount_residual_currency', '>', 0)]",
    )
    file = fields.Binary("Document", attachment=True)
    filename = fields.Char("File name")
    note = fields.Char()
    user_id = fields.Many2one(
        "res.users", "Recorded by", readonly=True, default=lambda self: self.env.user
    )
    state = fields.Selection(
        [("recorded", "Recorded"), ("cancel", "Withdrawn")],
        required=True,
        default="recorded",
        readonly=True,
        copy=False,
    )

    _dates_order = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date)", "Proceedings do not end before they begin."
    )

    @api.constrains("move_line_ids", "case_id")
    def _check_move_line_ids(self):
        for one in self:
            for line in one.move_line_ids:
                if not line._collection_is_claim_on(one.case_id):
                    raise ValidationError(
                        self.env._(
                            "%(item)s is no debt of %(customer)s.",
                            item=line.move_name or line.display_name,
                            customer=one.case_id.display_name,
                        )
                    )
            if not one.move_line_ids:
                raise ValidationError(self.env._("Choose the items that it is about."))

    @api.constrains("date")
    def _check_date(self):
        today = fields.Date.context_today(self)
        if any(one.date > today for one in self):
            raise ValidationError(self.env._("It is recorded when it has happened."))

    @api.model_create_multi
    def create(self, vals_list):
        recorded = super().create([vals | {"state": "recorded"} for vals in vals_list])
        for one in recorded:
            one._log(self.env._("%(event)s of %(date)s was recorded.", **one._describe()))
        recorded.case_id._update_limitation()
        return recorded

    def write(self, vals):
        if not self.env.su and vals.keys() - self._get_free_fields():
            raise UserError(
                self.env._("What was recorded stays as it is: withdraw it, and record another.")
            )
        res = super().write(vals)
        self.case_id._update_limitation()
        return res

    @api.model
    def _get_free_fields(self):
        """Return what may be added later."""
        return {"date_end", "file", "filename", "note"}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("It is part of the file of the customer: withdraw it instead."))

    def action_cancel(self):
        """It was a mistake: the period runs as if it had not been recorded."""
        self.check_access("write")
        for one in self.filtered(lambda one: one.state == "recorded"):
            one.sudo().state = "cancel"
            one._log(self.env._("%(event)s of %(date)s was withdrawn.", **one._describe()))

    def _log(self, body):
        self.case_id._log(body, self.move_line_ids._collection_get_sources().move_id)

    def _describe(self):
        self.ensure_one()
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return {"event": kinds[self.kind], "date": format_date(self.env, self.date)}

    # -------------------------------------------------------------------------
    # Everything that interrupts
    # -------------------------------------------------------------------------

    @api.model
    def _get_interruptions(self, line_ids):
        """Return `{source item: [(kind, date, end), ...]}`, from all that the books know.

        Another module adds its own to `_get_sources()`.
        """
        self.env.flush_all()
        found = {}
        for sql in self._get_sources(list(line_ids)):
            for line_id, kind, date, end in self.env.execute_query(sql):
                found.setdefault(line_id, []).append((kind, date, end))
        return found

    @api.model
    def _get_sources(self, line_ids):
        """Return queries for (source item, kind, date, end) about these source items."""
        return [
            self._get_recorded_sql(line_ids),
            self._get_payments_sql(line_ids),
            self._get_plans_sql(line_ids),
            self._get_litigations_sql(line_ids),
        ]

    @api.model
    def _get_recorded_sql(self, line_ids):
        return SQL(
            """
            SELECT COALESCE(line.collection_origin_line_id, line.id), one.kind, one.date,
                   one.date_end
              FROM credit_collection_interruption one
              JOIN credit_collection_interruption_line_rel rel ON rel.interruption_id = one.id
              JOIN account_move_line line ON line.id = rel.move_line_id
             WHERE one.state = 'recorded'
               AND COALESCE(line.collection_origin_line_id, line.id) = ANY(%s)
            """,
            line_ids,
        )

    @api.model
    def _get_payments_sql(self, line_ids):
        """Payments, but no credit notes and nothing that was given up or only moved."""
        return SQL(
            """
            SELECT DISTINCT COALESCE(line.collection_origin_line_id, line.id), 'payment',
                   credit.date, NULL::date
              FROM account_move_line line
              JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
              JOIN account_move_line credit ON credit.id = partial.credit_move_id
              JOIN account_move entry ON entry.id = credit.move_id
             WHERE (line.id = ANY(%(ids)s) OR line.collection_origin_line_id = ANY(%(ids)s))
               AND (entry.origin_payment_id IS NOT NULL OR entry.statement_line_id IS NOT NULL)
            """,
            ids=line_ids,
        )

    @api.model
    def _get_plans_sql(self, line_ids):
        """The debtor acknowledges the debt in the agreement of a plan."""
        return SQL(
            """
            SELECT COALESCE(line.collection_origin_line_id, line.id), 'plan', plan.date_active,
                   NULL::date
              FROM credit_collection_payment_plan plan
              JOIN credit_collection_payment_plan_line covered ON covered.plan_id = plan.id
              JOIN account_move_line line ON line.id = covered.move_line_id
             WHERE plan.date_active IS NOT NULL
               AND COALESCE(line.collection_origin_line_id, line.id) = ANY(%s)
            """,
            line_ids,
        )

    @api.model
    def _get_litigations_sql(self, line_ids):
        """The steps of litigations that interrupt, claims filed and titles; not what was withdrawn.

        Proceedings last until their litigation is closed.
        """
        return SQL(
            """
            WITH covered AS (
                SELECT COALESCE(line.collection_origin_line_id, line.id) AS line_id, litigation.*
                  FROM credit_collection_litigation litigation
                  JOIN credit_collection_litigation_line covered
                    ON covered.litigation_id = litigation.id
                  JOIN account_move_line line ON line.id = covered.move_line_id
                 WHERE litigation.state NOT IN ('draft', 'cancel')
                   AND COALESCE(line.collection_origin_line_id, line.id) = ANY(%s)
            )
            SELECT covered.line_id, COALESCE(stage.interruption, 'court'), step.date_done,
                   CASE WHEN COALESCE(stage.interruption, 'court') = 'court'
                        THEN covered.date_closed END
              FROM covered
              JOIN credit_collection_litigation_step step ON step.litigation_id = covered.id
         LEFT JOIN credit_collection_litigation_stage stage ON stage.id = step.stage_id
             WHERE step.date_done IS NOT NULL
               AND (step.kind = 'filing' OR stage.interruption IS NOT NULL)
             UNION
            SELECT line_id, 'title', date_title, NULL
              FROM covered
             WHERE date_title IS NOT NULL
            """,
            line_ids,
        )

from functools import partial

from psycopg2.errors import UniqueViolation
from psycopg2.extensions import TransactionRollbackError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger
from odoo.tools.misc import format_date

from ..const import CLAIM_NATURES, KEEP_NUMBERS, URGENT_DECISIONS

_READERS = "credit_collection.credit_collection_group_readonly"
_MANAGERS = "credit_collection.credit_collection_group_manager"
_TOUCHED = "credit_collection.touched"


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "credit.collection.litigated"]

    collection_policy_id = fields.Many2one(
        "credit.collection.policy",
        "Dunning policy",
        copy=False,
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=_READERS,
        help="Overrides the policy of the customer for this invoice.",
    )
    collection_level_id = fields.Many2one(
        "credit.collection.level",
        "Treated as reminded up to",
        copy=False,
        ondelete="restrict",
        groups=_READERS,
    )
    collection_level_date = fields.Date(
        copy=False,
        groups=_READERS,
        help="Notices sent up to this day do not count for the level of the invoice.",
    )
    collection_waiting_end = fields.Date(
        "Period of the first reminder until",
        copy=False,
        readonly=True,
        groups=_READERS,
        help="Of a first reminder that was sent elsewhere, as a manager has recorded it.",
    )
    collection_first_reminder_date = fields.Date(
        "First reminder sent on", copy=False, readonly=True, groups=_READERS
    )
    collection_nature = fields.Selection(
        CLAIM_NATURES,
        "Nature of the claim",
        copy=False,
        groups=_READERS,
        help="Decides after how long it lapses. As set for the customer when empty.",
    )
    collection_date_lapse = fields.Date(
        "Lapses on", compute="_compute_collection_item_ids", groups=_READERS
    )
    collection_item_ids = fields.Many2many(
        "credit.collection.item", compute="_compute_collection_item_ids", groups=_READERS
    )
    collection_explanation = fields.Char(
        "Dunning", compute="_compute_collection_item_ids", groups=_READERS
    )
    collection_charge_ids = fields.One2many(
        "credit.collection.charge",
        "charge_move_id",
        "Charges booked here",
        readonly=True,
        groups=_READERS,
    )
    collection_charge_count = fields.Integer(
        compute="_compute_collection_charge_count", groups=_READERS
    )
    collection_dispute_ids = fields.One2many(
        "credit.collection.dispute", "move_id", "Disputes", readonly=True, groups=_READERS
    )
    collection_litigation_line_ids = fields.One2many(
        "credit.collection.litigation.line",
        "move_id",
        "Litigations",
        readonly=True,
        groups=_READERS,
    )
    collection_litigation_id = fields.Many2one(
        "credit.collection.litigation",
        "Costs of litigation",
        copy=False,
        check_company=True,
        index="btree_not_null",
        ondelete="set null",
        groups=_READERS,
        domain="[('company_id', '=', company_id), ('state', '!=', 'draft')]",
        help="What was paid to the lawyer, the bailiff or the court, for which litigation.",
    )
    dunning_line_ids = fields.Many2many(
        "credit.collection.dunning.line", compute="_compute_dunning_line_ids", groups=_READERS
    )
    dunning_count = fields.Integer(compute="_compute_dunning_line_ids", groups=_READERS)
    dunning_level_id = fields.Many2one(
        "credit.collection.level",
        "Dunning level",
        compute="_compute_collection_item_ids",
        search="_search_dunning_level_id",
        groups=_READERS,
    )

    collection_provision_id = fields.Many2one(
        "credit.collection.provision",
        "Provision",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=_READERS,
    )

    # -------------------------------------------------------------------------
    # What the collector sees
    # -------------------------------------------------------------------------

    @api.depends("line_ids.amount_residual", "payment_state")
    @api.depends_context("lang")
    def _compute_collection_item_ids(self):
        items = self.env["credit.collection.item"].search([("move_id", "in", self._origin.ids)])
        by_move = items.grouped("move_id")
        for move in self:
            own = by_move.get(move._origin, items.browse())
            next_up = own.sorted(self._get_collection_urgency)[:1]
            move.collection_item_ids = own
            move.collection_explanation = next_up.explanation
            move.dunning_level_id = own.level_id.sorted("delay_days")[-1:]
            move.collection_date_lapse = min(filter(None, own.mapped("date_lapse")), default=False)

    @api.model
    def _get_collection_urgency(self, item):
        """Return where an item stands among those of its invoice, the first to be read first."""
        is_urgent = item.decision in URGENT_DECISIONS
        rank = URGENT_DECISIONS.index(item.decision) if is_urgent else len(URGENT_DECISIONS)
        return rank, item.date_next or item.date_due, item.id

    def _search_dunning_level_id(self, operator, value):
        items = self.env["credit.collection.item"]._search([("level_id", operator, value)])
        return Domain("line_ids", "any", [("id", "in", items.subselect("move_line_id"))])

    def _compute_dunning_line_ids(self):
        lines = self.env["credit.collection.dunning.line"].search(
            [
                "|",
                ("move_line_id.move_id", "in", self._origin.ids),
                ("move_line_id.collection_origin_line_id.move_id", "in", self._origin.ids),
                ("dunning_id.state", "!=", "draft"),
            ],
            order="id desc",
        )
        by_move = lines.grouped(lambda line: line._get_move())
        for move in self:
            own = by_move.get(move._origin, lines.browse())
            move.dunning_line_ids = own
            move.dunning_count = len(own.dunning_id)

    def _compute_collection_charge_count(self):
        """Count the charges for this invoice, or those that this document books."""
        Charge = self.env["credit.collection.charge"]
        for move in self:
            move.collection_charge_count = Charge.search_count(move._get_collection_charge_domain())

    def _get_collection_charge_domain(self):
        self.ensure_one()
        return [
            ("state", "!=", "draft"),
            "|",
            ("charge_move_id", "=", self._origin.id),
            ("move_line_id", "in", self._origin.line_ids.ids),
        ]

    @api.constrains("collection_policy_id", "collection_level_id")
    def _check_collection_policy(self):
        for move in self:
            if not (move.collection_policy_id or move.collection_level_id):
                continue
            if move.move_type not in ("out_invoice", "out_receipt", "entry"):
                raise ValidationError(
                    self.env._("%(invoice)s is not a claim on a customer.", invoice=move.name)
                )
            level = move.collection_level_id
            if level and level.policy_id != move.collection_policy_id:
                raise ValidationError(
                    self.env._(
                        "%(level)s is not a level of the policy of the invoice.", level=level.name
                    )
                )

    @api.constrains("collection_litigation_id")
    def _check_collection_litigation_id(self):
        for move in self:
            if move.collection_litigation_id and not move.is_purchase_document(True):
                raise ValidationError(
                    self.env._("Only the bills of vendors are costs of a litigation.")
                )

    @api.model
    def _get_litigation_status_sql(self, alias):
        return SQL(
            """
            (SELECT max(litigation_line.category)
               FROM credit_collection_litigation_line litigation_line
              WHERE litigation_line.move_id = %s AND litigation_line.state = 'open')
            """,
            SQL.identifier(alias, "id"),
            to_flush=self.env["credit.collection.litigation.line"]._fields["state"],
        )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_collection_open_case(self):
        self.ensure_one()
        self.env["credit.collection.case"].check_access("read")
        case = self.env["credit.collection.case"]._get_for_partner(self.partner_id, self.company_id)
        return case._get_records_action(context={})

    def action_collection_open_dunnings(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "credit_collection.credit_collection_dunning_action"
        )
        return action | {
            "domain": [("id", "in", self.dunning_line_ids.dunning_id.ids)],
            "context": {"create": False},
        }

    def action_collection_hold(self):
        """Open a new hold on this invoice."""
        case = self._collection_open_case_for("credit.collection.hold")
        action = case.action_hold()
        return action | {"context": action["context"] | {"default_move_id": self.id}}

    def action_collection_promise(self):
        """Open a new promise for what is open on this invoice."""
        case = self._collection_open_case_for("credit.collection.promise")
        lines = self.collection_item_ids.move_line_id
        earlier = case.promise_ids.filtered(
            lambda promise: promise.state == "open" and promise.move_line_ids & lines
        )
        return case._get_promise_action(
            default_move_line_ids=lines.ids,
            default_amount=sum(lines.mapped("amount_residual_currency")),
            default_currency_id=self.currency_id.id,
            default_replaces_id=earlier[:1].id,
        )

    def action_collection_dispute(self):
        """Open a new dispute on this invoice."""
        case = self._collection_open_case_for("credit.collection.dispute")
        action = case.action_dispute()
        return action | {"context": action["context"] | {"default_move_id": self.id}}

    def action_collection_interest(self):
        """Show the late interest on this invoice, also when it is paid by now."""
        case = self._collection_open_case_for("credit.collection.case.interest")
        return case._open_interest(default_move_id=self.id)

    def action_collection_open_charges(self):
        """List the charges for this invoice, or those that this document books."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "credit_collection.credit_collection_charge_action"
        )
        return action | {"domain": self._get_collection_charge_domain(), "context": {}}

    def action_collection_payment_plan(self):
        """Open the payment plan of this invoice, or a new one over what is open of it."""
        self.ensure_one()
        Plan = self.env["credit.collection.payment.plan"]
        running = Plan.search(
            [
                ("line_ids.move_line_id.move_id", "=", self.id),
                ("state", "in", ("draft", "proposed", "active")),
            ],
            limit=1,
        )
        if running:
            return running._open_form()
        case = self._collection_open_case_for(Plan._name)
        return case._open_payment_plan(self.collection_item_ids.move_line_id)

    def action_collection_litigation(self):
        """Open the litigation of this invoice, or a new one over what is open of it."""
        self.ensure_one()
        Litigation = self.env["credit.collection.litigation"]
        running = Litigation.search(
            [("line_ids.move_id", "=", self.id), ("state", "in", ("draft", "open"))], limit=1
        )
        if running:
            return running._open_form()
        case = self._collection_open_case_for(Litigation._name)
        return case._open_litigation(self.collection_item_ids.move_line_id)

    def _collection_open_case_for(self, model):
        """Return the case of the customer, for who may create something of this model on it."""
        self.ensure_one()
        self.env[model].check_access("create")
        Case = self.env["credit.collection.case"]
        return Case._get_for_partner(self.partner_id, self.company_id)

    def _collection_set_policy(self, policy, level=None):
        """Put invoices under another policy, as if they had been reminded up to a level."""
        for move in self:
            move.write(
                {
                    "collection_policy_id": policy.id,
                    "collection_level_id": level.id if level else False,
                    "collection_level_date": fields.Date.context_today(self),
                }
            )
            move._message_log(
                body=self.env._(
                    "Dunning policy %(policy)s, treated as reminded up to: %(level)s.",
                    policy=policy.name or self.env._("of the customer"),
                    level=level.name if level else self.env._("nothing yet"),
                )
            )

    def action_collection_first_reminder(self):
        """Open the record of a first reminder that was sent elsewhere."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("First reminder sent elsewhere"),
            "res_model": "credit.collection.move.first.reminder",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_move_ids": self.ids},
        }

    def _collection_record_first_reminder(self, day, is_posted, reason):
        """Take note that consumers had their free first reminder before, by other means.

        The period of the law runs from then; only a manager vouches for it.
        """
        if not self.env.user.has_group(_MANAGERS):
            raise AccessError(self.env._("Only a manager records this: ask one."))
        for company, moves in self.grouped("company_id").items():
            contracts = moves.commercial_partner_id._collection_get_contracts(company)
            for move in moves:
                profile = contracts[move.commercial_partner_id].profile
                move._collection_begin_period(profile, day, is_posted, reason)

    def _collection_begin_period(self, profile, day, is_posted, reason):
        self.ensure_one()
        if not profile or not profile._demands_first_reminder():
            raise UserError(
                self.env._(
                    "The law of %(customer)s asks for no free first reminder: choose other "
                    "invoices.",
                    customer=self.commercial_partner_id.name,
                )
            )
        dues = self._collection_get_receivables().mapped("date_maturity")
        if day <= max(filter(None, dues), default=day):
            raise UserError(
                self.env._(
                    "%(invoice)s was not due yet on that day: a reminder comes after the due date.",
                    invoice=self.name,
                )
            )
        _first, last = profile._get_notice_period(day, is_posted)
        self.sudo().write({"collection_first_reminder_date": day, "collection_waiting_end": last})
        self._message_log(
            body=self.env._(
                "%(user)s vouches for a free first reminder of %(day)s, sent elsewhere, whose "
                "period ended on %(last)s: %(reason)s",
                user=self.env.user.name,
                day=format_date(self.env, day),
                last=format_date(self.env, last),
                reason=reason,
            )
        )

    # -------------------------------------------------------------------------
    # The ledger changes: the cases follow
    # -------------------------------------------------------------------------

    @api.model
    def _has_field_access(self, field, operation):
        """Let only a manager put an invoice under another policy; collectors see it."""
        if operation == "write" and field.name in self._get_collection_policy_fields():
            return self.env.su or self.env.user.has_group(_MANAGERS)
        if operation == "write" and field.name in self._get_collection_reminder_fields():
            return self.env.su  # see `_collection_record_first_reminder`
        return super()._has_field_access(field, operation)

    @api.model
    def _get_collection_policy_fields(self):
        return ("collection_policy_id", "collection_level_id", "collection_level_date")

    @api.model
    def _get_collection_reminder_fields(self):
        return ("collection_waiting_end", "collection_first_reminder_date")

    def write(self, vals):
        res = super().write(vals)
        if {
            "state",
            "payment_state",
            "collection_policy_id",
            "collection_level_id",
            "collection_level_date",
            "collection_waiting_end",
        } & vals.keys():
            self._collection_touch(moves=self)
        return res

    def _post(self, soft=True):
        posted = super()._post(soft)
        notes = posted.filtered(lambda move: move.move_type == "out_refund")
        if notes:
            # whoever posts the credit note need not know of disputes
            Dispute = self.env["credit.collection.dispute"].sudo()
            Dispute.search(
                [("credit_note_id", "in", notes.ids), ("state", "=", "open")]
            )._accept_credited()
        reversals = posted.filtered("reversed_entry_id")
        if reversals:
            # nor of charges
            self.env["credit.collection.charge"].sudo()._follow_reversals(reversals)
        return posted

    @api.ondelete(at_uninstall=False)
    def _unlink_except_disputed(self):
        """What was disputed belongs to the file of the customer."""
        Dispute = self.env["credit.collection.dispute"].sudo()
        disputed = Dispute.search([("move_id", "in", self.ids)], limit=1).move_id
        if disputed:
            raise UserError(
                self.env._(
                    "%(invoice)s was disputed: cancel it instead of deleting it.",
                    invoice=disputed.display_name,
                )
            )

    def _must_check_constrains_date_sequence(self):
        # a ledger that is taken over keeps the numbers that its customers know, whatever their form
        if self.env.context.get("credit_collection_keep_numbers") is KEEP_NUMBERS:
            return False
        return super()._must_check_constrains_date_sequence()

    def _check_draftable(self):
        self._collection_check_charges()
        self._collection_check_dunned()
        return super()._check_draftable()

    def _collection_check_charges(self):
        """What was claimed on a notice is booked as it was claimed."""
        Charge = self.env["credit.collection.charge"].sudo()
        booked = Charge.search([("charge_move_id", "in", self.ids)], limit=1)
        if booked:
            raise UserError(
                self.env._(
                    "%(document)s books the charges of %(notice)s: reverse these charges instead.",
                    document=booked.charge_move_id.name,
                    notice=booked.dunning_id.name,
                )
            )
        reversed_ = Charge.search([("reversal_move_id", "in", self.ids)], limit=1)
        if reversed_:
            raise UserError(
                self.env._(
                    "%(document)s reversed the charges of %(notice)s: post them again instead.",
                    document=reversed_.reversal_move_id.name,
                    notice=reversed_.dunning_id.name,
                )
            )

    def _collection_check_dunned(self):
        """Where the company says so, correct an invoice that was dunned by a credit note only."""
        kept = self.filtered(
            lambda move: move.state == "posted" and move.sudo().company_id.collection_protect_dunned
        )
        if not kept:
            return
        quoted = (
            self.env["credit.collection.dunning.line"]
            .sudo()
            ._read_group(
                [("move_line_id.move_id", "in", kept.ids), ("dunning_id.state", "=", "sent")],
                ["move_line_id"],
            )
        )
        for move in kept & self.browse().union(*(line.move_id for (line,) in quoted)):
            raise UserError(
                self.env._(
                    "A reminder for %(invoice)s was sent to the customer: issue a credit note "
                    "instead of changing or cancelling the invoice.",
                    invoice=move.name,
                )
            )

    def button_draft(self):
        res = super().button_draft()
        self._collection_annotate_notices()
        return res

    def button_cancel(self):
        """A credit note that is cancelled has settled nothing; one in draft stays matched."""
        res = super().button_cancel()
        # whoever corrects the credit note need not know of disputes
        self.env["credit.collection.dispute"].sudo()._reopen_without(self)
        return res

    def _collection_annotate_notices(self):
        """Drafts forget the invoice; a notice that quotes it gets a remark on its case."""
        lines = (
            self.env["credit.collection.dunning.line"]
            .sudo()  # whoever corrects the invoice need not know of notices
            .search([("move_line_id.move_id", "in", self.ids)])
        )
        if not lines:
            return  # Odoo asks this of every payment that it deletes, and of none
        drafts = lines.filtered(lambda line: line.state == "draft")
        dunnings = drafts.dunning_id
        drafts.unlink()
        self.env["credit.collection.charge"]._clear_orphans(dunnings)
        for dunning, quoted in lines.exists().grouped("dunning_id").items():
            if dunning.state == "sent":
                dunning.case_id._message_log(
                    body=self.env._(
                        "%(invoice)s, claimed in %(notice)s, was reset to draft by %(user)s.",
                        invoice=", ".join(quoted.mapped("name")),
                        notice=dunning.name,
                        user=self.env.user.name,
                    )
                )

    @api.model
    def _collection_touch(self, moves=None, partners=None):
        """Remember whose ledger changed; their cases are brought up to date before the commit.

        One statement for all of them, whatever the number of invoices.
        """
        data = self.env.cr.precommit.data
        if _TOUCHED not in data:
            data[_TOUCHED] = (set(), set())
            self.env.cr.precommit.add(partial(self.env["account.move"]._collection_refresh_touched))
        data[_TOUCHED][0].update(moves.ids if moves else ())
        data[_TOUCHED][1].update(partners.ids if partners else ())

    def _collection_refresh_touched(self):
        move_ids, partner_ids = self.env.cr.precommit.data.pop(_TOUCHED, (set(), set()))
        if not move_ids and not partner_ids:
            return
        # the cases are ours to keep, whoever books and in whichever company
        Item = self.env(su=True)["credit.collection.item"]
        self.env.flush_all()  # a rollback to the savepoint must not lose what others wrote
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                Item._assess(
                    moves=Item.env["account.move"].browse(move_ids),
                    partners=Item.env["res.partner"].browse(partner_ids),
                )
        except (TransactionRollbackError, UniqueViolation):
            # Somebody else writes the same cases at this moment. Booking a payment must never fail
            # for that: the daily job, run now, looks again when both have finished.
            Item.env.ref("credit_collection.ir_cron_assess")._trigger()

    # -------------------------------------------------------------------------
    # Write-offs and doubtful debts
    # -------------------------------------------------------------------------

    def _collection_reverse(self, ref, **vals):
        """Reverse an entry, on the first open day, and undo what it was reconciled with."""
        self.ensure_one()
        company = self.company_id
        has_tax = bool(self._affect_tax_report())
        date = company._collection_get_open_date(self.journal_id, has_tax)
        return self.with_company(company)._reverse_moves(
            [{"date": max(date, self.date), "ref": ref, **vals}], cancel=True
        )

    def _collection_get_receivables(self):
        """Return the lines by which customers owe these entries."""
        return self.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def _collection_get_action(self):
        """Return the action that shows these entries."""
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_journal_line")
        action |= {"domain": [("id", "in", self.ids)], "context": {"create": False}}
        if len(self) == 1:
            action |= {"res_id": self.id, "view_mode": "form", "views": [(False, "form")]}
        return action

    def _collection_get_cash_basis_taxes(self):
        """Return the taxes of an invoice that are due only when it is paid."""
        return self.line_ids.tax_line_id.filtered(lambda tax: tax.tax_exigibility == "on_payment")

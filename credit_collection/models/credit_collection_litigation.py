import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL
from odoo.tools.misc import format_amount, format_date

_CLOSE_TASK = "credit_collection.mail_activity_type_litigation_close"
_WRITE_OFF_TASK = "credit_collection.mail_activity_type_litigation_write_off"
_MANAGERS = "credit_collection.credit_collection_group_manager"

_logger = logging.getLogger(__name__)


class CreditCollectionLitigation(models.Model):
    """A case at the lawyer, the bailiff or the court, or in an insolvency.

    It covers items, or everything that the customer owes: these are on hold as long as it is open.
    An insolvency covers what is older than the opening judgment; what comes later is a debt of the
    estate and goes on being collected. What was recovered is read from the payments that were
    reconciled with the items since the opening. It never closes by itself: somebody has to say how
    it ended, and costs may still come.
    """

    _name = "credit.collection.litigation"
    _description = "Litigation"
    _inherit = ["credit.collection.agreement"]
    _order = "date_next, id desc"
    _check_company_auto = True

    _hold_field = "litigation_id"

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("open", "Open"),
            ("recovered", "Recovered"),
            ("partial", "Partly recovered"),
            ("irrecoverable", "Irrecoverable"),
            ("cancel", "Withdrawn"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    country_id = fields.Many2one("res.country", compute="_compute_country_id")
    kind_id = fields.Many2one(
        "credit.collection.litigation.kind",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        domain="['|', ('country_ids', '=', False), ('country_ids', 'in', country_id)]",
    )
    category = fields.Selection(related="kind_id.category", store=True)
    kind_note = fields.Text(related="kind_id.note", string="What to know")
    forbids_contact = fields.Boolean(related="kind_id.forbids_contact")
    stage_id = fields.Many2one(
        "credit.collection.litigation.stage",
        index=True,
        ondelete="restrict",
        tracking=True,
        group_expand="_read_group_stage_ids",
        copy=False,
        domain="[('kind_ids', '=', kind_id)]",
    )
    is_last_stage = fields.Boolean(related="stage_id.is_final")
    covers_customer = fields.Boolean(
        "Everything owed",
        compute="_compute_covers_customer",
        store=True,
        readonly=False,
        precompute=True,
        help="All that the customer owes, also what comes later; of an insolvency, all that is "
        "older than the opening judgment.",
    )
    line_ids = fields.One2many(
        "credit.collection.litigation.line", "litigation_id", "Covered items", copy=False
    )
    party_ids = fields.One2many(
        "credit.collection.litigation.party", "litigation_id", "Parties", copy=False
    )
    step_ids = fields.One2many(
        "credit.collection.litigation.step", "litigation_id", "Steps", copy=False
    )
    reference = fields.Char("Court reference", tracking=True, help="The number of the case there.")
    date_open = fields.Date("Begun on", readonly=True, copy=False)
    date_closed = fields.Date("Closed on", readonly=True, copy=False)
    date_next = fields.Date("Next date", compute="_compute_date_next", store=True)
    next_step = fields.Char("Next", compute="_compute_date_next", store=True)
    date_hearing = fields.Date("Next hearing", compute="_compute_date_next", store=True)
    date_checked = fields.Date(readonly=True, copy=False)
    is_settled = fields.Boolean(
        "Nothing open", readonly=True, copy=False, help="Nothing of the covered items is open."
    )

    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, precompute=True
    )
    amount_principal = fields.Monetary(
        "Principal claimed",
        compute="_compute_amount_principal",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    amount_interest = fields.Monetary("Interest claimed", tracking=True)
    amount_costs = fields.Monetary("Costs claimed", tracking=True)
    amount_claimed = fields.Monetary("Claimed", compute="_compute_amount_claimed", store=True)
    date_title = fields.Date("Judgment or order of", tracking=True)
    title_number = fields.Char("Number of the judgment")
    amount_principal_awarded = fields.Monetary("Principal awarded", tracking=True)
    amount_interest_awarded = fields.Monetary("Interest awarded", tracking=True)
    amount_costs_awarded = fields.Monetary("Costs awarded", tracking=True)
    amount_awarded = fields.Monetary("Awarded", compute="_compute_amount_awarded", store=True)
    amount_recovered = fields.Monetary(
        "Recovered",
        compute="_compute_amount_recovered",
        store=True,
        help="Paid on the covered items since the litigation began.",
    )
    amount_open = fields.Monetary("Still open", compute="_compute_amount_open")
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    amount_spent = fields.Monetary(
        "Costs spent",
        compute="_compute_amount_spent",
        currency_field="company_currency_id",
        help="The posted vendor bills of this litigation, without the tax, less their refunds.",
    )

    # of an insolvency
    date_judgment = fields.Date(
        "Opening judgment", tracking=True, help="The day of the decision that opens the procedure."
    )
    date_publication = fields.Date("Published on", tracking=True)
    publication_reference = fields.Char("Publication", help="Where it was published, its number.")
    date_notice = fields.Date("Notified on", help="The day on which the notice reached us.")
    date_filing_deadline = fields.Date(
        "File the claim by",
        compute="_compute_date_filing_deadline",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    date_filed = fields.Date("Claim filed on", tracking=True)
    amount_filed = fields.Monetary("Filed", tracking=True)
    amount_admitted = fields.Monetary("Admitted", tracking=True)
    date_moratorium_from = fields.Date(
        "Moratorium from",
        compute="_compute_moratorium",
        store=True,
        readonly=False,
        precompute=True,
    )
    date_moratorium_to = fields.Date(
        "Moratorium until",
        compute="_compute_moratorium",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    newer_count = fields.Integer("Newer items", compute="_compute_newer_count")

    # what the credit limit of the customer was, see `_block_credit`
    is_credit_blocked = fields.Boolean("New credit blocked", readonly=True, copy=False)
    credit_limit_before = fields.Float(readonly=True, copy=False)
    has_credit_limit_before = fields.Boolean("Had a limit of its own", readonly=True, copy=False)

    _name_unique = models.UniqueIndex(
        "(company_id, name) WHERE name IS NOT NULL", "The number of a litigation is unique."
    )
    _open_idx = models.Index("(date_checked) WHERE state = 'open'")
    _amounts_positive = models.Constraint(
        "CHECK (amount_principal >= 0 AND amount_interest >= 0 AND amount_costs >= 0"
        " AND amount_principal_awarded >= 0 AND amount_interest_awarded >= 0"
        " AND amount_costs_awarded >= 0 AND amount_filed >= 0 AND amount_admitted >= 0)",
        "The amounts of a litigation are not negative.",
    )
    _moratorium_order = models.Constraint(
        "CHECK (date_moratorium_to >= date_moratorium_from)",
        "A moratorium ends after the day on which it begins.",
    )

    @api.depends("name", "kind_id.name")
    def _compute_display_name(self):
        for litigation in self:
            name = litigation.name or self.env._("Draft")
            litigation.display_name = f"{name}: {litigation.kind_id.name or ''}".rstrip(": ")

    @api.depends("partner_id.country_id", "company_id.country_id")
    def _compute_country_id(self):
        """Where the customer is decides about the procedure."""
        for litigation in self:
            litigation.country_id = (
                litigation.partner_id.country_id or litigation.company_id.country_id
            )

    @api.depends("kind_id")
    def _compute_covers_customer(self):
        for litigation in self.filtered(lambda one: one.state == "draft"):
            litigation.covers_customer = litigation.kind_id.is_whole_customer

    @api.depends("step_ids.date_due", "step_ids.date_done", "step_ids.name", "state")
    def _compute_date_next(self):
        for litigation in self:
            steps = litigation.step_ids.filtered(lambda one: one.date_due and not one.date_done)
            steps = steps.sorted("date_due") if litigation.state == "open" else steps[:0]
            litigation.date_next = steps[:1].date_due
            litigation.next_step = steps[:1].name
            hearings = steps.filtered(lambda one: one.kind == "hearing")
            litigation.date_hearing = hearings[:1].date_due

    @api.depends("case_id", "covers_customer", "line_ids.move_line_id", "kind_id", "date_judgment")
    def _compute_currency_id(self):
        """The currency of the items; that of the company when there are several."""
        for litigation in self.filtered(lambda one: one.state == "draft"):
            currencies = litigation._get_claim_lines().currency_id
            only = currencies if len(currencies) == 1 else currencies[:0]
            litigation.currency_id = only or (litigation.company_id or self.env.company).currency_id

    @api.depends("case_id", "covers_customer", "line_ids.move_line_id", "kind_id", "date_judgment")
    def _compute_amount_principal(self):
        """Propose what is open of the covered items, until the litigation begins."""
        for litigation in self.filtered(lambda one: one.state == "draft"):
            litigation.amount_principal = litigation._get_open_amount(litigation._get_claim_lines())

    @api.depends("amount_principal", "amount_interest", "amount_costs")
    def _compute_amount_claimed(self):
        for one in self:
            one.amount_claimed = one.amount_principal + one.amount_interest + one.amount_costs

    @api.depends("amount_principal_awarded", "amount_interest_awarded", "amount_costs_awarded")
    def _compute_amount_awarded(self):
        for one in self:
            one.amount_awarded = (
                one.amount_principal_awarded
                + one.amount_interest_awarded
                + one.amount_costs_awarded
            )

    @api.depends("line_ids.amount_recovered")
    def _compute_amount_recovered(self):
        for litigation in self:
            litigation.amount_recovered = sum(litigation.line_ids.mapped("amount_recovered"))

    @api.depends("line_ids.move_line_id", "state")
    def _compute_amount_open(self):
        for litigation in self:
            lines = litigation._get_open_lines()
            litigation.amount_open = litigation._get_open_amount(lines)

    def _compute_amount_spent(self):
        groups = (
            self.env["account.move"]
            .sudo()  # the sum is for who works the case, the bills are for accounting
            ._read_group(
                [("collection_litigation_id", "in", self.ids), ("state", "=", "posted")],
                ["collection_litigation_id"],
                ["amount_untaxed_signed:sum"],
            )
        )
        spent = {litigation.id: -amount for litigation, amount in groups}
        for litigation in self:
            litigation.amount_spent = spent.get(litigation.id, 0)

    @api.depends("kind_id", "date_judgment", "date_publication", "date_notice")
    def _compute_date_filing_deadline(self):
        """Propose what the country's rule says, as soon as the day that it counts from is known."""
        for litigation in self:
            proposed = litigation.kind_id._get_filing_deadline(
                {
                    "judgment": litigation.date_judgment,
                    "publication": litigation.date_publication,
                    "notice": litigation.date_notice,
                }
            )
            litigation.date_filing_deadline = proposed or litigation.date_filing_deadline

    @api.depends("kind_id", "date_judgment")
    def _compute_moratorium(self):
        for litigation in self:
            end = litigation.kind_id._get_moratorium_end(litigation.date_judgment)
            if end:
                litigation.date_moratorium_from = litigation.date_judgment
                litigation.date_moratorium_to = end
            else:
                litigation.date_moratorium_from = litigation.date_moratorium_from
                litigation.date_moratorium_to = litigation.date_moratorium_to

    @api.depends("case_id.item_ids", "date_judgment", "category", "state")
    def _compute_newer_count(self):
        """Count the debts of the estate: they are not part of an insolvency."""
        for litigation in self:
            debts = litigation.case_id._get_debts().move_line_id
            newer = debts.filtered(lambda line, one=litigation: not one._is_claim(line))
            litigation.newer_count = len(newer)

    @api.model
    def _read_group_stage_ids(self, _stages, domain):
        """Show the stages of the procedures that are shown, those without a litigation too."""
        kinds = [kind.id for (kind,) in self._read_group(domain, ["kind_id"])]
        return self.env["credit.collection.litigation.stage"].search([("kind_ids", "in", kinds)])

    @api.constrains("stage_id", "kind_id")
    def _check_stage_id(self):
        for litigation in self:
            stage, kind = litigation.stage_id, litigation.kind_id
            if stage and stage not in kind.stage_ids:
                raise ValidationError(
                    self.env._(
                        "%(stage)s is no stage of %(kind)s: choose one of %(stages)s.",
                        stage=stage.name,
                        kind=kind.name,
                        stages=", ".join(kind.stage_ids.mapped("name")),
                    )
                )

    # -------------------------------------------------------------------------
    # What a person may write
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(self._get_judged_fields() & vals.keys() for vals in vals_list):
            raise UserError(self.env._("A litigation begins as a draft."))
        return super().create(vals_list)

    @api.model
    def _get_judged_fields(self):
        return super()._get_judged_fields() | {
            "credit_limit_before",
            "currency_id",
            "date_checked",
            "date_closed",
            "date_open",
            "has_credit_limit_before",
            "is_credit_blocked",
            "is_settled",
            "name",
        }

    @api.model
    def _get_protected_fields(self):
        derived = {"amount_recovered", "category", "date_hearing", "date_next", "next_step"}
        return super()._get_protected_fields() | self._get_judged_fields() | derived

    @api.model
    def _get_term_fields(self):
        """Return the fields that say what the litigation covers, which is fixed when it begins."""
        return {"covers_customer", "date_judgment", "line_ids"}

    def write(self, vals):
        if not self.env.su:
            self._check_written(vals)
        stages = (
            {one: one.stage_id for one in self} if {"stage_id", "kind_id"} & vals.keys() else {}
        )
        if "kind_id" in vals:
            self._check_kind(self.env["credit.collection.litigation.kind"].browse(vals["kind_id"]))
        res = super().write(vals)
        running = self.filtered(lambda one: one.state == "open")
        if self._get_date_fields() & vals.keys():
            running._plan_dates()
        for litigation in running.filtered(
            lambda one: stages.get(one, one.stage_id) != one.stage_id
        ):
            litigation._reach_stage()
        if {"date_closed", "date_title"} & vals.keys():
            self.case_id.sudo()._update_limitation()
        if "user_id" in vals:
            running.sudo()._hand_over()  # holds and tasks are the litigation's own
        return res

    def _check_written(self, vals):
        if vals.keys() - {"note", "message_main_attachment_id"}:
            self._check_not_closed()
        if self._get_term_fields() & vals.keys() and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._(
                    "What an open litigation covers stays as it is: withdraw it, and open another."
                )
            )

    def _check_not_closed(self):
        if self.env.su:
            return
        for litigation in self:
            if litigation.state not in ("draft", "open"):
                raise UserError(
                    self.env._("%(litigation)s is closed.", litigation=litigation.display_name)
                )

    def _check_kind(self, kind):
        """A procedure may turn into another one of its sort: a reorganisation into a bankruptcy."""
        for litigation in self.filtered(lambda one: one.state == "open"):
            if kind.category != litigation.category:
                raise UserError(
                    self.env._(
                        "%(litigation)s cannot become %(kind)s: close it, and open another.",
                        litigation=litigation.display_name,
                        kind=kind.name,
                    )
                )
            if litigation.stage_id not in kind.stage_ids:
                raise UserError(
                    self.env._(
                        "%(kind)s has no stage %(stage)s: move it to a stage that both have first.",
                        kind=kind.name,
                        stage=litigation.stage_id.name,
                    )
                )

    @api.model
    def _get_date_fields(self):
        """Return the fields whose days are followed as steps."""
        return {
            "date_filed",
            "date_filing_deadline",
            "date_judgment",
            "date_moratorium_to",
            "date_notice",
            "date_publication",
            "kind_id",
        }

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_open(self):
        """Begin: what is covered is on hold from now on, and everybody concerned is told."""
        for litigation in self.filtered(lambda one: one.state == "draft"):
            litigation._open()

    def action_next_stage(self):
        """The next stage is reached, today."""
        for litigation in self.filtered(lambda one: one.state == "open"):
            stage = litigation.kind_id._get_next_stage(litigation.stage_id)
            if not stage:
                raise UserError(self.env._("This is the last stage: close the litigation."))
            litigation.stage_id = stage

    def action_handover(self):
        """Make a hand-over file about what the litigation covers."""
        self.ensure_one()
        lines = self.line_ids.move_line_id or self._get_claim_lines()
        handover = self.env["credit.collection.handover"]._make(self.case_id, lines)
        return handover._get_records_action(context={})

    def action_close_wizard(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Close Litigation"),
            "res_model": "credit.collection.litigation.close",
            "view_mode": "form",
            "target": "new",
            "context": {"default_litigation_id": self.id},
        }

    def action_cancel(self):
        """Withdraw it: dunning goes on where it stood."""
        for litigation in self:
            if litigation.state == "draft":
                litigation._set_state("cancel", allowed=("draft",))
            else:
                litigation._close("cancel")

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_records_action(context={})

    def action_open_bills(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_in_invoice_type"
        )
        return action | {
            "domain": [("collection_litigation_id", "=", self.id)],
            "context": {
                "default_collection_litigation_id": self.id,
                "default_move_type": "in_invoice",
            },
        }

    def _open_form(self, **context):
        """Open this litigation, or a new one."""
        return self._get_records_action(name=self.env._("Litigation"), context=context)

    # -------------------------------------------------------------------------
    # What it covers
    # -------------------------------------------------------------------------

    def _get_claim_lines(self):
        """Return the items that the litigation is about: all of the customer's, or those chosen."""
        self.ensure_one()
        if not self.covers_customer:
            return self.line_ids.move_line_id
        return self.case_id._get_debts().move_line_id.filtered(self._is_claim)

    def _is_claim(self, line):
        """Return whether a debt is old enough to be part of an insolvency."""
        if self.category != "insolvency" or not self.date_judgment:
            return True
        return line._collection_get_sources().date < self.date_judgment

    def _get_open_lines(self):
        """Return what is open of the covered items, wherever it was moved to."""
        covered = self.line_ids.move_line_id._collection_get_sources()
        items = self.case_id.item_ids.filtered(lambda item: item.decision != "credit")
        return items.move_line_id.filtered(lambda line: line._collection_get_sources() in covered)

    def _get_open_amount(self, lines):
        """Return what is open of some items, in the currency of the litigation."""
        return sum(line._collection_get_residual(self.currency_id) for line in lines)

    def _cover_new_items(self):
        """Cover what has come in, where everything that the customer owes is covered."""
        for litigation in self.sudo().filtered(lambda one: one.state == "open"):
            if litigation.covers_customer:
                known = litigation._get_pursued_lines()._collection_get_sources()
                new = litigation._get_claim_lines().filtered(
                    lambda line, known=known: line._collection_get_sources() not in known
                )
                litigation._add_lines(new)
            litigation._hold_items()

    def _is_in_moratorium(self):
        """Return whether the law of the customer forbids to contact him today."""
        self.ensure_one()
        first, last = self.date_moratorium_from or self.date_open, self.date_moratorium_to
        if not last or not first <= fields.Date.context_today(self) <= last:
            return False
        profile = self.env["credit.collection.guard"]._get_profiles(self.case_id)[self.case_id]
        return profile.is_moratorium_respected

    def _get_pursued_lines(self):
        """Return the items that are in this litigation, or in another open one of its sort."""
        same = self.case_id.litigation_ids.filtered(
            lambda one: one.state == "open" and one.category == self.category
        )
        return (self | same).line_ids.move_line_id

    def _add_lines(self, lines):
        self.line_ids = [Command.create({"move_line_id": line.id}) for line in lines]
        self.line_ids.filtered(lambda one: one.move_line_id in lines)._take_snapshot()

    def _hold_items(self):
        """Put on hold what is covered; all, where the debtor must not be contacted."""
        hold = self._get_holds()
        lines = self.line_ids.move_line_id
        if self.forbids_contact or self._is_in_moratorium():
            lines |= self.case_id._get_debts().move_line_id
        held = hold.line_ids.move_line_id._collection_get_sources()
        missing = lines.filtered(lambda line: line._collection_get_sources() not in held)
        if hold and missing:
            self.env["credit.collection.hold.line"].create(
                [{"hold_id": hold[0].id, "move_line_id": line.id} for line in missing]
            )
            self.case_id._refresh()

    # -------------------------------------------------------------------------
    # Begin
    # -------------------------------------------------------------------------

    def _open(self):
        """Hold, follow and tell, in one transaction."""
        self.ensure_one()
        self.check_access("write")
        litigation = self.sudo()  # what follows is not the user's to write
        lines = self._get_claim_lines()
        if litigation.covers_customer:
            kept = litigation.line_ids.filtered(lambda one: one.move_line_id in lines)
            (litigation.line_ids - kept).unlink()
            litigation._add_lines(lines - kept.move_line_id)
        self._check_opening()
        litigation.line_ids._take_snapshot()
        litigation.case_id._cancel_promises(
            litigation.case_id._get_open_promises(litigation.line_ids.move_line_id),
            self.kind_id.name,
        )
        litigation.name = (
            self.env["ir.sequence"].sudo().with_company(self.company_id).next_by_code(self._name)
        )
        self._set_state("open", allowed=("draft",), date_open=fields.Date.context_today(self))
        litigation._place_hold("litigation", False, lines=[(line, 0) for line in lines])
        litigation._hold_items()
        litigation._close_decided_tasks()
        litigation._call_off_calls(lines)
        if litigation.stage_id:
            litigation._reach_stage()
        else:
            litigation.stage_id = litigation.kind_id._get_next_stage(litigation.stage_id)
        litigation._plan_dates()
        litigation._block_credit()
        litigation._log(litigation._describe())
        litigation._tell_salespeople()

    def _close_decided_tasks(self):
        """What to do after the last reminder is decided now, unless another item waits for it."""
        if "last_level" not in self.case_id.item_ids.mapped("decision"):
            self._close_tasks_of("last_level")

    def _call_off_calls(self, lines):
        """Nobody is called about debts that are all pursued: the next step is that of the court."""
        debts = self.case_id._get_debts().move_line_id
        if debts._collection_get_sources() <= lines._collection_get_sources():
            self.case_id.date_next_action = False
            self._close_tasks_of("promise_broken", "large_overdue", "installment_unreminded")

    def _close_tasks_of(self, *kinds):
        self.case_id.activity_feedback(
            [f"credit_collection.mail_activity_type_{kind}" for kind in kinds],
            feedback=self.env._(
                "Closed by itself: %(litigation)s begins.", litigation=self.display_name
            ),
        )

    def _check_opening(self):
        """Refuse to begin what could not be followed."""
        self.ensure_one()
        if self.category == "insolvency" and not self.date_judgment:
            raise UserError(
                self.env._(
                    "Enter the day of the opening judgment: it says which items are part of the "
                    "insolvency."
                )
            )
        if not self.covers_customer and not self.line_ids:
            raise UserError(
                self.env._("Choose the invoices, or say that everything owed is covered.")
            )
        lines = self.line_ids.move_line_id
        lines._collection_check_claims(self.case_id)
        lines._collection_check_not_planned()
        for line in lines:
            if not self._is_claim(line):
                raise UserError(
                    self.env._(
                        "%(item)s is not older than the opening judgment: it is a debt of the "
                        "estate, which is collected as before. Take it out.",
                        item=line._collection_get_sources().move_name,
                    )
                )
        self.line_ids._check_overlap()

    # -------------------------------------------------------------------------
    # Stages and dates
    # -------------------------------------------------------------------------

    def _reach_stage(self):
        """Note that the stage is reached, and plan the one after it where it has a deadline."""
        self.ensure_one()
        today, stage = fields.Date.context_today(self), self.stage_id
        planned = self.step_ids.filtered(lambda one: one.kind == "stage" and not one.date_done)
        awaited = planned.filtered(lambda one: one.stage_id == stage)[:1]
        (planned - awaited).unlink()  # a stage that was skipped, or will be awaited again
        if awaited:
            awaited.date_done = today
        elif stage:
            self._add_step("stage", stage_id=stage.id, date_done=today)
        following = self.kind_id._get_next_stage(stage)
        date_due = following._get_deadline(today)
        if date_due:
            self._add_step("stage", stage_id=following.id, date_due=date_due)
        if stage.is_final:
            self._ask_to_close(self.env._("The last stage is reached: close the litigation."))

    def _plan_dates(self):
        """Follow the day to file the claim, and the end of the moratorium, as steps."""
        for litigation in self:
            litigation._plan_date("filing", litigation.date_filing_deadline, litigation.date_filed)
            litigation._plan_date("moratorium", litigation.date_moratorium_to, None)

    def _plan_date(self, kind, date_due, date_done):
        self.ensure_one()
        step = self.step_ids.filtered(lambda one: one.kind == kind)[:1]
        if not step and (date_due or date_done):
            self._add_step(kind, date_due=date_due, date_done=date_done)
            return
        vals = {"date_due": date_due} | ({"date_done": date_done} if kind == "filing" else {})
        changed = {name: value for name, value in vals.items() if step and step[name] != value}
        if changed:
            step.write(changed)

    def _add_step(self, kind, **vals):
        """Add a step in the language of the company: everybody reads it."""
        Step = self.company_id._collection_speak(self.env["credit.collection.litigation.step"])
        return Step.create({"litigation_id": self.id, "kind": kind, **vals})

    def _ask_to_close(self, summary):
        """Give the responsible a task to close the litigation, unless there is one already."""
        close_type = self.env.ref(_CLOSE_TASK)
        for litigation in self.sudo():
            if close_type not in litigation.activity_ids.activity_type_id:
                litigation.activity_schedule(
                    _CLOSE_TASK, summary=summary, user_id=litigation.user_id.id
                )

    def _hand_over(self):
        """The hold and the tasks follow who is responsible."""
        for litigation in self:
            litigation._get_holds().user_id = litigation.user_id
            for task in litigation.activity_ids.filtered("automated"):
                if task.user_id != litigation.user_id:
                    task.user_id = litigation.user_id

    # -------------------------------------------------------------------------
    # Credit
    # -------------------------------------------------------------------------

    def _block_credit(self):
        """Leave the customer no credit, where the company wants it, and remember what he had.

        Odoo reads a limit of zero as none at all: the smallest amount is what lets nothing pass.
        """
        self.ensure_one()
        if not self.company_id.sudo().collection_litigation_block_credit:
            return
        earlier = self._get_others_blocking()[:1]
        partner = self.partner_id.with_company(self.company_id)
        self.write(
            {
                "is_credit_blocked": True,
                "credit_limit_before": (
                    earlier.credit_limit_before if earlier else partner.credit_limit
                ),
                "has_credit_limit_before": (
                    earlier.has_credit_limit_before if earlier else partner.use_partner_credit_limit
                ),
            }
        )
        partner.credit_limit = self._get_blocking_limit()

    def _restore_credit(self):
        """Give back the limit that the customer had, unless somebody has changed it since."""
        for litigation in self.filtered("is_credit_blocked"):
            litigation.is_credit_blocked = False
            partner = litigation.partner_id.with_company(litigation.company_id)
            limit = litigation._get_blocking_limit()
            currency = litigation.company_currency_id
            if litigation._get_others_blocking() or currency.compare_amounts(
                partner.credit_limit, limit
            ):
                continue
            if litigation.has_credit_limit_before:
                partner.credit_limit = litigation.credit_limit_before
            else:
                partner.use_partner_credit_limit = False

    def _get_others_blocking(self):
        """Return the other open litigations that leave the customer no credit."""
        return self.search(
            [
                ("case_id", "=", self.case_id.id),
                ("state", "=", "open"),
                ("is_credit_blocked", "=", True),
                ("id", "!=", self.id),
            ]
        )

    def _get_blocking_limit(self):
        return self.company_id.currency_id.rounding

    # -------------------------------------------------------------------------
    # Close
    # -------------------------------------------------------------------------

    @api.model
    def _get_outcomes(self):
        return ("recovered", "partial", "irrecoverable", "cancel")

    def _close(self, outcome, note=None):
        """Close with an outcome; return what to do next, if anything."""
        self.ensure_one()
        self.sudo()._follow_ledger()  # the last figures
        today = fields.Date.context_today(self)
        if not self._set_state(outcome, allowed=("open",), date_closed=today):
            return None
        litigation = self.sudo()  # holds, tasks and the credit limit are not the user's to write
        litigation.activity_ids.filtered("automated").action_feedback()
        litigation._restore_credit()
        litigation._log(litigation._describe_outcome(note))
        if outcome != "irrecoverable":
            return None
        return self._propose_write_off()

    def _propose_write_off(self):
        """Open the write-off of what stays open; whoever may not write off asks a manager."""
        lines = self._get_open_lines()
        items = self.case_id.item_ids.filtered(lambda item: item.move_line_id in lines)
        if not items:
            return None
        if self.env["credit.collection.case.write.off"].has_access("create"):
            return items.action_write_off()
        manager = (
            self.env.ref(_MANAGERS)
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and not user.share and self.company_id in user.company_ids
            )
        )
        manager = (manager - self.env.ref("base.user_root"))[:1]
        self.sudo().activity_schedule(_WRITE_OFF_TASK, user_id=(manager or self.user_id).id)
        return None

    # -------------------------------------------------------------------------
    # Follow the ledger
    # -------------------------------------------------------------------------

    def _follow_ledger(self):
        """Note what was recovered, cover what is new, and ask to close what is paid."""
        running = self.sudo().filtered(lambda one: one.state == "open")  # whoever books
        running._cover_new_items()
        recovered = running.line_ids._read_paid()
        for line in running.line_ids:
            amount = max(recovered.get(line.id, 0) - line.amount_paid_before, 0)
            if line.litigation_id.currency_id.compare_amounts(line.amount_recovered, amount):
                line.amount_recovered = amount
        running.invalidate_recordset(["amount_open", "newer_count"])
        for litigation in running:
            litigation._follow_settlement()
        self.env.flush_all()

    def _follow_settlement(self):
        """Ask to close what is paid; take it back when something is open again."""
        self.ensure_one()
        is_settled = bool(self.line_ids) and not self._get_open_lines()
        if is_settled == self.is_settled:
            return
        self.is_settled = is_settled
        if is_settled:
            self._ask_to_close(self.env._("Nothing is open any more: close the litigation."))
        elif not self.is_last_stage:
            self.activity_unlink([_CLOSE_TASK])

    @api.model
    def _get_follow_domain(self):
        """Return the open litigations that the daily job has not looked at today."""
        today = fields.Date.context_today(self)
        return [
            ("state", "=", "open"),
            "|",
            ("date_checked", "=", False),
            ("date_checked", "<", today),
        ]

    @api.model
    def _cron_follow(self, batch_size=100):
        """Follow the ledger, and raise the tasks of what is due soon."""
        domain = self._get_follow_domain()
        litigations = self.search(domain, limit=batch_size).try_lock_for_update()
        for litigation in litigations:
            litigation.company_id._collection_speak(litigation)._follow_day()
        self.env["ir.cron"]._commit_progress(len(litigations), remaining=self.search_count(domain))

    def _follow_day(self):
        """Do what this day asks for; what fails is logged and stops no other litigation."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._follow_ledger()
                self.step_ids._follow_tasks()
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries again
        except Exception:
            _logger.exception("Litigation %s could not be followed", self.name)
        self.date_checked = fields.Date.context_today(self)

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _set_state(self, state, allowed, **vals):
        """The status of who and what is in litigation changes with it."""
        moved = super()._set_state(state, allowed, **vals)
        for model in ("account.move", "credit.collection.case", "res.partner"):
            self.env[model].invalidate_model(["collection_litigation_status"])
        return moved

    def _get_interest_stop_date(self):
        """Return the day from which no interest is claimed on what is covered; none when it runs.

        A litigation that was withdrawn, or has not begun, stops nothing.
        """
        self.ensure_one()
        if self.state in ("draft", "cancel") or not self.kind_id.stops_interest:
            return False
        return self.date_judgment

    # -------------------------------------------------------------------------
    # Words
    # -------------------------------------------------------------------------

    def _tell_salespeople(self):
        """Tell once each salesperson of the customer or of a covered invoice."""
        people = self.line_ids.move_id.invoice_user_id | self.partner_id.user_id
        for user in people - self.env.user:
            if user.share or not user.active or self.company_id not in user.company_ids:
                continue
            own = self.with_context(lang=user.lang)
            own.partner_id.message_notify(
                partner_ids=user.partner_id.ids,
                subject=own.env._("%(customer)s: litigation", customer=own.partner_id.name),
                body=own._describe(),
                author_id=self.env.user.partner_id.id,
            )

    def _describe(self):
        self.ensure_one()
        words = {
            "litigation": self.display_name,
            "amount": format_amount(self.env, self.amount_claimed, self.currency_id),
        }
        if self.category == "insolvency":
            return self.env._(
                "%(litigation)s opened on %(date)s: %(amount)s to be claimed. What is older than "
                "that day is not reminded any more.",
                date=format_date(self.env, self.date_judgment),
                **words,
            )
        return self.env._(
            "%(litigation)s begins: %(amount)s claimed. It is not reminded any more.", **words
        )

    def _describe_outcome(self, note):
        self.ensure_one()
        labels = dict(self._fields["state"]._description_selection(self.env))
        body = self.env._(
            "%(litigation)s is closed: %(outcome)s. %(recovered)s recovered, %(spent)s spent.",
            litigation=self.display_name,
            outcome=labels[self.state],
            recovered=format_amount(self.env, self.amount_recovered, self.currency_id),
            spent=format_amount(self.env, self.amount_spent, self.company_currency_id),
        )
        return f"{body} {note}" if note else body

    def _log(self, body):
        """Note it where people look: on the litigation, on the case and on the invoices."""
        self.ensure_one()
        self._message_log(body=body)
        self.case_id._log(body, self.line_ids.move_id)

    @api.model
    def _get_costs_of(self, lines):
        """Return `[(item, day, amount)]`: the costs that a court has awarded, on the oldest item.

        They are in the currency of the litigation, and count where the item is in it as well.
        """
        litigations = self.search(
            [
                ("amount_costs_awarded", ">", 0),
                ("date_title", "!=", False),
                ("state", "!=", "cancel"),
                ("line_ids.move_id", "in", lines.move_id.ids),
            ]
        )
        found = []
        for litigation in litigations:
            sources = litigation.line_ids.move_line_id._collection_get_sources()
            oldest = sources.sorted(lambda line: (line.date_maturity or line.date, line.id))[:1]
            if oldest in lines and oldest.currency_id == litigation.currency_id:
                found.append((oldest, litigation.date_title, litigation.amount_costs_awarded))
        return found


class CreditCollectionLitigationLine(models.Model):
    """An item that a litigation covers, as it was when that began."""

    _name = "credit.collection.litigation.line"
    _description = "Item in Litigation"
    _order = "date_due, id"

    litigation_id = fields.Many2one(
        "credit.collection.litigation", required=True, index=True, ondelete="cascade"
    )
    # whoever corrects an invoice may let its items go
    move_line_id = fields.Many2one(
        "account.move.line", "Item", index="btree_not_null", ondelete="set null"
    )
    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        compute="_compute_item",
        store=True,
        precompute=True,
        index="btree_not_null",
        ondelete="set null",
    )
    name = fields.Char("Document", compute="_compute_item", store=True, precompute=True)
    date_due = fields.Date("Due date", compute="_compute_item", store=True, precompute=True)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_item", store=True, precompute=True
    )
    amount_residual = fields.Monetary(
        "Open", compute="_compute_item", store=True, precompute=True, help="When it began."
    )
    claim_currency_id = fields.Many2one(
        related="litigation_id.currency_id", string="Currency of the litigation"
    )
    amount_paid_before = fields.Monetary(
        "Paid before", readonly=True, currency_field="claim_currency_id"
    )
    amount_recovered = fields.Monetary(
        "Recovered", readonly=True, currency_field="claim_currency_id", help="Since it began."
    )
    state = fields.Selection(related="litigation_id.state", store=True)
    category = fields.Selection(related="litigation_id.category", store=True)

    _item_unique = models.UniqueIndex(
        "(litigation_id, move_line_id)", "An item is in a litigation only once."
    )
    _open_unique = models.UniqueIndex(
        "(move_line_id, category) WHERE state = 'open'",
        "An item is in one open litigation of a sort only.",
    )

    @api.depends("move_line_id")
    def _compute_item(self):
        """Note the item as it is now: what happens to it later does not change the file."""
        for line in self:
            item = line.move_line_id
            source = item._collection_get_sources()
            line.move_id = source.move_id
            line.name = source.move_name
            line.date_due = item.date_maturity or item.date
            line.currency_id = item.currency_id
            line.amount_residual = item.amount_residual_currency

    @api.constrains("move_line_id")
    def _check_item(self):
        for line in self:
            line.move_line_id._collection_check_claims(line.litigation_id.case_id)

    def _check_overlap(self):
        """Refuse an item of another open litigation of the same sort."""
        litigation = self.litigation_id
        other = self.search(
            [
                ("move_id", "in", self.move_id.ids),
                ("state", "=", "open"),
                ("category", "=", litigation.category),
                ("litigation_id", "!=", litigation.id),
            ]
        )
        sources = self.move_line_id._collection_get_sources()
        for line in other:
            if line.move_line_id._collection_get_sources() & sources:
                raise UserError(
                    self.env._(
                        "%(document)s is already in %(litigation)s: close that first.",
                        document=line.name,
                        litigation=line.litigation_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not self.env.su:
            if any(
                self._get_protected_fields() - {"litigation_id"} & vals.keys() for vals in vals_list
            ):
                raise UserError(self.env._("These figures come from the ledger."))
            lines.litigation_id._check_written({"line_ids": []})
        return lines

    def write(self, vals):
        if not self.env.su:
            if self._get_protected_fields() & vals.keys():
                raise UserError(self.env._("These figures come from the ledger."))
            self.litigation_id._check_written({"line_ids": []})
        return super().write(vals)

    @api.model
    def _get_protected_fields(self):
        return {
            "litigation_id",
            "move_id",
            "name",
            "date_due",
            "currency_id",
            "amount_residual",
            "amount_paid_before",
            "amount_recovered",
            "state",
            "category",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_open(self):
        if not self.env.su:
            self.litigation_id._check_written({"line_ids": []})

    def _take_snapshot(self):
        """Note what is open, and what was paid, at the moment at which the litigation begins."""
        paid = self._read_paid()
        for line in self:
            line.amount_residual = line.move_line_id.amount_residual_currency
            line.amount_paid_before = paid.get(line.id, 0)

    def _read_paid(self):
        """Return `{line id: paid}` in the currency of the litigation, in one statement.

        What was reconciled with the item, on whatever account it is; not what was credited,
        written off or moved.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, sum(CASE WHEN item.currency_id = litigation.currency_id
                                         THEN partial.debit_amount_currency
                                         ELSE partial.amount END)
                  FROM credit_collection_litigation_line line
                  JOIN credit_collection_litigation litigation
                    ON litigation.id = line.litigation_id
                  JOIN account_move_line item ON item.id = line.move_line_id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id IN (
                           SELECT COALESCE(item.collection_origin_line_id, item.id)
                        UNION ALL
                           SELECT moved.id
                             FROM account_move_line moved
                            WHERE moved.collection_origin_line_id
                                = COALESCE(item.collection_origin_line_id, item.id))
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move paid_by ON paid_by.id = credit.move_id
                 WHERE line.id = ANY(%(ids)s)
                   AND paid_by.move_type != 'out_refund'
                   AND NOT %(is_given_up)s
              GROUP BY line.id
                """,
                ids=list(self.ids),
                is_given_up=self.env["account.move.line"]._collection_get_is_given_up_sql(),
            )
        )
        return {line_id: float(amount) for line_id, amount in rows}

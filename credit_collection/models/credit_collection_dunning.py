import json
from collections import defaultdict
from functools import partial

from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_list, is_html_empty
from odoo.tools.misc import format_amount

from ..const import CLAIMED_DECISIONS, WRITTEN_CHANNELS
from ..long_date import format_long_date
from ..tools.ageing import days_late
from ..tools.placeholders import LazyValues, drop_empty_paragraphs, fill_placeholders

_MANAGERS = "credit_collection.credit_collection_group_manager"


class CreditCollectionDunning(models.Model):
    """A notice: what one customer was asked to pay on one day, and how it reached him.

    A draft is made by a run and remade freely. From its approval on it changes only through
    `_set_state`, and once sent it is evidence.
    """

    _name = "credit.collection.dunning"
    _description = "Dunning Notice"
    _order = "date desc, id desc"
    _check_company_auto = True

    _letter_template = "credit_collection.letter"

    name = fields.Char("Number", readonly=True, copy=False, index="trigram")
    run_id = fields.Many2one(
        "credit.collection.run", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    case_id = fields.Many2one(
        "credit.collection.case", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    customer_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    user_id = fields.Many2one(related="case_id.user_id", string="Collector")
    partner_id = fields.Many2one(
        "res.partner",
        "Addressed to",
        required=True,
        ondelete="restrict",
        domain="[('commercial_partner_id', '=', customer_id)]",
        help="The contact of the invoices, or another contact of the customer.",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
    )
    partner_lang = fields.Selection(
        related="partner_id.lang",
        string="Language of the contact",
        help="To search and to group by.",
    )
    level_id = fields.Many2one(
        "credit.collection.level", required=True, readonly=True, ondelete="restrict"
    )
    legal_profile_id = fields.Many2one(
        "credit.collection.legal.profile",
        "Law",
        compute="_compute_legal_profile_id",
        help="What the texts say of the law is taken from there.",
    )
    date = fields.Date(required=True, readonly=True)
    date_sent = fields.Date("Sent on", readonly=True)
    date_deadline = fields.Date("To be paid by", readonly=True)
    state = fields.Selection(
        [
            ("draft", "Proposed"),
            ("queued", "About to be sent"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("cancel", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
    )
    is_first_reminder = fields.Boolean(
        "Free first reminder",
        readonly=True,
        help="The law of consumers demands it, without charges, before anything else is claimed.",
    )
    date_waiting_end = fields.Date(
        "Free of charges until",
        readonly=True,
        help="The last day of the period that the first reminder gives, from when it was sent.",
    )
    announced_totals = fields.Json(
        readonly=True, help="The compensation that the first reminder announces, by currency."
    )
    charge_refusal = fields.Char(
        "Not claimed", readonly=True, help="Why interest and compensation are not claimed."
    )
    is_refused = fields.Boolean(compute="_compute_is_refused")
    override_reason = fields.Char(
        "Overridden because",
        readonly=True,
        help="Why a manager has this notice sent although the law refused it.",
    )
    override_rules = fields.Char("Overridden", readonly=True, help="What was refused.")
    # what the manager has overridden, and nothing else
    overrides_contact = fields.Boolean("Leaves when it should wait", readonly=True)
    overrides_charges = fields.Boolean("Claims what is refused", readonly=True)
    overrides_mentions = fields.Boolean("Leaves without all mentions", readonly=True)
    has_failed_by_law = fields.Boolean("Lacks what the law demands", readonly=True)
    override_user_id = fields.Many2one("res.users", "Overridden by", readonly=True)
    note = fields.Char(
        "Remark",
        readonly=True,
        help="Why the notice failed or was cancelled, or what was left out.",
    )
    line_ids = fields.One2many("credit.collection.dunning.line", "dunning_id", readonly=True)
    charge_ids = fields.One2many("credit.collection.charge", "dunning_id", "Charges", readonly=True)
    delivery_ids = fields.One2many(
        "credit.collection.delivery", "dunning_id", "Deliveries", readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_due = fields.Monetary("Claimed", readonly=True, help="In the currency of the company.")
    charge_totals = fields.Json(readonly=True)
    amount_text = fields.Char("To pay", compute="_compute_amount_text")
    charges_text = fields.Char("Interest and compensation", compute="_compute_charges_text")
    delivery_text = fields.Char("Channels", compute="_compute_delivery_text")
    first_letter_ids = fields.Many2many(
        "credit.collection.dunning",
        string="First letters",
        compute="_compute_first_letter_ids",
        help="By which each debt that it claims was first claimed in writing.",
    )
    letter_id = fields.Many2one("ir.attachment", readonly=True, ondelete="restrict")
    letter_pdf = fields.Binary("Letter (PDF)", related="letter_id.datas")
    is_letter_to_post = fields.Boolean(compute="_compute_is_letter_to_post")
    warning = fields.Char(compute="_compute_warning")

    _name_unique = models.UniqueIndex(
        "(company_id, name) WHERE name IS NOT NULL", "The number of a notice is unique."
    )
    _state_idx = models.Index("(company_id, state, date_sent)")

    @api.depends("name")
    def _compute_display_name(self):
        for dunning in self:
            dunning.display_name = dunning.name or self.env._("Draft notice")

    @api.depends("partner_id.lang", "case_id.partner_id.lang", "company_id.partner_id.lang")
    def _compute_lang(self):
        for dunning in self:
            dunning.lang = dunning.partner_id._get_collection_lang(
                dunning.customer_id, dunning.company_id.partner_id
            )

    @api.depends("customer_id", "company_id")
    def _compute_legal_profile_id(self):
        for company, dunnings in self.grouped("company_id").items():
            contracts = dunnings.customer_id._collection_get_contracts(company)
            for dunning in dunnings:
                dunning.legal_profile_id = contracts[dunning.customer_id].profile

    @api.depends(
        "line_ids.amount_residual", "line_ids.currency_id", "charge_ids.state", "charge_totals"
    )
    @api.depends_context("lang")
    def _compute_amount_text(self):
        charges = self._get_charge_totals()
        for dunning in self:
            totals = dunning._add_totals(dunning._get_totals(), charges[dunning]["payable"])
            dunning.amount_text = dunning._format_totals(totals)

    @api.depends("charge_ids.amount", "charge_ids.state", "charge_totals")
    @api.depends_context("lang")
    def _compute_charges_text(self):
        charges = self._get_charge_totals()
        for dunning in self:
            own = charges[dunning]
            dunning.charges_text = dunning._format_totals(
                dunning._add_totals(own["interest"], own["compensation"])
            )

    @api.depends("delivery_ids.state", "level_id")
    def _compute_delivery_text(self):
        channels = (
            self.env["credit.collection.delivery"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        labels = dict(channels)
        for dunning in self:
            used = dunning.delivery_ids.mapped("channel") or dunning.level_id._get_channels()
            dunning.delivery_text = ", ".join(labels[channel] for channel in dict.fromkeys(used))

    @api.depends("line_ids.move_line_id", "line_ids.level_id")
    def _compute_first_letter_ids(self):
        found = defaultdict(self.browse)
        for dunning_id, first_id in self._read_first_letters():
            found[dunning_id] += self.browse(first_id)
        for dunning in self:
            dunning.first_letter_ids = found[dunning._origin.id]

    def _read_first_letters(self):
        """Return `[(id of a notice, id of a first letter on what it claims)]`, each once."""
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT line.dunning_id, first.id
                  FROM credit_collection_dunning_line line
                  JOIN account_move_line item ON item.id = line.move_line_id
                  JOIN LATERAL (
                           SELECT dunning.id
                             %(earlier)s
                              AND EXISTS (SELECT FROM credit_collection_delivery delivery
                                           WHERE delivery.dunning_id = dunning.id
                                             AND delivery.state = 'sent'
                                             AND delivery.channel = ANY(%(written)s))
                         ORDER BY dunning.date_sent, dunning.id
                            LIMIT 1
                       ) first ON TRUE
                 WHERE line.dunning_id = ANY(%(ids)s) AND line.level_id IS NOT NULL
              ORDER BY line.dunning_id, first.id
                """,
                earlier=self.line_ids._get_earlier_sql(),
                ids=list(self._origin.ids),
                written=list(WRITTEN_CHANNELS),
            )
        )

    @api.depends("state", "delivery_ids.state")
    def _compute_is_letter_to_post(self):
        waiting = self._get_letters_to_post()
        for dunning in self:
            dunning.is_letter_to_post = dunning in waiting

    @api.depends("state", "note", "charge_refusal", "delivery_ids.date_not_before")
    def _compute_is_refused(self):
        refusals = self._get_posting_refusals()
        for dunning in self:
            dunning.is_refused = bool(dunning._get_refused(refusals))

    @api.depends("state", "case_id")
    def _compute_warning(self):
        """Say what the person who approves should look at first."""
        drafts = self.filtered(lambda dunning: dunning.state == "draft")
        credits = {
            case.id: amount
            for case, amount in self.env["credit.collection.item"]._read_group(
                [("case_id", "in", drafts.case_id.ids), ("decision", "=", "credit")],
                ["case_id"],
                ["amount_residual:sum"],
            )
        }
        receipts = drafts.case_id._get_unmatched_receipts()
        for dunning in self:
            dunning.warning = False
            if dunning in drafts and dunning.case_id.id in receipts:
                dunning.warning = self.env._(
                    "The bank statement shows a receipt from this customer that is not matched yet."
                )
            elif dunning in drafts and credits.get(dunning.case_id.id):
                dunning.warning = self.env._(
                    "%(amount)s of payments or credit notes of this customer are not matched yet.",
                    amount=format_amount(
                        self.env, -credits[dunning.case_id.id], dunning.company_id.currency_id
                    ),
                )
            elif dunning in drafts and not dunning._get_email() and dunning.level_id.send_email:
                dunning.warning = self.env._("There is no e-mail address.")
            elif dunning in drafts:
                dunning.warning = " ".join(dunning._get_missing_data())

    def write(self, vals):
        if not self.env.su and self._get_protected_fields() & vals.keys():
            raise UserError(self.env._("A notice changes only through its buttons."))
        if "partner_id" in vals and any(one.state not in ("draft", "failed") for one in self):
            raise UserError(self.env._("An approved notice keeps its addressee."))
        return super().write(vals)

    @api.model
    def _get_protected_fields(self):
        """The fields that no user writes directly: all but whom the notice is addressed to."""
        return {name for name, field in self._fields.items() if field.store} - {"partner_id"}

    @api.constrains("partner_id")
    def _check_partner_id(self):
        for dunning in self:
            if dunning.partner_id.commercial_partner_id != dunning.customer_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is not a contact of %(customer)s.",
                        contact=dunning.partner_id.display_name,
                        customer=dunning.customer_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if any(dunning.state != "draft" for dunning in self):
            raise UserError(
                self.env._("An approved notice is part of the history: cancel it instead.")
            )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_leave_out(self):
        """Take the whole notice out of the proposal."""
        runs = self.run_id
        for run, dunnings in self.grouped("run_id").items():
            run._leave_out(dunnings.line_ids.filtered("level_id").move_line_id)
        return self._leave_for(runs)

    def _leave_for(self, runs):
        """Show the run instead of a notice that is gone, where the notice is what is shown."""
        if self.env.context.get("credit_collection_on_notice") and not self.exists():
            return runs[:1]._get_form_action() | {"target": "main"}
        return False

    def action_retry(self):
        """Try again to deliver what failed, on the first channel of the level."""
        self.check_access("write")
        failed = self.filtered(lambda dunning: dunning.state == "failed")
        if not failed:
            raise UserError(self.env._("Only a notice that failed can be tried again."))
        failed.sudo().delivery_ids.filtered(lambda one: one.state == "failed").write(
            {"is_superseded": True}
        )
        failed._set_state("queued", allowed=("failed",), note=False)
        failed._create_deliveries()
        failed.case_id._refresh()
        self.env.ref("credit_collection.ir_cron_send_notices").sudo()._trigger()

    def action_print_letters(self):
        """Print the letters of these notices as one PDF, in the order of language and postcode."""
        self.check_access("write")
        waiting = self._get_letters_to_post()
        reprints = self.filtered(lambda dunning: dunning.state in ("sent", "queued")) - waiting
        letters = waiting._prepare_letters() | reprints.filtered("letter_id")
        if not letters and waiting:
            return waiting._notify_nothing_left()
        if not letters:
            raise UserError(
                self.env._("There is no letter to print: approve the run, or choose other notices.")
            )
        attachment = self.env["credit.collection.letter"]._merge(letters)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "new",
        }

    def _notify_nothing_left(self):
        """Say why the letters do not leave: an error would undo what is noted on them."""
        waiting = self.filtered(lambda dunning: dunning.state in ("queued", "failed"))
        reason = next(filter(None, waiting.mapped("note")), "")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": reason
                or self.env._("No letter is left to send: what they claim was paid."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_mark_posted(self):
        """The printed letters are in the post: from now on they count as sent."""
        self.check_access("write")
        waiting = self._get_letters_to_post()
        self._call_off(self.env._("It was paid before the letter was posted."))
        letters = self._get_letters_to_post()
        letters._check_posting()
        if not letters and waiting:
            return waiting._notify_nothing_left()
        if not letters:
            raise UserError(
                self.env._("None of these notices has a letter that waits to be posted.")
            )
        deliveries = letters.delivery_ids.filtered(
            lambda one: one.channel == "letter" and one.state in ("todo", "under_way")
        )
        if any(delivery.state == "todo" for delivery in deliveries):
            raise UserError(self.env._("Print the letters first: some were not printed yet."))
        deliveries._set_sent()
        return False

    def _check_posting(self):
        """Refuse to post what the law of the customer does not let leave today."""
        refusals = self._get_posting_refusals()
        for dunning in self:
            if dunning._is_letter_outdated():
                raise UserError(
                    self.env._(
                        "%(notice)s leaves until %(deadline)s, less time than the law gives when "
                        "it is posted today: print it again.",
                        notice=dunning.name,
                        deadline=format_long_date(self.env, dunning.date_deadline),
                    )
                )
            if dunning in refusals:
                raise UserError(
                    self.env._(
                        "%(notice)s to %(customer)s must not leave today. %(reasons)s Keep it back "
                        "and post the others, or have a manager override it on the notice.",
                        notice=dunning.name,
                        customer=dunning.customer_id.name,
                        reasons=refusals[dunning],
                    )
                )

    def _get_posting_refusals(self):
        """Return `{notice: why its letter, printed already, must not be posted today}`."""
        printed = self.filtered(
            lambda dunning: (
                dunning.state in ("queued", "sent")
                and not dunning.overrides_contact
                and any(
                    (one.channel, one.state) == ("letter", "under_way")
                    for one in dunning.delivery_ids
                )
            )
        )
        if not printed:
            return {}
        refusals = self.env["credit.collection.guard"]._get_contact_refusals(
            printed.case_id, "letter", dunnings=printed
        )
        return {
            dunning: " ".join(one.reason for one in refusals[dunning.case_id])
            for dunning in printed
            if dunning.case_id in refusals
        }

    def action_override_wizard(self):
        """Open the decision of a manager to send what was refused."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Override what the law refuses"),
            "res_model": "credit.collection.dunning.override",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_dunning_id": self.id},
        }

    def _override(self, reason):
        """Let a notice leave, on the word of a manager, although it was refused."""
        self.ensure_one()
        if not self.env.user.has_group(_MANAGERS):
            raise AccessError(self.env._("Only a manager overrides what the law refuses: ask one."))
        printed = self._get_posting_refusals()
        refused = self._get_refused(printed)
        if not refused:
            raise UserError(self.env._("Nothing of this notice is refused: send it as it is."))
        self.check_access("write")
        self.sudo().write(
            {
                "override_reason": self._add_override(self.override_reason, reason),
                "override_rules": self._add_override(self.override_rules, refused),
                "overrides_contact": self.overrides_contact
                or self._is_held_back()
                or self in printed,
                "overrides_charges": self.overrides_charges or bool(self._get_refused_charges()),
                "overrides_mentions": self.overrides_mentions or self.has_failed_by_law,
                "override_user_id": self.env.user.id,
                "note": False,
            }
        )
        self.delivery_ids.sudo().date_not_before = False
        self.case_id._log(
            self.env._(
                "%(user)s has %(notice)s (%(level)s) sent although the law refuses it: %(reason)s. "
                "Overridden: %(refused)s",
                user=self.env.user.name,
                notice=self.display_name,
                level=self.level_id.name,
                reason=reason,
                refused=refused,
            ),
            self.line_ids._get_move(),
        )
        self._continue_overridden()

    def _continue_overridden(self):
        if self.state == "draft":
            self.env["credit.collection.charge.proposal"]._propose(self, self.date)
        elif self.state == "failed":
            self.action_retry()
        else:
            self.env.ref("credit_collection.ir_cron_send_notices").sudo()._trigger()

    @api.model
    def _add_override(self, earlier, text):
        """Return what was overridden, with what was overridden on the same notice before."""
        return " | ".join(filter(None, [earlier, text]))

    def _get_refused(self, printed):
        """Return what the law refuses of this notice, in words; nothing when all is well.

        :param printed: those of `_get_posting_refusals`
        """
        self.ensure_one()
        is_refused = self.state == "failed" and self.has_failed_by_law
        note = self.note if is_refused or self._is_held_back() else ""
        return " ".join(filter(None, [note, printed.get(self), self._get_refused_charges()]))

    def _get_refused_charges(self):
        """Return why it claims less than its level does; what is printed claims what it claims.

        That a first reminder is free is no refusal: nobody overrides it.
        """
        self.ensure_one()
        is_open = self.state in ("draft", "queued", "failed") and not self.letter_id
        return self.charge_refusal if is_open and not self.is_first_reminder else ""

    def _is_held_back(self):
        """Return whether it waits for a time at which the customer may be contacted."""
        self.ensure_one()
        return any(one.date_not_before for one in self.delivery_ids if one.state == "todo")

    def action_open_letter(self):
        self.ensure_one()
        if not self.letter_id:
            raise UserError(self.env._("The letter is made when the notice is printed or sent."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.letter_id.id}",
            "target": "new",
        }

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_records_action(context={})

    def action_cancel_wizard(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel notices"),
            "res_model": "credit.collection.dunning.cancel",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dunning_ids": self.ids},
        }

    # -------------------------------------------------------------------------
    # States
    # -------------------------------------------------------------------------

    def _set_state(self, state, allowed, **vals):
        """Move these notices; return those that moved. The levels follow."""
        dunnings = self.filtered(lambda dunning: dunning.state in allowed)
        if dunnings:
            dunnings.check_access("write")
            dunnings.sudo().write({"state": state, **vals})
            self.env["credit.collection.charge"]._follow_notices(dunnings, state)
            self.env["account.move"]._collection_touch(partners=dunnings.case_id.partner_id)
        return dunnings

    def _queue(self):
        """Number the drafts and decide by which channels they go."""
        drafts = self.filtered(lambda dunning: dunning.state == "draft").sorted("id")
        drafts.check_access("write")
        for company, dunnings in drafts.grouped("company_id").items():
            numbers = self._next_numbers(company, len(dunnings))
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE credit_collection_dunning dunning
                       SET name = numbered.name, state = 'queued'
                      FROM unnest(%s, %s) AS numbered (id, name)
                     WHERE dunning.id = numbered.id
                    """,
                    list(dunnings.ids),
                    numbers,
                )
            )
        self.env["credit.collection.dunning"].invalidate_model(["name", "state"])
        drafts._create_deliveries()
        self.env["credit.collection.item"]._assess(
            drafts.company_id, partners=drafts.case_id.partner_id
        )

    @api.model
    def _next_numbers(self, company, count):
        """Return the next numbers of the company's sequence, drawn at once."""
        Sequence = self.env["ir.sequence"].sudo()  # collectors may not read sequences
        code = "credit.collection.dunning"
        sequence = Sequence.with_company(company).search(
            [("code", "=", code), ("company_id", "in", (company.id, False))],
            order="company_id",
            limit=1,
        )
        if sequence.implementation == "standard" and not sequence.use_date_range:
            drawn = self.env.execute_query(
                SQL(
                    "SELECT nextval(%s) FROM generate_series(1, %s)",
                    f"ir_sequence_{sequence.id:03d}",
                    count,
                )
            )
            return [sequence.get_next_char(number) for (number,) in drawn]
        return [sequence.next_by_id() for _number in range(count)]

    def _create_deliveries(self):
        """Plan the deliveries: on every channel of the level, or on the first one."""
        vals_list = []
        for (level, _is_first), dunnings in self.grouped(
            lambda one: (one.level_id, one.is_first_reminder)
        ).items():
            channels = dunnings[0]._get_channels()
            if level.channel_mode == "first":
                channels = channels[:1]
            vals_list += [
                {"dunning_id": dunning.id, "channel": channel}
                for dunning in dunnings
                for channel in channels
            ]
        self.env["credit.collection.delivery"].sudo().create(vals_list)

    def _get_channels(self):
        """Return the channels of the level; the first reminder of the law is given in writing."""
        self.ensure_one()
        channels = self.level_id._get_channels()
        if not self.is_first_reminder:
            return channels
        return [channel for channel in channels if channel in WRITTEN_CHANNELS]

    def _update_from_deliveries(self):
        """Draw the consequence of what became of the deliveries."""
        today = fields.Date.context_today(self)
        reached = self.browse()
        for dunning in self:
            current = dunning.delivery_ids.filtered(lambda one: not one.is_superseded)
            if "sent" in current.mapped("state"):
                reached += dunning
            elif current and all(one.state == "failed" for one in current):
                dunning._try_next_channel(current)
        reached._begin_period()
        sent = reached._set_state("sent", ("queued", "failed"), date_sent=today, note=False)
        if sent:
            sent._after_sent()

    def _begin_period(self):
        """Note until when the first reminder leaves time, from the day on which it was sent.

        What is posted later gives more time, as long as there is some left.
        """
        today = fields.Date.context_today(self)
        for dunning in self.filtered("is_first_reminder").sudo():
            end = dunning._get_waiting_period_end()
            known = dunning.date_waiting_end
            if end and (not known or today <= known < end):
                dunning.date_waiting_end = end

    def _try_next_channel(self, failed):
        """After a failure use the next channel of the level; when there is none, say so."""
        self.ensure_one()
        left = [
            channel for channel in self._get_channels() if channel not in failed.mapped("channel")
        ]
        reason = failed[-1:].failure_reason
        # nothing has reached the customer: the next channel gets a letter of its own day
        unsent = self._prepare_unsent_vals(reason)
        self._void_charges(reason)
        if left:
            self._set_state("queued", ("queued", "sent"), **unsent)
            self.env["credit.collection.delivery"].sudo().create(
                {"dunning_id": self.id, "channel": left[0]}
            )
            self.env.ref("credit_collection.ir_cron_send_notices").sudo()._trigger()
            if failed[-1:].recipient:  # an address that is wrong, not one that was never there
                self.case_id._schedule_task(
                    "credit_collection.mail_activity_type_notice_failed", note=reason
                )
        else:
            self._set_state("failed", ("queued", "sent"), **unsent)
        self.case_id._message_log(
            body=self.env._(
                "%(notice)s (%(level)s) was not delivered: %(reason)s",
                notice=self.name,
                level=self.level_id.name,
                reason=reason or "",
            )
        )

    @api.model
    def _prepare_unsent_vals(self, reason):
        """Return the values of a notice that has not reached the customer: as if never sent."""
        return {
            "date_sent": False,
            "date_waiting_end": False,
            "letter_id": False,
            "note": reason,
            "has_failed_by_law": False,
        }

    def _void_charges(self, reason):
        """Give up what later notices claimed because these had gone before them."""
        first = self.filtered(lambda one: one.is_first_reminder and one.date_waiting_end)
        if first:
            self.env["credit.collection.charge"]._void(first, reason)

    def _refuse(self, reason):
        """Let a notice fail that the law does not let leave: no other channel would be better."""
        self.ensure_one()
        self.delivery_ids.filtered(lambda one: one.state in ("todo", "under_way")).sudo().write(
            {"state": "failed", "failure_reason": reason}
        )
        unsent = self._prepare_unsent_vals(reason) | {"has_failed_by_law": True}
        self._void_charges(reason)
        self._set_state("failed", ("queued", "sent"), **unsent)
        self.case_id._schedule_task(
            "credit_collection.mail_activity_type_notice_failed", note=reason
        )
        self.case_id._message_log(
            body=self.env._(
                "%(notice)s (%(level)s) was refused: %(reason)s",
                notice=self.name,
                level=self.level_id.name,
                reason=reason,
            )
        )

    def _advise_on_failure(self):
        """Return what to do about a notice that failed, by its cause."""
        if self.has_failed_by_law:
            return self.env._("Put that right and try again, or cancel the notice.")
        if not self._get_email():
            return self.env._("Enter an e-mail address and try again, or cancel the notice.")
        if self.delivery_ids.filtered(lambda one: one.state == "failed")[-1:].recipient:
            return self.env._(
                "Correct the address or choose another contact and try again, or cancel the notice."
            )
        return self.env._("Try again later, or cancel the notice.")

    def _is_followed(self):
        """Return whether a later notice was sent to the same customer."""
        self.ensure_one()
        later = [("case_id", "=", self.case_id.id), ("state", "=", "sent"), ("id", ">", self.id)]
        return bool(self.search_count(later, limit=1))

    def _after_sent(self):
        """Do what the level asks for when the notice has been sent."""
        for dunning in self:
            level = dunning.level_id
            if level.activity_type_id:
                dunning.case_id.activity_schedule(
                    activity_type_id=level.activity_type_id.id,
                    summary=f"{level.name} {dunning.name}",
                    user_id=dunning.case_id._get_collector().id,
                    automated=True,
                )
        self._close_failed_tasks()
        self._log_on_invoices(
            lambda dunning: self.env._(
                "%(level)s sent: %(notice)s.", level=dunning.level_id.name, notice=dunning.name
            )
        )
        self._notify_followers()
        if self.charge_ids:
            self.env.ref("credit_collection.ir_cron_post_charges").sudo()._trigger()

    def _close_failed_tasks(self):
        """What could not be delivered was delivered in the end, or is given up."""
        self.case_id.activity_feedback(
            ["credit_collection.mail_activity_type_notice_failed"],
            feedback=self.env._("Closed by itself: the notice was sent or cancelled."),
        )

    def _log_on_invoices(self, describe):
        """Note on each invoice what changed its level: `describe(notice)` is the sentence."""
        notices = defaultdict(self.browse)
        for line in self.line_ids.filtered("level_id"):
            notices[line._get_move().id] |= line.dunning_id
        notices.pop(False, None)  # an invoice that was deleted since
        self.env["account.move"].sudo().browse(notices)._message_log_batch(
            bodies={move_id: " ".join(map(describe, of)) for move_id, of in notices.items()}
        )

    def _notify_followers(self):
        """Tell those who follow the customer's collection; the others hear nothing."""
        subtype = self.env.ref("credit_collection.mt_notice_sent")
        followed = (
            self.env["mail.followers"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "credit.collection.case"),
                    ("res_id", "in", self.case_id.ids),
                    ("subtype_ids", "in", subtype.ids),
                ]
            )
        )
        for dunning in self.filtered(lambda one: one.case_id.id in followed.mapped("res_id")):
            dunning.case_id.message_post(
                body=self.env._(
                    "%(level)s %(notice)s was sent: %(amount)s.",
                    level=dunning.level_id.name,
                    notice=dunning.name,
                    amount=dunning.amount_text,
                ),
                subtype_id=subtype.id,
            )

    def _cancel(self, reason):
        """Cancel notices with a reason; the levels go back to where they were."""
        sent = self.filtered(lambda dunning: dunning.state == "sent")
        dunnings = self._set_state("cancel", ("queued", "sent", "failed"), note=reason)
        waiting = dunnings.delivery_ids.filtered(lambda one: one.state in ("todo", "under_way"))
        waiting._cancel()
        dunnings._void_charges(reason)
        for dunning in dunnings:
            dunning.case_id._message_log(
                body=self.env._(
                    "%(notice)s (%(level)s) was cancelled: %(reason)s",
                    notice=dunning.name,
                    level=dunning.level_id.name,
                    reason=reason,
                )
            )
        dunnings._close_failed_tasks()
        sent._log_on_invoices(
            lambda dunning: self.env._(
                "%(notice)s (%(level)s) was cancelled: %(reason)s",
                notice=dunning.name,
                level=dunning.level_id.name,
                reason=reason,
            )
        )
        dunnings.case_id._refresh()
        return dunnings

    def _call_off(self, reason):
        """Stop what has not left yet of the notices whose debt is paid."""
        self.line_ids.move_line_id.mapped("amount_residual")  # read at once, not by notice
        paid = self.filtered(
            lambda dunning: dunning.state in ("queued", "sent") and not dunning._is_owed()
        )
        queued = paid.filtered(lambda dunning: dunning.state == "queued")
        queued._cancel(reason)
        waiting = (paid - queued).delivery_ids.filtered(
            lambda one: one.state in ("todo", "under_way")
        )
        waiting._cancel()

    def _is_owed(self):
        """Return whether something that the notice claims at a level is still open."""
        self.ensure_one()
        claimed = self.line_ids.filtered("level_id").move_line_id
        return any(claimed.mapped("amount_residual"))

    # -------------------------------------------------------------------------
    # Sending
    # -------------------------------------------------------------------------

    @api.model
    def _cron_send(self, batch_size=100):
        """Send the queue in small committed batches; several workers may share it."""
        Delivery = self.env["credit.collection.delivery"]
        domain = self._get_queue_domain()
        waiting = Delivery.search(domain, limit=batch_size)
        locked = waiting.dunning_id.try_lock_for_update()
        deliveries = waiting.filtered(lambda one: one.dunning_id in locked).filtered_domain(domain)
        for company, own in deliveries.grouped("company_id").items():
            company._collection_speak(own)._send_each_or_fail()
        self.env["ir.cron"]._commit_progress(
            len(deliveries), remaining=Delivery.search_count(domain) if deliveries else 0
        )

    @api.model
    def _get_queue_domain(self):
        """Return which deliveries leave by themselves, and may leave now."""
        return [
            ("state", "=", "todo"),
            ("channel", "in", self.env["credit.collection.delivery"]._get_automatic_channels()),
            ("dunning_id.state", "in", ("queued", "sent")),  # sent: by letter, before its e-mail
            "|",
            ("date_not_before", "=", False),
            ("date_not_before", "<=", fields.Datetime.now()),
        ]

    def _check_amounts(self):
        """Bring the lines up to date before anything leaves; return the notices still to be sent.

        What was paid, credited or put on hold meanwhile drops out. A notice is cancelled when
        nothing is left to claim, or nothing at its own level: a formal notice for what is owed at
        the first level would be too hard a word. A notice already printed or sent on one channel
        stays as it is.
        """
        fresh = self.filtered(lambda one: one.state == "queued" and not one.letter_id)
        if not fresh:
            return self
        self.env["credit.collection.item"]._assess(
            fresh.company_id, partners=fresh.case_id.partner_id
        )
        fresh._take_amounts(("queued", "due", "minimum"))
        void = fresh.filtered(lambda dunning: not dunning._is_still_right())
        void._cancel(
            self.env._(
                "What it was about was paid, credited or put on hold: "
                "the next run proposes what is left."
            )
        )
        (fresh - void)._take_charges()
        return self - void

    def _take_charges(self):
        """Claim interest and fees up to today, and keep what they follow from."""
        today = fields.Date.context_today(self)
        self.env["credit.collection.charge.proposal"]._propose(self, today)
        self.env["credit.collection.charge"]._keep_derivations(self)
        self._keep_charge_totals()

    def _keep_charge_totals(self):
        """Keep what each notice claims: one statement, where writes would cost one each."""
        totals = [
            json.dumps(
                {
                    name: {str(currency.id): amount for currency, amount in amounts.items()}
                    for name, amounts in charges._get_summary().items()
                }
            )
            for charges in self._get_claimed_charges().values()
        ]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE credit_collection_dunning dunning
                   SET charge_totals = kept.totals::jsonb
                  FROM unnest(%s::int[], %s::text[]) AS kept (id, totals)
                 WHERE dunning.id = kept.id
                """,
                list(self.ids),
                totals,
            )
        )
        self.invalidate_recordset(["charge_totals"], flush=False)

    def _take_amounts(self, standing):
        """Write today's amounts into the lines; `standing` are the decisions that keep a level."""
        self.env.flush_all()
        self.env.cr.execute(self._get_check_sql(standing))
        self.env.cr.execute(self._get_credits_sql())
        self.env.cr.execute(self._get_amount_due_sql())
        self.env["credit.collection.dunning"].invalidate_model(flush=False)
        self.env["credit.collection.dunning.line"].invalidate_model(flush=False)

    def _get_check_sql(self, standing):
        """Drop the lines that are not owed any more, and take today's amounts for the others.

        A line that is owed but not at this level now (it was reminded meanwhile, or waits) stays
        listed, without a level; not when its free first reminder is still to come, which is the
        first letter that may claim it.
        """
        stands = SQL(
            """
            (item.next_level_id = line.level_id
             AND item.decision = ANY(%s)
             AND (item.is_first_reminder = (dunning.is_first_reminder IS TRUE)
                  OR dunning.overrides_mentions))
            """,
            list(standing),
        )
        return SQL(
            """
            WITH now AS (
                SELECT line.id, item.amount_claim, item.amount_claim_currency,
                       aml.amount_residual_currency - item.amount_claim_currency AS amount_held,
                       item.id IS NOT NULL AND (item.decision = ANY(%(claimed)s)
                           AND (line.level_id IS NOT NULL OR item.date_due < %(today)s)
                           AND (%(stands)s IS TRUE OR item.is_first_reminder IS NOT TRUE
                                OR dunning.overrides_mentions IS TRUE
                                   AND line.level_id IS NOT NULL)
                           OR item.decision = 'credit') AS is_owed,
                       CASE WHEN %(stands)s THEN line.level_id END AS level_id
                  FROM credit_collection_dunning_line line
                  JOIN credit_collection_dunning dunning ON dunning.id = line.dunning_id
             LEFT JOIN credit_collection_item item ON item.move_line_id = line.move_line_id
             LEFT JOIN account_move_line aml ON aml.id = line.move_line_id
                 WHERE line.dunning_id = ANY(%(ids)s)
            ), dropped AS (
                DELETE FROM credit_collection_dunning_line line
                      USING now WHERE now.id = line.id AND NOT now.is_owed
            )
            UPDATE credit_collection_dunning_line line
               SET amount_residual = now.amount_claim_currency,
                   amount_company = now.amount_claim, amount_held = now.amount_held,
                   level_id = now.level_id
              FROM now
             WHERE now.id = line.id AND now.is_owed
               AND (line.amount_residual, line.amount_company, line.amount_held, line.level_id)
                   IS DISTINCT FROM
                   (now.amount_claim_currency, now.amount_claim, now.amount_held, now.level_id)
            """,
            ids=list(self.ids),
            claimed=list(CLAIMED_DECISIONS),
            stands=stands,
            today=fields.Date.context_today(self),
        )

    def _get_credits_sql(self):
        """List the credits that came in since: each once, on the first notice of its currency."""
        return SQL(
            """
            INSERT INTO credit_collection_dunning_line (
                       dunning_id, move_line_id, currency_id, name, date_invoice, date_due,
                       amount_original, amount_residual, amount_company)
                SELECT DISTINCT ON (aml.id) dunning.id, aml.id, aml.currency_id, aml.move_name,
                       COALESCE(move.invoice_date, aml.date), item.date_due, aml.amount_currency,
                       aml.amount_residual_currency, aml.amount_residual
                  FROM credit_collection_dunning dunning
                  JOIN credit_collection_item item
                    ON item.case_id = dunning.case_id AND item.decision = 'credit'
                  JOIN account_move_line aml ON aml.id = item.move_line_id
                  JOIN account_move move ON move.id = aml.move_id
                 WHERE dunning.id = ANY(%(ids)s)
                   AND EXISTS (SELECT FROM credit_collection_dunning_line line
                                WHERE line.dunning_id = dunning.id
                                  AND line.currency_id = aml.currency_id
                                  AND line.level_id IS NOT NULL)
                   AND NOT EXISTS (SELECT FROM credit_collection_dunning_line line
                                     JOIN credit_collection_dunning other
                                       ON other.id = line.dunning_id
                                      AND other.state IN ('draft', 'queued')
                                    WHERE line.move_line_id = aml.id)
              ORDER BY aml.id, dunning.id
            """,
            ids=list(self.ids),
        )

    def _get_amount_due_sql(self):
        return SQL(
            """
            UPDATE credit_collection_dunning dunning
               SET amount_due = fresh.amount_due
              FROM (SELECT one.id, COALESCE(sum(line.amount_company), 0) AS amount_due
                      FROM credit_collection_dunning one
                 LEFT JOIN credit_collection_dunning_line line ON line.dunning_id = one.id
                     WHERE one.id = ANY(%(ids)s)
                  GROUP BY one.id) fresh
             WHERE dunning.id = fresh.id AND dunning.amount_due != fresh.amount_due
            """,
            ids=list(self.ids),
        )

    def _is_still_right(self):
        """Return whether something is claimed at the level of the notice, in each currency."""
        self.ensure_one()
        return self.level_id in self.line_ids.level_id and all(
            currency.compare_amounts(sum(lines.mapped("amount_residual")), 0) > 0
            for currency, lines in self.line_ids.grouped("currency_id").items()
        )

    def _get_letters_to_post(self):
        """The notices with a letter that is not in the post yet."""
        waiting = self.delivery_ids.filtered(
            lambda one: one.channel == "letter" and one.state in ("todo", "under_way")
        )
        return waiting.dunning_id.filtered(lambda dunning: dunning.state in ("queued", "sent"))

    def _prepare_letters(self):
        """Make the letters that are missing, from amounts checked now; note them as printed."""
        self._call_off(self.env._("It was paid before the letter was printed."))
        waiting = self._get_letters_to_post()
        letters = waiting.delivery_ids.filtered(
            lambda one: one.channel == "letter" and one.state in ("todo", "under_way")
        )
        passing = self.env["credit.collection.guard"]._let_pass(letters).dunning_id
        passing._drop_outdated_letters()
        claimed = passing._check_amounts()
        claimed._make_letters()
        claimed.delivery_ids.filtered(
            lambda one: one.channel == "letter" and one.state == "todo"
        ).sudo().write({"state": "under_way"})
        return claimed.filtered("letter_id")

    def _drop_outdated_letters(self):
        """Forget printed first reminders that would give too little time if posted now."""
        outdated = self.filtered(lambda dunning: dunning._is_letter_outdated())
        outdated.sudo().write({"letter_id": False})
        outdated.delivery_ids.filtered(
            lambda one: one.channel == "letter" and one.state == "under_way"
        ).sudo().write({"state": "todo"})

    def _is_letter_outdated(self):
        """Return whether a letter names a last day that the period of the law outlasts."""
        self.ensure_one()
        return (
            self.is_first_reminder
            and self.state == "queued"
            and bool(self.letter_id)
            and (self._get_waiting_period_end() or self.date_deadline) > self.date_deadline
        )

    def _make_letters(self):
        """Render the letters that do not exist yet, many at once, and keep them."""
        missing = self.filtered(lambda dunning: not dunning.letter_id)
        if not missing:
            return
        today = fields.Date.context_today(self)
        for level, dunnings in missing.grouped("level_id").items():
            dunnings.sudo().date_deadline = fields.Date.add(today, days=level.deadline_days)
        missing._announce()
        sources = {}
        documents = self.env["credit.collection.letter"]._render(missing, sources)
        missing = missing._refuse_incomplete(sources)
        if not missing:
            return
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    {
                        "name": f"{dunning.name.replace('/', '-')}.pdf",
                        "raw": documents[dunning],
                        "mimetype": "application/pdf",
                        "res_model": dunning._name,
                        "res_id": dunning.id,
                    }
                    for dunning in missing
                ]
            )
        )
        missing._keep_letters(attachments)

    def _announce(self):
        """Let the first reminders give the time of the law, and keep what they announce."""
        for dunning in self.filtered("is_first_reminder").sudo():
            dunning.date_deadline = max(
                dunning.date_deadline, dunning._get_waiting_period_end() or dunning.date_deadline
            )
            announced = dunning._get_announced_compensation()
            dunning.announced_totals = {
                str(currency.id): amount for currency, amount in announced.items()
            }

    def _refuse_incomplete(self, sources):
        """Refuse the letters that lack what the law demands; return the others.

        A first reminder that a manager lets go all the same is none in the sense of the law.
        """
        missing = self.env["credit.collection.guard"]._find_missing(self, sources)
        for dunning, lacks in missing.items():
            if not dunning.overrides_mentions:
                dunning._refuse(self.env["credit.collection.mention"]._explain(lacks))
            elif any(mention.occasion == "first_reminder" for mention in lacks):
                dunning.sudo().is_first_reminder = False
        return self.filtered(lambda one: one not in missing or one.overrides_mentions)

    def _keep_letters(self, attachments):
        """Link each notice with its letter: one statement, where writes would cost one each."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE credit_collection_dunning dunning
                   SET letter_id = made.letter_id
                  FROM unnest(%s, %s) AS made (id, letter_id)
                 WHERE dunning.id = made.id
                """,
                list(self.ids),
                list(attachments.ids),
            )
        )
        self.invalidate_recordset(["letter_id"])

    def _get_invoice_attachments(self):
        """The PDF of each invoice listed, where the level asks for them."""
        self.ensure_one()
        if not self.level_id.attach_invoices:
            return self.env["ir.attachment"]
        moves = self.line_ids._get_move().sudo().filtered(lambda move: move.is_invoice())
        attachments = moves.invoice_pdf_report_id
        for move in moves.filtered(lambda move: not move.invoice_pdf_report_id):
            content, _type = self.env["ir.actions.report"]._render_qweb_pdf(
                "account.account_invoices", move.ids
            )
            attachments |= attachments.create(
                {
                    "name": move._get_invoice_report_filename(),
                    "raw": content,
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        return attachments

    # -------------------------------------------------------------------------
    # What the texts say
    # -------------------------------------------------------------------------

    def _get_email(self):
        """The address of the contact, else of the customer, else of another contact."""
        self.ensure_one()
        return (
            self.partner_id.email
            or self.customer_id.email
            or self.line_ids._get_move().partner_id.filtered("email")[:1].email
        )

    def _get_totals(self):
        """Return the sum of the lines in each currency, never mixed: `{currency: amount}`."""
        self.ensure_one()
        totals = defaultdict(float)
        for line in self.line_ids:
            totals[line.currency_id] += line.amount_residual
        return {currency: currency.round(amount) for currency, amount in totals.items()}

    def _get_claimed_charges(self):
        """Return `{notice: the charges that it claims}`: its own, and earlier ones on its items.

        A first reminder in the sense of the law claims the principal alone.
        """
        free = self.filtered("is_first_reminder")
        earlier = self.env["credit.collection.charge"]._get_earlier(self)
        earlier |= dict.fromkeys(free, self.env["credit.collection.charge"])
        standing = ("draft", "claimed", "posted")
        return {
            dunning: earlier[dunning]
            | dunning.charge_ids.filtered(lambda charge: charge.state in standing)
            for dunning in self
        }

    def _get_charge_totals(self):
        """Return `{notice: {"interest": ..., "compensation": ..., "payable": {currency: amount}}}`.

        Once it was made ready to leave, a notice says what it claimed that day, whatever becomes of
        its charges.
        """
        Currency = self.env["res.currency"]
        ready = self.filtered("charge_totals")
        totals = {
            dunning: charges._get_summary()
            for dunning, charges in (self - ready)._get_claimed_charges().items()
        }
        for dunning in ready:
            totals[dunning] = {
                name: {Currency.browse(int(key)): amount for key, amount in amounts.items()}
                for name, amounts in dunning.charge_totals.items()
            }
        return totals

    @api.model
    def _add_totals(self, totals, others):
        """Return the sums of two `{currency: amount}`."""
        return {
            currency: currency.round(totals.get(currency, 0) + others.get(currency, 0))
            for currency in {**totals, **others}
        }

    def _format_totals(self, totals):
        """Return amounts of several currencies as words; nothing where nothing is owed."""
        amounts = [
            format_amount(self.env, amount, currency)
            for currency, amount in totals.items()
            if not currency.is_zero(amount)
        ]
        return format_list(self.env, amounts)

    @api.model
    def _get_placeholder_names(self):
        """The placeholders that the texts of a level may use."""
        return {
            "customer",
            "company",
            "company_number",
            "contact_email",
            "amount_due",
            "principal",
            "interest",
            "compensation",
            "charges_total",
            "claim_total",
            "announced_compensation",
            "deadline",
            "waiting_period_end",
            "last_notice",
            "last_notice_sentence",
            "number",
            *self.env["credit.collection.legal.profile"]._get_letter_fields(),
        }

    def _get_company_number(self):
        """Return the number by which the creditor is known."""
        return self.company_id.company_registry or self.company_id.vat or ""

    def _get_placeholder_values(self):
        """Return the value of each placeholder, in the language of the notice.

        An invoice that jumped over levels has no last notice: a text that must stay right then uses
        the sentence, which is left out as a whole.
        """
        self.ensure_one()
        dunning = self.with_context(lang=self.lang)
        company = self.company_id
        charges = LazyValues({"own": lambda: self._get_charge_totals()[self]})

        def add_charges():
            return self._add_totals(charges["own"]["interest"], charges["own"]["compensation"])

        def write(totals):
            return dunning._format_totals(totals)

        return LazyValues(
            {
                "customer": lambda: self.customer_id.name or "",
                "company": lambda: company.name,
                "company_number": self._get_company_number,
                "contact_email": lambda: self._get_contact().email or company.email or "",
                "amount_due": lambda: dunning.amount_text,
                "principal": lambda: write(self._get_totals()),
                "interest": lambda: write(charges["own"]["interest"]),
                "compensation": lambda: write(charges["own"]["compensation"]),
                "charges_total": lambda: write(add_charges()),
                "claim_total": lambda: write(self._add_totals(self._get_totals(), add_charges())),
                "announced_compensation": lambda: write(self._get_announced_compensation()),
                "deadline": lambda: dunning._write_date(self.date_deadline),
                "waiting_period_end": lambda: dunning._write_date(self._get_waiting_period_end()),
                "last_notice": dunning._write_last_notice,
                "last_notice_sentence": dunning._write_last_notice_sentence,
                "number": lambda: self.name or "",
            }
        )

    def _write_last_notice(self):
        dates = self.line_ids.filtered("date_last_notice").mapped("date_last_notice")
        return self._write_date(max(dates)) if dates else ""

    def _write_last_notice_sentence(self):
        last = self._write_last_notice()
        return last and self.env._("We last wrote to you about this on %(date)s.", date=last)

    def _get_text_values(self):
        """Return what the placeholders stand for, the sentences of the law included."""
        self.ensure_one()
        values = self._get_placeholder_values()
        law = self.legal_profile_id.with_context(lang=self.lang)
        for placeholder, name in law._get_letter_fields().items():
            values.add(placeholder, partial(self._fill_legal_text, law, name, values))
        return values

    @api.model
    def _fill_legal_text(self, law, name, values):
        return fill_placeholders(law[name] or "", values)

    def _write_date(self, day):
        """Return a day in words that no line end parts; nothing for no day."""
        return format_long_date(self.env, day).replace(" ", "\N{NO-BREAK SPACE}")

    def _get_text(self, field_name, values=None):
        """Return a text of the level in the language of the notice, its placeholders filled in.

        :param values: those of `_get_text_values`, where several texts are written
        """
        self.ensure_one()
        text = self.level_id.with_context(lang=self.lang)[field_name]
        if is_html_empty(text):
            return ""
        if "{" not in text:  # a subject, most often
            return text
        values = values or self._get_text_values()
        if self.level_id._fields[field_name].type == "html":
            escaped = values.apply(lambda value: str(escape(value)))
            filled = drop_empty_paragraphs(fill_placeholders(text, escaped))
            return Markup(filled)  # noqa: S704  the values are escaped
        return fill_placeholders(text, values)


class CreditCollectionDunningLine(models.Model):
    """What a notice claimed on one item that day: a snapshot, which stays when the ledger moves on.

    A line with a level is reminded at that level. One without is listed for information: overdue,
    but not reminded at a new level now, or an open credit (negative).
    """

    _name = "credit.collection.dunning.line"
    _description = "Line of a Dunning Notice"
    _order = "dunning_id, date_due, id"
    _log_access = False  # written by the hundred thousand

    dunning_id = fields.Many2one(
        "credit.collection.dunning", required=True, index=True, ondelete="cascade"
    )
    move_line_id = fields.Many2one("account.move.line", index=True, ondelete="set null")
    level_id = fields.Many2one("credit.collection.level", ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    name = fields.Char("Number")
    date_invoice = fields.Date("Date")
    date_due = fields.Date("Due date")
    amount_original = fields.Monetary("Amount")
    amount_paid = fields.Monetary("Paid", compute="_compute_amount_paid")
    amount_residual = fields.Monetary("Claimed")
    amount_company = fields.Float("Claimed (company currency)", digits="Account")
    amount_held = fields.Monetary(
        "Not claimed now", help="The part of the invoice that is disputed or on hold."
    )

    state = fields.Selection(related="dunning_id.state")
    date_sent = fields.Date(related="dunning_id.date_sent", string="Sent on")
    days_late = fields.Integer(compute="_compute_days_late")
    item_level_id = fields.Many2one(
        "credit.collection.level", "Level of the invoice", compute="_compute_last_notice"
    )
    date_last_notice = fields.Date("Previous notice", compute="_compute_last_notice")

    def _get_move(self):
        """Return the documents of these lines: the invoice, also when its debt was moved."""
        return self.move_line_id._collection_get_sources().move_id

    @api.depends("amount_original", "amount_residual", "amount_held")
    def _compute_amount_paid(self):
        for line in self:
            line.amount_paid = line.amount_original - line.amount_residual - line.amount_held

    @api.depends("date_due", "dunning_id.date", "dunning_id.date_sent")
    def _compute_days_late(self):
        for line in self:
            day = line.dunning_id.date_sent or line.dunning_id.date
            line.days_late = days_late(line.date_due, day) if day and line.date_due else 0

    @api.depends("move_line_id", "level_id")
    def _compute_last_notice(self):
        """The notice before this one on the same item, and the level to show beside it."""
        earlier = {
            line.id: (date_sent, level_id)
            for line, date_sent, level_id in self._get_earlier_notices()
        }
        Level = self.env["credit.collection.level"]
        for line in self:
            date_sent, level_id = earlier.get(line._origin.id, (False, False))
            line.date_last_notice = date_sent
            line.item_level_id = line.level_id or Level.browse(level_id)

    def _get_earlier_notices(self):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, last.date_sent, last.level_id
                  FROM credit_collection_dunning_line line
                  JOIN account_move_line item ON item.id = line.move_line_id
                  JOIN LATERAL (
                           SELECT dunning.date_sent, earlier.level_id
                             %(earlier)s
                         ORDER BY dunning.date_sent DESC, dunning.id DESC
                            LIMIT 1
                       ) last ON TRUE
                 WHERE line.id = ANY(%(ids)s)
                """,
                earlier=self._get_earlier_sql(),
                ids=list(self._origin.ids),
            )
        )
        return [(self.browse(line_id), *values) for line_id, *values in rows]

    @api.model
    def _get_earlier_sql(self):
        """Return where the notices are found that claimed the `item` of a `line` before it."""
        return SQL(
            """
            FROM credit_collection_dunning_line earlier
            JOIN credit_collection_dunning dunning
              ON dunning.id = earlier.dunning_id AND dunning.state = 'sent'
           WHERE earlier.move_line_id IN (item.id, item.collection_origin_line_id)
             AND earlier.level_id IS NOT NULL
             AND earlier.dunning_id < line.dunning_id
            """
        )

    def action_leave_out(self):
        """Take this item out of the proposal."""
        dunning = self.dunning_id
        runs = dunning.run_id
        for run, lines in self.grouped(lambda line: line.dunning_id.run_id).items():
            run._leave_out(lines.move_line_id)
        return dunning._leave_for(runs)

    def action_open_dunning(self):
        self.ensure_one()
        return self.dunning_id._get_records_action(context={})

import logging

from psycopg2 import OperationalError

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_amount

_MANAGERS = "credit_collection.credit_collection_group_manager"

_logger = logging.getLogger(__name__)


class CreditCollectionCharge(models.Model):
    """Interest, a fee or a penalty that a notice claims beside what the invoices say.

    Proposed with the draft notice and remade with it, claimed when the notice is sent, and from
    then on changed only through its buttons. It is booked by a document of its own: invoices are
    never touched. The database itself refuses to claim the days of an item, or a fee, twice.
    """

    _name = "credit.collection.charge"
    _description = "Charge for Late Payment"
    _order = "dunning_id desc, move_line_id, id"
    _check_company_auto = True
    _log_access = False  # written by the hundred thousand

    dunning_id = fields.Many2one(
        "credit.collection.dunning",
        "Notice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    case_id = fields.Many2one(related="dunning_id.case_id", string="Customer")
    company_id = fields.Many2one(related="dunning_id.company_id")
    date_sent = fields.Date(related="dunning_id.date_sent", string="Claimed on")
    name = fields.Char("Charge", compute="_compute_name")
    kind = fields.Selection(
        [
            ("interest", "Interest"),
            ("fee", "Compensation"),
            ("penalty", "Penalty clause"),
            ("reminder", "Reminder cost"),
        ],
        required=True,
        readonly=True,
    )
    fee_id = fields.Many2one("credit.collection.fee", "Rule", readonly=True, ondelete="restrict")
    move_line_id = fields.Many2one(
        "account.move.line",
        "Item",
        readonly=True,
        index=True,
        ondelete="set null",
        help="Empty where the charge is for all that the notice claims.",
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    item_ids = fields.One2many(
        "credit.collection.charge.item", "charge_id", "Covered items", readonly=True
    )
    date_from = fields.Date("From", readonly=True)
    date_to = fields.Date("To", readonly=True)
    rate_text = fields.Char("Rate", readonly=True)
    legal_basis = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    company_currency_id = fields.Many2one(
        related="dunning_id.company_id.currency_id", string="Company currency"
    )
    base = fields.Monetary("On", readonly=True, help="The principal on which interest runs.")
    amount = fields.Monetary(required=True, readonly=True)
    amount_company = fields.Monetary(
        "Amount (company currency)", currency_field="company_currency_id", readonly=True
    )
    derivation = fields.Json(
        readonly=True, help="What the interest follows from, as it was when the notice was sent."
    )
    state = fields.Selection(
        [
            ("draft", "Proposed"),
            ("claimed", "Claimed"),
            ("posted", "Posted"),
            ("waived", "Waived"),
            ("cancel", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="draft",
    )
    reason = fields.Char(readonly=True, help="Why it was waived, reinstated or reversed.")
    date_waived = fields.Date("Waived on", readonly=True)
    charge_move_id = fields.Many2one(
        "account.move",
        "Document",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    charge_line_id = fields.Many2one(
        "account.move.line", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    reversal_move_id = fields.Many2one(
        "account.move",
        "Reversed by",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="What took an earlier booking back.",
    )
    is_collected = fields.Boolean(
        "Collected", compute="_compute_is_collected", search="_search_is_collected"
    )
    posting_error = fields.Char(readonly=True, help="Why it could not be posted by itself.")

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A charge is an amount that is owed: to give one up, waive it."
    )
    _dates_ordered = models.Constraint(
        "CHECK (date_to >= date_from)", "The last day of interest is not before the first one."
    )
    # the days of each item on a number line of their own
    _days_once = models.Constraint(
        "EXCLUDE USING gist (int8range("
        "move_line_id::bigint * 100000 + (date_from - '1970-01-01'::date),"
        " move_line_id::bigint * 100000 + (date_to - '1970-01-01'::date), '[]') WITH &&)"
        " WHERE (kind = 'interest' AND state IN ('claimed', 'posted')"
        " AND move_line_id IS NOT NULL)",
        "Interest for these days was claimed already.",
    )
    _fee_once = models.UniqueIndex(
        "(move_line_id, COALESCE(fee_id, 0))"
        " WHERE kind IN ('fee', 'penalty') AND state IN ('claimed', 'posted')",
        "This fee was claimed already for the invoice.",
    )
    _reminder_once = models.UniqueIndex(
        "(dunning_id, fee_id) WHERE kind = 'reminder' AND state != 'cancel'",
        "A notice has its price once.",
    )
    _to_post_idx = models.Index("(dunning_id) WHERE state = 'claimed'")

    @api.depends("kind", "fee_id.name")
    @api.depends_context("lang")
    def _compute_name(self):
        for charge in self:
            if charge.kind == "interest":
                charge.name = self.env._("Late interest")
            elif charge.kind == "penalty":
                charge.name = self.env._("Penalty clause")
            else:
                charge.name = charge.fee_id.sudo().name  # whoever sees a charge, sees its name

    @api.depends("name", "move_line_id")
    def _compute_display_name(self):
        for charge in self:
            number = charge.move_line_id.sudo().move_name or charge.dunning_id.name or ""
            charge.display_name = f"{charge.name} {number}".strip()

    @api.depends("state", "charge_move_id.line_ids.reconciled")
    def _compute_is_collected(self):
        for charge in self:
            lines = charge.charge_move_id.sudo()._collection_get_receivables()
            charge.is_collected = (
                charge.state == "posted" and bool(lines) and all(lines.mapped("reconciled"))
            )

    def _search_is_collected(self, operator, value):
        if operator not in ("=", "in"):
            return NotImplemented
        is_open = [("account_type", "=", "asset_receivable"), ("reconciled", "=", False)]
        collected = Domain("state", "=", "posted") & Domain(
            "charge_move_id.line_ids", "not any", is_open
        )
        return collected if value in (True, [True], {True}) else ~collected

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A charge changes only through its buttons."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if any(charge.state != "draft" for charge in self):
            raise UserError(
                self.env._("A charge that was claimed is part of the file: waive it instead.")
            )

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_waive(self):
        return self._open_decision("waive", self.env._("Waive"))

    def action_reinstate(self):
        return self._open_decision("reinstate", self.env._("Reinstate"))

    def action_reverse(self):
        return self._open_decision("reverse", self.env._("Reverse"))

    def action_post(self):
        """Book what was claimed."""
        self.check_access("write")
        claimed = self.filtered(lambda charge: charge.state == "claimed")
        if not claimed:
            raise UserError(self.env._("Only what was claimed on a sent notice can be posted."))
        claimed._check_lawful()
        claimed._post()

    def action_settle(self):
        """Book what was claimed, and match it with what the customer paid and nobody matched."""
        self.check_access("write")
        for (case, currency), charges in self.grouped(
            lambda charge: (charge.case_id, charge.currency_id)
        ).items():
            if case._get_open_credit(currency) <= 0:
                raise UserError(
                    self.env._(
                        "No unmatched payment of %(customer)s in %(currency)s is left: register "
                        "the payment first.",
                        customer=case.display_name,
                        currency=currency.name,
                    )
                )
            claimed = charges.filtered(lambda charge: charge.state == "claimed")
            claimed._check_lawful()
            claimed._post()
            charges._match_credits()

    def action_open_document(self):
        return self.charge_move_id._collection_get_action()

    def action_open_dunning(self):
        self.ensure_one()
        return self.dunning_id._get_records_action(context={})

    def action_open_derivation(self):
        """Show the interest of the item, and what it follows from."""
        self.ensure_one()
        return self.case_id._open_new(
            self.env._("Late interest"),
            "credit.collection.case.interest",
            default_move_id=self.move_id.id,
            default_date_until=self.date_to,
        )

    def _open_decision(self, decision, title):
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "credit.collection.charge.decide",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_charge_ids": self.ids, "default_decision": decision},
        }

    def _prepare_row_vals(self, writer):
        """Return the row of an item in the table of a letter."""
        currency = self.currency_id[:1]
        interest = self.filtered(lambda charge: charge.kind == "interest").sorted("date_from")
        fees = self - interest
        rates = dict.fromkeys(rate for one in interest for rate in one.rate_text.split(", "))
        return {
            "name": self.move_line_id[:1].move_name,
            "first": writer.date(interest[0].date_from) if interest else "",
            "last": writer.date(interest[-1].date_to) if interest else "",
            "base": writer.amount(interest[0].base, currency) if interest else "",
            "rate": ", ".join(rates).replace(".", self._get_decimal_point(writer)),
            "interest": interest and writer.amount(sum(interest.mapped("amount")), currency),
            "fees": fees and writer.amount(sum(fees.mapped("amount")), currency),
        }

    def _get_legal_bases(self, law):
        """Return the articles of the law that these charges rest on, each once."""
        bases = []
        if "interest" in self.mapped("kind"):
            bases.append(law.legal_basis)
        for charge in self.sudo().filtered(lambda one: one.kind != "interest"):
            is_contract = charge.kind == "penalty"
            bases.append(self.env._("Contract") if is_contract else charge.fee_id.legal_basis)
        return [*dict.fromkeys(filter(None, bases))]

    @api.model
    def _get_decimal_point(self, writer):
        return self.env["res.lang"]._get_data(code=writer.env.lang or "en_US").decimal_point or "."

    def _prepare_other_vals(self, writer):
        """Return the row of what is claimed for all items together."""
        self.ensure_one()
        return {
            "name": self.with_env(writer.env).name,
            "amount": writer.amount(self.amount, self.currency_id),
        }

    @api.model
    def _get_earlier(self, dunnings):
        """Return `{notice: the charges on its items that earlier notices claimed and are open}`.

        What is booked and reminded of like an invoice is an item of its own.
        """
        earlier = dict.fromkeys(dunnings, self.browse())
        claimed = dunnings.filtered(lambda dunning: dunning.case_id.charge_count)
        if not claimed:
            return earlier
        sources = {
            dunning: dunning.line_ids.move_line_id._collection_get_sources() for dunning in claimed
        }
        found = self.search(
            [
                ("dunning_id.case_id", "in", claimed.case_id.ids),
                ("state", "in", ("claimed", "posted")),
            ]
        ).filtered(
            lambda charge: (
                charge.state == "claimed"
                or (not charge.company_id.sudo().collection_dun_charges and not charge.is_collected)
            )
        )
        return earlier | {
            dunning: found.filtered(
                lambda charge, dunning=dunning, lines=lines: (
                    charge.dunning_id.case_id == dunning.case_id
                    and charge.dunning_id.id < dunning.id
                    and bool((charge.move_line_id | charge.item_ids.move_line_id) & lines)
                )
            )
            for dunning, lines in sources.items()
        }

    @api.model
    def _get_fees_of(self, lines):
        """Return `[(item, day, amount)]`: the fees claimed on these items and not paid yet.

        One for several items is given with the oldest of them.
        """
        claimed = self.search(
            [
                ("kind", "!=", "interest"),
                ("state", "in", ("claimed", "posted")),
                ("dunning_id.date_sent", "!=", False),
                "|",
                ("move_line_id", "in", lines.ids),
                ("item_ids.move_line_id", "in", lines.ids),
            ]
        )
        found = []
        for charge in claimed.filtered(lambda one: not one.is_collected):
            items = charge.move_line_id or charge.item_ids.move_line_id
            oldest = items.sorted(lambda line: (line.date_maturity or line.date, line.id))[:1]
            if oldest in lines:
                found.append((oldest, charge.date_sent, charge.amount))
        return found

    def _get_totals(self):
        """Return the sum of these charges in each currency: `{currency: amount}`."""
        return {
            currency: currency.round(sum(charges.mapped("amount")))
            for currency, charges in self.grouped("currency_id").items()
        }

    def _get_summary(self):
        """Return the sums of interest, of everything else, and of what is asked for now."""
        interest = self.filtered(lambda charge: charge.kind == "interest")
        return {
            "interest": interest._get_totals(),
            "compensation": (self - interest)._get_totals(),
            "payable": self.filtered(lambda charge: charge._is_payable())._get_totals(),
        }

    def _get_rule_key(self):
        """Return what makes a charge the same one when its notice is made again."""
        self.ensure_one()
        return self.case_id, self.move_line_id, self.kind, self.fee_id, self.currency_id

    # -------------------------------------------------------------------------
    # States
    # -------------------------------------------------------------------------

    def _set_state(self, state, allowed, **vals):
        """Move these charges; return those that moved."""
        charges = self.filtered(lambda charge: charge.state in allowed)
        if charges:
            charges.check_access("write")
            charges.sudo().write({"state": state, **vals})
        return charges

    def _waive(self, reason):
        """Give up what is proposed or claimed."""
        self._check_waiver()
        waived = self._set_state(
            "waived",
            ("draft", "claimed"),
            reason=reason,
            date_waived=fields.Date.context_today(self),
        )
        return waived._log_decision(
            lambda charge: self.env._(
                "%(charge)s of %(amount)s was waived by %(user)s: %(reason)s",
                **charge._get_words(reason),
            )
        )

    def _check_lawful(self):
        """Refuse to claim of consumers what they had no free first reminder and period for."""
        Guard = self.env["credit.collection.guard"]
        profiles = Guard._get_profiles(self.case_id)
        lines_of = {
            charge: charge._get_claimed_sources()
            for charge in self.filtered(lambda one: not one.dunning_id.overrides_charges)
            if profiles[charge.case_id] and profiles[charge.case_id]._demands_first_reminder()
        }
        every_line = self.env["account.move.line"].union(*lines_of.values())
        reminders = self.env["credit.collection.interest"]._get_reminders(every_line)
        for charge, lines in lines_of.items():
            profile = profiles[charge.case_id]
            day = charge.date_sent or fields.Date.context_today(self)
            if not lines or not all(
                line.id in reminders and reminders[line.id].is_over(profile, day) for line in lines
            ):
                raise UserError(
                    self.env._(
                        "%(charge)s must not be claimed: %(customer)s had no free first reminder "
                        "whose period was over (%(law)s).",
                        charge=charge.display_name,
                        customer=charge.case_id.display_name,
                        law=profile.legal_basis,
                    )
                )

    def _get_claimed_sources(self):
        """Return the debts for which a charge is claimed."""
        self.ensure_one()
        lines = self.move_line_id | self.item_ids.move_line_id
        if self.kind == "reminder":  # the price of the notice: for all that it reminds of
            lines = self.dunning_id.line_ids.filtered("level_id").move_line_id
        return lines._collection_get_sources()

    def _check_waiver(self):
        """Above the limit of the company a manager decides."""
        if self.env.su or self.env.user.has_group(_MANAGERS):
            return
        for company, charges in self.grouped("company_id").items():
            limit = company.collection_waive_max
            if (
                limit
                and company.currency_id.compare_amounts(
                    sum(charges.mapped("amount_company")), limit
                )
                > 0
            ):
                raise AccessError(
                    self.env._(
                        "Charges of more than %(limit)s are waived by a manager: ask one.",
                        limit=format_amount(self.env, limit, company.currency_id),
                    )
                )

    def _reinstate(self, reason):
        """Claim again what was waived."""
        waived = self.filtered(lambda charge: charge.state == "waived")
        waived._check_lawful()
        sent = waived.filtered(lambda charge: charge.dunning_id.state == "sent")
        sent._set_state("claimed", ("waived",), reason=reason)
        (waived - sent)._set_state("draft", ("waived",), reason=reason)
        return waived._log_decision(
            lambda charge: self.env._(
                "%(charge)s of %(amount)s was reinstated by %(user)s: %(reason)s",
                **charge._get_words(reason),
            )
        )

    def _reverse(self, reason):
        """Reverse what was booked: the charges are claimed as before, and booked nowhere."""
        posted = self.filtered(lambda charge: charge.state == "posted")
        posted.check_access("write")
        for move, charges in posted.grouped("charge_move_id").items():
            lines = charges.charge_line_id
            charges._take_back(reason)
            charges.sudo().reversal_move_id = self._reverse_document(move, lines, reason)
        return posted._log_decision(
            lambda charge: self.env._(
                "The booking of %(charge)s of %(amount)s was reversed by %(user)s: %(reason)s",
                **charge._get_words(reason),
            )
        )

    def _take_back(self, reason, **vals):
        """Claim as before what was booked, and is booked nowhere now."""
        return self._set_state(
            "claimed",
            ("posted",),
            reason=reason,
            charge_move_id=False,
            charge_line_id=False,
            **vals,
        )

    @api.model
    def _follow_reversals(self, reversals):
        """Take back the charges whose lines somebody has reversed with the buttons of Odoo."""
        booked = self.search([("charge_move_id", "in", reversals.reversed_entry_id.ids)])
        for reversal in reversals if booked else ():
            own = booked.filtered(lambda one, move=reversal: one._is_reversed_by(move))
            reason = self.env._("Reversed by %(document)s", document=reversal.name)
            taken = own._take_back(reason, reversal_move_id=reversal.id)
            for case, charges in taken.grouped("case_id").items():
                case._log(
                    self.env._(
                        "%(document)s of %(user)s reverses charges: they are claimed, and booked "
                        "nowhere: %(charges)s.",
                        document=reversal.name,
                        user=self.env.user.name,
                        charges=", ".join(charges.mapped("display_name")),
                    ),
                    charges.move_id,
                )

    def _is_reversed_by(self, reversal):
        """Return whether a document reverses the very line that books this charge."""
        self.ensure_one()
        line = self.charge_line_id
        return self.charge_move_id == reversal.reversed_entry_id and any(
            one.account_id == line.account_id
            and one.name == line.name
            and one.currency_id.is_zero(one.amount_currency + line.amount_currency)
            for one in reversal.line_ids
        )

    def _get_words(self, reason):
        self.ensure_one()
        return {
            "charge": self.display_name,
            "amount": format_amount(self.env, self.amount, self.currency_id),
            "user": self.env.user.name,
            "reason": reason,
        }

    def _log_decision(self, describe):
        """Note on the cases what was decided; return the charges."""
        for case, charges in self.grouped("case_id").items():
            case._message_log(body=" ".join(map(describe, charges)))
        return self

    @api.model
    def _void(self, dunnings, reason):
        """Give up what was claimed after first reminders that have not reached the customer.

        What is booked already is for a person to reverse: he gets a task.
        """
        lines = dunnings.line_ids.filtered("level_id").move_line_id._collection_get_sources()
        domain = Domain("move_line_id", "in", lines.ids) | Domain(
            "item_ids.move_line_id", "in", lines.ids
        )
        later = self.sudo().search(domain & Domain("dunning_id.state", "=", "sent"))
        later._set_state(
            "waived", ("claimed",), reason=reason, date_waived=fields.Date.context_today(self)
        )._log_decision(
            lambda charge: self.env._(
                "%(charge)s of %(amount)s is given up, for lack of a first reminder: %(reason)s",
                **charge._get_words(reason),
            )
        )
        for case in later.filtered(lambda charge: charge.state == "posted").case_id:
            case._schedule_task(
                "credit_collection.mail_activity_type_charges_failed",
                note=self.env._(
                    "A first reminder has not reached the customer (%(reason)s): reverse what was "
                    "booked for what it was about.",
                    reason=reason,
                ),
            )

    @api.model
    def _clear_drafts(self, dunnings):
        """Forget what was proposed with these notices."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM credit_collection_charge
                      WHERE dunning_id = ANY(%s) AND state = 'draft'
                """,
                list(dunnings.ids),
            )
        )

    @api.model
    def _clear_orphans(self, dunnings):
        """Forget what was proposed for items that these notices do not claim any more."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM credit_collection_charge charge
                      WHERE dunning_id = ANY(%s) AND state = 'draft' AND move_line_id IS NOT NULL
                        AND NOT EXISTS (
                                SELECT FROM credit_collection_dunning_line line
                                  JOIN account_move_line own ON own.id = line.move_line_id
                                 WHERE line.dunning_id = charge.dunning_id
                                   AND line.level_id IS NOT NULL
                                   AND charge.move_line_id
                                       IN (own.id, own.collection_origin_line_id))
                """,
                list(dunnings.ids),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _follow_notices(self, dunnings, state):
        """Let the charges go where their notices go: claimed when sent, gone when cancelled."""
        own = self.sudo().search([("dunning_id", "in", dunnings.ids)])
        if not own:
            return
        if state == "sent":
            claimed = own._set_state("claimed", ("draft",))
            claimed.item_ids.is_claimed = True
            return
        if state == "cancel":
            own._check_not_posted()
            own.filtered(lambda charge: charge.state == "draft").unlink()
            own = own.exists()._set_state("cancel", ("claimed", "waived"))
        else:
            own = own._set_state("draft", ("claimed",))
        own.item_ids.is_claimed = False

    def _check_not_posted(self):
        posted = self.filtered(lambda charge: charge.state == "posted")
        if posted:
            raise UserError(
                self.env._(
                    "Charges of %(notice)s are booked in %(document)s: reverse them first.",
                    notice=posted[0].dunning_id.name,
                    document=posted[0].charge_move_id.name,
                )
            )

    @api.model
    def _keep_derivations(self, dunnings):
        """Keep with the interest of these notices what it follows from, as data."""
        charges = self.sudo().search(
            [
                ("dunning_id", "in", dunnings.ids),
                ("kind", "=", "interest"),
                ("state", "=", "draft"),
            ]
        )
        for until, own in charges.grouped("date_to").items():
            derivations = own.move_line_id._collection_get_interest(until)
            for charge in own:
                charge.derivation = charge._prepare_derivation(derivations[charge.move_line_id])

    def _prepare_derivation(self, derivation):
        """Return what the amount follows from: the whole interest, less what was claimed before."""
        self.ensure_one()
        profile = derivation.contract.profile
        return {
            "law": profile.name,
            "legal_basis": profile.legal_basis,
            "principal": str(derivation.principal),
            "due": derivation.due.isoformat(),
            "total": str(derivation.total),
            "claimed_before": str(derivation.total - self._get_decimal()),
            "corrections": derivation.corrections,
            "movements": [
                {"day": one.day.isoformat(), "kind": one.kind, "amount": str(one.amount)}
                for one in derivation.movements
                if one.day <= derivation.until
            ],
            "segments": [
                {
                    "from": one.first.isoformat(),
                    "to": one.last.isoformat(),
                    "days": one.days,
                    "base": str(one.base),
                    "rate": str(one.percent),
                    "amount": str(one.amount),
                    "source": one.source,
                }
                for one in derivation.interest.segments
            ],
        }

    def _get_decimal(self):
        return self.env["credit.collection.interest"]._to_decimal(self.amount, self.currency_id)

    # -------------------------------------------------------------------------
    # Booking
    # -------------------------------------------------------------------------

    def _get_posting(self):
        """Return when charges of this kind are booked: never, on sending, or by a person."""
        self.ensure_one()
        company = self.company_id.sudo()  # the settings of a company are not for everybody to read
        is_interest = self.kind == "interest"
        return (
            company.collection_interest_posting if is_interest else company.collection_fee_posting
        ) or "never"

    def _is_payable(self):
        """Return whether the notice asks to pay this with the invoices: it can be booked."""
        self.ensure_one()
        return self.state == "posted" or self._get_posting() != "never"

    def _post(self):
        """Book these charges: one document for each notice and currency."""
        for (dunning, currency), charges in (
            self.sorted("id")
            .grouped(lambda charge: (charge.dunning_id, charge.currency_id))
            .items()
        ):
            charges.lock_for_update()
            charges._post_document(dunning, currency)

    def _post_document(self, dunning, currency):
        company = dunning.company_id
        journal = company._collection_get_charge_journal()
        accounts = {charge: charge._get_account() for charge in self}
        date = company._collection_get_first_open_date(
            dunning.date_sent or fields.Date.context_today(self),
            journal,
            bool(company.sudo().collection_charge_tax_id),
        )
        prepare = (
            self._prepare_debit_note_vals
            if company.sudo().collection_charge_document == "invoice"
            else self._prepare_entry_vals
        )
        Move = self.env["account.move"].with_company(company)
        move = Move.create(prepare(dunning, currency, journal, accounts, date))
        move._post(soft=False)
        move._collection_get_receivables().no_followup = not (company.sudo().collection_dun_charges)
        self._link(move)
        dunning.case_id._log(
            self.env._(
                "Charges of %(notice)s were posted by %(user)s: %(document)s, %(amount)s.",
                notice=dunning.name,
                user=self.env.user.name,
                document=move.name,
                amount=format_amount(self.env, sum(self.mapped("amount")), currency),
            ),
            self.move_id,
        )

    def _link(self, move):
        """Note which line books which charge: they are in the order of the charges."""
        for charge, line in zip(self.sudo(), self._get_income_lines(move), strict=True):
            charge.write(
                {
                    "state": "posted",
                    "charge_move_id": move.id,
                    "charge_line_id": line.id,
                    "posting_error": False,
                }
            )

    @api.model
    def _get_income_lines(self, move):
        """Return the lines of a document that book a charge each, in their order."""
        if move.is_invoice():
            return move.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        return move.line_ids.sorted("id").filtered(
            lambda line: line.account_type != "asset_receivable"
        )

    def _get_account(self):
        """Return the account of the income."""
        self.ensure_one()
        name = (
            "collection_interest_account_id"
            if self.kind == "interest"
            else "collection_fee_account_id"
        )
        account = self.company_id.sudo()._collection_get_account(name)
        if not account:
            raise UserError(
                self.env._(
                    "Name the accounts on which interest and fees are booked in the settings of "
                    "%(company)s first.",
                    company=self.company_id.name,
                )
            )
        return account

    def _get_label(self):
        """Return the text on the line of the document."""
        self.ensure_one()
        if self.kind != "interest":
            return self.display_name
        return self.env._(
            "%(charge)s, %(first)s to %(last)s",
            charge=self.display_name,
            first=fields.Date.to_string(self.date_from),
            last=fields.Date.to_string(self.date_to),
        )

    def _prepare_document_vals(self, dunning, currency, journal, date):
        return {
            "date": date,
            "journal_id": journal.id,
            "currency_id": currency.id,
            "ref": self.env._("Charges of %(notice)s", notice=dunning.name),
        }

    def _prepare_debit_note_vals(self, dunning, currency, journal, accounts, date):
        tax = dunning.company_id.sudo().collection_charge_tax_id
        return {
            **self._prepare_document_vals(dunning, currency, journal, date),
            "move_type": "out_invoice",
            "partner_id": dunning.partner_id.id,
            "invoice_date": date,
            "invoice_date_due": max(dunning.date_deadline or date, date),
            "invoice_payment_term_id": False,
            "invoice_origin": dunning.name,
            "invoice_line_ids": [
                Command.create(
                    {
                        "sequence": rank,
                        "name": charge._get_label(),
                        "quantity": 1,
                        "price_unit": charge.amount,
                        "account_id": accounts[charge].id,
                        "tax_ids": [Command.set(tax.ids)],
                    }
                )
                for rank, charge in enumerate(self)
            ],
        }

    def _prepare_entry_vals(self, dunning, currency, journal, accounts, date):
        """Return an entry in which each charge has a receivable and an income of its own."""
        due = max(dunning.date_deadline or date, date)
        return {
            **self._prepare_document_vals(dunning, currency, journal, date),
            "move_type": "entry",
            "line_ids": [
                Command.create(vals)
                for charge in self
                for vals in charge._prepare_entry_lines(accounts[charge], due, date)
            ],
        }

    def _prepare_entry_lines(self, account, due, date):
        self.ensure_one()
        company = self.company_id
        customer = self.dunning_id.customer_id.with_company(company)
        balance = self.currency_id._convert(self.amount, company.currency_id, company, date)
        common = {
            "name": self._get_label(),
            "partner_id": customer.id,
            "currency_id": self.currency_id.id,
        }
        return [
            {
                **common,
                "account_id": customer.property_account_receivable_id.id,
                "date_maturity": due,
                "amount_currency": self.amount,
                "balance": balance,
            },
            {
                **common,
                "account_id": account.id,
                "amount_currency": -self.amount,
                "balance": -balance,
            },
        ]

    @api.model
    def _reverse_document(self, move, lines, reason):
        """Reverse lines that book charges, and match both documents."""
        company = move.company_id
        date = company._collection_get_open_date(
            move.journal_id, has_tax=bool(move._affect_tax_report())
        )
        date = max(date, move.date)
        ref = self.env._("Reversal of: %(reason)s", reason=reason)
        reversal = move.with_company(company)._reverse_moves(
            [{"date": date, "invoice_date": date, "ref": ref}]
        )
        kept = [rank for rank, line in enumerate(self._get_income_lines(move)) if line in lines]
        self._drop_lines(reversal, kept)
        reversal._post(soft=False)
        self.env["account.move.line"]._reconcile_plan(
            [
                open_lines
                for open_lines in (
                    (move | reversal)
                    ._collection_get_receivables()
                    .filtered(lambda line: not line.reconciled)
                    .grouped("account_id")
                    .values()
                )
                if len(open_lines.move_id) > 1
            ]
        )
        return reversal

    @api.model
    def _drop_lines(self, reversal, kept):
        """Leave in a reversal only the lines of these ranks, and what belongs to them."""
        incomes = self._get_income_lines(reversal)
        dropped = incomes.browse(line.id for rank, line in enumerate(incomes) if rank not in kept)
        if not reversal.is_invoice():
            receivables = reversal._collection_get_receivables().sorted("id")
            dropped |= receivables.browse(
                line.id for rank, line in enumerate(receivables) if rank not in kept
            )
        dropped.with_context(check_move_validity=False).unlink()

    def _match_credits(self):
        """Match the documents of these charges with the unmatched payments of the customer."""
        receivables = self.charge_move_id._collection_get_receivables().filtered(
            lambda line: not line.reconciled
        )
        credits = self.case_id.item_ids.filtered(
            lambda item: item.decision == "credit" and item.currency_id == self.currency_id
        ).move_line_id
        for account, lines in receivables.grouped("account_id").items():
            own = credits.sudo().filtered(
                lambda line, account=account: line.account_id == account and not line.reconciled
            )
            if own:
                (lines | own).reconcile()

    @api.model
    def _cron_post(self, batch_size=50):
        """Book what was claimed, where the company books on sending."""
        domain = self._get_to_post_domain()
        dunnings = self._search_to_post(domain, batch_size)
        for dunning in dunnings.try_lock_for_update():
            charges = self.search([("dunning_id", "=", dunning.id), *domain])
            dunning.company_id._collection_speak(charges)._post_or_tell()
        self.env["ir.cron"]._commit_progress(
            len(dunnings), remaining=len(self._search_to_post(domain, batch_size))
        )

    def _search_to_post(self, domain, limit):
        groups = self._read_group(domain, ["dunning_id"], limit=limit)
        return self.env["credit.collection.dunning"].union(*(dunning for (dunning,) in groups))

    @api.model
    def _get_to_post_domain(self):
        """Return what is to be booked without a person: nothing that failed or was reversed."""
        Company = self.env["res.company"].sudo()
        domains = [
            Domain("company_id", "in", Company.search([(setting, "=", "sending")]).ids)
            & Domain("kind", operator, "interest")
            for setting, operator in (
                ("collection_interest_posting", "="),
                ("collection_fee_posting", "!="),
            )
        ]
        waiting = Domain("state", "=", "claimed") & Domain("dunning_id.state", "=", "sent")
        untouched = Domain("posting_error", "=", False) & Domain("reason", "=", False)
        return waiting & untouched & Domain.OR(domains)

    def _post_or_tell(self):
        """Book these charges; what fails becomes a task, and stops nothing else."""
        try:
            with self.env.cr.savepoint():
                self._post()
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries again
        except Exception as error:
            _logger.info("Charges of %s were not posted", self.dunning_id.name, exc_info=True)
            self.sudo().posting_error = str(error)
            self.case_id._schedule_task(
                "credit_collection.mail_activity_type_charges_failed", note=str(error)
            )


class CreditCollectionChargeItem(models.Model):
    """An item for which a fee was claimed together with others: not to be claimed for it again."""

    _name = "credit.collection.charge.item"
    _description = "Item of a Charge"
    _log_access = False

    charge_id = fields.Many2one(
        "credit.collection.charge", required=True, index=True, ondelete="cascade"
    )
    fee_id = fields.Many2one("credit.collection.fee", required=True, ondelete="restrict")
    move_line_id = fields.Many2one(
        "account.move.line", "Item", required=True, index=True, ondelete="cascade"
    )
    is_claimed = fields.Boolean()

    _fee_once = models.UniqueIndex(
        "(fee_id, move_line_id) WHERE is_claimed", "This fee was claimed already for the invoice."
    )

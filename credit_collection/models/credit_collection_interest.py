from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..tools.deadlines import end_of_month, latest_due_date, notice_period
from ..tools.fees import by_clause
from ..tools.interest import Interest, Movement, Segment, accrue, round_to, run_on

_DAY = timedelta(days=1)
_NOTHING = Interest((), (), (), Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Contract:
    """What a customer and a company have agreed about late payment, and the law they are under."""

    profile: Any
    clause: str = "none"
    percent: Decimal = Decimal(0)
    penalty_percent: Decimal = Decimal(0)
    penalty_min: Decimal = Decimal(0)
    penalty_max: Decimal = Decimal(0)


@dataclass(frozen=True)
class Reminder:
    """The first reminder of an item after its due date, and its formal notice, as sent.

    `free` is the first reminder that the law of consumers demands, and `free_until` the last day of
    its period: before it was sent, and the period is over, he owes the principal alone.
    """

    first: date | None = None
    is_posted: bool = False
    formal: date | None = None
    free: date | None = None
    free_until: date | None = None

    def is_over(self, profile: Any, day: date) -> bool:
        """Return whether on a day more than the principal may be claimed."""
        if profile._demands_first_reminder():
            return bool(self.free_until and self.free_until < day)
        return bool(self.first)


@dataclass
class Derivation:
    """The interest on one item, and everything that it follows from.

    `reason` says why there is none; `corrections` what the law changes of the contract.
    """

    line: Any
    contract: Contract
    principal: Decimal
    until: date
    movements: list[Movement] = field(default_factory=list)
    reminder: Reminder = field(default_factory=Reminder)
    waived: list[tuple[date, date | None]] = field(default_factory=list)
    first: date | None = None
    interest: Interest = _NOTHING
    reason: str = ""
    corrections: list[str] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return self.interest.total

    @property
    def due(self) -> date:
        return self.line.date_maturity or self.line.date

    @property
    def late(self) -> Decimal:
        """What was not paid on its due date."""
        in_time = sum(one.amount for one in self._get_settling() if one.day <= self.due)
        late = max(self.principal - in_time, Decimal(0))
        return late if self.due < self.until else Decimal(0)

    @property
    def open(self) -> Decimal:
        """What is still open of the principal."""
        paid = sum(one.amount for one in self._get_settling() if one.day <= self.until)
        return max(self.principal - paid, Decimal(0))

    def _get_settling(self):
        """Return the payments and credits, as the ledger has them."""
        return [one for one in self.movements if one.kind != "cost"]


@dataclass(frozen=True)
class Claim:
    """A fee or a penalty that is owed, for an item or for all of a claim."""

    name: str
    amount: Decimal
    currency: Any
    legal_basis: str
    fee: Any = None
    line: Any = None
    correction: str = ""


class CreditCollectionInterest(models.AbstractModel):
    """Late interest and fees of journal items, derived from the ledger, the contract and the law.

    Nothing is stored and nothing is booked here: see `account.move.line._collection_get_interest`.
    The number of queries does not depend on the number of items.
    """

    _name = "credit.collection.interest"
    _description = "Derivation of Late Interest"

    @api.model
    def _derive(self, lines, until=None):
        """Return `{journal item: Derivation}` up to a day, that one included; today by default."""
        until = until or fields.Date.context_today(self)
        sources = {line: line._collection_get_sources() for line in lines.sudo()}
        origins = self.env["account.move.line"].sudo().union(*sources.values())
        movements, reminders = self._get_movements(origins), self._get_reminders(origins)
        contracts, waived = self._get_contracts(origins), self._get_waived_periods(origins)
        costs = self._get_costs(contracts)
        profiles = self.env["credit.collection.legal.profile"].union(
            *(contract.profile for contract in contracts.values())
        )
        rates = profiles._get_series()._get_rates()
        found = {}
        for origin in origins:
            derivation = Derivation(
                origin,
                contracts[origin],
                self._to_decimal(max(origin.amount_currency, 0), origin.currency_id),
                until,
                sorted(
                    [*costs[origin.id], *movements[origin.id]], key=lambda movement: movement.day
                ),
                reminders.get(origin.id, Reminder()),
                waived.get(origin.id, []),
            )
            self._derive_one(derivation, rates)
            found[origin] = derivation
        return {line: found[sources[line.sudo()]] for line in lines}

    @api.model
    def _derive_one(self, derivation, rates):
        """Fill in the interest of one item, or the reason why it bears none."""
        derivation.reason = self._get_obstacle(derivation)
        if derivation.reason:
            return
        self._check_term(derivation)
        derivation.first = self._get_first_day(derivation)
        if not derivation.first:
            derivation.reason = self._explain_start(derivation.contract.profile)
            return
        line, profile = derivation.line, derivation.contract.profile
        terms = profile._get_terms(line.company_id, line.currency_id)
        percents = self._get_rates(derivation, rates)
        if self._has_contract_rate(derivation.contract):
            terms = replace(terms, is_frozen=False)
        derivation.interest = accrue(
            derivation.principal,
            derivation.first,
            derivation.until,
            percents,
            derivation.movements,
            terms,
            derivation.waived,
        )

    @api.model
    def _get_waived_periods(self, origins):
        """Return `{id of an item: [(first, last or None)]}`: days on which it bears no interest.

        An insolvency stops it for good, a payment plan that says so while it is kept.
        """
        waived = self.env["credit.collection.payment.plan.line"]._get_waived_periods(origins)
        for line, day in origins._collection_get_interest_stop_dates().items():
            waived[line.id].append((day, None))
        return waived

    @api.model
    def _to_decimal(self, amount, currency):
        return round_to(Decimal(str(amount)), Decimal(str(currency.rounding)))

    # -------------------------------------------------------------------------
    # What the ledger says
    # -------------------------------------------------------------------------

    @api.model
    def _get_movements(self, origins):
        """Return `{id of an item: what was paid of it or credited}`, each on its value date.

        An item that was moved to another account is paid there. What was written off is no longer
        claimed: it lowers the principal as a credit note does.
        """
        self.env.flush_all()
        Line = self.env["account.move.line"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.origin_id, credit.date,
                       entry.move_type = 'out_refund' OR %(is_written_off)s AS is_credit,
                       sum(partial.debit_amount_currency)
                  FROM (
                           SELECT id, COALESCE(collection_origin_line_id, id) AS origin_id
                             FROM account_move_line
                            WHERE id = ANY(%(ids)s) OR collection_origin_line_id = ANY(%(ids)s)
                       ) item
                  JOIN account_partial_reconcile partial ON partial.debit_move_id = item.id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move entry ON entry.id = credit.move_id
                 WHERE NOT %(is_moved)s
              GROUP BY item.origin_id, credit.date, is_credit
              ORDER BY credit.date
                """,
                ids=list(origins.ids),
                is_written_off=Line._collection_get_is_written_off_sql(),
                is_moved=Line._collection_get_is_moved_sql(),
            )
        )
        currencies = {origin.id: origin.currency_id for origin in origins}
        movements = defaultdict(list)
        for origin_id, day, is_credit, amount in rows:
            if amount:
                movements[origin_id].append(
                    Movement(
                        day,
                        self._to_decimal(amount, currencies[origin_id]),
                        "credit" if is_credit else "payment",
                    )
                )
        return movements

    @api.model
    def _get_costs(self, contracts):
        """Return `{id of an item: the costs that its debtor owes}`, each on its day.

        A payment settles them first where the law says so and the company follows it: what notices
        have claimed of fees, and what a court has awarded. Costs of several items are those of the
        oldest one; costs that were booked and paid by themselves are settled.
        """
        origins = self.env["account.move.line"].union(
            *(
                line
                for line, contract in contracts.items()
                if contract.profile
                and contract.profile._get_terms(line.company_id, line.currency_id).imputation
                == "costs"
            )
        )
        costs = defaultdict(list)
        if not origins:
            return costs
        fees = self.env["credit.collection.charge"].sudo()._get_fees_of(origins)
        awarded = self.env["credit.collection.litigation"].sudo()._get_costs_of(origins)
        for line, day, amount in (*fees, *awarded):
            value = self._to_decimal(amount, line.currency_id)
            costs[line.id].append(Movement(day, value, "cost"))
        return costs

    @api.model
    def _get_reminders(self, origins):
        """Return `{id of an item: Reminder}`: those that were written and sent after it was due."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.origin_id, min(notice.date_sent),
                       (array_agg(NOT notice.is_emailed ORDER BY notice.date_sent))[1],
                       min(notice.date_sent) FILTER (WHERE level.is_formal_notice),
                       min(notice.date_sent) FILTER (WHERE notice.date_waiting_end IS NOT NULL),
                       min(notice.date_waiting_end)
                  FROM (
                           SELECT line.id, COALESCE(origin.id, line.id) AS origin_id,
                                  COALESCE(
                                      origin.date_maturity, line.date_maturity, line.date
                                  ) AS date_due
                             FROM account_move_line line
                        LEFT JOIN account_move_line origin
                               ON origin.id = line.collection_origin_line_id
                            WHERE line.id = ANY(%(ids)s)
                               OR line.collection_origin_line_id = ANY(%(ids)s)
                       ) item
                  JOIN credit_collection_dunning_line claim ON claim.move_line_id = item.id
                  JOIN credit_collection_level level ON level.id = claim.level_id
                  JOIN LATERAL (
                           SELECT dunning.date_sent,
                                  CASE WHEN dunning.is_first_reminder
                                       THEN dunning.date_waiting_end END AS date_waiting_end,
                                  bool_or(delivery.channel = 'email') AS is_emailed
                             FROM credit_collection_dunning dunning
                             JOIN credit_collection_delivery delivery
                               ON delivery.dunning_id = dunning.id
                            WHERE dunning.id = claim.dunning_id AND dunning.state = 'sent'
                                  AND delivery.state = 'sent' AND delivery.channel <> 'call'
                         GROUP BY dunning.id
                       ) notice ON TRUE
                 WHERE notice.date_sent > item.date_due
              GROUP BY item.origin_id
                """,
                ids=list(origins.ids),
            )
        )
        reminders = {origin_id: Reminder(*facts) for origin_id, *facts in rows}
        for origin_id, free, until in self._get_recorded_reminders(origins):
            known = reminders.get(origin_id, Reminder())
            reminders[origin_id] = replace(
                known,
                first=min(filter(None, [known.first, free])),
                free=min(filter(None, [known.free, free])),
                free_until=min(filter(None, [known.free_until, until])),
            )
        return reminders

    @api.model
    def _get_recorded_reminders(self, origins):
        """Return the first reminders that were sent elsewhere: (item, day, end of the period)."""
        return self.env.execute_query(
            SQL(
                """
                SELECT line.id, move.collection_first_reminder_date, move.collection_waiting_end
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.id = ANY(%s) AND move.collection_waiting_end IS NOT NULL
                """,
                list(origins.ids),
            )
        )

    # -------------------------------------------------------------------------
    # What the contract and the law say
    # -------------------------------------------------------------------------

    @api.model
    def _get_contracts(self, origins):
        """Return `{item: Contract}`: the same for all items of a customer in a company."""
        contracts = {}
        for company, lines in origins.grouped("company_id").items():
            partners = lines.partner_id.commercial_partner_id
            found = partners._collection_get_contracts(company)
            for line in lines:
                debtor = line.partner_id.commercial_partner_id
                contracts[line] = found.get(debtor, Contract(self._get_no_profile()))
        return contracts

    @api.model
    def _get_no_profile(self):
        return self.env["credit.collection.legal.profile"]

    @api.model
    def _get_obstacle(self, derivation):
        """Return why an item bears no interest whatever the dates."""
        line, contract = derivation.line, derivation.contract
        if line.parent_state != "posted" or line.account_type != "asset_receivable":
            return self.env._("It is no posted debt of a customer.")
        if line.move_id.collection_charge_ids:
            return self.env._("It is a charge itself: interest bears no interest.")
        if derivation.principal <= 0:
            return self.env._("It is a credit of the customer.")
        if not contract.profile:
            return self.env._(
                "No legal profile is known for this customer: set his country, or add a profile."
            )
        if contract.profile.is_interest_clause_required and contract.clause == "none":
            return self.env._(
                "The contract has no clause about late interest, without which none is owed "
                "(%(law)s).",
                law=contract.profile.legal_basis,
            )
        return ""

    @api.model
    def _check_term(self, derivation):
        """Note a payment term that is longer than the law allows."""
        line, profile = derivation.line, derivation.contract.profile
        if not profile.payment_days_max or not line.move_id.invoice_date:
            return
        latest = latest_due_date(
            line.move_id.invoice_date,
            profile.payment_days_max,
            profile.payment_days_end_of_month,
        )
        if derivation.due > latest:
            derivation.corrections.append(
                self.env._(
                    "The payment term is longer than the law allows (%(latest)s at the latest). "
                    "Interest is counted from the due date of the invoice all the same.",
                    latest=format_date(self.env, latest),
                )
            )

    @api.model
    def _get_first_day(self, derivation):
        """Return the first day that bears interest, or none as long as nothing was sent."""
        line, profile = derivation.line, derivation.contract.profile
        reminder, due = derivation.reminder, derivation.due
        start = profile._get_start(line.company_id)
        if start == "due":
            return due + _DAY
        if start == "months":
            invoiced = line.move_id.invoice_date or line.date
            return max(due, end_of_month(invoiced, profile.interest_start_months)) + _DAY
        if start == "formal_notice":
            return reminder.formal and reminder.formal + _DAY
        is_free = profile._demands_first_reminder()
        first = reminder.free if is_free else reminder.first
        if start == "reminder" or not first:
            return first and first + _DAY
        if is_free:
            return reminder.free_until + _DAY
        country = line.company_id.sudo().country_id.code
        rule = profile._get_notice_rule()
        return notice_period(reminder.first, reminder.is_posted, rule, country)[1] + _DAY

    @api.model
    def _explain_start(self, profile):
        if profile.interest_start == "formal_notice":
            return self.env._("Interest runs from the formal notice: none was sent yet.")
        return self.env._("Interest runs from the first reminder: none was sent yet.")

    @api.model
    def _has_contract_rate(self, contract):
        return contract.clause == "rate" and contract.profile.is_contract_rate_allowed

    @api.model
    def _get_rates(self, derivation, rates):
        """Return the rates that hold for an item; note where they are not those of the contract."""
        contract, profile = derivation.contract, derivation.contract.profile
        days = derivation.first, max(derivation.first, derivation.until)
        if contract.clause != "rate":
            return profile._get_law_rates(rates, *days)
        if not profile.is_contract_rate_allowed:
            derivation.corrections.append(
                self.env._(
                    "The contract rate of %(rate)s %% is not applied: the rate of the law holds "
                    "(%(law)s).",
                    rate=self._format_percent(contract.percent),
                    law=profile.legal_basis,
                )
            )
            return profile._get_law_rates(rates, *days)
        found = profile._get_contract_rates(contract.percent, rates, *days)
        for rate in found:
            if rate.percent != contract.percent:
                derivation.corrections.append(self._explain_bound(contract, rate))
        return found

    @api.model
    def _explain_bound(self, contract, rate):
        values = {
            "rate": self._format_percent(contract.percent),
            "bound": self._format_percent(rate.percent),
            "first": format_date(self.env, rate.first),
            "last": format_date(self.env, rate.last),
        }
        if rate.percent > contract.percent:
            return self.env._(
                "From %(first)s to %(last)s the contract rate of %(rate)s %% is below the lowest "
                "one that the law admits: %(bound)s %% is applied.",
                **values,
            )
        return self.env._(
            "From %(first)s to %(last)s the contract rate of %(rate)s %% is above the highest one "
            "that the law admits: %(bound)s %% is applied.",
            **values,
        )

    @api.model
    def _format_percent(self, percent):
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        digits = max(2, -percent.normalize().as_tuple().exponent)
        return f"{percent:.{digits}f}".replace(".", lang.decimal_point or ".")

    # -------------------------------------------------------------------------
    # Fees
    # -------------------------------------------------------------------------

    @api.model
    def _get_claims(self, derivations, day=None):
        """Return what is owed beside interest for these items, claimed together, on a day.

        Fees for reminders are not among them: they belong to the notice that is sent.
        """
        day = day or fields.Date.context_today(self)
        claims = []
        together = defaultdict(list)
        for derivation in derivations:
            contract = derivation.contract
            if not contract.profile or derivation.late <= 0:
                continue
            owed = contract.profile.fee_ids.filtered("active")._get_owed(
                derivation.reminder.is_over(contract.profile, derivation.until),
                bool(contract.penalty_percent),
            )
            for fee in owed:
                if fee.kind == "claim":
                    together[fee, derivation.line.currency_id, contract].append(derivation)
            claims += self._claim_items(derivation, owed, day)
        for (fee, currency, contract), group in together.items():
            claim = self._claim_fee(fee, contract, group, currency, day)
            claims += [claim] if claim.amount else []
        return claims

    @api.model
    def _claim_items(self, derivation, owed, day):
        """Return the fees that are owed for an item alone, or the penalty of its contract."""
        contract, line = derivation.contract, derivation.line
        if not owed and contract.penalty_percent and contract.profile.penalty_rule == "greater":
            amount = self._get_penalty(contract, derivation.late, line, day)
            return [
                Claim(
                    self.env._("Penalty clause"),
                    amount,
                    line.currency_id,
                    self.env._("Contract"),
                    line=line,
                )
            ]
        claims = [
            self._claim_fee(fee, contract, [derivation], line.currency_id, day)
            for fee in owed.filtered(lambda fee: fee.kind == "item")
        ]
        return [claim for claim in claims if claim.amount]

    @api.model
    def _claim_fee(self, fee, contract, derivations, currency, day):
        """Return a fee of the law, and what the contract makes of it."""
        base = sum(one.late if fee.base == "late" else one.open for one in derivations)
        line = derivations[0].line
        amount = fee._get_amount(base, currency, line.company_id, day) if base else Decimal(0)
        claim = Claim(
            fee.name,
            amount,
            currency,
            fee.legal_basis or contract.profile.legal_basis,
            fee,
            line if fee.kind == "item" else None,
        )
        if not contract.penalty_percent or not base:
            return claim
        return self._weigh_penalty(claim, contract, self._get_penalty(contract, base, line, day))

    @api.model
    def _weigh_penalty(self, claim, contract, penalty):
        """Return a fee beside a penalty clause: the law says which of them is owed."""
        rule = contract.profile.penalty_rule
        if rule == "greater" and penalty > claim.amount:
            return replace(
                claim,
                name=self.env._("Penalty clause"),
                amount=penalty,
                legal_basis=self.env._("Contract"),
            )
        if rule == "capped" and penalty < claim.amount:
            return replace(
                claim,
                amount=penalty,
                correction=self.env._("As much as the penalty clause of the contract gives."),
            )
        if rule == "capped" and penalty > claim.amount:
            return replace(
                claim,
                correction=self.env._("The penalty clause gives more: the law limits it to this."),
            )
        if rule == "none":
            return replace(
                claim,
                correction=self.env._("The penalty clause of the contract is not claimed."),
            )
        return claim

    @api.model
    def _get_penalty(self, contract, base, line, day):
        """Return the penalty of a contract, whose limits are in the currency of the company."""
        currency, company = line.currency_id, line.company_id

        def convert(limit):
            amount = company.currency_id._convert(float(limit), currency, company, day)
            return self._to_decimal(amount, currency)

        return by_clause(
            base,
            contract.penalty_percent,
            convert(contract.penalty_min),
            convert(contract.penalty_max) if contract.penalty_max else None,
            Decimal(str(currency.rounding)),
        )

    # -------------------------------------------------------------------------
    # For people
    # -------------------------------------------------------------------------

    @api.model
    def _prepare_vals(self, derivations, writer, day=None):
        """Return what `credit_collection.interest_derivation` shows, written in one language.

        :param derivations: those of one customer
        :param writer: a `DocumentWriter` of the language of the reader
        """
        claims = self._get_claims(derivations, day)
        return {
            "items": [self._prepare_item_vals(one, writer) for one in derivations],
            "claims": [
                {
                    "name": claim.name,
                    "item": claim.line.move_name if claim.line else "",
                    "legal_basis": claim.legal_basis,
                    "correction": claim.correction,
                    "amount": writer.amount(float(claim.amount), claim.currency),
                }
                for claim in claims
            ],
            "totals": self._prepare_totals(derivations, claims, writer),
        }

    @api.model
    def _prepare_totals(self, derivations, claims, writer):
        """Return the sums of each currency."""
        sums = defaultdict(lambda: [Decimal(0)] * 3)
        for one in derivations:
            sums[one.line.currency_id][0] += one.open
            sums[one.line.currency_id][1] += one.total
        for claim in claims:
            sums[claim.currency][2] += claim.amount
        return [
            {
                "principal": writer.amount(float(principal), currency),
                "interest": writer.amount(float(interest), currency),
                "fees": writer.amount(float(fees), currency),
                "total": writer.amount(float(principal + interest + fees), currency),
            }
            for currency, (principal, interest, fees) in sums.items()
        ]

    @api.model
    def _prepare_item_vals(self, derivation, writer):
        line = derivation.line
        profile, currency = derivation.contract.profile, line.currency_id
        return {
            "name": line.move_name,
            "principal": self.env._(
                "Principal %(amount)s, due on %(due)s; interest until %(until)s included.",
                amount=writer.amount(float(derivation.principal), currency),
                due=writer.date(derivation.due),
                until=writer.date(derivation.until),
            ),
            "legal_basis": profile.with_context(lang=self.env.lang).legal_basis,
            "day_count": self.env._(
                "Interest (%(day_count)s)",
                day_count=dict(profile._fields["day_count"]._description_selection(self.env)).get(
                    profile.day_count
                ),
            ),
            "rows": self._prepare_rows(derivation, writer),
            "reason": derivation.reason,
            "notes": self._prepare_notes(derivation, writer),
            "sources": self._prepare_sources(derivation),
            "total": writer.amount(float(derivation.total), currency),
            "daily": self._explain_daily([derivation], writer),
            "is_rounded_once": profile.rounding == "end" and len(derivation.interest.segments) > 1,
        }

    @api.model
    def _get_daily(self, derivation):
        """Return what each day after the last one adds to the interest of an item."""
        line, profile = derivation.line, derivation.contract.profile
        if not profile:
            return Decimal(0)
        terms = profile._get_terms(line.company_id, line.currency_id)
        return run_on(derivation.interest, derivation.until, terms)

    @api.model
    def _explain_daily(self, derivations, writer):
        """Return how the interest of items of one currency and day goes on; nothing if it stops."""
        daily = sum(map(self._get_daily, derivations))
        if not daily:
            return ""
        return self.env._(
            "From %(date)s on, each day adds %(amount)s of interest while nothing is paid and the "
            "rate stays the same.",
            date=writer.date(derivations[0].until + _DAY),
            amount=writer.amount(float(daily), derivations[0].line.currency_id),
        )

    @api.model
    def _prepare_rows(self, derivation, writer):
        """Return the periods and the payments of an item, in the order of their days."""
        rows = [(one.first, one) for one in derivation.interest.segments]
        until = derivation.until
        rows += [(one.day + _DAY, one) for one in derivation.movements if one.day <= until]
        currency = derivation.line.currency_id
        settled = {one.day: one for one in derivation.interest.settlements}
        prepared = []
        for _day, one in sorted(rows, key=lambda row: (row[0], isinstance(row[1], Segment))):
            if isinstance(one, Segment):
                prepared.append(self._prepare_segment_vals(one, currency, writer))
            else:
                prepared.append(self._prepare_movement_vals(one, settled, currency, writer))
        return prepared

    @api.model
    def _prepare_segment_vals(self, segment, currency, writer):
        return {
            "kind": "segment",
            "first": writer.date(segment.first),
            "last": writer.date(segment.last),
            "days": segment.days,
            "base": writer.amount(float(segment.base), currency),
            "percent": self._format_percent(segment.percent),
            "amount": writer.amount(float(segment.amount), currency),
        }

    @api.model
    def _prepare_movement_vals(self, movement, settled, currency, writer):
        """Return a payment or a credit, and how much of a payment went to interest."""
        settlement = movement.kind == "payment" and settled.get(movement.day)
        values = {
            "amount": writer.amount(float(movement.amount), currency),
            "interest": writer.amount(float(settlement.interest if settlement else 0), currency),
            "costs": writer.amount(float(settlement.costs if settlement else 0), currency),
        }
        if movement.kind == "credit":
            text = self.env._("Credit of %(amount)s", amount=values["amount"])
        elif movement.kind == "cost":
            text = self.env._("Costs of %(amount)s", amount=values["amount"])
        elif settlement and settlement.costs:
            text = self.env._(
                "Payment of %(amount)s, of which %(costs)s for costs and %(interest)s for interest",
                **values,
            )
        elif settlement and settlement.interest:
            text = self.env._("Payment of %(amount)s, of which %(interest)s for interest", **values)
        else:
            text = self.env._("Payment of %(amount)s", amount=values["amount"])
        return {"kind": movement.kind, "date": writer.date(movement.day), "text": text}

    @api.model
    def _prepare_notes(self, derivation, writer):
        """Return what a reader needs to know beside the table."""
        interest = derivation.interest
        notes = list(derivation.corrections)
        notes += [
            self._explain_waived(*days, writer)
            for days in derivation.waived
            if days[0] <= derivation.until
        ]
        notes += [self._explain_missing(*days, writer) for days in interest.missing]
        return notes

    @api.model
    def _explain_waived(self, first, last, writer):
        if not last:
            return self.env._("No interest is counted from %(first)s on.", first=writer.date(first))
        return self.env._(
            "No interest is counted from %(first)s to %(last)s.",
            first=writer.date(first),
            last=writer.date(last),
        )

    @api.model
    def _explain_missing(self, first, last, writer):
        return self.env._(
            "No rate is published for %(first)s to %(last)s: "
            "no interest is counted for these days.",
            first=writer.date(first),
            last=writer.date(last),
        )

    @api.model
    def _prepare_sources(self, derivation):
        """Return where each rate was published, each source once."""
        percents = {}
        for segment in derivation.interest.segments:
            if segment.source:
                percents.setdefault(segment.source, []).append(segment.percent)
        return [
            {
                "percents": ", ".join(
                    f"{self._format_percent(one)} %" for one in dict.fromkeys(numbers)
                ),
                "source": source,
            }
            for source, numbers in percents.items()
        ]

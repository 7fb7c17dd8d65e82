from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL, split_every

from ..long_date import format_long_date
from ..tools.interest import round_to
from ..tools.interest_spans import can_share, share
from .credit_collection_interest import Derivation, Reminder

_DAY = timedelta(days=1)
_INSERTED = 20_000


class Item(NamedTuple):
    """A line of a notice whose level claims charges, and the debt that it is about."""

    dunning_id: int
    company_id: int
    source_id: int
    partner_id: int
    currency_id: int
    principal: Decimal
    due: object
    invoiced: object
    wants_interest: bool
    wants_fees: bool
    has_moved: bool
    is_first_reminder: bool
    is_overridden: bool


class Earlier(NamedTuple):
    """The interest on a debt that was claimed before: how much, and up to which day."""

    amount: Decimal
    until: object


class CreditCollectionChargeProposal(models.AbstractModel):
    """The charges that notices claim: interest and fees, for thousands of items at once.

    Items on which nothing was paid and that fell due on the same day under the same contract share
    their days, which are counted once; the others are derived one by one. Both ways give what
    `account.move.line._collection_get_interest` says, less what was claimed before.
    """

    _name = "credit.collection.charge.proposal"
    _description = "Proposal of Charges"

    @api.model
    def _propose(self, dunnings, until):
        """Write the charges of notices that were not sent, up to a day; the same again each time.

        What a person has waived on them stays waived.
        """
        self.env.flush_all()
        self.env["credit.collection.charge"]._clear_drafts(dunnings)
        by_company = defaultdict(list)
        for item in self._read_items(dunnings):
            by_company[item.company_id].append(item)
        refused = {}
        for company_id, own in by_company.items():
            company = self.env["res.company"].browse(company_id)
            batch = Batch(self.env, company, own, until)
            batch.write_charges()
            refused |= batch.refused
        self._keep_refusals(dunnings, refused)
        self.env["credit.collection.charge"].invalidate_model(flush=False)
        self.env["credit.collection.dunning"].invalidate_model(
            ["charge_ids", "charge_refusal"], flush=False
        )

    @api.model
    def _keep_refusals(self, dunnings, refused):
        """Say on each notice why it claims less than its level does.

        :param refused: `{id of a notice: the reasons, each once}`
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE credit_collection_dunning dunning
                   SET charge_refusal = fresh.reason
                  FROM credit_collection_dunning own
             LEFT JOIN unnest(%(refused)s::int[], %(reasons)s::text[]) AS fresh (id, reason)
                    ON fresh.id = own.id
                 WHERE dunning.id = own.id AND own.id = ANY(%(ids)s)
                   AND own.charge_refusal IS DISTINCT FROM fresh.reason
                """,
                ids=list(dunnings.ids),
                refused=list(refused),
                reasons=[" ".join(reasons) for reasons in refused.values()],
            )
        )

    @api.model
    def _read_items(self, dunnings):
        """Return the items whose level claims charges.

        An invoice of which a part is disputed or on hold waits until that is settled: its days are
        claimed then. Charges themselves bear no charges.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT dunning.id, dunning.company_id, source.id, cases.partner_id,
                       source.currency_id,
                       source.amount_currency, COALESCE(source.date_maturity, source.date),
                       COALESCE(move.invoice_date, source.date),
                       level.charge_interest IS TRUE, level.charge_fees IS TRUE,
                       source.id != line.move_line_id
                           OR EXISTS (SELECT FROM account_partial_reconcile partial
                                       WHERE partial.debit_move_id = source.id),
                       dunning.is_first_reminder IS TRUE, dunning.overrides_charges IS TRUE
                  FROM credit_collection_dunning dunning
                  JOIN credit_collection_case cases ON cases.id = dunning.case_id
                  JOIN credit_collection_dunning_line line ON line.dunning_id = dunning.id
                  JOIN credit_collection_level level ON level.id = line.level_id
                  JOIN account_move_line own ON own.id = line.move_line_id
                  JOIN account_move_line source
                    ON source.id = COALESCE(own.collection_origin_line_id, own.id)
                  JOIN account_move move ON move.id = source.move_id
                 WHERE dunning.id = ANY(%s)
                   AND (level.charge_interest OR level.charge_fees)
                   AND source.amount_currency > 0
                   AND COALESCE(line.amount_held, 0) = 0
                   AND NOT EXISTS (SELECT FROM credit_collection_charge charge
                                    WHERE charge.charge_move_id = move.id)
              ORDER BY line.id
                """,
                list(dunnings.ids),
            )
        )
        return [Item(*row) for row in rows]


class Batch:
    """The charges of the notices of one company."""

    def __init__(self, env, company, items, until):
        self.env = env(su=True)  # who may propose need not read what the law is made of
        self.company = company.sudo()
        self.until = until
        self.refused = {}
        self.Interest = self.env["credit.collection.interest"]
        self.Line = self.env["account.move.line"]
        self.items = items
        self.lines = self.Line.browse([item.source_id for item in items])
        self.units = {
            currency.id: Decimal(str(currency.rounding))
            for currency in self.env["res.currency"].browse({item.currency_id for item in items})
        }
        self.reminders = self.Interest._get_reminders(self.lines)
        self.free_days = self.Interest._get_waived_periods(self.lines)
        self.contracts = self._read_contracts()
        self.items = [item for item in items if self._may_claim(item)]
        self.lines = self.Line.browse([item.source_id for item in self.items])
        self.titled = self._read_titled()
        self.ceilings = self._read_ceilings()
        self.derivations = self._derive_moved()
        self.earlier, self.decided = self._read_earlier()
        self.groups, self.rows = {}, []
        self.covers = []

    def write_charges(self):
        self._add_interest()
        self._add_fees()
        for rows in split_every(_INSERTED, self.rows, list):
            self.env.cr.execute(self._get_insert_sql(rows))
        self._write_covers()

    # what the law of consumers refuses

    def _may_claim(self, item):
        """Return whether more than the principal may be claimed; note on the notice why not."""
        profile = self.contracts[item.partner_id].profile
        if not profile or not profile._demands_first_reminder():
            return True
        reason = self._get_refusal(item)
        if reason:
            self._refuse(item.dunning_id, reason)
        return not reason

    def _get_refusal(self, item):
        reminder = self.reminders.get(item.source_id, Reminder())
        if item.is_first_reminder:
            return self.env._("The first reminder to a consumer is free of charge.")
        if item.is_overridden or (reminder.free_until and reminder.free_until < self.until):
            return ""
        if not reminder.free_until:
            return self.env._("The consumer had no free first reminder of it yet.")
        return self.env._(
            "The period of the free first reminder runs until %(date)s.",
            date=format_long_date(self.env, reminder.free_until),
        )

    def _refuse(self, dunning_id, reason):
        self.refused.setdefault(dunning_id, {})[reason] = True

    def _read_titled(self):
        """Return the items for which there is a judgment or another title, where that matters."""
        profiles = {contract.profile for contract in self.contracts.values()}
        if not any(profile.is_title_required for profile in profiles):
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(line.collection_origin_line_id, line.id)
                  FROM credit_collection_interruption title
                  JOIN credit_collection_interruption_line_rel rel
                    ON rel.interruption_id = title.id
                  JOIN account_move_line line ON line.id = rel.move_line_id
                 WHERE title.kind = 'title' AND title.state = 'recorded' AND title.date <= %s
                   AND COALESCE(line.collection_origin_line_id, line.id) = ANY(%s)
                """,
                self.until,
                list(self.lines.ids),
            )
        )
        return {line_id for (line_id,) in rows}

    def _may_claim_costs(self, item):
        """Return whether costs may be claimed of an item; note on the notice why not."""
        profile = self.contracts[item.partner_id].profile
        if (
            not profile.is_title_required
            or item.source_id in self.titled
            or item.is_overridden
            or (profile.penalty_rule == "none" and not profile.fee_ids.filtered("active"))
        ):
            return True
        self._refuse(
            item.dunning_id,
            self.env._(
                "Without an enforceable title, the costs of recovery are borne by the creditor."
            ),
        )
        return False

    def _read_ceilings(self):
        """Return `{id of an item: what its first reminder has announced and is not claimed yet}`.

        Items that were reminded together share it, whichever notices claim them afterwards.
        """
        guarded = [
            item.source_id
            for item in self.items
            if self.contracts[item.partner_id].profile
            and self.contracts[item.partner_id].profile._demands_first_reminder()
        ]
        if not guarded:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                WITH first AS (
                    SELECT DISTINCT ON (source.id) source.id AS source_id, dunning.id,
                           dunning.announced_totals
                      FROM account_move_line source
                      JOIN account_move_line own
                        ON source.id = COALESCE(own.collection_origin_line_id, own.id)
                      JOIN credit_collection_dunning_line line
                        ON line.move_line_id = own.id AND line.level_id IS NOT NULL
                      JOIN credit_collection_dunning dunning ON dunning.id = line.dunning_id
                     WHERE (own.id = ANY(%(lines)s)
                            OR own.collection_origin_line_id = ANY(%(lines)s))
                       AND dunning.state = 'sent' AND dunning.is_first_reminder
                  ORDER BY source.id, dunning.date_waiting_end, dunning.id
                )
                SELECT first.source_id, first.id, first.announced_totals, claimed.currency_id,
                       claimed.amount
                  FROM first
             LEFT JOIN LATERAL (
                           SELECT charge.currency_id, sum(charge.amount) AS amount
                             FROM credit_collection_charge charge
                            WHERE charge.kind != 'interest'
                              AND charge.state IN ('claimed', 'posted')
                              AND (charge.move_line_id IN (
                                       SELECT move_line_id FROM credit_collection_dunning_line
                                        WHERE dunning_id = first.id AND level_id IS NOT NULL)
                                   OR charge.id IN (
                                       SELECT cover.charge_id
                                         FROM credit_collection_charge_item cover
                                         JOIN credit_collection_dunning_line line
                                           ON line.move_line_id = cover.move_line_id
                                        WHERE line.dunning_id = first.id
                                          AND line.level_id IS NOT NULL))
                         GROUP BY charge.currency_id
                       ) claimed ON TRUE
                """,
                lines=guarded,
            )
        )
        ceilings, by_item, taken = {}, {}, set()
        for source_id, dunning_id, announced, currency_id, claimed in rows:
            ceiling = by_item[source_id] = ceilings.setdefault(
                dunning_id,
                defaultdict(
                    Decimal,
                    {int(key): Decimal(str(amount)) for key, amount in (announced or {}).items()},
                ),
            )
            if currency_id and (dunning_id, currency_id) not in taken:
                taken.add((dunning_id, currency_id))
                ceiling[currency_id] -= Decimal(str(claimed))
        return by_item

    def _limit(self, items, fee, amount):
        """Return what may be claimed of a fee for these items, and take it off the ceiling.

        Beside what was announced here, items that were first reminded elsewhere bear what they
        would bear alone.
        """
        announced = [item for item in items if item.source_id in self.ceilings]
        if items[0].is_overridden or not announced:
            return amount
        elsewhere = [item for item in items if item.source_id not in self.ceilings]
        currency_id = items[0].currency_id
        granted = Decimal(0)
        if elsewhere:
            granted = min(amount, self._get_fee_claim(fee, elsewhere, currency_id).amount)
        for ceiling in {id(one): one for one in map(self._get_ceiling, announced)}.values():
            part = min(amount - granted, max(ceiling[currency_id], Decimal(0)))
            ceiling[currency_id] -= part
            granted += part
        return granted

    def _get_ceiling(self, item):
        return self.ceilings[item.source_id]

    # what is known

    def _read_contracts(self):
        """Return `{id of a customer: contract}`, equal contracts being one object."""
        partners = self.env["res.partner"].browse({item.partner_id for item in self.items})
        found = partners._collection_get_contracts(self.company)
        unique = {}
        return {
            partner.id: unique.setdefault(contract, contract) for partner, contract in found.items()
        }

    def _derive_moved(self):
        """Return the derivations of what was paid in part, moved or credited: `{id: one}`."""
        compounding = {
            id(contract)
            for contract in self.contracts.values()
            if contract.profile and not can_share(self._get_terms(contract.profile))
        }
        moved = self.Line.browse(
            [
                item.source_id
                for item in self.items
                if item.has_moved or id(self.contracts[item.partner_id]) in compounding
            ]
        )
        found = self.Interest._derive(moved, self.until) if moved else {}
        return {line.id: derivation for line, derivation in found.items()}

    def _get_terms(self, profile, currency_id=None):
        currency = self.env["res.currency"].browse(currency_id) or self.company.currency_id
        return profile._get_terms(self.company, currency)

    def _read_earlier(self):
        """Return what was claimed before on these items, and what was waived on these notices."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT charge.move_line_id, sum(charge.amount), max(charge.date_to)
                  FROM credit_collection_charge charge
                  JOIN credit_collection_dunning dunning ON dunning.id = charge.dunning_id
                 WHERE charge.move_line_id = ANY(%s) AND charge.kind = 'interest'
                   AND (charge.state IN ('claimed', 'posted')
                        OR charge.state = 'waived' AND dunning.state = 'sent')
              GROUP BY charge.move_line_id
                """,
                list(self.lines.ids),
            )
        )
        currencies = {item.source_id: item.currency_id for item in self.items}
        earlier = {
            line_id: Earlier(self.to_decimal(amount, currencies[line_id]), until)
            for line_id, amount, until in rows
        }
        waived = self.env.execute_query(
            SQL(
                """
                SELECT dunning_id, move_line_id, kind, fee_id
                  FROM credit_collection_charge
                 WHERE dunning_id = ANY(%s) AND state != 'cancel'
                """,
                list({item.dunning_id for item in self.items}),
            )
        )
        return earlier, set(waived)

    # interest

    def _add_interest(self):
        wanted = [item for item in self.items if item.wants_interest]
        shared = self._share_days([one for one in wanted if one.source_id not in self.derivations])
        for item in wanted:
            if (item.dunning_id, item.source_id, "interest", None) in self.decided:
                continue
            derivation = self.derivations.get(item.source_id)
            if derivation:
                interest, total = derivation.interest, derivation.total
            else:
                interest, spans = shared[item]
                principal = self.to_decimal(item.principal, item.currency_id)
                total = spans.apply(principal) if spans else 0
            if total and interest.segments:
                self._add_days(item, interest.segments, total)

    def _share_days(self, items):
        """Return `{item: (interest of one of its kind, its days)}`."""
        rates = self._read_rates()
        keys, found, shared = {}, {}, {}
        for item in items:
            keys[item] = key = self._get_key(item)
            found.setdefault(key, item)
        examples = [item.source_id for item in found.values()]
        for key, item in found.items():
            derivation = self._get_lean_derivation(item, examples)
            derivation.principal = Decimal(1)
            self.Interest._derive_one(derivation, rates)
            profile = derivation.contract.profile
            segments = derivation.interest.segments
            spans = segments and share(segments, self._get_terms(profile, item.currency_id))
            shared[key] = derivation.interest, spans
        return {item: shared[key] for item, key in keys.items()}

    def _get_key(self, item):
        """Return what the days of an item depend on."""
        contract = self.contracts[item.partner_id]
        return (
            id(contract),
            item.currency_id,
            item.due,
            contract.profile.interest_start_months and item.invoiced,
            self.reminders.get(item.source_id),
            tuple(self.free_days.get(item.source_id, ())),
        )

    def _read_rates(self):
        profiles = self.env["credit.collection.legal.profile"].union(
            *(contract.profile for contract in self.contracts.values())
        )
        return profiles._get_series()._get_rates()

    def _get_lean_derivation(self, item, prefetch_ids):
        """Return the derivation of an item of one unit, to be filled in."""
        return Derivation(
            self.Line.browse(item.source_id).with_prefetch(prefetch_ids),
            self.contracts[item.partner_id],
            Decimal(1),
            self.until,
            [],
            self.reminders.get(item.source_id, Reminder()),
            self.free_days.get(item.source_id, []),
        )

    def _add_days(self, item, segments, total):
        """Claim the interest of the days since the last claim."""
        earlier = self.earlier.get(item.source_id, Earlier(Decimal(0), None))
        first, last = segments[0].first, segments[-1].last
        if earlier.until:
            first = max(first, earlier.until + _DAY)
        amount = total - earlier.amount
        if first > last or amount <= 0:
            return
        percents = tuple(dict.fromkeys(one.percent for one in segments if one.last >= first))
        contract = self.contracts[item.partner_id]
        group = ("interest", None, item.currency_id, first, last, percents)
        self._add(item, group, item.principal, amount, contract.profile.legal_basis)

    # fees

    def _add_fees(self):
        covered = self._read_covered()
        by_notice = defaultdict(list)
        for item in self.items:
            contract = self.contracts[item.partner_id]
            if (
                item.wants_fees
                and contract.profile
                and item.due < self.until
                and self._may_claim_costs(item)
            ):
                by_notice[item.dunning_id].append(item)
        self.owed, self.amounts, self.flat = {}, {}, {}
        counts = self._count_reminders(by_notice)
        for dunning_id, items in by_notice.items():
            together = defaultdict(list)
            for item in items:
                own = covered.get(item.source_id, set())
                if "penalty" not in own:
                    self._add_item_fees(item, own, together)
            for (fee, currency_id), group in together.items():
                self._add_claim_fee(fee, currency_id, group)
            self._add_reminder_fees(items, counts.get(dunning_id, 0))

    def _get_owed(self, item):
        """Return the fees that the law gives on an item, once for all that are alike."""
        contract = self.contracts[item.partner_id]
        reminder = self.reminders.get(item.source_id, Reminder())
        is_reminded = item.is_overridden or reminder.is_over(contract.profile, self.until)
        key = id(contract), is_reminded
        if key not in self.owed:
            fees = contract.profile.fee_ids.filtered("active")
            self.owed[key] = fees._get_owed(is_reminded, bool(contract.penalty_percent))
        return self.owed[key]

    def _add_item_fees(self, item, covered, together):
        contract = self.contracts[item.partner_id]
        owed = self._get_owed(item)
        if not owed and not covered and contract.penalty_percent:
            self._add_penalty(item, contract)
        for fee in owed:
            if fee.id in covered:
                continue
            if fee.kind == "claim":
                together[fee, item.currency_id].append(item)
            elif fee.kind == "item":
                self._add_fee([item], fee, self._get_fee_claim(fee, [item], item.currency_id))

    def _add_penalty(self, item, contract):
        if contract.profile.penalty_rule != "greater":
            return
        amount = self.Interest._get_penalty(
            contract, self._get_base(item).late, self.Line.browse(item.source_id), self.until
        )
        if amount and (item.dunning_id, item.source_id, "penalty", None) not in self.decided:
            basis = self.Interest.env._("Contract")
            self._add(item, self._get_fee_group("penalty", None, item), 0, amount, basis)

    def _add_claim_fee(self, fee, currency_id, items):
        """Claim a fee that is owed once for what is claimed together."""
        claim = self._get_fee_claim(fee, items, currency_id)
        self._add_fee(items, fee, claim, is_together=True)
        self.covers += [(items[0].dunning_id, fee.id, item.source_id) for item in items]

    def _add_fee(self, items, fee, claim, is_together=False):
        item = items[0]
        kind = "fee" if claim.name == fee.name else "penalty"
        source_id = None if is_together else item.source_id
        known = ((item.dunning_id, source_id, kind, fee.id) for kind in ("fee", "penalty"))
        if not claim.amount or self.decided.intersection(known):
            return
        amount = self._limit(items, fee, claim.amount)
        if amount:
            group = self._get_fee_group(kind, fee.id, item)
            self._add(item, group, 0, amount, claim.legal_basis, source_id)

    def _get_fee_claim(self, fee, items, currency_id):
        """Return a fee on items together; one that is the same for all is computed once."""
        contract = self.contracts[items[0].partner_id]
        key = (fee, id(contract), currency_id)
        if (
            len(items) > 1
            or items[0].source_id in self.derivations
            or not self._is_flat(fee, contract)
        ):
            key = (*key, tuple(item.source_id for item in items))
        if key not in self.amounts:
            currency = self.env["res.currency"].browse(currency_id)
            bases = [self._get_base(item) for item in items]
            self.amounts[key] = self.Interest._claim_fee(fee, contract, bases, currency, self.until)
        return self.amounts[key]

    def _is_flat(self, fee, contract):
        """Return whether a fee is the same for all items on which nothing was paid."""
        key = fee, id(contract)
        if key not in self.flat:
            self.flat[key] = not contract.penalty_percent and fee._is_flat()
        return self.flat[key]

    def _get_base(self, item):
        """Return what was late of an item and what is open: all of it when nothing was paid."""
        derivation = self.derivations.get(item.source_id)
        if derivation:
            return derivation
        principal = self.to_decimal(item.principal, item.currency_id)
        line = self.Line.browse(item.source_id).with_prefetch(self.lines._ids)
        return SimpleNamespace(line=line, late=principal, open=principal)

    def _add_reminder_fees(self, items, count):
        """Claim the price of this reminder: what it adds to those of the calendar year."""
        item = items[0]
        contract = self.contracts[item.partner_id]
        for fee in contract.profile.fee_ids.filtered(
            lambda fee: fee.active and fee.kind == "reminder"
        ):
            if fee not in self._get_owed(item):
                continue
            currency = self.env["res.currency"].browse(item.currency_id)
            base = sum(self._get_base(one).open for one in items)
            upto = [
                fee._get_amount(base, currency, self.company, self.until, number)
                for number in (count, count + 1)
            ]
            amount = upto[1] - upto[0]
            if amount and (item.dunning_id, None, "reminder", fee.id) not in self.decided:
                group = self._get_fee_group("reminder", fee.id, item)
                self._add(item, group, 0, amount, fee.legal_basis, None)

    def _count_reminders(self, by_notice):
        """Return `{id of a notice: how many reminders its customer had this calendar year}`."""
        profiles = {
            contract.profile
            for contract in self.contracts.values()
            if "reminder" in contract.profile.fee_ids.mapped("kind")
        }
        if not profiles:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT dunning.id, count(sent.id)
                  FROM credit_collection_dunning dunning
                  JOIN credit_collection_dunning sent
                    ON sent.case_id = dunning.case_id AND sent.state = 'sent'
                   AND date_trunc('year', sent.date_sent) = date_trunc('year', %s)
                 WHERE dunning.id = ANY(%s)
              GROUP BY dunning.id
                """,
                self.until,
                list(by_notice),
            )
        )
        return dict(rows)

    def _get_fee_group(self, kind, fee_id, item):
        return kind, fee_id, item.currency_id, None, None, ()

    def _read_covered(self):
        """Return the fees claimed before: `{id of an item: {id of a fee or "penalty"}}`."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT charge.move_line_id, charge.fee_id, charge.kind
                  FROM credit_collection_charge charge
                  JOIN credit_collection_dunning dunning ON dunning.id = charge.dunning_id
                 WHERE charge.move_line_id = ANY(%(lines)s)
                   AND charge.kind IN ('fee', 'penalty')
                   AND (charge.state IN ('claimed', 'posted')
                        OR charge.state = 'waived' AND dunning.state = 'sent')
             UNION ALL
                SELECT cover.move_line_id, cover.fee_id, charge.kind
                  FROM credit_collection_charge_item cover
                  JOIN credit_collection_charge charge ON charge.id = cover.charge_id
                 WHERE cover.move_line_id = ANY(%(lines)s) AND cover.is_claimed
                """,
                lines=list(self.lines.ids),
            )
        )
        covered = defaultdict(set)
        for line_id, fee_id, kind in rows:
            covered[line_id].update(
                {fee_id or "penalty", kind == "penalty" and "penalty"} - {False}
            )
        return covered

    # writing

    def to_decimal(self, amount, currency_id):
        return round_to(Decimal(str(amount)), self.units[currency_id])

    def _add(self, item, group, base, amount, legal_basis, source_id=...):
        """Remember a charge; what many have in common is written once."""
        number = self.groups.setdefault((*group, legal_basis), len(self.groups))
        source_id = item.source_id if source_id is ... else source_id
        self.rows.append((item.dunning_id, source_id, number, float(base), float(amount)))

    def _get_insert_sql(self, rows):
        columns = list(zip(*rows, strict=True))
        groups = [self._prepare_group(number, *group) for group, number in self.groups.items()]
        return SQL(
            """
            INSERT INTO credit_collection_charge (
                       dunning_id, move_line_id, kind, fee_id, currency_id, date_from, date_to,
                       rate_text, legal_basis, base, amount, amount_company, state)
                SELECT row.dunning_id, row.move_line_id, own.kind, own.fee_id::int,
                       own.currency_id, own.date_from::date, own.date_to::date,
                       NULLIF(own.rate_text, ''), own.legal_basis, row.base, row.amount,
                       round((row.amount * own.rate)::numeric, %s), 'draft'
                  FROM unnest(%s, %s::int[], %s, %s::float[], %s::float[])
                           AS row (dunning_id, move_line_id, number, base, amount)
                  JOIN (VALUES %s) AS own (
                           number, kind, fee_id, currency_id, date_from, date_to, rate_text,
                           legal_basis, rate)
                    ON own.number = row.number
            """,
            self.company.currency_id.decimal_places,
            *(list(column) for column in columns),
            SQL(", ").join(SQL("%s", group) for group in groups),
        )

    def _prepare_group(self, number, kind, fee_id, currency_id, first, last, percents, basis):
        Currency = self.env["res.currency"]
        currency = Currency.browse(currency_id)
        rate = Currency._get_conversion_rate(
            currency, self.company.currency_id, self.company, self.until
        )
        Interest = self.Interest.with_context(lang="en_US")  # letters write it in their language
        texts = [Interest._format_percent(percent) for percent in percents]
        return (
            number,
            kind,
            str(fee_id) if fee_id else None,
            currency_id,
            first and first.isoformat(),
            last and last.isoformat(),
            ", ".join(f"{text} %" for text in texts),
            basis or "",
            rate,
        )

    def _write_covers(self):
        """Note which items a fee for a whole claim is about."""
        if not self.covers:
            return
        dunning_ids, fee_ids, line_ids = (list(one) for one in zip(*self.covers, strict=True))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO credit_collection_charge_item (charge_id, fee_id, move_line_id)
                    SELECT charge.id, cover.fee_id, cover.move_line_id
                      FROM unnest(%s, %s, %s) AS cover (dunning_id, fee_id, move_line_id)
                      JOIN account_move_line line ON line.id = cover.move_line_id
                      JOIN credit_collection_charge charge
                        ON charge.dunning_id = cover.dunning_id AND charge.fee_id = cover.fee_id
                       AND charge.currency_id = line.currency_id
                       AND charge.move_line_id IS NULL AND charge.state = 'draft'
                """,
                dunning_ids,
                fee_ids,
                line_ids,
            )
        )

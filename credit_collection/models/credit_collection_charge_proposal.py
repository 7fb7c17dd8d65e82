from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL, split_every

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
        items = self._read_items(dunnings)
        refused = self._get_refusals(dunnings) if items else {}
        by_company = defaultdict(list)
        for item in items:
            if item.dunning_id not in refused:
                by_company[item.company_id].append(item)
        for company_id, own in by_company.items():
            company = self.env["res.company"].browse(company_id)
            Batch(self.env, company, own, until).write_charges()
        self.env["credit.collection.charge"].invalidate_model(flush=False)
        self.env["credit.collection.dunning"].invalidate_model(["charge_ids"], flush=False)

    @api.model
    def _get_refusals(self, dunnings):
        """Return `{id of a notice: why it claims no charges}`.

        What the law forbids is not even proposed. Consumers have to be given a free reminder and a
        period first, with what it must say: until that is watched over, nothing is claimed of them.
        """
        kinds = dunnings.customer_id._collection_get_debtor_kind()
        reason = self.env._("Consumers owe nothing beside their invoices.")
        return {
            dunning.id: reason for dunning in dunnings if kinds[dunning.customer_id] == "consumer"
        }

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
                                       WHERE partial.debit_move_id = source.id)
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
        self.items = items
        self.until = until
        self.Interest = self.env["credit.collection.interest"]
        self.Line = self.env["account.move.line"]
        self.lines = self.Line.browse([item.source_id for item in items])
        self.units = {
            currency.id: Decimal(str(currency.rounding))
            for currency in self.env["res.currency"].browse({item.currency_id for item in items})
        }
        self.reminders = self.Interest._get_reminders(self.lines)
        self.free_days = self.Interest._get_waived_periods(self.lines)
        self.contracts = self._read_contracts()
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
            if item.wants_fees and contract.profile and item.due < self.until:
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
        is_reminded = bool(self.reminders.get(item.source_id, Reminder()).first)
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
                self._add_fee(item, fee, self._get_fee_claim(fee, [item], item.currency_id))

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
        self._add_fee(items[0], fee, claim, is_together=True)
        self.covers += [(items[0].dunning_id, fee.id, item.source_id) for item in items]

    def _add_fee(self, item, fee, claim, is_together=False):
        kind = "fee" if claim.name == fee.name else "penalty"
        source_id = None if is_together else item.source_id
        known = ((item.dunning_id, source_id, kind, fee.id) for kind in ("fee", "penalty"))
        if claim.amount and not self.decided.intersection(known):
            group = self._get_fee_group(kind, fee.id, item)
            self._add(item, group, 0, claim.amount, claim.legal_basis, source_id)

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

"""The assessment, in SQL, against the same rules told again in the plainest Python."""

from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .common import CollectionCommon

DAY = date(2026, 3, 2)
POLICIES = 4  # the first is the default of the company
LEVELS = 4
CUSTOMERS = 2
INVOICES = 3  # of each customer; the last one is in dollars, two for a euro


class Level(NamedTuple):
    delay: int
    wait: int
    minimum: int


class Policy(NamedTuple):
    active: bool
    no_dunning: bool
    jump: bool
    in_payment: bool
    quiet: int
    grace: int
    tolerance: int
    levels: list


class Notice(NamedTuple):
    level: tuple  # (policy, rank)
    state: str
    sent: date
    claimed: bool


class Hold(NamedTuple):
    invoice: int | None
    start: date
    end: date | None
    active: bool


class Invoice(NamedTuple):
    due: date
    amount: int
    excluded: bool
    state: str
    policy: int | None
    chosen: tuple | None  # (policy, rank, day)
    notices: list


class Customer(NamedTuple):
    policy: int | None
    invoices: list
    holds: list


def _days(least, most):
    return st.integers(least, most).map(lambda days: DAY + timedelta(days=days))


def _maybe(strategy, nothing=5):
    """Return mostly nothing."""
    return st.one_of(*[st.none()] * nothing, strategy)


def _seldom(value, otherwise):
    return st.sampled_from([otherwise] * 7 + [value])


def levels(least_delay):
    def climb(delays):
        return st.tuples(
            *(
                st.builds(
                    Level,
                    st.just(delay),
                    st.integers(0, 20) if rank else st.just(0),
                    st.sampled_from([0, 0, 0, 60]),
                )
                for rank, delay in enumerate(sorted(delays))
            )
        ).map(list)

    return st.sets(st.integers(least_delay, 45), min_size=2, max_size=LEVELS).flatmap(climb)


policies = st.builds(
    Policy,
    _seldom(False, True),
    _seldom(True, False),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, 5, 14]),
    st.sampled_from([0, 0, 3]),
    st.sampled_from([0, 5]),
    levels(-20),
)
level_names = st.tuples(st.integers(0, POLICIES - 1), st.integers(0, LEVELS - 1))
notices = st.builds(
    Notice,
    level_names,
    st.sampled_from(["sent"] * 9 + ["draft", "queued", "failed", "cancel"]),
    _days(-60, 0),
    _seldom(False, True),
)
invoices = st.builds(
    Invoice,
    _days(-50, 40),
    st.sampled_from([100, 100, 100, 250, 250, 40, 40, 4, -40, -150]),
    _seldom(True, False),
    st.sampled_from(["not_paid"] * 6 + ["partial", "in_payment", "blocked"]),
    _maybe(st.integers(0, POLICIES - 1)),
    _maybe(st.tuples(st.integers(0, POLICIES - 1), st.integers(0, LEVELS - 1), _days(-30, 0))),
    st.lists(notices, max_size=3),
)
holds = st.builds(
    Hold,
    _maybe(st.integers(0, INVOICES - 1), 1),
    _days(-20, 10),
    _maybe(st.integers(1, 30), 1),
    _seldom(False, True),
).map(lambda hold: hold._replace(end=hold.end and hold.start + timedelta(days=hold.end)))
customers = st.builds(
    Customer,
    _maybe(st.integers(0, POLICIES - 1), 2),
    st.lists(invoices, min_size=INVOICES, max_size=INVOICES),
    st.lists(holds, max_size=2),
)
ledgers = st.tuples(
    st.lists(policies, min_size=POLICIES, max_size=POLICIES).map(
        lambda some: [some[0]._replace(active=True), *some[1:]]
    ),
    st.lists(customers, min_size=CUSTOMERS, max_size=CUSTOMERS),
)


class Oracle:
    """Decides about one customer at a time, the way a person would with the file on the desk."""

    def __init__(self, ladder, customer, day, delay_of):
        self.policies, self.customer, self.day, self.delay_of = ladder, customer, day, delay_of
        sent = [n.sent for i in customer.invoices for n in i.notices if n.state == "sent"]
        self.last_sent = max(sent, default=None)
        self.is_queued = any(n.state == "queued" for i in customer.invoices for n in i.notices)
        self.files = [self._open_file(number) for number in range(INVOICES)]

    def _open_file(self, number):
        invoice = self.customer.invoices[number]
        policy = self._policy(invoice)
        file = {"invoice": invoice, "policy": policy, "number": number}
        file["value"] = invoice.amount / (2 if number == INVOICES - 1 else 1)
        file["currency"] = "USD" if number == INVOICES - 1 else "EUR"
        reached, file["sent"] = self._history(invoice)
        file["level"] = reached
        file["next"] = self._next_rank(invoice, policy, reached)
        file["hold"], file["hold_end"] = self._hold(number)
        file["exclusion"] = self._exclusion(file)
        starts = self._starts(policy)
        file["from_due"] = (
            invoice.due + timedelta(days=starts[file["next"]]) if file["next"] is not None else None
        )
        file["late"] = invoice.due < self.day or (
            file["from_due"] is not None and file["from_due"] <= self.day
        )
        return file

    def _policy(self, invoice):
        for number in (invoice.policy, self.customer.policy):
            if number is not None and self.policies[number].active:
                return self.policies[number]
        return self.policies[0]

    def _starts(self, policy):
        return [level.delay + (policy.grace if level.delay >= 0 else 0) for level in policy.levels]

    def _history(self, invoice):
        """Return the highest level reached, and the day of the last notice that counts."""
        counted = [
            (notice.level, notice.sent)
            for notice in invoice.notices
            if notice.state == "sent"
            and notice.claimed
            and (invoice.chosen is None or notice.sent > invoice.chosen[2])
        ]
        if invoice.chosen:
            counted.append((invoice.chosen[:2], invoice.chosen[2]))
        if not counted:
            return None, None
        return max((level for level, _day in counted), key=self.delay_of), max(
            day for _level, day in counted
        )

    def _next_rank(self, invoice, policy, reached):
        rank = 0
        if reached is not None:
            rank = sum(level.delay <= self.delay_of(reached)[0] for level in policy.levels)
        if invoice.due <= self.day:
            rank = max(rank, sum(level.delay < 0 for level in policy.levels))
        if policy.jump:
            late = (self.day - invoice.due).days
            rank = max(rank, sum(start <= late for start in self._starts(policy)) - 1)
        return rank if rank < len(policy.levels) else None

    def _hold(self, number):
        running = [
            hold
            for hold in self.customer.holds
            if hold.active
            and hold.invoice in (None, number)
            and hold.start <= self.day
            and (hold.end is None or hold.end > self.day)
        ]
        if not running:
            return False, None
        ends = [hold.end for hold in running]
        return True, None if None in ends else max(ends)

    def _exclusion(self, file):
        invoice, policy = file["invoice"], file["policy"]
        if invoice.amount < 0:
            return "credit"
        if invoice.excluded:
            return "excluded"
        if invoice.state == "blocked":
            return "blocked"
        if invoice.state == "in_payment" and not policy.in_payment:
            return "in_payment"
        if policy.no_dunning or not policy.levels:
            return "no_dunning"
        if file["hold"]:
            return "hold"
        if file["value"] < policy.tolerance:
            return "tolerance"
        return None

    def _sums(self, files, amount):
        claim = sum(amount(f) for f in files if f["exclusion"] is None and f["late"])
        return claim, sum(-amount(f) for f in files if f["exclusion"] == "credit")

    def decide(self, file):
        """Return (decision, the day on which it changes)."""
        if file["exclusion"]:
            return file["exclusion"], file["hold_end"] if file["exclusion"] == "hold" else None
        own_currency = [f for f in self.files if f["currency"] == file["currency"]]
        claim, credit = self._sums(own_currency, lambda f: f["invoice"].amount)
        all_claims, all_credits = self._sums(self.files, lambda f: f["value"])
        if file["late"] and (0 < credit >= claim or 0 < all_credits >= all_claims):
            return "credits", None
        states = {n.state for n in file["invoice"].notices if n.claimed}
        for state in ("failed", "queued"):
            if state in states:
                return state, None
        if file["next"] is None:
            return "last_level", None
        return self._time(file, all_claims - all_credits)

    def _time(self, file, net):
        policy = file["policy"]
        level = policy.levels[file["next"]]
        days = {"not_late": file["from_due"]}
        if file["sent"]:
            days["waiting"] = file["sent"] + timedelta(days=level.wait)
        if self.last_sent:
            days["quiet"] = self.last_sent + timedelta(days=policy.quiet)
        start = max(days.values())
        if start <= self.day:
            if self.is_queued:
                return "queued", None
            return ("minimum", None) if net < level.minimum else ("due", start)
        for decision in ("waiting", "quiet", "not_late"):
            if days.get(decision) == start:
                return decision, start
        raise AssertionError(days)


@tagged("post_install", "-at_install")
class TestOracle(CollectionCommon):
    """Random ledgers, histories, holds and policies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        dollar = cls._currency("USD", 2.0)
        cls.env["credit.collection.policy.rule"].search([]).active = False
        cls.policies = [cls.policy, *(cls._policy(name=f"P{n}") for n in range(1, POLICIES))]
        for policy in cls.policies:
            while len(policy.level_ids) < LEVELS:
                policy.level_ids = [
                    (0, 0, cls._prepare_level_vals(LEVELS, 900 + len(policy.level_ids)))
                ]
        cls.levels = [policy.level_ids.sorted("delay_days") for policy in cls.policies]
        cls.customers = [cls._customer(f"Customer {number}") for number in range(CUSTOMERS)]
        cls.lines = [
            [
                cls._overdue_invoice(
                    partner=customer,
                    **({"currency_id": dollar.id} if number == INVOICES - 1 else {}),
                ).line_ids.filtered("date_maturity")
                for number in range(INVOICES)
            ]
            for customer in cls.customers
        ]
        cls.env["credit.collection.item"]._assess(cls.company)
        cls.cases = [cls._case(customer) for customer in cls.customers]

    def _write(self, table, ids, **values):
        columns = ", ".join(f"{name} = %s" for name in values)
        self.env.cr.execute(
            f"UPDATE {table} SET {columns} WHERE id = ANY(%s)",  # noqa: S608  names of ours
            [*values.values(), list(ids)],
        )

    def _insert(self, table, **values):
        columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self.env.cr.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING id",  # noqa: S608
            list(values.values()),
        )
        return self.env.cr.fetchone()[0]

    def _load(self, ladder, customers):
        """Make the database look like this ledger."""
        self.env.cr.execute(
            "DELETE FROM credit_collection_dunning; DELETE FROM credit_collection_item;"
            "DELETE FROM credit_collection_hold"
        )
        for policy, record, levels_of_policy in zip(
            ladder, self.policies, self.levels, strict=True
        ):
            self._load_policy(policy, record, levels_of_policy)
        for number, customer in enumerate(customers):
            self._load_customer(number, customer)
        self.env.invalidate_all()

    def _load_policy(self, policy, record, level_records):
        self._write(
            "credit_collection_policy",
            record.ids,
            active=policy.active,
            is_no_dunning=policy.no_dunning,
            catch_up="jump" if policy.jump else "step",
            include_in_payment=policy.in_payment,
            quiet_days=policy.quiet,
            grace_days=policy.grace,
            tolerance=policy.tolerance,
        )
        self._write("credit_collection_level", level_records.ids, active=False)
        for rank, level in enumerate(level_records):
            used = policy.levels[rank] if rank < len(policy.levels) else None
            self._write(
                "credit_collection_level",
                level.ids,
                active=used is not None,
                delay_days=used.delay if used else 900 + rank,
                wait_days=used.wait if used else 0,
                amount_min=used.minimum if used else 0,
            )

    def _load_customer(self, number, customer):
        policy = self.policies[customer.policy].id if customer.policy is not None else None
        self.env.cr.execute(
            "UPDATE res_partner SET collection_policy_id = jsonb_build_object(%s, %s::int)"
            " WHERE id = %s",
            [str(self.company.id), policy, self.customers[number].id],
        )
        for rank, invoice in enumerate(customer.invoices):
            self._load_invoice(number, rank, invoice)
        for hold in customer.holds:
            line = None if hold.invoice is None else self.lines[number][hold.invoice]
            self._insert(
                "credit_collection_hold",
                case_id=self.cases[number].id,
                company_id=self.company.id,
                move_id=line and line.move_id.id,
                reason="query",
                user_id=self.env.user.id,
                date_start=hold.start,
                date_end=hold.end,
                state="active" if hold.active else "released",
            )

    def _load_invoice(self, number, rank, invoice):
        line = self.lines[number][rank]
        value = invoice.amount / (2 if rank == INVOICES - 1 else 1)
        self._write(
            "account_move_line",
            line.ids,
            date_maturity=invoice.due,
            amount_residual=value,
            amount_residual_currency=invoice.amount,
            no_followup=invoice.excluded,
        )
        chosen = invoice.chosen
        self._write(
            "account_move",
            line.move_id.ids,
            payment_state=invoice.state,
            collection_policy_id=self.policies[invoice.policy].id
            if invoice.policy is not None
            else None,
            collection_level_id=self._level_record(chosen).id if chosen else None,
            collection_level_date=chosen[2] if chosen else None,
        )
        for notice in invoice.notices:
            dunning_id = self._insert(
                "credit_collection_dunning",
                case_id=self.cases[number].id,
                company_id=self.company.id,
                partner_id=self.customers[number].id,
                level_id=self._level_record(notice.level).id,
                date=notice.sent,
                date_sent=notice.sent if notice.state == "sent" else None,
                state=notice.state,
            )
            self._insert(
                "credit_collection_dunning_line",
                dunning_id=dunning_id,
                move_line_id=line.id,
                level_id=self._level_record(notice.level).id if notice.claimed else None,
                currency_id=line.currency_id.id,
            )

    def _level_record(self, name):
        return self.levels[name[0]][name[1]]

    def _delay_of(self, ladder):
        """Return a function that orders the levels: by delay, then by age."""

        def delay_of(name):
            levels_of_policy = ladder[name[0]].levels
            used = name[1] < len(levels_of_policy)
            delay = levels_of_policy[name[1]].delay if used else 900 + name[1]
            return delay, self._level_record(name).id

        return delay_of

    def _decisions(self, day):
        """Return what the database decides: {line id: (decision, day of change, level, next)}."""
        self.env["credit.collection.item"]._assess(self.company, date=day)
        self.env.cr.execute(
            "SELECT move_line_id, decision, date_next, level_id, next_level_id"
            " FROM credit_collection_item"
        )
        return {line_id: values for line_id, *values in self.env.cr.fetchall()}

    def _expected(self, ladder, customers, day):
        delay_of = self._delay_of(ladder)
        expected = {}
        for number, customer in enumerate(customers):
            oracle = Oracle(ladder, customer, day, delay_of)
            for file in oracle.files:
                rank = file["next"]
                policy = next(n for n, policy in enumerate(ladder) if policy is file["policy"])
                expected[self.lines[number][file["number"]].id] = [
                    *oracle.decide(file),
                    self._level_record(file["level"]).id if file["level"] else None,
                    self.levels[policy][rank].id if rank is not None else None,
                ]
        return expected

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(ledgers)
    def test_the_database_decides_like_the_plain_rules(self, ledger):
        self._load(*ledger)
        self.assertEqual(self._decisions(DAY), self._expected(*ledger, DAY))

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(ledgers)
    def test_a_decision_holds_until_its_day_and_changes_on_it(self, ledger):
        """Told for one invoice by itself: others, and their credits, may end it earlier.

        So may the due date for a courtesy reminder, a jump to a higher level, and a hold to come.
        """
        ladder = [
            policy._replace(
                jump=False, levels=[level for level in policy.levels if level.delay >= 0]
            )
            for policy in ledger[0]
        ]
        ladder = [
            policy._replace(
                levels=[
                    level._replace(wait=level.wait if rank else 0, minimum=0)
                    for rank, level in enumerate(policy.levels)
                ]
            )
            for policy in ladder
        ]
        alone = [
            customer._replace(
                invoices=[
                    customer.invoices[0]._replace(amount=abs(customer.invoices[0].amount)),
                    *(
                        one._replace(excluded=True, amount=1, notices=[])
                        for one in customer.invoices[1:]
                    ),
                ],
                holds=[hold for hold in customer.holds if hold.start <= DAY][:1],
            )
            for customer in ledger[1]
        ]
        self._load(ladder, alone)
        today = self._decisions(DAY)
        for lines in self.lines:
            line_id = lines[0].id
            decision, changes_on, *_levels = today[line_id]
            if not changes_on or changes_on <= DAY:
                continue
            self.assertEqual(self._decisions(changes_on - timedelta(days=1))[line_id][0], decision)
            self.assertNotEqual(self._decisions(changes_on)[line_id][0], decision)

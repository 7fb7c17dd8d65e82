"""Consumers of five countries, in any order of events: what the law forbids never happens."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import holidays
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_charge import CHARGED
from .test_guard import GuardCommon

DAY = timedelta(days=1)
COUNTRIES = ("be", "nl", "be", "fr", "be", "nl", "de", "be", "nl", "lu") * 4
PROTECTED = ("BE", "NL")
DEEDS = ["invoice"] * 2 + ["letters"] * 2 + ["wait"] * 2
DEEDS += ["pay", "bounce", "refuse", "cancel", "hand", "terms", "waive", "reinstate", "credit"]
# What happens to whom, after how many days, at which hour, and some number to choose with.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.integers(0, len(COUNTRIES) - 1),
        st.integers(0, 9),
        st.sampled_from([7, 10, 10, 14, 21]),
        st.integers(0, 5),
    ),
    min_size=5,
    max_size=8,
)


@tagged("post_install", "-at_install")
class TestGuardHistories(GuardCommon):
    """Each story is that of forty consumers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        post = {"send_email": False, "send_letter": True}
        cls.policies = [
            cls._told(((5, 0, CHARGED), (6, 0, CHARGED), (7, 0, CHARGED)), catch_up="jump"),
            cls._told(((3, 0, post), (9, 3, CHARGED), (12, 2, CHARGED | post)), grouping="level"),
            cls._told(((-4, 0), (4, 0, {"send_letter": True}), (8, 1, CHARGED))),
        ]
        cls.people = [
            cls._consumer(f"Person {rank}", country) for rank, country in enumerate(COUNTRIES)
        ]
        for rank, person in enumerate(cls.people):
            person.collection_policy_id = cls.policies[rank % len(cls.policies)]

    @classmethod
    def _told(cls, levels, **vals):
        policy = cls._policy(levels, name=f"Policy {levels[0][0]}", **vals)
        cls._protect(policy)
        return policy

    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(EVENTS)
    def _check_stories(self, events):
        with self.env.cr.savepoint() as savepoint:
            self.today = date(2026, 3, 2)
            self._at("2026-03-02 10:00")
            self.refused = False
            self.seen, self.first_sent = set(), defaultdict(dict)
            for rank, person in enumerate(self.people):
                due = self.today - (3 + 5 * (rank % 4)) * DAY
                self._owed(100.0 * (1 + rank), due.isoformat(), person)
            for name, who, days, hour, choice in events:
                self.today += days * DAY
                self._at(f"{self.today} {hour:02}:00")
                self.refused = name == "refuse"
                self._try(getattr(self, f"_do_{name}"), self.people[who], choice)
                self._go_on()
                self._check()
            savepoint.rollback()
        self.env.invalidate_all()
        self.env.cr.precommit.clear()

    def test_nothing_that_the_law_forbids_is_claimed_or_sent(self):
        self._check_stories()

    def _try(self, do, *args):
        """What the software refuses must change nothing."""
        try:
            with self.env.cr.savepoint():
                do(*args)
        except UserError:
            self.env.invalidate_all()

    def _go_on(self):
        """Let the day pass as it does: a run, what it sends, and the post."""
        self._commit()
        run = self._propose()
        if run.dunning_ids:
            self._try(run.action_approve)
        self._run_cron("credit_collection.ir_cron_send_notices")
        refused = [person.email for person in self.people[::3]] if self.refused else []
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send_mails(refuse=refused)
        self._commit()

    # -------------------------------------------------------------------------
    # What may happen
    # -------------------------------------------------------------------------

    def _sent(self, person):
        return self.env["credit.collection.dunning"].search(
            [("customer_id", "=", person.id), ("state", "=", "sent")], order="date_sent, id"
        )

    def _open(self, person):
        return self.env["account.move"].search(
            [("partner_id", "=", person.id), ("payment_state", "in", ("not_paid", "partial"))]
        )

    def _do_wait(self, person, choice):
        """Nothing but the time passes."""

    def _do_invoice(self, person, choice):
        due = self.today - (6 * choice) * DAY
        self._owed(50.0 + 200.0 * choice, due.isoformat(), person)

    def _do_pay(self, person, choice):
        for invoice in self._open(person)[:1]:
            self._pay(invoice, round(invoice.amount_residual / (choice + 1), 2), on=self.today)

    def _do_credit(self, person, choice):
        self._credit_note(30.0 * (choice + 1), self.today.isoformat(), person)

    def _do_bounce(self, person, choice):
        for dunning in self._sent(person)[choice % 2 :][:1]:
            self.env["credit.collection.delivery"].sudo()._receive_bounce(
                dunning.delivery_ids.mail_message_id[:1], person.email
            )

    def _do_refuse(self, person, choice):
        """The mail server refuses what is sent today to every third person."""

    def _do_cancel(self, person, choice):
        self._sent(person)[choice % 2 :][:1]._cancel("A mistake")

    def _do_hand(self, person, choice):
        policy = self.policies[choice % 3]
        self._open(person)[:1]._collection_set_policy(policy, policy.level_ids[choice % 3])

    def _do_terms(self, person, choice):
        self.company.sudo().collection_penalty_percent = 5 * choice

    def _charges_of(self, person, *states):
        return self._charges().filtered(
            lambda one: one.case_id.partner_id == person and one.state in states
        )

    def _do_waive(self, person, choice):
        self._charges_of(person, "draft", "claimed")[:1]._waive("Waived")

    def _do_reinstate(self, person, choice):
        self._charges_of(person, "waived")[:1]._reinstate("Reinstated")

    def _do_letters(self, person, choice):
        notices = self.env["credit.collection.dunning"].search([("state", "=", "queued")])
        notices.action_print_letters()
        notices.action_mark_posted()

    # -------------------------------------------------------------------------
    # What must hold
    # -------------------------------------------------------------------------

    def _check(self):
        dunnings = self.env["credit.collection.dunning"].search(
            [("company_id", "=", self.company.id), ("state", "=", "sent")], order="date_sent, id"
        )
        reminders = defaultdict(list)
        for dunning in dunnings:
            self._check_moment(dunning)
            for line in dunning.line_ids.filtered("level_id"):
                reminders[line.move_line_id].append(dunning)
        for person, own in dunnings.grouped("customer_id").items():
            for earlier, later in pairwise(own.mapped("date_sent")):
                self.assertGreaterEqual((later - earlier).days, 7, person.name)
        for item, own in reminders.items():
            if self._is_protected(own[0]):
                self._check_first(item, own)
        charges = self._charges().filtered(lambda one: one.state in ("claimed", "posted"))
        for charge in charges:
            self._check_charge(charge, reminders)
        self._check_sums(charges, dunnings)

    def _is_protected(self, dunning):
        return dunning.customer_id.country_id.code in PROTECTED

    def _check_moment(self, dunning):
        """E-mails left between eight and eight on a day that is no day of rest."""
        if dunning in self.seen:
            return
        self.seen.add(dunning)
        for delivery in dunning.delivery_ids:
            if delivery.channel == "email" and delivery.state == "sent":
                here = fields.Datetime.context_timestamp(
                    dunning.with_context(tz="Europe/Brussels"), delivery.date_sent
                )
                self.assertTrue(8 <= here.hour < 20, here)
                country = dunning.customer_id.country_id.code
                self.assertFalse(self._is_rest(here.date(), country), here)

    def _is_rest(self, day, country):
        return day.weekday() == 6 or day in holidays.country_holidays(country, years=day.year)

    def _is_off(self, day, country):
        return day.weekday() >= 5 or day in holidays.country_holidays(country, years=day.year)

    def _end(self, dunning):
        """Return the last day of the period, counted on the fingers."""
        country = dunning.customer_id.country_id.code
        day, post_days = dunning.date_sent, {"BE": 3, "NL": 2}[country]
        if "email" in dunning.delivery_ids.filtered(lambda one: one.state == "sent").mapped(
            "channel"
        ):
            day += DAY
        else:
            for _working_day in range(post_days):
                day += DAY
                while self._is_off(day, country):
                    day += DAY
        day += 13 * DAY
        while self._is_off(day, country):
            day += DAY
        return day

    def _check_first(self, item, dunnings):
        """After the due date comes a free reminder, then nothing until its period is over."""
        late = [one for one in dunnings if one.date_sent > item.date_maturity]
        for first in (one for one in late if one.is_first_reminder):
            end = self._end(first)
            self.first_sent[item][first] = end  # it may come back later, or be cancelled
            self.assertFalse(first.charge_ids.filtered(lambda one: one.state != "cancel"))
            self.assertFalse((first.charge_totals or {}).get("interest"))
            self.assertGreaterEqual(first.date_waiting_end, end)
            self.assertGreaterEqual(first.date_deadline, end)
            for other in late:
                is_inside = first.date_sent <= other.date_sent <= end
                self.assertFalse(is_inside and other != first, other.name)
        for later in (one for one in late if not one.is_first_reminder):
            ends = self.first_sent[item].values()
            self.assertTrue(any(end < later.date_sent for end in ends), later.name)

    def _check_charge(self, charge, reminders):
        country = charge.case_id.partner_id.country_id.code
        if charge.kind != "interest":
            self.assertIn(country, PROTECTED)  # the others know no costs of reminding
        if country not in PROTECTED:
            return
        for line in charge.move_line_id | charge.item_ids.move_line_id:
            first = next(one for one in reminders[line] if one.is_first_reminder)
            self.assertLess(first.date_sent, charge.date_sent)
            self.assertGreater(charge.date_sent, self._end(first))
            if charge.kind == "interest" and country == "BE":
                self.assertGreater(charge.date_from, self._end(first))

    def _check_sums(self, charges, dunnings):
        """What is claimed for the items of a letter is no more than it has announced."""
        for dunning in dunnings.filtered("is_first_reminder"):
            lines = dunning.line_ids.filtered("level_id").move_line_id
            fees = charges.filtered(
                lambda one, lines=lines: (
                    one.kind != "interest"
                    and bool((one.move_line_id | one.item_ids.move_line_id) & lines)
                )
            )
            own = sum(
                charge.amount
                for charge in fees
                if (charge.move_line_id | charge.item_ids.move_line_id) <= lines
            )
            announced = sum((dunning.announced_totals or {}).values())
            self.assertLessEqual(round(own, 2), round(announced, 2), dunning.name)
            owed = sum(dunning.line_ids.filtered("level_id").mapped("amount_residual"))
            if dunning.customer_id.country_id.code == "BE":
                scale = sum(self._scale(one.amount_residual) for one in dunning.line_ids)
                self.assertLessEqual(announced, scale + 0.01)
            else:
                self.assertLessEqual(announced, max(40, owed * 0.15) + 0.01)

    def _scale(self, balance):
        """Return the most that Belgian law gives on a balance."""
        if balance <= 150:
            return 20
        if balance <= 500:
            return 30 + (balance - 150) / 10
        return min(65 + (balance - 500) / 20, 2000)

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.credit_collection.tools.deadlines import add_months
from odoo.addons.credit_collection.tools.limitation import Event, Rule, derive

DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))
RULES = st.builds(
    Rule,
    months=st.integers(1, 360),
    year_end=st.booleans(),
    title_months=st.integers(1, 360),
    notice_months=st.integers(0, 24),
    tail_months=st.integers(0, 12),
)
EVENTS = st.builds(
    Event,
    day=DAYS,
    effect=st.sampled_from(["restart", "at_least", "title", "suspend", "none"]),
    end=st.none(),
)


@tagged("post_install", "-at_install")
class TestToolsLimitation(BaseCase):
    """When a claim lapses, without a database."""

    def assertLapses(self, on, rule, start, *events):
        self.assertEqual(str(derive(rule, date.fromisoformat(start), events)[0]), on)

    def test_the_same_day_else_the_last_of_the_month(self):
        self.assertEqual(add_months(date(2026, 1, 31), 1), date(2026, 2, 28))
        self.assertEqual(add_months(date(2027, 12, 31), 2), date(2028, 2, 29))
        self.assertEqual(add_months(date(2024, 2, 29), 12), date(2025, 2, 28))

    def test_periods_of_some_countries(self):
        self.assertLapses("2027-03-10", Rule(12), "2026-03-10")  # BE, sale to a consumer
        self.assertLapses("2036-03-10", Rule(120), "2026-03-10")  # BE
        self.assertLapses("2028-03-10", Rule(24), "2026-03-10")  # FR, consumer
        self.assertLapses("2029-12-31", Rule(36, year_end=True), "2026-03-10")  # DE
        self.assertLapses("2032-03-10", Rule(72), "2026-03-10")  # UK

    def test_an_acknowledgement_begins_the_period_anew(self):
        paid = Event(date(2026, 12, 1), "restart")
        self.assertLapses("2027-12-01", Rule(12), "2026-03-10", paid)

    def test_after_the_period_nothing_counts(self):
        paid = Event(date(2027, 3, 11), "restart")
        self.assertLapses("2027-03-10", Rule(12), "2026-03-10", paid)
        on_the_day = Event(date(2027, 3, 10), "restart")
        self.assertLapses("2028-03-10", Rule(12), "2026-03-10", on_the_day)

    def test_the_notice_of_a_lawyer_gives_a_year_once_and_never_less(self):
        first, second = (Event(date(2027, month, 1), "at_least") for month in (1, 12))
        self.assertLapses("2028-01-01", Rule(12), "2026-03-10", first)
        self.assertLapses("2028-01-01", Rule(12), "2026-03-10", first, second)
        self.assertLapses("2036-03-10", Rule(120), "2026-03-10", first)

    def test_a_court_file_that_is_open_stops_the_period(self):
        opened = Event(date(2027, 1, 1), "suspend")
        self.assertLapses("None", Rule(12), "2026-03-10", opened)
        closed = Event(date(2027, 1, 1), "suspend", end=date(2027, 1, 11))
        self.assertLapses("2027-03-20", Rule(12), "2026-03-10", closed)
        self.assertLapses("2027-07-11", Rule(12, tail_months=6), "2026-03-10", closed)

    def test_a_title_has_a_period_of_its_own(self):
        title = Event(date(2027, 1, 1), "title")
        self.assertLapses("2057-01-01", Rule(36, title_months=360), "2026-03-10", title)

    def test_a_day_on_a_weekend_does_not_move(self):
        """Only time limits of procedures do (art. 642 CPC): who acts on the Friday is safe."""
        self.assertLapses("2026-02-28", Rule(1), "2026-01-31")  # a Saturday

    @settings(deadline=None)
    @given(RULES, DAYS, st.lists(EVENTS, max_size=6))
    def test_no_event_makes_a_claim_lapse_earlier(self, rule, start, events):
        plain, _steps = derive(rule, start)
        lapse, steps = derive(rule, start, tuple(events))
        self.assertTrue(lapse is None or lapse >= plain)
        self.assertEqual(steps[-1].lapse, lapse)

    @settings(deadline=None)
    @given(RULES, DAYS, st.lists(EVENTS, max_size=6))
    def test_the_order_in_which_events_are_known_changes_nothing(self, rule, start, events):
        one = derive(rule, start, tuple(events))
        self.assertEqual(one, derive(rule, start, tuple(reversed(events))))

    @settings(deadline=None)
    @given(DAYS, st.integers(0, 400))
    def test_months_never_leave_their_month(self, day, months):
        later = add_months(day, months)
        wanted = day.year * 12 + day.month - 1 + months
        self.assertEqual(later.year * 12 + later.month - 1, wanted)
        self.assertTrue(later.day == day.day or (later + timedelta(days=1)).day == 1)

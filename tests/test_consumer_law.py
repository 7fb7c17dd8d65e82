from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from odoo.tests import BaseCase, tagged

from .consumer_law import (
    Claimed,
    Clause,
    Creditor,
    Debt,
    History,
    Letter,
    Silence,
    find_breaches,
    get_free_until,
)

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
CLAUSE = Clause(Fraction(12), Fraction(10), Fraction(0))
TEXT = (
    "Brouwerij NV, 0477472701. Factuur F1, 1.000,00, vervaldag 20-02-2026. Betaal binnen 14 dagen, "
    "of u bent ons 90,00 verschuldigd. Kosten: 150,00."
)


def _later(days):
    return FIRST + timedelta(days=days)


@tagged("post_install", "-at_install")
class TestConsumerLaw(BaseCase):
    """The checker of the random histories sees what is illegal, and nothing else."""

    def _history(self, country="BE", **vals):
        """Return a debt that was reminded on 2 March, and claimed with charges in April."""
        charges = [
            Claimed("fee", ("F1",), Fraction(90)),
            Claimed("interest", ("F1",), Fraction(5), date(2026, 3, 18), date(2026, 4, 10)),
        ]
        history = History(
            country,
            "Europe/Brussels",
            Creditor("Brouwerij NV", "0477472701", is_small=False),
            CLAUSE,
            {"F1": Debt("F1", Fraction(1000), date(2026, 2, 20))},
            [
                Letter(FIRST, "email", TEXT, {"F1": Fraction(1000)}),
                Letter(_later(39), "email", "Betaal.", {"F1": Fraction(1000)}, charges=charges),
            ],
        )
        for name, value in vals.items():
            setattr(history, name, value)
        return history

    def assertBreach(self, history, pattern):
        self.assertRegex("\n".join(find_breaches(history)), pattern)

    def test_what_is_right_is_let_pass(self):
        self.assertEqual(find_breaches(self._history()), [])

    def test_the_published_example_of_the_belgian_period(self):
        """Posted on Monday 18 September 2023, the clause applies from Thursday 5 October."""
        letter = Letter(datetime(2023, 9, 18, 9, tzinfo=UTC), "letter", "", {})
        self.assertEqual(get_free_until(letter, self._history()), date(2023, 10, 4))

    def test_an_e_mail_gives_its_days_from_the_day_after(self):
        self.assertEqual(
            get_free_until(self._history().letters[0], self._history()), date(2026, 3, 16)
        )

    def test_what_the_first_reminder_does_not_say(self):
        for word in ("F1", "1.000,00", "20-02-2026", "Brouwerij NV", "0477472701", "14", "90,00"):
            history = self._history()
            history.letters[0].text = TEXT.replace(word, "")
            self.assertBreach(history, "F1: its reminder of 2026-03-02 does not say")

    def test_the_exact_dutch_amount(self):
        history = self._history("NL", clause=Clause())
        history.letters[1].charges = []
        self.assertEqual(find_breaches(history), [])
        history.letters[0].text = TEXT.replace("150,00", "149,00")
        self.assertBreach(history, "the compensation: 150,00")

    def test_a_second_reminder_within_the_period(self):
        history = self._history()
        history.letters.insert(1, Letter(_later(14), "email", "Betaal.", {"F1": Fraction(1000)}))
        self.assertBreach(history, "reminded again on 2026-03-16 within its free period")
        history.letters[1].sent = _later(15)
        self.assertEqual(find_breaches(history), [])

    def test_charges_too_early(self):
        history = self._history()
        history.letters[1].sent = _later(14)
        self.assertBreach(history, "fee on 2026-03-16, within its free period")
        history.letters = history.letters[1:]
        self.assertBreach(history, "F1: its first reminder claims charges")
        self.assertBreach(history, "F1: fee in its first letter")

    def test_a_fee_above_the_cap_of_the_law_or_of_the_contract(self):
        history = self._history()
        fee = history.letters[1].charges[0]
        history.letters[1].charges = [Claimed("fee", fee.debts, Fraction(91))]
        self.assertBreach(history, "fees of 91.00, at most 90.00")
        history.clause = Clause(Fraction(12), Fraction(5))
        history.letters[1].charges = [fee]
        self.assertBreach(history, "fees of 90.00, at most 50.00")
        history.clause = Clause()
        self.assertBreach(history, "fees of 90.00, at most 0.00")

    def test_a_fee_twice(self):
        history = self._history()
        again = deepcopy(history.letters[1])
        again.sent = _later(60)
        history.letters.append(again)
        self.assertBreach(history, "a second fee")
        self.assertBreach(history, "interest twice for the same days")

    def test_interest_too_high_too_early_or_without_a_clause(self):
        history = self._history()
        charge = history.letters[1].charges[1]
        for amount, first, pattern in (
            (Fraction(8), charge.first, "interest of 8.00, at most 7.19"),
            (charge.amount, date(2026, 3, 16), "it may run from 2026-03-17"),
        ):
            history.letters[1].charges = [Claimed("interest", ("F1",), amount, first, charge.last)]
            self.assertBreach(history, pattern)
        history.clause = Clause(None, Fraction(10))
        self.assertBreach(history, "interest that no law and no contract gives")

    def test_interest_follows_what_is_open(self):
        history = self._history()
        history.debts["F1"].payments.append((date(2026, 3, 20), Fraction(900)))
        self.assertBreach(history, "interest of 5.00, at most 1.")

    def test_what_other_countries_do_not_know(self):
        for country, pattern in (
            ("FR", "fees of 90.00, at most 0.00"),
            ("FR", "interest that no law"),
            ("DE", "fees of 90.00, at most 0.00"),
            ("LU", "interest that no law"),
        ):
            self.assertBreach(self._history(country), pattern)

    def test_french_interest_runs_from_the_formal_notice(self):
        history = self._history("FR")
        history.letters[0].is_formal = True
        history.letters[1].charges = [
            Claimed("interest", ("F1",), Fraction(2), date(2026, 3, 3), date(2026, 4, 10))
        ]
        self.assertEqual(find_breaches(history), [])
        history.letters[0].is_formal = False
        self.assertBreach(history, "interest that no law")

    def test_hours_and_days_of_rest(self):
        for hour, day, pattern in ((5, 0, "06:00"), (19, 0, "20:00"), (9, 6, "Sunday or holiday")):
            history = self._history()
            history.letters[0].sent = _later(day).replace(hour=hour)
            self.assertBreach(history, pattern)
        history = self._history()
        history.letters[1].sent = datetime(2026, 5, 1, 9, tzinfo=UTC)
        self.assertBreach(history, "Sunday or holiday, 2026-05-01")

    def test_more_than_three_contacts_a_week(self):
        history = self._history()
        for day in (20, 21, 22, 26):
            history.letters.append(Letter(_later(day), "letter", "", {}))
        self.assertBreach(history, "more than 3 contacts in the week of 2026-03-22")

    def test_a_silence_is_kept(self):
        for debts, is_broken in ((frozenset(), True), ({"F1"}, True), ({"F2"}, False)):
            silence = Silence(date(2026, 4, 1), date(2026, 4, 30), frozenset(debts))
            history = self._history(silences=[silence])
            self.assertEqual(bool(find_breaches(history)), is_broken)

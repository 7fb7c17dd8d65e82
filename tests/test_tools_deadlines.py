from datetime import date

from odoo.tests import BaseCase, tagged

from ..tools.deadlines import deadline


@tagged("post_install", "-at_install")
class TestDeadline(BaseCase):
    """Until when something can be done, counted from a judgment, a publication or a notice."""

    def test_days_are_counted_from_the_day_after(self):
        self.assertEqual(deadline(date(2026, 1, 31), 30, "days"), date(2026, 3, 2))
        self.assertEqual(deadline(date(2028, 2, 28), 1, "days"), date(2028, 2, 29))

    def test_months_end_on_the_same_day(self):
        self.assertEqual(deadline(date(2026, 2, 14), 2, "months"), date(2026, 4, 14))
        self.assertEqual(deadline(date(2026, 11, 30), 14, "months"), date(2028, 1, 30))

    def test_a_shorter_month_ends_on_its_last_day(self):
        self.assertEqual(deadline(date(2026, 1, 31), 1, "months"), date(2026, 2, 28))
        self.assertEqual(deadline(date(2027, 12, 31), 2, "months"), date(2028, 2, 29))

    def test_an_unknown_unit_is_refused(self):
        with self.assertRaises(ValueError):
            deadline(date(2026, 1, 1), 1, "fortnights")

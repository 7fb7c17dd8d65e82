from odoo.tests import tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestMultiCurrency(CollectionCommon):
    """Each currency is claimed by itself; limits are in the currency of the company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dollar = cls._currency("USD", 2.0)
        cls.euro = cls.company.currency_id

    def _in_dollars(self, amount=200.0, **vals):
        return self._overdue_invoice(amount, currency_id=self.dollar.id, **vals)

    def test_a_notice_claims_each_currency_by_itself(self):
        """C2."""
        self._overdue_invoice(100.0)
        self._in_dollars(200.0)
        dunning = self._dun().dunning_ids
        self.assertEqual(dunning._get_totals(), {self.euro: 100.0, self.dollar: 200.0})
        self.assertEqual(dunning.amount_due, 200.0)
        lines = {line.currency_id: line for line in dunning.line_ids}
        self.assertEqual(lines[self.dollar].amount_company, 100.0)

    def test_the_minimum_is_compared_in_the_currency_of_the_company(self):
        self.customer.collection_policy_id = self._policy([(10, 0, {"amount_min": 150.0})])
        invoice = self._in_dollars(200.0)
        self.assertDecision(invoice, "minimum")
        self._overdue_invoice(50.0)
        self.assertDecision(invoice, "due")

    def test_a_credit_covers_the_debts_in_its_currency(self):
        """The dollars are covered, the euros are claimed."""
        covered = self._in_dollars(200.0)
        claimed = self._overdue_invoice(300.0)
        credit = self._credit_note(200.0, currency_id=self.dollar.id)
        self.assertDecision(covered, "credits")
        self.assertDecision(claimed, "due")
        run = self._propose()
        self.assertEqual(run.dunning_ids._get_totals(), {self.euro: 300.0})
        self.assertNotIn(credit, run.dunning_ids.line_ids.move_line_id.move_id)

    def test_a_credit_in_another_currency_is_shown_to_the_person_who_approves(self):
        self._overdue_invoice(300.0)
        self._credit_note(200.0, currency_id=self.dollar.id)
        dunning = self._propose().dunning_ids
        self.assertEqual(dunning._get_totals(), {self.euro: 300.0})
        self.assertIn("not matched yet", dunning.warning)

    def test_a_part_payment_in_the_other_currency_lowers_the_claim(self):
        invoice = self._in_dollars(200.0)
        self._pay(invoice, 25.0, currency_id=self.euro.id)
        dunning = self._propose().dunning_ids
        self.assertEqual(dunning._get_totals(), {self.dollar: 150.0})
        self.assertEqual(dunning.amount_due, 75.0)

    def test_a_payment_in_the_other_currency_settles_the_debt(self):
        invoice = self._in_dollars(200.0)
        self._commit()
        self._pay(invoice, 100.0, currency_id=self.euro.id)
        self._commit()
        self.assertEqual(self._case().state, "closed")

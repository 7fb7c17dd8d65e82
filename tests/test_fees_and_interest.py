"""What users of credit control expect of fees and interest; where we do otherwise, it says why."""

from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_charge import ChargeCommon

NOTICE = "2026-03-12"


@tagged("post_install", "-at_install")
class TestFeeCases(ChargeCommon):
    """F1 to F7: fees are those of the law or of a profile of one's own, and notices claim them."""

    def _fee(self, amount, currency=None, **vals):
        """Let the company have a profile of its own whose only fee is this one."""
        profile = self.env.ref("credit_collection.legal_profile_be_business").copy(
            {"name": "Own", "company_id": self.company.id, "fee_ids": False}
        )
        return self.env["credit.collection.fee"].create(
            {
                "profile_id": profile.id,
                "name": "Reminder fee",
                "source": "Contract",
                "tier_ids": [Command.create({"amount_from": 0, "amount": amount})],
                **({"currency_id": currency.id} if currency else {}),
                **vals,
            }
        )

    def _claimed_fees(self, **vals):
        """Return the fees that the second notice claims on an invoice of 1000."""
        return self._charges(self._claimed(**vals), state="claimed").filtered(
            lambda one: one.kind == "fee"
        )

    def test_f1_a_fee_in_the_currency_of_the_company_is_claimed_as_it_is(self):
        self._fee(5, self.company.currency_id)
        self.assertEqual(self._claimed_fees().mapped("amount"), [5.0])

    def test_f2_a_fee_in_another_currency_is_converted_at_the_rate_of_the_day_of_the_notice(self):
        dollar = self.setup_other_currency(
            "USD", rates=[("1900-01-01", 1.0), (NOTICE, 1.25), ("2026-04-01", 2.0)]
        )
        self._fee(5, dollar)
        fee = self._claimed_fees()
        self.assertEqual((fee.amount, fee.currency_id), (4.0, self.company.currency_id))

    def test_f3_a_fee_without_a_currency_is_in_that_of_the_company(self):
        fee = self._fee(5)
        self.assertEqual(fee.currency_id, self.company.currency_id)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            fee.currency_id = False  # there is always one
            self.env.flush_all()

    def test_f4_a_fee_of_nothing_is_no_line(self):
        self._fee(0)
        self.assertFalse(self._claimed_fees())

    def test_f5_a_kind_of_fee_that_does_not_exist_is_refused_by_name(self):
        fee = self._fee(5)
        with self.assertRaisesRegex(ValueError, "per_moon"):
            fee.kind = "per_moon"

    def test_f6_a_fee_is_booked_once_for_an_invoice_or_not_at_all(self):
        """Once for an item, not once for an item and a level: the law knows no levels."""
        fee = self._claimed_fees()
        self.assertEqual((fee.state, fee.charge_move_id.id), ("claimed", False))
        self._booked()
        fee.action_post()
        with self.assertRefused("Only what was claimed"):
            fee.action_post()
        self._dun("2026-03-22")
        self.assertEqual(self._charges(fee.move_id, kind="fee"), fee)

    def test_f7_charges_bear_no_tax_unless_the_company_names_one(self):
        """The default tax of sales is none of theirs: they are outside the scope of VAT."""
        self.assertTrue(self.company.account_sale_tax_id)
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        self.assertFalse(charges.charge_move_id.amount_tax)
        self._decide(charges, "reverse", "With tax after all")
        self.company.sudo().collection_charge_tax_id = self.company.account_sale_tax_id
        charges.action_post()
        self.assertEqual(charges.charge_line_id.tax_ids, self.company.account_sale_tax_id)


@tagged("post_install", "-at_install")
class TestInterestCases(ChargeCommon):
    """F8 to F18: interest is counted by days, on each item, from its own due date."""

    def _contract(self, percent, day_count="act/365"):
        """Let the contract name a yearly rate, and the profile a way to count the days."""
        self.env.ref("credit_collection.legal_profile_be_business").copy(
            {"name": "Own", "company_id": self.company.id, "day_count": day_count}
        )
        self.company.write(
            {"collection_interest_clause": "rate", "collection_interest_rate": percent}
        )

    def _derive(self, invoice, until):
        line = invoice._collection_get_receivables()
        return line._collection_get_interest(date.fromisoformat(until))[line]

    def test_f8_one_and_a_half_percent_a_month_is_eighteen_a_year_of_thirty_day_months(self):
        self._contract(18, "30e/360")
        invoice = self._overdue_invoice(200.0, "2026-03-01")
        self.assertEqual(self._derive(invoice, "2026-03-21").total, Decimal("2.00"))

    def test_f9_each_invoice_runs_from_its_own_due_date(self):
        self._contract(36.5)
        large = self._overdue_invoice(900.0, "2026-06-29")
        small = self._overdue_invoice(100.0, "2026-04-01")
        totals = [self._derive(one, "2026-06-30").total for one in (large, small)]
        self.assertEqual(totals, [Decimal("0.90"), Decimal("9.00")])  # not 90 days on 1000

    def test_f10_one_percent_a_day_for_five_days(self):
        self._contract(365)
        invoice = self._overdue_invoice(100.0, "2026-03-01")
        self.assertEqual(self._derive(invoice, "2026-03-06").total, Decimal("5.00"))

    def test_f11_a_week_or_a_month_that_has_begun_counts_by_its_days(self):
        """Prorated: a whole period for one day of it would be a penalty, which has a clause."""
        self._contract(52.0)  # a percent a week, more or less
        invoice = self._overdue_invoice(1000.0, "2026-03-01")
        self.assertEqual(self._derive(invoice, "2026-03-09").total, Decimal("11.40"))  # 8 days
        self.company.collection_interest_rate = 12  # a percent a month
        own = self.env["credit.collection.legal.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        own.day_count = "30e/360"
        self.assertEqual(self._derive(invoice, "2026-04-02").total, Decimal("10.33"))  # 31 days

    def test_f12_the_same_days_are_claimed_once_and_can_be_given_back(self):
        invoice = self._claimed()
        interest = self._charges(invoice, kind="interest")
        run = self._propose()
        self.assertFalse(run.dunning_ids)
        interest.dunning_id._cancel("The invoice was wrong")
        self._dun("2026-03-23")
        again = self._charges(invoice, kind="interest", state="claimed")
        self.assertEqual(str(again.date_from), "2026-02-21")

    def test_f13_an_invoice_paid_late_before_any_notice_owes_interest_for_its_delay(self):
        """It stands in the derivation; no notice is sent for an invoice that is paid."""
        invoice = self._overdue_invoice(1000.0, "2026-02-20")
        self._pay(invoice, on="2026-03-12")
        self.assertEqual(self._derive(invoice, "2026-06-30").total, Decimal("5.75"))
        self.assertFalse(self._propose("2026-06-30").dunning_ids)

    def test_f14_each_part_accrues_up_to_its_own_payment(self):
        invoice = self._overdue_invoice(1000.0, "2026-01-31")
        self._pay(invoice, 400.0, on="2026-02-28")
        self._pay(invoice, 600.0, on="2026-03-31")
        amounts = [one.amount for one in self._derive(invoice, "2026-06-30").interest.segments]
        self.assertEqual(amounts, [Decimal("8.05"), Decimal("5.36")])

    def test_f15_interest_that_is_booked_bears_no_interest(self):
        self._booked()
        charges = self._charges(self._claimed())
        charges.action_post()
        derivation = self._derive(charges.charge_move_id, "2027-06-30")
        self.assertEqual(derivation.total, 0)
        self.assertIn("interest bears no interest", derivation.reason)

    def test_f16_what_is_tolerated_is_not_claimed_before_but_counts_from_the_due_date(self):
        """The tolerance is the delay of the level: laws let interest run from the first day."""
        self._level(1).write({"charge_interest": True})
        invoice = self._overdue_invoice(1000.0, "2026-02-20")
        self.assertFalse(self._propose("2026-03-01").dunning_ids)  # nine days late of ten
        self._dun("2026-03-02")
        interest = self._charges(invoice, kind="interest")
        self.assertEqual((str(interest.date_from), interest.amount), ("2026-02-21", 2.88))

    def test_f17_of_two_late_instalments_the_one_that_is_not_paid_goes_on(self):
        invoice = self._overdue_invoice(1000.0, "2026-01-31", term=self._term((50, 0), (50, 28)))
        first, second = invoice._collection_get_receivables().sorted("date_maturity")
        paid = self._unmatched_payment(500.0, on="2026-03-10")
        (paid.move_id._collection_get_receivables() | first).reconcile()
        found = (first | second)._collection_get_interest(date(2026, 6, 30))
        days = [
            (str(found[line].first), str(found[line].interest.segments[-1].last))
            for line in (first, second)
        ]
        self.assertEqual(days, [("2026-02-01", "2026-03-10"), ("2026-03-01", "2026-06-30")])

    def test_f18_the_installments_of_a_plan_add_up_and_the_last_one_takes_the_cents(self):
        self._overdue_invoice(100.0, "2026-02-20")
        self._commit()
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": self._case().id,
                "date_first": "2026-03-16",
                "installment_count": 3,
                "line_ids": [
                    Command.create({"move_line_id": line.id})
                    for line in self._case().item_ids.move_line_id
                ],
            }
        )
        plan.action_make_installments()
        self.assertEqual(plan.installment_ids.mapped("amount"), [33.33, 33.33, 33.34])

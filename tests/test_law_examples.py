"""The worked examples of tests/data/law_examples.csv, to the cent: through the data of the module.

`published` by others, `computed` with the formula that the file gives. A `trap` is a figure that is
public and wrong: it must not come out.
"""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from odoo.tests import tagged

from odoo.addons.credit_collection.tools.deadlines import (
    add_months,
    end_of_month_terms,
    notice_period,
)
from odoo.addons.credit_collection.tools.fees import by_clause
from odoo.addons.credit_collection.tools.interest import Movement, Rate, Terms, accrue, count_days
from odoo.addons.credit_collection.tools.rates import find, limit, reset_half_yearly

from .common import CollectionCommon

EXAMPLES = {
    row["id"]: row
    for row in csv.DictReader(Path(__file__).parent.joinpath("data/law_examples.csv").open())
}
DAY = timedelta(days=1)

# the profile of each regime for which the file gives a due date and a last day
DATED = {
    ("BE", "B2B"): "be_business",
    ("FR", "B2B"): "fr_business",
    ("NL", "B2B"): "nl_business",
    ("NL", "B2C"): "nl_consumer",
    ("DE", "B2B"): "de_business",
    ("ES", "B2B"): "es_business",
    ("IT", "B2B"): "it_business",
    ("UK", "B2B"): "uk_business",
}
# those that say nothing of dates: a first day on which the rate of their formula holds
UNDATED = {
    "NL-008": ("nl_b2b", "2018-02-01"),
    "DE-016": ("de_b2b", "2026-08-01"),
    "DE-017": ("de_b2c", "2026-08-01"),
    "UK-024": ("gb_b2b", "2026-08-01"),
    "UK-025": ("gb_b2b", "2018-02-01"),
}
CONTRACTS = {"BE-002": 10, "FR-003": 15, "DE-019": 5}
# the fee of each regime that is about one, and of the dated ones that name another than 40 EUR
FEES = {
    "B2C_INDEMNITY_CAP": "be_consumer_lump_sum",
    "WIK": "nl_business_wik",
    "COMPENSATION": "uk_business_fixed",
}
REMINDED = {"NL-077": "nl_business_wik", "NL-078": "nl_consumer_wik"}
# each has a test of its own below
ALONE = {
    "BE-042",
    "BE-045",
    "BE-057",
    "BE-058",
    "BE-060",
    "BE-063",
    "CH-022",
    "DE-018",
    "DE-021",
    "DE-091",
    "FR-005",
    "FR-006",
    "FR-007",
    "FR-069",
    "FR-070",
    "FR-074",
    "NL-011",
    "NL-012",
}


@tagged("post_install", "-at_install")
class TestLawExamples(CollectionCommon):
    """What others have calculated, and what must not be copied from them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._currency("GBP", 0.85)

    def _ref(self, kind, name):
        return self.env.ref(f"credit_collection.{kind}_{name}")

    def _rates(self, name):
        series = self._ref("rate_series", name)
        return series._get_rates()[series]

    def _accrue(self, example, name, first, until, **terms):
        return accrue(
            Decimal(example["principal"]), first, until, self._rates(name), (), Terms(**terms)
        )

    def _fee(self, name, principal, currency="EUR"):
        money = self.env["res.currency"].search([("name", "=", currency)])
        return self._ref("fee", name)._get_amount(
            Decimal(principal), money, self.company, date(2026, 11, 21)
        )

    def assertCents(self, example, found, column="expected_interest"):
        self.assertEqual(found, Decimal(EXAMPLES[example][column]), example)

    def _is_dated(self, row):
        return (row["country"], row["regime"]) in DATED and row["due_date"]

    def test_every_example_is_tested(self):
        for name, row in EXAMPLES.items():
            groups = [
                row["kind"] == "trap",
                name in ALONE,
                name in UNDATED,
                name in CONTRACTS,
                row["regime"] in FEES,
                bool(name not in ALONE and self._is_dated(row)),
            ]
            self.assertEqual(sum(groups), 1, name)

    def test_dated_examples_come_out_from_an_invoice(self):
        """Interest and fee of a posted invoice of that amount and due date, under that law."""
        for name, row in EXAMPLES.items():
            if name in ALONE or row["kind"] == "trap" or not self._is_dated(row):
                continue
            derivation = self._derive(row)
            self.assertCents(name, derivation.total)
            claims = self.env["credit.collection.interest"]._get_claims(
                [derivation], derivation.until
            )
            if row["expected_fee_or_compensation"] and name not in REMINDED:
                fees = sum((claim.amount for claim in claims), Decimal(0))
                self.assertCents(name, fees, "expected_fee_or_compensation")
            if row["days"] and derivation.interest.segments:
                days = sum(one.days for one in derivation.interest.segments)
                self.assertEqual(days, int(row["days"]), name)

    def _derive(self, row):
        name = DATED[row["country"], row["regime"]]
        profile = self._ref("legal_profile", name)
        is_consumer = profile.debtor_kind == "consumer"
        if not is_consumer:
            self.company.collection_legal_profile_id = profile
        customer = self._customer(
            f"Debtor {row['id']}", is_company=not is_consumer, country_id=profile.country_id.id
        )
        currency = self.env["res.currency"].search([("name", "=", row["currency"])])
        invoice = self._overdue_invoice(
            float(row["principal"]), row["due_date"], customer, currency_id=currency.id
        )
        line = invoice.line_ids.filtered("date_maturity")
        until = date.fromisoformat(row["paid_until_or_notice_date"])
        return line._collection_get_interest(until)[line]

    def test_fees_after_a_reminder(self):
        for name, fee in REMINDED.items():
            amount = self._fee(fee, EXAMPLES[name]["principal"])
            self.assertCents(name, amount, "expected_fee_or_compensation")

    def test_undated_examples_come_out_from_the_rates(self):
        for name, (series, first) in UNDATED.items():
            row, first = EXAMPLES[name], date.fromisoformat(first)
            until = first + int(row["days"]) * DAY - DAY
            found = self._accrue(row, series, first, until, is_frozen=series == "gb_b2b")
            self.assertCents(name, found.total)
            if name.startswith("UK"):
                fee = self._fee("uk_business_fixed", row["principal"], "GBP")
                self.assertCents(name, fee, "expected_fee_or_compensation")

    def test_contract_rates(self):
        for name, percent in CONTRACTS.items():
            row, first = EXAMPLES[name], date(2026, 2, 1)
            rates = [Rate(first, None, Decimal(percent))]
            until = first + int(row["days"]) * DAY - DAY
            self.assertCents(name, accrue(Decimal(row["principal"]), first, until, rates).total)

    def test_fees_by_tiers(self):
        for name, row in EXAMPLES.items():
            if row["regime"] in FEES and row["kind"] != "trap":
                fee = self._fee(FEES[row["regime"]], row["principal"], row["currency"])
                self.assertCents(name, fee, "expected_fee_or_compensation")

    # -------------------------------------------------------------------------
    # Examples that are about something else
    # -------------------------------------------------------------------------

    def test_be_042_contracts_from_before_2013_have_a_series_of_their_own(self):
        row = EXAMPLES["BE-042"]
        found = self._accrue(row, "be_b2b_before_2013", date(2014, 7, 1), date(2014, 7, 31))
        self.assertCents("BE-042", found.total)

    def test_be_045_a_payment_that_settles_the_principal_first(self):
        self.company.collection_legal_profile_id = self._ref("legal_profile", "be_business")
        invoice = self._overdue_invoice(5000, "2025-12-31")
        self._pay(invoice, 1000, on="2026-03-31")
        line = invoice.line_ids.filtered("date_maturity")
        derivation = line._collection_get_interest(date(2026, 6, 30))[line]
        amounts = [one.amount for one in derivation.interest.segments]
        self.assertEqual(amounts, [Decimal("129.45"), Decimal("104.71")])
        self.assertCents("BE-045", derivation.total)
        claims = self.env["credit.collection.interest"]._get_claims([derivation])
        total = derivation.open + derivation.total + claims[0].amount
        self.assertCents("BE-045", total, "expected_total")

    def test_be_057_to_060_the_period_of_a_first_reminder(self):
        rule = self._ref("legal_profile", "be_consumer")._get_notice_rule()
        expected = {
            "BE-057": (False, "2026-11-03", "2026-11-17"),
            "BE-058": (True, "2026-11-05", "2026-11-19"),
            "BE-060": (True, "2026-11-13", "2026-11-27"),
        }
        for name, (is_posted, start, claimable) in expected.items():
            sent = date.fromisoformat(EXAMPLES[name]["paid_until_or_notice_date"])
            first, last = notice_period(sent, is_posted, rule, "BE")
            self.assertEqual((str(first), str(last + DAY)), (start, claimable), name)
            self.assertIn(f"start={first}; first_claimable={last + DAY}", EXAMPLES[name]["note"])

    def test_be_063_a_belgian_consumer_after_his_first_reminder(self):
        row = EXAMPLES["BE-063"]
        self.company.write(
            {
                "collection_is_small": True,
                "collection_interest_clause": "law",
                "collection_penalty_percent": 50,
            }
        )
        self._protect(self.env.ref("credit_collection.policy_consumer"))
        consumer = self._customer("Consumer", is_company=False)
        invoice = self._overdue_invoice(float(row["principal"]), row["due_date"], consumer)
        self._dun("2026-10-12")
        line = invoice.line_ids.filtered("date_maturity")
        derivation = line._collection_get_interest(date(2026, 11, 21))[line]
        self.assertEqual(derivation.first, date(2026, 10, 13))
        self.assertCents("BE-063", derivation.total)
        claims = self.env["credit.collection.interest"]._get_claims([derivation])
        self.assertCents("BE-063", claims[0].amount, "expected_fee_or_compensation")
        self.company.collection_is_small = False  # a larger creditor waits for the fourteen days
        derivation = line._collection_get_interest(date(2026, 11, 21))[line]
        self.assertEqual(derivation.first, date(2026, 10, 27))

    def test_ch_022_the_first_day_does_not_count_and_the_last_one_does(self):
        due = date(2026, 1, 1)
        for day_count in ("act/365", "30e/360"):
            self.assertEqual(count_days(due, date(2026, 1, 20), day_count), 19)
            found = accrue(
                Decimal(1000),
                due + DAY,
                date(2026, 1, 30),
                self._rates("ch_legal"),
                [Movement(date(2026, 1, 20), Decimal(400))],
                Terms(day_count=day_count),
            )
            self.assertEqual([one.days for one in found.segments], [19, 10])

    def test_de_018_a_rate_from_the_base_rate_of_the_bundesbank(self):
        first = date(2011, 2, 1)
        rates = reset_half_yearly(
            self._rates("bbk_basiszinssatz"), first, first, Decimal(5), Decimal(0)
        )
        self.assertEqual(rates[0].percent, Decimal("5.12"))
        row = EXAMPLES["DE-018"]
        found = accrue(Decimal(row["principal"]), first, first + 24 * DAY, rates)
        self.assertCents("DE-018", found.total)

    def test_de_021_months_of_thirty_days(self):
        row = EXAMPLES["DE-021"]
        first = date.fromisoformat(row["due_date"])
        until = date.fromisoformat(row["paid_until_or_notice_date"])
        found = accrue(
            Decimal(row["principal"]),
            first,
            until,
            [Rate(first, None, Decimal(6))],
            (),
            Terms(day_count="30e/360"),
        )
        self.assertEqual(found.segments[0].days, int(row["days"]))
        self.assertCents("DE-021", found.total)

    def test_de_091_a_german_consumer(self):
        found = self._accrue(EXAMPLES["DE-091"], "de_b2c", date(2023, 2, 1), date(2023, 5, 1))
        self.assertCents("DE-091", found.total)

    def test_fr_005_the_lowest_contract_rate_is_three_times_the_legal_one(self):
        floors, legal = self._rates("fr_floor"), self._rates("fr_legal")
        for day, rate in ((date(2025, 7, 1), "8.28"), (date(2026, 1, 1), "7.86")):
            self.assertEqual(find(floors, day).percent, Decimal(rate))
            self.assertEqual(find(legal, day).percent * 3, Decimal(rate))

    def test_fr_006_the_floor_binds_contracts_and_not_the_rate_of_the_law(self):
        day = date(2024, 7, 1)
        self.assertEqual(find(self._rates("fr_b2b"), day).percent, Decimal("14.25"))
        raised = limit(Decimal("14.25"), self._rates("fr_floor"), None, day, day)
        self.assertEqual(raised[0].percent, Decimal("14.76"))

    def test_fr_007_the_two_readings_of_an_end_of_month(self):
        found = end_of_month_terms(date.fromisoformat(EXAMPLES["FR-007"]["due_date"]), 45)
        self.assertEqual([str(day) for day in found], ["2025-04-30", "2025-04-14"])

    def test_fr_069_the_compensation_is_owed_for_each_invoice(self):
        row = EXAMPLES["FR-069"]
        self.company.collection_legal_profile_id = self._ref("legal_profile", "fr_business")
        invoices = self._overdue_invoice(1000, row["due_date"]) | self._overdue_invoice(
            500, row["due_date"]
        )
        lines = invoices.line_ids.filtered("date_maturity")
        derivations = lines._collection_get_interest(date(2023, 1, 31)).values()
        claims = self.env["credit.collection.interest"]._get_claims(derivations)
        self.assertCents("FR-069", sum(one.total for one in derivations))
        self.assertCents(
            "FR-069", sum(one.amount for one in claims), "expected_fee_or_compensation"
        )

    def test_fr_070_a_french_consumer_from_the_formal_notice(self):
        """The notice of the example is of the due date itself."""
        found = self._accrue(EXAMPLES["FR-070"], "fr_legal", date(2026, 7, 1), date(2026, 9, 30))
        self.assertCents("FR-070", found.total)
        self.assertFalse(self._ref("legal_profile", "fr_consumer").fee_ids)

    def test_fr_074_months_end_on_the_same_day(self):
        self.assertEqual(add_months(date(2026, 9, 1), 3), date(2026, 12, 1))

    def test_nl_011_the_other_way_to_count_the_first_day(self):
        """From the due date up to the day before payment: as many days, another half-year."""
        found = self._accrue(EXAMPLES["NL-011"], "nl_legal", date(2025, 12, 17), date(2026, 1, 15))
        self.assertCents("NL-011", found.total)

    def test_nl_012_vat_where_the_creditor_cannot_deduct_it(self):
        principal = EXAMPLES["NL-012"]["principal"]
        self.assertEqual(self._fee("nl_consumer_wik", principal), Decimal("795.00"))
        self.company.collection_is_vat_deductible = False
        amount = self._fee("nl_consumer_wik", principal)
        self.assertCents("NL-012", amount, "expected_fee_or_compensation")

    # -------------------------------------------------------------------------
    # Traps
    # -------------------------------------------------------------------------

    def test_trap_be_028_a_minimum_is_not_the_amount(self):
        """The page claims 75; ten percent of 1000 are 100, which is more than the minimum."""
        row = EXAMPLES["BE-028"]
        penalty = by_clause(Decimal(row["principal"]), Decimal(10), Decimal(75))
        self.assertEqual(penalty, Decimal("100.00"))
        self.assertNotEqual(penalty, Decimal(row["expected_fee_or_compensation"]))

    def test_trap_nl_030_five_percent_end_at_ten_thousand(self):
        """The page goes on with five percent up to 190,000: 1625 instead of 1025 for 25,000."""
        self.assertEqual(EXAMPLES["NL-030"]["kind"], "trap")
        self.assertEqual(self._fee("nl_business_wik", 25000), Decimal("1025.00"))

    def test_trap_be_032_the_legal_interest_of_2010(self):
        """The page prints 3.5; the Moniteur belge of 15 January 2010 says 3.25."""
        day = date.fromisoformat(EXAMPLES["BE-032"]["due_date"])
        self.assertEqual(find(self._rates("be_legal"), day).percent, Decimal("3.25"))

    def test_trap_the_segments_of_a_total_rounded_at_the_end_add_up_to_it(self):
        """NL-078 and DE-092 name the totals of another convention: each segment rounded alone."""
        for series, until, alone, due in (
            ("nl_legal", date(2026, 1, 16), ("NL-078", "40.54"), date(2025, 12, 17)),
            ("de_b2b", date(2025, 7, 31), ("DE-092", "44.97"), date(2025, 5, 31)),
        ):
            row = EXAMPLES[alone[0]]
            found = self._accrue(row, series, due + DAY, until, rounding="segment")
            self.assertEqual(found.total, Decimal(alone[1]))
            found = self._accrue(row, series, due + DAY, until)
            self.assertCents(alone[0], found.total)

    def test_trap_uk_025_a_rounded_day_times_fifty(self):
        row, first = EXAMPLES["UK-025"], date(2018, 2, 1)
        totals = [
            self._accrue(row, "gb_b2b", first, first + 49 * DAY, rounding=rounding).total
            for rounding in ("daily", "end")
        ]
        self.assertEqual(totals, [Decimal("11.50"), Decimal("11.64")])

"""The worked examples of tests/data/law_examples.csv through the module: invoice in, letter out.

What a business owes is read from the charges of a notice that was sent and from the PDF that left
with it. Of consumers nothing is claimed before the law allows it: what they owe is derived from
their invoice, as their letter would say it.
"""

import io
import re
from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import tagged
from odoo.tools.misc import format_amount
from odoo.tools.pdf import PdfFileReader

from .test_charge import CHARGED, ChargeCommon
from .test_law_examples import DATED, EXAMPLES

DAY = timedelta(days=1)

# what the examples leave out: the law, a due date on which the rate of their formula holds, the
# contract, a profile of one's own. Their days say until when.
_WIK = {"law": "nl_business", "due": "2026-10-20", "is_reminded": True}
_COMPENSATION = {"law": "uk_business", "due": "2026-10-20"}
TOLD = {
    "BE-002": {"law": "be_business", "due": "2026-01-31", "rate": 10},
    "BE-028": {"law": "be_business", "due": "2026-01-31", "rate": 10, "penalty": 10, "least": 75},
    "BE-042": {
        "law": "be_business",
        "own": {"rate_series_id": "rate_series_be_b2b_before_2013", "fee_ids": False},
    },
    "BE-045": {"law": "be_business", "payments": [("2026-03-31", 1000)]},
    "CH-022": {
        "law": "ch_business",
        "own": {"interest_start": "due"},  # the contract names a day of payment
        "until": "2026-01-30",
        "payments": [("2026-01-20", 400)],
        "days": [19, 10],
    },
    "DE-016": {"law": "de_business", "due": "2026-07-31"},
    "DE-019": {"law": "de_business", "due": "2026-07-31", "rate": 5},
    "DE-021": {
        "law": "de_business",
        "own": {"day_count": "30e/360"},
        "due": "2015-12-31",  # the example counts the first of January
        "until": "2016-07-30",
        "rate": 6,
    },
    "FR-003": {"law": "fr_business", "due": "2026-01-31", "rate": 15},
    "FR-069": {"law": "fr_business", "amounts": (1000, 500)},
    "NL-008": {"law": "nl_business", "due": "2018-01-31"},
    "NL-077": {"law": "nl_business", "is_reminded": True},
    "UK-024": {"law": "uk_business", "due": "2026-07-31"},
    "UK-025": {"law": "uk_business", "due": "2018-01-31"},
    **{name: _WIK for name, row in EXAMPLES.items() if row["regime"] == "WIK"},
    **{name: _COMPENSATION for name, row in EXAMPLES.items() if row["regime"] == "COMPENSATION"},
}
_BELGIAN_CLAUSE = {
    "collection_interest_clause": "law",
    "collection_penalty_percent": 99,
    "collection_is_small": True,
}
_LUMP_SUM = {
    "law": "be_consumer",
    "due": "2026-09-30",
    "until": "2026-11-21",
    "reminded": "2026-10-12",
    "company": _BELGIAN_CLAUSE,
}
CONSUMERS = {
    "BE-063": _LUMP_SUM,
    # the law waits for a reminder, or for a day of payment that the contract names, as here
    "DE-017": {"law": "de_consumer", "due": "2026-07-31", "own": {"interest_start": "due"}},
    "DE-018": {
        "law": "de_consumer",
        "due": "2011-01-31",
        "own": {
            "rate_series_id": "rate_series_bbk_basiszinssatz",
            "rate_reset": "half_year",
            "rate_margin": 5,
            "interest_start": "due",
        },
    },
    "DE-091": {"law": "de_consumer", "own": {"interest_start": "due"}},
    # its formal notice is of the due date; the module sends it the day after
    "FR-070": {
        "law": "fr_consumer",
        "due": "2026-06-29",
        "formal": "2026-06-30",
        "until": "2026-09-30",
    },
    "NL-010": {"law": "nl_consumer"},
    # it counts the due date and not the day of payment: here the days of another invoice
    "NL-011": {"law": "nl_consumer", "due": "2025-12-16", "until": "2026-01-15"},
    "NL-012": {
        "law": "nl_consumer",
        "due": "2026-10-20",
        "until": "2026-11-21",
        "reminded": "2026-11-02",
        "company": {"collection_is_vat_deductible": False},
    },
    "NL-078": {"law": "nl_consumer", "reminded": "2025-12-18"},
    **{name: _LUMP_SUM for name, row in EXAMPLES.items() if row["regime"] == "B2C_INDEMNITY_CAP"},
}
# why the others are no invoice with interest or a fee; each has a test that says what it says
OTHERWISE = {
    "BE-041": "paid on its due date: there is no notice to send",
    "BE-032": "a rate that a page misprints",
    "BE-057": "the days of a first reminder",
    "BE-058": "the days of a first reminder",
    "BE-060": "the days of a first reminder",
    "FR-005": "the lowest rate of a contract",
    "FR-006": "the lowest rate of a contract",
    "FR-007": "a due date: two readings of a payment term",
    "FR-074": "the time limit of a court order",
    "NL-030": "a table that a page misprints",
}


@tagged("post_install", "-at_install")
class TestLawLetters(ChargeCommon):
    """What each example comes to on a letter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._currency("GBP", 0.85)
        cls.at_once = cls._policy([(1, 0, CHARGED)], name="Claims at once")
        cls.reminded = cls._policy([(1, 0), (2, 1, CHARGED)], name="Reminds first")
        cls.reminded.level_ids.letter_closing = "<p>{legal_first_reminder}</p>"
        cls.formal = cls._policy([(1, 0, {"is_formal_notice": True})], name="Formal at once")

    def _tell(self, name, told):
        """Post the invoices of an example; return them, and the last day that counts."""
        row = EXAMPLES[name]
        profile = self.env.ref(f"credit_collection.legal_profile_{told['law']}")
        self.company.company_registry = False
        self.company.country_id = profile.country_id
        if profile.mention_ids:
            self.company.company_registry = "0477472701"
        self.company.collection_legal_profile_id = False
        self._agree(told)
        if told.get("own"):
            profile = self._make_profile(profile, told["own"])
        is_consumer = profile.debtor_kind == "consumer"
        customer = self._customer(
            f"Debtor {name}",
            is_company=not is_consumer,
            country_id=profile.country_id.id,
            collection_policy_id=self._get_policy(told).id,
        )
        due = date.fromisoformat(told.get("due") or row["due_date"])
        until = told.get("until") or (not told.get("due") and row["paid_until_or_notice_date"])
        until = date.fromisoformat(until) if until else due + int(row["days"] or 30) * DAY
        currency = self.env["res.currency"].search([("name", "=", row["currency"])])
        invoices = self.env["account.move"]
        for amount in told.get("amounts") or (float(row["principal"] or 1000),):
            invoices |= self._overdue_invoice(amount, due, customer, currency_id=currency.id)
        contract = customer._collection_get_contracts(self.company)[customer]
        self.assertEqual(contract.profile, profile)
        return invoices, due, until

    def _agree(self, told):
        """Write what the contract says."""
        self.company.write(
            {
                "collection_interest_clause": "rate" if told.get("rate") else "none",
                "collection_interest_rate": told.get("rate", 0),
                "collection_penalty_percent": told.get("penalty", 0),
                "collection_penalty_min": told.get("least", 0),
                **told.get("company", {}),
            }
        )

    def _make_profile(self, shipped, vals):
        """Return a profile of the company, which differs from the shipped one in these fields."""
        own = shipped.copy({"company_id": self.company.id, "name": "Own"})
        for field, value in vals.items():
            is_series = own._fields[field].relational and value
            own[field] = self.env.ref(f"credit_collection.{value}") if is_series else value
        return own

    def _get_policy(self, told):
        if told.get("formal"):
            return self.formal
        is_reminded = told.get("is_reminded") or told.get("reminded")
        return self.reminded if is_reminded else self.at_once

    def _pages(self, content):
        """Return the text of a PDF, with single spaces."""
        pages = PdfFileReader(io.BytesIO(content), strict=False).pages
        return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))

    def _try(self, name, told, check):
        """Tell an example, check it, and forget it."""
        with self.subTest(name), self.env.cr.savepoint() as savepoint:
            check(name, *self._tell(name, told), told)
            savepoint.rollback()
        self.env.invalidate_all()
        self.env.cr.precommit.clear()

    # -------------------------------------------------------------------------
    # Businesses: on the letter
    # -------------------------------------------------------------------------

    def test_every_example_is_told_or_has_a_reason(self):
        dated = {
            name
            for name, row in EXAMPLES.items()
            if row["due_date"] and DATED.get((row["country"], row["regime"]))
        }
        letters = dated | set(TOLD) - set(CONSUMERS)
        self.assertEqual(letters | set(CONSUMERS) | set(OTHERWISE), set(EXAMPLES))
        self.assertFalse(set(OTHERWISE) & (set(TOLD) | set(CONSUMERS)))

    def test_the_letter_claims_what_the_example_says(self):
        for name, row in EXAMPLES.items():
            if name in CONSUMERS or name in OTHERWISE:
                continue
            law = DATED.get((row["country"], row["regime"]))
            self._try(name, TOLD.get(name) or {"law": law}, self._check_letter)

    def _check_letter(self, name, invoices, due, until, told):
        for day, amount in told.get("payments", ()):
            self._pay(invoices, amount, on=day)
        if told.get("is_reminded"):
            self._dun(due + DAY)
        dunning = self._dun(until).dunning_ids
        self.assertState(dunning, "sent")
        charges = self._charges(dunning, state="claimed")
        interest = charges.filtered(lambda one: one.kind == "interest")
        fees = charges - interest
        self._check_amounts(name, sum(interest.mapped("amount")), sum(fees.mapped("amount")))
        self._check_days(name, interest, told)
        text = self._pages(dunning.letter_id.raw)
        total = sum(dunning.line_ids.mapped("amount_residual")) + sum(charges.mapped("amount"))
        for amount in (*interest.mapped("amount"), *fees.mapped("amount"), total):
            words = format_amount(self.env, amount, invoices.currency_id).replace("\xa0", " ")
            self.assertIn(words, text, name)
        if EXAMPLES[name]["expected_total"] and EXAMPLES[name]["kind"] != "trap":
            self.assertEqual(f"{total:.2f}", EXAMPLES[name]["expected_total"], name)

    def _check_amounts(self, name, interest, fees):
        row = EXAMPLES[name]
        expected = (row["expected_interest"], interest), (row["expected_fee_or_compensation"], fees)
        for wanted, found in expected:
            if wanted and name != "BE-028":
                self.assertEqual(Decimal(f"{found:.2f}"), Decimal(wanted), name)
        if name == "BE-028":  # a trap: ten percent are more than the minimum of 75
            self.assertEqual((round(interest, 2), fees), (16.44, 100.0))

    def _check_days(self, name, interest, told):
        """The days of the derivation that is kept with the charge."""
        row = EXAMPLES[name]
        for charge in interest:
            days = [one["days"] for one in charge.derivation["segments"]]
            if told.get("days"):
                self.assertEqual(days, told["days"], name)
            elif row["days"]:
                self.assertEqual(sum(days), int(row["days"]), name)

    def test_be_041_an_invoice_that_falls_due_today_gets_no_letter(self):
        row = EXAMPLES["BE-041"]
        invoice = self._overdue_invoice(float(row["principal"]), row["due_date"])
        self.assertFalse(self._propose(row["paid_until_or_notice_date"]).dunning_ids)
        self._pay(invoice, on=row["paid_until_or_notice_date"])
        self.assertFalse(self._propose("2026-12-10").dunning_ids)
        self.assertFalse(self._charges(invoice))

    # -------------------------------------------------------------------------
    # Consumers: from the invoice
    # -------------------------------------------------------------------------

    def test_a_consumer_owes_what_the_example_says(self):
        for name, told in CONSUMERS.items():
            self._try(name, told, self._check_consumer)

    def _check_consumer(self, name, invoices, due, until, told):
        sent = told.get("reminded") or told.get("formal")
        if sent:
            self._dun(sent)
        self._day(until)
        line = invoices._collection_get_receivables()
        derivation = line._collection_get_interest(until)[line]
        claims = self.env["credit.collection.interest"]._get_claims([derivation], until)
        self._check_amounts(name, derivation.total, sum(one.amount for one in claims))
        if EXAMPLES[name]["expected_interest"]:
            days = sum(one.days for one in derivation.interest.segments)
            self.assertEqual(days, int(EXAMPLES[name]["days"]), name)

    # -------------------------------------------------------------------------
    # What is about something else
    # -------------------------------------------------------------------------

    def test_be_057_to_060_a_first_reminder_tells_until_when_nothing_is_added(self):
        for name, is_posted in (("BE-057", False), ("BE-058", True), ("BE-060", True)):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                channels = {"send_email": not is_posted, "send_letter": is_posted}
                self.reminded.level_ids.write(channels)
                person = self._customer(
                    f"Consumer {name}", is_company=False, collection_policy_id=self.reminded.id
                )
                sent = date.fromisoformat(EXAMPLES[name]["paid_until_or_notice_date"])
                self._overdue_invoice(100, sent - 10 * DAY, person)
                dunning = self._run(sent).dunning_ids
                claimable = dunning._get_waiting_period_end() + DAY
                self.assertIn(f"first_claimable={claimable}", EXAMPLES[name]["note"])
                savepoint.rollback()
            self.env.invalidate_all()
            self.env.cr.precommit.clear()

    def test_fr_005_and_fr_006_a_contract_below_the_floor_is_raised_to_it_and_the_law_is_not(self):
        self.company.country_id = self.env.ref("base.fr")
        customer = self._customer("Debtor", country_id=self.env.ref("base.fr").id)
        expected = {
            ("2025-06-30", "2026-01-31", "rate"): ["8.28", "7.86"],
            ("2024-06-30", "2024-12-31", "rate"): ["14.76"],
            ("2024-06-30", "2024-12-31", "none"): ["14.25"],
        }
        for (due, until, clause), rates in expected.items():
            self.company.write(
                {"collection_interest_clause": clause, "collection_interest_rate": 1}
            )
            line = self._overdue_invoice(1000, due, customer)._collection_get_receivables()
            derivation = line._collection_get_interest(date.fromisoformat(until))[line]
            percents = [str(one.percent) for one in derivation.interest.segments]
            self.assertEqual(percents, rates)
            self.assertEqual(bool(derivation.corrections), clause == "rate")

    def test_nl_030_twenty_five_thousand_cost_1025_on_the_letter(self):
        told = _WIK | {"amounts": (25000,)}
        self._try("NL-088", told, self._check_letter)

from datetime import date
from decimal import Decimal

from odoo.tests import Form, tagged

from .common import CollectionCommon

JUNE = date(2026, 6, 30)


class InterestCommon(CollectionCommon):
    """A company that sells to businesses under Belgian law, unless a test says otherwise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._law("be_business")

    @classmethod
    def _law(cls, name):
        profile = cls.env.ref(f"credit_collection.legal_profile_{name}")
        if profile.debtor_kind == "business":
            cls.company.collection_legal_profile_id = profile
        return profile

    def _derive(self, invoice, until=JUNE):
        line = invoice.line_ids.filtered(lambda one: one.account_type == "asset_receivable")
        return line._collection_get_interest(until)[line]

    def _claims(self, *derivations):
        return self.env["credit.collection.interest"]._get_claims(derivations, JUNE)

    def assertSegments(self, derivation, expected):
        """`[(first day, last day, base, interest), ...]` as text."""
        found = [
            (str(one.first), str(one.last), str(one.base), str(one.amount))
            for one in derivation.interest.segments
        ]
        self.assertEqual(found, expected)


@tagged("post_install", "-at_install")
class TestLateInterest(InterestCommon):
    """Interest follows the ledger: each payment on its date, whatever was done with the debt."""

    def test_each_payment_lowers_the_base_from_the_day_after(self):
        """F14."""
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._pay(invoice, 400, on="2026-02-28")
        self._pay(invoice, 100, on="2026-03-31")
        self.assertSegments(
            self._derive(invoice),
            [
                ("2026-02-01", "2026-02-28", "1000.00", "8.05"),
                ("2026-03-01", "2026-03-31", "600.00", "5.36"),
                ("2026-04-01", "2026-06-30", "500.00", "13.08"),
            ],
        )

    def test_a_bankruptcy_stops_the_interest(self):
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._day("2026-03-02")
        self._commit()
        litigation = self.env["credit.collection.litigation"].create(
            {
                "case_id": self._case().id,
                "kind_id": self.env.ref("credit_collection.litigation_kind_bankruptcy_be").id,
                "date_judgment": "2026-03-01",
            }
        )
        litigation.action_open()
        self.assertSegments(
            self._derive(invoice), [("2026-02-01", "2026-02-28", "1000.00", "8.05")]
        )
        litigation.action_cancel()
        self.assertEqual(str(self._derive(invoice).interest.segments[-1].last), "2026-06-30")

    def test_an_invoice_that_was_paid_late_bears_interest_for_its_delay(self):
        """F13."""
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._pay(invoice, on="2026-02-20")
        self.assertEqual(invoice.payment_state, "paid")
        derivation = self._derive(invoice)
        self.assertSegments(derivation, [("2026-02-01", "2026-02-20", "1000.00", "5.75")])
        self.assertEqual([claim.amount for claim in self._claims(derivation)], [Decimal(40)])
        self.assertEqual(derivation.open, 0)

    def test_an_invoice_paid_on_its_due_date_owes_nothing(self):
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._pay(invoice, on="2026-01-31")
        derivation = self._derive(invoice)
        self.assertFalse(derivation.interest.segments)
        self.assertFalse(self._claims(derivation))

    def test_a_credit_note_lowers_the_base_from_its_own_day(self):
        invoice = self._overdue_invoice(1000, "2026-01-31")
        note = self._credit_note(400, "2026-03-01")
        (invoice | note).line_ids.filtered("date_maturity").reconcile()
        self.assertSegments(
            self._derive(invoice),
            [
                ("2026-02-01", "2026-02-28", "1000.00", "8.05"),
                ("2026-03-01", "2026-06-30", "600.00", "21.06"),
            ],
        )

    def test_what_is_written_off_is_no_longer_claimed(self):
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self.company.collection_write_off_account_id = self.company_data["default_account_expense"]
        self._commit()
        self._day("2026-03-01")
        action = self._items(invoice).action_write_off()
        Wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard = Wizard.create({"reason": "Gone bankrupt", "date": "2026-03-01"})
        wizard.action_write_off()
        self.assertSegments(
            self._derive(invoice), [("2026-02-01", "2026-02-28", "1000.00", "8.05")]
        )

    def test_a_debt_that_became_doubtful_goes_on_bearing_interest(self):
        doubtful = self.company_data["default_account_receivable"].copy({"code": "407000"})
        self.company.collection_doubtful_account_id = doubtful
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._commit()
        self._day("2026-03-01")
        action = self._items(invoice).action_doubtful()
        Wizard = self.env[action["res_model"]].with_context(**action["context"])
        Wizard.create({"reason": "Does not answer", "is_moved": True}).action_move()
        moved = self.env["account.move.line"].search(
            [("collection_origin_line_id.move_id", "=", invoice.id)]
        )
        self._pay_line(moved, 400, "2026-03-31")
        expected = [
            ("2026-02-01", "2026-03-31", "1000.00", "16.97"),
            ("2026-04-01", "2026-06-30", "600.00", "15.71"),
        ]
        self.assertSegments(self._derive(invoice), expected)
        self.assertSegments(moved._collection_get_interest(JUNE)[moved], expected)

    def _pay_line(self, line, amount, on):
        payment = self._unmatched_payment(amount, on)
        credit = payment.move_id.line_ids.filtered(
            lambda one: one.account_type == "asset_receivable"
        )
        credit.account_id = line.account_id
        (line | credit).reconcile()

    def test_each_instalment_runs_from_its_own_due_date(self):
        """F9, F17."""
        invoice = self._overdue_invoice(1000, "2026-01-31", term=self._term((50, 0), (50, 60)))
        lines = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        found = lines._collection_get_interest(JUNE)
        self.assertEqual([str(found[line].first) for line in lines], ["2026-02-01", "2026-04-02"])

    def test_an_invoice_in_another_currency_bears_interest_in_it(self):
        dollar = self._currency("USD", 1.25)
        invoice = self._overdue_invoice(1000, "2026-01-31", currency_id=dollar.id)
        self._pay(invoice, 400, on="2026-02-28", currency_id=dollar.id)
        derivation = self._derive(invoice)
        self.assertSegments(
            derivation,
            [
                ("2026-02-01", "2026-02-28", "1000.00", "8.05"),
                ("2026-03-01", "2026-06-30", "600.00", "21.06"),
            ],
        )
        self.assertEqual([claim.amount for claim in self._claims(derivation)], [Decimal(50)])

    def test_a_currency_without_cents_has_interest_without_cents(self):
        """F2, S9."""
        yen = self._currency("JPY", 160)
        yen.rounding = 1
        invoice = self._overdue_invoice(100000, "2026-01-31", currency_id=yen.id)
        self.assertEqual(self._derive(invoice).total, Decimal(4315))

    def test_days_for_which_no_rate_is_published_bear_nothing_and_say_so(self):
        invoice = self._overdue_invoice(1000, "2026-12-21")
        wizard = self._wizard(invoice, "2027-01-31")
        self.assertIn("No rate is published for 01/01/2027 to 01/31/2027", wizard.derivation)
        derivation = self._derive(invoice, date(2027, 1, 31))
        self.assertEqual(derivation.total, Decimal("2.88"))

    def test_a_credit_or_a_draft_bears_no_interest(self):
        note = self._credit_note(100)
        self.assertIn("credit of the customer", self._derive(note).reason)
        draft = self._overdue_invoice(100, post=False)
        self.assertIn("no posted debt", self._derive(draft).reason)

    def test_the_order_of_the_law_where_the_company_follows_it(self):
        """The invoice is paid in the ledger, and what went to interest is still owed."""
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._pay(invoice, on="2026-02-20")
        self.company.collection_imputation = "law"
        derivation = self._derive(invoice)
        self.assertEqual(derivation.interest.settlements[0].interest, Decimal("5.75"))
        self.assertSegments(
            derivation,
            [
                ("2026-02-01", "2026-02-20", "1000.00", "5.75"),
                ("2026-02-21", "2026-06-30", "5.75", "0.22"),
            ],
        )

    def test_a_swiss_debt_waits_for_a_reminder(self):
        self._law("ch_business")
        invoice = self._overdue_invoice(1000, "2026-02-10")
        self.assertIn("none was sent yet", self._derive(invoice).reason)
        self._dun("2026-03-02")
        self.assertEqual(self._derive(invoice).first, date(2026, 3, 3))

    def test_a_reminder_by_phone_puts_nobody_in_default(self):
        self._law("ch_business")
        self._level(1).write({"send_email": False, "send_call": True})
        invoice = self._overdue_invoice(1000, "2026-02-10")
        self._dun("2026-03-02")
        self.assertIn("none was sent yet", self._derive(invoice).reason)

    def test_a_french_consumer_waits_for_the_formal_notice(self):
        consumer = self._customer(
            "Ann",
            is_company=False,
            country_id=self.env.ref("base.fr").id,
            collection_policy_id=self.policy.id,
        )
        invoice = self._overdue_invoice(1000, "2026-02-10", consumer)
        self._dun("2026-03-02")
        self.assertIn("formal notice", self._derive(invoice).reason)
        self._level(2).is_formal_notice = True
        self._dun("2026-03-16")
        self.assertEqual(self._derive(invoice).first, date(2026, 3, 17))

    def test_a_letter_gives_a_belgian_consumer_more_time_than_an_email(self):
        self.company.collection_interest_clause = "law"
        self._level(1).write({"send_email": False, "send_letter": True})
        self._protect()
        consumer = self._customer("Ann", is_company=False, collection_policy_id=self.policy.id)
        invoice = self._overdue_invoice(1000, "2026-02-10", consumer)
        dunning = self._dun("2026-03-02").dunning_ids
        self.assertIn("none was sent yet", self._derive(invoice).reason)
        dunning.action_print_letters()
        dunning.action_mark_posted()
        self.assertEqual(self._derive(invoice).first, date(2026, 3, 19))

    def test_a_luxembourg_consumer_has_three_months(self):
        consumer = self._customer("Ann", is_company=False, country_id=self.env.ref("base.lu").id)
        invoice = self._overdue_invoice(1000, "2024-02-10", consumer, invoice_date="2024-01-20")
        derivation = self._derive(invoice, date(2025, 1, 31))
        self.assertEqual(derivation.first, date(2024, 5, 1))
        self.assertEqual(derivation.interest.missing, ((date(2025, 1, 1), date(2025, 1, 31)),))

    def test_a_public_body_in_france_keeps_the_rate_of_its_first_day(self):
        town = self._customer(
            "Town", collection_debtor_kind="public", country_id=self.env.ref("base.fr").id
        )
        invoice = self._overdue_invoice(1000, "2025-06-20", town)
        rates = {one.percent for one in self._derive(invoice).interest.segments}
        self.assertEqual(rates, {Decimal("11.15")})

    def test_a_term_that_is_too_long_is_noted(self):
        invoice = self._overdue_invoice(1000, "2026-04-30", invoice_date="2026-01-15")
        self.assertRegex(self._derive(invoice).corrections[0], "longer than the law allows")

    def test_the_number_of_queries_does_not_depend_on_the_number_of_items(self):
        counts = []
        for size in (2, 2, 20):
            invoices = self.env["account.move"]
            for number in range(size):
                customer = self._customer(f"Customer {size} {number}")
                invoice = self._overdue_invoice(100, "2026-01-31", customer)
                self._pay(invoice, 10, on="2026-02-20")
                invoices |= invoice
            lines = invoices.line_ids.filtered("date_maturity")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            derivations = lines._collection_get_interest(JUNE)
            self.env["credit.collection.interest"]._get_claims(derivations.values(), JUNE)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1], counts)

    # -------------------------------------------------------------------------
    # The screen
    # -------------------------------------------------------------------------

    def _wizard(self, invoice, until="2026-06-30"):
        self._commit()
        action = invoice.action_collection_interest()
        Wizard = self.env[action["res_model"]].with_context(**action["context"])
        with Form(Wizard) as form:
            form.date_until = until
        return form.record

    def test_the_invoice_shows_how_its_interest_follows(self):
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._pay(invoice, 400, on="2026-02-28")
        text = self._wizard(invoice).derivation
        for words in (
            invoice.name,
            "Law of 2 August 2002",
            "Payment of 400.00\N{NO-BREAK SPACE}€",
            "02/28/2026",
            "10.50",
            "21.06",
            "embuild.be",
            "Fixed compensation",
        ):
            self.assertIn(words, str(text))

    def test_the_case_shows_all_that_is_open_and_on_demand_what_was_paid_late(self):
        late = self._overdue_invoice(1000, "2026-01-31")
        paid = self._overdue_invoice(500, "2026-01-31")
        self._pay(paid, on="2026-02-20")
        self._commit()
        action = self._case().action_interest()
        wizard = self.env[action["res_model"]].with_context(**action["context"]).create({})
        self.assertIn(late.name, wizard.derivation)
        self.assertNotIn(paid.name, wizard.derivation)
        wizard.with_paid = True
        self.assertIn(paid.name, wizard.derivation)

    def test_a_reader_sees_it_and_a_stranger_does_not(self):
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self._commit()
        reader = self._user("reader", "credit_collection_group_readonly")
        wizard = self.env["credit.collection.case.interest"].with_user(reader)
        wizard = wizard.create({"case_id": self._case().id})
        self.assertIn(invoice.name, wizard.derivation)
        seller = self._user("seller")
        self.assertFalse(
            self.env["credit.collection.case.interest"].with_user(seller).has_access("create")
        )


@tagged("post_install", "-at_install")
class TestContracts(InterestCommon):
    """A contract says what the law lets it say."""

    def _own_terms(self, **vals):
        self.customer.write(
            {
                "collection_has_own_terms": True,
                **{f"collection_{name}": value for name, value in vals.items()},
            }
        )

    def _rates(self, derivation):
        return {str(one.percent) for one in derivation.interest.segments}

    def test_a_contract_rate_holds_between_businesses(self):
        self.company.write({"collection_interest_clause": "rate", "collection_interest_rate": 7.25})
        derivation = self._derive(self._overdue_invoice(1000, "2026-01-31"))
        self.assertEqual(self._rates(derivation), {"7.25"})
        self.assertFalse(derivation.corrections)

    def test_the_customer_may_have_terms_of_his_own(self):
        self.company.write({"collection_interest_clause": "rate", "collection_interest_rate": 7.25})
        self._own_terms(interest_clause="rate", interest_rate=4)
        invoice = self._overdue_invoice(1000, "2026-01-31")
        self.assertEqual(self._rates(self._derive(invoice)), {"4.0"})
        other = self.env["res.company"].create({"name": "Other"})
        contract = self.customer._collection_get_contracts(other)[self.customer]
        self.assertEqual(contract.clause, "none")

    def test_a_french_contract_rate_is_raised_to_the_floor_and_says_so(self):
        self._law("fr_business")
        self.company.write({"collection_interest_clause": "rate", "collection_interest_rate": 8})
        derivation = self._derive(self._overdue_invoice(1000, "2025-12-11"))
        rates = [str(one.percent) for one in derivation.interest.segments]
        self.assertEqual(rates, ["8.28", "8.0"])
        self.assertRegex(derivation.corrections[0], "8.00 % is below .*: 8.28 %")

    def test_a_belgian_consumer_owes_no_interest_without_a_clause(self):
        consumer = self._customer("Ann", is_company=False)
        invoice = self._overdue_invoice(600, "2026-01-31", consumer)
        self._dun("2026-03-02")
        derivation = self._derive(invoice)
        self.assertIn("no clause about late interest", derivation.reason)
        self.assertFalse(self._claims(derivation))

    def test_a_belgian_consumer_owes_no_more_than_the_caps(self):
        self.company.write(
            {
                "collection_interest_clause": "rate",
                "collection_interest_rate": 12,
                "collection_penalty_percent": 15,
                "collection_penalty_min": 75,
            }
        )
        self._protect(self.env.ref("credit_collection.policy_consumer"))
        consumer = self._customer("Ann", is_company=False)
        invoice = self._overdue_invoice(600, "2026-01-31", consumer)
        self._dun("2026-03-02")
        self._day("2026-03-30")
        derivation = self._derive(invoice)
        self.assertEqual(self._rates(derivation), {"10.5"})
        self.assertRegex(derivation.corrections[0], "12.00 % is above .*: 10.50 %")
        (claim,) = self._claims(derivation)
        self.assertEqual(claim.amount, Decimal("70.00"))
        self.assertIn("gives more", claim.correction)
        self.company.write({"collection_penalty_percent": 5, "collection_penalty_min": 0})
        (claim,) = self._claims(self._derive(invoice))
        self.assertEqual(claim.amount, Decimal("30.00"))

    def test_a_dutch_consumer_has_the_rate_of_the_law(self):
        self.company.write({"collection_interest_clause": "rate", "collection_interest_rate": 12})
        consumer = self._customer("Ann", is_company=False, country_id=self.env.ref("base.nl").id)
        derivation = self._derive(self._overdue_invoice(600, "2026-01-31", consumer))
        self.assertEqual(self._rates(derivation), {"4.0"})
        self.assertRegex(derivation.corrections[0], "12.00 % is not applied")

    def test_dutch_collection_costs_take_the_place_of_the_forty_euros_after_a_reminder(self):
        self._law("nl_business")
        invoices = [self._overdue_invoice(amount, "2026-01-31") for amount in (1000, 2000)]
        found = self._claims(*map(self._derive, invoices))
        self.assertEqual([claim.amount for claim in found], [40, 40])
        self._dun("2026-03-02")
        (claim,) = self._claims(*map(self._derive, invoices))
        self.assertEqual(claim.amount, Decimal("425.00"))
        self.assertFalse(claim.line)

    def test_a_penalty_clause_between_businesses_takes_the_place_of_a_lower_compensation(self):
        self._own_terms(penalty_percent=10, penalty_min=75, penalty_max=90)
        amounts = []
        for amount in (100, 800, 5000):
            derivation = self._derive(self._overdue_invoice(amount, "2026-01-31"))
            amounts += [claim.amount for claim in self._claims(derivation)]
        self.assertEqual(amounts, [Decimal(75), Decimal(80), Decimal(90)])
        self._own_terms(penalty_percent=1, penalty_min=0, penalty_max=0)
        derivation = self._derive(self._overdue_invoice(100, "2026-01-31"))
        self.assertEqual([claim.amount for claim in self._claims(derivation)], [Decimal(40)])

    def test_a_swiss_contract_may_have_a_penalty_where_the_law_has_none(self):
        self._law("ch_business")
        self._own_terms(penalty_percent=10)
        derivation = self._derive(self._overdue_invoice(500, "2026-01-31"))
        self.assertEqual([claim.amount for claim in self._claims(derivation)], [Decimal(50)])

    def test_a_french_consumer_owes_no_penalty(self):
        self.company.collection_penalty_percent = 10
        consumer = self._customer("Ann", is_company=False, country_id=self.env.ref("base.fr").id)
        derivation = self._derive(self._overdue_invoice(500, "2026-01-31", consumer))
        self.assertFalse(self._claims(derivation))

    def test_a_penalty_is_limited_in_the_currency_of_the_company(self):
        self._own_terms(penalty_percent=10, penalty_max=50)
        dollar = self._currency("USD", 1.25)
        invoice = self._overdue_invoice(1000, "2026-01-31", currency_id=dollar.id)
        derivation = self._derive(invoice)
        self.assertEqual([claim.amount for claim in self._claims(derivation)], [Decimal("62.50")])

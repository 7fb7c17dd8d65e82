from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import convert_file, mute_logger

from odoo.addons.credit_collection.tools.rates import find, reset_half_yearly

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestDebtorKind(CollectionCommon):
    """Which law protects a customer depends on what he is."""

    def _person(self, **vals):
        return self._customer("Ann Bourgeois", is_company=False, **vals)

    def assertKind(self, partner, kind):
        self.assertEqual(partner._collection_get_debtor_kind(), {partner: kind})
        self.assertEqual(partner.collection_debtor_kind_applied, kind)

    def test_a_company_is_a_business(self):
        self.assertKind(self.customer, "business")

    def test_a_person_is_a_consumer(self):
        self.assertKind(self._person(), "consumer")

    def test_a_person_with_a_tax_number_is_a_business(self):
        self.assertKind(self._person(vat="BE0477472701"), "business")

    def test_a_slash_instead_of_a_tax_number_says_that_there_is_none(self):
        self.assertKind(self._person(vat="/"), "consumer")

    def test_what_is_set_by_hand_counts(self):
        self.customer.collection_debtor_kind = "public"
        self.assertKind(self.customer, "public")
        self.customer.collection_debtor_kind = False
        self.assertKind(self.customer, "business")

    def test_a_contact_is_what_his_company_is(self):
        contact = self._contact(self.customer, "Bookkeeper")
        self.assertKind(contact, "business")
        self.customer.collection_debtor_kind = "public"
        self.assertKind(contact, "public")

    def test_many_customers_are_told_apart_at_once(self):
        person = self._person()
        contact = self._contact(self.customer)
        kinds = (self.customer | person | contact)._collection_get_debtor_kind()
        self.assertEqual(
            kinds, {self.customer: "business", person: "consumer", contact: "business"}
        )
        self.assertFalse(self.env["res.partner"]._collection_get_debtor_kind())

    def test_the_form_tells_how_the_customer_is_treated(self):
        person = self._person()
        with Form(person) as form:
            self.assertEqual(form.collection_debtor_kind_applied, "consumer")
            form.collection_debtor_kind = "business"
        self.assertKind(person, "business")

    def test_a_collector_sets_the_kind_and_a_seller_does_not_see_it(self):
        collector = self._user(
            "collector", "credit_collection_group_user", "base.group_partner_manager"
        )
        reader = self._user(
            "reader", "credit_collection_group_readonly", "base.group_partner_manager"
        )
        seller = self._user("seller", "base.group_partner_manager")
        self.customer.with_user(collector).collection_debtor_kind = "public"
        self.assertEqual(self.customer.with_user(reader).collection_debtor_kind, "public")
        with self.assertRaises(AccessError):
            self.customer.with_user(reader).collection_debtor_kind = "consumer"
        with self.assertRaises(AccessError):
            self.customer.with_user(seller).read(["collection_debtor_kind"])


@tagged("post_install", "-at_install")
class TestLegalProfile(CollectionCommon):
    """The law that protects is the one that applies."""

    def _profile(self, partner, company=None):
        contracts = partner._collection_get_contracts(company or self.company)
        return contracts[partner].profile

    def assertLaw(self, partner, name):
        expected = self.env.ref(f"credit_collection.legal_profile_{name}") if name else None
        self.assertEqual(self._profile(partner), expected or self._profile(partner).browse())

    def _country(self, code):
        return self.env.ref(f"base.{code}").id

    def _own_profile(self, name="be_business", **vals):
        shipped = self.env.ref(f"credit_collection.legal_profile_{name}")
        return shipped.with_user(self._manager()).copy(vals)

    def _manager(self):
        return self.env.user.search([("login", "=", "law")]) or self._user(
            "law", "credit_collection_group_manager", "base.group_partner_manager"
        )

    def test_a_consumer_has_the_law_of_his_country_and_a_business_that_of_the_creditor(self):
        for country in ("fr", "nl", "de", "lu"):
            person = self._customer("Ann", is_company=False, country_id=self._country(country))
            self.assertLaw(person, f"{country}_consumer")
            firm = self._customer("Firm", country_id=self._country(country))
            self.assertLaw(firm, "be_business")
        self.assertLaw(self._customer("Ann", is_company=False), "be_consumer")

    def test_a_public_body_has_the_law_of_its_country_or_that_of_businesses_there(self):
        for country, law in (("fr", "fr_public"), ("de", "de_business")):
            town = self._customer(
                "Town", collection_debtor_kind="public", country_id=self._country(country)
            )
            self.assertLaw(town, law)

    def test_who_has_no_country_is_where_the_company_is(self):
        self.assertLaw(self._customer("Ann", is_company=False, country_id=False), "be_consumer")

    def test_nobody_is_under_a_law_that_is_not_known(self):
        person = self._customer("Ann", is_company=False, country_id=self._country("pl"))
        self.assertLaw(person, None)
        invoice = self._overdue_invoice(100, "2026-01-31", person)
        line = invoice.line_ids.filtered("date_maturity")
        self.assertIn("No legal profile", line._collection_get_interest()[line].reason)

    def test_a_contract_may_choose_another_law_for_a_business(self):
        french = self.env.ref("credit_collection.legal_profile_fr_business")
        self.company.collection_legal_profile_id = french
        self.assertLaw(self.customer, "fr_business")
        german = self.env.ref("credit_collection.legal_profile_de_business")
        self.customer.collection_legal_profile_id = german
        self.assertLaw(self.customer, "de_business")
        other = self.env["res.company"].create({"name": "Other", "country_id": self._country("nl")})
        self.assertEqual(self._profile(self.customer, other).country_id, other.country_id)

    def test_no_contract_takes_the_protection_of_a_consumer_away(self):
        person = self._customer("Ann", is_company=False)
        with self.assertRefused("choose a law for this kind of debtor"):
            person.collection_legal_profile_id = self.env.ref(
                "credit_collection.legal_profile_be_business"
            )
        self.customer.collection_legal_profile_id = self.env.ref(
            "credit_collection.legal_profile_de_business"
        )
        self.customer.is_company = False  # a salesperson corrects it: he is a consumer after all
        self.assertLaw(self.customer, "be_consumer")

    def test_a_profile_of_ones_own_goes_before_the_shipped_one(self):
        own = self._own_profile()
        self.assertEqual(self._profile(self.customer), own)
        of_the_company = self._own_profile(company_id=self.company.id)
        self.assertEqual(self._profile(self.customer), of_the_company)
        other = self.env["res.company"].create({"name": "Other", "country_id": self._country("be")})
        self.assertEqual(self._profile(self.customer, other), own)

    def test_a_copy_has_the_fees_and_may_be_changed(self):
        own = self._own_profile("be_consumer")
        self.assertFalse(own.is_shipped)
        self.assertEqual(own.fee_ids.mapped("active"), [True, False])
        self.assertFalse(any(own.fee_ids.mapped("is_shipped")))
        self.assertEqual(len(own.fee_ids[0].tier_ids), 3)
        own.fee_ids[1].active = True
        own.fee_ids[1].tier_ids.amount = 6

    def test_what_is_shipped_is_not_changed_nor_imitated(self):
        profile = self.env.ref("credit_collection.legal_profile_be_business")
        fee = profile.fee_ids
        for record, vals in (
            (profile, {"payment_days_max": 90}),
            (fee, {"amount_min": 50}),
            (fee.tier_ids, {"amount": 50}),
            (profile.rate_series_id, {"name": "Mine"}),
            (profile.rate_series_id.rate_ids[0], {"percent": 12}),
        ):
            own = record.with_user(self._manager())
            with self.assertRefused("comes with the module"):
                own.write(vals)
            with self.assertRefused("comes with the module"):
                own.unlink()
        with self.assertRefused("Only the module itself"):
            profile.rate_series_id.with_user(self._manager()).create(
                {"name": "Mine", "code": "MINE", "is_shipped": True}
            )

    def test_two_profiles_for_the_same_debtors_are_refused(self):
        self._own_profile()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self._own_profile()

    def test_months_and_periods_are_asked_for_where_interest_waits_for_them(self):
        with self.assertRefused("after how many months"):
            self._own_profile(interest_start="months")
        with self.assertRefused("days to pay"):
            self._own_profile(interest_start="reminder_period")

    def test_each_profile_says_where_its_law_was_read(self):
        profiles = self.env["credit.collection.legal.profile"].search([])
        self.assertEqual(len(profiles), 18)
        for profile in profiles:
            self.assertTrue(profile.source and profile.legal_basis and profile.verified_on)
            for fee in profile.with_context(active_test=False).fee_ids:
                self.assertTrue(fee.source and fee.legal_basis and fee.tier_ids, fee.name)

    def test_a_fee_is_converted_on_the_day_of_the_claim(self):
        """F2."""
        dollar = self._currency("USD", 1.25)
        fee = self.env.ref("credit_collection.fee_be_business_fixed")
        amount = fee._get_amount(Decimal(100), dollar, self.company, date(2026, 3, 2))
        self.assertEqual(amount, Decimal("50.0"))

    def test_reminders_beyond_the_free_ones_have_their_price(self):
        fee = self.env.ref("credit_collection.fee_be_consumer_reminder")
        euro = self.company.currency_id
        amounts = [
            fee._get_amount(Decimal(100), euro, self.company, date(2026, 3, 2), count)
            for count in (3, 4, 5)
        ]
        self.assertEqual(amounts, [Decimal(0), Decimal("7.5"), Decimal("15.0")])


@tagged("post_install", "-at_install")
class TestInterestRate(CollectionCommon):
    """Rates come with the module, are read again at each upgrade, and give way to one's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.series = cls.env.ref("credit_collection.rate_series_be_b2b")
        cls.manager = cls._user(cls, "manager", "credit_collection_group_manager")

    def _rate(self, first="2027-01-01", last="2027-06-30", percent=11.0):
        return (
            self.env["credit.collection.interest.rate"]
            .with_user(self.manager)
            .create(
                {
                    "series_id": self.series.id,
                    "date_from": first,
                    "date_to": last,
                    "percent": percent,
                    "source": "Moniteur belge",
                }
            )
        )

    def _percent(self, day):
        rate = find(self.series._get_rates()[self.series], date.fromisoformat(day))
        return rate and rate.percent

    def _upgrade(self):
        """Read the data of the module again, as an upgrade does."""
        for name in (
            "credit.collection.rate.series.csv",
            "credit.collection.interest.rate.csv",
            "credit_collection_legal_profile_data.xml",
        ):
            convert_file(self.env(su=True), "credit_collection", f"data/{name}", {}, mode="update")

    def test_a_rate_that_was_published_is_added(self):
        self.assertIsNone(self._percent("2027-02-01"))
        self._rate()
        self.assertEqual(self._percent("2027-02-01"), Decimal("11.0"))

    def test_an_own_rate_goes_before_the_shipped_one_and_survives_the_upgrade(self):
        own = self._rate("2026-03-01", "2026-03-31", 9.0)
        profile = self.env.ref("credit_collection.legal_profile_be_business")
        mine = profile.with_user(self.manager).copy({"payment_days_max": 45})
        shipped = self.series.rate_ids.filtered(lambda rate: str(rate.date_from) == "2026-01-01")
        shipped.sudo().percent = 1.0  # what an older version of the module said
        profile.sudo().payment_days_max = 1
        count = self.env["credit.collection.interest.rate"].search_count([])
        self._upgrade()
        self.assertEqual(self.env["credit.collection.interest.rate"].search_count([]), count)
        self.assertEqual(shipped.percent, 10.5)
        self.assertEqual(profile.payment_days_max, 60)
        self.assertEqual((own.percent, mine.payment_days_max), (9.0, 45))
        found = [self._percent(day) for day in ("2026-02-28", "2026-03-01", "2026-04-01")]
        self.assertEqual(found, [Decimal("10.5"), Decimal("9.0"), Decimal("10.5")])

    def test_duplicates_are_refused(self):
        self._rate()
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(IntegrityError, "date_from_unique"):
            self._rate(last="2027-03-31")
            self.env.flush_all()

    def test_overlaps_are_refused_with_what_to_do(self):
        self._rate()
        with self.assertRefused("overlaps with .* change their dates"):
            self._rate("2027-06-01", None)

    def test_a_file_is_imported_by_the_code_of_the_series(self):
        Rate = self.env["credit.collection.interest.rate"].with_user(self.manager)
        columns = ["id", "series_id", "date_from", "date_to", "percent", "source"]
        rows = [
            ["my_2027_1", "BE_B2B", "2027-01-01", "2027-06-30", "11.0", "Moniteur belge"],
            ["my_2027_2", "BE_B2B", "2027-07-01", "2027-12-31", "11.5", "Moniteur belge"],
        ]
        result = Rate.load(columns, rows)
        self.assertFalse(result["messages"])
        self.assertEqual(self._percent("2027-08-01"), Decimal("11.5"))
        rows[1][4] = "12.0"
        self.assertEqual(Rate.load(columns, rows)["ids"], result["ids"])
        self.assertEqual(self._percent("2027-08-01"), Decimal("12.0"))
        with mute_logger("odoo.sql_db"):
            again = Rate.load(columns[1:], [rows[0][1:]])
        self.assertIn("has a rate from that day already", again["messages"][0]["message"])

    def test_shipped_rates_do_not_overlap_and_have_sources(self):
        rates = self.env["credit.collection.interest.rate"].search([("is_shipped", "=", True)])
        self.assertEqual(len(rates), 487)
        for series, rows in rates.grouped("series_id").items():
            ordered = rows.sorted("date_from")
            for earlier, later in pairwise(ordered):
                self.assertLess(earlier.date_to, later.date_from, series.name)
        self.assertTrue(all(rate.source and rate.confidence for rate in rates))

    def test_the_rates_of_laws_follow_from_those_of_the_central_banks(self):
        """Two tables that were collected apart agree from 2016 on."""
        first, until = date(2016, 1, 1), date(2026, 12, 31)
        ecb, bundesbank = self._reference("ecb_mro"), self._reference("bbk_basiszinssatz")
        for name, reference, margin, step in (
            ("be_b2b", ecb, 8, "0.5"),
            ("fr_b2b", ecb, 10, "0"),
            ("nl_b2b", ecb, 8, "0"),
            ("lu_b2b", ecb, 8, "0"),
            ("es_b2b", ecb, 8, "0"),
            ("it_b2b", ecb, 8, "0"),
            ("de_b2b", bundesbank, 9, "0"),
            ("de_b2c", bundesbank, 5, "0"),
        ):
            law = self._reference(name)
            for half in reset_half_yearly(reference, first, until, Decimal(margin), Decimal(step)):
                self.assertEqual(find(law, half.first).percent, half.percent, (name, half))

    def test_british_rates_follow_from_the_last_day_of_the_half_year_before(self):
        bank, law = self._reference("boe_bank_rate"), self._reference("gb_b2b")
        for year in range(2009, 2027):
            for month in (1, 7):
                day = date(year, month, 1)
                before = find(bank, day - timedelta(days=1)).percent
                self.assertEqual(find(law, day).percent, before + 8, day)

    def _reference(self, name):
        series = self.env.ref(f"credit_collection.rate_series_{name}")
        return series._get_rates()[series]


@tagged("post_install", "-at_install")
class TestLawAccess(CollectionCommon):
    """Everybody in collections reads the law; a manager writes it, in his companies."""

    def test_a_collector_does_not_write_the_contract_of_a_customer(self):
        collector = self._user(
            "collector", "credit_collection_group_user", "base.group_partner_manager"
        )
        for name, value in (
            ("collection_has_own_terms", True),
            ("collection_interest_rate", 5),
            ("collection_legal_profile_id", False),
        ):
            with self.assertRaises(AccessError):
                self.customer.with_user(collector)[name] = value
        self.customer.with_user(collector).read(["collection_interest_rate"])
        manager = self._user(
            "manager", "credit_collection_group_manager", "base.group_partner_manager"
        )
        self.customer.with_user(manager).collection_has_own_terms = True

    def test_terms_are_those_of_one_company(self):
        self.customer.collection_interest_rate = 5
        other = self.env["res.company"].create({"name": "Other"})
        self.assertEqual(self.customer.with_company(other).collection_interest_rate, 0)

    def test_negative_terms_are_refused(self):
        with self.assertRefused("not negative"):
            self.customer.collection_penalty_min = -1

    def test_the_profile_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        shipped = self.env.ref("credit_collection.legal_profile_nl_business")
        theirs = shipped.copy({"company_id": other.id})
        manager = self._user("manager", "credit_collection_group_manager")
        for records in (theirs, theirs.fee_ids, theirs.fee_ids.tier_ids):
            with self.assertRaises(AccessError):
                records.with_user(manager).read(["display_name"])
            with self.assertRaises(AccessError):
                records.with_user(manager).write({"create_date": False})
        seen = self.env["credit.collection.legal.profile"].with_user(manager).search([])
        self.assertNotIn(theirs, seen)
        with self.assertRefused("choose a law"):
            self.customer.collection_legal_profile_id = theirs

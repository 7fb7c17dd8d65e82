from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

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

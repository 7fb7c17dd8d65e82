from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestMultiCompany(CollectionCommon):
    """Two companies over one database: what one does is no business of the other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_data = cls.setup_other_company(
            name="Other Company", currency_id=cls.env.ref("base.EUR").id
        )
        cls.other = cls.other_data["company"]
        cls.other.collection_policy_id = cls.policy
        cls.env.user.company_ids |= cls.other

    def _other_invoice(self, amount=70.0, partner=None):
        return self._overdue_invoice(
            amount,
            partner=partner,
            company_id=self.other.id,
            journal_id=self.other_data["default_journal_sale"].id,
        )

    def test_a_run_takes_the_invoices_of_its_company_only(self):
        """S24: also when the user sees both."""
        ours, theirs = self._overdue_invoice(), self._other_invoice()
        self.env = self.env(
            context={**self.env.context, "allowed_company_ids": [self.company.id, self.other.id]}
        )
        self.assertNotices(self._propose(), [(self.customer, 1, {ours: 1})])
        self.assertNotices(self._propose(company=self.other), [(self.customer, 1, {theirs: 1})])

    def test_a_customer_has_a_case_in_each_company(self):
        self._overdue_invoice(100.0)
        self._other_invoice(70.0)
        self._commit()
        self.assertEqual(self._case().amount_overdue, 100.0)
        self.assertEqual(self._case(company=self.other).amount_overdue, 70.0)
        self.assertEqual(self.customer.collection_amount_overdue, 100.0)
        self.assertEqual(self.customer.with_company(self.other).collection_amount_overdue, 70.0)

    def test_the_last_notice_of_one_company_does_not_bind_the_other(self):
        """L16."""
        self._overdue_invoice()
        self._dun("2026-03-05")
        self._day("2026-03-10")
        Run = self.env["credit.collection.run"]
        with self.assertRefused("cannot be dated before"):
            Run.create({"date": "2026-03-04"})
        Run.create({"date": "2026-03-04", "company_id": self.other.id})

    def test_quiet_days_are_between_a_company_and_its_customer(self):
        self.policy.quiet_days = 30
        self._overdue_invoice()
        self._dun()
        self.assertDecision(self._other_invoice(), "due")

    def test_a_hold_in_one_company_holds_nothing_in_the_other(self):
        ours, theirs = self._overdue_invoice(), self._other_invoice()
        self._hold(self.customer)
        self.assertDecision(ours, "hold")
        self.assertDecision(theirs, "due")

    def test_a_customer_may_be_under_another_policy_in_each_company(self):
        self.customer.collection_policy_id = self.env.ref("credit_collection.policy_no_dunning")
        self.assertDecision(self._overdue_invoice(), "no_dunning")
        self.assertDecision(self._other_invoice(), "due")

    def test_a_policy_of_one_company_is_not_for_the_other(self):
        self._policy(name="Ours", company_id=self.company.id)
        invoice = self._other_invoice()
        with self.assertRefused("Ours"):
            invoice.collection_policy_id = self.env["credit.collection.policy"].search(
                [("name", "=", "Ours")]
            )

    def test_who_works_for_one_company_sees_nothing_of_the_other(self):
        """I10."""
        invoice = self._other_invoice()
        self._run_cron("credit_collection.ir_cron_assess")
        run = self._propose(company=self.other)
        run.action_approve()
        self._send()
        hold = self.env["credit.collection.hold"].create(
            {
                "case_id": self._case(company=self.other).id,
                "move_id": invoice.id,
                "reason": "query",
                "date_end": "2026-06-01",
            }
        )
        stranger = self._user("stranger", "credit_collection_group_manager")
        self.assertEqual(stranger.company_ids, self.company)
        records = (
            run,
            run.dunning_ids,
            run.dunning_ids.line_ids,
            run.dunning_ids.delivery_ids,
            run.dunning_ids.case_id,
            run.dunning_ids.case_id.item_ids,
            hold,
        )
        for record in records:
            self.assertTrue(record)
            Model = record.with_user(stranger).with_context(allowed_company_ids=self.company.ids)
            self.assertFalse(Model.search([("id", "in", record.ids)]), record._name)
            with self.assertRaises(AccessError):
                Model.invalidate_recordset()
                Model.read(["display_name"])
        with self.assertRaises(AccessError):
            run.with_user(stranger).action_approve()
        with self.assertRaises(AccessError):
            run.dunning_ids.with_user(stranger)._cancel("none of my business")

    def test_whoever_books_in_both_companies_keeps_both_up_to_date(self):
        """In one transaction, whichever company is the current one."""
        ours, theirs = self._overdue_invoice(post=False), None
        theirs = self._other_invoice()
        ours.action_post()
        self._commit()
        self._pay(theirs.with_company(self.other))
        self._commit()
        self.assertEqual(self._case().state, "open")
        self.assertEqual(self._case(company=self.other).state, "closed")

    def test_a_company_that_fails_stops_no_other(self):
        self.policy.is_automatic = True
        self._overdue_invoice()
        theirs = self._other_invoice()
        Run = self.registry["credit.collection.run"]
        propose = Run._propose

        def propose_but_not_here(run):
            if run.company_id == self.company:
                raise KeyError("no such thing")
            return propose(run)

        with (
            patch.object(Run, "_propose", propose_but_not_here),
            self.assertLogs("odoo.addons.credit_collection.models.res_company", "ERROR") as logs,
        ):
            self._run_cron("credit_collection.ir_cron_run")
        self.assertIn(self.company.name, logs.output[0])
        runs = self.env["credit.collection.run"].search([])
        self.assertEqual(runs.company_id, self.other)
        self.assertEqual(runs.dunning_ids.line_ids.move_line_id.move_id, theirs)

    def test_the_daily_run_goes_through_every_company(self):
        self.policy.is_automatic = True
        self._overdue_invoice()
        self._other_invoice()
        self._run_cron("credit_collection.ir_cron_run")
        runs = self.env["credit.collection.run"].search([])
        self.assertEqual(runs.company_id, self.company | self.other)
        self.assertEqual(runs.mapped("proposed_count"), [1, 1])

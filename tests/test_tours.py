from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestTours(CollectionCommon, HttpCase):
    """People at their screens, in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.company_ids = cls.env.company
        cls.patient = cls._customer("Patient Ltd")

    def _login(self, login, *groups):
        companies = [Command.set(self.env.company.ids)]
        return self._user(login, *groups, company_ids=companies, lang="en_US").login

    def _remind(self):
        """Send what is due, as if every mail server and postman had taken it."""
        self._commit()
        self._run().dunning_ids.delivery_ids._set_sent()
        self._commit()

    def test_collector_runs_leaves_one_out_and_approves(self):
        late = self._overdue_invoice()
        patient = self._overdue_invoice(partner=self.patient)
        self._commit()
        self.start_tour(
            "/odoo",
            "credit_collection_run",
            login=self._login("collector", "credit_collection_group_user"),
        )
        self.assertDecision(late, "queued")
        self.assertDecision(patient, "due")

    def test_collector_leaves_invoices_out_of_a_notice(self):
        first, second = self._overdue_invoice(), self._overdue_invoice(due="2026-02-15")
        self._commit()
        run = self._propose()
        self.start_tour(
            f"/odoo/collection-runs/{run.id}",
            "credit_collection_leave_out",
            login=self._login("collector", "credit_collection_group_user"),
        )
        self.assertEqual(run.left_out_line_ids.move_id, first | second)
        self.assertFalse(run.dunning_ids)

    def test_collector_enters_a_promise_and_takes_it_back(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        self.start_tour(
            f"/odoo/collection-cases/{self._case().id}",
            "credit_collection_promise",
            login=self._login("collector", "credit_collection_group_user"),
        )
        self.assertEqual(self._case().promise_ids.state, "cancel")
        self.assertDecision(invoice, "due")

    def test_collector_waives_a_charge_sends_the_notice_posts_and_reverses(self):
        self.company.sudo().collection_interest_account_id = self.env["account.account"].create(
            {"name": "Late interest", "code": "756001", "account_type": "income_other"}
        )
        invoice = self._overdue_invoice(1000.0)
        self.policy.level_ids.write({"charge_interest": True, "charge_fees": True})
        self._commit()
        run = self._propose()
        login = self._login("collector", "credit_collection_group_user")
        self.start_tour(
            f"/odoo/collection-runs/{run.id}", "credit_collection_charge_propose", login=login
        )
        run.dunning_ids._check_amounts()
        run.dunning_ids.delivery_ids._set_sent()
        self._commit()
        charges = run.dunning_ids.charge_ids
        self.assertEqual(
            {charge.kind: charge.state for charge in charges},
            {"interest": "claimed", "fee": "waived"},
        )
        self.start_tour(
            f"/odoo/collection-cases/{self._case().id}",
            "credit_collection_charge_post",
            login=login,
        )
        interest = charges.filtered(lambda charge: charge.kind == "interest")
        self.assertEqual((interest.state, interest.reason), ("claimed", "Booked too early"))
        booked = self.env["account.move"].search([("invoice_origin", "=", run.dunning_ids.name)])
        self.assertEqual(booked.mapped("payment_state"), ["reversed"])
        self.assertEqual(invoice.amount_residual, 1000.0)

    def test_a_collectors_day_from_the_first_call_to_the_last_answer(self):
        login = self._login("collector", "credit_collection_group_user")
        collector = self.env["res.users"].search([("login", "=", login)])
        self.company.sudo().collection_user_id = collector
        writer = self._customer("Writer Ltd")
        self.customer.write({"phone": "+32 2 555 01 00", "collection_debtor_kind": "consumer"})
        self._overdue_invoice(5000.0)
        promised = self._overdue_invoice(70.0, partner=self.patient)
        reminded = self._overdue_invoice(30.0, partner=self.patient)
        self._overdue_invoice(10.0, partner=writer)
        self._commit()
        (self._case() | self._case(self.patient)).date_next_action = "2026-03-02"
        self._case(writer).message_post(
            body="When did you deliver?", message_type="email", author_id=writer.id
        )
        self._commit()
        self.start_tour("/odoo", "credit_collection_day", login=login)
        self.assertEqual(str(self._case().date_next_action), "2026-03-03")
        case = self._case(self.patient)
        self.assertEqual((case.promise_ids.amount, case.date_next_action), (70.0, False))
        self.assertDecision(promised, "hold")
        self.assertDecision(reminded, "queued")
        self.assertFalse(self._case(writer).answer_count)

    def test_collector_holds_an_invoice_and_releases_it(self):
        invoice = self._overdue_invoice()
        self._commit()
        self.start_tour(
            f"/odoo/customer-invoices/{invoice.id}",
            "credit_collection_hold",
            login=self._login("collector", "credit_collection_group_user"),
        )
        self.assertEqual(self._case().hold_ids.state, "released")
        self.assertDecision(invoice, "due")

    def test_collector_disputes_a_part_and_rejects_it(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        login = self._login("collector", "credit_collection_group_user")
        with mute_logger("odoo.http"):  # he is told to write an answer first
            self.start_tour(
                f"/odoo/customer-invoices/{invoice.id}", "credit_collection_dispute", login=login
            )
        dispute = invoice.collection_dispute_ids
        self.assertEqual((dispute.state, dispute.amount), ("rejected", 40.0))
        self.assertDecision(invoice, "due")

    def test_collector_agrees_a_payment_plan(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        self.start_tour(
            f"/odoo/collection-cases/{self._case().id}",
            "credit_collection_payment_plan",
            login=self._login("collector", "credit_collection_group_user"),
        )
        plan = self._case().plan_ids
        self.assertEqual(
            (plan.state, plan.installment_ids.mapped("amount")), ("active", [50.0] * 2)
        )
        self.assertIn(b"%PDF", plan.agreement_id.raw)
        self.assertDecision(invoice, "hold")

    def test_collector_goes_to_court_and_withdraws(self):
        invoice = self._overdue_invoice(100.0)
        self._customer("Maître Dupont")
        self._commit()
        self.start_tour(
            f"/odoo/collection-cases/{self._case().id}",
            "credit_collection_litigation",
            login=self._login("collector", "credit_collection_group_user"),
        )
        litigation = self._case().litigation_ids
        self.assertEqual((litigation.state, litigation.amount_claimed), ("cancel", 104.5))
        self.assertEqual(litigation.party_ids.reference, "D/2026/17")
        self.assertDecision(invoice, "due")

    def test_manager_follows_a_bankruptcy_until_nothing_is_left(self):
        self._overdue_invoice(100.0)
        self._commit()
        groups = ("credit_collection_group_manager", "base.group_partner_manager")
        with mute_logger("odoo.http"):  # he is told to enter the judgment first
            self.start_tour(
                f"/odoo/res.partner/{self.customer.id}",
                "credit_collection_insolvency",
                login=self._login("manager", *groups),
            )
        litigation = self._case().litigation_ids
        self.assertEqual(litigation.state, "irrecoverable")
        self.assertEqual(litigation.line_ids.amount_residual, 100.0)

    def test_manager_makes_a_policy(self):
        self.start_tour(
            "/odoo/collection-policies",
            "credit_collection_policy",
            login=self._login("manager", "credit_collection_group_manager"),
        )
        policy = self.env["credit.collection.policy"].search([("name", "=", "Large accounts")])
        self.assertEqual(policy.level_ids.mapped("delay_days"), [10, 30])

    def test_user_without_rights_opens_an_invoice(self):
        invoice = self._overdue_invoice()
        self._remind()
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "credit_collection_no_rights_invoice",
            login=self._login("seller", self._get_seller_group()),
        )

    def test_user_without_rights_opens_a_customer(self):
        self._overdue_invoice()
        self._remind()
        self.start_tour(
            f"/odoo/res.partner/{self.customer.id}",
            "credit_collection_no_rights_customer",
            login=self._login("seller", "base.group_partner_manager"),
        )

    def _get_seller_group(self):
        """Return a group that reads invoices, as Odoo's sales give it, and has no other right."""
        group = self.env["res.groups"].create({"name": "Seller"})
        self.env["ir.model.data"].create(
            {
                "module": "credit_collection",
                "name": "test_group_seller",
                "model": "res.groups",
                "res_id": group.id,
            }
        )
        self.env["ir.model.access"].create(
            [
                {
                    "name": model,
                    "model_id": self.env["ir.model"]._get_id(model),
                    "group_id": group.id,
                    "perm_read": True,
                }
                for model in (
                    "account.journal",
                    "account.move",
                    "account.move.line",
                    "account.payment",
                )
            ]
        )
        return "credit_collection.test_group_seller"

    def test_collector_hands_over_a_claim_and_looks_when_it_lapses(self):
        invoice = self._overdue_invoice()
        self.env["ir.attachment"].create(
            {
                "name": "invoice.pdf",
                "raw": b"%PDF-1.4",
                "res_model": invoice._name,
                "res_id": invoice.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        self.company.account_fiscal_country_id = self.env.ref("base.be")
        self._commit()
        self.start_tour(
            f"/odoo/collection-cases/{self._case().id}",
            "credit_collection_handover",
            login=self._login("collector", "credit_collection_group_user"),
        )
        handover = self._case().handover_ids
        for action in (handover.action_download_pdf(), handover.action_download_zip()):
            self.authenticate("collector", "collector")
            answer = self.url_open(action["url"])
            self.assertEqual(answer.status_code, 200)
            self.assertIn(answer.content, (handover.pdf_id.raw, handover.zip_id.raw))

from odoo.tests import Form, tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestInvoiceLifecycle(CollectionCommon):
    """What becomes of notices when invoices are corrected, cancelled, and by whom."""

    def test_cancelling_an_invoice_takes_it_off_the_proposal(self):
        """I1."""
        invoice, other = self._overdue_invoice(), self._overdue_invoice()
        run = self._propose()
        invoice.button_draft()
        invoice.button_cancel()
        self.assertNotices(run, [(self.customer, 1, {other: 1})])

    def test_a_proposal_that_lost_its_last_invoice_is_not_sent(self):
        """I1."""
        invoice = self._overdue_invoice()
        run = self._propose()
        invoice.button_draft()
        invoice.button_cancel()
        self._commit()
        with self.assertRefused("propose again"):
            run.action_approve()
        self._send()
        self.assertEqual(self.emails, [])
        self.assertEqual(run.state, "draft")

    def test_what_was_paid_between_proposal_and_approval_is_not_approved(self):
        """S20: the others are."""
        paid = self._overdue_invoice(partner=self._customer("Paid"))
        open_invoice = self._overdue_invoice()
        run = self._propose()
        self._pay(paid)
        run.action_approve()
        self._send()
        sent = run.dunning_ids.filtered(lambda dunning: dunning.state == "sent")
        self.assertEqual(sent.line_ids.move_line_id.move_id, open_invoice)
        self.assertEqual(len(self.emails), 1)

    def test_an_invoice_on_a_sent_notice_is_corrected_and_the_case_says_so(self):
        """I2, I3: the shipped choice."""
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        name = invoice.name
        invoice.button_draft()
        body = self._case().message_ids[0].body
        self.assertIn(name, body)
        self.assertIn(dunning.name, body)
        self.assertState(dunning, "sent")
        self.assertEqual(dunning.line_ids.name, name)
        invoice.button_cancel()
        self._commit()
        self.assertEqual(self._case().state, "closed")

    def test_an_invoice_on_a_sent_notice_is_kept_where_the_company_says_so(self):
        """I2, I3: the other choice."""
        self.company.collection_protect_dunned = True
        invoice, other = self._overdue_invoice(), self._overdue_invoice(due="2026-03-20")
        self._dun()
        with self.assertRefused("issue a credit note"):
            invoice.button_draft()
        other.button_draft()
        self._reverse_invoice(invoice, post=True, date="2026-03-02")

    def test_a_corrected_invoice_keeps_its_level(self):
        """Its journal item is still the one that was reminded."""
        invoice = self._overdue_invoice()
        self._dun()
        invoice.button_draft()
        invoice.action_post()
        self.assertLevel(invoice, 1)

    def test_a_deleted_invoice_leaves_the_notice_as_it_was(self):
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        name = invoice.name
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self.assertEqual(dunning.line_ids.name, name)
        self.assertEqual(dunning.line_ids.amount_residual, 100.0)

    def test_who_has_no_right_in_collections_works_as_before(self):
        """I5, I6: posts, pays, corrects and cancels, without an error."""
        readers = self.env.ref("credit_collection.credit_collection_group_readonly")
        for name in ("account.group_account_invoice", "account.group_account_readonly"):
            self.env.ref(name).sudo().implied_ids -= readers
        clerk = self._user("clerk", "account.group_account_user", "base.group_partner_manager")
        self.assertNotIn(readers, clerk.all_group_ids)
        invoice = self._overdue_invoice(post=False)
        own = invoice.with_user(clerk)
        own.action_post()
        self._commit()
        self._dun()
        with Form(own) as form:
            form.ref = "PO 4711"
        payment = (
            self.env["account.payment.register"]
            .with_user(clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": "2026-03-02"})
            ._create_payments()
        )
        self._commit()
        self.assertEqual(self._case().state, "closed")
        payment.action_draft()
        own.button_draft()
        own.button_cancel()
        self._commit()
        with Form(self.customer.with_user(clerk)) as form:
            form.city = "Ghent"

    def test_a_salesperson_opens_the_customer_and_learns_nothing(self):
        """I6."""
        self._overdue_invoice()
        self._dun()
        seller = self._user("seller", "base.group_partner_manager")
        self.assertFalse(seller.has_group("credit_collection.credit_collection_group_readonly"))
        customer = self.customer.with_user(seller)
        with Form(customer) as form:
            form.city = "Ghent"
        self.assertNotIn("collection_policy_id", customer.fields_get())
        self._commit()

    def test_a_salesperson_changes_what_the_policy_depends_on(self):
        """I5: the case follows, whatever his rights."""
        invoice = self._overdue_invoice()
        self._commit()
        french = self._policy([(30, 0)], name="French")
        self.env["credit.collection.policy.rule"].create(
            {"policy_id": french.id, "country_ids": self.env.ref("base.fr").ids, "sequence": 1}
        )
        seller = self._user("seller", "base.group_partner_manager")
        self.customer.with_user(seller).country_id = self.env.ref("base.fr")
        self.assertDecision(invoice, "not_late", next_on="2026-03-22")

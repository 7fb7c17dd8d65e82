from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.credit_collection.const import ACCOUNT_PREFIXES

from .common import CollectionCommon

FOLLOW = "credit_collection.ir_cron_follow_provisions"


class WriteOffCommon(CollectionCommon):
    """A company that knows on which accounts it gives up, doubts and provides."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.loss = cls._account("Losses on customers", "6420", "expense")
        cls.doubtful = cls._account("Doubtful customers", "4070", "asset_receivable")
        cls.provision = cls._account("Provision", "4090", "asset_current")
        cls.expense = cls._account("Expense of provisions", "6340", "expense")
        cls.receivable = cls.company_data["default_account_receivable"]
        cls.company.sudo().write(
            {
                "collection_write_off_account_id": cls.loss.id,
                "collection_doubtful_account_id": cls.doubtful.id,
                "collection_provision_account_id": cls.provision.id,
                "collection_provision_expense_account_id": cls.expense.id,
            }
        )

    @classmethod
    def _account(cls, name, code, account_type, **vals):
        return cls.env["account.account"].create(
            {
                "name": name,
                "code": code,
                "account_type": account_type,
                "reconcile": account_type == "asset_receivable",
                **vals,
            }
        )

    @classmethod
    def _tax(cls, percent, **vals):
        """Return a tax on sales; what is refunded has a tag of its own."""
        tag = cls.env["account.account.tag"].create(
            {"name": f"Refunded {percent}", "applicability": "taxes"}
        )
        account = cls._account(f"Tax {percent}", f"4510{percent:g}9", "liability_current")
        tax = cls.env["account.tax"].create(
            {"name": f"{percent} %", "amount": percent, "type_tax_use": "sale", **vals}
        )
        (tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids).filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = account
        tax.refund_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).tag_ids = tag
        return tax

    @classmethod
    def _taxed_invoice(cls, *parts, due="2026-02-20", **vals):
        """Return an overdue invoice of these parts: (price, tax)."""
        move = cls._overdue_invoice(0.0, due, post=False, **vals)
        move.invoice_line_ids = [
            Command.clear(),
            *(
                Command.create({"name": "Goods", "price_unit": price, "tax_ids": tax.ids})
                for price, tax in parts
            ),
        ]
        move.action_post()
        return move

    def _open(self, records, method):
        """Return the dialog that a button opens."""
        self._commit()
        action = getattr(records, method)()
        return Form(self.env[action["res_model"]].with_context(**action["context"]))

    def _plan(self, invoice):
        """Agree on a payment plan over an invoice."""
        self._commit()
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": self._case().id,
                "line_ids": [
                    Command.create({"move_line_id": item.move_line_id.id, "amount": 100.0})
                    for item in self._items(invoice)
                ],
            }
        )
        plan.action_make_installments()
        plan._set_state("active", allowed=("draft",))
        return plan

    def _write_off(self, *invoices, amounts=None, user=None, **vals):
        """Write off invoices, in whole or the amounts, and return what is recorded of it."""
        self._commit()
        items = self._items(self.env["account.move"].union(*invoices))
        if user:
            items = items.with_user(user)
        action = items.action_write_off()
        Wizard = items.env[action["res_model"]].with_context(**action["context"])
        wizard = Wizard.create({"reason": "Gone bankrupt", **vals})
        for invoice, amount in zip(invoices, amounts or (), strict=False):
            wizard.line_ids.filtered(
                lambda line, one=invoice: line.move_line_id.move_id == one
            ).amount = amount
        before = self.env["credit.collection.write.off"].search([])
        wizard.action_write_off()
        return self.env["credit.collection.write.off"].search([]) - before

    def _doubt(self, *invoices, **vals):
        """Treat invoices as doubtful, and return what is recorded of it."""
        self._commit()
        action = self._items(self.env["account.move"].union(*invoices)).action_doubtful()
        Wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard = Wizard.create({"reason": "Does not answer", **vals})
        before = self.env["credit.collection.provision"].search([])
        wizard.action_move()
        return self.env["credit.collection.provision"].search([]) - before

    def assertEntry(self, entry, expected):
        """The entry has these lines, in the currency of the company: `[(account, balance)]`."""
        self.assertEqual(entry.state, "posted")
        self.assertAlmostEqual(sum(entry.line_ids.mapped("balance")), 0.0)
        self.assertCountEqual(
            [(line.account_id.name, round(line.balance, 2)) for line in entry.line_ids],
            [(account.name, balance) for account, balance in expected],
        )

    def assertBalanced(self, entry):
        """To the cent, in the currency of the company and in each other one."""
        currency = entry.company_currency_id
        self.assertTrue(currency.is_zero(sum(entry.line_ids.mapped("balance"))))
        for own, lines in entry.line_ids.grouped("currency_id").items():
            self.assertTrue(own.is_zero(sum(lines.mapped("amount_currency"))), own.name)


@tagged("post_install", "-at_install")
class TestWriteOff(WriteOffCommon):
    """What will never be paid is given up, by who may decide it, and can be taken back."""

    # -------------------------------------------------------------------------
    # The entry
    # -------------------------------------------------------------------------

    def test_what_is_in_a_payment_plan_is_not_given_up_before_the_plan(self):
        invoice = self._overdue_invoice(100.0)
        plan = self._plan(invoice)
        with self.assertRefused("is in the payment plan"):
            self._write_off(invoice)
        plan.action_cancel()
        self.assertEqual(self._write_off(invoice).state, "posted")

    def test_what_is_written_off_is_a_loss_and_closes_the_case(self):
        invoice = self._overdue_invoice(100.0)
        write_off = self._write_off(invoice)
        self.assertEntry(write_off.move_id, [(self.receivable, -100.0), (self.loss, 100.0)])
        self.assertEqual(write_off.amount, 100.0)
        self.assertEqual(write_off.user_id, self.env.user)
        self.assertEqual(invoice.amount_residual, 0.0)
        self._commit()
        self.assertEqual(self._case().state, "closed")
        self.assertIn("was written off", invoice.message_ids[0].body)
        self.assertIn("Gone bankrupt", self._case().message_ids[0].body)

    def test_the_case_proposes_what_is_overdue_and_not_agreed(self):
        overdue = self._overdue_invoice(100.0)
        self._overdue_invoice(50.0, due="2026-03-20")
        promised = self._overdue_invoice(30.0)
        self._commit()
        self.env["credit.collection.promise"].create(
            {
                "case_id": self._case().id,
                "move_line_ids": promised.collection_item_ids.move_line_id.ids,
                "amount": 30.0,
                "date_promised": "2026-03-06",
            }
        )
        form = self._open(self._case(), "action_write_off")
        form.reason = "Lost"
        self.assertEqual(form.amount, 100.0)
        self.assertEqual(form.account_id, self.loss)
        form.save().action_write_off()
        self.assertEqual(overdue.amount_residual, 0.0)
        self.assertEqual(promised.amount_residual, 30.0)

    def test_where_everything_is_agreed_nothing_is_proposed(self):
        self._overdue_invoice(50.0, due="2026-03-20")
        self._commit()
        with self.assertRefused("free of an agreement"):
            self._case().action_write_off()

    def test_a_part_of_an_invoice(self):
        invoice = self._overdue_invoice(100.0)
        form = self._open(self._items_of(invoice), "action_write_off")
        form.reason = "Agreed to forget it"
        with form.line_ids.edit(0) as line:
            line.amount = 33.33
        self.assertEqual(form.amount, 33.33)
        form.save().action_write_off()
        self.assertEqual(invoice.amount_residual, 66.67)
        self.assertDecision(invoice, "due", level=1)

    def _items_of(self, *invoices):
        self._commit()
        return self._items(self.env["account.move"].union(*invoices))

    def test_two_invoices_in_one_entry(self):
        first, second = self._overdue_invoice(100.0), self._overdue_invoice(50.0)
        write_off = self._write_off(first, second, amounts=(100.0, 20.0))
        self.assertEntry(
            write_off.move_id,
            [
                (self.receivable, -100.0),
                (self.receivable, -20.0),
                (self.loss, 100.0),
                (self.loss, 20.0),
            ],
        )
        self.assertEqual((first | second).mapped("amount_residual"), [0.0, 30.0])

    def test_in_the_currency_of_the_invoice_at_its_own_rate(self):
        dollar = self._currency("USD", 2.0)
        invoice = self._overdue_invoice(200.0, currency_id=dollar.id)
        euro = self._overdue_invoice(10.0)
        write_off = self._write_off(invoice, euro, amounts=(200.0, 10.0))
        self.assertBalanced(write_off.move_id)
        self.assertEqual(write_off.amount, 110.0)
        loss = write_off.move_id.line_ids.filtered(lambda line: line.currency_id == dollar)
        self.assertEqual(sorted(loss.mapped("amount_currency")), [-200.0, 200.0])
        self.assertEqual(sorted(loss.mapped("balance")), [-100.0, 100.0])
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_no_more_than_what_is_open(self):
        invoice = self._overdue_invoice(100.0)
        with self.assertRefused("No more than .*100.00.* is open"):
            self._write_off(invoice, amounts=(100.01,))
        with self.assertRefused("Say how much"):
            self._write_off(invoice, amounts=(0.0,))
        self.assertEqual(invoice.amount_residual, 100.0)

    def test_what_was_paid_meanwhile_is_not_written_off(self):
        invoice = self._overdue_invoice(100.0)
        wizard = self._open(self._items_of(invoice), "action_write_off")
        wizard.reason = "Lost"
        wizard = wizard.save()
        self._pay(invoice)
        with self.assertRefused("no open debt"):
            wizard.action_write_off()

    def test_the_items_of_two_customers_are_not_mixed(self):
        other = self._customer("Other")
        items = self._items_of(self._overdue_invoice(), self._overdue_invoice(partner=other))
        with self.assertRefused("one customer at a time"):
            items.action_write_off()
        credit = self._items_of(self._credit_note(10.0))
        with self.assertRefused("match them instead"):
            credit.action_write_off()

    def test_analytic_accounting_follows(self):
        plan = self.env.ref("analytic.analytic_plan_projects")
        shop = self.env["account.analytic.account"].create({"name": "Ghent", "plan_id": plan.id})
        write_off = self._write_off(
            self._overdue_invoice(100.0), analytic_distribution={str(shop.id): 100}
        )
        lines = write_off.move_id.line_ids.analytic_line_ids
        self.assertEqual([(line.account_id, line.amount) for line in lines], [(shop, -100.0)])

    def test_without_an_account_it_says_so(self):
        self.company.sudo().collection_write_off_account_id = False
        with self.assertRefused("Choose the account"):
            self._write_off(self._overdue_invoice(100.0))

    def test_a_promise_is_not_kept_by_a_write_off(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        promise = self.env["credit.collection.promise"].create(
            {
                "case_id": self._case().id,
                "move_line_ids": invoice.collection_item_ids.move_line_id.ids,
                "amount": 100.0,
                "date_promised": "2026-03-06",
            }
        )
        self._write_off(invoice)
        self._commit()
        self._run_cron("credit_collection.ir_cron_judge_promises", on="2026-03-20")
        self.assertEqual(promise.amount_kept, 0.0)
        self.assertEqual(promise.state, "broken")

    # -------------------------------------------------------------------------
    # Tax
    # -------------------------------------------------------------------------

    def test_the_tax_is_recovered_to_the_cent(self):
        """Two rates: 121.00 and 21.20, of which 21.00 and 1.20 are tax."""
        high, low = self._tax(21), self._tax(6)
        invoice = self._taxed_invoice((100.0, high), (20.0, low))
        write_off = self._write_off(invoice, tax_handling="recover")
        accounts = {tax: tax.refund_repartition_line_ids.account_id for tax in (high, low)}
        self.assertEntry(
            write_off.move_id,
            [
                (self.receivable, -142.2),
                (self.loss, 120.0),
                (accounts[high], 21.0),
                (accounts[low], 1.2),
            ],
        )
        self.assertEqual(write_off.amount_tax, 22.2)
        for tax in (high, low):
            line = write_off.move_id.line_ids.filtered(lambda one, tax=tax: one.tax_line_id == tax)
            self.assertEqual(line.tax_tag_ids, tax.refund_repartition_line_ids.tag_ids)
        write_off.action_reverse()
        tagged_lines = self.env["account.move.line"].search(
            [("tax_tag_ids", "in", high.refund_repartition_line_ids.tag_ids.ids)]
        )
        self.assertEqual(len(tagged_lines), 2)
        self.assertEqual(sum(tagged_lines.mapped("balance")), 0.0)

    def test_of_a_part_the_tax_is_recovered_in_proportion(self):
        high, low = self._tax(21), self._tax(6)
        invoice = self._taxed_invoice((100.0, high), (20.0, low))
        self._pay(invoice, 100.0)
        write_off = self._write_off(invoice, tax_handling="recover")
        # 42.20 of 142.20: 6.23 of 21.00, and 0.36 of 1.20
        accounts = [tax.refund_repartition_line_ids.account_id for tax in (high, low)]
        self.assertEntry(
            write_off.move_id,
            [
                (self.receivable, -42.2),
                (self.loss, 35.61),
                (accounts[0], 6.23),
                (accounts[1], 0.36),
            ],
        )

    def test_of_instalments_the_tax_is_recovered_once(self):
        tax = self._tax(21)
        invoice = self._taxed_invoice(
            (33.33, tax), due="2026-01-05", term=self._term((50, 0), (50, 10))
        )
        write_off = self._write_off(invoice, tax_handling="recover")
        self.assertEqual(len(write_off.move_id.line_ids), 4)
        self.assertEqual(write_off.amount_tax, 7.0)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_the_tax_of_a_foreign_invoice(self):
        dollar = self._currency("USD", 3.0)
        invoice = self._taxed_invoice((100.0, self._tax(21)), currency_id=dollar.id)
        write_off = self._write_off(invoice, tax_handling="recover")
        self.assertBalanced(write_off.move_id)
        self.assertEqual(write_off.amount_tax, 7.0)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_what_is_not_due_yet_is_not_recovered(self):
        """A tax that is due on payment."""
        self.company.sudo().tax_exigibility = True
        transition = self._account("Tax not due yet", "451900", "liability_current", reconcile=True)
        tax = self._tax(
            21, tax_exigibility="on_payment", cash_basis_transition_account_id=transition.id
        )
        invoice = self._taxed_invoice((100.0, tax))
        with self.assertRefused("due only when it is paid"):
            self._write_off(invoice, tax_handling="recover")
        with self.assertRefused("would look like a payment"):
            self._doubt(invoice)

    def test_an_opening_entry_has_no_tax_to_recover(self):
        entry = self._misc_entry(100.0, no_followup=False)
        with self.assertRefused("is no invoice"):
            self._write_off(entry, tax_handling="recover")
        self.assertEqual(self._write_off(entry).amount, 100.0)

    # -------------------------------------------------------------------------
    # Closed periods, and taking it back
    # -------------------------------------------------------------------------

    def test_a_closed_period_is_named(self):
        invoice = self._overdue_invoice(100.0)
        self.company.sudo().fiscalyear_lock_date = "2026-02-28"
        with self.assertRefused("closed by .*02/28/2026"):
            self._write_off(invoice, date="2026-02-28")
        write_off = self._write_off(invoice, date="2026-03-01")
        self.assertEqual(write_off.move_id.date, fields.Date.to_date("2026-03-01"))

    def test_a_closed_tax_period_counts_when_tax_is_recovered(self):
        invoice = self._taxed_invoice((100.0, self._tax(21)))
        self.company.sudo().tax_lock_date = "2026-02-28"
        with self.assertRefused("Tax Return"):
            self._write_off(invoice, date="2026-02-28", tax_handling="recover")
        self.assertTrue(self._write_off(invoice, date="2026-02-28"))

    def test_reversed_the_invoice_is_open_and_dunning_goes_on(self):
        invoice = self._overdue_invoice(100.0)
        self._dun("2026-03-02")
        write_off = self._write_off(invoice)
        self._commit()
        self.assertEqual(self._case().state, "closed")
        self._day("2026-03-12")
        write_off.action_reverse()
        write_off.action_reverse()  # the second time does nothing
        self.assertEqual(write_off.state, "reversed")
        self.assertEqual(len(write_off.move_id.reversal_move_ids), 1)
        self.assertEqual(invoice.amount_residual, 100.0)
        self.assertDecision(invoice, "due", level=2)
        self.assertEqual(self._case().state, "open")
        self.assertIn("reversed", invoice.message_ids[0].body)
        reversal = write_off.move_id.reversal_move_ids
        self.assertTrue(
            all(
                (write_off.move_id | reversal)
                .line_ids.filtered(lambda line: line.account_id == self.receivable)
                .mapped("reconciled")
            )
        )

    def test_a_reversal_takes_the_first_open_day(self):
        write_off = self._write_off(self._overdue_invoice(100.0))
        self.company.sudo().fiscalyear_lock_date = "2026-03-31"
        write_off.action_reverse()
        reversal = write_off.move_id.reversal_move_ids
        self.assertEqual(reversal.date, fields.Date.to_date("2026-04-01"))

    def test_reversed_by_the_accountant_it_says_so(self):
        write_off = self._write_off(self._overdue_invoice(100.0))
        write_off.move_id._reverse_moves([{"date": "2026-03-02"}], cancel=True)
        self.assertEqual(write_off.state, "reversed")

    def test_the_entries_are_a_click_away(self):
        write_off = self._write_off(self._overdue_invoice(100.0))
        self.assertEqual(write_off.action_open_entry()["res_id"], write_off.move_id.id)
        write_off.action_reverse()
        found = self.env["account.move"].search(write_off.action_open_entry()["domain"])
        self.assertEqual(found, write_off.move_id | write_off.move_id.reversal_move_ids)

    # -------------------------------------------------------------------------
    # Who may
    # -------------------------------------------------------------------------

    def test_a_manager_decides_and_a_collector_reads(self):
        """The manager has no other right than that of collections, and nothing is done as root."""
        collector = self._user("collector", "credit_collection_group_user")
        manager = self._user("manager", "credit_collection_group_manager")
        invoice = self._overdue_invoice(100.0)
        with self.assertRaises(AccessError):
            self._write_off(invoice, user=collector)
        write_off = self._write_off(invoice, user=manager)
        self.assertEqual(write_off.user_id, manager)
        self.assertEqual(write_off.with_user(collector).amount, 100.0)
        with self.assertRaises(AccessError):
            write_off.with_user(collector).action_reverse()
        write_off.with_user(manager).action_reverse()
        self.assertEqual(invoice.amount_residual, 100.0)

    def test_history_is_not_rewritten(self):
        write_off = self._write_off(self._overdue_invoice(100.0))
        with self.assertRefused("reverse it instead"):
            write_off.amount = 1.0
        with self.assertRefused("reverse it instead"):
            write_off.sudo().unlink()

    def test_each_company_has_its_own(self):
        other = self.setup_other_company(
            name="Other Company", currency_id=self.env.ref("base.EUR").id
        )
        write_off = self._write_off(self._overdue_invoice(100.0))
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=other["company"].id,
            company_ids=[Command.set(other["company"].ids)],
        )
        with self.assertRaises(AccessError):
            write_off.with_user(stranger).read(["amount"])
        self.env.user.company_ids |= other["company"]
        other["company"].collection_policy_id = self.policy
        self._overdue_invoice(
            70.0,
            company_id=other["company"].id,
            journal_id=other["default_journal_sale"].id,
        )
        self._commit()
        form = self._open(self._case(company=other["company"]), "action_write_off")
        self.assertFalse(form.account_id)  # the loss account of one company is not for the other
        form.account_id = other["default_account_expense"]
        form.reason = "Lost"
        form.save().action_write_off()
        entry = self.env["credit.collection.write.off"].search([])[0].move_id
        self.assertEqual(entry.company_id, other["company"])
        self.assertEqual(entry.line_ids.company_id, other["company"])

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(
            st.tuples(
                st.integers(1, 99_999),  # the price, in cents
                st.sampled_from((None, 0, 1)),  # the tax
                st.integers(1, 100),  # the part that is written off, in percent
                st.booleans(),  # in dollars
            ),
            min_size=1,
            max_size=3,
        ),
        st.sampled_from((0.37, 1.0, 1.0847, 3.0, 162.77)),
        st.booleans(),
    )
    def test_always_balanced_and_reconciled(self, documents, rate, recovers):
        """Whatever the amounts, rates and parts."""
        if not hasattr(type(self), "taxes"):
            type(self).taxes = (self._tax(21), self._tax(6))
            type(self).dollar = self._currency("USD", 1.0)
        self.dollar.sudo().rate_ids.rate = rate
        parts = {}
        for cents, tax, percent, is_foreign in documents:
            currency = self.dollar if is_foreign else self.company.currency_id
            invoice = self._taxed_invoice(
                (cents / 100, self.taxes[tax] if tax is not None else self.env["account.tax"]),
                currency_id=currency.id,
            )
            parts[invoice] = currency.round(invoice.amount_total * percent / 100) or 0.01
        write_off = self._write_off(
            *parts,
            amounts=list(parts.values()),
            tax_handling="recover" if recovers else "loss",
        )
        self.assertBalanced(write_off.move_id)
        for invoice, part in parts.items():
            self.assertEqual(
                invoice.currency_id.compare_amounts(
                    invoice.amount_residual, invoice.amount_total - part
                ),
                0,
            )
        credits = write_off.move_id.line_ids.filtered(
            lambda line: line.account_id == self.receivable
        )
        self.assertTrue(all(credits.mapped("reconciled")))
        self.assertEqual(set(credits.mapped("amount_residual")), {0.0})
        if all(part == invoice.amount_total for invoice, part in parts.items()):
            settled = credits.matched_debit_ids.debit_move_id
            self.assertEqual(set(settled.mapped("amount_residual")), {0.0})


@tagged("post_install", "-at_install")
class TestDoubtful(WriteOffCommon):
    """A debt that may be lost is shown as such, and still collected."""

    def _moved(self, provision):
        return provision.line_ids.filtered("collection_origin_line_id")

    # -------------------------------------------------------------------------
    # Moved, and still reminded
    # -------------------------------------------------------------------------

    def test_the_debt_is_moved_and_provided_for(self):
        """Half of the amount without tax."""
        invoice = self._taxed_invoice((100.0, self._tax(21)))
        provision = self._doubt(invoice, percentage=50)
        self.assertEntry(
            provision.move_id,
            [
                (self.receivable, -121.0),
                (self.doubtful, 121.0),
                (self.expense, 50.0),
                (self.provision, -50.0),
            ],
        )
        self.assertEqual(
            (provision.amount_open, provision.base, provision.amount, provision.amount_left),
            (121.0, 100.0, 50.0, 50.0),
        )
        line = self._moved(provision)
        self.assertEqual(line.partner_id, self.customer)
        self.assertEqual(line.date_maturity, invoice.invoice_date_due)
        self.assertFalse(line.no_followup)
        self.assertEqual(self._case().amount_overdue, 121.0)
        self.assertIn("Does not answer", self._case().message_ids[0].body)

    def test_with_tax_where_it_is_not_recovered(self):
        invoice = self._taxed_invoice((100.0, self._tax(21)))
        provision = self._doubt(invoice, percentage=100, base_kind="total", is_moved=False)
        self.assertEntry(provision.move_id, [(self.expense, 121.0), (self.provision, -121.0)])
        self.assertEqual(invoice.amount_residual, 121.0)

    def test_the_case_proposes_it(self):
        self._overdue_invoice(100.0)
        form = self._open(self._case_of_today(), "action_doubtful")
        self.assertTrue(form.is_moved)
        self.assertEqual(form.amount_open, 100.0)
        form.percentage = 40
        self.assertEqual(form.amount, 40.0)
        form.reason = "Lost"
        form.save().action_move()
        self.assertEqual(self.env["credit.collection.provision"].search([]).amount, 40.0)
        self._overdue_invoice(30.0)
        form = self._open(self._case_of_today(), "action_doubtful")
        self.assertEqual(form.amount_open, 30.0)

    def _case_of_today(self):
        self._commit()
        return self._case()

    def test_the_levels_go_on_where_they_were(self):
        """The next notice quotes the invoice, by its own number and date."""
        invoice = self._overdue_invoice(100.0)
        self._pay(invoice, 40.0)
        self._dun("2026-03-02")
        self.assertLevel(invoice, 1)
        line = self._moved(self._doubt(invoice))
        self.assertLevel(line, 1)
        self.assertDecision(line, "waiting", level=2, next_on="2026-03-12")
        self.assertEqual(self._items(line).move_id, invoice)
        run = self._dun("2026-03-12")
        quoted = run.dunning_ids.line_ids
        self.assertEqual(quoted.name, invoice.name)
        self.assertEqual(quoted.date_invoice, invoice.invoice_date)
        self.assertEqual(quoted.level_id, self._level(2))
        self.assertEqual(
            (quoted.amount_original, quoted.amount_paid, quoted.amount_residual),
            (100.0, 40.0, 60.0),
        )
        self.assertEqual(quoted.date_last_notice, fields.Date.to_date("2026-03-02"))
        self.assertIn(invoice.name, self._read_email())
        self.assertEqual(invoice.dunning_count, 2)
        self.assertEqual(invoice.collection_item_ids, self._items(line))
        self.assertIn("Level 2", invoice.message_ids[0].body)
        self.assertLevel(line, 2)

    def test_undone_the_invoice_keeps_what_was_sent_meanwhile(self):
        invoice = self._overdue_invoice(100.0)
        self._dun("2026-03-02")
        provision = self._doubt(invoice, percentage=50)
        self._dun("2026-03-12")
        provision.action_undo()
        self.assertEqual(provision.state, "cancel")
        self.assertEqual(provision.amount_left, 0.0)
        self.assertEqual(invoice.amount_residual, 100.0)
        self.assertLevel(invoice, 2)
        again = self._moved(self._doubt(invoice))
        self.assertLevel(again, 2)
        self.assertEqual(self._case().amount_overdue, 100.0)

    def test_a_hold_on_the_invoice_and_its_policy_stay(self):
        invoice = self._overdue_invoice(100.0)
        self._hold(invoice)
        line = self._moved(self._doubt(invoice))
        self.assertDecision(line, "hold")
        other = self._overdue_invoice(50.0)
        other.collection_policy_id = self.env.ref("credit_collection.policy_no_dunning")
        self.assertDecision(self._moved(self._doubt(other)), "no_dunning")

    def test_a_promise_follows_the_debt(self):
        invoice = self._overdue_invoice(100.0)
        self._commit()
        promise = self.env["credit.collection.promise"].create(
            {
                "case_id": self._case().id,
                "move_line_ids": invoice.collection_item_ids.move_line_id.ids,
                "amount": 100.0,
                "date_promised": "2026-03-06",
            }
        )
        line = self._moved(self._doubt(invoice))
        self._commit()
        self.assertEqual((promise.state, promise.amount_kept), ("open", 0.0))
        self.assertDecision(line, "hold")
        self._pay_line(line, 100.0)
        self._commit()
        self.assertEqual(promise.state, "kept")

    def _pay_line(self, line, amount, on=None):
        """Register a payment from the journal item: its account is not that of the invoice."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move.line", active_ids=line.ids)
            .create({"amount": amount, "payment_date": on or fields.Date.today()})
        )
        wizard._create_payments()

    def test_in_a_foreign_currency(self):
        dollar = self._currency("USD", 3.0)
        invoice = self._overdue_invoice(100.0, currency_id=dollar.id)
        provision = self._doubt(invoice, percentage=50)
        self.assertBalanced(provision.move_id)
        line = self._moved(provision)
        self.assertEqual((line.amount_residual_currency, line.currency_id), (100.0, dollar))
        self.assertEqual(line.amount_residual, 33.33)
        self.assertEqual(provision.amount, 16.67)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_what_is_doubtful_can_be_written_off_with_its_tax(self):
        invoice = self._taxed_invoice((100.0, self._tax(21)))
        provision = self._doubt(invoice, percentage=50)
        self._commit()
        items = self._items(self._moved(provision))
        form = self._open(items, "action_write_off")
        form.reason = "Bankrupt"
        form.tax_handling = "recover"
        form.save().action_write_off()
        write_off = self.env["credit.collection.write.off"].search([])
        self.assertEqual((write_off.amount, write_off.amount_tax), (121.0, 21.0))
        self.assertIn("written off", invoice.message_ids[0].body)
        self._run_cron(FOLLOW)
        self.assertEqual((provision.state, provision.amount_left), ("done", 0.0))

    # -------------------------------------------------------------------------
    # Money comes in
    # -------------------------------------------------------------------------

    def test_money_writes_the_provision_back_in_proportion(self):
        invoice = self._overdue_invoice(100.0)
        provision = self._doubt(invoice, percentage=50)
        self._run_cron(FOLLOW, on="2026-03-03")
        self.assertEqual(len(provision.move_ids), 1)
        self._pay_line(self._moved(provision), 30.0)
        self._run_cron(FOLLOW, on="2026-03-04")
        self._run_cron(FOLLOW)  # nothing more to do
        self.assertEqual(provision.amount_left, 35.0)
        entry = provision.move_ids - provision.move_id
        self.assertEntry(entry, [(self.provision, 15.0), (self.expense, -15.0)])
        self._pay_line(self._moved(provision), 70.0)
        self._run_cron(FOLLOW, on="2026-03-05")
        self.assertEqual((provision.state, provision.amount_left), ("done", 0.0))
        self.assertIn("written back", invoice.message_ids[0].body)
        found = self.env["account.move"].search(provision.action_open_entries()["domain"])
        self.assertEqual(len(found), 3)

    def test_paid_where_it_was_not_moved(self):
        invoice = self._overdue_invoice(100.0)
        provision = self._doubt(invoice, percentage=10, is_moved=False)
        self._pay(invoice, 33.33)
        self._run_cron(FOLLOW)
        self.assertEqual(provision.amount_left, 6.67)
        with self.assertRefused("Money came in"):
            provision.action_undo()

    def test_written_back_on_the_first_open_day(self):
        invoice = self._overdue_invoice(100.0)
        provision = self._doubt(invoice, percentage=50, is_moved=False)
        self._pay(invoice)
        self.company.sudo().fiscalyear_lock_date = "2026-03-31"
        self._run_cron(FOLLOW)
        entry = provision.move_ids - provision.move_id
        self.assertEqual(entry.date, fields.Date.to_date("2026-04-01"))
        self.assertEqual(provision.state, "done")

    def test_moved_without_a_provision_it_is_settled_when_paid(self):
        provision = self._doubt(self._overdue_invoice(100.0))
        self.assertFalse(provision.amount)
        self._run_cron(FOLLOW)
        self.assertEqual(provision.state, "open")
        self._pay_line(self._moved(provision), 100.0)
        self._run_cron(FOLLOW)
        self.assertEqual(provision.state, "done")

    # -------------------------------------------------------------------------
    # What is refused
    # -------------------------------------------------------------------------

    def test_what_makes_no_sense_is_refused(self):
        invoice = self._overdue_invoice(100.0)
        with self.assertRefused("nothing to book"):
            self._doubt(invoice, is_moved=False)
        with self.assertRefused("between 0 and 100"):
            self._doubt(invoice, percentage=101)
        with self.assertRefused("account of doubtful debts"):
            self._doubt(invoice, doubtful_account_id=False, is_moved=True)
        with self.assertRefused("accounts of the provision"):
            self._doubt(invoice, percentage=10, expense_account_id=False)
        self.company.sudo().fiscalyear_lock_date = "2026-03-31"
        with self.assertRefused("closed by"):
            self._doubt(invoice, percentage=10)

    def test_what_is_doubtful_already_is_not_moved_again(self):
        provision = self._doubt(self._overdue_invoice(100.0))
        self._commit()
        action = self._items(self._moved(provision)).action_doubtful()
        wizard = (
            self.env[action["res_model"]]
            .with_context(**action["context"])
            .create({"reason": "Worse", "percentage": 80})
        )
        wizard.action_move()
        more = self.env["credit.collection.provision"].search([]) - provision
        self.assertEntry(more.move_id, [(self.expense, 80.0), (self.provision, -80.0)])
        self.assertEqual(more.line_ids, provision.line_ids)

    def test_a_collector_reads_and_does_not_decide(self):
        collector = self._user("collector", "credit_collection_group_user")
        provision = self._doubt(self._overdue_invoice(100.0), percentage=50)
        self.assertEqual(provision.with_user(collector).amount_left, 50.0)
        with self.assertRaises(AccessError):
            provision.with_user(collector).action_undo()
        with self.assertRefused("only through its buttons"):
            provision.state = "done"
        with self.assertRefused("undo it instead"):
            provision.sudo().unlink()

    # -------------------------------------------------------------------------
    # The accounts of the chart
    # -------------------------------------------------------------------------

    def test_the_chart_proposes_the_accounts_that_it_has(self):
        names = list(self.company._get_collection_account_fields())
        self.company.sudo().write(dict.fromkeys(names, False))
        for name in names:
            self.assertFalse(self.company._collection_get_account(name))
        self.company.sudo().chart_template = "be_comp"
        known = [name for name in names if "write_off" in name or "doubtful" in name]
        known += [name for name in names if "provision" in name]
        for name in known:
            code = self.company._collection_get_account(name).code
            self.assertEqual(code[:3], ACCOUNT_PREFIXES["be"][name])
        wizard = self.env["res.config.settings"].create({})
        wizard.sudo().action_collection_propose_accounts()
        self.assertEqual(self.company.collection_doubtful_account_id, self.doubtful)
        self.assertEqual(self.company.collection_write_off_account_id, self.loss)

    def test_an_unused_account_becomes_a_receivable(self):
        """France calls its account of doubtful customers a current asset."""
        self.company.sudo().chart_template = "fr"
        self.company.sudo().collection_doubtful_account_id = False
        account = self._account("Clients douteux", "416000", "asset_current")
        self.assertFalse(self.company._collection_get_account("collection_doubtful_account_id"))
        self.company.sudo()._collection_propose_accounts()
        self.assertEqual(self.company.collection_doubtful_account_id, account)
        self.assertEqual(account.account_type, "asset_receivable")

import io
import re
from datetime import date

import openpyxl

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from .common import CollectionCommon

WIZARD = "credit.collection.case.statement"


class StatementCommon(CollectionCommon):
    """Words for what a customer reads about his account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")

    def _statement(self, cases=None, user=None, **vals):
        """Return the dialog as a collector has filled it in."""
        self._commit()
        if cases is None:  # also of a customer who never was late
            cases = self.env["credit.collection.case"]._get_for_partner(
                self.customer, self.env.company
            )
        return (
            self.env[WIZARD]
            .with_user(user or self.collector)
            .create({"case_ids": [Command.set(cases.ids)], **vals})
        )

    def _open_items(self, on="2026-03-02", case=None, **options):
        """Return `{currency: {number: open}}` as the statement says."""
        wizard = self._statement(case, date=on, **options)
        found = self.env["credit.collection.statement"]._get_open_items(
            wizard.case_ids, wizard._get_options()
        )
        return {
            currency.name: {item["name"]: item["open"] for item in items}
            for by_currency in found.values()
            for currency, items in by_currency.items()
        }

    def _movements(self, on="2026-03-02", since=None):
        """Return `{currency: [balance after each movement]}`."""
        case = self._statement().case_ids
        found = self.env["credit.collection.statement"]._get_movements(
            case, fields.Date.to_date(on), since and fields.Date.to_date(since)
        )[case]
        return {currency.name: [row["balance"] for row in rows] for currency, rows in found.items()}

    def _read(self, wizard):
        """Return the text of each page of the PDF."""
        with self.allow_pdf_render():
            action = wizard.action_print()
        pages = PdfFileReader(io.BytesIO(self._get_attachment(action).raw)).pages
        return [" ".join(page.extractText().split()) for page in pages]

    def _export(self, wizard):
        """Return `{sheet: [[cell, ...], ...]}` of the work book."""
        content = self._get_attachment(wizard.action_export()).raw
        book = openpyxl.load_workbook(io.BytesIO(content))
        return {
            sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book
        }

    def _get_attachment(self, action):
        number = int(re.search(r"/web/content/(\d+)", action["url"])[1])
        return self.env["ir.attachment"].sudo().browse(number)

    def _compute_open(self, on):
        """Return `{currency: {number: open}}` from the raw ledger: the second opinion."""
        day = date.fromisoformat(on)
        self.env.flush_all()
        self.env.invalidate_all()
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        found = {}
        for line in lines:
            if line.date > day:
                continue
            value = line.amount_currency
            for match in line.matched_credit_ids:
                if match.credit_move_id.date <= day:
                    value -= match.debit_amount_currency
            for match in line.matched_debit_ids:
                if match.debit_move_id.date <= day:
                    value += match.credit_amount_currency
            if round(value, 2):
                own = found.setdefault(line.currency_id.name, {})
                own[line.move_name] = round(own.get(line.move_name, 0) + value, 2)
        return found


@tagged("post_install", "-at_install")
class TestStatement(StatementCommon):
    """What a customer is told about his account, as of a day."""

    def _story(self):
        """A customer with two currencies, parts paid, credits, and what came after the day."""
        first = self._overdue_invoice(100.0, "2026-01-10")
        second = self._overdue_invoice(250.0, "2026-02-20")
        self._overdue_invoice(80.0, "2026-02-01", currency_id=self._currency("GBP", 0.8).id)
        self._overdue_invoice(60.0, "2026-03-02")
        self._overdue_invoice(70.0, "2026-03-30")
        self._pay(first, 40.0, on="2026-02-10")
        self._unmatched_payment(15.0, on="2026-02-12")
        self._credit_note(20.0, on="2026-02-25")
        self._pay(second, 250.0, on="2026-03-09")
        self._pay(first, 60.0, on="2026-03-20")

    def test_open_items_are_those_of_the_raw_ledger_on_every_day(self):
        self._story()
        for day in ("2026-01-31", "2026-02-10", "2026-02-28", "2026-03-02", "2026-03-31"):
            with self.subTest(day=day):
                self.assertEqual(self._open_items(day), self._compute_open(day))

    def test_the_last_balance_is_what_is_open(self):
        self._story()
        for day in ("2026-01-31", "2026-02-28", "2026-03-31"):
            wanted = {
                currency: round(sum(own.values()), 2)
                for currency, own in self._compute_open(day).items()
            }
            found = {currency: rows[-1] for currency, rows in self._movements(day).items()}
            self.assertEqual(found, wanted)

    def test_what_was_paid_after_the_day_is_still_open(self):
        invoice = self._overdue_invoice(100.0)
        self._pay(invoice, on="2026-03-20")
        self.assertEqual(self._open_items("2026-03-19"), {"EUR": {invoice.name: 100.0}})
        self.assertEqual(self._open_items("2026-03-20"), {})

    def test_a_past_day_stays_as_it_was_when_later_entries_are_posted(self):
        self._story()
        before = self._open_items("2026-02-28"), self._movements("2026-02-28")
        book = self._export(self._statement(date="2026-02-28"))
        pages = self._read(self._statement(date="2026-02-28"))
        self._overdue_invoice(999.0, "2026-05-01")
        self._pay(self._overdue_invoice(10.0, "2026-05-01"), on="2026-04-02")
        self._credit_note(5.0, on="2026-03-03")
        self.assertEqual((self._open_items("2026-02-28"), self._movements("2026-02-28")), before)
        self.assertEqual(self._export(self._statement(date="2026-02-28")), book)
        self.assertEqual(self._read(self._statement(date="2026-02-28")), pages)

    def test_movements_begin_with_what_came_before(self):
        self._overdue_invoice(100.0, "2026-01-10")
        invoice = self._overdue_invoice(50.0, "2026-02-20")
        self._pay(invoice, 30.0, on="2026-02-25")
        self.assertEqual(self._movements(since="2026-01-15"), {"EUR": [100.0, 150.0, 120.0]})
        text = " ".join(self._read(self._statement(kind="movements", date_from="2026-01-15")))
        self.assertIn("Balance brought forward", text)
        self.assertIn("120.00", text)

    def test_the_first_day_comes_before_the_last_one(self):
        self._overdue_invoice()
        wizard = self._statement(kind="movements", date_from="2026-04-01")
        with self.assertRefused("after the last one"):
            wizard.action_print()

    def test_currencies_are_never_mixed(self):
        self._story()
        self.assertEqual(set(self._export(self._statement())), {"EUR", "GBP"})
        text = " ".join(self._read(self._statement()))
        self.assertRegex(text, "GBP.*£ 80.00|GBP.*80.00 £|GBP.*£80.00")

    def test_differences_of_exchange_rates_and_zeros_are_hidden(self):
        currency = self.setup_other_currency(
            "GBP", rates=[("2026-01-01", 0.8), ("2026-02-15", 0.5)]
        )
        invoice = self._overdue_invoice(80.0, "2026-02-01", currency_id=currency.id)
        self._pay(invoice, on="2026-02-20", currency_id=currency.id)
        self.assertTrue(invoice.line_ids.matched_credit_ids.exchange_move_id)
        self.assertEqual(self._movements(), {"GBP": [80.0, 0.0]})
        self.assertNotIn("-", str(self._movements()["GBP"][-1]))
        self.assertEqual(self._open_items(), {})

    # -------------------------------------------------------------------------
    # Ageing
    # -------------------------------------------------------------------------

    def _ageing(self, **vals):
        """Return the amounts of the columns: not due, three periods, earlier, credits."""
        wizard = self._statement(**vals)
        Statement = self.env["credit.collection.statement"]
        found = Statement._get_open_items(wizard.case_ids, wizard._get_options())
        euro = self.env.ref("base.EUR")
        return Statement._get_ageing(found[self._case()].get(euro, []), euro, 6)

    def test_due_today_is_not_due(self):
        self._overdue_invoice(10.0, "2026-03-02")
        self._overdue_invoice(20.0, "2026-03-01")
        self._overdue_invoice(40.0, "2026-01-31")
        self._overdue_invoice(80.0, "2026-01-30")
        self._overdue_invoice(160.0, "2025-11-01")
        self._credit_note(5.0)
        self.assertEqual(self._ageing(), [10.0, 60.0, 80.0, 0.0, 160.0, -5.0])

    def test_the_columns_are_the_ageing_classes_of_the_company(self):
        self.env["credit.collection.bucket"].create(
            [{"days_from": day, "company_id": self.env.company.id} for day in (1, 11)]
        )
        self._overdue_invoice(10.0, "2026-02-20")  # ten days late
        self._overdue_invoice(20.0, "2026-02-19")
        self._commit()
        text = self._statement().preview
        self.assertRegex(text, r"1–10(.|\n)*Over 10")
        self.assertNotIn("31–60", text)

    def test_by_months_it_is_as_of_the_last_day_of_the_month_before(self):
        self._overdue_invoice(10.0, "2026-02-28")
        self._overdue_invoice(20.0, "2026-02-27")
        self._overdue_invoice(40.0, "2026-01-01")
        self._overdue_invoice(80.0, "2025-12-31")
        self._overdue_invoice(160.0, "2025-11-30")
        self._commit()
        with Form(self.env[WIZARD].with_context(default_case_ids=self._case().ids)) as form:
            form.ageing = "months"
            self.assertEqual(str(form.date), "2026-02-28")
        self.assertEqual(
            self._ageing(ageing="months", date="2026-02-28"), [10.0, 20.0, 40.0, 80.0, 160.0, 0]
        )

    def test_only_what_is_overdue(self):
        late = self._overdue_invoice(10.0)
        self._overdue_invoice(20.0, "2026-04-20")
        self._credit_note(5.0)
        punctual = self._customer("Punctual Ltd")
        self._overdue_invoice(20.0, "2026-04-20", punctual)
        self._commit()
        self.assertEqual(self._open_items(only_overdue=True), {"EUR": {late.name: 10.0}})
        both = self._case() | self._case(punctual)
        self.assertEqual(
            self._statement(both, only_overdue=True)._make_letters().case_id, self._case()
        )
        with self.assertRefused("Nothing was overdue"):
            self._statement(self._case(punctual), only_overdue=True).action_send()

    def test_accounts_that_are_left_out(self):
        other = self.company_data["default_account_receivable"].copy({"code": "400999"})
        kept = self._overdue_invoice(10.0)
        self._misc_entry(500.0, account_id=other.id)
        self.company.sudo().collection_statement_account_ids = other
        self.assertEqual(self._open_items(), {"EUR": {kept.name: 10.0}})
        self.assertEqual(self._movements(), {"EUR": [10.0]})

    # -------------------------------------------------------------------------
    # What stands beside the ledger
    # -------------------------------------------------------------------------

    def test_disputes_promises_plans_and_charges_are_shown(self):
        self.policy.level_ids.write({"charge_interest": True})
        invoice = self._overdue_invoice(1000.0, "2026-02-01")
        planned = self._overdue_invoice(300.0, "2026-02-10")
        self._commit()
        self._run().dunning_ids.delivery_ids._set_sent()
        case = self._case()
        self.env["credit.collection.dispute"].create(
            {
                "case_id": case.id,
                "move_id": invoice.id,
                "amount": 400.0,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
            }
        )
        self.env["credit.collection.promise"].create(
            {"case_id": case.id, "amount": 600.0, "date_promised": "2026-03-09"}
        )
        plan = self._plan(case, planned)
        text = " ".join(self._read(self._statement()))
        self.assertIn("400.00", text)
        self.assertIn("Of this disputed", text)
        self.assertRegex(text, r"Promised on 03/02/2026: €?.?600.00.* by 03/09/2026")
        self.assertIn(plan.name, text)
        self.assertIn("Interest and compensation claimed, not in the balance", text)
        charged = sum(case.dunning_ids.charge_ids.mapped("amount"))
        self.assertIn(f"{charged:.2f}", text)
        earlier = " ".join(self._read(self._statement(date="2026-02-28")))
        for word in ("Of this disputed", "Promised on", plan.name, "claimed, not in the balance"):
            self.assertNotIn(word, earlier)

    def _plan(self, case, invoice):
        """Return an active payment plan over an invoice."""
        line = invoice.line_ids.filtered(lambda one: one.account_type == "asset_receivable")
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": case.id,
                "line_ids": [Command.create({"move_line_id": line.id, "amount": 300.0})],
            }
        )
        plan.action_make_installments()
        plan.action_propose()
        plan.action_activate()
        return plan

    def test_the_closing_never_stands_alone_on_a_page(self):
        customers = [self._customer(f"Debtor {count}") for count in range(9, 19)]
        for count, customer in enumerate(customers, 9):
            for number in range(count):
                self._overdue_invoice(10.0 + number, "2026-02-01", partner=customer)
        self._commit()
        cases = self.env["credit.collection.case"].search(
            [("partner_id", "in", [customer.id for customer in customers])]
        )
        for kind, lines in (("open", 14), ("movements", 20)):
            note = "\n".join(f"Line {number}" for number in range(lines))
            pages = self._read(self._statement(cases, kind=kind, note=note))
            endings = [page for page in pages if "If your books say otherwise" in page]
            self.assertEqual(len(endings), len(cases))
            self.assertGreater(len(pages), len(cases), "some go on to a second page")
            for page in endings:
                self.assertRegex(page, r"/2026/\d+ .* Balance", kind)

    def test_what_was_cancelled_since_stands_as_it_stood_then(self):
        promised = self._overdue_invoice(1000.0, "2026-02-01")
        planned = self._overdue_invoice(300.0, "2026-02-10")
        self._commit()
        case = self._case()
        lines = promised.line_ids.filtered(lambda one: one.account_type == "asset_receivable")
        promise = self.env["credit.collection.promise"].create(
            {
                "case_id": case.id,
                "amount": 600.0,
                "date_promised": "2026-03-20",
                "move_line_ids": lines.ids,
            }
        )
        plan = self._plan(case, planned)
        self._day("2026-03-05")
        promise.action_cancel()
        plan.action_cancel()
        before = " ".join(self._read(self._statement(date="2026-03-04")))
        self.assertIn("Promised on", before)
        self.assertIn(plan.name, before)
        after = " ".join(self._read(self._statement(date="2026-03-05")))
        self.assertNotIn("Promised on", after)
        self.assertNotIn(plan.name, after)

    def test_a_dispute_over_instalments_is_shown_once(self):
        invoice = self._overdue_invoice(100.0, "2026-01-20", term=self._term((50, 0), (50, 20)))
        self._commit()
        self.env["credit.collection.dispute"].create(
            {
                "case_id": self._case().id,
                "move_id": invoice.id,
                "amount": 60.0,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
            }
        )
        wizard = self._statement()
        found = self.env["credit.collection.statement"]._get_open_items(
            wizard.case_ids, wizard._get_options()
        )
        rows = [row for own in found.values() for items in own.values() for row in items]
        self.assertEqual([row["disputed"] for row in rows], [10.0, 50.0])

    # -------------------------------------------------------------------------
    # Languages
    # -------------------------------------------------------------------------

    def test_it_speaks_the_language_of_the_customer(self):
        self.customer.lang = "fr_FR"
        self._overdue_invoice(1234.5, "2026-02-20")
        text = " ".join(self._read(self._statement()))
        self.assertRegex(text, r"1.234,50")
        self.assertIn("20/02/2026", text)
        self.assertIn("2 mars 2026", text)
        german = " ".join(self._read(self._statement(lang="de_DE")))
        self.assertIn("20.02.2026", german)
        self.assertIn("1.234,50", german)

    def test_the_work_book_writes_matched_amounts_as_its_reader_does(self):
        self.customer.lang = "fr_FR"
        payment = self._pay(self._overdue_invoice(2000.0), 234.5, on="2026-02-26")
        sheet = self._export(self._statement(kind="movements"))["EUR"]
        self.assertIn(f"{payment.name} (234,50)", [cell for row in sheet for cell in row])

    def test_the_work_book_holds_numbers_and_dates(self):
        self.customer.lang = "fr_FR"
        invoice = self._overdue_invoice(1234.5, "2026-02-20", ref="=1+1")
        sheet = self._export(self._statement())["EUR"]
        row = sheet[1]
        self.assertEqual(row[0], invoice.name)
        self.assertEqual(row[1], "=1+1")
        self.assertEqual(row[3].date(), date(2026, 2, 20))
        self.assertEqual((row[4], row[7]), (10, 1234.5))
        total = sum(line[8] for line in self._export(self._statement(kind="movements"))["EUR"][1:])
        self.assertEqual(total, 1234.5)

    def test_a_list_of_customers_is_one_document(self):
        other = self._customer("Another Ltd")
        self._overdue_invoice(10.0)
        self._overdue_invoice(20.0, partner=other)
        self._commit()
        cases = self._case() | self._case(other)
        pages = self._read(self._statement(cases))
        self.assertEqual(len(pages), 2)
        sheet = self._export(self._statement(cases))["EUR"]
        self.assertEqual({row[0] for row in sheet[1:]}, {"Late Payer Ltd", "Another Ltd"})

    def test_the_preview_is_what_is_printed(self):
        invoice = self._overdue_invoice(100.0)
        wizard = self._statement(note="Thank you <b>all</b>")
        self.assertIn(invoice.name, wizard.preview)
        self.assertIn("Thank you &lt;b&gt;all&lt;/b&gt;", wizard.preview)
        self.assertIn("Thank you <b>all</b>", self._read(wizard)[0])

    def test_a_long_statement_takes_as_many_queries_as_a_short_one(self):
        for number in range(2):
            self._overdue_invoice(100.0 + number)
        few = self._count_queries()
        lines = [
            Command.create(
                {
                    "account_id": self.company_data["default_account_receivable"].id,
                    "partner_id": self.customer.id,
                    "date_maturity": "2026-02-01",
                    "debit": 10.0,
                }
            )
            for _number in range(200)
        ]
        revenue = self.company_data["default_account_revenue"].id
        entry = self.env["account.move"].create(
            {
                "date": "2026-02-01",
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [*lines, Command.create({"account_id": revenue, "credit": 2000.0})],
            }
        )
        entry.action_post()
        self._commit()
        self.assertLessEqual(self._count_queries(), few)

    def _count_queries(self):
        """Return how many queries the rows of a statement take."""
        wizard = self._statement()
        letter = wizard._make_letters()
        letter._prepare_sections()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        letter._prepare_sections()
        return self.env.cr.sql_log_count - before

    # -------------------------------------------------------------------------
    # By e-mail
    # -------------------------------------------------------------------------

    def _send_statement(self, wizard):
        with self.allow_pdf_render():
            return wizard.action_send()

    def test_it_is_sent_and_kept_in_the_case(self):
        self._overdue_invoice(100.0)
        self._contact(self.customer, "Accounts", email="accounts@customer.example")
        wizard = self._statement(has_workbook=True, note="As discussed.")
        self._send_statement(wizard)
        self._send_mails()
        self.assertEqual(self.emails[-1]["smtp_to_list"], ["accounts@customer.example"])
        text = self._read_email()
        self.assertIn("As discussed.", text)
        self.assertIn("100.00", text)
        self.assertEqual(self._case().contact_ids.note, "Statement of account as of March 2, 2026")
        message = self._case().message_ids[0]
        self.assertEqual(
            sorted(message.attachment_ids.mapped("name")),
            [
                "Statement of account 2026-03-02.pdf",
                "Statement of account 2026-03-02.xlsx",
            ],
        )
        self.assertEqual(message.attachment_ids.mapped("res_model"), [self._case()._name] * 2)
        self.assertFalse(self._case().dunning_ids)

    def test_who_cannot_be_written_to_is_named(self):
        silent = self._customer("Silent Ltd", email=False)
        self._overdue_invoice(100.0)
        self._overdue_invoice(100.0, partner=silent)
        self._commit()
        wizard = self._statement(self._case() | self._case(silent))
        self.assertEqual(wizard.unreachable, "Silent Ltd")
        action = self._send_statement(wizard)
        self.assertIn("Silent Ltd", action["params"]["message"])
        self.assertTrue(self._case().message_ids.attachment_ids)
        self.assertFalse(self._case(silent).message_ids.attachment_ids)
        with self.assertRefused("There is no e-mail address"):
            self._send_statement(self._statement(self._case(silent)))

    def test_from_the_customers_too(self):
        self._overdue_invoice(100.0)
        self._commit()
        action = self.customer.with_user(self.collector).action_collection_statement()
        self.assertEqual(action["context"]["default_case_ids"], self._case().ids)

    # -------------------------------------------------------------------------
    # Rights
    # -------------------------------------------------------------------------

    def test_who_reads_prints_but_does_not_send(self):
        self._overdue_invoice(100.0)
        reader = self._user("reader", "credit_collection_group_readonly")
        wizard = self._statement(user=reader)
        self.assertIn("100.00", self._read(wizard)[0])
        with self.assertRaises(AccessError):
            self._send_statement(wizard)

    def test_who_has_nothing_to_do_with_collections_sees_nothing(self):
        self._overdue_invoice(100.0)
        self._commit()
        seller = self._user("seller")
        with self.assertRaises(AccessError):
            self._case().with_user(seller).action_statement()
        with self.assertRaises(AccessError):
            self.customer.with_user(seller).action_collection_statement()
        with self.assertRaises(AccessError):
            self._statement(user=seller)

    def test_the_customers_of_another_company_stay_its_own(self):
        self._overdue_invoice(100.0)
        self._commit()
        stranger_company = self.env["res.company"].create({"name": "Strangers"})
        stranger = self._user("stranger", "credit_collection_group_manager")
        wizard = self._statement(user=stranger)
        stranger.write(
            {
                "company_id": stranger_company.id,
                "company_ids": [Command.set(stranger_company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            self._statement(user=stranger)
        wizard.invalidate_recordset()
        for method in (wizard.action_print, wizard.action_export, wizard.action_send):
            with self.assertRaises(UserError):
                method()
        self.assertFalse(wizard.preview)

    def test_nobody_looks_at_a_customer_of_another_company_through_the_dialog(self):
        self._overdue_invoice(100.0)
        self._commit()
        self.assertIn("100.00", self._preview_as(self.collector))
        stranger_company = self.env["res.company"].create({"name": "Strangers"})
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=stranger_company.id,
            company_ids=[Command.set(stranger_company.ids)],
        )
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self._preview_as(stranger)

    def _preview_as(self, user):
        """Return what the dialog shows when its fields are filled in."""
        values = {
            "case_ids": [Command.link(self._case().id)],
            "date": "2026-03-02",
            "kind": "open",
            "ageing": "days",
        }
        specification = {name: {} for name in (*values, "preview")}
        self.env.invalidate_all()
        answer = self.env[WIZARD].with_user(user).onchange(values, ["case_ids"], specification)
        return str(answer["value"].get("preview"))


@tagged("post_install", "-at_install")
class TestStatementHttp(StatementCommon, HttpCase):
    """A statement in the browser."""

    def test_collector_sends_a_statement_from_the_case(self):
        self._overdue_invoice(100.0)
        self._commit()
        self.collector.company_ids = self.env.company
        self.start_tour(
            f"/odoo/collection-cases/{self._case().id}",
            "credit_collection_statement",
            login="collector",
        )
        message = self._case().message_ids.filtered("attachment_ids")
        self.assertIn("As discussed on the phone.", message.body)
        self.assertEqual(len(message.attachment_ids), 2)

    def test_a_strangers_url_is_not_found(self):
        self._overdue_invoice(100.0)
        wizard = self._statement()
        export = wizard.action_export()["url"]
        pdf = wizard.action_print()["url"]
        wizard.action_send()
        sent = self._case().message_ids.attachment_ids
        self._user("stranger", "credit_collection_group_user")
        self._user("seller")
        for login, codes in (
            ("collector", (200, 200, 200)),
            ("stranger", (404, 404, 200)),  # a colleague sees what was sent
            ("seller", (404, 404, 404)),
            (None, (404, 404, 404)),
        ):
            self.authenticate(login, login)
            with mute_logger("odoo.http", "odoo.addons.base.models.ir_rule"):
                found = tuple(
                    self.url_open(url).status_code
                    for url in (export, pdf, f"/web/content/{sent.id}?download=true")
                )
            self.assertEqual(found, codes, login)

import io
from datetime import date

from lxml import html

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from .common import CollectionCommon

REPORT = "credit.collection.client.report"


class FirmCommon(CollectionCommon):
    """An accounting firm: the company of every test is a client, and there is another one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_data = cls.setup_other_company(name="Other Client")
        cls.other = cls.other_data["company"]
        cls.other.sudo().write(
            {"collection_policy_id": cls.policy.id, "email": "other@client.example"}
        )
        cls.manager = cls._firm_user("manager", cls.env.company | cls.other)
        cls.firm = cls._customer("Ledger & Partners", email="office@firm.example", city="Ghent")

    @classmethod
    def _firm_user(cls, login, companies, group="credit_collection_group_manager"):
        return cls._user(
            cls,
            login,
            group,
            company_id=companies[:1].id,
            company_ids=[Command.set(companies.ids)],
            email=f"{login}@firm.example",
        )

    def _invoice_of(self, company, amount=100.0, due="2026-02-20", partner=None):
        """Return a posted invoice of another company."""
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "partner_id": (partner or self.customer).id,
                    "invoice_date": "2026-01-15",
                    "invoice_date_due": due,
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create({"name": "Goods", "price_unit": amount, "tax_ids": []})
                    ],
                }
            )
        )
        move.action_post()
        return move


@tagged("post_install", "-at_install")
class TestCockpit(FirmCommon):
    """All clients at a glance."""

    def _row(self, company=None, user=None):
        """Return what the cockpit says of a company."""
        self._commit()
        self.env.flush_all()
        self.env.invalidate_all()
        Cockpit = self.env["credit.collection.cockpit"].with_user(user or self.manager)
        return Cockpit.search([("company_id", "=", (company or self.env.company).id)])

    def test_every_client_of_the_user_has_a_row_whichever_he_works_in(self):
        self._invoice_of(self.other, 70.0)
        self._overdue_invoice(100.0)
        self._commit()
        rows = self.env["credit.collection.cockpit"].with_user(self.manager)
        rows = rows.with_context(allowed_company_ids=self.env.company.ids).search([])
        self.assertEqual(
            {row.company_id: row.amount_overdue for row in rows},
            {self.env.company: 100.0, self.other: 70.0},
        )

    def test_what_is_overdue_is_what_the_cases_say(self):
        self._overdue_invoice(100.0)
        self._overdue_invoice(50.0, "2026-04-01")
        self._overdue_invoice(25.0, partner=self._customer("Second Ltd"))
        self._credit_note(10.0)
        row = self._row()
        cases = self._case() | self._case(
            self.env["res.partner"].search([("name", "=", "Second Ltd")])
        )
        self.assertEqual(row.amount_overdue, sum(cases.mapped("amount_overdue")))
        self.assertEqual(row.amount_overdue, 125.0)
        self.assertEqual(row.amount_residual, 175.0)
        self.assertEqual(row.case_count, 2)

    def test_what_is_overdue_is_what_the_dashboard_says(self):
        self._overdue_invoice(100.0)
        excluded = self._overdue_invoice(30.0, partner=self._customer("Second Ltd"))
        excluded.no_followup = True
        self._hold(self._overdue_invoice(50.0))
        self._overdue_invoice(70.0, "2026-04-01")
        self._credit_note(10.0)
        row = self._row()
        section = self.env["credit.collection.dashboard"].get_section("balance")
        [tile] = [one for one in section["tiles"] if one["key"] == "overdue"]
        self.assertEqual((row.amount_overdue, row.amount_excluded), (180.0, 30.0))
        self.assertEqual(tile["value"], row.amount_overdue)
        self.assertAlmostEqual(row.coverage, 50.0 / 150.0, places=9)
        self.assertEqual(self._case().amount_overdue, 150.0, "what is excluded is not dunned")

    def test_a_debt_without_a_customer_is_overdue_and_left_alone(self):
        self._hold(self._overdue_invoice(50.0))
        entry = self._misc_entry(no_followup=False)
        entry.line_ids.partner_id = False
        [debt] = entry.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        row = self._row()
        self.assertEqual(row.amount_nameless, debt.amount_residual)
        self.assertEqual(row.amount_overdue, 50.0 + debt.amount_residual)
        self.assertEqual(row.amount_excluded, 0.0)
        self.assertAlmostEqual(row.coverage, 50.0 / row.amount_overdue, places=9)
        section = self.env["credit.collection.dashboard"].get_section("balance")
        [tile] = [one for one in section["tiles"] if one["key"] == "overdue"]
        self.assertEqual(tile["value"], row.amount_overdue)

    def test_coverage_is_the_share_that_was_reminded_or_is_held(self):
        self.assertEqual(self._row().coverage, 1.0, "nothing is overdue")
        reminded = self._overdue_invoice(100.0, "2026-02-10")
        self._dun()
        held = self._overdue_invoice(50.0)
        self._overdue_invoice(250.0)
        self._hold(held)
        disputed = self._overdue_invoice(100.0, partner=self._customer("Second Ltd"))
        self._commit()
        self.env["credit.collection.dispute"].create(
            {
                "case_id": self._case(disputed.partner_id).id,
                "move_id": disputed.id,
                "amount": 40.0,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
            }
        )
        row = self._row()
        covered = reminded.amount_residual + held.amount_residual + 40.0
        self.assertEqual(row.amount_covered, covered)
        self.assertAlmostEqual(row.coverage, covered / 500.0, places=9)

    def test_a_run_is_missing_since_notices_are_due_or_since_the_last_one(self):
        self._overdue_invoice(100.0, "2026-02-10")
        self._commit()
        self.assertEqual(self._row().days_due, 10, "10 days after the due date a notice is due")
        self._dun()
        self.assertEqual(self._row().days_due, 0)
        self._day("2026-03-20")
        self._assess()
        row = self._row()
        self.assertEqual(row.days_due, 8, "the second level is due on 12 March")
        self.assertEqual(str(row.date_last_run), "2026-03-02")

    def test_drafts_exceptions_holds_and_disputes_are_counted(self):
        self._overdue_invoice(100.0)
        held = self._overdue_invoice(50.0)
        self._hold(held, until=False, date_start="2026-01-15")
        silent = self._customer("Silent Ltd", email=False)
        self._overdue_invoice(80.0, "2026-02-10", silent)
        self._commit()
        self._dun()
        self._propose()
        row = self._row()
        self.assertEqual(row.exception_count, 1)
        self.assertEqual(row.hold_count, 1)
        dispute = self.env["credit.collection.dispute"].create(
            {
                "case_id": self._case().id,
                "move_id": self._overdue_invoice(10.0).id,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
            }
        )
        self.assertEqual(self._row().dispute_count, 0)
        self._day(fields.Date.add(dispute.date_deadline, days=1))
        self.assertEqual(self._row().dispute_count, 1)

    def test_drafts_wait_until_they_are_approved(self):
        self._overdue_invoice(100.0)
        self._commit()
        run = self._propose()
        self.assertEqual(self._row().draft_count, 1)
        run.action_approve()
        self.assertEqual(self._row().draft_count, 0)

    def test_the_bank_is_as_fresh_as_its_last_transaction(self):
        self.assertFalse(self._row().date_bank)
        for day in ("2026-02-20", "2026-02-25"):
            self.env["account.bank.statement.line"].create(
                {
                    "date": day,
                    "amount": 10.0,
                    "payment_ref": "In",
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
        row = self._row()
        self.assertEqual((str(row.date_bank), row.days_bank), ("2026-02-25", 5))

    def test_nobody_sees_a_client_that_is_not_his(self):
        self._invoice_of(self.other, 70.0)
        self._commit()
        own = self._firm_user("own", self.env.company)
        found = self.env["credit.collection.cockpit"].with_user(own).search([])
        self.assertEqual(found.company_id, self.env.company)
        with self.assertRaises(AccessError):
            self.env["credit.collection.cockpit"].with_user(self._user("seller")).search([])

    def test_it_takes_as_many_queries_for_many_clients_as_for_one(self):
        Cockpit = self.env["credit.collection.cockpit"].with_user(self.manager)
        names = ["company_id", "amount_overdue", "coverage", "days_due", "date_bank"]

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Cockpit.search_read([], names)
            return self.env.cr.sql_log_count - before

        few = count()
        more = self.env["res.company"].create([{"name": f"Client {n}"} for n in range(10)])
        self.manager.company_ids |= more
        self.assertLessEqual(count(), few)

    def test_a_click_goes_on_in_that_company(self):
        action = self._row(self.other).action_open_cases()
        self.assertEqual(action["params"]["company_id"], self.other.id)


@tagged("post_install", "-at_install")
class TestCockpitTour(FirmCommon, HttpCase):
    """The cockpit in a browser."""

    def test_manager_goes_from_the_cockpit_to_the_cases_of_a_client(self):
        self._overdue_invoice(100.0)
        self._invoice_of(self.other, 70.0, partner=self._customer("Only Of Other Ltd"))
        self._commit()
        self.start_tour("/odoo/collection-companies", "credit_collection_cockpit", login="manager")


@tagged("post_install", "-at_install")
class TestMandate(FirmCommon):
    """Letters in the name of a client."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sudo().write(
            {"collection_firm_id": cls.firm.id, "collection_mandate": "2026/7"}
        )

    def test_letters_and_e_mails_say_who_writes_and_for_whom(self):
        self._overdue_invoice(100.0)
        notice = self._dun().dunning_ids
        pages = PdfFileReader(io.BytesIO(notice.letter_id.raw)).pages
        text = " ".join(pages[0].extractText().split())
        self.assertIn("Ledger & Partners, 1 Long Street, 1000 Ghent", text)
        self.assertRegex(text, rf"in the name of {self.company.name} \( ?mandate 2026/7 ?\)")
        mail = self.emails[-1]
        self.assertIn("office@firm.example", mail["smtp_from"] + mail["message"])
        message = notice.delivery_ids.mail_message_id
        self.assertEqual(
            message.email_from, f'"Ledger & Partners for {self.company.name}" <office@firm.example>'
        )
        self.assertIn("mandate", self._read_email())

    def test_the_sender_in_the_settings_goes_first(self):
        self.company.sudo().collection_email_from = "dunning@seller.example"
        self.assertEqual(self.company._collection_get_email_from(), "dunning@seller.example")

    def test_without_a_firm_the_company_writes_itself(self):
        self.company.sudo().collection_firm_id = False
        self._overdue_invoice(100.0)
        notice = self._dun().dunning_ids
        text = PdfFileReader(io.BytesIO(notice.letter_id.raw)).pages[0].extractText()
        self.assertNotIn("in the name of", text)
        self.assertIn(self.company.email, notice.delivery_ids.mail_message_id.email_from)

    def test_a_statement_says_it_too(self):
        self._overdue_invoice(100.0)
        self._commit()
        wizard = self.env["credit.collection.case.statement"].create(
            {"case_ids": [Command.set(self._case().ids)]}
        )
        self.assertIn("Ledger &amp; Partners", wizard.preview)


@tagged("post_install", "-at_install")
class TestFrenchMandate(FirmCommon):
    """What the French law wants to read in the letters of a firm, and in no others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"street": "4 Market Street", "zip": "9000", "city": "Ghent"})
        cls.company.sudo().write(
            {"collection_firm_id": cls.firm.id, "collection_mandate": "2026/7"}
        )
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": cls.company.partner_id.id}
        )
        cls.french = cls._debtor("Débiteur")

    @classmethod
    def _debtor(cls, name, kind="consumer", **vals):
        return cls._customer(
            name,
            country_id=cls.env.ref("base.fr").id,
            collection_debtor_kind=kind,
            collection_legal_profile_id=cls.env.ref(
                f"credit_collection.legal_profile_fr_{kind}"
            ).id,
            vat=False,
            **vals,
        )

    def _notice(self, partner=None):
        """Return the last notice to a debtor."""
        domain = [("customer_id", "=", (partner or self.french).id)]
        return self.env["credit.collection.dunning"].search(domain, order="id desc", limit=1)

    def _refused(self, on=None):
        """Try to send a notice; return why it is refused."""
        self._dun(on)
        notice = self._notice()
        self.assertState(notice, "failed")
        self.assertTrue(notice.is_refused)
        self.assertFalse(notice.letter_id)
        self.assertTrue(
            notice.note.startswith("Code des procédures civiles d'exécution, art. R124-4: "),
            notice.note,
        )
        return notice.note

    def _own_law(self, **vals):
        """Put the debtor under a law of his own."""
        own = self.french.collection_legal_profile_id.copy({"company_id": self.company.id, **vals})
        self.french.collection_legal_profile_id = own
        return own

    def _read_letter(self, notice):
        return self._read_pdf(notice.letter_id)

    def _read_pdf(self, attachment):
        pages = PdfFileReader(io.BytesIO(attachment.raw)).pages
        return " ".join(" ".join(page.extractText().split()) for page in pages)

    def _find_missing(self, notice, text):
        """Return what a text lacks of what the law demands of a notice."""
        missing = notice._get_mentions()._find_missing(text, notice._get_mention_values())
        return self.env["credit.collection.mention"]._explain(missing)

    def test_a_letter_that_says_everything_leaves_and_so_does_the_first_again(self):
        self._overdue_invoice(100.0, partner=self.french)
        self._dun()
        first = self._notice()
        self.assertState(first, "sent")
        quoted = "Les frais de recouvrement entrepris sans titre exécutoire"
        self.assertIn(quoted, self._read_letter(first))
        self.assertNotIn("First letter", self._read_letter(first))
        self.assertIn(quoted, self._read_email(self.french.email))
        self._dun("2026-03-16")
        later = self._notice()
        self.assertState(later, "sent")
        recalled = f"First letter about this debt: {first.name} of March 2, 2026."
        self.assertIn(recalled, self._read_letter(later))
        self.assertIn(recalled, self._read_email(self.french.email))

    def test_every_debt_recalls_the_letter_that_claimed_it_first(self):
        self._overdue_invoice(100.0, partner=self.french)
        self._dun()
        first = self._notice()
        self._overdue_invoice(200.0, "2026-02-25", partner=self.french)
        self._dun("2026-03-16")
        second = self._notice()
        self.assertEqual(second.first_letter_ids, first)
        self._dun("2026-03-30")
        third = self._notice()
        self.assertEqual(third.first_letter_ids, first | second)
        self.assertIn(
            f"{first.name} of March 2, 2026 and {second.name} of March 16, 2026",
            self._read_letter(third),
        )

    def test_a_letter_that_came_back_was_no_first_letter(self):
        self._overdue_invoice(100.0, partner=self.french)
        self._dun()
        first = self._notice()
        first.delivery_ids._set_failed("No such mailbox")
        first._cancel("Another address")
        self._dun("2026-03-16")
        self.assertFalse(self._notice().first_letter_ids)
        self.assertState(self._notice(), "sent")

    def _state(self, **vals):
        """Print and send a statement of account; return the letter as text."""
        self._commit()
        wizard = self.env["credit.collection.case.statement"].create(
            {
                "case_ids": [Command.set(self._case(self.french).ids)],
                "note": "As you asked.",
                **vals,
            }
        )
        with self.allow_pdf_render():
            wizard.action_send()
        self._send_mails()
        attachment = self.env["ir.attachment"].search([], order="id desc", limit=1)
        return self._read_pdf(attachment), wizard.preview

    def _agree(self, invoice):
        """Return a payment plan that is agreed, from 16 March on."""
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": self._case(self.french).id,
                "date_first": "2026-03-16",
                "line_ids": [
                    Command.create({"move_line_id": line.id})
                    for line in invoice.line_ids.filtered("date_maturity")
                ],
            }
        )
        plan.action_make_installments()
        with self.allow_pdf_render():
            plan.action_propose()
        plan.action_activate()
        return plan

    def test_everything_else_that_is_written_about_a_debt_recalls_it_too(self):
        """A statement, a promise that is confirmed, a payment plan and its reminder."""
        invoice = self._overdue_invoice(100.0, partner=self.french)
        self._dun()
        first = self._notice()
        recalled = f"First letter about this debt: {first.name} of March 2, 2026."
        letter, preview = self._state()
        self.assertIn(recalled, letter)
        self.assertIn(recalled, preview)
        self.assertIn(recalled, self._read_email(self.french.email))
        promise = self.env["credit.collection.promise"].create(
            {
                "case_id": self._case(self.french).id,
                "amount": 100.0,
                "date_promised": "2026-03-09",
                "is_confirmed": True,
            }
        )
        self._send_mails()
        self.assertIn("March 9, 2026", self._read_email(self.french.email))
        self.assertIn(recalled, self._read_email(self.french.email))
        promise.action_cancel()
        plan = self._agree(invoice)
        self.assertIn(recalled, self._read_pdf(plan.agreement_id))
        self._run_cron("credit_collection.ir_cron_follow_plans", on="2026-03-19")
        self._send_mails()
        self.assertIn(plan.name, self._read_email(self.french.email))
        self.assertIn(recalled, self._read_email(self.french.email))

    def test_what_is_written_before_the_first_letter_recalls_none(self):
        self._overdue_invoice(100.0, partner=self.french)
        letter, preview = self._state()
        self.assertIn("As you asked.", letter)
        self.assertNotIn("First letter", letter + preview)

    def test_a_statement_recalls_the_first_letter_of_each_debt_once(self):
        paid = self._overdue_invoice(100.0, partner=self.french)
        self._dun()
        first = self._notice()
        self._overdue_invoice(200.0, "2026-02-25", partner=self.french)
        self._dun("2026-03-16")
        second = self._notice()
        self._dun("2026-03-30")
        self.assertIn(
            f"First letter about this debt: {first.name} of March 2, 2026 and "
            f"{second.name} of March 16, 2026.",
            self._state()[0],
        )
        self._pay(paid, on="2026-03-30")
        self.assertIn(
            f"First letter about this debt: {second.name} of March 16, 2026.",
            self._state(kind="movements", date_from="2026-01-01")[0],
            "what is paid is not claimed any more",
        )

    def test_who_collects_for_himself_and_other_laws_are_not_bothered(self):
        self.bank.unlink()
        self._overdue_invoice(100.0)
        self._dun()
        belgian = self._notice(self.customer)
        self.assertState(belgian, "sent")
        self.assertNotIn("L111-8", self._read_letter(belgian))
        self.company.sudo().collection_firm_id = False
        self._overdue_invoice(100.0, partner=self.french)
        self._dun("2026-03-16")
        own = self._notice()
        self.assertState(own, "sent")
        self._dun("2026-03-30")
        self.assertNotIn("First letter", self._read_letter(self._notice()))
        self.assertNotIn("First letter", self._state()[0])

    def test_each_mention_that_lacks_is_named(self):
        """Letter and e-mail say everything; what is taken out of them is missed."""
        self.policy.level_ids.write({"charge_interest": True, "charge_fees": True})
        debtor = self.french = self._debtor("Commerçant", "business")
        invoice = self._overdue_invoice(100.0, partner=debtor)
        self._dun()
        first = self._notice()
        self._dun("2026-03-16")
        notice = self._notice()
        self.assertState(notice, "sent")
        texts = [
            self._read_letter(notice),
            " ".join(html.fromstring(self._read_email(debtor.email)).itertext()),
        ]
        for wanted, reason in (
            ("Ledger & Partners", "Name and address of the firm"),
            ("1 Long Street", "Name and address of the firm"),
            ("activité de recouvrement amiable", "activité de recouvrement amiable"),
            (self.company.name, "Name of the creditor"),
            ("4 Market Street", "Address of the creditor"),
            (invoice.name, "Number of each invoice"),
            ("100.00 €", "Balance of each invoice"),
            ("0.80 €", "Principal and interest apart"),
            ("40.00 €", "Principal and interest apart"),
            ("BE71 0961 2345 6769", "What to pay, and how"),
            ("Les frais de recouvrement entrepris", "Les frais de recouvrement entrepris"),
            ("justifie du caractère nécessaire", "Cependant, le créancier qui justifie"),
            (first.name, "Number and date of the first letter"),
            ("March 2, 2026", "Number and date of the first letter"),
        ):
            for text in texts:
                text = " ".join(text.split())
                self.assertEqual(self._find_missing(notice, text), "")
                lacks = self._find_missing(notice, text.replace(wanted, "…"))
                self.assertIn("art. R124-4: ", lacks, wanted)
                self.assertIn(reason, lacks, wanted)

    def test_without_a_bank_account_the_letter_does_not_say_how_to_pay(self):
        self.bank.unlink()
        self._overdue_invoice(100.0, partner=self.french)
        self.assertIn("How to pay: enter the bank account of", self._refused())
        self.assertIn("was refused", self.env["credit.collection.item"].search([]).explanation)

    def test_without_addresses_it_says_whose(self):
        self.firm.city = self.firm.zip = False
        self.company.street = False
        self._overdue_invoice(100.0, partner=self.french)
        reason = self._refused()
        self.assertIn("enter the street and the city of Ledger & Partners", reason)
        self.assertIn(f"enter the street and the city of {self.company.name}", reason)

    def test_the_proposal_says_already_what_is_to_be_entered(self):
        self.bank.unlink()
        self.firm.city = self.firm.zip = False
        self.env["res.lang"]._activate_lang("fr_FR")
        self.french.lang = "fr_FR"
        self._overdue_invoice(100.0, partner=self.french)
        self._overdue_invoice(100.0)
        proposed = self._propose().dunning_ids.grouped("customer_id")
        self.assertEqual(
            proposed[self.french].warning,
            "Address of the firm: enter the street and the city of Ledger & Partners. "
            f"How to pay: enter the bank account of {self.company.name}.",
            "in the language of whoever approves",
        )
        self.assertFalse(proposed[self.customer].warning, "his law demands nothing of a firm")

    def test_without_the_list_of_invoices_it_says_no_basis(self):
        self._level(1).show_items = False
        self._overdue_invoice(100.0, partner=self.french)
        self.assertRegex(self._refused(), "Number of each invoice.*Let the level list the invoices")

    def test_without_the_words_of_the_law_it_says_which(self):
        self._own_law(letter_mandate="Activité de recouvrement amiable.")
        self._overdue_invoice(100.0, partner=self.french)
        reason = self._refused()
        self.assertIn("Les frais de recouvrement entrepris sans titre", reason)
        self.assertIn("Cependant, le créancier", reason)
        self.assertIn("where a firm writes", reason)
        self.assertNotIn("activité", reason)

    def test_a_manager_overrides_it_and_a_first_reminder_stays_one(self):
        own = self._own_law(letter_mandate=False, reminder_days=14)
        self.assertEqual(set(own.mention_ids.mapped("occasion")), {"mandate"})
        self._overdue_invoice(100.0, "2026-02-10", partner=self.french)
        self._refused()
        notice = self._notice()
        notice._override("The client has approved the text")
        self._send()
        self.assertState(notice, "sent")
        self.assertTrue(notice.is_first_reminder)

    def test_shipped_letters_pass_in_every_language(self):
        langs = ("en_US", "fr_FR", "nl_NL", "de_DE")
        self._speak(*langs)
        policies = {"consumer": "consumer", "business": "business", "public": "business"}
        debtors = self.env["res.partner"]
        for kind, policy in policies.items():
            for lang in langs:
                debtors |= self._debtor(
                    f"{kind} {lang}",
                    kind,
                    lang=lang,
                    collection_policy_id=self.env.ref(f"credit_collection.policy_{policy}").id,
                )
        for debtor in debtors:
            self._overdue_invoice(100.0, partner=debtor)
        for day in ("2026-03-05", "2026-04-02", "2026-04-30"):
            self._run(day)
            self._send()
            for debtor in debtors:
                notice = self._notice(debtor)
                self.assertEqual(
                    (str(notice.date), notice.state, notice.note), (day, "sent", False), debtor.name
                )
                text = " ".join(html.fromstring(self._read_email(debtor.email)).itertext())
                self.assertEqual(self._find_missing(notice, text), "", debtor.name)


@tagged("post_install", "-at_install")
class TestClientReport(FirmCommon):
    """What a client is told about a month."""

    def _make(self, month="2026-02-15", companies=None, user=None, **kwargs):
        self._commit()
        with self.allow_pdf_render():
            return (
                self.env[REPORT]
                .with_user(user or self.manager)
                ._make(companies or self.env.company, fields.Date.to_date(month), **kwargs)
            )

    def _read(self, report):
        pages = PdfFileReader(io.BytesIO(report.sudo().pdf_id.raw)).pages
        return " ".join(" ".join(page.extractText().split()) for page in pages)

    def _story(self):
        """January and February of a client: invoices, payments in part, a credit note, a loss."""
        first = self._overdue_invoice(1000.0, "2026-01-20")
        self._overdue_invoice(400.0, "2026-02-25")
        self._overdue_invoice(90.0, "2026-03-15")
        self._pay(first, 300.0, on="2026-02-10")
        self._credit_note(50.0, on="2026-02-20")
        self._pay(first, 700.0, on="2026-03-01")
        foreign = self._currency("GBP", 0.8)
        self._overdue_invoice(80.0, "2026-02-01", currency_id=foreign.id)

    def _add_up(self, first, last):
        """Return the same from the raw ledger in plain Python: ageing and movements."""
        first, last = date.fromisoformat(first), date.fromisoformat(last)
        self.env.flush_all()
        self.env.invalidate_all()
        lines = (
            self.env["account.move.line"]
            .search(
                [
                    ("company_id", "=", self.env.company.id),
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                ]
            )
            .filtered(lambda line: line.date <= last)
        )
        ageing = [0.0] * 6
        movements = dict.fromkeys(
            ("opening", "invoiced", "credited", "received", "written_off", "other"), 0.0
        )
        kinds = {"out_invoice": "invoiced", "out_refund": "credited"}
        for line in lines:
            value = line.balance
            value -= sum(m.amount for m in line.matched_credit_ids if m.credit_move_id.date <= last)
            value += sum(m.amount for m in line.matched_debit_ids if m.debit_move_id.date <= last)
            late = (last - line.date_maturity).days
            column = 5 if value < 0 else 0 if late <= 0 else min((late - 1) // 30 + 1, 4)
            ageing[column] += value
            kind = kinds.get(line.move_id.move_type, "other")
            if line.move_id.origin_payment_id:
                kind = "received"
            movements["opening" if line.date < first else kind] += line.balance
        return [round(value, 2) for value in ageing], {
            name: round(value, 2) for name, value in movements.items()
        }

    def test_position_and_movements_are_those_of_the_raw_ledger(self):
        self._story()
        for month, last in (("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")):
            report = self._make(month).sudo()
            ageing, movements = self._add_up(month, last)
            self.assertEqual(report._get_position(report._get_open_items()), ageing)
            found = report._get_movements()
            self.assertEqual({name: round(v, 2) for name, v in found.items()}, movements)
            self.assertAlmostEqual(sum(movements.values()), sum(ageing), places=2)

    def test_a_past_month_stays_as_it_was(self):
        self._story()
        report = self._make().sudo()
        before = report._get_position(report._get_open_items()), report._get_movements()
        self._pay(self._overdue_invoice(10.0, "2026-05-01"), on="2026-03-02")
        self.env.flush_all()
        after = report._get_position(report._get_open_items()), report._get_movements()
        self.assertEqual(after, before)

    def test_what_was_done_is_counted(self):
        self._day("2026-02-23")
        self._overdue_invoice(100.0, "2026-02-10")
        self._overdue_invoice(100.0, "2026-02-10", self._customer("Second Ltd"))
        self._commit()
        self._dun("2026-02-23")
        self.env["credit.collection.promise"].create(
            {"case_id": self._case().id, "amount": 60.0, "date_promised": "2026-02-25"}
        )
        self._day("2026-03-02")
        report = self._make().sudo()
        self.assertEqual(report._get_notices(), {"Level 1": [2, 200.0]})
        text = self._read(report)
        self.assertIn("Promises to pay taken 1", text)
        for absent in ("Calls and visits", "E-mails and letters beside", "Answers of your"):
            self.assertNotIn(absent, text, "notices are told once")
        self.assertIn("Level 1 2", text)
        self.assertIn("No reminder was sent", self._read(self._make("2026-01-01")))

    def test_contacts_of_the_month_are_counted_to_its_last_hour(self):
        self._overdue_invoice(100.0, "2026-02-10")
        self._commit()
        self._day("2026-03-02")
        for when, channel, direction in (
            ("2026-01-31 23:59:59", "call", "out"),
            ("2026-02-01 00:00:00", "call", "out"),
            ("2026-02-28 23:59:59", "visit", "out"),
            ("2026-02-10 09:00:00", "email", "out"),
            ("2026-02-11 09:00:00", "email", "in"),
            ("2026-02-12 09:00:00", "letter", "in"),
            ("2026-03-01 00:00:00", "call", "out"),
        ):
            self.env["credit.collection.contact"].create(
                {
                    "case_id": self._case().id,
                    "date": when,
                    "channel": channel,
                    "direction": direction,
                    "outcome_id": self.env.ref("credit_collection.contact_outcome_reached").id,
                }
            )
        report = self._make().sudo()
        found = [
            contact
            for contact in self._case().contact_ids
            if contact.date.date().replace(day=1) == report.date_from
        ]
        told = [
            sum(contact.channel in ("call", "visit") for contact in found),
            sum(contact.channel == "email" and contact.direction == "out" for contact in found),
            sum(contact.direction == "in" for contact in found),
        ]
        self.assertEqual([count for _what, count in report._get_contact_counts()], told)
        self.assertEqual(told, [2, 1, 2])
        text = self._read(report)
        self.assertIn("Calls and visits 2", text)
        self.assertIn("E-mails and letters beside the reminders 1", text)
        self.assertIn("Answers of your customers 2", text)

    def test_the_largest_cases_come_first_and_what_is_needed_is_asked(self):
        large = self._customer("Large Ltd", email=False, street=False, city=False)
        self._overdue_invoice(900.0, "2026-02-10", large)
        disputed = self._overdue_invoice(100.0, "2026-02-15")
        self._unmatched_payment(33.0)
        self._commit()
        self.env["credit.collection.dispute"].create(
            {
                "case_id": self._case().id,
                "move_id": disputed.id,
                "amount": 40.0,
                "reason_id": self.env["credit.collection.dispute.reason"].search([], limit=1).id,
            }
        )
        report = self._make().sudo()
        items = report._get_open_items()
        self.assertEqual(
            [(partner, amount) for partner, amount, _due in report._get_biggest(items)],
            [(large.id, 900.0), (self.customer.id, 100.0)],
        )
        text = self._read(report)
        self.assertLess(text.index("Large Ltd"), text.index("Late Payer Ltd"))
        self.assertIn("answer these disputes", text)
        self.assertIn(disputed.name, text)
        self.assertIn("postal address of – Large Ltd", text)
        self.assertIn("33.00", text)

    def test_a_long_list_of_needs_is_cut_but_not_for_a_single_one(self):
        for number in range(9):
            partner = self._customer(f"Receipt {number}")
            self._unmatched_payment(100.0 - number, partner=partner)
        whole = self._read(self._make())
        self.assertIn("– Receipt 8: 92.00", whole)
        self.assertNotIn("more", whole)
        self._unmatched_payment(50.0, partner=self._customer("Receipt 9"))
        cut = self._read(self._make())
        self.assertIn("– Receipt 7: 93.00", cut)
        self.assertNotIn("Receipt 8", cut)
        self.assertIn("– and 2 more", cut)

    def test_it_speaks_the_language_of_the_client(self):
        self._story()
        self.company.partner_id.lang = "fr_FR"
        report = self._make()
        text = self._read(report)
        self.assertIn("28 février 2026", text)
        self.assertIn("février 2026 · Page 1 sur", text)
        self.assertIn("– Late Payer Ltd : 50,00", text)
        self.assertNotIn("recouvrer notre créance", text, "the client is no debtor")
        self.assertRegex(text, r"1.200,00|1.190,00|1 ?.?\d{3},\d\d")

    def test_it_is_on_the_paper_of_the_firm(self):
        self._overdue_invoice()
        office = self.env["res.company"].create(
            {"name": "Ledger Office", "street": "Koornmarkt 1", "city": "Ghent"}
        )
        self.company.sudo().collection_firm_id = office.partner_id
        report = self._make()
        self.assertEqual(report.sender_id, office)
        self.assertIn("Koornmarkt 1", self._read(report))

    def test_all_clients_in_one_go_each_his_own(self):
        self._overdue_invoice(100.0)
        self._invoice_of(self.other, 70.0, partner=self._customer("Only Of Other Ltd"))
        reports = self._make(companies=self.env.company | self.other)
        by_company = {report.company_id: self._read(report) for report in reports}
        self.assertNotIn("Only Of Other Ltd", by_company[self.env.company])
        self.assertIn("Only Of Other Ltd", by_company[self.other])
        self.assertNotIn("Late Payer Ltd", by_company[self.other])

    def test_one_failure_stops_no_other(self):
        self._overdue_invoice(100.0)
        template = self.env.ref("credit_collection.client_report_case")
        template.arch_db = template.arch_db.replace(
            "t-out=\"row['next']\"",
            "t-out=\"row['next'] if company.name != 'Other Client' else 1 / 0\"",
        )
        self._invoice_of(self.other, 70.0)
        with mute_logger("odoo.addons.credit_collection.models.credit_collection_client_report"):
            reports = self._make(companies=self.env.company | self.other, is_sent=True)
        found = {report.company_id: report.state for report in reports}
        self.assertEqual(found, {self.env.company: "sent", self.other: "failed"})
        broken = reports.filtered(lambda report: report.state == "failed")
        self.assertIn("division", broken.failure_reason)

    def test_it_is_sent_once_and_kept(self):
        self._overdue_invoice(100.0)
        report = self._make(is_sent=True)
        self._send_mails()
        self.assertEqual(self.emails[-1]["smtp_to_list"], ["accounts@seller.example"])
        self.assertEqual(report.state, "sent")
        kept = report.pdf_id
        self._make(is_sent=True)
        self._send_mails()
        self.assertEqual(report.pdf_id, kept)
        self.assertFalse(self.emails)
        with self.assertRefused("The client has this report"):
            report.sudo().unlink()

    def test_a_month_that_was_running_is_told_again_when_it_is_over(self):
        self._day("2026-02-15")
        self.company.partner_id.email = "boss@seller.example"
        self._overdue_invoice(100.0, "2026-02-10")
        report = self._make(is_sent=True).sudo()
        first = report.pdf_id
        self._day("2026-02-20")
        self._make(is_sent=True)
        self.assertEqual((report.pdf_id, report.is_provisional), (first, True))
        self.assertEqual(str(report.date_to), "2026-02-15")
        self._day("2026-03-02")
        self._make(is_sent=True)
        self.assertEqual((report.state, report.is_provisional), ("sent", False))
        self.assertEqual(str(report.date_to), "2026-02-28")
        self.assertNotEqual(report.pdf_id, first)
        self.assertIn(first, report.message_ids.attachment_ids, "what the client has is kept")
        last = report.pdf_id
        self._make(is_sent=True)
        self.assertEqual(report.pdf_id, last)

    def test_who_has_no_address_is_noted(self):
        self.other.partner_id.email = False
        self._invoice_of(self.other, 70.0)
        report = self._make(companies=self.other, is_sent=True)
        self.assertEqual(
            (report.state, report.failure_reason), ("made", "There is no e-mail address.")
        )

    def test_every_month_for_the_clients_who_want_it(self):
        cron = self.env.ref("credit_collection.ir_cron_client_reports")
        self.assertFalse(cron.active)
        self._overdue_invoice(100.0)
        self.company.sudo().collection_report_partner_id = self._contact(
            self.company.partner_id, "Boss", email="boss@seller.example"
        )
        self._run_cron("credit_collection.ir_cron_client_reports")
        reports = self.env[REPORT].search([])
        self.assertEqual(reports.company_id, self.company)
        self.assertEqual(
            (str(reports.date_from), reports.recipient), ("2026-02-01", "boss@seller.example")
        )
        self._run_cron("credit_collection.ir_cron_client_reports")
        self.assertEqual(len(self.env[REPORT].search([])), 1)

    def test_nobody_makes_or_reads_a_report_of_a_client_that_is_not_his(self):
        self._invoice_of(self.other, 70.0)
        report = self._make(companies=self.other)
        own = self._firm_user("own", self.env.company)
        with self.assertRaises(AccessError):
            self._make(companies=self.other, user=own)
        self.assertFalse(self.env[REPORT].with_user(own).search([]))
        for record in (report, report.sudo().pdf_id):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                record.with_user(own).read(["name"])
        collector = self._firm_user("collector", self.other, "credit_collection_group_user")
        with self.assertRaises(AccessError):
            self._make(companies=self.other, user=collector)
        with self.assertRaises(AccessError):
            report.with_user(collector).action_send()
        with self.assertRaises(UserError):
            report.with_user(self.manager).write({"state": "sent"})

    def test_the_month_must_have_begun(self):
        with self.assertRefused("has not begun"):
            self._make("2026-05-01")

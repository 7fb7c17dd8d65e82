import io
import re
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import html2plaintext
from odoo.tools.pdf import PdfFileReader

from odoo.addons.base.models import ir_actions_report

from .common import CollectionCommon

LANGS = ("en_US", "fr_FR", "nl_NL", "de_DE")
IBAN = "BE71096123456769"

# What a letter under the law of a country must say, by policy and level, in each language.
MENTIONS = {
    ("be", "business", 2): ("2 August 2002", "2 août 2002", "2 augustus 2002", "2. August 2002"),
    ("be", "business", 3): ("1394/20", "1394/20", "1394/20", "1394/20"),
    ("be", "consumer", 1): (
        "at least fourteen calendar days",
        "au moins quatorze jours calendrier",
        "minstens veertien kalenderdagen",
        "mindestens vierzehn Kalendertage",
    ),
    ("be", "consumer", 3): ("Book XIX", "livre XIX", "boek XIX", "Buch XIX"),
    ("fr", "business", 2): ("L441-10", "L441-10", "L441-10", "L441-10"),
    ("fr", "business", 3): ("article 1344", "article 1344", "artikel 1344", "Artikel 1344"),
    ("fr", "consumer", 1): ("L111-8", "L111-8", "L111-8", "L111-8"),
    ("fr", "consumer", 3): ("1231-6", "1231-6", "1231-6", "1231-6"),
    ("nl", "business", 3): ("6:82", "6:82", "6:82", "6:82"),
    ("nl", "consumer", 1): (
        "within fourteen days from the day after this letter was delivered to you",
        "dans les quatorze jours à compter du lendemain du jour",
        "binnen veertien dagen vanaf de dag nadat deze brief bij u is bezorgd",
        "innerhalb von vierzehn Tagen ab dem Tag nach der Zustellung",
    ),
    ("nl", "consumer", 3): ("6:119", "6:119", "6:119", "6:119"),
    ("de", "business", 3): ("section 286", "§ 286", "§ 286", "§ 286 BGB"),
    ("de", "consumer", 3): ("section 288", "§ 288", "§ 288", "§ 288 Abs. 1 BGB"),
    ("lu", "business", 3): ("18 April 2004", "18 avril 2004", "18 april 2004", "18. April 2004"),
    ("lu", "consumer", 3): ("18 April 2004", "18 avril 2004", "18 april 2004", "18. April 2004"),
    ("uk", "business", 3): (
        "letter before action",
        "letter before action",
        "letter before action",
        "letter before action",
    ),
}


@tagged("post_install", "-at_install")
class TestLetters(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._speak(*LANGS)
        cls.company.write(
            {
                "street": "12 Mill Quay",
                "zip": "9000",
                "city": "Gent",
                "vat": "BE0477472701",
                "collection_window": "right",
            }
        )
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": IBAN, "partner_id": cls.company.partner_id.id}
        )

    def setUp(self):
        super().setUp()
        # the number is the reference of an invoice, as in most countries
        self.company_data["default_journal_sale"].invoice_reference_model = "odoo"

    def _letters(self, *dunnings):
        """Return the letters of these notices, each as a list of the texts of its pages."""
        notices = self.env["credit.collection.dunning"].browse([one.id for one in dunnings])
        notices._make_letters()
        return [self._pages(notice.letter_id.raw) for notice in notices]

    def _pages(self, content):
        """Return the text of each page, with single spaces."""
        pages = PdfFileReader(io.BytesIO(content), strict=False).pages
        return [re.sub(r"\s+", " ", page.extract_text()) for page in pages]

    def _letter(self, dunning):
        return " ".join(self._letters(dunning)[0])

    def _text(self, dunning, *fields_):
        """Return the texts of the level as the customer reads them, with single spaces."""
        dunning.sudo().date_deadline = "2026-03-16"  # as when the letter is made
        texts = [dunning._get_text(name) for name in fields_ or ("letter_intro", "letter_closing")]
        return " ".join(html2plaintext(" ".join(texts)).replace("*", "").split())

    def _notice(self, *amounts, **vals):
        """Return an approved notice that claims invoices of these amounts."""
        partner = vals.pop("partner", None) or self.customer
        for amount in amounts:
            self._overdue_invoice(amount, due="2026-02-10", partner=partner, **vals)
        return self._run().dunning_ids.filtered(lambda one: one.customer_id == partner)

    def _shipped_notice(self, policy, rank, lang, **vals):
        """Return an approved notice at a level of a shipped policy, to a customer of a language."""
        name = " ".join([policy, str(rank), lang, *map(str, vals.values())])
        partner = self._customer(name, lang=lang, **vals)
        level = self._level(rank, self.env.ref(f"credit_collection.policy_{policy}"))
        self._overdue_invoice(1234.5, due="2026-02-10", partner=partner)
        notice = self._propose().dunning_ids.filtered(lambda one: one.customer_id == partner)
        notice.sudo().level_id = level
        notice.line_ids.sudo().level_id = level
        notice._queue()
        return notice

    def _consumer_notice(self, country, amounts=(1234.5,), lang="en_US", rank=1):
        """Return an approved notice at a level of the shipped policy to a consumer of a country."""
        partner = self._customer(
            f"{country} {lang}",
            lang=lang,
            is_company=False,
            country_id=self.env.ref(f"base.{country}").id,
            collection_policy_id=self.env.ref("credit_collection.policy_consumer").id,
        )
        notice = self._notice(*amounts, partner=partner)
        level = self._level(rank, self.env.ref("credit_collection.policy_consumer"))
        notice.sudo().level_id = level
        return notice

    def assertSaysNothingEmpty(self, text):
        """Check that nothing is printed of a placeholder or of a sentence without its word."""
        self.assertNotRegex(text, r"False|None|[{}\[\]]|\( ?\)")

    # -------------------------------------------------------------------------
    # What it says
    # -------------------------------------------------------------------------

    def test_every_level_is_complete_in_every_language(self):
        subjects = {
            "en_US": "Payment reminder",
            "fr_FR": "Rappel de paiement",
            "nl_NL": "Betalingsherinnering",
            "de_DE": "Zahlungserinnerung",
        }
        written = {
            "en_US": ("1,234.50", "Dear Sir or Madam", "02/10/2026", "March 10, 2026"),
            "fr_FR": ("1 234,50", "Madame, Monsieur", "10/02/2026", "10 mars 2026"),
            "nl_NL": ("1.234,50", "Geachte heer, mevrouw", "10-02-2026", "10 maart 2026"),
            "de_DE": ("1.234,50", "Sehr geehrte Damen und Herren", "10.02.2026", "10. März 2026"),
        }
        for policy in ("business", "consumer"):
            for rank in (1, 2, 3):
                notices = [self._shipped_notice(policy, rank, lang) for lang in LANGS]
                for notice in notices:
                    notice.level_id.sudo().deadline_days = 8
                for lang, pages in zip(LANGS, self._letters(*notices), strict=True):
                    with self.subTest(policy=policy, rank=rank, lang=lang):
                        text = " ".join(pages)
                        self.assertSaysNothingEmpty(text)
                        for words in written[lang]:
                            self.assertIn(words, text)
                        if rank == 1:
                            self.assertIn(subjects[lang], text)
                        if lang != "en_US":
                            for words in (
                                "Due date",
                                "Please",
                                "reminder",
                                "Page 1 of",
                                "Total to",
                            ):
                                self.assertNotIn(words, text)

    def test_law_of_the_country_is_quoted_in_every_language(self):
        """A business has the law of the creditor, a consumer that of his own country."""
        for (code, policy, rank), mentions in MENTIONS.items():
            country = self.env.ref(f"base.{code}")
            is_company = policy == "business"
            self.company.country_id = country if is_company else self.env.ref("base.be")
            notices = [
                self._shipped_notice(
                    policy, rank, lang, is_company=is_company, country_id=country.id
                )
                for lang in LANGS
            ]
            for notice, lang, mention in zip(notices, LANGS, mentions, strict=True):
                with self.subTest(country=code, policy=policy, rank=rank, lang=lang):
                    self.assertEqual(notice.legal_profile_id.country_id, country)
                    text = self._text(notice)
                    self.assertIn(mention, text)
                    self.assertSaysNothingEmpty(text)
                    self.assertNotRegex(text, r"[,.] *[,.]|\s\.\s")

    def test_first_reminder_to_a_belgian_consumer_says_all_that_book_xix_demands(self):
        self.company.partner_id.company_registry = "0477472701"
        self.company.collection_penalty_percent = 10
        notice = self._consumer_notice("be", (120.0, 300.0))
        text = self._letter(notice)
        for mention in (
            "420.00 €",  # the balance
            "compensation of 42.00 €",  # 10 % by contract, below 20 and 45 of the law
            "enterprise number 0477472701",
            "Goods",  # what was sold
            "02/10/2026",  # when it was due
            "at least fourteen calendar days",
            "third working day after this letter was sent",
            "March 23, 2026",
            "supporting documents",
        ):
            self.assertIn(mention, text)

    def test_compensation_announced_to_a_belgian_consumer_is_capped_by_law(self):
        self.company.collection_penalty_percent = 50
        notice = self._consumer_notice("be", (120.0, 300.0))
        self.assertIn("compensation of 65.00 €", self._text(notice))  # 20 + 30 + 10 % of 150

    def test_without_a_clause_no_compensation_is_announced(self):
        text = self._text(self._consumer_notice("be"))
        self.assertNotIn("compensation", text)
        self.assertSaysNothingEmpty(text)

    def test_fourteen_days_letter_states_the_exact_costs(self):
        notice = self._consumer_notice("nl", (1000.0, 2000.0), lang="nl_NL")
        self.assertIn("bent u 425,00 € aan buitengerechtelijke incassokosten", self._text(notice))

    def test_credits_lower_the_costs_that_are_announced(self):
        partner = self._customer("NL", is_company=False, country_id=self.env.ref("base.nl").id)
        self._credit_note(200.0, partner=partner)
        notice = self._notice(1000.0, partner=partner)
        announced = notice._get_announced_compensation()
        self.assertEqual(announced, {self.company.currency_id: 120.0})

    def test_period_of_the_first_reminder_ends_on_a_day_of_its_own(self):
        self.policy.level_ids.letter_intro = "<p>Free[ until {waiting_period_end}].</p>"
        business = self._notice(100.0)
        self.assertEqual(self._text(business, "letter_intro"), "Free.")
        posted = self._consumer_notice("be")
        posted.level_id.sudo().letter_intro = self.policy.level_ids[0].letter_intro
        posted.delivery_ids.sudo().channel = "letter"
        self.assertEqual(self._text(posted, "letter_intro"), "Free until March 18, 2026.")

    def test_only_consumers_read_what_they_have_bought(self):
        self.assertIn("Goods", self._letter(self._consumer_notice("be")))
        self.assertNotIn("Goods", self._letter(self._notice(100.0)))

    def test_letter_text_of_a_law_uses_known_placeholders(self):
        profile = self.env["credit.collection.legal.profile"].search([], limit=1).copy()
        with self.assertRaisesRegex(ValidationError, "{dedline}"):
            profile.letter_next_steps = "By {dedline}."
        with self.assertRaisesRegex(ValidationError, "{legal_next_steps}"):
            profile.letter_next_steps = "As said: {legal_next_steps}"

    def test_law_of_ones_own_speaks_in_the_letters(self):
        profile = self.env.ref("credit_collection.legal_profile_be_business")
        profile.copy({"company_id": self.company.id, "letter_next_steps": "We ring <b>twice</b>."})
        notice = self._shipped_notice("business", 3, "en_US")
        self.assertIn("We ring <b>twice</b>.", self._text(notice))

    def test_accountant_reads_which_law_a_notice_follows(self):
        notice = self._notice(100.0)
        reader = self._user("reader", "credit_collection_group_readonly")
        self.assertEqual(
            notice.with_user(reader).legal_profile_id,
            self.env.ref("credit_collection.legal_profile_be_business"),
        )

    def test_texts_are_translated_as_a_whole(self):
        levels = self.env["credit.collection.level"].search(
            [
                (
                    "policy_id",
                    "in",
                    [
                        self.env.ref(f"credit_collection.policy_{name}").id
                        for name in ("business", "consumer")
                    ],
                )
            ]
        )
        for field in ("name", "letter_subject", "letter_intro", "letter_closing"):
            for level in levels:
                texts = [level.with_context(lang=lang)[field] for lang in LANGS]
                self.assertEqual(len(set(texts)), len(LANGS), texts)
                counts = {tuple(sorted(re.findall(r"\{\w+\}", str(text)))) for text in texts}
                self.assertEqual(len(counts), 1, "a translation lost a placeholder")

    def test_french_typography(self):
        levels = self.env["credit.collection.level"].search([])
        for level in levels.with_context(lang="fr_FR"):
            for text in (level.letter_intro, level.letter_closing):
                self.assertNotRegex(text or "", r"[^\N{NO-BREAK SPACE}][:;?!](?=[\s<])")
                self.assertNotIn("'", text or "")

    def test_level_that_was_jumped_to_mentions_no_earlier_notice(self):
        text = self._letter(self._shipped_notice("business", 3, "en_US"))
        self.assertIn("Formal notice to pay", text)
        self.assertNotIn("We last wrote to you", text)

    def test_earlier_notice_is_mentioned_with_its_date(self):
        self._overdue_invoice(100.0, due="2026-02-10")
        self.policy.level_ids.letter_intro = "<p>{last_notice_sentence} Pay {amount_due}.</p>"
        self._dun("2026-03-02")
        notice = self._run("2026-03-16").dunning_ids
        self.assertIn("We last wrote to you about this on March 2, 2026.", self._letter(notice))

    def test_what_users_wrote_is_escaped(self):
        self.customer.name = "Bad <img src=x onerror=alert(1)> & Sons"
        notice = self._notice(50.0, payment_reference="<img onerror=alert(2)>")
        html = str(self.env["credit.collection.letter"]._render_html(notice))
        self.assertNotIn("<img src=x", html)
        self.assertNotIn("<img onerror", html)
        text = self._letter(notice)
        self.assertIn("<img src=x onerror=alert(1)> & Sons", text)
        delivery = notice.delivery_ids
        delivery._send_email()
        body = delivery.mail_message_id.mail_ids.body_html
        self.assertNotIn("<img onerror", body)

    def test_each_currency_has_its_own_total_and_credits_are_deducted(self):
        dollar = self._currency("USD", 1.25)
        self._overdue_invoice(1000.0, due="2026-02-10")
        self._overdue_invoice(500.0, due="2026-02-10", currency_id=dollar.id)
        self._credit_note(100.0)
        text = self._letter(self._run().dunning_ids)
        self.assertIn("Total to pay in EUR 900.00 €", text)
        self.assertIn("Total to pay in USD $ 500.00", text)
        self.assertIn("-100.00 €", text)
        self.assertIn("Credit in your favor", text)

    def test_account_of_the_customer_on_a_credit_note_is_not_paid_to(self):
        own = self.env["res.partner.bank"].create(
            {"acc_number": "BE68539007547034", "partner_id": self.customer.id}
        )
        self._overdue_invoice(1000.0, due="2026-02-10")
        self._credit_note(100.0, partner_bank_id=own.id)
        text = self._letter(self._run().dunning_ids)
        self.assertIn("BE71 0961 2345 6769", text)
        self.assertNotIn("BE68 5390", text)

    def test_one_invoice_is_paid_with_its_reference(self):
        notice = self._notice(100.0, payment_reference="+++090/9337/55493+++")
        payment = notice._get_document_vals()[notice]["payments"][0]
        self.assertEqual(payment["reference"], "+++090/9337/55493+++")
        self.assertIn("+++090/9337/55493+++", self._letter(notice))

    def test_more_references_than_a_transfer_carries_give_way_to_the_notice_number(self):
        notice = self._notice(*[10.0] * 12)
        payment = notice._get_document_vals()[notice]["payments"][0]
        self.assertEqual(payment["reference"], notice.name)

    def test_payment_code_only_where_the_account_allows_it(self):
        dollar = self._currency("USD", 1.25)
        self._overdue_invoice(100.0, due="2026-02-10")
        self._overdue_invoice(100.0, due="2026-02-10", currency_id=dollar.id)
        notice = self._run().dunning_ids
        payments = notice._get_document_vals()[notice]["payments"]
        codes = {payment["currency"]: payment["qr"] for payment in payments}
        self.assertIsNone(codes["USD"])
        has_sepa = "sct_qr" in dict(
            self.env["res.partner.bank"].get_available_qr_methods_in_sequence()
        )
        self.assertEqual(bool(codes["EUR"]), has_sepa)

    def test_items_are_left_out_where_the_level_says_so(self):
        self.policy.level_ids.show_items = False
        notice = self._notice(100.0, 200.0)
        text = self._letter(notice)
        self.assertNotIn("Due date", text)
        self.assertIn("Total to pay 300.00 €", text)

    def test_address_is_the_invoice_contact_at_the_customer(self):
        contact = self._contact(
            self.customer,
            "Ann Accounts",
            street="5 Side Street",
            zip="4000",
            city="Liège",
            country_id=self.env.ref("base.fr").id,
        )
        self._overdue_invoice(100.0, due="2026-02-10", partner=contact)
        notice = self._notice()
        vals = notice._get_document_vals()[notice]
        self.assertEqual(
            vals["address"],
            ["Late Payer Ltd", "Ann Accounts", "5 Side Street", "4000 Liège", "FRANCE"],
        )

    def test_contact_without_an_address_is_written_to_at_the_customer(self):
        contact = self._contact(self.customer, "Ann Accounts")
        self._overdue_invoice(100.0, due="2026-02-10", partner=contact)
        notice = self._notice()
        self.assertEqual(
            notice._get_document_vals()[notice]["address"],
            ["Late Payer Ltd", "Ann Accounts", "1 Long Street", "1000 Brussels"],
        )

    # -------------------------------------------------------------------------
    # Pages
    # -------------------------------------------------------------------------

    def test_long_tables_are_in_an_annex_with_the_sum_carried_forward(self):
        for count, pages in ((1, 1), (15, None), (16, 2), (60, 4)):
            partner = self._customer(f"Customer of {count}")
            notice = self._notice(*[100.0] * count, partner=partner)
            letter = self._letters(notice)[0]
            with self.subTest(count=count):
                text = " ".join(letter)
                self.assertEqual(len(re.findall(r"\b02/10/2026", text)), count)
                self.assertEqual("Annex: open items" in text, count > 15)
                if pages:
                    self.assertEqual(len(letter), pages)
                if count == 60:
                    self.assertIn("To carry forward EUR 2,300.00 €", letter[1])
                    self.assertIn("Carried forward EUR 2,300.00 €", letter[2])
                    self.assertIn("Total to pay 6,000.00 €", letter[3])

    def test_references_stand_beside_the_numbers_while_all_items_are_of_one_level(self):
        for count, has_annex in ((15, False), (16, True)):
            partner = self._customer(f"Customer of {count}")
            for number in range(count):
                reference = f"RF18 {count} {number}"
                self._overdue_invoice(
                    100.0, due="2026-02-10", partner=partner, payment_reference=reference
                )
            text = self._letter(self._notice(partner=partner))
            self.assertEqual("Annex: open items" in text, has_annex)
            self.assertIn(f"RF18 {count} 0", text)

    def test_the_level_of_each_item_is_said_where_they_differ(self):
        """With a reference below each number there is room for fewer of them."""
        first = [self._overdue_invoice(100.0, due="2026-02-10") for _number in range(10)]
        dunning = self._dun("2026-03-02").dunning_ids
        self.assertNotIn("Level 1", self._letter(dunning))
        for number in range(2):
            self._overdue_invoice(100.0, due="2026-03-01", payment_reference=f"RF18 {number}")
        for invoice in first:
            invoice.payment_reference = f"RF19 {invoice.name}"
        notice = self._run("2026-03-12").dunning_ids
        text = self._letter(notice)
        self.assertIn("Level 1", text)
        self.assertIn("Level 2", text)
        self.assertIn("Annex: open items", text)

    def test_pages_are_numbered_and_continued_in_the_language_of_the_letter(self):
        partner = self._customer("Viele GmbH", lang="de_DE")
        notice = self._notice(*[100.0] * 30, partner=partner)
        letter = self._letters(notice)[0]
        self.assertEqual(len(letter), 3)
        self.assertIn("Seite 1 von 3", letter[0])
        self.assertNotIn("Fortsetzung", letter[0])
        for number in (2, 3):
            self.assertIn(f"Seite {number} von 3", letter[number - 1])
            self.assertIn(f"Fortsetzung unseres Schreibens {notice.name}", letter[number - 1])

    def test_no_greeting_is_alone_on_its_page(self):
        words = "If you cannot pay by then, please write to us and give your reasons. " * 4
        self.policy.level_ids.letter_closing = (
            f"<p>{words}</p>" * 6 + "<p>Next to last.</p><p>So be it.</p>"
        )
        notices = [
            self._notice(*[100.0] * count, partner=self._customer(f"Owes {count}"))
            for count in range(1, 9)
        ]
        letters = self._letters(*notices)
        self.assertEqual({len(letter) for letter in letters}, {1, 2})
        for letter in letters:
            self.assertIn("Next to last. So be it. Yours faithfully", letter[-1])

    def test_a_closing_without_paragraphs_is_printed_as_it_is(self):
        self.policy.level_ids.letter_closing = "Please pay <b>at once</b>"
        self.assertIn("Please pay at once Yours faithfully", self._letter(self._notice(100.0)))

    def test_letters_of_different_lengths_are_cut_apart(self):
        partners = [self._customer(f"Customer {number}") for number in range(3)]
        for partner, count in zip(partners, (1, 40, 1), strict=True):
            for _number in range(count):
                self._overdue_invoice(100.0, due="2026-02-10", partner=partner)
        notices = self._run().dunning_ids.sorted("id")
        by_partner = {notice.customer_id: notice for notice in notices}
        letters = self._letters(*(by_partner[partner] for partner in partners))
        self.assertEqual([len(letter) for letter in letters], [1, 3, 1])
        for partner, letter in zip(partners, letters, strict=True):
            self.assertIn(partner.name, letter[0])
            self.assertIn(by_partner[partner].name, letter[0])

    def test_letter_that_confuses_the_marks_is_printed_alone(self):
        self.policy.level_ids.letter_intro = (
            '<p style="color: rgb(253, 230, 231)">Pale {amount_due}</p>'
        )
        others = self._customer("Other Ltd")
        self._overdue_invoice(100.0, due="2026-02-10", partner=others)
        notices = self._notice(200.0) | self.env["credit.collection.dunning"].search(
            [("customer_id", "=", others.id)]
        )
        pages = dict(zip(notices, self._letters(*notices), strict=True))
        for notice in notices:
            self.assertIn(notice.customer_id.name, pages[notice][0])
            self.assertIn("Page 1 of 1", pages[notice][0])

    # -------------------------------------------------------------------------
    # Printing
    # -------------------------------------------------------------------------

    def test_printing_twice_gives_the_same_document(self):
        self.policy.level_ids.write({"send_email": False, "send_letter": True})
        notice = self._notice(100.0)
        notice.action_print_letters()
        first = notice.letter_id.raw
        self._overdue_invoice(500.0, due="2026-02-10")
        self._day("2026-03-05")
        notice.action_print_letters()
        self.assertEqual(notice.letter_id.raw, first)

    def test_letters_are_merged_by_language_and_postcode(self):
        self.policy.level_ids.write({"send_email": False, "send_letter": True})
        wanted = [("de_DE", "1000"), ("de_DE", "9000"), ("fr_FR", "1000"), ("fr_FR", "7000")]
        partners = {}
        for lang, postcode in reversed(wanted):
            partner = self._customer(f"Customer {lang} {postcode}", lang=lang, zip=postcode)
            self._overdue_invoice(100.0, due="2026-02-10", partner=partner)
            partners[lang, postcode] = partner
        action = self._run().dunning_ids.action_print_letters()
        attachment = self.env["ir.attachment"].browse(
            int(re.search(r"/web/content/(\d+)", action["url"])[1])
        )
        pages = self._pages(attachment.raw)
        for key, page in zip(wanted, pages, strict=True):
            self.assertIn(partners[key].name, page)

    def test_merged_letters_are_for_the_printing_user_and_gone_a_day_later(self):
        self.policy.level_ids.write({"send_email": False, "send_letter": True})
        notice = self._notice(100.0)
        collector = self._user("collector", "credit_collection_group_user")
        other = self._user("other", "credit_collection_group_user")
        action = notice.with_user(collector).action_print_letters()
        attachment = self.env["ir.attachment"].browse(
            int(re.search(r"/web/content/(\d+)", action["url"])[1])
        )
        self.assertTrue(attachment.with_user(collector).has_access("read"))
        self.assertFalse(attachment.with_user(other).has_access("read"))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET create_date = %s WHERE id = %s",
            (fields.Datetime.subtract(fields.Datetime.now(), days=2), attachment.id),
        )
        self.env["credit.collection.letter"].sudo()._gc_merged_letters()
        self.assertFalse(attachment.exists())
        self.assertTrue(notice.letter_id.exists())

    def test_without_wkhtmltopdf_the_user_is_told_what_to_install(self):
        notice = self._notice(100.0)
        missing = ir_actions_report._wkhtml()._replace(state="install")
        path = "odoo.addons.credit_collection.report.credit_collection_letter._wkhtml"
        with patch(path, return_value=missing), self.assertRaisesRegex(UserError, "Install"):
            notice._make_letters()

    def test_the_user_is_told_what_wkhtmltopdf_complains_about(self):
        notice = self._notice(100.0)
        broken = ir_actions_report._wkhtml()._replace(bin="/bin/false")
        path = "odoo.addons.credit_collection.report.credit_collection_letter._wkhtml"
        with patch(path, return_value=broken), self.assertRaisesRegex(UserError, "exit status 1"):
            notice._make_letters()
        self.assertFalse(notice.letter_id)

    def test_every_letter_of_several_batches_is_made(self):
        Letter = self.registry["credit.collection.letter"]
        partners = [self._customer(f"Batch {number}") for number in range(5)]
        for partner in partners:
            self._overdue_invoice(100.0, due="2026-02-10", partner=partner)
        notices = self._run().dunning_ids
        with patch.object(Letter, "_batch_letters", 2):
            documents = self.env["credit.collection.letter"]._render(notices)
        self.assertEqual(list(documents), list(notices))
        for notice in notices:
            self.assertIn(notice.customer_id.name, self._pages(documents[notice])[0])

    def test_printing_needs_no_query_per_letter(self):
        def count(number):
            partners = [self._customer(f"Batch {number} {index}") for index in range(number)]
            for partner in partners:
                self._overdue_invoice(100.0, due="2026-02-10", partner=partner)
            notices = self._run().dunning_ids.filtered(
                lambda one: one.customer_id.id in {partner.id for partner in partners}
            )
            notices.sudo().date_deadline = "2026-03-10"
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["credit.collection.letter"]._render(notices)
            return self.env.cr.sql_log_count - before

        count(1)  # the templates are compiled now
        self.assertLessEqual(count(12), count(2) + 3)

    # -------------------------------------------------------------------------
    # E-mails
    # -------------------------------------------------------------------------

    def test_email_is_in_the_language_of_the_customer(self):
        self.customer.lang = "fr_FR"
        self.policy.level_ids.letter_intro = "<p>{amount_due}</p>"
        notice = self._notice(1234.5)
        notice.delivery_ids._send_email()
        mail = notice.delivery_ids.mail_message_id.mail_ids
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(mail.body_html)))
        for words in ("Facture", "Échéance", "Total à payer", "Communication"):
            self.assertIn(words, text)
        self.assertIn(
            "1 234,50 €", re.sub(r"[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", text)
        )
        self.assertNotIn("Due date", text)
        self.assertIn(notice.letter_id, mail.attachment_ids)

    def test_pictures_in_emails_come_from_a_server_that_can_be_reached(self):
        Parameter = self.env["ir.config_parameter"].sudo()
        for url, has_picture in (("http://localhost", False), ("https://odoo.example", True)):
            Parameter.set_param("web.base.url", url)
            partner = self._customer(url)
            notice = self._notice(100.0, partner=partner)
            notice.delivery_ids._send_email()
            body = notice.delivery_ids.mail_message_id.mail_ids.body_html
            has_code = bool(notice._get_document_vals()[notice]["payments"][0]["qr"])
            self.assertEqual("/report/barcode/" in body, has_picture and has_code)
            self.assertNotIn("data:image", body)

"""A company with customers who pay late, and words to tell their stories in."""

import smtplib
from contextlib import contextmanager
from datetime import date, timedelta
from email import message_from_string
from email.policy import default as default_policy
from html import unescape
from unittest.mock import patch

import freezegun

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.tests.common import MockSmtplibCase

# The day on which every test begins: a Monday.
TODAY = "2026-03-02"
LADDER = ((10, 0), (20, 10), (30, 10))


@tagged("post_install", "-at_install")
class CollectionCommon(AccountTestInvoicingCommon, MockSmtplibCase):
    """The factories take days as "2026-03-12" and give back records that need nothing more.

    The clock stands still; `_day()` moves it. The company works in euros. Its default policy has
    three levels, 10, 20 and 30 days after the due date, each by e-mail, without quiet days, grace
    or tolerance: each test adds what it is about.
    """

    chart_template = "generic_coa"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("en_US")
        cls.env = cls.env(context={**cls.env.context, "lang": "en_US"})  # as in the web client
        cls.clock = cls.startClassPatcher(freezegun.freeze_time(f"{TODAY} 09:00"))
        cls.policy = cls._policy(LADDER, name="Test policy")
        cls.company.sudo().collection_policy_id = cls.policy
        cls.company.email = "accounts@seller.example"
        cls.company.partner_id.lang = "en_US"
        cls.customer = cls._customer("Late Payer Ltd")

    @classmethod
    def setup_independent_company(cls, **kwargs):
        return super().setup_independent_company(
            currency_id=cls.env.ref("base.EUR").id, country_id=cls.env.ref("base.be").id, **kwargs
        )

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.env.ref(
            "credit_collection.credit_collection_group_manager"
        )

    def setUp(self):
        super().setUp()
        self._day(TODAY)

    # -------------------------------------------------------------------------
    # The clock, and the end of a transaction
    # -------------------------------------------------------------------------

    def _day(self, day):
        """Let it be nine o'clock on this day."""
        self.clock.move_to(f"{day} 09:00")

    @classmethod
    def _speak(cls, *langs):
        """Switch languages on, and what the module says in them."""
        for lang in langs:
            cls.env["res.lang"]._activate_lang(lang)
        cls.env["ir.module.module"].sudo().search(
            [("name", "=", "credit_collection")]
        )._update_translations(list(langs))

    def _commit(self):
        """Do what happens just before a commit: the cases follow the ledger."""
        self.env.cr.flush()

    @classmethod
    def _analyze(cls):
        """Let the plans of the database follow a ledger that has grown within a test."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile, account_payment,"
            " credit_collection_case, credit_collection_dunning, credit_collection_dunning_line,"
            " credit_collection_item"
        )

    # -------------------------------------------------------------------------
    # Who owes what
    # -------------------------------------------------------------------------

    @classmethod
    def _customer(cls, name="Customer", **vals):
        """Return a company that can be written to."""
        address = name.lower().replace(" ", ".")
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "lang": "en_US",
                "email": f"{address}@customer.example",
                "street": "1 Long Street",
                "zip": "1000",
                "city": "Brussels",
                "country_id": cls.env.ref("base.be").id,
                **vals,
            }
        )

    @classmethod
    def _protect(cls, policy=None):
        """Let a policy say to consumers what the law demands of their first reminder."""
        cls.company.company_registry = "0477472701"
        (policy or cls.policy).level_ids.letter_closing = "<p>{legal_first_reminder}</p>"

    @classmethod
    def _contact(cls, partner, name="Contact", **vals):
        """Return an invoice contact of a customer."""
        return cls.env["res.partner"].create(
            {"name": name, "parent_id": partner.id, "type": "invoice", **vals}
        )

    @classmethod
    def _overdue_invoice(cls, amount=100.0, due="2026-02-20", partner=None, term=None, **vals):
        """Return a posted invoice without tax; with a payment term, `due` is its own date."""
        due = fields.Date.to_date(due)
        post = vals.pop("post", True)
        move = cls._create_invoice_one_line(
            price_unit=amount,
            tax_ids=[],
            name="Goods",
            partner_id=(partner or cls.customer).id,
            **{
                "invoice_date": due if term else due - timedelta(days=30),
                **({} if term else {"invoice_date_due": due}),
                "invoice_payment_term_id": term.id if term else False,
                **vals,
            },
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def _credit_note(cls, amount=100.0, on="2026-02-20", partner=None, **vals):
        """Return a posted credit note that is matched with nothing."""
        return cls._overdue_invoice(
            amount, on, partner, move_type="out_refund", **{"invoice_date": on, **vals}
        )

    @classmethod
    def _pay(cls, invoices, amount=None, on=TODAY, **vals):
        """Register a payment of these invoices, of all that is open or of an amount."""
        if amount is not None:
            vals["amount"] = amount
        return cls._register_payment(invoices, payment_date=on, **vals)

    @classmethod
    def _unmatched_payment(cls, amount=100.0, on="2026-02-25", partner=None, **vals):
        """Return a payment of a customer that nobody has matched with an invoice yet."""
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": (partner or cls.customer).id,
                "amount": amount,
                "date": on,
                "journal_id": cls.company_data["default_journal_bank"].id,
                **vals,
            }
        )
        payment.action_post()
        return payment

    @classmethod
    def _misc_entry(cls, amount=100.0, due="2026-02-20", partner=None, **line_vals):
        """Return a posted miscellaneous entry that debits the customer."""
        data = cls.company_data
        move = cls.env["account.move"].create(
            {
                "move_type": "entry",
                "date": due,
                "journal_id": data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": data["default_account_receivable"].id,
                            "partner_id": (partner or cls.customer).id,
                            "date_maturity": due,
                            "debit": amount,
                            **line_vals,
                        }
                    ),
                    Command.create(
                        {"account_id": data["default_account_revenue"].id, "credit": amount}
                    ),
                ],
            }
        )
        move.action_post()
        return move

    @classmethod
    def _term(cls, *parts):
        """Return a payment term: `_term((50, 0), (50, 60))` is half at once, half after 60 days."""
        return cls.env["account.payment.term"].create(
            {
                "name": "Instalments",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": percent, "nb_days": days})
                    for percent, days in parts
                ],
            }
        )

    @classmethod
    def _currency(cls, code, rate):
        """Return a currency of which one euro buys `rate`, since ever."""
        return cls.setup_other_currency(code, rates=[("1900-01-01", rate)])

    # -------------------------------------------------------------------------
    # The procedure
    # -------------------------------------------------------------------------

    @classmethod
    def _policy(cls, levels=LADDER, name="Policy", **vals):
        """Return a policy with these levels: (delay, wait) or (delay, wait, {field: value})."""
        return cls.env["credit.collection.policy"].create(
            {
                "name": name,
                "level_ids": [
                    Command.create(cls._prepare_level_vals(rank, *level))
                    for rank, level in enumerate(levels, 1)
                ],
                **vals,
            }
        )

    @classmethod
    def _prepare_level_vals(cls, rank, delay, wait=0, vals=None):
        return {
            "name": f"Level {rank}",
            "delay_days": delay,
            "wait_days": wait,
            "mail_template_id": cls.env.ref("credit_collection.mail_template_business_1").id,
            "letter_subject": "Payment reminder",
            "letter_intro": "<p>Please pay {amount_due} by {deadline}.</p>",
            **(vals or {}),
        }

    @classmethod
    def _level(cls, rank, policy=None):
        """Return the nth level of a policy, by delay."""
        return (policy or cls.policy).level_ids.sorted("delay_days")[rank - 1]

    @classmethod
    def _case(cls, partner=None, company=None):
        return cls.env["credit.collection.case"].search(
            [
                ("partner_id", "=", (partner or cls.customer).id),
                ("company_id", "=", (company or cls.env.company).id),
            ]
        )

    @classmethod
    def _hold(cls, on, until="2026-04-01", reason="query", **vals):
        """Put an invoice or a customer on hold."""
        case = cls.env["credit.collection.case"]._get_for_partner(
            on if on._name == "res.partner" else on.partner_id, cls.env.company
        )
        return cls.env["credit.collection.hold"].create(
            {
                "case_id": case.id,
                "move_id": on.id if on._name == "account.move" else False,
                "reason": reason,
                "date_end": until,
                **vals,
            }
        )

    def _items(self, records):
        """Return the items of invoices or of journal items, the first instalment first."""
        lines = records.line_ids if records._name == "account.move" else records
        return self.env["credit.collection.item"].search([("move_line_id", "in", lines.ids)])

    def _assess(self, on=None):
        """Look at the ledger of the company, as of a day."""
        self.env["credit.collection.item"]._assess(
            self.env.company, date=on and fields.Date.to_date(on)
        )

    def _propose(self, on=None, company=None):
        """Return the proposal of the day: that of the company, made again if there is one."""
        if on:
            self._day(on)
        Run = self.env["credit.collection.run"].with_company(company or self.env.company)
        return Run.browse(Run.action_open_proposal()["res_id"])

    def _run(self, on=None):
        """Propose and approve, on a day."""
        run = self._propose(on)
        run.action_approve()
        return run

    def _send(self, on=None):
        """Send what is approved, as the scheduled actions do; the mail server takes everything."""
        if on:
            self._day(on)
        self._run_cron("credit_collection.ir_cron_send_notices")
        self._send_mails()

    def _dun(self, on=None):
        """Propose, approve and send, on a day."""
        run = self._run(on)
        self._send()
        return run

    def _send_mails(self, refuse=()):
        """Empty the mail queue; the server takes all but what goes to the refused addresses."""
        with self.mock_smtplib_connection():
            accept = self.testing_smtp_session.send_message

            def send_message(message, smtp_from, smtp_to_list):
                if set(refuse) & set(smtp_to_list):
                    raise smtplib.SMTPRecipientsRefused(
                        dict.fromkeys(smtp_to_list, (550, b"no such mailbox"))
                    )
                return accept(message, smtp_from, smtp_to_list)

            with patch.object(self.testing_smtp_session, "send_message", send_message):
                self._run_cron("mail.ir_cron_mail_scheduler_action")
        return self.emails

    def _read_email(self, to=None):
        """Return the text of the e-mail that the server took last, from all or to an address."""
        mails = [mail for mail in self.emails if to in (None, *mail["smtp_to_list"])]
        parts = message_from_string(mails[-1]["message"], policy=default_policy).walk()
        html = next(part for part in parts if part.get_content_type() == "text/html")
        return unescape(html.get_content())

    def _run_cron(self, xmlid, on=None):
        """Run a scheduled action as the scheduler does."""
        if on:
            self._day(on)
        self._commit()
        with self.allow_pdf_render():
            self.env.ref(xmlid).sudo().method_direct_trigger()

    def _user(self, login, *groups, only=None, **vals):
        """Return a user of the company with these groups of ours, or full names of others."""
        names = [name if "." in name else f"credit_collection.{name}" for name in groups]
        return new_test_user(
            self.env,
            login=login,
            groups=only or ",".join(["base.group_user", *names]),
            company_id=vals.pop("company_id", self.env.company.id),
            **{"lang": "en_US", **vals},
        )

    # -------------------------------------------------------------------------
    # What is true now
    # -------------------------------------------------------------------------

    def assertDecision(self, records, decision, level=None, next_on=None):
        """Every item of the invoices has this decision (and next level, and day of change)."""
        self._commit()
        items = self._items(records)
        self.assertTrue(items, "nothing is open")
        for item in items:
            self.assertEqual(item.decision, decision, item.explanation)
            if level is not None:
                self.assertEqual(item.next_level_id.name, f"Level {level}" if level else False)
            if next_on is not None:
                self.assertEqual(item.date_next, date.fromisoformat(next_on) if next_on else False)

    def assertLevel(self, records, rank):
        """Every item of the invoices stands at the nth level; 0: nothing was sent."""
        self._commit()
        names = set(self._items(records).mapped("level_id.name"))
        self.assertEqual(names, {f"Level {rank}"} if rank else set())

    def assertNotices(self, run, expected):
        """The run has these notices: `[(customer, level, {line: level or 0}), ...]`."""
        found = [
            (
                dunning.customer_id.name,
                self._rank(dunning.level_id),
                {line.name: self._rank(line.level_id) for line in dunning.line_ids},
            )
            for dunning in run.dunning_ids
        ]
        wanted = [
            (partner.name, level, {move.name: rank for move, rank in lines.items()})
            for partner, level, lines in expected
        ]
        self.assertCountEqual(found, wanted)

    def assertExcluded(self, run, expected):
        """The journal of the run counts what was left out: `{decision: items}`."""
        self.assertEqual({one.decision: one.item_count for one in run.exclusion_ids}, expected)

    def assertExplained(self, records, sentence):
        """The sentence on the invoice."""
        self._commit()
        self.assertEqual(self._items(records)[:1].explanation, sentence)

    @contextmanager
    def assertRefused(self, pattern):
        """The person is told so, in words that match, and nothing has changed."""
        with self.assertRaises(UserError) as caught:
            yield
        self.assertRegex(str(caught.exception), pattern)

    def assertState(self, dunnings, state):
        self.assertEqual(dunnings.mapped("state"), [state] * len(dunnings))

    @staticmethod
    def _rank(level):
        return (
            level.policy_id.level_ids.sorted("delay_days").ids.index(level.id) + 1 if level else 0
        )

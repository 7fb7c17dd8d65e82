import os
import random
import subprocess
from datetime import UTC, date, timedelta
from email import message_from_string
from email.policy import default as default_policy
from fractions import Fraction

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import find_in_path, html2plaintext, mute_logger

from .common import CollectionCommon
from .consumer_law import Claimed, Clause, Creditor, Debt, History, Letter, Silence, find_breaches

# CONSUMER_HISTORIES=10000 make test T=tests/test_consumer_histories.py
# a thousand share a seed: two runs with CONSUMER_SEED=0 and CONSUMER_SEED=5 tell different ones
HISTORIES = int(os.environ.get("CONSUMER_HISTORIES", "40"))
SEED = int(os.environ.get("CONSUMER_SEED", "0"))
WORLD = 1000  # customers who share a company, a calendar and a seed
FIRST, LAST = date(2026, 3, 2), date(2026, 6, 30)
NUMBER = "0477472701"
COUNTRIES = ("BE", "BE", "BE", "NL", "NL", "FR", "DE", "LU")
LANGS = {"BE": "nl_NL", "NL": "nl_NL", "FR": "fr_FR", "DE": "de_DE", "LU": "fr_FR"}
CHARGED = {"charge_interest": True, "charge_fees": True}
MORATORIA = ("debt_mediation_be", "debt_settlement_be", "debt_settlement_fr", "reorganisation_be")


def _exact(amount):
    return Fraction(round(amount * 100), 100)


class World:
    """A company that would break the law if it were let, and the consumers who owe it money."""

    def __init__(self, case, seed, count):
        self.case = case
        self.env = case.env
        self.random = random.Random(seed)  # noqa: S311 -- to repeat a history
        self.creditor = self._get_creditor()
        self.policies = self._get_policies()
        self.histories, self.partners, self.moves = {}, {}, {}
        self.dead = set()  # e-mail addresses that refuse
        self.read = set()
        bought = [self._add_consumer(f"{seed}.{number}") for number in range(count)]
        self._add_invoices([one for invoices in bought for one in invoices])

    # -- before the first day

    def _get_creditor(self):
        is_small = self.random.random() < 0.5
        self.case.company.sudo().write(
            {
                "collection_is_small": is_small,
                "collection_interest_posting": self.random.choice(("never", "manual", "sending")),
                "collection_fee_posting": self.random.choice(("never", "manual", "sending")),
                "collection_dun_charges": self.random.random() < 0.5,
            }
        )
        return Creditor(self.case.company.name, NUMBER, is_small)

    def _get_policies(self):
        """Return policies in a hurry: shipped texts and bare ones, charges from the first level."""
        hasty = self.case._policy(
            ((1, 0, CHARGED), (3, 1, CHARGED), (5, 2, {**CHARGED, "is_formal_notice": True})),
            name="Hasty",
            catch_up="jump",
        )
        found = [hasty]
        for name in ("consumer", "consumer", "business"):
            policy = self.env.ref(f"credit_collection.policy_{name}").copy()
            policy.level_ids.wait_days = 0
            step = self.random.choice((3, 8, 20))
            policy.write(
                {
                    "quiet_days": self.random.choice((0, 1, 7)),
                    "catch_up": self.random.choice(("step", "jump")),
                    "grouping": self.random.choice(("customer", "level")),
                    "level_ids": [
                        Command.update(level.id, {"delay_days": rank * step, **CHARGED})
                        for rank, level in enumerate(policy.level_ids.sorted("delay_days"), 1)
                    ],
                }
            )
            found.append(policy)
        return found

    def _add_consumer(self, name):
        country = self.random.choice(COUNTRIES)
        clause = self._get_clause()
        has_email = self.random.random() < 0.7
        email = f"c{name}@consumer.example"
        partner = self.case._customer(
            f"Consumer {name}",
            is_company=False,
            country_id=self.env.ref(f"base.{country.lower()}").id,
            lang=self.random.choice((LANGS[country], "en_US")),
            email=email if has_email else False,
            collection_policy_id=self.random.choice(self.policies).id,
            collection_debtor_kind="consumer",
            collection_has_own_terms=True,
            collection_interest_clause="none" if clause.rate is None else "rate",
            collection_interest_rate=float(clause.rate or 0),
            collection_penalty_percent=float(clause.percent),
            collection_penalty_min=float(clause.least),
        )
        if has_email and self.random.random() < 0.1:
            self.dead.add(email)
        self.partners[partner.id] = partner
        self.histories[partner.id] = History(
            country, "Europe/Brussels", self.creditor, clause, {}, []
        )
        return [
            (partner, FIRST - timedelta(days=self.random.randint(-60, 40)))
            for _number in range(self.random.choice((1, 1, 2, 3)))
        ]

    def _get_clause(self):
        rate = self.random.choice((None, Fraction(6), Fraction(12), Fraction(18)))
        percent = self.random.choice((Fraction(0), Fraction(10), Fraction(15)))
        return Clause(rate, percent, Fraction(self.random.choice((0, 40, 75))) if percent else 0)

    def _add_invoices(self, bought):
        amounts = [round(10 ** self.random.uniform(1, 4.5), 2) for _one in bought]
        moves = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": due - timedelta(days=30),
                    "invoice_date_due": due,
                    "invoice_line_ids": [
                        Command.create({"name": "Goods", "price_unit": amount, "tax_ids": []})
                    ],
                }
                for (partner, due), amount in zip(bought, amounts, strict=True)
            ]
        )
        moves.action_post()
        for move, (partner, due), amount in zip(moves, bought, amounts, strict=True):
            self.moves[move.name] = move
            self.histories[partner.id].debts[move.name] = Debt(move.name, _exact(amount), due)

    # -- a day

    def live(self):
        day = FIRST
        while day <= LAST:
            self.case._analyze()
            self.case.clock.move_to(f"{day} {self.random.choice((5, 7, 9, 14, 17, 21)):02}:30")
            received = []
            for partner in self.random.sample(
                list(self.partners.values()), max(len(self.partners) // 12, 1)
            ):
                if self.random.random() < 2 / 3:
                    received += self._receive(partner)
                else:
                    self._try(self._act, partner, day)
            self._book(received, day)
            self._dun()
            day += timedelta(days=self.random.choice((1, 1, 2, 4)))
        self._read_charges()

    def _try(self, deed, partner, day):
        """What the software refuses changes nothing."""
        try:
            with self.env.cr.savepoint():
                deed(partner, day)
        except UserError:
            self.env.invalidate_all()

    def _receive(self, partner):
        """Return what a consumer pays on one of his invoices: all, half, a part or nothing."""
        debt = self.random.choice(list(self.histories[partner.id].debts.values()))
        left = self.moves[debt.number].amount_residual
        amount = round(left * self.random.choice((1, 1, 0.5, self.random.random())), 2)
        return [(debt, amount)] if amount > 0 else []

    def _book(self, received, day):
        """Book what came in that day as one entry of the bank, matched line by line."""
        if not received:
            return
        journal = self.case.company_data["default_journal_bank"]
        owed = [
            self.moves[debt.number].line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            for debt, _amount in received
        ]
        values = [
            {
                "account_id": line.account_id.id,
                "partner_id": line.partner_id.id,
                "credit": amount,
                "name": line.move_id.name,
            }
            for line, (_debt, amount) in zip(owed, received, strict=True)
        ]
        total = round(sum(amount for _debt, amount in received), 2)
        bank = {"account_id": journal.default_account_id.id, "debit": total, "name": "Receipts"}
        entry = self.env["account.move"].create(
            {
                "date": day,
                "journal_id": journal.id,
                "line_ids": [Command.create(one) for one in (*values, bank)],
            }
        )
        entry.action_post()
        paid = entry.line_ids.filtered(lambda line: line.credit)
        self.env["account.move.line"]._reconcile_plan(
            [line + one for line, one in zip(owed, paid, strict=True)]
        )
        for debt, amount in received:
            debt.payments.append((day, _exact(amount)))

    def _act(self, partner, day):
        self.random.choice(
            (self._dispute, self._mediate, self._post, self._buy, self._escalate, self._retry)
        )(partner, day)

    def _dispute(self, partner, day):
        number = self.random.choice(list(self.histories[partner.id].debts))
        self.env["credit.collection.dispute"].create(
            {
                "move_id": self.moves[number].id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
            }
        )
        self._silence(partner, day, {number})

    def _mediate(self, partner, day):
        kind = self.env.ref(f"credit_collection.litigation_kind_{self.random.choice(MORATORIA)}")
        case = self.env["credit.collection.case"]._get_for_partner(partner, self.env.company)
        self.env["credit.collection.litigation"].create(
            {
                "case_id": case.id,
                "kind_id": kind.id,
                "covers_customer": True,
                "date_judgment": day,
                "date_moratorium_from": day,
                "date_moratorium_to": day + timedelta(days=45),
            }
        ).action_open()
        self.histories[partner.id].silences.append(
            Silence(day, day + timedelta(days=45), frozenset())
        )

    def _silence(self, partner, day, numbers):
        self.histories[partner.id].silences.append(Silence(day, LAST, frozenset(numbers)))

    def _post(self, partner, _day):
        self.env["credit.collection.charge"].search(
            [("case_id.partner_id", "=", partner.id), ("state", "=", "claimed")]
        ).action_post()

    def _buy(self, partner, day):
        self._add_invoices([(partner, day + timedelta(days=self.random.randint(0, 10)))])

    def _escalate(self, partner, day):
        """A manager says by hand that an invoice stands at a later level."""
        number = self.random.choice(list(self.histories[partner.id].debts))
        policy = self.random.choice(self.policies)
        self.moves[number].write(
            {
                "collection_policy_id": policy.id,
                "collection_level_id": self.random.choice(policy.level_ids).id,
                "collection_level_date": day,
            }
        )

    def _retry(self, partner, _day):
        self.env["credit.collection.dunning"].search(
            [("customer_id", "=", partner.id), ("state", "=", "failed")]
        ).action_retry()

    # -- what leaves

    def _dun(self):
        self.case._commit()
        run = self.case._propose()
        if run.dunning_ids:
            run.action_approve()
        self.case._run_cron("credit_collection.ir_cron_send_notices")
        self._post_letters()
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._read_mails(self.case._send_mails(refuse=self.dead))

    def _post_letters(self):
        """Print what there is to print; some days it is posted later, or not at all."""
        waiting = self.env["credit.collection.dunning"].search(
            [("state", "=", "queued"), ("delivery_ids.channel", "=", "letter")]
        )
        if not waiting or self.random.random() < 0.2:
            return
        try:
            with self.env.cr.savepoint(), self.case.allow_pdf_render():
                waiting.action_print_letters()
                waiting.action_mark_posted()
        except UserError:
            self.env.invalidate_all()
        for dunning in waiting.filtered(lambda one: one.state == "sent"):
            if any(one.channel == "letter" and one.state == "sent" for one in dunning.delivery_ids):
                self._note(dunning, "letter", self._read_pages(dunning.letter_id.raw))

    def _read_pages(self, content):
        """Return the text of a PDF; poppler reads a letter in a tenth of Python's time."""
        return subprocess.run(
            [find_in_path("pdftotext"), "-raw", "-", "-"],
            input=content,
            capture_output=True,
            check=True,
        ).stdout.decode()

    def _read_mails(self, mails):
        for mail in mails:
            message = message_from_string(mail["message"], policy=default_policy)
            html = next(part for part in message.walk() if part.get_content_type() == "text/html")
            # two notices may reach one address on one day: the e-mail says whose it is
            delivery = self.env["credit.collection.delivery"].search(
                [
                    ("mail_message_id.message_id", "=", message["Message-Id"].strip()),
                    ("state", "=", "sent"),
                ]
            )
            text = f"{message['subject']} {html2plaintext(html.get_content())}"
            self._note(delivery.dunning_id, "email", text)

    def _note(self, dunning, channel, text):
        if not dunning or dunning.id in self.read:
            return  # a message to the collector, or to the customer once more
        self.read.add(dunning.id)
        claims = {
            line.name: _exact(line.amount_residual)
            for line in dunning.line_ids
            if line.amount_residual > 0 and line.name in self.moves
        }
        self.histories[dunning.customer_id.id].letters.append(
            Letter(
                sent=fields.Datetime.now().replace(tzinfo=UTC),
                channel=channel,
                text=text,
                claims=claims,
                is_formal=dunning.level_id.is_formal_notice,
                key=dunning.id,
            )
        )

    def _read_charges(self):
        self.env.flush_all()
        charges = self.env["credit.collection.charge"].search(
            [("dunning_id", "in", list(self.read)), ("state", "in", ("claimed", "posted"))]
        )
        by_notice = charges.grouped("dunning_id")
        for history in self.histories.values():
            for letter in history.letters:
                own = by_notice.get(self.env["credit.collection.dunning"].browse(letter.key), ())
                letter.charges = [self._describe(charge) for charge in own]

    def _describe(self, charge):
        lines = charge.move_line_id or charge.item_ids.move_line_id
        return Claimed(
            kind="interest" if charge.kind == "interest" else "fee",
            debts=tuple(sorted(lines.move_id.mapped("name"))),
            amount=_exact(charge.amount),
            first=charge.date_from or None,
            last=charge.date_to or None,
        )


@tagged("post_install", "-at_install")
class TestConsumerHistories(CollectionCommon):
    """Whatever a company asks for, no consumer receives what the law forbids."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._speak("fr_FR", "nl_NL", "de_DE")
        cls.company.write({"company_registry": NUMBER, "vat": f"BE{NUMBER}"})
        for name, code in (("Late interest", "756001"), ("Compensation", "743001")):
            account = cls.env["account.account"].create(
                {"name": name, "code": code, "account_type": "income_other"}
            )
            field = "interest" if code == "756001" else "fee"
            cls.company.sudo()[f"collection_{field}_account_id"] = account

    def test_no_random_history_breaks_the_law(self):
        letters = charges = 0
        for seed, begin in enumerate(range(0, HISTORIES, WORLD), SEED):
            with self.env.cr.savepoint() as savepoint:
                world = World(self, seed, min(WORLD, HISTORIES - begin))
                world.live()
                savepoint.rollback()
            self.env.invalidate_all()
            self.env.cr.precommit.clear()
            histories = world.histories.values()
            letters += sum(len(one.letters) for one in histories)
            charges += sum(len(letter.charges) for one in histories for letter in one.letters)
            breaches = [
                f"{one.country}: {breach}" for one in histories for breach in find_breaches(one)
            ]
            self.assertEqual(breaches, [], f"{len(breaches)} in world {seed}")
        self.assertGreater(letters, HISTORIES, "or nothing was tried")
        self.assertGreater(charges, HISTORIES / 10, "what is allowed is claimed")

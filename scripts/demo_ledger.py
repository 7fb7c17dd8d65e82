"""The books of the demo: its company, its customers, and what is invoiced and paid, day by day."""

import base64
import io
import random
from collections import defaultdict
from datetime import timedelta

from demo_data import (
    ADMIN,
    BANK,
    COMPANY,
    CUSTOMERS,
    DOLLAR,
    GOODS,
    IBAN,
    PHONES,
    REFUSED,
    USERS,
)
from PIL import Image, ImageDraw, ImageFont

from odoo import Command

FIRST_DAY = 153  # days of invoices before today
INVOICE_EVERY = 3  # days: several customers are invoiced together


class Ledger:
    """Books what happens on a day: `book(day)`.

    Everything is planned beforehand, with a fixed seed, and happens on its day through Odoo's own
    documents and wizards.
    """

    def __init__(self, env, today):
        self.env = env
        self.today = today
        self.random = random.Random(2019)
        self.partners = {}
        self.invoices = defaultdict(list)  # by customer, in the order of their dates
        self.to_invoice = defaultdict(list)  # by day: (customer, days to pay after due)
        self.to_pay = defaultdict(list)  # by day: invoices
        self.to_do = defaultdict(list)  # by day: other things, as functions

    def day(self, offset):
        return self.today + timedelta(days=offset)

    def partner(self, name):
        return self.partners[name]

    def plan(self):
        """Note on which day each customer is invoiced; what he pays follows from the due dates."""
        for number, customer in enumerate(CUSTOMERS):
            term = 15 if customer.term == "15" else 30
            first = -FIRST_DAY + number * 7 % customer.every
            for turn, offset in enumerate(range(first, -2, customer.every)):
                pays = customer.pays[turn % len(customer.pays)]
                day = offset - offset % INVOICE_EVERY
                self.to_invoice[self.day(day)].append((customer, pays))
            for late in customer.unpaid:
                self.to_invoice[self.day(-late - term)].append((customer, None))

    def book(self, day):
        for action in self.to_do.pop(day, ()):
            action()
        invoiced = self.to_invoice.pop(day, [])
        if invoiced:
            self._invoice(day, invoiced)

    def receive(self, day):
        """Register the payments of the day: the simple ones together."""
        moves = self.env["account.move"].union(*self.to_pay.pop(day, ()))
        moves = moves.filtered("amount_residual")
        alone = moves.filtered(
            lambda move: (
                move.currency_id != self.env.company.currency_id
                or move.invoice_payment_term_id == self.terms["instalments"]
            )
        )
        for chosen in (moves - alone, *alone):
            if chosen:
                self.pay(chosen, day)

    # -------------------------------------------------------------------------
    # Documents
    # -------------------------------------------------------------------------

    def _invoice(self, day, invoiced):
        moves = self.env["account.move"].create(
            [self._prepare_invoice_vals(day, customer) for customer, _pays in invoiced]
        )
        moves.action_post()
        for move, (customer, pays) in zip(moves, invoiced, strict=True):
            self.invoices[customer.name].append(move)
            if pays is not None:
                for due in sorted(set(self._receivable(move).mapped("date_maturity"))):
                    self.to_pay[max(due + timedelta(days=pays), day)].append(move)

    def _prepare_invoice_vals(self, day, customer, move_type="out_invoice", amount=None):
        beans, rent = GOODS[customer.lang]
        amount = amount or customer.amount * self.random.uniform(0.75, 1.25)
        partner = self.partners[customer.name]
        rent_amount = 0 if customer.person or move_type == "out_refund" else 85
        lines = [(beans, max(amount - rent_amount, 20))]
        if rent_amount:
            lines.append((rent, rent_amount))
        return {
            "move_type": move_type,
            "partner_id": partner.address_get(["invoice"])["invoice"],
            "invoice_date": day,
            "invoice_payment_term_id": self.terms[customer.term].id,
            "currency_id": self.env.ref(f"base.{customer.currency}").id,
            "invoice_line_ids": [
                Command.create({"name": name, "quantity": 1, "price_unit": round(price, 2)})
                for name, price in lines
            ],
        }

    def _receivable(self, move):
        return move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def pay(self, moves, day, **vals):
        """Register a payment of invoices, as the accountant does."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"payment_date": day, "journal_id": self.bank.id, **vals})
        )
        return wizard._create_payments()

    def credit(self, name, day, amount, invoice=None):
        """Post a credit note, matched with an invoice or with none."""
        customer = next(customer for customer in CUSTOMERS if customer.name == name)
        refund = self.env["account.move"].create(
            self._prepare_invoice_vals(day, customer, "out_refund", amount)
        )
        refund.action_post()
        if invoice:
            (self._receivable(invoice) | self._receivable(refund)).reconcile()

    def receive_unmatched(self, name, day, amount):
        """Book a payment that nobody has matched with an invoice yet."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.partner(name).id,
                "amount": amount,
                "date": day,
                "journal_id": self.bank.id,
            }
        )
        payment.action_post()

    def receive_on_statement(self, name, day, amount):
        """Note a line of the bank statement that is not reconciled yet."""
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank.id,
                "date": day,
                "payment_ref": name.upper(),
                "partner_id": self.partner(name).id,
                "amount": amount,
            }
        )

    def enter(self, name, day, amount):
        """Book a miscellaneous entry on a customer: not dunned, unless somebody says so."""
        receivable = self.partner(name).property_account_receivable_id
        misc = self.env["account.journal"].search([("type", "=", "general")], limit=1)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": day,
                "journal_id": misc.id,
                "ref": "Deposit for borrowed grinder",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": self.partner(name).id,
                            "date_maturity": day,
                            "debit": amount,
                        }
                    ),
                    Command.create({"account_id": self.income.id, "credit": amount}),
                ],
            }
        )
        entry.action_post()

    # -------------------------------------------------------------------------
    # The company and its customers
    # -------------------------------------------------------------------------

    def set_up(self):
        env = self.env
        company = env.company
        company.write(
            COMPANY | {"country_id": env.ref("base.be").id, "logo": _draw_logo(COMPANY["name"])}
        )
        company.partner_id.lang = "en_US"
        company.iap_enrich_auto_done = True  # nobody asks the internet about this company
        env["account.chart.template"].try_loading("be_comp", company, install_demo=False)
        company.collection_window = "right"
        env.ref("base.USD").active = True
        self._set_up_rates()
        self._set_up_bank()
        self._set_up_terms()
        self.income = company.income_account_id or env["account.account"].search(
            [("account_type", "=", "income")], limit=1
        )
        env["mail.alias.domain"].create({"name": "noordster.example", "company_ids": company.ids})

    def _set_up_rates(self):
        self.env["res.currency.rate"].create(
            [
                {
                    "name": self.day(offset),
                    "currency_id": self.env.ref("base.USD").id,
                    "company_rate": rate,
                }
                for offset, rate in DOLLAR.items()
            ]
        )

    def _set_up_bank(self):
        env = self.env
        self.bank = env["account.journal"].search([("type", "=", "bank")], limit=1)
        self.bank.set_bank_account(IBAN, env["res.bank"].create(BANK).id)
        sales = env["account.journal"].search([("type", "=", "sale")], limit=1)
        sales.write({"invoice_reference_model": "be", "invoice_reference_type": "invoice"})
        env.company.qr_code = True

    def _set_up_terms(self):
        term = self.env["account.payment.term"]
        self.terms = {
            "15": self.env.ref("account.account_payment_term_15days"),
            "30": self.env.ref("account.account_payment_term_30days"),
            "instalments": term.create(
                {
                    "name": "Three installments",
                    "line_ids": [
                        Command.create(
                            {"value": "percent", "value_amount": percent, "nb_days": days}
                        )
                        for percent, days in ((34, 30), (33, 60), (33, 90))
                    ],
                }
            ),
        }

    def set_up_users(self):
        env = self.env
        admin = env.ref("base.user_admin")
        admin.partner_id.write(ADMIN)
        admin.write({"tz": "Europe/Brussels", "notification_type": "inbox"})
        users = {"admin": admin}
        for login, (name, email, lang, phone, groups) in USERS.items():
            users[login] = env["res.users"].create(
                {
                    "name": name,
                    "login": login,
                    "password": login,
                    "email": email,
                    "phone": phone,
                    "lang": lang,
                    "tz": "Europe/Brussels",
                    "notification_type": "inbox",
                    "group_ids": [
                        Command.set([env.ref(group).id for group in ("base.group_user", *groups)])
                    ],
                }
            )
        env.company.collection_user_id = admin
        return users

    def set_up_customers(self):
        """Create the customers; the policies of some differ from those of the company."""
        env = self.env
        tags = {}
        for number, customer in enumerate(CUSTOMERS):
            if customer.tag and customer.tag not in tags:
                tags[customer.tag] = env["res.partner.category"].create({"name": customer.tag})
            partner = env["res.partner"].create(
                {
                    "name": customer.name,
                    "lang": customer.lang,
                    "is_company": not customer.person,
                    "street": customer.street,
                    "zip": customer.zip,
                    "city": customer.city,
                    "country_id": env.ref(f"base.{customer.country.lower()}").id,
                    "email": customer.email,
                    "phone": PHONES[customer.country].format(number),
                    "category_id": tags[customer.tag].ids if customer.tag else False,
                }
            )
            if customer.contact:
                env["res.partner"].create(
                    {
                        "parent_id": partner.id,
                        "type": "invoice",
                        "lang": customer.lang,
                        "country_id": partner.country_id.id,
                        **customer.contact,
                    }
                )
            self.partners[customer.name] = partner
        env["mail.blacklist"]._add(self.partner("Imprimerie Delcourt SA").email)
        self._set_up_policies(tags)

    def _set_up_policies(self, tags):
        env = self.env
        business = env.ref("credit_collection.policy_business")
        business.is_automatic = True
        email_only = business.copy({"name": "By e-mail only"})
        email_only.level_ids.send_letter = False
        key_accounts = business.copy({"name": "Key accounts: we call", "sequence": 5})
        second = key_accounts.level_ids.sorted("delay_days")[1]
        second.write({"send_email": False, "send_letter": False, "send_call": True})
        env["credit.collection.policy.rule"].create(
            {"policy_id": key_accounts.id, "category_ids": tags["Key account"].ids, "sequence": 1}
        )
        by_email = next(customer.name for customer in CUSTOMERS if customer.email == REFUSED)
        self.partner(by_email).collection_policy_id = email_only
        self.partner("Ville de Tournai").collection_policy_id = env.ref(
            "credit_collection.policy_no_dunning"
        )


def _draw_logo(name):
    """Draw a star of the north over a name."""
    scale = 4
    image = Image.new("RGBA", (320 * scale, 96 * scale), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    middle, radius = 48 * scale, 40 * scale
    for reach, colour in ((0.62, "#c9a15a"), (1.0, "#4b2e1e")):
        thin = radius * 0.16
        tip = radius * reach
        turn = [(0, -tip), (thin, -thin), (tip, 0), (thin, thin)]
        star = turn + [(-x, -y) for x, y in turn]
        if reach < 1:  # the shorter rays lie between the longer ones
            star = [((x - y) * 0.707, (x + y) * 0.707) for x, y in star]
        draw.polygon([(middle + x, middle + y) for x, y in star], fill=colour)
    first, second = name.split(" ", 1)
    draw.text((104 * scale, 14 * scale), first, "#4b2e1e", ImageFont.load_default(38 * scale))
    draw.text((106 * scale, 58 * scale), second, "#c9a15a", ImageFont.load_default(22 * scale))
    content = io.BytesIO()
    image.resize((640, 192), Image.LANCZOS).save(content, "PNG")
    return base64.b64encode(content.getvalue())

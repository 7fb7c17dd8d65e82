from collections import Counter, defaultdict
from decimal import Decimal
from textwrap import shorten

from lxml import html
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_list, split_every
from odoo.tools.misc import format_amount, format_date

from ..const import WRITTEN_CHANNELS
from ..long_date import format_long_date
from ..tools.ageing import days_late
from ..tools.placeholders import LazyValues
from .credit_collection_interest import Derivation

# A wkhtmltopdf without patches does not repeat the head of a table that runs over a page: longer
# tables go to annex pages of their own, each with its head and the sum carried forward.
_LETTER_ROWS = 15
_ANNEX_ROWS = 23
_CHARGE_ROWS = 8
# millimetres on the pages on which interest is derived: of all, of an item, of a row, of a sentence
_SHEET_MM, _ITEM_MM, _ROW_MM, _NOTE_MM = 220, 32, 4.5, 7
_NOTE_ROWS = 0.6  # a sentence below a row, in rows
_CLOSING_PARAGRAPHS = 2  # that stay on the page of the greeting
# mentions that come from what people enter elsewhere, not from the text of the level
_ENTERED = ("collector", "creditor_address", "number", "payment", "goods")
_REMITTANCE_LENGTH = 140  # what a SEPA credit transfer carries
_PRODUCTS_LENGTH = 110  # what fits on a line below an invoice


class DocumentWriter:
    """Writes amounts and dates in one language, and remembers what it looked up."""

    def __init__(self, env, qr_methods):
        self.env = env
        self._amounts, self._dates, self._long_dates = {}, {}, {}
        self._qr_methods = qr_methods

    def amount(self, value, currency):
        key = value, currency
        if key not in self._amounts:
            text = format_amount(self.env, value, currency)
            # the invisible joiner that Odoo puts after a minus is a box in some fonts
            self._amounts[key] = text.replace("\N{ZERO WIDTH NO-BREAK SPACE}", "")
        return self._amounts[key]

    def date(self, value):
        if value not in self._dates:
            self._dates[value] = format_date(self.env, value)
        return self._dates[value]

    def long_date(self, value):
        if value not in self._long_dates:
            self._long_dates[value] = format_long_date(self.env, value)
        return self._long_dates[value]

    def qr_method(self, bank, currency, debtor):
        key = bank, currency, debtor.country_id
        if key not in self._qr_methods:
            self._qr_methods[key] = bank._get_collection_qr_method(currency, debtor)
        return self._qr_methods[key]


class CreditCollectionDunning(models.Model):
    """What a notice says: the data of its letter and of its e-mail, written in its language.

    Amounts and dates are text already, so that the templates only say where they go.
    """

    _inherit = "credit.collection.dunning"

    def _read_ahead(self):
        """Read what the documents show for all notices at once, before they part by language."""
        lines = self.line_ids
        lines.mapped("date_last_notice")
        moves = lines._get_move()
        moves.mapped("payment_reference")
        moves.mapped("partner_bank_id")
        moves.collection_dispute_ids.mapped("state")
        self.customer_id.mapped("ref")
        consumers = self.filtered(lambda one: one.legal_profile_id.debtor_kind == "consumer")
        consumers.line_ids._get_move().invoice_line_ids.mapped("product_id.name")
        self.partner_id.country_id.mapped("code")
        self.charge_ids.mapped("state")

    def _get_document_vals(self):
        """Return `{notice: the values of its letter and its e-mail}`."""
        self._read_ahead()
        vals, writers, qr_methods = {}, {}, {}
        charges, totals = self._get_claimed_charges(), self._get_charge_totals()
        derivations = self._derive_claimed(charges)
        for dunning in self:
            dunning_lang = dunning.with_context(lang=dunning.lang)
            writer = writers.setdefault(dunning.lang, DocumentWriter(dunning_lang.env, qr_methods))
            vals[dunning] = {
                **dunning_lang._prepare_document_vals(charges[dunning], totals[dunning], writer),
                "derivation": dunning_lang._prepare_derivation(derivations.get(dunning), writer),
            }
        return vals

    def _prepare_document_vals(self, charges, charge_totals, writer):
        self.ensure_one()
        today = self.date_sent or fields.Date.context_today(self)
        lines = self.line_ids.sorted(lambda line: line.amount_residual < 0)
        rows = [line._prepare_row_vals(today, writer) for line in lines]
        # a column for the levels, unless the letter itself says the one of all
        has_levels = {row["level"] for row in rows} != {self.level_id.name}
        fits = sum(self._get_row_height(row, has_levels) for row in rows) <= _LETTER_ROWS
        is_listed = self.level_id.show_items
        return {
            "dunning": self,
            "company": self.company_id,
            "contact": self._get_contact(),
            "address": self._get_document_address(),
            "first_letters": self._write_first_letters(),
            "date": writer.long_date(today),
            "deadline": writer.long_date(self.date_deadline),
            "has_levels": has_levels,
            "rows": rows if is_listed and fits else [],
            "annex": self._prepare_annex(rows, writer) if is_listed and not fits else [],
            "totals": [
                {"currency": currency.name, "amount": writer.amount(total, currency)}
                for currency, total in self._get_totals().items()
            ],
            "charges": self._prepare_charges(charges, charge_totals, writer),
            "payments": self._prepare_payments(charge_totals["payable"], writer),
        }

    @api.model
    def _get_row_height(self, row, has_levels):
        """Return how many lines a row of the table takes, in lines without anything below."""
        below = len(row["remarks"]) or (has_levels and bool(row["reference"]))
        return 1 + 0.5 * below + len(row["notes"])

    def _split_closing(self, values):
        """Return the text after the claim in two parts: its last paragraphs go with the greeting.

        A greeting alone on a page could be put below any letter.
        """
        text = self._get_text("letter_closing", values)
        parts = html.fragments_fromstring(text) if text else []
        if not all(isinstance(part, html.HtmlElement) for part in parts):
            return "", text  # words outside of paragraphs: nothing is known of it
        sources = [Markup(html.tostring(part, encoding="unicode")) for part in parts]  # noqa: S704
        first, last = sources[:-_CLOSING_PARAGRAPHS], sources[-_CLOSING_PARAGRAPHS:]
        return Markup("").join(first), Markup("").join(last)

    def _get_contact(self):
        """Return the person whom the customer reaches, if there is one."""
        return self.user_id or self.company_id.collection_user_id

    def _get_document_address(self):
        """Return the lines of the address: the company, the person, and where they are."""
        self.ensure_one()
        return self.partner_id._get_collection_address(self.customer_id, self.company_id)

    def _get_continuation(self, number):
        """Return the line at the top of the pages after the first one."""
        return self.env._("Continuation of our letter %(number)s", number=number)

    def _prepare_annex(self, rows, writer):
        """Return the pages of the table, with the sums carried from one to the next."""
        pages = []
        sums = defaultdict(float)
        chunks = self._split_annex(rows)
        for chunk in chunks:
            before = self._format_sums(sums, writer)
            for row in chunk:
                sums[row["currency"]] += row["residual"]
            pages.append(
                {
                    "rows": chunk,
                    "before": before,
                    "after": self._format_sums(sums, writer),
                    "is_last": chunk is chunks[-1],
                }
            )
        return pages

    @api.model
    def _split_annex(self, rows):
        """Divide the rows into pages."""
        chunks, room = [], 0
        for row in rows:
            height = 1 + _NOTE_ROWS * len(row["notes"])
            if height > room:
                chunks.append([])
                room = _ANNEX_ROWS
            chunks[-1].append(row)
            room -= height
        return chunks

    def _format_sums(self, sums, writer):
        return [
            {"currency": currency.name, "amount": writer.amount(currency.round(total), currency)}
            for currency, total in sums.items()
        ]

    # -------------------------------------------------------------------------
    # Interest and compensation
    # -------------------------------------------------------------------------

    def _prepare_charges(self, charges, totals, writer):
        """Return the table of interest and compensation; nothing when none is claimed.

        The interest of an item is the whole of it since its due date, whichever notice claimed it.
        A long table goes to annex pages of its own.
        """
        if not charges:
            return {}
        items = charges.filtered("move_line_id")
        by_item = items.sorted(lambda one: (one.move_line_id.date_maturity, one.id))
        rows = [own._prepare_row_vals(writer) for own in by_item.grouped("move_line_id").values()]
        fits = len(rows) <= _CHARGE_ROWS
        dates = [one.date_to for one in charges if one.date_to]
        return {
            "rows": rows if fits else [],
            "sheets": [] if fits else list(split_every(_ANNEX_ROWS, rows, list)),
            "others": [one._prepare_other_vals(writer) for one in charges - items],
            "until": writer.date(max(dates)) if dates else "",
            "legal_bases": charges.with_env(self.env)._get_legal_bases(self.legal_profile_id),
            "totals": self._prepare_claim_totals(totals, writer),
            "is_payable": self._add_totals(totals["interest"], totals["compensation"])
            == totals["payable"],
        }

    def _derive_claimed(self, charges):
        """Return `{formal notice: [(derivation, what is claimed on the item)]}`.

        A judge reads a formal notice: it says how each amount of interest follows, up to the day up
        to which it is claimed.
        """
        derived = defaultdict(list)
        claims = defaultdict(list)
        for dunning in self.filtered("level_id.is_formal_notice"):
            dates = [one.date_to for one in charges[dunning] if one.date_to]
            on_items = charges[dunning].filtered("move_line_id") if dates else ()
            for line, own in on_items and on_items.grouped("move_line_id").items():
                until = max((one.date_to for one in own if one.date_to), default=max(dates))
                claims[until, dunning.lang].append((dunning, line, own))
        for (until, lang), found in claims.items():
            lines = self.env["account.move.line"].union(*(line for _one, line, _own in found))
            derivations = lines.with_context(lang=lang)._collection_get_interest(until)
            for dunning, line, own in found:
                derived[dunning].append((derivations[line], own))
        return derived

    def _prepare_derivation(self, claimed, writer):
        """Return the pages on which the interest is derived, and its sums; nothing without any."""
        if not claimed:
            return {}
        claimed = sorted(claimed, key=lambda one: (one[0].due, one[0].line.id))
        by_currency = defaultdict(list)
        for derivation, charges in claimed:
            by_currency[derivation.line.currency_id].append((derivation, charges))
        items = [self._prepare_derived_item(*one, writer) for one in claimed]
        return {
            "items": items,
            "sheets": self._split_derivation(items),
            "totals": [
                self._prepare_derived_total(currency, own, writer)
                for currency, own in by_currency.items()
            ],
        }

    def _prepare_derived_item(self, derivation, charges, writer):
        """Return how the interest of an item follows, and what is claimed beside it."""
        currency = derivation.line.currency_id
        item = self.env["credit.collection.interest"]._prepare_item_vals(derivation, writer)
        interest = charges.filtered(lambda one: one.kind == "interest")
        claimed = currency.round(sum(interest.mapped("amount")))
        if currency.compare_amounts(claimed, float(derivation.total)):
            item["notes"].append(
                self.env._(
                    "Of this, %(amount)s is claimed.", amount=writer.amount(claimed, currency)
                )
            )
        item["fees"] = [
            {
                "name": " · ".join([one.name, *one._get_legal_bases(self.legal_profile_id)]),
                "amount": writer.amount(one.amount, currency),
            }
            for one in (charges - interest).with_env(self.env)
        ]
        return item

    @api.model
    def _prepare_derived_total(self, currency, claimed, writer):
        derivations = [derivation for derivation, _charges in claimed]
        is_one_day = len(derivations) > 1 and len({one.until for one in derivations}) == 1
        interest = sum(
            one.amount for _one, charges in claimed for one in charges if one.kind == "interest"
        )
        Interest = self.env["credit.collection.interest"]
        return {
            "currency": currency.name,
            "amount": writer.amount(currency.round(interest), currency),
            "daily": Interest._explain_daily(derivations, writer) if is_one_day else "",
        }

    @api.model
    def _split_derivation(self, items):
        """Divide the derivations into pages; a long one is continued on the next."""
        sheets, room = [[]], _SHEET_MM
        for item in items:
            notes = _NOTE_MM * len(item["notes"]) + _ROW_MM * len(item["fees"])
            rows = item["rows"]
            if len(rows) * _ROW_MM + _ITEM_MM + notes > room and sheets[-1]:
                sheets.append([])
                room = _SHEET_MM
            most = int((_SHEET_MM - _ITEM_MM - notes) // _ROW_MM)
            *earlier, last = list(split_every(most, rows, list)) or [[]]
            for number, part in enumerate(earlier):
                sheets[-1].append(
                    item | {"rows": part, "continued": number, "is_partial": True, "notes": []}
                )
                sheets.append([])
                room = _SHEET_MM
            sheets[-1].append(item | {"rows": last, "continued": len(earlier)})
            room -= len(last) * _ROW_MM + _ITEM_MM + notes
        return sheets

    def _prepare_claim_totals(self, charges, writer):
        """Return what is claimed in each currency: invoices, interest, compensation, all of it."""
        principal = self._get_totals()
        parts = principal, charges["interest"], charges["compensation"]
        prepared = []
        for currency in {**parts[0], **parts[1], **parts[2]}:
            amounts = [part.get(currency, 0) for part in parts]
            texts = [writer.amount(amount, currency) for amount in (*amounts, sum(amounts))]
            names = "principal", "interest", "compensation", "total"
            prepared.append({"currency": currency.name, **dict(zip(names, texts, strict=True))})
        return prepared

    def _get_announced_compensation(self):
        """Return what a consumer will owe if he lets the first reminder pass: `{currency: amount}`.

        The fees of the law on the whole claim, or the penalty clause of the contract within the
        limits of the law; nothing where the law knows no such reminder.
        """
        self.ensure_one()
        profile = self.legal_profile_id
        if not profile.reminder_days:
            return {}
        lines = self.line_ids
        if self.is_first_reminder:  # of what it claims; credits lower it
            lines = lines.filtered(lambda line: line.level_id or line.amount_residual < 0)
        company, today = self.company_id, fields.Date.context_today(self)
        customer_sudo = self.customer_id.sudo()  # his contract is not for everybody to read
        contract = customer_sudo.with_company(company)._collection_get_contract(company, profile)
        fees = profile.fee_ids.filtered(lambda fee: fee.active and fee.kind != "reminder")
        announced = Counter()
        for fee in fees._get_owed(True, bool(contract.penalty_percent)):
            for currency, own in lines.grouped("currency_id").items():
                announced[currency] += own._get_fee(fee, contract, today)
        return announced

    def _get_waiting_period_end(self):
        """Return the last day on which a consumer owes the principal alone, where the law says so.

        With several channels the slowest counts.
        """
        self.ensure_one()
        profile = self.legal_profile_id
        if not profile.reminder_days:
            return None
        written = self.delivery_ids.filtered(
            lambda one: (
                one.channel in WRITTEN_CHANNELS and one.state in ("todo", "under_way", "sent")
            )
        )
        if not written:
            day = self.date_sent or fields.Date.context_today(self)
            return profile._get_notice_period(day, False)[1]
        return max(
            profile._get_notice_period(one._get_day(), one.channel == "letter")[1]
            for one in written
        )

    # -------------------------------------------------------------------------
    # What the law demands of it
    # -------------------------------------------------------------------------

    def _get_mentions(self):
        """Return what the law demands of this letter."""
        self.ensure_one()
        occasions = {
            "first_reminder": self.is_first_reminder,
            "mandate": bool(self.company_id._collection_get_firm()),
        }
        if not any(occasions.values()):
            return self.env["credit.collection.mention"]
        return self.legal_profile_id.mention_ids.filtered(lambda one: occasions[one.occasion])

    def _write_first_letters(self):
        """Return the sentence that recalls the first letters, where the law demands it."""
        if not self.legal_profile_id._demands_first_letters(self.company_id):
            return ""
        return self.first_letter_ids._tell_first_letters()

    def _tell_first_letters(self):
        """Return the sentence that recalls these notices, in the language of the environment."""
        letters = [
            self.env._(
                "%(notice)s of %(date)s",
                notice=one.name,
                date=format_long_date(self.env, one.date_sent),
            )
            for one in self
        ]
        return letters and self.env._(
            "First letter about this debt: %(letters)s.", letters=format_list(self.env, letters)
        )

    def _get_mention_values(self):
        """Return `{kind of mention: [(of what, value, what to do when there is none)]}`.

        The values are written as the letter writes them.
        """
        self.ensure_one()
        dunning = self.with_context(lang=self.lang)
        writer = DocumentWriter(dunning.env, {})
        lines = dunning.line_ids.filtered("level_id")
        company = self.company_id
        return LazyValues(
            {
                "collector": self._get_collector_values,
                "creditor": lambda: [(company.name, company.name, "")],
                "creditor_address": self._get_creditor_address_values,
                "number": self._get_number_values,
                "basis": lambda: [(line.name, line.name, "") for line in lines],
                "balance": lambda: [
                    (line.name, writer.amount(line.amount_residual, line.currency_id), "")
                    for line in lines
                ],
                "parts": lambda: dunning._get_part_values(writer),
                "payment": lambda: self._get_payment_values(writer),
                "goods": lambda: self._get_goods_values(lines),
                "due": lambda: [(line.name, writer.date(line.date_due), "") for line in lines],
                "deadline": lambda: [(company.name, dunning._write_date(self.date_deadline), "")],
                "compensation": lambda: [
                    (currency.name, writer.amount(amount, currency), "")
                    for currency, amount in self._get_announced_compensation().items()
                    if not currency.is_zero(amount)
                ],
                "first_letter": lambda: [
                    (one.name, value, "")
                    for one in self.first_letter_ids
                    for value in (one.name, writer.long_date(one.date_sent))
                ],
            }
        )

    def _get_missing_data(self):
        """Return what to enter before this is sent: what it must say and nobody has entered yet."""
        demanded = self._get_mentions().mapped("kind")
        kinds = [kind for kind in _ENTERED if kind in demanded]
        values = kinds and self._get_mention_values()
        return list(
            dict.fromkeys(
                advice for kind in kinds for _name, value, advice in values[kind] if not value
            )
        )

    def _get_collector_values(self):
        firm = self.company_id._collection_get_firm()
        advice = self.env._(
            "Address of the firm: enter the street and the city of %(firm)s.", firm=firm.name
        )
        return [(firm.name, value, advice) for value in (firm.name, *self._write_address(firm))]

    def _get_creditor_address_values(self):
        company = self.company_id
        advice = self.env._(
            "Address of the creditor: enter the street and the city of %(company)s.",
            company=company.name,
        )
        return [(company.name, value, advice) for value in self._write_address(company)]

    @api.model
    def _write_address(self, sender):
        """Return the street and the place of a firm or a company."""
        return sender.street, " ".join(filter(None, (sender.zip, sender.city)))

    def _get_number_values(self):
        company = self.company_id
        advice = self.env._(
            "Enterprise number: enter the company ID or the VAT number of %(company)s.",
            company=company.name,
        )
        return [(company.name, self._get_company_number(), advice)]

    def _get_goods_values(self, lines):
        return [
            (
                line.name,
                line._get_products(line._get_move()),
                self.env._(
                    "What was delivered: the lines of %(invoice)s do not say.",
                    invoice=line.name,
                ),
            )
            for line in lines
        ]

    def _get_part_values(self, writer):
        charges = self._get_charge_totals()[self]
        return [
            (currency.name, writer.amount(amount, currency), "")
            for part in (self._get_totals(), charges["interest"], charges["compensation"])
            for currency, amount in part.items()
            if not currency.is_zero(amount)
        ]

    def _get_payment_values(self, writer):
        advice = self.env._(
            "How to pay: enter the bank account of %(company)s.", company=self.company_id.name
        )
        payable = self._get_charge_totals()[self]["payable"]
        return [
            (payment["currency"], payment[name], advice)
            for payment in self._prepare_payments(payable, writer)
            for name in ("amount", "account_number", "reference")
        ]

    # -------------------------------------------------------------------------
    # How to pay
    # -------------------------------------------------------------------------

    def _prepare_payments(self, charges, writer):
        """Return one way to pay for each currency: account, reference, data of the QR code."""
        payments = []
        for currency, total in self._add_totals(self._get_totals(), charges).items():
            lines = self.line_ids.filtered(
                lambda line, currency=currency: (
                    line.currency_id == currency and line.amount_residual > 0
                )
            )
            bank = lines._get_bank_account(self.company_id)
            reference, is_structured = lines._get_payment_reference()
            payments.append(
                {
                    "amount": writer.amount(total, currency),
                    "currency": currency.name,
                    "reference": reference,
                    "qr": bank._get_collection_qr_params(
                        writer.qr_method(bank, currency, self.partner_id),
                        total,
                        currency,
                        self.partner_id,
                        reference,
                        is_structured,
                    ),
                    **bank._prepare_collection_bank_vals(),
                }
            )
        return payments


class CreditCollectionDunningLine(models.Model):
    _inherit = "credit.collection.dunning.line"

    def _prepare_row_vals(self, today, writer):
        """Return a row of the table of items."""
        self.ensure_one()
        currency = self.currency_id
        is_credit = self.amount_residual < 0
        late = days_late(self.date_due, today) if self.date_due and not is_credit else 0
        move = self._get_move()
        reference = move.payment_reference
        return {
            "name": self.name or "",
            "reference": reference if reference != self.name and not is_credit else "",
            "date": writer.date(self.date_invoice),
            "date_due": "" if is_credit else writer.date(self.date_due),
            "days_late": late or "",
            "original": writer.amount(self.amount_original, currency),
            "paid": writer.amount(self.amount_paid, currency),
            "open": writer.amount(self.amount_residual, currency),
            "level": self.item_level_id.name or "—",
            "remarks": self._get_remarks(writer),
            "notes": self._get_notes(move, today, writer),
            "is_credit": is_credit,
            "is_claimed": bool(self.level_id),
            "currency": currency,
            "residual": self.amount_residual,
        }

    def _get_remarks(self, writer):
        """Return what is to be said below the number of the invoice."""
        self.ensure_one()
        if self.currency_id.is_zero(self.amount_held):
            return []
        return [
            self.env._(
                "%(amount)s of it is not claimed now",
                amount=writer.amount(self.amount_held, self.currency_id),
            )
        ]

    def _get_notes(self, move, today, writer):
        """Return the sentences to be said below the row of an invoice, over all its width.

        Consumers read what they have bought: where the law protects them, a reminder must say so.
        """
        self.ensure_one()
        products = self._get_products(move)
        return ([products] if products else []) + [
            dispute._get_answer(writer)
            for dispute in move.collection_dispute_ids
            if dispute._is_answer_due(self.date_last_notice, today) and self._is_last_of_invoice()
        ]

    def _get_fee(self, fee, contract, today):
        """Return a fee of the law, as the contract has it, on these lines of one currency."""
        items = self._derive_open(contract, today)
        groups = [[one] for one in items] if fee.kind == "item" else [items]
        claim = self.env["credit.collection.interest"]._claim_fee
        return sum(
            float(claim(fee, contract, group, self.currency_id, today).amount)
            for group in groups
            if group
        )

    def _derive_open(self, contract, today):
        """Return what is open of these lines of one currency; credits settle the oldest first."""
        credit = -sum(line.amount_residual for line in self if line.amount_residual < 0)
        derivations = []
        for line in self.filtered(lambda line: line.amount_residual > 0 and line.move_line_id):
            settled = min(credit, line.amount_residual)
            credit -= settled
            rest = Decimal(str(line.currency_id.round(line.amount_residual - settled)))
            if rest:
                derivations.append(Derivation(line.move_line_id, contract, rest, today))
        return derivations

    def _get_products(self, move):
        """Return in one line what a consumer has bought with an invoice; nothing for others."""
        if self.dunning_id.legal_profile_id.debtor_kind != "consumer" or self.amount_residual < 0:
            return ""
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        if not move.is_invoice(True):  # an entry says it in the label of the debt
            lines = self.move_line_id._collection_get_sources()
        names = dict.fromkeys(line._collection_get_product_name() for line in lines)
        return shorten(" · ".join(filter(None, names)), _PRODUCTS_LENGTH, placeholder="…")

    def _is_last_of_invoice(self):
        """Return whether no other instalment of the invoice is listed below this one."""
        move = self._get_move()
        same = self.dunning_id.line_ids.filtered(lambda line: line._get_move() == move)
        return self == same[-1:]

    def _get_bank_account(self, company):
        return company._get_collection_bank_account(self._get_move())

    def _get_payment_reference(self):
        """Return what to write on the transfer, and whether it is the reference of one invoice."""
        references = list(
            dict.fromkeys(line._get_move().payment_reference or line.name or "" for line in self)
        )
        if len(references) == 1:
            return references[0], True
        listed = ", ".join(filter(None, references))
        number = self.dunning_id[:1].name or ""
        return (listed if 0 < len(listed) <= _REMITTANCE_LENGTH else number), False

import io
from collections import defaultdict

import xlsxwriter

from odoo import api, models

_PAYMENT, _WRITE_OFF, _CHARGES = "payment", "write_off", "charges"


class CreditCollectionHandoverStatement(models.AbstractModel):
    """The account of one customer in one company: every movement, in order, with its balance."""

    _name = "credit.collection.handover.statement"
    _description = "Statement of Account"

    @api.model
    def _get_movements(self, case):
        """Return `{currency: [movement, ...]}`, each with the balance after it.

        What was only moved from one receivable account to another is no movement, and neither is a
        difference of exchange rates: it changes nothing in the currency of the debt.
        """
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", case.company_id.id),
                ("partner_id.commercial_partner_id", "=", case.partner_id.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ],
            order="date, id",
        )
        lines -= self._get_moved(lines)
        matches = self._get_matches(lines)
        kinds = self._get_kinds(lines)
        movements, balances = defaultdict(list), defaultdict(float)
        for line in lines:
            currency = line.currency_id
            if currency.is_zero(line.amount_currency):
                continue
            balances[currency] = currency.round(balances[currency] + line.amount_currency)
            movements[currency].append(
                {
                    "date": line.date,
                    "name": line.move_name,
                    "reference": line.move_id.ref or line.move_id.payment_reference or "",
                    "kind": kinds[line],
                    "date_due": line.date_maturity if line.amount_currency > 0 else False,
                    "matches": matches[line],
                    "debit": max(line.amount_currency, 0),
                    "credit": max(-line.amount_currency, 0),
                    "balance": balances[currency],
                }
            )
        return dict(movements)

    @api.model
    def _get_moved(self, lines):
        """Return the lines of entries that leave the customer owing what he owed."""
        moved = lines.browse()
        for (_move, currency), own in lines.grouped(
            lambda line: (line.move_id, line.currency_id)
        ).items():
            if len(own) > 1 and currency.is_zero(sum(own.mapped("amount_currency"))):
                moved |= own
        return moved

    @api.model
    def _get_matches(self, lines):
        """Return `{line: [(name of the other entry, amount), ...]}`."""
        partials = self.env["account.partial.reconcile"].search(
            ["|", ("debit_move_id", "in", lines.ids), ("credit_move_id", "in", lines.ids)],
            order="id",
        )
        matches = defaultdict(list)
        for partial in partials:
            debit, credit = partial.debit_move_id, partial.credit_move_id
            matches[debit].append((credit.move_name, partial.debit_amount_currency))
            matches[credit].append((debit.move_name, partial.credit_amount_currency))
        return matches

    @api.model
    def _get_kinds(self, lines):
        """Return `{line: what it is}`."""
        labels = self._get_kind_labels()
        given_up = set(
            self.env["credit.collection.write.off"]
            .search([("move_id", "in", lines.move_id.ids)])
            .move_id.ids
        )
        charges = self.env["credit.collection.charge"].search(
            [
                "|",
                ("charge_move_id", "in", lines.move_id.ids),
                ("reversal_move_id", "in", lines.move_id.ids),
            ]
        )
        charged = {
            *charges.charge_move_id.ids,
            *charges.reversal_move_id.ids,
            *charges.reversal_move_id.reversed_entry_id.ids,
        }
        kinds = {}
        for line in lines:
            move = line.move_id
            kind = move.move_type
            if move.origin_payment_id or move.statement_line_id:
                kind = _PAYMENT
            elif move.id in given_up:
                kind = _WRITE_OFF
            elif move.id in charged:
                kind = _CHARGES
            kinds[line] = labels.get(kind, labels["entry"])
        return kinds

    @api.model
    def _get_kind_labels(self):
        return {
            "out_invoice": self.env._("Invoice"),
            "out_refund": self.env._("Credit note"),
            "out_receipt": self.env._("Receipt"),
            _PAYMENT: self.env._("Payment"),
            _WRITE_OFF: self.env._("Write-off"),
            _CHARGES: self.env._("Charges"),
            "entry": self.env._("Entry"),
        }

    # -------------------------------------------------------------------------
    # The work book
    # -------------------------------------------------------------------------

    @api.model
    def _get_headings(self):
        return [
            (self.env._("Date"), 12),
            (self.env._("Document"), 20),
            (self.env._("Reference"), 24),
            (self.env._("What"), 14),
            (self.env._("Due date"), 12),
            (self.env._("Matched with"), 40),
            (self.env._("Debit"), 14),
            (self.env._("Credit"), 14),
            (self.env._("Balance"), 14),
        ]

    @api.model
    def _make_workbook(self, movements, date):
        """Return the statement as a work book with a sheet for each currency.

        Texts are texts: nothing in a name or a reference is taken for a formula.
        """
        target = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(target, options) as workbook:
            workbook.set_properties({"created": date})
            bold = workbook.add_format({"bold": True, "bottom": 1})
            day = workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
            for currency, rows in movements.items():
                amount = workbook.add_format(
                    {"num_format": f"#,##0.{'0' * currency.decimal_places}".rstrip(".")}
                )
                sheet = workbook.add_worksheet(currency.name)
                sheet.freeze_panes(1, 0)
                for column, (label, width) in enumerate(self._get_headings()):
                    sheet.set_column(column, column, width)
                    sheet.write(0, column, label, bold)
                for number, row in enumerate(rows, start=1):
                    self._write_row(sheet, number, row, day, amount)
        return target.getvalue()

    @api.model
    def _write_row(self, sheet, number, row, day, amount):
        sheet.write_datetime(number, 0, row["date"], day)
        sheet.write_string(number, 1, row["name"] or "")
        sheet.write_string(number, 2, row["reference"])
        sheet.write_string(number, 3, row["kind"])
        if row["date_due"]:
            sheet.write_datetime(number, 4, row["date_due"], day)
        matched = ", ".join(f"{name} ({value:.2f})" for name, value in row["matches"])
        sheet.write_string(number, 5, matched)
        for column, key in ((6, "debit"), (7, "credit")):
            if row[key]:
                sheet.write_number(number, column, row[key], amount)
        sheet.write_number(number, 8, row["balance"], amount)

import io

import xlsxwriter

from odoo import api, models
from odoo.tools.misc import formatLang, get_lang

_EXCEL_DATES = {"%d": "dd", "%m": "mm", "%Y": "yyyy", "%y": "yy", "%b": "mmm", "%B": "mmmm"}


class CreditCollectionStatementWorkbook(models.AbstractModel):
    """Statements of account as a work book: a sheet for each currency.

    Texts are texts: nothing in a name or a reference is taken for a formula.
    """

    _name = "credit.collection.statement.workbook"
    _description = "Statement of Account as a Work Book"

    @api.model
    def _make_movements(self, movements, created, is_list=False):
        """Return the work book of `{case: {currency: [movement, ...]}}`."""
        return self._make(self._get_movement_columns(), movements, created, is_list)

    @api.model
    def _make_items(self, items, created, is_list=False):
        """Return the work book of `{case: {currency: [open item, ...]}}`."""
        return self._make(self._get_item_columns(), items, created, is_list)

    @api.model
    def _get_movement_columns(self):
        """Return the columns: label, width, kind of cell, value of a row."""
        return [
            (self.env._("Date"), 12, "date", lambda row: row["date"]),
            (self.env._("Document"), 20, "text", lambda row: row["name"]),
            (self.env._("Reference"), 24, "text", lambda row: row["reference"]),
            (self.env._("What"), 14, "text", lambda row: row["kind"]),
            (self.env._("Due date"), 12, "date", lambda row: row["date_due"]),
            (self.env._("Matched with"), 40, "text", self._tell_matches),
            (self.env._("Debit"), 14, "amount", lambda row: row["debit"] or None),
            (self.env._("Credit"), 14, "amount", lambda row: row["credit"] or None),
            (self.env._("Balance"), 14, "amount", lambda row: row["balance"]),
        ]

    @api.model
    def _get_item_columns(self):
        return [
            (self.env._("Document"), 20, "text", lambda row: row["name"]),
            (self.env._("Reference"), 24, "text", lambda row: row["reference"]),
            (self.env._("Date"), 12, "date", lambda row: row["date"]),
            (self.env._("Due date"), 12, "date", lambda row: row["date_due"]),
            (self.env._("Days late"), 10, "count", lambda row: row["days_late"] or None),
            (self.env._("Amount"), 14, "amount", lambda row: row["amount"]),
            (self.env._("Paid"), 14, "amount", lambda row: row["paid"] or None),
            (self.env._("Open"), 14, "amount", lambda row: row["open"]),
            (self.env._("Disputed"), 14, "amount", lambda row: row["disputed"] or None),
        ]

    @api.model
    def _tell_matches(self, row):
        return ", ".join(
            f"{name} ({formatLang(self.env, value)})" for name, value in row["matches"]
        )

    @api.model
    def _make(self, columns, found, created, is_list):
        target = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(target, options) as workbook:
            workbook.set_properties({"created": created})
            currencies = dict.fromkeys(currency for own in found.values() for currency in own)
            for currency in currencies:
                rows = [(case, row) for case, own in found.items() for row in own.get(currency, ())]
                self._write_sheet(workbook, currency, columns, rows, is_list)
            if not currencies:
                workbook.add_worksheet()
        return target.getvalue()

    @api.model
    def _write_sheet(self, workbook, currency, columns, rows, is_list):
        """Write the rows in one currency; a list of customers begins with their names."""
        bold = workbook.add_format({"bold": True, "bottom": 1})
        formats = self._get_formats(workbook, currency)
        sheet = workbook.add_worksheet(currency.name)
        sheet.freeze_panes(1, 0)
        if is_list:
            sheet.set_column(0, 0, 30)
            sheet.write(0, 0, self.env._("Customer"), bold)
            for number, (case, _row) in enumerate(rows, start=1):
                sheet.write_string(number, 0, case.display_name)
        for column, (label, width, kind, get_value) in enumerate(columns, start=int(is_list)):
            sheet.set_column(column, column, width)
            sheet.write(0, column, label, bold)
            for number, (_case, row) in enumerate(rows, start=1):
                self._write_cell(sheet, number, column, kind, get_value(row), formats)

    @api.model
    def _get_formats(self, workbook, currency):
        """Return how dates and amounts are written in the language of the environment."""
        date_format = get_lang(self.env).date_format
        for code, excel in _EXCEL_DATES.items():
            date_format = date_format.replace(code, excel)
        return {
            "date": workbook.add_format({"num_format": date_format, "align": "left"}),
            "amount": workbook.add_format(
                {"num_format": f"#,##0.{'0' * currency.decimal_places}".rstrip(".")}
            ),
            "count": None,
        }

    @api.model
    def _write_cell(self, sheet, row, column, kind, value, formats):
        if kind == "text":
            sheet.write_string(row, column, value or "")
        elif not value and (kind == "date" or value is None):
            return
        elif kind == "date":
            sheet.write_datetime(row, column, value, formats["date"])
        else:
            sheet.write_number(row, column, value, formats[kind])

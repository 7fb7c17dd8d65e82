from odoo import api, models
from odoo.tools.misc import format_date

from ..models.credit_collection_dunning_document import DocumentWriter

# A wkhtmltopdf without patches does not repeat the head of a table that runs over a page: each
# page has a table of its own, with the balance carried forward.
_FIRST_LINES = 18  # below the address, what is said first, and the ageing
_PAGE_LINES = 42
_SMALL_TABLE = 8  # fits below another one
_MATCH_LENGTH = 30  # what fits into a line of the column
_DOCUMENT_LENGTH = 24
_NAME_LENGTH = 40  # of an item with its reference


class CreditCollectionStatementDocument(models.AbstractModel):
    """What a statement of account says, as text in the language of the environment.

    The same on paper, on the screen before it is sent, and in a hand-over file.
    """

    _name = "credit.collection.statement.document"
    _description = "Statement of Account as Text"

    @api.model
    def _prepare(self, cases, options):
        """Return `{case: [section, ...]}`: one section for each currency, never mixed."""
        Statement = self.env["credit.collection.statement"]
        writer = DocumentWriter(self.env, {})
        if options.kind == "movements":
            found = Statement._get_movements(cases, options.date, options.date_from)
        else:
            found = Statement._get_open_items(cases, options)
        besides = self._prepare_besides(cases, options, writer)
        sections = {}
        for case in cases:
            rows, own = found[case], self.with_company(case.company_id)
            currencies = [*rows, *(one for one in besides[case] if one not in rows)]
            sections[case] = [
                own._prepare_section(currency, rows.get(currency, []), options, writer, number == 0)
                | {"besides": besides[case].get(currency, {})}
                for number, currency in enumerate(currencies)
                if rows.get(currency) or not options.only_overdue
            ]
        return sections

    # -------------------------------------------------------------------------
    # The tables
    # -------------------------------------------------------------------------

    @api.model
    def _prepare_section(self, currency, rows, options, writer, is_first):
        """Return what is told in one currency by the current company."""
        prepare = (
            self._prepare_movement_section
            if options.kind == "movements"
            else self._prepare_item_section
        )
        return self._break_page(prepare(currency, rows, options, writer, is_first))

    @api.model
    def _break_page(self, section):
        """Let the head of a section go to the next page with its first table."""
        sheets = section.get("items") or section.get("movements")
        section["is_new_page"] = bool(sheets) and sheets[0]["is_new_page"]
        if section["is_new_page"]:
            sheets[0]["is_new_page"] = False
        return section

    @api.model
    def _prepare_item_section(self, currency, items, options, writer, is_first):
        Statement = self.env["credit.collection.statement"]
        labels = Statement._get_bucket_labels(
            self.env.company,
            options,
            lambda day: format_date(self.env, day, date_format="MMM y"),
        )
        amounts = Statement._get_ageing(items, currency, len(labels))
        total = currency.round(sum(amounts)) or 0.0
        overdue = currency.round(sum(amounts[1:-1])) or 0.0
        disputed = currency.round(sum(item["disputed"] for item in items)) or 0.0
        rows = [self._prepare_item_row(item, currency, writer) for item in items]
        return {
            "currency": currency.name,
            "ageing": [
                (label, writer.amount(amount, currency))
                for label, amount in zip(labels, amounts, strict=True)
            ],
            "total": writer.amount(total, currency),
            "overdue": overdue > 0 and writer.amount(overdue, currency),
            "disputed": disputed > 0 and writer.amount(disputed, currency),
            "is_owed": total > 0,
            "items": self._split(rows, currency, writer, is_first),
        }

    @api.model
    def _prepare_item_row(self, item, currency, writer):
        remarks = [item["reference"]] if item["reference"] not in ("", item["name"]) else []
        if item["disputed"]:
            amount = writer.amount(item["disputed"], currency)
            remarks.append(self.env._("%(amount)s of it is disputed", amount=amount))
        return {
            "name": item["name"] or "",
            "remark": " · ".join(remarks),
            "date": writer.date(item["date"]),
            "date_due": "" if item["open"] < 0 else writer.date(item["date_due"]),
            "days_late": item["days_late"] or "",
            "amount": writer.amount(item["amount"], currency),
            "paid": writer.amount(item["paid"], currency) if item["paid"] else "",
            "open": writer.amount(item["open"], currency),
            "value": item["open"],
            "height": 1 + (len(f"{item['name']} {' · '.join(remarks)}") > _NAME_LENGTH) * 0.7,
        }

    @api.model
    def _prepare_movement_section(self, currency, movements, options, writer, is_first):
        rows = self._prepare_movement_rows(currency, movements, writer)
        balance = movements[-1]["balance"] if movements else 0.0
        return {
            "currency": currency.name,
            "ageing": [],
            "total": writer.amount(balance, currency),
            "overdue": "",
            "disputed": "",
            "is_owed": balance > 0,
            "movements": self._split(rows, currency, writer, is_first),
        }

    @api.model
    def _prepare_movement_rows(self, currency, movements, writer):
        rows = []
        for row in movements:
            matched = ", ".join(name for name, _amount in row["matches"])
            rows.append(
                {
                    "date": writer.date(row["date"]) if row["date"] else "",
                    "name": row["name"] or "",
                    "kind": row["kind"],
                    "date_due": writer.date(row["date_due"]) if row["date_due"] else "",
                    "matched": matched,
                    "debit": writer.amount(row["debit"], currency) if row["debit"] else "",
                    "credit": writer.amount(row["credit"], currency) if row["credit"] else "",
                    "balance": writer.amount(row["balance"], currency),
                    "height": max(
                        1,
                        -(-len(matched) // _MATCH_LENGTH),
                        -(-len(row["name"] or "") // _DOCUMENT_LENGTH) if row["date"] else 1,
                    ),
                }
            )
        return rows

    @api.model
    def _split(self, rows, currency, writer, is_first, first_lines=_FIRST_LINES):
        """Return the tables of the rows: one for each page, with the balance carried."""
        is_small = not is_first and sum(row["height"] for row in rows) <= _SMALL_TABLE
        room = first_lines if is_first else _SMALL_TABLE if is_small else 0
        sheets, before, total = [], "", 0.0
        for row in rows:
            if row["height"] > room or not sheets:
                is_new_page = bool(sheets) or not (is_first or is_small)
                room = _PAGE_LINES if is_new_page else room
                sheets.append({"rows": [], "before": before, "is_new_page": is_new_page})
            room -= row["height"]
            total += row.get("value", 0)
            before = row.get("balance") or writer.amount(currency.round(total), currency)
            sheets[-1]["rows"].append(row)
        for sheet in sheets:
            sheet["is_last"] = sheet is sheets[-1]
        return sheets

    # -------------------------------------------------------------------------
    # What stands beside the ledger
    # -------------------------------------------------------------------------

    @api.model
    def _prepare_besides(self, cases, options, writer):
        """Return `{case: {currency: {"charges": ..., "agreements": ...}}}`."""
        Statement = self.env["credit.collection.statement"]
        besides = {case: {} for case in cases}
        charges = Statement._get_charges(cases, options.date)
        for (case, currency), own in charges.grouped(
            lambda charge: (charge.case_id, charge.currency_id)
        ).items():
            besides[case][currency] = {"charges": self._prepare_charges(own, currency, writer)}
        promises = Statement._get_promises(cases, options.date)
        plans = Statement._get_plans(cases, options.date)
        texts = [
            *((promise, self._tell_promise(promise, writer)) for promise in promises),
            *((plan, self._tell_plan(plan, options, writer)) for plan in plans),
        ]
        for agreement, text in texts:
            own = besides[agreement.case_id].setdefault(agreement.currency_id, {})
            own.setdefault("agreements", []).append(text)
        return besides

    @api.model
    def _prepare_charges(self, charges, currency, writer):
        """Return the table of what was claimed beside the invoices: one row for each item."""
        rows = []
        for (item, name), own in charges.grouped(lambda one: (one.move_line_id, one.name)).items():
            dates = own.filtered("date_from")
            rows.append(
                {
                    "name": name,
                    "item": item.sudo().move_name or own[:1].dunning_id.name,
                    "first": writer.date(min(dates.mapped("date_from"))) if dates else "",
                    "last": writer.date(max(dates.mapped("date_to"))) if dates else "",
                    "amount": writer.amount(currency.round(sum(own.mapped("amount"))), currency),
                }
            )
        total = currency.round(sum(charges.mapped("amount")))
        sheets = [
            {"rows": rows[start : start + _PAGE_LINES], "is_new_page": start > 0}
            for start in range(0, len(rows), _PAGE_LINES)
        ]
        if len(rows) > _SMALL_TABLE:
            sheets[0]["is_new_page"] = True
        return {"sheets": sheets, "total": writer.amount(total, currency)}

    @api.model
    def _tell_promise(self, promise, writer):
        return self.env._(
            "Promised on %(date)s: %(amount)s by %(day)s",
            date=writer.date(promise.date),
            amount=writer.amount(promise.amount, promise.currency_id),
            day=writer.date(promise.date_promised),
        )

    @api.model
    def _tell_plan(self, plan, options, writer):
        """Return what is agreed, and the installment that comes next."""
        vals = {
            "plan": plan.name,
            "date": writer.date(plan.date_active),
            "amount": writer.amount(plan.amount, plan.currency_id),
        }
        coming = plan.installment_ids.filtered(lambda one: one.date_due >= options.date)
        following = coming.sorted("date_due")[:1]
        if not following:
            return self.env._("Payment plan %(plan)s of %(date)s: %(amount)s", **vals)
        return self.env._(
            "Payment plan %(plan)s of %(date)s: %(amount)s; installment of %(installment)s "
            "on %(due)s",
            installment=writer.amount(following.amount, plan.currency_id),
            due=writer.date(following.date_due),
            **vals,
        )

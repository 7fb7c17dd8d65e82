import base64
import csv
import io
import logging
from decimal import Decimal
from itertools import islice

from psycopg2 import OperationalError

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_date

from ..const import KEEP_NUMBERS
from ..tools.ledger_csv import Document, Ledger, LedgerError, Problem, settle, split_amount

# Rows of one committed batch: large enough to be fast, small enough to bound the memory.
BATCH_SIZE = 500
# What the screen lists of a file that was only checked.
PREVIEW_SIZE = 50

_logger = logging.getLogger(__name__)


class CreditCollectionLedgerImport(models.TransientModel):
    """Take over the customer ledger of another package: documents, and what was paid on them.

    Every row becomes a posted invoice or credit note under its old number, with the takeover
    account as its counterpart; every payment an entry of its own, reconciled with it. The columns
    are in docs/ledger_import.md. What is right is loaded, once; what is wrong is listed.
    """

    _name = "credit.collection.ledger.import"
    _description = "Import a Ledger"
    _check_company_auto = True
    _transient_max_hours = 48  # a long list of problems may be worked through tomorrow

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    file = fields.Binary("CSV file", required=True)
    file_name = fields.Char()
    account_id = fields.Many2one(
        "account.account",
        "Takeover account",
        check_company=True,
        domain="[('account_type', 'not in', ('asset_receivable', 'liability_payable'))]",
        help="The counterpart of everything that is loaded. Book the total of the receivables of "
        "the old books on it, and it ends at zero. Created when empty.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        "Journal of the documents",
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="A sales journal for this alone: the old numbers must not continue your own series. "
        "Created when empty.",
    )
    payment_journal_id = fields.Many2one(
        "account.journal",
        "Journal of the payments",
        check_company=True,
        domain="[('type', '=', 'general')]",
        help="Created when empty.",
    )
    date_booking = fields.Date(
        "Book from",
        help="Documents and payments before this day are booked on it: for when their own days are "
        "locked. The due dates stay as they are.",
    )
    is_settled_in_full = fields.Boolean(
        "A payment settles the document",
        help="For packages that note when a document was settled, but not what was set off.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checked", "Checked"),
            ("loading", "Loading"),
            ("stopped", "Stopped"),
            ("done", "Loaded"),
        ],
        required=True,
        default="draft",
        readonly=True,
    )
    position = fields.Integer("Rows done", readonly=True)
    row_count = fields.Integer("Rows", readonly=True)
    loaded_count = fields.Integer("Documents loaded", readonly=True)
    payment_count = fields.Integer("Payments loaded", readonly=True)
    known_count = fields.Integer("Already there", readonly=True)
    error_count = fields.Integer("Not loaded", readonly=True)
    problem_ids = fields.One2many("credit.collection.ledger.import.problem", "import_id")
    problem_file = fields.Binary("Problems", compute="_compute_problem_file")
    problem_file_name = fields.Char(compute="_compute_problem_file")

    @api.depends("problem_ids")
    def _compute_problem_file(self):
        for wizard in self:
            wizard.problem_file_name = f"problems-{wizard.file_name or 'ledger.csv'}"
            wizard.problem_file = base64.b64encode(wizard._get_problem_csv())

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_check(self):
        """Read the whole file and say what is wrong with it; nothing is booked."""
        self.ensure_one()
        ledger = self._get_ledger()
        self.problem_ids.unlink()
        count, problems, known_count, error_count = 0, [], 0, 0
        rows = ledger.rows()
        while batch := list(islice(rows, BATCH_SIZE)):
            documents, found, known = self._sort_rows(batch)
            count += len(batch)
            known_count += known
            error_count += len(batch) - len(documents) - known
            problems += found[: PREVIEW_SIZE - len(problems)]
        self._note_problems(problems)
        self.write(
            {
                "state": "checked",
                "row_count": count,
                "known_count": known_count,
                "error_count": error_count,
            }
        )
        return self._reopen()

    def action_load(self):
        """Load the file: the first batch now, what is left in the background."""
        self.ensure_one()
        if self.state not in ("loading", "done"):
            self._start()
            self._load_batch()
        if self.state == "loading":
            self.env.ref("credit_collection.ir_cron_load_ledger").sudo()._trigger()
        return self._reopen()

    def action_refresh(self):
        return self._reopen()

    def action_open_documents(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        return action | {"domain": [("journal_id", "=", self.journal_id.id)], "context": {}}

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self._description,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # -------------------------------------------------------------------------
    # Batches
    # -------------------------------------------------------------------------

    @api.model
    def _cron_load(self):
        """Load the next batch of a file that waits, as the user who brought it."""
        domain = [("state", "=", "loading")]
        wizard = self.search(domain, limit=1, order="id").try_lock_for_update()
        if wizard:
            user_wizard = wizard.with_user(wizard.create_uid).with_company(wizard.company_id)
            user_wizard._load_batch_or_stop()
        remaining = self.search_count(domain)
        self.env["ir.cron"]._commit_progress(len(wizard), remaining=remaining)

    def _start(self):
        """Prepare the journals and the account, and count the rows."""
        self.ensure_one()
        ledger = self._get_ledger()
        self.problem_ids.unlink()
        self.write(
            {
                "state": "loading",
                "position": 0,
                "row_count": sum(1 for _row in ledger.rows()),
                "known_count": 0,
                "error_count": 0,
                "account_id": (self.account_id or self._get_takeover_account()).id,
                "journal_id": (self.journal_id or self._get_journal("sale")).id,
                "payment_journal_id": (self.payment_journal_id or self._get_journal("general")).id,
            }
        )

    def _load_batch(self):
        """Load the next rows. Whoever calls commits: what is done is not done again."""
        self.ensure_one()
        rows = list(islice(self._get_ledger().rows(self.position), BATCH_SIZE))
        documents, problems, known = self._sort_rows(rows)
        loaded, failures = self._load_documents(documents)
        problems += failures
        self._note_problems(problems)
        self.write(
            {
                "position": self.position + len(rows),
                "loaded_count": self.loaded_count + len(loaded),
                "payment_count": self.payment_count
                + self._load_payments(
                    [
                        (move, document, document.payments)
                        for document, move in loaded
                        if document.payments
                    ]
                ),
                "known_count": self.known_count + known,
                "error_count": self.error_count + len(rows) - len(loaded) - known,
                "state": "loading" if self.position + len(rows) < self.row_count else "done",
            }
        )

    def _load_batch_or_stop(self):
        """Load the next rows; what nobody foresaw stops the file, and its user is told."""
        try:
            with self.env.cr.savepoint():
                self._load_batch()
        except OperationalError:
            raise  # another transaction was faster: the scheduler tries again
        except Exception as error:
            _logger.warning("Loading %s stopped", self.file_name, exc_info=True)
            values = {"count": self.position, "reason": str(error)}
            self._note_problems([Problem(0, "stopped", values)])
            self.state = "stopped"
            self.env.user._bus_send(
                "simple_notification",
                {
                    "type": "danger",
                    "sticky": True,
                    "title": self.file_name,
                    "message": self._get_sentence("stopped", values),
                },
            )

    def _get_ledger(self):
        """Return the file, its heading read."""
        try:
            return Ledger(base64.b64decode(self.file), fields.Date.context_today(self))
        except LedgerError as error:
            raise UserError(self._get_sentence(error.code, error.values)) from error

    def _sort_rows(self, rows):
        """Tell what can be loaded: return documents, problems, and how many are there already."""
        problems = [row for row in rows if isinstance(row, Problem)]
        documents = [row for row in rows if isinstance(row, Document)]
        known = self._get_known(documents)
        fresh = [document for document in documents if document.key not in known]
        if self.is_settled_in_full:
            fresh = [settle(document) for document in fresh]
        obstacles = self._get_obstacles(fresh)
        problems += obstacles.values()
        good = [document for document in fresh if document.key not in obstacles]
        problems += [remark for document in good for remark in document.remarks]
        problems.sort(key=lambda problem: problem.line)
        return good, problems, len(documents) - len(fresh)

    def _get_known(self, documents):
        """Return the keys of the documents that are in the books already."""
        numbers = {document.number for document in documents}
        names = {self._get_other_name(document): document.number for document in documents}
        moves = self.env["account.move"].search_fetch(
            [
                ("company_id", "=", self.company_id.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("name", "in", [*numbers, *names]),
            ],
            ["name", "partner_id"],
        )
        return {(names.get(move.name, move.name), move.partner_id.ref) for move in moves}

    @api.model
    def _get_other_name(self, document):
        """Return the name of a document whose number another customer's document has."""
        return f"{document.number} ({document.customer})"

    # -------------------------------------------------------------------------
    # What stands in the way
    # -------------------------------------------------------------------------

    def _get_obstacles(self, documents):
        """Return what keeps documents out of these books, `{document key: problem}`."""
        currencies = self._get_currencies()
        rated = self._get_rated_currencies()
        partners = self._get_partners({document.customer for document in documents})
        locks = self._get_locks(documents)
        obstacles = {}
        for document in documents:
            obstacle = (
                self._get_currency_obstacle(document, currencies, rated)
                or self._get_customer_obstacle(document, partners)
                or self._get_lock_obstacle(document, locks)
            )
            if obstacle:
                obstacles[document.key] = obstacle
        return obstacles

    def _get_currency_obstacle(self, document, currencies, rated):
        name = document.currency or self.company_id.currency_id.name
        currency = currencies.get(name)
        values = {"currency": name}
        if not currency:
            return Problem(document.line, "currency", values)
        is_foreign = currency != self.company_id.currency_id
        if is_foreign and document.amount_company is None and currency not in rated:
            return Problem(document.line, "no_rate", values)
        amounts = [document.amount, *(payment.amount for payment in document.payments)]
        if any(-a.normalize().as_tuple().exponent > currency.decimal_places for a in amounts):
            return Problem(document.line, "decimals", values)
        return None

    @api.model
    def _get_customer_obstacle(self, document, partners):
        if len(partners.get(document.customer, ())) > 1:
            return Problem(document.line, "customers", {"customer": document.customer})
        return None

    def _get_lock_obstacle(self, document, locks):
        for day in self._get_days(document):
            if locks[day]:
                values = {
                    "date": format_date(self.env, day[0]),
                    "lock": format_date(self.env, locks[day][-1][0]),
                }
                return Problem(document.line, "locked", values)
        return None

    def _get_locks(self, documents):
        """Return the lock dates that each day of booking violates."""
        days = {day for document in documents for day in self._get_days(document)}
        journals = {
            journal_type: self.env["account.journal"].new({"type": journal_type})
            for journal_type in ("sale", "general")
        }
        return {
            (day, journal_type): self.company_id._get_violated_lock_dates(
                day, False, journals[journal_type]
            )
            for day, journal_type in days
        }

    def _get_days(self, document):
        """Return `[(day of booking, type of journal)]` of a document and its payments."""
        return [
            (self._get_booking_date(document.issued), "sale"),
            *((self._get_booking_date(one.paid), "general") for one in document.payments),
        ]

    def _get_currencies(self):
        return {currency.name: currency for currency in self.env["res.currency"].search([])}

    def _get_rated_currencies(self):
        """Return the currencies for which this company knows a rate."""
        groups = self.env["res.currency.rate"]._read_group(
            [("company_id", "in", (False, self.company_id.root_id.id))], ["currency_id"]
        )
        return self.env["res.currency"].union(*(currency for (currency,) in groups))

    def _get_booking_date(self, day):
        return max(day, self.date_booking) if self.date_booking else day

    # -------------------------------------------------------------------------
    # Documents
    # -------------------------------------------------------------------------

    def _load_documents(self, documents):
        """Post the documents; return `[(document, move)]` and the problems of the others.

        All of them at once; when Odoo refuses one, one by one.
        """
        if not documents:
            return [], []
        try:
            with self.env.cr.savepoint():
                moves = self._post_documents(documents)
            return list(zip(documents, moves, strict=True)), []
        except AccessError:
            raise
        except UserError as error:
            if len(documents) == 1:
                reason = Problem(documents[0].line, "refused", {"reason": error.args[0]})
                return [], [reason]
        loaded, problems = [], []
        for document in documents:
            own_loaded, own_problems = self._load_documents([document])
            loaded += own_loaded
            problems += own_problems
        return loaded, problems

    def _post_documents(self, documents):
        partners = self._get_or_create_partners(documents)
        names = self._get_names(documents)
        currencies = self._get_currencies()
        vals_list = [
            self._prepare_move_vals(
                document,
                partners[document.customer],
                names[document.key],
                currencies.get(document.currency) or self.company_id.currency_id,
            )
            for document in documents
        ]
        moves = self._get_silent("account.move").create(vals_list)
        moves._post(soft=False)
        return moves

    def _get_silent(self, model):
        """Return the model without chatter, and without lines that are computed again."""
        return self.env[model].with_context(
            tracking_disable=True,
            mail_create_nolog=True,
            mail_notrack=True,
            skip_invoice_sync=True,
            credit_collection_keep_numbers=KEEP_NUMBERS,
        )

    def _get_names(self, documents):
        """Return `{document key: name}`: the number, told apart where two customers share it."""
        moves = self.env["account.move"].search_fetch(
            [
                ("journal_id", "=", self.journal_id.id),
                ("name", "in", [document.number for document in documents]),
            ],
            ["name"],
        )
        taken = set(moves.mapped("name"))
        names = {}
        for document in documents:
            is_taken = document.number in taken
            names[document.key] = self._get_other_name(document) if is_taken else document.number
            taken.add(document.number)
        return names

    def _prepare_move_vals(self, document, partner, name, currency):
        """Return the invoice as a person would have typed it, under its old number and dates."""
        balance = self._get_balance(document, currency)
        amount = float(document.amount)
        sign = -1 if document.kind == "credit_note" else 1
        reference = document.reference or document.number
        receivable = partner.with_company(self.company_id).property_account_receivable_id
        common = {
            "currency_id": currency.id,
            "partner_id": partner.id,
            "name": reference,
            "analytic_distribution": False,
        }
        return {
            "company_id": self.company_id.id,
            "journal_id": self.journal_id.id,
            "move_type": "out_refund" if document.kind == "credit_note" else "out_invoice",
            "name": name,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "invoice_currency_rate": amount / float(balance),
            "invoice_date": document.issued,
            "date": self._get_booking_date(document.issued),
            "invoice_payment_term_id": False,
            "invoice_date_due": document.due,
            "ref": document.reference,
            "payment_reference": reference,
            "invoice_origin": self.file_name,
            "line_ids": [
                Command.create(
                    common
                    | {
                        "display_type": "product",
                        "account_id": self.account_id.id,
                        "quantity": 1,
                        "price_unit": amount,
                        "tax_ids": [Command.clear()],
                        "amount_currency": -sign * amount,
                        "balance": -sign * float(balance),
                    }
                ),
                Command.create(
                    common
                    | {
                        "display_type": "payment_term",
                        "account_id": receivable.id,
                        "date_maturity": document.due,
                        "amount_currency": sign * amount,
                        "balance": sign * float(balance),
                    }
                ),
            ],
        }

    def _get_balance(self, document, currency):
        """Return the worth in the company's currency: as the file says, else at Odoo's rate."""
        company = self.company_id
        if currency == company.currency_id:
            return document.amount
        if document.amount_company is not None:
            return document.amount_company
        worth = currency._convert(
            float(document.amount), company.currency_id, company, document.issued
        )
        return Decimal(str(worth))

    def _get_partners(self, codes):
        """Return the customers with these references, `{reference: partners}`."""
        found = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search_fetch(
                [
                    ("ref", "in", list(codes)),
                    ("parent_id", "=", False),
                    ("company_id", "in", (False, self.company_id.id)),
                ],
                ["ref", "company_id"],
            )
        )
        partners = {}
        for code, same_code in found.grouped("ref").items():
            partners[code] = same_code.filtered("company_id") or same_code
        return partners

    def _get_or_create_partners(self, documents):
        first = {}
        for document in documents:
            first.setdefault(document.customer, document)
        partners = self._get_partners(first)
        created = self._get_silent("res.partner").create(
            [
                self._prepare_partner_vals(document)
                for code, document in first.items()
                if code not in partners
            ]
        )
        return partners | {partner.ref: partner for partner in created}

    def _prepare_partner_vals(self, document):
        return {
            "name": document.customer_name or document.customer,
            "ref": document.customer,
            "email": document.email,
            "lang": self.company_id.partner_id.lang,
            "is_company": True,
            "company_id": self.company_id.id,
        }

    # -------------------------------------------------------------------------
    # Payments
    # -------------------------------------------------------------------------

    def _load_payments(self, paid):
        """Post payments and match them with their documents; return how many there were.

        :param list paid: `[(move, document, payments)]`, the payments that are to be booked now
        """
        vals_list, owners = [], []
        for move, document, payments in paid:
            for payment, balance in self._value_payments(move, document, payments):
                vals_list.append(self._prepare_payment_vals(move, payment, balance))
                owners.append(move)
        if not vals_list:
            return 0
        entries = self._get_silent("account.move").create(vals_list)
        entries._post(soft=False)
        self._match(entries, owners)
        return len(entries)

    def _match(self, entries, owners):
        receivables = {
            move: move.line_ids.filtered(lambda line: line.display_type == "payment_term")
            for move in owners
        }
        plan = dict(receivables)
        for entry, move in zip(entries, owners, strict=True):
            plan[move] |= entry.line_ids.filtered(
                lambda line, own=receivables[move]: line.account_id == own.account_id
            )
        self._analyze()
        self._get_silent("account.move.line")._reconcile_plan(list(plan.values()))

    def _analyze(self):
        """Tell PostgreSQL what it has.

        On a new database it thinks that these tables are empty, and the query of Odoo for the state
        of payments then compares each line with each other: hours instead of seconds.
        """
        self.env.flush_all()
        self.env.cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile")

    def _value_payments(self, move, document, payments):
        """Yield each payment with its worth: that share of the document, at the document's rate.

        What the rates of the payment days made of it was booked in the old package.
        """
        receivable = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        total = Decimal(str(abs(receivable.balance)))
        amounts = [payment.amount for payment in document.payments]
        shares = dict(
            zip(document.payments, split_amount(total, amounts, document.amount), strict=True)
        )
        return [(payment, shares[payment]) for payment in payments]

    def _prepare_payment_vals(self, move, payment, balance):
        sign = 1 if move.move_type == "out_invoice" else -1
        receivable = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        common = {
            "name": self.env._("Payment of %(document)s", document=move.name),
            "partner_id": move.partner_id.id,
            "currency_id": move.currency_id.id,
            "analytic_distribution": False,
        }
        amount = float(payment.amount)
        return {
            "company_id": self.company_id.id,
            "journal_id": self.payment_journal_id.id,
            "move_type": "entry",
            "date": self._get_booking_date(payment.paid),
            "ref": move.name,
            "line_ids": [
                Command.create(
                    common
                    | {
                        "account_id": receivable.account_id.id,
                        "amount_currency": -sign * amount,
                        "balance": -sign * float(balance),
                        # general journals are left out of dunning: what is too much must count
                        "no_followup": False,
                    }
                ),
                Command.create(
                    common
                    | {
                        "account_id": self.account_id.id,
                        "amount_currency": sign * amount,
                        "balance": sign * float(balance),
                    }
                ),
            ],
        }

    # -------------------------------------------------------------------------
    # Journals and account
    # -------------------------------------------------------------------------

    def _get_journal(self, journal_type):
        """Return the takeover journal of a type, creating it the first time."""
        codes = {"sale": "TKO", "general": "TKOP"}
        names = {
            "sale": self.env._("Documents taken over"),
            "general": self.env._("Payments taken over"),
        }
        Journal = self.env["account.journal"]
        domain = [("code", "=", codes[journal_type]), ("type", "=", journal_type)]
        return Journal.search(
            [*Journal._check_company_domain(self.company_id), *domain], limit=1
        ) or Journal.create(
            {
                "name": names[journal_type],
                "code": codes[journal_type],
                "type": journal_type,
                "company_id": self.company_id.id,
                "show_on_dashboard": False,
            }
        )

    def _get_takeover_account(self):
        """Return the account of the last takeover, or a new one beside the suspense accounts."""
        Account = self.env["account.account"].with_company(self.company_id)
        journal = self.env["account.journal"].search(
            [("code", "=", "TKO"), ("company_id", "=", self.company_id.id)], limit=1
        )
        if journal.default_account_id:
            return journal.default_account_id
        suspense = self.company_id.account_journal_suspense_account_id
        account = Account.create(
            {
                "name": self.env._("Ledger taken over"),
                "code": Account._search_new_account_code(suspense.code or "499000"),
                "account_type": "asset_current",
                "company_ids": [Command.link(self.company_id.id)],
            }
        )
        self._get_journal("sale").default_account_id = account
        return account

    # -------------------------------------------------------------------------
    # Problems
    # -------------------------------------------------------------------------

    def _note_problems(self, problems):
        self.env["credit.collection.ledger.import.problem"].create(
            [
                {
                    "import_id": self.id,
                    "line": problem.line,
                    "is_loaded": problem.code in self._get_remark_codes(),
                    "message": self._get_sentence(problem.code, problem.values),
                }
                for problem in problems
            ]
        )

    @api.model
    def _get_remark_codes(self):
        """Return the problems that do not keep a row from being loaded."""
        return ("no_issue_date", "due_before_issued", "overpaid")

    def _get_problem_csv(self):
        """Return the list as a file; what a spreadsheet would calculate is made text."""
        content = io.StringIO()
        writer = csv.writer(content)
        writer.writerow([self.env._("Line"), self.env._("Loaded"), self.env._("What to look at")])
        for problem in self.problem_ids:
            message = problem.message
            if message.startswith(("=", "+", "-", "@")):
                message = f"'{message}"
            loaded = self.env._("yes") if problem.is_loaded else self.env._("no")
            writer.writerow([problem.line, loaded, message])
        return content.getvalue().encode("utf-8-sig")

    def _get_sentence(self, code, values):
        """Say what is wrong in the language of the user, and what to do about it."""
        return self._get_sentences()[code] % values

    def _get_sentences(self):
        return {
            # the file
            "empty": self.env._("The file is empty."),
            "not_text": self.env._("This is not a text file: save the sheet as CSV first."),
            "columns": self.env._(
                "The columns %(missing)s are missing. The first line must name the columns."
            ),
            "column_twice": self.env._("The column %(column)s is there twice: remove one."),
            # a row
            "unreadable": self.env._(
                "The line cannot be read: look for a quote that is not closed."
            ),
            "missing": self.env._("Empty: %(missing)s."),
            "formula": self.env._("%(column)s holds a formula instead of text: %(value)s"),
            "twice": self.env._(
                "%(number)s of %(customer)s is on line %(earlier)s already: give it another "
                "number, or put several payments in one row."
            ),
            "type": self.env._("The type %(value)s is unknown: use %(known)s."),
            "amount": self.env._('"%(value)s" is not an amount.'),
            "amount_ambiguous": self.env._(
                '"%(value)s" can be read in two ways: write two decimals, without thousands.'
            ),
            "amount_too_large": self.env._('"%(value)s" is too large for an amount.'),
            "amount_zero": self.env._("The amount is zero: nothing is owed."),
            "amount_negative": self.env._(
                "An invoice of %(value)s: give what is owed to the customer the type credit_note."
            ),
            "date": self.env._('"%(value)s" is not a date: write 2013-12-31 or 31/12/2013.'),
            "issued_later": self.env._("The document is issued in the future, on %(value)s."),
            "paid_later": self.env._("The document is paid in the future, on %(value)s."),
            "payments": self.env._(
                '"%(value)s" is not a list of payments: write 2013-01-05 100.00 | 2013-02-01 50.00'
            ),
            "payments_twice": self.env._("Use the column payments, or paid, not both in one row."),
            "paid_without_date": self.env._("%(value)s was paid, but the day of it is missing."),
            # these books
            "currency": self.env._(
                "The currency %(currency)s is not active: activate it under Currencies, then load "
                "again."
            ),
            "no_rate": self.env._(
                "There is no rate of %(currency)s: enter one under Currencies, or give the column "
                "amount_company."
            ),
            "decimals": self.env._("An amount has more decimals than %(currency)s has."),
            "customers": self.env._(
                "Several customers have the reference %(customer)s: leave it to one of them."
            ),
            "locked": self.env._(
                "The books are locked up to %(lock)s, this would be booked on %(date)s: choose a "
                'later day under "Book from".'
            ),
            "refused": self.env._("Odoo refuses the document: %(reason)s"),
            "stopped": self.env._(
                "Loading stopped after %(count)s rows: %(reason)s. Load the file again: what is "
                "there already is left alone."
            ),
            # loaded all the same
            "no_issue_date": self.env._("No issue date: %(date)s is used."),
            "due_before_issued": self.env._("Due on %(due)s, before it was issued on %(issued)s."),
            "overpaid": self.env._(
                "%(paid)s was paid on %(amount)s: the difference stays open as a credit."
            ),
        }


class CreditCollectionLedgerImportProblem(models.TransientModel):
    _name = "credit.collection.ledger.import.problem"
    _description = "Problem in an Imported Ledger"
    _order = "line, id"
    _transient_max_hours = 48

    import_id = fields.Many2one(
        "credit.collection.ledger.import", required=True, index=True, ondelete="cascade"
    )
    line = fields.Integer(required=True)
    is_loaded = fields.Boolean("Loaded all the same")
    message = fields.Char("What to look at", required=True)

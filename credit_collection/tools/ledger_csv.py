"""Read a customer ledger from a CSV file: one row per document, with its payments.

Only reading and checking; what the rows become in the books is decided by who imports them. What is
wrong is returned as a `Problem` (a code and its values), which the importer puts into words in the
language of the user. The columns are described in docs/ledger_import.md.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

REQUIRED_COLUMNS = ("number", "customer", "due", "amount")
COLUMNS = (
    *REQUIRED_COLUMNS,
    "issued",
    "received",
    "type",
    "reference",
    "currency",
    "amount_company",
    "paid",
    "amount_paid",
    "payments",
    "customer_name",
    "email",
)
KINDS = ("invoice", "advance", "credit_note")

_ALIASES = {"customer_code": "customer", "invoice_number": "number", "due_date": "due"}
_LARGEST = Decimal("1e12")
_FORMULA = ("=", "@")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]\d{2}:\d{2}.*)?$")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})$")
_AMOUNT = re.compile(r"([+-]?)(\d[\d.,]*)$")
_SPACES = re.compile(r"[\s\u00a0\u202f']")


@dataclass(frozen=True)
class Problem:
    """Something to tell about a line of the file: a code, and the values for the sentence."""

    line: int
    code: str
    values: dict[str, str] = field(default_factory=dict)


class LedgerError(ValueError):
    """The file as a whole, or one value of it, cannot be used."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True)
class Payment:
    """Money that settled (a part of) a document; positive, in the document's currency."""

    paid: date
    amount: Decimal


@dataclass(frozen=True)
class Document:
    """A row of the ledger. The amounts are positive; the kind says who owes whom."""

    line: int
    number: str
    customer: str
    kind: str
    issued: date
    due: date
    amount: Decimal
    currency: str = ""
    amount_company: Decimal | None = None
    reference: str = ""
    payments: tuple[Payment, ...] = ()
    customer_name: str = ""
    email: str = ""
    remarks: tuple[Problem, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What makes a document the same one when it comes again."""
        return self.number, self.customer


def settle(document: Document) -> Document:
    """Return the document with its last payment settling it in full, whatever was transferred.

    For packages that only note when a document was settled: the rest was set off against another
    one, or rounded away.

    >>> one = Payment(date(2013, 2, 1), Decimal(40))
    >>> invoice = Document(2, "F1", "C1", "invoice", one.paid, one.paid, Decimal(100))
    >>> settled = settle(replace(invoice, payments=(one,)))
    >>> [str(payment.amount) for payment in settled.payments]
    ['100']
    """
    if not document.payments:
        return document
    *earlier, last = document.payments
    rest = document.amount - sum((payment.amount for payment in earlier), Decimal(0))
    if rest <= 0:
        return document
    remarks = tuple(remark for remark in document.remarks if remark.code != "overpaid")
    payments = (*earlier, replace(last, amount=rest))
    return replace(document, payments=payments, remarks=remarks)


def decode(content: bytes) -> str:
    """Return the text of a file: Unicode with or without a mark, else as Windows wrote it.

    >>> decode("número".encode("utf-8-sig")) == decode("número".encode("cp1252")) == "número"
    True
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise LedgerError("not_text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_amount(text: str) -> Decimal:
    """Return an amount written with a decimal point or comma, with or without thousands.

    Of two different marks the last one is the decimal mark; a mark that comes twice separates
    thousands. One mark followed by exactly three digits can be read in two ways and is refused.

    >>> parse_amount("1.234,56") == parse_amount("1,234.56") == parse_amount("1 234,56")
    True
    >>> parse_amount("1.234.567")
    Decimal('1234567')
    >>> parse_amount("1,234")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    LedgerError: amount_ambiguous
    """
    match = _AMOUNT.match(_SPACES.sub("", text))
    if not match:
        raise LedgerError("amount", value=text)
    sign, digits = match.groups()
    marks = [mark for mark in digits if mark in ",."]
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        whole, cents = digits, ""
    else:
        whole, cents = digits[: digits.rfind(marks[-1])], digits[digits.rfind(marks[-1]) + 1 :]
        if marks[-1] in whole:
            raise LedgerError("amount", value=text)
        if len(marks) == 1 and len(cents) == 3 and whole != "0":
            raise LedgerError("amount_ambiguous", value=text)
    groups = re.split(r"[.,]", whole)
    if len(groups) > 1 and any(len(group) != 3 for group in groups[1:]):
        raise LedgerError("amount", value=text)
    amount = Decimal(f"{sign}{''.join(groups)}.{cents or '0'}")
    if abs(amount) >= _LARGEST:
        raise LedgerError("amount_too_large", value=text)
    return amount if cents else amount.quantize(Decimal(1))


def parse_date(text: str) -> date:
    """Return a date written year first, or day first as in Europe.

    >>> parse_date("2013-02-28") == parse_date("28/02/2013") == parse_date("28.2.2013")
    True
    """
    text = text.strip()
    if match := _ISO_DATE.match(text):
        year, month, day = match.groups()
    elif match := _DAY_FIRST.match(text):
        day, month, year = match.groups()
    else:
        raise LedgerError("date", value=text)
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise LedgerError("date", value=text) from None
    if not 1950 <= found.year <= 2100:
        raise LedgerError("date", value=text)
    return found


def parse_payments(text: str) -> tuple[Payment, ...]:
    """Return the payments of a cell: `date amount`, several of them separated by `|`.

    >>> [str(payment.amount) for payment in parse_payments("2013-01-05 100 | 2013-02-01 50,25")]
    ['100', '50.25']
    """
    payments = []
    for part in text.split("|"):
        day, _space, amount = part.strip().partition(" ")
        if not amount:
            raise LedgerError("payments", value=text)
        payments.append(Payment(parse_date(day), abs(parse_amount(amount))))
    return tuple(sorted(payments, key=lambda payment: payment.paid))


def split_amount(total: Decimal, parts: list[Decimal], whole: Decimal) -> list[Decimal]:
    """Value the parts of a whole, in cents that add up.

    A document of `whole` is worth `total` in the company's currency; its payments are worth the
    same share of it. Rounding is done on the running sum, so that a document that is paid in full
    is settled to the cent.

    >>> [str(part) for part in split_amount(Decimal("100.00"), [Decimal(1)] * 3, Decimal(3))]
    ['33.33', '33.34', '33.33']
    """
    cent = Decimal("0.01")
    valued = []
    before = running = Decimal(0)
    for part in parts:
        running += part
        value = (total * running / whole).quantize(cent)
        valued.append(value - before)
        before = value
    return valued


class Ledger:
    """The rows of a file: documents, and the problems of those that are not."""

    def __init__(self, content: bytes, today: date) -> None:
        """Read the heading; raise `LedgerError` when this is not a ledger.

        :param content: the file
        :param today: what is issued or paid after this day is refused
        """
        self.today = today
        heading, _newline, self.body = decode(content).partition("\n")
        if not heading.strip() and not self.body.strip():
            raise LedgerError("empty")
        self.delimiter = max(",;\t", key=lambda mark: len(self._get_columns(heading, mark)))
        self.columns = self._get_columns(heading, self.delimiter)
        missing = [name for name in REQUIRED_COLUMNS if name not in self.columns]
        if missing:
            raise LedgerError("columns", missing=", ".join(missing))

    @staticmethod
    def _get_columns(heading: str, delimiter: str) -> dict[str, int]:
        """Return the position of each column that we know."""
        columns: dict[str, int] = {}
        for index, title in enumerate(next(csv.reader([heading], delimiter=delimiter))):
            name = re.sub(r"\W+", "_", title.strip().lower())
            name = _ALIASES.get(name, name)
            if name not in COLUMNS:
                continue
            if name in columns:
                raise LedgerError("column_twice", column=name)
            columns[name] = index
        return columns

    def rows(self, start: int = 0) -> Iterator[Document | Problem]:
        """Yield the rows from position `start` on: a document each, or the problem of the row."""
        seen: dict[tuple[str, str], int] = {}
        for position, (line, cells) in enumerate(self._read_cells()):
            row = self._read_row(cells)
            earlier = seen.setdefault((row.get("number", ""), row.get("customer", "")), line)
            if position >= start:
                yield self._check_row(line, row, earlier) if cells else Problem(line, "unreadable")

    def _read_cells(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not empty with its line; no cells when it cannot be read."""
        reader = csv.reader(io.StringIO(self.body), delimiter=self.delimiter, strict=True)
        while True:
            line = reader.line_num + 2  # where the row begins; the heading is line 1
            try:
                cells = next(reader, None)
            except csv.Error:
                yield line, []
                continue
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield line, cells

    def _read_row(self, cells: list[str]) -> dict[str, str]:
        return {
            name: cells[index].strip()
            for name, index in self.columns.items()
            if index < len(cells) and cells[index].strip()
        }

    def _check_row(self, line: int, row: dict[str, str], earlier: int) -> Document | Problem:
        try:
            return self._get_document(line, row, earlier)
        except LedgerError as error:
            return Problem(line, error.code, error.values)

    def _get_document(self, line: int, row: dict[str, str], earlier: int) -> Document:
        missing = [name for name in REQUIRED_COLUMNS if name not in row]
        if missing:
            raise LedgerError("missing", missing=", ".join(missing))
        for name in ("number", "customer", "reference", "customer_name", "email"):
            if row.get(name, "").startswith(_FORMULA):
                raise LedgerError("formula", column=name, value=row[name])
        if earlier != line:
            raise LedgerError(
                "twice", number=row["number"], customer=row["customer"], earlier=str(earlier)
            )
        kind = row.get("type", "invoice").lower()
        if kind not in KINDS:
            raise LedgerError("type", value=kind, known=", ".join(KINDS))
        amount = parse_amount(row["amount"])
        if not amount:
            raise LedgerError("amount_zero")
        if amount < 0 and kind != "credit_note":
            raise LedgerError("amount_negative", value=row["amount"])
        company = row.get("amount_company")
        due = parse_date(row["due"])
        issued = parse_date(row.get("issued") or row.get("received") or row["due"])
        if issued > self.today:
            raise LedgerError("issued_later", value=issued.isoformat())
        payments = self._get_payments(row, abs(amount))
        if payments and payments[-1].paid > self.today:
            raise LedgerError("paid_later", value=payments[-1].paid.isoformat())
        document = Document(
            line=line,
            number=row["number"],
            customer=row["customer"],
            kind=kind,
            issued=issued,
            due=due,
            amount=abs(amount),
            currency=row.get("currency", "").upper(),
            amount_company=abs(parse_amount(company)) if company else None,
            reference=row.get("reference", ""),
            payments=payments,
            customer_name=row.get("customer_name", ""),
            email=row.get("email", ""),
        )
        return self._remark(document, row)

    def _get_payments(self, row: dict[str, str], amount: Decimal) -> tuple[Payment, ...]:
        if "payments" in row:
            if "paid" in row:
                raise LedgerError("payments_twice")
            return parse_payments(row["payments"])
        if "paid" not in row:
            if "amount_paid" in row and parse_amount(row["amount_paid"]):
                raise LedgerError("paid_without_date", value=row["amount_paid"])
            return ()
        paid = parse_date(row["paid"])
        paid_amount = abs(parse_amount(row["amount_paid"])) if "amount_paid" in row else amount
        return (Payment(paid, paid_amount),) if paid_amount else ()

    def _remark(self, document: Document, row: dict[str, str]) -> Document:
        """Add what is odd about a document that is good enough to be loaded."""
        remarks = []
        if "issued" not in row:
            remarks.append(
                Problem(document.line, "no_issue_date", {"date": document.issued.isoformat()})
            )
        if document.due < document.issued:
            remarks.append(
                Problem(
                    document.line,
                    "due_before_issued",
                    {"due": document.due.isoformat(), "issued": document.issued.isoformat()},
                )
            )
        paid = sum((payment.amount for payment in document.payments), Decimal(0))
        if paid > document.amount:
            remarks.append(
                Problem(
                    document.line,
                    "overpaid",
                    {"paid": str(paid), "amount": str(document.amount)},
                )
            )
        if not remarks:
            return document
        return replace(document, remarks=tuple(remarks))

"""Many letters printed as one document: find where each begins, and make one PDF of each."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reportlab.pdfbase.pdfmetrics import stringWidth

try:  # the one that Odoo uses: its name changed with Python 3.13
    from PyPDF2 import PdfReader, PdfWriter
    from PyPDF2 import generic as pdf
except ImportError:
    from pypdf import PdfReader, PdfWriter
    from pypdf import generic as pdf


# the sheet, in millimetres
LEFT_MM = 20.0
RIGHT_MM = 190.0
TOP_MM = 25.0  # the letter begins here, on every page
FIRST_HEAD_MM = 43.0  # the letterhead on the first page
FOOT_MM = 27.0
_POINTS = 72 / 25.4

# a fill with the colour of a mark: `/CSp cs 0.992156862 0.901960784 0.905882352 scn`, or `... rg`
_MARK = re.compile(rb"\.99215\d* (0?\.\d+) (0?\.\d+) (?:scn|sc|rg)\b")
_MARK_RED = 253  # 0.99215...
_MARK_FIRST = 230
_MARK_SHADES = 16

_FONT_SIZE = 8


@dataclass(frozen=True)
class Labels:
    """What is written on the pages of one letter, once it is known how many there are."""

    page: str  # "Page %(page)s of %(pages)s"
    continuation: str  # the line at the top of the pages after the first


@dataclass(frozen=True)
class Text:
    """A line written on a page, at a place in millimetres from its bottom left corner."""

    x: float
    y: float
    text: str
    align_right: bool = False

    def fill(self, page: int, pages: int) -> Text:
        """Return the line with the number of the page and of the pages filled in."""
        return replace(self, text=self.text % {"page": page, "pages": pages})

    def draw(self) -> bytes:
        """Return the drawing of this line."""
        width = stringWidth(self.text, "Helvetica", _FONT_SIZE) if self.align_right else 0
        text = self.text.encode("cp1252", "replace")
        text = re.sub(rb"([\\()])", rb"\\\1", text)
        place = f"{self.x * _POINTS - width:.2f} {self.y * _POINTS:.2f}".encode()
        return b"BT 0 g /CcFont %d Tf %s Td (%s) Tj ET" % (_FONT_SIZE, place, text)


def mark_colour(index: int) -> str:
    """Return the CSS colour of the dot that says where letter number `index` begins.

    Almost white, so that nobody sees it, and like no colour that a letter would use.

    >>> mark_colour(0), mark_colour(17)
    ('rgb(253, 230, 230)', 'rgb(253, 231, 231)')
    """
    high, low = divmod(index, _MARK_SHADES)
    return f"rgb({_MARK_RED}, {_MARK_FIRST + high}, {_MARK_FIRST + low})"


def find_marks(content: bytes) -> list[int]:
    """Return the numbers of the letters that begin on a page, from the drawing it consists of.

    >>> find_marks(b"/CSp cs 0.992156862 0.901960784 0.905882352 scn 0 0 1 1 re f")
    [1]
    """
    found = []
    for match in _MARK.finditer(content):
        high, low = (round(float(part) * 255) - _MARK_FIRST for part in match.groups())
        if 0 <= high < _MARK_SHADES and 0 <= low < _MARK_SHADES:
            found.append(high * _MARK_SHADES + low)
    return found


def letter_pages(contents: Sequence[bytes], count: int) -> list[range] | None:
    """Return the pages of each of `count` letters, or None when the marks do not add up.

    A letter that is alone needs no mark.

    >>> mark = b"0.992156862 0.901960784 %s rg"
    >>> letter_pages([mark % b"0.901960784", b"", mark % b"0.905882352"], 2)
    [range(0, 2), range(2, 3)]
    >>> letter_pages([mark % b"0.901960784", b""], 2) is None
    True
    """
    if count == 1:
        return [range(len(contents))]
    starts = [(number, mark) for number, page in enumerate(contents) for mark in find_marks(page)]
    if [mark for _number, mark in starts] != list(range(count)):
        return None
    bounds = [number for number, _mark in starts]
    if bounds[:1] != [0] or len(set(bounds)) != count:
        return None
    return [range(first, end) for first, end in pairwise([*bounds, len(contents)])]


class LetterPrinter:
    """Cut a printed document into letters and put each on the letterhead.

    `letterheads` is a document with two pages for each letterhead: for the first page of a letter
    and for those that follow. They are drawn over the bands at the top and at the bottom of a
    sheet, where the letter itself has nothing to say: so a logo is rendered once, and the footer is
    on every page, whatever wkhtmltopdf was built with.
    """

    def __init__(self, document: bytes, letterheads: bytes) -> None:
        """Read both documents."""
        self._pages = list(PdfReader(io.BytesIO(document), strict=False).pages)
        self._contents = [_content(page) for page in self._pages]
        self._letterheads = [
            _letterhead(page) for page in PdfReader(io.BytesIO(letterheads), strict=False).pages
        ]

    def find_letters(self, count: int) -> list[range] | None:
        """Return the pages of each letter, or None when they cannot be told apart."""
        return letter_pages(self._contents, count)

    def cut(self, pages: range, letterhead: int, labels: Labels, *, has_head: bool = True) -> bytes:
        """Return one letter as a PDF of its own; what only continues a file has no letterhead."""
        writer = PdfWriter()
        font = writer._add_object(standard_font())
        first, following = self._letterheads[2 * letterhead : 2 * letterhead + 2]
        head = writer._add_object(first if has_head else following)
        band = FIRST_HEAD_MM if has_head else 0
        for number, index in enumerate(pages, start=1):
            texts = [Text(RIGHT_MM, 8, labels.page, align_right=True)]
            if number > 1 or not has_head:
                texts.append(Text(LEFT_MM, 297 - 16, labels.continuation))
            drawing = _drawing(band, [text.fill(number, len(pages)) for text in texts])
            self._put_on_letterhead(writer, self._pages[index], head, font, drawing)
            writer.add_page(self._pages[index])
            if number == 1 and len(pages) > 1:
                head, band = writer._add_object(following), 0
        target = io.BytesIO()
        writer.write(target)
        return target.getvalue()

    def _put_on_letterhead(
        self,
        writer: PdfWriter,
        page: pdf.DictionaryObject,
        head: pdf.PdfObject,
        font: pdf.PdfObject,
        drawing: bytes,
    ) -> None:
        before, after = (
            writer._add_object(stream(content)) for content in (b"q\n", b"\nQ\n" + drawing)
        )
        page[pdf.NameObject("/Contents")] = pdf.ArrayObject(
            [before, page.raw_get("/Contents"), after]
        )
        resources = pdf.DictionaryObject(page["/Resources"])
        for kind, name, value in (("/XObject", "/CcHead", head), ("/Font", "/CcFont", font)):
            entries = pdf.DictionaryObject(resources.get(kind, pdf.DictionaryObject()).get_object())
            entries[pdf.NameObject(name)] = value
            resources[pdf.NameObject(kind)] = entries
        page[pdf.NameObject("/Resources")] = resources


def can_write(text: str) -> bool:
    """Tell whether the font of the page numbers, which every PDF reader has, knows this text.

    >>> can_write("Seite 1 von 2 – Fortsetzung"), can_write("Σελίδα 1")
    (True, False)
    """
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _drawing(head_mm: float, texts: Sequence[Text]) -> bytes:
    """Return the drawing that puts the letterhead and some lines of text over a page."""
    bands = [(0.0, FOOT_MM), (297 - head_mm, head_mm)]
    clip = " ".join(
        f"0 {bottom * _POINTS:.2f} {210 * _POINTS:.2f} {height * _POINTS:.2f} re"
        for bottom, height in bands
        if height
    )
    lines = [f"q {clip} W n /CcHead Do Q".encode(), *(text.draw() for text in texts)]
    return b"\n".join(lines)


def _content(page: pdf.DictionaryObject) -> bytes:
    parts = page["/Contents"] if "/Contents" in page else pdf.ArrayObject()
    parts = parts if isinstance(parts, pdf.ArrayObject) else [parts]
    return b"\n".join(part.get_object().get_data() for part in parts)


def _letterhead(page: pdf.DictionaryObject) -> pdf.StreamObject:
    """Return a page as a drawing that other pages can show."""
    form = stream(_content(page))
    form.update(
        {
            pdf.NameObject("/Type"): pdf.NameObject("/XObject"),
            pdf.NameObject("/Subtype"): pdf.NameObject("/Form"),
            pdf.NameObject("/BBox"): page["/MediaBox"],
            pdf.NameObject("/Resources"): page["/Resources"],
        }
    )
    return form


def standard_font() -> pdf.DictionaryObject:
    """Return the font of the page numbers: one that every PDF reader has."""
    names = {
        "/Type": "/Font",
        "/Subtype": "/Type1",
        "/BaseFont": "/Helvetica",
        "/Encoding": "/WinAnsiEncoding",
    }
    return pdf.DictionaryObject(
        {pdf.NameObject(key): pdf.NameObject(value) for key, value in names.items()}
    )


def stream(content: bytes) -> pdf.StreamObject:
    """Return a drawing as an object of a PDF."""
    drawing = pdf.DecodedStreamObject()
    drawing.set_data(content)
    return drawing.flate_encode()

"""One PDF out of many: documents of others bound with our own, numbered, with an outline."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .letter_pdf import Text, standard_font, stream

try:  # as in letter_pdf
    from PyPDF2 import PdfReader, PdfWriter
    from PyPDF2 import generic as pdf
except ImportError:
    from pypdf import PdfReader, PdfWriter
    from pypdf import generic as pdf

_POINTS = 72 / 25.4
_FOOT_MM = 4.0  # below the footer of any letter
_MARGIN_MM = 20.0
_MAX_PAGES = 1000


class UnreadablePdfError(Exception):
    """The document cannot be bound: it is broken, locked or out of all proportion."""


@dataclass(frozen=True)
class Link:
    """A place on a page, in millimetres from its top left corner, that leads to another page."""

    page: int
    target: int
    top: float
    height: float


def read_pdf(content: bytes) -> tuple[bytes, int]:
    """Return a document of others as it can be bound, and how many pages it has.

    What opens without a password opens here. It is written once more on its own, so that whatever
    is wrong with it shows now, and without what would act by itself when it is opened.
    """
    try:
        found = _write_again(content)
    except Exception as error:  # the library raises whatever it stumbles over
        raise UnreadablePdfError(str(error)) from error
    if not found:
        raise UnreadablePdfError("locked, or with too many pages")
    return found


def _write_again(content: bytes) -> tuple[bytes, int] | None:
    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return None
    pages = list(reader.pages)
    if not 0 < len(pages) <= _MAX_PAGES:
        return None
    writer = PdfWriter()
    for page in pages:
        _make_inert(page)
        _page_box(page)
        writer.add_page(page)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue(), len(pages)


class Binder:
    """Put documents one after the other; the foot of each page says where one is."""

    def __init__(self) -> None:
        """Begin with no page."""
        self._writer = PdfWriter()
        self._font = self._writer._add_object(standard_font())
        self._parts: list[tuple[str, str, int]] = []
        self._readers: list[PdfReader] = []

    @property
    def page_count(self) -> int:
        """Return how many pages are bound."""
        return len(self._writer.pages)

    def add(self, document: bytes | Path, title: str, parent: str = "") -> None:
        """Add a document, given or on disk, which the outline lists below its parent."""
        source = io.BytesIO(document) if isinstance(document, bytes) else document
        reader = PdfReader(source, strict=False)
        self._readers.append(reader)
        self._parts.append((title, parent, self.page_count))
        for page in reader.pages:
            self._writer.add_page(page)

    def finish(self, foot: str, links: Sequence[Link] = ()) -> bytes:
        """Return the document, with its pages numbered, an outline and the links."""
        pages = list(self._writer.pages)
        for number, page in enumerate(pages, start=1):
            self._stamp(page, Text(0, 0, foot).fill(number, len(pages)).text)
        bookmarks: dict[str, pdf.PdfObject] = {}
        for title, parent, page in self._parts:
            mark = self._writer.add_outline_item(title, page, bookmarks.get(parent))
            if not parent:
                bookmarks[title] = mark
        for link in links:
            self._link(pages, link)
        target = io.BytesIO()
        self._writer.write(target)
        return target.getvalue()

    def _stamp(self, page: pdf.DictionaryObject, text: str) -> None:
        """Write a line at the foot of a page, as the reader sees it: whatever its rotation."""
        left, bottom, right, top = _page_box(page)
        rotation = _rotation(page)
        width = top - bottom if rotation in (90, 270) else right - left
        matrix = {
            0: f"1 0 0 1 {left:.2f} {bottom:.2f}",
            90: f"0 1 -1 0 {right:.2f} {bottom:.2f}",
            180: f"-1 0 0 -1 {right:.2f} {top:.2f}",
            270: f"0 -1 1 0 {left:.2f} {top:.2f}",
        }[rotation]
        line = Text(width / _POINTS - _MARGIN_MM, _FOOT_MM, text, align_right=True).draw()
        before = self._writer._add_object(stream(b"q\n"))
        after = self._writer._add_object(stream(b"\nQ q %s cm " % matrix.encode() + line + b" Q"))
        old = page.raw_get("/Contents") if "/Contents" in page else pdf.ArrayObject()
        parts = old.get_object()
        parts = list(parts) if isinstance(parts, pdf.ArrayObject) else [old]
        page[pdf.NameObject("/Contents")] = pdf.ArrayObject([before, *parts, after])
        resources = pdf.DictionaryObject(page.get("/Resources", pdf.DictionaryObject()))
        fonts = pdf.DictionaryObject(resources.get("/Font", pdf.DictionaryObject()).get_object())
        fonts[pdf.NameObject("/CcFont")] = self._font
        resources[pdf.NameObject("/Font")] = fonts
        page[pdf.NameObject("/Resources")] = resources

    def _link(self, pages: Sequence[pdf.DictionaryObject], link: Link) -> None:
        page = pages[link.page]
        target = self._writer._pages.get_object()["/Kids"].get_object()[link.target]
        _left, bottom, right, top = _page_box(page)
        upper = top - link.top * _POINTS
        box = (_MARGIN_MM * _POINTS, upper - link.height * _POINTS, right - _MARGIN_MM * _POINTS)
        annotation = pdf.DictionaryObject(
            {
                pdf.NameObject("/Type"): pdf.NameObject("/Annot"),
                pdf.NameObject("/Subtype"): pdf.NameObject("/Link"),
                pdf.NameObject("/Border"): pdf.ArrayObject([pdf.NumberObject(0)] * 3),
                pdf.NameObject("/Rect"): pdf.ArrayObject(
                    [pdf.FloatObject(round(value, 2)) for value in (*box, max(upper, bottom))]
                ),
                pdf.NameObject("/Dest"): pdf.ArrayObject([target, pdf.NameObject("/Fit")]),
            }
        )
        annotations = pdf.ArrayObject(page.get("/Annots", pdf.ArrayObject()))
        annotations.append(self._writer._add_object(annotation))
        page[pdf.NameObject("/Annots")] = annotations


def _rotation(page: pdf.DictionaryObject) -> int:
    return int(page.get("/Rotate", 0)) % 360 // 90 * 90


def _page_box(page: pdf.DictionaryObject) -> tuple[float, float, float, float]:
    """Return the part of a page that is shown: left, bottom, right, top."""
    box = page.get("/CropBox", page.get("/MediaBox")).get_object()
    one, two, three, four = (float(value) for value in box)
    return min(one, three), min(two, four), max(one, three), max(two, four)


def _make_inert(page: pdf.DictionaryObject) -> None:
    """Take away what a page would do by itself, or when somebody clicks: all but web links."""
    page.pop("/AA", None)
    for reference in page.get("/Annots", pdf.ArrayObject()).get_object():
        annotation = reference.get_object()
        annotation.pop("/AA", None)
        action = annotation.get("/A", pdf.DictionaryObject()).get_object()
        if action.get("/S") != "/URI":
            annotation.pop("/A", None)

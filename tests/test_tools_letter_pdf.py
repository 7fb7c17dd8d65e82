import io

from PIL import Image
from reportlab.graphics.barcode import qrencoder
from reportlab.pdfgen import canvas

from odoo.tests import BaseCase, tagged
from odoo.tools.pdf import PdfFileReader

from ..tools import letter_pdf
from ..tools.qr_code import can_draw, qr_png


class _OneMask(qrencoder.QRCode):
    def getBestMaskPattern(self):
        return 0


@tagged("post_install", "-at_install")
class TestLetterPdf(BaseCase):
    def _document(self, *pages):
        """Return a PDF; each page is its text and the number of the letter that begins there."""
        stream = io.BytesIO()
        drawing = canvas.Canvas(stream)
        for text, mark in pages:
            if mark is not None:
                colour = letter_pdf.mark_colour(mark).strip("rgb()").split(", ")
                drawing.setFillColorRGB(*(int(part) / 255 for part in colour))
                drawing.rect(0, 800, 1, 1, stroke=0, fill=1)
            drawing.setFillColorRGB(0, 0, 0)
            drawing.drawString(100, 500, text)
            drawing.showPage()
        drawing.save()
        return stream.getvalue()

    def _texts(self, content):
        return [page.extract_text() for page in PdfFileReader(io.BytesIO(content)).pages]

    def _printer(self, *pages):
        return letter_pdf.LetterPrinter(
            self._document(*pages),
            self._document(*((text, None) for text in ("A1", "A2", "B1", "B2"))),
        )

    def test_every_mark_is_found_again(self):
        for number in range(256):
            colour = letter_pdf.mark_colour(number).strip("rgb()").split(", ")
            fill = " ".join(f"{int(part) / 255:.9f}" for part in colour)
            self.assertEqual(letter_pdf.find_marks(f"{fill} scn".encode()), [number])

    def test_letters_of_one_and_three_pages_are_cut_apart(self):
        printer = self._printer(
            ("one", 0), ("two", 1), ("two b", None), ("two c", None), ("three", 2)
        )
        self.assertEqual(printer.find_letters(3), [range(1), range(1, 4), range(4, 5)])

    def test_marks_that_do_not_add_up_are_not_trusted(self):
        self.assertIsNone(self._printer(("one", 0), ("two", None)).find_letters(2))
        self.assertIsNone(self._printer(("one", 0), ("two", 2)).find_letters(2))
        self.assertIsNone(self._printer(("cover", None), ("one", 0), ("two", 1)).find_letters(2))
        self.assertIsNone(self._printer(("one", 0), ("two", 1), ("again", 1)).find_letters(2))

    def test_letter_alone_needs_no_mark(self):
        pages = self._printer(("one", 0), ("again", 0), ("end", None)).find_letters(1)
        self.assertEqual(pages, [range(3)])

    def test_pages_are_numbered_and_on_their_letterhead(self):
        printer = self._printer(("one", 0), ("two", 1), ("two b", None))
        labels = letter_pdf.Labels("Page %(page)s of %(pages)s", "Letter 100%% (2)")
        first, second = self._texts(printer.cut(range(1, 3), 1, labels))
        self.assertIn("Page 1 of 2", first)
        self.assertNotIn("Letter 100%", first)
        self.assertIn("Page 2 of 2", second)
        self.assertIn("Letter 100% (2)", second)
        self.assertIn("two", first)
        self.assertIn("B1", first)
        self.assertIn("two b", second)
        self.assertIn("B2", second)

    def test_code_is_the_one_that_reportlab_draws(self):
        for length in (1, 14, 15, 26, 27, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331):
            text = ("IBAN é\n" * 60).encode()[:length].decode(errors="ignore")
            code = _OneMask(None, qrencoder.QRErrorCorrectLevel.M)
            code.addData(qrencoder.QR8bitByte(text))
            code.make()
            size = code.getModuleCount()
            expected = bytes(
                0 if code.isDark(row, column) else 255
                for row in range(size)
                for column in range(size)
            )
            picture = Image.open(io.BytesIO(qr_png(text, pixels=1, border=0)))
            self.assertEqual(picture.size, (size, size))
            self.assertEqual(picture.convert("L").tobytes(), expected, f"{length} bytes")

    def test_text_that_does_not_fit_is_refused(self):
        self.assertFalse(can_draw("é" * 166))
        with self.assertRaises(ValueError):
            qr_png("é" * 166)

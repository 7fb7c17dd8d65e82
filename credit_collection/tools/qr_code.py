"""A QR code as a small picture, fast enough for a batch of letters."""

from __future__ import annotations

import io

from PIL import Image
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel


class _SingleMaskCode(QRCode):  # type: ignore[misc]  # reportlab is not typed
    """A code that takes the first mask instead of drawing all eight to compare their looks.

    Which mask was used is written in the code, and every reader obeys it. Comparing them costs ten
    times as much as the code itself.
    """

    def getBestMaskPattern(self) -> int:  # noqa: N802  reportlab's name
        return 0


def qr_png(text: str, level: str = "M", pixels: int = 4, border: int = 4) -> bytes:
    r"""Return the text as a QR code, a black and white PNG.

    `level` is the error correction (L, M, Q or H; the payment code of the European Payments Council
    asks for M), `pixels` the size of a module and `border` the quiet zone around it, in modules.

    >>> qr_png("BCD\n002\n1\nSCT")[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    code = _SingleMaskCode(None, getattr(QRErrorCorrectLevel, level))
    code.addData(text)
    code.make()
    size = code.getModuleCount()
    picture = Image.new("1", (size + 2 * border, size + 2 * border), 1)
    dots = picture.load()
    for row in range(size):
        for column in range(size):
            if code.isDark(row, column):
                dots[column + border, row + border] = 0
    scaled = picture.resize((picture.width * pixels, picture.height * pixels), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    scaled.save(stream, "PNG")
    return stream.getvalue()

"""The QR code of a payment as a small picture, drawn by the library that Odoo brings."""

from __future__ import annotations

import io
from typing import cast

from PIL import Image
from qrcode import QRCode  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.util import MODE_8BIT_BYTE, QRData  # type: ignore[import-untyped]

# The payment code of the European Payments Council (EPC069-12): 331 bytes, correction M.
_MAX_BYTES = 331
# Any mask is right, readers are told which one it is; trying all eight takes ten times as long.
_MASK = 0


def can_draw(text: str) -> bool:
    """Tell whether a text fits a payment code.

    >>> can_draw("x" * 331), can_draw("x" * 332)
    (True, False)
    """
    return len(text.encode()) <= _MAX_BYTES


def qr_png(text: str, pixels: int = 4, border: int = 4) -> bytes:
    r"""Return the text as a QR code, a black and white PNG.

    `pixels` is the size of a dot and `border` the quiet zone around the code, in dots. A text that
    does not fit raises ValueError, see `can_draw`.

    >>> qr_png("BCD\n002\n1\nSCT")[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    if not can_draw(text):
        raise ValueError("The text is too long for the QR code of a payment.")
    code = QRCode(error_correction=ERROR_CORRECT_M, mask_pattern=_MASK, border=border)
    code.add_data(QRData(text.encode(), mode=MODE_8BIT_BYTE))
    rows = cast("list[list[bool]]", code.get_matrix())
    dots = bytes(0 if is_dark else 255 for row in rows for is_dark in row)
    width = len(rows) * pixels
    picture = Image.frombytes("L", (len(rows), len(rows)), dots)
    stream = io.BytesIO()
    picture.resize((width, width), Image.Resampling.NEAREST).convert("1").save(stream, "PNG")
    return stream.getvalue()

"""The QR code of a payment as a small picture, fast enough for a batch of letters.

Reportlab needs a tenth of a second for one code, ten times as much as for the letter around it. The
payment code of the European Payments Council (EPC069-12) is always of one kind: bytes, error
correction M, version 13 at most. Of that kind (ISO/IEC 18004), what never changes is made once.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image

# version: (error correction bytes per block, data bytes of each block, where alignment marks are)
_VERSIONS: dict[int, tuple[int, list[int], list[int]]] = {
    1: (10, [16], []),
    2: (16, [28], [6, 18]),
    3: (26, [44], [6, 22]),
    4: (18, [32] * 2, [6, 26]),
    5: (24, [43] * 2, [6, 30]),
    6: (16, [27] * 4, [6, 34]),
    7: (18, [31] * 4, [6, 22, 38]),
    8: (22, [38] * 2 + [39] * 2, [6, 24, 42]),
    9: (22, [36] * 3 + [37] * 2, [6, 26, 46]),
    10: (26, [43] * 4 + [44], [6, 28, 50]),
    11: (30, [50] + [51] * 4, [6, 30, 54]),
    12: (22, [36] * 6 + [37] * 2, [6, 32, 58]),
    13: (22, [37] * 8 + [38], [6, 34, 62]),
}
_FORMAT = 0x5412  # error correction M, mask 0: any mask is right, readers are told which one it is
_MAX_BYTES = 331
_DARK, _LIGHT = 0, 255


def can_draw(text: str) -> bool:
    """Tell whether a text fits a payment code.

    >>> can_draw("x" * 331), can_draw("x" * 332)
    (True, False)
    """
    return len(text.encode()) <= _MAX_BYTES


def qr_png(text: str, pixels: int = 4, border: int = 4) -> bytes:
    r"""Return the text as a QR code, a black and white PNG.

    `pixels` is the size of a dot and `border` the quiet zone around the code, in dots. A text that
    does not fit is refused, see `can_draw`.

    >>> qr_png("BCD\n002\n1\nSCT")[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    size, dots = qr_dots(text)
    framed = Image.new("L", (size + 2 * border, size + 2 * border), _LIGHT)
    framed.paste(Image.frombytes("L", (size, size), dots), (border, border))
    width = framed.width * pixels
    picture = framed.resize((width, width), Image.Resampling.NEAREST).convert("1")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def qr_dots(text: str) -> tuple[int, bytes]:
    """Return the size of the code, and its dots row by row: 0 is dark, 255 is light.

    >>> size, dots = qr_dots("Odoo")
    >>> size, dots[:8].hex()
    (21, '00000000000000ff')
    """
    data = text.encode()
    version = _get_version(len(data))
    size, frame, places = _get_frame(version)
    codewords = _get_codewords(data, version) + b"\0"  # the last places stay empty
    bits = (byte >> shift & 1 for byte in codewords for shift in range(7, -1, -1))
    dots = bytearray(frame)
    for (place, mask), bit in zip(places, bits, strict=False):
        dots[place] = _DARK if bit ^ mask else _LIGHT
    return size, bytes(dots)


def _get_version(length: int) -> int:
    for version, (_correction, blocks, _marks) in _VERSIONS.items():
        if length + (2 if version < 10 else 3) <= sum(blocks):
            return version
    raise ValueError("The text is too long for the QR code of a payment.")


# -----------------------------------------------------------------------------
# The data
# -----------------------------------------------------------------------------


def _get_codewords(data: bytes, version: int) -> bytes:
    """Return the data and their error correction, the blocks interleaved."""
    correction, lengths, _marks = _VERSIONS[version]
    rest = _get_stream(data, version, sum(lengths))
    blocks = []
    for length in lengths:
        blocks.append(rest[:length])
        rest = rest[length:]
    corrections = [_get_correction(block, correction) for block in blocks]
    stream = b""
    for group in (blocks, corrections):
        for index in range(max(map(len, group))):
            stream += bytes(block[index] for block in group if index < len(block))
    return stream


def _get_stream(data: bytes, version: int, capacity: int) -> bytes:
    """Return the data with mode and length before and the end sign and padding after them."""
    count_bits = 8 if version < 10 else 16
    head = 0b0100 << count_bits | len(data)
    value = (head << 8 * len(data) | int.from_bytes(data, "big")) << 4
    stream = value.to_bytes(len(data) + (count_bits + 8) // 8, "big")
    padding = b"\xec\x11" * capacity
    return stream + padding[: capacity - len(stream)]


def _get_powers() -> tuple[list[int], list[int]]:
    """Return the powers of 2 in the field of 256 elements, twice, and their logarithms."""
    powers, logs, value = [], [0] * 256, 1
    for exponent in range(255):
        powers.append(value)
        logs[value] = exponent
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return powers * 2, logs


_POWERS, _LOGS = _get_powers()


@lru_cache(maxsize=16)
def _get_generator(degree: int) -> list[int]:
    """Return the logarithms of the generator polynomial, without its leading 1."""
    polynomial = [1]
    for exponent in range(degree):
        shifted = [*polynomial, 0]
        for index, factor in enumerate(polynomial):
            if factor:
                shifted[index + 1] ^= _POWERS[_LOGS[factor] + exponent]
        polynomial = shifted
    return [_LOGS[factor] for factor in polynomial[1:]]


def _get_correction(block: bytes, degree: int) -> bytes:
    """Return the remainder of the block, divided by the generator polynomial."""
    generator = _get_generator(degree)
    rest = bytearray(block) + bytes(degree)
    for index in range(len(block)):
        if rest[index]:
            log = _LOGS[rest[index]]
            for offset, factor in enumerate(generator, start=index + 1):
                rest[offset] ^= _POWERS[factor + log]
    return bytes(rest[len(block) :])


# -----------------------------------------------------------------------------
# The frame
# -----------------------------------------------------------------------------


@lru_cache(maxsize=len(_VERSIONS))
def _get_frame(version: int) -> tuple[int, bytes, list[tuple[int, int]]]:
    """Return the size of a code, the dots that never change, and where data go: (place, mask)."""
    size = 17 + 4 * version
    dots: dict[tuple[int, int], bool] = {}
    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        dots |= _get_square(row, column, 4, size)
    for index in range(8, size - 8):
        dots[6, index] = dots[index, 6] = index % 2 == 0
    marks = _VERSIONS[version][2]
    for row in marks:
        for column in marks:
            is_on_timing = 6 in (row, column) and 8 < max(row, column) < size - 8
            if (row, column) not in dots or is_on_timing:
                dots |= _get_square(row, column, 2, size)
    dots |= _get_format(size)
    if version >= 7:
        dots |= _get_version_dots(version, size)
    frame = bytes(
        _DARK if dots.get((row, column)) else _LIGHT
        for row in range(size)
        for column in range(size)
    )
    places = [
        (row * size + column, int((row + column) % 2 == 0))
        for row, column in _walk(size)
        if (row, column) not in dots
    ]
    return size, frame, places


def _get_square(row: int, column: int, radius: int, size: int) -> dict[tuple[int, int], bool]:
    """Return the rings of a mark: light at 2 and 4 in the corners, at 1 in the others."""
    light = (2, 4) if radius == 4 else (1,)
    return {
        (y, x): max(abs(y - row), abs(x - column)) not in light
        for y in range(max(row - radius, 0), min(row + radius + 1, size))
        for x in range(max(column - radius, 0), min(column + radius + 1, size))
    }


def _get_format(size: int) -> dict[tuple[int, int], bool]:
    """Return the error correction and the mask, written twice, and the dot that is always dark."""
    first = [*range(6), 7, 8, *range(size - 7, size)]  # rows of column 8
    second = [*range(size - 1, size - 9, -1), 7, *range(5, -1, -1)]  # columns of row 8
    dots = {(row, 8): bool(_FORMAT >> bit & 1) for bit, row in enumerate(first)}
    dots |= {(8, column): bool(_FORMAT >> bit & 1) for bit, column in enumerate(second)}
    return dots | {(size - 8, 8): True}


def _get_version_dots(version: int, size: int) -> dict[tuple[int, int], bool]:
    """Return the version with its error correction, written twice."""
    rest = version << 12
    for bit in range(17, 11, -1):
        if rest >> bit & 1:
            rest ^= 0x1F25 << bit - 12
    value = version << 12 | rest
    dots = {}
    for bit in range(18):
        row, column = divmod(bit, 3)
        column += size - 11
        dots[row, column] = dots[column, row] = bool(value >> bit & 1)
    return dots


def _walk(size: int) -> Iterator[tuple[int, int]]:
    """Go through the code as its data do: two columns at a time, up and down, from the right."""
    is_up = True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for row in range(size - 1, -1, -1) if is_up else range(size):
            yield row, right
            yield row, right - 1
        is_up = not is_up

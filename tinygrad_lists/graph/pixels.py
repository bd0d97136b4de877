"""Thumbnails as PNG files, so small that they can stand inside of an SVG."""

from __future__ import annotations

import base64
import struct
import zlib

from .thumbnail import GAP, LEVELS, MINUS_INF, NAN, PLUS_INF, Thumbnail

__all__ = ["data_uri", "palette", "png"]

#: NaN, inf, -inf, and the gap between tiles, which is transparent.
_SPECIAL = ((0xD4, 0x3F, 0xA0), (0xF0, 0xE4, 0x42), (0x00, 0xC8, 0xD8), (0x80, 0x80, 0x80))

#: Ends and middle of the colours for signed numbers; blue and orange can be told apart by everybody.
_MINUS, _ZERO, _PLUS = (0x1F, 0x5A, 0xA6), (0xF4, 0xF4, 0xF4), (0xC2, 0x5B, 0x00)

_INDEX = {character: i for i, character in enumerate(LEVELS + NAN + PLUS_INF + MINUS_INF + GAP)}


def palette(signed: bool) -> list[tuple[int, int, int]]:
    """Colours of the levels 0 ... 62: black to white, or blue over white to orange.

    >>> palette(signed=False)[0], palette(signed=True)[31]
    ((0, 0, 0), (244, 244, 244))
    """
    if not signed:
        return [(v, v, v) for v in (round(255 * i / 62) for i in range(63))]
    return [_mixed(_ZERO, _PLUS if i > 31 else _MINUS, abs(i - 31) / 31) for i in range(63)]


def _mixed(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def png(thumbnail: Thumbnail) -> bytes:
    """A PNG file with a palette (ISO/IEC 15948, colour type 3)."""
    colours = [*palette(thumbnail.signed), *_SPECIAL]
    rows, columns = thumbnail.rows, thumbnail.columns
    indices = bytes(map(_INDEX.__getitem__, thumbnail.pixels))
    lines = b"".join(b"\0" + indices[i * columns : (i + 1) * columns] for i in range(rows))
    opacity = b"\xff" * (len(colours) - 1) + b"\0"
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(value for colour in colours for value in colour)),
            _chunk(b"tRNS", opacity),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def data_uri(thumbnail: Thumbnail) -> str:
    """The PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png(thumbnail)).decode()

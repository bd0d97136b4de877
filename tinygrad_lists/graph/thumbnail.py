"""A tensor as a small picture of at most 48 x 48 pixels, one character each.

The levels 0 ... 62 are the first 63 characters of base64. Where a tensor has negative numbers, 31 stands for 0 and 62
for the largest magnitude; else 0 stands for 0 and 62 for the largest number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..shapes import Shape, numel

__all__ = ["GAP", "LEVELS", "MINUS_INF", "NAN", "PLUS_INF", "Thumbnail", "thumbnail"]

LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
GAP, NAN, PLUS_INF, MINUS_INF = ".", "!", ")", "("

#: Longest side in pixels.
SIDE = 48

#: Tensors whose last two axes are at most this long are filters, shown all; longer ones are images, of which one is.
_FILTER = 7


class Thumbnail(NamedTuple):
    """`rows` lines of `columns` characters; `high` is the number for level 62, `caption` says which part is shown."""

    rows: int
    columns: int
    pixels: str
    signed: bool
    high: float
    caption: str


def thumbnail(flat: Sequence[Any], shape: Shape) -> Thumbnail | None:
    """The picture of a tensor: a vector is a row, a matrix a grid, filters and channels are tiles.

    None if there is nothing to see: a scalar, or a size of 0.

    >>> thumbnail([0.0, 1.0, 2.0], (3,))
    Thumbnail(rows=1, columns=3, pixels='Af+', signed=False, high=2.0, caption='')
    """
    if not shape or 0 in shape:
        return None
    *leading, height, width = (1, *shape) if len(shape) == 1 else shape
    tiles, caption = _tiles(leading, height, width)
    across = _columns(tiles, leading, height)
    down = -(-tiles // across)
    rows, columns = _fit(height, down), _fit(width, across)
    size = height * width
    pictures = [_shrunk(flat[i * size : (i + 1) * size], height, width, rows, columns) for i in range(tiles)]
    if rows < height or columns < width:
        caption += f"{', ' if caption else ''}means of {height // rows} × {width // columns}"
    values = [v for picture in pictures for v in picture if v - v == 0]
    signed = any(v < 0 for v in values)
    high = max(map(abs, values), default=0.0)
    encoded = [_encode(picture, signed, high) for picture in pictures]
    pixels = _joined(encoded, across, down, rows, columns)
    return Thumbnail(down * (rows + 1) - 1, across * (columns + 1) - 1, pixels, signed, high, caption)


def _tiles(leading: Sequence[int], height: int, width: int) -> tuple[int, str]:
    """How many of the matrices of the last two axes to show, and what to say about the others."""
    count = numel(leading)
    if count == 1:
        return 1, ""
    if max(height, width) <= _FILTER:
        most = (SIDE // (height + 1)) * (SIDE // (width + 1))
        return (count, "") if count <= most else (most, f"{most} of {count}")
    if len(leading) == 1:
        shown = min(count, 16)
        return shown, "" if shown == count else f"{shown} of {count}"
    channels = leading[-1]
    shown = min(channels, 16)
    return shown, f"first of {count // channels}" + (f", {shown} of {channels} channels" if shown < channels else "")


def _columns(tiles: int, leading: Sequence[int], height: int) -> int:
    """Tiles in a row: one filter a row if that fits, else close to a square without holes if possible."""
    if height <= _FILTER and len(leading) == 2 and leading[1] > 1 and tiles == numel(leading):
        filters, channels = leading
        if filters * (height + 1) <= SIDE + 1 and channels * (height + 1) <= SIDE + 1:
            return channels
    start = math.ceil(math.sqrt(tiles))
    return next((c for c in range(start, 2 * start) if tiles % c == 0), start)


def _fit(size: int, count: int) -> int:
    """Pixels for an axis, of which `count` stand side by side with a gap between."""
    return max(1, min(size, (SIDE + 1) // count - 1))


def _shrunk(flat: Sequence[Any], height: int, width: int, rows: int, columns: int) -> list[float]:
    """Means of blocks."""
    if rows == height and columns == width:
        return [_real(v) for v in flat]
    cells: list[float] = []
    for i in range(rows):
        top, bottom = i * height // rows, (i + 1) * height // rows
        for j in range(columns):
            left, right = j * width // columns, (j + 1) * width // columns
            block = [_real(v) for y in range(top, bottom) for v in flat[y * width + left : y * width + right]]
            total = 0.0
            for v in block:
                total += v
            cells.append(total / len(block))
    return cells


def _real(v: Any) -> float:
    try:
        return abs(v) if isinstance(v, complex) else float(v)
    except OverflowError:
        return math.inf if v > 0 else -math.inf


def _encode(values: Sequence[float], signed: bool, high: float) -> str:
    characters = []
    for v in values:
        if v != v:
            characters.append(NAN)
        elif v - v != 0:
            characters.append(PLUS_INF if v > 0 else MINUS_INF)
        else:
            share = v / high if high else 0.0
            characters.append(LEVELS[round(31 + 31 * share) if signed else round(62 * share)])
    return "".join(characters)


def _joined(tiles: Sequence[str], across: int, down: int, rows: int, columns: int) -> str:
    """Tiles beside and below each other, with a gap of one pixel between."""
    lines = []
    for i in range(down):
        line_of_tiles = tiles[i * across : (i + 1) * across]
        for y in range(rows):
            parts = [tile[y * columns : (y + 1) * columns] for tile in line_of_tiles]
            parts += [GAP * columns] * (across - len(parts))
            lines.append(GAP.join(parts))
        if i < down - 1:
            lines.append(GAP * (across * (columns + 1) - 1))
    return "".join(lines)

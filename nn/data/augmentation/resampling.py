"""Bilinear interpolation of a byte image by a map made beforehand, at C's speed without C.

Each pixel of the new image lies between four of the old one, and is their mean, weighted by nearness:

    top    = (1 - u) · old[y, x]     + u · old[y, x + 1]
    bottom = (1 - u) · old[y + 1, x] + u · old[y + 1, x + 1]
    new    = (1 - v) · top + v · bottom                         0 <= u, v < 1, in steps of 1/8; 0 outside of the image

Python has two operations on many bytes at once that do this.

*Gathering* is ``bytes.translate``: ``places.translate(table)`` is ``table[place]`` for every place, at 0.3 ns each. A
table has 256 entries, and the neighbours of a part of the new image lie within 256 bytes of the old one (9 rows of 28),
so an image takes a handful of parts. The other three neighbours are the same places in windows moved by one pixel, one
row, or both.

*Weighing* is done on whole numbers of 784 bytes, one byte a lane. The mean of two numbers in every lane at once, from

    a + b = 2 · (a & b) + (a ^ b)       the carries, and the sum without them

is ``(a & b) + ((a ^ b) >> 1)``, rounded down; a mask cuts off the bit that comes in from the next lane. Weights follow
from means: with the bits of u = 0.u1 u2 u3 from the last to the first, each step takes the mean with one of the two
ends, and three steps make (1 - u) · a + u · b. Each bit of all weights is a mask.

Source: H. G. Dietz, "The Aggregate Magic Algorithms" (average of integers); H. S. Warren, "Hacker's Delight", 2-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from ...checks import check_list, check_real, check_size

__all__ = ["ResamplingMap"]

#: Bits of a weight, so that positions are rounded to 1/8 pixel.
BITS = 3
STEPS = 1 << BITS

WINDOW = 256

# For each bit, from the last: the table from a fraction in steps to the mask of its byte.
_BIT_MASKS = [bytes(255 * (step >> bit & 1) for step in range(256)) for bit in range(BITS)]


def _in_steps(op: str, name: str, positions: Sequence[float]) -> list[int]:
    """Positions as whole numbers of steps."""
    given = check_list(op, name, positions, "a list of numbers")
    try:
        return [floor(STEPS * at + 0.5) for at in given]
    except (TypeError, ValueError, OverflowError):
        for i, at in enumerate(given):
            check_real(op, f"{name}[{i}]", at)
        raise


class ResamplingMap:
    """Where each pixel of a new image comes from in the old one: ``map(pixels)`` is the new image.

    Args:
        ys: the row in the old image of each new pixel, row after row; a pixel's middle is at a whole number.
        xs: the column.
        rows: height of both images.
        columns: width of both images.

    Half a pixel to the right and the old first column's neighbour outside is black:

    >>> moved = ResamplingMap([0, 0, 0, 0], [-0.5, 0.5, 1.5, 2.5], rows=1, columns=4)
    >>> list(moved(bytes([100, 200, 0, 80])))
    [50, 150, 100, 40]
    """

    __slots__ = ("_across", "_back", "_columns", "_down", "_front", "_left", "_ones", "_parts", "_right", "_size")

    def __init__(self, ys: Sequence[float], xs: Sequence[float], rows: int, columns: int) -> None:
        op = "ResamplingMap"
        rows, columns = check_size(op, "rows", rows), check_size(op, "columns", columns)
        down, across = _in_steps(op, "ys", ys), _in_steps(op, "xs", xs)
        if len(down) != len(across):
            raise ValueError(f"{op}: {len(down)} ys and {len(across)} xs; each new pixel needs both")
        # A pixel whose four neighbours are all outside is black, and so has no place.
        highest, widest = STEPS * rows, STEPS * columns
        places = [
            (y >> BITS) * columns + (x >> BITS) if -STEPS <= y < highest and -STEPS <= x < widest else None
            for y, x in zip(down, across, strict=True)
        ]
        pairs = list(zip(places, across, strict=True))
        left = bytes([0 if place is None or x < 0 else 255 for place, x in pairs])
        right = bytes([0 if place is None or x >= widest - STEPS else 255 for place, x in pairs])
        self._size, self._columns = rows * columns, columns
        self._left, self._right = _lanes(left), _lanes(right)
        self._across, self._down = (
            # Where every weight is 0 there is nothing to weigh.
            [_lanes(fractions.translate(mask)) for mask in _BIT_MASKS] if any(fractions) else []
            for fractions in (bytes(step % STEPS for step in steps) for steps in (across, down))
        )
        self._ones = _lanes(b"\x7f" * self._size)
        # So much black before and behind the old image that every window lies within it.
        self._front, self._back = bytes(columns + 1), bytes(WINDOW + columns + 1)
        self._parts = [(part, start + columns + 1) for part, start in _parts(places)]

    def __call__(self, pixels: bytes) -> bytes:
        """The new image."""
        old = self._front + pixels + self._back
        columns, left, right, across, down = self._columns, self._left, self._right, self._across, self._down
        new = self._gather(old, 0) & left
        if across:
            new = self._between(new, self._gather(old, 1) & right, across)
        if down:
            bottom = self._gather(old, columns) & left
            if across:
                bottom = self._between(bottom, self._gather(old, columns + 1) & right, across)
            new = self._between(new, bottom, down)
        return new.to_bytes(self._size, "little")

    def _gather(self, old: bytes, offset: int) -> int:
        """One neighbour of every pixel, a byte a lane."""
        found = [part.translate(old[start + offset : start + offset + WINDOW]) for part, start in self._parts]
        return int.from_bytes(b"".join(found), "little")

    def _between(self, a: int, b: int, weights: Sequence[int]) -> int:
        """(1 - w) · a + w · b in every lane."""
        differing, ones = a ^ b, self._ones
        mean = a
        for mask in weights:
            end = a ^ (differing & mask)  # b where the bit is set, else a
            mean = (mean & end) + ((mean ^ end) >> 1 & ones)
        return mean


def _lanes(content: bytes | bytearray) -> int:
    return int.from_bytes(content, "little")


def _parts(places: Sequence[int | None]) -> list[tuple[bytes, int]]:
    """Cut the places into as few parts as have each all its places within one window; (places in it, its start)."""
    known = [(at, place) for at, place in enumerate(places) if place is not None]
    if not known:
        return []
    parts, first, low, high = [], 0, known[0][1], known[0][1]
    for at, place in known:
        if place > high:
            if place - low >= WINDOW:
                parts.append((_within(places[first:at], low), low))
                first, low = at, place
            high = place
        elif place < low:
            if high - place >= WINDOW:
                parts.append((_within(places[first:at], low), low))
                first, high = at, place
            low = place
    return [*parts, (_within(places[first:], low), low)]


def _within(places: Sequence[int | None], start: int) -> bytes:
    # What is outside is masked away, so that any place will do.
    return bytes([0 if place is None else place - start for place in places])

"""Sliding windows over planes: every window as one row of numbers (unfold), and where its numbers lie (places).

A plane is one channel of one image, a flat row-major list. Convolution and average pooling are weighted sums over
windows, so `unfold` turns windows into rows; their gradients are rows that are added back at the `places` where the
windows were taken. All of it works on one image at a time: a whole batch unfolded would take nine times the memory of
the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from ..shapes import window_size

__all__ = ["Windows", "places", "unfold"]


class Windows(NamedTuple):
    """Where the windows of a plane lie: all pairs are (vertical, horizontal).

    >>> Windows((5, 5), (3, 3), (2, 2)).counts
    (2, 2)
    """

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def counts(self) -> tuple[int, int]:
        """How many windows stand below one another and beside one another."""
        high, wide = (
            window_size(size, kernel, stride, padding, dilation)
            for size, kernel, stride, padding, dilation in zip(*self, strict=True)
        )
        return high, wide

    @property
    def padded(self) -> tuple[int, int]:
        """Size of the padded plane."""
        return self.size[0] + 2 * self.padding[0], self.size[1] + 2 * self.padding[1]

    @property
    def taps(self) -> int:
        """How many taps a window has in one plane."""
        return self.kernel[0] * self.kernel[1]

    def offsets(self) -> list[int]:
        """How far into the padded plane each tap lies from its window's first, row by row."""
        rows, columns = (range(0, k * d, d) for k, d in zip(self.kernel, self.dilation, strict=True))
        return [row * self.padded[1] + column for row, column in product(rows, columns)]


def unfold(planes: Sequence[list[Any]], windows: Windows, zero: Any) -> list[tuple[Any, ...]]:
    """One row per window, windows in row-major order: its taps in the order plane, tap row, tap column.

    >>> unfold([[1, 2, 3, 4, 5, 6]], Windows((2, 3), (2, 2)), 0)
    [(1, 2, 4, 5), (2, 3, 5, 6)]
    """
    if any(windows.padding):
        planes = [_pad(plane, windows, zero) for plane in planes]
    (high, wide), width = windows.counts, windows.padded[1]
    down, right = windows.stride
    taps = [(plane, offset) for plane in planes for offset in windows.offsets()]
    if down == right == 1:
        # One slice a tap, not one a tap and line: windows that run over the end of a line are made too, then dropped.
        span = (high - 1) * width + wide
        rows = list(zip(*[plane[offset : offset + span] for plane, offset in taps], strict=True))
        for extra in range(width, wide, -1):
            del rows[wide::extra]
        return rows
    rows = []
    span = (wide - 1) * right + 1
    for line in range(0, high * down * width, down * width):
        starts = [(plane, offset + line) for plane, offset in taps]
        rows += zip(*[plane[start : start + span : right] for plane, start in starts], strict=True)
    return rows


@lru_cache(maxsize=32)
def places(windows: Windows) -> list[tuple[int, ...]]:
    """For each window, where in the plane its taps lie; the plane's size stands for the padding.

    >>> places(Windows((1, 2), (1, 2), padding=(0, 1)))
    [(2, 0), (0, 1), (1, 2)]
    """
    size = windows.size[0] * windows.size[1]
    return unfold([list(range(size))], windows, size)


def _pad(plane: list[Any], windows: Windows, zero: Any) -> list[Any]:
    (above, left), width = windows.padding, windows.size[1]
    beside, edge = [zero] * left, [zero] * (above * windows.padded[1])
    padded = list(edge)
    for start in range(0, len(plane), width):
        padded += beside
        padded += plane[start : start + width]
        padded += beside
    return padded + edge

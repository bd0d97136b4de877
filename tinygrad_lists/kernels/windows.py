"""Sliding windows over planes: every window as one row of numbers (unfold), and its adjoint (fold).

A plane is one channel of one image, a flat row-major list. Convolution and average pooling are weighted sums over windows, so
`unfold` turns windows into rows and `fold` adds rows back to where the windows were taken. Both work on one image at a time: a
whole batch unfolded would take nine times the memory of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from tinygrad_lists.kernels.codegen import add_columns
from tinygrad_lists.shapes import window_size

__all__ = ["Windows", "fold", "unfold"]


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
        # All windows at once, those too that run over the end of a line and are then dropped: one slice per tap, not per line.
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


def fold(rows: list[tuple[Any, ...]], windows: Windows, zero: Any) -> list[list[Any]]:
    """Adjoint of `unfold`: the planes in which every row is added to where its window lies; padding is cut off.

    Each element is summed from `zero` in the order of the taps.

    >>> fold([(1, 1, 1, 1), (1, 1, 1, 1)], Windows((2, 3), (2, 2)), 0)
    [[1, 2, 1, 1, 2, 1]]
    """
    (high, wide), (height, width) = windows.counts, windows.padded
    offsets = windows.offsets()
    if windows.stride == (1, 1):
        nothing = [(zero,) * len(rows[0])] * (width - wide)
        lines: list[tuple[Any, ...]] = []
        for start in range(0, high * wide, wide):
            lines += rows[start : start + wide]
            lines += nothing
        taps: list[Any] = list(zip(*lines, strict=True))
    else:
        taps = list(zip(*rows, strict=True))
    planes = []
    for first in range(0, len(taps), len(offsets)):
        here = taps[first : first + len(offsets)]
        if windows.stride == (1, 1):
            plane = _add_shifted(here, offsets, height * width, zero)
        else:
            plane = _add_strided(here, offsets, windows, zero)
        planes.append(_crop(plane, windows) if any(windows.padding) else plane)
    return planes


def _add_shifted(taps: Sequence[tuple[Any, ...]], offsets: list[int], size: int, zero: Any) -> list[Any]:
    zeros = (zero,) * size
    return add_columns(zero, [(zeros[:offset] + tap + zeros)[:size] for offset, tap in zip(offsets, taps, strict=True)])


def _add_strided(taps: Sequence[tuple[Any, ...]], offsets: list[int], windows: Windows, zero: Any) -> list[Any]:
    (high, wide), (height, width) = windows.counts, windows.padded
    down, right = windows.stride
    plane = [zero] * (height * width)
    span = (wide - 1) * right + 1
    for offset, tap in zip(offsets, taps, strict=True):
        for i in range(high):
            start = offset + i * down * width
            line = plane[start : start + span : right]
            plane[start : start + span : right] = [
                a + b for a, b in zip(line, tap[i * wide : (i + 1) * wide], strict=True)
            ]
    return plane


def _pad(plane: list[Any], windows: Windows, zero: Any) -> list[Any]:
    (above, left), width = windows.padding, windows.size[1]
    beside, edge = [zero] * left, [zero] * (above * windows.padded[1])
    padded = list(edge)
    for start in range(0, len(plane), width):
        padded += beside
        padded += plane[start : start + width]
        padded += beside
    return padded + edge


def _crop(padded: list[Any], windows: Windows) -> list[Any]:
    (above, left), (height, width) = windows.padding, windows.size
    plane: list[Any] = []
    for row in range(above, above + height):
        start = row * windows.padded[1] + left
        plane += padded[start : start + width]
    return plane

"""Sliding windows over planes: every window as one row of numbers (unfold), and its adjoint (fold).

A plane is one channel of one image, a flat row-major list. Convolution and average pooling are weighted sums over
windows, so `unfold` turns windows into rows and `fold` adds rows back to where the windows were taken. Both work on
one image at a time: a whole batch unfolded would take nine times the memory of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from operator import add
from typing import Any, NamedTuple

from ..shapes import window_size
from .codegen import add_columns, item_of

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


def fold(taps: Sequence[Sequence[Any]], channels: int, windows: Windows, zero: Any) -> list[list[Any]]:
    """Adjoint of `unfold`: ``taps[t][n]`` is added to where tap t of window n lies, padding cut off.

    ``taps[t][n]`` is a tuple over the channels, or for a single channel the bare number; one plane comes back per
    channel. Each element of the planes is summed from `zero` in the order of the taps.

    >>> fold([[1, 10], [2, 20]], 1, Windows((1, 3), (1, 2)), 0)
    [[1, 12, 20]]
    """
    (high, wide), (height, width) = windows.counts, windows.padded
    # By lines it takes about twice the time per number and 400 ns a line; shifted, every tap costs a whole plane.
    if windows.stride == (1, 1) and height * width < 2 * high * (wide + 20):
        items = _add_shifted(taps, item_of(zero, channels), windows, zero)
        planes = [items] if channels == 1 else list(map(list, zip(*items, strict=True)))
    elif channels == 1:
        planes = [_add_strided(taps, windows, zero)]
    else:
        by_channel = zip(*[list(zip(*tap, strict=True)) for tap in taps], strict=True)
        planes = [_add_strided(channel, windows, zero) for channel in by_channel]
    return [_crop(plane, windows) for plane in planes] if any(windows.padding) else planes


def _add_shifted(taps: Sequence[Sequence[Any]], nothing: Any, windows: Windows, zero: Any) -> list[Any]:
    """The padded plane for stride 1, where the windows' taps lie as the windows do, only shifted."""
    (high, wide), (height, width) = windows.counts, windows.padded
    beside = [nothing] * (width - wide)
    shifted = []
    for offset, tap in zip(windows.offsets(), taps, strict=True):
        plane = [nothing] * offset
        for start in range(0, high * wide, wide):
            plane += tap[start : start + wide]
            plane += beside
        plane += [nothing] * (height * width - len(plane))
        shifted.append(plane[: height * width])  # `beside` may reach beyond the last line
    return add_columns(shifted, zero)


def _add_strided(taps: Sequence[Sequence[Any]], windows: Windows, zero: Any) -> list[Any]:
    """The padded plane for any stride, a line of windows at a time."""
    (high, wide), (height, width) = windows.counts, windows.padded
    down, right = windows.stride
    plane = [zero] * (height * width)
    span = (wide - 1) * right + 1
    for offset, tap in zip(windows.offsets(), taps, strict=True):
        for i in range(high):
            start = offset + i * down * width
            here = slice(start, start + span, right)
            plane[here] = map(add, plane[here], tap[i * wide : (i + 1) * wide])
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

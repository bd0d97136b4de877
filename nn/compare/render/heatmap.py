"""A map of the errors of a tensor, as SVG.

Every element is a square, its shade the error relative to the tensor's largest number, on a logarithmic scale. Squares
of one shade are one path, neighbours in a row one stroke of it, which keeps large tensors small. Wrong elements are
hatched as well, so that nothing depends on telling colours apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..report import Row

__all__ = ["LEVELS", "heat_map", "level", "level_names"]

#: Shades: 0 for equal, then two decimal places each, from below 1e-14 to above 1.
LEVELS = 10

_WIDTH = 640  # pixels
_GAP = 1  # squares between planes


def level(error: float, scale: float) -> int:
    """The shade of an error.

    >>> level(0.0, 1.0), level(1e-15, 1.0), level(3e-12, 1.0), level(5.0, 1.0), level(math.nan, 1.0)
    (0, 1, 3, 9, 9)
    """
    if error == 0:
        return 0
    if not error < math.inf or not scale > 0:
        return LEVELS - 1
    places = math.log10(error) - math.log10(scale)
    return 1 + min(max(math.floor((places + 16) / 2), 0), LEVELS - 2)


def level_names() -> list[str]:
    """What each shade means.

    >>> level_names()[:3], level_names()[-1]
    (['equal', 'below 1e-14', '1e-14 to 1e-12'], 'above 1')
    """
    bounds = [f"1e{exponent}" if exponent else "1" for exponent in range(-14, 1, 2)]
    between = [f"{low} to {high}" for low, high in pairwise(bounds)]
    return ["equal", f"below {bounds[0]}", *between, f"above {bounds[-1]}"]


@dataclass(frozen=True)
class _Plane:
    """A rectangle of squares: where it lies, and where its numbers are in the flat list."""

    left: int
    top: int
    columns: int
    positions: range


def heat_map(row: Row) -> tuple[str, str]:
    """(SVG, what it shows in words) for a row that has errors."""
    assert row.errors is not None
    planes, words = _layout(row)
    width = max(p.left + p.columns for p in planes)
    height = max(p.top + math.ceil(len(p.positions) / p.columns) for p in planes)
    size = min(20.0, max(_WIDTH / width, 1.5))
    shades: list[list[str]] = [[] for _ in range(LEVELS)]
    hatched: list[str] = []
    outside = set(row.outside)
    for plane in planes:
        values = [level(row.errors.flat[i], row.scale) for i in plane.positions]
        for shade, stroke in _strokes(values, plane):
            shades[shade].append(stroke)
        marks = [int(i in outside) for i in plane.positions]
        hatched += [stroke for mark, stroke in _strokes(marks, plane) if mark]
    paths = [f'<path class="s{shade}" d="{"".join(strokes)}"/>' for shade, strokes in enumerate(shades) if strokes]
    if hatched:
        paths.append(f'<path fill="url(#hatch)" d="{"".join(hatched)}"/>')
    label = escape(f"errors of {row.tensor}, {words}", quote=True)
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width * size:.0f}" '
        f'height="{height * size:.0f}" shape-rendering="crispEdges">{"".join(paths)}</svg>'
    ), words


def _strokes(values: Sequence[int], plane: _Plane) -> Iterator[tuple[int, str]]:
    """Runs of equal values, row by row, as strokes of a path."""
    for start in range(0, len(values), plane.columns):
        line = values[start : start + plane.columns]
        begin = 0
        for i in range(1, len(line) + 1):
            if i == len(line) or line[i] != line[begin]:
                x, y = plane.left + begin, plane.top + start // plane.columns
                yield line[begin], f"M{x} {y}h{i - begin}v1h{begin - i}z"
                begin = i


def _layout(row: Row) -> tuple[list[_Plane], str]:
    """Where the squares go, by the number of axes."""
    assert row.errors is not None
    shape = row.errors.shape
    if len(shape) == 4:
        if row.tensor.endswith(" gradient") and row.tensor != "input gradient":
            if shape[1] == 1:
                return _tiles(
                    shape[0], min(shape[0], 16), *shape[2:], 0
                ), f"one plane per filter, {shape[2]} × {shape[3]} each"
            words = f"one plane per filter (down) and channel (across), {shape[2]} × {shape[3]} each"
            return _tiles(shape[0] * shape[1], shape[1], shape[2], shape[3], 0), words
        sample = _worst_sample(row.errors.flat, shape[0])
        size = shape[1] * shape[2] * shape[3]
        across = max(1, min(shape[1], round(math.sqrt(shape[1] * shape[2] / shape[3] * 4))))
        across = -(-shape[1] // -(-shape[1] // across))  # rows of planes equally long, as far as that goes
        words = f"sample {sample} of {shape[0]}, where it is worst; one plane per channel, {shape[2]} × {shape[3]} each"
        return _tiles(shape[1], across, shape[2], shape[3], sample * size), words
    if len(shape) == 2:
        if shape[0] > shape[1] and shape[0] > 64:
            planes = [_Plane(0, j, shape[0], range(j, math.prod(shape), shape[1])) for j in range(shape[1])]
            return planes, f"{shape[0]} rows (across) and {shape[1]} columns (down)"
        return [_Plane(0, 0, shape[1], range(math.prod(shape)))], f"{shape[0]} rows, {shape[1]} columns"
    count = max(math.prod(shape), 1)
    return [_Plane(0, 0, min(count, 64), range(count))], f"{count} numbers" if count > 1 else "one number"


def _tiles(count: int, across: int, height: int, width: int, start: int) -> list[_Plane]:
    """Planes side by side."""
    size = height * width
    return [
        _Plane(
            n % across * (width + _GAP),
            n // across * (height + _GAP),
            width,
            range(start + n * size, start + (n + 1) * size),
        )
        for n in range(count)
    ]


def _worst_sample(errors: Sequence[float], samples: int) -> int:
    size = len(errors) // samples
    return max(range(samples), key=lambda n: max(errors[n * size : (n + 1) * size]))

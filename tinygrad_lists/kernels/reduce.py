"""Reductions along axes, on flat lists.

A reduction sees its input as blocks ``(outer, reduced, inner)``. Where ``inner`` is 1 each block is one run of
neighbours and is added up by `accumulate.total`; else whole rows of length ``inner`` are added to each other, element
by element. Several axes that are not neighbours are reduced group by group, the last group first. That fixes the order
of addition, and with it the last digit (see `accumulate`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import accumulate
from typing import Any

from ..numeric import maximum, minimum
from ..shapes import Shape, numel
from .accumulate import total, zero_of
from .movement import permute_dims

__all__ = ["argmax", "argmin", "cumsum", "max_over", "min_over", "sum_over"]

Flat = list[Any]


def sum_over(x: Flat, x_shape: Shape, *, axes: Shape) -> Flat:
    """Sums over `axes`; an empty sum is the int 0, which mixes with every kind of number.

    >>> sum_over([1, 2, 3, 4, 5, 6], (2, 3), axes=(0,)), sum_over([1, 2, 3, 4, 5, 6], (2, 3), axes=(1,))
    ([5, 7, 9], [6, 15])
    """
    zero = zero_of(x)
    shape = list(x_shape)
    for first, last in reversed(_groups(axes)):
        outer, reduced, inner = numel(shape[:first]), numel(shape[first : last + 1]), numel(shape[last + 1 :])
        if inner == 1:
            x = [total(x[i * reduced : (i + 1) * reduced], zero) for i in range(outer)]
        else:
            x = _add_rows(x, outer, reduced, inner, zero)
        shape[first : last + 1] = [1] * (last - first + 1)
    return x


def _add_rows(x: Flat, outer: int, reduced: int, inner: int, zero: Any) -> Flat:
    out: Flat = []
    for i in range(outer):
        start = i * reduced * inner
        rows = [x[start + r * inner : start + (r + 1) * inner] for r in range(reduced)]
        out += reduce(lambda a, b: list(map(operator.add, a, b)), rows) if rows else [zero] * inner
    return out


def max_over(x: Flat, x_shape: Shape, *, axes: Shape) -> Flat:
    """Largest element over `axes`; NaN wins, as everywhere in the field.

    >>> max_over([1, 5, 3, 4, 2, 6], (2, 3), axes=(1,))
    [5, 6]
    """
    return _extreme(x, x_shape, axes, max, maximum, "max")


def min_over(x: Flat, x_shape: Shape, *, axes: Shape) -> Flat:
    """Smallest element over `axes`; NaN wins.

    >>> min_over([1, 5, 3, 4, 2, 6], (2, 3), axes=(0,))
    [1, 2, 3]
    """
    return _extreme(x, x_shape, axes, min, minimum, "min")


def argmax(x: Flat, x_shape: Shape, *, axis: int) -> list[int]:
    """Index along `axis` of the first largest element; the first NaN wins.

    >>> argmax([1, 5, 5, 4, 2, 6], (2, 3), axis=1)
    [1, 2]
    """
    return _first_index(x, x_shape, axis, max, "argmax")


def argmin(x: Flat, x_shape: Shape, *, axis: int) -> list[int]:
    """Index along `axis` of the first smallest element; the first NaN wins.

    >>> argmin([1, 5, 1, 4, 2, 6], (2, 3), axis=1)
    [0, 1]
    """
    return _first_index(x, x_shape, axis, min, "argmin")


def cumsum(x: Flat, x_shape: Shape, *, axis: int) -> Flat:
    """Running sums along `axis`.

    >>> cumsum([1, 2, 3, 4], (2, 2), axis=1)
    [1, 3, 3, 7]
    """
    reduced, inner = x_shape[axis], numel(x_shape[axis + 1 :])
    block = reduced * inner
    out = list(x)
    for start in range(0, len(x), block or 1):
        for i in range(start, start + inner):
            out[i : start + block : inner] = accumulate(x[i : start + block : inner])
    return out


def _groups(axes: Sequence[int]) -> list[tuple[int, int]]:
    """(first, last) of each run of neighbouring axes."""
    groups: list[tuple[int, int]] = []
    for axis in axes:
        if groups and groups[-1][1] == axis - 1:
            groups[-1] = (groups[-1][0], axis)
        else:
            groups.append((axis, axis))
    return groups


def _runs(x: Flat, x_shape: Shape, axes: Shape, op: str) -> list[Flat]:
    """The elements that are reduced into one, for every element of the result."""
    size = numel([x_shape[a] for a in axes])
    if size == 0:
        raise ValueError(f"{op}: axes {axes} of shape {x_shape} are empty; there is no element to choose")
    if x and isinstance(x[0], complex):
        raise TypeError(f"{op}: complex numbers have no order; apply it to their real or imaginary parts")
    kept = tuple(a for a in range(len(x_shape)) if a not in axes)
    x = permute_dims(x, x_shape, axes=kept + axes)
    return [x[i : i + size] for i in range(0, len(x), size)]


def _extreme(
    x: Flat, x_shape: Shape, axes: Shape, pick: Callable[[Flat], Any], either: Callable[[Any, Any], Any], op: str
) -> Flat:
    runs = _runs(x, x_shape, axes, op)
    if _has_nan(x):
        return [reduce(either, run) for run in runs]
    return [pick(run) for run in runs]


def _first_index(x: Flat, x_shape: Shape, axis: int, pick: Callable[[Flat], Any], op: str) -> list[int]:
    runs = _runs(x, x_shape, (axis,), op)
    if _has_nan(x):
        nans = [next((i for i, v in enumerate(run) if v != v), None) for run in runs]
        return [run.index(pick(run)) if i is None else i for i, run in zip(nans, runs, strict=True)]
    return [run.index(pick(run)) for run in runs]


def _has_nan(x: Flat) -> bool:
    return any(map(operator.ne, x, x))

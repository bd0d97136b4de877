"""Functions that join, cut and repeat. Names follow the Python array API standard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from ..number_kinds import shown
from ..operations import apply, lift
from ..primitives import PRIMITIVES
from ..shapes import checked_shape, is_several, normalize_axis
from ..value import Value
from .composed import composed
from .indexing import take
from .movement import broadcast_to, expand_dims, flatten, ints, reshape, sizes_of

__all__ = ["concat", "repeat", "roll", "split", "stack", "tile"]


def concat(values: Sequence[Any], axis: int | None = 0) -> Value:
    """Joined along an axis that exists; with None, flattened first. (2, 3) and (4, 3) along axis 0 make (6, 3).

    Raises:
        ValueError: no values, or sizes that differ along another axis. IndexError: there is no such axis. TypeError:
            one number instead of a list; kinds of number that do not mix.

    >>> concat([Value([1.0]), Value([2.0, 3.0])]).data
    [1.0, 2.0, 3.0]
    """
    parts = _parts("concat", values)
    if axis is None:
        parts, axis = [flatten(part) for part in parts], 0
    return apply(PRIMITIVES["concat"], *parts, axis=normalize_axis(axis, parts[0].ndim, op="concat"))


def _parts(op: str, values: Any) -> list[Value]:
    if not isinstance(values, Iterable):
        raise TypeError(f"{op}: takes a list of Values, not {shown(values)}; {op}([a, b])")
    parts = [lift(v, op) for v in values]
    if not parts:
        raise ValueError(f"{op}: needs at least one Value")
    return parts


@composed
def stack(values: Sequence[Any], axis: int = 0) -> Value:
    """Joined along a new axis; all of one shape. Two of shape (3,) make (2, 3) along axis 0, (3, 2) along axis 1.

    Raises:
        ValueError: no values, or shapes that differ. IndexError: there is no such place for an axis. TypeError: one
            number instead of a list of them.

    >>> stack([Value(1.0), Value(2.0)]).data
    [1.0, 2.0]
    >>> stack([Value([1.0, 2.0]), Value([3.0, 4.0])], axis=1).data
    [[1.0, 3.0], [2.0, 4.0]]
    """
    parts = _parts("stack", values)
    for part in parts:
        if part.shape != parts[0].shape:
            raise ValueError(f"stack: shapes {parts[0].shape} and {part.shape} differ; all must be equal")
    at = normalize_axis(axis, parts[0].ndim + 1, op="stack")
    return concat([expand_dims(part, at) for part in parts], at)


@composed
def split(x: Any, sections: int | Sequence[int], axis: int = 0) -> list[Value]:
    """Cut along `axis` into `sections` equal parts, or at the indices given: n indices make n + 1 parts. `concat`
    undoes it.

    Raises:
        ValueError: the size does not divide into equal parts; indices that do not rise from 0 to the size. IndexError:
            there is no such axis. TypeError: sections that are no ints.

    >>> [part.data for part in split(Value([1.0, 2.0, 3.0]), [1])]
    [[1.0], [2.0, 3.0]]
    >>> [part.shape for part in split(Value([[1.0, 2.0], [3.0, 4.0]]), 2, axis=1)]
    [(2, 1), (2, 1)]
    """
    x = lift(x, "split")
    at = normalize_axis(axis, x.ndim, op="split")
    size = x.shape[at]
    cuts = ints((sections,), "sections", "split")
    if not is_several(sections):
        (sections,) = cuts
        if sections < 1 or size % sections:
            raise ValueError(
                f"split: size {size} of axis {at} does not divide into {shown(sections)} equal parts; give indices"
            )
        cuts = tuple(size // sections * i for i in range(1, sections))
    edges = [0, *cuts, size]
    if any(a > b for a, b in pairwise(edges)):
        raise ValueError(f"split: indices {shown(list(cuts))} must rise from 0 to the size {size}")
    return [_slice(x, at, a, b) for a, b in pairwise(edges)]


@composed
def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Value:
    """Each element `repeats` times along `axis` (of the flattened tensor if None), or a number of times of its own.

    Shape (2, 3) twice along axis 1 makes (2, 6); without an axis (12,). The gradients of the copies add up.

    Raises:
        ValueError: negative repeats, or not as many as there are places. TypeError: they are no ints. IndexError: there
            is no such axis.

    >>> repeat(Value([1.0, 2.0]), 2).data
    [1.0, 1.0, 2.0, 2.0]
    >>> repeat(Value([1.0, 2.0]), [0, 3]).data
    [2.0, 2.0, 2.0]
    """
    x = lift(x, "repeat")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    at = normalize_axis(axis, x.ndim, op="repeat")
    times = sizes_of((repeats,), "repeat")
    if is_several(repeats):
        if len(times) != x.shape[at]:
            raise ValueError(f"repeat: {len(times)} repeats for axis {at} of size {x.shape[at]}; give one a place")
        return take(x, [place for place, n in enumerate(times) for _ in range(n)], at)
    (repeats,) = times
    checked_shape((*x.shape, repeats), op="repeat")
    wide = broadcast_to(expand_dims(x, at + 1), (*x.shape[: at + 1], repeats, *x.shape[at + 1 :]))
    return reshape(wide, (*x.shape[:at], x.shape[at] * repeats, *x.shape[at + 1 :]))


@composed
def tile(x: Any, repeats: int | Sequence[int]) -> Value:
    """The whole tensor repeated along each axis, the last ones if there are fewer `repeats`, new ones in front if more.

    Shape (2, 3) with repeats (4, 5) makes (8, 15). The gradients of the copies add up.

    Raises:
        ValueError: negative repeats. TypeError: they are no ints.

    >>> tile(Value([1.0, 2.0]), 2).data
    [1.0, 2.0, 1.0, 2.0]
    >>> tile(Value([1.0, 2.0]), (2, 1)).data
    [[1.0, 2.0], [1.0, 2.0]]
    """
    x = lift(x, "tile")
    times = sizes_of((repeats,), "tile")
    ndim = max(len(times), x.ndim)
    times = (1,) * (ndim - len(times)) + times
    sizes = (1,) * (ndim - x.ndim) + x.shape
    checked_shape(times + sizes, op="tile")
    thin = tuple(v for size in sizes for v in (1, size))
    wide = tuple(v for n, size in zip(times, sizes, strict=True) for v in (n, size))
    return reshape(broadcast_to(reshape(x, thin), wide), tuple(n * size for n, size in zip(times, sizes, strict=True)))


@composed
def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Value:
    """Shifted by `shift` places along `axis`, ``out[i] = x[(i - shift) % n]``; what falls off the end comes in at the
    start, and the shape stays. None rolls the flattened tensor. Several axes take as many shifts, or one for all.

    Raises:
        ValueError: not as many shifts as axes. IndexError: there is no such axis. TypeError: shifts that are no ints.

    >>> roll(Value([1.0, 2.0, 3.0]), 1).data
    [3.0, 1.0, 2.0]
    """
    value = lift(x, "roll")
    shifts = ints((shift,), "shifts", "roll")
    if axis is None:
        return reshape(roll(flatten(value), sum(shifts), 0), value.shape) if value.ndim else value
    axes = ints((axis,), "axes", "roll")
    if not is_several(shift):
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise ValueError(
            f"roll: {len(shifts)} shifts {shown(shifts)} for {len(axes)} axes {shown(axes)}; give one for each axis"
        )
    for places, a in zip(shifts, axes, strict=True):
        at = normalize_axis(a, value.ndim, op="roll")
        size = value.shape[at]
        if cut := -places % size if size else 0:
            value = concat([_slice(value, at, cut, size), _slice(value, at, 0, cut)], at)
    return value


def _slice(x: Value, axis: int, start: int, stop: int) -> Value:
    bounds = tuple((start, stop, 1) if a == axis else (0, size, 1) for a, size in enumerate(x.shape))
    return apply(PRIMITIVES["crop"], x, bounds=bounds)

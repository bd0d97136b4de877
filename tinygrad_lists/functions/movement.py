"""Functions that move numbers without changing them, and their gradients back. Names follow the Python array API
standard.

An axis is an int, negative from the end: IndexError where there is none, TypeError for what is no int, ValueError for
one named twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import index
from typing import Any

from ..number_kinds import shown
from ..operations import apply, lift
from ..primitives import PRIMITIVES
from ..shapes import (
    Shape,
    as_int,
    broadcast_shapes,
    checked_shape,
    is_index,
    is_several,
    normalize_axes,
    normalize_axis,
    numel,
)
from ..value import Value, constant
from .composed import composed

__all__ = [
    "broadcast_to",
    "expand_dims",
    "flatten",
    "flip",
    "ints",
    "matrix_transpose",
    "one_int",
    "pad",
    "permute_dims",
    "reshape",
    "sizes_of",
    "squeeze",
    "transpose",
    "tril",
    "triu",
]


def ints(given: tuple[Any, ...], what: str, op: str) -> tuple[int, ...]:
    """Sizes or axes given one by one or as one sequence. TypeError naming `op` for what is no int.

    >>> ints((2, 3), "sizes", "reshape"), ints(([2, 3],), "sizes", "reshape")
    ((2, 3), (2, 3))
    """
    if len(given) == 1 and is_several(given[0]):
        given = tuple(given[0])
    if set(map(type, given)) <= {int}:
        return given
    return tuple([as_int(v, f"{what} are ints", op=op) for v in given])


def one_int(given: Any, what: str, op: str) -> int:
    """A single int. TypeError naming `op` for anything else.

    >>> one_int(-1, "k", "tril")
    -1
    """
    return as_int(given, f"{what} is an int", op=op)


def sizes_of(given: tuple[Any, ...], op: str) -> tuple[int, ...]:
    """The same for sizes, which are not negative: ValueError naming `op` otherwise.

    >>> sizes_of((2, 0), "tile")
    (2, 0)
    """
    sizes = ints(given, "sizes", op)
    if any(size < 0 for size in sizes):
        raise ValueError(f"{op}: sizes are not negative, but {shown(sizes)} are given")
    return sizes


def _one_by_one(given: tuple[Any, ...], keyword: Any, name: str, op: str) -> tuple[Any, ...]:
    """What was given one by one, as one sequence, or by its name."""
    if keyword is None:
        return given
    if given:
        raise TypeError(f"{op}: {name} is given twice, as {shown(given)} and {name}={shown(keyword)}")
    return (keyword,)


def reshape(x: Any, *sizes: Any, shape: Any = None) -> Value:
    """The same numbers, in row-major order, under another shape; one size may be -1 and is worked out.

    Args:
        sizes: one by one, or as one sequence.
        shape: the same by name, as in the array API.

    Raises:
        ValueError: another number of elements. TypeError: sizes that are no ints.

    >>> reshape(Value([1.0, 2.0, 3.0, 4.0]), 2, -1).shape
    (2, 2)
    """
    x = lift(x, "reshape")
    new = ints(_one_by_one(sizes, shape, "shape", "reshape"), "sizes", "reshape")
    if any(size < 0 for size in new):
        known = numel([size for size in new if size >= 0])
        if [size for size in new if size < 0] != [-1] or not known or x.size % known:
            remedy = "only one size may be -1" if known else "beside a size of 0 any number would do for -1; give it"
            raise ValueError(f"reshape: {x.shape} ({x.size} elements) does not fit {shown(new)}; {remedy}")
        new = tuple(x.size // known if size == -1 else size for size in new)
    return x if new == x.shape else apply(PRIMITIVES["reshape"], x, shape=new)


def flatten(x: Any, start_axis: int = 0) -> Value:
    """All axes from `start_axis` on become one (paper, section II): (N, C, H, W) from 1 on is (N, C·H·W). A scalar
    becomes (1,). IndexError where there is no such axis.

    >>> flatten(Value([[1.0, 2.0], [3.0, 4.0]])).data
    [1.0, 2.0, 3.0, 4.0]
    """
    x = lift(x, "flatten")
    start = normalize_axis(start_axis, x.ndim, op="flatten") if x.ndim else 0
    return reshape(x, (*x.shape[:start], numel(x.shape[start:])))


def permute_dims(x: Any, *order: Any, axes: Any = None) -> Value:
    """Axes in another order: axis `i` of the result is axis ``order[i]`` of `x`; without an order, all reversed. (A, B,
    C) with the order 2, 0, 1 becomes (C, A, B).

    Args:
        order: axes one by one, or as one sequence.
        axes: the same by name, as in the array API.

    Raises:
        ValueError: an axis is missing or named twice. IndexError: there is no such axis.

    >>> permute_dims(Value([[1.0, 2.0, 3.0]]), 1, 0).data
    [[1.0], [2.0], [3.0]]
    """
    x = lift(x, "permute_dims")
    given = _one_by_one(order, axes, "axes", "permute_dims")
    wanted = ints(given, "axes", "permute_dims") if given else tuple(reversed(range(x.ndim)))
    new = tuple(normalize_axis(a, x.ndim, op="permute_dims") for a in wanted)
    if sorted(new) != list(range(x.ndim)):
        raise ValueError(f"permute_dims: {shown(wanted)} must name each of the {x.ndim} axes of shape {x.shape} once")
    return x if new == tuple(range(x.ndim)) else apply(PRIMITIVES["permute_dims"], x, axes=new)


def transpose(x: Any) -> Value:
    """All axes reversed, (A, B, C) to (C, B, A); also the property ``x.T``.

    >>> transpose(Value([[1.0, 2.0], [3.0, 4.0]])).data
    [[1.0, 3.0], [2.0, 4.0]]
    """
    return permute_dims(lift(x, "transpose"))


def matrix_transpose(x: Any) -> Value:
    """Last two axes exchanged, those before kept; also the property ``x.mT``. ValueError for fewer than two axes.

    >>> matrix_transpose(Value([[[1.0, 2.0]]])).shape
    (1, 2, 1)
    """
    x = lift(x, "matrix_transpose")
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: shape {x.shape} has no two last axes to exchange")
    return permute_dims(x, *range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


def broadcast_to(x: Any, *sizes: Any, shape: Any = None) -> Value:
    """`x` stretched along its axes of size 1, and along new axes in front, to a shape.

    Args:
        sizes: one by one, or as one sequence.
        shape: the same by name, as in the array API.

    Raises:
        ValueError: a size of `x` is neither 1 nor that of the shape.

    >>> broadcast_to(Value([1.0, 2.0]), (2, 2)).data
    [[1.0, 2.0], [1.0, 2.0]]
    """
    x = lift(x, "broadcast_to")
    new = sizes_of(_one_by_one(sizes, shape, "shape", "broadcast_to"), "broadcast_to")
    return x if new == x.shape else apply(PRIMITIVES["broadcast_to"], x, shape=new)


def expand_dims(x: Any, axis: int = 0) -> Value:
    """A new axis of size 1 at `axis`: (A, B) with axis 1 becomes (A, 1, B). IndexError beyond the end.

    >>> expand_dims(Value([1.0, 2.0]), axis=1).shape
    (2, 1)
    """
    x = lift(x, "expand_dims")
    at = normalize_axis(axis, x.ndim + 1, op="expand_dims")
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Value:
    """Without the axes of size 1 named by `axis`; without any of them if it is None. ValueError for an axis of another
    size.

    >>> squeeze(Value([[[1.0, 2.0]]])).shape
    (2,)
    """
    x = lift(x, "squeeze")
    axes = normalize_axes(axis, x.ndim, op="squeeze")
    if axis is not None and any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"squeeze: axis {shown(axis)} of shape {x.shape} has not size 1")
    return reshape(x, tuple(size for a, size in enumerate(x.shape) if a not in axes or size != 1))


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Value:
    """Read backwards along `axis` (all axes if None); the shape stays. Errors of axes: IndexError, ValueError,
    TypeError, as the module says.

    >>> flip(Value([1.0, 2.0, 3.0])).data
    [3.0, 2.0, 1.0]
    """
    x = lift(x, "flip")
    axes = normalize_axes(axis, x.ndim, op="flip")
    return apply(PRIMITIVES["flip"], x, axes=axes) if axes else x


@composed
def pad(x: Any, width: Any, value: Any = 0) -> Value:
    """`value` around `x`: `width` places on each side of every axis, or a (before, after) pair per axis; a size n
    becomes before + n + after, and a scalar stays. ValueError for another number of pairs, negative widths, and what is
    no int.

    >>> pad(Value([1.0, 2.0]), 1).data
    [0.0, 1.0, 2.0, 0.0]
    """
    inner = lift(x, "pad")
    if not inner.ndim:
        return inner
    widths = [(width, width)] * inner.ndim if is_index(width) else list(width) if _is_pairs(width) else []
    widths = [(index(before), index(after)) for before, after in widths]
    if len(widths) != inner.ndim or any(w < 0 for pair in widths for w in pair):
        raise ValueError(
            f"pad: {shown(width)} is not a size >= 0, nor one (before, after) pair for each axis of {inner.shape}"
        )
    shape = tuple(before + size + after for (before, after), size in zip(widths, inner.shape, strict=True))
    checked_shape(shape, op="pad")
    bounds = tuple((before, before + size, 1) for (before, _), size in zip(widths, inner.shape, strict=True))
    out = apply(PRIMITIVES["pad"], inner, bounds=bounds, shape=shape)
    if type(value) in (int, float) and value == 0:
        return out
    ones = constant([1] * inner.size, inner.shape)
    inside = apply(PRIMITIVES["pad"], ones, bounds=bounds, shape=shape)
    around = lift(value, "pad")
    if around.shape:
        broadcast_shapes(shape, around.shape, op="pad")
    return apply(PRIMITIVES["where"], inside, out, around)


def _is_pairs(width: Any) -> bool:
    return isinstance(width, Sequence) and all(
        isinstance(w, Sequence) and len(w) == 2 and all(map(is_index, w)) for w in width
    )


@cache
def _triangle(rows: int, columns: int, k: int) -> tuple[int, ...]:
    return tuple(1 if column - row <= k else 0 for row in range(rows) for column in range(columns))


def _mask(shape: Shape, k: int, op: str) -> Value:
    if len(shape) < 2:
        raise ValueError(f"{op}: shape {shape} has no rows and columns; it needs at least two axes")
    return constant(list(_triangle(shape[-2], shape[-1], k)), shape[-2:])


@composed
def tril(x: Any, k: int = 0) -> Value:
    """Lower triangle of the last two axes: elements above the k-th diagonal (column - row = k) become 0; the shape
    stays. ValueError for fewer than two axes, TypeError for a `k` that is no int.

    >>> tril(Value([[1.0, 2.0], [3.0, 4.0]])).data
    [[1.0, 0.0], [3.0, 4.0]]
    """
    x = lift(x, "tril")
    return apply(PRIMITIVES["where"], _mask(x.shape, one_int(k, "k", "tril"), "tril"), x, lift(False))


@composed
def triu(x: Any, k: int = 0) -> Value:
    """Upper triangle of the last two axes: elements below the k-th diagonal become 0; shape and errors as in `tril`.

    >>> triu(Value([[1.0, 2.0], [3.0, 4.0]])).data
    [[1.0, 2.0], [0.0, 4.0]]
    """
    x = lift(x, "triu")
    return apply(PRIMITIVES["where"], _mask(x.shape, one_int(k, "k", "triu") - 1, "triu"), lift(False), x)

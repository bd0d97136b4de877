"""Shape arithmetic on plain integers: no data, no Values.

A shape is a tuple of non-negative ints, outermost axis first; the data that it describes is one flat list in row-major
order, so the element at ``(i, j, k)`` of a ``(I, J, K)`` tensor stands at ``(i * J + j) * K + k``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from math import prod
from operator import index
from typing import Any

from .number_kinds import shown

__all__ = [
    "MOST_AXES",
    "Shape",
    "as_int",
    "broadcast_shapes",
    "checked_shape",
    "is_index",
    "is_several",
    "is_size",
    "normalize_axes",
    "normalize_axis",
    "numel",
    "pair",
    "reduced_shape",
    "strides_of",
    "transposed_window_size",
    "window_size",
]


Shape = tuple[int, ...]

MOST_AXES = 64

#: More elements than memory has addresses for.
_TOO_MANY = 1 << 48


def numel(shape: Sequence[int]) -> int:
    """Number of elements of a tensor of this shape; a scalar, shape ``()``, has one.

    >>> numel((2, 3)), numel(())
    (6, 1)
    """
    return prod(shape)


def checked_shape(shape: Shape, *, op: str) -> Shape:
    """`shape`, if a Value can have it. ValueError naming `op` where it has too many axes or elements.

    >>> checked_shape((1,) * 65, op="reshape")
    Traceback (most recent call last):
    ValueError: reshape: 65 axes are too many; a Value has at most 64
    """
    if len(shape) > MOST_AXES:
        raise ValueError(f"{op}: {len(shape)} axes are too many; a Value has at most {MOST_AXES}")
    if numel(shape) >= _TOO_MANY:
        raise ValueError(f"{op}: no memory holds the elements of shape {shown(shape)}")
    return shape


def as_int(x: Any, what: str, *, op: str) -> int:
    """`x` as an int: an int, or anything with ``__index__`` (NumPy's ints), but no bool. TypeError naming `op` and
    saying `what` otherwise.

    >>> as_int(1.5, "an axis is an int", op="sum")
    Traceback (most recent call last):
    TypeError: sum: an axis is an int, not 1.5
    """
    if type(x) is not int and not is_index(x):
        raise TypeError(f"{op}: {what}, not {shown(x)}")
    return index(x)


def is_index(x: Any) -> bool:
    """Whether `x` stands for an int: it has ``__index__`` and is no bool.

    >>> is_index(3), is_index(True), is_index([3])
    (True, False, False)
    """
    try:
        index(x)
    except TypeError:
        return False
    return not isinstance(x, bool)


def is_several(x: Any) -> bool:
    """Whether `x` holds ints, and is none itself; a NumPy array without axes could be iterated over by its type.

    >>> is_several([3]), is_several(3)
    (True, False)
    """
    return isinstance(x, Iterable) and not is_index(x)


def is_size(x: Any, minimum: int) -> bool:
    """Whether `x` is an int of at least `minimum`, and not too large for any Value.

    >>> is_size(1, 1), is_size(0, 1), is_size(10**30, 1)
    (True, False, False)
    """
    return is_index(x) and minimum <= index(x) < _TOO_MANY


def strides_of(shape: Sequence[int]) -> Shape:
    """How far apart, in the flat row-major list, neighbours along each axis stand.

    >>> strides_of((2, 3, 4))
    (12, 4, 1)
    """
    strides = [1]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * size)
    return tuple(reversed(strides)) if shape else ()


def broadcast_shapes(*shapes: Sequence[int], op: str = "broadcast") -> Shape:
    """Shape to which all of `shapes` broadcast: aligned at the right, equal sizes stay, a size of 1 stretches.

    Raises ValueError naming `op` and the shapes when two sizes differ and neither is 1.

    >>> broadcast_shapes((8, 1, 3), (5, 1))
    (8, 5, 3)
    """
    ndim = max(map(len, shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for axis, size in enumerate(shape, ndim - len(shape)):
            if size != 1 and result[axis] != size:
                if result[axis] != 1:
                    given = " and ".join(shown(tuple(s)) for s in shapes)
                    raise ValueError(
                        f"{op}: shapes {given} do not broadcast: sizes {shown(result[axis])} and {shown(size)} differ "
                        f"on axis {axis - ndim} and neither is 1"
                    )
                result[axis] = size
    return tuple(result)


def normalize_axis(axis: int, ndim: int, *, op: str = "axis") -> int:
    """Non-negative form of an axis; -1 is the last. Raises IndexError when it is out of range, TypeError when it is no
    int.

    >>> normalize_axis(-1, 3)
    2
    """
    at = axis if type(axis) is int else as_int(axis, "an axis is an int", op=op)
    if not -ndim <= at < ndim:
        limits = f"use {-ndim} to {ndim - 1}" if ndim else "a scalar has no axes"
        raise IndexError(f"{op}: axis {shown(at)} is out of range for {ndim} dimensions; {limits}")
    return at % ndim


def normalize_axes(axis: int | Iterable[int] | None, ndim: int, *, op: str = "axis") -> Shape:
    """Sorted non-negative axes; None means all of them. Raises ValueError when one is named twice.

    >>> normalize_axes(None, 2), normalize_axes((-1, 0), 3)
    ((0, 1), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, int) or not is_several(axis):
        return (normalize_axis(axis, ndim, op=op),)  # type: ignore[arg-type]
    axes = sorted(normalize_axis(a, ndim, op=op) for a in axis)
    if any(a == b for a, b in pairwise(axes)):
        raise ValueError(f"{op}: the same axis is named twice in {shown(axis)}")
    return tuple(axes)


@cache
def reduced_shape(shape: Shape, axes: Shape, keepdims: bool) -> Shape:
    """Shape after reducing over `axes` (already normalised): they become 1, or vanish without `keepdims`.

    >>> reduced_shape((2, 3, 4), (0, 2), False), reduced_shape((2, 3, 4), (0, 2), True)
    ((3,), (1, 3, 1))
    """
    if keepdims:
        return tuple(1 if a in axes else size for a, size in enumerate(shape))
    return tuple(size for a, size in enumerate(shape) if a not in axes)


def pair(value: int | Sequence[int], name: str, *, op: str, minimum: int = 1) -> tuple[int, int]:
    """`value` for both spatial axes: an int stands for itself twice. Raises ValueError below `minimum`.

    >>> pair(3, "stride", op="conv2d"), pair((1, 2), "stride", op="conv2d")
    ((3, 3), (1, 2))
    """
    both = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(both) != 2 or not all(is_size(v, minimum) for v in both):
        raise ValueError(f"{op}: {name} is an int or a pair of ints of at least {minimum}, not {shown(value)}")
    return index(both[0]), index(both[1])


def window_size(size: int, kernel: int, stride: int, padding: int, dilation: int, *, op: str = "window") -> int:
    """How many windows of `kernel` taps fit along an axis: ``(size + 2·padding - dilation·(kernel - 1) - 1) // stride +
    1``.

    Raises ValueError when not even one fits.

    >>> window_size(28, 3, 1, 0, 1)
    26
    """
    reach = dilation * (kernel - 1) + 1
    if size + 2 * padding < reach:
        raise ValueError(
            f"{op}: a window of {reach} (kernel {kernel}, dilation {dilation}) does not fit into {size} + 2·{padding} "
            f"padding; use a larger input, more padding or a smaller kernel"
        )
    return (size + 2 * padding - reach) // stride + 1


def transposed_window_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, extra: int = 0, *, op: str = "window"
) -> int:
    """Input size that `window_size` maps to `size`; of the several that stride > 1 allows, the smallest plus `extra`.

    Raises ValueError when there is none of at least 1.

    >>> transposed_window_size(26, 3, 1, 0, 1)
    28
    """
    whole = (size - 1) * stride + dilation * (kernel - 1) + 1 + extra
    if whole <= 2 * padding:
        raise ValueError(
            f"{op}: padding {padding} on both sides takes away all of the {whole} that come of size {size} with kernel "
            f"{kernel}, stride {stride} and dilation {dilation}; use less padding"
        )
    return whole - 2 * padding

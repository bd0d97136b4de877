"""Reductions over axes, and the functions made of them.

Where a function has `axis`, it is an int (negative from the end), or for most several, or None for all axes; `keepdims`
keeps reduced axes with size 1: of shape (2, 3, 4), axis 1 leaves (2, 4), with `keepdims` (2, 1, 4). IndexError for an
axis that is not there, ValueError for one named twice, TypeError for what is no int or no bool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..number_kinds import require_flag, shown
from ..operations import apply, lift
from ..primitives import PRIMITIVES
from ..shapes import normalize_axes, normalize_axis, numel, reduced_shape
from ..value import Value
from .composed import composed
from .elementwise import equal, exp, log, sqrt, where
from .movement import reshape

__all__ = [
    "argmax",
    "argmin",
    "cumsum",
    "log_softmax",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "softmax",
    "std",
    "sum",
    "var",
]

Axis = int | Iterable[int] | None

_RESHAPE = PRIMITIVES["reshape"]


def _lifted(name: str, x: Any, axis: Axis, keepdims: bool) -> tuple[Value, tuple[int, ...]]:
    """What is to be reduced, as a Value, and over which axes."""
    value = lift(x, name)
    require_flag(name, "keepdims", keepdims, "; several axes are a tuple, axis=(0, 1)")
    return value, normalize_axes(axis, value.ndim, op=name)


def _reduce(name: str, x: Any, axis: Axis, keepdims: bool) -> Value:
    value, axes = _lifted(name, x, axis, keepdims)
    if not axes:
        return value
    out = apply(PRIMITIVES[name], value, axes=axes)
    return out if keepdims else apply(_RESHAPE, out, shape=reduced_shape(value.shape, axes, keepdims=False))


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Value:
    """Sum over axes. Every element gets the gradient of its sum. The sum of nothing is 0.

    Raises:
        IndexError: there is no such axis. ValueError: an axis is named twice. TypeError: `keepdims` is no bool, as when
            several axes are given one by one instead of as a tuple.

    >>> sum(Value([[1.0, 2.0], [3.0, 4.0]]), axis=0).data
    [4.0, 6.0]
    >>> sum(Value([[1.0, 2.0], [3.0, 4.0]]), axis=0, keepdims=True).shape
    (1, 2)
    """
    return _reduce("sum", x, axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Value:
    """``sum(x) / n`` over the n elements along `axis`, each with derivative ``1 / n``. The mean of nothing is nan.

    Axes, shapes and errors as in `sum`.

    >>> mean(Value([1.0, 2.0, 6.0])).data
    3.0
    """
    x, axes = _lifted("mean", x, axis, keepdims)
    return sum(x, axes, keepdims) / _count(x, axes)


def _count(x: Value, axes: Iterable[int]) -> int:
    return numel([x.shape[a] for a in axes])


def var(x: Any, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Value:
    """``sum((x - mean(x))**2) / (n - correction)``; `correction` 1 is Bessel's (array API; PyTorch's default is 1).

    The derivative is ``2 (x_i - mean(x)) / (n - correction)``. With ``n <= correction`` the divisor is 0, and the
    result inf or nan: so few numbers tell nothing. Axes and shapes as in `sum`.

    Raises:
        TypeError: `correction` is no number. ZeroDivisionError: the divisor is 0 for Fraction or Decimal, which have no
            infinity. For axes as in `sum`.

    >>> var(Value([1.0, 3.0])).data, var(Value([1.0, 3.0]), correction=1).data
    (1.0, 2.0)
    """
    return _var("var", x, axis, keepdims, correction)


def _var(name: str, x: Any, axis: Axis, keepdims: bool, correction: float) -> Value:
    x, axes = _lifted(name, x, axis, keepdims)
    if isinstance(correction, bool) or not isinstance(correction, int | float):
        raise TypeError(f"{name}: correction is a number like 0 or 1, not {shown(correction)}")
    centred = x - mean(x, axes, keepdims=True)
    divisor = _count(x, axes) - correction
    return sum(centred * centred, axes, keepdims) / (divisor if divisor > 0 else 0)


@composed
def std(x: Any, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Value:
    """Square root of `var`, with its axes, shapes and errors; where the variance is exactly 0 the derivative is 0, as
    in PyTorch.

    Equal numbers have the variance 0 if their mean is exact, as that of floats like 0.1 may not be; then their standard
    deviation, and the derivative, are 0 up to rounding.

    Raises:
        TypeError: of Fractions whose variance is no square of one the root is irrational.

    >>> std(Value([1.0, 3.0])).data
    1.0
    >>> x = Value([2.0, 2.0])
    >>> std(x).backward()
    >>> x.grad
    [0.0, 0.0]
    """
    variance = _var("std", x, axis, keepdims, correction)
    zero = equal(variance, 0)
    # The root itself has a vertical tangent at 0, and 0 * inf would be nan: it never sees the 0.
    return where(zero, 0, sqrt(where(zero, 1, variance)))


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Value:
    """Product over axes, multiplied in pairs so that every derivative, the product of the other factors, is right even
    where factors are 0. The product of nothing is 1. Axes, shapes and errors as in `sum`.

    >>> x = Value([2.0, 0.0, 3.0])
    >>> prod(x).backward()
    >>> x.grad
    [0.0, 6.0, 0.0]
    """
    x, axes = _lifted("prod", x, axis, keepdims)
    kept = reduced_shape(x.shape, axes, keepdims=keepdims)
    n = _count(x, axes)
    others = tuple(a for a in range(x.ndim) if a not in axes)
    rows = reshape(apply(PRIMITIVES["permute_dims"], x, axes=axes + others), (n, numel(kept)))
    while n > 1:
        half = n // 2
        paired = rows[:half] * rows[half : 2 * half]
        rows = apply(PRIMITIVES["concat"], paired, rows[2 * half :], axis=0) if n % 2 else paired
        n = rows.shape[0]
    return reshape(rows, kept) if n else sum(x, axes, keepdims) + 1  # the product of no factors


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Value:
    """Largest element over axes. Equal maxima share the gradient equally (``torch.amax``). NaN wins, and makes the
    gradient NaN.

    Raises:
        ValueError: the axes have no elements to choose from. TypeError: complex numbers have no order. For axes as in
            `sum`.

    >>> max(Value([[1.0, 5.0], [7.0, 2.0]]), axis=1).data
    [5.0, 7.0]
    >>> x = Value([3.0, 3.0, 1.0])
    >>> max(x).backward()
    >>> x.grad
    [0.5, 0.5, 0.0]
    """
    return _reduce("max", x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Value:
    """Smallest element over axes. Equal minima share the gradient equally (``torch.amin``). NaN wins, and makes the
    gradient NaN. Shapes and errors as in `max`.

    >>> min(Value([[1.0, 5.0], [7.0, 2.0]]), axis=1).data
    [1.0, 2.0]
    """
    return _reduce("min", x, axis, keepdims)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Value:
    """Index of the first largest element along `axis`, an int, or in the flattened tensor if None; no gradient. NaN
    wins.

    Shapes as in `sum`; the indices are ints.

    Raises:
        ValueError: there is no element. TypeError: complex numbers; several axes. IndexError: there is no such axis.

    >>> argmax(Value([[1.0, 5.0], [7.0, 2.0]]), axis=1).data
    [1, 0]
    >>> argmax(Value([[1.0, 5.0], [7.0, 2.0]])).data
    2
    """
    return _arg("argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Value:
    """Index of the first smallest element along `axis`, or in the flattened tensor; no gradient. Axis and errors as in
    `argmax`.

    >>> argmin(Value([[1.0, 5.0], [7.0, 2.0]]), axis=1).data
    [0, 1]
    """
    return _arg("argmin", x, axis, keepdims)


def _arg(name: str, x: Any, axis: int | None, keepdims: bool) -> Value:
    x, axes = _lifted(name, x, axis, keepdims)
    kept = reduced_shape(x.shape, axes, keepdims)
    if axis is None or not x.ndim:
        x, axis = reshape(x, (x.size,)), 0
    return reshape(apply(PRIMITIVES[name], x, axis=normalize_axis(axis, x.ndim, op=name)), kept)


def cumsum(x: Any, axis: int = 0) -> Value:
    """Running sum along `axis`, ``out[i] = x[0] + ... + x[i]``; the shape stays. The gradient is the running sum from
    the end.

    Raises:
        IndexError: there is no such axis, as in a scalar. TypeError: `axis` is no int, None included.

    >>> x = Value([1.0, 2.0, 3.0])
    >>> cumsum(x).data
    [1.0, 3.0, 6.0]
    >>> cumsum(x).backward([1.0, 1.0, 1.0])
    >>> x.grad
    [3.0, 2.0, 1.0]
    """
    x = lift(x, "cumsum")
    return apply(PRIMITIVES["cumsum"], x, axis=normalize_axis(axis, x.ndim, op="cumsum"))


def _shift(x: Value, axes: tuple[int, ...]) -> Value:
    """Largest element as a constant: subtracted before exp, it cancels in the result and keeps exp from overflowing."""
    if not _count(x, axes):
        return lift(0)
    top = max(x.detach(), axes, keepdims=True)
    return where(equal(top - top, 0), top, 0)  # an infinite maximum would make inf - inf


@composed
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Value:
    """``log(sum(exp(x)))`` without overflow: ``m + log(sum(exp(x - m)))`` with the maximum m; derivative
    ``softmax(x)``. Of nothing, -inf. Axes and shapes as in `sum`.

    Raises:
        TypeError: complex numbers, which have no maximum; Fraction, for which the result is irrational.

    >>> logsumexp(Value([1000.0, 1000.0])).data - 1000.0 - log(2.0).data < 1e-12
    True
    """
    x, axes = _lifted("logsumexp", x, axis, keepdims)
    shift = _shift(x, axes)
    out = log(sum(exp(x - shift), axes, keepdims=True)) + shift
    return out if keepdims else reshape(out, reduced_shape(x.shape, axes, keepdims=False))


@composed
def softmax(x: Any, axis: int = -1) -> Value:
    """``s_i = exp(x_i) / sum over j of exp(x_j)``, without overflow (paper, section II): probabilities in the shape of
    x that add up to 1 along `axis`. The derivative ``ds_i / dx_j`` is ``s_i (1 - s_i)`` for i = j, else ``-s_i s_j``.

    Raises:
        IndexError: there is no such axis; a scalar has none. TypeError: `axis` is no int; complex numbers; Fraction,
            for which the result is irrational.

    >>> softmax(Value([0.0, 0.0])).data
    [0.5, 0.5]
    >>> softmax(Value([[0.0, 1000.0], [0.0, 0.0]]), axis=0).data
    [[0.5, 1.0], [0.5, 0.0]]
    """
    x = lift(x, "softmax")
    at = normalize_axis(axis, x.ndim, op="softmax")
    e = exp(x - _shift(x, (at,)))
    return e / sum(e, at, keepdims=True)


@composed
def log_softmax(x: Any, axis: int = -1) -> Value:
    """``x_i - log(sum over j of exp(x_j))``: the logarithm of `softmax`, right even where softmax rounds to 0.

    The cross-entropy of the paper's equation (4) is minus its sum against the true labels. Shapes and errors as in
    `softmax`.

    >>> log_softmax(Value([0.0, 1000.0])).data
    [-1000.0, 0.0]
    """
    value = lift(x, "log_softmax")
    at = normalize_axis(axis, value.ndim, op="log_softmax")
    shifted = value - _shift(value, (at,))
    return shifted - log(sum(exp(shifted), at, keepdims=True))

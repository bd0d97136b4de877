"""Max and average pooling on flat lists, and the gather and scatter_add that carry a maximum's value and gradient.

Max-pooling is an argmax, which has no derivative, and a gather, whose adjoint is scatter_add. Average pooling is
linear and has its own adjoint. x is (N, C, H, W), the result (N, C, OH, OW).

Sums run from zero, over taps or windows in row-major order: the same bits on every Python version.

Measured for the argmax on CPython 3.11, in microseconds an image of the paper's first pooling, 8 planes of 26 x 26 by
2 x 2: nested loops 930, ``max(places, key=x.__getitem__)`` 530, comparisons written out per kernel size (chosen) 160.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ..shapes import Shape, window_size
from .accumulate import zero_of
from .codegen import define, names, unpacked
from .products import add_columns
from .windows import Windows
from .windows import places as window_places

__all__ = ["avg_pool2d", "avg_pool2d_input_grad", "gather", "max_pool2d_argmax", "pool2d_shape", "scatter_add"]

Flat = list[Any]
Pair = tuple[int, int]


def pool2d_shape(
    x_shape: Sequence[int], kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1), *, op: str = "pool2d"
) -> Shape:
    """Shape (N, C, OH, OW) of pooling x (N, C, H, W).

    Raises ValueError when x has not four axes, an axis other than N is empty, no window fits, or the padding exceeds
    half the kernel, so that a window could lie in the padding alone.

    >>> pool2d_shape((8, 16, 11, 11), (2, 2), (2, 2), (0, 0))
    (8, 16, 5, 5)
    """
    x_shape = tuple(x_shape)
    given = f"{op}: input {x_shape}"
    if len(x_shape) != 4:
        raise ValueError(f"{given} has {len(x_shape)} axes, not the four of (N, C, H, W); reshape it")
    if 0 in x_shape[1:]:
        raise ValueError(f"{given}: a size is 0; only the batch, the first axis, may be empty")
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(
            f"{given}: padding {padding} is more than half the kernel {kernel}; use less padding or a larger kernel"
        )
    sizes = []
    for axis in zip(x_shape[2:], kernel, stride, padding, dilation, strict=True):
        sizes.append(window_size(*axis, op=given))
        if not all(_reaches_inside(i, *axis) for i in range(sizes[-1])):
            raise ValueError(
                f"{given}, kernel {kernel}, padding {padding}, dilation {dilation}: the taps of a window all lie in "
                f"the padding; use less padding or dilation"
            )
    return *x_shape[:2], *sizes


def max_pool2d_argmax(
    x: Flat, x_shape: Shape, *, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> list[int]:
    """Where in the flat x each window has its maximum, as a flat list of shape (N, C, OH, OW).

    Of equal maxima the first in row-major order wins, as in PyTorch. The first NaN of a window is its maximum, so NaN
    is not lost. Padding is never chosen. Raises TypeError for numbers without an order (complex).

    >>> max_pool2d_argmax([1, 5, 2, 2, 5, 0, 2, 2], (1, 1, 2, 4), kernel=(2, 2), stride=(2, 2), padding=(0, 0),
    ...                   dilation=(1, 1))
    [1, 2]
    """
    if not x:
        return []
    if isinstance(x[0], complex):
        raise TypeError("max_pool2d: complex numbers have no order; pool their real or imaginary parts")
    windows = Windows((x_shape[2], x_shape[3]), kernel, stride, padding, dilation)
    places, find = _places(windows), _first_maximum(windows.taps, _has_no_nan(x))
    size = x_shape[2] * x_shape[3]
    result: list[int] = []
    for start in range(0, len(x), size):
        find(x[start : start + size], places, start, result)
    return result


def gather(x: Flat, indices: Sequence[int]) -> Flat:
    """``[x[i] for i in indices]``.

    >>> gather([10, 20, 30], [2, 0, 2])
    [30, 10, 30]
    """
    return [x[i] for i in indices]


def scatter_add(g: Flat, indices: Sequence[int], size: int) -> Flat:
    """Adjoint of gather: a list of `size` zeros to which each ``g[n]`` is added at ``indices[n]``, in order.

    >>> scatter_add([1, 2, 4], [2, 0, 2], 3)
    [2, 0, 5]
    """
    result = [zero_of(g)] * size
    for i, value in zip(indices, g, strict=True):
        result[i] += value
    return result


def avg_pool2d(
    x: Flat, x_shape: Shape, *, kernel: Pair, stride: Pair, padding: Pair, count_include_pad: bool = True
) -> Flat:
    """Mean of each window; the divisor is the kernel's area, or without `count_include_pad` the taps that lie in x.

    >>> avg_pool2d([1.0, 2.0, 3.0, 6.0], (1, 1, 2, 2), kernel=(2, 2), stride=(2, 2), padding=(0, 0))
    [3.0]
    """
    windows = Windows((x_shape[2], x_shape[3]), kernel, stride, padding)
    taps, divisors = _taps(windows), _divisors(windows, count_include_pad)
    zero, size = zero_of(x), x_shape[2] * x_shape[3]
    y: Flat = []
    for start in range(0, len(x), size):
        sums = _sums(x[start : start + size], taps, zero)
        y += [value / divisor for value, divisor in zip(sums, divisors, strict=True)]
    return y


def avg_pool2d_input_grad(
    g: Flat,
    g_shape: Shape,
    *,
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool = True,
) -> Flat:
    """Adjoint of avg_pool2d: each window hands its share of the gradient to every tap that lies in x.

    >>> avg_pool2d_input_grad([4.0], (1, 1, 1, 1), x_shape=(1, 1, 2, 2), kernel=(2, 2), stride=(2, 2), padding=(0, 0))
    [1.0, 1.0, 1.0, 1.0]
    """
    windows = Windows((x_shape[2], x_shape[3]), kernel, stride, padding)
    owners, divisors = _owners(windows), _divisors(windows, count_include_pad)
    zero, size = zero_of(g), g_shape[2] * g_shape[3]
    grad: Flat = []
    for start in range(0, len(g), size):
        shares = [value / divisor for value, divisor in zip(g[start : start + size], divisors, strict=True)]
        grad += _sums(shares, owners, zero)
    return grad


def _sums(values: Flat, columns: Sequence[Sequence[int]], zero: Any) -> Flat:
    """``Σ values[i]`` over the i of each row of `columns`; the index one past the last stands for a zero."""
    values = [*values, zero]
    return add_columns([gather(values, column) for column in columns], zero)


def _reaches_inside(window: int, size: int, kernel: int, stride: int, padding: int, dilation: int) -> bool:
    """Along one axis, whether any tap of a window lies outside the padding."""
    first = window * stride - padding
    return any(0 <= place < size for place in range(first, first + kernel * dilation, dilation))


def _has_no_nan(x: Flat) -> bool:
    """Whether it is sure at little cost that there is none; NaN survives every sum."""
    try:
        return type(x[0]) is float and sum(x) == sum(x)
    except (TypeError, ArithmeticError):  # other kinds among the floats
        return False


@lru_cache(maxsize=32)
def _taps(windows: Windows) -> list[tuple[int, ...]]:
    """The same for each tap, window by window."""
    return list(zip(*window_places(windows), strict=True))


@lru_cache(maxsize=32)
def _places(windows: Windows) -> list[tuple[int, ...]]:
    """The same for each window, but a tap in the padding stands on the first tap of its window that does not.

    It comes before that tap, or it equals it: either way it never changes which place the first maximum has.
    """
    outside = windows.size[0] * windows.size[1]
    places = []
    for taps in window_places(windows):
        first = next(tap for tap in taps if tap != outside)
        places.append(tuple(first if tap == outside else tap for tap in taps))
    return places


@lru_cache(maxsize=32)
def _owners(windows: Windows) -> list[tuple[int, ...]]:
    """For each place in the plane the windows that contain it, as columns; the number of windows fills up the rest."""
    owners: list[list[int]] = [[] for _ in range(windows.size[0] * windows.size[1])]
    every = window_places(windows)
    for window, taps in enumerate(every):
        for tap in taps:
            if tap < len(owners):
                owners[tap].append(window)
    most = max(map(len, owners))
    return list(zip(*[own + [len(every)] * (most - len(own)) for own in owners], strict=True))


@lru_cache(maxsize=32)
def _divisors(windows: Windows, count_include_pad: bool) -> list[int]:
    """How many taps of each window count."""
    outside = windows.size[0] * windows.size[1]
    return [sum(count_include_pad or tap != outside for tap in taps) for taps in window_places(windows)]


@lru_cache(maxsize=32)
def _first_maximum(taps: int, no_nan: bool) -> Callable[[Flat, list[tuple[int, ...]], int, list[int]], None]:
    """The written-out search: ``find(plane, places, start, result)`` appends start + place of each window's maximum."""
    places = names("i", taps)
    name = f"first_maximum_of_{taps}" + "_with_nan" * (not no_nan)
    lines = [
        f"def {name}(plane, places, start, result):",
        "    append = result.append",
        f"    for {unpacked(places)} in places:",
        "        best = plane[i0]",
    ]
    for place in places[1:]:
        value = f"plane[{place}]"
        larger = f"{value} > best" if no_nan else f"best == best and not {value} <= best"  # not <=: it is larger or NaN
        lines += [
            f"        if {larger}:",
            f"            best = {value}",
            f"            i0 = {place}",
        ]
    return define(name, [*lines, "        append(start + i0)"])

"""Max and average pooling on flat lists, and the gather and scatter_add that carry a maximum's value and gradient.

Max-pooling is an argmax, which has no derivative, and a gather, whose adjoint is scatter_add. Average pooling is linear and has
its own adjoint. x is (N, C, H, W), the result (N, C, OH, OW).

Sums run from zero, or for the average from the first tap, in row-major order: the same bits on every Python version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from operator import itemgetter
from typing import Any

from tinygrad_lists.kernels.accumulate import zero_of
from tinygrad_lists.kernels.codegen import add_columns
from tinygrad_lists.kernels.windows import Windows, fold, unfold
from tinygrad_lists.shapes import Shape, window_size

__all__ = ["avg_pool2d", "avg_pool2d_input_grad", "gather", "max_pool2d_argmax", "pool2d_shape", "scatter_add"]

Pair = tuple[int, int]


def pool2d_shape(
    x_shape: Sequence[int], kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1), *, op: str = "pool2d"
) -> Shape:
    """Shape (N, C, OH, OW) of pooling x (N, C, H, W).

    Raises ValueError when x has not four axes, an axis other than N is empty, no window fits, or the padding exceeds half the
    kernel, where a window could lie in the padding alone.

    >>> pool2d_shape((8, 16, 11, 11), (2, 2), (2, 2), (0, 0))
    (8, 16, 5, 5)
    """
    x_shape = tuple(x_shape)
    if len(x_shape) != 4:
        raise ValueError(f"{op}: input {x_shape} has {len(x_shape)} axes, not the four of (N, C, H, W); reshape it")
    if 0 in x_shape[1:]:
        raise ValueError(f"{op}: input {x_shape}: a size is 0; only the batch, the first axis, may be empty")
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(
            f"{op}: input {x_shape}: padding {padding} is more than half the kernel {kernel}; use less padding or a larger kernel"
        )
    sizes = []
    for axis in zip(x_shape[2:], kernel, stride, padding, dilation, strict=True):
        sizes.append(window_size(*axis, op=f"{op}: input {x_shape}"))
        if not all(_taps_inside(i, *axis) for i in range(sizes[-1])):
            raise ValueError(
                f"{op}: input {x_shape}, kernel {kernel}, padding {padding}, dilation {dilation}: the taps of a window all lie in "
                f"the padding; use less padding or dilation"
            )
    return *x_shape[:2], *sizes


def max_pool2d_argmax(
    x: Sequence[Any], x_shape: Shape, *, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> list[int]:
    """Where in the flat x each window has its maximum, as a flat list of shape (N, C, OH, OW).

    Of equal maxima the first in row-major order wins, as in PyTorch. The first NaN of a window is its maximum, so NaN is not
    lost. Padding is never chosen. Raises TypeError for numbers without an order (complex).

    >>> max_pool2d_argmax([1, 5, 2, 2, 5, 0, 2, 2], (1, 1, 2, 4), kernel=(2, 2), stride=(2, 2), padding=(0, 0), dilation=(1, 1))
    [1, 2]
    """
    if not x:
        return []
    if isinstance(x[0], complex):
        raise TypeError("max_pool2d: complex numbers have no order; pool their abs() or real part")
    count, channels, height, width = x_shape
    places = _places(Windows((height, width), kernel, stride, padding, dilation))
    pick = _first_maximum(len(places))
    result: list[int] = []
    size = height * width
    for base in range(0, count * channels * size, size):
        plane = x[base : base + size]
        result += pick(base, [gather(plane, place) for place in places], places)
    return result


def gather(x: Sequence[Any], indices: Sequence[int]) -> list[Any]:
    """``[x[i] for i in indices]``.

    >>> gather([10, 20, 30], [2, 0, 2])
    [30, 10, 30]
    """
    if len(indices) < 2:  # itemgetter wants one index at least, and returns a bare item for one
        return [x[i] for i in indices]
    return list(itemgetter(*indices)(x))


def scatter_add(g: Sequence[Any], indices: Sequence[int], size: int) -> list[Any]:
    """Adjoint of gather: a list of `size` zeros to which each ``g[n]`` is added at ``indices[n]``, in order.

    >>> scatter_add([1, 2, 4], [2, 0, 2], 3)
    [2, 0, 5]
    """
    result = [zero_of(g)] * size
    for i, value in zip(indices, g, strict=True):
        result[i] += value
    return result


def avg_pool2d(
    x: Sequence[Any],
    x_shape: Shape,
    *,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool = True,
) -> list[Any]:
    """Mean of each window; the divisor is the kernel's area, or without `count_include_pad` the taps that lie in x.

    >>> avg_pool2d([1.0, 2.0, 3.0, 6.0], (1, 1, 2, 2), kernel=(2, 2), stride=(2, 2), padding=(0, 0))
    [3.0]
    """
    windows = Windows((x_shape[2], x_shape[3]), kernel, stride, padding)
    divisors = _divisors(windows, count_include_pad)
    zero = zero_of(x)
    y: list[Any] = []
    size = x_shape[2] * x_shape[3]
    for start in range(0, len(x), size):
        rows = unfold([list(x[start : start + size])], windows, zero)
        sums = add_columns(zero, list(zip(*rows, strict=True)))
        y += [value / divisor for value, divisor in zip(sums, divisors, strict=True)]
    return y


def avg_pool2d_input_grad(
    g: Sequence[Any],
    g_shape: Shape,
    *,
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool = True,
) -> list[Any]:
    """Adjoint of avg_pool2d: each window hands its share of the gradient to every tap that lies in x.

    >>> avg_pool2d_input_grad([4.0], (1, 1, 1, 1), x_shape=(1, 1, 2, 2), kernel=(2, 2), stride=(2, 2), padding=(0, 0))
    [1.0, 1.0, 1.0, 1.0]
    """
    windows = Windows((x_shape[2], x_shape[3]), kernel, stride, padding)
    divisors = _divisors(windows, count_include_pad)
    zero = zero_of(g)
    taps = kernel[0] * kernel[1]
    grad: list[Any] = []
    size = g_shape[2] * g_shape[3]
    for start in range(0, len(g), size):
        shares = [value / divisor for value, divisor in zip(g[start : start + size], divisors, strict=True)]
        (plane,) = fold([(share,) * taps for share in shares], windows, zero)
        grad += plane
    return grad


def _taps_inside(window: int, size: int, kernel: int, stride: int, padding: int, dilation: int) -> list[int]:
    """Along one axis, where the taps of a window lie, those in the padding left out."""
    first = window * stride - padding
    return [place for place in range(first, first + kernel * dilation, dilation) if 0 <= place < size]


@lru_cache(maxsize=32)
def _places(windows: Windows) -> list[tuple[int, ...]]:
    """For each tap, where in the plane it lies, window by window.

    A tap in the padding stands on the first tap of its window that lies in the plane: being equal to one that came before, or
    itself the first, it can never be chosen in its place.
    """
    per_window = []
    (height, width), (high, wide) = windows.size, windows.counts
    for i, j in product(range(high), range(wide)):
        rows = [i * windows.stride[0] - windows.padding[0] + k * windows.dilation[0] for k in range(windows.kernel[0])]
        columns = [
            j * windows.stride[1] - windows.padding[1] + k * windows.dilation[1] for k in range(windows.kernel[1])
        ]
        taps = [r * width + c if 0 <= r < height and 0 <= c < width else None for r, c in product(rows, columns)]
        first = next(tap for tap in taps if tap is not None)
        per_window.append([first if tap is None else tap for tap in taps])
    return list(zip(*per_window, strict=True))


@lru_cache(maxsize=32)
def _divisors(windows: Windows, count_include_pad: bool) -> list[int]:
    """How many taps of each window count."""
    if count_include_pad:
        return [windows.kernel[0] * windows.kernel[1]] * (windows.counts[0] * windows.counts[1])
    ones = [1] * (windows.size[0] * windows.size[1])
    return [sum(row) for row in unfold([ones], windows, 0)]


@lru_cache(maxsize=32)
def _first_maximum(taps: int) -> Callable[[int, list[list[Any]], list[tuple[int, ...]]], list[int]]:
    def run(base: int, values: list[list[Any]], places: list[tuple[int, ...]]) -> list[int]:
        result = []
        for row, where in zip(zip(*values, strict=True), zip(*places, strict=True), strict=True):
            best, at = row[0], where[0]
            for value, place in zip(row, where, strict=True):
                if best == best and (value > best or value != value):
                    best, at = value, place
            result.append(base + at)
        return result

    return run

"""2-D convolution and its two adjoints on flat lists: a family closed under differentiation.

Cross-correlation, as in the paper's equation (1) and in every deep learning library. For x (N, C, H, W), w
(F, C/groups, KH, KW) and a bias b (F,) that may be left out, with stride s, dilation d and padding p of each axis::

    y[n, f, i, j] = b[f] + Σ_c Σ_k Σ_l  w[f, c, k, l] · x[n, c, s·i + d·k - p, s·j + d·l - p]

Without the bias it is linear in x and in w. With <a, b> the sum of the elementwise product, its adjoints are defined by

    <conv2d(x, w), g> = <x, conv2d_input_grad(g, w)> = <w, conv2d_weight_grad(x, g)>

and the derivative of each of the three is expressed with the other two.

Accumulation order, the same on every Python version: conv2d sums over c, k, l, from the bias or the first product on;
conv2d_weight_grad sums from zero over n, then the windows row by row; conv2d_input_grad sums over f for each tap, then
from zero over the taps k, l. Zeros in the gradient may be skipped: that changes no bit of a sum that starts from zero,
unless the other factor is infinite or NaN, and then nothing is skipped. After the paper's ReLU and max-pool five sixths
of the gradient are zeros, which makes both gradients three to four times as fast.

Only ``+`` and ``*`` are asked of the elements, and zeros are of their kind: float, complex, Fraction, Decimal and int
all work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

from ..shapes import Shape, window_size
from .accumulate import all_finite, zero_of
from .codegen import MAX_TERMS, spread
from .products import (
    add_rows_at,
    add_scaled_rows,
    add_sums_over_nonzeros_at,
    sums_of_products,
    sums_of_products_once,
)
from .windows import Windows, places, unfold

__all__ = ["conv2d", "conv2d_input_grad", "conv2d_shape", "conv2d_weight_grad"]

Flat = list[Any]
Pair = tuple[int, int]
Part = tuple[int, list[tuple[int, int, list[Any]]]]

SPARSE = 0.6  # skipping zeros pays where a smaller share than this is nonzero,
WORTH_SKIPPING = 64  # and, in conv2d_input_grad, where a window has at least so many multiply-adds


def conv2d_shape(
    x_shape: Sequence[int],
    w_shape: Sequence[int],
    bias_shape: Sequence[int] | None = None,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Shape:
    """Shape (N, F, OH, OW) of the convolution of x (N, C, H, W) with w (F, C/groups, KH, KW).

    Raises ValueError when the two do not fit together, naming both and the remedy. N may be 0; no other size may.

    >>> conv2d_shape((8, 1, 28, 28), (8, 1, 3, 3), stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    (8, 8, 26, 26)
    """
    x_shape, w_shape = tuple(x_shape), tuple(w_shape)
    given = f"conv2d: input {x_shape}, weight {w_shape}"
    if len(x_shape) != 4:
        raise ValueError(f"{given}: the input has {len(x_shape)} axes, not the four of (N, C, H, W); reshape it")
    if len(w_shape) != 4:
        raise ValueError(
            f"{given}: the weight has {len(w_shape)} axes, not the four of (F, C/groups, KH, KW); reshape it"
        )
    if 0 in x_shape[1:] or 0 in w_shape:
        raise ValueError(f"{given}: a size is 0; only the batch, the input's first axis, may be empty")
    if groups < 1:
        raise ValueError(f"{given}: groups is {groups}; it is an int of at least 1")
    channels, filters = x_shape[1], w_shape[0]
    if channels % groups or filters % groups:
        raise ValueError(f"{given}: groups={groups} does not divide both {channels} channels and {filters} filters")
    if w_shape[1] * groups != channels:
        raise ValueError(
            f"{given}: the weight takes {w_shape[1]} channels per group, {w_shape[1] * groups} in all with "
            f"groups={groups}, but the input has {channels}"
        )
    if bias_shape is not None and tuple(bias_shape) != (filters,):
        raise ValueError(f"{given}: the bias has shape {tuple(bias_shape)}; {filters} filters need ({filters},)")
    axes = zip(x_shape[2:], w_shape[2:], stride, padding, dilation, strict=True)
    return x_shape[0], filters, *(window_size(*axis, op=given) for axis in axes)


def conv2d(
    x: Flat,
    x_shape: Shape,
    w: Flat,
    w_shape: Shape,
    bias: Flat = (),  # type: ignore[assignment]  # no bias
    bias_shape: Shape = (),
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Flat:
    """Cross-correlation of x (N, C, H, W) with w (F, C/groups, KH, KW) and a bias (F,): y (N, F, OH, OW), equation (1).

    >>> conv2d([1, 2, 3, 4, 5, 6], (1, 1, 2, 3), [1, 0, 0, 10], (1, 1, 2, 2),
    ...        stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    [51, 62]
    """
    windows = _windows(x_shape, w_shape, stride, padding, dilation)
    zero = zero_of(x)
    filters = _filters(w, w_shape, groups)
    per_group = w_shape[0] // groups
    biases = [bias[first : first + per_group] for first in range(0, w_shape[0], per_group)]
    y: Flat = []
    for image in _images(x, x_shape, groups):
        for planes, weights, of_group in zip(image, filters, biases, strict=True):
            for plane in sums_of_products_once(unfold(planes, windows, zero), weights, of_group):
                y += plane
    return y


def conv2d_input_grad(
    g: Flat,
    g_shape: Shape,
    w: Flat,
    w_shape: Shape,
    *,
    x_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Flat:
    """Adjoint of conv2d in x, the transposed convolution: g (N, F, OH, OW) and w give a gradient of `x_shape`.

    >>> conv2d_input_grad([1, 10], (1, 1, 1, 2), [1, 2, 3, 4], (1, 1, 2, 2), x_shape=(1, 1, 2, 3),
    ...                   stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    [1, 12, 20, 3, 34, 40]
    """
    windows = _windows(x_shape, w_shape, stride, padding, dilation)
    zero = zero_of(g, w)
    zeros = g.count(zero_of(g)) if len(w) // groups >= WORTH_SKIPPING else 0
    sparse = zeros > (1 - SPARSE) * len(g) and all_finite(w)
    # Of the windows over one element the last has its first tap there, so backwards the taps come in order. What falls
    # into the padding goes to one place more, at the end of the plane.
    size = x_shape[2] * x_shape[3]
    back = places(windows)[::-1]
    parts = [_by_parts(rows, windows.taps) for rows in _filters(w, w_shape, groups)]
    grad: Flat = []
    for image in _images(g, g_shape, groups):
        for g_planes, group in zip(image, parts, strict=True):
            at_windows = list(zip(*g_planes, strict=True))[::-1]
            for channels, runs in group:
                planes = [[zero] * (size + 1) for _ in range(channels)]
                for low, high, weights in runs:
                    at = [taps[low:high] for taps in back] if high - low < windows.taps else back
                    if sparse:
                        add_sums_over_nonzeros_at(planes, at, at_windows, weights)
                    else:
                        sums = sums_of_products(at_windows, list(zip(*weights, strict=True)))
                        add_rows_at(planes, at, zip(*sums, strict=True))
                for plane in planes:
                    plane.pop()
                    grad += plane
    return grad


def conv2d_weight_grad(
    x: Flat,
    x_shape: Shape,
    g: Flat,
    g_shape: Shape,
    *,
    w_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Flat:
    """Adjoint of conv2d in w: x and g (N, F, OH, OW) give a gradient of `w_shape`, summed over batch and windows.

    >>> conv2d_weight_grad([1, 2, 3, 4, 5, 6], (1, 1, 2, 3), [1, 10], (1, 1, 1, 2), w_shape=(1, 1, 2, 2),
    ...                    stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    [21, 32, 54, 65]
    """
    windows = _windows(x_shape, w_shape, stride, padding, dilation)
    zero = zero_of(x, g)
    taps = w_shape[1] * w_shape[2] * w_shape[3]
    sums = [[[zero] * taps for _ in range(w_shape[0] // groups)] for _ in range(groups)]
    may_skip = all_finite(x)
    x_zero = zero_of(x)
    for x_image, g_image in zip(_images(x, x_shape, groups), _images(g, g_shape, groups), strict=True):
        for x_planes, g_planes, gradients in zip(x_image, g_image, sums, strict=True):
            rows = unfold(x_planes, windows, x_zero)
            nonzeros = [list(filter(None, plane)) for plane in g_planes]
            if may_skip and sum(map(len, nonzeros)) < SPARSE * len(rows) * len(g_planes):
                for low, high in spread(taps, MAX_TERMS):
                    part = rows if high - low == taps else [row[low:high] for row in rows]
                    for gradient, values, plane in zip(gradients, nonzeros, g_planes, strict=True):
                        gradient[low:high] = add_scaled_rows(gradient[low:high], values, compress(part, plane))
            else:
                sums_of_products(list(zip(*rows, strict=True)), g_planes, gradients)
    return [value for gradients in sums for gradient in gradients for value in gradient]


def _windows(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair) -> Windows:
    return Windows((x_shape[2], x_shape[3]), (w_shape[2], w_shape[3]), stride, padding, dilation)


def _images(values: Flat, shape: Shape, groups: int) -> Iterator[list[list[Flat]]]:
    """Each image as its groups, each group as its planes."""
    count, channels, height, width = shape
    size, per_group = height * width, channels // groups
    for n in range(count):
        starts = range(n * channels * size, (n + 1) * channels * size, size)
        planes = [values[start : start + size] for start in starts]
        yield [planes[first : first + per_group] for first in range(0, channels, per_group)]


def _filters(w: Flat, w_shape: Shape, groups: int) -> list[list[Flat]]:
    """The weights of each filter in one row, by group."""
    taps = w_shape[1] * w_shape[2] * w_shape[3]
    rows = [w[start : start + taps] for start in range(0, len(w), taps)]
    per_group = w_shape[0] // groups
    return [rows[first : first + per_group] for first in range(0, w_shape[0], per_group)]


def _by_parts(filters: list[Flat], taps: int) -> list[Part]:
    """The weights cut into parts that are small enough for one written-out function.

    A part is a number of channels and its runs of taps: (first tap, past the last, for each filter the weights by tap
    and channel).
    """
    parts = []
    for first, last in spread(len(filters[0]) // taps, max(1, MAX_TERMS // taps)):
        runs = [
            (
                low,
                high,
                [tuple(row[c * taps + t] for t in range(low, high) for c in range(first, last)) for row in filters],
            )
            for low, high in spread(taps, max(1, MAX_TERMS // (last - first)))
        ]
        parts.append((last - first, runs))
    return parts

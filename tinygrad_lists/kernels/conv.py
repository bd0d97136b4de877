"""2-D convolution and its two adjoints on flat lists: a family closed under differentiation.

Cross-correlation, as in the paper's equation (1) and every deep learning library, without the bias, over x (N, C, H, W) and
w (F, C/groups, KH, KW)::

    y[n, f, i, j] = Σ_c Σ_k Σ_l  w[f, c, k, l] · x[n, c, i·stride + k·dilation - padding, j·stride + l·dilation - padding]

It is linear in x and in w. With <a, b> the sum of the elementwise product, its adjoints are defined by

    <conv2d(x, w), g> = <x, conv2d_input_grad(g, w)> = <w, conv2d_weight_grad(x, g)>

and the derivative of each of the three is expressed with the other two.

Accumulation order, the same on every Python version: conv2d sums over c, k, l, from the first product on; conv2d_weight_grad sums
from zero over n, then the windows row by row; conv2d_input_grad sums over f for each tap, then from zero over the taps k, l.
Zeros in the gradient may be skipped: that changes no bit of a sum that starts from zero, unless the other factor is
infinite or NaN, and then nothing is skipped.

Only ``+`` and ``*`` are asked of the elements, and zeros are of their kind: float, complex, Fraction, Decimal and int all work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

from tinygrad_lists.kernels.accumulate import all_finite, zero_of
from tinygrad_lists.kernels.codegen import MAX_TERMS, add_scaled_rows, spread, sums_of_products
from tinygrad_lists.kernels.windows import Windows, fold, unfold
from tinygrad_lists.shapes import Shape, window_size

__all__ = ["conv2d", "conv2d_input_grad", "conv2d_shape", "conv2d_weight_grad"]

Pair = tuple[int, int]

SPARSE = 0.6  # share of nonzeros below which skipping zeros pays


def conv2d_shape(
    x_shape: Sequence[int], w_shape: Sequence[int], stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Shape:
    """Shape (N, F, OH, OW) of the convolution of x (N, C, H, W) with w (F, C/groups, KH, KW).

    Raises ValueError when the two do not fit together, naming both and the remedy. N may be 0; no other size may.

    >>> conv2d_shape((8, 1, 28, 28), (8, 1, 3, 3), (1, 1), (0, 0), (1, 1), 1)
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
            f"{given}: the weight takes {w_shape[1]} channels per group, {w_shape[1] * groups} in all with groups={groups}, "
            f"but the input has {channels}"
        )
    axes = zip(x_shape[2:], w_shape[2:], stride, padding, dilation, strict=True)
    return x_shape[0], filters, *(window_size(*axis, op=given) for axis in axes)


def conv2d(
    x: Sequence[Any],
    x_shape: Shape,
    w: Sequence[Any],
    w_shape: Shape,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> list[Any]:
    """Cross-correlation of x (N, C, H, W) with w (F, C/groups, KH, KW): y (N, F, OH, OW), the paper's equation (1).

    >>> conv2d([1, 2, 3, 4, 5, 6], (1, 1, 2, 3), [1, 0, 0, 10], (1, 1, 2, 2),
    ...        stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    [51, 62]
    """
    windows = _windows(x_shape, w_shape, stride, padding, dilation)
    zero = zero_of(x)
    filters = _filters(w, w_shape, groups)
    y: list[Any] = []
    for image in _images(x, x_shape, groups):
        for planes, weights in zip(image, filters, strict=True):
            for plane in sums_of_products(unfold(planes, windows, zero), weights):
                y += plane
    return y


def conv2d_input_grad(
    g: Sequence[Any],
    g_shape: Shape,
    w: Sequence[Any],
    w_shape: Shape,
    *,
    x_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> list[Any]:
    """Adjoint of conv2d in x, the transposed convolution: g (N, F, OH, OW) and w give a gradient of `x_shape`.

    >>> conv2d_input_grad([1, 10], (1, 1, 1, 2), [1, 2, 3, 4], (1, 1, 2, 2), x_shape=(1, 1, 2, 3),
    ...                   stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    [1, 12, 20, 3, 34, 40]
    """
    windows = _windows(x_shape, w_shape, stride, padding, dilation)
    zero = zero_of(g, w)
    filters = _filters(w, w_shape, groups)
    sparse = _mostly_zeros(g) and all_finite(w)
    taps = [list(zip(*weights, strict=True)) for weights in filters]
    grad: list[Any] = []
    for image in _images(g, g_shape, groups):
        for planes, weights, columns in zip(image, filters, taps, strict=True):
            at_windows = list(zip(*planes, strict=True))
            if sparse:
                rows = _skipping_sums(at_windows, weights, zero)
            else:
                rows = list(zip(*sums_of_products(at_windows, columns), strict=True))
            for plane in fold(rows, windows, zero):
                grad += plane
    return grad


def conv2d_weight_grad(
    x: Sequence[Any],
    x_shape: Shape,
    g: Sequence[Any],
    g_shape: Shape,
    *,
    w_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> list[Any]:
    """Adjoint of conv2d in w: x and g (N, F, OH, OW) give a gradient of `w_shape`, summed over the batch and all windows.

    >>> conv2d_weight_grad([1, 2, 3, 4, 5, 6], (1, 1, 2, 3), [1, 10], (1, 1, 1, 2), w_shape=(1, 1, 2, 2),
    ...                    stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    [21, 32, 54, 65]
    """
    windows = _windows(x_shape, w_shape, stride, padding, dilation)
    zero = zero_of(x, g)
    taps = w_shape[1] * w_shape[2] * w_shape[3]
    sums = [[[zero] * taps for _ in range(w_shape[0] // groups)] for _ in range(groups)]
    sparse = _mostly_zeros(g) and all_finite(x)
    pad = zero_of(x)
    for x_image, g_image in zip(_images(x, x_shape, groups), _images(g, g_shape, groups), strict=True):
        for x_planes, g_planes, partial in zip(x_image, g_image, sums, strict=True):
            rows = unfold(x_planes, windows, pad)
            if sparse:
                for low, high in spread(taps, MAX_TERMS):
                    part = rows if high - low == taps else [row[low:high] for row in rows]
                    for plane, gradient in zip(g_planes, partial, strict=True):
                        pairs = compress(zip(plane, part, strict=True), plane)
                        gradient[low:high] = add_scaled_rows(gradient[low:high], pairs)
            else:
                sums_of_products(list(zip(*rows, strict=True)), g_planes, partial)
    return [value for partial in sums for gradient in partial for value in gradient]


def _windows(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair) -> Windows:
    return Windows((x_shape[2], x_shape[3]), (w_shape[2], w_shape[3]), stride, padding, dilation)


def _images(values: Sequence[Any], shape: Shape, groups: int) -> Iterator[list[list[list[Any]]]]:
    """Each image as its groups, each group as its planes."""
    count, channels, height, width = shape
    size, per_group = height * width, channels // groups
    for n in range(count):
        starts = range(n * channels * size, (n + 1) * channels * size, size)
        planes = [list(values[start : start + size]) for start in starts]
        yield [planes[first : first + per_group] for first in range(0, channels, per_group)]


def _filters(w: Sequence[Any], w_shape: Shape, groups: int) -> list[list[Sequence[Any]]]:
    """The weights of each filter in one row, by group."""
    taps = w_shape[1] * w_shape[2] * w_shape[3]
    rows = [w[start : start + taps] for start in range(0, len(w), taps)]
    per_group = w_shape[0] // groups
    return [rows[first : first + per_group] for first in range(0, w_shape[0], per_group)]


def _mostly_zeros(g: Sequence[Any]) -> bool:
    return len(g) - list(g).count(0) < SPARSE * len(g)


def _skipping_sums(at_windows: list[tuple[Any, ...]], weights: list[Sequence[Any]], zero: Any) -> list[tuple[Any, ...]]:
    """``Σ_f g[f] · w[f]`` for each window, passing over the filters whose gradient is zero there."""
    taps = len(weights[0])
    parts = []
    for low, high in spread(taps, MAX_TERMS):
        part = [row[low:high] for row in weights]
        start = (zero,) * (high - low)
        parts.append([add_scaled_rows(start, compress(zip(g, part, strict=True), g)) for g in at_windows])
    return parts[0] if len(parts) == 1 else [sum(pieces, ()) for pieces in zip(*parts, strict=True)]

"""Matrix products, convolutions and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

from ..number_kinds import require_flag, shown
from ..operations import apply, lift
from ..primitives import PRIMITIVES
from ..shapes import is_size, pair, transposed_window_size, window_size
from ..value import Value
from .composed import composed
from .movement import reshape

__all__ = [
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "matmul",
    "max_pool2d",
]

Pair = int | Sequence[int]


def matmul(x: Any, y: Any) -> Value:
    """``x @ y``: out[..., n, m] = sum over k of x[..., n, k] · y[..., k, m].

    Args:
        x: a matrix (N, K), a batch of them (..., N, K), or a vector (K,), which counts as one row.
        y: (K, M), (..., K, M), or a vector (K,), which counts as one column. Leading axes broadcast.

    Returns:
        (..., N, M); without N where x is a vector, without M where y is.

    Raises:
        ValueError: a scalar; inner sizes that differ; leading axes that do not broadcast.

    >>> (Value([[1.0, 2.0], [3.0, 4.0]]) @ Value([1.0, 1.0])).data
    [3.0, 7.0]
    """
    x, y = lift(x, "matmul"), lift(y, "matmul")
    if not x.ndim or not y.ndim:
        raise ValueError(f"matmul: {x.shape} @ {y.shape}: a scalar has no rows or columns; use *")
    if x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        sizes = f"{x.shape[-1]} and {y.shape[max(y.ndim - 2, 0)]}"
        raise ValueError(f"matmul: {x.shape} @ {y.shape}: inner sizes {sizes} differ")
    rows = reshape(x, (1, *x.shape)) if x.ndim == 1 else x
    columns = reshape(y, (*y.shape, 1)) if y.ndim == 1 else y
    out = apply(PRIMITIVES["matmul"], rows, columns)
    shape = out.shape
    if x.ndim == 1:
        shape = shape[:-2] + shape[-1:]
    if y.ndim == 1:
        shape = shape[:-1]
    return reshape(out, shape)


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: int = 1
) -> Value:
    """Cross-correlation with a bias, the paper's equation (1), over a batch:

        y[n, f, i, j] = b[f] + sum over c, k, l of w[f, c, k, l] · x[n, c, i·stride + k·dilation - padding, j·... +
        l·...]

    Args:
        x: images (N, C, H, W).
        weight: filters (F, C / groups, KH, KW).
        bias: (F,) or None.
        stride, padding, dilation: an int, or a pair for height and width; padding is with zeros.
        groups: channels and filters are split into so many groups that do not see each other.

    Returns:
        (N, F, OH, OW) with OH = (H + 2·padding - dilation·(KH - 1) - 1) // stride + 1, and OW likewise.

    Raises:
        ValueError: shapes that do not fit together; a kernel larger than the padded image; groups that do not divide C
            and F; a setting that is no int, or too small.

    >>> conv2d([[[[1.0, 2.0, 3.0]]]], [[[[1.0, 10.0]]]]).data
    [[[[21.0, 32.0]]]]
    """
    operands = [lift(v, "conv2d") for v in (x, weight)] + ([] if bias is None else [lift(bias, "conv2d")])
    return apply(PRIMITIVES["conv2d"], *operands, **_window("conv2d", stride, padding, dilation, groups))


def _window(op: str, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> dict[str, Any]:
    if not is_size(groups, 1):
        raise ValueError(f"{op}: groups is an int of at least 1, not {shown(groups)}")
    return {
        "stride": pair(stride, "stride", op=op),
        "padding": pair(padding, "padding", op=op, minimum=0),
        "dilation": pair(dilation, "dilation", op=op),
        "groups": index(groups),
    }


def _biased(op: str, out: Value, bias: Any) -> Value:
    if bias is None:
        return out
    bias = lift(bias, op)
    _check_bias(op, bias, out.shape[1])
    return out + reshape(bias, (out.shape[1], *[1] * (out.ndim - 2)))


def _check_bias(op: str, bias: Value, filters: int) -> None:
    if bias.shape != (filters,):
        raise ValueError(f"{op}: bias has shape {bias.shape}, but there are {filters} filters: ({filters},)")


@composed
def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> Value:
    """`conv2d` along one axis: y[n, f, i] = b[f] + sum over c, k of w[f, c, k] · x[n, c, i·stride + k·dilation -
    padding].

    Args:
        x: sequences (N, C, L).
        weight: filters (F, C / groups, K).
        bias: (F,) or None.
        stride, padding, dilation, groups: ints, as in `conv2d`.

    Returns:
        (N, F, OL) with OL = (L + 2·padding - dilation·(K - 1) - 1) // stride + 1.

    Raises:
        ValueError: as in `conv2d`; a pair for a setting.

    >>> conv1d([[[1.0, 2.0, 3.0]]], [[[1.0, 10.0]]]).data
    [[[21.0, 32.0]]]
    """
    x, weight = lift(x, "conv1d"), lift(weight, "conv1d")
    settings = (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1), ("groups", groups, 1))
    for name, number, least in settings:
        if not is_size(number, least):
            raise ValueError(f"conv1d: {name} is an int of at least {least}, not {shown(number)}")
    if x.ndim != 3 or weight.ndim != 3:
        raise ValueError(f"conv1d: x {x.shape} must be (N, C, L) and weight {weight.shape} (F, C / groups, K)")
    if bias is not None:
        bias = lift(bias, "conv1d")
        _check_bias("conv1d", bias, weight.shape[0])
    flat = reshape(x, (*x.shape[:2], 1, x.shape[2]))
    taps = reshape(weight, (*weight.shape[:2], 1, weight.shape[2]))
    out = conv2d(flat, taps, bias, (1, stride), (0, padding), (1, dilation), groups)
    return reshape(out, (*out.shape[:2], out.shape[3]))


@composed
def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Value:
    """The adjoint of `conv2d` in its input, used as a layer: every input pixel paints a kernel, strided apart.

        y[n, f, i·stride + k·dilation - padding, j·... + l·...] += w[c, f, k, l] · x[n, c, i, j],  starting from b[f]

    Args:
        x: (N, C, H, W).
        weight: (C, F / groups, KH, KW), as PyTorch has it.
        bias: (F,) or None.
        stride, padding, dilation, groups: as in the `conv2d` that it undoes; padding takes away from the result.
        output_padding: rows and columns added at the end, less than `stride` or `dilation`, since several sizes have
            the same convolution.

    Returns:
        (N, F, OH, OW) with OH = (H - 1)·stride - 2·padding + dilation·(KH - 1) + output_padding + 1, and OW likewise.

    Raises:
        ValueError: shapes that do not fit together; groups that do not divide C; `output_padding` too large; a setting
            that is no int, or too small.

    >>> conv_transpose2d([[[[1.0, 2.0]]]], [[[[1.0, 10.0]]]]).data
    [[[[1.0, 12.0, 20.0]]]]
    """
    op = "conv_transpose2d"
    x, weight = lift(x, op), lift(weight, op)
    if x.ndim != 4 or weight.ndim != 4 or x.shape[1] != weight.shape[0]:
        raise ValueError(f"{op}: x {x.shape} must be (N, C, H, W) and weight {weight.shape} (C, F / groups, KH, KW)")
    window = _window(op, stride, padding, dilation, groups)
    if x.shape[1] % groups:
        raise ValueError(f"{op}: groups={groups} does not divide the {x.shape[1]} channels of x {x.shape}")
    extra = pair(output_padding, "output_padding", op=op, minimum=0)
    spatial = [
        transposed_window_size(size, kernel, s, p, d, e, op=op)
        for size, kernel, s, p, d, e in zip(
            x.shape[2:], weight.shape[2:], window["stride"], window["padding"], window["dilation"], extra, strict=True
        )
    ]
    for axis in (0, 1):
        if extra[axis] >= max(window["stride"][axis], window["dilation"][axis]):
            raise ValueError(f"{op}: output_padding {extra} must be smaller than stride {window['stride']} or dilation")
        window_size(
            spatial[axis],
            weight.shape[2 + axis],
            window["stride"][axis],
            window["padding"][axis],
            window["dilation"][axis],
            op=op,
        )
    shape = (x.shape[0], weight.shape[1] * groups, *spatial)
    return _biased(op, apply(PRIMITIVES["conv2d_input_grad"], x, weight, x_shape=shape, **window), bias)


@composed
def max_pool2d(x: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> Value:
    """Largest element of each window of x (N, C, H, W); `stride` is the kernel's size if left out (paper, section
    II-A.2).

    The gradient goes to the maximum alone; in a tie to the first in row-major order. NaN wins; padding never does.

    Returns:
        (N, C, OH, OW) with OH = (H + 2·padding - dilation·(KH - 1) - 1) // stride + 1, and OW likewise.

    Raises:
        ValueError: x has not four axes; a window larger than the padded image; padding of more than half the kernel; a
            setting that is no int, or too small. TypeError: complex numbers have no order.

    >>> max_pool2d([[[[1.0, 2.0], [4.0, 3.0]]]], 2).data
    [[[[4.0]]]]
    """
    x = lift(x, "max_pool2d")
    kernel = pair(kernel_size, "kernel_size", op="max_pool2d")
    where = apply(
        PRIMITIVES["max_pool2d_argmax"],
        x,
        kernel=kernel,
        stride=kernel if stride is None else pair(stride, "stride", op="max_pool2d"),
        padding=pair(padding, "padding", op="max_pool2d", minimum=0),
        dilation=pair(dilation, "dilation", op="max_pool2d"),
    )
    return apply(PRIMITIVES["gather"], x, where)


def avg_pool2d(
    x: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, count_include_pad: bool = True
) -> Value:
    """Mean of each window of x (N, C, H, W); padding counts as zeros, or not at all without `count_include_pad`.

    Every element of a window gets an equal share of its gradient. Shapes and errors as in `max_pool2d`, with dilation
    1.

    Raises:
        TypeError: `count_include_pad` is no bool.

    >>> avg_pool2d([[[[1.0, 2.0], [4.0, 3.0]]]], 2).data
    [[[[2.5]]]]
    >>> avg_pool2d([[[[1.0, 2.0]]]], (1, 2), stride=1, padding=(0, 1), count_include_pad=False).data
    [[[[1.0, 1.5, 2.0]]]]
    """
    x = lift(x, "avg_pool2d")
    require_flag("avg_pool2d", "count_include_pad", count_include_pad)
    kernel = pair(kernel_size, "kernel_size", op="avg_pool2d")
    return apply(
        PRIMITIVES["avg_pool2d"],
        x,
        kernel=kernel,
        stride=kernel if stride is None else pair(stride, "stride", op="avg_pool2d"),
        padding=pair(padding, "padding", op="avg_pool2d", minimum=0),
        count_include_pad=count_include_pad,
    )

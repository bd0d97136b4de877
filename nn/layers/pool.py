"""Pooling layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from tinygrad_lists import Value, avg_pool2d, concat, functions, max_pool2d

from ..checks import check_flag, check_sizes, is_listed
from ..module import Module
from ..nested import as_value

__all__ = ["AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "AvgPool2d", "GlobalAvgPool2d", "MaxPool2d"]

Pair = int | Sequence[int]


class MaxPool2d(Module):
    """Largest value of each window (paper, section II-A2):

        y[n, c, i, j] = max over k, l of x[n, c, i·stride + k·dilation - padding, j·stride + l·dilation - padding]

    Its gradient goes to that value alone; in a tie to the first. Padding never wins.

    Shapes: (N, C, H, W) -> (N, C, H', W'); what does not fill a window at the right and bottom is left out. `stride` is
    the kernel's size if left out.

    Raises:
        ValueError: sizes below 1, an input of another shape, or one into which no window fits. TypeError: sizes that
            are no numbers.

    >>> import nn
    >>> nn.MaxPool2d(2)([[[[1.0, 2.0], [4.0, 3.0]]]]).data
    [[[[4.0]]]]
    """

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> None:
        self.kernel_size, self.stride, self.padding = _window(self, kernel_size, stride, padding)
        self.dilation = check_sizes(type(self).__name__, "dilation", dilation)

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, C, H', W')."""
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        """Size, and stride where it differs."""
        return f"{self.kernel_size}" + (f", stride={self.stride}" if self.stride is not None else "")


class AvgPool2d(Module):
    """Mean of each window (LeCun et al., "Gradient-based learning applied to document recognition", 1998):

        y[n, c, i, j] = mean over k, l of x[n, c, i·stride + k - padding, j·stride + l - padding]

    `count_include_pad` says whether zeros of the padding count. `stride` is the kernel's size if left out.

    Shapes: (N, C, H, W) -> (N, C, H', W').

    Raises:
        ValueError, TypeError: as for `MaxPool2d`.

    >>> import nn
    >>> nn.AvgPool2d(2)([[[[1.0, 2.0], [4.0, 3.0]]]]).data
    [[[[2.5]]]]
    """

    def __init__(
        self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, count_include_pad: bool = True
    ) -> None:
        self.kernel_size, self.stride, self.padding = _window(self, kernel_size, stride, padding)
        self.count_include_pad = check_flag(type(self).__name__, "count_include_pad", count_include_pad)

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, C, H', W')."""
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)

    def extra_repr(self) -> str:
        """Size, and stride where it differs."""
        return f"{self.kernel_size}" + (f", stride={self.stride}" if self.stride is not None else "")


class _AdaptivePool2d(Module):
    """Pooling with as many windows as wanted, whatever the size of the input."""

    #: Pools (N, C, H, W) with a kernel (KH, KW), which is its own stride.
    _pool: ClassVar[Callable[..., Value]]

    def __init__(self, output_size: int | Sequence[int | None] | None) -> None:
        wanted = tuple(output_size) if is_listed(output_size) else (output_size, output_size)
        sizes = [1 if size is None else size for size in wanted]
        checked = check_sizes(type(self).__name__, "output_size", sizes)
        assert isinstance(checked, tuple)  # as a list was given
        self.output_size = tuple(None if size is None else n for size, n in zip(wanted, checked, strict=True))

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, C, H', W')."""
        x = _images(x, type(self).__name__)
        rows, columns = (
            _windows(size, wanted or size) for size, wanted in zip(x.shape[2:], self.output_size, strict=True)
        )
        if _equal(rows) and _equal(columns):
            return type(self)._pool(x, (rows[0][1], columns[0][1]))
        return concat(
            [
                concat([type(self)._pool(x[:, :, a:b, c:d], (b - a, d - c)) for c, d in columns], axis=3)
                for a, b in rows
            ],
            axis=2,
        )

    def extra_repr(self) -> str:
        """Size."""
        return f"{self.output_size}"


class AdaptiveAvgPool2d(_AdaptivePool2d):
    """Mean of each of H' times W' windows that cover the input, so that the output has the wanted size (He et al.,
    "Spatial pyramid pooling", 2014; windows as in PyTorch):

        window i of H' runs from row floor(i·H / H') to row ceil((i + 1)·H / H')

    Where H' does not divide H, neighbours overlap. Where it does, this is `AvgPool2d` with kernel H / H'.

    Args:
        output_size: H' and W', as an int or a pair; None keeps the input's.

    Shapes: (N, C, H, W) -> (N, C, H', W').

    Raises:
        ValueError: sizes below 1; an input of another shape. TypeError: sizes that are no numbers.

    >>> import nn
    >>> nn.AdaptiveAvgPool2d((1, 2))([[[[1.0, 2.0, 6.0]]]]).data
    [[[[1.5, 4.0]]]]
    """

    _pool = staticmethod(avg_pool2d)


class AdaptiveMaxPool2d(_AdaptivePool2d):
    """`AdaptiveAvgPool2d` with the largest value of each window instead of the mean. The gradient goes to that value
    alone; in a tie to the first.

    Shapes: (N, C, H, W) -> (N, C, H', W').

    Raises:
        ValueError: sizes below 1; an input of another shape. TypeError: sizes that are no numbers.

    >>> import nn
    >>> nn.AdaptiveMaxPool2d((1, 2))([[[[1.0, 2.0, 6.0]]]]).data
    [[[[2.0, 6.0]]]]
    """

    _pool = staticmethod(max_pool2d)


class GlobalAvgPool2d(Module):
    """Mean over all pixels of each channel: images of any size become rows (Lin, Chen, Yan, "Network in network",
    2013):

        y[n, c] = mean over i, j of x[n, c, i, j]

    Shapes: (N, C, H, W) -> (N, C).

    Raises:
        ValueError: an input of another shape.

    >>> import nn
    >>> nn.GlobalAvgPool2d()([[[[1.0, 2.0], [4.0, 3.0]]]]).data
    [[2.5]]
    """

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, C)."""
        return functions.mean(_images(x, "GlobalAvgPool2d"), (2, 3))


def _window(layer: Module, kernel_size: Pair, stride: Pair | None, padding: Pair) -> tuple[Any, Any, Any]:
    """What both kinds of pooling have, checked."""
    op = type(layer).__name__
    kernel, around = check_sizes(op, "kernel_size", kernel_size), check_sizes(op, "padding", padding, at_least=0)
    return kernel, None if stride is None else check_sizes(op, "stride", stride), around


def _images(x: Any, name: str) -> Value:
    value = as_value(x)
    if value.ndim != 4 or 0 in value.shape[2:]:
        raise ValueError(f"{name}: the input has shape {value.shape}; expected (N, C, H, W) with H, W of at least 1")
    return value


def _windows(size: int, count: int) -> list[tuple[int, int]]:
    """(start, stop) of each of `count` windows that cover `size` places.

    >>> _windows(5, 2), _windows(2, 3)
    ([(0, 3), (2, 5)], [(0, 1), (0, 2), (1, 2)])
    """
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _equal(windows: list[tuple[int, int]]) -> bool:
    """Whether the windows stand side by side and are equally wide."""
    width = windows[0][1]
    return all(window == (i * width, (i + 1) * width) for i, window in enumerate(windows))

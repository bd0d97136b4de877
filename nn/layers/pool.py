"""Pooling layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_lists import Value, avg_pool2d, max_pool2d

from ..module import Module

__all__ = ["AvgPool2d", "MaxPool2d"]

Pair = int | Sequence[int]


class MaxPool2d(Module):
    """Largest value of each window (paper, section II-A2). Its gradient goes to that value alone; in a tie to the
    first.

    Shapes: (N, C, H, W) -> (N, C, H', W'); what does not fill a window at the right and bottom is left out. `stride` is
    the kernel's size if left out.

    >>> import nn
    >>> nn.MaxPool2d(2)([[[[1.0, 2.0], [4.0, 3.0]]]]).data
    [[[[4.0]]]]
    """

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, C, H', W')."""
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        """Size, and stride where it differs."""
        return f"{self.kernel_size}" + (f", stride={self.stride}" if self.stride is not None else "")


class AvgPool2d(Module):
    """Mean of each window. `count_include_pad` says whether zeros of the padding count.

    >>> import nn
    >>> nn.AvgPool2d(2)([[[[1.0, 2.0], [4.0, 3.0]]]]).data
    [[[[2.5]]]]
    """

    def __init__(
        self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, count_include_pad: bool = True
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.count_include_pad = count_include_pad

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, C, H', W')."""
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)

    def extra_repr(self) -> str:
        """Size, and stride where it differs."""
        return f"{self.kernel_size}" + (f", stride={self.stride}" if self.stride is not None else "")

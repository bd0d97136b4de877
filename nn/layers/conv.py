"""Convolutional layers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from tinygrad_lists import Value, conv2d

from .. import init
from ..module import Module

__all__ = ["Conv2d"]

Pair = int | Sequence[int]


class Conv2d(Module):
    """Cross-correlation with learnt filters, the paper's equation (1):

        y[n, f, i, j] = b[f] + sum over c, k, l of w[f, c, k, l] · x[n, c, i + k, j + l]

    Args:
        in_channels, out_channels: C and F.
        kernel_size, stride, padding, dilation: an int or a pair (height, width).
        groups: channels and filters are split into so many groups that do not see each other.
        bias: whether there is one.
        rng: source of the initial weights, uniform in ±1/sqrt(fan_in) as in PyTorch; the seed is 0 if left out.

    Shapes: (N, C, H, W) -> (N, F, H', W') with ``H' = (H + 2·padding - dilation·(kernel - 1) - 1) // stride + 1``.

    >>> import nn
    >>> layer = nn.Conv2d(1, 8, 3)
    >>> layer([[[[0.0] * 28] * 28]]).shape
    (1, 8, 26, 26)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        rng: random.Random | None = None,
    ) -> None:
        height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        if min(in_channels, out_channels, height, width, groups) < 1:
            raise ValueError(
                f"Conv2d: in_channels={in_channels}, out_channels={out_channels}, kernel_size={kernel_size}, "
                f"groups={groups} must all be at least 1"
            )
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d: groups={groups} does not divide {in_channels} channels and {out_channels} filters"
            )
        rng = rng if rng is not None else random.Random(0)
        shape = (out_channels, in_channels // groups, height, width)
        gain = 1 / math.sqrt(3)  # makes kaiming_uniform's bound 1/sqrt(fan_in), PyTorch's default
        self.weight = Value(init.kaiming_uniform(shape, rng, gain), name="weight")
        bound = 1 / math.sqrt(init.fans(shape)[0])
        self.bias = Value([rng.uniform(-bound, bound) for _ in range(out_channels)], name="bias") if bias else None
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, F, H', W')."""
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        filters, channels, *kernel = self.weight.shape
        parts = [f"{channels * self.groups}, {filters}, {tuple(kernel)}"]
        for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
            if getattr(self, name) != default:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts + ([] if self.bias is not None else ["bias=False"]))

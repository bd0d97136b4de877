"""Convolutional layers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, ClassVar

from tinygrad_lists import Value, conv1d, conv2d, conv_transpose2d

from .. import init
from ..checks import check_flag, check_rng, check_size, check_sizes, check_whole
from ..module import Module

__all__ = ["Conv1d", "Conv2d", "ConvTranspose2d"]

Pair = int | Sequence[int]


class _Convolution(Module):
    """What all convolutions share: filters, a bias, and how the window moves."""

    weight: Value
    bias: Value | None
    groups: int

    #: Axes along which the window moves.
    _axes: ClassVar[int] = 2

    def _sizes(self, name: str, value: Pair, at_least: int = 1) -> Any:
        """A size that all axes have, or one for each of them, checked."""
        op = type(self).__name__
        return check_sizes(op, name, value, at_least) if self._axes == 2 else check_whole(op, name, value, at_least)

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        groups: int,
        bias: bool,
        rng: random.Random | None,
        transposed: bool = False,
    ) -> None:
        op = type(self).__name__
        in_channels = check_size(op, "in_channels", in_channels)
        out_channels = check_size(op, "out_channels", out_channels)
        groups = check_size(op, "groups", groups)
        size = self._sizes("kernel_size", kernel_size)
        kernel = size if isinstance(size, tuple) else (size,) * self._axes
        bias, rng = check_flag(op, "bias", bias), check_rng(op, rng, "uniform")
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{op}: groups={groups} does not divide {in_channels} channels and {out_channels} filters")
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        shape = (first, second // groups, *kernel)
        gain = 1 / math.sqrt(3)  # makes kaiming_uniform's bound 1/sqrt(fan_in), PyTorch's default
        self.weight = Value(init.kaiming_uniform(shape, rng, gain), name="weight")
        bound = 1 / math.sqrt(init.fans(shape)[0])
        self.bias = Value([rng.uniform(-bound, bound) for _ in range(out_channels)], name="bias") if bias else None
        self.groups = groups

    def _repr(self, channels: int, filters: int, *names: tuple[str, int]) -> str:
        kernel = self.weight.shape[2:]
        parts = [f"{channels}, {filters}, {kernel if len(kernel) > 1 else kernel[0]}"]
        for name, default in names:
            if getattr(self, name) != default:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts + ([] if self.bias is not None else ["bias=False"]))

    def multiply_adds(self, inputs: Sequence[int], output: Sequence[int]) -> int:
        """One for each filter tap under each output."""
        return math.prod(output) * math.prod(self.weight.shape[1:])


class Conv2d(_Convolution):
    """Cross-correlation with learnt filters, the paper's equation (1):

        y[n, f, i, j] = b[f] + sum over c, k, l of w[f, c, k, l] · x[n, c, i + k, j + l]

    Args:
        in_channels, out_channels: C and F.
        kernel_size, stride, padding, dilation: an int or a pair (height, width).
        groups: channels and filters are split into so many groups that do not see each other.
        bias: whether there is one.
        rng: source of the initial weights, uniform in ±1/sqrt(fan_in) as in PyTorch; the seed is 0 if left out.

    Shapes: (N, C, H, W) -> (N, F, H', W') with ``H' = (H + 2·padding - dilation·(kernel - 1) - 1) // stride + 1``.

    Raises:
        ValueError: sizes below 1, groups that do not divide the channels; an input of another shape, or too small.
        TypeError: sizes that are no numbers, a `bias` that is neither True nor False, an `rng` that is no generator.

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
        self.stride, self.dilation = self._sizes("stride", stride), self._sizes("dilation", dilation)
        self.padding = self._sizes("padding", padding, at_least=0)
        self._set_up(in_channels, out_channels, kernel_size, groups, bias, rng)

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, F, H', W')."""
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        filters, channels = self.weight.shape[:2]
        return self._repr(
            channels * self.groups, filters, ("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)
        )


class Conv1d(_Convolution):
    """`Conv2d` along one axis, for sequences (Waibel et al., "Phoneme recognition using time-delay neural networks",
    1989):

        y[n, f, i] = b[f] + sum over c, k of w[f, c, k] · x[n, c, i·stride + k·dilation - padding]

    Args:
        in_channels, out_channels: C and F.
        kernel_size, stride, padding, dilation: ints.
        groups, bias, rng: as for `Conv2d`.

    Shapes: (N, C, L) -> (N, F, L') with ``L' = (L + 2·padding - dilation·(kernel - 1) - 1) // stride + 1``.

    Raises:
        ValueError, TypeError: as for `Conv2d`.

    >>> import nn
    >>> layer = nn.Conv1d(1, 1, 2)
    >>> layer.weight.data, layer.bias.data = [[[1.0, 10.0]]], [0.5]
    >>> layer([[[1.0, 2.0, 3.0]]]).data
    [[[21.5, 32.5]]]
    """

    _axes = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        rng: random.Random | None = None,
    ) -> None:
        self.stride, self.dilation = self._sizes("stride", stride), self._sizes("dilation", dilation)
        self.padding = self._sizes("padding", padding, at_least=0)
        self._set_up(in_channels, out_channels, kernel_size, groups, bias, rng)

    def forward(self, x: Any) -> Value:
        """(N, C, L) -> (N, F, L')."""
        return conv1d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        filters, channels = self.weight.shape[:2]
        return self._repr(
            channels * self.groups, filters, ("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)
        )


class ConvTranspose2d(_Convolution):
    """The adjoint of `Conv2d`: every input pixel paints its kernel onto the output, strided apart (Zeiler et al.,
    "Deconvolutional networks", 2010). It undoes the shape of a convolution with the same arguments, as decoders need:

        y[n, f, i·stride + k·dilation - padding, ...] += w[c, f, k, l] · x[n, c, i, j],    y starts as b[f]

    Args:
        in_channels, out_channels: C and F.
        kernel_size, stride, padding, dilation: an int or a pair (height, width).
        output_padding: rows and columns added at the end, less than `stride` or `dilation`; several sizes have
            convolutions of one size, and this chooses among them.
        groups, bias, rng: as for `Conv2d`. The weight is (C, F / groups, KH, KW), as in PyTorch.

    Shapes: (N, C, H, W) -> (N, F, H', W') with
    ``H' = (H - 1)·stride - 2·padding + dilation·(kernel - 1) + output_padding + 1``.

    Raises:
        ValueError, TypeError: as for `Conv2d`; an `output_padding` that is too large.

    >>> import nn
    >>> layer = nn.ConvTranspose2d(1, 1, (1, 2), stride=(1, 2), bias=False)
    >>> layer.weight.data = [[[[1.0, 10.0]]]]
    >>> layer([[[[1.0, 2.0]]]]).data
    [[[[1.0, 10.0, 2.0, 20.0]]]]
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
        rng: random.Random | None = None,
    ) -> None:
        self.stride, self.dilation = self._sizes("stride", stride), self._sizes("dilation", dilation)
        self.padding = self._sizes("padding", padding, at_least=0)
        self.output_padding = self._sizes("output_padding", output_padding, at_least=0)
        self._set_up(in_channels, out_channels, kernel_size, groups, bias, rng, transposed=True)

    def forward(self, x: Any) -> Value:
        """(N, C, H, W) -> (N, F, H', W')."""
        return conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation
        )

    def multiply_adds(self, inputs: Sequence[int], output: Sequence[int]) -> int:
        """One for each tap of the kernels that each input paints."""
        return math.prod(inputs) * math.prod(self.weight.shape[1:])

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        channels, filters = self.weight.shape[:2]
        names = (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1), ("groups", 1))
        return self._repr(channels, filters * self.groups, *names)

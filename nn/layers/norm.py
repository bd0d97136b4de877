"""Normalisation: numbers brought to mean 0 and variance 1, then scaled and shifted by what is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tinygrad_lists import Value, functions, no_grad

from .. import init
from ..checks import check_flag, check_not_negative, check_number, check_size, check_sizes
from ..module import Module
from ..nested import as_value

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm"]


class _BatchNorm(Module):
    """What batch normalisation does for any number of axes behind the channels."""

    _shapes: ClassVar[dict[int, str]]  # number of axes -> how they are called

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        name = type(self).__name__
        num_features = check_size(name, "num_features", num_features)
        if momentum is not None:
            check_number(name, "momentum", momentum, at_least=0, at_most=1)
        self.num_features, self.momentum = num_features, momentum
        self.eps = check_not_negative(name, "eps", eps)
        affine = check_flag(name, "affine", affine)
        track_running_stats = check_flag(name, "track_running_stats", track_running_stats)
        self.weight = Value([1.0] * num_features, name="weight") if affine else None
        self.bias = Value([0.0] * num_features, name="bias") if affine else None
        self.running_mean = self.running_var = self.num_batches_tracked = None
        if track_running_stats:
            self.running_mean = Value([0.0] * num_features, requires_grad=False, name="running_mean")
            self.running_var = Value([1.0] * num_features, requires_grad=False, name="running_var")
            self.num_batches_tracked = Value(0, requires_grad=False, name="num_batches_tracked")

    def forward(self, x: Any) -> Value:
        """The same shape; channels are axis 1."""
        value = as_value(x)
        name = type(self).__name__
        if value.ndim not in self._shapes or value.shape[1] != self.num_features:
            expected = " or ".join(self._shapes.values()).replace("C", str(self.num_features))
            raise ValueError(f"{name}: the input has shape {value.shape}; expected {expected}")
        per_channel = (self.num_features, *[1] * (value.ndim - 2))
        if not self.training and self.running_mean is not None and self.running_var is not None:
            mean = functions.reshape(self.running_mean, per_channel)
            variance = functions.reshape(self.running_var, per_channel)
            centred = value - mean
        else:
            count = value.size // self.num_features
            if count < 2:
                raise ValueError(
                    f"{name}: input {value.shape} has one value per channel, and so no variance; use a larger batch, "
                    f"or eval()"
                )
            axes = (0, *range(2, value.ndim))
            mean = functions.mean(value, axes, keepdims=True)
            centred = value - mean
            variance = functions.mean(centred * centred, axes, keepdims=True)
            if self.training:
                self._track(mean, variance, count)
        y = centred / functions.sqrt(variance + self.eps)
        if self.weight is None or self.bias is None:
            return y
        return y * functions.reshape(self.weight, per_channel) + functions.reshape(self.bias, per_channel)

    def _track(self, mean: Value, variance: Value, count: int) -> None:
        """Move the running statistics towards those of this batch."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        with no_grad():
            self.num_batches_tracked.assign(self.num_batches_tracked + 1)
            share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
            unbiased = variance * count / (count - 1)
            for running, batch in ((self.running_mean, mean), (self.running_var, unbiased)):
                running.assign((1 - share) * running + share * functions.reshape(batch, running.shape))

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        parts = [f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"]
        parts += [] if self.weight is not None else ["affine=False"]
        return ", ".join(parts + ([] if self.running_mean is not None else ["track_running_stats=False"]))


class BatchNorm1d(_BatchNorm):
    """Each channel with the mean and variance that it has in the batch (Ioffe, Szegedy, 2015, algorithm 1):

        y = (x - mean) / sqrt(var + eps) · weight + bias

    In training mode mean and variance are those of the batch, over all axes but the channels', and the gradient flows
    through them; the variance divides by n. In evaluation mode they are the running ones, which training moves by

        running <- (1 - momentum) · running + momentum · batch          (with the variance that divides by n - 1)

    as in PyTorch, whose conventions and buffers (``running_mean``, ``running_var``, ``num_batches_tracked``) these are.

    Args:
        num_features: number of channels C.
        eps: added to the variance, so that a constant channel does not divide by 0.
        momentum: share of each batch in the running statistics; None for the plain average of all batches so far.
        affine: whether ``weight`` (at first 1) and ``bias`` (at first 0) are learnt.
        track_running_stats: without them, evaluation uses the batch's statistics, too.

    Shapes: (N, C) or (N, C, L), and the same out.

    Raises:
        TypeError: an argument of another type. ValueError: one out of its range; another shape; in training, a single
            value per channel, which has no variance.

    >>> import nn
    >>> layer = nn.BatchNorm1d(1, eps=0.0)
    >>> layer([[1.0], [3.0]]).data
    [[-1.0], [1.0]]
    >>> layer.running_mean.data, layer.running_var.data  # a tenth of 2, and 0.9 · 1 + 0.1 · 2
    ([0.2], [1.1])
    """

    _shapes = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` for images: each channel with its mean and variance over the batch and all pixels (Ioffe, Szegedy,
    2015, section 3.2). Arguments, modes and buffers are the same.

    Shapes: (N, C, H, W), and the same out.

    >>> import nn
    >>> nn.BatchNorm2d(1, eps=0.0)([[[[1.0, 3.0]]]]).data
    [[[[-1.0, 1.0]]]]
    """

    _shapes = {4: "(N, C, H, W)"}


class LayerNorm(Module):
    """Each sample with its own mean and variance, over its last axes (Ba, Kiros, Hinton, 2016):

        y = (x - mean) / sqrt(var + eps) · weight + bias

    The variance divides by n. Training and evaluation are the same, and no sample sees another.

    Args:
        normalized_shape: sizes of the axes that are normalised together, the last ones of the input; or one size.
        eps: added to the variance.
        elementwise_affine: whether ``weight`` (at first 1) is learnt, of `normalized_shape`.
        bias: whether ``bias`` (at first 0) is learnt beside it.

    Shapes: (..., *normalized_shape), and the same out.

    Raises:
        TypeError: an argument of another type. ValueError: one out of its range; the input does not end in
            `normalized_shape`.

    >>> import nn
    >>> nn.LayerNorm(2, eps=0.0)([[1.0, 3.0], [10.0, 30.0]]).data
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        op = type(self).__name__
        sizes = check_sizes(op, "normalized_shape", normalized_shape, count=None)
        shape = sizes if isinstance(sizes, tuple) else (sizes,)
        self.normalized_shape, self.eps = shape, check_not_negative(op, "eps", eps)
        affine, bias = check_flag(op, "elementwise_affine", elementwise_affine), check_flag(op, "bias", bias)
        self.weight = Value(init.constant(shape, 1.0), name="weight") if affine else None
        self.bias = Value(init.zeros(shape), name="bias") if affine and bias else None

    def forward(self, x: Any) -> Value:
        """The same shape."""
        value = as_value(x)
        count = len(self.normalized_shape)
        if value.shape[-count:] != self.normalized_shape:
            expected = ", ".join(map(str, self.normalized_shape))
            raise ValueError(f"LayerNorm: the input has shape {value.shape}; expected (..., {expected})")
        axes = range(value.ndim - count, value.ndim)
        centred = value - functions.mean(value, axes, keepdims=True)
        y = centred / functions.sqrt(functions.mean(centred * centred, axes, keepdims=True) + self.eps)
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        size = self.normalized_shape[0] if len(self.normalized_shape) == 1 else self.normalized_shape
        parts = [f"{size}, eps={self.eps}"]
        parts += [] if self.weight is not None else ["elementwise_affine=False"]
        return ", ".join(parts + (["bias=False"] if self.weight is not None and self.bias is None else []))

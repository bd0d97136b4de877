"""Activations: functions of each element, and softmax."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..module import Module

__all__ = ["ELU", "GELU", "LeakyReLU", "ReLU", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh"]


class ReLU(Module):
    """``max(x, 0)``; the derivative at 0 is 0.

    >>> import nn
    >>> nn.ReLU()([-1.0, 2.0]).data
    [0.0, 2.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.relu(x)


class LeakyReLU(Module):
    """x for x > 0, ``negative_slope · x`` elsewhere.

    >>> import nn
    >>> nn.LeakyReLU(0.1)([-1.0, 2.0]).data
    [-0.1, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.leaky_relu(x, self.negative_slope)


class ELU(Module):
    """x for x > 0, ``alpha · (exp(x) - 1)`` elsewhere.

    >>> import nn
    >>> nn.ELU()([0.0, 2.0]).data
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.elu(x, self.alpha)


class GELU(Module):
    """``x · Phi(x)`` with the normal distribution function.

    >>> import nn
    >>> nn.GELU()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.gelu(x)


class SiLU(Module):
    """``x · sigmoid(x)``.

    >>> import nn
    >>> nn.SiLU()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.silu(x)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``.

    >>> import nn
    >>> nn.Sigmoid()([0.0]).data
    [0.5]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.sigmoid(x)


class Softplus(Module):
    """``log(1 + exp(x))``.

    >>> import nn
    >>> nn.Softplus()([1000.0]).data
    [1000.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.softplus(x)


class Tanh(Module):
    """Hyperbolic tangent.

    >>> import nn
    >>> nn.Tanh()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.tanh(x)


class Softmax(Module):
    """``exp(x_i) / sum over j of exp(x_j)`` along `axis`: probabilities (paper, section II).

    For training use `CrossEntropyLoss` on the logits instead: it contains the softmax, and stays right where this
    rounds to 0.

    >>> import nn
    >>> nn.Softmax()([[0.0, 0.0]]).data
    [[0.5, 0.5]]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Value:
        """Any shape; the sums along `axis` are 1."""
        return functions.softmax(x, self.axis)

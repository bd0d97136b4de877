"""Softmax: numbers along an axis as probabilities, or as their logarithms."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_whole
from ..module import Module

__all__ = ["LogSoftmax", "Softmax"]


class Softmax(Module):
    """``exp(x_i) / sum over j of exp(x_j)`` along `axis`: probabilities (paper, section II).

    TypeError for an axis that is no number, IndexError in a call for one that the input has not.

    For training use `CrossEntropyLoss` on the logits instead: it contains the softmax, and stays right where this
    rounds to 0.

    >>> import nn
    >>> nn.Softmax()([[0.0, 0.0]]).data
    [[0.5, 0.5]]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = check_whole(type(self).__name__, "axis", axis)

    def forward(self, x: Any) -> Value:
        """Any shape; the sums along `axis` are 1."""
        return functions.softmax(x, self.axis)

    def extra_repr(self) -> str:
        """Axis."""
        return f"axis={self.axis}"


class LogSoftmax(Module):
    """``x_i - log(sum over j of exp(x_j))`` along `axis`: the logarithm of `Softmax`, right even where that rounds to
    0.

    >>> import nn
    >>> nn.LogSoftmax()([0.0, 1000.0]).data
    [-1000.0, 0.0]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = check_whole(type(self).__name__, "axis", axis)

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.log_softmax(x, self.axis)

    def extra_repr(self) -> str:
        """Axis."""
        return f"axis={self.axis}"

"""Losses of predicted numbers."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_number
from .reduction import Loss, pair_of

__all__ = ["HuberLoss", "L1Loss", "MSELoss"]


class MSELoss(Loss):
    """Squared error ``(x - y)²`` (Legendre, 1805): the mean is the best guess.

    Args:
        reduction: "mean" over all elements, "sum", or "none".

    Shapes: predictions and targets of one shape; result a scalar, or that shape for "none".

    Raises:
        ValueError: shapes that differ, an unknown reduction. TypeError: what is no number.

    >>> import nn
    >>> nn.MSELoss()([1.0, 2.0], [1.0, 5.0]).data
    4.5
    """

    def forward(self, predictions: Any, targets: Any) -> Value:
        """Loss of predictions against targets."""
        x, y = pair_of("MSELoss", predictions, targets)
        difference = x - y
        return self.reduce(difference * difference)


class L1Loss(Loss):
    """Absolute error ``|x - y|`` (Boscovich, 1757): the median is the best guess, and outliers pull no harder than
    others. Where x = y the derivative is 0.

    Args:
        reduction: "mean" over all elements, "sum", or "none".

    Shapes: predictions and targets of one shape; result a scalar, or that shape for "none".

    Raises:
        ValueError: shapes that differ, an unknown reduction. TypeError: what is no number.

    >>> import nn
    >>> nn.L1Loss()([1.0, 2.0], [1.0, 5.0]).data
    1.5
    """

    def forward(self, predictions: Any, targets: Any) -> Value:
        """Loss of predictions against targets."""
        x, y = pair_of("L1Loss", predictions, targets)
        return self.reduce(functions.abs(x - y))


class HuberLoss(Loss):
    """Squared for small errors, absolute for large ones, smooth between (Huber, 1964):

        d² / 2                       for |d| <= delta, with d = x - y
        delta · (|d| - delta / 2)    elsewhere

    Args:
        reduction: "mean" over all elements, "sum", or "none".
        delta: where one turns into the other, above 0.

    Shapes: predictions and targets of one shape; result a scalar, or that shape for "none".

    Raises:
        ValueError: shapes that differ, an unknown reduction, a delta that is not above 0. TypeError: what is no number.

    >>> import nn
    >>> nn.HuberLoss("none")([1.5, 5.0], [1.0, 1.0]).data
    [0.125, 3.5]
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = check_number(type(self).__name__, "delta", delta, above=0, tensor=True)

    def forward(self, predictions: Any, targets: Any) -> Value:
        """Loss of predictions against targets."""
        x, y = pair_of("HuberLoss", predictions, targets)
        size = functions.abs(x - y)
        return self.reduce(
            functions.where(size <= self.delta, size * size / 2, self.delta * (size - self.delta / 2)),
        )

    def extra_repr(self) -> str:
        """Reduction and delta."""
        return f"{super().extra_repr()}, delta={self.delta}"

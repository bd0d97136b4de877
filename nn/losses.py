"""Losses: from predictions and targets to the one number that training makes small."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from .module import Module

__all__ = ["CrossEntropyLoss"]


class CrossEntropyLoss(Module):
    """``E = - sum over i of y_i log(ŷ_i)`` with ``ŷ = softmax(logits)``, the paper's equation (4), for each sample.

    Softmax and logarithm are one step here (log-softmax), so that a probability which rounds to 0 does not give an
    infinite loss.

    Args:
        reduction: "mean" over the batch (equation 5), "sum", or "none".

    Shapes: logits (N, C); target class indices (N) or one-hot (or soft) rows (N, C). Result a scalar, or (N) for
    "none".

    Raises:
        ValueError: shapes that do not fit, or a class index that is no int or not in 0 ... C - 1, with its position.

    >>> import nn
    >>> nn.CrossEntropyLoss()([[0.0, 0.0]], [1]).data  # log 2
    0.6931471805599453
    """

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"CrossEntropyLoss: reduction is 'mean', 'sum' or 'none', not {reduction!r}")
        self.reduction = reduction

    def forward(self, logits: Any, target: Any) -> Value:
        """Loss of logits (N, C) against targets (N) or (N, C)."""
        scores = logits if isinstance(logits, Value) else Value(logits, requires_grad=False)
        if scores.ndim != 2 or 0 in scores.shape:
            raise ValueError(
                f"CrossEntropyLoss: logits have shape {scores.shape}; expected (N, C) with N, C of at least 1"
            )
        chosen = target if isinstance(target, Value) else Value(target, requires_grad=False)
        samples, classes = scores.shape
        log_probabilities = functions.log_softmax(scores)
        if chosen.shape == (samples,):
            functions.check_labels(chosen, classes, "CrossEntropyLoss")
            mask = functions.equal(functions.reshape(chosen, (samples, 1)), list(range(classes)))
            # Chosen, not multiplied: 0 times the -inf of an impossible class would be nan.
            losses = -functions.where(mask, log_probabilities, 0).sum(1)
        elif chosen.shape == scores.shape:
            losses = -(log_probabilities * chosen).sum(1)
        else:
            raise ValueError(
                f"CrossEntropyLoss: logits {scores.shape} need targets of shape ({samples},) (class indices) or "
                f"{scores.shape} (one-hot rows), not {chosen.shape}"
            )
        return losses if self.reduction == "none" else losses.mean() if self.reduction == "mean" else losses.sum()

    def extra_repr(self) -> str:
        """How losses are put together."""
        return f"reduction={self.reduction!r}"

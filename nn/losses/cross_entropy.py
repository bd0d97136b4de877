"""Cross-entropy over classes, the paper's loss."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_number
from ..nested import as_value, check_tensor
from .reduction import Loss

__all__ = ["CrossEntropyLoss"]


class CrossEntropyLoss(Loss):
    """``E = - sum over i of y_i log(ŷ_i)`` with ``ŷ = softmax(logits)``, the paper's equation (4), for each sample.

    Softmax and logarithm are one step here (log-softmax), so that a probability which rounds to 0 does not give an
    infinite loss. With label smoothing and weights of the classes

        E = - sum over i of weight_i · ((1 - label_smoothing) · y_i + label_smoothing / C) · log(ŷ_i)

    Args:
        reduction: "mean" over the batch (equation 5), "sum", or "none". With class indices and weights, the mean
            divides by the weights of the classes that occur, as in PyTorch.
        label_smoothing: share of each label that is spread over all classes (Szegedy et al., 2016, section 7), from 0
            to 1.
        weight: C factors of at least 0, one for each class; to balance rare ones.

    Shapes: logits (N, C); target class indices (N) or one-hot (or soft) rows (N, C). Result a scalar, or (N) for
    "none".

    Raises:
        ValueError: shapes that do not fit, or a class index that is no int or not in 0 ... C - 1, with its position;
            label_smoothing or weights out of range. TypeError: what holds no numbers; outputs in place of the
            reduction.

    >>> import nn
    >>> nn.CrossEntropyLoss()([[0.0, 0.0]], [1]).data  # log 2
    0.6931471805599453
    """

    def __init__(self, reduction: str = "mean", label_smoothing: float = 0.0, weight: Any = None) -> None:
        super().__init__(reduction)
        op = type(self).__name__
        self.label_smoothing = check_number(op, "label_smoothing", label_smoothing, at_least=0, at_most=1, tensor=True)
        self.weight = None if weight is None else check_tensor(f"{op}: weight", weight, "weight")
        if self.weight is not None:
            if self.weight.ndim != 1:
                raise ValueError(f"CrossEntropyLoss: weight has shape {self.weight.shape}; expected one for each class")
            for i, number in enumerate(self.weight.data):
                if not number >= 0:
                    raise ValueError(f"CrossEntropyLoss: the weight of class {i} is {number}; it must be at least 0")

    def forward(self, logits: Any, target: Any) -> Value:
        """Loss of logits (N, C) against targets (N) or (N, C)."""
        scores, chosen = as_value(logits, "logits"), as_value(target, "targets")
        if scores.ndim != 2 or 0 in scores.shape:
            raise ValueError(
                f"CrossEntropyLoss: logits have shape {scores.shape}; expected (N, C) with N, C of at least 1"
            )
        samples, classes = scores.shape
        if self.weight is not None and self.weight.size != classes:
            raise ValueError(f"CrossEntropyLoss: {self.weight.size} weights for {classes} classes; give one for each")
        log_probabilities = functions.log_softmax(scores)
        if chosen.shape == (samples,):
            functions.check_labels(chosen, classes, "CrossEntropyLoss")
            mask = functions.equal(functions.reshape(chosen, (samples, 1)), list(range(classes)))
            return self._of_classes(log_probabilities, mask)
        if chosen.shape == scores.shape:
            return self._of_rows(log_probabilities, chosen)
        raise ValueError(
            f"CrossEntropyLoss: logits {scores.shape} need targets of shape ({samples},) (class indices) or "
            f"{scores.shape} (one-hot rows), not {chosen.shape}"
        )

    def _of_classes(self, log_probabilities: Value, mask: Value) -> Value:
        """Loss where `mask` (N, C) is true at the class of each sample."""
        weighted = log_probabilities if self.weight is None else log_probabilities * self.weight
        # Chosen, not multiplied: 0 times the -inf of an impossible class would be nan.
        losses = -functions.where(mask, weighted, 0).sum(1)
        if self.label_smoothing:
            spread = self.label_smoothing / log_probabilities.shape[1]
            losses = (1 - self.label_smoothing) * losses - spread * weighted.sum(1)
        if self.weight is not None and self.reduction == "mean":
            return losses.sum() / functions.where(mask, self.weight, 0).sum()
        return self.reduce(losses)

    def _of_rows(self, log_probabilities: Value, rows: Value) -> Value:
        """Loss against probabilities (N, C)."""
        if self.label_smoothing:
            rows = (1 - self.label_smoothing) * rows + self.label_smoothing / rows.shape[1]
        weighted = log_probabilities if self.weight is None else log_probabilities * self.weight
        return self.reduce(-(weighted * rows).sum(1))

    def extra_repr(self) -> str:
        """How losses are put together, and what is not at its default."""
        smoothing = f", label_smoothing={self.label_smoothing}" if self.label_smoothing else ""
        return super().extra_repr() + smoothing + ("" if self.weight is None else ", weighted")

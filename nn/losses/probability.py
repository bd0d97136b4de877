"""Losses of predicted probabilities, other than cross-entropy over classes."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_flag
from ..nested import check_tensor
from .reduction import Loss, pair_of

__all__ = ["BCEWithLogitsLoss", "KLDivLoss"]


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of ``p = sigmoid(x)``, worked out from the logit x itself (Good, 1952, for the score):

        - pos_weight · y · log(p) - (1 - y) · log(1 - p)  =  pos_weight · y · softplus(-x) + (1 - y) · softplus(x)

    Both terms are positive, and softplus does not overflow; so the loss has all its digits even where p rounds to 0
    or 1.

    Args:
        reduction: "mean" over all elements, "sum", or "none".
        pos_weight: factor of the positive examples, a number or a list that broadcasts to x; to balance rare ones.
        weight: factor of each loss, likewise.

    Shapes: logits and targets of one shape; result a scalar, or that shape for "none". Targets are from 0 to 1.

    Raises:
        ValueError: shapes that differ, an unknown reduction. TypeError: what is no number.

    >>> import nn
    >>> nn.BCEWithLogitsLoss("none")([0.0, 1000.0, -1000.0], [1.0, 0.0, 0.0]).data  # log 2, ...
    [0.6931471805599453, 1000.0, 0.0]
    """

    def __init__(self, reduction: str = "mean", pos_weight: Any = None, weight: Any = None) -> None:
        super().__init__(reduction)
        op = type(self).__name__
        self.pos_weight = None if pos_weight is None else check_tensor(f"{op}: pos_weight", pos_weight, "pos_weight")
        self.weight = None if weight is None else check_tensor(f"{op}: weight", weight, "weight")

    def forward(self, logits: Any, targets: Any) -> Value:
        """Loss of logits against targets."""
        x, y = pair_of("BCEWithLogitsLoss", logits, targets)
        positive = y * functions.softplus(-x)
        if self.pos_weight is not None:
            positive = positive * self.pos_weight
        losses = positive + (1 - y) * functions.softplus(x)
        if self.weight is not None:
            losses = losses * self.weight
        if losses.shape != x.shape:
            raise ValueError(
                f"BCEWithLogitsLoss: pos_weight or weight stretches the losses from {x.shape} to {losses.shape}; it "
                f"must broadcast to the logits"
            )
        return self.reduce(losses)


class KLDivLoss(Loss):
    """How far a predicted distribution is from the target one (Kullback, Leibler, 1951), element by element

        y · (log(y) - x)          with x the logarithm of the predicted probability, and 0 where y = 0

    which is 0 only for equal distributions. Predictions are log-probabilities (`LogSoftmax`), since probabilities
    round to 0.

    Args:
        reduction: "batchmean" is the definition, averaged over the first axis; "mean" over all elements; "sum"; "none".
        log_target: whether targets are logarithms, too.

    Shapes: log-probabilities and targets of one shape; result a scalar, or that shape for "none".

    Raises:
        ValueError: shapes that differ, an unknown reduction. TypeError: what is no number.

    >>> import nn
    >>> x = nn.LogSoftmax()([[0.0, 0.0]])
    >>> nn.KLDivLoss("batchmean")(x, [[0.5, 0.5]]).data, nn.KLDivLoss("batchmean")(x, [[1.0, 0.0]]).data
    (0.0, 0.6931471805599453)
    """

    reductions = ("mean", "batchmean", "sum", "none")

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = check_flag(type(self).__name__, "log_target", log_target)

    def forward(self, log_probabilities: Any, targets: Any) -> Value:
        """Divergence of the targets from the predictions."""
        x, y = pair_of("KLDivLoss", log_probabilities, targets)
        if self.log_target:
            losses = functions.exp(y) * (y - x)
        else:
            possible = y > 0
            # An impossible outcome costs nothing; kept out of the logarithm, whose slope there would be infinite.
            sure = functions.where(possible, y, 1)
            losses = functions.where(possible, sure * (functions.log(sure) - functions.where(possible, x, 0)), 0)
        if self.reduction == "batchmean":
            if not losses.ndim:
                raise ValueError("KLDivLoss: 'batchmean' needs a batch; predictions and targets are scalars")
            return losses.sum() / losses.shape[0]
        return self.reduce(losses)

    def extra_repr(self) -> str:
        """Reduction, and logarithmic targets."""
        return super().extra_repr() + (", log_target=True" if self.log_target else "")

"""Measures by class, after each epoch."""

from __future__ import annotations

from ..metrics import ClassScores, class_scores, confusion_matrix
from ..results import Epoch
from ..trainer import Trainer
from .base import Callback

__all__ = ["Metrics"]


class Metrics(Callback):
    """The confusion matrix and precision, recall and F1 of each class, after each epoch, of the validation set if there
    is one, else of the test set.

    Attributes:
        confusion: rows are true classes, columns predicted ones; empty before the first epoch.
        scores: by class.

    >>> import nn
    >>> metrics, model = Metrics(), nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> trainer = nn.Trainer(model, nn.optim.SGD(model.parameters(), lr=0.03), nn.CrossEntropyLoss(), [metrics])
    >>> digits = nn.data.mnist.load("train", subset="paper")[:8]
    >>> history = trainer.fit(nn.data.DataLoader(digits, batch_size=4), digits, epochs=3)
    >>> sum(map(sum, metrics.confusion))
    8
    """

    def __init__(self) -> None:
        self.confusion: list[list[int]] = []
        self.scores: list[ClassScores] = []

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """Count."""
        evaluation = trainer.evaluation
        if evaluation is not None and evaluation.predictions:
            self.confusion = confusion_matrix(evaluation.labels, evaluation.predictions)
            self.scores = class_scores(self.confusion)

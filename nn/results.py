"""What training leaves behind: epochs, evaluations, and how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tinygrad_lists import Value, functions, no_grad

from .checks import check_function, check_kind
from .data import DataLoader
from .data.loader import Examples
from .module import Module

__all__ = ["Epoch", "Evaluation", "History", "Position", "Step", "classes_of", "count_right", "evaluate"]

#: From outputs and labels to a Value: how many are right.
Counter = Callable[[Value, Any], Value]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images: averages during the pass, and results after it; nan for what was not asked."""

    number: int
    loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float
    images_per_second: float
    validation_loss: float = math.nan
    validation_accuracy: float = math.nan
    learning_rate: float = math.nan


@dataclass
class History:
    """The epochs so far; `stopped` says why training ended before its last epoch, if it did."""

    epochs: list[Epoch] = field(default_factory=list)
    stopped: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether someone stopped it, and not a rule such as early stopping."""
        return self.stopped == "interrupted"


@dataclass
class Position:
    """Where training stands: whole epochs; and of the epoch that has begun, batches, images, sums over them, seconds.

    >>> position = Position(images=8, loss=4.0, correct=6)
    >>> position.mean_loss, position.accuracy
    (0.5, 0.75)
    """

    epoch: int = 0
    batch: int = 0
    images: int = 0
    loss: float = 0.0
    correct: float = 0.0
    seconds: float = 0.0
    updates: int = 0  # since the very start

    @property
    def mean_loss(self) -> float:
        """Mean loss an image in this epoch so far."""
        return self.loss / self.images if self.images else math.nan

    @property
    def accuracy(self) -> float:
        """Share of images in this epoch so far that were right when they were trained on."""
        return self.correct / self.images if self.images else math.nan


class Step(NamedTuple):
    """One update: mean loss, how many right, of how many images, in how many batches, and the gradient's norm."""

    loss: float
    right: float
    images: int
    batches: int
    norm: float


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and accuracy on a dataset, and for each image the class predicted and the true one."""

    loss: float
    accuracy: float
    predictions: list[int]
    labels: list[int] = field(default_factory=list)


def count_right(outputs: Value, labels: Any) -> Value:
    """How many rows of `outputs` (N, C) are largest at their label; labels are N classes or N rows (N, C).

    >>> count_right(Value([[0.1, 0.9], [0.8, 0.2]]), [1, 1]).data
    1
    """
    chosen = outputs.argmax(1)
    true = labels if isinstance(labels, Value) else Value(labels, requires_grad=False)
    return functions.equal(chosen, true if true.ndim == 1 else true.argmax(1)).sum()


def classes_of(labels: Sequence[Any]) -> list[int]:
    """The class of each label, which is a class or a row with one number a class.

    >>> classes_of([2, 0]), classes_of([[0.0, 0.1, 0.9], [1.0, 0.0, 0.0]])
    ([2, 0], [2, 0])
    """
    return [label if isinstance(label, int) else max(range(len(label)), key=label.__getitem__) for label in labels]


def evaluate(
    model: Module,
    dataset: Examples,
    criterion: Callable[[Value, Any], Value],
    batch_size: int = 50,
    right: Counter | None = count_right,
) -> Evaluation:
    """Loss, accuracy and predictions on a dataset, in evaluation mode and without recording anything.

    Without `right`, which counts the right answers of a batch, there is a loss and nothing else (accuracy nan): for
    models that are no classifiers.

    >>> import nn
    >>> images = nn.data.mnist.load("test", subset="paper")[:4]
    >>> result = evaluate(nn.Sequential(nn.Flatten(), nn.Dense(784, 10)), images, nn.CrossEntropyLoss())
    >>> len(result.predictions), result.labels
    (4, [7, 2, 1, 0])
    """
    check_kind("evaluate", "model", model, Module, "a Module")
    check_function("evaluate", "criterion", criterion, "a loss, such as nn.CrossEntropyLoss()")
    loader, before = DataLoader(dataset, batch_size), model.training
    model.eval()
    loss, correct, predictions, true = 0.0, 0.0, list[int](), list[int]()
    try:
        with no_grad():
            for inputs, labels in loader:
                outputs = model(inputs)
                loss += criterion(outputs, labels).item() * len(labels)
                if right is not None:
                    correct += right(outputs, labels).item()
                    predictions += outputs.argmax(1).tolist()
                    true += classes_of(labels)
    finally:
        model.train(before)
    return Evaluation(loss / len(dataset), correct / len(dataset) if right else math.nan, predictions, true)

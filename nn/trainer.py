"""Training: the loop of the paper's section IV, and what it leaves behind."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tinygrad_lists import Value, no_grad

from .data import DataLoader
from .data.loader import Examples
from .module import Module
from .optim import Optimizer

__all__ = ["Epoch", "Evaluation", "History", "Progress", "Trainer", "TrainingError", "evaluate"]


class TrainingError(ArithmeticError):
    """Training cannot go on: the loss is no longer a number. The message says where."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images: averages during the pass, and test results after it."""

    number: int
    loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float
    images_per_second: float


@dataclass
class History:
    """The epochs so far; `interrupted` if someone stopped it before the end."""

    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True)
class Progress:
    """Where the current epoch stands, after a batch."""

    epoch: int
    images: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and accuracy on a dataset, and the class predicted for each image."""

    loss: float
    accuracy: float
    predictions: list[int]


class Trainer:
    """Mini-batch training: shuffle, average the gradient over each batch, update once per batch (paper, section IV).

    Args:
        model: from images (N, C, H, W) to logits (N, classes).
        optimiser: already holding the model's parameters.
        criterion: from logits and labels to a scalar loss, averaged over the batch.
        on_batch: called with a `Progress` after every batch.
        should_stop: asked after every batch; True ends the run there, cleanly.

    >>> import nn
    >>> images = nn.data.mnist.load("train", subset="paper")[:4]
    >>> model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> trainer = Trainer(model, nn.optim.SGD(model.parameters(), lr=0.03), nn.CrossEntropyLoss())
    >>> history = trainer.fit(nn.data.DataLoader(images, batch_size=2), images, epochs=2)
    >>> [epoch.number for epoch in history.epochs]
    [1, 2]
    """

    def __init__(
        self,
        model: Module,
        optimiser: Optimizer,
        criterion: Callable[[Value, Any], Value],
        on_batch: Callable[[Progress], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.model, self.optimiser, self.criterion = model, optimiser, criterion
        self.on_batch, self.should_stop = on_batch, should_stop
        self.history = History()
        self.evaluation: Evaluation | None = None  # after the last whole epoch

    def fit(
        self,
        loader: DataLoader,
        test: Examples | None,
        epochs: int,
        on_epoch: Callable[[Epoch], object] | None = None,
    ) -> History:
        """Train for `epochs` passes over `loader`, evaluating on `test` after each.

        Raises TrainingError when the loss becomes nan or infinite. What was learnt stays in the model, and the epochs
        that were completed in ``history``.
        """
        history = self.history = History()
        for number in range(1, epochs + 1):
            start = time.perf_counter()
            images, loss, correct = 0, 0.0, 0
            for batch_loss, batch_correct, size in self.steps(loader, number):
                images, loss, correct = images + size, loss + batch_loss * size, correct + batch_correct
                if self.on_batch is not None:
                    self.on_batch(Progress(number, images, loss / images, correct / images))
                if self.should_stop():
                    history.interrupted = True
                    break
            if history.interrupted:
                break
            seconds = time.perf_counter() - start
            tested = self.evaluate(test) if test is not None else Evaluation(0.0, 0.0, [])
            self.evaluation = tested
            epoch = Epoch(
                number, loss / images, correct / images, tested.loss, tested.accuracy, seconds, images / seconds
            )
            history.epochs.append(epoch)
            if on_epoch is not None:
                on_epoch(epoch)
        return history

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset; see the function `evaluate`."""
        return evaluate(self.model, dataset, self.criterion)

    def steps(self, loader: DataLoader, number: int = 1) -> Iterator[tuple[float, int, int]]:
        """One pass over `loader`: (mean loss, how many right, how many in all) after each update."""
        self.model.train()
        for batch, (images, labels) in enumerate(loader):
            logits = self.model(images)
            loss = self.criterion(logits, labels)
            if not math.isfinite(loss.item()):
                raise TrainingError(
                    f"train: the loss is {loss.item()} in epoch {number}, batch {batch + 1}; "
                    f"a smaller learning rate may help"
                )
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            yield loss.item(), _right(logits, labels), len(labels)


def evaluate(
    model: Module, dataset: Examples, criterion: Callable[[Value, Any], Value], batch_size: int = 50
) -> Evaluation:
    """Loss, accuracy and predictions on a dataset, without recording anything.

    >>> import nn
    >>> images = nn.data.mnist.load("test", subset="paper")[:4]
    >>> len(evaluate(nn.Sequential(nn.Flatten(), nn.Dense(784, 10)), images, nn.CrossEntropyLoss()).predictions)
    4
    """
    model.eval()
    loss, correct, predictions = 0.0, 0, []
    with no_grad():
        for images, labels in DataLoader(dataset, batch_size):
            logits = model(images)
            loss += criterion(logits, labels).item() * len(labels)
            correct += _right(logits, labels)
            predictions += logits.argmax(1).tolist()
    model.train()
    return Evaluation(loss / len(dataset), correct / len(dataset), predictions)


def _right(logits: Value, labels: list[int]) -> int:
    return sum(a == b for a, b in zip(logits.argmax(1).tolist(), labels, strict=True))

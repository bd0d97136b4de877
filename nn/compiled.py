"""Training in compiled steps: the same loop, each step and each evaluation one C function (`tinygrad_lists.jit`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from tinygrad_lists import Value, functions, jit, no_grad

from .data import DataLoader, Dataset
from .data.loader import Examples
from .module import Module
from .optim import Optimizer
from .trainer import Evaluation, Progress, Trainer, TrainingError, evaluate

__all__ = ["CompiledTrainer"]

EVALUATED_AT_ONCE = 500


class CompiledTrainer(Trainer):
    """A `Trainer` whose steps are compiled, in float32. The results differ from its in the last digits only.

    Images of a `Dataset` go to the program as the bytes that they are, and are divided by 255 there; of any other
    dataset, as nested lists.

    >>> import nn
    >>> images = nn.data.mnist.load("train", subset="paper")[:4]
    >>> model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> optimiser = nn.optim.SGD(model.parameters(), lr=0.03)
    >>> trainer = CompiledTrainer(model, optimiser, nn.CrossEntropyLoss())
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
        super().__init__(model, optimiser, criterion, on_batch, should_stop)

        def step(pixels: Any, labels: Any, scale: float) -> tuple[Value, Value]:
            logits = model(Value(pixels, requires_grad=False) * scale)
            loss = criterion(logits, labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            return loss, functions.equal(logits.argmax(1), labels).sum()

        def test(pixels: Any, labels: Any, scale: float) -> tuple[Value, Value]:
            logits = model(Value(pixels, requires_grad=False) * scale)
            return criterion(logits, labels), logits.argmax(1)

        self._step, self._test = jit(step), jit(test)

    def steps(self, loader: DataLoader, number: int = 1) -> Iterator[tuple[float, int, int]]:
        """One pass over `loader`: (mean loss, how many right, how many in all) after each update."""
        self.model.train()
        for batch, (pixels, labels, scale) in enumerate(_batches(loader)):
            loss, right = self._step(pixels, labels, scale)
            if not math.isfinite(loss.data):
                raise TrainingError(
                    f"train: the loss is {loss.data} in epoch {number}, batch {batch + 1}; "
                    f"a smaller learning rate may help"
                )
            yield loss.data, right.data, len(labels)

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset."""
        if not isinstance(dataset, Dataset):
            return evaluate(self.model, dataset, self.criterion)
        self.model.eval()
        loss, correct, predictions = 0.0, 0, list[int]()
        with no_grad():
            for pixels, labels, scale in _batches(DataLoader(dataset, min(EVALUATED_AT_ONCE, len(dataset)))):
                mean, chosen = self._test(pixels, labels, scale)
                loss += mean.data * len(labels)
                found = chosen.tolist()
                correct += sum(a == b for a, b in zip(found, labels, strict=True))
                predictions += found
        self.model.train()
        return Evaluation(loss / len(dataset), correct / len(dataset), predictions)


def _batches(loader: DataLoader) -> Iterator[tuple[Any, Any, float]]:
    """Images, labels and the factor for the images, in the order of the loader; it counts the epoch as ever."""
    dataset, size = loader.dataset, loader.batch_size
    if not isinstance(dataset, Dataset):
        for images, labels in loader:
            yield images, labels, 1.0
        return
    indices, epoch = loader.order(loader.epoch), loader.epoch
    for first in range(0, len(loader) * size, size):
        pixels, stored = dataset.stored(indices[first : first + size])
        shape = (len(stored), 1, dataset.rows, dataset.columns)
        yield memoryview(pixels).cast("B", shape), memoryview(stored), 1 / 255
    loader.set_epoch(epoch + 1)

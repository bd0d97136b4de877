"""Training in compiled steps: the same loop, each update and each evaluation one C function (`tinygrad_lists.jit`)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from tinygrad_lists import Value, functions, no_grad

from .checks import check_choice, check_size
from .data import DataLoader, Dataset
from .data.loader import Examples
from .results import Evaluation, Step, evaluate
from .trainer import Trainer
from .updates import Part, backward, clip, parts_of, state_of

__all__ = ["CompiledTrainer"]

EVALUATED_AT_ONCE = 500


class CompiledTrainer(Trainer):
    """A `Trainer` whose updates are compiled, in float32 unless ``dtype="float64"``. Up to rounding, the results are
    the same. With `threads` several cores share a large batch; each number of threads rounds in its own way.

    Raises as `Trainer` does, and ValueError or TypeError for another dtype or number of threads.

    Images of a `Dataset` go to the program as the bytes that they are, and are divided by 255 there; of any other
    dataset, as nested lists.

    >>> import nn
    >>> images = nn.data.mnist.load("train", subset="paper")[:4]
    >>> model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> optimiser = nn.optim.SGD(model.parameters(), lr=0.03)
    >>> trainer = nn.CompiledTrainer(model, optimiser, nn.CrossEntropyLoss())
    >>> history = trainer.fit(nn.data.DataLoader(images, batch_size=2), images, epochs=2)
    >>> [epoch.number for epoch in history.epochs]
    [1, 2]
    """

    def __init__(self, *args: Any, dtype: str = "float32", threads: int = 1, **settings: Any) -> None:
        from tinygrad_lists import jit  # the compiler is loaded where it is used

        super().__init__(*args, **settings)
        dtype = check_choice(type(self).__name__, "dtype", dtype, ("float32", "float64"))
        threads = check_size(type(self).__name__, "threads", threads)
        # What the compiled functions see is watched for changes, so it must not be the trainer, which changes always.
        model, optimiser, criterion, right = self.model, self.optimiser, self.criterion, self.right
        clip_norm, clip_value = self.clip_norm, self.clip_value

        def add(part: Part, scale: float, first: bool) -> tuple[Value, Value]:
            if first:
                optimiser.zero_grad()
            inputs = Value(part.inputs, requires_grad=False) * scale
            return backward(model, criterion, [part._replace(inputs=inputs)], right)

        def apply(loss: Value | float) -> Value:
            norm = clip(model.parameters(), clip_norm, clip_value)
            state = state_of(model, optimiser)
            before = [value.detach() for value in state]
            optimiser.step()
            # What is no number is known to Python only after this program, so the program itself keeps the old state.
            finite = functions.equal((norm + loss) * 0.0, 0.0)
            for value, old in zip(state, before, strict=True):
                value.assign(functions.where(finite, value, old))
            return norm

        def update(part: Part, scale: float) -> tuple[Value, Value, Value]:
            buffers = [(buffer, buffer.detach()) for buffer in model.buffers()]
            loss, count = add(part, scale, True)
            norm = apply(loss)
            finite = functions.equal((norm + loss) * 0.0, 0.0)
            for buffer, old in buffers:
                buffer.assign(functions.where(finite, buffer, old))
            return loss, count, norm

        def test(inputs: Any, labels: Any, scale: float) -> tuple[Value, Value]:
            outputs = model(Value(inputs, requires_grad=False) * scale)
            return criterion(outputs, labels), outputs.argmax(1)

        # One program for a batch that is worked through at once. One in parts takes a call for each and one more, since
        # a program of all parts would be as much longer.
        self._update, self._add, self._apply, self._test = (
            jit(function, dtype=dtype, threads=threads) for function in (update, add, apply, test)
        )

    def batches(self, loader: DataLoader, start: int) -> Iterator[tuple[Any, Any]]:
        """The rest of an epoch, as stored bytes if the loader has them."""
        return _stored(loader, start) if isinstance(loader.dataset, Dataset) else loader.batches(start)

    def update(self, batches: Sequence[tuple[Any, Any]]) -> Step:
        """One update of the model."""
        parts, inputs = parts_of(batches, self.part_size), batches[0][0]
        scale = 1 / 255 if isinstance(inputs, memoryview) else 1.0
        if len(parts) == 1:
            loss, right, norm = (value.data for value in self._update(parts[0], scale))
        else:
            loss, right, norm = self._update_in_parts(parts, scale)
        step = Step(loss, right, sum(len(y) for _, y in batches), len(batches), norm)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self.give_up(step, Value(inputs, requires_grad=False) * scale)
        return step

    def _update_in_parts(self, parts: Sequence[Part], scale: float) -> tuple[float, float, float]:
        """Mean loss, how many right, and the gradient's norm."""
        buffers = [(buffer, buffer.detach()) for buffer in self.model.buffers()]
        found = [self._add(part, scale, part is parts[0]) for part in parts]
        loss = sum(loss.data for loss, _ in found)
        norm: float = self._apply(loss).data
        if not (math.isfinite(loss) and math.isfinite(norm)):
            for buffer, old in buffers:
                buffer.assign(old)
        return loss, sum(right.data for _, right in found), norm

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset."""
        if not isinstance(dataset, Dataset) or self.right is None:
            return evaluate(self.model, dataset, self.criterion, right=self.right)
        self.model.eval()
        loss, predictions, true = 0.0, list[int](), list[int]()
        with no_grad():
            for pixels, labels in _stored(DataLoader(dataset, min(EVALUATED_AT_ONCE, len(dataset)))):
                mean, chosen = self._test(pixels, labels, 1 / 255)
                loss += mean.data * len(labels)
                predictions += chosen.tolist()
                true += labels.tolist()
        self.model.train()
        correct = sum(a == b for a, b in zip(predictions, true, strict=True))
        return Evaluation(loss / len(dataset), correct / len(dataset), predictions, true)


def _stored(loader: DataLoader, start: int = 0) -> Iterator[tuple[memoryview, memoryview]]:
    """Images and labels as bytes; a `bytes` would be part of the program, a memoryview is an argument."""
    for pixels, labels in loader.stored_batches(start):
        yield pixels, memoryview(labels)

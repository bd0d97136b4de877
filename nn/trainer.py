"""Training: the loop of the paper's section IV, which callbacks watch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any

from tinygrad_lists import Value

from .checks import check_choice, check_function, check_list, check_not_negative, check_size, check_whole
from .data import DataLoader
from .data.augmentation import Augmentation
from .data.loader import Examples, check_examples
from .errors import shown
from .module import Module
from .optim import Optimizer
from .results import Counter, Epoch, Evaluation, History, Position, Step, count_right, evaluate
from .schedulers import ReduceLROnPlateau, Scheduler
from .updates import Criterion, Part, TrainingError, backward, clip, not_finite, parts_of, state_of

if TYPE_CHECKING:
    from .callbacks import Callback

__all__ = ["Epoch", "Evaluation", "History", "Position", "Step", "Trainer", "TrainingError", "evaluate"]


class Trainer:
    """Mini-batch training: shuffle, average the gradient over each batch, update once per batch (paper, section IV).

    What happens beside the loop (bars, logs, early stopping, checkpoints) is done by callbacks, see `nn.callbacks`.

    Args:
        model: from inputs (N, ...) to outputs such as logits (N, classes).
        optimiser: already holding the model's parameters.
        criterion: from outputs and labels to a scalar loss, averaged over the batch.
        callbacks: told of every update and epoch, in this order.
        scheduler: of the learning rate; `ReduceLROnPlateau` sees the validation loss (without one the training loss).
        schedule_by: "update" or "epoch": after which of these the scheduler steps.
        clip_norm, clip_value: limits for the gradient's norm and for each of its numbers.
        accumulate: batches an update, for batches that do not fit at once.
        part_size: examples a pass; a larger batch is worked through in parts, whose gradients add up.
        test_every: epochs from one evaluation on the test set to the next; the last epoch always has one.
        right: counts the right answers of a batch; None for models that are no classifiers (accuracies are nan).

    Attributes:
        position: where training stands. history: the epochs so far. evaluation: of the last whole epoch, on the
        validation set if there is one, else on the test set.

    Raises:
        ValueError: a number out of its range. TypeError: an argument of another type, such as a loss that was not made
            (``nn.CrossEntropyLoss`` without brackets).

    >>> import nn
    >>> digits = nn.data.mnist.load("train", subset="paper")[:8]
    >>> model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> trainer = nn.Trainer(model, nn.optim.SGD(model.parameters(), lr=0.03), nn.CrossEntropyLoss())
    >>> history = trainer.fit(nn.data.DataLoader(digits[:6], batch_size=2, shuffle=True), digits[6:], epochs=2)
    >>> [epoch.number for epoch in history.epochs]
    [1, 2]
    """

    def __init__(
        self,
        model: Module,
        optimiser: Optimizer,
        criterion: Criterion,
        callbacks: Iterable[Callback] = (),
        *,
        scheduler: Scheduler | ReduceLROnPlateau | None = None,
        schedule_by: str = "update",
        clip_norm: float | None = None,
        clip_value: float | None = None,
        accumulate: int = 1,
        part_size: int | None = None,
        test_every: int = 1,
        right: Counter | None = count_right,
    ) -> None:
        op = type(self).__name__
        for name, given, kind in (("model", model, Module), ("optimiser", optimiser, Optimizer)):
            if not isinstance(given, kind):
                raise TypeError(f"{op}: the {name} is a {type(given).__name__}, no {kind.__name__}")
        self.model, self.optimiser = model, optimiser
        if isinstance(criterion, type):  # it can be called, and would make a loss of the outputs
            raise TypeError(f"{op}: criterion is {shown(criterion)}; make one of it: {criterion.__name__}()")
        self.criterion = check_function(op, "criterion", criterion, "a loss, such as nn.CrossEntropyLoss()")
        self.callbacks = _checked_callbacks(op, callbacks)
        if scheduler is not None and (isinstance(scheduler, type) or not hasattr(scheduler, "step")):
            raise TypeError(f"{op}: scheduler is {shown(scheduler)}; it must be a schedule, or None")
        self.scheduler = scheduler
        self.schedule_by = check_choice(op, "schedule_by", schedule_by, ("update", "epoch"))
        self.clip_norm = None if clip_norm is None else check_not_negative(op, "clip_norm", clip_norm)
        self.clip_value = None if clip_value is None else check_not_negative(op, "clip_value", clip_value)
        self.accumulate = check_size(op, "accumulate", accumulate)
        self.part_size = None if part_size is None else check_size(op, "part_size", part_size)
        self.test_every = check_size(op, "test_every", test_every)
        self.right = None if right is None else check_function(op, "right", right, "a function of outputs and labels")
        self.position, self.history = Position(), History()
        self.evaluation: Evaluation | None = None
        self.epochs = 0  # where the current `fit` ends
        self.loader: DataLoader | None = None
        self.resumed_order: dict[str, Any] | None = None  # what the loader of a resumed training must be like

    # -- the loop -----------------------------------------------------------------------------------------------------

    def fit(
        self, loader: DataLoader, test: Examples | None = None, epochs: int = 1, validation: Examples | None = None
    ) -> History:
        """Train until `epochs` passes over `loader` are complete, evaluating after each.

        It goes on from where training stands: at the beginning, or where it was stopped, or where a checkpoint was
        made, in the middle of an epoch too.

        Args:
            test: evaluated to report; nothing is decided by it.
            validation: evaluated for what is decided on the way, such as early stopping.

        Raises TrainingError when the loss or a gradient becomes nan or infinite. The model, and what the optimiser
        remembers, are then as before that update, and ``history`` has the completed epochs. ValueError for a loader
        that has other batches than the one with which a resumed training began.
        """
        if not isinstance(loader, DataLoader):
            raise TypeError(
                f"fit: a {type(loader).__name__} is no DataLoader; make one: DataLoader(images, batch_size=8)"
            )
        for name, examples in (("test", test), ("validation", validation)):
            if examples is not None:
                check_examples("fit", name, examples)
        self.loader, self.epochs, self.history.stopped = loader, check_whole("fit", "epochs", epochs, 0), ""
        if self.resumed_order not in (None, self.order_of()):
            raise ValueError(f"fit: the training began with a loader of {self.resumed_order}, not {self.order_of()}")
        with ExitStack() as ends:
            for callback in self.callbacks:
                callback.on_start(self)
                ends.callback(callback.on_end, self)  # of those that have started, whatever happens
            while self.position.epoch < self.epochs and not self.history.stopped:
                self._one_epoch(loader, test, validation)
        return self.history

    def _one_epoch(self, loader: DataLoader, test: Examples | None, validation: Examples | None) -> None:
        """What is left of an epoch, and what follows it."""
        position = self.position
        loader.set_epoch(position.epoch)
        start = time.perf_counter() - position.seconds
        for step in self.steps(loader, position.batch):
            position.batch += step.batches
            position.images += step.images
            position.loss += step.loss * step.images
            position.correct += step.right
            position.updates += 1
            position.seconds = time.perf_counter() - start
            self._schedule("update")
            self._tell("on_update", step)
            if self.history.stopped:
                return
        epoch = self._evaluated(test, validation)
        self.history.epochs.append(epoch)
        self.position = Position(epoch=position.epoch + 1, updates=position.updates)
        self._schedule("epoch")
        self._tell("on_epoch", epoch)

    def steps(self, loader: DataLoader, start: int = 0) -> Iterator[Step]:
        """One pass over `loader`, from its batch `start` on; yields after each update."""
        self.model.train()
        batches = self.batches(loader, start)
        while group := list(islice(batches, self.accumulate)):
            yield self.update(group)

    def batches(self, loader: DataLoader, start: int) -> Iterator[tuple[Any, Any]]:
        """The rest of an epoch: inputs and labels of each batch."""
        return loader.batches(start)

    def update(self, batches: Sequence[tuple[Any, Any]]) -> Step:
        """One update of the model, by the mean gradient over all examples in `batches`."""
        before = [(value, value.detach()) for value in state_of(self.model, self.optimiser)]
        self.optimiser.zero_grad()
        loss, right = self.gradients(parts_of(batches, self.part_size))
        norm = clip(self.model.parameters(), self.clip_norm, self.clip_value)
        step = Step(loss.item(), right.item(), sum(len(y) for _, y in batches), len(batches), norm.item())
        if not (math.isfinite(step.loss) and math.isfinite(step.norm)):
            for value, old in before:
                value.assign(old)
            self.give_up(step, batches[0][0])
        self.optimiser.step()
        return step

    def gradients(self, parts: Sequence[Part]) -> tuple[Value, Value]:
        """Give the parameters the gradient of the mean loss over all parts; (this loss, how many are right)."""
        return backward(self.model, self.criterion, parts, self.right)

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset; see the function `evaluate`."""
        return evaluate(self.model, dataset, self.criterion, right=self.right)

    # -- beside the loop ----------------------------------------------------------------------------------------------

    def tested_after(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is followed by an evaluation on the test set."""
        return epoch % self.test_every == 0 or epoch == self.epochs

    def stop(self, reason: str) -> None:
        """Let `fit` end after this update or epoch. To be called by callbacks."""
        self.history.stopped = reason

    def give_up(self, step: Step, inputs: Any) -> None:
        """Raise TrainingError for an update that was not made, whose first batch had these inputs."""
        where = not_finite(self.model, inputs, step.loss)
        what = f"the loss is {step.loss}" if not math.isfinite(step.loss) else "the gradient is no number"
        raise TrainingError(
            f"{what} in epoch {self.position.epoch + 1}, batch {self.position.batch + 1} ({where}); "
            f"the model is as before that batch, and a smaller learning rate may help"
        )

    def order_of(self) -> dict[str, Any] | None:
        """What decides which examples are in which batch; None before the first `fit`."""
        if self.loader is None:
            return None
        order: dict[str, Any] = {"examples": len(self.loader.dataset)}
        for name in ("batch_size", "shuffle", "seed", "drop_last"):
            order[name] = getattr(self.loader, name)
        augment = self.loader.augment
        order["augment"] = repr(augment) if isinstance(augment, Augmentation) else None
        return order

    def _evaluated(self, test: Examples | None, validation: Examples | None) -> Epoch:
        position = self.position
        if not self.tested_after(position.epoch + 1):
            test = None
        tested, validated = (self._evaluation_of(examples) for examples in (test, validation))
        self.evaluation = validated if validation is not None else tested if test is not None else None
        return Epoch(
            position.epoch + 1,
            position.mean_loss,
            position.accuracy if self.right is not None else math.nan,
            tested.loss,
            tested.accuracy,
            position.seconds,
            position.images / position.seconds if position.seconds else math.nan,
            validated.loss,
            validated.accuracy,
            self.optimiser.param_groups[0]["lr"],
        )

    def _evaluation_of(self, examples: Examples | None) -> Evaluation:
        if examples is None:
            return Evaluation(math.nan, math.nan, [])
        evaluation = self.evaluate(examples)
        if not math.isfinite(evaluation.loss):
            raise TrainingError(
                f"the loss is {evaluation.loss} on the {len(examples)} examples of the evaluation after epoch "
                f"{self.position.epoch + 1}; a smaller learning rate may help"
            )
        return evaluation

    def _schedule(self, after: str) -> None:
        if isinstance(self.scheduler, ReduceLROnPlateau):
            if after == "epoch":
                last = self.history.epochs[-1]
                self.scheduler.step(last.loss if math.isnan(last.validation_loss) else last.validation_loss)
        elif self.scheduler is not None and after == self.schedule_by:
            self.scheduler.step()

    def _tell(self, what: str, *about: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, what)(self, *about)


def _checked_callbacks(op: str, callbacks: Iterable[Callback]) -> list[Callback]:
    if not isinstance(callbacks, Iterable):
        raise TypeError(f"{op}: callbacks is a {type(callbacks).__name__}; give a list, such as [Progress()]")
    for i, callback in enumerate(given := check_list(op, "callbacks", callbacks, "a list, such as [Progress()]")):
        if isinstance(callback, type) or not hasattr(callback, "on_update"):
            raise TypeError(f"{op}: callbacks[{i}] is {shown(callback)}; it must be a callback, such as Progress()")
    return given

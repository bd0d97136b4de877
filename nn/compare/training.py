"""Training with gradients written by hand, alone or beside the automatic ones at every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_lists import Value

from .. import handwritten
from ..data.loader import Examples
from ..layers import Sequential
from ..losses import CrossEntropyLoss
from ..module import Module
from ..results import Evaluation, evaluate
from ..trainer import Trainer
from ..updates import Part, TrainingError
from .automatic import run_model
from .chained import chained
from .comparison import compare_gradients
from .counterpart import by_hand
from .findings import Finding, Options
from .inputs import labels_of, tensor_of
from .report import Row, Verdict

__all__ = ["Agreement", "CheckedTrainer", "GradientMismatch", "HandwrittenTrainer"]


class GradientMismatch(TrainingError):
    """A gradient written by hand differs from the automatic one by more than rounding explains.

    Attributes:
        row: where, by how much, and what kind of mistake it looks like.
    """

    def __init__(self, message: str, row: Row) -> None:
        super().__init__(message)
        self.row = row


class HandwrittenTrainer(Trainer):
    """A `Trainer` whose gradients are those of `nn.handwritten`, on nested lists, without the engine.

    The forward pass, the loss, the backward pass and the evaluations are written by hand; the parameters, and the
    optimiser that moves them, are the model's own. So every optimiser, schedule and callback works as before, and the
    numbers are those of automatic training up to rounding.

    Args:
        network: the handwritten network, by default ``by_hand(model)``; yours has ``layers``, ``load`` and
            ``batch_gradients`` as `nn.handwritten.Network`.

    Raises:
        ValueError: a layer or a loss for which there is no handwritten version.

    >>> import nn
    >>> digits = nn.data.mnist.load("train", subset="paper")[:4]
    >>> def trained(kind):
    ...     model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    ...     trainer = kind(model, nn.optim.SGD(model.parameters(), lr=0.03), nn.CrossEntropyLoss())
    ...     return trainer.fit(nn.data.DataLoader(digits, batch_size=2), digits, epochs=2).epochs[-1].loss
    >>> math.isclose(trained(HandwrittenTrainer), trained(nn.Trainer), rel_tol=1e-12)
    True
    """

    model: Sequential
    criterion: CrossEntropyLoss

    def __init__(self, *args: Any, network: Any = None, **settings: Any) -> None:
        super().__init__(*args, **settings)
        criterion = self.criterion
        plain = isinstance(criterion, CrossEntropyLoss) and criterion.weight is None and not criterion.label_smoothing
        if not plain or getattr(criterion, "reduction", "") != "mean":
            raise ValueError(
                "handwritten gradients: the loss is plain cross-entropy, equation (4), averaged over the batch; leave "
                "out label smoothing and weights of the classes"
            )
        self.network = by_hand(self.model) if network is None else network
        self._classes: int | None = None  # known after the first image

    def gradients(self, parts: Sequence[Part]) -> tuple[Value, Value]:
        """Give the parameters the gradient of the mean loss over all parts; (this loss, how many are right)."""
        self.network.load(self.model.state_dict())
        return self.added([self.passed(part, number) for number, part in enumerate(parts)], parts)

    def passed(self, part: Part, number: int) -> handwritten.Batch:
        """Mean loss, gradients and logits of the part of a batch with this number."""
        images = tensor_of(part.inputs, exact=False).nested()
        if self._classes is None:
            self._classes = len(self.network.forward(images[0]))
        batch: handwritten.Batch = self.network.batch_gradients(images, _rows(part.labels, self._classes))
        return batch

    def added(self, passes: Sequence[handwritten.Batch], parts: Sequence[Part]) -> tuple[Value, Value]:
        """Sums over the parts, in order, of share · mean of the part; those of gradients go to the parameters."""
        loss, right = 0.0, Value(0.0, requires_grad=False)
        total: dict[str, Value] = {}
        for batch, part in zip(passes, parts, strict=True):
            loss += part.share * batch.loss
            if self.right is not None:
                right = right + self.right(Value(batch.logits, requires_grad=False), part.labels)
            for name, nested in batch.gradients.items():
                gradient = Value(nested, requires_grad=False) * part.share
                total[name] = total[name] + gradient if name in total else gradient
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                parameter.grad = total[name]
        return Value(loss, requires_grad=False), right

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset, by the handwritten forward pass and loss."""
        self.network.load(self.model.state_dict())
        return evaluate(_Forward(self.network), dataset, self._loss, right=self.right)

    def _loss(self, logits: Value, labels: Any) -> Value:
        criterion, rows = handwritten.SoftmaxCrossEntropy(), logits.tolist()
        losses = [criterion.forward(row, label) for row, label in zip(rows, _rows(labels, len(rows[0])), strict=True)]
        return Value(math.fsum(losses) / len(losses), requires_grad=False)


def _rows(labels: Sequence[Any], classes: int) -> list[list[int]]:
    """Labels as rows: a class index becomes one, a row stays what it is."""
    return [handwritten.one_hot(label, classes) if isinstance(label, int) else label for label in labels]


@dataclass
class Agreement:
    """How two sides agreed so far.

    >>> print(Agreement(updates=1, numbers=1200, equal=900))
    compared in 1 update: 1,200 numbers by hand and automatic, 75.0% equal to the bit, the others within rounding
    """

    updates: int = 0
    numbers: int = 0
    equal: int = 0
    kinks: int = 0  # tensors in which another choice was made where there is no derivative

    def __str__(self) -> str:
        excused = f" (but for another choice at a kink in {self.kinks} tensors)" if self.kinks else ""
        return (
            f"compared in {self.updates:,} update{'s' * (self.updates != 1)}: {self.numbers:,} numbers by hand and "
            f"automatic, {self.equal / max(self.numbers, 1):.1%} equal to the bit, the others within rounding{excused}"
        )


class CheckedTrainer(HandwrittenTrainer):
    """A `Trainer` with automatic gradients that are compared with handwritten ones before every update.

    Every activation, the loss, every layer's input gradient and every parameter's gradient must agree within the bounds
    on rounding that are computed for these very numbers (``docs/comparing.md``). The model is then moved by the
    automatic gradient that has just been compared, so that results are those of automatic training.

    Attributes:
        agreement: what has been compared so far.

    Raises:
        GradientMismatch: from `fit`, naming epoch, batch, layer, tensor and what the mistake looks like. The model is
            as before that update.

    >>> import nn
    >>> digits = nn.data.mnist.load("train", subset="paper")[:4]
    >>> model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> trainer = CheckedTrainer(model, nn.optim.SGD(model.parameters(), lr=0.03), nn.CrossEntropyLoss())
    >>> history = trainer.fit(nn.data.DataLoader(digits, batch_size=2), epochs=2)
    >>> trainer.agreement.updates
    4
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.agreement = Agreement()

    def gradients(self, parts: Sequence[Part]) -> tuple[Value, Value]:
        """The automatic gradients, compared."""
        result = super().gradients(parts)
        self.agreement.updates += 1
        return result

    def passed(self, part: Part, number: int) -> handwritten.Batch:
        """Mean loss, automatic gradients and logits of a part; GradientMismatch if those by hand are others."""
        traces = run_model(self.model, self.criterion, tensor_of(part.inputs, exact=False), labels_of(part.labels))
        loss, logits = traces[-1].y.flat[0], traces[-1].x.nested()
        if math.isfinite(loss):  # else the trainer says that it is not
            found = chained(traces, self.network.layers, self.network.criterion, self.network, Options(oracle=False))
            self._judge(found, part, number)
        gradients = {
            f"{trace.path}.{name}": gradient.nested() for trace in traces for name, gradient in trace.gradients.items()
        }
        return handwritten.Batch(loss, gradients, logits)

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset, by the automatic model."""
        return Trainer.evaluate(self, dataset)

    def _judge(self, found: Sequence[Finding], part: Part, number: int) -> None:
        if any(finding.row.verdict is Verdict.WRONG for finding in found):
            raise self._mismatch(found, part, number)
        for finding in found:
            size = finding.right.size
            metrics = finding.row.metrics
            share = metrics.share_equal if metrics is not None and metrics.share_equal is not None else 0.0
            self.agreement.numbers += size
            self.agreement.equal += round(share * size)
            self.agreement.kinks += finding.row.verdict is Verdict.KINK

    def _mismatch(self, found: Sequence[Finding], part: Part, number: int) -> GradientMismatch:
        """Each layer by itself is asked now, which is what tells who is to blame."""
        report = compare_gradients(
            self.model,
            self.network,
            part.inputs,
            labels_of(part.labels).nested(),
            criterion=self.criterion,
            oracle=False,
        )
        row = report.first_guilty or next(f.row for f in found if f.row.verdict is Verdict.WRONG)
        where = f"epoch {self.position.epoch + 1}, batch {self.position.batch + 1}"
        if number:
            where += f" (part {number + 1})"
        words = f"gradients by hand and automatic ones differ in {where}, {_told(row)}"
        return GradientMismatch(f"{words}; the model is as before that batch", row)


def _told(row: Row) -> str:
    """A row in half a sentence."""
    place = "the loss" if row.path == "loss" else f"layer {row.path} ({row.kind})"
    words = f"{place}, {row.tensor}"
    if row.worst is not None:
        h, a, bound = row.worst.handwritten, row.worst.automatic, row.worst.bound or 0.0
        words += f"{list(row.worst.index)}: {h!r} by hand, {a!r} automatically, and rounding explains {bound:.1e}"
    if row.note:
        words += f": {row.note}"
    if row.diagnosis is not None:
        words += f"; {row.diagnosis.name}: {row.diagnosis.sentence.rstrip('.')}"
    return words


class _Forward(Module):
    """A handwritten network where a model is expected, for evaluation."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def forward(self, images: Any) -> Value:
        """Logits (N, classes) of images (N, ...)."""
        batch = tensor_of(images, exact=False).nested()
        return Value([self.network.forward(image) for image in batch], requires_grad=False)

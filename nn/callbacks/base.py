"""What a trainer tells its callbacks, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..checks import check_kind

if TYPE_CHECKING:
    from ..results import Epoch, Step
    from ..trainer import Trainer

__all__ = ["Callback"]


class Callback:
    """Something that watches a training. Define what you need; the rest does nothing.

    A callback reads the trainer (``trainer.position``, ``trainer.history``) and may call ``trainer.stop(reason)``. What
    it remembers for a later decision belongs into ``state_dict``, or a resumed run would decide otherwise.

    >>> import nn
    >>> class Losses(Callback):
    ...     def on_start(self, trainer):
    ...         self.losses = []
    ...     def on_update(self, trainer, step):
    ...         self.losses.append(step.loss)
    >>> losses, model = Losses(), nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    >>> trainer = nn.Trainer(model, nn.optim.SGD(model.parameters(), lr=0.03), nn.CrossEntropyLoss(), [losses])
    >>> loader = nn.data.DataLoader(nn.data.mnist.load("train", subset="paper")[:4], batch_size=2)
    >>> history = trainer.fit(loader)
    >>> len(losses.losses)
    2
    """

    def on_start(self, trainer: Trainer) -> None:
        """Before the first update of a `fit`."""

    def on_update(self, trainer: Trainer, step: Step) -> None:
        """After every update of the model; ``trainer.position`` counts it already."""

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """After every epoch and its evaluation."""

    def on_end(self, trainer: Trainer) -> None:
        """At the end of a `fit`, also of one that was stopped or failed; the callback that began last comes first."""

    def state_dict(self) -> dict[str, Any]:
        """What it must remember in a checkpoint: names and plain numbers, texts, lists."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; ValueError, and nothing is changed, for the state of something else."""
        if check_kind(type(self).__name__, "the state", state, Mapping, "a dict"):
            raise ValueError(f"{type(self).__name__}: expected no state, got {', '.join(map(str, state))}")

"""Callbacks that write files from which a training can go on, or a model be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..checkpoint import save_checkpoint, save_weights
from ..checks import check_kind, check_path, check_size
from ..results import Epoch, Step
from ..trainer import Trainer
from .base import Callback
from .monitor import Monitor

__all__ = ["BestWeights", "Checkpoint"]


class Checkpoint(Callback):
    """A file from which the training can go on (`nn.checkpoint.load_checkpoint`): written at its start, after each
    epoch, and where it was stopped. Put it last among the callbacks, so that it knows what the others have decided.

    Args:
        path: of the file, which each checkpoint replaces.
        every: also after so many updates, in the middle of an epoch.
        extra: what to keep with it.

    Raises:
        ValueError: `every` below 1. TypeError: a path, number or dict that is none.
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        op = type(self).__name__
        self.path, self.every = check_path(op, "path", path), None if every is None else check_size(op, "every", every)
        self.extra = None if extra is None else check_kind(op, "extra", extra, Mapping, "a dict")

    def on_start(self, trainer: Trainer) -> None:
        """So that there is something to resume from the start on; and a write that must fail fails now."""
        self._save(trainer)

    def on_update(self, trainer: Trainer, step: Step) -> None:
        """After some of the updates."""
        if self.every is not None and trainer.position.updates % self.every == 0:
            self._save(trainer)

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """After every epoch."""
        self._save(trainer)

    def on_end(self, trainer: Trainer) -> None:
        """Where it was stopped. Not where it broke off, perhaps with half an update."""
        if trainer.history.stopped:
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        save_checkpoint(trainer, self.path, self.extra)


class BestWeights(Callback):
    """The weights of the epoch with the best measure, in a file for `nn.checkpoint.load_weights`.

    Args:
        path: of the file.
        monitor: a field of `nn.trainer.Epoch`; smaller is better, unless its name says "accuracy".

    Raises:
        ValueError: an unknown measure. TypeError: a path or a word that is none.
    """

    def __init__(self, path: str | os.PathLike[str], monitor: str = "validation_loss") -> None:
        self.path, self.monitor = check_path("BestWeights", "path", path), Monitor("BestWeights", monitor)

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """Write it if this epoch was the best so far."""
        if self.monitor.see(epoch):
            save_weights(trainer.model, self.path)

    def state_dict(self) -> dict[str, Any]:
        """The best measure."""
        return self.monitor.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.monitor.load_state_dict(state)

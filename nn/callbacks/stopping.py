"""Callbacks that end a training."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any

from ..checks import check_size
from ..results import Epoch, Step
from ..trainer import Trainer
from .base import Callback
from .monitor import Monitor

__all__ = ["EarlyStopping", "StopOnInterrupt"]


class EarlyStopping(Callback):
    """Stop once a measure has not improved for `patience` epochs (Prechelt, "Early stopping, but when?", 1998).

    Args:
        patience: epochs without improvement that are let pass, at least 1.
        monitor: a field of `nn.trainer.Epoch`; smaller is better, unless its name says "accuracy".
        min_delta: what a change must exceed to be an improvement.

    Raises:
        ValueError: an unknown measure, a number out of its range; in training, a measure that is nan because there is
            no validation set. TypeError: a number or a word that is none.

    >>> import nn
    >>> stopping = nn.callbacks.EarlyStopping(patience=2)
    >>> stopping
    EarlyStopping(patience=2, monitor='validation_loss', best=None)
    """

    def __init__(self, patience: int = 5, monitor: str = "validation_loss", min_delta: float = 0.0) -> None:
        self.patience = check_size("EarlyStopping", "patience", patience)
        self.monitor = Monitor("EarlyStopping", monitor, min_delta)

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """Count, and perhaps stop."""
        self.monitor.see(epoch)
        if self.monitor.waited >= self.patience:
            best, name = self.monitor.best, self.monitor.name.replace("_", " ")
            trainer.stop(f"early: {name} has not been better than {best:.4f} for {self.patience} epochs")

    def state_dict(self) -> dict[str, Any]:
        """The best measure, and how long ago it was."""
        return self.monitor.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.monitor.load_state_dict(state)

    def __repr__(self) -> str:
        return f"EarlyStopping(patience={self.patience}, monitor={self.monitor.name!r}, best={self.monitor.best})"


class StopOnInterrupt(Callback):
    """Ctrl-C asks the training to stop after its update; a second one stops at once.

    For programs that train in their main thread: Python handles signals only there.
    """

    def __init__(self) -> None:
        self._asked = False

    def on_start(self, trainer: Trainer) -> None:
        """From here on."""
        self._asked = False
        self._before = signal.signal(signal.SIGINT, self._handle)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def on_update(self, trainer: Trainer, step: Step) -> None:
        """Look whether it was asked for."""
        if self._asked:
            trainer.stop("interrupted")

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """It may have been asked for during the evaluation."""
        if self._asked:
            trainer.stop("interrupted")

    def on_end(self, trainer: Trainer) -> None:
        """As before."""
        signal.signal(signal.SIGINT, self._before)

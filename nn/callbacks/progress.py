"""A live progress bar (rich)."""

from __future__ import annotations

import time
from typing import Any

from ..checks import check_flag
from ..results import Epoch, Step
from ..trainer import Trainer
from .base import Callback

__all__ = ["Progress"]

SHOWN_EVERY = 0.1  # seconds; a compiled step is faster than a screen


class Progress(Callback):
    """A bar with loss, accuracy, images per second and time left, and a line for each epoch that stays.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = check_flag("Progress", "quiet", quiet)
        self._bar: Any = None
        self._shown = 0.0

    def on_start(self, trainer: Trainer) -> None:
        """Start the bar, where the training stands."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        class Rated(Bar):
            """A bar that writes its speed into a field."""

            def get_renderables(self) -> Any:
                for task in self.tasks:
                    task.fields["rate"] = f"{task.speed:.0f}" if task.speed else "-"
                return super().get_renderables()

        assert trainer.loader is not None
        self._images = len(trainer.loader.dataset)
        columns = (
            TextColumn("epoch {task.fields[epoch]}/" + str(trainer.epochs)),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}  accuracy {task.fields[accuracy]}  {task.fields[rate]} images/s"),
            TimeRemainingColumn(),
        )
        self._bar = Rated(*columns, disable=self.quiet, transient=True)
        self._bar.start()
        self._task = self._bar.add_task(
            "", total=self._images * trainer.epochs, epoch=trainer.position.epoch + 1, loss="-", accuracy="-", rate="-"
        )
        self._bar.update(self._task, completed=self._done(trainer))

    def on_update(self, trainer: Trainer, step: Step) -> None:
        """Move the bar, at most ten times a second."""
        now, position = time.monotonic(), trainer.position
        if now - self._shown < SHOWN_EVERY and position.images < self._images:
            return
        self._shown = now
        self._bar.update(
            self._task,
            completed=self._done(trainer),
            epoch=position.epoch + 1,
            loss=f"{position.mean_loss:.3f}",
            accuracy=f"{position.accuracy:.1%}" if trainer.right is not None else "-",
        )

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """A line that stays, of each epoch that is tested."""
        if not trainer.tested_after(epoch.number):
            return
        parts = [f"loss {epoch.loss:.4f}"]
        for words, number, form in (
            ("training accuracy", epoch.train_accuracy, ".1%"),
            ("validation loss", epoch.validation_loss, ".4f"),
            ("validation accuracy", epoch.validation_accuracy, ".1%"),
            ("test accuracy", epoch.test_accuracy, ".1%"),
        ):
            if number == number:  # nan was not measured
                parts.append(f"{words} {number:{form}}")
        line = f"epoch {epoch.number}: {', '.join(parts)}, {epoch.images_per_second:.0f} images/s"
        self._bar.console.print(line, highlight=False, soft_wrap=True)

    def on_end(self, trainer: Trainer) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _done(self, trainer: Trainer) -> int:
        return trainer.position.epoch * self._images + trainer.position.images

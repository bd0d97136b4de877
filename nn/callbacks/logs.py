"""Logs of the epochs that a spreadsheet can read."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import asdict, fields

from ..checks import check_path
from ..files import write_whole
from ..results import Epoch
from ..trainer import Trainer
from .base import Callback

__all__ = ["CSVLog"]


class CSVLog(Callback):
    """A CSV file with one row an epoch; the columns are the fields of `nn.trainer.Epoch`, empty where there is nothing.

    It is written anew, whole, after each epoch: it always agrees with the history, also of a run that was resumed.

    Args:
        path: of the file; its folder must exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_path("CSVLog", "path", path)

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """Write the file."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([field.name for field in fields(Epoch)])
        for past in trainer.history.epochs:
            writer.writerow(["" if value != value else value for value in asdict(past).values()])
        write_whole(self.path, text.getvalue().encode())

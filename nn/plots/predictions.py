"""Digits and what they were taken for."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..checks import check_kind, check_size
from ..data import Dataset
from .base import GREEN, RED, figure, frame, paired, save, show, title

__all__ = ["plot_predictions"]


def plot_predictions(
    dataset: Dataset, predictions: Sequence[int], path: str | os.PathLike[str], columns: int = 8, rows: int = 4
) -> None:
    """Figure 2: sample predictions, green where right and red, with a broken frame, where wrong.

    The first images of the dataset, with as many of the wrongly classified ones as fit the last row.
    """
    check_kind("plot_predictions", "dataset", dataset, Dataset, "a Dataset")
    columns, rows = check_size("plot_predictions", "columns", columns), check_size("plot_predictions", "rows", rows)
    paired("plot_predictions", dataset, predictions)
    total = min(columns * rows, len(dataset))
    wrong = [i for i, predicted in enumerate(predictions) if predicted != dataset.label(i)]
    late = [i for i in wrong if i >= total - columns][:columns] if len(dataset) > total else []
    shown = [*range(total - len(late)), *late]
    columns = min(columns, max(total, 1))
    rows = -(-total // columns)
    picture = figure(max(1.05 * columns, 3.4), 1.25 * rows + 0.5)
    for place, i in enumerate(shown):
        axes = picture.add_subplot(rows, columns, place + 1)
        right = predictions[i] == dataset.label(i)
        colour = GREEN if right else RED
        show(axes, dataset.image(i)[0])
        frame(axes, colour, "-" if right else "--")
        text = f"{predictions[i]}" if right else f"{predictions[i]}, is {dataset.label(i)}"
        axes.set_title(text, color=colour, fontsize=9, pad=3)
    accuracy = 1 - len(wrong) / len(dataset)
    part = f"{len(late)} of" if len(late) < len(wrong) else "all"
    note = f"; last row: {part} {len(wrong)} errors" if late else ""
    title(picture, f"Predictions on test images ({accuracy:.1%} right{note})")
    save(picture, path)

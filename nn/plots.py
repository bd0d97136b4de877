"""Pictures of a training run, drawn by matplotlib (an optional dependency: ``pip install 'tinygrad-lists[plots]'``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .data import Dataset
from .files import replacing
from .trainer import Epoch

__all__ = ["have_matplotlib", "plot_curves", "plot_predictions"]

# Okabe and Ito's colours, told apart by colour-blind readers; green and red as the paper's figure 2 has them.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#D55E00", "#007A53", "#C1272D", "#6b6b6b"


def have_matplotlib() -> bool:
    """Whether pictures can be drawn here."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plot_curves(
    epochs: Sequence[Epoch], path: str | os.PathLike[str], paper: Sequence[tuple[float, float]] = ()
) -> None:
    """Figure 1: training loss and test accuracy over the epochs; `paper` adds the paper's own curves, dotted."""
    figure = _figure(7.2, 4.2)
    losses = figure.add_subplot()
    accuracies = losses.twinx()
    numbers = [epoch.number for epoch in epochs]
    losses.plot(numbers, [epoch.loss for epoch in epochs], "o-", color=BLUE, label="training loss")
    accuracies.plot(numbers, [100 * e.test_accuracy for e in epochs], "s-", color=ORANGE, label="test accuracy")
    if paper:
        known = range(1, len(paper) + 1)
        losses.plot(known, [loss for loss, _ in paper], "o:", color=BLUE, alpha=0.45, label="training loss (paper)")
        accuracies.plot(
            known, [100 * a for _, a in paper], "s:", color=ORANGE, alpha=0.45, label="test accuracy (paper)"
        )
    losses.set_xlabel("epoch")
    losses.set_ylabel("average training loss", color=BLUE)
    accuracies.set_ylabel("test accuracy (%)", color=ORANGE)
    losses.set_xticks(range(1, max([*numbers, len(paper)], default=1) + 1))
    losses.set_ylim(bottom=0)
    accuracies.set_ylim(top=100)
    losses.grid(alpha=0.25)
    for side in ("top",):
        losses.spines[side].set_visible(False)
        accuracies.spines[side].set_visible(False)
    lines = losses.get_lines() + accuracies.get_lines()
    losses.legend(lines, [line.get_label() for line in lines], loc="center right", frameon=False)
    losses.set_title("Training loss and test accuracy", loc="left", fontsize=11)
    _save(figure, path)


def plot_predictions(
    dataset: Dataset, predictions: Sequence[int], path: str | os.PathLike[str], columns: int = 8, rows: int = 4
) -> None:
    """Figure 2: sample predictions, green where right and red where wrong.

    The first images of the dataset, with as many of the wrongly classified ones as fit the last row.
    """
    total = min(columns * rows, len(dataset))
    wrong = [i for i, predicted in enumerate(predictions) if predicted != dataset.label(i)]
    late = [i for i in wrong if i >= total - columns][:columns] if len(dataset) > total else []
    shown = [*range(total - len(late)), *late]
    columns = min(columns, max(total, 1))
    rows = -(-total // columns)
    figure = _figure(1.05 * columns, 1.25 * rows + 0.5)
    for place, i in enumerate(shown):
        axes = figure.add_subplot(rows, columns, place + 1)
        right = predictions[i] == dataset.label(i)
        colour = GREEN if right else RED
        axes.imshow(dataset.image(i)[0], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(colour)
            spine.set_linewidth(1.8)
        text = f"{predictions[i]}" if right else f"{predictions[i]}, is {dataset.label(i)}"
        axes.set_title(text, color=colour, fontsize=9, pad=3)
    accuracy = 1 - len(wrong) / len(dataset)
    note = f"; last row: {len(late)} of {len(wrong)} errors" if late else ""
    figure.suptitle(f"Predictions on test images ({accuracy:.1%} right{note})", fontsize=10, x=0.02, ha="left")
    _save(figure, path)


def _save(figure: Any, path: str | os.PathLike[str]) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary)

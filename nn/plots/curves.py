"""Loss and accuracy over the epochs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..checks import check_list
from ..errors import shown
from ..results import Epoch
from .base import BLUE, ORANGE, figure, save

__all__ = ["plot_curves"]


def plot_curves(
    epochs: Sequence[Epoch], path: str | os.PathLike[str], paper: Sequence[tuple[float, float]] = ()
) -> None:
    """Figure 1: training loss and test accuracy over the epochs.

    Args:
        epochs: a `History`'s; where they have a validation loss and accuracy, these are drawn too, dashed.
        path: where to.
        paper: the paper's own loss and accuracy for each epoch, dotted.
    """
    if any(not isinstance(epoch, Epoch) for epoch in check_list("plot_curves", "epochs", epochs, "a list of epochs")):
        raise TypeError(f"plot_curves: epochs is {shown(epochs)}; it must hold what fit() gives in history.epochs")
    picture = figure(7.2, 4.2)
    losses = picture.add_subplot()
    accuracies = losses.twinx()
    numbers = [epoch.number for epoch in epochs]
    marker = len(epochs) <= 30
    tested = [epoch for epoch in epochs if epoch.test_accuracy == epoch.test_accuracy]
    kinds = [
        (losses, epochs, [e.loss for e in epochs], BLUE, "o-", "training loss"),
        (losses, epochs, [e.validation_loss for e in epochs], BLUE, "o--", "validation loss"),
        (accuracies, tested, [100 * e.test_accuracy for e in tested], ORANGE, "s-", "test accuracy"),
        (accuracies, epochs, [100 * e.validation_accuracy for e in epochs], ORANGE, "s--", "validation accuracy"),
    ]
    for axes, of, heights, colour, style, label in kinds:
        if any(height == height for height in heights):  # not all nan: it was measured
            axes.plot(
                [epoch.number for epoch in of],
                heights,
                style if marker else style[1:],
                color=colour,
                label=label,
                markersize=5,
            )
    if paper:
        known = range(1, len(paper) + 1)
        losses.plot(known, [loss for loss, _ in paper], "o:", color=BLUE, alpha=0.45, label="training loss (paper)")
        accuracies.plot(
            known, [100 * a for _, a in paper], "s:", color=ORANGE, alpha=0.45, label="test accuracy (paper)"
        )
    losses.set_xlabel("epoch")
    losses.set_ylabel("average loss", color=BLUE)
    accuracies.set_ylabel("accuracy (%)", color=ORANGE)
    last = max([*numbers, len(paper)], default=1)
    losses.set_xticks(range(1, last + 1, -(-last // 15)))
    losses.set_ylim(bottom=0)
    accuracies.set_ylim(top=100)
    losses.grid(alpha=0.25)
    for axes in (losses, accuracies):
        axes.spines["top"].set_visible(False)
    lines = losses.get_lines() + accuracies.get_lines()
    losses.legend(
        lines,
        [line.get_label() for line in lines],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=2,
        frameon=False,
    )
    losses.set_title(f"Training loss and test accuracy over {_count(epochs)}", loc="left", fontsize=11)
    save(picture, path)


def _count(epochs: Sequence[Epoch]) -> str:
    return f"{len(epochs)} epoch{'s' * (len(epochs) != 1)}"

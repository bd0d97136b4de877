"""The digits that a network is wrong about, and sure of it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..checks import check_kind, check_size
from ..data import Dataset
from .base import GREY, RED, figure, frame, paired, save, show, title

__all__ = ["most_confident_mistakes", "plot_mistakes"]


def most_confident_mistakes(labels: Sequence[int], probabilities: Sequence[Sequence[float]]) -> list[int]:
    """Indices of the wrong predictions, the surest first.

    >>> most_confident_mistakes([0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]])
    [2, 1]
    """
    wrong = [i for i, row in enumerate(probabilities) if row.index(max(row)) != labels[i]]
    return sorted(wrong, key=lambda i: -max(probabilities[i]))


def plot_mistakes(
    dataset: Dataset,
    probabilities: Sequence[Sequence[float]],
    path: str | os.PathLike[str],
    columns: int = 6,
    rows: int = 3,
) -> None:
    """The most confidently wrong digits, the worst first: what each is, and the probabilities of the right and of the
    wrong answer as bars.

    Args:
        dataset: the images.
        probabilities: for each of them, that of each class.
        path: where to.
    """
    check_kind("plot_mistakes", "dataset", dataset, Dataset, "a Dataset")
    columns, rows = check_size("plot_mistakes", "columns", columns), check_size("plot_mistakes", "rows", rows)
    paired("plot_mistakes", dataset, probabilities)
    wrong = most_confident_mistakes(dataset.labels, probabilities)
    shown = wrong[: columns * rows]
    columns = min(columns, max(len(shown), 1))
    rows = max(1, -(-len(shown) // columns))
    side = max(1.45, 5.2 / columns)  # the heading needs its width, however few there are
    picture = figure(side * columns, (1.27 * side + 0.3) * rows + 0.45)
    for place, i in enumerate(shown):
        axes = picture.add_subplot(rows, columns, place + 1)
        row, label = probabilities[i], dataset.label(i)
        predicted = row.index(max(row))
        show(axes, dataset.image(i)[0])
        frame(axes, RED, "--")
        axes.set_title(f"taken for {predicted}, is {label}", color=RED, fontsize=8, pad=3)
        bars = axes.inset_axes((0.0, -0.3, 1.0, 0.26))
        bars.barh([1, 0], [row[predicted], row[label]], color=[RED, GREY], height=0.75)
        for height, answer in ((1, predicted), (0, label)):
            share = row[answer]
            text = f"{answer}: {share:.1%}"
            inside = share > 0.6
            bars.text(
                0.03 if inside else share + 0.03,
                height,
                text,
                va="center",
                fontsize=7,
                color="white" if inside else "black",
            )
        bars.set_xlim(0, 1)
        bars.set_ylim(-0.55, 1.55)
        bars.axis("off")
    if shown:
        heading = f"Most confidently wrong: {len(shown)} of {len(wrong)} errors on {len(dataset):,} images"
    else:
        heading = f"No errors on {len(dataset):,} images"
    title(picture, heading)
    save(picture, path)

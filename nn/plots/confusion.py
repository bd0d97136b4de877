"""Which digits are taken for which."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..checks import check_list
from .base import figure, save

__all__ = ["plot_confusion"]


def plot_confusion(matrix: Sequence[Sequence[int]], path: str | os.PathLike[str]) -> None:
    """A confusion matrix (`nn.metrics.confusion_matrix`): a row for each true class, a column for each predicted one.

    Right answers are blue, the darker the larger their share of the row. Errors are orange, on a scale of their own
    that ends at the largest of them, or they would not be seen beside the right answers. Numbers are counts.
    """
    check_list("plot_confusion", "matrix", matrix, "a matrix of counts")
    size = len(matrix)
    if not size or any(len(row) != size for row in matrix):
        raise ValueError(
            f"plot_confusion: {size} rows of {sorted({len(row) for row in matrix})} columns; give a square"
        )
    shares = [[count / max(sum(row), 1) for count in row] for row in matrix]
    right = [[share if i == j else float("nan") for j, share in enumerate(row)] for i, row in enumerate(shares)]
    wrong = [
        [share if i != j and share else float("nan") for j, share in enumerate(row)] for i, row in enumerate(shares)
    ]
    worst = max((share for row in wrong for share in row if share == share), default=1.0)
    picture = figure(0.5 * size + 2.2, 0.5 * size + 0.9)
    axes = picture.add_subplot()
    axes.imshow(right, cmap="Blues", vmin=0, vmax=1.25)
    axes.imshow(wrong, cmap="Oranges", vmin=-0.35 * worst, vmax=1.35 * worst)
    for i, row in enumerate(matrix):
        for j, count in enumerate(row):
            if count:
                dark = shares[i][j] > 0.7 if i == j else shares[i][j] > 0.8 * worst
                axes.text(
                    j,
                    i,
                    f"{count:,}",
                    ha="center",
                    va="center",
                    fontsize=9 - len(f"{count:,}") / 2,
                    color="white" if dark else "black",
                )
    axes.set_xticks(range(size))
    axes.set_yticks(range(size))
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0)
    axes.set_xticks([x - 0.5 for x in range(1, size)], minor=True)
    axes.set_yticks([y - 0.5 for y in range(1, size)], minor=True)
    axes.grid(which="minor", color="#e4e4e4", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_color("#b0b0b0")
    found = axes.secondary_yaxis("right")
    found.set_yticks(
        range(size), [f"{shares[i][i]:.1%}" if sum(row) else "none" for i, row in enumerate(matrix)], fontsize=8
    )
    found.tick_params(length=0)
    found.set_ylabel("found of each true class (recall)", fontsize=8)
    found.spines["right"].set_visible(False)
    total, correct = sum(map(sum, matrix)), sum(row[i] for i, row in enumerate(matrix))
    share = f"{correct / total:.1%} of {total:,} right" if total else "no images"
    axes.set_title(f"Confusion matrix ({share})", loc="left", fontsize=11)
    save(picture, path)

"""Digits whose labels nobody knows, and what they look like to the network."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..checks import check_kind, check_size
from ..data import Dataset
from .base import BLUE, GREY, figure, frame, paired, save, show, title

__all__ = ["plot_readings"]


def plot_readings(
    dataset: Dataset,
    probabilities: Sequence[Sequence[float]],
    path: str | os.PathLike[str],
    names: Sequence[str] = (),
    columns: int = 3,
    rows: int = 4,
) -> None:
    """Each image as the network gets it, and beside it the probability of every class; the answer is blue.

    Args:
        dataset: its first ``columns * rows`` images are shown; labels do not matter.
        probabilities: for each of them, that of each class.
        path: where to.
        names: what stands above them, such as the names of their files.
    """
    check_kind("plot_readings", "dataset", dataset, Dataset, "a Dataset")
    columns, rows = check_size("plot_readings", "columns", columns), check_size("plot_readings", "rows", rows)
    paired("plot_readings", dataset, probabilities)
    shown = range(min(len(dataset), columns * rows))
    columns = min(columns, max(len(shown), 1))
    rows = max(1, -(-len(shown) // columns))
    picture = figure(max(3.1 * columns, 3.6), 1.75 * rows + 0.45)
    for i in shown:
        row = probabilities[i]
        best = row.index(max(row))
        digit = picture.add_subplot(rows, 2 * columns, 2 * i + 1)
        show(digit, dataset.image(i)[0])
        frame(digit, GREY, width=0.8)
        if names:
            name = names[i] if len(names[i]) <= 24 else f"...{names[i][-21:]}"
            digit.set_title(name, fontsize=8, pad=4, loc="left")
        bars = picture.add_subplot(rows, 2 * columns, 2 * i + 2)
        bars.barh(range(len(row)), row, color=[BLUE if j == best else GREY for j in range(len(row))], height=0.72)
        bars.set_title(f"{best}  ({row[best]:.1%})", fontsize=9, color=BLUE, fontweight="bold", pad=4, loc="left")
        bars.set_yticks(range(len(row)))
        bars.tick_params(axis="y", length=0, labelsize=6.5)
        bars.set_box_aspect(1)  # as high as the digit
        bars.set_xlim(0, 1)
        bars.set_xticks([])
        bars.invert_yaxis()
        for side in ("top", "right", "bottom"):
            bars.spines[side].set_visible(False)
    more = f"; {len(dataset) - len(shown)} more" if len(dataset) > len(shown) else ""
    title(picture, f"What the network reads{more}")
    save(picture, path)

"""What the first layer looks for."""

from __future__ import annotations

import os

from ..checks import check_kind, check_size
from ..layers import Conv2d
from ..module import Module
from .base import GREY, figure, frame, save, show, title

__all__ = ["plot_filters"]


def plot_filters(model: Module, path: str | os.PathLike[str], columns: int = 8) -> None:
    """The filters of the first convolution: orange weights want ink, violet ones paper, white does not care.

    A filter of several input channels is shown by the mean over them. The weights stand in the squares while these are
    large enough to be read.

    Raises:
        ValueError: the model has no Conv2d.
    """
    check_kind("plot_filters", "model", model, Module, "a Module")
    columns = check_size("plot_filters", "columns", columns)
    name, layer = next(((n, m) for n, m in model.named_modules() if isinstance(m, Conv2d)), ("", None))
    if layer is None:
        raise ValueError("plot_filters: the model has no Conv2d, so there are no filters to show")
    filters = [
        [[sum(channel) / len(channel) for channel in zip(*rows, strict=True)] for rows in zip(*kernel, strict=True)]
        for kernel in layer.weight.data
    ]
    biases = layer.bias.data if layer.bias is not None else [0.0] * len(filters)
    strongest = max(abs(weight) for kernel in filters for row in kernel for weight in row) or 1.0
    columns = min(columns, len(filters))
    rows = -(-len(filters) // columns)
    picture = figure(max(1.15 * columns + 0.9, 4.5), 1.4 * rows + 0.55)
    grid = []
    for i, kernel in enumerate(filters):
        axes = picture.add_subplot(rows, columns, i + 1)
        grid.append(axes)
        shown = show(axes, kernel, -strongest, strongest, "PuOr_r")
        frame(axes, GREY, width=0.8)
        axes.set_title(f"{i}   bias {biases[i]:+.2f}", fontsize=7.5, pad=3)
        if len(kernel) <= 3 and len(kernel[0]) <= 3:
            for y, row in enumerate(kernel):
                for x, weight in enumerate(row):
                    colour = "white" if abs(weight) > 0.65 * strongest else "black"
                    axes.text(x, y, f"{weight:.2f}", ha="center", va="center", fontsize=6, color=colour)
    bar = picture.colorbar(shown, ax=grid, fraction=0.02, pad=0.01)
    bar.ax.tick_params(labelsize=7)
    bar.set_label("weight", fontsize=8)
    height, width = len(filters[0]), len(filters[0][0])
    title(
        picture, f"The {len(filters)} filters of layer {name or 0}, {height} x {width}: orange wants ink, violet paper"
    )
    save(picture, path)

"""A drawing, and what is made of it for the network."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..data import Image
from ..data.drawing import SIDE
from ..data.images import GreyImage
from .base import GREY, ORANGE, figure, frame, paired, save, show, title

__all__ = ["plot_preparation"]


def plot_preparation(
    drawings: Sequence[GreyImage],
    prepared: Sequence[Image],
    path: str | os.PathLike[str],
    names: Sequence[str] = (),
    most: int = 8,
) -> None:
    """Above, pictures as they were given; below, the 28 x 28 pixels that `prepare_drawing` makes of them, shown black
    on white, with a cross where their centre of mass is.
    """
    paired("plot_preparation", drawings, prepared)
    count = min(len(drawings), most)
    picture = figure(max(1.6 * count, 3.6), 3.9)
    middle = SIDE / 2  # of pixel 14, whose own middle is at 14 on matplotlib's axis
    for i in range(count):
        image = drawings[i]
        above, below = picture.add_subplot(2, count, i + 1), picture.add_subplot(2, count, count + i + 1)
        rows = [image.pixels[start : start + image.columns] for start in range(0, len(image.pixels), image.columns)]
        show(above, [list(row) for row in rows], 0, 255, "gray")
        above.set_title(names[i] if names else "", fontsize=8.5, pad=4)
        show(below, prepared[i][0])
        below.axhline(middle, color=ORANGE, linewidth=0.6)
        below.axvline(middle, color=ORANGE, linewidth=0.6)
        for axes in (above, below):
            frame(axes, GREY, width=0.8)
    title(picture, f"Drawings, and the {SIDE} x {SIDE} pixels that the network gets (cross: centre of mass)", 9)
    save(picture, path)

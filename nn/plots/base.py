"""What all pictures share: colours, an empty figure, one digit in a frame, and saving."""

from __future__ import annotations

import os
from collections.abc import Sequence, Sized
from typing import Any

from ..files import replacing

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "figure",
    "frame",
    "have_matplotlib",
    "paired",
    "save",
    "show",
    "title",
]

# Okabe and Ito's colours, told apart by colour-blind readers; green and red as the paper's figure 2 has them.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#D55E00", "#007A53", "#C1272D", "#6b6b6b"


def have_matplotlib() -> bool:
    """Whether pictures can be drawn here."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def figure(width: float, height: float) -> Any:
    """An empty figure, sizes in inches. ImportError, with the command that installs it, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "pictures need matplotlib, which is not installed (pip install 'tinygrad-lists[plots]')"
        ) from None

    # Not pyplot: it keeps figures in a global list, and wants a screen.
    empty = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(empty)
    return empty


def paired(op: str, images: Sized, predictions: Sized) -> None:
    """ValueError unless there is a prediction for each image, and at least one.

    >>> paired("plot_mistakes", "ab", "a")
    Traceback (most recent call last):
        ...
    ValueError: plot_mistakes: 2 images and 1 predictions; give as many of each, and at least one
    """
    if len(images) != len(predictions) or not len(images):
        raise ValueError(
            f"{op}: {len(images)} images and {len(predictions)} predictions; give as many of each, and at least one"
        )


def title(picture: Any, text: str, size: float = 10) -> None:
    """A line above everything, from the left."""
    picture.suptitle(text, fontsize=size, x=0.02, ha="left")


def show(axes: Any, image: Sequence[Sequence[float]], low: float = 0, high: float = 1, colours: str = "gray_r") -> Any:
    """A matrix as squares, without ticks. Returns what a colour bar is made of."""
    shown = axes.imshow(image, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    return shown


def frame(axes: Any, colour: str, style: str = "-", width: float = 1.8) -> None:
    """A frame of one colour."""
    for spine in axes.spines.values():
        spine.set_color(colour)
        spine.set_linewidth(width)
        spine.set_linestyle(style)


def save(picture: Any, path: str | os.PathLike[str]) -> None:
    """Write the picture, whole or not at all. ValueError for a suffix that matplotlib has no format for."""
    with replacing(path) as temporary:
        picture.savefig(temporary)

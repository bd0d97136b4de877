"""Pictures of a training run and of what a network sees, by matplotlib (``pip install 'tinygrad-lists[plots]'``).

A file for each kind; every function takes plain numbers or a model, and writes one picture, whole or not at all. The
suffix of the path decides the format: png, svg, pdf. Colours are Okabe and Ito's, which colour-blind readers tell
apart; where they mean something, a line style or a text says it too.
"""

from __future__ import annotations

from .base import BLUE, GREEN, GREY, ORANGE, RED, have_matplotlib
from .confusion import plot_confusion
from .curves import plot_curves
from .features import plot_features
from .filters import plot_filters
from .mistakes import most_confident_mistakes, plot_mistakes
from .predictions import plot_predictions
from .preparation import plot_preparation
from .readings import plot_readings

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "have_matplotlib",
    "most_confident_mistakes",
    "plot_confusion",
    "plot_curves",
    "plot_features",
    "plot_filters",
    "plot_mistakes",
    "plot_predictions",
    "plot_preparation",
    "plot_readings",
]

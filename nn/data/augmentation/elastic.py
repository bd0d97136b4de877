"""Elastic distortion: every pixel moves a little, and neighbours move alike."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from operator import mul

from ...checks import check_real
from .base import Augmentation, Points

__all__ = ["Elastic"]


class Elastic(Augmentation):
    """Elastic distortion, as hands make it.

    Two fields of random numbers from -1 to 1, one for each direction, are smoothed by a Gaussian of standard deviation
    `sigma` and multiplied by `alpha`; each pixel comes from where they point to. With the Gaussian's sum 1, and far
    from its width, displacements have the standard deviation alpha / (2 sqrt(3 pi) sigma) pixels: 1.4 for the paper's
    34 and 4.

    Source: P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional neural networks applied to
    visual document analysis", ICDAR 2003, section 2. The field is taken to go on beyond the right edge at the left one,
    so that it is as strong at the edges as in the middle.

    Args:
        alpha: strength in pixels, 0 for none.
        sigma: how far neighbours move alike, in pixels, over 0.

    >>> digit = bytes(28 * 28)
    >>> Elastic()(digit, rows=28, columns=28, epoch=0, index=0) == digit
    True
    """

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0, seed: int = 0, maps: int = 1024) -> None:
        op = type(self).__name__
        self.alpha = check_real(op, "alpha", alpha, at_least=0)
        self.sigma = check_real(op, "sigma", sigma, above=0)
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """(y + a field, x + another), each read at the nearest pixel of the point."""
        middle_y, middle_x = (rows - 1) / 2, (columns - 1) / 2
        places = [
            (math.floor(y + middle_y + 0.5) % rows, math.floor(x + middle_x + 0.5) % columns)
            for y, x in zip(*points, strict=True)
        ]
        moved = []
        for coordinates in points:
            field = self.field(rows, columns, rng)
            moved.append([at + field[i][j] for at, (i, j) in zip(coordinates, places, strict=True)])
        return moved[0], moved[1]

    def field(self, rows: int, columns: int, rng: random.Random) -> list[list[float]]:
        """Smooth displacements in one direction, in pixels."""
        weights = _gaussian(self.sigma)
        noise = [[self.alpha * rng.uniform(-1.0, 1.0) for _ in range(columns)] for _ in range(rows)]
        # A Gaussian of two dimensions is one along the rows and one along the columns.
        along = [_smoothed(row, weights) for row in noise]
        return _transposed([_smoothed(column, weights) for column in _transposed(along)])


def _gaussian(sigma: float) -> list[float]:
    """Weights of the neighbours up to three standard deviations away; their sum is 1."""
    reach = math.ceil(3 * sigma)
    weights = [math.exp(-0.5 * (distance / sigma) ** 2) for distance in range(-reach, reach + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


def _smoothed(row: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Convolution, around the ends."""
    size, width = len(row), len(weights)
    reach = width // 2
    around = [row[at % size] for at in range(-reach, size + reach)]
    return [sum(map(mul, weights, around[at : at + width])) for at in range(size)]


def _transposed(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]

"""Shift, rotation, scale and shear."""

from __future__ import annotations

import math
import random

from ...checks import check_flag, check_real
from .base import Augmentation, Points

__all__ = ["Rotation", "Scale", "Shear", "Shift"]


class Shift(Augmentation):
    """Move the image up or down and left or right, each by -`pixels` to `pixels`: whole pixels, unless `subpixel`.

    >>> move = Shift(1, seed=5)
    >>> [list(move(bytes([0, 9, 0]), rows=1, columns=3, epoch=epoch, index=0)) for epoch in range(2)]
    [[9, 0, 0], [0, 9, 0]]
    """

    def __init__(self, pixels: float, subpixel: bool = False, seed: int = 0, maps: int = 1024) -> None:
        op = type(self).__name__
        self.pixels = check_real(op, "pixels", pixels, at_least=0)
        self.subpixel = check_flag(op, "subpixel", subpixel)
        if not subpixel and pixels % 1:
            raise ValueError(f"{op}: pixels is {pixels}; it must be a whole number, or use subpixel=True")
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """(y - dy, x - dx)"""
        most = self.pixels
        down, right = (
            rng.uniform(-most, most) if self.subpixel else rng.randint(-int(most), int(most)) for _ in range(2)
        )
        ys, xs = points
        return [y - down for y in ys], [x - right for x in xs]


class Rotation(Augmentation):
    """Turn the image about its middle by -`degrees` to `degrees`.

    >>> turn = Rotation(15)
    >>> list(turn(bytes(9), rows=3, columns=3, epoch=0, index=0)) == [0] * 9
    True
    """

    def __init__(self, degrees: float, seed: int = 0, maps: int = 1024) -> None:
        self.degrees = check_real(type(self).__name__, "degrees", degrees, at_least=0, at_most=180)
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """(y cos a + x sin a, x cos a - y sin a)"""
        angle = math.radians(rng.uniform(-self.degrees, self.degrees))
        cosine, sine = math.cos(angle), math.sin(angle)
        ys, xs = points
        pairs = list(zip(ys, xs, strict=True))
        return [y * cosine + x * sine for y, x in pairs], [x * cosine - y * sine for y, x in pairs]


class Scale(Augmentation):
    """Scale the image about its middle by a factor from `low` to `high`; over 1 is larger.

    With `each_axis` the height and the width have a factor each, so that digits become wider or narrower, too.

    >>> Scale(0.9, 1.1).seed
    0
    """

    def __init__(self, low: float, high: float, each_axis: bool = False, seed: int = 0, maps: int = 1024) -> None:
        op = type(self).__name__
        self.low = check_real(op, "low", low, above=0)
        self.high = check_real(op, "high", high, at_least=low)
        self.each_axis = check_flag(op, "each_axis", each_axis)
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """(y / s, x / s), or with `each_axis` (y / s, x / t)"""
        down = 1 / rng.uniform(self.low, self.high)
        across = 1 / rng.uniform(self.low, self.high) if self.each_axis else down
        ys, xs = points
        return [y * down for y in ys], [x * across for x in xs]


class Shear(Augmentation):
    """Slant the image, as handwriting is: each row moves sideways by `factor` times its distance from the middle at
    most, to either side.

    >>> slant = Shear(1, seed=2)
    >>> slanted = slant(bytes([0, 9, 0] * 3), rows=3, columns=3, epoch=0, index=0)
    >>> [list(slanted[row : row + 3]) for row in (0, 3, 6)]
    [[0, 4, 4], [0, 9, 0], [4, 4, 0]]
    """

    def __init__(self, factor: float, seed: int = 0, maps: int = 1024) -> None:
        self.factor = check_real(type(self).__name__, "factor", factor, at_least=0)
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """(y, x + k y)"""
        k = rng.uniform(-self.factor, self.factor)
        ys, xs = points
        return ys, [x + k * y for y, x in zip(ys, xs, strict=True)]

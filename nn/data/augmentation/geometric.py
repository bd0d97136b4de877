"""Shift, rotation, scale and shear."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from .base import Augmentation, Points

__all__ = ["Rotation", "Scale", "Shear", "Shift"]


def number(what: str, value: object, test: Callable[[float], bool], wanted: str) -> None:
    """ValueError unless `value` is a finite number that passes `test`."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and test(value)
    if not good:
        raise ValueError(f"{what} {value!r} must be {wanted}")


class Shift(Augmentation):
    """Move the image up or down and left or right, each by -`pixels` to `pixels`: whole pixels, unless `subpixel`.

    >>> move = Shift(1, seed=5)
    >>> [list(move(bytes([0, 9, 0]), rows=1, columns=3, epoch=epoch, index=0)) for epoch in range(2)]
    [[9, 0, 0], [0, 9, 0]]
    """

    def __init__(self, pixels: float, subpixel: bool = False, seed: int = 0, maps: int = 1024) -> None:
        if subpixel:
            number("Shift: pixels", pixels, lambda value: value >= 0, "a number of at least 0")
        else:
            whole = "a whole number of at least 0 (or use subpixel=True)"
            number("Shift: pixels", pixels, lambda value: value >= 0 and value % 1 == 0, whole)
        self.pixels = pixels
        self.subpixel = subpixel
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
        number("Rotation: degrees", degrees, lambda value: 0 <= value <= 180, "a number from 0 to 180")
        self.degrees = degrees
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
        number("Scale: low", low, lambda value: value > 0, "a number over 0")
        number("Scale: high", high, lambda value: value >= low, f"a number of at least low = {low!r}")
        self.low = low
        self.high = high
        self.each_axis = each_axis
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
        number("Shear: factor", factor, lambda value: value >= 0, "a number of at least 0")
        self.factor = factor
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """(y, x + k y)"""
        k = rng.uniform(-self.factor, self.factor)
        ys, xs = points
        return ys, [x + k * y for y, x in zip(ys, xs, strict=True)]

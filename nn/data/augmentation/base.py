"""What all augmentations share: a seed, a bank of maps, and the choice of one for an image and an epoch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from ...checks import check_seed, check_whole
from ...errors import shown
from .resampling import ResamplingMap

__all__ = ["Augmentation", "Compose", "Points"]

#: Rows and columns of many points.
Points = tuple[Sequence[float], Sequence[float]]

_LANES_64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def splitmix64(seed: int, n: int) -> int:
    """The n-th number, from 0, of the generator SplitMix64: 64 random bits, for any n without those before it.

    Source: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; the
    constants are those of S. Vigna's splitmix64.c, whose first number for the seed 1234567 this is:

    >>> splitmix64(1234567, 0)
    6457827717110365317
    """
    z = seed + (n + 1) * _GOLDEN & _LANES_64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _LANES_64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _LANES_64
    return z ^ z >> 31


class Augmentation:
    """A random change of an image's geometry: ``augment(pixels, rows, columns, epoch, index)`` is the changed image.

    The result is a function of the image, the seed, the epoch and the index alone. A batch size, the order, worker
    processes and a run that was taken up again do not matter.

    So that an image costs microseconds, what is random about it is drawn ``maps`` times only, when first needed, and
    made into tables; each image and epoch uses one of them, chosen at random. A thousand different rotations are for
    training as good as any number of them.

    Args:
        seed: any int.
        maps: how many different changes there are, at least 1; each keeps 10 KB for images of 28 x 28.

    Raises:
        ValueError: a number out of its range. TypeError: an argument of another type. So do all kinds of augmentation.
    """

    def __init__(self, seed: int = 0, maps: int = 1024) -> None:
        op = type(self).__name__
        self.seed = seed = check_seed(op, seed)
        self.maps = check_whole(op, "maps", maps, at_least=1)
        # A text seed goes through SHA-512, so that neighbouring seeds share nothing.
        self._key = random.Random(f"augmentation seed {seed}").getrandbits(64)
        self._banks: dict[tuple[int, int], dict[int, ResamplingMap]] = {}

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """Where each of `points` in the new image comes from in the old one, in pixels from the image's middle.

        This is what a kind of augmentation defines; it draws from `rng` alone.
        """
        raise NotImplementedError

    def __call__(self, pixels: bytes, rows: int, columns: int, epoch: int, index: int) -> bytes:
        """The changed image, of the same size, outside of which all is black."""
        bank = self._banks.get((rows, columns))
        if bank is None:
            bank = self._banks[rows, columns] = {}
        number = splitmix64(self._key, epoch << 32 | index) * self.maps >> 64
        resample = bank.get(number)
        if resample is None:
            resample = bank[number] = self.map(number, rows, columns)
        return resample(pixels)

    def map(self, number: int, rows: int, columns: int) -> ResamplingMap:
        """One of the bank's maps, drawn anew."""
        middle_y, middle_x = (rows - 1) / 2, (columns - 1) / 2
        across = [column - middle_x for column in range(columns)]
        points = [row - middle_y for row in range(rows) for _ in across], across * rows
        ys, xs = self.sources(points, rows, columns, random.Random(f"augmentation {self.seed} map {number}"))
        return ResamplingMap([y + middle_y for y in ys], [x + middle_x for x in xs], rows, columns)

    def __getstate__(self) -> dict[str, Any]:
        """For a worker process: all but the tables, which it makes for itself."""
        return {**self.__dict__, "_banks": {}}

    def __repr__(self) -> str:
        """The expression that makes this augmentation."""
        settings = [f"{name}={value!r}" for name, value in self.__dict__.items() if not name.startswith("_")]
        return f"{type(self).__name__}({', '.join(settings)})"


class Compose(Augmentation):
    """Several augmentations, the first one first, as one: the image is interpolated once and blurred once.

    The seeds of the parts count as well as its own.

    >>> from nn.data.augmentation import Rotation, Shear
    >>> Compose(Rotation(10), Shear(0.2, seed=5), seed=1)
    Compose(Rotation(degrees=10, seed=0, maps=1024), Shear(factor=0.2, seed=5, maps=1024), seed=1, maps=1024)
    """

    def __init__(self, *parts: Augmentation, seed: int = 0, maps: int = 1024) -> None:
        for part in parts:
            if not isinstance(part, Augmentation):
                raise TypeError(f"Compose: {shown(part)} is no augmentation, such as Shift(2)")
        if not parts:
            raise ValueError("Compose: no augmentation given; give at least one, such as Shift(2)")
        self._parts = parts
        super().__init__(seed, maps)

    def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
        """Sources of sources: the last change of the image is the first one on the way back."""
        drawn = rng.getrandbits(64)
        for number, part in reversed(list(enumerate(self._parts))):
            own = random.Random(f"{drawn} part {number} seed {part.seed}")
            points = part.sources(points, rows, columns, own)
        return points

    def __repr__(self) -> str:
        return f"Compose({', '.join(map(repr, self._parts))}, seed={self.seed}, maps={self.maps})"

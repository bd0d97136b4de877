"""Augmentation: what an image costs, by several ways of interpolating in plain Python, and in a loader's batches.

Run it with ``python tests/benchmarks/augmentation.py`` from the repository; it takes about half a minute. The ways make
the same change of the same digits, from tables made beforehand; their times do not count the making, which is printed
apart. "off" is how far a pixel is from exact bilinear interpolation, in levels of 0 to 255: mean over all, and highest.
Batches are of 64 of the paper's 1,000 training images, and their time is from one end of an epoch to the other.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from math import floor
from operator import itemgetter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from machine import describe
from sides import in_turns, table

import nn
from nn.data import DataLoader
from nn.data.augmentation import Augmentation, Compose, Elastic, Rotation, Scale, Shift
from nn.data.augmentation.base import splitmix64
from nn.data.augmentation.resampling import ResamplingMap

ROWS = COLUMNS = 28
SIZE = ROWS * COLUMNS
BATCH = 64
IMAGES = 200

Resample = Callable[[bytes], bytes]
Points = tuple[Sequence[float], Sequence[float]]


def points_of(kind: Augmentation, number: int) -> Points:
    """Where each pixel comes from, as `Augmentation.map` finds it, but before it becomes a table."""
    middle = (ROWS - 1) / 2
    grid = [i - middle for i in range(ROWS)]
    points = [y for y in grid for _ in grid], grid * ROWS
    ys, xs = kind.sources(points, ROWS, COLUMNS, random.Random(number))
    return [y + middle for y in ys], [x + middle for x in xs]


# -- ways of interpolating --------------------------------------------------------------------------------------------


def nested_loops(ys: Sequence[float], xs: Sequence[float]) -> Resample:
    """The formula, pixel by pixel, with floats."""

    def resample(pixels: bytes) -> bytes:
        new = bytearray(SIZE)
        for at in range(SIZE):
            y, x = ys[at], xs[at]
            i, j = floor(y), floor(x)
            total = 0.0
            for row, down in ((i, 1 - y + i), (i + 1, y - i)):
                for column, across in ((j, 1 - x + j), (j + 1, x - j)):
                    if 0 <= row < ROWS and 0 <= column < COLUMNS:
                        total += down * across * pixels[row * COLUMNS + column]
            new[at] = int(total + 0.5)
        return bytes(new)

    return resample


def four_itemgetters(ys: Sequence[float], xs: Sequence[float]) -> Resample:
    """Four neighbours by `itemgetter`, and their weighted sums in one comprehension of whole numbers."""
    corners: list[list[int]] = [[], [], [], []]
    weights: list[list[int]] = [[], [], [], []]
    for y, x in zip(ys, xs, strict=True):
        i, j = floor(y), floor(x)
        v, u = round(16 * (y - i)), round(16 * (x - j))
        for corner, (row, column, weight) in enumerate(
            [(i, j, (16 - v) * (16 - u)), (i, j + 1, (16 - v) * u), (i + 1, j, v * (16 - u)), (i + 1, j + 1, v * u)]
        ):
            inside = 0 <= row < ROWS and 0 <= column < COLUMNS
            corners[corner].append(row * COLUMNS + column if inside else 0)
            weights[corner].append(weight if inside else 0)
    a, b, c, d = (itemgetter(*corner) for corner in corners)
    p, q, r, s = weights

    def resample(pixels: bytes) -> bytes:
        return bytes(
            [
                (e * f + g * h + k * m + n * o) >> 8
                for e, f, g, h, k, m, n, o in zip(a(pixels), p, b(pixels), q, c(pixels), r, d(pixels), s, strict=True)
            ]
        )

    return resample


def nearest_itemgetter(ys: Sequence[float], xs: Sequence[float]) -> Resample:
    """The nearest pixel alone, by one `itemgetter`."""
    gather = itemgetter(*_nearest(ys, xs, 1))
    return lambda pixels: bytes(gather(pixels + b"\0"))


def enlarged(ys: Sequence[float], xs: Sequence[float]) -> Resample:
    """The nearest pixel of the image enlarged four times each way, whose 16 phases are means of whole images."""
    gather = itemgetter(*_nearest(ys, xs, 4))
    ones = int.from_bytes(b"\x7f" * SIZE, "little")
    inner = int.from_bytes((b"\xff" * (COLUMNS - 1) + b"\0") * ROWS, "little")

    def mean(a: int, b: int) -> int:
        return (a & b) + ((a ^ b) >> 1 & ones)

    def quarters(a: int, b: int) -> list[int]:
        half = mean(a, b)
        return [a, mean(a, half), half, mean(half, b)]

    def resample(pixels: bytes) -> bytes:
        image = int.from_bytes(pixels, "little")
        rows = quarters(image, image >> 8 * COLUMNS)
        phases = [phase for row in rows for phase in quarters(row, row >> 8 & inner)]
        return bytes(gather(b"".join([phase.to_bytes(SIZE, "little") for phase in phases]) + b"\0"))

    return resample


def _nearest(ys: Sequence[float], xs: Sequence[float], steps: int) -> list[int]:
    """Places in an image of steps² phases, one behind the other, and a black pixel behind them."""
    places = []
    for y, x in zip(ys, xs, strict=True):
        i, v = divmod(floor(steps * y + 0.5), steps)
        j, u = divmod(floor(steps * x + 0.5), steps)
        inside = 0 <= i < ROWS and 0 <= j < COLUMNS
        places.append((v * steps + u) * SIZE + i * COLUMNS + j if inside else steps * steps * SIZE)
    return places


def nearest_translate(ys: Sequence[float], xs: Sequence[float]) -> Resample:
    """The nearest pixel alone, by `bytes.translate`."""
    return ResamplingMap([floor(y + 0.5) for y in ys], [floor(x + 0.5) for x in xs], ROWS, COLUMNS)


def translate(ys: Sequence[float], xs: Sequence[float]) -> Resample:
    """What the package does."""
    return ResamplingMap(ys, xs, ROWS, COLUMNS)


WAYS: dict[str, Callable[[Sequence[float], Sequence[float]], Resample]] = {
    "nested loops, floats": nested_loops,
    "four itemgetters, weighted": four_itemgetters,
    "enlarged by whole numbers, itemgetter": enlarged,
    "nearest pixel, itemgetter": nearest_itemgetter,
    "nearest pixel, translate": nearest_translate,
    "bilinear, translate and whole numbers": translate,
}


def ways(images: list[bytes]) -> None:
    kind = Compose(Rotation(15), Scale(0.85, 1.15), Shift(2, subpixel=True))
    points = [points_of(kind, number) for number in range(len(images))]
    exact = [nested_loops(*at)(image) for at, image in zip(points, images, strict=True)]
    rows: list[tuple[str, str, str]] = []
    runs: dict[str, Callable[[], object]] = {}
    made: dict[str, float] = {}
    for name, way in WAYS.items():
        start = time.perf_counter()
        maps = [way(*at) for at in points]
        made[name] = (time.perf_counter() - start) / len(maps)
        new = [resample(image) for resample, image in zip(maps, images, strict=True)]
        off = [abs(a - b) for one, other in zip(new, exact, strict=True) for a, b in zip(one, other, strict=True)]
        rows.append((name, f"{sum(off) / len(off):.2f}", str(max(off))))

        def run(maps: list[Resample] = maps) -> None:
            for resample, image in zip(maps, images, strict=True):
                resample(image)

        runs[name] = run
    times = {name: seconds / len(images) for name, seconds in in_turns(runs, repeats=5).items()}
    ours = times["bilinear, translate and whole numbers"]
    print("\nRotation, scale and shift of one image")
    lines: list[tuple[str, ...]] = [("way", "us an image", "ratio", "ms to make", "off, mean", "highest")]
    for name, mean, most in rows:
        seconds = times[name]
        lines.append((name, f"{1e6 * seconds:.1f}", f"{seconds / ours:.2f}", f"{1e3 * made[name]:.2f}", mean, most))
    print(table(lines))


def choosing() -> None:
    """What it costs to draw one number for (seed, epoch, index)."""
    count = 5000

    def counter() -> None:
        for index in range(count):
            splitmix64(12345, 7 << 32 | index)

    def seeded() -> None:
        for index in range(count):
            random.Random(f"seed 1 epoch 7 image {index}").random()

    def seeded_by_number() -> None:
        for index in range(count):
            random.Random(7 << 32 | index).random()

    sides: dict[str, Callable[[], object]] = {
        "splitmix64": counter,
        "random.Random of an int": seeded_by_number,
        "random.Random of a text": seeded,
    }
    times = in_turns(sides, repeats=3)
    print("\nA random number for (seed, epoch, index)")
    print(table([(name, f"{1e6 * seconds / count:.2f} us") for name, seconds in times.items()]))


def epoch(loader: DataLoader) -> Callable[[], object]:
    def run() -> None:
        for _ in loader.stored_batches():
            pass

    return run


def batches() -> None:
    data = nn.data.mnist.load("train", subset="paper")
    kinds: dict[str, Augmentation | None] = {
        "none": None,
        "Shift(2)": Shift(2),
        "Rotation(15), Scale(0.85, 1.15), Shift(2)": Compose(Rotation(15), Scale(0.85, 1.15), Shift(2)),
        "Elastic()": Elastic(),
    }
    sides, first = {}, {}
    for name, kind in kinds.items():
        run = epoch(DataLoader(data, BATCH, shuffle=True, augment=kind))
        start = time.perf_counter()
        run()
        first[name] = (time.perf_counter() - start) / len(data)
        for _ in range(8 if kind else 0):  # until nearly all of the bank's maps are made
            run()
        sides[name] = run
    times = {name: seconds / len(data) for name, seconds in in_turns(sides, repeats=15).items()}
    print(f"\nBatches of {BATCH}, shuffled: us an image")
    lines: list[tuple[str, ...]] = [("augmentation", "first epoch", "later", "images/s")]
    for name, seconds in times.items():
        lines.append((name, f"{1e6 * first[name]:.1f}", f"{1e6 * seconds:.1f}", f"{1 / seconds:,.0f}"))
    print(table(lines))


def workers() -> None:
    """Prefetching beside a main process that is busy for 50 us an image, as a compiled step is."""
    data = nn.data.mnist.load("train", subset="paper").select([*range(1000)] * 20)
    kind = Compose(Rotation(15), Scale(0.85, 1.15), Shift(2), maps=128)
    rows: list[tuple[str, ...]] = [("workers", "us an image")]
    for count in (0, 1):
        loader = DataLoader(data, BATCH, augment=kind, workers=count)
        for _ in range(2):  # the first epoch starts the workers and makes the maps
            start = time.perf_counter()
            for _, labels in loader.stored_batches():
                until = time.perf_counter() + 50e-6 * len(labels)
                while time.perf_counter() < until:
                    pass
            seconds = (time.perf_counter() - start) / len(data)
        rows.append((str(count), f"{1e6 * seconds:.1f}"))
    print("\nRotation, scale and shift beside 50 us of other work an image, second epoch")
    print(table(rows))


def main() -> None:
    print(describe())
    data = nn.data.mnist.load("train", subset="paper")
    ways([data.stored([index])[0] for index in range(IMAGES)])
    choosing()
    batches()
    workers()


if __name__ == "__main__":
    main()

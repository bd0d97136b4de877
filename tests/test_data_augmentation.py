"""Augmentation: interpolation against its formula in exact numbers, kinds against what they say, and no dependence on
anything but seed, epoch and index."""

from __future__ import annotations

import math
import pickle
import random
import statistics
from collections import Counter
from fractions import Fraction
from functools import cache
from math import floor
from typing import Any

import pytest

import nn
from nn.data import DataLoader, Dataset
from nn.data.augmentation import Augmentation, Compose, Elastic, ResamplingMap, Rotation, Scale, Shear, Shift
from nn.data.augmentation.base import Points, splitmix64

# A mean rounded down loses 1/2 at most, of which the next mean keeps half: 1/2 + 1/4 + 1/8 in each direction.
MOST_LOST = Fraction(7, 4)


def bilinear(pixels: bytes, ys: list[Fraction], xs: list[Fraction], rows: int, columns: int) -> list[Fraction]:
    """The formula, in exact numbers, one pixel at a time."""

    def old(y: int, x: int) -> int:
        return pixels[y * columns + x] if 0 <= y < rows and 0 <= x < columns else 0

    new = []
    for y, x in zip(ys, xs, strict=True):
        i, j = floor(y), floor(x)
        v, u = y - i, x - j
        top = (1 - u) * old(i, j) + u * old(i, j + 1)
        bottom = (1 - u) * old(i + 1, j) + u * old(i + 1, j + 1)
        new.append((1 - v) * top + v * bottom)
    return new


def is_bilinear(new: bytes, exact: list[Fraction]) -> bool:
    return len(new) == len(exact) and all(0 <= e - n <= MOST_LOST for n, e in zip(new, exact, strict=True))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (7, 1), (5, 6), (28, 28), (3, 200), (30, 40)])
@pytest.mark.parametrize("far", [0, 3, 100])
def test_resampling_is_bilinear_interpolation_of_any_points(rows: int, columns: int, far: int) -> None:
    """Points without any order, inside, at the edge, and far outside."""
    rng = random.Random(far)
    pixels = rng.randbytes(rows * columns)
    ys, xs = (
        [Fraction(rng.randint(-8 * far, 8 * (size - 1 + far)), 8) for _ in range(rows * columns)]
        for size in (rows, columns)
    )
    resample = ResamplingMap([float(y) for y in ys], [float(x) for x in xs], rows, columns)
    assert is_bilinear(resample(pixels), bilinear(pixels, ys, xs, rows, columns))


def test_what_is_not_bilinear_is_told_from_it() -> None:
    rng = random.Random(1)
    pixels = rng.randbytes(36)
    ys, xs = ([Fraction(rng.randint(0, 40), 8) for _ in range(36)] for _ in range(2))
    exact = bilinear(pixels, ys, xs, 6, 6)
    new = ResamplingMap([float(y) for y in ys], [float(x) for x in xs], 6, 6)(pixels)
    assert is_bilinear(new, exact)
    assert not is_bilinear(ResamplingMap([float(x) for x in xs], [float(y) for y in ys], 6, 6)(pixels), exact)
    assert not is_bilinear(ResamplingMap([round(y) for y in ys], [round(x) for x in xs], 6, 6)(pixels), exact)
    for at in range(36):
        assert not is_bilinear(bytes([*new[:at], (new[at] + 2) % 256, *new[at + 1 :]]), exact)


def test_whole_pixels_are_not_changed_by_a_bit() -> None:
    pixels = random.Random(2).randbytes(28 * 28)
    rows = [pixels[28 * i : 28 * i + 28] for i in range(28)]
    ys, xs = [y - 3.0 for y in range(28) for _ in range(28)], [x + 2.0 for x in range(28)] * 28
    moved = b"".join([bytes(84), *[row[2:] + bytes(2) for row in rows[:-3]]])
    assert ResamplingMap(ys, xs, 28, 28)(pixels) == moved
    turned = ResamplingMap([27.0 - x for x in range(28)] * 28, [y for y in range(28) for _ in range(28)], 28, 28)
    assert list(turned(pixels)) == [rows[27 - x][y] for y in range(28) for x in range(28)]


def test_an_even_grey_stays_what_it_is() -> None:
    """Rounding in each of six means must not add up where there is nothing to round."""
    for grey in (1, 127, 128, 254, 255):
        new = Rotation(45)(bytes([grey]) * 784, 28, 28, epoch=3, index=5)
        assert all(new[28 * i + j] == grey for i in range(9, 19) for j in range(9, 19))


# -- kinds ------------------------------------------------------------------------------------------------------------


class Highest(random.Random):
    """Draws the highest number there is."""

    def uniform(self, a: float, b: float) -> float:
        return b

    def randint(self, a: int, b: int) -> int:
        return b


PLUS = ([0.0, -1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, -1.0])  # the middle, above, right, below, left


@pytest.mark.parametrize(
    ("kind", "ys", "xs"),
    [
        (Shift(2), [-2, -3, -2, -1, -2], [-2, -2, -1, -2, -3]),
        (Shift(0.5, subpixel=True), [-0.5, -1.5, -0.5, 0.5, -0.5], [-0.5, -0.5, 0.5, -0.5, -1.5]),
        (Scale(0.5, 2), [0, -0.5, 0, 0.5, 0], [0, 0, 0.5, 0, -0.5]),
        (Rotation(90), [0, 0, 1, 0, -1], [0, 1, 0, -1, 0]),
        (Shear(0.5), [0, -1, 0, 1, 0], [0, -0.5, 1, 0.5, -1]),
        (Compose(Scale(1, 2), Shift(4)), [-2, -2.5, -2, -1.5, -2], [-2, -2, -1.5, -2, -2.5]),
        (Compose(Shift(4), Scale(1, 2)), [-4, -4.5, -4, -3.5, -4], [-4, -4, -3.5, -4, -4.5]),
    ],
    ids=repr,
)
def test_kinds_say_where_a_pixel_comes_from(
    kind: Augmentation, ys: list[float], xs: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "Random", Highest)
    found = kind.sources(PLUS, 5, 5, Highest(0))
    assert found[0] == pytest.approx(ys, abs=1e-12)
    assert found[1] == pytest.approx(xs, abs=1e-12)


def test_each_axis_has_a_factor_of_its_own() -> None:
    rng, ratios = random.Random(0), []
    for _ in range(500):
        (y,), (x,) = Scale(0.8, 1.25, each_axis=True).sources(([1.0], [1.0]), 1, 1, rng)
        assert 0.8 <= y <= 1.25
        assert 0.8 <= x <= 1.25
        ratios.append(x / y)
    assert min(ratios) < 0.7
    assert max(ratios) > 1.4
    (y,), (x,) = Scale(0.8, 1.25).sources(([1.0], [1.0]), 1, 1, rng)
    assert x == y


def test_draws_fill_their_range_evenly() -> None:
    rng = random.Random(0)
    angles = [math.degrees(math.asin(Rotation(15).sources(([0.0], [-1.0]), 1, 1, rng)[0][0])) for _ in range(2000)]
    assert -15 <= min(angles) < -14.8
    assert 14.8 < max(angles) <= 15
    assert abs(statistics.mean(angles)) < 0.6
    shifts = Counter(Shift(1).sources(([0.0], [0.0]), 1, 1, rng)[1][0] for _ in range(3000))
    assert set(shifts) == {-1, 0, 1}
    assert all(abs(count - 1000) < 100 for count in shifts.values())


def test_elastic_fields_are_smooth_and_as_strong_as_documented() -> None:
    kind, rng = Elastic(alpha=34, sigma=4), random.Random(0)
    fields = [kind.field(28, 28, rng) for _ in range(16)]
    flat = [value for field in fields for row in field for value in row]
    assert statistics.pstdev(flat) == pytest.approx(34 / (2 * math.sqrt(3 * math.pi) * 4), rel=0.1)
    edge = [row[0] for field in fields for row in field]
    assert statistics.pstdev(edge) == pytest.approx(statistics.pstdev(flat), rel=0.25)
    # Two points d apart of noise smoothed by a Gaussian have the correlation exp(-(d / 2 sigma)²).
    for distance, expected in ((1, math.exp(-1 / 64)), (6, math.exp(-36 / 64))):
        pairs = [(row[j], row[j + distance]) for field in fields for row in field for j in range(0, 28 - distance, 2)]
        assert statistics.correlation(*zip(*pairs, strict=True)) == pytest.approx(expected, abs=0.06)


def test_elastic_of_a_composition_reads_its_field_where_the_point_is(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Elastic()
    fields = iter([[[10.0, 20.0, 30.0]] * 3, [[1.0, 2.0, 3.0]] * 3])
    monkeypatch.setattr(kind, "field", lambda *_: next(fields))
    assert kind.sources(([0.0, 0.0], [0.6, -3.0]), 3, 3, random.Random(0)) == ([30.0, 20.0], [3.6, -1.0])


# -- what it depends on -----------------------------------------------------------------------------------------------

KIND = Compose(Rotation(20), Shift(2), seed=3, maps=32)


@cache
def digits() -> Dataset:
    return nn.data.mnist.load("train", subset="paper")[:24]


def by_index(loader: DataLoader, start: int = 0) -> dict[int, bytes]:
    """The augmented images of the loader's next epoch, by their index in the dataset."""
    indices = loader.order(loader.epoch)[start * loader.batch_size :]
    images = [image.tobytes() for pixels, _ in loader.stored_batches(start) for image in _images(pixels)]
    return dict(zip(indices, images, strict=False))


def _lists(pixels: memoryview) -> list[list[list[list[int]]]]:
    nested: Any = pixels.tolist()
    return list(nested)


def _images(pixels: memoryview) -> list[memoryview]:
    flat = pixels.cast("B")
    return [flat[at : at + 784] for at in range(0, len(flat), 784)]


def test_an_image_depends_on_seed_epoch_and_index_alone() -> None:
    """Not on batch size, order, the loader's seed, a new start in an epoch, or whether it was asked for before."""
    plain = DataLoader(digits(), 24, augment=KIND)
    epochs = [by_index(plain) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    for size, shuffle, seed in ((1, False, 0), (5, True, 0), (7, True, 9)):
        fresh = Compose(Rotation(20), Shift(2), seed=3, maps=32)
        loader = DataLoader(digits(), size, shuffle=shuffle, seed=seed, augment=fresh)
        loader.set_epoch(2)
        assert by_index(loader) == epochs[2]
        loader.set_epoch(1)
        rest = by_index(loader, start=2)
        assert rest == {index: epochs[1][index] for index in rest}
    assert by_index(DataLoader(digits(), 24, augment=Compose(Rotation(20), Shift(2), seed=4, maps=32))) != epochs[0]
    parts = Compose(Rotation(20), Shift(2, seed=1), seed=3, maps=32)
    assert by_index(DataLoader(digits(), 24, augment=parts)) != epochs[0]


def test_dependence_on_anything_else_would_be_seen() -> None:
    """An augmentation that goes on from image to image, as one with a generator of its own does."""
    rng = random.Random(0)

    def forgetful(pixels: bytes, rows: int, columns: int, epoch: int, index: int) -> bytes:
        return pixels[rng.randrange(784) :].ljust(784, b"\0")

    whole = by_index(DataLoader(digits(), 24, augment=forgetful))
    assert by_index(DataLoader(digits(), 24, shuffle=True, augment=forgetful)) != whole


def test_nested_batches_show_the_same_pixels_as_stored_ones() -> None:
    loader = DataLoader(digits(), 5, shuffle=True, augment=KIND)
    stored = list(loader.stored_batches())
    loader.set_epoch(0)
    for (pixels, stored_labels), (images, labels) in zip(stored, loader, strict=True):
        assert list(stored_labels) == labels
        assert images == [[[[p / 255 for p in row] for row in rows]] for (rows,) in _lists(pixels)]
    assert loader.epoch == 1


def test_splitmix64_is_the_published_generator() -> None:
    """First numbers for the seed 1234567, as several libraries test them."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [splitmix64(1234567, n) for n in range(4)] == expected


def test_every_map_is_chosen_about_as_often() -> None:
    kind = Shift(1, maps=16)
    used = Counter(splitmix64(kind._key, epoch << 32 | index) * 16 >> 64 for epoch in range(10) for index in range(800))
    assert len(used) == 16
    chi_squared = sum((count - 500) ** 2 / 500 for count in used.values())
    assert 3 < chi_squared < 35  # 15 degrees of freedom: outside of this once in 300


def test_a_worker_gets_the_settings_and_not_the_tables() -> None:
    kind = Shift(2, seed=4)
    image = random.Random(0).randbytes(784)
    new = [kind(image, 28, 28, 0, index) for index in range(5)]
    sent = pickle.dumps(kind)
    assert len(sent) < 500
    assert [pickle.loads(sent)(image, 28, 28, 0, index) for index in range(5)] == new


def test_a_kind_of_one_s_own_needs_one_method() -> None:
    class Mirror(Augmentation):
        """Left becomes right."""

        def sources(self, points: Points, rows: int, columns: int, rng: random.Random) -> Points:
            return points[0], [-x for x in points[1]]

    assert Mirror()(bytes([1, 2, 3, 4]), 2, 2, 0, 0) == bytes([2, 1, 4, 3])


def test_the_repr_is_the_expression_that_makes_it() -> None:
    kind = Compose(Elastic(20, 5), Rotation(3), Compose(Scale(0.5, 2.0, seed=2), Shift(1.5, subpixel=True)), seed=8)
    assert repr(eval(repr(kind))) == repr(kind)
    assert "seed=8" in repr(kind)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Shift(-1), ValueError, "Shift: pixels is -1; it must be a number of at least 0"),
        (lambda: Shift(1.5), ValueError, r"Shift: pixels is 1\.5; it must be a whole number, or use subpixel=True"),
        (lambda: Shift(math.nan, subpixel=True), ValueError, "Shift: pixels is nan; it must be a number of at least 0"),
        (lambda: Rotation(181), ValueError, "Rotation: degrees is 181; it must be a number from 0 to 180"),
        (lambda: Shear(-0.1), ValueError, r"Shear: factor is -0\.1; it must be a number of at least 0"),
        (lambda: Rotation(True), TypeError, "Rotation: degrees is True; it must be"),
        (lambda: Scale(0, 1), ValueError, "Scale: low is 0; it must be a number above 0"),
        (lambda: Scale(1.1, 0.9), ValueError, r"Scale: high is 0\.9; it must be a number of at least 1\.1"),
        (lambda: Elastic(alpha=-1), ValueError, "Elastic: alpha is -1; it must be"),
        (lambda: Elastic(sigma=0), ValueError, "Elastic: sigma is 0; it must be a number above 0"),
        (lambda: Shift(1, seed=True), TypeError, "Shift: seed is True; it must be a whole number"),
        (lambda: Shift(1, maps=0), ValueError, "Shift: maps is 0; it must be a whole number of at least 1"),
        (lambda: Compose(), ValueError, "Compose: no augmentation given"),
    ],
)
def test_bad_settings_are_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_augmentation_needs_images_that_are_stored() -> None:
    with pytest.raises(TypeError, match="augment and workers take stored bytes, and a list has none"):
        DataLoader([([[[0.5]]], 3)], 1, augment=Shift(1))
    with pytest.raises(TypeError, match="is no augmentation"):
        Compose("shift")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a list has no stored bytes; give a Dataset, or use batches\(\)"):
        DataLoader([([[[0.5]]], 3)], 1).stored_batches()


def test_an_image_must_keep_its_size() -> None:
    loader = DataLoader(digits(), 5, augment=lambda pixels, rows, columns, epoch, index: pixels[index == 7 :])
    batches = loader.stored_batches()
    next(batches)
    with pytest.raises(ValueError, match="augment made 783 bytes of image 7, which has 28 x 28 pixels; it must return"):
        next(batches)

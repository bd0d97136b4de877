"""A drawing of one's own, made into what MNIST's makers made of their forms.

A network knows only what it was trained on: digits of one size, in one place, light on black. MNIST's makers, in their
words: black and white images "were size normalized to fit in a 20x20 pixel box while preserving their aspect ratio",
with "grey levels as a result of the anti-aliasing technique", and "centered in a 28x28 image by computing the center of
mass of the pixels, and translating the image so as to position this point at the center of the 28x28 field".

Their forms were scanned black on white. A drawing program or a camera gives anything, so five steps come first: which
side is the ink, what is the paper under it, where is the limit between them, what is dust, and is the pen as thick as
theirs.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", http://yann.lecun.com/exdb/mnist;
Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", Proceedings of
the IEEE 86 (1998), section III.A. The limit is N. Otsu's, "A threshold selection method from gray-level histograms",
IEEE Transactions on Systems, Man, and Cybernetics 9 (1979). The centre of mass is put into the middle of pixel
14 of 0 to 27, where MNIST's images have it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import TYPE_CHECKING

from .images import GreyImage, ImageError, pillow

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

__all__ = ["BOX", "SIDE", "looks_prepared", "prepare_drawing"]

#: Width and height of a prepared image, and of the box that the digit in it fits into.
SIDE, BOX = 28, 20

#: The digit is cleaned at this many times the resolution of the box, and scaled down at the end.
FINE = 4

#: Larger pictures are scaled down to this first.
WORKING = 240

#: Least width of a stroke in pixels of the box: 19 of 20 of MNIST's first 300 training images have a wider one.
PEN = 1.35

#: Connected parts with a smaller share of the largest one's ink are dust.
SPECK = 0.05

#: Less difference than this between ink and paper, of 255, is a sheet with nothing on it.
LEAST_CONTRAST = 24


def looks_prepared(image: GreyImage) -> bool:
    """Whether a picture is 28 x 28 and its margin black, as all of MNIST's are: there is nothing to prepare.

    >>> looks_prepared(GreyImage(bytes(784), 28, 28)), looks_prepared(GreyImage(b"\\xff" * 784, 28, 28))
    (True, False)
    """
    pixels, n = image.pixels, SIDE
    if (image.rows, image.columns) != (n, n):
        return False
    margin = pixels[:n] + pixels[-n:] + pixels[::n] + pixels[n - 1 :: n]
    return sum(margin) / len(margin) < 32


def prepare_drawing(image: GreyImage, name: str = "drawing") -> bytes:
    """A picture of one digit, of any size, dark on light or light on dark, as 28 x 28 pixels, light on black.

    Args:
        image: the picture; shadows on the paper and noise do no harm, a second digit or a frame does.
        name: what an error message calls it.

    Returns:
        784 bytes, row after row, as `Dataset` stores them.

    Raises:
        ImageError: nothing is drawn on it.
        ImportError: Pillow is not installed.

    A stroke down the left of a white sheet becomes a light one in the middle of a black square:

    >>> sheet = [255] * 10_000
    >>> for row in range(20, 80):
    ...     sheet[row * 100 + 10 : row * 100 + 16] = [0] * 6
    >>> pixels = prepare_drawing(GreyImage(bytes(sheet), 100, 100))
    >>> [pixels[14 * 28 + column] for column in range(11, 17)], pixels[3 * 28 + 14], pixels[4 * 28 + 14]
    ([0, 0, 0, 255, 255, 0], 0, 255)
    """
    library = pillow()
    picture = library.frombytes("L", (image.columns, image.rows), image.pixels)
    if max(picture.size) > WORKING:  # a camera's noise averages out
        picture = picture.resize(_within(picture.size, WORKING), library.Resampling.BOX)
    ink = _without_specks(_ink(picture, name))
    digit = _fitted(ink.crop(ink.getbbox()))
    # Centre of mass to the centre of the field, in whole pixels so that nothing blurs; but all of it stays inside.
    left, top = (
        min(max(round(SIDE / 2 + 0.5 - centre), 0), SIDE - size)
        for centre, size in zip(_centre_of_mass(digit), digit.size, strict=True)
    )
    field = library.new("L", (SIDE, SIDE), 0)
    field.paste(digit, (left, top))
    content: bytes = field.tobytes()
    return content


def _ink(picture: PillowImage, name: str) -> PillowImage:
    """How much ink is where, from 0 to 255: no paper, no shadow, no noise.

    The paper is most of the picture, so its shade is the median, and ink is what is farther away from that.
    """
    from PIL import ImageChops

    histogram = picture.histogram()
    darkest, paper, lightest = (_quantile(histogram, share) for share in (0.002, 0.5, 0.998))
    if lightest - paper > paper - darkest:
        picture = ImageChops.invert(picture)
    ink = ImageChops.subtract(_paper(picture), picture)
    levels = ink.histogram()
    if _quantile(levels, 0.998) < LEAST_CONTRAST:
        raise ImageError(f"{name}: nothing is drawn on it (ink and paper differ by less than {LEAST_CONTRAST} of 255)")
    limit = _otsu(levels)
    # A ramp about the limit keeps the soft edges that a hard one would make jagged.
    return ink.point([round(255 * min(max(level / limit - 0.5, 0.0), 1.0)) for level in range(256)])


def _paper(picture: PillowImage) -> PillowImage:
    """The sheet without the ink, as a lamp and a lens shade it: a surface of degree 2 in x and y, by least squares on a
    small copy; and again without what lies clearly darker than it, until that is ink alone."""
    from PIL import Image

    small = picture.resize(_within(picture.size, 32), Image.Resampling.BOX)
    levels = small.tobytes()
    points = [
        (2 * (i % small.width) / small.width - 1, 2 * (i // small.width) / small.height - 1) for i in range(len(levels))
    ]
    terms = [(1.0, x, y, x * x, x * y, y * y) for x, y in points]
    kept: Sequence[int] = range(len(levels))
    for _ in range(8):
        surface = _least_squares([terms[i] for i in kept], [levels[i] for i in kept])
        heights = [sum(map(mul, surface, term)) for term in terms]
        spread = math.sqrt(sum((heights[i] - levels[i]) ** 2 for i in kept) / len(kept))
        lighter = [i for i, height in enumerate(heights) if height - levels[i] <= max(spread, 4)]
        if lighter == kept or len(lighter) < len(levels) / 4:
            break
        kept = lighter
    sheet = bytes(min(255, max(0, round(height))) for height in heights)
    return Image.frombytes("L", small.size, sheet).resize(picture.size, Image.Resampling.BILINEAR)


def _least_squares(terms: Sequence[Sequence[float]], heights: Sequence[float]) -> list[float]:
    """The factors of the terms that come nearest to the heights: the normal equations, by Gauss-Jordan elimination.

    A term that the points do not tell from others (a picture one pixel high) gets the factor 0.

    >>> [round(factor, 9) for factor in _least_squares([(1, 0), (1, 1), (1, 2)], [1, 3, 5])]
    [1.0, 2.0]
    """
    columns = list(zip(*terms, strict=True))
    rows = [[float(sum(map(mul, a, b))) for b in (*columns, heights)] for a in columns]
    for i, row in enumerate(rows):
        if abs(row[i]) < 1e-9 * len(terms):
            row[:] = [0.0] * len(row)
            continue
        row[:] = [value / row[i] for value in row]
        for other in rows:
            if other is not row:
                other[:] = [value - other[i] * pivot for value, pivot in zip(other, row, strict=True)]
    return [row[-1] for row in rows]


def _without_specks(ink: PillowImage) -> PillowImage:
    """Only the connected parts with at least `SPECK` of the ink of the largest: no dust, but both strokes of a 5."""
    from PIL import Image

    pixels, width = bytearray(ink.tobytes()), ink.width
    parts: list[list[int]] = []
    left = {i for i, level in enumerate(pixels) if level}
    while left:
        part = [left.pop()]
        for i in part:  # which grows meanwhile
            across = [i, *([i - 1] if i % width else []), *([i + 1] if (i + 1) % width else [])]
            for j in (j + step for j in across for step in (-width, 0, width)):
                if j in left:
                    left.remove(j)
                    part.append(j)
        parts.append(part)
    weights = [sum(pixels[i] for i in part) for part in parts]
    for part, weight in zip(parts, weights, strict=True):
        if weight < SPECK * max(weights):
            for i in part:
                pixels[i] = 0
    return Image.frombytes("L", ink.size, bytes(pixels))


def _fitted(digit: PillowImage) -> PillowImage:
    """The digit in a box of 20 x 20, its aspect ratio kept, and its strokes no thinner than MNIST's."""
    from PIL import Image, ImageFilter

    fine = digit.resize(_within(digit.size, FINE * BOX), Image.Resampling.BOX)
    strongest = max(fine.tobytes())
    # A hairline has become grey, and not evenly.
    fine = fine.point([min(255, round(2 * 255 * level / strongest)) for level in range(256)])
    if _pen(fine) < FINE * PEN:
        # Room for the pen to grow into, which is taken off again by the second fit.
        room = FINE * math.ceil(PEN)
        wider = Image.new("L", (fine.width + 2 * room, fine.height + 2 * room), 0)
        wider.paste(fine, (room, room))
        while _pen(wider) < FINE * PEN:
            wider = wider.filter(ImageFilter.MaxFilter(3))
        fine = wider.crop(wider.getbbox())
    return fine.resize(_within(fine.size, BOX), Image.Resampling.BOX)


def _pen(digit: PillowImage) -> float:
    """Width of the strokes in pixels: twice the area by the length of the edge, which runs along both sides."""
    from PIL import Image, ImageFilter

    solid = Image.new("L", (digit.width + 2, digit.height + 2), 0)
    solid.paste(digit.point([0] * 128 + [1] * 128), (1, 1))
    area = sum(solid.tobytes())
    edge = area - sum(solid.filter(ImageFilter.MinFilter(3)).tobytes())
    return 2 * area / edge if edge else math.inf


def _within(size: Sequence[int], box: int) -> tuple[int, int]:
    """Width and height scaled so that the longer one is `box`."""
    longest = max(size)
    width, height = (max(1, round(length * box / longest)) for length in size)
    return width, height


def _centre_of_mass(digit: PillowImage) -> tuple[float, float]:
    """From the left and from the top, in pixels; the middle of the first one is at 0.5."""
    pixels, width = digit.tobytes(), digit.width
    total = sum(pixels)
    across = sum((i % width + 0.5) * level for i, level in enumerate(pixels))
    down = sum((i // width + 0.5) * level for i, level in enumerate(pixels))
    return across / total, down / total


def _quantile(histogram: Sequence[int], share: float) -> int:
    """The level that this share of the pixels does not exceed."""
    wanted, seen = share * sum(histogram), 0
    for level, count in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return level
    return len(histogram) - 1


def _otsu(histogram: Sequence[int]) -> float:
    """The limit between two classes of pixels with the largest variance between the classes.

        w0 · w1 · (m0 - m1)²        w: their shares, m: their means

    Returns the middle between the means of the best two classes: where the histogram has a gap, every limit in it is as
    good, and Otsu's own would be the first.

    >>> _otsu([70, 0, 0, 0, 30])
    2.0
    """
    total, whole = sum(histogram), sum(level * count for level, count in enumerate(histogram))
    best, limit = -1.0, 1.0
    below, mass = 0, 0
    for level, count in enumerate(histogram[:-1]):
        below, mass = below + count, mass + level * count
        if not 0 < below < total:
            continue
        low, high = mass / below, (whole - mass) / (total - below)
        variance = below * (total - below) * (low - high) ** 2
        if variance > best:
            best, limit = variance, (low + high) / 2
    return limit

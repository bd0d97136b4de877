"""A labelled set of grey images, kept as bytes and turned into nested lists of floats one image at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, overload

from ..checks import check_kind, check_list, check_size, check_whole
from ..errors import shown

__all__ = ["Dataset", "Image", "nested"]

#: One image as nested lists of floats: (channels, height, width).
Image: TypeAlias = list[list[list[float]]]

# pixel / 255 for every pixel value, so that no image pays for a division and equal pixels share one float.
_UNIT = tuple(pixel / 255.0 for pixel in range(256))


def nested(pixels: bytes, columns: int) -> Image:
    """An image's stored bytes as (1, rows, columns) nested lists of floats in [0, 1]."""
    unit = _UNIT
    flat = [unit[pixel] for pixel in pixels]
    return [[flat[row : row + columns] for row in range(0, len(flat), columns)]]


class Dataset:
    """Images and labels: ``dataset[i]`` is ``(image, label)``, the image as (1, rows, columns) nested lists in [0, 1].

    The pixels stay one ``bytes`` object, one byte a pixel: all of MNIST's 60,000 training images are 47 MB. As lists of
    floats they would be 400 MB. A slice or a selection is a view: it shares those bytes and holds only the indices.

    Args:
        pixels: ``n * rows * columns`` bytes, image after image, row after row.
        labels: ``n`` bytes, each less than ``classes``.
        rows: height of an image in pixels.
        columns: width of an image in pixels.
        classes: the number of classes.
        name: what error messages call this set, such as the name of its file.

    Raises:
        ValueError: sizes that do not fit each other, or a label out of range (names the first such index).
        TypeError: an argument of another type.

    >>> data = Dataset(bytes([0, 51, 255, 0, 102, 0, 0, 0]), labels=bytes([1, 0]), rows=2, columns=2, classes=3)
    >>> data[0]
    ([[[0.0, 0.2], [1.0, 0.0]]], 1)
    >>> data.one_hot(0)
    [0.0, 1.0, 0.0]
    >>> data[1:]
    Dataset('dataset', 1 image of 2 x 2, 3 classes)
    """

    __slots__ = ("_indices", "_labels", "_pixels", "classes", "columns", "name", "rows")

    def __init__(
        self, pixels: bytes, labels: bytes, rows: int, columns: int, classes: int = 10, name: str = "dataset"
    ) -> None:
        check_kind("Dataset", "name", name, str, "a word")
        check_kind("Dataset", "pixels", pixels, bytes | bytearray | memoryview, "bytes, one for each pixel")
        check_kind("Dataset", "labels", labels, bytes | bytearray, "bytes, one for each image")
        rows, columns = check_size("Dataset", "rows", rows), check_size("Dataset", "columns", columns)
        classes = check_whole("Dataset", "classes", classes, at_least=1, at_most=256)  # as a label is one byte
        if len(pixels) != len(labels) * rows * columns:
            raise ValueError(
                f"{name}: {len(pixels):,} pixels are {len(pixels) / (rows * columns):,g} images of {rows} x {columns}, "
                f"but there are {len(labels):,} labels; images and labels must come in pairs"
            )
        outside = labels.translate(None, bytes(range(classes)))
        if outside:
            raise ValueError(
                f"{name}: label {outside[0]} at index {labels.index(outside[0])} is out of range; "
                f"{classes} classes have labels 0 to {classes - 1}"
            )
        self._pixels = pixels
        self._labels = labels
        self._indices: Sequence[int] = range(len(labels))
        self.rows = rows
        self.columns = columns
        self.classes = classes
        self.name = name

    def __len__(self) -> int:
        return len(self._indices)

    def image(self, index: int) -> Image:
        """Return image ``index`` as new nested lists, shape (1, rows, columns), each pixel divided by 255."""
        size = self.rows * self.columns
        start = self._stored(index) * size
        return nested(self._pixels[start : start + size], self.columns)

    def label(self, index: int) -> int:
        """Return the class of image ``index``, from 0 to ``classes - 1``."""
        return self._labels[self._stored(index)]

    def one_hot(self, index: int) -> list[float]:
        """Return the label as a vector of ``classes`` floats, 1 at the label's place and 0 elsewhere."""
        vector = [0.0] * self.classes
        vector[self.label(index)] = 1.0
        return vector

    def stored(self, indices: Sequence[int]) -> tuple[bytes, bytes]:
        """Return the pixels of the images at ``indices``, one behind the other, and their labels, as stored bytes.

        >>> pixels, labels = Dataset(b"abc", labels=bytes([0, 1, 2]), rows=1, columns=1).stored([2, 0])
        >>> pixels, list(labels)
        (b'ca', [2, 0])
        """
        size, pixels, labels = self.rows * self.columns, self._pixels, self._labels
        places = [self._stored(index) for index in check_list("Dataset", "indices", indices, "a list of whole numbers")]
        return b"".join([pixels[i * size : i * size + size] for i in places]), bytes([labels[i] for i in places])

    @property
    def labels(self) -> list[int]:
        """All labels, in order."""
        labels = self._labels
        return [labels[stored] for stored in self._indices]

    def select(self, indices: Sequence[int]) -> Dataset:
        """Return the images at ``indices``, in that order, as a view (repetition is allowed).

        >>> data = Dataset(bytes([10, 20, 30]), labels=bytes([0, 1, 2]), rows=1, columns=1)
        >>> data.select([2, 0]).labels
        [2, 0]
        """
        listed = check_list("Dataset", "indices", indices, "a list of whole numbers")
        return self._view([self._stored(index) for index in listed])

    @overload
    def __getitem__(self, key: int, /) -> tuple[Image, int]: ...
    @overload
    def __getitem__(self, key: slice, /) -> Dataset: ...
    def __getitem__(self, key: int | slice, /) -> tuple[Image, int] | Dataset:
        if isinstance(key, slice):
            return self._view(self._indices[key])
        return self.image(key), self.label(key)

    def __iter__(self) -> Iterator[tuple[Image, int]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        plural = "image" if len(self) == 1 else "images"
        return f"Dataset({self.name!r}, {len(self)} {plural} of {self.rows} x {self.columns}, {self.classes} classes)"

    def _stored(self, index: int) -> int:
        try:
            return self._indices[index]
        except IndexError:
            raise IndexError(f"{self.name}: index {shown(index)} is out of range for {len(self)} images") from None
        except TypeError:
            raise TypeError(f"{self.name}: index is {shown(index)}; it must be a whole number or a slice") from None

    def _view(self, indices: Sequence[int]) -> Dataset:
        view = Dataset.__new__(Dataset)
        view._pixels, view._labels, view._indices = self._pixels, self._labels, indices
        view.rows, view.columns, view.classes, view.name = self.rows, self.columns, self.classes, self.name
        return view

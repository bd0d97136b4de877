"""Batches of a dataset, in an order that depends on nothing but a seed and the epoch's number."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from ..checks import check_flag, check_function, check_seed, check_whole
from ..errors import shown
from .dataset import Dataset, Image, nested
from .workers import StoredBatch, Workers

__all__ = ["Augment", "Batch", "DataLoader", "Examples", "StoredBatch"]

#: Images (N, channels, height, width) as nested lists, and their N labels.
Batch: TypeAlias = tuple[list[Image], list[int]]

#: ``augment(pixels, rows, columns, epoch, index)`` returns another image of that size, as bytes; see `augmentation`.
Augment: TypeAlias = Callable[[bytes, int, int, int, int], bytes]


_B = TypeVar("_B")


class Examples(Protocol):
    """What a loader needs of a dataset: a length, and ``(image, label)`` by index."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[Image, int]: ...


def check_examples(op: str, name: str, dataset: Examples) -> None:
    """Raise TypeError for what has no length and items; of what kind these are, each batch will tell."""
    try:
        known = len(dataset) >= 0 and hasattr(dataset, "__getitem__")
    except TypeError:
        known = False
    if not known or isinstance(dataset, str | bytes | Mapping):
        raise TypeError(
            f"{op}: {name} is {shown(dataset)}; it must be a Dataset, or have a length and (image, label) by index"
        )


class DataLoader:
    """Iterate over a dataset in batches: ``for images, labels in loader``.

    ``images`` is a nested list of shape (N, channels, height, width), ``labels`` a list of N ints. The last batch is
    shorter when the batch size does not divide the dataset, unless ``drop_last``. `stored_batches` gives the same as
    bytes, for compiled training.

    Each complete pass is an epoch, counted in ``epoch``. With ``shuffle`` every epoch has another order, a function of
    ``(seed, epoch)`` alone: a run that is resumed at epoch 3 (``loader.set_epoch(3)``) sees what an unbroken one saw,
    whatever else drew random numbers. A pass that is broken off does not count, so the next one starts it again.

    Args:
        dataset: anything with a length and ``(image, label)`` by index, such as a ``Dataset``.
        batch_size: images a batch, at least 1.
        shuffle: another order each epoch; otherwise the dataset's own.
        seed: any int; the order of every epoch follows from it.
        drop_last: leave out a last batch that is shorter than the others.
        augment: changes each image of a ``Dataset``, by its epoch and its index in the dataset; see `augmentation`.
        workers: so many processes make batches of a ``Dataset`` ahead of time: the same, in the same order. They start
            with the first pass and end with the loader, or with a pass that is broken off. As with all of Python's
            processes, a script must then do its work under ``if __name__ == "__main__":``.

    Raises:
        ValueError: a batch size under 1, an empty dataset, ``drop_last`` with fewer images than one batch, or a
            negative number of workers.
        TypeError: an argument of another type; ``augment`` or ``workers`` for a dataset that is no ``Dataset``.
        RuntimeError: on the way, for a worker that failed or died.

    >>> from nn.data import mnist
    >>> loader = DataLoader(mnist.load("train", subset="paper"), batch_size=8, shuffle=True, seed=1)
    >>> len(loader)
    125
    >>> images, labels = next(iter(loader))
    >>> len(images), len(images[0]), len(images[0][0]), len(images[0][0][0]), len(labels)
    (8, 1, 28, 28, 8)
    """

    __slots__ = ("_epoch", "_workers", "augment", "batch_size", "dataset", "drop_last", "seed", "shuffle", "workers")

    def __init__(
        self,
        dataset: Examples,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
        augment: Augment | None = None,
        workers: int = 0,
    ) -> None:
        op = "DataLoader"
        batch_size = check_whole(op, "batch_size", batch_size, at_least=1)
        shuffle, drop_last = check_flag(op, "shuffle", shuffle), check_flag(op, "drop_last", drop_last)
        seed, workers = check_seed(op, seed), check_whole(op, "workers", workers, at_least=0)
        if augment is not None:
            check_function(op, "augment", augment, "a function of an image, such as nn.data.augmentation.Shift(2)")
        check_examples(op, "the dataset", dataset)
        if len(dataset) == 0:
            raise ValueError("DataLoader: the dataset is empty; give it at least one image")
        if drop_last and len(dataset) < batch_size:
            raise ValueError(
                f"DataLoader: {len(dataset)} images make no batch of {batch_size} with drop_last=True; "
                f"use a smaller batch_size or drop_last=False"
            )
        if (augment is not None or workers) and not isinstance(dataset, Dataset):
            raise TypeError(
                f"DataLoader: augment and workers take stored bytes, and a {type(dataset).__name__} has none; "
                f"give a Dataset"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.augment = augment
        self.workers = workers
        self._epoch = 0
        self._workers: tuple[list[object], Workers] | None = None

    @property
    def epoch(self) -> int:
        """The number of the epoch that the next pass makes, from 0: how many passes are complete."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Make the next pass that of ``epoch``, counted from 0."""
        self._epoch = check_whole("DataLoader", "epoch", epoch, at_least=0)

    def order(self, epoch: int) -> list[int]:
        """Return the order in which ``epoch`` visits the dataset, the same on every Python version and machine.

        >>> data = [([[[0.0]]], 0)] * 6
        >>> loader = DataLoader(data, batch_size=2, shuffle=True, seed=7)
        >>> loader.order(0), loader.order(1)
        ([2, 5, 1, 3, 0, 4], [0, 2, 1, 3, 5, 4])
        """
        indices = list(range(len(self.dataset)))
        if self.shuffle:
            # A text seed goes through SHA-512, so that neighbouring seeds and epochs share nothing.
            random.Random(f"DataLoader seed {self.seed} epoch {epoch}").shuffle(indices)
        return indices

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Iterate over the current epoch from batch ``start`` on, to take up an epoch that was broken off.

        Raises:
            ValueError: ``start`` is not from 0 to ``len(loader)``.
        """
        if self.augment is None and not self.workers:
            return self._pass(start, self._made(self._nested))
        return self._as_nested(self.stored_batches(start))

    def stored_batches(self, start: int = 0) -> Iterator[StoredBatch]:
        """The same epoch as bytes: pixels as a memoryview (N, 1, rows, columns) of 0 to 255, and N labels.

        Raises:
            ValueError: ``start`` is not from 0 to ``len(loader)``.
            TypeError: the dataset is no ``Dataset``, so it has no stored bytes.

        >>> data = Dataset(bytes(range(12)), labels=bytes([0, 1]), rows=2, columns=3)
        >>> pixels, labels = next(DataLoader(data, batch_size=2).stored_batches())
        >>> pixels.shape, pixels[1, 0, 0, 2], list(labels)
        ((2, 1, 2, 3), 8, [0, 1])
        """
        if not isinstance(self.dataset, Dataset):
            raise TypeError(
                f"DataLoader: a {type(self.dataset).__name__} has no stored bytes; give a Dataset, or use batches()"
            )
        return self._pass(start, self._prefetched if self.workers else self._made(self.stored))

    def stored(self, indices: Sequence[int], epoch: int) -> StoredBatch:
        """The batch of the images at `indices` as `epoch` sees it."""
        dataset, augment = self.dataset, self.augment
        assert isinstance(dataset, Dataset)
        pixels, labels = dataset.stored(indices)
        rows, columns = dataset.rows, dataset.columns
        if augment is not None:
            size = rows * columns
            places = zip(range(0, len(pixels), size), indices, strict=True)
            images = [augment(pixels[at : at + size], rows, columns, epoch, index) for at, index in places]
            if set(map(len, images)) != {size}:
                wrong, index = next((i, n) for i, n in zip(images, indices, strict=True) if len(i) != size)
                raise ValueError(
                    f"DataLoader: augment made {len(wrong)} bytes of image {index}, which has {rows} x {columns} "
                    f"pixels; it must return as many bytes"
                )
            pixels = b"".join(images)
        return memoryview(pixels).cast("B", (len(labels), 1, rows, columns)), labels

    def _pass(self, start: int, epoch_from: Callable[[int, int], Iterator[_B]]) -> Iterator[_B]:
        """The rest of an epoch, prepared now, so that errors come now and the epoch is the present one."""
        if check_whole("DataLoader", "start", start, at_least=0) > len(self):
            raise ValueError(f"DataLoader: start is {start}; an epoch has {len(self)} batches")
        return self._counted(self._epoch, epoch_from(self._epoch, start))

    def _counted(self, epoch: int, batches: Iterator[_B]) -> Iterator[_B]:
        yield from batches
        self._epoch = epoch + 1

    def _made(self, make: Callable[[Sequence[int], int], _B]) -> Callable[[int, int], Iterator[_B]]:
        """What makes the batches of an epoch here."""

        def batches(epoch: int, start: int) -> Iterator[_B]:
            size, indices = self.batch_size, self.order(epoch)
            for first in range(start * size, len(self) * size, size):
                yield make(indices[first : first + size], epoch)

        return batches

    def _prefetched(self, epoch: int, start: int) -> Iterator[StoredBatch]:
        """The batches of an epoch, made by workers."""
        dataset, size = self.dataset, self.batch_size
        assert isinstance(dataset, Dataset)
        settings = [dataset, size, self.shuffle, self.seed, self.drop_last, self.augment]
        # Workers of an earlier pass are taken up again, if they still have the same loader and no other pass has them.
        kept, self._workers = self._workers, None
        workers = kept[1] if kept and kept[0] == settings else None
        if workers is None:
            alone = DataLoader(dataset, size, self.shuffle, self.seed, self.drop_last, self.augment)
            workers = Workers(alone, min(self.workers, len(self)))
        try:
            sizes = [min(size, len(dataset) - number * size) for number in range(start, len(self))]
            yield from workers.batches(epoch, start, sizes, dataset.rows, dataset.columns)
        except BaseException:  # a pass that is broken off too: what the workers have sent is of no use any more
            workers.close()
            raise
        self._workers = (settings, workers)

    def _nested(self, indices: Sequence[int], epoch: int) -> Batch:
        examples = [self.dataset[index] for index in indices]
        try:
            images, labels = zip(*examples, strict=True)
        except (TypeError, ValueError):
            place, wrong = next((n, e) for n, e in zip(indices, examples, strict=True) if not _is_pair(e))
            raise TypeError(f"DataLoader: example {place} is {shown(wrong)}; it must be (image, label)") from None
        return list(images), list(labels)

    def _as_nested(self, batches: Iterator[StoredBatch]) -> Iterator[Batch]:
        for pixels, labels in batches:
            count, _, rows, columns = pixels.shape or ()
            flat, size = pixels.tobytes(), rows * columns
            images = [nested(flat[place * size : place * size + size], columns) for place in range(count)]
            yield images, list(labels)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches()

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1


def _is_pair(example: object) -> bool:
    try:
        _image, _label = example  # type: ignore[misc]
    except (TypeError, ValueError):
        return False
    return True

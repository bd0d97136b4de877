"""Cut a dataset in two: what to learn from, and what to choose settings by."""

from __future__ import annotations

import random

from ..checks import check_flag, check_kind, check_seed, check_whole, is_number
from ..errors import shown
from .dataset import Dataset

__all__ = ["split"]


def split(
    dataset: Dataset, validation: int | float, seed: int = 0, stratified: bool = False
) -> tuple[Dataset, Dataset]:
    """Return (the rest, the validation images), drawn at random; both are views in the dataset's order.

    Args:
        dataset: at least two images.
        validation: how many images to take out, or their share of all, between 0 and 1.
        seed: any int; the same one draws the same images.
        stratified: take the same share of every class. (What is left over by rounding goes to the classes that lose
            most by it.)

    Raises:
        ValueError: nothing would be left on one of the sides. TypeError: an argument of another type.

    >>> from nn.data import mnist
    >>> train, validation = split(mnist.load("train", subset="paper"), 0.2, seed=1, stratified=True)
    >>> len(train), len(validation)
    (800, 200)
    """
    check_kind("split", "dataset", dataset, Dataset, "a Dataset")
    seed, stratified = check_seed("split", seed), check_flag("split", "stratified", stratified)
    total = len(dataset)
    count = _count(validation, total)
    rng = random.Random(f"split seed {seed}")
    groups = _by_class(dataset.labels) if stratified else [list(range(total))]
    taken = set[int]()
    for group, share in zip(groups, _shares([len(group) for group in groups], count), strict=True):
        rng.shuffle(group)
        taken.update(group[:share])
    return (
        dataset.select([index for index in range(total) if index not in taken]),
        dataset.select(sorted(taken)),
    )


def _count(validation: int | float, total: int) -> int:
    """How many images to take out."""
    if not is_number(validation):
        raise TypeError(f"split: validation is {shown(validation)}; it must be a number of images or a share of them")
    whole = hasattr(validation, "__index__")
    if not whole and not 0 < validation < 1:
        raise ValueError(
            f"split: validation is {shown(validation)}; it must be between 0 and 1, or a whole number of images"
        )
    count = check_whole("split", "validation", validation) if whole else round(validation * total)
    if not 0 < count < total:
        raise ValueError(
            f"split: validation {shown(validation)} of {total} images leaves {shown(total - count)} and takes "
            f"{shown(count)}; both must be at least 1"
        )
    return count


def _by_class(labels: list[int]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(label, []).append(index)
    return [groups[label] for label in sorted(groups)]


def _shares(sizes: list[int], count: int) -> list[int]:
    """Cut `count` in proportion to the sizes, in whole numbers: the method of the largest remainder.

    >>> _shares([50, 30, 20], 5)
    [3, 1, 1]
    """
    total = sum(sizes)
    shares = [size * count // total for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda place: -(sizes[place] * count % total))
    for place in by_remainder[: count - sum(shares)]:
        shares[place] += 1
    return shares

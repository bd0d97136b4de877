"""nn.data.split: every image on one side, the same ones for the same seed, and classes in proportion if asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import Dataset, split


def of_labels(labels: list[int]) -> Dataset:
    """Image i has the one pixel i."""
    return Dataset(bytes(range(len(labels))), bytes(labels), 1, 1)


def numbers(data: Dataset) -> list[int]:
    return list(data.stored(range(len(data)))[0])


@given(
    labels=st.lists(st.integers(0, 9), min_size=2, max_size=60),
    share=st.integers(1, 59),
    seed=st.integers(),
    stratified=st.booleans(),
)
def test_every_image_is_on_one_side(labels: list[int], share: int, seed: int, stratified: bool) -> None:
    count = 1 + share % (len(labels) - 1)
    data = of_labels(labels)
    train, validation = split(data, count, seed, stratified)
    assert len(validation) == count
    assert sorted(numbers(train) + numbers(validation)) == list(range(len(labels)))
    assert numbers(train) == sorted(numbers(train)), "the dataset's order is kept"
    assert numbers(validation) == sorted(numbers(validation))
    again = split(data, count, seed, stratified)
    assert [numbers(part) for part in again] == [numbers(train), numbers(validation)]
    if stratified:
        for label, total in Counter(labels).items():
            exact = total * count / len(labels)
            assert exact - 1 < validation.labels.count(label) < exact + 1


def test_another_seed_draws_others_and_a_share_is_rounded() -> None:
    data = of_labels([i % 10 for i in range(60)])
    drawn = [numbers(split(data, 0.25, seed)[1]) for seed in range(5)]
    assert all(len(part) == 15 for part in drawn)
    assert len(set(map(tuple, drawn))) == 5
    assert len({number for part in drawn for number in part}) > 40, "all images have a chance"


def test_a_view_is_split_without_the_rest() -> None:
    train, validation = split(of_labels([0] * 40)[10:20], 3)
    assert sorted(numbers(train) + numbers(validation)) == list(range(10, 20))


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (0, "validation 0 of 10 images leaves 10 and takes 0; both must be at least 1"),
        (10, "validation 10 of 10 images leaves 0 and takes 10"),
        (-1, "leaves 11 and takes -1"),
        (0.01, r"validation 0\.01 of 10 images leaves 10 and takes 0"),
        (1.0, r"validation is 1\.0; it must be between 0 and 1, or a whole number of images"),
        (float("nan"), "must be between 0 and 1"),
        (True, "must be a number of images or a share"),
        ("2", "must be a number of images or a share"),
    ],
)
def test_bad_sizes_are_errors(validation: Any, message: str) -> None:
    error = TypeError if isinstance(validation, bool | str) else ValueError
    with pytest.raises(error, match=f"split: {message}" if message.startswith("validation") else message):
        split(of_labels([0] * 10), validation)


def test_a_bad_seed_is_an_error() -> None:
    seed: Any = 1.5
    with pytest.raises(ValueError, match=r"split: seed is 1\.5; it must be a whole number"):
        split(of_labels([0] * 10), 3, seed=seed)

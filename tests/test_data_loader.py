"""DataLoader: every image once an epoch, in an order that follows from seed and epoch alone."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import DataLoader, Dataset


def numbered(count: int) -> Dataset:
    """Image i has the one pixel i and the label i."""
    return Dataset(bytes(range(count)), bytes(range(count)), 1, 1, classes=256)


def labels_of(loader: DataLoader) -> list[int]:
    return [label for _, labels in loader for label in labels]


@given(count=st.integers(1, 40), size=st.integers(1, 45), shuffle=st.booleans(), seed=st.integers())
def test_an_epoch_visits_every_image_once(count: int, size: int, shuffle: bool, seed: int) -> None:
    loader = DataLoader(numbered(count), size, shuffle, seed)
    batches = list(loader)
    assert len(batches) == len(loader) == -(-count // size)
    assert all(len(images) == len(labels) == size for images, labels in batches[:-1])
    for images, labels in batches:
        assert images == [[[[label / 255.0]]] for label in labels]
    seen = [label for _, labels in batches for label in labels]
    assert sorted(seen) == list(range(count))
    assert shuffle or seen == sorted(seen)


@given(count=st.integers(1, 40), size=st.integers(1, 40))
def test_drop_last_leaves_only_whole_batches(count: int, size: int) -> None:
    if count < size:
        with pytest.raises(ValueError, match=f"{count} images make no batch of {size} with drop_last"):
            DataLoader(numbered(count), size, drop_last=True)
        return
    loader = DataLoader(numbered(count), size, drop_last=True)
    assert [len(labels) for _, labels in loader] == [size] * (count // size)
    assert len(loader) == count // size


def test_shapes_are_images_channels_height_width() -> None:
    images, labels = next(iter(DataLoader(Dataset(bytes(5 * 12), bytes(5), 3, 4), 2)))
    assert (len(images), len(images[0]), len(images[0][0]), len(images[0][0][0])) == (2, 1, 3, 4)
    assert labels == [0, 0]
    assert type(labels) is list


def test_every_epoch_has_another_order_and_the_same_seed_the_same_epochs() -> None:
    one, two = (DataLoader(numbered(30), 4, shuffle=True, seed=5) for _ in range(2))
    epochs = [labels_of(one) for _ in range(5)]
    assert all(first != second for first, second in pairwise(epochs))
    assert one.epoch == 5
    random.seed(99)  # What else draws random numbers must not matter.
    assert [labels_of(two) for _ in range(5)] == epochs
    other = DataLoader(numbered(30), 4, shuffle=True, seed=6)
    assert [labels_of(other) for _ in range(5)] != epochs


def test_set_epoch_goes_to_any_epoch() -> None:
    """A run that is resumed at epoch 3 sees what an unbroken run saw."""
    unbroken = DataLoader(numbered(30), 4, shuffle=True, seed=1)
    epochs = [labels_of(unbroken) for _ in range(5)]
    resumed = DataLoader(numbered(30), 4, shuffle=True, seed=1)
    resumed.set_epoch(3)
    assert [labels_of(resumed), labels_of(resumed)] == epochs[3:]
    assert resumed.order(1) == epochs[1]


def test_batches_takes_up_a_broken_off_epoch() -> None:
    loader = DataLoader(numbered(30), 4, shuffle=True, seed=1)
    whole = list(loader)
    loader.set_epoch(0)
    for batch in range(len(loader) + 1):
        assert list(loader.batches(start=batch)) == whole[batch:]
        assert loader.epoch == 1
        loader.set_epoch(0)


def test_a_pass_that_is_broken_off_does_not_count() -> None:
    loader = DataLoader(numbered(30), 4, shuffle=True)
    first = next(iter(loader))
    assert loader.epoch == 0
    assert next(iter(loader)) == first


def test_a_pass_keeps_the_epoch_it_began_with() -> None:
    loader = DataLoader(numbered(30), 4, shuffle=True)
    begun = iter(loader)
    loader.set_epoch(7)
    assert [label for _, labels in begun for label in labels] == loader.order(0)


def test_the_order_is_the_documented_algorithm() -> None:
    """Written out here from getrandbits, which Python promises never to change, so every version gives this order."""
    seed = b"DataLoader seed 3 epoch 2"
    twister = random.Random(int.from_bytes(seed + hashlib.sha512(seed).digest(), "big"))
    expected = list(range(50))
    for last in range(49, 0, -1):
        bits = (last + 1).bit_length()
        pick = twister.getrandbits(bits)
        while pick > last:
            pick = twister.getrandbits(bits)
        expected[last], expected[pick] = expected[pick], expected[last]
    assert DataLoader(numbered(50), 4, shuffle=True, seed=3).order(2) == expected


def test_without_shuffle_the_order_is_the_dataset_s() -> None:
    loader = DataLoader(numbered(7), 3)
    assert [labels_of(loader), labels_of(loader)] == [list(range(7))] * 2


def test_any_sequence_of_examples_will_do() -> None:
    loader = DataLoader([([[[0.5]]], 3), ([[[0.25]]], 4)], batch_size=2)
    assert list(loader) == [([[[[0.5]]], [[[0.25]]]], [3, 4])]


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "8", None])
def test_a_bad_batch_size_is_an_error(size: object) -> None:
    error = ValueError if isinstance(size, int | float) and size is not True else TypeError
    with pytest.raises(error, match=r"DataLoader: batch_size is .*; it must be a whole number of at least 1"):
        DataLoader(numbered(3), size)  # type: ignore[arg-type]


def test_other_bad_arguments_are_errors() -> None:
    with pytest.raises(ValueError, match="DataLoader: the dataset is empty"):
        DataLoader(numbered(3)[:0], 1)
    with pytest.raises(ValueError, match=r"seed is 1\.5; it must be a whole number"):
        DataLoader(numbered(3), 1, seed=1.5)  # type: ignore[arg-type]
    loader = DataLoader(numbered(3), 1)
    with pytest.raises(ValueError, match="epoch is -1; it must be a whole number of at least 0"):
        loader.set_epoch(-1)
    for start in (-1, 4):
        with pytest.raises(ValueError, match=f"start is {start}; (it must be .* at least 0|an epoch has 3 batches)"):
            loader.batches(start)

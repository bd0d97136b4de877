"""Dataset: bytes inside, nested lists outside."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import Dataset


def numbered(count: int = 6, rows: int = 2, columns: int = 3) -> Dataset:
    """Image i has pixels i * 6, i * 6 + 1, ... and label i."""
    return Dataset(bytes(range(count * rows * columns)), bytes(range(count)), rows, columns)


def test_an_image_is_nested_lists_in_the_unit_interval() -> None:
    image, label = numbered()[1]
    assert image == [[[6 / 255, 7 / 255, 8 / 255], [9 / 255, 10 / 255, 11 / 255]]]
    assert label == 1
    every = Dataset(bytes(range(256)), bytes(1), 16, 16).image(0)[0]
    assert [value for row in every for value in row] == [pixel / 255.0 for pixel in range(256)]
    assert every[0][0] == 0.0
    assert every[15][15] == 1.0


def test_every_image_is_a_new_list() -> None:
    """Someone who writes into an image must not change the dataset, nor another row."""
    data = numbered()
    data.image(0)[0][0][0] = 9.0
    assert data.image(0)[0][0][0] == 0.0


def test_labels_and_one_hot() -> None:
    data = numbered()
    assert [data.label(i) for i in range(len(data))] == data.labels == [0, 1, 2, 3, 4, 5]
    assert data.one_hot(2) == [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert all(type(value) is float for value in data.one_hot(2))


@given(st.slices(6), st.slices(6))
def test_slices_of_slices_are_those_of_a_list(first: slice, second: slice) -> None:
    data = numbered()
    assert data[first][second].labels == data.labels[first][second]
    assert list(data[first][second]) == list(data)[first][second]


@given(st.lists(st.integers(-6, 5)))
def test_a_selection_has_the_images_asked_for(indices: list[int]) -> None:
    data = numbered()
    chosen = data.select(indices)
    assert list(chosen) == [data[i] for i in indices]
    assert chosen[::-1].labels == chosen.labels[::-1]


def test_a_slice_copies_no_pixels() -> None:
    data = Dataset(bytes(28 * 28 * 5000), bytes(5000), 28, 28)
    tracemalloc.start()
    try:
        half = data[:2500]
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()
    assert len(half) == 2500


def test_indices_behave_as_a_list_s() -> None:
    data = numbered()
    assert data[-1] == data[5]
    assert data[1:3][-1] == data[2]
    for bad in (6, -7):
        for ask in (data.image, data.label, data.one_hot, data.__getitem__):
            with pytest.raises(IndexError, match=f"dataset: index {bad} is out of range for 6 images"):
                ask(bad)
    with pytest.raises(IndexError, match="index 2 is out of range for 2 images"):
        data[1:3][2]


def test_a_label_out_of_range_is_named_with_its_index() -> None:
    with pytest.raises(ValueError, match=r"digits: label 10 at index 2 is out of range; 10 classes have labels 0 to 9"):
        Dataset(bytes(4), bytes([9, 0, 10, 200]), 1, 1, name="digits")
    assert Dataset(bytes(4), bytes([9, 0, 10, 200]), 1, 1, classes=256).label(3) == 200


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match=r"13 pixels are 2\.16667 images of 2 x 3, but there are 2 labels"):
        Dataset(bytes(13), bytes(2), 2, 3)
    for rows, columns, classes in ((0, 1, 10), (1, -1, 10), (1, 1, 0), (1, 1, 257)):
        with pytest.raises(ValueError, match="at least 1"):
            Dataset(b"", b"", rows, columns, classes)


def test_repr_says_what_a_view_holds() -> None:
    data = numbered()[2:4]
    assert repr(data) == "Dataset('dataset', 2 images of 2 x 3, 10 classes)"

"""`nn.summary`: the table, its sums, and that the model is afterwards as before."""

from __future__ import annotations

import random
from typing import Any

import pytest

import nn
from nn import paper
from tinygrad_lists import Value


class Block(nn.Module):
    """A list of layers, a layer used twice, one that is not used, and a number of its own."""

    def __init__(self) -> None:
        self.layers = [nn.Dense(4, 4), nn.Tanh()]
        self.spare = nn.Dense(2, 2)
        self.scale = Value([1.0] * 4)

    def forward(self, x: Any) -> Value:
        dense, tanh = self.layers
        return tanh(dense(tanh(dense(x)))) * self.scale


def test_the_papers_network() -> None:
    """5,258 parameters; multiply-adds by the sizes of section II."""
    found = nn.summary(paper.network(), (1, 28, 28))
    assert found.input_shape == (1, 1, 28, 28)
    shapes = [row.output_shape for row in found.rows]
    assert shapes[0] == (1, 10)
    assert shapes[1] == (1, 8, 26, 26)
    assert shapes[4] == (1, 16, 11, 11)
    assert found.parameters == sum(row.parameters for row in found.rows) == 5258
    assert found.multiply_adds == 8 * 26 * 26 * 9 + 16 * 11 * 11 * 72 + 4000
    numbers = 2 * 8 * 26 * 26 + 8 * 13 * 13 + 2 * 16 * 11 * 11 + 16 * 5 * 5 + 400 + 10
    assert found.activations == 8 * numbers
    assert found.memory == 8 * (numbers + 5258)
    assert nn.summary(paper.network(), (1, 28, 28), "float32").memory * 2 == found.memory


def test_shapes_of_batches_and_of_samples() -> None:
    model = paper.network()
    batch, sample = nn.summary(model, (3, 1, 28, 28)), nn.summary(model, (1, 28, 28))
    assert batch.input_shape == (3, 1, 28, 28)
    assert batch.multiply_adds == 3 * sample.multiply_adds
    assert nn.summary(nn.Dense(3, 2), (3,)).rows[0].output_shape == (2,)
    assert nn.summary(nn.Dense(3, 2), (5, 3)).rows[0].output_shape == (5, 2)
    assert nn.summary(nn.Sequential(nn.Flatten(), nn.Dense(12, 2)), (3, 2, 2)).input_shape == (1, 3, 2, 2)


def test_modules_in_lists_called_twice_and_not_at_all() -> None:
    found = nn.summary(Block(), (2, 4))
    rows = {row.name: row for row in found.rows}
    assert list(rows) == ["", "layers.0", "layers.1", "spare"]
    assert [(row.label, row.depth) for row in found.rows] == [("", 0), ("layers.0", 1), ("layers.1", 1), ("spare", 1)]
    assert rows[""].parameters == 4
    assert rows["layers.0"].multiply_adds == 2 * 2 * 16
    assert rows["layers.1"].memory == 2 * 8 * 8
    assert (rows["spare"].output_shape, rows["spare"].parameters) == (None, 6)
    assert "spare Dense" in str(found)
    assert "not used" in str(found)


def test_a_shared_module_counts_once() -> None:
    layer = nn.Dense(3, 3)
    found = nn.summary(nn.Sequential(layer, nn.ReLU(), layer), (1, 3))
    assert found.parameters == sum(row.parameters for row in found.rows) == 12
    assert found.multiply_adds == 18
    assert found.rows[3].shared == "0"
    assert "2 Dense (the same as 0)" in str(found)


def test_what_passes_on_its_input_costs_no_memory() -> None:
    found = nn.summary(nn.Sequential(nn.Identity(), nn.Dropout(0.5), nn.ReLU()), (2, 3))
    assert [row.memory for row in found.rows] == [0, 0, 0, 48]


@pytest.mark.parametrize(
    ("layer", "shape", "work"),
    [
        (nn.Conv1d(4, 6, 3, groups=2), (1, 4, 10), 6 * 8 * 2 * 3),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (1, 4, 5, 5), 4 * 25 * 3 * 9),
        (nn.Embedding(10, 4), (2, 3), 0),
        (nn.BatchNorm2d(3), (2, 3, 4, 4), 0),
        (nn.Residual(nn.Dense(3, 3)), (2, 3), 18),
    ],
)
def test_work_of_layers(layer: nn.Module, shape: tuple[int, ...], work: int) -> None:
    assert nn.summary(layer, shape).multiply_adds == work


def test_the_model_is_afterwards_as_before() -> None:
    rng = random.Random(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Dropout(0.5, rng), nn.Dense(18, 2))
    model[1].eval()
    before = model.state_dict()
    calls: list[int] = []
    model.register_forward_hook(lambda *_: calls.append(1))
    text = str(nn.summary(model, (1, 5, 5)))
    assert calls == [1]  # the user's own hooks see the pass that succeeds
    assert model.state_dict() == before
    assert [m.training for _, m in model.named_modules()] == [True, True, False, True, True, True]
    assert all(parameter.grad is None for parameter in model.parameters())
    assert "9 numbers kept" in text
    model([[[[0.0] * 5] * 5]] * 2)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 28, 28), r"does not take an input of shape \(2, 28, 28\), nor \(1, 2, 28, 28\): .*conv2d"),
        ((0, 28), r"input_shape\[0\] is 0; it must be a whole number of at least 1"),
        ((1.5,), r"input_shape\[0\] is 1\.5; it must be a whole number of at least 1"),
    ],
)
def test_bad_shapes_are_named(shape: Any, words: str) -> None:
    model = paper.network()
    with pytest.raises(ValueError, match=words):
        nn.summary(model, shape)
    assert model.training
    with pytest.raises(ValueError, match="dtype"):
        nn.summary(model, (1, 28, 28), dtype="float16")

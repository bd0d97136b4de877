"""Compiled training steps with everything that changes between steps: rates, averages, counts, masks, statistics."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from nn_tools import close, flat, normal

import nn
from tinygrad_lists import Value, jit

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)


def dense() -> nn.Module:
    rng = random.Random(3)
    return nn.Sequential(nn.Dense(4, 6, rng=rng), nn.Tanh(), nn.Dense(6, 2, rng=rng))


def step_of(model: nn.Module, optimiser: nn.optim.Optimizer, clip: bool = False) -> Callable[..., Any]:
    criterion = nn.MSELoss()

    def step(x: Any, y: Any) -> Any:
        optimiser.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        if clip:
            nn.optim.clip_grad_value(model.parameters(), 0.4)
        norm = nn.optim.clip_grad_norm(model.parameters(), 0.3) if clip else loss
        optimiser.step()
        return loss, norm

    return step


OPTIMISERS: dict[str, Callable[[Any], nn.optim.Optimizer]] = {
    "SGD": lambda p: nn.optim.SGD(p, 0.1),
    "momentum": lambda p: nn.optim.SGD(p, 0.1, 0.9, True, 0.1),
    "Lion": lambda p: nn.optim.Lion(p, 0.01, weight_decay=0.1),
    "Adagrad": lambda p: nn.optim.Adagrad(p, 0.1, 0.1),
    "RMSprop": lambda p: nn.optim.RMSprop(p, 0.01, momentum=0.5, centered=True),
    "Adam": lambda p: nn.optim.Adam(p, 0.05),
    "AdamW": lambda p: nn.optim.AdamW(p, 0.05, amsgrad=True),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_compiled_steps_are_the_interpreted_ones_under_a_schedule(name: str) -> None:
    """A rate that changes at each step, counts and averages: one program, and the same numbers."""
    models = [dense(), dense()]
    optimisers = [OPTIMISERS[name](model.parameters()) for model in models]
    schedules = [nn.schedulers.CosineAnnealingLR(optimiser, 9) for optimiser in optimisers]
    interpreted = step_of(models[0], optimisers[0], clip=True)
    compiled = jit(step_of(models[1], optimisers[1], clip=True), dtype="float64")
    for step in range(8):
        x, y = normal((5, 4), step), normal((5, 2), step + 50)
        for a, b in zip(interpreted(x, y), compiled(x, y), strict=True):
            close([b.item()], [a.item()])
        for schedule in schedules:
            schedule.step()
    assert compiled.programs == 1
    for name, numbers in models[0].state_dict().items():
        close(models[1].state_dict()[name], numbers)
    for ours, theirs in zip(optimisers[1].state_dict()["state"], optimisers[0].state_dict()["state"], strict=True):
        assert list(ours) == list(theirs)
        for key, numbers in theirs.items():
            close(ours[key], numbers)
    steps = [kept["step"] for kept in optimisers[1].state_dict()["state"] if "step" in kept]
    assert all((step, type(step)) == (8, int) for step in steps)


def test_momentum_that_cycles_needs_one_program() -> None:
    models = [dense(), dense()]
    optimisers = [nn.optim.Adam(model.parameters()) for model in models]
    schedules = [nn.schedulers.OneCycleLR(optimiser, 0.1, 8) for optimiser in optimisers]
    interpreted, compiled = step_of(models[0], optimisers[0]), jit(step_of(models[1], optimisers[1]), dtype="float64")
    for step in range(7):
        x, y = normal((3, 4), step), normal((3, 2), step + 50)
        close([compiled(x, y)[0].item()], [interpreted(x, y)[0].item()])
        for schedule in schedules:
            schedule.step()
    assert compiled.programs == 1


def test_a_compiled_optimiser_is_saved_and_restored_in_the_middle() -> None:
    """The state that native code keeps is what `state_dict` says, and what it takes over."""
    first, second = dense(), dense()
    optimiser, other = nn.optim.Adam(first.parameters(), 0.05), nn.optim.Adam(second.parameters(), 0.05)
    ours, theirs = (jit(step_of(model, o), dtype="float64") for model, o in ((first, optimiser), (second, other)))
    theirs(normal((3, 4), 99), normal((3, 2), 99))
    for step in range(6):
        x, y = normal((3, 4), step), normal((3, 2), step + 50)
        if step == 3:
            second.load_state_dict(first.state_dict())
            other.load_state_dict(optimiser.state_dict())
        loss = ours(x, y)[0].item()
        if step >= 3:
            assert theirs(x, y)[0].item() == loss
    assert second.state_dict() == first.state_dict()
    assert other.state_dict() == optimiser.state_dict()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 12), (4, 5), (19, 3)])
def test_compiled_dropout_draws_anew_and_as_interpreted(dtype: str, shape: tuple[int, int]) -> None:
    """The classical trap: a mask that is drawn when the step is recorded, and stays."""
    layers = [nn.Dropout(0.5, random.Random(6)) for _ in range(2)]
    ones = [[1.0] * shape[1]] * shape[0]
    compiled = jit(lambda x: layers[1](x) * 1.0, dtype=dtype)
    seen = set()
    for _ in range(4):
        expected = layers[0](ones).data
        assert compiled(ones).data == expected
        seen.add(tuple(flat(expected)))
    assert len(seen) == 4
    assert layers[1].state_dict() == layers[0].state_dict()
    for layer in layers:
        layer.p = 0.25
    assert [[round(v, 5) for v in row] for row in compiled(ones).data] == [
        [round(v, 5) for v in row] for row in layers[0](ones).data
    ]
    assert compiled.programs == 1
    layers[1].eval()
    assert compiled(ones).data == ones


def test_compiled_embedding() -> None:
    models = [nn.Sequential(nn.Embedding(6, 3), nn.Flatten(), nn.Dense(12, 2)) for _ in range(2)]
    optimisers = [nn.optim.SGD(model.parameters(), 0.1) for model in models]
    interpreted, compiled = step_of(models[0], optimisers[0]), jit(step_of(models[1], optimisers[1]), dtype="float64")
    rng = random.Random(0)
    for step in range(4):
        x, y = [[rng.randrange(6) for _ in range(4)] for _ in range(5)], normal((5, 2), step)
        close([compiled(x, y)[0].item()], [interpreted(x, y)[0].item()])
    close(models[1].state_dict()["0.weight"], models[0].state_dict()["0.weight"])
    with pytest.raises(ValueError, match="Embedding: label 6 at position 2 is not a class from 0 to 5"):
        compiled([[0, 1, 6, 2]] * 5, normal((5, 2)))


def test_compiled_running_statistics() -> None:
    layers = [nn.BatchNorm1d(3) for _ in range(2)]
    compiled = jit(lambda x: layers[1](x), dtype="float64")
    for step in range(4):
        x = normal((5, 3), step)
        close(compiled(x).data, layers[0](x).data)
    for name, numbers in layers[0].state_dict().items():
        close(layers[1].state_dict()[name], numbers)
    assert layers[1].state_dict()["num_batches_tracked"] == 4
    layers[0].eval()
    layers[1].eval()
    x = normal((2, 3), 9)
    close(compiled(x).data, layers[0](x).data)


def test_accumulated_gradients() -> None:
    """Two backward passes in one compiled step add up."""
    model, other = dense(), dense()
    criterion = nn.MSELoss()

    def step_of_parts(m: nn.Module, o: nn.optim.Optimizer) -> Callable[..., Value]:
        def step(x: Any, y: Any) -> Value:
            o.zero_grad()
            first = criterion(m(x), y) / 2
            first.backward()
            second = criterion(m(y @ Value([[1.0] * 4] * 2, requires_grad=False)), y) / 2
            second.backward()
            o.step()
            return first + second

        return step

    interpreted = step_of_parts(model, nn.optim.SGD(model.parameters(), 0.1))
    compiled = jit(step_of_parts(other, nn.optim.SGD(other.parameters(), 0.1)), dtype="float64")
    for step in range(3):
        x, y = Value(normal((3, 4), step)), Value(normal((3, 2), step + 50))
        close([compiled(x, y).item()], [interpreted(x, y).item()])
    close([v for p in other.parameters() for v in flat(p.data)], [v for p in model.parameters() for v in flat(p.data)])

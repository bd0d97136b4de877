"""The paper's network and other training programs, compiled beside interpreted."""

from __future__ import annotations

import math
import random
import shutil
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from tinygrad_lists import Value, concat, functions, grad, hvp, jit, where
from tinygrad_lists.compiler.jit import Jit

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)
IMAGES = nn.data.mnist.load("train", subset="paper")


class Training:
    """A model with its optimiser and one step of training."""

    def __init__(self, **options: float) -> None:
        self.model = nn.paper.network(random.Random(1))
        self.optimiser = nn.optim.SGD(self.model.parameters(), lr=0.03, **options)  # type: ignore[arg-type]
        self.criterion = nn.CrossEntropyLoss()

    def step(self, x: Any, y: Any) -> Value:
        self.optimiser.zero_grad()
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimiser.step()
        return loss

    def gradients(self) -> list[list[float]]:
        return [p._grad for p in self.model.parameters()]

    def data(self) -> list[list[float]]:
        return [p._data for p in self.model.parameters()]


def worst(ours: list[list[float]], theirs: list[list[float]]) -> float:
    """Largest difference, relative to the largest number of each tensor."""
    return max(
        max(abs(x - y) for x, y in zip(a, b, strict=True)) / max(map(abs, b)) for a, b in zip(ours, theirs, strict=True)
    )


def batch(size: int, first: int = 0) -> tuple[Any, list[int]]:
    pairs = [IMAGES[first + i] for i in range(size)]
    return [image for image, _ in pairs], [label for _, label in pairs]


@pytest.mark.parametrize("size", [1, 3, 19], ids=lambda n: f"batch of {n}")
@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-12), ("float32", 2e-5)])
def test_every_gradient_of_the_papers_network(size: int, dtype: str, bound: float) -> None:
    """Lanes full, lanes to spare, and more than one chunk with a rest; two kinds of float."""
    ours, theirs = Training(), Training()
    step = jit(ours.step, dtype=dtype)
    x, y = batch(size)
    assert math.isclose(step(x, y).data, theirs.step(x, y).data, rel_tol=bound)
    assert worst(ours.gradients(), theirs.gradients()) <= bound
    assert worst(ours.data(), theirs.data()) <= bound


def test_after_a_hundred_steps() -> None:
    ours, theirs = Training(), Training()
    step = jit(ours.step, dtype="float64")
    for i in range(100):
        x, y = batch(2, 2 * i)
        step(x, y)
        theirs.step(x, y)
    assert worst(ours.data(), theirs.data()) <= 1e-10
    assert worst(ours.gradients(), theirs.gradients()) <= 1e-8


def test_momentum_and_decay_and_a_learning_rate_that_changes() -> None:
    """The velocity appears in the first step, so that is interpreted; the learning rate is read at each call."""
    options = {"momentum": 0.9, "weight_decay": 0.01}
    ours, theirs = Training(**options), Training(**options)
    step = jit(ours.step, dtype="float64")
    x, y = batch(2)
    for i in range(6):
        for side in (ours, theirs):
            side.optimiser.lr = 0.01 / (i + 1)
        step(x, y)
        theirs.step(x, y)
    assert worst(ours.data(), theirs.data()) <= 1e-12
    assert step.programs == 1


def test_a_smaller_last_batch_compiles_once_more() -> None:
    ours, theirs = Training(), Training()
    step = jit(ours.step, dtype="float64")
    for size in (4, 4, 3, 4, 3):
        x, y = batch(size)
        assert math.isclose(step(x, y).data, theirs.step(x, y).data, rel_tol=1e-11)
    assert step.programs == 2


def test_bytes_are_scaled_in_the_program() -> None:
    """Pixels as they come from the file, labels as bytes: nothing becomes a list."""
    ours, theirs = Training(), Training()
    step = jit(lambda pixels, y: ours.step(Value(pixels, requires_grad=False) / 255, y), dtype="float64")
    x, y = batch(3)
    flat = [round(255 * v) for image in x for row in image[0] for v in row]
    pixels = memoryview(bytes(flat)).cast("B", (3, 1, 28, 28))
    assert math.isclose(step(pixels, array("B", y)).data, theirs.step(x, y).data, rel_tol=1e-12)


def test_evaluation_and_training_share_the_parameters() -> None:
    """One program writes them, another reads them, Python looks in between: all see the same."""
    ours, theirs = Training(), Training()
    step, predict = jit(ours.step, dtype="float64"), jit(ours.model, dtype="float64")
    x, y = batch(2)
    for _ in range(3):
        step(x, y)
        theirs.step(x, y)
        assert predict(x)._flat() == pytest.approx(theirs.model(x)._flat(), rel=1e-10)
    state = ours.model.state_dict()
    assert worst([state["7.bias"]], [theirs.model.state_dict()["7.bias"]]) <= 1e-12
    ours.model.load_state_dict(theirs.model.state_dict())
    assert step(x, y).data == pytest.approx(theirs.step(x, y).data, rel=1e-12)


def test_check_compares_every_call() -> None:
    training = Training()
    step = jit(training.step, dtype="float64", check=True)
    for i in range(2):
        step(*batch(2, i))


def test_check_finds_a_wrong_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checker that cannot fail proves nothing."""
    from tinygrad_lists.compiler import formulas

    monkeypatch.setitem(formulas.FORMULAS, "exp", "(EXP({0}) + (T)0.01)")
    with pytest.raises(RuntimeError, match="jit: check: result 0 differs at 0"):
        jit(functions.exp, dtype="float64", check=True)([1.0, 2.0])


# -- Transforms, scalars, random programs -----------------------------------------------------------------------------


def test_derivatives_of_derivatives() -> None:
    def f(x: Value) -> Value:
        return (x.sin() * x * x).sum()

    x = Value([0.5, -1.5, 2.0])
    third = grad(lambda x: grad(lambda x: grad(f)(x).sum())(x).sum())
    assert jit(third, dtype="float64")(x).data == pytest.approx(third(x).data, rel=1e-12)
    compiled = jit(lambda x, t: hvp(f, x, t), dtype="float64")
    assert compiled(x, [1.0, 2.0, 3.0]).data == pytest.approx(hvp(f, x, [1.0, 2.0, 3.0]).data, rel=1e-12)


def test_micrograd_scalars() -> None:
    def f(a: Value, b: Value) -> Value:
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        e = c - d
        g = (e**2) / 2.0
        g += 10.0 / e
        return g

    assert jit(f, dtype="float64")(-4.0, 2.0).data == pytest.approx(f(Value(-4.0), Value(2.0)).data, rel=1e-14)


UNARY: list[Callable[[Value], Value]] = [
    lambda v: v.sin(),
    lambda v: v.tanh(),
    lambda v: v.sigmoid(),
    lambda v: v.relu(),
    lambda v: -v,
    lambda v: v * 0.5,
    lambda v: v.abs() + 0.1,
    lambda v: v[:, ::-1],
    lambda v: v - v.max(axis=1, keepdims=True),
    lambda v: v - v.mean(axis=0),
    lambda v: v.cumsum(1) * 0.3,
    lambda v: v.softmax(1),
    lambda v: v.reshape(-1, 2).tanh().reshape(*v.shape),
    lambda v: concat([v[:, 1:], v[:, :1]], 1),
    lambda v: v @ _matrix(v),
    lambda v: v @ (v.T @ v) * 0.1,
]
BINARY: list[Callable[[Value, Value], Value]] = [
    lambda a, b: a + b,
    lambda a, b: a * b * 0.5,
    lambda a, b: a / (b * b + 1),
    lambda a, b: where(a < b, a, b * 0.5),
    lambda a, b: a - b.sum(axis=1, keepdims=True) * 0.2,
    lambda a, b: a * 0.5 + b.mean(),
]


def _matrix(v: Value) -> Value:
    size = v.shape[1]
    return Value([[math.sin(1.0 + i * size + j) for j in range(size)] for i in range(size)], requires_grad=False)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_random_programs(data: st.DataObject) -> None:
    """Hypothesis builds a program and its gradient; compiled and interpreted must agree, with a batch and without."""
    rows = data.draw(st.sampled_from([2, 3, 8, 11]))
    columns = data.draw(st.sampled_from([2, 4]))
    unary, binary = st.sampled_from(UNARY), st.sampled_from(BINARY)
    steps = data.draw(st.lists(st.tuples(unary, binary, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6))
    source = random.Random(data.draw(st.integers(0, 99)))
    numbers = [[source.uniform(-1, 1) for _ in range(columns)] for _ in range(rows)]
    weight = Value([source.uniform(-1, 1) for _ in range(columns)])

    def program(x: Any) -> list[Value]:
        weight.grad = None
        values = [Value(x, requires_grad=False) * weight]
        for one, two, i, j in steps:
            values.append(two(one(values[i % len(values)]), values[j % len(values)]))
        loss = values[-1].sum()
        loss.backward()
        assert weight.grad_value is not None
        return [values[-1], loss, weight.grad_value * 1]

    expected = [v._flat() for v in program(numbers)]
    compiled = [v._flat() for v in jit(program, dtype="float64")(numbers)]
    for ours, theirs in zip(compiled, expected, strict=True):
        scale = max([1.0, *map(abs, theirs)])
        assert all(abs(a - b) <= 1e-12 * scale for a, b in zip(ours, theirs, strict=True)), (ours, theirs)


@pytest.mark.parametrize(
    ("size", "dtype", "bound"),
    [(7, "float64", 1e-12), (8, "float64", 1e-12), (16, "float32", 1e-5), (17, "float32", 1e-5)],
)
def test_choices_and_classes(size: int, dtype: str, bound: float) -> None:
    """where, gate and label smoothing over few classes, in rows of one or two vectors: wrong with GCC 12 where a load
    stands under a condition (`test_jit_sizes`)."""
    weights = [Value([[1.0 + 0.5 * c for c in range(classes)]]) for classes in (2, 3, 4, 5)]
    smooth = nn.CrossEntropyLoss(label_smoothing=0.1)

    def step(x: Any, y: Any) -> list[Value]:
        out = []
        for w in weights:
            classes = w.shape[1]
            w.grad = None
            z = Value(x, requires_grad=False) @ w
            right = functions.equal(functions.reshape(y, (size, 1)) % float(classes), list(map(float, range(classes))))
            losses = [where(right, z, 0).sum(), where(right, 0.5, z * z).sum(), (z - 2.0).relu().sum()]
            loss = losses[0] + losses[1] + losses[2] + smooth(z, [i % classes for i in range(size)])
            loss.backward()
            assert w.grad_value is not None
            out += [*losses, loss, w.grad_value * 1, where(right, 3, [*range(classes)])]
        return out

    x, y = [[0.25 * (i + 1)] for i in range(size)], [i % 5 for i in range(size)]
    expected = [v._flat() for v in step(x, y)]
    compiled = [v._flat() for v in jit(step, dtype=dtype)(x, y)]
    for ours, theirs in zip(compiled, expected, strict=True):
        assert [type(a) for a in ours] == [type(b) for b in theirs]
        assert ours == pytest.approx(theirs, rel=bound, abs=bound)


def test_a_convolution_of_other_images_beside_the_batch() -> None:
    """Two images that are no batch, in a program with lanes for seven."""
    kernel = Value([[[[1.0, -2.0], [0.5, 3.0]]]])
    images = Value([[[[float(i * j % 5) for j in range(4)] for i in range(3)]] for _ in range(2)], requires_grad=False)

    def step(x: Any) -> list[Value]:
        kernel.grad = None
        loss = (functions.conv2d(images, kernel, stride=(2, 1)) ** 2).sum() * Value(x).sum()
        loss.backward()
        assert kernel.grad_value is not None
        return [loss, kernel.grad_value * 1, Value(x) * 2]

    x = [0.5 * i for i in range(7)]
    for ours, theirs in zip(jit(step, dtype="float64")(x), step(x), strict=True):
        assert ours._flat() == pytest.approx(theirs._flat(), rel=1e-12)


def test_two_runs_give_the_same_bits() -> None:
    states = []
    for _ in range(2):
        training = Training()
        step = jit(training.step)
        for i in range(3):
            step(*batch(19, i))
        states.append(training.model.state_dict())
    assert states[0] == states[1]


def test_the_source_leads_back_to_the_layers() -> None:
    training = Training()
    step = jit(training.step)
    assert isinstance(step, Jit)
    step(*batch(2))
    assert "3 Conv2d" in step.source
    assert "conv2d_weight_grad" in step.source
    assert "int step(void **p, char *arena)" in step.source


def test_the_graph_of_a_step() -> None:
    """Forward, backward and update are one program, and can be looked at."""
    w = Value([1.0, 2.0], name="w")

    def step(x: Any) -> Value:
        loss = (w * x).sum()
        w.grad = None
        loss.backward()
        assert w.grad_value is not None
        w.assign(w - 0.5 * w.grad_value)
        return loss

    compiled = jit(step)
    compiled([1.0, 1.0])
    ops = [node.op for node in compiled.graph.nodes]
    assert "mul" in ops
    assert "sub" in ops


# -- Other layers and optimisers --------------------------------------------------------------------------------------

MODELS: dict[str, Callable[[random.Random], list[nn.Module]]] = {
    "batch norm": lambda r: [
        nn.Conv2d(1, 2, 3, rng=r),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dense(32, 3, rng=r),
    ],
    "layer norm": lambda r: [nn.Flatten(), nn.Dense(36, 8, rng=r), nn.LayerNorm(8), nn.GELU(), nn.Dense(8, 3, rng=r)],
    "padding": lambda r: [
        nn.Conv2d(1, 4, 3, padding=1, stride=2, rng=r),
        nn.Conv2d(4, 4, 3, padding=1, groups=2, dilation=1, rng=r),
        nn.MaxPool2d(3, 2, 1),
        nn.Flatten(),
        nn.Dense(16, 3, rng=r),
    ],
    "strides before pooling": lambda r: [
        nn.Conv2d(1, 2, 1, rng=r),
        nn.Conv2d(2, 3, 2, stride=2, rng=r),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dense(3, 3, rng=r),
    ],
    "average": lambda r: [nn.Conv2d(1, 4, 3, rng=r), nn.AvgPool2d(2), nn.ELU(), nn.Flatten(), nn.Dense(16, 3, rng=r)],
    "transposed": lambda r: [nn.ConvTranspose2d(1, 2, 3, stride=2, rng=r), nn.Flatten(), nn.Dense(338, 3, rng=r)],
}
OPTIMISERS = ["SGD", "Adam", "AdamW", "SGD", "RMSprop", "SGD"]


@pytest.mark.parametrize("size", [5, 19], ids=lambda n: f"batch of {n}")
@pytest.mark.parametrize(("kind", "optimiser"), list(zip(MODELS, OPTIMISERS, strict=True)))
def test_other_layers_and_optimisers(kind: str, optimiser: str, size: int) -> None:
    """Three steps: the first with a new optimiser, then with one that remembers; buffers count too."""
    source = random.Random(4)
    sides = []
    for _ in range(2):
        model = nn.Sequential(*MODELS[kind](random.Random(0)))
        sides.append((model, getattr(nn.optim, optimiser)(model.parameters(), lr=0.01)))
    (ours, ours_optimiser), (theirs, theirs_optimiser) = sides
    criterion = nn.CrossEntropyLoss()

    def step_of(model: nn.Module, optimiser: Any) -> Callable[[Any, Any], Value]:
        def step(x: Any, y: Any) -> Value:
            optimiser.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimiser.step()
            return loss

        return step

    compiled, interpreted = jit(step_of(ours, ours_optimiser), dtype="float64"), step_of(theirs, theirs_optimiser)
    for _ in range(3):
        x = [[[[source.uniform(-1, 1) for _ in range(6)] for _ in range(6)]] for _ in range(size)]
        y = [source.randrange(3) for _ in range(size)]
        assert compiled(x, y).data == pytest.approx(interpreted(x, y).data, rel=1e-12)
    for (name, a), (_, b) in zip(ours._named_values(), theirs._named_values(), strict=True):
        assert a._flat() == pytest.approx(b._flat(), rel=1e-11, abs=1e-12), name

"""Right layers are never accused: random kinds, shapes, numbers and ways of adding up."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

import nn
from nn import handwritten
from nn.compare import Verdict, compare_gradients, compare_layer
from nn.handwritten.nested import elementwise, shape_of, zeros


def numbers(shape: tuple[int, ...], rng: random.Random) -> Any:
    """Of one of several kinds: ordinary, with many zeros and equal numbers, huge, tiny, or of all sizes."""
    kind = rng.randrange(5)
    draw: Callable[[], float] = (
        lambda: rng.uniform(-2, 2),
        lambda: float(rng.randrange(-2, 3)),
        lambda: rng.uniform(-1e80, 1e80),
        lambda: rng.uniform(-1e-80, 1e-80),
        lambda: rng.choice((-1, 1)) * 10 ** rng.uniform(-12, 12),
    )[kind]
    return elementwise(lambda _: draw(), zeros(shape, 0.0))


def plain(shape: tuple[int, ...], rng: random.Random, size: float = 2.0) -> Any:
    return elementwise(lambda _: rng.uniform(-size, size), zeros(shape, 0.0))


class Backwards(handwritten.Dense):
    """Sums from the other end."""

    def forward(self, v: Any) -> Any:
        inputs, outputs = shape_of(self.weight)
        z = []
        for j in range(outputs):
            total = 0.0
            for i in reversed(range(inputs)):
                total += v[i] * self.weight[i][j]
            z.append(total + self.bias[j])
        self.keep_forward(v, z)
        return z

    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        self.input_gradient = [math.fsum(g * w for g, w in zip(gradient, row, strict=True)) for row in self.weight]
        return self.input_gradient


class Exactly(handwritten.Conv2d):
    """Adds without any error but the last rounding: further from a plain loop than any other order."""

    def forward(self, x: Any) -> Any:
        exact = handwritten.Conv2d(
            elementwise(Fraction, self.weight), elementwise(Fraction, self.bias), self.stride, self.padding
        )
        y = elementwise(float, exact.forward(elementwise(Fraction, x)))
        super().forward(x)
        self.exact = exact
        return self.keep_forward(x, y)

    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        x_gradient = elementwise(float, self.exact.backward(elementwise(Fraction, gradient)))
        found = self.exact.gradients()
        self.weight_gradient = elementwise(float, found["weight"])
        self.bias_gradient = elementwise(float, found["bias"])
        self.input_gradient = x_gradient
        return x_gradient


class LastOfEqual(handwritten.MaxPool2d):
    """Another choice among equal maxima, and a right one."""

    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        channels, height, width = shape_of(y)
        for c, i, j in product(range(channels), range(height), range(width)):
            for k in range(self.size):
                for m in range(self.size):
                    row, column = i * self.stride + k, j * self.stride + m
                    if x[c][row][column] == y[c][i][j]:
                        self.argmax[c][i][j] = (row, column)
        return y


class Steep(handwritten.ReLU):
    """Slope 1 at 0."""

    def backward(self, gradient: Any) -> Any:
        self.keep_upstream(gradient)
        self.input_gradient = elementwise(lambda a, g: g if a >= 0 else 0.0, self.input, gradient)
        return self.input_gradient


class TwoSteps:
    """Cross-entropy on softmax, one after the other, without subtracting the maximum."""

    def forward(self, z: Any, label: Any) -> float:
        powers = [math.exp(v) for v in z]
        self.p, self.label = [v / sum(powers) for v in powers], label
        return -math.log(self.p[label.index(1)])

    def backward(self) -> Any:
        upstream = [-y / p for y, p in zip(self.label, self.p, strict=True)]
        mean = sum(u * p for u, p in zip(upstream, self.p, strict=True))
        return [p * (u - mean) for u, p in zip(upstream, self.p, strict=True)]


def convolution(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    filters, channels, rows, columns = (rng.randrange(1, 4) for _ in range(4))
    stride, padding = rng.randrange(1, 4), rng.randrange(0, 3)
    size = rows + rng.randrange(0, 5), columns + rng.randrange(0, 5)
    weight, bias = numbers((filters, channels, rows, columns), rng), numbers((filters,), rng)
    layer = rng.choice((handwritten.Conv2d, Exactly))(weight, bias, stride, padding)
    return layer, {"module": "conv2d", "x": numbers((rng.randrange(1, 4), channels, *size), rng)}


def pooling(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    size = rng.randrange(1, 4)
    stride = rng.randrange(1, 4)
    shape = (rng.randrange(1, 4), rng.randrange(1, 3), size + rng.randrange(5), size + rng.randrange(5))
    layer = rng.choice((handwritten.MaxPool2d, LastOfEqual))(size, stride)
    return layer, {"module": "maxpool2d", "x": numbers(shape, rng)}


def dense(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    inputs, outputs = rng.randrange(1, 30), rng.randrange(1, 8)
    layer = rng.choice((handwritten.Dense, Backwards))(numbers((inputs, outputs), rng), numbers((outputs,), rng))
    return layer, {"module": "dense", "x": numbers((rng.randrange(1, 5), inputs), rng)}


def relu(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    shape = tuple(rng.randrange(1, 5) for _ in range(rng.randrange(2, 5)))
    return rng.choice((handwritten.ReLU, Steep))(), {"module": "relu", "x": numbers(shape, rng)}


def flatten(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    return handwritten.Flatten(), {"module": "flatten", "x": numbers(tuple(rng.randrange(1, 5) for _ in range(4)), rng)}


def softmax(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    shape = (rng.randrange(1, 5), rng.randrange(1, 12))
    return handwritten.Softmax(), {"module": "softmax", "x": plain(shape, rng, 10 ** rng.uniform(-3, 2))}


def loss(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    samples, classes = rng.randrange(1, 6), rng.randrange(1, 12)
    layer: Any = rng.choice((handwritten.SoftmaxCrossEntropy, TwoSteps))()
    x = plain((samples, classes), rng, 10 ** rng.uniform(-3, 2 if isinstance(layer, TwoSteps) else 3))
    return layer, {
        "module": "softmax-cross-entropy",
        "x": x,
        "target": [rng.randrange(classes) for _ in range(samples)],
    }


KINDS = {f.__name__: f for f in (convolution, pooling, dense, relu, flatten, softmax, loss)}


def accusations(kind: str, seed: int) -> list[str]:
    """What is wrong with a right layer, according to `compare_layer`."""
    rng = random.Random(f"{kind} {seed}")
    layer, arguments = KINDS[kind](rng)
    report = compare_layer(candidate=layer, seed=seed, oracle=False, **arguments)
    return [f"{row}" for row in report.rows if row.verdict is Verdict.WRONG] + [f"{r}" for r in report.remarks]


@pytest.mark.parametrize("kind", KINDS)
def test_right_layers_are_not_accused(kind: str) -> None:
    for seed in range(12):
        assert accusations(kind, seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_right_layers_are_not_accused_over_many_shapes_and_seeds(kind: str) -> None:
    """1,050 in all."""
    for seed in range(150):
        assert accusations(kind, seed) == []


def network(rng: random.Random) -> tuple[nn.Sequential, handwritten.Network, Any, list[int]]:
    """conv, ReLU, pool, conv, ReLU, flatten, dense, with all sizes drawn."""
    channels, first, second, classes = (rng.randrange(1, 4) for _ in range(4))
    height, width = rng.randrange(8, 12), rng.randrange(8, 12)
    stride, padding = rng.randrange(1, 3), rng.randrange(0, 2)
    model = nn.Sequential(
        nn.Conv2d(channels, first, 3, padding=padding, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 2, stride=stride, rng=rng),
        nn.ReLU(),
        nn.Flatten(),
    )
    samples = rng.randrange(1, 4)
    x = plain((samples, channels, height, width), rng, 1.0)
    if rng.random() < 0.5:  # a dark background, as in a real image: exact zeros and equal maxima
        x = elementwise(lambda v: max(v, 0.0), x)
        model[0].bias.data = [0.0] * first
    model.layers.append(nn.Dense(model(x).shape[1], classes, rng=rng))
    state = model.state_dict()
    layers = [
        handwritten.Conv2d(state["0.weight"], state["0.bias"], padding=padding),
        handwritten.ReLU(),
        rng.choice((handwritten.MaxPool2d, LastOfEqual))(2),
        handwritten.Conv2d(state["3.weight"], state["3.bias"], stride=stride),
        rng.choice((handwritten.ReLU, Steep))(),
        handwritten.Flatten(),
        rng.choice((handwritten.Dense, Backwards))(state["6.weight"], state["6.bias"]),
    ]
    return model, handwritten.Network(layers), x, [rng.randrange(classes) for _ in range(samples)]


def network_accusations(seed: int) -> list[str]:
    model, by_hand, x, y = network(random.Random(seed))
    report = compare_gradients(model, by_hand, x, y, seed=seed, oracle=False)
    return [f"{row}" for row in report.rows if row.verdict is Verdict.WRONG] + [f"{r}" for r in report.remarks]


def test_right_networks_are_not_accused() -> None:
    for seed in range(6):
        assert network_accusations(seed) == []


@pytest.mark.slow
def test_right_networks_are_not_accused_over_many_seeds() -> None:
    for seed in range(100):
        assert network_accusations(seed) == []


def test_the_same_check_accuses_a_wrong_layer() -> None:
    class Wrong(handwritten.Dense):
        def backward(self, gradient: Any) -> Any:
            super().backward(gradient)
            self.weight_gradient[-1][-1] *= 1 + 1e-10
            return self.input_gradient

    rng = random.Random(0)
    layer = Wrong(plain((5, 3), rng), plain((3,), rng))
    report = compare_layer("dense", layer, plain((2, 5), rng))
    wrong = {(row.tensor, row.mode) for row in report.rows if row.verdict is Verdict.WRONG}
    assert wrong == {("weight gradient", "isolated"), ("weight gradient", "probe")}

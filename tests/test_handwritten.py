"""The handwritten layers against difference quotients: exact in `Fraction`, to 40 digits in `Decimal`, close in float.

A layer is judged through random signed cotangents g: with F(theta) = sum_n g[n] y[n](theta), every entry of every
gradient it returns must be the central difference (F(theta + h) - F(theta - h)) / 2h. In one entry at a time, the
rational layers are linear pieces, and on one piece that quotient is the derivative itself, with no error to forgive.
"""

from __future__ import annotations

import ast
import math
import random
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import nn.handwritten
from nn.handwritten import (
    SGD,
    Conv2d,
    CrossEntropy,
    Dense,
    Flatten,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
    Softmax,
    SoftmaxCrossEntropy,
    one_hot,
    paper_network,
    sine,
    softmax,
    train_epoch,
)
from nn.handwritten.nested import elementwise, shape_of, zeros

TINY = Fraction(1, 10**6)  # the random entries below are further apart than this: no step crosses a kink


def flat(x: Any) -> list[Any]:
    return [leaf for part in x for leaf in flat(part)] if isinstance(x, list) else [x]


def dot(a: Any, b: Any) -> Any:
    return sum(p * q for p, q in zip(flat(a), flat(b), strict=True))


def places(x: Any) -> Iterator[tuple[list[Any], int]]:
    """Every (row, index) in nested lists where a number sits."""
    for n, part in enumerate(x):
        if isinstance(part, list):
            yield from places(part)
        else:
            yield x, n


def central_differences(function: Callable[[], Any], x: Any, h: Any) -> list[Any]:
    quotients = []
    for row, n in places(x):
        kept = row[n]
        row[n] = kept + h
        above = function()
        row[n] = kept - h
        below = function()
        row[n] = kept
        quotients.append((above - below) / (2 * h))
    return quotients


def numbers(shape: tuple[int, ...], rng: random.Random, kind: Any = Fraction) -> Any:
    """Random numbers of both signs, all distinct and none 0, as nested lists."""
    pool = iter(rng.sample([n for n in range(-999, 1000) if n != 0], math.prod(shape)))
    return elementwise(lambda _: kind(next(pool)) / 128, zeros(shape, 0))


def mismatches(layer: Layer, x: Any, rng: random.Random, h: Any, tolerance: Any = 0) -> list[str]:
    """Name the gradients of a layer that are not the central differences: THE checker of this file."""
    y = layer.forward(x)
    g = numbers(shape_of(y), rng, type(h))
    returned = {"input": layer.backward(g), **layer.gradients()}
    where = {"input": x, **layer.parameters()}
    assert returned.keys() == where.keys()
    wrong = []
    for name, gradient in returned.items():
        expected = central_differences(lambda: dot(g, layer.forward(x)), where[name], h)
        if shape_of(gradient) != shape_of(where[name]) or any(
            not abs(a - b) <= tolerance * max(1, abs(b)) for a, b in zip(flat(gradient), expected, strict=True)
        ):
            wrong.append(name)
    return wrong


def conv(
    rng: random.Random, shape: tuple[int, int, int, int], kind: Any = Fraction, cls: type[Conv2d] = Conv2d, **kw: int
) -> Conv2d:
    return cls(numbers(shape, rng, kind), numbers(shape[:1], rng, kind), **kw)


def dense(rng: random.Random, shape: tuple[int, int], kind: Any = Fraction, cls: type[Dense] = Dense) -> Dense:
    return cls(numbers(shape, rng, kind), numbers(shape[1:], rng, kind))


Case = tuple[Callable[[random.Random, Any], Layer], tuple[int, ...]]

CASES: dict[str, Case] = {
    "conv": (lambda rng, kind: conv(rng, (3, 2, 2, 3), kind), (2, 4, 5)),
    "conv one output": (lambda rng, kind: conv(rng, (2, 1, 3, 3), kind), (1, 3, 3)),
    "conv stride": (lambda rng, kind: conv(rng, (2, 2, 2, 2), kind, stride=2), (2, 5, 6)),
    "conv padding": (lambda rng, kind: conv(rng, (2, 2, 3, 3), kind, padding=1), (2, 3, 4)),
    "conv stride padding": (lambda rng, kind: conv(rng, (2, 1, 3, 2), kind, stride=2, padding=2), (1, 4, 5)),
    "pool": (lambda rng, kind: MaxPool2d(2), (2, 4, 6)),
    "pool odd": (lambda rng, kind: MaxPool2d(2), (2, 5, 3)),
    "pool overlapping": (lambda rng, kind: MaxPool2d(3, stride=1), (2, 4, 5)),
    "pool gaps": (lambda rng, kind: MaxPool2d(1, stride=2), (1, 4, 5)),
    "relu volume": (lambda rng, kind: ReLU(), (2, 3, 4)),
    "relu vector": (lambda rng, kind: ReLU(), (7,)),
    "flatten": (lambda rng, kind: Flatten(), (2, 3, 4)),
    "dense": (lambda rng, kind: dense(rng, (5, 4), kind), (5,)),
    "dense one": (lambda rng, kind: dense(rng, (1, 1), kind), (1,)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_rational_layers_are_exact_in_fraction(case: Case) -> None:
    build, shape = case
    for seed in range(5):
        rng = random.Random(seed)
        layer, x = build(rng, Fraction), numbers(shape, rng)
        assert mismatches(layer, x, rng, TINY) == []
        layer.backward(numbers(shape_of(layer.forward(x)), rng))
        kept = [layer.output, layer.input_gradient, *layer.parameters().values(), *layer.gradients().values()]
        assert {type(value) for value in flat(kept)} <= {Fraction}, "a float or int literal slipped into the layer"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_layers_in_float_agree_with_central_differences(case: Case) -> None:
    build, shape = case
    rng = random.Random(1)
    assert mismatches(build(rng, float), numbers(shape, rng, float), rng, 2.0**-14, tolerance=1e-8) == []


def test_rational_layers_run_in_decimal() -> None:
    for build, shape in CASES.values():
        rng = random.Random(2)
        layer, x = build(rng, Decimal), numbers(shape, rng, Decimal)
        assert mismatches(layer, x, rng, Decimal("1e-9"), Decimal("1e-12")) == []
        layer.backward(layer.forward(x))
        assert {type(value) for value in flat([layer.output, layer.input_gradient])} == {Decimal}


def test_softmax_backward_to_forty_digits() -> None:
    with localcontext() as context:
        context.prec = 80
        rng = random.Random(3)
        layer, z = Softmax(), numbers((5,), rng, Decimal)
        assert mismatches(layer, z, rng, Decimal("1e-22"), Decimal("1e-40")) == []


# ---- The checker is proved by gradients that it must reject -----------------------------------------------------


def changed(layer: Layer, gradient: Any) -> Any:
    layer.input_gradient = gradient
    return gradient


class ConvSign(Conv2d):
    def backward(self, gradient: Any) -> Any:
        return changed(self, elementwise(lambda a: -a, super().backward(gradient)))


class ConvFlipped(Conv2d):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        self.weight_gradient = [
            [[row[::-1] for row in taps[::-1]] for taps in kernel] for kernel in self.weight_gradient
        ]
        return g


class ConvBiasForgotten(Conv2d):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        self.bias_gradient = [0 * b for b in self.bias_gradient]
        return g


class ConvBiasOverwritten(Conv2d):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        self.bias_gradient = [channel[-1][-1] for channel in gradient]
        return g


class ConvOneElement(Conv2d):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        g[-1][-1][-1] += type(g[-1][-1][-1])(1) / 10**12
        return g


class PoolNeighbour(MaxPool2d):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        g[0][0][0], g[0][0][1] = g[0][0][1], g[0][0][0]
        return g


class PoolLastWindowWins(MaxPool2d):
    """Overwrites instead of accumulating where windows overlap."""

    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        for c, channel in enumerate(self.argmax):
            for i, row in enumerate(channel):
                for j, (m, n) in enumerate(row):
                    g[c][m][n] = gradient[c][i][j]
        return g


class ReLUNoMask(ReLU):
    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        return changed(self, gradient)


class FlattenColumnsFirst(Flatten):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        values = iter(gradient)
        for channel in g:
            for j in range(len(channel[0])):
                for row in channel:
                    row[j] = next(values)
        return g


class DenseFactorTwo(Dense):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        self.weight_gradient = elementwise(lambda a: 2 * a, self.weight_gradient)
        return g


class DenseTransposed(Dense):
    def backward(self, gradient: Any) -> Any:
        g = super().backward(gradient)
        self.weight_gradient = [list(column) for column in zip(*self.weight_gradient, strict=True)]
        return g


class SoftmaxDiagonal(Softmax):
    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        return changed(self, [g * p * (1 - p) for g, p in zip(gradient, self.output, strict=True)])


def wrong_conv(cls: type[Conv2d]) -> Case:
    return lambda rng, kind: conv(rng, (2, 2, 2, 2), kind, cls), (2, 4, 4)


MUTANTS: dict[str, tuple[Case, str]] = {
    "conv sign": (wrong_conv(ConvSign), "input"),
    "conv kernel flipped": (wrong_conv(ConvFlipped), "weight"),
    "conv bias forgotten": (wrong_conv(ConvBiasForgotten), "bias"),
    "conv bias overwritten": (wrong_conv(ConvBiasOverwritten), "bias"),
    "conv one element by 1e-12": (wrong_conv(ConvOneElement), "input"),
    "pool wrong place": ((lambda rng, kind: PoolNeighbour(1), (1, 2, 2)), "input"),
    "pool overwrites": ((lambda rng, kind: PoolLastWindowWins(3, stride=1), (1, 5, 5)), "input"),
    "relu without mask": ((lambda rng, kind: ReLUNoMask(), (2, 3, 4)), "input"),
    "flatten transposed": ((lambda rng, kind: FlattenColumnsFirst(), (2, 3, 4)), "input"),
    "dense twice": ((lambda rng, kind: dense(rng, (3, 4), kind, DenseFactorTwo), (3,)), "weight"),
    "dense square transposed": ((lambda rng, kind: dense(rng, (3, 3), kind, DenseTransposed), (3,)), "weight"),
}


@pytest.mark.parametrize(("case", "guilty"), MUTANTS.values(), ids=MUTANTS.keys())
def test_checker_rejects_exactly_the_mutated_gradient(case: Case, guilty: str) -> None:
    build, shape = case
    rng = random.Random(4)
    assert mismatches(build(rng, Fraction), numbers(shape, rng), rng, TINY) == [guilty]


def test_checker_rejects_a_diagonal_softmax_jacobian() -> None:
    rng = random.Random(5)
    assert mismatches(SoftmaxDiagonal(), numbers((4,), rng, float), rng, 1e-5, 1e-7) == ["input"]


# ---- What each layer computes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 2), (3, 1)])
def test_conv_forward_is_equation_1_on_a_zero_framed_image(stride: int, padding: int) -> None:
    rng = random.Random(6)
    layer, x = conv(rng, (2, 3, 3, 2), stride=stride, padding=padding), numbers((3, 6, 5), rng)
    y = layer.forward(x)
    assert shape_of(y) == (2, (6 + 2 * padding - 3) // stride + 1, (5 + 2 * padding - 2) // stride + 1)
    for f, i, j in ((f, i, j) for f in range(2) for i in range(len(y[0])) for j in range(len(y[0][0]))):
        m, n = i * stride - padding, j * stride - padding
        assert y[f][i][j] == layer.bias[f] + sum(
            layer.weight[f][c][k][l] * x[c][m + k][n + l]
            for c in range(3)
            for k in range(3)
            for l in range(2)  # noqa: E741
            if 0 <= m + k < 6 and 0 <= n + l < 5
        )


def test_pool_leaves_out_the_last_row_and_column_of_an_odd_size() -> None:
    pool = MaxPool2d(2)
    x = [[[11 * i + j for j in range(11)] for i in range(11)]]
    y = pool.forward(x)
    assert shape_of(y) == (1, 5, 5)
    assert y[0][4][4] == 11 * 9 + 9
    g = pool.backward([[[1] * 5 for _ in range(5)]])
    assert sum(flat(g)) == 25
    assert g[0][10] == [0] * 11
    assert [row[10] for row in g[0]] == [0] * 11


def test_pool_gives_a_tie_to_the_first_maximum_row_by_row() -> None:
    pool = MaxPool2d(2)
    assert pool.forward([[[1, 3], [3, 3]], [[2, 0], [1, 2]]]) == [[[3]], [[2]]]
    assert pool.argmax == [[[(0, 1)]], [[(0, 0)]]]
    assert pool.backward([[[5]], [[7]]]) == [[[0, 5], [0, 0]], [[7, 0], [0, 0]]]


def test_relu_has_slope_0_at_0_and_does_not_hide_nan() -> None:
    relu = ReLU()
    y = relu.forward([-0.0, 0.0, math.nan, 1e-320])
    assert [str(value) for value in y] == ["0.0", "0.0", "nan", str(1e-320)]
    assert relu.backward([1.0, 1.0, 1.0, 1.0]) == [0.0, 0.0, 1.0, 1.0]


def test_backward_twice_does_not_accumulate_and_forward_drops_old_gradients() -> None:
    layer = dense(random.Random(7), (2, 2))
    layer.forward([Fraction(1), Fraction(2)])
    layer.backward([Fraction(1), Fraction(1)])
    first = layer.gradients()
    layer.backward([Fraction(1), Fraction(1)])
    assert layer.gradients() == first
    layer.forward([Fraction(3), Fraction(4)])
    with pytest.raises(RuntimeError, match="no gradients yet"):
        layer.gradients()
    assert not hasattr(layer, "input_gradient")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_layers_record_the_pass_and_leave_their_arguments_alone(case: Case) -> None:
    build, shape = case
    rng = random.Random(8)
    layer, x = build(rng, Fraction), numbers(shape, rng)
    before = elementwise(lambda a: a, x)
    y = layer.forward(x)
    g = numbers(shape_of(y), rng)
    g_before = elementwise(lambda a: a, g)
    dx = layer.backward(g)
    assert (x, g) == (before, g_before)
    assert layer.input is x
    assert layer.output is y
    assert layer.output_gradient is g
    assert layer.input_gradient is dx


# ---- Loss -------------------------------------------------------------------------------------------------------


def test_softmax_and_loss_are_stable_for_logits_of_a_thousand() -> None:
    assert softmax([1000.0, 1000.0, -1000.0]) == [0.5, 0.5, 0.0]
    loss = SoftmaxCrossEntropy()
    assert loss.forward([1000.0, 0.0, -1000.0], [1, 0, 0]) == 0.0
    assert loss.forward([1000.0, 0.0, -1000.0], [0, 0, 1]) == 2000.0
    assert loss.backward() == [1.0, 0.0, -1.0]
    assert loss.forward([1000.0] * 4, [0, 1, 0, 0]) == pytest.approx(math.log(4), rel=1e-15)
    assert CrossEntropy().forward([1.0, 0.0], [0, 1]) == math.inf


def test_combined_gradient_equals_the_two_steps_and_the_difference_quotient() -> None:
    with localcontext() as context:
        context.prec = 80
        rng = random.Random(9)
        for label in range(4):
            z, y = numbers((4,), rng, Decimal), one_hot(label, 4)
            step1, step2, both = Softmax(), CrossEntropy(), SoftmaxCrossEntropy()
            assert abs(step2.forward(step1.forward(z), y) - both.forward(z, y)) < Decimal("1e-75")
            combined = both.backward()
            numeric = central_differences(partial(SoftmaxCrossEntropy().forward, z, y), z, Decimal("1e-22"))
            for a, b, c in zip(combined, step1.backward(step2.backward()), numeric, strict=True):
                assert abs(a - b) < Decimal("1e-75")
                assert abs(a - c) < Decimal("1e-40")
            assert both.backward(Decimal(-3)) == [-3 * g for g in combined]


# ---- Network and training ---------------------------------------------------------------------------------------


def small_network(rng: random.Random, kind: Any) -> Network:
    """The paper's stack on (1, 10, 10): 10 -> 8 -> 4 -> 3 -> 1, with an odd size before the second pooling."""
    layers = [conv(rng, (2, 1, 3, 3), kind), ReLU(), MaxPool2d(2), conv(rng, (3, 2, 2, 2), kind), ReLU(), MaxPool2d(2)]
    return Network([*layers, Flatten(), dense(rng, (3, 4), kind)])


def test_whole_network_is_exact_in_fraction_without_the_softmax() -> None:
    rng = random.Random(10)
    network, image, g = small_network(rng, Fraction), numbers((1, 10, 10), rng), numbers((4,), rng)
    network.forward(image)
    gradients = {"image": network.backward(g), **network.gradients()}
    for name, where in {"image": image, **network.parameters()}.items():
        expected = central_differences(lambda: dot(g, network.forward(image)), where, TINY**3)
        assert flat(gradients[name]) == expected
        assert any(expected), f"{name}: all zero, nothing was tested"


def test_network_gradient_of_the_loss_agrees_with_central_differences_in_float() -> None:
    rng = random.Random(19)
    network = small_network(rng, lambda n: n / 20)
    image = numbers((1, 10, 10), rng, lambda n: n / 8)
    label = one_hot(1, 4)
    network.loss(image, label)
    gradients = {"image": network.backward(), **network.gradients()}
    for name, where in {"image": image, **network.parameters()}.items():
        expected = central_differences(lambda: network.loss(image, label), where, 1e-5)
        assert flat(gradients[name]) == pytest.approx(expected, rel=1e-6, abs=1e-8)
        assert any(expected), f"{name}: all zero, nothing was tested"


def test_batch_gradients_are_the_mean_of_the_single_ones() -> None:
    rng = random.Random(12)
    network = small_network(rng, lambda n: n / 20)
    images = [numbers((1, 10, 10), rng, lambda n: n / 8) for _ in range(3)]
    labels = [one_hot(n, 4) for n in (0, 3, 1)]
    batch = network.batch_gradients(images, labels)
    losses, singles = [], []
    for image, label in zip(images, labels, strict=True):
        losses.append(network.loss(image, label))
        network.backward()
        singles.append(network.gradients())
    assert batch.loss == pytest.approx(math.fsum(losses) / 3, rel=1e-14)
    assert batch.logits == [network.forward(image) for image in images]
    for name, gradient in batch.gradients.items():
        mean = [math.fsum(column) / 3 for column in zip(*(flat(single[name]) for single in singles), strict=True)]
        assert flat(gradient) == pytest.approx(mean, rel=1e-12, abs=1e-12)


def test_sgd_takes_eta_times_the_gradient_and_nothing_else() -> None:
    rng = random.Random(13)
    network = small_network(rng, Fraction)
    before = network.state()
    gradients = elementwise_state(before, lambda p: p / 7)
    SGD(network, Fraction(1, 2)).step(gradients)
    assert network.state() == elementwise_state(before, lambda p: p - p / 14)


def elementwise_state(state: dict[str, Any], function: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: elementwise(function, parameter) for name, parameter in state.items()}


def test_training_learns_horizontal_and_vertical_bars() -> None:
    rng = random.Random(14)
    images, labels = [], []
    for n in range(12):
        image = [[rng.random() / 4 for _ in range(10)] for _ in range(10)]
        for k in range(10):
            row, column = (n // 2, k) if n % 2 else (k, n // 2)
            image[row][column] = 1.0
        images.append([image])
        labels.append(one_hot(n % 2, 2))
    init = partial(sine, alpha=1.3, beta=0.5, gamma=0.6)
    conv1, conv2 = Conv2d(init((4, 1, 3, 3)), [0.0] * 4), Conv2d(init((4, 4, 2, 2), start=36), [0.0] * 4)
    head = Dense(init((4, 2), start=100), [0.0] * 2)
    network = Network([conv1, ReLU(), MaxPool2d(2), conv2, ReLU(), MaxPool2d(2), Flatten(), head])
    optimizer = SGD(network, 0.3)
    before = network.batch_gradients(images, labels)
    for _ in range(12):
        train_epoch(optimizer, images, labels, 4, rng)
    after = network.batch_gradients(images, labels)
    assert after.loss < before.loss / 3
    assert all(logits[n % 2] == max(logits) for n, logits in enumerate(after.logits))


def test_train_epoch_updates_once_per_batch_also_for_a_last_small_batch() -> None:
    rng = random.Random(15)
    images = [numbers((3,), rng, float) for _ in range(5)]
    labels = [one_hot(n % 2, 2) for n in range(5)]
    weight = numbers((3, 2), rng, lambda n: n / 8)
    copies = [Network([Dense(elementwise(lambda w: w, weight), [0.0, 0.0])]) for _ in range(2)]
    returned = train_epoch(SGD(copies[0], 0.01), images, labels, 2, random.Random(0))
    order = list(range(5))
    random.Random(0).shuffle(order)
    total = 0.0
    for chosen in (order[0:2], order[2:4], order[4:5]):
        batch = copies[1].batch_gradients([images[n] for n in chosen], [labels[n] for n in chosen])
        SGD(copies[1], 0.01).step(batch.gradients)
        total += len(chosen) * batch.loss
    assert copies[0].state() == copies[1].state()
    assert returned == pytest.approx(total / 5, rel=1e-14)


def test_state_is_a_copy_and_load_restores_it() -> None:
    rng = random.Random(16)
    network, image = small_network(rng, Fraction), numbers((1, 10, 10), rng)
    state, logits = network.state(), network.forward(image)
    assert list(state) == ["0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias"]
    SGD(network, Fraction(1)).step(state)
    assert set(flat(list(network.state().values()))) == {0}
    network.load(state)
    assert network.forward(image) == logits
    network.parameters()["7.bias"][0] += 1
    assert network.state() != state


def test_paper_network_indexes_each_weight_once_and_takes_given_weights() -> None:
    network = paper_network(alpha=0.7, beta=0.3, gamma=0.2)
    state = network.state()
    weights = [value for name in ("0.weight", "3.weight", "7.weight") for value in flat(state[name])]
    assert weights == [math.sin(0.7 * i + 0.3) * 0.2 for i in range(72 + 1152 + 4000)]
    assert set(flat([state[name] for name in ("0.bias", "3.bias", "7.bias")])) == {0.0}
    assert paper_network(weights=state).state() == state
    image = [[[(i * j % 7) / 7 for j in range(28)] for i in range(28)]]
    assert network.loss(image, one_hot(3, 10)) == paper_network(state).loss(image, one_hot(3, 10))
    assert shape_of(network.backward()) == (1, 28, 28)
    shapes = [shape_of(layer.output) for layer in network.layers.values()]
    assert shapes == [(8, 26, 26), (8, 26, 26), (8, 13, 13), (16, 11, 11), (16, 11, 11), (16, 5, 5), (400,), (10,)]


def test_a_sine_matrix_has_rank_two_as_its_docstring_says() -> None:
    (a, b, c), (d, e, f), (g, h, i) = sine((3, 3), 1.3, 0.4, 1.0)
    assert a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) == pytest.approx(0, abs=1e-15)
    assert abs(a * e - b * d) > 0.1


# ---- Refusals ---------------------------------------------------------------------------------------------------

CONV = Conv2d([[[[1, 1], [1, 1]]] * 2], [0])  # 2 channels, 2x2
NETWORK = Network([Flatten(), Dense([[1.0, 2.0]] * 4, [0.0, 0.0])])
IMAGE = [[[1.0, 2.0], [3.0, 4.0]]]

RAGGED: Any = [[[1, 2], [3]], [[1, 2], [3, 4]]]
MIXED: Any = [[[1, 2], 3], [[1, 2], 3]]
EITHER: Any = SoftmaxCrossEntropy()
UNIT: Any = [[[[1]]]]

BAD_VALUES: list[tuple[Callable[[], Any], str]] = [
    (lambda: CONV.forward(zeros((3, 4, 4), 0)), r"Conv2d: input \(3, 4, 4\) has 3 channels, the filters have 2"),
    (lambda: CONV.forward(zeros((2, 1, 4), 0)), r"Conv2d: kernel \(2, 2\) does not fit input \(1, 4\)"),
    (lambda: CONV.forward(zeros((2, 2), 0)), r"input has shape \(2, 2\), wanted \(channels, height, width\)"),
    (lambda: CONV.forward(RAGGED), "Conv2d: input is ragged"),
    (lambda: CONV.forward(MIXED), "Conv2d: input is ragged"),
    (lambda: Conv2d(zeros((1, 1, 1), 0), [0]), r"Conv2d: weight \(1, 1, 1\), bias \(1,\)"),
    (lambda: Conv2d(UNIT, [0, 0]), r"bias \(2,\): wanted \(F, C, K, L\) and \(F,\)"),
    (lambda: Conv2d(UNIT, [0], stride=0), "Conv2d: stride 0"),
    (lambda: Conv2d(UNIT, [0], padding=-1), "Conv2d: stride 1, padding -1"),
    (lambda: MaxPool2d(3).forward(zeros((1, 2, 5), 0)), r"MaxPool2d: window \(3, 3\) does not fit input \(2, 5\)"),
    (lambda: MaxPool2d(0), "MaxPool2d: size 0"),
    (lambda: ReLU().forward([]), r"ReLU: input has shape \(0,\), wanted at least one element"),
    (lambda: Flatten().forward(zeros((2,), 0)), r"Flatten: input has shape \(2,\)"),
    (lambda: Dense([[1, 2], [3]], [0, 0]), "Dense: weight is ragged"),
    (lambda: Dense([[1, 2]], [0]), r"Dense: weight \(1, 2\), bias \(1,\): wanted \(in, out\) and \(out,\)"),
    (lambda: NETWORK.forward([[[1.0]]]), r"layer 1 \(Dense\): \(1,\) @ \(4, 2\): inner sizes 1 and 4 differ"),
    (lambda: one_hot(10, 10), "one_hot: label 10 is not one of the 10 classes 0 to 9"),
    (lambda: EITHER.forward([1.0, 2.0], 1), "SoftmaxCrossEntropy: label 1 is not a one-hot vector of length 2"),
    (lambda: EITHER.forward([1.0, 2.0], [0, 0, 1]), "one-hot vector of length 2"),
    (lambda: CrossEntropy().forward([0.5, 0.5], [0.5, 0.5]), "CrossEntropy: .* is not one-hot"),
    (lambda: CrossEntropy().forward([0.5, 0.5], [1, 1]), "CrossEntropy: .* is not one-hot"),
    (lambda: NETWORK.batch_gradients([], []), "batch_gradients: 0 images and 0 labels"),
    (lambda: NETWORK.batch_gradients([IMAGE], []), "batch_gradients: 1 images and 0 labels"),
    (lambda: SGD(NETWORK).step({"1.bias": [0.0, 0.0]}), r"SGD.step: given \['1.bias'\]"),
    (lambda: SGD(NETWORK, -0.1), "SGD: learning rate -0.1"),
    (lambda: SGD(NETWORK, math.nan), "SGD: learning rate nan"),
    (lambda: train_epoch(SGD(NETWORK), [IMAGE], [[1, 0]], 0, random.Random()), "train_epoch: .* batch size 0"),
]

TOO_EARLY: list[tuple[Callable[[], Any], str]] = [
    (lambda: Conv2d(UNIT, [0]).backward(UNIT[0]), "Conv2d: backward before forward"),
    (lambda: Conv2d(UNIT, [0]).gradients(), "Conv2d: no gradients yet"),
    (lambda: MaxPool2d(2).backward(UNIT[0]), "MaxPool2d: backward before forward"),
    (lambda: ReLU().backward([1]), "ReLU: backward before forward"),
    (lambda: Flatten().backward([1]), "Flatten: backward before forward"),
    (lambda: Dense([[1]], [1]).backward([1]), "Dense: backward before forward"),
    (lambda: Softmax().backward([1]), "Softmax: backward before forward"),
    (lambda: CrossEntropy().backward(), "CrossEntropy: backward before forward"),
    (lambda: SoftmaxCrossEntropy().backward(), "SoftmaxCrossEntropy: backward before forward"),
]


@pytest.mark.parametrize(("call", "message"), BAD_VALUES, ids=[message for _, message in BAD_VALUES])
def test_bad_values_are_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), TOO_EARLY, ids=[message for _, message in TOO_EARLY])
def test_backward_before_forward_is_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        call()


def test_gradient_of_another_shape_is_refused_by_every_layer() -> None:
    for build, shape in CASES.values():
        rng = random.Random(17)
        layer, x = build(rng, Fraction), numbers(shape, rng)
        y = layer.forward(x)
        with pytest.raises(ValueError, match=r"gradient has shape .*, the output has"):
            layer.backward([*y, y[0]])


def test_network_backward_cannot_use_the_loss_of_an_earlier_image() -> None:
    network = Network([Dense([[1.0, 2.0]], [0.0, 0.0])])
    network.loss([1.0], [1, 0])
    network.forward([2.0])
    with pytest.raises(RuntimeError, match="backward before forward"):
        network.backward()


def test_cross_entropy_of_an_underflowed_probability_points_to_the_stable_loss() -> None:
    loss = CrossEntropy()
    loss.forward([1.0, 0.0], [0, 1])
    with pytest.raises(ZeroDivisionError, match="use SoftmaxCrossEntropy"):
        loss.backward()


def test_load_refuses_other_names_or_shapes_and_then_changes_nothing() -> None:
    network = small_network(random.Random(18), Fraction)
    state = network.state()
    zero = elementwise_state(state, lambda p: 0 * p)
    for bad, message in [
        ({**zero, "9.weight": [1]}, "9.weight"),
        ({name: p for name, p in zero.items() if name != "0.bias"}, "Network.load: given"),
        ({**zero, "7.bias": [0, 0]}, r"7.bias is \(2,\), the network has \(4,\)"),
        ({**zero, "7.weight": [[0, 0], [0]]}, "7.weight is ragged"),
    ]:
        with pytest.raises(ValueError, match=message):
            network.load(bad)
        assert network.state() == state


# ---- The independent witness ------------------------------------------------------------------------------------


def test_imports_only_the_standard_library_and_itself() -> None:
    files = sorted(Path(nn.handwritten.__file__).parent.glob("*.py"))
    imported = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add(node.module or "")
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
    foreign = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert "nn.handwritten.layer" in foreign
    assert {name for name in foreign if not name.startswith("nn.handwritten.")} <= {"nn.handwritten"}


def test_rational_layers_hold_no_float_literal() -> None:
    folder = Path(nn.handwritten.__file__).parent
    for name in ("nested", "layer", "conv", "pool", "activation", "dense"):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)], name

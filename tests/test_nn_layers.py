"""Layers, by their definitions in exact arithmetic and, where it is installed, beside PyTorch's in float64."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from nn_tools import close, flat, fractions, nested, normal, shape_of, torch_or_skip

import nn
from tinygrad_lists import Value, check_grads

# -- beside PyTorch ---------------------------------------------------------------------------------------------------


@dataclass
class Case:
    """A layer of ours and of PyTorch's, and an input shape."""

    name: str
    ours: Callable[[], nn.Module]
    theirs: Callable[[Any], Any]  # from torch.nn
    shape: tuple[int, ...]


CASES = [
    Case("ReLU", lambda: nn.ReLU(), lambda t: t.ReLU(), (3, 4)),
    Case("LeakyReLU", lambda: nn.LeakyReLU(0.2), lambda t: t.LeakyReLU(0.2), (3, 4)),
    Case("PReLU", lambda: nn.PReLU(), lambda t: t.PReLU(), (3, 4)),
    Case("PReLU per channel", lambda: nn.PReLU(3, 0.1), lambda t: t.PReLU(3, 0.1), (2, 3, 2, 2)),
    Case("ELU", lambda: nn.ELU(0.7), lambda t: t.ELU(0.7), (3, 4)),
    Case("SELU", lambda: nn.SELU(), lambda t: t.SELU(), (3, 4)),
    Case("GELU", lambda: nn.GELU(), lambda t: t.GELU(), (3, 4)),
    Case("SiLU", lambda: nn.SiLU(), lambda t: t.SiLU(), (3, 4)),
    Case("Mish", lambda: nn.Mish(), lambda t: t.Mish(), (3, 4)),
    Case("Sigmoid", lambda: nn.Sigmoid(), lambda t: t.Sigmoid(), (3, 4)),
    Case("Softplus", lambda: nn.Softplus(), lambda t: t.Softplus(), (3, 4)),
    Case("Softsign", lambda: nn.Softsign(), lambda t: t.Softsign(), (3, 4)),
    Case("Tanh", lambda: nn.Tanh(), lambda t: t.Tanh(), (3, 4)),
    Case("Hardtanh", lambda: nn.Hardtanh(-0.5, 0.25), lambda t: t.Hardtanh(-0.5, 0.25), (3, 4)),
    Case("ReLU6", lambda: nn.ReLU6(), lambda t: t.ReLU6(), (3, 4)),
    Case("Softmax", lambda: nn.Softmax(1), lambda t: t.Softmax(1), (3, 4, 2)),
    Case("LogSoftmax", lambda: nn.LogSoftmax(), lambda t: t.LogSoftmax(-1), (3, 4)),
    Case("Identity", lambda: nn.Identity(), lambda t: t.Identity(), (3, 4)),
    Case("Conv1d", lambda: nn.Conv1d(2, 3, 3), lambda t: t.Conv1d(2, 3, 3), (2, 2, 7)),
    Case(
        "Conv1d with all",
        lambda: nn.Conv1d(4, 6, 3, 2, 1, 2, 2, False),
        lambda t: t.Conv1d(4, 6, 3, 2, 1, 2, 2, False),
        (2, 4, 9),
    ),
    Case("Conv2d", lambda: nn.Conv2d(2, 3, (3, 2)), lambda t: t.Conv2d(2, 3, (3, 2)), (2, 2, 6, 5)),
    Case(
        "ConvTranspose2d",
        lambda: nn.ConvTranspose2d(2, 3, 3),
        lambda t: t.ConvTranspose2d(2, 3, 3),
        (2, 2, 4, 3),
    ),
    Case(
        "ConvTranspose2d with all",
        lambda: nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, True, (2, 1)),
        lambda t: t.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, True, (2, 1)),
        (2, 4, 3, 4),
    ),
    Case("BatchNorm1d", lambda: nn.BatchNorm1d(3), lambda t: t.BatchNorm1d(3), (5, 3)),
    Case("BatchNorm1d of sequences", lambda: nn.BatchNorm1d(3), lambda t: t.BatchNorm1d(3), (2, 3, 4)),
    Case("BatchNorm2d", lambda: nn.BatchNorm2d(2), lambda t: t.BatchNorm2d(2), (3, 2, 2, 3)),
    Case(
        "BatchNorm2d, averaging",
        lambda: nn.BatchNorm2d(2, 0.1, None, False),
        lambda t: t.BatchNorm2d(2, 0.1, None, False),
        (3, 2, 2, 3),
    ),
    Case(
        "BatchNorm1d without statistics",
        lambda: nn.BatchNorm1d(3, track_running_stats=False),
        lambda t: t.BatchNorm1d(3, track_running_stats=False),
        (4, 3),
    ),
    Case("LayerNorm", lambda: nn.LayerNorm(4), lambda t: t.LayerNorm(4), (2, 3, 4)),
    Case("LayerNorm of two axes", lambda: nn.LayerNorm((3, 4)), lambda t: t.LayerNorm((3, 4)), (2, 3, 4)),
    Case("LayerNorm, no bias", lambda: nn.LayerNorm(4, bias=False), lambda t: t.LayerNorm(4, bias=False), (2, 4)),
    Case(
        "LayerNorm, plain",
        lambda: nn.LayerNorm(4, 0.1, elementwise_affine=False),
        lambda t: t.LayerNorm(4, 0.1, elementwise_affine=False),
        (2, 4),
    ),
    Case("MaxPool2d", lambda: nn.MaxPool2d(3, 2, 1), lambda t: t.MaxPool2d(3, 2, 1), (1, 2, 6, 5)),
    Case("AvgPool2d", lambda: nn.AvgPool2d(3, 2, 1), lambda t: t.AvgPool2d(3, 2, 1), (1, 2, 6, 5)),
    Case(
        "AdaptiveAvgPool2d", lambda: nn.AdaptiveAvgPool2d((2, 3)), lambda t: t.AdaptiveAvgPool2d((2, 3)), (1, 2, 5, 7)
    ),
    Case("AdaptiveAvgPool2d up", lambda: nn.AdaptiveAvgPool2d(4), lambda t: t.AdaptiveAvgPool2d(4), (1, 2, 3, 2)),
    Case(
        "AdaptiveAvgPool2d, one size",
        lambda: nn.AdaptiveAvgPool2d((None, 2)),
        lambda t: t.AdaptiveAvgPool2d((None, 2)),
        (1, 2, 3, 6),
    ),
    Case("AdaptiveMaxPool2d", lambda: nn.AdaptiveMaxPool2d(3), lambda t: t.AdaptiveMaxPool2d(3), (1, 2, 4, 5)),
    Case("AdaptiveMaxPool2d, equal", lambda: nn.AdaptiveMaxPool2d(2), lambda t: t.AdaptiveMaxPool2d(2), (2, 2, 4, 6)),
    Case(
        "GlobalAvgPool2d",
        lambda: nn.GlobalAvgPool2d(),
        lambda t: t.Sequential(t.AdaptiveAvgPool2d(1), t.Flatten()),
        (2, 3, 4, 5),
    ),
]


def test_the_comparison_can_fail() -> None:
    """`close` is what decides in all these tests."""
    close([[1.0, 2.0], [math.nan, math.inf]], [[1.0, 2.0 + 1e-12], [math.nan, math.inf]])
    for wrong in ([1.0, 2.0 + 1e-11], [1.0, math.nan], [1.0, math.inf], [1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(AssertionError):
            close([1.0, 2.0], wrong)


def copy_parameters(layer: nn.Module, theirs: Any, torch: Any) -> None:
    with torch.no_grad():
        for ours, other in zip(layer.parameters(), theirs.parameters(), strict=True):
            assert ours.shape == tuple(other.shape)
            ours.data = normal(ours.shape, ours.size)
            other.copy_(torch.tensor(ours.data, dtype=torch.float64))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_outputs_and_gradients_are_pytorchs(case: Case) -> None:
    """Three training steps and one evaluation, so that running statistics count."""
    torch = torch_or_skip()
    layer, theirs = case.ours(), case.theirs(torch.nn).to(torch.float64)
    copy_parameters(layer, theirs, torch)
    for step in range(4):
        if step == 3:
            layer.eval()
            theirs.eval()
        x = Value(normal(case.shape, step))
        theirs_x = torch.tensor(x.data, dtype=torch.float64, requires_grad=True)
        y, theirs_y = layer(x), theirs(theirs_x)
        assert y.shape == tuple(theirs_y.shape)
        close(y.data, theirs_y.tolist())
        g = normal(y.shape, 9)
        layer.zero_grad()
        theirs.zero_grad()
        y.backward(g)
        theirs_y.backward(torch.tensor(g, dtype=torch.float64))
        close(x.grad, theirs_x.grad.tolist())
        for ours, other in zip(layer.parameters(), theirs.parameters(), strict=True):
            close(ours.grad, other.grad.tolist())
    for name, buffer in theirs.named_buffers():
        close(layer.state_dict()[name], buffer.tolist())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradients_are_those_of_the_formula(case: Case) -> None:
    """Against differences of the forward pass, which no rule enters; second derivatives too, where there are any."""
    layer = case.ours()
    for parameter in layer.parameters():
        parameter.data = normal(parameter.shape, parameter.size)
    check_grads(lambda x: layer(x), (Value(normal(case.shape, 3)),), order=1 if "Pool" in case.name else 2)


def test_embedding_beside_pytorch() -> None:
    torch = torch_or_skip()
    layer, theirs = nn.Embedding(5, 3), torch.nn.Embedding(5, 3, dtype=torch.float64)
    copy_parameters(layer, theirs, torch)
    indices = [[0, 4, 4], [2, 0, 1]]
    y, theirs_y = layer(indices), theirs(torch.tensor(indices))
    close(y.data, theirs_y.tolist(), 0)
    g = normal(y.shape, 1)
    y.backward(g)
    theirs_y.backward(torch.tensor(g, dtype=torch.float64))
    close(layer.weight.grad, theirs.weight.grad.tolist(), 1e-15)


# -- by definition, exactly -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), [(1, 0, 1, 1), (2, 1, 2, 2), (3, 2, 1, 4)])
def test_conv1d_by_definition(stride: int, padding: int, dilation: int, groups: int) -> None:
    layer = nn.Conv1d(4, 4, 3, stride, padding, dilation, groups)
    layer.weight, layer.bias = Value(fractions((4, 4 // groups, 3), 1)), Value(fractions((4,), 2))
    w, b, x = layer.weight.data, layer.bias.data, fractions((2, 4, 8), 3)
    out = (8 + 2 * padding - 2 * dilation - 1) // stride + 1

    def y(n: int, f: int, i: int) -> Any:
        total = b[f]
        for c, k in product(range(4 // groups), range(3)):
            at = i * stride + k * dilation - padding
            if 0 <= at < 8:
                total += w[f][c][k] * x[n][f * groups // 4 * (4 // groups) + c][at]
        return total

    assert layer(x).data == [[[y(n, f, i) for i in range(out)] for f in range(4)] for n in range(2)]


@pytest.mark.parametrize(
    ("stride", "padding", "extra", "groups", "dilation"),
    [(1, 0, 0, 1, 1), (2, 1, 1, 1, 1), ((2, 3), (0, 1), (1, 0), 2, (2, 1))],
)
def test_conv_transpose2d_is_the_adjoint_of_conv2d(
    stride: Any, padding: Any, extra: Any, groups: int, dilation: Any
) -> None:
    """``<transpose(x), y> = <x, conv(y)>`` for any x and y, exactly; and the bias is added."""
    layer = nn.ConvTranspose2d(4, 2, (3, 2), stride, padding, extra, groups, True, dilation)
    layer.weight = Value(fractions((4, 2 // groups, 3, 2), 1))
    layer.bias = Value([Fraction(0)] * 2)
    x = fractions((1, 4, 3, 4), 2)
    painted = layer(x).data
    y = fractions(shape_of(painted), 3)
    conv = nn.Conv2d(2, 4, (3, 2), stride, padding, dilation, groups, bias=False)
    conv.weight = Value(layer.weight.data)
    left = sum(a * b for a, b in zip(flat(painted), flat(y), strict=True))
    right = sum(a * b for a, b in zip(flat(x), flat(conv(y).data), strict=True))
    assert left == right != 0
    layer.bias = Value([Fraction(1), Fraction(-2)])
    biased = layer(x).data
    for f, b in enumerate((1, -2)):
        assert flat(biased[0][f]) == [v + b for v in flat(painted[0][f])]


def windows(size: int, count: int) -> list[range]:
    return [range(math.floor(i * size / count), math.ceil((i + 1) * size / count)) for i in range(count)]


@pytest.mark.parametrize(("size", "out"), [((5, 7), (2, 3)), ((4, 6), (2, 2)), ((2, 3), (3, 5)), ((5, 4), (1, 4))])
def test_adaptive_pools_by_definition(size: tuple[int, int], out: tuple[int, int]) -> None:
    x = fractions((2, 1, *size), 4)
    boxes = [
        [[image[0][i][j] for i in rows for j in columns] for rows in windows(size[0], out[0])
         for columns in windows(size[1], out[1])]
        for image in x
    ]  # fmt: skip
    assert flat(nn.AdaptiveAvgPool2d(out)(x).data) == [sum(box) / len(box) for boxes_ in boxes for box in boxes_]
    assert flat(nn.AdaptiveMaxPool2d(out)(x).data) == [max(box) for boxes_ in boxes for box in boxes_]


def test_a_tie_in_an_adaptive_maximum_goes_to_the_first() -> None:
    x = Value([[[[1.0, 1.0, 1.0]]]])
    nn.AdaptiveMaxPool2d((1, 2))(x).backward([[[[1.0, 10.0]]]])
    assert x.grad == [[[[1.0, 10.0, 0.0]]]]


def test_global_average_is_exact() -> None:
    assert nn.GlobalAvgPool2d()(fractions((1, 2, 3, 5), 7)).data == [
        [sum(flat(channel)) / 15 for channel in fractions((1, 2, 3, 5), 7)[0]]
    ]


def test_embedding_adds_up_the_gradients_of_a_row_exactly() -> None:
    layer = nn.Embedding(4, 2)
    layer.weight = Value(fractions((4, 2), 1))
    g = fractions((2, 3, 2), 2)
    layer([[3, 0, 3], [3, 1, 0]]).backward(g)
    rows = {0: [g[0][1], g[1][2]], 1: [g[1][1]], 2: [], 3: [g[0][0], g[0][2], g[1][0]]}
    assert layer.weight.grad == [[sum((row[j] for row in rows[i]), Fraction(0)) for j in range(2)] for i in range(4)]


def test_residual_is_the_sum_exactly() -> None:
    block = nn.Residual(nn.ReLU(), nn.ReLU(), shortcut=nn.Flatten())
    assert nn.Residual(nn.ReLU())(fractions((3, 2), 1)).data == [
        [v + max(v, 0) for v in row] for row in fractions((3, 2), 1)
    ]
    with pytest.raises(
        ValueError, match=r"from \(1, 1, 2\) to \(1, 1, 2\), the shortcut to \(1, 2\); give a shortcut="
    ):
        block([[[1.0, 2.0]]])


def decimals(shape: tuple[int, ...], seed: int) -> Any:
    rng = random.Random(seed)
    return nested(shape, lambda: Decimal(rng.randint(-999, 999)) / 100)


def moments(numbers: list[Decimal]) -> tuple[Decimal, Decimal]:
    mean = sum(numbers) / len(numbers)
    return mean, sum((v - mean) ** 2 for v in numbers) / len(numbers)


def test_batch_norm_by_definition_to_40_digits() -> None:
    with localcontext() as context:
        context.prec = 50
        eps, momentum = Decimal("0.001"), Decimal("0.3")
        layer = nn.BatchNorm2d(2, eps, momentum)  # type: ignore[arg-type]
        weight, bias = decimals((2,), 1), decimals((2,), 2)
        layer.weight, layer.bias = Value(weight), Value(bias)
        layer.running_mean = Value([Decimal(0)] * 2, requires_grad=False)
        layer.running_var = Value([Decimal(1)] * 2, requires_grad=False)
        running = [[Decimal(0), Decimal(1)], [Decimal(0), Decimal(1)]]
        for step in range(3):
            x = decimals((3, 2, 2, 2), step)
            y = layer(x).data
            for c in range(2):
                numbers = [v for image in x for v in flat(image[c])]
                mean, variance = moments(numbers)
                expected = [(v - mean) / (variance + eps).sqrt() * weight[c] + bias[c] for v in numbers]
                for got, want in zip([v for image in y for v in flat(image[c])], expected, strict=True):
                    assert abs(got - want) < Decimal("1e-40")
                running[c][0] += momentum * (mean - running[c][0])
                running[c][1] += momentum * (variance * 12 / 11 - running[c][1])
        for c in range(2):
            assert abs(layer.running_mean.data[c] - running[c][0]) < Decimal("1e-40")
            assert abs(layer.running_var.data[c] - running[c][1]) < Decimal("1e-40")
        x = decimals((1, 2, 1, 1), 7)
        for got, v, (mean, variance), w, b in zip(
            flat(layer.eval()(x).data), flat(x), running, weight, bias, strict=True
        ):
            assert abs(got - ((v - mean) / (variance + eps).sqrt() * w + b)) < Decimal("1e-40")
        assert layer.num_batches_tracked is not None
        assert layer.num_batches_tracked.data == 3


def test_layer_norm_by_definition_to_40_digits() -> None:
    with localcontext() as context:
        context.prec = 50
        eps = Decimal("0.001")
        layer = nn.LayerNorm((2, 3), eps)  # type: ignore[arg-type]
        weight, bias, x = decimals((2, 3), 1), decimals((2, 3), 2), decimals((4, 2, 3), 3)
        layer.weight, layer.bias = Value(weight), Value(bias)
        for sample, y in zip(x, layer(x).data, strict=True):
            mean, variance = moments(flat(sample))
            for v, w, b, got in zip(flat(sample), flat(weight), flat(bias), flat(y), strict=True):
                assert abs(got - ((v - mean) / (variance + eps).sqrt() * w + b)) < Decimal("1e-40")


def test_batch_norm_in_evaluation_changes_nothing() -> None:
    layer = nn.BatchNorm1d(2).eval()
    before = layer.state_dict()
    layer([[1.0, 2.0], [3.0, 5.0]])
    assert layer.state_dict() == before


@pytest.mark.parametrize(
    ("layer", "f"),
    [
        (nn.Softsign(), lambda x: x / (1 + abs(x))),
        (nn.Mish(), lambda x: x * math.tanh(math.log1p(math.exp(x)))),
        (nn.SELU(), lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))),
        (nn.PReLU(init=0.3), lambda x: x if x > 0 else 0.3 * x),
        (nn.Hardtanh(-1.5, 0.5), lambda x: min(max(x, -1.5), 0.5)),
        (nn.ReLU6(), lambda x: min(max(x, 0), 6)),
    ],
    ids=lambda case: type(case).__name__,
)
def test_activations_by_their_formulas(layer: nn.Module, f: Callable[[float], float]) -> None:
    numbers = [-20.0, -3.0, -1.5, -0.25, 0.0, 0.5, 2.0, 6.0, 11.0]
    for got, x in zip(layer(numbers).data, numbers, strict=True):
        assert math.isclose(got, f(x), rel_tol=1e-14, abs_tol=1e-300)
    assert math.isnan(layer([math.nan]).data[0])


def test_selus_constants_keep_mean_0_and_variance_1() -> None:
    """The two equations that they solve, integrated over the normal distribution with Simpson's rule."""
    layer = nn.SELU()
    steps, width = 4000, 24 / 4000
    x = [-12 + i * width for i in range(steps + 1)]
    weights = [width / 3 * (1 if i in (0, steps) else 4 if i % 2 else 2) for i in range(steps + 1)]
    y = layer(x).data
    density = [w * math.exp(-v * v / 2) / math.sqrt(2 * math.pi) for v, w in zip(x, weights, strict=True)]
    assert abs(math.fsum(d * v for d, v in zip(density, y, strict=True))) < 1e-6
    assert abs(math.fsum(d * v * v for d, v in zip(density, y, strict=True)) - 1) < 1e-6


# -- dropout ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_a_share_p_and_scales_the_rest(p: float) -> None:
    y = flat(nn.Dropout(p, random.Random(3))([[1.0] * 400] * 100).data)
    assert set(y) <= {0.0, 1 / (1 - p)}
    assert abs(y.count(0.0) / 40_000 - p) <= 4 * math.sqrt(p * (1 - p) / 40_000)


def test_each_pass_each_layer_and_each_sample_has_its_own_mask() -> None:
    rng = random.Random(0)
    first, second = nn.Dropout(0.5, rng), nn.Dropout(0.5, rng)
    ones = [[1.0] * 64] * 2
    masks = [row for layer in (first, second, first) for row in layer(ones).data]
    assert len(set(map(tuple, masks))) == 6


def test_masks_of_two_passes_are_independent() -> None:
    layer = nn.Dropout(0.5, random.Random(5))
    ones = [[1.0] * 100] * 100
    passes = [flat(layer(ones).data) for _ in range(4)]
    for i, one in enumerate(passes):
        for other in [*passes[i + 1 :], one[1:] + one[:1], one[100:] + one[:100]]:
            both = sum(a > 0 and b > 0 for a, b in zip(one, other, strict=True))
            assert abs(both - 2500) < 4 * math.sqrt(10_000 * 0.25 * 0.75)


def test_the_gradient_is_dropped_where_the_number_was() -> None:
    layer = nn.Dropout(0.5)
    x = Value(normal((3, 20)))
    y = layer(x)
    y.sum().backward()
    for a, b, g in zip(flat(x.data), flat(y.data), flat(x.grad), strict=True):
        assert (b, g) in ((0.0, 0.0), (2 * a, 2.0))


def test_evaluation_is_the_identity_and_draws_nothing() -> None:
    layer = nn.Dropout(0.5).eval()
    x = Value([1.0, 2.0])
    before = layer.state_dict()
    assert layer(x) is x
    assert layer.state_dict() == before


@pytest.mark.parametrize("through_floats", [False, True])
def test_a_restored_dropout_goes_on_to_the_bit(through_floats: bool) -> None:
    ones = [[1.0] * 30] * 4
    layer = nn.Dropout(0.3, random.Random(1))
    for _ in range(3):
        layer(ones)
    state = layer.state_dict()
    if through_floats:
        state = {name: [float(v) for v in numbers] for name, numbers in state.items()}
    other = nn.Dropout(0.3).load_state_dict(copy.deepcopy(state))
    for _ in range(3):
        assert layer(ones).data == other(ones).data


def test_the_shape_of_a_batch_does_not_change_the_draws() -> None:
    """The mask is the next stretch of one sequence, in row-major order."""
    one, other = nn.Dropout(0.5), nn.Dropout(0.5)
    assert flat(one([[1.0] * 6] * 4).data) == flat(other([[[1.0] * 3] * 2] * 2).data) + flat(other([1.0] * 12).data)
    assert one.state_dict() == other.state_dict()


def test_p_can_change_between_steps() -> None:
    layer = nn.Dropout(0.5)
    layer.p = 0.0
    assert (layer.p, layer([1.0, 2.0]).data) == (0.0, [1.0, 2.0])
    layer.p = 0.75
    assert set(layer([1.0] * 50).data) == {0.0, 4.0}


def test_dropout_keeps_the_expectation_exactly_on_fractions() -> None:
    layer = nn.Dropout(Fraction(1, 2))  # type: ignore[arg-type]
    assert set(layer([Fraction(1, 3)] * 40).data) == {Fraction(0), Fraction(2, 3)}


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Dropout(1.0), ValueError, r"Dropout: p is 1\.0; it must be a number of at least 0 and below 1"),
        (lambda: nn.Dropout(-0.1), ValueError, r"Dropout: p is -0\.1"),
        (lambda: nn.Dropout(math.nan), ValueError, "Dropout: p is nan"),
        (lambda: setattr(nn.Dropout(), "p", 2.0), ValueError, r"Dropout: p is 2\.0"),
        (lambda: nn.BatchNorm1d(0), ValueError, "BatchNorm1d: num_features is 0"),
        (lambda: nn.BatchNorm1d(2, -1.0), ValueError, r"BatchNorm1d: eps is -1\.0"),
        (lambda: nn.BatchNorm2d(2, momentum=1.5), ValueError, r"BatchNorm2d: momentum is 1\.5"),
        (lambda: nn.BatchNorm1d(3)([[1.0, 2.0]]), ValueError, r"\(1, 2\); expected \(N, 3\) or \(N, 3, L\)"),
        (lambda: nn.BatchNorm2d(3)([[1.0, 2.0, 3.0]]), ValueError, r"\(1, 3\); expected \(N, 3, H, W\)"),
        (lambda: nn.BatchNorm1d(2)([[1.0, 2.0]]), ValueError, r"\(1, 2\) has one value per channel.*larger batch"),
        (lambda: nn.LayerNorm(()), ValueError, r"LayerNorm: normalized_shape is \(\); it must be .* or a list of them"),
        (lambda: nn.LayerNorm(3, eps=math.nan), ValueError, "LayerNorm: eps is nan"),
        (lambda: nn.LayerNorm((2, 3))([[1.0, 2.0, 3.0]]), ValueError, r"\(1, 3\); expected \(\.\.\., 2, 3\)"),
        (lambda: nn.Embedding(0, 3), ValueError, "Embedding: num_embeddings is 0"),
        (lambda: nn.Embedding(3, 2)([0, 3]), ValueError, "Embedding: label 3 at position 1"),
        (lambda: nn.Embedding(3, 2)([-1]), ValueError, "Embedding: label -1 at position 0"),
        (lambda: nn.Embedding(3, 2)(Value([1.0])), TypeError, "indices are ints"),
        (lambda: nn.Conv1d(3, 4, 0), ValueError, "Conv1d: kernel_size is 0"),
        (lambda: nn.Conv1d(3, 4, 2, groups=2), ValueError, "Conv1d: groups=2 does not divide 3 channels"),
        (lambda: nn.Conv1d(1, 1, 2)([[1.0, 2.0]]), ValueError, r"conv1d: x \(1, 2\)"),
        (lambda: nn.Conv2d(1, 1, (1, 2, 3)), ValueError, r"Conv2d: kernel_size is \(1, 2, 3\); .* or a pair of them"),
        (lambda: nn.ConvTranspose2d(2, 3, 2, groups=2), ValueError, "ConvTranspose2d: groups=2"),
        (lambda: nn.ConvTranspose2d(1, 1, 2, output_padding=1)([[[[1.0]]]]), ValueError, "output_padding"),
        (lambda: nn.AdaptiveAvgPool2d(0), ValueError, "AdaptiveAvgPool2d: output_size"),
        (lambda: nn.AdaptiveMaxPool2d((1, 2, 3)), ValueError, "AdaptiveMaxPool2d: output_size"),
        (lambda: nn.AdaptiveMaxPool2d(2)([[1.0]]), ValueError, r"AdaptiveMaxPool2d: the input has shape \(1, 1\)"),
        (lambda: nn.GlobalAvgPool2d()([1.0]), ValueError, r"GlobalAvgPool2d: the input has shape \(1,\)"),
        (lambda: nn.PReLU(0), ValueError, "PReLU: num_parameters is 0"),
        (lambda: nn.PReLU(3)([[1.0, 2.0]]), ValueError, r"PReLU: the input has shape \(1, 2\); 3 slopes"),
        (lambda: nn.Hardtanh(1.0, 0.0), ValueError, r"Hardtanh: min_val=1\.0 must be below max_val=0\.0"),
        (lambda: nn.Residual(), ValueError, "Residual: no layers"),
        (lambda: nn.Residual(abs), TypeError, "argument 0 is a builtin_function_or_method"),  # type: ignore[arg-type]
    ],
)
def test_bad_arguments_are_named(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_repr_says_what_is_not_at_its_default() -> None:
    texts = [
        repr(layer)
        for layer in (
            nn.Conv1d(4, 6, 3, stride=2, groups=2),
            nn.ConvTranspose2d(4, 6, 3, padding=1, groups=2, bias=False),
            nn.BatchNorm2d(4, affine=False),
            nn.LayerNorm((2, 3)),
            nn.Dropout(0.25),
            nn.Embedding(10, 4),
            nn.LeakyReLU(0.2),
        )
    ]
    assert texts == [
        "Conv1d(4, 6, 3, stride=2, groups=2)",
        "ConvTranspose2d(4, 6, (3, 3), padding=1, groups=2, bias=False)",
        "BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=False)",
        "LayerNorm((2, 3), eps=1e-05)",
        "Dropout(p=0.25)",
        "Embedding(10, 4)",
        "LeakyReLU(negative_slope=0.2)",
    ]

"""conv2d and its adjoints: exact on Fraction against the definition, honest about NaN, equal for sparse and dense."""

from __future__ import annotations

import math
import random
import tracemalloc
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_lists.kernels import conv as conv_module
from tinygrad_lists.kernels.conv import conv2d, conv2d_input_grad, conv2d_shape, conv2d_weight_grad
from tinygrad_lists.shapes import Shape, numel


class Case(NamedTuple):
    x_shape: Shape
    w_shape: Shape
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    @property
    def y_shape(self) -> Shape:
        return conv2d_shape(self.x_shape, self.w_shape, **self.options)


CONV1 = Case((2, 1, 28, 28), (8, 1, 3, 3))
CONV2 = Case((2, 8, 13, 13), (16, 8, 3, 3))
STRIDED = CONV2._replace(stride=(2, 1), padding=(1, 1), dilation=(1, 2))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    groups = draw(st.integers(1, 3))
    per_group, filters = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kernel, stride, padding, dilation = ((draw(st.integers(low, 3)), draw(st.integers(low, 3))) for low in (1, 1, 0, 1))
    reach = [d * (k - 1) + 1 - 2 * p for k, p, d in zip(kernel, padding, dilation, strict=True)]
    size = [draw(st.integers(max(1, least), max(1, least) + 4)) for least in reach]
    x_shape = (draw(st.integers(0, 2)), groups * per_group, *size)
    return Case(x_shape, (groups * filters, per_group, *kernel), stride, padding, dilation, groups)


def taps(case: Case) -> Any:
    """Every product of the definition: flat places in y, w and x, padding left out."""
    (n_, c_, h_, w_), (_, per_group, kh, kw) = case.x_shape, case.w_shape
    _, f_, oh, ow = case.y_shape
    for n, f, i, j, c, k, m in product(*map(range, (n_, f_, oh, ow, per_group, kh, kw))):
        row = i * case.stride[0] + k * case.dilation[0] - case.padding[0]
        column = j * case.stride[1] + m * case.dilation[1] - case.padding[1]
        if 0 <= row < h_ and 0 <= column < w_:
            channel = f // (f_ // case.groups) * per_group + c
            yield (
                ((n * f_ + f) * oh + i) * ow + j,
                ((f * per_group + c) * kh + k) * kw + m,
                ((n * c_ + channel) * h_ + row) * w_ + column,
            )


def fractions(rng: random.Random, count: int, zeros: float = 0.0) -> list[Fraction]:
    return [
        Fraction(0) if rng.random() < zeros else Fraction(rng.randint(-9, 9), rng.randint(1, 9)) for _ in range(count)
    ]


def floats(rng: random.Random, count: int, zeros: float = 0.0) -> list[float]:
    return [0.0 if rng.random() < zeros else rng.uniform(-1, 1) for _ in range(count)]


def forward(case: Case, x: list[Any], w: list[Any]) -> list[Any]:
    return conv2d(x, case.x_shape, w, case.w_shape, **case.options)


def input_grad(case: Case, g: list[Any], w: list[Any]) -> list[Any]:
    return conv2d_input_grad(g, case.y_shape, w, case.w_shape, x_shape=case.x_shape, **case.options)


def weight_grad(case: Case, x: list[Any], g: list[Any]) -> list[Any]:
    return conv2d_weight_grad(x, case.x_shape, g, case.y_shape, w_shape=case.w_shape, **case.options)


def inner(a: list[Any], b: list[Any]) -> Any:
    return sum(x * y for x, y in zip(a, b, strict=True))


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from([0.0, 0.8, 1.0]), st.integers(0, 10**6))
def test_all_three_equal_the_definition_exactly(case: Case, zeros: float, seed: int) -> None:
    rng = random.Random(seed)
    x, w = fractions(rng, numel(case.x_shape)), fractions(rng, numel(case.w_shape))
    g = fractions(rng, numel(case.y_shape), zeros)
    y, dx, dw = [Fraction(0)] * len(g), [Fraction(0)] * len(x), [Fraction(0)] * len(w)
    for at_y, at_w, at_x in taps(case):
        y[at_y] += w[at_w] * x[at_x]
        dx[at_x] += g[at_y] * w[at_w]
        dw[at_w] += g[at_y] * x[at_x]
    results = forward(case, x, w), input_grad(case, g, w), weight_grad(case, x, g)
    assert results == (y, dx, dw)
    if x:
        assert {type(value) for result in results for value in result} == {Fraction}
    assert inner(results[0], g) == inner(x, results[1]) == inner(w, results[2])


@pytest.mark.parametrize(
    "case",
    [
        CONV1,
        CONV2,
        Case((1, 20, 6, 6), (4, 20, 3, 3)),
        Case((1, 1, 12, 12), (2, 1, 11, 11)),
        Case((2, 2, 9, 9), (40, 2, 9, 9)),
        Case((1, 1, 12, 12), (4, 1, 4, 4), stride=(4, 4)),
    ],
)
@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.8])
def test_long_sums_are_adjoint_exactly(case: Case, zeros: float) -> None:
    """The paper's shapes and sums long enough to be cut into several expressions; integers keep it exact and fast."""
    rng = random.Random(0)
    x, w = ([rng.randint(-9, 9) for _ in range(numel(s))] for s in (case.x_shape, case.w_shape))
    g = [0 if rng.random() < zeros else rng.randint(-9, 9) for _ in range(numel(case.y_shape))]
    assert inner(forward(case, x, w), g) == inner(x, input_grad(case, g, w)) == inner(w, weight_grad(case, x, g))


@pytest.mark.parametrize("background", [0.0, 0.7], ids=["all different", "many windows alike"])
@pytest.mark.parametrize("case", [CONV1, CONV2])
def test_forward_is_summed_in_the_documented_order_to_the_last_bit(case: Case, background: float) -> None:
    rng = random.Random(1)
    x, w = floats(rng, numel(case.x_shape)), floats(rng, numel(case.w_shape))
    lines = case.x_shape[3]
    for start in range(0, len(x), 2 * case.x_shape[2] * lines):  # of every second plane the upper lines are one colour
        x[start : start + round(background * 10) * lines] = [background] * (round(background * 10) * lines)
    y: list[float | None] = [None] * numel(case.y_shape)
    for at_y, at_w, at_x in taps(case):
        term, so_far = w[at_w] * x[at_x], y[at_y]
        y[at_y] = term if so_far is None else so_far + term
    assert forward(case, x, w) == y


@pytest.mark.parametrize(
    "case", [CONV1, CONV2, CONV2._replace(stride=(2, 2), padding=(1, 1)), CONV2._replace(dilation=(2, 1))]
)
@pytest.mark.parametrize("zeros", [0.0, 0.3, 0.8, 0.95, 1.0])
def test_skipping_zeros_changes_no_bit(case: Case, zeros: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(2)
    x, w = floats(rng, numel(case.x_shape)), floats(rng, numel(case.w_shape))
    g = floats(rng, numel(case.y_shape), zeros)
    results = []
    for share in (2.0, -1.0):  # always skip, never skip
        monkeypatch.setattr(conv_module, "SPARSE", share)
        results.append([value.hex() for value in input_grad(case, g, w) + weight_grad(case, x, g)])
    assert results[0] == results[1]


@pytest.mark.parametrize("zeros", [0.0, 0.8])
@pytest.mark.parametrize("case", [CONV2, CONV2._replace(x_shape=(2, 8, 6, 6), w_shape=(16, 8, 6, 6)), STRIDED])
def test_gradients_are_summed_in_the_documented_order_to_the_last_bit(case: Case, zeros: float) -> None:
    """Over n and the windows for the weight; over the filters for each tap, then over the taps, for the input."""
    rng = random.Random(4)
    x, w = floats(rng, numel(case.x_shape)), floats(rng, numel(case.w_shape))
    g = floats(rng, numel(case.y_shape), zeros)
    dx, dw = [0.0] * len(x), [0.0] * len(w)
    by_tap: dict[tuple[int, int], float] = {}
    for at_y, at_w, at_x in taps(case):
        dw[at_w] += g[at_y] * x[at_x]
        tap = at_w % (case.w_shape[2] * case.w_shape[3])
        by_tap[at_x, tap] = by_tap.get((at_x, tap), 0.0) + g[at_y] * w[at_w]
    for at_x, tap in sorted(by_tap):
        dx[at_x] += by_tap[at_x, tap]
    assert weight_grad(case, x, g) == dw
    assert input_grad(case, g, w) == dx


def test_memory_does_not_grow_with_the_batch() -> None:
    """One image at a time is unfolded: four times the batch takes no more memory beside arguments and result."""

    def peak(batch: int) -> int:
        """In bytes; small ints are not allocated, so the lists and tuples count, and tracing stays fast."""
        case = Case((batch, 4, 8, 8), (3, 4, 3, 3))
        x, g = ([1] * numel(shape) for shape in (case.x_shape, case.y_shape))
        weight_grad(case, x, g)  # so that compiling is not counted
        tracemalloc.start()
        try:
            weight_grad(case, x, g)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(8) < 1.2 * peak(2)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("case", [Case((1, 2, 5, 5), (3, 2, 2, 2)), Case((1, 2, 5, 5), (3, 2, 2, 2), stride=(2, 2))])
def test_zero_times_infinity_stays_nan(case: Case, bad: float) -> None:
    """A gradient of zeros alone: skipping every product would return zeros where the mathematics has NaN."""
    x, w = [1.0] * numel(case.x_shape), [1.0] * numel(case.w_shape)
    g = [0.0] * numel(case.y_shape)
    x[0] = w[0] = bad
    touched_x, touched_w = set(), set()
    for _, at_w, at_x in taps(case):
        touched_x |= {at_x} if at_w == 0 else set()
        touched_w |= {at_w} if at_x == 0 else set()
    assert {i for i, v in enumerate(input_grad(case, g, w)) if math.isnan(v)} == touched_x
    assert {i for i, v in enumerate(weight_grad(case, x, g)) if math.isnan(v)} == touched_w
    assert 0 < len(touched_x) < len(x)
    assert 0 < len(touched_w) < len(w)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_nan_and_infinity_in_a_sparse_gradient_arrive(bad: float) -> None:
    case = Case((1, 1, 6, 6), (1, 1, 2, 2))
    g = [0.0] * numel(case.y_shape)
    g[0] = bad
    ones_x, ones_w = [1.0] * 36, [1.0] * 4
    assert [i for i, v in enumerate(input_grad(case, g, ones_w)) if not math.isfinite(v)] == [0, 1, 6, 7]
    assert not any(map(math.isfinite, weight_grad(case, ones_x, g)))


def test_forward_skips_nothing() -> None:
    case = Case((1, 1, 3, 3), (1, 1, 2, 2))
    y = forward(case, [0.0] * 9, [math.inf, 1.0, 1.0, 1.0])
    assert all(map(math.isnan, y))


@pytest.mark.parametrize(
    "case", [CONV1._replace(x_shape=(1, 1, 5, 5)), Case((1, 4, 6, 5), (4, 2, 3, 2), (2, 1), (1, 1), (1, 2), 2)]
)
@pytest.mark.parametrize("kind", [Decimal, complex, int])
def test_every_kind_stays_its_kind(case: Case, kind: type) -> None:
    rng = random.Random(3)
    integers = [[rng.randint(-5, 5) for _ in range(numel(s))] for s in (case.x_shape, case.w_shape, case.y_shape)]
    x, w, g = ([kind(v) for v in values] for values in integers)
    results = forward(case, x, w), input_grad(case, g, w), weight_grad(case, x, g)
    x, w, g = integers
    expected = forward(case, x, w), input_grad(case, g, w), weight_grad(case, x, g)
    assert results == expected
    assert {type(value) for result in results for value in result} == {kind}


def test_infinite_decimal_in_the_weight_signals_as_decimals_do() -> None:
    case = Case((1, 1, 2, 2), (1, 1, 2, 2))
    with pytest.raises(ArithmeticError):
        input_grad(case, [Decimal(0)], [Decimal("Infinity")] + [Decimal(1)] * 3)


def test_empty_batch() -> None:
    case = CONV2._replace(x_shape=(0, 8, 13, 13))
    w = [1.5] * numel(case.w_shape)
    assert case.y_shape == (0, 16, 11, 11)
    assert forward(case, [], w) == []
    assert input_grad(case, [], w) == []
    assert weight_grad(case, [], []) == [0.0] * len(w)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options", "message"),
    [
        ((1, 28, 28), (8, 1, 3, 3), {}, "input has 3 axes"),
        ((1, 1, 28, 28), (8, 9), {}, "weight has 2 axes"),
        (
            (1, 3, 8, 8),
            (8, 1, 3, 3),
            {},
            "the weight takes 1 channels per group, 1 in all with groups=1, but the input has 3",
        ),
        ((1, 3, 8, 8), (8, 1, 3, 3), {"groups": 2}, "groups=2 does not divide both 3 channels and 8 filters"),
        ((1, 4, 8, 8), (3, 2, 3, 3), {"groups": 2}, "groups=2 does not divide both 4 channels and 3 filters"),
        ((1, 1, 8, 8), (1, 1, 3, 3), {"groups": 0}, "groups is 0"),
        ((1, 1, 2, 8), (1, 1, 3, 3), {}, "does not fit into 2"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"dilation": (1, 2)}, "a window of 5"),
        ((1, 0, 8, 8), (1, 0, 3, 3), {}, "a size is 0"),
        ((1, 1, 8, 8), (0, 1, 3, 3), {}, "a size is 0"),
        ((1, 1, 0, 8), (1, 1, 1, 1), {"padding": (1, 1)}, "a size is 0"),
    ],
)
def test_shapes_that_do_not_fit_are_named(
    x_shape: Shape, w_shape: Shape, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as error:
        Case(x_shape, w_shape, **options).y_shape  # noqa: B018
    assert message in str(error.value)
    assert str(x_shape) in str(error.value)
    assert str(w_shape) in str(error.value)


def test_sums_begin_with_the_bias() -> None:
    """Exactly ``b[f] + ...`` in that order, also where a window equals the first one and is computed once."""
    case = Case((2, 2, 5, 5), (3, 2, 3, 3))
    rng = random.Random(4)
    x = [rng.choice([0.0, rng.uniform(-1, 1)]) for _ in range(100)]
    w, bias = [rng.uniform(-1, 1) for _ in range(54)], [0.1, -0.2, 0.3]
    got = conv2d(x, case.x_shape, w, case.w_shape, bias, (3,), **case.options)
    expected = []
    for n, f, i, j in product(range(2), range(3), range(3), range(3)):
        total = bias[f]
        for c, k, m in product(range(2), range(3), range(3)):
            total += w[f * 18 + c * 9 + k * 3 + m] * x[n * 50 + c * 25 + (i + k) * 5 + j + m]
        expected.append(total)
    assert got == expected

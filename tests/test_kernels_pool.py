"""Pooling: argmax with ties and NaN, gather and scatter_add, averages, against definitions written as plain loops."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_lists.kernels.pool import (
    avg_pool2d,
    avg_pool2d_input_grad,
    gather,
    max_pool2d_argmax,
    pool2d_shape,
    scatter_add,
)
from tinygrad_lists.shapes import Shape, numel


class Case(NamedTuple):
    x_shape: Shape
    kernel: tuple[int, int] = (2, 2)
    stride: tuple[int, int] = (2, 2)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def options(self) -> dict[str, Any]:
        return self._asdict() | {"x_shape": self.x_shape}

    @property
    def y_shape(self) -> Shape:
        return pool2d_shape(*self)

    def windows(self) -> list[list[int]]:
        """Flat places in x of each window's taps in row-major order, padding left out."""
        _, c_, h_, w_ = self.x_shape
        result = []
        for n, c, i, j in product(*map(range, self.y_shape)):
            places = []
            for k, m in product(*map(range, self.kernel)):
                row = i * self.stride[0] + k * self.dilation[0] - self.padding[0]
                column = j * self.stride[1] + m * self.dilation[1] - self.padding[1]
                if 0 <= row < h_ and 0 <= column < w_:
                    places.append(((n * c_ + c) * h_ + row) * w_ + column)
            result.append(places)
        return result


def argmax(case: Case, x: list[Any]) -> list[int]:
    return max_pool2d_argmax(x, **case.options)


@st.composite
def cases(draw: st.DrawFn, dilated: bool = True) -> Case:
    def two(low: int, high: int) -> tuple[int, int]:
        return draw(st.integers(low, high)), draw(st.integers(low, high))

    kernel, stride = two(1, 3), two(1, 3)
    padding = (draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2)))
    dilation = two(1, 2) if dilated and padding == (0, 0) else (1, 1)
    size = [k * d + draw(st.integers(0, 4)) for k, d in zip(kernel, dilation, strict=True)]
    return Case((draw(st.integers(0, 2)), draw(st.integers(1, 2)), *size), kernel, stride, padding, dilation)


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from([2, 50]), st.sampled_from([0.0, 0.0, 0.3]), st.integers(0, 10**6))
def test_argmax_is_the_first_maximum_or_the_first_nan(case: Case, values: int, nans: float, seed: int) -> None:
    """Few values make ties, some NaN make the rest."""
    rng = random.Random(seed)
    pool = [math.nan if rng.random() < nans else float(rng.randrange(values)) for _ in range(numel(case.x_shape))]
    expected = []
    for places in case.windows():
        nan = [place for place in places if math.isnan(pool[place])]
        expected.append(nan[0] if nan else max(places, key=pool.__getitem__))  # max keeps the first of equals
    assert argmax(case, pool) == expected


@pytest.mark.parametrize(
    "case",
    [
        Case((2, 3, 26, 26)),
        Case((2, 3, 11, 11)),
        Case((1, 2, 9, 9), (3, 3), (2, 2), (1, 1)),
        Case((1, 1, 7, 7), (3, 3), (1, 1), (1, 1), (2, 2)),
    ],
)
def test_ties_of_relu_zeros_go_to_the_first(case: Case) -> None:
    assert argmax(case, [0.0] * numel(case.x_shape)) == [places[0] for places in case.windows()]


def test_minus_infinity_is_chosen_before_padding() -> None:
    case = Case((1, 1, 2, 2), (2, 2), (2, 2), (1, 1))
    assert argmax(case, [-math.inf] * 4) == [0, 1, 2, 3]


def test_infinities_of_both_signs_are_ordinary_values() -> None:
    case = Case((1, 1, 2, 4))
    assert argmax(case, [-math.inf, math.inf, 0.0, -math.inf, 1.0, 2.0, math.inf, math.inf]) == [1, 6]


@pytest.mark.parametrize("kind", [int, Fraction, Decimal])
def test_argmax_of_every_ordered_kind(kind: type) -> None:
    rng = random.Random(0)
    case = Case((1, 2, 6, 6), (3, 3), (2, 2), (1, 1))
    x = [rng.randint(-9, 9) for _ in range(72)]
    assert argmax(case, [kind(v) for v in x]) == argmax(case, [float(v) for v in x])


def test_complex_has_no_maximum() -> None:
    with pytest.raises(TypeError, match="no order"):
        argmax(Case((1, 1, 2, 2)), [1j] * 4)


def test_gather_and_scatter_add_are_adjoint() -> None:
    rng = random.Random(1)
    x = [Fraction(rng.randint(-9, 9), 7) for _ in range(20)]
    for count in (0, 1, 2, 50):
        places = [rng.randrange(20) for _ in range(count)]
        g = [Fraction(rng.randint(-9, 9), 5) for _ in range(count)]
        taken = gather(x, places)
        assert taken == [x[i] for i in places]
        back = scatter_add(g, places, 20)
        assert sum(a * b for a, b in zip(taken, g, strict=True)) == sum(a * b for a, b in zip(x, back, strict=True))
        assert len(back) == 20


def test_scatter_add_refuses_lists_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="shorter"):
        scatter_add([1.0], [0, 1], 2)


@settings(max_examples=60, deadline=None)
@given(cases(dilated=False), st.booleans(), st.integers(0, 10**6))
def test_average_and_its_adjoint_equal_the_definition_exactly(case: Case, count_pad: bool, seed: int) -> None:
    rng = random.Random(seed)
    x = [Fraction(rng.randint(-9, 9), rng.randint(1, 9)) for _ in range(numel(case.x_shape))]
    g = [Fraction(rng.randint(-9, 9), rng.randint(1, 9)) for _ in range(numel(case.y_shape))]
    y, dx = [], [Fraction(0)] * len(x)
    for places, share in zip(case.windows(), g, strict=True):
        divisor = case.kernel[0] * case.kernel[1] if count_pad else len(places)
        y.append(sum((x[i] for i in places), Fraction(0)) / divisor)
        for i in places:
            dx[i] += share / divisor
    options: dict[str, Any] = {k: getattr(case, k) for k in ("kernel", "stride", "padding")}
    assert avg_pool2d(x, case.x_shape, **options, count_include_pad=count_pad) == y
    assert avg_pool2d_input_grad(g, case.y_shape, x_shape=case.x_shape, **options, count_include_pad=count_pad) == dx


@pytest.mark.parametrize("kind", [Decimal, complex, float])
def test_average_keeps_the_kind(kind: type) -> None:
    y = avg_pool2d([kind(v) for v in (1, 2, 3, 6)], (1, 1, 2, 2), kernel=(2, 2), stride=(1, 1), padding=(1, 1))
    assert y[4] == kind(3)
    assert {type(v) for v in y} == {kind}


def test_empty_batch() -> None:
    case = Case((0, 2, 4, 4))
    assert case.y_shape == (0, 2, 2, 2)
    assert argmax(case, []) == []
    assert avg_pool2d([], (0, 2, 4, 4), kernel=(2, 2), stride=(2, 2), padding=(0, 0)) == []
    assert (
        avg_pool2d_input_grad([], (0, 2, 2, 2), x_shape=(0, 2, 4, 4), kernel=(2, 2), stride=(2, 2), padding=(0, 0))
        == []
    )


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (Case((4, 4)), "has 2 axes"),
        (Case((1, 0, 4, 4)), "a size is 0"),
        (Case((1, 1, 1, 4)), "does not fit"),
        (Case((1, 1, 4, 4), padding=(2, 0)), "more than half the kernel"),
        (Case((1, 1, 9, 9), (2, 2), (1, 1), (1, 1), (10, 10)), "all lie in the padding"),
    ],
)
def test_shapes_that_do_not_fit_are_named(case: Case, message: str) -> None:
    with pytest.raises(ValueError) as error:
        case.y_shape  # noqa: B018
    assert message in str(error.value)
    assert str(case.x_shape) in str(error.value)

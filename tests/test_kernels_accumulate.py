"""Sums: left to right on every Python version, in the elements' own kind, and the tests for zero and infinity."""

from __future__ import annotations

import math
import random
import traceback
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import pytest

from tinygrad_lists.kernels import accumulate
from tinygrad_lists.kernels.accumulate import all_finite, dot, total, zero_of
from tinygrad_lists.kernels.codegen import MAX_TERMS, spread
from tinygrad_lists.kernels.products import (
    add_columns,
    add_rows_at,
    add_sums_over_nonzeros_at,
    sums_of_products,
    sums_of_products_once,
)
from tinygrad_lists.kernels.reduce import sum_over

LENGTHS = [0, 1, 7, 8, 9, 127, 128, 129, 135, 1000]


def floats(count: int, seed: int = 0) -> list[float]:
    """Of very different sizes, so that every other order or a compensation shows in the last digits."""
    rng = random.Random(seed)
    return [rng.uniform(-1, 1) * 10.0 ** rng.randint(-8, 8) for _ in range(count)]


@pytest.fixture(params=sorted({False, accumulate._SUM_IS_PLAIN}))
def either_python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where builtin sum does not compensate both branches are right, so both are tested."""
    monkeypatch.setattr(accumulate, "_SUM_IS_PLAIN", request.param)


@pytest.mark.usefixtures("either_python")
@pytest.mark.parametrize("count", LENGTHS)
def test_sums_are_plain_loops_to_the_last_bit(count: int) -> None:
    xs, ys = floats(count), floats(count, seed=1)
    plain = products = 0.0
    for x, y in zip(xs, ys, strict=True):
        plain += x
        products += x * y
    assert total(xs) == plain
    assert dot(xs, ys) == products


def test_those_numbers_show_compensation() -> None:
    """The test above would notice: exactly rounded, the same numbers have another sum."""
    assert math.fsum(floats(1000)) != total(floats(1000))


@pytest.mark.usefixtures("either_python")
@pytest.mark.parametrize("count", LENGTHS)
@pytest.mark.parametrize("kind", [int, Fraction, Decimal, complex])
def test_every_kind_stays_its_kind(kind: type, count: int) -> None:
    values = [kind(i % 7) for i in range(count)]
    results = total(values, kind()), dot(values, values, kind())
    assert results == (sum(i % 7 for i in range(count)), sum((i % 7) ** 2 for i in range(count)))
    assert {type(result) for result in results} == {kind}


@pytest.mark.parametrize(
    ("operands", "zero"),
    [
        (([1.5],), 0.0),
        (([2], [1.5]), 0.0),
        (([2], [Fraction(1, 3)]), Fraction(0)),
        (([Decimal(1)], [3]), Decimal(0)),
        (([1.5], [1j]), 0j),
        (([True], [True]), 0),
        (([], [Fraction(1)]), 0),
    ],
)
def test_zero_is_of_the_kind_of_a_product(operands: tuple[list[Any], ...], zero: Any) -> None:
    assert zero_of(*operands) == zero
    assert type(zero_of(*operands)) is type(zero)


@pytest.mark.parametrize(
    "bad", [math.inf, -math.inf, math.nan, complex(0, math.inf), Decimal("NaN"), Decimal("-Infinity")]
)
@pytest.mark.parametrize("others", [[1.0, 2.0], [1, Fraction(1, 2)], []])
def test_one_infinite_element_is_noticed(bad: Any, others: list[Any]) -> None:
    assert all_finite(others)
    assert not all_finite([*others, bad, *others])


def test_infinities_that_cancel_and_finite_numbers_that_overflow_are_not_called_finite() -> None:
    assert not all_finite([math.inf, -math.inf])
    assert not all_finite([1e308, 1e308])  # the safe answer: nothing is skipped
    assert all_finite([10**400, Fraction(1, 3)])


@pytest.mark.parametrize(("count", "most"), [(0, 3), (1, 3), (3, 3), (4, 3), (100, 7), (97, MAX_TERMS)])
def test_spread_covers_everything_in_few_even_runs(count: int, most: int) -> None:
    runs = spread(count, most)
    sizes = [last - first for first, last in runs]
    assert sum(sizes) == count
    assert len(runs) == math.ceil(count / most)
    assert all(a[1] == b[0] for a, b in pairwise(runs))
    assert not sizes or (max(sizes) <= most and max(sizes) - min(sizes) <= 1)


@pytest.mark.parametrize(
    ("rows", "sets", "terms"), [(5, 3, 4), (1, 9, 200), (30, 1, 97), (2, 40, 1), (0, 3, 4), (3, 0, 4)]
)
def test_sums_of_products_is_the_matrix_product_in_order(rows: int, sets: int, terms: int) -> None:
    left = [floats(terms, seed) for seed in range(rows)]
    right = [floats(terms, 100 + seed) for seed in range(sets)]
    expected: list[list[float]] = []
    for weights in right:
        expected.append([])
        for row in left:
            result = weights[0] * row[0]
            for w, a in zip(weights[1:], row[1:], strict=True):
                result += w * a
            expected[-1].append(result)
    assert sums_of_products(left, right) == expected


def test_sums_of_products_goes_on_from_a_start() -> None:
    start = [[1.0, 2.0]]
    assert sums_of_products([[3.0], [4.0]], [[10.0]], start) is start
    assert start == [[31.0, 42.0]]


def test_tracebacks_show_the_written_out_line_and_the_size() -> None:
    with pytest.raises(TypeError) as error:
        sums_of_products([(1.0, None)], [(2.0, 3.0)])
    text = "".join(traceback.format_exception(error.value))
    assert "in sums_of_products_2x1" in text
    assert "o0[i] = w0_0*a0 + w0_1*a1" in text


@pytest.mark.parametrize("colour", [0.0, -0.0, 0.3, math.inf, math.nan])
@pytest.mark.parametrize("alike", [1, 3, 5])
@pytest.mark.parametrize("count", [1, 4, 50])
def test_rows_like_the_first_get_its_sums(colour: float, alike: int, count: int) -> None:
    rows = [(colour, 1.5, colour), *[(float(i), 2.0, 3.0) for i in range(5)]]
    rows = [rows[0] if i < alike else row for i, row in enumerate(rows)]
    weights = [(float(i), 0.1, -2.0) for i in range(count)]
    assert list(map(repr, sums_of_products_once(rows, weights))) == list(map(repr, sums_of_products(rows, weights)))


def test_sums_over_nonzeros_leave_out_exactly_the_zeros() -> None:
    """A weight of infinity beside a zero would make NaN; -0.0 is a zero too, NaN is not."""
    weights, at = [(math.inf, 1.0), (2.0, 3.0)], [(0, 1), (2, 3), (4, 5)]
    plane = [0.0] * 6
    add_sums_over_nonzeros_at([plane], at, [(0.0, 1.0), (-0.0, 2.0), (0.0, 0.0)], weights)
    assert plane == [2.0, 3.0, 4.0, 6.0, 0.0, 0.0]
    add_sums_over_nonzeros_at([plane], at, [(0.0, math.nan)], weights)
    assert list(map(math.isnan, plane)) == [True, True, False, False, False, False]


@pytest.mark.parametrize("channels", [1, 3])
def test_rows_are_added_where_they_belong_one_after_another(channels: int) -> None:
    at = [(0, 2), (1, 2), (2, 0)]
    rows = [floats(2 * channels, seed) for seed in range(3)]
    planes, expected = ([[0.0] * 3 for _ in range(channels)] for _ in range(2))
    for row, place in zip(rows, at, strict=True):
        for (t, i), c in product(enumerate(place), range(channels)):
            expected[c][i] += row[t * channels + c]
    add_rows_at(planes, at, rows)
    assert planes == expected


@pytest.mark.parametrize("count", [1, 2, MAX_TERMS, 3 * MAX_TERMS])
def test_add_columns_adds_in_order(count: int) -> None:
    columns = [floats(3, seed) for seed in range(count)]
    expected = [0.0] * 3
    for column in columns:
        expected = [a + b for a, b in zip(expected, column, strict=True)]
    assert add_columns(columns, 0.0) == expected


@pytest.mark.parametrize(
    ("shape", "axes", "sums"),
    [((0, 2), (1,), []), ((0, 2), (0,), [0, 0]), ((2, 0), (1,), [0, 0]), ((0, 3, 2), (1,), []), ((0, 2), (0, 1), [0])],
)
def test_sums_of_empty_tensors_have_their_shape(shape: tuple[int, ...], axes: tuple[int, ...], sums: list[int]) -> None:
    assert sum_over([], shape, axes=axes) == sums

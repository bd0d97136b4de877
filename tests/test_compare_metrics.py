"""Numbers that are said of two tensors, against values worked out by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from nn.compare.metrics import measure, same, ulps_between
from nn.compare.patterns import pattern
from nn.compare.tensors import Tensor, index_of, stack, total

NAN, INF = math.nan, math.inf


def vector(*values: float) -> Tensor:
    return Tensor(list(values), (len(values),))


def test_all_metrics_of_a_small_pair() -> None:
    m = measure(vector(3.0, 4.0, 0.0), vector(3.0, 0.0, 4.0))
    assert (m.max_abs, m.max_rel, m.norm_ratio) == (4.0, 1.0, 1.0)
    assert m.rel_l2 == pytest.approx(math.sqrt(32) / 5)
    assert m.cosine == pytest.approx(9 / 25)
    assert m.share_equal == pytest.approx(1 / 3)
    assert m.max_ulp == m.median_ulp == ulps_between(0.0, 4.0)


def test_equal_tensors_are_at_no_distance() -> None:
    m = measure(vector(1.0, -2.0), vector(1.0, -2.0))
    assert (m.max_abs, m.max_rel, m.rel_l2, m.max_ulp, m.median_ulp, m.share_equal) == (0, 0, 0, 0, 0, 1)
    assert m.cosine == pytest.approx(1.0)


def test_the_cosine_tells_direction_and_is_none_for_zeros() -> None:
    assert measure(vector(1.0, 2.0), vector(-2.0, -4.0)).cosine == pytest.approx(-1.0)
    assert measure(vector(0.0, 0.0), vector(1.0, 2.0)).cosine is None
    assert measure(vector(1.0, 2.0), vector(0.0, 0.0)).rel_l2 == INF
    assert measure(vector(1.0, 2.0), vector(0.0, 0.0)).norm_ratio is None


def test_metrics_survive_numbers_whose_squares_overflow() -> None:
    m = measure(vector(1e200, 2e200), vector(1e200, 1e200))
    assert m.cosine == pytest.approx(3 / math.sqrt(10))
    assert m.rel_l2 == pytest.approx(1 / math.sqrt(2))
    tiny = measure(vector(1e-200, 2e-200), vector(1e-200, 1e-200))
    assert tiny.cosine == pytest.approx(3 / math.sqrt(10))


def test_shapes_are_strict() -> None:
    """A size-one broadcast must not pass as equal."""
    m = measure(Tensor([1.0], (1,)), vector(1.0, 1.0))
    assert (m.handwritten_shape, m.automatic_shape, m.max_abs, m.share_equal) == ((1,), (2,), None, None)


def test_nan_and_infinity_are_counted_on_both_sides_and_left_out_of_the_rest() -> None:
    m = measure(vector(NAN, INF, 2.0, 1.0), vector(1.0, -INF, NAN, 1.5))
    assert (m.handwritten_nan, m.automatic_nan, m.handwritten_inf, m.automatic_inf) == (1, 1, 1, 1)
    assert m.max_abs == 0.5
    assert m.share_equal == 0.0


def test_bits_tell_zeros_apart_and_numbers_do_not() -> None:
    assert measure(vector(0.0), vector(-0.0)).share_equal == 0.0
    assert measure(vector(0.0), vector(-0.0)).max_abs == 0.0
    assert same(0.0, -0.0) and same(NAN, NAN) and not same(1.0, NAN)


@pytest.mark.parametrize(
    ("p", "q", "steps"),
    [
        (1.0, math.nextafter(1.0, 2.0), 1),
        (-1.0, math.nextafter(-1.0, 0.0), 1),
        (5e-324, -5e-324, 2),
        (0.0, -0.0, 0),
        (1.0, 2.0, 2**52),
        (-1.0, 1.0, 2 * 0x3FF0000000000000),
    ],
)
def test_ulps_count_floats_between(p: float, q: float, steps: int) -> None:
    assert ulps_between(p, q) == ulps_between(q, p) == steps


def test_fractions_are_measured_exactly_and_have_no_ulps() -> None:
    third = Tensor([Fraction(1, 3)], (1,))
    m = measure(Tensor([Fraction(1, 3) + Fraction(1, 10**40)], (1,)), third)
    assert m.max_abs == pytest.approx(1e-40)
    assert (m.max_ulp, m.share_equal) == (None, 0.0)
    assert measure(third, third).share_equal == 1.0


def test_tensors_nest_cut_and_join() -> None:
    t = Tensor.of([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    assert t.shape == (2, 2, 2) and t.nested()[1] == [[5, 6], [7, 8]]
    assert stack([t.part(0), t.part(1)]) == t
    assert total([t.part(0), t.part(1)]).flat == [6, 8, 10, 12]
    assert [index_of(i, (2, 3)) for i in (0, 4, 5)] == [(0, 0), (1, 1), (1, 2)]
    assert Tensor.of(7).nested() == 7


def planes(change: dict[int, float], shape: tuple[int, ...] = (2, 2, 4, 5)) -> tuple[list[int], Tensor, Tensor]:
    size = math.prod(shape)
    right = Tensor([1.0 + i / size for i in range(size)], shape)
    wrong = Tensor([change.get(i, v) for i, v in enumerate(right.flat)], shape)
    return sorted(change), wrong, right


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([i for i in range(80) if i % 5 == 4], "only on the border"),
        (list(range(20, 40)), "the first sample (0); the last channel (1)"),
        (list(range(40, 80)), "the last sample (1)"),
        ([7, 27, 47, 67], "row 1; column 2"),
    ],
)
def test_patterns_name_the_place(places: list[int], said: str) -> None:
    wrong, h, a = planes(dict.fromkeys(places, -9.0))
    assert said in pattern("ReLU", "input gradient", wrong, h, a)


def test_patterns_name_what_wrong_numbers_share() -> None:
    a = Tensor([1.0, 2.0, 3.0, 4.0], (4,))
    for numbers, said in (
        ([1.0, 0.0, 0.0, 4.0], "are 0"),
        ([1.0, 4.0, 6.0, 4.0], "2 times the right ones"),
        ([1.0, 2.5, 3.5, 4.0], "larger by 0.5"),
        ([1.0, 9.0, 3.1, 4.0], "too large"),
        ([1.0, NAN, 3.5, 4.0], "NaN"),
    ):
        wrong = [i for i, (p, q) in enumerate(zip(numbers, a.flat, strict=True)) if p != q]
        assert said in pattern("Conv2d", "bias gradient", wrong, Tensor(numbers, (4,)), a)

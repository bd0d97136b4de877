"""The generator of dropout: its recurrences by hand, its period, its distribution."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from nn_tools import flat

from nn.generator import _RECURRENCES, RANGE, _modulo, draw, seed
from tinygrad_lists import Value, jit


def by_hand(state: list[float], count: int) -> list[int]:
    """The two recurrences and their combination, one number after the other, on ints."""
    (m, a, b), (n, c, d) = _RECURRENCES
    x, y = [int(v) for v in state[:2]], [int(v) for v in state[2:]]
    while len(x) < count:
        x.append((a * x[-1] + b * x[-2]) % m)
        y.append((c * y[-1] + d * y[-2]) % n)
    return [(n * x[i] + m * y[i]) % (m * n) for i in range(count)]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 7), (5, 1), (3, 4), (8, 100)])
def test_draws_are_the_recurrences_in_order(rows: int, columns: int) -> None:
    start = seed(random.Random(4))
    state = Value(start, requires_grad=False)
    drawn = [v for _ in range(3) for v in flat(draw(state, rows, columns).data)]
    assert drawn == by_hand(start, 3 * rows * columns)


def test_every_number_on_the_way_fits_into_float32() -> None:
    """Whole numbers below 2**24 are exact there, and so draws do not depend on the precision."""
    (m, _, _), (n, _, _) = _RECURRENCES
    largest = max(2 * (m - 1) ** 2, 2 * (n - 1) ** 2, n * (m - 1) + m * (n - 1), RANGE)
    assert largest < 2**24


@pytest.mark.parametrize("modulus", [2887, 2843, RANGE])
def test_the_remainder_is_exact_in_float32(modulus: int) -> None:
    """The quotient is rounded; where it could matter is on both sides of every multiple."""
    numbers = [n for k in range(0, 2**24, modulus) for n in (k - 1, k, k + 1) if 0 <= n < 2**24]
    x = Value([float(n) for n in numbers], requires_grad=False)
    step = jit(lambda x: _modulo(x, modulus), dtype="float32")
    for _ in range(2):  # interpreted, then compiled
        assert step(x).data == [float(n % modulus) for n in numbers]


def factors(n: int) -> set[int]:
    found, p = set(), 2
    while p * p <= n:
        while n % p == 0:
            found.add(p)
            n //= p
        p += 1
    return found | ({n} if n > 1 else set())


def is_primitive(m: int, a: int, b: int) -> bool:
    """Whether x has order m**2 - 1 among the polynomials modulo ``x**2 - a x - b`` and the prime m."""

    def power(n: int) -> tuple[int, int]:
        result, base = (1, 0), (0, 1)
        while n:
            if n & 1:
                result = times(result, base)
            base, n = times(base, base), n >> 1
        return result

    def times(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
        square = p[1] * q[1]
        return (p[0] * q[0] + b * square) % m, (p[0] * q[1] + p[1] * q[0] + a * square) % m

    order = m * m - 1
    return power(order) == (1, 0) and all(power(order // q) != (1, 0) for q in factors(order))


def test_the_period_is_what_the_docstring_says() -> None:
    moduli = [m for m, _, _ in _RECURRENCES]
    assert all(factors(m) == {m} for m in moduli)
    assert all(is_primitive(*recurrence) for recurrence in _RECURRENCES)
    assert math.gcd(*(m * m - 1 for m in moduli)) == 24
    assert not is_primitive(2887, 1, 1)  # the checker can say no
    assert not is_primitive(2887, 1204, 0)


def test_draws_are_uniform_and_neighbours_independent() -> None:
    """Chi-square in 64 boxes, and in 8 times 8 for neighbours; the bound is the 1 - 1e-6 quantile for 63 degrees."""
    draws = flat(draw(Value(seed(), requires_grad=False), 8, 8000).data)
    assert min(draws) >= 0
    assert max(draws) < RANGE
    boxes = [0] * 64
    for v in draws:
        boxes[int(v) * 64 // RANGE] += 1
    pairs = [0] * 64
    for v, w in pairwise(draws):
        pairs[int(v) * 8 // RANGE * 8 + int(w) * 8 // RANGE] += 1
    for counts in (boxes, pairs):
        assert sum((n - 1000) ** 2 / 1000 for n in counts) < 133


def test_no_seed_is_stuck() -> None:
    """Both recurrences have a number other than 0, or they would give 0 for ever."""
    for n in range(500):
        state = seed(random.Random(n))
        assert any(state[:2])
        assert any(state[2:])


def test_draws_are_no_part_of_a_graph() -> None:
    drawn = draw(Value(seed(), requires_grad=False), 1, 3)
    assert not drawn.requires_grad
    assert drawn.inputs == ()

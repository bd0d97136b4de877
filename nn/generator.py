"""Random numbers from operations of the engine, for what draws anew in every forward pass.

A compiled step runs without Python, so ``random.random()`` would be drawn once, when the step is recorded, and stay.
Here the state of the generator is a Value, the draws are operations on it, and so is its advance: interpreted or
compiled, the next step has new numbers, and whoever saves the state can go on exactly where it was.

It is a combined multiple recursive generator (L'Ecuyer, "Combined multiple recursive random number generators",
Operations Research 44, 1996) of two recurrences of order 2 with primitive characteristic polynomials

    x[n] = (1204 · x[n-1] + 2817 · x[n-2]) mod 2887
    y[n] = (1772 · y[n-1] + 2426 · y[n-2]) mod 2843
    draw[n] = (2843 · x[n] + 2887 · y[n]) mod (2887 · 2843)

Its period is (2887² - 1)(2843² - 1) / 24, almost 3 · 10**12. The moduli are small on purpose: every number on the way
is below 2**24, so that float32 and float64, and any machine, give the same draws. Both recurrences are linear, so draws
far ahead are a product of a table with the state, and a whole tensor is drawn at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from tinygrad_lists import Value, functions, no_grad

__all__ = ["RANGE", "draw", "rows_before", "seed"]

#: (modulus, factor of the last number, factor of the one before)
_RECURRENCES = ((2887, 1204, 2817), (2843, 1772, 2426))

#: Draws are whole numbers from 0 to RANGE - 1.
RANGE = _RECURRENCES[0][0] * _RECURRENCES[1][0]

_rows_before = ContextVar("rows_before", default=0)


def seed(rng: random.Random | None = None) -> list[float]:
    """A state to start with: two numbers for each recurrence, not both 0. The seed is 0 if `rng` is left out.

    >>> len(seed()), seed(random.Random(1)) == seed(random.Random(1)) != seed(random.Random(2))
    (4, True)
    """
    rng = rng if rng is not None else random.Random(0)
    return [float(v) for m, _, _ in _RECURRENCES for v in divmod(rng.randrange(1, m * m), m)]


def draw(state: Value, rows: int, columns: int) -> Value:
    """The next ``rows · columns`` draws, as whole floats of shape (rows, columns); `state` (4,) moves on behind them.

    >>> state = Value(seed(), requires_grad=False)
    >>> first, second = draw(state, 2, 3), draw(state, 1, 1)
    >>> state.data = seed()
    >>> draw(state, 1, 7).data[0] == [*first.data[0], *first.data[1], *second.data[0]]
    True
    """
    before = _rows_before.get()
    with no_grad():
        parts, ends = [], []
        for (modulus, _, _), (a, b, c, d), now in zip(
            _RECURRENCES, _tables(before + rows, columns), functions.split(state, 2), strict=True
        ):
            starts = _modulo(a * now[0] + b * now[1], modulus)
            # Not a matrix product: a compiled step has the draws, the mask and what it multiplies in one loop.
            drawn = starts[before : before + rows]
            parts.append(_modulo(drawn[:, :1] * c + drawn[:, 1:] * d, modulus))
            ends.append(starts[before + rows])
        state.assign(functions.concat(ends))
        x, y = parts
        return _modulo(x * float(_RECURRENCES[1][0]) + y * float(_RECURRENCES[0][0]), RANGE)


@contextmanager
def rows_before(count: int) -> Iterator[None]:
    """Every `draw` in the block passes over `count` rows first: those that others draw, who have the first rows of the
    same batch.

    >>> states = [Value(seed(), requires_grad=False) for _ in range(2)]
    >>> whole = draw(states[0], 5, 3).data
    >>> with rows_before(3):
    ...     draw(states[1], 2, 3).data == whole[3:]
    True
    >>> states[0].data == states[1].data
    True
    """
    token = _rows_before.set(count)
    try:
        yield
    finally:
        _rows_before.reset(token)


def _modulo(x: Value, modulus: int) -> Value:
    """``x mod modulus`` of whole numbers from 0 to 2**24.

    The quotient may be rounded, but never up to the next whole number: it is at least 1/modulus below, which is more
    than half the distance of its neighbours in float32. So this is exact, and a compiled step does it in a few vector
    instructions, where the remainder ``%`` of any two numbers takes a call for each element.

    >>> _modulo(Value([0.0, 2886.0, 2887.0, 16_660_877.0]), 2887).data == [0.0, 2886.0, 0.0, 16_660_877 % 2887]
    True
    """
    return x - functions.floor(x / float(modulus)) * float(modulus)


@lru_cache(maxsize=64)
def _tables(rows: int, columns: int) -> list[tuple[Value, Value, Value, Value]]:
    """For each recurrence, the factors of the two numbers of the state in the first two numbers of each row, and of the
    row behind the last, (rows + 1, 2) each; and the factors of those two in all numbers of the row, (columns,) each."""
    tables = []
    for modulus, last, before in _RECURRENCES:
        # The number n places ahead is a · x[0] + b · x[1]; here are all its (a, b).
        ahead = [(1, 0), (0, 1)]
        while len(ahead) < rows * columns + 2:
            (p, q), (r, s) = ahead[-2:]
            ahead.append(((last * r + before * p) % modulus, (last * s + before * q) % modulus))
        starts = [ahead[row * columns : row * columns + 2] for row in range(rows + 1)]
        a, b = ([[float(pair[j]) for pair in row] for row in starts] for j in (0, 1))
        c, d = ([float(pair[j]) for pair in ahead[:columns]] for j in (0, 1))
        first, second, third, fourth = (Value(table, requires_grad=False) for table in (a, b, c, d))
        tables.append((first, second, third, fourth))
    return tables

"""Python source written out per size: how plain Python multiplies and adds fast.

A loop over nine taps costs more in looping than in arithmetic. Written out as ``w0*a0 + w1*a1 + ...``, with every operand in a
local variable, a multiply-add costs two loads, one multiplication and one addition. The source for each size is made once,
compiled with ``exec`` and cached; no user text ever enters it, only loop counters.

Measured on CPython 3.11, nanoseconds a multiply-add, for 72 terms, 121 rows and 16 sets of weights (the paper's conv2) and for 9,
676, 8 (conv1); 3.12 and 3.13 are within 10 %:

=================================================================  =======  =======
way                                                                72 taps  9 taps
=================================================================  =======  =======
three nested ``for`` loops over lists                              75       75
``sum(map(mul, weights, row))`` per output                         20       34
one comprehension per set, row unpacked each time                  14.1     13.9
four or eight sets a pass, results as tuples, then ``zip(*...)``   14.0     13.2
four or eight sets a pass, results by ``append``                   13.1     13.5
four or eight sets a pass, results stored at an index (here)       12.7     12.4
=================================================================  =======  =======
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

__all__ = ["add_columns", "add_scaled_rows", "spread", "sums_of_products"]

MAX_TERMS = 96  # terms in one expression: longer ones only cost compile time
MAX_PRODUCTS = 288  # products in one pass over the rows: compiling them takes about 2 ms, once
MAX_SETS = 8


def sums_of_products(
    rows: Sequence[Sequence[Any]], weights: Sequence[Sequence[Any]], start: list[list[Any]] | None = None
) -> list[list[Any]]:
    """``result[s][r] = Σ_t weights[s][t] · rows[r][t]``, the matrix product weights · rowsᵀ, summed in the order of t.

    With `start` the sums continue from ``start[s][r]``, whose lists are changed and returned; without it each begins with its first
    product. Every row and every set of weights has the same number of terms, at least one.

    >>> sums_of_products([(1, 2), (3, 4), (5, 6)], [(1, 10)])
    [[21, 43, 65]]
    """
    results = [[None] * len(rows) for _ in weights] if start is None else start
    if not rows or not weights:
        return results
    terms = len(rows[0])
    for low, high in spread(terms, MAX_TERMS):
        whole = high - low == terms
        part = rows if whole else [row[low:high] for row in rows]
        at_once = max(1, min(MAX_SETS, MAX_PRODUCTS // (high - low)))
        for first, last in spread(len(weights), at_once):
            run = _sums_of_products(high - low, last - first, low > 0 or start is not None)
            sets = weights[first:last]
            run(part, chain.from_iterable(sets if whole else [s[low:high] for s in sets]), results[first:last])
    return results


def add_scaled_rows(start: Sequence[Any], pairs: Iterable[tuple[Any, Sequence[Any]]]) -> tuple[Any, ...]:
    """``start + Σ v · row`` over the pairs (v, row), element by element, in the order of the pairs.

    >>> add_scaled_rows((0, 0), [(2, (1, 3)), (10, (1, 0))])
    (12, 6)
    """
    return _add_scaled_rows(len(start))(start, pairs)


def add_columns(zero: Any, columns: Sequence[Sequence[Any]]) -> list[Any]:
    """``[((zero + a) + b) + ... for a, b, ... in zip(*columns)]``: lists added element by element, in order.

    >>> add_columns(0, [[1, 2], [10, 20], [100, 200]])
    [111, 222]
    """
    result: list[Any] | None = None
    for low, high in spread(len(columns), MAX_TERMS):
        part = columns[low:high]
        result = _add_columns(high - low, result is not None)(zero, part if result is None else [result, *part])
    return [] if result is None else result


def spread(count: int, most: int) -> list[tuple[int, int]]:
    """`count` items in as few runs of at most `most` as possible, as (first, past the last), sizes differing by one at most.

    >>> spread(10, 4)
    [(0, 3), (3, 6), (6, 10)]
    """
    runs = -(-count // most)
    return [(count * i // runs, count * (i + 1) // runs) for i in range(runs)]


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count)]


def _unpacked(names: list[str]) -> str:
    """Target of an assignment that unpacks into `names`; the last comma makes one name a tuple too."""
    return ", ".join(names) + ","


def _define(source: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    function: Callable[..., Any] = namespace["run"]
    return function


@lru_cache(maxsize=256)
def _sums_of_products(terms: int, sets: int, go_on: bool) -> Callable[..., None]:
    row = _names("a", terms)
    weights = [_names(f"w{s}_", terms) for s in range(sets)]
    outs = _names("o", sets)
    lines = [
        "def run(rows, weights, outs):",
        # The names used most come first: the first 256 local variables load without an EXTENDED_ARG.
        f"    {_unpacked(row)} = {_unpacked(['None'] * terms)}",
        f"    {_unpacked(outs)} = outs",
        f"    {_unpacked([name for names in weights for name in names])} = weights",
        f"    for i, ({_unpacked(row)}) in enumerate(rows):",
    ]
    for out, names in zip(outs, weights, strict=True):
        products = " + ".join(f"{w}*{a}" for w, a in zip(names, row, strict=True))
        lines.append(f"        {out}[i] = {f'{out}[i] + ' if go_on else ''}{products}")
    return _define("\n".join(lines))


@lru_cache(maxsize=64)
def _add_scaled_rows(width: int) -> Callable[..., tuple[Any, ...]]:
    sums, row = _names("a", width), _names("x", width)
    lines = [
        "def run(start, pairs):",
        f"    {_unpacked(sums)} = start",
        f"    for v, ({_unpacked(row)}) in pairs:",
        *(f"        {a} += v*{x}" for a, x in zip(sums, row, strict=True)),
        f"    return ({_unpacked(sums)})",
    ]
    return _define("\n".join(lines))


@lru_cache(maxsize=64)
def _add_columns(count: int, go_on: bool) -> Callable[..., list[Any]]:
    names = _names("a", count + go_on)
    first = "" if go_on else "zero + "
    lines = [
        "def run(zero, columns):",
        f"    return [{first}{' + '.join(names)} for zero in (zero,) for {_unpacked(names)} in zip(*columns)]",
    ]
    return _define("\n".join(lines))

"""Sums of products, and rows added to one another, by expressions that are written out for their size (see `codegen`).

Measured on CPython 3.11, nanoseconds a multiply-add for the paper's conv2 (72 taps, 121 windows, 16 filters) and conv1
(9, 676, 8); 3.12 and 3.13 are within 10 % of it:

=================================================================  =======  =======
way                                                                72 taps   9 taps
=================================================================  =======  =======
a loop over the taps for each window and filter                       25       35
``sum(map(mul, weights, row))`` for each window and filter            20       35
one comprehension a filter over ``zip`` of all shifted planes         16       16
the same over rows that were zipped once                            14.1     13.9
several filters a pass, results as tuples, then ``zip(*...)``       14.0     13.2
several filters a pass, results by ``append``                       13.1     13.5
several filters a pass, results stored at an index (chosen)         12.7     12.4
=================================================================  =======  =======

Of the sums over nonzeros a multiply-add takes 18 to 20 ns in long rows and 27 in rows of 9. For `add_scaled_rows` these
were slower: two to four rows a pass by 10 to 20 %, one expression over the columns of the rows by 20 %, the same in
pieces of 4 or 8 rows by 30 to 85 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from .codegen import MAX_TERMS, define, names, spread, unpacked

__all__ = [
    "add_columns",
    "add_rows_at",
    "add_scaled_rows",
    "add_sums_over_nonzeros_at",
    "sums_of_products",
    "sums_of_products_once",
]

MAX_PRODUCTS = 432  # products in one pass over the rows: compiling them takes a few milliseconds, once
MAX_SETS = 8
WORTH_COMPARING = 32  # products a row, for which comparing it with another row pays


def sums_of_products(
    rows: Sequence[Sequence[Any]], weights: Sequence[Sequence[Any]], start: list[list[Any]] | None = None
) -> list[list[Any]]:
    """``result[s][r] = Σ_t weights[s][t] · rows[r][t]``, the matrix product weights · rowsᵀ, summed in the order of t.

    Without `start` each sum begins with its first product. With it the sums continue from ``start[s][r]``, and those
    lists are changed and returned. All rows and sets of weights have the same number of terms, at least one.

    >>> sums_of_products([(1, 2), (3, 4), (5, 6)], [(1, 10)])
    [[21, 43, 65]]
    """
    if start is None and 2 * len(rows) < len(weights):  # the longer of the two makes the better loop
        return list(map(list, zip(*sums_of_products(weights, rows), strict=True))) or [[] for _ in weights]
    results = [[None] * len(rows) for _ in weights] if start is None else start
    _put_sums_of_products(results, range(len(rows)), rows, weights, start is not None)
    return results


def sums_of_products_once(
    rows: Sequence[Sequence[Any]], weights: Sequence[Sequence[Any]], biases: Sequence[Any] = ()
) -> list[list[Any]]:
    """`sums_of_products`, with the sums of rows that are equal to the first row computed only once.

    Each sum begins with its set's bias, if there are `biases`.

    In pictures of something on a background these are many: of the paper's first convolution's windows on MNIST 63 %,
    of the second's 16 %. To find them costs 50 ns a row. Being equal, they have equal sums, infinities and NaN
    included.

    >>> sums_of_products_once([(0, 0), (3, 4), (0, 0)], [(1, 10)], biases=[100])
    [[100, 143, 100]]
    """
    results: list[list[Any]] = [[None] * len(rows) for _ in weights]
    if not rows or sum(map(len, weights)) < WORTH_COMPARING:
        _put_sums_of_products(results, range(len(rows)), rows, weights, False, biases)
        return results
    first = rows[0]
    places = [i for i, row in enumerate(rows) if row != first]
    _put_sums_of_products(results, (0,), rows[:1], weights, False, biases)
    results = [sums[:1] * len(rows) for sums in results]
    _put_sums_of_products(results, places, [rows[i] for i in places], weights, False, biases)
    return results


def add_rows_at(planes: Sequence[list[Any]], places: Sequence[Sequence[int]], rows: Iterable[Sequence[Any]]) -> None:
    """``planes[c][places[r][t]] += rows[r][t · channels + c]``, row by row.

    >>> planes = [0, 0, 0], [0, 0, 0]
    >>> add_rows_at(planes, [(0, 1), (1, 2)], [(1, 10, 2, 20), (3, 30, 4, 40)])
    >>> planes
    ([1, 5, 4], [10, 50, 40])
    """
    _add_rows_at(len(places[0]), len(planes))(planes, places, rows)


def add_sums_over_nonzeros_at(
    planes: Sequence[list[Any]],
    places: Sequence[Sequence[int]],
    factors: Iterable[Sequence[Any]],
    weights: Sequence[Sequence[Any]],
) -> None:
    """`add_rows_at` of the rows ``Σ_s factors[r][s] · weights[s]``, where both passes over zero factors.

    >>> plane = [0, 0, 0]
    >>> add_sums_over_nonzeros_at([plane], [(0, 1), (1, 2)], [(0, 2), (0, 0)], [(1, 1), (3, 4)])
    >>> plane
    [6, 8, 0]
    """
    _add_sums_over_nonzeros_at(len(places[0]), len(planes))(planes, places, factors, weights)


def add_scaled_rows(start: Sequence[Any], scales: Iterable[Any], rows: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    """``start + scale·row + scale·row + ...``, element by element, in the order of the rows.

    >>> add_scaled_rows((0, 0), [2, 10], [(1, 3), (1, 0)])
    (12, 6)
    """
    return _add_scaled_rows(len(start))(start, scales, rows)


def add_columns(columns: Sequence[Sequence[Any]], zero: Any) -> list[Any]:
    """``[((zero + a) + b) + ... for a, b, ... in zip(*columns)]``: at least one list, added in order.

    >>> add_columns([[1, 2], [10, 20], [100, 200]], 0)
    [111, 222]
    """
    result: list[Any] = []
    for low, high in spread(len(columns), MAX_TERMS):
        part = columns[low:high]
        result = _add_columns(high - low + (low > 0), low > 0)(zero, [result, *part] if low else part)
    return result


def _put_sums_of_products(
    results: list[list[Any]],
    places: Sequence[int],
    rows: Sequence[Sequence[Any]],
    weights: Sequence[Sequence[Any]],
    go_on: bool,
    biases: Sequence[Any] = (),
) -> None:
    """Set ``results[s][place]`` for the place of each row, or with `go_on` add to it. Sums begin with the bias."""
    if not rows or not weights:
        return
    terms = len(rows[0])
    for low, high in spread(terms, MAX_TERMS):
        whole = high - low == terms
        part = rows if whole else [row[low:high] for row in rows]
        start = "sum" if low > 0 or go_on else "bias" if biases else ""
        at_once = max(1, min(MAX_SETS, MAX_PRODUCTS // (high - low)))
        for first, last in spread(len(weights), at_once):
            run = _sums_of_products(high - low, last - first, start)
            sets = weights[first:last]
            flat = chain.from_iterable(sets if whole else [s[low:high] for s in sets])
            run(places, part, flat, biases[first:last], results[first:last])


@lru_cache(maxsize=256)
def _sums_of_products(terms: int, sets: int, start: str) -> Callable[..., None]:
    row, outs, biases = names("a", terms), names("o", sets), names("b", sets)
    weights = [names(f"w{s}_", terms) for s in range(sets)]
    name = f"sums_of_products_{terms}x{sets}" + f"_from_{start}" * bool(start)
    lines = [
        f"def {name}(places, rows, weights, biases, outs):",
        # Named first, so numbered first: a local variable beyond the 256th takes an instruction more to load.
        f"    {' = '.join(row)} = None",
        f"    {unpacked(outs)} = outs",
        *([f"    {unpacked(biases)} = biases"] if start == "bias" else []),
        f"    {unpacked(chain.from_iterable(weights))} = weights",
        f"    for i, {unpacked(row)} in zip(places, rows):",
    ]
    for out, bias, factors in zip(outs, biases, weights, strict=True):
        products = " + ".join(f"{w}*{a}" for w, a in zip(factors, row, strict=True))
        before = {"": "", "bias": f"{bias} + ", "sum": f"{out}[i] + "}[start]
        lines.append(f"        {out}[i] = {before}{products}")
    return define(name, lines)


@lru_cache(maxsize=64)
def _add_rows_at(taps: int, channels: int) -> Callable[..., None]:
    name, row, adding = f"add_rows_at_{taps}x{channels}", names("a", taps * channels), _adding(taps, channels)
    return define(
        name,
        [
            f"def {name}(planes, places, rows):",
            f"    {unpacked(names('p', channels))} = planes",
            f"    for {unpacked(names('i', taps))}, {unpacked(row)} in zip(places, rows):",
            *(f"        {line}" for line in adding),
        ],
    )


@lru_cache(maxsize=64)
def _add_sums_over_nonzeros_at(taps: int, channels: int) -> Callable[..., None]:
    name, count = f"add_sums_over_nonzeros_at_{taps}x{channels}", taps * channels
    sums, weights = names("a", count), names("w", count)
    # The first product of a row starts its sums, so the loop over the nonzeros is entered twice.
    return define(
        name,
        [
            "from itertools import compress",
            f"def {name}(planes, places, factors, weights):",
            f"    {unpacked(names('p', channels))} = planes",
            f"    for {unpacked(names('i', taps))}, row in zip(places, factors):",
            "        nonzeros = zip(filter(None, row), compress(weights, row))",
            f"        for v, {unpacked(weights)} in nonzeros:",
            *(f"            {a} = v*{w}" for a, w in zip(sums, weights, strict=True)),
            "            break",
            "        else:",
            "            continue",
            f"        for v, {unpacked(weights)} in nonzeros:",
            *(f"            {a} += v*{w}" for a, w in zip(sums, weights, strict=True)),
            *(f"        {line}" for line in _adding(taps, channels)),
        ],
    )


def _adding(taps: int, channels: int) -> list[str]:
    """The lines that add a row to the planes."""
    return [f"p{c}[i{t}] += a{t * channels + c}" for t in range(taps) for c in range(channels)]


@lru_cache(maxsize=64)
def _add_scaled_rows(width: int) -> Callable[..., tuple[Any, ...]]:
    sums, row = names("a", width), names("x", width)
    name = f"add_scaled_rows_{width}"
    return define(
        name,
        [
            f"def {name}(start, scales, rows):",
            f"    {unpacked(sums)} = start",
            f"    for v, {unpacked(row)} in zip(scales, rows):",
            *(f"        {a} += v*{x}" for a, x in zip(sums, row, strict=True)),
            f"    return {unpacked(sums)}",
        ],
    )


@lru_cache(maxsize=64)
def _add_columns(count: int, go_on: bool) -> Callable[..., list[Any]]:
    name, items = f"add_columns_{count}" + "_on" * go_on, names("a", count)
    start = "" if go_on else "zero + "
    return define(
        name,
        [
            f"def {name}(zero, columns):",
            # As a loop variable of the comprehension, zero is local to it and no cell of the function around it.
            f"    return [{start}{' + '.join(items)} for zero in (zero,) for {unpacked(items)} in zip(*columns)]",
        ],
    )

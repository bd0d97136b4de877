"""Nanoseconds an element for the operations of the engine, beside the best plain Python idiom for each.

Run it with ``python tests/benchmarks/engine_kernels.py`` from the repository; it takes about half a minute. Ours are
the public functions on Values that require a gradient, so everything is recorded; the idioms start from the same flat
lists, record nothing, and are the quickest that are known for finite floats. Times are the best of many turns. Asked
for is at most 1.3 times the idiom.

Gradients of convolutions, sparse ones, and pooling are in ``kernels_conv.py``.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from itertools import chain
from operator import add, mul
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from machine import describe
from sides import in_turns, table

from tinygrad_lists import Value

ROWS, COLUMNS, DEPTH, REPEATS = 256, 256, 128, 40
Row = tuple[str, int, Callable[[], object], dict[str, Callable[[], object]]]


def cases() -> list[Row]:
    """(name, element operations, ours, idioms by name)."""
    rng = random.Random(0)
    size = ROWS * COLUMNS
    xs, ys = ([rng.uniform(0.5, 2.0) for _ in range(size)] for _ in range(2))
    bias = xs[:COLUMNS]
    x, y, b = Value(xs).reshape(ROWS, COLUMNS), Value(ys).reshape(ROWS, COLUMNS), Value(bias)
    m, w = Value(xs[: ROWS * DEPTH]).reshape(ROWS, DEPTH), Value(ys[: DEPTH * 32]).reshape(DEPTH, 32)
    left = [xs[i : i + DEPTH] for i in range(0, ROWS * DEPTH, DEPTH)]
    right = [ys[i : i + 32] for i in range(0, DEPTH * 32, 32)]
    exp, log, tanh = math.exp, math.log, math.tanh

    def multiplied() -> list[Any]:
        columns = list(zip(*right, strict=True))
        return [[sum(map(mul, row, column)) for column in columns] for row in left]

    def softmax() -> list[Any]:
        out = []
        for i in range(0, size, COLUMNS):
            row = xs[i : i + COLUMNS]
            top = max(row)
            e = [exp(v - top) for v in row]
            total = sum(e)
            out += [v / total for v in e]
        return out

    def log_softmax() -> list[Any]:
        out = []
        for i in range(0, size, COLUMNS):
            row = xs[i : i + COLUMNS]
            top = max(row)
            shift = top + log(sum([exp(v - top) for v in row]))
            out += [v - shift for v in row]
        return out

    def variance() -> list[Any]:
        out = []
        for i in range(0, size, COLUMNS):
            row = xs[i : i + COLUMNS]
            centre = sum(row) / COLUMNS
            out.append(sum([(v - centre) ** 2 for v in row]) / COLUMNS)
        return out

    return [
        (
            "x + y",
            size,
            lambda: x + y,
            {
                "comprehension": lambda: [p + q for p, q in zip(xs, ys, strict=True)],
                "map": lambda: list(map(add, xs, ys)),
            },
        ),
        (
            "x * y",
            size,
            lambda: x * y,
            {
                "comprehension": lambda: [p * q for p, q in zip(xs, ys, strict=True)],
                "map": lambda: list(map(mul, xs, ys)),
            },
        ),
        ("x / y", size, lambda: x / y, {"comprehension": lambda: [p / q for p, q in zip(xs, ys, strict=True)]}),
        ("x * 2.5", size, lambda: x * 2.5, {"comprehension": lambda: [p * 2.5 for p in xs]}),
        (
            "x + bias",
            size,
            lambda: x + b,
            {"comprehension": lambda: [p + q for p, q in zip(xs, bias * ROWS, strict=True)]},
        ),
        ("-x", size, lambda: -x, {"comprehension": lambda: [-p for p in xs]}),
        ("exp", size, x.exp, {"map": lambda: list(map(exp, xs))}),
        ("log", size, x.log, {"map": lambda: list(map(log, xs))}),
        ("tanh", size, x.tanh, {"map": lambda: list(map(tanh, xs))}),
        ("sigmoid", size, x.sigmoid, {"comprehension": lambda: [1 / (1 + exp(-p)) for p in xs]}),
        ("relu", size, x.relu, {"comprehension": lambda: [p if p > 0 else 0.0 for p in xs]}),
        (
            "maximum",
            size,
            lambda: x.maximum(y),
            {
                "comprehension": lambda: [p if p > q else q for p, q in zip(xs, ys, strict=True)],
                "map": lambda: list(map(max, xs, ys)),
            },
        ),
        ("x > y", size, lambda: x > y, {"comprehension": lambda: [p > q for p, q in zip(xs, ys, strict=True)]}),
        ("sum", size, x.sum, {"sum": lambda: sum(xs)}),
        (
            "sum(axis=1)",
            size,
            lambda: x.sum(axis=1),
            {"sum": lambda: [sum(xs[i : i + COLUMNS]) for i in range(0, size, COLUMNS)]},
        ),
        (
            "sum(axis=0)",
            size,
            lambda: x.sum(axis=0),
            {"columns": lambda: [sum(xs[i::COLUMNS]) for i in range(COLUMNS)]},
        ),
        ("max", size, x.max, {"max": lambda: max(xs)}),
        (
            "max(axis=1)",
            size,
            lambda: x.max(axis=1),
            {"max": lambda: [max(xs[i : i + COLUMNS]) for i in range(0, size, COLUMNS)]},
        ),
        (
            "argmax(axis=1)",
            size,
            lambda: x.argmax(axis=1),
            {"index": lambda: [(row := xs[i : i + COLUMNS]).index(max(row)) for i in range(0, size, COLUMNS)]},
        ),
        (
            "mean(axis=1)",
            size,
            lambda: x.mean(axis=1),
            {"sum": lambda: [sum(xs[i : i + COLUMNS]) / COLUMNS for i in range(0, size, COLUMNS)]},
        ),
        ("var(axis=1)", size, lambda: x.var(axis=1), {"loop": variance}),
        ("softmax", size, x.softmax, {"loop": softmax}),
        ("log_softmax", size, x.log_softmax, {"loop": log_softmax}),
        (
            "x.T",
            size,
            lambda: x.T,
            {"slices": lambda: list(chain.from_iterable([xs[i::COLUMNS] for i in range(COLUMNS)]))},
        ),
        ("x @ w", ROWS * DEPTH * 32, lambda: m @ w, {"sum of map": multiplied}),
    ]


def main() -> None:
    """Measure and print."""
    print(describe())
    worst = 0.0
    lines: list[tuple[str, ...]] = [("", "ns an element", "idiom", "", "ratio")]
    for name, count, ours, idioms in cases():
        seconds = in_turns({"": ours, **idioms}, repeats=REPEATS, collect=False, pick=min)
        best = min(idioms, key=seconds.__getitem__)
        a, b = seconds[""] / count * 1e9, seconds[best] / count * 1e9
        lines.append((name, f"{a:.1f}", f"{b:.1f}", best, f"{a / b:.2f}"))
        worst = max(worst, a / b)
    print(table(lines))
    print(f"the worst ratio is {worst:.2f}")


if __name__ == "__main__":
    main()

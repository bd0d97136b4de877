"""A chain of a million nodes: forward, backward and release, beside a chain of ten thousand.

Run it with ``python tests/benchmarks/engine_chain.py`` from the repository; it takes about half a minute and 500 MB.
The aims are no recursion, a time per node within 1.5 times of the short chain's, and nothing alive
afterwards.

Graphs have no cycles, so Python's cyclic collector has nothing to find in them; but while a long graph grows, its full
passes go over every live object again and again (about five times each), whatever library made them. Programs with
graphs of that size do well to switch it off (``gc.disable()``) or to let it come less often (``gc.set_threshold``); all
three are measured.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from machine import describe
from sides import table

from tinygrad_lists import Value

LONG, SHORT, REPEATS = 1_000_000, 10_000, 5


def chain(nodes: int) -> tuple[float, float, float]:
    """Seconds for forward, backward and release of a chain ``y = y * 1.0000001``."""
    factor = Value(1.0000001, requires_grad=False)
    x = Value(1.0)
    start = time.perf_counter()
    y = x
    for _ in range(nodes):
        y = y * factor
    forward = time.perf_counter()
    y.backward()
    backward = time.perf_counter()
    assert x.grad is not None
    del x, y
    return forward - start, backward - forward, time.perf_counter() - backward


def alive() -> int:
    """How many Values there are."""
    return sum(1 for o in gc.get_objects() if type(o) is Value)


def measure(nodes: int, times: int) -> list[float]:
    """Nanoseconds a node, for each part and all together."""
    parts = [sum(column) for column in zip(*(chain(nodes) for _ in range(times)), strict=True)]
    return [seconds / (nodes * times) * 1e9 for seconds in (*parts, sum(parts))]


def main() -> None:
    """Measure and print."""
    print(describe())
    print(f"recursion limit {sys.getrecursionlimit()}")
    usual = gc.get_threshold()
    for collector, threshold in (("on", usual), ("on, coming less often", (100_000, 50, 100)), ("off", (0, 0, 0))):
        gc.collect()
        gc.set_threshold(*threshold)
        before = alive()
        runs: dict[int, list[list[float]]] = {SHORT: [], LONG: []}
        for _ in range(REPEATS):
            runs[SHORT].append(measure(SHORT, LONG // SHORT // 10))
            runs[LONG].append(measure(LONG, 1))
        left = alive() - before
        gc.set_threshold(*usual)
        medians = {n: [statistics.median(column) for column in zip(*rows, strict=True)] for n, rows in runs.items()}
        print(f"\ncyclic collector {collector}: {left} Values alive afterwards")
        rows: list[tuple[str, ...]] = [("ns a node", "forward", "backward", "release", "all")]
        rows += [(f"{n:,}", *(f"{v:.0f}" for v in values)) for n, values in medians.items()]
        ratios = [long / short for long, short in zip(medians[LONG], medians[SHORT], strict=True)]
        rows.append(("ratio", *(f"{r:.2f}" for r in ratios)))
        print(table(rows))


if __name__ == "__main__":
    main()

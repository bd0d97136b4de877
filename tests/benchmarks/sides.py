"""Timing several ways of doing one thing, fairly: in turns, in one process, each by its median or its best time."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

__all__ = ["in_turns", "table"]


def in_turns(
    sides: Mapping[str, Callable[[], object]],
    repeats: int = 7,
    collect: bool = True,
    pick: Callable[[Sequence[float]], float] = statistics.median,
) -> dict[str, float]:
    """Median seconds of each side. The sides take turns, so that a slow moment of the machine hits all of them; what
    one leaves behind is collected before the next begins, outside of the measured time.

    With ``pick=min`` the best time of each: for what is over in a millisecond, where other programs on the machine only
    ever add.
    """
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats + 1):
        for name, run in sides.items():
            if collect:
                gc.collect()
            start = time.perf_counter()
            left = run()
            seconds = time.perf_counter() - start
            del left
            if turn:  # the first turn warms up caches and generated code
                times[name].append(seconds)
    return {name: pick(measured) for name, measured in times.items()}


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows of text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )

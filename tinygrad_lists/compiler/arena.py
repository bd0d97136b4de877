"""Where buffers lie: two may share memory when one is done with before the other begins."""

from __future__ import annotations

from collections.abc import Sequence

from .emit import Kernel
from .layout import Layout
from .program import Node

__all__ = ["offsets_of"]


def offsets_of(layout: Layout, kernels: Sequence[tuple[Kernel, int]], width: int) -> tuple[dict[Node, int], int]:
    """Byte offsets of all stored nodes in one arena, and its size.

    Args:
        kernels: in the order in which they run, with their stages.
        width: bytes of a number.
    """
    first: dict[Node, int] = {}
    last: dict[Node, int] = {}
    for time, (kernel, _) in enumerate(kernels):
        for node in [*kernel.writes, *kernel.reads]:
            if node in layout.stored:
                first.setdefault(node, time)
                last[node] = time
    if layout.chunks > 1:
        times = [time for time, (_, stage) in enumerate(kernels) if stage == 1]
        for node in first:
            # What lives across the chunks lives through all of them.
            crosses = layout.batch[node] is None and first[node] <= times[-1] and last[node] >= times[0]
            if crosses:
                first[node], last[node] = min(first[node], times[0]), max(last[node], times[-1])
    placed: list[tuple[int, int, Node]] = []
    offsets: dict[Node, int] = {}
    top = 0
    for node in sorted(first, key=lambda n: (-layout.elements(n), n.number)):
        # Vectors may reach over the end, by less than one.
        size = (layout.elements(node) * width + 64 + 63) // 64 * 64
        at = 0
        for begin, end, other in sorted(placed, key=lambda p: p[:2]):
            if last[other] < first[node] or first[other] > last[node]:
                continue
            if begin >= at + size:
                break
            at = max(at, end)
        placed.append((at, at + size, node))
        offsets[node] = at
        top = max(top, at + size)
    return offsets, top

"""On which layer each item stands: below everything that leads to it, and leaves close to what they are used for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heapify, heappop, heappush

__all__ = ["ranks", "topological"]


def topological(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Items 0 ... count - 1 with every edge leading from an earlier to a later one; smaller numbers first (Kahn, 1962).

    Raises ValueError for a cycle.

    >>> topological(3, [(2, 0), (0, 1)])
    [2, 0, 1]
    """
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for a, b in edges:
        after[a].append(b)
        waiting[b] += 1
    ready = [i for i in range(count) if not waiting[i]]
    heapify(ready)
    order = []
    while ready:
        a = heappop(ready)
        order.append(a)
        for b in after[a]:
            waiting[b] -= 1
            if not waiting[b]:
                heappush(ready, b)
    if len(order) < count:
        raise ValueError("layout: the graph has a cycle")
    return order


def ranks(
    count: int, edges: Iterable[tuple[int, int]], first: Collection[int] = (), last: Collection[int] = ()
) -> list[int]:
    """The layer of each item: the longest way to it, but items with more ways out than in stand as low as they can.

    Items of `first` stand above all others, those of `last` below.

    >>> ranks(4, [(0, 1), (1, 2), (3, 2)])
    [0, 1, 2, 1]
    """
    distinct = list(dict.fromkeys(edges))
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in distinct:
        after[a].append(b)
        before[b].append(a)
    order = topological(count, distinct)
    rank = [0] * count
    for b in order:
        rank[b] = max((rank[a] + 1 for a in before[b]), default=0)
    for a in reversed(order):
        if after[a] and len(after[a]) > len(before[a]):
            rank[a] = min(rank[b] for b in after[a]) - 1
    fixed = {*first, *last}
    inner = [rank[i] for i in range(count) if i not in fixed]
    low, high = min(inner, default=0), max(inner, default=0)
    for i in first:
        rank[i] = low - 1
    for i in last:
        rank[i] = high + 1
    lowest = min(rank, default=0)
    return [r - lowest for r in rank]

"""Where on its layer each item stands: near its neighbours, in order, without overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Tie", "place"]

_SWEEPS = 10


class Tie(NamedTuple):
    """A link that pulls two items of neighbouring layers towards each other; offsets are from their centres."""

    above: int
    below: int
    at_above: float
    at_below: float
    weight: float


def place(
    layers: Sequence[Sequence[int]],
    widths: Sequence[float],
    gaps: Sequence[float],
    ties: Sequence[Tie],
    chains: Iterable[Sequence[int]] = (),
) -> list[float]:
    """Centres of the items, from 0 on.

    Layer by layer, down and up again, each item wants to stand at the weighted mean of what its neighbours say; the
    nearest places (in squares) that keep the order and the gaps are found by pooling neighbours that would overlap.

    Args:
        gaps: free space around each item; of two neighbours the larger counts.
        chains: items that belong below each other, the bends of a long line; made straight where there is room.
    """
    above: list[list[Tie]] = [[] for _ in widths]
    below: list[list[Tie]] = [[] for _ in widths]
    for tie in ties:
        above[tie.below].append(tie)
        below[tie.above].append(tie)
    x = [0.0] * len(widths)
    for layer in layers:
        _pack(layer, widths, gaps, x)
    for sweep in range(_SWEEPS):
        both = sweep >= _SWEEPS - 4
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wanted, weights = [], []
            for item in layer:
                total = weight = 0.0
                if down or both:
                    for tie in above[item]:
                        total += tie.weight * (x[tie.above] + tie.at_above - tie.at_below)
                        weight += tie.weight
                if not down or both:
                    for tie in below[item]:
                        total += tie.weight * (x[tie.below] + tie.at_below - tie.at_above)
                        weight += tie.weight
                wanted.append(total / weight if weight else x[item])
                weights.append(weight or 0.01)
            _settle(layer, widths, gaps, wanted, weights, x)
    _straighten(layers, widths, gaps, chains, x)
    left = min((x[i] - widths[i] / 2 for layer in layers for i in layer), default=0.0)
    return [v - left for v in x]


def _straighten(
    layers: Sequence[Sequence[int]],
    widths: Sequence[float],
    gaps: Sequence[float],
    chains: Iterable[Sequence[int]],
    x: list[float],
) -> None:
    """Move each chain to as few places as possible: as long as there is one that is free on all layers, the next of it
    stays below."""
    left: dict[int, int] = {}
    right: dict[int, int] = {}
    for layer in layers:
        for a, b in pairwise(layer):
            right[a], left[b] = b, a

    def room(a: int, b: int) -> float:
        return (widths[a] + widths[b]) / 2 + max(gaps[a], gaps[b])

    for chain in chains:
        run: list[int] = []
        low, high = -math.inf, math.inf
        for i in chain:
            least = x[left[i]] + room(left[i], i) if i in left else -math.inf
            most = x[right[i]] - room(i, right[i]) if i in right else math.inf
            if max(low, least) > min(high, most):
                _align(run, low, high, x)
                run, low, high = [], -math.inf, math.inf
            run.append(i)
            low, high = max(low, least), min(high, most)
        _align(run, low, high, x)


def _align(run: Sequence[int], low: float, high: float, x: list[float]) -> None:
    """Put all of a run at one place between two limits, as near as possible to the middle of where they are."""
    if len(run) > 1:
        middle = sorted(x[i] for i in run)[len(run) // 2]
        for i in run:
            x[i] = min(max(middle, low), high)


def _pack(layer: Sequence[int], widths: Sequence[float], gaps: Sequence[float], x: list[float]) -> None:
    """Side by side, the middle at 0."""
    at, previous = 0.0, None
    for item in layer:
        if previous is not None:
            at += (widths[previous] + widths[item]) / 2 + max(gaps[previous], gaps[item])
        x[item] = at
        previous = item
    for item in layer:
        x[item] -= at / 2


def _settle(
    layer: Sequence[int],
    widths: Sequence[float],
    gaps: Sequence[float],
    wanted: Sequence[float],
    weights: Sequence[float],
    x: list[float],
) -> None:
    """Weighted least squares under order and distance: isotonic regression by pooling adjacent violators."""
    shift, previous = 0.0, None
    shifts = []
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for item, want, weight in zip(layer, wanted, weights, strict=True):
        if previous is not None:
            shift += (widths[previous] + widths[item]) / 2 + max(gaps[previous], gaps[item])
        shifts.append(shift)
        previous = item
        mean, count = want - shift, 1
        while pools and pools[-1][0] > mean:
            other, heavy, many = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight += heavy
            count += many
        pools.append((mean, weight, count))
    i = 0
    for mean, _, count in pools:
        for _ in range(count):
            x[layer[i]] = mean + shifts[i]
            i += 1

"""In which order items stand on their layers: with few crossings (Sugiyama, Tagawa, Toda, 1981)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["crossings", "reduce_crossings"]

#: A link between neighbouring layers: item above, item below, and where it is attached, from -½ (left) to ½ (right).
Link = tuple[int, int, float, float]

_SWEEPS = 12

#: Neighbours are exchanged where that helps only in graphs of up to so many links; it costs much in larger ones.
_EXCHANGES = 1500


def reduce_crossings(layers: list[list[int]], links: Sequence[Link]) -> None:
    """Order the items of each layer, in place: sweep down and up, each item at the mean place of its neighbours, and
    keep the best."""
    above: dict[int, list[tuple[int, float]]] = {}
    below: dict[int, list[tuple[int, float]]] = {}
    for a, b, at_a, at_b in links:
        above.setdefault(b, []).append((a, at_a))
        below.setdefault(a, []).append((b, at_b))
    place = {item: float(i) for layer in layers for i, item in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], crossings(layers, links)
    idle = 0
    for sweep in range(_SWEEPS):
        if not fewest or idle == 4:
            break
        down = sweep % 2 == 0
        for layer in layers[1:] if down else layers[-2::-1]:
            _by_means(layer, above if down else below, place)
        if len(links) <= _EXCHANGES:
            _exchange(layers, above, below, place)
        count = crossings(layers, links)
        idle += 1
        if count < fewest:
            best, fewest, idle = [list(layer) for layer in layers], count, 0
    layers[:] = best


def _by_means(layer: list[int], neighbours: dict[int, list[tuple[int, float]]], place: dict[int, float]) -> None:
    """Sort a layer by the mean places of its items' neighbours; an item without any keeps its place."""
    wanted = {}
    for i, item in enumerate(layer):
        found = neighbours.get(item)
        wanted[item] = sum(place[other] + at for other, at in found) / len(found) if found else float(i)
    layer.sort(key=wanted.__getitem__)
    for i, item in enumerate(layer):
        place[item] = float(i)


def _exchange(
    layers: list[list[int]],
    above: dict[int, list[tuple[int, float]]],
    below: dict[int, list[tuple[int, float]]],
    place: dict[int, float],
) -> None:
    """Exchange neighbours on a layer where that spares crossings."""
    for layer in layers:
        for i in range(len(layer) - 1):
            left, right = layer[i], layer[i + 1]
            now = _crossings_of(left, right, above, place) + _crossings_of(left, right, below, place)
            then = _crossings_of(right, left, above, place) + _crossings_of(right, left, below, place)
            if then < now:
                layer[i], layer[i + 1] = right, left
                place[left], place[right] = float(i + 1), float(i)


def _crossings_of(
    left: int, right: int, neighbours: dict[int, list[tuple[int, float]]], place: dict[int, float]
) -> int:
    lefts = [place[other] + at for other, at in neighbours.get(left, ())]
    rights = [place[other] + at for other, at in neighbours.get(right, ())]
    return sum(a > b for a in lefts for b in rights)


def crossings(layers: Sequence[Sequence[int]], links: Sequence[Link]) -> int:
    """How many pairs of links cross: inversions, counted in n log n with a tree of sums (Barth, Mutzel, Jünger, 2004).

    >>> crossings([[0, 1], [2, 3]], [(0, 3, 0.0, 0.0), (1, 2, 0.0, 0.0)])
    1
    """
    place = {item: i for layer in layers for i, item in enumerate(layer)}
    level = {item: i for i, layer in enumerate(layers) for item in layer}
    by_layer: list[list[tuple[float, float]]] = [[] for _ in layers]
    for a, b, at_a, at_b in links:
        by_layer[level[a]].append((place[a] + at_a, place[b] + at_b))
    return sum(_inversions(pairs) for pairs in by_layer)


def _inversions(pairs: list[tuple[float, float]]) -> int:
    if len(pairs) < 2:
        return 0
    pairs.sort()
    ends = {end: i + 1 for i, end in enumerate(sorted({end for _, end in pairs}))}
    tree = [0] * (len(ends) + 1)
    total = 0
    for seen, (_, end) in enumerate(pairs):
        i = ends[end]
        total += seen
        while i:
            total -= tree[i]
            i &= i - 1
        i = ends[end]
        while i < len(tree):
            tree[i] += 1
            i += i & -i
    return total

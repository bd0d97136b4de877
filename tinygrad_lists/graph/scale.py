"""Magnitudes of gradients as colours, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from .model import Graph

__all__ = ["STOPS", "Scale", "magnitude_scale"]

#: From small to large: cividis (Nuñez, Anderton, Renslow, 2018), made to look the same to the colour-blind.
STOPS = ("#00224e", "#2b446e", "#575d6d", "#7d7c78", "#a59c74", "#d2c060", "#fee838")

#: More decades than this are not told apart.
_DECADES = 12


class Scale(NamedTuple):
    """From ``10**low`` to ``10**high``."""

    low: int
    high: int

    def share(self, magnitude: float) -> float:
        """Place on the scale, from 0 to 1; what lies outside goes to the end."""
        if magnitude <= 0:
            return 0.0
        return min(1.0, max(0.0, (math.log10(magnitude) - self.low) / (self.high - self.low)))

    def colour(self, magnitude: float) -> str:
        """A colour as ``#rrggbb``.

        >>> Scale(-3, 0).colour(1.0), Scale(-3, 0).colour(0.001)
        ('#fee838', '#00224e')
        """
        place = self.share(magnitude) * (len(STOPS) - 1)
        i = min(int(place), len(STOPS) - 2)
        return _between(STOPS[i], STOPS[i + 1], place - i)


def _between(a: str, b: str, share: float) -> str:
    pairs = [(int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def magnitude_scale(graph: Graph) -> Scale | None:
    """The decades in which the gradients of a graph lie; None if there is no gradient that is not 0.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> magnitude_scale(capture(Value(2.0) * 30))
    Scale(low=0, high=2)
    """
    return _scale(node.grad.magnitude for node in graph.nodes if node.grad is not None)


def _scale(magnitudes: Iterable[float]) -> Scale | None:
    found = [m for m in magnitudes if m > 0 and math.isfinite(m)]
    if not found:
        return None
    high = math.ceil(math.log10(max(found)))
    low = max(math.floor(math.log10(min(found))), high - _DECADES)
    return Scale(min(low, high - 1), high)

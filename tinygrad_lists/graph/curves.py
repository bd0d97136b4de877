"""Smooth lines through the points of a layout."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["curve"]


def curve(points: Sequence[tuple[float, float]], across: bool = False) -> str:
    """A smooth line that leaves the source and enters the target in the direction of flow.

    Args:
        points: in the direction of flow.
        across: whether that is to the right, not down.

    Returns:
        The data of an SVG path. Between the points runs a monotone cubic (Fritsch and Carlson, SIAM J. Numer. Anal. 17,
        1980): its slopes are such that it bends no more than the points do, and so stays in its lane. Where it runs in
        the direction of flow its handles are longer, which makes rounder corners.

    >>> curve([(0.0, 0.0), (0.0, 10.0), (6.0, 16.0)])
    'M0.0 0.0L0.0 10.0C0.0 13.0 6.0 13.0 6.0 16.0'
    """
    turned = [(y, x) if across else (x, y) for x, y in points]
    slopes = _slopes(turned)
    (x, y), *others = turned
    parts = [f"M{_pair(x, y, across)}"]
    for i, (to_x, to_y) in enumerate(others):
        if x == to_x or y == to_y:
            parts.append(f"L{_pair(to_x, to_y, across)}")
        else:
            start, stop = slopes[i], slopes[i + 1]
            out, back = ((to_y - y) / (3 if slope else 2) for slope in (start, stop))
            first = _pair(x + start * out, y + out, across)
            second = _pair(to_x - stop * back, to_y - back, across)
            parts.append(f"C{first} {second} {_pair(to_x, to_y, across)}")
        x, y = to_x, to_y
    return "".join(parts)


def _slopes(points: Sequence[tuple[float, float]]) -> list[float]:
    """How much x grows with y at each point; 0 at the ends, and where the line turns or runs straight."""
    steps = [(to_y - y, to_x - x) for (x, y), (to_x, to_y) in pairwise(points)]
    slopes = [0.0]
    for (h, d), (next_h, next_d) in pairwise(steps):
        if d * next_d <= 0 or not h or not next_h:
            slopes.append(0.0)
        else:  # a harmonic mean, weighted by length
            a, b = 2 * next_h + h, next_h + 2 * h
            slopes.append((a + b) / (a * h / d + b * next_h / next_d))
    return [*slopes, 0.0]


def _pair(x: float, y: float, across: bool) -> str:
    return f"{y:.1f} {x:.1f}" if across else f"{x:.1f} {y:.1f}"

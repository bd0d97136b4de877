"""Whether a difference is no mistake but another choice at a kink: ReLU at 0, equal maxima in a pooling window.

At a kink every number between the one-sided slopes is a subgradient, and a gradient computed with any of them is as
right as another. So a candidate may choose otherwise than the engine (slope 0 at 0, all to the first maximum), as long
as what it returns is a subgradient: each gradient between 0 and the upstream one, and in pooling the shares of equal
maxima adding up to the whole. Gradients given twice, or to a number that is no maximum, are no choice but a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layers import MaxPool2d, ReLU
from .automatic import Trace
from .windows import windows_of

__all__ = ["explained"]


def explained(trace: Trace, handwritten: Sequence[Any], wrong: Sequence[int], slack: Sequence[float]) -> set[int]:
    """Those positions of an input gradient's `wrong` ones that another choice at a kink explains.

    Args:
        handwritten: the input gradient, flat.
        wrong: the positions where it differs beyond rounding.
        slack: rounding bound of each position.

    >>> from nn import ReLU
    >>> from nn.compare.automatic import run_layer
    >>> from nn.compare.tensors import Tensor
    >>> trace = run_layer("0", ReLU(), Tensor([0.0, 0.0, 1.0], (1, 3)), Tensor([5.0, 5.0, 5.0], (1, 3)))
    >>> sorted(explained(trace, [5.0, 6.0, 0.0], [0, 1, 2], [0.0, 0.0, 0.0]))  # 6 is steeper than any slope
    [0]
    """
    if isinstance(trace.module, ReLU):
        return {i for i in wrong if trace.x.flat[i] == 0 and _share(handwritten[i], trace.g.flat[i], slack[i])}
    if isinstance(trace.module, MaxPool2d):
        return _other_maxima(trace, handwritten, set(wrong), slack)
    return set()


def _share(part: Any, whole: Any, slack: float) -> bool:
    """Whether `part` lies between 0 and `whole`."""
    return bool(min(0, whole) - slack <= part <= max(0, whole) + slack)


def _other_maxima(trace: Trace, h: Sequence[Any], wrong: set[int], slack: Sequence[float]) -> set[int]:
    """Windows with equal maxima, joined where they overlap: in each group the same total must be handed out, to maxima
    only, and to none more than the windows in which it is one have to give."""
    module = trace.module
    assert isinstance(module, MaxPool2d)
    x, g, right = trace.x.flat, trace.g.flat, trace.gx.flat
    group: dict[int, int] = {}
    members: dict[int, set[int]] = {}
    low: dict[int, Any] = {}
    high: dict[int, Any] = {}
    for window, u in zip(windows_of(module, trace.x.shape), g, strict=True):
        best = max(x[i] for i in window)
        tied = [i for i in window if x[i] == best]
        for i in tied:
            low[i] = low.get(i, 0) + min(0, u)
            high[i] = high.get(i, 0) + max(0, u)
        if len(tied) > 1:
            joined = set(tied).union(*(members.pop(group[i]) for i in tied if group.get(i, -1) in members))
            members[tied[0]] = joined
            group.update(dict.fromkeys(joined, tied[0]))
    found: set[int] = set()
    for positions in members.values():
        if not positions & wrong:
            continue
        given, due = sum(h[i] for i in positions), sum(right[i] for i in positions)
        spare = 4 * sum(slack[i] for i in positions) + 2.0**-50 * float(sum(abs(right[i]) for i in positions))
        fits = all(low[i] - slack[i] - spare <= h[i] <= high[i] + slack[i] + spare for i in positions)
        if fits and abs(given - due) <= spare:
            found |= positions & wrong
    return found

"""Deterministic initial weights, equation (3)."""

from __future__ import annotations

import math

from nn.handwritten.nested import Nested

__all__ = ["sine"]


def sine(shape: tuple[int, ...], alpha: float, beta: float, gamma: float, start: int = 0) -> Nested:
    """Return weights of `shape` by equation (3): w_i = sin(alpha * index_i + beta) * gamma.

    Indices run row by row from `start`; go on counting in the next layer and each weight of the network has its own.
    Deterministic is not random: sin(a + b) = sin a cos b + cos a sin b, so a matrix of these weights (filters by taps,
    inputs by outputs) has rank 2 at most, until training changes it.

    >>> sine((2, 2), alpha=math.pi / 2, beta=math.pi / 2, gamma=0.5)[0][0]
    0.5
    >>> sine((2, 3), 1.0, 0.0, 1.0)[1] == [math.sin(3), math.sin(4), math.sin(5)]
    True
    """
    if not shape:
        return math.sin(alpha * start + beta) * gamma
    step = math.prod(shape[1:])
    return [sine(shape[1:], alpha, beta, gamma, start + n * step) for n in range(shape[0])]

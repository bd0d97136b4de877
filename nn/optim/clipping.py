"""Gradient clipping, between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tinygrad_lists import Value, functions, no_grad

from ..checks import check_not_negative, check_number
from .groups import parameters_of

__all__ = ["clip_grad_norm", "clip_grad_value"]


def clip_grad_norm(parameters: Iterable[Value], max_norm: float, norm_type: float = 2.0) -> Value:
    """Scale all gradients together so that their common norm is at most `max_norm` (Pascanu, Mikolov, Bengio, 2013,
    algorithm 1):

        norm = (sum over all numbers of all gradients of |g|**p) ** (1 / p)
        g <- g · min(1, max_norm / (norm + 10**-6))

    The direction of the step stays. The 10**-6 is PyTorch's.

    Args:
        parameters: Values; those without a gradient are left out.
        max_norm: at least 0.
        norm_type: p, at least 1; ``math.inf`` for the largest absolute number.

    Returns:
        The norm before, as a Value: a number to log, and to look at, since nan here has spread to every gradient.

    Raises:
        ValueError: no parameters; max_norm or norm_type out of range.

    >>> w = Value([0.0, 0.0])
    >>> w.grad = [3.0, 4.0]
    >>> clip_grad_norm([w], max_norm=1.0).data
    5.0
    >>> [round(g, 6) for g in w.grad]
    [0.6, 0.8]
    """
    check_not_negative("clip_grad_norm", "max_norm", max_norm)
    check_number("clip_grad_norm", "norm_type", norm_type, at_least=1, infinite=True)
    with no_grad():
        found = [(p, g) for p in parameters_of("clip_grad_norm", parameters) if (g := p.grad_value) is not None]
        if not found:
            return Value(0.0, requires_grad=False)
        norm = _norm([g for _, g in found], norm_type)
        million = 10**6  # whole numbers go with every kind of number, 1e-6 only with floats
        factor = functions.minimum(max_norm * million / (norm * million + 1), 1)
        for parameter, g in found:
            parameter.grad = g * factor
        return norm


def _norm(gradients: list[Value], p: float) -> Value:
    if p == math.inf:
        return functions.max(functions.stack([functions.max(functions.abs(g)) for g in gradients]))
    if p == 1:
        return functions.sum(functions.stack([functions.sum(functions.abs(g)) for g in gradients]))
    if p == 2:
        return functions.sqrt(functions.sum(functions.stack([functions.sum(g * g) for g in gradients])))
    return functions.sum(functions.stack([functions.sum(functions.abs(g) ** p) for g in gradients])) ** (1 / p)


def clip_grad_value(parameters: Iterable[Value], clip_value: float) -> None:
    """Limit each number of each gradient to ``[-clip_value, clip_value]``; the direction of the step changes.

    Raises:
        ValueError: no parameters, or a negative `clip_value`.

    >>> w = Value([0.0, 0.0])
    >>> w.grad = [3.0, -0.5]
    >>> clip_grad_value([w], 1.0)
    >>> w.grad
    [1.0, -0.5]
    """
    check_not_negative("clip_grad_value", "clip_value", clip_value)
    with no_grad():
        for parameter in parameters_of("clip_grad_value", parameters):
            g = parameter.grad_value
            if g is not None:
                parameter.grad = functions.clip(g, -clip_value, clip_value)

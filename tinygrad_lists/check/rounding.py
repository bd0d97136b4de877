"""How far rounding may have moved a gradient, and whether gradients can be differentiated along their cotangents.

Both look at the graph of a gradient, of which the cotangents are leaves like the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, getcontext
from fractions import Fraction
from operator import mul
from random import Random
from typing import Any

from .. import modes
from ..backward import gradients
from ..value import Value, constant
from .problem import RULE_ERRORS, Flat, Problem, UnableError, random_cotangent
from .slopes import is_finite

__all__ = ["largest_rounding", "lost_cotangent", "relative_rounding"]

Seeds = Sequence[Sequence[Value]]


def largest_rounding(
    problem: Problem,
    flats: Sequence[Flat],
    seeds: Seeds,
    convert: Callable[[Any], Any],
    weights: Sequence[Value],
) -> Any:
    """Bound for the rounding error of ``sum(gradient · weights)``, the gradient of order ``len(seeds)``.

    Each operation rounds its result v by up to ``u |v|``, and that moves the sum by the derivative of the sum for v: in
    total ``u Σ |v · dsum/dv|`` (Linnainmaa 1976). That is much more than u times the sum where terms cancel, as in
    1 - tanh(20)^2. 0 for Fractions, and where the gradient cannot be differentiated.
    """
    unit = _unit_roundoff(convert(1))
    if not unit:
        return unit
    leaves = [_leaves(level) for level in seeds]
    try:
        with modes.recording():
            outs = problem.level(flats, leaves, len(seeds), convert, graph=True)
            slopes = gradients(*_dependent(outs, weights))
    except (UnableError, *RULE_ERRORS):
        return 0 * unit
    total = 0 * unit
    for node, slope in slopes.items():
        if node.op is not None:
            flat = slope._flat() if isinstance(slope, Value) else [slope]
            total += sum(map(abs, map(mul, node._flat(), flat)))
    return total * unit


def lost_cotangent(problem: Problem, order: int, random: Random) -> str | None:
    """What is wrong with the derivatives of the gradient of order ``order - 1`` for its cotangents, if anything.

    ``φ = sum(gradient · weights)`` is linear in each cotangent u, so ``sum(dφ/du · u) = φ`` (Euler). A rule that
    detaches its cotangent has the right φ and a derivative of 0, and all that is differentiated through a gradient is
    wrong: jvp, and second derivatives of functions that go on from there.
    """
    kind, flats = problem.kind, problem.flats(problem.kind)
    levels: list[Any] = [problem.level(flats, [], 0, kind)] + [problem.variables] * (order - 1)
    *seeds, weights = (random_cotangent(level, random, kind) for level in levels)
    leaves = [_leaves(level) for level in seeds]
    with modes.recording():
        outs = problem.level(flats, leaves, len(leaves), kind, graph=True)
        slopes = gradients(*_dependent(outs, weights), targets=[u for level in leaves for u in level])
    phi = _dot(outs, weights, kind)
    for level in leaves:
        found = _dot([slopes.get(u, u * 0) for u in level], level, kind)
        difference = abs(found - phi)
        # Written so that NaN passes: where numbers are not finite nothing is told.
        if not is_finite(phi) or not difference > relative_rounding(kind) * max(abs(found), abs(phi)):
            continue
        if difference > 4 * largest_rounding(problem, flats, seeds, kind, weights):
            return (
                f"the gradient of order {order - 1} is linear in its cotangent, but its derivative for that is not the "
                f"gradient again: along the cotangent {found!r:.40} instead of {phi!r:.40}; is the cotangent detached, "
                f"or its .data used?"
            )
    return None


def _leaves(values: Sequence[Value]) -> list[Value]:
    made = [constant(v._flat() if v.shape else v._flat()[0], v.shape) for v in values]
    for v in made:
        v.requires_grad = True
    return made


def _dependent(outs: Sequence[Value], weights: Sequence[Value]) -> tuple[list[Value], list[Value]]:
    pairs = [(out, w) for out, w in zip(outs, weights, strict=True) if out.requires_grad]
    return [out for out, _ in pairs], [w for _, w in pairs]


def _dot(values: Sequence[Any], weights: Sequence[Value], convert: Callable[[Any], Any]) -> Any:
    total = convert(0)
    for v, w in zip(values, weights, strict=True):
        for term in map(mul, v._flat() if isinstance(v, Value) else [v], w._flat()):
            total += term
    return total


def _unit_roundoff(like: Any) -> Any:
    """Largest relative error of an operation on numbers of a kind; for elementary functions a few times as much."""
    if isinstance(like, Decimal):
        return Decimal(4).scaleb(-getcontext().prec)
    return Fraction(0) if isinstance(like, Fraction) else 2.0**-51


def relative_rounding(kind: type) -> Any:
    """Relative difference that rounding may make where nothing cancels."""
    return {"float": 1e-9, "complex": 1e-9}.get(kind.__name__, kind(1) / 10**20)

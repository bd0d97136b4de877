"""Which rule is to blame: every primitive of a recorded graph, checked alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

from .. import modes
from ..backward import gradients
from ..evaluation import as_value
from ..operations import apply
from ..value import Value
from .comparison import Comparison
from .oracles import ORACLES, Oracle
from .problem import RULE_ERRORS, Problem, UnableError, random_cotangent
from .report import GradientReport, Mismatch
from .rounding import lost_cotangent
from .slopes import is_finite

__all__ = ["Diagnosis", "candidates", "diagnose", "is_witness"]

#: Of nodes with the same operation, shapes and parameters only so many are checked.
_ALIKE = 3


class Diagnosis(NamedTuple):
    """The guilty row and what it does, if one was found; and whether any operation stands at a kink or jump."""

    row: str | None
    text: str
    at_kink: bool = False


def candidates(kind: type) -> list[Oracle]:
    """The oracles for numbers of a kind, best first."""
    if kind is float:
        return list(ORACLES.values())
    return [ORACLES[{Fraction: "fraction", Decimal: "decimal"}.get(kind, "central")]]


def diagnose(problem: Problem, order: int, random: Random) -> Diagnosis:
    """Look for a primitive whose rule is wrong by itself: first in its values, then in what they depend on."""
    nodes = list(_distinct(_nodes(problem, order, random)))
    at_kink = any(_jumps(node, random) for node in nodes if not node.requires_grad)
    for local_order in range(1, min(order, 2) + 1):
        for node in nodes:
            if not _checkable(node):
                continue
            found, kinks = _check_row(node, local_order, random)
            at_kink = at_kink or kinks > 0
            if found is not None:
                assert node.op is not None
                return Diagnosis(node.op.name, found, at_kink)
    return Diagnosis(None, "", at_kink)


def is_witness(oracle: Oracle, problem: Problem, order: int, random: Random) -> bool:
    """Whether an oracle can tell the slope of every operation here, and agrees with its rule.

    Steps beside 10^20 are so large that it is no witness against rules that are right by themselves: floor is the
    identity for it there, and the sine is noise.
    """
    for node in _distinct(_nodes(problem, order, random)):
        if _checkable(node):
            report = GradientReport(oracle.name, 1)
            comparison = Comparison(Problem(_alone(node), node.inputs), 1, oracle, random, report)
            wrong = next(comparison.mismatches(24, random), None)
            if wrong or not (report.comparisons or report.kinks):
                return False
    return True


def _checkable(node: Value) -> bool:
    return node.requires_grad and all(is_finite(v) for x in (node, *node.inputs) for v in x._flat())


def _nodes(problem: Problem, order: int, random: Random) -> Iterator[Value]:
    """The operations of the function, and of as much of its gradients as can be computed; oldest first."""
    kind = problem.kind
    variables = problem.values(problem.flats(kind), requires_grad=True)
    with modes.recording():
        current = problem.call(variables, kind)
        outs = list(current)
        for _ in range(order - 1):
            try:
                seeds = random_cotangent(current, random, kind)
                found = gradients(current, seeds, create_graph=True, targets=variables)
            except RULE_ERRORS:
                break
            current = [as_value(found.get(v), v) for v in variables]
            outs += current
    seen = set(outs)
    stack = list(outs)
    while stack:
        for x in stack.pop().inputs:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    yield from sorted((v for v in seen if v.op is not None), key=lambda v: v._serial)


def _distinct(nodes: Iterable[Value]) -> Iterator[Value]:
    counted: dict[Any, int] = {}
    for node in nodes:
        key = (node.op, *(x.shape for x in node.inputs), repr(node.params))
        counted[key] = counted.get(key, 0) + 1
        if counted[key] <= _ALIKE:
            yield node


def _alone(node: Value) -> Callable[..., Value]:
    assert node.op is not None
    op, params = node.op, node.params
    return lambda *inputs: apply(op, *inputs, **params)


def _check_row(node: Value, order: int, random: Random) -> tuple[str | None, int]:
    """What is wrong with the rule of one node, if anything, and how many kinks it stands at."""
    problem = Problem(_alone(node), node.inputs)
    shapes = ", ".join(str(x.shape) for x in node.inputs)
    kinks = 0
    for oracle in candidates(problem.kind):
        report = GradientReport(oracle.name, order)
        try:
            with oracle.context():
                comparison = Comparison(problem, order, oracle, random, report)
                found: Mismatch | None = next(comparison.mismatches(24, random, strict=True), None)
                if found is None and oracle.kind is not float and problem.kind is float and oracle.name != "complex":
                    found = next(comparison.doubtful_floats(), None)
        except UnableError:
            continue
        except RULE_ERRORS as error:
            return f"its rule raises {type(error).__name__}: {error}", kinks
        kinks = report.kinks
        if found is None and order > 1:
            lost = lost_cotangent(problem, order, random)
            if lost is not None:
                return lost, kinks
        if found is not None:
            label = found.input.replace("argument", "input")
            return f"on inputs {shapes}, {str(found).replace(found.input, label)}", kinks
        if report.comparisons or report.kinks:
            return None, kinks
    return None, kinks


def _jumps(node: Value, random: Random) -> bool:
    """Whether an index or truth value changes when its inputs move by next to nothing."""
    run = _alone(node)
    for _ in range(4):
        moved = []
        for x in node.inputs:
            if x.size and type(x._flat()[0]) is float:
                flat = [v + random.choice((-1, 1)) * 1e-9 * max(1.0, abs(v)) for v in x._flat()]
                twin = x.detach()
                twin._data = flat if x.shape else flat[0]
                moved.append(twin)
            else:
                moved.append(x.detach())
        with modes.no_grad():
            if run(*moved)._data != node._data:
                return True
    return False

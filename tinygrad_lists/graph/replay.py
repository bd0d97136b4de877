"""The backward pass once more, with every contribution kept: what the chain rule did on each edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import add
from types import FunctionType
from typing import Any, NamedTuple

from .. import modes
from ..backward import gradients
from ..number_kinds import one_like
from ..value import Value, constant
from .summary import Summary

__all__ = ["RULE_ERRORS", "Contribution", "Replay", "local_derivatives", "replay"]


#: What a rule raises that cannot differentiate, or is wrong about shapes or kinds of number.
RULE_ERRORS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)


class Contribution(NamedTuple):
    """What one rule sent to one input: the data, the sum so far if there was one, and its place in the whole order."""

    data: Any
    total: Any
    order: int


class Replay:
    """A backward pass: gradients of the nodes, and the contributions of each step by input position."""

    def __init__(self) -> None:
        self.seeds: list[tuple[Value, Value]] = []
        self.gradients: dict[Value, Any] = {}
        self.steps: list[tuple[Value, list[Contribution | None]]] = []
        self.found: dict[Value, Any] = {}


def replay(outputs: Sequence[Value], seeds: Sequence[Value], create_graph: bool = False, watch: Any = None) -> Replay:
    """Run `backward.gradients` and keep what it does; nobody's ``.grad`` changes. Raises what it raises."""
    done = Replay()
    seen: list[tuple[Value, list[Any]]] = []

    def observe(node: Value, g: Any, contributions: list[Any]) -> None:
        seen.append((node, [c._data if isinstance(c, Value) else c for c in contributions]))
        if watch is not None:
            watch(node, g, contributions)

    # To look at NaN is one reason to draw, so that it is no error here.
    with modes.setting(anomaly=None, source=False, scope=()):
        done.found = gradients(outputs, seeds, create_graph=create_graph, observe=observe, bare=watch is None)
    done.gradients = {v: g._data if isinstance(g, Value) else g for v, g in done.found.items()}
    totals: dict[Value, Any] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        if output in done.found:
            done.seeds.append((output, seed))
            _accumulate(totals, output, seed._data)
    order = 0
    for node, sent in seen:
        kept: list[Contribution | None] = []
        for x, data in zip(node.inputs, sent, strict=True):
            if data is None:
                kept.append(None)
                continue
            kept.append(Contribution(data, _accumulate(totals, x, data), order))
            order += 1
        done.steps.append((node, kept))
    return done


def _accumulate(totals: dict[Value, Any], x: Value, data: Any) -> Any:
    """Add as the engine does, in its order; the new sum, or None for the first."""
    before = totals.get(x)
    if before is None:
        totals[x] = data
        return None
    total = list(map(add, before, data)) if x.shape else before + data
    totals[x] = total
    return total


def local_derivatives(node: Value) -> list[Summary | None]:
    """Derivative of an elementwise operation with respect to each input: what its rule makes of a gradient of one.

    None for every input if the operation is not elementwise, and for inputs that want no gradient or get none.
    """
    op = node.op
    if op is None or op.scalar is None or op.vjp is None or 0 in node.shape:
        return [None] * len(node.inputs)
    try:
        return _locals(node, op.vjp)
    except RULE_ERRORS:  # a derivative that this kind of number does not have
        return [None] * len(node.inputs)


def _locals(node: Value, vjp: Callable[..., tuple[Any, ...]]) -> list[Summary | None]:
    if not node.shape:
        try:
            rows = vjp(one_like(node._data), node._data, *[x._data for x in node.inputs])
            entries = [row() if row.__class__ is FunctionType else row for row in rows]
            return [
                None if entry is None or not x.requires_grad else Summary(entry, ())
                for x, entry in zip(node.inputs, entries, strict=True)
            ]
        except ArithmeticError:
            pass  # plain arithmetic gives up (1.0 / 0.0) where Values know the IEEE answer
    one = one_like(node._flat()[0])
    ones = constant([one] * node.size if node.shape else one, node.shape)
    with modes.setting(recording=False, anomaly=None):
        rows = vjp(ones, node, *node.inputs)
        values = [row() if row.__class__ is FunctionType else row for row in rows]
    return [
        None if v is None or not x.requires_grad else Summary(v._data, v.shape)
        for x, v in zip(node.inputs, values, strict=True)
    ]

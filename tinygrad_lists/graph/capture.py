"""From Values to the Graph: the one place where pictures look at the engine. No recursion over graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import PurePath
from typing import Any

from ..backward import seed_for
from ..hooks import hooks_of
from ..value import Value
from .collector import pause_collector
from .flows import Flows
from .formulas import op_text
from .groups import Grouping, Phases
from .model import Edge, Graph, Line, Node, OpText, Step
from .replay import RULE_ERRORS, Replay, local_derivatives, replay
from .summary import Summary

__all__ = ["Outputs", "ancestors", "build", "capture", "named_outputs"]

Outputs = Value | Sequence[Value] | Mapping[str, Value]

_serial = attrgetter("_serial")


def capture(
    outputs: Outputs,
    *,
    gradient: Any = None,
    gradients: bool = True,
    names: Mapping[str, Value] | None = None,
    title: str = "",
) -> Graph:
    """The graph of everything that `outputs` were computed from, with a backward pass replayed on it.

    Args:
        outputs: a Value, several, or a dict of them by name.
        gradient: with which the backward pass starts, in the output's shape; 1 for a scalar if left out. Several
            outputs take a sequence of gradients.
        gradients: False runs no backward pass.
        names: what to call Values that have no name, such as ``dict(model.named_parameters())``.

    No ``.grad`` changes, but hooks of the user's run, as in every backward pass.

    >>> a = Value(2.0, name="a")
    >>> graph = capture(a * a)
    >>> [(edge.source, edge.target, edge.position, edge.contribution.number) for edge in graph.edges]
    [('n0', 'n1', 0, 2.0), ('n0', 'n1', 1, 2.0)]
    """
    with pause_collector():
        return _capture(outputs, gradient, gradients, names, title)


def _capture(outputs: Outputs, gradient: Any, gradients: bool, names: Mapping[str, Value] | None, title: str) -> Graph:
    outs, labels = named_outputs(outputs)
    labels.update({v: name for name, v in (names or {}).items()})
    order, stale = ancestors(outs.values())
    notes = [stale] if stale else []
    done: Replay | None = None
    if gradients and not stale:
        done, note = _replayed(list(outs.values()), gradient)
        notes += [note] if note else []
    return build(order, list(outs.values()), done, labels, {}, notes, title, stale=bool(stale))


def named_outputs(outputs: Outputs) -> tuple[dict[str, Value], dict[Value, str]]:
    """The outputs by number or name, and what to call them. TypeError for anything that is not a Value."""
    labels: dict[Value, str] = {}
    if isinstance(outputs, Value):
        found = {"0": outputs}
    elif isinstance(outputs, Mapping):
        found = dict(outputs)
        labels = {v: name for name, v in found.items() if isinstance(v, Value)}
    elif isinstance(outputs, list | tuple):
        found = {str(i): v for i, v in enumerate(outputs)}
    else:
        raise TypeError(f"draw: {type(outputs).__name__} is no Value; give a Value, a list or a dict of Values")
    if not found:
        raise ValueError("draw: there is nothing to draw; give at least one Value")
    for place, v in found.items():
        if not isinstance(v, Value):
            raise TypeError(f"draw: {place} is a {type(v).__name__}, not a Value")
    return found, labels


def ancestors(outputs: Iterable[Value]) -> tuple[list[Value], str]:
    """Everything that `outputs` were computed from, inputs first, and a note if data were assigned since.

    Without such assignments the order is that in which the program made them. With them serial numbers are no
    topological order, and the nodes are put in that of a depth-first walk.
    """
    stack = list(dict.fromkeys(outputs))
    roots = list(stack)
    found = dict.fromkeys(stack)
    stale: tuple[Value, Value] | None = None
    while stack:
        node = stack.pop()
        age = node._serial
        for x in node.inputs:
            if x._serial > age and (stale is None or (x._serial, age) < (stale[1]._serial, stale[0]._serial)):
                stale = node, x
            if x not in found:
                found[x] = None
                stack.append(x)
    if stale is None:
        return sorted(found, key=_serial), ""
    node, x = stale
    which = f"'{x.name}'" if x.name else f"an input of shape {x.shape}"
    op = node.op.name if node.op else "?"
    note = f"no gradients: the data of {which} were assigned after {op} had used them; run the forward pass again"
    return _depth_first(roots), note


def _depth_first(roots: Sequence[Value]) -> list[Value]:
    order: dict[Value, None] = {}
    entered: set[Value] = set()
    stack = list(reversed(roots))
    while stack:
        node = stack[-1]
        if node in entered:
            stack.pop()
            order.setdefault(node)
            continue
        entered.add(node)
        stack += [x for x in reversed(node.inputs) if x not in entered]
    return list(order)


def _replayed(outputs: list[Value], gradient: Any) -> tuple[Replay | None, str]:
    """The backward pass, or why there is none."""
    if not any(v.requires_grad for v in outputs):
        return None, "no gradients: nothing here depends on a Value that requires one"
    given = [gradient] if len(outputs) == 1 else gradient
    if given is None:
        return None, "no gradients: several outputs; draw(..., gradient=[...]) says where the backward pass starts"
    if len(given) != len(outputs):
        raise ValueError(f"draw: {len(given)} gradients are given for {len(outputs)} outputs")
    if len(outputs) == 1 and gradient is None and outputs[0].size != 1:
        shape = outputs[0].shape
        return None, f"no gradients: the output has shape {shape}; reduce it (.sum()) or give draw(..., gradient=...)"
    seeds = [seed_for(v, g, op="draw") for v, g in zip(outputs, given, strict=True)]
    try:
        return replay(outputs, seeds), ""
    except RULE_ERRORS as error:
        return None, f"no gradients: the backward pass failed: {error}"


def build(
    order: Sequence[Value],
    outputs: Sequence[Value],
    done: Replay | None,
    labels: Mapping[Value, str],
    phases: Phases,
    notes: list[str],
    title: str = "",
    stale: bool = False,
) -> Graph:
    """The Graph of Values in topological order."""
    ids = {v: f"n{i}" for i, v in enumerate(order)}
    flows = Flows(order, done, phases)
    grouping = Grouping(order, phases)
    ends = set(outputs)
    nodes = [_node(v, ids, labels, phases, flows, grouping, v in ends) for v in order]
    edges: list[Edge] = []
    sent = {} if done is None else dict(done.steps)
    numbers: dict[Value, list[str]] = {}
    for v in order:
        inputs = v.inputs
        if not inputs:
            continue
        nothing = [None] * len(inputs)
        locals_ = local_derivatives(v) if v.requires_grad and not stale else nothing
        target, added = ids[v], []
        for position, c in enumerate(sent.get(v, nothing)):
            x = inputs[position]
            id, flow = f"e{len(edges)}", flows.of_edge(v, position)
            contribution = total = place = None
            if c is not None:
                data, so_far, place = c
                contribution = Summary(data, x.shape)
                total = None if so_far is None else Summary(so_far, x.shape)
                added.append(id)
            edges.append(Edge(id, ids[x], target, position, locals_[position], contribution, total, place, flow))
        numbers[v] = added
    steps = [] if done is None else [Step(ids[v], tuple(numbers[v])) for v, _ in done.steps]
    seeds = {} if done is None else {ids[v]: Summary(seed._data, v.shape) for v, seed in done.seeds}
    return Graph(
        nodes, edges, grouping.groups, steps, [ids[v] for v in outputs], seeds, _ops(order), notes, title=title
    )


def _ops(order: Iterable[Value]) -> dict[str, OpText]:
    ops = {v.op.name: v.op for v in order if v.op is not None}
    return {name: op_text(ops[name]) for name in sorted(ops)}


def _node(
    v: Value,
    ids: Mapping[Value, str],
    labels: Mapping[Value, str],
    phases: Phases,
    flows: Flows,
    grouping: Grouping,
    is_output: bool,
) -> Node:
    meta = v._meta
    phase = phases.get(v)
    gradient = flows.gradients.get(v)
    source = v.source if meta is not None else None
    group = grouping.group_of(v)
    return Node(
        ids[v],
        v.op.name if v.op is not None else "",
        v.shape,
        name=labels.get(v) or (v.name or "" if meta is not None else ""),
        scope=grouping.path(group),
        group=group,
        role=grouping.role(v, is_output),
        params={name: _param(value) for name, value in v.params.items()} if v.params else {},
        data=Summary(v._data, v.shape),
        grad=None if gradient is None else Summary(gradient, v.shape),
        held=None if v._grad is None else Summary(v._grad, v.shape),
        flow=flows.of_node(v),
        source=None if source is None else Line(PurePath(source.file).name, source.line, source.function, source.text),
        phase=0 if phase is None else phase.number,
        of=None if phase is None else ids.get(phase.of),
        hooked=meta is not None and bool(hooks_of(v)),
    )


def _param(value: Any) -> str:
    """A parameter as text, the same in every process: an object's address is not."""
    if isinstance(value, bool | int | float | str | type(None)):
        return repr(value)
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(_param, value)) + ("," if len(value) == 1 else "") + ")"
    return f"<{type(value).__name__}>"

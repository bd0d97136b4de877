"""The graph of a forward pass that failed: everything up to the operation that raised the error."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import PurePath
from types import FrameType, TracebackType
from typing import Any

from ..anomaly import Source
from ..primitives import Primitive
from ..value import Value
from .capture import capture
from .drawing import draw
from .model import Edge, Flow, Graph, Group, Line, Node, Role

__all__ = ["capture_failure", "draw_on_error"]

#: Containers of Values in the frames of a failed program are looked into so deeply, and not further.
_MOST_LOOKED_AT = 10_000


class draw_on_error:
    """If the block raises an error, draw the graph up to there, and let the error go on.

    Args:
        path: where to draw, as for `draw`. Without it the graph is only in the error, as ``error.graph``.
        options: as for `draw`.

    The error gets a note that says where the picture is. An error that has nothing to do with Values is left alone.

    >>> x = Value([[1.0, 2.0]], name="x")
    >>> try:
    ...     with draw_on_error():
    ...         y = x.exp() @ x
    ... except ValueError as error:
    ...     print([node.title for node in error.graph.nodes], error.graph.nodes[-1].params["error"])
    ['x', 'exp', 'matmul'] matmul: (1, 2) @ (1, 2): inner sizes 2 and 1 differ
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, **options: Any) -> None:
        self.path = path
        self.options = options

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        graph = capture_failure(error) if isinstance(error, Exception) else None
        if error is None or graph is None:
            return
        error.graph = graph  # type: ignore[attr-defined]
        if self.path is None:
            return
        try:
            draw(graph, self.path, **self.options)
        except (OSError, ValueError, RuntimeError) as problem:
            error.add_note(f"the graph up to the error could not be drawn: {problem}")
        else:
            error.add_note(f"the graph up to the error is drawn in {os.fspath(self.path)}")


def capture_failure(error: BaseException) -> Graph | None:
    """The graph of what the program had computed when it raised `error`; None if no Value was involved.

    The last node is the operation that failed, with the error as its text. The inputs come from the frames of the
    traceback: those of the innermost function that held Values.
    """
    frames: list[tuple[FrameType, int]] = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        frames.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    for frame, _ in reversed(frames):
        inputs = _values(frame.f_locals)
        if inputs:
            break
    else:
        return None
    held = (value for frame, _ in reversed(frames) for value in frame.f_locals.values())
    op = next((value.name for value in held if isinstance(value, Primitive)), "")
    name = op or _operation(str(error)) or type(error).__name__
    graph = capture(inputs, gradients=False)
    source = _line(frames)
    graph = _with_failure(graph, name if name.isidentifier() else type(error).__name__, error, source)
    scope = getattr(error, "scope", ())
    return _inside(graph, scope) if isinstance(scope, tuple) and scope else graph


def _operation(text: str) -> str:
    """The innermost operation that a message names: matmul of ``Dense: matmul: (1, 2) @ (1, 2): inner sizes 2, 1``."""
    first, *more = text.split(": ")
    names = list(takewhile(str.isidentifier, more[:-1]))
    return names[-1] if names and first.isidentifier() else first


def _values(scope: dict[str, Any]) -> list[Value]:
    """The Values among local variables: those called `inputs` if there are any, else all, also in lists, in order."""
    first = scope.get("inputs")
    found: dict[Value, None] = {}
    stack: list[Any] = [first] if first else list(reversed(scope.values()))
    looked = 0
    while stack and looked < _MOST_LOOKED_AT:
        looked += 1
        item = stack.pop()
        if isinstance(item, Value):
            found.setdefault(item)
        elif isinstance(item, list | tuple) and item and not isinstance(item[0], int | float):
            stack += reversed(item)
        elif isinstance(item, dict):
            stack += reversed(list(item.values()))
    return list(found)


def _line(frames: Sequence[tuple[FrameType, int]]) -> Line | None:
    """The line of the user's program: the innermost one outside of this library."""
    for frame, number in reversed(frames):
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in ("tinygrad_lists", "nn"):
            source = Source(frame.f_code.co_filename, number, frame.f_code.co_name)
            return Line(PurePath(source.file).name, number, source.function, source.text)
    return None


def _with_failure(graph: Graph, op: str, error: BaseException, source: Line | None) -> Graph:
    failed = Node(
        f"n{len(graph.nodes)}",
        op,
        (),
        role=Role.FAILED,
        params={"error": str(error) or type(error).__name__},
        flow=Flow.NOT_COMPUTED,
        source=source,
    )
    edges = [
        Edge(f"e{len(graph.edges) + i}", id, failed.id, i, flow=Flow.NOT_COMPUTED) for i, id in enumerate(graph.outputs)
    ]
    nodes = [replace(node, role=Role.OPERATION) if node.role is Role.OUTPUT else node for node in graph.nodes]
    return replace(
        graph,
        nodes=[*nodes, failed],
        edges=[*graph.edges, *edges],
        outputs=[failed.id],
        notes=[*graph.notes, f"the forward pass failed: {type(error).__name__}: {error}"],
    )


def _inside(graph: Graph, scope: tuple[str, ...]) -> Graph:
    """The graph with the failed operation, and the leaves that it alone uses, in the modules that were running."""
    *before, failed = graph.nodes
    around = graph.ancestors(next((node.group for node in reversed(before) if node.op), None))
    labels = [graph.group(id).label for id in around]
    chain = around[: len(_common(labels, scope))]
    groups = list(graph.groups)
    for depth in range(len(chain), len(scope)):
        path = scope[: depth + 1]
        groups.append(Group(f"g{len(groups)}", path, path[-1], chain[-1] if chain else None))
        chain.append(groups[-1].id)
    uses = graph.uses()
    taken = {edge.source for edge in graph.inputs()[failed.id]}
    nodes = []
    for node in before:
        if node.id in taken and not node.op and node.role is not Role.INPUT:
            alone = all(edge.target == failed.id for edge in uses[node.id])
            place = chain if alone else _common(graph.ancestors(node.group), chain)
            node = _moved(node, groups, place)
        nodes.append(node)
    return replace(graph, nodes=[*nodes, _moved(failed, groups, chain)], groups=groups)


def _moved(node: Node, groups: Sequence[Group], chain: Sequence[str]) -> Node:
    group = next((group for group in groups if chain and group.id == chain[-1]), None)
    return replace(node, group=chain[-1] if chain else None, scope=() if group is None else group.path)


def _common(a: Sequence[str], b: Sequence[str]) -> list[str]:
    return [x for x, _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))]

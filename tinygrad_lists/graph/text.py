"""The Graph as text for terminals: one line a node, modules as an outline."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from .cards import FLOW_WORDS, card, shape_text
from .model import Flow, Graph, Node
from .summary import short_number
from .words import clean

__all__ = ["to_text"]

_HEADER = ("node", "is", "from", "shape", "data", "gradient")


def to_text(graph: Graph) -> str:
    """The graph as a table in the order of the program; each leaf stands before its first use.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> a = Value(3.0, name="a")
    >>> print(to_text(capture(a * a)))
    computation graph: 2 nodes, 2 edges
    node  is          from    shape   data  gradient
    n0    a                   scalar  3.0   6.0
    n1    mul         n0, n0  scalar  9.0   1.0       output
    <BLANKLINE>
    """
    inputs = graph.inputs()
    rows: list[tuple[str, ...] | str] = [_HEADER]
    within: list[str] = []
    for node in _in_reading_order(graph):
        around = graph.ancestors(node.group)
        common = 0
        while common < min(len(around), len(within)) and around[common] == within[common]:
            common += 1
        for depth in range(common, len(around)):
            group = graph.group(around[depth])
            count = f" × {group.count:,}" if group.count > 1 else ""
            mark = "" if group.mark is None else f"  [{clean(group.mark.verdict)}]"
            rows.append("│ " * depth + clean(group.label, 60) + count + mark)
        within = around
        sources = ", ".join(edge.source for edge in inputs[node.id])
        rows.append(_row(graph, node, sources if len(sources) <= 30 else f"{len(inputs[node.id])} nodes", len(around)))
    title = clean(graph.title) or "computation graph"
    head = [f"{title}: {len(graph.nodes):,} nodes, {len(graph.edges):,} edges", *map(clean, graph.notes)]
    return "\n".join([*head, *_aligned(rows)]) + "\n"


def _in_reading_order(graph: Graph) -> Iterator[Node]:
    inputs = graph.inputs()
    written: set[str] = set()
    for node in graph.nodes:
        if not inputs[node.id]:
            continue
        for edge in inputs[node.id]:
            if edge.source not in written and not inputs[edge.source]:
                written.add(edge.source)
                yield graph.node(edge.source)
        written.add(node.id)
        yield node
    yield from (node for node in graph.nodes if node.id not in written)


def _row(graph: Graph, node: Node, sources: str, depth: int) -> tuple[str, ...]:
    content = card(graph, node)
    data = dict(content.lines).get("data", "").removeprefix("data ")
    notes = [str(node.role)] if node.role not in ("operation", "group") and node.role != "parameter" else []
    notes += [f"{node.inside} nodes"] if node.inside > 1 else []
    notes += ["output"] if node.inside and node.id in graph.outputs else []
    notes += [text for kind, text in content.lines if kind in ("warning", "mark", "held")]
    shape = shape_text(node.shape)
    return ("│ " * depth + node.id, content.title, sources, shape, data, _gradient(node), "  ".join(notes))


def _gradient(node: Node) -> str:
    if node.flow is Flow.FLOWS and node.grad is not None:
        if not node.shape:
            return short_number(node.grad.data)
        norm = node.grad.statistics.norm
        return f"‖{short_number(norm)}‖" if norm is not None else "nothing finite"
    return {Flow.ZERO: "0", Flow.DEAD: "0, dead ReLU"}.get(node.flow, FLOW_WORDS.get(node.flow, ""))


def _aligned(rows: list[tuple[str, ...] | str]) -> list[str]:
    cells = [row for row in rows if isinstance(row, tuple)]
    widths = [max(_columns(row[i]) for row in cells) for i in range(len(_HEADER))]
    lines = []
    for row in rows:
        if isinstance(row, str):
            lines.append(row)
            continue
        padded = [cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*padded, *row[len(_HEADER) :]]).rstrip())
    return lines


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )

"""The Graph as JSON, described field by field in docs/graph-json.md; the interactive page is made from exactly this.

The text is the same for the same program in any process: keys in a fixed order, floats in the shortest form that reads
back to the same bits, nothing that depends on addresses or hashes. Summaries of tensors, which hold most of the bytes,
are written once each and referred to by number.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .model import Edge, Graph, Group, Mark, Node
from .summary import SMALL, Summary, number

__all__ = ["VERSION", "to_dict", "to_json"]

#: Of the schema. It rises when a field changes its meaning or goes away, not when one is added.
VERSION = 1


def to_json(graph: Graph, indent: int | None = None) -> str:
    """The graph as JSON text.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> a = Value(3.0, name="a")
    >>> to_json(capture(a * a)).startswith('{"format": "tinygrad-lists graph", "version": 1')
    True
    """
    separators = None if indent is None else (",", ": ")
    text = json.dumps(to_dict(graph), indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, which a name may hold, has no form in UTF-8.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text) + "\n"


def to_dict(graph: Graph) -> dict[str, Any]:
    """The same as nested dicts and lists."""
    arrays = _Arrays()
    nodes = [_node(node, arrays) for node in graph.nodes]
    edges = [_edge(edge, arrays) for edge in graph.edges]
    return {
        "format": "tinygrad-lists graph",
        "version": VERSION,
        "title": graph.title,
        "notes": graph.notes,
        "outputs": graph.outputs,
        "seeds": {id: arrays.add(seed) for id, seed in graph.seeds.items()},
        "nodes": nodes,
        "edges": edges,
        "groups": [_group(group) for group in graph.groups],
        "steps": [{"node": step.node, "edges": list(step.edges)} for step in graph.steps],
        "ops": {
            name: {"formula": op.formula, "derivatives": list(op.derivatives), "rule": op.rule}
            for name, op in graph.ops.items()
        },
        "arrays": arrays.rows,
    }


class _Arrays:
    """Summaries, each of one list of numbers once."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._places: dict[tuple[int, tuple[int, ...]], int] = {}
        self._kept: list[Any] = []  # so that no address is used twice
        self._scalars: dict[str, int] = {}

    def add(self, summary: Summary | None) -> int | None:
        """Number of the summary in the table."""
        if summary is None:
            return None
        if not summary.shape:
            return self._scalars.setdefault(repr(summary.data), self._append(summary, repr(summary.data)))
        key = (id(summary.data), summary.shape)
        if key not in self._places:
            self._kept.append(summary.data)
            self._places[key] = len(self.rows)
            self.rows.append(_array(summary))
        return self._places[key]

    def _append(self, summary: Summary, key: str) -> int:
        if key in self._scalars:
            return self._scalars[key]
        self.rows.append({"shape": [], "value": summary.number})
        return len(self.rows) - 1


def _array(summary: Summary) -> dict[str, Any]:
    s = summary.statistics
    row: dict[str, Any] = {"shape": list(summary.shape)}
    for name, value in (("norm", s.norm), ("low", s.low), ("high", s.high), ("mean", s.mean)):
        row[name] = None if value is None else _rounded(value)
    for name, count in (("zeros", s.zeros), ("nan", s.nan), ("inf", s.inf), ("minus_inf", s.minus_inf)):
        if count:
            row[name] = count
    if summary.size <= SMALL:
        row["values"] = [number(v) for v in summary.flat]
    picture = summary.thumbnail()
    if picture is not None:
        row["thumbnail"] = {
            "rows": picture.rows,
            "columns": picture.columns,
            "pixels": picture.pixels,
            "signed": picture.signed,
            "high": _rounded(picture.high),
        }
        if picture.caption:
            row["thumbnail"]["caption"] = picture.caption
    return row


def _rounded(v: float) -> float:
    return float(f"{v:.6g}")


def _node(node: Node, arrays: _Arrays) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": node.id,
        "op": node.op,
        "name": node.name,
        "role": str(node.role),
        "shape": list(node.shape),
        "group": node.group,
        "scope": list(node.scope),
        "flow": str(node.flow),
        "data": arrays.add(node.data),
        "grad": arrays.add(node.grad),
    }
    if node.held is not None:
        row["held"] = arrays.add(node.held)
    if node.params:
        row["params"] = node.params
    if node.source is not None:
        row["source"] = node.source._asdict()
    if node.phase:
        row["phase"] = node.phase
        row["of"] = node.of
    if node.hooked:
        row["hooked"] = True
    return row | _folded(node.count, node.inside) | _mark(node.mark)


def _edge(edge: Edge, arrays: _Arrays) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": edge.id,
        "source": edge.source,
        "target": edge.target,
        "position": edge.position,
        "flow": str(edge.flow),
    }
    for name, summary in (("local", edge.local), ("contribution", edge.contribution), ("total", edge.total)):
        if summary is not None:
            row[name] = arrays.add(summary)
    if edge.order is not None:
        row["order"] = edge.order
    return row | _folded(edge.count, 0)


def _group(group: Group) -> dict[str, Any]:
    row = {"id": group.id, "label": group.label, "path": list(group.path), "parent": group.parent}
    return row | _folded(group.count, 0) | _mark(group.mark)


def _folded(count: int, inside: int) -> dict[str, int]:
    return ({"count": count} if count != 1 else {}) | ({"inside": inside} if inside else {})


def _mark(mark: Mark | None) -> dict[str, Any]:
    return {} if mark is None else {"mark": mark._asdict()}

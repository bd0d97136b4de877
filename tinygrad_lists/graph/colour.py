"""Verdicts of a comparison of gradients laid over a graph: which layers and parameters are right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from .marks import worst
from .model import Graph, Mark, dotted
from .summary import short_number

__all__ = ["ReportLike", "colour"]


class ReportLike(Protocol):
    """What `nn.compare.compare_gradients` gives."""

    def to_json(self) -> str:
        """All rows as JSON text."""


def colour(graph: Graph, report: ReportLike | str | Mapping[str, Any]) -> Graph:
    """The graph with each parameter and module marked by the worst verdict that it got, and the worst element.

    Args:
        report: a report of `compare_gradients`; or its JSON, as text or taken apart; or any mapping from names of
            parameters ("0.weight") and modules ("0") to verdicts, or to pairs of a verdict and a text.

    Raises:
        ValueError: the report names nothing that is in the graph, or is no report.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> w = Value(2.0, name="w")
    >>> colour(capture(w * 3), {"w": ("wrong", "0.0 instead of 3.0")}).nodes[0].mark
    Mark(verdict='WRONG', text='0.0 instead of 3.0')
    """
    marks = _marks(report)
    nodes = []
    used: set[str] = set()
    for node in graph.nodes:
        # A name may be the parameter's own or, if the module gave the names, its whole path.
        called = (dotted(node.scope, node.name), node.name) if node.name and not node.phase else ()
        name = next((name for name in called if name in marks), "")
        mark = marks.get(name)
        used |= {name} if mark is not None else set()
        nodes.append(node if mark is None else replace(node, mark=worst([node.mark, mark])))
    groups = []
    for group in graph.groups:
        key = dotted(group.path) or _loss(group.label, marks)
        mark = marks.get(key) if key and "backward" not in group.path[:1] else None
        used |= {key} if mark is not None else set()
        groups.append(group if mark is None else replace(group, mark=worst([group.mark, mark])))
    if marks and not used:
        raise ValueError(f"colour: the report is about {', '.join(list(marks)[:5])}; none of them is in this graph")
    return replace(graph, nodes=nodes, groups=groups)


def _loss(label: str, marks: Mapping[str, Mark]) -> str:
    """A report calls the loss "loss"; in the graph its group has the name of its class."""
    return "loss" if label.endswith("Loss") and "loss" in marks else ""


def _marks(report: ReportLike | str | Mapping[str, Any]) -> dict[str, Mark]:
    content: Any = report
    if not isinstance(report, str | Mapping):
        content = report.to_json()
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            raise ValueError("colour: the text is no JSON; give a report of compare_gradients or its JSON") from None
    if not isinstance(content, Mapping):
        raise ValueError(f"colour: a report is an object with rows, not a {type(content).__name__}")
    if isinstance(content.get("rows"), list):
        return _of_rows(content["rows"])
    return {str(name): _mark(value) for name, value in content.items()}


def _mark(value: Any) -> Mark:
    verdict, text = value if isinstance(value, tuple | list) and len(value) == 2 else (value, "")
    return Mark(str(getattr(verdict, "value", verdict)).upper(), str(text))


def _of_rows(rows: list[Any]) -> dict[str, Mark]:
    """For each parameter its own rows, for each module all of its rows: the worst."""
    found: dict[str, list[Mark]] = {}
    for row in rows:
        path, tensor = str(row["path"]), str(row["tensor"])
        mark = Mark(str(row["verdict"]).upper(), _told(row))
        found.setdefault(path, []).append(mark)
        parameter = tensor.removesuffix(" gradient")
        if tensor.endswith(" gradient") and parameter != "input":
            found.setdefault(f"{path}.{parameter}" if path else parameter, []).append(mark)
    marks = {name: worst(several) for name, several in found.items()}
    return {name: mark for name, mark in marks.items() if mark is not None}


def _told(row: Mapping[str, Any]) -> str:
    """What kind of mistake a row looks like, and its worst element."""
    tensor = f"{row['tensor']} ({row['mode']})" if row.get("mode") else str(row["tensor"])
    diagnosis, place = row.get("diagnosis"), row.get("worst")
    parts = []
    if isinstance(diagnosis, Mapping):
        parts.append(str(diagnosis.get("sentence") or diagnosis.get("name") or "").rstrip("."))
    if isinstance(place, Mapping) and str(row["verdict"]).lower() not in ("exact", "untested"):
        index = list(place.get("index") or [])
        hand, automatic = _short(place.get("handwritten")), _short(place.get("automatic"))
        parts.append(f"worst at {index}: by hand {hand}, automatic {automatic}")
    return f"{tensor}: {'; '.join(parts)}" if parts else tensor


def _short(v: Any) -> str:
    return short_number(v, 6) if isinstance(v, float) else str(v)

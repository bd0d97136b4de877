"""The Graph as DOT text, for Graphviz and everything that reads its language."""

from __future__ import annotations

from typing import Any

from .cards import NO_GRADIENT, card, edge_lines, tooltip
from .marks import verdict_class
from .model import Edge, Flow, Graph, Node, Role
from .scale import Scale, magnitude_scale
from .words import clean

__all__ = ["quoted", "to_dot", "to_graphviz"]

#: Role: shape, style, and colours of the inside and the border; as in the SVG pictures.
_ROLES = {
    Role.INPUT: ("box", "rounded,filled", "#d7ebf8", "#0072b2"),
    Role.PARAMETER: ("box", "rounded,filled", "#fdedcd", "#b87400"),
    Role.CONSTANT: ("box", "rounded,filled,dashed", "#eeeff1", "#7b828c"),
    Role.OPERATION: ("box", "filled", "#ffffff", "#57606c"),
    Role.OUTPUT: ("box", "filled,bold", "#d4f0e6", "#007a59"),
    Role.GROUP: ("box", "filled", "#ebe7f6", "#6a5aa0"),
    Role.FAILED: ("octagon", "filled,bold", "#fde0d2", "#c04f00"),
}

_VERDICTS = {"good": "#007a59", "fair": "#0072b2", "doubtful": "#8a6d00", "bad": "#c04f00"}


def quoted(text: str) -> str:
    r"""A string of the DOT language that is shown as `text`: no escape, entity or end of the string in it is taken.

    >>> print(quoted('say "hi" \\N &amp;'))
    "say \"hi\" \\N &amp;amp;"
    """
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def to_dot(graph: Graph, *, across: bool = False, labels: bool = True) -> str:
    r"""The graph in the DOT language, modules as clusters.

    Args:
        across: data flow from left to right instead of from the top down.
        labels: whether to write at the edges.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> print(to_dot(capture(Value(2.0, name="a").exp())).splitlines()[-2])
      "n0" -> "n1" [label="∂ 7.389\n↑ 7.389", penwidth=2.56];
    """
    lines = [
        f"digraph {quoted(clean(graph.title) or 'computation graph')} {{",
        f"  rankdir={'LR' if across else 'TB'};",
        '  graph [fontname="Helvetica", fontsize=11, ranksep=0.35, nodesep=0.25, bgcolor="white"];',
        '  node [fontname="Helvetica", fontsize=10, margin="0.1,0.05"];',
        '  edge [fontname="Helvetica", fontsize=8, color="#76808c", arrowsize=0.6];',
    ]
    if graph.title or graph.notes:
        text = "\n".join(clean(line) for line in [graph.title, *graph.notes] if line)
        lines.append(f"  label={quoted(text)}; labelloc=t; labeljust=l;")
    scale = magnitude_scale(graph)
    lines += _clusters(graph, scale)
    lines += [_edge(edge, scale, labels) for edge in graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def to_graphviz(graph: Graph, *, across: bool = False, labels: bool = True) -> Any:
    """The same as a ``graphviz.Source`` of the package graphviz: for other layouts and formats.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> to_graphviz(capture(Value(2.0).exp())).source.startswith("digraph")
    True
    """
    import graphviz

    return graphviz.Source(to_dot(graph, across=across, labels=labels))


def _clusters(graph: Graph, scale: Scale | None) -> list[str]:
    """Nodes inside of their groups; a stack instead of recursion, for groups may be nested deeply."""
    inside: dict[str | None, list[str]] = {None: []}
    for group in graph.groups:
        inside[group.id] = []
    nodes = {node.id: node for node in graph.nodes}
    for node in graph.nodes:
        inside[node.group].append(node.id)
    for group in graph.groups:
        inside[group.parent].append(group.id)
    lines: list[str] = []
    stack: list[tuple[str, int]] = [(id, 1) for id in reversed(inside[None])]
    while stack:
        id, depth = stack.pop()
        indent = "  " * depth
        if not id:
            lines.append(f"{indent}}}")
        elif id in nodes:
            lines.append(indent + _node(graph, nodes[id], scale))
        elif inside[id]:
            group = graph.group(id)
            count = f" × {group.count:,}" if group.count > 1 else ""
            count += "" if group.mark is None else f"   {clean(group.mark.verdict)}"
            colour = "#9aa5b1" if group.mark is None else _VERDICTS[verdict_class(group.mark.verdict)]
            lines.append(f"{indent}subgraph {quoted(f'cluster_{id}')} {{")
            lines.append(
                f"{indent}  label={quoted(clean(group.label, 40) + count)}; labelloc=t; labeljust=l; "
                f'style="rounded,filled"; fillcolor="#5b6b8010"; color="{colour}"; tooltip="";'
            )
            stack.append(("", depth))
            stack += [(inner, depth + 1) for inner in reversed(inside[id])]
    return lines


def _node(graph: Graph, node: Node, scale: Scale | None) -> str:
    content = card(graph, node)
    title = f"{content.title}   {content.formula}" if content.formula else content.title
    shape, style, fill, border = _ROLES[node.role]
    parts = [
        f"label={quoted(chr(10).join([title, *(text for _, text in content.lines)]))}",
        f'shape={shape}, style="{style}", fillcolor="{fill}"' + (", peripheries=2" if node.role is Role.GROUP else ""),
        f"tooltip={quoted(tooltip(graph, node))}",
    ]
    width = 1.0
    if node.flow is Flow.FLOWS and node.grad is not None and scale is not None:
        width = 1.0 + 2.0 * scale.share(node.grad.magnitude)
    if node.mark is not None:
        border, width = _VERDICTS[verdict_class(node.mark.verdict)], 3.5
    return f'{quoted(node.id)} [{", ".join(parts)}, color="{border}", penwidth={width:.2f}];'


def _edge(edge: Edge, scale: Scale | None, labels: bool) -> str:
    parts = []
    lines = [text for _, text in edge_lines(edge)] if labels else []
    if lines:
        parts.append(f"label={quoted(chr(10).join(lines))}")
    if edge.contribution is not None and scale is not None:
        parts.append(f"penwidth={1.0 + 1.8 * scale.share(edge.contribution.magnitude):.2f}")
    if edge.flow in (Flow.ZERO, Flow.DEAD):
        parts.append("style=dashed")
    elif edge.flow in NO_GRADIENT:
        parts.append("style=dotted")
    return f"  {quoted(edge.source)} -> {quoted(edge.target)}" + (f" [{', '.join(parts)}]" if parts else "") + ";"

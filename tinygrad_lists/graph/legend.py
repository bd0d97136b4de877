"""The key below an SVG picture: only what occurs in it."""

from __future__ import annotations

from .cards import NO_GRADIENT
from .model import Edge, Flow, Graph, Node, Role
from .scale import STOPS, Scale
from .theme import SMALL_SIZE
from .words import escape, text_width

__all__ = ["legend", "not_finite"]

_ROW, _SWATCH = 20.0, 22.0

_ROLES = {
    Role.INPUT: "input",
    Role.PARAMETER: "parameter, wants a gradient",
    Role.CONSTANT: "constant",
    Role.OPERATION: "operation",
    Role.OUTPUT: "output",
    Role.GROUP: "several nodes folded",
    Role.FAILED: "raised an error",
}

_STRANGE = '<rect class="strip strange" x="8" y="3" width="6" height="14" rx="2"/>'

_FLOWS = {Flow.ZERO: "gradient is 0", Flow.DEAD: "gradient is 0: ReLU closed on every way"}


def legend(graph: Graph, scale: Scale | None, width: float) -> tuple[list[str], float, float]:
    """The key as SVG, with the width and height that it takes."""
    entries = _role_entries(graph) + _flow_entries(graph) + _edge_entries(graph.edges)
    if any(map(not_finite, graph.nodes)):
        entries.append((_STRANGE, "gradient with NaN or ∞"))
    if any(node.count > 1 for node in graph.nodes):
        entries.append(('<text class="faint" x="4" y="14">× n</text>', "so many equal blocks; the first is shown"))
    if any(node.shape for node in graph.nodes):
        entries.append(('<text class="faint" x="4" y="14">‖·‖</text>', "Euclidean norm"))
    parts: list[str] = ['<g class="small">']
    x, y, widest = 20.0, 0.0, 0.0
    if scale is not None:
        bar, taken = _bar(scale, x, y)
        parts += bar
        x += taken + 18
    for swatch, text in entries:
        taken = _SWATCH + 6 + text_width(text, SMALL_SIZE) + 16
        if x > 20.0 and x + taken > width - 10:
            x, y = 20.0, y + _ROW
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{swatch}')
        parts.append(f'<text class="faint" x="{_SWATCH + 6:.1f}" y="14">{escape(text)}</text></g>')
        x += taken
        widest = max(widest, x)
    return [*parts, "</g>"], widest, y + _ROW + 14


def not_finite(node: Node) -> bool:
    """Whether there are NaN or infinities in its gradient, which no scale holds."""
    if node.grad is None or node.flow is not Flow.FLOWS:
        return False
    statistics = node.grad.statistics
    return bool(statistics.nan or statistics.inf or statistics.minus_inf)


def _role_entries(graph: Graph) -> list[tuple[str, str]]:
    present = {node.role for node in graph.nodes}
    entries = []
    for role, text in _ROLES.items():
        if role in present:
            leaf = role in (Role.INPUT, Role.PARAMETER, Role.CONSTANT)
            kind = f"box {role}{' leaf' if leaf else ''}"
            entries.append((f'<rect class="{kind}" x="1" y="3" width="20" height="14" rx="{7 if leaf else 3}"/>', text))
    return entries


def _flow_entries(graph: Graph) -> list[tuple[str, str]]:
    present = {node.flow for node in graph.nodes}
    looks = {Flow.ZERO: 'class="strip hollow"', Flow.DEAD: 'class="strip" fill="url(#tgl-dead)"'}
    return [
        (f'<rect {looks[flow]} x="8" y="3" width="6" height="14" rx="2"/>', text)
        for flow, text in _FLOWS.items()
        if flow in present
    ]


def _edge_entries(edges: list[Edge]) -> list[tuple[str, str]]:
    entries = []
    if any(edge.local is not None for edge in edges):
        entries.append(('<text class="faint" x="8" y="14">∂</text>', "local derivative"))
    if any(edge.contribution is not None for edge in edges):
        entries.append(('<text class="grad" x="8" y="14">↑</text>', "what the edge adds to the gradient"))
    if any(edge.flow in NO_GRADIENT for edge in edges):
        entries.append(('<path class="edge none" d="M1 10h20"/>', "no gradient flows"))
    return entries


def _bar(scale: Scale, x: float, y: float) -> tuple[list[str], float]:
    """The colours with their powers of ten."""
    text = "|gradient|, root mean square"
    start = x + text_width(text, SMALL_SIZE) + 8
    each = 16.0
    parts = [f'<text class="faint" x="{x:.1f}" y="{y + 14:.1f}">{text}</text>']
    low, high = f"1e{scale.low}", f"1e{scale.high}"
    parts.append(f'<text class="faint" x="{start:.1f}" y="{y + 14:.1f}">{low}</text>')
    start += text_width(low, SMALL_SIZE) + 5
    for i, colour in enumerate(STOPS):
        parts.append(f'<rect x="{start + i * each:.1f}" y="{y + 4:.1f}" width="{each}" height="12" fill="{colour}"/>')
    end = start + len(STOPS) * each
    frame = f'x="{start:.1f}" y="{y + 4:.1f}" width="{len(STOPS) * each:.1f}" height="12"'
    parts.append(f'<rect class="frame" {frame}/>')
    parts.append(f'<text class="faint" x="{end + 5:.1f}" y="{y + 14:.1f}">{high}</text>')
    return parts, end + 5 + text_width(high, SMALL_SIZE) - x

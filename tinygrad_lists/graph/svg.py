"""The Graph as SVG: one file without scripts, fonts or links, readable on light and dark pages. Needs no `dot`."""

from __future__ import annotations

from typing import NamedTuple

from .cards import NO_GRADIENT, Card, card, edge_lines, mark_text, tooltip
from .curves import curve
from .layout import Box, Layout, lay_out
from .legend import legend, not_finite
from .marks import verdict_class
from .model import Edge, Flow, Graph, Group, Node, Role
from .pixels import data_uri
from .scale import Scale, magnitude_scale
from .theme import FONT_SIZE, SMALL_SIZE, css
from .thumbnail import Thumbnail
from .words import clean, escape, text_width

__all__ = ["to_svg"]

#: Pictures of graphs with more edges have nothing written at them; the model and the page have it all.
MOST_LABELS = 150

_PAD, _STRIP = 7.0, 6.0
_PICTURE = 46.0  # longest side of a thumbnail

_LEAVES = (Role.INPUT, Role.PARAMETER, Role.CONSTANT)


def to_svg(graph: Graph, *, across: bool = False, labels: bool | None = None) -> str:
    """The picture as text.

    Args:
        across: data flow from left to right instead of from the top down.
        labels: whether to write at the edges; only up to 150 of them if left out.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> to_svg(capture(Value(2.0, name="a") * 3)).startswith('<svg xmlns="http://www.w3.org/2000/svg" class="tgl"')
    True
    """
    written = labels if labels is not None else len(graph.edges) <= MOST_LABELS
    return _Picture(graph, across, written).text()


class _Sized(NamedTuple):
    card: Card
    width: float
    height: float


class _Picture:
    """One rendering; also what the layout asks for sizes."""

    def __init__(self, graph: Graph, across: bool, labels: bool) -> None:
        self.graph = graph
        self.across = across
        self.scale: Scale | None = magnitude_scale(graph)
        self.cards = {node.id: _sized(card(graph, node), _start(self._look(node))) for node in graph.nodes}
        self.notes = {edge.id: edge_lines(edge) for edge in graph.edges} if labels else {}
        self.layout: Layout = lay_out(graph, self, across)

    # -- sizes --------------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> tuple[float, float]:
        """Size of a node's box."""
        sized = self.cards[node.id]
        return sized.width, sized.height

    def label(self, edge: Edge) -> tuple[float, float] | None:
        """Size of what is written at an edge."""
        lines = self.notes.get(edge.id)
        if not lines:
            return None
        return max(text_width(text, SMALL_SIZE) for _, text in lines) + 6, 12.0 * len(lines)

    def header(self, label: str, count: int) -> tuple[float, float]:
        """Size of a group's title."""
        return text_width(_group_title(label, count), FONT_SIZE, bold=True), 16.0

    # -- text ---------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The whole file."""
        top, head_width, head = self._head()
        below, legend_width, legend_height = legend(self.graph, self.scale, max(self.layout.width, 420.0))
        width = max(self.layout.width, head_width, legend_width, 200.0)
        height = top + self.layout.height + legend_height
        shift = (width - self.layout.width) / 2
        title = clean(self.graph.title) or "computation graph"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tgl" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{css()}\n</style>",
            _HATCH,
            f'<rect class="page" width="{width:.0f}" height="{height:.0f}"/>',
            *head,
            f'<g transform="translate({shift:.1f} {top:.1f})">',
        ]
        for group in self.graph.groups:
            if group.id in self.layout.groups:
                parts += self._group(group, self.layout.groups[group.id])
        for edge in self.graph.edges:
            parts.append(self._edge(edge))
        for group in self.graph.groups:
            if group.id in self.layout.groups:
                parts += self._header(group, self.layout.groups[group.id])
        for node in self.graph.nodes:
            parts += self._node(node)
        for edge in self.graph.edges:
            if edge.id in self.layout.labels:
                parts += self._label(edge)
        parts += ["</g>", f'<g transform="translate(0 {top + self.layout.height:.1f})">', *below, "</g>", "</svg>"]
        return "\n".join(parts) + "\n"

    def _head(self) -> tuple[float, float, list[str]]:
        """Title and notes: their height, width and text."""
        y, width = 0.0, 0.0
        parts = []
        rows = [("title", clean(self.graph.title))] if self.graph.title else []
        rows += [("small faint", clean(note)) for note in self.graph.notes]
        for kind, text in rows:
            y += 18.0
            width = max(width, text_width(text, FONT_SIZE, bold=True) + 40)
            parts.append(f'<text class="{kind}" x="20" y="{y:.1f}">{escape(text)}</text>')
        return y, width, parts

    def _group(self, group: Group, box: Box) -> list[str]:
        ring = _ring(group.mark.verdict, box, 8.0) if group.mark is not None else []
        return [f'<rect class="cluster" data-id="{escape(group.id)}" {_rectangle(box)} rx="8"/>', *ring]

    def _header(self, group: Group, box: Box) -> list[str]:
        """The title of a group, on a plate: lines pass behind it."""
        title = _group_title(group.label, group.count)
        plate = Box(box.x + 6, box.y + 4, text_width(title, FONT_SIZE, bold=True) + 8, 17)
        at = f'x="{box.x + 10:.1f}" y="{box.y + 17:.1f}"'
        parts = [
            f'<rect class="plate" {_rectangle(plate)} rx="3"/>',
            f'<text class="title faint" {at}>{escape(title)}</text>',
        ]
        if group.mark is not None:
            colour, verdict = verdict_class(group.mark.verdict), escape(clean(group.mark.verdict))
            right = f'x="{box.x + box.width - 10:.1f}" y="{box.y + 17:.1f}" text-anchor="end"'
            said = escape(clean(mark_text(group.mark, long=True)))
            parts.append(f'<text class="small {colour}" {right}><title>{said}</title>{verdict}</text>')
        return parts

    def _edge(self, edge: Edge) -> str:
        points = self._to_arrow(edge)
        sent = edge.contribution
        kind = " none" if edge.flow in NO_GRADIENT else " zero" if edge.flow in (Flow.ZERO, Flow.DEAD) else ""
        width = 1.1
        if sent is not None and self.scale is not None:
            width = 1.0 + 1.8 * self.scale.share(sent.magnitude)
        x, y = points[-1]
        arrow = f"M{x:.1f} {y:.1f}l-7 -3.5v7z" if self.across else f"M{x:.1f} {y:.1f}l-3.5 -7h7z"
        return (
            f'<g data-id="{escape(edge.id)}"><path class="edge{kind}" stroke-width="{width:.2f}" '
            f'd="{curve(points, self.across)}"/><path class="arrow" d="{arrow}"/></g>'
        )

    def _to_arrow(self, edge: Edge) -> list[tuple[float, float]]:
        """The points of an edge; the last piece, which the arrowhead covers, is straight, and ends at the ring of a
        verdict if there is one."""
        at = int(not self.across)
        *points, last = self.layout.paths[edge.id]
        ring = 4.0 if self.graph.node(edge.target).mark is not None else 0.0
        long = last[at] - points[-1][at]
        tip, base = list(last), list(last)
        tip[at] -= min(ring, long / 2)
        base[at] = max(tip[at] - 6.0, last[at] - long * 0.8)
        return [*points, (base[0], base[1]), (tip[0], tip[1])]

    def _label(self, edge: Edge) -> list[str]:
        box = self.layout.labels[edge.id]
        x = box.x + box.width / 2
        parts = [f'<g class="small"><rect class="plate" {_rectangle(box)} rx="3"/>']
        for i, (kind, text) in enumerate(self.notes[edge.id]):
            colour = "grad" if kind == "sent" else "faint"
            y = box.y + 9.5 + 12 * i
            parts.append(f'<text class="{colour}" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>')
        return [*parts, "</g>"]

    def _node(self, node: Node) -> list[str]:
        box = self.layout.nodes[node.id]
        sized = self.cards[node.id]
        role = str(node.role) + (" leaf" if node.role in _LEAVES else "")
        radius = 11 if node.role in _LEAVES else 4
        tip = escape(tooltip(self.graph, node))
        parts = [f'<g class="node" data-id="{escape(node.id)}"><title>{tip}</title>']
        if node.role is Role.GROUP or node.count > 1:
            behind = Box(box.x + 4, box.y + 4, box.width, box.height)
            parts.append(f'<rect class="box {role}" {_rectangle(behind)} rx="{radius}"/>')
        parts.append(f'<rect class="box {role}" {_rectangle(box)} rx="{radius}"/>')
        if node.mark is not None:
            parts += _ring(node.mark.verdict, box, radius)
        look = self._look(node)
        if look:
            bar = Box(box.x + 5, box.y + 6, _STRIP, box.height - 12)
            parts.append(f'<rect {look} {_rectangle(bar)} rx="2"/>')
        left = box.x + _start(look)
        if sized.card.data is not None:
            parts += _picture(sized.card.data, left, box)
            left += _PICTURE + 8
        if sized.card.grad is not None:
            parts += _picture(sized.card.grad, box.x + box.width - _PAD - _PICTURE, box)
        return [*parts, *_texts(node, sized.card, left, box), "</g>"]

    def _look(self, node: Node) -> str:
        """Of the bar at the left that tells how large the gradient is, or why it is 0; "" if there is none."""
        if not_finite(node):
            return 'class="strip strange"'
        if node.flow is Flow.FLOWS and node.grad is not None and self.scale is not None:
            return f'class="strip" fill="{self.scale.colour(node.grad.magnitude)}"'
        return {Flow.DEAD: 'class="strip" fill="url(#tgl-dead)"', Flow.ZERO: 'class="strip hollow"'}.get(node.flow, "")


def _start(look: str) -> float:
    """Where the content of a box begins, right of the bar if there is one."""
    return _PAD + (_STRIP + 3 if look else 2)


def _sized(card: Card, start: float) -> _Sized:
    """A card with the room it needs, whose content begins at `start`."""
    rows = [text_width(text, SMALL_SIZE, bold=kind in ("warning", "mark")) for kind, text in card.lines]
    title = text_width(card.title, FONT_SIZE, bold=True)
    if card.formula:
        title += 8 + text_width(card.formula, SMALL_SIZE)
    pictures = [picture for picture in (card.data, card.grad) if picture is not None]
    width = start + max([title, *rows]) + (_PICTURE + 8) * len(pictures) + _PAD
    height = 18.0 + 13.0 * len(card.lines) + _PAD
    if pictures:
        height = max(height, max(_picture_size(picture)[1] for picture in pictures) + 2 * _PAD)
    return _Sized(card, width, height)


def _texts(node: Node, card: Card, left: float, box: Box) -> list[str]:
    height = 18.0 + 13.0 * len(card.lines) + _PAD
    y = box.y + (box.height - height) / 2 + 16
    formula = f'<tspan class="small faint" dx="8" font-weight="normal">{escape(card.formula)}</tspan>'
    parts = [
        f'<text x="{left:.1f}" y="{y:.1f}"><tspan class="title">{escape(card.title)}</tspan>'
        f"{formula if card.formula else ''}</text>"
    ]
    for kind, text in card.lines:
        y += 13.0
        colour = {"grad": "grad", "held": "grad", "warning": "warning", "data": ""}.get(kind, "faint")
        if kind == "mark" and node.mark is not None:
            colour = verdict_class(node.mark.verdict)
        parts.append(f'<text class="small {colour}" x="{left:.1f}" y="{y:.1f}">{escape(text)}</text>')
    return parts


def _picture_size(thumbnail: Thumbnail) -> tuple[float, float]:
    scale = min(_PICTURE / max(thumbnail.rows, thumbnail.columns), 12.0)
    return thumbnail.columns * scale, max(thumbnail.rows * scale, 4.0)


def _picture(thumbnail: Thumbnail, x: float, box: Box) -> list[str]:
    width, height = _picture_size(thumbnail)
    x += (_PICTURE - width) / 2
    y = box.y + (box.height - height) / 2
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return [
        f'<image {place} preserveAspectRatio="none" style="image-rendering:pixelated" href="{data_uri(thumbnail)}"/>',
        f'<rect class="frame" {place}/>',
    ]


def _rectangle(box: Box) -> str:
    return f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'


def _ring(verdict: str, box: Box, radius: float) -> list[str]:
    around = Box(box.x - 3, box.y - 3, box.width + 6, box.height + 6)
    return [f'<rect class="ring {verdict_class(verdict)}" {_rectangle(around)} rx="{radius + 3}"/>']


def _group_title(label: str, count: int) -> str:
    return clean(label, 40) + (f" × {count:,}" if count > 1 else "")


#: The pattern of gradients that a closed ReLU made 0.
_HATCH = (
    '<defs><pattern id="tgl-dead" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="4" height="4" fill="#ffffff"/><rect width="1.6" height="4" fill="#333333"/></pattern></defs>'
)

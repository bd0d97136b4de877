"""What is written about each node and edge, the same in every picture."""

from __future__ import annotations

from typing import NamedTuple

from .marks import verdict_class
from .model import Edge, Flow, Graph, Mark, Node, Role
from .summary import Summary, short_number
from .thumbnail import Thumbnail
from .words import clean

__all__ = ["FLOW_WORDS", "NO_GRADIENT", "Card", "card", "edge_lines", "mark_text", "shape_text", "tooltip"]

#: Names are cut after so many characters; tooltips have them whole.
LONGEST = 30

#: What is said instead of a number.
FLOW_WORDS = {
    Flow.ZERO: "grad 0",
    Flow.DEAD: "grad 0, dead ReLU",
    Flow.UNREACHED: "no grad, unreached",
    Flow.DETACHED: "detached",
    Flow.INDEX: "index, no grad",
    Flow.NOT_COMPUTED: "grad not computed",
}


#: Edges along which nothing comes back.
NO_GRADIENT = (Flow.CONSTANT, Flow.DETACHED, Flow.INDEX, Flow.UNREACHED)


class Card(NamedTuple):
    """What stands in the box of a node.

    `lines` are pairs of a kind ("shape", "data", "grad", "held", "warning", "more", "mark") and a text.
    """

    title: str
    formula: str
    lines: list[tuple[str, str]]
    data: Thumbnail | None
    grad: Thumbnail | None


def card(graph: Graph, node: Node) -> Card:
    """The card of a node."""
    title = clean(node.title, LONGEST)
    if node.name and node.op not in ("", "element"):
        title = clean(f"{node.name} = {node.op}", LONGEST)
    if node.count > 1:
        title += f" × {node.count:,}"
    op = graph.ops.get(node.op)
    short = op is not None and len(op.formula) <= 16 and not op.formula.endswith("(…)") and node.op != "element"
    formula = op.formula if op is not None and short else ""
    lines: list[tuple[str, str]] = []
    if node.inside > 1:
        last = ", the last is the output" if node.id in graph.outputs else ""
        lines.append(("more", f"{node.inside:,} nodes{last}"))
    if node.role is Role.FAILED:
        lines += [("warning", part) for part in _wrapped(clean(node.params.get("error", "")))]
    else:
        lines += _numbers(node)
    if node.inside:
        rows = [f"{clean(name, 14)} {clean(text, 40)}" for name, text in node.params.items()]
        lines += [("more", row) for row in rows[:4]]
        if len(rows) > 4:
            lines.append(("more", f"and {len(rows) - 4} more parameters"))
    if node.mark is not None:
        lines += [("mark", part) for part in _wrapped(clean(mark_text(node.mark)), 44)[:4]]
    return Card(title, formula, lines, _thumbnail(node.data), _thumbnail(node.grad))


def mark_text(mark: Mark, long: bool = False) -> str:
    """A verdict; with what there is to say about it if it is bad, or if `long`."""
    if mark.verdict == "numbers" and mark.text:
        return mark.text  # "data was 2.0" says it all
    bad = verdict_class(mark.verdict) in ("doubtful", "bad")
    return f"{mark.verdict}: {mark.text}" if mark.text and (bad or long) else mark.verdict


def _numbers(node: Node) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if node.shape:
        lines.append(("shape", shape_text(node.shape)))
    if node.data is not None:
        lines += [("data", _data(node.data))] if node.data.size else []
        lines += _warnings(node.data, "")
    if node.grad is not None and node.flow is Flow.FLOWS:
        lines.append(("grad", f"grad {_size(node.grad)}"))
        lines += _warnings(node.grad, "grad: ")
    elif node.flow in FLOW_WORDS and not (node.phase and node.flow is Flow.NOT_COMPUTED):
        lines.append(("grad", FLOW_WORDS[node.flow]))
    if node.hooked:
        lines.append(("more", "a hook sees the gradient"))
    if node.held is not None and (node.grad is None or not node.held.same_bits(node.grad)):
        lines.append(("held", f".grad holds {_size(node.held)}"))
    return lines


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as people write it.

    >>> shape_text((8, 1, 28, 28)), shape_text((8,)), shape_text(())
    ('8 × 1 × 28 × 28', '(8,)', 'scalar')
    """
    if len(shape) == 1:
        return f"({shape[0]},)"
    return " × ".join(map(str, shape)) if shape else "scalar"


def _data(summary: Summary) -> str:
    if not summary.shape:
        return f"data {short_number(summary.data)}"
    if summary.size == 1:
        return f"data [{short_number(summary.flat[0])}]"
    s = summary.statistics
    if s.low is None or s.high is None:
        return "data: nothing finite"
    if s.low == s.high:
        return f"all {short_number(s.low)}"
    return f"{short_number(s.low, 3)} … {short_number(s.high, 3)}  ‖{short_number(s.norm, 3)}‖"


def _size(summary: Summary) -> str:
    """A scalar itself, a tensor's norm."""
    if not summary.shape:
        return short_number(summary.data)
    if summary.size == 1:
        return f"[{short_number(summary.flat[0])}]"
    norm = summary.statistics.norm
    return f"‖{short_number(norm, 3)}‖" if norm is not None else "nothing finite"


def _warnings(summary: Summary, what: str) -> list[tuple[str, str]]:
    s = summary.statistics
    found = [(s.nan, "NaN"), (s.inf, "∞"), (s.minus_inf, "−∞")]
    if not summary.shape:
        return [("warning", f"⚠ {what}{name}") for count, name in found if count]
    text = ", ".join(f"{count:,} {name}" for count, name in found if count)
    return [("warning", f"⚠ {what}{text} of {summary.size:,}")] if text else []


def _thumbnail(summary: Summary | None) -> Thumbnail | None:
    return None if summary is None or summary.size < 2 else summary.thumbnail()


def edge_lines(edge: Edge) -> list[tuple[str, str]]:
    """What stands at an edge: the local derivative ("local") and what it contributed ("sent")."""
    lines = []
    if edge.local is not None and edge.local.size:
        lines.append(("local", f"∂ {_range(edge.local)}"))
    if edge.contribution is not None and edge.contribution.size:
        zero = {Flow.ZERO: "0", Flow.DEAD: "0, ReLU closed"}.get(edge.flow)
        lines.append(("sent", f"↑ {zero or _size(edge.contribution)}"))
    if edge.count > 1:
        lines.append(("local", f"{edge.count:,} uses"))
    return lines


def _range(summary: Summary) -> str:
    s = summary.statistics
    if not summary.shape or summary.size == 1:
        return short_number(summary.flat[0])
    if s.low is None or s.high is None:
        return "NaN"
    if s.low == s.high:
        return short_number(s.low)
    return f"{short_number(s.low, 2)} … {short_number(s.high, 2)}"


def tooltip(graph: Graph, node: Node) -> str:
    """Everything in a few lines: the whole name, formula, parameters, rule and source line."""
    lines = [" ".join(part for part in (node.id, node.name, node.op, f"({node.role})") if part)]
    if node.scope:
        lines.append(" › ".join(node.scope))
    op = graph.ops.get(node.op)
    if op is not None:
        lines.append(f"out = {op.formula}" if " = " not in op.formula else op.formula)
        lines += [f"∂/∂input {i}: {text}" for i, text in enumerate(op.derivatives)]
    lines += [f"{name} = {text}" for name, text in node.params.items()]
    lines += [text for _, text in _numbers(node)]
    if node.mark is not None:
        lines.append(mark_text(node.mark, long=True))
    if op is not None and op.rule:
        lines.append(op.rule)
    if node.source is not None:
        lines.append(f"{node.source.file}:{node.source.line} in {node.source.function}: {node.source.text}")
    return "\n".join(clean(line) for text in lines for line in text.split("\n"))


def _wrapped(text: str, width: int = 34) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(clean(word, width))
    return lines[:6]

"""A report as a Markdown page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .summary import MODES, details, explanation, headline, lines, place, short, subject, verdict_of

if TYPE_CHECKING:
    from ..report import Report

__all__ = ["markdown"]


def markdown(report: Report) -> str:
    """A table of all tensors, and what is wrong; names of layers are escaped."""
    modes = [mode for mode in MODES if any(row.mode == mode for row in report.rows)]
    out = [f"# Handwritten against automatic: {verdict_of(report)}", "", *map(_escaped, headline(report)), ""]
    head = ["layer", "tensor", *(MODES[mode] for mode in modes), "max abs", "rel L2", "max ULP", "equal"]
    out += [_line(head), "|" + "---|" * (2 + len(modes)) + "--:|" * 4]
    for line in lines(report):
        m = line.worst.metrics
        numbers = ["", "", "", ""]
        if m is not None and m.max_abs is not None:
            numbers = [short(m.max_abs), short(m.rel_l2), short(m.max_ulp), f"{m.share_equal:.0%}"]
        name = _escaped(line.path + line.beside) if line.first else ""
        words = [f"**{w}**" if (w := line.verdict(mode)) == "wrong" else w for mode in modes]
        out.append(_line([name, _escaped(line.tensor), *words, *numbers]))
    for row in details(report):
        out += ["", f"## {_escaped(place(row))}: {row.verdict.value}", ""]
        out += [f"- {_escaped(part)}" for part in explanation(row)]
    if report.remarks:
        out += ["", "## Remarks", ""]
    for remark in report.remarks:
        out.append(f"- {_escaped(f'{subject(remark)}: {remark.sentence}')}")
    return "\n".join(out) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """No character of a name can become markup, a table's border or a new line."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))

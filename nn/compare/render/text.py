"""A report as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .summary import MODES, details, explanation, headline, lines, place, short, subject, verdict_of

if TYPE_CHECKING:
    from ..report import Report

__all__ = ["text"]

_WIDTH = 100


def text(report: Report) -> str:
    """A table of all tensors, and below it what is wrong."""
    out = [f"handwritten against automatic: {verdict_of(report)}"]
    out += [line for sentence in headline(report) for line in textwrap.wrap(sentence, _WIDTH)]
    if report.rows:
        out += ["", *_table(report)]
    for row in details(report):
        out += ["", f"{place(row)}: {row.verdict.value}"]
        out += [f"    {line}" for part in explanation(row) for line in textwrap.wrap(part, _WIDTH - 4)]
    if report.remarks:
        out += ["", "Remarks"]
    for remark in report.remarks:
        out += textwrap.wrap(f"- {subject(remark)}: {remark.sentence}", _WIDTH, subsequent_indent="  ")
    return "\n".join(out)


def _table(report: Report) -> list[str]:
    modes = [mode for mode in MODES if any(row.mode == mode for row in report.rows)]
    head = ["layer", "tensor", *(MODES[mode] for mode in modes), "max |h-a|", "rel L2", "max ULP", "equal"]
    rows: list[Sequence[str]] = [head]
    for line in lines(report):
        m = line.worst.metrics
        numbers = ["", "", "", ""]
        if m is not None and m.max_abs is not None:
            numbers = [short(m.max_abs), short(m.rel_l2), short(m.max_ulp), f"{m.share_equal:.0%}"]
        name = line.path + line.beside if line.first else ""
        verdicts = [line.verdict(mode) for mode in modes]
        rows.append([name, line.tensor, *(v.upper() if v == "wrong" else v for v in verdicts), *numbers])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    left = 2 + len(modes)
    shown = []
    for row in rows:
        cells = enumerate(zip(row, widths, strict=True))
        shown.append("  ".join(cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in cells))
    return [shown[0].rstrip(), "-" * len(shown[0]), *(line.rstrip() for line in shown[1:])]

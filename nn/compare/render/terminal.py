"""A report in the terminal, with rich. Colours only repeat what the words say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .summary import MODES, SIGNS, details, explanation, headline, lines, place, short, subject, verdict_of
from .text import text

if TYPE_CHECKING:
    from ..report import Report

__all__ = ["show"]

_STYLES = {
    "wrong": "bold red",
    "kink": "yellow",
    "rounding": "cyan",
    "exact": "green",
    "untested": "magenta",
    "-": "dim",
}


def show(report: Report, console: Any = None) -> None:
    """Print with rich, or as plain text where it is not installed.

    Args:
        console: a `rich.console.Console` to print on.
    """
    try:
        from rich.console import Console, Group
        from rich.panel import Panel
        from rich.text import Text
    except ImportError:
        print(text(report))
        return
    console = console or Console()
    verdict = verdict_of(report)
    style = "red" if verdict == "wrong" else "green" if verdict == "right" else "magenta"
    title = Text.assemble("handwritten against automatic: ", (verdict, f"bold {style}"))
    console.print(Panel(Text("\n".join(headline(report))), title=title, title_align="left", border_style=style))
    if report.rows:
        console.print(_table(report, console.width))
    for row in details(report):
        word = row.verdict.value
        parts = [
            Text(part, style="bold" if i == 0 and row.diagnosis else "") for i, part in enumerate(explanation(row))
        ]
        head = Text.assemble(place(row), " ", (f"{SIGNS[word]} {word}", _STYLES[word]))
        console.print(Panel(Group(*parts), title=head, title_align="left", border_style=_STYLES[word].split()[-1]))
    for remark in report.remarks:
        console.print(Text.assemble((f"! {subject(remark)}: ", "bold magenta"), remark.sentence))


def _table(report: Report, width: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    modes = [mode for mode in MODES if any(row.mode == mode for row in report.rows)]
    names = _numbers(width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("layer", overflow="fold")
    table.add_column("tensor", overflow="fold")
    for mode in modes:
        table.add_column(MODES[mode], no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    found = lines(report)
    for i, line in enumerate(found):
        m = line.worst.metrics
        numbers = dict.fromkeys(names, "")
        if m is not None and m.max_abs is not None:
            numbers = {
                "max |h-a|": short(m.max_abs),
                "rel L2": short(m.rel_l2),
                "max ULP": short(m.max_ulp),
                "equal": f"{m.share_equal:.0%}",
            }
        words = [line.verdict(mode) for mode in modes]
        cells = [Text(_said(word, width), style=_STYLES[word]) for word in words]
        title = Text(line.path + line.beside if line.first else "", style="bold")
        tensor = Text(line.tensor if width >= _ROOM else line.tensor.replace("gradient", "grad."))
        last = i + 1 == len(found) or found[i + 1].first
        table.add_row(title, tensor, *cells, *(numbers[name] for name in names), end_section=last)
    return table


#: From so many columns on there is room for signs beside the words and for words in full.
_ROOM = 96


def _numbers(width: int) -> tuple[str, ...]:
    """The metrics that there is room for."""
    if width >= 122:
        return ("max |h-a|", "rel L2", "max ULP", "equal")
    return ("max |h-a|", "equal") if width >= _ROOM else ("max |h-a|",)


def _said(word: str, width: int) -> str:
    return word if word == "-" or (width < _ROOM and word != "wrong") else f"{SIGNS[word]} {word}"

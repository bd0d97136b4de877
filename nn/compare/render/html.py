"""A report as one self-contained HTML page: no script, nothing loaded, light and dark, readable without colours."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .heatmap import heat_map, level_names
from .style import STYLE
from .summary import (
    MODES,
    SIGNS,
    Line,
    details,
    facts,
    headline,
    lines,
    place,
    sentences,
    short,
    subject,
    verdict_of,
    worst,
)

if TYPE_CHECKING:
    from ..report import Report, Row

__all__ = ["html_page"]


def html_page(report: Report) -> str:
    """The page; every text in it is escaped."""
    verdict = verdict_of(report)
    tone = {"wrong": "wrong", "right": "exact"}.get(verdict, "untested")
    explained = details(report)
    parts = [
        f'<header><p class="kicker">handwritten against automatic</p><h1>{_badge(tone, verdict)}</h1>',
        *(f'<p class="lead">{escape(sentence)}</p>' for sentence in headline(report)),
        "</header>",
        *_cards(explained),
        *_remarks(report),
        "<h2>All tensors</h2>",
        _table(report),
        *_maps(report, explained),
    ]
    body = "\n".join(parts)
    title = escape(f"handwritten against automatic: {verdict}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{_HATCH}\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


_HATCH = (
    '<svg width="0" height="0" aria-hidden="true" class="defs"><defs><pattern id="hatch" width="0.5" height="0.5" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="0.1" height="0.5"/>'
    "</pattern></defs></svg>"
)


def _badge(tone: str, word: str) -> str:
    return f'<span class="badge {tone}"><span aria-hidden="true">{SIGNS[tone]}</span> {escape(word)}</span>'


def _cards(rows: list[Row]) -> list[str]:
    if not rows:
        return []
    out = [f"<h2>{'What is wrong' if rows[0].verdict.value == 'wrong' else 'What is different'}</h2>"]
    for row in rows:
        word = row.verdict.value
        out.append(f'<section class="card {word}"><h3>{escape(place(row))} {_badge(word, word)}</h3>')
        for i, sentence in enumerate(sentences(row)):
            if i == 0 and row.diagnosis is not None:
                name, _, rest = sentence.partition(": ")
                out.append(f'<p class="diagnosis"><strong>{escape(name)}:</strong> {escape(rest)}</p>')
            else:
                out.append(f"<p>{escape(sentence)}</p>")
        found = list(worst(row))
        if found and row.worst is not None:
            at = f"Worst element {list(row.worst.index)}" if row.worst.index else "The number"
            out.append(f"<h4>{escape(at)}</h4>{_list(found)}")
        said = list(facts(row))
        out.append((f"<h4>Numbers</h4>{_list(said)}" if said else "") + "</section>")
    return out


def _list(pairs: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in pairs) + "</dl>"


def _remarks(report: Report) -> list[str]:
    if not report.remarks:
        return []
    items = []
    for remark in report.remarks:
        head = escape(subject(remark))
        items.append(f"<li><strong>{head}</strong>: {escape(remark.sentence)}</li>")
    return ["<h2>Remarks</h2>", "<ul>", *items, "</ul>"]


def _table(report: Report) -> str:
    modes = [mode for mode in MODES if any(row.mode == mode for row in report.rows)]
    heads = ["layer", "tensor", *(MODES[mode] for mode in modes), "max |h − a|", "rel L2", "max ULP", "equal"]
    out = ['<div class="scroll"><table><thead><tr>']
    out += [f'<th scope="col"{" class=number" if i > 1 + len(modes) else ""}>{h}</th>' for i, h in enumerate(heads)]
    out.append("</tr></thead><tbody>")
    for number, line in enumerate(lines(report)):
        m = line.worst.metrics
        numbers = ["", "", "", ""]
        if m is not None and m.max_abs is not None:
            numbers = [short(m.max_abs), short(m.rel_l2), short(m.max_ulp), f"{m.share_equal:.0%}"]
        name = f"<b>{escape(line.path)}</b>{escape(line.beside)}" if line.first else ""
        tensor = escape(line.tensor)
        if line.worst.errors is not None:
            tensor = f'<a href="#map{number}">{tensor}</a>'
        cells = "".join(f"<td>{_verdict(line.verdict(mode))}</td>" for mode in modes)
        cells += "".join(f'<td class="number">{escape(text)}</td>' for text in numbers)
        start = ' class="first"' if line.first else ""
        out.append(f'<tr{start}><th scope="row">{name}</th><td>{tensor}</td>{cells}</tr>')
    out.append("</tbody></table></div>")
    return "".join(out)


def _verdict(word: str) -> str:
    if word == "-":
        return '<span class="verdict none">–</span>'
    return f'<span class="verdict {word}"><span aria-hidden="true">{SIGNS[word]}</span> {word}</span>'


def _maps(report: Report, explained: list[Row]) -> list[str]:
    shown = [(n, line) for n, line in enumerate(lines(report)) if line.worst.errors is not None]
    if not shown:
        return ["<p>Every element of every tensor is equal.</p>"]
    names = level_names()
    legend = "".join(f'<li><i class="s{i}"></i>{name}</li>' for i, name in enumerate(names))
    out = [
        "<h2>Where the errors are</h2>",
        "<p>Each square is an element; its shade is |h − a| relative to the tensor's largest number. "
        "Hatched: wrong. Tensors that are equal everywhere are left out.</p>",
        f'<ul class="legend">{legend}</ul>',
    ]
    return out + [_map(number, line, line.worst in explained) for number, line in shown]


def _map(number: int, line: Line, is_open: bool) -> str:
    row = line.worst
    svg, words = heat_map(row)
    state = " open" if is_open else ""
    head = f"{escape(place(row))} {_verdict(row.verdict.value)} <span class=mode>{MODES[row.mode]}</span>"
    note = f'<p class="note">{escape(words)}</p>'
    return f'<details id="map{number}"{state}><summary>{head}</summary>{note}<div class="scroll">{svg}</div></details>'

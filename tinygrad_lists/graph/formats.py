"""The formats that a graph can be written in, by suffix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .dot import to_dot
from .json import to_json
from .model import Graph
from .raster import render
from .svg import MOST_LABELS, to_svg
from .text import to_text

__all__ = ["FORMATS", "check_suffix", "html"]

#: ``write(graph, across, labels)`` gives the content of a file.
Format = Callable[[Graph, bool, bool | None], bytes]


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a path, if it is known; ValueError, which lists the known ones, if it is not.

    >>> check_suffix("loss.SVG")
    'svg'
    """
    suffix = Path(path).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        said = f"has the unknown suffix .{suffix}" if suffix else "has no suffix"
        raise ValueError(f"draw: {os.fspath(path)!r} {said}; known are {known}")
    return suffix


def _dot(graph: Graph, across: bool, labels: bool | None) -> str:
    return to_dot(graph, across=across, labels=len(graph.edges) <= MOST_LABELS if labels is None else labels)


def html(graph: Graph) -> str:
    """The interactive page, whose files are read only when it is wanted."""
    from .html import to_html

    return to_html(graph)


FORMATS: dict[str, Format] = {
    "svg": lambda graph, across, labels: to_svg(graph, across=across, labels=labels).encode(),
    "html": lambda graph, across, labels: html(graph).encode(),
    "png": lambda graph, across, labels: render(_dot(graph, across, labels), "png"),
    "pdf": lambda graph, across, labels: render(_dot(graph, across, labels), "pdf"),
    "dot": lambda graph, across, labels: _dot(graph, across, labels).encode(),
    "txt": lambda graph, across, labels: to_text(graph).encode(),
    "json": lambda graph, across, labels: to_json(graph).encode(),
}

"""`draw`: from a Value to a picture, in whatever format the path's suffix asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ..files import write_whole
from ..value import Value
from .capture import Outputs, capture
from .colour import ReportLike, colour
from .derived import capture_backward
from .expand import expand as expanded
from .fold import READABLE, collapse, fit
from .formats import FORMATS, check_suffix
from .model import Graph

__all__ = ["draw"]


def draw(
    value: Outputs | Graph,
    path: str | os.PathLike[str] | None = None,
    *,
    depth: int | Literal["all"] | None = None,
    expand: str | Value | Iterable[str] = (),
    backward: int = 0,
    gradient: Any = None,
    gradients: bool = True,
    names: Any = None,
    report: ReportLike | str | Mapping[str, Any] | None = None,
    title: str = "",
    across: bool = False,
    labels: bool | None = None,
) -> Graph:
    """Draw the graph that a Value was computed by, with the gradients of a backward pass and what each edge adds to
    them. No ``.grad`` changes.

    Args:
        value: a Value, several in a list or dict, or a Graph that was captured before.
        path: where to write. The suffix says what: svg, html (interactive), json, dot and txt need nothing else; png
            and pdf need Graphviz. An existing file is replaced only by a complete new one.
        depth: how many levels of modules to show, at least 1; what is inside of the last is folded. "all" shows every
            operation. None shows every operation of up to 150, and folds larger graphs until they can be read (html
            folds on the page, where everything can be opened).
        expand: tensor operations to take apart into scalars: names, ids or operations.
        backward: 1 draws the operations of the backward pass as well, 2 also those of its own backward pass.
        gradient: with which the backward pass starts, in the shape of the Value; 1 for a scalar.
        gradients: False runs no backward pass.
        names: what to call Values: a dict by name, or a module, whose parameters have names.
        report: of `compare_gradients`; its verdicts colour parameters and modules.
        title: stands above the picture.
        across: from left to right instead of from the top down.
        labels: whether to write at the edges; only in small pictures if left out.

    Returns:
        The Graph, which shows itself in Jupyter and prints as text.

    Raises:
        TypeError: something that is no Value. ValueError: an unknown suffix, or options that do not fit. OSError: the
            path cannot be written. DrawingError: Graphviz is needed and missing, or broken.

    >>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    >>> print(draw(a * b + 10))
    computation graph: 5 nodes, 4 edges
    node  is        from    shape   data  gradient
    n0    a                 scalar  2.0   −3.0
    n1    b                 scalar  −3.0  2.0
    n2    mul       n0, n1  scalar  −6.0  1.0
    n3    constant          scalar  10                constant
    n4    add       n2, n3  scalar  4.0   1.0       output
    """
    if path is not None:
        check_suffix(path)
    graph = _graph(value, backward, gradient, gradients, names)
    if title:
        graph = replace(graph, title=title)
    if report is not None:
        graph = colour(graph, report)
    for name in [expand] if isinstance(expand, str | Value) else expand:
        graph = expanded(graph, _called(name))
    if depth is None:
        if path is None or Path(path).suffix != ".html":  # the page opens and closes groups by itself
            graph = fit(graph, READABLE)
    elif depth != "all":
        graph = collapse(graph, depth)
    if path is not None:
        _write(graph, Path(path), across, labels)
    return graph


def _graph(value: Outputs | Graph, backward: int, gradient: Any, gradients: bool, names: Any) -> Graph:
    if isinstance(value, Graph):
        if backward or gradient is not None or names is not None:
            raise ValueError("draw: backward, gradient and names are for Values; this graph was captured before")
        return value
    by_name = _by_name(names)
    if backward:
        return capture_backward(value, order=backward, gradient=gradient, names=by_name)
    return capture(value, gradient=gradient, gradients=gradients, names=by_name)


def _by_name(names: Any) -> dict[str, Value]:
    if names is None:
        return {}
    named: Callable[[], Iterable[tuple[str, Value]]] | None = getattr(names, "named_parameters", None)
    found = dict(named()) if named is not None else dict(names)
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Value):
            raise TypeError(f"draw: names is a dict from names to Values, or a module; it has {name!r}: {value!r:.40}")
    return found


def _called(name: str | Value) -> str:
    if isinstance(name, Value):
        if not name.name:
            raise ValueError("draw: expand takes Values that have a name; or names, ids and operations as text")
        return name.name
    return name


def _write(graph: Graph, path: Path, across: bool, labels: bool | None) -> None:
    write_whole(path, FORMATS[path.suffix.lower().lstrip(".")](graph, across, labels))

"""What a Graph can do besides holding data: show itself, be folded, expanded, compared and written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .colour import ReportLike
    from .model import Graph

__all__ = ["Views"]


class Views:
    """Methods of Graph; each hands on to the function of the same name. These build on the model, so that they are
    imported when they are called."""

    @property
    def _self(self) -> Graph:
        return cast("Graph", self)

    def save(self, path: str | os.PathLike[str], *, across: bool = False, labels: bool | None = None) -> None:
        """Write the graph as it is, in the format that the suffix of `path` names; see `draw`.

        Raises:
            ValueError: an unknown suffix. OSError: the path cannot be written. DrawingError: png or pdf without
                Graphviz.
        """
        from .drawing import draw

        draw(self._self, path, depth="all", across=across, labels=labels)

    def to_svg(self, *, across: bool = False, labels: bool | None = None) -> str:
        """As an SVG picture; `across` from left to right, `labels` whether to write at the edges (None: in small
        pictures).
        """
        from .svg import to_svg

        return to_svg(self._self, across=across, labels=labels)

    def to_dot(self, *, across: bool = False, labels: bool = True) -> str:
        """In the DOT language of Graphviz; `across` from left to right, `labels` whether to write at the edges.

        >>> from tinygrad_lists import Value, draw
        >>> draw(Value(2.0) * 3).to_dot().splitlines()[0]
        'digraph "computation graph" {'
        """
        from .dot import to_dot

        return to_dot(self._self, across=across, labels=labels)

    def to_html(self) -> str:
        """As an interactive page, in one file that needs nothing else."""
        from .formats import html

        return html(self._self)

    def to_json(self) -> str:
        """As JSON; see docs/graph-json.md."""
        from .json import to_json

        return to_json(self._self)

    def to_text(self) -> str:
        """As a table for terminals, which is also what ``print(graph)`` shows."""
        from .text import to_text

        return to_text(self._self)

    def collapse(self, depth: int | None = None, groups: Iterable[str] = ()) -> Graph:
        """Modules folded into one node each: those `depth` levels deep, at least 1, or those whose ids `groups` names.

        Raises:
            ValueError: a `depth` below 1. KeyError: there is no such group.

        >>> from tinygrad_lists import Value, draw, scope
        >>> with scope("net"):
        ...     y = (Value(2.0, name="x") * 3).exp()
        >>> draw(y).collapse(1)
        Graph(1 nodes, 0 edges)
        """
        from .fold import collapse

        return collapse(self._self, depth, groups)

    def fold_repeats(self) -> Graph:
        """Repeated blocks folded into one; the same graph where there are none."""
        from .repeats import fold_repeats

        return fold_repeats(self._self)

    def fit(self, limit: int = 150) -> Graph:
        """Folded until it has about `limit` nodes: first repeated blocks, then modules, then operations that follow
        each other.
        """
        from .fold import fit

        return fit(self._self, limit)

    def expand(self, name: str) -> Graph:
        """A tensor operation, by name, id or operation, taken apart into scalars.

        Raises:
            KeyError: there is no such node. ValueError: it is no operation that can be taken apart, or it is too large.

        >>> from tinygrad_lists import Value, draw
        >>> draw(Value([1.0, -2.0]).relu()).expand("relu")
        Graph(6 nodes, 6 edges)
        """
        from .expand import expand

        return expand(self._self, name)

    def diff(self, after: Graph) -> Graph:
        """Both graphs in one, each node marked by what became of it.

        >>> from tinygrad_lists import Value, draw
        >>> x = Value(2.0)
        >>> [node.mark.verdict for node in draw(x.exp()).diff(draw(x.exp().tanh())).nodes]
        ['numbers', 'numbers', 'added']
        """
        from .diff import diff

        return diff(self._self, after)

    def colour(self, report: ReportLike | str | Mapping[str, Any]) -> Graph:
        """Marked with the verdicts of a comparison of gradients, or of any mapping from names to verdicts.

        ValueError for a report that is none, or that names nothing in this graph.

        >>> from tinygrad_lists import Value, draw
        >>> draw(Value(2.0, name="w") * 3).colour({"w": "wrong"}).nodes[0].mark.verdict
        'WRONG'
        """
        from .colour import colour

        return colour(self._self, report)

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For Jupyter: the picture, and text where there are no pictures."""
        bundle = {"image/svg+xml": self.to_svg(), "text/plain": str(self)}
        wanted = set(bundle) if include is None else set(include)
        return {kind: content for kind, content in bundle.items() if kind in wanted - set(exclude or ())}

    def __str__(self) -> str:
        return self.to_text().rstrip("\n")

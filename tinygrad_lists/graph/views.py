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
        """Write the graph as it is; see `draw`."""
        from .drawing import draw

        draw(self._self, path, depth="all", across=across, labels=labels)

    def to_svg(self, *, across: bool = False, labels: bool | None = None) -> str:
        """As an SVG picture."""
        from .svg import to_svg

        return to_svg(self._self, across=across, labels=labels)

    def to_dot(self, *, across: bool = False, labels: bool = True) -> str:
        """In the DOT language."""
        from .dot import to_dot

        return to_dot(self._self, across=across, labels=labels)

    def to_html(self) -> str:
        """As an interactive page."""
        from .formats import html

        return html(self._self)

    def to_json(self) -> str:
        """As JSON; see docs/graph-json.md."""
        from .json import to_json

        return to_json(self._self)

    def to_text(self) -> str:
        """As a table for terminals."""
        from .text import to_text

        return to_text(self._self)

    def collapse(self, depth: int | None = None, groups: Iterable[str] = ()) -> Graph:
        """Modules folded into one node each."""
        from .fold import collapse

        return collapse(self._self, depth, groups)

    def fold_repeats(self) -> Graph:
        """Repeated blocks folded into one."""
        from .repeats import fold_repeats

        return fold_repeats(self._self)

    def fit(self, limit: int = 150) -> Graph:
        """Folded until it has about `limit` nodes."""
        from .fold import fit

        return fit(self._self, limit)

    def expand(self, name: str) -> Graph:
        """A tensor operation, by name, id or operation, taken apart into scalars."""
        from .expand import expand

        return expand(self._self, name)

    def diff(self, after: Graph) -> Graph:
        """Both graphs in one, each node marked by what became of it."""
        from .diff import diff

        return diff(self._self, after)

    def colour(self, report: ReportLike | str | Mapping[str, Any]) -> Graph:
        """Marked with the verdicts of a comparison of gradients."""
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

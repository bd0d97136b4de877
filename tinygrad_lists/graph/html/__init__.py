"""The interactive page: one HTML file that needs no network, made from exactly the JSON of docs/graph-json.md.

Layout and drawing happen in the page, because opening a group means laying out anew. The scripts are plain JavaScript
without a framework; they are put into the page in the order of SCRIPTS and share one module scope.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files

from ..fold import fit
from ..json import to_json
from ..model import Graph
from .sections import with_sections

__all__ = ["MOST_NODES", "SCRIPTS", "STYLES", "to_html"]

#: Up to so many nodes a page holds them all; of larger graphs repeated blocks and modules are folded first.
MOST_NODES = 10_000

SCRIPTS = (
    "dom.js",
    "numbers.js",
    "model.js",
    "layers.js",
    "routes.js",
    "wrap.js",
    "scene.js",
    "camera.js",
    "colours.js",
    "cards.js",
    "lines.js",
    "picture.js",
    "arrays.js",
    "parts.js",
    "panel.js",
    "why.js",
    "replay.js",
    "search.js",
    "lessons.js",
    "lesson_view.js",
    "keys.js",
    "main.js",
)
STYLES = (
    "colours.css",
    "page.css",
    "legend.css",
    "cards.css",
    "picture.css",
    "panel.css",
    "replay.css",
    "dialogs.css",
)


def to_html(graph: Graph, title: str | None = None, limit: int = MOST_NODES) -> str:
    """The graph as an interactive page, complete in one file.

    Args:
        graph: any Graph; long flat ones are cut into sections that open one by one.
        title: of the page, in place of the graph's own.
        limit: a graph of more nodes is folded to about as many, which a note on the page says.

    Names and other text of the user's cannot become markup or script: the data stand in a block of JSON in which ``<``
    is escaped, the page makes text nodes of them, and its Content-Security-Policy lets nothing run but the page's own
    script, and nothing be loaded.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> a = Value(2.0, name="</script><script>alert(1)</script>")
    >>> page = to_html(capture(a * a))
    >>> page.count("<script"), "alert(1)</script>" in page
    (2, False)
    """
    shown = graph if title is None else replace(graph, title=title)
    data = json_in_page(to_json(with_sections(fit(shown, limit))))
    style, script = _joined("", STYLES), _joined("js", SCRIPTS)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    filling = {
        "policy": policy,
        "title": html.escape(_well_formed(shown.title or "Computation graph")),
        "style": style,
        "script": script,
        "data": data,
    }
    # One pass: what is filled in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filling[found[1]], _read("page.html"))


def json_in_page(text: str) -> str:
    r"""JSON that may stand in a script element: it holds no ``<``, so neither ``</script>`` nor ``<!--``.

    >>> json_in_page('["</script>"]')
    '["\\u003c/script>"]'
    """
    return re.sub("[\ud800-\udfff\u2028\u2029]", _escaped, text.replace("<", "\\u003c"))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _well_formed(text: str) -> str:
    """Without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _joined(folder: str, names: tuple[str, ...]) -> str:
    return "\n" + "\n".join(_read(f"{folder}/{name}" if folder else name) for name in names)


@cache
def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")

"""PNG and PDF, which Graphviz draws: with the system's `dot`, or with the one that pip can install (graphviz-pure)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["DrawingError", "find_dot", "render"]

#: What every file of a format begins with.
_BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}

_SECONDS = 120

_WAYS = (
    "install Graphviz (apt install graphviz, brew install graphviz, winget install graphviz), "
    "or pip install 'tinygrad-lists[draw]' (png only); svg, html, dot, txt and json need neither"
)


class DrawingError(RuntimeError):
    """A picture could not be drawn; the message says what to do."""


def find_dot() -> str:
    """The `dot` to use: the system's, else graphviz-pure's.

    Raises DrawingError, with the ways to get one, if there is none.
    """
    beside = Path(sys.executable).parent
    for name in ("dot", "graphviz-pure"):
        found = shutil.which(name) or shutil.which(name, path=str(beside))
        if found:
            return found
    raise DrawingError(f"draw: png and pdf are drawn by Graphviz, and there is no dot here; {_WAYS}")


def render(source: str, kind: str) -> bytes:
    """DOT text drawn as a file of a kind, "png" or "pdf".

    Raises DrawingError: there is no `dot`, or it failed, took over two minutes, or gave something else.
    """
    binary = find_dot()
    if kind == "pdf" and Path(binary).stem == "graphviz-pure":
        raise DrawingError(f"draw: graphviz-pure draws no pdf; {_WAYS.partition(', or pip')[0]}, or draw an svg")
    content = _run(binary, source.encode(), kind)
    if not content.startswith(_BEGINNINGS[kind]):
        raise DrawingError(f"draw: {binary} gave no {kind} but {content[:40]!r}; try another Graphviz, or draw an svg")
    return content


def _run(binary: str, source: bytes, kind: str) -> bytes:
    try:
        done = subprocess.run([binary, f"-T{kind}"], input=source, capture_output=True, timeout=_SECONDS, check=False)
    except OSError as error:
        raise DrawingError(f"draw: {binary} cannot be run ({error.strerror}); {_WAYS}") from None
    except subprocess.TimeoutExpired:
        raise DrawingError(f"draw: {binary} took over {_SECONDS} seconds; fold with depth=, or draw an svg") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1][:200] if said else "it says nothing"
        raise DrawingError(f"draw: {binary} failed with status {done.returncode}: {reason}; or draw an svg")
    return done.stdout

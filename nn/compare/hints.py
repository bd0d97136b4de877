"""Hints that name a mistake without giving the formula away: where to look, and what to ask oneself."""

from __future__ import annotations

from .metrics import Metrics
from .report import Row, Verdict

__all__ = ["HINTS", "hint"]

#: Name of a diagnosis -> hint.
HINTS = {
    "sign": "All of it has the wrong sign. Where does a minus come from, or get lost?",
    "zero": "It is zero everywhere. Is it computed at all, and kept under the right name?",
}

_PROBLEM = "Nothing to judge: "


def hint(row: Row) -> str:
    """What to tell about a wrong row; "" for any other."""
    if row.verdict is not Verdict.WRONG:
        return ""
    if row.metrics is None:
        return f"{_PROBLEM}{row.note}"
    if row.metrics.handwritten_shape != row.metrics.automatic_shape:
        return _shapes(row.metrics)
    name = row.diagnosis.name if row.diagnosis is not None else "unknown"
    text = HINTS.get(name, f"It looks like this kind of mistake: {name}." if name != "unknown" else "")
    if text:
        return text
    where = f" {row.pattern[0].upper()}{row.pattern[1:].rstrip('.')}." if row.pattern else ""
    return f"Some numbers are wrong, and not in a way that is well known.{where} Derive one of them on paper."


def _shapes(metrics: Metrics) -> str:
    return f"Its shape is {metrics.handwritten_shape}; expected is {metrics.automatic_shape}."

"""Verdicts laid over a graph: how bad each is."""

from __future__ import annotations

from collections.abc import Iterable

from .model import Mark

__all__ = ["SEVERITY", "verdict_class", "worst"]

#: From harmless to bad. First of comparisons of gradients, then of differences between graphs.
SEVERITY = {verdict: i for i, verdict in enumerate(("EXACT", "ROUNDING", "KINK", "UNTESTED", "WRONG"))}
SEVERITY |= {verdict: i for i, verdict in enumerate(("same", "numbers", "added", "changed", "removed"))}


def worst(marks: Iterable[Mark | None]) -> Mark | None:
    """The worst of several marks, the first of equals; a verdict that is not known counts as bad.

    >>> worst([Mark("EXACT"), None, Mark("WRONG", "at [0]")])
    Mark(verdict='WRONG', text='at [0]')
    """
    known = [mark for mark in marks if mark is not None]
    return max(known, key=lambda mark: SEVERITY.get(mark.verdict, 3), default=None)


def verdict_class(verdict: str) -> str:
    """How a verdict is coloured: "good", "fair", "doubtful" or "bad"."""
    return ("good", "fair", "doubtful", "doubtful", "bad")[SEVERITY.get(verdict, 3)]

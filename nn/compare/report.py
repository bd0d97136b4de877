"""What a comparison found: one row per tensor, put together in a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from os import PathLike
from typing import Any

from .metrics import Metrics

__all__ = ["Diagnosis", "Remark", "Report", "Row", "Verdict", "Worst"]


class Verdict(Enum):
    """The judgement on one tensor."""

    EXACT = "exact"
    ROUNDING = "rounding"
    KINK = "kink"
    WRONG = "wrong"
    UNTESTED = "untested"


@dataclass(frozen=True)
class Worst:
    """The element that lies furthest outside of its rounding bound (or, if none does, furthest off)."""

    index: tuple[int, ...]
    handwritten: Any
    automatic: Any
    oracle: Any = None
    bound: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What kind of mistake it looks like. `name` is a stable key such as "sign" or "kernel flipped"; "unknown"."""

    name: str
    sentence: str
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """Something about a layer that is not a number: it raised, changed its input, answered differently twice."""

    path: str
    kind: str
    name: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """One tensor of one layer in one mode."""

    path: str
    kind: str
    tensor: str
    mode: str
    verdict: Verdict
    metrics: Metrics | None = None
    worst: Worst | None = None
    diagnosis: Diagnosis | None = None
    pattern: str = ""
    note: str = ""


@dataclass
class Report:
    """All rows of a comparison."""

    rows: list[Row]
    remarks: list[Remark] = field(default_factory=list)
    title: str = "handwritten against automatic"

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong and nothing stayed untested."""
        tested = {(r.path, r.tensor) for r in self.rows if r.verdict is not Verdict.UNTESTED}
        return not self.remarks and all(
            r.verdict is not Verdict.WRONG and (r.path, r.tensor) in tested for r in self.rows
        )

    @property
    def first_guilty(self) -> Row | None:
        """The first row, from the loss backwards, that is wrong by itself; None if none is."""
        raise NotImplementedError

    def to_json(self) -> str:
        """JSON text of everything."""
        raise NotImplementedError

    def to_markdown(self) -> str:
        """A Markdown page."""
        raise NotImplementedError

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """One self-contained HTML page, written to `path` if given."""
        raise NotImplementedError

    def show(self) -> None:
        """Print with rich where it is installed, else as plain text."""
        raise NotImplementedError

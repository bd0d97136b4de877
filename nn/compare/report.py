"""What a comparison found: one row per tensor, put together in a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import Any

from .metrics import Metrics
from .render.html import html_page
from .render.json_text import json_text
from .render.markdown import markdown
from .render.terminal import show
from .render.text import text
from .tensors import Tensor

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
    """One tensor of one layer in one mode.

    Attributes:
        path: the layer, as "3"; "loss" for the loss.
        kind: class of the automatic layer, as "Conv2d".
        tensor: "activation", "loss", "weight gradient", "bias gradient" or "input gradient".
        mode: "isolated" (on the batch), "probe" (the same on random numbers) or "chained".
        verdict: the judgement.
        tested: share of the elements to which anything but zeros contributed.
        note: what there is to say besides.
        pattern: where the wrong elements are, and what they have in common.
        outside: positions of the wrong elements, row by row.
        errors: ``|h - a|`` of every element; None if all are equal.
        scale: the automatic side's largest absolute number, to measure errors by.
    """

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
    tested: float | None = None
    outside: tuple[int, ...] = field(default=(), repr=False)
    errors: Tensor | None = field(default=None, repr=False)
    scale: float = field(default=0.0, repr=False)


#: Remarks that do not count against a layer.
HARMLESS = ("printed",)


@dataclass
class Report:
    """All rows of a comparison.

    `print(report)` writes plain text, `report.show()` a table in the terminal (with rich, if it is installed).
    """

    rows: list[Row]
    remarks: list[Remark] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, every tensor was tested, and no layer did what it must not."""
        tested = {(row.path, row.tensor) for row in self.rows if row.verdict is not Verdict.UNTESTED}
        return (
            not any(remark.name not in HARMLESS for remark in self.remarks)
            and all(row.verdict is not Verdict.WRONG for row in self.rows)
            and all((row.path, row.tensor) in tested for row in self.rows)
        )

    @property
    def guilty(self) -> list[str]:
        """Paths of the layers that are wrong by themselves, from the loss backwards."""
        paths = dict.fromkeys(row.path for row in self.rows)
        wrong = {row.path for row in self.rows if row.verdict is Verdict.WRONG and row.mode != "chained"}
        return [path for path in reversed(paths) if path in wrong]

    @property
    def first_guilty(self) -> Row | None:
        """Where to look first; None if nothing is wrong.

        The row of the layer nearest the loss that is wrong by itself. If none is, or layers were not tried alone: the
        chain's first wrong output forwards, else its first wrong gradient backwards.
        """
        wrong = [row for row in self.rows if row.verdict is Verdict.WRONG]
        alone = [row for row in wrong if row.mode != "chained"]
        if alone:
            path = self.guilty[0]
            return next(row for row in alone if row.path == path)
        outputs = [row for row in wrong if row.tensor in ("activation", "loss")]
        if outputs:
            return outputs[0]
        return next((row for row in reversed(wrong)), None)

    def __str__(self) -> str:
        return text(self)

    def show(self) -> None:
        """Print as a table with rich, or as plain text where rich is not installed."""
        show(self)

    def to_json(self) -> str:
        """Everything but the single errors, as JSON text: for an autograder. See `nn.compare.render.json_text`."""
        return json_text(self)

    def to_markdown(self) -> str:
        """A Markdown page: a table, and what is wrong."""
        return markdown(self)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """One self-contained HTML page with a map of the errors of each tensor; written to `path` if given."""
        page = html_page(self)
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

"""What all forms of a report say, worked out once: lines of a table, headline, details, and numbers in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..report import Remark, Report, Row

__all__ = [
    "MODES",
    "SIGNS",
    "Line",
    "details",
    "explanation",
    "facts",
    "headline",
    "lines",
    "number",
    "opinion",
    "percent",
    "place",
    "sentences",
    "shape",
    "short",
    "subject",
    "verdict_of",
    "worst",
]

#: The columns of the table: how a row's mode is called there.
MODES = {"isolated": "alone", "probe": "random", "chained": "chain"}

#: Beside the words, for who looks quickly.
SIGNS = {"wrong": "✗", "kink": "∠", "rounding": "≈", "exact": "=", "untested": "?", "-": ""}

#: From the best to the worst; a line is as bad as its worst row.
SEVERITY = ("untested", "exact", "rounding", "kink", "wrong")


@dataclass(frozen=True)
class Line:
    """One tensor of one layer, in all modes."""

    path: str
    kind: str
    tensor: str
    rows: dict[str, Row]
    first: bool  # of its layer

    @property
    def beside(self) -> str:
        """What to say beside the layer's name: its kind, unless that is its name."""
        return "" if self.path == self.kind else f" {self.kind}"

    @property
    def worst(self) -> Row:
        """The row to show numbers of: the worst verdict, and of those the largest error."""
        return max(self.rows.values(), key=_badness)

    def verdict(self, mode: str) -> str:
        """In a word, "-" where the mode was not tried."""
        return self.rows[mode].verdict.value if mode in self.rows else "-"


def _badness(row: Row) -> tuple[int, bool, float]:
    """Verdict first; of equal ones a layer alone says more than the chain; then the larger error."""
    return SEVERITY.index(row.verdict.value), row.mode != "chained", _error(row)


def _error(row: Row) -> float:
    return row.metrics.max_abs or 0.0 if row.metrics is not None else 0.0


def lines(report: Report) -> list[Line]:
    """The table, in the order of the layers."""
    grouped: dict[tuple[str, str], dict[str, Row]] = {}
    kinds: dict[str, str] = {}
    for row in report.rows:
        kinds.setdefault(row.path, row.kind)
        grouped.setdefault((row.path, row.tensor), {})[row.mode] = row
    paths = list(kinds)
    found: list[Line] = []
    for path, tensor in sorted(grouped, key=lambda key: paths.index(key[0])):
        first = not found or found[-1].path != path
        found.append(Line(path, kinds[path], tensor, grouped[path, tensor], first))
    return found


def place(row: Row) -> str:
    """Layer and tensor: "layer 3 (Conv2d), weight gradient"."""
    where = "the loss" if row.path == "loss" else f"layer {row.path}"
    return f"{where} ({row.kind}), {row.tensor}"


def subject(remark: Remark) -> str:
    """What a remark is about: "layer 3 (Conv2d), raised"; "homework.py, not loaded"."""
    where = "the loss" if remark.path == "loss" else f"layer {remark.path}" if remark.kind else remark.path
    return f"{where} ({remark.kind}), {remark.name}" if remark.kind else f"{where}, {remark.name}"


def verdict_of(report: Report) -> str:
    """One word or two for the whole."""
    if not report.rows:
        return "nothing was compared"
    if any(row.verdict.value == "wrong" for row in report.rows):
        return "wrong"
    if report.ok:
        return "right"
    return "not everything was tested" if not report.remarks else "right numbers, but with remarks"


def headline(report: Report) -> list[str]:
    """What to read first, a sentence or two."""
    if not report.rows:
        return [f"There is nothing to compare{': see the remarks' if report.remarks else ''}."]
    counts = {name: sum(row.verdict.value == name for row in report.rows) for name in SEVERITY}
    said = ", ".join(
        f"{counts[name]} {name}" for name in ("wrong", "kink", "rounding", "exact", "untested") if counts[name]
    )
    found = [f"{len(lines(report))} tensors, {len(report.rows)} comparisons: {said}."]
    guilty = report.first_guilty
    if guilty is None:
        return found
    found.append(f"Look first at {place(guilty)}.")
    if guilty.mode == "chained" and any(row.mode == "isolated" for row in report.rows):
        found.append("Every layer is right by itself: the mistake lies in how the network puts them together.")
    elif len(report.guilty) > 1:
        others = ", ".join(f"layer {path}" if path != "loss" else "the loss" for path in report.guilty[1:])
        found.append(f"Wrong by themselves as well: {others}.")
    return found


def details(report: Report) -> list[Row]:
    """The rows to explain, one per tensor: wrong ones first, from the loss backwards, then kinks. Rows of the chain
    only if no layer is wrong by itself: else they only follow. What is to be said of several tensors of a layer in the
    same words, such as that its code stops, is said of the first."""
    follows = bool(report.guilty)
    found = []
    for line in reversed(lines(report)):
        rows = [row for row in line.rows.values() if row.verdict.value in ("wrong", "kink")]
        alone = [row for row in rows if row.mode != "chained"]
        if alone:
            found.append(max(alone, key=_badness))
        elif rows and not follows:
            found.append(rows[0])
    said = {(row.path, *explanation(row)): row for row in found}
    return sorted(said.values(), key=lambda row: row.verdict.value != "wrong")


def number(x: Any) -> str:
    """A number in full: every digit of a float, 20 of a number that has more. A fraction that a float holds is written
    as one, to be compared with floats.

    >>> number(Fraction(-255, 64)), number(Fraction(1, 3))
    ('-3.984375', '1/3')
    """
    if isinstance(x, Fraction) and x.denominator > 1 and len(str(x)) <= 32 and Fraction(float(x)) == x:
        return str(float(x))
    if isinstance(x, Fraction) and len(str(x)) > 12:
        with localcontext() as context:
            context.prec = 20
            x = Decimal(x.numerator) / Decimal(x.denominator)
    return f"{x:.20g}" if isinstance(x, Decimal) else str(x)


def short(x: Any) -> str:
    """A number in a table: three digits, "0" for zero, "" for None."""
    if x is None:
        return ""
    if isinstance(x, int):
        return str(x) if abs(x) < 10**6 else f"{float(x):.1e}"
    try:
        value = float(x)
    except OverflowError:
        return "huge"
    return "0" if value == 0 else f"{value:.2e}" if not 0.01 <= abs(value) < 1000 else f"{value:.3g}"


def facts(row: Row) -> Iterator[tuple[str, str]]:
    """(name, value) of the metrics that say something."""
    m = row.metrics
    if m is None:
        return
    yield (
        "shape",
        shape(m.automatic_shape)
        + ("" if m.handwritten_shape == m.automatic_shape else f", handwritten {shape(m.handwritten_shape)}"),
    )
    if m.max_abs is not None:
        yield "max |h - a|", short(m.max_abs)
        yield "max relative", short(m.max_rel)
        yield "relative L2", short(m.rel_l2)
        if m.cosine is not None:
            yield "cosine", f"{m.cosine:.6f}"
        if m.norm_ratio is not None:
            yield "norm ratio", f"{m.norm_ratio:.6g}"
        if m.max_ulp is not None:
            yield "ULP", f"{short(m.max_ulp)} at most, {short(m.median_ulp)} in the median"
        assert m.share_equal is not None
        yield "equal to the bit", percent(m.share_equal)
    for name, h, a in (
        ("NaN", m.handwritten_nan, m.automatic_nan),
        ("infinite", m.handwritten_inf, m.automatic_inf),
    ):
        if h or a:
            yield name, f"{h} handwritten, {a} automatic"
    if row.tested is not None:
        yield "tested", percent(row.tested)


def shape(sizes: Sequence[int]) -> str:
    """As "(3, 4)"."""
    return str(tuple(sizes))


def percent(share: float) -> str:
    """Never rounded to all or nothing.

    >>> percent(0.99999), percent(1.0), percent(0.25)
    ('>99.9%', '100%', '25%')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share > 0.999:
        return ">99.9%"
    return "<0.1%" if share < 0.001 else f"{100 * share:.3g}%"


def opinion(row: Row) -> str:
    """Whose side the oracle takes on the worst element."""
    w = row.worst
    if w is None or w.oracle is None:
        return ""
    h, a, o = (Fraction(v) if _finite(v) else None for v in (w.handwritten, w.automatic, w.oracle))
    if o is None:
        return ""
    if h is None or a is None:
        side = "the handwritten number" if a is None else "the automatic number"
    elif abs(h - o) == abs(a - o):
        return "as near to one as to the other"
    else:
        side = "the handwritten number" if abs(h - o) < abs(a - o) else "the automatic number"
    return f"nearer to {side}"


def _finite(x: Any) -> bool:
    return isinstance(x, Fraction | int) or bool(x - x == 0)


def explanation(row: Row) -> list[str]:
    """What is to be said of one row, in sentences: diagnosis, pattern, worst element, numbers."""
    out = sentences(row)
    numbers = [f"{name} {value}" for name, value in worst(row)]
    if numbers:
        assert row.worst is not None
        at = f" {list(row.worst.index)}" if row.worst.index else ""
        out.append(f"Worst element{at}: {', '.join(numbers)}.")
    said = ", ".join(f"{name} {value}" for name, value in facts(row))
    return [*out, f"Numbers: {said}."] if said else out


def sentences(row: Row) -> list[str]:
    """Diagnosis first (its name before a colon), then what else it could be, where, and notes."""
    out = []
    d = row.diagnosis
    if d is not None:
        sure = "" if d.confidence >= 0.9 or d.name == "unknown" else " (not sure)"
        out.append(f"{d.name}{sure}: {d.sentence}")
        if d.alternatives:
            out.append(f"It could also be: {', '.join(d.alternatives)}.")
    if row.pattern and not (d is not None and d.confidence >= 0.9 and row.pattern.startswith("all ")):
        out.append(f"Where: {row.pattern}")
    told = row.note and d is not None and row.note in d.sentence
    return [*out, row.note] if row.note and not told else out


def worst(row: Row) -> Iterator[tuple[str, str]]:
    """(whose, number) of the worst element."""
    w = row.worst
    if w is None:
        return
    yield "handwritten", number(w.handwritten)
    yield "automatic", number(w.automatic)
    if w.oracle is not None:
        side = opinion(row)
        yield "oracle", number(w.oracle) + (f" ({side})" if side else "")
    yield "rounding explains", short(w.bound)

"""The kill matrix: which check notices which mistake, and what ours says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from mutants.catalogue import CATALOGUE
from mutants.checkers import CHECKERS, noticed
from mutants.mutant import CLASSES, PLACES, Mutant, batch, model_like, small_network
from nn.compare import Report, Row, Verdict, compare_gradients, compare_layer
from nn.compare.examples import example

#: What the tensors of a row are called in the catalogue.
SHORT = {"activation": "y", "loss": "y"}


@dataclass(frozen=True)
class Result:
    """One mutant and what became of it.

    Attributes:
        noticed: by each check.
        accused: paths of the layers that our comparison finds wrong by themselves.
        expected: path of the mutated layer; "" for a mistake with the batch, where no layer is wrong by itself.
        tensors: wrong tensors, under their short names.
        first: path of the first guilty one; "" if there is none.
        kinks: how many tensors have other choices at kinks.
        diagnoses: names of the diagnoses of the wrong tensors, the surest first.
        conduct: names of remarks.
    """

    mutant: Mutant
    noticed: dict[str, bool]
    accused: frozenset[str]
    expected: str
    tensors: frozenset[str]
    first: str
    kinks: int
    diagnoses: tuple[str, ...]
    conduct: frozenset[str]

    @property
    def caught(self) -> bool:
        """Whether ours says that something is wrong."""
        return bool(self.first) or bool(self.conduct)

    @property
    def diagnosed(self) -> bool:
        """Whether every diagnosis is one of the right ones."""
        return bool(self.diagnoses) and all(name in self.mutant.diagnosis for name in self.diagnoses)


def judged(mutant: Mutant) -> tuple[Report, str]:
    """Our comparison of a mutant: in the small network, or alone for a layer that the network has not got."""
    if mutant.layer in ("softmax", "cross-entropy"):
        usual = example(mutant.layer, batch=3)
        layer = mutant.build()()
        return compare_layer(mutant.layer, layer, usual.x, usual.gradient, target=usual.labels, oracle=False), "0"
    network = small_network(mutant)
    images, labels = batch()
    report = compare_gradients(model_like(network), network, images, labels, oracle=False)
    return report, PLACES.get(mutant.layer, "")


@cache
def result(name: str) -> Result:
    """What becomes of the mutant of this name."""
    mutant = next(m for m in CATALOGUE if m.name == name)
    report, expected = judged(mutant)
    wrong = [row for row in report.rows if row.verdict is Verdict.WRONG]
    alone = [row for row in wrong if row.mode != "chained"]
    first = report.first_guilty
    return Result(
        mutant,
        {check: noticed(check, mutant) for check in CHECKERS},
        frozenset(row.path for row in alone),
        expected,
        frozenset(SHORT.get(row.tensor, row.tensor.removesuffix(" gradient")) for row in alone or wrong),
        first.path if first is not None else "",
        sum(row.verdict is Verdict.KINK for row in report.rows),
        _diagnoses(alone or wrong),
        frozenset(remark.name for remark in report.remarks),
    )


def _diagnoses(rows: Sequence[Row]) -> tuple[str, ...]:
    """Each once. Where a tensor was tried on the batch and on random numbers, both must agree to count as one."""
    return tuple(dict.fromkeys(row.diagnosis.name for row in rows if row.diagnosis is not None))


def results() -> list[Result]:
    """Of the whole catalogue."""
    return [result(mutant.name) for mutant in CATALOGUE]


# -- the page ---------------------------------------------------------------------------------------------------------

HEAD = """\
# Kill matrix

{mistakes} mistakes, each made once in a layer of `nn.handwritten`, and which check notices them. Written by
`python tests/benchmarks/kill_matrix.py`; a test sees to it that the page is up to date.

The checks, written for this comparison as people write them (`tests/mutants/checkers.py`); each sees one random input:

{checks}
- **ours**: `compare_gradients` on a network like the paper's, but small, in which one layer is wrong.

## Noticed

{summary}

Ours accuses exactly the layer with the mistake in {exact} of {layers} cases (the other {others} are mistakes with the
batch, where each layer is right by itself), and exactly the tensors that are wrong in {tensors}. Its diagnosis is right
in {diagnosed} of {mistakes} ({rate}).

{choices} more changes of the code are no mistakes but other choices where there is no derivative (ReLU at 0, equal
maxima in pooling). Ours tells all of them, under the verdict "kink", and accuses none.

## One by one

✗ noticed, · not noticed. "Unknown" is right as a diagnosis where the mistake is like no other, as one wrong number.
"""


def page(found: Sequence[Result] | None = None) -> str:
    """The Markdown page."""
    every = list(found if found is not None else results())
    mistakes = [r for r in every if r.mutant.verdict == "wrong"]
    in_layers = [r for r in mistakes if r.expected]
    diagnosed = sum(r.diagnosed for r in mistakes)
    text = HEAD.format(
        mistakes=len(mistakes),
        checks="\n".join(f"- **{name}**: {_sentence(check)}" for name, check in CHECKERS.items()),
        summary=_summary(mistakes),
        exact=sum(r.accused == {r.expected} for r in in_layers),
        layers=len(in_layers),
        others=len(mistakes) - len(in_layers),
        tensors=f"{sum(r.tensors == set(r.mutant.tensors) for r in in_layers)} of {len(in_layers)}",
        diagnosed=diagnosed,
        rate=f"{diagnosed / len(mistakes):.0%}",
        choices=len(every) - len(mistakes),
    )
    for layer in CLASSES:
        rows = [r for r in every if r.mutant.layer == layer]
        text += f"\n### {layer}\n\n{_table(rows)}"
    return text


def _sentence(check: Callable[..., bool]) -> str:
    return " ".join((check.__doc__ or "").split())


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def _summary(mistakes: Sequence[Result]) -> str:
    text = _row(["layer", "mistakes", *CHECKERS, "ours"]) + _row(["---", *["---:"] * (len(CHECKERS) + 2)])
    for layer in [*CLASSES, ""]:
        rows = [r for r in mistakes if layer in ("", r.mutant.layer)]
        counts = [sum(r.noticed[check] for r in rows) for check in CHECKERS]
        text += _row([layer or "**all**", len(rows), *counts, sum(r.caught for r in rows)])
    return text


def _table(rows: Sequence[Result]) -> str:
    text = _row(["mistake", *CHECKERS, "ours", "diagnosis"]) + _row(["---", *[":-:"] * (len(CHECKERS) + 1), "---"])
    for r in rows:
        marks = ["✗" if r.noticed[check] else "·" for check in CHECKERS]
        ours = "kink" if r.mutant.verdict == "kink" and not r.accused else "✗" if r.caught else "·"
        told = ", ".join(r.diagnoses) or ", ".join(sorted(r.conduct))
        text += _row([r.mutant.name.partition(": ")[2], *marks, ours, told])
    return text

"""The kill matrix: which check notices which mistake, and what ours says of it."""

from __future__ import annotations

import random
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from mutants.automatic import automatic, matters
from mutants.catalogue import CATALOGUE
from mutants.checkers import CHECKERS, noticed
from mutants.mutant import (
    CLASSES,
    PLACES,
    Mutant,
    batch,
    model_like,
    network_of,
    scaled,
    small_network,
    weights,
)
from nn import handwritten
from nn.compare import Report, Row, Verdict, compare_gradients, compare_layer
from nn.compare.automatic import Trace, run_layer
from nn.compare.examples import example, random_numbers
from nn.compare.mistakes import tools
from nn.compare.runner import VARIATIONS
from nn.compare.tensors import Tensor
from nn.module import Module

#: What the tensors of a row are called in the catalogue.
SHORT = {"activation": "y", "loss": "y"}


#: Samples of a batch: not as many as there are classes, filters or samples of a probe.
SAMPLES = 5


@dataclass(frozen=True)
class Result:
    """One mutant and what became of it.

    Attributes:
        report: our comparison of the layer alone, or of a small network for a mistake with the batch.
        noticed: by each of the other checks.
    """

    mutant: Mutant
    report: Report
    noticed: dict[str, bool]

    @property
    def rows(self) -> list[Row]:
        """Those that are wrong; for a change that is no mistake those with other choices at kinks."""
        verdict = Verdict.KINK if self.mutant.verdict == "kink" else Verdict.WRONG
        return [row for row in self.report.rows if row.verdict is verdict]

    @property
    def wrong(self) -> set[str]:
        """The wrong tensors, under their short names."""
        return {SHORT.get(r.tensor, r.tensor.removesuffix(" gradient")) for r in self.rows}

    @property
    def caught(self) -> bool:
        """Whether ours says that something is wrong."""
        return any(row.verdict is Verdict.WRONG for row in self.report.rows) or bool(self.conduct)

    @property
    def conduct(self) -> list[str]:
        """What the layer did besides returning wrong numbers."""
        return sorted({remark.name for remark in self.report.remarks})

    @property
    def diagnoses(self) -> list[str]:
        """Names of the diagnoses of the wrong tensors, each once."""
        return list(dict.fromkeys(row.diagnosis.name for row in self.rows if row.diagnosis is not None))

    @property
    def told(self) -> set[str]:
        """What kind of mistake it is said to be, by diagnoses and conduct; "unknown" only if nothing else is said."""
        names = {*self.diagnoses, *self.conduct}
        return names - {"unknown"} or names

    @property
    def diagnosed(self) -> bool:
        """Whether all that is said is right."""
        return bool(self.told) and self.told <= set(self.mutant.diagnosis)

    @property
    def named(self) -> bool:
        """Whether more than "unknown" is said, and rightly."""
        return self.diagnosed and self.told != {"unknown"}


@cache
def result(name: str) -> Result:
    """What becomes of the mutant of this name."""
    mutant = next(m for m in CATALOGUE if m.name == name)
    return Result(mutant, alone(mutant), {check: noticed(check, mutant) for check in CHECKERS})


def results() -> list[Result]:
    """Of the whole catalogue."""
    return [result(mutant.name) for mutant in CATALOGUE]


class RememberedRuns:
    """The right layer on the same numbers is run once.

    Hypotheses about a wrong tensor are worked out by running the right layer on mistaken numbers. All mutants of a kind
    are compared on the same numbers, so they meet the same hypotheses, whose runs take most of the time.
    """

    def __init__(self) -> None:
        self.known: dict[Any, Trace] = {}

    def __call__(self, path: str, module: Module, x: Tensor, g: Tensor | None) -> Trace:
        numbers = [x, *([g] if g is not None else []), *(Tensor.of(p.data) for p in module.parameters())]
        key = (path, str(module), *((t.shape, repr(t.flat)) for t in numbers))
        if key not in self.known:
            self.known[key] = run_layer(path, module, x, g)
        return self.known[key]


def alone(mutant: Mutant) -> Report:
    """Our comparison of a layer, or of a network of two layers for a mistake with the batch."""
    with patch.object(tools, "run_layer", REMEMBERED):
        return compared(mutant)


def compared(mutant: Mutant) -> Report:
    """The same, with every run made anew."""
    if mutant.layer == "network":
        rng = random.Random(0)
        layers = [handwritten.Flatten(), handwritten.Dense(weights(rng, 6, 4), weights(rng, 4))]
        network = network_of(layers, mutant)
        images = scaled(random_numbers((SAMPLES, 1, 2, 3), rng), 1 / 4)
        labels = [rng.randrange(4) for _ in images]
        return compare_gradients(model_like(network), network, images, labels, oracle=False)
    usual = example(mutant.layer, batch=SAMPLES, settings=mutant.settings)
    settings = {name: value for name, value in usual.settings.items() if value is not None}
    layer = mutant.build()(*usual.parameters.values(), **settings)
    return compare_layer(mutant.layer, layer, usual.x, usual.gradient, target=usual.labels, oracle=False)


REMEMBERED = RememberedRuns()


def in_network(mutant: Mutant) -> Report:
    """Our comparison of a network like the paper's in which one layer is the mutant."""
    network = small_network(mutant)
    images, labels = batch(samples=SAMPLES)
    return compare_gradients(model_like(network), network, images, labels, oracle=False)


def accused(report: Report) -> set[tuple[str, str]]:
    """(path, tensor) of all that is wrong by itself."""
    return {
        (row.path, SHORT.get(row.tensor, row.tensor.removesuffix(" gradient")))
        for row in report.rows
        if row.verdict is Verdict.WRONG and row.mode != "chained"
    }


def guilty(mutant: Mutant) -> set[tuple[str, str]]:
    """(path, tensor) of all that should be accused in the network; nothing for a mistake with the batch."""
    if mutant.layer == "network" or mutant.verdict == "kink":
        return set()
    return {(PLACES[mutant.layer], tensor) for tensor in mutant.tensors}


# -- the page ---------------------------------------------------------------------------------------------------------

HEAD = """\
# Kill matrix

{mistakes} mistakes, each made once in a layer of `nn.handwritten`, and which check notices them. Written by
`python tests/benchmarks/kill_matrix.py`; a test sees to it that the page is up to date.

The checks, written for this comparison as people write them (`tests/mutants/checkers.py`); each sees one random input:

{checks}
- **ours**: `compare_layer` on a batch of 5, and `compare_gradients` on a network for mistakes with the batch.

## Noticed

{summary}

Ours accuses exactly the tensors that are wrong, and no other, in {exact} of {mistakes} cases. In a network like the
paper's, but small, in which one layer has the mistake, it accuses exactly that layer and those tensors in {network} of
{layers}. Of the {batches} mistakes with the batch, where each layer is right by itself, it accuses no layer, but tells
that the whole is wrong.

Its diagnosis is right in {diagnosed} of {mistakes} ({rate}): in {named} it names the mistake, in {unknown} it says
"unknown" of one that is like no other.

{choices} more changes of the code are no mistakes but other choices where there is no derivative (ReLU at 0, equal
maxima in pooling). Ours tells all of them, under the verdict "kink", and accuses none.

## Mistakes that nobody chose

{machine}

## One by one

✗ noticed, · not noticed; (?) marks a diagnosis that is wrong.
"""


MACHINE = """\
The mistakes above were known when the diagnosis was written. These were not: a machine changed each operator,
comparison, constant, index and loop of `forward` and `backward` in turn (`tests/mutants/automatic.py`). Of {changes}
changes {same} never matter, to the bit, in 100 tries; {kinks} are other choices at kinks. Ours notices {caught} of the
other {mistakes}. {numbers} of these raise nothing and answer the same each time; in {named} of them all that is wrong
gets a name, in {some} a part of it; the others are "unknown".
"""


def machine() -> str:
    """The paragraph on automatic mutants."""
    count: Counter[str] = Counter()
    for name, kind, cls in automatic():
        count["changes"] += 1
        if not matters(cls, kind):
            count["same"] += 1
            continue
        told = next((t for settings, shape in trials(kind) if (t := tried(cls, kind, settings, shape))), None)
        if told == {"kink"}:
            count["kinks"] += 1
            continue
        count["mistakes"] += 1
        count["caught"] += told is not None
        if told and "remark" not in told:
            count["numbers"] += 1
            count["named"] += "unknown" not in told
            count["some"] += "unknown" in told and len(told) > 1
        assert told is not None, name
    return MACHINE.format(**count).rstrip()


def trials(kind: str) -> list[tuple[dict[str, int], tuple[int, ...] | None]]:
    """Settings and shapes of homework of this kind."""
    return [({}, None), *VARIATIONS.get(kind, ())]


def tried(cls: type, kind: str, settings: dict[str, int], shape: tuple[int, ...] | None) -> set[str]:
    """Diagnoses, "remark" and "kink", of a layer of this class; nothing for one that seems right."""
    usual = example(kind, batch=SAMPLES, settings=settings, x_shape=shape)
    layer = cls(*usual.parameters.values(), **{name: v for name, v in usual.settings.items() if v is not None})
    report = compare_layer(kind, layer, usual.x, usual.gradient, target=usual.labels, oracle=False)
    wrong = [row for row in report.rows if row.verdict is Verdict.WRONG]
    told = {row.diagnosis.name if row.diagnosis else "unknown" for row in wrong}
    told |= {"remark" for remark in report.remarks}
    return told or {"kink" for row in report.rows if row.verdict is Verdict.KINK}


def page(network: int | None = None, automatic_part: str | None = None) -> str:
    """The Markdown page.

    Args:
        network: in how many cases exactly the wrong layer of a network is accused, if that is known (it takes long).
        automatic_part: the paragraph on automatic mutants, if that is known (it takes longer).
    """
    every = results()
    mistakes = [r for r in every if r.mutant.verdict == "wrong"]
    placed = [r.mutant for r in mistakes if r.mutant.layer in PLACES]
    diagnosed = sum(r.diagnosed for r in mistakes)
    if network is None:
        network = sum(accused(in_network(mutant)) == guilty(mutant) for mutant in placed)
    text = HEAD.format(
        mistakes=len(mistakes),
        checks="\n".join(_item(name, check) for name, check in CHECKERS.items()),
        summary=_summary(mistakes).rstrip(),
        exact=sum(r.wrong == set(r.mutant.tensors) for r in mistakes),
        diagnosed=diagnosed,
        rate=f"{diagnosed / len(mistakes):.0%}",
        named=sum(r.named for r in mistakes),
        unknown=sum(r.diagnosed and not r.named for r in mistakes),
        network=network,
        layers=len(placed),
        batches=sum(r.mutant.layer == "network" for r in mistakes),
        choices=len(every) - len(mistakes),
        machine=machine() if automatic_part is None else automatic_part,
    )
    for layer in CLASSES:
        text += f"\n### {layer}\n\n{_table([r for r in every if r.mutant.layer == layer])}"
    return text


def _item(name: str, check: Callable[..., bool]) -> str:
    said = f"- **{name}**: {' '.join((check.__doc__ or '').split())}"
    return textwrap.fill(said, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


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
        ours = "✗" if r.caught else "kink" if r.rows else "·"
        told = ", ".join([*r.diagnoses, *r.conduct]) + ("" if r.diagnosed else " (?)")
        text += _row([r.mutant.name.partition(": ")[2], *marks, ours, told])
    return text

"""From what a candidate answered to rows: one for each tensor of a layer, also for those that are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .answers import Answer
from .automatic import Trace
from .certificate import Certificate, Floats
from .judge import Evidence, judge
from .mistakes import right
from .oracle import third_opinion
from .problems import Problem
from .report import Row, Verdict
from .rounding import is_certified
from .tensors import Tensor

__all__ = ["Explain", "Finding", "Options", "divisor_of", "findings", "not_handed_in", "one_hot_lists"]

#: Asked about a tensor's name, the handwritten numbers and the positions outside of their bounds: which of them another
#: choice at a kink explains.
Explain = Callable[[str, Tensor, list[int]], set[int]]


@dataclass(frozen=True)
class Options:
    """What the caller chose."""

    exact: bool = False
    oracle: bool = True
    seed: int = 0


@dataclass
class Finding:
    """A row, and the numbers that it was made from."""

    row: Row
    trace: Trace
    handwritten: Tensor | None = None
    problems: Sequence[Problem] = ()
    memory: str = ""  # how this tensor depends on earlier calls, see `symptoms.Case`

    @property
    def right(self) -> Tensor:
        """The automatic tensor."""
        return right(self.trace, self.row.tensor)


def divisor_of(trace: Trace) -> int:
    """By what the sum of the samples' losses is divided: N for a mean."""
    return trace.samples if getattr(trace.module, "reduction", "mean") == "mean" else 1


def one_hot_lists(trace: Trace) -> list[list[int]]:
    """The labels as a loss candidate is given them."""
    target = trace.target
    assert target is not None
    if len(target.shape) == 2:
        return [[int(v) if v == int(v) else v for v in row] for row in target.nested()]
    return [[int(label == i) for i in range(trace.x.shape[1])] for label in target.flat]


def findings(
    trace: Trace, given: Answer, mode: str, certificate: Certificate, options: Options, explain: Explain
) -> list[Finding]:
    """A finding for each tensor of a layer: output, parameters, input gradient."""
    first = "loss" if trace.target is not None else "activation"
    tensors: list[tuple[str, Tensor | None, Tensor, Floats, Floats]] = [
        (first, given.y, trace.y, certificate.y, certificate.y_terms)
    ]
    for name, wanted in trace.gradients.items():
        bound, terms = certificate.gradients[name], certificate.terms[name]
        tensors.append((f"{name} gradient", given.gradients.get(name), wanted, bound, terms))
    tensors.append(("input gradient", given.gx, trace.gx, certificate.gx, certificate.gx_terms))
    return [_finding(trace, given, mode, options, explain, *tensor) for tensor in tensors]


def _finding(
    trace: Trace,
    given: Answer,
    mode: str,
    options: Options,
    explain: Explain,
    name: str,
    found: Tensor | None,
    wanted: Tensor,
    bound: Floats,
    terms: Floats,
) -> Finding:
    if found is None:
        return Finding(_absent(trace, name, mode, given), trace, None, given.problems)

    def explained(wrong: list[int]) -> set[int]:
        return explain(name, found, wrong)

    def opinion(index: tuple[int, ...]) -> Any:
        return third_opinion(trace, name, index)

    evidence = Evidence(bound, terms, explained, opinion if options.oracle else None, options.exact)
    row = judge(trace.path, trace.kind, name, mode, found, wanted, evidence)
    if row.verdict is Verdict.ROUNDING and not is_certified(trace.module) and not row.note:
        row = replace(row, note="no certificate for this kind of layer: bounds are a rule of thumb")
    return Finding(row, trace, found, given.problems, given.memory.get(name, ""))


def _absent(trace: Trace, tensor: str, mode: str, given: Answer) -> Row:
    fatal = [p for p in given.problems if p.fatal]
    if fatal:
        return Row(trace.path, trace.kind, tensor, mode, Verdict.WRONG, note=fatal[0].text)
    if mode == "chained" and given.gx is None:
        return Row(trace.path, trace.kind, tensor, mode, Verdict.UNTESTED, note="not reached")
    return Row(trace.path, trace.kind, tensor, mode, Verdict.WRONG, note="no such gradient was handed back")


def not_handed_in(trace: Trace, mode: str) -> list[Finding]:
    """Rows that say that there is nothing to judge."""
    names = ["loss" if trace.target is not None else "activation"]
    names += [*(f"{name} gradient" for name in trace.gradients), "input gradient"]
    note = "not handed in"
    return [Finding(Row(trace.path, trace.kind, n, mode, Verdict.UNTESTED, note=note), trace) for n in names]

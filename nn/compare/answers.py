"""What candidates answer: run alone or as a chain on a batch, given copies, read strictly, never trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .candidates import CandidateError
from .problems import HomeworkError, Problem
from .tensors import Tensor, stack, total
from .values import read, unchanged

__all__ = ["ERRORS", "Answer", "Runner", "StandIn", "answer", "answer_loss", "chain", "filled", "problem_of"]

#: What code raises that is wrong about shapes, names, types or values.
ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    CandidateError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass
class Answer:
    """What a candidate returned for a batch, and what it did besides. None or missing: it did not get that far."""

    y: Tensor | None = None
    gx: Tensor | None = None
    gradients: dict[str, Tensor] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    first: dict[str, Tensor] = field(default_factory=dict)  # of the first sample alone (or of the batch, if `batched`)
    memory: dict[str, str] = field(
        default_factory=dict
    )  # tensor -> "adds up", "stale" or "random", see `symptoms.Case`

    def notice(self, problem: Problem) -> None:
        """Remember a problem, each once."""
        if problem not in self.problems:
            self.problems.append(problem)


def problem_of(error: Exception, what: str) -> Problem:
    """An exception as a problem."""
    if isinstance(error, HomeworkError):
        return error.problem
    kind = "not filled in" if isinstance(error, NotImplementedError) else "raised"
    return Problem(kind, f"{what} raised {type(error).__name__}: {' '.join(str(error).split())}".rstrip(": "))


class Runner:
    """A candidate that is given its own copies, and read strictly.

    Args:
        exact: keep Fractions; else everything becomes a float.
    """

    def __init__(self, candidate: Any, exact: bool = False) -> None:
        self.candidate, self.exact = candidate, exact
        self.batched = bool(getattr(candidate, "batched", False))
        self.problems: list[Problem] = []

    def forward(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n, ...); n is 1 unless the candidate takes batches."""
        given, self._x = self._feed(x), self._feed(x)
        y = self._read(self.candidate.forward(given), "forward")
        self._check(given, self._x, "changed its input", "forward changed its input")
        self._given = given
        return y

    def backward(self, g: Tensor) -> Tensor:
        """Gradient of the last input."""
        given, before = self._feed(g), self._feed(g)
        result = self.candidate.backward(given)
        gx = self._read(result, "backward")
        self._check(given, before, "changed the gradient it is given", "backward changed the gradient it is given")
        self._check(self._given, self._x, "changed its input", "backward changed the input of the forward pass")
        return gx

    def gradients(self) -> dict[str, Tensor]:
        """Gradients of the parameters after the last backward."""
        found = self.candidate.gradients()
        return {name: self.tensor(read(value, f"gradients()[{name!r}]")) for name, value in found.items()}

    def tensor(self, nested: Any) -> Tensor:
        """Nested lists that were read, in one kind of number."""
        t = Tensor.of(nested)
        if not self.exact:
            return t if set(map(type, t.flat)) <= {float} else t.like(map(float, t.flat))
        return t.like(v if isinstance(v, float) else Fraction(v) for v in t.flat)

    def _feed(self, t: Tensor) -> Any:
        return t.nested() if self.batched else t.part(0).nested()

    def _read(self, result: Any, what: str) -> Tensor:
        t = self.tensor(read(result, what))
        return t if self.batched else Tensor(t.flat, (1, *t.shape))

    def _check(self, given: Any, before: Any, kind: str, text: str) -> None:
        if given != before and not unchanged(given, before):  # the first, in C, is all that is needed without NaN
            self.problems.append(Problem(kind, text))


def answer(candidate: Any, x: Tensor, g: Tensor, exact: bool = False) -> Answer:
    """A candidate's output for x (N, ...), and its gradients for the upstream gradient g, summed over the batch."""
    return chain({"": candidate}, x, g=g, exact=exact)[""]


def answer_loss(loss: Any, z: Tensor, labels: Sequence[list[int]], divisor: int) -> Answer:
    """A loss candidate's mean over the batch (or sum, with divisor 1), and the gradient of that."""
    result = Answer()
    values, gradients = _losses(loss, z, labels, result)
    for what, found in (("y", [Tensor([v], ()) for v in values]), ("gx", gradients)):
        if found:
            result.first[what] = found[0]
    if len(values) == len(labels):
        result.y = Tensor([sum(values) / divisor], ())
    if len(gradients) == len(labels):
        result.gx = stack(gradients).scaled(divisor)
    return result


def _losses(loss: Any, z: Tensor, labels: Sequence[list[int]], result: Answer) -> tuple[list[float], list[Tensor]]:
    values: list[float] = []
    gradients: list[Tensor] = []
    step = "forward"
    runner = Runner(loss)
    try:
        for i, label in enumerate(labels):
            given, before = z.part(i).nested(), z.part(i).nested()
            own_label = list(label)
            step = "forward"
            value = runner.tensor(read(loss.forward(given, own_label), "forward"))
            if value.size != 1:
                raise HomeworkError.of("wrong shape", f"forward returned shape {value.shape}, expected one number")
            values.append(value.flat[0])
            if given != before and not unchanged(given, before):
                result.notice(Problem("changed its input", "forward changed its input"))
            step = "backward"
            gradients.append(runner.tensor(read(loss.backward(), "backward")))
    except ERRORS as error:
        result.notice(problem_of(error, step))
    for problem in getattr(loss, "problems", []):
        result.notice(problem)
    return values, gradients


def chain(
    candidates: Mapping[str, Any],
    x: Tensor,
    *,
    g: Tensor | None = None,
    loss: Any = None,
    labels: Sequence[list[int]] = (),
    divisor: int = 1,
    exact: bool = False,
) -> dict[str, Answer]:
    """Candidates one behind the other as they would run: forward to the end, then backward, each on what the one
    beside it returned. Starts backwards from the loss candidate (answer under "loss"), or from g.

    Gradients are summed over the batch and divided by `divisor`, at the end. After a problem the rest is missing.
    """
    run = _Run({path: Runner(candidate, exact) for path, candidate in candidates.items()})
    if loss is not None:
        run.answers["loss"] = Answer()
    size = x.shape[0] if all(r.batched for r in run.runners.values()) else 1
    losses: list[float] = []
    goes_back = True  # a layer that cannot go backward is still asked for the other samples' outputs
    for start in range(0, x.shape[0], size):
        value = run.forward(_rows(x, start, size))
        if value is None:
            break
        if loss is None:
            gradient = _rows(g, start, size) if g is not None else None
        else:
            values, gradients = _losses(loss, value, labels[start : start + size], run.answers["loss"])
            losses += values
            gradient = run.keep("loss", "gx", stack(gradients)) if len(gradients) == size else None
        goes_back = goes_back and gradient is not None and run.backward(gradient)
    if len(losses) == len(labels) and losses:
        run.answers["loss"].y = Tensor([sum(losses) / divisor], ())
    filled(run.answers, run.kept, x.shape[0] // size, divisor)
    for path, runner in run.runners.items():
        for problem in (*runner.problems, *getattr(runner.candidate, "problems", [])):
            run.answers[path].notice(problem)
    return run.answers


class _Run:
    """What passes through a chain, and what goes wrong on the way."""

    def __init__(self, runners: dict[str, Runner]) -> None:
        self.runners = runners
        self.answers = {path: Answer() for path in runners}
        self.kept: dict[tuple[str, str], list[Tensor]] = {}

    def keep(self, path: str, what: str, t: Tensor) -> Tensor:
        """Remember what one chunk of the batch gave."""
        self.kept.setdefault((path, what), []).append(t)
        return t

    def forward(self, value: Tensor) -> Tensor | None:
        """The last output; None if a layer has a problem."""
        for path, runner in self.runners.items():
            try:
                value = self.keep(path, "y", runner.forward(value))
            except ERRORS as error:
                self.answers[path].notice(problem_of(error, "forward"))
                return None
        return value

    def backward(self, gradient: Tensor) -> bool:
        """Whether it went through to the first layer."""
        for path, runner in reversed(list(self.runners.items())):
            step = "backward"
            try:
                gradient = self.keep(path, "gx", runner.backward(gradient))
                step = "gradients()"
                for name, t in runner.gradients().items():
                    self.keep(path, f"d{name}", t)
            except ERRORS as error:
                self.answers[path].notice(problem_of(error, step))
                return False
        return True


def filled(answers: dict[str, Answer], kept: Mapping[tuple[str, str], list[Tensor]], chunks: int, divisor: int) -> None:
    """Put together what was kept of every chunk of the batch; what is not complete stays missing."""
    for (path, what), parts in kept.items():
        answers[path].first[what] = parts[0]
        same_shape = all(part.shape == parts[0].shape for part in parts)
        if len(parts) != chunks or not same_shape:
            if not same_shape:
                answers[path].notice(Problem("wrong shape", "not all samples give the same shape"))
            continue
        if what == "y":
            answers[path].y = _joined(parts)
        elif what == "gx":
            answers[path].gx = _joined(parts).scaled(divisor)
        else:
            answers[path].gradients[what[1:]] = total(parts).scaled(divisor)


def _rows(t: Tensor, start: int, size: int) -> Tensor:
    if size == t.shape[0]:
        return t
    return stack([t.part(i) for i in range(start, start + size)])


def _joined(parts: Sequence[Tensor]) -> Tensor:
    if len(parts) == 1:
        return parts[0]
    return Tensor([v for part in parts for v in part.flat], (len(parts) * parts[0].shape[0], *parts[0].shape[1:]))


class StandIn:
    """What takes the place of a layer that was not handed in: the automatic numbers, sample by sample.

    Args:
        y, gx: output and input gradient of the batch.
        divisor: by which the chain's gradients are divided at its end, and so not yet here.
        batched: whether it stands among layers that take the whole batch.
    """

    def __init__(self, y: Tensor, gx: Tensor, divisor: int = 1, batched: bool = False) -> None:
        self.y, self.gx, self.divisor, self.batched, self.sample = y, gx, divisor, batched, -1

    def forward(self, x: Any) -> Any:
        """The next sample's output, or the batch's."""
        self.sample = (self.sample + 1) % self.y.shape[0]
        return (self.y if self.batched else self.y.part(self.sample)).nested()

    def backward(self, gradient: Any) -> Any:
        """Its input gradient."""
        found = self.gx if self.batched else self.gx.part(self.sample)
        return found.like(v * self.divisor for v in found.flat).nested()

    def gradients(self) -> dict[str, Any]:
        """None."""
        return {}

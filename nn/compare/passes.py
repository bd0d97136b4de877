"""A layer put to the test alone: on the batch, with the automatic numbers around it, and on random numbers."""

from __future__ import annotations

import copy
import math
import random
from contextlib import nullcontext
from fractions import Fraction
from typing import Any

from ..layers import MaxPool2d, ReLU
from ..module import Module
from .answers import Answer, answer, answer_loss
from .automatic import ProbabilityCrossEntropy, Trace, first_sample, run_layer, run_loss
from .findings import Finding, Options, divisor_of, findings, not_handed_in, one_hot_lists
from .kinks import explained
from .mistakes import right
from .problems import Problem
from .rounding import certify
from .swapping import swapped
from .tensors import Shape, Tensor

__all__ = ["isolated", "probe", "probe_loss", "random_tensor"]


def _samples(batch: int) -> int:
    """Of a probe: not 1 or 2, or factors of N would look like others."""
    return 4 if batch == 3 else 3


def isolated(trace: Trace, candidate: Any, options: Options) -> list[Finding]:
    """One layer given the automatic input and the automatic upstream gradient."""
    if candidate is None:
        return not_handed_in(trace, "isolated")
    return _alone(trace, candidate, "isolated", options)


def probe(path: str, module: Module, candidate: Any, shape: Shape, options: Options, batch: int = 0) -> list[Finding]:
    """One layer on random inputs without zeros, random parameters and random signed upstream gradients. For ReLU and
    max pooling the second sample has zeros and equal maxima.

    Args:
        shape: of one sample.
        batch: how many samples the batch has; the probe has another number, so that factors of N are told from others.
    """
    if candidate is None:
        return []
    rng = random.Random(f"{options.seed} {path}")
    module, exact = copy.deepcopy(module), options.exact
    own = candidate.parameters() if hasattr(candidate, "parameters") else {}
    named = dict(module.named_parameters())
    if set(own) == set(named):
        for parameter in named.values():
            parameter.data = random_tensor(parameter.shape, rng, exact).nested()
    elif exact:
        for parameter in named.values():
            parameter.data = Tensor.of(parameter.data).like(map(Fraction, Tensor.of(parameter.data).flat)).nested()
    x = random_tensor((_samples(batch), *shape), rng, exact)
    if isinstance(module, ReLU | MaxPool2d):
        size = math.prod(shape)
        x.flat[size : 2 * size] = [type(x.flat[0])(rng.randrange(-2, 3)) for _ in range(size)]
    y_shape = Tensor.of(module(x.nested()).data).shape
    trace = run_layer(path, module, x, random_tensor(y_shape, rng, exact))
    with swapped(candidate, trace.parameters) if set(own) == set(named) and named else nullcontext():
        return _alone(trace, candidate, "probe", options, twice=True)


def probe_loss(
    path: str, criterion: Module, candidate: Any, classes: int, options: Options, batch: int = 0
) -> list[Finding]:
    """A loss on random logits (for one of probabilities: on random probabilities) and labels."""
    rng = random.Random(f"{options.seed} {path}")
    samples = _samples(batch)
    x = random_tensor((samples, classes), rng, exact=False)
    if isinstance(criterion, ProbabilityCrossEntropy):
        rows = [[abs(v) for v in x.part(n).flat] for n in range(samples)]
        x = x.like(v / sum(row) for row in rows for v in row)
    labels = [[int(i == label) for i in range(classes)] for label in (rng.randrange(classes) for _ in range(samples))]
    return _alone(run_loss(path, criterion, x, Tensor.of(labels)), candidate, "probe", options, twice=True)


def random_tensor(shape: Shape, rng: random.Random, exact: bool) -> Tensor:
    """Numbers of both signs, none of them 0 and hardly two alike: from ±1/4 to ±7/4."""
    size = math.prod(shape)
    if exact:
        return Tensor([Fraction(rng.choice((-1, 1)) * rng.randrange(16, 112), 64) for _ in range(size)], shape)
    return Tensor([rng.choice((-1.0, 1.0)) * rng.uniform(0.25, 1.75) for _ in range(size)], shape)


def _alone(trace: Trace, candidate: Any, mode: str, options: Options, twice: bool = False) -> list[Finding]:
    given = _asked(trace, candidate, options.exact)
    if twice and given.gx is not None:
        _check_repeats(trace, candidate, given, options.exact)
    certificate = certify(trace)

    def explain(tensor: str, handwritten: Tensor, wrong: list[int]) -> set[int]:
        return explained(trace, handwritten.flat, wrong, certificate.gx) if tensor == "input gradient" else set()

    return findings(trace, given, mode, certificate, options, explain)


def _asked(trace: Trace, candidate: Any, exact: bool) -> Answer:
    if trace.target is not None:
        return answer_loss(candidate, trace.x, one_hot_lists(trace), divisor_of(trace))
    return answer(candidate, trace.x, trace.g, exact)


def _check_repeats(trace: Trace, candidate: Any, given: Answer, exact: bool) -> None:
    """The first sample again, three times: a layer has no memory and no dice.

    If each repetition differs from the one before by what the first sample alone gives, the layer adds up from call to
    call; if the last two agree (the calls before them were the same), it uses numbers of an earlier pass; else it is
    another each time.
    """
    single = trace if getattr(candidate, "batched", False) else first_sample(trace)
    again, once_more = _asked(single, candidate, exact), _asked(single, candidate, exact)
    last = _asked(single, candidate, exact) if again.first != given.first else once_more
    for what, before in given.first.items():
        second, third, fourth = (answer.first.get(what) for answer in (again, once_more, last))
        if second is None or third is None or second == before or before.flat != before.flat:
            continue
        tensor = {"y": "activation", "gx": "input gradient"}.get(what, f"{what[1:]} gradient")
        tensor = "loss" if (what, trace.target is None) == ("y", False) else tensor
        steps = [q - p for p, q in zip(second.flat, third.flat, strict=True)]
        largest = max(map(abs, steps), default=0)
        own = right(single, tensor).flat
        adds = largest and all(abs(s - v) <= 1e-6 * largest for s, v in zip(steps, own, strict=True))
        given.memory[tensor] = "adds up" if adds else "stale" if third == fourth else "random"
        name = {"y": "forward", "gx": "backward"}.get(what, f"the gradient of {what[1:]}")
        given.notice(Problem("different answers", f"{name} gave another answer to the same numbers on a second call"))

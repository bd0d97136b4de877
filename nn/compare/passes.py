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
from .answers import Answer, answer, answer_loss, swapped
from .automatic import ProbabilityCrossEntropy, Trace, run_layer, run_loss
from .findings import Finding, Options, divisor_of, findings, not_handed_in, one_hot_lists
from .kinks import explained
from .problems import Problem
from .rounding import certify
from .tensors import Shape, Tensor

__all__ = ["isolated", "probe", "probe_loss", "random_tensor"]

#: Samples of a probe. Three, so that a factor 2 is not mistaken for one of N.
PROBE_SAMPLES = 3


def isolated(trace: Trace, candidate: Any, options: Options) -> list[Finding]:
    """One layer given the automatic input and the automatic upstream gradient."""
    if candidate is None:
        return not_handed_in(trace, "isolated")
    return _alone(trace, candidate, "isolated", options)


def probe(path: str, module: Module, candidate: Any, shape: Shape, options: Options) -> list[Finding]:
    """One layer on random inputs without zeros, random parameters and random signed upstream gradients. For ReLU and
    max pooling the second sample has zeros and equal maxima.

    Args:
        shape: of one sample.
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
    x = random_tensor((PROBE_SAMPLES, *shape), rng, exact)
    if isinstance(module, ReLU | MaxPool2d):
        size = math.prod(shape)
        x.flat[size : 2 * size] = [type(x.flat[0])(rng.randrange(-2, 3)) for _ in range(size)]
    y_shape = Tensor.of(module(x.nested()).data).shape
    trace = run_layer(path, module, x, random_tensor(y_shape, rng, exact))
    with swapped(candidate, trace.parameters) if set(own) == set(named) and named else nullcontext():
        return _alone(trace, candidate, "probe", options, twice=True)


def probe_loss(path: str, criterion: Module, candidate: Any, classes: int, options: Options) -> list[Finding]:
    """A loss on random logits (for one of probabilities: on random probabilities) and labels."""
    rng = random.Random(f"{options.seed} {path}")
    x = random_tensor((PROBE_SAMPLES, classes), rng, exact=False)
    if isinstance(criterion, ProbabilityCrossEntropy):
        rows = [[abs(v) for v in x.part(n).flat] for n in range(PROBE_SAMPLES)]
        x = x.like(v / sum(row) for row in rows for v in row)
    labels = [[int(i == label) for i in range(classes)] for label in (rng.randrange(classes) for _ in range(3))]
    return _alone(run_loss(path, criterion, x, Tensor.of(labels)), candidate, "probe", options)


def random_tensor(shape: Shape, rng: random.Random, exact: bool) -> Tensor:
    """Numbers of both signs, none of them 0 and hardly two alike: from ±1/4 to ±7/4."""
    size = math.prod(shape)
    if exact:
        return Tensor([Fraction(rng.choice((-1, 1)) * rng.randrange(16, 112), 64) for _ in range(size)], shape)
    return Tensor([rng.choice((-1.0, 1.0)) * rng.uniform(0.25, 1.75) for _ in range(size)], shape)


def _alone(trace: Trace, candidate: Any, mode: str, options: Options, twice: bool = False) -> list[Finding]:
    if trace.target is not None:
        given = answer_loss(candidate, trace.x, one_hot_lists(trace), divisor_of(trace))
    else:
        given = answer(candidate, trace.x, trace.g, options.exact)
        if twice and given.gx is not None:
            _check_repeats(candidate, trace, given, options.exact)
    certificate = certify(trace)

    def explain(tensor: str, handwritten: Tensor, wrong: list[int]) -> set[int]:
        return explained(trace, handwritten.flat, wrong, certificate.gx) if tensor == "input gradient" else set()

    return findings(trace, given, mode, certificate, options, explain)


def _check_repeats(candidate: Any, trace: Trace, given: Answer, exact: bool) -> None:
    """The first sample once more: a layer has no memory and no dice."""
    count = trace.samples if getattr(candidate, "batched", False) else 1
    size, out = trace.x.size // trace.samples * count, trace.g.size // trace.samples * count
    x = Tensor(trace.x.flat[:size], (count, *trace.x.shape[1:]))
    g = Tensor(trace.g.flat[:out], (count, *trace.g.shape[1:]))
    again = answer(candidate, x, g, exact)
    for what, before in given.first.items():
        if what in again.first and again.first[what] != before and before.flat == before.flat:
            name = {"y": "forward", "gx": "backward"}.get(what, f"the gradient of {what[1:]}")
            given.notice(
                Problem("different answers", f"{name} gave another answer to the same numbers on a second call")
            )
            return

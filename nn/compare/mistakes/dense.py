"""Mistakes in a fully connected layer, equation (2), in flattening, and their gradients."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

from ..automatic import Trace
from ..tensors import Tensor
from .hypothesis import Hypothesis, Make, right
from .tools import (
    absolute,
    changed,
    first_for_all,
    flip,
    keep,
    ones,
    parameter_itself,
    permute,
    plus,
    positive,
    product,
    rerun,
    roll,
    summed,
    swap_if_square,
    times,
    without,
    zeros,
)

__all__ = ["dense", "flatten"]


def dense(tensor: str) -> Iterator[Hypothesis]:
    """By tensor."""
    if tensor == "activation":
        yield from _output()
    elif tensor == "weight gradient":
        yield from _weight_gradient()
    elif tensor == "bias gradient":
        yield from _bias_gradient()
    else:
        yield from _input_gradient()


def _misread(w: Tensor) -> Tensor:
    """The list of weights read by columns instead of by rows."""
    return Tensor(permute(w, (1, 0)).flat, w.shape)


def _misread_back(w: Tensor) -> Tensor:
    """The list of weights as it is, read as if it were by columns."""
    return permute(Tensor(w.flat, w.shape[::-1]), (1, 0))


def _output() -> Iterator[Hypothesis]:
    here = "activation"
    for name, sentence, make in (
        ("bias forgotten", "The bias is not added.", changed(here, bias=(zeros,))),
        ("bias", "The bias is subtracted.", changed(here, bias=(times, -1))),
        ("bias", "The bias is added twice.", changed(here, bias=(times, 2))),
        ("bias", "The bias is added once for each input, not once for each output.", _repeated_bias),
        ("bias", "The biases belong to other outputs.", changed(here, bias=(roll, 0))),
        ("bias", "Every output adds the first bias.", changed(here, bias=(first_for_all, 0))),
        ("transposed", "The transpose of W is used in the place of W.", changed(here, weight=(swap_if_square, (1, 0)))),
        ("transposed", "The weights are read in the wrong order.", changed(here, weight=(_misread,))),
        ("transposed", "The weights are read in the wrong order.", changed(here, weight=(_misread_back,))),
        ("reversed", "The inputs are in the reverse order.", changed(here, x=(flip, -1))),
        ("weights ignored", "The weights are taken as ones.", changed(here, weight=(ones,))),
        ("ReLU too much", "Negative outputs are cut off.", lambda trace: positive(trace.y)),
    ):
        yield Hypothesis(name, sentence, make)
    yield from _terms(here, 0, "input")


def _repeated_bias(trace: Trace) -> Tensor | None:
    if "bias" not in trace.parameters:
        return None
    return rerun(trace, parameters={"bias": times(trace.parameters["bias"], trace.x.shape[-1])}).y


def _terms(tensor: str, axis: int, what: str) -> Iterator[Hypothesis]:
    for place, which in ((-1, "last"), (0, "first")):
        sentence = f"Only the {which} {what} counts: the sum is overwritten instead of added to."
        yield Hypothesis("overwritten", sentence, changed(tensor, weight=(keep, axis, [place])))
        sentence = f"The {which} {what} is left out."
        yield Hypothesis("part missing", sentence, changed(tensor, weight=(without, axis, place)))


def _upstream(tensor: str) -> Iterator[Hypothesis]:
    for name, sentence, change in (
        ("upstream ignored", "The upstream gradient is taken as ones.", (ones,)),
        ("reversed", "The upstream gradient is read in the reverse order.", (flip, -1)),
        ("channels mixed up", "The upstream gradient is moved by one output.", (roll, -1)),
        ("channels mixed up", "The upstream gradient is moved by one output.", (roll, -1, -1)),
        ("channels mixed up", "Every output uses the upstream gradient of the first.", (first_for_all, -1)),
        ("summed over the outputs", "The upstream gradient is summed over the outputs first.", (summed, -1)),
        ("overwritten", "Only the last output counts.", (keep, -1, [-1])),
        ("overwritten", "Only the first output counts.", (keep, -1, [0])),
        ("mask too much", "Only positive upstream gradients count.", (positive,)),
    ):
        yield Hypothesis(name, sentence, changed(tensor, g=change))
    sentence = "The output takes the place of the upstream gradient."
    yield Hypothesis("upstream wrong", sentence, lambda trace: right(rerun(trace, g=trace.y), tensor))


def _turned(name: str, change: Any, *arguments: Any) -> Make:
    """The right gradient of a parameter, changed."""
    return lambda trace: change(trace.gradients[name], *arguments) if name in trace.gradients else None


def _with_parameter(name: str, change: Any) -> Make:
    return lambda trace: change(trace.gradients[name], trace.parameters[name]) if name in trace.gradients else None


def _weight_gradient() -> Iterator[Hypothesis]:
    here = "weight gradient"
    for name, sentence, make in (
        ("transposed", "It is transposed: g and v have changed places.", _turned("weight", permute, (1, 0))),
        ("transposed", "The outer product is written into it in the wrong order.", _turned("weight", _misread)),
        ("transposed", "The outer product is written into it in the wrong order.", _turned("weight", _misread_back)),
        ("input ignored", "The input is taken as ones.", changed(here, x=(ones,))),
        ("reversed", "The input is read in the reverse order.", changed(here, x=(flip, -1))),
        ("channels mixed up", "The input is moved by one.", changed(here, x=(roll, -1))),
        ("channels mixed up", "Every input is taken to be the first.", changed(here, x=(first_for_all, -1))),
        ("absolute value", "The absolute input is used.", changed(here, x=(absolute,))),
        ("upstream ignored", "It is the weights themselves.", parameter_itself("weight")),
        ("upstream ignored", "It is the weights themselves.", parameter_itself("weight", per_sample=True)),
    ):
        yield Hypothesis(name, sentence, make)
    yield from _upstream(here)
    sentence = "The weights take the place of the input: each is multiplied by the upstream gradient."
    yield Hypothesis("input wrong", sentence, _weights_times_g)


def _weights_times_g(trace: Trace) -> Tensor:
    size = trace.g.shape[-1]
    sums = [sum(trace.g.flat[j::size]) for j in range(size)]
    w = trace.parameters["weight"]
    return w.like(v * sums[i % size] for i, v in enumerate(w.flat))


def _bias_gradient() -> Iterator[Hypothesis]:
    here = "bias gradient"
    yield Hypothesis("bias forgotten", "The bias has no gradient: it is zero.", _turned("bias", zeros))
    yield from _upstream(here)
    yield Hypothesis("summed over the outputs", "Every output has the sum of all.", _turned("bias", summed, 0))
    for per_sample in (False, True):
        sentence = "It is the bias itself."
        yield Hypothesis("upstream ignored", sentence, parameter_itself("bias", per_sample=per_sample))
    yield Hypothesis("input too much", "It is multiplied by the bias.", _with_parameter("bias", product))


def _input_gradient() -> Iterator[Hypothesis]:
    here = "input gradient"
    swapped = changed(here, weight=(swap_if_square, (1, 0)))
    yield Hypothesis("transposed", "W is used where its transpose belongs.", swapped)
    yield Hypothesis("transposed", "The weights are read in the wrong order.", changed(here, weight=(_misread,)))
    yield Hypothesis("transposed", "The weights are read in the wrong order.", changed(here, weight=(_misread_back,)))
    yield from _terms(here, 1, "output")
    yield Hypothesis("weights ignored", "The weights are taken as ones.", changed(here, weight=(ones,)))
    yield Hypothesis("absolute value", "The absolute weights are used.", changed(here, weight=(absolute,)))
    yield from _upstream(here)
    yield Hypothesis("input too much", "It is multiplied by the input.", lambda trace: product(trace.gx, trace.x))
    sentence = "It is the gradient plus the input."
    yield Hypothesis("input too much", sentence, lambda trace: plus(trace.gx, trace.x))


def flatten(tensor: str) -> Iterator[Hypothesis]:
    """Elements read, or put back, in another order of the axes."""
    for axes in list(permutations((1, 2, 3)))[1:]:
        names = ", ".join({1: "channel", 2: "row", 3: "column"}[a] for a in axes)
        sentence = f"The elements are in another order: by {names} instead of by channel, row, column."
        yield Hypothesis("another order", sentence, _reordered(tensor, axes))
    yield Hypothesis(
        "reversed", "The elements are in the reverse order.", lambda trace: _reversed(right(trace, tensor))
    )
    for by in (1, -1):
        yield Hypothesis("off by one", "Everything is moved by one place.", _moved(tensor, by))
    yield Hypothesis("upstream ignored", "It is ones, whatever came.", lambda trace: ones(right(trace, tensor)))
    yield Hypothesis("upstream ignored", "It is the input, not the gradient.", lambda trace: trace.x)


def _reordered(tensor: str, axes: tuple[int, ...]) -> Make:
    def make(trace: Trace) -> Tensor | None:
        if len(trace.x.shape) != 4:
            return None
        order = (0, *axes)
        if tensor == "activation":
            return Tensor(permute(trace.x, order).flat, trace.y.shape)
        shape = tuple(trace.x.shape[a] for a in order)
        return permute(Tensor(trace.g.flat, shape), [order.index(a) for a in range(4)])

    return make


def _moved(tensor: str, by: int) -> Make:
    """Each sample's numbers moved along."""

    def make(trace: Trace) -> Tensor:
        t = right(trace, tensor)
        flat = Tensor(t.flat, (t.shape[0], t.size // t.shape[0]))
        return Tensor(roll(flat, 1, by).flat, t.shape)

    return make


def _reversed(t: Tensor) -> Tensor:
    """Each sample the other way round."""
    size = t.size // t.shape[0]
    return t.like(v for n in range(t.shape[0]) for v in t.flat[n * size : (n + 1) * size][::-1])

"""Mistakes in ReLU and in other functions of single elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..automatic import Trace
from ..tensors import Tensor
from .hypothesis import Hypothesis, Make
from .tools import product, rerun

__all__ = ["elementwise", "relu"]


def _each(function: Callable[[Any, Any, Any], Any]) -> Make:
    """From input, output and upstream gradient of each element."""
    return lambda t: t.gx.like(function(x, y, g) for x, y, g in zip(t.x.flat, t.y.flat, t.g.flat, strict=True))


def relu(tensor: str) -> Iterator[Hypothesis]:
    """By tensor; slopes other than 0 at 0 come first: they are no mistakes."""
    if tensor == "activation":
        yield from _relu_output()
        return
    yield Hypothesis(
        "slope 1 at 0", "At 0 the slope is taken as 1; the engine takes 0.", _each(lambda x, y, g: g * (x >= 0))
    )
    yield Hypothesis(
        "slope 1/2 at 0",
        "At 0 the slope is taken as 1/2; the engine takes 0.",
        _each(lambda x, y, g: g / 2 if x == 0 else g * (x > 0)),
    )
    yield Hypothesis(
        "mask missing", "The upstream gradient is handed on as it came: the mask x > 0 is missing.", lambda t: t.g
    )
    yield Hypothesis(
        "mask on the wrong tensor",
        "The upstream gradient is cut off where it is itself negative, not where the input is.",
        _each(lambda x, y, g: max(g, type(g)(0))),
    )
    yield Hypothesis(
        "mask inverted", "The gradient passes where x <= 0 instead of where x > 0.", _each(lambda x, y, g: g * (x <= 0))
    )
    yield Hypothesis(
        "mask inverted", "The gradient passes where x < 0 instead of where x > 0.", _each(lambda x, y, g: g * (x < 0))
    )
    yield Hypothesis(
        "mask on the wrong tensor", "The gradient passes wherever x is not 0.", _each(lambda x, y, g: g * (x != 0))
    )
    yield Hypothesis(
        "mask on the wrong tensor",
        "The gradient passes where input and upstream gradient are positive.",
        _each(lambda x, y, g: g * (x > 0 and g > 0)),
    )
    yield Hypothesis(
        "upstream ignored",
        "It is the mask x > 0 itself: not multiplied by the upstream gradient.",
        _each(lambda x, y, g: type(g)(x > 0)),
    )
    yield Hypothesis("upstream ignored", "It is the mask x >= 0 itself.", _each(lambda x, y, g: type(g)(x >= 0)))
    yield Hypothesis("input too much", "It is multiplied by the input as well.", _each(lambda x, y, g: g * y))
    yield Hypothesis(
        "input too much", "It is multiplied by the input; the mask is missing.", _each(lambda x, y, g: g * x)
    )
    yield Hypothesis("upstream ignored", "It is the output, not a gradient.", lambda t: t.y)
    yield Hypothesis("upstream ignored", "It is the input, not a gradient.", lambda t: t.x)
    yield Hypothesis(
        "mask on the wrong tensor",
        "The sign of the input is multiplied in, instead of the mask x > 0.",
        _each(lambda x, y, g: g * ((x > 0) - (x < 0))),
    )
    yield Hypothesis("absolute value", "It is the absolute upstream gradient.", _each(lambda x, y, g: abs(g)))
    for limit in (0.01, 0.1, 0.5, 1):
        yield Hypothesis("wrong threshold", f"The gradient passes where x > {limit}, not where x > 0.", _beyond(limit))
    for slope in (0.01, 0.1, 0.2, 0.3, 0.5):
        sentence = f"Negative inputs have the slope {slope}, as in a leaky ReLU."
        yield Hypothesis("leaky", sentence, _leaking(slope))
    yield Hypothesis("stale", "The mask is that of the sample before.", _mask_of_neighbour(-1))
    yield Hypothesis("stale", "The mask is that of the last sample.", _mask_of_neighbour(None))


def _beyond(limit: float) -> Make:
    return _each(lambda x, y, g: g * (x > limit))


def _leaking(slope: float) -> Make:
    return _each(lambda x, y, g: g if x > 0 else g * type(g)(slope))


def _mask_of_neighbour(step: int | None) -> Make:
    def make(trace: Trace) -> Tensor | None:
        if trace.samples < 2:
            return None
        size = trace.x.size // trace.samples
        flat = []
        for n in range(trace.samples):
            m = trace.samples - 1 if step is None else max(n + step, 0)
            x, g = trace.x.flat[m * size : (m + 1) * size], trace.g.flat[n * size : (n + 1) * size]
            flat += [b if a > 0 else type(b)(0) for a, b in zip(x, g, strict=True)]
        return trace.gx.like(flat)

    return make


def _relu_output() -> Iterator[Hypothesis]:
    for name, sentence, function in (
        ("no ReLU", "The input is handed on as it is.", lambda x: x),
        ("absolute value", "It is the absolute value of the input.", abs),
        ("ReLU inverted", "The negative part is kept instead of the positive one.", lambda x: min(x, type(x)(0))),
        ("sign", "It is ReLU of the negated input.", lambda x: max(-x, type(x)(0))),
        ("sign", "The output has the opposite sign.", lambda x: min(-x, type(x)(0))),
        ("mask instead of value", "It is 1 where the input is positive, not the input.", lambda x: type(x)(x > 0)),
        ("clipped", "The output is clipped at 1.", lambda x: min(max(x, type(x)(0)), type(x)(1))),
        ("clipped", "Inputs below 1 are cut off, not those below 0.", lambda x: x if x > 1 else type(x)(0)),
    ):
        yield Hypothesis(name, sentence, _mapped(function))


def _mapped(function: Callable[[Any], Any]) -> Make:
    return lambda trace: trace.x.like(map(function, trace.x.flat))


def elementwise(tensor: str) -> Iterator[Hypothesis]:
    """Functions of single elements, of any kind; nothing is known of layers whose output has another shape."""
    for hypothesis in _of_functions(tensor):
        yield Hypothesis(hypothesis.name, hypothesis.sentence, _if_elementwise(hypothesis.make))


def _if_elementwise(make: Make) -> Make:
    return lambda trace: make(trace) if trace.x.shape == trace.y.shape else None


def _of_functions(tensor: str) -> Iterator[Hypothesis]:
    if tensor == "activation":
        yield Hypothesis("no activation", "The input is handed on as it is.", lambda t: t.x)
        return
    yield Hypothesis("derivative missing", "The upstream gradient is handed on as it came.", lambda t: t.g)
    yield Hypothesis(
        "upstream ignored",
        "It is the derivative itself: not multiplied by the upstream gradient.",
        lambda t: t.gx.like(a / g if g else a for a, g in zip(t.gx.flat, t.g.flat, strict=True)),
    )
    yield Hypothesis(
        "derivative of another number",
        "The derivative is that at the output, not at the input.",
        _at_output,
    )
    yield Hypothesis("input too much", "It is multiplied by the input as well.", lambda t: product(t.gx, t.x))
    yield Hypothesis("output too much", "It is multiplied by the output as well.", lambda t: product(t.gx, t.y))
    yield Hypothesis(
        "output instead of derivative", "The output takes the place of the derivative.", lambda t: product(t.g, t.y)
    )
    yield Hypothesis(
        "output instead of derivative", "One minus the output takes the place of the derivative.", _one_minus
    )


def _one_minus(trace: Trace) -> Tensor:
    return trace.g.like(g * (1 - y) for g, y in zip(trace.g.flat, trace.y.flat, strict=True))


def _at_output(trace: Trace) -> Tensor:
    return rerun(trace, x=trace.y).gx

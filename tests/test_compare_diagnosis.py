"""Each mistake of the catalogue is recognised from the gradient that a layer with it returns, and nothing else is."""

from __future__ import annotations

import copy
import math
import random
import struct
from itertools import chain
from typing import Any

import pytest
from test_compare_innocent import plain
from test_compare_verdicts import rows_of, small, tensors_of, trace_of

import nn
from nn import handwritten
from nn.compare import Verdict, compare_gradients, compare_layer, diagnosis
from nn.compare.automatic import ProbabilityCrossEntropy, Trace, run_layer
from nn.compare.diagnosis import Case, diagnose
from nn.compare.mistakes import Hypothesis, mistakes, right
from nn.compare.tensors import Tensor
from nn.handwritten.nested import elementwise

#: Every axis has another length where that is possible, so that few mistakes look alike.
LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "conv": (nn.Conv2d(3, 5, (2, 3)), (3, 4, 6)),
    "conv stride padding": (nn.Conv2d(2, 4, 3, stride=2, padding=1), (2, 5, 7)),
    "dense": (nn.Dense(5, 3), (5,)),
    "dense square": (nn.Dense(4, 4), (4,)),
    "relu": (nn.ReLU(), (3, 4, 5)),
    "pool": (nn.MaxPool2d(2), (3, 6, 8)),
    "pool overlapping": (nn.MaxPool2d(3, stride=1), (3, 5, 6)),
    "pool gaps": (nn.MaxPool2d(2, stride=3), (3, 8, 11)),
    "flatten": (nn.Flatten(), (3, 4, 5)),
    "softmax": (nn.Softmax(), (5,)),
    "tanh": (nn.Tanh(), (7,)),
    "average pooling": (nn.AvgPool2d(2), (3, 4, 6)),
    "cross-entropy": (nn.CrossEntropyLoss(), (5,)),
    "cross-entropy of probabilities": (ProbabilityCrossEntropy(), (5,)),
}


def traces_of(name: str) -> list[Trace]:
    """A batch of 2 and one of 5; ReLU and pooling get zeros and equal numbers in the second sample."""
    module, shape = LAYERS[name]
    traces = []
    for samples in (2, 5):
        trace = trace_of(copy.deepcopy(module), shape, seed=samples, samples=samples)
        if isinstance(module, nn.ReLU | nn.MaxPool2d):
            rng, size = random.Random(7), math.prod(shape)
            flat = list(trace.x.flat)
            flat[size : 2 * size] = [float(rng.randrange(-2, 3)) for _ in range(size)]
            trace = run_layer("0", trace.module, trace.x.like(flat), trace.g)
        traces.append(trace)
    return traces


def cases(traces: list[Trace], tensor: str, made: list[Tensor]) -> list[Case]:
    return [Case(tensor, t, h, Verdict.WRONG) for t, h in zip(traces, made, strict=True)]


def explains(hypotheses: list[Hypothesis], name: str, given: list[Case]) -> bool:
    """Whether one of the hypotheses of this name gives the very same numbers."""
    return any(h.name == name and all(c.fits(h.make(c.trace)) for c in given) for h in hypotheses)


def worked_out_once(hypothesis: Hypothesis) -> Hypothesis:
    """The same, but each trace's numbers are kept: one diagnosis after the other asks for them."""
    kept: dict[int, Tensor | None] = {}

    def make(trace: Trace) -> Tensor | None:
        if id(trace) not in kept:
            kept[id(trace)] = hypothesis.make(trace)
        return kept[id(trace)]

    return Hypothesis(hypothesis.name, hypothesis.sentence, make)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_mistake_of_the_catalogue_is_recognised(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own name, or by that of another mistake that gives the same numbers."""
    traces = traces_of(layer)
    tried = own_name = 0
    for tensor, _ in tensors_of(traces[0]):
        own, common = ([worked_out_once(h) for h in part] for part in mistakes(traces[0].module, tensor))
        monkeypatch.setattr(diagnosis, "mistakes", lambda module, name, parts=(own, common): parts)
        hypotheses = [*own, *common]
        for hypothesis in hypotheses:
            made = [hypothesis.make(t) for t in traces]
            given = [t for t in made if t is not None]
            if len(given) < len(traces):
                continue
            wrong = cases(traces, tensor, given)
            if not any(len(c.wrong) for c in wrong if c.handwritten.shape == c.right.shape) and all(
                c.handwritten.shape == c.right.shape for c in wrong
            ):
                continue  # with these sizes the mistake changes nothing
            found = diagnose(wrong)
            assert found is not None and found.confidence > 0.9
            tried += 1
            own_name += found.name == hypothesis.name
            same_shape = all(c.handwritten.shape == c.right.shape for c in wrong)
            said = f"{tensor}: {hypothesis.name}: {hypothesis.sentence} -> {found.name}: {found.sentence}"
            assert found.name == hypothesis.name or not same_shape or explains(hypotheses, found.name, wrong), said
    assert tried > 20
    assert own_name > 0.9 * tried


@pytest.mark.parametrize("layer", LAYERS)
def test_noise_is_called_unknown(layer: str) -> None:
    traces = traces_of(layer)
    rng = random.Random(1)
    for tensor, numbers in tensors_of(traces[0]):
        if numbers.size > 2:
            made = [right(t, tensor).like(rng.gauss(0, 1) for _ in right(t, tensor).flat) for t in traces]
            found = diagnose(cases(traces, tensor, made))
            assert found is not None and found.name == "unknown" and found.confidence == 0.0


def test_nothing_is_said_of_right_tensors() -> None:
    traces = traces_of("dense")
    assert diagnose([Case("activation", t, t.y, Verdict.EXACT) for t in traces]) is None


def test_a_factor_is_named_as_the_fraction_that_it_is() -> None:
    traces = traces_of("dense")
    for factor, said in ((0.375, "3/8"), (-2.5, "-5/2"), (1 / math.log(2), "1 / log 2"), (0.1234567, "0.123457")):
        made = [t.y.like(factor * v for v in t.y.flat) for t in traces]
        found = diagnose(cases(traces, "activation", made))
        assert found is not None and found.name == "factor" and said in found.sentence


def test_two_mistakes_at_once_are_told_apart() -> None:
    """A flipped kernel, and three quarters of it."""
    traces = traces_of("conv")
    flipped = next(h for h in chain(*mistakes(traces[0].module, "input gradient")) if h.name == "kernel flipped")
    made = [t.like(0.75 * v for v in t.flat) for t in (flipped.make(trace) for trace in traces) if t is not None]
    found = diagnose(cases(traces, "input gradient", made))
    assert found is not None and found.name == "kernel flipped"
    assert "3/4" in found.sentence and found.confidence < 1


def test_a_mistake_in_one_filter_is_recognised() -> None:
    traces = traces_of("conv")
    made = []
    for t in traces:
        nested = t.gradients["weight"].nested()
        nested[1] = elementwise(lambda v: -v, nested[1])
        made.append(Tensor.of(nested))
    found = diagnose(cases(traces, "weight gradient", made))
    assert found is not None and found.name == "sign" and "In a part of it" in found.sentence
    assert found.confidence < 0.9


def test_zeros_in_a_whole_channel_are_a_part_missing() -> None:
    traces = traces_of("conv")
    made = []
    for t in traces:
        nested = t.gradients["weight"].nested()
        for f in nested:
            f[1] = elementwise(lambda v: 0.0, f[1])
        made.append(Tensor.of(nested))
    found = diagnose(cases(traces, "weight gradient", made))
    assert found is not None and found.name == "part missing" and "channel 1" in found.sentence


def test_weight_decay_left_in_is_told_with_its_factor() -> None:
    traces = traces_of("dense")
    made = [
        t.gradients["weight"].like(
            g + 0.01 * w for g, w in zip(t.gradients["weight"].flat, t.parameters["weight"].flat, strict=True)
        )
        for t in traces
    ]
    found = diagnose(cases(traces, "weight gradient", made))
    assert found is not None and found.name == "weights added" and "1/100" not in found.sentence
    assert "0.01 times the parameter itself" in found.sentence


def single(v: float) -> float:
    return float(struct.unpack("f", struct.pack("f", v))[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (single, "single precision"),
        (lambda v: round(v, 5), "rounded to 5 decimals"),
        (lambda v: float(f"{v:.6g}"), "rounded to 6 digits"),
        (lambda v: v * (1 + random.Random(str(v)).uniform(-1e-7, 1e-7)), "as of single precision"),
    ],
)
def test_lost_digits_are_recognised(change: Any, said: str) -> None:
    traces = traces_of("conv")
    found = diagnose(cases(traces, "input gradient", [t.gx.like(map(change, t.gx.flat)) for t in traces]))
    assert found is not None and found.name == "precision" and said in found.sentence


def test_one_wrong_number_is_told_from_a_pattern() -> None:
    traces = traces_of("conv")
    made = [t.gradients["weight"].like(t.gradients["weight"].flat) for t in traces]
    for t in made:
        t.flat[4] *= 1 + 1e-9
    found = diagnose(cases(traces, "weight gradient", made))
    assert found is not None and found.name == "one element"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda t: Tensor(t.flat, t.shape[::-1]), "not reshaped"),
        (lambda t: Tensor(t.flat, (1, *t.shape)), "shape"),
        (lambda t: Tensor([v for _ in range(2) for v in t.flat], (2, *t.shape)), "missing sum over the batch"),
        (lambda t: Tensor([v for _ in range(7) for v in t.flat], (7, *t.shape)), "missing sum over a broadcast axis"),
        (lambda t: Tensor([sum(t.flat)], (1,)), "summed over the outputs"),
        (lambda t: Tensor.of([list(row) for row in zip(*t.nested(), strict=True)]), "transposed"),
    ],
)
def test_wrong_shapes_are_explained(change: Any, name: str) -> None:
    trace = traces_of("dense")[0]
    found = diagnose(cases([trace], "weight gradient", [change(trace.gradients["weight"])]))
    assert found is not None and found.name == name
    assert "(5, 3)" in found.sentence


# -- in a comparison --------------------------------------------------------------------------------------------------


class Remembering(handwritten.Dense):
    """Uses the input of the sample before."""

    def forward(self, v: Any) -> Any:
        z = super().forward(v)
        self.input, self.next = getattr(self, "next", v), v
        return z


class Adding(handwritten.Dense):
    """Adds up gradients from call to call."""

    def backward(self, gradient: Any) -> Any:
        before = getattr(self, "bias_gradient", [0.0] * len(self.bias))
        super().backward(gradient)
        self.bias_gradient = [a + b for a, b in zip(before, self.bias_gradient, strict=True)]
        return self.input_gradient


class Dice(handwritten.Dense):
    """Another answer each time, by a billionth: what an array that nobody has filled can look like."""

    dice = random.Random(1)

    def backward(self, gradient: Any) -> Any:
        return [v * (1 + 1e-9 * self.dice.random()) for v in super().backward(gradient)]


@pytest.mark.parametrize(
    ("layer", "tensor", "name"),
    [
        (Remembering, "weight gradient", "stale"),
        (Adding, "bias gradient", "not reset"),
        (Dice, "input gradient", "random"),
    ],
)
def test_layers_with_a_memory_are_found_by_calling_them_again(layer: Any, tensor: str, name: str) -> None:
    rng = random.Random(0)
    candidate = layer(plain((4, 3), rng), plain((3,), rng))
    report = compare_layer("dense", candidate, plain((3, 4), rng))
    row = rows_of(report, "probe")[tensor]
    assert row.verdict is Verdict.WRONG
    assert row.diagnosis is not None and row.diagnosis.name == name
    assert layer is not Dice or row.pattern.endswith("There the handwritten numbers are nearly right.")
    assert "different answers" in {remark.name for remark in report.remarks}


def test_the_batch_and_the_random_numbers_get_one_diagnosis() -> None:
    class Half(handwritten.Dense):
        def backward(self, gradient: Any) -> Any:
            super().backward(gradient)
            self.bias_gradient = elementwise(lambda v: v / 2, self.bias_gradient)
            return self.input_gradient

    model, network, x, y = small(dense=Half)
    report = compare_gradients(model, network, x, y)
    found = {row.diagnosis for row in report.rows if row.verdict is Verdict.WRONG and row.mode != "chained"}
    assert {d.name for d in found if d is not None} == {"factor 2"} or {d.name for d in found if d is not None} == {
        "factor 1/2"
    }
    assert len(found) == 1


def test_names_of_mistakes_are_short_and_sentences_end() -> None:
    for layer in LAYERS:
        trace = traces_of(layer)[0]
        for tensor, _ in tensors_of(trace):
            for hypothesis in chain(*mistakes(trace.module, tensor)):
                assert len(hypothesis.name) <= 40 and ":" not in hypothesis.name
                assert hypothesis.sentence[0].isupper() and hypothesis.sentence.endswith(".")

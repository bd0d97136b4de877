"""Mistakes in softmax and cross-entropy, equation (4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..automatic import ProbabilityCrossEntropy, Trace
from ..tensors import Tensor
from .hypothesis import Hypothesis, Make

__all__ = ["cross_entropy", "softmax"]

Row = list[float]


def softmax(tensor: str) -> Iterator[Hypothesis]:
    """By tensor."""
    if tensor == "activation":
        for name, sentence, rows in (
            ("not normalised", "It is exp(z): not divided by the sum.", lambda z: [_exp(v) for v in z]),
            (
                "not normalised",
                "It is exp(z - max z): not divided by the sum.",
                lambda z: [_exp(v - max(z)) for v in z],
            ),
            ("logarithm", "It is the logarithm of the softmax.", _log_softmax),
            ("sigmoid", "It is the sigmoid of each number.", lambda z: [1 / (1 + _exp(-v)) for v in z]),
            ("not normalised", "It is z divided by its sum: exp is missing.", lambda z: [v / sum(z) for v in z]),
            ("sign", "It is the softmax of the negated numbers.", lambda z: _softmax([-v for v in z])),
        ):
            yield Hypothesis(name, sentence, _by_row(rows))
        yield Hypothesis("summed over the batch", "The sum in the denominator is that of the whole batch.", _over_batch)
        return
    for name, sentence, formula in (
        (
            "diagonal softmax Jacobian",
            "The Jacobian is treated as diagonal, p (1 - p): that each number moves all probabilities is forgotten.",
            lambda p, g: [u * q * (1 - q) for q, u in zip(p, g, strict=True)],
        ),
        (
            "sum missing",
            "It is p times the upstream gradient: the sum over all outputs is missing.",
            lambda p, g: [u * q for q, u in zip(p, g, strict=True)],
        ),
        (
            "sum missing",
            "Only the sum is left: the term of the own output is missing.",
            lambda p, g: [-q * _dot(p, g) for q in p],
        ),
        (
            "sign",
            "The two terms are added instead of subtracted.",
            lambda p, g: [q * (u + _dot(p, g)) for q, u in zip(p, g, strict=True)],
        ),
        ("sum missing", "The factor p is missing.", lambda p, g: [u - _dot(p, g) for u in g]),
        (
            "sum missing",
            "The sum is that of the upstream gradients, not weighted by p.",
            lambda p, g: [q * (u - sum(g)) for q, u in zip(p, g, strict=True)],
        ),
        ("upstream ignored", "It is p (1 - p), whatever came from upstream.", lambda p, g: [q * (1 - q) for q in p]),
        ("Jacobian missing", "The upstream gradient is handed on as it came.", lambda p, g: list(g)),
        ("Jacobian missing", "It is p, whatever came from upstream.", lambda p, g: list(p)),
        (
            "off the diagonal only",
            "Only the terms of the other outputs are there.",
            lambda p, g: [-q * (_dot(p, g) - q * u) for q, u in zip(p, g, strict=True)],
        ),
    ):
        yield Hypothesis(name, sentence, _of_rows(formula))
    yield Hypothesis("indices mixed up", "In the sum stands p_j where p_i belongs.", _of_rows(_mixed_up))
    yield Hypothesis("part missing", "The last output is left out of the sum.", _of_rows(_without_last))
    yield Hypothesis("part missing", "The first output is left out of the sum.", _of_rows(_without_first))


def _mixed_up(p: Row, g: Row) -> Row:
    return [q * u - q * q * sum(g) for q, u in zip(p, g, strict=True)]


def _without_last(p: Row, g: Row) -> Row:
    return [q * (u - _dot(p[:-1], g[:-1])) for q, u in zip(p, [*g[:-1], 0.0], strict=True)]


def _without_first(p: Row, g: Row) -> Row:
    return [q * (u - _dot(p[1:], g[1:])) for q, u in zip(p, [0.0, *g[1:]], strict=True)]


def _exp(v: float) -> float:
    return math.exp(v) if v < 709 else math.inf


def _softmax(z: Row) -> Row:
    powers = [_exp(v - max(z)) for v in z]
    return [v / sum(powers) for v in powers]


def _log_softmax(z: Row) -> Row:
    total = math.log(sum(_exp(v - max(z)) for v in z))
    return [v - max(z) - total for v in z]


def _dot(p: Row, g: Row) -> float:
    return sum(a * b for a, b in zip(p, g, strict=True))


def _rows(t: Tensor) -> list[Row]:
    size = t.shape[-1]
    return [t.flat[start : start + size] for start in range(0, t.size, size)]


def _by_row(change: Callable[[Row], Row]) -> Make:
    return lambda trace: trace.y.like(v for row in _rows(trace.x) for v in change(row))


def _over_batch(trace: Trace) -> Tensor:
    powers = [_exp(v) for v in trace.x.flat]
    total = sum(powers)
    return trace.y.like(v / total for v in powers)


def _of_rows(formula: Callable[[Row, Row], Row]) -> Make:
    return lambda t: t.gx.like(v for p, g in zip(_rows(t.y), _rows(t.g), strict=True) for v in formula(p, g))


# -- cross-entropy ----------------------------------------------------------------------------------------------------


def cross_entropy(tensor: str) -> Iterator[Hypothesis]:
    """Of logits and of probabilities, by tensor."""
    if tensor == "loss":
        for name, sentence, loss in _LOSSES:
            yield Hypothesis(name, sentence, _loss(loss))
        for exponent in range(3, 16):
            sentence = f"A small number, 1e-{exponent}, is added in the logarithm."
            yield Hypothesis("epsilon", sentence, _loss(_with_epsilon(10.0**-exponent)))
    else:
        for of_probabilities, formulas in ((False, _OF_LOGITS), (True, _OF_PROBABILITIES)):
            for name, sentence, gradient in formulas:
                yield Hypothesis(name, sentence, _gradient(gradient, of_probabilities))
        for exponent in range(3, 16):
            sentence = f"A small number, 1e-{exponent}, is added to the probability."
            yield Hypothesis("epsilon", sentence, _gradient(_slope_with_epsilon(10.0**-exponent), True))


def _with_epsilon(epsilon: float) -> Callable[[Row, Row, Row], float]:
    return lambda z, p, y: -_dot(y, [math.log(v + epsilon) for v in p])


def _slope_with_epsilon(epsilon: float) -> Callable[[Row, Row, Row], Row]:
    return lambda z, p, y: [-t / (v + epsilon) for v, t in zip(p, y, strict=True)]


def _samples(trace: Trace) -> Iterator[tuple[Row, Row, Row]]:
    """Numbers, probabilities and one-hot label of each sample."""
    target = trace.target
    assert target is not None
    size = trace.x.shape[1]
    for n, z in enumerate(_rows(trace.x)):
        p = z if isinstance(trace.module, ProbabilityCrossEntropy) else _softmax(z)
        if len(target.shape) == 2:
            y = [float(v) for v in target.flat[n * size : (n + 1) * size]]
        else:
            y = [float(target.flat[n] == i) for i in range(size)]
        yield z, p, y


def _divisor(trace: Trace) -> int:
    return trace.samples if getattr(trace.module, "reduction", "mean") == "mean" else 1


def _loss(formula: Callable[[Row, Row, Row], float]) -> Make:
    def make(trace: Trace) -> Tensor | None:
        try:
            return Tensor([sum(formula(*sample) for sample in _samples(trace)) / _divisor(trace)], ())
        except (ValueError, ZeroDivisionError):  # a logarithm of what is not positive: nobody gets that far
            return None

    return make


def _gradient(formula: Callable[[Row, Row, Row], Row], of_probabilities: bool) -> Make:
    def make(trace: Trace) -> Tensor | None:
        if isinstance(trace.module, ProbabilityCrossEntropy) != of_probabilities:
            return None
        try:
            return trace.gx.like(v / _divisor(trace) for sample in _samples(trace) for v in formula(*sample))
        except (ValueError, ZeroDivisionError):
            return None

    return make


_LOSSES: tuple[tuple[str, str, Callable[[Row, Row, Row], float]], ...] = (
    ("logarithm", "The logarithm is to base 2.", lambda z, p, y: -_dot(y, [math.log2(v) for v in p])),
    ("logarithm", "The logarithm is to base 10.", lambda z, p, y: -_dot(y, [math.log10(v) for v in p])),
    ("logarithm", "There is no logarithm: it is minus the probability.", lambda z, p, y: -_dot(y, p)),
    ("logarithm", "There is no logarithm: it is one minus the probability.", lambda z, p, y: 1 - _dot(y, p)),
    ("all classes", "All classes count, not the true one alone.", lambda z, p, y: -sum(math.log(v) for v in p)),
    (
        "all classes",
        "The other classes count too, as in binary cross-entropy.",
        lambda z, p, y: -sum(t * math.log(v) + (1 - t) * math.log(1 - v) for v, t in zip(p, y, strict=True)),
    ),
    ("logarithm", "It is minus the logit: the logarithm of the sum is missing.", lambda z, p, y: -_dot(y, z)),
    (
        "sign",
        "The logarithm of the sum is subtracted instead of added.",
        lambda z, p, y: 2 * max(z) - _dot(y, z) - math.log(sum(_exp(v - max(z)) for v in z)) - max(z),
    ),
    ("wrong class", "It is the loss of the first class, whatever the label says.", lambda z, p, y: -math.log(p[0])),
    (
        "squared error",
        "It is the squared error, not the cross-entropy.",
        lambda z, p, y: sum((v - t) ** 2 for v, t in zip(p, y, strict=True)),
    ),
    (
        "squared error",
        "It is half the squared error.",
        lambda z, p, y: sum((v - t) ** 2 for v, t in zip(p, y, strict=True)) / 2,
    ),
)

_Gradients = tuple[tuple[str, str, Callable[[Row, Row, Row], Row]], ...]

_OF_LOGITS: _Gradients = (
    (
        "wrong class",
        "The label is moved by one class.",
        lambda z, p, y: [v - t for v, t in zip(p, y[1:] + y[:1], strict=True)],
    ),
    (
        "wrong class",
        "The label is moved by one class.",
        lambda z, p, y: [v - t for v, t in zip(p, y[-1:] + y[:-1], strict=True)],
    ),
    ("label forgotten", "It is p: the label is not subtracted.", lambda z, p, y: list(p)),
    ("label forgotten", "It is minus the label: p is missing.", lambda z, p, y: [-t for t in y]),
    (
        "label forgotten",
        "The label is added, not subtracted.",
        lambda z, p, y: [v + t for v, t in zip(p, y, strict=True)],
    ),
    (
        "diagonal softmax Jacobian",
        "The Jacobian of the softmax is treated as diagonal: only the true class has a gradient.",
        lambda z, p, y: [-t * (1 - v) for v, t in zip(p, y, strict=True)],
    ),
    (
        "softmax forgotten",
        "It is -y / p, the gradient of the probabilities: the softmax is left out.",
        lambda z, p, y: [-t / v for v, t in zip(p, y, strict=True)],
    ),
    (
        "softmax forgotten",
        "It is z - y: the softmax is left out.",
        lambda z, p, y: [v - t for v, t in zip(z, y, strict=True)],
    ),
    (
        "Jacobian too much",
        "It is (p - y) p (1 - p): the derivative of the softmax is in it twice.",
        lambda z, p, y: [(v - t) * v * (1 - v) for v, t in zip(p, y, strict=True)],
    ),
    (
        "other classes only",
        "The true class has no gradient.",
        lambda z, p, y: [(1 - t) * v for v, t in zip(p, y, strict=True)],
    ),
)

_OF_PROBABILITIES: _Gradients = (
    (
        "gradient of the logits",
        "It is p - y, the gradient of the logits, not of the probabilities.",
        lambda z, p, y: [v - t for v, t in zip(p, y, strict=True)],
    ),
    ("logarithm", "It is -y: the derivative 1 / p of the logarithm is missing.", lambda z, p, y: [-t for t in y]),
    (
        "logarithm",
        "It is -y log p, the loss, not its gradient.",
        lambda z, p, y: [-t * math.log(v) for v, t in zip(p, y, strict=True)],
    ),
    (
        "logarithm",
        "It is -y p: multiplied by p, not divided.",
        lambda z, p, y: [-t * v for v, t in zip(p, y, strict=True)],
    ),
    ("all classes", "It is -1 / p for all classes, not for the true one alone.", lambda z, p, y: [-1 / v for v in p]),
    (
        "all classes",
        "The other classes have a gradient too, as in binary cross-entropy.",
        lambda z, p, y: [-t / v + (1 - t) / (1 - v) for v, t in zip(p, y, strict=True)],
    ),
)

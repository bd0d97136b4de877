"""The layers put to the test together: each on what the one beside it returned, as they would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from ..layers import MaxPool2d, ReLU
from .answers import Answer, StandIn, chain
from .automatic import Trace, run_layer
from .certificate import Certificate, Floats, U
from .findings import Finding, Options, divisor_of, findings, not_handed_in, one_hot_lists
from .kinks import explained
from .recorded import chain_network
from .rounding import certify
from .tensors import Tensor

__all__ = ["chained", "propagate"]


def chained(
    traces: Sequence[Trace], candidates: Mapping[str, Any], loss: Any, network: Any, options: Options
) -> list[Finding]:
    """All layers one behind the other, as they would run."""
    layers = [t for t in traces if t.target is None]
    last = traces[-1]
    with_loss = last.target is not None and loss is not None
    divisor = divisor_of(last) if with_loss else 1
    labels = one_hot_lists(last) if with_loss else []
    complete = all(candidates[t.path] is not None for t in layers)
    if with_loss and complete and hasattr(network, "batch_gradients") and isinstance(network.layers, dict):
        answers = chain_network(network, layers[0].x, labels, divisor)
    else:
        batched = all(getattr(c, "batched", False) for c in candidates.values() if c is not None)
        runs = {
            t.path: StandIn(t.y, t.gx, divisor, batched) if candidates[t.path] is None else candidates[t.path]
            for t in layers
        }
        start = None if with_loss else layers[-1].g
        answers = chain(
            runs,
            layers[0].x,
            g=start,
            loss=loss if with_loss else None,
            labels=labels,
            divisor=divisor,
            exact=options.exact,
        )
    bounds = _Bounds(traces if with_loss else layers, divisor, answers)
    rows = []
    for trace in bounds.traces:
        if trace.target is None and candidates[trace.path] is None:
            rows += not_handed_in(trace, "chained")
        else:
            certificate = bounds.by_rounding[trace.path]
            rows += findings(
                trace, answers[trace.path], "chained", certificate, options, partial(bounds.explain, trace.path)
            )
    return rows


class _Bounds:
    """The bounds of a chain; those that count kinks are worked out only when somebody asks."""

    def __init__(self, traces: Sequence[Trace], divisor: int, answers: Mapping[str, Answer]) -> None:
        self.traces, self.divisor, self.answers = traces, divisor, answers
        self.by_rounding = propagate(traces, divisor)

    @cached_property
    def with_kinks(self) -> dict[str, Certificate]:
        return propagate(self.traces, self.divisor, kinks=True)

    def explain(self, path: str, tensor: str, handwritten: Tensor, wrong: list[int]) -> set[int]:
        """A difference is explained where it stays within the bounds that count other choices at kinks, and the layer
        with the kink made a choice that may be made."""
        (trace,) = (t for t in self.traces if t.path == path)
        certificate = self.with_kinks[path]
        if tensor == "input gradient":
            right, bound = trace.gx, certificate.gx
        else:
            parameter = tensor.removesuffix(" gradient")
            if parameter not in certificate.gradients:
                return set()
            right, bound = trace.gradients[parameter], certificate.gradients[parameter]
        near = {i for i in wrong if abs(handwritten.flat[i] - right.flat[i]) <= bound[i]}
        return near - self._no_choice(trace, handwritten, near) if tensor == "input gradient" else near

    def _no_choice(self, trace: Trace, handwritten: Tensor, suspects: set[int]) -> set[int]:
        """Those elements of the input gradient of a layer with kinks that no choice explains, judged by the numbers
        that the layer was given in the chain."""
        if not suspects or not isinstance(trace.module, ReLU | MaxPool2d):
            return set()
        place = self.traces.index(trace)
        x = self.answers[self.traces[place - 1].path].y if place else trace.x
        after = self.traces[place + 1].path if place + 1 < len(self.traces) else ""
        g = self.answers[after].gx if after else trace.g
        if x is None or g is None or x.shape != trace.x.shape or g.shape != trace.g.shape:
            return set()
        seen = run_layer(trace.path, trace.module, x, g)
        slack = [4 * U * abs(v) for v in seen.gx.flat]
        pairs = enumerate(zip(handwritten.flat, seen.gx.flat, slack, strict=True))
        differing = [i for i, (h, a, s) in pairs if abs(h - a) > s]
        return (set(differing) - explained(seen, handwritten.flat, differing, slack)) & suspects


def propagate(traces: Sequence[Trace], divisor: int, kinks: bool = False) -> dict[str, Certificate]:
    """Bounds of every layer of a chain, each starting from those of the layers before it.

    Args:
        kinks: count as bound, from there on backwards, what another choice at a kink may change.
    """
    ex: dict[str, Floats] = {}
    own: Floats = [0.0] * traces[0].x.size
    for trace in traces:
        ex[trace.path] = own
        own = certify(trace, own, forward_only=True).y
    found = {}
    eg = [0.0] * traces[-1].g.size
    for trace in reversed(traces):
        certificate = certify(trace, ex[trace.path], eg)
        if divisor > 1:  # the handwritten side is divided at its end, the automatic at its beginning
            _widen(certificate.gx, trace.gx)
            for name, bound in certificate.gradients.items():
                _widen(bound, trace.gradients[name])
        found[trace.path] = certificate
        eg = certificate.gx
        if kinks and certificate.kink:
            eg = certificate.gx = [a + b for a, b in zip(eg, certificate.kink, strict=True)]
    return found


def _widen(bound: Floats, numbers: Tensor) -> None:
    bound[:] = [b + 4 * U * abs(v) for b, v in zip(bound, numbers.flat, strict=True)]

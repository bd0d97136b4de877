"""How far two right computations of one layer may lie apart: a bound on rounding for every element.

Any way of adding n products in floating point, in any order, errs by at most

    γ_n Σ |terms|,   γ_n = n u / (1 - n u),   u = 2^-53

(N. Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). Both sides err, so two right results differ by
at most twice that. The sum of the absolute terms is what the same layer gives for |x|, |w| and |g|: one more run of the
engine, with absolute values, bounds every element. It is 0 exactly where nothing but zeros was added: there no
difference is forgiven, and nothing was tested.

In a chain both sides start a layer from inputs that differ already. Each layer passes such differences on, at most
|w| times as large, so bounds run along with the numbers, forward and backward (`Certificate.y`, `.gx`).

Layers that are no sums of products (softmax, exp and the like) have stated bounds, see `rounding_smooth`. A module of a
kind that is not known here has a rule of thumb, and its rows say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..layers import (
    ELU,
    GELU,
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from ..losses import CrossEntropyLoss
from ..module import Module
from .automatic import ProbabilityCrossEntropy, Trace, in_absolute_values, run_layer
from .certificate import SLACK, Certificate, Floats, absolutes, gamma
from .rounding_smooth import cross_entropy, elementwise, probability_cross_entropy, softmax
from .tensors import Tensor
from .windows import covering, windows_of

__all__ = ["certify", "is_certified"]


def is_certified(module: Module) -> bool:
    """Whether the bounds of a module's kind are known; else they are a rule of thumb."""
    return type(module) in _RULES or type(module) in _BILINEAR


def certify(
    trace: Trace, ex: Floats | None = None, eg: Floats | None = None, forward_only: bool = False
) -> Certificate:
    """Bounds for one layer; always on floats, as if they had been given.

    Args:
        ex, eg: bounds of how far the two sides' inputs and upstream gradients lie apart already; None: not at all.
        forward_only: only those of the output are wanted.
    """
    trace = trace.in_floats
    ex = ex or [0.0] * trace.x.size
    if type(trace.module) in _BILINEAR:
        certificate = _bilinear(trace, ex, None if forward_only else eg or [0.0] * trace.g.size)
    else:
        certificate = _RULES.get(type(trace.module), _unknown)(trace, ex, eg or [0.0] * trace.g.size)
    for values in (certificate.y, certificate.gx, *certificate.gradients.values()):
        if not all(map(math.isfinite, values)):
            # Where the bound overflows nothing can be certified; equal is then the only excuse.
            values[:] = [v if math.isfinite(v) else 0.0 for v in values]
    return certificate


# -- sums of products -------------------------------------------------------------------------------------------------


def _roundings(trace: Trace) -> tuple[int, int, int]:
    """How many roundings an output, an input gradient and a parameter's gradient contain at most."""
    module, rows = trace.module, trace.y.size
    if isinstance(module, Conv2d):
        filters, channels, height, width = module.weight.shape
        places = trace.samples * math.prod(trace.y.shape[2:])
        return channels * height * width + 1, filters // module.groups * height * width + 1, places + 2
    if isinstance(module, Dense):
        inputs, outputs = module.weight.shape
        return inputs + 1, outputs + 1, rows // outputs + 2
    window = _pair(module.kernel_size) if isinstance(module, AvgPool2d) else (1, 1)
    return window[0] * window[1] + 2, window[0] * window[1] + 2, 1


def _bilinear(trace: Trace, ex: Floats, eg: Floats | None) -> Certificate:
    sums = trace.absolute
    y_n, gx_n, w_n = _roundings(trace)
    certificate = Certificate(
        y=_forgiven(sums.y, y_n),
        gx=_forgiven(sums.gx, gx_n),
        y_terms=sums.y.flat,
        gx_terms=sums.gx.flat,
        gradients={name: _forgiven(t, w_n) for name, t in sums.gradients.items()},
        terms={name: t.flat for name, t in sums.gradients.items()},
    )
    if not (any(ex) or (eg is not None and any(eg))):
        return certificate
    # (x + ex)(g + eg) - x g <= ex (|g| + eg) + |x| eg, and the layer is linear in x and in g.
    unbiased = in_absolute_values(trace.module, bias=False)
    if eg is None:
        certificate.y = _plus(certificate.y, Tensor.of(unbiased(trace.x.like(ex).nested()).data).flat)
        return certificate
    both = trace.g.like(abs(a) + b for a, b in zip(trace.g.flat, eg, strict=True))
    by_input = run_layer(trace.path, unbiased, trace.x.like(ex), both)
    by_gradient = run_layer(trace.path, unbiased, sums.x, trace.g.like(eg))
    certificate.y = _plus(certificate.y, by_input.y.flat)
    certificate.gx = _plus(certificate.gx, by_gradient.gx.flat)
    for name, bound in certificate.gradients.items():
        of_input = by_input.gradients[name].flat if name != "bias" else [0.0] * len(bound)
        certificate.gradients[name] = _plus(_plus(bound, by_gradient.gradients[name].flat), of_input)
    return certificate


def _forgiven(sums: Tensor, n: int) -> Floats:
    """Twice γ_n Σ|terms|; a little for the rounding of the sums, and for products that underflow."""
    factor, tiny = 2 * gamma(n) * (1 + 2 * gamma(n)), 4 * n * 5e-324
    return [factor * s + (tiny if 0 < s < 1e-280 else 0.0) for s in sums.flat]


def _plus(a: Floats, b: Floats) -> Floats:
    return [(p + q) * SLACK for p, q in zip(a, b, strict=True)]


# -- choices and movements: no rounding of their own ------------------------------------------------------------------


def _flatten(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    return Certificate(list(ex), list(eg), absolutes(trace.x.flat), absolutes(trace.g.flat))


def _relu(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """Where |x| is within its bound, one side may stand left and the other right of the kink."""
    x, g = trace.x.flat, trace.g.flat
    return Certificate(
        y=[e if v + e > 0 else 0.0 for v, e in zip(x, ex, strict=True)],
        gx=[d if v + e > 0 else 0.0 for v, e, d in zip(x, ex, eg, strict=True)],
        y_terms=absolutes(trace.x.flat),
        gx_terms=absolutes(trace.g.flat),
        kink=[abs(u) if abs(v) <= e else 0.0 for v, e, u in zip(x, ex, g, strict=True)],
    )


def _max_pool(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """Of values that lie within their bounds of the largest, either side may have chosen any."""
    module = trace.module
    assert isinstance(module, MaxPool2d)
    x, g = trace.x.flat, trace.g.flat
    y_bound, gx, kink, terms = [], [0.0] * len(x), [0.0] * len(x), [0.0] * len(x)
    chained = any(ex)
    for window, u, d in zip(windows_of(module, trace.x.shape), g, eg, strict=True):
        best = max(window, key=x.__getitem__)
        size = abs(u)
        if chained:
            y_bound.append(max(map(ex.__getitem__, window)))
            tied = [i for i in window if x[i] + ex[i] >= x[best] - ex[best]]
        else:
            y_bound.append(0.0)
            tied = [i for i in window if x[i] == x[best]]
        for i in tied:
            terms[i] += size
            gx[i] += d
            if len(tied) > 1:
                kink[i] += size
    n = covering(module)
    if n > 1:
        gx = [b + 2 * gamma(n) * s for b, s in zip(gx, terms, strict=True)]
    return Certificate(y_bound, gx, absolutes(trace.y.flat), terms, kink=kink)


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


# -- everything else --------------------------------------------------------------------------------------------------


def _unknown(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """A rule of thumb: as many roundings as a sample has numbers, relative to the tensor's largest."""
    n = 16 + trace.x.size // max(trace.samples, 1)

    def rule(t: Tensor, before: Floats) -> Floats:
        return [2 * gamma(n) * max(map(abs, t.flat), default=0.0) + n * max(before, default=0.0)] * t.size

    gradients = {name: rule(t, eg) for name, t in trace.gradients.items()}
    terms = {name: [max(absolutes(trace.g.flat), default=0.0)] * t.size for name, t in trace.gradients.items()}
    largest = [max(absolutes(trace.g.flat), default=0.0)] * trace.x.size
    return Certificate(rule(trace.y, ex), rule(trace.gx, eg), absolutes(trace.y.flat), largest, gradients, terms)


_BILINEAR = (Conv2d, Dense, AvgPool2d)
_RULES: dict[type[Module], Callable[[Trace, Floats, Floats], Certificate]] = {
    Flatten: _flatten,
    ReLU: _relu,
    MaxPool2d: _max_pool,
    Softmax: softmax,
    CrossEntropyLoss: cross_entropy,
    ProbabilityCrossEntropy: probability_cross_entropy,
    **dict.fromkeys((ELU, GELU, LeakyReLU, Sigmoid, SiLU, Softplus, Tanh), elementwise),
}

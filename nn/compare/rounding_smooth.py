"""Stated rounding bounds of the layers that are no sums of products: activations, softmax, cross-entropy.

Each bound says at its function how many roundings it forgives and relative to what. They are meant for any sensible way
of computing the function, in one step or in several.
"""

from __future__ import annotations

import math

from tinygrad_lists import Value, grad

from ..layers import Softmax
from .automatic import Trace
from .certificate import SLACK, Certificate, Floats, U, absolutes, gamma
from .tensors import Tensor

__all__ = ["cross_entropy", "elementwise", "probability_cross_entropy", "softmax"]


# -- functions of one variable ----------------------------------------------------------------------------------------


def elementwise(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """16 roundings relative to |f| + |x f'| + 1, and to |g| (1 + |f'| + |x f''|) for the gradient.

    The 1 is there because these functions are built from 1 + exp(x) and 1 - tanh(x)², whose rounding is relative to 1.
    """
    module, x = trace.module, Value(trace.x.nested())

    def slope(v: Value) -> Value:
        return grad(lambda w: module(w).sum())(v)  # type: ignore[no-any-return]

    first = Tensor.of(slope(x).data).flat
    second = Tensor.of(grad(lambda v: slope(v).sum())(x).data).flat
    c = 16 * U
    bounds_y, bounds_gx, terms = [], [], []
    rows = zip(trace.x.flat, trace.y.flat, trace.g.flat, first, second, ex, eg, strict=True)
    for v, y, g, d1, d2, e, eu in rows:
        bounds_y.append(c * (abs(y) + abs(v * d1) + 1) + abs(d1) * e * SLACK)
        own = c * abs(g) * (1 + abs(d1) + abs(v * d2))
        bounds_gx.append(own + (abs(d1) * eu + abs(d2) * (abs(g) + eu) * e) * SLACK)
        terms.append(abs(g))
    return Certificate(bounds_y, bounds_gx, absolutes(trace.x.flat), terms)


#: Probabilities this small have fewer digits, and which is lost depends on the way they are computed.
TINY = 1e-307

# -- softmax and cross-entropy ----------------------------------------------------------------------------------------


def _spread(z: Floats) -> float:
    """Roundings in a probability: one of each exp and of the quotient, n of the sum, and exp turns the absolute error
    of its argument, u |z - max z|, into a relative one."""
    return len(z) + 8 + 2 * (max(z) - min(z))


def softmax(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """Relative to each probability as `_spread` says; the gradient relative to p_j (|g_j| + Σ |g_i| p_i)."""
    module = trace.module
    assert isinstance(module, Softmax)
    if module.axis not in (-1, len(trace.x.shape) - 1):
        raise ValueError(f"compare: Softmax along axis {module.axis}; only the last axis can be compared")
    size = trace.x.shape[-1]
    certificate = Certificate([], [], [], [])
    for start in range(0, trace.x.size, size):
        z, p, g, e, d = (v[start : start + size] for v in (trace.x.flat, trace.y.flat, trace.g.flat, ex, eg))
        n = _spread(z)
        mean_e, mean_d = _dot(p, e), _dot(p, d)
        mean_g = sum(abs(u) * q for u, q in zip(g, p, strict=True))
        certificate.y += [2 * gamma(n) * q + q * (b + mean_e) * SLACK + TINY for q, b in zip(p, e, strict=True)]
        terms = [q * (abs(u) + mean_g) for q, u in zip(p, g, strict=True)]
        own = 2 * gamma(3 * n + 2 * size)
        certificate.gx += [
            own * s + (q * (b + mean_d) + s * 4 * max(e)) * SLACK + TINY * (abs(u) + mean_g)
            for s, q, b, u in zip(terms, p, d, g, strict=True)
        ]
        certificate.y_terms += p
        certificate.gx_terms += terms
    return certificate


def _dot(p: Floats, e: Floats) -> float:
    return sum(a * b for a, b in zip(p, e, strict=True))


def cross_entropy(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """The loss -z_t + m + log Σ exp(z - m) and its gradient p - y, whether computed in one step or in two."""
    samples, size = trace.x.shape
    scale = samples if getattr(trace.module, "reduction", "mean") == "mean" else 1
    probabilities = Softmax()(trace.x.nested())
    p_all, y_all = Tensor.of(probabilities.data).flat, _one_hot_rows(trace, size)
    losses, terms, bounds = [], [], []
    for start in range(0, trace.x.size, size):
        z, p, y, e = (v[start : start + size] for v in (trace.x.flat, p_all, y_all, ex))
        n = _spread(z)
        weight = sum(map(abs, y))
        total = weight * (max(map(abs, z)) * 3 + math.log(size) + 1 + n)
        losses.append(8 * gamma(4) * total + 2 * weight * max(e) * SLACK)
        mean_e = _dot(p, e)
        row = [(a + abs(b)) / scale for a, b in zip(p, y, strict=True)]
        terms += row
        own = 2 * gamma(2 * n + 2 * size + 8)
        bounds += [own * s + q * (b + mean_e) / scale * SLACK + TINY for s, q, b in zip(row, p, e, strict=True)]
    loss = abs(trace.y.flat[0])
    return Certificate([sum(losses) / scale + 2 * gamma(samples + 3) * loss], bounds, [loss or 1.0], terms)


def _one_hot_rows(trace: Trace, classes: int) -> Floats:
    target = trace.target
    assert target is not None
    if len(target.shape) == 2:
        return [float(v) for v in target.flat]
    return [float(label == i) for label in target.flat for i in range(classes)]


def probability_cross_entropy(trace: Trace, ex: Floats, eg: Floats) -> Certificate:
    """-y log p: the error of p is relative, hence absolute in its logarithm."""
    samples, size = trace.x.shape
    y = _one_hot_rows(trace, size)
    logs = sum(abs(t * math.log(p)) + abs(t) for p, t in zip(trace.x.flat, y, strict=True) if t)
    moved = sum(abs(t / p) * e for p, t, e in zip(trace.x.flat, y, ex, strict=True) if t)
    terms = [abs(t / p) / samples if t else 0.0 for p, t in zip(trace.x.flat, y, strict=True)]
    bounds = [
        2 * gamma(6) * s + (s * e / p * SLACK if s else 0.0) for s, e, p in zip(terms, ex, trace.x.flat, strict=True)
    ]
    return Certificate([(2 * gamma(size + samples + 6) * logs + moved * SLACK) / samples], bounds, [logs], terms)

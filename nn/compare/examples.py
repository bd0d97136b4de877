"""Inputs to try a layer on: random, of unequal sizes, and of numbers whose sums and products have no rounding errors.

Numbers are multiples of 1/128 below 4: the sum of a thousand products of two of them is still exact in a float, in any
order. So a correct layer gives the same bits as ours, however it sums. They are all different and none is 0: there are
no ties for pooling and no kinks for ReLU.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .kinds import LayerKind, layer_kind, output_shape
from .values import Nested, reshaped, shape_of

__all__ = ["Example", "example", "one_hot", "random_numbers"]


@dataclass(frozen=True)
class Example:
    """Everything that a layer needs for one pass on a batch: numbers, and the layer's own settings."""

    kind: LayerKind
    x: Nested  # (N, ...)
    gradient: Nested  # shape of the output, None for a loss
    labels: Nested = None  # one-hot rows of a loss
    parameters: Mapping[str, Nested] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def random_numbers(shape: tuple[int, ...], rng: random.Random) -> Nested:
    """Multiples of 1/128, of both signs, all different while there are enough (1,022) of them.

    >>> random_numbers((2, 2), random.Random(0))
    [[2.765625, -0.9140625], [2.078125, 3.1328125]]
    """
    count = math.prod(shape)
    pool: list[int] = []
    while len(pool) < count:
        pool += rng.sample([n for n in range(-511, 512) if n], 1022)
    return reshaped([n / 128 for n in pool[:count]], shape)


def one_hot(label: int, classes: int) -> list[float]:
    """A row of zeros with a 1 in it."""
    return [1.0 if i == label else 0.0 for i in range(classes)]


#: Per kind: the shapes of parameters, settings, and a sample's shape. No two sizes are equal, those of the output
#: included: swapped axes and loops over the wrong one must show.
_SMALL: dict[str, tuple[dict[str, tuple[int, ...]], dict[str, Any], tuple[int, ...]]] = {
    "conv2d": ({"weight": (4, 2, 3, 3), "bias": (4,)}, {}, (2, 8, 9)),
    "maxpool2d": ({}, {"size": 2}, (2, 6, 9)),
    "relu": ({}, {}, (2, 3, 4)),
    "flatten": ({}, {}, (2, 3, 4)),
    "dense": ({"weight": (6, 4), "bias": (4,)}, {}, (6,)),
    "softmax": ({}, {}, (4,)),
    "cross-entropy": ({}, {}, (4,)),
    "softmax-cross-entropy": ({}, {}, (4,)),
}


def example(
    kind: str,
    seed: int = 0,
    batch: int = 2,
    x_shape: tuple[int, ...] | None = None,
    parameters: Mapping[str, Nested] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Example:
    """A small example of a kind of layer; `parameters` and `settings` are random and usual unless given.

    >>> found = example("dense")
    >>> shape_of(found.x), shape_of(found.parameters["weight"]), shape_of(found.gradient)
    ((2, 6), (6, 4), (2, 4))
    """
    rng, spec = random.Random(f"{kind} {seed}"), layer_kind(kind)
    shapes, usual, sample = _SMALL[kind]
    chosen = {**spec.defaults, **usual, **(settings or {})}
    if parameters is None:
        parameters = {name: random_numbers(shape, rng) for name, shape in shapes.items()}
    elif x_shape is None and parameters:
        sample = _fitting(kind, shape_of(parameters["weight"]))
    if kind == "maxpool2d" and x_shape is None:
        sample = (2, chosen["size"] * 3, chosen["size"] * 4 + 1)
    sample = x_shape or sample
    x = random_numbers((batch, *sample), rng)
    if kind == "cross-entropy":
        x = [_probabilities(row) for row in x]
    parameter_shapes = {name: shape_of(value) for name, value in parameters.items()}
    out = output_shape(kind, sample, parameter_shapes, chosen)
    labels = [one_hot(rng.randrange(sample[0]), sample[0]) for _ in range(batch)] if spec.loss else None
    gradient = None if spec.loss else random_numbers((batch, *out), rng)
    return Example(spec, x, gradient, labels, parameters, chosen)


def _fitting(kind: str, weight: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of a sample for parameters of these shapes."""
    if kind == "conv2d":
        _, channels, height, width = weight
        return (channels, height + 5, width + 6)
    return weight[:1]


def _probabilities(row: list[float]) -> list[float]:
    powers = [math.exp(v / 4) for v in row]
    return [p / math.fsum(powers) for p in powers]

"""The paper's network, forward and backward, on Fraction: the engine and the handwritten layers agree exactly.

`nn.handwritten` shares no code with the engine, so two independent witnesses tell the same exact numbers. Without the
softmax, whose values are irrational: a random cotangent takes the place of the loss.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from nn import handwritten
from tinygrad_lists import Value, conv2d, max_pool2d

SHAPES = {
    "0.weight": (8, 1, 3, 3),
    "0.bias": (8,),
    "3.weight": (16, 8, 3, 3),
    "3.bias": (16,),
    "7.weight": (400, 10),
    "7.bias": (10,),
}


def fractions(rng: random.Random, shape: tuple[int, ...]) -> Any:
    """Signed quarters, some of them 0, in nested lists."""
    if not shape:
        return Fraction(rng.randint(-4, 4), 4)
    return [fractions(rng, shape[1:]) for _ in range(shape[0])]


def network(x: Value, w: dict[str, Value]) -> Value:
    """Section II of the paper: two blocks of convolution, ReLU and pooling, then flatten and dense."""
    h = max_pool2d(conv2d(x, w["0.weight"], w["0.bias"]).relu(), 2)
    h = max_pool2d(conv2d(h, w["3.weight"], w["3.bias"]).relu(), 2)
    return h.flatten(1) @ w["7.weight"] + w["7.bias"]


def numbers(nested: Any) -> list[Any]:
    return [v for part in nested for v in numbers(part)] if isinstance(nested, list) else [nested]


def test_the_papers_network_is_exact() -> None:
    rng = random.Random(1)
    weights = {name: fractions(rng, shape) for name, shape in SHAPES.items()}
    # Half of the pixels are 0, as in a digit; with them come ties in the pooling windows.
    image = [[[max(pixel, Fraction(0)) for pixel in row] for row in fractions(rng, (28, 28))]]
    cotangent = fractions(rng, (10,))

    by_hand = handwritten.paper_network(weights)
    logits = by_hand.forward(image)
    image_gradient = by_hand.backward(cotangent)

    x, w = Value([image]), {name: Value(weight) for name, weight in weights.items()}
    out = network(x, w)
    out.backward([cotangent])

    assert out.data == [logits]
    assert x.grad == [image_gradient]
    assert {name: value.grad for name, value in w.items()} == by_hand.gradients()
    for found in (out.data, x.grad, *(value.grad for value in w.values())):
        assert {type(v) for v in numbers(found)} == {Fraction}
    assert sum(v != 0 for v in numbers(w["0.weight"].grad)) > 60, "the comparison is about something"


def test_a_batch_adds_up_the_gradients_of_its_images() -> None:
    """Two images at once against one after the other by hand."""
    rng = random.Random(3)
    weights = {name: fractions(rng, shape) for name, shape in SHAPES.items()}
    images = [fractions(rng, (1, 28, 28)) for _ in range(2)]
    cotangents = fractions(rng, (2, 10))

    by_hand = handwritten.paper_network(weights)
    totals: dict[str, list[Fraction]] = {}
    for image, cotangent in zip(images, cotangents, strict=True):
        by_hand.forward(image)
        by_hand.backward(cotangent)
        for name, gradient in by_hand.gradients().items():
            before = totals.get(name, [Fraction(0)] * len(numbers(gradient)))
            totals[name] = [a + b for a, b in zip(before, numbers(gradient), strict=True)]

    w = {name: Value(weight) for name, weight in weights.items()}
    network(Value(images), w).backward(cotangents)
    assert {name: numbers(value.grad) for name, value in w.items()} == totals

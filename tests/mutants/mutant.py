"""A mutant: a layer of `nn.handwritten` with a few characters of its source replaced."""

from __future__ import annotations

import inspect
import random
import sys
import textwrap
from dataclasses import dataclass, field
from typing import Any

import nn
from nn import handwritten
from nn.compare.examples import random_numbers
from nn.compare.inputs import module_for

CLASSES: dict[str, type] = {
    "conv2d": handwritten.Conv2d,
    "maxpool2d": handwritten.MaxPool2d,
    "relu": handwritten.ReLU,
    "flatten": handwritten.Flatten,
    "dense": handwritten.Dense,
    "softmax": handwritten.Softmax,
    "cross-entropy": handwritten.CrossEntropy,
    "softmax-cross-entropy": handwritten.SoftmaxCrossEntropy,
    "network": handwritten.Network,
}
KIND_OF = {cls.__name__: kind for kind, cls in CLASSES.items()}


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes:
        name: unique, "layer: mistake".
        layer: key of CLASSES.
        edits: (old, new) pieces of the source of `method`; each old one stands there exactly once.
        diagnosis: names under which the mistake is rightly reported; the first is the best.
        tensors: those that must be accused, and no others of the layer: "y", "input", "weight", "bias".
        method: where the edits are.
        also: further edits as (method, old, new).
        settings: of the layer, where the mistake needs more than the usual ones.
        verdict: "wrong"; or "kink" for another choice where there is no derivative, which must be told but not accused.
    """

    name: str
    layer: str
    edits: tuple[tuple[str, str], ...]
    diagnosis: tuple[str, ...]
    tensors: tuple[str, ...]
    method: str = "backward"
    also: tuple[tuple[str, str, str], ...] = ()
    settings: dict[str, int] = field(default_factory=dict)
    verdict: str = "wrong"

    def build(self) -> type:
        """The class with the mistake. LookupError if an edit does not fit the source any more."""
        base = CLASSES[self.layer]
        patches = {self.method: list(self.edits)}
        for method, old, new in self.also:
            patches.setdefault(method, []).append((old, new))
        methods = {name: self._patched(base, name, edits) for name, edits in patches.items()}
        return type(base.__name__, (base,), {**methods, "__module__": __name__, "__doc__": self.name})

    def _patched(self, base: type, method: str, edits: list[tuple[str, str]]) -> Any:
        source = textwrap.dedent(inspect.getsource(getattr(base, method)))
        for old, new in edits:
            if source.count(old) != 1:
                raise LookupError(f"{self.name}: {old!r} stands {source.count(old)} times in {base.__name__}.{method}")
            source = source.replace(old, new)
        namespace: dict[str, Any] = dict(vars(sys.modules[base.__module__]))
        exec(compile(source, f"<mutant {self.name}>", "exec"), namespace)
        return namespace[method]


# -- a network to hide them in ----------------------------------------------------------------------------------------

#: Channels, height, width of the small network's images: all unequal, and not all rows fill a pooling window.
IMAGE = (1, 14, 19)
CLASSES_OUT = 4

#: Where the layer of a kind is replaced. The second convolution has several channels, the first pooling more windows.
PLACES = {"conv2d": "3", "relu": "1", "maxpool2d": "2", "flatten": "6", "dense": "7", "softmax-cross-entropy": "loss"}


def small_network(mutant: Mutant | None = None, seed: int = 0) -> handwritten.Network:
    """conv, ReLU, pool, conv, ReLU, pool, flatten, dense, as in the paper; one of them replaced by the mutant."""
    rng = random.Random(seed)
    kind = mutant.layer if mutant is not None else ""
    settings = mutant.settings if mutant is not None else {}

    def place(position: str, cls: type, *arguments: Any) -> Any:
        if mutant is not None and PLACES.get(kind) == position:
            return mutant.build()(*arguments, **settings)
        return cls(*arguments)

    pool = {"stride": 2, **settings} if kind == "maxpool2d" else {"stride": 2}
    conv = {"stride": 1, "padding": 0, **settings} if kind == "conv2d" else {"stride": 1, "padding": 0}
    left = 3  # channels behind the second convolution
    for n in IMAGE[1:]:
        n = (n - 2 - 2) // pool["stride"] + 1
        n = (n + 2 * conv["padding"] - 3) // conv["stride"] + 1
        left *= n // 2
    layers = [
        place("0", handwritten.Conv2d, weights(rng, 2, 1, 3, 3), weights(rng, 2)),
        place("1", handwritten.ReLU),
        place("2", handwritten.MaxPool2d, 2),
        place("3", handwritten.Conv2d, weights(rng, 3, 2, 3, 3), weights(rng, 3)),
        place("4", handwritten.ReLU),
        place("5", handwritten.MaxPool2d, 2),
        place("6", handwritten.Flatten),
        place("7", handwritten.Dense, weights(rng, left, CLASSES_OUT), weights(rng, CLASSES_OUT)),
    ]
    return network_of(layers, mutant)


def network_of(layers: list[Any], mutant: Mutant | None) -> handwritten.Network:
    """A network of layers; the network itself, or its loss, is the mutant if that is what it is about."""
    if mutant is None or mutant.layer not in ("network", "softmax-cross-entropy"):
        return handwritten.Network(layers)
    wrong = mutant.build()
    if mutant.layer == "network":
        network: handwritten.Network = wrong(layers)
        return network

    class WithLoss(handwritten.Network):
        """A forward pass makes the loss anew, so it has to be replaced each time."""

        def forward(self, image: Any) -> Any:
            logits = super().forward(image)
            self.criterion = wrong()
            return logits

    network = WithLoss(layers)
    network.criterion = wrong()
    return network


def weights(rng: random.Random, *shape: int) -> Any:
    """Random numbers that are small enough for the softmax behind."""
    return scaled(random_numbers(shape, rng), 1 / 16)


def scaled(x: Any, factor: float) -> Any:
    return [scaled(part, factor) for part in x] if isinstance(x, list) else x * factor


def batch(samples: int, seed: int = 1) -> tuple[Any, list[int]]:
    """Images and labels for the small network."""
    rng = random.Random(seed)
    images = scaled(random_numbers((samples, *IMAGE), rng), 1 / 4)
    return images, [rng.randrange(CLASSES_OUT) for _ in range(samples)]


def model_like(network: handwritten.Network) -> nn.Sequential:
    """The automatic model of a handwritten one, with the same parameters."""
    layers = network.layers.values()
    return nn.Sequential(*[module_for(KIND_OF[type(layer).__name__], layer) for layer in layers])

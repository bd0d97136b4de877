"""A mutant: a layer of `nn.handwritten` with a few characters of its source replaced."""

from __future__ import annotations

import inspect
import sys
import textwrap
from dataclasses import dataclass, field
from typing import Any

import nn.handwritten as handwritten
from nn.handwritten import network

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


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes:
        name: unique, "layer: mistake".
        layer: key of CLASSES.
        edits: (old, new) pieces of the source of `method`, each of which stands there exactly once.
        diagnosis: names under which the mistake is rightly reported; the first is the best.
        tensors: those that must be accused, and no other gradient of the layer: "y", "input", "weight", "bias".
        method: where the edits are; a second one in `also` as (method, old, new).
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
        patches: dict[str, list[tuple[str, str]]] = {}
        for old, new in self.edits:
            patches.setdefault(self.method, []).append((old, new))
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

    @property
    def diff(self) -> str:
        """The mistake as one line."""
        pieces = [*self.edits, *((old, new) for _, old, new in self.also)]
        return "; ".join(f"{' '.join(old.split())}  →  {' '.join(new.split()) or '(nothing)'}" for old, new in pieces)


#: A network like the paper's, but small, and of unequal heights and widths.
IMAGE = (1, 14, 19)
PLACES = {"conv2d": "3", "relu": "1", "maxpool2d": "2", "flatten": "6", "dense": "7", "softmax-cross-entropy": "loss"}


def small_network(mutant: Mutant | None = None, seed: int = 0) -> handwritten.Network:
    """conv, ReLU, pool, conv, ReLU, pool, flatten, dense, as in the paper; one of them replaced by the mutant."""
    import random

    from nn.compare.examples import random_numbers  # imported late: the mutants are to be usable without it

    rng = random.Random(seed)
    classes = dict(CLASSES)
    chosen = mutant.layer if mutant is not None else None
    wrong = mutant.build() if mutant is not None else None
    settings = mutant.settings if mutant is not None else {}

    def numbers(*shape: int) -> Any:
        return handwritten_scaled(random_numbers(shape, rng))

    def place(kind: str, position: str, *arguments: Any) -> Any:
        mine = chosen == kind and PLACES[kind] == position
        cls = wrong if mine and wrong is not None else classes[kind]
        return cls(*arguments, **(settings if mine else {}))

    conv = settings if chosen == "conv2d" else {}
    pool = settings if chosen == "maxpool2d" else {}
    height, width = (_pooled(n - 2, 2, pool.get("stride", 2)) for n in IMAGE[1:])
    height, width = (_conv(n, conv) // 2 for n in (height, width))
    layers = [
        place("conv2d", "0", numbers(2, 1, 3, 3), numbers(2)),
        place("relu", "1"),
        place("maxpool2d", "2", 2),
        place("conv2d", "3", numbers(3, 2, 3, 3), numbers(3)),
        place("relu", "4"),
        place("maxpool2d", "5", 2),
        place("flatten", "6"),
        place("dense", "7", numbers(3 * height * width, 4), numbers(4)),
    ]
    cls = wrong if chosen == "network" and wrong is not None else network.Network
    net: handwritten.Network = cls(layers)
    if chosen == "softmax-cross-entropy" and wrong is not None:
        return _with_loss(net, wrong)
    return net


def handwritten_scaled(x: Any) -> Any:
    """Smaller numbers, so that the softmax behind is not saturated."""
    return [handwritten_scaled(part) for part in x] if isinstance(x, list) else x / 8


def _pooled(n: int, size: int, stride: int) -> int:
    return (n - size) // stride + 1


def _conv(n: int, settings: dict[str, int]) -> int:
    return (n + 2 * settings.get("padding", 0) - 3) // settings.get("stride", 1) + 1


def _with_loss(net: handwritten.Network, loss: type) -> handwritten.Network:
    """The network with another criterion, which a forward pass would replace by the right one."""

    class Mutated(handwritten.Network):
        def forward(self, image: Any) -> Any:
            logits = super().forward(image)
            self.criterion = loss()
            return logits

    mutated = Mutated(list(net.layers.values()))
    mutated.criterion = loss()
    return mutated

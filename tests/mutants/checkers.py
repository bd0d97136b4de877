"""The checks that people write: five of them, to be compared with ours on the same mutants.

Each looks at one layer (or, for mistakes with the batch, at one small network) as such checks do: one random input,
numbers from -1 to 1, and says whether it noticed anything. All are given the benefit of the doubt: a wrong shape and an
exception count as noticed, and inputs are not square.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import nn
from mutants.mutant import Mutant, model_like, network_of, weights
from nn import handwritten
from nn.compare.examples import example, one_hot
from nn.compare.inputs import module_for
from nn.compare.kinds import layer_kind
from nn.compare.values import reshaped, shape_of
from tinygrad_lists import Value

Flat = list[float]
Nested = Any


def flat(x: Nested) -> Flat:
    return [v for part in x for v in flat(part)] if isinstance(x, list) else [x]


def overwrite(target: Nested, numbers: Iterator[float]) -> None:
    for i, part in enumerate(target):
        if isinstance(part, list):
            overwrite(part, numbers)
        else:
            target[i] = next(numbers)


class Subject:
    """A mutant as a check sees it: a function of some tensors, with gradients.

    Attributes:
        tensors: the numbers it depends on, nested lists by name.
    """

    tensors: dict[str, Nested]

    def value(self) -> Nested:
        """Output for the present numbers, by the mutant's forward pass."""
        raise NotImplementedError

    def gradients(self, g: Nested) -> dict[str, Nested]:
        """By the mutant's backward pass."""
        raise NotImplementedError

    def right(self, g: Nested) -> dict[str, Nested]:
        """By the automatic engine."""
        raise NotImplementedError


class LayerSubject(Subject):
    """One layer, one sample."""

    def __init__(self, mutant: Mutant, rng: random.Random) -> None:
        shape = (2, 5, 7) if mutant.layer == "conv2d" else None  # smaller: gradcheck tries every element
        usual = example(mutant.layer, batch=1, x_shape=shape, settings=mutant.settings)
        self.loss = layer_kind(mutant.layer).loss

        def numbers(like: Nested) -> Nested:
            return reshaped([rng.uniform(-1, 1) for _ in flat(like)], shape_of(like))

        parameters = {name: numbers(value) for name, value in usual.parameters.items()}
        chosen = {name: v for name, v in usual.settings.items() if v is not None}
        self.layer = mutant.build()(*parameters.values(), **chosen)
        x = usual.x[0] if mutant.layer == "cross-entropy" else numbers(usual.x[0])
        self.label = usual.labels and [int(v) for v in usual.labels[0]]
        self.tensors = {"input": x, **parameters}
        self.module = module_for(mutant.layer, self.layer)

    def value(self) -> Nested:
        return self.layer.forward(self.tensors["input"], *([self.label] if self.loss else []))

    def gradients(self, g: Nested) -> dict[str, Nested]:
        self.value()
        gradient = self.layer.backward(*([] if self.loss else [g]))
        return {"input": gradient, **({} if self.loss else self.layer.gradients())}

    def right(self, g: Nested) -> dict[str, Nested]:
        self.module.load_state_dict({name: v for name, v in self.tensors.items() if name != "input"})
        self.module.zero_grad()
        x = Value([self.tensors["input"]])
        if self.loss:
            self.module(x, [self.label]).backward()
        else:
            self.module(x).backward([g])
        return {"input": x.grad[0], **{name: p.grad for name, p in self.module.named_parameters()}}


class NetworkSubject(Subject):
    """The loss of a batch as a function of the parameters of a network of two layers."""

    def __init__(self, mutant: Mutant, rng: random.Random) -> None:
        dense = handwritten.Dense(weights(rng, 6, 4), weights(rng, 4))
        self.network = network_of([handwritten.Flatten(), dense], mutant)
        self.model = model_like(self.network)
        self.images = [[[[rng.uniform(-1, 1) for _ in range(3)] for _ in range(2)]] for _ in range(3)]
        self.labels = [rng.randrange(4) for _ in self.images]
        self.tensors = self.network.parameters()

    def _batch(self) -> Any:
        return self.network.batch_gradients(self.images, [[int(v) for v in one_hot(y, 4)] for y in self.labels])

    def value(self) -> Nested:
        return self._batch().loss

    def gradients(self, g: Nested) -> dict[str, Nested]:
        return dict(self._batch().gradients)

    def right(self, g: Nested) -> dict[str, Nested]:
        self.model.load_state_dict(self.tensors)
        self.model.zero_grad()
        nn.CrossEntropyLoss()(self.model(self.images), self.labels).backward()
        return {name: p.grad for name, p in self.model.named_parameters()}


def subject(mutant: Mutant, rng: random.Random) -> Subject:
    return (NetworkSubject if mutant.layer == "network" else LayerSubject)(mutant, rng)


# -- the checks -------------------------------------------------------------------------------------------------------


def close(a: Nested, b: Nested, relative: float, absolute: float) -> bool:
    """`numpy.allclose`, for equal shapes."""
    if shape_of(a) != shape_of(b):
        return False
    pairs = zip(flat(a), flat(b), strict=True)
    return all(abs(p - q) <= absolute + relative * abs(q) for p, q in pairs)


def signed(y: Nested, rng: random.Random) -> Nested:
    return reshaped([rng.uniform(-1, 1) for _ in flat(y)], shape_of(y)) if isinstance(y, list) else 1.0


def ones_cotangent(mutant: Mutant, rng: random.Random) -> bool:
    """The loss is the sum of the outputs; `numpy.allclose` with its own tolerances."""
    s = subject(mutant, rng)
    y = s.value()
    ones = reshaped([1.0] * len(flat(y)), shape_of(y)) if isinstance(y, list) else 1.0
    found, right = s.gradients(ones), s.right(ones)
    return not all(close(found[name], right[name], 1e-5, 1e-8) for name in right)


def loose_allclose(mutant: Mutant, rng: random.Random) -> bool:
    """A random upstream gradient, and tolerances of a thousandth, as they stand after somebody had to loosen them."""
    s = subject(mutant, rng)
    g = signed(s.value(), rng)
    found, right = s.gradients(g), s.right(g)
    return not all(close(found[name], right[name], 1e-3, 1e-3) for name in right)


def sum_of_gradients(mutant: Mutant, rng: random.Random) -> bool:
    """One number for each tensor: the sum of its gradient."""
    s = subject(mutant, rng)
    g = signed(s.value(), rng)
    found, right = s.gradients(g), s.right(g)
    return not all(close(math.fsum(flat(found[name])), math.fsum(flat(right[name])), 1e-5, 1e-8) for name in right)


def only_backward(s: Subject) -> bool:
    """Whether the mistake is in the backward pass alone, so that the forward pass is that of any such mutant."""
    return isinstance(s, LayerSubject) and {n for n in vars(type(s.layer)) if not n.startswith("_")} == {"backward"}


KNOWN: dict[str, Flat] = {}


def all_quotients(s: Subject, name: str, g: Nested, about: str) -> Flat:
    """Central differences in every element; once for all mutants with the same forward pass and the same numbers."""
    every = list(range(len(flat(s.tensors[name]))))
    if not only_backward(s):
        return quotients(s, name, g, every)
    key = f"{about} {name} {g} {s.tensors}"
    if key not in KNOWN:
        KNOWN[key] = quotients(s, name, g, every)
    return KNOWN[key]


def quotients(s: Subject, name: str, g: Nested, chosen: list[int], step: float = 1e-6) -> Flat:
    """Central differences of sum(g * y) in some elements of a tensor."""
    numbers = flat(s.tensors[name])

    def at(i: int, change: float) -> float:
        overwrite(s.tensors[name], iter([v + change if n == i else v for n, v in enumerate(numbers)]))
        return math.fsum(p * q for p, q in zip(flat(g), flat(s.value()), strict=True))

    found = [(at(i, step) - at(i, -step)) / (2 * step) for i in chosen]
    overwrite(s.tensors[name], iter(numbers))
    return found


def gradcheck(mutant: Mutant, rng: random.Random) -> bool:
    """Central differences of the mutant's own forward pass in every element, with torch.autograd.gradcheck's step and
    tolerances."""
    s = subject(mutant, rng)
    g = signed(s.value(), rng)
    found = s.gradients(g)
    for name, tensor in s.tensors.items():
        if shape_of(found[name]) != shape_of(tensor):
            return True
        expected = all_quotients(s, name, g, f"{mutant.layer} {mutant.settings}")
        if not close(flat(found[name]), expected, 1e-3, 1e-5):
            return True
    return False


def single_index(mutant: Mutant, rng: random.Random) -> bool:
    """The same in one random element of each tensor."""
    s = subject(mutant, rng)
    g = signed(s.value(), rng)
    found = s.gradients(g)
    for name, tensor in s.tensors.items():
        i = rng.randrange(len(flat(tensor)))
        if shape_of(found[name]) != shape_of(tensor):
            return True
        if not close([flat(found[name])[i]], quotients(s, name, g, [i]), 1e-3, 1e-5):
            return True
    return False


CHECKERS: dict[str, Callable[[Mutant, random.Random], bool]] = {
    "ones": ones_cotangent,
    "allclose": loose_allclose,
    "sum": sum_of_gradients,
    "one index": single_index,
    "gradcheck": gradcheck,
}


def noticed(name: str, mutant: Mutant, seed: int = 0) -> bool:
    """Whether a check notices a mutant; that it raises counts.

    Each mutant gets numbers of its own, but for gradcheck, which takes long: there mutants of a kind share them.
    """
    about = f"{mutant.layer} {mutant.settings}" if name == "gradcheck" else mutant.name
    try:
        return CHECKERS[name](mutant, random.Random(f"{seed} {name} {about}"))
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError):
        return True

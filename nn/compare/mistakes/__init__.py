"""A catalogue of mistakes: what a layer that makes one returns, worked out from the right numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from ...layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU, Softmax
from ...losses import CrossEntropyLoss
from ...module import Module
from ..automatic import ProbabilityCrossEntropy
from .activation import elementwise, relu
from .anything import any_tensor, of_samples
from .convolution_gradients import convolution
from .dense import dense, flatten
from .hypothesis import Hypothesis, right
from .pooling import max_pooling
from .probability import cross_entropy, softmax

__all__ = ["Hypothesis", "mistakes", "right"]

_OWN: dict[type[Module], Callable[[str], Iterator[Hypothesis]]] = {
    Conv2d: convolution,
    Dense: dense,
    Flatten: flatten,
    ReLU: relu,
    MaxPool2d: max_pooling,
    Softmax: softmax,
    CrossEntropyLoss: cross_entropy,
    ProbabilityCrossEntropy: cross_entropy,
}


def mistakes(module: Module, tensor: str) -> tuple[Iterator[Hypothesis], Iterator[Hypothesis]]:
    """Every hypothesis for a tensor of a kind of layer: those of the layer, and those of any tensor."""
    own = _OWN.get(type(module), elementwise)(tensor)
    return own, chain(any_tensor(tensor), of_samples(tensor))

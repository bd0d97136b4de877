"""A mistake as a hypothesis: what a layer that makes it would return, worked out from the right numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..automatic import Trace
from ..tensors import Tensor

__all__ = ["Hypothesis", "Make", "right"]

#: What a layer with this mistake would return in the place of a trace's tensor; None where the mistake cannot be made.
Make = Callable[[Trace], Tensor | None]


@dataclass(frozen=True)
class Hypothesis:
    """A kind of mistake.

    Attributes:
        name: stable key; several variants of one mistake share it.
        sentence: what was done, said of the tensor.
        make: see `Make`.
    """

    name: str
    sentence: str
    make: Make


def right(trace: Trace, tensor: str) -> Tensor:
    """The automatic tensor of this name."""
    if tensor in ("activation", "loss"):
        return trace.y
    if tensor == "input gradient":
        return trace.gx
    return trace.gradients[tensor.removesuffix(" gradient")]

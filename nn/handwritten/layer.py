"""What every handwritten layer has in common: what it remembers of a pass, and what it refuses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from nn.handwritten.nested import Nested, shape_of

__all__ = ["Layer"]


class Layer(ABC):
    """A function y = f(x, parameters) with its derivative written by hand.

    For a loss E the chain rule turns dE/dy, which `backward` receives, into dE/dx, which it returns for the layer
    before, and dE/d(parameter), which it keeps. `input`, `output`, `output_gradient` (dE/dy) and `input_gradient`
    (dE/dx) are those of the last pass; they do not exist before it.

    >>> from nn.handwritten import ReLU
    >>> relu = ReLU()
    >>> relu.forward([3, -2]), relu.backward([10, 10])
    ([3, 0], [10, 0])
    >>> relu.input, relu.output, relu.output_gradient, relu.input_gradient
    ([3, -2], [3, 0], [10, 10], [10, 0])
    """

    parameter_names: ClassVar[tuple[str, ...]] = ()
    name: str = ""  # the position in a network
    input: Nested
    output: Nested
    output_gradient: Nested
    input_gradient: Nested

    @abstractmethod
    def forward(self, x: Nested) -> Nested:
        """Return y = f(x)."""

    @abstractmethod
    def backward(self, gradient: Nested) -> Nested:
        """Return dE/dx for `gradient` = dE/dy."""

    def parameters(self) -> dict[str, Nested]:
        """Return the parameters by name: the lists themselves, so that an update in place is seen."""
        return {name: getattr(self, name) for name in self.parameter_names}

    def gradients(self) -> dict[str, Nested]:
        """Return dE/d(parameter) of the last backward pass; `RuntimeError` if there was none since the last forward."""
        if "input_gradient" not in vars(self):
            raise RuntimeError(f"{self}: no gradients yet: call forward(x), then backward(gradient)")
        return {name: getattr(self, f"{name}_gradient") for name in self.parameter_names}

    def __str__(self) -> str:
        kind = type(self).__name__
        return f"layer {self.name} ({kind})" if self.name else kind

    def checked_shape(self, x: Nested, axes: tuple[str, ...] = ()) -> tuple[int, ...]:
        """Return the shape of an input; refuse one that is ragged, empty or has not these axes (none given: any)."""
        shape = shape_of(x, f"{self}: input")
        if (axes and len(shape) != len(axes)) or 0 in shape:
            wanted = f"({', '.join(axes)})" if axes else "at least one element"
            raise ValueError(f"{self}: input has shape {shape}, wanted {wanted}")
        return shape

    def keep_forward(self, x: Nested, y: Nested) -> Nested:
        """Remember a forward pass and return y. Gradients of an earlier pass are not those of this one: drop them."""
        self.input, self.output = x, y
        for stale in ("output_gradient", "input_gradient"):
            vars(self).pop(stale, None)
        return y

    def keep_upstream(self, gradient: Nested) -> None:
        """Remember dE/dy; refuse it before a forward pass, or if it has not the shape of y."""
        if "output" not in vars(self):
            raise RuntimeError(f"{self}: backward before forward: call forward(x) first")
        given = shape_of(gradient, f"{self}: gradient")
        if given != shape_of(self.output):
            raise ValueError(f"{self}: gradient has shape {given}, the output has {shape_of(self.output)}")
        self.output_gradient = gradient

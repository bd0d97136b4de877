"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from tinygrad_lists import Value

from ..module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """Layers one behind the other; their names are their numbers.

    >>> import nn
    >>> model = nn.Sequential(nn.Dense(4, 3), nn.ReLU(), nn.Dense(3, 2))
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(f"Sequential: argument {i} is a {type(layer).__name__}, not a Module")
            layer._name = str(i)
        self.layers = list(layers)

    def forward(self, x: Any) -> Value:
        """The last layer's output."""
        for layer in self.layers:
            x = layer(x)
        if not isinstance(x, Value):
            raise ValueError("Sequential: no layers; there is nothing to compute")
        return x

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """("0", first layer), ("1", second layer), ..."""
        return ((str(i), layer) for i, layer in enumerate(self.layers))

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, int):
            return self.layers[index]
        part = Sequential()
        part.layers = self.layers[index]  # they keep their names: a part is a view, not a new model
        return part

"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from tinygrad_lists import Value

from ..checks import check_kind, check_whole
from ..errors import shown
from ..module import Module
from ..nested import as_value

__all__ = ["Identity", "Residual", "Sequential"]


class Sequential(Module):
    """Layers one behind the other; their names are their numbers.

    >>> import nn
    >>> model = nn.Sequential(nn.Dense(4, 3), nn.ReLU(), nn.Dense(3, 2))
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *layers: Module) -> None:
        _check_layers("Sequential", layers)
        self.layers = list(layers)
        for i, layer in enumerate(layers):
            layer._name = str(i)

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
        if not isinstance(index, slice):
            place = check_whole("Sequential", "index", index)
            if not -len(self) <= place < len(self):
                raise IndexError(f"Sequential: index {shown(place)} is out of range for {len(self)} layers")
            return self.layers[place]
        part = Sequential()
        vars(part)["layers"] = self.layers[index]  # they keep their names: a part is a view, not a new model
        return part


def _check_layers(name: str, layers: Sequence[Module]) -> None:
    for i, layer in enumerate(layers):
        if not isinstance(layer, Module):
            raise TypeError(
                f"{name}: argument {i} is a {type(layer).__name__}, not a Module; "
                f"give layers one by one, {name}(nn.Flatten(), nn.ReLU()), and a list as {name}(*layers)"
            )


class Identity(Module):
    """``y = x``: a place where a layer could stand.

    Shapes: any, and the same out.

    >>> import nn
    >>> nn.Identity()([1.0, 2.0]).data
    [1.0, 2.0]
    """

    def forward(self, x: Any) -> Value:
        """The same Value."""
        return as_value(x)


class Residual(Module):
    """``y = f(x) + shortcut(x)``: layers that learn what is to be added to their input (He et al., "Deep residual
    learning for image recognition", 2015, equations 1 and 2).

    Args:
        layers: the branch f, one behind the other.
        shortcut: what happens to x beside it; nothing, if left out. A 1x1 convolution where f changes the shape.

    Shapes: that of f, which must be that of the shortcut.

    Raises:
        ValueError: the two shapes differ, or there is no layer. TypeError: a layer that is no Module.

    >>> import nn
    >>> block = nn.Residual(nn.Dense(2, 2), nn.ReLU())
    >>> block[0].weight.data, block[0].bias.data = [[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]
    >>> block([[3.0, -5.0]]).data
    [[6.0, -5.0]]
    >>> [name for name, _ in block.named_parameters()]
    ['body.0.weight', 'body.0.bias']
    """

    def __init__(self, *layers: Module, shortcut: Module | None = None) -> None:
        if not layers:
            raise ValueError("Residual: no layers; there is nothing to add to the input")
        _check_layers("Residual", layers)
        self.body = Sequential(*layers)
        wanted = "a Module, such as nn.Conv2d(...), or left out"
        self.shortcut = Identity() if shortcut is None else check_kind("Residual", "shortcut", shortcut, Module, wanted)

    def forward(self, x: Any) -> Value:
        """f(x) plus the shortcut."""
        value = as_value(x)
        branch, straight = self.body(value), self.shortcut(value)
        if branch.shape != straight.shape:
            raise ValueError(
                f"Residual: the layers lead from {value.shape} to {branch.shape}, the shortcut to {straight.shape}; "
                f"give a shortcut= that leads to {branch.shape}, such as a 1x1 convolution"
            )
        return branch + straight

    def __getitem__(self, index: int) -> Module:
        return self.body[index]

    def __len__(self) -> int:
        return len(self.body)

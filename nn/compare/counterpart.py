"""From an automatic network to the same one in `nn.handwritten`."""

from __future__ import annotations

from collections.abc import Sequence

from .. import handwritten, layers
from ..module import Module

__all__ = ["by_hand"]


def by_hand(model: Module) -> handwritten.Network:
    """The same network in `nn.handwritten`, with a copy of the parameters.

    Raises:
        ValueError: the model is no `nn.Sequential`, or has a layer for which there is no handwritten version.

    >>> import nn
    >>> network = by_hand(nn.paper.network())
    >>> [str(layer) for layer in network.layers.values()][:3]
    ['layer 0 (Conv2d)', 'layer 1 (ReLU)', 'layer 2 (MaxPool2d)']
    """
    if not isinstance(model, layers.Sequential):
        raise ValueError(f"handwritten gradients: the model is a {type(model).__name__}, not an nn.Sequential")
    return handwritten.Network([_layer(name, layer) for name, layer in model.named_children()])


def _layer(name: str, layer: Module) -> handwritten.Layer:
    state = layer.state_dict()
    if type(layer) is layers.ReLU:
        return handwritten.ReLU()
    if type(layer) is layers.Flatten:
        return handwritten.Flatten()
    if type(layer) is layers.Dense and "bias" in state:
        return handwritten.Dense(state["weight"], state["bias"])
    if type(layer) is layers.MaxPool2d:
        size, padding, dilation = map(_square, (layer.kernel_size, layer.padding, layer.dilation))
        stride = size if layer.stride is None else _square(layer.stride)
        if size and stride and (padding, dilation) == (0, 1):
            return handwritten.MaxPool2d(size, stride)
    if type(layer) is layers.Conv2d and "bias" in state:
        stride, padding, dilation = map(_square, (layer.stride, layer.padding, layer.dilation))
        if stride and padding is not None and (dilation, layer.groups) == (1, 1):
            return handwritten.Conv2d(state["weight"], state["bias"], stride, padding)
    raise ValueError(
        f"handwritten gradients: layer {name} is {layer}, which nn.handwritten has not; it has Conv2d, ReLU, "
        "MaxPool2d, Flatten and Dense, with biases, the same size for both axes, no dilation and no groups"
    )


def _square(size: int | Sequence[int]) -> int | None:
    """The size for both axes; None if they have two."""
    if isinstance(size, int):
        return size
    return size[0] if len(set(size)) == 1 else None

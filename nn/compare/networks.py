"""Networks of somebody's layers, and the automatic models beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..layers import Sequential
from . import values
from .adapting import Adapted
from .inputs import module_for
from .kinds import KINDS, kind_of_name, output_shape
from .problems import HomeworkError
from .recognition import prepared, recognise
from .sources import has_backward

__all__ = ["AdaptedNetwork", "adapt_network", "input_shape", "layers_of", "shape_after"]

Shape = tuple[int, ...]


@dataclass
class AdaptedNetwork:
    """Layers by position, and the loss behind them if there is one: what `compare_gradients` takes."""

    layers: dict[str, Any]
    criterion: Any = None

    def model(self) -> Sequential:
        """The automatic model of the same kinds of layers, with the same numbers."""
        return Sequential(*[module_for(layer.kind.name, layer) for layer in self.layers.values()])


def adapt_network(network: Any) -> AdaptedNetwork:
    """Put the layers of somebody's network, in its list ``layers``, behind the protocol of `nn.handwritten`.

    A loss is taken from its attribute ``criterion`` or ``loss``. Layers are recognised as by `adapt`, and keep their
    numbers.

    Raises:
        HomeworkError: there is no such list, or a layer in it is of no known kind.

    >>> from nn import handwritten
    >>> from nn.compare import compare_gradients
    >>> class Net:
    ...     def __init__(self):
    ...         self.layers = [handwritten.Dense([[0.5, -1.0], [2.0, 0.25]], [0.0, 1.0]), handwritten.ReLU()]
    >>> network = adapt_network(Net())
    >>> network.model()
    Sequential(
      (0): Dense(2, 2)
      (1): ReLU()
    )
    >>> compare_gradients(network.model(), network, [[1.0, -2.0], [3.0, 0.5]]).ok
    True
    """
    layers = layers_of(network, type(network).__name__)
    for layer in layers.values():
        recognise(layer)
    return AdaptedNetwork({k: v for k, v in layers.items() if k != "loss"}, layers.get("loss"))


def layers_of(network: Any, name: str) -> dict[str, Adapted]:
    """The layers of a network by position, and "loss"; prepared, not yet tried."""
    held = getattr(network, "layers", None)
    if not isinstance(held, list | tuple | dict) or not held:
        raise HomeworkError.of("not loaded", f"{name}: a network keeps its layers in a list `self.layers`")
    layers = list(held.values() if isinstance(held, dict) else held)
    loss = next((found for n in ("criterion", "loss") if has_backward(found := getattr(network, n, None))), None)
    result = {}
    for position, layer in enumerate([*layers, *([loss] if loss is not None else [])]):
        kind = getattr(layer, "layer", None) or kind_of_name(type(layer).__name__)
        if kind not in KINDS:
            raise HomeworkError.of(
                "not loaded",
                f"{name}: layer {position} ({type(layer).__name__}) is of no kind that I know: {', '.join(KINDS)}; "
                "give it an attribute `layer`",
            )
        adapted = prepared(layer, kind, None, {})
        result["loss" if adapted.kind.loss else str(position)] = adapted
    return result


def shape_after(layers: Mapping[str, Any], shape: Shape) -> Shape:
    """Shape of a network's output; ValueError if an input of this shape does not fit."""
    for position, layer in layers.items():
        parameters = {key: values.shape_of(p) for key, p in layer.parameters().items()}
        axes = layer.kind.axes
        wanted = {"conv2d": parameters.get("weight", (0, 0))[1], "dense": parameters.get("weight", (0,))[0]}
        if (axes and len(axes) != len(shape)) or wanted.get(layer.kind.name, shape[0]) != shape[0]:
            raise ValueError(f"layer {position} ({layer.name}) does not fit an input of shape {shape}")
        shape = output_shape(layer.kind.name, shape, parameters, layer.settings)
        if min(shape) < 1:
            raise ValueError(f"layer {position} ({layer.name}): nothing is left of the image")
    return shape


def input_shape(layers: Mapping[str, Any]) -> Shape:
    """A shape that fits all layers: the paper's 28 x 28 if it does, else the smallest, rather not square."""
    first = next(layer for layer in layers.values() if layer.kind.parameters or layer.kind.axes)
    weight = values.shape_of(first.parameters().get("weight", []))
    if first.kind.name == "dense":
        candidates: list[Shape] = [weight[:1], (1, 28, 28)]
    else:
        channels = weight[1] if weight else 1
        sizes = sorted(((h, w) for h in range(1, 41) for w in range(1, 41)), key=lambda s: (s[0] == s[1], s[0] * s[1]))
        candidates = [(channels, 28, 28), *((channels, *size) for size in sizes)]
    problem = ""
    for shape in candidates:
        try:
            if len(shape_after(layers, shape)) == 1:
                return shape
        except ValueError as error:
            problem = problem or str(error)
    raise HomeworkError.of("wrong shape", f"no image up to 40 x 40 fits the network: {problem}")

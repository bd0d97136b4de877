"""A handwritten network run by its own code, while recorders keep what passes through its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .answers import ERRORS, Answer, filled, problem_of
from .tensors import Tensor
from .values import read

__all__ = ["chain_network"]


class _Recorder:
    """Stands in for a layer of a network and keeps what passes through it."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self.outputs: list[Tensor] = []
        self.upstream: list[Tensor] = []
        self.input_gradients: list[Tensor] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def forward(self, x: Any) -> Any:
        y = self._layer.forward(x)
        self.outputs.append(_floats(read(y, "forward")))
        return y

    def backward(self, gradient: Any) -> Any:
        self.upstream.append(_floats(read(gradient, "the gradient")))
        gx = self._layer.backward(gradient)
        self.input_gradients.append(_floats(read(gx, "backward")))
        return gx


def _floats(nested: Any) -> Tensor:
    t = Tensor.of(nested)
    return Tensor(list(map(float, t.flat)), (1, *t.shape))


def chain_network(network: Any, x: Tensor, labels: Sequence[list[int]], divisor: int) -> dict[str, Answer]:
    """The same as `chain`, by the network's own ``batch_gradients``: its averages and its order are tested too.

    ``network.layers`` must be a dict; recorders stand in its layers' places meanwhile.
    """
    layers: dict[str, Any] = network.layers
    recorders = {path: _Recorder(layer) for path, layer in layers.items()}
    answers = {path: Answer() for path in (*layers, "loss")}
    own = dict(layers)
    try:
        layers.update(recorders)
        batch = network.batch_gradients(x.nested(), [list(label) for label in labels])
        answers["loss"].y = _floats(read(batch.loss, "batch_gradients")).part(0)
        for name, value in batch.gradients.items():
            path, _, parameter = name.rpartition(".")
            answers[path].gradients[parameter] = _floats(read(value, f"batch_gradients, {name}")).part(0)
    except ERRORS as error:
        answers["loss"].notice(problem_of(error, "batch_gradients"))
    finally:
        layers.update(own)
    kept = {}
    for path, recorder in recorders.items():
        kept[path, "y"], kept[path, "gx"] = recorder.outputs, recorder.input_gradients
    kept["loss", "gx"] = list(recorders.values())[-1].upstream if recorders else []
    filled(answers, {key: parts for key, parts in kept.items() if parts}, x.shape[0], divisor)
    return answers

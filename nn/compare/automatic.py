"""The automatic side: a model run by the engine, with every layer's numbers kept."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tinygrad_lists import Value

from ..layers import Sequential
from ..module import Module
from .tensors import Tensor, stack

__all__ = [
    "ProbabilityCrossEntropy",
    "Trace",
    "first_sample",
    "in_absolute_values",
    "run_layer",
    "run_loss",
    "run_model",
]


@dataclass(frozen=True)
class Trace:
    """One layer of one run: input, output, upstream gradient, and the gradients that follow from it.

    Attributes:
        x, y: input and output of the batch.
        g: upstream gradient dE/dy.
        gx: dE/dx.
        parameters, gradients: by name.
        target: labels, for a loss.
    """

    path: str
    module: Module
    x: Tensor
    y: Tensor
    g: Tensor
    gx: Tensor
    parameters: dict[str, Tensor] = field(default_factory=dict)
    gradients: dict[str, Tensor] = field(default_factory=dict)
    target: Tensor | None = None

    @property
    def kind(self) -> str:
        """Name of the layer's class."""
        return type(self.module).__name__

    @cached_property
    def absolute(self) -> Trace:
        """The same layer on the absolute values of everything: what its sums are when nothing cancels."""
        twin = in_absolute_values(self.module)
        return run_layer(self.path, twin, self.x.like(map(abs, self.x.flat)), self.g.like(map(abs, self.g.flat)))

    @cached_property
    def in_floats(self) -> Trace:
        """The same layer on floats; itself, if it was run on floats."""
        if all(isinstance(v, float) for v in self.x.flat[:1]):
            return self
        module = copy.deepcopy(self.module)
        for parameter in module.parameters():
            t = Tensor.of(parameter.data)
            parameter.assign(Value(t.like(map(float, t.flat)).nested()))
        return run_layer(self.path, module, self.x.like(map(float, self.x.flat)), self.g.like(map(float, self.g.flat)))

    @property
    def samples(self) -> int:
        """N."""
        return self.x.shape[0]


class ProbabilityCrossEntropy(Module):
    """``E = - sum over i of y_i log(p_i)``, equation (4) on probabilities p (N, C), averaged over the batch.

    For comparing a handwritten cross-entropy that stands behind a softmax of its own. For training use
    `nn.CrossEntropyLoss`, which contains the softmax.

    >>> import nn
    >>> ProbabilityCrossEntropy()([[0.5, 0.5]], [[1.0, 0.0]]).data == nn.CrossEntropyLoss()([[0.0, 0.0]], [0]).data
    True
    """

    reduction = "mean"

    def forward(self, p: Any, target: Any) -> Value:
        """Loss of probabilities (N, C) against one-hot rows (N, C)."""
        probabilities = p if isinstance(p, Value) else Value(p, requires_grad=False)
        loss: Value = -(probabilities.log() * Value(target, requires_grad=False)).sum(1).mean()
        return loss


def in_absolute_values(module: Module, bias: bool = True) -> Module:
    """A copy of a module with absolute weights, and an absolute or no bias."""
    twin = copy.deepcopy(module)
    for name, parameter in twin.named_parameters():
        t = Tensor.of(parameter.data)
        parameter.data = t.like(abs(v) if bias or name != "bias" else 0.0 for v in t.flat).nested()
    return twin


def run_layer(path: str, module: Module, x: Tensor, g: Tensor | None) -> Trace:
    """One layer forward on x, and backward from g (None: from zeros). The module's own gradients are overwritten."""
    module.zero_grad()
    value = Value(x.nested())
    out = module(value)
    y = _tensor(out)
    g = y.like([_zero(y)] * y.size) if g is None else g
    out.backward(g.nested())
    return _trace(path, module, value, out, g)


def run_loss(path: str, criterion: Module, x: Tensor, target: Tensor) -> Trace:
    """A loss forward and backward."""
    value = Value(x.nested())
    out = criterion(value, target.nested())
    out.backward()
    return _trace(path, criterion, value, out, Tensor([1.0], ()), target)


def first_sample(trace: Trace) -> Trace:
    """The same layer on the first sample alone."""
    x = stack([trace.x.part(0)])
    if trace.target is not None:
        target = Tensor(trace.target.flat[: trace.target.size // trace.samples], (1, *trace.target.shape[1:]))
        return run_loss(trace.path, copy.deepcopy(trace.module), x, target)
    return run_layer(trace.path, copy.deepcopy(trace.module), x, stack([trace.g.part(0)]))


def run_model(
    model: Sequential, criterion: Module | None, x: Tensor, target: Tensor | None, g: Tensor | None = None
) -> list[Trace]:
    """Every layer of a model, and the loss as the last if there is one, else starting from a cotangent `g`."""
    model = copy.deepcopy(model)
    model.zero_grad()
    values = [Value(x.nested())]
    for layer in model:
        values.append(layer(values[-1]))
    names = [name for name, _ in model.named_children()]
    traces: list[Trace] = []
    if criterion is not None and target is not None:
        loss = criterion(values[-1], target.nested())
        loss.backward()
        traces = [_trace("loss", criterion, values[-1], loss, Tensor([1.0], ()), target)]
    else:
        assert g is not None
        values[-1].backward(g.nested())
    layers = [
        _trace(name, layer, value, out, _gradient(out))
        for name, layer, value, out in zip(names, model, values, values[1:], strict=False)
    ]
    return layers + traces


def _trace(path: str, module: Module, value: Value, out: Value, g: Tensor, target: Tensor | None = None) -> Trace:
    named = list(module.named_parameters())
    return Trace(
        path,
        module,
        _tensor(value),
        _tensor(out),
        g,
        _gradient(value),
        {name: _tensor(parameter) for name, parameter in named},
        {name: _gradient(parameter) for name, parameter in named},
        target,
    )


def _tensor(value: Value) -> Tensor:
    return Tensor.of(value.data)


def _gradient(value: Value) -> Tensor:
    """The gradient of a Value; zeros where none flows to it."""
    data = _tensor(value)
    return data.like([_zero(data)] * data.size) if value.grad is None else Tensor.of(value.grad)


def _zero(t: Tensor) -> Any:
    return type(t.flat[0])(0) if t.flat else 0.0

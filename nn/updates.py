"""One update of a model: gradients of a batch, in one go or in parts, clipped, and checked for what is no number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from tinygrad_lists import Value, functions, no_grad

from .module import Module
from .optim import Optimizer, clip_grad_norm, clip_grad_value
from .results import Counter

__all__ = ["Part", "TrainingError", "backward", "clip", "not_finite", "parts_of", "state_of"]

Criterion = Callable[[Value, Any], Value]


class TrainingError(ArithmeticError):
    """Training cannot go on: the loss or a gradient is no longer a number. The message says where."""


class Part(NamedTuple):
    """Some examples of an update, and which share of all its examples they are."""

    inputs: Any
    labels: Any
    share: float


def parts_of(batches: Sequence[tuple[Any, Any]], part_size: int | None = None) -> list[Part]:
    """The examples of one update in parts: a part for each batch, or several, of at most `part_size` examples.

    >>> [(part.labels, part.share) for part in parts_of([("abc", [0, 1, 2]), ("d", [3])], part_size=2)]
    [([0, 1], 0.5), ([2], 0.25), ([3], 0.25)]
    """
    total = sum(len(labels) for _, labels in batches)
    parts = []
    for inputs, labels in batches:
        size = part_size or len(labels)
        for first in range(0, len(labels), size):
            some = labels[first : first + size]
            parts.append(Part(inputs if size >= len(labels) else inputs[first : first + size], some, len(some) / total))
    return parts


def backward(model: Module, criterion: Criterion, parts: Sequence[Part], right: Counter | None) -> tuple[Value, Value]:
    """Add to the parameters' gradients that of the mean loss over all parts; (this loss, how many are right).

    The mean over all examples is the sum over the parts of share · mean of the part, so that a batch in parts has the
    gradient of the batch as a whole, up to rounding.
    """
    losses, counts = [], []
    for inputs, labels, share in parts:
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        if share != 1:
            loss = loss * share
        loss.backward()
        losses.append(loss.detach())
        counts.append(right(outputs, labels) if right is not None else Value(0.0, requires_grad=False))
    return _sum(losses), _sum(counts)


def clip(parameters: Iterable[Value], norm: float | None, value: float | None) -> Value:
    """Clip the gradients by value, then by norm, where these are given; the norm before the latter (Euclidean)."""
    given = list(parameters)
    if value is not None:
        clip_grad_value(given, value)
    if norm is not None:
        return clip_grad_norm(given, norm)
    with no_grad():
        squares = [(g * g).sum() for p in given if (g := p.grad_value) is not None]
        return functions.sqrt(_sum(squares)) if squares else Value(0.0, requires_grad=False)


def state_of(model: Module, optimiser: Optimizer) -> list[Value]:
    """Everything that an update changes: parameters, buffers, and what the optimiser remembers."""
    kept = [value for state in optimiser.state.values() for value in state.values()]
    return list(dict.fromkeys([*model.parameters(), *model.buffers(), *optimiser.parameters, *kept]))


def not_finite(model: Module, inputs: Any, loss: float) -> str:
    """Where a pass of `inputs` first gives nan or infinity: a module, the loss, or the gradient of a parameter."""
    if math.isfinite(loss):
        for name, parameter in model.named_parameters():
            gradient = parameter.grad_value
            if gradient is not None and not _is_finite(gradient):
                return f"the gradient of {name} is not finite"
        return "the norm of the gradient is not finite"
    found: list[str] = []

    def look(name: str, module: Module) -> Any:
        def hook(_module: Module, _args: Any, output: Value) -> None:
            if not found and not _is_finite(output):
                found.append(f"first in the output of {name} {type(module).__name__}".replace("  ", " "))

        return module.register_forward_hook(hook)

    before = [(buffer, buffer.detach()) for buffer in model.buffers()]
    handles = [look(name, module) for name, module in model.named_modules()]
    try:
        with no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
        for buffer, old in before:  # random numbers were drawn, running statistics updated
            buffer.assign(old)
    return found[0] if found else "first in the loss itself"


def _is_finite(value: Value) -> bool:
    with no_grad():
        flat = functions.reshape(value, (value.size,)).data
    return all(number - number == 0 for number in flat)  # of any kind; inf - inf is nan


def _sum(values: Sequence[Value]) -> Value:
    """Left to right."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total

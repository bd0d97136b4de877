"""Turning tensors about: what mistakes are made of."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from ...module import Module
from ..automatic import Trace, run_layer
from ..tensors import Tensor, index_of, stack
from .hypothesis import Make, right

__all__ = [
    "absolute",
    "along",
    "changed",
    "each_sample",
    "first_for_all",
    "flip",
    "keep",
    "ones",
    "parameter_itself",
    "permute",
    "plus",
    "positive",
    "product",
    "rerun",
    "roll",
    "running_sums",
    "shift",
    "summed",
    "swap_if_square",
    "times",
    "without",
    "zeros",
]

#: A function of a tensor (None: it does not apply) and the rest of its arguments.
Change = tuple[Any, ...]


def along(t: Tensor, axis: int, change: Callable[[list[Any]], list[Any]]) -> Tensor:
    """Every list along an axis, changed.

    >>> along(Tensor([1, 2, 3, 4], (2, 2)), 1, sorted).flat
    [1, 2, 3, 4]
    """

    def inner(nested: Any, depth: int) -> Any:
        return change(nested) if depth == 0 else [inner(part, depth - 1) for part in nested]

    return Tensor.of(inner(t.nested(), axis % len(t.shape)))


def flip(t: Tensor, *axes: int) -> Tensor:
    """The other way round along axes.

    >>> flip(Tensor([1, 2, 3, 4], (2, 2)), 0, 1).flat
    [4, 3, 2, 1]
    """
    for axis in axes:
        t = along(t, axis, lambda part: part[::-1])
    return t


def roll(t: Tensor, axis: int, by: int = 1) -> Tensor:
    """Everything moved along an axis; what leaves at the end comes in at the beginning.

    >>> roll(Tensor([1, 2, 3], (3,)), 0).flat
    [3, 1, 2]
    """
    return along(t, axis, lambda part: part[-by:] + part[:-by] if by % len(part) else part)


def shift(t: Tensor, axis: int, by: int) -> Tensor:
    """Everything moved along an axis; zeros come in.

    >>> shift(Tensor([1, 2, 3], (3,)), 0, -1).flat
    [2, 3, 0]
    """

    def moved(part: list[Any]) -> list[Any]:
        empty = [_zero_like(part[0])] * min(abs(by), len(part))
        return empty + part[: len(part) - len(empty)] if by > 0 else part[len(empty) :] + empty

    return along(t, axis, moved)


def keep(t: Tensor, axis: int, places: Sequence[int]) -> Tensor:
    """Zeros everywhere but at some places along an axis (negative ones count from the end).

    >>> keep(Tensor([1, 2, 3], (3,)), 0, [-1]).flat
    [0, 0, 3]
    """
    wanted = {place % t.shape[axis] for place in places}
    return along(t, axis, lambda part: [p if i in wanted else _zero_like(p) for i, p in enumerate(part)])


def _zero_like(part: Any) -> Any:
    return [_zero_like(p) for p in part] if isinstance(part, list) else type(part)(0)


def permute(t: Tensor, axes: Sequence[int]) -> Tensor:
    """Axes in another order.

    >>> permute(Tensor([1, 2, 3, 4, 5, 6], (2, 3)), (1, 0))
    Tensor(flat=[1, 4, 2, 5, 3, 6], shape=(3, 2))
    """
    strides = [math.prod(t.shape[axis + 1 :]) for axis in axes]
    shape = tuple(t.shape[axis] for axis in axes)
    places = (sum(i * s for i, s in zip(index_of(n, shape), strides, strict=True)) for n in range(t.size))
    return Tensor([t.flat[place] for place in places], shape)


def zeros(t: Tensor) -> Tensor:
    """Zeros of the same shape and kind."""
    return t.like(type(v)(0) for v in t.flat)


def ones(t: Tensor) -> Tensor:
    """Ones of the same shape and kind."""
    return t.like(type(v)(1) for v in t.flat)


def times(t: Tensor, factor: Any) -> Tensor:
    """Every number times one factor."""
    return t.like(v * factor for v in t.flat)


def absolute(t: Tensor) -> Tensor:
    """Absolute values."""
    return t.like(map(abs, t.flat))


def positive(t: Tensor) -> Tensor:
    """Negative numbers cut off."""
    return t.like(max(v, type(v)(0)) for v in t.flat)


def first_for_all(t: Tensor, axis: int) -> Tensor:
    """Along an axis, the first repeated.

    >>> first_for_all(Tensor([1, 2, 3, 4], (2, 2)), 0).flat
    [1, 2, 1, 2]
    """
    return along(t, axis, lambda part: [part[0]] * len(part))


def without(t: Tensor, axis: int, place: int) -> Tensor:
    """Zeros at one place along an axis.

    >>> without(Tensor([1, 2, 3], (3,)), 0, -1).flat
    [1, 2, 0]
    """
    size = t.shape[axis]
    return keep(t, axis, [i for i in range(size) if i != place % size])


def summed(t: Tensor, axis: int) -> Tensor:
    """Along an axis, the sum repeated.

    >>> summed(Tensor([1, 2, 3, 4], (2, 2)), 0).flat
    [4, 6, 4, 6]
    """

    def add(p: Any, q: Any) -> Any:
        return [add(a, b) for a, b in zip(p, q, strict=True)] if isinstance(p, list) else p + q

    def change(part: list[Any]) -> list[Any]:
        result = part[0]
        for other in part[1:]:
            result = add(result, other)
        return [result] * len(part)

    return along(t, axis, change)


def plus(a: Tensor, b: Tensor) -> Tensor:
    """Element by element."""
    return a.like(p + q for p, q in zip(a.flat, b.flat, strict=True))


def product(a: Tensor, b: Tensor) -> Tensor:
    """Element by element."""
    return a.like(p * q for p, q in zip(a.flat, b.flat, strict=True))


def swap_if_square(t: Tensor, axes: Sequence[int]) -> Tensor | None:
    """Axes in another order, if that leaves the shape as it is."""
    turned = permute(t, axes)
    return turned if turned.shape == t.shape else None


def rerun(
    trace: Trace,
    *,
    x: Tensor | None = None,
    g: Tensor | None = None,
    module: Module | None = None,
    parameters: Mapping[str, Tensor] | None = None,
) -> Trace:
    """The right layer on other numbers: with a mistaken input, upstream gradient, weight or bias."""
    twin = copy.deepcopy(trace.module if module is None else module)
    for name, t in (parameters or {}).items():
        getattr(twin, name).assign(t.nested())
    return run_layer(trace.path, twin, trace.x if x is None else x, trace.g if g is None else g)


def changed(tensor: str, **changes: Change) -> Make:
    """The tensor of the right layer on changed numbers.

    ``changed("activation", x=(roll, 1))`` is what comes out when x is rolled along axis 1. A change that returns None
    or another shape cannot be made, nor can one of a parameter that the layer does not have.
    """

    def make(trace: Trace) -> Tensor | None:
        own = {"x": trace.x, "g": trace.g, **trace.parameters}
        new: dict[str, Tensor] = {}
        for name, (function, *arguments) in changes.items():
            t = function(own[name], *arguments) if name in own else None
            if t is None or t.shape != own[name].shape:
                return None
            new[name] = t
        x, g = new.pop("x", None), new.pop("g", None)
        return right(rerun(trace, x=x, g=g, parameters=new), tensor)

    return make


def parameter_itself(name: str, per_sample: bool = False) -> Make:
    """A parameter in the place of its gradient; added up over the batch, if the layer works sample by sample."""

    def make(trace: Trace) -> Tensor | None:
        t = trace.parameters.get(name)
        return times(t, trace.samples) if t is not None and per_sample else t

    return make


def each_sample(trace: Trace, name: str) -> list[Tensor]:
    """What each sample alone contributes to a parameter's gradient."""
    found = []
    for n in range(trace.samples):
        x, g = stack([trace.x.part(n)]), stack([trace.g.part(n)])
        found.append(rerun(trace, x=x, g=g).gradients[name])
    return found


def running_sums(parts: Sequence[Tensor]) -> list[Tensor]:
    """Each the sum of all up to it.

    >>> [t.flat for t in running_sums([Tensor([1], (1,)), Tensor([2], (1,)), Tensor([4], (1,))])]
    [[1], [3], [7]]
    """
    return list(accumulate(parts, lambda a, b: a.like(p + q for p, q in zip(a.flat, b.flat, strict=True))))

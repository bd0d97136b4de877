"""Movement kernels: the same numbers in another order, repeated, left out, or set among zeros.

Every reading movement is one walk over the flat list with a step per axis. From `x` with shape ``(I, J)``, element
``(i, j)`` of the result is ``x[offset + i * strides[0] + j * strides[1]]``:

=============  ==========================  ==========================================
movement        offset                      strides
=============  ==========================  ==========================================
permute_dims    0                           those of `x`, reordered
broadcast_to    0                           0 along the axes that stretch
crop            the first element kept      those of `x`, times the step
flip            the last along that axis    negated
=============  ==========================  ==========================================

`pad` is the same walk, writing. Its inverse and adjoint is `crop`; that of `permute_dims` and `flip` are themselves, of
`broadcast_to` the sum over the stretched axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from ..number_kinds import common_kind, convert, kind_name
from ..shapes import Shape, numel, strides_of
from .accumulate import zero_of

__all__ = ["broadcast_to", "concat", "crop", "flip", "pad", "permute_dims"]

Flat = list[Any]
Slice = tuple[int, int, int]

#: Below this length a slice costs more to make than its elements cost one by one.
SHORT = 6


def permute_dims(x: Flat, x_shape: Shape, *, axes: Shape) -> Flat:
    """Axis `a` of the result is axis ``axes[a]`` of `x`.

    >>> permute_dims([1, 2, 3, 4, 5, 6], (2, 3), axes=(1, 0))
    [1, 4, 2, 5, 3, 6]
    """
    strides = strides_of(x_shape)
    return _read(x, 0, tuple(x_shape[a] for a in axes), [strides[a] for a in axes])


def broadcast_to(x: Flat, x_shape: Shape, *, shape: Shape) -> Flat:
    """`x` stretched to `shape`, sizes of 1 repeated.

    >>> broadcast_to([1, 2], (2, 1), shape=(2, 3))
    [1, 1, 1, 2, 2, 2]
    """
    if x_shape == shape:
        return x
    if len(x) == 1:
        return x * numel(shape)
    new_axes = len(shape) - len(x_shape)
    strides = strides_of(x_shape)
    steps = [0] * new_axes + [0 if size == 1 else strides[axis] for axis, size in enumerate(x_shape)]
    return _read(x, 0, shape, steps)


def crop(x: Flat, x_shape: Shape, *, bounds: Sequence[Slice]) -> Flat:
    """Every ``step``-th element from ``start`` up to but not including ``stop`` along each axis; one triple an axis.

    >>> crop([0, 1, 2, 3, 4, 5], (6,), bounds=((1, 6, 2),))
    [1, 3, 5]
    """
    strides = strides_of(x_shape)
    offset = sum(start * stride for (start, _, _), stride in zip(bounds, strides, strict=True))
    steps = [step * stride for (_, _, step), stride in zip(bounds, strides, strict=True)]
    return _read(x, offset, tuple(len(range(*bound)) for bound in bounds), steps)


def pad(x: Flat, x_shape: Shape, *, bounds: Sequence[Slice], shape: Shape) -> Flat:
    """Zeros of `shape` in which `x` stands where ``crop(bounds)`` would read: the adjoint of `crop`.

    >>> pad([1, 3, 5], (3,), bounds=((1, 6, 2),), shape=(6,))
    [0, 1, 0, 3, 0, 5]
    """
    zero = zero_of(x)
    out = [zero] * numel(shape)
    strides = strides_of(shape)
    offset = sum(start * stride for (start, _, _), stride in zip(bounds, strides, strict=True))
    steps = [step * stride for (_, _, step), stride in zip(bounds, strides, strict=True)]
    if not x:
        return out
    if not x_shape:
        return list(x)
    starts, length, step = _runs(offset, x_shape, steps)
    for at, start in enumerate(starts):
        out[start : start + step * (length - 1) + 1 : step] = x[at * length : at * length + length]
    return out


def flip(x: Flat, x_shape: Shape, *, axes: Shape) -> Flat:
    """`x` read backwards along `axes`.

    >>> flip([1, 2, 3, 4], (2, 2), axes=(1,))
    [2, 1, 4, 3]
    """
    strides = strides_of(x_shape)
    offset = sum((x_shape[a] - 1) * strides[a] for a in axes)
    return _read(x, offset, x_shape, [-s if a in axes else s for a, s in enumerate(strides)])


def concat(parts: Sequence[Flat], shapes: Sequence[Shape], *, axis: int) -> Flat:
    """The parts one behind the other along `axis`, brought to one kind of number: ints beside floats become floats.

    >>> concat([[1, 2], [3, 4, 5, 6]], [(2, 1), (2, 2)], axis=1)
    [1, 3, 4, 2, 5, 6]
    """
    samples = [part[0] for part in parts if part]
    if len(set(map(type, samples))) > 1:
        for v in samples[1:]:
            if common_kind("concat", samples[0], v) != kind_name(samples[0]):
                samples[0] = v
        kind = kind_name(samples[0])
        parts = [[convert("concat", v, kind) for v in part] for part in parts]
    if numel(shapes[0][:axis]) == 1:
        return list(chain.from_iterable(parts))
    blocks = [numel(shape[axis:]) for shape in shapes]
    out: Flat = []
    for i in range(numel(shapes[0][:axis])):
        for part, block in zip(parts, blocks, strict=True):
            out += part[i * block : (i + 1) * block]
    return out


def _read(x: Flat, offset: int, shape: Shape, steps: Sequence[int]) -> Flat:
    """The elements at ``offset + sum(index * step)`` for every index of `shape`, in row-major order."""
    if not shape:
        return x[offset : offset + 1]
    if not numel(shape):
        return []
    starts, length, step = _runs(offset, shape, steps)
    if step == 0:
        if length < SHORT:
            return [x[i] for i in starts for _ in range(length)]
        return list(chain.from_iterable([x[i]] * length for i in starts))
    if length < SHORT:
        taps = range(0, step * length, step)
        return [x[i + tap] for i in starts for tap in taps]
    if step > 0:
        reach = step * (length - 1) + 1
        return list(chain.from_iterable([x[i : i + reach : step] for i in starts]))
    reach = -step * (length - 1)
    return list(chain.from_iterable([x[i - reach : i + 1 : -step][::-1] for i in starts]))


def _runs(offset: int, shape: Shape, steps: Sequence[int]) -> tuple[list[int], int, int]:
    """Where each innermost run starts, its length and its step; neighbouring axes that walk on evenly become one."""
    sizes, strides = list(shape), list(steps)
    while len(sizes) > 1 and (sizes[-1] == 1 or strides[-2] == strides[-1] * sizes[-1]):
        if sizes[-1] == 1:
            del sizes[-1], strides[-1]
        else:
            sizes[-2] *= sizes[-1]
            strides[-2] = strides[-1]
            del sizes[-1], strides[-1]
    starts = [offset]
    for size, stride in zip(sizes[:-1], strides[:-1], strict=True):
        starts = (
            [start + i for start in starts for i in range(0, stride * size, stride)]
            if stride
            else [start for start in starts for _ in range(size)]
        )
    return starts, sizes[-1], strides[-1]

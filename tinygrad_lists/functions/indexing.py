"""Reading elements by position: basic and advanced indexing, `take`, `gather`, `scatter_add`, `one_hot`.

Slices, ints, ``...`` and ``None`` are movements (`crop`, `flip`, `reshape`). Lists of positions become flat positions
once, here, and then one primitive, `gather`, reads them; its adjoint `scatter_add` adds up where a position was read
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..operations import apply, lift
from ..primitives import PRIMITIVES
from ..shapes import Shape, broadcast_shapes, normalize_axis, numel, strides_of
from ..value import Value, constant
from .movement import reshape

__all__ = ["gather", "getitem", "one_hot", "scatter_add", "take"]


def getitem(x: Any, index: Any) -> Value:
    """``x[index]`` with ints, slices, ``...``, None, and lists (or Values) of ints or of booleans, as in NumPy.

    Raises IndexError naming the axis for what is out of range.

    >>> x = Value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> x[1, ::-1].data, x[:, None, 0].shape, x[[0, 0, 1], [0, 0, 2]].data
    ([6.0, 5.0, 4.0], (2, 1), [1.0, 1.0, 6.0])
    """
    x = lift(x, "getitem")
    items = _expand(index if isinstance(index, tuple) else (index,), x)
    x, items = _basic(x, items)
    return _advanced(x, items) if any(isinstance(item, Value) for item in items) else x


def _expand(items: tuple[Any, ...], x: Value) -> list[Any]:
    """One entry an axis, with Nones between: ``...`` filled up with full slices, lists turned into index Values."""
    entries: list[Any] = []
    for item in items:
        if item is None or item is Ellipsis or isinstance(item, slice):
            entries.append(item)
        elif isinstance(item, bool):
            raise TypeError("getitem: a single bool is no index; use a list of bools, or where()")
        elif isinstance(item, int) or (isinstance(item, Value) and not item.shape):
            entries.append(_int(item))
        else:
            entries += _positions(item, x)
    used = sum(1 for entry in entries if entry is not None and entry is not Ellipsis)
    if sum(1 for entry in entries if entry is Ellipsis) > 1:
        raise IndexError("getitem: only one '...' can stand in an index")
    if used > x.ndim:
        raise IndexError(f"getitem: {used} indices for shape {x.shape}, which has {x.ndim} axes")
    if not any(entry is Ellipsis for entry in entries):
        entries.append(Ellipsis)
    at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
    return [*entries[:at], *[slice(None)] * (x.ndim - used), *entries[at + 1 :]]


def _int(item: Any) -> int:
    value = item.item() if isinstance(item, Value) else item
    if not isinstance(value, int):
        raise TypeError(f"getitem: {value!r} is no index; indices are ints")
    return value


def _positions(item: Any, x: Value) -> list[Value]:
    """A list of ints as one index Value; a list of booleans as one per axis that it covers."""
    booleans = _is_boolean(item)
    index = lift(item, "getitem")
    if not booleans:
        if any(type(i) is not int for i in index._flat()):
            raise TypeError(
                f"getitem: an index is made of ints, slices or bools, not {type(index._flat()[0]).__name__}"
            )
        return [index]
    if index.shape != x.shape[: index.ndim]:
        raise IndexError(f"getitem: a mask of shape {index.shape} does not cover the first axes of {x.shape}")
    strides = strides_of(index.shape)
    true = [i for i, flag in enumerate(index._flat()) if flag]
    return [
        constant([i // stride % size for i in true], (len(true),))
        for stride, size in zip(strides, index.shape, strict=True)
    ]


def _is_boolean(item: Any) -> bool:
    while isinstance(item, list | tuple) and item:
        item = item[0]
    return isinstance(item, bool)


def _basic(x: Value, items: list[Any]) -> tuple[Value, list[Any]]:
    """Ints, slices and Nones done; what is left is one entry an axis: a full slice or an index Value."""
    bounds: list[tuple[int, int, int]] = []
    flips: list[int] = []
    shape: list[int] = []
    left: list[Any] = []
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            left.append(slice(None))
            continue
        size = x.shape[axis]
        if isinstance(item, slice):
            start, stop, step = item.indices(size)
            positions = range(start, stop, step)
            if step < 0:
                positions = positions[::-1]
                flips.append(axis)
            bounds.append((positions.start, max(positions.stop, positions.start), positions.step))
            shape.append(len(positions))
            left.append(slice(None))
        elif isinstance(item, Value):
            bounds.append((0, size, 1))
            shape.append(size)
            left.append(item)
        else:
            at = _in_range(item, size, axis)
            bounds.append((at, at + 1, 1))
        axis += 1
    if any(bound != (0, size, 1) for bound, size in zip(bounds, x.shape, strict=True)):
        x = apply(PRIMITIVES["crop"], x, bounds=tuple(bounds))
    if flips:
        x = apply(PRIMITIVES["flip"], x, axes=tuple(flips))
    return reshape(x, tuple(shape)), left


def _in_range(i: int, size: int, axis: int) -> int:
    if not -size <= i < size:
        raise IndexError(f"getitem: index {i} is out of range for axis {axis} of size {size}")
    return i + size if i < 0 else i


def _advanced(x: Value, items: list[Any]) -> Value:
    """Index Values broadcast together; their axis stands where the first of them stood (in front if they are apart)."""
    axes = [a for a, item in enumerate(items) if isinstance(item, Value)]
    together = broadcast_shapes(*(items[a].shape for a in axes), op="getitem")
    front = axes[0] if axes == list(range(axes[0], axes[-1] + 1)) else 0
    strides = strides_of(x.shape)
    flat = [0] * numel(together)
    for a in axes:
        index = items[a]
        if index.shape != together:
            index = apply(PRIMITIVES["broadcast_to"], index, shape=together)
        flat = [f + strides[a] * _in_range(i, x.shape[a], a) for f, i in zip(flat, index._flat(), strict=True)]
    others = [a for a in range(x.ndim) if a not in axes]
    before, after = [a for a in others if a < axes[0] and front], [a for a in others if a > axes[0] or not front]
    if not front:
        before, after = [], others
    outer, inner = _offsets(before, x.shape, strides), _offsets(after, x.shape, strides)
    positions = [o + f + i for o in outer for f in flat for i in inner]
    shape = (*(x.shape[a] for a in before), *together, *(x.shape[a] for a in after))
    return _read(x, positions, shape)


def _offsets(axes: Sequence[int], shape: Shape, strides: Shape) -> list[int]:
    offsets = [0]
    for a in axes:
        offsets = [o + i * strides[a] for o in offsets for i in range(shape[a])]
    return offsets


def _read(x: Value, positions: list[int], shape: Shape) -> Value:
    return apply(PRIMITIVES["gather"], x, constant(positions if shape else positions[0], shape))


def take(x: Any, indices: Any, axis: int | None = None) -> Value:
    """Elements (or slices) at `indices` along `axis`; of the flattened tensor if None.

    >>> take(Value([10.0, 20.0, 30.0]), [2, 0]).data
    [30.0, 10.0]
    """
    x = lift(x, "take")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    at = normalize_axis(axis, x.ndim, op="take")
    return getitem(x, (*[slice(None)] * at, lift(indices, "take")))


def gather(x: Any, index: Any, axis: int) -> Value:
    """``out[i][j] = x[index[i][j]][j]`` for axis 0, and so on: `index` runs along `axis`, the others stay
    (``torch.gather``).

    >>> gather(Value([[1.0, 2.0], [3.0, 4.0]]), [[1], [0]], axis=1).data
    [[2.0], [3.0]]
    """
    x, index = lift(x, "gather"), lift(index, "gather")
    return _read(x, _along(x.shape, index, axis, "gather"), index.shape)


def scatter_add(x: Any, index: Any, source: Any, axis: int) -> Value:
    """`x` plus ``source[i][j]`` added at ``[index[i][j]][j]`` for axis 0, and so on: the adjoint of `gather`.

    >>> scatter_add(Value([[0.0, 0.0]]), [[1, 1]], Value([[2.0, 3.0]]), axis=1).data
    [[0.0, 5.0]]
    """
    target, index, source = lift(x, "scatter_add"), lift(index, "scatter_add"), lift(source, "scatter_add")
    if source.shape != index.shape:
        raise ValueError(f"scatter_add: source {source.shape} and index {index.shape} must have one shape")
    positions = constant(_along(target.shape, index, axis, "scatter_add"), index.shape)
    return target + apply(PRIMITIVES["scatter_add"], source, positions, shape=target.shape)


def _along(shape: Shape, index: Value, axis: int, op: str) -> list[int]:
    """Flat positions in a tensor of `shape` that an index along `axis` names."""
    at = normalize_axis(axis, len(shape), op=op)
    if index.ndim != len(shape) or any(
        i > s for a, (i, s) in enumerate(zip(index.shape, shape, strict=True)) if a != at
    ):
        raise ValueError(
            f"{op}: index {index.shape} must have as many axes as {shape} and fit into it beside axis {axis}"
        )
    strides = strides_of(shape)
    others = tuple(0 if a == at else stride for a, stride in enumerate(strides))
    base = [0]
    for size, stride in zip(index.shape, others, strict=True):
        base = [b + i * stride for b in base for i in range(size)]
    return [b + strides[at] * _in_range(_int(i), shape[at], at) for b, i in zip(base, index._flat(), strict=True)]


def one_hot(labels: Any, classes: int) -> Value:
    """Rows of zeros with a 1 at each label (paper, section III); no gradient.

    Raises ValueError for a label that is no int or not in ``0 ... classes - 1``.

    >>> one_hot([2, 0], 3).data
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = lift(labels, "one_hot")
    rows: list[float] = []
    for place, label in enumerate(labels._flat()):
        if type(label) is not int or not 0 <= label < classes:
            raise ValueError(f"one_hot: label {label!r} at position {place} is not an int from 0 to {classes - 1}")
        rows += [0.0] * label + [1.0] + [0.0] * (classes - 1 - label)
    return constant(rows, (*labels.shape, classes))

"""Reading elements by position: basic and advanced indexing, `take`, `gather`, `scatter_add`.

Slices, ints, ``...`` and ``None`` are movements (`crop`, `flip`, `reshape`). Lists of positions become flat positions
once, here, and then one primitive, `gather`, reads them; its adjoint `scatter_add` adds up where a position was read
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..nested import kinds_of
from ..notes import is_mask
from ..number_kinds import shown
from ..operations import apply, lift
from ..primitives import PRIMITIVES
from ..shapes import Shape, broadcast_shapes, normalize_axis, numel, strides_of
from ..value import Value, constant
from .composed import composed
from .movement import reshape

__all__ = ["gather", "getitem", "scatter_add", "take"]


def getitem(x: Any, index: Any) -> Value:
    """``x[index]`` with ints, slices, ``...``, None, and lists (or Values) of ints or of booleans, as in NumPy.

    A comparison is a mask: ``x[x > 0]``, and so is what ``& | ^ ~`` make of masks: ``x[(x > 0) & (x < 1)]``. Numbers
    computed from comparisons (their product, say) are positions. An element that is read twice gets both gradients.

    Returns:
        Each int takes an axis away and each None adds one of size 1. Lists (an int beside a list counts as one)
            broadcast
        together, and their axes stand where the first of them stood; in front, if a slice or None is between them.

    Raises:
        IndexError: a position out of range (naming its axis), too many indices, a mask of another shape. TypeError: an
            index of floats or text. ValueError: lists that do not broadcast, a slice with step 0.

    >>> x = Value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> x[1, ::-1].data, x[:, None, 0].shape, x[[0, 0, 1], [0, 0, 2]].data, x[x > 4].data
    ([6.0, 5.0, 4.0], (2, 1), [1.0, 1.0, 6.0], [5.0, 6.0])
    """
    x = lift(x, "getitem")
    items = _expand(index if isinstance(index, tuple) else (index,), x)
    lists = [i for i, item in enumerate(items) if isinstance(item, Value)]
    x, items = _basic(x, items)
    return _advanced(x, items, apart=lists[-1] - lists[0] >= len(lists)) if lists else x


class _Mask:
    """Truth values as an index: they stand for the positions of the true ones, along as many axes as they have."""

    def __init__(self, flags: Value) -> None:
        self.flags = flags

    def positions(self, shape: Shape) -> list[Value]:
        """Where it is true, one index Value for each of the axes that it covers, which have the sizes `shape`."""
        if self.flags.shape != shape:
            raise IndexError(f"getitem: a mask of shape {self.flags.shape} does not fit the axes {shape} it covers")
        true = [i for i, flag in enumerate(self.flags._flat()) if flag]
        return [
            constant([i // stride % size for i in true], (len(true),))
            for stride, size in zip(strides_of(shape), shape, strict=True)
        ]


def _expand(items: tuple[Any, ...], x: Value) -> list[Any]:
    """One entry an axis, with Nones between: ``...`` filled up with full slices, masks turned into index Values.

    A ``...`` for no axis stays: between lists it holds them apart, as in NumPy.
    """
    entries = [_entry(item) for item in items]
    covers = [e.flags.ndim if isinstance(e, _Mask) else int(e is not None and e is not Ellipsis) for e in entries]
    left = x.ndim - sum(covers)
    dots = [i for i, entry in enumerate(entries) if entry is Ellipsis]
    if len(dots) > 1:
        raise IndexError("getitem: only one '...' can stand in an index")
    if left < 0:
        raise IndexError(f"getitem: {sum(covers)} indices for shape {x.shape}, which has {x.ndim} axes")
    at = dots[0] if dots else len(entries)
    rest = slice(at, at + 1)
    if left or not dots:
        entries[rest], covers[rest] = [slice(None)] * left, [1] * left
    axis = 0
    expanded: list[Any] = []
    for entry, count in zip(entries, covers, strict=True):
        expanded += entry.positions(x.shape[axis : axis + count]) if isinstance(entry, _Mask) else [entry]
        axis += count
    if any(isinstance(entry, Value) for entry in expanded):  # beside a list an int counts as a list too, as in NumPy
        expanded = [constant(entry, ()) if isinstance(entry, int) else entry for entry in expanded]
    return expanded


def _entry(item: Any) -> Any:
    """None, ``...``, a slice, an int, an index Value or a mask."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if type(item) is int:
        return item
    if isinstance(item, str):
        raise TypeError(f"getitem: an index is made of ints, slices or bools, not {shown(item)}")
    index = lift(item, "getitem")
    if is_mask(index):
        if not index.shape:
            raise TypeError("getitem: a single truth value is no index; use a list of bools, or where()")
        return _Mask(index)
    if index is item and not index.shape:
        return _int(index)
    if isinstance(item, list | tuple) and bool in kinds_of(item):
        raise TypeError("getitem: bools and other things stand in one index; a mask has only bools")
    if any(type(i) is not int for i in index._flat()):
        kind = type(index._flat()[0]).__name__
        remedy = "; of ints or bools, make it with requires_grad=False" if index.requires_grad else ""
        raise TypeError(f"getitem: an index is made of ints, slices or bools, not {kind}{remedy}")
    return index if index.shape else index.item()


def _int(item: Any, op: str = "getitem") -> int:
    value = item.item() if isinstance(item, Value) else item
    if not isinstance(value, int):
        raise TypeError(f"{op}: {shown(value)} is no index; indices are ints")
    return value


def _basic(x: Value, items: list[Any]) -> tuple[Value, list[Any]]:
    """Ints, slices and Nones done; what is left is one entry an axis: a full slice or an index Value, not negative."""
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
        if item is Ellipsis:
            continue
        size = x.shape[axis]
        if isinstance(item, slice):
            positions = _range(item, size)
            if positions.step < 0:
                positions = positions[::-1]
                flips.append(axis)
            bounds.append((positions.start, max(positions.stop, positions.start), positions.step))
            shape.append(len(positions))
            left.append(slice(None))
        elif isinstance(item, Value):
            bounds.append((0, size, 1))
            shape.append(size)
            flat = [_in_range(i, size, axis) for i in item._flat()]
            left.append(constant(flat if item.shape else flat[0], item.shape))
        else:
            at = _in_range(item, size, axis)
            bounds.append((at, at + 1, 1))
        axis += 1
    if any(bound != (0, size, 1) for bound, size in zip(bounds, x.shape, strict=True)):
        x = apply(PRIMITIVES["crop"], x, bounds=tuple(bounds))
    if flips:
        x = apply(PRIMITIVES["flip"], x, axes=tuple(flips))
    return reshape(x, tuple(shape)), left


def _range(item: slice, size: int) -> range:
    try:
        return range(*item.indices(size))
    except (TypeError, ValueError) as error:
        raise type(error)(f"getitem: {error}") from None


def _in_range(i: int, size: int, axis: int, op: str = "getitem") -> int:
    if not -size <= i < size:
        raise IndexError(f"{op}: index {shown(i)} is out of range for axis {axis} of size {size}")
    return i + size if i < 0 else i


def _advanced(x: Value, items: list[Any], apart: bool) -> Value:
    """Index Values broadcast together; their axes stand where the first stood, or in front if they are apart."""
    axes = [a for a, item in enumerate(items) if isinstance(item, Value)]
    together = broadcast_shapes(*(items[a].shape for a in axes), op="getitem")
    strides = strides_of(x.shape)
    flat = [0] * numel(together)
    for a in axes:
        index = items[a]
        if index.shape != together:
            index = apply(PRIMITIVES["broadcast_to"], index, shape=together)
        flat = [f + strides[a] * i for f, i in zip(flat, index._flat(), strict=True)]
    before = [] if apart else list(range(axes[0]))
    after = [a for a in range(x.ndim) if a not in axes and a not in before]
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


@composed
def take(x: Any, indices: Any, axis: int | None = None) -> Value:
    """Elements (or slices) at `indices` along `axis`; of the flattened tensor if None.

    The axes of `indices` stand in the place of `axis`: of shape (2, 3) with indices (4, 5) along axis 1, (2, 4, 5).

    Raises:
        IndexError: a position out of range; there is no such axis. TypeError: an index that is no int.

    >>> take(Value([10.0, 20.0, 30.0]), [2, 0]).data
    [30.0, 10.0]
    """
    x = lift(x, "take")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    at = normalize_axis(axis, x.ndim, op="take")
    index = lift(indices, "take")
    for i in index._flat():
        _in_range(_int(i, "take"), x.shape[at], at, "take")
    places = index.detach()
    places._meta = None  # positions, whatever they are
    return getitem(x, (*[slice(None)] * at, places))


@composed
def gather(x: Any, index: Any, axis: int) -> Value:
    """``out[i][j] = x[index[i][j]][j]`` for axis 0, and so on: `index` runs along `axis`, the others stay
    (``torch.gather``). The gradient of `out` is added up where the numbers came from, as `scatter_add` does.

    Args:
        index: ints, with as many axes as x, and beside `axis` not larger than x. The result has its shape.

    Raises:
        ValueError: an index of another shape. IndexError: a position out of range; there is no such axis. TypeError: an
            index that is no int.

    >>> gather(Value([[1.0, 2.0], [3.0, 4.0]]), [[1], [0]], axis=1).data
    [[2.0], [3.0]]
    """
    x, index = lift(x, "gather"), lift(index, "gather")
    return _read(x, _along(x.shape, index, axis, "gather"), index.shape)


@composed
def scatter_add(x: Any, index: Any, source: Any, axis: int) -> Value:
    """`x` plus ``source[i][j]`` added at ``[index[i][j]][j]`` for axis 0, and so on: the adjoint of `gather`, with its
    errors.

    Args:
        index: as in `gather`.
        source: in the shape of `index`, else ValueError. The result has the shape of x.

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
            f"{op}: index {index.shape} must have as many axes as {shape} and fit into it beside axis {at}"
        )
    strides = strides_of(shape)
    others = tuple(0 if a == at else stride for a, stride in enumerate(strides))
    base = [0]
    for size, stride in zip(index.shape, others, strict=True):
        base = [b + i * stride for b in base for i in range(size)]
    places = [_in_range(_int(i, op), shape[at], at, op) for i in index._flat()]
    return [b + strides[at] * place for b, place in zip(base, places, strict=True)]

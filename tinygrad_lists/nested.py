"""Between the nested lists that people write and the flat list with a shape that kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from numbers import Number
from typing import Any

from .number_kinds import shown
from .shapes import MOST_AXES, Shape, numel

__all__ = ["flatten", "is_boolean", "kinds_of", "nest", "unify"]

Flat = list[Any]

#: Kinds that stand in lists as they are. Everything else is turned into one of them, or refused.
KINDS = (float, int, complex, Fraction, Decimal)


def flatten(data: Any, *, op: str = "Value") -> tuple[Flat, Shape]:
    """Flat row-major list and shape of a number, of nested lists or tuples, or of anything with the buffer protocol.

    All elements are brought to one kind of number (`unify`). Raises ValueError for ragged lists and TypeError for what
    is not a number, naming the place.

    >>> flatten([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (2, 3))
    """
    if not isinstance(data, list | tuple):
        buffer = _buffer(data)
        if buffer is not None:
            data, shape = buffer
            return unify(data, op=op), shape
        (data,) = _listed([data])
        if not isinstance(data, list):
            return unify([data], op=op), ()
    flat = _listed(list(data))
    sizes = [len(flat)]
    while flat and any(issubclass(kind, list | tuple) for kind in set(map(type, flat))):
        flat, size = _open(flat, sizes, op)
        flat = _listed(flat)
        sizes.append(size)
        if len(sizes) > MOST_AXES:
            raise ValueError(f"{op}: more than {MOST_AXES} lists inside each other; does a list contain itself?")
    return unify(flat, sizes, op=op), tuple(sizes)


def _listed(flat: list[Any]) -> list[Any]:
    """Arrays of other libraries, and their scalars, as lists and plain numbers; Values and the rest as they are."""
    kinds = set(map(type, flat)).difference(KINDS)
    foreign = {kind for kind in kinds if hasattr(kind, "tolist") and not hasattr(kind, "__tinygrad_apply__")}
    return [v.tolist() if type(v) in foreign else v for v in flat] if foreign else flat


def _open(rows: list[Any], sizes: Sequence[int], op: str) -> tuple[list[Any], int]:
    """One level of brackets taken off; every row must be a list of the same length."""
    first = len(rows[0]) if isinstance(rows[0], list | tuple) else None
    for i, row in enumerate(rows):
        length = len(row) if isinstance(row, list | tuple) else None
        if length != first:
            here, there = _place(i, sizes), _place(0, sizes)
            said = ["a number" if n is None else f"a list of {n}" for n in (length, first)]
            raise ValueError(
                f"{op}: ragged lists: {said[0]} at {here} but {said[1]} at {there}; all must be equally long"
            )
    return list(chain.from_iterable(rows)), first or 0


def _place(i: int, sizes: Sequence[int]) -> str:
    """Index, as ``[2][0]``, of the i-th row in row-major order."""
    index = []
    for size in reversed(sizes):
        index.append(i % size if size else 0)
        i //= size or 1
    return "".join(f"[{j}]" for j in reversed(index))


def _buffer(data: Any) -> tuple[Flat, Shape] | None:
    """Contents of an object with the buffer protocol (NumPy array, array.array, memoryview); None for others, and for
    formats that Python cannot read (complex, swapped bytes)."""
    if isinstance(data, KINDS):
        return None
    try:
        view = memoryview(data)
        nested = view.tolist()
    except (TypeError, ValueError, NotImplementedError):
        return None
    flat: list[Any] = [nested] if view.ndim == 0 else nested
    for _ in range(view.ndim - 1):
        flat = list(chain.from_iterable(flat))
    return flat, tuple(view.shape or ())


def unify(flat: Flat, sizes: Sequence[int] = (), *, op: str = "Value") -> Flat:
    """The numbers brought to one kind: bool counts as int, and ints take the kind of what stands beside them.

    Raises TypeError where kinds do not mix without loss (float beside Fraction or Decimal), and for anything that is
    no number.

    >>> unify([1, 2.5]), unify([True, 2])
    ([1.0, 2.5], [1, 2])
    """
    kinds = set(map(type, flat))
    if len(kinds) <= 1 and kinds <= set(KINDS):
        return flat
    if not kinds <= set(KINDS):
        flat = [_number(v, i, sizes, op) for i, v in enumerate(flat)]
        kinds = set(map(type, flat))
    others = kinds - {int}
    if others == {float, complex}:
        others = {complex}
    if len(others) > 1 and not others <= set(KINDS):
        return flat
    if len(others) > 1:
        names = " and ".join(sorted(kind.__name__ for kind in others))
        raise TypeError(f"{op}: {names} stand in one list and do not mix without loss; convert them to one kind")
    if not others or len(kinds) == 1:
        return flat
    (kind,) = others
    try:
        return [v if type(v) is kind else kind(v) for v in flat]
    except OverflowError:
        raise OverflowError(
            f"{op}: an int is too large for a float; use Fraction or Decimal for all elements"
        ) from None


def _number(v: Any, i: int, sizes: Sequence[int], op: str) -> Any:
    if type(v) in KINDS:
        return v
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, float):  # subclasses, such as NumPy's float64
        return float(v)
    if isinstance(v, int):  # IntEnum
        return int(v)
    if isinstance(v, complex):
        return complex(v)
    if isinstance(v, Number) and not hasattr(v, "tolist"):
        return v
    where = f" at {_place(i, sizes)}" if sizes else ""
    if hasattr(v, "__tinygrad_apply__"):
        raise TypeError(f"{op}: a Value stands inside a list{where}; join Values with stack([...]) or concat([...])")
    remedy = "; convert it first, e.g. a.astype('float64')" if hasattr(v, "tolist") else ""
    raise TypeError(f"{op}: {shown(v)}{where} is a {type(v).__name__}, not a number{remedy}")


def kinds_of(data: list[Any] | tuple[Any, ...]) -> set[type]:
    """Types of the elements of nested lists.

    >>> kinds_of([[1, True], [2.5, 3]]) == {int, bool, float}
    True
    """
    kinds = set(map(type, data))
    if kinds <= {int, float, bool}:
        return kinds
    elements = _listed(list(data))
    kinds = set(map(type, elements))
    if not kinds & {list, tuple}:
        return kinds
    return set().union(*(kinds_of(v) if isinstance(v, list | tuple) else {type(v)} for v in elements))


def is_boolean(data: Any) -> bool:
    """Whether data that `flatten` takes are truth values: a bool, nested lists of nothing else, a buffer of bools.

    >>> is_boolean([[True], [False]]), is_boolean([True, 2]), is_boolean([])
    (True, False, False)
    """
    if isinstance(data, list | tuple):
        first: Any = data
        while isinstance(first, list | tuple) and first:
            first = first[0]
        return (type(first) is bool or not isinstance(first, KINDS)) and kinds_of(data) == {bool}
    if isinstance(data, KINDS):
        return type(data) is bool
    try:
        return memoryview(data).format == "?"
    except TypeError:
        (listed,) = _listed([data])
        return listed is not data and is_boolean(listed)


def nest(flat: Flat, shape: Shape) -> Any:
    """Nested lists of `shape`; the one number itself for shape ``()``.

    >>> nest([1, 2, 3, 4, 5, 6], (2, 3)), nest([7], ())
    ([[1, 2, 3], [4, 5, 6]], 7)
    """
    if not shape:
        return flat[0]
    rows: list[Any] = list(flat)
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        count = numel(shape[:axis])
        rows = [rows[i * size : i * size + size] for i in range(count)]
    return rows

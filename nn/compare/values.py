"""Numbers on their way to somebody's code and back: copies, arrays, and strict reading of what is returned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .problems import HomeworkError

__all__ = [
    "copied",
    "copied_dict",
    "first_not_finite",
    "handed",
    "plain",
    "read",
    "reshaped",
    "shape_of",
    "transposed",
    "unchanged",
]

Shape = tuple[int, ...]
Nested = Any

_DEEPEST = 16  # no tensor has more axes; lists that contain themselves do
_MOST_BITS = 1 << 13  # an exact number that is longer has run away
_NARROW = ("float32", "float16", "bfloat16")
_FORMATS = {"f": "float32", "e": "float16"}


def read(value: Any, what: str) -> Nested:
    """What somebody's code returned, as nested lists of numbers; HomeworkError if it is nothing of the sort.

    Lists and tuples, anything with the buffer protocol (NumPy arrays, `array.array`), anything with `tolist()`, and
    mixtures. Every list of one depth must be equally long.

    >>> read(((1.0, 2.0), [3.0, 4.0]), "forward")
    [[1.0, 2.0], [3.0, 4.0]]
    >>> read({"y": 1.0}, "forward")
    Traceback (most recent call last):
    ...
    nn.compare.problems.HomeworkError: not a number: forward returned a dict, not numbers
    """
    if value is None:
        raise HomeworkError.of("no answer", f"{what} returned None: is there a `return`?")
    result = _read(value, what, 0)
    _check_regular(result, what)
    return result


def _read(value: Any, what: str, depth: int) -> Nested:
    if depth > _DEEPEST:
        raise HomeworkError.of("not a number", f"{what} returned lists nested more than {_DEEPEST} deep")
    if isinstance(value, list | tuple):
        if set(map(type, value)) == {float}:  # by far the most frequent case
            return list(value)
        return [_read(part, what, depth + 1) for part in value]
    if type(value) in (float, int, Fraction, Decimal):
        _check_length(value, what)
        return value
    if isinstance(value, bool | complex):
        raise HomeworkError.of("not a number", f"{what} returned a {type(value).__name__}, not a real number")
    plain = _plain(value, what)
    if plain is value:
        known = "nothing (None)" if value is None else f"a {type(value).__name__}"
        raise HomeworkError.of("not a number", f"{what} returned {known}{', not numbers' if not depth else ' inside'}")
    return _read(plain, what, depth + 1)


def _check_length(value: Any, what: str) -> None:
    if isinstance(value, int | Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > (
        _MOST_BITS
    ):
        raise HomeworkError.of("not a number", f"{what} returned an exact number of more than {_MOST_BITS} bits")


def _plain(value: Any, what: str) -> Any:
    """An array or array scalar as lists or a number; the value itself if it is neither."""
    narrow = str(getattr(value, "dtype", "")).removeprefix("torch.")
    plain = value
    if isinstance(value, float):  # a subclass, as numpy.float64
        return float(value)
    if isinstance(value, int):
        return int(value)
    if not isinstance(value, str | bytes | bytearray):
        try:
            view = memoryview(value)
            narrow = _FORMATS.get(view.format, narrow)
            plain = view.tolist()
        except (TypeError, ValueError, NotImplementedError):
            convert = getattr(value, "tolist", None)
            plain = convert() if callable(convert) else value
    if narrow in _NARROW and plain is not value:
        raise HomeworkError.of(
            "not a number", f"{what} returned {narrow} numbers; compute in float64, or rounding hides mistakes"
        )
    return plain


def _check_regular(value: Nested, what: str) -> None:
    level = [value]
    while any(isinstance(part, list) for part in level):
        lengths = {len(part) if isinstance(part, list) else -1 for part in level}
        if len(lengths) > 1:
            said = " and ".join("numbers" if n < 0 else f"lists of {n}" for n in sorted(lengths))
            raise HomeworkError.of("ragged", f"{what} returned ragged lists: {said} at one depth")
        level = [item for part in level for item in part]


def shape_of(value: Nested) -> Shape:
    """Shape of regular nested lists.

    >>> shape_of([[1, 2, 3], [4, 5, 6]])
    (2, 3)
    """
    shape = []
    while isinstance(value, list | tuple):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def copied(value: Nested) -> Nested:
    """Nested lists of one's own."""
    return [copied(part) for part in value] if isinstance(value, list | tuple) else value


def copied_dict(parameters: Mapping[str, Nested]) -> dict[str, Nested]:
    """A dict of one's own, with nested lists of one's own."""
    return {name: copied(value) for name, value in parameters.items()}


def plain(value: Any) -> Nested:
    """What was handed out, as lists again."""
    return value.tolist() if hasattr(value, "tolist") else value


def handed(value: Nested, arrays: str) -> Any:
    """A copy of nested lists to hand out: as lists, or as float64 NumPy arrays (`arrays="numpy"`)."""
    if arrays != "numpy" or not isinstance(value, list):
        return copied(value)
    try:
        import numpy
    except ImportError:
        raise HomeworkError.of("missing module", 'arrays = "numpy" is asked for, but numpy is not installed') from None
    integers = all(isinstance(leaf, int) for leaf in _leaves(value))
    return numpy.array(value, dtype=numpy.int64 if integers else numpy.float64)


def _leaves(value: Nested) -> Iterable[Any]:
    if not isinstance(value, list):
        return (value,)
    return (leaf for part in value for leaf in _leaves(part))


def unchanged(given: Any, before: Nested) -> bool:
    """Whether what was handed out still holds the same numbers, of the same kind, in lists as long as before.

    >>> unchanged([1.0, float("nan")], [1.0, float("nan")]), unchanged([1.0, 2.0], [1.0, 2.5])
    (True, False)
    """
    given = plain(given)
    if isinstance(before, list):
        return (
            isinstance(given, list)
            and len(given) == len(before)
            and all(unchanged(a, b) for a, b in zip(given, before, strict=True))
        )
    return bool(given == before) or (given != given and before != before)


def first_not_finite(value: Nested, index: tuple[int, ...] = ()) -> tuple[tuple[int, ...], Any] | None:
    """Index and value of the first NaN or infinity, or None.

    >>> first_not_finite([[1.0, 2.0], [3.0, float("inf")]])
    ((1, 1), inf)
    """
    if isinstance(value, list):
        for i, part in enumerate(value):
            found = first_not_finite(part, (*index, i))
            if found is not None:
                return found
        return None
    if isinstance(value, Decimal):
        return None if value.is_finite() else (index, value)
    return None if not isinstance(value, float) or math.isfinite(value) else (index, value)


def transposed(matrix: Nested) -> Nested:
    """Rows as columns."""
    return [list(column) for column in zip(*matrix, strict=True)]


def reshaped(value: Nested, shape: Shape) -> Nested:
    """The same numbers, row by row, in another shape.

    >>> reshaped([1, 2, 3], (3, 1))
    [[1], [2], [3]]
    """
    flat = iter(list(_leaves(value)))
    build: Callable[[Shape], Nested] = lambda rest: [build(rest[1:]) for _ in range(rest[0])] if rest else next(flat)  # noqa: E731
    return build(shape)

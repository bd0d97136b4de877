"""What arguments may be, and the errors for those that may not: ``Dense: in_features is 'abc'; it must be ...``.

There is one rule for all of `nn`. What is of another kind (text, None or True for a number) is a TypeError. What is of
the right kind and out of its range is a ValueError; so is 2.5 where a whole number is wanted. A message names the class
or function, the argument, what was given, cut short, and what to give instead.

Each check returns what is to be used from then on: NumPy's 3 becomes 3, a list of sizes a tuple. Nothing of the engine
is imported here, since the rooms of data do without it.
"""

from __future__ import annotations

import math
import operator
import os
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from .errors import shown

__all__ = [
    "check_betas",
    "check_choice",
    "check_flag",
    "check_function",
    "check_kind",
    "check_list",
    "check_not_negative",
    "check_number",
    "check_path",
    "check_real",
    "check_rng",
    "check_seed",
    "check_shape",
    "check_share",
    "check_size",
    "check_sizes",
    "check_whole",
    "is_listed",
    "is_number",
]

T = TypeVar("T")


def _error(op: str, name: str, value: Any, wanted: str, wrong_value: bool) -> Exception:
    return (ValueError if wrong_value else TypeError)(f"{op}: {name} is {shown(value)}; it must be {wanted}")


def is_number(value: Any) -> TypeGuard[Any]:
    """Whether it is a number on the real line, of any kind; True and False are none."""
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


# -- numbers ----------------------------------------------------------------------------------------------------------


def check_whole(op: str, name: str, value: Any, at_least: int | None = None, at_most: int = sys.maxsize) -> int:
    """A whole number, as int. Without `at_least` it may be any, such as a seed; with it, nothing that counts can be
    more than `at_most`, which is what a list can hold.

    >>> check_whole("StepLR", "step_size", 0, at_least=1)
    Traceback (most recent call last):
    ValueError: StepLR: step_size is 0; it must be a whole number of at least 1
    """
    wanted = "a whole number" if at_least is None else f"a whole number of at least {at_least}"
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        if isinstance(value, float) and value.is_integer() and (at_least is None or value >= at_least):
            wanted += f", such as {shown(int(value))}"
        raise _error(op, name, value, wanted, is_number(value))
    if at_least is not None and not at_least <= number <= at_most:
        raise _error(op, name, value, wanted + (f" and at most {at_most}" if number > at_most else ""), True)
    return number


def check_seed(op: str, value: Any) -> int:
    """Any whole number that Python can write, as generators are made from a text with it."""
    seed = check_whole(op, "seed", value)
    if seed.bit_length() > 8192:
        raise _error(op, "seed", value, "a whole number of at most 2,000 digits", True)
    return seed


def check_size(op: str, name: str, value: Any) -> int:
    """A whole number of at least 1."""
    return check_whole(op, name, value, at_least=1)


def check_sizes(op: str, name: str, value: Any, at_least: int = 1, count: int | None = 2) -> int | tuple[int, ...]:
    """One size for all axes, or a list with one for each of `count` axes (of any number of axes, if None).

    >>> check_sizes("Conv2d", "stride", [1, 2]), check_sizes("Conv2d", "stride", 3)
    ((1, 2), 3)
    """
    listed = is_listed(value) and not isinstance(value, Mapping)
    if not listed and (is_number(value) or hasattr(value, "__index__")):
        return check_whole(op, name, value, at_least)
    sizes = tuple(value) if listed else ()
    if not sizes or count not in (None, len(sizes)):
        several = "a pair of them" if count == 2 else "a list of them"
        raise _error(op, name, value, f"a whole number of at least {at_least} or {several}", listed)
    return tuple(check_whole(op, f"{name}[{i}]", size, at_least) for i, size in enumerate(sizes))


def check_shape(op: str, name: str, value: Any, at_least: int = 0) -> tuple[int, ...]:
    """A list of sizes, one for each axis."""
    if not is_listed(value) or isinstance(value, Mapping):
        raise _error(op, name, value, "a list of sizes, one for each axis", False)
    shape = tuple(check_whole(op, f"{name}[{i}]", size, at_least) for i, size in enumerate(value))
    if math.prod(size or 1 for size in shape) > sys.maxsize:
        raise _error(op, name, value, "a shape of fewer numbers; these fit into no memory", True)
    return shape


def check_number(
    op: str,
    name: str,
    value: Any,
    at_least: Any = None,
    at_most: Any = None,
    above: Any = None,
    below: Any = None,
    tensor: bool = False,
    infinite: bool = False,
) -> Any:
    """A finite number of any kind, such as a Fraction, within the limits; it is returned as it is.

    With `tensor` it may also be a scalar Value, so that it can be learnt; with `infinite` also infinity.

    >>> check_number("HuberLoss", "delta", 0.0, above=0)
    Traceback (most recent call last):
    ValueError: HuberLoss: delta is 0.0; it must be a number above 0
    """
    number = value.item() if tensor and getattr(value, "shape", None) == () else value
    words = {"of at least": at_least, "of at most": at_most, "above": above, "below": below}
    limits = " and ".join(f"{word} {shown(limit)}" for word, limit in words.items() if limit is not None)
    if at_least is not None and at_most is not None:
        limits = f"from {shown(at_least)} to {shown(at_most)}"
    if not is_number(number):
        raise _error(op, name, value, f"a number {limits}".strip(), False)
    finite = _is_finite(number) or (infinite and number in (math.inf, -math.inf))
    if not (
        finite
        and (at_least is None or number >= at_least)
        and (at_most is None or number <= at_most)
        and (above is None or number > above)
        and (below is None or number < below)
    ):
        kind = "a number" if finite or number != number else "a finite number"
        raise _error(op, name, value, f"{kind} {limits}".strip(), True)
    return value


def _is_finite(number: Any) -> bool:
    """Whether it is neither nan nor infinite, and no int that is too large for a float."""
    try:
        return math.isfinite(number)
    except OverflowError:  # a Fraction or Decimal may be that large
        return not isinstance(number, int)


def check_real(op: str, name: str, value: Any, **limits: Any) -> Any:
    """The same as int or float, for what is multiplied with floats."""
    number = check_number(op, name, value, **limits)
    return number if isinstance(number, int | float) else float(number)


def check_not_negative(op: str, name: str, value: Any) -> Any:
    """A number of at least 0 and below infinity."""
    return check_number(op, name, value, at_least=0)


def check_share(op: str, name: str, value: Any) -> Any:
    """A number of at least 0 and below 1: how much of an average stays."""
    return check_number(op, name, value, at_least=0, below=1)


def check_betas(op: str, name: str, value: Any) -> Any:
    """Two numbers of at least 0 and below 1."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise _error(op, name, value, "a pair of numbers", False)
    return tuple(check_share(op, f"{name}[{i}]", beta) for i, beta in enumerate(value))


# -- all else ---------------------------------------------------------------------------------------------------------


def check_flag(op: str, name: str, value: Any) -> bool:
    """True or False; 1 and 0, and NumPy's, stand for them.

    >>> check_flag("Dense", "bias", "no")
    Traceback (most recent call last):
    TypeError: Dense: bias is 'no'; it must be True or False
    """
    if isinstance(value, bool):
        return value
    if (isinstance(value, int) and value in (0, 1)) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise _error(op, name, value, "True or False", isinstance(value, int))


def check_choice(op: str, name: str, value: Any, choices: Sequence[str]) -> str:
    """One of some words.

    >>> check_choice("Trainer", "schedule_by", "day", ("update", "epoch"))
    Traceback (most recent call last):
    ValueError: Trainer: schedule_by is 'update' or 'epoch', not 'day'
    """
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        kind = ValueError if isinstance(value, str) else TypeError
        raise kind(f"{op}: {name} is {allowed}, not {shown(value)}")
    return value


def check_rng(op: str, value: Any, draws: str) -> Any:
    """A generator that has the method `draws`; one of seed 0, if None was given.

    >>> check_rng("Dense", 3, "uniform")
    Traceback (most recent call last):
    TypeError: Dense: rng is 3; it must be a generator, such as random.Random(3)
    """
    if value is None:
        return random.Random(0)
    if not callable(getattr(value, draws, None)) or isinstance(value, type):
        seed = value if isinstance(value, int) and abs(value) < 10**9 else 0
        raise _error(op, "rng", value, f"a generator, such as random.Random({int(seed)})", False)
    return value


def check_kind(op: str, name: str, value: T, kind: Any, wanted: str) -> T:
    """An instance of a class."""
    if not isinstance(value, kind):
        raise _error(op, name, value, wanted, False)
    return value


def check_function(op: str, name: str, value: T, wanted: str = "a function") -> T:
    """Anything that can be called."""
    if not callable(value):
        raise _error(op, name, value, wanted, False)
    return value


def check_list(op: str, name: str, value: Iterable[T], wanted: str) -> list[T]:
    """Anything with items one behind the other, as a list; but no text."""
    if not is_listed(value):
        raise _error(op, name, value, wanted, False)
    return list(value)


def is_listed(value: Any) -> TypeGuard[Iterable[Any]]:
    """Whether it has items one behind the other, and is no text."""
    try:
        iter(value)
    except TypeError:  # a scalar Value has __iter__, and no items
        return False
    return not isinstance(value, str | bytes)


def check_path(op: str, name: str, value: str | os.PathLike[str]) -> Path:
    """A path, as text or as a Path."""
    try:
        return Path(value)
    except TypeError:
        raise _error(op, name, value, "a path", False) from None

"""Numbers in nested lists, as users give them and as ``Value.data`` gives them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_lists import Value

from .checks import is_number
from .errors import shown

__all__ = ["as_ints", "as_value", "check_tensor", "kind_of", "map_numbers", "restored"]


def as_value(x: Any, what: str = "") -> Value:
    """`x` itself if it is a Value; else a constant made of the number or the nested lists. TypeError or ValueError,
    beginning with `what` if it is given, for anything else.

    >>> as_value([1, 2]).requires_grad
    False
    >>> as_value("abc", "targets")
    Traceback (most recent call last):
    TypeError: targets: 'abc' is a str, not a number
    """
    if isinstance(x, Value):
        return x
    return check_tensor(what, x) if what else Value(x, requires_grad=False)


def check_tensor(what: str, x: Any, name: str | None = None, requires_grad: bool = False) -> Value:
    """A Value of its own, a constant unless it `requires_grad`. TypeError or ValueError, beginning with `what`, for
    what holds no numbers.

    >>> check_tensor("BCEWithLogitsLoss: weight", ["a"])
    Traceback (most recent call last):
    TypeError: BCEWithLogitsLoss: weight: 'a' at [0] is a str, not a number
    """
    try:
        return Value(x, requires_grad=requires_grad, name=name)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{what}: {str(error).removeprefix('Value: ')}") from None


def map_numbers(function: Callable[[Any], Any], data: Any) -> Any:
    """`function` of every number, in the same nesting.

    >>> map_numbers(lambda v: v * 2, [[1, 2], [3, 4]])
    [[2, 4], [6, 8]]
    """
    return [map_numbers(function, item) for item in data] if isinstance(data, list | tuple) else function(data)


def kind_of(data: Any) -> type:
    """Type of the first number; float if there is none.

    >>> kind_of([[1, 2]]), kind_of([[]])
    (<class 'int'>, <class 'float'>)
    """
    while isinstance(data, list | tuple):
        if not data:
            return float
        data = data[0]
    return type(data)


def as_ints(data: Any, what: str) -> Any:
    """Whole numbers of any kind as ints; ValueError naming `what` for 2.5, inf or nan, TypeError for what is no number.

    >>> as_ints([1.0, 2], "count")
    [1, 2]
    """

    def convert(number: Any) -> int:
        if not is_number(number) and not isinstance(number, bool):
            raise TypeError(f"{what} is {shown(number)}; it must be a whole number")
        if number - number != 0 or number != int(number):
            raise ValueError(f"{what} is {shown(number)}; it must be a whole number")
        return int(number)

    return map_numbers(convert, data)


def restored(data: Any, like: Any, what: str) -> Any:
    """Saved numbers, as ints where `like` holds ints: files of weights know only floats.

    >>> restored(3.0, like=7, what="step"), restored([3.0], like=[0.5], what="mean")
    (3, [3.0])
    """
    return as_ints(data, what) if kind_of(like) is int else data

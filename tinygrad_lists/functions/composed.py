"""Functions made of other functions: their errors begin with their own name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

__all__ = ["composed"]

F = TypeVar("F", bound=Callable[..., Any])

_NAMED = (TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError)


def composed(function: F) -> F:
    """Put the function's name before errors that are raised inside it: who calls `elu` has not called `expm1`.

    >>> from fractions import Fraction
    >>> from tinygrad_lists.functions import elu
    >>> elu(Fraction(-1, 2))
    Traceback (most recent call last):
    TypeError: elu: expm1: the result for a Fraction is irrational; use Decimal or float, e.g. Value(float(x))
    """
    name = function.__name__

    @wraps(function)
    def named(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except _NAMED as error:
            if type(error) in _NAMED and not str(error).startswith(name):
                error.args = (f"{name}: {error}",)
            raise

    return cast(F, named)

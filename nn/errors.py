"""Words for errors: what was given, in short, and in which layer something went wrong."""

from __future__ import annotations

import reprlib
from typing import Any

__all__ = ["name_error", "shown"]

LONGEST = 60  # characters of what was given

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = LONGEST


def shown(value: Any) -> str:
    """What was given, on one line and of at most 60 characters: a list may have a million numbers, and a number as
    many digits.

    >>> shown("abc"), shown(list(range(1000))), len(shown(10**400))
    ("'abc'", '[0, 1, 2, 3, 4, 5, ...]', 40)
    """
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"a {type(value).__name__} of shape {shape}"[:LONGEST]
    try:
        text = " ".join(_SHORT.repr(value).split())
    except Exception:  # noqa: BLE001 (Python does not write numbers of over 4,300 digits, and a class may do anything)
        return f"an object of type {type(value).__name__}"[:LONGEST]
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def name_error(op: str, error: Exception) -> None:
    """Put the name of a layer before the message of an error that a function has raised in it, once.

    >>> error = ValueError("matmul: (1, 2) @ (4, 2): inner sizes 2 and 4 differ")
    >>> name_error("Dense", error)
    >>> print(error)
    Dense: matmul: (1, 2) @ (4, 2): inner sizes 2 and 4 differ
    """
    if getattr(error, "_named", False):
        return
    error._named = True  # type: ignore[attr-defined]
    if type(error) in (TypeError, ValueError, IndexError, OverflowError) and len(error.args) == 1:
        text = " ".join(str(error.args[0]).splitlines())
        if len(text) > 4 * LONGEST:  # a function may have printed a long number
            text = f"{text[: 3 * LONGEST]} ... {text[-LONGEST:]}"
        named = text.startswith((f"{op}:", f"{op}."))
        error.args = (text if named else f"{op}: {text.removeprefix('Value: ')}",)

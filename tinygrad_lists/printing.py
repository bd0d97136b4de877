"""How Values look in a terminal: short at any size."""

from __future__ import annotations

from typing import Any

__all__ = ["short"]

#: Longest text of one number; the rest is in ``.data``.
WIDEST = 64

#: So few numbers are shown all.
FEW = 36

#: By the number of axes: the longest list that is shown whole, and how much of the start and the end of others.
ENDS = {1: (6, 3, 2), 2: (6, 3, 2), 3: (4, 2, 1), 4: (3, 1, 1)}
ENDS_OF_MORE_AXES = (1, 1, 0)


def short(data: Any) -> str:
    """Nested lists with the middle of long ones left out, and floats to five digits, or to one after the point.

    >>> short([[1.0, 0.123456789], [2.5, 1e-9]])
    '[[1.0, 0.12346], [2.5, 1e-09]]'
    >>> short([12345.678, 99999.5])
    '[12345.7, 99999.5]'
    >>> short(list(range(100)))
    '[0, 1, 2, ..., 98, 99]'
    """
    depth, count, inner = 0, 1, data
    while isinstance(inner, list):
        depth, count = depth + 1, count * len(inner)
        inner = inner[0] if inner else None
    if count <= FEW:
        return _lists(data, FEW, 0, 0)
    return _lists(data, *ENDS.get(depth, ENDS_OF_MORE_AXES))


def _lists(data: Any, most: int, first: int, last: int) -> str:
    if not isinstance(data, list):
        return _number(data)
    shown = data if len(data) <= most else data[:first] + data[len(data) - last :]
    parts = [_lists(part, most, first, last) for part in shown]
    if len(data) > most:
        parts.insert(first, "...")
    return f"[{', '.join(parts)}]"


def _number(x: Any) -> str:
    if isinstance(x, float):
        if x - x == 0 and x == int(x):
            return repr(x)
        return f"{x:.1f}" if 1e4 <= abs(x) < 1e16 else f"{x:.5g}"  # .5g would make it look like an integer
    if isinstance(x, complex):
        return f"({x:.5g})"
    try:
        text = repr(x)
    except ValueError:  # Python refuses to print an int of more than 4,300 digits
        return f"<{type(x).__name__} of thousands of digits>"
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."

"""How Values look in a terminal: short at any size."""

from __future__ import annotations

from typing import Any

__all__ = ["short"]


def short(data: Any, limit: int = 6) -> str:
    """Nested lists with the middle of long ones left out, and floats to five digits.

    >>> short([[1.0, 0.123456789], [2.5, 1e-9]])
    '[[1.0, 0.12346], [2.5, 1e-09]]'
    >>> short(list(range(100)))
    '[0, 1, 2, ..., 98, 99]'
    """
    if isinstance(data, list):
        if len(data) <= limit:
            return f"[{', '.join(map(short, data))}]"
        return f"[{', '.join(map(short, data[:3]))}, ..., {', '.join(map(short, data[-2:]))}]"
    if isinstance(data, float):
        return f"{data:.5g}" if data != int(data * 0 == 0 and data) else repr(data)
    return repr(data)

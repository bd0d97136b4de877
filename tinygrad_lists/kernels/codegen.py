"""Python source written out per size: how plain Python multiplies and adds fast.

A loop over nine taps costs more in looping than in arithmetic. Written out as ``w0*a0 + w1*a1 + ...``, every operand
in a local variable, a multiply-add costs two loads, one multiplication and one addition. The source for a size is made
once, compiled with ``exec`` and cached; no text from outside ever enters it, only counted names. This module makes
functions of such sources; `products` holds the sources.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["MAX_TERMS", "define", "names", "spread", "unpacked"]

MAX_TERMS = 96  # names in one row or expression: more would only cost compile time


def spread(count: int, most: int) -> list[tuple[int, int]]:
    """Cut `count` items into the fewest runs of at most `most`, nearly equal: (first, past the last) of each.

    >>> spread(10, 4)
    [(0, 3), (3, 6), (6, 10)]
    """
    runs = -(-count // most)
    return [(count * i // runs, count * (i + 1) // runs) for i in range(runs)]


def names(letter: str, count: int) -> list[str]:
    """Counted variable names.

    >>> names("a", 3)
    ['a0', 'a1', 'a2']
    """
    return [f"{letter}{i}" for i in range(count)]


def unpacked(parts: Iterable[str]) -> str:
    """Source of a tuple, or of the target that unpacks one; the last comma makes a single name a tuple too.

    >>> unpacked(["a0", "a1"])
    '(a0, a1,)'
    """
    return f"({', '.join(parts)},)"


def define(name: str, lines: Iterable[str]) -> Callable[..., Any]:
    """The function that the source `lines` define under `name`; profiles name it, and tracebacks show its lines.

    >>> define("next_int", ["def next_int(x):", "    return x + 1"])(2)
    3
    """
    source = [f"{line}\n" for line in lines]
    file = f"<generated {name}>"
    namespace: dict[str, Any] = {}
    exec(compile("".join(source), file, "exec"), namespace)
    linecache.cache[file] = (sum(map(len, source)), None, source, file)
    function: Callable[..., Any] = namespace[name]
    return function

"""What is true while a piece of code runs: whether operations are recorded, and inside which module.

Each thread has modes of its own. `active` counts the contexts that are open in any thread; while it is 0 every mode is
at its default and scalar arithmetic need not look.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_grad", "scope", "state"]

active = 0
_lock = threading.Lock()


class _State(threading.local):
    """Modes of one thread; the class attributes are the defaults."""

    recording: bool = True
    scope: tuple[str, ...] = ()


state = _State()


def enter(change: int) -> None:
    """Count a context in (+1) or out (-1)."""
    global active
    with _lock:
        active += change


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside, operations give plain results: nothing is recorded and nothing needs a gradient. Also a decorator.

    >>> from tinygrad_lists import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    before = state.recording
    enter(+1)
    state.recording = False
    try:
        yield
    finally:
        state.recording = before
        enter(-1)


@contextmanager
def recording() -> Iterator[None]:
    """Inside, operations are recorded, even within `no_grad`."""
    before = state.recording
    enter(+1)
    state.recording = True
    try:
        yield
    finally:
        state.recording = before
        enter(-1)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Inside, recorded operations carry `name` (after the names of the scopes around it), so that pictures can group
    them.

    >>> from tinygrad_lists import Value
    >>> with scope("layer1"):
    ...     y = Value(2.0) * 3
    >>> y.scope
    ('layer1',)
    """
    before = state.scope
    enter(+1)
    state.scope = (*before, name)
    try:
        yield
    finally:
        state.scope = before
        enter(-1)

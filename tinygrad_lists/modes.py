"""What is true while a piece of code runs: whether operations are recorded, watched, and inside which module.

Each thread has modes of its own. `active` counts the contexts that are open in any thread; while it is 0 every mode is
at its default and scalar arithmetic need not look: modes cost nothing when none is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["detect_anomaly", "no_grad", "record_source", "recording", "scope", "setting", "state"]

active = 0
_lock = threading.Lock()


class _State(threading.local):
    """Modes of one thread; the class attributes are the defaults."""

    recording: bool = True
    scope: tuple[str, ...] = ()
    source: bool = False
    anomaly: tuple[bool, bool] | None = None  # (NaN is an error, inf is an error)
    trace: Any = None  # what records every operation instead of running it, for the compiler


state = _State()


@contextmanager
def setting(**changes: Any) -> Iterator[None]:
    """Inside, the modes named have other values; afterwards, whatever happened, those that they had."""
    global active
    before = {name: getattr(state, name) for name in changes}
    with _lock:
        active += 1
    state.__dict__.update(changes)
    try:
        yield
    finally:
        state.__dict__.update(before)
        with _lock:
            active -= 1


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
    with setting(recording=False):
        yield


@contextmanager
def recording() -> Iterator[None]:
    """Inside, operations are recorded, even within `no_grad`."""
    with setting(recording=True):
        yield


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Inside, recorded operations carry `name` (after the names of the scopes around it), so that pictures can group
    them.

    >>> from tinygrad_lists import Value
    >>> with scope("layer1"):
    ...     y = Value(2.0) * 3
    >>> y.scope
    ('layer1',)

    An error that is raised inside carries the names too: in ``.scope``, so that its picture can show where, and in a
    line below its message.
    """
    inside = (*state.scope, name)
    with setting(scope=inside):
        try:
            yield
        except Exception as error:
            if not hasattr(error, "scope"):  # else it came from a scope further inside
                error.scope = inside  # type: ignore[attr-defined]
                error.add_note(f"in {' > '.join(inside)}")
            raise


@contextmanager
def record_source() -> Iterator[None]:
    """Inside, every operation remembers the line of the user's program that ran it, in ``.source``. Also a decorator.

    >>> from tinygrad_lists import Value
    >>> with record_source():
    ...     y = Value(2.0).exp()
    >>> y.source.line, y.source.text
    (2, 'y = Value(2.0).exp()')
    """
    with setting(source=True):
        yield


@contextmanager
def detect_anomaly(nan: bool = True, inf: bool = True) -> Iterator[None]:
    """Inside, the first NaN or infinity, forward or backward, raises `AnomalyError` at once. Also a decorator.

    The error names the operation, its shapes and the line of the user's program that ran it; for an anomaly in a
    backward pass, the line of the forward operation whose derivative it is (so run both passes inside).

    Args:
        nan: whether NaN is an anomaly.
        inf: whether inf and -inf are; False for programs that mask with -inf.

    >>> from tinygrad_lists import Value
    >>> with detect_anomaly():
    ...     y = Value([1.0, 0.0], name="x").log()
    Traceback (most recent call last):
    tinygrad_lists.anomaly.AnomalyError: log: -inf at [1] of the result, shape (2,), from finite inputs 'x' (2,)
      <doctest tinygrad_lists.modes.detect_anomaly[1]>:2 in <module>: y = Value([1.0, 0.0], name="x").log()
    """
    with setting(anomaly=(nan, inf), source=True):
        yield

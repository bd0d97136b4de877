"""What is true while a piece of code runs: whether operations are recorded, watched, and inside which module.

Each thread has modes of its own. `active` counts the contexts that are open in any thread; while it is 0 every mode is
at its default and scalar arithmetic need not look: modes cost nothing when none is used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from functools import partial, update_wrapper
from threading import get_ident
from typing import Any

from .number_kinds import require_flag, shown

__all__ = [
    "Mode",
    "detect_anomaly",
    "looking",
    "no_grad",
    "record_source",
    "recording",
    "scope",
    "setting",
    "state",
]

active = 0
_lock = threading.Lock()


class _State(threading.local):
    """Modes of one thread; the class attributes are the defaults."""

    recording: bool = True
    scope: tuple[str, ...] = ()
    source: bool = False
    anomaly: tuple[bool, bool] | None = None  # (NaN is an error, inf is an error)
    watched: tuple[bool, bool] | None = None  # the same for the backward pass that runs, whose rules are not watched
    trace: Any = None  # what records every operation instead of running it, for the compiler
    reader: Any = None  # called with each Value whose numbers Python is about to read


state = _State()


class Mode:
    """A context in which modes have other values; afterwards, whatever happened, they have those that they had.

    One object may be entered many times, also inside itself and by several threads, and decorates functions and
    generators: of a generator, each step runs inside, and what its caller does between the steps does not.
    """

    __slots__ = ("_before", "_changes")

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._before: dict[int, list[dict[str, Any]]] = {}  # by thread: what is to come back, the last entered last

    def __enter__(self) -> None:
        self._enter(self._changes)

    def _enter(self, changes: dict[str, Any]) -> None:
        global active
        self._before.setdefault(get_ident(), []).append({name: getattr(state, name) for name in changes})
        with _lock:
            active += 1
        state.__dict__.update(changes)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        global active
        before = self._before[get_ident()]
        state.__dict__.update(before.pop())
        if not before:
            del self._before[get_ident()]
        with _lock:
            active -= 1

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, run inside."""
        from inspect import isgeneratorfunction

        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        def steps(*args: Any, **kwargs: Any) -> Any:
            return self._steps(function(*args, **kwargs))

        return update_wrapper(steps if isgeneratorfunction(function) else inside, function)

    def _steps(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = partial(next, generator)
        try:
            while True:
                with self:
                    try:
                        item = step()
                    except StopIteration as end:
                        return end.value
                try:
                    step = partial(generator.send, (yield item))
                except Exception as error:  # noqa: BLE001 (the generator gets it)
                    step = partial(generator.throw, error)
        finally:
            with self:
                generator.close()


def setting(**changes: Any) -> Mode:
    """Inside, the modes named have other values."""
    return Mode(**changes)


def _mode(name: str, function: Any, **changes: Any) -> Any:
    """A mode, or `function` decorated with it."""
    mode = Mode(**changes)
    if function is None:
        return mode
    if not callable(function):
        raise TypeError(f"{name}: decorates a function, which {shown(function)} is not")
    return mode(function)


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Inside, operations give plain results: nothing is recorded and nothing needs a gradient.

    Also a decorator, ``@no_grad`` or ``@no_grad()``; what ``no_grad()`` returns can be kept and used again. TypeError
    for what is no function.

    >>> from tinygrad_lists import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return _mode("no_grad", function, recording=False)


def recording() -> Mode:
    """Inside, operations are recorded, even within `no_grad`."""
    return Mode(recording=True)


def looking() -> Mode:
    """Inside, a Value is shown to the user, which is no reading; but what is traced has no number to show."""
    return Mode() if state.trace is not None else Mode(reader=None)


class _Scope(Mode):
    """A mode that depends on the moment at which it is entered, and that signs errors."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __enter__(self) -> None:
        self._enter({"scope": (*state.scope, self._name)})

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, Exception) and not hasattr(error, "scope"):  # else it came from a scope further inside
            error.scope = state.scope  # type: ignore[attr-defined]
            error.add_note(f"in {' > '.join(state.scope)}")
        super().__exit__(kind, error, trace)


def scope(name: str) -> Mode:
    """Inside, recorded operations carry `name` (after the names of the scopes around it), so that pictures can group
    them. Also a decorator.

    >>> from tinygrad_lists import Value
    >>> with scope("layer1"):
    ...     y = Value(2.0) * 3
    >>> y.scope
    ('layer1',)

    An error that is raised inside carries the names too: in ``.scope``, so that its picture can show where, and in a
    line below its message.

    Raises TypeError when `name` is no text, as in ``@scope`` without a name.
    """
    if not isinstance(name, str):
        raise TypeError(f'scope: a name is text, not {shown(name)}; write scope("layer1"), also as a decorator')
    return _Scope(name)


def record_source(function: Callable[..., Any] | None = None) -> Any:
    """Inside, every operation remembers the line of the user's program that ran it, in ``.source``.

    Also a decorator, with and without brackets. TypeError for what is no function.

    >>> from tinygrad_lists import Value
    >>> with record_source():
    ...     y = Value(2.0).exp()
    >>> y.source.line, y.source.text
    (2, 'y = Value(2.0).exp()')
    """
    return _mode("record_source", function, source=True)


def detect_anomaly(nan: Any = True, inf: bool = True) -> Any:
    """Inside, the first NaN or infinity, forward or backward, raises `AnomalyError` at once.

    Also a decorator, with and without brackets.

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
    function = nan if callable(nan) else None
    for name, given in (("nan", nan is function or nan), ("inf", inf)):
        require_flag("detect_anomaly", name, given)
    return _mode("detect_anomaly", function, anomaly=(function is not None or nan, inf), source=True)

"""Finding where a NaN or an infinity first appears, and which line of the user's program made it.

`operations` calls `check_result` and `user_line` for each operation, but only while `detect_anomaly` or `record_source`
is on; `backward` looks at gradients with `watching`.
"""

from __future__ import annotations

import linecache
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from . import modes
from .kernels.accumulate import all_finite
from .number_kinds import shown
from .shapes import Shape

__all__ = ["AnomalyError", "Source", "check_result", "user_line", "warn_user", "watching"]

#: The rooms whose frames are not the user's.
_ROOMS = tuple(str(Path(__file__).parent.parent / room) for room in ("tinygrad_lists", "nn"))


class Source(NamedTuple):
    """A line of the user's program."""

    file: str
    line: int
    function: str

    @property
    def text(self) -> str:
        """The line itself; empty where Python cannot find it."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        where = f"{self.file}:{self.line} in {self.function}"
        return f"{where}: {self.text}" if self.text else where


class AnomalyError(ArithmeticError):
    """A NaN or an infinity appeared inside `detect_anomaly`.

    Attributes:
        op: name of the operation.
        phase: "forward" or "backward".
        source: line of the user's program that ran the operation forward; None if that was not recorded.

    >>> from tinygrad_lists import Value, detect_anomaly
    >>> try:
    ...     with detect_anomaly():
    ...         y = Value(0.0).log()
    ... except AnomalyError as error:
    ...     error.op, error.phase
    ('log', 'forward')
    """

    def __init__(self, message: str, op: str, phase: str, source: Source | None) -> None:
        super().__init__(message)
        self.op = op
        self.phase = phase
        self.source = source

    def __reduce__(self) -> tuple[type[AnomalyError], tuple[Any, ...]]:
        return AnomalyError, (self.args[0], self.op, self.phase, self.source)


@cache
def _is_ours(file: str) -> bool:
    return any(file.startswith(room) and file[len(room) :][:1] in "/\\" for room in _ROOMS)


def user_line() -> Source | None:
    """The innermost line of the running program that belongs neither to the engine nor to `nn`."""
    frame = _user_frame()
    return frame and Source(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _user_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def warn_user(message: str) -> None:
    """A RuntimeWarning about the user's line, not one of ours; shown once for each line, as Python does it."""
    frame = _user_frame()
    file, line, scope = (frame.f_code.co_filename, frame.f_lineno, frame.f_globals) if frame else ("?", 0, {})
    warnings.warn_explicit(
        message, RuntimeWarning, file, line, scope.get("__name__"), scope.setdefault("__warningregistry__", {})
    )


def check_result(op: str, inputs: Sequence[Any], data: Any, shape: Shape) -> None:
    """Raise AnomalyError if `data`, the result of a forward operation, holds what `detect_anomaly` forbids."""
    found = _first_anomaly(data, shape)
    if found is None:
        return
    guilty = [i for i, x in enumerate(inputs) if _first_anomaly(x._data, x.shape) is not None]
    if guilty:
        origin = f"inputs {_described(inputs)}, of which {_described([inputs[guilty[0]]], guilty)} already held it"
    else:
        origin = f"finite inputs {_described(inputs)}"
    _raise(op, "forward", f"{op}: {found} of the result, shape {shape}, from {origin}", user_line())


def watching(watched: tuple[bool, bool], observe: Callable[..., None] | None) -> Callable[..., None]:
    """An observer of a backward pass (see `backward`) that looks for anomalies, and hands on."""

    def watch(node: Any, g: Any, contributions: list[Any]) -> None:
        with modes.setting(anomaly=watched):
            _check_gradients(node, g, contributions)
        if observe is not None:
            observe(node, g, contributions)

    return watch


def _check_gradients(node: Any, g: Any, contributions: Sequence[Any]) -> None:
    """Raise AnomalyError if the gradient of `node`, or what its rule sends to an input, holds what is forbidden."""
    op = node.op.name
    found = _first_anomaly(g._data, g.shape)
    if found is not None:
        # Every contribution was finite when it was checked: their sum overflowed, or the caller brought it in.
        text = f"backward of {op}: {found} of the gradient of its result, shape {g.shape}, as a sum or as given"
        _raise(op, "backward", text, node.source)
    for i, (x, c) in enumerate(zip(node.inputs, contributions, strict=True)):
        found = None if c is None else _first_anomaly(c._data, c.shape)
        if found is not None:
            text = f"backward of {op}: {found} of the gradient of {_described([x], [i])}, with inputs "
            _raise(op, "backward", text + _described(node.inputs), node.source)


def _raise(op: str, phase: str, text: str, source: Source | None) -> None:
    hint = str(source) if source else "line not recorded; run the forward pass inside detect_anomaly() too"
    raise AnomalyError(f"{text}\n  {hint}", op, phase, source)


def _first_anomaly(data: Any, shape: Shape) -> str | None:
    """What is wrong and where, as ``nan at [1][0]``, or None."""
    forbidden = modes.state.anomaly
    flat = data if shape else [data]
    if forbidden is None or all_finite(flat):
        return None
    nan, inf = forbidden
    for i, v in enumerate(flat):
        is_nan = v != v
        if (is_nan and nan) or (not is_nan and inf and not all_finite([v])):
            return f"{v} at {_index(i, shape)}" if shape else f"{v}"
    return None


def _index(i: int, shape: Shape) -> str:
    """Index, as ``[2][0]``, of the i-th element in row-major order."""
    index: list[int] = []
    for size in reversed(shape):
        index.append(i % size)
        i //= size
    return "".join(f"[{j}]" for j in reversed(index))


def _described(inputs: Iterable[Any], numbers: Sequence[int] = ()) -> str:
    """Names and shapes, as ``'w' (2, 3)``; what has no name goes by its number, if there is one, and its shape."""
    words = []
    for position, x in enumerate(inputs):
        label = shown(x.name) if x.name else (f"input {numbers[position]}" if numbers else "")
        words.append(f"{label} {x.shape}".strip())
    return ", ".join(words)

"""Numbers of Values in native memory, brought back when Python looks.

A parameter that a compiled step changes stays in its native buffer from call to call. Its Value is then `Resident`: its
slot ``_data`` is empty, and the first who reads it (``p.data``, ``state_dict()``, another operation of the engine) gets
it filled from the buffer. Values that Python has not looked at cost nothing, and plain Values never know of it.
"""

from __future__ import annotations

from array import array
from typing import Any

from ..shapes import Shape, numel
from ..value import NO_PARAMS, Value, next_serial

__all__ = ["Native", "Resident", "moved", "native_of", "result", "sloped"]


class Native:
    """The native buffer of a Value.

    Attributes:
        buffer: the numbers: format "f", "d", "i" or "q".
        seen: the list (or number) that Python has of them, if it has one that is up to date.
        ahead: whether the buffer is newer than what Python has.
        slope: buffer of the gradient, if a program made one.
        slope_ahead: whether it is newer than what Python has.
    """

    __slots__ = ("address", "ahead", "buffer", "seen", "slope", "slope_address", "slope_ahead")

    def __init__(self, code: str, size: int) -> None:
        self.buffer = array(code, bytes(array(code).itemsize * max(size, 1)))
        self.address = self.buffer.buffer_info()[0]
        self.seen: Any = None
        self.ahead = False
        self.slope: array[Any] | None = None
        self.slope_address = 0
        self.slope_ahead = False

    def grads(self) -> int:
        """Address of the gradient's buffer, made if there is none."""
        if self.slope is None:
            self.slope = array(self.buffer.typecode, bytes(self.buffer.itemsize * len(self.buffer)))
            self.slope_address = self.slope.buffer_info()[0]
        return self.slope_address

    def take(self, value: Value) -> None:
        """Copy from Python what it has."""
        data = value._data
        # Filled in place: programs hold its address.
        memoryview(self.buffer)[: value.size] = array(self.buffer.typecode, data if value.shape else [data])
        self.seen = data
        self.ahead = False

    def take_grad(self, value: Value) -> None:
        """The same for the gradient."""
        self.grads()
        assert self.slope is not None
        if not self.slope_ahead or "_grad" in _filled(value):
            data = value._grad
            memoryview(self.slope)[: value.size] = array(self.buffer.typecode, data if value.shape else [data])
            self.slope_ahead = False


def _filled(value: Value) -> set[str]:
    """Which of the two slots hold something."""
    filled = set()
    for name, slot in _SLOTS:
        try:
            slot.__get__(value)
        except AttributeError:
            continue
        filled.add(name)
    return filled


_SLOTS = [(name, Value.__dict__[name]) for name in ("_data", "_grad")]


class Resident(Value):
    """A Value whose numbers, or gradient, are in native memory only."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name == "_data":
            native = self._meta["native"] if self._meta else None
            assert isinstance(native, Native)
            flat = native.buffer[: self.size].tolist()
            self._data = native.seen = flat if self.shape else flat[0]
            native.ahead = False
            _settle(self, native)
            return self._data
        if name == "_grad":
            native = self._meta["native"] if self._meta else None
            assert isinstance(native, Native)
            assert native.slope is not None
            flat = native.slope[: self.size].tolist()
            self._grad = flat if self.shape else flat[0]
            native.slope_ahead = False
            _settle(self, native)
            return self._grad
        raise AttributeError(f"Value has no attribute {name!r}", name=name, obj=self)

    def _set(self, data: Any, shape: Shape) -> None:
        native = self._meta["native"] if self._meta else None
        if isinstance(native, Native):
            native.ahead = False
            native.slope_ahead = False
        self.__class__ = Value  # type: ignore[assignment]
        Value._set(self, data, shape)


def _settle(value: Value, native: Native) -> None:
    """Back to a plain Value when nothing is missing."""
    if not native.ahead and (not native.slope_ahead or "_grad" in _filled(value)):
        value.__class__ = Value


def native_of(value: Value, code: str) -> Native:
    """The native buffer of a Value in a format; made at first, and kept with the Value."""
    meta = value._meta
    native = meta.get("native") if meta else None
    if isinstance(native, Native) and native.buffer.typecode == code:
        return native
    data, grad = value._data, value._grad  # brings back what another program has
    del data, grad
    fresh = Native(code, value.size)
    value._meta = {**(meta or {}), "native": fresh}
    return fresh


def moved(value: Value, native: Native) -> None:
    """The buffer has new numbers: Python's are out of date."""
    value._data = None
    del value._data
    native.seen = None
    native.ahead = True
    value.__class__ = Resident


def sloped(value: Value, native: Native) -> None:
    """The buffer of the gradient has new numbers."""
    value._grad = None
    del value._grad
    native.slope_ahead = True
    value.__class__ = Resident


def result(buffer: array[Any], shape: Shape) -> Value:
    """A new constant with numbers that a program made."""
    value: Value = object.__new__(Value)
    value.shape = shape
    value._grad = value._meta = None
    value._serial = next_serial()
    value.op, value.inputs, value.params = None, (), NO_PARAMS
    value.requires_grad = False
    if not shape:
        value._data = buffer[0]
    elif len(buffer) <= 32:
        value._data = buffer.tolist() if numel(shape) else []
    else:
        native = Native.__new__(Native)
        native.buffer, native.address = buffer, buffer.buffer_info()[0]
        native.seen, native.ahead, native.slope, native.slope_address, native.slope_ahead = None, True, None, 0, False
        value._meta = {"native": native}
        value.__class__ = Resident
    return value

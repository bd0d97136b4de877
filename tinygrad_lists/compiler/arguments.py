"""What a compiled function is called with: told apart fast, and turned into native memory.

=========================================  ============================================================
argument                                    in the program
=========================================  ============================================================
Value                                       like a parameter: its native buffer is kept with it
nested lists of numbers                     numbers handed over at each call (a copy is made)
array.array, memoryview, NumPy array ...    the same, read where they lie, without a copy
float                                       a number handed over at each call
int, bool, str, None, any other object      part of the function: another one is another program
dict, list, tuple of these                  taken apart
=========================================  ============================================================
"""

from __future__ import annotations

import ctypes
from array import array
from itertools import chain
from math import prod
from typing import Any

from ..hooks import hooks_of
from ..nested import flatten
from ..notes import is_mask
from ..shapes import Shape
from ..value import Value
from .errors import JitError
from .native import Native, Resident

__all__ = ["Call", "Tensor"]

_STATIC = (int, str, bytes, type(None))
_CODES = {"f": "f", "d": "d", "B": "B", "b": "b", "?": "B", "i": "i", "l": "q", "q": "q"}


class _Buffer(ctypes.Structure):
    """Py_buffer: how C reads the memory of any object with the buffer protocol, writable or not."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


_get = ctypes.pythonapi.PyObject_GetBuffer
_get.argtypes = [ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int]
_release = ctypes.pythonapi.PyBuffer_Release
_release.argtypes = [ctypes.POINTER(_Buffer)]


class Tensor:
    """Numbers handed over: where they lie in memory, and how."""

    __slots__ = ("address", "code", "given", "holder", "shape")

    def __init__(self, given: Any, shape: Shape, code: str, holder: Any, address: int) -> None:
        self.given, self.shape, self.code, self.holder, self.address = given, shape, code, holder, address

    @property
    def kind(self) -> str:
        """Kind of number in the program."""
        return "f" if self.code in "fd" else "i"


class Call:
    """One call taken apart.

    Attributes:
        key: what a program for this call must have been recorded with.
        values: the different Values among the arguments.
        tensors: the other numbers.
        objects: everything else that has attributes.
    """

    __slots__ = ("key", "objects", "real", "tensors", "values", "whole")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], dtype: str) -> None:
        self.real, self.whole = ("f", "i") if dtype == "float32" else ("d", "q")
        self.values: list[Value] = []
        self.tensors: list[Tensor] = []
        self.objects: list[Any] = []
        self.key: tuple[Any, ...] = tuple(
            [self._key(a) for a in args] + [(name, self._key(kwargs[name])) for name in sorted(kwargs)]
        )

    def _key(self, thing: Any) -> Any:
        kind = thing.__class__
        if isinstance(thing, Value):
            return self._value_key(thing)
        if kind is float:
            return self._tensor(thing, (), self.real, array(self.real, [thing]))
        if isinstance(thing, _STATIC):
            return kind, thing
        if isinstance(thing, list | tuple):
            return self._list_key(thing)
        if isinstance(thing, dict):
            return "dict", tuple((key, self._key(value)) for key, value in thing.items())
        buffer = self._buffer_key(thing)
        if buffer is not None:
            return buffer
        self.objects.append(thing)
        return kind, id(thing)

    def _value_key(self, value: Value) -> Any:
        for number, other in enumerate(self.values):
            if other is value:
                return "same", number
        self.values.append(value)
        meta = value._meta
        native = meta.get("native") if meta else None
        if isinstance(native, Native) and value.__class__ is Resident:
            kind = "f" if native.buffer.typecode in "fd" else "i"
        elif value.size:
            kind = type(value._data[0] if value.shape else value._data).__name__[0]
        else:
            kind = "f"
        return "value", value.shape, value.requires_grad, kind, bool(hooks_of(value)), is_mask(value)

    def _list_key(self, thing: Any) -> Any:
        shape, inner = [], thing
        while isinstance(inner, list | tuple) and not hasattr(inner, "_fields"):
            shape.append(len(inner))
            if not inner:
                break
            inner = inner[0]
        if isinstance(inner, float | int):
            return self._nested(thing, tuple(shape), inner)
        if isinstance(inner, list | tuple) and not inner and len(shape) > 1:
            return self._nested(thing, tuple(shape), 0.0)
        return type(thing), tuple(self._key(part) for part in thing)

    def _nested(self, thing: Any, shape: Shape, first: Any) -> Any:
        flat = thing
        for _ in shape[1:]:
            try:
                flat = list(chain.from_iterable(flat))
            except TypeError:
                flat = []
        code = self.real if isinstance(first, float) else self.whole
        try:
            numbers = array(code, flat)
        except (TypeError, OverflowError):
            checked, _ = flatten(thing, op="jit")  # says what is wrong, or brings ints and floats to one kind
            if not isinstance(checked[0], float):
                raise JitError(
                    f"jit: an argument holds {checked[0]!r}, which a compiled program cannot; use floats"
                ) from None
            code, numbers = self.real, array(self.real, checked)
        if len(numbers) != prod(shape):
            flatten(thing, op="jit")
        return self._tensor(thing, shape, code, numbers)

    def _tensor(self, given: Any, shape: Shape, code: str, numbers: array[Any]) -> Any:
        self.tensors.append(Tensor(given, shape, code, numbers, numbers.buffer_info()[0]))
        return code, shape

    def _buffer_key(self, thing: Any) -> Any:
        try:
            view = memoryview(thing)
        except TypeError:
            return None
        code = _CODES.get(view.format.lstrip("@=<" if view.itemsize == 1 else "@"))
        shape = tuple(view.shape or ())
        if code is None or not view.c_contiguous or array(code).itemsize != view.itemsize:
            flat, shape = flatten(thing, op="jit")
            code = self.real if flat and isinstance(flat[0], float) else self.whole
            return self._tensor(thing, shape, code, array(code, flat))
        if type(thing) is array:
            self.tensors.append(Tensor(thing, shape, code, thing, thing.buffer_info()[0]))
        else:
            holder = _Memory(view)
            self.tensors.append(Tensor(thing, shape, code, holder, holder.address))
        return code, shape


class _Memory:
    """Holds the memory of an object still while it lives."""

    __slots__ = ("address", "buffer")

    def __init__(self, view: memoryview) -> None:
        self.buffer = _Buffer()
        _get(view, ctypes.byref(self.buffer), 0)
        self.address: int = self.buffer.buf or 0

    def __del__(self) -> None:
        _release(ctypes.byref(self.buffer))

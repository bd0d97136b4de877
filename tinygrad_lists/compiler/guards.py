"""What a traced function read of Python without saying so: closures, globals, attributes.

A program holds the numbers and flags that it met while it was recorded. So everything that the function can reach (the
variables it closes over, the globals it names, the attributes of objects among those, and theirs) is copied before, and
compared at each call: if something has changed, the function is recorded again. Comparing a container with its copy is
one step of Python, so a guard on a whole model costs a few microseconds.
"""

from __future__ import annotations

import functools
import random
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..value import Value
from .errors import JitError

__all__ = ["Guards"]

_PLAIN = (int, float, complex, str, bytes, type(None))
#: Containers with more entries than this are not copied.
_LARGEST = 100_000


class Guards:
    """A copy of what a function can reach.

    Attributes:
        values: the Values among it.
    """

    def __init__(self, function: Callable[..., Any], objects: Sequence[Any] = ()) -> None:
        self.values: set[Value] = set()
        self.cells: list[tuple[types.CellType, Any, str]] = []
        self.names: list[tuple[dict[str, Any], str, Any]] = []
        self.tables: list[tuple[Any, Any, str]] = []  # (dict or list, its copy, what it is called)
        self.randoms: list[tuple[random.Random, Any]] = []
        self._seen: dict[int, Any] = {}
        self._walk(function, getattr(function, "__qualname__", "the function"))
        for thing in objects:
            self._walk(thing, type(thing).__name__)
        self._seen.clear()
        self.random_state = random.getstate()

    # -- looking around -----------------------------------------------------------------------------------------------

    def _walk(self, start: Any, name: str) -> None:
        stack = [(start, name)]
        while stack:
            thing, name = stack.pop()
            if isinstance(thing, _PLAIN) or id(thing) in self._seen:
                continue
            self._seen[id(thing)] = thing
            stack += self._parts(thing, name)

    def _parts(self, thing: Any, name: str) -> list[tuple[Any, str]]:
        if isinstance(thing, Value):
            self.values.add(thing)
            return []
        if isinstance(thing, types.FunctionType):
            return self._function(thing, name)
        if isinstance(thing, types.MethodType):
            return [(thing.__self__, name), (thing.__func__, name)]
        if isinstance(thing, random.Random):
            self.randoms.append((thing, thing.getstate()))
            return []
        if isinstance(thing, functools.partial):
            return [(thing.func, name), (thing.args, name), (thing.keywords, name)]
        if isinstance(thing, type) and not _foreign(thing):
            self.tables.append((vars(thing), dict(vars(thing)), name))
            return [(v, f"{name}.{key}") for key, v in vars(thing).items() if isinstance(v, list | dict | set | Value)]
        if isinstance(thing, type | types.ModuleType | types.BuiltinFunctionType | bytes | bytearray | memoryview):
            return []
        if isinstance(thing, dict | list | set | tuple):
            return self._container(thing, name)
        wrapped = getattr(thing, "__wrapped__", None)
        found = [(wrapped, name)] if callable(wrapped) else []
        attributes = getattr(thing, "__dict__", None)
        if isinstance(attributes, dict) and not _foreign(type(thing)):
            self.tables.append((attributes, dict(attributes), name))
            found += [(v, f"{name}.{key}") for key, v in attributes.items()]
            call = getattr(type(thing), "forward", None) or vars(type(thing)).get("__call__")
            found += [(call, name), (type(thing), type(thing).__name__)]
        return found

    def _function(self, function: types.FunctionType, name: str) -> list[tuple[Any, str]]:
        if _foreign(function):
            return []
        found = []
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:
                continue
            self.cells.append((cell, content, variable))
            found.append((content, variable))
        for variable in _names(function.__code__):
            if variable in function.__globals__:
                content = function.__globals__[variable]
                self.names.append((function.__globals__, variable, content))
                found.append((content, variable))
        found += [(default, name) for default in function.__defaults__ or ()]
        found += [(default, name) for default in (function.__kwdefaults__ or {}).values()]
        return found

    def _container(self, thing: Any, name: str) -> list[tuple[Any, str]]:
        if len(thing) > _LARGEST:
            self.tables.append((thing, None, name))
            return []
        if not isinstance(thing, tuple):
            self.tables.append((thing, thing.copy(), name))
        parts = list(thing.values()) + list(thing) if isinstance(thing, dict) else list(thing)
        return [(part, f"{name}[...]") for part in parts]

    # -- comparing ----------------------------------------------------------------------------------------------------

    def hold(self) -> bool:
        """Whether everything is as it was."""
        for cell, content, _ in self.cells:
            try:
                now = cell.cell_contents
            except ValueError:
                return False
            if now is not content and not _same(now, content):
                return False
        for names, name, content in self.names:
            now = names.get(name)
            if now is not content and not _same(now, content):
                return False
        # Comparing containers goes by identity first, then by ==, which for Values is identity again.
        return all(copy is None or table == copy for table, copy, _ in self.tables)

    def changed(self) -> str | None:
        """The name of something that is not as it was."""
        for cell, content, name in self.cells:
            if cell.cell_contents is not content and not _same(cell.cell_contents, content):
                return name
        for names, name, content in self.names:
            if names.get(name) is not content and not _same(names.get(name), content):
                return name
        for table, copy, name in self.tables:
            if copy is not None and table != copy:
                if isinstance(table, Mapping):
                    keys = [k for k in {**copy, **table} if table.get(k) is not copy.get(k)]
                    return f"{name}.{keys[0]}" if keys and isinstance(keys[0], str) else name
                return name
        return None

    def drew(self) -> bool:
        """Whether random numbers were drawn."""
        return random.getstate() != self.random_state or any(r.getstate() != state for r, state in self.randoms)

    def restore(self) -> None:
        """Make everything as it was."""
        for cell, content, _ in self.cells:
            cell.cell_contents = content
        for names, name, content in self.names:
            names[name] = content
        for table, copy, _ in self.tables:
            if copy is None or table == copy:
                continue
            if isinstance(table, list):
                table[:] = copy
            elif isinstance(table, types.MappingProxyType):
                continue  # of a class: nothing is undone there
            else:
                table.clear()
                table.update(copy)
        if random.getstate() != self.random_state:
            random.setstate(self.random_state)
        for source, state in self.randoms:
            source.setstate(state)

    def refuse_large(self) -> None:
        """A container that is too large to be compared at each call cannot be closed over."""
        for table, copy, name in self.tables:
            if copy is None:
                raise JitError(
                    f"jit: the function can see {name}, a {type(table).__name__} of {len(table)} entries, and would "
                    f"not notice a change in it; hand over what it needs as an argument, or make a Value of it"
                )


def _same(a: Any, b: Any) -> bool:
    """Equal plain things; a float is not an int, and NaN is NaN."""
    return type(a) is type(b) and isinstance(a, _PLAIN) and (a == b or (a != a and b != b))


def _names(code: types.CodeType) -> list[str]:
    """Names that a function, or one inside it, looks up."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += _names(constant)
    return list(dict.fromkeys(names))


def _foreign(thing: Any) -> bool:
    """Whether code is the engine's, or the standard library's: that does not depend on the user's variables."""
    module = getattr(thing, "__module__", None) or ""
    root = module.partition(".")[0]
    if isinstance(thing, type):
        return root in sys.stdlib_module_names or root == "tinygrad_lists"
    return root in ("tinygrad_lists", "nn") or root in sys.stdlib_module_names

"""jit: a function of Values, recorded once and compiled to one C function."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import Any

from .. import modes
from ..anomaly import warn_user
from ..notes import as_mask, is_mask
from ..number_kinds import shown
from ..value import Value
from .arguments import Call
from .build import NO_COMPILER, library, machine_for
from .checking import compare
from .entry import Entry
from .errors import JitError
from .guards import Guards
from .passes import optimise
from .program import Program
from .source import write
from .trace import Trace
from .traced import Traced

__all__ = ["Jit", "JitError", "jit"]

Function = Callable[..., Any]

#: A function that needs another program at every call is slower compiled than interpreted.
_MOST_PROGRAMS = 64


def jit(function: Function | None = None, *, dtype: str = "float32", check: bool = False, threads: int = 1) -> Any:
    """Compile a function of Values: inference, gradients, whole training steps. Usable as a decorator.

    At the first call the function is recorded, without numbers, and what it did becomes one C function, which runs then
    and at every later call. Arguments of other shapes or kinds, and changed flags or numbers that the function can see
    (``model.training``, a float in a closure), make it record again. Parameters, optimiser state and other Values that
    it uses or assigns are found by themselves.

    Args:
        function: of Values, nested lists, anything with the buffer protocol (``array.array``, ``memoryview``), numbers
            and trees of these. It must do the same for all numbers: no branches on data.
        dtype: "float32" or "float64", in which the program computes.
        check: run the interpreter beside every call, and raise JitError where the two differ.
        threads: how many may share the work on a batch of more images than a vector has lanes. Two runs with as many
            threads give the same bits; with another number, sums over the batch are rounded otherwise.

    Returns:
        A function that is called as `function` is. ``source`` is the C of its latest program, ``graph`` its graph.
        Results are constants: a gradient must be taken inside.

    Raises:
        ValueError: an unknown dtype, less than one thread. JitError, when called: the function does what a program
            could not repeat (reads a number, draws random numbers, changes a list of Python, runs a gradient hook of a
            Value outside); the message says where, and what to do. Hooks that it registers itself, on Values that each
            call makes anew, become part of the program: they run once, on Values without numbers, as it does itself.

    >>> from tinygrad_lists import Value, jit
    >>> w = Value([1.0, 2.0])
    >>> @jit(dtype="float64")
    ... def step(x):
    ...     loss = (w * x).sum()
    ...     w.grad = None
    ...     loss.backward()
    ...     w.assign(w - 0.5 * w.grad_value)
    ...     return loss
    >>> step([1.0, 1.0]).data, step([1.0, 1.0]).data, w.data
    (3.0, 2.0, [0.0, 1.0])
    """

    def make(plain: Function) -> Jit:
        return Jit(plain, dtype, check, threads)

    return make if function is None else make(function)


class Jit:
    """A jitted function; see `jit`."""

    def __init__(self, function: Function, dtype: str = "float32", check: bool = False, threads: int = 1) -> None:
        if dtype not in ("float32", "float64"):
            raise ValueError(f"jit: dtype is 'float32' or 'float64', not {shown(dtype)}")
        if not callable(function):
            raise TypeError(f"jit: {shown(function)} is not a function")
        if type(threads) is not int or threads < 1:
            raise ValueError(f"jit: threads is a whole number of at least 1, not {shown(threads)}")
        self.function, self.dtype, self.check, self.threads = function, dtype, check, threads
        self._entries: dict[Any, list[Entry]] = {}
        self._latest: Entry | None = None
        self._traced: Any = None
        self._eager_once: set[Any] = set()
        self._lock = threading.RLock()
        self._interpreted = False  # because there is no compiler
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        if self._interpreted:
            return self.function(*args, **kwargs)
        if modes.active:
            state = modes.state
            if state.trace is not None or state.anomaly is not None:
                return self.function(*args, **kwargs)  # part of another program; or watched operation by operation
            recording = state.recording
        else:
            recording = True
        call = Call(args, kwargs, self.dtype)
        key = (recording, call.key)
        entry = self._find(key, call)
        if entry is None:
            entry = self._record(key, call, args, kwargs)
            if entry is None:
                return self.function(*args, **kwargs)
        if self.check:
            return compare(
                self.function, args, kwargs, lambda: entry.run(call), [*call.values, *entry.captured], self.dtype
            )
        return entry.run(call)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: the instance becomes the first argument."""
        if instance is None:
            return self
        return lambda *args, **kwargs: self(instance, *args, **kwargs)

    @property
    def source(self) -> str:
        """The C of the latest program."""
        return self._last().source.text

    @property
    def program(self) -> Program:
        """The latest program as it was recorded, before the passes."""
        return self._last().recorded

    @property
    def graph(self) -> Any:
        """The graph of the latest program, which can be drawn (`draw`)."""
        from .picture import graph_of

        return graph_of(self._last())

    def _last(self) -> Entry:
        if self._latest is None:
            raise JitError("jit: nothing is compiled yet; call the function once")
        return self._latest

    @property
    def programs(self) -> int:
        """How many programs there are, one for each kind of call."""
        return sum(map(len, self._entries.values()))

    def _find(self, key: Any, call: Call) -> Entry | None:
        for entry in self._entries.get(key, ()):
            if entry.holds(call):
                return entry
        return None

    # -- recording ----------------------------------------------------------------------------------------------------

    def _record(self, key: Any, call: Call, args: Any, kwargs: Any) -> Entry | None:
        """A new program; None if this call is to be interpreted."""
        with self._lock:
            found = self._find(key, call)
            if found is not None:
                return found
            if self.programs >= _MOST_PROGRAMS:
                raise JitError(
                    f"jit: {_MOST_PROGRAMS} programs were made for {self._name()}, because something changes at every "
                    f"call: an int argument, or a number that the function can see. Hand it over as a Value or a float"
                )
            guards = Guards(self.function, call.objects)
            guards.refuse_large()
            trace, wanted = Trace(), _Wanted()
            try:
                traced = _replaced(trace, call, args, kwargs)
                with modes.setting(trace=trace, reader=trace.reading):
                    out = self.function(*traced[0], **traced[1])
                returns = wanted.structure(out, trace)
                program = trace.program(wanted.results)
            except BaseException:
                guards.restore()
                trace.undo()
                raise
            trace.undo()
            drew, changed = guards.drew(), guards.changed()
            guards.restore()
            if drew:
                raise JitError(
                    f"jit: {self._name()} draws random numbers, which would be the same at every call; draw them "
                    f"outside and hand them over as an argument"
                )
            if changed is not None or trace.becomes_float():
                self._changed(key, changed or "the kind of a number")
                return None
            entry = self._compiled(trace, program, guards, call, returns, wanted)
            if entry is not None:
                self._entries.setdefault(key, []).insert(0, entry)
                self._latest = entry
            return entry

    def _changed(self, key: Any, name: str) -> None:
        """Python state that the function changes: created once (momentum at the first step), or at every call."""
        if key in self._eager_once:
            raise JitError(
                f"jit: {self._name()} changes {name} at every call, which a compiled program does not do; keep it in a "
                f"Value and use assign(), or change it outside"
            )
        self._eager_once.add(key)

    def _compiled(
        self, trace: Trace, program: Program, guards: Guards, call: Call, returns: Any, wanted: _Wanted
    ) -> Entry | None:
        recorded, program = program, optimise(program)
        formats = {("argument", i): ("*" if t.shape else "") + t.code for i, t in enumerate(call.tensors)}
        for slot, value in enumerate(trace.state):
            lanes = "*" if slot < len(call.values) and value.shape else ""
            formats["state", slot] = lanes + ("i" if trace.kinds.get(slot) == "i" else "f")
        source = write(program, formats, replace(machine_for(self.dtype), threads=self.threads))
        made = library(source.text)
        if made is None:
            warn_user(NO_COMPILER)
            self._interpreted = True
            return None
        step = made.step
        step.restype = ctypes.c_int
        return Entry(trace, recorded, program, source, step, guards, call, returns, wanted.flags, self.dtype)

    def _name(self) -> str:
        return getattr(self.function, "__qualname__", "the function")


def _replaced(trace: Trace, call: Call, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments with Values of the trace in place of numbers."""
    for value in call.values:
        trace.given_value(value)
    tensors = {id(t.given): (i, t) for i, t in enumerate(call.tensors)}
    floats = iter([(i, t) for i, t in enumerate(call.tensors) if isinstance(t.given, float)])

    def replace(thing: Any) -> Any:
        if isinstance(thing, float):
            number, tensor = next(floats)
            return trace.argument(number, tensor.shape, tensor.kind)
        if id(thing) in tensors:
            number, tensor = tensors[id(thing)]
            return trace.argument(number, tensor.shape, tensor.kind)
        if isinstance(thing, dict):
            return {key: replace(value) for key, value in thing.items()}
        if isinstance(thing, list):
            return [replace(value) for value in thing]
        if isinstance(thing, tuple):
            parts = [replace(value) for value in thing]
            return type(thing)(*parts) if hasattr(thing, "_fields") else tuple(parts)
        return thing

    return tuple(replace(a) for a in args), {name: replace(kwargs[name]) for name in sorted(kwargs)}


class _Wanted:
    """What a function returns: Values that the program computes, arguments and Values outside, and plain things."""

    def __init__(self) -> None:
        self.results: list[Value] = []
        self.flags: list[bool] = []

    def structure(self, out: Any, trace: Trace) -> Any:
        """A function from results, the call, and the Values outside, to what is to be returned."""
        if isinstance(out, Value):
            return self._value(out, trace)
        if isinstance(out, dict):
            parts = {key: self.structure(value, trace) for key, value in out.items()}
            return lambda *given: {key: part(*given) for key, part in parts.items()}
        if isinstance(out, list | tuple):
            branches = [self.structure(value, trace) for value in out]
            make = list if isinstance(out, list) else getattr(out, "_make", tuple)  # a named tuple has `_make`
            return lambda *given: make([branch(*given) for branch in branches])
        return lambda *given: out

    def _value(self, out: Value, trace: Trace) -> Any:
        if not isinstance(out, Traced) and (out in trace.slots or out._serial < trace.start):
            slot = trace.slot(out)
            trace.node(out)
            return lambda results, call, values: values[slot]
        if out in trace.given:
            number = trace.nodes[out].slot
            return lambda results, call, values: call.tensors[number].given
        for number, other in enumerate(self.results):
            if other is out:
                return lambda results, call, values: results[number]
        number = len(self.results)
        self.results.append(out)
        self.flags.append(out.requires_grad)
        mask = is_mask(out)
        return lambda results, call, values: as_mask(results[number]) if mask else results[number]

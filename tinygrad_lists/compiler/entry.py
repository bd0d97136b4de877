"""One compiled program and its calls."""

from __future__ import annotations

import ctypes
import threading
from array import array
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..hooks import hooks_of
from ..primitives import Primitive
from ..value import Value, next_serial
from .arguments import Call, Tensor
from .errors import JitError
from .guards import Guards
from .native import Native, Resident, moved, native_of, result, sloped
from .program import Program
from .source import Source
from .trace import Trace

__all__ = ["Entry"]


def _no_derivative(*_: Any, **__: Any) -> Any:
    raise JitError(
        "jit: a gradient is wanted of what a jitted function returned, but its steps are not recorded; put backward() "
        "or grad() inside the jitted function, or call the function without jit"
    )


_JIT = Primitive("jit", lambda *shapes: shapes[0], _no_derivative)
_JIT.vjp = _no_derivative


class Entry:
    """A program for calls of one kind.

    Args:
        trace: how it was recorded.
        recorded, program, source, step: what became of it, before and after the passes.
        guards: what it depends on beside its arguments.
        call: the call at which it was recorded.
        returns: builds what the function returns from the results (Values) and the call.
        wanted: for each result, whether a gradient could flow to it.
    """

    def __init__(
        self,
        trace: Trace,
        recorded: Program,
        program: Program,
        source: Source,
        step: Any,
        guards: Guards,
        call: Call,
        returns: Callable[[list[Value], Call, list[Value]], Any],
        wanted: Sequence[bool],
        dtype: str,
    ) -> None:
        self.recorded, self.program, self.source, self.step, self.guards = recorded, program, source, step, guards
        self.state = trace.state
        self.example = [list(array(t.code, _bytes_of(t))) for t in call.tensors]
        self.returns, self.wanted = returns, wanted
        self.real, self.whole = ("f", "i") if dtype == "float32" else ("d", "q")
        self.lock = threading.Lock()
        count = len(call.values)
        self.captured = trace.state[count:]
        self.pinned = [v if v in guards.values else None for v in call.values]
        self.objects = call.objects  # kept alive, because they are known by their identity
        slots = trace.slots
        self.wants = [(v, v.requires_grad, bool(hooks_of(v))) for v in self.captured]
        self.frozen = list(trace.frozen.items())
        self.graded = [(slots[v], present) for v, present in trace.graded.items() if v in slots]
        self.cleared = trace.cleared()
        self.codes = self._codes(trace)
        self.leaves = [v.op is None for v in trace.state]
        self.results: list[array[Any]] = [array(self._code(n.kind), [0]) * max(n.size, 1) for n in program.results]
        self.pointers = (ctypes.c_void_p * len(source.pointers))()
        self.where = array("d", [0.0, 0.0])
        memory = ctypes.create_string_buffer(source.arena + 64)
        self.memory = memory
        self.arena = ctypes.c_void_p((ctypes.addressof(memory) + 63) // 64 * 64)
        self._bind()
        self.natives: list[Native | None] = [None] * len(trace.state)
        self.grads_in = [slot for what, slot in source.pointers if what == "gradient"]

    def _codes(self, trace: Trace) -> list[str]:
        return [self._code(trace.kinds.get(slot, "f")) for slot in range(len(trace.state))]

    def _code(self, kind: str) -> str:
        return self.whole if kind == "i" else self.real

    def _bind(self) -> None:
        """Which places of the pointer table belong to whom."""
        self.state_places: dict[int, list[int]] = {}
        self.slope_places: dict[int, list[int]] = {}
        self.tensor_places: list[tuple[int, int]] = []
        self.result_places: dict[int, int] = {}
        for place, (what, slot) in enumerate(self.source.pointers):
            if what == "state":
                self.state_places.setdefault(slot, []).append(place)
            elif what in ("gradient", "gradient out"):
                self.slope_places.setdefault(slot, []).append(place)
            elif what == "argument":
                self.tensor_places.append((place, slot))
            elif what == "result":
                self.result_places[slot] = place
                self.pointers[place] = self.results[slot].buffer_info()[0]
            else:
                self.pointers[place] = self.where.buffer_info()[0]

    # -- may it be used -----------------------------------------------------------------------------------------------

    def holds(self, call: Call) -> bool:
        """Whether everything outside is as it was when this was recorded."""
        for value, pinned in zip(call.values, self.pinned, strict=True):
            if (value in self.guards.values) if pinned is None else (value is not pinned):
                return False
        for value, wanted, hooked in self.wants:
            meta = value._meta
            if value.requires_grad is not wanted or (not (meta and meta.get("hooks"))) is hooked:
                return False
        for value, data in self.frozen:
            if value._data is not data:
                return False
        if self.graded:
            values = [*call.values, *self.captured]
            for slot, present in self.graded:
                if _has_grad(values[slot]) is not present:
                    return False
        return self.guards.hold()

    # -- the call -----------------------------------------------------------------------------------------------------

    def run(self, call: Call) -> Any:
        """Run the program."""
        with self.lock:
            values = [*call.values, *self.captured] if call.values else self.captured
            self._bring(values)
            pointers = self.pointers
            for place, slot in self.tensor_places:
                pointers[place] = call.tensors[slot].address
            for slot, buffer in enumerate(self.results):
                if len(buffer) > 32:
                    fresh = self.results[slot] = array(buffer.typecode, buffer)
                    pointers[self.result_places[slot]] = fresh.buffer_info()[0]
            status = self.step(pointers, self.arena)
            if status:
                raise self._failure(status)
            self._take_over(values)
            results = [
                result(buffer, node.shape) for buffer, node in zip(self.results, self.program.results, strict=True)
            ]
        for value, wanted in zip(results, self.wanted, strict=True):
            if wanted:
                value.op, value.requires_grad = _JIT, True
                value.inputs = tuple(v for v in values if v.requires_grad)
        return self.returns(results, call, values)

    def _bring(self, values: Sequence[Value]) -> None:
        """Native buffers up to date with what Python has changed."""
        natives, pointers = self.natives, self.pointers
        for slot, value in enumerate(values):
            native = natives[slot]
            meta = value._meta
            if native is None or meta is None or meta.get("native") is not native:
                native = natives[slot] = native_of(value, self.codes[slot])
                for place in self.state_places.get(slot, ()):
                    pointers[place] = native.address
                if slot in self.slope_places:
                    address = native.grads()
                    for place in self.slope_places[slot]:
                        pointers[place] = address
            assert native is not None
            if not native.ahead and value._data is not native.seen:
                native.take(value)
        for slot in self.grads_in:
            native = natives[slot]
            assert native is not None
            native.take_grad(values[slot])

    def _take_over(self, values: Sequence[Value]) -> None:
        """Values outside get what the program made, without being filled in yet."""
        natives = self.natives
        for slot in self.program.assigned:
            native, value = natives[slot], values[slot]
            assert native is not None
            moved(value, native)
            value._serial = next_serial()
            if value.op is not None:
                value.op, value.inputs = None, ()
        for slot in self.program.gradients:
            native = natives[slot]
            assert native is not None
            sloped(values[slot], native)
        for slot in self.cleared:
            values[slot]._grad = None

    def _failure(self, status: int) -> Exception:
        if status < 0:
            return IndexError("jit: a position computed in the program is out of range")
        check = self.source.checks[status - 1]
        label: Any = self.where[1]
        kind = "a class"
        if check.labels.kind == "i":
            label = int(label)
        if check.op == "one_hot":
            kind = "an int"
        return ValueError(
            f"{check.op}: label {label!r} at position {int(self.where[0])} is not {kind} from 0 to {check.classes - 1}"
        )


def _bytes_of(tensor: Tensor) -> bytes:
    return ctypes.string_at(tensor.address, prod(tensor.shape) * array(tensor.code).itemsize)


def _has_grad(value: Value) -> bool:
    """Whether a Value has a gradient, without bringing it back."""
    if value.__class__ is Resident:
        meta = value._meta
        native = meta.get("native") if meta else None
        if isinstance(native, Native) and native.slope_ahead:
            try:
                return _GRAD.__get__(value) is not None
            except AttributeError:
                return True
    return value._grad is not None


_GRAD = Value.__dict__["_grad"]

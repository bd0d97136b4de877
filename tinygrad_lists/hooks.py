"""Functions of the user's that see, and may replace, a gradient on its way back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from . import modes
from .number_kinds import in_kind, shown
from .operations import lift
from .value import Value, constant

__all__ = ["Hook", "HookHandle", "hooks_of", "in_kind_of", "register_hook", "run_hooks"]

Hook = Callable[[Value], Any]

_next_key = count().__next__


class HookHandle:
    """What `register_hook` returns; call `remove` to take the hook off again."""

    __slots__ = ("_hooks", "_key")

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks = hooks
        self._key = key

    def remove(self) -> None:
        """Take the hook off; a second time does nothing."""
        self._hooks.pop(self._key, None)


def register_hook(self: Value, hook: Hook) -> HookHandle:
    """Call ``hook(gradient)`` in every backward pass, once, when the gradient of this Value is complete.

    The gradient is a Value of the same shape. What the hook returns, if not None, replaces it: in ``.grad`` and for
    everything further back. Several hooks run in the order of registration, each on what the one before has made of
    it. A hook is called in `grad` and its relatives too, if the pass goes through this Value.

    Returns:
        A handle; ``handle.remove()`` takes the hook off.

    Raises:
        TypeError: `hook` cannot be called; in the backward pass, the replacement is of a kind of number that does not
            mix with the Value's. RuntimeError: the Value requires no gradient; in the backward pass, a hook has
            assigned data of a Value whose gradient was on its way. ValueError: the replacement has another shape.

    >>> x = Value(3.0)
    >>> handle = x.register_hook(lambda g: g * 10)
    >>> (x * x).backward()
    >>> x.grad
    60.0
    >>> handle.remove()
    """
    if not callable(hook):
        raise TypeError(f"register_hook: the hook is a function of the gradient, not {shown(hook)}")
    if not self.requires_grad:
        raise RuntimeError("register_hook: this Value requires no gradient, so the hook would never be called")
    if modes.active and (trace := modes.state.trace) is not None:
        trace.hooked(self)
    meta = self._meta = {} if self._meta is None else self._meta
    hooks: dict[int, Hook] = meta.setdefault("hooks", {})
    key = _next_key()
    hooks[key] = hook
    return HookHandle(hooks, key)


def hooks_of(node: Value) -> dict[int, Hook] | None:
    """The hooks of a Value by registration, if it ever had any."""
    return node._meta.get("hooks") if node._meta else None


def in_kind_of(op: str, g: Value, x: Value) -> Value:
    """`g`, a gradient from outside for `x`, in its kind of number. TypeError for kinds that do not mix.

    >>> in_kind_of("hook", constant(2, ()), Value(0.5)).data
    2.0
    """
    if g.requires_grad or not g.size:
        return g
    before = g._flat()
    flat = in_kind(op, before, x._flat()[0])
    return g if flat is before else constant(flat if g.shape else flat[0], g.shape)


def run_hooks(node: Value, g: Any) -> Any:
    """The gradient that the hooks of `node` make of `g`, which is a Value or, for a scalar, a bare number."""
    if modes.active and (trace := modes.state.trace) is not None:
        trace.hooked(node)
    value = g if isinstance(g, Value) else constant(g, ())
    for hook in list((hooks_of(node) or {}).values()):
        replacement = hook(value)
        if replacement is None:
            continue
        value = lift(replacement, "register_hook")
        if value.shape != node.shape:
            raise ValueError(
                f"register_hook: the hook returned a gradient of shape {value.shape} for a Value of shape {node.shape}"
            )
        value = in_kind_of("register_hook", value, node)
    return value if isinstance(g, Value) else value._data


Value.register_hook = register_hook

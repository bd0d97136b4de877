"""Primitives of the user's own: a function of numbers or of flat lists, and the rule for its gradient.

Whatever the engine does with its own operations it does with these: gradients of any order (if the rule is written with
Values), transforms, `check_grads`, drawing by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import FunctionType
from typing import Any

from . import modes
from .kernels.movement import broadcast_to
from .nested import unify
from .number_kinds import shown
from .operations import apply, lift
from .primitives import Primitive
from .shapes import Shape, broadcast_shapes, numel
from .value import Value, next_serial

__all__ = ["primitive"]

Flat = list[Any]


def primitive(
    function: Callable[..., Any] | None = None,
    *,
    vjp: Callable[..., Any] | None = None,
    shape: Callable[..., Shape] | None = None,
    name: str | None = None,
) -> Any:
    """Make an operation on Values of a plain function. Usable as a decorator.

    Args:
        function: Without `shape`, an elementwise function of numbers: it is called for each element, after
            broadcasting. With `shape`, a kernel on flat row-major lists, called as
            ``function(x, x_shape, y, y_shape, ..., **params)``; it returns a flat list.
        vjp: the rule ``(g, out, x, y, ..., **params)``, all Values, g being the gradient of the result. It returns a
            tuple with the gradient of each input: a Value of the input's shape (or stretched, as by broadcasting), or
            None where no gradient flows; an entry behind ``lambda:`` is worked out only if needed. Without `vjp` a
            backward pass through the operation raises RuntimeError; ``.detach()`` its result where none shall flow.
        shape: ``shape(x_shape, y_shape, ..., **params)`` of the result.
        name: for pictures and messages; the function's name if left out.

    Returns:
        A function of Values, numbers or nested lists; keyword arguments are parameters and handed on as they are.

    Raises (when called):
        ValueError: the kernel's list or a gradient has the wrong size. TypeError: the function returned no numbers, or
            the rule no tuple of as many entries as there are inputs. RuntimeError: a gradient is to be differentiated
            again, but the rule reads numbers (``.data``, ``.item()``, ``float()``) of what depends on the variables;
            for a first derivative it may, and always those of constants (indices, labels) and of ``x.detach()``.

    >>> import math
    >>> @primitive(vjp=lambda g, out, x: (g * out * 2 * x,))
    ... def bell(x):
    ...     return math.exp(x * x)
    >>> x = Value([0.0, 1.0])
    >>> bell(x).sum().backward()
    >>> x.grad
    [0.0, 5.43656365691809]

    A kernel on lists: every second element, whose adjoint sets zeros between.

    >>> halves = primitive(
    ...     lambda x, x_shape: x[::2],
    ...     shape=lambda x: ((x[0] + 1) // 2,),
    ...     vjp=lambda g, out, x: (Value(0.0).broadcast_to(x.shape).scatter_add(list(range(0, x.size, 2)), g, axis=0),),
    ...     name="halves",
    ... )
    >>> halves(Value([1.0, 2.0, 3.0])).data
    [1.0, 3.0]
    """

    def make(plain: Callable[..., Any]) -> Callable[..., Value]:
        label = name or str(getattr(plain, "__name__", "primitive"))
        row = Primitive(
            label,
            _elementwise_shape(label) if shape is None else shape,
            _elementwise_kernel(label, plain) if shape is None else _checked_kernel(label, plain, shape),
        )
        row.vjp = None if vjp is None else _checked_rule(label, vjp)

        def operation(*inputs: Any, **params: Any) -> Value:
            return apply(row, *[lift(x, label) for x in inputs], **params)

        update_wrapper(operation, plain)
        operation.__name__ = operation.__qualname__ = label
        operation.primitive = row  # type: ignore[attr-defined]
        return operation

    return make if function is None else make(function)


def _elementwise_shape(name: str) -> Callable[..., Shape]:
    return lambda *shapes, **params: broadcast_shapes(*shapes, op=name)


def _elementwise_kernel(name: str, function: Callable[..., Any]) -> Callable[..., Flat]:
    def kernel(*arrays: Any, **params: Any) -> Flat:
        shape = broadcast_shapes(*arrays[1::2], op=name)
        columns = [broadcast_to(x, s, shape=shape) for x, s in zip(arrays[::2], arrays[1::2], strict=True)]
        return unify([function(*numbers, **params) for numbers in zip(*columns, strict=True)], shape, op=name)

    return kernel


def _checked_kernel(name: str, function: Callable[..., Any], shape: Callable[..., Shape]) -> Callable[..., Flat]:
    def kernel(*arrays: Any, **params: Any) -> Flat:
        # A kernel may sort or overwrite what it is handed; the data of a Value never change in place.
        out = function(*[list(a) if isinstance(a, list) else a for a in arrays], **params)
        expected = shape(*arrays[1::2], **params)
        if not isinstance(out, list) or len(out) != numel(expected):
            given = f"a list of {len(out)}" if isinstance(out, list) else f"{shown(out)}"
            raise ValueError(f"{name}: shape {expected} takes a flat list of {numel(expected)}, not {given}")
        return unify(out, (len(out),), op=name)

    return kernel


def _checked_rule(name: str, rule: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    def vjp(g: Value, out: Value, *inputs: Value, **params: Any) -> tuple[Any, ...]:
        watched = _watched(name, (g, out, *inputs))
        with watched:
            entries = rule(g, out, *inputs, **params)
        if not isinstance(entries, tuple) or len(entries) != len(inputs):
            raise TypeError(f"{name}: its rule must return a tuple with one entry for each of the {len(inputs)} inputs")
        return tuple(
            None if c is None else (lambda c=c, x=x: _checked_entry(name, c, g, x, watched))
            for c, x in zip(entries, inputs, strict=True)
        )

    return vjp


def _watched(name: str, given: tuple[Value, ...]) -> modes.Mode:
    """Inside, a rule whose steps are recorded must not read numbers of what it was given, or of what it made of it: the
    recorded graph would take them for constants, and the next derivative would be wrong."""
    if modes.state.trace is not None:
        return modes.Mode()  # the compiler watches
    start = next_serial()

    def read(value: Value) -> None:
        if modes.state.recording and value.requires_grad and (value in given or value._serial > start):
            names = dict(zip(given, ("g", "out", *(f"input {i}" for i in range(len(given)))), strict=False))
            raise RuntimeError(
                f"{name}: its rule reads the numbers of {names.get(value, 'a result')}, shape {value.shape}, though "
                f"the gradient is to be differentiated again; compute with Values (x, not x.data or float(x)), or read "
                f"x.detach() where they count as constants"
            )

    return modes.setting(reader=read)


def _checked_entry(name: str, entry: Any, g: Value, x: Value, watched: modes.Mode) -> Value:
    with watched:
        gradient = lift(entry() if isinstance(entry, FunctionType) else entry, name)
    if not (_stretches(gradient.shape, x.shape) or _stretches(x.shape, gradient.shape)):
        raise ValueError(f"{name}: its rule gave a gradient of shape {gradient.shape} for an input of shape {x.shape}")
    if modes.state.recording and g.requires_grad and not gradient.requires_grad and any(gradient._flat()):
        raise RuntimeError(
            f"{name}: its rule gave plain numbers for a gradient that is to be differentiated again; compute with "
            f"Values, and make the gradient of g"
        )
    return gradient


def _stretches(small: Shape, large: Shape) -> bool:
    extra = len(large) - len(small)
    return extra >= 0 and all(a in (1, b) for a, b in zip(small, large[extra:], strict=True))

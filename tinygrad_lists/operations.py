"""Running primitives on Values: `apply`, the one place where nodes are recorded, and the operators ``+ - * / ** <``.

Scalars in the default modes go a short way through here, with no list, no shape rule and one call, so that scalar
programs are as quick as an engine for scalars alone.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import modes, numeric
from .anomaly import check_result, user_line
from .nested import flatten
from .primitives import PRIMITIVES, Primitive
from .shapes import Shape
from .value import NO_PARAMS, Value, constant, next_serial

__all__ = ["apply", "lift", "unary"]

_new = object.__new__


def lift(x: Any, op: str = "Value") -> Value:
    """`x` itself if it is a Value; else a constant made of the number or the nested lists."""
    if isinstance(x, Value):
        return x
    if type(x) is float or type(x) is int:
        return constant(x, ())
    flat, shape = flatten(x, op=op)
    return constant(flat if shape else flat[0], shape)


def apply(op: Primitive, *inputs: Value, **params: Any) -> Value:
    """Run a primitive on Values and record it, if recording is on and an input wants a gradient."""
    shape = op.shape(*[x.shape for x in inputs], **params)
    try:
        if op.scalar is not None and not shape:
            data = op.scalar(*[x._data for x in inputs])
        else:
            arrays: list[Any] = []
            for x in inputs:
                arrays += (x._data if x.shape else [x._data], x.shape)
            data = op.kernel(*arrays, **params)
            if not shape:
                data = data[0]
    except TypeError as error:
        raise _kinds_error(op, inputs, error) from error
    return _node(op, inputs, data, shape, params, any(x.requires_grad for x in inputs))


def unary(op: Primitive, x: Value) -> Value:
    """`apply` for a function of one Value, with the short way for a scalar."""
    if modes.active or x.shape:
        return apply(op, x)
    compute = op.scalar
    assert compute is not None
    return _node(op, (x,), compute(x._data), (), NO_PARAMS, x.requires_grad)


def _binary(name: str, reflected: bool = False) -> Callable[[Value, Any], Value]:
    """An operator method."""
    op = PRIMITIVES[name]
    compute = op.scalar
    assert compute is not None

    def operator(self: Value, other: Any) -> Any:
        if other.__class__ is not Value:
            if _is_foreign(other):
                return NotImplemented
            other = lift(other, name)
        x, y = (other, self) if reflected else (self, other)
        if modes.active or x.shape or y.shape:
            return apply(op, x, y)
        try:
            data = compute(x._data, y._data)
        except TypeError as error:
            raise _kinds_error(op, (x, y), error) from None
        return _node(op, (x, y), data, (), NO_PARAMS, x.requires_grad or y.requires_grad)

    return operator


def _node(
    op: Primitive, inputs: tuple[Value, ...], data: Any, shape: Shape, params: dict[str, Any], wanted: bool
) -> Value:
    """The result of an operation; it remembers where it comes from if a gradient is wanted and recording is on."""
    node: Value = _new(Value)
    node._data = data
    node._grad = node._meta = None
    node._serial = next_serial()
    node.shape = shape
    if modes.active:
        node._meta = _meta(op, inputs, data, shape)
        wanted = wanted and modes.state.recording
    if wanted:
        node.op = op
        node.inputs = inputs
        node.params = params
        node.requires_grad = op.differentiable
    else:
        node.op = None
        node.inputs = ()
        node.params = NO_PARAMS
        node.requires_grad = False
    return node


def _meta(op: Primitive, inputs: tuple[Value, ...], data: Any, shape: Shape) -> dict[str, Any] | None:
    """What the modes of the moment want noted about an operation."""
    state = modes.state
    if state.anomaly is not None:
        check_result(op.name, inputs, data, shape)
    meta: dict[str, Any] = {}
    if state.scope:
        meta["scope"] = state.scope
    if state.source:
        meta["source"] = user_line()
    return meta or None


def _kinds_error(op: Primitive, inputs: tuple[Value, ...], error: TypeError) -> TypeError:
    """The same error, naming the operation and what it was given."""
    if str(error).startswith(f"{op.name}:"):
        return error
    kinds = " and ".join(type(x._flat()[0]).__name__ if x.size else "nothing" for x in inputs)
    return TypeError(f"{op.name}: {kinds}: {error}; convert to one kind, e.g. Decimal(str(x)) or float(x)")


_OURS = (int, float, complex, Fraction, Decimal, list, tuple, str, bytes, dict, set, type(None))


def _is_foreign(x: Any) -> bool:
    """Whether `x` is neither a number nor made of numbers, and may know by itself what to do with a Value."""
    return not isinstance(x, (Value, *_OURS)) and hasattr(x, "__radd__") and not hasattr(x, "__array__")


#: Rows whose function in `numeric` has another name, because Python has its own abs and pow.
_ROW_OF = {"absolute": "abs", "divide": "div", "power": "pow"}


def _called_by_numeric(self: Value, name: str, *args: Any, **params: Any) -> Value:
    """``__tinygrad_apply__``: how `numeric` and `vjps` hand Values back to the engine."""
    if name == "pi_like":
        return constant(numeric.pi_like(self._flat()[0]), ())
    if name == "zero_like":
        zero = type(self._flat()[0])() if self.size else 0.0
        return constant([zero] * self.size if self.shape else zero, self.shape)
    return apply(PRIMITIVES[_ROW_OF.get(name, name)], *map(lift, args), **params)


def _neg(self: Value) -> Value:
    return unary(PRIMITIVES["neg"], self)


def _abs(self: Value) -> Value:
    return unary(PRIMITIVES["abs"], self)


_OPERATORS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "pow": "pow",
    "floordiv": "floor_divide",
    "mod": "remainder",
}
for _operator, _row in _OPERATORS.items():
    setattr(Value, f"__{_operator}__", _binary(_row))
    setattr(Value, f"__r{_operator}__", _binary(_row, reflected=True))
# Comparisons give 0 and 1 without gradient. == and != compare identity, so that Values can be keys; see `equal`.
for _operator, _row in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
    setattr(Value, f"__{_operator}__", _binary(_row))
for _operator, _method in {"neg": _neg, "abs": _abs, "tinygrad_apply": _called_by_numeric}.items():
    setattr(Value, f"__{_operator}__", _method)

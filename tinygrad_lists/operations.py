"""Running primitives on Values: `apply`, the one place where nodes are recorded, and the operators ``+ - * / ** < &``.

Scalars in the default modes go a short way through here, with no list, no shape rule and one call, so that scalar
programs are as quick as an engine for scalars alone.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException, Overflow
from fractions import Fraction
from typing import Any

from . import modes, numeric
from .anomaly import check_result, user_line
from .nested import flatten
from .notes import are_masks, as_mask, is_mask, keep_mask
from .number_kinds import common_kind, shown
from .primitives import PRIMITIVES, Primitive
from .shapes import Shape
from .value import NO_PARAMS, Value, constant, next_serial

__all__ = ["apply", "lift", "unary"]

_new = object.__new__

#: What arithmetic on numbers raises by itself, without a word of the operation.
_REFUSALS = (TypeError, OverflowError, MemoryError, DecimalException)


def lift(x: Any, op: str = "Value") -> Value:
    """`x` itself if it is a Value; else a constant made of the number or the nested lists."""
    if isinstance(x, Value):
        return x
    if type(x) is float or type(x) is int:
        return constant(x, ())
    flat, shape = flatten(x, op=op)
    return keep_mask(constant(flat if shape else flat[0], shape), x)


def apply(op: Primitive, *inputs: Value, **params: Any) -> Value:
    """Run a primitive on Values and record it, if recording is on and an input wants a gradient."""
    shape = op.shape(*[x.shape for x in inputs], **params)
    if modes.active and (trace := modes.state.trace) is not None:
        return _noted(op, inputs, trace.operation(op, inputs, params, shape))
    if len(inputs) > 1:
        _check_kinds(op, inputs)
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
    except _REFUSALS as error:
        raise _named(op, inputs, error) from None
    node = record(op, inputs, data, shape, params, any(x.requires_grad for x in inputs))
    return node if op.picks is None or inputs[op.picks.start]._meta is None else _noted(op, inputs, node)


def _noted(op: Primitive, inputs: tuple[Value, ...], node: Value) -> Value:
    """`node`, as a mask if it consists of elements of masks."""
    return as_mask(node) if op.picks is not None and are_masks(inputs[op.picks]) else node


def unary(op: Primitive, x: Value) -> Value:
    """`apply` for a function of one Value, with the short way for a scalar."""
    if modes.active or x.shape:
        return apply(op, x)
    compute = op.scalar
    assert compute is not None
    return _record_scalar(op, x, None, compute(x._data), x.requires_grad)


def _binary(name: str, reflected: bool = False) -> Callable[[Value, Any], Value]:
    """An operator method."""
    op = PRIMITIVES[name]
    compute = op.scalar
    assert compute is not None

    def operator(self: Value, other: Any) -> Any:
        kind = other.__class__
        if kind is not Value:
            if kind is float or kind is int:
                other = constant(other, ())
            elif _is_foreign(other):
                return NotImplemented
            else:
                other = lift(other, name)
        x, y = (other, self) if reflected else (self, other)
        if modes.active or x.shape or y.shape:
            return apply(op, x, y)
        a, b = x._data, y._data
        if a.__class__ is not b.__class__:
            _check_kinds(op, (x, y))
        try:
            data = compute(a, b)
        except _REFUSALS as error:
            raise _named(op, (x, y), error) from None
        return _record_scalar(op, x, y, data, x.requires_grad or y.requires_grad)

    return operator


def _comparison(name: str) -> Callable[[Value, Any], Value]:
    """An operator method whose result is a mask."""
    compare = _binary(name)

    def operator(self: Value, other: Any) -> Any:
        result = compare(self, other)
        return result if result is NotImplemented else as_mask(result)

    return operator


def _logical(symbol: str, name: str) -> Callable[[Value, Any], Value]:
    """An operator method that joins two masks into one."""

    def operator(self: Value, other: Any) -> Any:
        _require_masks(symbol, self, other)
        return as_mask(apply(PRIMITIVES[name], self, other))

    return operator


def _invert(self: Value) -> Value:
    _require_masks("~", self)
    return as_mask(apply(PRIMITIVES["equal"], self, constant(0, ())))


def _require_masks(symbol: str, *operands: Any) -> None:
    for x in operands:
        if not isinstance(x, Value) or not is_mask(x):
            raise TypeError(f"{symbol}: joins comparisons, as in (x > 0) & (x < 1), but one side is {shown(x)}")


def record(
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
        node.op = node._x = node._y = None
        node.params = NO_PARAMS
        node.requires_grad = False
    return node


def _record_scalar(op: Primitive, x: Value, y: Value | None, data: Any, wanted: bool) -> Value:
    """`record` for a scalar of one or two scalars in the default modes."""
    node: Value = _new(Value)
    node._data = data
    node._grad = node._meta = None
    node._serial = next_serial()
    node.shape = ()
    node.params = NO_PARAMS
    if wanted:
        node.op = op
        node._x = x
        node._y = y
        node.requires_grad = op.differentiable
    else:
        node.op = node._x = node._y = None
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


def _check_kinds(op: Primitive, inputs: tuple[Value, ...]) -> None:
    """Refuse kinds of number that do not mix without loss; Python itself makes a float of Fraction + float."""
    samples = [data[0] for x in inputs if (data := x._data if x.shape else (x._data,))]
    kinds = set(map(type, samples))
    kinds.discard(int)
    if len(kinds) > 1 and op.name != "where":  # a condition may be of any kind
        samples = [v for v in samples if type(v) is not int]
        for v in samples[1:]:
            common_kind(op.name, samples[0], v)


#: What Python says of operands whose kinds do not go together.
_OF_KINDS = ("operand type", "not supported between instances", "must be real number", "convert complex", "too large")


def _named(op: Primitive, inputs: tuple[Value, ...], error: Exception) -> Exception:
    """The error of a kernel as one that names the operation and what it was given; those of `numeric` do already."""
    if isinstance(error, DecimalException):
        numbers = [shown(x._data) for x in inputs if not x.shape]
        given = f" at {' and '.join(numbers)}" if len(numbers) == len(inputs) else ""
        if isinstance(error, Overflow):
            return OverflowError(f"{op.name}: the result{given} exceeds the exponents of the decimal context")
        return ValueError(f"{op.name}: not defined{given} for Decimal; use float for the IEEE result")
    if isinstance(error, MemoryError):
        shapes = shown([x.shape for x in inputs])
        return MemoryError(f"{op.name}: no memory for a result from inputs of shapes {shapes}")
    text = str(error)
    if (name := text.partition(":")[0]) in numeric.__all__ or (name and op.name.startswith(name)):
        return type(error)(text)
    if PRIMITIVES.get(op.name) is not op and not any(words in text for words in _OF_KINDS):
        error.args = (f"{op.name}: {text:.200}",)
        return error  # of the user's own function, whose line its traceback names
    kinds = " and ".join(type(x._flat()[0]).__name__ if x.size else "nothing" for x in inputs)
    remedy = "use Fraction or Decimal" if isinstance(error, OverflowError) else "convert to a kind that has it"
    return type(error)(f"{op.name}: {kinds}: {text}; {remedy}")


_OURS = (Value, int, float, complex, Fraction, Decimal, list, tuple, str, bytes, dict, set, type(None))


def _is_foreign(x: Any) -> bool:
    """Whether `x` is neither a number nor made of numbers, and may know by itself what to do with a Value."""
    return not isinstance(x, _OURS) and hasattr(x, "__radd__") and not hasattr(x, "__array__")


#: Rows whose function in `numeric` has another name, because Python has its own abs and pow.
_ROW_OF = {"absolute": "abs", "divide": "div", "power": "pow"}


def _called_by_numeric(self: Value, name: str, *args: Any, **params: Any) -> Value:
    """``__tinygrad_apply__``: how `numeric` and `vjps` hand Values back to the engine."""
    if name == "pi_like":
        return constant(numeric.pi_like(self._flat()[0] if self.size else 0.0), ())
    if name in ("zero_like", "one_like"):
        like = numeric.zero_like if name == "zero_like" else numeric.one_like
        number = like(self._flat()[0]) if self.size else like(0.0)
        return constant([number] * self.size if self.shape else number, self.shape)
    return apply(PRIMITIVES[_ROW_OF.get(name, name)], *map(lift, args), **params)


def _power(plain: Callable[[Value, Any], Value]) -> Callable[..., Value]:
    """``x ** y``; Python hands over a third operand if ``pow`` is given one."""

    def operator(self: Value, other: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            raise TypeError("pow: a modulus is for whole numbers; write (x ** y) % z")
        return plain(self, other)

    return operator


def _neg(self: Value) -> Value:
    return unary(PRIMITIVES["neg"], self)


def _pos(self: Value) -> Value:
    return self


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
Value.__pow__ = _power(Value.__pow__)  # type: ignore[method-assign]
# Comparisons give 0 and 1 without gradient. == and != compare identity, so that Values can be keys; see `equal`.
for _operator, _row in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
    setattr(Value, f"__{_operator}__", _comparison(_row))
for _symbol, _operator, _row in (("&", "and", "mul"), ("|", "or", "maximum"), ("^", "xor", "not_equal")):
    setattr(Value, f"__{_operator}__", _logical(_symbol, _row))
    setattr(Value, f"__r{_operator}__", _logical(_symbol, _row))
_METHODS = {"neg": _neg, "pos": _pos, "abs": _abs, "invert": _invert, "tinygrad_apply": _called_by_numeric}
for _operator, _method in _METHODS.items():
    setattr(Value, f"__{_operator}__", _method)

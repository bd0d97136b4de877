"""Expressions from the command line, such as ``a*b + c.tanh()``: read as a tree, never executed as Python."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

from tinygrad_lists import Value, functions

__all__ = ["evaluate", "numbers"]

#: What names stand for that nobody has set, in the order in which they appear.
_DEFAULTS = (2.0, -3.0, 10.0, -2.0, 0.5, 4.0, -1.5, 3.0)

#: Larger expressions, and larger numbers as arguments, are refused.
_LARGEST, _LARGEST_INT = 800, 1000

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}

_METHODS = frozenset(functions.__all__) - {"one_hot", "gather", "scatter_add"}


def evaluate(text: str, given: Mapping[str, Value] | None = None) -> Value:
    """The Value of an expression.

    It may have names, numbers, lists of numbers, ``+ - * / ** @``, brackets, indices, and the functions of
    `tinygrad_lists.functions` as functions or methods.

    Args:
        given: what names stand for; others get a number by the order in which they appear: 2, -3, 10, ...

    Raises:
        ValueError: anything else, with the place.

    >>> evaluate("a*b + c").data
    4.0
    >>> evaluate("(w @ [1, 2]).relu().sum()", {"w": Value([[1.0, -1.0], [0.5, 2.0]], name="w")}).data
    4.5
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        place = f" at column {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ValueError(f"{text!r} is no expression{place}; try 'a*b + c'") from None
    if sum(1 for _ in ast.walk(tree)) > _LARGEST:
        raise ValueError(f"the expression is too long; write it in a script and draw SCRIPT.py:NAME (limit {_LARGEST})")
    evaluation = _Evaluation(text, given or {})
    try:
        value = evaluation.value(tree.body)
    except (TypeError, IndexError, ArithmeticError) as error:
        raise ValueError(f"{text!r}: {error}") from None
    unused = sorted(set(given or {}) - set(evaluation.names))
    if unused:
        raise ValueError(f"--set {unused[0]}: there is no {unused[0]} in {text!r}")
    return value if isinstance(value, Value) else Value(value, requires_grad=False)


def numbers(text: str, what: str) -> Any:
    """A number or nested lists of numbers.

    >>> numbers("[[1, 2], [3, -4.5]]", "a")
    [[1, 2], [3, -4.5]]
    """
    try:
        found = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError, MemoryError, RecursionError, TypeError):
        found = None
    if isinstance(found, bool) or not isinstance(found, int | float | list | tuple):
        raise ValueError(f"{what}: {text!r} is neither a number nor a list of numbers")
    return found


class _Evaluation:
    """One expression with what its names stand for."""

    def __init__(self, text: str, given: Mapping[str, Value]) -> None:
        self.text = text
        self.names: dict[str, Value] = {}
        self.given = given
        self.defaults = cycle(_DEFAULTS)

    def value(self, tree: ast.expr) -> Any:
        """A Value; a float for a number that stands alone."""
        if isinstance(tree, ast.Name):
            return self._named(tree.id)
        if isinstance(tree, ast.BinOp) and type(tree.op) in _BINARY:
            left, right = self.value(tree.left), self.value(tree.right)
            if not isinstance(left, Value) and not isinstance(right, Value):
                left = Value(left, requires_grad=False)
            return _BINARY[type(tree.op)](left, right)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
            value = self.value(tree.operand)
            value = Value(value, requires_grad=False) if isinstance(value, list) else value
            return -value if isinstance(tree.op, ast.USub) else value
        if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
            return float(tree.value)
        if isinstance(tree, ast.List | ast.Tuple):
            return numbers(ast.unparse(tree), "a list")
        if isinstance(tree, ast.Subscript):
            return self._tensor(tree.value)[self._index(tree.slice)]
        if isinstance(tree, ast.Attribute) and tree.attr in ("T", "mT"):
            return getattr(self._tensor(tree.value), tree.attr)
        if isinstance(tree, ast.Call):
            return self._call(tree)
        raise self._refused(tree)

    def _named(self, name: str) -> Value:
        if name not in self.names:
            if name in _METHODS and name not in self.given:
                raise ValueError(f"{name} is a function; write {name}(a) or a.{name}()")
            self.names[name] = self.given[name] if name in self.given else Value(next(self.defaults), name=name)
        return self.names[name]

    def _tensor(self, tree: ast.expr) -> Value:
        value = self.value(tree)
        return value if isinstance(value, Value) else Value(value, requires_grad=False)

    def _call(self, tree: ast.Call) -> Any:
        """``exp(a)`` or ``a.exp()``; what follows the first operand may be plain numbers, such as axes and shapes."""
        if isinstance(tree.func, ast.Attribute):
            name, operands, others = tree.func.attr, [tree.func.value], tree.args
        elif isinstance(tree.func, ast.Name):
            name, operands, others = tree.func.id, tree.args[:1], tree.args[1:]
        else:
            raise self._refused(tree)
        if name not in _METHODS or not operands:
            raise ValueError(
                f"{name!r} in {self.text!r} is no function here; there are {', '.join(sorted(_METHODS)[:12])}, …"
            )
        arguments = [self._argument(argument) for argument in others]
        options = {str(option.arg): self._argument(option.value) for option in tree.keywords}
        if name in ("concat", "stack"):
            if not isinstance(operands[0], ast.List | ast.Tuple):
                raise self._refused(tree)
            first: Any = [self._tensor(part) for part in operands[0].elts]
        else:
            first = self._tensor(operands[0])
        return getattr(functions, name)(first, *arguments, **options)

    def _argument(self, tree: ast.expr) -> Any:
        """An int, a tuple of ints, True, False or None as they are; anything else as a Value."""
        try:
            plain = ast.literal_eval(tree)
        except ValueError:
            return self.value(tree)
        for part in ast.walk(tree):
            if isinstance(part, ast.Constant) and isinstance(part.value, int) and abs(part.value) > _LARGEST_INT:
                raise ValueError(f"{part.value} in {self.text!r} is too large for a size or an axis ({_LARGEST_INT})")
        return plain

    def _index(self, tree: ast.expr) -> Any:
        if isinstance(tree, ast.Tuple):
            return tuple(self._index(part) for part in tree.elts)
        if isinstance(tree, ast.Slice):
            ends = [None if part is None else self._index(part) for part in (tree.lower, tree.upper, tree.step)]
            return slice(*ends)
        try:
            index = ast.literal_eval(tree)
        except ValueError:
            raise self._refused(tree) from None
        if not isinstance(index, int | list):
            raise self._refused(tree)
        return index

    def _refused(self, tree: ast.AST) -> ValueError:
        part = ast.unparse(tree)
        return ValueError(
            f"{part!r:.60} cannot stand in an expression; there are names, numbers, + - * / ** @ and functions"
        )

"""Mistakes that nobody chose: every small change of the handwritten layers' code that a machine can think of.

The catalogue's mistakes were known when the diagnosis was written. These were not looked at one by one: each operator,
comparison, constant, index and loop of `forward` and `backward` is changed in turn.
"""

from __future__ import annotations

import ast
import copy
import inspect
import random
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from mutants.mutant import CLASSES
from nn.compare.examples import one_hot, random_numbers

#: Layers and methods that are changed. What only checks or remembers is left alone.
METHODS = {
    "conv2d": ("forward", "backward", "pad", "crop"),
    "maxpool2d": ("forward", "backward"),
    "relu": ("forward", "backward"),
    "flatten": ("forward", "backward"),
    "dense": ("forward", "backward"),
    "softmax": ("backward",),
    "cross-entropy": ("forward", "backward"),
    "softmax-cross-entropy": ("forward", "backward"),
}

OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.NotEq: [ast.Eq],
    ast.Eq: [ast.NotEq],
}
INDICES = {"i": "j", "j": "i", "k": "l", "l": "k", "m": "n", "n": "m", "f": "c", "c": "f"}


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(what is done, new node) for everything that can be done to one node."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for new in OPERATORS.get(type(node.op), []):
            yield f"{type(node.op).__name__} -> {new.__name__}", changed(node, op=new())
    if isinstance(node, ast.AugAssign):
        yield "not added up", ast.Assign([node.target], node.value)
    if isinstance(node, ast.Compare):
        for new in OPERATORS.get(type(node.ops[0]), []):
            yield f"{type(node.ops[0]).__name__} -> {new.__name__}", changed(node, ops=[new()])
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} -> {node.value + 1}", ast.Constant(node.value + 1)
        if node.value:
            yield f"{node.value} -> {node.value - 1}", ast.Constant(node.value - 1)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus left out", node.operand
    if isinstance(node, ast.IfExp):
        yield "branches exchanged", changed(node, body=node.orelse, orelse=node.body)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        yield "one turn less", changed(node, args=[*node.args[:-1], minus_one(node.args[-1])])
        if len(node.args) == 1:
            yield "begins at 1", changed(node, args=[ast.Constant(1), node.args[0]])
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
        yield "one beside", changed(node, slice=minus_one(node.slice))
        if node.slice.id in INDICES:
            yield "another index", changed(node, slice=ast.Name(INDICES[node.slice.id], ast.Load()))


def changed(node: Any, **fields: Any) -> Any:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def minus_one(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Sub(), ast.Constant(1))


class Replace(ast.NodeTransformer):
    """Puts a node in the place of the n-th one."""

    def __init__(self, place: int, new: ast.AST) -> None:
        self.place, self.new, self.seen = place, new, -1

    def visit(self, node: ast.AST) -> Any:
        self.seen += 1
        return self.new if self.seen == self.place else self.generic_visit(node)


class Nodes(ast.NodeVisitor):
    """All nodes, in the order in which `Replace` meets them."""

    def __init__(self) -> None:
        self.found: list[ast.AST] = []

    def visit(self, node: ast.AST) -> None:
        self.found.append(node)
        self.generic_visit(node)


def automatic() -> Iterator[tuple[str, str, type]]:
    """(name, kind, class) of every mutant. Types, docstrings and messages are left alone."""
    for kind, methods in METHODS.items():
        for method in methods:
            base = CLASSES[kind]
            tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(base, method))))
            nodes = Nodes()
            nodes.visit(tree)
            body = {id(n) for statement in relevant(tree) for n in ast.walk(statement)}
            for place, node in enumerate(nodes.found):
                for n, (what, new) in enumerate(changes(node)) if id(node) in body else ():
                    twin = Replace(place, new).visit(copy.deepcopy(tree))
                    name = f"{kind}.{method}, line {getattr(node, 'lineno', 0)}, {place}.{n}: {what}"
                    yield name, kind, made(base, method, twin)


def relevant(tree: ast.Module) -> list[ast.stmt]:
    """Statements that compute; not those that only raise errors."""
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    return [s for s in function.body if not (isinstance(s, ast.If) and isinstance(s.body[0], ast.Raise))]


def made(base: type, method: str, tree: ast.Module) -> type:
    namespace: dict[str, Any] = dict(vars(sys.modules[base.__module__]))
    exec(compile(ast.fix_missing_locations(tree), "<automatic mutant>", "exec"), namespace)
    return type(base.__name__, (base,), {method: namespace[method]})


# -- whether it matters -----------------------------------------------------------------------------------------------


def layers(cls: type, kind: str, rng: random.Random) -> tuple[Any, tuple[int, ...]]:
    """A layer of this class with random numbers and settings, and the shape of an input."""
    if kind == "conv2d":
        filters, channels, size = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 3)
        weight = random_numbers((filters, channels, size, rng.randint(1, 3)), rng)
        layer = cls(weight, random_numbers((filters,), rng), rng.randint(1, 2), rng.randint(0, 2))
        return layer, (channels, rng.randint(3, 6), rng.randint(3, 6))
    if kind == "maxpool2d":
        size = rng.randint(1, 3)
        return cls(size, rng.randint(1, 3)), (rng.randint(1, 3), rng.randint(3, 7), rng.randint(3, 7))
    if kind == "dense":
        inputs, outputs = rng.randint(1, 5), rng.randint(1, 5)
        return cls(random_numbers((inputs, outputs), rng), random_numbers((outputs,), rng)), (inputs,)
    if kind in ("relu", "flatten"):
        return cls(), (rng.randint(1, 3), rng.randint(1, 4), rng.randint(1, 4))
    return cls(), (rng.randint(2, 5),)


def answers(cls: type, kind: str, seed: int) -> Any:
    """Everything that a layer of this class returns in two passes on random numbers; or the error that it raises."""
    rng = random.Random(f"{kind} {seed}")
    layer, shape = layers(cls, kind, rng)
    found: list[Any] = []
    try:
        for _ in range(2):
            x = random_numbers(shape, rng)
            if kind in ("relu", "maxpool2d"):
                x = rounded(x)
            if kind == "cross-entropy":
                x = [abs(v) / sum(map(abs, x)) for v in x]
            if kind in ("cross-entropy", "softmax-cross-entropy"):
                found += [layer.forward(x, one_hot(rng.randrange(shape[0]), shape[0])), layer.backward()]
                continue
            y = layer.forward(x)
            found += [y, layer.backward(like(y, rng)), layer.gradients()]
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, NameError) as error:
        found.append(type(error).__name__)
    return found


def rounded(x: Any) -> Any:
    """Whole numbers: zeros and equal ones among them."""
    return [rounded(part) for part in x] if isinstance(x, list) else float(round(x))


def like(y: Any, rng: random.Random) -> Any:
    return [like(part, rng) for part in y] if isinstance(y, list) else rng.choice((-1, 1)) * rng.randint(1, 99) / 32


def matters(cls: type, kind: str) -> bool:
    """Whether a mutant ever returns anything else than the original, in 100 tries to the bit."""
    return any(answers(cls, kind, seed) != answers(CLASSES[kind], kind, seed) for seed in range(100))

"""A function of trees of Values as a function of flat lists of numbers, at which oracles and rules can be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from operator import mul
from random import Random
from typing import Any

from .. import modes
from ..backward import gradients
from ..evaluation import as_value
from ..nested import KINDS, flatten
from ..operations import lift
from ..shapes import Shape, numel
from ..trees import leaves, map_tree
from ..value import Value, constant
from .slopes import exponent

__all__ = ["RULE_ERRORS", "Direction", "Leaf", "Problem", "UnableError", "directed", "random_cotangent"]

Flat = list[Any]
#: A direction in one variable: how far each of its elements moves.
Direction = dict[int, float]

#: What a rule raises when it is wrong about shapes, parameters or the number of its inputs.
RULE_ERRORS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)


class UnableError(Exception):
    """A function does not run on numbers of the kind that an oracle needs; `__cause__` says why."""


class Leaf:
    """One tensor or number among the arguments."""

    __slots__ = ("flat", "label", "shape", "variable")

    def __init__(self, label: str, flat: Flat, shape: Shape, variable: bool) -> None:
        self.label = label
        self.flat = flat
        self.shape = shape
        self.variable = variable


class Problem:
    """``f(*args)``, with numbers of any kind in the places of the numbers of `args`.

    Variables are what gradients are checked for: everything but ints, masks and Values that require no gradient; if
    nothing else is there, all numbers. The rest of `args` is handed on, in the same kind of number where it is floats.
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.f = f
        self.args = args
        self.leaves = [leaf for i, arg in enumerate(args) for leaf in _leaves_of(arg, f"argument {i}")]
        if not any(leaf.variable for leaf in self.leaves):
            for leaf in self.leaves:
                leaf.flat, leaf.variable = [float(v) if type(v) is int else v for v in leaf.flat], True
        self.variables = [leaf for leaf in self.leaves if leaf.variable]
        self.numbers = [v for leaf in self.variables for v in leaf.flat]
        #: Kind of number of the variables as they were given.
        self.kind: type = type(self.numbers[0]) if self.numbers else float
        powers = [exponent(v) for v in self.numbers if v]
        #: Powers of two of the smallest number (at most 1) and of the largest (at least 1).
        self.span = min([0, *powers]), max([0, *powers])

    def flats(self, convert: Callable[[Any], Any]) -> list[Flat]:
        """The numbers of each variable, converted. Raises UnableError where one is too large for a float."""
        try:
            return [list(map(convert, leaf.flat)) for leaf in self.variables]
        except OverflowError as error:
            raise UnableError(str(error)) from error

    def values(self, flats: Sequence[Flat], requires_grad: bool) -> list[Value]:
        """A Value for each variable; they share the lists."""
        made = []
        for leaf, flat in zip(self.variables, flats, strict=True):
            value = constant(flat if leaf.shape else flat[0], leaf.shape)
            value.requires_grad = requires_grad
            made.append(value)
        return made

    def call(self, variables: Sequence[Value], convert: Callable[[Any], Any]) -> list[Value]:
        """The Values that `f` returns, without ints and truth values, which have no derivative."""
        position = count()
        own = iter(variables)

        def replaced(given: Any) -> Any:
            if not _is_number(given):
                return given
            leaf = self.leaves[next(position)]
            if leaf.variable:
                return next(own)
            if leaf.flat and type(leaf.flat[0]) is self.kind:
                flat = list(map(convert, leaf.flat))
                return constant(flat if leaf.shape else flat[0], leaf.shape)
            return given

        result = self.f(*(map_tree(replaced, arg) for arg in self.args))
        outs = [lift(out, "check_grads") for out in leaves(result)]
        outs = [out for out in outs if not out.size or type(out._flat()[0]) is not int]
        if not outs:
            raise TypeError(f"check_grads: the function returned {result!r:.60}, which has no derivative")
        return outs

    def level(
        self,
        flats: Sequence[Flat],
        seeds: Sequence[Sequence[Value]],
        levels: int,
        convert: Callable[[Any], Any],
        graph: bool = False,
    ) -> list[Value]:
        """Level 0: what `f` returns. Level n: gradient of ``sum(level n-1 · seeds)`` for each variable.

        With `graph` they carry a graph, of which the seeds are part if they require gradients. Raises UnableError for
        what `f` and the rules raise on a kind of number that is not that of the arguments.
        """
        if convert is self.kind:
            return self._level(flats, seeds, levels, convert, graph)
        try:
            values = self._level(flats, seeds, levels, convert, graph)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise UnableError(str(error)) from error
        kind = type(convert(0))
        for value in values:
            # `math` makes floats of every kind of number without a word.
            if not set(map(type, value._flat())) <= {kind, int}:
                raise UnableError(f"it gives {type(value._flat()[0]).__name__} for {kind.__name__}")
        return values

    def _level(
        self,
        flats: Sequence[Flat],
        seeds: Sequence[Sequence[Value]],
        levels: int,
        convert: Callable[[Any], Any],
        graph: bool,
    ) -> list[Value]:
        variables = self.values(flats, requires_grad=True)
        with modes.recording():
            current = self.call(variables, convert)
            for n in range(levels):
                found = gradients(current, seeds[n], create_graph=graph or n + 1 < levels, targets=variables)
                current = [as_value(found.get(v), v) for v in variables]
        return current

    def projected(
        self, flats: Sequence[Flat], seeds: Sequence[Sequence[Value]], levels: int, convert: Callable[[Any], Any]
    ) -> Any:
        """``sum(level n · seeds)``: the number whose gradient level n + 1 is."""
        terms: list[Any] = []
        for out, seed in zip(self.level(flats, seeds, levels, convert), seeds[levels], strict=True):
            terms += map(mul, out._flat(), seed._flat())
        return sum(terms[1:], terms[0]) if terms else convert(0)


def random_cotangent(
    like: Sequence[Value] | Sequence[Leaf], random: Random, convert: Callable[[Any], Any]
) -> list[Value]:
    """A random signed Value for each shape; multiples of 1/64, so that all kinds of number have the same."""
    cotangents = []
    for v in like:
        numbers = (random.choice((-1, 1)) * random.randrange(32, 128) for _ in range(numel(v.shape)))
        flat = [convert(n) / 64 for n in numbers]
        cotangents.append(constant(flat if v.shape else flat[0], v.shape))
    return cotangents


def directed(problem: Problem, n: int, direction: Direction, convert: Callable[[Any], Any]) -> list[Value]:
    """A Value for each variable: the direction for the n-th, 0 for the others."""
    made = []
    for k, leaf in enumerate(problem.variables):
        flat = [convert(direction.get(i, 0) if k == n else 0) for i in range(len(leaf.flat))]
        made.append(constant(flat if leaf.shape else flat[0], leaf.shape))
    return made


def _leaves_of(tree: Any, place: str) -> list[Leaf]:
    found: list[Leaf] = []
    places = iter(_places(tree, place))

    def visit(given: Any) -> None:
        label = next(places)
        if not _is_number(given):
            return
        if isinstance(given, Value):
            flat, shape = given._flat(), given.shape
            label = f"{label} {given.name!r}" if given.name else label
        else:
            flat, shape = flatten(given, op="check_grads")
        is_int = bool(flat) and type(flat[0]) is int
        wanted = not is_int and (not isinstance(given, Value) or given.requires_grad)
        found.append(Leaf(label, list(flat), shape, wanted))

    map_tree(visit, tree)
    return found


def _is_number(given: Any) -> bool:
    """Whether a leaf of a tree is a Value, a number or nested lists of numbers."""
    while isinstance(given, list | tuple) and given:
        given = given[0]
    return isinstance(given, (Value, *KINDS))


def _places(tree: Any, place: str) -> list[str]:
    """Where each leaf stands, in order, as ``argument 0['w'][1]``."""
    if isinstance(tree, dict):
        return [p for key, branch in tree.items() for p in _places(branch, f"{place}[{key!r}]")]
    if isinstance(tree, list | tuple) and len(leaves(tree)) != 1:
        return [p for i, branch in enumerate(tree) for p in _places(branch, f"{place}[{i}]")]
    return [place] * len(leaves(tree))

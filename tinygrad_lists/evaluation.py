"""One evaluation of a function on variables of its own: what all of `transforms` begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import modes
from .backward import gradients
from .number_kinds import shown
from .operations import apply, lift
from .primitives import PRIMITIVES
from .shapes import Shape, numel
from .trees import leaves, map_tree
from .value import Value, constant, next_serial

__all__ = ["Argnums", "Evaluation", "as_value", "function_of", "zeros"]

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def function_of(op: str, f: Any) -> Function:
    """`f`, if it can be called; else TypeError naming `op`."""
    if callable(f):
        return f  # type: ignore[no-any-return]
    remedy = "; for the gradients of a Value that is computed already, call its .backward()"
    raise TypeError(f"{op}: takes a function, not {shown(f)}{remedy if isinstance(f, Value) else ''}")


class Evaluation:
    """One evaluation of a function with chosen arguments replaced by variables of its own.

    A variable is a fresh leaf; or, if its argument requires a gradient outside, a node that is equal to it, so that the
    derivative can be differentiated with respect to the argument as well. Either way it is another Value than the
    argument, and another use of that inside `f` is not mistaken for it.
    """

    def __init__(
        self,
        op: str,
        f: Function,
        args: tuple[Any, ...],
        argnums: Argnums,
        kwargs: dict[str, Any],
        has_aux: bool = False,
    ) -> None:
        self.op = op
        self.single = isinstance(argnums, int)
        self.variables: list[Value] = []
        positions = _positions(op, argnums, len(args))
        replaced = list(args)
        for i in positions:
            replaced[i] = map_tree(self._variable, args[i])
        if not self.variables:
            raise ValueError(f"{op}: there is no number in the arguments to differentiate with respect to")
        self.arguments = tuple(replaced[i] for i in positions)
        self.read = False  # whether `f` read numbers that depend on the variables
        start, outer = next_serial(), modes.state.reader

        def read(value: Value) -> None:
            self.read = self.read or value in self.variables or (value.requires_grad and value._serial > start)
            if outer is not None:
                outer(value)

        with modes.setting(recording=True, reader=read):
            result = f(*replaced, **kwargs)
        self.aux = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(f"{op}: with has_aux the function must return a pair, not {shown(result)}")
            result, self.aux = result
        self.out = map_tree(self._output, result)
        self.keeps_graph = modes.state.recording and _leads_outside(leaves(self.out), self.variables)

    def _variable(self, leaf: Any) -> Value:
        if isinstance(leaf, Value) and leaf.requires_grad and modes.state.recording:
            variable = apply(PRIMITIVES["reshape"], leaf, shape=leaf.shape)
        else:
            variable = Value(lift(leaf, self.op))
        self.variables.append(variable)
        return variable

    def _output(self, leaf: Any) -> Value:
        if self.read and not isinstance(leaf, Value):
            raise TypeError(
                f"{self.op}: the function read numbers (.data, .item(), float(), math.exp), through which no gradient "
                f"flows, and returned {shown(leaf)}; compute with Values (functions.exp), or return a constant as Value"
            )
        try:
            return lift(leaf, self.op)
        except TypeError:
            raise TypeError(f"{self.op}: the function returned {shown(leaf)}; it must return Values") from None

    def scalar(self) -> Value:
        """The output, which must be one scalar."""
        out = self.out
        if not isinstance(out, Value):
            raise TypeError(f"{self.op}: the function returned {shown(out)}; it must return a scalar Value")
        if out.shape:
            raise ValueError(
                f"{self.op}: the function returned shape {out.shape}, not a scalar; reduce it (.sum(), .mean()), or "
                f"use vjp or jacobian"
            )
        return out

    def result(self) -> Any:
        """The output for the caller, without its graph where nobody outside could use that."""
        return self.out if self.keeps_graph else map_tree(Value.detach, self.out)

    def pull_back(self, outs: Sequence[Value], seeds: Sequence[Value]) -> list[Value]:
        """Gradient of ``sum(out · seed)`` for each variable; zeros where `outs` do not depend on it."""
        found = gradients(outs, seeds, create_graph=self.keeps(seeds), targets=self.variables)
        return [as_value(found.get(v), v) for v in self.variables]

    def derivative_along(
        self, directions: Sequence[Value], slopes: dict[Value, Any], targets: Sequence[Value]
    ) -> list[Value]:
        """Gradient of ``sum(slope · direction)``, over the variables and their `slopes`, for each of `targets`."""
        pairs = [(slopes[v], t) for v, t in zip(self.variables, directions, strict=True) if v in slopes]
        found = gradients(
            [s for s, _ in pairs], [t for _, t in pairs], create_graph=self.keeps(directions), targets=targets
        )
        return [as_value(found.get(v), v) for v in targets]

    def keeps(self, directions: Sequence[Value]) -> bool:
        """Whether someone outside could differentiate what comes of these outputs and directions."""
        return self.keeps_graph or (modes.state.recording and any(d.requires_grad for d in directions))

    def shaped(self, values: Sequence[Value]) -> Any:
        """One Value per variable, in the structure of the arguments; a tuple, unless `argnums` was an int."""
        one_by_one = iter(values)
        tree = tuple(map_tree(lambda _: next(one_by_one), argument) for argument in self.arguments)
        return tree[0] if self.single else tree


def _positions(op: str, argnums: Argnums, count: int) -> list[int]:
    given = list(argnums) if isinstance(argnums, Iterable) else [argnums]
    for i in given:
        if isinstance(i, bool) or not isinstance(i, int) or not -count <= i < count:
            raise ValueError(f"{op}: argnums {shown(argnums)} does not name one of the {count} positional arguments")
    positions = [i % count for i in given]
    if len(set(positions)) != len(positions):
        raise ValueError(f"{op}: argnums {shown(argnums)} names an argument twice")
    return positions


def _leads_outside(outs: Sequence[Value], variables: Sequence[Value]) -> bool:
    """Whether anything but fresh variables could be differentiated with respect to."""
    own = {v for v in variables if v.op is None}
    stack = [out for out in outs if out.requires_grad]
    seen = set(stack)
    while stack:
        node = stack.pop()
        if node.op is None and node not in own:
            return True
        for x in node.inputs:
            if x.requires_grad and x not in seen:
                seen.add(x)
                stack.append(x)
    return False


def zeros(shape: Shape, like: Value) -> Value:
    """Constant zeros in the kind of number of `like`."""
    zero = type(like._flat()[0])() if like.size else 0.0
    zero = 0.0 if zero.__class__ is int else zero
    return constant([zero] * numel(shape) if shape else zero, shape)


def as_value(g: Any, like: Value) -> Value:
    """A gradient as `gradients` gives it, as a Value."""
    if g is None:
        return zeros(like.shape, like)
    return g if isinstance(g, Value) else constant(g, ())

"""Checkpointing: forget the graph of a part of the program, and run that part again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import modes
from .backward import gradients
from .evaluation import function_of
from .functions import concat, flatten
from .notes import keep_mask
from .number_kinds import shown
from .operations import apply, lift, record
from .primitives import PRIMITIVES, Primitive
from .shapes import Shape, numel
from .trees import leaves, map_tree
from .value import Value, constant, next_serial

__all__ = ["checkpoint"]


def checkpoint(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``f(*args, **kwargs)``, keeping only what goes in and comes out: the graph between is made again in the backward
    pass, when it is needed, and dropped again (Chen et al., 2016).

    A network of n equal parts, each in a checkpoint, holds the graph of one part at a time instead of n, for one more
    forward pass. What `f` uses beside its arguments, such as the parameters of a layer, gets its gradient as well.
    Gradients are those without a checkpoint, to the bit, unless one Value is used in several checkpoints: then its
    contributions are added up in another order.

    Derivatives of any order work. A gradient that is recorded (``create_graph``, nested transforms) holds the graph of
    the part again, so that higher orders save nothing.

    Args:
        f: must compute the same again; draws of random numbers inside it must start from a seed of its own. Returns a
            Value or a tree of Values.

    Raises:
        TypeError: `f` is no function. RuntimeError, in the backward pass: `f` gave another result than the first time,
            or data of a Value that it used was assigned since.

    >>> x = Value(3.0)
    >>> y = checkpoint(lambda x: (x * x * x).relu(), x)
    >>> y.inputs == (x,), y.op.name
    (True, 'checkpoint')
    >>> y.backward()
    >>> x.grad
    27.0
    """
    function_of("checkpoint", f)
    if not modes.state.recording or modes.state.trace is not None:
        return f(*args, **kwargs)
    start = next_serial()
    given = [leaf for leaf in leaves([args, kwargs]) if isinstance(leaf, Value)]
    part = _Part(f, args, kwargs)
    result = part.run([_fresh(x) for x in given])
    differentiable = [out.requires_grad for out in leaves(result)]
    outs = [out for out in leaves(result) if out.requires_grad]
    if not outs:
        return result
    part.kept = differentiable
    part.given = len(given)
    part.shape = outs[0].shape if len(outs) == 1 else (sum(out.size for out in outs),)
    captured, part.constants = _captured(outs, start)
    packed = part.pack(result)
    inputs = (*given, *captured)
    node = record(_CHECKPOINT, inputs, packed._data, packed.shape, {"part": part}, True)
    pieces = iter(_unpack(node, outs))
    return map_tree(lambda out: next(pieces) if out.requires_grad else out, result)


class _Part:
    """The part of a program inside a checkpoint: all that it takes to run it again."""

    __slots__ = ("args", "constants", "f", "given", "kept", "kwargs", "shape")

    constants: dict[Value, int]  # constants that it captured, with their serial numbers
    given: int  # how many of the node's inputs are arguments; the others are captured
    kept: list[bool]  # which of the Values that come out carry a gradient
    shape: Shape

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.f = f
        self.args = args
        self.kwargs = kwargs

    def run(self, replacements: Sequence[Value]) -> Any:
        """Result with other Values in place of those among the arguments."""
        following = iter(replacements)
        args, kwargs = map_tree(
            lambda leaf: next(following) if isinstance(leaf, Value) else leaf, (self.args, self.kwargs)
        )
        return map_tree(lambda out: lift(out, "checkpoint"), self.f(*args, **kwargs))

    def pack(self, result: Any) -> Value:
        """Those Values of a result that carry a gradient, as one."""
        outs = [out for out, kept in zip(leaves(result), self.kept, strict=True) if kept]
        return outs[0] if len(outs) == 1 else concat([flatten(out) for out in outs])


def _unpack(node: Value, outs: Sequence[Value]) -> list[Value]:
    if len(outs) == 1:
        return [node]
    pieces, start = [], 0
    for out in outs:
        stop = start + numel(out.shape)
        pieces.append(node[start:stop].reshape(out.shape))
        start = stop
    return pieces


def _fresh(x: Value) -> Value:
    """A leaf with the same data."""
    leaf = keep_mask(constant(x._data, x.shape), x)
    leaf.requires_grad = x.requires_grad
    return leaf


def _captured(outs: Sequence[Value], start: int) -> tuple[list[Value], dict[Value, int]]:
    """Values older than the checkpoint from which its graph grows; and constants that it uses, with their age."""
    stack = list(dict.fromkeys(outs))
    seen = dict.fromkeys(stack)
    constants: dict[Value, int] = {}
    for node in stack:  # grows while it is walked
        if node._serial < start:
            continue
        for x in node.inputs:
            if not x.requires_grad:
                if x._serial < start:
                    constants[x] = x._serial
            elif x not in seen:
                seen[x] = None
                stack.append(x)
    return [node for node in seen if node._serial < start], constants


def _rule(g: Value, out: Value, *inputs: Value, part: _Part) -> tuple[Any, ...]:
    """Run the part again and differentiate it; what it captured are variables like its arguments."""
    for x, serial in part.constants.items():
        if x._serial != serial:
            which = shown(x.name) if x.name else "a constant"
            raise RuntimeError(
                f"checkpoint: the data of {which} (shape {x.shape}) was assigned after the function had used it, so it "
                f"cannot be run again; run the forward pass again before backward"
            )
    again = modes.state.recording
    variables = [
        apply(PRIMITIVES["reshape"], x, shape=x.shape) if again and x.requires_grad else _fresh(x)
        for x in inputs[: part.given]
    ]
    watched = modes.state.watched
    with modes.setting(recording=True, anomaly=watched):
        packed = part.pack(part.run(variables))
    if not _same(packed, out):
        what = "other numbers" if packed.shape == out.shape else f"shape {packed.shape} instead of {out.shape}"
        raise RuntimeError(
            f"checkpoint: the function gave {what} when it was run again; it must compute the same, with random "
            f"numbers from a seed of its own"
        )
    captured = inputs[part.given :]
    variables += captured
    with modes.setting(anomaly=watched):
        found = gradients([packed], [g], create_graph=again, targets=variables, unfinished=captured)
    return tuple(None if found.get(v) is None else lift(found[v]) for v in variables)


def _same(x: Value, y: Value) -> bool:
    if x.shape != y.shape:
        return False
    return all(a == b or (a != a and b != b) for a, b in zip(x._flat(), y._flat(), strict=True))


def _kernel(*arrays: Any, part: _Part) -> list[Any]:
    given = [constant(x if s else x[0], s) for x, s in zip(arrays[::2], arrays[1::2], strict=True)][: part.given]
    for x in given:
        x.requires_grad = True
    with modes.recording():
        return part.pack(part.run(given))._flat()


_CHECKPOINT = Primitive("checkpoint", lambda *shapes, part: part.shape, _kernel)
_CHECKPOINT.vjp = _rule

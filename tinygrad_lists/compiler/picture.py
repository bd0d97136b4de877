"""The graph of a compiled program, to be drawn: its operations with the numbers of now."""

from __future__ import annotations

from typing import Any

from .. import modes
from ..operations import apply
from ..primitives import PRIMITIVES
from ..value import Value, constant
from .entry import Entry
from .program import Node

__all__ = ["graph_of"]


def graph_of(entry: Entry) -> Any:
    """The Graph of the results, new gradients and new data of the latest program, forward, backward and update in one.

    The state has its numbers of now; arguments have those of the call at which the program was recorded.
    """
    from ..graph.capture import capture

    program, made = entry.recorded, dict[Node, Value]()
    with modes.recording():
        for node in program.nodes:
            if node.op:
                value = apply(PRIMITIVES[node.op], *[made[x] for x in node.inputs], **node.params)
            else:
                value = _leaf(entry, node)
            made[node] = value
    names = [v.name or f"value {slot}" for slot, v in enumerate(entry.state)]
    outputs = {f"result {i}": made[node] for i, node in enumerate(program.results)}
    outputs |= {f"{slot}: gradient of {names[slot]}": made[node] for slot, node in program.gradients.items()}
    outputs |= {f"{slot}: new {names[slot]}": made[node] for slot, node in program.assigned.items()}
    return capture(outputs, gradients=False, title="one compiled step")


def _leaf(entry: Entry, node: Node) -> Value:
    """A Value for a leaf; floats want a gradient, so that what is computed from them is recorded."""
    if node.origin == "constant":
        flat = list(node.data or ())
    elif node.origin == "argument":
        flat = entry.example[node.slot]
    else:
        value = entry.state[node.slot]
        data = value._data if node.origin == "state" else value._grad
        flat = list(data) if value.shape else [data]
    leaf = constant(flat if node.shape else flat[0], node.shape)
    leaf.requires_grad = node.kind == "f" and node.origin != "constant"
    if node.label and node.origin != "constant":
        leaf.name = node.label
    return leaf

"""Passes: each turns a program into an equal one that computes less.

======================  =============================================================================
`constants`             what depends on constants alone is computed now; ``x * 1``, ``x / 1`` are x
`common`                what is computed twice is computed once
`pooling`               positions of maxima are kept as places in their window, and a gate of scattered
                        gradients becomes a scatter of gated ones: four times fewer numbers
`padding`               convolutions are left without padding, and all three are correlations
`floats`                ints that are multiplied as matrices become floats
`margins`               what is scattered and then padded is scattered into the padded tensor
`dead`                  what nobody needs goes; every pass ends with it, since nodes are found from the
                        roots again
======================  =============================================================================

Fusion of elementwise chains and of movements into what reads them is not a pass: `layout` decides which nodes get a
buffer, and all others are written out inside the loops of their readers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernels.movement import broadcast_to
from ..primitives import PRIMITIVES
from ..shapes import numel
from .program import Node, Program, in_order

__all__ = ["PASSES", "common", "constants", "dead", "floats", "margins", "optimise", "padding", "pooling", "splat"]

#: Constants of more elements than this are not computed in advance: they would only make the source long.
LARGEST_CONSTANT = 4096


def optimise(program: Program) -> Program:
    """All passes, in order."""
    for run in PASSES:
        program = run(program)
    return program


def dead(program: Program) -> Program:
    """Only what leads to a result, an assignment, a gradient or a check."""
    return program.replace({})


def _rewrite(program: Program, rule: Callable[[Node], Node]) -> Program:
    """Apply `rule` to every node, inputs first; it sees a node whose inputs are already the new ones."""
    new: dict[Node, Node] = {}
    for node in in_order(program.roots()):
        inputs = tuple(new[x] for x in node.inputs)
        if inputs != node.inputs:
            fresh = Node(node.op, inputs, node.params, node.shape, node.kind, node.label)
        else:
            fresh = node
        new[node] = rule(fresh)
    return program.replace(new)


def splat(node: Node) -> Any:
    """The one number of which a constant consists, or None."""
    if node.origin != "constant" or not node.data:
        return None
    first = node.data[0]
    return first if node.data.count(first) == len(node.data) else None


def constants(program: Program) -> Program:
    """Compute what depends on constants alone, by the interpreter's own kernels; drop what changes nothing.

    Left alone are ``x + 0``, which makes 0.0 of -0.0, and ``x * 0``, which may be NaN.
    """

    def rule(node: Node) -> Node:
        if node.op == "reshape" and node.inputs[0].op == "reshape":
            node = Node("reshape", node.inputs[0].inputs, node.params, node.shape, node.kind, node.label)
        if node.op in ("reshape", "broadcast_to", "permute_dims") and _changes_nothing(node):
            return node.inputs[0]
        if node.inputs and node.size and all(x.origin == "constant" for x in node.inputs):
            return _computed(node)
        if node.op in ("mul", "div") and node.shape == node.inputs[0].shape and node.inputs[0].kind == node.kind:
            return node.inputs[0] if splat(node.inputs[1]) == 1 else node
        return node

    return _rewrite(program, rule)


def _changes_nothing(node: Node) -> bool:
    if node.op == "permute_dims":
        return bool(node.params["axes"] == tuple(range(len(node.shape))))
    return node.shape == node.inputs[0].shape


def _computed(node: Node) -> Node:
    values = [splat(x) for x in node.inputs]
    if node.op == "broadcast_to" and values[0] is not None:
        return _constant(node, [values[0]] * numel(node.shape))
    if max(numel(node.shape), *(x.size for x in node.inputs)) > LARGEST_CONSTANT:
        return node
    arrays: list[Any] = []
    for x in node.inputs:
        arrays += [x.data, x.shape]
    if node.op == "broadcast_to":
        return _constant(node, broadcast_to(arrays[0], arrays[1], shape=node.shape))
    return _constant(node, list(PRIMITIVES[node.op].kernel(*arrays, **node.params)))


def _constant(node: Node, data: list[Any]) -> Node:
    kind = "i" if data and type(data[0]) is int else "f"
    return Node("", (), {}, node.shape, kind, node.label, "constant", data=data)


def common(program: Program) -> Program:
    """Compute once what stands in the program twice."""
    known: dict[Any, Node] = {}

    def rule(node: Node) -> Node:
        if node.op:
            key: Any = (node.op, tuple(map(id, node.inputs)), tuple(sorted(node.params.items())))
        elif node.origin == "constant":
            if len(node.data or ()) > LARGEST_CONSTANT:
                return node
            key = (node.shape, node.kind, tuple(map(repr, node.data or ())))
        else:
            key = (node.origin, node.slot)
        return known.setdefault(key, node)

    return _rewrite(program, rule)


def pooling(program: Program) -> Program:
    """Max-pooling without flat positions.

    The engine's max_pool2d_argmax gives positions in the whole tensor, which gather and scatter_add then use. Where
    they are used for nothing else, the place within the window is enough: ``pool_place``, ``pool_gather`` and
    ``pool_scatter``. And since relu has its kink where the maximum was read, for ``p = pool_gather(x, place)``

        gate(pool_scatter(g, place), x)  =  pool_scatter(gate(g, p), place).
    """
    users: dict[Node, list[Node]] = {}
    for node in program.nodes:
        for x in node.inputs:
            users.setdefault(x, []).append(node)
    roots = set(program.roots())
    places = {
        node
        for node in program.nodes
        if node.op == "max_pool2d_argmax"
        and node not in roots
        and node.size
        and all(_is_pooling(user, node) for user in users.get(node, ()))
    }

    def rule(node: Node) -> Node:
        if node.op in ("gather", "scatter_add") and node.inputs[1].op == "pool_place":
            place = node.inputs[1]
            params = {**place.params, "x_shape": place.inputs[0].shape}
            op = "pool_gather" if node.op == "gather" else "pool_scatter"
            return Node(op, node.inputs, params, node.shape, node.kind, node.label or place.label)
        return node

    replaced = _rewrite_places(program, places, rule)
    return _rewrite(replaced, _gate_before_scatter)


def _rewrite_places(program: Program, places: set[Node], rule: Callable[[Node], Node]) -> Program:
    new: dict[Node, Node] = {}
    for node in in_order(program.roots()):
        inputs = tuple(new[x] for x in node.inputs)
        if node in places:
            new[node] = Node("pool_place", inputs, node.params, node.shape, "i", node.label)
            continue
        fresh = node if inputs == node.inputs else Node(node.op, inputs, node.params, node.shape, node.kind, node.label)
        new[node] = rule(fresh)
    return program.replace(new)


def _is_pooling(user: Node, place: Node) -> bool:
    x = place.inputs[0]
    if user.op == "gather":
        return user.inputs[1] is place and user.inputs[0].shape == x.shape
    return user.op == "scatter_add" and user.inputs[1] is place and user.params["shape"] == x.shape


def _gate_before_scatter(node: Node) -> Node:
    if node.op != "gate" or node.inputs[0].op != "pool_scatter":
        return node
    scatter, x = node.inputs
    g, place = scatter.inputs
    if place.inputs[0] is not x or scatter.kind != "f":
        return node
    pooled = Node("pool_gather", (x, place), scatter.params, place.shape, x.kind, place.label)
    gated = Node("gate", (g, pooled), {}, g.shape, g.kind, node.label)
    return Node("pool_scatter", (gated, place), scatter.params, scatter.shape, scatter.kind, scatter.label)


def padding(program: Program) -> Program:
    """Convolutions without padding: it becomes a `pad` of its own, shared by forward and backward.

    The gradient with respect to the input is a correlation too, of the weights read backwards with the gradient set
    among zeros: ``stride - 1`` between its elements and ``dilation · (kernel - 1)`` around it. It is called
    ``correlate_back`` here.
    """

    def rule(node: Node) -> Node:
        if node.op in ("conv2d", "conv2d_weight_grad"):
            x = _padded(node.inputs[0], node.params["padding"])
            params = {**node.params, "padding": (0, 0)}
            return Node(node.op, (x, *node.inputs[1:]), params, node.shape, node.kind, node.label)
        if node.op == "conv2d_input_grad":
            return _correlation(node)
        return node

    return _rewrite(program, rule)


def floats(program: Program) -> Program:
    """Products are of floats: ints among their operands are converted first."""

    def rule(node: Node) -> Node:
        if node.op not in ("matmul", "conv2d", "conv2d_weight_grad", "correlate_back"):
            return node
        inputs = tuple(Node("float", (x,), {}, x.shape, "f", x.label) if x.kind == "i" else x for x in node.inputs)
        return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.shape, "f", node.label)

    return _rewrite(program, rule)


def _padded(x: Node, widths: tuple[int, int]) -> Node:
    if not any(widths):
        return x
    before = (0, 0, *widths)
    bounds = tuple((p, p + size, 1) for p, size in zip(before, x.shape, strict=True))
    shape = tuple(size + 2 * p for p, size in zip(before, x.shape, strict=True))
    return Node("pad", (x,), {"bounds": bounds, "shape": shape}, shape, x.kind, x.label)


def _correlation(node: Node) -> Node:
    g, w = node.inputs
    params = node.params
    bounds, shape = [(0, size, 1) for size in g.shape[:2]], list(g.shape[:2])
    for axis in (0, 1):
        edge = params["dilation"][axis] * (w.shape[2 + axis] - 1)
        end = edge + (g.shape[2 + axis] - 1) * params["stride"][axis] + 1
        bounds.append((edge, end, params["stride"][axis]))
        shape.append(max(end, edge + params["padding"][axis] + node.shape[2 + axis]))
    spread = Node("pad", (g,), {"bounds": tuple(bounds), "shape": tuple(shape)}, tuple(shape), g.kind, g.label)
    return Node("correlate_back", (spread, w), params, node.shape, node.kind, node.label or g.label)


def margins(program: Program) -> Program:
    """Gradients of max-pooling are scattered at once to where a `pad` would bring them; without it they are a crop.

    Of ``s = pool_scatter(g, place)`` and ``p = pad(s)`` only p gets a buffer.
    """
    users: dict[Node, list[Node]] = {}
    for node in program.nodes:
        for x in node.inputs:
            users.setdefault(x, []).append(node)
    roots = set(program.roots())
    new: dict[Node, Node] = {}
    for node in in_order(program.roots()):
        inputs = tuple(new[x] for x in node.inputs)
        if node in new:
            continue
        fresh = node if inputs == node.inputs else Node(node.op, inputs, node.params, node.shape, node.kind, node.label)
        pads = [user for user in users.get(node, ()) if user.op == "pad"]
        if fresh.op == "pool_scatter" and pads and node not in roots and not _is_reshaped(users[node]):
            pad = pads[0]
            params = {**fresh.params, "bounds": pad.params["bounds"]}
            new[pad] = Node("pool_scatter", inputs, params, pad.shape, pad.kind, fresh.label)
            fresh = Node("crop", (new[pad],), {"bounds": pad.params["bounds"]}, node.shape, node.kind, fresh.label)
        new[node] = fresh
    return program.replace(new)


def _is_reshaped(users: list[Node]) -> bool:
    return any(user.op == "reshape" for user in users)  # which would need a buffer after all


PASSES: tuple[Callable[[Program], Program], ...] = (
    dead,
    constants,
    common,
    pooling,
    padding,
    floats,
    common,
    margins,
)

"""Where numbers lie: which axis is the batch, what gets a buffer, and in which part of the program a node runs.

**The batch innermost** (DESIGN.md, decision 6). A tensor whose axis derives from the batch is stored with that axis
last in memory, in blocks of `width` images: one SIMD lane is one image, each weight a scalar for all lanes, and no loop
over windows or channels needs to be vectorised. A batch larger than the width is worked through in chunks:

    stage 0   what does not depend on the batch
    stage 1   for each chunk: forward, backward; sums over the batch are added up in their buffers
    stage 2   what depends on those sums: the updates

A program that does not fit, because it mixes images otherwise than by reductions (batch norm with more than one chunk,
say), is laid out row by row as Python has it (`width` 1): slower, never wrong.
"""

from __future__ import annotations

from math import prod

from ..shapes import Shape, strides_of
from .program import Node, Program

__all__ = ["ELEMENTWISE", "MOVES", "Layout", "Unfit", "is_alias", "plain", "plan"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTWISE = _names(
    """
    float add sub mul div pow maximum minimum floor_divide remainder neg abs sign floor exp log log1p expm1 sqrt sin cos
    tan tanh erf sigmoid softplus relu gate where less less_equal greater greater_equal equal not_equal
    """
)
#: Movements that are a change of index.
MOVES = frozenset(["permute_dims", "broadcast_to", "crop", "flip"])
REDUCTIONS = frozenset(["sum", "max", "min"])
PRODUCTS = frozenset(["matmul", "conv2d", "correlate_back", "conv2d_weight_grad"])
POOLS = frozenset(["pool_place", "pool_gather", "pool_scatter", "avg_pool2d", "avg_pool2d_input_grad"])


class Unfit(Exception):
    """The program cannot be laid out with the batch innermost."""


class Layout:
    """The plan for a program.

    Attributes:
        count: images in the batch; 1 without one.
        width: lanes, a power of two.
        chunks: how many blocks of `width` make the batch; the last may be shorter.
        batch: the batch axis of each node, or None.
        stage: 0, 1 or 2 for each node.
        stored: nodes that have a buffer.
    """

    def __init__(self, program: Program, count: int, width: int) -> None:
        self.program = program
        self.count, self.width = count, width
        self.chunks = -(-count // width)
        self.batch: dict[Node, int | None] = {}
        self.stage: dict[Node, int] = {}
        self.stored: set[Node] = set()

    def strides(self, node: Node) -> tuple[int, ...]:
        """Distance in memory between neighbours along each axis of a stored node."""
        axis = self.batch[node]
        if axis is None:
            return strides_of(node.shape)
        rest = strides_of(node.shape[:axis] + node.shape[axis + 1 :])
        wide = [step * self.width for step in rest]
        return (*wide[:axis], 1, *wide[axis:])

    def elements(self, node: Node) -> int:
        """How many numbers its buffer holds."""
        axis = self.batch[node]
        return node.size if axis is None else prod(node.shape[:axis] + node.shape[axis + 1 :]) * self.width


def plan(program: Program, arguments: dict[tuple[str, int], Node], widest: int) -> Layout:
    """The layout of a program: with the batch innermost if it fits, else row by row.

    Args:
        arguments: leaves that are handed over at each call.
        widest: most lanes that the machine computes with at once.
    """
    candidates = [node for node in arguments.values() if node.shape]
    if candidates:
        count = max(candidates, key=lambda node: node.size).shape[0]
        batched = {node for node in candidates if node.shape[0] == count}
        if count > 1:
            width = min(widest, 1 << (count - 1).bit_length())
            try:
                return _laid_out(Layout(program, count, width), batched)
            except Unfit:
                pass
    return plain(program)


def plain(program: Program) -> Layout:
    """Row by row, without a batch."""
    return _laid_out(Layout(program, 1, 1), set())


def _laid_out(layout: Layout, batched: set[Node]) -> Layout:
    for node in layout.program.nodes:
        if node.op:
            layout.batch[node] = _batch_axis(node, [layout.batch[x] for x in node.inputs], layout)
        else:
            layout.batch[node] = 0 if node in batched else None
    if layout.chunks > 1:
        for node in layout.program.assigned.values():
            if layout.batch[node] is not None:
                raise Unfit
    _stages(layout)
    _buffers(layout)
    return layout


# -- Which axis is the batch ------------------------------------------------------------------------------------------


def _batch_axis(node: Node, axes: list[int | None], layout: Layout) -> int | None:
    given = [(x, a) for x, a in zip(node.inputs, axes, strict=True) if a is not None]
    if not given:
        return None
    op, params = node.op, node.params
    if op == "matmul":
        return _of_matmul(node, axes)
    if op == "conv2d_weight_grad":
        return None if axes == [0, 0] else _unfit()
    if op in PRODUCTS:
        return 0 if axes[0] == 0 and not any(a is not None for a in axes[1:]) else _unfit()
    if op in POOLS:
        return 0 if all(a == 0 for a in axes) else _unfit()
    if op == "gather":
        return axes[1] if axes[0] is None else _unfit()
    if op in ("scatter_add", "max_pool2d_argmax"):
        return _unfit()
    aligned = {a + len(node.shape) - len(x.shape) if op in ELEMENTWISE else a for x, a in given}
    if len(aligned) > 1:
        return _unfit()
    (axis,) = aligned
    if op in ELEMENTWISE:
        return axis
    if op in REDUCTIONS:
        return None if axis in params["axes"] else axis
    if op in ("argmax", "argmin"):
        return _unfit() if axis == params["axis"] else axis - (axis > params["axis"])
    if op in ("cumsum", "concat"):
        return _unfit() if axis == params["axis"] else axis
    if op == "reshape":
        return _of_reshape(given[0][0].shape, node.shape, axis)
    if op == "permute_dims":
        return int(params["axes"].index(axis))
    if op == "broadcast_to":
        return axis + len(node.shape) - len(given[0][0].shape)
    if op in ("crop", "pad"):
        return (
            axis
            if params["bounds"][axis] == (0, given[0][0].shape[axis], 1) and _whole(node, axis, layout)
            else _unfit()
        )
    if op == "flip":
        return _unfit() if axis in params["axes"] else axis
    return _unfit()


def _whole(node: Node, axis: int, layout: Layout) -> bool:
    return node.shape[axis] == layout.count


def _unfit() -> int:
    raise Unfit


def _of_reshape(old: Shape, new: Shape, axis: int) -> int:
    before = prod(old[:axis])
    for place, size in enumerate(new):
        if size == old[axis] and prod(new[:place]) == before:
            return place
    return _unfit()


def _of_matmul(node: Node, axes: list[int | None]) -> int | None:
    """The batch may be the rows of the left, the columns of the right, the axis summed over, or an axis in front."""
    x, y = node.inputs
    ndim = len(node.shape)
    places = []
    for operand, axis, inner in ((x, axes[0], len(x.shape) - 1), (y, axes[1], len(y.shape) - 2)):
        if axis is not None:
            places.append(None if axis == inner else axis + ndim - len(operand.shape))
    if len(places) == 2 and places[0] != places[1]:
        return _unfit()
    return places[0]


# -- When it runs -----------------------------------------------------------------------------------------------------


def _stages(layout: Layout) -> None:
    """0 before the chunks, 1 for each chunk, 2 after them."""
    stage = layout.stage
    for node in layout.program.nodes:
        inside = layout.batch[node] is not None
        reads_batch = any(layout.batch[x] is not None for x in node.inputs)
        if inside or reads_batch:
            stage[node] = 1
            if layout.chunks > 1 and any(_is_after(x, layout) for x in node.inputs):
                raise Unfit
        else:
            stage[node] = 2 if any(_is_after(x, layout) for x in node.inputs) else 0
    if layout.chunks == 1:
        for node in layout.program.nodes:
            stage[node] = 1


def _is_after(node: Node, layout: Layout) -> bool:
    """Whether it is complete only after the last chunk."""
    return layout.stage[node] == 2 or (layout.stage[node] == 1 and layout.batch[node] is None)


# -- What has a buffer ------------------------------------------------------------------------------------------------


def is_alias(node: Node) -> bool:
    """A reshape reads the buffer of what it reshapes."""
    return node.op == "reshape"


def _buffers(layout: Layout) -> None:
    """Inline what one loop alone reads, once for each of its elements; all else is stored."""
    program, stored = layout.program, layout.stored
    users: dict[Node, list[Node]] = {node: [] for node in program.nodes}
    for node in program.nodes:
        for x in node.inputs:
            users[x].append(node)
    roots = set(program.roots())
    for node in program.nodes:
        if not node.op:
            if layout.batch[node] is not None:
                stored.add(node)
        elif is_alias(node):
            continue
        elif node in roots or _needs_buffer(node, users[node]):
            stored.add(node)
    for node in program.nodes:
        if is_alias(node):
            base = node.inputs[0]
            if base.op and not is_alias(base):
                stored.add(base)
        elif node.op in MOVES and node in roots:
            stored.add(node)


def _needs_buffer(node: Node, users: list[Node]) -> bool:
    if node.op not in ELEMENTWISE and node.op not in MOVES:
        return True
    if any(_wants_buffer(user, node) for user in users):
        return True
    return node.op in ELEMENTWISE and not _worth_repeating(node, users)


def _wants_buffer(user: Node, node: Node) -> bool:
    """Products, pools and the like walk over a buffer of their own accord; an index they can change themselves."""
    if user.op in ("pool_scatter", "pad", "concat", "gather", "scatter_add", "cumsum", "argmax", "argmin"):
        return (
            node is not user.inputs[0] if user.op == "pool_scatter" else user.op == "gather" and node is user.inputs[0]
        )
    if user.op in PRODUCTS or user.op in POOLS:
        return node.op not in MOVES
    return not (user.op in ELEMENTWISE or user.op in MOVES or user.op in REDUCTIONS)


def _worth_repeating(node: Node, users: list[Node]) -> bool:
    return (len(users) == 1 and users[0].size <= node.size and users[0].op not in MOVES) or (
        len(users) == 1 and users[0].op in REDUCTIONS
    )

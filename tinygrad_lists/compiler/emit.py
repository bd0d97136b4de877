"""From a layout to kernels: one C function for every node that has a buffer.

A kernel is a nest of loops over the elements of its node. What has no buffer is written out inside the loops that read
it: elementwise operations as expressions, movements as other indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..shapes import strides_of
from .affine import Affine, Loop, coalesce, nest
from .formulas import expression, literal
from .layout import ELEMENTWISE, MOVES, Layout, is_alias
from .passes import splat
from .program import Node

__all__ = ["Body", "Emitter", "Index", "Kernel", "Machine", "stretched_to"]

Index = tuple[Affine, ...]


@dataclass(frozen=True)
class Machine:
    """What the code is written for: floats of `dtype`, vectors of `lanes` of them, `registers` vectors, `threads`."""

    dtype: str = "float32"
    lanes: int = 8
    registers: int = 14
    threads: int = 1


@dataclass
class Kernel:
    """A C function: what it computes, the buffers that it reads, its lines."""

    node: Node
    name: str
    reads: list[Node]
    writes: list[Node]
    lines: list[str]
    zero: str = ""  # how the buffer begins where chunks add to it
    first: Node | None = None  # what it computes before `node`, without storing it


@dataclass
class Body:
    """The inside of a loop: expressions whose addresses are filled in when the loops are known."""

    addresses: list[Affine] = field(default_factory=list)
    buffers: list[Node] = field(default_factory=list)

    def place(self, buffer: Node, name: str, address: Affine) -> str:
        """An element of a buffer, as a hole in a text."""
        if buffer not in self.buffers:
            self.buffers.append(buffer)
        self.addresses.append(address)
        return f"{name}[@{len(self.addresses) - 1}@]"

    def merge(self, loops: Sequence[Loop]) -> list[Loop]:
        """`coalesce`, with the addresses changed accordingly."""
        left = coalesce(loops, self.addresses)
        gone = {loop.name for loop in loops} - {loop.name for loop in left}
        self.addresses = [address.without(*gone) for address in self.addresses]
        return left

    def fill(self, text: str) -> str:
        """The text with its addresses."""
        for number, address in enumerate(self.addresses):
            text = text.replace(f"@{number}@", address.text())
        return text


class Emitter:
    """Writes the kernels of a layout."""

    def __init__(self, layout: Layout, machine: Machine) -> None:
        self.layout, self.machine = layout, machine
        self.users: dict[Node, list[Node]] = {}
        for node in layout.program.nodes:
            for x in node.inputs:
                self.users.setdefault(x, []).append(node)

    # -- reading ------------------------------------------------------------------------------------------------------

    def base(self, node: Node) -> Node:
        """The node whose buffer is read for `node`: through reshapes."""
        while is_alias(node) and node not in self.layout.stored:
            node = node.inputs[0]
        return node

    def buffer(self, node: Node) -> str:
        """C name of a buffer."""
        return f"x{node.number}"

    def index(self, node: Node, prefix: str = "i") -> tuple[list[Loop], Index]:
        """Loops over the elements of a node, without the batch, and the index inside them."""
        return self.index_like(node, self.layout.batch[node], prefix)

    def index_like(self, node: Node, axis: int | None, prefix: str = "i") -> tuple[list[Loop], Index]:
        """The same, with the batch along a given axis."""
        loops, index = [], []
        for a, size in enumerate(node.shape):
            if a == axis:
                index.append(Affine.of("n"))
            else:
                loops.append(Loop(f"{prefix}{a}", size))
                index.append(Affine.of(f"{prefix}{a}") if size > 1 else Affine())
        return loops, tuple(index)

    def address(self, node: Node, index: Index) -> Affine:
        """Where in its buffer the element of a stored node or a leaf, or of a reshape of one, lies."""
        base, axis = self.base(node), self.layout.batch[node]
        total = Affine()
        if base is node:
            for i, step in zip(index, self.layout.strides(node), strict=True):
                total += i.times(step)
        else:
            rest = [size for a, size in enumerate(node.shape) if a != axis]
            inside = [i for a, i in enumerate(index) if a != axis]
            for i, step in zip(inside, strides_of(rest), strict=True):
                total += i.times(step * (1 if axis is None else self.layout.width))
            if axis is not None:
                total += index[axis]
        if self.layout.batch[base] is None and total.step("n"):
            # It has all images, not only those of this chunk.
            total = total.without("n") + Affine.of("img").times(total.step("n"))
        return total

    def read(self, node: Node, index: Index, body: Body) -> str:
        """A C expression for one element."""
        single = splat(node)
        if single is not None:
            return literal(single, node.kind)
        if not self.base(node).size:
            return "0"  # never read: a loop over it does not run
        if node in self.layout.stored or not node.op:
            return body.place(node, self.buffer(node), self.address(node, index))
        if is_alias(node):
            base = self.base(node)
            single = splat(base)
            if single is not None:
                return literal(single, base.kind)
            return body.place(base, self.buffer(base), self.address(node, index))
        if node.op in MOVES:
            return self.read(node.inputs[0], moved(node, index), body)
        assert node.op in ELEMENTWISE, node.op
        operands = [self.read(x, stretched(x, node, index), body) for x in node.inputs]
        return expression(node.op, node.kind, operands)

    def operand(self, node: Node, index: Index) -> tuple[Node, Affine]:
        """The buffer, and the address in it, of something that movements lead to."""
        while node.op in MOVES and node not in self.layout.stored:
            node, index = node.inputs[0], moved(node, index)
        return self.base(node), self.address(node, index)

    def is_total(self, node: Node) -> bool:
        """Whether it is summed over the batch, chunk by chunk."""
        whole = self.layout.batch[node] is None and any(self.layout.batch[x] is not None for x in node.inputs)
        return whole and self.layout.chunks > 1

    # -- writing ------------------------------------------------------------------------------------------------------

    def kernel(self, node: Node, body: Body, lines: list[str], zero: str = "", also: Sequence[Node] = ()) -> Kernel:
        """A finished kernel."""
        reads = [b for b in body.buffers if b is not node and b not in also]
        return Kernel(node, f"k{node.number}_{node.op or 'load'}", reads, [node, *also], lines, zero)

    def lanes(self, node: Node, body: Body, lines: list[str]) -> list[str]:
        """`lines` for every image of the chunk."""
        if any(a.step("img") for a in body.addresses):
            lines = [f"const int img = {self.image()};", *lines]
        return nest([Loop("n", self.layout.width)], lines)

    def image(self) -> str:
        """Number of the image in lane n; lanes without an image repeat the last."""
        layout = self.layout
        where = "n" if layout.chunks == 1 else "c0 + n"
        return (
            where if layout.count % layout.width == 0 else f"({where} < {layout.count} ? {where} : {layout.count - 1})"
        )

    def elementwise(self, node: Node) -> Kernel:
        """One loop over the elements: expressions, copies of movements."""
        loops, index = self.index(node)
        body = Body()
        if node.op in MOVES:
            value = self.read(node.inputs[0], moved(node, index), body)
        else:
            operands = [self.read(x, stretched(x, node, index), body) for x in node.inputs]
            value = expression(node.op, node.kind, operands)
        return self.kernel(node, body, self.store_all(node, loops, index, value, body))

    def store_all(
        self, node: Node, loops: list[Loop], index: Index, value: str, body: Body, address: Affine | None = None
    ) -> list[str]:
        """Loops that store `value` in every element."""
        place = body.place(node, self.buffer(node), self.address(node, index) if address is None else address)
        if self.layout.batch[node] is not None:
            if any(a.step("img") for a in body.addresses):
                loops = body.merge(loops)
                return [body.fill(line) for line in nest(loops, self.lanes(node, body, [f"{place} = {value};"]))]
            loops = [*loops, Loop("n", self.layout.width)]
        loops = body.merge(loops)
        return [body.fill(line) for line in nest(loops, [f"{place} = {value};"])]

    def load(self, node: Node) -> Kernel:
        """Bring an argument into lanes; lanes without an image are zeros."""
        loops, index = self.index(node)
        rest = [size for a, size in enumerate(node.shape) if a != self.layout.batch[node]]
        q = Affine()
        for i, step in zip(
            [i for a, i in enumerate(index) if a != self.layout.batch[node]], strides_of(rest), strict=True
        ):
            q += i.times(step)
        body = Body(addresses=[q])
        loops = body.merge(loops)
        (q,) = body.addresses
        name, size = self.buffer(node), node.size // node.shape[0]
        base = "" if self.layout.chunks == 1 else f"c0 * {size} + "
        place, source = q.times(self.layout.width).text(), f"{base}{q.text()} + n * {size}"
        width = self.layout.width
        lines = self.images([f"{name}[{place} + n] = given[{source}];"])
        if self.layout.count % width:
            lines.append(f"for (int n = valid; n < {width}; n++) {name}[{place} + n] = 0;")
        return Kernel(node, f"k{node.number}_load", [], [node], nest(loops, lines))

    def images(self, lines: Sequence[str]) -> list[str]:
        """`lines` for every image of the chunk, and for no lane without one."""
        if self.layout.count % self.layout.width == 0:
            return nest([Loop("n", self.layout.width)], lines)
        return ["for (int n = 0; n < valid; n++)", "{", *["  " + line for line in lines], "}"]


def moved(node: Node, index: Index) -> Index:
    """The index into the input of a movement for an index into its result."""
    x, params = node.inputs[0], node.params
    if node.op == "permute_dims":
        inside = [Affine()] * len(index)
        for place, axis in enumerate(params["axes"]):
            inside[axis] = index[place]
        return tuple(inside)
    if node.op == "broadcast_to":
        return stretched(x, node, index)
    if node.op == "crop":
        return tuple(i.times(step, start) for i, (start, _, step) in zip(index, params["bounds"], strict=True))
    axes = params["axes"]
    return tuple(i.times(-1, x.shape[a] - 1) if a in axes else i for a, i in enumerate(index))


def stretched(x: Node, node: Node, index: Index) -> Index:
    """The index into an operand that is broadcast."""
    return stretched_to(x.shape, index)


def stretched_to(shape: Sequence[int], index: Index) -> Index:
    """Aligned at the right; axes of size 1 stay where they are."""
    last = index[len(index) - len(shape) :] if shape else ()
    return tuple(Affine() if size == 1 else i for i, size in zip(last, shape, strict=True))

"""The whole C file: what runs when, where buffers lie, and how it all reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import emit_pool, emit_reduce
from .affine import Affine, Loop, nest
from .arena import offsets_of
from .emit import Body, Kernel, Machine
from .emit_product import ProductEmitter
from .layout import ELEMENTWISE, MOVES, PRODUCTS, Layout, Unfit, plain, plan
from .program import Check, Node, Program
from .text import Call, Pointer, Text

__all__ = ["Pointer", "Source", "write"]

#: C type of a number in memory, by its format in `struct`.
STORAGE = {"f": "float", "d": "double", "B": "uint8_t", "b": "int8_t", "i": "int32_t", "q": "int64_t"}


@dataclass
class Source:
    """C, and what it takes to call it.

    Attributes:
        text: the C file; its function is ``int step(void **p, char *arena)``.
        pointers: what ``p[0]``, ``p[1]``, ... are; the last one is where a failed check writes place and value.
        arena: bytes of scratch memory, for all threads.
        checks: check ``k`` is status ``k + 1``; status -1 is a position out of range.
        layout: how it was laid out.
    """

    text: str
    pointers: list[Pointer]
    arena: int
    checks: list[Check]
    layout: Layout


def write(program: Program, formats: dict[Pointer, str], machine: Machine) -> Source:
    """The C of a program.

    Args:
        program: after the passes.
        formats: storage of every argument and Value of the state, as a `struct` format.
        machine: what it shall run on.
    """
    leaves = {(n.origin, n.slot): n for n in program.nodes if not n.op and n.origin != "constant"}
    given = {key: node for key, node in leaves.items() if key in formats and formats[key][0] == "*"}
    layout = plan(program, given, machine.lanes)
    try:
        return _Writer(layout, formats, machine).source()
    except Unfit:
        return _Writer(plain(program), formats, machine).source()


class _Writer(Text):
    def __init__(self, layout: Layout, formats: dict[Pointer, str], machine: Machine) -> None:
        self.layout, self.machine = layout, machine
        self.formats = {key: text.lstrip("*") for key, text in formats.items()}
        self.emitter: ProductEmitter = ProductEmitter(layout, machine)
        self.own = {"f": "f" if machine.dtype == "float32" else "d", "i": "i" if machine.dtype == "float32" else "q"}
        self.pointers: list[Pointer] = []
        self.calls: list[Call] = []
        for node in layout.program.nodes:  # arguments stored otherwise than floats and ints of ours are converted first
            if node.origin == "argument" and self.formats[node.origin, node.slot] != self.own[node.kind]:
                layout.stored.add(node)

    # -- what runs ----------------------------------------------------------------------------------------------------

    def source(self) -> Source:
        """Everything."""
        program, layout = self.layout.program, self.layout
        fused: set[Node] = set()
        for node in program.nodes:
            if node in layout.stored and node not in fused:
                self.add(node, fused)
            for number, check in enumerate(program.checks):
                if check.labels is node:
                    self.check(check, number)
        for slot, node in enumerate(program.results):
            self.out(node, "result", slot)
        for slot, node in program.gradients.items():
            self.out(node, "gradient out", slot)
        self.assign(program.assigned)
        order = sorted(range(len(self.calls)), key=lambda i: (self.calls[i].stage, i))
        self.calls = [self.calls[i] for i in order]
        width = 4 if self.machine.dtype == "float32" else 8
        offsets, arena = offsets_of(layout, [(call.kernel, call.stage) for call in self.calls], width)
        text = self.text(offsets, arena)
        return Source(text, self.pointers, arena * self.parts(), program.checks, layout)

    def add(self, node: Node, fused: set[Node]) -> None:
        """The kernel of a node."""
        e, stage = self.emitter, self.layout.stage[node]
        if not node.op:
            kernel = e.load(node) if self.layout.batch[node] is not None else self.converted(node)
            what = self.formats[node.origin, node.slot] if node.origin == "argument" else self.own[node.kind]
            source = self.pointer(node.origin, node.slot)
            self.calls.append(Call(kernel, stage, source, f"const {STORAGE[what]} *restrict given"))
            return
        if node.op in PRODUCTS:
            kernel = e.product(node)
            fused.update(kernel.writes)
        elif node.op == "pool_place":
            wanted = [u for u in e.users.get(node, []) if u.op == "pool_gather" and u.inputs[0] is node.inputs[0]]
            kernel = emit_pool.place(e, node, wanted[0] if wanted else None)
            fused.update(kernel.writes)
        else:
            kernel = self.written(node)
        self.calls.append(Call(kernel, stage))

    def written(self, node: Node) -> Kernel:
        """The kernel of a node that stands by itself."""
        e = self.emitter
        if node.op in ELEMENTWISE or node.op in MOVES:
            return e.elementwise(node)
        if node.op in ("sum", "max", "min"):
            return emit_reduce.reduction(e, node)
        if node.op in ("argmax", "argmin"):
            return emit_reduce.arg(e, node)
        writer: Any = {
            "cumsum": emit_reduce.cumsum,
            "pad": emit_reduce.pad,
            "concat": emit_reduce.concat,
            "gather": emit_reduce.gather,
            "scatter_add": emit_reduce.scatter_add,
            "pool_gather": emit_pool.pooled,
            "pool_scatter": emit_pool.scattered,
            "max_pool2d_argmax": emit_pool.positions,
            "avg_pool2d": emit_pool.average,
            "avg_pool2d_input_grad": emit_pool.average_back,
        }[node.op]
        kernel: Kernel = writer(e, node)
        return kernel

    def converted(self, node: Node) -> Kernel:
        """An argument of another kind of number, converted."""
        name = self.emitter.buffer(node)
        lines = nest([Loop("i", node.size)], [f"{name}[i] = given[i];"])
        return Kernel(node, f"k{node.number}_load", [], [node], lines)

    def check(self, check: Check, number: int) -> None:
        """Labels in range, or the call ends."""
        e, node = self.emitter, check.labels
        loops, index = e.index(node)
        body = Body()
        value = e.read(node, index, body)
        batch = self.layout.batch[node]
        place = Affine()
        for a, i in enumerate(index):
            step = 1
            for size in node.shape[a + 1 :]:
                step *= size
            place += i.times(step)
            if a == batch and self.layout.chunks > 1:
                place += Affine.of("c0").times(step)
        test = f"v < 0 || v >= {check.classes}" + (" || !(v == FLOOR(v))" if node.kind == "f" else "")
        fail = f"*status = {number + 1}; where[0] = {place.text()}; where[1] = v;"
        lines = [f"{self.kind(node)} v = {value};", f"if (*status == 0 && ({test})) {{ {fail} }}"]
        if batch is not None:
            lines = e.images(lines)
        text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
        kernel = Kernel(node, f"check{number + 1}", list(body.buffers), [], text)
        self.calls.append(
            Call(kernel, self.layout.stage[node], note=f"{check.op}: labels must be 0 to {check.classes - 1}")
        )

    # -- what leaves --------------------------------------------------------------------------------------------------

    def out(self, node: Node, what: str, slot: int) -> None:
        """Copy numbers to the caller, row by row as Python has them."""
        e, layout = self.emitter, self.layout
        loops, index = e.index(node)
        body = Body()
        value = e.read(node, index, body)
        axis = layout.batch[node]
        where = Affine()
        for a, i in enumerate(index):
            step = 1
            for size in node.shape[a + 1 :]:
                step *= size
            where += i.times(step)
            if a == axis and layout.chunks > 1:
                where += Affine.of("c0").times(step)
        if axis is None:
            body.addresses.append(where)
            loops = body.merge(loops)
            lines = nest(loops, [f"out[@{len(body.addresses) - 1}@] = {value};"])
        else:
            lines = nest(loops, e.images([f"out[{where.text()}] = {value};"]))
        lines = [body.fill(line) for line in lines]
        kernel = Kernel(node, f"out{len(self.calls)}", list(body.buffers), [], lines)
        stage = 3 if axis is None or layout.chunks == 1 else 1
        kind = self.kind(node)
        if what == "state":
            kind = "I" if self.formats[what, slot] == "i" else "T"
        elif what == "gradient out":
            kind = "T"
        said = {"result": "returned", "gradient out": "gradient of", "state": "new data of"}[what]
        note = f"{said} {slot if what == 'result' else self.name(slot)}: x{node.number} {node.shape}"
        self.calls.append(Call(kernel, stage, self.pointer(what, slot), f"{kind} *restrict out", note))

    def assign(self, assigned: dict[int, Node]) -> None:
        """New data of the state, last of all. What is itself state may be overwritten first, so it is kept aside."""
        leaves = [n for n in assigned.values() if self.emitter.base(n).origin == "state"]
        for node in dict.fromkeys(leaves):
            base = self.emitter.base(node)
            self.aside(base)
        for slot, node in assigned.items():
            self.out(node, "state", slot)
            self.calls[-1].stage = 4

    def aside(self, base: Node) -> None:
        """Let a Value of the state be read from a copy."""
        if base not in self.layout.stored:
            self.layout.stored.add(base)
            self.layout.stage.setdefault(base, 0)
            kernel = self.converted(base)
            storage = "I" if base.kind == "i" else "T"
            source = self.pointer("state", base.slot)
            self.calls.append(Call(kernel, 0, source, f"const {storage} *restrict given"))

"""The whole C file: what runs when, where buffers lie, and how it all reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import emit_pool, emit_reduce
from .affine import Affine, Loop, nest
from .emit import Body, Emitter, Kernel, Machine
from .formulas import PRELUDE, functions_of, literal
from .layout import ELEMENTWISE, MOVES, PRODUCTS, Layout, Unfit, plain, plan
from .program import Check, Node, Program

__all__ = ["Pointer", "Source", "write"]

#: C type of a number in memory, by its format in `struct`.
STORAGE = {"f": "float", "d": "double", "B": "uint8_t", "b": "int8_t", "i": "int32_t", "q": "int64_t"}

#: What a pointer is for: an argument, a Value of the state, its gradient before or after the call, or a result.
Pointer = tuple[str, int]


@dataclass
class Source:
    """C, and what it takes to call it.

    Attributes:
        text: the C file; its function is ``int step(void **p, char *arena)``.
        pointers: what ``p[0]``, ``p[1]``, ... are; the last one is where a failed check writes place and value.
        arena: bytes of scratch memory.
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


@dataclass
class _Call:
    """A kernel at its place in the program."""

    kernel: Kernel
    stage: int
    extra: str = ""  # arguments that are no buffers
    parameters: str = ""
    note: str = ""
    external: set[Node] = field(default_factory=set)


class _Writer:
    def __init__(self, layout: Layout, formats: dict[Pointer, str], machine: Machine) -> None:
        self.layout, self.machine = layout, machine
        self.formats = {key: text.lstrip("*") for key, text in formats.items()}
        self.emitter = Emitter(layout, machine)
        self.own = {"f": "f" if machine.dtype == "float32" else "d", "i": "i" if machine.dtype == "float32" else "q"}
        self.pointers: list[Pointer] = []
        self.calls: list[_Call] = []
        for node in layout.program.nodes:  # arguments stored otherwise than floats and ints of ours are converted first
            if node.origin == "argument" and self.formats[node.origin, node.slot] != self.own[node.kind]:
                layout.stored.add(node)

    # -- pointers -----------------------------------------------------------------------------------------------------

    def pointer(self, what: str, slot: int) -> str:
        """``p[i]`` for a buffer of the caller's."""
        key = (what, slot)
        if key not in self.pointers:
            self.pointers.append(key)
        return f"p[{self.pointers.index(key)}]"

    def kind(self, node: Node) -> str:
        """C type of a buffer's numbers."""
        return "I" if node.kind == "i" else "T"

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
        offsets, arena = self.arena()
        text = self.text(offsets)
        return Source(text, self.pointers, arena, program.checks, layout)

    def add(self, node: Node, fused: set[Node]) -> None:
        """The kernel of a node."""
        e, stage = self.emitter, self.layout.stage[node]
        if not node.op:
            kernel = e.load(node) if self.layout.batch[node] is not None else self.converted(node)
            what = self.formats[node.origin, node.slot] if node.origin == "argument" else self.own[node.kind]
            source = self.pointer(node.origin, node.slot)
            self.calls.append(_Call(kernel, stage, source, f"const {STORAGE[what]} *restrict given"))
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
        self.calls.append(_Call(kernel, stage))

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
            lines = nest([Loop("n", self.layout.width)], ["if (n < valid) {", *lines, "}"])
        text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
        kernel = Kernel(node, f"check{number + 1}", list(body.buffers), [], text)
        self.calls.append(
            _Call(kernel, self.layout.stage[node], note=f"{check.op}: labels must be 0 to {check.classes - 1}")
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
            guard = "" if layout.count % layout.width == 0 else "if (n < valid) "
            lines = nest([*loops, Loop("n", layout.width)], [f"{guard}out[{where.text()}] = {value};"])
        lines = [body.fill(line) for line in lines]
        kernel = Kernel(node, f"out{len(self.calls)}", list(body.buffers), [], lines)
        stage = 3 if axis is None or layout.chunks == 1 else 1
        kind = self.kind(node)
        if what == "state":
            kind = "I" if self.formats[what, slot] == "i" else "T"
        elif what == "gradient out":
            kind = "T"
        self.calls.append(_Call(kernel, stage, self.pointer(what, slot), f"{kind} *restrict out"))

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
            self.calls.append(_Call(kernel, 0, source, f"const {storage} *restrict given"))

    # -- where buffers lie --------------------------------------------------------------------------------------------

    def arena(self) -> tuple[dict[Node, int], int]:
        """Offsets of the buffers: two may share memory when one is done with before the other begins."""
        first: dict[Node, int] = {}
        last: dict[Node, int] = {}
        for time, call in enumerate(self.calls):
            for node in [*call.kernel.writes, *call.kernel.reads]:
                if node in self.layout.stored:
                    first.setdefault(node, time)
                    last[node] = time
        if self.layout.chunks > 1:
            times = [time for time, call in enumerate(self.calls) if call.stage == 1]
            for node in first:
                # What lives across the chunks lives through all of them.
                crosses = self.layout.batch[node] is None and first[node] <= times[-1] and last[node] >= times[0]
                if crosses:
                    first[node], last[node] = min(first[node], times[0]), max(last[node], times[-1])
        width = 4 if self.machine.dtype == "float32" else 8
        placed: list[tuple[int, int, Node]] = []
        offsets: dict[Node, int] = {}
        top = 0
        for node in sorted(first, key=lambda n: (-self.layout.elements(n), n.number)):
            # Vectors may reach over the end, by less than one.
            size = (self.layout.elements(node) * width + 64 + 63) // 64 * 64
            at = 0
            for begin, end, other in sorted(placed, key=lambda p: p[:2]):
                if last[other] < first[node] or first[other] > last[node]:
                    continue
                if begin >= at + size:
                    break
                at = max(at, end)
            placed.append((at, at + size, node))
            offsets[node] = at
            top = max(top, at + size)
        return offsets, top

    # -- text ---------------------------------------------------------------------------------------------------------

    def text(self, offsets: dict[Node, int]) -> str:
        """The C file."""
        kernels = [self.function(call) for call in self.calls]
        step = self.step(offsets)
        body = "\n".join(kernels) + step
        tables = "".join(self.table(node) for node in self.layout.program.nodes if self.is_table(node, body))
        parts = [
            self.header(),
            "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n\n",
            PRELUDE[self.machine.dtype],
            self.vectors(body),
            functions_of(body),
            "\n",
            tables,
            body,
        ]
        return "".join(parts)

    def header(self) -> str:
        """What this file is."""
        layout = self.layout
        if layout.count > 1:
            lay = f"{layout.count} images in {layout.chunks} x {layout.width} lanes, the batch innermost"
        else:
            lay = "row by row"
        return f"/* Written by tinygrad_lists.jit: {self.machine.dtype}, {lay}. x12 is the buffer of node 12. */\n"

    def is_table(self, node: Node, body: str) -> bool:
        return node.origin == "constant" and node.size > 0 and re.search(rf"\bx{node.number}\b", body) is not None

    def table(self, node: Node) -> str:
        numbers = ", ".join(literal(v, node.kind) for v in node.data or ())
        return f"static const {self.kind(node)} x{node.number}[{node.size}] = {{{numbers}}};  /* {node.shape} */\n"

    def vectors(self, body: str) -> str:
        """The vector types that are used, and what can be done to them."""
        text = "#if defined(__clang__) || __GNUC__ >= 12\n"
        text += "#define SHUFFLE(V, M, v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)\n#else\n"
        text += "#define SHUFFLE(V, M, v, ...) __builtin_shuffle(v, (M){__VA_ARGS__})\n#endif\n"
        widest = 1
        for lanes in (2, 4, 8, 16, 32, 64):
            if any(f"{name}{lanes}" in body for name in ("V", "M", "head", "across", "relu")):
                widest = lanes
        if widest == 1:
            return ""
        for lanes in (2, 4, 8, 16, 32, 64):
            if lanes > widest:
                break
            attributes = f"__attribute__((vector_size(sizeof(T) * {lanes}), aligned(sizeof(T)), may_alias))"
            text += f"typedef T V{lanes} {attributes};\ntypedef I M{lanes} {attributes};\n"
            text += self.total(lanes)
            text += (
                f"static inline V{lanes} relu{lanes}(V{lanes} v) {{ return (V{lanes})((M{lanes})v & ~(v <= 0)); }}\n"
            )
            for some in range(1, lanes):
                if f"head{lanes}_{some}" in body:
                    ones = ", ".join(["-1"] * some + ["0"] * (lanes - some))
                    text += f"static const I head{lanes}_{some}[{lanes}] = {{{ones}}};\n"
        if "across_some(" in body:
            width = self.layout.width
            text += (
                f"static T across_some(int lanes, const T *v, int valid) {{ T s = 0; "
                f"for (int n = 0; n < lanes; n++) if (n % {width} < valid) s += v[n]; return s; }}\n"
            )
        return text

    def total(self, lanes: int) -> str:
        """The sum of a vector's numbers: halves added to each other, without leaving the registers."""
        text = f"static inline T across{lanes}(V{lanes} v) {{"
        half = lanes // 2
        while half:
            order = ", ".join(str((n + half) % lanes) for n in range(lanes))
            text += f"\n  v += SHUFFLE(V{lanes}, M{lanes}, v, {order});"
            half //= 2
        return text + "\n  return v[0];\n}\n"

    def function(self, call: _Call) -> str:
        """A kernel, with a comment that leads back to the program."""
        kernel, layout = call.kernel, self.layout
        parameters = [f"{self.kind(n)} *restrict {self.emitter.buffer(n)}" for n in kernel.writes]
        parameters += [f"const {self.kind(n)} *restrict {self.emitter.buffer(n)}" for n in self.buffers(kernel)]
        if call.parameters:
            parameters.append(call.parameters)
        lines = "\n".join("  " + line for line in kernel.lines)
        if "c0" in lines or "valid" in lines:
            parameters.append("int c0, int valid")
        if "status" in lines:
            parameters.append("int *status, double *where")
        comment = call.note or self.comment(kernel)
        del layout
        return (
            f"/* {comment} */\nstatic __attribute__((noinline)) void {kernel.name}({', '.join(parameters) or 'void'})\n"
            f"{{\n{lines}\n}}\n"
        )

    def buffers(self, kernel: Kernel) -> list[Node]:
        """Buffers that are handed to a kernel: constants are tables that it sees anyway."""
        return [n for n in kernel.reads if n.origin != "constant"]

    def comment(self, kernel: Kernel) -> str:
        """Layer, operation, shape."""
        node = kernel.node
        label = node.label.replace("*/", "* /")
        where = f"{label}: " if label else ""
        if kernel.name.startswith("out"):
            return f"{where}out: {node.shape}"
        if not node.op:
            return f"{where}into lanes, {node.shape}"
        if kernel.first is not None:
            return f"{self.comment(Kernel(kernel.first, '', [], [], []))}, then {label}: x{node.number} = {node.op}"
        inputs = ", ".join(f"x{x.number} {x.shape}" for x in node.inputs)
        return f"{where}x{node.number} {node.shape} = {node.op}({inputs})"

    def step(self, offsets: dict[Node, int]) -> str:
        """The function that Python calls."""
        layout = self.layout
        lines = ["", "int step(void **p, char *arena)", "{", "  int state = 0, *status = &state;"]
        lines.append("  double *where = p[@where@];")
        lines.append(f"  int c0 = 0, valid = {min(layout.count, layout.width)};")
        inside = False
        for call in self.calls:
            if call.stage == 1 and not inside and layout.chunks > 1:
                for other in self.calls:
                    if other.kernel.zero:
                        lines += self.begin(other.kernel, offsets)
                lines.append(f"  for (c0 = 0; c0 < {layout.count}; c0 += {layout.width}) {{")
                if layout.count % layout.width:
                    rest = f"{layout.count} - c0"
                    lines.append(f"    valid = {rest} < {layout.width} ? {rest} : {layout.width};")
                inside = True
            if inside and call.stage > 1:
                lines.append("  }")
                inside = False
            if call.stage >= 3 and "  if (state) return state;" not in lines:
                lines.append("  if (state) return state;")
            lines.append(("    " if inside else "  ") + self.called(call, offsets))
        if inside:
            lines.append("  }")
        lines += ["  (void)where; (void)status; (void)c0; (void)valid; (void)arena;", "  return state;", "}", ""]
        self.pointers.append(("where", 0))
        return "\n".join(lines).replace("@where@", str(len(self.pointers) - 1))

    def begin(self, kernel: Kernel, offsets: dict[Node, int]) -> list[str]:
        """Set the buffer to which chunks add to what it begins with."""
        node = kernel.writes[0]
        place = self.place(node, offsets)
        return [f"  for (int i = 0; i < {node.size}; i++) ({place})[i] = {kernel.zero};"]

    def called(self, call: _Call, offsets: dict[Node, int]) -> str:
        """The call of a kernel."""
        kernel = call.kernel
        given = [self.place(n, offsets) for n in [*kernel.writes, *self.buffers(kernel)]]
        if call.extra:
            given.append(call.extra)
        lines = "\n".join(kernel.lines)
        if "c0" in lines or "valid" in lines:
            given.append("c0, valid")
        if "status" in lines:
            given.append("status, where")
        return f"{kernel.name}({', '.join(given)});"

    def place(self, node: Node, offsets: dict[Node, int]) -> str:
        """A buffer as C: in the arena, or the caller's."""
        if node in offsets:
            return f"({self.kind(node)} *)(arena + {offsets[node]})"
        return self.pointer(node.origin, node.slot)

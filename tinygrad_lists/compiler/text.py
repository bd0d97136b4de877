"""How a program reads: the functions and the step as C, with comments that lead back to layers and shapes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from .emit import Emitter, Kernel, Machine
from .formulas import PRELUDE, functions_of, literal
from .layout import Layout
from .program import Node

__all__ = ["Call", "Pointer", "Text"]

#: What a pointer is for: an argument, a Value of the state, its gradient before or after the call, or a result.
Pointer = tuple[str, int]


@dataclass
class Call:
    """A kernel at its place in the program."""

    kernel: Kernel
    stage: int
    extra: str = ""  # arguments that are no buffers
    parameters: str = ""
    note: str = ""
    external: set[Node] = field(default_factory=set)


class Text:
    """The C of a list of calls; `source` fills in what is called."""

    layout: Layout
    machine: Machine
    emitter: Emitter
    pointers: list[Pointer]
    calls: list[Call]

    # -- pointers -----------------------------------------------------------------------------------------------------

    def pointer(self, what: str, slot: int) -> str:
        """``p[i]`` for a buffer of the caller's."""
        key = (what, slot)
        if key not in self.pointers:
            self.pointers.append(key)
        return f"p[{self.pointers.index(key)}]"

    def name(self, slot: int) -> str:
        """What a Value of the state is called, and its number, since names are not unique."""
        names = [n.label for n in self.layout.program.nodes if n.origin == "state" and n.slot == slot and n.label]
        return f"{names[0].replace('*/', '* /')} (state {slot})" if names else f"state {slot}"

    def kind(self, node: Node) -> str:
        """C type of a buffer's numbers."""
        return "I" if node.kind == "i" else "T"

    # -- text ---------------------------------------------------------------------------------------------------------

    def text(self, offsets: dict[Node, int], arena: int) -> str:
        """The C file; `arena` is the size of the one in which the offsets are."""
        kernels = [self.function(call) for call in self.calls]
        step = self.step(offsets, arena)
        body = "\n".join(kernels) + step
        tables = "".join(self.table(node) for node in self.layout.program.nodes if self.is_table(node, body))
        parts = [
            self.header(),
            "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n",
            "#include <pthread.h>\n\n" if self.parts() > 1 else "\n",
            PRELUDE[self.machine.dtype],
            self.vectors(body),
            functions_of(body),
            "\n",
            "#define TABLE __attribute__((used))\n" if tables else "",
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
        """Whether a constant is used, and so has to stand in the file."""
        return node.origin == "constant" and node.size > 0 and re.search(rf"\bx{node.number}\b", body) is not None

    def table(self, node: Node) -> str:
        """A constant, of which the compiler may not know that it is one.

        GCC 12.2 copies a table by moves of 32 or 64 bytes, and where such a piece consists of one number and zeros
        after it, as {a, a, a, 0}, it writes {a, a, a, a}.
        """
        numbers = ", ".join(literal(v, node.kind) for v in node.data or ())
        name = f"static TABLE {self.kind(node)} x{node.number}[{node.size}]"
        return f"{name} = {{{numbers}}};  /* {node.shape} */\n"

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
                f"static T across_some(int lanes, const T *v, int valid) {{\n  T s = 0;\n"
                f"  for (int i = 0; i < lanes; i += {width})\n    for (int n = 0; n < valid; n++) s += v[i + n];\n"
                f"  return s;\n}}\n"
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

    def function(self, call: Call) -> str:
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

    def step(self, offsets: dict[Node, int], arena: int) -> str:
        """The function that Python calls."""
        before = [call for call in self.calls if call.stage < 2]
        after = [call for call in self.calls if call.stage >= 2]
        parts = self.parts()
        lines = ["", *(self.part(before, offsets) if parts > 1 else [])]
        lines += ["int step(void **p, char *arena)", "{", "  int state = 0, *status = &state;"]
        lines.append("  double *where = p[@where@];")
        lines.append(f"  int c0 = 0, valid = {min(self.layout.count, self.layout.width)};")
        if parts > 1:
            lines += self.together(offsets, arena)
        else:
            lines += self.chunks(before, offsets, "0", str(self.layout.count))
        for call in after:
            if call.stage >= 3 and "  if (state) return state;" not in lines:
                lines.append("  if (state) return state;")
            lines.append("  " + self.called(call, offsets))
        lines += ["  (void)where; (void)status; (void)c0; (void)valid; (void)arena;", "  return state;", "}", ""]
        self.pointers.append(("where", 0))
        return "\n".join(lines).replace("@where@", str(len(self.pointers) - 1))

    def chunks(self, calls: list[Call], offsets: dict[Node, int], first: str, end: str) -> list[str]:
        """What runs before the chunks, and the chunks of the images from `first` to `end`."""
        layout = self.layout
        lines = ["  " + self.called(call, offsets) for call in calls if call.stage == 0]
        inside = ["    " + self.called(call, offsets) for call in calls if call.stage == 1]
        if layout.chunks == 1:
            return lines + [line[2:] for line in inside]
        for call in calls:
            if call.kernel.zero:
                lines += self.begin(call.kernel, offsets)
        lines.append(f"  for (c0 = {first}; c0 < {end}; c0 += {layout.width}) {{")
        if layout.count % layout.width:
            rest = f"{layout.count} - c0"
            lines.append(f"    valid = {rest} < {layout.width} ? {rest} : {layout.width};")
        return [*lines, *inside, "  }"]

    # -- threads ------------------------------------------------------------------------------------------------------

    def parts(self) -> int:
        """How many threads share the chunks."""
        return min(self.machine.threads, self.layout.chunks)

    def part(self, calls: list[Call], offsets: dict[Node, int]) -> list[str]:
        """The chunks of one thread, with an arena of its own, as a function."""
        return [
            "typedef struct { void **p; char *arena; int first, end, state; double where[2]; } Part;",
            "static void *part(void *given)",
            "{",
            "  Part *own = given;",
            "  void **p = own->p; char *arena = own->arena; int *status = &own->state; double *where = own->where;",
            f"  int c0 = 0, valid = {self.layout.width};",
            *self.chunks(calls, offsets, "own->first", "own->end"),
            "  (void)p; (void)where; (void)status; (void)c0; (void)valid; (void)arena;",
            "  return 0;",
            "}",
            "",
        ]

    def together(self, offsets: dict[Node, int], arena: int) -> list[str]:
        """All parts at once, then their sums added in order: the same bits at every call."""
        layout, parts = self.layout, self.parts()
        bounds = [layout.chunks * t // parts * layout.width for t in range(parts)] + [layout.count]
        lines = ["  Part parts[] = {"]
        for t, (first, end) in enumerate(pairwise(bounds)):
            lines.append(f"    {{p, arena + {t * arena}, {first}, {end}, 0, {{0, 0}}}},")
        lines += [
            "  };",
            f"  pthread_t threads[{parts}];",
            f"  int started[{parts}] = {{0}};",
            f"  for (int t = 1; t < {parts}; t++) started[t] = !pthread_create(&threads[t], 0, part, &parts[t]);",
            f"  for (int t = 0; t < {parts}; t++) if (!started[t]) part(&parts[t]);",
            f"  for (int t = 1; t < {parts}; t++) if (started[t]) pthread_join(threads[t], 0);",
            f"  for (int t = 0; t < {parts}; t++)",
            "    if (parts[t].state) { memcpy(where, parts[t].where, sizeof parts[t].where); return parts[t].state; }",
        ]
        for call in self.calls:
            if call.kernel.zero:
                node = call.kernel.writes[0]
                place, kind = self.place(node, offsets), f"{self.kind(node)} *"
                total = {"max": "maximum({0}, {1})", "min": "minimum({0}, {1})"}.get(node.op, "{0} + {1}")
                step = total.format("all[i]", f"(({kind})((char *)all + {arena} * t))[i]")
                lines.append(f"  {{ {kind}all = {place};")
                lines.append(f"    for (int t = 1; t < {parts}; t++)")
                lines.append(f"      for (int i = 0; i < {node.size}; i++) all[i] = {step}; }}")
        return lines

    def begin(self, kernel: Kernel, offsets: dict[Node, int]) -> list[str]:
        """Set the buffer to which chunks add to what it begins with."""
        node = kernel.writes[0]
        place = self.place(node, offsets)
        return [f"  for (int i = 0; i < {node.size}; i++) ({place})[i] = {kernel.zero};"]

    def called(self, call: Call, offsets: dict[Node, int]) -> str:
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

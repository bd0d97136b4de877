"""Kernels of reductions, running sums, joins and positions."""

from __future__ import annotations

from ..shapes import normalize_axis, numel
from .affine import Affine, Loop, nest
from .emit import Body, Emitter, Kernel
from .program import Node

__all__ = ["arg", "concat", "cumsum", "gather", "pad", "reduction", "scatter_add"]

_STEP = {"sum": "{0} + {1}", "max": "maximum({0}, {1})", "min": "minimum({0}, {1})"}


def _start(node: Node) -> str:
    if node.op == "sum":
        return "0"
    if node.kind == "i":
        return "INT32_MIN" if node.op == "max" else "INT32_MAX"
    return "-INFINITY" if node.op == "max" else "INFINITY"


def reduction(e: Emitter, node: Node) -> Kernel:
    """sum, max and min: lanes stay apart as long as possible, and are put together at the end."""
    x, axes = node.inputs[0], node.params["axes"]
    layout, width = e.layout, e.layout.width
    batch = layout.batch[x]
    if node.op != "sum" and not numel([x.shape[a] for a in axes]):
        raise ValueError(f"{node.op}: axes {axes} of shape {x.shape} are empty; there is no element to choose")
    loops, index = e.index(x)
    outer = [loop for loop in loops if int(loop.name[1:]) not in axes]
    inner = [loop for loop in loops if int(loop.name[1:]) in axes]
    body = Body()
    value = e.read(x, index, body)
    kept = tuple(Affine() if a in axes else i for a, i in enumerate(index))
    place = body.place(node, e.buffer(node), e.address(node, kept))
    total, kind = e.is_total(node), "I" if node.kind == "i" else "T"
    zero = _start(node) if total else ""
    step = _STEP[node.op]
    if batch is None:
        inner, outer = body.merge(inner), body.merge(outer)
        lines = [f"{kind} s = {_start(node)};", *nest(inner, [f"s = {step.format('s', value)};"]), f"{place} = s;"]
        return e.kernel(node, body, [body.fill(line) for line in nest(outer, lines)], zero)
    over_batch = batch in axes
    inner, outer = body.merge(inner), body.merge(outer)
    lanes = f"{kind} s[{width}]; for (int n = 0; n < {width}; n++) s[n] = {_start(node)};"
    lines = [lanes, *nest(inner, e.lanes(node, body, [f"s[n] = {step.format('s[n]', value)};"]))]
    if over_batch and node.op == "sum" and inner and _contiguous(body, inner[-1], width):
        lines = _long_sum(kind, value, inner, width, body)
    if over_batch:
        valid = "valid" if layout.count % width else str(width)
        lines.append(f"{kind} all = {place if total else _start(node)};")
        lines.append(f"for (int n = 0; n < {valid}; n++) all = {step.format('all', 's[n]')};")
        lines.append(f"{place} = all;")
    else:
        lines += nest([Loop("n", width)], [f"{place} = s[n];"])
    return e.kernel(node, body, [body.fill(line) for line in nest(outer, lines)], zero)


def _contiguous(body: Body, loop: Loop, width: int) -> bool:
    read = body.addresses[:-1]
    return all((a.step(loop.name), a.step("n")) in ((width, 1), (0, 0)) and not a.step("img") for a in read)


def _long_sum(kind: str, value: str, loops: list[Loop], width: int, body: Body) -> list[str]:
    """A sum over elements that lie one behind the other in the last loop: eight vectors side by side, so that no
    addition has to wait for the one before."""
    loop, rows = loops[-1], loops[:-1]
    blocks, rest = divmod(loop.size, 8)
    name = loop.name
    inner = f"for (int q = 0; q < {8 * width}; q++)"
    # Inside, q runs over eight elements and their lanes at once.
    wide = value
    for number, address in enumerate(body.addresses[:-1]):
        text = address.without("n").text()
        if address.step("n"):
            text += " + q"
        wide = wide.replace(f"@{number}@", text)
    lines = [f"{kind} w[{8 * width}]; for (int q = 0; q < {8 * width}; q++) w[q] = 0;"]
    if blocks:
        block = f"for (int {name} = 0; {name} < {8 * blocks}; {name} += 8)"
        lines += nest(rows, [f"{block} {inner} w[q] = w[q] + {wide};"])
    lines.append(f"{kind} s[{width}]; for (int n = 0; n < {width}; n++) s[n] = 0;")
    lines.append(f"for (int q = 0; q < {8 * width}; q++) s[q % {width}] += w[q];")
    if rest:
        block = f"for (int {name} = {8 * blocks}; {name} < {loop.size}; {name}++)"
        lines += nest(rows, [f"{block} for (int n = 0; n < {width}; n++) s[n] = s[n] + {value};"])
    return lines


def arg(e: Emitter, node: Node) -> Kernel:
    """argmax and argmin: the first best wins, the first NaN before all."""
    x, axis = node.inputs[0], node.params["axis"]
    if not x.shape[axis]:
        raise ValueError(f"{node.op}: axes {(axis,)} of shape {x.shape} are empty; there is no element to choose")
    loops, index = e.index(x)
    body = Body()
    value = e.read(x, index, body)
    out = tuple(i for a, i in enumerate(index) if a != axis)
    place = body.place(node, e.buffer(node), e.address(node, out))
    kind, sign = "I" if x.kind == "i" else "T", ">" if node.op == "argmax" else "<"
    along = [loop for loop in loops if loop.name == f"i{axis}"]
    at = f"i{axis}"
    better = [
        f"{kind} v = {value};",
        f"I up = ({at} == 0) | ((best == best) & ((v != v) | (v {sign} best)));",
        f"best = up ? v : best; at = up ? {at} : at;",
    ]
    lines = [f"{kind} best = 0; I at = 0;", *nest(along, better), f"{place} = at;"]
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    others = [loop for loop in loops if loop.name != at]
    return e.kernel(node, body, [body.fill(line) for line in nest(others, lines)])


def cumsum(e: Emitter, node: Node) -> Kernel:
    """Running sums."""
    x, axis = node.inputs[0], node.params["axis"]
    loops, index = e.index(node)
    body = Body()
    value = e.read(x, index, body)
    place = body.place(node, e.buffer(node), e.address(node, index))
    kind = "I" if node.kind == "i" else "T"
    along = [loop for loop in loops if loop.name == f"i{axis}"]
    lines = [f"{kind} s = 0;", *nest(along, [f"s = s + {value};", f"{place} = s;"])]
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    others = [loop for loop in loops if loop.name != f"i{axis}"]
    return e.kernel(node, body, [body.fill(line) for line in nest(others, lines)])


def pad(e: Emitter, node: Node) -> Kernel:
    """Zeros, and the input among them."""
    x = node.inputs[0]
    loops, index = e.index(x)
    body = Body()
    value = e.read(x, index, body)
    where = tuple(i.times(step, start) for i, (start, _, step) in zip(index, node.params["bounds"], strict=True))
    lines = e.store_all(node, loops, index, value, body, e.address(node, where)) if x.size else []
    size = e.layout.elements(node)
    clear = f"memset({e.buffer(node)}, 0, sizeof(T) * {size});"
    return e.kernel(node, body, [clear, *lines])


def concat(e: Emitter, node: Node) -> Kernel:
    """The parts, one behind the other."""
    axis = normalize_axis(node.params["axis"], len(node.shape))
    whole, lines, first = Body(), [], 0
    for x in node.inputs:
        loops, index = e.index_like(x, e.layout.batch[node])
        body = Body()
        value = e.read(x, index, body)
        where = tuple(i.times(1, first) if a == axis else i for a, i in enumerate(index))
        if x.size:
            lines += e.store_all(node, loops, index, value, body, e.address(node, where))
        whole.buffers += [b for b in body.buffers if b not in whole.buffers]
        first += x.shape[axis]
    return e.kernel(node, whole, lines)


def gather(e: Emitter, node: Node) -> Kernel:
    """``x[position]``; a position out of range ends the call."""
    x, positions = node.inputs
    loops, index = e.index(node)
    body = Body()
    at = e.read(positions, index, body)
    base = e.base(x)
    body.place(base, e.buffer(base), Affine())
    place = body.place(node, e.buffer(node), e.address(node, index))
    lines = [*_position(at, x.size), f"{place} = {e.buffer(base)}[at];"]
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    return e.kernel(node, body, [body.fill(line) for line in nest([loop for loop in loops if loop.size != 1], lines)])


def _position(text: str, size: int) -> list[str]:
    check = f"if (at < 0 || at >= {size}) {{ *status = -1; at = 0; }}"
    return [f"int64_t at = {text}; if (at < 0) at += {size};", check]


def scatter_add(e: Emitter, node: Node) -> Kernel:
    """Zeros, and each number added at its position, in order."""
    g, positions = node.inputs
    loops, index = e.index(g)
    body = Body()
    value, at = e.read(g, index, body), e.read(positions, index, body)
    name, size = e.buffer(node), e.layout.elements(node)
    lines = [*_position(at, size), f"{name}[at] += {value};"]
    inside = [body.fill(line) for line in nest([loop for loop in loops if loop.size != 1], lines)] if g.size else []
    return e.kernel(node, body, [f"memset({name}, 0, sizeof(T) * {size});", *inside])

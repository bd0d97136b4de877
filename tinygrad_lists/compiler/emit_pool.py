"""Kernels of pooling: windows that walk over planes."""

from __future__ import annotations

from itertools import product

from .affine import Affine, Loop, nest
from .emit import Body, Emitter, Kernel
from .program import Node

__all__ = ["average", "average_back", "place", "pooled", "positions", "scattered"]


class _Windows:
    """The windows of a pooling: loop variables c, i, j; where each tap lies, and whether it may lie outside."""

    def __init__(self, e: Emitter, x_shape: tuple[int, ...], node: Node) -> None:
        params = node.params
        self.high, self.wide = x_shape[2:]
        self.kernel, self.stride, self.padding = params["kernel"], params["stride"], params["padding"]
        self.dilation = params.get("dilation", (1, 1))
        self.padded = any(self.padding)
        self.taps = list(product(*map(range, self.kernel)))

    def tap(self, k: int, m: int) -> tuple[Affine, Affine]:
        """Row and column at which a tap is read: those of the nearest element of the plane if it lies outside."""
        return (Affine.of(f"row{k}"), Affine.of(f"column{m}")) if self.padded else self.at(k, m)

    def nearest(self) -> list[str]:
        """C of those rows and columns. What is read in vain does no harm; see `FORMULAS` for what a condition does."""
        if not self.padded:
            return []
        rows = [("row", k, self.at(k, 0)[0].text(), self.high) for k in range(self.kernel[0])]
        columns = [("column", m, self.at(0, m)[1].text(), self.wide) for m in range(self.kernel[1])]
        return [
            f"const int {name}{tap} = {at} < 0 ? 0 : {at} < {size} ? {at} : {size - 1};"
            for name, tap, at, size in rows + columns
        ]

    def at(self, k: int, m: int) -> tuple[Affine, Affine]:
        """Row and column of a tap."""
        i, j = Affine.of("i2"), Affine.of("i3")
        (p, q), (s, t), (d, r) = self.padding, self.stride, self.dilation
        return i.times(s, k * d - p), j.times(t, m * r - q)

    def inside(self, k: int, m: int) -> str:
        """C condition that a tap lies inside the plane."""
        row, column = (a.text() for a in self.at(k, m))
        return f"(({row} == row{k}) & ({column} == column{m}))" if self.padded else "1"

    def chosen(self, k: int, m: int, value: str) -> str:
        """The value where a tap lies inside the plane, else 0."""
        return f"choose({self.inside(k, m)}, {value}, 0)" if self.padded else value

    def count(self, all_taps: bool) -> str:
        """C of how many taps a window has, or how many inside the plane."""
        if all_taps or not self.padded:
            return str(len(self.taps))
        return f"({' + '.join(self.inside(k, m) for k, m in self.taps)})"


def place(e: Emitter, node: Node, gathered: Node | None) -> Kernel:
    """The place of the first maximum within each window, and the maximum itself if `gathered` wants it."""
    x = node.inputs[0]
    windows = _Windows(e, x.shape, node)
    if e.layout.batch[node] is not None and x.kind == "f" and not windows.padded:
        return _place_in_lanes(e, node, gathered, windows)
    loops, index = e.index(node)
    body = Body()
    kind = "I" if x.kind == "i" else "T"
    lines = [f"{kind} best = 0; I at = -1;", *windows.nearest()]
    for number, (k, m) in enumerate(windows.taps):
        address = (index[0], index[1], *windows.tap(k, m))
        value = _tap(e, x, address, body)
        if number == 0 and not windows.padded:
            lines = [f"{kind} best = {value}; I at = 0;"]
            continue
        up = "!(v <= best) & (best == best)"
        if windows.padded:
            up = f"{windows.inside(k, m)} & ((at < 0) | ({up}))"
        lines.append(f"{{ {kind} v = {value}; I up = {up};")
        lines.append(f"  best = up ? v : best; at = up ? {number} : at; }}")
    target = body.place(node, e.buffer(node), e.address(node, index))
    lines.append(f"{target} = at;")
    if gathered is not None:
        pooled = body.place(gathered, e.buffer(gathered), e.address(gathered, index))
        lines.append(f"{pooled} = best;")
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    text = _without_unit_loops(text, loops)
    return e.kernel(node, body, text, also=[gathered] if gathered is not None else [])


def _place_in_lanes(e: Emitter, node: Node, gathered: Node | None, windows: _Windows) -> Kernel:
    """The same for all lanes at once; a comparison of vectors is a mask."""
    loops, index = e.index(node)
    body, width = Body(), e.layout.width

    def vector(buffer: Node, address: Affine, kind: str) -> str:
        place = body.place(buffer, e.buffer(buffer), address.without("n"))
        return f"(*({kind}{width} *)&{place})"

    lines = []
    for number, (k, m) in enumerate(windows.taps):
        base, address = e.operand(node.inputs[0], (index[0], index[1], *windows.at(k, m)))
        value = vector(base, address, "const V")
        if number == 0:
            lines.append(f"V{width} best = {value}; M{width} at = {{}};")
            continue
        lines.append(f"{{ V{width} v = {value}; M{width} up = ((v > best) | (v != v)) & (best == best);")
        lines.append(f"  best = (V{width})((up & (M{width})v) | (~up & (M{width})best));")
        lines.append(f"  at = (up & {number}) | (~up & at); }}")
    lines.append(f"{vector(node, e.address(node, index), 'M')} = at;")
    if gathered is not None:
        lines.append(f"{vector(gathered, e.address(gathered, index), 'V')} = best;")
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    return e.kernel(node, body, _without_unit_loops(text, loops), also=[gathered] if gathered is not None else [])


def _without_unit_loops(text: list[str], loops: list[Loop]) -> list[str]:
    """Variables of loops that run once."""
    names = [loop.name for loop in loops if loop.size == 1]
    declared = f"const int {', '.join(f'{name} = 0' for name in names)};" if names else ""
    return [declared, *text] if declared else text


def _tap(e: Emitter, x: Node, index: tuple[Affine, ...], body: Body) -> str:
    base, address = e.operand(x, index)
    return body.place(base, e.buffer(base), address)


def pooled(e: Emitter, node: Node) -> Kernel:
    """What another tensor of the same shape has at the places."""
    y, where = node.inputs
    windows = _Windows(e, y.shape, where)
    loops, index = e.index(node)
    body = Body()
    at = e.read(where, index, body)
    lines = [f"I at = {at};"]
    corner = _tap(e, y, (index[0], index[1], *windows.at(0, 0)), body)
    _, one = e.operand(y, (Affine(), Affine(), Affine(1), Affine()))
    _, two = e.operand(y, (Affine(), Affine(), Affine(), Affine(1)))
    _, none = e.operand(y, (Affine(), Affine(), Affine(), Affine()))
    down, right = one.constant - none.constant, two.constant - none.constant
    wide = windows.kernel[1]
    shift = f"at / {wide} * {down * windows.dilation[0]} + at % {wide} * {right * windows.dilation[1]}"
    lines.append(f"{body.place(node, e.buffer(node), e.address(node, index))} = {corner[:-1]} + {shift}];")
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    return e.kernel(node, body, _without_unit_loops(text, loops))


def scattered(e: Emitter, node: Node) -> Kernel:
    """The adjoint: each gradient at its place, zeros elsewhere; where windows overlap, gradients add up in order."""
    g, where = node.inputs
    windows = _Windows(e, where.inputs[0].shape, where)
    loops, index = e.index(where)
    body = Body()
    value, at = e.read(g, index, body), e.read(where, index, body)
    kind = "I" if node.kind == "i" else "T"
    (kh, kw), (sh, sw) = windows.kernel, windows.stride
    apart = sh >= kh and sw >= kw and not windows.padded and windows.dilation == (1, 1)
    covers = apart and (sh, sw) == (kh, kw)
    covers = covers and where.shape[2] * sh == node.shape[2] and where.shape[3] * sw == node.shape[3]
    bounds = node.params.get("bounds", ((0, 0, 1),) * 4)  # where the plane lies in a padded one, see `margins`

    def target_of(k: int, m: int) -> Affine:
        row, column = (
            at.times(step, start) for at, (start, _, step) in zip(windows.tap(k, m), bounds[2:], strict=True)
        )
        return e.address(node, (index[0], index[1], row, column))

    width, lanes = e.layout.width, e.layout.batch[node] is not None and not windows.padded and kind == "T"
    lines = [f"{kind} g = {value}; I at = {at};"]
    if lanes:
        lines = [f"V{width} g; M{width} at;", *e.lanes(node, body, [f"g[n] = {value};", f"at[n] = {at};"])]
    lines += windows.nearest()  # a place is never outside: there zeros are added
    for number, (k, m) in enumerate(windows.taps):
        target = body.place(node, e.buffer(node), target_of(k, m))
        store = f"{target} {'=' if apart else '+='} at == {number} ? g : 0;"
        if lanes:
            body.addresses[-1] = body.addresses[-1].without("n")
            store = f"*(V{width} *)&{target} {'=' if apart else '+='} (V{width})((M{width})g & (at == {number}));"
        lines.append(store)
    if e.layout.batch[node] is not None and not lanes:
        lines = e.lanes(node, body, lines)
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    text = _without_unit_loops(text, loops)
    clear = f"memset({e.buffer(node)}, 0, sizeof(T) * {e.layout.elements(node)});"
    return e.kernel(node, body, text if covers else [clear, *text])


def positions(e: Emitter, node: Node) -> Kernel:
    """max_pool2d_argmax as the engine has it: flat positions in the whole tensor (never with lanes)."""
    x = node.inputs[0]
    windows = _Windows(e, x.shape, node)
    loops, index = e.index(node)
    body = Body()
    kind = "I" if x.kind == "i" else "T"
    lines = [f"{kind} best = 0; I at = -1;", *windows.nearest()]
    _, c, high, wide = x.shape
    for k, m in windows.taps:
        row, column = windows.tap(k, m)
        value = _tap(e, x, (index[0], index[1], row, column), body)
        flat = index[0].times(c * high * wide) + index[1].times(high * wide) + row.times(wide) + column
        up = f"{windows.inside(k, m)} & ((at < 0) | (!(v <= best) & (best == best)))"
        lines.append(f"{{ {kind} v = {value}; I up = {up};")
        lines.append(f"  best = up ? v : best; at = up ? {flat.text()} : at; }}")
    lines.append(f"{body.place(node, e.buffer(node), e.address(node, index))} = at;")
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    return e.kernel(node, body, _without_unit_loops(text, loops))


def average(e: Emitter, node: Node) -> Kernel:
    """Mean of each window."""
    x = node.inputs[0]
    windows = _Windows(e, x.shape, node)
    loops, index = e.index(node)
    body = Body()
    lines = ["T s = 0;", *windows.nearest()]
    for k, m in windows.taps:
        value = _tap(e, x, (index[0], index[1], *windows.tap(k, m)), body)
        lines.append(f"s += {windows.chosen(k, m, value)};")
    count = windows.count(node.params["count_include_pad"])
    lines.append(f"{body.place(node, e.buffer(node), e.address(node, index))} = s / {count};")
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    return e.kernel(node, body, _without_unit_loops(text, loops))


def average_back(e: Emitter, node: Node) -> Kernel:
    """The adjoint: each window's share for all of its taps."""
    g = node.inputs[0]
    windows = _Windows(e, node.shape, node)
    loops, index = e.index(g)
    body = Body()
    value = _tap(e, g, index, body)
    lines = [*windows.nearest(), f"T share = {value} / {windows.count(node.params['count_include_pad'])};"]
    for k, m in windows.taps:
        target = body.place(node, e.buffer(node), e.address(node, (index[0], index[1], *windows.tap(k, m))))
        lines.append(f"{target} += {windows.chosen(k, m, 'share')};")
    if e.layout.batch[node] is not None:
        lines = e.lanes(node, body, lines)
    text = [body.fill(line) for line in nest([loop for loop in loops if loop.size > 1], lines)]
    clear = f"memset({e.buffer(node)}, 0, sizeof(T) * {e.layout.elements(node)});"
    return e.kernel(node, body, [clear, *_without_unit_loops(text, loops)])

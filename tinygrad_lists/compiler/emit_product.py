"""Kernels of matrix products and correlations: what each reads at which index, as one `Contraction`."""

from __future__ import annotations

from .affine import Affine, Loop
from .contract import Contraction, Operand
from .emit import Emitter, Index, Kernel, stretched_to
from .layout import Unfit
from .program import Node

__all__ = ["ProductEmitter"]


class ProductEmitter(Emitter):
    """An `Emitter` that knows products too."""

    def product(self, node: Node) -> Kernel:
        """A matrix product or a correlation."""
        outer, inner, out, a, b = getattr(self, f"_{node.op}")(node)
        operands = [self.operand(x, index) for x, index in zip(node.inputs[:2], (a, b), strict=True)]
        if any(address.step("img") for _, address in operands):
            raise Unfit
        start = None
        single = {loop.name for loop in [*outer, *inner] if loop.size == 1}
        buffers = [buffer for buffer, _ in operands]
        if len(node.inputs) > 2:
            base, address = self.operand(node.inputs[2], (out[1],))
            start = Operand(self.buffer(base), address.without(*single))
            buffers.append(base)
        relu = self.relu_of(node)
        target = relu or node
        inside = any(self.layout.batch[x] is not None for x in [node, *node.inputs])
        contraction = Contraction(
            [loop for loop in outer if loop.size > 1],
            [loop for loop in inner if loop.size > 1],
            Operand(self.buffer(target), self.address(node, out).without(*single)),
            Operand(self.buffer(operands[0][0]), operands[0][1].without(*single)),
            Operand(self.buffer(operands[1][0]), operands[1][1].without(*single)),
            start,
            self.layout.width if inside else 1,
            self.machine.lanes,
            self.machine.registers,
            add=self.layout.chunks > 1,
            partial=self.layout.count % self.layout.width != 0,
            relu=relu is not None,
        )
        zero = "0" if self.is_total(node) else ""
        reads = list(dict.fromkeys(buffers))
        name = f"k{node.number}_{node.op}"
        return Kernel(target, name, reads, [target], contraction.lines(), zero, node if relu else None)

    def relu_of(self, node: Node) -> Node | None:
        """The relu that is all that reads a product, so that it can be applied on the way out."""
        users = self.users.get(node, [])
        if len(users) == 1 and users[0].op == "relu" and node not in self.layout.program.roots():
            relu = users[0]
            if relu in self.layout.stored and self.layout.batch[relu] == self.layout.batch[node] and node.kind == "f":
                return relu if not self.is_total(node) else None
        return None

    def _matmul(self, node: Node) -> tuple[list[Loop], list[Loop], Index, Index, Index]:
        x, y = node.inputs
        loops, out = self.index(node)
        size = x.shape[-1]
        over_batch = self.layout.batch[x] == len(x.shape) - 1 or self.layout.batch[y] == len(y.shape) - 2
        k = Affine.of("n") if over_batch else Affine.of("k") if size > 1 else Affine()
        lead = out[:-2]
        left = (*stretched_to(x.shape[:-2], lead), out[-2], k)
        right = (*stretched_to(y.shape[:-2], lead), k, out[-1])
        return loops, [] if over_batch else [Loop("k", size)], out, left, right

    def _windows(self, node: Node, w: Node, outputs: int) -> tuple[int, int, int]:
        groups = node.params["groups"]
        return groups, outputs // groups, w.shape[1]

    def _conv2d(self, node: Node) -> tuple[list[Loop], list[Loop], Index, Index, Index]:
        w = node.inputs[1]
        image = Affine.of("n") if self.layout.batch[node] == 0 else Affine.of("m")
        groups, filters, channels = self._windows(node, w, node.shape[1])
        g, f, c = Affine.of("g"), Affine.of("f"), Affine.of("c")
        rows, columns = self._taps(node)
        out = (image, g.times(filters) + f, Affine.of("i"), Affine.of("j"))
        outer = self._images(node) + _loops(g=groups, f=filters, i=node.shape[2], j=node.shape[3])
        inner = _loops(c=channels, k=w.shape[2], l=w.shape[3])
        return outer, inner, out, (image, g.times(channels) + c, rows, columns), (g.times(filters) + f, c, *_kl())

    def _taps(self, node: Node) -> tuple[Affine, Affine]:
        (down, right), (d, e) = node.params["stride"], node.params["dilation"]
        i, j, (k, m) = Affine.of("i"), Affine.of("j"), _kl()
        return i.times(down) + k.times(d), j.times(right) + m.times(e)

    def _images(self, node: Node) -> list[Loop]:
        return [] if self.layout.batch[node] == 0 else [Loop("m", node.shape[0])]

    def _conv2d_weight_grad(self, node: Node) -> tuple[list[Loop], list[Loop], Index, Index, Index]:
        x, grad = node.inputs
        lanes = self.layout.batch[x] == 0
        image = Affine.of("n") if lanes else Affine.of("m")
        groups, filters, channels = self._windows(node, node, node.shape[0])
        g, f, c = Affine.of("g"), Affine.of("f"), Affine.of("c")
        rows, columns = self._taps(node)
        outer = _loops(g=groups, f=filters, c=channels, k=node.shape[2], l=node.shape[3])
        inner = ([] if lanes else [Loop("m", x.shape[0])]) + _loops(i=grad.shape[2], j=grad.shape[3])
        left = (image, g.times(channels) + c, rows, columns)
        right = (image, g.times(filters) + f, Affine.of("i"), Affine.of("j"))
        return outer, inner, (g.times(filters) + f, c, *_kl()), left, right

    def _correlate_back(self, node: Node) -> tuple[list[Loop], list[Loop], Index, Index, Index]:
        w = node.inputs[1]
        image = Affine.of("n") if self.layout.batch[node] == 0 else Affine.of("m")
        groups, channels, filters = node.params["groups"], w.shape[1], w.shape[0] // node.params["groups"]
        g, f, c = Affine.of("g"), Affine.of("f"), Affine.of("c")
        places = []
        for axis, (name, tap) in enumerate(zip("ij", _kl(), strict=True)):
            dilation, lead = node.params["dilation"][axis], node.params["padding"][axis]
            edge = dilation * (w.shape[2 + axis] - 1)
            places.append(Affine.of(name).times(1, lead + edge) + tap.times(-dilation))
        outer = self._images(node) + _loops(g=groups, c=channels, i=node.shape[2], j=node.shape[3])
        inner = _loops(f=filters, k=w.shape[2], l=w.shape[3])
        out = (image, g.times(channels) + c, Affine.of("i"), Affine.of("j"))
        return outer, inner, out, (image, g.times(filters) + f, *places), (g.times(filters) + f, c, *_kl())


def _kl() -> tuple[Affine, Affine]:
    return Affine.of("k"), Affine.of("l")


def _loops(**sizes: int) -> list[Loop]:
    return [Loop(name, size) for name, size in sizes.items()]

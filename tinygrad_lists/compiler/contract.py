"""Sums of products: matrix products and convolutions, forward and backward, as one scheme of loops.

    out[o] = start[o] + sum over r of a[o, r] · b[o, r]

where all indices are affine. A tile of sums is kept in registers: `rows` along an axis with which only `a` changes,
`columns` along one with which only `b` changes, so that each number loaded is used several times. The lanes of a vector
are images; where the numbers of neighbouring pixels lie beside one another too, one vector spans several of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .affine import Affine, Loop, nest

__all__ = ["Contraction", "Operand"]


LOAD = 0.1  # cycles for a load that is hidden behind multiply-adds: the first cache does not hold everything


@dataclass(frozen=True)
class Operand:
    """A buffer in a kernel: its C name, and the address of the element at the loop variables."""

    name: str
    address: Affine

    @property
    def lanes(self) -> bool:
        """Whether it has one number for each image."""
        return self.address.step("n") == 1

    def at(self, shift: Affine) -> str:
        """The address, moved, without the lane."""
        return (self.address.without("n") + shift).text()


@dataclass(frozen=True)
class Block:
    """A part of a tiled axis: ``first`` index, number of tiles, size of a tile."""

    first: int
    count: int
    size: int


def blocks(size: int, most: int) -> list[Block]:
    """An axis in tiles of `most`, and a smaller one for the rest.

    >>> blocks(11, 3)
    [Block(first=0, count=3, size=3), Block(first=9, count=1, size=2)]
    """
    count, rest = divmod(size, most)
    parts = [Block(0, count, most)] if count else []
    return [*parts, Block(count * most, 1, rest)] if rest else parts


@dataclass
class Contraction:
    """A contraction, ready to be written out.

    Attributes:
        outer: loops over the result; inner: loops that are summed over.
        out, a, b: operands; `start`: what sums begin with, or None.
        width: lanes of a stored tensor; widest: lanes of the machine's vectors.
        registers: how many vectors the machine holds at once.
        add: whether the result is added to what is there (chunks of a batch).
        partial: whether the last chunk has fewer images than lanes.
        relu: whether the result goes through a relu on its way out.
    """

    outer: list[Loop]
    inner: list[Loop]
    out: Operand
    a: Operand
    b: Operand
    start: Operand | None
    width: int
    widest: int
    registers: int
    add: bool = False
    partial: bool = False
    relu: bool = False
    inside: list[Loop] = field(default_factory=list)  # loops over the result within a tile
    head: str = ""  # mask for the last vector of a row, which reaches over its end

    def lines(self) -> list[str]:
        """The body of the kernel."""
        self.across = (self.a.lanes or self.b.lanes) and not self.out.lanes
        if not self.a.lanes and self.b.lanes:
            self.a, self.b = self.b, self.a
        vector = self._vector_axis()
        if vector is None and self.width == 1:
            self.a, self.b = self.b, self.a
            vector = self._vector_axis()
            if vector is None:
                self.a, self.b = self.b, self.a
        self.vector = vector
        lanes = self.width
        if vector is not None:
            lanes = max(lanes, min(self.widest, 1 << (vector.size * self.width).bit_length() - 1))
        column = self._tile_axis(self.b, self.a)
        row = vector if vector is not None and not self.across else self._tile_axis(self.a, self.b)
        rest = [loop for loop in self.outer if loop not in (row, column)]
        # A sum over whole planes reads so much that a tile should find its planes in the first cache again and again.
        outside = [loop for loop in rest if loop.name == "g"] if self.across else rest
        self.inside = [loop for loop in rest if loop not in outside]
        body: list[str] = []
        for first, rows_in_all, size in self._runs(row, lanes):
            body += self._tiles(row, column, first, rows_in_all, size)
        return nest(outside, body)

    def _runs(self, row: Loop | None, lanes: int) -> list[tuple[int, int, int]]:
        """(first element, rows, lanes) of stretches along the row axis; smaller vectors for what is left."""
        if row is None or row is not self.vector:
            return [(0, row.size if row else 1, lanes)]
        runs, first, left = [], 0, row.size * self.width
        while left:
            while lanes > left:
                lanes //= 2
            runs.append((first, left // lanes, lanes))
            first += left // lanes * lanes
            left %= lanes
        return runs

    def _vector_axis(self) -> Loop | None:
        """A loop along which vectors may reach over neighbouring elements, because they lie beside one another."""
        if self.width >= self.widest:
            return None
        step = self.width
        for loop in reversed(self.inner if self.across else self.outer):
            steps = [operand.address.step(loop.name) for operand in (self.a, self.b)]
            if self.across:
                fits = steps == [step, step] and self.a.lanes and self.b.lanes
            else:
                wide = self.a.lanes or self.width == 1
                fits = self.out.address.step(loop.name) == step and steps == [step, 0] and wide and not self.b.lanes
                if self.start is not None and self.start.address.step(loop.name):
                    fits = False
            if fits and loop.size > 1:
                return loop
        return None

    def _tile_axis(self, varies: Operand, stays: Operand) -> Loop | None:
        best = None
        for loop in self.outer:
            free = loop is not self.vector and stays.address.step(loop.name) == 0
            if free and varies.address.step(loop.name) and loop.size > 1 and (best is None or loop.size >= best.size):
                best = loop
        return best

    def _tiles(self, row: Loop | None, column: Loop | None, first: int, rows: int, lanes: int) -> list[str]:
        columns = column.size if column else 1
        high, wide = self._tile_size(rows, columns)
        spans = row is not None and row is self.vector
        unit = lanes if spans else 1  # by how much the row's variable moves on, in elements or indices
        text = []
        for down in blocks(rows, high):
            for right in blocks(columns, wide):
                depth = 0
                low, name = first + down.first * unit, "u"
                if down.count > 1:
                    end = low + down.count * down.size * unit
                    text.append(f"for (int u = {low}; u < {end}; u += {down.size * unit})")
                    depth += 1
                else:
                    name = str(low)
                at = "v" if right.count > 1 else str(right.first)
                if right.count > 1:
                    end = right.first + right.count * right.size
                    text.append("  " * depth + f"for (int v = {right.first}; v < {end}; v += {right.size})")
                    depth += 1
                tile = nest(self.inside, self._tile(row, column, name, at, down.size, right.size, lanes, unit))
                text += ["  " * depth + line for line in tile]
        return text

    def _tile_size(self, rows: int, columns: int) -> tuple[int, int]:
        """The tile that takes the fewest cycles: two multiply-adds a cycle, latency four, and loads not for nothing."""

        def cycles(high: int, wide: int) -> float:
            total = 0.0
            for down in blocks(rows, high):
                for right in blocks(columns, wide):
                    r, c = down.size, right.size
                    total += down.count * right.count * (max(r * c / 2, (r + c) / 2, 4) + LOAD * (r + c))
            return total

        sizes = [
            (cycles(high, wide), high * wide, high, wide)
            for high in range(1, min(rows, 12) + 1)
            for wide in range(1, min(columns, 16) + 1)
            if high * wide + high + 1 <= self.registers
        ]
        return min(sizes)[2:]

    def _tile(
        self, row: Loop | None, column: Loop | None, u: str, v: str, high: int, wide: int, lanes: int, unit: int
    ) -> list[str]:
        """One tile: sums in variables, the loops that are summed over, and the results put away."""
        spans = row is not None and row is self.vector
        kind = f"V{lanes}" if lanes > 1 else "T"

        def moved(operand: Operand, r: int, c: int) -> str:
            address = operand.address.without("n")
            if row is not None:
                step = address.step(row.name)
                address = address.without(row.name)
                per = step // self.width if spans else step  # along a spanning row u counts elements
                address = address + Affine(per * r * unit) + _scaled(u, per)
            if column is not None:
                step = address.step(column.name)
                address = address.without(column.name) + Affine(step * c) + _scaled(v, step)
            return address.text()

        cells = [(r, c) for r in range(high) for c in range(wide)]
        text = ["{"]
        for r, c in cells:
            begin = "0" if self.start is None else f"{self.start.name}[{moved(self.start, r, c)}]"
            text.append(f"  {kind} s{r}_{c} = {f'({kind}){{}} + {begin}' if lanes > 1 else begin};")
        depth = 1
        inner = [loop for loop in self.inner if not (self.across and loop is self.vector)]
        for loop in inner:
            text.append("  " * depth + f"for (int {loop.name} = 0; {loop.name} < {loop.size}; {loop.name}++)")
            depth += 1
        if self.across and self.vector is not None:
            text += self._along_vector(kind, cells, moved, depth, lanes)
        else:
            text += ["  " * depth + "{", *self._step(kind, cells, moved, lanes, depth + 1), "  " * depth + "}"]
        for r, c in cells:
            text += ["  " + line for line in self._put(f"s{r}_{c}", moved(self.out, r, c), kind, lanes)]
        return [*text, "}"]

    def _step(self, kind: str, cells: list[tuple[int, int]], moved: object, lanes: int, depth: int) -> list[str]:
        assert callable(moved)
        rows, columns = sorted({r for r, _ in cells}), sorted({c for _, c in cells})
        left = {r: f"{kind} a{r} = {self._load(self.a, moved(self.a, r, 0), kind, lanes)};" for r in rows}
        wide = kind if self.b.lanes else "T"
        right = {c: f"{wide} b{c} = {self._load(self.b, moved(self.b, 0, c), kind, lanes)};" for c in columns}
        # The fewer are kept in registers, and the others come one by one: as written, so GCC lets them live.
        if len(rows) <= len(columns):
            text = list(left.values())
            for c in columns:
                text += [right[c], *(f"s{r}_{c} += a{r} * b{c};" for r in rows)]
        else:
            text = list(right.values())
            for r in rows:
                text += [left[r], *(f"s{r}_{c} += a{r} * b{c};" for c in columns)]
        return ["  " * depth + line for line in text]

    def _load(self, operand: Operand, address: str, kind: str, lanes: int) -> str:
        wide = operand.lanes or (operand is self.a and self.vector is not None and not self.across and lanes > 1)
        if not wide or lanes == 1:
            return f"{operand.name}[{address}]"
        load = f"*(const {kind} *)({operand.name} + {address})"
        return f"({kind})((const M{lanes}){load} & *(const M{lanes} *){self.head})" if self.head else load

    def _along_vector(
        self, kind: str, cells: list[tuple[int, int]], moved: object, depth: int, lanes: int
    ) -> list[str]:
        """The innermost sum in vectors that span several elements; a smaller vector for what is left over."""
        assert self.vector is not None
        name, pad, per = self.vector.name, "  " * depth, lanes // self.width
        whole, left = divmod(self.vector.size, per)
        text = [pad + "{"]
        if whole:
            text.append(pad + f"for (int {name} = 0; {name} < {whole * per}; {name} += {per}) {{")
            text += [*self._step(kind, cells, moved, lanes, depth + 1), pad + "}"]
        if left:
            text.append(pad + f"{{ const int {name} = {whole * per};")
            self.head = f"head{lanes}_{left * self.width}"
            text += [*self._step(kind, cells, moved, lanes, depth + 1), pad + "}"]
            self.head = ""
        return [*text, pad + "}"]

    def _put(self, value: str, address: str, kind: str, lanes: int) -> list[str]:
        place = f"{self.out.name}[{address}]"
        if self.across:
            total = f"across{lanes}({value})"
            if self.partial:
                total = f"(valid == {self.width} ? {total} : across_some({lanes}, (const T *)&{value}, valid))"
            return [f"{place} {'+=' if self.add else '='} {total};"]
        if lanes == 1:
            return [f"{place} = {f'relu({value})' if self.relu else value};"]
        store = f"*({kind} *)({self.out.name} + {address})"
        return [f"{store} = {f'relu{lanes}({value})' if self.relu else value};"]


def _scaled(variable: str, step: int) -> Affine:
    if variable.isdigit():
        return Affine(int(variable) * step)
    return Affine(0, ((variable, step),)) if step else Affine()

"""The op table: one row per public function and per primitive. It drives every generic test of `test_ops`.

A row says how to call the operation on Values, how to draw inputs for it, what it should give (on plain loops), for
which kinds of number it exists, and how its derivatives can be checked. Adding an operation adds a row here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, product
from typing import Any

from op_arrays import Array, Source, axes_of, broadcast, make, pick, reduced

from tinygrad_lists import Value
from tinygrad_lists import functions as f
from tinygrad_lists.operations import apply, lift
from tinygrad_lists.primitives import PRIMITIVES
from tinygrad_lists.value import constant

__all__ = ["ROWS", "Row", "primitive"]

Params = dict[str, Any]
Sample = Callable[[Source], tuple[list[Array], Params]]

EVERY = ("float", "complex", "Fraction", "Decimal")
ORDERED = ("float", "Fraction", "Decimal")
SMOOTH = ("float", "complex", "Decimal")
REAL = ("float", "Decimal")


@dataclass(frozen=True, repr=False)
class Row:
    """One operation.

    Attributes:
        name: of the function, the method or the operator.
        call: on Values, with the parameters that `sample` drew.
        sample: inputs and parameters.
        reference: the same on Arrays, by plain loops; returns an Array or a list of them.
        primitive: name of the row in PRIMITIVES that it must record, if it is one.
        kinds: of number, for which it exists; for the others it must raise TypeError.
        degree: a polynomial of this degree in all inputs along every line (between kinks): its derivatives are checked
            exactly, on Fraction. None: checked on Decimal with 50 digits.
        differentiable: whether gradients flow.
        result: kind of the result where it is not that of the inputs.
        torch: the same in PyTorch, called with the module first.
        errors: calls that must fail, with the exception and a pattern of the message.
    """

    name: str
    call: Callable[..., Any]
    sample: Sample
    reference: Callable[..., Any]
    primitive: str | None = None
    kinds: tuple[str, ...] = EVERY
    degree: int | None = None
    differentiable: bool = True
    result: type | None = None
    torch: Callable[..., Any] | None = None
    errors: list[tuple[Callable[[], Any], type[Exception], str]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<row {self.name}>"


def primitive(name: str, *inputs: Value, **params: Any) -> Value:
    """A primitive by itself, for the rows that no function shows alone."""
    return apply(PRIMITIVES[name], *inputs, **params)


def ints(array: Array) -> Value:
    """A constant of indices or truth values."""
    return constant(list(array.flat) if array.shape else array.flat[0], array.shape)


# -- Samplers ---------------------------------------------------------------------------------------------------------


def one(low: float = -2, high: float = 2, apart: bool = False) -> Sample:
    return lambda s: ([s.numbers(s.shape(), low, high, apart)], {})


def two(first: tuple[float, float] = (-2, 2), second: tuple[float, float] = (-2, 2)) -> Sample:
    def sample(s: Source) -> tuple[list[Array], Params]:
        a, b = s.broadcastable(2)
        return [s.numbers(a, *first), s.numbers(b, *second)], {}

    return sample


def different(s: Source) -> tuple[list[Array], Params]:
    """Two operands without ties: no element of one equals any of the other."""
    a, b = s.broadcastable(2)
    x, y = s.numbers(a), s.numbers(b)
    half = s.numbers((), 0, 0.125).flat[0] if s.kind == "complex" else None
    shift = half if half is not None else type((x.flat or y.flat or [1.0])[0])(1) / 640
    return [x, Array([v + shift for v in y.flat], b)], {}


def quotients(s: Source) -> tuple[list[Array], Params]:
    """x and y with x/y well inside of [k, k + 1], of one shape."""
    shape = s.shape()
    y = s.numbers(shape, 0.5, 2)
    signs = s.random.choices([-1, 1], k=len(y.flat))
    parts = s.numbers(shape, 0.25, 0.75).flat
    wholes = s.random.choices(range(-3, 4), k=len(y.flat))
    y = Array([v * sign for v, sign in zip(y.flat, signs, strict=True)], shape)
    return [Array([v * (k + p) for v, k, p in zip(y.flat, wholes, parts, strict=True)], shape), y], {}


def powers(s: Source) -> tuple[list[Array], Params]:
    if s.kind == "Fraction":  # exists for integral exponents only
        return [s.numbers(s.shape(), 0.5, 2), Array([3], ())], {}
    return two((0.5, 2.5), (-2, 2))(s)


def over_axes(several: bool = True, apart: bool = False, empty: bool = True, lowest: int = 0) -> Sample:
    def sample(s: Source) -> tuple[list[Array], Params]:
        shape = s.shape(lowest, empty=empty)
        params = {"axis": s.axis(len(shape), several), "keepdims": s.choice([False, True])}
        return [s.numbers(shape, apart=apart)], params

    return sample


def corrected(s: Source) -> tuple[list[Array], Params]:
    shape = (2 + s.size(), *s.shape(high=1, empty=False))
    axis = s.choice([None, 0, *([(0, 1)] if len(shape) > 1 else [])])
    params = {"axis": axis, "keepdims": s.choice([False, True]), "correction": s.choice([0, 1])}
    return [s.numbers(shape, apart=True)], params


def along(low: int = 1, empty: bool = True, **limits: float) -> Sample:
    def sample(s: Source) -> tuple[list[Array], Params]:
        shape = s.shape(low, empty=empty)
        return [s.numbers(shape, **limits)], {"axis": s.one_axis(len(shape))}

    return sample


def images(s: Source) -> Params:
    """Window parameters that always fit a plane of at least 3 x 3."""
    return {
        "stride": s.choice([1, 2, (2, 1)]),
        "padding": s.choice([0, 1, (1, 0)]),
        "dilation": s.choice([1, 1, (1, 2)]),
        "groups": s.choice([1, 1, 2]),
    }


def pairs(params: Params) -> Params:
    """Window parameters as primitives want them."""
    return {k: v if k == "groups" or isinstance(v, tuple) else (v, v) for k, v in params.items()}


def convolution(s: Source) -> tuple[list[Array], Params]:
    params = images(s)
    groups = params["groups"]
    x = s.numbers((s.size(1, 2), groups * s.size(1, 2), s.size(3, 5), s.size(3, 4)))
    w = s.numbers((groups * s.size(1, 2), x.shape[1] // groups, s.size(1, 3), s.size(1, 2)))
    return [x, w, s.numbers((w.shape[0],))], params


def convolution_1d(s: Source) -> tuple[list[Array], Params]:
    params = {"stride": s.size(1, 2), "padding": s.size(0, 1), "dilation": s.size(1, 2), "groups": s.size(1, 2)}
    x = s.numbers((s.size(1, 2), params["groups"] * s.size(1, 2), s.size(3, 6)))
    w = s.numbers((params["groups"], x.shape[1] // params["groups"], s.size(1, 2)))
    return [x, w, s.numbers((w.shape[0],))], params


def transposed(s: Source) -> tuple[list[Array], Params]:
    params = {**images(s), "padding": s.choice([0, 1])}
    stride = params["stride"]
    params["output_padding"] = 0 if stride != 2 else s.choice([0, 1])
    groups = params["groups"]
    x = s.numbers((s.size(1, 2), groups, s.size(2, 3), s.size(2, 3)))
    w = s.numbers((groups, s.size(1, 2), s.size(2, 3), s.size(2, 3)))
    return [x, w, s.numbers((w.shape[1] * groups,))], params


def adjoint(which: str) -> Sample:
    """Inputs of an adjoint of conv2d: the gradient g, and w or x."""

    def sample(s: Source) -> tuple[list[Array], Params]:
        (x, w, _), params = convolution(s)
        params = pairs(params)
        g = s.numbers(conv_shape(x.shape, w.shape, **params))
        return ([g, w], {"x_shape": x.shape, **params}) if which == "x" else ([x, g], {"w_shape": w.shape, **params})

    return sample


def pooled(apart: bool = False, dilation: bool = False, include: bool = False) -> Sample:
    def sample(s: Source) -> tuple[list[Array], Params]:
        kernel = s.choice([2, (2, 1), 3])
        params = {"kernel_size": kernel, "stride": s.choice([None, 1, (2, 1)])}
        params["padding"] = 0 if kernel == (2, 1) else s.choice([0, 1])
        if dilation:
            params["dilation"] = s.choice([1, (1, 2)]) if kernel == 2 and not params["padding"] else 1
        if include:
            params["count_include_pad"] = s.choice([True, False])
        shape = (s.size(1, 2), s.size(1, 2), s.size(3, 4), s.size(3, 4))
        return [s.numbers(shape, apart=apart)], params

    return sample


def pool_params(kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, **rest: Any) -> Params:
    """Pooling parameters as primitives want them."""
    both = pairs({"kernel": kernel_size, "stride": kernel_size if stride is None else stride, "padding": padding})
    return {**both, **({} if rest else pairs({"dilation": dilation})), **rest}


def average_adjoint(s: Source) -> tuple[list[Array], Params]:
    (x,), params = pooled(include=True)(s)
    params = pool_params(**params)
    return [s.numbers(avg_pool_reference(x, **params).shape)], {"x_shape": x.shape, **params}


# -- References -------------------------------------------------------------------------------------------------------


def total(values: list[Any]) -> Any:
    result: Any = 0
    for value in values:
        result = result + value
    return result


def mean_of(values: list[Any]) -> Any:
    return total(values) / len(values) if values else math.nan


def variance(values: list[Any], correction: int) -> Any:
    centre = mean_of(values)
    return total([(v - centre) * (v - centre) for v in values]) / (len(values) - correction)


def matmul_reference(x: Array, y: Array) -> Array:
    rows = x if len(x.shape) > 1 else Array(x.flat, (1, *x.shape))
    columns = y if len(y.shape) > 1 else Array(y.flat, (*y.shape, 1))
    batch = broadcast(
        lambda *_: 0,
        Array([0] * math.prod(rows.shape[:-2]), rows.shape[:-2]),
        Array([0] * math.prod(columns.shape[:-2]), columns.shape[:-2]),
    ).shape

    def inside(index: tuple[int, ...], shape: tuple[int, ...]) -> list[int]:
        last = index[len(index) - len(shape) :] if shape else ()
        return [0 if size == 1 else i for i, size in zip(last, shape, strict=True)]

    def element(index: tuple[int, ...]) -> Any:
        *b, n, m = index
        left, right = inside(tuple(b), rows.shape[:-2]), inside(tuple(b), columns.shape[:-2])
        return total([rows.at([*left, n, k]) * columns.at([*right, k, m]) for k in range(rows.shape[-1])])

    out = make((*batch, rows.shape[-2], columns.shape[-1]), element)
    shape = out.shape[:-2]
    shape += () if len(x.shape) == 1 else out.shape[-2:-1]
    return Array(out.flat, shape + (() if len(y.shape) == 1 else out.shape[-1:]))


def einsum_reference(*operands: Array, subscripts: str) -> Array:
    inputs, arrow, output = subscripts.partition("->")
    if not arrow:
        output = "..." + "".join(sorted(c for c in set(inputs) - set(",.") if inputs.count(c) == 1))
    terms = inputs.split(",")
    free = [len(a.shape) - len(term.replace("...", "")) for term, a in zip(terms, operands, strict=True)]
    around = "XYZ"[: max(free)]  # what ... stands for, aligned at the right
    terms = [term.replace("...", around[len(around) - n :]) for term, n in zip(terms, free, strict=True)]
    output = output.replace("...", around)
    sizes: dict[str, int] = {}
    for term, a in zip(terms, operands, strict=True):
        for c, n in zip(term, a.shape, strict=True):
            sizes[c] = n if sizes.get(c, 1) == 1 else sizes[c]
    summed = [c for c in sizes if c not in output]

    def element(index: tuple[int, ...]) -> Any:
        terms_of_sum = []
        for rest in product(*(range(sizes[c]) for c in summed)):
            where = {**dict(zip(output, index, strict=True)), **dict(zip(summed, rest, strict=True))}
            factor: Any = 1
            for term, a in zip(terms, operands, strict=True):
                factor = factor * a.at([where[c] if n > 1 else 0 for c, n in zip(term, a.shape, strict=True)])
            terms_of_sum.append(factor)
        return total(terms_of_sum)

    return make([sizes[c] for c in output], element)


def conv_shape(x: tuple[int, ...], w: tuple[int, ...], **window: Any) -> tuple[int, ...]:
    sizes = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(x[2:], w[2:], window["stride"], window["padding"], window["dilation"], strict=True)
    ]
    return (x[0], w[0], *sizes)


def conv_products(x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...], **window: Any) -> Any:
    """Every product of equation (1): the index of y, of x and of w."""
    per_group = y[1] // window["groups"]
    for n, o, i, j, c, k, m in product(*map(range, (*y, *w[1:]))):
        row = i * window["stride"][0] + k * window["dilation"][0] - window["padding"][0]
        column = j * window["stride"][1] + m * window["dilation"][1] - window["padding"][1]
        if 0 <= row < x[2] and 0 <= column < x[3]:
            yield (n, o, i, j), (n, o // per_group * w[1] + c, row, column), (o, c, k, m)


def gathered(shape: tuple[int, ...], pairs_of: Any) -> Array:
    """Zeros of `shape` with products added at their indices."""
    sums: dict[tuple[int, ...], Any] = {}
    for index, value in pairs_of:
        sums[index] = sums.get(index, 0) + value
    return make(shape, lambda index: sums.get(index, 0))


def conv_reference(x: Array, w: Array, bias: Array | None = None, **params: Any) -> Array:
    window = pairs(params)
    shape = conv_shape(x.shape, w.shape, **window)
    products = conv_products(x.shape, w.shape, shape, **window)
    out = gathered(shape, ((y, x.at(a) * w.at(b)) for y, a, b in products))
    return out if bias is None else make(shape, lambda index: out.at(index) + bias.at([index[1]]))


def conv1d_reference(x: Array, w: Array, bias: Array, **params: Any) -> Array:
    window = {k: v if k == "groups" else ((0 if k == "padding" else 1), v) for k, v in params.items()}
    flat = [Array(a.flat, (*a.shape[:2], 1, a.shape[2])) for a in (x, w)]
    out = conv_reference(*flat, bias, **window)
    return Array(out.flat, (*out.shape[:2], out.shape[3]))


def input_grad_reference(g: Array, w: Array, x_shape: tuple[int, ...], **window: Any) -> Array:
    products = conv_products(x_shape, w.shape, g.shape, **window)
    return gathered(x_shape, ((a, g.at(y) * w.at(b)) for y, a, b in products))


def weight_grad_reference(x: Array, g: Array, w_shape: tuple[int, ...], **window: Any) -> Array:
    products = conv_products(x.shape, w_shape, g.shape, **window)
    return gathered(w_shape, ((b, x.at(a) * g.at(y)) for y, a, b in products))


def transposed_reference(x: Array, w: Array, bias: Array, output_padding: int, **params: Any) -> Array:
    window = pairs(params)
    sizes = [
        (n - 1) * s - 2 * p + d * (k - 1) + 1 + output_padding
        for n, k, s, p, d in zip(
            x.shape[2:], w.shape[2:], window["stride"], window["padding"], window["dilation"], strict=True
        )
    ]
    out = input_grad_reference(x, w, (x.shape[0], w.shape[1] * window["groups"], *sizes), **window)
    return make(out.shape, lambda index: out.at(index) + bias.at([index[1]]))


def windows(x: Array, kernel: Any, stride: Any, padding: Any, dilation: Any = (1, 1)) -> Any:
    """The index of each pooled element, and the indices in x that its window covers."""
    sizes = conv_shape(x.shape, (x.shape[1], 1, *kernel), stride=stride, padding=padding, dilation=dilation)
    for n, c, i, j in product(range(x.shape[0]), range(x.shape[1]), range(sizes[2]), range(sizes[3])):
        rows = [i * stride[0] + k * dilation[0] - padding[0] for k in range(kernel[0])]
        columns = [j * stride[1] + k * dilation[1] - padding[1] for k in range(kernel[1])]
        inside = [(n, c, r, k) for r in rows for k in columns if 0 <= r < x.shape[2] and 0 <= k < x.shape[3]]
        yield (n, c, i, j), inside


def pooled_reference(function: Callable[[Array, list[Any]], Any]) -> Callable[..., Array]:
    def reference(x: Array, **params: Any) -> Array:
        found = {index: function(x, inside) for index, inside in windows(x, **params)}
        return make([max(index) + 1 for index in zip(*found, strict=True)], found.__getitem__)

    return reference


def first_maximum(x: Array, inside: list[Any]) -> int:
    best = max(inside, key=x.at)  # the first of equal ones
    place = 0
    for i, size in zip(best, x.shape, strict=True):
        place = place * size + i
    return place


def avg_pool_reference(x: Array, kernel: Any, stride: Any, padding: Any, count_include_pad: bool) -> Array:
    area = kernel[0] * kernel[1]

    def average(x: Array, inside: list[Any]) -> Any:
        return total([x.at(i) for i in inside]) / (area if count_include_pad else len(inside))

    return pooled_reference(average)(x, kernel=kernel, stride=stride, padding=padding)


def avg_adjoint_reference(g: Array, x_shape: tuple[int, ...], count_include_pad: bool, **params: Any) -> Array:
    area = params["kernel"][0] * params["kernel"][1]
    shares = (
        (index, g.at(window) / (area if count_include_pad else len(inside)))
        for window, inside in windows(Array([], x_shape), **params)
        for index in inside
    )
    return gathered(x_shape, shares)


def cumsum_reference(x: Array, axis: int) -> Array:
    (at,) = axes_of(axis, len(x.shape))
    return make(x.shape, lambda index: total([x.at([*index[:at], i, *index[at + 1 :]]) for i in range(index[at] + 1)]))


def permuted(x: Array, axes: tuple[int, ...]) -> Array:
    return pick(x, [x.shape[a] for a in axes], lambda index: [index[axes.index(a)] for a in range(len(axes))])


def stretched(x: Array, shape: tuple[int, ...]) -> Array:
    return broadcast(lambda a, _: a, x, Array([0] * math.prod(shape), shape))


def stepped(x: Array, bounds: Any) -> Array:
    return pick(
        x, [len(range(*b)) for b in bounds], lambda index: [range(*b)[i] for b, i in zip(bounds, index, strict=True)]
    )


def spread_out(x: Array, bounds: Any, shape: tuple[int, ...]) -> Array:
    ranges = [range(*b) for b in bounds]

    def element(index: tuple[int, ...]) -> Any:
        if all(i in r for i, r in zip(index, ranges, strict=True)):
            return x.at([r.index(i) for i, r in zip(index, ranges, strict=True)])
        return 0

    return make(shape, element)


def joined(*parts: Array, axis: int) -> Array:
    (at,) = axes_of(axis, len(parts[0].shape))
    ends = list(accumulate(part.shape[at] for part in parts))
    shape = (*parts[0].shape[:at], ends[-1], *parts[0].shape[at + 1 :])

    def element(index: tuple[int, ...]) -> Any:
        which = next(n for n, end in enumerate(ends) if index[at] < end)
        start = ends[which] - parts[which].shape[at]
        return parts[which].at([*index[:at], index[at] - start, *index[at + 1 :]])

    return make(shape, element)


def along_axis(x: Array, index: Array, axis: int) -> Array:
    (at,) = axes_of(axis, len(x.shape))
    return pick(x, index.shape, lambda i: [*i[:at], index.at(i) % x.shape[at], *i[at + 1 :]])


def added_along(x: Array, source: Array, index: Array, axis: int) -> Array:
    (at,) = axes_of(axis, len(x.shape))
    added = [
        ((*i[:at], index.at(i) % x.shape[at], *i[at + 1 :]), source.at(i)) for i in product(*map(range, index.shape))
    ]
    sums = gathered(x.shape, added)
    return make(x.shape, lambda i: x.at(i) + sums.at(i))


def indexed(x: Array, index: tuple[Any, ...]) -> Array:
    """Ints, slices, None and at most one list of ints, each by its definition."""
    places: list[tuple[int | None, Any]] = []  # (axis, what it may be) for each axis of the result
    fixed: dict[int, int] = {}
    axis = 0
    for item in index:
        if item is None:
            places.append((None, [0]))
            continue
        size = x.shape[axis]
        if isinstance(item, int):
            fixed[axis] = item % size
        else:
            places.append((axis, list(range(size))[item] if isinstance(item, slice) else [i % size for i in item]))
        axis += 1
    places += [(a, list(range(x.shape[a]))) for a in range(axis, len(x.shape))]

    def where(at: tuple[int, ...]) -> list[int]:
        chosen = {a: options[i] for i, (a, options) in zip(at, places, strict=True) if a is not None}
        return [{**fixed, **chosen}[a] for a in range(len(x.shape))]

    return pick(x, [len(options) for _, options in places], where)


def softmax_parts(values: list[Any]) -> list[float]:
    top = max(values, default=0)
    powers = [math.exp(v - top) for v in values]
    return [p / math.fsum(powers) for p in powers]


def softmax_reference(x: Array, axis: int, log: bool = False) -> Array:
    (at,) = axes_of(axis, len(x.shape))

    def element(index: tuple[int, ...]) -> float:
        run = [x.at([*index[:at], i, *index[at + 1 :]]) for i in range(x.shape[at])]
        return math.log(softmax_parts(run)[index[at]]) if log else softmax_parts(run)[index[at]]

    return make(x.shape, element)


def log_sum(values: list[Any]) -> float:
    return math.log(math.fsum(map(math.exp, values))) if values else -math.inf


# -- Samplers of movements and indices --------------------------------------------------------------------------------


def some_bounds(s: Source) -> tuple[tuple[int, ...], Any]:
    shape = s.shape(most=5)
    bounds = []
    for size in shape:
        start = s.size(0, size)
        bounds.append((start, s.size(start, size), s.size(1, 2)))
    return shape, tuple(bounds)


def crops(s: Source) -> tuple[list[Array], Params]:
    shape, bounds = some_bounds(s)
    return [s.numbers(shape)], {"bounds": bounds}


def pads(s: Source) -> tuple[list[Array], Params]:
    shape, bounds = some_bounds(s)
    return [s.numbers([len(range(*b)) for b in bounds])], {"bounds": bounds, "shape": shape}


def widths(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape()
    width = s.choice([1, [(s.size(0, 2), s.size(0, 2)) for _ in shape]])
    return [s.numbers(shape)], {"width": width, "value": s.choice([0, s.one(1, 2)])}


def padded_reference(x: Array, width: Any, value: Any) -> Array:
    sides = [(width, width)] * len(x.shape) if isinstance(width, int) else width
    shape = [b + n + a for (b, a), n in zip(sides, x.shape, strict=True)]

    def element(index: tuple[int, ...]) -> Any:
        inner = [i - b for i, (b, _) in zip(index, sides, strict=True)]
        return x.at(inner) if all(0 <= i < n for i, n in zip(inner, x.shape, strict=True)) else value

    return make(shape, element)


def torch_pad(t: Any, x: Any, width: Any, value: Any) -> Any:
    sides = [(width, width)] * x.ndim if isinstance(width, int) else width
    return t.nn.functional.pad(x, [n for side in reversed(sides) for n in side], value=value) if sides else x


def reshapes(s: Source) -> tuple[list[Array], Params]:
    sizes = s.shape(high=3)
    count = math.prod(sizes)
    options = [sizes, (count,), sizes[::-1], (1, *sizes)] + ([(-1,), (*sizes[:1], -1)] if count else [])
    return [s.numbers(sizes)], {"shape": s.choice(options)}


def reshaped_reference(x: Array, shape: tuple[int, ...]) -> Array:
    known = math.prod(size for size in shape if size >= 0)
    return Array(x.flat, tuple(len(x.flat) // known if size < 0 else size for size in shape))


def permutations(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape()
    axes = list(range(len(shape)))
    s.random.shuffle(axes)
    return [s.numbers(shape)], {"axes": tuple(axes)}


def stretches(s: Source) -> tuple[list[Array], Params]:
    small, big = s.broadcastable(2)
    shape = broadcast(lambda *_: 0, Array([0] * math.prod(small), small), Array([0] * math.prod(big), big)).shape
    return [s.numbers(small)], {"shape": shape}


def parts_to_join(s: Source) -> tuple[list[Array], Params]:
    shape = list(s.shape(1))
    axis = s.one_axis(len(shape))
    parts = []
    for _ in range(s.size(1, 3)):
        shape[axis] = s.size(s.least, 3)
        parts.append(s.numbers(shape))
    return parts, {"axis": axis}


def equal_parts(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(high=2)
    return [s.numbers(shape) for _ in range(s.size(1, 3))], {"axis": s.one_axis(len(shape) + 1)}


def stacked_reference(*parts: Array, axis: int) -> Array:
    (at,) = axes_of(axis, len(parts[0].shape) + 1)
    shape = (*parts[0].shape[:at], len(parts), *parts[0].shape[at:])
    return make(shape, lambda index: parts[index[at]].at([*index[:at], *index[at + 1 :]]))


def sections(s: Source) -> tuple[list[Array], Params]:
    shape = list(s.shape(1, 2))
    axis = s.one_axis(len(shape))
    if s.choice([True, False]):
        count = s.size(1, 3)
        shape[axis] *= count
        return [s.numbers(shape)], {"sections": count, "axis": axis}
    cuts = sorted(s.size(0, shape[axis]) for _ in range(s.size(0, 2)))
    return [s.numbers(shape)], {"sections": cuts, "axis": axis}


def split_reference(x: Array, sections: Any, axis: int) -> list[Array]:
    (at,) = axes_of(axis, len(x.shape))
    size = x.shape[at]
    cuts = [size // sections * i for i in range(1, sections)] if isinstance(sections, int) else sections
    edges = [0, *cuts, size]
    return [
        stepped(x, [(a, b, 1) if i == at else (0, n, 1) for i, n in enumerate(x.shape)]) for a, b in pairwise(edges)
    ]


def torch_split(t: Any, x: Any, sections: Any, axis: int) -> Any:
    return t.tensor_split(x, sections, axis)


def repeats(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape()
    axis = s.axis(len(shape), several=False)
    places = math.prod(shape) if axis is None else shape[axis]
    times = s.choice([s.size(0, 3), [s.size(0, 2) for _ in range(places)]])
    return [s.numbers(shape)], {"repeats": times, "axis": axis}


def repeat_reference(x: Array, repeats: Any, axis: int | None) -> Array:
    if axis is None:
        x, axis = Array(x.flat, (len(x.flat),)), 0
    (at,) = axes_of(axis, len(x.shape))
    times = [repeats] * x.shape[at] if isinstance(repeats, int) else repeats
    source = [place for place, n in enumerate(times) for _ in range(n)]
    shape = [len(source) if a == at else n for a, n in enumerate(x.shape)]
    return pick(x, shape, lambda index: [source[i] if a == at else i for a, i in enumerate(index)])


def torch_repeat(t: Any, x: Any, repeats: Any, axis: int | None) -> Any:
    return t.repeat_interleave(x, repeats if isinstance(repeats, int) else t.tensor(repeats, dtype=t.int64), axis)


def tiles(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(high=2)
    times = s.choice([2, tuple(s.size(0, 2) for _ in range(s.size(0, 3)))])
    return [s.numbers(shape)], {"repeats": times}


def tile_reference(x: Array, repeats: Any) -> Array:
    times = (repeats,) if isinstance(repeats, int) else repeats
    ndim = max(len(times), len(x.shape))
    times = (1,) * (ndim - len(times)) + times
    sizes = (1,) * (ndim - len(x.shape)) + x.shape
    shape = [n * size for n, size in zip(times, sizes, strict=True)]
    thin = Array(x.flat, sizes)
    return pick(thin, shape, lambda index: [i % size for i, size in zip(index, sizes, strict=True)])


def rolls(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape()
    axis = s.axis(len(shape))
    shift = tuple(s.size(-4, 4) for _ in axis) if isinstance(axis, tuple) else s.size(-4, 4)
    return [s.numbers(shape)], {"shift": shift, "axis": axis}


def roll_reference(x: Array, shift: Any, axis: Any) -> Array:
    if axis is None:
        size = len(x.flat)
        return Array([x.flat[(i - shift) % size] for i in range(size)], x.shape)
    shifts = dict(zip(axis, shift, strict=True)) if isinstance(axis, tuple) else {axis: shift}
    by_axis = {a % len(x.shape): places for a, places in shifts.items()}
    return pick(x, x.shape, lambda index: [(i - by_axis.get(a, 0)) % x.shape[a] for a, i in enumerate(index)])


def triangles(s: Source) -> tuple[list[Array], Params]:
    return [s.numbers(s.shape(2))], {"k": s.size(-2, 2)}


def triangle(lower: bool) -> Callable[..., Array]:
    def reference(x: Array, k: int) -> Array:
        def element(index: tuple[int, ...]) -> Any:
            below = index[-1] - index[-2] <= k if lower else index[-1] - index[-2] >= k
            return x.at(index) if below else 0

        return make(x.shape, element)

    return reference


def squeezes(s: Source) -> tuple[list[Array], Params]:
    shape = tuple(s.choice([1, size]) for size in s.shape())
    ones = [a for a, size in enumerate(shape) if size == 1]
    return [s.numbers(shape)], {"axis": s.choice([None, *ones, *([tuple(ones)] if ones else [])])}


def squeeze_reference(x: Array, axis: Any) -> Array:
    if axis is None:
        return Array(x.flat, tuple(n for n in x.shape if n != 1))
    return Array(x.flat, tuple(n for a, n in enumerate(x.shape) if a not in axes_of(axis, len(x.shape))))


def new_axes(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(high=2)
    return [s.numbers(shape)], {"axis": s.one_axis(len(shape) + 1)}


def expand_reference(x: Array, axis: int) -> Array:
    (at,) = axes_of(axis, len(x.shape) + 1)
    return Array(x.flat, (*x.shape[:at], 1, *x.shape[at:]))


def flatten_reference(x: Array, start_axis: int) -> Array:
    start = start_axis % max(len(x.shape), 1)
    return Array(x.flat, (*x.shape[:start], math.prod(x.shape[start:])))


def flattens(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape()
    return [s.numbers(shape)], {"start_axis": s.size(-len(shape), len(shape) - 1) if shape else 0}


def positions(s: Source, shape: tuple[int, ...], size: int) -> Array:
    return Array([s.random.randrange(-size, size) for _ in range(math.prod(shape))], shape)


def indices_along(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(1, 2, empty=False)
    axis = s.one_axis(len(shape))
    wanted = list(shape)
    wanted[axis] = s.size(0, 4)
    return [s.numbers(shape)], {"index": positions(s, tuple(wanted), shape[axis]), "axis": axis}


def additions(s: Source) -> tuple[list[Array], Params]:
    (x,), params = indices_along(s)
    return [x, s.numbers(params["index"].shape)], params


def takes(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(1, 2, empty=False)
    axis = s.axis(len(shape), several=False)
    size = math.prod(shape) if axis is None else shape[axis]
    return [s.numbers(shape)], {"indices": positions(s, s.shape(0, 2), size), "axis": axis}


def take_reference(x: Array, indices: Array, axis: int | None) -> Array:
    if axis is None:
        x, axis = Array(x.flat, (len(x.flat),)), 0
    (at,) = axes_of(axis, len(x.shape))
    n = len(indices.shape)
    shape = (*x.shape[:at], *indices.shape, *x.shape[at + 1 :])
    return pick(x, shape, lambda index: [*index[:at], indices.at(index[at : at + n]) % x.shape[at], *index[at + n :]])


def subscripts(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(0, 3)
    index: list[Any] = []
    lists = 0
    for size in shape[: s.size(0, len(shape))]:
        options: list[Any] = [
            slice(None),
            slice(None, None, -1),
            slice(1, None, 2),
            slice(-2, 5),
            slice(2, 0, -1),
            None,
        ]
        if size:
            options += [s.size(-size, size - 1)] * 2
            if not lists and not any(isinstance(i, int) for i in index):
                options.append([s.random.randrange(-size, size) for _ in range(s.size(0, 3))])
        item = s.choice(options)
        if isinstance(item, int) and lists:
            item = slice(None)
        lists += isinstance(item, list)
        index.append(item)
        if item is None:
            index.append(slice(None))
    return [s.numbers(shape)], {"index": tuple(index)}


def flat_positions(s: Source) -> tuple[list[Array], Params]:
    x = s.numbers(s.shape(empty=False))
    shape = s.shape()
    return [x], {"index": Array([s.random.randrange(len(x.flat)) for _ in range(math.prod(shape))], shape)}


def flat_additions(s: Source) -> tuple[list[Array], Params]:
    (x,), params = flat_positions(s)
    return [s.numbers(params["index"].shape)], {**params, "shape": x.shape}


def conditions(s: Source) -> tuple[list[Array], Params]:
    c, a, b = s.broadcastable(3)
    return [s.numbers(a), s.numbers(b)], {"condition": Array([s.random.randrange(2) for _ in range(math.prod(c))], c)}


def labels(s: Source) -> tuple[list[Array], Params]:
    shape = s.shape(high=2)
    classes = s.size(1, 4)
    return [], {
        "labels": Array([s.random.randrange(classes) for _ in range(math.prod(shape))], shape),
        "classes": classes,
    }


def products_of(s: Source) -> tuple[list[Array], Params]:
    inner = s.size(s.least, 3)
    left, right = s.broadcastable(2) if s.choice([True, False]) else ((), ())
    x = s.choice([(inner,), (*left, s.size(s.least, 3), inner)])
    y = s.choice([(inner,), (*right, inner, s.size(s.least, 3))])
    return [s.numbers(x), s.numbers(y)], {}


SUMMATIONS = ["ij,jk->ik", "ij,kj", "i,i", "i,j->ji", "bij,bjk->bik", "ii->i", "ii", "ij->", "ij,j,i->", "i,->i"]
SUMMATIONS += ["aij,bj->ab", "ijj->i", "ij,ij->ij", "ab,bc,cd->da", "iii", "ij,jk,kl->il"]
SUMMATIONS += ["...ij,...jk->...ik", "...,i", "i...j,j...->i", "...ii->i...", "b...,...->", "...i,ij,...j"]


def summations(s: Source) -> tuple[list[Array], Params]:
    text = s.choice(SUMMATIONS)
    sizes = {c: s.size(s.least, 3) for c in "abcdijkl"}
    batch = [s.size(s.least, 2) for _ in range(s.size(0, 2))]
    operands = []
    for term in text.partition("->")[0].split(","):
        before, dots, after = term.partition("...")
        own = [s.choice([n, 1]) for n in batch[s.size(0, len(batch)) :]] if dots else []
        operands.append(s.numbers([*(sizes[c] for c in before), *own, *(sizes[c] for c in after)]))
    return operands, {"subscripts": text}


def slopes(s: Source) -> tuple[list[Array], Params]:
    return [s.numbers(s.shape())], {"negative_slope": s.one(0, 0.5)}


def limits(s: Source) -> tuple[list[Array], Params]:
    low = s.choice([None, -1])
    return [s.numbers(s.shape())], {"min": low, "max": 1 if low is None else s.choice([1, None, -2])}


def clip_reference(x: Array, min: Any, max: Any) -> Array:
    def clipped(v: Any) -> Any:
        v = min if min is not None and v < min else v
        return max if max is not None and v > max else v

    return broadcast(clipped, x)


# -- References of elementwise functions ------------------------------------------------------------------------------


def elementwise(function: Callable[..., Any]) -> Callable[..., Array]:
    return lambda *arrays, **params: broadcast(lambda *v: function(*v, **params), *arrays)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def torch_function(name: str) -> Callable[..., Any]:
    """A function of the module or, failing that, of torch.nn.functional."""

    def function(t: Any, *tensors: Any, **params: Any) -> Any:
        return (getattr(t, name, None) or getattr(t.nn.functional, name))(*tensors, **params)

    return function


def reduction(name: str) -> Callable[..., Any]:
    def function(t: Any, x: Any, axis: Any, keepdims: bool, **params: Any) -> Any:
        axes = tuple(range(x.ndim)) if axis is None else axis
        if not x.ndim:
            return getattr(t, name)(x, dim=(), **params) if name == "sum" else None
        return getattr(t, name)(x, dim=axes, keepdim=keepdims, **params)

    return function


def unary(
    name: str,
    reference: Callable[[Any], Any],
    low: float = -2,
    high: float = 2,
    kinds: tuple[str, ...] = SMOOTH,
    primitive: bool = True,
    torch: str | None = None,
    **more: Any,
) -> Row:
    function = getattr(f, name)
    return Row(
        name,
        function,
        one(low, high),
        elementwise(reference),
        primitive=name if primitive else None,
        kinds=kinds,
        torch=torch_function(torch or name),
        errors=[
            (lambda: function("a"), TypeError, f"{name}: 'a' is a str, not a number"),
            (lambda: function([1.0, None]), TypeError, rf"{name}: None at \[1\] is a NoneType"),
            (lambda: function([[1.0], [1.0, 2.0]]), ValueError, f"{name}: ragged lists"),
        ],
        **more,
    )


def binary(
    name: str,
    call: Callable[[Any, Any], Any],
    reference: Callable[[Any, Any], Any],
    sample: Sample | None = None,
    torch: Callable[..., Any] | None = None,
    **more: Any,
) -> Row:
    return Row(
        name,
        call,
        sample or two(),
        elementwise(reference),
        primitive=name,
        torch=torch or torch_function(name),
        errors=[
            (lambda: call(Value([1.0, 2.0]), Value([1.0, 2.0, 3.0])), ValueError, rf"{name}: shapes \(2,\) and \(3,\)"),
            (lambda: call(Value(1.0), "a"), TypeError, f"{name}: 'a' is a str, not a number"),
            (lambda: call(Value([1.0]), None), TypeError, f"{name}: None is a NoneType"),
            (lambda: call(Value(1.0), {}), TypeError, f"{name}: .* is a dict"),
            (lambda: call(Value([[1.0]]), [[1.0], [2.0, 3.0]]), ValueError, f"{name}: ragged lists"),
        ],
        **more,
    )


def comparison(name: str, call: Callable[[Any, Any], Any], reference: Callable[[Any, Any], bool], torch: str) -> Row:
    def sample(s: Source) -> tuple[list[Array], Params]:
        (x, y), params = two()(s)
        if s.choice([True, False]):
            y = Array([s.random.choice(x.flat) if x.flat else v for v in y.flat], y.shape)
        return [x, y], params

    def compare(x: Any, y: Any) -> int:
        return int(reference(x, y))

    kinds = EVERY if name in ("equal", "not_equal") else ORDERED
    return binary(name, call, compare, sample, torch_function(torch), kinds=kinds, differentiable=False, result=int)


def reducing(
    name: str,
    reference: Callable[..., Any],
    sample: Sample | None = None,
    torch: Callable[..., Any] | None = None,
    primitive: bool = True,
    **more: Any,
) -> Row:
    function = getattr(f, name)
    return Row(
        name,
        function,
        sample or over_axes(),
        lambda x, axis, keepdims, **p: reduced(lambda values: reference(values, **p), x, axis, keepdims),
        primitive=name if primitive else None,
        torch=torch,
        errors=[
            (lambda: function([[1.0]], axis=2), IndexError, f"{name}: axis 2 is out of range for 2 dimensions"),
            (lambda: function([[1.0]], axis=-3), IndexError, f"{name}: axis -3 is out of range"),
            (lambda: function([[1.0]], axis=1.0), TypeError, f"{name}: "),
            (lambda: function([[1.0]], axis="0"), TypeError, f"{name}: an axis is an int"),
            (lambda: function(["a"]), TypeError, f"{name}: 'a' at"),
        ]
        + [
            (lambda: function([[1.0]], axis=(0, -2)), ValueError, f"{name}: the same axis is named twice")
            for _ in range(not name.startswith("arg"))
        ],
        **more,
    )


ELEMENTWISE = [
    binary("add", lambda x, y: x + y, lambda x, y: x + y, degree=1),
    binary("sub", lambda x, y: x - y, lambda x, y: x - y, degree=1),
    binary("mul", lambda x, y: x * y, lambda x, y: x * y, degree=2),
    binary("div", lambda x, y: x / y, lambda x, y: x / y, two((-2, 2), (0.5, 2))),
    binary("pow", lambda x, y: x**y, lambda x, y: x**y, powers),
    binary("maximum", f.maximum, max, different, kinds=ORDERED, degree=1),
    binary("minimum", f.minimum, min, different, kinds=ORDERED, degree=1),
    binary(
        "floor_divide",
        lambda x, y: x // y,
        lambda x, y: math.floor(x / y),
        quotients,
        torch=lambda t, x, y: t.floor_divide(x.detach(), y.detach()),
        kinds=ORDERED,
        degree=0,
    ),
    binary("remainder", lambda x, y: x % y, lambda x, y: x - y * math.floor(x / y), quotients, kinds=ORDERED, degree=1),
    binary(
        "gate",
        lambda x, y: primitive("gate", lift(x, "gate"), lift(y, "gate")),
        lambda x, y: x if y > 0 else 0 * x,
        torch=lambda t, x, y: t.where(y > 0, x, 0 * y),
        kinds=ORDERED,
        degree=1,
    ),
    comparison("less", lambda x, y: x < y, lambda x, y: x < y, "less"),
    comparison("less_equal", lambda x, y: x <= y, lambda x, y: x <= y, "less_equal"),
    comparison("greater", lambda x, y: x > y, lambda x, y: x > y, "greater"),
    comparison("greater_equal", lambda x, y: x >= y, lambda x, y: x >= y, "greater_equal"),
    comparison("equal", f.equal, lambda x, y: x == y, "eq"),
    comparison("not_equal", f.not_equal, lambda x, y: x != y, "not_equal"),
    Row("neg", lambda x: -x, one(), elementwise(lambda x: -x), "neg", degree=1, torch=torch_function("neg")),
    unary("abs", abs, kinds=ORDERED, degree=1),
    unary("sign", lambda x: (x > 0) - (x < 0), kinds=ORDERED, degree=0),
    unary("floor", math.floor, kinds=ORDERED, degree=0),
    unary("relu", lambda x: max(x, 0), kinds=ORDERED, degree=1),
    unary("square", lambda x: x * x, kinds=EVERY, degree=2, primitive=False),
    unary("reciprocal", lambda x: 1 / x, 0.5, 3, kinds=EVERY, primitive=False),
    unary("exp", math.exp),
    unary("log", math.log, 0.25, 4),
    unary("log1p", math.log1p, -0.75, 3),
    unary("expm1", math.expm1),
    unary("sqrt", math.sqrt, 0.25, 4),
    unary("sin", math.sin),
    unary("cos", math.cos),
    unary("tan", math.tan, -1, 1),
    unary("tanh", math.tanh),
    unary("erf", math.erf, kinds=REAL),
    unary("sigmoid", sigmoid),
    unary("softplus", lambda x: math.log1p(math.exp(x))),
    unary("gelu", lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2, kinds=REAL, primitive=False),
    unary("silu", lambda x: x * sigmoid(x), primitive=False),
    unary("elu", lambda x: x if x > 0 else math.expm1(x), kinds=REAL, primitive=False),
    Row(
        "leaky_relu",
        f.leaky_relu,
        slopes,
        elementwise(lambda x, negative_slope: x if x > 0 else negative_slope * x),
        kinds=ORDERED,
        degree=1,
        torch=torch_function("leaky_relu"),
        errors=[
            (lambda: f.leaky_relu("a"), TypeError, "leaky_relu: 'a' is a str"),
            (lambda: f.leaky_relu(Value([1.0, 2.0]), [1.0, 2.0, 3.0]), ValueError, r"leaky_relu: shapes \(2,\) and"),
        ],
    ),
    Row(
        "clip",
        f.clip,
        limits,
        clip_reference,
        kinds=ORDERED,
        degree=1,
        torch=lambda t, x, min, max: x if min is max is None else t.clip(x, min, max),
        errors=[
            (lambda: f.clip(Value([1.0, 2.0]), [0, 0, 0]), ValueError, r"shapes \(2,\) and \(3,\)"),
            (lambda: f.clip(Value(1.0), "a"), TypeError, "'a' is a str"),
        ],
    ),
    Row(
        "where",
        lambda x, y, condition: f.where(ints(condition), x, y),
        conditions,
        lambda x, y, condition: broadcast(lambda c, a, b: a if c else b, condition, x, y),
        primitive="where",
        degree=1,
        torch=lambda t, x, y, condition: t.where(t.tensor(condition.flat, dtype=t.bool).reshape(condition.shape), x, y),
        errors=[
            (lambda: f.where([1, 0], [1.0, 2.0, 3.0], 0), ValueError, r"where: shapes \(2,\) and \(3,\)"),
            (lambda: f.where("a", 1.0, 2.0), TypeError, "where: 'a' is a str"),
            (lambda: f.where(1, 1.0, None), TypeError, "where: None is a NoneType"),
            # PyTorch's method x.where(condition, y), which here would take x as the condition
            (lambda: (x := Value([1.0, -2.0])).where(x > 0, 0.0), TypeError, "where: the condition comes first"),
            (lambda: Value([3.0, 4.0]).where([True, False], 0.0), TypeError, "where: the condition comes first"),
        ],
    ),
]

REDUCTIONS = [
    reducing("sum", total, torch=reduction("sum"), degree=1),
    reducing("mean", mean_of, over_axes(empty=False), reduction("mean"), primitive=False, degree=1),
    reducing("prod", math.prod, over_axes(empty=False), primitive=False),
    reducing("var", variance, corrected, reduction("var"), primitive=False, degree=2),
    reducing(
        "std",
        lambda values, correction: math.sqrt(variance(values, correction)),
        corrected,
        reduction("std"),
        primitive=False,
        kinds=SMOOTH,
    ),
    reducing("max", max, over_axes(apart=True, empty=False, lowest=1), reduction("amax"), kinds=ORDERED, degree=1),
    reducing("min", min, over_axes(apart=True, empty=False, lowest=1), reduction("amin"), kinds=ORDERED, degree=1),
    reducing(
        "argmax",
        lambda values: values.index(max(values)),
        over_axes(several=False, empty=False, lowest=1),
        lambda t, x, axis, keepdims: t.argmax(x, axis, keepdims),
        kinds=ORDERED,
        differentiable=False,
        result=int,
    ),
    reducing(
        "argmin",
        lambda values: values.index(min(values)),
        over_axes(several=False, empty=False, lowest=1),
        lambda t, x, axis, keepdims: t.argmin(x, axis, keepdims),
        kinds=ORDERED,
        differentiable=False,
        result=int,
    ),
    reducing(
        "logsumexp",
        log_sum,
        lambda s: over_axes(lowest=1, empty=s.kind == "float")(s),
        torch=reduction("logsumexp"),
        primitive=False,
        kinds=REAL,
    ),
    Row(
        "cumsum",
        f.cumsum,
        along(),
        cumsum_reference,
        "cumsum",
        degree=1,
        torch=lambda t, x, axis: t.cumsum(x, axis),
        errors=[(lambda: f.cumsum([1.0], 1), IndexError, "cumsum: axis 1 is out of range for 1 dimensions")],
    ),
    Row(
        "softmax",
        f.softmax,
        along(),
        softmax_reference,
        kinds=REAL,
        torch=lambda t, x, axis: t.softmax(x, axis),
        errors=[
            (lambda: f.softmax([1.0], 1), IndexError, "softmax: axis 1 is out of range for 1 dimensions"),
            (lambda: f.softmax(1.0), IndexError, "softmax: axis -1 is out of range for 0 dimensions; a scalar has no"),
        ],
    ),
    Row(
        "log_softmax",
        f.log_softmax,
        along(),
        lambda x, axis: softmax_reference(x, axis, log=True),
        kinds=REAL,
        torch=lambda t, x, axis: t.log_softmax(x, axis),
        errors=[(lambda: f.log_softmax([1.0], -2), IndexError, "log_softmax: axis -2 is out of range")],
    ),
]

MOVEMENTS = [
    Row(
        "reshape",
        lambda x, shape: f.reshape(x, shape),
        reshapes,
        reshaped_reference,
        degree=1,
        torch=lambda t, x, shape: x.reshape(shape),
        errors=[
            (lambda: f.reshape([1.0, 2.0], 3), ValueError, r"reshape: \(2,\) has 2 elements and \(3,\) has 3"),
            (lambda: f.reshape([1.0, 2.0], -1, -1), ValueError, "reshape: .* only one size may be -1"),
            (lambda: f.reshape([], 0, -1), ValueError, "reshape: .* beside a size of 0 any number would do"),
            (lambda: f.reshape([1.0, 2.0], 3, -1), ValueError, "reshape: .* does not fit"),
            (lambda: f.reshape([1.0, 2.0], 2.0), TypeError, "reshape: sizes are ints, not 2.0"),
            (lambda: f.reshape([1.0, 2.0], None), TypeError, "reshape: sizes are ints, not None"),
        ],
    ),
    Row(
        "primitive reshape",
        lambda x, shape: primitive("reshape", x, shape=shape),
        lambda s: ([s.numbers(shape := s.shape())], {"shape": shape[::-1]}),
        reshaped_reference,
        "reshape",
        degree=1,
    ),
    Row(
        "flatten",
        f.flatten,
        flattens,
        flatten_reference,
        degree=1,
        errors=[(lambda: f.flatten([1.0], 1), IndexError, "flatten: axis 1 is out of range")],
    ),
    Row(
        "permute_dims",
        lambda x, axes: f.permute_dims(x, axes),
        permutations,
        permuted,
        degree=1,
        torch=lambda t, x, axes: t.permute(x, axes),
        errors=[
            (lambda: f.permute_dims([[1.0]], 0, 0), ValueError, "permute_dims: .* must name each of the 2 axes"),
            (lambda: f.permute_dims([[1.0]], 0, 2), IndexError, "permute_dims: axis 2 is out of range"),
            (lambda: f.permute_dims([[1.0]], 0, "a"), TypeError, "permute_dims: axes are ints, not 'a'"),
        ],
    ),
    Row(
        "primitive permute_dims",
        lambda x, axes: primitive("permute_dims", x, axes=axes),
        permutations,
        permuted,
        "permute_dims",
        degree=1,
    ),
    Row(
        "transpose",
        f.transpose,
        one(),
        lambda x: permuted(x, tuple(range(len(x.shape)))[::-1]),
        degree=1,
        errors=[(lambda: f.transpose([[1.0], [1.0, 2.0]]), ValueError, "transpose: ragged lists")],
    ),
    Row(
        "matrix_transpose",
        f.matrix_transpose,
        lambda s: ([s.numbers(s.shape(2))], {}),
        lambda x: permuted(x, (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)),
        degree=1,
        torch=lambda t, x: x.mT,
        errors=[
            (lambda: f.matrix_transpose([1.0]), ValueError, r"matrix_transpose: shape \(1,\) has no two last axes")
        ],
    ),
    Row(
        "broadcast_to",
        lambda x, shape: f.broadcast_to(x, shape),
        stretches,
        stretched,
        degree=1,
        torch=lambda t, x, shape: x.broadcast_to(shape),
        errors=[
            (lambda: f.broadcast_to([1.0, 2.0], 3), ValueError, r"broadcast_to: shapes \(2,\) and \(3,\) do not"),
            (lambda: f.broadcast_to([1.0, 2.0], 1), ValueError, r"broadcast_to: \(2,\) does not stretch to \(1,\)"),
            (lambda: f.broadcast_to([[1.0]], 1), ValueError, r"broadcast_to: \(1, 1\) does not stretch to \(1,\)"),
            (lambda: f.broadcast_to([1.0], -1), ValueError, "broadcast_to: sizes are not negative"),
        ],
    ),
    Row(
        "primitive broadcast_to",
        lambda x, shape: primitive("broadcast_to", x, shape=shape),
        stretches,
        stretched,
        "broadcast_to",
        degree=1,
    ),
    Row(
        "expand_dims",
        f.expand_dims,
        new_axes,
        expand_reference,
        degree=1,
        torch=lambda t, x, axis: t.unsqueeze(x, axis),
        errors=[(lambda: f.expand_dims([1.0], 2), IndexError, "expand_dims: axis 2 is out of range for 2 dimensions")],
    ),
    Row(
        "squeeze",
        f.squeeze,
        squeezes,
        squeeze_reference,
        degree=1,
        errors=[
            (lambda: f.squeeze([1.0, 2.0], 0), ValueError, r"squeeze: axis 0 of shape \(2,\) has not size 1"),
            (lambda: f.squeeze([1.0], 1), IndexError, "squeeze: axis 1 is out of range"),
        ],
    ),
    Row(
        "flip",
        f.flip,
        lambda s: ([s.numbers(shape := s.shape())], {"axis": s.axis(len(shape))}),
        lambda x, axis: pick(
            x,
            x.shape,
            lambda index: [x.shape[a] - 1 - i if a in axes_of(axis, len(x.shape)) else i for a, i in enumerate(index)],
        ),
        degree=1,
        errors=[(lambda: f.flip([1.0], 1), IndexError, "flip: axis 1 is out of range")],
    ),
    Row(
        "primitive flip",
        lambda x, axes: primitive("flip", x, axes=axes),
        lambda s: ([s.numbers(s.shape(1))], {"axes": (0,)}),
        lambda x, axes: pick(x, x.shape, lambda index: [x.shape[0] - 1 - index[0], *index[1:]]),
        "flip",
        degree=1,
    ),
    Row(
        "roll",
        f.roll,
        rolls,
        roll_reference,
        degree=1,
        torch=lambda t, x, shift, axis: t.roll(x, shift, axis),
        errors=[
            (lambda: f.roll([1.0], 1.5), TypeError, "roll: shifts are ints, not 1.5"),
            (lambda: f.roll([1.0], 1, 1), IndexError, "roll: axis 1 is out of range"),
            (lambda: f.roll([1.0], (1, 2), 0), ValueError, r"roll: 2 shifts \(1, 2\) for 1 axes \(0,\)"),
        ],
    ),
    Row(
        "pad",
        f.pad,
        widths,
        padded_reference,
        degree=1,
        torch=torch_pad,
        errors=[
            (lambda: f.pad([1.0], -1), ValueError, "pad: -1 is not a size >= 0"),
            (lambda: f.pad([1.0], (1, 2)), ValueError, r"pad: \(1, 2\) is not .* for each axis of \(1,\)"),
            (lambda: f.pad([1.0], [(1, 1), (0, 0)]), ValueError, "pad: .* for each axis"),
            (lambda: f.pad([1.0], "a"), ValueError, "pad: 'a' is not"),
            (lambda: f.pad([1.0], 1, "a"), TypeError, "pad: 'a' is a str"),
        ],
    ),
    Row(
        "primitive pad",
        lambda x, bounds, shape: primitive("pad", x, bounds=bounds, shape=shape),
        pads,
        spread_out,
        "pad",
        degree=1,
    ),
    Row("primitive crop", lambda x, bounds: primitive("crop", x, bounds=bounds), crops, stepped, "crop", degree=1),
    Row(
        "concat",
        lambda *parts, axis: f.concat(parts, axis),
        parts_to_join,
        joined,
        "concat",
        degree=1,
        torch=lambda t, *parts, axis: t.concat(parts, axis),
        errors=[
            (lambda: f.concat([]), ValueError, "concat: needs at least one"),
            (lambda: f.concat([[1.0], [[1.0]]]), ValueError, r"concat: \(1,\) and \(1, 1\) differ"),
            (lambda: f.concat([[[1.0, 2.0]], [[1.0]]]), ValueError, r"concat: \(1, 2\) and \(1, 1\) differ"),
            (lambda: f.concat([1.0, 2.0]), IndexError, "concat: axis 0 is out of range for 0 dimensions"),
            (lambda: f.concat([[1.0]], 1), IndexError, "concat: axis 1 is out of range"),
        ],
    ),
    Row(
        "stack",
        lambda *parts, axis: f.stack(parts, axis),
        equal_parts,
        stacked_reference,
        degree=1,
        torch=lambda t, *parts, axis: t.stack(parts, axis),
        errors=[
            (lambda: f.stack([]), ValueError, "stack: needs at least one"),
            (lambda: f.stack([[1.0]], 3), IndexError, "stack: axis 3 is out of range"),
            (lambda: f.stack([[1.0], [1.0, 2.0]]), ValueError, r"stack: shapes \(1,\) and \(2,\) differ"),
        ],
    ),
    Row(
        "split",
        f.split,
        sections,
        split_reference,
        degree=1,
        torch=torch_split,
        errors=[
            (lambda: f.split([1.0, 2.0, 3.0], 2), ValueError, "split: size 3 of axis 0 does not divide into 2"),
            (lambda: f.split([1.0, 2.0], 0), ValueError, "split: .* into 0 equal parts"),
            (lambda: f.split([1.0, 2.0], [3]), ValueError, r"split: indices \[3\] must rise from 0 to the size 2"),
            (lambda: f.split([1.0, 2.0], [-1]), ValueError, "split: indices"),
            (lambda: f.split([1.0], 1, 1), IndexError, "split: axis 1 is out of range"),
            (lambda: f.split([1.0], "a"), TypeError, "split: sections are ints, not 'a'"),
        ],
    ),
    Row(
        "repeat",
        f.repeat,
        repeats,
        repeat_reference,
        degree=1,
        torch=torch_repeat,
        errors=[
            (lambda: f.repeat([1.0], -1), ValueError, "repeat: sizes are not negative"),
            (lambda: f.repeat([1.0], 1.5), TypeError, "repeat: sizes are ints, not 1.5"),
            (lambda: f.repeat([1.0], [1, 2]), ValueError, "repeat: 2 repeats for axis 0 of size 1"),
        ],
    ),
    Row(
        "tile",
        f.tile,
        tiles,
        tile_reference,
        degree=1,
        torch=lambda t, x, repeats: t.tile(x, (repeats,) if isinstance(repeats, int) else repeats),
        errors=[(lambda: f.tile([1.0], -1), ValueError, "tile: sizes are not negative")],
    ),
    Row(
        "tril",
        f.tril,
        triangles,
        triangle(lower=True),
        degree=1,
        torch=lambda t, x, k: t.tril(x, k),
        errors=[
            (lambda: f.tril([1.0]), ValueError, r"tril: shape \(1,\) has no rows and columns"),
            (lambda: f.tril([[1.0]], 0.5), TypeError, "tril: k is an int, not 0.5"),
        ],
    ),
    Row(
        "triu",
        f.triu,
        triangles,
        triangle(lower=False),
        degree=1,
        torch=lambda t, x, k: t.triu(x, k),
        errors=[
            (lambda: f.triu(1.0), ValueError, r"triu: shape \(\) has no rows and columns"),
            (lambda: f.triu([[1.0]], "a"), TypeError, "triu: k is an int, not 'a'"),
        ],
    ),
]


def torch_index(t: Any, index: Array) -> Any:
    return t.tensor(index.flat, dtype=t.int64).reshape(index.shape)


INDEXING = [
    Row(
        "getitem",
        lambda x, index: f.getitem(x, index),
        subscripts,
        lambda x, index: indexed(x, index),
        degree=1,
        errors=[
            (lambda: Value([1.0])[1], IndexError, "getitem: index 1 is out of range for axis 0 of size 1"),
            (lambda: Value([[1.0]])[:, -2], IndexError, "getitem: index -2 is out of range for axis 1 of size 1"),
            (lambda: Value([[1.0]])[None, :, [3]], IndexError, "getitem: index 3 is out of range for axis 1 of size 1"),
            (lambda: Value(1.0)[0], IndexError, r"getitem: 1 indices for shape \(\), which has 0 axes"),
            (lambda: Value([1.0])[0, 0], IndexError, r"getitem: 2 indices for shape \(1,\)"),
            (lambda: Value([1.0])[..., ...], IndexError, "getitem: only one '...'"),
            (lambda: Value([1.0])[1.0], TypeError, "getitem: an index is made of ints, slices or bools, not float"),
            (lambda: Value([1.0])["a"], TypeError, "getitem: .* not 'a'"),
            (lambda: Value([1.0])[True], TypeError, "getitem: a single truth value is no index"),
            (lambda: Value([1.0])[Value(1.0) > 0], TypeError, "getitem: a single truth value is no index"),
            (lambda: Value([1.0])[Value(0.0)], TypeError, "getitem: 0.0 is no index"),
            (lambda: Value([1.0])[::0], ValueError, "getitem: slice step cannot be zero"),
            (lambda: Value([1.0])["a":], TypeError, "getitem: slice indices must be integers"),
            (lambda: Value([1.0, 2.0])[[True]], IndexError, r"getitem: a mask of shape \(1,\) does not fit"),
            (lambda: Value([1.0, 2.0])[[True, 1]], TypeError, "getitem: bools and other things"),
            (lambda: Value([[1.0]])[[0, 0], [0, 0, 0]], ValueError, r"getitem: shapes \(2,\) and \(3,\)"),
        ],
    ),
    Row(
        "take",
        lambda x, indices, axis: f.take(x, ints(indices), axis),
        takes,
        take_reference,
        degree=1,
        torch=lambda t, x, indices, axis: (
            t.take(x, torch_index(t, indices)) if axis is None and not any(i < 0 for i in indices.flat) else None
        ),
        errors=[
            (lambda: f.take([1.0], [1]), IndexError, "take: index 1 is out of range for axis 0 of size 1"),
            (lambda: f.take([1.0], [0.5]), TypeError, "take: 0.5 is no index"),
            (lambda: f.take([1.0], [0], 1), IndexError, "take: axis 1 is out of range"),
        ],
    ),
    Row(
        "gather",
        lambda x, index, axis: f.gather(x, ints(index), axis),
        indices_along,
        along_axis,
        "gather",
        degree=1,
        torch=lambda t, x, index, axis: t.gather(x, axis, torch_index(t, index) % x.shape[axis]),
        errors=[
            (lambda: f.gather([1.0], [1], 0), IndexError, "gather: index 1 is out of range for axis 0 of size 1"),
            (lambda: f.gather([1.0], [0.0], 0), TypeError, "gather: 0.0 is no index"),
            (lambda: f.gather([[1.0]], [0], 0), ValueError, r"gather: index \(1,\) must have as many axes as \(1, 1\)"),
            (lambda: f.gather([[1.0]], [[0], [0]], 1), ValueError, "gather: index .* fit into it beside axis 1"),
        ],
    ),
    Row(
        "scatter_add",
        lambda x, source, index, axis: f.scatter_add(x, ints(index), source, axis),
        additions,
        added_along,
        "scatter_add",
        degree=1,
        torch=lambda t, x, source, index, axis: t.scatter_add(x, axis, torch_index(t, index) % x.shape[axis], source),
        errors=[
            (
                lambda: f.scatter_add([1.0], [0], [1.0, 2.0], 0),
                ValueError,
                "scatter_add: source .* must have one shape",
            ),
            (lambda: f.scatter_add([1.0], [1], [1.0], 0), IndexError, "scatter_add: index 1 is out of range"),
        ],
    ),
    Row(
        "primitive gather",
        lambda x, index: primitive("gather", x, ints(index)),
        flat_positions,
        lambda x, index: pick(Array(x.flat, (len(x.flat),)), index.shape, lambda i: [index.at(i)]),
        "gather",
        degree=1,
    ),
    Row(
        "primitive scatter_add",
        lambda x, index, shape: primitive("scatter_add", x, ints(index), shape=shape),
        flat_additions,
        lambda x, index, shape: Array(
            gathered((math.prod(shape),), [((i,), v) for i, v in zip(index.flat, x.flat, strict=True)]).flat, shape
        ),
        "scatter_add",
        degree=1,
    ),
    Row(
        "one_hot",
        lambda labels, classes: f.one_hot(ints(labels), classes),
        labels,
        lambda labels, classes: make(
            (*labels.shape, classes), lambda index: 1 if labels.at(index[:-1]) == index[-1] else 0
        ),
        differentiable=False,
        result=float,
        errors=[
            (lambda: f.one_hot([3], 3), ValueError, "one_hot: label 3 at position 0 is not an int from 0 to 2"),
            (lambda: f.one_hot([0, -1], 3), ValueError, "one_hot: label -1 at position 1"),
            (lambda: f.one_hot([0.5], 3), ValueError, "one_hot: label 0.5"),
            (lambda: f.one_hot([0], 0), ValueError, "one_hot: classes is an int of at least 1, not 0"),
        ],
    ),
]


def torch_conv(name: str) -> Callable[..., Any]:
    return lambda t, x, w, b, **params: getattr(t.nn.functional, name)(x, w, b, **params)


def plane(*sizes: int) -> Value:
    return Value([1.0] * math.prod(sizes)).reshape(sizes)


PRODUCTS = [
    Row(
        "matmul",
        lambda x, y: x @ y,
        products_of,
        matmul_reference,
        "matmul",
        degree=2,
        torch=lambda t, x, y: x @ y,
        errors=[
            (lambda: plane(3, 4) @ plane(5, 6), ValueError, r"matmul: \(3, 4\) @ \(5, 6\): inner sizes 4 and 5 differ"),
            (lambda: Value([1.0, 2.0]) @ [1.0], ValueError, r"matmul: \(2,\) @ \(1,\): inner sizes 2 and 1 differ"),
            (lambda: Value([1.0]) @ 2.0, ValueError, r"matmul: \(1,\) @ \(\): a scalar has no rows or columns; use \*"),
            (lambda: plane(2, 1, 1) @ plane(3, 1, 1), ValueError, r"matmul: shapes \(2,\) and \(3,\) do not broadcast"),
            (lambda: [[1.0], [1.0, 2.0]] @ Value([1.0]), ValueError, "ragged lists"),
        ],
    ),
    Row(
        "einsum",
        lambda *operands, subscripts: f.einsum(subscripts, *operands),
        summations,
        einsum_reference,
        degree=3,
        torch=lambda t, *operands, subscripts: t.einsum(subscripts, *operands),
        errors=[
            (lambda: f.einsum("ij,jk", [[1.0]]), ValueError, "einsum: 'ij,jk' names 2 operands but 1 are given"),
            (lambda: f.einsum("ij", [1.0]), ValueError, r"einsum: 'ij' in 'ij' does not fit shape \(1,\)"),
            (lambda: f.einsum("i,i", [1.0], [1.0, 2.0]), ValueError, "einsum: axis 'i' in 'i,i' has sizes 1 and 2"),
            (lambda: f.einsum("i->j", [1.0]), ValueError, "einsum: output 'j' of 'i->j' must name input letters"),
            (lambda: f.einsum("i->ii", [1.0]), ValueError, "einsum: output 'ii' .* each once"),
            (lambda: f.einsum("i..", [1.0]), ValueError, "einsum: .* one letter an axis"),
            (lambda: f.einsum("i...", 1.0), ValueError, "einsum: .* one letter an axis"),
            (lambda: f.einsum("...,...", [1.0, 2.0], [1.0] * 3), ValueError, r"einsum: shapes \(2,\) and \(3,\)"),
            (lambda: f.einsum([1.0], "i"), TypeError, "einsum: the subscripts come first"),
        ],
    ),
    Row(
        "conv2d",
        f.conv2d,
        convolution,
        conv_reference,
        "conv2d",
        degree=2,
        torch=torch_conv("conv2d"),
        errors=[
            (lambda: f.conv2d(plane(1, 2, 3, 3), plane(1, 1, 2, 2)), ValueError, "conv2d: .* input has 2"),
            (lambda: f.conv2d(plane(1, 1, 3, 3), plane(1, 1, 4, 4)), ValueError, "conv2d: .* does not fit"),
            (lambda: f.conv2d(plane(1, 3, 3), plane(1, 1, 2, 2)), ValueError, "conv2d: .* 3 axes, not the four"),
            (
                lambda: f.conv2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), [1.0, 2.0]),
                ValueError,
                r"conv2d: .*bias has shape \(2,\)",
            ),
            (lambda: f.conv2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), stride=0), ValueError, "conv2d: stride"),
            (lambda: f.conv2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), padding=-1), ValueError, "conv2d: padding"),
            (lambda: f.conv2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), groups=2), ValueError, "conv2d: .*groups=2"),
            (lambda: f.conv2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), groups=0), ValueError, "conv2d: groups"),
        ],
    ),
    Row(
        "primitive conv2d_input_grad",
        lambda g, w, **params: primitive("conv2d_input_grad", g, w, **params),
        adjoint("x"),
        input_grad_reference,
        "conv2d_input_grad",
        degree=2,
    ),
    Row(
        "primitive conv2d_weight_grad",
        lambda x, g, **params: primitive("conv2d_weight_grad", x, g, **params),
        adjoint("w"),
        weight_grad_reference,
        "conv2d_weight_grad",
        degree=2,
    ),
    Row(
        "conv1d",
        f.conv1d,
        convolution_1d,
        conv1d_reference,
        degree=2,
        torch=torch_conv("conv1d"),
        errors=[(lambda: f.conv1d(plane(1, 3), plane(1, 1, 2)), ValueError, r"conv1d: x \(1, 3\) must be \(N, C, L\)")],
    ),
    Row(
        "conv_transpose2d",
        f.conv_transpose2d,
        transposed,
        transposed_reference,
        degree=2,
        torch=torch_conv("conv_transpose2d"),
        errors=[
            (
                lambda: f.conv_transpose2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), None, 2, 9),
                ValueError,
                "padding 9 on both",
            ),
            (
                lambda: f.conv_transpose2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), None, 1, 2),
                ValueError,
                "padding 2 on both",
            ),
            (lambda: f.conv_transpose2d(plane(1, 2, 3, 3), plane(1, 1, 2, 2)), ValueError, "conv_transpose2d: x"),
            (
                lambda: f.conv_transpose2d(plane(1, 1, 3, 3), plane(1, 1, 2, 2), output_padding=1),
                ValueError,
                "conv_transpose2d: output_padding",
            ),
            (
                lambda: f.conv_transpose2d(plane(1, 3, 3, 3), plane(3, 1, 2, 2), groups=2),
                ValueError,
                "conv_transpose2d: groups=2 does not divide the 3 channels",
            ),
        ],
    ),
    Row(
        "max_pool2d",
        f.max_pool2d,
        pooled(apart=True, dilation=True),
        lambda x, **params: pooled_reference(lambda x, inside: max(map(x.at, inside)))(x, **pool_params(**params)),
        kinds=ORDERED,
        degree=1,
        torch=torch_function("max_pool2d"),
        errors=[
            (lambda: f.max_pool2d(plane(3, 3), 2), ValueError, "max_pool2d: .* 2 axes, not the four"),
            (lambda: f.max_pool2d(plane(1, 1, 3, 3), 4), ValueError, "max_pool2d: .* does not fit"),
            (lambda: f.max_pool2d(plane(1, 1, 3, 3), 2, padding=2), ValueError, "max_pool2d: .* more than half"),
            (lambda: f.max_pool2d(plane(1, 1, 3, 3), 0), ValueError, "max_pool2d: kernel_size"),
            (lambda: f.max_pool2d(plane(1, 1, 3, 3), (1, 2, 3)), ValueError, "max_pool2d: kernel_size"),
        ],
    ),
    Row(
        "primitive max_pool2d_argmax",
        lambda x, **params: primitive("max_pool2d_argmax", x, **pool_params(**params)),
        pooled(apart=True, dilation=True),
        lambda x, **params: pooled_reference(first_maximum)(x, **pool_params(**params)),
        "max_pool2d_argmax",
        kinds=ORDERED,
        differentiable=False,
        result=int,
    ),
    Row(
        "avg_pool2d",
        f.avg_pool2d,
        pooled(include=True),
        lambda x, **params: avg_pool_reference(x, **pool_params(**params)),
        "avg_pool2d",
        degree=1,
        torch=torch_function("avg_pool2d"),
        errors=[(lambda: f.avg_pool2d(plane(1, 1, 3, 3), 4), ValueError, "avg_pool2d: .* does not fit")],
    ),
    Row(
        "primitive avg_pool2d_input_grad",
        lambda g, **params: primitive("avg_pool2d_input_grad", g, **params),
        average_adjoint,
        avg_adjoint_reference,
        "avg_pool2d_input_grad",
        degree=1,
    ),
]

ROWS = [*ELEMENTWISE, *REDUCTIONS, *MOVEMENTS, *INDEXING, *PRODUCTS]

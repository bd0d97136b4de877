"""Every operation of the op table: values, derivatives of order one and two, kinds of number, errors, PyTorch.

Derivatives are checked along random directions: for random signed u, c and the cotangent g, with F = <g, f(x)>, the
derivative <grad F, u> must equal that of F along u, which comes from differences of values: exactly on Fraction where f
is a polynomial, to 25 digits on Decimal elsewhere. The same again for F = <c, grad F>: order two, with respect to the
inputs and to the cotangent.
"""

from __future__ import annotations

import decimal
import math
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from op_arrays import KINDS, Array, Source, draws
from op_table import ROWS, Row

from tinygrad_lists import Value, functions, no_grad
from tinygrad_lists.backward import gradients
from tinygrad_lists.methods import METHODS
from tinygrad_lists.operations import apply
from tinygrad_lists.primitives import PRIMITIVES, Primitive
from tinygrad_lists.value import constant
from tinygrad_lists.vjps import VJPS

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
differentiable = pytest.mark.parametrize("row", [r for r in ROWS if r.differentiable], ids=lambda row: row.name)


def examples(count: int) -> settings:
    """So many examples in each run; another choice every time. Shapes shrink if one fails."""
    return settings(max_examples=count, deadline=None, report_multiple_bugs=False, phases=PHASES)


PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


def leaf(array: Array) -> Value:
    value = constant(list(array.flat) if array.shape else array.flat[0], array.shape)
    value.requires_grad = not any(type(v) is int for v in array.flat)
    return value


def flat(values: list[Value]) -> list[Any]:
    return [v for value in values for v in value._flat()]


def outputs(row: Row, inputs: list[Value], params: dict[str, Any]) -> list[Value]:
    out = row.call(*inputs, **params)
    return out if isinstance(out, list) else [out]


def expected(row: Row, arrays: list[Array], params: dict[str, Any]) -> list[Array]:
    out = row.reference(*arrays, **params)
    return out if isinstance(out, list) else [out]


def close(a: Any, b: Any, tolerance: float = 1e-12) -> bool:
    return a == b or abs(a - b) <= tolerance * max(1, abs(a), abs(b)) or (a != a and b != b)


# -- The table is complete --------------------------------------------------------------------------------------------


def test_every_primitive_rule_method_and_function_has_a_row() -> None:
    assert {row.primitive for row in ROWS} - {None} == set(PRIMITIVES)
    operations = set(functions.__all__) - {"check_labels"}  # a question, not an operation
    assert set(METHODS) <= operations <= {row.name for row in ROWS}
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_rules_and_differentiable_primitives_are_the_same() -> None:
    assert {name for name, op in PRIMITIVES.items() if op.differentiable} == set(VJPS)
    for row in ROWS:
        if row.primitive:
            assert PRIMITIVES[row.primitive].differentiable == row.differentiable, row.name


def test_every_method_is_the_function_of_that_name() -> None:
    for name in METHODS:
        assert getattr(Value, name) is getattr(functions, name)


@pytest.mark.parametrize("row", [row for row in ROWS if row.primitive], ids=lambda row: row.name)
@examples(2)
@given(st.data())
def test_it_runs_its_primitive(row: Row, data: st.DataObject) -> None:
    source = data.draw(draws("float", empty=False))
    arrays, params = row.sample(source)
    inputs = [leaf(a) for a in arrays]
    out = outputs(row, inputs, params)
    if any(v in inputs for v in out):
        return  # a sum over no axes
    with source_of_primitives() as run:
        outputs(row, inputs, params)
    assert row.primitive in run | {v.op.name for v in out if v.op}


@contextmanager
def source_of_primitives() -> Iterator[set[str]]:
    """The names of the primitives whose kernels run."""
    run: set[str] = set()

    def noted(op: Primitive) -> Callable[..., Any]:
        kernel = op.kernel

        def spy(*args: Any, **params: Any) -> Any:
            run.add(op.name)
            return kernel(*args, **params)

        return spy

    with pytest.MonkeyPatch.context() as patch:
        for op in PRIMITIVES.values():
            patch.setattr(op, "kernel", noted(op))
        yield run


# -- Values -----------------------------------------------------------------------------------------------------------


@every_row
@examples(10)
@given(st.data())
def test_value(row: Row, data: st.DataObject) -> None:
    """Against the reference: on floats, and exactly on Fractions where they are allowed."""
    for kind in ("float", "Fraction"):
        if kind not in row.kinds:
            continue
        arrays, params = row.sample(data.draw(draws(kind)))
        before = [list(a.flat) for a in arrays]
        inputs = [leaf(a) for a in arrays]
        held = [x._data for x in inputs]
        for out, array in zip(outputs(row, inputs, params), expected(row, arrays, params), strict=True):
            assert out.shape == array.shape
            if kind == "Fraction":
                assert out._flat() == array.flat
            else:
                assert all(map(close, out._flat(), array.flat)), (out, array)
        assert all(x._data is h for x, h in zip(inputs, held, strict=True)), "an input was replaced"
        assert [x._flat() for x in inputs] == before, "an input was changed"


@every_row
@examples(3)
@given(st.data())
def test_no_grad_gives_the_same(row: Row, data: st.DataObject) -> None:
    arrays, params = row.sample(data.draw(draws("float")))
    inputs = [leaf(a) for a in arrays]
    out = outputs(row, inputs, params)
    with no_grad():
        plain = outputs(row, inputs, params)
    assert list(map(repr, flat(plain))) == list(map(repr, flat(out)))
    assert not any(x.requires_grad or x.inputs for x in plain if x not in inputs)
    assert not any(x.requires_grad or x.inputs for x in outputs(row, [x.detach() for x in inputs], params))


# -- Kinds of number --------------------------------------------------------------------------------------------------


def result_type(row: Row, kind: str) -> type:
    return row.result or KINDS[kind]


@every_row
@pytest.mark.parametrize("kind", KINDS)
@examples(3)
@given(st.data())
def test_kinds(row: Row, kind: str, data: st.DataObject) -> None:
    """Results and gradients stay in the kind of the inputs, or the kind is refused."""
    arrays, params = row.sample(data.draw(draws(kind, empty=False)))
    inputs = [leaf(a) for a in arrays]
    if kind not in row.kinds:
        if flat(inputs):
            with pytest.raises(TypeError):
                outputs(row, inputs, params)
        return
    out = outputs(row, inputs, params)
    if not any(a.flat for a in arrays) and arrays:
        return  # zeros of no kind
    assert {type(v) for v in flat(out)} <= {result_type(row, kind)}
    if not row.differentiable:
        assert not any(v.requires_grad for v in out)
        return
    wanted = [v for v in out if v.requires_grad]
    seeds = [constant([KINDS[kind](1)] * v.size if v.shape else KINDS[kind](1), v.shape) for v in wanted]
    found = gradients(wanted, seeds)
    for x in inputs:
        g = found.get(x)
        numbers = [] if g is None else g._flat() if isinstance(g, Value) else [g]
        assert {type(v) for v in numbers} <= {KINDS[kind]}


def converted(thing: Any, kind: type) -> Any:
    if isinstance(thing, Array):
        return Array([converted(v, kind) for v in thing.flat], thing.shape)
    return kind(thing) if type(thing) is float else thing


@every_row
@examples(3)
@given(st.data())
def test_kinds_agree(row: Row, data: st.DataObject) -> None:
    arrays, params = row.sample(data.draw(draws("float")))
    out = flat(outputs(row, [leaf(a) for a in arrays], params))
    for kind in ("complex", "Decimal"):
        if kind in row.kinds:
            inputs = [leaf(converted(a, KINDS[kind])) for a in arrays]
            again = flat(outputs(row, inputs, {k: converted(v, KINDS[kind]) for k, v in params.items()}))
            assert all(close(KINDS[kind](a), b, KINDS[kind](1e-12).real) for a, b in zip(out, again, strict=True))


@pytest.mark.parametrize("row", [row for row in ROWS if row.errors], ids=lambda row: row.name)
def test_errors(row: Row) -> None:
    for call, exception, pattern in row.errors:
        with pytest.raises(exception, match=pattern) as caught:
            call()
        assert type(caught.value) is exception


def test_every_operation_has_errors() -> None:
    """Except those inside, whose callers have checked the arguments; and ``-x``, whose operand is a Value already."""
    without = [row.name for row in ROWS if not row.errors and not row.name.startswith("primitive ")]
    assert without == ["neg"]


# -- Derivatives ------------------------------------------------------------------------------------------------------


class Directional:
    """F(x) = <g, f(x)> at a random point, in one kind of number, with its derivative along a random direction."""

    def __init__(self, row: Row, source: Source) -> None:
        self.row = row
        self.source = source
        self.arrays, self.params = row.sample(source)
        shapes = [(out.size, out.shape) for out in outputs(row, [leaf(a) for a in self.arrays], self.params)]
        self.cotangents = [self.random(shape) for _, shape in shapes]
        self.weights = [self.random(a.shape) for a in self.arrays]
        self.directions = [self.random(a.shape) for a in [*self.arrays, *self.cotangents]]

    def random(self, shape: tuple[int, ...]) -> Array:
        return self.source.numbers(shape)

    def first(self, arrays: list[Array], cotangents: list[Array]) -> Any:
        """F from values alone."""
        out = outputs(self.row, [leaf(a).detach() for a in arrays], self.params)
        return dot(flat(out), [v for g in cotangents for v in g.flat])

    def gradient(self, arrays: list[Array], cotangents: list[Array]) -> list[Any]:
        """The gradient of F with respect to the inputs, by the engine."""
        inputs = [leaf(a) for a in arrays]
        out = outputs(self.row, inputs, self.params)
        found = gradients(out, [leaf(g).detach() for g in cotangents])
        return [v for x in inputs for v in numbers_of(found.get(x), x)]

    def second(self, arrays: list[Array], cotangents: list[Array]) -> Any:
        """<c, gradient of F>."""
        return dot(self.gradient(arrays, cotangents), [v for w in self.weights for v in w.flat])

    def second_gradient(self) -> list[Any]:
        """The gradient of <c, gradient of F> with respect to the inputs and the cotangents, by the engine."""
        inputs, seeds = [leaf(a) for a in self.arrays], [leaf(g) for g in self.cotangents]
        out = outputs(self.row, inputs, self.params)
        found = gradients(out, seeds, create_graph=True)
        firsts = [(found.get(x), w) for x, w in zip(inputs, self.weights, strict=True)]
        wanted = [(g, leaf(w).detach()) for g, w in firsts if g is not None and g.requires_grad]
        again = gradients([g for g, _ in wanted], [w for _, w in wanted])
        return [v for x in [*inputs, *seeds] for v in numbers_of(again.get(x), x)]

    def difference(self, function: Callable[..., Any], step: Any) -> Any:
        """Five-point difference along the direction: exact for polynomials up to the fourth degree."""
        n = len(self.arrays)

        def at(k: int) -> Any:
            moved = [
                Array([v + k * step * u for v, u in zip(a.flat, d.flat, strict=True)], a.shape)
                for a, d in zip([*self.arrays, *self.cotangents], self.directions, strict=True)
            ]
            return function(moved[:n], moved[n:])

        return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)


def numbers_of(g: Any, x: Value) -> list[Any]:
    if g is None:
        return [type(v)() for v in x._flat()]
    return g._flat() if isinstance(g, Value) else [g]


def dot(a: list[Any], b: list[Any]) -> Any:
    result: Any = 0
    for x, y in zip(a, b, strict=True):
        result = result + x * y
    return result


def check_derivatives(row: Row, data: st.DataObject, kind: str, step: Any, agree: Callable[[Any, Any], bool]) -> None:
    f = Directional(row, data.draw(draws(kind)))
    n = len(f.arrays)
    along_inputs = [v for d in f.directions[:n] for v in d.flat]
    along_cotangents = [v for d in f.directions[n:] for v in d.flat]
    out = [v.detach() for v in outputs(row, [leaf(a) for a in f.arrays], f.params)]
    by_engine = dot(f.gradient(f.arrays, f.cotangents), along_inputs) + dot(flat(out), along_cotangents)
    assert agree(by_engine, f.difference(f.first, step)), "first derivative"
    by_engine = dot(f.second_gradient(), along_inputs + along_cotangents)
    assert agree(by_engine, f.difference(f.second, step)), "second derivative"


@differentiable
@examples(6)
@given(st.data())
def test_derivatives(row: Row, data: st.DataObject) -> None:
    check_row(row, data)


def check_row(row: Row, data: st.DataObject) -> None:
    if row.degree is not None:
        check_derivatives(row, data, "Fraction", Fraction(1, 10**4), lambda a, b: a == b)
        return
    with decimal.localcontext(prec=50):
        check_derivatives(
            row, data, "Decimal", Decimal("1e-8"), lambda a, b: abs(a - b) <= Decimal("1e-25") * (1 + abs(b))
        )


@differentiable
@examples(3)
@given(st.data())
def test_complex_derivatives(row: Row, data: st.DataObject) -> None:
    """Along a complex direction: the derivative is the holomorphic one."""
    if "complex" in row.kinds:
        check_derivatives(row, data, "complex", 1e-3, lambda a, b: abs(a - b) <= 1e-6 * (1 + abs(a) + abs(b)))


def test_a_wrong_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checker itself: five wrong rules, of which the last is wrong only in the second order."""
    wrong: list[tuple[str, Callable[..., Any]]] = [
        ("mul", lambda g, out, x, y: (g * y, g * y)),
        ("sub", lambda g, out, x, y: (g, g)),
        ("exp", lambda g, out, x: (g * x,)),
        ("matmul", lambda g, out, x, y: VJPS["matmul"](g, out, y, x)),
        ("sin", lambda g, out, x: (g * functions.cos(x).detach(),)),
    ]
    for name, rule in wrong:
        (row,) = [r for r in ROWS if r.name == name]
        monkeypatch.setattr(PRIMITIVES[name], "vjp", rule)
        with pytest.raises((AssertionError, ValueError)):
            derivatives_of(row)
        monkeypatch.undo()
        derivatives_of(row)


def derivatives_of(row: Row) -> None:
    @settings(max_examples=12, deadline=None, database=None, phases=[Phase.generate])
    @given(st.data())
    def run(data: st.DataObject) -> None:
        check_row(row, data)

    run()


# -- Scalars, tensors and bare numbers --------------------------------------------------------------------------------

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-320, -5e-324, 1e-17, 1e308, -1e308, 710.0, -745.2, 40.0, 1e16]
SPECIAL += [math.inf, -math.inf, math.nan, 0.1, -0.7, 2**53 + 1.0, math.pi]

SCALAR = [op for op in PRIMITIVES.values() if op.scalar is not None]


def bits(x: Any) -> Any:
    """Something equal exactly when the numbers are the same to the last bit, all NaNs being one."""
    return (type(x), "nan" if x != x else struct.pack("d", x) if type(x) is float else x)


def arity(name: str) -> int:
    if name == "where":
        return 3
    return 2 if PRIMITIVES[name].shape.__code__.co_argcount == 2 else 1


def columns_of(name: str) -> list[list[float]]:
    """Every combination of special numbers, as one list for each operand."""
    combinations: list[tuple[float, ...]] = [()]
    for _ in range(min(arity(name), 2)):
        combinations = [(*c, v) for c in combinations for v in SPECIAL]
    columns = [list(column) for column in zip(*combinations, strict=True)]
    return [[float(i % 2) for i in range(len(columns[0]))], *columns] if name == "where" else columns


@pytest.mark.parametrize("op", SCALAR, ids=lambda op: op.name)
def test_loops_give_the_bits_of_the_scalar_function(op: Any) -> None:
    """The text formulas on floats of every sort; one by one too, for if one raises the whole list goes another way."""
    columns = columns_of(op.name)
    scalar = [op.scalar(*numbers) for numbers in zip(*columns, strict=True)]
    whole = op.kernel(*[part for column in columns for part in (column, (len(column),))])
    assert list(map(bits, whole)) == list(map(bits, scalar))
    for numbers, result in zip(zip(*columns, strict=True), scalar, strict=True):
        (alone,) = op.kernel(*[part for v in numbers for part in ([v], (1,))])
        assert bits(alone) == bits(result), numbers


@pytest.mark.parametrize("op", [op for op in SCALAR if op.name in VJPS], ids=lambda op: op.name)
def test_gradients_of_scalars_and_tensors_have_the_same_bits(op: Any) -> None:
    """Scalars go back as bare numbers, tensors as Values, with create_graph both as Values: one rule, one result."""
    columns = columns_of(op.name)
    scalars: list[list[Any]] = []
    for numbers in zip(*columns, strict=True):
        inputs = [Value(v) for v in numbers]
        found = gradients([apply(op, *inputs)], [constant(-1.5, ())])
        graphs = gradients([apply(op, *inputs)], [constant(-1.5, ())], create_graph=True)
        scalars.append([found.get(x) for x in inputs])
        assert [bits(found.get(x)) for x in inputs] == [
            bits(graphs[x]._data if x in graphs else None) for x in inputs
        ], numbers
    inputs = [Value(column) for column in columns]
    found = gradients([apply(op, *inputs)], [constant([-1.5] * len(columns[0]), (len(columns[0]),))])
    for x, column in zip(inputs, zip(*scalars, strict=True), strict=True):
        got = found[x]._data if x in found else [None] * len(column)
        assert list(map(bits, got)) == list(map(bits, column))


# -- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed; exact arithmetic has checked the same")


def tensor(torch: Any, array: Array) -> Any:
    return torch.tensor(array.flat, dtype=torch.float64).reshape(array.shape).requires_grad_()


@pytest.mark.parametrize("row", [r for r in ROWS if r.torch], ids=lambda row: row.name)
@examples(5)
@given(st.data())
def test_like_torch(torch: Any, row: Row, data: st.DataObject) -> None:
    arrays, params = row.sample(data.draw(draws("float")))
    inputs, tensors = [leaf(a) for a in arrays], [tensor(torch, a) for a in arrays]
    assert row.torch is not None
    theirs = row.torch(torch, *tensors, **params)
    if theirs is None:
        return
    ours = outputs(row, inputs, params)
    theirs = list(theirs) if isinstance(theirs, list | tuple) else [theirs]
    assert [out.shape for out in ours] == [tuple(t.shape) for t in theirs]
    for out, t in zip(ours, theirs, strict=True):
        assert all(map(close, out._flat(), t.flatten().tolist()))
    if not row.differentiable or not any(t.requires_grad for t in theirs):
        return
    seeds = [data.draw(draws("float")).numbers(out.shape) for out in ours]
    torch.autograd.backward(theirs, [torch.tensor(g.flat, dtype=torch.float64).reshape(g.shape) for g in seeds])
    found = gradients(ours, [leaf(g).detach() for g in seeds])
    for x, t in zip(inputs, tensors, strict=True):
        if t.grad is not None:
            assert all(map(close, numbers_of(found.get(x), x), t.grad.flatten().tolist()))


nan, inf = math.nan, math.inf
KINKS: dict[str, tuple[Callable[..., Value], Callable[..., Any], list[list[float]]]] = {
    "relu": (functions.relu, lambda t, x: t.relu(x), [[0.0, -0.0, 1.0, nan, inf, -inf]]),
    "abs": (functions.abs, lambda t, x: t.abs(x), [[0.0, -0.0, -1.0, inf, -inf]]),
    "sign": (functions.sign, lambda t, x: t.sign(x), [[0.0, -0.0, -2.0, inf, -inf]]),
    "floor": (functions.floor, lambda t, x: t.floor(x), [[0.0, -0.5, 2.0, inf, -inf, nan]]),
    "leaky_relu": (functions.leaky_relu, lambda t, x: t.nn.functional.leaky_relu(x), [[0.0, -0.0, nan, inf, -inf]]),
    "elu": (functions.elu, lambda t, x: t.nn.functional.elu(x), [[0.0, -0.0, 1.0, -800.0, inf, -inf]]),
    "gelu": (functions.gelu, lambda t, x: t.nn.functional.gelu(x), [[0.0, -40.0, 40.0, nan]]),
    "silu": (functions.silu, lambda t, x: t.nn.functional.silu(x), [[0.0, -800.0, 800.0, nan]]),
    "sigmoid": (functions.sigmoid, lambda t, x: t.sigmoid(x), [[0.0, -800.0, 800.0, inf, -inf, nan]]),
    "softplus": (functions.softplus, lambda t, x: t.nn.functional.softplus(x), [[0.0, -800.0, 800.0, inf, -inf, nan]]),
    "tanh": (functions.tanh, lambda t, x: t.tanh(x), [[0.0, -800.0, inf, -inf, nan]]),
    "exp": (functions.exp, lambda t, x: t.exp(x), [[0.0, -800.0, 800.0, inf, -inf, nan]]),
    "log": (functions.log, lambda t, x: t.log(x), [[0.0, 1.0, inf]]),
    "sqrt": (functions.sqrt, lambda t, x: t.sqrt(x), [[0.0, 1.0, inf, -1.0]]),
    "reciprocal": (functions.reciprocal, lambda t, x: t.reciprocal(x), [[0.0, -0.0, inf, nan]]),
    "maximum": (functions.maximum, lambda t, x, y: t.maximum(x, y), [[nan, 1, 2, 2, inf], [1, nan, 2, 3, inf]]),
    "minimum": (functions.minimum, lambda t, x, y: t.minimum(x, y), [[nan, 1, 2, 2, -inf], [1, nan, 2, 3, -inf]]),
    "clip": (lambda x: functions.clip(x, 0, 1), lambda t, x: t.clip(x, 0, 1), [[0.0, 1.0, -1.0, 2.0, inf, -inf]]),
    "clip crossed": (lambda x: functions.clip(x, 1, 0), lambda t, x: t.clip(x, 1, 0), [[0.0, 1.0, 0.5, 2.0, -1.0]]),
    "div": (lambda x, y: x / y, lambda t, x, y: x / y, [[1, -1, 0, inf, 1], [0.0, 0.0, 0.0, inf, -0.0]]),
    "pow": (lambda x, y: x**y, lambda t, x, y: x**y, [[0, 0, 0, -1, 2, 0.0], [0, 2, -1, 2, nan, 0.5]]),
    "remainder": (lambda x, y: x % y, lambda t, x, y: t.remainder(x, y), [[7, -7, 7, -7], [2.5, 2.5, -2.5, -2.5]]),
    "max": (functions.max, lambda t, x: t.amax(x), [[3.0, 1.0, 3.0, 3.0]]),
    "min": (functions.min, lambda t, x: t.amin(x), [[0.0, 1.0, -0.0, 3.0]]),
    "max of nan": (functions.max, lambda t, x: t.amax(x), [[3.0, nan, 3.0]]),
    "min of nan": (functions.min, lambda t, x: t.amin(x), [[nan, 1.0]]),
    "prod of zeros": (functions.prod, lambda t, x: t.prod(x), [[0.0, 2.0, 0.0]]),
    "prod of one zero": (functions.prod, lambda t, x: t.prod(x), [[0.0, 2.0, 3.0]]),
    "std of equals": (functions.std, lambda t, x: t.std(x, correction=0), [[2.0, 2.0]]),
    "logsumexp": (functions.logsumexp, lambda t, x: t.logsumexp(x, 0), [[800.0, 800.0, -inf]]),
    "log_softmax": (functions.log_softmax, lambda t, x: t.log_softmax(x, 0), [[-inf, 0.0, -800.0]]),
    "softmax": (functions.softmax, lambda t, x: t.softmax(x, 0), [[-inf, 800.0, -800.0]]),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_ties_and_edges_like_torch(torch: Any, name: str) -> None:
    ours, theirs, columns = KINKS[name]
    inputs = [Value(column) for column in columns]
    tensors = [torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in columns]
    out, expected = ours(*inputs), theirs(torch, *tensors)
    assert all(map(close, out._flat(), expected.flatten().tolist())), (out.data, expected)
    out.backward([1.5] * out.size if out.shape else 1.5)
    expected.backward(torch.full_like(expected, 1.5))
    for x, t in zip(inputs, tensors, strict=True):
        assert all(map(close, x.grad, t.grad.tolist())), (x.grad, t.grad)


def test_pooling_takes_the_first_of_equal_ones_and_nan_like_torch(torch: Any) -> None:
    for window in ([[2.0, 2.0], [2.0, 1.0]], [[nan, 1.0], [2.0, 3.0]], [[-inf, -inf], [-inf, -inf]]):
        x, t = Value([[window]]), torch.tensor([[window]], dtype=torch.float64, requires_grad=True)
        out, expected = functions.max_pool2d(x, 2), torch.nn.functional.max_pool2d(t, 2)
        assert close(out.item(), expected.item())
        out.sum().backward()
        expected.sum().backward()
        assert x.grad == t.grad.tolist()


def test_what_few_numbers_and_infinities_give() -> None:
    assert functions.var([2.0, 1.0], correction=3).data == inf
    assert math.isnan(functions.var([2.0], correction=1).data)
    assert math.isnan(functions.mean([]).data)
    assert functions.sum([]).data == 0
    assert functions.prod([]).data == 1
    assert functions.logsumexp([]).data == -inf
    assert functions.softmax([[], []]).shape == (2, 0)
    assert functions.logsumexp([-inf, -inf]).data == -inf
    assert functions.logsumexp([inf, 1.0]).data == inf
    assert repr(functions.softmax([inf, 1.0]).data) == "[nan, 0.0]"  # the limit where there is one
    assert functions.clip([nan], 0, 1).tolist() != [0.0]


def test_sizes_along_axes_given_as_an_iterator() -> None:
    x = [[1.0, 2.0], [3.0, 4.0]]
    for name in ("sum", "mean", "var", "std", "prod", "max", "min", "logsumexp"):
        reduce = getattr(functions, name)
        assert reduce(x, iter((0, 1))).data == reduce(x).data


def test_powers_have_every_derivative_at_zero() -> None:
    """The derivatives of x**n at 0: n! at order n, else 0; never nan from 0 times infinity."""
    for n in range(4):
        x = Value(0.0)
        y: Any = x**n
        for order in range(1, 6):
            (y,) = [gradients([y], [constant(1.0, ())], create_graph=True)[x]] if y.requires_grad else [Value(0.0)]
            assert y.data == (math.factorial(n) if order == n else 0)


def test_elu_has_one_slope_at_zero() -> None:
    x = Value(0.0)
    functions.elu(x).backward()
    assert x.grad == 1.0


MIXTURES: list[Callable[[Value], Any]] = [
    lambda x: x + 0.5,
    lambda x: 0.5 - x,
    lambda x: x * [0.5],
    lambda x: x / 0.5,
    lambda x: x**0.5,
    lambda x: functions.maximum(x, 0.5),
    lambda x: functions.where(1, x, 0.5),
    lambda x: functions.concat([x.reshape(1), [0.5]]),
    lambda x: x.reshape(1) @ [0.5],
    lambda x: x < 0.5,
]


@pytest.mark.parametrize("call", MIXTURES)
def test_mixed_kinds_are_refused_everywhere(call: Callable[[Value], Any]) -> None:
    """A Fraction beside a float would become a float without a word: in no operation does it."""
    for x in (Value(Fraction(1, 3)), Value([Fraction(1, 3)])):
        with pytest.raises(TypeError, match=r"Fraction and float do not mix|float and Fraction do not mix"):
            call(x)


def test_ints_take_the_kind_of_what_stands_beside_them() -> None:
    assert (Value(Fraction(1, 3)) + 1).data == Fraction(4, 3)
    assert type((Value(Decimal(1)) * 2).data) is Decimal
    assert type(functions.concat([[1], Value([0.5])]).data[0]) is float


def test_nan_wins_and_the_first_of_equal_ones_is_found() -> None:
    rows = [[1.0, nan, 3.0, nan], [2.0, 7.0, 7.0, -1.0], [-1.0, -1.0, 0.0, -1.0]]
    assert repr(functions.max(rows, axis=1).data) == "[nan, 7.0, 0.0]"
    assert repr(functions.min(rows, axis=1).data) == "[nan, -1.0, -1.0]"
    assert functions.argmax(rows, axis=1).data == [1, 1, 2]
    assert functions.argmin(rows, axis=1).data == [1, 3, 0]
    assert functions.argmax(rows).data == 1
    assert functions.argmax([Decimal(1), Decimal("NaN")]).data == 1
    assert repr(functions.min([Decimal(1), Decimal("NaN"), Decimal(0)]).data) == "Decimal('NaN')"
    assert repr(functions.max([0.0, -0.0]).data) == "0.0"
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(TypeError, match=f"{name}: complex numbers have no order"):
            getattr(functions, name)([1j])

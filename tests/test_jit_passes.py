"""Each pass by itself, the layout, and the pieces of code generation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tinygrad_lists import Value, max_pool2d, modes
from tinygrad_lists.compiler import passes
from tinygrad_lists.compiler.affine import Affine, Loop, coalesce
from tinygrad_lists.compiler.contract import blocks
from tinygrad_lists.compiler.emit import Machine
from tinygrad_lists.compiler.layout import Unfit, plain, plan
from tinygrad_lists.compiler.program import Program
from tinygrad_lists.compiler.source import Source, write
from tinygrad_lists.compiler.trace import Trace


def traced(function: Callable[..., Any], *shapes: tuple[int, ...], kind: str = "f") -> Program:
    trace = Trace()
    inputs = [trace.argument(i, shape, kind) for i, shape in enumerate(shapes)]
    with modes.setting(trace=trace):
        out = function(*inputs)
    return trace.program(list(out) if isinstance(out, tuple) else [out])


def ops(program: Program) -> list[str]:
    return [node.op for node in program.nodes if node.op]


def test_dead_code_goes() -> None:
    def f(x: Value) -> Value:
        (x * 3).exp()
        return x + 1

    assert ops(passes.dead(traced(f, (2,)))) == ["add"]


def test_constants_are_computed_in_advance() -> None:
    program = passes.constants(traced(lambda x: x * (Value(2.0) + 3.0).exp(), (2,)))
    assert ops(program) == ["mul"]
    assert [node.data for node in program.nodes if node.origin == "constant"] == [[pytest.approx(148.413159)]]


def test_what_changes_nothing_goes_and_what_might_stays() -> None:
    """x · 1 is x to the last bit; x + 0 turns -0.0 into 0.0, and x · 0 may be NaN."""
    assert ops(passes.constants(traced(lambda x: x * 1.0 / 1.0, (2,)))) == []
    assert ops(passes.constants(traced(lambda x: x + 0.0, (2,)))) == ["add"]
    assert ops(passes.constants(traced(lambda x: x * 0.0, (2,)))) == ["mul"]
    assert ops(passes.constants(traced(lambda x: x.reshape(6).reshape(3, 2).reshape(2, 3), (2, 3)))) == []


def test_the_same_is_computed_once() -> None:
    program = passes.common(traced(lambda x: (x * 2).exp() + (x * 2).exp(), (3,)))
    assert ops(program) == ["mul", "exp", "add"]
    other = passes.common(traced(lambda x: x.sum(axis=0, keepdims=True) + x.sum(axis=1, keepdims=True), (2, 2)))
    assert ops(other) == ["sum", "sum", "add"]


def pooling_step(x: Value) -> Value:
    """relu, max-pool, and the gradient of the sum of squares with respect to x."""
    from tinygrad_lists import grad

    def loss(v: Value) -> Value:
        pooled = max_pool2d(v.relu(), 2)
        return (pooled * pooled).sum()

    slope: Value = grad(loss)(x)
    return slope


def test_pooling_needs_no_positions_in_the_whole_tensor() -> None:
    before = traced(pooling_step, (3, 2, 4, 4))
    assert {"gather", "scatter_add", "max_pool2d_argmax"} <= set(ops(before))
    after = ops(passes.optimise(before))
    assert {"gather", "scatter_add", "max_pool2d_argmax"}.isdisjoint(after)
    assert after.index("gate") < after.index("pool_scatter"), "the gate comes first, on four times fewer numbers"


def test_pooling_whose_positions_are_wanted_stays() -> None:
    from tinygrad_lists.operations import apply
    from tinygrad_lists.primitives import PRIMITIVES

    def f(x: Value) -> tuple[Value, Value]:
        window = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}
        where = apply(PRIMITIVES["max_pool2d_argmax"], x, **window)
        return apply(PRIMITIVES["gather"], x, where), where

    assert ops(passes.optimise(traced(f, (1, 1, 4, 4)))) == ["max_pool2d_argmax", "gather"]


def test_padding_is_made_once_for_forward_and_backward() -> None:
    from tinygrad_lists import conv2d, grad

    def slope(x: Value, w: Value) -> Value:
        gradient: Value = grad(lambda w: (conv2d(x, w, padding=1) ** 2).sum())(w)
        return gradient

    after = passes.optimise(traced(slope, (2, 1, 5, 5), (2, 1, 3, 3)))
    assert ops(after).count("pad") == 1
    assert all(n.params["padding"] == (0, 0) for n in after.nodes if n.op in ("conv2d", "conv2d_weight_grad"))


def test_gradients_of_pooling_are_scattered_into_their_margins() -> None:
    """The gradient of a convolution's input wants zeros around what comes from a max-pool: one buffer, not two."""
    from tinygrad_lists import conv2d, grad

    def slopes(x: Value, w: Value) -> Value:
        slope: Value = grad(lambda x: max_pool2d(conv2d(x, w), 2).sum())(x)
        return slope

    recorded = traced(slopes, (2, 1, 6, 6), (2, 1, 3, 3))
    before = recorded
    for run in passes.PASSES[:-1]:
        before = run(before)
    assert {"pad", "pool_scatter"} <= set(ops(before))
    after = passes.margins(before)
    assert "pad" not in ops(after)
    (scatter,) = [n for n in after.nodes if n.op == "pool_scatter"]
    assert scatter.shape == (2, 2, 8, 8)


def test_ints_are_made_floats_before_they_are_multiplied_as_matrices() -> None:
    after = passes.optimise(traced(lambda x, y: (x > y) @ y.T, (2, 3), (2, 3)))
    assert ops(after) == ["greater", "float", "permute_dims", "matmul"]


# -- Layout -----------------------------------------------------------------------------------------------------------


def source(function: Callable[..., Any], *shapes: tuple[int, ...], lanes: int = 8) -> Source:
    formats = {("argument", i): "*f" for i in range(len(shapes))}
    return write(passes.optimise(traced(function, *shapes)), formats, Machine("float32", lanes, 14))


def test_the_batch_lies_innermost() -> None:
    made = source(lambda x: x.relu().reshape(20, 6).T, (20, 2, 3))
    layout = made.layout
    (relu,) = [node for node in layout.program.nodes if node.op == "relu"]
    assert (layout.count, layout.width, layout.chunks) == (20, 8, 3)
    assert layout.strides(relu) == (1, 24, 8)


def test_sums_over_the_batch_end_before_the_updates_begin() -> None:
    layout = source(lambda x: (x.exp().sum(0) * 2, Value(1.0) * 3), (20, 3)).layout
    stages = {node.op: layout.stage[node] for node in layout.program.nodes if node.op}
    assert (stages["exp"], stages["sum"], stages["mul"]) == (1, 1, 2)


def test_what_mixes_images_is_laid_out_row_by_row() -> None:
    """Mean over the batch, then back: a second pass over the chunks, which the layout has not."""
    assert source(lambda x: x - x.mean(axis=0), (20, 3)).layout.width == 1
    assert source(lambda x: x - x.mean(axis=0), (7, 3)).layout.width == 8, "in one chunk it fits"
    assert source(lambda x: x[::-1], (20, 3)).layout.width == 1
    program = passes.optimise(traced(lambda x: x[::-1], (20, 3)))
    assert plain(program).batch[program.nodes[0]] is None
    assert plan(program, {("argument", 0): program.nodes[0]}, 8).width == 1
    assert issubclass(Unfit, Exception)


def test_chains_are_fused_and_movements_are_indices() -> None:
    """One loop: no buffer but that of the result."""
    made = source(lambda x: ((x.T * 2).exp() + 1)[1:, ::-1], (3, 4), lanes=1)
    stored = [node.op for node in made.layout.program.nodes if node in made.layout.stored]
    assert stored.count("flip") == 1
    assert "permute_dims" not in stored
    assert "mul" not in stored


def test_buffers_share_memory() -> None:
    """A chain of ten large tensors takes the room of a few."""

    def f(x: Value) -> Value:
        for _ in range(10):
            x = x.cumsum(0)
        return x

    assert source(f, (1000,), lanes=1).arena < 4 * (4 * 1000 + 128)


# -- Small pieces -----------------------------------------------------------------------------------------------------


def test_affine() -> None:
    a = Affine.of("i").times(4) + Affine.of("j").times(-1, 3)
    assert a.text() == "4 * i - 1 * j + 3"
    assert (a.step("i"), a.step("k"), a.without("i").step("i")) == (4, 0, 0)
    assert (a + Affine.of("j")).step("j") == 0


def test_loops_that_walk_on_evenly_become_one() -> None:
    loops = [Loop("i", 2), Loop("j", 3), Loop("k", 1), Loop("n", 4)]
    whole = Affine.of("i").times(12) + Affine.of("j").times(4) + Affine.of("n")
    assert coalesce(loops, [whole]) == [Loop("n", 24)]
    rows = Affine.of("i").times(20) + Affine.of("j").times(4) + Affine.of("n")
    assert coalesce(loops, [whole, rows]) == [Loop("i", 2), Loop("n", 12)]


@pytest.mark.parametrize(("size", "most"), [(11, 3), (8, 8), (2, 5), (0, 4)])
def test_blocks_cover_an_axis_once(size: int, most: int) -> None:
    covered = [b.first + t * b.size + i for b in blocks(size, most) for t in range(b.count) for i in range(b.size)]
    assert covered == list(range(size))

"""Compiled = interpreted: every row of the op table, its gradients, random programs, and numbers at the edges."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_arrays import draws
from op_table import ROWS, Row
from test_ops import examples, leaf, outputs

from tinygrad_lists import Value, jit
from tinygrad_lists.backward import gradients
from tinygrad_lists.functions import sum as total
from tinygrad_lists.value import constant

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)

#: float32 has 24 bits; the table's rows compute with few numbers of size 1.
BOUND = {"float64": 1e-12, "float32": 2e-5}


def close(a: Any, b: Any, bound: float) -> bool:
    return a == b or abs(a - b) <= bound * max(1, abs(a), abs(b)) or (a != a and b != b)


def assert_same(compiled: Any, interpreted: Any, bound: float) -> None:
    for ours, theirs in zip(compiled, interpreted, strict=True):
        assert ours.shape == theirs.shape
        pairs = list(zip(ours._flat(), theirs._flat(), strict=True))
        assert all(close(a, b, bound) for a, b in pairs), (ours, theirs)


def with_gradients(row: Row, params: dict[str, Any]) -> Callable[..., list[Value]]:
    """Outputs, and the gradients of their weighted sum."""

    def function(*inputs: Value) -> list[Value]:
        outs = outputs(row, list(inputs), params)
        if not row.differentiable:
            return outs
        loss: Value | None = None
        for out in outs:
            if out.requires_grad:
                weights = constant([0.25 + 0.125 * (i % 5) for i in range(out.size)], (out.size,))
                part = total(out.reshape(out.size) * weights)
                loss = part if loss is None else loss + part
        if loss is None:
            return outs
        found = gradients([loss], [constant(1.0, ())])
        slopes = [found.get(x) for x in inputs]
        return [*outs, *(g if isinstance(g, Value) else constant(g, ()) for g in slopes if g is not None)]

    return function


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@examples(1)
@given(st.data())
def test_every_operation_and_its_gradient(row: Row, data: st.DataObject) -> None:
    """Several samples in one program, since the C compiler costs more than they do."""
    samples = [row.sample(data.draw(draws("float", empty=i == 0))) for i in range(4)]
    functions = [with_gradients(row, params) for _, params in samples]
    inputs = [[leaf(a) for a in arrays] for arrays, _ in samples]

    def together(inputs: list[list[Value]]) -> list[list[Value]]:
        return [function(*given) for function, given in zip(functions, inputs, strict=True)]

    expected = together(inputs)
    for dtype, bound in BOUND.items():
        for ours, theirs in zip(jit(together, dtype=dtype)(inputs), expected, strict=True):
            assert_same(ours, theirs, bound)

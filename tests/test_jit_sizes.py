"""The op table compiled at every size of a batch: what C compilers make of short and long rows must be right.

Their optimisers are not: GCC before 12.4, 13.3 and 14 drops the permutation of masked loads (its bug 114375), so that a
row of two vectors was loaded with the mask of the first. Hence no load of ours stands under a condition.
"""

from __future__ import annotations

import importlib
import random
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import pytest
from op_arrays import Source as Numbers
from op_table import ROWS
from test_jit_ops import BOUND, assert_same, with_gradients
from test_ops import leaf

from tinygrad_lists import Value, jit
from tinygrad_lists.backward import gradients
from tinygrad_lists.compiler.build import FLAGS
from tinygrad_lists.compiler.source import Source, write
from tinygrad_lists.value import constant

compiler = importlib.import_module("tinygrad_lists.compiler.jit")  # the name means the function too
CC = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
pytestmark = pytest.mark.skipif(CC is None, reason="needs a C compiler (cc, gcc or clang)")
MOST = 160  # elements of a tensor


class Sized(Numbers):
    """A source whose tensors have `rows` rows, and whose choices come from a seed."""

    def __init__(self, rows: int, seed: int) -> None:
        self.kind, self.least, self.rows, self.random = "float", 1, rows, random.Random(seed)

    def size(self, low: int = 1, high: int = 3) -> int:
        return self.random.randint(low, high)

    def choice(self, options: Any) -> Any:
        return self.random.choice(options)

    def shape(self, low: int = 0, high: int = 3, most: int = 3, empty: bool = True) -> tuple[int, ...]:
        shape = [self.rows] if high else []
        while len(shape) < min(high, max(low, self.random.randint(1, 3))):
            shape.append(self.random.randint(1, min(9, MOST // prod(shape))))
        return tuple(shape)

    def broadcastable(self, count: int) -> list[tuple[int, ...]]:
        whole = self.shape()
        return [tuple(1 if self.random.random() < 0.2 else size for size in whole) for _ in range(count)]

    def one_axis(self, ndim: int) -> int:
        return self.random.randrange(-ndim, ndim)


Function = Callable[[list[Value]], list[Value]]
Sample = tuple[str, Function, list[Value]]


def _spread(function: Callable[..., list[Value]], given: list[Value]) -> list[Value]:
    return function(*given)


def samples(rows: int, seed: int) -> list[Sample]:
    """Every row of the op table with its gradients: name, function, arguments."""
    found: list[Sample] = []
    for number, row in enumerate(ROWS):
        arrays, params = row.sample(Sized(rows, seed + number))
        function = with_gradients(row, params)
        found.append((row.name, partial(_spread, function), [leaf(a) for a in arrays]))
    return found


def written(samples: list[Sample], dtype: str) -> Source:
    """What is written for them as one program, without compiling it."""
    found: list[Source] = []

    def keep(*given: Any) -> Source:
        found.append(write(*given))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no compiler
        patch.setattr(compiler, "write", keep)
        patch.setattr(compiler, "library", lambda text: None)
        jit(together(samples), dtype=dtype)([x for _, _, x in samples])
    return found[0]


def together(samples: list[Sample]) -> Callable[[list[list[Value]]], list[list[Value]]]:
    """All of them as one function: one C file takes less long than many."""
    return lambda given: [function(x) for (_, function, _), x in zip(samples, given, strict=True)]


def programs(rows: int, seed: int, dtype: str) -> list[list[Sample]]:
    """The op table in two parts: what keeps images in lanes, and what mixes them."""
    parts: tuple[list[Sample], list[Sample]] = ([], [])
    for sample in samples(rows, seed):
        parts[written([sample], dtype).layout.width == 1].append(sample)
    return [part for part in parts if part]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [*range(1, 10), 15, 16, 17, 24, 31, 32, 33, 40])
def test_the_op_table_at_every_size(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for dtype, bound in BOUND.items():
        for part in programs(rows, 1000 * rows, dtype):
            outs = jit(together(part), dtype=dtype)([x for _, _, x in part])
            for (name, function, x), ours in zip(part, outs, strict=True):
                try:
                    assert_same(ours, function(x), bound)
                except AssertionError as problem:
                    raise AssertionError(f"{name} of {[v.shape for v in x]}, {dtype}") from problem


@pytest.mark.parametrize("dtype", BOUND)
def test_tables_of_one_number_and_zeros(dtype: str) -> None:
    """GCC 12.2 copies {a, a, a, 0} as {a, a, a, a} if it knows it: here as the gradients of crops."""
    sizes = [(4, 1), (4, 3), (8, 5), (8, 7), (16, 7), (16, 15)]
    values = [Value([0.0] * size) for size, _ in sizes]

    def slopes(x: Value) -> list[Value]:
        """The gradients, which are constants, and something that depends on x."""
        loss = sum(((v[:left] * 0.5).sum() for v, (_, left) in zip(values, sizes, strict=True)), x)
        found = gradients([loss], [constant(1.0, ())])
        return [x * 2, *(found[v] for v in values)]

    for ours, (size, left) in zip(jit(slopes, dtype=dtype)(Value(1.0))[1:], sizes, strict=True):
        assert ours._flat() == [0.5] * left + [0.0] * (size - left)


# -- What GCC makes of it ---------------------------------------------------------------------------------------------


def masked_loads(source: str, folder: Path) -> list[str]:
    """Functions in which GCC loads under a mask, found in its own account of what it did."""
    text, dump = folder / "step.c", folder / "dump"
    text.write_text(source)
    flags = [f for f in FLAGS if f not in ("-shared", "-march=native")]
    command = [str(CC), *flags, "-mavx2", "-S", "-o", "/dev/null", f"-fdump-tree-optimized={dump}", str(text)]
    subprocess.run(command, check=True)
    functions = re.split(r"^;; Function ", dump.read_text(), flags=re.MULTILINE)[1:]
    return [f.split()[0] for f in functions if re.search(r"\.MASK_LOAD|\.MASK_GATHER", f)]


def is_gcc_for_x86() -> bool:
    """Whether the compiler gives such accounts, and has such loads."""
    said = subprocess.run([str(CC), "-v"], capture_output=True, text=True, check=False).stderr if CC else ""
    return "gcc version" in said and "Target: x86_64" in said


gcc = pytest.mark.skipif(not is_gcc_for_x86(), reason="needs GCC for x86-64")


@gcc
def test_a_load_under_a_condition_is_found(tmp_path: Path) -> None:
    """The proof of the checker, and what makes it necessary: this gives wrong numbers with GCC 12.2."""
    source = """double f(const long *restrict c, const double *restrict x) {
      double s[8] = {0}, all = 0;
      for (int i = 0; i < 2; i++)
        for (int n = 0; n < 8; n++) s[n] += c[n + 8 * i] != 0 ? x[n + 8 * i] : 0;
      for (int n = 0; n < 8; n++) all += s[n];
      return all;
    }"""
    assert masked_loads(source, tmp_path) == ["f"]


@gcc
@pytest.mark.parametrize(("rows", "dtype"), [(7, "float64")])
def test_no_load_stands_under_a_condition(rows: int, dtype: str, tmp_path: Path) -> None:
    """The whole op table with its gradients, in lanes (one without an image) and row by row."""
    parts = programs(rows, 1000 * rows, dtype)
    assert len(parts) == 2
    for part in parts:
        assert masked_loads(written(part, dtype).text, tmp_path) == []

"""Nested lists and oracles for the tests of nn."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest

from tinygrad_lists import Value

__all__ = ["close", "flat", "fractions", "nested", "normal", "put", "shape_of", "torch_or_skip"]


def torch_or_skip() -> Any:
    """PyTorch, the optional oracle; without it the test is skipped."""
    return pytest.importorskip("torch", reason="PyTorch is an optional oracle; the same formulas are checked exactly")


def flat(data: Any) -> list[Any]:
    """All numbers in row-major order."""
    return [v for item in data for v in flat(item)] if isinstance(data, list | tuple) else [data]


def shape_of(data: Any) -> tuple[int, ...]:
    return (len(data), *shape_of(data[0])) if isinstance(data, list) and data else ()


def nested(shape: Sequence[int], number: Callable[[], Any]) -> Any:
    """Nested lists, filled in row-major order."""
    return [nested(shape[1:], number) for _ in range(shape[0])] if shape else number()


def normal(shape: Sequence[int], seed: int = 0) -> Any:
    rng = random.Random(seed)
    return nested(shape, lambda: rng.gauss(0.0, 1.0))


def fractions(shape: Sequence[int], seed: int = 0) -> Any:
    rng = random.Random(seed)
    return nested(shape, lambda: Fraction(rng.randint(-9, 9), rng.randint(1, 4)))


def put(parameter: Value | None, data: Any) -> None:
    """New numbers for a parameter that is there."""
    assert parameter is not None
    parameter.data = data


def close(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    """Equal, up to `tolerance` of the largest number (or of 1, if that is larger)."""
    left, right = flat(ours), flat(theirs)
    assert len(left) == len(right)
    scale = max([1.0, *(abs(v) for v in right if math.isfinite(v))])
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        same = a == b or (a != a and b != b) or abs(a - b) <= tolerance * scale
        assert same, f"number {i}: {a!r} and {b!r}"

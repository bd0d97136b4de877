"""The fully connected layer, and flattening before it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from tinygrad_lists import Value, functions

from .. import init
from ..checks import check_flag, check_rng, check_size
from ..module import Module

__all__ = ["Dense", "Flatten"]


class Dense(Module):
    """``z = v W + b``, the paper's equation (2), for each row v of a batch.

    Args:
        in_features, out_features: sizes of v and z; W is (in, out), as in the paper.
        bias: whether there is one.
        rng: source of the initial weights, uniform in ±1/sqrt(in) as in PyTorch; the seed is 0 if left out.

    Shapes: (..., in) -> (..., out).

    Raises:
        ValueError: sizes below 1; an input that does not end in `in_features`. TypeError: sizes that are no numbers, a
            `bias` that is neither True nor False, an `rng` that is no generator; an input that holds no numbers.

    >>> import nn
    >>> layer = nn.Dense(2, 1)
    >>> layer.weight.data, layer.bias.data = [[2.0], [3.0]], [1.0]
    >>> layer([[1.0, 10.0]]).data
    [[33.0]]
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, rng: random.Random | None = None
    ) -> None:
        op = type(self).__name__
        in_features, out_features = (
            check_size(op, name, size) for name, size in (("in_features", in_features), ("out_features", out_features))
        )
        bias, rng = check_flag(op, "bias", bias), check_rng(op, rng, "uniform")
        bound = 1 / math.sqrt(in_features)
        self.weight = Value(init.kaiming_uniform((in_features, out_features), rng, 1 / math.sqrt(3)), name="weight")
        self.bias = Value([rng.uniform(-bound, bound) for _ in range(out_features)], name="bias") if bias else None

    def forward(self, x: Any) -> Value:
        """(..., in) -> (..., out)."""
        z = functions.matmul(x, self.weight)
        return z if self.bias is None else z + self.bias

    def multiply_adds(self, inputs: Sequence[int], output: Sequence[int]) -> int:
        """One for each weight and row."""
        return math.prod(output) * self.weight.shape[0]

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}" + ("" if self.bias is not None else ", bias=False")


class Flatten(Module):
    """(N, C, H, W) -> (N, C·H·W): a volume becomes a row (paper, section II).

    >>> import nn
    >>> nn.Flatten()([[[[1.0, 2.0], [3.0, 4.0]]]]).data
    [[1.0, 2.0, 3.0, 4.0]]
    """

    def forward(self, x: Any) -> Value:
        """All axes but the first become one."""
        return functions.flatten(x, 1)

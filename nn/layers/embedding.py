"""Embedding: a learnt vector for each symbol."""

from __future__ import annotations

import random
from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_rng, check_size
from ..module import Module
from ..nested import as_value

__all__ = ["Embedding"]


class Embedding(Module):
    """Row i of a table for each index i: ``y[..., :] = weight[x[...], :]`` (Bengio et al., "A neural probabilistic
    language model", 2003).

    It is a dense layer on one-hot rows, without the multiplications by 0. The gradient of a row is the sum over all
    places that read it.

    Args:
        num_embeddings: how many symbols there are; indices run from 0 to ``num_embeddings - 1``.
        embedding_dim: size of a vector.
        rng: source of the initial weights, normal with deviation 1 as in PyTorch; the seed is 0 if left out.

    Shapes: indices of any shape (...) -> (..., embedding_dim).

    Raises:
        ValueError: sizes below 1; an index that is not in the table, with its position. TypeError: sizes that are no
            numbers, an `rng` that is no generator; an index that is no int.

    >>> import nn
    >>> layer = nn.Embedding(3, 2)
    >>> layer.weight.data = [[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]
    >>> layer([2, 0, 2]).data
    [[2.0, 2.5], [0.0, 0.5], [2.0, 2.5]]
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, rng: random.Random | None = None) -> None:
        op = type(self).__name__
        count, size = check_size(op, "num_embeddings", num_embeddings), check_size(op, "embedding_dim", embedding_dim)
        generator = check_rng(op, rng, "gauss")
        weight = [[generator.gauss(0.0, 1.0) for _ in range(size)] for _ in range(count)]
        self.weight = Value(weight, name="weight")

    def forward(self, x: Any) -> Value:
        """(...) -> (..., embedding_dim)."""
        indices, count = as_value(x), self.weight.shape[0]
        functions.check_labels(functions.flatten(indices), count, "Embedding")
        try:
            return functions.take(self.weight, indices, axis=0)
        except RuntimeError as error:
            from tinygrad_lists import JitError  # here, because computing does not need the compiler

            if not isinstance(error, JitError):
                raise
            # While a step is recorded there are no indices to look up: then the dense layer that this one abbreviates.
            chosen = functions.equal(functions.reshape(indices, (*indices.shape, 1)), list(range(count)))
            return functions.matmul(functions.where(chosen, 1.0, 0.0), self.weight)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"

"""Dropout: noise in training that keeps units from relying on each other."""

from __future__ import annotations

import random
from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_rng, check_share
from ..generator import RANGE, draw, seed
from ..module import Module
from ..nested import as_value
from ..setting import Setting

__all__ = ["Dropout"]


class Dropout(Module):
    """Each number is replaced by 0 with probability p, independently, and the others grow by ``1 / (1 - p)``, so that
    the expectation stays (Srivastava et al., 2014; the scaling in training, "inverted", as in PyTorch):

        y = x · mask / (1 - p)          in training mode
        y = x                           in evaluation mode

    The mask comes from a generator of the layer's own (see `nn.generator`), whose state, four whole numbers, is the
    buffer ``generator``. Every forward pass in training mode reads it and moves it on. As it is a Value, a compiled
    step draws anew in each call; as it is a buffer, it is part of ``state_dict()``, and training resumed from there has
    the masks of training that never stopped, to the bit.

    Args:
        p: probability to drop, at least 0 and below 1; can be set between steps.
        rng: where the generator's first state comes from; the seed is 0 if left out. Give all layers of a model one
            ``rng``, as for weights: two layers with the same seed drop the same places.

    Shapes: any, and the same out. Every element is drawn for itself, so each sample of a batch has its own mask.

    Raises:
        ValueError: p out of range. TypeError: p is no number, or rng no generator.

    >>> import nn
    >>> layer = nn.Dropout(0.5)
    >>> layer([1.0] * 8).data
    [0.0, 0.0, 2.0, 2.0, 0.0, 2.0, 2.0, 2.0]
    >>> layer.eval()([1.0, 2.0]).data
    [1.0, 2.0]
    """

    def __init__(self, p: float = 0.5, rng: random.Random | None = None) -> None:
        rng = None if rng is None else check_rng(type(self).__name__, rng, "randrange")
        self.generator = Value(seed(rng), requires_grad=False, name="generator")
        self._p = Setting(self._share(p), "p")
        # Both worked out in Python, so that any precision of a compiled step drops the same places.
        self._limit = Setting(_limit(self.p))
        self._scale = Setting(1 / (1 - self.p))

    def _share(self, p: float) -> Any:
        """All dropped would leave nothing to learn."""
        share = check_share(type(self).__name__, "p", p)
        return float(share) if isinstance(share, int) else share

    @property
    def p(self) -> float:
        """Probability to drop."""
        number: float = self._p.number
        return number

    @p.setter
    def p(self, p: float) -> None:
        self._p.number = self._share(p)
        self._limit.number = _limit(self.p)
        self._scale.number = 1 / (1 - self.p)

    def forward(self, x: Any) -> Value:
        """The same shape."""
        value = as_value(x)
        if not self.training or not value.size:
            return value
        rows = value.shape[0] if value.ndim > 1 else 1
        kept = draw(self.generator, rows, value.size // rows) >= self._limit.value
        scale = self._scale.value
        return value * functions.reshape(functions.where(kept, scale, scale * 0), value.shape)

    def extra_repr(self) -> str:
        """Probability."""
        return f"p={self.p}"


def _limit(p: float) -> float:
    """Draws below it are dropped: p of their range."""
    return float(round(p * RANGE))

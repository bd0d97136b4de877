"""A certificate: how far two right computations of one layer may lie apart, element by element."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["SLACK", "Certificate", "Floats", "U", "absolutes", "gamma"]

#: Half the distance from 1 to the next float: the largest relative error of one rounding.
U = 2.0**-53
#: For what is second order: errors of errors, and the rounding of the bounds themselves.
SLACK = 1.01

Floats = list[float]


@dataclass
class Certificate:
    """Bounds for each element of each tensor of one layer.

    Attributes:
        y, gx, gradients: how far two right results may lie apart by rounding.
        y_terms, gx_terms, terms: the sums of absolute terms; 0 where nothing was exercised.
        kink: further difference in the input gradient where one side may stand on the other side of a kink.
    """

    y: Floats
    gx: Floats
    y_terms: Floats
    gx_terms: Floats
    gradients: dict[str, Floats] = field(default_factory=dict)
    terms: dict[str, Floats] = field(default_factory=dict)
    kink: Floats = field(default_factory=list)


def gamma(n: float) -> float:
    """γ_n, the relative error of n roundings one after the other; infinite where nothing is left of a number.

    >>> gamma(1) > 2**-53, gamma(1) < 2**-52
    (True, True)
    """
    return n * U / (1 - n * U) if n * U < 1 else math.inf


def absolutes(flat: Floats) -> Floats:
    """Absolute values."""
    return list(map(abs, flat))

"""The paper's system: its network (section II), its recipe (section IV) and its results (table I)."""

from __future__ import annotations

import random

from . import init
from .checks import check_kind, check_real, check_rng, check_seed
from .errors import shown
from .layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU, Sequential
from .module import Module

__all__ = ["ALPHA", "BATCH_SIZE", "BETA", "EPOCHS", "GAMMA", "LEARNING_RATE", "TABLE_I", "initialise", "network"]

LEARNING_RATE = 0.03
EPOCHS = 5
BATCH_SIZE = 8

#: The constants of equation (3). The paper does not name its own. These had the lowest loss on training images 1,000 to
#: 2,000 after training on the first 1,000, among those that tests/benchmarks/choose_sine.py tries; no test image was
#: seen.
ALPHA, BETA, GAMMA = 1.293, 1.207, 0.118

#: Average loss and test accuracy per epoch, as printed in the paper's table I.
TABLE_I = ((0.82, 0.910), (0.40, 0.950), (0.22, 0.960), (0.15, 0.965), (0.12, 0.975))


def network(rng: random.Random | None = None) -> Sequential:
    """Conv(8, 3x3), ReLU, Pool(2), Conv(16, 3x3), ReLU, Pool(2), Flatten, Dense(10): section II.

    Shapes: (N, 1, 28, 28) -> logits (N, 10). The softmax is part of the loss.

    >>> sum(parameter.size for parameter in network().parameters())
    5258
    """
    rng = check_rng("network", rng, "uniform")
    return Sequential(
        Conv2d(1, 8, 3, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(8, 16, 3, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dense(400, 10, rng=rng),
    )


def initialise(
    model: Sequential,
    scheme: str = "sine",
    alpha: float = ALPHA,
    beta: float = BETA,
    gamma: float = GAMMA,
    seed: int = 0,
) -> None:
    """Set the weights: "sine" (equation 3), "kaiming" or "xavier" (uniform, from `seed`); biases become 0.

    >>> model = network()
    >>> initialise(model, "xavier", seed=1)
    >>> model[0].bias.data[0]
    0.0
    """
    check_kind("initialise", "model", model, Module, "a Module")
    check_kind("initialise", "scheme", scheme, str, "'sine', 'kaiming' or 'xavier'")
    seed = check_seed("initialise", seed)
    alpha, beta, gamma = (
        check_real("initialise", name, number) for name, number in (("alpha", alpha), ("beta", beta), ("gamma", gamma))
    )
    if scheme == "sine":
        init.sine_module(model, alpha, beta, gamma)
        return
    schemes = {"kaiming": init.kaiming_uniform, "xavier": init.xavier_uniform}
    if scheme not in schemes:
        raise ValueError(f"initialise: unknown scheme {shown(scheme)}; known are sine, {', '.join(schemes)}")
    rng = random.Random(seed)
    for parameter in model.parameters():
        shape = parameter.shape
        parameter.data = schemes[scheme](shape, rng) if len(shape) > 1 else init.zeros(shape)

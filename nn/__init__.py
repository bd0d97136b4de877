"""Neural networks on `tinygrad_lists`: layers, losses, optimisers, data.

>>> import nn
>>> model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(8 * 13 * 13, 10))
>>> optimiser = nn.optim.SGD(model.parameters(), lr=0.03)
>>> image, label = nn.data.mnist.load("train", subset="paper")[0]
>>> loss = nn.CrossEntropyLoss()(model([image]), [label])
>>> loss.backward()
>>> optimiser.step()
"""

from . import data, init, optim, paper
from .layers import (
    ELU,
    GELU,
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .losses import CrossEntropyLoss
from .module import Module

__all__ = [
    "ELU",
    "GELU",
    "AvgPool2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dense",
    "Flatten",
    "LeakyReLU",
    "MaxPool2d",
    "Module",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "data",
    "init",
    "optim",
    "paper",
]

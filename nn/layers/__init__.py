"""The layers, by subject."""

from .activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .container import Sequential
from .conv import Conv2d
from .dense import Dense, Flatten
from .pool import AvgPool2d, MaxPool2d

__all__ = [
    "ELU",
    "GELU",
    "AvgPool2d",
    "Conv2d",
    "Dense",
    "Flatten",
    "LeakyReLU",
    "MaxPool2d",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]

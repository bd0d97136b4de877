"""Neural networks on `tinygrad_lists`: layers, losses, optimisers, data.

>>> import nn
>>> model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(8 * 13 * 13, 10))
>>> optimiser = nn.optim.SGD(model.parameters(), lr=0.03)
>>> image, label = nn.data.mnist.load("train", subset="paper")[0]
>>> loss = nn.CrossEntropyLoss()(model([image]), [label])
>>> loss.backward()
>>> optimiser.step()
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import callbacks, data, init, metrics, optim, paper, schedulers
from .compiled import CompiledTrainer
from .layers import (
    ELU,
    GELU,
    SELU,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool2d,
    Hardtanh,
    Identity,
    LayerNorm,
    LeakyReLU,
    LogSoftmax,
    MaxPool2d,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, KLDivLoss, L1Loss, MSELoss
from .module import Module
from .parallel import ParallelTrainer
from .summary import Summary, summary
from .trainer import Trainer

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "CompiledTrainer",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2d",
    "Hardtanh",
    "HuberLoss",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "Module",
    "PReLU",
    "ParallelTrainer",
    "ReLU",
    "ReLU6",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Summary",
    "Tanh",
    "Trainer",
    "callbacks",
    "data",
    "init",
    "metrics",
    "optim",
    "paper",
    "schedulers",
    "summary",
]

#: What PyTorch's users look for here.
_ELSEWHERE = {
    "Linear": "nn.Dense, whose weight is (in, out)",
    "ModuleList": "a list, as modules in an attribute are found",
    "Parameter": "tinygrad_lists.Value",
    "functional": "tinygrad_lists.functions",
}

if not TYPE_CHECKING:  # else no name would be unknown to type checkers

    def __getattr__(name: str) -> Any:
        if name in ("checkpoint", "compare", "handwritten", "plots"):  # imported when they are first used
            return importlib.import_module(f".{name}", __name__)
        words = f"; use {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
        raise AttributeError(f"module 'nn' has no attribute {name!r}{words}", name=name, obj=sys.modules[__name__])

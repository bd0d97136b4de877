"""Optimisers: from gradients to new parameters. In order of increasing complexity.

========= =============================================== =====================================
name       what it adds                                    paper
========= =============================================== =====================================
SGD        momentum, Nesterov's look ahead                 Sutskever et al., 2013
Lion       the sign alone of a momentum                    Chen et al., 2023
Adagrad    a rate for each weight, from all its past       Duchi, Hazan, Singer, 2011
RMSprop    a rate for each weight, from its recent past    Hinton, lecture 6, 2012
Adam       momentum beside that, both corrected for bias   Kingma, Ba, 2015
AdamW      weight decay beside the gradient                Loshchilov, Hutter, 2019
========= =============================================== =====================================

Large batches that do not fit: gradients add up until `zero_grad`, so several small batches make a large one if each
loss is divided by their number.

>>> import nn
>>> model, criterion = nn.Dense(2, 2), nn.CrossEntropyLoss()
>>> optimiser = nn.optim.SGD(model.parameters(), lr=0.1)
>>> batches = [([[1.0, 2.0]], [0]), ([[3.0, 4.0]], [1])]
>>> optimiser.zero_grad()
>>> for x, y in batches:
...     (criterion(model(x), y) / len(batches)).backward()
>>> optimiser.step()
"""

from .adam import Adam, AdamW
from .adaptive import Adagrad, RMSprop
from .clipping import clip_grad_norm, clip_grad_value
from .groups import ParameterGroup
from .lion import Lion
from .optimizer import Optimizer
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Optimizer",
    "ParameterGroup",
    "RMSprop",
    "clip_grad_norm",
    "clip_grad_value",
]

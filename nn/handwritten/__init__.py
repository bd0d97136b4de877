"""The paper's network with every backward pass derived and written out by hand, on nested Python lists.

Sections II and IV of the paper, and nothing more: one image at a time, a volume is a 3-D nested list (channels, height,
width), every sum of a formula is a `for` loop. This package imports the standard library only. It shares no code with
the automatic engine, so that when both agree on a gradient, two independent witnesses agree.

Every layer follows one protocol, which `nn.compare` reads and which your own layer may follow too:

====================================  ==================================================================================
`layer.forward(x)`                    computes and returns y; keeps `layer.input` (x) and `layer.output` (y)
`layer.backward(gradient)`            takes dE/dy (the shape of y), returns dE/dx (the shape of x); keeps them as
                                      `layer.output_gradient` and `layer.input_gradient`
`layer.parameters()`                  dict of name -> nested list: `{"weight": ..., "bias": ...}`, or `{}`; not copies
`layer.gradients()`                   dE/d(parameter) of the last `backward`, under the same names
====================================  ==================================================================================

A `Network` names its layers by position, so its `state()` has the names of the automatic model's `state_dict()`:
`"0.weight"`, `"0.bias"`, `"3.weight"`, ... `"7.bias"`. The loss is not a layer: `network.criterion` holds that of the
last pass, with `input` (the logits), `probabilities`, `output` (the loss) and `input_gradient`.

Convolution, pooling, ReLU, flatten and dense use `+`, `*` and comparisons only: their entries may be any Python number
with an order. On `Fraction` they are exact, on `Decimal` they have as many digits as the context.

>>> from fractions import Fraction
>>> layer = Dense(weight=[[Fraction(1, 3)], [Fraction(2, 3)]], bias=[Fraction(1, 2)])
>>> layer.forward([Fraction(1), Fraction(3)])
[Fraction(17, 6)]
>>> layer.backward([Fraction(3)])
[Fraction(1, 1), Fraction(2, 1)]
>>> layer.gradients()["weight"]
[[Fraction(3, 1)], [Fraction(9, 1)]]

Training on one mini-batch of two images:

>>> network = Network([Conv2d(sine((2, 1, 2, 2), alpha=1.3, beta=0.2, gamma=0.5), [0.0, 0.0]), ReLU(), MaxPool2d(2),
...                    Flatten(), Dense(sine((2, 2), alpha=1.3, beta=0.2, gamma=0.5, start=8), [0.0, 0.0])])
>>> images = [[[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]],
...           [[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]]]
>>> labels = [one_hot(0, 2), one_hot(1, 2)]
>>> before = network.batch_gradients(images, labels)
>>> SGD(network, learning_rate=0.1).step(before.gradients)
>>> network.batch_gradients(images, labels).loss < before.loss
True
"""

from __future__ import annotations

from nn.handwritten.activation import Flatten, ReLU
from nn.handwritten.conv import Conv2d
from nn.handwritten.dense import Dense
from nn.handwritten.init import sine
from nn.handwritten.layer import Layer
from nn.handwritten.loss import CrossEntropy, Softmax, SoftmaxCrossEntropy, one_hot, softmax
from nn.handwritten.network import Batch, Network, paper_network
from nn.handwritten.optim import SGD, train_epoch
from nn.handwritten.pool import MaxPool2d

__all__ = [
    "SGD",
    "Batch",
    "Conv2d",
    "CrossEntropy",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPool2d",
    "Network",
    "ReLU",
    "Softmax",
    "SoftmaxCrossEntropy",
    "one_hot",
    "paper_network",
    "sine",
    "softmax",
    "train_epoch",
]

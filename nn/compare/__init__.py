"""Handwritten gradients beside automatic ones: where they differ, by how much, and what kind of mistake it is.

`compare_gradients` compares a network layer by layer, `compare_layer` one layer; both give a `Report`. `adapt` makes a
layer of somebody's class or functions, `adapt_network` a network. `HandwrittenTrainer` trains by hand,
`CheckedTrainer` compares at every step. How a comparison judges is told in
``docs/comparing.md``.

>>> from nn import handwritten
>>> class MyReLU(handwritten.ReLU):
...     def backward(self, gradient):
...         return gradient
>>> report = compare_layer("relu", MyReLU(), [[1.0, -2.0, 3.0]])
>>> row = report.first_guilty
>>> row.tensor, row.verdict.name, row.diagnosis.name
('input gradient', 'WRONG', 'mask missing')
"""

from __future__ import annotations

from .candidates import CandidateError
from .comparison import compare_gradients, compare_layer
from .counterpart import by_hand
from .metrics import Metrics
from .networks import adapt_network
from .recognition import adapt
from .report import Diagnosis, Remark, Report, Row, Verdict, Worst
from .training import CheckedTrainer, GradientMismatch, HandwrittenTrainer

__all__ = [
    "CandidateError",
    "CheckedTrainer",
    "Diagnosis",
    "GradientMismatch",
    "HandwrittenTrainer",
    "Metrics",
    "Remark",
    "Report",
    "Row",
    "Verdict",
    "Worst",
    "adapt",
    "adapt_network",
    "by_hand",
    "compare_gradients",
    "compare_layer",
]

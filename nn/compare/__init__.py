"""Handwritten gradients beside automatic ones: where they differ, by how much, and what kind of mistake it is."""

from __future__ import annotations

from .candidates import CandidateError
from .comparison import compare_gradients, compare_layer
from .metrics import Metrics
from .recognition import adapt
from .report import Diagnosis, Remark, Report, Row, Verdict, Worst

__all__ = [
    "CandidateError",
    "Diagnosis",
    "Metrics",
    "Remark",
    "Report",
    "Row",
    "Verdict",
    "Worst",
    "adapt",
    "compare_gradients",
    "compare_layer",
]

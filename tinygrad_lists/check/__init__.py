"""Checking gradients against numbers that no rule was used for."""

from __future__ import annotations

from .oracles import ORACLES, Oracle
from .report import GradientError, GradientReport, Mismatch
from .run import check_grads

__all__ = ["ORACLES", "GradientError", "GradientReport", "Mismatch", "Oracle", "check_grads"]

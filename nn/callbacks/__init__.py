"""Callbacks: what happens beside the training loop.

================== ====================================================================================
Progress            a live bar (rich)
Metrics             confusion matrix; precision, recall and F1 of each class
EarlyStopping       ends a training that does not get better
StopOnInterrupt     Ctrl-C ends a training after its update
CSVLog              one row an epoch
================== ====================================================================================

A callback of your own is a `Callback` with one method or more.
"""

from .base import Callback
from .logs import CSVLog
from .measures import Metrics
from .progress import Progress
from .stopping import EarlyStopping, StopOnInterrupt

__all__ = ["CSVLog", "Callback", "EarlyStopping", "Metrics", "Progress", "StopOnInterrupt"]

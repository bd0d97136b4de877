"""Callbacks: what happens beside the training loop.

================== ====================================================================================
Progress            a live bar (rich)
Metrics             confusion matrix; precision, recall and F1 of each class
EarlyStopping       ends a training that does not get better
StopOnInterrupt     Ctrl-C ends a training after its update
CSVLog              one row an epoch
TensorBoardLog      for ``tensorboard --logdir``
BestWeights         the weights of the best epoch, in a file
Checkpoint          a file from which the training can go on, to the bit; comes last
================== ====================================================================================

A callback of your own is a `Callback` with one method or more.
"""

from .base import Callback
from .checkpoints import BestWeights, Checkpoint
from .logs import CSVLog
from .measures import Metrics
from .progress import Progress
from .stopping import EarlyStopping, StopOnInterrupt
from .tensorboard import TensorBoardLog

__all__ = [
    "BestWeights",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Metrics",
    "Progress",
    "StopOnInterrupt",
    "TensorBoardLog",
]

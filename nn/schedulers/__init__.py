"""Schedules: how the learning rate changes from step to step.

A schedule is a formula for the rate in step t, from the rate at which the optimiser started. Making one sets the rate
of step 0; call ``step()`` after each ``optimiser.step()`` (or after each epoch; a step is whatever you count).

Schedules combine: `SequentialLR` runs one after the other, such as a warm-up and then a cosine; `ChainedScheduler`
gives each the rate of the one before.

>>> import nn
>>> optimiser = nn.optim.AdamW(nn.Dense(2, 2).parameters(), lr=0.001)
>>> warm_up = nn.schedulers.LinearLR(optimiser, start_factor=0.25, total_iters=3)
>>> cosine = nn.schedulers.CosineAnnealingLR(optimiser, T_max=4)
>>> schedule = nn.schedulers.SequentialLR(optimiser, [warm_up, cosine], milestones=[3])
>>> rates = []
>>> for step in range(8):
...     rates.append(round(optimiser.lr, 6))  # and here a batch, and optimiser.step()
...     schedule.step()
>>> rates
[0.00025, 0.0005, 0.00075, 0.001, 0.000854, 0.0005, 0.000146, 0.0]
"""

from .base import Scheduler
from .combined import ChainedScheduler, SequentialLR
from .curves import ConstantLR, CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, StepLR
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "Scheduler",
    "SequentialLR",
    "StepLR",
]

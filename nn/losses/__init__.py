"""Losses: from predictions and targets to the one number that training makes small."""

from .cross_entropy import CrossEntropyLoss
from .probability import BCEWithLogitsLoss, KLDivLoss
from .regression import HuberLoss, L1Loss, MSELoss

__all__ = ["BCEWithLogitsLoss", "CrossEntropyLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss"]

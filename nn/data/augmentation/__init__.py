"""Augmentation: from each image a new one that shows the same, for a network that must not learn pixels by heart.

>>> from nn.data import DataLoader, mnist
>>> from nn.data.augmentation import Compose, Rotation, Scale, Shift
>>> augment = Compose(Rotation(10), Scale(0.9, 1.1), Shift(2), seed=1)
>>> loader = DataLoader(mnist.load("train", subset="paper"), batch_size=8, shuffle=True, augment=augment)

Everything random follows from the seed, the epoch and the image's index in the dataset. ``Shift``, ``Rotation``,
``Scale`` and ``Shear`` are in ``geometric``, ``Elastic`` in ``elastic``, how an image is interpolated in
``resampling``. Another kind is a class with a method ``sources``: where in the old image does a pixel of the new one
come from?
"""

from __future__ import annotations

from .base import Augmentation, Compose
from .elastic import Elastic
from .geometric import Rotation, Scale, Shear, Shift
from .resampling import ResamplingMap

__all__ = ["Augmentation", "Compose", "Elastic", "ResamplingMap", "Rotation", "Scale", "Shear", "Shift"]

"""Data: IDX files, MNIST with the paper's subset, and a loader that makes batches of nested lists.

>>> from nn.data import DataLoader, mnist
>>> test = mnist.load("test", subset="paper")
>>> test
Dataset('mnist test', 200 images of 28 x 28, 10 classes)
>>> images, labels = next(iter(DataLoader(test, batch_size=4)))
>>> labels
[7, 2, 1, 0]

``idx`` reads and writes the file format, ``dataset`` keeps images as bytes, ``loader`` shuffles and batches,
``source`` finds a set's files (a folder, the cache, or a mirror by way of ``download``), and ``mnist`` and
``fashion_mnist`` are such sets; ``csv`` reads a table, ``images`` folders of PNG files, and
``drawing`` makes one's own like MNIST's. ``split`` takes images out for validation, ``augmentation``
changes them, ``workers`` prepare batches in other processes. Another data set is another file here; a loader takes
anything with a length and ``(image, label)`` by index.
"""

from __future__ import annotations

from . import augmentation, csv, drawing, fashion_mnist, images, mnist
from .csv import CsvError
from .dataset import Dataset, Image
from .download import ChecksumError, DownloadError
from .idx import IdxArray, IdxError, read_idx, write_idx
from .images import GreyImage, ImageError
from .loader import Augment, Batch, DataLoader
from .partition import split
from .workers import StoredBatch

__all__ = [
    "Augment",
    "Batch",
    "ChecksumError",
    "CsvError",
    "DataLoader",
    "Dataset",
    "DownloadError",
    "GreyImage",
    "IdxArray",
    "IdxError",
    "Image",
    "ImageError",
    "StoredBatch",
    "augmentation",
    "csv",
    "drawing",
    "fashion_mnist",
    "images",
    "mnist",
    "read_idx",
    "split",
    "write_idx",
]

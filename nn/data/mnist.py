"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 x 28 pixels.

The paper trains on 1,000 of the training images and tests on 200 of the test images (section III). It does not say
which; here they are the first 1,000 and the first 200. They ship with the package, so nothing is downloaded for them.

Made by Yann LeCun, Corinna Cortes and Christopher J. C. Burges; licence CC BY-SA 3.0, see
``mnist_subset/LICENSE-MNIST.md``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from ..checks import check_choice, check_flag, check_size
from ..errors import shown
from .dataset import Dataset
from .download import RemoteFile
from .source import IdxSource, Split

__all__ = ["MNIST", "PAPER_SUBSET", "SUBSET_FOLDER", "load"]

#: The full set. Sizes and SHA-256 are those of the uncompressed files, since mirrors may compress differently.
MNIST = IdxSource(
    name="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files={
        "train": (
            RemoteFile(
                "train-images-idx3-ubyte",
                47_040_016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte",
                60_008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
        ),
        "test": (
            RemoteFile(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte",
                10_008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
    },
)

#: How many images of each split the paper uses (section III): the first so many.
PAPER_SUBSET: dict[str, int] = {"train": 1000, "test": 200}

#: The package data that ``python -m nn.data.make_subset`` makes.
SUBSET_FOLDER = Path(__file__).with_name("mnist_subset")


def load(
    split: Split,
    subset: Literal["paper"] | None = None,
    folder: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    *,
    verify: bool = False,
    offline: bool = False,
    quiet: bool = False,
) -> Dataset:
    """Load MNIST's training or test images.

    Args:
        split: ``"train"`` or ``"test"``.
        subset: ``"paper"`` for the first 1,000 training or 200 test images, which come with the package; None for all
            60,000 or 10,000.
        folder: a folder that holds the IDX files, plain or gzipped; with ``subset="paper"`` too, its first images are
            taken instead of the package's. Without it the full set comes from the folder in the environment variable
            ``TINYGRAD_LISTS_DATA``, else from the user's cache, else it is downloaded into the cache.
        limit: only the first ``limit`` images.
        verify: check the SHA-256 of files in a folder too. (Downloads and the cache are always checked.)
        offline: never download.
        quiet: no download progress on stderr.

    Raises:
        TypeError: an argument of another type.
        ValueError: an unknown split or subset, a bad limit, or (``IdxError``) a damaged file.
        OSError: a missing file, a failed download (``DownloadError``) or a wrong checksum (``ChecksumError``).

    >>> train = load("train", subset="paper")
    >>> len(train), train.rows, train.columns, train.classes
    (1000, 28, 28, 10)
    >>> image, label = train[0]
    >>> label
    5
    >>> for row in image[0][6:16:2]:
    ...     print("".join(" .:*#"[round(4 * pixel)] for pixel in row).rstrip())
                 ..:*######*##*.
                *#####**##
                   :#.
                    *#.
                     .###:
    """
    if subset is not None and subset != "paper":
        raise ValueError(f"mnist: subset is {shown(subset)}; it must be 'paper' or None")
    check_choice("mnist", "split", split, tuple(MNIST.files))
    limit = None if limit is None else check_size("mnist", "limit", limit)
    if subset is None:
        return MNIST.load(split, folder=folder, limit=limit, verify=verify, offline=offline, quiet=quiet)
    most = PAPER_SUBSET.get(split)
    if most is not None and limit is not None and limit > most:
        raise ValueError(f"mnist: limit {shown(limit)} is more than the {most} {split} images of the paper's subset")
    return MNIST.load(
        split,
        folder=SUBSET_FOLDER if folder is None else folder,
        limit=most if limit is None else limit,
        verify=check_flag("mnist", "verify", verify) and folder is not None,
    )

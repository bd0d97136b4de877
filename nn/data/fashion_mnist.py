"""Fashion-MNIST: ten kinds of clothes in MNIST's format and numbers, and harder to tell apart.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv:1708.07747 (2017), https://github.com/zalandoresearch/fashion-mnist. Licence: MIT, Zalando SE.

The SHA-256 below are of the uncompressed files. Those of the labels were computed from the authors' repository. Those
of the images are as several independent projects give them; one says that it computed them from files that have the
authors' MD5 sums.
"""

from __future__ import annotations

import os

from .dataset import Dataset
from .download import RemoteFile
from .source import IdxSource, Split

__all__ = ["CLASSES", "FASHION_MNIST", "load"]

#: What the labels stand for.
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

FASHION_MNIST = IdxSource(
    name="fashion_mnist",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        # The authors' own address has no HTTPS; what comes is checked, from wherever.
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files={
        "train": (
            RemoteFile(
                "train-images-idx3-ubyte",
                47_040_016,
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte",
                60_008,
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
        ),
        "test": (
            RemoteFile(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte",
                10_008,
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
    },
    needs_own_folder=True,
)


def load(
    split: Split,
    folder: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    *,
    verify: bool = False,
    offline: bool = False,
    quiet: bool = False,
) -> Dataset:
    """Load Fashion-MNIST's 60,000 training or 10,000 test images.

    Args:
        split: ``"train"`` or ``"test"``.
        folder: a folder that holds the IDX files, plain or gzipped. Without it they come from the folder
            ``fashion_mnist`` in that of the environment variable ``TINYGRAD_LISTS_DATA``, else from the user's cache,
            else they are downloaded into the cache. (Their names are MNIST's, so the variable's folder itself is not
            searched.)
        limit: only the first ``limit`` images.
        verify: check the SHA-256 of files in a folder too. (Downloads and the cache are always checked.)
        offline: never download.
        quiet: no download progress on stderr.

    Raises:
        TypeError: an argument of another type.
        ValueError: an unknown split, a bad limit, or (``IdxError``) a damaged file.
        OSError: a missing file, a failed download (``DownloadError``) or a wrong checksum (``ChecksumError``).

    >>> load("trian")
    Traceback (most recent call last):
        ...
    ValueError: fashion_mnist: split is 'train' or 'test', not 'trian'
    """
    return FASHION_MNIST.load(split, folder=folder, limit=limit, verify=verify, offline=offline, quiet=quiet)

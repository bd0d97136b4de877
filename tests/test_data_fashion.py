"""Fashion-MNIST: the same files as MNIST's in other folders, and not to be taken for them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from test_data_mnist import own_cache, small_set

from nn.data import ChecksumError, DownloadError, fashion_mnist, mnist
from nn.data.fashion_mnist import CLASSES, FASHION_MNIST
from nn.data.mnist import MNIST
from nn.data.source import FOLDER_VARIABLE, IdxSource

__all__ = ["own_cache"]  # a fixture: an empty cache, no data folder and no network


def test_it_loads_from_a_folder(tmp_path: Path) -> None:
    data = fashion_mnist.load("train", folder=small_set(tmp_path), limit=5)
    assert (len(data), data.rows, data.columns, data.classes) == (5, 28, 28, len(CLASSES))
    assert data.name == "fashion_mnist train"


def test_verify_tells_it_from_mnist(tmp_path: Path) -> None:
    with pytest.raises(ChecksumError, match=FASHION_MNIST.files["test"][0].sha256):
        fashion_mnist.load("test", folder=small_set(tmp_path), verify=True)


def test_mnist_s_files_are_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has MNIST in TINYGRAD_LISTS_DATA and asks for clothes would expect no digits."""
    small_set(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert len(mnist.load("test")) == 12
    with pytest.raises(DownloadError, match=r"put the IDX files, plain or \.gz, into .*fashion_mnist") as error:
        fashion_mnist.load("test", quiet=True)
    assert all(f"{mirror}t10k-images-idx3-ubyte.gz: no network" in str(error.value) for mirror in FASHION_MNIST.mirrors)
    small_set(tmp_path / "fashion_mnist", count=4)
    assert len(fashion_mnist.load("test")) == 4


@pytest.mark.parametrize("source", [MNIST, FASHION_MNIST], ids=lambda source: source.name)
def test_published_sums_are_sha256_of_the_right_sizes(source: IdxSource) -> None:
    for split, count in (("train", 60_000), ("test", 10_000)):
        images, labels = source.files[split]
        assert (images.size, labels.size) == (16 + count * 784, 8 + count)
        assert all(len(bytes.fromhex(file.sha256)) == hashlib.sha256().digest_size for file in (images, labels))
    assert all(mirror.endswith("/") for mirror in source.mirrors)
    sums = [file.sha256 for other in (MNIST, FASHION_MNIST) for files in other.files.values() for file in files]
    assert len(set(sums)) == 8

"""What ``tinygrad-lists predict`` reads: PNG files, folders of them, IDX files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data import Dataset, mnist, read_idx
from ..data.drawing import SIDE, looks_prepared, prepare_drawing
from ..data.images import SIGNATURE, GreyImage, ImageError, label_folders, labelled_files, png_files, read_png

__all__ = ["PREPARE", "Digits", "read_digits"]

PREPARE = ("auto", "always", "never")


@dataclass(frozen=True)
class Digits:
    """Images for the network, what to call each, and, for those that were prepared, what they were made of.

    Without labels the dataset's are all 0 and mean nothing.
    """

    dataset: Dataset
    names: Sequence[str]
    originals: Sequence[GreyImage | None]
    labelled: bool

    def __getitem__(self, part: slice) -> Digits:
        return Digits(self.dataset[part], self.names[part], self.originals[part], self.labelled)


def read_digits(what: Sequence[str], labels: str | None = None, prepare: str = "auto") -> Digits:
    """The images of files and folders, one behind the other; labelled if all of them are.

    Args:
        what: paths; the package's 200 test images if there are none.
        labels: IDX file of the labels, if `what` is one IDX file.
        prepare: "auto", "always" or "never": which PNG images to make like MNIST's.

    Raises:
        ValueError: a file that is damaged or of the wrong size or kind, or an empty folder; the message names it.
        OSError: something cannot be read.
        ImportError: Pillow is needed and not installed.
    """
    if not what:
        return _named(mnist.load("test", subset="paper"), "test image")
    if labels is not None and (len(what) != 1 or Path(what[0]).is_dir() or _is_png(Path(what[0]))):
        raise ValueError("--labels goes with one IDX file of images")
    parts = [_read(Path(path), labels, prepare) for path in what]
    if len(parts) == 1:
        return parts[0]
    stored = [part.dataset.stored(range(len(part.dataset))) for part in parts]
    dataset = Dataset(b"".join(p for p, _ in stored), b"".join(y for _, y in stored), SIDE, SIDE, name="images")
    names = [name for part in parts for name in part.names]
    originals = [original for part in parts for original in part.originals]
    return Digits(dataset, names, originals, all(part.labelled for part in parts))


def _read(path: Path, labels: str | None, prepare: str) -> Digits:
    if path.is_dir():
        return _folder(path, prepare)
    if _is_png(path):
        return _pngs([path], None, prepare)
    return _idx(path, labels)


def _is_png(path: Path) -> bool:
    """Whether to take a file for PNG; if it is neither that nor IDX, an error says so."""
    with path.open("rb") as file:
        start = file.read(8)
    if start == SIGNATURE or path.suffix.lower() == ".png":
        return True
    if start[:2] not in (b"\0\0", b"\x1f\x8b"):
        raise ImageError(f"{path} is neither a PNG nor an IDX file; save a drawing as PNG")
    return False


def _folder(folder: Path, prepare: str) -> Digits:
    pictures, labels = png_files(folder), label_folders(folder)
    if pictures and any(map(png_files, labels)):
        raise ImageError(f"{folder} has PNG files beside folders of them; give either")
    if pictures:
        return _pngs(pictures, None, prepare)
    if any(map(png_files, labels)):
        return _pngs(*labelled_files(folder), prepare)
    if any(folder.glob("t10k-images*")):
        return _named(mnist.load("test", folder=folder, quiet=True), "test image")
    raise ImageError(f"{folder} has no images: no PNG files, no folders of them named 0 to 9, no MNIST test files")


def _pngs(paths: Sequence[Path], labels: Sequence[int] | None, prepare: str) -> Digits:
    pixels, originals = list[bytes](), list[GreyImage | None]()
    for path in paths:
        image = read_png(path)
        if prepare == "always" or (prepare == "auto" and not looks_prepared(image)):
            pixels.append(prepare_drawing(image, str(path)))
            originals.append(image)
            continue
        if (image.rows, image.columns) != (SIDE, SIDE):
            raise ImageError(
                f"{path} has {image.rows} x {image.columns} pixels, expected {SIDE} x {SIDE}; leave out --prepare never"
            )
        pixels.append(image.pixels)
        originals.append(None)
    names = [f"{path.parent.name}/{path.name}" if labels is not None else path.name for path in paths]
    dataset = Dataset(b"".join(pixels), bytes(labels or len(paths)), SIDE, SIDE, name="images")
    return Digits(dataset, names, originals, labels is not None)


def _idx(path: Path, labels: str | None) -> Digits:
    images = read_idx(path, dimensions=3)
    count, rows, columns = images.shape
    if (rows, columns) != (SIDE, SIDE) or not count:
        raise ValueError(f"{path} has {count} images of {rows} x {columns}, expected at least 1 of {SIDE} x {SIDE}")
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    chosen = Path(labels) if labels is not None else beside if beside != path and beside.exists() else None
    known = read_idx(chosen, dimensions=1).data if chosen is not None else bytes(count)
    dataset = Dataset(images.data, known, SIDE, SIDE, name=str(chosen or path))
    return _named(dataset, "image", chosen is not None)


def _named(dataset: Dataset, word: str, labelled: bool = True) -> Digits:
    """Images that have numbers and no names."""
    count = len(dataset)
    return Digits(dataset, [f"{word} {i}" for i in range(count)], [None] * count, labelled)

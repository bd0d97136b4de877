"""Digits as PNG files: one image, or a folder of them as a data set.

A folder has one folder for each label, ``digits/0/a.png``, ``digits/7/b.png``, and becomes a `Dataset` like MNIST's.

Files are read by Pillow (an optional dependency, which comes with matplotlib: ``pip install 'tinygrad-lists[plots]'``).
Nothing in a file is trusted: a PNG of a few kilobytes can claim, and unfold into, gigabytes, so its size is read from
its header and refused before anything is decoded.

Source of the format: PNG (Portable Network Graphics) Specification, third edition, W3C, sections 5.2 (signature) and
11.2.1 (IHDR).
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..checks import check_flag, check_path, check_size, check_whole
from .dataset import Dataset

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

__all__ = ["GreyImage", "ImageError", "load_folder", "pillow", "png_files", "read_png", "write_png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 24
MOST_BYTES = 1 << 26


class ImageError(ValueError):
    """A picture that cannot be used: the message names the file, the fault and what to do."""


class GreyImage(NamedTuple):
    """A grey picture: a byte a pixel, row after row; 0 is black, 255 white."""

    pixels: bytes
    rows: int
    columns: int


def pillow() -> Any:
    """Pillow's module ``PIL.Image``. ImportError, with the command that installs it, where it is absent."""
    try:
        import PIL.Image
    except ImportError:
        raise ImportError(
            "reading PNG files needs Pillow, which is not installed (pip install 'tinygrad-lists[plots]')"
        ) from None
    return PIL.Image


def read_png(path: str | os.PathLike[str]) -> GreyImage:
    """Read a PNG file of any kind (grey, colour, palette, 16 bits) as grey.

    Colour becomes luminance, 0.299 R + 0.587 G + 0.114 B (ITU-R 601-2). What is transparent becomes paper: white, or
    black if the ink is light.

    Raises:
        ImageError: not a PNG file, damaged, truncated, or of more than 2**24 pixels.
        OSError: the file cannot be opened or read.
        ImportError: Pillow is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_png(f"{folder}/a.png", GreyImage(bytes([0, 128, 255]), rows=1, columns=3))
    ...     read_png(f"{folder}/a.png")
    GreyImage(pixels=b'\\x00\\x80\\xff', rows=1, columns=3)
    """
    library = pillow()
    content = _content(path)
    try:
        with library.open(io.BytesIO(content), formats=["PNG"]) as image:
            grey = _grey(image, library)
            return GreyImage(grey.tobytes(), grey.height, grey.width)
    except Exception as error:  # noqa: BLE001 (decoders raise anything on damaged files: zlib.error, SyntaxError ...)
        raise ImageError(f"{os.fspath(path)}: damaged or truncated PNG file ({error}); save it again") from None


def write_png(path: str | os.PathLike[str], image: GreyImage) -> None:
    """Write a grey picture as PNG, whole or not at all."""
    from ..files import replacing

    picture = pillow().frombytes("L", (image.columns, image.rows), image.pixels)
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")


def _content(path: str | os.PathLike[str]) -> bytes:
    """The file's bytes, after a look at its kind, its length and its header."""
    name = os.fspath(path)
    with Path(path).open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{name} is not a file")
        if status.st_size > MOST_BYTES:
            raise ImageError(f"{name} has {status.st_size:,} bytes, over the limit of {MOST_BYTES:,}; make it smaller")
        content = file.read(MOST_BYTES)
    if not content.startswith(SIGNATURE):
        raise ImageError(f"{name} is not a PNG file{_really(content)}; save it as PNG")
    if len(content) < 24 or content[12:16] != b"IHDR":
        raise ImageError(f"{name}: damaged or truncated PNG file (no size in its header); save it again")
    columns, rows = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if not columns or not rows:
        raise ImageError(f"{name}: a PNG file of {rows} x {columns} pixels; there is nothing in it")
    if rows * columns > MOST_PIXELS:
        raise ImageError(
            f"{name} claims {rows:,} x {columns:,} pixels, over the limit of {MOST_PIXELS:,}; scale it down first"
        )
    return content


def _really(content: bytes) -> str:
    """What a file is instead, if that is easy to tell."""
    kinds = {b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WebP", b"<svg": "SVG", b"%PDF": "PDF"}
    if not content:
        return " (it is empty)"
    return next((f" but {kind}" for start, kind in kinds.items() if content.startswith(start)), "")


def _grey(image: PillowImage, library: Any) -> PillowImage:
    from PIL import ImageChops

    if image.mode.startswith("I"):  # 16 bits; Pillow's own way to 8 bits cuts off instead of scaling
        return image.convert("I").point(lambda level: level * (1 / 257) + 0.5).convert("L")
    if not ("A" in image.getbands() or "transparency" in image.info):
        return image.convert("L")
    colour = image.convert("RGBA")
    grey, alpha = colour.convert("L"), colour.getchannel("A")
    ink = _total(ImageChops.multiply(grey, alpha))
    paper = 0 if 2 * ink > _total(alpha) else 255
    mixed: PillowImage = library.composite(grey, library.new("L", grey.size, paper), alpha)
    return mixed


def _total(image: PillowImage) -> int:
    """The sum of all its levels."""
    return sum(level * count for level, count in enumerate(image.histogram()))


def png_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The PNG files of a folder, by name; hidden files and other kinds are left alone."""
    return sorted(
        path for path in Path(folder).iterdir() if path.suffix.lower() == ".png" and not path.name.startswith(".")
    )


def label_folders(folder: str | os.PathLike[str]) -> list[Path]:
    """The folders in a folder, which stand for labels; hidden ones are left alone."""
    return sorted(path for path in Path(folder).iterdir() if path.is_dir() and not path.name.startswith("."))


def load_folder(
    folder: str | os.PathLike[str], rows: int = 28, columns: int = 28, classes: int = 10, prepare: bool = False
) -> Dataset:
    """A folder of PNG digits, ``folder/<label>/*.png``, as a `Dataset`: label after label, files by name.

    Args:
        folder: its folders are named 0 to ``classes - 1``; not every label must be there.
        rows: the height that every picture must have.
        columns: the width that every picture must have.
        classes: the number of labels.
        prepare: take pictures of any size, and make each like MNIST's (`prepare_drawing`).

    Raises:
        ImageError: a file that is damaged or of another size, a folder that is no label, or no picture at all; the
            message names it.
        OSError: something cannot be read.
        ImportError: Pillow is not installed.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in "17":
    ...         pathlib.Path(folder, label).mkdir()
    ...         write_png(f"{folder}/{label}/a.png", GreyImage(bytes(28 * 28), 28, 28))
    ...     load_folder(folder).labels
    [1, 7]
    """
    from .drawing import SIDE, prepare_drawing

    op = "load_folder"
    folder, prepare = check_path(op, "folder", folder), check_flag(op, "prepare", prepare)
    rows, columns = check_size(op, "rows", rows), check_size(op, "columns", columns)
    classes = check_whole(op, "classes", classes, at_least=1, at_most=256)
    paths, labels = labelled_files(folder, classes)
    pixels = []
    for path in paths:
        image = read_png(path)
        if prepare:
            image = GreyImage(prepare_drawing(image, str(path)), SIDE, SIDE)
        if (image.rows, image.columns) != (rows, columns):
            raise ImageError(
                f"{path} has {image.rows} x {image.columns} pixels, expected {rows} x {columns}; "
                f"scale it, or have it prepared as a drawing"
            )
        pixels.append(image.pixels)
    return Dataset(b"".join(pixels), bytes(labels), rows, columns, classes, name=Path(folder).name)


def labelled_files(folder: str | os.PathLike[str], classes: int = 10) -> tuple[Sequence[Path], Sequence[int]]:
    """The files of a folder of labels, and their labels. ImageError for a folder that is no label, or no file."""
    paths, labels = list[Path](), list[int]()
    for inner in label_folders(folder):
        if not inner.name.isascii() or not inner.name.isdecimal() or int(inner.name) >= classes:
            raise ImageError(
                f"{inner} does not stand for a label; name the folders of {Path(folder)} 0 to {classes - 1}"
            )
        found = png_files(inner)
        paths += found
        labels += [int(inner.name)] * len(found)
    if not paths:
        raise ImageError(
            f"{Path(folder)}: no PNG files; expected {Path(folder)}/<label>/*.png, labels 0 to {classes - 1}"
        )
    return paths, labels

"""Images in a CSV file, one a row: the label, then the pixels from 0 to 255, row after row.

It is the form that MNIST has in ``mnist_train.csv`` and in Kaggle's "Digit Recognizer", with or without a header.
"""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ..checks import check_path, check_size, check_whole
from .dataset import Dataset
from .idx import open_plain_or_gzip

__all__ = ["CsvError", "load"]

# Digits, separator, quotes and some spaces.
_MOST_BYTES_A_FIELD = 16


class CsvError(ValueError):
    """A file that is not a table of labels and pixels: the message names file, line, fault and what to do."""


def load(path: str | os.PathLike[str], rows: int = 28, columns: int = 28, classes: int = 10) -> Dataset:
    """Load images from a CSV file, plain or gzipped.

    Args:
        path: the file. A first line with a field that is no number is a header and is skipped; so are empty lines.
        rows: height of the images; every line must have ``1 + rows * columns`` fields.
        columns: width of the images.
        classes: every label must be less than this.

    Raises:
        CsvError: a line with more or fewer fields, a field that is no whole number or out of range, no line at all, or
            what is no text.
        OSError: the file cannot be opened or read.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "tiny.csv")
    ...     _ = path.write_text("label,1x1,1x2\\n7,0,51\\n1,255,0\\n")
    ...     data = load(path, rows=1, columns=2)
    >>> data.labels, data.image(0)
    ([7, 1], [[[0.0, 0.2]]])
    """
    name = str(check_path("csv", "path", path))
    rows, columns = check_size("csv", "rows", rows), check_size("csv", "columns", columns)
    classes = check_whole("csv", "classes", classes, at_least=1, at_most=256)
    width = 1 + rows * columns
    pixels, labels = bytearray(), bytearray()
    try:
        with open_plain_or_gzip(path) as stream:
            reader = csv.reader(_lines(stream, name, width))
            for row in reader:
                try:
                    values = bytes(map(int, row))
                except ValueError:
                    if reader.line_num == 1 and not all(_is_number(field) for field in row):
                        continue  # the header
                    raise _bad_field(f"{name}, line {reader.line_num}", row) from None
                if not values:
                    continue
                where = f"{name}, line {reader.line_num}"
                if len(values) != width:
                    raise CsvError(
                        f"{where}: {len(values)} fields, expected {width}, a label and {rows} x {columns} pixels; "
                        f"mend the line, or give the images' rows and columns"
                    )
                if values[0] >= classes:
                    raise CsvError(
                        f"{where}: label {values[0]} is out of range; {classes} classes have labels 0 to "
                        f"{classes - 1}, and the label must be the first field"
                    )
                labels += values[:1]
                pixels += values[1:]
    except EOFError as error:
        raise CsvError(f"{name}: truncated gzip file ({error}); fetch the file again") from error
    except csv.Error as error:
        raise CsvError(f"{name}, line {reader.line_num}: not CSV ({error})") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise CsvError(f"{name}: damaged gzip file ({error}); fetch the file again") from error
    if not labels:
        raise CsvError(f"{name}: holds zero images; give a file with at least one line of a label and pixels")
    return Dataset(bytes(pixels), bytes(labels), rows, columns, classes, Path(path).name)


def _lines(stream: BinaryIO, name: str, width: int) -> Iterator[str]:
    """The file's lines as text. A line without end is refused, and not first read into memory."""
    most = _MOST_BYTES_A_FIELD * width + 1024
    number = 0
    while line := stream.readline(most):
        number += 1
        if len(line) == most:
            raise CsvError(f"{name}, line {number}: over {most:,} bytes, too long for {width} fields; is this CSV?")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")  # some programs mark UTF-8
        try:
            yield line.decode()
        except UnicodeDecodeError:
            raise CsvError(f"{name}, line {number}: not text; is this CSV?") from None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _bad_field(where: str, row: Sequence[str]) -> CsvError:
    """The error for the first field that is no pixel."""
    place, field = next((place, field) for place, field in enumerate(row) if not _is_pixel(field.strip()))
    what = f"pixel {place}" if place else "label"
    return CsvError(f"{where}: {what} is {field[:40]!r}, expected a whole number from 0 to 255")


def _is_pixel(digits: str) -> bool:
    return digits.isdecimal() and len(digits.lstrip("0")) <= 3 and int(digits) <= 255

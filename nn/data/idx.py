"""Reader and writer for IDX, the file format of MNIST.

An IDX file is a header and then the bare elements, row-major, every number big-endian:

    offset  size  meaning
    0       2     zero
    2       1     element type, 0x08 for an unsigned byte (see ``ELEMENT_TYPES``)
    3       1     number of dimensions d
    4       4 d   the size of each dimension, unsigned
    4 + 4d  ...   the elements

The first four bytes, read as one number, are called the magic number: 2051 (0x00000803) for MNIST's images, which are
unsigned bytes in three dimensions (image, row, column), and 2049 (0x00000801) for its labels.

Nothing in a file is trusted. A header can claim any size, and a few gzipped kilobytes can unfold into gigabytes, so the
reader takes at most one byte more than the header claims, in small pieces, and refuses claims over ``max_bytes``.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import math
import os
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..checks import check_flag, check_kind, check_path, check_whole
from ..files import write_whole

__all__ = ["ELEMENT_TYPES", "IdxArray", "IdxError", "gzip_bytes", "open_plain_or_gzip", "read_idx", "write_idx"]

#: IDX element type -> (``array`` type code, bytes an element).
ELEMENT_TYPES: dict[int, tuple[str, int]] = {
    0x08: ("B", 1),
    0x09: ("b", 1),
    0x0B: ("h", 2),
    0x0C: ("i", 4),
    0x0D: ("f", 4),
    0x0E: ("d", 8),
}
UNSIGNED_BYTE = 0x08

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 18


class IdxError(ValueError):
    """A file that is not a whole, well-formed IDX file: the message names the file, the fault and what to do."""


@dataclass(frozen=True, slots=True)
class IdxArray:
    """An IDX file's content: a shape and its elements' bytes, big-endian as they are in the file.

    Raises ``ValueError`` when the number of bytes does not fit the shape, ``TypeError`` for an argument of another
    type.

    >>> digits = IdxArray((2, 3), bytes([0, 1, 2, 3, 4, 5]))
    >>> digits.shape, digits.data[4], digits.magic
    ((2, 3), 4, 2050)
    >>> IdxArray((2,), struct.pack(">2h", 1, -1), element_type=0x0B).values()
    array('h', [1, -1])
    """

    shape: tuple[int, ...]
    data: bytes = field(repr=False)
    element_type: int = UNSIGNED_BYTE

    def __post_init__(self) -> None:
        check_kind("IdxArray", "shape", self.shape, tuple, "a tuple of sizes")
        for i, size in enumerate(self.shape):
            check_whole("IdxArray", f"shape[{i}]", size)  # its range is looked at below
        check_kind("IdxArray", "data", self.data, bytes | bytearray | memoryview, "bytes")
        check_whole("IdxArray", "element_type", self.element_type, at_least=0, at_most=255)
        if self.element_type not in ELEMENT_TYPES:
            raise ValueError(f"IdxArray: element type {self.element_type:#04x} is not one of {_known_types()}")
        if not 1 <= len(self.shape) <= 255 or not all(0 <= size < 2**32 for size in self.shape):
            raise ValueError(
                f"IdxArray: shape {_short(self.shape)} does not fit IDX: 1 to 255 sizes, each 0 to 2**32 - 1"
            )
        expected = math.prod(self.shape) * ELEMENT_TYPES[self.element_type][1]
        if len(self.data) != expected:
            raise ValueError(f"IdxArray: shape {_short(self.shape)} needs {expected} bytes, got {len(self.data)}")

    @property
    def magic(self) -> int:
        """The first four bytes of the file as one number: 256 * element type + number of dimensions."""
        return self.element_type << 8 | len(self.shape)

    @property
    def header(self) -> bytes:
        """The bytes that stand before the elements in the file."""
        return struct.pack(f">I{len(self.shape)}I", self.magic, *self.shape)

    def values(self) -> array[int] | array[float]:
        """Return the elements as one flat ``array`` of Python's numbers, in this machine's byte order."""
        flat: array[int] | array[float] = array(ELEMENT_TYPES[self.element_type][0], self.data)
        if sys.byteorder == "little":
            flat.byteswap()
        return flat

    def sha256(self) -> str:
        """Return the SHA-256 of the uncompressed file, which is what MNIST's published sums are taken of."""
        digest = hashlib.sha256(self.header)
        digest.update(self.data)
        return digest.hexdigest()


def read_idx(path: str | os.PathLike[str], *, dimensions: int | None = None, max_bytes: int = 1 << 30) -> IdxArray:
    """Read an IDX file, plain or gzipped (found out from its first two bytes, whatever its name).

    Args:
        path: the file.
        dimensions: when given, the file must hold unsigned bytes in that many dimensions (3 for images, 1 for labels).
        max_bytes: the most that the header may claim; larger claims are refused before anything is allocated.

    Raises:
        IdxError: wrong magic number, truncated, trailing bytes, damaged gzip, or a claim over ``max_bytes``.
        OSError: the file cannot be opened or read (``FileNotFoundError``, ``PermissionError``...).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(f"{folder}/labels.gz", IdxArray((3,), bytes([5, 0, 4])))
    ...     read_idx(f"{folder}/labels.gz", dimensions=1).data
    b'\\x05\\x00\\x04'
    """
    check_path("read_idx", "path", path)
    if dimensions is not None:
        check_whole("read_idx", "dimensions", dimensions, at_least=1, at_most=255)
    check_whole("read_idx", "max_bytes", max_bytes, at_least=0)
    try:
        with open_plain_or_gzip(path) as stream:
            return _parse(stream, os.fspath(path), dimensions, max_bytes)
    except EOFError as error:
        raise IdxError(f"{os.fspath(path)}: truncated gzip file ({error}); fetch the file again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(f"{os.fspath(path)}: damaged gzip file ({error}); fetch the file again") from error


def _parse(stream: BinaryIO, name: str, dimensions: int | None, max_bytes: int) -> IdxArray:
    head = stream.read(4)
    if len(head) < 4:
        raise IdxError(f"{name}: truncated header, expected at least 4 bytes, got {len(head)}; fetch the file again")
    magic = int.from_bytes(head, "big")
    element_type, rank = head[2], head[3]
    if dimensions is not None and magic != UNSIGNED_BYTE << 8 | dimensions:
        raise IdxError(
            f"{name}: wrong magic number {magic} (0x{magic:08x}), expected {UNSIGNED_BYTE << 8 | dimensions} "
            f"(0x{UNSIGNED_BYTE << 8 | dimensions:08x}, unsigned bytes in {dimensions} dimension(s)){_guess(magic)}"
        )
    if head[:2] != b"\0\0" or element_type not in ELEMENT_TYPES or rank == 0:
        raise IdxError(
            f"{name}: wrong magic number {magic} (0x{magic:08x}), expected 0x0000TTDD with an element type TT of "
            f"{_known_types()} and DD >= 1 dimensions; this is not an IDX file"
        )
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise IdxError(
            f"{name}: truncated header, expected {4 + 4 * rank} bytes for {rank} dimension(s), got {4 + len(sizes)}; "
            f"fetch the file again"
        )
    shape = struct.unpack(f">{rank}I", sizes)
    expected = math.prod(shape) * ELEMENT_TYPES[element_type][1]
    if expected > max_bytes:
        raise IdxError(
            f"{name}: the header claims shape {_short(shape)}, {_bytes_text(expected)}, over the limit of "
            f"{_bytes_text(max_bytes)}; the header is damaged, or pass a larger max_bytes"
        )
    data = _read_at_most(stream, expected + 1)
    if len(data) < expected:
        raise IdxError(
            f"{name}: truncated, shape {_short(shape)} needs {_bytes_text(expected)}, got {len(data):,}; "
            f"fetch the file again"
        )
    if len(data) > expected:
        raise IdxError(
            f"{name}: trailing bytes after the {_bytes_text(expected)} of shape {_short(shape)}; "
            f"the header is damaged or the file is not IDX"
        )
    return IdxArray(shape, data, element_type)


def write_idx(path: str | os.PathLike[str], content: IdxArray, *, compress: bool | None = None) -> None:
    """Write an IDX file; the same content always gives the same bytes.

    Args:
        path: the file. A file that is there is replaced only when the new one is complete.
        content: shape, elements and element type.
        compress: gzip it; by default when the name ends in ``.gz``.

    Raises:
        OSError: the file cannot be written.
    """
    target = check_path("write_idx", "path", path)
    check_kind("write_idx", "content", content, IdxArray, "an IdxArray")
    if compress is not None:
        compress = check_flag("write_idx", "compress", compress)
    blob = content.header + content.data
    if compress or (compress is None and target.suffix == ".gz"):
        blob = gzip_bytes(blob)
    write_whole(target, blob)


def gzip_bytes(blob: bytes) -> bytes:
    """Return ``blob`` gzipped (RFC 1952) without time, name or operating system: equal input gives equal output.

    ``gzip.compress`` writes another "operating system" byte from one Python version to the next; this header is fixed.

    >>> gzip.decompress(gzip_bytes(b"digits")), gzip_bytes(b"digits")[:10].hex()
    (b'digits', '1f8b08000000000002ff')
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    header = _GZIP_MAGIC + b"\x08" + bytes(5) + b"\x02\xff"
    trailer = struct.pack("<II", zlib.crc32(blob), len(blob) & 0xFFFFFFFF)
    return header + packer.compress(blob) + packer.flush() + trailer


@contextlib.contextmanager
def open_plain_or_gzip(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for reading its uncompressed bytes; its content, not its name, decides whether it is gzipped."""
    with Path(path).open("rb") as raw:
        if raw.peek(2)[:2] != _GZIP_MAGIC:
            yield raw
        else:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                # GzipFile has every method that a reader of bytes needs, but is not declared as a BinaryIO.
                yield unpacked  # type: ignore[misc]


def _read_at_most(stream: BinaryIO, limit: int) -> bytes:
    """Read up to ``limit`` bytes or to the end, holding no more than what was really there."""
    # read(limit) would allocate the claimed size before the first byte; BytesIO grows with the data, and its getvalue()
    # hands over its buffer without a copy.
    buffer = io.BytesIO()
    while limit > 0 and (chunk := stream.read(min(_CHUNK, limit))):
        buffer.write(chunk)
        limit -= len(chunk)
    return buffer.getvalue()


def _guess(magic: int) -> str:
    if magic == UNSIGNED_BYTE << 8 | 1:
        return "; this looks like a file of labels, are the two files swapped?"
    if magic == UNSIGNED_BYTE << 8 | 3:
        return "; this looks like a file of images, are the two files swapped?"
    return ""


def _known_types() -> str:
    return ", ".join(f"0x{code:02x}" for code in ELEMENT_TYPES)


def _short(shape: tuple[int, ...]) -> str:
    """Write a shape, cut after four sizes: a damaged header can claim 255 of them."""
    return str(shape) if len(shape) <= 4 else f"({', '.join(map(str, shape[:4]))}, ... {len(shape)} sizes)"


def _bytes_text(count: int) -> str:
    return f"{count:,} bytes" if count < 2**63 else "more than 2**63 bytes"

"""Make the package data in ``nn/data/mnist_subset``: the first 1,000 training and 200 test images of MNIST.

    python -m nn.data.make_subset --source FOLDER [--output FOLDER]

``FOLDER`` holds the four full IDX files, plain or gzipped; their SHA-256 is checked first. Running it again makes the
same bytes: the gzip headers bear no time and no name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .idx import IdxArray, write_idx
from .mnist import MNIST, PAPER_SUBSET, SUBSET_FOLDER

__all__ = ["main", "make_subset"]


def make_subset(source: Path, output: Path) -> list[Path]:
    """Write the subset's four gzipped IDX files into ``output`` and return their paths.

    Raises:
        OSError: a file is missing, is not MNIST's (``ChecksumError``) or cannot be written.
        IdxError: a file in ``source`` is damaged.
    """
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for split, count in PAPER_SUBSET.items():
        for file, dimensions in zip(MNIST.files[split], (3, 1), strict=True):
            _, whole = MNIST.read_file(file, dimensions, source, verify=True)
            shape = (count, *whole.shape[1:])
            path = output / f"{file.name}.gz"
            write_idx(path, IdxArray(shape, whole.data[: len(whole.data) // whole.shape[0] * count]))
            written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status, 0 for success and 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m nn.data.make_subset", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--source", type=Path, required=True, help="folder with the four full IDX files")
    parser.add_argument("--output", type=Path, default=SUBSET_FOLDER, help="folder to write to (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        for path in make_subset(options.source, options.output):
            print(f"{path}: {path.stat().st_size:,} bytes")
    except (OSError, ValueError) as error:
        print(f"make_subset: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

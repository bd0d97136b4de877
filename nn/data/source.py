"""Where a data set's IDX files come from: a folder, the user's cache, or a mirror.

``IdxSource`` is data and one method: MNIST is one instance of it (``nn.data.mnist``), and another set in MNIST's format
is another instance with other mirrors and checksums.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ..checks import check_choice, check_flag, check_path, check_size
from .dataset import Dataset
from .download import ChecksumError, RemoteFile, compare_sums, download
from .idx import IdxArray, IdxError, read_idx
from .progress import download_progress

__all__ = ["FOLDER_VARIABLE", "IdxSource", "Split", "cache_folder"]

Split: TypeAlias = Literal["train", "test"]

#: The environment variable that names a folder with the full files.
FOLDER_VARIABLE = "TINYGRAD_LISTS_DATA"


@dataclass(frozen=True, slots=True)
class IdxSource:
    """A data set of images and labels in IDX files.

    ``name`` is also the name of its cache folder; ``mirrors`` are addresses ending in a slash; ``files`` maps a split
    to its images' and its labels' file. Every image must be ``rows`` x ``columns``, every label less than ``classes``.
    A set whose files have the names of another set's has ``needs_own_folder``: in the folder of the environment
    variable, only a folder of its name is its.
    """

    name: str
    mirrors: tuple[str, ...]
    files: Mapping[str, tuple[RemoteFile, RemoteFile]]
    rows: int = 28
    columns: int = 28
    classes: int = 10
    needs_own_folder: bool = False

    def load(
        self,
        split: Split,
        *,
        folder: str | os.PathLike[str] | None = None,
        limit: int | None = None,
        verify: bool = False,
        offline: bool = False,
        quiet: bool = False,
    ) -> Dataset:
        """Load a split from ``folder``, else the folder in ``TINYGRAD_LISTS_DATA``, else the cache, else a mirror.

        A folder may hold the files plain or gzipped. It is taken at its owner's word unless ``verify``, so that a set
        in the same format can stand in for this one; the cache is always checked against the published SHA-256.

        Args:
            split: ``"train"`` or ``"test"``.
            folder: a folder that holds the files; nothing is downloaded.
            limit: only the first ``limit`` images.
            verify: check the SHA-256 of the files in a folder too.
            offline: never download.
            quiet: no progress on stderr.

        Raises:
            ValueError: an unknown split, or a limit under 1 or over the number of images. TypeError: an argument of
                another type.
            IdxError: a file that is damaged or does not hold what it should (a ``ValueError`` too).
            FileNotFoundError: a folder lacks a file.
            ChecksumError: a file's SHA-256 is not the published one.
            DownloadError: no mirror could be reached, or the cache folder cannot be written.
        """
        check_choice(self.name, "split", split, tuple(self.files))
        limit = None if limit is None else check_size(self.name, "limit", limit)
        verify, offline = check_flag(self.name, "verify", verify), check_flag(self.name, "offline", offline)
        quiet = check_flag(self.name, "quiet", quiet)
        images_file, labels_file = self.files[split]
        chosen = self._chosen_folder(None if folder is None else check_path(self.name, "folder", folder))
        if chosen is None:
            images_path, images = self._from_cache(images_file, 3, offline, quiet)
            labels_path, labels = self._from_cache(labels_file, 1, offline, quiet)
        else:
            images_path, images = self.read_file(images_file, 3, chosen, verify)
            labels_path, labels = self.read_file(labels_file, 1, chosen, verify)
        return self._dataset(f"{self.name} {split}", images_path, images, labels_path, labels, limit)

    def _dataset(
        self,
        name: str,
        images_path: Path,
        images: IdxArray,
        labels_path: Path,
        labels: IdxArray,
        limit: int | None,
    ) -> Dataset:
        count, rows, columns = images.shape
        if count == 0:
            raise IdxError(f"{images_path}: holds zero images; give a file with at least one")
        if (rows, columns) != (self.rows, self.columns):
            raise IdxError(f"{images_path}: images of {rows} x {columns}, expected {self.rows} x {self.columns}")
        if labels.shape != (count,):
            raise IdxError(
                f"{labels_path}: {labels.shape[0]} labels for the {count} images of {images_path}; "
                f"the two files do not belong together"
            )
        if limit is not None and limit > count:
            raise ValueError(f"{images_path}: limit {limit} is more than its {count} images")
        try:
            whole = Dataset(images.data, labels.data, rows, columns, self.classes, name)
        except ValueError as error:
            raise IdxError(f"{labels_path}: {error}") from error
        if limit is None or limit == count:
            return whole
        # A copy and not a view, so that the rest of the pixels can be freed.
        pixels = images.data[: limit * rows * columns]
        return Dataset(pixels, labels.data[:limit], rows, columns, self.classes, name)

    def _chosen_folder(self, folder: str | os.PathLike[str] | None) -> Path | None:
        """Return the folder that the user named, if any: the argument before the environment variable."""
        if folder is not None:
            return Path(folder)
        named = os.environ.get(FOLDER_VARIABLE)
        if not named:
            return None
        inner = Path(named, self.name)
        if inner.is_dir():
            return inner
        return None if self.needs_own_folder else Path(named)

    def read_file(self, file: RemoteFile, dimensions: int, folder: Path, verify: bool) -> tuple[Path, IdxArray]:
        """Read one of the files from ``folder``, plain or gzipped, and return where it was and its content.

        Raises:
            FileNotFoundError: the folder lacks the file.
            IdxError: the file is damaged, or has not this many dimensions.
            ChecksumError: with ``verify``, its SHA-256 is not the published one.
        """
        path = next(_candidates(folder, file.name), None)
        if path is None:
            problem = f"does not hold {file.name} (plain or .gz)" if folder.is_dir() else "is not a folder"
            raise FileNotFoundError(
                f"{self.name}: {folder} {problem}; name a folder with the IDX files (--data FOLDER, folder=... or the "
                f"variable {FOLDER_VARIABLE}), or name none to download them"
            )
        content = read_idx(path, dimensions=dimensions)
        if verify:
            compare_sums(path, content.sha256(), file)
        return path, content

    def _from_cache(self, file: RemoteFile, dimensions: int, offline: bool, quiet: bool) -> tuple[Path, IdxArray]:
        folder = cache_folder() / self.name
        for path in _candidates(folder, file.name):
            try:
                content = read_idx(path, dimensions=dimensions)
                compare_sums(path, content.sha256(), file)
                return path, content
            except (IdxError, ChecksumError) as error:
                if not quiet:
                    print(f"{self.name}: {error}; downloading it again", file=sys.stderr)
        with download_progress(quiet) as progress:
            mirrors = () if offline else self.mirrors
            path = download(file, folder, mirrors, progress=progress, advice=self._advice(folder))
        return path, read_idx(path, dimensions=dimensions)

    def _advice(self, folder: Path) -> str:
        return (
            f"Three ways out: put the IDX files, plain or .gz, into {folder}; or name a folder that holds them "
            f"with --data FOLDER (in Python folder=...); or use the paper's subset, which ships with the package "
            f'(in Python subset="paper")'
        )


def cache_folder() -> Path:
    """Return the user's cache folder for this package (it need not exist).

    ``$XDG_CACHE_HOME/tinygrad-lists`` where that variable holds an absolute path; else ``~/.cache/tinygrad-lists``, on
    macOS ``~/Library/Caches/tinygrad-lists``, on Windows ``%LOCALAPPDATA%/tinygrad-lists``.

    Source: XDG Base Directory Specification, which says to ignore relative paths.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        base = Path(named)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".cache"
    return base / "tinygrad-lists"


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    """Yield the files that may be ``name``: plain or gzipped, also with the dot that some archives have in it."""
    for variant in (name, name.replace("-idx", ".idx")):
        for path in (folder / variant, folder / f"{variant}.gz"):
            if path.is_file():
                yield path

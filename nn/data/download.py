"""Download a file of known SHA-256 from one of several mirrors, and take up a download that was broken off.

The bytes go into a ``.part`` file beside the target, which gets the target's name only when its uncompressed content
has the right SHA-256: a file that bears its final name is whole. A ``.part`` file survives a broken connection, Ctrl-C
and a killed process, and the next try asks the server for the rest only (HTTP ``Range``, RFC 9110 section 14).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from .idx import open_plain_or_gzip

if TYPE_CHECKING:
    from http.client import HTTPResponse

__all__ = ["ChecksumError", "DownloadError", "Progress", "RemoteFile", "check_sum", "download"]

#: Called as ``progress(file name, bytes received so far, total bytes or None when the server does not say)``.
Progress: TypeAlias = Callable[[str, int, int | None], None]

_CHUNK = 1 << 16
# One mirror is asked again as long as each try brings something new, but not without end.
_TRIES = 6


class DownloadError(OSError):
    """A file could be had from no mirror, or could not be written: the message says why and what else to do."""


class ChecksumError(DownloadError):
    """A file's SHA-256 is not the published one: the message names the file and both sums."""


class _Incomplete(Exception):
    """The transfer ended early; what came is kept, and the rest may be asked for."""


class _Unusable(Exception):
    """The part file cannot be completed and must go."""


class _MirrorFailure(Exception):
    """This mirror does not deliver; the next one may."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file to download: its name without ``.gz``, and the size and SHA-256 of its uncompressed content."""

    name: str
    size: int
    sha256: str


def check_sum(path: Path, file: RemoteFile) -> None:
    """Compare the SHA-256 of a file's uncompressed content with the published one.

    Reads in small pieces, and never more than one byte over the published size.

    Raises:
        ChecksumError: the sums differ, or the file is damaged gzip.
        EOFError: a gzip file that ends too early.
    """
    digest = hashlib.sha256()
    left = file.size + 1
    try:
        with open_plain_or_gzip(path) as stream:
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ChecksumError(f"{path}: damaged gzip file ({error}), expected SHA-256 {file.sha256}") from error
    compare_sums(path, digest.hexdigest(), file)


def compare_sums(path: Path, got: str, file: RemoteFile) -> None:
    """Raise ``ChecksumError`` with both sums unless ``got`` is the published SHA-256 of ``file``."""
    if got != file.sha256:
        raise ChecksumError(f"{path}: wrong SHA-256 {got}, expected {file.sha256}; damaged or another file")


def download(
    file: RemoteFile,
    folder: Path,
    mirrors: Sequence[str],
    *,
    timeout: float = 20.0,
    progress: Progress | None = None,
    advice: str = "",
) -> Path:
    """Download ``file`` as ``folder/NAME.gz`` from the first mirror that delivers it whole, and return that path.

    Args:
        file: name, size and SHA-256 of the uncompressed content.
        folder: made if need be. Two processes that want the same file wait for each other.
        mirrors: addresses of folders, each ending in a slash, that hold ``NAME.gz``.
        timeout: seconds without an answer after which a mirror is given up.
        progress: called after every piece received.
        advice: what the error message tells the user to do instead.

    Raises:
        DownloadError: no mirror delivered (the message says what happened at each), or the folder cannot be written.
    """
    target = folder / f"{file.name}.gz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{file.name}.lock").open("ab")
    except OSError as error:
        raise DownloadError(f"{folder}: cannot write the download there ({error.strerror}){_also(advice)}") from error
    with lock, _exclusive(lock):
        if target.exists():
            # Another process may have finished while this one waited.
            with contextlib.suppress(ChecksumError, EOFError):
                check_sum(target, file)
                return target
        failures = []
        for mirror in mirrors:
            url = f"{mirror}{target.name}"
            try:
                _from_mirror(url, target, file, timeout, progress)
            except _MirrorFailure as failure:
                failures.append(f"{url}: {failure}")
            else:
                return target
    raise DownloadError(
        f"cannot download {target.name} ({'; '.join(failures) or 'no mirror was asked'}){_also(advice)}"
    )


def _from_mirror(url: str, target: Path, file: RemoteFile, timeout: float, progress: Progress | None) -> None:
    """Fetch ``url`` into ``target``, asking again while each try brings more."""
    from http.client import HTTPException

    part = target.with_name(f"{target.name}.part")
    reason = ""
    fresh = not part.exists()
    for _ in range(_TRIES):
        before = _size(part)
        try:
            _fetch(url, part, file, timeout, progress)
            check_sum(part, file)
            _finish(part, target)
            return
        except (ChecksumError, _Unusable) as error:
            # A part that an earlier try left, perhaps from another mirror, gets one new start. What came from this
            # mirror alone would come again.
            part.unlink(missing_ok=True)
            reason = f"{error}; removed"
            if fresh:
                break
            fresh = True
        except DownloadError:
            raise
        except (_Incomplete, EOFError, OSError, HTTPException) as error:
            reason = _reason(error)
            if _size(part) <= before:
                break
    raise _MirrorFailure(reason)


def _fetch(url: str, part: Path, file: RemoteFile, timeout: float, progress: Progress | None) -> None:
    """Append what is missing of ``url`` to ``part``; from the start when the server cannot do ranges."""
    # Imported here because most runs never download, and these take longer to import than the rest of the package.
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    have = _size(part)
    headers = {"User-Agent": "tinygrad-lists", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response = urlopen(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code != 416 or not have:
            raise
        # Range Not Satisfiable: the server has no byte after those that are here. They may be the whole file.
        try:
            check_sum(part, file)
        except EOFError as ends_early:
            raise _Unusable(f"{part}: not the beginning of this mirror's file") from ends_early
        return
    with response:
        if have and not _continues(response, have):
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdecimal() else None
        with _open_part(part, "ab" if have else "wb") as out:
            received = _copy(response, out, part, have, total, file, progress)
    if total is not None and received < total:
        raise _Incomplete(f"the connection closed after {received:,} of {total:,} bytes")


def _copy(
    response: HTTPResponse,
    out: BinaryIO,
    part: Path,
    received: int,
    total: int | None,
    file: RemoteFile,
    progress: Progress | None,
) -> int:
    """Copy the response's body to ``out`` and return how many bytes the part then has."""
    # gzip makes nothing much longer, so a server that sends more than this sends something else, perhaps without end.
    most = file.size + (1 << 16)
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        if received > most:
            raise _Unusable(f"sends more than {most:,} bytes, {file.name} has {file.size:,}")
        view = memoryview(chunk)
        while view:
            try:
                view = view[out.write(view) :]
            except OSError as error:
                raise DownloadError(
                    f"{part}: cannot write ({error.strerror}); free some space or use another folder"
                ) from error
        if progress is not None:
            progress(file.name, received, total)
    return received


def _continues(response: HTTPResponse, have: int) -> bool:
    """Tell whether the server answers with the bytes from ``have`` on, rather than with the whole file."""
    if response.status != 206:
        return False
    start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if start is None or int(start[1]) != have:
        raise _Unusable(f"asked for the bytes from {have} on, got {response.headers.get('Content-Range')!r}")
    return True


def _open_part(part: Path, mode: str) -> BinaryIO:
    try:
        # Unbuffered: a killed process loses nothing of what came, and a full disk shows at the write that meets it.
        return part.open(mode, buffering=0)  # type: ignore[return-value]
    except OSError as error:
        raise DownloadError(f"{part}: cannot write ({error.strerror}); use another folder") from error


def _finish(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot write ({error.strerror}); use another folder") from error


@contextlib.contextmanager
def _exclusive(handle: BinaryIO) -> Iterator[None]:
    """Hold a lock on an open file, so that two processes do not write one ``.part`` file."""
    try:
        import fcntl
    except ImportError:
        # No such locks on this system. Two writers would spoil the part file, which the checksum then finds.
        yield
        return
    with contextlib.suppress(OSError):  # Some network file systems have no locks; the checksum stands in for them too.
        fcntl.flock(handle, fcntl.LOCK_EX)
    yield


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """Say what an error means without its wrapping: urllib puts the socket's own error inside its own."""
    from urllib.error import HTTPError, URLError

    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _also(advice: str) -> str:
    return f". {advice}" if advice else ""

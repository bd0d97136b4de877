"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`; an existing file is replaced only by the complete new one.

    The content goes to a temporary file in the same folder, is forced to disk, and takes the place of `path` in one
    step.

    Raises:
        OSError: that names the path and says why.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "note.txt")
    ...     write_whole(path, b"whole")
    ...     path.read_bytes(), len(list(pathlib.Path(folder).iterdir()))
    (b'whole', 1)
    """
    target = Path(path)
    try:
        _write(target, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(f"cannot write {str(target)!r}: {reason}; give another path") from None


def _write(target: Path, content: bytes) -> None:
    if target.is_dir():
        raise IsADirectoryError("it is a folder")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:60]}.", suffix=".partial")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)

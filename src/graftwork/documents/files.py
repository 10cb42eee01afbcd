"""How files are written: whole or not at all, and storage errors in plain words."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graftwork.errors import StorageError

__all__ = ["replacing", "storing", "write_atomically"]

_REASONS = {
    errno.ENOSPC: ("there is no space left", "Free space there, or name another folder with --project."),
    errno.EDQUOT: ("the disk quota is used up", "Free space there, or name another folder with --project."),
    errno.EROFS: ("the disk is read-only", "Name a folder that can be written with --project."),
    errno.EACCES: ("writing is not permitted", "Name a folder that can be written with --project."),
    errno.EPERM: ("writing is not permitted", "Name a folder that can be written with --project."),
    errno.ENOTDIR: ("a part of that path is a file", "Name another folder with --project."),
    errno.EEXIST: ("a file of that name is in the way", "Name another folder with --project."),
}


@contextmanager
def storing(what: str, path: Path, *, next_step: str | None = None) -> Iterator[None]:
    """Turn a full disk, a read-only disk and missing rights into a ``StorageError``.

    Args:
        what: what is being written, as the subject of the sentence.
        path: where to.
        next_step: hint in the place of the usual one.

    Raises:
        StorageError: the operating system refused for a reason that the user can do something about.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        reason, hint = _REASONS[error.errno]
        raise StorageError(
            f"{what} cannot be written to {path}: {reason}.", hint=next_step or hint, path=str(path)
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of ``path`` once all of it is on the disk.

    A reader sees the old file or the new one, never a part; what fails leaves the old one and nothing else.

    Raises:
        StorageError: no space or no permission.
    """
    with storing(f"The file {path.name}", path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all; folders on the way are made.

    Raises:
        StorageError: no space or no permission.
    """
    with replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)

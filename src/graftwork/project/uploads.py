"""Files that are dropped on the studio: taken one by one into a folder of the project."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from graftwork.documents.files import storing
from graftwork.errors import UsageError
from graftwork.project.archives import is_archive, unpack

__all__ = ["begin_upload", "discard_upload", "finish_upload", "put_file"]

FOLDER = "uploads"
_LONGEST, _DEEPEST = 240, 40
"""Bytes of a name, folders in one another: what file systems take, with room for the part that arrives."""


def begin_upload(root: Path) -> str:
    """Make a place for dropped files in the project at ``root`` and return its id."""
    name = secrets.token_hex(6)
    folder = root / "data" / FOLDER / name
    with storing("The dropped files", root):
        folder.mkdir(parents=True)
    return name


@contextmanager
def put_file(root: Path, upload: str, path: str) -> Iterator[IO[bytes]]:
    """Open one dropped file for writing; a file that does not arrive whole is not kept.

    Args:
        root: of the project.
        upload: id that ``begin_upload`` gave.
        path: relative path of the file, folders included, with forward slashes.

    Raises:
        UsageError: no such upload, or a path that leads out of it.
        StorageError: no space or no permission.
    """
    target = _place(root, upload) / _inside(path)
    with storing("The dropped file", target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise UsageError(f"'{path}' came as a folder already.", hint="Drop the folder itself.")
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def finish_upload(root: Path, upload: str) -> Path:
    """Return the source that the dropped files make: a folder, one table or array file, an unpacked archive.

    Raises:
        UsageError: no such upload, or nothing arrived.
        DataError: an archive that cannot be unpacked safely.
    """
    folder = _place(root, upload)
    content = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    if not content:
        raise UsageError("Nothing was dropped.", hint="Drop a folder, a table, an array file or an archive.")
    if len(content) == 1 and content[0].is_file() and is_archive(content[0]):
        found = unpack(content[0], folder / "unpacked")
        content[0].unlink()
        return found
    return content[0] if len(content) == 1 else folder


def discard_upload(root: Path, upload: str) -> None:
    """Delete what was dropped; nothing is left of it.

    Raises:
        UsageError: no such upload.
    """
    shutil.rmtree(_place(root, upload), ignore_errors=True)


def _place(root: Path, upload: str) -> Path:
    folder = root / "data" / FOLDER / upload
    if not upload.isalnum() or not folder.is_dir():
        raise UsageError(f"There is no upload '{upload}'.", hint="Drop the files again.")
    return folder


def _inside(path: str) -> Path:
    pure = PurePosixPath(path.replace("\\", "/"))
    parts = pure.parts
    is_odd = any(p in ("..", ".") or "\0" in p or ":" in p or len(p.encode()) > _LONGEST for p in parts)
    if not parts or pure.is_absolute() or is_odd or len(parts) > _DEEPEST:
        raise UsageError(f"'{path}' is no path of a dropped file.", hint="Drop the folder itself.")
    return Path(*parts)

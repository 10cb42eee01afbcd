"""What was learned of image files, remembered: a second opening of the same data decodes nothing."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftwork.errors import StorageError

__all__ = ["FactIndex", "FileFacts", "FileState"]

_FORMAT = 1
_CHUNK = 500
_COLUMNS = "path, size, mtime_ns, digest, broken, width, height, mode, thumbnail"


@dataclass(frozen=True, slots=True)
class FileState:
    """What the file system says of a file; a change of it makes remembered facts void."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one read of a file told. ``broken`` says why it is no usable image, else it is None."""

    state: FileState
    digest: str
    broken: str | None
    width: int
    height: int
    mode: str


class FactIndex:
    """Facts of files in SQLite, in a file or in memory. Holds no image, only 1 KB thumbnails.

    Args:
        path: file of the index; created when missing, made anew when it is of another format or
            damaged (all of it can be computed again). None keeps it in memory.

    Raises:
        StorageError: the file cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        try:
            self._connection = self._opened()
        except sqlite3.DatabaseError as error:
            if path is None or not path.is_file() or isinstance(error, sqlite3.OperationalError):
                raise self._failure(error) from error
            path.unlink()
            self._connection = self._opened()
        except OSError as error:
            raise self._failure(error) from error
        weakref.finalize(self, self._connection.close)

    def _opened(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path or ":memory:", timeout=30, check_same_thread=False)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                connection.execute("DROP TABLE IF EXISTS facts")
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS facts (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER,"
                " digest TEXT, broken TEXT, width INTEGER, height INTEGER, mode TEXT, thumbnail BLOB)"
            )
            connection.commit()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _failure(self, error: Exception) -> StorageError:
        return StorageError(
            f"The image index {self._path or 'in memory'} cannot be written: {error}.",
            hint="Free some space, or name a project folder that can be written.",
        )

    def close(self) -> None:
        """Close the file; the index is not usable afterwards."""
        self._connection.close()

    def known(self, states: Sequence[FileState]) -> dict[str, FileFacts]:
        """Return the facts of those files that did not change since, by path."""
        wanted = {state.path: state for state in states}
        columns = _COLUMNS.removesuffix(", thumbnail")
        found = {}
        for path, size, mtime_ns, *rest in self._rows(columns, list(wanted)):
            if wanted[path] == FileState(path, size, mtime_ns):
                found[path] = FileFacts(wanted[path], *rest)
        return found

    def thumbnails(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Return the remembered thumbnails by path, 32 · 32 bytes each."""
        return {path: blob for path, blob in self._rows("path, thumbnail", paths) if blob is not None}

    def remember(self, facts: Iterable[tuple[FileFacts, bytes | None]]) -> None:
        """Store facts with their thumbnails, all or none of them.

        Raises:
            StorageError: no space, or the file cannot be written.
        """
        rows = [
            (f.state.path, f.state.size, f.state.mtime_ns, f.digest, f.broken, f.width, f.height, f.mode, t)
            for f, t in facts
        ]
        try:
            with self._lock, self._connection:
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO facts ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", rows
                )
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _rows(self, columns: str, paths: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            with self._lock:
                cursor = self._connection.execute(
                    f"SELECT {columns} FROM facts WHERE path IN ({marks})", chunk
                )
                rows = cursor.fetchall()
            yield from rows

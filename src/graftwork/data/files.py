"""Image files: scanned once with two threads, then read by name."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.data.decode import THUMBNAIL_SIDE, UndecodableImage, decode_image, make_thumbnail
from graftwork.data.index import FactIndex, FileFacts, FileState
from graftwork.data.sample import ImageFacts, Sample, Split
from graftwork.documents.problem import Problem
from graftwork.errors import DataError

__all__ = ["Entry", "FileReader", "Listing", "read_file", "scan_files"]

_BATCH = 256
_NUM_THREADS = 2
# Enough pixels for an honest 32 × 32 thumbnail, few enough to decode large JPEGs at an eighth.
_SCAN_SHORT_SIDE = 2 * THUMBNAIL_SIDE


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed image file: where it is and what its place or its table row says of it.

    ``values`` are numbers, or 0 and 1 for each tag column; ``tags`` the names in a column of several.
    """

    key: str
    path: Path
    class_name: str | None
    split: Split | None = None
    group: str | None = None
    values: tuple[float, ...] | None = None
    tags: tuple[str, ...] | None = None
    mask: Path | None = None
    numbers: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass
class Listing:
    """All that a folder or table names, before any file is read."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    num_hidden: int = 0
    num_other: int = 0
    label_names: tuple[str, ...] = ()  # columns that the values of the entries come from


def scan_files(
    paths: Sequence[Path], index: FactIndex, watch: Callable[[int, int], object] | None = None
) -> dict[str, FileFacts]:
    """Return the facts of all files; only new and changed ones are read, each once.

    Files that cannot be read or decoded come back as broken, with the reason.

    Args:
        paths: of the files.
        index: what is known of them.
        watch: told how many of the new files are read, and how many there are. It may raise to stop: what
            was read is remembered.

    Raises:
        StorageError: the index cannot be written.
    """
    facts: dict[str, FileFacts] = {}
    states = []
    for path in paths:
        try:
            states.append(_state(path))
        except OSError as error:
            facts[str(path)] = _broken(FileState(str(path), -1, -1), "", _os_reason(error))
    facts |= index.known(states)
    new = [state for state in states if state.path not in facts]
    with ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="scan") as pool:
        for number, batch in enumerate(_batches(new)):
            if watch is not None:
                watch(number * _BATCH, len(new))
            scanned = list(pool.map(_scan_file, batch))
            index.remember(s for s in scanned if s[0].digest)
            facts |= {s[0].state.path: s[0] for s in scanned}
    return facts


def read_file(path: Path) -> bytes:
    """Return the bytes of a regular file; a pipe or a device, which might never end, is refused.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    _require_regular(path.stat())
    return path.read_bytes()


def _require_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _state(path: Path) -> FileState:
    found = path.stat()
    _require_regular(found)
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise OSError(errno.EILSEQ, "its name is no Unicode text; rename it") from error
    return FileState(str(path), found.st_size, found.st_mtime_ns)


def _batches(states: list[FileState]) -> Iterator[list[FileState]]:
    for start in range(0, len(states), _BATCH):
        yield states[start : start + _BATCH]


def _scan_file(state: FileState) -> tuple[FileFacts, bytes | None]:
    try:
        data = read_file(Path(state.path))
    except OSError as error:
        return _broken(state, "", _os_reason(error)), None
    digest = hashlib.sha256(data).hexdigest()
    try:
        width, height, mode, thumbnail = _look_at(data)
    except UndecodableImage as error:
        return _broken(state, digest, str(error)), None
    return FileFacts(state, digest, None, width, height, mode), thumbnail


def _look_at(data: bytes) -> tuple[int, int, str, bytes]:
    sizes: list[tuple[int, int]] = []
    image = decode_image(data, short_side=_SCAN_SHORT_SIDE, on_header=sizes.append)
    width, height = sizes[0]
    return width, height, image.mode, make_thumbnail(image).tobytes()


def _broken(state: FileState, digest: str, reason: str) -> FileFacts:
    return FileFacts(state, digest, reason, 0, 0, "")


def _os_reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


class FileReader:
    """Reads image files by the key of their sample."""

    def __init__(self, paths: dict[str, Path], facts: dict[str, FileFacts], index: FactIndex) -> None:
        self._paths = paths
        self._facts = {key: ImageFacts(f.width, f.height, f.mode) for key, f in facts.items()}
        self._index = index

    def read_bytes(self, sample: Sample) -> bytes:
        """Return the bytes of the sample's file.

        Raises:
            DataError: it cannot be read any more.
        """
        try:
            return read_file(self._paths[sample.key])
        except OSError as error:
            raise self._unreadable(sample, _os_reason(error)) from error

    def open(self, sample: Sample, *, short_side: int | None = None) -> Image.Image:
        """Return the decoded image; see ``Reader.open``."""
        try:
            return decode_image(self.read_bytes(sample), short_side=short_side)
        except UndecodableImage as error:
            raise self._unreadable(sample, str(error)) from error

    def facts(self, samples: Sequence[Sample]) -> list[ImageFacts]:
        """Return size and mode as scanned."""
        return [self._facts[s.key] for s in samples]

    def thumbnails(self, samples: Sequence[Sample]) -> NDArray[np.uint8]:
        """Return thumbnails, shape (n, 32, 32); a file that the index lost is read again."""
        paths = [os.fspath(self._paths[s.key]) for s in samples]
        known = self._index.thumbnails(paths)
        rows = [
            np.frombuffer(known[path], np.uint8)
            if path in known
            else make_thumbnail(self.open(sample, short_side=_SCAN_SHORT_SIDE)).ravel()
            for path, sample in zip(paths, samples, strict=True)
        ]
        flat = np.stack(rows) if rows else np.zeros((0, THUMBNAIL_SIDE**2), np.uint8)
        return flat.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)

    def _unreadable(self, sample: Sample, reason: str) -> DataError:
        path = self._paths[sample.key]
        return DataError(
            f"The image {path} was readable when the data was opened and is not any more: {reason}.",
            hint="Restore the file, or open the data again so that it is left out.",
            path=str(path),
        )

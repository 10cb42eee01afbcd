"""Archives of images: unpacked into a folder, nothing outside of it, nothing without end."""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from graftwork.documents.files import storing
from graftwork.errors import DataError

__all__ = ["is_archive", "unpack"]

_MAX_FILES = 200_000
_MAX_BYTES = 50 * 10**9
_MAX_RATIO = 200
_RATIO_COUNTS_FROM = 100 * 10**6
_CHUNK = 2**20
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
_DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    UnicodeError,
)
_BAD_NAMES = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EISDIR, errno.ENOTDIR, errno.EEXIST)
_SKIPPED = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini"})


def is_archive(path: Path) -> bool:
    """Return whether a file of this name is taken for an archive that ``unpack`` reads."""
    return path.name.lower().endswith((".zip", *_TAR_ENDINGS))


def unpack(archive: Path, to: Path) -> Path:
    """Unpack a zip or tar archive and return the folder in it that holds the data.

    Folders that hold nothing but one folder are gone through. What fails leaves nothing behind.

    Args:
        archive: ``.zip``, ``.tar``, ``.tar.gz``, ``.tar.xz`` or ``.tar.bz2``.
        to: folder to unpack into; made, and not to exist before.

    Raises:
        DataError: no archive, a damaged or encrypted one, one with links or with paths that lead out of the
            folder, one of more than 200,000 files or 50 GB, or one that grows more than 200 times.
        StorageError: no space, or no permission.
    """
    if to.exists() and any(to.iterdir()):
        raise DataError(f"The folder {to} holds files already.", hint="Unpack into a new folder.")
    try:
        with storing("The archive's content", to.parent), _reading(archive):
            to.mkdir(parents=True, exist_ok=True)
            _extract(archive, to)
    except BaseException:
        shutil.rmtree(to, ignore_errors=True)
        raise
    return _inner(to, archive)


@dataclass(frozen=True)
class _Member:
    """A file in an archive: its path and size as claimed, and how it is opened."""

    path: str
    size: int
    content: IO[bytes]


def _extract(archive: Path, to: Path) -> None:
    packed = archive.stat().st_size if archive.is_file() else 0
    limit = min(_MAX_BYTES, shutil.disk_usage(to).free)
    written = 0
    written_paths: set[str] = set()
    for number, member in enumerate(_members(archive), start=1):
        if number > _MAX_FILES:
            raise DataError(
                f"The archive {archive.name} holds more than {_MAX_FILES:,} files.",
                hint="Unpack it yourself, and name the folder.",
            )
        target = to / _inside(member.path, archive)
        if str(target).casefold() in written_paths:
            raise DataError(
                f"The archive {archive.name} holds the file {member.path} twice.",
                hint="Pack the folder again.",
            )
        written_paths.add(str(target).casefold())
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while chunk := member.content.read(_CHUNK):
                written += len(chunk)
                _check_size(archive, written, packed, limit)
                file.write(chunk)


def _check_size(archive: Path, written: int, packed: int, limit: int) -> None:
    """Refuse what was really unpacked so far; what an archive claims of its sizes may be wrong."""
    if written > limit:
        raise DataError(
            f"The archive {archive.name} unpacks to more than {limit / 1e9:.0f} GB.",
            hint="Free space, or unpack it yourself and name the folder.",
        )
    if written > _RATIO_COUNTS_FROM and written > _MAX_RATIO * packed:
        raise DataError(
            f"The archive {archive.name} unpacks to more than {_MAX_RATIO} times its size, which images never do.",
            hint="If you trust it, unpack it yourself and name the folder.",
        )


def _members(archive: Path) -> Iterator[_Member]:
    """Return the files of an archive in order; each is to be read before the next."""
    if not is_archive(archive):
        raise DataError(
            f"{archive.name} is no archive that can be unpacked.",
            hint="Give a .zip, .tar, .tar.gz or .tar.xz file.",
        )
    return _zip_members(archive) if archive.name.lower().endswith(".zip") else _tar_members(archive)


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Turn what the decoders say of a damaged archive into one sentence."""
    try:
        yield
    except _DAMAGES as error:
        raise _damaged(archive, str(error) or type(error).__name__) from error
    except OSError as error:
        if error.errno is not None and error.errno not in _BAD_NAMES:  # of the disk, not of the content
            raise
        raise _damaged(archive, error.strerror or str(error)) from error


def _damaged(archive: Path, reason: str) -> DataError:
    return DataError(
        f"The archive {archive.name} cannot be read: {reason.rstrip('.')}.", hint="Pack it again."
    )


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            if info.is_dir() or _is_skipped(info.filename):
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _link(archive, info.filename)
            if info.flag_bits & 1:
                raise DataError(
                    f"The archive {archive.name} is encrypted.",
                    hint="Unpack it yourself, and name the folder.",
                )
            with packed.open(info) as content:
                yield _Member(info.filename, info.file_size, content)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as packed:
        for info in packed:
            if info.isdir() or _is_skipped(info.name):
                continue
            if not info.isfile():
                raise _link(archive, info.name)
            content = packed.extractfile(info)
            assert content is not None  # of files it never is
            with content:
                yield _Member(info.name, info.size, content)


def _link(archive: Path, name: str) -> DataError:
    return DataError(
        f"The archive {archive.name} holds {name}, which is a link or a device, not a file.",
        hint="Pack the files themselves.",
    )


def _is_skipped(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(p.casefold() in _SKIPPED or p.startswith("._") for p in parts)


def _inside(name: str, archive: Path) -> Path:
    pure = PurePosixPath(name.replace("\\", "/"))
    parts = [p for p in pure.parts if p != "."]
    if not parts or pure.is_absolute() or any(p == ".." or "\0" in p or ":" in p for p in parts):
        raise DataError(
            f"The archive {archive.name} holds the path '{name}', which leads out of the folder.",
            hint="Pack the folder with paths inside of it.",
        )
    return Path(*parts)


def _inner(folder: Path, archive: Path) -> Path:
    """Return the folder below which there is more than one more folder."""
    content = list(folder.iterdir())
    if not content:
        folder.rmdir()
        raise DataError(f"The archive {archive.name} is empty.", hint="Pack the folder with its images.")
    while len(content) == 1 and content[0].is_dir():
        folder = content[0]
        content = list(folder.iterdir())
    return folder

"""Writing files so that a crash leaves the old one or the new one, never a half."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from graftwork.errors import StorageError

__all__ = ["save_atomically", "storage_errors", "write_atomically"]


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write below ``path`` into one clear sentence.

    Raises:
        StorageError: no space, no permission, or a read-only disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"No space is left on the disk that holds {path}.",
                hint="Free some space or choose another --project; finished work is kept.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(
                f"{path} cannot be written: {error.strerror}.",
                hint="Choose a --project folder that you may write to.",
            ) from error
        raise


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` through a temporary file beside it.

    Raises:
        StorageError: no space or no permission.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


def save_atomically(path: Path, state: dict[str, Any]) -> None:
    """Save a state of tensors and plain values so that ``torch.load(weights_only=True)`` reads it.

    Raises:
        StorageError: no space or no permission.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

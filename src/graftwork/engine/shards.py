"""A store of equal-shaped rows on disk: written once, memory-mapped, shared, bounded.

Rows are named by strings (an image's digest and view). An entry is a folder with one fact file and
shards; a shard counts only once its list of rows has been written, so a killed writer loses at most the
rows since the last shard and never leaves a wrong one. Several processes may add shards at once.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import torch
from torch import Tensor

from graftwork.documents.files import storing, write_atomically

__all__ = ["ShardStore", "ShardWriter", "cache_limit_bytes", "evict"]

_ROWS_PER_SHARD_BYTES = 128 * 2**20
_DROP_PAGES_AFTER_BYTES = 64 * 2**20
_STALE_SECONDS = 24 * 3600
_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "uint8": torch.uint8,
    "bool": torch.bool,
    "int32": torch.int32,
    "int64": torch.int64,
    "float64": torch.float64,
}


class ShardStore:
    """Rows of one shape and number format, by name.

    Args:
        folder: the entry's folder; made if it is not there.
        shape: shape of one row.
        dtype: torch's name of the number format, such as 'float32', 'bfloat16' or 'int64'.
    """

    def __init__(self, folder: Path, shape: Sequence[int], dtype: str) -> None:
        self.folder = folder
        self.shape = tuple(shape)
        self.dtype = _DTYPES[dtype]
        self.row_bytes = int(np.prod(self.shape)) * self.dtype.itemsize
        self._maps: list[mmap.mmap] = []
        self._places: dict[str, tuple[int, int]] = {}
        self._seen: set[str] = set()
        self._touched_bytes = 0
        write_atomically(folder / "facts.json", json.dumps({"shape": self.shape, "dtype": dtype}).encode())
        self.refresh()

    def refresh(self) -> None:
        """Notice shards that were added since the last look."""
        for facts in sorted(self.folder.glob("shard-*.json")):
            if facts.name in self._seen:
                continue
            self._seen.add(facts.name)
            rows: list[str] = json.loads(facts.read_text())
            with facts.with_suffix(".bin").open("rb") as file:
                self._maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            self._places.update({row: (len(self._maps) - 1, i) for i, row in enumerate(rows)})

    def __contains__(self, row: str) -> bool:
        return row in self._places

    def __len__(self) -> int:
        return len(self._places)

    def gather(self, rows: Sequence[str]) -> Tensor:
        """Return the named rows as one tensor (n, *shape)."""
        if not rows:
            return torch.empty(0, *self.shape, dtype=self.dtype)
        out = np.empty((len(rows), self.row_bytes), dtype=np.uint8)
        places = np.array([self._places[row] for row in rows], dtype=np.int64).reshape(-1, 2)
        for shard in np.unique(places[:, 0]):
            mine = places[:, 0] == shard
            table = np.frombuffer(self._maps[shard], dtype=np.uint8).reshape(-1, self.row_bytes)
            out[mine] = table[places[mine, 1]]
        self._drop_pages(len(out) * self.row_bytes)
        return torch.from_numpy(out).view(self.dtype).reshape(len(rows), *self.shape)

    def _drop_pages(self, read_bytes: int) -> None:
        """Give mapped pages back, so that memory does not grow with the store."""
        self._touched_bytes += read_bytes
        if self._touched_bytes > _DROP_PAGES_AFTER_BYTES:
            self._touched_bytes = 0
            for mapped in self._maps:
                if hasattr(mmap, "MADV_DONTNEED"):
                    mapped.madvise(mmap.MADV_DONTNEED)

    def writer(self) -> ShardWriter:
        """Return a writer; close it (or leave its ``with``) to make its rows count."""
        return ShardWriter(self)


class ShardWriter:
    """Appends rows to a store."""

    def __init__(self, store: ShardStore) -> None:
        self.store = store
        self._rows: list[str] = []
        self._file: IO[bytes] | None = None
        self._path = store.folder
        self._per_shard = max(1, _ROWS_PER_SHARD_BYTES // max(1, store.row_bytes))

    def append(self, rows: Sequence[str], values: Tensor) -> None:
        """Add rows (n, *shape).

        Raises:
            StorageError: no space.
        """
        content = values.detach().to("cpu", self.store.dtype).contiguous()
        with storing("The feature cache", self.store.folder):
            if self._file is None:
                self._path = self.store.folder / f"shard-{uuid.uuid4().hex}.bin"
                self._file = self._path.open("wb")
            self._file.write(content.view(torch.uint8).numpy().tobytes())
        self._rows += rows
        if len(self._rows) >= self._per_shard:
            self.commit()

    def commit(self) -> None:
        """Make all rows so far count."""
        if self._file is None:
            return
        with storing("The feature cache", self.store.folder), self._file as file:
            file.flush()
            os.fsync(file.fileno())
        write_atomically(self._path.with_suffix(".json"), json.dumps(self._rows).encode())
        self._rows, self._file = [], None
        self.store.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.commit()


def cache_limit_bytes(cache: Path) -> int:
    """Return how large the cache may grow: $GRAFTWORK_CACHE_BYTES, or half of the free space, at most 50 GB."""
    said = os.environ.get("GRAFTWORK_CACHE_BYTES")
    if said:
        return int(float(said))
    cache.mkdir(parents=True, exist_ok=True)
    return min(50 * 10**9, (shutil.disk_usage(cache).free + _size(cache)) // 2)


def evict(cache: Path, keep: Sequence[Path], needed_bytes: int = 0) -> list[Path]:
    """Remove the entries that were used least recently until the cache is within its limit.

    Args:
        cache: folder whose grandchildren are entries (``cache/features/KEY``).
        keep: entries that are in use.
        needed_bytes: room to make for what comes.

    Returns:
        The entries that were removed.
    """
    limit = cache_limit_bytes(cache)
    entries = sorted((p for p in cache.glob("*/*") if p.is_dir()), key=lambda p: p.stat().st_mtime)
    total = sum(map(_size, entries)) + needed_bytes
    removed = []
    for entry in entries:
        _remove_orphans(entry)
        if total <= limit:
            break
        if entry not in keep:
            total -= _size(entry)
            shutil.rmtree(entry, ignore_errors=True)
            removed.append(entry)
    return removed


def _size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def _remove_orphans(entry: Path) -> None:
    """Remove shards whose writer died before they counted."""
    for data in entry.glob("shard-*.bin"):
        old = time.time() - data.stat().st_mtime > _STALE_SECONDS
        if old and not data.with_suffix(".json").exists():
            data.unlink(missing_ok=True)

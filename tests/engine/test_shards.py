"""Stored rows come back as they were; a killed writer never leaves a wrong one; size is bounded."""

from __future__ import annotations

import os
import time

import pytest
import torch

from graftwork.engine.shards import ShardStore, evict
from graftwork.errors import StorageError


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "uint8"])
def test_rows_come_back_bit_for_bit(tmp_path, dtype):
    values = (torch.randn(7, 2, 3) * 50).to(getattr(torch, dtype))
    store = ShardStore(tmp_path / "f" / "k", (2, 3), dtype)
    with store.writer() as writer:
        writer.append(["a", "b"], values[:2])
        writer.append(["c"], values[2:3])
    with store.writer() as writer:
        writer.append(["d", "e", "f", "g"], values[3:])
    again = ShardStore(tmp_path / "f" / "k", (2, 3), dtype)
    assert torch.equal(again.gather(list("gacbfed")), values[[6, 0, 2, 1, 5, 4, 3]])
    assert "d" in again
    assert "z" not in again
    assert len(again) == 7


def test_rows_of_a_killed_writer_do_not_count(tmp_path):
    store = ShardStore(tmp_path / "f" / "k", (2,), "float32")
    writer = store.writer()
    writer.append(["a"], torch.ones(1, 2))
    assert writer._file is not None
    writer._file.close()  # no commit: as if the process had been killed
    assert "a" not in ShardStore(tmp_path / "f" / "k", (2,), "float32")


def test_rows_count_when_the_writer_leaves_by_an_error(tmp_path):
    store = ShardStore(tmp_path / "f" / "k", (2,), "float32")

    def interrupted() -> None:
        with store.writer() as writer:
            writer.append(["a"], torch.ones(1, 2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "a" in ShardStore(tmp_path / "f" / "k", (2,), "float32")


def test_least_recently_used_entries_go_first(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTWORK_CACHE_BYTES", "9000")
    entries = []
    for age, name in enumerate(["new", "middle", "old"]):
        store = ShardStore(tmp_path / "features" / name, (1000,), "float32")
        with store.writer() as writer:
            writer.append(["a"], torch.zeros(1, 1000))
        os.utime(store.folder, (time.time() - 100 * age,) * 2)
        entries.append(store.folder)
    removed = evict(tmp_path, keep=[])
    assert removed == [entries[2]]
    assert entries[0].exists()
    assert entries[1].exists()


def test_entries_in_use_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTWORK_CACHE_BYTES", "1")
    store = ShardStore(tmp_path / "features" / "k", (10,), "float32")
    with store.writer() as writer:
        writer.append(["a"], torch.zeros(1, 10))
    assert evict(tmp_path, keep=[store.folder]) == []


def test_no_space_is_one_clear_sentence(tmp_path, monkeypatch):
    import errno

    store = ShardStore(tmp_path / "f" / "k", (2,), "float32")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    writer = store.writer()
    writer.append(["a"], torch.ones(1, 2))
    with pytest.raises(StorageError, match="no space left"):
        writer.commit()

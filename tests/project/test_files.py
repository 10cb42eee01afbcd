from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graftwork.documents.files import storing, write_atomically
from graftwork.errors import RunError, StorageError
from graftwork.project.lock import is_locked, lock_run


def test_a_write_that_fails_keeps_the_old_file_and_leaves_no_scrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    write_atomically(path, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="no space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["record.json"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "read-only"), (errno.EACCES, "not permitted"), (errno.ENOTDIR, "file")],
)
def test_storage_errors_say_why_and_what_to_do(number: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=words) as caught, storing("The run", tmp_path):
        raise OSError(number, "as the system says it")
    assert caught.value.hint
    assert str(tmp_path) in caught.value.message
    assert caught.value.exit_code == 7


def test_other_system_errors_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="odd") as caught, storing("The run", tmp_path):
        raise OSError(errno.EIO, "odd")
    assert not isinstance(caught.value, StorageError)


def test_only_one_writer_at_a_time(tmp_path: Path) -> None:
    with lock_run(tmp_path):
        assert is_locked(tmp_path)
        with pytest.raises(RunError, match=f"process {os.getpid()}"), lock_run(tmp_path):
            pass
    assert not is_locked(tmp_path)


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from graftwork.project.lock import lock_run\n"
        "with lock_run(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == -9
    assert (tmp_path / ".lock").exists()
    assert not is_locked(tmp_path)
    with lock_run(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())

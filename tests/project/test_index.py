from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from graftwork.project import Project
from graftwork.project.index import RunIndex

Add = Callable[..., Path]


def test_the_index_never_differs_from_one_built_anew(project: Project, add_run: Add) -> None:
    for number in range(3):
        add_run(f"2026010{number}-1", seed=number)
    assert len(project.rows()) == 3
    add_run("20260101-1", seed=99, note="changed")
    shutil.rmtree(project.folder_of_runs / "20260100-1")
    add_run("20260109-1")
    rows = project.rows()
    assert [row["id"] for row in rows] == ["20260109-1", "20260102-1", "20260101-1"]
    assert rows[2]["seed"] == 99
    assert project.reindex() == 3
    assert project.rows() == rows


def test_scores_stand_in_the_row_by_split(project: Project, add_run: Add) -> None:
    add_run("r1")
    (row,) = project.rows()
    assert (row["test_accuracy_low"], row["test_accuracy_value"], row["test_accuracy_high"]) == (
        0.5,
        0.75,
        0.9,
    )
    assert row["test_balanced_accuracy_value"] == 0.7
    assert row["validation_accuracy_value"] is None
    assert row["proof_holds"] is True
    assert (row["source"], row["classes"]) == ("photos", 2)


@pytest.mark.parametrize("damage", ["garbage", "other table"])
def test_a_broken_index_is_built_anew_and_told(project: Project, add_run: Add, damage: str) -> None:
    add_run("r1")
    project.rows()
    path = project.root / "index.sqlite"
    path.unlink()
    if damage == "garbage":
        path.write_bytes(b"this is no database at all" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("create table runs (id text)")
        connection.close()
    notes: list[str] = []
    assert [row["id"] for row in Project(project.root, on_note=notes.append).rows()] == ["r1"]
    assert "built anew" in notes[0]


def test_where_the_file_cannot_be_made_the_rows_are_still_right(
    project: Project, add_run: Add, tmp_path: Path
) -> None:
    add_run("r1")
    index = RunIndex(tmp_path / "no such folder" / "index.sqlite", project.folder_of_runs)
    assert [row["id"] for row in index.rows()] == ["r1"]
    index.close()


def test_a_record_that_does_not_read_is_a_row_too(project: Project, add_run: Add) -> None:
    (add_run("r1") / "record.json").write_text("{")
    (row,) = project.rows()
    assert row["status"] == "unreadable"
    assert "record.json" in row["message"]


def test_several_writers_do_not_lose_runs(project: Project, add_run: Add) -> None:
    for number in range(8):
        add_run(f"r{number}")
    threads = [threading.Thread(target=project.rows) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(project.rows()) == 8

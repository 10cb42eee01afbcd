"""Runs in processes of their own: they live on, wait, obey, and say so when they die."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.flow import Flow
from graftwork.errors import FlowError, RunError, UsageError
from graftwork.project import Project, Run
from graftwork.project.control import ask, asked, clear
from graftwork.project.launch import settle
from graftwork.project.lock import is_locked, lock_for_child, lock_run, locked_by
from graftwork.project.queue import LOCK, take_place
from graftwork.project.queue import _is_first as is_first

from ..conftest import TINY_BASE

SECONDS = 90.0


def wait_for(condition: Callable[[], Any], what: str = "") -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what or condition
        time.sleep(0.03)


def ended(run: Run) -> bool:
    return not is_locked(run.path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    project = Project(tmp_path / "home")
    yield project
    for folder in project.folder_of_runs.iterdir():
        if folder.is_dir() and is_locked(folder):
            project.force_stop(folder.name)


def flow_of(project: Project, source: Path, **options: Any) -> Flow:
    chosen = {"base": TINY_BASE, "image_size": 32, "epochs": 2, "batch": 16, "precision": "float32"}
    return project.make_flow(str(source), **{**chosen, **options})


LONG = {"epochs": 100_000, "schedule": "constant", "checkpoint_seconds": 0.2}


@pytest.mark.slow
def test_a_run_is_there_at_once_and_ends_as_one_in_this_process(home: Project, stripes: Path) -> None:
    run = home.start(flow_of(home, stripes), name="mine")
    assert (run.status, run.record.name) == ("starting", "mine")
    assert locked_by(run.path) not in (None, os.getpid())
    wait_for(lambda: ended(run))
    assert run.status == "finished", (run.path / "process.log").read_text()
    assert run.report is not None
    here = home.run(flow_of(home, stripes))
    assert here.proof is not None
    assert run.proof is not None
    assert run.proof.weights_digest == here.proof.weights_digest
    with pytest.raises(RunError, match="finished"):
        home.start_again(run.id)
    with pytest.raises(RunError, match="no process works on it"):
        home.stop(run.id)


@pytest.mark.slow
def test_runs_wait_in_order_pause_stop_resume_and_are_killed(home: Project, stripes: Path) -> None:
    first = home.start(flow_of(home, stripes, **LONG))
    second = home.start(flow_of(home, stripes))
    third = home.start(flow_of(home, stripes))
    wait_for(lambda: first.record.status == "running")
    wait_for(lambda: second.status == third.status == "queued")
    home.stop(third.id)
    wait_for(lambda: ended(third))
    assert third.status == "stopped"
    wait_for(lambda: any(e.event.kind == "epoch_ended" and e.event.epoch > 3 for e in first.events()))
    home.pause(first.id)
    wait_for(lambda: ended(first))
    assert first.status == "paused"
    assert first.metrics.keys() == set()
    assert not (first.path / "control.json").exists()
    wait_for(lambda: ended(second))
    assert second.status == "finished"

    home.start_again(first.id)
    wait_for(lambda: any(e.event.kind == "run_resumed" for e in first.events()))
    home.force_stop(first.id)
    assert first.status == "interrupted"
    home.start_again(first.id)
    wait_for(lambda: sum(e.event.kind == "run_resumed" for e in first.events()) == 2)
    home.stop(first.id)
    wait_for(lambda: ended(first))
    assert first.status == "stopped"
    assert first.proof is not None
    assert first.proof.holds
    assert first.metrics["test"].num_images > 0


@pytest.mark.slow
def test_a_run_outlives_its_starter(home: Project, stripes: Path) -> None:
    (home.root / "flow.yaml").write_text(_text(flow_of(home, stripes)))
    code = (
        "from graftwork.project import Project; from graftwork.documents.flow import read_flow; import os;"
        f"p = Project({str(home.root)!r}); r = p.start(read_flow(p.root / 'flow.yaml')); print(r.id, flush=True);"
        "os._exit(0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    run = home.find(found.stdout.strip())
    assert is_locked(run.path)
    wait_for(lambda: ended(run))
    assert run.status == "finished"


def _text(flow: Flow) -> str:
    from graftwork.documents.flow import dump_flow

    return dump_flow(flow)


def test_a_run_killed_before_it_begins_is_stopped(home: Project, stripes: Path) -> None:
    with (home.folder_of_runs / LOCK).open("a+") as file:
        from graftwork.project.lock import try_lock

        assert try_lock(file)
        run = home.start(flow_of(home, stripes))
        home.force_stop(run.id)
    assert (run.status, ended(run)) == ("stopped", True)
    assert home.rows()[0]["status"] == "stopped"


def test_a_run_that_fails_says_why(home: Project, tmp_path: Path) -> None:
    run = home.start(flow_of(home, tmp_path / "nowhere"))
    wait_for(lambda: ended(run))
    assert run.status == "failed"
    assert "nowhere" in (run.record.message or "")


def test_a_flow_with_problems_starts_nothing(home: Project, stripes: Path) -> None:
    with pytest.raises(FlowError):
        home.start(flow_of(home, stripes).edit(edges=()))
    assert list(home.folder_of_runs.iterdir()) == []


@pytest.mark.parametrize("status", ["starting", "queued"])
def test_a_process_that_died_early_leaves_its_last_words(add_run: Any, project: Project, status: str) -> None:
    folder = add_run("r1", status=status)
    (folder / "process.log").write_text("Traceback\n\nImportError: no module\n")
    with lock_run(folder):
        assert not settle(Run(folder))
        assert Run(folder).status == status
    assert Run(folder).status == "failed"
    (row,) = project.rows()
    assert row["status"] == "failed"
    assert "ImportError: no module" in row["message"]
    assert Run(folder).record.status == "failed"
    assert not settle(Run(folder))


def test_who_looks_at_a_lock_is_in_nobodys_way(tmp_path: Path) -> None:
    """A page asks all the time whether runs are alive; starting one must not fail for that."""
    with lock_run(tmp_path):
        pass
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            is_locked(tmp_path)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(300):
            with lock_run(tmp_path):
                assert locked_by(tmp_path) == os.getpid()
    finally:
        is_over.set()
        watcher.join()
    with lock_for_child(tmp_path):
        assert locked_by(tmp_path) is None  # not the one who held it before


def test_orders_are_read_and_forgotten(tmp_path: Path) -> None:
    assert asked(tmp_path) is None
    ask(tmp_path, "pause")
    assert asked(tmp_path) == "pause"
    ask(tmp_path, "stop")
    assert asked(tmp_path) == "stop"
    (tmp_path / "control.json").write_text('{"wanted": "dance"}')
    assert asked(tmp_path) is None
    clear(tmp_path)
    clear(tmp_path)
    assert asked(tmp_path) is None


def test_the_first_living_one_in_line_is_first(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("b", "a", "c")]
    for folder in folders:
        folder.mkdir()
        take_place(folder)
    assert is_first(folders[2])  # nobody else lives
    with lock_run(folders[0]):
        assert not is_first(folders[1])
        assert is_first(folders[0])


def test_this_very_process_is_not_killed(add_run: Any, project: Project) -> None:
    folder = add_run("r1", status="running")
    with lock_run(folder), pytest.raises(RunError, match="this very process"):
        project.force_stop("r1")
    with pytest.raises(RunError, match="no process"):
        project.force_stop("r1")


def test_a_name_and_a_note_survive_the_engine(add_run: Any, project: Project) -> None:
    folder = add_run("r1", status="running")
    assert project.rows()[0]["name"] == "photos"
    project.rename_run("r1", "  my   best ")
    project.note_run("r1", "more light")
    assert [project.rows()[0][key] for key in ("name", "note")] == ["my best", "more light"]
    add_run("r2")
    (folder / "record.json").write_bytes((folder / "record.json").read_bytes())  # the engine writes on
    assert project.find("my best").record.note == "more light"
    with pytest.raises(UsageError):
        project.rename_run("r1", " ")

"""Statuses are looked up anew only where something changed, however many ask."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from graftwork.project import Project, statuses
from graftwork.project.lock import lock_run
from graftwork.project.statuses import RunStatuses


@pytest.fixture
def asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the index was asked; nothing is too fresh to be looked up."""
    monkeypatch.setattr(statuses, "_FRESH_SECONDS", 0.0)
    found: list[int] = []
    rows = project.rows
    monkeypatch.setattr(project, "rows", lambda: (found.append(1), rows())[1])
    return found


def test_nothing_changed_asks_nothing(
    project: Project, add_run: Callable[..., Path], asked: list[int]
) -> None:
    add_run("a")
    known = RunStatuses(project)
    assert [known.now() for _ in range(5)] == [{"a": "finished"}] * 5
    assert len(asked) == 1


def test_a_run_that_comes_changes_or_goes_is_seen(
    project: Project, add_run: Callable[..., Path], asked: list[int]
) -> None:
    known = RunStatuses(project)
    assert known.now() == {}
    folder = add_run("a")
    assert known.now() == {"a": "finished"}
    add_run("a", status="stopped")
    assert known.now() == {"a": "stopped"}
    shutil.rmtree(folder)
    assert known.now() == {}
    assert len(asked) == 4


def test_a_process_that_dies_is_seen_though_it_writes_nothing(
    project: Project, add_run: Callable[..., Path], asked: list[int]
) -> None:
    folder = add_run("a", status="running")
    known = RunStatuses(project)
    with lock_run(folder):
        assert known.now() == {"a": "running"}
    assert known.now() == {"a": "interrupted"}
    assert len(asked) == 1


def test_many_that_ask_at_once_look_once(
    project: Project, add_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(statuses, "_FRESH_SECONDS", 60.0)
    monkeypatch.setattr(statuses, "_stamps", lambda _: (looks.append(1), {})[1])
    known = RunStatuses(project)
    for _ in range(20):
        known.now()
    assert len(looks) == 1

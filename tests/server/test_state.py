"""What a server keeps of its projects: one of each, with one bench, as long as the folder is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graftwork.server.roots import Roots
from graftwork.server.state import Studio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Studio(Roots())


def test_a_project_that_is_opened_twice_is_the_same_with_the_same_bench(
    studio: Studio, tmp_path: Path
) -> None:
    one, other = studio.open(tmp_path / "one", create=True), studio.open(tmp_path / "other", create=True)
    again = studio.open(tmp_path / "one")
    assert again is one
    assert again.bench is one.bench
    assert other.bench is not one.bench
    assert not one.bench.is_running
    studio.close()


def test_a_project_whose_folder_was_made_anew_is_opened_anew(studio: Studio, tmp_path: Path) -> None:
    first = studio.open(tmp_path / "home", create=True)
    shutil.rmtree(tmp_path / "home")
    second = studio.open(tmp_path / "home", create=True)
    assert second is not first
    assert second.bench is not first.bench
    studio.close()


@pytest.mark.parametrize("module", ["graftwork.server.app", "graftwork.cli.inspect", "graftwork.cli.use"])
def test_what_answers_at_once_loads_nothing_heavy(module: str) -> None:
    heavy = ("torch", "sklearn", "scipy", "pandas", "cleanlab", "captum", "optuna")
    code = f"import sys, {module}; print(sorted(set({heavy!r}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

"""What is published carries the studio: the source distribution built, so that it installs without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = "from hatchling.build import {kind}; print({kind}({folder!r}))"


def build(kind: str, source: Path, folder: Path, **environment: str) -> Path:
    """Build a distribution in a process of its own and return its file."""
    done = subprocess.run(
        [sys.executable, "-c", HOOK.format(kind=f"build_{kind}", folder=str(folder))],
        cwd=source,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / done.stdout.strip().splitlines()[-1]


def test_the_source_distribution_installs_without_node(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("The studio is built with npm, which is not here.")
    (tmp_path / "sdist").mkdir()
    (tmp_path / "wheel").mkdir()
    source = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(source) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert not [n for n in names if "node_modules" in n or "/.venv" in n or n.endswith(".jsonl")]
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    empty = tmp_path / "no-programs"
    empty.mkdir()
    wheel = build("wheel", unpacked, tmp_path / "wheel", PATH=str(empty))
    with zipfile.ZipFile(wheel) as archive:
        carried = archive.namelist()
    assert "graftwork/ui/index.html" in carried
    assert [n for n in carried if n.startswith("graftwork/ui/assets/") and n.endswith(".js")]
    assert not [n for n in carried if n.startswith("studio/")]

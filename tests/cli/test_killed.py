"""A run that is killed or interrupted, as processes see it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

OPTIONS = (
    *("--base", "random:timm:resnet10t", "--image-size", "32", "--strategy", "all_layers"),
    *("--set", "probe_first=false", "--epochs", "25", "--batch", "8"),
)


def start(home: Any, photos: Path, name: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a run in a process of its own and wait until it has ended an epoch."""
    command = [sys.executable, "-m", "graftwork", "train", str(photos), *OPTIONS, "--name", name]
    process = subprocess.Popen(
        [*command, "--project", str(home.root), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for flow in (home.root / "runs").glob("*/flow.yaml"):
            events = flow.parent / "events.jsonl"
            is_ours = f"name: {name}\n" in flow.read_text() and events.is_file()
            if is_ours and '"epoch":2' in events.read_text():
                return process, flow.parent
        time.sleep(0.02)
    process.kill()
    raise AssertionError("the run did not start")


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_very_same_weights(home: Any, photos: Path) -> None:
    process, folder = start(home, photos, "killed")
    process.kill()
    process.communicate()
    rows = home("runs", "list", "--json").json["runs"]
    assert [r["status"] for r in rows if r["id"] == folder.name] == ["interrupted"]
    resumed = home("runs", "resume", "killed", "--json").json
    straight = home("train", photos, *OPTIONS, "--name", "straight", "--json").json
    assert resumed["status"] == "finished"
    assert resumed["proof"]["weights_digest"] == straight["proof"]["weights_digest"]
    for run in ("killed", "straight"):
        home("runs", "delete", run, "--yes")


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_so_far_and_ends_with_130(home: Any, photos: Path) -> None:
    process, folder = start(home, photos, "stopped")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b'"status": "stopped"' in out
    assert (folder / "weights.safetensors").is_file()
    assert home("predict", "stopped", photos / "red" / "1.png").code == 0
    home("runs", "delete", "stopped", "--yes")

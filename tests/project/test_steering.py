"""Orders reach a run through its folder, in this process and in the worker of custom code."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.events import Event, Noted
from graftwork.documents.flow import Flow, load_flow
from graftwork.errors import RunError
from graftwork.project import Project, Run
from graftwork.project.control import ask
from graftwork.project.progress import RunProgress

from ..conftest import TINY_BASE

CODE = """
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.drop = nn.Dropout(0.3)
        self.dense = nn.Linear(12, 4)

    def forward(self, image):
        pooled = nn.functional.adaptive_avg_pool2d(self.norm(image), 2).flatten(1)
        return self.drop(self.dense(pooled))

model = Cell()
"""


def custom_flow(source: Path, epochs: int = 4, code: str = CODE) -> Flow:
    return load_flow(f"""
name: own
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 32}}}}
- id: own
  component: custom
  settings:
    code: |
{textwrap.indent(code, "      ")}
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, own.image]
- [own.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: {epochs}, batch: 12, precision: float32, checkpoint_seconds: 1000.0}}
""")


def pausing_at(folder: Callable[[], Path], kind: str, number: int = 1) -> Callable[[Event], None]:
    """Return a listener that asks for a pause at the n-th event of a kind."""
    seen = 0

    def listen(event: Event) -> None:
        nonlocal seen
        seen += event.kind == kind
        if event.kind == kind and seen == number:
            ask(folder(), "pause")

    return listen


def only_run(project: Project, *known: Run) -> Path:
    known_paths = {run.path for run in known}
    (found,) = (p for p in project.folder_of_runs.iterdir() if p.is_dir() and p not in known_paths)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Project:
    return Project(tmp_path / "home")


def tiny_flow(project: Project, source: Path, **options: Any) -> Flow:
    chosen = {"base": TINY_BASE, "image_size": 32, "batch": 12, "precision": "float32", "dropout": 0.3}
    return project.make_flow(str(source), **{**chosen, "epochs": 60, **options})


def test_an_order_in_the_folder_pauses_and_the_run_goes_on_bit_for_bit(home: Project, stripes: Path) -> None:
    flow = tiny_flow(home, stripes)
    whole = home.run(flow)
    listen = pausing_at(lambda: only_run(home, whole), "epoch_ended", 4)
    run = home.run(flow, on_event=listen)
    assert run.status == "paused"
    assert not (run.path / "control.json").exists()
    assert any(isinstance(e.event, Noted) and "Pausing" in e.event.message for e in run.events())
    assert home.rows()[0]["status"] == "paused"
    assert run.report is not None
    with pytest.raises(RunError, match="cannot be stopped: it is paused"):
        home.stop(run.id)
    ask(run.path, "stop")  # left over from before: whoever resumes did not mean it
    resumed = home.resume(run.id)
    assert resumed.status == "finished"
    assert resumed.proof is not None
    assert whole.proof is not None
    assert resumed.proof.weights_digest == whole.proof.weights_digest
    _check_progress(resumed)


def _check_progress(run: Run) -> None:
    """In each sitting of a real run the share never falls; at the end it is 1."""
    progress, share = RunProgress(), 0.0
    for line in run.events():
        share = 0.0 if line.event.kind == "run_started" else share
        progress.add(line)
        assert progress.document().share >= share
        share = progress.document().share
    assert share == 1.0


def test_an_order_to_stop_keeps_and_scores_the_best(home: Project, stripes: Path) -> None:
    flow = tiny_flow(home, stripes)

    def listen(event: Event) -> None:
        if event.kind == "epoch_ended" and event.epoch == 2:
            home.stop(only_run(home).name)

    run = home.run(flow, on_event=listen)
    assert run.status == "stopped"
    assert run.metrics["test"].num_images > 0
    assert run.proof is not None
    assert run.proof.holds


@pytest.mark.slow
def test_a_worker_pauses_and_goes_on_bit_for_bit(home: Project, stripes: Path) -> None:
    flow = custom_flow(stripes, 80)
    whole = home.run(flow)
    run = home.run(flow, on_event=pausing_at(lambda: only_run(home, whole), "epoch_ended", 3))
    assert run.status == "paused", run.record.message
    resumed = home.resume(run.id)
    assert resumed.proof is not None
    assert whole.proof is not None
    assert resumed.proof.weights_digest == whole.proof.weights_digest


SLEEPY = "import time\ntime.sleep(0)\n" + CODE.replace(
    "        pooled =", "        import time; time.sleep(0.02)\n        pooled ="
)


@pytest.mark.slow
def test_force_stop_ends_the_worker_too(home: Project, stripes: Path) -> None:
    run = home.start(custom_flow(stripes, 100_000, SLEEPY))
    deadline = time.monotonic() + 60
    while not any(e.event.kind == "phase_started" for e in run.events()):
        assert time.monotonic() < deadline, (run.path / "process.log").read_text()
        time.sleep(0.05)
    process = int((run.path / ".lock").read_text())
    below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    assert below
    home.force_stop(run.id)
    assert run.status == "interrupted"
    time.sleep(0.3)
    for each in (str(process), *below):
        assert _is_gone(int(each))


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "Z"

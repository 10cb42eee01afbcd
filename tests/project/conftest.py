"""A project whose engine is a script: it yields what a test says and writes what an engine writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.card import InputPort
from graftwork.documents.events import Event, PlanMade, RunEnded, RunStarted
from graftwork.documents.flow import Flow
from graftwork.documents.plan import CachePlan, ComputePlan, Plan
from graftwork.documents.record import DataSummary, Interval, Proof, RunRecord, Scores
from graftwork.project import Project

from ..conftest import TINY_BASE

ONE = Interval(value=0.75, low=0.5, high=0.9)
SCORES = Scores(
    num_images=4,
    accuracy=ONE,
    balanced_accuracy=Interval(value=0.7, low=0.4, high=0.8),
    macro_f1=ONE,
    log_loss=ONE,
    classes=(),
    confusion=((2, 0), (1, 1)),
    majority_accuracy=0.5,
)
PROOF = Proof(
    frozen_tensors=3,
    frozen_values=30,
    frozen_digest_before="aa",
    frozen_digest_after="aa",
    frozen_unchanged=True,
    trainable_tensors=2,
    trainable_values=6,
    moved_tensors=2,
    weights_digest="bb",
)
PLAN = Plan(
    base="timm:resnet10t",
    strategy="head_only",
    cut="pool",
    batch_norm="held",
    image_size=32,
    port=InputPort(height=32, width=32),
    classes=("a", "b"),
    num_images={"train": 8, "validation": 4, "test": 4},
    stages=(),
    head_parameters=6,
    phases=(),
    cache=CachePlan(is_used=False, reason="test"),
    compute=ComputePlan(),
    estimated_seconds=1.0,
)


def make_record(run: str, **changes: Any) -> RunRecord:
    """Return a finished record."""
    content: dict[str, Any] = {
        "run": run,
        "name": "photos",
        "path": run,
        "status": "finished",
        "created": "2026-01-31T12:00:00+00:00",
        "base": "timm:resnet10t",
        "strategy": "head_only",
        "cut": "pool",
        "seed": 0,
        "data": DataSummary(source="photos", digest="d", classes=("a", "b"), num_images={"train": 8}),
        "metrics": {"test": SCORES},
        "proof": PROOF,
    }
    return RunRecord(**{**content, **changes})


def engine_script(
    flow: Flow, folder: Path, *, workspace: object, stop: Callable[[], bool], pause: Callable[[], bool]
) -> Iterator[Event]:
    """Do what an engine does, without learning anything."""
    yield RunStarted(run=folder.name)
    (folder / "plan.json").write_text(PLAN.model_dump_json())
    yield PlanMade(plan=PLAN)
    record = make_record(folder.name, name=flow.name, seed=flow.recipe.seed)
    (folder / "record.json").write_text(record.model_dump_json())
    yield RunEnded(status="finished", proof=PROOF)


@pytest.fixture
def use_engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Return a function that puts a script in the place of the engine."""

    def use(script: Any) -> None:
        monkeypatch.setattr("graftwork.engine.run.run_flow", script)

    use(engine_script)
    return use


@pytest.fixture
def project(tmp_path: Path, use_engine: Any) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def add_run(project: Project) -> Callable[..., Path]:
    """Return a function that puts a run folder into the project."""

    def add(run: str, **changes: Any) -> Path:
        folder = project.folder_of_runs / run
        folder.mkdir(exist_ok=True)
        (folder / "record.json").write_text(make_record(run, **changes).model_dump_json())
        return folder

    return add


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, stripes: Path) -> tuple[Project, str]:
    """A project and a base id: a run on stripes."""
    project = Project(tmp_path_factory.mktemp("trained") / "project")
    run = project.transfer(
        stripes,
        base=TINY_BASE,
        strategy="all_layers",
        epochs=2,
        probe_epochs=1,
        image_size=32,
        precision="float32",
    )
    return project, f"run:{run.id}"

"""What looks inside stand on: the subject, its network as training starts, results that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from graftwork.documents.document import VersionedDocument
from graftwork.documents.flow import Flow, write_flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import RunError, RunInterrupted, RunNotFound
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.looks.inspection import Inspection
from graftwork.project.run import Run

from ...conftest import TINY_BASE


class Answer(VersionedDocument):
    """Any result."""

    value: int


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("inspection") / "home")


@pytest.fixture(scope="module")
def flow(stripes: Path) -> Flow:
    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous")
    return transfer_flow(str(stripes), base=TINY_BASE, image_size=32, recipe=recipe)


@pytest.fixture(scope="module")
def run(home: Project, flow: Flow) -> Run:
    return home.run(flow)


def test_a_run_a_flow_file_and_a_saved_flow_are_found(
    home: Project, flow: Flow, run: Run, tmp_path: Path
) -> None:
    write_flow(flow, tmp_path / "mine.yaml")
    saved = home.save_flow(flow.edit(name="saved"))
    assert home.inspect(run.id).run == run
    assert home.inspect(str(tmp_path / "mine.yaml")).flow == flow
    assert home.inspect(saved.name).run is None
    with pytest.raises(RunNotFound):
        home.inspect("nothing-of-that-name")


def test_the_network_is_the_one_that_training_started_from(home: Project, flow: Flow, run: Run) -> None:
    of_run, of_flow = home.inspect(run.id), home.inspect(flow)
    before, after = of_run.prepared.network.state_dict(), of_run.trained.network.state_dict()
    again = of_flow.prepared.network.state_dict()
    assert all(torch.equal(before[name], again[name]) for name in before)
    learned = dict(of_run.trained.network.named_parameters())
    moved = {name for name in learned if not torch.equal(before[name], after[name])}
    assert moved
    assert len(moved) == run.record.proof.moved_tensors  # type: ignore[union-attr]
    assert of_run.images.of_split("test") == of_flow.images.of_split("test")


def test_what_a_flow_alone_does_not_know_is_refused(home: Project, flow: Flow) -> None:
    with pytest.raises(RunError, match="was not trained"):
        _ = home.inspect(flow).trained


def test_a_result_is_made_once_for_the_same_facts(home: Project, run: Run, flow: Flow) -> None:
    made: list[int] = []

    def make() -> Answer:
        made.append(1)
        return Answer(value=len(made))

    for inside in (home.inspect(run.id), home.inspect(flow)):
        made.clear()
        first = inside.kept(Answer, "answer", {"seed": 0}, make)
        assert inside.kept(Answer, "answer", {"seed": 0}, make) == first
        assert inside.kept(Answer, "answer", {"seed": 1}, make).value == 2


def test_a_result_that_does_not_read_is_made_anew(home: Project, run: Run) -> None:
    said: list[str] = []
    inside = Inspection(home, run, tell=said.append)
    inside.kept(Answer, "broken", {}, lambda: Answer(value=1))
    path = next((run.path / "inspections").glob("broken-*"))
    path.write_text('{"format": 99}')
    assert inside.kept(Answer, "broken", {}, lambda: Answer(value=2)).value == 2
    assert said


def test_work_that_is_not_wanted_ends(home: Project, flow: Flow) -> None:
    with pytest.raises(RunInterrupted):
        Inspection(home, flow, stop=lambda: True).check_stop()

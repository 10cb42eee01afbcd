"""What a run leaves behind, however it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.events import Event, Noted, PlanMade, RunEnded, RunStarted
from graftwork.documents.flow import read_flow
from graftwork.errors import DataError, FlowError, ProofFailed, StorageError
from graftwork.project import Project, Run


def test_what_is_shown_is_what_is_stored(project: Project) -> None:
    seen: list[Event] = []
    run = project.transfer("photos", on_event=seen.append, name="mine", epochs=3)
    assert [line.event for line in run.events()] == seen
    assert [event.kind for event in seen] == ["run_started", "plan_made", "run_ended"]
    assert run.record.name == "mine"


def test_the_flow_is_saved_in_the_run_and_in_the_project(project: Project) -> None:
    run = project.transfer("photos", name="mine", epochs=3)
    assert run.flow == read_flow(project.root / "flows" / "mine.yaml")
    assert run.flow.recipe.epochs == 3


def test_another_flow_of_the_same_name_gets_a_number_and_the_same_one_does_not(project: Project) -> None:
    for epochs in (1, 1, 2):
        project.transfer("photos", name="mine", epochs=epochs)
    assert sorted(p.name for p in (project.root / "flows").iterdir()) == ["mine-2.yaml", "mine.yaml"]


def test_bad_input_leaves_nothing_behind(project: Project, use_engine: Callable[[Any], None]) -> None:
    def refuse(flow: Any, folder: Path, **_: Any) -> Iterator[Event]:
        yield RunStarted(run=folder.name)
        raise DataError("The folder photos is empty.")

    use_engine(refuse)
    with pytest.raises(DataError):
        project.transfer("photos")
    assert list(project.folder_of_runs.iterdir()) == []
    assert list((project.root / "flows").iterdir()) == []
    assert project.rows() == []


def test_a_failed_run_is_kept_and_says_why(
    project: Project, use_engine: Callable[[Any], None], make_plan: Any
) -> None:
    def fail(flow: Any, folder: Path, **_: Any) -> Iterator[Event]:
        yield make_plan(folder)
        yield RunEnded(status="failed", message="no")
        raise ProofFailed("3 frozen tensors changed.")

    use_engine(fail)
    with pytest.raises(ProofFailed) as caught:
        project.transfer("photos", seed=7)
    run = project.find(caught.value.fields["run"])
    assert (run.record.status, run.record.message) == ("failed", "3 frozen tensors changed.")
    assert run.record.seed == 7
    assert project.rows()[0]["status"] == "failed"


def test_a_flow_with_problems_makes_no_run(project: Project) -> None:
    flow = project.make_flow("photos")
    with pytest.raises(FlowError) as caught:
        project.run(flow.edit(edges=()))
    assert caught.value.problems
    assert list(project.folder_of_runs.iterdir()) == []


@pytest.fixture
def make_plan() -> Callable[[Path], PlanMade]:
    from graftwork.documents.card import InputPort
    from graftwork.documents.plan import CachePlan, ComputePlan, Plan

    def make(folder: Path) -> PlanMade:
        plan = Plan(
            base="b",
            strategy="head_only",
            cut="pool",
            batch_norm="held",
            image_size=8,
            port=InputPort(height=32, width=32),
            classes=("a", "b"),
            num_images={},
            stages=(),
            head_parameters=1,
            phases=(),
            cache=CachePlan(is_used=False, reason=""),
            compute=ComputePlan(),
            estimated_seconds=0.0,
        )
        (folder / "plan.json").write_text(plan.model_dump_json())
        return PlanMade(plan=plan)

    return make


def test_the_first_interrupt_stops_and_the_second_aborts(
    project: Project, use_engine: Callable[[Any], None], make_plan: Any
) -> None:
    answers: list[bool] = []

    def interrupted(flow: Any, folder: Path, *, stop: Callable[[], bool], **_: Any) -> Iterator[Event]:
        yield make_plan(folder)
        answers.append(stop())
        os.kill(os.getpid(), signal.SIGINT)
        answers.append(stop())
        yield Noted(level="info", message="the engine goes on until it asks")
        os.kill(os.getpid(), signal.SIGINT)
        yield RunStarted(run="never reached")

    before = signal.getsignal(signal.SIGINT)
    use_engine(interrupted)
    with pytest.raises(KeyboardInterrupt):
        project.transfer("photos")
    assert answers == [False, True]
    assert signal.getsignal(signal.SIGINT) is before
    (run,) = project.folder_of_runs.iterdir()
    messages = [e.event.message for e in Run(run).events() if isinstance(e.event, Noted)]
    assert any("Ctrl-C again" in m for m in messages)


def test_the_callers_stop_reaches_the_engine(
    project: Project, use_engine: Callable[[Any], None], make_plan: Any
) -> None:
    answers: list[bool] = []

    def ask(flow: Any, folder: Path, *, stop: Callable[[], bool], **_: Any) -> Iterator[Event]:
        answers.append(stop())
        yield make_plan(folder)

    use_engine(ask)
    project.transfer("photos", stop=lambda: True)
    assert answers == [True]


def test_resuming_goes_on_after_the_last_whole_line(
    project: Project, use_engine: Callable[[Any], None], make_plan: Any
) -> None:
    run = project.transfer("photos")
    lines = len(list(run.events()))
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"time": 3.0, "ev')
    (run.path / "record.json").unlink()

    def go_on(flow: Any, folder: Path, **_: Any) -> Iterator[Event]:
        yield Noted(level="info", message="on")

    use_engine(go_on)
    project.resume(run.id)
    text = (run.path / "events.jsonl").read_text()
    assert text.count("\n") == lines + 1
    assert len(list(run.events())) == lines + 1


def test_a_finished_run_is_not_run_again(
    project: Project, use_engine: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    run = project.transfer("photos")
    use_engine(None)
    told = Project(project.root, on_note=notes.append)
    assert told.resume(run.id) == run
    assert "nothing to resume" in notes[0]


def test_a_full_disk_ends_the_run_in_plain_words(
    project: Project, use_engine: Callable[[Any], None], make_plan: Any
) -> None:
    def full(flow: Any, folder: Path, **_: Any) -> Iterator[Event]:
        yield make_plan(folder)
        raise OSError(28, "No space left on device")

    use_engine(full)
    with pytest.raises(StorageError, match="no space left"):
        project.transfer("photos")

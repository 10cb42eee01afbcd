"""Learning curves: the same images at each point, nothing trained twice, and a killed one ends as if it had not been."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from graftwork.documents.learning_curve import (
    CurveChoices,
    CurvePoint,
    CurveState,
    LabelsNeeded,
    LearningCurve,
)
from graftwork.documents.record import Interval, main_score
from graftwork.errors import RunError, RunInterrupted, UsageError
from graftwork.project import Project
from graftwork.project.controls import controls, missing_controls, run_controls
from graftwork.project.lock import is_locked, locked_by
from graftwork.project.looks.curve_estimate import estimate_curve
from graftwork.project.looks.curve_runs import CURVE, done_run, points_of
from graftwork.project.looks.curve_steering import curve_state, only_one, start_curve, stop_curve, write_state
from graftwork.project.looks.curve_words import answer_of
from graftwork.project.looks.learning_curve import measure_curve, subject_of
from graftwork.project.looks.stored_scores import gain_over, stored_score
from graftwork.project.queue import LOCK, turn_between_runs
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes

CHOICES = CurveChoices(shares=(0.2, 0.5, 1.0), seeds=2)
OPTIONS: dict[str, Any] = {
    "base": TINY_BASE,
    "image_size": 32,
    "epochs": 2,
    "batch": 16,
    "precision": "float32",
    "memory_format": "contiguous",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, stripes: Path) -> Project:
    project = Project(tmp_path_factory.mktemp("curve") / "home")
    project.transfer(stripes, name="mine", **OPTIONS)
    return project


@pytest.fixture(scope="module")
def curve(home: Project) -> LearningCurve:
    return measure_curve(home.inspect("mine"), CHOICES)


def samples(run: Run, split: str) -> set[str]:
    table = pd.read_parquet(run.path / "samples.parquet")
    return set(table.key[table.split == split])


def accuracies(curve: LearningCurve) -> list[tuple[float, ...]]:
    return [point.scores for point in (*curve.transfer, *curve.scratch)]


def test_each_point_trains_on_a_share_inside_the_next_and_is_scored_on_the_same_images(
    home: Project, curve: LearningCurve
) -> None:
    run = home.find("mine")
    for kind in ("transfer", "scratch"):
        for number in range(2):
            here = [p for p in points_of(run, CHOICES) if (p.kind, p.number) == (kind, number)]
            runs = [done_run(home, run, p) for p in here]
            trained = [samples(r, "train") for r in runs if r is not None]
            assert len(trained) == 3
            assert trained[0] < trained[1] < trained[2] == samples(run, "train")
            assert all(samples(r, s) == samples(run, s) for r in runs if r for s in ("validation", "test"))
    assert [p.num_labels for p in curve.transfer] == [9, 21, 42]  # 14 of each class, in thirds
    assert [p.num_labels for p in curve.scratch] == [9, 21, 42]
    assert (curve.done, curve.total) == (12, 12)


def test_scores_are_those_of_the_runs_and_their_means(home: Project, curve: LearningCurve) -> None:
    run = home.find("mine")
    for point in points_of(run, CHOICES):
        made = done_run(home, run, point)
        assert made is not None
        line = curve.transfer if point.kind == "transfer" else curve.scratch
        told = next(p for p in line if p.share == point.share)
        assert told.scores[point.number] == main_score(made.record.metrics["test"])[1].value
        assert told.score.value == pytest.approx(np.mean(told.scores))
        assert told.score.low <= told.score.value <= told.score.high
    for gain, own, other in zip(curve.gains, curve.transfer, curve.scratch, strict=True):
        assert gain.gain.value == pytest.approx(own.score.value - other.score.value)


def test_all_labels_and_the_first_seed_are_the_run_itself(home: Project, curve: LearningCurve) -> None:
    run = home.find("mine")
    first = next(p for p in points_of(run, CHOICES) if (p.kind, p.share, p.number) == ("transfer", 1.0, 0))
    assert done_run(home, run, first) == run
    assert not first.path.exists()


def test_what_is_behind_a_curve_stays_out_of_the_list_and_takes_little_space(
    home: Project, curve: LearningCurve
) -> None:
    run = home.find("mine")
    assert [r.id for r in home.runs()] == [run.id]
    assert len(list((run.path / CURVE).glob("*-seed*"))) == 11
    assert not list((run.path / CURVE).glob("*/weights.safetensors"))
    assert list((run.path / "inspections").glob("curve-*.json"))


def test_nothing_is_trained_twice(home: Project, curve: LearningCurve) -> None:
    told: list[CurveState] = []
    again = measure_curve(home.inspect("mine"), CHOICES, told=told.append)
    assert again == curve
    assert not any(state.at for state in told)
    wider = CHOICES.edit(shares=(0.2, 0.3, 1.0))
    cost = estimate_curve(home.inspect("mine"), home.find("mine"), wider)
    assert cost.num_runs == 4  # two seeds of 30 %, with transfer and from scratch
    assert {c.share for c in cost.costs if c.seconds > 0} == {0.3}


def test_a_curve_that_is_stopped_and_goes_on_ends_as_one_that_was_not(
    home: Project, curve: LearningCurve, stripes: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path / "other")
    project.transfer(stripes, name="mine", **OPTIONS)
    stops = 0
    for enough in (4, 9, 15, 10**6):
        look, asked = project.inspect("mine"), iter(range(10**6))
        look.stop = lambda asked=asked, enough=enough: next(asked) >= enough  # type: ignore[misc]
        try:
            found = measure_curve(look, CHOICES)
        except RunInterrupted:
            stops += 1
    assert stops == 3
    assert accuracies(found) == accuracies(curve)
    assert found.transfer[0].score == curve.transfer[0].score
    run, mine = project.find("mine"), home.find("mine")
    for one, other in zip(points_of(run, CHOICES), points_of(mine, CHOICES), strict=True):
        a, b = done_run(project, run, one), done_run(home, mine, other)
        assert a is not None and b is not None and a.proof and b.proof  # noqa: PT018
        assert a.proof.weights_digest == b.proof.weights_digest


def until(look: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"Waited in vain for {what}."
        time.sleep(0.05)


def test_a_process_that_is_killed_leaves_what_it_had_and_the_rest_is_done_later(
    stripes: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path / "home")
    run = project.transfer(stripes, name="mine", **OPTIONS)
    choices = CurveChoices(shares=(0.5,), seeds=1, scratch_epochs=25)
    assert curve_state(project, "mine").status == "none"
    with pytest.raises(RunError, match="Nobody measures"):
        stop_curve(project, "mine")
    start_curve(project, "mine", choices)
    with pytest.raises(RunError, match="being measured already"):
        start_curve(project, "mine", choices)
    until(lambda: "scratch" in curve_state(project, "mine").at, "training from scratch")
    process = locked_by(run.path / CURVE)
    assert process
    os.killpg(process, signal.SIGKILL)
    until(lambda: not is_locked(run.path / CURVE), "the end of the process")
    state = curve_state(project, "mine")
    assert state.status == "stopped"
    assert state.curve is not None
    assert len(state.curve.transfer) == 1
    assert not state.curve.scratch
    ended = measure_curve(project.inspect("mine"), choices)
    assert (ended.done, ended.total) == (2, 2)
    shutil.rmtree(run.path / CURVE)
    assert accuracies(measure_curve(project.inspect("mine"), choices)) == accuracies(ended)


def test_a_detached_curve_stops_when_asked(stripes: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "home")
    project.transfer(stripes, name="mine", **OPTIONS)
    choices = CurveChoices(shares=(0.5,), seeds=1, scratch_epochs=2000)
    start_curve(project, "mine", choices)
    until(lambda: "scratch" in curve_state(project, "mine").at, "training from scratch")
    assert curve_state(project, "mine").seconds_left is not None
    with pytest.raises(RunError, match="being measured"):
        project.delete("mine")
    stop_curve(project, "mine")
    until(lambda: curve_state(project, "mine").status == "stopped", "the stop")
    assert "kept" in (curve_state(project, "mine").message or "")
    project.delete("mine")
    assert not project.runs()


def test_runs_that_wait_go_first_and_stopping_ends_the_waiting(tmp_path: Path) -> None:
    waited: list[str] = []
    with turn_between_runs(tmp_path, on_wait=lambda: waited.append("a"), stop=lambda: False):
        stop = iter([False, False, True, True])
        with turn_between_runs(tmp_path, on_wait=lambda: waited.append("b"), stop=lambda: next(stop)):
            pass
    assert waited == ["b"]
    assert (tmp_path / LOCK).exists()


def test_a_run_that_fails_is_a_note_and_the_others_count(
    home: Project, curve: LearningCurve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(flow: Any, run: Run, **_: Any) -> None:
        raise RunError("The loss is not a number.")

    monkeypatch.setattr("graftwork.project.looks.learning_curve.execute", fail)
    found = measure_curve(home.inspect("mine"), CHOICES.edit(shares=(0.2, 0.35)))
    assert [p.share for p in found.transfer] == [0.2]
    assert sum("The loss is not a number." in note for note in found.notes) == 4
    with pytest.raises(RunError, match="not a number"):
        measure_curve(home.inspect("mine"), CHOICES.edit(shares=(0.35,)))


def test_what_has_no_curve_is_told_in_words(home: Project, stripes: Path, tmp_path: Path) -> None:
    flow = home.find("mine").flow
    with pytest.raises(RunError, match="was not trained"):
        subject_of(home.inspect(flow))
    with pytest.raises(UsageError, match="held against"):
        points_of(home.find("mine"), CurveChoices(strategy="from_scratch"))
    moved = tmp_path / "images"
    write_stripes(moved, per_class=6)
    project = Project(tmp_path / "home")
    run = project.transfer(moved, name="few", **OPTIONS)
    next(iter(moved.glob("flat/*.png"))).unlink()
    with pytest.raises(RunError, match="changed since"):
        subject_of(project.inspect(run.id))
    blind = project.transfer(stripes, name="blind", validation=0.0, test=0.0, **OPTIONS)
    with pytest.raises(RunError, match="no scores"):
        subject_of(project.inspect(blind.id))
    with pytest.raises(UsageError, match="no scores"):
        missing_controls(project, "blind")


def test_few_images_and_one_seed_give_a_curve_that_says_how_little_it_knows(tmp_path: Path) -> None:
    images = write_stripes(tmp_path / "images", per_class=4, classes=("flat", "tall"))
    project = Project(tmp_path / "home")
    project.transfer(images, name="few", **OPTIONS)
    found = measure_curve(project.inspect("few"), CurveChoices(shares=(0.05, 0.1, 1.0), seeds=1))
    assert [p.num_labels for p in found.transfer] == [2, 2, 4]
    assert found.forecast is None
    assert any("One seed" in note for note in found.notes)


def test_only_one_measures_at_a_time(home: Project) -> None:
    run = home.find("mine")

    @contextmanager
    def held() -> Any:
        import fcntl

        (run.path / CURVE).mkdir(exist_ok=True)
        with (run.path / CURVE / ".lock").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    with held(), pytest.raises(RunError, match="measured already"), only_one(run):
        pass
    with only_one(run):
        write_state(run, CurveState(run=run.id, status="running"))
    assert curve_state(home, run.id).status == "stopped"  # no process works on it


# -- controls --------------------------------------------------------------------------------------------


def test_missing_controls_are_run_once_and_have_paired_intervals(stripes: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "home")
    run = project.transfer(stripes, name="some", **{**OPTIONS, "strategy": "some_layers", "probe_epochs": 2})
    assert controls(project, "some").missing == ("from_scratch", "head_only")
    found = run_controls(project, "some")
    assert found.missing == ()
    assert found.scratch is not None
    assert found.head_only is not None
    assert len(project.runs()) == 3
    assert run_controls(project, "some") == found
    assert len(project.runs()) == 3
    scratch = project.find(found.scratch.run)
    own, other = stored_score(run, "test"), stored_score(scratch, "test")
    assert own is not None
    assert other is not None
    assert found.score == own.value
    for gain, interval in (
        (found.gain_over_scratch, found.interval_over_scratch),
        (found.gain_over_head_only, found.interval_over_head_only),
        (found.gain_over_majority, found.interval_over_majority),
    ):
        assert gain is not None
        assert interval is not None
        assert interval.value == pytest.approx(gain / 100)
        assert interval.low <= interval.value <= interval.high
    table = pd.read_parquet(run.path / "predictions.parquet").query("split == 'test'").sort_values("key")
    theirs = pd.read_parquet(scratch.path / "predictions.parquet").query("split == 'test'").sort_values("key")
    gaps = (table.predicted == table.label).to_numpy(float) - (theirs.predicted == theirs.label).to_numpy(
        float
    )
    draw = np.random.default_rng(0)
    means = [gaps[draw.integers(len(gaps), size=len(gaps))].mean() for _ in range(500)]
    assert found.interval_over_scratch is not None
    assert found.interval_over_scratch.low == pytest.approx(np.quantile(means, 0.025))


def test_runs_on_other_test_images_are_not_paired(home: Project, stripes: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "home")
    one = project.transfer(stripes, name="one", **OPTIONS)
    other = project.transfer(stripes, name="other", seed=5, **OPTIONS)
    assert gain_over(one, other, "test") is None


# -- words -----------------------------------------------------------------------------------------------


def point(num: int, score: float) -> CurvePoint:
    return CurvePoint(
        share=num / 400,
        num_labels=num,
        score=Interval(value=score, low=score, high=score),
        scores=(score,),
        seconds=1.0,
    )


def needs(
    num: int, score: float, needed: float | None, low: float | None, high: float | None
) -> LabelsNeeded:
    return LabelsNeeded(num_labels=num, score=score, needed=needed, low=low, high=high)


def test_the_answer_in_words() -> None:
    scratch = [point(20, 0.4), point(400, 0.6)]
    better = [point(20, 0.7), point(400, 0.9)]
    never = [needs(20, 0.7, None, None, None), needs(400, 0.9, None, None, None)]
    said = answer_of(better, scratch, never, needs(400, 0.6, 20, 20, 20), score_name="accuracy")
    assert said == (
        "What training from scratch reaches with 400 labels (0.600 in accuracy), transfer reaches with 20 or fewer: "
        "it saves at least 380 labels. What transfer reaches with 20 labels (0.700), training from scratch does not "
        "reach with all 400: it would take more labels than there are."
    )
    between = answer_of(
        [point(20, 0.5), point(400, 0.7)], scratch, [], needs(400, 0.6, 89.4, 40, None), score_name="accuracy"
    )
    assert (
        "with about 89 (95 % interval: from 40 to more than there are): it saves about 311 labels." in between
    )
    half = answer_of(
        better, [point(20, 0.4), point(200, 0.6)], never, needs(200, 0.6, 20, 20, 20), score_name="r2"
    )
    assert half.endswith("does not reach with 200: it would take more labels than were measured.")
    worse = answer_of([point(20, 0.2)], scratch, [], needs(400, 0.6, None, None, None), score_name="accuracy")
    assert worse.endswith("transfer does not reach with as many: it saves no labels here.")
    alone = answer_of(better, [], [], None, score_name="accuracy")
    assert "was not measured, so" in alone
    assert "not measured with all labels yet, so" in answer_of(
        better, scratch[:1], [], None, score_name="accuracy"
    )
    assert answer_of([], [], [], None, score_name="accuracy") == "Nothing is measured yet."

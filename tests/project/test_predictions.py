"""Stored predictions agree with the record; controls are the right runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from graftwork.documents.record import DataSummary, Interval
from graftwork.errors import RunError, UnknownName, UsageError
from graftwork.project import Project, Run
from graftwork.project.controls import control_flow, controls
from graftwork.project.predictions import prediction_page

from ..conftest import TINY_BASE, write_stripes
from .conftest import ONE, SCORES, make_record


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on images that it does not learn in one epoch, so that there are mistakes to look at."""
    folder = tmp_path_factory.mktemp("predictions")
    photos = write_stripes(folder / "photos", per_class=16)
    options = {"base": TINY_BASE, "image_size": 32, "epochs": 1, "test": 0.4, "precision": "float32"}
    return Project(folder / "home").transfer(str(photos), **options)


def test_predictions_are_those_of_the_record(trained: Run) -> None:
    for split in ("test", "validation"):
        scores = trained.metrics.of_classes(split)
        names = [c.name for c in scores.classes]
        counts = [
            [prediction_page(trained, split=split, label=a, predicted=b).total for b in names] for a in names
        ]
        assert tuple(map(tuple, counts)) == scores.confusion
        rows = prediction_page(trained, split=split, limit=10_000).rows
        assert len(rows) == scores.num_images
        assert np.mean([row.loss for row in rows]) == pytest.approx(scores.log_loss.value, abs=1e-6)
        assert np.mean([row.label == row.predicted for row in rows]) == scores.accuracy.value
        assert {row.split for row in rows} == {split}
        wrong = prediction_page(trained, split=split, only="wrong").total
        right = prediction_page(trained, split=split, only="right").total
        assert (wrong + right, wrong) == (scores.num_images, scores.num_images - np.trace(scores.confusion))


def test_rows_say_what_they_stand_on(trained: Run) -> None:
    row = prediction_page(trained, only="wrong", limit=1).rows[0]
    assert row.label != row.predicted
    assert row.probability == max(row.probabilities.values()) == row.probabilities[row.predicted or ""]
    assert row.label_probability == row.probabilities[row.label or ""]
    assert sum(row.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert list(row.probabilities) == sorted(row.probabilities, key=lambda n: -row.probabilities[n])
    assert row.loss == pytest.approx(-np.log(row.label_probability))
    samples = pd.read_parquet(trained.path / "samples.parquet").set_index("key")
    assert row.digest == samples.loc[row.key, "digest"]


def test_pages_follow_each_other_in_order(trained: Run) -> None:
    whole = prediction_page(trained, limit=1000)
    parts = [prediction_page(trained, offset=at, limit=4).rows for at in range(0, whole.total, 4)]
    assert tuple(row for part in parts for row in part) == whole.rows
    losses = [row.loss for row in whole.rows]
    assert losses == sorted(losses, reverse=True)
    surest = [r.probability for r in prediction_page(trained, sort="confidence", descending=False).rows]
    assert surest == sorted(surest)
    keys = [row.key for row in prediction_page(trained, sort="key", descending=False).rows]
    assert keys == sorted(keys)


def test_questions_that_cannot_be_meant_are_refused(trained: Run, add_run: Any) -> None:
    with pytest.raises(UnknownName, match="no class 'tal'"):
        prediction_page(trained, label="tal")
    with pytest.raises(UnknownName, match="split 'train'"):
        prediction_page(trained, split="train")
    with pytest.raises(RunError, match="no stored predictions"):
        prediction_page(Run(add_run("empty")))


def stored(folder: Path, kind: Any, labels: Any, said: Any, names: tuple[str, ...]) -> Run:
    """Put predictions of another kind of labels into a run's folder."""
    keys = [f"{i}.png" for i in range(len(said))]
    table = pd.DataFrame({"key": keys, "split": "test", "label": labels})
    table[[f"p_{i}" for i in range(len(said[0]))]] = np.array(said, dtype=np.float32)
    table.to_parquet(folder / "predictions.parquet")
    pd.DataFrame({"key": keys, "digest": keys}).to_parquet(folder / "samples.parquet")
    data = DataSummary(
        source="p",
        digest="d",
        classes=names if kind == "tags" else (),
        label_names=names if kind == "number" else (),
        label_kind=kind,
        num_images={},
    )
    (folder / "record.json").write_text(make_record(folder.name, data=data, metrics={}).model_dump_json())
    return Run(folder)


def test_tags_are_right_when_all_of_them_are(add_run: Any) -> None:
    labels, said = [[1, 0], [1, 1], [0, 0]], [[0.9, 0.2], [0.8, 0.4], [0.1, 0.3]]
    run = stored(add_run("tags"), "tags", labels, said, ("red", "big"))
    (wrong,) = prediction_page(run, only="wrong").rows
    assert (wrong.key, wrong.label, wrong.predicted) == ("1.png", "red;big", "red")
    assert wrong.loss == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2, rel=1e-5)
    assert prediction_page(run, label="red").total == 2
    assert prediction_page(run, label="big", predicted="big").total == 0


def test_numbers_are_neither_wrong_nor_right(add_run: Any) -> None:
    run = stored(add_run("n"), "number", [[1.0], [3.0], [8.0]], [[1.5], [3.0], [4.0]], ("weight",))
    worst = prediction_page(run).rows[0]
    assert (worst.label_values, worst.values) == ({"weight": 8.0}, {"weight": 4.0})
    assert worst.loss == pytest.approx(4.0 / np.std([1.0, 3.0, 8.0]))
    with pytest.raises(UsageError):
        prediction_page(run, only="wrong")


# -- controls --------------------------------------------------------------------------------------------


def scored(value: float) -> Any:
    return {"test": SCORES.edit(accuracy=Interval(value=value, low=value - 0.1, high=value + 0.1))}


def test_a_run_is_held_against_the_best_control_on_its_data(project: Project, add_run: Any) -> None:
    add_run("mine", strategy="some_layers", metrics=scored(0.9))
    assert "trains from scratch or trains the head alone yet" in controls(project, "mine").reason
    other = DataSummary(source="photos", digest="other", classes=("a", "b"), num_images={})
    scratch = {"strategy": "from_scratch", "base": "random:timm:resnet10t"}
    add_run("good", **scratch, metrics=scored(0.6))
    add_run("poor", **scratch, metrics=scored(0.55))
    add_run("stopped", **scratch, status="stopped", metrics=scored(0.8))
    add_run("elsewhere", **scratch, data=other, metrics=scored(0.85))
    add_run("other-base", strategy="from_scratch", base="random:x", metrics=scored(0.7))
    found = controls(project, "mine")
    assert found.scratch is not None
    assert (found.scratch.run, found.score, found.majority) == ("good", 0.9, 0.5)
    assert found.gain_over_scratch == pytest.approx(30.0)
    assert found.gain_over_majority == pytest.approx(40.0)
    assert found.reason == "No finished run on the same images and splits trains the head alone yet."
    add_run("head", metrics=scored(0.85))
    assert controls(project, "mine").gain_over_head_only == pytest.approx(5.0)
    assert controls(project, "mine").reason == ""
    itself = controls(project, "good")
    assert itself.gain_over_scratch is None
    assert "itself" in itself.reason


def test_a_run_without_scores_has_no_controls(project: Project, add_run: Any) -> None:
    add_run("empty", metrics={})
    found = controls(project, "empty")
    assert (found.score, found.scratch, found.gain_over_scratch) == (None, None, None)
    assert found.reason == "The run has no scores yet."
    assert ONE.value == 0.75


@pytest.mark.parametrize("control", ["from_scratch", "head_only"])
def test_a_control_differs_in_the_strategy_alone(
    project: Project, control: Any, stripes: Path, tmp_path: Path
) -> None:
    from graftwork.engine.run import plan_flow
    from graftwork.engine.workspace import Workspace

    options = {"base": TINY_BASE, "image_size": 32, "strategy": "some_layers", "cut": "blocks.2", "seed": 3}
    flow = project.make_flow(str(stripes), **options)
    made = control_flow(flow, control)
    assert made.recipe == flow.recipe
    assert made.edges == flow.edges
    changed = {n.id for n in flow.nodes if n != made.node(n.id)}
    assert changed == {n.id for n in flow.of_component("backbone")}
    space = Workspace(cache=tmp_path / "c", runs=tmp_path / "r", index=tmp_path / "i")
    plan = plan_flow(made, workspace=space)
    assert plan.strategy == control
    assert plan.num_images == plan_flow(flow, workspace=space).num_images
    with pytest.raises(UsageError, match="no backbone"):
        control_flow(flow.edit(nodes=flow.of_component("images"), edges=()), control)

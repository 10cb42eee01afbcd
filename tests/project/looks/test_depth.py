"""Probe by depth on real flows: the numbers of an independent probe on stages that are called one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold

from graftwork.data import read_canvas
from graftwork.documents.flow import Flow, load_flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import DataError, FlowError, RunError, RunInterrupted, UnknownName
from graftwork.graph.flows import transfer_flow
from graftwork.insight.probes import linear_probe, nearest_mean
from graftwork.project import Project
from graftwork.project.looks.depth import probe_by_depth
from graftwork.project.looks.inspection import Inspection
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes
from ...insight.test_probes import expected_logistic

FIXED = {"epochs": 1, "precision": "float32", "memory_format": "contiguous"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("depth") / "home")


def flow_of(source: Path, **settings) -> Flow:
    recipe = Recipe(**{**FIXED, **settings.pop("recipe", {})})
    return transfer_flow(str(source), recipe=recipe, **{"base": TINY_BASE, "image_size": 32, **settings})


@pytest.fixture(scope="module")
def run(home: Project, stripes: Path) -> Run:
    return home.run(flow_of(stripes))


def features_one_by_one(inside: Inspection, indices: list[int]) -> dict[str, np.ndarray]:
    """Call each stage on its own, image by image in one batch, and take means over places by hand."""
    prepared = inside.prepared
    pixels = np.stack([read_canvas(inside.images, i, prepared.transform) for i in indices])
    x = prepared.transform.normalize(torch.from_numpy(pixels))
    found = {}
    with torch.no_grad():
        for stage in prepared.network.base.stages:
            x = stage.module(x)
            found[stage.name] = x.flatten(2).mean(2).numpy() if x.ndim == 4 else x.numpy()
    return found


def test_each_stage_has_the_numbers_of_an_independent_probe(home: Project, stripes: Path) -> None:
    inside = home.inspect(flow_of(stripes))
    report = probe_by_depth(inside)
    images = inside.images
    indices = images.of_split("train") + images.of_split("validation")
    labels = np.array([images.samples[i].label for i in indices])
    groups = np.array([images.samples[i].digest for i in indices])
    features = features_one_by_one(inside, indices)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    assert report.protocol == "cross_validation"
    assert [s.stage for s in report.stages] == list(features)
    for row in report.stages:
        x = features[row.stage]
        said, nearest, truth = [], [], []
        for fitted, scored in folds.split(x, labels, groups):
            said += list(expected_logistic(x[fitted], labels[fitted], x[scored], 0)[0])
            nearest += list(nearest_mean(x[fitted], labels[fitted], x[scored]).values)
            truth += list(labels[scored])
        assert row.linear is not None
        assert row.linear.accuracy is not None
        assert row.linear.accuracy.value == accuracy_score(truth, said)
        assert row.linear.score.value == pytest.approx(balanced_accuracy_score(truth, said))
        assert row.nearest_mean is not None
        assert row.nearest_mean.score.value == pytest.approx(balanced_accuracy_score(truth, nearest))


def test_with_enough_validation_images_they_alone_are_scored(home: Project, tmp_path: Path) -> None:
    folder = write_stripes(tmp_path / "many", per_class=80, size=32)
    inside = home.inspect(
        transfer_flow(str(folder), base=TINY_BASE, image_size=32, validation=0.45, recipe=Recipe(**FIXED))
    )
    report = probe_by_depth(inside)
    images = inside.images
    train, validation = images.of_split("train"), images.of_split("validation")
    assert len(validation) >= 100
    assert (report.protocol, report.num_folds) == ("validation", 1)
    assert (report.num_fitted, report.num_scored) == (len(train), len(validation))
    features = features_one_by_one(inside, train + validation)
    labels = images.labels(train + validation)
    n = len(train)
    for row in report.stages:
        x = features[row.stage]
        said = linear_probe(x[:n], labels[:n], x[n:]).values
        assert row.linear is not None
        assert row.linear.accuracy is not None
        assert row.linear.accuracy.value == accuracy_score(labels[n:], said)


def test_one_pass_for_all_stages_and_none_when_it_is_asked_again(home: Project, stripes: Path) -> None:
    flow = flow_of(stripes, recipe={"seed": 11})  # another random base: nothing is stored
    inside = home.inspect(flow)
    first = probe_by_depth(inside)
    looked_at = len(inside.images.of_split("train") + inside.images.of_split("validation"))
    assert inside.prepared.network.base_images == looked_at
    again = home.inspect(flow)
    again.prepared.network.base_images = 0
    for path in (home.workspace.cache / "inspections").glob("depth-*"):
        path.unlink()
    assert probe_by_depth(again) == first
    assert again.prepared.network.base_images == 0


def test_training_the_head_finds_the_last_stage_in_the_cache(home: Project, stripes: Path) -> None:
    flow = flow_of(stripes, recipe={"seed": 12})
    inside = home.inspect(flow)
    probe_by_depth(inside)
    assert len(inside.prepared.network.base.card.stages[-1].output_shape) == 1
    run = home.run(flow)
    assert run.cost is not None
    assert run.cost.base_images == len(inside.images.of_split("test"))


def test_what_is_kept_does_not_depend_on_the_cut(home: Project, stripes: Path) -> None:
    one = flow_of(stripes)
    other = flow_of(stripes, strategy="all_layers")
    assert probe_by_depth(home.inspect(one)) == probe_by_depth(home.inspect(other))


def test_a_run_is_looked_at_before_and_after_training(home: Project, stripes: Path) -> None:
    run = home.run(flow_of(stripes, strategy="all_layers", recipe={"epochs": 2}))
    before = probe_by_depth(home.inspect(run.id))
    after = probe_by_depth(home.inspect(run.id), is_trained=True)
    assert (before.weights, after.weights) == ("start", "trained")
    assert before.stages != after.stages
    assert before == probe_by_depth(home.inspect(flow_of(stripes, strategy="all_layers")))
    assert list((run.path / "inspections").glob("depth-*"))


def test_the_best_stage_is_the_earliest_within_one_standard_error(home: Project, run: Run) -> None:
    report = probe_by_depth(home.inspect(run.id))
    scores = {s.stage: s.linear.score for s in report.stages if s.linear is not None}
    top = max(scores.values(), key=lambda s: s.value)
    floor = top.value - (top.high - top.low) / 3.919927969080108
    assert report.best == next(name for name, s in scores.items() if s.value >= floor)
    names = [s.stage for s in report.stages]
    assert report.cut is not None
    assert names.index(report.cut) >= names.index(str(report.best))
    assert report.at(report.cut).is_legal  # type: ignore[union-attr]


def test_fewer_images_keep_the_shares_and_it_is_said(home: Project, run: Run) -> None:
    report = probe_by_depth(home.inspect(run.id), max_images=24)
    assert report.num_scored == 24
    assert "24 were looked at" in report.notes[0]


def flow_on(table: Path, kind: str, column: str, objective: str) -> Flow:
    return load_flow(
        f"""
name: other
nodes:
- id: images
  component: images
  settings: {{source: {table}, label_kind: {kind}, image_column: image, {column}}}
- {{id: backbone, component: backbone, settings: {{base: "{TINY_BASE}", image_size: 32}}}}
- {{id: head, component: head}}
- {{id: objective, component: {objective}}}
edges:
- [images.image, backbone.image]
- [backbone.features, head.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 1, precision: float32, memory_format: contiguous}}
""".replace("PORT", "numbers" if kind == "number" else "logits")
    )


def table_of(stripes: Path, root: Path, values: dict[str, str]) -> Path:
    rows = [f"{path},{values[path.parent.name]}" for path in sorted(stripes.rglob("*.png"))]
    table = root / f"{len(list(root.iterdir()))}.csv"
    table.write_text("\n".join(["image,what", *rows]))
    return table


def test_numbers_are_probed_by_ridge_regression(home: Project, stripes: Path, tmp_path: Path) -> None:
    table = table_of(stripes, tmp_path, {"flat": "0.5", "tall": "3", "wide": "9"})
    report = probe_by_depth(home.inspect(flow_on(table, "number", "label_columns: [what]", "regression")))
    assert (report.measure, report.chance, report.label_kind) == ("r2", 0.0, "number")
    assert all(s.nearest_mean is None and s.linear is not None for s in report.stages)
    assert max(s.linear.score.value for s in report.stages if s.linear) > 0.3


def test_tags_are_probed_one_by_one(home: Project, stripes: Path, tmp_path: Path) -> None:
    table = table_of(stripes, tmp_path, {"flat": "calm", "tall": "lines;up", "wide": "lines"})
    report = probe_by_depth(home.inspect(flow_on(table, "tags", "label_column: what", "multi_label")))
    assert (report.measure, report.chance, report.label_kind) == ("balanced_accuracy", 0.5, "tags")
    assert max(s.linear.score.value for s in report.stages if s.linear) > 0.7


def test_what_cannot_be_probed_is_one_sentence(home: Project, stripes: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="nowhere"):
        probe_by_depth(home.inspect(flow_of(stripes)), node="nowhere")
    with pytest.raises(RunError, match="not trained"):
        probe_by_depth(home.inspect(flow_of(stripes)), is_trained=True)
    stopped = Inspection(home, flow_of(stripes, recipe={"seed": 77}), stop=lambda: True)
    with pytest.raises(RunInterrupted):
        probe_by_depth(stopped)


def test_a_base_that_does_not_open_is_said(home: Project, stripes: Path) -> None:
    flow = load_flow(f"""
name: code
nodes:
- {{id: images, component: images, settings: {{source: {stripes}, size: 16}}}}
- id: code
  component: custom
  settings: {{code: "def forward(image):\\n    return image.mean(dim=(2, 3))\\n"}}
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, code.image]
- [code.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 1}}
""")
    with pytest.raises(FlowError, match="no base"):
        probe_by_depth(home.inspect(flow))


def test_images_of_one_class_are_refused(home: Project, tmp_path: Path) -> None:
    one = write_stripes(tmp_path / "one", per_class=6, size=32, classes=("flat",))
    with pytest.raises((DataError, FlowError), match="class"):
        probe_by_depth(home.inspect(flow_of(one)))

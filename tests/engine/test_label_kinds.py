"""Flows for numbers, tags, masks, anomalies and further inputs train, are scored, and predict again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from graftwork.documents.flow import Flow, load_flow
from graftwork.documents.record import score_intervals
from graftwork.engine.folder import read_record
from graftwork.engine.prepare import open_data
from graftwork.engine.settings import read_settings
from graftwork.engine.trained import load_run
from graftwork.errors import FlowError

from ..conftest import TINY_BASE
from .test_flows import run, workspace_in


def make_table(folder: Path) -> Path:
    """Gray squares whose brightness is the number; bright ones have a tag; columns tell the brightness too."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(48):
        level = int(rng.integers(20, 236))
        pixels = np.full((32, 32, 3), level, np.uint8)
        pixels[: index % 8 + 1, :, 0] = index * 5
        Image.fromarray(pixels).save(folder / f"{index}.png")
        tags = ";".join(t for t, on in (("bright", level > 128), ("odd", index % 2 == 1)) if on)
        rows.append((f"{index}.png", level / 255, tags, "ab"[index % 2], level, index / 48))
    names = ["image", "brightness", "tags", "label", "level", "other"]
    table = folder / "table.csv"
    pd.DataFrame(rows, columns=names).to_csv(table, index=False)
    return table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return make_table(tmp_path_factory.mktemp("table"))


def flow_of(
    images: str, objective: str, table: Path, *, head: str = "{}", recipe: str = "{epochs: 15}"
) -> Flow:
    return load_flow(f"""
name: kinds
nodes:
- {{id: images, component: images, settings: {{source: {table}, size: 32, image_column: image, {images}}}}}
- {{id: backbone, component: backbone, settings: {{base: {TINY_BASE}}}}}
- {{id: head, component: head, settings: {head}}}
- {{id: objective, component: {objective}}}
edges:
- [images.image, backbone.image]
- [backbone.features, head.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
recipe: {recipe}
""")


def test_numbers_are_learned_in_their_own_units(table, tmp_path):
    flow = flow_of("label_kind: number, label_column: brightness", "regression", table)
    folder = run(flow, tmp_path)
    scores = read_record(folder).metrics["test"]
    assert scores.kind == "number"
    assert scores.mae.value < scores.baseline_mae
    model = load_run(folder, workspace=workspace_in(tmp_path))
    images = open_data(read_settings(flow).images, 0, workspace_in(tmp_path))
    test = images.of_split("test")
    found = model.predict_images(images, test)
    assert abs(found - images.labels(test)).mean() == pytest.approx(scores.mae.value, abs=1e-4)


def test_tags_are_learned_each_by_itself(table, tmp_path):
    flow = flow_of("label_kind: tags, label_column: tags", "multi_label", table)
    folder = run(flow, tmp_path)
    scores = read_record(folder).metrics["validation"]
    assert scores.kind == "tags"
    assert {t.name for t in scores.tags} == {"bright", "odd"}
    assert read_record(folder).proof.holds


def test_an_objective_of_another_kind_of_labels_is_refused(table, tmp_path):
    flow = flow_of("label_kind: number, label_column: brightness", "classification", table)
    with pytest.raises(FlowError):
        run(flow, tmp_path)


def test_columns_are_inputs_beside_the_image(table, tmp_path):
    text = f"""
name: columns
nodes:
- {{id: images, component: images, settings: {{source: {table}, size: 32, image_column: image,
    label_column: label, number_columns: [level, other]}}}}
- {{id: backbone, component: backbone, settings: {{base: {TINY_BASE}}}}}
- {{id: numbers, component: dense, settings: {{units: 4, activation: relu}}}}
- {{id: both, component: merge, settings: {{how: concatenate}}}}
- {{id: dense, component: dense}}
- {{id: objective, component: binary}}
edges:
- [images.image, backbone.image]
- [images.numbers, numbers.features]
- [backbone.features, both.a]
- [numbers.features, both.b]
- [both.merged, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 2}}
"""
    folder = run(load_flow(text), tmp_path)
    record = read_record(folder)
    assert record.proof.holds
    assert record.proof.trainable_tensors == 4
    model = load_run(folder, workspace=workspace_in(tmp_path))
    assert not model.network.reads_images_alone


def test_the_commonest_training_class_is_normal_and_others_score_higher(tmp_path):
    rng = np.random.default_rng(1)
    for name, count in (("good", 40), ("scratch", 12)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for index in range(count):
            pixels = rng.integers(100, 130, (32, 32, 3)).astype(np.uint8)
            if name == "scratch":
                pixels[::4] = 255
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{index}.png")
    text = f"""
name: anomaly
nodes:
- {{id: images, component: images, settings: {{source: {tmp_path / "data"}, size: 32}}}}
- {{id: backbone, component: backbone, settings: {{base: {TINY_BASE}}}}}
- {{id: objective, component: anomaly, settings: {{normal_class: good}}}}
edges:
- [images.image, backbone.image]
- [backbone.features, objective.features]
- [images.labels, objective.labels]
"""
    folder = run(load_flow(text), tmp_path)
    scores = read_record(folder).metrics["test"]
    assert scores.kind == "anomaly"
    assert scores.auroc.value > 0.9
    model = load_run(folder, workspace=workspace_in(tmp_path))
    settings = read_settings(load_flow(text))
    images = open_data(settings.images, 0, workspace_in(tmp_path), need_all_classes=False)
    test = images.of_split("test")
    odd = images.labels(test) != images.classes.index("good")
    found = model.predict_images(images, test).reshape(-1)
    assert found[odd].min() > np.median(found[~odd])


@pytest.fixture(scope="module")
def masks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    rng = np.random.default_rng(2)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for index in range(24):
        mask = np.zeros((32, 32), np.uint8)
        left, top = rng.integers(0, 16, 2)
        mask[top : top + 16, left : left + 16] = 1
        pixels = np.where(mask[..., None] == 1, 220, 40).astype(np.uint8).repeat(3, axis=2)
        Image.fromarray(pixels).save(folder / "images" / f"{index}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{index}.png")
    return folder


SEGMENTATION = """
name: masks
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32, label_kind: mask}}
- {id: convolution, component: convolution, settings: {filters: 4, kernel: 3, activation: relu}}
- {id: logits, component: convolution, settings: {filters: 2, kernel: 1}}
- {id: objective, component: segmentation}
edges:
- [images.image, convolution.features]
- [convolution.features, logits.features]
- [logits.features, objective.logits]
- [images.labels, objective.labels]
recipe: RECIPE
"""


def test_masks_are_learned_pixel_by_pixel(masks, tmp_path):
    text = SEGMENTATION.replace("SOURCE", str(masks)).replace("RECIPE", "{epochs: 40, learning_rate: 0.05}")
    folder = run(load_flow(text), tmp_path)
    scores = read_record(folder).metrics["test"]
    assert scores.kind == "mask"
    assert scores.mean_iou.value > 0.9


def test_masks_are_augmented_with_their_images(masks, tmp_path):
    """Bright is the class: if masks did not move along, a pixel's brightness would not tell it."""
    recipe = "{epochs: 40, learning_rate: 0.05, augment: light}"
    folder = run(load_flow(SEGMENTATION.replace("SOURCE", str(masks)).replace("RECIPE", recipe)), tmp_path)
    assert read_record(folder).metrics["test"].mean_iou.value > 0.9


@pytest.mark.parametrize(
    ("images", "objective", "wanted"),
    [
        ("label_kind: number, label_column: brightness", "regression", "values"),
        ("label_kind: tags, label_column: tags", "multi_label", "probabilities"),
    ],
)
def test_a_prediction_names_what_it_predicts_and_an_export_says_that_it_cannot(
    images, objective, wanted, table, tmp_path
):
    from graftwork.errors import ExportError
    from graftwork.project import Project

    project = Project(tmp_path / "project")
    done = project.run(flow_of(images, objective, table, recipe="{epochs: 1}"))
    (found,) = project.predict(done.id, [table.parent / "0.png"])
    names = {"values": {"brightness"}, "probabilities": {"bright", "odd"}}[wanted]
    assert set(getattr(found, wanted)) == names
    assert found.label is not None
    with pytest.raises(ExportError, match="so far"):
        project.export(done.id)
    assert done.report.read_text().count("<section") > 3
    again, first = project.evaluate(done.id), done.metrics["test"]
    for name, value in score_intervals(first).items():
        assert score_intervals(again)[name].value == pytest.approx(value.value, abs=1e-4)
    if wanted == "values":
        assert again.baseline_mae == first.baseline_mae


def test_logits_of_another_size_than_the_masks_are_scored_at_the_masks_size(masks, tmp_path):
    text = SEGMENTATION.replace("SOURCE", str(masks)).replace("RECIPE", "{epochs: 2}")
    text = text.replace("kernel: 3, activation", "kernel: 3, stride: 2, activation")
    flow = load_flow(text)
    folder = run(flow, tmp_path)
    assert read_record(folder).metrics["test"].kind == "mask"
    model = load_run(folder, workspace=workspace_in(tmp_path))
    images = open_data(read_settings(flow).images, 0, workspace_in(tmp_path))
    assert model.predict_images(images, images.of_split("test")).shape[2:] == (32, 32)

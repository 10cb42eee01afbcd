"""Advice on data that is odd: grey, several backbones, labels that are no classes, next to no images, copies alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from graftwork.documents.flow import Flow
from graftwork.errors import DataError, FlowError
from graftwork.project import Project
from graftwork.project.choosing import advise_readings
from graftwork.project.templates import get_template

from ...conftest import TINY_BASE, write_stripes

SMALL: dict[str, Any] = {"image_size": 32, "precision": "float32"}
Trained = tuple[Project, str]


def in_mode(source: Path, target: Path, mode: str) -> Path:
    """Write all images as gray ones, in one channel or in three equal ones, with a table.

    Folds of probes follow an image's group, and where it has none its bytes: the table gives it one.
    """
    rows = ["image,label,group"]
    for number, path in enumerate(sorted(source.glob("*/*.png"))):
        (target / path.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(path).convert("L").convert(mode).save(target / path.parent.name / path.name)
        rows.append(f"{path.parent.name}/{path.name},{path.parent.name},{number}")
    (target / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return target / "table.csv"


def plain(root: Path, colors: dict[str, tuple[int, int, int]], count: int = 6) -> Path:
    """Write classes in which each image is a copy of the first."""
    for name, color in colors.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (40, 40), color).save(root / name / f"{number}.png")
    return root


def on_sample(template: str, base: str) -> Flow:
    """Return a template on its own sample, with a base of the test."""
    flow = get_template(template).flow.with_settings("images", size=32)
    return flow.with_settings(flow.of_component("backbone")[0].id, base=base)


def test_one_channel_is_as_three_equal_ones(trained: Trained, tmp_path: Path) -> None:
    project, base = trained
    source = write_stripes(tmp_path / "color", per_class=8, size=32)
    columns = {"image_column": "image", "label_column": "label", "group_column": "group"}
    one, three = (
        project.advise(in_mode(source, tmp_path / mode, mode), base=base, **columns, **SMALL)
        for mode in ("L", "RGB")
    )
    assert (one.strategy, one.cut, one.size) == (three.strategy, three.cut, three.size)
    assert (one.probe, one.random_probe) == (three.probe, three.random_probe)
    assert (one.nearest_mean, one.random_nearest_mean) == (three.nearest_mean, three.random_nearest_mean)
    signals = [{s.name: s.reading for s in found.signals} for found in (one, three)]
    for name in ("probe", "depth", "classes", "statistics"):  # the distance of domains folds by bytes
        assert signals[0][name] == pytest.approx(signals[1][name], abs=1e-4), name


def test_of_several_backbones_the_first_is_advised_on_and_the_other_said(
    trained: Trained, tmp_path: Path
) -> None:
    project, base = trained
    flow = get_template("two-views").flow
    source = write_stripes(tmp_path / "few", per_class=5, size=32)
    flow = flow.with_settings("images", size=32, source=str(source))
    for node in flow.nodes:
        if node.component == "backbone":
            flow = flow.with_settings(node.id, base=base)
        if "height" in node.settings:
            flow = flow.with_settings(node.id, height=32, width=32)
    first, second = (node.id for node in flow.of_component("backbone"))
    found = project.advise(flow)
    assert found.node == first
    assert f"on the base of '{first}'; {second} stays as the flow says." in " ".join(found.notes)
    assert found.flow.node(second) == flow.node(second)
    assert {change.node for change in found.changes} <= {first, None}
    assert project.plan(found.flow).strategy == found.strategy


@pytest.mark.parametrize(
    ("template", "words"), [("multi-label", "tags"), ("regression", "numbers"), ("segmentation", "masks")]
)
def test_labels_that_are_no_classes_are_refused_before_a_base_is_opened(
    template: str, words: str, tmp_path: Path
) -> None:
    flow = on_sample(template, "random:timm:there_is_no_such_model")
    with pytest.raises(FlowError, match=f"labels of the flow '{template}' are {words};") as refused:
        Project(tmp_path / "home").advise(flow)
    assert "graftwork race" in (refused.value.hint or "")


def test_the_race_that_a_refusal_names_runs_on_tags(tmp_path: Path) -> None:
    flow = on_sample("multi-label", TINY_BASE)
    recipe = {"epochs": 1, "probe_epochs": 1, "precision": "float32", "memory_format": "contiguous"}
    flow = flow.with_settings("images", train_share=0.2).edit(recipe=flow.recipe.edit(**recipe))
    race = Project(tmp_path / "home").race(
        flow, strategies=("head_only", "all_layers"), seeds=1, advise=False
    )
    assert [lane.test is not None for lane in race.lanes] == [True, True]


def test_two_images_a_class_give_an_advice_that_doubts(trained: Trained, tmp_path: Path) -> None:
    project, base = trained
    found = project.advise(write_stripes(tmp_path / "two", per_class=2, size=32), base=base, **SMALL)
    assert found.size.per_class_min == found.size.per_class_median == 2
    assert found.confidence == "low"
    assert any("2 images: probes say little" in doubt for doubt in found.doubts)
    assert "2 images per class are few" in found.reason
    assert project.plan(found.flow).strategy == found.strategy


def test_one_class_is_refused_and_says_what_to_do(trained: Trained, tmp_path: Path) -> None:
    project, base = trained
    folder = write_stripes(tmp_path / "one", per_class=4, size=32, classes=("flat",))
    with pytest.raises(DataError, match=r"one class only \('flat'\)") as refused:
        project.advise(folder, base=base, **SMALL)
    assert "folder per class" in (refused.value.hint or "")


@pytest.mark.parametrize(
    "colors",
    [
        {"a": (90, 120, 60), "b": (90, 120, 60)},
        {"a": (200, 10, 10), "b": (10, 10, 200), "c": (10, 200, 10)},
    ],
    ids=["everywhere", "within-classes"],
)
def test_images_that_are_all_copies_are_refused_before_anything_is_measured(
    colors: dict[str, tuple[int, int, int]],
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, base = trained
    monkeypatch.setattr(advise_readings, "probe_by_depth", None)
    with pytest.raises(DataError, match=r"fewer than two classes of .* have two images") as refused:
        project.advise(plain(tmp_path / "copies", colors), base=base, **SMALL)
    assert "different images" in (refused.value.hint or "")


def test_a_class_of_copies_beside_real_ones_counts_as_one_image(trained: Trained, tmp_path: Path) -> None:
    project, base = trained
    source = write_stripes(tmp_path / "some", per_class=6, size=32)
    plain(source, {"plain": (5, 5, 5)})
    found = project.advise(source, base=base, **SMALL)
    assert found.size.per_class_min == 1
    assert any("copies of other images do not count" in note for note in found.notes)


@pytest.mark.parametrize("strategy", ["untouched", "head_only"])
def test_an_untrained_base_is_refused_also_behind_a_run(strategy: str, stripes: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "home")
    base = TINY_BASE
    if strategy == "head_only":  # the base of that run is as random as before
        run = project.transfer(stripes, base=TINY_BASE, strategy="head_only", epochs=1, **SMALL)
        base = f"run:{run.id}"
    with pytest.raises(FlowError, match="untrained") as refused:
        project.advise(stripes, base=base, **SMALL)
    assert "pretrained base" in (refused.value.hint or "")
    assert refused.value.node == "backbone"

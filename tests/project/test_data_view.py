"""The data view: counts agree with runs, fixes mend what they name, corrections can be undone."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from graftwork.data import Transform, augment_view, read_canvas
from graftwork.documents.card import InputPort
from graftwork.documents.recipe import Recipe
from graftwork.engine.prepare import open_data
from graftwork.engine.workspace import Workspace
from graftwork.errors import DataError, RunInterrupted, UnknownName, UsageError
from graftwork.graph.contracts import ImagesSettings
from graftwork.project import data_tasks
from graftwork.project.bench_tasks import TASKS
from graftwork.project.data_view import data_view, open_view, sample_page


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "index")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of 12 with: a twin in its class, three copies of which one lies, a broken file."""
    draw = np.random.default_rng(1)
    root = tmp_path / "photos"
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for i in range(12):
            soft = Image.fromarray(draw.integers(0, 255, (7, 7, 3), dtype=np.uint8))
            soft.resize((40, 30), Image.Resampling.BICUBIC).save(root / name / f"{i:02}.png")
    copy(root, "cat/00.png", "cat/twin.png")
    copy(root, "dog/05.png", "dog/copy.png")
    copy(root, "dog/05.png", "cat/liar.png")
    (root / "dog" / "broken.png").write_bytes(b"not an image")
    return root


def copy(root: Path, source: str, target: str) -> None:
    (root / target).write_bytes((root / source).read_bytes())


def bench_state(workspace: Workspace, stop: bool = False) -> Any:
    return SimpleNamespace(workspace=workspace, kept={}, stop=lambda: stop)


def of(root: Path, **changes: Any) -> ImagesSettings:
    return ImagesSettings(source=str(root), **changes)


def test_counts_and_splits_are_those_of_a_run(photos: Path, workspace: Workspace) -> None:
    settings = of(photos, exclude=("cat/03.png",), relabel={"cat/04.png": "dog"})
    view = data_view(settings, 5, workspace)
    images = open_data(settings, 5, workspace)
    assert view.report.digest == images.digest()
    assert view.report.num_images == len(images) == 26
    assert (view.num_excluded, view.num_relabeled) == (1, 1)
    assert {c.name: c.num_images for c in view.classes} == {"cat": 12, "dog": 14}
    for row in view.classes:
        assert sum(row.by_split.values()) == row.num_images
        assert len(row.examples) == 6
        assert all(row.name in e.label for e in row.examples)
    page = sample_page(settings, 5, workspace, limit=1000)
    assert {r.key: r.split for r in page.rows if r.split} == {s.key: s.split for s in images.samples}


def test_pages_show_what_was_asked_for(photos: Path, workspace: Workspace) -> None:
    settings = of(photos, exclude=("cat/03.png", "dog/broken.png"), relabel={"cat/04.png": "dog"})
    opened = open_view(settings, 0, workspace)

    def keys(**choices: Any) -> list[str]:
        return [r.key for r in sample_page(settings, 0, workspace, opened=opened, **choices).rows]

    assert len(keys()) == 28
    assert keys(only="excluded") == ["cat/03.png", "dog/broken.png"]
    assert keys(only="relabeled") == ["cat/04.png"]
    assert keys(only="problem") == [
        "cat/00.png",
        "cat/liar.png",
        "cat/twin.png",
        "dog/05.png",
        "dog/broken.png",
        "dog/copy.png",
    ]
    assert keys(text="TWIN") == ["cat/twin.png"]
    assert keys(label="dog", text="cat/") == ["cat/04.png"]
    assert keys(split="test") == sorted(r.key for r in opened.rows if r.split == "test")
    page = sample_page(settings, 0, workspace, opened=opened, offset=10, limit=5)
    assert (page.total, page.offset) == (28, 10)
    assert [r.key for r in page.rows] == keys()[10:15]
    rows = {r.key: r for r in opened.rows}
    assert rows["cat/04.png"].found_label == ("cat",)
    assert rows["cat/03.png"].label == ("cat",)
    assert (rows["cat/03.png"].width, rows["cat/03.png"].split) == (40, None)
    assert "not an image" in str(rows["dog/broken.png"].problem)
    assert rows["cat/twin.png"].problem == "It is an exact copy of cat/00.png."
    with pytest.raises(UsageError, match="limit 0"):
        keys(limit=0)
    with pytest.raises(UnknownName, match="not 'best'"):
        keys(only="best")


def test_each_fix_mends_what_it_names(photos: Path, workspace: Workspace) -> None:
    settings = of(photos)
    fixes = {f.id.partition("_")[0]: f for f in data_view(settings, 0, workspace).fixes}
    assert set(fixes) == {"keep", "exclude", "majority"}
    assert fixes["keep"].keys == ("cat/twin.png",)
    assert set(fixes["exclude"].keys) == {"cat/liar.png", "dog/05.png", "dog/copy.png"}
    assert fixes["majority"].changes == {"relabel": {"cat/liar.png": "dog"}}
    for name, fix in fixes.items():
        mended = data_view(settings.edit(**fix.changes), 0, workspace)
        assert fix.id not in {f.id for f in mended.fixes}
        if name != "keep":
            assert mended.report.num_conflicts == 0


def test_a_fix_builds_upon_the_corrections_that_are_there(photos: Path, workspace: Workspace) -> None:
    settings = of(photos, exclude=("dog/01.png",), relabel={"dog/copy.png": "cat", "cat/01.png": "dog"})
    fixes = {f.id.partition("_")[0]: f for f in data_view(settings, 0, workspace).fixes}
    assert fixes["keep"].changes["exclude"] == ["dog/01.png", "cat/twin.png"]
    # Now two of three say cat, one of them by correction; the third takes their label.
    assert fixes["majority"].changes["relabel"] == {
        "dog/copy.png": "cat",
        "cat/01.png": "dog",
        "dog/05.png": "cat",
    }
    lone = settings.edit(relabel={"dog/copy.png": "cow", "cat/liar.png": "dog"})
    again = [f for f in data_view(lone, 0, workspace).fixes if f.kind == "relabel"]
    # The label as it was found needs no correction any more.
    assert again[0].changes["relabel"] == {"cat/liar.png": "dog"}


def test_imbalance_is_for_the_recipe(tmp_path: Path, workspace: Workspace) -> None:
    draw = np.random.default_rng(0)
    np.savez(
        tmp_path / "a.npz",
        images=draw.integers(0, 255, (48, 8, 8), dtype=np.uint8),
        labels=[0] * 45 + [1] * 3,
    )
    (fix,) = data_view(of(tmp_path / "a.npz"), 0, workspace).fixes
    assert (fix.kind, fix.changes, fix.recipe_changes) == ("settings", {}, {"class_weights": "balanced"})


def test_data_that_cannot_be_trained_on_can_be_looked_at(photos: Path, workspace: Workspace) -> None:
    settings = of(photos, relabel={"cat/01.png": "cow"})
    with pytest.raises(DataError, match="single image of 'cow'"):
        open_data(settings, 0, workspace)
    view = data_view(settings, 0, workspace)
    assert {c.name for c in view.classes} == {"cat", "cow", "dog"}
    assert any(p.level == "error" and "cow" in p.message for p in view.report.problems)
    nothing = data_view(of(photos, exclude=tuple(f"cat/{i:02}.png" for i in range(12))), 0, workspace)
    assert nothing.num_excluded == 12


def test_copies_across_given_splits_are_shown_as_left_out(tmp_path: Path, workspace: Workspace) -> None:
    draw = np.random.default_rng(0)
    for i in range(8):
        Image.fromarray(draw.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    copy(tmp_path, "0.png", "7.png")
    rows = {"image": [f"{i}.png" for i in range(8)], "label": list("abababab")}
    pd.DataFrame({**rows, "split": ["train"] * 4 + ["test"] * 4}).to_csv(tmp_path / "t.csv", index=False)
    opened = open_view(of(tmp_path / "t.csv", validation=0), 0, workspace)
    row = {r.key: r for r in opened.rows}["0.png"]
    assert (row.split, row.problem) == (None, "It is a copy of an image in another split, and left out.")


def test_numbers_and_masks_have_rows_without_classes(tmp_path: Path, workspace: Workspace) -> None:
    images = np.random.default_rng(0).integers(0, 255, (6, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "n.npz", images=images, labels=np.arange(6) / 4)
    view = data_view(of(tmp_path / "n.npz", label_kind="number"), 0, workspace)
    assert (view.classes, view.report.num_images) == ((), 6)
    page = sample_page(of(tmp_path / "n.npz", label_kind="number"), 0, workspace)
    assert page.rows[1].label == ("0.25",)
    masks = np.tile(np.array([[0, 1] * 4] * 8, np.uint8), (6, 1, 1))
    np.savez(tmp_path / "m.npz", images=images, masks=masks)
    view = data_view(of(tmp_path / "m.npz", label_kind="mask"), 0, workspace)
    assert {c.name: c.num_images for c in view.classes} == {"0": 6, "1": 6}
    assert sample_page(of(tmp_path / "m.npz", label_kind="mask"), 0, workspace, label="1").total == 6


# --- augmentation ------------------------------------------------------------------------------------


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_augmented_views_are_those_of_training(photos: Path, workspace: Workspace) -> None:
    state = bench_state(workspace)
    settings, port = of(photos), InputPort(height=160, width=160)
    recipe = Recipe(augment="strong", seed=4)
    shown = data_tasks.augmented(state, settings, recipe, port, ["cat/01.png"], 3)
    before, after = shown["cat/01.png"]
    images = open_data(settings, 4, workspace)
    index = [s.key for s in images.samples].index("cat/01.png")
    transform = Transform.for_port(port)
    assert np.array_equal(pixels(before), read_canvas(images, index, transform))
    wide = read_canvas(images, index, transform, wide=True)
    digest = images.samples[index].digest
    for view, picture in enumerate(after, start=1):
        fed = augment_view(wide, "strong", out_size=(160, 160), seed=4, key=digest, view=view)
        assert np.array_equal(pixels(picture), fed)
    assert len(set(after)) == 3
    plain = data_tasks.augmented(state, settings, Recipe(), None, ["cat/01.png"], 3)
    assert plain["cat/01.png"][1] == []
    with pytest.raises(UnknownName, match="no image 'x'"):
        data_tasks.augmented(state, settings, recipe, port, ["x"], 1)
    with pytest.raises(UsageError, match="1 to 16 views"):
        data_tasks.augmented(state, settings, recipe, port, ["cat/01.png"], 0)


# --- tasks -------------------------------------------------------------------------------------------


def test_tasks_keep_what_is_open_until_it_changes(
    photos: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = bench_state(workspace)
    opened = []
    real = open_view

    def counted(*args: Any, **more: Any) -> Any:
        opened.append(args)
        return real(*args, **more)

    monkeypatch.setattr("graftwork.project.data_view.open_view", counted)
    assert data_tasks.data_view(state, of(photos), 0) == data_view(of(photos), 0, workspace)
    opened.clear()
    assert data_tasks.sample_page(state, of(photos, size=64), 0, {"limit": 3}).total == 28
    assert not opened
    data_tasks.sample_page(state, of(photos, exclude=("cat/01.png",)), 0)
    copy(photos, "cat/01.png", "cat/new.png")
    assert data_tasks.sample_page(state, of(photos), 0).total == 29
    assert len(opened) == 2
    assert data_tasks.describe_source(state, str(photos)).kind == "folder"


def test_a_first_look_at_many_files_can_be_stopped(photos: Path, workspace: Workspace) -> None:
    with pytest.raises(RunInterrupted):
        data_tasks.data_view(bench_state(workspace, stop=True), of(photos), 0)
    state = bench_state(workspace)
    data_tasks.data_view(state, of(photos), 0)
    state = bench_state(workspace, stop=True)  # all files are known now: nothing is left to be stopped
    assert data_tasks.data_view(state, of(photos), 0).report.num_images == 27


def test_tasks_are_registered() -> None:
    for name in data_tasks.__all__:
        assert TASKS[name] == f"graftwork.project.data_tasks:{name}"

"""Data that is odd: one class alone in the test, a class never said, wild sizes, NaN, older runs, changed files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import DataError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.looks.data_quality import look_at_data
from graftwork.project.looks.depth import probe_by_depth
from graftwork.project.looks.drift import drift_of
from graftwork.project.looks.embedding import embedding_map
from graftwork.project.looks.feature_maps import draw_maps, look_through
from graftwork.project.looks.saliency import saliency
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes
from .looks import LOOKS, look_at_all

QUICK = Recipe(epochs=1, batch=16, precision="float32", memory_format="contiguous", probe_first=False)
WILD = {"flat/thin.png": (3, 2000), "tall/dot.png": (1, 1), "wide/large.jpg": (4000, 4000)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("odd") / "home", on_note=lambda _: None)


def flow_of(source: Path, **settings: Any) -> Flow:
    return transfer_flow(str(source), base=TINY_BASE, image_size=32, recipe=QUICK, **settings)


def table_of(root: Path, split: Callable[[str, int], str]) -> Path:
    rows = ["image,label,split"]
    for name in sorted(p.name for p in root.iterdir() if p.is_dir()):
        for number, path in enumerate(sorted((root / name).iterdir())):
            rows.append(f"{name}/{path.name},{name},{split(name, number)}")
    (root / "all.csv").write_text("\n".join(rows))
    return root / "all.csv"


@pytest.fixture(scope="module")
def one_sided(home: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Only images of 'flat' are tested; 'rare' has three of 43 images, all white, and is said of none of them."""
    root = write_stripes(tmp_path_factory.mktemp("one") / "photos", classes=("flat", "tall"))
    (root / "rare").mkdir()
    for number in range(3):
        Image.new("RGB", (40, 40 + number), "white").save(root / "rare" / f"{number}.png")

    def split(name: str, number: int) -> str:
        if name == "rare":
            return ("train", "train", "validation")[number]
        if name == "flat" and number >= 14:
            return "test"
        return "validation" if number % 4 == 0 else "train"

    recipe = QUICK.edit(epochs=12, learning_rate=0.02)
    return home.run(flow_of(table_of(root, split), split_column="split").edit(recipe=recipe))


def test_a_test_of_one_class_and_a_class_never_said(home: Project, one_sided: Run) -> None:
    given, refused = look_at_all(home.inspect(one_sided.id))
    assert refused == {}
    found = given["evaluation"]
    assert "NaN" not in found.model_dump_json()
    assert any("of the class 'flat'" in note for note in found.notes)
    assert all(part.auroc is None for part in found.parts)
    rare = next(c for c in one_sided.record.metrics["test"].classes if c.name == "rare")
    assert rare.recall is None, "there was none to find"
    assert sum(row[2] for row in one_sided.record.metrics["test"].confusion) == 0, "it was never said"
    assert rare.precision is None


@pytest.fixture(scope="module")
def wild(home: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = write_stripes(tmp_path_factory.mktemp("wild") / "photos", per_class=12)
    rng = np.random.default_rng(0)
    for name, (width, height) in WILD.items():
        small = rng.integers(0, 255, (min(height, 50), min(width, 50), 3), dtype=np.uint8)
        Image.fromarray(small).resize((width, height)).save(root / name)
    split = {Path(key).name for key in WILD}
    rows = ["image,label,split"]
    for path in sorted(p for p in root.rglob("*.*") if p.suffix in (".png", ".jpg")):
        number = 0 if path.name in split else int(path.stem) + 1
        part = "test" if number < 4 else "validation" if number < 7 else "train"
        rows.append(f"{path.relative_to(root).as_posix()},{path.parent.name},{part}")
    (root / "all.csv").write_text("\n".join(rows))
    return home.run(flow_of(root / "all.csv", split_column="split"))


def test_images_of_wild_sizes_are_looked_at(home: Project, wild: Run) -> None:
    inside = home.inspect(wild.id)
    given, refused = look_at_all(inside)
    assert refused == {}
    assert set(WILD) <= set(given["map"].points.keys)
    for key in WILD:
        assert draw_maps(look_through(inside, key, among=0), inside).document.stages
        assert saliency(inside, key).canvas.shape == (32, 32, 3)


def test_a_run_of_an_earlier_version_is_looked_into(home: Project, wild: Run) -> None:
    path = wild.path / "record.json"
    record = json.loads(path.read_text())
    before = path.read_text()
    try:
        record.pop("format", None)
        record["data"].pop("label_kind", None)
        record["proof"].pop("not_started", None)
        record["cost"].pop("partial_images", None)
        path.write_text(json.dumps(record))
        given, refused = look_at_all(home.inspect(wild.id))
        assert (set(given), refused) == (set(LOOKS), {})
        record["format"] = 99
        path.write_text(json.dumps(record))
        given, refused = look_at_all(home.inspect(wild.id))
        assert set(given) | set(refused) == set(LOOKS)
    finally:
        path.write_text(before)


@pytest.fixture
def broken_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two images of each set have features that are not numbers."""
    from graftwork.engine.stage_features import StageFeatures
    from graftwork.insight.map_features import FeatureReader

    for kind, name in ((StageFeatures, "of"), (FeatureReader, "of_images")):
        monkeypatch.setattr(kind, name, spoiled(getattr(kind, name)))


def spoiled(real: Callable[..., Any]) -> Callable[..., Any]:
    def of(*args: Any, **kwargs: Any) -> Any:
        found = np.array(real(*args, **kwargs))
        found[:2] = np.nan
        return found

    return of


def test_features_that_are_not_numbers_are_left_out_and_said(
    home: Project, stripes: Path, broken_features: None
) -> None:
    flow = flow_of(stripes, test=0.3)
    depth = probe_by_depth(home.inspect(flow))
    assert all(stage.linear is None for stage in depth.stages)
    assert depth.best is None
    assert any("not finite" in note for note in depth.notes)
    found = embedding_map(home.inspect(flow))
    assert found.num_shown == 58
    assert any("2 images whose features are not numbers" in note for note in found.notes)
    assert np.isfinite([found.sides[0].x, found.sides[0].y]).all()
    with pytest.raises(DataError, match="not numbers for 2 of 60 images"):
        look_at_data(home.inspect(flow))


def test_what_is_kept_is_made_anew_when_an_image_changes_in_place(home: Project, tmp_path: Path) -> None:
    root = write_stripes(tmp_path / "photos", per_class=12)
    run = home.run(flow_of(root, strategy="all_layers"))
    looks = {"depth": probe_by_depth, "drift": drift_of, "map": embedding_map}
    first = {name: look(home.inspect(run.id)) for name, look in looks.items()}
    kept = sorted(p.name for p in (run.path / "inspections").iterdir())
    again = {name: look(home.inspect(run.id)) for name, look in looks.items()}
    assert again == first
    assert sorted(p.name for p in (run.path / "inspections").iterdir()) == kept
    for path in root.rglob("00*.png"):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    after = {name: look(home.inspect(run.id)) for name, look in looks.items()}
    assert all(after[name] != first[name] for name in ("depth", "map"))
    names = [p.name for p in (run.path / "inspections").iterdir() if p.name not in kept]
    assert sorted(name.partition("-")[0] for name in names) == ["depth", "drift", "map"]
    shutil.rmtree(root)
    with pytest.raises(DataError):
        probe_by_depth(home.inspect(run.id))


def test_a_kept_map_is_shown_where_the_images_are_gone(home: Project, tmp_path: Path) -> None:
    root = write_stripes(tmp_path / "photos", per_class=12)
    run = home.run(flow_of(root))
    found = embedding_map(home.inspect(run.id))
    shutil.rmtree(root)
    assert embedding_map(home.inspect(run.id)) == found

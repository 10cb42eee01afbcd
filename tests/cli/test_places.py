"""``graftwork inspect places`` and ``predict --out``: tables, JSON, and pictures as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.flow import load_flow
from graftwork.project import Project


def pixels_of(path: Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """A project, a run that predicts masks, and one of its images."""
    root = tmp_path_factory.mktemp("masks")
    for name in ("images", "masks"):
        (root / "photos" / name).mkdir(parents=True)
    for index in range(16):
        mask = np.zeros((32, 32), np.uint8)
        mask[index : index + 12, 8:24] = 1
        pixels = np.repeat((mask * 180 + 30)[..., None], 3, axis=2)
        Image.fromarray(pixels).save(root / "photos" / "images" / f"{index}.png")
        Image.fromarray(mask).save(root / "photos" / "masks" / f"{index}.png")
    project = Project(root / "project")
    run = project.run(
        load_flow(f"""
name: masks
nodes:
- {{id: images, component: images, settings: {{source: {root / "photos"}, size: 32, label_kind: mask}}}}
- {{id: logits, component: convolution, settings: {{filters: 2, kernel: 3}}}}
- {{id: objective, component: segmentation}}
edges:
- [images.image, logits.features]
- [logits.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 3}}
""")
    )
    return project.root, run.id, root / "photos" / "images" / "3.png"


def test_a_table_names_the_worst_images_first(
    home: tuple[Path, str, Path], graftwork: Callable[..., Any]
) -> None:
    root, run, _ = home
    ended = graftwork("inspect", "places", run, "--project", root, "--limit", "2")
    assert ended.code == 0
    assert "IoU of 1" in ended.out
    assert "2 of 2 images" not in ended.out


def test_json_is_the_page_and_pictures_are_the_files_it_names(
    home: tuple[Path, str, Path], graftwork: Callable[..., Any], tmp_path: Path
) -> None:
    root, run, _ = home
    ended = graftwork("inspect", "places", run, "--project", root, "--json", "--out", tmp_path)
    assert ended.json["kind"] == "mask"
    named = {name for row in ended.json["rows"] for name in row["pictures"].values()}
    assert named == {path.name for path in tmp_path.iterdir()}
    assert all(pixels_of(path).shape[:2] == (32, 32) for path in tmp_path.iterdir())


def test_predict_writes_masks(
    home: tuple[Path, str, Path], graftwork: Callable[..., Any], tmp_path: Path
) -> None:
    root, run, image = home
    ended = graftwork("predict", run, image, "--project", root, "--out", tmp_path, "--json")
    assert sorted(Path(path).name for path in ended.json["files"]) == ["3-mask.png", "3-over.png"]
    shown = graftwork("predict", run, image, "--project", root)
    assert "share of pixels" in shown.out


def test_a_run_without_places_is_told_in_a_sentence(
    home: tuple[Path, str, Path], graftwork: Callable[..., Any]
) -> None:
    root, run, _ = home
    (root / "runs" / run / "maps.parquet").rename(root / "runs" / run / "away")
    try:
        ended = graftwork("inspect", "places", run, "--project", root)
    finally:
        (root / "runs" / run / "away").rename(root / "runs" / run / "maps.parquet")
    assert ended.code != 0
    assert "kept no masks" in ended.err
    assert "Traceback" not in ended.err

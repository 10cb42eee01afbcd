"""The gap report of two folders: whole, kept, and on odd input."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from graftwork import Project
from graftwork.errors import DataError

OPTIONS = {"base": "random:timm:test_efficientnet", "image_size": 32}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("gap") / "p", on_note=lambda _: None)


@pytest.fixture(scope="module")
def brighter(tmp_path_factory, stripes):
    folder = tmp_path_factory.mktemp("brighter") / "b"
    for path in sorted(stripes.rglob("*.png")):
        place = folder / path.relative_to(stripes)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.asarray(Image.open(path)) * 0.4 + 150).astype(np.uint8)).save(place)
    return folder


def test_another_light_is_seen_in_each_measure(home, stripes, brighter):
    found = home.gap(str(stripes), str(brighter), **OPTIONS)
    assert found.stages[-1].a_distance > 1
    assert found.stages[-1].mmd > 5 * found.stages[-1].mmd_halves
    assert "covariate" in found.kinds
    assert found.layers
    assert max(layer.shift for layer in found.layers) > 0.5
    assert {c.name for c in found.labels.classes} == {"flat", "tall", "wide"}
    assert len(found.alike) == len(found.unlike) == 24
    target = [e for e in found.alike if e.domain == "target"]
    assert [e.target_probability for e in target] == sorted(e.target_probability for e in target)
    told = []
    assert home.gap(str(stripes), str(brighter), tell=told.append, **OPTIONS) == found


def test_the_same_images_have_no_gap(home, stripes):
    found = home.gap(str(stripes), str(stripes), **OPTIONS)
    assert found.kinds == ("none",)
    assert found.num_copies == 42
    assert max(layer.shift for layer in found.layers) < 0.3


def test_disjoint_classes_are_reported_and_not_refused(home, stripes, brighter, tmp_path):
    for at, name in enumerate(("x", "y", "z")):
        shutil.copytree(sorted(brighter.iterdir())[at], tmp_path / "other" / name)
    found = home.gap(str(stripes), str(tmp_path / "other"), **OPTIONS)
    assert found.labels.only_target == ("x", "y", "z")
    assert found.labels.classes == ()
    assert "classes" in found.kinds
    assert any("--map" in note for note in found.notes)
    names = {"x": "flat", "y": "tall", "z": "wide"}
    mapped = home.gap(str(stripes), str(tmp_path / "other"), names=names, **OPTIONS)
    assert len(mapped.labels.classes) == 3


def test_without_labels_and_with_too_few_images(home, stripes, brighter, tmp_path):
    loose = tmp_path / "loose"
    loose.mkdir()
    for path in sorted(brighter.rglob("*.png"))[::3]:
        shutil.copy(path, loose / f"{path.parent.name}-{path.name}")
    found = home.gap(str(stripes), str(loose), **OPTIONS)
    assert found.labels is None
    assert any("no labels" in note for note in found.notes)
    for path in sorted(loose.iterdir())[5:]:
        path.unlink()
    with pytest.raises(DataError, match="at least 8"):
        home.gap(str(stripes), str(loose), **OPTIONS)

"""Embedded samples open offline, are what they say, and give a set that can be split."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from graftwork.data import check_images, open_images, sample_names, split_images
from graftwork.data.surfaces import SURFACE_CLASSES, draw_surfaces
from graftwork.errors import MissingExtra, UnknownName

MakeFolder = Callable[..., Path]


def test_animals_are_balanced_distinct_silhouettes() -> None:
    images = open_images("sample:animals")
    assert len(images) == 1200
    assert images.classes == (
        "Bear", "Bird", "Cat", "Cow", "Dog", "Elephant", "Giraffe", "Horse", "Sheep", "Zebra"
    )  # fmt: skip
    assert np.bincount(images.labels(range(1200))).tolist() == [120] * 10
    report = check_images(images)
    assert (report.num_exact_duplicates, report.num_near_duplicates) == (0, 0)
    assert report.sizes == {"28 x 28": 1200}
    giraffes, cows = (
        np.stack([np.asarray(images.reader.open(s)) for s in images.samples if s.label == label])
        for label in (6, 3)
    )
    # A giraffe stands upright in the frame: it covers fewer columns than a cow.
    assert (giraffes > 127).any(axis=1).sum(axis=1).mean() < 0.7 * (cows > 127).any(axis=1).sum(axis=1).mean()


def test_surfaces_are_the_same_for_the_same_seed() -> None:
    first, labels = draw_surfaces(num_per_class=3, side=32, seed=5)
    assert first.shape == (12, 32, 32, 3)
    assert sorted(set(labels)) == list(SURFACE_CLASSES)
    assert np.array_equal(first, draw_surfaces(num_per_class=3, side=32, seed=5)[0])
    assert not np.array_equal(first, draw_surfaces(num_per_class=3, side=32, seed=6)[0])


def test_surfaces_can_be_learned_from() -> None:
    """Each defect leaves its mark on simple statistics; a good surface has none of them."""
    images, labels = draw_surfaces(num_per_class=40, side=48, seed=1)
    grey = images.mean(axis=3)
    brightest = np.percentile(grey, 99.5, axis=(1, 2)) - np.median(grey, axis=(1, 2))
    darkest = np.median(grey, axis=(1, 2)) - np.percentile(grey, 2, axis=(1, 2))
    name = np.array(labels)
    assert brightest[name == "scratch"].mean() > 1.3 * brightest[name == "good"].mean()
    assert darkest[name == "spot"].mean() > 1.3 * darkest[name == "good"].mean()
    assert darkest[name == "fold"].mean() > 1.3 * darkest[name == "good"].mean()


def test_surfaces_open_and_split() -> None:
    done = split_images(open_images("sample:surfaces"))
    assert {s: int(n.sum()) for s, n in done.counts().items()} == {"train": 168, "validation": 36, "test": 36}


def test_textile_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "conformal_clip_data", None)
    with pytest.raises(MissingExtra, match=r"pip install 'graftwork\[samples\]'"):
        open_images("sample:textile")


def test_textile_opens_the_folders_of_its_package(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"nominal": 2, "local": 2, "global": 2}, suffix=".jpg")
    package = SimpleNamespace(textile_simulated_root=lambda: root)
    monkeypatch.setitem(sys.modules, "conformal_clip_data", package)
    images = open_images("sample:textile")
    assert images.classes == ("global", "local", "nominal")
    assert images.source == "sample:textile"


def test_unknown_samples_are_guessed() -> None:
    assert sample_names() == ("animals", "defects", "odd-surfaces", "surfaces", "textile")
    with pytest.raises(UnknownName, match="Did you mean 'animals'"):
        open_images("sample:animal")

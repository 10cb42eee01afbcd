"""The map of a run: what it shows, what it reuses, and what is said when something is missing."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from graftwork.documents.embedding import EmbeddingMap
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import DataError, RunError, UnknownName, UsageError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.looks.embedding import embedding_map
from graftwork.project.looks.inspection import Inspection
from graftwork.project.looks.map_table import write_map
from graftwork.project.looks.neighbors import find_neighbors
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes

EXACT = Recipe(epochs=1, precision="float32", memory_format="contiguous")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stripes(tmp_path_factory.mktemp("map") / "photos", per_class=12)


def tiny(photos: Path, **choices: Any) -> Flow:
    recipe = choices.pop("recipe", EXACT)
    return transfer_flow(str(photos), base=TINY_BASE, image_size=32, recipe=recipe, **choices)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("maps") / "home")


@pytest.fixture(scope="module")
def frozen(home: Project, photos: Path) -> Run:
    return home.run(tiny(photos))


@pytest.fixture(scope="module")
def moved(home: Project, photos: Path) -> Run:
    recipe = EXACT.edit(learning_rate=0.01)
    return home.run(tiny(photos, strategy="all_layers", recipe=recipe))


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """A folder of images without classes, one of them tiny."""
    folder = tmp_path / "loose"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number, side in enumerate((3, 40, 400)):
        pixels = rng.integers(0, 255, (side, side // 2 + 1, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


class Watched:
    """Looks into a run and counts the images that the base had to see."""

    def __init__(self, home: Project, subject: Run | Flow) -> None:
        self.computed = 0
        self.inside = Inspection(home, subject, tell=self._tell)

    def _tell(self, event: Any) -> None:
        if isinstance(event, ExtractionProgress) and event.done == event.total:
            self.computed += event.total


def test_a_map_shows_each_image_with_what_the_run_said(home: Project, frozen: Run) -> None:
    found = embedding_map(home.inspect(frozen.id))
    points, side = found.points, found.sides[0]
    assert found.num_shown == found.num_images == len(points.keys) == len(side.x) == 36
    assert found.labels == ("flat", "tall", "wide")
    splits = [found.splits[i] for i in points.split]
    for i, key in enumerate(points.keys):
        assert key.startswith(found.labels[points.label[i]])
        is_held = splits[i] != "train"
        assert (points.predicted[i] >= 0) == is_held
        if is_held:
            assert points.is_wrong[i] == (points.predicted[i] != points.label[i])
            assert 1 / 3 <= points.confidence[i] <= 1  # type: ignore[operator]
    counts = frozen.record.data.num_images  # type: ignore[union-attr]
    assert dict(Counter(splits)) == counts
    accuracy = frozen.metrics.of_classes("test").accuracy.value
    test = [i for i, split in enumerate(splits) if split == "test"]
    assert np.mean([not points.is_wrong[i] for i in test]) == pytest.approx(accuracy)


def test_a_frozen_base_gives_one_side_from_what_training_stored(home: Project, frozen: Run) -> None:
    watched = Watched(home, frozen)
    found = embedding_map(watched.inside)
    assert watched.computed == 0
    assert found.is_unmoved
    assert [side.weights for side in found.sides] == ["trained"]
    assert found.disparity is None


def test_a_trained_base_gives_two_sides_and_computes_once(home: Project, moved: Run) -> None:
    watched = Watched(home, moved)
    found = embedding_map(watched.inside)
    assert not found.is_unmoved
    assert [side.weights for side in found.sides] == ["pretrained", "trained"]
    assert found.disparity is not None
    assert 0 < found.disparity < 1
    before, after = (np.array([side.x, side.y]).T for side in found.sides)
    sizes = [np.linalg.norm(p - p.mean(0)) for p in (before, after)]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-4)
    again = Watched(home, moved)
    assert embedding_map(again.inside) == found
    (moved.path / "inspections").rename(moved.path / "set-aside")
    try:
        assert embedding_map(again.inside) == found
    finally:
        shutil.rmtree(moved.path / "inspections")
        (moved.path / "set-aside").rename(moved.path / "inspections")
    assert again.computed == 0


def test_measures_are_within_their_intervals(home: Project, moved: Run) -> None:
    for side in embedding_map(home.inspect(moved.id)).sides:
        for measure in (side.trustworthiness, side.same_class, side.same_class_on_map):
            assert measure is not None
            assert 0 <= measure.low <= measure.value <= measure.high <= 1
        assert side.explained is not None
        assert 0 < side.explained[1] <= side.explained[0] < 1


def test_a_flow_shows_what_is_known_before_training(home: Project, photos: Path, frozen: Run) -> None:
    found = embedding_map(home.inspect(tiny(photos)))
    assert found.run is None
    assert [side.weights for side in found.sides] == ["pretrained"]
    assert set(found.points.predicted) == {-1}
    of_run = embedding_map(home.inspect(frozen.id))
    assert found.sides[0].x == of_run.sides[0].x


def test_many_images_are_sampled_alike(home: Project, frozen: Run) -> None:
    found = embedding_map(home.inspect(frozen.id), most=18)
    assert (found.num_shown, found.num_images) == (18, 36)
    assert set(Counter(found.points.label).values()) == {6}


def test_images_beside_are_another_domain(home: Project, frozen: Run, loose: Path) -> None:
    found = embedding_map(home.inspect(frozen.id), beside=loose)
    assert [(d.name, d.num_images) for d in found.domains] == [("photos", 36), ("loose", 3)]
    added = [i for i, domain in enumerate(found.points.domain) if domain == 1]
    assert [found.points.keys[i] for i in added] == ["0.png", "1.png", "2.png"]
    assert {found.points.label[i] for i in added} == {found.points.split[i] for i in added} == {-1}
    with pytest.raises(DataError):
        embedding_map(home.inspect(frozen.id), beside=loose / "nowhere")


def test_features_can_be_taken_elsewhere(home: Project, frozen: Run) -> None:
    inside = home.inspect(frozen.id)
    assert embedding_map(inside, at="head").place == "head"
    stage = embedding_map(inside, at="blocks.2")
    assert (stage.place, stage.num_features) == ("blocks.2", 32)
    with pytest.raises(UnknownName) as caught:
        embedding_map(inside, at="blocks.22")
    assert "blocks.2" in str(caught.value.hint)


def test_features_at_a_stage_are_means_over_places(home: Project, frozen: Run) -> None:
    import torch

    from graftwork.insight.map_features import FeatureReader, find_place

    inside = home.inspect(frozen.id)
    prepared = inside.prepared
    network, transform = prepared.network, prepared.transform
    reader = FeatureReader(
        network, find_place(network, "blocks.2"), transform, prepared.plan.compute, inside.workspace.cache
    )
    indices = [0, 5, 30]
    found = reader.of_images(inside.images, indices)
    canvases = [transform.canvas(inside.images.reader.open(inside.images.samples[i])) for i in indices]
    with torch.inference_mode():
        values = transform.normalize(torch.from_numpy(np.stack(canvases)))
        for stage in network.base.stages[: network.base.stage_names().index("blocks.2") + 1]:
            values = stage.module(values)
    np.testing.assert_allclose(found, values.mean((2, 3)).numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(reader.of_canvases(np.stack(canvases)), found, rtol=1e-5, atol=1e-7)


def test_a_run_without_weights_shows_the_pretrained_side(home: Project, photos: Path, moved: Run) -> None:
    copy = home.folder_of_runs / "20260101-000000-all_layers-none"
    shutil.copytree(moved.path, copy)
    (copy / "weights.safetensors").unlink()
    shutil.rmtree(copy / "inspections", ignore_errors=True)
    try:
        inside = home.inspect(copy.name)
        found = embedding_map(inside)
        assert [side.weights for side in found.sides] == ["pretrained"]
        assert any("no trained weights" in note for note in found.notes)
        with pytest.raises(RunError, match="no trained weights"):
            embedding_map(inside, weights="trained")
        with pytest.raises(RunError, match="no trained weights"):
            find_neighbors(inside, found.points.keys[0])
    finally:
        shutil.rmtree(copy)


def test_images_that_were_moved_are_told(home: Project, tmp_path: Path) -> None:
    photos = write_stripes(tmp_path / "moving", per_class=6)
    run = home.run(tiny(photos))
    first = home.inspect(run.id)
    photos.rename(tmp_path / "elsewhere")
    with pytest.raises(DataError):
        embedding_map(first)


def test_four_images_make_a_map_without_measures(home: Project, tmp_path: Path) -> None:
    photos = write_stripes(tmp_path / "few", per_class=2, classes=("flat", "tall"))
    flow = transfer_flow(str(photos), base=TINY_BASE, image_size=32, recipe=EXACT, validation=0.0, test=0.0)
    found = embedding_map(home.inspect(flow))
    assert found.num_shown == 4
    side = found.sides[0]
    assert side.trustworthiness is side.same_class is None
    assert sum(side.x) == pytest.approx(0, abs=1e-3 * max(map(abs, side.x)))


def test_neighbors_of_an_image_are_training_images_and_not_itself(home: Project, moved: Run) -> None:
    inside = home.inspect(moved.id)
    images = inside.images
    train = images.of_split("train")
    key = images.samples[train[4]].key
    found = find_neighbors(inside, key, number=5)
    assert len(found.neighbors) == 5
    assert found.num_searched == len(train)
    assert key not in {one.key for one in found.neighbors}
    assert {one.key for one in found.neighbors} <= {images.samples[i].key for i in train}
    distances = [one.distance for one in found.neighbors]
    assert distances == sorted(distances)
    hits = sum(one.label == found.label for one in found.neighbors)
    assert found.same_class is not None
    assert found.same_class.value == hits / 5


def test_a_file_finds_the_training_image_that_it_is(home: Project, moved: Run, photos: Path) -> None:
    inside = home.inspect(moved.id)
    key = inside.images.samples[inside.images.of_split("train")[0]].key
    found = find_neighbors(inside, photos / key, number=2)
    assert found.neighbors[0].key == key
    assert found.neighbors[0].distance == pytest.approx(0, abs=1e-5)
    assert found.label is found.same_class is None


def test_neighbors_of_nothing_are_refused(home: Project, frozen: Run, tmp_path: Path) -> None:
    inside = home.inspect(frozen.id)
    with pytest.raises(UnknownName, match="neither an image"):
        find_neighbors(inside, "flat/no-such.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(DataError, match="cannot be read"):
        find_neighbors(inside, tmp_path / "text.png")
    with pytest.raises(UsageError, match="1 to 200"):
        find_neighbors(inside, inside.images.samples[0].key, number=0)


def test_a_map_is_written_as_a_table(home: Project, moved: Run, tmp_path: Path) -> None:
    found: EmbeddingMap = embedding_map(home.inspect(moved.id))
    for name in ("map.csv", "map.parquet"):
        write_map(found, tmp_path / name)
    with (tmp_path / "map.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["key"] for row in rows] == list(found.points.keys)
    assert [float(row["y_trained"]) for row in rows] == list(found.sides[1].y)
    table = pq.read_table(tmp_path / "map.parquet").to_pydict()
    assert table["x_pretrained"] == list(found.sides[0].x)
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    with pytest.raises(UsageError, match=r"as 'map\.txt'"):
        write_map(found, tmp_path / "map.txt")

"""Masks and heat maps of a run: rows worst first, pictures over the images, files in the images' own size."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.flow import load_flow
from graftwork.documents.places import PlacePage
from graftwork.engine.folder import read_record
from graftwork.engine.map_files import read_maps
from graftwork.errors import FlowError, RunError
from graftwork.graph.flows import transfer_flow
from graftwork.insight.places import class_overlaps, peak_of, wrong_pixels
from graftwork.project import Project
from graftwork.project.bench_state import BenchState
from graftwork.project.looks.embedding import embedding_map
from graftwork.project.looks.map_pictures import heat_picture, mask_layer, write_map, wrong_layer
from graftwork.project.looks.places import place_page
from graftwork.project.looks.saliency import saliency
from graftwork.project.looks.tried import inspect_tried
from graftwork.project.predictions import prediction_page
from graftwork.project.run import Run
from graftwork.project.using import predict_images

from ...conftest import TINY_BASE


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark pictures 48 by 32 with a bright square, and masks of it with the value 7."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("photos")
    for name in ("images", "masks"):
        (root / name).mkdir()
    for index in range(30):
        mask = np.zeros((32, 48), np.uint8)
        if index % 5:
            top, left = rng.integers(0, 16), rng.integers(8, 24)
            mask[top : top + 16, left : left + 16] = 7
        pixels = np.where(mask[..., None], 220, 40) + rng.integers(0, 30, (32, 48, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(root / "images" / f"{index:02}.png")
        Image.fromarray(mask).save(root / "masks" / f"{index:02}.png")
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("places") / "home")


@pytest.fixture(scope="module")
def masks(home: Project, photos: Path) -> Run:
    return home.run(
        load_flow(f"""
name: masks
nodes:
- {{id: images, component: images, settings: {{source: {photos}, size: 32, label_kind: mask}}}}
- {{id: one, component: convolution, settings: {{filters: 4, kernel: 3, activation: relu}}}}
- {{id: logits, component: convolution, settings: {{filters: 2, kernel: 1}}}}
- {{id: objective, component: segmentation}}
edges:
- [images.image, one.features]
- [one.features, logits.features]
- [logits.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 20, learning_rate: 0.05}}
""")
    )


@pytest.fixture(scope="module")
def odd(home: Project, photos: Path) -> Run:
    return home.run(
        load_flow(f"""
name: odd
nodes:
- {{id: images, component: images, settings: {{source: {photos}, size: 64, label_kind: mask}}}}
- {{id: backbone, component: backbone, settings: {{base: {TINY_BASE}, skips: 1, last_stage: blocks.2}}}}
- {{id: patches, component: patch_features, settings: {{skips: 1}}}}
- {{id: objective, component: anomaly, settings: {{method: padim, normal_class: '0'}}}}
edges:
- [images.image, backbone.image]
- [backbone.features, patches.features]
- [backbone.skip_1, patches.skip_1]
- [patches.patches, objective.features]
- [images.labels, objective.labels]
recipe: {{precision: float32}}
""")
    )


def pixels_of(path: Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture)


def page_of(home: Project, run: Run, **choices: Any) -> tuple[PlacePage, dict[str, Any]]:
    return place_page(home.inspect(run.id), **choices)


def test_masks_come_worst_first_and_add_up_to_the_score(home: Project, masks: Run) -> None:
    page, pictures = page_of(home, masks, limit=100)
    overlaps = [row.overlap for row in page.rows]
    assert overlaps == sorted(overlaps, key=lambda x: (x is None, x))
    assert page.total == len(page.rows) == 5
    assert [entry.name for entry in page.legend] == ["0", "7"]
    assert [entry.is_drawn for entry in page.legend] == [False, True]
    scores = read_record(masks.path).metrics["test"]  # type: ignore[union-attr]
    wrong = [row.wrong_share for row in page.rows]
    assert 1 - np.mean(wrong) == pytest.approx(scores.pixel_accuracy.value)  # type: ignore[union-attr]
    assert {name for row in page.rows for name in row.pictures} == {"image", "said", "label", "wrong"}
    assert set(pictures) == {name for row in page.rows for name in row.pictures.values()}
    best = page_of(home, masks, order="best", limit=100)[0]
    assert [row.overlap for row in best.rows if row.overlap is not None] == [
        x for x in overlaps[::-1] if x is not None
    ]


def test_pages_follow_each_other(home: Project, masks: Run) -> None:
    whole = page_of(home, masks, order="key", limit=100)[0].rows
    parts = [page_of(home, masks, order="key", offset=at, limit=2)[0].rows for at in (0, 2, 4, 6)]
    assert [row for part in parts for row in part] == list(whole)


def test_heat_maps_come_oddest_first_with_the_threshold(home: Project, odd: Run) -> None:
    page, pictures = page_of(home, odd, limit=100)
    scores = [row.score for row in page.rows]
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    assert page.kind == "heat"
    record = read_record(odd.path)
    assert page.threshold == record.metrics["test"].threshold  # type: ignore[union-attr]
    assert page.scale is not None
    assert page.scale[0] < page.scale[1]
    assert len(page.scale_colors) == 9
    for row in page.rows:
        assert row.peak is not None
        assert set(row.pictures) == {"image", "heat", "label"}
        assert pictures[row.pictures["heat"]].shape == (64, 64, 3)


def test_predictions_of_anomalies_by_masks_say_normal_and_odd(home: Project, odd: Run) -> None:
    rows = prediction_page(odd, split="test").rows
    assert {row.label for row in rows} == {"normal", "odd"}
    assert all(set(row.values) == {"score"} for row in rows)


def test_masks_have_no_label_each_and_say_where_to_look(masks: Run) -> None:
    with pytest.raises(RunError, match="predicts masks") as caught:
        prediction_page(masks)
    assert "inspect places" in str(caught.value.hint)


def test_an_image_that_is_gone_has_a_row_that_says_so(
    home: Project, masks: Run, photos: Path, tmp_path: Path
) -> None:
    before = page_of(home, masks, order="key", limit=100)[0].rows
    key = before[0].key
    away = tmp_path / "away"
    shutil.move(photos / key, away)
    try:
        rows = page_of(home, masks, order="key", limit=100)[0].rows
    finally:
        shutil.move(away, photos / key)
    assert rows[0].key == key
    assert rows[0].problem
    assert rows[0].overlap == before[0].overlap
    assert not rows[0].pictures
    assert rows[1:] == before[1:]


def test_who_tells_no_places_says_so(home: Project, stripes: Path) -> None:
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32)
    with pytest.raises(RunError, match="was not trained"):
        place_page(home.inspect(flow))
    run = home.run(flow.edit(recipe=flow.recipe.edit(epochs=1)))
    with pytest.raises(RunError, match="no masks and no heat maps"):
        place_page(home.inspect(run.id))


def test_maps_come_back_as_they_were_written(masks: Run, odd: Run) -> None:
    said = read_maps(masks.path)
    assert not said.is_heat
    assert {said.map(0).dtype.name, said.map(0).shape} == {"uint8", (32, 32)}  # type: ignore[union-attr]
    heat = read_maps(odd.path)
    assert heat.is_heat
    values = [heat.map(row) for row in range(len(heat.keys))]
    assert max(float(v.max()) for v in values) == pytest.approx(heat.scale[1], rel=1e-4)  # type: ignore[union-attr]


# -- measures and pictures ---------------------------------------------------------------------------


def test_overlaps_by_hand() -> None:
    mask = np.array([[0, 0, 1], [1, 1, 255]])
    said = np.array([[0, 1, 1], [1, 0, 2]])
    # Class 0: one of three, class 1: two of four; class 2 was said only where nothing counts.
    found = class_overlaps(said, mask, 3)
    assert found[:, 0] == pytest.approx([1 / 3, 2 / 4, np.nan], nan_ok=True)
    assert pytest.approx(np.array([[2 / 5, 3 / 5, 0], [2 / 5, 3 / 5, 0]])) == found[:, 1:].T
    assert wrong_pixels(said, mask).tolist() == [[False, True, False], [False, True, False]]


def test_a_peak_is_a_share_of_width_and_height() -> None:
    heat = np.zeros((4, 10))
    heat[3, 0] = 1.0
    assert peak_of(heat) == (0.05, 0.875)


def test_layers_are_clear_where_there_is_nothing() -> None:
    layer = mask_layer(np.array([[0, 1], [2, 255]]))
    assert layer[..., 3].tolist() == [[0, 255], [255, 255]]
    assert layer[1, 1, :3].tolist() == [128, 128, 128]
    assert wrong_layer(np.array([[True, False]]))[..., 3].tolist() == [[255, 0]]
    heat = heat_picture(np.array([[-1.0, 0.0, 1.0, 9.0]]), (0.0, 1.0)).sum(2)[0].tolist()
    assert heat[0] == heat[1] < heat[2] == heat[3]


def test_predicted_masks_are_written_in_the_size_and_values_of_the_images(
    home: Project, masks: Run, photos: Path, tmp_path: Path
) -> None:
    model, files = home.load(masks.id), list[Path]()

    def take(name: str, picture: Any, said: Any) -> None:
        files.extend(write_map(tmp_path, name, picture, said, model, taken=files))

    images = [photos / "images" / "01.png", photos / "images" / "02.png", photos / "images" / "01.png"]
    rows = list(predict_images(model, images, on_map=take))
    assert [path.name for path in files] == [
        *("01-mask.png", "01-over.png", "02-mask.png", "02-over.png", "01-2-mask.png", "01-2-over.png")
    ]
    said = pixels_of(files[0])
    mask = pixels_of(photos / "masks" / "01.png")
    assert said.shape == mask.shape
    assert set(np.unique(said).tolist()) <= {0, 7, 255}
    assert (said[:, 8:40] != 255).all()  # the middle is what the network saw
    assert (said[:, :8] == 255).all()
    assert (said == mask)[:, 8:40].mean() > 0.95
    shares = [rows[0].probabilities[name] for name in ("0", "7")]
    assert sum(shares) == pytest.approx(1.0)


def test_predicted_heat_is_written_against_the_threshold(
    home: Project, odd: Run, photos: Path, tmp_path: Path
) -> None:
    model, files = home.load(odd.id), list[Path]()

    def take(name: str, picture: Any, said: Any) -> None:
        files.extend(write_map(tmp_path, name, picture, said, model))

    (row,) = predict_images(model, [photos / "images" / "01.png"], on_map=take)
    assert row.label in ("normal", "odd")
    assert files[0].name == "01-heat.png"
    assert pixels_of(files[0]).dtype == np.uint16
    assert pixels_of(files[1]).shape == (32, 48, 3)


def sent(photos: Path, number: int) -> bytes:
    return (photos / "images" / f"{number:02}.png").read_bytes()


def test_an_image_that_is_tried_shows_the_mask_that_predict_gives(
    home: Project, masks: Run, photos: Path
) -> None:
    state = BenchState(home.root)
    said, places, pictures = inspect_tried(state, masks.id, sent(photos, 1))
    taken: list[Any] = []
    path = photos / "images" / "01.png"
    own = next(
        predict_images(home.load(masks.id), [path], on_map=lambda _name, _picture, found: taken.append(found))
    )
    assert (said.label, said.probabilities) == (own.label, own.probabilities)
    assert places is not None
    assert (places.kind, set(places.pictures)) == ("mask", {"image", "said"})
    assert [entry.name for entry in places.legend] == ["0", "7"]
    with Image.open(io.BytesIO(pictures["said"])) as layer:
        np.testing.assert_array_equal(np.asarray(layer)[..., 3] > 0, taken[0] > 0)


def test_an_image_that_is_tried_shows_how_odd_its_places_are(home: Project, odd: Run, photos: Path) -> None:
    state = BenchState(home.root)
    said, places, pictures = inspect_tried(state, odd.id, sent(photos, 1))
    assert places is not None
    assert places.kind == "heat"
    assert places.threshold is not None
    assert said.label == ("odd" if said.values["score"] >= places.threshold else "normal")
    page, _ = page_of(home, odd)
    assert (places.scale, places.threshold) == (page.scale, page.threshold), "colors compare"
    assert set(pictures) == {"image", "heat"}
    (odd.path / "maps.parquet").rename(odd.path / "away.parquet")
    try:
        _, alone, _ = inspect_tried(state, odd.id, sent(photos, 1))
    finally:
        (odd.path / "away.parquet").rename(odd.path / "maps.parquet")
    assert alone is not None
    assert alone.scale == (0.0, pytest.approx(2 * places.threshold))


def test_what_is_no_image_is_said_where_it_is_tried(home: Project, masks: Run) -> None:
    said, places, pictures = inspect_tried(BenchState(home.root), masks.id, b"no image")
    assert said.problem is not None
    assert (places, pictures) == (None, {})


def test_a_heat_map_is_its_own_evidence(home: Project, odd: Run, photos: Path) -> None:
    with pytest.raises(FlowError, match="heat map") as told:
        saliency(home.inspect(odd.id), sent(photos, 1))
    assert "inspect places" in str(told.value.hint)


def test_the_map_of_a_run_of_masks_says_what_colors_tell(home: Project, masks: Run) -> None:
    found = embedding_map(home.inspect(masks.id))
    assert any("not one label for an image" in note for note in found.notes)
    assert set(found.points.predicted) == {-1}

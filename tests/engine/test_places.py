"""Places of images: maps of several stages leave a backbone, masks are learned from them, odd places are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import binary_dilation
from sklearn.metrics import roc_auc_score

from graftwork.data import Transform
from graftwork.data.defects import draw_odd_surfaces
from graftwork.documents.flow import Flow, load_flow
from graftwork.engine.boundary import find_boundary, set_trainable
from graftwork.engine.data_wires import DataWires
from graftwork.engine.folder import read_plan, read_record
from graftwork.engine.heat import heat_map
from graftwork.engine.map_files import read_maps
from graftwork.engine.metrics.ranking import pixel_auroc, score_anomalies
from graftwork.engine.prepare import open_data, prepare
from graftwork.engine.settings import cuts_of, read_settings
from graftwork.engine.sources import Augmenter, FeatureSource, ImageSource
from graftwork.engine.trained import load_run
from graftwork.errors import CutError, FlowError, RunError

from ..conftest import TINY_BASE
from .test_flows import run, workspace_in

SIDE = 48


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 noisy images with a bright square (class 1) and a dark bar (class 2), known to the pixel."""
    rng = np.random.default_rng(3)
    images = rng.integers(90, 140, (48, SIDE, SIDE, 3))
    masks = np.zeros((48, SIDE, SIDE), np.int64)
    for mask in masks:
        top, left = rng.integers(2, SIDE - 20, 2)
        mask[top : top + 16, left : left + 16] = 1
        row = int(rng.integers(0, SIDE - 8))
        mask[row : row + 6] = 2
    images[masks == 1] += 90
    images[masks == 2] -= 80
    path = tmp_path_factory.mktemp("planted") / "planted.npz"
    np.savez(path, images=images.clip(0, 255).astype(np.uint8), masks=masks)
    return path


def decoder_flow(source: Path, *, backbone: str = "", recipe: str = "{}", skips: int = 2) -> Flow:
    wires = "".join(f"- [backbone.skip_{i}, decoder.skip_{i}]\n" for i in range(1, skips + 1))
    return load_flow(f"""
name: places
nodes:
- {{id: images, component: images, settings: {{source: {source}, label_kind: mask, size: 64}}}}
- {{id: backbone, component: backbone, settings: {{base: {TINY_BASE}, skips: {skips}{backbone}}}}}
- {{id: decoder, component: unet_decoder, settings: {{filters: [16, 8], skips: {skips}}}}}
- {{id: objective, component: segmentation, settings: {{loss: sum}}}}
edges:
- [images.image, backbone.image]
- [backbone.features, decoder.features]
{wires}- [decoder.logits, objective.logits]
- [images.labels, objective.labels]
recipe: {recipe}
""")


def prepared(flow: Flow, folder: Path) -> Any:
    images = open_data(read_settings(flow).images, 0, workspace_in(folder))
    return prepare(flow, images, workspace_in(folder), compute=None)


# -- maps of several stages --------------------------------------------------------------------------


def test_skips_are_what_the_stages_give(planted: Path, tmp_path: Path) -> None:
    found = prepared(decoder_flow(planted), tmp_path)
    network = found.network.eval()
    base = network.base
    assert base.stage_names()[-1] == "conv_head"  # the last maps, not the pool
    images = torch.randn(2, 3, 64, 64)
    wires = ["backbone.features", "backbone.skip_1", "backbone.skip_2"]
    with torch.inference_mode():
        values = network.run({network.image_wire: images}, wires)
        here, by_name = images, {}
        for stage in base.stages:
            here = by_name[stage.name] = stage.module(here)
    wanted = [by_name["conv_head"], by_name["blocks.3"], by_name["blocks.2"]]
    assert all(torch.equal(values[w], t) for w, t in zip(wires, wanted, strict=True))
    assert [values[w].shape[2] for w in wires] == [2, 4, 8]


@pytest.mark.parametrize(
    ("backbone", "wires"),
    [
        ("", ["backbone.skip_2", "backbone.skip_1", "backbone.features"]),
        # Two stages frozen: the first skip comes from what moves, the second one is computed anew with it.
        (", strategy: some_layers, cut: blocks.2", ["backbone.skip_2"]),
        (", strategy: some_layers, cut: blocks.3", ["backbone.skip_2", "backbone.skip_1"]),
        (", strategy: all_layers", ["images.image"]),
    ],
)
def test_what_is_read_beyond_the_cut_enters_with_it(
    backbone: str, wires: list[str], planted: Path, tmp_path: Path
) -> None:
    flow = decoder_flow(planted, backbone=backbone)
    network = prepared(flow, tmp_path).network
    set_trainable(network, cuts_of(read_settings(flow), network), "held")
    assert list(find_boundary(network).wires) == wires


@pytest.mark.parametrize("backbone", ["", ", strategy: some_layers, cut: blocks.2"])
def test_stored_maps_train_as_computed_ones_and_the_frozen_part_stays(
    backbone: str, planted: Path, tmp_path: Path
) -> None:
    digests = []
    for cache in ("auto", "off"):
        recipe = f"{{epochs: 1, batch: 8, precision: float32, probe_first: false, feature_cache: '{cache}'}}"
        flow = decoder_flow(planted, backbone=backbone, recipe=recipe)
        folder = run(flow, tmp_path / cache)
        record, plan = read_record(folder), read_plan(folder)
        assert record.proof.holds
        assert record.proof.frozen_tensors > 0
        assert plan.cache.is_used == (cache == "auto")
        digests.append(record.proof.frozen_digest_after)
        scores = record.metrics["test"]
    assert digests[0] == digests[1]
    again = read_record(tmp_path / "auto" / "runs" / "r").metrics["test"]
    assert again.mean_iou.value == pytest.approx(scores.mean_iou.value, abs=0.02)


def test_planted_shapes_are_found_by_a_tiny_network(planted: Path, tmp_path: Path) -> None:
    recipe = "{epochs: 20, batch: 8, precision: float32, learning_rate: 0.01}"
    flow = decoder_flow(planted, backbone=", strategy: from_scratch", recipe=recipe)
    folder = run(flow, tmp_path)
    scores = read_record(folder).metrics["test"]
    assert scores.mean_iou.value > 0.8
    # What is kept is what was scored: its overlap counted anew, pixel by pixel.
    maps = read_maps(folder)
    images = open_data(read_settings(flow).images, 0, workspace_in(tmp_path))
    index = {sample.key: i for i, sample in enumerate(images.samples)}
    hits, either = np.zeros(3), np.zeros(3)
    for row, (key, split) in enumerate(zip(maps.keys, maps.splits, strict=True)):
        if split == "test":
            said, mask = maps.map(row), images.read_mask(index[key], 64)
            assert said is not None
            for k in range(3):
                hits[k] += ((said == k) & (mask == k)).sum()
                either[k] += ((said == k) | (mask == k)).sum()
    assert (hits / either).mean() == pytest.approx(scores.mean_iou.value)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        (", last_stage: pool", CutError, "Node 'backbone': .* no maps after 'pool'"),
        (", skip_stages: [blocks.2, blocks.2]", CutError, "twice"),
        (", skip_stages: [blocks.2]", FlowError, "skip_2"),
    ],
)
def test_skips_that_cannot_be_are_refused_at_the_node(
    settings: str, error: type[Exception], words: str, planted: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words):
        prepared(decoder_flow(planted, backbone=settings), tmp_path)


def test_masks_and_images_of_a_source_are_of_the_same_view(planted: Path, tmp_path: Path) -> None:
    flow = decoder_flow(planted)
    images = open_data(read_settings(flow).images, 0, workspace_in(tmp_path))
    found = prepared(flow, tmp_path)
    transform: Transform = found.transform
    augmenter = Augmenter("light", 0, transform.size)
    rows = images.of_split("train")[:8]
    compute = found.plan.compute
    source = ImageSource(
        images, rows, transform, augmenter=augmenter, store=None, compute=compute, wire="images.image"
    )
    data = DataWires(images, rows, ["images.labels"], transform, augmenter)
    at = np.arange(8)
    for epoch in (0, 1):
        pixels = source.batch(at, epoch)["images.image"].mean(1)
        masks = data.batch(at, "cpu", source.views(at, epoch))["images.labels"]
        plain = data.batch(at, "cpu")["images.labels"]
        assert not torch.equal(masks, plain)
        bright = pixels[masks == 1].mean() - pixels[masks == 0].mean()
        torn = pixels[plain == 1].mean() - pixels[plain == 0].mean()
        assert bright > 1.1 * torn


def test_stored_views_are_told_by_their_numbers() -> None:
    source = FeatureSource({}, [["a:1", "a:2", "a:3"]] * 4, None, [1, 2, 3])  # type: ignore[arg-type]
    at = np.array([0, 1, 3])
    for epoch in range(4):
        names = [source._rows[p][(epoch + p) % 3] for p in at]
        assert [int(name.partition(":")[2]) for name in names] == source.views(at, epoch).tolist()


# -- odd places --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 pieces of cloth and 24 odd ones, with masks of what is odd, by split."""
    found = draw_odd_surfaces(num_normal=40, num_odd=24, side=96, seed=4)
    root = tmp_path_factory.mktemp("cloth")
    for i, (image, mask) in enumerate(zip(found.images, found.masks, strict=True)):
        for kind, pixels in (("images", image), ("masks", (mask > 0).astype(np.uint8))):
            folder = root / str(found.splits[i]) / kind
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{i:03}.png")
    return root


def odd_flow(source: Path, method: str) -> Flow:
    return load_flow(f"""
name: odd
nodes:
- {{id: images, component: images, settings: {{source: {source}, label_kind: mask, size: 96}}}}
- id: backbone
  component: backbone
  settings: {{base: 'bundled:efficientnet_lite0', last_stage: blocks.4, skips: 1, image_size: 96}}
- {{id: patches, component: patch_features, settings: {{skips: 1}}}}
- {{id: objective, component: anomaly, settings: {{method: {method}}}}}
edges:
- [images.image, backbone.image]
- [backbone.features, patches.features]
- [backbone.skip_1, patches.skip_1]
- [patches.patches, objective.features]
- [images.labels, objective.labels]
recipe: {{precision: float32}}
""")


@pytest.mark.parametrize("method", ["padim", "patchcore"])
def test_odd_images_are_found_and_where_they_are_odd(method: str, cloth: Path, tmp_path: Path) -> None:
    flow = odd_flow(cloth, method)
    folder = run(flow, tmp_path)
    record, plan = read_record(folder), read_plan(folder)
    scores = record.metrics["test"]
    assert scores.auroc.value > 0.97
    assert scores.pixel_auroc.value > 0.85
    assert scores.recall.value > 0.9
    assert record.proof.holds
    assert plan.cache.is_used
    images = open_data(read_settings(flow).images, 0, workspace_in(tmp_path), need_all_classes=False)
    test = images.of_split("test")
    model = load_run(folder, workspace=workspace_in(tmp_path))
    said, maps = model.predict_places(images, test)
    assert maps is not None
    masks = np.stack([images.read_mask(i, 96) for i in test])
    odd = masks.reshape(len(masks), -1).any(1)
    assert roc_auc_score(odd, said[:, 0]) == pytest.approx(scores.auroc.value, abs=1e-6)
    inside = []
    for places, mask in zip(maps[odd], masks[odd], strict=True):
        heat = heat_map(places, (96, 96))
        peak = np.unravel_index(heat.argmax(), heat.shape)
        inside.append(binary_dilation(mask > 0, iterations=4)[peak])  # half a place of 8 pixels
    assert np.mean(inside) >= 0.9
    # The threshold is the quantile of the normal validation images' scores.
    validation = images.of_split("validation")
    scored = model.predict_images(images, validation)[:, 0]
    assert scores.threshold == pytest.approx(float(np.quantile(scored, 0.95)), rel=1e-4)


def test_images_that_show_something_odd_are_not_learned(cloth: Path, tmp_path: Path) -> None:
    flow = odd_flow(cloth, "patchcore").with_settings("objective", normal_class="1")
    with pytest.raises(FlowError, match="No training image is normal"):
        run(flow, tmp_path)


def test_features_without_places_are_refused_before_a_run(cloth: Path) -> None:
    flow = load_flow(f"""
name: pooled
nodes:
- {{id: images, component: images, settings: {{source: {cloth}, label_kind: mask, size: 96}}}}
- {{id: backbone, component: backbone, settings: {{base: {TINY_BASE}}}}}
- {{id: pooling, component: pooling, settings: {{scope: global}}}}
- {{id: objective, component: anomaly, settings: {{method: padim}}}}
edges:
- [images.image, backbone.image]
- [backbone.features, pooling.features]
- [pooling.features, objective.features]
- [images.labels, objective.labels]
""")
    with pytest.raises(FlowError, match="wants maps"):
        read_settings(flow)


def test_a_run_that_tells_no_places_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no masks and no heat maps") as caught:
        read_maps(tmp_path)
    assert "padim" in str(caught.value.hint)


# -- scores ------------------------------------------------------------------------------------------


def test_the_pixel_auroc_is_that_of_all_pixels_together() -> None:
    rng = np.random.default_rng(0)
    odd = rng.random((6, 9, 11)) < 0.2
    maps = rng.normal(odd * 0.8, 1.0)
    counts = rng.random((6, 9, 11)) < 0.9
    found = pixel_auroc(maps, odd, counts)
    assert found.value == pytest.approx(roc_auc_score(odd[counts], maps[counts]), abs=1e-3)
    assert found.low < found.value < found.high
    assert np.isnan(pixel_auroc(maps, np.zeros_like(odd), counts).value)


def test_recall_and_false_alarms_are_counted_at_the_threshold() -> None:
    scores = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    odd = np.array([0, 0, 1, 0, 1])
    found = score_anomalies(scores, odd, threshold=4.0, quantile=0.95)
    assert found.recall is not None
    assert found.false_alarms is not None
    assert (found.recall.value, found.false_alarms.value) == (0.5, pytest.approx(1 / 3))
    assert score_anomalies(scores, odd).recall is None
    assert score_anomalies(scores, np.ones(5), threshold=4.0).false_alarms is None


def test_a_heat_map_keeps_its_place_and_its_level() -> None:
    places = np.zeros((8, 8), np.float32)
    places[2, 5] = 1.0
    heat = heat_map(places, (64, 64))
    assert heat.shape == (64, 64)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 2 * 8 <= row < 3 * 8
    assert 5 * 8 <= column < 6 * 8
    assert heat_map(np.full((4, 6), 2.5, np.float32), (40, 60)) == pytest.approx(2.5)

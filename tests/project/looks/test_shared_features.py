"""Looks share what the base said: an image that one of them passed through it is not passed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graftwork.documents.recipe import Recipe
from graftwork.engine.stage_features import StageFeatures
from graftwork.graph.flows import transfer_flow
from graftwork.insight.map_features import FeatureReader, find_place
from graftwork.project import Project
from graftwork.project.looks.data_quality import look_at_data
from graftwork.project.looks.depth import probe_by_depth
from graftwork.project.looks.embedding import embedding_map
from graftwork.project.looks.inspection import Inspection

from ...conftest import TINY_BASE, write_stripes

LOOKS: dict[str, Callable[[Inspection], object]] = {
    "depth": probe_by_depth,
    "data": look_at_data,
    "map": embedding_map,
}
RECIPE = Recipe(epochs=1, precision="float32", memory_format="contiguous")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stripes(tmp_path_factory.mktemp("shared") / "photos", per_class=8)


def passed(home: Project, subject: object, look: Callable[[Inspection], object]) -> int:
    """Return how many images a look that was opened anew passes through the base."""
    inside = home.inspect(subject)
    inside.tell = lambda _: None
    before = inside.prepared.network.base_images
    look(inside)
    return inside.prepared.network.base_images - before


def test_depth_data_and_map_pass_each_image_through_the_base_once_in_all(
    photos: Path, tmp_path: Path
) -> None:
    flow = transfer_flow(str(photos), base=TINY_BASE, image_size=32, recipe=RECIPE)
    home = Project(tmp_path)
    images = home.inspect(flow).images
    probed = len(images.of_split("train")) + len(images.of_split("validation"))
    assert 0 < probed < len(images)
    counts = [passed(home, flow, LOOKS[name]) for name in ("depth", "data", "map")]
    assert counts == [probed, len(images) - probed, 0]
    assert passed(home, flow, lambda inside: embedding_map(inside, at="blocks.2")) == len(images) - probed


@pytest.mark.parametrize("order", [("data", "map"), ("map", "data")])
def test_after_a_run_on_stored_features_its_images_pass_no_more(
    photos: Path, tmp_path: Path, order: tuple[str, ...]
) -> None:
    home = Project(tmp_path)
    run = home.run(transfer_flow(str(photos), base=TINY_BASE, image_size=32, recipe=RECIPE))
    assert [passed(home, run.id, LOOKS[name]) for name in order] == [0, 0]


@pytest.mark.parametrize("at", ["blocks.2", "base"])
def test_readers_of_all_stages_and_of_one_share_an_entry_and_its_numbers(
    photos: Path, tmp_path: Path, at: str
) -> None:
    home = Project(tmp_path)
    inside = home.inspect(transfer_flow(str(photos), base=TINY_BASE, image_size=32, recipe=RECIPE))
    prepared, cache = inside.prepared, inside.workspace.cache
    network, compute = prepared.network, prepared.plan.compute
    reader = FeatureReader(network, find_place(network, at), prepared.transform, compute, cache)
    one = reader.of_images(inside.images, range(5))
    seen = network.base_images
    every = StageFeatures(network, inside.require_base(), prepared.transform, compute, cache)
    every.fill(inside.images, range(3))
    assert (cache / "features" / reader.key).is_dir()
    stage = every.stages[-1] if at == "base" else at
    np.testing.assert_array_equal(every.of(stage, inside.images, range(3)), one[:3])
    assert network.base_images == seen + 3  # the other stages were not there yet
    every.fill(inside.images, range(3))
    assert network.base_images == seen + 3

"""One image of a run, a flow or a file: feature maps and saliency through the project."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.flow import load_flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import DataError, FlowError, RunError, UnknownName, UsageError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.looks.feature_maps import draw_maps, look_through
from graftwork.project.looks.one_image import find_image
from graftwork.project.looks.pictures import write_maps, write_saliency
from graftwork.project.looks.saliency import saliency
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes

KEY = "wide/003.png"
RECIPE = Recipe(epochs=1, batch=16, precision="bfloat16", memory_format="contiguous", probe_first=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("one") / "home", on_note=lambda _: None)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stripes(tmp_path_factory.mktemp("photos") / "stripes", per_class=12)


@pytest.fixture(scope="module")
def run(home: Project, photos: Path) -> Run:
    """A run of two of the last stages, in bfloat16: the rest of the base is frozen."""
    flow = transfer_flow(str(photos), base=TINY_BASE, image_size=64, strategy="some_layers", recipe=RECIPE)
    return home.run(flow)


def test_frozen_stages_did_not_change_and_trained_ones_did(home: Project, run: Run) -> None:
    inside = home.inspect(run.id)
    found = look_through(inside, KEY)
    document = draw_maps(found, inside).document
    assert document.weights == ("pretrained", "trained")
    states = {s.name: s.is_frozen for s in run.plan.stages}  # type: ignore[union-attr]
    assert set(states.values()) == {True, False}
    for stage in document.stages:
        before = [s for s in states if list(states).index(s) <= list(states).index(stage.stage)]
        assert (stage.change == 0) == all(states[s] for s in before), stage.stage
    tests = [inside.images.samples[i].key for i in inside.images.of_split("test")]
    assert document.num_images == 1 + len([key for key in tests if key != KEY])
    assert document.label == ("wide",)


def test_channels_and_pictures_are_of_the_stage_that_is_asked_for(
    home: Project, run: Run, tmp_path: Path
) -> None:
    inside = home.inspect(run.id)
    found = look_through(inside, KEY, weights="trained", among=0)
    made = draw_maps(found, inside, stage="blocks.1", order="index", number=5)
    assert [c.index for c in made.document.channels] == [0, 1, 2, 3, 4]
    assert made.document.num_images == 1
    written = write_maps(made, tmp_path / "maps")
    names = [c.sides["trained"].picture for c in written.channels]
    assert all(name is not None and Path(name).is_file() for name in names)
    assert Path(written.input).is_file()
    vector = draw_maps(found, inside, stage="pool").document
    assert vector.channels[0].sides["trained"].picture is None


def test_active_channels_are_those_of_this_image(home: Project, run: Run) -> None:
    found = look_through(home.inspect(run.id), KEY)
    for stage in found.sides["trained"]:
        if stage.values[0, 0].size > 1:
            spread = stage.values[0].reshape(stage.values.shape[1], -1).std(axis=1)
            falling = spread[list(stage.order)]
            assert (np.diff(falling) <= 1e-5 * falling[0]).all(), stage.stage


def test_wrong_choices_are_named(home: Project, run: Run) -> None:
    inside = home.inspect(run.id)
    one = look_through(inside, KEY, weights="trained", among=0)
    with pytest.raises(UnknownName, match="no stage 'blocks'"):
        draw_maps(one, inside, stage="blocks")
    with pytest.raises(UsageError, match="no change"):
        draw_maps(one, inside, order="change")
    with pytest.raises(UsageError, match="got 0"):
        draw_maps(one, inside, number=0)
    with pytest.raises(UnknownName, match="neither a file nor the key"):
        look_through(inside, "wide/nothing.png")
    with pytest.raises(UnknownName, match="says nothing about 'round'"):
        saliency(inside, KEY, of="round")


def test_a_flow_shows_its_pretrained_maps_and_no_saliency(home: Project, run: Run) -> None:
    inside = home.inspect(run.flow)
    document = draw_maps(look_through(inside, KEY), inside).document
    assert document.weights == ("pretrained",)
    assert document.stages[0].change is None
    with pytest.raises(RunError, match="was not trained"):
        saliency(inside, KEY)
    with pytest.raises(RunError, match="was not trained"):
        look_through(inside, KEY, weights="trained")


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients"])
def test_saliency_of_a_frozen_base_in_few_digits(
    home: Project, run: Run, method: str, tmp_path: Path
) -> None:
    inside = home.inspect(run.id)
    found = saliency(inside, KEY, method=method, of="wide", sanity=True)  # type: ignore[arg-type]
    document = found.document
    assert found.heat.shape == document.size == (64, 64)
    assert document.sanity is not None
    assert document.sanity.steps[0].what == "head"
    assert {s.name for s in document.scores} == {"flat", "tall", "wide"}
    assert sum(s.probability or 0 for s in document.scores) == pytest.approx(1, abs=1e-5)
    if method == "integrated_gradients":
        assert document.completeness is not None
        assert document.completeness.gap <= 0.05
    assert saliency(inside, KEY, method=method, of="wide", sanity=True).document == document  # type: ignore[arg-type]
    assert list((run.path / "inspections").glob("saliency-*"))
    write_saliency(found, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"image.png", "saliency.png", "heat.png"}


def test_files_and_content_and_wild_sizes(home: Project, run: Run, photos: Path, tmp_path: Path) -> None:
    inside = home.inspect(run.id)
    by_key, by_file = saliency(inside, KEY), saliency(inside, photos / KEY)
    assert by_key.document.digest == by_file.document.digest
    assert by_file.document.label == ()
    sent = saliency(inside, (photos / KEY).read_bytes(), name="mine.png")
    assert sent.document.image == "mine.png"
    for number, (width, height) in enumerate([(1, 1), (3, 900), (2000, 40)]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((height, width), 90, np.uint8)).save(path)
        assert saliency(inside, path).heat.shape == (64, 64)
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(DataError, match="cannot be read as an image"):
        saliency(inside, tmp_path / "text.png")


def test_text_from_a_page_never_means_a_file(home: Project, run: Run, photos: Path) -> None:
    with pytest.raises(UnknownName):
        find_image(home.inspect(run.id), str(photos / KEY), only_keys=True)


def test_images_that_were_moved(home: Project, run: Run, photos: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    shutil.copytree(photos, away)
    flow = transfer_flow(str(away), base=TINY_BASE, image_size=64, recipe=RECIPE)
    moved = home.run(flow)
    shutil.rmtree(away)
    inside = home.inspect(moved.id)
    with pytest.raises(DataError, match="images are not there"):
        saliency(inside, KEY)
    document = draw_maps(look_through(inside, photos / KEY), inside).document
    assert document.num_images == 1
    assert "only" in document.notes[0]
    assert document.stages[0].change == 0
    assert saliency(inside, photos / KEY).document.predicted


def test_a_flow_without_a_base_is_told(home: Project, photos: Path) -> None:
    flow = load_flow(
        f"""
format: 1
name: bare
nodes:
- {{id: images, component: images, settings: {{source: "{photos}", size: 32}}}}
- {{id: convolution, component: convolution, settings: {{filters: 4, kernel: 3}}}}
- {{id: head, component: head}}
- {{id: objective, component: classification}}
edges:
- [images.image, convolution.features]
- [convolution.features, head.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
""",
        name="bare",
    )
    with pytest.raises(FlowError, match="no base"):
        look_through(home.inspect(flow), KEY)

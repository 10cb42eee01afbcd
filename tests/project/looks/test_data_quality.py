"""Planted faults in a real data set are found through the base: copies, wrong labels, odd images; and the fix."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.data_quality import DataQuality
from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import DataError, RunInterrupted, UnknownName
from graftwork.graph.flows import transfer_flow
from graftwork.insight.quality.fixes import find_fix
from graftwork.project import Project
from graftwork.project.looks.data_quality import QualityLook, look_at_data
from graftwork.project.looks.fix_effect import measure_effect
from graftwork.project.looks.inspection import Inspection

from ...conftest import TINY_BASE

PLAIN = Recipe(epochs=1, precision="float32", memory_format="contiguous")
CLASSES = ("dots", "tall", "wide")


def picture(kind: str, rng: np.random.Generator) -> Image.Image:
    """Return a picture with fine detail whose class even an untrained base tells: direction and grain."""
    side = 64
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((side, side))
    pixels = 0.45 * np.asarray(coarse, np.float64)
    step = int(rng.integers(4, 7))
    grid = np.zeros((side, side))
    if kind == "tall":
        grid[:, :: 2 * step] = grid[:, 1 :: 2 * step] = 130
    elif kind == "wide":
        grid[:: 2 * step] = grid[1 :: 2 * step] = 130
    else:
        grid[::step, ::step] = 130
    return Image.fromarray(np.clip(pixels + grid[..., None], 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], set[str], set[str]]:
    """Write 240 images in given splits; return the root, the copies with their originals, and wrong labels.

    20 exact and 20 recompressed copies, half of them in another split than the original; 5 % of the other
    images lie in a wrong class; one image is noise.
    """
    root = tmp_path_factory.mktemp("planted") / "photos"
    rng = np.random.default_rng(3)
    copies: dict[str, str] = {}
    wrong: set[str] = set()
    made: list[str] = []
    flipped = set(rng.choice(240, 12, replace=False).tolist())
    for number in range(240):
        kind = CLASSES[number % 3]
        split = ("train", "train", "train", "test")[(number // 3) % 4]
        said = CLASSES[(number + 1 + number // 3 % 2) % 3] if number in flipped else kind
        key = f"{split}/{said}/{number:03}.png"
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        picture(kind, rng).save(root / key)
        made.append(key)
        if number in flipped:
            wrong.add(key)
    sound = [k for k in made if k not in wrong]
    for turn, original in enumerate(rng.choice(sound, 40, replace=False).tolist()):
        split, label, name = original.split("/")
        other = ("test" if split == "train" else "train") if turn % 2 else split
        copy = f"{other}/{label}/copy-{name}"
        if turn < 20:
            shutil.copy(root / original, root / copy)
        else:
            copy = copy.replace(".png", ".jpg")
            Image.open(root / original).save(root / copy, quality=75)
        copies[copy] = original
    odd = "train/wide/odd.png"
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(root / odd)
    return root, copies, wrong, {odd}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("quality") / "home")


def flow_of(source: Path | str, **settings: object) -> Flow:
    return transfer_flow(str(source), base=TINY_BASE, image_size=64, recipe=PLAIN, **settings)


@pytest.fixture(scope="module")
def looked(home: Project, planted: tuple[Path, dict[str, str], set[str], set[str]]) -> Inspection:
    return home.inspect(flow_of(planted[0]))


@pytest.fixture(scope="module")
def found(looked: Inspection) -> DataQuality:
    return look_at_data(looked)


def test_planted_copies_are_found_across_splits_too(
    found: DataQuality, planted: tuple[Path, dict[str, str], set[str], set[str]]
) -> None:
    _, copies, _, _ = planted
    groups = {key: set(g.keys) for g in found.look_alikes if g.how != "feature" for key in g.keys}
    hits = [copy for copy, original in copies.items() if original in groups.get(copy, ())]
    assert len(hits) >= 0.95 * len(copies)
    crossing = {k for g in found.look_alikes if g.crosses_splits for k in g.keys}
    across = {c for c, o in copies.items() if c.split("/")[0] != o.split("/")[0]}
    assert len(across & crossing) >= 0.95 * len(across)
    # None of what was not planted is called a copy.
    assert set(groups) <= set(copies) | set(copies.values())


def test_planted_wrong_labels_are_found(
    found: DataQuality, planted: tuple[Path, dict[str, str], set[str], set[str]]
) -> None:
    _, _, wrong, _ = planted
    suspects = {s.key for s in found.suspects}
    assert len(suspects & wrong) >= 0.8 * len(wrong)
    confident = {s.key for s in found.suspects if s.is_confident}
    assert len(confident) == found.num_confident
    assert len(confident & wrong) >= 0.5 * len(confident)  # precision
    right = {s.key: s.suggested for s in found.suspects if s.key in wrong}
    truth = {k: CLASSES[int(k.split("/")[2][:3]) % 3] for k in right}
    assert sum(right[k] == truth[k] for k in right) >= 0.9 * len(right)
    assert found.num_suspects == len(found.suspects) == sum(c.num_suspects for c in found.classes)


def test_each_finding_says_why(found: DataQuality) -> None:
    first = found.suspects[0]
    assert first.label in first.reason
    assert first.suggested in first.reason
    assert 0 < len(first.neighbors) <= 5
    assert all(n.key != first.key for n in first.neighbors)
    assert first.margin == pytest.approx(first.label_probability - first.suggested_probability)
    assert found.accuracy is not None
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert any("untrained" in note for note in found.notes)


def test_the_odd_image_is_the_first_outlier(
    found: DataQuality, planted: tuple[Path, dict[str, str], set[str], set[str]]
) -> None:
    assert found.outliers[0].key in planted[3]


def test_fixes_are_settings_and_leave_test_images_alone(looked: Inspection, found: DataQuality) -> None:
    fixes = {fix.id: fix for fix in found.fixes}
    excluded = fixes["exclude_suspects"].changes["exclude"]
    assert excluded
    assert all(key.startswith("train/") for key in excluded)
    kept = fixes["keep_one_of_look_alikes"].changes["exclude"]
    for group in found.look_alikes:
        if group.how != "feature" and not group.is_conflict:
            left = [k for k in group.keys if k not in kept]
            assert len(left) == 1
            if any(k.startswith("test/") for k in group.keys):
                assert left[0].startswith("test/")
    look = QualityLook(looked)
    key, new = found.suspects[0].key, found.suspects[0].suggested
    one = find_fix(f"relabel:{key}", found, look.images, look.settings)
    assert one.changes == {"relabel": {key: new}}
    out = find_fix(f"exclude:{key}", found, look.images, look.settings)
    assert out.changes == {"exclude": [key]}
    with pytest.raises(UnknownName, match="no fix"):
        find_fix("exclude_suspect", found, look.images, look.settings)


def test_a_relabel_back_to_the_label_as_found_is_no_correction(
    home: Project, planted: tuple[Path, dict[str, str], set[str], set[str]]
) -> None:
    key = "train/tall/001.png"
    assert key not in planted[2]
    spoilt = home.inspect(flow_of(planted[0], relabel={key: "wide"}))
    found, look = look_at_data(spoilt), QualityLook(spoilt)
    suspect = next(s for s in found.suspects if s.key == key)
    assert suspect.suggested == "tall"
    assert find_fix(f"relabel:{key}", found, look.images, look.settings).changes == {"relabel": {}}


def test_the_effect_of_mending_is_measured_on_untouched_test_images(
    looked: Inspection, home: Project, planted: tuple[Path, dict[str, str], set[str], set[str]]
) -> None:
    root, _, wrong, _ = planted
    mended = {k: CLASSES[int(k.split("/")[2][:3]) % 3] for k in wrong}
    before = looked.prepared.network.base_images
    effect = measure_effect(looked, {"relabel": mended}, what="All that was planted.")
    assert looked.prepared.network.base_images == before
    num_train = sum(s.key in wrong and s.split == "train" for s in looked.images.samples)
    assert effect.num_changed == num_train
    assert effect.num_scored_changed == len(wrong) - num_train
    test = next(c for c in effect.changes if c.split == "test")
    assert test.difference.low <= test.difference.value <= test.difference.high
    assert test.difference.value == pytest.approx(test.after.value - test.before.value)
    # The flow that has these corrections, beside the data as it was found, is the same comparison.
    corrected = home.inspect(flow_of(root, relabel=mended))
    assert measure_effect(corrected).changes == effect.changes


def test_features_that_a_run_stored_pass_no_image_again(home: Project, stripes: Path, tmp_path: Path) -> None:
    flow = flow_of(stripes)
    run = home.run(flow)
    inspection = home.inspect(run.id)
    told: list[object] = []
    inspection.tell = told.append
    found = look_at_data(inspection)
    assert [e.total for e in told if hasattr(e, "total")] == [0]  # type: ignore[attr-defined]
    again = home.inspect(run.id)
    assert look_at_data(again) == found
    assert "prepared" in again.__dict__
    fresh = Project(tmp_path / "fresh").inspect(flow)
    assert QualityLook(inspection).features == pytest.approx(QualityLook(fresh).features, abs=1e-5)


def test_only_images_that_a_run_left_out_pass_the_base(home: Project, stripes: Path) -> None:
    run = home.run(flow_of(stripes, exclude=["flat/003.png"]))
    inspection = home.inspect(run.id)
    told: list[object] = []
    inspection.tell = told.append
    effect = measure_effect(inspection)
    assert [e.done for e in told if hasattr(e, "done")][-1] <= 1  # type: ignore[attr-defined]
    assert effect.num_changed + effect.num_scored_changed == 1


def test_other_kinds_of_labels_are_looked_at_without_suspects(home: Project, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["image,label"]
    for number in range(30):
        picture(CLASSES[number % 3], rng).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{number / 10}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    flow = flow_of(tmp_path / "table.csv", label_kind="number")
    nodes = tuple(n.edit(component="regression") if n.id == "objective" else n for n in flow.nodes)
    inspection = home.inspect(flow.edit(nodes=nodes))
    found = look_at_data(inspection)
    assert found.suspects == ()
    assert found.accuracy is None
    assert any("one class" in n for n in found.notes)
    with pytest.raises(DataError, match="no single class"):
        measure_effect(inspection)


def test_few_images_and_images_of_wild_sizes(home: Project, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number, size in enumerate([(3, 500), (700, 2), (64, 64), (1, 1), (40, 30), (64, 65)]):
        folder = tmp_path / CLASSES[number % 2]
        folder.mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    found = look_at_data(home.inspect(flow_of(tmp_path)))
    assert found.num_images == 6
    assert any("Fewer than 20" in note for note in found.notes)


def test_moved_images_and_a_flow_without_a_base_are_said_in_a_sentence(
    home: Project, stripes: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(stripes, gone)
    inspection = home.inspect(flow_of(gone))
    shutil.rmtree(gone)
    with pytest.raises(DataError):
        look_at_data(inspection)


def test_features_that_are_no_numbers_are_refused(
    home: Project, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = QualityLook(home.inspect(flow_of(stripes)))
    broken = np.full((len(look.images), 4), np.nan, np.float32)
    monkeypatch.setattr("graftwork.insight.quality.features.FeatureTable.of", lambda *_: broken)
    with pytest.raises(DataError, match="not numbers for 60 of 60 images"):
        look.make()


def test_it_ends_when_it_is_not_wanted(home: Project, stripes: Path) -> None:
    inspection = home.inspect(flow_of(stripes))
    inspection.stop = lambda: True
    with pytest.raises(RunInterrupted):
        look_at_data(inspection)

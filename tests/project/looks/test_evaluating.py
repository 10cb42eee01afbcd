"""Evaluations of stored predictions: what they say, what they refuse, and images behind each part."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from graftwork.documents.evaluation import Evaluation
from graftwork.documents.flow import write_flow
from graftwork.documents.record import AnomalyScores, Interval
from graftwork.errors import DataError, RunError, UnknownName, UsageError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project, Run
from graftwork.project.looks.evaluating import evaluate_elsewhere, evaluation
from graftwork.project.looks.other_data import other_data
from graftwork.project.looks.picks import keys_of_slice
from graftwork.project.moved import read_moved
from graftwork.project.predictions import prediction_page
from graftwork.project.relocate import move_images

from ...conftest import TINY_BASE, write_stripes
from ..conftest import make_record
from ..test_predictions import stored


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stripes beside a table that knows the camera and the day."""
    root = write_stripes(tmp_path_factory.mktemp("evaluating") / "photos", per_class=16)
    rows = []
    for number, path in enumerate(sorted(root.rglob("*.png"))):
        key, camera = path.relative_to(root).as_posix(), "old" if number % 3 else "new"
        rows.append((key, path.parent.name, camera, number))
    pd.DataFrame(rows, columns=["image", "label", "camera", "day"]).to_csv(root / "all.csv", index=False)
    return root


@pytest.fixture(scope="module")
def home(photos: Path) -> Project:
    return Project(photos.parent / "home")


@pytest.fixture(scope="module")
def run(home: Project, photos: Path) -> Run:
    options = {"base": TINY_BASE, "image_size": 32, "epochs": 1, "test": 0.4, "precision": "float32"}
    return home.transfer(str(photos / "all.csv"), **options)


@pytest.fixture(scope="module")
def made(home: Project, run: Run) -> Evaluation:
    return evaluation(home.inspect(run.id))


def test_an_evaluation_is_of_the_stored_predictions(run: Run, made: Evaluation) -> None:
    table = pd.read_parquet(run.path / "predictions.parquet")
    table = table[table["split"] == "test"]
    said = table[["p_0", "p_1", "p_2"]].to_numpy(dtype=float)
    assert made.num_images == len(table)
    assert made.scores == run.metrics["test"]
    for i, part in enumerate(made.parts):
        assert part.auroc is not None
        assert part.auroc.value == pytest.approx(roc_auc_score(table["label"] == i, said[:, i]))
    assert [(p.precision, p.recall) for p in made.parts] == [
        (c.precision, c.recall) for c in run.metrics.of_classes("test").classes
    ]
    assert made.calibration is not None
    assert made.calibration.before.log_loss.value == pytest.approx(
        run.metrics.of_classes("test").log_loss.value, abs=1e-6
    )
    assert made.confidence is not None
    right, wrong = (sum(made.confidence.counts[word]) for word in ("right", "wrong"))
    assert (right, right + wrong) == (int((table["label"] == table["predicted"]).sum()), len(table))


def test_the_temperature_is_fitted_on_validation_images_alone(
    home: Project, run: Run, made: Evaluation
) -> None:
    assert made.calibration is not None
    assert made.calibration.after is not None
    assert made.calibration.num_validation == run.metrics["validation"].num_images
    own = evaluation(home.inspect(run.id), split="validation")
    assert own.calibration is not None
    assert (own.calibration.temperature, own.calibration.after) == (None, None)
    assert "validation" in (own.calibration.note or "")


def test_worst_and_most_uncertain_come_in_their_order(made: Evaluation) -> None:
    assert all(row.label != row.predicted for row in made.worst)
    sure = [row.probability or 0.0 for row in made.worst]
    assert sure == sorted(sure, reverse=True)
    p = np.array([list(row.probabilities.values()) for row in made.uncertain])
    entropy = -(p * np.log(p)).sum(1)
    assert (np.diff(entropy) <= 1e-9).all()


def test_slices_stand_for_their_images(run: Run, made: Evaluation) -> None:
    columns = {column.name: column for column in made.slices}
    assert {"camera", "day", "brightness", "contrast", "sharpness"} <= set(columns)
    assert not {"width", "height", "aspect", "file type", "folder", "group"} & set(columns), (
        "all alike or labels"
    )
    assert columns["camera"].origin == "table"
    for column in columns.values():
        assert sum(one.num_images for one in column.slices) == made.num_images
        for one in column.slices:
            keys = keys_of_slice(run, column.name, one.name, split="test")
            page = prediction_page(run, keys=keys, only="right")
            assert len(keys) == one.num_images
            assert page.total == round(one.score.value * one.num_images)
            assert one.corrected_p_value is None or one.corrected_p_value >= (one.p_value or 0.0)
    table = pd.read_csv(run.record.data.source).set_index("image")  # type: ignore[union-attr]
    old = keys_of_slice(run, "camera", "old", split="test")
    assert set(table.loc[sorted(old), "camera"]) == {"old"}
    with pytest.raises(UnknownName, match="no part 'ol'"):
        keys_of_slice(run, "camera", "ol", split="test")


def test_an_evaluation_is_made_once_and_chosen_slices_are_the_only_ones(
    home: Project, run: Run, made: Evaluation
) -> None:
    files = sorted((run.path / "inspections").iterdir())
    assert evaluation(home.inspect(run.id)) == made
    assert sorted((run.path / "inspections").iterdir()) == files
    only = evaluation(home.inspect(run.id), slices=["camera"])
    assert [column.name for column in only.slices] == ["camera"]
    with pytest.raises(UnknownName, match="'camra'"):
        evaluation(home.inspect(run.id), slices=["camra"])


def test_other_data_is_looked_at_like_the_runs_own(home: Project, run: Run, tmp_path: Path) -> None:
    write_stripes(tmp_path / "more", per_class=5, size=48)
    notes: list[str] = []
    inside = home.inspect(run.id)
    inside.tell = notes.append
    other = evaluate_elsewhere(inside, tmp_path / "more", {})
    assert other_data(run)[0] == other
    assert other.scores == home.evaluate(run.id, tmp_path / "more")
    found = evaluation(inside, on=other.id)
    assert (found.num_images, found.on, found.scores) == (15, other.id, other.scores)
    assert found.calibration is not None
    assert found.calibration.num_validation == run.metrics["validation"].num_images
    names = [c.name for c in run.metrics.of_classes("test").classes]
    counts = [[prediction_page(run, on=other.id, label=a, predicted=b).total for b in names] for a in names]
    assert tuple(map(tuple, counts)) == other.scores.confusion  # type: ignore[union-attr]
    with pytest.raises(UnknownName):
        prediction_page(run, on="../../../etc")


def test_one_class_alone_has_no_roc_curve_and_says_so(home: Project, run: Run, tmp_path: Path) -> None:
    write_stripes(tmp_path / "one", per_class=4, classes=("flat",))
    inside = home.inspect(run.id)
    found = evaluation(inside, on=evaluate_elsewhere(inside, tmp_path / "one", {}).id)
    assert all(part.auroc is None and part.reason for part in found.parts)
    assert any("All images here are of the class 'flat'" in note for note in found.notes)
    assert "NaN" not in found.model_dump_json()


def test_moved_images_are_asked_for_and_found_again(tmp_path: Path) -> None:
    photos = write_stripes(tmp_path / "photos", per_class=8)
    home = Project(tmp_path / "home")
    options = {"base": TINY_BASE, "image_size": 32, "epochs": 1, "test": 0.4, "precision": "float32"}
    run = home.transfer(str(photos), **options)
    digest = home.inspect(run.id).images.digest()
    shutil.move(photos, tmp_path / "elsewhere")
    lost = evaluation(home.inspect(run.id))
    assert lost.parts, "what stands on predictions alone is there"
    assert [column for column in lost.slices if column.origin == "image"] == []
    assert any("want the images" in note for note in lost.notes)
    with pytest.raises(DataError, match="any more") as told:
        _ = home.inspect(run.id).images
    assert "--images-at" in (told.value.hint or "")
    write_stripes(tmp_path / "wrong", per_class=2, classes=("a", "b"))
    with pytest.raises(DataError, match="None of the 24 images"):
        move_images(home, run, tmp_path / "wrong")
    with pytest.raises(DataError, match="does not hold"):
        move_images(home, run, tmp_path / "nowhere")
    assert read_moved(home.root).places == {}
    assert move_images(home, run, tmp_path / "elsewhere").startswith("24 of the run's 24")
    assert home.inspect(run.id).images.digest() == digest
    found = evaluation(home.inspect(run.id))
    assert {column.name for column in found.slices} >= {"brightness", "sharpness"}


def test_a_flow_that_was_not_trained_and_lost_predictions_are_refused(
    home: Project, photos: Path, add_run: Any
) -> None:
    with pytest.raises(RunError, match="was not trained"):
        evaluation(home.inspect(transfer_flow(str(photos), base=TINY_BASE)))
    folder = add_run("empty")
    write_flow(transfer_flow(str(photos), base=TINY_BASE), folder / "flow.yaml")
    with pytest.raises(RunError, match="no stored predictions"):
        evaluation(Project(folder.parent.parent).inspect("empty"))


def other_kind(folder: Path, *args: Any) -> Any:
    """Return a look into a run with predictions of another kind, whose images are gone."""
    run = stored(folder, *args)
    write_flow(transfer_flow("/gone", base=TINY_BASE), folder / "flow.yaml")
    return Project(folder.parent.parent).inspect(run.id)


def test_numbers_have_residuals_and_no_curves(add_run: Any) -> None:
    inside = other_kind(add_run("n"), "number", [[1.0], [3.0], [8.0]], [[1.5], [3.0], [4.0]], ("weight",))
    found = evaluation(inside)
    assert (found.parts, found.calibration, found.slice_score) == ((), None, "mae")
    (one,) = found.residuals
    assert one.residual == (0.5, 0.0, -4.0)
    assert one.bias.value == pytest.approx(-3.5 / 3)
    assert found.worst[0].key == "2.png"


def test_tags_are_judged_one_by_one(add_run: Any) -> None:
    labels, said = [[1, 0], [1, 1], [0, 0]], [[0.9, 0.2], [0.8, 0.4], [0.1, 0.3]]
    found = evaluation(other_kind(add_run("t"), "tags", labels, said, ("red", "big")))
    assert found.calibration is not None
    assert found.calibration.of == "each tag"
    assert sum(b.num for b in found.calibration.before.width_bins) == 6
    red, big = found.parts
    assert (red.num_images, big.num_images) == (2, 1)
    assert red.f1 is not None
    assert red.f1.value == 1.0
    assert big.precision is None, "never said"


def test_validation_images_that_are_all_told_right_give_no_temperature(add_run: Any) -> None:
    inside = other_kind(add_run("sure"), "tags", [[1, 0]] * 3, [[0.9, 0.2]] * 3, ("red", "big"))
    path = inside.run.path / "predictions.parquet"
    pd.read_parquet(path).assign(split=["test", "validation", "validation"]).to_parquet(path)
    found = evaluation(inside).calibration
    assert found is not None
    assert (found.temperature, found.after, found.num_validation) == (None, None, 2)
    assert "do not determine one" in (found.note or "")


def test_two_images_and_scores_of_anomalies(add_run: Any) -> None:
    folder = add_run("odd")
    inside = other_kind(folder, "category", [0, 1], [[0.1], [2.0]], ())
    half = Interval(value=1.0, low=0.5, high=1.0)
    odd = AnomalyScores(num_images=2, num_odd=1, auroc=half, average_precision=half, odd_share=0.5)
    record = make_record("odd", metrics={"test": odd})
    (folder / "record.json").write_text(record.model_dump_json())
    pd.DataFrame(
        {
            "key": ["0.png", "1.png", "2.png"],
            "digest": "d",
            "split": ["test", "test", "train"],
            "label": [0, 1, 0],
        }
    ).to_parquet(folder / "samples.parquet")
    found = evaluation(inside)
    (part,) = found.parts
    assert (part.name, part.num_images) == ("odd", 1)
    assert part.auroc is not None
    assert part.auroc.value == 1.0
    assert found.confidence is not None
    assert {word: sum(counts) for word, counts in found.confidence.counts.items()} == {"normal": 1, "odd": 1}
    with pytest.raises(UsageError, match="neither"):
        evaluation(inside, slices=["brightness"])


def test_predictions_that_are_not_numbers_are_refused(add_run: Any) -> None:
    inside = other_kind(add_run("nan"), "number", [[1.0], [2.0]], [[float("nan")], [1.0]], ("w",))
    with pytest.raises(RunError, match="1 of 2 predictions"):
        evaluation(inside)


def test_predictions_of_an_unknown_form_are_refused(add_run: Any) -> None:
    inside = other_kind(add_run("old"), "number", [[1.0]], [[1.5]], ("w",))
    table = pd.read_parquet(inside.run.path / "predictions.parquet").rename(columns={"split": "part"})
    table.to_parquet(inside.run.path / "predictions.parquet")
    with pytest.raises(RunError, match="do not read"):
        evaluation(inside)

"""What holds for images: labels, pixels, errors, pickles, projects."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

import graftwork as gw
from graftwork.errors import CutError, DataError, UnknownName
from graftwork.estimator import ImageInputError, TransferClassifier

BASE = "random:timm:test_resnet.r160_in1k"
FIXED = {"precision": "float32", "memory_format": "contiguous"}
Images = NDArray[np.uint8]


def stripes(per_class: int = 16, side: int = 24) -> tuple[Images, NDArray[np.int64]]:
    """Return noise, upright and lying stripes: uint8 (n, side, side, 3), and 0, 1, 2."""
    rng = np.random.default_rng(3)
    labels = np.arange(3 * per_class) % 3
    images = rng.integers(0, 90, (len(labels), side, side, 3)).astype(np.uint8)
    images[labels == 1, :, ::6] += 140
    images[labels == 2, ::6] += 140
    return images, labels


X, Y = stripes()


def make(**choices: Any) -> TransferClassifier:
    given = {"image_size": 32, "epochs": 4, "batch": 16, "learning_rate": 0.01, "random_state": 0}
    return TransferClassifier(**{"base": BASE, **given, "options": FIXED, **choices})


@pytest.fixture(scope="module")
def fitted() -> TransferClassifier:
    return make().fit(X, np.array(["flat", "tall", "wide"])[Y])


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_is_the_public_name() -> None:
    assert gw.TransferClassifier is TransferClassifier


def test_learns_labels_of_text(fitted: TransferClassifier) -> None:
    assert fitted.classes_.tolist() == ["flat", "tall", "wide"]
    assert fitted.score(X, np.array(["flat", "tall", "wide"])[Y]) > 0.9
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (len(X), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), probabilities)


def test_columns_follow_sorted_labels_not_the_runs_order() -> None:
    numbers = np.array([2, 10, 1])[Y]
    as_numbers, as_text = make().fit(X, numbers), make().fit(X, numbers.astype(str))
    assert as_numbers.classes_.tolist() == [1, 2, 10]
    assert as_text.classes_.tolist() == ["1", "10", "2"]
    np.testing.assert_array_equal(as_numbers.predict(X).astype(str), as_text.predict(X))
    np.testing.assert_allclose(as_numbers.predict_proba(X), as_text.predict_proba(X)[:, [0, 2, 1]])


def test_agrees_with_the_run_that_it_made(tmp_path: Path) -> None:
    model = make(project=tmp_path / "p").fit(X, Y)
    theirs = gw.Project(tmp_path / "p").load(model.run_.id).predict_pil([Image.fromarray(x) for x in X])
    np.testing.assert_allclose(model.predict_proba(X), theirs, atol=1e-6)


def test_run_has_proof_and_no_test_images(fitted: TransferClassifier) -> None:
    assert fitted.record_.proof is not None
    assert fitted.record_.proof.frozen_unchanged
    assert fitted.record_.data is not None
    counts = fitted.record_.data.num_images
    assert counts["test"] == 0
    assert 0 < counts["validation"] < counts["train"]
    assert fitted.run_ is None


@pytest.mark.parametrize("scale", [("float64", 255, None), ("float32", 1, 255), ("float64", 16, 15.9375)])
def test_one_picture_in_other_numbers_is_the_same_picture(
    fitted: TransferClassifier, scale: tuple[str, float, float | None]
) -> None:
    kind, divisor, pixel_max = scale
    same = clone(fitted).set_params(pixel_max=pixel_max).fit(X.astype(kind) / divisor, Y)
    np.testing.assert_array_equal(
        same.predict_proba(X[:5].astype(kind) / divisor), fitted.predict_proba(X[:5])
    )


def test_deep_grey_is_scaled_by_its_range() -> None:
    grey = X[..., 0]
    deep, plain = make().fit(grey.astype(np.uint16) * 257, Y), make().fit(grey, Y)
    np.testing.assert_array_equal(deep.predict_proba(grey.astype(np.uint16) * 257), plain.predict_proba(grey))


@pytest.mark.parametrize("shape", [(24, 24, 3), (24, -1, 3)])
def test_rows_are_images_when_their_shape_is_given(
    fitted: TransferClassifier, shape: tuple[int, ...]
) -> None:
    rows = X.reshape(len(X), -1)
    model = make(image_shape=shape).fit(rows, Y)
    assert model.n_features_in_ == 24 * 24 * 3
    np.testing.assert_array_equal(model.predict_proba(rows), fitted.predict_proba(X))


def test_pillow_images_are_the_same_as_arrays(fitted: TransferClassifier) -> None:
    pictures = [Image.fromarray(x) for x in X]
    np.testing.assert_array_equal(make().fit(pictures, Y).predict_proba(pictures), fitted.predict_proba(X))


def test_pillow_images_of_many_sizes() -> None:
    pictures = [Image.fromarray(x).resize((20 + i % 5, 30)) for i, x in enumerate(X)]
    names = np.array(["NA", "01", "a/b"])[Y]
    model = make().fit(pictures, names)
    assert model.classes_.tolist() == ["01", "NA", "a/b"]
    assert model.score(pictures, names) > 0.9


NAN = X.astype(float) / 255
NAN[0, 0, 0, 0] = np.nan


@pytest.mark.parametrize(
    ("images", "labels", "choices", "message"),
    [
        (X.astype(float), Y, {}, "pixel_max=255"),
        (X.astype(float) - 9, Y, {"pixel_max": 255}, "Negative values"),
        (X, Y, {"pixel_max": 100}, "more than the 100"),
        (X, Y, {"pixel_max": 0}, "more than the 0"),
        (X.astype(np.int64) * 3, Y, {}, "full brightness"),
        (NAN, Y, {}, "NaN"),
        (X.reshape(len(X), -1), Y, {}, "image_shape"),
        (X, Y, {"image_shape": (24, 24, 3)}, "dim <= 2"),
        (X.reshape(len(X), -1), Y, {"image_shape": (25, 24, 3)}, "do not unfold"),
        (X.reshape(len(X), -1), Y, {"image_shape": 7}, "do not unfold"),
        (X.transpose(0, 3, 1, 2), Y, {}, r"wants images \(n, h, w\)"),
        (X, Y[:-1], {}, "inconsistent numbers of samples"),
        (X, Y * 0, {}, "1 class only"),
        (X, np.where(np.arange(len(Y)) == 0, 7, Y), {}, "a single image of '7'"),
        (X, None, {}, "requires y"),
        (X, Y + 0.5, {}, "Unknown label type"),
        ([Image.fromarray(X[0]), X[1]], Y[:2], {}, "ndarray"),
    ],
)
def test_bad_input_is_a_value_error(
    images: Any, labels: Any, choices: dict[str, Any], message: str, scratch: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**choices).fit(images, labels)
    assert not list(scratch.glob("graftwork-*"))


def test_input_error_is_graftworks_and_a_value_error() -> None:
    assert issubclass(ImageInputError, DataError)
    assert issubclass(ImageInputError, ValueError)


def test_other_errors_are_told_as_everywhere() -> None:
    with pytest.raises(UnknownName, match="drop_out"):
        make(options={"drop_out": 0.1}).fit(X, Y)
    with pytest.raises(CutError):
        make(cut="nowhere").fit(X, Y)
    with pytest.raises(NotFittedError):
        make().predict(X)


def test_temporary_project_is_gone_after_fit_and_predict(scratch: Path) -> None:
    make().fit(X, Y).predict(X)
    assert not list(scratch.glob("graftwork-*"))


def test_project_keeps_runs_and_shares_stored_features(tmp_path: Path) -> None:
    first = make(project=tmp_path / "p").fit(X, Y)
    second = make(project=gw.Project(tmp_path / "p"), epochs=2).fit(X, Y)
    assert {run.id for run in gw.Project(tmp_path / "p").runs()} == {first.run_.id, second.run_.id}
    assert first.record_.cost.base_images == len(X)
    assert second.record_.cost.base_images == 0


def test_pickle_predicts_where_nothing_else_is(tmp_path: Path) -> None:
    home = gw.Project(tmp_path / "p")
    earlier = make(project=home, strategy="some_layers").fit(X, Y)
    model = make(project=home, base=f"run:{earlier.run_.id}").fit(X, Y)
    expected = model.predict_proba(X)
    assert not np.array_equal(expected, earlier.predict_proba(X))
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "images.npy", X)
    shutil.rmtree(tmp_path / "p")
    code = (
        "import pickle, numpy as np, torch; torch.set_num_threads(1)\n"
        "model = pickle.load(open('model.pickle', 'rb'))\n"
        "np.save('found.npy', model.predict_proba(np.load('images.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-6)


def test_pickle_holds_no_network(fitted: TransferClassifier) -> None:
    fresh = pickle.dumps(pickle.loads(pickle.dumps(fitted)))
    fitted.predict(X)
    assert len(pickle.dumps(fitted)) < len(fresh) + 1000


def test_without_validation_the_last_epoch_counts() -> None:
    model = make(validation=0.0).fit(X, Y)
    assert model.record_.best_epoch == 4
    assert model.record_.metrics == {}
    assert model.score(X, Y) > 0.9


def test_same_random_state_same_model() -> None:
    first, same, other = (make(random_state=s).fit(X, Y).predict_proba(X) for s in (5, 5, 6))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_random_state_may_be_a_generator() -> None:
    states = [np.random.RandomState(4), np.random.RandomState(4)]
    first, same = (make(random_state=s).fit(X, Y).predict_proba(X) for s in states)
    np.testing.assert_array_equal(first, same)


def test_prediction_does_not_depend_on_the_batch(fitted: TransferClassifier) -> None:
    one_by_one = np.concatenate([fitted.predict_proba(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(one_by_one, fitted.predict_proba(X), atol=1e-3)


def test_decision_and_probability_rank_alike() -> None:
    two = Y < 2
    model = make(epochs=1).fit(X[two], Y[two])
    decision, probability = model.decision_function(X), model.predict_proba(X)[:, 1]
    assert decision.shape == (len(X),)
    np.testing.assert_array_equal(rankdata(decision), rankdata(probability))
    np.testing.assert_array_equal(model.predict(X), (decision > 0).astype(int))


def test_cross_validation_and_search(tmp_path: Path) -> None:
    assert cross_val_score(make(), X, Y, cv=2).mean() > 0.8
    search = GridSearchCV(make(project=tmp_path / "p"), {"epochs": [1, 4]}, cv=2)
    search.fit(X, Y)
    assert search.best_params_["epochs"] in (1, 4)
    assert search.predict(X).shape == Y.shape
    assert len(gw.Project(tmp_path / "p").runs()) == 5


@pytest.mark.parametrize("status", ["stopped", "paused"])
def test_a_fit_that_was_ended_from_outside_is_no_fit(
    status: str, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = SimpleNamespace(status=status, record=SimpleNamespace(message="Ended by the user."))
    monkeypatch.setattr("graftwork.project.project.Project.transfer", lambda *_, **__: ended)
    model = make()
    with pytest.raises(KeyboardInterrupt, match="Ended by the user"):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)

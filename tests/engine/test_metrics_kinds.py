"""Scores of numbers, tags, masks and anomalies against scikit-learn and against numbers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from sklearn import metrics as sk

from graftwork.documents.record import AnyScores, NumberScores, Scores, main_score
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.classes import score
from graftwork.engine.metrics.masks import mask_counts, mean_iou, score_masks
from graftwork.engine.metrics.numbers import score_numbers
from graftwork.engine.metrics.ranking import Ranking, score_anomalies
from graftwork.engine.metrics.tags import score_tags
from graftwork.engine.metrics.watched import LOW_IS_GOOD, main_metric, watched
from graftwork.errors import ShapeError


def holds(interval) -> bool:
    return interval.low <= interval.value <= interval.high


@pytest.mark.parametrize("seed", range(3))
def test_numbers_agree_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(5, 3, (50, 2))
    said = truth + rng.normal(0, 1, (50, 2))
    scores = score_numbers(said, truth, ("x", "y"), train_mean=np.array([5.0, 4.0]))
    assert scores.mae.value == pytest.approx(sk.mean_absolute_error(truth, said))
    assert scores.r2.value == pytest.approx(sk.r2_score(truth, said))
    assert scores.columns[1].rmse.value == pytest.approx(sk.root_mean_squared_error(truth[:, 1], said[:, 1]))
    assert scores.columns[1].baseline_mae == pytest.approx(np.abs(truth[:, 1] - 4).mean())
    assert all(holds(i) for i in (scores.mae, scores.rmse, scores.r2, scores.columns[0].r2))


def test_numbers_that_never_vary_have_no_r2():
    scores = score_numbers(np.ones((4, 1)), np.full((4, 1), 0.1), ("x",), train_mean=np.array([0.1]))
    assert math.isnan(scores.r2.value)
    assert scores.mae.value == pytest.approx(0.9)
    assert NumberScores.model_validate_json(scores.model_dump_json()).mae == scores.mae
    with pytest.raises(ShapeError, match="Scores of numbers"):
        score_numbers(np.ones(4), np.ones((4, 1)), ("x",), train_mean=np.zeros(1))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("has_ties", [True, False])
def test_rankings_agree_with_scikit_learn(seed, has_ties):
    rng = np.random.default_rng(seed)
    positive = rng.integers(0, 2, 40)
    scores = rng.random(40) + 0.3 * positive
    scores = scores.round(1) if has_ties else scores
    ranking = Ranking(scores, positive)
    assert ranking.auroc() == pytest.approx(sk.roc_auc_score(positive, scores))
    assert ranking.average_precision() == pytest.approx(sk.average_precision_score(positive, scores))
    weights = rng.integers(0, 4, 40)
    weights[[positive.argmin(), positive.argmax()]] = 1
    copied = np.repeat(np.arange(40), weights)  # a weight is as many copies
    assert ranking.auroc(weights) == pytest.approx(sk.roc_auc_score(positive[copied], scores[copied]))
    wanted = sk.average_precision_score(positive[copied], scores[copied])
    assert ranking.average_precision(weights) == pytest.approx(wanted)


def test_tags_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    tags = (rng.random((60, 4)) < [0.5, 0.3, 0.2, 0.0]).astype(np.float64)
    said = np.clip(0.5 * tags + rng.random((60, 4)) * 0.7, 0, 1)
    said[:, 3] = 0.1
    scores = score_tags(said, tags, "abcd")
    wanted = [sk.average_precision_score(tags[:, i], said[:, i]) for i in range(3)]
    assert scores.mean_average_precision.value == pytest.approx(np.mean(wanted))
    assert scores.micro_f1.value == pytest.approx(sk.f1_score(tags, said >= 0.5, average="micro"))
    macro = sk.f1_score(tags[:, :3], said[:, :3] >= 0.5, average="macro")
    assert scores.macro_f1.value == pytest.approx(macro)
    assert scores.tags[0].precision.value == pytest.approx(sk.precision_score(tags[:, 0], said[:, 0] >= 0.5))
    assert scores.tags[3].average_precision is None
    assert scores.tags[3].f1 is None
    assert scores.baseline_average_precision == pytest.approx(tags.mean(0)[:3].mean())
    assert holds(scores.mean_average_precision)
    assert holds(scores.macro_f1)
    with pytest.raises(ShapeError, match="Scores of tags"):
        score_tags(said, tags[:, :2], "ab")


def test_masks_by_hand():
    """Class 0: 3 of 4 pixels right, 3 said; class 1: 1 there, 2 said, 1 right; one pixel does not count."""
    mask = np.array([[0, 0, 0], [0, 1, 255]])
    said = np.array([[0, 0, 0], [1, 1, 0]])
    counts = mask_counts(said, mask, 3)
    assert counts.tolist() == [[3, 4, 3], [1, 1, 2], [0, 0, 0]]
    assert mean_iou(counts) == pytest.approx((3 / 4 + 1 / 2) / 2)
    scores = score_masks(counts[None], ("a", "b", "c"))
    assert scores.mean_iou.value == pytest.approx(0.625)
    assert scores.mean_dice.value == pytest.approx((6 / 7 + 2 / 3) / 2)
    assert scores.pixel_accuracy.value == pytest.approx(4 / 5)
    assert scores.majority_accuracy == pytest.approx(4 / 5)
    assert scores.classes[2].iou is None
    with pytest.raises(ShapeError):
        mask_counts(said[:1], mask, 3)
    with pytest.raises(ShapeError):
        score_masks(counts, ("a", "b", "c"))


def test_masks_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    masks, said = rng.integers(0, 3, (5, 6, 6)), rng.integers(0, 3, (5, 6, 6))
    scores = score_masks(np.stack([mask_counts(s, m, 3) for s, m in zip(said, masks, strict=True)]), "abc")
    flat = masks.ravel(), said.ravel()
    assert scores.mean_iou.value == pytest.approx(sk.jaccard_score(*flat, average="macro"))
    assert scores.mean_dice.value == pytest.approx(sk.f1_score(*flat, average="macro"))
    assert holds(scores.mean_iou)


def test_anomalies():
    rng = np.random.default_rng(0)
    is_odd = np.array([0] * 30 + [1] * 10)
    found = score_anomalies((rng.random(40) + is_odd * 0.5)[:, None], is_odd)
    assert (found.num_odd, found.odd_share) == (10, 0.25)
    assert 0.5 < found.auroc.low <= found.auroc.value <= found.auroc.high <= 1
    assert math.isnan(score_anomalies(rng.random(5), np.zeros(5)).auroc.value)
    with pytest.raises(ShapeError):
        score_anomalies(rng.random(5), is_odd)


def test_bootstrap_interval_of_a_mean_has_the_width_of_theory():
    """Half the width of a mean's interval is 1.96 deviations over the root of n."""
    values = np.random.default_rng(0).normal(0, 2, 400)
    found = bootstrap(lambda w: {"mean": float(w @ values / w.sum())}, 400, seed=0)["mean"]
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.15)
    assert bootstrap(lambda w: {"mean": float(w @ values / w.sum())}, 400, seed=0)["mean"] == found


def test_watched_numbers_are_those_of_the_scores():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 3, 30), rng.dirichlet(np.ones(3), 30)
    found, scores = (
        watched("category", probabilities, labels),
        score(probabilities, labels, "abc", majority_class=0),
    )
    assert found == pytest.approx(
        {
            "loss": scores.log_loss.value,
            "accuracy": scores.accuracy.value,
            "balanced_accuracy": scores.balanced_accuracy.value,
        }
    )
    truth, said = rng.normal(size=(9, 1)), rng.normal(size=(9, 1))
    numbers = score_numbers(said, truth, ("x",), train_mean=np.zeros(1))
    assert watched("number", said, truth)["r2"] == pytest.approx(numbers.r2.value)
    tags, p = rng.integers(0, 2, (20, 3)), rng.random((20, 3))
    assert watched("tags", p, tags)["map"] == pytest.approx(
        score_tags(p, tags, "abc").mean_average_precision.value
    )
    assert watched("tags", p, tags)["loss"] == pytest.approx(sk.log_loss(tags.ravel(), p.ravel()))
    masks = rng.integers(0, 3, (4, 5, 5))
    masks[0, 0] = 255
    maps = rng.dirichlet(np.ones(3), (4, 5, 5)).transpose(0, 3, 1, 2)
    counts = np.stack([mask_counts(m.argmax(0), t, 3) for m, t in zip(maps, masks, strict=True)])
    seen = watched("mask", maps, masks)
    assert seen["iou"] == pytest.approx(score_masks(counts, "abc").mean_iou.value)
    pixels = maps.transpose(0, 2, 3, 1)[masks != 255]
    assert seen["loss"] == pytest.approx(sk.log_loss(masks[masks != 255], pixels, labels=[0, 1, 2]))
    assert watched("anomaly", np.array([[1.0], [2.0]]), np.array([0, 1]))["auroc"] == 1.0


@pytest.mark.parametrize("kind", ["category", "number", "tags", "mask", "anomaly"])
def test_the_main_metric_is_watched_and_high_is_good(kind):
    rng = np.random.default_rng(0)
    predictions, labels = {
        "category": (rng.dirichlet(np.ones(2), 8), rng.integers(0, 2, 8)),
        "number": (rng.random((8, 1)), rng.random((8, 1))),
        "tags": (rng.random((8, 2)), np.array([[0, 1]] * 8)),
        "mask": (rng.random((2, 2, 3, 3)), rng.integers(0, 2, (2, 3, 3))),
        "anomaly": (rng.random((8, 1)), np.arange(8) % 2),
    }[kind]
    found = watched(kind, predictions, labels)
    assert main_metric(kind) in found
    assert main_metric(kind) not in LOW_IS_GOOD
    assert all(math.isfinite(v) for v in found.values())


def test_scores_of_any_kind_are_told_apart_and_old_ones_are_of_categories():
    adapter = TypeAdapter(AnyScores)
    rng = np.random.default_rng(0)
    many = [
        score(rng.dirichlet(np.ones(2), 8), rng.integers(0, 2, 8), "ab", majority_class=0),
        score_numbers(rng.random((8, 1)), rng.random((8, 1)), ("x",), train_mean=np.zeros(1)),
        score_tags(rng.random((8, 2)), rng.integers(0, 2, (8, 2)), "ab"),
        score_masks(rng.integers(1, 9, (3, 2, 3)) * [1, 9, 9], "ab"),
        score_anomalies(rng.random(8), np.arange(8) % 2),
    ]
    for scores in many:
        assert adapter.validate_json(scores.model_dump_json()) == scores
        assert adapter.validate_python(scores) is scores
        name, interval = main_score(scores)
        assert getattr(scores, name) == interval
    old = many[0].model_dump()
    del old["kind"]
    assert isinstance(adapter.validate_python(old), Scores)
    with pytest.raises(ValidationError):
        adapter.validate_python({"kind": "colors"})

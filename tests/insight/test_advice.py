"""The advisor's rule on made-up readings: each quadrant, monotone in size, honest about doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graftwork.insight.advice import Readings, Thresholds, decide

RULE = Thresholds(
    large=100,
    table={
        "small_similar": "head_only",
        "small_different": "some_layers",
        "large_similar": "most_layers",
        "large_different": "all_layers",
    },
    useless=-0.15,
    without_base=25,
)
SIMILAR = Readings(
    images_per_class_median=20,
    images_per_class_min=18,
    num_classes=4,
    chance=0.25,
    probe=0.97,
    nearest_mean=0.9,
    random_probe=0.4,
    random_nearest_mean=0.35,
    best_stage_depth=1.0,
    depth_gain=0.0,
    probe_error=0.02,
    cui=0.95,
    a_distance=0.5,
    batch_norm_shift=0.2,
)
DIFFERENT = replace(
    SIMILAR, probe=0.45, best_stage_depth=0.3, depth_gain=0.2, cui=0.3, a_distance=1.94, batch_norm_shift=2.0
)
AMOUNT = {"head_only": 0, "some_layers": 1, "most_layers": 2, "all_layers": 3, "probe_then_tune": 3}


@pytest.mark.parametrize(
    ("readings", "images", "strategy", "quadrant"),
    [
        (SIMILAR, 20, "head_only", "small_similar"),
        (DIFFERENT, 20, "some_layers", "small_different"),
        (SIMILAR, 2000, "most_layers", "large_similar"),
        (DIFFERENT, 2000, "all_layers", "large_different"),
    ],
)
def test_each_quadrant_has_its_strategy(readings, images, strategy, quadrant):
    found = decide(replace(readings, images_per_class_median=images, images_per_class_min=images), RULE)
    assert (found.strategy, found.quadrant) == (strategy, quadrant)
    assert found.confidence == "high"
    assert f"{images:g} images per class" in found.reason


@pytest.mark.parametrize("readings", [SIMILAR, DIFFERENT])
def test_more_images_never_mean_less_retraining(readings):
    found = [
        decide(replace(readings, images_per_class_median=n, images_per_class_min=n), RULE)
        for n in (2, 10, 50, 99, 100, 500, 5000)
    ]
    amounts = [AMOUNT[f.strategy] for f in found]
    assert amounts == sorted(amounts)
    sizes = [f.size for f in found]
    assert sizes == sorted(sizes)
    assert found[4].size == pytest.approx(0.5)  # the border of the map


def test_signals_that_disagree_lower_the_confidence():
    found = decide(replace(SIMILAR, best_stage_depth=0.2), RULE)
    assert found.confidence == "low"
    assert any("disagree" in doubt for doubt in found.doubts)


def test_a_saturated_distance_does_not_count():
    votes = {v.signal for v in decide(replace(SIMILAR, a_distance=1.97), RULE).votes}
    assert "domains" not in votes
    assert "domains" in {v.signal for v in decide(replace(SIMILAR, a_distance=1.5), RULE).votes}


def test_signals_that_are_not_there_do_not_vote():
    bare = replace(SIMILAR, cui=None, a_distance=None, batch_norm_shift=None)
    assert [v.signal for v in decide(bare, RULE).votes] == ["probe", "depth"]


def test_few_images_of_a_class_are_a_doubt():
    found = decide(replace(SIMILAR, images_per_class_min=2), RULE)
    assert any("smallest class has 2" in doubt for doubt in found.doubts)
    assert found.confidence != "high"


def test_a_probe_no_better_than_a_guess_is_a_doubt():
    found = decide(replace(DIFFERENT, probe=0.27), RULE)
    assert any("guessing" in doubt for doubt in found.doubts)


def test_a_twin_that_is_always_right_leaves_no_room():
    assert decide(replace(SIMILAR, random_probe=1.0, probe=1.0), RULE).votes[0].similarity == 1.0


def test_similarity_is_the_weighted_mean_of_the_votes():
    found = decide(replace(SIMILAR, probe=0.4 + 0.6 * 0.5), RULE)  # half of the room
    votes = {v.signal: v.similarity for v in found.votes}
    assert votes["probe"] == pytest.approx((0.5 - RULE.probe[0]) / (RULE.probe[1] - RULE.probe[0]))
    weights = RULE.weights
    wanted = sum(weights[n] * s for n, s in votes.items()) / sum(weights[n] for n in votes)
    assert found.similarity == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("images", "strategy"), [(24, "some_layers"), (25, "from_scratch"), (2000, "from_scratch")]
)
def test_a_base_that_serves_worse_than_its_random_twin_is_left_out(images, strategy):
    useless = replace(DIFFERENT, probe=0.3, random_probe=0.5, images_per_class_median=images)
    found = decide(useless, RULE)
    assert found.strategy == strategy
    if strategy == "from_scratch":
        assert "worse than none" in found.reason


def test_a_probe_a_little_below_its_twin_does_not_throw_the_base_away():
    near = replace(DIFFERENT, probe=0.45, random_probe=0.5, images_per_class_median=500)
    assert decide(near, RULE).strategy == "all_layers"

"""Distances by another route, and kinds of shift on features whose shift is known."""

from __future__ import annotations

import numpy as np
import pytest

from graftwork.documents.gap import LayerGap, StageGap
from graftwork.insight.gap.distances import coral_distance, discrepancy, domain_probabilities, main_directions
from graftwork.insight.gap.kinds import judge
from graftwork.insight.gap.labels import label_gap
from graftwork.insight.similarity.domain_gap import proxy_a_distance

CLASSES = ("a", "b", "c", "d")


def domain(count, seed, *, shift=0.0, shares=(0.25, 0.25, 0.25, 0.25)):
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(4), np.round(np.array(shares) * count).astype(int))
    rows = draw.normal(size=(len(labels), 10))
    rows[np.arange(len(labels)), labels] += 6.0
    return rows + shift, labels


def measured(source, labels, target, truth, *, only_target=()):
    one, other = main_directions(source, target)
    apart = discrepancy(one, other)
    distance = proxy_a_distance(source, target)
    stage = StageGap(
        stage="end",
        a_distance=distance,
        is_saturated=distance >= 1.95,
        mmd=apart.value,
        mmd_halves=apart.halves,
        mmd_p=apart.p_value,
        coral=coral_distance(one, other),
        coral_halves=0.0,
    )
    known = label_gap(one, labels, other, truth, CLASSES, only_target=only_target)
    return judge((stage,), (), known), known


def test_nothing_is_seen_between_two_samples_of_one_domain():
    judged, labels = measured(*domain(200, 0), *domain(200, 1))
    assert judged.kinds == ("none",)
    assert labels.source_only > 0.95
    assert "use the source's model" in judged.suits[0]


def test_another_look_is_a_covariate_shift():
    judged, _ = measured(*domain(200, 0), *domain(200, 1, shift=1.0))
    assert judged.kinds == ("covariate",)
    assert any("Alignment suits" in s for s in judged.suits)


def test_other_shares_are_a_label_shift_and_whole_alignment_is_warned_of():
    judged, labels = measured(*domain(200, 0), *domain(200, 1, shares=(0.7, 0.1, 0.1, 0.1)))
    assert "label" in judged.kinds
    assert labels.total_variation == pytest.approx(0.45)
    assert any("harm when shares differ" in s for s in judged.suits)


def test_the_same_look_with_other_meanings_is_a_concept_shift():
    rows, truth = domain(200, 1)
    judged, labels = measured(*domain(200, 0), rows, (truth + 1) % 4)
    assert judged.kinds == ("concept",)
    assert {c.name: c.nearest for c in labels.classes} == {"a": "d", "b": "a", "c": "b", "d": "c"}
    assert labels.source_only < 0.1


def test_unknown_classes_want_labels():
    judged, _ = measured(*domain(200, 0), *domain(200, 1), only_target=("e",))
    assert "classes" in judged.kinds
    assert "Label some target images" in judged.suits[0]


def test_without_labels_less_is_sure():
    stage = StageGap(
        stage="end",
        a_distance=1.0,
        is_saturated=False,
        mmd=0.2,
        mmd_halves=0.0,
        mmd_p=0.005,
        coral=0.1,
        coral_halves=0.0,
    )
    layers = tuple(LayerGap(layer=f"l{i}", shift=0.8, source_kept=0.1, target_kept=0.9) for i in range(3))
    judged = judge((stage,), layers, None)
    assert judged.confidence == "medium"
    assert any("AdaBN" in s for s in judged.suits)
    torn = judge((stage.edit(mmd_p=0.5),), (), None)
    assert torn.confidence == "low"


def test_discrepancy_is_the_formula_by_loops():
    draw = np.random.default_rng(0)
    one, other = draw.normal(size=(7, 3)), draw.normal(size=(5, 3)) + 1
    rows = np.r_[one, other]
    squares = [[float(((a - b) ** 2).sum()) for b in rows] for a in rows]
    width = sum(map(sum, squares)) / (12 * 11)

    def kernel(i, j):
        return np.mean([np.exp(-squares[i][j] / (f * width)) for f in (0.25, 0.5, 1, 2, 4)])

    within = np.mean([[kernel(i, j) for j in range(7)] for i in range(7)])
    there = np.mean([[kernel(i, j) for j in range(7, 12)] for i in range(7, 12)])
    across = np.mean([[kernel(i, j) for j in range(7, 12)] for i in range(7)])
    assert discrepancy(one, other).value == pytest.approx(within + there - 2 * across)


def test_chance_is_told_as_chance_and_distance_as_distance():
    draw = np.random.default_rng(3)
    same = discrepancy(draw.normal(size=(60, 5)), draw.normal(size=(60, 5)))
    apart = discrepancy(draw.normal(size=(60, 5)), draw.normal(size=(60, 5)) + 1)
    assert same.p_value > 0.05
    assert apart.p_value == pytest.approx(1 / 200)
    assert apart.halves < apart.value / 5


def test_images_of_the_overlap_look_like_the_other_domain():
    source, _ = domain(120, 0)
    target, _ = domain(120, 1, shift=1.5)
    target[:10] -= 1.5  # these are of the source
    sure = domain_probabilities(source, target)
    assert sure[120:130].mean() < 0.5 < sure[130:].mean()
    assert np.all((sure >= 0) & (sure <= 1))

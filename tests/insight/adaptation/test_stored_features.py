"""Methods on stored features: on shifts of known truth the families that should win do, others are told harmful."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graftwork.errors import DataError
from graftwork.insight.adaptation.gain import check_validator, oracle_accuracy, paired_gain, verdict_of
from graftwork.insight.adaptation.shallow import SHALLOW, StoredDomains, adapt_features, confident, reduced
from graftwork.insight.adaptation.validators import (
    find_collapse,
    importance_weighted,
    information,
    reverse,
)

CLASSES, WIDTH = 4, 24


def drawn(count, seed, *, shares=None):
    """Four classes in 24 dimensions, well apart in the first eight."""
    draw = np.random.default_rng(seed)
    centers = (
        np.random.default_rng(99).normal(size=(CLASSES, WIDTH)) * np.r_[np.full(8, 2.0), np.zeros(WIDTH - 8)]
    )
    parts = np.full(CLASSES, 1 / CLASSES) if shares is None else np.array(shares)
    labels = np.repeat(np.arange(CLASSES), np.round(parts * count).astype(int))
    return centers[labels] + draw.normal(size=(count, WIDTH)), labels


def pair(move, *, shares=None, seed=0):
    """Source and target; ``move`` is what happened to the target's features."""
    source, labels = drawn(300, seed)
    held_out, _ = drawn(100, seed + 1)
    target, truth = drawn(300, seed + 2, shares=shares)
    return reduced(StoredDomains(source, labels, held_out, move(target), CLASSES)), truth


def affine(rows):
    """A map that keeps the classes apart but brings them beside where they were."""
    turn = np.eye(WIDTH) + 0.06 * np.random.default_rng(5).normal(size=(WIDTH, WIDTH))
    return rows @ turn.T * 1.5 + 3.0


def gains(domains, truth):
    before = adapt_features(domains, "source_only").target_probabilities.argmax(1)
    return {
        name: paired_gain(
            truth, adapt_features(domains, name).target_probabilities.argmax(1), before, CLASSES
        )
        for name in SHALLOW
        if name != "source_only"
    }


def test_alignment_wins_under_an_affine_shift():
    found = gains(*pair(affine))
    helped = {name for name, gain in found.items() if verdict_of(gain) == "helps"}
    assert {"coral", "subspace", "transport", "self_training"} <= helped


def test_two_samples_of_one_domain_are_hardly_harmed():
    """Transport pays for moving images that were in place: a few points, and the report says so."""
    for name, gain in gains(*pair(lambda rows: rows)).items():
        assert gain.value > (-0.06 if name == "transport" else -0.02), name


def test_the_very_same_images_are_not_harmed():
    domains, _ = pair(lambda rows: rows)
    same = replace(domains, target=domains.source)
    assert all(verdict_of(gain) != "harmful" for gain in gains(same, domains.labels).values())


def test_aligning_whole_domains_harms_where_only_the_classes_shares_changed():
    """Optimal transport must send as much mass as there is: images of rare classes go to common ones."""
    found = gains(*pair(lambda rows: rows, shares=[0.85, 0.05, 0.05, 0.05]))
    assert verdict_of(found["transport"]) == "harmful"
    assert found["self_training"].value > -0.02


def test_where_the_classes_themselves_changed_places_nobody_can_help():
    """A concept shift: the same features mean other classes. No method without labels sees that."""
    domains, truth = pair(lambda rows: rows)
    for gain in gains(domains, (truth + 1) % CLASSES).values():
        assert gain.value < 0.05


@pytest.mark.parametrize("method", SHALLOW)
def test_what_is_said_is_a_distribution_and_the_same_twice(method):
    domains, _ = pair(affine)
    one, two = adapt_features(domains, method), adapt_features(domains, method)
    assert one.target_probabilities == pytest.approx(two.target_probabilities, abs=0)
    assert one.target_probabilities.sum(1) == pytest.approx(1.0)
    assert one.held_out_probabilities.shape == (100, CLASSES)


def test_reduced_features_span_both_domains_and_know_no_label():
    source, labels = drawn(52, 0)
    target, _ = drawn(40, 1)
    one = reduced(StoredDomains(source, labels, source[:0], target, CLASSES))
    other = reduced(StoredDomains(source, labels[::-1], source[:0], target, CLASSES))
    assert one.source == pytest.approx(other.source, abs=0)
    assert one.source.shape == (52, WIDTH)
    assert one.source.var(0).mean() == pytest.approx(1.0)
    assert one.held_out.shape == (0, WIDTH)


def test_a_source_of_one_class_is_refused():
    with pytest.raises(DataError, match="one class alone"):
        reduced(StoredDomains(np.ones((5, 3)), np.zeros(5, int), np.ones((0, 3)), np.ones((5, 3)), 2))


def test_each_class_has_its_quota_and_the_surest_fill_it():
    said = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55], [0.7, 0.3]])
    positions, classes = confident(said, 0.7, np.array([0.5, 0.5]))  # two of each at most
    assert positions.tolist() == [0, 1, 3, 4]
    assert classes.tolist() == [0, 0, 1, 1]


def test_information_is_the_formula_by_loops():
    rows = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    mean = [sum(r[k] for r in rows) / 20 for k in range(3)]
    entropy = -sum(p * np.log(p) for p in mean)
    inner = sum(-sum(p * np.log(p) for p in r) for r in rows) / 20
    assert information(rows) == pytest.approx(entropy - inner)


def test_weighted_accuracy_is_the_formula_by_hand():
    said = np.eye(2)[[0, 1, 1]]
    assert importance_weighted(said, np.array([0, 1, 0]), np.array([3.0, 1.0, 4.0])) == pytest.approx(0.5)


def test_reverse_validation_is_high_for_the_right_answers_and_not_a_number_for_one_class():
    domains, truth = pair(lambda rows: rows)
    adapted = adapt_features(domains, "source_only")
    assert reverse(domains, adapted) > 0.95
    constant = adapt_features(domains, "source_only")
    constant = type(constant)(
        np.eye(CLASSES)[np.zeros(300, int)], constant.held_out_probabilities, domains.source, domains.target
    )
    assert np.isnan(reverse(domains, constant))
    assert truth.shape == (300,)


@pytest.mark.parametrize(
    ("said", "is_collapsed"),
    [([0] * 19 + [1], True), ([0, 0, 1, 1], True), ([0, 1, 2, 0, 1, 2], False), ([0, 1, 2, 3], False)],
)
def test_giving_up_classes_is_seen(said, is_collapsed):
    assert find_collapse(np.eye(4)[said]).is_collapsed == is_collapsed


def test_a_validator_is_held_against_the_scores():
    scores = {"a": 0.5, "b": 0.7, "c": 0.9}
    good = check_validator("x", {"a": 1.0, "b": 2.0, "c": 3.0}, scores)
    assert (good.chosen, good.regret, good.rank_correlation) == ("c", 0.0, pytest.approx(1.0))
    bad = check_validator("x", {"a": 3.0, "b": 2.0, "c": 1.0}, scores)
    assert (bad.chosen, bad.rank_correlation) == ("a", pytest.approx(-1.0))
    assert bad.regret == pytest.approx(0.4)
    assert check_validator("x", {"a": float("nan")}, scores) is None


def test_the_oracle_never_tells_an_image_that_it_learned_from():
    rows, labels = np.random.default_rng(0).normal(size=(120, 60)), np.arange(120) % 2
    assert oracle_accuracy(rows, labels, 2).value < 0.7  # labels without meaning cannot be learned
    assert oracle_accuracy(rows[:3], np.array([0, 1, 1]), 2) is None

"""Who is fitted and who is scored: no image on both sides, none twice, shares of classes kept."""

from __future__ import annotations

import numpy as np
import pytest

from graftwork.errors import DataError
from graftwork.insight.folds import MIN_VALIDATION, choose_folds, evenly


def names(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def test_enough_validation_images_are_scored_as_the_data_is_split():
    labels = np.arange(300) % 3
    is_training = np.arange(300) < 200
    folds = choose_folds(labels, is_training, names(300))
    assert folds.protocol == "validation"
    assert folds.scored.tolist() == list(range(200, 300))
    assert folds.num_fitted == 200


@pytest.mark.parametrize("num_validation", [0, MIN_VALIDATION - 1])
def test_too_few_validation_images_are_scored_with_all_others_in_folds(num_validation):
    total = 150 + num_validation
    labels = np.arange(total) % 3
    folds = choose_folds(labels, np.arange(total) < 150, names(total))
    assert folds.protocol == "cross_validation"
    assert sorted(folds.scored.tolist()) == list(range(total))
    for fitted, scored in folds.pairs:
        assert not set(fitted) & set(scored)
        counts = np.bincount(labels[scored], minlength=3)
        assert counts.max() - counts.min() <= 1


def test_a_class_that_was_never_in_training_is_not_scored_as_if_it_could_be_known():
    labels = np.repeat([0, 1, 2], 100)
    assert choose_folds(labels, np.arange(300) < 200, names(300)).protocol == "cross_validation"


def test_images_of_one_group_are_never_on_both_sides():
    groups = [str(i // 4) for i in range(80)]
    labels = np.arange(80) % 2
    for kind in (labels, labels.reshape(-1, 1).astype(float)):
        for fitted, scored in choose_folds(kind, np.ones(80, dtype=bool), groups).pairs:
            assert not {groups[i] for i in fitted} & {groups[i] for i in scored}


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 0, 1], [0, 1, 2]])
def test_very_few_images_still_give_folds(labels):
    folds = choose_folds(np.array(labels), np.ones(len(labels), dtype=bool), names(len(labels)))
    assert sorted(folds.scored.tolist()) == list(range(len(labels)))


def test_one_image_many_times_is_refused():
    with pytest.raises(DataError, match="at least two"):
        choose_folds(np.array([0, 1]), np.ones(2, dtype=bool), ["a", "a"])


def test_an_even_choice_keeps_the_shares_of_the_classes():
    labels = np.repeat([0, 1, 2], [700, 200, 100])
    chosen = evenly(labels, 100, seed=3)
    assert len(set(chosen)) == 100
    assert np.abs(np.bincount(labels[chosen]) - [70, 20, 10]).max() <= 1
    assert evenly(labels, 5000).tolist() == list(range(1000))
    assert (evenly(labels, 100, seed=3) == chosen).all()
    assert (evenly(labels, 100, seed=4) != chosen).any()
    assert chosen.tolist() == sorted(chosen)


@pytest.mark.parametrize("num", [1, 7, 31, 96, 97, 200])
def test_an_even_choice_has_as_many_as_asked_for(num):
    chosen = evenly(np.arange(97) % 11, num)
    assert len(set(chosen.tolist())) == min(97, num)

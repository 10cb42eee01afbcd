"""Confident learning beside the paper's rule written out as a loop; probes judge only what they did not see."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from graftwork.errors import ShapeError
from graftwork.insight.probes import fit_probe, probabilities_of
from graftwork.insight.quality.out_of_fold import OutOfFold, out_of_fold
from graftwork.insight.quality.suspects import find_suspects

Ints = NDArray[np.int64]


def by_the_paper(labels: Ints, said: NDArray[np.float64]) -> list[int]:
    """Return the images off the diagonal of the confident joint (arXiv:1911.00068, section 3), one by one."""
    num, k = said.shape
    threshold = [np.mean([said[i, c] for i in range(num) if labels[i] == c]) for c in range(k)]
    found = []
    for i in range(num):
        above = [c for c in range(k) if said[i, c] >= threshold[c]]
        if above and max(above, key=lambda c: said[i, c]) != labels[i] and said[i].argmax() != labels[i]:
            found.append(i)
    margin = {i: said[i, labels[i]] - max(said[i, c] for c in range(k) if c != labels[i]) for i in found}
    return sorted(found, key=lambda i: margin[i])


def random_case(seed: int, num: int = 300, k: int = 4) -> tuple[Ints, OutOfFold]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=num)
    logits = rng.normal(size=(num, k)) + 2.5 * np.eye(k)[truth]
    said = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.where(rng.random(num) < 0.15, rng.integers(k, size=num), truth)
    return labels, OutOfFold(said, np.ones(num, bool), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_suspects_are_those_of_the_papers_rule(seed: int) -> None:
    labels, said = random_case(seed)
    found = find_suspects(labels, said)
    expected = by_the_paper(labels, said.probabilities)
    assert found.indices[found.is_confident].tolist() == expected
    doubted = np.flatnonzero(said.probabilities.argmax(1) != labels)
    assert sorted(found.indices.tolist()) == doubted.tolist()
    assert len(expected) > 10
    assert (found.suggested == said.probabilities[found.indices].argmax(1)).all()
    assert (np.diff(found.margins) >= 0).all()
    for c in range(4):
        assert found.thresholds[c] == pytest.approx(said.probabilities[labels == c, c].mean())


def test_names_of_classes_do_not_matter() -> None:
    labels, said = random_case(3)
    order = np.array([2, 0, 3, 1])
    renamed = OutOfFold(said.probabilities[:, np.argsort(order)], said.is_judged, 1.0)
    again = find_suspects(order[labels], renamed)
    found = find_suspects(labels, said)
    assert again.indices.tolist() == found.indices.tolist()
    assert (again.suggested == order[found.suggested]).all()


def test_what_cannot_be_judged_is_no_suspect() -> None:
    labels, said = random_case(1)
    judged = said.is_judged.copy()
    first = find_suspects(labels, said).indices[0]
    judged[first] = False
    assert first not in find_suspects(labels, OutOfFold(said.probabilities, judged, 1.0)).indices
    none = find_suspects(labels, OutOfFold(said.probabilities, np.zeros(len(labels), bool), 1.0))
    assert len(none.indices) == 0
    assert np.isnan(none.thresholds).all()


def test_a_class_without_images_and_a_single_class() -> None:
    labels, said = random_case(2)
    wide = np.concatenate([said.probabilities, np.zeros((len(labels), 1))], axis=1)
    found = find_suspects(labels, OutOfFold(wide, said.is_judged, 1.0))
    assert found.indices.tolist() == find_suspects(labels, said).indices.tolist()
    one = find_suspects(np.zeros(9, np.int64), OutOfFold(np.ones((9, 1)), np.ones(9, bool), 1.0))
    assert len(one.indices) == 0


def test_other_numbers_of_labels_are_refused() -> None:
    labels, said = random_case(0)
    with pytest.raises(ShapeError, match="299 labels and 300 rows"):
        find_suspects(labels[1:], said)


def clusters(num: int = 60, k: int = 3, seed: int = 0) -> tuple[NDArray[np.float64], Ints]:
    rng = np.random.default_rng(seed)
    labels = np.arange(num) % k
    return rng.normal(size=(num, 8)) + 4.0 * np.eye(8)[labels], labels


def test_an_image_is_judged_by_a_probe_that_saw_neither_it_nor_its_copies() -> None:
    features, labels = clusters()
    features = np.repeat(features, 2, axis=0)
    labels, groups = np.repeat(labels, 2), np.repeat(np.arange(60), 2)
    wrong = labels.copy()
    wrong[10:12] = (labels[10] + 1) % 3  # both copies carry the wrong label: one in training would hide it
    said = out_of_fold(features, wrong, groups, num_classes=3, seed=0)
    assert said.is_judged.all()
    found = find_suspects(wrong, said)
    assert set(found.indices[found.is_confident].tolist()) == {10, 11}


def test_the_probe_is_scikit_learns_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    features, labels = clusters()
    scaled = (features - features.mean(0)) / features.std(0)
    expected = LogisticRegression(C=0.1, max_iter=2000, tol=1e-9).fit(scaled, labels).predict_proba(scaled)
    found = probabilities_of(fit_probe(features, labels, 0.1), features, 4)
    assert found[:, :3] == pytest.approx(expected, abs=5e-3)
    assert (found[:, 3] == 0).all()


def test_the_same_seed_gives_the_same_and_lone_images_are_not_judged() -> None:
    features, labels = clusters()
    labels[7] = 3
    first = out_of_fold(features, labels, np.arange(60), num_classes=4, seed=5)
    second = out_of_fold(features, labels, np.arange(60), num_classes=4, seed=5)
    assert (first.probabilities == second.probabilities).all()
    assert np.flatnonzero(~first.is_judged).tolist() == [7]


@pytest.mark.parametrize("num", [0, 1, 2, 3])
def test_too_few_images_say_nothing(num: int) -> None:
    features, labels = clusters(num)
    said = out_of_fold(features, labels, np.arange(num), num_classes=3, seed=0)
    assert not said.is_judged.any() or num == 3
    assert len(find_suspects(labels, said).indices) == 0


def test_work_ends_when_a_step_says_so() -> None:
    features, labels = clusters()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        out_of_fold(features, labels, np.arange(60), num_classes=3, seed=0, step=stop)

"""A linear probe on stored features, and what it says of images that it did not see."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from graftwork.engine.metrics.classes import log_losses

__all__ = ["STRENGTHS", "OutOfFold", "choose_strength", "fit_probe", "out_of_fold", "probabilities_of"]

NUM_FOLDS = 5
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Values of C, the inverse of the penalty on the probe's weights, that are tried."""
_NUM_TRIED = 1000
_NUM_STEPS = 300

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class OutOfFold:
    """Probabilities of each image from a probe that saw neither the image nor one of its group.

    Args:
        probabilities: (n, k); zeros where nothing can be said.
        is_judged: (n,); false where the probe saw no image of the label's class.
        strength: C that was used.
    """

    probabilities: NDArray[np.float64]
    is_judged: NDArray[np.bool_]
    strength: float


def fit_probe(features: Floats, labels: Ints, strength: float) -> Pipeline:
    """Return logistic regression on standardized features, fitted.

    Args:
        features: (n, d).
        labels: (n,), of two classes at least.
        strength: C of scikit-learn.
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=_NUM_STEPS, tol=1e-3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the penalty makes early ends harmless
        probe.fit(features, labels)
    return probe


def probabilities_of(probe: Pipeline, features: Floats, num_classes: int) -> NDArray[np.float64]:
    """Return the probabilities (n, k) of a probe; zero for classes that it never saw."""
    found = np.zeros((len(features), num_classes))
    if len(features):
        found[:, probe.classes_] = probe.predict_proba(features)
    return found


def out_of_fold(
    features: Floats,
    labels: Ints,
    groups: Ints,
    *,
    num_classes: int,
    seed: int,
    step: Callable[[], object] = lambda: None,
) -> OutOfFold:
    """Return what probes say of images that they did not see.

    Five folds, fewer where classes are small, with the same shares of classes; images of one group stay in
    one fold. The probe's C is the one with the least log loss, on 1,000 images at most.

    Args:
        features: (n, d).
        labels: (n,), from 0 to num_classes - 1.
        groups: (n,), the same number for images that belong together, such as copies.
        num_classes: k.
        seed: of the folds.
        step: called before each fit; it may raise to end the work.
    """
    some = np.random.default_rng(seed).permutation(len(labels))[:_NUM_TRIED]
    strength = choose_strength(features[some], labels[some], groups[some], seed=seed, step=step)
    probabilities, is_judged = _predict(features, labels, groups, num_classes, seed, strength, step)
    return OutOfFold(probabilities, is_judged, strength)


def choose_strength(
    features: Floats,
    labels: Ints,
    groups: Ints,
    *,
    seed: int,
    step: Callable[[], object] = lambda: None,
) -> float:
    """Return the C of ``STRENGTHS`` whose probes lose least on images that they did not see.

    With too few images to tell, 0.01.
    """
    num_classes = int(labels.max(initial=0)) + 1
    losses = {}
    for strength in STRENGTHS:
        said, is_judged = _predict(features, labels, groups, num_classes, seed, strength, step)
        if not is_judged.any():
            return 0.01
        losses[strength] = float(log_losses(said[is_judged], labels[is_judged]).mean())
    return min(losses, key=lambda c: losses[c])


def _predict(
    features: Floats,
    labels: Ints,
    groups: Ints,
    num_classes: int,
    seed: int,
    strength: float,
    step: Callable[[], object],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    said, is_judged = np.zeros((len(labels), num_classes)), np.zeros(len(labels), np.bool_)
    for seen, unseen in _folds(labels, groups, seed):
        if len(np.unique(labels[seen])) < 2:
            continue
        step()
        probe = fit_probe(features[seen], labels[seen], strength)
        said[unseen] = probabilities_of(probe, features[unseen], num_classes)
        is_judged[unseen] = np.isin(labels[unseen], probe.classes_)
    return said, is_judged


def _folds(labels: Ints, groups: Ints, seed: int) -> Iterator[tuple[Ints, Ints]]:
    num = min(NUM_FOLDS, len(np.unique(groups)), int(np.bincount(labels).max(initial=0)))
    if num < 2:
        return
    folds = StratifiedGroupKFold(num, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Classes with fewer images than folds: those who did not see the class do not judge it.
        warnings.simplefilter("ignore", UserWarning)
        yield from folds.split(labels, labels, groups)

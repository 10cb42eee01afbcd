"""Weights of source images for a target, by any of the methods, on reduced features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit

from graftwork.documents.record import Interval
from graftwork.documents.weighing import BoostedScore
from graftwork.errors import DataError
from graftwork.insight.adaptation.gain import paired_gain, target_accuracy, verdict_of
from graftwork.methods.instances.boosting import boost_classes
from graftwork.methods.instances.domain_classifier import classifier_weights
from graftwork.methods.instances.mean_matching import kmm_weights
from graftwork.methods.instances.ratio_fitting import kliep_weights, rulsif_weights, ulsif_weights
from graftwork.methods.instances.selection import select_images

__all__ = ["WEIGHERS", "Boosted", "boosted", "mean_distance", "weigh_images"]

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

WEIGHERS: Mapping[str, Callable[[Floats, Floats, int], NDArray[np.float64]]] = {
    "domain_classifier": lambda source, target, seed: classifier_weights(source, target, seed=seed),
    "kmm": lambda source, target, seed: kmm_weights(source, target),  # noqa: ARG005 it draws nothing
    "ulsif": lambda source, target, seed: ulsif_weights(source, target, seed=seed).weights,
    "rulsif": lambda source, target, seed: rulsif_weights(source, target, seed=seed).weights,
    "kliep": lambda source, target, seed: kliep_weights(source, target, seed=seed).weights,
}
"""Methods that need no label of the target, by name."""


def weigh_images(
    source: Floats, target: Floats, method: str, *, num: int | None = None, seed: int = 0
) -> NDArray[np.float64]:
    """Return the weights of source images (n,), not negative, mean 1.

    Args:
        source: (n, d).
        target: (m, d).
        method: one of ``WEIGHERS``, or 'select': 1 for the ``num`` images whose mean is nearest to the target's, else 0.
        num: of 'select'; a fifth of the images if not given.
        seed: of folds.
    """
    if method != "select":
        return WEIGHERS[method](source, target, seed)
    wanted = max(1, len(source) // 5) if num is None else num
    chosen = np.zeros(len(source))
    chosen[select_images(source, target, wanted).positions] = 1.0
    return chosen * len(source) / wanted


def mean_distance(source: Floats, target: Floats, weights: NDArray[np.float64] | None = None) -> float:
    """Return the distance of the (weighted) source mean from the target's."""
    return float(np.linalg.norm(np.average(source, axis=0, weights=weights) - target.mean(0)))


@dataclass(frozen=True)
class Boosted:
    """TrAdaBoost: weights of the source images, and scores on labelled target images that nothing learned from."""

    weights: NDArray[np.float64]
    scores: tuple[BoostedScore, ...]


def boosted(
    source: Floats, labels: Ints, target: Floats, truth: Ints, num_classes: int, *, seed: int = 0
) -> Boosted:
    """Return TrAdaBoost on source and half of the labelled target, scored on the other half beside its controls.

    Args:
        source: (n, d).
        labels: (n,).
        target: (m, d), labelled.
        truth: (m,).
        num_classes: k.
        seed: of the halves.

    Raises:
        DataError: fewer than two images in a class of the target, or one class alone.
    """
    counts = np.bincount(truth, minlength=num_classes)
    if (counts > 0).sum() < 2 or counts[counts > 0].min() < 2:
        raise DataError(
            "TrAdaBoost learns from labelled target images: two classes, two images of each at least, are wanted.",
            hint="Label more target images, or take a method that needs no labels, such as domain_classifier.",
        )
    split = StratifiedShuffleSplit(1, test_size=0.5, random_state=seed)
    known, asked = next(split.split(target, truth))
    made = boost_classes(source, labels, target[known], truth[known])
    said = {
        "TrAdaBoost": made.predict(target[asked]),
        "target alone": _linear(target[known], truth[known]).predict(target[asked]),
        "source and target": _linear(
            np.concatenate([source, target[known]]), np.r_[labels, truth[known]]
        ).predict(target[asked]),
    }
    scores = []
    for name, answer in said.items():
        gain: Interval | None = None
        if name != "target alone":
            gain = paired_gain(truth[asked], answer, said["target alone"], num_classes, seed=seed)
        scores.append(
            BoostedScore(
                name=name,
                accuracy=target_accuracy(truth[asked], answer, num_classes, seed=seed),
                gain=gain,
                verdict=verdict_of(gain),
            )
        )
    return Boosted(made.source_weights, tuple(scores))


def _linear(rows: Floats, labels: Ints) -> LogisticRegression:
    return LogisticRegression(max_iter=500, C=0.1).fit(rows, labels)

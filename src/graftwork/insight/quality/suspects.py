"""Confident learning: images whose label a probe that did not see them confidently doubts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import ShapeError
from graftwork.insight.quality.out_of_fold import OutOfFold

__all__ = ["Suspects", "find_suspects"]

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Suspects:
    """Images for which the probe finds another class likelier than the label, the most doubtful first.

    Args:
        indices: (m,), positions of the images.
        suggested: (m,), the class that the probe finds likeliest.
        is_confident: (m,), whether confident learning doubts the label too: the probe is as sure of another
            class as it usually is of images labelled so.
        margins: (m,), probability of the label less that of the likeliest other class, from -1 to 1.
        thresholds: (k,), mean probability of a class among the images labelled so; not a number where none
            can be judged.
    """

    indices: Ints
    suggested: Ints
    is_confident: NDArray[np.bool_]
    margins: Doubles
    thresholds: Doubles


def find_suspects(labels: Ints, said: OutOfFold) -> Suspects:
    """Return the images whose likeliest class is not their label, ordered by normalized margin.

    Those off the diagonal of the confident joint are marked. An image counts for class j when its probability
    of j reaches the mean probability of j among images labelled j; it is off the diagonal when the likeliest
    such class is not its label. Where the probe is right of nearly all images that mean is high and passes
    over a third of wrong labels, so that the others are listed too.

    Args:
        labels: (n,).
        said: of these images; those that cannot be judged are never suspect.

    Raises:
        ShapeError: another number of images.

    Source: Northcutt, Jiang & Chuang 2021, "Confident learning: estimating uncertainty in dataset labels",
    arXiv:1911.00068, section 3; computed by cleanlab.
    """
    if len(labels) != len(said.probabilities):
        raise ShapeError(
            f"Suspects want a row of probabilities per label, got {len(labels)} labels and "
            f"{len(said.probabilities)} rows."
        )
    judged = np.flatnonzero(said.is_judged)
    num_classes = said.probabilities.shape[1]
    present = np.unique(labels[judged])
    thresholds = np.full(num_classes, np.nan)
    for c in present:
        thresholds[c] = said.probabilities[judged[labels[judged] == c], c].mean()
    if len(present) < 2:
        empty = np.zeros(0, np.int64)
        return Suspects(empty, empty, np.zeros(0, np.bool_), np.zeros(0), thresholds)
    rows = said.probabilities[np.ix_(judged, present)]
    rows = rows / np.maximum(rows.sum(1, keepdims=True), 1e-12)
    own = np.searchsorted(present, labels[judged])
    others = rows.copy()
    others[np.arange(len(own)), own] = -1.0
    margins = rows[np.arange(len(own)), own] - others.max(1)
    doubted = np.flatnonzero(rows.argmax(1) != own)
    order = doubted[np.argsort(margins[doubted], kind="stable")]
    is_confident = np.isin(order, _issues(own, rows))
    return Suspects(judged[order], present[others.argmax(1)[order]], is_confident, margins[order], thresholds)


def _issues(labels: Ints, probabilities: Doubles) -> Ints:
    from cleanlab.filter import find_label_issues

    found: Ints = find_label_issues(
        labels,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,  # no processes of its own: this may run in a child that must not have any
    )
    return np.asarray(found, np.int64)

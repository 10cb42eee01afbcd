"""What linear probes on stored features say of images that they did not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.insight.folds import group_folds
from graftwork.insight.probes import INVERSE_STRENGTHS, choose_strength, fit_probe, probabilities_of

__all__ = ["TOLERANCE", "OutOfFold", "out_of_fold", "strength_for"]

TOLERANCE = 1e-3
"""Of the probes' fits: five on all images, of which probabilities to a percent are wanted."""
_STRENGTHS = INVERSE_STRENGTHS[:-1]  # labels may be wrong: a weak penalty would learn them too
_NUM_TRIED = 1000

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

    Source: Northcutt, Jiang & Chuang 2021, arXiv:1911.00068, section 3: probabilities out of sample.
    """
    some = np.random.default_rng(seed).permutation(len(labels))[:_NUM_TRIED]
    strength = strength_for(features[some], labels[some], groups[some], seed=seed, step=step)
    said, is_judged = np.zeros((len(labels), num_classes)), np.zeros(len(labels), np.bool_)
    for seen, unseen in group_folds(labels, groups, seed=seed):
        if len(np.unique(labels[seen])) < 2:
            continue
        step()
        probe = fit_probe(features[seen], labels[seen], strength, tolerance=TOLERANCE)
        said[unseen] = probabilities_of(probe, features[unseen], num_classes)
        is_judged[unseen] = np.isin(labels[unseen], probe.classes_)
    return OutOfFold(said, is_judged, strength)


def strength_for(
    features: Floats,
    labels: Ints,
    groups: Ints,
    *,
    seed: int,
    step: Callable[[], object] = lambda: None,
) -> float:
    """Return the C, 1 at most, whose probes lose least on images of other groups; see ``choose_strength``.

    Args:
        features, labels, groups, seed, step: as of ``out_of_fold``.
    """
    folds = group_folds(labels, groups, seed=seed)
    return choose_strength(features, labels, folds, strengths=_STRENGTHS, tolerance=TOLERANCE, step=step)

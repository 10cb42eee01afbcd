"""What can be said of an adapted classifier without a label of the target. None of it is a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.engine.metrics.classes import balanced_accuracy, confusion_matrix
from graftwork.insight.adaptation.shallow import Adapted, StoredDomains
from graftwork.insight.probes import fit_probe
from graftwork.methods.instances.domain_classifier import classifier_weights

__all__ = [
    "VALIDATORS",
    "Collapse",
    "find_collapse",
    "importance_weighted",
    "information",
    "reverse",
    "weights_of",
]

Floats = NDArray[np.floating]

VALIDATORS = ("reverse", "information", "importance_weighted")

_ONE_CLASS = 0.9


def information(probabilities: Floats) -> float:
    """Return the entropy of the mean of probabilities (n, k) minus the mean of their entropies, in nats.

    Large where each image is told surely and the classes are said evenly; it takes even classes for good ones.

    Source: Krause, Perona & Gomes 2010, "Discriminative clustering by regularized information maximization", NIPS;
    as a validator in Musgrave et al. 2022, "Three new validators ... for unsupervised domain adaptation",
    arXiv:2208.07360.
    """
    mean = probabilities.mean(0)
    return float(_entropies(mean[None])[0] - _entropies(probabilities).mean())


def _entropies(rows: Floats) -> NDArray[np.float64]:
    found: NDArray[np.float64] = -(rows * np.log(np.maximum(rows, 1e-12))).sum(1)
    return found


def weights_of(domains: StoredDomains, *, seed: int = 0) -> NDArray[np.float64]:
    """Return the weight of each held-out source image (v,): how much likelier it is in the target."""
    if not len(domains.held_out):
        return np.empty(0)
    return np.asarray(classifier_weights(domains.held_out, domains.target, seed=seed), dtype=np.float64)


def importance_weighted(
    probabilities: Floats, labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """Return the accuracy on held-out source images, each as heavy as it is likelier in the target; no number without
    images.

    Args:
        probabilities: (v, k).
        labels: (v,).
        weights: (v,), as ``weights_of`` gives.

    Source: Sugiyama, Krauledat & Müller 2007, "Covariate shift adaptation by importance weighted cross validation",
    JMLR 8.
    """
    if not len(labels) or not weights.sum() > 0:
        return float("nan")
    hits = probabilities.argmax(1) == labels
    return float(weights @ hits / weights.sum())


def reverse(domains: StoredDomains, adapted: Adapted) -> float:
    """Return the balanced accuracy on the source of a classifier that learned from the target as it was labelled by the
    method; no number where it said one class alone.

    Source: Zhong et al. 2010, "Cross validation framework to choose amongst models and datasets for transfer learning",
    ECML; Ganin et al. 2016, arXiv:1505.07818, section 5.1.2.
    """
    said = adapted.target_probabilities.argmax(1)
    if len(np.unique(said)) < 2:
        return float("nan")
    back = fit_probe(adapted.target, said, 0.1).predict(adapted.source)
    return float(balanced_accuracy(confusion_matrix(domains.labels, back, domains.num_classes)))


@dataclass(frozen=True)
class Collapse:
    """Whether a classifier gave up telling classes apart.

    Args:
        is_collapsed: nearly all images are said to be of one class, or half of the source's classes or more are never said.
        never_said: classes that no target image is said to be of.
        largest: share of the class that is said most.
    """

    is_collapsed: bool
    never_said: tuple[int, ...]
    largest: float


def find_collapse(probabilities: Floats) -> Collapse:
    """Return what the predicted classes (n, k) of the target give away: validators can prefer a constant answer."""
    counts = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])
    never = tuple(int(i) for i in np.flatnonzero(counts == 0))
    largest = float(counts.max() / max(counts.sum(), 1))
    half = len(never) * 2 >= len(counts)
    return Collapse(largest > _ONE_CLASS or half, never, largest)

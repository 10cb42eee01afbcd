"""LEEP and NCE: what the classes that a base was trained on say about the classes that are wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import DataError, ShapeError
from graftwork.insight.transferability.given import checked_classes

__all__ = ["leep", "nce"]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

_SUM_TOLERANCE = 1e-3


def leep(probabilities: Floats, labels: Ints) -> float:
    """Return the log expected empirical prediction of labels from a base's old classifier.

    With θ(x) the probabilities of the old classes z and P(y, z) the mean of θ(x)_z over images of class y, it is
    the mean over images of log Σ_z P(y|z) θ(x)_z: the log likelihood of the labels when the old class is guessed
    first and the new one is drawn from what usually goes with it.

    Args:
        probabilities: (n, z), of the old classes; each row sums to one.
        labels: class numbers (n,).

    Returns:
        Natural logarithm, at most 0; 0 when the old classes determine the new ones with certainty. Higher is
        better.

    Raises:
        ShapeError: not (n, z), or rows that are no probabilities.
        DataError: one class only.

    Source: Nguyen, Hassner, Seeger & Archambeau 2020, "LEEP: a new measure to evaluate transferability of learned
    representations", arXiv:2002.12462, eq. 1 and 2.
    """
    places, counts = checked_classes(labels)
    theta = _checked(probabilities, len(labels))
    joint = np.eye(len(counts))[places].T @ theta / len(labels)  # (k, z)
    marginal = joint.sum(0)
    given = np.divide(joint, marginal, out=np.zeros_like(joint), where=marginal > 0)
    # Σ_z P(y|z) θ_z is above 0: an image of class y with θ_z > 0 has itself made P(y|z) > 0.
    likelihood = np.einsum("nz,nz->n", theta, given.T[:, places].T)
    return float(min(0.0, np.log(likelihood).mean()))


def nce(old_labels: Ints, labels: Ints) -> float:
    """Return the negative conditional entropy of labels given old labels, −H(Y|Z).

    Args:
        old_labels: the old class that is likeliest for each image, (n,).
        labels: class numbers (n,).

    Returns:
        Nats, from −log(classes) to 0; 0 when the old label determines the new one. Higher is better.

    Raises:
        ShapeError: not as many old labels as labels.
        DataError: one class only.

    Source: Tran, Nguyen & Hassner 2019, "Transferability and hardness of supervised classification tasks",
    arXiv:1908.08142, section 3.
    """
    places, counts = checked_classes(labels)
    if old_labels.shape != labels.shape:
        raise ShapeError(
            f"As many old labels as labels are wanted, got {old_labels.shape} and {labels.shape}."
        )
    old = np.unique(old_labels, return_inverse=True)[1].reshape(-1)
    joint = np.zeros((len(counts), int(old.max()) + 1))
    np.add.at(joint, (places, old), 1.0)
    given = joint / joint.sum(0)
    return float(min(0.0, np.log(given[places, old]).mean()))


def _checked(probabilities: Floats, num: int) -> NDArray[np.float64]:
    theta = probabilities.astype(np.float64)
    if theta.ndim != 2 or len(theta) != num or not theta.size:
        raise ShapeError(f"Probabilities (n, z) of {num} images are wanted, got {probabilities.shape}.")
    if not np.isfinite(theta).all():
        raise DataError("The old classifier's probabilities are not finite.")
    sums = theta.sum(1, keepdims=True)
    if (theta < 0).any() or np.abs(sums - 1.0).max() > _SUM_TOLERANCE:
        raise ShapeError("Rows of probabilities are wanted, not below 0 and with a sum of 1; these are not.")
    scaled: NDArray[np.float64] = theta / sums
    return scaled

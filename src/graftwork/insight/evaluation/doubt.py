"""How unsure a prediction is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["entropies", "margins"]

Array = NDArray[np.float64]
_LEAST = 1e-30


def entropies(probabilities: Array, *, is_each_alone: bool = False) -> Array:
    """Return the entropy of each image's probabilities in nats, (n,): high is unsure.

    Args:
        probabilities: (n, k).
        is_each_alone: whether each column is a yes or no of its own (tags); then the mean over columns.

    Source: Shannon 1948, "A mathematical theory of communication", section 6.
    """
    found: Array
    if is_each_alone:
        found = (_plogp(probabilities) + _plogp(1.0 - probabilities)).mean(1)
    else:
        found = _plogp(probabilities).sum(1)
    return found


def _plogp(p: Array) -> Array:
    return -p * np.log(np.maximum(p, _LEAST))


def margins(probabilities: Array, *, is_each_alone: bool = False) -> Array:
    """Return how far the first choice lies before the second, (n,): low is unsure.

    Args:
        probabilities: (n, k).
        is_each_alone: tags; then the margin of the most doubtful one between having it and not.

    Source: Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction".
    """
    found: Array
    if is_each_alone:
        found = np.abs(2.0 * probabilities - 1.0).min(1)
        return found
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    two = np.sort(probabilities, axis=1)[:, -2:]
    found = two[:, 1] - two[:, 0]
    return found

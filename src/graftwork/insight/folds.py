"""Which images a probe is fitted on, and which it is scored on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from graftwork.errors import DataError

__all__ = ["MIN_VALIDATION", "Folds", "choose_folds", "evenly"]

Positions = NDArray[np.int64]

MIN_VALIDATION = 100
"""From so many validation images on, they alone are scored."""
_NUM_FOLDS = 5


@dataclass(frozen=True)
class Folds:
    """Pairs of positions: fitted on, and scored on; no position is scored twice.

    Args:
        protocol: 'validation': one pair, as the data is split. 'cross_validation': all are scored.
        pairs: positions in the arrays of labels and features.
    """

    protocol: Literal["validation", "cross_validation"]
    pairs: tuple[tuple[Positions, Positions], ...]

    @property
    def scored(self) -> Positions:
        """All positions that are scored, in the order of the folds."""
        return np.concatenate([scored for _, scored in self.pairs])

    @property
    def num_fitted(self) -> int:
        """How many images a probe is fitted on, on average."""
        return round(float(np.mean([len(fitted) for fitted, _ in self.pairs])))


def choose_folds(
    labels: NDArray[Any], is_training: NDArray[np.bool_], groups: Sequence[str], *, seed: int = 0
) -> Folds:
    """Return the validation images as the scored ones, or folds over all when they are too few.

    Fewer than ``MIN_VALIDATION`` validation images say little; the same holds when a class that occurs among
    them was never in training. Then all images are scored in five folds (fewer when there are fewer groups),
    stratified by class. Images of one group are never on both sides.

    Args:
        labels: classes (n,), or numbers or tags (n, k).
        is_training: (n,); the others are validation images.
        groups: (n,); copies of one image are of one group.
        seed: of the folds.

    Raises:
        DataError: fewer than two groups.
    """
    training, validation = np.flatnonzero(is_training), np.flatnonzero(~is_training)
    known = labels.ndim > 1 or set(labels[validation]) <= set(labels[training])
    if len(validation) >= MIN_VALIDATION and len(training) and known:
        return Folds("validation", ((training, validation),))
    num = min(_NUM_FOLDS, len(set(groups)))
    if num < 2:
        raise DataError(
            f"A probe wants at least two different labelled images, got {num}.",
            hint="Add images to the training split.",
        )
    kind = StratifiedGroupKFold if labels.ndim == 1 else GroupKFold
    with warnings.catch_warnings():  # of classes with fewer images than folds: they are scored as they can be
        warnings.simplefilter("ignore", UserWarning)
        splits = kind(num, shuffle=True, random_state=seed)
        pairs = [(f, s) for f, s in _split(splits, labels, groups, num) if len(f) and len(s)]
    return Folds("cross_validation", tuple(pairs))


def _split(
    splits: Any, labels: NDArray[Any], groups: Sequence[str], num: int
) -> list[tuple[Positions, Positions]]:
    try:
        return list(splits.split(np.zeros(len(labels)), labels, np.asarray(groups)))
    except ValueError:  # every class has fewer images than there are folds
        plain = GroupKFold(num, shuffle=True, random_state=splits.random_state)
        return list(plain.split(np.zeros(len(labels)), None, np.asarray(groups)))


def evenly(labels: NDArray[Any], num: int, *, seed: int = 0) -> Positions:
    """Return ``num`` positions, in order, with the classes, tags or numbers in the shares that they have.

    Args:
        labels: (n,) or (n, k).
        num: how many; all when there are no more.
        seed: which ones.
    """
    total = len(labels)
    if num >= total:
        return np.arange(total, dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(total)
    columns = labels.reshape(total, -1)[shuffled]
    ordered = shuffled[np.lexsort(columns.T[::-1])]
    places = ((np.arange(num) + 0.5) * total / num).astype(np.int64)
    return np.sort(ordered[places]).astype(np.int64)

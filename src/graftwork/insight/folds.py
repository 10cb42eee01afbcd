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

__all__ = ["MIN_VALIDATION", "Folds", "choose_folds", "evenly", "group_folds"]

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
    pairs = group_folds(labels, groups, seed=seed)
    if not pairs:
        raise DataError(
            f"A probe wants at least two different labelled images, got {len(set(groups))}.",
            hint="Add images to the training split.",
        )
    return Folds("cross_validation", tuple(pairs))


def group_folds(
    labels: NDArray[Any], groups: Sequence[str] | Positions, *, seed: int = 0
) -> list[tuple[Positions, Positions]]:
    """Return five folds over all images, pairs of positions: fitted on, and held out.

    Fewer where there are fewer groups or all classes are smaller; none of one group alone. Classes have the
    same share in each fold as far as groups allow: images of one group are never on both sides.

    Args:
        labels: classes (n,), or numbers or tags (n, k).
        groups: (n,).
        seed: of the folds.

    Source: Kohavi 1995, "A study of cross-validation and bootstrap for accuracy estimation and model
    selection", for stratified folds.
    """
    marks = np.asarray(groups)
    num = min(_NUM_FOLDS, len(np.unique(marks)))
    if num < 2:
        return []
    largest = int(np.unique(labels, return_counts=True)[1].max()) if labels.ndim == 1 else 0
    kind = StratifiedGroupKFold if largest > 1 else GroupKFold
    splits = kind(min(num, largest) if largest > 1 else num, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # of classes with fewer images than folds: they are scored as they can be
        warnings.simplefilter("ignore", UserWarning)
        pairs = list(splits.split(np.zeros(len(labels)), labels, marks))
    return [(fitted, held) for fitted, held in pairs if len(fitted) and len(held)]


def evenly(labels: NDArray[Any], num: int, *, seed: int = 0) -> Positions:
    """Return ``num`` positions, in order, with the classes, tags or numbers in the shares that they have.

    Args:
        labels: (n,) or (n, k).
        num: how many; all when there are no more.
        seed: which ones.

    Source: Cochran 1977, "Sampling techniques", chapter 8: a systematic sample of sorted rows.
    """
    total = len(labels)
    if num >= total:
        return np.arange(total, dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(total)
    columns = labels.reshape(total, -1)[shuffled]
    ordered = shuffled[np.lexsort(columns.T[::-1])]
    places = ((np.arange(num) + 0.5) * total / num).astype(np.int64)
    return np.sort(ordered[places]).astype(np.int64)

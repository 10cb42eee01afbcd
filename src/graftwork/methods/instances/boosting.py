"""Boosting on source and target images together: source images that contradict the target lose their weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from graftwork.errors import DataError
from graftwork.methods.instances.weights import Features, Weights, checked_pair, normalized

__all__ = ["BoostedClasses", "BoostedNumbers", "boost_classes", "boost_numbers"]

_LEAST_ERROR = 1e-6


@dataclass(frozen=True)
class BoostedClasses:
    """Classifiers that vote, and what each source image weighed at the end.

    Args:
        models: fitted ones of the later half of the rounds.
        votes: of each.
        classes: in order.
        source_weights: (n,), mean 1.
        errors: on the target images, weighted, in each round.
    """

    models: tuple[Any, ...]
    votes: tuple[float, ...]
    classes: NDArray[np.int64]
    source_weights: Weights
    errors: tuple[float, ...]

    def predict(self, rows: Features) -> NDArray[np.int64]:
        """Return the class (n,) with most votes for rows (n, d)."""
        total = np.zeros((len(rows), len(self.classes)))
        for model, vote in zip(self.models, self.votes, strict=True):
            total += vote * (model.predict(rows)[:, None] == self.classes[None])
        found: NDArray[np.int64] = self.classes[total.argmax(1)]
        return found


def boost_classes(
    source: Features,
    source_labels: NDArray[np.int64],
    target: Features,
    target_labels: NDArray[np.int64],
    *,
    learner: Any = None,
    rounds: int = 20,
) -> BoostedClasses:
    """Return TrAdaBoost: AdaBoost on target images, while source images that are told wrong are weighed down.

    A source weight is multiplied by β = 1/(1 + √(2·ln n/N)) when wrong, a target one divided by ε/(1 − ε), the
    error ε measured on the target alone. Several classes: the target's factor is multiplied by (k − 1) as in
    SAMME, so that ε < (k − 1)/k is enough. The models of the later half vote.

    Args:
        source, source_labels: (n, d) and (n,).
        target, target_labels: (m, d) and (m,), labelled target images.
        learner: takes ``sample_weight``; a tree of depth 3 if not given.
        rounds: N.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says, or the target shows one class alone.

    Source: Dai et al. 2007, "Boosting for transfer learning", ICML; Zhu et al. 2009, "Multi-class AdaBoost".
    """
    one, other = checked_pair(source, target)
    if len(np.unique(target_labels)) < 2:
        raise DataError(
            "The labelled target images show one class alone.", hint="Label images of another class."
        )
    learner = DecisionTreeClassifier(max_depth=3, random_state=0) if learner is None else learner
    rows, labels = np.concatenate([one, other]), np.r_[source_labels, target_labels]
    num, classes = len(one), np.unique(labels)
    weights = np.r_[np.full(num, 1.0 / num), np.full(len(other), 1.0 / len(other))]
    fall = 1.0 / (1.0 + np.sqrt(2.0 * np.log(max(num, 2)) / rounds))
    models, votes, errors = [], [], []
    for _ in range(rounds):
        model = clone(learner).fit(rows, labels, sample_weight=weights / weights.sum())
        wrong = model.predict(rows) != labels
        error = float((weights[num:] * wrong[num:]).sum() / weights[num:].sum())
        errors.append(error)
        if error >= 1.0 - 1.0 / len(classes):
            break  # no better than guessing: what came before stays
        bounded = min(max(error, _LEAST_ERROR), 1.0 - _LEAST_ERROR)
        vote = float(np.log((1.0 - bounded) / bounded) + np.log(len(classes) - 1))
        models.append(model)
        votes.append(vote)
        weights[:num] *= np.where(wrong[:num], fall, 1.0)
        weights[num:] *= np.where(wrong[num:], np.exp(vote), 1.0)
        weights /= weights.sum()
    if not models:  # the first was no better than guessing; it is all there is
        models, votes = [model], [1.0]
    half = len(models) // 2
    return BoostedClasses(
        tuple(models[half:]), tuple(votes[half:]), classes, normalized(weights[:num]), tuple(errors)
    )


@dataclass(frozen=True)
class BoostedNumbers:
    """Regressors whose weighted median is the answer, and what each source image weighed at the end."""

    models: tuple[Any, ...]
    votes: tuple[float, ...]
    source_weights: Weights
    errors: tuple[float, ...]

    def predict(self, rows: Features) -> NDArray[np.float64]:
        """Return the weighted median (n,) of the models' numbers for rows (n, d)."""
        said = np.stack([model.predict(rows) for model in self.models])
        order = said.argsort(0)
        weights = np.asarray(self.votes)[order].cumsum(0)
        place = (weights >= 0.5 * weights[-1]).argmax(0)
        found: NDArray[np.float64] = np.take_along_axis(said, np.take_along_axis(order, place[None], 0), 0)[0]
        return found


def boost_numbers(
    source: Features,
    source_numbers: NDArray[np.floating],
    target: Features,
    target_numbers: NDArray[np.floating],
    *,
    learner: Any = None,
    rounds: int = 20,
) -> BoostedNumbers:
    """Return TrAdaBoost.R2: AdaBoost.R2 on target images, while source images that are told badly are weighed down.

    Errors are absolute and divided by the largest one. With e the error of an image: a source weight is
    multiplied by β^e, a target one by (ε/(1 − ε))^(−e).

    Args:
        source, source_numbers: (n, d) and (n,).
        target, target_numbers: (m, d) and (m,).
        learner: takes ``sample_weight``; a tree of depth 3 if not given.
        rounds: N.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Pardoe & Stone 2010, "Boosting for regression transfer", ICML, algorithm 2 (not the two-stage one).
    """
    one, other = checked_pair(source, target)
    learner = DecisionTreeRegressor(max_depth=3, random_state=0) if learner is None else learner
    rows, numbers = np.concatenate([one, other]), np.r_[source_numbers, target_numbers].astype(np.float64)
    num = len(one)
    weights = np.full(len(rows), 1.0 / len(rows))
    fall = 1.0 / (1.0 + np.sqrt(2.0 * np.log(max(num, 2)) / rounds))
    models, votes, errors = [], [], []
    for _ in range(rounds):
        model = clone(learner).fit(rows, numbers, sample_weight=weights)
        off = np.abs(model.predict(rows) - numbers)
        off = off / max(float(off.max()), 1e-300)
        error = float((weights[num:] * off[num:]).sum() / weights[num:].sum())
        errors.append(error)
        if error >= 0.5:
            break
        rise = max(error, _LEAST_ERROR) / (1.0 - max(error, _LEAST_ERROR))
        models.append(model)
        votes.append(float(np.log(1.0 / rise)))
        weights[:num] *= fall ** off[:num]
        weights[num:] *= rise ** -off[num:]
        weights /= weights.sum()
    if not models:
        models, votes = [model], [1.0]
    half = len(models) // 2
    return BoostedNumbers(tuple(models[half:]), tuple(votes[half:]), normalized(weights[:num]), tuple(errors))

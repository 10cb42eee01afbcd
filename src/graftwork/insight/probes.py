"""Probes: simple predictors on given features, each fitted anew and never told about what it is scored on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

__all__ = ["INVERSE_STRENGTHS", "RIDGE_STRENGTHS", "Predicted", "linear_probe", "nearest_mean", "ridge_probe"]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

INVERSE_STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""C of the logistic regression, from which one is chosen; smaller is stronger regularization."""
RIDGE_STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
"""Alpha of the ridge regression, from which one is chosen; larger is stronger regularization."""

_MAX_STEPS = 1000
_HELD_OUT_FOLDS = 5
_IF_TOO_FEW = 0.01


@dataclass(frozen=True)
class Predicted:
    """What a probe says of images it has not seen, and how it was fitted.

    Args:
        values: predicted labels (n,), or numbers (n, m).
        regularization: the strengths that were chosen.
        is_converged: whether the fits came to their end.
    """

    values: NDArray[Any]
    regularization: tuple[float, ...] = field(default=())
    is_converged: bool = True


def linear_probe(features: Floats, labels: Ints, unseen: Floats, *, seed: int = 0) -> Predicted:
    """Return the labels that a logistic regression gives to ``unseen``.

    Features are standardized by the fitted images' mean and standard deviation. C is the one of
    ``INVERSE_STRENGTHS`` with the lowest log loss on a fifth of the fitted images (the first of five stratified
    folds, shuffled by ``seed``); with that C it is fitted on all of them. Where a class has fewer than five
    images, C is 0.01.

    Args:
        features: (n, d), of images with known labels.
        labels: (n,); one class alone is what is then always said.
        unseen: (m, d).
        seed: of the folds.

    Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes",
    arXiv:1610.01644.
    """
    classes = np.unique(labels)
    if len(classes) == 1:
        return Predicted(np.full(len(unseen), classes[0]))
    strength = _chosen_strength(features, labels, seed)
    scaler = StandardScaler().fit(features.astype(np.float64))
    model = LogisticRegression(C=strength, max_iter=_MAX_STEPS)
    is_converged = _fit(model, scaler.transform(features.astype(np.float64)), labels)
    said: Ints = model.predict(scaler.transform(unseen.astype(np.float64)))
    return Predicted(said, (strength,), is_converged)


def _chosen_strength(features: Floats, labels: Ints, seed: int) -> float:
    if np.unique(labels, return_counts=True)[1].min() < _HELD_OUT_FOLDS:
        return _IF_TOO_FEW
    folds = StratifiedKFold(_HELD_OUT_FOLDS, shuffle=True, random_state=seed)
    fitted, held = next(iter(folds.split(features, labels)))
    scaler = StandardScaler().fit(features[fitted].astype(np.float64))
    x, held_x = (scaler.transform(features[part].astype(np.float64)) for part in (fitted, held))
    # From strong to weak regularization each fit starts where the one before ended.
    model = LogisticRegression(max_iter=_MAX_STEPS, warm_start=True)
    losses = []
    for strength in INVERSE_STRENGTHS:
        _fit(model.set_params(C=strength), x, labels[fitted])
        columns = np.searchsorted(model.classes_, labels[held])
        chances = model.predict_proba(held_x)[np.arange(len(held)), columns]
        losses.append(-np.log(np.maximum(chances, 1e-300)).mean())
    return INVERSE_STRENGTHS[int(np.argmin(losses))]


def _fit(model: LogisticRegression, features: Floats, labels: Ints) -> bool:
    """Fit, and return whether the fit came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, labels)
    return bool(np.max(model.n_iter_) < _MAX_STEPS)


def nearest_mean(features: Floats, labels: Ints, unseen: Floats) -> Predicted:
    """Return for each of ``unseen`` the class whose mean is nearest.

    Features are centered by the fitted images' mean and scaled to length one; a class is the mean of its own.

    Args:
        features: (n, d), of images with known labels.
        labels: (n,).
        unseen: (m, d).

    Source: Wang et al. 2019, "SimpleShot: revisiting nearest-neighbor classification for few-shot learning",
    arXiv:1911.04623 (CL2N).
    """
    center = features.astype(np.float64).mean(0)
    known, asked = _unit_rows(features - center), _unit_rows(unseen - center)
    classes = np.unique(labels)
    means = np.stack([known[labels == k].mean(0) for k in classes])
    # |a − m|² = |a|² − 2 a·m + |m|², and |a|² is the same for all classes.
    distances = (means**2).sum(1) - 2.0 * asked @ means.T
    return Predicted(classes[distances.argmin(1)])


def _unit_rows(rows: Floats) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return scaled


def ridge_probe(features: Floats, numbers: Floats, unseen: Floats) -> Predicted:
    """Return the numbers (m, k) that a ridge regression gives to ``unseen``.

    Features and numbers are standardized by the fitted images. Alpha is the one of ``RIDGE_STRENGTHS`` with the
    smallest squared error when each fitted image is left out once, over all columns.

    Args:
        features: (n, d), of images with known numbers.
        numbers: (n, k).
        unseen: (m, d).

    Source: Hastie, Tibshirani & Friedman 2009, "The elements of statistical learning", sections 3.4.1 and 7.10.
    """
    scaler = StandardScaler().fit(features.astype(np.float64))
    scale = StandardScaler().fit(numbers.astype(np.float64))
    model = RidgeCV(alphas=RIDGE_STRENGTHS)
    model.fit(scaler.transform(features.astype(np.float64)), scale.transform(numbers.astype(np.float64)))
    said = model.predict(scaler.transform(unseen.astype(np.float64))).reshape(len(unseen), -1)
    return Predicted(scale.inverse_transform(said), (float(model.alpha_),))

"""Probes: simple predictors on given features, each fitted anew and never told about what it is scored on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import ThreadpoolController

from graftwork.engine.metrics.classes import log_losses

__all__ = [
    "INVERSE_STRENGTHS",
    "RIDGE_STRENGTHS",
    "Predicted",
    "choose_strength",
    "fit_probe",
    "linear_probe",
    "nearest_mean",
    "probabilities_of",
    "ridge_probe",
]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

INVERSE_STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""C of the logistic regression, from which one is chosen; smaller is stronger regularization."""
RIDGE_STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
"""Alpha of the ridge regression, from which one is chosen; larger is stronger regularization."""

_MAX_STEPS = 1000
_TOLERANCE = 1e-4
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


def fit_probe(features: Floats, labels: Ints, strength: float, *, tolerance: float = _TOLERANCE) -> Pipeline:
    """Return logistic regression on standardized features, fitted.

    Args:
        features: (n, d).
        labels: (n,), of two classes at least.
        strength: C of scikit-learn.
        tolerance: of the fit's end, as scikit-learn has it.

    Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes",
    arXiv:1610.01644.
    """
    probe = _new_probe(tolerance)
    _fit(probe.set_params(logisticregression__C=strength), features, labels)
    return probe


def _new_probe(tolerance: float) -> Pipeline:
    # Fitted again, it starts where it ended: from strong to weak regularization that is near the next end.
    return make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=_MAX_STEPS, tol=tolerance, warm_start=True)
    )


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _fit(probe: Pipeline, features: Floats, labels: Ints) -> None:
    # Many products of small matrices: handing each to several threads takes four times as long as one thread does.
    with _threads().limit(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the penalty makes early ends harmless
        probe.fit(features, labels)


def probabilities_of(probe: Pipeline, features: Floats, num_classes: int) -> NDArray[np.float64]:
    """Return the probabilities (n, k) of a probe; zero for classes that it never saw.

    Args:
        probe: as ``fit_probe`` returns it.
        features: (n, d).
        num_classes: k.
    """
    found = np.zeros((len(features), num_classes))
    if len(features):
        found[:, probe.classes_] = probe.predict_proba(features)
    return found


def choose_strength(
    features: Floats,
    labels: Ints,
    folds: Sequence[tuple[Ints, Ints]],
    *,
    strengths: Sequence[float] = INVERSE_STRENGTHS,
    tolerance: float = _TOLERANCE,
    step: Callable[[], object] = lambda: None,
) -> float:
    """Return the C that goes up through ``strengths`` as long as the log loss falls on held-out images.

    Held-out images of a class that was not fitted do not count. 0.01 where none counts.

    Args:
        features: (n, d).
        labels: (n,), class numbers.
        folds: pairs of positions: fitted on, and held out.
        strengths: rising.
        tolerance: as of ``fit_probe``.
        step: called before each fit; it may raise to end the work.

    Source: Hastie, Tibshirani & Friedman 2009, "The elements of statistical learning", section 7.10.
    """
    num_classes = int(labels.max(initial=0)) + 1
    usable = []
    for fitted, held in folds:
        known = held[np.isin(labels[held], labels[fitted])]
        if len(known) and len(np.unique(labels[fitted])) > 1:
            usable.append((_new_probe(tolerance), fitted, known))
    best, lowest = _IF_TOO_FEW, np.inf
    for strength in strengths if usable else ():
        losses = []
        for probe, fitted, held in usable:
            step()
            _fit(probe.set_params(logisticregression__C=strength), features[fitted], labels[fitted])
            losses.append(log_losses(probabilities_of(probe, features[held], num_classes), labels[held]))
        loss = float(np.concatenate(losses).mean())
        if loss >= lowest:  # weaker ones fit the fitted images better and these worse, and take longest
            break
        best, lowest = strength, loss
    return best


def linear_probe(features: Floats, labels: Ints, unseen: Floats, *, seed: int = 0) -> Predicted:
    """Return the labels that a logistic regression gives to ``unseen``; see ``fit_probe``.

    C is that of ``choose_strength`` on a fifth of the fitted images (the first of five stratified folds,
    shuffled by ``seed``); with it the probe is fitted on all of them. Where a class has fewer than five
    images, C is 0.01. Computed in float32, the format that features are stored in at most.

    Args:
        features: (n, d), of images with known labels.
        labels: (n,), class numbers; one class alone is what is then always said.
        unseen: (m, d).
        seed: of the folds.

    Source: Alain & Bengio 2016, arXiv:1610.01644.
    """
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        return Predicted(np.full(len(unseen), classes[0]))
    rows = features.astype(np.float32)
    folds = []
    if counts.min() >= _HELD_OUT_FOLDS:
        splits = StratifiedKFold(_HELD_OUT_FOLDS, shuffle=True, random_state=seed)
        folds = [next(iter(splits.split(rows, labels)))]
    strength = choose_strength(rows, labels, folds)
    probe = fit_probe(rows, labels, strength)
    said: Ints = probe.predict(unseen.astype(np.float32))
    return Predicted(said, (strength,), bool(np.max(probe[-1].n_iter_) < _MAX_STEPS))


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

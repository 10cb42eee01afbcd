"""Probes against scikit-learn's own pieces, put together independently, and against loops written out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from graftwork.insight.probes import (
    INVERSE_STRENGTHS,
    RIDGE_STRENGTHS,
    linear_probe,
    nearest_mean,
    ridge_probe,
)


def blobs(n: int = 150, d: int = 12, k: int = 3, *, apart: float = 0.7, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(k), n // k)
    means = rng.normal(size=(k, d)) * apart
    scale = 10 ** rng.uniform(-2, 2, d)
    return ((rng.normal(size=(n, d)) + means[labels]) * scale).astype(np.float32), labels


def expected_logistic(x, y, unseen, seed):
    """The rule of the docstring with other pieces of scikit-learn: a pipeline, fits that start cold."""
    fitted, held = next(iter(StratifiedKFold(5, shuffle=True, random_state=seed).split(x, y)))
    losses = {}
    for c in INVERSE_STRENGTHS:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
        model.fit(x[fitted].astype(float), y[fitted])
        losses[c] = log_loss(y[held], model.predict_proba(x[held].astype(float)), labels=model.classes_)
    best = min(losses, key=losses.__getitem__)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=best, max_iter=1000))
    return model.fit(x.astype(float), y).predict(unseen.astype(float)), best


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_linear_probe_is_scikit_learns(seed):
    every, labels = blobs(n=300, seed=seed)
    x, y, unseen, truth = every[::2], labels[::2], every[1::2], labels[1::2]
    wanted, strength = expected_logistic(x, y, unseen, seed)
    found = linear_probe(x, y, unseen, seed=seed)
    assert (found.values == wanted).all()
    assert found.regularization == (strength,)
    assert found.is_converged
    assert (found.values == truth).mean() > 0.5  # three classes


def test_units_of_features_do_not_matter_to_the_linear_probe():
    x, y = blobs()
    turned = (x * 1000 + 7).astype(np.float64)
    assert (linear_probe(x, y, x).values == linear_probe(turned, y, turned).values).all()


def test_one_class_alone_is_always_said_and_few_images_are_fitted_all_the_same():
    x, y = blobs()
    assert (linear_probe(x[:5], y[:5], x).values == 0).all()
    found = linear_probe(x[[0, 1, 149]], y[[0, 1, 149]], x)
    assert set(found.values) <= {0, 2}
    assert found.regularization == (0.01,)


def test_features_that_never_vary_change_nothing():
    x, y = blobs()
    wide = np.concatenate([x, np.full((len(x), 3), 5.0, dtype=np.float32)], axis=1)
    assert (linear_probe(wide, y, wide).values == linear_probe(x, y, x).values).all()


def test_the_nearest_mean_is_scikit_learns_on_centered_rows_of_length_one():
    x, y = blobs()
    unseen, _ = blobs(seed=5)
    center = x.astype(float).mean(0)
    model = make_pipeline(Normalizer(), NearestCentroid()).fit(x - center, y)
    assert (nearest_mean(x, y, unseen).values == model.predict(unseen - center)).all()


def test_the_nearest_mean_by_a_loop():
    x, y = blobs(n=30, d=4)
    center = x.astype(float).mean(0)
    unit = [(row - center) / np.linalg.norm(row - center) for row in x]
    means = [np.mean([u for u, label in zip(unit, y, strict=True) if label == k], axis=0) for k in range(3)]
    wanted = [int(np.argmin([np.linalg.norm(u - mean) for mean in means])) for u in unit]
    assert nearest_mean(x, y, x).values.tolist() == wanted


def test_the_nearest_mean_knows_neither_scale_nor_origin_and_bears_rows_of_zeros():
    x, y = blobs()
    x = x.astype(np.float64)
    said = nearest_mean(x, y, x).values
    assert (nearest_mean(x * 3.0 - 11.0, y, x * 3.0 - 11.0).values == said).all()
    assert len(nearest_mean(np.zeros((4, 2)), np.array([0, 0, 1, 1]), np.zeros((3, 2))).values) == 3


def test_the_ridge_probe_leaves_each_image_out_once_and_is_scikit_learns():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 6)) * 10 ** rng.uniform(-1, 1, 6)
    numbers = x @ rng.normal(size=(6, 2)) * [1.0, 1000.0] + rng.normal(size=(40, 2)) * [2.0, 2000.0]
    z = (x - x.mean(0)) / x.std(0)
    t = (numbers - numbers.mean(0)) / numbers.std(0)
    errors = {}
    for alpha in RIDGE_STRENGTHS:
        gaps = [
            t[i] - Ridge(alpha=alpha).fit(np.delete(z, i, 0), np.delete(t, i, 0)).predict(z[i : i + 1])[0]
            for i in range(40)
        ]
        errors[alpha] = np.square(gaps).mean()
    best = min(errors, key=errors.__getitem__)
    found = ridge_probe(x, numbers, x)
    assert found.regularization == (best,)
    wanted = Ridge(alpha=best).fit(z, t).predict(z) * numbers.std(0) + numbers.mean(0)
    np.testing.assert_allclose(found.values, wanted, rtol=1e-9)

"""CKA against its definition with matrices and loops written out, and its laws."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from graftwork.errors import ShapeError
from graftwork.insight.cka import linear_cka


def hsic_by_definition(k: np.ndarray, m: np.ndarray) -> float:
    """Song et al. 2012 eq. 4 as U-statistic: means over ordered tuples of distinct images, loop by loop."""
    n = len(k)
    pairs = [k[i, j] * m[i, j] for i, j in permutations(range(n), 2)]
    triples = [k[i, j] * m[i, q] for i, j, q in permutations(range(n), 3)]
    quads = [k[i, j] * m[q, r] for i, j, q, r in permutations(range(n), 4)]
    return float(np.mean(pairs) + np.mean(quads) - 2 * np.mean(triples))


def cka_by_definition(x: np.ndarray, y: np.ndarray) -> float:
    k, m = x @ x.T, y @ y.T
    return hsic_by_definition(k, m) / np.sqrt(hsic_by_definition(k, k) * hsic_by_definition(m, m))


def features(seed: int, n: int = 8, d: int = 5, e: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, x[:, :e] + 0.7 * rng.normal(size=(n, e)) + 4.0


@pytest.mark.parametrize("seed", range(4))
def test_cka_is_its_definition(seed):
    x, y = features(seed)
    found = linear_cka(x, y)
    assert found is not None
    assert found.value == pytest.approx(cka_by_definition(x, y), abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_is_the_jackknife_by_leaving_each_image_out(seed):
    x, y = features(seed, n=9)
    found = linear_cka(x, y)
    assert found is not None
    left = [cka_by_definition(np.delete(x, i, 0), np.delete(y, i, 0)) for i in range(9)]
    error = np.sqrt(8 / 9 * np.square(np.array(left) - np.mean(left)).sum())
    half = 1.959963984540054 * error
    assert found.low == pytest.approx(max(-1.0, found.value - half), abs=1e-9)
    assert found.high == pytest.approx(min(1.0, found.value + half), abs=1e-9)


def test_equal_features_are_exactly_alike():
    x, _ = features(0, n=50, d=200)
    found = linear_cka(x.astype(np.float32), x.astype(np.float32))
    assert found is not None
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_turning_moving_and_scaling_change_nothing():
    rng = np.random.default_rng(1)
    x, y = features(2, n=30)
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    plain, turned = linear_cka(x, y), linear_cka(3.5 * x @ turn + 100.0, -0.01 * y - 7.0)
    assert plain is not None
    assert turned is not None
    assert turned.value == pytest.approx(plain.value, abs=1e-9)
    itself = linear_cka(x, 2.0 * x @ turn)
    assert itself is not None
    assert itself.value == pytest.approx(1.0, abs=1e-9)


def test_swapping_the_two_changes_nothing():
    x, y = features(4, n=20)
    assert linear_cka(x, y).value == pytest.approx(linear_cka(y, x).value, abs=1e-12)


def test_few_images_do_not_make_strangers_alike():
    """The plain estimate says 0.9 and more here; the debiased one stays around zero."""
    rng = np.random.default_rng(0)
    found = [linear_cka(rng.normal(size=(40, 800)), rng.normal(size=(40, 800))).value for _ in range(10)]
    assert abs(np.mean(found)) < 0.05
    x, y = rng.normal(size=(2, 40, 800))
    x, y = x - x.mean(0), y - y.mean(0)
    plain = np.square(x.T @ y).sum() / np.sqrt(np.square(x.T @ x).sum() * np.square(y.T @ y).sum())
    assert plain > 0.9


def test_what_is_the_same_for_all_images_or_not_finite_has_no_alignment():
    x, _ = features(0, n=10)
    assert linear_cka(x, np.full((10, 4), 2.5)) is None
    assert linear_cka(np.zeros((10, 4)), x) is None
    broken = x.copy()
    broken[3, 1] = np.nan
    assert linear_cka(x, broken) is None


@pytest.mark.parametrize(("n", "m"), [(4, 4), (10, 9)])
def test_too_few_rows_and_rows_that_do_not_match_are_refused(n, m):
    with pytest.raises(ShapeError):
        linear_cka(np.ones((n, 2)), np.ones((m, 2)))

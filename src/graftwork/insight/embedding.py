"""Features of many dimensions as points on a plane, and two such pictures laid over each other."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import DataError, MissingExtra, ShapeError

__all__ = ["MOST_IMAGES", "Projected", "pca", "procrustes", "umap_points", "unit_rows"]

MOST_IMAGES = 50_000
"""Images that a map shows at most; of more a stratified sample is drawn."""

_CHUNK = 4096
_LEAST_FOR_UMAP = 5
_UMAP_DIMENSIONS = 50

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Projected:
    """Points of a projection, float64 (n, k), and the share of the variance that each axis explains, (k,)."""

    points: NDArray[np.float64]
    explained: NDArray[np.float64]


def pca(features: Floats, num: int = 2) -> Projected:
    """Return the principal components of features, exactly and with deterministic signs.

    The largest loading of each axis is positive. Axes beyond the rank are zero.

    Args:
        features: (n, d), finite, n >= 1.
        num: k, how many axes.

    Raises:
        ShapeError: no rows, or not a matrix.

    Source: Pearson 1901, "On lines and planes of closest fit to systems of points in space".
    """
    if features.ndim != 2 or not len(features):
        raise ShapeError(f"PCA wants features (n, d) of at least one image, got {features.shape}.")
    mean = features.mean(0, dtype=np.float64)
    axes = _axes(features, mean, num)
    points = np.zeros((len(features), num))
    total = 0.0
    for start in range(0, len(features), _CHUNK):
        part = features[start : start + _CHUNK] - mean
        total += float((part**2).sum())
        points[start : start + _CHUNK, : len(axes)] = part @ axes.T
    explained = (points**2).sum(0) / total if total > 0 else np.zeros(num)
    return Projected(points, explained)


def _axes(features: Floats, mean: NDArray[np.float64], num: int) -> NDArray[np.float64]:
    """Return the first axes as rows, at most ``num``; fewer where the features have a lower rank."""
    from scipy.linalg import eigh

    n, d = features.shape
    if n < d:
        centered = features - mean
        gram = centered @ centered.T
    else:
        gram = np.zeros((d, d))
        for start in range(0, n, _CHUNK):
            part = features[start : start + _CHUNK] - mean
            gram += part.T @ part
    size = len(gram)
    values, vectors = eigh(gram, subset_by_index=(max(0, size - num), size - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    is_real = values > max(1e-300, np.finfo(np.float64).eps * size * max(values[0], 0.0))
    axes = vectors[:, is_real].T
    if n < d:
        axes = (axes @ centered) / np.sqrt(values[is_real])[:, None]
    largest = np.abs(axes).argmax(1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    found: NDArray[np.float64] = axes * np.where(signs == 0, 1.0, signs)[:, None]
    return found


def unit_rows(features: Floats) -> NDArray[np.float32]:
    """Return each row divided by its length; a row of zeros stays one."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def umap_points(features: Floats, *, seed: int = 0, num_neighbors: int = 15) -> NDArray[np.float64]:
    """Return a UMAP of features by the angle between them, (n, 2), the same for the same seed.

    Features of length one are reduced to 50 principal components first, and the first two are where it
    starts from.

    Args:
        features: (n, d), finite.
        seed: of the layout.
        num_neighbors: how many neighbors of each image it keeps near; fewer of few images.

    Raises:
        DataError: fewer than five images.
        MissingExtra: umap-learn is not installed.

    Source: McInnes, Healy & Melville 2018, "UMAP", arXiv:1802.03426.
    """
    if len(features) < _LEAST_FOR_UMAP:
        raise DataError(
            f"UMAP wants at least {_LEAST_FOR_UMAP} images, got {len(features)}.",
            hint="Use the method pca.",
        )
    umap = _umap()
    rows = unit_rows(features)
    reduced = pca(rows, min(_UMAP_DIMENSIONS, *rows.shape)).points
    start = np.zeros((len(rows), 2))
    start[:, : min(2, reduced.shape[1])] = reduced[:, :2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that a seed does without, of copies in the data
        model = umap.UMAP(
            n_neighbors=min(num_neighbors, len(rows) - 1),
            init=_scaled(start, seed),
            random_state=seed,
            n_jobs=1,
        )
        points = model.fit_transform(reduced.astype(np.float32))
    return np.nan_to_num(np.asarray(points, dtype=np.float64))


def _umap() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import umap
    except ImportError as error:
        raise MissingExtra(
            "UMAP needs the library umap-learn, which is not installed.",
            hint="Install it with pip install 'graftwork[map]', or use the method pca.",
        ) from error
    return umap


def _scaled(start: NDArray[np.float64], seed: int) -> NDArray[np.float32]:
    """Return a start of the size that UMAP works with; no two images begin at quite the same place."""
    spread = np.abs(start).max()
    noise = np.random.default_rng(seed).normal(scale=1e-3, size=start.shape)
    return np.asarray(start * (10.0 / spread if spread > 0 else 0.0) + noise, dtype=np.float32)


def procrustes(moving: Floats, fixed: Floats) -> tuple[NDArray[np.float64], float]:
    """Return points moved, turned, mirrored and scaled so that they lie over others as well as can be.

    The size becomes that of the fixed points, not the least-squares one, which shrinks pictures that
    do not match.

    Args:
        moving: (n, k).
        fixed: (n, k), the same images in the same order.

    Returns:
        The moved points (n, k), and the disparity: 0 where they match but for place, turn and size, 1 where
        they have nothing in common.

    Raises:
        ShapeError: other shapes.

    Source: Gower 1975, "Generalized Procrustes analysis", Psychometrika 40.
    """
    if moving.shape != fixed.shape or moving.ndim != 2 or not len(moving):
        raise ShapeError(f"Two pictures of the same points are wanted, got {moving.shape} and {fixed.shape}.")
    a, b = moving - moving.mean(0), fixed - fixed.mean(0)
    size_a, size_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if size_a == 0 or size_b == 0:
        return a + fixed.mean(0), 0.0 if size_a == size_b else 1.0
    left, singular, right = np.linalg.svd((a / size_a).T @ (b / size_b))
    turned = (a / size_a) @ left @ right * size_b + fixed.mean(0)
    return turned, max(0.0, 1.0 - float(singular.sum()) ** 2)

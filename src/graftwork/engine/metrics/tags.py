"""Scores of tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import TagScore, TagScores
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.classes import wilson
from graftwork.engine.metrics.ranking import Ranking
from graftwork.errors import ShapeError

__all__ = ["mean_average_precision", "score_tags"]

Floats = NDArray[np.floating]


def mean_average_precision(probabilities: Floats, tags: Floats) -> float:
    """Return the mean average precision over the tags that any image has; arrays (n, k)."""
    return _mean([Ranking(p, t).average_precision() for p, t in zip(probabilities.T, tags.T, strict=True)])


def score_tags(
    probabilities: Floats, tags: Floats, names: Sequence[str], *, threshold: float = 0.5, seed: int = 0
) -> TagScores:
    """Return all scores of a split.

    Args:
        probabilities: (n, k), n >= 1.
        tags: (n, k), 0 or 1.
        names: of the k tags.
        threshold: probability from which on a tag counts as said.
        seed: of the bootstrap.

    Macro F1 is the mean over tags that any image has or that were said; micro F1 counts all tags together.

    Raises:
        ShapeError: arrays do not fit.
    """
    wanted = (len(tags), len(names))
    if probabilities.shape != wanted or tags.shape != wanted or len(tags) == 0:
        raise ShapeError(
            f"Scores of tags want arrays (n, {len(names)}) with n >= 1, got {probabilities.shape} and "
            f"{tags.shape}."
        )
    truth, said = tags > 0.5, probabilities >= threshold
    rankings = [Ranking(p, t) for p, t in zip(probabilities.T, truth.T, strict=True)]
    counted = np.concatenate([truth & said, truth, said], axis=1).astype(np.float64)

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        hits, there, told = (weights @ counted).reshape(3, -1)
        occurs = there + told > 0
        f1 = 2 * hits[occurs] / (there + told)[occurs]
        return {
            "mean_average_precision": _mean([r.average_precision(weights) for r in rankings]),
            "micro_f1": float(2 * hits.sum() / max((there + told).sum(), 1e-300)),
            "macro_f1": float(f1.mean()) if len(f1) else float("nan"),
        }

    shares = truth.mean(0)
    return TagScores(
        num_images=len(tags),
        **bootstrap(measure, len(tags), seed),
        threshold=threshold,
        baseline_average_precision=float(shares[shares > 0].mean()) if shares.any() else float("nan"),
        tags=tuple(_tag(n, r, t, s) for n, r, t, s in zip(names, rankings, truth.T, said.T, strict=True)),
    )


def _tag(name: str, ranking: Ranking, truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> TagScore:
    hits, there, told = int((truth & said).sum()), int(truth.sum()), int(said.sum())
    return TagScore(
        name=name,
        num_images=there,
        average_precision=ranking.average_precision() if there else None,
        precision=wilson(hits, told) if told else None,
        recall=wilson(hits, there) if there else None,
        f1=2 * hits / (there + told) if there + told else None,
    )


def _mean(values: list[float]) -> float:
    usable = [v for v in values if v == v]
    return sum(usable) / len(usable) if usable else float("nan")

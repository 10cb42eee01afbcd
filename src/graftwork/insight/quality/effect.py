"""What corrected labels change: the probe fitted before and after, scored on the same untouched images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import mean_interval
from graftwork.engine.metrics.classes import wilson
from graftwork.insight.probes import fit_probe, probabilities_of
from graftwork.insight.quality.out_of_fold import TOLERANCE, strength_for

__all__ = ["Change", "Refit", "compare_labels"]

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """Accuracy on one split, in shares; the difference's interval is that of image by image pairs."""

    num_images: int
    before: Interval
    after: Interval
    difference: Interval


@dataclass(frozen=True)
class Refit:
    """Two probes on the same scored images.

    Args:
        changes: by name of the split.
        num_changed: training images whose label differs or that one side leaves out.
        strength: C of both probes.
    """

    changes: dict[str, Change]
    num_changed: int
    strength: float


def compare_labels(
    features: Floats,
    before: Ints,
    after: Ints,
    *,
    train: Ints,
    scored: dict[str, Ints],
    groups: Ints,
    seed: int,
    step: Callable[[], object] = lambda: None,
) -> Refit:
    """Fit a probe on training images with the labels before and after a correction, and score both.

    Scored are the labels before, so that a correction cannot raise its score by changing the images it is
    judged by. The penalty is chosen once, with the labels before.

    Args:
        features: (n, d).
        before, after: (n,), -1 where an image is left out.
        train: positions of the training images.
        scored: positions of the images of each split that is scored; those left out before do not count.
        groups: (n,), the same number for copies of one image.
        seed: of folds and of the bootstrap.
        step: called before each fit; it may raise to end the work.
    """
    num_classes = int(max(before.max(initial=0), after.max(initial=0))) + 1
    first = train[before[train] >= 0]
    strength = strength_for(features[first], before[first], groups[first], seed=seed, step=step)
    said = []
    for labels in (before, after):
        step()
        rows = train[labels[train] >= 0]
        said.append(_predictions(features, labels, rows, strength, num_classes))
    changes = {
        name: _change(*(p[rows] == before[rows] for p in said), seed=seed)
        for name, rows in ((n, r[before[r] >= 0]) for n, r in scored.items())
        if len(rows)
    }
    return Refit(changes, int((before[train] != after[train]).sum()), strength)


def _predictions(features: Floats, labels: Ints, rows: Ints, strength: float, num_classes: int) -> Ints:
    present = np.unique(labels[rows])
    if len(present) < 2:
        return np.full(len(features), present[0] if len(present) else -1, np.int64)
    probe = fit_probe(features[rows], labels[rows], strength, tolerance=TOLERANCE)
    likeliest: Ints = probabilities_of(probe, features, num_classes).argmax(1)
    return likeliest


def _change(before: NDArray[np.bool_], after: NDArray[np.bool_], *, seed: int) -> Change:
    gain = after.astype(np.float64) - before
    return Change(
        num_images=len(gain),
        before=wilson(int(before.sum()), len(before)),
        after=wilson(int(after.sum()), len(after)),
        difference=mean_interval(gain, seed),
    )

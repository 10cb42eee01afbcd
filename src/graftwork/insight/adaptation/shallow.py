"""Adaptation on stored features: seconds, no training of the base."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from graftwork.errors import DataError
from graftwork.insight.probes import fit_probe, probabilities_of
from graftwork.methods.domains.covariance import coral
from graftwork.methods.domains.subspaces import joint_distribution, subspace_alignment, transfer_components
from graftwork.methods.domains.transport import transport

__all__ = ["SHALLOW", "Adapted", "StoredDomains", "adapt_features", "confident", "reduced"]

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

_MOST_DIRECTIONS = 64
_STRENGTH = 0.1
_ROUNDS = 5
_LAST_SHARE = 0.8


@dataclass(frozen=True)
class StoredDomains:
    """Features of both domains; nothing here knows a label of the target.

    Args:
        source: (n, d), of the source's training images.
        labels: (n,), their classes.
        held_out: (v, d), of the source's validation and test images.
        target: (m, d).
        num_classes: k.
    """

    source: Floats
    labels: Ints
    held_out: Floats
    target: Floats
    num_classes: int


@dataclass(frozen=True)
class Adapted:
    """What a method says, and where it sees both domains.

    Args:
        target_probabilities: (m, k).
        held_out_probabilities: (v, k).
        source, target: (n, e) and (m, e), the features that its classifier was fitted on and used on.
        seconds: that it took.
        notes: sentences.
    """

    target_probabilities: Floats
    held_out_probabilities: Floats
    source: Floats
    target: Floats
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def reduced(domains: StoredDomains) -> StoredDomains:
    """Return both domains, scaled by the source's deviations, in the principal directions of the two together.

    64 directions, or fewer where there are fewer images or features; both domains count alike, however many
    images each has.

    Raises:
        DataError: the source has one class alone, or features that are not numbers.
    """
    if len(np.unique(domains.labels)) < 2:
        raise DataError(
            "The source's training images are of one class alone.", hint="Add images of another class."
        )
    scaler = StandardScaler().fit(domains.source)
    source, held_out, target = (
        scaler.transform(x) if len(x) else np.asarray(x, dtype=np.float64)
        for x in (domains.source, domains.held_out, domains.target)
    )
    smaller = min(len(source), len(target))
    rows = np.random.default_rng(0)
    both = np.concatenate([x[np.sort(rows.permutation(len(x))[:smaller])] for x in (source, target)])
    count = min(_MOST_DIRECTIONS, *both.shape)
    directions = PCA(count, svd_solver="covariance_eigh" if both.shape[1] <= 2048 else "auto", random_state=0)
    directions.fit(both)
    source, target = directions.transform(source), directions.transform(target)
    size = (
        float(np.sqrt(source.var(0).mean())) or 1.0
    )  # one scale for all directions: distances keep their shape
    held_out = directions.transform(held_out) / size if len(held_out) else np.empty((0, count))
    return replace(domains, source=source / size, held_out=held_out, target=target / size)


def adapt_features(domains: StoredDomains, method: str) -> Adapted:
    """Return what a method on stored features says.

    Args:
        domains: as ``reduced`` returns them.
        method: one of ``SHALLOW``.

    Raises:
        DataError: too few images for it.
    """
    began = time.perf_counter()
    found = SHALLOW[method](domains)
    return replace(found, seconds=time.perf_counter() - began)


def _classified(domains: StoredDomains, source: Floats, held_out: Floats, target: Floats) -> Adapted:
    probe = fit_probe(source, domains.labels, _STRENGTH)
    said, held = (probabilities_of(probe, x, domains.num_classes) for x in (target, held_out))
    return Adapted(said, held, source, target)


def _source_only(domains: StoredDomains) -> Adapted:
    return _classified(domains, domains.source, domains.held_out, domains.target)


def _coral(domains: StoredDomains) -> Adapted:
    moved = coral(domains.source, domains.target)
    held_out = _moved_like(domains, moved)
    return _classified(domains, moved, held_out, domains.target)


def _moved_like(domains: StoredDomains, moved: Floats) -> Floats:
    """Return held-out images moved as the nearest training images were: by the affine map that fits best."""
    if not len(domains.held_out):
        return domains.held_out
    rows = np.c_[domains.source, np.ones(len(domains.source))]
    fitted = np.linalg.lstsq(rows, moved, rcond=1e-8)[0]
    return np.asarray(np.c_[domains.held_out, np.ones(len(domains.held_out))] @ fitted)


def _in_components(domains: StoredDomains, source: Floats, target: Floats) -> Adapted:
    return _classified(domains, source, _moved_like(domains, source), target)


def _subspace(domains: StoredDomains) -> Adapted:
    aligned = subspace_alignment(domains.source, domains.target)
    return _in_components(domains, aligned.source, aligned.target)


def _tca(domains: StoredDomains) -> Adapted:
    aligned = transfer_components(domains.source, domains.target, is_linear=True)
    return _in_components(domains, aligned.source, aligned.target)


def _jda(domains: StoredDomains) -> Adapted:
    def say(rows: Floats, labels: Ints, asked: Floats) -> Ints:
        found: Ints = fit_probe(rows, labels, _STRENGTH).predict(asked)
        return found

    aligned = joint_distribution(domains.source, domains.labels, domains.target, say, is_linear=True)
    return _in_components(domains, aligned.source, aligned.target)


def _transport(domains: StoredDomains) -> Adapted:
    moved = transport(domains.source, domains.target, domains.labels)
    return _in_components(domains, moved, domains.target)


def _self_training(domains: StoredDomains) -> Adapted:
    """Rounds on stored features: the sure target images of each class join the source; see ``confident``."""
    shares = np.bincount(domains.labels, minlength=domains.num_classes) / len(domains.labels)
    found = _source_only(domains)
    for number in range(1, _ROUNDS + 1):
        share = _LAST_SHARE * number / _ROUNDS
        chosen, said = confident(found.target_probabilities, share, shares)
        if not len(chosen):
            break
        rows = np.concatenate([domains.source, domains.target[chosen]])
        labels = np.concatenate([domains.labels, said])
        probe = fit_probe(rows, labels, _STRENGTH)
        found = Adapted(
            probabilities_of(probe, domains.target, domains.num_classes),
            probabilities_of(probe, domains.held_out, domains.num_classes),
            domains.source,
            domains.target,
        )
    return found


def confident(probabilities: Floats, share: float, class_shares: NDArray[np.float64]) -> tuple[Ints, Ints]:
    """Return the target images that a round of self-training takes, and the class that each is taken as.

    Each class gets its quota: ``share`` of the target, in parts as large as the source's shares of the classes. Of the
    images that are said to be of a class, the surest fill it; where there are fewer, it is not filled.

    Args:
        probabilities: (m, k).
        share: of the target that is taken at most.
        class_shares: (k,), of the source.

    Returns:
        Positions, and classes, in the order of the images.

    Source: Zou et al. 2018, "Unsupervised domain adaptation for semantic segmentation via class-balanced
    self-training", ECCV, arXiv:1810.07911: a part of each class, that grows by rounds.
    """
    said = probabilities.argmax(1)
    sure = probabilities.max(1)
    chosen: list[int] = []
    for number, part in enumerate(class_shares):
        quota = int(np.floor(share * part * len(probabilities)))
        own = np.flatnonzero(said == number)
        chosen += own[np.argsort(-sure[own], kind="stable")][:quota].tolist()
    positions = np.sort(np.array(chosen, dtype=np.int64))
    return positions, said[positions].astype(np.int64)


SHALLOW: Mapping[str, Callable[[StoredDomains], Adapted]] = {
    "source_only": _source_only,
    "coral": _coral,
    "subspace": _subspace,
    "tca": _tca,
    "jda": _jda,
    "transport": _transport,
    "self_training": _self_training,
}
"""Methods on stored features, by name."""

"""What the advisor measures: size, probes with a random twin, depth, class means, domains, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from graftwork.data.duplicates import Links, find_duplicates
from graftwork.documents.advice import DataSize
from graftwork.documents.depth import DepthReport, ProbeScore
from graftwork.documents.record import Interval
from graftwork.engine.layer_statistics import batch_norm_statistics
from graftwork.engine.sources import ImageSource
from graftwork.errors import DataError, FlowError
from graftwork.insight.advice import Readings
from graftwork.insight.depth import probe_features, standard_error
from graftwork.insight.folds import choose_folds, evenly
from graftwork.insight.similarity.statistics_shift import layer_shift
from graftwork.project.choosing.advise_source import Domain, against_source, last_features
from graftwork.project.controls import control_flow
from graftwork.project.looks.depth import probe_by_depth
from graftwork.project.looks.inspection import Inspection

if TYPE_CHECKING:
    from graftwork.data import ImageSet

__all__ = ["Measured", "measure"]

MAX_IMAGES = 2000
_TWIN_IMAGES = 800
"""Of the random twin and of the probe that is held against it: the same images for both."""
_STATISTICS_IMAGES = 256

Name = Literal["probe", "depth", "classes", "domains", "statistics"]


@dataclass
class Measured:
    """All readings, and what they mean in words."""

    readings: Readings
    size: DataSize
    depth: DepthReport
    probe: Interval
    nearest_mean: Interval | None
    random_probe: Interval
    random_nearest_mean: Interval | None
    words: dict[Name, str]
    num_looked_at: int
    notes: tuple[str, ...] = ()
    gain: float = field(default=0.0)

    def said(self, name: Name) -> tuple[float | None, str, str]:
        """Return the reading of a signal, its unit, and what it means or why there is none."""
        r = self.readings
        found: dict[Name, tuple[float | None, str]] = {
            "probe": (self.gain, "of the room above the twin"),
            "depth": (r.best_stage_depth, "of the depth"),
            "classes": (r.cui, ""),
            "domains": (r.a_distance, "of 2"),
            "statistics": (r.batch_norm_shift, "deviations"),
        }
        return (*found[name], self.words[name])


def measure(inside: Inspection, node: str, domain: Domain) -> Measured:
    """Return all readings of a flow's data with its base.

    Args:
        inside: the flow.
        node: of the base.
        domain: what the base was trained on.

    Raises:
        DataError, FlowError, UsageError: as ``advise_on`` says.
    """
    images = inside.images
    size, is_copy = _size_of(images)
    chosen = _spread(images, is_copy, _TWIN_IMAGES, inside.flow.recipe.seed)
    _refuse_single(images, chosen)
    depth = probe_by_depth(inside, node=node, max_images=MAX_IMAGES)
    features = last_features(inside, node)
    features.fill(images, chosen, stop=inside.stop, tell=inside.tell)
    last = features.stages[-1]
    own = features.of(last, images, chosen)
    pair = _probed(inside, own, chosen)
    twin = _twin(inside, node, chosen, own)
    classes, domains = against_source(inside, node, domain, own, chosen)
    inside.check_stop()
    shift = _shift(inside, node, chosen)
    place, deeper = _depth_readings(depth)
    room = 1.0 - twin[0].value
    gain = (pair[0].value - twin[0].value) / room if room > 0 else 1.0
    readings = Readings(
        images_per_class_median=size.per_class_median,
        images_per_class_min=size.per_class_min,
        num_classes=size.num_classes,
        chance=depth.chance,
        **_probe_numbers(pair, twin),
        best_stage_depth=place,
        depth_gain=deeper,
        cui=classes[0],
        a_distance=domains[0],
        batch_norm_shift=shift.median,
    )
    return Measured(
        readings=readings,
        size=size,
        depth=depth,
        probe=pair[0],
        nearest_mean=pair[1],
        random_probe=twin[0],
        random_nearest_mean=twin[1],
        words={
            "probe": _probe_words(pair[0], twin[0], gain),
            "depth": _depth_words(depth, place, deeper),
            "classes": classes[1],
            "domains": domains[1],
            "statistics": shift.words,
        },
        num_looked_at=max(depth.num_scored, len(chosen)),
        notes=(*_notes(size, len(chosen)), *depth.notes),
        gain=gain,
    )


_Pair = tuple[Interval, Interval | None]
"""Scores of a linear probe and of the nearest class mean."""


def _probe_numbers(own: _Pair, twin: _Pair) -> dict[str, float]:
    return {
        "probe": own[0].value,
        "nearest_mean": own[1].value if own[1] else 0.0,
        "random_probe": twin[0].value,
        "random_nearest_mean": twin[1].value if twin[1] else 0.0,
        "probe_error": standard_error(own[0]),
    }


def _probe_words(own: Interval, twin: Interval, gain: float) -> str:
    return (
        f"A linear probe reaches {_percent(own)} on the base's features and {_percent(twin)} on those of a twin with "
        f"random weights: {100 * gain:.0f} % of the room above the twin."
    )


def _notes(size: DataSize, num_chosen: int) -> list[str]:
    notes = []
    if size.num_copies:
        notes.append(f"{size.num_copies:,} copies of other images do not count towards the size.")
    if num_chosen < size.num_images - size.num_copies:
        notes.append(
            f"The probe and its random twin looked at {num_chosen:,} images, each class by its share."
        )
    return notes


def _size_of(images: ImageSet) -> tuple[DataSize, set[int]]:
    """Return how many training images each class has without copies, and which images are copies."""
    train = [i for i in images.of_split("train") if images.labels([i])[0] >= 0]
    links = Links(len(images.samples))
    for a, b in find_duplicates(images).pairs():
        links.join(a, b)
    seen: set[tuple[int, int]] = set()
    copies: set[int] = set()
    labels = images.labels(train)
    for index, label in zip(train, labels, strict=True):
        mark = (links.root(index), int(label))
        copies.add(index) if mark in seen else seen.add(mark)
    counts = np.bincount([int(k) for i, k in zip(train, labels, strict=True) if i not in copies])
    counts = counts[counts > 0]
    if len(counts) < 2:
        raise DataError(
            f"The training images of {images.source} are of {len(counts)} class; there is nothing to tell apart.",
            hint="Add images of another class.",
        )
    size = DataSize(
        num_images=len(train),
        num_copies=len(copies),
        num_classes=len(counts),
        per_class_median=float(np.median(counts)),
        per_class_min=int(counts.min()),
        imbalance=round(float(counts.max() / counts.min()), 2),
    )
    return size, copies


def _spread(images: ImageSet, is_copy: set[int], num: int, seed: int) -> list[int]:
    """Return training and validation images with labels, at most ``num``, the classes by their shares."""
    open_ = [i for split in ("train", "validation") for i in images.of_split(split)]
    open_ = [i for i in open_ if i not in is_copy and images.labels([i])[0] >= 0]
    return [open_[k] for k in evenly(images.labels(open_), num, seed=seed)]


def _refuse_single(images: ImageSet, chosen: Sequence[int]) -> None:
    """Refuse data in which no two classes have an image to fit a probe on and one to score it on."""
    counts = np.bincount(images.labels(chosen)) if chosen else np.zeros(0, dtype=np.int64)
    if (counts >= 2).sum() < 2:
        raise DataError(
            f"Without copies, fewer than two classes of {images.source} have two images to train and validate on: no "
            "probe can be fitted on one and scored on the other.",
            hint="Add different images to at least two classes.",
        )


def _probed(inside: Inspection, features: NDArray[np.float32], chosen: Sequence[int]) -> _Pair:
    """Return the scores of a linear probe and of the nearest class mean, in folds."""
    images, seed = inside.images, inside.flow.recipe.seed
    labels = images.labels(chosen)
    groups = [images.samples[i].group or images.samples[i].digest for i in chosen]
    folds = choose_folds(labels, np.ones(len(chosen), dtype=bool), groups, seed=seed)
    found = probe_features(features, labels, folds, "category", seed=seed)
    if found.linear is None:
        raise FlowError(
            "The features of the base are not finite on these images, so nothing can be advised.",
            hint="Look at the base's output: graftwork preview.",
        )
    return found.linear.score, None if found.nearest_mean is None else found.nearest_mean.score


def _twin(inside: Inspection, node: str, chosen: Sequence[int], own: NDArray[np.float32]) -> _Pair:
    """Return the same scores on a twin of the base with random weights.

    Raises:
        FlowError: the base is its own twin, as of a run that trained a head alone on random weights.
    """
    flow = control_flow(inside.flow, "from_scratch")
    twin = Inspection(inside.project, flow, tell=inside.tell, stop=inside.stop)
    twin.images = inside.images
    features = last_features(twin, node)
    features.fill(inside.images, chosen, stop=inside.stop, tell=inside.tell)
    random = features.of(features.stages[-1], inside.images, chosen)
    if np.array_equal(random, own):
        raise FlowError(
            f"The base of node '{node}' is untrained: its features are those of random weights, so all of it has to "
            "be trained.",
            hint="Choose a pretrained base; graftwork bases list shows them.",
            node=node,
        )
    return _probed(inside, random, chosen)


def _depth_readings(depth: DepthReport) -> tuple[float, float]:
    """Return the depth of the best stage from 0 to 1, and what the best one gains over the last."""
    scores = [(i, s.linear.score) for i, s in enumerate(depth.stages) if isinstance(s.linear, ProbeScore)]
    if depth.best is None or not scores:
        return 1.0, 0.0
    names = [s.stage for s in depth.stages]
    place = names.index(depth.best) / max(len(names) - 1, 1)
    _, top = max(scores, key=lambda pair: pair[1].value)
    return place, max(0.0, top.value - scores[-1][1].value)


def _depth_words(depth: DepthReport, place: float, gain: float) -> str:
    if depth.best is None:
        return "No stage could be scored."
    words = f"The earliest stage that serves as well as the best is '{depth.best}', at {100 * place:.0f} % of the depth"
    return f"{words}; the best one is {100 * gain:.1f} points above the last." if gain > 0 else f"{words}."


@dataclass(frozen=True)
class _Shift:
    """The median over the layers, None without any, and what it means."""

    median: float | None
    words: str


def _shift(inside: Inspection, node: str, chosen: Sequence[int]) -> _Shift:
    prepared = inside.prepared
    part = [chosen[k] for k in evenly(inside.images.labels(chosen), _STATISTICS_IMAGES)]
    source = ImageSource(
        inside.images,
        part,
        prepared.transform,
        augmenter=None,
        store=None,
        compute=prepared.plan.compute,
        wire=prepared.network.image_wire,
    )
    found = batch_norm_statistics(prepared.network, node, source, prepared.plan.compute)
    if not found:
        return _Shift(None, "The base has no batch-norm layers that keep statistics.")
    shifts = {s.layer: layer_shift(s.mean, s.variance, s.kept_mean, s.kept_variance) for s in found}
    median = float(np.median(list(shifts.values())))
    words = (
        f"What reaches the {len(shifts)} batch-norm layers lies {median:.2f} of their deviations off what they keep "
        f"(median; most in {max(shifts, key=lambda k: shifts[k])})."
    )
    return _Shift(median, words)


def _percent(score: Interval) -> str:
    return f"{100 * score.value:.1f} %"

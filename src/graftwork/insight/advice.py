"""The advisor's rule: from readings of size and similarity to a strategy. Pure: no files, no images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from graftwork.documents.recipe import Strategy

__all__ = ["Confidence", "Decision", "Quadrant", "Readings", "SignalName", "Thresholds", "Vote", "decide"]

Quadrant = Literal["small_similar", "small_different", "large_similar", "large_different"]
SignalName = Literal["probe", "depth", "classes", "domains", "statistics"]
Confidence = Literal["low", "medium", "high"]
Says = Literal["similar", "unclear", "different"]

_FEWEST = 5.0
"""Images per class from which on cross-validated probes mean something."""


@dataclass(frozen=True)
class Readings:
    """What was measured of a data set with a base. None: not available.

    Args:
        images_per_class_median: after near-duplicates went.
        images_per_class_min: of the smallest class.
        num_classes: of the labels.
        chance: balanced accuracy of guessing.
        probe: balanced accuracy of a linear probe on the base's last stage, on images it was not fitted on.
        nearest_mean: the same of the nearest class mean.
        random_probe, random_nearest_mean: the same on a twin of the base with random weights.
        best_stage_depth: depth of the earliest stage within one standard error of the best, 0 to 1 (the last).
        depth_gain: how much better the best stage's probe is than the last one's.
        probe_error: standard error of ``probe``.
        cui: similarity of class means, 0 to 1; needs the source's.
        a_distance: proxy A-distance of the domains, 0 to 2; needs the source's images.
        batch_norm_shift: of the statistics, median over layers, in kept deviations.
    """

    images_per_class_median: float
    images_per_class_min: float
    num_classes: int
    chance: float
    probe: float
    nearest_mean: float
    random_probe: float
    random_nearest_mean: float
    best_stage_depth: float
    depth_gain: float
    probe_error: float = 0.0
    cui: float | None = None
    a_distance: float | None = None
    batch_norm_shift: float | None = None


Span = tuple[float, float]
"""Where a signal says 'different' and where it says 'similar'; in between it is unclear."""

_TABLE: Mapping[Quadrant, Strategy] = MappingProxyType(
    {
        "small_similar": "most_layers",
        "small_different": "most_layers",
        "large_similar": "most_layers",
        "large_different": "all_layers",
    }
)


@dataclass(frozen=True)
class Thresholds:
    """Where the rule changes its mind.

    Args:
        large: images per class from which on data counts as large.
        similar: similarity from which on a target counts as similar, 0 to 1.
        probe: span of the probe's gain over the random twin, as a share of the room above it.
        depth: span of the best stage's depth.
        classes: span of the class means' similarity.
        domains: span of the proxy A-distance (falling: far apart is different).
        statistics: span of the batch-norm shift (falling).
        saturated: A-distance from which on it is ignored.
        weights: of the signals in the similarity.
        table: strategy of each quadrant.
        useless: gain of the probe over the random twin below which the base is worth less than nothing.
        without_base: images per class from which on such a base is left out; fewer do not train a network.
    """

    large: float = 8.0
    similar: float = 0.5
    probe: Span = (0.3, 0.7)
    depth: Span = (0.6, 1.0)
    classes: Span = (0.6, 0.9)
    domains: Span = (1.9, 0.8)
    statistics: Span = (1.0, 0.4)
    saturated: float = 1.95
    weights: Mapping[SignalName, float] = field(
        default_factory=lambda: {
            "probe": 2.0,
            "depth": 1.0,
            "classes": 1.0,
            "domains": 1.0,
            "statistics": 1.0,
        }
    )
    table: Mapping[Quadrant, Strategy] = field(default_factory=lambda: dict(_TABLE))
    useless: float = -0.15
    without_base: float = 25.0


@dataclass(frozen=True)
class Vote:
    """What one signal says.

    Args:
        signal: which.
        reading: its number, in its own units.
        similarity: 0 different … 1 similar.
        says: in a word.
    """

    signal: SignalName
    reading: float
    similarity: float
    says: Says


@dataclass(frozen=True)
class Decision:
    """An advice, and how it came about.

    Args:
        strategy: advised.
        quadrant: of the map.
        size: place on the map's axis of size, 0 to 1; ``large`` is at 0.5.
        similarity: place on the other axis, 0 to 1.
        votes: of the signals that are available.
        confidence: low when signals disagree, images are few or the place is at a border.
        reason: one sentence with the numbers.
        doubts: why confidence is not high.
    """

    strategy: Strategy
    quadrant: Quadrant
    size: float
    similarity: float
    votes: tuple[Vote, ...]
    confidence: Confidence
    reason: str
    doubts: tuple[str, ...] = ()


def decide(readings: Readings, thresholds: Thresholds | None = None) -> Decision:
    """Return the advised strategy: the quadrant of size and similarity, through the table of strategies.

    Similarity is the weighted mean of the signals' own, each linear between its 'different' and 'similar' ends. In
    front of the map stands a guard: a base on which a probe does clearly worse than on its random twin is left out,
    where there are images enough to do without it.

    Args:
        readings: measured.
        thresholds: fitted ones by default.

    Source: the map is folklore of the field (Yosinski et al. 2014, arXiv:1411.1792, for its reasons); borders,
    strategies and guard are what ``benchmarks/advisor`` found, see docs/advisor-proof.md.
    """
    rule = Thresholds() if thresholds is None else thresholds
    votes = _votes(readings, rule)
    total = sum(rule.weights[v.signal] for v in votes)
    similarity = sum(rule.weights[v.signal] * v.similarity for v in votes) / total if total else 0.5
    is_large = readings.images_per_class_median >= rule.large
    is_similar = similarity >= rule.similar
    quadrant = _QUADRANTS[is_large, is_similar]
    strategy = "from_scratch" if _is_useless(readings, rule) else rule.table[quadrant]
    doubts = _doubts(readings, votes, similarity, rule)
    confidence: Confidence = "high" if not doubts else "medium" if len(doubts) == 1 else "low"
    if _disagree(votes):
        confidence = "low"
    return Decision(
        strategy=strategy,
        quadrant=quadrant,
        size=_size(readings.images_per_class_median, rule.large),
        similarity=similarity,
        votes=votes,
        confidence=confidence,
        reason=_reason(readings, strategy, similarity, is_large=is_large, is_similar=is_similar),
        doubts=doubts,
    )


_QUADRANTS: dict[tuple[bool, bool], Quadrant] = {
    (False, True): "small_similar",
    (False, False): "small_different",
    (True, True): "large_similar",
    (True, False): "large_different",
}


def _gain(readings: Readings) -> float:
    """Return what a probe gains over the random twin, as a share of the room above the twin."""
    room = 1.0 - readings.random_probe
    return (readings.probe - readings.random_probe) / room if room > 0 else 1.0


def _is_useless(readings: Readings, rule: Thresholds) -> bool:
    return readings.images_per_class_median >= rule.without_base and _gain(readings) < rule.useless


def _votes(readings: Readings, rule: Thresholds) -> tuple[Vote, ...]:
    numbers: list[tuple[SignalName, float | None, Span]] = [
        ("probe", _gain(readings), rule.probe),
        ("depth", readings.best_stage_depth, rule.depth),
        ("classes", readings.cui, rule.classes),
        ("domains", readings.a_distance, rule.domains),
        ("statistics", readings.batch_norm_shift, rule.statistics),
    ]
    found = []
    for name, reading, span in numbers:
        if reading is None or not math.isfinite(reading):
            continue
        if name == "domains" and reading >= rule.saturated:
            continue
        place = min(1.0, max(0.0, (reading - span[0]) / (span[1] - span[0])))
        says: Says = "similar" if place > 2 / 3 else "different" if place < 1 / 3 else "unclear"
        found.append(Vote(name, reading, place, says))
    return tuple(found)


def _disagree(votes: tuple[Vote, ...]) -> bool:
    return {"similar", "different"} <= {v.says for v in votes}


def _doubts(
    readings: Readings, votes: tuple[Vote, ...], similarity: float, rule: Thresholds
) -> tuple[str, ...]:
    doubts = []
    if _disagree(votes):
        near = ", ".join(_WORDS[v.signal] for v in votes if v.says == "similar")
        far = ", ".join(_WORDS[v.signal] for v in votes if v.says == "different")
        doubts.append(f"The signals disagree: similar by {near}; different by {far}.")
    if readings.images_per_class_min < _FEWEST:
        doubts.append(
            f"The smallest class has {readings.images_per_class_min:g} images: probes say little of it."
        )
    if abs(similarity - rule.similar) < 0.1:
        doubts.append("The similarity lies at the border between similar and different.")
    if 0.67 < readings.images_per_class_median / rule.large < 1.5:
        doubts.append("The number of images lies at the border between few and many.")
    if readings.probe - readings.chance < 2 * readings.probe_error:
        doubts.append("A probe on the base is hardly better than guessing.")
    return tuple(doubts)


_WORDS: dict[SignalName, str] = {
    "probe": "how well a probe does",
    "depth": "the depth that serves best",
    "classes": "the class means",
    "domains": "how well the domains are told apart",
    "statistics": "the batch-norm statistics",
}


def _size(per_class: float, large: float) -> float:
    """Return the place on a logarithmic axis: one image at 0, ``large`` at 0.5, a thousand times as many at 1."""
    if per_class < large:
        return 0.5 * math.log(max(per_class, 1.0)) / math.log(large)
    return min(1.0, 0.5 + 0.5 * math.log(per_class / large) / math.log(_WIDTH))


_WIDTH = 1000.0


def _reason(
    readings: Readings, strategy: Strategy, similarity: float, *, is_large: bool, is_similar: bool
) -> str:
    size = "many" if is_large else "few"
    how = "similar to" if is_similar else "different from"
    median = readings.images_per_class_median
    count = "1 image per class is" if median == 1 else f"{median:g} images per class are"
    return (
        f"{count} {size}, and they are {how} what the base was "
        f"trained on (similarity {similarity:.2f}: a probe on its features reaches {100 * readings.probe:.0f} %, on "
        f"a random twin {100 * readings.random_probe:.0f} %), so {_ADVICE[strategy]}."
    )


_ADVICE: dict[Strategy, str] = {
    "head_only": "keep the base as it is and train the head alone",
    "some_layers": "retrain the last stages and keep the early ones",
    "most_layers": "retrain most of the base, close to where it starts",
    "all_layers": "retrain the whole base, and hold it against training from scratch",
    "probe_then_tune": "train the head first, then the whole base at a low rate",
    "from_scratch": "train without the pretrained weights: they serve worse than none",
}

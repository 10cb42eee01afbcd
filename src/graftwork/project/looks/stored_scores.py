"""The main score of a run as its stored predictions give it: so that runs compare image by image."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.record import AnomalyScores, AnyScores, Interval, NumberScores, TagScores, main_score
from graftwork.errors import RunError
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.insight.measures import Kind, Measure

__all__ = ["StoredScore", "gain_over", "gain_over_majority", "stored_score"]

SplitName = Literal["test", "validation"]
_ALIKE = 1e-4
"""How far the recomputed score may lie from the record's: predictions are stored in single precision."""


@dataclass(frozen=True)
class StoredScore:
    """The main score of a run on a split, as a function of how much each image counts.

    Args:
        keys: of the images, in the order of the weights.
        measure: the score; None where predictions are not stored, as of masks, or do not give the record's score.
        value: the score in the record.
        labels: class numbers of categories, by position; empty of other kinds.
    """

    keys: tuple[str, ...]
    measure: Measure | None
    value: float
    labels: tuple[int, ...] = ()


def stored_score(run: Run, split: SplitName) -> StoredScore | None:
    """Return the main score of a run from its predictions; None when it was not scored on the split.

    Images are in the order of their keys.

    Raises:
        RunError: the run has no record.
    """
    scores = run.record.metrics.get(split)
    if scores is None:
        return None
    _, interval = main_score(scores)
    path = run.path / "predictions.parquet"
    if not path.is_file() or scores.kind == "mask":
        return StoredScore((), None, interval.value)
    return _read(run, split, scores, interval.value)


def _read(run: Run, split: SplitName, scores: AnyScores, value: float) -> StoredScore:
    import numpy as np
    import pyarrow.parquet as pq

    from graftwork.insight.measures import main_measure

    columns: dict[str, list[Any]] = pq.read_table(run.path / "predictions.parquet").to_pydict()
    order = sorted(
        (i for i, name in enumerate(columns["split"]) if name == split), key=lambda i: columns["key"][i]
    )
    keys = tuple(columns["key"][i] for i in order)
    names = sorted((n for n in columns if n.startswith("p_") and n[2:].isdigit()), key=lambda n: int(n[2:]))
    said = np.array([[columns[n][i] for n in names] for i in order], dtype=np.float64)
    labels = [columns["label"][i] for i in order]
    kind: Kind = "category"
    truth = np.asarray(labels)
    if isinstance(scores, AnomalyScores):
        kind, truth = "anomaly", np.asarray([y != _normal_class(run) for y in labels], dtype=np.float64)
    elif isinstance(scores, (NumberScores, TagScores)):
        kind = scores.kind
        truth = np.asarray([np.ravel(y) for y in labels], dtype=np.float64)
    try:
        measure = main_measure(kind, said, truth)
        is_same = math.isclose(measure(np.ones(len(keys))), value, abs_tol=_ALIKE)
    except (ValueError, RunError):
        is_same = False
    known = tuple(int(y) for y in labels) if kind == "category" else ()
    return StoredScore(keys, measure if is_same else None, value, known)


def _normal_class(run: Run) -> int:
    """Return the number of the class that anomalies differ from."""
    record, flow = run.record, run.flow
    classes = record.data.classes if record.data is not None else ()
    for node in flow.of_component("anomaly"):
        if (name := node.settings.get("normal_class")) in classes:
            return classes.index(str(name))
    return commonest_training_class(run)


def commonest_training_class(run: Run) -> int:
    """Return the number of the class with most training images, the first of equals; -1 without any."""
    import pyarrow.parquet as pq

    table = pq.read_table(run.path / "samples.parquet", columns=["label", "split"]).to_pydict()
    pairs = zip(table["label"], table["split"], strict=True)
    counts = Counter(int(y) for y, split in pairs if split == "train" and y is not None and y == y)
    return min(counts, key=lambda y: (-counts[y], y)) if counts else -1


def gain_over(run: Run, other: Run, split: SplitName) -> Interval | None:
    """Return how much higher a run scores than another on the same images, by a paired bootstrap.

    None where predictions of either are not stored, or when they are not of the same images.
    """
    from graftwork.insight.measures import paired_difference

    one, two = stored_score(run, split), stored_score(other, split)
    if one is None or two is None or one.measure is None or two.measure is None or one.keys != two.keys:
        return None
    return paired_difference(one.measure, two.measure, len(one.keys))


def gain_over_majority(run: Run, split: SplitName) -> Interval | None:
    """Return how much more accurate a run is than the commonest training class; None of other kinds of labels."""
    import numpy as np

    from graftwork.insight.measures import main_measure, paired_difference

    own = stored_score(run, split)
    if own is None or own.measure is None or not own.labels or not (run.path / "samples.parquet").is_file():
        return None
    labels = np.asarray(own.labels)
    constant = np.eye(max(int(labels.max()), commonest_training_class(run), 0) + 1)
    said = np.tile(constant[commonest_training_class(run)], (len(labels), 1))
    return paired_difference(own.measure, main_measure("category", said, labels), len(labels))

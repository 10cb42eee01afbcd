"""The stored predictions of a run: filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.predictions import PredictionPage, PredictionRow
from graftwork.errors import UnknownName, UsageError, did_you_mean
from graftwork.project.run import Run
from graftwork.project.stored import THRESHOLD, PredictionTable, open_predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Only", "Sort", "Verdict", "prediction_page", "rows_by_key", "verdicts"]

Only = Literal["all", "wrong", "right"]
Sort = Literal["loss", "confidence", "entropy", "margin", "key"]

_ALL_CLASSES = 20
_SHOWN_CLASSES = 5


def prediction_page(
    run: Run,
    *,
    split: str = "test",
    label: str | None = None,
    predicted: str | None = None,
    only: Only = "all",
    keys: Collection[str] | None = None,
    on: str | None = None,
    sort: Sort = "loss",
    descending: bool = True,
    offset: int = 0,
    limit: int = 50,
) -> PredictionPage:
    """Return some of a run's predictions.

    Args:
        run: finished or stopped.
        split: 'test' or 'validation'.
        label: only images of this class or with this tag.
        predicted: only images that the run gave this class or tag.
        only: all, or what was wrong or right; not of numbers and anomalies, which are never quite right.
        keys: only these images.
        on: id of an evaluation on other data, all of which counts as its test split.
        sort: by loss, by the probability of what was predicted (an anomaly's score), by entropy or margin of
            the probabilities, or by key; equals by key. What has no such value comes last.
        descending: whether the largest comes first.
        offset: rows to pass over.
        limit: most rows to return.

    Raises:
        RunError: the run has no stored predictions.
        UnknownName: no such class, tag, split or evaluation.
        UsageError: a choice that does not fit the kind of labels.
    """
    table = open_predictions(run, on)
    chosen = _chosen(table, split, label, predicted, only)
    if keys is not None:
        chosen = chosen & _among(table, keys)
    order = _ordered(table, chosen, sort, descending=descending)
    return PredictionPage(
        total=len(order), rows=tuple(_row(table, i) for i in order[max(0, offset) :][: max(0, limit)])
    )


def rows_by_key(table: PredictionTable, rows: NDArray[np.int64]) -> list[PredictionRow]:
    """Return what the run said about some rows of its table, in order."""
    return [_row(table, int(i)) for i in rows]


def _chosen(
    table: PredictionTable, split: str, label: str | None, predicted: str | None, only: Only
) -> NDArray[np.bool_]:
    """Return which images fit the question, (n,)."""
    import numpy as np

    chosen: NDArray[np.bool_] = np.zeros(len(table.keys), dtype=bool)
    chosen[table.rows_of(split)] = True
    if only != "all":
        if table.kind in ("number", "anomaly"):
            raise UsageError(
                f"Predictions of kind '{table.kind}' are neither wrong nor right.", hint="Sort them by loss."
            )
        chosen = chosen & (table.is_wrong == (only == "wrong"))
    if label is not None:
        chosen = chosen & _has(table, label, is_said=False)
    if predicted is not None:
        chosen = chosen & _has(table, predicted, is_said=True)
    return chosen


def _among(table: PredictionTable, keys: Collection[str]) -> NDArray[np.bool_]:
    """Return which images have one of these keys, (n,)."""
    import numpy as np

    wanted = frozenset(keys)
    return np.array([key in wanted for key in table.keys], dtype=bool)


def _has(table: PredictionTable, name: str, *, is_said: bool) -> NDArray[np.bool_]:
    """Return which images have a class or tag, or were given it, (n,)."""
    import numpy as np

    if table.kind == "number" or (table.kind == "anomaly" and is_said):
        raise UsageError(f"Predictions of kind '{table.kind}' have no classes to choose by.")
    if name not in table.names:
        raise UnknownName(f"The run knows no class '{name}'.", hint=did_you_mean(name, table.names))
    number = table.names.index(name)
    if table.kind == "tags":
        values = (
            table.said[:, number] >= THRESHOLD if is_said else np.stack(list(table.labels))[:, number] > 0
        )
        return np.asarray(values)
    return np.asarray((table.said.argmax(1) if is_said else table.labels) == number)


def _ordered(table: PredictionTable, chosen: NDArray[np.bool_], sort: Sort, *, descending: bool) -> list[int]:
    """Return the rows that were chosen, in order."""
    import numpy as np

    found = sorted(np.flatnonzero(chosen).tolist(), key=lambda i: table.keys[i])
    if sort == "key":
        return found[::-1] if descending else found
    values = _values(table, sort)
    sign = -1.0 if descending else 1.0
    return sorted(found, key=lambda i: (bool(np.isnan(values[i])), sign * np.nan_to_num(values[i])))


def _values(table: PredictionTable, sort: Sort) -> NDArray[np.float64]:
    """Return what images are sorted by, (n,); not a number where there is no such thing."""
    import numpy as np

    from graftwork.insight.evaluation.doubt import entropies, margins

    if sort == "loss":
        return table.losses
    if sort == "confidence":
        return table.confidence
    if table.kind not in ("category", "tags"):
        return np.full(len(table.keys), np.nan)
    measure = entropies if sort == "entropy" else margins
    return measure(table.said, is_each_alone=table.kind == "tags")


def _row(table: PredictionTable, i: int) -> PredictionRow:
    import numpy as np

    said = table.said[i]
    loss = None if np.isnan(table.losses[i]) else float(table.losses[i])
    facts: dict[str, Any] = {
        "key": table.keys[i],
        "digest": table.digests[i],
        "split": str(table.splits[i]),
        "loss": loss,
    }
    if table.kind == "category":
        label, best = int(table.labels[i]), int(said.argmax())
        return PredictionRow(
            **facts,
            label=table.names[label],
            predicted=table.names[best],
            probability=float(said[best]),
            label_probability=float(said[label]),
            probabilities=_largest(table.names, said),
        )
    if table.kind == "anomaly":
        label = int(table.labels[i])
        return PredictionRow(
            **facts, label=table.names[label], predicted=None, values={"score": float(said[0])}
        )
    truth = np.asarray(table.labels[i], dtype=np.float64).reshape(-1)
    if table.kind == "number":
        values, label_values = (
            dict(zip(table.names, map(float, numbers), strict=False)) for numbers in (said, truth)
        )
        return PredictionRow(**facts, label=None, predicted=None, values=values, label_values=label_values)
    return PredictionRow(
        **facts,
        label=_tags(table.names, truth),
        predicted=_tags(table.names, said),
        probabilities=_largest(table.names, said),
    )


def _tags(names: Sequence[str], shares: NDArray[np.float64]) -> str:
    return ";".join(name for name, share in zip(names, shares, strict=True) if share >= THRESHOLD)


def _largest(names: Sequence[str], said: NDArray[np.float64]) -> dict[str, float]:
    order = (-said).argsort(kind="stable")
    kept = order if len(names) <= _ALL_CLASSES else order[:_SHOWN_CLASSES]
    return {names[i]: float(said[i]) for i in kept}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run said of an image, in short."""

    predicted: str | None
    confidence: float | None
    is_wrong: bool | None


def verdicts(run: Run) -> dict[str, Verdict]:
    """Return what a run said of all its validation and test images, by key.

    Raises:
        RunError: the run has no stored predictions.
    """
    import numpy as np

    table = open_predictions(run)
    has_truth = table.kind in ("category", "tags")
    found = {}
    for i, key in enumerate(table.keys):
        said, sure = table.said[i], float(table.confidence[i])
        predicted = None
        if table.kind == "category":
            predicted = table.names[int(said.argmax())]
        elif table.kind == "tags":
            predicted = _tags(table.names, said) or "no tag"
        found[key] = Verdict(
            predicted, None if np.isnan(sure) else sure, bool(table.is_wrong[i]) if has_truth else None
        )
    return found

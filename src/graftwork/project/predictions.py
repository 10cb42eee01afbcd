"""The stored predictions of a run: filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.predictions import PredictionPage, PredictionRow
from graftwork.documents.record import AnomalyScores
from graftwork.errors import RunError, UnknownName, UsageError, did_you_mean
from graftwork.project.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Only", "Sort", "prediction_page"]

Kind = Literal["category", "number", "tags", "anomaly"]
Only = Literal["all", "wrong", "right"]
Sort = Literal["loss", "confidence", "key"]

_BY_MASKS = ("normal", "odd")
_ALL_CLASSES = 20
_SHOWN_CLASSES = 5
_LEAST = 1e-12
_THRESHOLD = 0.5


@dataclass(frozen=True)
class _Table:
    """All predictions of a run; arrays with a row for each image."""

    kind: Kind
    names: tuple[str, ...]
    keys: tuple[str, ...]
    digests: tuple[str, ...]
    splits: NDArray[np.str_]
    labels: NDArray[Any]  # (n,) class numbers, or (n, k) numbers or tags
    said: NDArray[np.float64]  # (n, k)
    losses: NDArray[np.float64]  # (n,); nan where there is none
    confidence: NDArray[np.float64]  # (n,)
    is_wrong: NDArray[np.bool_]  # (n,)


def prediction_page(
    run: Run,
    *,
    split: str = "test",
    label: str | None = None,
    predicted: str | None = None,
    only: Only = "all",
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
        sort: by loss, by the probability of what was predicted (an anomaly's score), or by key; equals by
            key. What has no such value comes last.
        descending: whether the largest comes first.
        offset: rows to pass over.
        limit: most rows to return.

    Raises:
        RunError: the run has no stored predictions.
        UnknownName: no such class, tag or split.
        UsageError: a choice that does not fit the kind of labels.
    """
    table = _open(run)
    chosen = _chosen(table, split, label, predicted, only)
    order = _ordered(table, chosen, sort, descending=descending)
    return PredictionPage(
        total=len(order), rows=tuple(_row(table, i) for i in order[max(0, offset) :][: max(0, limit)])
    )


def _open(run: Run) -> _Table:
    path = run.path / "predictions.parquet"
    record = run.record
    if not path.is_file() or record.data is None:
        masks = record.data is not None and record.data.label_kind == "mask"
        if masks and (run.path / "maps.parquet").is_file():
            raise RunError(
                f"The run {run.id} predicts masks, not one label per image.",
                hint="Look at them place by place: graftwork inspect places.",
                run=run.id,
            )
        raise RunError(f"The run {run.id} has no stored predictions: it is {run.status}.", run=run.id)
    data = record.data
    is_odd = any(isinstance(s, AnomalyScores) for s in record.metrics.values())
    kind: Kind = "anomaly" if is_odd else ("category" if data.label_kind == "mask" else data.label_kind)
    names = data.label_names if kind == "number" else data.classes
    if is_odd and data.label_kind == "mask":
        names = _BY_MASKS
    stat = path.stat()
    return _read(path, stat.st_mtime_ns, kind, tuple(names))


@lru_cache(maxsize=4)
def _read(path: Path, _stamp: int, kind: Kind, names: tuple[str, ...]) -> _Table:
    import numpy as np
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    count = sum(1 for name in columns if name.startswith("p_") and name[2:].isdigit())
    said = np.array([columns[f"p_{i}"] for i in range(count)], dtype=np.float64).T.reshape(-1, count)
    labels = np.asarray(columns["label"])
    samples = pq.read_table(path.with_name("samples.parquet"), columns=["key", "digest"]).to_pydict()
    digests = dict(zip(samples["key"], samples["digest"], strict=True))
    losses, confidence, is_wrong = _judged(kind, labels, said)
    return _Table(
        kind=kind,
        names=names if len(names) >= count or kind == "category" else tuple(str(i) for i in range(count)),
        keys=tuple(columns["key"]),
        digests=tuple(digests.get(key, "") for key in columns["key"]),
        splits=np.asarray(columns["split"]),
        labels=labels,
        said=said,
        losses=losses,
        confidence=confidence,
        is_wrong=is_wrong,
    )


def _judged(kind: Kind, labels: NDArray[Any], said: NDArray[np.float64]) -> tuple[Any, Any, Any]:
    """Return the loss, the confidence, and whether it was wrong, of each image."""
    import numpy as np

    nothing = np.full(len(said), np.nan)
    if kind == "category":
        chosen = said.argmax(1)
        losses = -np.log(np.maximum(said[np.arange(len(said)), labels], _LEAST))
        return losses, said.max(1), chosen != labels
    if kind == "tags":
        truth = np.stack(list(labels)).astype(bool)
        right = np.where(truth, said, 1.0 - said)
        wrong = ((said >= _THRESHOLD) != truth).any(1)
        return -np.log(np.maximum(right, _LEAST)).mean(1), np.maximum(said, 1.0 - said).min(1), wrong
    if kind == "number":
        truth = np.stack(list(labels)).astype(np.float64).reshape(said.shape)
        spread = truth.std(0)
        return (np.abs(said - truth) / np.where(spread > 0, spread, 1.0)).mean(1), nothing, nothing > 0
    return nothing, said[:, 0], nothing > 0


def _chosen(
    table: _Table, split: str, label: str | None, predicted: str | None, only: Only
) -> NDArray[np.bool_]:
    """Return which images fit the question, (n,)."""
    known = ("validation", "test")
    if split not in known:
        raise UnknownName(f"There are no predictions of a split '{split}'.", hint=did_you_mean(split, known))
    chosen: NDArray[np.bool_] = table.splits == split
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


def _has(table: _Table, name: str, *, is_said: bool) -> NDArray[np.bool_]:
    """Return which images have a class or tag, or were given it, (n,)."""
    import numpy as np

    if table.kind == "number" or (table.kind == "anomaly" and is_said):
        raise UsageError(f"Predictions of kind '{table.kind}' have no classes to choose by.")
    if name not in table.names:
        raise UnknownName(f"The run knows no class '{name}'.", hint=did_you_mean(name, table.names))
    number = table.names.index(name)
    if table.kind == "tags":
        values = (
            table.said[:, number] >= _THRESHOLD if is_said else np.stack(list(table.labels))[:, number] > 0
        )
        return np.asarray(values)
    return np.asarray((table.said.argmax(1) if is_said else table.labels) == number)


def _ordered(table: _Table, chosen: NDArray[np.bool_], sort: Sort, *, descending: bool) -> list[int]:
    """Return the rows that were chosen, in order."""
    import numpy as np

    found = sorted(np.flatnonzero(chosen).tolist(), key=lambda i: table.keys[i])
    if sort == "key":
        return found[::-1] if descending else found
    values = table.losses if sort == "loss" else table.confidence
    sign = -1.0 if descending else 1.0
    return sorted(found, key=lambda i: (bool(np.isnan(values[i])), sign * np.nan_to_num(values[i])))


def _row(table: _Table, i: int) -> PredictionRow:
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
    return ";".join(name for name, share in zip(names, shares, strict=True) if share >= _THRESHOLD)


def _largest(names: Sequence[str], said: NDArray[np.float64]) -> dict[str, float]:
    order = (-said).argsort(kind="stable")
    kept = order if len(names) <= _ALL_CLASSES else order[:_SHOWN_CLASSES]
    return {names[i]: float(said[i]) for i in kept}

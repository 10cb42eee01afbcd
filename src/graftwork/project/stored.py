"""The predictions that a run keeps: of its own validation and test images, and of other data it was tried on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.record import AnomalyScores
from graftwork.errors import RunError, UnknownName, did_you_mean
from graftwork.project.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["THRESHOLD", "Kind", "PredictionTable", "digest_of", "folder_of", "open_predictions"]

Kind = Literal["category", "number", "tags", "anomaly"]

THRESHOLD = 0.5
"""Probability from which on a tag counts as said."""
_LEAST = 1e-12
_BY_MASKS = ("normal", "odd")
_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class PredictionTable:
    """All predictions of a run; arrays with a row for each image."""

    kind: Kind
    names: tuple[str, ...]
    keys: tuple[str, ...]
    digests: tuple[str, ...]
    groups: tuple[str | None, ...]
    splits: NDArray[np.str_]
    labels: NDArray[Any]  # (n,) class numbers, or (n, k) numbers or tags
    said: NDArray[np.float64]  # (n, k)
    losses: NDArray[np.float64]  # (n,); nan where there is none
    confidence: NDArray[np.float64]  # (n,)
    is_wrong: NDArray[np.bool_]  # (n,)

    def rows_of(self, split: str) -> NDArray[np.int64]:
        """Return the rows of a split.

        Raises:
            UnknownName: there are no predictions of such a split.
        """
        import numpy as np

        known = ("validation", "test")
        if split not in known:
            raise UnknownName(
                f"There are no predictions of a split '{split}'.", hint=did_you_mean(split, known)
            )
        return np.flatnonzero(self.splits == split)

    @property
    def truth(self) -> NDArray[np.float64]:
        """Labels as numbers (n, k): numbers, 0 or 1 for each tag, one-hot classes."""
        import numpy as np

        if self.kind in ("number", "tags"):
            return np.stack(list(self.labels)).astype(np.float64).reshape(len(self.keys), -1)
        one_hot: NDArray[np.float64] = np.eye(max(len(self.names), self.said.shape[1]))[self.labels]
        return one_hot


def folder_of(run: Run, on: str | None) -> Path:
    """Return where the predictions lie: the run's folder, or that of an evaluation on other data.

    Raises:
        UnknownName: no such evaluation.
    """
    if on is None:
        return run.path
    folder = run.path / "inspections" / f"on-{on}"
    if not _ID.fullmatch(on) or not folder.is_dir():
        raise UnknownName(
            f"The run {run.id} was not evaluated on '{on}'.", hint="Evaluate it on that data again."
        )
    return folder


def open_predictions(run: Run, on: str | None = None) -> PredictionTable:
    """Return the stored predictions of a run.

    Args:
        run: finished or stopped.
        on: id of an evaluation on other data; None: on its own images.

    Raises:
        RunError: the run has none, or they do not read.
        UnknownName: no such evaluation.
    """
    path = folder_of(run, on) / "predictions.parquet"
    record = run.record
    if not path.is_file() or record.data is None:
        if record.data is not None and (run.path / "maps.parquet").is_file():
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
    try:
        return _read(path, stat.st_mtime_ns, kind, tuple(names))
    except (KeyError, OSError, ValueError) as error:
        raise RunError(
            f"The predictions of run {run.id} do not read: {str(error).splitlines()[0]}.",
            hint=f"They may be of another version; train again, or graftwork evaluate {run.id} PATH.",
            run=run.id,
        ) from error


@lru_cache(maxsize=4)
def _read(path: Path, _stamp: int, kind: Kind, names: tuple[str, ...]) -> PredictionTable:
    import numpy as np
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    count = sum(1 for name in columns if name.startswith("p_") and name[2:].isdigit())
    said = np.array([columns[f"p_{i}"] for i in range(count)], dtype=np.float64).T.reshape(-1, count)
    labels = np.asarray(columns["label"])
    samples: dict[str, list[Any]] = pq.read_table(path.with_name("samples.parquet")).to_pydict()
    nothing = [None] * len(samples["key"])  # older runs kept less
    digests = dict(zip(samples["key"], samples.get("digest", nothing), strict=True))
    groups = dict(zip(samples["key"], samples.get("group", nothing), strict=True))
    losses, confidence, is_wrong = _judged(kind, labels, said)
    return PredictionTable(
        kind=kind,
        names=names if len(names) >= count or kind == "category" else tuple(str(i) for i in range(count)),
        keys=tuple(columns["key"]),
        digests=tuple(digests.get(key) or "" for key in columns["key"]),
        groups=tuple(groups.get(key) for key in columns["key"]),
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
        wrong = ((said >= THRESHOLD) != truth).any(1)
        return -np.log(np.maximum(right, _LEAST)).mean(1), np.maximum(said, 1.0 - said).min(1), wrong
    if kind == "number":
        truth = np.stack(list(labels)).astype(np.float64).reshape(said.shape)
        spread = truth.std(0)
        return (np.abs(said - truth) / np.where(spread > 0, spread, 1.0)).mean(1), nothing, nothing > 0
    return nothing, said[:, 0], nothing > 0


def digest_of(run: Run, on: str | None = None) -> str:
    """Return a digest of the stored predictions: what is made of them is made anew when it changes."""
    content = (folder_of(run, on) / "predictions.parquet").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]

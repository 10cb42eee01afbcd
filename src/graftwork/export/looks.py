"""The looks inside that a run folder keeps, as far as they were taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from graftwork.documents.data_quality import DataQuality
from graftwork.documents.depth import DepthReport
from graftwork.documents.document import VersionedDocument
from graftwork.documents.drift import DriftReport
from graftwork.documents.embedding import EmbeddingMap
from graftwork.documents.evaluation import Evaluation
from graftwork.documents.learning_curve import LearningCurve
from graftwork.errors import FlowError

__all__ = ["Looks", "read_looks"]

D = TypeVar("D", bound=VersionedDocument)


@dataclass(frozen=True)
class Looks:
    """What was looked at; none where it was not."""

    evaluation: Evaluation | None = None
    depth: DepthReport | None = None
    drift: DriftReport | None = None
    data: DataQuality | None = None
    map: EmbeddingMap | None = None
    curve: LearningCurve | None = None


def read_looks(folder: Path, split: str | None) -> Looks:
    """Return the newest of each kind of look in a run folder.

    Files of another version, or half written, count as not there.

    Args:
        folder: of the run.
        split: whose evaluation is wanted.
    """
    home = folder / "inspections"
    evaluations = [e for e in _all(home, "evaluation", Evaluation) if e.on is None and e.split == split]
    return Looks(
        evaluation=evaluations[0] if evaluations else None,
        depth=_newest(home, "depth", DepthReport),
        drift=_newest(home, "drift", DriftReport),
        data=_newest(home, "data", DataQuality),
        map=_newest(home, "map", EmbeddingMap),
        curve=_newest(home, "curve", LearningCurve),
    )


def _newest(home: Path, name: str, kind: type[D]) -> D | None:
    return next(iter(_all(home, name, kind)), None)


def _all(home: Path, name: str, kind: type[D]) -> list[D]:
    """Return the documents of a kind, the newest first; names end in a key of 16 digits."""
    paths = sorted(home.glob(f"{name}-{'[0-9a-f]' * 16}.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    found = []
    for path in paths:
        try:
            found.append(kind.parse(json.loads(path.read_text(encoding="utf-8")), name=path.name))
        except (FlowError, OSError, ValueError):
            continue
    return found

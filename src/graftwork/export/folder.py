"""Read a run folder as far as it goes: a failed run lacks parts, a killed one may end in half a line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from graftwork.documents.events import EpochEnded, Event, Noted, PhaseEnded, parse_event
from graftwork.documents.flow import Flow, read_flow
from graftwork.documents.plan import Plan
from graftwork.documents.record import RunRecord
from graftwork.errors import ExportError
from graftwork.export.looks import Looks, read_looks

__all__ = ["Predictions", "RunFolder", "SampleTable", "read_run_folder"]


@dataclass(frozen=True)
class Predictions:
    """What the run said about each scored image; rows of all arrays belong together."""

    keys: tuple[str, ...]
    splits: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    """Shape (rows, classes)."""


@dataclass(frozen=True)
class SampleTable:
    """Labels and splits of all images that the run stood on."""

    labels: tuple[int | None, ...]
    splits: tuple[str | None, ...]
    num_groups: int


@dataclass(frozen=True)
class RunFolder:
    """The parts of a run folder that were there."""

    record: RunRecord
    plan: Plan | None
    flow: Flow | None
    events: tuple[Event, ...]
    predictions: Predictions | None
    samples: SampleTable | None
    looks: Looks = field(default_factory=Looks)

    @property
    def epochs(self) -> dict[str, tuple[EpochEnded, ...]]:
        """Epochs by phase, in order; what a resumed run did again counts as it came out last."""
        phases: dict[str, dict[int, EpochEnded]] = {}
        for event in self.events:
            if isinstance(event, EpochEnded):
                phases.setdefault(event.phase, {})[event.epoch] = event
        return {name: tuple(found[e] for e in sorted(found)) for name, found in phases.items()}

    @property
    def phase_ends(self) -> dict[str, PhaseEnded]:
        return {e.phase: e for e in self.events if isinstance(e, PhaseEnded)}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the run, each once."""
        noted = (e.message for e in self.events if isinstance(e, Noted) and e.level == "warning")
        return tuple(dict.fromkeys(noted))

    @property
    def classes(self) -> tuple[str, ...]:
        if self.record.data is not None:
            return self.record.data.classes
        return self.plan.classes if self.plan is not None else ()


def read_run_folder(folder: Path) -> RunFolder:
    """Read the run in ``folder``.

    Raises:
        ExportError: no record there, or a file that cannot be read.
        FlowError: a document of a newer format, or one that does not validate.
    """
    path = folder / "record.json"
    if not path.is_file():
        raise ExportError(
            f"There is no run in {folder}: record.json is missing.", hint="Name a run's folder."
        )
    plan, flow = folder / "plan.json", folder / "flow.yaml"
    record = RunRecord.parse(_read_json(path), name=str(path))
    return RunFolder(
        record=record,
        plan=Plan.parse(_read_json(plan), name=str(plan)) if plan.is_file() else None,
        flow=read_flow(flow) if flow.is_file() else None,
        events=_read_events(folder / "events.jsonl"),
        predictions=_read_predictions(folder / "predictions.parquet"),
        samples=_read_samples(folder / "samples.parquet"),
        looks=read_looks(folder, next((s for s in ("test", "validation") if s in record.metrics), None)),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExportError(f"{path} does not read as JSON: {error}.") from error
    return content


def _read_events(path: Path) -> tuple[Event, ...]:
    if not path.is_file():
        return ()
    events: list[Event] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            events.append(parse_event(line).event)
        except ValidationError:  # the half line of a killed run, or an event of a newer version
            continue
    return tuple(events)


def _read_columns(path: Path) -> dict[str, list[Any]] | None:
    if not path.is_file():
        return None
    import pyarrow.parquet

    try:
        columns: dict[str, list[Any]] = pyarrow.parquet.read_table(path).to_pydict()
    except (OSError, pyarrow.ArrowException) as error:
        raise ExportError(f"{path} does not read as a Parquet table: {error}") from error
    return columns


def _read_predictions(path: Path) -> Predictions | None:
    columns = _read_columns(path)
    if columns is None:
        return None
    count = sum(1 for name in columns if name.startswith("p_") and name[2:].isdigit())
    if not count or "predicted" not in columns:  # numbers, tags, masks or scores of oddness: no class is said
        return None
    return Predictions(
        keys=tuple(columns["key"]),
        splits=tuple(columns["split"]),
        labels=np.asarray(columns["label"], dtype=np.int64),
        predicted=np.asarray(columns["predicted"], dtype=np.int64),
        probabilities=np.array([columns[f"p_{i}"] for i in range(count)], dtype=np.float32).T,
    )


def _read_samples(path: Path) -> SampleTable | None:
    columns = _read_columns(path)
    if columns is None:
        return None
    groups = {g for g in columns.get("group", []) if g is not None}
    return SampleTable(tuple(columns["label"]), tuple(columns["split"]), len(groups))

"""The index of runs: a SQLite table for search and comparison. It can be rebuilt from the folders."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy import delete as delete_rows
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from graftwork.documents.record import RunRecord, Scores, main_score
from graftwork.errors import RunError
from graftwork.project.labels import FILE as LABEL
from graftwork.project.launch import settle
from graftwork.project.run import Run

__all__ = ["RunIndex", "row_of", "shown_row"]

_SCORES = ("accuracy", "balanced_accuracy")
_SPLITS = ("validation", "test")
_PARTS = ("low", "value", "high")

_METADATA = MetaData()
RUNS = Table(
    "runs",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("stamp", Integer, nullable=False),
    Column("name", String, index=True),
    Column("created", String, index=True),
    Column("status", String, index=True),
    Column("base", String),
    Column("strategy", String),
    Column("cut", String),
    Column("seed", Integer),
    Column("source", String),
    Column("classes", Integer),
    *(Column(f"{split}_{score}_{part}", Float) for split in _SPLITS for score in _SCORES for part in _PARTS),
    Column("score_name", String),
    Column("score_split", String),
    *(Column(f"score_{part}", Float) for part in _PARTS),
    Column("seconds", Float),
    Column("base_images", Integer),
    Column("proof_holds", Integer),
    Column("path", String),
    Column("note", String),
    Column("message", String),
)


class RunIndex:
    """The table of all runs of a project.

    Args:
        path: the SQLite file. Where it cannot be written, the table lives in memory.
        runs: the folder that holds a folder for each run; what it says is the truth.
    """

    def __init__(self, path: Path, runs: Path) -> None:
        self._path = path
        self._runs = runs
        self.notes: list[str] = []
        self._engine = self._open()

    def sync(self) -> None:
        """Bring the table in line with the folders: new, changed and deleted runs."""
        try:
            self._sync()
        except DatabaseError as error:
            self._replace(error)
            self._sync()

    def rows(self) -> list[dict[str, Any]]:
        """Return all runs, newest first, in line with the folders."""
        self.sync()
        with self._engine.begin() as connection:
            found: Iterable[Row[Any]] = connection.execute(
                select(RUNS).order_by(RUNS.c.created.desc(), RUNS.c.id.desc())
            ).all()
        return [_shown(dict(row._mapping), self._runs) for row in found]

    def rebuild(self) -> int:
        """Forget everything, read all folders again, and return the number of runs."""
        self._engine.dispose()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._engine = self._open()
        return len(self.rows())

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _open(self) -> Engine:
        try:
            engine = _connect(self._path)
            self._sync(engine)
        except DatabaseError as error:
            return self._replace(error)
        return engine

    def _replace(self, error: DatabaseError) -> Engine:
        """Put a new table in the place of a broken one; in memory when the file cannot be written."""
        try:
            if "locked" in str(error.orig):  # another process is at it; its file is not ours to delete
                raise error
            if self._path.exists():
                self._path.unlink()
            engine = _connect(self._path)
            _METADATA.create_all(engine)
            self.notes.append(f"The index {self._path.name} was broken ({error.orig}) and was built anew.")
        except (DatabaseError, OSError):
            engine = _connect(None)
            _METADATA.create_all(engine)
        self._engine = engine
        return engine

    def _sync(self, engine: Engine | None = None) -> None:
        engine = engine or self._engine
        _METADATA.create_all(engine)
        stamps = {f.name: _stamp(f) for f in sorted(self._runs.glob("*")) if f.is_dir()}
        with engine.begin() as connection:
            known = {row.id: row.stamp for row in connection.execute(select(RUNS))}
            changed = [run for run, stamp in stamps.items() if known.get(run) != stamp]
            gone = [run for run in known if run not in stamps]
            if not changed and not gone:
                return
            connection.execute(delete_rows(RUNS).where(RUNS.c.id.in_([*changed, *gone])))
            if changed:
                connection.execute(
                    insert(RUNS), [row_of(Run(self._runs / run), stamps[run]) for run in changed]
                )


def _connect(path: Path | None) -> Engine:
    if path is None:
        return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


def _stamp(folder: Path) -> int:
    """Return a number that changes with the run's record and with its name and note."""
    label = 0
    with contextlib.suppress(OSError):
        label = (folder / LABEL).stat().st_mtime_ns
    for name in ("record.json", "flow.yaml", "."):
        with contextlib.suppress(OSError):
            return max(label, (folder / name).stat().st_mtime_ns)
    return label


def row_of(run: Run, stamp: int = 0) -> dict[str, Any]:
    """Return a run as a row of the table; every column is there, None where nothing is known."""
    empty: dict[str, Any] = dict.fromkeys(column.name for column in RUNS.columns)
    empty |= {"id": run.id, "stamp": stamp, "path": str(run.path)}
    try:
        record = run.record
    except RunError as error:
        return empty | {"status": "unreadable", "message": error.message}
    return empty | {
        **record.model_dump(include={"name", "created", "status", "base", "strategy", "cut", "seed"}),
        **_scores(record),
        "source": record.data.source if record.data else None,
        "classes": len(record.data.classes) if record.data else None,
        "seconds": record.cost.seconds if record.cost else None,
        "base_images": record.cost.base_images if record.cost else None,
        "proof_holds": int(record.proof.holds) if record.proof else None,
        "note": record.note,
        "message": record.message,
    }


def _scores(record: RunRecord) -> dict[str, Any]:
    return _main_score(record) | {
        f"{split}_{score}_{part}": getattr(getattr(scores, score), part)
        for split, scores in record.metrics.items()
        if isinstance(scores, Scores)
        for score in _SCORES
        for part in _PARTS
    }


def _main_score(record: RunRecord) -> dict[str, Any]:
    """Return the one score that lists show, whatever the labels are: of the test images, else validation."""
    for split in ("test", "validation"):
        if (scores := record.metrics.get(split)) is not None:
            name, interval = main_score(scores)
            values = {f"score_{part}": _number(getattr(interval, part)) for part in _PARTS}
            return {"score_name": name, "score_split": split, **values}
    return {}


def _number(value: float) -> float | None:
    """Return a number that a table can hold; there is none for what is not a number."""
    return value if math.isfinite(value) else None


def shown_row(run: Run) -> dict[str, Any]:
    """Return a run as ``RunIndex.rows`` shows it, straight from its folder."""
    return _shown(row_of(run), run.path.parent)


def _shown(row: dict[str, Any], runs: Path) -> dict[str, Any]:
    del row["stamp"]
    if row["status"] in ("starting", "queued", "running"):
        run = Run(runs / row["id"])
        with contextlib.suppress(RunError):
            if settle(run):
                row["message"] = run.record.message
            row["status"] = run.status
    holds = row["proof_holds"]
    row["proof_holds"] = None if holds is None else bool(holds)
    row["path"] = str(runs / row["id"])  # a project that was moved is still right
    return row

"""What the advisor reads of each cell: measured once, whatever the strategies."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.advisor.grid import Cell, Training, options
from benchmarks.advisor.store import READINGS, Rows
from benchmarks.advisor.train import claim, lay_out, make_source
from benchmarks.results import say
from graftwork.project import Project
from graftwork.project.choosing.advise_costs import strategy_costs
from graftwork.project.choosing.advise_readings import measure
from graftwork.project.choosing.advise_source import source_of

__all__ = ["read_all"]


def read_all(todo: Iterable[Cell], work: Path, *, rows: Rows | None = None) -> int:
    """Read the cells that have no row yet; return how many were read.

    Each cell is read in a project of its own, so that no feature that a training stored makes reading cheap.
    """
    rows = rows or Rows(READINGS)
    done = 0
    for cell in todo:
        make_source(Project(work / "project"), work)
        source, num_training = lay_out(cell, work)
        chosen = options(Training(cell, "head_only"), num_training)
        if rows.has(cell.name, chosen) or not claim(work / "claims" / f"read-{cell.name}"):
            continue
        with tempfile.TemporaryDirectory(prefix="read-", dir=work) as folder:
            project = Project(Path(folder))
            shutil.copytree(work / "project" / "runs" / "clothes", project.folder_of_runs / "clothes")
            row = _read(project, source, chosen)
        place = {"task": cell.task, "size": cell.size, "base": cell.base, "seed": cell.seed}
        rows.append({"name": cell.name, **place, **row, "options": chosen})
        done += 1
        say(f"{cell.name}: read in {row['cpu_seconds']:.1f} s")
    return done


def _read(project: Project, source: Path, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the readings, and the CPU seconds of all that an advice does."""
    told = {key: value for key, value in chosen.items() if value is not None}
    flow = project.make_flow(source, **told)
    start = time.process_time()
    inside = project.inspect(flow)
    node = inside.require_base()
    measured = measure(inside, node, source_of(inside, node, None))
    reading = time.process_time() - start
    strategy_costs(inside, node)
    return {
        "readings": asdict(measured.readings),
        "cut": measured.depth.cut,
        "cpu_seconds": round(time.process_time() - start, 3),
        "reading_seconds": round(reading, 3),
    }

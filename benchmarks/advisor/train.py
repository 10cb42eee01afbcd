"""The trainings of the grid, one after another, through the engine itself."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.advisor.grid import BATCH, RATES, SEEDS, VALIDATION, Cell, Training, options
from benchmarks.advisor.store import SOURCES, TRAININGS, Rows
from benchmarks.advisor.tasks import SIDE, cut_out, draw_training, load, read_fashion
from benchmarks.results import BenchmarkFailed, say
from graftwork.documents.events import PlanMade
from graftwork.documents.flow import write_flow
from graftwork.documents.record import RunRecord, Scores
from graftwork.engine.run import run_flow
from graftwork.project import Project

__all__ = ["claim", "lay_out", "make_source", "run_all"]

_SOURCE_IMAGES_OF_CLASS = 600
_SOURCE_EPOCHS = 6


def run_all(todo: Iterable[Training], work: Path, *, rows: Rows | None = None) -> int:
    """Do the trainings that have no row yet; return how many were done.

    Args:
        todo: in order.
        work: folder for packages, data and the project; outside the repository.
        rows: where results go.
    """
    rows = rows or Rows(TRAININGS)
    project = Project(work / "project")
    done = 0
    for training in todo:
        if training.cell.base == "clothes":
            make_source(project, work)
        source, num_training = lay_out(training.cell, work)
        chosen = options(training, num_training)
        if rows.has(training.name, chosen) or not claim(work / "claims" / training.name):
            continue
        row = train(project, source, training.name, chosen)
        cell = training.cell
        rows.append(
            {
                "name": training.name,
                "task": cell.task,
                "size": cell.size,
                "base": cell.base,
                "seed": cell.seed,
                "strategy": training.strategy,
                **row,
                "options": chosen,
            }
        )
        done += 1
        say(f"{training.name}: {row['test']['value']:.3f} in {row['cpu_seconds']:.1f} s")
    return done


def claim(path: Path) -> bool:
    """Whether this process may do a piece of work: no other living process has put its number there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        owner = int(path.read_text())
        os.kill(owner, 0)
    except (OSError, ValueError):
        path.write_text(str(os.getpid()))
        return True
    return owner == os.getpid()


def lay_out(cell: Cell, work: Path) -> tuple[Path, int]:
    """Write the arrays of a cell once; return the file and about how many of its images train."""
    path = work / "cells" / f"{cell.task}-{cell.size}-{cell.seed}.npz"
    data = load(cell.task, work)
    chosen = draw_training(data, cell.size, cell.seed)
    if not path.is_file():
        names = np.array(data.classes)
        _save(
            path,
            train_images=data.images[chosen],
            train_labels=names[data.labels[chosen]],
            test_images=data.test_images,
            test_labels=names[data.test_labels],
        )
    return path, round(len(chosen) * (1 - VALIDATION))


def _save(path: Path, **arrays: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(part, **arrays)
    part.rename(path)


def train(
    project: Project, source: Path, name: str, chosen: Mapping[str, Any], *, keep: bool = False
) -> dict[str, Any]:
    """Run one flow and return what is kept of it; the run's folder only where it is wanted."""
    told = {key: value for key, value in chosen.items() if value is not None}
    flow = project.make_flow(source, name=name, **told)
    folder = project.folder_of_runs / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_flow(flow, folder / "flow.yaml")
    start = time.process_time()
    estimated = 0.0
    for event in run_flow(flow, folder, workspace=project.workspace):
        if isinstance(event, PlanMade):
            estimated = event.plan.estimated_seconds
    cpu = time.process_time() - start
    record = RunRecord.model_validate_json((folder / "record.json").read_bytes())
    if not keep:
        shutil.rmtree(folder)
    test, validation = record.metrics["test"], record.metrics["validation"]
    assert isinstance(test, Scores)
    assert isinstance(validation, Scores)
    assert record.cost is not None
    assert record.data is not None
    return {
        "test": test.accuracy.model_dump(),
        "validation": validation.accuracy.model_dump(),
        "num_images": record.data.num_images,
        "cpu_seconds": round(cpu, 3),
        "seconds": record.cost.seconds,
        "estimated_seconds": round(estimated, 3),
        "base_images": record.cost.base_images,
        "partial_images": record.cost.partial_images,
        "cache_hits": record.cost.cache_hits,
        "cut": record.cut,
        "best_epoch": record.best_epoch,
    }


def make_source(project: Project, work: Path) -> None:
    """Train the second base from nothing, unless the project has it: on images that no cell holds."""
    if (project.folder_of_runs / "clothes" / "weights.safetensors").is_file():
        return
    if not claim(work / "claims" / "clothes"):
        raise BenchmarkFailed("Another process trains the base 'clothes'; wait for its end.")
    path = work / "cells" / "clothes-source.npz"
    if not path.is_file():
        images, labels, classes = read_fashion(work / "packages", "train")
        part = cut_out(images, labels, classes, num_test=_SOURCE_IMAGES_OF_CLASS * len(classes), num_pool=1)
        _save(path, images=part.test_images, labels=np.array(classes)[part.test_labels])
    chosen = {
        "base": "bundled:efficientnet_lite0",
        "strategy": "from_scratch",
        "image_size": SIDE,
        "epochs": _SOURCE_EPOCHS,
        "learning_rate": RATES["from_scratch"],
        "batch": BATCH,
        "seed": max(SEEDS) + 1,
        "precision": "float32",
        "memory_format": "channels_last",
    }
    say("training the base 'clothes'")
    row = train(project, path, "clothes", chosen, keep=True)
    Rows(SOURCES).append({"name": "clothes", **row, "options": chosen})

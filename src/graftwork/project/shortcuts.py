"""The short way: one call from images to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graftwork.documents.plan import Plan
from graftwork.project.project import Project, Source, default_root
from graftwork.project.run import Run

__all__ = ["plan", "transfer"]


def _project(project: Project | str | Path | None) -> Project:
    return (
        project if isinstance(project, Project) else Project(default_root() if project is None else project)
    )


def transfer(
    source: Source,
    *,
    base: str = "bundled:efficientnet_lite0",
    strategy: str = "head_only",
    project: Project | str | Path | None = None,
    **options: Any,
) -> Run:
    """Graft a new head onto ``base``, train it on ``source`` and return the run.

    Args:
        source: folder with a sub-folder per class, CSV or Parquet table, array file, ``sample:NAME``, or
            a pair of arrays: images uint8 (n, h, w, 3) and labels (n,).
        base: base id, ``host:name``.
        strategy: how much of the base is retrained.
        project: a project or its folder; ``./graftwork-project`` or ``$GRAFTWORK_PROJECT`` if not given.
        options: ``cut``, ``batch_norm``, ``image_size``, ``validation``, ``test``, ``name``, the columns of
            a table, ``on_event``, ``stop``, and any field of the recipe (``epochs``, ``seed``, …).

    Raises:
        GraftworkError: its subclasses say what was wrong and what to do.
    """
    return _project(project).transfer(source, base=base, strategy=strategy, **options)


def plan(
    source: Source,
    *,
    base: str = "bundled:efficientnet_lite0",
    strategy: str = "head_only",
    project: Project | str | Path | None = None,
    **options: Any,
) -> Plan:
    """Return what ``transfer`` with the same arguments would do, without training."""
    home = _project(project)
    return home.plan(home.make_flow(source, base=base, strategy=strategy, **options))

"""The projects that this user opened lately, for the studio's first page."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from graftwork.documents.files import write_atomically
from graftwork.errors import StorageError
from graftwork.project.trust import trust_file

__all__ = ["forget_project", "recent_projects", "remember_project"]

_MOST = 30


def _file() -> Path:
    return trust_file().with_name("recent.json")


def recent_projects() -> dict[Path, float]:
    """Return the projects opened lately and when (seconds since 1970), the last one first.

    Folders that are gone are left out; a file that does not read counts as empty.
    """
    try:
        content = json.loads(_file().read_text(encoding="utf-8"))
        found = {Path(name): float(when) for name, when in content["projects"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    alive = [(when, path) for path, when in found.items() if (path / "project.yaml").is_file()]
    return {path: when for when, path in sorted(alive, reverse=True)}


def remember_project(root: Path) -> None:
    """Put a project at the top of the list; a list that cannot be written costs nothing else."""
    _write(
        {root.resolve(): time.time(), **{p: t for p, t in recent_projects().items() if p != root.resolve()}}
    )


def forget_project(root: Path) -> None:
    """Take a project off the list; its folder stays."""
    _write({p: t for p, t in recent_projects().items() if p != root.resolve()})


def _write(projects: dict[Path, float]) -> None:
    kept = dict(sorted(((str(p), t) for p, t in projects.items()), key=lambda x: -x[1])[:_MOST])
    with contextlib.suppress(StorageError):
        write_atomically(_file(), json.dumps({"format": 1, "projects": kept}, indent=1) + "\n")

"""The mark of a project: ``project.yaml`` in its folder, which makes it one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from graftwork.documents.files import storing, write_atomically
from graftwork.errors import StorageError

__all__ = ["FORMAT", "check_format", "make_project", "mark_of"]

FORMAT = 1


def mark_of(root: Path) -> Path:
    """Return the file that makes a folder a project."""
    return root / "project.yaml"


def make_project(root: Path) -> None:
    """Make the folders of a project, and its mark last.

    Raises:
        StorageError: the folder cannot be written.
    """
    with storing("The project", root):
        try:
            for name in ("flows", "runs", "cache", "data"):
                (root / name).mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:  # what the system says where no folder can be made at all
            raise StorageError(
                f"No project can be made in {root}.", hint="Name another folder with --project."
            ) from error
    content = {"format": FORMAT, "created": datetime.now(UTC).isoformat(timespec="seconds")}
    write_atomically(mark_of(root), yaml.safe_dump(content, sort_keys=False))


def check_format(mark: Path) -> None:
    """Refuse a project that this version cannot read.

    Raises:
        StorageError: the mark does not read, or is of a newer format.
    """
    try:
        content = yaml.safe_load(mark.read_text(encoding="utf-8"))
        found = content["format"]
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise StorageError(
            f"{mark} does not read as a project file.", hint=f"Write 'format: {FORMAT}' into it."
        ) from error
    if not isinstance(found, int) or found > FORMAT:
        raise StorageError(
            f"The project in {mark.parent} has format {found}, this version reads up to {FORMAT}.",
            hint="Update graftwork.",
        )

"""A run whose images were moved: the user names the new place, and it is looked at before it is believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.data.originals import Originals
from graftwork.errors import DataError, GraftworkError
from graftwork.project.moved import keep_moved
from graftwork.project.run import Run
from graftwork.project.sources import images_settings_of
from graftwork.project.using import read_samples

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["move_images"]


def move_images(project: Project, run: Run, place: str | Path) -> str:
    """Note where a run's images lie now, for all runs and flows of the project that read them.

    Args:
        project: that the run is of.
        run: whose images are not where its flow says.
        place: the folder, table or array file that took the place of the flow's source.

    Returns:
        How many of the run's images were found there, in words.

    Raises:
        DataError: none of the run's images is there.
    """
    settings = images_settings_of(run.flow)
    new = str(Path(place).expanduser().resolve())
    try:
        there = Originals(settings.edit(source=new))
    except GraftworkError as error:
        raise DataError(
            f"{new} does not hold the images of run {run.id}: {error.message}",
            hint=f"Name what took the place of {settings.source}.",
        ) from error
    rows = read_samples(run)
    found = sum(there.has(row["key"]) for row in rows)
    if not found:
        raise DataError(
            f"None of the {len(rows)} images of run {run.id} is in {new}; it looks for {rows[0]['key']}.",
            hint=f"Name what took the place of {settings.source}.",
            path=new,
        )
    keep_moved(project.root, settings.source, new)
    return f"{found} of the run's {len(rows)} images are in {new}."

"""Past searches of projects as a prior of settings: gathered, written, read, looked at from a new task."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.prior import PastRound, PastTask, PriorView, SettingsPrior
from graftwork.documents.tuning import Search
from graftwork.errors import FlowError, GraftworkError, UsageError
from graftwork.project.choosing.tune_steering import list_searches, search_state
from graftwork.project.sources import images_of_flow

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.project.project import Project

__all__ = ["gather_prior", "measures_of", "merged", "read_prior", "view_prior", "write_prior"]


def gather_prior(project: Project) -> SettingsPrior:
    """Return what the finished rounds of a project's searches say; searches on the same images are one task.

    Searches whose images are not there any more are left out: nothing could be measured of their data.
    """
    tasks: dict[str, PastTask] = {}
    for summary in list_searches(project):
        search = search_state(project, summary.id).search
        if search is None or not (rounds := _rounds_of(search)):
            continue
        try:
            images = images_of_flow(search.best_flow or _flow_of(project, summary.id), project.workspace)
        except GraftworkError:
            continue
        key = images.digest()
        known = tasks.get(key)
        tasks[key] = PastTask(
            name=known.name if known else search.name,
            base=search.base,
            measures=measures_of(images),
            rounds=(*(known.rounds if known else ()), *rounds),
        )
    return SettingsPrior(tasks=tuple(tasks.values()))


def _flow_of(project: Project, search_id: str) -> Flow:
    from graftwork.project.choosing.tune_opening import folder_of, read_setup

    return read_setup(folder_of(project, search_id)).flow


def _rounds_of(search: Search) -> tuple[PastRound, ...]:
    return tuple(
        PastRound(params=dict(r.params), score=r.score.value)
        for r in search.rounds
        if r.status == "finished" and r.score is not None
    )


def measures_of(images: ImageSet) -> dict[str, float]:
    """Return logarithms of what is known of data: training images, classes, images of the rarest class, imbalance."""
    counts = images.counts().get("train")
    number = max(len(images.of_split("train")), 1)
    if counts is None or not len(counts):
        return {"images": math.log(number)}
    rarest, commonest = max(int(counts.min()), 1), max(int(counts.max()), 1)
    return {
        "images": math.log(number),
        "classes": math.log(len(counts)),
        "rarest": math.log(rarest),
        "imbalance": math.log(commonest / rarest),
    }


def merged(priors: Iterable[SettingsPrior]) -> SettingsPrior:
    """Return the tasks of several priors as one; the same task twice stays once."""
    tasks: dict[str, PastTask] = {}
    for prior in priors:
        for task in prior.tasks:
            tasks.setdefault(task.model_dump_json(), task)
    return SettingsPrior(tasks=tuple(tasks.values()))


def read_prior(path: str | Path) -> SettingsPrior:
    """Return a prior from a file that was exported, or from the searches of a project's folder.

    Raises:
        UsageError: neither; or a prior without a task.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        from graftwork.project.project import Project

        found = gather_prior(Project(place, create=False))
    else:
        try:
            found = SettingsPrior.parse(json.loads(place.read_text(encoding="utf-8")), name=str(place))
        except (OSError, ValueError, FlowError) as error:
            raise UsageError(
                f"{place} is no prior that can be read: {error}",
                hint="Write one with graftwork prior export FILE.",
            ) from error
    if not found.tasks:
        raise UsageError(
            f"{place} holds no finished round of a search.",
            hint="Searches (graftwork tune) make the tasks of a prior.",
        )
    return found


def write_prior(prior: SettingsPrior, path: Path) -> None:
    """Write a prior as JSON that people can read.

    Raises:
        StorageError: the file cannot be written.
    """
    write_atomically(path, prior.model_dump_json(indent=1).encode())


def view_prior(prior: SettingsPrior, measures: Mapping[str, float] | None = None) -> PriorView:
    """Return a prior as it looks from a new task: which past tasks count, densities, settings to try at once.

    Args:
        prior: with at least one task.
        measures: of the new task; None: all past tasks count alike.
    """
    from graftwork.insight.settings_prior import build_portfolio, describe_dimensions, task_weights

    weights = task_weights(prior.tasks, measures)
    notes = []
    if len(prior.tasks) == 1:
        notes.append("One past task alone: what was good there may be good there alone.")
    names = [f"{at + 1}. {task.name}" for at, task in enumerate(prior.tasks)]
    return PriorView(
        task=None if measures is None else dict(measures),
        weights={name: round(float(w), 4) for name, w in zip(names, weights, strict=True)},
        dimensions=describe_dimensions(prior.tasks, weights),
        portfolio=build_portfolio(prior.tasks),
        num_rounds=sum(len(task.rounds) for task in prior.tasks),
        notes=tuple(notes),
    )

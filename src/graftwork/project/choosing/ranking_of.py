"""Rank for a source or a flow, and train what checks the ranking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graftwork.documents.flow import Flow
from graftwork.documents.ranking import Ranking
from graftwork.errors import GraftworkError, StorageError
from graftwork.project.choosing.rank import rank_bases, stored_ranking
from graftwork.project.choosing.rank_check import unchecked_flows

if TYPE_CHECKING:
    from graftwork.project.project import Project
    from graftwork.project.sources import Source

__all__ = ["check_ranking", "rank_source"]

_OWN = ("by", "max_images", "stop", "tell")


def rank_source(
    project: Project,
    source: Source | Flow,
    bases: Sequence[str] | None = None,
    *,
    check: bool = False,
    **options: Any,
) -> Ranking:
    """Return the ranking for a source or the images of a flow; see ``Project.rank``."""
    own = {name: options.pop(name) for name in _OWN if name in options}
    flow = source if isinstance(source, Flow) else project.make_flow(source, **options)
    ranking = rank_bases(project, flow, bases, **own)
    if not check:
        return ranking
    return check_ranking(project, ranking, flow, stop=own.get("stop"), tell=own.get("tell"))


def check_ranking(
    project: Project,
    ranking: Ranking,
    flow: Flow,
    *,
    stop: Callable[[], bool] | None = None,
    tell: Callable[[Any], None] | None = None,
) -> Ranking:
    """Train the head alone on each ranked base that has no such run yet, one after the other, and return the ranking.

    They are runs like any other, on the same images and splits, and read the features that the ranking stored.
    One that fails is told and does not end the others; one that is stopped does.

    Args:
        project: that the runs go to.
        ranking: of the flow's images.
        flow: reads them.
        stop: true ends the runs.
        tell: told which run begins, and its events.
    """
    say: Callable[[Any], None] = tell or _nobody
    for wanted in unchecked_flows(project, ranking, flow):
        base = wanted.node("backbone").settings["base"]
        say(f"Training the head on {base} to check.")
        try:
            run = project.run(wanted, on_event=say, stop=stop)
        except StorageError:
            raise
        except GraftworkError as error:
            say(f"{base} could not be trained: {error.message}")
            continue
        if run.status != "finished":
            break
    kept = stored_ranking(project, flow)
    return ranking if kept is None else kept


def _nobody(_: Any) -> None:
    """Where events go when nobody listens."""

"""A race as it is asked for: a source with options, a flow, or a race to go on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graftwork.documents.flow import Flow
from graftwork.documents.race import Race, RaceChoices
from graftwork.errors import UsageError
from graftwork.project.choosing.race_board import Told
from graftwork.project.choosing.race_steering import make_race, race_here, race_state
from graftwork.project.options import read_as
from graftwork.project.sources import Source

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["asked_flow", "race"]

_OWN = ("strategy", "cut")


def race(
    project: Project,
    source: Source | Flow | None,
    *,
    resume: str | None,
    told: Told | None,
    stop: Callable[[], bool] | None,
    **options: Any,
) -> Race:
    """Run a new race, or go on with one; see ``Project.race``."""
    stop = stop or _never
    if (source is None) == (resume is None):
        raise UsageError(
            "Either a source or a race to go on with is wanted.",
            hint="Write race(FOLDER) or race(resume=ID).",
        )
    if resume is not None:
        if options:
            raise UsageError(
                f"A race goes on as it began; {', '.join(sorted(options))} cannot be changed.",
                hint="Start a new race.",
            )
        state = race_state(project, resume)
        if state.status == "finished" and state.race is not None:
            return state.race
        return race_here(project, state.id, told=told, stop=stop)
    names = RaceChoices.model_fields
    choices = read_as(RaceChoices, {k: v for k, v in options.items() if k in names and v is not None})
    rest = {k: v for k, v in options.items() if k not in names}
    assert source is not None
    flow = asked_flow(project, source, rest)
    state = make_race(project, flow, choices)
    return race_here(project, state.id, told=told, stop=stop)


def asked_flow(project: Project, source: Source | Flow, options: dict[str, Any]) -> Flow:
    """Return the flow that lanes are made of.

    Raises:
        UsageError: options beside a flow, or those that each lane decides for itself.
    """
    if isinstance(source, Flow):
        if options:
            raise UsageError(
                f"A flow brings its choices; {', '.join(sorted(options))} cannot be added.",
                hint="Change them in the flow.",
            )
        return source
    if own := [name for name in _OWN if options.get(name) is not None]:
        raise UsageError(
            f"Each lane of a race has its own {' and '.join(own)}; {' and '.join(own)} cannot be set for all.",
            hint="Choose lanes with --strategies, or train one strategy with graftwork train.",
            options=own,
        )
    flow = project.make_flow(source, **options)
    return flow if options.get("name") else flow.edit(name=flow.name.removesuffix("-head_only"))


def _never() -> bool:
    return False

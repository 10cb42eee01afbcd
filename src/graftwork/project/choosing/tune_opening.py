"""A search is begun, or taken up again: what it stands on, in its folder."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.advice import Advice
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.tuning import SearchChoices, SearchSetup, SearchSpace
from graftwork.errors import DataError, FlowError, RunError, RunNotFound, UsageError
from graftwork.graph.bypass import without_bypassed
from graftwork.graph.check import checked
from graftwork.graph.contracts import BackboneSettings
from graftwork.project.choosing.tune_space import Space
from graftwork.project.sources import images_settings_of
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.documents.card import BaseCard
    from graftwork.documents.plan import Plan
    from graftwork.project.bench_state import BenchState
    from graftwork.project.project import Project

__all__ = [
    "ROUNDS",
    "TUNES",
    "OpenSearch",
    "begin_search",
    "folder_of",
    "read_setup",
    "search_space",
    "take_up",
]

TUNES, ROUNDS, SETUP = "tunes", "rounds", "setup.json"
_START_SECONDS = 1.0
"""Of each round: opening the data and the base, scoring."""


@dataclass(frozen=True)
class OpenSearch:
    """What a sitting of a search works with.

    Args:
        folder: of the search.
        setup: what it stands on.
        space: what is searched.
        num_images: validation images.
    """

    folder: Path
    setup: SearchSetup
    space: Space
    num_images: int


def search_space(state: BenchState, flow: Flow, choices: SearchChoices) -> SearchSpace:
    """Return what a search would set in a flow, without beginning one. The images are not looked at.

    Args:
        state: of the bench, which keeps the base open.
        flow: as it stands.
        choices: what is searched and what is fixed; with none, all that the flow has.

    Raises:
        FlowError, BaseNotUsable: the flow's graph has problems, or its base does not open.
        UnknownName, UsageError: as a search with these choices would be refused.
    """
    flow = without_bypassed(checked(flow))
    node = _backbone_of(flow)
    space = Space(flow, node, state.session.base_of(flow, flow.node(node)).card, choices)
    return SearchSpace(node=node, dimensions=space.dimensions, idle=space.idle(choices))


def begin_search(project: Project, flow: Flow, choices: SearchChoices) -> OpenSearch:
    """Check what a search needs and make its folder.

    Raises:
        FlowError, DataError, BaseNotUsable, PlanError: the flow does not run as it stands.
        UsageError: no backbone, no validation images, nothing to search, or minutes that do not do for one round.
    """
    from graftwork.project.transferring.prior import measures_of, read_prior

    flow = without_bypassed(checked(flow))
    require_trust(flow, project.root)
    node = _backbone_of(flow)
    images = _images_of(project, flow)
    card = _card_of(project, flow, node)
    space = Space(flow, node, card, choices)
    plan = project.plan(space.flow)
    _refuse_short(choices, plan)
    setup = SearchSetup(
        id=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-search-{secrets.token_hex(2)}",
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        flow=_pinned(space.flow, plan),
        node=node,
        choices=choices,
        dimensions=space.dimensions,
        base=plan.base,
        data_digest=images.digest(),
        advised=_advised(project, flow, space),
        prior=None if choices.prior is None else read_prior(choices.prior),
        measures={} if choices.prior is None else measures_of(images),
    )
    folder = project.root / TUNES / setup.id
    with storing("The search", folder):
        (folder / ROUNDS).mkdir(parents=True)
    write_atomically(folder / SETUP, setup.model_dump_json(indent=1))
    space = Space(setup.flow, node, card, choices)
    return OpenSearch(folder, setup, space, len(images.of_split("validation")))


def take_up(
    project: Project, search_id: str, *, rounds: int | None = None, minutes: float | None = None
) -> OpenSearch:
    """Open a search that was begun earlier.

    Args:
        project: that it lies in.
        search_id: id, or the beginning of it.
        rounds, minutes: new limits, over all sittings; None leaves them.

    Raises:
        RunNotFound: no such search.
        RunError: its images changed.
    """
    folder = folder_of(project, search_id)
    setup = read_setup(folder)
    limits = {"rounds": rounds, "minutes": minutes}
    if changed := {name: value for name, value in limits.items() if value is not None}:
        from graftwork.project.options import read_as

        choices = read_as(SearchChoices, {**dict(setup.choices), **changed})
        setup = setup.edit(choices=choices)
        write_atomically(folder / SETUP, setup.model_dump_json(indent=1))
    require_trust(checked(setup.flow), project.root)
    images = _images_of(project, setup.flow)
    if images.digest() != setup.data_digest:
        raise RunError(
            f"The images of {images.source} changed since the search {setup.id} began: its rounds would not compare.",
            hint="Put them back as they were, or begin a new search.",
            search=setup.id,
        )
    card = _card_of(project, setup.flow, setup.node)
    space = Space(setup.flow, setup.node, card, setup.choices)
    return OpenSearch(folder, setup, space, len(images.of_split("validation")))


def folder_of(project: Project, search_id: str) -> Path:
    """Return the folder of a search by its id or the beginning of it.

    Raises:
        RunNotFound: no such search, or more than one.
    """
    root = project.root / TUNES
    known = sorted(p.parent.name for p in root.glob(f"*/{SETUP}"))
    found = [name for name in known if name == search_id] or [n for n in known if n.startswith(search_id)]
    if len(found) != 1 or not search_id:
        last = (
            f" The last one is {known[-1]}."
            if known
            else " There is none yet; begin one with graftwork tune."
        )
        what = "is more than one" if len(found) > 1 else "is no"
        raise RunNotFound(
            f"There {what} search '{search_id}' in the project.", hint=f"Name it by its id.{last}"
        )
    return root / found[0]


def read_setup(folder: Path) -> SearchSetup:
    """Return what a search stands on.

    Raises:
        RunError: the file does not read.
    """
    try:
        return SearchSetup.parse(json.loads((folder / SETUP).read_text(encoding="utf-8")), name=SETUP)
    except (OSError, ValueError, FlowError) as error:
        raise RunError(
            f"The search {folder.name} cannot be read: {error}.",
            hint="Restore its folder, or begin a new one.",
        ) from error


def _backbone_of(flow: Flow) -> str:
    nodes = [node.id for node in flow.of_component("backbone")]
    if not nodes:
        raise UsageError(
            f"The flow '{flow.name}' has no backbone, so there is no base to search settings for.",
            hint="Search is for flows with a pretrained base.",
        )
    return nodes[0]


def _images_of(project: Project, flow: Flow) -> ImageSet:
    from graftwork.engine.prepare import open_data
    from graftwork.engine.settings import read_settings

    settings = read_settings(flow)
    images = open_data(
        settings.images, flow.recipe.seed, project.workspace, need_all_classes=settings.needs_all_classes
    )
    if not images.of_split("validation"):
        raise DataError(
            "A search chooses by the validation score, and there are no validation images.",
            hint="Give a share of the images with --validation 0.15.",
        )
    return images


def _card_of(project: Project, flow: Flow, node: str) -> BaseCard:
    from graftwork.bases import open_base

    own = BackboneSettings.model_validate(flow.node(node).settings)
    return open_base(
        own.base,
        image_size=own.image_size,
        runs=project.folder_of_runs,
        seed=flow.recipe.seed,
        last_stage=own.last_stage,
        ends_at_maps=own.num_skips > 0,
    ).card


def _advised(project: Project, flow: Flow, space: Space) -> dict[str, Any]:
    """Return what a kept advice on this base and data says, as params; empty without one.

    The newest counts; one that reads no more, or on another base or other data, does not.
    """
    own = images_settings_of(flow)
    base = flow.node(space.node).settings.get("base")
    folder = project.workspace.cache / "inspections"
    for path in sorted(folder.glob("advice-*.json"), key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            advice = Advice.parse(json.loads(path.read_text(encoding="utf-8")), name=path.name)
        except (OSError, ValueError, FlowError):
            continue
        is_same = images_settings_of(advice.flow) == own
        if is_same and advice.base == base and advice.node == space.node:
            return space.params_of(advice.flow)
    return {}


def _refuse_short(choices: SearchChoices, plan: Plan) -> None:
    """Refuse minutes that do not do for one round."""
    seconds = plan.estimated_seconds + _START_SECONDS
    if choices.minutes is not None and 60.0 * choices.minutes < seconds:
        raise UsageError(
            f"{choices.minutes:g} minutes do not do for one round: the flow as it stands takes about "
            f"{seconds:.0f} seconds.",
            hint="Give more minutes, or fewer epochs.",
        )


def _pinned(flow: Flow, plan: Plan) -> Flow:
    """Return the flow with what is measured on this machine written down, so that all rounds compute alike."""
    compute = plan.compute
    return flow.edit(
        recipe=flow.recipe.edit(precision=compute.precision, memory_format=compute.memory_format)
    )

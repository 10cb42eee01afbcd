"""The flow behind each row of a ranking: the same images, another base, the head alone trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graftwork.documents.flow import Flow, Node
from graftwork.documents.recipe import Recipe
from graftwork.errors import FlowError, RunError, UsageError
from graftwork.graph.contracts import BackboneSettings
from graftwork.graph.flows import transfer_flow
from graftwork.project.sources import images_settings_of

if TYPE_CHECKING:
    from graftwork.project.project import Project
    from graftwork.project.run import Run

__all__ = ["CONTROL", "candidates", "data_flow", "flow_on", "key_of", "named_bases"]

CONTROL = "random:"
_OBJECTIVES = {"category": "classification", "tags": "multi_label", "number": "regression"}


def data_flow(flow: Flow) -> Flow:
    """Return the plain transfer flow on a flow's images: what is ranked for is the data and the seed, nothing else.

    Custom code, other inputs and heads play no part in it, so none is run.

    Raises:
        UsageError: the flow reads no images.
        FlowError: labels that rankings are not defined for.
    """
    images = images_settings_of(flow)
    if images.label_kind == "mask":
        raise FlowError(
            "Bases are ranked by what one vector per image says of its label; masks label each pixel.",
            hint="Train one run on each base, or look at its feature maps: graftwork preview.",
        )
    settings = images.model_dump(mode="json", exclude_unset=True)
    source = settings.pop("source")
    kept = {"seed": flow.recipe.seed, "precision": flow.recipe.precision}
    recipe = Recipe(**kept, memory_format=flow.recipe.memory_format, epochs=flow.recipe.epochs)
    sizes = [node.settings.get("image_size") for node in flow.of_component("backbone")][:1]
    plain = transfer_flow(source, name=f"{_stem(source)}-rank", recipe=recipe, image_size=sizes[0] if sizes else None, **settings)  # fmt: skip
    objective = Node(id="objective", component=_OBJECTIVES[images.label_kind])
    return plain.edit(nodes=(*plain.nodes[:-1], objective))


def flow_on(plain: Flow, base: str) -> Flow:
    """Return a plain flow of ``data_flow`` with a base, whose head alone is trained."""
    nodes = [
        node.edit(settings={**node.settings, "base": base, "strategy": "head_only"})
        if node.component == "backbone"
        else node
        for node in plain.nodes
    ]
    short = base.rpartition("/")[2].rpartition("@")[0] or base.rpartition("/")[2]
    return plain.edit(name=f"{plain.name}-{short.replace(':', '-')}", nodes=tuple(nodes))


def key_of(plain: Flow) -> str:
    """Return a name for the data that bases are ranked for: images, splits, labels, seed, size."""
    facts: list[Any] = [node.settings for node in plain.nodes if node.component == "images"]
    facts += [node.settings.get("image_size") for node in plain.of_component("backbone")]
    text = json.dumps([facts, plain.recipe.seed], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stem(source: str) -> str:
    return source.rstrip("/").rpartition("/")[2].removeprefix("sample:").rpartition(".")[0] or "images"


def named_bases(project: Project, bases: Sequence[str]) -> tuple[str, ...]:
    """Return base ids as they were named, each once; runs by their full ids.

    Raises:
        UsageError: none.
    """
    if not bases:
        raise UsageError(
            "There is no base to rank.", hint="Name at least one, such as --bases timm:resnet18."
        )
    return tuple(dict.fromkeys(_full(project, base.strip()) for base in bases))


def _full(project: Project, base: str) -> str:
    host, _, name = base.removeprefix(CONTROL).partition(":")
    if host != "run":
        return base
    control = CONTROL if base.startswith(CONTROL) else ""
    try:
        return f"{control}run:{project.find(name).id}"
    except RunError:
        return base  # its row says that there is no such run


def candidates(project: Project, data_digest: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the bases that are there without a download, and notes on those left out.

    The default base first, then its untrained twin as control, what the hubs keep on this machine, and the
    project's own finished runs that moved their base on other data. A run that trained its head alone has
    the features of the base it used; one trained on these very images has seen their labels.

    Args:
        project: whose runs count.
        data_digest: of the images that bases are ranked for.
    """
    from graftwork.bases.opening import list_bases

    first = str(BackboneSettings().base)
    hubs = [b.id for b in list_bases() if b.available_offline and b.id != first]
    runs, notes = _own_runs(project, data_digest)
    return (first, f"{CONTROL}{first}", *sorted(hubs), *runs), notes


def _own_runs(project: Project, data_digest: str) -> tuple[list[str], tuple[str, ...]]:
    usable, seen = [], 0
    for run in project.runs():
        record = _record(run)
        if record is None or record.status != "finished" or record.card is None:
            continue
        if record.strategy == "head_only" or record.card.architecture.startswith("custom:"):
            continue
        if record.data is not None and record.data.digest == data_digest:
            seen += 1
            continue
        usable.append(f"run:{run.id}")
    if not seen:
        return usable, ()
    what = "1 run that was" if seen == 1 else f"{seen} runs that were"
    return usable, (f"Left out: {what} trained on these very images, so that the features know the labels.",)


def _record(run: Run) -> Any:
    try:
        return run.record
    except RunError:
        return None

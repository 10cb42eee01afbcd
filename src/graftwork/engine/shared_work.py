"""What trainings of the same images share: one pass of the frozen base for all of them, and one probe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graftwork.data import ImageSet
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.flow import Flow
from graftwork.documents.plan import Phase, Plan
from graftwork.engine.boundary import wire_key
from graftwork.engine.estimate import epoch_seconds, extract_seconds, free_share
from graftwork.engine.extract import feature_stores, fill_features
from graftwork.engine.prepare import open_data, prepare
from graftwork.engine.settings import read_settings
from graftwork.engine.shards import cache_limit_bytes, evict
from graftwork.engine.sources import row_name
from graftwork.engine.stores import Stores
from graftwork.engine.workspace import Workspace

__all__ = ["LaneSurvey", "fill_shared", "images_of", "is_same_phase", "is_same_training", "survey"]


@dataclass(frozen=True)
class LaneSurvey:
    """One training before it begins: its plan, what it stores, what its phases cost.

    Args:
        flow: what is trained.
        plan: of it.
        wires: whose values its plan stores, each with a digest of all that decides them.
        rows: images and views that are stored, each image's bytes once; 0 where nothing is stored.
        shares: of the bases' work, that each phase does in a step.
        epoch_seconds: estimated, of an epoch of each phase.
        extract_seconds: estimated, of the pass that fills the store.
        adapts: whether batch-norm statistics of a base are estimated again before anything is stored.
    """

    flow: Flow
    plan: Plan
    wires: Mapping[str, str]
    rows: int
    shares: tuple[float, ...]
    epoch_seconds: tuple[float, ...]
    extract_seconds: float
    adapts: bool


def images_of(flow: Flow, workspace: Workspace) -> ImageSet:
    """Open the images of a flow, split as its runs split them.

    Raises:
        FlowError, DataError: what stands in the way.
    """
    settings = read_settings(flow)
    return open_data(
        settings.images, flow.recipe.seed, workspace, need_all_classes=settings.needs_all_classes
    )


def survey(flow: Flow, images: ImageSet, workspace: Workspace) -> LaneSurvey:
    """Return what a training would do, store and cost. Nothing is trained.

    Args:
        flow: a checked flow.
        images: its split images.
        workspace: the project's folders.

    Raises:
        BaseNotUsable, CutError, PlanError: what stands in the way.
    """
    prepared = prepare(flow, images, workspace, compute=None)
    plan, network = prepared.plan, prepared.network
    stores = Stores(prepared, plan, workspace.cache, _never)
    wires = stores.stored_wires() if plan.cache.is_used else ()
    digests: dict[str, str] = {}
    counts = {"train": 0, "validation": 0, "test": 0, **plan.num_images}
    rows = {row_name(images.samples[i].digest, view) for i, views in stores.jobs() for view in views}
    return LaneSurvey(
        flow=flow,
        plan=plan,
        wires={wire: wire_key(network, wire, digests) for wire in wires},
        rows=len(rows) if wires else 0,
        shares=tuple(free_share(network, phase.cuts) for phase in plan.phases),
        epoch_seconds=tuple(epoch_seconds(network, phase, counts, plan.compute) for phase in plan.phases),
        extract_seconds=extract_seconds(plan.cache, plan.compute) if wires else 0.0,
        adapts=any(placed.batch_norm == "adapt" for placed in network.bases.values()),
    )


def _never() -> bool:
    return False


def is_same_phase(one: Phase, other: Phase) -> bool:
    """Whether two phases train the same parameters in the same way, whatever they are called."""
    return one.edit(name="main") == other.edit(name="main")


def is_same_training(one: LaneSurvey, other: LaneSurvey) -> bool:
    """Whether two trainings are the same step by step, whatever their strategies are called.

    They are when base, batch-norm mode and phases agree, and the recipe does apart from what phases say already.
    """

    def meaning(lane: LaneSurvey) -> tuple[object, ...]:
        said = {"probe_first": True, "probe_epochs": None, "epochs": 1, "learning_rate": None}
        recipe = lane.flow.recipe.edit(**said, probe_learning_rate=None, layer_decay=1.0)
        return lane.plan.base, lane.plan.batch_norm, lane.plan.cache.cuts, recipe

    phases = one.plan.phases, other.plan.phases
    return (
        meaning(one) == meaning(other)
        and len(phases[0]) == len(phases[1])
        and all(a == b for a, b in zip(*phases, strict=True))
    )


def fill_shared(
    lanes: Sequence[LaneSurvey],
    flow: Flow,
    images: ImageSet,
    workspace: Workspace,
    *,
    stop: Callable[[], bool],
) -> Iterator[ExtractionProgress]:
    """Store what several trainings read at their cuts, in one pass of the base over the images.

    What they find there is bit for bit what each would have computed for itself. A training whose stored values
    do not come from the same weights, or for whose values there is no room beside the others, computes its own.

    Args:
        lanes: surveys of the trainings.
        flow: of one that stores values, with the seed that augmented views are drawn by.
        images: its split images.
        workspace: the project's folders.
        stop: asked between batches; what is computed by then is kept.

    Yields:
        Progress; nothing where there is nothing to share.

    Raises:
        RunInterrupted: ``stop`` said so.
    """
    prepared = prepare(flow, images, workspace, compute=None)
    plan, network = prepared.plan, prepared.network
    own = Stores(prepared, plan, workspace.cache, stop)
    digests: dict[str, str] = {}
    written = {wire for step in network.steps for wire in step.outputs}
    wanted = {wire: key for lane in lanes if not lane.adapts for wire, key in lane.wires.items()}
    wires = [w for w, key in wanted.items() if w in written and wire_key(network, w, digests) == key]
    if not wires:
        return
    network.eval()
    stores = feature_stores(
        network, wires, workspace.cache / "features", prepared.transform, prepared.augmenter, plan.compute
    )
    room = cache_limit_bytes(workspace.cache)
    for wire, store in sorted(stores.items(), key=lambda item: item[1].row_bytes):
        room -= store.row_bytes * plan.cache.rows
        if room < 0:
            del stores[wire]
    needed = sum(max(0, plan.cache.rows - len(s)) * s.row_bytes for s in stores.values())
    evict(workspace.cache, [s.folder for s in stores.values()], needed)
    yield from fill_features(
        network,
        images,
        own.jobs(),
        stores,
        prepared.transform,
        prepared.augmenter,
        plan.compute,
        stop=stop,
    )

"""From a flow, its data and its base to a plan: a value before it is an act."""

from __future__ import annotations

from math import prod

from graftwork.data import ImageSet
from graftwork.documents.card import BaseCard, InputPort, StageCard
from graftwork.documents.plan import (
    INPUT_CUT,
    CachePlan,
    ComputePlan,
    ParameterGroup,
    Phase,
    Plan,
    StagePlan,
)
from graftwork.documents.recipe import BatchNormMode, Recipe, Strategy
from graftwork.engine.network import Network
from graftwork.engine.optim import Part, default_rate, plan_groups
from graftwork.engine.strategy import resolve_cut
from graftwork.graph.contracts import BackboneSettings

__all__ = ["make_plan"]

# A training step over a forward pass, measured with EfficientNet-Lite0 on a CPU: bfloat16 speeds forwards more.
_STEP_FACTOR = {"float32": 3.6, "bfloat16": 5.7}
_HEAD_SECONDS_PER_IMAGE = 4e-6
_DTYPE_BYTES = {"float32": 4, "bfloat16": 2}
_MIN_PROBE_EPOCHS = 20
_PARTS: dict[Strategy, Part] = {"head_only": "head_alone", "from_scratch": "new"}


def make_plan(
    backbone: BackboneSettings,
    recipe: Recipe,
    images: ImageSet,
    network: Network,
    port: InputPort,
    compute: ComputePlan,
    *,
    cache_limit: int,
) -> Plan:
    """Return what a run would do; a pure function of its arguments.

    Args:
        backbone: base, strategy, cut, batch-norm mode.
        recipe: training choices.
        images: split image set.
        network: base and new head.
        port: what images the network gets: the base's port with the flow's crop.
        compute: number format, with the measured rate.
        cache_limit: bytes that stored features may take.

    Raises:
        CutError: the cut does not exist or is not legal.
        PlanError: choices that contradict each other.
    """
    card = network.base.card
    cut = resolve_cut(card, backbone.strategy, backbone.cut)
    counts = {s: len(images.of_split(s)) for s in ("train", "validation", "test")}
    notes: list[str] = []
    batch_norm = _batch_norm(backbone, notes)
    phase_cuts = _phase_cuts(network, backbone.strategy, recipe, cut)
    cache = _plan_cache(card, phase_cuts, recipe, counts, compute, cache_limit)
    phases = tuple(
        _plan_phase(
            network, recipe, name, at, cache, is_probed=len(phase_cuts) > 1, strategy=backbone.strategy
        )
        for name, at in phase_cuts
    )
    return Plan(
        base=card.id,
        strategy=backbone.strategy,
        cut=cut,
        batch_norm=batch_norm,
        image_size=port.height,
        port=port,
        classes=images.classes,
        num_images=counts,
        stages=_plan_stages(network, cut, phases[-1]),
        head_parameters=sum(p.numel() for p in network.head.parameters()),
        phases=phases,
        cache=cache,
        compute=compute,
        estimated_seconds=round(_estimate(card, phases, cache, counts, compute), 1),
        notes=(*notes, *_notes(card, recipe, cut, cache)),
    )


def _plan_stages(network: Network, cut: str, phase: Phase) -> tuple[StagePlan, ...]:
    rates = {g.name: g.learning_rate for g in phase.groups}
    border = network.position(cut)
    return tuple(
        StagePlan(
            name=stage.name,
            num_parameters=stage.num_parameters,
            is_frozen=i < border,
            learning_rate=rates.get(stage.name, rates.get(f"{stage.name}/plain")),
        )
        for i, stage in enumerate(network.base.card.stages)
    )


def _batch_norm(backbone: BackboneSettings, notes: list[str]) -> BatchNormMode:
    if backbone.strategy == "from_scratch" and backbone.batch_norm != "follow":
        notes.append("From scratch, batch-norm statistics start empty: they follow the training images.")
        return "follow"
    return backbone.batch_norm


def _phase_cuts(network: Network, strategy: Strategy, recipe: Recipe, cut: str) -> list[tuple[str, str]]:
    if strategy in ("head_only", "from_scratch"):
        return [("main", cut)]
    if recipe.probe_first or strategy == "probe_then_tune":
        return [("probe", network.last_cut), ("main", cut)]
    return [("main", cut)]


def _plan_phase(
    network: Network,
    recipe: Recipe,
    name: str,
    cut: str,
    cache: CachePlan,
    *,
    is_probed: bool,
    strategy: Strategy,
) -> Phase:
    is_probe = name == "probe"
    if is_probe:
        epochs = recipe.probe_epochs or max(recipe.epochs, _MIN_PROBE_EPOCHS)
        base_rate = head_rate = recipe.probe_learning_rate or default_rate(recipe, "head_alone")
    else:
        epochs = recipe.epochs
        part = _PARTS.get(strategy, "pretrained")
        base_rate = recipe.learning_rate or default_rate(recipe, part)
        # A head that was not probed starts from chance and needs the rate of new weights.
        starts_new = not is_probed and part == "pretrained"
        head_rate = max(base_rate, default_rate(recipe, "new")) if starts_new else base_rate
    groups: tuple[ParameterGroup, ...] = plan_groups(
        network, recipe, cut, base_rate=base_rate, head_rate=head_rate
    )
    return Phase(
        name="probe" if is_probe else "main",
        cut=cut,
        epochs=epochs,
        groups=groups,
        from_cache=cache.is_used and cut in cache.cuts,
    )


def _plan_cache(
    card: BaseCard,
    phase_cuts: list[tuple[str, str]],
    recipe: Recipe,
    counts: dict[str, int],
    compute: ComputePlan,
    limit: int,
) -> CachePlan:
    cuts = [cut for _, cut in phase_cuts if cut != INPUT_CUT]
    if recipe.feature_cache == "off":
        return CachePlan(is_used=False, reason="The recipe says so (feature_cache: off).")
    if not cuts:
        return CachePlan(is_used=False, reason="Nothing is frozen, so nothing repeats.")
    views = recipe.cached_views if recipe.augment != "none" else 1
    rows = counts["train"] * views + counts["validation"] + counts["test"]
    row_bytes = {cut: _row_bytes(card, cut, compute) for cut in cuts}
    kept = [cut for cut in cuts if row_bytes[cut] * rows <= limit]
    size = sum(row_bytes[cut] for cut in kept) * rows
    if not kept:
        return CachePlan(
            is_used=False,
            reason=f"{min(row_bytes.values()) * rows:,} bytes would pass the cache's limit of {limit:,}.",
        )
    why = "All before the boundary is frozen and repeats in each epoch"
    if views > 1:
        why += f"; random augmentation is kept as {views} fixed views of each training image"
    if len(kept) < len(cuts):
        why += f"; outputs at '{cuts[-1]}' would pass the limit of {limit:,} bytes and are computed anew"
    return CachePlan(is_used=True, reason=why + ".", cuts=tuple(kept), views=views, bytes=size, rows=rows)


def _row_bytes(card: BaseCard, cut: str, compute: ComputePlan) -> int:
    shape = next(s.output_shape for s in card.stages if s.name == cut)
    return prod(shape) * _DTYPE_BYTES[compute.precision]


def _stage_work(stage: StageCard) -> float:
    """Return a stage's multiplications up to a factor: its parameters at each place of its output."""
    shape = stage.output_shape
    places = prod(shape[1:]) if len(shape) == 3 else (shape[0] if len(shape) == 2 else 1)
    return float(max(1, stage.num_parameters) * places)


def _estimate(
    card: BaseCard,
    phases: tuple[Phase, ...],
    cache: CachePlan,
    counts: dict[str, int],
    compute: ComputePlan,
) -> float:
    """Return seconds from the measured forward rate and each stage's share of the work."""
    rate = compute.images_per_second or 20.0
    work = {s.name: _stage_work(s) for s in card.stages}
    total = sum(work.values())
    seconds = cache.rows / rate
    for phase in phases:
        order = [s.name for s in card.stages]
        border = 0 if phase.cut == INPUT_CUT else order.index(phase.cut) + 1
        free = sum(work[n] for n in order[border:]) / total
        held = 0.0 if phase.from_cache else 1.0 - free
        per_train = (held + free * _STEP_FACTOR[compute.precision]) / rate + _HEAD_SECONDS_PER_IMAGE
        per_validation = (held + free) / rate
        seconds += phase.epochs * (counts["train"] * per_train + counts["validation"] * per_validation)
    return seconds


def _notes(card: BaseCard, recipe: Recipe, cut: str, cache: CachePlan) -> list[str]:
    notes = []
    if cut != INPUT_CUT:
        names = [s.name for s in card.stages]
        frozen = sum(s.num_parameters for s in card.stages[: names.index(cut) + 1])
        share = 100 * frozen / max(1, card.num_parameters)
        notes.append(f"{share:.0f} % of the base's {card.num_parameters:,} parameters are frozen.")
    if recipe.augment != "none" and not cache.is_used:
        notes.append("Augmentation is new in each epoch.")
    return notes

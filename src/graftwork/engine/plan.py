"""From a flow's network, its data and its recipe to a plan: a value before it is an act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.components.head import Head
from graftwork.data import ImageSet
from graftwork.documents.card import StageCard
from graftwork.documents.flow import Flow
from graftwork.documents.plan import (
    INPUT_CUT,
    CachePlan,
    ComputePlan,
    NodePlan,
    Phase,
    Plan,
    StagePlan,
)
from graftwork.documents.recipe import BatchNormMode, Recipe, Strategy
from graftwork.engine.boundary import Boundary, find_boundary, loose_statistics, set_trainable
from graftwork.engine.build import Built
from graftwork.engine.freeze import is_batch_norm
from graftwork.engine.layer_rules import layers_of
from graftwork.engine.network import Network, Step
from graftwork.engine.optim import Part, default_rate, plan_groups
from graftwork.engine.settings import FlowSettings, cuts_of, strategy_of
from graftwork.errors import PlanError

__all__ = ["make_plan"]

# A training step over a forward pass, measured with EfficientNet-Lite0 on a CPU: bfloat16 speeds forwards more.
_STEP_FACTOR = {"float32": 3.6, "bfloat16": 5.7}
_HEAD_SECONDS_PER_IMAGE = 4e-6
_DTYPE_BYTES = {"float32": 4, "bfloat16": 2}
_MIN_PROBE_EPOCHS = 20


@dataclass(frozen=True)
class _PhaseFacts:
    """A phase before its rates are known: its cuts and where stored values may enter."""

    name: str
    cuts: dict[str, str]
    boundary: Boundary


def make_plan(
    flow: Flow,
    settings: FlowSettings,
    built: Built,
    images: ImageSet,
    compute: ComputePlan,
    *,
    cache_limit: int,
) -> Plan:
    """Return what a run would do. The network is left frozen as the main phase wants it.

    Args:
        flow: a checked flow.
        settings: of its nodes.
        built: its network and port.
        images: split image set.
        compute: number format, with the measured rate.
        cache_limit: bytes that stored features may take.

    Raises:
        CutError: a cut does not exist or is not legal.
        PlanError: choices that contradict each other.
    """
    _refuse_augmented_masks(images, flow.recipe)
    _refuse_foreign_adapt(built.network)
    network, recipe, main = built.network, flow.recipe, built.network.main
    cuts = cuts_of(settings, network)
    strategy = strategy_of(settings, network, cuts)
    counts = {s: len(images.of_split(s)) for s in ("train", "validation", "test")}
    notes: list[str] = []
    batch_norm = _batch_norm(settings, strategy, notes)
    facts = [
        _phase_facts(network, name, at, batch_norm)
        for name, at in _phase_cuts(network, strategy, recipe, cuts)
    ]
    shapes = built.shapes
    cache = _plan_cache(network, facts, recipe, counts, compute, shapes, cache_limit)
    phases = tuple(
        _plan_phase(network, recipe, f, cache, batch_norm, is_probed=len(facts) > 1, strategy=strategy)
        for f in facts
    )
    _refuse_idle_parts(flow, network, phases)
    if main is not None and main.node not in settings.backbones:
        batch_norm = "follow" if network.base_tensors().keys() & loose_statistics(network).keys() else "held"
    return Plan(
        base=main.base.card.id if main else "none",
        main=main.node if main else None,
        strategy=strategy,
        cut=cuts[main.node] if main else INPUT_CUT,
        batch_norm=batch_norm,
        image_size=built.port.height,
        port=built.port,
        classes=images.classes,
        num_images=counts,
        stages=_plan_stages(network, cuts, phases[-1]),
        nodes=_plan_nodes(flow, network, shapes),
        head_parameters=network.new_parameters(),
        phases=phases,
        cache=cache,
        compute=compute,
        estimated_seconds=round(_estimate(network, phases, cache, counts, compute), 1),
        notes=(*notes, *_notes(network, recipe, cache)),
    )


def _refuse_augmented_masks(images: ImageSet, recipe: Recipe) -> None:
    if images.label_kind == "mask" and recipe.augment != "none":
        raise PlanError(
            f"Augmentation '{recipe.augment}' would move the images but not their masks.",
            hint="Set augment: none.",
        )


def _refuse_foreign_adapt(network: Network) -> None:
    """Statistics can be re-estimated in layers of torch alone."""
    for node, placed in network.bases.items():
        parts = [m for stage in placed.base.stages for m in stage.module.modules()]
        foreign = any(is_batch_norm(m) and not isinstance(m, _BatchNorm) for m in parts)
        if placed.batch_norm == "adapt" and foreign:
            raise PlanError(
                "Batch-norm mode 'adapt' cannot re-estimate the statistics of Keras layers.",
                hint="Set batch_norm to 'held' or 'follow'.",
                node=node,
            )


def _refuse_idle_parts(flow: Flow, network: Network, phases: Sequence[Phase]) -> None:
    """Refuse to train what no loss reaches; the proof would fail, but only after the training."""
    slopes = [s for s in network.sinks if flow.node(s.node).component != "anomaly"]
    reached = {wire for sink in slopes for wire in sink.wires}
    idle = []
    for step in reversed(network.steps):
        if reached.intersection(step.outputs):
            reached.update(step.inputs)
        elif _num_trainable(step.module):
            idle.append(step.node)
    if idle and any(phase.groups for phase in phases):
        raise PlanError(
            f"Node '{idle[-1]}' is to be trained, but no objective that learns by slopes reads what it gives.",
            hint="Connect it to an objective, remove it, or freeze it.",
            node=idle[-1],
        )


def _phase_facts(network: Network, name: str, cuts: dict[str, str], batch_norm: BatchNormMode) -> _PhaseFacts:
    set_trainable(network, cuts, batch_norm, with_rules=name == "main")
    return _PhaseFacts(name, cuts, find_boundary(network))


def _batch_norm(settings: FlowSettings, strategy: Strategy, notes: list[str]) -> BatchNormMode:
    if strategy == "from_scratch" and settings.backbone.batch_norm != "follow":
        if settings.main is not None:
            notes.append("From scratch, batch-norm statistics start empty: they follow the training images.")
        return "follow"
    return settings.backbone.batch_norm


def _phase_cuts(
    network: Network, strategy: Strategy, recipe: Recipe, cuts: dict[str, str]
) -> list[tuple[str, dict[str, str]]]:
    whole = {node: placed.base.stage_names()[-1] for node, placed in network.bases.items()}
    if cuts == whole or strategy == "from_scratch":
        return [("main", cuts)]
    if recipe.probe_first or strategy == "probe_then_tune":
        return [("probe", whole), ("main", cuts)]
    return [("main", cuts)]


def _plan_phase(
    network: Network,
    recipe: Recipe,
    facts: _PhaseFacts,
    cache: CachePlan,
    batch_norm: BatchNormMode,
    *,
    is_probed: bool,
    strategy: Strategy,
) -> Phase:
    set_trainable(network, facts.cuts, batch_norm, with_rules=facts.name == "main")
    base_rate, head_rate, epochs = _rates(network, recipe, facts, is_probed=is_probed, strategy=strategy)
    main = network.main
    return Phase(
        name="probe" if facts.name == "probe" else "main",
        cut=facts.cuts[main.node] if main else INPUT_CUT,
        cuts=facts.cuts,
        boundary=facts.boundary.name,
        epochs=epochs,
        groups=plan_groups(network, recipe, base_rate=base_rate, head_rate=head_rate),
        from_cache=cache.is_used and facts.boundary.name in cache.cuts,
    )


def _rates(
    network: Network, recipe: Recipe, facts: _PhaseFacts, *, is_probed: bool, strategy: Strategy
) -> tuple[float, float, int]:
    """Return the rate of pretrained stages, that of new parts, and the epochs of a phase."""
    alone: Part = "head_alone" if _is_standardized_head_alone(network) else "new"
    if facts.name == "probe":
        epochs = recipe.probe_epochs or max(recipe.epochs, _MIN_PROBE_EPOCHS)
        rate = recipe.probe_learning_rate or default_rate(recipe, alone)
        return rate, rate, epochs
    tunes = any(s.role == "base" and _num_trainable(s.module) for s in network.steps)
    part: Part = "new" if strategy == "from_scratch" else ("pretrained" if tunes else alone)
    base_rate = recipe.learning_rate or default_rate(recipe, part)
    # A head that was not probed starts from chance and needs the rate of new weights.
    starts_new = not is_probed and part == "pretrained"
    return base_rate, max(base_rate, default_rate(recipe, "new")) if starts_new else base_rate, recipe.epochs


def _is_standardized_head_alone(network: Network) -> bool:
    moving = [s.module for s in network.steps if _num_trainable(s.module)]
    return bool(moving) and all(isinstance(m, Head) and m.is_standardized for m in moving)


def _num_trainable(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def _plan_stages(network: Network, cuts: Mapping[str, str], phase: Phase) -> tuple[StagePlan, ...]:
    main = network.main
    if main is None:
        return ()
    rates = {g.name: g.learning_rate for g in phase.groups}
    border = main.position(cuts[main.node])
    return tuple(
        StagePlan(
            name=card.name,
            num_parameters=card.num_parameters,
            is_frozen=(i < border or card.num_parameters > 0) and not _num_trainable(stage.module),
            num_trainable=_num_trainable(stage.module),
            learning_rate=rates.get(card.name, rates.get(f"{card.name}/plain")),
        )
        for i, (card, stage) in enumerate(zip(main.base.card.stages, main.base.stages, strict=True))
    )


def _plan_nodes(flow: Flow, network: Network, shapes: Mapping[str, tuple[int, ...]]) -> tuple[NodePlan, ...]:
    plans = []
    for node in flow.nodes:
        steps = [s for s in network.steps if s.node == node.id]
        if not steps:
            continue
        parameters = sum(p.numel() for s in steps for p in s.module.parameters())
        plans.append(
            NodePlan(
                node=node.id,
                component=node.component,
                num_parameters=parameters,
                num_trainable=sum(_num_trainable(s.module) for s in steps),
                output_shape=shapes.get(steps[-1].outputs[0]),
                frozen_layers=tuple(n for s in steps for n in _held_layers(s)),
            )
        )
    return tuple(plans)


def _held_layers(step: Step) -> list[str]:
    """Return the layers with parameters that are held inside a stage that moves."""
    if step.role != "base" or not _num_trainable(step.module):
        return []
    own = [(n, list(m.parameters(recurse=False))) for n, m in layers_of(step.module)]
    return [name for name, ps in own if ps and not any(p.requires_grad for p in ps)]


def _plan_cache(
    network: Network,
    facts: Sequence[_PhaseFacts],
    recipe: Recipe,
    counts: dict[str, int],
    compute: ComputePlan,
    shapes: Mapping[str, tuple[int, ...]],
    limit: int,
) -> CachePlan:
    boundaries = {f.boundary.name: f.boundary for f in facts if not f.boundary.is_input}
    if recipe.feature_cache == "off":
        return CachePlan(is_used=False, reason="The recipe says so (feature_cache: off).")
    if not boundaries:
        return CachePlan(is_used=False, reason=_why_not_held(network))
    views = recipe.cached_views if recipe.augment != "none" else 1
    rows = counts["train"] * views + counts["validation"] + counts["test"]
    bases = _DTYPE_BYTES[compute.precision]
    width = {w: bases if s.role == "base" else 4 for s in network.steps for w in s.outputs}
    row_bytes = {name: sum(prod(shapes[w]) * width[w] for w in b.wires) for name, b in boundaries.items()}
    kept = [name for name, size in row_bytes.items() if size * rows <= limit]
    size = sum(row_bytes[name] for name in kept) * rows
    if not kept:
        return CachePlan(
            is_used=False,
            reason=f"{min(row_bytes.values()) * rows:,} bytes would pass the cache's limit of {limit:,}.",
        )
    why = "All before the boundary is frozen and repeats in each epoch"
    if views > 1:
        why += f"; random augmentation is kept as {views} fixed views of each training image"
    if len(kept) < len(boundaries):
        last = list(boundaries)[-1]
        why += f"; outputs at '{last}' would pass the limit of {limit:,} bytes and are computed anew"
    return CachePlan(is_used=True, reason=why + ".", cuts=tuple(kept), views=views, bytes=size, rows=rows)


def _why_not_held(network: Network) -> str:
    random = [s.node for s in network.steps if s.is_random and network.image_wire in s.inputs]
    if random:
        return (
            f"Node '{random[0]}' gives other values each time it sees the same image: "
            "its outputs cannot be stored."
        )
    return "Nothing is frozen, so nothing repeats."


def _stage_work(stage: StageCard) -> float:
    """Return a stage's multiplications up to a factor: its parameters at each place of its output."""
    shape = stage.output_shape
    places = prod(shape[1:]) if len(shape) == 3 else (shape[0] if len(shape) == 2 else 1)
    return float(max(1, stage.num_parameters) * places)


def _estimate(
    network: Network,
    phases: tuple[Phase, ...],
    cache: CachePlan,
    counts: dict[str, int],
    compute: ComputePlan,
) -> float:
    """Return seconds from the measured forward rate and each stage's share of the work."""
    rate = compute.images_per_second or 20.0
    seconds = cache.rows / rate
    for phase in phases:
        free = _free_share(network, phase)
        held = 0.0 if phase.from_cache else 1.0 - free
        per_train = (held + free * _STEP_FACTOR[compute.precision]) / rate + _HEAD_SECONDS_PER_IMAGE
        per_validation = (held + free) / rate
        seconds += phase.epochs * (counts["train"] * per_train + counts["validation"] * per_validation)
    return seconds


def _free_share(network: Network, phase: Phase) -> float:
    """Return the share of the bases' work that lies after their cuts; all of it without a base."""
    work = free = 0.0
    for node, placed in network.bases.items():
        each = [_stage_work(card) for card in placed.base.card.stages]
        work += sum(each)
        free += sum(each[placed.position(phase.cuts[node]) :])
    return free / work if work else 1.0


def _notes(network: Network, recipe: Recipe, cache: CachePlan) -> list[str]:
    notes = []
    for placed in network.bases.values():
        total = placed.base.card.num_parameters
        moving = sum(_num_trainable(stage.module) for stage in placed.base.stages)
        if total and moving < total:
            whose = "the base" if len(network.bases) == 1 else f"'{placed.node}'"
            notes.append(
                f"{100 * (total - moving) / total:.0f} % of {whose}'s {total:,} parameters are frozen."
            )
    if recipe.augment != "none" and not cache.is_used:
        notes.append("Augmentation is new in each epoch.")
    return notes

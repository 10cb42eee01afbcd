"""From a flow's network, its data and its recipe to a plan: a value before it is an act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.components.head import Head
from graftwork.data import ImageSet
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
from graftwork.engine.boundary import loose_statistics, set_trainable
from graftwork.engine.build import Built
from graftwork.engine.estimate import estimate_seconds
from graftwork.engine.freeze import is_batch_norm
from graftwork.engine.gradual import plan_unfreezing, unfreezing_notes
from graftwork.engine.image_weights import weight_notes
from graftwork.engine.layer_rules import layers_of
from graftwork.engine.moving import (
    added_parameters,
    frozen_parameters,
    moving_notes,
    refuse_idle_moving,
    refuse_single_update,
)
from graftwork.engine.network import Network, Step
from graftwork.engine.optim import Part, default_rate, plan_groups
from graftwork.engine.phases import PhaseFacts, phase_cuts, phase_facts, phase_of
from graftwork.engine.plan_cache import plan_cache
from graftwork.engine.settings import FlowSettings, cuts_of, strategy_of
from graftwork.engine.stage_rates import auto_rgn_notes, refuse_idle_rates
from graftwork.engine.terms import TermFacts, mark_terms, plan_terms
from graftwork.errors import PlanError

__all__ = [
    "batch_norm_of",
    "make_plan",
    "num_trainable",
    "refuse_for_all_cuts",
    "refuse_idle_choices",
    "refuse_idle_parts",
    "term_facts",
]


def make_plan(
    flow: Flow,
    settings: FlowSettings,
    built: Built,
    images: ImageSet,
    compute: ComputePlan,
    *,
    cache_limit: int,
    target: ImageSet | None = None,
    weights: Tensor | None = None,
) -> Plan:
    """Return what a run would do. The network is left frozen as the main phase wants it.

    Args:
        flow: a checked flow.
        settings: of its nodes.
        built: its network and port.
        images: split image set.
        compute: number format, with the measured rate.
        cache_limit: bytes that stored features may take.
        target: images of another domain that the flow is adapted to.
        weights: of the training images; None where all count alike.

    Raises:
        CutError: a cut does not exist or is not legal.
        PlanError: choices that contradict each other.
    """
    refuse_for_all_cuts(built.network)
    network, recipe, main, shapes = built.network, flow.recipe, built.network.main, built.shapes
    cuts = cuts_of(settings, network)
    strategy = strategy_of(settings, network, cuts)
    counts = _counts(images, target)
    batch_norm = batch_norm_of(settings, strategy)
    starts = phase_cuts(network, strategy, recipe, cuts)
    facts = [phase_facts(network, name, at, batch_norm) for name, at in starts]
    cache = plan_cache(network, facts, recipe, counts, compute, shapes, cache_limit)
    phases = tuple(
        _plan_phase(network, recipe, f, cache, batch_norm, is_probed=len(facts) > 1, strategy=strategy)
        for f in facts
    )
    _refuse_idle(flow, settings, network, counts["train"])
    phases = mark_terms(phases, recipe, network.crossing)
    return Plan(
        base=main.base.card.id if main else "none",
        main=main.node if main else None,
        strategy=strategy,
        cut=cuts[main.node] if main else INPUT_CUT,
        batch_norm=_batch_norm_said(settings, network, batch_norm),
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
        estimated_seconds=round(estimate_seconds(network, phases, cache, counts, compute), 1),
        notes=(
            *_batch_norm_notes(settings, batch_norm),
            *_notes(network, recipe, cache),
            *_notes_on_parts(network, recipe, cuts, phases[-1], weights),
            *plan_terms(term_facts(network, recipe, strategy, phases, images)),
        ),
    )


def _counts(images: ImageSet, target: ImageSet | None) -> dict[str, int]:
    counts = {s: len(images.of_split(s)) for s in ("train", "validation", "test")}
    return counts if target is None else {**counts, "target": len(target)}


def _refuse_idle(flow: Flow, settings: FlowSettings, network: Network, num_training: int) -> None:
    """Refuse what would silently do nothing in a training of so many images."""
    refuse_idle_parts(flow, network)
    refuse_idle_choices(settings, network, flow.recipe)
    refuse_single_update(network, flow.recipe, num_training)


def term_facts(
    network: Network, recipe: Recipe, strategy: Strategy, phases: Sequence[Phase], images: ImageSet
) -> TermFacts:
    """Return what loss terms are planned and made from; the network is frozen as its main phase wants."""
    return TermFacts(
        network,
        recipe,
        strategy,
        is_probed=len(phases) > 1,
        label_kind=images.label_kind,
        num_classes=len(images.classes),
    )


def _batch_norm_said(settings: FlowSettings, network: Network, mode: BatchNormMode) -> BatchNormMode:
    """Return the mode that a plan tells: that of code of one's own is what its layers do."""
    if network.main is None or network.main.node in settings.backbones:
        return mode
    return "follow" if network.base_tensors().keys() & loose_statistics(network).keys() else "held"


def _batch_norm_notes(settings: FlowSettings, mode: BatchNormMode) -> list[str]:
    if mode == settings.backbone.batch_norm or settings.main is None:
        return []
    return ["From scratch, batch-norm statistics start empty: they follow the training images."]


def refuse_for_all_cuts(network: Network) -> None:
    """Refuse choices that contradict each other wherever the bases are cut.

    Raises:
        PlanError: names the choices.
    """
    _refuse_foreign_adapt(network)


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


def refuse_idle_choices(settings: FlowSettings, network: Network, recipe: Recipe) -> None:
    """Refuse choices of what moves, and how fast, that would silently do nothing.

    Args:
        settings: of the flow's nodes.
        network: as its main phase is frozen.
        recipe: rates of stages.

    Raises:
        PlanError: names the choices.
    """
    for node, placed in network.bases.items():
        if node in settings.backbones:
            refuse_idle_moving(placed, settings.backbones[node])
    refuse_idle_rates(network, recipe)


def refuse_idle_parts(flow: Flow, network: Network) -> None:
    """Refuse to train what no loss reaches; the proof would fail, but only after the training.

    Args:
        flow: its objectives.
        network: as its main phase is frozen.

    Raises:
        PlanError: names the node.
    """
    slopes = [s for s in network.sinks if flow.node(s.node).component != "anomaly"]
    reached = {wire for sink in slopes for wire in sink.wires}
    idle = []
    for step in reversed(network.steps):
        if reached.intersection(step.outputs):
            reached.update(step.inputs)
        elif num_trainable(step.module):
            idle.append(step.node)
    if idle:
        raise PlanError(
            f"Node '{idle[-1]}' is to be trained, but no objective that learns by slopes reads what it gives.",
            hint="Connect it to an objective, remove it, or freeze it.",
            node=idle[-1],
        )


def batch_norm_of(settings: FlowSettings, strategy: Strategy) -> BatchNormMode:
    """Return how batch-norm behaves in bases that do not say so themselves."""
    return "follow" if strategy == "from_scratch" else settings.backbone.batch_norm


def _plan_phase(
    network: Network,
    recipe: Recipe,
    facts: PhaseFacts,
    cache: CachePlan,
    batch_norm: BatchNormMode,
    *,
    is_probed: bool,
    strategy: Strategy,
) -> Phase:
    set_trainable(network, facts.cuts, batch_norm, with_rules=facts.name == "main")
    base_rate, head_rate = _rates(network, recipe, facts, is_probed=is_probed, strategy=strategy)
    # L2-SP takes the place of weight decay in the phase that it acts in.
    decay = 0.0 if recipe.l2_sp is not None and facts.name == "main" else recipe.weight_decay
    groups = plan_groups(network, recipe, base_rate=base_rate, head_rate=head_rate, weight_decay=decay)
    unfreezing = plan_unfreezing(network, recipe, groups, strategy) if facts.name == "main" else ()
    return phase_of(network, recipe, facts, cache, groups, unfreezing)


def _rates(
    network: Network, recipe: Recipe, facts: PhaseFacts, *, is_probed: bool, strategy: Strategy
) -> tuple[float, float]:
    """Return the rate of pretrained stages and that of new parts in a phase."""
    alone: Part = "head_alone" if _is_standardized_head_alone(network) else "new"
    if facts.name == "probe":
        rate = recipe.probe_learning_rate or default_rate(recipe, alone)
        return rate, rate
    tuned = {s.node for s in network.steps if s.role == "base" and num_trainable(s.module)}
    part: Part = "new" if strategy == "from_scratch" else ("pretrained" if tuned else alone)
    if tuned and all(network.bases[node].moving != "all" for node in tuned):
        part = "new"
    base_rate = recipe.learning_rate or default_rate(recipe, part)
    # A head that was not probed starts from chance and needs the rate of new weights.
    starts_new = not is_probed and bool(tuned) and strategy != "from_scratch"
    return base_rate, max(base_rate, default_rate(recipe, "new")) if starts_new else base_rate


def _is_standardized_head_alone(network: Network) -> bool:
    moving = [s.module for s in network.steps if num_trainable(s.module)]
    return bool(moving) and all(isinstance(m, Head) and m.is_standardized for m in moving)


def num_trainable(module: nn.Module) -> int:
    """Return how many parameters of a module are free to move."""
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
            num_parameters=card.num_parameters + added_parameters(stage.module),
            num_added=added_parameters(stage.module),
            is_frozen=(i < border or card.num_parameters > 0) and not num_trainable(stage.module),
            num_trainable=num_trainable(stage.module),
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
                num_trainable=sum(num_trainable(s.module) for s in steps),
                output_shape=shapes.get(steps[-1].outputs[0]),
                frozen_layers=tuple(n for s in steps for n in _held_layers(network, s)),
                moving=network.bases[node.id].moving if node.id in network.bases else "all",
            )
        )
    return tuple(plans)


def _held_layers(network: Network, step: Step) -> list[str]:
    """Return the layers with parameters that are held inside a stage of which all else moves."""
    if step.role != "base" or not num_trainable(step.module) or network.bases[step.node].moving != "all":
        return []
    own = [(n, list(m.parameters(recurse=False))) for n, m in layers_of(step.module)]
    return [name for name, ps in own if ps and not any(p.requires_grad for p in ps)]


def _notes_on_parts(
    network: Network, recipe: Recipe, cuts: Mapping[str, str], main: Phase, weights: Tensor | None
) -> Iterator[str]:
    yield from weight_notes(weights)
    for node, placed in network.bases.items():
        yield from moving_notes(placed, placed.position(cuts[node]))
    yield from unfreezing_notes(main)
    yield from auto_rgn_notes(recipe)


def _notes(network: Network, recipe: Recipe, cache: CachePlan) -> list[str]:
    notes = []
    for placed in network.bases.values():
        total = placed.base.card.num_parameters
        held = frozen_parameters(placed)
        if held:
            whose = "the base" if len(network.bases) == 1 else f"'{placed.node}'"
            notes.append(f"{100 * held / total:.0f} % of {whose}'s {total:,} parameters are frozen.")
    if recipe.augment != "none" and not cache.is_used:
        notes.append("Augmentation is new in each epoch.")
    return notes

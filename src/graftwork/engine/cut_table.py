"""What a plan would say for each cut of a base: one open network, one measurement, no training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from graftwork.data import Split
from graftwork.documents.cuts import CutCost, CutTable
from graftwork.documents.flow import Flow
from graftwork.documents.plan import INPUT_CUT, Phase
from graftwork.documents.recipe import BatchNormMode, Strategy
from graftwork.engine.estimate import epoch_seconds, estimate_seconds, extract_seconds
from graftwork.engine.gradual import plan_unfreezing
from graftwork.engine.layer_rules import LayerRules
from graftwork.engine.moving import adapt_layers, changed_layers, frozen_parameters, release_layers
from graftwork.engine.network import PlacedBase
from graftwork.engine.only_stages import frozen_after_cut
from graftwork.engine.phases import PhaseFacts, phase_cuts, phase_facts, phase_of
from graftwork.engine.plan import (
    batch_norm_of,
    num_trainable,
    refuse_for_all_cuts,
    refuse_idle_choices,
    refuse_idle_parts,
)
from graftwork.engine.plan_cache import plan_cache
from graftwork.engine.prepare import Prepared, open_data, prepare
from graftwork.engine.settings import FlowSettings, cuts_of, read_settings, strategy_of
from graftwork.engine.shards import cache_limit_bytes
from graftwork.engine.strategy import strategy_at, why_not_cut
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError, PlanError, UnknownName, did_you_mean
from graftwork.graph.contracts import BackboneSettings

__all__ = ["cut_table", "table_of"]


def cut_table(flow: Flow, node: str, workspace: Workspace) -> CutTable:
    """Return what a plan would say for each cut of the base in a backbone node.

    Args:
        flow: what is edited.
        node: id of a backbone.
        workspace: the project's folders.

    Raises:
        UnknownName: no such node.
        FlowError: the flow has problems, or the node is no backbone.
        DataError, BaseNotUsable, PlanError: what stands in the way of any plan.
    """
    settings = read_settings(flow)
    refuse_other_nodes(settings, node)
    images = open_data(
        settings.images, flow.recipe.seed, workspace, need_all_classes=settings.needs_all_classes
    )
    return table_of(prepare(flow, images, workspace, compute=None), flow, node, workspace)


def refuse_other_nodes(settings: FlowSettings, node: str) -> None:
    """Refuse a node that has no cut to choose.

    Raises:
        UnknownName: there is no such node, or it is bypassed.
        FlowError: it is no backbone.
    """
    ids = [n.id for n in settings.flow.nodes]
    if node not in ids:
        hint = did_you_mean(node, ids)
        raise UnknownName(f"The flow '{settings.flow.name}' runs no node '{node}'.", hint=hint, node=node)
    if node not in settings.backbones:
        component = settings.flow.node(node).component
        is_code = component == "custom"
        raise FlowError(
            f"Node '{node}' is of component '{component}': a cut is a setting of a backbone.",
            hint="Name layers in its settings 'freeze' and 'unfreeze'." if is_code else "Choose a backbone.",
            node=node,
        )


def table_of(prepared: Prepared, flow: Flow, node: str, workspace: Workspace) -> CutTable:
    """Return the cut table of a flow from a network that is open.

    Args:
        prepared: of this flow, or of one that differs from it in cut and strategy of this node alone (and is
            from scratch where this one is); its network is left frozen in some other way.
        flow: what is edited.
        node: id of a backbone.
        workspace: the project's folders.

    Raises:
        FlowError, PlanError: as ``cut_table``.
    """
    settings = read_settings(flow)
    refuse_other_nodes(settings, node)
    refuse_for_all_cuts(prepared.network)
    survey = _Survey(prepared, settings, node, cache_limit_bytes(workspace.cache))
    try:
        rows = tuple(survey.rows())
    finally:
        survey.put_back()
    return CutTable(node=node, current=survey.current, cuts=rows, notes=tuple(survey.notes()))


class _Survey:
    """One network while it is frozen at one cut after the other."""

    def __init__(self, prepared: Prepared, settings: FlowSettings, node: str, limit: int) -> None:
        self.prepared, self.settings, self.node, self.limit = prepared, settings, node, limit
        self.flow, self.network = settings.flow, prepared.network
        self.recipe, self.compute = settings.flow.recipe, prepared.plan.compute
        self.placed: PlacedBase = self.network.bases[node]
        self.card = self.placed.base.card
        self.cuts = cuts_of(settings, self.network)
        self.current = self.cuts[node]
        self.own: BackboneSettings = settings.backbones[node]
        splits: tuple[Split, ...] = ("train", "validation", "test")
        self.kept = changed_layers(self.placed.base)
        if self.own.moving == "lora":  # what any cut would free
            adapt_layers(node, self.placed.base, self.own, border=0, rules=LayerRules(), seed=0)
        self.counts: Mapping[str, int] = {s: len(prepared.images.of_split(s)) for s in splits}

    def rows(self) -> Iterator[CutCost]:
        """Give a row for 'input' and one for each stage."""
        for cut in (INPUT_CUT, *self.placed.base.stage_names()):
            yield self._row(cut)

    def put_back(self) -> None:
        """Leave the network's base as its node says."""
        self.network.bases[self.node] = self.placed
        release_layers(self.placed.base, self.kept)

    def notes(self) -> Iterator[str]:
        """Give what holds for all rows."""
        if self.own.strategy == "from_scratch":
            yield "From scratch nothing is frozen; any cut but 'input' takes the pretrained weights."
        if self.own.only_stages:
            yield (
                "All rows but the present one are of a flow without only_stages: a cut frees all that comes after it."
            )
        if self.own.freeze or self.own.unfreeze:
            yield "Layers named in 'freeze' and 'unfreeze' stay as they are named, whatever the cut."

    def _row(self, cut: str) -> CutCost:
        own = self.own.strategy
        strategy = own if cut == self.current else strategy_at(self.card, cut, own)
        why_not = why_not_cut(self.card, cut)
        facts = self._freeze(cut, strategy)
        moving = sum(num_trainable(step.module) for step in self.network.steps)
        if why_not is None:
            why_not = self._why_idle(strategy)
        row = CutCost(
            cut=cut,
            is_legal=why_not is None,
            why_not=why_not,
            strategy=strategy,
            frozen_parameters=frozen_parameters(self.placed),
            trainable_parameters=moving,
            base_trainable=sum(num_trainable(stage.module) for stage in self.placed.base.stages),
        )
        return row if why_not is not None else self._with_costs(row, facts)

    def _freeze(self, cut: str, strategy: Strategy) -> list[PhaseFacts]:
        """Return the phases of a training at this cut; the network is left as the main phase wants it."""
        mode: BatchNormMode = "follow" if strategy == "from_scratch" else self.own.batch_norm
        own = self.own if cut == self.current else self.own.edit(only_stages=())
        rules = LayerRules((*frozen_after_cut(self.card, own), *own.freeze), own.unfreeze)
        self.network.bases[self.node] = replace(self.placed, batch_norm=mode, rules=rules)
        is_main = self.network.main is not None and self.network.main.node == self.node
        of_main = strategy if is_main else strategy_of(self.settings, self.network, self.cuts)
        batch_norm = batch_norm_of(self.settings, of_main)
        at = {**self.cuts, self.node: cut}
        phases = phase_cuts(self.network, of_main, self.recipe, at)
        return [phase_facts(self.network, name, cuts, batch_norm) for name, cuts in phases]

    def _why_idle(self, strategy: Strategy) -> str | None:
        backbones = {**self.settings.backbones, self.node: self.own.edit(strategy=strategy)}
        try:
            refuse_idle_parts(self.flow, self.network)
            refuse_idle_choices(replace(self.settings, backbones=backbones), self.network, self.recipe)
            plan_unfreezing(self.network, self.recipe, (), strategy)
        except PlanError as error:
            return error.message
        return None

    def _with_costs(self, row: CutCost, facts: list[PhaseFacts]) -> CutCost:
        network, counts, compute = self.network, self.counts, self.compute
        cache = plan_cache(
            network, facts, self.recipe, counts, compute, self.prepared.built.shapes, self.limit
        )
        steps = plan_unfreezing(network, self.recipe, (), row.strategy)
        phases: list[Phase] = [
            phase_of(network, self.recipe, f, cache, unfreezing=steps if f.name == "main" else ())
            for f in facts
        ]
        return row.edit(
            cache_bytes=cache.bytes,
            cache_is_used=cache.is_used,
            cache_reason=cache.reason,
            extract_seconds=round(extract_seconds(cache, compute), 3),
            epoch_seconds=round(epoch_seconds(network, phases[-1], counts, compute), 3),
            estimated_seconds=round(estimate_seconds(network, phases, cache, counts, compute), 1),
        )

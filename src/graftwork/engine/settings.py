"""The settings that decide how a flow is trained: its images, its main base, and the cut of each base."""

from __future__ import annotations

from dataclasses import dataclass

from graftwork.documents.flow import Flow
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import Strategy
from graftwork.engine.network import Network
from graftwork.engine.only_stages import cut_of
from graftwork.graph.adaptation import TargetSettings
from graftwork.graph.check import checked
from graftwork.graph.contracts import BackboneSettings, ImagesSettings
from graftwork.graph.topology import sorted_nodes

__all__ = ["FlowSettings", "cuts_of", "read_settings", "strategy_of"]


@dataclass(frozen=True)
class FlowSettings:
    """Settings of a checked flow.

    Args:
        flow: what really runs: the flow without bypassed nodes.
        images: of the node that the images come from.
        backbones: of the backbones by node, in the order of the data.
        main: node of the main base; None when the flow has no backbone.
        backbone: settings of the main base; the defaults when there is none.
        target: of the node that images of another domain come from; None when the flow is not adapted to any.
        needs_all_classes: whether each class must be among the training images; not to find anomalies.
    """

    flow: Flow
    images: ImagesSettings
    backbones: dict[str, BackboneSettings]
    main: str | None
    backbone: BackboneSettings
    target: TargetSettings | None = None
    needs_all_classes: bool = True

    @property
    def base_id(self) -> str:
        """The main base that is really opened; 'none' when the flow has no backbone."""
        if self.main is None:
            return "none"
        base = self.backbone.base
        if self.backbone.strategy == "from_scratch" and not base.startswith("random:"):
            return f"random:{base}"
        return base


def read_settings(flow: Flow) -> FlowSettings:
    """Return the settings of a flow's nodes, and the flow that really runs: the one door for plans and runs.

    Raises:
        FlowError: the flow has problems; all are listed.
    """
    from graftwork.engine.build import data_node

    flow = checked(flow)
    order = sorted_nodes(flow)
    backbones = {
        n: BackboneSettings.model_validate(flow.node(n).settings)
        for n in order
        if flow.node(n).component == "backbone"
    }
    main = next(iter(backbones), None)
    return FlowSettings(
        flow=flow,
        images=ImagesSettings.model_validate(data_node(flow).settings),
        backbones=backbones,
        main=main,
        backbone=backbones[main] if main is not None else BackboneSettings(),
        target=_target_of(flow),
        needs_all_classes=not flow.of_component("anomaly"),
    )


def _target_of(flow: Flow) -> TargetSettings | None:
    nodes = flow.of_component("target_images") if flow.of_component("adaptation") else ()
    return TargetSettings.model_validate(nodes[0].settings) if nodes else None


def cuts_of(settings: FlowSettings, network: Network) -> dict[str, str]:
    """Return the cut of each base in the main phase: up to it stages are frozen, layers' exceptions apart.

    Raises:
        CutError, PlanError: as ``cut_of`` says.
    """
    cuts = {}
    for node, placed in network.bases.items():
        last = placed.base.stage_names()[-1]
        if node in settings.backbones:
            own = settings.backbones[node]
            cuts[node] = cut_of(placed.base.card, own)
        else:
            cuts[node] = placed.rules.first_free(placed.base, last)
    return cuts


def strategy_of(settings: FlowSettings, network: Network, cuts: dict[str, str]) -> Strategy:
    """Return the strategy's name: the main backbone's own, or what custom code amounts to."""
    main = network.main
    if main is None:
        frozen = any(not p.requires_grad for s in network.steps for p in s.module.parameters())
        return "some_layers" if frozen else "from_scratch"
    if main.node in settings.backbones:
        return settings.backbones[main.node].strategy
    if cuts[main.node] == main.base.stage_names()[-1]:
        return "head_only"
    return "all_layers" if cuts[main.node] == INPUT_CUT else "some_layers"

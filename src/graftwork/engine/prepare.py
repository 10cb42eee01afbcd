"""Everything a run or a plan needs: settings, images, network, number format, plan."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from graftwork.data import ImageSet, Transform, split_images
from graftwork.data.opening import index_path, list_images
from graftwork.documents.flow import Flow
from graftwork.documents.plan import ComputePlan, Plan
from graftwork.engine.boundary import set_trainable
from graftwork.engine.build import Built, build_flow
from graftwork.engine.compute import choose_compute
from graftwork.engine.network import Network
from graftwork.engine.phase_terms import PhaseTerms
from graftwork.engine.plan import make_plan, term_facts
from graftwork.engine.settings import FlowSettings, read_settings
from graftwork.engine.shards import cache_limit_bytes
from graftwork.engine.sources import Augmenter
from graftwork.engine.terms import make_terms
from graftwork.engine.workspace import Workspace
from graftwork.graph.contracts import ImagesSettings

__all__ = ["Prepared", "index_path", "list_images", "open_data", "open_terms", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A flow with its data and network, ready to run."""

    flow: Flow
    settings: FlowSettings
    images: ImageSet
    built: Built
    transform: Transform
    augmenter: Augmenter
    plan: Plan

    @property
    def network(self) -> Network:
        """The flow's network."""
        return self.built.network


class _Measured(nn.Module):
    """The part of a network whose speed decides the number format."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.network.run({self.network.image_wire: images}, self.network.measured_wires())


def open_data(
    settings: ImagesSettings, seed: int, workspace: Workspace, *, need_all_classes: bool = True
) -> ImageSet:
    """Return the split image set of an images node.

    ``seed``: of the recipe; it draws the share of the training images, and the splits unless they have a seed of
    their own. ``need_all_classes``: whether each class must be among the training images.
    """
    images = list_images(settings, workspace.index)
    return split_images(
        images,
        validation=settings.validation,
        test=settings.test,
        seed=settings.seed_of_split(seed),
        train_share=settings.train_share,
        share_seed=seed,
        need_all_classes=need_all_classes,
    )


def prepare(flow: Flow, images: ImageSet, workspace: Workspace, *, compute: ComputePlan | None) -> Prepared:
    """Build the network, measure, and plan.

    Args:
        flow: a checked flow.
        images: its split images.
        workspace: shared folders.
        compute: of the run that is resumed; None measures.
    """
    settings, recipe = read_settings(flow), flow.recipe
    flow = settings.flow
    built = build_flow(flow, images.num_targets, workspace)
    port, transform = built.port, Transform.for_port(built.port)
    if compute is None:
        compute = choose_compute(
            _Measured(built.network),
            (port.channels, *transform.size),
            recipe,
            key=built.network.architecture(),
            memory=workspace.cache / "compute.json",
        )
    built.network.base_images = 0
    built.network.to(compute.device)
    limit = cache_limit_bytes(workspace.cache)
    plan = make_plan(flow, settings, built, images, compute, cache_limit=limit)
    augmenter = Augmenter(recipe.augment, recipe.seed, transform.size)
    return Prepared(flow, settings, images, built, transform, augmenter, plan)


def open_terms(prepared: Prepared, plan: Plan) -> PhaseTerms:
    """Return the loss terms of a run's main phase; the network must have its pretrained weights at this moment."""
    if not any(phase.terms for phase in plan.phases):
        return PhaseTerms()
    network, phase = prepared.network, plan.phases[-1]
    set_trainable(network, phase.cuts, plan.batch_norm)
    facts = term_facts(network, prepared.flow.recipe, plan.strategy, plan.phases, prepared.images)
    return PhaseTerms({name: t.to(plan.compute.device) for name, t in make_terms(facts).items()})

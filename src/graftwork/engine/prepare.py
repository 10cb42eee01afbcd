"""Everything a run or a plan needs: settings, images, network, number format, plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from graftwork.data import ImageSet, Transform, open_images, split_images
from graftwork.data.opening import index_path, list_images
from graftwork.data.unlabelled import hide_labels
from graftwork.documents.flow import Flow
from graftwork.documents.plan import ComputePlan, Plan
from graftwork.engine.boundary import set_trainable
from graftwork.engine.build import Built, build_flow
from graftwork.engine.compute import choose_compute
from graftwork.engine.image_weights import read_image_weights
from graftwork.engine.network import Network
from graftwork.engine.phase_terms import PhaseTerms
from graftwork.engine.plan import make_plan, term_facts
from graftwork.engine.settings import FlowSettings, read_settings
from graftwork.engine.shards import cache_limit_bytes
from graftwork.engine.sources import Augmenter
from graftwork.engine.terms import make_terms
from graftwork.engine.workspace import Workspace
from graftwork.errors import DataError
from graftwork.graph.adaptation import TargetSettings
from graftwork.graph.contracts import ImagesSettings

__all__ = ["Prepared", "index_path", "list_images", "open_data", "open_target", "open_terms", "prepare"]


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
    target: ImageSet | None = None
    weights: Tensor | None = None

    @property
    def network(self) -> Network:
        """The flow's network."""
        return self.built.network


LEAST_TARGET = 8
"""Fewer target images than these say nothing about a domain."""


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


def open_target(settings: TargetSettings, classes: Sequence[str], workspace: Workspace) -> ImageSet:
    """Return the images of a target domain, without labels.

    Args:
        settings: of the node that they come from.
        classes: of the source.
        workspace: shared folders.

    Raises:
        DataError: not there, or too few.
    """
    index = None if workspace.index is None else index_path(settings.source, workspace.index)
    images = open_images(settings.source, index_path=index, need_labels=False, only_report=True)
    if len(images) < LEAST_TARGET:
        raise DataError(
            f"The target {settings.source} has {len(images)} images; at least {LEAST_TARGET} are wanted.",
            hint="Add images; they need no labels.",
        )
    return hide_labels(images, classes)


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
    target = None if settings.target is None else open_target(settings.target, images.classes, workspace)
    weights = read_image_weights(recipe.image_weights, images)
    plan = make_plan(
        flow, settings, built, images, compute, cache_limit=limit, target=target, weights=weights
    )
    augmenter = Augmenter(recipe.augment, recipe.seed, transform.size)
    return Prepared(flow, settings, images, built, transform, augmenter, plan, target, weights)


def open_terms(prepared: Prepared, plan: Plan) -> PhaseTerms:
    """Return the loss terms of a run's main phase; the network must have its pretrained weights at this moment."""
    if not any(phase.terms for phase in plan.phases):
        return PhaseTerms()
    network, phase = prepared.network, plan.phases[-1]
    set_trainable(network, phase.cuts, plan.batch_norm)
    facts = term_facts(network, prepared.flow.recipe, plan.strategy, plan.phases, prepared.images)
    return PhaseTerms({name: t.to(plan.compute.device) for name, t in make_terms(facts).items()})

"""Everything a run or a plan needs: settings, images, base, network, number format, plan."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from graftwork.bases import Base, open_base
from graftwork.data import ImageSet, Transform, open_images, split_images
from graftwork.documents.card import InputPort
from graftwork.documents.document import Document
from graftwork.documents.flow import Flow
from graftwork.documents.plan import ComputePlan, Plan
from graftwork.engine.compute import choose_compute
from graftwork.engine.network import Network, build_network
from graftwork.engine.plan import make_plan
from graftwork.engine.shards import cache_limit_bytes
from graftwork.engine.sources import Augmenter
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError
from graftwork.graph.check import checked
from graftwork.graph.contracts import BackboneSettings, HeadSettings, ImagesSettings

__all__ = [
    "Prepared",
    "Settings",
    "index_path",
    "input_port",
    "open_data",
    "open_network",
    "prepare",
    "read_settings",
]

_S = TypeVar("_S", bound=Document)


@dataclass(frozen=True)
class Settings:
    """The settings of a classification flow's nodes."""

    images: ImagesSettings
    backbone: BackboneSettings
    head: HeadSettings

    @property
    def base_id(self) -> str:
        """The base that is really opened: from scratch, it is untrained."""
        base = self.backbone.base
        if self.backbone.strategy == "from_scratch" and not base.startswith("random:"):
            return f"random:{base}"
        return base


@dataclass(frozen=True)
class Prepared:
    """A flow with its data and network, ready to run."""

    flow: Flow
    settings: Settings
    images: ImageSet
    network: Network
    transform: Transform
    augmenter: Augmenter
    plan: Plan


def read_settings(flow: Flow) -> Settings:
    """Return the settings of a checked flow's nodes.

    Raises:
        FlowError: the flow has problems, or more than one node of a kind that may come once.
    """
    checked(flow)
    return Settings(
        images=_only(flow, "images", ImagesSettings),
        backbone=_only(flow, "backbone", BackboneSettings),
        head=_only(flow, "head", HeadSettings),
    )


def _only(flow: Flow, component: str, settings: type[_S]) -> _S:
    nodes = flow.of_component(component)
    if len(nodes) != 1:
        raise FlowError(
            f"The flow '{flow.name}' has {len(nodes)} nodes of component '{component}'; one is wanted.",
            node=nodes[-1].id if nodes else None,
        )
    return settings.model_validate(nodes[0].settings)


def open_data(settings: ImagesSettings, seed: int, workspace: Workspace) -> ImageSet:
    """Return the split image set of an images node."""
    images = open_images(
        settings.source,
        image_column=settings.image_column,
        label_column=settings.label_column,
        split_column=settings.split_column,
        group_column=settings.group_column,
        index_path=index_path(settings.source, workspace.index),
    )
    return split_images(images, validation=settings.validation, test=settings.test, seed=seed)


def index_path(source: str, folder: Path) -> Path:
    """Return the file that remembers facts of the files of ``source``."""
    name = hashlib.sha256(str(Path(source).absolute()).encode()).hexdigest()[:16]
    return folder / f"{name}.sqlite"


def open_network(
    settings: Settings, num_classes: int, seed: int, workspace: Workspace, *, weights: bool = True
) -> Network:
    """Return the network with a head that depends on the seed alone.

    With ``weights`` the base holds its published values; without, values that are to be replaced.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        base: Base = open_base(
            settings.base_id, image_size=settings.backbone.image_size, runs=workspace.runs, weights=weights
        )
    head = settings.head
    return build_network(base, num_classes, hidden=head.hidden, dropout=head.dropout, seed=seed)


def input_port(network: Network, settings: BackboneSettings) -> InputPort:
    """Return the base's port with the crop that the flow wants."""
    port = network.base.card.port
    return port.edit(crop_share=1.0) if settings.crop == "whole" else port


def prepare(flow: Flow, images: ImageSet, workspace: Workspace, *, compute: ComputePlan | None) -> Prepared:
    """Open the base, build the network, measure, and plan.

    Args:
        flow: a checked flow.
        images: its split images.
        workspace: shared folders.
        compute: of the run that is resumed; None measures.
    """
    settings, recipe = read_settings(flow), flow.recipe
    network = open_network(settings, len(images.classes), recipe.seed, workspace)
    port = input_port(network, settings.backbone)
    transform = Transform.for_port(port)
    if compute is None:
        compute = choose_compute(
            network.stages_in_order(),
            (port.channels, *transform.size),
            recipe,
            key=network.base.card.architecture,
            memory=workspace.cache / "compute.json",
        )
    network.to(compute.device)
    plan = make_plan(
        settings.backbone,
        recipe,
        images,
        network,
        port,
        compute,
        cache_limit=cache_limit_bytes(workspace.cache),
    )
    augmenter = Augmenter(recipe.augment, recipe.seed, transform.size)
    return Prepared(flow, settings, images, network, transform, augmenter, plan)

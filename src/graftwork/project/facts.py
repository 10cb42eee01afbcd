"""What the data and the bases of a flow say, so that its check knows shapes and can propose settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from graftwork.documents.card import BaseCard, InputPort
from graftwork.documents.flow import Flow
from graftwork.errors import GraftworkError
from graftwork.graph.contracts import BackboneSettings, ImagesSettings
from graftwork.graph.propose import Facts
from graftwork.project.sources import open_source

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState

__all__ = ["data_facts", "gather_facts", "readable_parts"]

Parts = tuple[ImagesSettings | None, int, dict[str, BackboneSettings]]


def data_facts(flow: Flow) -> Facts:
    """Return what the data of a flow says, where it has one source that can be opened."""
    settings, _, _ = readable_parts(flow)
    if settings is None:
        return Facts()
    try:
        images = open_source(settings, None)
    except (GraftworkError, ValueError):
        return Facts()
    return Facts(num_classes=images.num_targets or None, label_kind=images.label_kind)


def readable_parts(flow: Flow) -> Parts:
    """Return the settings of the only images node, the seed, and the settings of the backbones, those that read."""
    images = flow.of_component("images")
    settings = None
    if len(images) == 1:
        try:
            settings = ImagesSettings.model_validate(images[0].settings)
        except ValidationError:
            settings = None
    bases = {}
    for node in flow.of_component("backbone"):
        try:
            bases[node.id] = BackboneSettings.model_validate(node.settings)
        except ValidationError:
            continue
    return settings, flow.recipe.seed, bases


def gather_facts(
    state: BenchState, images: ImagesSettings | None, seed: int, bases: Mapping[str, BackboneSettings]
) -> Facts:
    """Return what data and bases say; what cannot be opened says nothing. Runs no code of the user.

    Args:
        state: of the bench; opened data and bases are kept.
        images: settings of the images node.
        seed: of the split.
        bases: settings of backbones by node.
    """
    num_classes, kind = None, None
    if images is not None:
        try:
            found = state.images(images, seed)
            num_classes, kind = found.num_targets or None, found.label_kind
        except (GraftworkError, ValueError):
            num_classes = None
    ports: dict[str, InputPort] = {}
    widths: dict[str, int] = {}
    for node, settings in bases.items():
        try:
            side = settings.image_size or (images.size if images is not None else None)
            card = state.session.open_base(settings, side, seed).card
        except (GraftworkError, ValueError):
            continue
        ports[node], widths[node] = card.port, _width(card, settings.last_stage)
    return Facts(num_classes=num_classes, label_kind=kind, ports=ports, num_features=widths)


def _width(card: BaseCard, last: str | None) -> int:
    """Return the number of features that leave a base: channels of maps, else the last size."""
    stage = next((s for s in card.stages if s.name == last), card.stages[-1])
    shape = stage.output_shape
    return shape[0] if len(shape) == 3 else shape[-1]

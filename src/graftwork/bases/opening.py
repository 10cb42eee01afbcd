"""Open a base by its id, and list what there is."""

from __future__ import annotations

from pathlib import Path

import torch

from graftwork.bases.assemble import assemble
from graftwork.bases.base import Base
from graftwork.bases.registry import BaseSummary, Blueprint, Request, get_host, list_hosts
from graftwork.errors import ImageSizeError, UsageError

__all__ = ["draw_blueprint", "list_bases", "open_base"]

UNTRAINED = "random"


def open_base(
    base_id: str,
    *,
    image_size: int | None = None,
    runs: Path | None = None,
    weights: bool = True,
    seed: int | None = None,
    last_stage: str | None = None,
    ends_at_maps: bool = False,
) -> Base:
    """Open a base, cut into stages.

    Args:
        base_id: "host:name", such as "bundled:efficientnet_lite0", "timm:resnet18", "run:ID" or
            "file:PATH@timm:resnet18"; "random:" in front of one gives it untrained.
        image_size: side of the images in pixels; None takes the base's own.
        runs: folder of the project's runs, for "run:ID".
        weights: False gives the architecture untrained.
        last_stage: stage with which the base ends, when it is not its own last one.
        ends_at_maps: without ``last_stage``, the base ends with the last stage that gives maps (c, h, w).
        seed: for untrained weights; None takes the one last given to ``torch.manual_seed``. No number is
            drawn from the global random state.

    Raises:
        UsageError: the id is not "host:name".
        UnknownName: no such host or base; the hint guesses.
        HubUnreachable, WeightsMismatch, ImageSizeError, BaseNotUsable: as they say.
    """
    if image_size is not None and image_size < 1:
        raise ImageSizeError(f"An image size of {image_size} pixels is not possible.", hint="Take 1 or more.")
    seed = torch.initial_seed() if seed is None else seed
    request = Request(image_size=image_size, runs=runs, weights=weights, seed=seed)
    blueprint = draw_blueprint(base_id, request)
    blueprint.last_stage = last_stage or blueprint.last_stage
    blueprint.ends_at_maps = ends_at_maps
    return assemble(base_id, blueprint)


def draw_blueprint(base_id: str, request: Request) -> Blueprint:
    """Return the model behind a base id, not yet cut into stages."""
    host, colon, name = base_id.partition(":")
    if not colon or not name:
        raise UsageError(
            f"'{base_id}' is not a base id: one is written host:name.",
            hint=f"For instance 'bundled:efficientnet_lite0' or 'timm:{base_id.strip(':') or 'resnet18'}'; "
            f"hosts: {', '.join([*list_hosts(), UNTRAINED])}.",
        )
    if host == UNTRAINED:
        untrained = Request(request.image_size, request.runs, False, request.seed)
        return draw_blueprint(name, untrained)
    return get_host(host).open(name, request)


def list_bases(host: str | None = None) -> tuple[BaseSummary, ...]:
    """Return the bases of one host, or of all hosts; no network is used.

    Raises:
        UnknownName: no such host.
    """
    hosts = [host] if host is not None else list_hosts()
    return tuple(summary for name in hosts for summary in get_host(name).summaries())

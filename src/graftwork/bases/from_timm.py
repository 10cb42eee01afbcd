"""Host "timm": the models of the timm library, with published weights or untrained."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg, get_pretrained_cfg
from torch import Tensor, nn

from graftwork.bases.hubs import fetch_from_hub, fetch_url, find_in_hub, find_url
from graftwork.bases.image_size import check_patches
from graftwork.bases.loading import digest_file
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import (
    BaseNotUsable,
    GraftworkError,
    HubUnreachable,
    ImageSizeError,
    UnknownName,
    WeightsMismatch,
    did_you_mean,
)

__all__ = ["TimmHost", "adapt_tensors", "build_timm", "classifier_names", "timm_port"]

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")


class TimmHost:
    """All models of timm, by timm's own names with or without a tag of the weights."""

    name = "timm"

    def open(self, name: str, request: Request) -> Blueprint:
        config = config_of(name)
        path = find_or_fetch(name, config) if request.weights else None
        module = build_timm(name, request, file=path)
        return Blueprint(
            module=module,
            title=f"{config.architecture} ({config.tag})" if config.tag else str(config.architecture or name),
            architecture=f"timm:{name}",
            port=timm_port(module, request.image_size),
            origin=origin_of(config, path),
            loaded=frozenset(module.state_dict()) if path else frozenset(),
            classifier_names=classifier_names(module),
            adapt=partial(adapt_tensors, module),
        )

    def summaries(self) -> Iterable[BaseSummary]:
        for name in timm.list_models(pretrained=True):
            config = get_pretrained_cfg(name)
            offline = bool(config and local_file(config))
            held_license = (config.license if config else None) or "unknown"
            yield BaseSummary(f"timm:{name}", name, available_offline=offline, license=held_license)


def config_of(name: str) -> Any:
    """Return timm's facts about the weights of ``name``.

    Raises:
        UnknownName: timm has no such model, or no such tag of it.
    """
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise UnknownName(f"timm has no model '{name}'.", hint=did_you_mean(name, timm.list_models()))
    tags = [n for n in timm.list_models(pretrained=True) if n.partition(".")[0] == architecture]
    if tag and name not in tags:
        raise UnknownName(f"timm has no weights '{tag}' for '{architecture}'.", hint=did_you_mean(name, tags))
    return get_pretrained_cfg(name) or PretrainedCfg(architecture=architecture)


def build_timm(name: str, request: Request, *, file: Path | None = None) -> nn.Module:
    """Build a timm model; untrained weights depend on the seed only.

    Raises:
        ImageSizeError: the model cannot be built for this size.
        WeightsMismatch: the file holds other weights.
    """
    kwargs: dict[str, Any] = {}
    if file is not None:
        kwargs = {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file), "hf_hub_id": None}}
    size = request.image_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        try:
            module: nn.Module = build_at_size(name, size, kwargs)
        except Exception as error:
            raise not_built(name, size, file, error) from error
    if size and (patch_size := patch_size_of(module)):
        check_patches(f"timm:{name}", size, patch_size)
    return module


def build_at_size(name: str, size: int | None, kwargs: Mapping[str, Any]) -> Any:
    """Build a model for images of ``size``: some are built for one size, the others just run."""
    if size is not None:
        try:
            return timm.create_model(name, img_size=size, **kwargs)
        except TypeError:
            pass  # a model that takes any size has no such option
    return timm.create_model(name, **kwargs)


def not_built(name: str, size: int | None, file: Path | None, error: Exception) -> GraftworkError:
    """Return the error for a model that timm could not build or fill."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
    if file is not None and not isinstance(error, AssertionError):
        return WeightsMismatch(
            f"The weights in {file} do not load into 'timm:{name}' ({reason}).",
            hint="Remove the file, so that it is fetched anew, or put the right one there.",
        )
    if size is None:
        return BaseNotUsable(f"timm cannot build '{name}' ({reason}).", hint="Take another base.")
    return ImageSizeError(
        f"Base 'timm:{name}' cannot be built for images of {size}×{size} pixels ({reason}).",
        hint="Leave the image size out, or take a multiple of 32.",
        image_size=size,
    )


def patch_size_of(module: nn.Module) -> int | None:
    """Return the side of a transformer's patches in pixels; None for other models."""
    embedding = getattr(module, "patch_embed", None)
    size = getattr(embedding, "patch_size", None)
    if isinstance(size, tuple | list):
        size = size[0]
    return size if isinstance(size, int) else None


def timm_port(module: nn.Module, image_size: int | None) -> InputPort:
    """Return the images that a timm model wants, from its own configuration."""
    resolve: Any = timm.data.config.resolve_model_data_config
    config = resolve(module)
    channels, height, width = config["input_size"]
    interpolation = config["interpolation"]
    return InputPort(
        height=image_size or height,
        width=image_size or width,
        channels=channels,
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        interpolation=interpolation if interpolation in INTERPOLATIONS else "bicubic",
        crop_share=config["crop_pct"],
    )


def classifier_names(module: nn.Module) -> tuple[str, ...] | None:
    """Return the modules that give the classes; empty when the model is without classifier."""
    if getattr(module, "num_classes", None) == 0:
        return ()
    names = getattr(module, "pretrained_cfg", {}).get("classifier")
    names = (names,) if isinstance(names, str) else tuple(names or ())
    known = dict(module.named_modules())
    return names if names and all(n in known for n in names) else None


def adapt_tensors(module: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Bring tensors of another size or an older layout into the form that ``module`` has, if timm can."""
    adapt = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    if adapt is None:
        return tensors
    try:
        return dict(adapt(dict(tensors), module))
    except (KeyError, AttributeError, RuntimeError, AssertionError, TypeError, ValueError):
        return tensors


def weights_file(config: Any) -> str:
    return str(config.hf_hub_filename or "model.safetensors")


def local_file(config: Any) -> Path | None:
    """Return the published weights if they are on this machine."""
    if config.hf_hub_id and (path := find_in_hub(config.hf_hub_id, weights_file(config))):
        return path
    return find_url(config.url) if config.url else None


def find_or_fetch(name: str, config: Any) -> Path:
    """Return the weights file, from this machine or else from its hub.

    Raises:
        HubUnreachable: it is in neither.
    """
    found = local_file(config)
    if found is not None:
        return found
    if config.hf_hub_id:
        return fetch_from_hub(f"timm:{name}", config.hf_hub_id, weights_file(config))
    if config.url:
        return fetch_url(f"timm:{name}", config.url)
    raise HubUnreachable(
        f"There are no published weights for 'timm:{name}'.",
        hint=f"Use 'random:timm:{name}' untrained, or 'bundled:efficientnet_lite0', which needs no network.",
    )


def origin_of(config: Any, path: Path | None) -> Origin:
    if path is None:
        return Origin(source="random", license="Apache-2.0", note="Untrained weights.")
    source = f"hf-hub:{config.hf_hub_id}" if config.hf_hub_id else str(config.url)
    return Origin(
        source=source,
        license=config.license or "unknown",
        digest=digest_file(path),
        size_bytes=path.stat().st_size,
    )

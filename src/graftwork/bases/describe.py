"""Say in words what a module is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from torch import nn

from graftwork.documents.card import LayerCard

__all__ = ["describe_layers", "describe_module", "describe_stage"]

WORDS = {
    "BasicBlock": "residual block",
    "Bottleneck": "bottleneck residual block",
    "BottleneckBlock": "bottleneck residual block",
    "ResBottleneckBlock": "bottleneck residual block",
    "InvertedResidual": "inverted residual block",
    "DepthwiseSeparableConv": "depthwise separable convolution block",
    "MBConv": "inverted residual block",
    "FusedMBConv": "fused inverted residual block",
    "EdgeResidual": "fused inverted residual block",
    "ConvNeXtBlock": "ConvNeXt block",
    "CNBlock": "ConvNeXt block",
    "Block": "transformer block",
    "EncoderBlock": "transformer block",
    "SwinTransformerBlock": "shifted-window transformer block",
    "PatchMerging": "patch merging",
    "PatchEmbed": "patch embedding",
    "DenseLayer": "dense layer",
    "Fire": "fire block",
    "Inception": "inception block",
    "ConvNormAct": "convolution block",
    "ConvBnAct": "convolution block",
}
# Blocks that transformers names by the model: ViTLayer, SwinLayer, ResNetBasicLayer …
FAMILIES = (
    (
        r"(ViT|DeiT|Beit|Dinov2|Data2VecVision|IJepa|Segformer|Pvt|Siglip|CLIP|Hiera)\w*(Encoder)?Layer",
        "transformer block",
    ),
    (r"(Donut)?Swin(v2)?Layer", "shifted-window transformer block"),
    (r"ConvNext(V2)?Layer", "ConvNeXt block"),
    (r"ResNetBasicLayer", "residual block"),
    (r"ResNetBottleNeckLayer|RegNet[XY]Layer", "bottleneck residual block"),
    (r"\w+InvertedResidual|EfficientNetBlock", "inverted residual block"),
    (r"\w+ConvLayer", "convolution block"),
    (r"(ViT|DeiT|Beit|Dinov2|Data2VecVision|IJepa|Swin|Swinv2|ConvNext)\w*Embeddings", "patch embedding"),
)
FUNCTIONS = {
    "first_token": "selection of the class token",
    "token_and_mean": "class token and mean of the others",
    "mean_of_places": "global average pool",
    "mean_of_tokens": "mean of the tokens",
    "mean_of_patches": "mean of the patches",
    "mean_of_rows": "global average pool",
    "swap_tokens": "transpose",
    "getitem": "selection of the class token",
    "adaptive_avg_pool2d": "adaptive average pool",
}
SILENT = ("permute", "contiguous")
QUIET = (nn.Identity, nn.Dropout)


def describe_module(module: nn.Module) -> str:
    """Return one module in words.

    >>> describe_module(nn.Conv2d(3, 8, 3, stride=2))
    'convolution 3×3, stride 2, 3 → 8'
    """
    words = getattr(module, "settings", None)  # layers of other libraries say it themselves
    if isinstance(words, str):
        return words
    if isinstance(module, nn.Conv2d):
        return describe_convolution(module)
    if isinstance(module, nn.Linear):
        return f"linear, {module.in_features} → {module.out_features}"
    name = type(module).__name__
    if block := block_words(name):
        return block
    if "BatchNorm" in name:
        return "batch norm"
    if "LayerNorm" in name:
        return "layer norm"
    if name.startswith(("ReLU", "GELU", "SiLU")):
        return name
    name = name.replace("Avg", "Average")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip("_"))
    return words.lower().replace("2d", "")


def describe_convolution(module: nn.Conv2d) -> str:
    height, width = module.kernel_size[0], module.kernel_size[1]
    kind = "depthwise convolution" if 1 < module.groups == module.in_channels else "convolution"
    stride = f", stride {module.stride[0]}" if module.stride[0] != 1 else ""
    return f"{kind} {height}×{width}{stride}, {module.in_channels} → {module.out_channels}"


def describe_stage(module: nn.Module, names: list[str], functions: list[str], own_path: str | None) -> str:
    """Return a stage in words, such as "3 inverted residual blocks" or "convolution 3×3, 3 → 32 + batch norm".

    Args:
        module: the whole model.
        names: the modules that the stage calls, in order, by qualified name.
        functions: the functions that it calls, told when it calls no module.
        own_path: the module that the stage stands for, when it stands for one.
    """
    if own_path:
        kinds = blocks_of(module.get_submodule(own_path))
        if kinds:
            return " + ".join(plural(kind, n) for kind, n in Counter(kinds).items())
    called = [module.get_submodule(name) for name in names]
    kinds = [describe_module(m) for m in called if not isinstance(m, QUIET)]
    kinds = kinds or [function_words(name) for name in functions if name not in SILENT]
    shown = list(dict.fromkeys(kinds))
    return " + ".join(shown[:3]) + (" and more" if len(shown) > 3 else "") or "nothing"


def function_words(name: str) -> str:
    """Return a function, or an operation of an exported graph such as "relu_.default", in words."""
    plain = name.partition(".")[0].strip("_")
    return FUNCTIONS.get(plain, plain.replace("_", " "))


def blocks_of(module: nn.Module) -> list[str]:
    """Return the blocks of a module in words, outermost known ones; else what its class calls a block."""
    name = type(module).__name__
    if block := block_words(name):
        return [block]
    inner = [kind for child in module.children() for kind in blocks_of(child)]
    is_block = name.endswith("Block") and any(True for _ in module.children())
    return [describe_module(module)] if is_block and not inner else inner


def block_words(name: str) -> str | None:
    """Return a known block's class name in words."""
    if name.startswith("Inception"):
        return "inception block"
    known = WORDS.get(name.lstrip("_"))
    return known or next((words for pattern, words in FAMILIES if re.fullmatch(pattern, name)), None)


def plural(kind: str, number: int) -> str:
    if number == 1:
        return kind
    return f"{number} {kind}{'' if kind.endswith('s') else 's'}"


def describe_layers(
    stage: nn.Module, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> tuple[LayerCard, ...]:
    """Return a card for each layer of a stage, by original name; their parameters add up to the stage's.

    A layer is a module that owns parameters or buffers, or an innermost one without. Parameters that
    the model's own code reads, such as position embeddings, have a card each.

    Args:
        shapes: the shape that each module gave when it ran, without the batch, by name.
    """
    cards, known = [], shapes or {}
    for name, module in stage.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if name == "" or type(module) is nn.Module:
            for key, value in own.items():
                shape = "×".join(map(str, value.shape))
                full = f"{name}.{key}" if name else key
                cards.append(LayerCard(name=full, kind=f"parameter, {shape}", num_parameters=value.numel()))
        elif is_layer(module):
            size = sum(p.numel() for p in own.values())
            kind, shape_of = describe_module(module), known.get(name)
            cards.append(LayerCard(name=name, kind=kind, num_parameters=size, output_shape=shape_of))
    return tuple(cards)


def is_layer(module: nn.Module) -> bool:
    holds = any(True for _ in module.parameters(recurse=False)) or any(
        True for _ in module.buffers(recurse=False)
    )
    return holds or not (any(True for _ in module.children()) or isinstance(module, QUIET))

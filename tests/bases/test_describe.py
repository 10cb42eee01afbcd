"""Words for layers and stages."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from graftwork.bases import open_base
from graftwork.bases.describe import describe_module

torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Conv2d(3, 8, 3, stride=2), "convolution 3×3, stride 2, 3 → 8"),
        (nn.Conv2d(8, 8, 5, groups=8), "depthwise convolution 5×5, 8 → 8"),
        (nn.Conv2d(8, 8, 5, groups=2), "convolution 5×5, 8 → 8"),
        (nn.Linear(4, 2), "linear, 4 → 2"),
        (nn.BatchNorm2d(3), "batch norm"),
        (nn.GELU(), "GELU"),
        (nn.AdaptiveAvgPool2d(1), "adaptive average pool"),
        (nn.MultiheadAttention(4, 1), "multihead attention"),
    ],
)
def test_words(module: nn.Module, words: str) -> None:
    assert describe_module(module) == words


def test_stages_and_layers_of_a_base() -> None:
    base = open_base("random:bundled:efficientnet_lite0", image_size=32)
    kinds = {stage.name: stage.kind for stage in base.card.stages}
    # The architecture's table: 1, 2, 2, 3, 3, 4, 1 blocks, the first without expansion.
    assert kinds["blocks.0"] == "depthwise separable convolution block"
    assert kinds["blocks.3"] == "3 inverted residual blocks"
    assert kinds["pool"] == "adaptive average pool + flatten"
    stem = {layer.name: layer for layer in base.card.stages[0].layers}
    assert stem["conv_stem"].num_parameters == 3 * 32 * 9
    assert (stem["bn1"].kind, stem["bn1"].num_parameters) == ("batch norm", 64)


def test_parameters_read_by_the_model_s_own_code_have_cards() -> None:
    base = open_base("random:timm:vit_tiny_patch16_224", image_size=32)
    layers = {layer.name: layer.kind for layer in base.card.stages[0].layers}
    # 2 × 2 patches and the class token, 192 wide.
    assert layers["pos_embed"] == "parameter, 1×5×192"
    assert layers["cls_token"] == "parameter, 1×1×192"

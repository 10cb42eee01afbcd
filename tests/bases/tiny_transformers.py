"""Tiny models of transformers, written to folders as their owners would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TOKENS = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
}
SWIN = {
    "embed_dim": 8,
    "depths": [2, 2],
    "num_heads": [2, 2],
    "window_size": 2,
    "image_size": 32,
    "patch_size": 4,
}
PYRAMID = {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 2, 1], "image_size": 32}
CONFIGS: dict[str, dict[str, Any]] = {
    "vit": TOKENS,
    "deit": TOKENS,
    "dinov2": TOKENS,
    "dinov2_with_registers": {**TOKENS, "num_register_tokens": 3},
    "beit": TOKENS,
    "swin": SWIN,
    "swinv2": SWIN,
    "convnext": PYRAMID,
    "convnextv2": PYRAMID,
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [2, 2], "layer_type": "basic"},
    "regnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [2, 2], "groups_width": 4},
    "mobilenet_v1": {"depth_multiplier": 0.25, "image_size": 32, "min_depth": 8},
    "mobilenet_v2": {"depth_multiplier": 0.25, "image_size": 32, "min_depth": 8},
    "efficientnet": {"width_coefficient": 0.2, "depth_coefficient": 0.2, "image_size": 32, "hidden_dim": 256},
    "segformer": {
        "hidden_sizes": [8, 8, 16, 16],
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [1, 1, 2, 2],
        "image_size": 64,
    },
}


def write_model(folder: Path, kind: str, *, architecture: str | None = None, **changes: Any) -> Path:
    """Write a tiny untrained model of ``kind`` to a folder; return the folder."""
    import torch
    import transformers

    names = transformers.models.auto.modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES[kind]
    name = architecture or (names if isinstance(names, str) else names[0])
    config = transformers.AutoConfig.for_model(kind, **{**CONFIGS[kind], "num_labels": 3, **changes})
    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        getattr(transformers, name)(config).save_pretrained(folder)
    return folder

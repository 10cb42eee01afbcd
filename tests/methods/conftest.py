"""What tests of methods share: a base with its old classifier."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from graftwork.bases import open_base


@pytest.fixture(scope="session")
def headed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A base whose old classifier has weights out of a file; its norms know what comes, so features are of size one."""
    path = tmp_path_factory.mktemp("headed") / "w.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = open_base("random:timm:test_efficientnet", image_size=32).module
        for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.momentum = None  # the statistics of this batch alone
        with torch.no_grad():
            module.train()(torch.randn(64, 3, 32, 32))
    drawn = module.state_dict()
    save_file({name: t.contiguous() for name, t in drawn.items()}, path)
    return f"file:{path}@timm:test_efficientnet"

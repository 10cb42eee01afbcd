"""One small base or two of each host that needs no network: the laws, and freezing, saving, export."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from graftwork.bases import Base, open_base, open_module
from graftwork.bases.conformance import check_base
from graftwork.documents.card import InputPort
from graftwork.engine.freeze import freeze

torch.set_num_threads(1)
SIZE = 32


def tiny_model(folder: Path, kind: str) -> Path:
    """Write a tiny model of transformers; the test is left out where the library is not installed."""
    pytest.importorskip("transformers")
    path = Path(__file__).parents[1] / "bases" / "tiny_transformers.py"
    spec = importlib.util.spec_from_file_location("tiny_transformers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: Path = module.write_model(folder / kind, kind)
    return written


def of_transformers(kind: str) -> Callable[[Path], Base]:
    return lambda folder: open_base(f"hf:{tiny_model(folder, kind)}", image_size=SIZE)


def of_name(base_id: str, size: int | None = SIZE) -> Callable[[Path], Base]:
    return lambda folder: open_base(base_id, image_size=size, seed=3)


def of_file(folder: Path) -> Base:
    model = open_base("random:timm:test_resnet", image_size=SIZE, seed=3).module
    save_file(model.state_dict(), folder / "w.safetensors")
    return open_base(f"file:{folder / 'w.safetensors'}@timm:test_resnet", image_size=SIZE)


def of_program(folder: Path) -> Base:
    model = open_base("random:timm:test_resnet", image_size=SIZE, seed=3).module
    shapes = ({0: torch.export.Dim.AUTO},)
    torch.export.save(
        torch.export.export(model, (torch.rand(2, 3, SIZE, SIZE),), dynamic_shapes=shapes), folder / "m.pt2"
    )
    return open_base(f"file:{folder / 'm.pt2'}")


def of_module(folder: Path) -> Base:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Conv2d(8, 8, 3, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return open_module(model, name="custom:net", port=InputPort(height=SIZE, width=SIZE))


SUBJECTS: dict[str, Callable[[Path], Base]] = {
    "bundled": of_name("random:bundled:efficientnet_lite0"),
    "timm": of_name("random:timm:test_resnet"),
    "timm, tokens": of_name("random:timm:vit_tiny_patch16_224"),
    "torchvision": of_name("random:torchvision:shufflenet_v2_x0_5"),
    "hf, tokens": of_transformers("vit"),
    "hf, convolutions": of_transformers("resnet"),
    "file": of_file,
    "program": of_program,
    "module": of_module,
}
SLOW: dict[str, Callable[[Path], Base]] = {
    "keras": of_name("random:keras:MobileNetV2", 32),
    "keras, residual": of_name("random:keras:ResNet50", 32),
    "torchvision, tokens": of_name("random:torchvision:vit_b_32", None),
    "hf, dinov2": of_transformers("dinov2"),
    "hf, swin": of_transformers("swin"),
    "hf, beit": of_transformers("beit"),
    "hf, convnext": of_transformers("convnext"),
    "hf, mobilenet_v2": of_transformers("mobilenet_v2"),
    "hf, efficientnet": of_transformers("efficientnet"),
}
ALL = [*SUBJECTS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


def opened(name: str, folder: Path) -> Base:
    return {**SUBJECTS, **SLOW}[name](folder)


def noise(base: Base, number: int = 2) -> Tensor:
    port = base.card.port
    return torch.randn(
        (number, port.channels, port.height, port.width), generator=torch.Generator().manual_seed(5)
    )


@pytest.mark.parametrize("name", ALL)
def test_laws(name: str, tmp_path: Path) -> None:
    base = opened(name, tmp_path)
    assert len(base.stages) > 1
    check_base(base)


@pytest.mark.parametrize("name", ALL)
def test_a_frozen_base_is_bit_identical_after_a_step(name: str, tmp_path: Path) -> None:
    """Buffers included, whatever the parent is told."""
    base = opened(name, tmp_path)
    before = {n: t.clone() for n, t in base.module.state_dict().items()}
    last = base.card.stages[-1].name
    body = nn.Sequential(*(stage.module for stage in base.stages))
    for stage in base.stages:
        freeze(stage.module)
    nn.Sequential(body).train()
    head = nn.Linear(base.features(noise(base), last).flatten(1).shape[1], 2)
    optimizer = torch.optim.SGD(
        [*(p for p in body.parameters() if p.requires_grad), *head.parameters()], lr=1.0
    )
    nn.functional.cross_entropy(head(body(noise(base)).flatten(1)), torch.tensor([0, 1])).backward()
    optimizer.step()
    after = base.module.state_dict()
    assert all(torch.equal(value, after[n]) for n, value in before.items())


@pytest.mark.parametrize("name", ALL)
def test_a_step_moves_each_trainable_stage(name: str, tmp_path: Path) -> None:
    """Gradients reach every stage with parameters: no stage is a dead copy."""
    base = opened(name, tmp_path)
    x = noise(base)
    for stage in base.stages:
        x = stage.module(x)
    (x * torch.randn(x.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
    for stage in base.stages:
        held = list(stage.module.parameters())
        assert not held or any(p.grad is not None for p in held), stage.name


@pytest.mark.parametrize("name", ALL)
def test_saved_and_loaded_it_predicts_the_same(name: str, tmp_path: Path) -> None:
    base = opened(name, tmp_path)
    x = noise(base)
    with torch.no_grad():
        wanted = base.module(x)
        state = {n: t.clone().contiguous() for n, t in base.module.state_dict().items()}
        save_file(state, tmp_path / "saved.safetensors")
        for parameter in base.module.parameters():
            parameter.zero_()
        base.module.load_state_dict(load_file(tmp_path / "saved.safetensors"))
        assert torch.equal(
            base.rest(base.features(x, base.card.legal_cuts[0]), base.card.legal_cuts[0]), wanted
        )


# torch's decompositions for ONNX fail on the strides of Swin's attention windows (torch 2.14, transformers 5.24).
NO_ONNX = ("hf, swin",)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in (*SUBJECTS, *SLOW) if n not in NO_ONNX])
def test_runs_as_onnx(name: str, tmp_path: Path) -> None:
    base = opened(name, tmp_path)
    body = nn.Sequential(*(stage.module for stage in base.stages)).eval()
    x = noise(base)
    torch.onnx.export(body, (x,), tmp_path / "body.onnx", dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "body.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        assert np.allclose(found, body(x).numpy(), atol=1e-3, rtol=1e-3)

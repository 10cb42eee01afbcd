"""Bases opened down to their layers, and cuts asked for inside a stage."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import resnet18

from graftwork.bases import Base, check_cut, open_base
from graftwork.errors import CutError

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def residual() -> Base:
    return open_base("random:torchvision:resnet18", image_size=64)


def test_each_layer_has_the_shape_it_gives(residual: Base) -> None:
    """Against hooks on the library's own model, run on one image."""
    model = resnet18(weights=None).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda m, i, o, name=name: shapes.__setitem__(name, tuple(o.shape[1:])))
    with torch.no_grad():
        model(torch.rand(1, 3, 64, 64))
    layers = [layer for stage in residual.card.stages for layer in stage.layers]
    assert len(layers) > 50
    for layer in layers:
        assert layer.output_shape == shapes[layer.name], layer.name


def test_a_parameter_that_does_not_run_has_no_shape() -> None:
    base = open_base("random:timm:vit_tiny_patch16_224", image_size=32)
    layers = {layer.name: layer for layer in base.card.stages[0].layers}
    assert layers["pos_embed"].output_shape is None
    assert layers["patch_embed.proj"].output_shape == (192, 2, 2)


def test_totals_are_those_of_the_library_s_model(residual: Base) -> None:
    model = resnet18(weights=None)
    body = [p for n, p in model.named_parameters() if not n.startswith("fc.")]
    held = [*body, *model.buffers()]
    assert residual.card.num_parameters == sum(p.numel() for p in body)
    assert residual.card.num_buffer_values == sum(b.numel() for b in model.buffers())
    assert residual.card.num_bytes == sum(t.numel() * t.element_size() for t in held)


@pytest.mark.parametrize(
    ("cut", "nearest", "words"),
    [
        ("layer1.0.conv1", ["stem", "layer1.0"], "residual block"),
        ("layer4.1.bn2", ["layer4.0", "layer4.1"], "residual block"),
        ("layer2", ["layer1.1", "layer2.1"], "layer2.0, layer2.1"),
        ("conv1", ["input", "stem"], "inside 'stem'"),
    ],
)
def test_a_cut_inside_a_stage_names_the_one_before_and_the_one_after(
    residual: Base, cut: str, nearest: list[str], words: str
) -> None:
    with pytest.raises(CutError, match=words) as caught:
        check_cut(residual.card, cut)
    assert caught.value.fields["nearest"] == nearest
    assert all(name in (caught.value.hint or "") for name in nearest)
    for name in nearest:
        check_cut(residual.card, name)


def test_a_cut_inside_an_inverted_residual_block() -> None:
    base = open_base("random:torchvision:mobilenet_v2", image_size=32)
    with pytest.raises(CutError, match=r"inside 'features\.5' \(inverted residual block\)") as caught:
        base.features(torch.rand(1, 3, 32, 32), "features.5.conv.1.0")
    assert caught.value.fields["nearest"] == ["features.4", "features.5"]


def test_a_layer_of_the_old_classifier_is_no_cut() -> None:
    base = open_base("random:torchvision:mobilenet_v2", image_size=32)
    with pytest.raises(CutError, match="old classifier"):
        check_cut(base.card, "classifier.1")


def test_without_a_legal_cut_after_it(residual: Base) -> None:
    stages = tuple(
        s.edit(cut_is_legal=not s.name.startswith(("layer4", "pool"))) for s in residual.card.stages
    )
    with pytest.raises(CutError) as caught:
        check_cut(residual.card.edit(stages=stages), "layer4.1.conv1")
    assert caught.value.fields["nearest"] == ["layer3.1"]

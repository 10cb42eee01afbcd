"""Every base keeps the laws: what the registry lists as offline, and one of each family untrained."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
import torch

from graftwork.bases import Base, list_bases, open_base
from graftwork.bases.conformance import LAWS
from graftwork.errors import UnknownName

torch.set_num_threads(1)

QUICK = {
    "timm:resnet18": ("stem", "layer4.1", "pool"),
    "timm:mobilenetv3_small_050": ("stem", "blocks.5", "conv_head"),
    "timm:vit_tiny_patch16_224": ("stem", "blocks.11", "pool"),
    "timm:convnext_atto": ("stem", "stages.3", "pool"),
    "timm:efficientnet_b0": ("stem", "blocks.6", "pool"),
    "timm:regnetx_002": ("stem", "s4", "pool"),
    "torchvision:resnet18": ("stem", "layer4.1", "pool"),
    "torchvision:mobilenet_v2": ("features.0", "features.18", "pool"),
    "torchvision:squeezenet1_1": ("features.0", "features.11", "features.12"),
    "torchvision:shufflenet_v2_x0_5": ("stem", "stage4.3", "pool"),
}
SLOW = {
    "timm:swin_tiny_patch4_window7_224": ("stem", "layers.3", "pool"),
    "timm:densenet121": ("features.conv0", "features.denseblock4", "pool"),
    "timm:vgg11": ("features.0", "features.18", "pool"),
    "torchvision:swin_t": ("features.0", "features.7", "pool"),
    "torchvision:vit_b_16": ("stem", "encoder.layers.encoder_layer_11", "pool"),
    "torchvision:googlenet": ("conv1", "inception5b", "pool"),
    "torchvision:mobilenet_v3_small": ("features.0", "features.12", "pool"),
    "torchvision:convnext_tiny": ("features.0", "features.7", "pool"),
    "torchvision:regnet_y_400mf": ("stem", "trunk_output.block4", "pool"),
    "torchvision:vgg11": ("features.0", "features.18", "pool"),
}


def subjects() -> list[object]:
    """Return the ids of bases to check: found offline in the registry, and the families above."""
    slow = [pytest.param(f"random:{name}", marks=pytest.mark.slow) for name in SLOW]
    offline = [b.id for b in list_bases() if b.available_offline and b.id.startswith("bundled:")]
    others = [
        pytest.param(b.id, marks=pytest.mark.slow)
        for b in list_bases()
        if b.available_offline and b.id not in offline
    ]
    return [*offline, *(f"random:{name}" for name in QUICK), *slow, *others]


@lru_cache(maxsize=1)
def opened(base_id: str) -> Base:
    return open_base(base_id, image_size=64)


def test_the_registry_offers_something() -> None:
    assert len(subjects()) > len(QUICK) + len(SLOW)


@pytest.mark.parametrize("base_id", subjects())
def test_laws(base_id: str) -> None:
    base = opened(base_id)
    for law in LAWS:
        law(base)
    assert base.card.traced
    assert base.card.id == base_id
    assert base.classifier is not None


@pytest.mark.parametrize(
    ("base_id", "names"),
    [
        *QUICK.items(),
        *(pytest.param(*item, marks=pytest.mark.slow) for item in SLOW.items()),
    ],
)
def test_stage_names(base_id: str, names: tuple[str, ...]) -> None:
    """First stage, last stage of the body and what follows it, as a reader of the model's code would say."""
    stages = opened(f"random:{base_id}").stage_names()
    assert stages[0] == names[0]
    assert all(name in stages for name in names)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_each_law_has_something_to_say(law: Callable[[Base], None]) -> None:
    assert law.__doc__


def test_laws_find_what_is_wrong() -> None:
    """Each law fails on a base made wrong in its own way."""
    from graftwork.bases import conformance as laws

    def broken() -> Base:
        return open_base("random:timm:resnet18", image_size=32)

    base = broken()
    swapped = Base(base.card, base.module, (base.stages[0], *base.stages[2:]), base.classifier)
    wrong = broken()
    first = wrong.card.stages[0].edit(output_shape=(1, 2, 3))
    shapes = Base(
        wrong.card.edit(stages=(first, *wrong.card.stages[1:])), wrong.module, wrong.stages, wrong.classifier
    )
    moved = broken()
    with torch.no_grad():
        moved.module.get_submodule("fc").weight.add_(1)  # type: ignore[union-attr,operator]
    copied = broken()
    import copy

    stages = (copy.deepcopy(copied.stages[0]), *copied.stages[1:])
    port = base.card.port.edit(std=(0.0, 1.0, 1.0))
    cases = [
        (laws.stages_cover_the_base_once, swapped),
        (laws.shapes_are_as_declared, shapes),
        (laws.stages_share_the_module_s_tensors, Base(copied.card, copied.module, stages, copied.classifier)),
        (laws.port_is_finite, Base(base.card.edit(port=port), base.module, base.stages, base.classifier)),
        (laws.cuts_keep_the_prediction, Base(base.card, base.module, base.stages, None)),
    ]
    for law, bad in cases:
        with pytest.raises(AssertionError):
            law(bad)


def test_unknown_base_is_no_subject() -> None:
    with pytest.raises(UnknownName):
        open_base("timm:no_such_network")

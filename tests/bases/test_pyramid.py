"""Which maps of a base a decoder can join: the last stage of each size; what has no maps is refused."""

from __future__ import annotations

import pytest

from graftwork.bases import choose_skips, map_stages, open_base
from graftwork.errors import CutError

BASES = [
    "bundled:efficientnet_lite0",
    "random:timm:resnet18",
    "random:torchvision:mobilenet_v3_small",
    "random:keras:MobileNetV2",
]


@pytest.mark.parametrize("base_id", BASES)
def test_skips_are_the_last_stages_of_each_size_smallest_first(base_id: str) -> None:
    card = open_base(base_id, image_size=64, weights=False, ends_at_maps=True).card
    shapes = {s.name: s.output_shape for s in card.stages}
    assert card.stages[-1].name in map_stages(card)
    skips = choose_skips(card, 3)
    heights = [shapes[card.stages[-1].name][1], *(shapes[name][1] for name in skips)]
    assert heights == sorted(set(heights))
    order = list(shapes)
    for name in skips:
        later = order[order.index(name) + 1 :]
        assert all(shapes[other][1] != shapes[name][1] for other in later)
    for height in range(heights[0], heights[-1]):  # no size between is left out
        assert height in heights or all(shape[1] != height for shape in shapes.values() if len(shape) == 3)


def test_named_stages_come_in_their_own_order() -> None:
    card = open_base("random:timm:resnet18", image_size=64, ends_at_maps=True).card
    assert choose_skips(card, 0, ["layer1.0", "layer2.0"]) == ("layer1.0", "layer2.0")


@pytest.mark.parametrize(
    ("count", "named", "words"),
    [
        (9, (), "3 sizes larger than those of 'layer4.1', but 9 skips"),
        (0, ("layer9",), "'layer9' is no stage of it"),
        (0, ("layer4.1",), "gives the features already"),
    ],
)
def test_skips_that_a_base_does_not_have_are_refused(count: int, named: tuple[str, ...], words: str) -> None:
    card = open_base("random:timm:resnet18", image_size=64, ends_at_maps=True).card
    with pytest.raises(CutError, match=words) as caught:
        choose_skips(card, count, named)
    assert caught.value.hint


def test_a_base_that_gives_tokens_is_refused_by_name() -> None:
    card = open_base("random:timm:vit_tiny_patch16_224", image_size=32, ends_at_maps=True).card
    with pytest.raises(CutError, match="maps") as caught:
        choose_skips(card, 1)
    assert "convolutional" in str(caught.value.hint)

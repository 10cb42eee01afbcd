"""Cuts, names and lists."""

from __future__ import annotations

import copy

import pytest
import torch

from graftwork.bases import (
    Base,
    BaseSummary,
    Blueprint,
    Request,
    check_cut,
    list_bases,
    list_hosts,
    open_base,
    registry,
)
from graftwork.errors import CutError, ImageSizeError, UnknownName, UsageError

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base("random:timm:resnet18", image_size=32)


def test_input_is_a_legal_cut(base: Base) -> None:
    x = torch.rand(1, 3, 32, 32)
    check_cut(base.card, "input")
    assert base.features(x, "input") is x
    assert torch.equal(base.rest(x, "input"), base.module(x))


def test_unknown_cut_names_what_was_meant(base: Base) -> None:
    with pytest.raises(CutError, match=r"Did you mean 'layer4\.1'") as caught:
        base.features(torch.rand(1, 3, 32, 32), "layer4.l")
    assert caught.value.fields["legal"][0] == "stem"


def test_old_classifier_is_no_cut(base: Base) -> None:
    with pytest.raises(CutError, match="old classifier"):
        check_cut(base.card, "fc")


def test_illegal_cut_names_the_nearest(base: Base) -> None:
    stages = tuple(s.edit(cut_is_legal=s.name != "layer2.0") for s in base.card.stages)
    with pytest.raises(CutError, match=r"'layer1\.1' before it and 'layer2\.1' after it"):
        check_cut(base.card.edit(stages=stages), "layer2.0")


def test_tensors_of_an_unknown_stage(base: Base) -> None:
    with pytest.raises(CutError):
        base.tensors_of("nothing")


def test_num_features_by_shape_of_the_last_stage() -> None:
    assert open_base("random:timm:resnet18", image_size=32).num_features == 512
    assert open_base("random:torchvision:squeezenet1_1", image_size=32).num_features == 512


def test_a_stage_can_be_copied(base: Base) -> None:
    stage = base.stages[1].module
    twin = copy.deepcopy(stage)
    h = torch.rand(1, 64, 8, 8)
    assert torch.equal(twin(h), stage(h))
    assert next(twin.parameters()) is not next(stage.parameters())


def test_untrained_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one = open_base("random:timm:mobilenetv3_small_050", image_size=32)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    two = open_base("timm:mobilenetv3_small_050", image_size=32, weights=False)
    torch.manual_seed(6)
    three = open_base("random:timm:mobilenetv3_small_050", image_size=32, seed=5)
    other = open_base("random:timm:mobilenetv3_small_050", image_size=32)
    digests = [b.card.weights_digest for b in (one, two, three, other)]
    assert digests[0] == digests[1] == digests[2] != digests[3]
    assert one.card.load.loaded == 0
    assert one.card.origin.source == "random"


@pytest.mark.parametrize(
    ("base_id", "wanted"),
    [
        ("resnet18", "timm:resnet18"),
        ("timn:resnet18", "'timm'"),
        ("timm:resnet19", "'resnet18'"),
        ("timm:resnet18.a9_in1k", "resnet18.a1_in1k"),
        ("torchvision:resnet19", "'resnet18'"),
        ("torchvision:resnet50.IMAGENET1K_V3", "IMAGENET1K_V2"),
        ("random:timm:resnet19", "'resnet18'"),
        ("timm:", "host:name"),
    ],
)
def test_unknown_ids_are_guessed(base_id: str, wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        open_base(base_id)


@pytest.mark.parametrize(
    ("base_id", "size", "wanted"),
    [
        ("random:timm:vit_tiny_patch16_224", 70, "64 or 80"),
        ("random:torchvision:vit_b_16", 100, "96 or 112"),
        ("random:torchvision:alexnet", 16, "smallest size found to work is 64"),
        ("random:timm:resnet18", 0, "1 or more"),
    ],
)
def test_image_sizes_that_do_not_fit(base_id: str, size: int, wanted: str) -> None:
    with pytest.raises(ImageSizeError, match=wanted):
        open_base(base_id, image_size=size)


def test_port_of_timm_is_timm_s_own() -> None:
    # From timm's model card of resnet18.a1_in1k: 224 px, crop 0.95, bicubic, ImageNet mean and std.
    port = open_base("random:timm:resnet18", image_size=32).card.port
    assert (port.height, port.crop_share, port.interpolation) == (32, 0.95, "bicubic")
    assert port.mean == (0.485, 0.456, 0.406)


def test_port_of_torchvision_is_its_transform_s() -> None:
    # From torchvision's model card of MobileNet_V2 IMAGENET1K_V2: resize 232, crop 224, bilinear.
    port = open_base("random:torchvision:mobilenet_v2", image_size=32).card.port
    assert port.crop_share == pytest.approx(224 / 232)
    assert port.interpolation == "bilinear"


def test_list_names_each_base_once_and_needs_no_network() -> None:
    bases = list_bases()
    ids = [b.id for b in bases]
    assert len(ids) == len(set(ids)) > 1000
    assert (
        BaseSummary(
            "bundled:efficientnet_lite0", "EfficientNet-Lite0, ImageNet-1k", 3_371_008, True, "Apache-2.0"
        )
        in bases
    )
    assert all(b.id.startswith("torchvision:") for b in list_bases("torchvision"))
    assert next(b for b in bases if b.id == "torchvision:resnet18").num_parameters == 11_689_512
    with pytest.raises(UnknownName):
        list_bases("nowhere")


def test_hosts_register_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine:
        name = "mine"

        def open(self, name: str, request: Request) -> Blueprint:
            return registry.get_host("timm").open("resnet18", request)

        def summaries(self) -> list[BaseSummary]:
            return [BaseSummary("mine:x", "x")]

    list_hosts()
    monkeypatch.setattr(registry, "_hosts", dict(registry._hosts))
    registry.register_host(Mine())
    assert list_bases("mine")[0].id == "mine:x"
    assert open_base("random:mine:x", image_size=32).stage_names()[0] == "stem"
    with pytest.raises(UsageError, match="already"):
        registry.register_host(Mine())
    monkeypatch.setattr(Mine, "name", "random")
    with pytest.raises(UsageError, match="cannot be used"):
        registry.register_host(Mine())

"""The bundled base is EfficientNet-Lite0 as published, and sees what is on a photograph."""

from __future__ import annotations

import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from timm.data import create_transform

from graftwork.bases import Base, bundled, digest_tensors, open_base
from graftwork.errors import UnknownName, WeightsMismatch

torch.set_num_threads(1)
ID = "bundled:efficientnet_lite0"


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(ID)


# ImageNet-1k classes, from the published list: 698 palace, 985 daisy. The preprocessing is timm's own,
# with the numbers of the model's authors, so that the port is checked against a second source.
@pytest.mark.parametrize(("photo", "label"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_golden_photographs(base: Base, photo: str, label: int) -> None:
    transform = create_transform(
        224, interpolation="bicubic", mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.875
    )
    x = transform(Image.fromarray(load_sample_image(photo)))[None]
    with torch.no_grad():
        logits = base.rest(base.features(x, "blocks.4"), "blocks.4")
    assert int(logits.argmax()) == label


def test_port(base: Base) -> None:
    port = base.card.port
    assert (port.height, port.width, port.channels) == (224, 224, 3)
    assert (port.mean, port.std) == ((0.5,) * 3, (0.5,) * 3)
    assert (port.interpolation, port.crop_share, port.channel_order) == ("bicubic", 0.875, "rgb")


def test_stages(base: Base) -> None:
    blocks = [f"blocks.{i}" for i in range(7)]
    assert base.stage_names() == ("stem", *blocks, "conv_head", "pool")
    assert base.card.old_classifier is not None
    assert base.card.old_classifier.name == "classifier"
    assert base.num_features == 1280
    # The published 4,652,008 parameters less the classifier's 1280 × 1000 + 1000.
    assert base.card.num_parameters == 4_652_008 - 1_281_000
    shapes = {s.name: s.output_shape for s in base.card.stages}
    assert shapes["stem"] == (32, 112, 112)
    assert shapes["blocks.4"] == (112, 14, 14)
    assert shapes["pool"] == (1280,)


def test_what_was_loaded(base: Base) -> None:
    load = base.card.load
    assert load.left_out == ("classifier.weight", "classifier.bias")
    assert load.loaded == len(base.module.state_dict()) - 2
    assert (load.missing, load.unexpected) == ((), ())
    assert base.card.origin.license == "Apache-2.0"
    assert (base.card.origin.digest or "").startswith("57934424")


def test_weights_digest_is_that_of_the_stages(base: Base) -> None:
    kept = {n: t for s in base.stage_names() for n, t in base.tensors_of(s).items()}
    assert base.card.weights_digest == digest_tensors(kept)
    assert base.card.weights_digest != open_base(f"random:{ID}", image_size=32).card.weights_digest


def test_renaming_gives_each_name_of_the_architecture_once() -> None:
    module = timm.create_model("tf_efficientnet_lite0")
    sizes = [len(stage) for stage in module.blocks]
    tensors = bundled.read_weights(bundled.weights_path())
    assert sorted(bundled.rename_lite0(tensors, sizes)) == sorted(module.state_dict())


def test_damaged_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "DIGEST_START", "00000000")
    with pytest.raises(WeightsMismatch, match="57934424"):
        open_base(ID, image_size=32)


def test_other_image_size_keeps_the_weights(base: Base) -> None:
    small = open_base(ID, image_size=64)
    assert small.card.port.height == 64
    assert small.card.weights_digest == base.card.weights_digest
    assert small.card.stages[0].output_shape == (32, 32, 32)


def test_unknown_name_is_guessed() -> None:
    with pytest.raises(UnknownName, match="efficientnet_lite0"):
        open_base("bundled:efficientnet")

"""The port tells the truth: an image made ready by it equals what the host's own preprocessing gives."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import Tensor
from torchvision import models

from graftwork.bases import open_base
from graftwork.data import Transform
from graftwork.data.decode import decode_image
from graftwork.documents.card import InputPort
from graftwork.errors import ImageSizeError

torch.set_num_threads(1)


def golden(size: tuple[int, int] = (331, 257), seed: int = 4) -> Image.Image:
    """A smooth image with noise: what differs by a filter or a crop differs visibly."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize(size, Image.Resampling.BICUBIC)).astype(np.int64)
    return Image.fromarray(np.clip(smooth + rng.integers(-20, 21, smooth.shape), 0, 255).astype(np.uint8))


def ready(image: Image.Image, port: InputPort) -> Tensor:
    transform = Transform.for_port(port)
    return transform.normalize(torch.from_numpy(transform.canvas(image).copy())[None])[0]


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenetv3_small_050", "vit_tiny_patch16_224", "test_efficientnet"]
)
def test_timm(name: str) -> None:
    base = open_base(f"random:timm:{name}")
    config = timm.data.resolve_model_data_config(timm.create_model(name))
    wanted = timm.data.create_transform(**config, is_training=False)(golden())
    assert torch.equal(ready(golden(), base.card.port), wanted)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "squeezenet1_1", "regnet_y_400mf"])
def test_torchvision(name: str) -> None:
    base = open_base(f"random:torchvision:{name}")
    wanted = models.get_model_weights(name).DEFAULT.transforms()(golden())
    assert torch.equal(ready(golden(), base.card.port), wanted)


def write_hf(folder: Path, processor: object) -> None:
    path = Path(__file__).parents[1] / "bases" / "tiny_transformers.py"
    spec = importlib.util.spec_from_file_location("tiny_transformers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_model(folder, "vit")
    processor.save_pretrained(folder)  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", ["vit", "convnext", "crop", "offset"])
def test_transformers(case: str, tmp_path: Path) -> None:
    """Against the library's own processors; an oblong image where they crop, a square one where they stretch."""
    library = pytest.importorskip("transformers")
    kinds = {
        "vit": library.ViTImageProcessorPil(size={"height": 32, "width": 32}),
        "convnext": library.ConvNextImageProcessorPil(size={"shortest_edge": 32}, crop_pct=0.875),
        "crop": library.BitImageProcessorPil(
            size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32}, resample=2
        ),
        "offset": library.EfficientNetImageProcessorPil(
            size={"height": 32, "width": 32}, rescale_factor=1 / 127.5, rescale_offset=True, include_top=False
        ),
    }
    processor = kinds[case]
    write_hf(tmp_path, processor)
    # 325 × 257 resizes to 50 × 40: an odd margin would be halved down there and up here.
    image = {"convnext": golden(), "crop": golden((325, 257))}.get(case) or golden((200, 200))
    found = ready(image, open_base(f"hf:{tmp_path}").card.port)
    wanted = processor(image, return_tensors="pt")["pixel_values"][0]
    assert torch.allclose(found, wanted, atol=2e-5), float((found - wanted).abs().max())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "DenseNet121", "EfficientNetB0"])
def test_keras(name: str) -> None:
    """On an image of the base's own size: Keras leaves resizing to its user."""
    base = open_base(f"random:keras:{name}")
    import keras

    port = base.card.port
    image = golden((port.width, port.height))
    modules = {
        "MobileNetV2": keras.applications.mobilenet_v2,
        "ResNet50": keras.applications.resnet50,
        "DenseNet121": keras.applications.densenet,
        "EfficientNetB0": keras.applications.efficientnet,
    }
    wanted = modules[name].preprocess_input(np.asarray(image).astype(np.float32))
    wanted = np.moveaxis(np.asarray(wanted), -1, 0)
    assert np.allclose(ready(image, port).numpy(), wanted, atol=1e-3)


def saved(image: Image.Image, path: Path) -> Image.Image:
    image.save(path)
    return decode_image(path.read_bytes())


def test_gray_transparent_and_deep_images_fit_a_color_base(tmp_path: Path) -> None:
    """One channel is repeated; white lies under what is transparent; 16 bits become 8."""
    port = open_base("random:timm:test_resnet", image_size=32).card.port
    gray = np.random.default_rng(1).integers(0, 256, (40, 40), dtype=np.uint8)
    color = ready(saved(Image.fromarray(np.stack([gray] * 3, axis=-1)), tmp_path / "c.png"), port)
    assert torch.equal(ready(saved(Image.fromarray(gray), tmp_path / "g.png"), port), color)
    opaque = np.dstack([gray, gray, gray, np.full_like(gray, 255)])
    assert torch.equal(ready(saved(Image.fromarray(opaque, "RGBA"), tmp_path / "a.png"), port), color)
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    assert torch.allclose(ready(saved(deep, tmp_path / "d.png"), port), color, atol=0.02)


def test_tokens_at_another_image_size() -> None:
    """timm resamples position embeddings of published weights; torchvision's transformers too."""
    base = open_base("random:timm:vit_tiny_patch16_224", image_size=96)
    assert base.card.stages[0].output_shape == (37, 192)
    with pytest.raises(ImageSizeError, match="patches of 16"):
        open_base("random:timm:vit_tiny_patch16_224", image_size=100)


def test_the_configuration_is_read_as_written(tmp_path: Path) -> None:
    library = pytest.importorskip("transformers")
    write_hf(tmp_path, library.ViTImageProcessorPil(size={"height": 32, "width": 32}))
    content = json.loads((tmp_path / "preprocessor_config.json").read_text(encoding="utf-8"))
    port = open_base(f"hf:{tmp_path}").card.port
    assert list(port.mean) == content["image_mean"]
    assert list(port.std) == content["image_std"]

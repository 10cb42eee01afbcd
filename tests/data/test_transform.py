"""The transform is the base's own preprocessing, pixel for pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from timm.data import create_transform

from graftwork.data import Transform
from graftwork.documents.card import InputPort
from graftwork.errors import PortMismatch, ShapeError

Photo = Callable[..., Image.Image]
torch.set_num_threads(1)

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def port_of(height: int = 224, width: int | None = None, **changes: object) -> InputPort:
    return InputPort.model_validate(
        {"height": height, "width": width or height, "mean": IMAGENET_MEAN, "std": IMAGENET_STD, **changes}
    )


def timm_result(image: Image.Image, port: InputPort) -> torch.Tensor:
    transform = create_transform(
        (3, port.height, port.width),
        interpolation=port.interpolation,
        crop_pct=port.crop_share,
        mean=port.mean,
        std=port.std,
    )
    return transform(image)


def our_result(image: Image.Image, port: InputPort) -> torch.Tensor:
    transform = Transform.for_port(port)
    return transform.normalize(torch.from_numpy(transform.canvas(image).copy())[None])[0]


@pytest.mark.parametrize(
    "size", [(301, 203), (203, 301), (224, 224), (256, 256), (257, 400), (30, 41), (999, 250)]
)
def test_equals_timm_evaluation_transform(photo: Photo, size: tuple[int, int]) -> None:
    port = port_of(crop_share=0.875)
    assert torch.equal(our_result(photo(1, size), port), timm_result(photo(1, size), port))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos", "nearest"])
@pytest.mark.parametrize("crop_share", [0.9, 0.95, 1.0])
def test_equals_timm_for_other_filters_and_crops(photo: Photo, interpolation: str, crop_share: float) -> None:
    port = port_of(96, interpolation=interpolation, crop_share=crop_share)
    assert torch.equal(our_result(photo(2, (150, 111)), port), timm_result(photo(2, (150, 111)), port))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (90, 90)])
def test_equals_timm_for_an_oblong_port(photo: Photo, size: tuple[int, int]) -> None:
    port = port_of(96, 64, crop_share=0.9)
    assert torch.equal(our_result(photo(3, size), port), timm_result(photo(3, size), port))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.sampled_from([0.875, 0.9, 1.0]))
def test_any_image_gives_a_canvas_of_the_port(width: int, height: int, side: int, crop_share: float) -> None:
    transform = Transform.for_port(port_of(side, crop_share=crop_share))
    image = Image.new("RGB", (width, height), (1, 2, 3))
    assert transform.canvas(image).shape == (side, side, 3)
    assert transform.wide_canvas(image).shape == (*transform.wide_size, 3)
    assert (transform.canvas(image) == [1, 2, 3]).all()  # no padding crept in


def test_a_long_strip_costs_no_long_canvas() -> None:
    transform = Transform.for_port(port_of(32))
    assert transform.canvas(Image.new("L", (200_000, 2), 9)).shape == (32, 32, 3)


def test_wide_canvas_is_square_before_the_crop(photo: Photo) -> None:
    transform = Transform.for_port(port_of(crop_share=0.875))
    wide = transform.wide_canvas(photo(4, (300, 290)))
    assert wide.shape == (256, 256, 3)
    assert np.array_equal(wide[16:240, 16:240], transform.canvas(photo(4, (300, 290))))


def test_without_antialias_pixels_are_torchvisions(photo: Photo) -> None:
    from torchvision.transforms.v2 import functional

    transform = Transform.for_port(port_of(32, interpolation="bilinear", antialias=False))
    image = photo(5, (200, 200))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    wanted = functional.resize(pixels, [32, 32], antialias=False).permute(1, 2, 0).numpy()
    assert np.array_equal(transform.canvas(image), wanted)
    assert not np.array_equal(wanted, Transform.for_port(port_of(32, interpolation="bilinear")).canvas(image))


def test_normalize_takes_both_layouts() -> None:
    transform = Transform.for_port(port_of(2))
    batch = torch.randint(0, 256, (5, 2, 2, 3), dtype=torch.uint8)
    assert torch.equal(transform.normalize(batch), transform.normalize(batch.permute(0, 3, 1, 2)))


def test_normalize_follows_range_and_order() -> None:
    port = port_of(1, channel_order="bgr", value_range=(0, 255), mean=(100, 110, 120), std=(2, 2, 2))
    batch = torch.tensor([[[[10, 20, 30]]]], dtype=torch.uint8)
    # blue first: (30 - 100) / 2, (20 - 110) / 2, (10 - 120) / 2
    out = Transform.for_port(port).normalize(batch)
    assert out.flatten().tolist() == pytest.approx([-35.0, -45.0, -55.0], abs=1e-4)


def test_grey_path_equals_replicated_grey() -> None:
    port = port_of(1, channels=1, mean=(0.5,), std=(0.25,))
    batch = torch.full((1, 1, 1, 3), 51, dtype=torch.uint8)
    out = Transform.for_port(port).normalize(batch)
    assert out.shape == (1, 1, 1, 1)
    assert out.item() == pytest.approx((0.2 - 0.5) / 0.25, abs=1e-6)


def test_wrong_shapes_and_ports_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(4, 4, 3\)"):
        Transform.for_port(port_of(4)).normalize(torch.zeros(4, 4, 3, dtype=torch.uint8))
    with pytest.raises(PortMismatch, match="5 channels"):
        Transform.for_port(port_of(4, channels=5))


@pytest.mark.parametrize(
    "change",
    [
        {"height": 33, "width": 33},
        {"interpolation": "bilinear"},
        {"crop_share": 0.9},
        {"mean": (0.5, 0.5, 0.5)},
        {"std": (0.5, 0.5, 0.5)},
        {"value_range": (0, 255)},
        {"channel_order": "bgr"},
        {"antialias": False},
    ],
)
def test_digest_changes_with_every_field(change: dict[str, object]) -> None:
    before = Transform.for_port(port_of(32))
    after = Transform.for_port(port_of(32).edit(**change))
    assert before.digest() == Transform.for_port(port_of(32)).digest()
    assert before.digest() != after.digest()

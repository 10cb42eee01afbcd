"""Generated surfaces: what is said of their defects is so; masks go through transforms and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from graftwork.data import Transform, augment_mask, augment_view, open_images, split_images
from graftwork.data.defects import DEFECTS, draw_defects, draw_odd_surfaces
from graftwork.data.transform import mask_canvas, mask_of_image
from graftwork.documents.card import InputPort


def test_tags_numbers_labels_and_masks_say_the_same() -> None:
    found = draw_defects(num=40, side=48, seed=3)
    for mask, tags, label, share in zip(found.masks, found.tags, found.labels, found.shares, strict=True):
        drawn = {name for name, tag in zip(DEFECTS, tags, strict=True) if tag}
        seen = {list(DEFECTS)[value - 1] for value in np.unique(mask) if value}
        assert seen <= drawn  # a later defect may lie over an earlier one
        assert (label == "good") == (not drawn)
        assert share[0] == pytest.approx(100 * np.count_nonzero(mask) / mask.size)
    again = draw_defects(num=40, side=48, seed=3)
    assert np.array_equal(found.images, again.images)


def test_only_test_images_are_odd() -> None:
    found = draw_odd_surfaces(num_normal=20, num_odd=9, side=32, seed=0)
    odd = found.masks.reshape(len(found.masks), -1).any(1)
    assert odd.tolist() == [label != "good" for label in found.labels]
    assert {split for split, is_odd in zip(found.splits, odd, strict=True) if is_odd} == {"test"}
    assert [found.splits.count(name) for name in ("train", "validation", "test")] == [12, 4, 4 + 9]


@pytest.mark.parametrize("kind", ["category", "tags", "number", "mask"])
def test_the_sample_opens_for_each_kind_of_labels(kind: str) -> None:
    images = split_images(open_images("sample:defects", label_kind=kind))  # type: ignore[arg-type]
    assert len(images) == 240
    assert images.num_targets == {"category": 4, "tags": 3, "number": 1, "mask": 4}[kind]


@pytest.mark.parametrize("kind", ["light", "strong"])
def test_a_mask_moves_with_its_image(kind: str) -> None:
    """The image is its own mask: what is bright stays what is of the class, apart from the borders."""
    mask = np.zeros((80, 80), np.int64)
    mask[10:50, 30:60] = 1
    image = np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2)
    for view in range(1, 9):
        how = {"out_size": (64, 64), "seed": 5, "key": "k", "view": view}
        moved = augment_mask(mask, kind, **how)  # type: ignore[arg-type]
        seen = augment_view(image, kind, **how).astype(np.int64).mean(2) > 127  # type: ignore[arg-type]
        counts = moved != 255
        assert (seen[counts] == (moved[counts] == 1)).mean() > (0.97 if kind == "light" else 0.75)


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (64, 64), (2000, 50), (641, 480)])
@pytest.mark.parametrize("share", [1.0, 0.875])
def test_a_mask_over_the_image_gives_the_canvas_back(size: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(0)
    canvas = np.kron(rng.integers(0, 5, (8, 8)), np.ones((4, 4), np.int64))  # fields of 4 pixels
    whole = mask_of_image(canvas, size, crop_share=share)
    assert whole.shape == size[::-1]
    again = mask_canvas(whole, (32, 32), crop_share=share)
    inside = again != 255
    assert inside.mean() > 0.9  # a pixel at the border may be rounded away
    assert (again[inside] == canvas[inside]).mean() > 0.9


def test_what_the_canvas_does_not_show_is_outside() -> None:
    whole = mask_of_image(np.ones((32, 32), np.uint8), (96, 32))
    assert (whole[:, 32:64] == 1).all()
    assert (whole[:, :32] == 255).all()
    assert (whole[:, 64:] == 255).all()
    port = InputPort(height=32, width=32)
    picture = np.zeros((32, 96, 3), np.uint8)
    picture[:, 32:64] = 200
    assert (Transform.for_port(port).canvas(Image.fromarray(picture)) == 200).all()

"""Copies are found whatever was done to them; mere likeness is not a copy."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from graftwork.data import ImageSet, open_images
from graftwork.data.decode import make_thumbnail
from graftwork.data.duplicates import Links, detail_hashes, find_duplicates
from graftwork.data.surfaces import draw_surfaces

Photo = Callable[..., Image.Image]


def recompressed(image: Image.Image, quality: int = 60) -> Image.Image:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(BytesIO(out.getvalue()))


def resized(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": recompressed,
    "half as large": lambda i: resized(i, 0.5),
    "larger": lambda i: resized(i, 1.7),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "turned": lambda i: i.transpose(Image.Transpose.ROTATE_90),
    "turned and mirrored": lambda i: i.transpose(Image.Transpose.TRANSVERSE),
    "mirrored, smaller and recompressed": lambda i: recompressed(resized(ImageOps.mirror(i), 0.7)),
    "grey": lambda i: i.convert("L"),
}


def set_of(*pictures: Image.Image, folder: Path) -> ImageSet:
    """Return the pictures, in order, as one set with two classes."""
    for number, picture in enumerate(pictures):
        place = folder / ("a" if number % 2 else "b")
        place.mkdir(exist_ok=True, parents=True)
        picture.save(place / f"{number:03}.png")
    return open_images(folder)


def found_names(images: ImageSet) -> set[tuple[str, str]]:
    names = [s.key.split("/")[1].removesuffix(".png") for s in images.samples]
    return {tuple(sorted((names[a], names[b]))) for a, b in find_duplicates(images).near}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(photo: Photo, tmp_path: Path, change: str) -> None:
    others = [photo(seed, (160, 120)) for seed in range(10, 20)]
    images = set_of(photo(1, (160, 120)), CHANGES[change](photo(1, (160, 120))), *others, folder=tmp_path)
    assert found_names(images) == {("000", "001")}


def test_frames_of_one_scene_are_no_copies(tmp_path: Path) -> None:
    """One light, one edge, one kind of grain: alike to the eye, and still different photographs."""
    draw = np.random.default_rng(0)
    scene = np.tile(np.r_[np.full(40, 30.0), np.linspace(120, 200, 88)], (128, 1))
    frames = [
        Image.fromarray(np.clip(scene + draw.normal(0, 6, scene.shape), 0, 255).astype(np.uint8))
        for _ in range(16)
    ]
    assert found_names(set_of(*frames, folder=tmp_path)) == set()


def test_grain_tells_photographs_under_one_lamp_apart(tmp_path: Path) -> None:
    """A round light gives all of them one hash and little difference: fine detail must decide."""
    draw = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    lamp = 60 + 120 * np.exp(-((x - 0.4) ** 2) - (y + 0.3) ** 2 - x * y)
    pixels = [np.clip(lamp + draw.normal(0, 8, lamp.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    images = set_of(*map(Image.fromarray, pixels), folder=tmp_path)
    hashes = detail_hashes(images.reader.thumbnails(images.samples))[:, 0]
    assert np.bitwise_count(hashes[1:] ^ hashes[0]).min() <= 5
    assert found_names(images) == set()


def test_flat_areas_are_copies_by_their_bytes_only(tmp_path: Path) -> None:
    flat = [Image.new("L", (40, 40), 100 + n) for n in range(6)]
    images = set_of(*flat, Image.new("L", (40, 40), 100), folder=tmp_path)
    found = find_duplicates(images)
    assert found.near == ()
    assert len(found.exact) == 1


def test_different_drawn_surfaces_are_no_copies() -> None:
    assert find_duplicates(open_images(draw_surfaces(num_per_class=30, side=64, seed=3))).pairs() == ()


def test_copies_of_silhouettes_are_found() -> None:
    animals = open_images("sample:animals")
    pixels = [np.asarray(animals.reader.open(s)) for s in animals.samples[::40]]
    both = np.stack([*pixels, *(p[:, ::-1] for p in pixels)])
    found = find_duplicates(open_images((both, np.arange(len(both)) % 2)))
    assert found.near == tuple((i, i + len(pixels)) for i in range(len(pixels)))


def test_identical_images_are_chained_to_the_first() -> None:
    same = np.random.default_rng(0).integers(0, 255, (16, 16), dtype=np.uint8)
    found = find_duplicates(open_images((np.stack([same] * 4), np.array([0, 1, 0, 1]))))
    assert found.exact == ((0, 1), (0, 2), (0, 3))
    assert found.near == ()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hash_of_a_pose_is_the_hash_of_the_turned_image(seed: int) -> None:
    thumbnail = np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8)
    poses = [np.rot90(thumbnail, k) for k in range(4)]
    poses += [p[:, ::-1] for p in poses]
    assert detail_hashes(thumbnail[None])[0].tolist() == detail_hashes(np.stack(poses))[:, 0].tolist()


def test_hash_ignores_light_and_straight_stripes(photo: Photo) -> None:
    """Law: adding anything that depends on the row only, or on the column only, changes no bit."""
    thumbnail = make_thumbnail(photo(2, (64, 64))) // 2
    stripes = np.repeat(np.arange(0, 80, 10, dtype=np.uint8), 4)
    changed = np.stack([thumbnail, thumbnail + stripes, thumbnail + stripes[:, None], thumbnail + 100])
    assert len(set(detail_hashes(changed)[:, 0].tolist())) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_links_are_the_connected_parts(pairs: list[tuple[int, int]]) -> None:
    links = Links(10)
    for a, b in pairs:
        links.join(a, b)
    reach = np.eye(10, dtype=bool)
    for a, b in pairs:
        reach[a, b] = reach[b, a] = True
    for k in range(10):  # Warshall's closure
        reach |= reach[:, k : k + 1] & reach[k]
    assert sorted(map(tuple, links.parts())) == sorted({tuple(np.flatnonzero(row).tolist()) for row in reach})

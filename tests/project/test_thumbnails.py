"""Thumbnails: right picture, right size, kept within bounds, safe to ask for from threads."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.data import open_images
from graftwork.engine.workspace import Workspace
from graftwork.errors import DataError, UnknownName, UsageError
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.thumbnails import SIDES, Thumbnails


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "index")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for number, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for i in range(4):
            color = (200 * number, 60 * i, 90)
            Image.new("RGB", (300, 150), color).save(root / name / f"{i}.jpg", quality=95)
    return root


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_the_picture_of_the_key_with_the_digest_of_its_sample(photos: Path, workspace: Workspace) -> None:
    thumbnails, settings = Thumbnails(workspace), ImagesSettings(source=str(photos))
    for sample in open_images(photos).samples:
        content, digest = thumbnails.jpeg(settings, sample.key, 64)
        picture = opened(content)
        assert digest == sample.digest
        assert (picture.format, picture.size) == ("JPEG", (64, 32))
        wanted = (200 * sample.key.startswith("dog"), 60 * int(sample.key[4]), 90)
        assert np.abs(np.asarray(picture).mean((0, 1)) - wanted).max() < 4


def test_small_images_are_not_enlarged_and_turned_ones_are_upright(
    tmp_path: Path, workspace: Workspace
) -> None:
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    Image.new("RGB", (30, 20)).save(tmp_path / "p" / "a" / "0.jpg", exif=exif)
    Image.new("RGBA", (30, 20), (255, 0, 0, 0)).save(tmp_path / "p" / "b" / "0.png")
    thumbnails, settings = Thumbnails(workspace), ImagesSettings(source=str(tmp_path / "p"))
    assert opened(thumbnails.jpeg(settings, "a/0.jpg", 256)[0]).size == (20, 30)
    assert np.asarray(opened(thumbnails.jpeg(settings, "b/0.png", 64)[0])).min() > 250  # transparent is white


def test_kept_pictures_are_given_until_the_file_changes(photos: Path, workspace: Workspace) -> None:
    settings = ImagesSettings(source=str(photos))
    first = Thumbnails(workspace).jpeg(settings, "cat/0.jpg", 128)
    (kept,) = (workspace.cache / "thumbnails").glob("*.jpg")
    assert kept.name == f"{first[1]}-128.jpg"
    kept.write_bytes(b"marked")
    thumbnails = Thumbnails(workspace)
    assert thumbnails.jpeg(settings, "cat/0.jpg", 128) == (b"marked", first[1])
    Image.new("RGB", (300, 150), (255, 255, 255)).save(photos / "cat" / "0.jpg")
    content, digest = thumbnails.jpeg(settings, "cat/0.jpg", 128)
    assert digest == hashlib.sha256((photos / "cat" / "0.jpg").read_bytes()).hexdigest()
    assert np.asarray(opened(content)).min() > 250


def test_corrected_broken_new_and_missing_images(photos: Path, workspace: Workspace) -> None:
    thumbnails = Thumbnails(workspace)
    settings = ImagesSettings(source=str(photos), exclude=("cat/0.jpg",))
    assert thumbnails.jpeg(settings, "cat/0.jpg", 64)[0]
    (photos / "cat" / "1.jpg").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"cat/1\.jpg .* cannot be read: it is not an image"):
        thumbnails.jpeg(settings, "cat/1.jpg", 64)
    (photos / "cat" / "2.jpg").unlink()
    with pytest.raises(DataError, match=r"cat/2\.jpg"):
        thumbnails.jpeg(settings, "cat/2.jpg", 64)
    Image.new("RGB", (9, 9)).save(photos / "cat" / "new.jpg")
    assert thumbnails.jpeg(settings, "cat/new.jpg", 64)[0]
    with pytest.raises(UnknownName, match=r"no image '\.\./secret"):
        thumbnails.jpeg(settings, "../secret.jpg", 64)
    with pytest.raises(UsageError, match="not 100"):
        thumbnails.jpeg(settings, "cat/3.jpg", 100)


def test_rows_of_arrays(tmp_path: Path, workspace: Workspace) -> None:
    pixels = np.zeros((4, 20, 20), np.uint8)
    pixels[2] = 255
    np.savez(tmp_path / "a.npz", images=pixels, labels=[0, 1, 0, 1])
    thumbnails, settings = Thumbnails(workspace), ImagesSettings(source=str(tmp_path / "a.npz"))
    content, digest = thumbnails.jpeg(settings, "row:2", 64)
    assert np.asarray(opened(content)).min() > 250
    assert digest == open_images(tmp_path / "a.npz").samples[2].digest
    for key in ("row:4", "row:-1", "row:x", "2"):
        with pytest.raises(UnknownName):
            thumbnails.jpeg(settings, key, 64)


def test_the_cache_stays_within_its_limit(photos: Path, workspace: Workspace) -> None:
    settings = ImagesSettings(source=str(photos))
    thumbnails = Thumbnails(workspace, limit_bytes=6000)
    for side in SIDES:
        for i in range(4):
            thumbnails.jpeg(settings, f"cat/{i}.jpg", side)
    folder = workspace.cache / "thumbnails"
    assert sum(f.stat().st_size for f in folder.iterdir()) <= 6000
    last = thumbnails.jpeg(settings, "cat/3.jpg", SIDES[-1])
    assert (folder / f"{last[1]}-{SIDES[-1]}.jpg").exists()


def test_those_looked_at_for_longest_make_room(photos: Path, workspace: Workspace) -> None:
    settings = ImagesSettings(source=str(photos))
    filled = Thumbnails(workspace)
    for i in range(4):
        _, digest = filled.jpeg(settings, f"cat/{i}.jpg", 64)
        path = workspace.cache / "thumbnails" / f"{digest}-64.jpg"
        os.utime(path, (i, i))
    size = path.stat().st_size
    Thumbnails(workspace, limit_bytes=4 * size).jpeg(settings, "dog/0.jpg", 64)
    left = {f.name[:64] for f in (workspace.cache / "thumbnails").iterdir()}
    oldest = hashlib.sha256((photos / "cat" / "0.jpg").read_bytes()).hexdigest()
    assert oldest not in left
    assert digest in left


def test_an_image_of_too_many_pixels_is_refused(
    photos: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)  # a bomb from twice as many on
    with pytest.raises(DataError, match="more pixels than can be decoded safely"):
        Thumbnails(workspace).jpeg(ImagesSettings(source=str(photos)), "cat/0.jpg", 64)


def test_a_large_photo_is_decoded_at_a_fraction_of_its_size(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
    Image.new("L", (8000, 4000)).save(tmp_path / "p" / "a" / "0.jpg")
    Image.new("L", (40, 40)).save(tmp_path / "p" / "b" / "0.jpg")
    seen = []
    real = Image.Image.thumbnail

    def spied(image: Image.Image, *args: object, **more: object) -> None:
        seen.append(image.size)
        real(image, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "thumbnail", spied)
    thumbnails = Thumbnails(workspace)
    content, _ = thumbnails.jpeg(ImagesSettings(source=str(tmp_path / "p")), "a/0.jpg", 256)
    assert seen == [(2000, 1000)]
    assert opened(content).size == (256, 128)
    assert not thumbnails._large.locked()


def test_many_threads_at_once(photos: Path, workspace: Workspace) -> None:
    thumbnails, settings = Thumbnails(workspace), ImagesSettings(source=str(photos))
    keys = [f"{name}/{i}.jpg" for name in ("cat", "dog") for i in range(4)] * 6
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda key: thumbnails.jpeg(settings, key, 128), keys))
    alone = Thumbnails(workspace)
    assert found == [alone.jpeg(settings, key, 128) for key in keys]


def test_the_server_needs_no_torch_for_them() -> None:
    code = (
        "import sys, graftwork.project.thumbnails, graftwork.project.archives; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""Streams keep their order, hold little, and name what they cannot read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.data import ImageSet, Transform, open_images, read_canvas, stream_canvases
from graftwork.documents.card import InputPort
from graftwork.errors import DataError

Photo = Callable[..., Image.Image]
MakeFolder = Callable[..., Path]
TRANSFORM = Transform.for_port(InputPort(height=16, width=16, crop_share=0.8))


@pytest.fixture
def images(make_folder: MakeFolder) -> ImageSet:
    return open_images(make_folder({"cat": 8, "dog": 8}))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("num_threads", "prefetch"), [(1, 1), (2, 64), (3, 2)])
def test_streams_equal_single_reads_in_order(
    images: ImageSet, wide: bool, num_threads: int, prefetch: int
) -> None:
    order = [5, 0, 15, 5, 3, 9]
    stream = stream_canvases(images, order, TRANSFORM, wide=wide, num_threads=num_threads, prefetch=prefetch)
    for index, canvas in zip(order, stream, strict=True):
        assert np.array_equal(canvas, read_canvas(images, index, TRANSFORM, wide=wide))
        assert canvas.shape == ((20, 20, 3) if wide else (16, 16, 3))


def test_an_empty_stream_ends(images: ImageSet) -> None:
    assert list(stream_canvases(images, [], TRANSFORM)) == []


class Counted(list[int]):
    """A list that counts how many of its items were taken."""

    taken = 0

    def __iter__(self) -> Iterator[int]:
        for item in super().__iter__():
            self.taken += 1
            yield item


def test_no_more_than_prefetch_are_read_ahead(images: ImageSet) -> None:
    order = Counted(range(16))
    stream = stream_canvases(images, order, TRANSFORM, prefetch=4)
    for consumed in range(8):
        next(stream)
        assert order.taken == consumed + 4
    stream.close()  # type: ignore[attr-defined]
    assert order.taken == 7 + 4
    assert not [t for t in threading.enumerate() if t.name.startswith("decode")]


def test_a_file_that_vanished_is_named_in_its_turn(images: ImageSet, tmp_path: Path) -> None:
    (tmp_path / "photos" / "cat" / "2.png").write_bytes(b"gone bad")
    stream = stream_canvases(images, range(16), TRANSFORM)
    next(stream)
    next(stream)
    with pytest.raises(DataError, match=r"cat/2\.png was readable when the data was opened"):
        next(stream)


def test_large_photographs_are_read_scaled(
    tmp_path: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/0", "a/1", "b/0", "b/1"):
        (tmp_path / name[0]).mkdir(exist_ok=True)
        photo(ord(name[-1]), (640, 480)).save(tmp_path / f"{name}.jpg", quality=90)
    images = open_images(tmp_path)
    assert images.reader.facts(images.samples)[0].width == 640  # the size as stored, not as scaled
    opened = images.reader.open(images.samples[0], short_side=TRANSFORM.short_side)
    assert opened.size == (80, 60)  # an eighth: 60 is still more than twice 20
    whole = TRANSFORM.canvas(images.reader.open(images.samples[0]))
    difference = np.abs(read_canvas(images, 0, TRANSFORM).astype(int) - whole)
    assert difference.mean() < 2.0
